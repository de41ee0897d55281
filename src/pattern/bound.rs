//! What a file binds, in the order of its text.

use std::ops::Range;

use crate::pattern::meaning::Meanings;

/// A name that the file binds.
pub(crate) struct Bound<'t> {
    pub(crate) range: Range<usize>,
    pub(crate) scope: usize,
    pub(crate) name: &'t str,
    pub(crate) unbinds: bool,
}

/// The bindings of a file in the order of the text.
pub(crate) struct Bounds<'t> {
    /// All but the imports.
    all: Vec<Bound<'t>>,
    imported: Vec<Bound<'t>>,
    /// Those that take a name away, by their numbers.
    unbinding: Vec<usize>,
}

impl<'t> Bounds<'t> {
    pub(crate) fn new(meanings: &Meanings<'t>) -> Self {
        let (mut all, mut imported) = (Vec::new(), Vec::new());
        for (scope, bindings) in meanings.names.scopes.iter().enumerate() {
            for (name, binding) in bindings.bindings.iter().flat_map(|(name, all)| all.iter().map(move |one| (*name, one))) {
                let into = if binding.import.is_some() { &mut imported } else { &mut all };
                into.push(Bound { range: binding.range.clone(), scope, name, unbinds: binding.unbinds });
            }
        }
        all.sort_by_key(|bound: &Bound| bound.range.start);
        imported.sort_by_key(|bound: &Bound| bound.range.start);
        let unbinding = (0..all.len()).filter(|number| all[*number].unbinds).collect();
        Self { all, imported, unbinding }
    }

    /// Those that begin in a range, but for imports.
    pub(crate) fn within(&self, range: &Range<usize>) -> &[Bound<'t>] {
        within(&self.all, range)
    }

    /// The imports that begin in a range.
    pub(crate) fn imported_within(&self, range: &Range<usize>) -> &[Bound<'t>] {
        within(&self.imported, range)
    }

    /// Those that take a name away.
    pub(crate) fn unbinding(&self) -> impl Iterator<Item = &Bound<'t>> {
        self.unbinding.iter().map(|number| &self.all[*number])
    }
}

fn within<'b, 't>(all: &'b [Bound<'t>], range: &Range<usize>) -> &'b [Bound<'t>] {
    let before = |at: usize| all.partition_point(|bound| bound.range.start < at);
    &all[before(range.start)..before(range.end)]
}
