//! What is to become of one unit, found in memory: facts, rewrite, guards. Nothing is written here.

use crate::fs;
use crate::guard::{self, Finding};
use crate::path::RepoPath;
use crate::plan::{Command, Plan, RuleKind};
use crate::python::module::module_name;
use crate::python::parsed::Parsed;
use crate::python::source::{Source, SourceError};
use crate::python::syntax::SyntaxProblem;
use crate::repo::target::{Conversions, Target, TargetProblem};
use crate::repo::{Repo, Tip};
use crate::rewrite::changes::{ImportsChanged, imports_changed};
use crate::rewrite::error::RewriteError;
use crate::rewrite::{self, Applied, Remark, Step};
use crate::select::Unit;

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
    /// Nothing.
    Unchanged,
    /// An external codemod has to be run to know.
    NeedsCodemod,
    /// The rules cannot be applied, or what they make is unsound.
    Unsound(Unsound),
}

/// New bytes of a file, with what its commit says of them.
#[derive(Debug, Clone)]
pub struct Made {
    /// The file as it shall be.
    pub bytes: Vec<u8>,
    /// The names whose imports came or went.
    pub imports: ImportsChanged,
    /// What of the deprecated was left on purpose, or could not be decided.
    pub remarks: Vec<Remark>,
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

    fn guard(path: &RepoPath, findings: &[Finding]) -> Self {
        let shown = findings.iter().take(5).map(|f| format!("{path}:{}:{}: {} ({})", f.line, f.column, f.message, f.rule));
        Self {
            reason: format!("the result is unsound: {}", shown.collect::<Vec<_>>().join("; ")),
            help: findings.first().map_or_else(String::new, |finding| finding.help.clone()),
        }
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
        match &plan.rules[*rule].kind {
            RuleKind::Rename(rename) => pure.push(Step::Rename(rename)),
            RuleKind::Rewrite(rewrite) => pure.push(Step::Rewrite(rewrite)),
            RuleKind::Command(command) => {
                if !pure.is_empty() {
                    segments.push(Segment::Pure(std::mem::take(&mut pure)));
                }
                segments.push(Segment::Codemod(command));
            }
        }
    }
    if !pure.is_empty() {
        segments.push(Segment::Pure(pure));
    }
    segments
}

/// Looks at a unit and applies its rules in memory.
///
/// # Errors
/// [`TargetProblem`] when HEAD, index and disk do not agree on the file.
pub fn prepare(repo: &Repo, plan: &Plan, tip: &Tip, unit: &Unit, conversions: &Conversions) -> Result<Prepared, TargetProblem> {
    let target = repo.target(tip, &unit.path, conversions)?;
    let converted = conversions.apply_to(&unit.path);
    let outcome = transform(repo, plan, unit, &target.found.bytes);
    Ok(Prepared { target, converted, outcome })
}

fn transform(repo: &Repo, plan: &Plan, unit: &Unit, before: &[u8]) -> Outcome {
    let segments = segments(plan, unit);
    if !is_python(&unit.path) && !matches!(segments.as_slice(), [Segment::Pure(_)]) {
        return if segments.is_empty() { Outcome::Unchanged } else { Outcome::NeedsCodemod };
    }
    let module = module_of(repo, &unit.path);
    let source = match Source::new(before) {
        Ok(source) => source,
        Err(error) => return Outcome::Unsound(Unsound::source(&unit.path, &error)),
    };
    let file = Parsed::new(&source, module.as_deref());
    if is_python(&unit.path) && !file.problems().is_empty() {
        return Outcome::Unsound(Unsound::syntax(&unit.path, file.problems()));
    }
    match segments.as_slice() {
        [] => Outcome::Unchanged,
        [Segment::Pure(steps)] => match rewrite::apply(&file, steps) {
            Err(error) => Outcome::Unsound(Unsound::rewrite(&unit.path, &error)),
            Ok(Applied { bytes: None, .. }) => Outcome::Unchanged,
            Ok(Applied { bytes: Some(bytes), remarks, .. }) => match judged(&unit.path, &file, &bytes) {
                Ok(imports) => Outcome::Changed(Made { bytes, imports, remarks }),
                Err(unsound) => Outcome::Unsound(unsound),
            },
        },
        _ => Outcome::NeedsCodemod,
    }
}

/// Applies pure transforms to bytes, which are not judged yet.
///
/// # Errors
/// [`Unsound`] when one cannot be applied.
pub fn apply(repo: &Repo, path: &RepoPath, bytes: &[u8], steps: &[Step<'_>]) -> Result<Vec<u8>, Unsound> {
    let module = module_of(repo, path);
    rewrite::rewritten(bytes, module.as_deref(), steps).map_err(|error| Unsound::rewrite(path, &error))
}

/// Judges what became of a file by the guards.
///
/// # Errors
/// [`Unsound`] with what the change broke.
pub fn check(repo: &Repo, path: &RepoPath, before: &[u8], bytes: Vec<u8>) -> Result<Made, Unsound> {
    let module = module_of(repo, path);
    let source = Source::new(before).map_err(|error| Unsound::source(path, &error))?;
    let imports = judged(path, &Parsed::new(&source, module.as_deref()), &bytes)?;
    Ok(Made { bytes, imports, remarks: Vec::new() })
}

fn judged(path: &RepoPath, before: &Parsed, after: &[u8]) -> Result<ImportsChanged, Unsound> {
    if !is_python(path) {
        return Ok(ImportsChanged::default());
    }
    let source = Source::new(after).map_err(|error| Unsound::source(path, &error))?;
    let after = Parsed::new(&source, before.module());
    guard::check(before, &after).map_err(|findings| Unsound::guard(path, &findings))?;
    Ok(imports_changed(before, &after))
}

/// True for files that Python reads.
#[must_use]
pub fn is_python(path: &RepoPath) -> bool {
    path.as_bytes().ends_with(b".py") || path.as_bytes().ends_with(b".pyi")
}

/// The dotted name of the module at `path`, for relative imports.
fn module_of(repo: &Repo, path: &RepoPath) -> Option<String> {
    module_name(path.as_bytes(), |package| {
        RepoPath::new(package).is_ok_and(|package| matches!(fs::stat(repo.top(), &package), Ok(Some(_))))
    })
}
