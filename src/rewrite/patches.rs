//! Patches of what a rule replaces: `patch("a.b.f")`, `setattr(b, "f", ...)`.
//!
//! A patch is for code that reads the name from its module. Where that code would read it under another name than is patched, or by
//! an import of the name itself, the patch would do nothing and nobody would see it: such a file is refused. A patch that stays is said.

use std::ops::Range;

use crate::dotted::covers;
use crate::python::names::{Meaning, Names};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::ParseError;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::reach::pairs;
use crate::rewrite::strings::patches;
use crate::rewrite::{Made, Remark, Step};

/// A patch in a file.
pub(super) struct Patch {
    /// Its string or keyword.
    pub(super) range: Range<usize>,
    /// What it patches.
    pub(super) name: String,
    /// What that becomes, where it is known.
    to: Option<String>,
}

/// The patches of what a step deprecates.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub(super) fn find(file: &Parsed, step: Step) -> Result<Vec<Patch>, ParseError> {
    let pairs: Vec<(String, Option<String>)> = match step {
        Step::Edits(_) => Vec::new(),
        Step::Rename(rename) => vec![(rename.from.clone(), Some(rename.to.clone()))],
        Step::Rewrite(rewrite) => {
            let known = pairs(rewrite);
            let to = |from: &String| known.iter().find(|(other, _)| other == from).map(|(_, to)| to.clone());
            rewrite.pattern.deprecated().iter().map(|from| (from.clone(), to(from))).collect()
        }
    };
    let mut found = Vec::new();
    for (from, to) in pairs {
        found.extend(patches(file, &from)?.into_iter().map(|(range, name)| {
            let to = to.as_ref().map(|to| format!("{to}{}", &name[from.len()..]));
            Patch { range, name, to }
        }));
    }
    Ok(found)
}

/// Says what patches stay.
///
/// # Errors
/// [`RewriteError`] when a patch would no longer be one of what the file reads.
pub(super) fn check(file: &Parsed, step: Step, made: &mut Made) -> Result<(), RewriteError> {
    let source = file.source();
    let failed = |error| RewriteError::at(source, 0, Problem::Parse(error));
    let patches = find(file, step).map_err(failed)?;
    if patches.is_empty() {
        return Ok(());
    }
    let bytes = source.apply(&made.edits);
    let after = Source::new(&bytes).map_err(|error| RewriteError::at(source, 0, Problem::Source(error)))?;
    let after = file.again(&after);
    let (old, new) = (file.names().map_err(failed)?, after.names().map_err(failed)?);
    for Patch { range, name, to } in patches {
        let changed = made.edits.iter().any(|edit| range.start <= edit.range.start && edit.range.end <= range.end);
        let to = to.filter(|_| changed);
        let count = |names| to.iter().chain([&name]).map(|name| through(names, name).count()).sum::<usize>();
        if count(new) < count(old) {
            let line = through(old, &name).next().map_or(0, |at| source.line(at));
            return Err(RewriteError::at(source, range.start, Problem::Patched { name, line }));
        }
        let (line, column) = (source.line(range.start), source.column(range.start));
        if !changed && made.remarks.iter().all(|known| (known.line, known.column) != (line, column)) {
            made.remarks.push(Remark::at(source, range.start, format!("{name} is patched here, which stays"), HELP));
        }
    }
    Ok(())
}

const HELP: &str = "patch what is new by hand where it is meant, or set `strings: true` on the rule";

/// Where a name is read from the module, or the class, that has it.
fn through<'n>(names: &'n Names, name: &'n str) -> impl Iterator<Item = usize> {
    names.uses.iter().filter_map(move |read| match names.means(read) {
        Meaning::Imported(whole) => (covers(name, &whole) && !covers(name, read.root(&whole))).then_some(read.range.start),
        _ => None,
    })
}
