//! Text in the making that knows which of its lines stand inside string literals, so that it can be indented anew.

use std::ops::Range;

use tree_sitter::Node;

use crate::python::source::Source;

/// New text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Where lines start that stand inside a string: they never move.
    fixed: Vec<usize>,
}

impl Written {
    pub(super) fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A line ending inside a string.
    pub(super) fn push_fixed(&mut self, ending: &str) {
        self.text.push_str(ending);
        self.fixed.push(self.text.len());
    }

    pub(super) fn push(&mut self, other: &Self) {
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.fixed.extend(other.fixed.iter().map(|at| at + shift));
    }

    pub(super) fn is_one_line(&self) -> bool {
        !self.text.contains(['\n', '\r'])
    }

    pub(super) fn parenthesised(self) -> Self {
        let mut whole = Self::default();
        whole.push_str("(");
        whole.push(&self);
        whole.push_str(")");
        whole
    }

    /// The same with `to` in the place of `from` at the start of each line but the first.
    pub(super) fn indented(&self, from: &str, to: &str) -> Self {
        if from == to {
            return self.clone();
        }
        self.moved(|line| line.starts_with(from).then(|| (from.len(), to.to_owned())))
    }

    /// The lines after the first that may be indented anew and that hold something.
    pub(super) fn moving_lines(&self) -> impl Iterator<Item = &str> {
        let mut next = 0;
        self.text.split_inclusive(['\n', '\r']).filter(move |line| {
            let start = next;
            next += line.len();
            start > 0 && !line.trim().is_empty() && self.fixed.binary_search(&start).is_err()
        })
    }

    /// The same with other text for so many bytes at the start of each line but the first; blank lines stay as they are.
    pub(super) fn moved(&self, lead: impl Fn(&str) -> Option<(usize, String)>) -> Self {
        let mut moved = Self::default();
        let mut next = 0;
        for line in self.text.split_inclusive(['\n', '\r']) {
            let start = next;
            next += line.len();
            if start > 0 && self.fixed.binary_search(&start).is_ok() {
                moved.fixed.push(moved.text.len());
            } else if start > 0
                && let Some((length, lead)) = lead(line)
                && (!line.trim().is_empty() || next == self.text.len())
            {
                moved.push_str(&lead);
                moved.push_str(&line[length..]);
                continue;
            }
            moved.push_str(line);
        }
        // What comes next stands on a line of its own.
        if self.text.ends_with(['\n', '\r'])
            && let Some((0, lead)) = lead("")
        {
            moved.push_str(&lead);
        }
        moved
    }
}

/// The file's own text, with what is already decided for parts of it.
pub(super) struct Original<'a> {
    source: &'a Source<'a>,
    /// Where lines start that stand inside a string.
    fixed: Vec<usize>,
    /// Replacements so far, apart from one another, in order.
    changes: Vec<(Range<usize>, Written)>,
}

impl<'a> Original<'a> {
    pub(super) fn new(source: &'a Source<'a>, root: Node) -> Self {
        let mut fixed = Vec::new();
        let mut cursor = root.walk();
        let mut entering = true;
        loop {
            let node = cursor.node();
            let string = node.kind() == "string";
            if entering && string && node.start_position().row < node.end_position().row {
                let text = &source.text()[node.byte_range()];
                fixed.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| node.start_byte() + at + 1));
            }
            if entering && !string && cursor.goto_first_child() {
                continue;
            }
            entering = cursor.goto_next_sibling();
            if !entering && !cursor.goto_parent() {
                break;
            }
        }
        Self { source, fixed, changes: Vec::new() }
    }

    /// Decides what becomes of a range. What was decided for parts of it no longer counts.
    pub(super) fn change(&mut self, range: Range<usize>, text: Written) {
        let start = self.changes.partition_point(|(other, _)| other.start < range.start);
        let length = self.changes[start..].iter().take_while(|(other, _)| other.end <= range.end).count();
        self.changes.splice(start..start + length, [(range, text)]);
    }

    /// What becomes of the text in a range.
    pub(super) fn copy(&self, range: &Range<usize>) -> Written {
        let mut whole = Written::default();
        let mut at = range.start;
        let start = self.changes.partition_point(|(inner, _)| inner.start < range.start);
        for (inner, text) in self.changes[start..].iter().take_while(|(inner, _)| inner.end <= range.end) {
            self.plain(at..inner.start, &mut whole);
            whole.push(text);
            at = inner.end;
        }
        self.plain(at..range.end, &mut whole);
        whole
    }

    /// The file's text, lone carriage returns as they are in the file.
    fn plain(&self, range: Range<usize>, whole: &mut Written) {
        let mut at = range.start;
        while at < range.end {
            let text = &self.source.text()[at..range.end];
            let Some(length) = memchr::memchr(b'\n', text.as_bytes()) else {
                whole.push_str(text);
                break;
            };
            whole.push_str(&text[..length]);
            let lone = self.source.slice(at + length..at + length + 1) == b"\r";
            whole.push_str(if lone { "\r" } else { "\n" });
            at += length + 1;
            if self.fixed.binary_search(&at).is_ok() {
                whole.fixed.push(whole.text.len());
            }
        }
    }

    /// All replacements.
    pub(super) fn into_changes(self) -> Vec<(Range<usize>, Written)> {
        self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::parsed::Parsed;

    #[test]
    fn lines_inside_strings_do_not_move() {
        let text = "if a:\n    x = '''\n    b\n'''\n    f(\n        c)\n";
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, None);
        let tree = file.tree().unwrap();
        let original = Original::new(&source, tree.root_node());
        let copied = original.copy(&(text.find("x =").unwrap()..text.len() - 1));
        assert_eq!(copied.indented("    ", "\t").text, "x = '''\n    b\n'''\n\tf(\n\t    c)");
        assert_eq!(copied.indented("    ", "").text, "x = '''\n    b\n'''\nf(\n    c)");
    }

    #[test]
    fn what_is_decided_for_a_part_is_in_a_copy_of_the_whole() {
        let source = Source::new(b"f(g(a), b)").unwrap();
        let file = Parsed::new(&source, None);
        let tree = file.tree().unwrap();
        let mut original = Original::new(&source, tree.root_node());
        let written = |text: &str| Written { text: text.to_owned(), ..Written::default() };
        original.change(2..6, written("h"));
        assert_eq!(original.copy(&(2..9)).text, "h, b");
        original.change(0..10, written("k"));
        assert_eq!(original.into_changes(), [(0..10, written("k"))]);
    }
}
