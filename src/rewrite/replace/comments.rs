//! Comments whose place goes: they stand above the statement then.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use crate::edit::Edit;
use crate::python::source::{Source, leading_blanks};
use crate::rewrite::replace::written::Written;

/// Comments that go above statements.
#[derive(Debug, Default)]
pub(super) struct Above {
    /// By where they stood.
    comments: BTreeMap<usize, Vec<String>>,
}

impl Above {
    /// Adds comments, each with a place in the statement above which it goes.
    pub(super) fn extend(&mut self, comments: impl IntoIterator<Item = (usize, String)>) {
        for (at, comment) in comments {
            self.comments.entry(at).or_default().push(comment);
        }
    }

    /// All changes with the comments above them.
    pub(super) fn finish(self, source: &Source, root: Node, mut changes: Vec<(Range<usize>, Written)>) -> Vec<Edit> {
        let mut lines: BTreeMap<usize, String> = BTreeMap::new();
        for (at, comments) in self.comments {
            let mut start = statement_start(source, root, at);
            while let Some((range, _)) = changes.iter().find(|(range, _)| range.start < start && start < range.end) {
                start = statement_start(source, root, range.start).min(range.start);
            }
            let line = source.text()[..start].rfind('\n').map_or(0, |at| at + 1);
            let indent = leading_blanks(&source.text()[line..start]).trim_start_matches('\u{feff}');
            let ending = source.line_ending(start);
            let above = lines.entry(start).or_default();
            for comment in comments {
                above.push_str(&format!("{comment}{ending}{indent}"));
            }
        }
        for (range, text) in &mut changes {
            let above = if range.start < range.end { lines.remove(&range.start) } else { None };
            if let Some(above) = above {
                let mut whole = Written::from(above.as_str());
                whole.push(text);
                *text = whole;
            }
        }
        let above = lines.into_iter().map(|(at, text)| Edit::new(at..at, text));
        above.chain(changes.into_iter().map(|(range, text)| Edit::new(range, text.text))).collect()
    }
}

/// Where the statement or clause starts that a place belongs to, or the first of its line where others stand before it.
fn statement_start(source: &Source, root: Node, at: usize) -> usize {
    let text = source.text();
    let is_first = |node: &Node| {
        let line = text[..node.start_byte()].rfind('\n').map_or(0, |at| at + 1);
        leading_blanks(&text[line..node.start_byte()]).len() == node.start_byte() - line
    };
    let mut node = root.descendant_for_byte_range(at, at);
    while let Some(inner) = node {
        let clause = inner.kind().ends_with("_clause") && !matches!(inner.kind(), "with_clause" | "if_clause" | "for_in_clause");
        let stands = clause || inner.kind() == "decorator";
        let statement = inner.parent().is_some_and(|parent| matches!(parent.kind(), "block" | "module"));
        if stands && is_first(&inner) {
            return inner.start_byte();
        }
        let mut on_line = Some(inner).filter(|_| statement);
        while let Some(one) = on_line {
            if is_first(&one) {
                return one.start_byte();
            }
            let row = one.start_position().row;
            on_line = one.prev_named_sibling().filter(|before| before.end_position().row == row);
        }
        node = inner.parent();
    }
    at
}

/// Where the comments of the file start in a range, those inside some others left out.
pub(super) fn within(root: Node, range: &Range<usize>, but: &[Range<usize>]) -> Vec<usize> {
    let mut found = Vec::new();
    let Some(around) = root.descendant_for_byte_range(range.start, range.end) else { return Vec::new() };
    let mut pending = vec![around];
    while let Some(node) = pending.pop() {
        let at = node.byte_range();
        if at.end <= range.start || at.start >= range.end || but.iter().any(|kept| kept.start <= at.start && at.end <= kept.end) {
            continue;
        }
        if node.kind() == "comment" {
            found.push(at.start);
            continue;
        }
        let mut cursor = node.walk();
        pending.extend(node.children(&mut cursor));
    }
    found.sort_unstable();
    found
}
