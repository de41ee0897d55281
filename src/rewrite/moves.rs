//! Where the parts of a text stood before its edits.

use std::ops::Range;

use crate::edit::Edits;
use crate::python::source::Source;

/// Where the parts of a text stood before its edits.
#[derive(Debug)]
pub struct Moves {
    /// The old range of each edit, and the new one; in order.
    edits: Vec<(Range<usize>, Range<usize>)>,
}

impl Moves {
    /// That of these edits of a text.
    #[must_use]
    pub fn new(source: &Source, edits: &Edits) -> Self {
        let (mut old_end, mut new_end) = (0, 0);
        let moved = edits.iter().map(|edit| {
            let length = source.encoding().decode(&edit.text).text.len();
            let start = new_end + (edit.range.start - old_end);
            (old_end, new_end) = (edit.range.end, start + length);
            (edit.range.clone(), start..new_end)
        });
        Self { edits: moved.collect() }
    }

    /// The old place of a new one; all of what an edit replaced for a place inside it.
    #[must_use]
    pub fn back(&self, range: &Range<usize>) -> Range<usize> {
        self.byte(range.start).start..self.byte(range.end.saturating_sub(1).max(range.start)).end
    }

    fn byte(&self, at: usize) -> Range<usize> {
        match self.edits.iter().take_while(|(_, new)| new.start <= at).last() {
            None => at..at + 1,
            Some((old, new)) if at < new.end => old.clone(),
            Some((old, new)) => old.end + (at - new.end)..old.end + (at - new.end) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Edit;

    #[test]
    fn places_are_followed_back_through_edits() {
        let source = Source::new(b"abcdefgh").unwrap();
        let edits = Edits::new(vec![Edit::new(1..1, "++"), Edit::new(3..5, "-"), Edit::new(7..8, "")]).unwrap();
        assert_eq!(source.apply(&edits), b"a++bc-fg");
        let moves = Moves::new(&source, &edits);
        for (new, old) in [(0..1, 0..1), (1..2, 1..1), (3..5, 1..3), (5..6, 3..5), (6..7, 5..6), (4..7, 2..6)] {
            assert_eq!(moves.back(&new), old, "{new:?}");
        }
    }
}
