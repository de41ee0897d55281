//! How new a Python a text needs.

use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use crate::python::nesting;
use crate::python::source::Source;

/// The oldest Python that is told apart: 3.7.
pub const OLDEST: u32 = 7;

/// Deeper texts are not looked at, since a parse of theirs does not fit every thread's stack.
const DEEPEST: usize = 300;

/// Syntax that a text has and older Pythons have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// The number after `3.` of the first Python that takes it.
    pub minor: u32,
    /// Where it stands.
    pub at: usize,
    /// What it is, such as ``the `match` statement``.
    pub what: String,
}

/// The newest syntax of `source`; `None` when Python 3.7 takes all of it.
#[must_use]
pub fn newest(source: &Source) -> Option<Newest> {
    needed(source).into_iter().max_by_key(|newest| (newest.minor, std::cmp::Reverse(newest.at)))
}

/// All syntax of `source` that Python 3.7 does not take.
#[must_use]
pub fn needed(source: &Source) -> Vec<Newest> {
    let text = source.text();
    if nesting::depth(text).map_or(true, |depth| depth > DEEPEST) {
        return Vec::new();
    }
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::lowest());
    let parsed = parse_unchecked(text, options);
    // The versions are the parser's own and told in its words only; that they can be read is tested here.
    let all = parsed.unsupported_syntax_errors().iter().filter_map(|error| {
        let words = error.to_string();
        let minor = words.rsplit_once("added in Python 3.")?.1.trim_end_matches(')').parse().ok()?;
        let what = words.strip_prefix("Cannot ").and_then(|rest| Some(rest.split_once(" on Python")?.0));
        let what = what.map_or("newer syntax", |what| what.strip_prefix("use ").unwrap_or(what));
        Some(Newest { minor, at: usize::from(error.range().start()), what: what.to_owned() })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_syntax_is_found_with_its_version() {
        for (text, expected) in [
            ("x = 1\n", None),
            ("if (y := 1): pass\n", Some((8, "named assignment expression (`:=`)"))),
            ("def f(a, /): pass\n", Some((8, "positional-only parameter separator"))),
            ("with (a as b, c as d): pass\n", Some((9, "parentheses within a `with` statement"))),
            ("match x:\n    case 1: pass\n", Some((10, "`match` statement"))),
            ("try: pass\nexcept* E: pass\n", Some((11, "`except*`"))),
            ("type A = int\n", Some((12, "`type` alias statement"))),
            ("def f[T](): pass\n", Some((12, "type parameter lists"))),
            ("f'{x!r:{'y'}}'\n", Some((12, "outer quote character in f-strings"))),
            ("class A[T = int]: pass\n", Some((13, "set default type for a type parameter"))),
            ("try: pass\nexcept A, B: pass\n", Some((14, "newer syntax"))),
            ("t'{x}'\n", Some((14, "t-strings"))),
            ("(y := 1)\nmatch x:\n    case 1: pass\n", Some((10, "`match` statement"))),
        ] {
            let source = Source::new(text.as_bytes()).unwrap();
            let found = newest(&source);
            let found = found.as_ref().map(|newest| (newest.minor, newest.what.as_str()));
            assert_eq!(found.is_some(), expected.is_some(), "{text}");
            if let (Some((minor, what)), Some((want, words))) = (found, expected) {
                assert!(minor == want && what.ends_with(words), "{text}: {minor} {what}");
            }
        }
    }
}
