//! What is to be done to a unit's file, in order: its own edits, then its rules. Nothing here does I/O.

use crate::path::RepoPath;
use crate::plan::{Command, Files, Phase, Plan, RuleKind, Treatment, glob};
use crate::rewrite::Step;
use crate::units::Member;

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
pub fn segments<'p>(plan: &'p Plan, unit: &Member) -> Vec<Segment<'p>> {
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
pub fn names<'p>(plan: &'p Plan, unit: &Member) -> Vec<&'p str> {
    let target = plan.target(unit);
    let edits = (!target.edits.is_empty()).then_some("edits");
    edits.into_iter().chain(target.rules.iter().map(|rule| plan.rules[*rule].name.as_str())).collect()
}

/// The unit's rules that are applied in memory, with their names.
#[must_use]
pub fn in_memory<'p>(plan: &'p Plan, unit: &Member) -> Vec<(&'p str, Step<'p>)> {
    plan.target(unit).rules.iter().filter_map(|rule| step(plan, *rule)).collect()
}

/// A rule that is applied in memory, with its name.
pub(super) fn step(plan: &Plan, rule: usize) -> Option<(&str, Step<'_>)> {
    let rule = &plan.rules[rule];
    let step = match &rule.kind {
        RuleKind::Rename(rename) => Step::Rename(rename),
        RuleKind::Rewrite(rewrite) => Step::Rewrite(rewrite),
        RuleKind::Command(_) => return None,
    };
    Some((&rule.name, step))
}

/// True when the plan changes the file at `path` by more than its rules for names, or is to make it.
#[must_use]
pub fn may_change(plan: &Plan, path: &RepoPath) -> bool {
    plan.phases.iter().flat_map(|phase| &phase.targets).any(|target| {
        let makes = matches!(target.treatment, Treatment::Create(_));
        (makes || !target.edits.is_empty() || plan.runs_codemod(target)) && is_of(&target.files, path)
    })
}

/// True when the plan changes the file at `path` before it comes to `unit`.
#[must_use]
pub fn changes_before(plan: &Plan, unit: &Member, path: &RepoPath) -> bool {
    let of_phase = |(phase, of): (usize, &'_ Phase)| {
        let targets = of.targets.iter().enumerate().map(move |(target, of)| ((phase, target), of.files.clone()));
        targets.collect::<Vec<_>>()
    };
    let own = (unit.phase, unit.target);
    plan.phases.iter().enumerate().flat_map(of_phase).any(|(at, files)| match &files {
        Files::Paths(paths) if at == own => {
            let place = |path: &RepoPath| paths.iter().position(|other| other == path);
            place(path).is_some_and(|at| Some(at) < place(&unit.path))
        }
        files => (at < own || at == own && path < &unit.path) && is_of(files, path),
    })
}

fn is_of(files: &Files, path: &RepoPath) -> bool {
    match files {
        Files::Paths(paths) => paths.contains(path),
        Files::Glob { include, exclude } => {
            let fits = |patterns| glob::matcher(patterns).is_ok_and(|matcher| matcher.is_match(path.as_path()));
            fits(include) && !fits(exclude)
        }
    }
}

/// The file that the plan makes, or moves another to, for the module of this dotted name.
#[must_use]
pub fn made<'p>(plan: &'p Plan, module: &str) -> Option<&'p RepoPath> {
    let inside = module.replace('.', "/");
    let is_it = |path: &&RepoPath| {
        let stem = [&b"/__init__.py"[..], b".py"].iter().find_map(|ending| path.as_bytes().strip_suffix(*ending));
        let before = stem.and_then(|stem| stem.strip_suffix(inside.as_bytes()));
        before.is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
    };
    let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
    let made = targets.filter_map(|target| match (&target.files, &target.treatment) {
        (Files::Paths(paths), Treatment::Create(_)) => paths.first(),
        _ => target.moved().map(|(_, to)| to),
    });
    made.into_iter().find(is_it)
}
