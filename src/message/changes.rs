//! What changed between two texts of a file, in the words of a commit message: line ranges, and names imported or no longer.

use std::collections::HashSet;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::python::parsed::Parsed;

/// Lines that became other lines; 1-based, half-open. One side may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// In the old text.
    pub old: Range<u32>,
    /// In the new text.
    pub new: Range<u32>,
}

/// A name that an import binds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportedName {
    /// What it is, such as `django.utils.translation.gettext`.
    pub qualified: String,
    /// The plain name: the last part, or all of it for a module.
    pub name: String,
    /// Whether the text calls it.
    pub called: bool,
}

/// Names that only one of two texts imports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportsChanged {
    /// Imported before and no longer.
    pub removed: Vec<ImportedName>,
    /// Imported now and not before.
    pub added: Vec<ImportedName>,
}

/// The line ranges in which two texts differ, in order.
#[must_use]
pub fn changed_lines(before: &[u8], after: &[u8]) -> Vec<LineChange> {
    let (old, new) = (lines(before), lines(after));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    ops.iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| LineChange { old: numbers(op.old_range()), new: numbers(op.new_range()) })
        .collect()
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn numbers(range: Range<usize>) -> Range<u32> {
    let number = |index: usize| u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1));
    number(range.start)..number(range.end)
}

/// The names whose imports differ between two texts of a file, in the order of the text, each once. A text that cannot be
/// parsed imports nothing.
#[must_use]
pub fn imports_changed(before: &Parsed, after: &Parsed) -> ImportsChanged {
    let (before, after) = (imported(before), imported(after));
    let only = |names: &[ImportedName], others: &[ImportedName]| -> Vec<ImportedName> {
        names.iter().filter(|name| others.iter().all(|other| other.qualified != name.qualified)).cloned().collect()
    };
    ImportsChanged { removed: only(&before, &after), added: only(&after, &before) }
}

fn imported(file: &Parsed) -> Vec<ImportedName> {
    // A file that cannot be parsed has been refused elsewhere; for a message it has nothing to say.
    let Ok(names) = file.names() else { return Vec::new() };
    let mut called: HashSet<(usize, usize)> = HashSet::new();
    for read in names.uses.iter().filter(|read| read.called && read.attributes.is_empty()) {
        let bindings = names.resolve(read.scope, read.name).and_then(|owner| names.scopes[owner].bindings.get(read.name));
        called.extend(bindings.into_iter().flatten().filter_map(|binding| binding.import));
    }
    let statements = names.imports.iter().enumerate();
    let items = statements.flat_map(|(statement, import)| (0..import.items.len()).map(move |item| (statement, item, import)));
    let mut found: Vec<(usize, ImportedName)> = items
        .map(|(statement, number, import)| {
            let item = &import.items[number];
            let called = called.contains(&(statement, number));
            (item.range.start, ImportedName { qualified: import.imported(item), name: item.name.clone(), called })
        })
        .collect();
    found.sort();
    let mut once: Vec<ImportedName> = Vec::new();
    for (_, name) in found {
        match once.iter_mut().find(|known| known.qualified == name.qualified) {
            Some(known) => known.called |= name.called,
            None => once.push(name),
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::source::Source;

    #[test]
    fn changed_lines_are_counted_on_both_sides() {
        let change = |old: Range<u32>, new: Range<u32>| LineChange { old, new };
        for (before, after, want) in [
            ("a\nb\nc\n", "a\nb\nc\n", vec![]),
            ("a\nb\nc\n", "a\nx\ny\nc\n", vec![change(2..3, 2..4)]),
            ("a\nb\nc\n", "a\nc\n", vec![change(2..3, 2..2)]),
            ("a\nc\n", "a\nb\nc\nd", vec![change(2..2, 2..3), change(3..3, 4..5)]),
            ("a\r\nb", "a\nb", vec![change(1..2, 1..2)]),
        ] {
            assert_eq!(changed_lines(before.as_bytes(), after.as_bytes()), want, "{before:?} {after:?}");
        }
    }

    #[test]
    fn changed_imports_say_what_was_called() {
        let before = b"from a.b import old, same\nimport c.d\ndef h():\n    from a.b import old\n    return old(1)\nsame()\n";
        let after = b"from a.b import new as n, same\nimport c.e\nn.x()\n";
        let name = |qualified: &str, name: &str, called| ImportedName { qualified: qualified.into(), name: name.into(), called };
        let (old, new) = (Source::new(before).unwrap(), Source::new(after).unwrap());
        let changed = imports_changed(&Parsed::new(&old, None), &Parsed::new(&new, None));
        assert_eq!(changed.removed, [name("a.b.old", "old", true), name("c.d", "c.d", false)]);
        assert_eq!(changed.added, [name("a.b.new", "new", false), name("c.e", "c.e", false)]);
    }
}
