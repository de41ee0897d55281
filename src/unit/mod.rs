//! What is to become of one unit, found in memory: facts, rewrite, guards. Nothing is written here.

pub mod callables;

use crate::fs;
use crate::guard::{self, Context, Finding};
use crate::path::RepoPath;
use crate::plan::guards::{Guard, Severity};
use crate::plan::{Command, Plan, RuleKind};
use crate::python::module::module_name;
use crate::python::parsed::Parsed;
use crate::python::source::{Source, SourceError};
use crate::python::syntax::SyntaxProblem;
use crate::repo::target::{Conversions, Target, TargetProblem};
use crate::repo::{Repo, Tip};
use crate::rewrite::changes::{ImportsChanged, imports_changed};
use crate::rewrite::docs::Markup;
use crate::rewrite::error::RewriteError;
use crate::rewrite::glance::glance;
use crate::rewrite::violation::violations;
use crate::rewrite::{self, Applied, Remark, Step};
use crate::select::Unit;
use crate::unit::callables::Callables;

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
    pub warnings: Vec<Warning>,
}

/// Something in a unit's file that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// From 1; of a guard in the new text, of a rule in the text that it was given.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The guard that found it; `None` when a rule left it on purpose, or could not decide.
    pub guard: Option<Guard>,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl From<Finding> for Warning {
    fn from(finding: Finding) -> Self {
        let Finding { line, column, guard, message, help, .. } = finding;
        Self { line, column, guard: Some(guard), message, help }
    }
}

impl From<Remark> for Warning {
    fn from(remark: Remark) -> Self {
        let Remark { line, column, message, help } = remark;
        Self { line, column, guard: None, message, help }
    }
}

/// Why a file cannot be transformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    /// A lower-case fragment that names file and place.
    pub reason: String,
    /// What to do next.
    pub help: String,
}

impl Unsound {
    fn rewrite(path: &RepoPath, error: &RewriteError) -> Self {
        let mut reason = format!("{path}:{}:{}: {error}", error.line, error.column);
        if let Some(nearest) = &error.nearest {
            reason.push('\n');
            reason.push_str(nearest);
        }
        Self { reason, help: error.help() }
    }

    fn source(path: &RepoPath, error: &SourceError) -> Self {
        Self::rewrite(path, &rewrite::refused(error.clone()))
    }

    fn syntax(path: &RepoPath, problems: &[SyntaxProblem]) -> Self {
        let shown = problems.iter().take(5).map(|p| format!("{path}:{}:{}: {}", p.line, p.column, p.message));
        Self {
            reason: format!("the file is not valid Python: {}", shown.collect::<Vec<_>>().join("; ")),
            help: "mend the file, or take it out of the plan".to_owned(),
        }
    }

    /// What the guards found, a line each, and below it what the rules left elsewhere: that may be why.
    fn guard(path: &RepoPath, findings: &[&Finding], left: &[Warning]) -> Self {
        const MOST: usize = 5;
        let same = |finding: &Finding, warning: &Warning| (finding.line, finding.column) == (warning.line, warning.column);
        let shown = findings.iter().take(MOST).map(|finding| {
            let Finding { line, column, guard, message, .. } = finding;
            let why = left.iter().find(|warning| same(finding, warning));
            let why = why.map(|warning| format!(": {}", warning.message)).unwrap_or_default();
            format!("{path}:{line}:{column}: {message} ({}){why}", guard.word())
        });
        let only_left = findings.iter().all(|finding| finding.guard == Guard::Violation);
        let what = if only_left { "the rules leave what they are for" } else { "the result is unsound" };
        let mut reason = format!("{what}: {}", shown.collect::<Vec<_>>().join("\n"));
        if findings.len() > MOST {
            reason.push_str(&format!("\nand {} more", findings.len() - MOST));
        }
        let elsewhere = left.iter().filter(|warning| !findings.iter().any(|finding| same(finding, warning)));
        for Warning { line, column, message, .. } in elsewhere.take(MOST) {
            reason.push_str(&format!("\n{path}:{line}:{column}: {message}"));
        }
        Self { reason, help: findings.first().map_or_else(String::new, |finding| finding.help.clone()) }
    }
}

/// A stretch of a unit's transforms.
#[derive(Debug, Clone)]
pub enum Segment<'p> {
    /// Applied in memory.
    Pure(Vec<Step<'p>>),
    /// Run on the file in the work tree.
    Codemod(&'p Command),
}

/// The unit's transforms in order: its own edits, then its rules.
#[must_use]
pub fn segments<'p>(plan: &'p Plan, unit: &Unit) -> Vec<Segment<'p>> {
    let target = plan.target(unit);
    let mut segments = Vec::new();
    let mut pure: Vec<Step<'p>> = (!target.edits.is_empty()).then_some(Step::Edits(&target.edits)).into_iter().collect();
    for rule in &target.rules {
        if let RuleKind::Command(command) = &plan.rules[*rule].kind {
            if !pure.is_empty() {
                segments.push(Segment::Pure(std::mem::take(&mut pure)));
            }
            segments.push(Segment::Codemod(command));
        }
        pure.extend(step(plan, *rule).map(|(_, step)| step));
    }
    if !pure.is_empty() {
        segments.push(Segment::Pure(pure));
    }
    segments
}

/// What each of the unit's transforms is called, in their order.
#[must_use]
pub fn names<'p>(plan: &'p Plan, unit: &Unit) -> Vec<&'p str> {
    let target = plan.target(unit);
    let edits = (!target.edits.is_empty()).then_some("edits");
    edits.into_iter().chain(target.rules.iter().map(|rule| plan.rules[*rule].name.as_str())).collect()
}

/// Looks at a unit and applies its rules in memory.
///
/// # Errors
/// [`TargetProblem`] when HEAD, index and disk do not agree on the file.
pub fn prepare(
    plan: &Plan,
    tip: &Tip,
    unit: &Unit,
    conversions: &Conversions,
    callables: &Callables,
) -> Result<Prepared, TargetProblem> {
    let target = callables.repo().target(tip, &unit.path, conversions)?;
    let converted = conversions.apply_to(&unit.path);
    let outcome = transform(callables, plan, unit, &target.found.bytes);
    Ok(Prepared { target, converted, outcome })
}

fn transform(callables: &Callables, plan: &Plan, unit: &Unit, before: &[u8]) -> Outcome {
    let segments = segments(plan, unit);
    if !is_python(&unit.path) {
        return match segments.as_slice() {
            [] => Outcome::Unchanged(Vec::new()),
            [Segment::Pure(steps)] => document(plan, unit, before, steps),
            _ => Outcome::NeedsCodemod,
        };
    }
    let module = module_of(callables.repo(), &unit.path);
    let source = match Source::new(before) {
        Ok(source) => source,
        Err(error) => return Outcome::Unsound(Unsound::source(&unit.path, &error)),
    };
    let file = Parsed::new(&source, module.as_deref());
    if !file.problems().is_empty() {
        return Outcome::Unsound(Unsound::syntax(&unit.path, file.problems()));
    }
    match segments.as_slice() {
        [] => Outcome::Unchanged(Vec::new()),
        [Segment::Pure(steps)] => match rewrite::apply(&file, steps) {
            Err(error) => Outcome::Unsound(Unsound::rewrite(&unit.path, &error)),
            Ok(Applied { bytes: None, remarks, .. }) => {
                let warnings = remarks.into_iter().map(Warning::from).collect();
                match sound(callables, plan, unit, (&file, &file), warnings) {
                    Ok(warnings) => Outcome::Unchanged(warnings),
                    Err(unsound) => Outcome::Unsound(unsound),
                }
            }
            Ok(Applied { bytes: Some(bytes), remarks, changed }) => {
                let warnings = remarks.into_iter().map(Warning::from).collect();
                let made = Made { bytes, imports: ImportsChanged::default(), rules: at_work(plan, unit, changed), warnings };
                judged(callables, plan, unit, &file, made).map_or_else(Outcome::Unsound, Outcome::Changed)
            }
        },
        _ => Outcome::NeedsCodemod,
    }
}

/// What rules make of a file that is not Python. There is nothing in it that the guards could judge.
fn document(plan: &Plan, unit: &Unit, before: &[u8], steps: &[Step]) -> Outcome {
    match rewrite::apply_to_document(before, markup(&unit.path), steps) {
        Err(error) => Outcome::Unsound(Unsound::rewrite(&unit.path, &error)),
        Ok(Applied { bytes: None, remarks, .. }) => Outcome::Unchanged(remarks.into_iter().map(Warning::from).collect()),
        Ok(Applied { bytes: Some(bytes), remarks, changed }) => {
            let warnings = remarks.into_iter().map(Warning::from).collect();
            Outcome::Changed(Made { bytes, imports: ImportsChanged::default(), rules: at_work(plan, unit, changed), warnings })
        }
    }
}

/// The names of the transforms that changed something.
fn at_work(plan: &Plan, unit: &Unit, changed: Vec<bool>) -> Vec<String> {
    let names = names(plan, unit).into_iter().zip(changed);
    names.filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned()).collect()
}

/// Applies pure transforms to bytes, which are not judged yet.
///
/// # Errors
/// [`Unsound`] when one cannot be applied.
pub fn apply(repo: &Repo, path: &RepoPath, bytes: &[u8], steps: &[Step<'_>]) -> Result<Applied, Unsound> {
    if !rewrite::touches(bytes, steps) {
        return Ok(Applied { changed: vec![false; steps.len()], ..Applied::default() });
    }
    if !is_python(path) {
        return rewrite::apply_to_document(bytes, markup(path), steps).map_err(|error| Unsound::rewrite(path, &error));
    }
    let module = module_of(repo, path);
    let source = Source::new(bytes).map_err(|error| Unsound::source(path, &error))?;
    rewrite::apply(&Parsed::new(&source, module.as_deref()), steps).map_err(|error| Unsound::rewrite(path, &error))
}

/// Judges by the guards what became of a unit's file, and tells what its commit says of the imports.
///
/// # Errors
/// [`Unsound`] with what the change broke.
pub fn check(callables: &Callables, plan: &Plan, unit: &Unit, before: &[u8], made: Made) -> Result<Made, Unsound> {
    if !is_python(&unit.path) {
        return Ok(made);
    }
    let module = module_of(callables.repo(), &unit.path);
    let source = Source::new(before).map_err(|error| Unsound::source(&unit.path, &error))?;
    judged(callables, plan, unit, &Parsed::new(&source, module.as_deref()), made)
}

fn judged(callables: &Callables, plan: &Plan, unit: &Unit, before: &Parsed, made: Made) -> Result<Made, Unsound> {
    let source = Source::new(&made.bytes).map_err(|error| Unsound::source(&unit.path, &error))?;
    let after = Parsed::new(&source, before.module());
    let warnings = sound(callables, plan, unit, (before, &after), made.warnings)?;
    let imports = imports_changed(before, &after);
    Ok(Made { imports, warnings, ..made })
}

/// What the guards would only warn of in the second text, below what the rules left.
fn sound(
    callables: &Callables,
    plan: &Plan,
    unit: &Unit,
    (before, after): (&Parsed, &Parsed),
    left: Vec<Warning>,
) -> Result<Vec<Warning>, Unsound> {
    let target = plan.target(unit);
    let rules = in_memory(plan, unit);
    let is_coroutine = |name: &str| callables.gives_coroutine(&unit.path, before.module(), name);
    let context = Context { guards: target.guards, rules: &rules, is_coroutine: &is_coroutine };
    let findings = guard::check(before, after, &context);
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    if errors.is_empty() {
        return Ok(left.into_iter().chain(findings.into_iter().map(Warning::from)).collect());
    }
    Err(Unsound::guard(&unit.path, &errors, &left))
}

/// True when there is something to do in a unit's file that holds these bytes: a rule changes it, cannot be applied to it, or leaves
/// a violation that must not be left. Files with external codemods among their rules are not for here.
#[must_use]
pub fn has_work(repo: &Repo, plan: &Plan, unit: &Unit, bytes: &[u8]) -> bool {
    let segments = segments(plan, unit);
    let [Segment::Pure(steps)] = segments.as_slice() else { return false };
    if !rewrite::touches(bytes, steps) {
        return false;
    }
    if !is_python(&unit.path) {
        return rewrite::apply_to_document(bytes, markup(&unit.path), steps).map_or(true, |applied| applied.bytes.is_some());
    }
    let module = module_of(repo, &unit.path);
    let Ok(source) = Source::new(bytes) else { return true };
    let file = Parsed::new(&source, module.as_deref());
    let must_go = plan.target(unit).guards.severity(Guard::Violation) == Severity::Error && file.problems().is_empty();
    let rules = in_memory(plan, unit);
    // A glance is cheap, and what it finds must go, one way or the other.
    let shows =
        |(_, step): &(&str, Step)| glance(&file, *step).is_ok_and(|seen| seen.is_some_and(|seen| !seen.violations.is_empty()));
    let holds = |(_, step): &(&str, Step)| violations(&file, *step).map_or(true, |found| !found.is_empty());
    (must_go && rules.iter().any(shows))
        || rewrite::apply(&file, steps).map_or(true, |applied| applied.bytes.is_some())
        || (must_go && rules.iter().any(holds))
}

/// The unit's rules that are applied in memory, with their names.
fn in_memory<'p>(plan: &'p Plan, unit: &Unit) -> Vec<(&'p str, Step<'p>)> {
    plan.target(unit).rules.iter().filter_map(|rule| step(plan, *rule)).collect()
}

/// A rule that is applied in memory, with its name.
fn step(plan: &Plan, rule: usize) -> Option<(&str, Step<'_>)> {
    let rule = &plan.rules[rule];
    let step = match &rule.kind {
        RuleKind::Rename(rename) => Step::Rename(rename),
        RuleKind::Rewrite(rewrite) => Step::Rewrite(rewrite),
        RuleKind::Command(_) => return None,
    };
    Some((&rule.name, step))
}

/// True for files that Python reads.
#[must_use]
pub fn is_python(path: &RepoPath) -> bool {
    path.as_bytes().ends_with(b".py") || path.as_bytes().ends_with(b".pyi")
}

/// How a document is written that can show Python.
#[must_use]
pub fn markup(path: &RepoPath) -> Option<Markup> {
    let path = path.as_bytes();
    if path.ends_with(b".md") || path.ends_with(b".markdown") {
        return Some(Markup::Markdown);
    }
    path.ends_with(b".rst").then_some(Markup::Rst)
}

/// The dotted name of the module at `path`, for relative imports.
pub(crate) fn module_of(repo: &Repo, path: &RepoPath) -> Option<String> {
    module_name(path.as_bytes(), |package| {
        RepoPath::new(package).is_ok_and(|package| matches!(fs::stat(repo.top(), &package), Ok(Some(_))))
    })
}
