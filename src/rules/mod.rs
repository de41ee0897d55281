//! What a plan's rules are in the repository at hand: where the module ends in a new name, and whether a rule has anything to do, had, or
//! never will.
//!
//! A plan that was only loaded knows no repository; [`resolve`] is asked once for each, right after that.

mod border;
mod departed;
mod feed;
mod liveness;
mod past;
mod sight;
mod told;

use std::collections::{BTreeSet, HashMap};

use git2::Oid;

use crate::fs;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::diagnostics::Problem;
use crate::plan::{Plan, Rule, RuleKind, Treatment};
use crate::program::{Known, Program};
use crate::repo::Repo;
use crate::rules::feed::Origin;
use crate::rules::liveness::{Facts, Liveness, Now, Past, liveness};
use crate::rules::sight::Sought;
use crate::rules::told::Teller;
use crate::stop::Stop;

/// What is wrong with the rules of a plan in a repository.
#[derive(Debug, Default)]
pub struct RuleProblems {
    /// What keeps a run from beginning.
    pub errors: Vec<Problem>,
    /// What should be known.
    pub warnings: Vec<Problem>,
}

impl RuleProblems {
    /// Fails when something is wrong.
    ///
    /// # Errors
    /// [`Stop::Rules`], with each rule's place.
    pub fn refuse(self, plan: &Plan) -> Result<(), Stop> {
        if self.errors.is_empty() { Ok(()) } else { Err(Stop::Rules(plan.problems(self.errors))) }
    }
}

/// Everything that is wrong with the rules: those that never did anything and never will, and those that lead to what is not there.
///
/// # Errors
/// When files or history cannot be read; [`Stop::Unbegun`].
pub fn judge(repo: &Repo, plan: &Plan, interrupt: &Interrupt) -> Result<RuleProblems, Stop> {
    // What no phase uses is told with the plan.
    let used: BTreeSet<usize> =
        plan.phases.iter().flat_map(|phase| &phase.targets).flat_map(|target| &target.rules).copied().collect();
    let mut judged = dead(repo, plan, used.iter().copied(), interrupt)?;
    judged.errors.extend(astray(repo, plan, &used, interrupt)?);
    Ok(judged)
}

/// Those of some rules of the plan, by their numbers, that never matched anything, and as warnings those of which that cannot be known.
/// History is asked only for what has no match where the plan would look last.
///
/// # Errors
/// When files or history cannot be read; [`Stop::Unbegun`].
pub fn dead(
    repo: &Repo,
    plan: &Plan,
    rules: impl IntoIterator<Item = usize>,
    interrupt: &Interrupt,
) -> Result<RuleProblems, Stop> {
    let mut open: BTreeSet<usize> = rules.into_iter().filter(|at| !is_exempt(&plan.rules[*at])).collect();
    if open.is_empty() {
        return Ok(RuleProblems::default());
    }
    let sought = Sought::new(plan, open.iter().copied())?;
    let listed = sought.listed(repo)?;
    let alive = sought.in_last(repo, &listed);
    open.retain(|rule| !alive.contains(rule));
    let tip = tip(repo);
    let mut trail = match tip.filter(|_| !open.is_empty()) {
        Some(tip) => past::follow(repo, tip, plan, &sought, &open)?,
        None => past::Trail::default(),
    };
    open.retain(|rule| !trail.matched.contains(rule));
    if open.is_empty() {
        return Ok(RuleProblems::default());
    }
    let sought = Sought::new(plan, open.iter().copied())?;
    let now = sought.in_all(repo, tip, &listed, interrupt)?;
    open.retain(|rule| !now.iter().any(|(other, now)| other == rule && *now == Now::Matches));
    if let Some(tip) = tip.filter(|_| !open.is_empty()) {
        trail = trail.beginning(repo, tip, (plan, &sought), &open, interrupt)?;
    }
    let teller = Teller::new(program(repo, plan)?);
    let mut judged = RuleProblems::default();
    for (at, now) in now {
        let past = match () {
            () if trail.matched.contains(&at) => Past::Matched,
            () if trail.cut => Past::Cut,
            () => Past::Never,
        };
        let rule = &plan.rules[at];
        match liveness(&Facts { exempt: is_exempt(rule), fed: feed::is_fed(plan, at), now, past }) {
            Liveness::Dead => judged.errors.push(teller.dead(rule)),
            Liveness::Undecided(doubt) => judged.warnings.push(told::undecided(rule, &doubt)),
            Liveness::Exempt | Liveness::Alive | Liveness::Finished | Liveness::Waiting => {}
        }
    }
    Ok(judged)
}

/// The newest commit; a repository without one has no history.
fn tip(repo: &Repo) -> Option<Oid> {
    repo.tip().ok().map(|tip| tip.commit)
}

fn is_exempt(rule: &Rule) -> bool {
    rule.may_match_nothing || matches!(rule.kind, RuleKind::Command(_))
}

/// The renames that have something to do and lead to what a module of the tree lacks: what they write would fail where it is imported.
/// What the plan itself makes may come in time.
fn astray(repo: &Repo, plan: &Plan, used: &BTreeSet<usize>, interrupt: &Interrupt) -> Result<Vec<Problem>, Stop> {
    let renames = || {
        plan.rules.iter().enumerate().filter_map(|(at, rule)| match &rule.kind {
            RuleKind::Rename(rename) if used.contains(&at) => Some((at, rule, rename)),
            RuleKind::Rename(_) | RuleKind::Rewrite(_) | RuleKind::Command(_) => None,
        })
    };
    if renames().next().is_none() {
        return Ok(Vec::new());
    }
    let program = program(repo, plan)?;
    let mut lost: Vec<(usize, Problem)> = Vec::new();
    for (at, rule, rename) in renames() {
        let Known::Missing { owner, name, path, .. } = program.look_up(&rename.to) else { continue };
        if !feed::may_make(plan, &rename.to, &path) {
            lost.push((at, told::missing(rule, &rename.to, &owner, &name)));
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let sought = Sought::new(plan, lost.iter().map(|(at, _)| *at))?;
    let now = sought.in_all(repo, tip(repo), &sought.listed(repo)?, interrupt)?;
    let matches = |at: usize| now.contains(&(at, Now::Matches));
    Ok(lost.into_iter().filter(|(at, _)| matches(*at)).map(|(_, problem)| problem).collect())
}

/// Why nothing uses a dotted name, and what in the tree comes nearest to it: `no file imports a.b (did you mean a.c?)`.
///
/// # Errors
/// When the files of the repository cannot be listed.
pub fn unused(repo: &Repo, name: &str) -> Result<String, Stop> {
    let listed = repo.listing(|path| path.ends_with(b".py") || path.ends_with(b".pyi"))?;
    let read = |path: &RepoPath| fs::read(repo.top(), path).ok().map(|found| found.bytes);
    let program = Program::new(listed.into_iter().map(|file| file.path), read);
    Ok(Teller::new(program).unused(&[name.to_owned()]))
}

/// Looks up what the renames of `plan` lead to, so that imports are written as Python has them, and adds a warning for each of which it
/// cannot be known.
///
/// # Errors
/// [`Stop::Plan`] for a rename that would never end.
pub fn resolve(repo: &Repo, plan: &mut Plan) -> Result<(), Stop> {
    if !plan.rules.iter().any(|rule| matches!(rule.kind, RuleKind::Rename(_))) {
        return Ok(());
    }
    // Whoever goes on says what is wrong with a repository whose files cannot be listed.
    let Ok(program) = program(repo, plan) else { return Ok(()) };
    let mut known: HashMap<String, Known> = HashMap::new();
    let mut look_up = |name: &str| known.entry(name.to_owned()).or_insert_with(|| program.look_up(name)).clone();
    let mut wrong = Vec::new();
    for rule in &mut plan.rules {
        let RuleKind::Rename(rename) = &mut rule.kind else { continue };
        plan.warnings.extend(border::find(rename, &mut look_up, &|name| program.meant(name), rule.place));
        let (to, known) = (rename.to.clone(), look_up(&rename.to));
        plan.warnings.extend(told::unseen(&program, &known, (&rule.name, rule.place), &to));
        wrong.extend(border::endless(rename, rule.place));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Stop::Plan(plan.problems(wrong))) }
}

/// Warnings of modules that the plan deletes, or moves to another name, while other files still import them.
///
/// # Errors
/// When the files of the repository cannot be listed.
pub fn departed(repo: &Repo, plan: &Plan) -> Result<Vec<Problem>, Stop> {
    let mut targets = plan.phases.iter().flat_map(|phase| &phase.targets);
    if !targets.any(|target| matches!(target.treatment, Treatment::Delete | Treatment::Move(_))) {
        return Ok(Vec::new());
    }
    Ok(departed::departed(plan, &program(repo, plan)?))
}

/// The modules of the work tree, those files that git tracks, and what the plan makes.
fn program<'r>(repo: &'r Repo, plan: &Plan) -> Result<Program<'r>, Stop> {
    let listed = repo.listing(|path| path.ends_with(b".py") || path.ends_with(b".pyi"))?;
    // What cannot be read tells nothing; whoever has to change it says so.
    let read = |path: &RepoPath| fs::read(repo.top(), path).ok().map(|found| found.bytes);
    Ok(with_made(plan, listed.into_iter().map(|file| file.path).collect(), read))
}

/// The modules among the files `paths`, and those that the plan makes and that are not among them yet.
fn with_made<'r>(plan: &Plan, mut paths: Vec<RepoPath>, read: impl Fn(&RepoPath) -> Option<Vec<u8>> + 'r) -> Program<'r> {
    let mut made = feed::made(plan);
    for path in &paths {
        made.remove(path);
    }
    paths.extend(made.keys().cloned());
    Program::new(paths, move |path| match made.get(path) {
        Some(Origin::Text(text)) => Some(text.clone().into_bytes()),
        Some(Origin::File(from)) => read(from),
        None => read(path),
    })
}
