//! What a file binds, in the order of its text.

use std::ops::Range;

use crate::pattern::meaning::Meanings;

/// A name that the file binds, but for imports.
pub(crate) struct Bound<'t> {
    pub(crate) range: Range<usize>,
    pub(crate) scope: usize,
    pub(crate) name: &'t str,
    pub(crate) unbinds: bool,
}

/// The bindings of a file in the order of the text.
pub(crate) struct Bounds<'t> {
    all: Vec<Bound<'t>>,
    /// Those that take a name away, by their numbers.
    unbinding: Vec<usize>,
}

impl<'t> Bounds<'t> {
    pub(crate) fn new(meanings: &Meanings<'t>) -> Self {
        let scopes = meanings.names.scopes.iter().enumerate();
        let mut all: Vec<Bound> = scopes
            .flat_map(|(scope, bindings)| {
                bindings.bindings.iter().flat_map(move |(name, all)| {
                    all.iter().filter(|binding| binding.import.is_none()).map(move |binding| {
                        let (range, unbinds) = (binding.range.clone(), binding.unbinds);
                        Bound { range, scope, name, unbinds }
                    })
                })
            })
            .collect();
        all.sort_by_key(|bound| bound.range.start);
        let unbinding = (0..all.len()).filter(|number| all[*number].unbinds).collect();
        Self { all, unbinding }
    }

    /// Those that begin in a range.
    pub(crate) fn within(&self, range: &Range<usize>) -> &[Bound<'t>] {
        let before = |at: usize| self.all.partition_point(|bound| bound.range.start < at);
        &self.all[before(range.start)..before(range.end)]
    }

    /// Those that take a name away.
    pub(crate) fn unbinding(&self) -> impl Iterator<Item = &Bound<'t>> {
        self.unbinding.iter().map(|number| &self.all[*number])
    }
}
