//! Every use of a qualified name becomes another, imports included.
//!
//! The policy, where Python leaves a choice:
//! - An import with an alias keeps its alias, so nothing else changes. An import without one gets the new name with all its
//!   uses, unless the old name must stay: something else binds it too (`except ImportError: f = None`) or deletes it; `global`,
//!   `nonlocal` or `__all__` names it, or a string in an annotation or a type comment that cannot be read exactly; it is the
//!   attribute of a class; another file takes it from here; a star import may bind it; an f-string writes it as text
//!   (`f"{f()=}"`, where `f"{m.f()=}"` is refused); or the new name is taken or deleted. Then it becomes `new as old`. `f as f`, which exports the name, stays one.
//! - What other files import from this one, read through it or patch in it stays: a remark says so. Where they are not known, a name
//!   that a module imports and does not use is taken to be for them, and any of a package (its `__init__.py`).
//! - The new import stands where the old one stood: same block, same scope, merged into an import of that module already there,
//!   relative where the old one was and both modules are in one top package. Where several branches import the old module each gets
//!   the new one; an import there already is relied upon only where it has run whenever the place is reached, as far as the text shows.
//! - Of a new name that is an attribute (`m.Color.RED`, where the module is known to be `m`) the import gives `Color`, and code reads
//!   `Color.RED`; where the old name has to stay a name of the file, the file is refused. Where the module is not known it is taken to
//!   end at the last dot. A new name of which the plan says where its module ends comes by `from`, also when it is a module.
//! - A chain takes the name itself where an import of it comes before, or is made there; else the module.
//! - `import m` goes when each remaining use of its root is served by another import; one that was unused stays. What may be a
//!   module itself, since it is read from and never called, comes by `from n import g`: `import n` need not load it. A
//!   module of the file's own package comes by `from` too: the package may not have it yet while it is itself being imported.
//! - An import that loads a module which is read through another name stays, or one of that module takes its place.
//! - Where one arm of a `try` or of a test for a version has the new name and another the old one, the old one stays, which is said.
//! - The module that has the new name does not import it from itself: its imports and uses of the old one stay, which is said.
//! - `m.f`, where `m` may be one of several things, is refused rather than guessed; where a star import may bind it, that is said.
//!   So is a use that a star import may bring, which stays.
//! - `make = f` follows `f` and stays `make`; `k = m` and then `k.f` changes where `k.g` is the new name, else it is refused.
//! - Other strings and comments are not looked at. A relative import inside a renamed package stays.

mod aliases;
mod arms;
mod chains;
mod itself;
mod lent;
mod limits;
mod plan;
mod reach;
mod scope;

use crate::pattern::outside::Regions;
use crate::plan::Rename;
use crate::python::names::{Meaning, Names};
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::violation::renamed;
use crate::rewrite::{Made, Remark};

/// What the rename changes.
///
/// # Errors
/// [`RewriteError`] when it cannot be done soundly.
pub(crate) fn rename(file: &Parsed, rename: &Rename) -> Result<Made, RewriteError> {
    if rename.from == rename.to {
        return Ok(Made::default());
    }
    let failed = |error| RewriteError::at(file.source(), 0, Problem::Parse(error));
    let names = file.names().map_err(failed)?;
    let root = file.tree().map_err(failed)?.root_node();
    let regions = Regions::new(root);
    let taken = |name: &str| file.taken(name);
    let mut work = plan::Work::new(file.source(), (root, names, &regions), &taken, rename);
    scope::plan(&mut work)?;
    aliases::plan(&mut work)?;
    let mut made = work.finish()?;
    made.remarks.extend(unknown(file, names, rename).map_err(failed)?);
    let echoed = made.edits.iter().map(|edit| &edit.range).find(|range| regions.echoes(range)).map(|range| range.start);
    let refuse = |at| RewriteError::at(file.source(), at, Problem::Echoed { name: rename.from.clone() });
    echoed.map_or(Ok(made), |at| Err(refuse(at)))
}

/// The places of which nothing here tells whether they are the old name: what a star import may bring, what is relative to a package
/// that is not known. What is one of several things is left to the plan of its group.
fn unknown(file: &Parsed, names: &Names, rename: &Rename) -> Result<Vec<Remark>, ParseError> {
    let seen = renamed(file, rename)?;
    let is_several = |at: usize| {
        let number = names.uses.binary_search_by_key(&at, |read| read.range.start);
        number.is_ok_and(|number| matches!(names.means(&names.uses[number]), Meaning::Several(_)))
    };
    let unknown = seen.undecided.into_iter().filter(|(place, _)| !is_several(place.range.start));
    let help = format!("import by name what is meant, or write {} by an edit for this file", rename.to);
    Ok(unknown
        .map(|(place, why)| {
            Remark::at(file.source(), place.range.start, format!("this may be {}: {why}", rename.from), help.clone())
        })
        .collect())
}

#[cfg(test)]
mod border_tests;
#[cfg(test)]
mod import_tests;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod module_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
