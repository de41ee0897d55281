//! What is to become of one unit, found in memory: facts, rewrite, guards. Nothing is written here.

pub mod callables;
pub mod codemod;
pub mod file_kind;
pub mod glimpses;
pub mod kept;
pub mod line_ends;
pub mod look;
pub mod segments;
pub mod side_by_side;
pub mod sound;
pub mod takers;
pub mod words;

use std::collections::HashMap;
use std::path::Path;

use crate::message::changes::{ImportsChanged, imports_changed};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::guards::{Guard, Severity};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::repo::target::{Conversions, Target, TargetProblem};
use crate::repo::{Repo, Tip};
use crate::rewrite::error::RewriteError;
use crate::rewrite::follow::Follow;
use crate::rewrite::violation::look as seen_in;
use crate::rewrite::{self, Applied, Step};
use crate::unit::callables::Callables;
use crate::unit::file_kind::{FileKind, module_of};
use crate::unit::look::{is_listed, unread};
use crate::unit::segments::{Segment, names, segments, step};
use crate::unit::sound::{Unsound, Warning, Warnings, carried, sound};
use crate::units::{Member, Role};

pub use crate::unit::look::violations_left;

/// A file whose facts are right, with what becomes of it.
#[derive(Debug)]
pub struct Prepared {
    /// Which.
    pub file: Member,
    /// The file as it was found; `None` where it is to be made.
    pub target: Option<Target>,
    /// Its mode as git words it, such as `0o100644`; of one that is to be made, that of the file whose bytes it gets.
    pub mode: u32,
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
    /// The file is to be gone.
    Gone,
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

/// Looks at the files of a unit, or of a part of one, and says in memory what becomes of each. Each is judged with the others as they
/// shall be.
///
/// # Errors
/// [`TargetProblem`] when HEAD, index and disk do not agree on a file.
pub fn prepare(
    repo: &Repo,
    plan: &Plan,
    tip: &Tip,
    files: &[Member],
    conversions: &Conversions,
    callables: &Callables,
) -> Result<Vec<Prepared>, TargetProblem> {
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        callables.begin(&file.path);
        found.push(match plan.role(file) {
            Role::Rewrite | Role::Delete | Role::Leave(_) => Some(repo.target(tip, &file.path, conversions)?),
            Role::Create(_) | Role::Arrive(_) => {
                repo.free(tip, &file.path)?;
                None
            }
        });
    }
    let texts: Vec<(&Member, Option<&[u8]>)> = files
        .iter()
        .zip(&found)
        .map(|(file, target)| (file, target.as_ref().map(|target| target.found.bytes.as_slice())))
        .collect();
    let outcomes = outcomes(callables, plan, &texts);
    let mode_of = |path: &RepoPath| found.iter().flatten().find(|target| target.path == *path).map(|target| target.mode);
    let modes = files.iter().map(|file| match plan.role(file) {
        Role::Arrive(from) => mode_of(from),
        _ => mode_of(&file.path),
    });
    let modes: Vec<u32> = modes.map(|mode| mode.unwrap_or(0o100_644)).collect();
    let prepared = files.iter().cloned().zip(found).zip(modes).zip(outcomes);
    Ok(prepared
        .map(|(((file, target), mode), outcome)| {
            let converted = conversions.apply_to(&file.path);
            Prepared { file, target, mode, converted, outcome }
        })
        .collect())
}

/// What becomes of the files of a unit that hold these bytes now, or are not there.
#[must_use]
pub fn outcomes(callables: &Callables, plan: &Plan, files: &[(&Member, Option<&[u8]>)]) -> Vec<Outcome> {
    let text = |path: &RepoPath| files.iter().find(|(file, _)| file.path == *path).and_then(|(_, text)| *text);
    let each = |(file, before): &(&Member, Option<&[u8]>)| match plan.role(file) {
        Role::Rewrite => outcome(callables, plan, file, before.unwrap_or_default()),
        Role::Delete | Role::Leave(_) => Outcome::Gone,
        Role::Create(text) => made(callables, plan, file, text.as_bytes(), b""),
        Role::Arrive(from) => match text(from) {
            Some(text) => made(callables, plan, file, text, text),
            None => Outcome::Unsound(Unsound {
                reason: format!("{from}, which is to be moved to {}, is not part of what is done", file.path),
                help: "run its whole unit".to_owned(),
            }),
        },
    };
    if let [_] = files {
        return files.iter().map(each).collect();
    }
    let drafted = |(file, before): &(&Member, Option<&[u8]>)| {
        let new = match plan.role(file) {
            Role::Rewrite => rewritten(callables, plan, file, before.unwrap_or_default()),
            Role::Delete | Role::Leave(_) => None,
            Role::Create(text) => Some(text.as_bytes().to_vec()),
            Role::Arrive(from) => text(from).map(<[u8]>::to_vec),
        };
        (file.path.clone(), new)
    };
    callables.assume(files.iter().map(drafted).collect());
    let outcomes = files.iter().map(each).collect();
    callables.assume(HashMap::new());
    outcomes
}

/// The bytes that the rules of a file make of it, judged by nobody; its own where they cannot be applied.
fn rewritten(callables: &Callables, plan: &Plan, file: &Member, before: &[u8]) -> Option<Vec<u8>> {
    let applied = match segments(plan, file).as_slice() {
        [Segment::Pure(steps)] => apply(callables.top(), &file.path, before, before, steps).ok(),
        _ => None,
    };
    Some(applied.and_then(|applied| applied.bytes).unwrap_or_else(|| before.to_vec()))
}

/// A file that the plan makes of these bytes, which were `before` where they come from: it is judged like any other result, and must
/// hold nothing that a rule of the plan is there to take away.
fn made(callables: &Callables, plan: &Plan, file: &Member, bytes: &[u8], before: &[u8]) -> Outcome {
    let path = &file.path;
    let made = Made { bytes: bytes.to_vec(), ..Made::default() };
    if FileKind::of(path, bytes) != FileKind::Python {
        return Outcome::Changed(made);
    }
    let (source, old) = match (Source::new(bytes), Source::new(before)) {
        (Ok(source), Ok(old)) => (source, old),
        (Err(error), _) | (_, Err(error)) => return Outcome::Unsound(Unsound::source(path, &error)),
    };
    let module = module_of(callables.top(), path, source.text());
    let (after, before) = (Parsed::new(&source, module.as_deref()), Parsed::new(&old, module.as_deref()));
    if !after.problems().is_empty() {
        return Outcome::Unsound(Unsound::syntax(path, after.problems()));
    }
    let used = (0..plan.rules.len()).filter_map(|rule| step(plan, rule)).find_map(|(name, step)| {
        let seen = seen_in(&after, step).unwrap_or_default();
        seen.violations.first().map(|first| (name.to_owned(), first.line, first.column, first.name.clone()))
    });
    if let (Some((rule, line, column, name)), Severity::Error) = (used, plan.target(file).guards.severity(Guard::Violation)) {
        let reason = format!("{path}:{line}:{column}: the new file uses {name}, which the rule {rule} replaces");
        let help = "write it without, or rewrite the file by a plan of its own before it is moved";
        return Outcome::Unsound(Unsound { reason, help: help.to_owned() });
    }
    match sound(callables, plan, file, (&before, &after), Vec::new()) {
        Ok(warnings) => Outcome::Changed(Made { warnings, ..made }),
        Err(unsound) => Outcome::Unsound(unsound),
    }
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
    let takers = callables.takers(&unit.path, module.as_deref());
    let file = Parsed::new(&source, module.as_deref()).among(takers.as_deref());
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
fn of_python(callables: &Callables, plan: &Plan, unit: &Member, file: &Parsed, steps: &[Step]) -> Outcome {
    let mut applied = match rewrite::apply(file, steps) {
        Ok(applied) => applied,
        Err(error) => return Outcome::Unsound(Unsound::rewrite(&unit.path, &error)),
    };
    let Some(bytes) = applied.bytes.take() else { return of_applied(callables, plan, unit, (file, file), applied) };
    match Source::new(&bytes) {
        Ok(source) => match of_applied(callables, plan, unit, (file, &file.again(&source)), applied) {
            Outcome::Changed(made) => Outcome::Changed(Made { bytes, ..made }),
            other => other,
        },
        Err(error) => Outcome::Unsound(Unsound::source(&unit.path, &error)),
    }
}

/// What has been made of a unit's file, judged by the guards; the bytes are for who has them to add.
#[must_use]
pub fn of_applied(
    callables: &Callables,
    plan: &Plan,
    unit: &Member,
    (before, after): (&Parsed, &Parsed),
    applied: Applied,
) -> Outcome {
    let left = Warnings::left(applied.remarks).before;
    match sound(callables, plan, unit, (before, after), left) {
        Err(unsound) => Outcome::Unsound(unsound),
        Ok(warnings) if before.source().bytes() == after.source().bytes() => Outcome::Unchanged(warnings.before),
        Ok(warnings) => {
            let (imports, rules) = (imports_changed(before, after), at_work(plan, unit, applied.changed));
            Outcome::Changed(Made { bytes: Vec::new(), imports, rules, warnings })
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
pub fn apply(top: &Path, path: &RepoPath, before: &[u8], bytes: &[u8], steps: &[Step<'_>]) -> Result<Applied, Unsound> {
    if !rewrite::touches(bytes, steps) {
        return Ok(Applied { changed: vec![false; steps.len()], ..Applied::default() });
    }
    let kind = FileKind::of(path, before);
    let source = text(kind, bytes).map_err(|error| Unsound::rewrite(path, &error))?;
    let applied = match kind {
        FileKind::Python => rewrite::apply(&Parsed::new(&source, module_of(top, path, source.text()).as_deref()), steps),
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
    let takers = callables.takers(&unit.path, module.as_deref());
    judged(callables, plan, unit, &Parsed::new(&source, module.as_deref()).among(takers.as_deref()), made)
}

fn judged(callables: &Callables, plan: &Plan, unit: &Member, before: &Parsed, made: Made) -> Result<Made, Unsound> {
    let source = Source::new(&made.bytes).map_err(|error| Unsound::source(&unit.path, &error))?;
    let after = before.again(&source);
    let warnings = sound(callables, plan, unit, (before, &after), made.warnings.before)?;
    let imports = imports_changed(before, &after);
    Ok(Made { imports, warnings, ..made })
}
