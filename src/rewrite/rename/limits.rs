//! What cannot be written in the place of the old name: one name where something is set, and a private one in a class.

use std::ops::Range;

use crate::python::names::Use;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::Work;

/// True when `text` can stand in the place `whole` of a use: it would not be bound there, and no class changes it.
pub(super) fn fits(work: &Work, read: &Use, whole: &Range<usize>, text: &str) -> bool {
    !binds(read, whole, text) && !work.names.mangles(read.scope, text)
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
    if work.names.mangles(read.scope, text) {
        return Err(work.error(read.range.start, Problem::Private { name: text.to_owned() }));
    }
    Ok(())
}

/// Refuses an import of the new name in a class that would change it.
pub(super) fn check_import(work: &Work, scope: usize, at: usize) -> Result<(), RewriteError> {
    match work.names.mangles(scope, &work.rename.to) {
        true => Err(work.error(at, Problem::Private { name: work.rename.to.clone() })),
        false => Ok(()),
    }
}

fn binds(read: &Use, whole: &Range<usize>, text: &str) -> bool {
    read.target && read.whole() == *whole && !text.contains('.')
}
