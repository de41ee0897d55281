//! The patterns of a plan: how they match, and what is wrong with one that cannot.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::plan::node::{Kind, Node};
use crate::plan::quotes::in_quotes;
use crate::plan::reader::Reader;
use crate::plan::source::Span;
use crate::plan::view::quoted;

/// The longest pattern.
const LONGEST: usize = 1000;

/// The most alternatives in braces: nested, they could be more than the matcher takes.
const MOST_BRACES: usize = 50;

/// Reads one pattern of paths or a list of them, with the place of each.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, what: &str) -> (Vec<String>, Vec<Span>) {
    let one = [node];
    let items: Vec<&Node> = match &node.kind {
        Kind::Scalar(..) => one.to_vec(),
        Kind::List(items) => items.iter().collect(),
        Kind::Null | Kind::Map(_) => {
            reader.mismatch(node, what, "a pattern or a list of patterns");
            return Default::default();
        }
    };
    if items.is_empty() {
        reader.report(node.span, format!("{what} is empty"), "give at least one pattern, or remove the key");
    }
    let mut found = (Vec::new(), Vec::new());
    for item in items {
        let Some(text) = reader.line(item, "the pattern") else { continue };
        if let Some(problem) = problem(text) {
            let help =
                "patterns are matched against paths from the top of the repository: `*` stays in one folder, `**` does not";
            reader.report(item.span, format!("the pattern {} {problem}", quoted(text)), help);
        } else {
            found.0.push(text.to_owned());
            found.1.push(item.span);
        }
    }
    found
}

/// Builds the matcher of several patterns: `*` and `?` stay within a folder, `**` crosses folders, case matters.
///
/// # Errors
/// What the patterns' own reader says; a checked plan has no such pattern.
pub fn matcher(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern)?);
    }
    set.build()
}

/// What keeps a text from being a pattern of paths inside the repository.
#[must_use]
pub fn problem(pattern: &str) -> Option<String> {
    if pattern.len() > LONGEST {
        return Some(format!("is longer than {LONGEST} bytes"));
    }
    if pattern.matches('{').count() > MOST_BRACES {
        return Some(format!("has more than {MOST_BRACES} braces"));
    }
    if pattern.starts_with('/') {
        return Some("is absolute".to_owned());
    }
    for part in pattern.split('/') {
        match part {
            "" | "." => return Some("holds an empty part or `.`, so it can match nothing".to_owned()),
            ".." => return Some("holds `..`".to_owned()),
            part if part.eq_ignore_ascii_case(".git") => return Some("points into `.git`".to_owned()),
            _ => {}
        }
    }
    glob(pattern).err().map(|error| format!("does not parse: {}", error.kind()))
}

/// The pattern of all Python files below a folder, as a plan writes it.
#[must_use]
pub fn below(folder: &str) -> String {
    let plain: String = folder.chars().flat_map(|c| "*?[]{}\\".contains(c).then_some('\\').into_iter().chain([c])).collect();
    let pattern = format!("{plain}/**/*.py");
    in_quotes(&pattern).unwrap_or(pattern)
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).empty_alternates(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_can_match_nothing_are_refused() {
        for (pattern, part) in [
            ("/a/*.py", "absolute"),
            ("../*.py", "`..`"),
            ("./a.py", "empty part"),
            ("a//b", "empty part"),
            (".git/*", "`.git`"),
            ("a[b", "does not parse"),
            ("{a,b", "does not parse"),
        ] {
            assert!(problem(pattern).is_some_and(|text| text.contains(part)), "{pattern}: {:?}", problem(pattern));
        }
        assert_eq!(problem("tests/**/*.{py,pyi}"), None);
        for deep in [
            "{".repeat(500),
            format!("{}a{}", "{".repeat(50), "}".repeat(50)),
            "**/".repeat(300) + "*",
            "[!a]".repeat(250),
            "?".repeat(1000),
        ] {
            assert!(problem(&deep).is_some() || matcher(std::slice::from_ref(&deep)).is_ok(), "{deep:.20}");
        }
    }

    #[test]
    fn a_star_stays_in_its_folder() {
        let set = matcher(&["a/*.py".into(), "t/**/*.py".into()]).unwrap();
        for (path, expected) in [("a/x.py", true), ("a/b/x.py", false), ("t/x.py", true), ("t/u/v/x.py", true), ("A/x.py", false)]
        {
            assert_eq!(set.is_match(path), expected, "{path}");
        }
    }
}
