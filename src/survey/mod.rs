//! Where every unit of a plan stands: from the branch's commits first, then the journal, then what the rules would still do.

mod attempt;
mod debts;
mod gates;
mod landed;

pub use attempt::{Attempts, under_way};
pub use debts::debts;
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
use crate::plan::digest::digest;
use crate::plan::guards::{Guard, Severity};
use crate::repo::others::Others;
use crate::repo::{Repo, Tip};
use crate::schedule::standing::{By, Content, Decision, Facts, History, decide};
use crate::select::{self, Unit};
use crate::state::{Counts, State};
use crate::stop::Stop;
use crate::unit;
use crate::unit::callables::Callables;
use crate::unit::look::ToDo;

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
    /// The newest commit of the plan that was not taken back.
    pub newest: Option<Oid>,
    /// Violations that the plan allows to be left in files of its globs that are no units: its rules do nothing in them.
    pub left_aside: usize,
}

/// Why a unit is rolled back that no person took back.
pub const BY_VERIFICATION: &str = "its verification failed";

/// How many of these units are in which state.
pub fn counts<'s>(units: impl IntoIterator<Item = &'s Standing>) -> Counts {
    Counts::of(units.into_iter().map(|standing| standing.state))
}

fn unless_asked_to_end(interrupt: &Interrupt) -> Result<(), Stop> {
    interrupt.pending().map_or(Ok(()), |signal| Err(Stop::Unbegun(signal)))
}

/// Finds the units of `plan` at `tip` and where each stands, while somebody may `watch`. Whether there is something to do in a unit's
/// file as it is on disk is asked of `works`, once for each at most, and only where commits and blobs cannot tell; [`look`] tells.
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
    let mut aside: HashMap<RepoPath, usize> = HashMap::new();
    let selection = select::select(plan, &tracked, |unit, of| -> Result<bool, Stop> {
        if landed.contains_key(&unit.path) {
            return Ok(true);
        }
        looked = Looked { files: looked.files + 1, of };
        watch(looked);
        let work = works(unit)?;
        todo.insert(unit.path.clone(), work);
        if !work {
            // A later entry may take the file all the same.
            let left = aside.entry(unit.path.clone()).or_default();
            *left = (*left).max(violations_left(repo, plan, unit));
        }
        Ok(work)
    })?;
    let mut units = Vec::with_capacity(selection.units.len());
    let of = looked.of.max(selection.units.len());
    for unit in selection.units {
        aside.remove(&unit.path);
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
            State::RolledBack => Some(match facts.history {
                History::TakenBack(By::Verification) => BY_VERIFICATION.to_owned(),
                History::TakenBack(By::Rollback) => "by `migrate rollback`".to_owned(),
                History::TakenBack(By::Hand) | History::Landed | History::None => "by hand".to_owned(),
            }),
            State::Failed | State::Quarantined => why,
            State::Pending | State::Running | State::Committed | State::Unchanged => None,
        };
        let violations_left = if state.is_done() { violations_left(repo, plan, &unit) } else { 0 };
        units.push(Standing { unit, state, commit: landed.and_then(|landed| landed.commit), why, violations_left });
    }
    let newest = landed.values().filter(|landed| landed.taken_back.is_none()).min_by_key(|landed| landed.age);
    let newest = newest.and_then(|landed| landed.commit);
    Ok(Survey { units, unmatched: selection.unmatched, newest, left_aside: aside.into_values().sum() })
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
    fs::read(repo.top(), &unit.path).map_or(0, |found| unit::violations_left(repo.top(), plan, unit, &found.bytes))
}

/// The text of a unit's file that its state goes by: what HEAD holds. That is what is on disk, unless somebody has changed it; a file
/// that cannot be read gives none.
#[must_use]
pub fn text(repo: &Repo, tip: &Tip, others: &Others, unit: &RepoPath) -> Option<Vec<u8>> {
    if others.holds(unit)
        && let Ok(Some((_, blob))) = repo.file_in(tip.commit, unit)
        && let Ok(bytes) = repo.blob(blob)
    {
        return Some(bytes);
    }
    fs::read(repo.top(), unit).ok().map(|found| found.bytes)
}

/// What there is to do in a unit's file: a rule changes it, cannot be applied to it, or can only be run to know.
#[must_use]
pub fn look(repo: &Repo, tip: &Tip, plan: &Plan, callables: &Callables, others: &Others, unit: &Unit) -> ToDo {
    if plan.runs_codemod(plan.target(unit)) {
        return ToDo::Work;
    }
    match text(repo, tip, others, &unit.path) {
        Some(bytes) => unit::look::look(callables, plan, unit, &bytes),
        // The run says what is wrong with it.
        None => ToDo::Work,
    }
}
