//! Every use of a qualified name becomes another, imports included.
//!
//! The policy, where Python leaves a choice:
//! - An import with an alias keeps its alias, so nothing else changes. An import without one gets the new name with all its
//!   uses, unless the old name must stay: something else binds it too (`except ImportError: f = None`) or deletes it; `global`,
//!   `nonlocal`, `__all__`, a string in an annotation or a type comment names it; it is the attribute of a class or of a
//!   package (its `__init__.py`); or the new name is taken. Then it becomes `new as old`.
//! - What other files import from this one is not seen; only `__all__` and `__init__.py` say that a name is for them.
//! - The new import stands where the old one stood: same block, same scope, merged into an import of that module already there.
//! - `import m` goes when each remaining use of its root is served by another import; one that was unused stays.
//! - `m.f`, where `m` may be one of several things, is refused rather than guessed.
//! - Other strings, comments and what a star import brings are not looked at. A relative import inside a renamed package stays.

mod plan;
mod scope;

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::rewrite::Made;
use crate::rewrite::error::{Problem, RewriteError};

/// What the rename changes.
///
/// # Errors
/// [`RewriteError`] when it cannot be done soundly.
pub(crate) fn rename(file: &Parsed, rename: &Rename) -> Result<Made, RewriteError> {
    if rename.from == rename.to {
        return Ok(Made::default());
    }
    let names = file.names().map_err(|error| RewriteError::at(file.source(), 0, Problem::Parse(error)))?;
    let mut work = plan::Work::new(file.source(), names, file.module(), rename);
    scope::plan(&mut work)?;
    work.finish()
}

/// True when `whole` is `part` or lies below it.
fn covers(part: &str, whole: &str) -> bool {
    whole.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The last part of a dotted name, and what stands before it.
fn split_last(dotted: &str) -> (&str, &str) {
    dotted.rsplit_once('.').unwrap_or(("", dotted))
}

#[cfg(test)]
mod tests;
