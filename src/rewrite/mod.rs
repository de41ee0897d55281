//! Rules to edits: bytes in, bytes out.
//!
//! Nothing here does I/O or sees a path. Every byte outside an edit stays as it was, and a step applied twice changes nothing
//! the second time.

pub mod changes;
pub mod edits;
pub mod error;
#[cfg(test)]
mod property_tests;
mod rename;
mod statement;

use crate::plan::{BlockEdit, Rename};
use crate::python::source::{Source, SourceError};
use crate::rewrite::edits::edit;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::rename;

/// One transform.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// The file's own before/after blocks.
    Edits(&'a [BlockEdit]),
    /// A qualified name that becomes another.
    Rename(&'a Rename),
}

/// Applies `steps` in order; a result without a change is equal bytes. `module` is the dotted name of the file's module, the
/// last part `__init__` for a package's own file; without it relative imports mean nothing.
///
/// # Errors
/// [`RewriteError`] for the first step that cannot be done soundly; nothing is changed by halves.
pub fn apply(source: &[u8], module: Option<&str>, steps: &[Step]) -> Result<Vec<u8>, RewriteError> {
    let mut bytes = source.to_vec();
    for step in steps {
        if !step.touches(&bytes) {
            continue;
        }
        let text = Source::new(&bytes).map_err(refused)?;
        let changed = match step {
            Step::Edits(edits) => edit(&text, edits)?,
            Step::Rename(names) => rename(&text, module, names)?,
        };
        if let Some(changed) = changed {
            bytes = changed;
        }
    }
    Ok(bytes)
}

fn refused(error: SourceError) -> RewriteError {
    RewriteError { line: error.line().unwrap_or(1), column: 1, kind: Problem::Source(error), nearest: None }
}

impl Step<'_> {
    fn touches(&self, source: &[u8]) -> bool {
        match self {
            Self::Edits(edits) => !edits.is_empty(),
            Self::Rename(names) => {
                let last = names.from.rsplit('.').next().unwrap_or(&names.from);
                // In another encoding than UTF-8 the name has other bytes.
                !last.is_ascii() || memchr::memmem::find(source, last.as_bytes()).is_some()
            }
        }
    }
}

/// False only when `steps` would not change `source`; a cheap look before a parse.
#[must_use]
pub fn touches(source: &[u8], steps: &[Step]) -> bool {
    steps.iter().any(|step| step.touches(source))
}
