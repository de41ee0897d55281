//! The modules of Python's standard library.
//!
//! `standard.txt` holds one name a line, sorted by bytes: `sys.stdlib_module_names` of CPython 3.10, 3.11, 3.12 and 3.13 together, with
//! the modules that lie in these packages, and what 3.14 documents as new. Tests, names that begin with an underscore, and what lies
//! in `encodings` and `lib2to3` are left out: nobody renames to these.

use std::sync::LazyLock;

static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("standard.txt").lines().collect());

/// True for a module of the standard library, such as `os.path`.
#[must_use]
pub fn is_standard(module: &str) -> bool {
    NAMES.binary_search(&module).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_the_standard_library_is_told_from_what_stands_in_it() {
        assert!(NAMES.is_sorted());
        for name in [
            "os",
            "os.path",
            "datetime",
            "unittest.mock",
            "collections.abc",
            "concurrent.futures.thread",
            "xml.etree.ElementTree",
        ] {
            assert!(is_standard(name), "{name}");
        }
        for name in ["", "osx", "datetime.timezone", "unittest.mock.patch", "django", "typing.Any"] {
            assert!(!is_standard(name), "{name}");
        }
    }
}
