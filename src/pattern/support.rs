//! What the tests of patterns share.

use std::collections::BTreeMap;

use crate::pattern::constraint::Constraint;
use crate::pattern::matched::{Found, Match};
use crate::pattern::{Pattern, PatternProblem};
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// A pattern without conditions.
#[track_caller]
pub(crate) fn pattern(before: &str, after: &str) -> Pattern {
    conditioned(before, after, &[])
}

/// A pattern with conditions.
#[track_caller]
pub(crate) fn conditioned(before: &str, after: &str, conditions: &[(&str, Constraint)]) -> Pattern {
    let conditions: BTreeMap<String, Constraint> =
        conditions.iter().map(|(name, constraint)| ((*name).to_owned(), constraint.clone())).collect();
    Pattern::compile(before, after, &conditions).unwrap_or_else(|problems| panic!("{before}\n->\n{after}\n{problems:#?}"))
}

/// Why a pattern is refused.
pub(crate) fn refused(before: &str, after: &str) -> Vec<PatternProblem> {
    Pattern::compile(before, after, &BTreeMap::new()).err().unwrap_or_default()
}

/// Hands what is found in a file of this module to `look`.
pub(crate) fn look<T>(pattern: &Pattern, text: &str, module: Option<&str>, look: impl FnOnce(&Found) -> T) -> T {
    let source = Source::new(text.as_bytes()).unwrap();
    let file = Parsed::new(&source, module);
    let found = pattern.find(&file).unwrap();
    look(&found)
}

/// The nodes of each match as they are written.
pub(crate) fn matches(pattern: &Pattern, text: &str) -> Vec<String> {
    look(pattern, text, Some("pkg.mod"), |found| found.matches.iter().map(|one| written(one, text)).collect())
}

/// The reasons for what does not fit, with their lines.
pub(crate) fn reasons(pattern: &Pattern, text: &str) -> Vec<String> {
    look(pattern, text, Some("pkg.mod"), |found| {
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        found.near.iter().map(|miss| format!("{}: {}", line(miss.at), miss.reason)).collect()
    })
}

fn written(one: &Match, text: &str) -> String {
    let nodes: Vec<&str> = one.nodes.iter().map(|node| &text[node.byte_range()]).collect();
    nodes.join(" | ")
}
