//! Replacements of byte ranges, collected, checked against overlap and applied once. Pure.

use std::ops::Range;

/// One replacement: the bytes of `range` in the old text become `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Byte offsets in the old text; an empty range inserts.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: Vec<u8>,
}

impl Edit {
    /// A replacement of `range` by `text`.
    pub fn new(range: Range<usize>, text: impl Into<Vec<u8>>) -> Self {
        Self { range, text: text.into() }
    }
}

/// Edits of one text, in order, none touching the bytes of another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits(Vec<Edit>);

/// Two edits that claim the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two edits overlap at bytes {}..{} and {}..{}", first.start, first.end, second.start, second.end)]
pub struct Overlap {
    /// The edit that starts first.
    pub first: Range<usize>,
    /// The one that starts inside it.
    pub second: Range<usize>,
}

impl Edits {
    /// Sorts edits by position and drops exact repetitions.
    ///
    /// # Errors
    /// [`Overlap`] when two different edits claim a byte, or insert at the same place.
    pub fn new(mut edits: Vec<Edit>) -> Result<Self, Overlap> {
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        edits.dedup();
        for pair in edits.windows(2) {
            let (first, second) = (&pair[0].range, &pair[1].range);
            if second.start < first.end || (first.is_empty() && second.is_empty() && first == second) {
                return Err(Overlap { first: first.clone(), second: second.clone() });
            }
        }
        Ok(Self(edits))
    }

    /// True when there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The edits in order of position.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.0.iter()
    }

    /// The text after all edits; bytes outside them are copied as they are. Ranges past the end of `source` are cut to it.
    #[must_use]
    pub fn apply(&self, source: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(source.len());
        let mut at = 0;
        for edit in &self.0 {
            let start = edit.range.start.min(source.len());
            out.extend_from_slice(&source[at..start]);
            out.extend_from_slice(&edit.text);
            at = edit.range.end.min(source.len());
        }
        out.extend_from_slice(&source[at..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_in_order_of_position_whatever_order_they_came_in() {
        let edits = Edits::new(vec![Edit::new(4..5, "E"), Edit::new(0..1, "AA"), Edit::new(2..2, "-")]).unwrap();
        assert_eq!(edits.apply(b"abcdef"), b"AAb-cdEf");
    }

    #[test]
    fn overlapping_edits_are_refused() {
        assert!(Edits::new(vec![Edit::new(0..3, "x"), Edit::new(2..4, "y")]).is_err());
        assert!(Edits::new(vec![Edit::new(1..1, "x"), Edit::new(1..1, "y")]).is_err());
        assert!(Edits::new(vec![Edit::new(0..2, "x"), Edit::new(2..4, "y")]).is_ok());
    }
}
