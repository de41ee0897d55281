//! What the commits of a branch say of the units of a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use git2::Oid;

use crate::interrupt::Interrupt;
use crate::message::revert;
use crate::message::trailers::{self, Cause, Trailers};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::schedule::standing::{By, Content, History};
use crate::stop::Stop;
use crate::survey::unless_asked_to_end;

/// What the branch says of one unit: its newest commit or revert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The unit's commit.
    pub commit: Option<Oid>,
    /// The phase it was made in.
    pub phase: String,
    /// The digest of the plan that made it; empty where only its revert is known.
    pub digest: String,
    /// Set when it was taken back: by whom.
    pub taken_back: Option<By>,
    /// How many commits are newer than the unit's own.
    pub age: usize,
    /// All its commits that no later one says to take back, newest first, each with its age: a unit that was done again has several.
    pub standing: Vec<(Oid, usize)>,
}

impl Landed {
    /// What the commits say, in the words of the policy.
    #[must_use]
    pub fn history(&self) -> History {
        self.taken_back.map_or(History::Landed, History::TakenBack)
    }
}

/// Reads from the commits up to `tip` what became of the units of the plan called `name`.
///
/// # Errors
/// When the history cannot be read, and [`Stop::Unbegun`].
pub fn landed(repo: &Repo, tip: Oid, name: &str, interrupt: &Interrupt) -> Result<BTreeMap<RepoPath, Landed>, Stop> {
    let mut units: BTreeMap<RepoPath, Landed> = BTreeMap::new();
    let mut taken_back = TakenBack::default();
    // Units that were taken back out of a commit, or with it.
    let mut parts: BTreeSet<(RepoPath, String)> = BTreeSet::new();
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
            for revert::Undone { commit, ours, whole } in reverts.into_iter().filter(|_| !is_back) {
                if let Some(ours) = ours.filter(|ours| ours.plan == name)
                    && let Ok(unit) = RepoPath::new(ours.unit)
                {
                    let by = if ours.cause == Cause::Verification { By::Verification } else { By::Rollback };
                    parts.insert((unit.clone(), commit.clone()));
                    let oid = Oid::from_str(&commit).ok();
                    let (phase, digest, taken_back) = (ours.phase, String::new(), Some(by));
                    units.entry(unit).or_insert(Landed { commit: oid, phase, digest, taken_back, age, standing: Vec::new() });
                }
                // Of a commit whose other units stay, only the one that was named is back.
                if whole {
                    taken_back.add(commit);
                }
            }
            return ControlFlow::Continue(());
        }
        let applied = trailers::trailers(message).into_iter().filter_map(|block| match block {
            Trailers::Applied(ours) if ours.plan == name => Some((RepoPath::new(&ours.unit[..]).ok()?, ours)),
            _ => None,
        });
        let applied: BTreeMap<RepoPath, trailers::Applied> = applied.collect();
        for (unit, ours) in applied {
            let taken_back = is_back.then_some(By::Hand);
            let stands = !is_back && !parts.contains(&(unit.clone(), oid.to_string()));
            let (phase, digest, standing) = (ours.phase, ours.digest.clone(), Vec::new());
            let landed = Landed { commit: Some(oid), phase, digest, taken_back, age, standing };
            let newest = units.entry(unit).or_insert(landed);
            newest.standing.extend(stands.then_some((oid, age)));
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

/// What HEAD holds of the unit's file, compared with its newest commit.
///
/// # Errors
/// When a tree of the branch cannot be read. A commit that is not here any more, as after a rebase, says nothing of the content.
pub fn content(repo: &Repo, tip: Oid, unit: &RepoPath, landed: &Landed) -> Result<Content, Stop> {
    let Some((_, now)) = repo.file_in(tip, unit)? else { return Ok(Content::Gone) };
    let Some(commit) = landed.commit.filter(|commit| repo.has_commit(*commit)) else { return Ok(Content::Changed) };
    if repo.file_in(commit, unit)?.is_some_and(|(_, after)| after == now) {
        return Ok(Content::AsCommitted);
    }
    // At the border of a shallow clone nobody knows what was there before.
    let Some(parent) = repo.parent_of(commit)?.filter(|parent| repo.has_commit(*parent)) else { return Ok(Content::Changed) };
    let before = repo.file_in(parent, unit)?;
    Ok(if before.is_some_and(|(_, before)| before == now) { Content::AsBefore } else { Content::Changed })
}

/// True when nothing is left in HEAD of what the unit's commit did, however that came.
///
/// # Errors
/// When a tree of the branch cannot be read.
pub fn is_back(repo: &Repo, tip: Oid, unit: &RepoPath, landed: &Landed) -> Result<bool, Stop> {
    Ok(match content(repo, tip, unit, landed)? {
        Content::AsCommitted => false,
        Content::AsBefore => true,
        Content::Changed | Content::Gone => landed.taken_back.is_some(),
    })
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
