//! What cannot be written in the place of the old name: one name where something is set.

use std::ops::Range;

use crate::python::names::Use;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::Work;

/// True when `text` can stand in the place `whole` of a use: it would not be bound there.
pub(super) fn fits(read: &Use, whole: &Range<usize>, text: &str) -> bool {
    !binds(read, whole, text)
}

/// The same.
///
/// # Errors
/// What would come of it.
pub(super) fn check(work: &Work, read: &Use, whole: &Range<usize>, text: &str) -> Result<(), RewriteError> {
    if binds(read, whole, text) {
        let name = work.source.text()[whole.clone()].to_owned();
        return Err(work.error(read.range.start, Problem::Set { name, to: text.to_owned() }));
    }
    Ok(())
}

fn binds(read: &Use, whole: &Range<usize>, text: &str) -> bool {
    read.target && read.whole() == *whole && !text.contains('.')
}
