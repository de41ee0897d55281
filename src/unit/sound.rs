//! What a person is told of a unit's file: what the guards find in the result, what the rules left, why there is no result at all.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::guard::{self, Context, Finding};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::guards::{Guard, Severity};
use crate::program::Module;
use crate::python::parsed::Parsed;
use crate::python::source::{Source, SourceError};
use crate::python::syntax::SyntaxProblem;
use crate::rewrite::error::RewriteError;
use crate::rewrite::follow::{Follow, Spot, aside};
use crate::rewrite::violation::{Seen, Violation, look};
use crate::rewrite::{self, Remark, Step};
use crate::unit::callables::Callables;
use crate::unit::segments::{changes_before, in_memory, made, may_change};
use crate::units::Member;

/// Something in a unit's file that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub spot: Spot,
    /// The guard that found it; `None` when a rule says it of what it left, or took away.
    pub guard: Option<Guard>,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What a person should know of a unit's file, told of each version of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Warnings {
    /// In the file as it is.
    pub before: Vec<Warning>,
    /// In the file as it shall be.
    pub after: Vec<Warning>,
}

impl Warnings {
    /// What the rules left, before it is known what they made.
    #[must_use]
    pub fn left(remarks: Vec<Remark>) -> Self {
        Self { before: remarks.into_iter().map(Warning::from).collect(), after: Vec::new() }
    }
}

impl Warning {
    pub(super) fn of(finding: &Finding, spot: Spot) -> Self {
        Self { spot, guard: Some(finding.guard), message: finding.message.clone(), help: finding.help.clone() }
    }
}

impl From<Remark> for Warning {
    fn from(remark: Remark) -> Self {
        let Remark { line, column, written, message, help, .. } = remark;
        Self { spot: Spot { line, column, written }, guard: None, message, help }
    }
}

/// What the rules left in the file as it was before, told of what they made too.
pub(super) fn carried(left: Vec<Warning>, before: &Source, after: &Source) -> Warnings {
    if left.is_empty() || before.bytes() == after.bytes() {
        return Warnings { after: left.clone(), before: left };
    }
    let follow = Follow::new(before, after);
    let carry = |warning: &Warning| {
        let Spot { line, column, .. } = follow.spot(warning.spot.line, warning.spot.column);
        Warning { spot: Spot::at(line, column), message: follow.message(&warning.message), ..warning.clone() }
    };
    Warnings { after: left.iter().map(carry).collect(), before: left }
}

/// Adds the places that may be violations, unless something is said of their line already.
pub(super) fn tell_undecided(warnings: &mut Vec<Warning>, seen: Seen) {
    for (Violation { line, column, name, .. }, why) in seen.undecided {
        if warnings.iter().all(|known| known.spot.line != line) {
            warnings.push(Warning {
                spot: Spot::at(line, column),
                guard: None,
                message: format!("whether this uses {name} cannot be told: {why}"),
                help: "look at the place, and write `edits` for it where it does".to_owned(),
            });
        }
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
        let mut reason = format!("{path}:{}:{}: {error}{}", error.line, error.column, aside(error.written.as_deref()));
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
            help: "fix the file, or take it out of the plan".to_owned(),
        }
    }

    /// What the guards found, a line each, and below it what the rules left elsewhere: that may be why.
    pub(super) fn guard(path: &RepoPath, findings: &[&Finding], left: &[Warning]) -> Self {
        const MOST: usize = 5;
        let same = |finding: &Finding, warning: &Warning| finding.before == warning.spot;
        let shown = findings.iter().take(MOST).map(|finding| {
            let Finding { before: Spot { line, column, written }, guard, message, .. } = finding;
            let why = left.iter().find(|warning| same(finding, warning));
            let why = why.map(|warning| format!(": {}", warning.message)).unwrap_or_default();
            format!("{path}:{line}:{column}: {message} ({}){why}{}", guard.word(), aside(written.as_deref()))
        });
        let only_left = findings.iter().all(|finding| finding.guard == Guard::Violation);
        let what = if only_left { "violations are left" } else { "the result is unsound" };
        let mut reason = format!("{what}: {}", shown.collect::<Vec<_>>().join("\n"));
        if findings.len() > MOST {
            reason.push_str(&format!("\nand {} more", findings.len() - MOST));
        }
        let elsewhere = left.iter().filter(|warning| !findings.iter().any(|finding| same(finding, warning)));
        for Warning { spot: Spot { line, column, written }, message, .. } in elsewhere.take(MOST) {
            reason.push_str(&format!("\n{path}:{line}:{column}: {message}{}", aside(written.as_deref())));
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
    unit: &Member,
    (before, after): (&Parsed, &Parsed),
    left: Vec<Warning>,
) -> Result<Warnings, Unsound> {
    let target = plan.target(unit);
    let rules = in_memory(plan, unit);
    let own = OnceCell::new();
    let own = || own.get_or_init(|| Module::read(after).ok().map(Rc::new)).clone();
    let files = |name: &str| {
        let Some((path, module)) = callables.module(&unit.path, before.module(), name) else {
            let unseen = || Rc::new(Module { name: name.to_owned(), open: true, ..Module::default() });
            return made(plan, name).map(|path| (path.clone(), unseen()));
        };
        let module = if path == unit.path { own()? } else { module };
        // What the plan makes of it may have other names.
        let open = may_change(plan, &path).then(|| Rc::new(Module { open: true, ..(*module).clone() }));
        Some((path, open.unwrap_or(module)))
    };
    let context = Context {
        guards: target.guards,
        rules: &rules,
        files: &files,
        loads: &|name| callables.loads(name),
        changes_before: &|path| changes_before(plan, unit, path),
    };
    let findings = guard::check(before, after, &context);
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    if errors.is_empty() {
        let mut warnings = carried(left, before.source(), after.source());
        warnings.before.extend(findings.iter().map(|finding| Warning::of(finding, finding.before.clone())));
        warnings.after.extend(findings.iter().map(|finding| Warning::of(finding, Spot::at(finding.line, finding.column))));
        if target.guards.severity(Guard::Violation) != Severity::Off {
            add_undecided(&mut warnings, (before, after), &rules);
        }
        return Ok(warnings);
    }
    Err(Unsound::guard(&unit.path, &errors, &left))
}

/// What may still be a violation in the second text, told of both.
fn add_undecided(warnings: &mut Warnings, (before, after): (&Parsed, &Parsed), rules: &[(&str, Step)]) {
    let known = warnings.after.len();
    for (_, step) in rules {
        // A text without a tree in time has been refused by the rules themselves.
        tell_undecided(&mut warnings.after, look(after, *step).unwrap_or_default());
    }
    if warnings.after.len() > known {
        let follow = Follow::new(after.source(), before.source());
        let told = warnings.after[known..].iter();
        let told = told.map(|warning| Warning { spot: follow.spot(warning.spot.line, warning.spot.column), ..warning.clone() });
        warnings.before.extend(told);
    }
}
