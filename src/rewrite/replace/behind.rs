//! Comments for tools whose place goes: they stand behind the line that takes it, where that is one line.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use crate::edit::Edit;
use crate::python::source::Source;
use crate::rewrite::replace::written::Written;
use crate::rewrite::{Remark, directive};

/// A comment for tools, with the end of what changes in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    /// Where it stood.
    pub(super) at: usize,
    pub(super) comment: String,
    /// `None` when nothing takes its place.
    pub(super) end: Option<usize>,
}

/// The edits that put comments behind their lines, and what is to be said of those for which there is no line.
pub(super) fn finish(
    source: &Source,
    root: Node,
    moved: Vec<Moved>,
    changes: &[(Range<usize>, Written)],
) -> (Vec<Edit>, Vec<Remark>) {
    let mut remarks = Vec::new();
    let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for Moved { at, comment, end } in moved {
        match end.and_then(|end| place(source, root, end, changes)) {
            Some((_, there)) if there.split('#').any(|part| part.trim() == comment[1..].trim()) => {}
            Some((place, there)) if !clashes(there, &comment) => {
                let line = lines.entry(place).or_default();
                if line.iter().all(|other| !clashes(other, &comment)) {
                    line.push(comment);
                } else if !line.contains(&comment) {
                    remarks.push(directive::lost(source, at, &comment));
                }
            }
            _ => remarks.push(directive::lost(source, at, &comment)),
        }
    }
    let edits = lines.into_iter().map(|(place, comments)| Edit::new(place..place, directive::joined(comments)));
    (edits.collect(), remarks)
}

/// Behind the line on which a change ends; with the comment that stands there.
fn place<'s>(source: &'s Source, root: Node, end: usize, changes: &[(Range<usize>, Written)]) -> Option<(usize, &'s str)> {
    let mut end = end;
    loop {
        let (place, there) = directive::behind(source, root, end)?;
        let start = source.line_range((source.line(end) - 1) as usize).start;
        let mut line = changes.iter().filter(|(range, _)| range.end > start && range.start < place);
        if line.any(|(_, text)| !text.is_one_line()) {
            return None;
        }
        match changes.iter().find(|(range, _)| range.start < place && place < range.end) {
            Some((range, _)) => end = range.end,
            None => return Some((place, there)),
        }
    }
}

/// True when both speak to the same tool, which reads one of them only.
fn clashes(one: &str, other: &str) -> bool {
    let word = |comment: &str| {
        let said = comment.trim_start_matches('#').trim_start().to_ascii_lowercase();
        said.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("").to_owned()
    };
    one.split('#').any(|part| !part.is_empty() && word(part) == word(other))
}
