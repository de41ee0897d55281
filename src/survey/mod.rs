//! Where every unit of a plan stands: from the branch's commits first, then the journal, then what the rules would still do.

mod attempt;
mod gates;
mod landed;

pub use attempt::{Attempts, under_way};
pub use gates::last_gate;
pub use landed::{Landed, is_back, landed};

use std::collections::HashMap;

use git2::Oid;

use crate::event::{Looked, Watch};
use crate::fs;
use crate::interrupt::Interrupt;
use crate::journal::Record;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::diagnostics::Problem;
use crate::plan::digest::digest;
use crate::plan::guards::{Guard, Severity};
use crate::repo::target::Conversions;
use crate::repo::{Repo, Tip};
use crate::schedule::standing::{By, Content, Decision, Facts, History, decide};
use crate::select::{self, Unit};
use crate::state::{Counts, State};
use crate::stop::Stop;
use crate::unit;

/// A unit and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The unit.
    pub unit: Unit,
    /// Where it stands.
    pub state: State,
    /// Its newest commit, if the branch has one.
    pub commit: Option<Oid>,
    /// Why it stands there, where that is not plain.
    pub why: Option<String>,
    /// Violations in its file that the plan allows to be left.
    pub violations_left: usize,
}

/// All units of a plan.
#[derive(Debug, Default)]
pub struct Survey {
    /// In the order of the plan.
    pub units: Vec<Standing>,
    /// Globs that match no tracked file: phase and target.
    pub unmatched: Vec<(usize, usize)>,
}

/// Why a unit is rolled back that a person took back.
pub const BY_HAND: &str = "by hand";

/// How many of these units are in which state.
pub fn counts<'s>(units: impl IntoIterator<Item = &'s Standing>) -> Counts {
    Counts::of(units.into_iter().map(|standing| standing.state))
}

fn unless_asked_to_end(interrupt: &Interrupt) -> Result<(), Stop> {
    interrupt.pending().map_or(Ok(()), |signal| Err(Stop::Unbegun(signal)))
}

/// Finds the units of `plan` at `tip` and where each stands, while somebody may `watch`. Whether there is something to do in a unit's
/// file as it is on disk is asked of `works`, once for each at most, and only where commits and blobs cannot tell; [`has_work`] tells.
///
/// # Errors
/// When history or tree cannot be read, and what `works` fails with; [`Stop::Unbegun`] when a signal comes between two files.
pub fn survey(
    repo: &Repo,
    tip: &Tip,
    plan: &Plan,
    records: &[Record],
    interrupt: &Interrupt,
    watch: Watch,
    works: &mut dyn FnMut(&Unit) -> Result<bool, Stop>,
) -> Result<Survey, Stop> {
    let landed = landed(repo, tip.commit, &plan.name, interrupt)?;
    let digest = digest(plan);
    let attempts = Attempts::of(records, &plan.name, &digest);
    // What lies on disk of a unit that is under way says nothing yet.
    let under_way = under_way(records, &plan.name);
    let mut works = |unit: &Unit| {
        unless_asked_to_end(interrupt)?;
        Ok::<_, Stop>(under_way == Some(&unit.path) || works(unit)?)
    };
    let tracked = if plan.has_globs() { repo.files(tip.commit)? } else { Vec::new() };
    let mut todo: HashMap<RepoPath, bool> = HashMap::new();
    let mut looked = Looked { files: 0, of: 0 };
    let selection = select::select(plan, &tracked, |unit, of| -> Result<bool, Stop> {
        if landed.contains_key(&unit.path) {
            return Ok(true);
        }
        looked = Looked { files: looked.files + 1, of };
        watch(looked);
        let work = works(unit)?;
        todo.insert(unit.path.clone(), work);
        Ok(work)
    })?;
    let mut units = Vec::with_capacity(selection.units.len());
    let of = looked.of.max(selection.units.len());
    for unit in selection.units {
        if !todo.contains_key(&unit.path) {
            looked = Looked { files: looked.files + 1, of };
            watch(looked);
        }
        let mut work = |unit: &Unit| match todo.get(&unit.path) {
            _ if attempts.found_nothing(repo, tip.commit, &unit.path)? => Ok(false),
            Some(work) => Ok(*work),
            None => works(unit),
        };
        let landed = landed.get(&unit.path);
        let (facts, why) = facts(repo, tip, plan, &digest, &unit, landed, &attempts)?;
        let state = match decide(&facts) {
            Decision::Is(state) => state,
            Decision::Look { work: open, none } => {
                if work(&unit)? {
                    open
                } else {
                    none
                }
            }
        };
        let why = match state {
            State::Outdated if facts.content == Content::AsCommitted => Some("the plan changed since".to_owned()),
            State::Outdated => Some("its file changed since".to_owned()),
            State::RolledBack if facts.history == History::TakenBack(By::Verification) => {
                Some("its verification failed".to_owned())
            }
            State::RolledBack => Some(BY_HAND.to_owned()),
            State::Failed | State::Quarantined => why,
            State::Pending | State::Running | State::Committed | State::Unchanged => None,
        };
        let violations_left = if state.is_done() { violations_left(repo, plan, &unit) } else { 0 };
        units.push(Standing { unit, state, commit: landed.and_then(|landed| landed.commit), why, violations_left });
    }
    Ok(Survey { units, unmatched: selection.unmatched })
}

/// What is known of a unit without a look at what its rules would do, and why its last attempt failed.
fn facts(
    repo: &Repo,
    tip: &Tip,
    plan: &Plan,
    digest: &str,
    unit: &Unit,
    landed: Option<&Landed>,
    attempts: &Attempts,
) -> Result<(Facts, Option<String>), Stop> {
    let (attempt, why) = attempts.last(&unit.path);
    let content = match landed {
        Some(landed) => landed::content(repo, tip.commit, &unit.path, landed)?,
        None => Content::Changed,
    };
    let facts = Facts {
        history: landed.map_or(History::None, Landed::history),
        same_plan: landed.is_some_and(|landed| landed.digest == digest),
        content,
        attempt,
        codemod: plan.runs_codemod(plan.target(unit)),
    };
    Ok((facts, why))
}

/// How many violations stand in the file of a unit that is done, where the plan allows some to be left.
fn violations_left(repo: &Repo, plan: &Plan, unit: &Unit) -> usize {
    if plan.target(unit).guards.severity(Guard::Violation) == Severity::Error {
        return 0;
    }
    // A file that cannot be read now is told where it is looked at for what there is to do.
    fs::read(repo.top(), &unit.path).map_or(0, |found| unit::violations_left(repo, plan, unit, &found.bytes))
}

/// True when there is something to do in a unit's file as it is on disk: a rule changes it, cannot be applied to it, or can only be
/// run to know.
#[must_use]
pub fn has_work(repo: &Repo, plan: &Plan, unit: &Unit) -> bool {
    if plan.runs_codemod(plan.target(unit)) {
        return true;
    }
    // A file that cannot be read is something to do: the run says what is wrong with it.
    let Ok(found) = fs::read(repo.top(), &unit.path) else { return true };
    unit::has_work(repo, plan, unit, &found.bytes)
}

/// Fails when a glob matches no tracked file: a misspelt pattern must not look like success.
///
/// # Errors
/// [`Stop::Plan`] with each such pattern's place.
pub fn refuse_unmatched(plan: &Plan, unmatched: &[(usize, usize)]) -> Result<(), Stop> {
    if unmatched.is_empty() {
        return Ok(());
    }
    let problems = unmatched.iter().map(|(phase, target)| {
        let span = plan.phases[*phase].targets[*target].places.files.first().copied().unwrap_or_default();
        Problem::at(span, "the glob matches no tracked file", "correct the pattern, or take the entry out of the plan")
    });
    Err(Stop::Plan(plan.problems(problems)))
}

/// Fails when HEAD, index and disk do not agree on a file that is to be migrated; names every one, with its place in the plan.
///
/// # Errors
/// [`Stop::Plan`] when the plan names what cannot be migrated, [`Stop::Targets`] when the repository is in the way, and
/// [`Stop::Unbegun`].
pub fn refuse_targets(
    repo: &Repo,
    plan: &Plan,
    tip: &Tip,
    units: &[&Unit],
    conversions: &Conversions,
    interrupt: &Interrupt,
) -> Result<(), Stop> {
    let mut problems = Vec::new();
    let mut wrong_plan = false;
    for unit in units {
        unless_asked_to_end(interrupt)?;
        let Err(problem) = repo.target(tip, &unit.path, conversions) else { continue };
        wrong_plan |= problem.is_of_the_plan();
        problems.push(Problem::at(plan.place(unit), problem.to_string(), problem.help()));
    }
    match (problems.is_empty(), wrong_plan) {
        (true, _) => Ok(()),
        (false, true) => Err(Stop::Plan(plan.problems(problems))),
        (false, false) => Err(Stop::Targets(plan.problems(problems))),
    }
}
