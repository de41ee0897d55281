//! Where every unit of a plan stands: from the branch's commits first, then the journal, then what the rules would still do.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use git2::Oid;

use crate::event::{Looked, Watch};
use crate::fs;
use crate::interrupt::Interrupt;
use crate::journal::Record;
use crate::message::revert;
use crate::message::trailers::{self, Cause, Reverted, Trailers};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::digest::digest;
use crate::repo::{Repo, Tip};
use crate::select::{self, Unit};
use crate::stop::Stop;
use crate::unit;

/// Where a unit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not done yet.
    Pending,
    /// Its commit is in the branch.
    Committed {
        /// The commit.
        commit: Oid,
    },
    /// There is nothing to do in it.
    Unchanged,
    /// It was set aside after failing.
    Quarantined {
        /// Why.
        reason: String,
    },
    /// Its commit was taken back.
    RolledBack {
        /// The commit that was taken back, if it can be told.
        commit: Option<Oid>,
        /// True when verification asked for it, false when a person did.
        by_verification: bool,
    },
    /// Its commit is in the branch, the plan has changed since, and there is something to do again.
    Outdated {
        /// The commit.
        commit: Oid,
    },
}

/// What the branch says of one unit: its newest commit or revert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The unit's commit.
    pub commit: Option<Oid>,
    /// The phase it was made in.
    pub phase: String,
    /// The digest of the plan that made it.
    pub digest: String,
    /// Set when it was taken back: true by verification.
    pub reverted: Option<bool>,
    /// How many commits are newer than the unit's own.
    pub age: usize,
}

/// A unit and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The unit.
    pub unit: Unit,
    /// Where it stands.
    pub state: State,
}

/// All units of a plan.
#[derive(Debug, Default)]
pub struct Survey {
    /// In the order of the plan.
    pub units: Vec<Standing>,
    /// Globs that match no tracked file: phase and target.
    pub unmatched: Vec<(usize, usize)>,
}

/// Reads from the commits up to `tip` what became of the units of the plan called `name`.
///
/// # Errors
/// When the history cannot be read, and [`Stop::Unbegun`].
pub fn landed(repo: &Repo, tip: Oid, name: &str, interrupt: &Interrupt) -> Result<BTreeMap<RepoPath, Landed>, Stop> {
    let mut units: BTreeMap<RepoPath, Landed> = BTreeMap::new();
    let mut taken_back = TakenBack::default();
    let mut age = 0;
    repo.walk(tip, &mut |oid, message| {
        if interrupt.pending().is_some() {
            return ControlFlow::Break(());
        }
        age += 1;
        let is_back = taken_back.has(oid);
        let reverts = revert::reverted(message);
        if !reverts.is_empty() {
            // A revert that was itself taken back counts for nothing.
            for (commit, ours) in reverts.into_iter().filter(|_| !is_back) {
                if let Some((ours, unit)) = ours.filter(|ours| ours.plan == name).and_then(with_unit) {
                    let reverted = Some(ours.cause == Cause::Verification);
                    let commit = Oid::from_str(&commit).ok();
                    units.entry(unit).or_insert(Landed { commit, phase: ours.phase, digest: String::new(), reverted, age });
                }
                taken_back.add(commit);
            }
            return ControlFlow::Continue(());
        }
        for block in trailers::trailers(message) {
            let Trailers::Applied(ours) = block else { continue };
            let Ok(unit) = RepoPath::new(ours.unit.clone()) else { continue };
            if ours.plan != name {
                continue;
            }
            let reverted = is_back.then_some(false);
            let landed = Landed { commit: Some(oid), phase: ours.phase, digest: ours.digest.clone(), reverted, age };
            let newest = units.entry(unit).or_insert(landed);
            if newest.commit == Some(oid) {
                // Its revert was seen first; which plan made the commit is known only here.
                newest.digest = ours.digest;
            }
        }
        ControlFlow::Continue(())
    })?;
    unless_asked_to_end(interrupt)?;
    Ok(units)
}

fn unless_asked_to_end(interrupt: &Interrupt) -> Result<(), Stop> {
    interrupt.pending().map_or(Ok(()), |signal| Err(Stop::Unbegun(signal)))
}

fn with_unit(ours: Reverted) -> Option<(Reverted, RepoPath)> {
    let unit = RepoPath::new(ours.unit.clone()).ok()?;
    Some((ours, unit))
}

/// The commits that later ones take back: by full name, or shortened by a person's hand.
#[derive(Default)]
struct TakenBack {
    full: BTreeSet<Oid>,
    short: Vec<String>,
}

impl TakenBack {
    fn add(&mut self, commit: String) {
        match Oid::from_str(&commit) {
            Ok(oid) if commit.len() == 40 => {
                self.full.insert(oid);
            }
            _ => self.short.push(commit),
        }
    }

    fn has(&self, commit: Oid) -> bool {
        self.full.contains(&commit)
            || (!self.short.is_empty() && self.short.iter().any(|short| commit.to_string().starts_with(short)))
    }
}

/// Finds the units of `plan` at `tip` and where each stands, while somebody may `watch`. Whether there is something to do in a unit's file as it is on disk is
/// asked of `works`, once for each at most; [`has_work`] tells.
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
    let quarantined = quarantined(records, &plan.name, &digest);
    // What lies on disk of a unit that is under way says nothing yet.
    let under_way = under_way(records, &plan.name);
    let mut works = |unit: &Unit| {
        unless_asked_to_end(interrupt)?;
        Ok::<_, Stop>(under_way == Some(&unit.path) || works(unit)?)
    };
    let tracked = if plan.has_globs() { repo.files(tip.commit)? } else { Vec::new() };
    let unchanged = unchanged(records, &plan.name, &digest);
    let is_unchanged = |unit: &Unit| -> Result<bool, Stop> {
        let Some(blob) = unchanged.get(&unit.path) else { return Ok(false) };
        Ok(repo.file_in(tip.commit, &unit.path)?.is_some_and(|(_, now)| now.to_string() == **blob))
    };
    let mut todo: BTreeMap<RepoPath, bool> = BTreeMap::new();
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
        let state = match landed.get(&unit.path) {
            Some(Landed { reverted: Some(true), digest: made_by, .. }) if *made_by != digest => State::Pending,
            Some(Landed { reverted: Some(by_verification), commit, .. }) => {
                State::RolledBack { commit: *commit, by_verification: *by_verification }
            }
            Some(Landed { commit: Some(commit), digest: made_by, .. }) => {
                let again = *made_by != digest && !plan.runs_codemod(plan.target(&unit)) && works(&unit)?;
                if again { State::Outdated { commit: *commit } } else { State::Committed { commit: *commit } }
            }
            _ => match (quarantined.get(&unit.path), todo.get(&unit.path)) {
                (Some(reason), _) => State::Quarantined { reason: reason.clone() },
                (None, _) if is_unchanged(&unit)? => State::Unchanged,
                (None, Some(true)) => State::Pending,
                (None, Some(false)) => State::Unchanged,
                (None, None) => {
                    if works(&unit)? {
                        State::Pending
                    } else {
                        State::Unchanged
                    }
                }
            },
        };
        units.push(Standing { unit, state });
    }
    Ok(Survey { units, unmatched: selection.unmatched })
}

/// The units that are set aside, with the reason: those quarantined under this very plan and not begun anew since.
fn quarantined(records: &[Record], plan: &str, digest: &str) -> BTreeMap<RepoPath, String> {
    let mut found = BTreeMap::new();
    for record in records {
        match record {
            Record::Quarantined { plan: of, digest: by, unit, reason } if of == plan && by == digest => {
                found.insert(unit.clone(), reason.clone());
            }
            Record::Begun(begun) if begun.plan == plan => {
                found.remove(&begun.unit);
            }
            _ => {}
        }
    }
    found
}

/// The units in which an external codemod found nothing to do under this very plan, with the blob it looked at.
fn unchanged<'r>(records: &'r [Record], plan: &str, digest: &str) -> BTreeMap<&'r RepoPath, &'r String> {
    let of = |record: &'r Record| match record {
        Record::Unchanged { plan: of, digest: by, unit, blob } if of == plan && by == digest => Some((unit, blob)),
        _ => None,
    };
    records.iter().filter_map(of).collect()
}

/// The unit that a run has begun and not ended: it is working on it now, or was killed while it did.
fn under_way<'r>(records: &'r [Record], plan: &str) -> Option<&'r RepoPath> {
    let mut unit = None;
    for record in records {
        match record {
            Record::Begun(begun) => unit = (begun.plan == plan).then_some(&begun.unit),
            Record::Committed { .. } | Record::Abandoned { .. } => unit = None,
            _ => {}
        }
    }
    unit
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
