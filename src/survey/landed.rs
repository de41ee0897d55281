//! What the commits of a branch say of the files of a plan's units.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use git2::Oid;

use crate::interrupt::Interrupt;
use crate::journal::files_of;
use crate::message::revert;
use crate::message::trailers::{self, Cause, Trailers};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::schedule::standing::{By, Content, History};
use crate::stop::Stop;
use crate::survey::unless_asked_to_end;
use crate::unit_id::UnitId;
use crate::units::Pins;
use crate::verdict::VerdictKind;

/// What the branch says of one file of a unit: the newest commit that names it, or its revert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The unit that the file is of, by the newest commit.
    pub unit: UnitId,
    /// The unit's commit.
    pub commit: Option<Oid>,
    /// The phase it was made in.
    pub phase: String,
    /// The digest of the plan that made it; empty where only its revert is known.
    pub digest: String,
    /// Set when it was taken back: by whom.
    pub taken_back: Option<By>,
    /// How a command judged it, where it was taken back for that.
    pub verdict: Option<VerdictKind>,
    /// How many files were taken back with it, it among them, where one verification judged several that were put together for their
    /// size; else 0.
    pub tried_with: usize,
    /// How many commits are newer than the unit's own.
    pub age: usize,
    /// All its commits that no later one says to take back, newest first, each with its age: a file that was done again has several.
    pub standing: Vec<(Oid, usize)>,
}

impl Landed {
    /// What the commits say, in the words of the policy.
    #[must_use]
    pub fn history(&self) -> History {
        self.taken_back.map_or(History::Landed, History::TakenBack)
    }
}

/// What the commits say of all files of a plan.
#[derive(Debug, Default)]
pub struct Landings {
    /// Each file that a commit of the plan, or the revert of one, names.
    pub files: BTreeMap<RepoPath, Landed>,
    /// The groups that files belong to by these commits.
    pub pins: Pins,
}

/// Reads from the commits up to `tip` what became of the files of the plan called `name`.
///
/// # Errors
/// When the history cannot be read, and [`Stop::Unbegun`].
pub fn landed(repo: &Repo, tip: Oid, name: &str, interrupt: &Interrupt) -> Result<Landings, Stop> {
    let mut landings = Landings::default();
    let mut taken_back = TakenBack::default();
    // Files that were taken back out of a commit, or with it.
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
                    && let Some(unit) = UnitId::new(ours.unit)
                {
                    let of_several = unit.is_cut() && ours.files.len() > 1;
                    let by = match ours.cause {
                        Cause::Verification if of_several => By::VerificationOfSeveral,
                        Cause::Verification => By::Verification,
                        Cause::Gate => By::Gate,
                        Cause::Rollback => By::Rollback,
                    };
                    let tried_with = if by == By::VerificationOfSeveral { ours.files.len() } else { 0 };
                    let oid = Oid::from_str(&commit).ok();
                    for file in paths(&unit, &ours.files) {
                        parts.insert((file.clone(), commit.clone()));
                        let (unit, phase, digest, taken_back) = (unit.clone(), ours.phase.clone(), String::new(), Some(by));
                        let (verdict, standing) = (ours.verdict, Vec::new());
                        let landed = Landed { unit, commit: oid, phase, digest, taken_back, verdict, tried_with, age, standing };
                        landings.files.entry(file).or_insert(landed);
                    }
                }
                // Of a commit whose other files stay, only those that were named are back.
                if whole {
                    taken_back.add(commit);
                }
            }
            return ControlFlow::Continue(());
        }
        // Of two blocks that name a file, as a squashed commit may have, the last counts.
        let mut applied: BTreeMap<RepoPath, (UnitId, String, String)> = BTreeMap::new();
        for block in trailers::trailers(message) {
            let Trailers::Applied(ours) = block else { continue };
            let Some(unit) = UnitId::new(ours.unit).filter(|_| ours.plan == name) else { continue };
            for file in ours.files.iter().chain(&ours.left).filter_map(|file| RepoPath::new(file.clone()).ok()) {
                landings.pins.entry(file).or_insert_with(|| unit.clone());
            }
            let of = (unit.clone(), ours.phase, ours.digest);
            applied.extend(paths(&unit, &ours.files).into_iter().map(|file| (file, of.clone())));
        }
        for (file, (unit, phase, digest)) in applied {
            let taken_back = is_back.then_some(By::Hand);
            let stands = !is_back && !parts.contains(&(file.clone(), oid.to_string()));
            let landed = Landed {
                unit,
                commit: Some(oid),
                phase,
                digest: digest.clone(),
                taken_back,
                verdict: None,
                tried_with: 0,
                age,
                standing: Vec::new(),
            };
            let newest = landings.files.entry(file).or_insert(landed);
            newest.standing.extend(stands.then_some((oid, age)));
            if newest.commit == Some(oid) {
                // Its revert was seen first; which plan made the commit is known only here.
                newest.digest = digest;
            }
        }
        ControlFlow::Continue(())
    })?;
    unless_asked_to_end(interrupt)?;
    Ok(landings)
}

/// The files that a block of trailers speaks of: those it lists, else the unit's one.
fn paths(unit: &UnitId, files: &[Vec<u8>]) -> Vec<RepoPath> {
    let listed: Vec<RepoPath> = files.iter().filter_map(|file| RepoPath::new(file.clone()).ok()).collect();
    files_of(unit, &listed)
}

/// What HEAD holds of a file, compared with its newest commit; that no file is there is a content like any other.
///
/// # Errors
/// When a tree of the branch cannot be read. A commit that is not here any more, as after a rebase, says nothing of the content.
pub fn content(repo: &Repo, tip: Oid, file: &RepoPath, landed: &Landed) -> Result<Content, Stop> {
    let blob = |commit| Ok::<_, Stop>(repo.file_in(commit, file)?.map(|(_, blob)| blob));
    let now = blob(tip)?;
    let otherwise = if now.is_some() { Content::Changed } else { Content::Gone };
    let Some(commit) = landed.commit.filter(|commit| repo.has_commit(*commit)) else { return Ok(otherwise) };
    if blob(commit)? == now {
        return Ok(Content::AsCommitted);
    }
    // At the border of a shallow clone nobody knows what was there before.
    let Some(parent) = repo.parent_of(commit)?.filter(|parent| repo.has_commit(*parent)) else { return Ok(otherwise) };
    Ok(if blob(parent)? == now { Content::AsBefore } else { otherwise })
}

/// True when nothing is left in HEAD of what the unit's commit did to a file, however that came.
///
/// # Errors
/// When a tree of the branch cannot be read.
pub fn is_back(repo: &Repo, tip: Oid, file: &RepoPath, landed: &Landed) -> Result<bool, Stop> {
    Ok(match content(repo, tip, file, landed)? {
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
