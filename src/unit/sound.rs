//! What a person is told of a unit's file: what the guards find in the result, what the rules left, why there is no result at all.

use crate::guard::{self, Context, Finding};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::guards::{Guard, Severity};
use crate::python::parsed::Parsed;
use crate::python::source::SourceError;
use crate::python::syntax::SyntaxProblem;
use crate::rewrite::error::RewriteError;
use crate::rewrite::{self, Remark};
use crate::select::Unit;
use crate::unit::callables::Callables;
use crate::unit::segments::in_memory;

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
    pub(super) fn rewrite(path: &RepoPath, error: &RewriteError) -> Self {
        let mut reason = format!("{path}:{}:{}: {error}", error.line, error.column);
        if let Some(nearest) = &error.nearest {
            reason.push('\n');
            reason.push_str(nearest);
        }
        Self { reason, help: error.help() }
    }

    pub(super) fn source(path: &RepoPath, error: &SourceError) -> Self {
        Self::rewrite(path, &rewrite::refused(error.clone()))
    }

    pub(super) fn syntax(path: &RepoPath, problems: &[SyntaxProblem]) -> Self {
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

/// What the guards would only warn of in the second text, below what the rules left.
///
/// # Errors
/// [`Unsound`] with what they would not let pass.
pub(super) fn sound(
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
