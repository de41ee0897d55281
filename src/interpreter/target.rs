//! The oldest Python that a project says it runs on.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Where projects say so.
const FILES: [&str; 4] = ["pyproject.toml", "setup.cfg", "setup.py", ".python-version"];

/// `requires-python = ">=3.8"`, `python_requires = >=3.8`, poetry's `python = "^3.8"`.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)(?:^|[ \t,(])(?:requires-python|python_requires|python)[ \t]*=[ \t]*["']?[^\n]*?(?:>=|~=|\^|==)[ \t]*3\.(\d+)"#,
    )
    .expect("it is a pattern")
});

/// The whole of `.python-version`.
static PINNED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:cpython-)?3\.(\d+)").expect("it is a pattern"));

/// The number after `3.` of the oldest Python that the project at `top` says it runs on, and the file that says so; `None` where none
/// does.
#[must_use]
pub fn oldest(top: &Path) -> Option<(u32, &'static str)> {
    FILES.iter().find_map(|file| Some((said(file, &std::fs::read_to_string(top.join(file)).ok()?)?, *file)))
}

fn said(file: &str, text: &str) -> Option<u32> {
    let pattern = if file == ".python-version" { &PINNED } else { &SAID };
    pattern.captures(text)?.get(1)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_python_is_read_where_projects_say_it() {
        for (file, text, oldest) in [
            ("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.8\"\n", Some(8)),
            ("pyproject.toml", "[project]\nrequires-python=\"<4,>= 3.10\"\n", Some(10)),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.9\"\n", Some(9)),
            ("pyproject.toml", "[tool.mypy]\npython_version = \"3.9\"\n", None),
            ("pyproject.toml", "requires-python = \">=2.7\"\n", None),
            ("setup.cfg", "[options]\npython_requires = >=3.7, <3.13\n", Some(7)),
            ("setup.py", "setup(\n    name='x',\n    python_requires='>=3.6',\n)\n", Some(6)),
            (".python-version", "3.12.1\n", Some(12)),
            (".python-version", "system\n", None),
        ] {
            assert_eq!(said(file, text), oldest, "{file}: {text}");
        }
    }
}
