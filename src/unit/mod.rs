//! What is to become of one unit, found in memory: facts, rewrite, guards. Nothing is written here.

pub mod callables;
pub mod file_kind;
pub mod look;
pub mod segments;
pub mod sound;

use crate::path::RepoPath;
use crate::plan::Plan;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::repo::target::{Conversions, Target, TargetProblem};
use crate::repo::{Repo, Tip};
use crate::rewrite::changes::{ImportsChanged, imports_changed};
use crate::rewrite::error::RewriteError;
use crate::rewrite::follow::Follow;
use crate::rewrite::{self, Applied, Step};
use crate::unit::callables::Callables;
use crate::unit::file_kind::{FileKind, module_of};
use crate::unit::look::{is_listed, unread};
use crate::unit::segments::{Segment, names, segments};
use crate::unit::sound::{Unsound, Warning, Warnings, carried, sound};
use crate::units::Member;

pub use crate::unit::look::violations_left;

/// A unit whose facts are right, with what its rules make of it.
#[derive(Debug)]
pub struct Prepared {
    /// The file as it was found.
    pub target: Target,
    /// True when git converts it between disk and repository.
    pub converted: bool,
    /// What the rules make of it.
    pub outcome: Outcome,
}

/// What the rules make of a file.
#[derive(Debug)]
pub enum Outcome {
    /// New bytes, sound by the guards.
    Changed(Made),
    /// Nothing; with what a person should know of the file all the same.
    Unchanged(Vec<Warning>),
    /// An external codemod has to be run to know.
    NeedsCodemod,
    /// The rules cannot be applied, or what they make is unsound.
    Unsound(Unsound),
}

/// New bytes of a file, with what its commit says of them.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// The file as it shall be.
    pub bytes: Vec<u8>,
    /// The names whose imports came or went.
    pub imports: ImportsChanged,
    /// What changed it, in order: `edits` and names of rules.
    pub rules: Vec<String>,
    /// What a person should know of it, which stops nothing.
    pub warnings: Warnings,
}

/// Looks at a unit and applies its rules in memory.
///
/// # Errors
/// [`TargetProblem`] when HEAD, index and disk do not agree on the file.
pub fn prepare(
    repo: &Repo,
    plan: &Plan,
    tip: &Tip,
    unit: &Member,
    conversions: &Conversions,
    callables: &Callables,
) -> Result<Prepared, TargetProblem> {
    let target = repo.target(tip, &unit.path, conversions)?;
    let converted = conversions.apply_to(&unit.path);
    let outcome = outcome(callables, plan, unit, &target.found.bytes);
    Ok(Prepared { target, converted, outcome })
}

/// What the rules make of a unit's file that holds these bytes.
#[must_use]
pub fn outcome(callables: &Callables, plan: &Plan, unit: &Member, before: &[u8]) -> Outcome {
    let segments = segments(plan, unit);
    let kind = FileKind::of(&unit.path, before);
    if let Some(unread) = unread(plan, unit, kind) {
        return if is_listed(plan, unit) { Outcome::Unsound(unread) } else { Outcome::Unchanged(Vec::new()) };
    }
    if kind != FileKind::Python {
        return match segments.as_slice() {
            [] => Outcome::Unchanged(Vec::new()),
            [Segment::Pure(steps)] => document(plan, unit, before, steps),
            _ => Outcome::NeedsCodemod,
        };
    }
    let source = match Source::new(before) {
        Ok(source) => source,
        Err(error) => return Outcome::Unsound(Unsound::source(&unit.path, &error)),
    };
    let module = module_of(callables.top(), &unit.path, source.text());
    let file = Parsed::new(&source, module.as_deref());
    if !file.problems().is_empty() {
        return Outcome::Unsound(Unsound::syntax(&unit.path, file.problems()));
    }
    match segments.as_slice() {
        [] => Outcome::Unchanged(Vec::new()),
        [Segment::Pure(steps)] => of_python(callables, plan, unit, &file, steps),
        _ => Outcome::NeedsCodemod,
    }
}

/// What steps make of a unit's file that is Python, judged by the guards.
#[must_use]
pub fn of_python(callables: &Callables, plan: &Plan, unit: &Member, file: &Parsed, steps: &[Step]) -> Outcome {
    match rewrite::apply(file, steps) {
        Err(error) => Outcome::Unsound(Unsound::rewrite(&unit.path, &error)),
        Ok(Applied { bytes: None, remarks, .. }) => {
            let warnings = remarks.into_iter().map(Warning::from).collect();
            match sound(callables, plan, unit, (file, file), warnings) {
                Ok(warnings) => Outcome::Unchanged(warnings.before),
                Err(unsound) => Outcome::Unsound(unsound),
            }
        }
        Ok(Applied { bytes: Some(bytes), remarks, changed }) => {
            let warnings = Warnings::left(remarks);
            let made = Made { bytes, imports: ImportsChanged::default(), rules: at_work(plan, unit, changed), warnings };
            judged(callables, plan, unit, file, made).map_or_else(Outcome::Unsound, Outcome::Changed)
        }
    }
}

/// There is nothing in a file that is not Python that the guards could judge. One that is no text has no places to tell of either.
fn in_document(kind: FileKind, before: &[u8], made: Made) -> Made {
    let warnings = match (text(kind, before), text(kind, &made.bytes)) {
        (Ok(before), Ok(after)) => carried(made.warnings.before, &before, &after),
        _ => Warnings { after: made.warnings.before.clone(), ..made.warnings },
    };
    Made { warnings, ..made }
}

/// What rules make of a file that is not Python.
fn document(plan: &Plan, unit: &Member, before: &[u8], steps: &[Step]) -> Outcome {
    let kind = FileKind::of(&unit.path, before);
    match rewrite::apply_to_document(before, kind.markup(), steps) {
        Err(error) => Outcome::Unsound(Unsound::rewrite(&unit.path, &error)),
        Ok(Applied { bytes: None, remarks, .. }) => Outcome::Unchanged(remarks.into_iter().map(Warning::from).collect()),
        Ok(Applied { bytes: Some(bytes), remarks, changed }) => {
            let warnings = Warnings::left(remarks);
            let made = Made { bytes, imports: ImportsChanged::default(), rules: at_work(plan, unit, changed), warnings };
            Outcome::Changed(in_document(kind, before, made))
        }
    }
}

/// The names of the transforms that changed something.
fn at_work(plan: &Plan, unit: &Member, changed: Vec<bool>) -> Vec<String> {
    let names = names(plan, unit).into_iter().zip(changed);
    names.filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned()).collect()
}

/// Applies pure transforms to bytes that others made of a file that was as `before`; they are not judged yet. What is told of them
/// has its place in the file.
///
/// # Errors
/// [`Unsound`] when one cannot be applied.
pub fn apply(repo: &Repo, path: &RepoPath, before: &[u8], bytes: &[u8], steps: &[Step<'_>]) -> Result<Applied, Unsound> {
    if !rewrite::touches(bytes, steps) {
        return Ok(Applied { changed: vec![false; steps.len()], ..Applied::default() });
    }
    let kind = FileKind::of(path, before);
    let source = text(kind, bytes).map_err(|error| Unsound::rewrite(path, &error))?;
    let applied = match kind {
        FileKind::Python => rewrite::apply(&Parsed::new(&source, module_of(repo.top(), path, source.text()).as_deref()), steps),
        FileKind::Document(_) | FileKind::Other => rewrite::apply_to_document(bytes, kind.markup(), steps),
    };
    // Where the file was no text there is no place in it to tell of.
    let Ok(file) = text(kind, before) else { return applied.map_err(|error| Unsound::rewrite(path, &error)) };
    let mut applied = applied.map_err(|error| Unsound::rewrite(path, &error.followed(&source, &file)))?;
    if !applied.remarks.is_empty() {
        let follow = Follow::new(&source, &file);
        applied.remarks = applied.remarks.into_iter().map(|remark| remark.followed(&follow)).collect();
    }
    Ok(applied)
}

/// The text of a unit's file.
fn text(kind: FileKind, bytes: &[u8]) -> Result<Source<'_>, RewriteError> {
    match kind {
        FileKind::Python => Source::new(bytes).map_err(rewrite::refused),
        FileKind::Document(_) | FileKind::Other => rewrite::document(bytes, kind.markup()),
    }
}

/// Judges by the guards what became of a unit's file, and tells what its commit says of the imports.
///
/// # Errors
/// [`Unsound`] with what the change broke.
pub fn check(callables: &Callables, plan: &Plan, unit: &Member, before: &[u8], made: Made) -> Result<Made, Unsound> {
    let kind = FileKind::of(&unit.path, before);
    if kind != FileKind::Python {
        return Ok(in_document(kind, before, made));
    }
    let source = Source::new(before).map_err(|error| Unsound::source(&unit.path, &error))?;
    let module = module_of(callables.top(), &unit.path, source.text());
    judged(callables, plan, unit, &Parsed::new(&source, module.as_deref()), made)
}

fn judged(callables: &Callables, plan: &Plan, unit: &Member, before: &Parsed, made: Made) -> Result<Made, Unsound> {
    let source = Source::new(&made.bytes).map_err(|error| Unsound::source(&unit.path, &error))?;
    let after = Parsed::new(&source, before.module());
    let warnings = sound(callables, plan, unit, (before, &after), made.warnings.before)?;
    let imports = imports_changed(before, &after);
    Ok(Made { imports, warnings, ..made })
}
