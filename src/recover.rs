//! What an interrupted change needs, decided by facts alone and then done.
//!
//! [`decide`] is a pure function of how far the journal says the change came, what the disk holds, and whether the commit is in the
//! branch. git and the disk are the truth: a change whose commit is in the branch is done, whatever the journal lacks.

use git2::Oid;

use crate::fault;
use crate::fs::{self, FileProblem};
use crate::journal::{Begun, FileChange, Record};
use crate::path::RepoPath;
use crate::protocol::{Protocol, committed, keep_copy};
use crate::repo::target::Write;
use crate::repo::{Repo, RepoProblem, Tip, short};
use crate::stop::{Note, Stop};

/// How far the journal says a change came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Announced; the new bytes may be placed.
    Begun,
    /// The commit object exists; index and branch may have moved.
    Prepared(String),
}

/// The journal's records, folded to what is still open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// The change that was under way.
    pub change: Option<(Begun, Stage)>,
    /// The commits that landed and were not yet verified, oldest first, each with the change that made it.
    pub unverified: Vec<(Begun, String)>,
}

/// Folds the records to what is still open.
#[must_use]
pub fn open(records: &[Record]) -> Open {
    let mut open = Open::default();
    for record in records {
        match record {
            Record::Begun(begun) => open.change = Some((begun.clone(), Stage::Begun)),
            Record::Transformed { after } => {
                if let Some((begun, _)) = &mut open.change {
                    for (file, after) in begun.files.iter_mut().zip(after) {
                        file.after = Some(after.clone());
                    }
                }
            }
            Record::Prepared { commit } => {
                if let Some((_, stage)) = &mut open.change {
                    *stage = Stage::Prepared(commit.clone());
                }
            }
            Record::Committed { commit } => {
                if let Some((begun, _)) = open.change.take() {
                    open.unverified.retain(|(_, unverified)| begun.reverts.as_ref() != Some(unverified));
                    if begun.verify {
                        open.unverified.push((begun, commit.clone()));
                    }
                }
            }
            Record::Abandoned { .. } => open.change = None,
            Record::Verified { commit } => open.unverified.retain(|(_, unverified)| unverified != commit),
            Record::Opened { .. }
            | Record::RunStarted(_)
            | Record::Quarantined { .. }
            | Record::Failed { .. }
            | Record::Unchanged { .. }
            | Record::GatePassed { .. }
            | Record::GateFailed { .. }
            | Record::RunFinished { .. } => {}
        }
    }
    open
}

/// What the disk holds for all files of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// The old bytes everywhere.
    Before,
    /// The new bytes, at least in part; the rest are old.
    After,
    /// Not the old bytes everywhere, but nothing that git would call a change: somebody committed it, or checked it out.
    Committed,
    /// An external codemod was at work: what is there may be half of its work.
    HalfTransformed,
    /// Something else.
    Other,
}

/// Where the branch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// On the base of the change.
    AtBase,
    /// It holds the prepared commit.
    HoldsCommit,
    /// Anywhere else, or another branch is checked out.
    Elsewhere,
}

/// What to do about an interrupted change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Leave files and index as they are, and start again.
    Forget,
    /// Make files and index what they were, and start again.
    PutBack,
    /// As `PutBack`, keeping a copy of what is there.
    SaveAndPutBack,
    /// It was judged and prepared: bring index and branch to the commit.
    Finish,
    /// The commit is in the branch: note it.
    Note,
    /// Somebody edited: a person must look.
    Ask,
}

/// The recovery table.
#[must_use]
pub fn decide(prepared: bool, disk: Disk, branch: Branch) -> Action {
    match (prepared, branch, disk) {
        (true, Branch::HoldsCommit, _) => Action::Note,
        (true, Branch::AtBase, Disk::After) => Action::Finish,
        (_, _, Disk::Committed) => Action::Forget,
        // With the old bytes on disk, the index may still name the new ones.
        (_, _, Disk::Before | Disk::After) => Action::PutBack,
        (_, _, Disk::HalfTransformed) => Action::SaveAndPutBack,
        (_, _, Disk::Other) => Action::Ask,
    }
}

/// What was done about an interrupted change, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The unit.
    pub unit: RepoPath,
    /// In words.
    pub what: String,
}

/// Puts in order what an interrupted run left, if anything. The caller holds the run's lock.
///
/// # Errors
/// [`Stop::NeedsYou`] when a file holds neither its old nor its new bytes; everything is then as it was.
pub fn settle(protocol: &mut Protocol<'_>) -> Result<Option<Settled>, Stop> {
    let Some((begun, stage)) = open(protocol.journal.records()).change else { return Ok(None) };
    let tip = protocol.repo.tip()?;
    let commit = match &stage {
        Stage::Begun => None,
        Stage::Prepared(commit) => Some(oid(commit)?),
    };
    let (disk, branch) = (look(protocol.repo, &tip, &begun)?, stands(protocol.repo, &tip, &begun, commit)?);
    let what = match decide(commit.is_some(), disk, branch) {
        Action::Ask => return Err(ask(&begun)),
        Action::Note => note(protocol, commit)?,
        Action::Finish => {
            let commit = commit.expect("only a prepared change is finished");
            clear_asides(protocol.repo, &begun)?;
            let mut judged = Vec::with_capacity(begun.files.len());
            for FileChange { path, after, .. } in &begun.files {
                let after = after.as_deref().expect("a change is prepared once its result is known");
                judged.push(protocol.holding(path, &protocol.repo.blob(oid(after)?)?)?);
            }
            protocol.publish(&tip, commit, &judged, &format!("migrate: {} (resumed)", begun.unit))?;
            "its judged result was committed"
        }
        Action::Forget => {
            clear_asides(protocol.repo, &begun)?;
            abandon(protocol, "interrupted, and its file taken over")?;
            "the branch holds what is in its file"
        }
        Action::SaveAndPutBack => {
            for FileChange { path, before, .. } in &begun.files {
                let found = fs::read(protocol.repo.top(), path)?.bytes;
                if protocol.repo.clean(path, &found, false, Write::No)?.to_string() != *before {
                    keep_copy(protocol.repo, path, &found)?;
                }
            }
            put_back(protocol, &begun)?
        }
        Action::PutBack => put_back(protocol, &begun)?,
    };
    fault::point("recover: settled");
    Ok(Some(Settled { unit: begun.unit, what: what.to_owned() }))
}

/// Removes git's locks that a killed run left. That on the index is known for ours by being the very file that we wrote. That on the
/// branch is ours when the journal says a run was about to take it, it holds nothing or that run's commit, and nobody touches it for
/// a second; git holds such a lock for milliseconds.
///
/// # Errors
/// When a lock is there and cannot be removed.
pub fn clear_own_locks(repo: &Repo, records: &[Record]) -> Result<(), Stop> {
    repo.clear_own_lock()?;
    if let Some((begun, Stage::Prepared(commit))) = open(records).change {
        repo.clear_stale_branch_lock(&begun.branch, &commit)?;
    }
    Ok(())
}

fn note(protocol: &mut Protocol<'_>, commit: Option<Oid>) -> Result<&'static str, Stop> {
    let commit = commit.expect("only a prepared commit can be in the branch").to_string();
    protocol.journal.append(Record::Committed { commit })?;
    Ok("its commit is in the branch")
}

fn abandon(protocol: &mut Protocol<'_>, reason: &str) -> Result<(), Stop> {
    Ok(protocol.journal.append(Record::Abandoned { reason: reason.to_owned() })?)
}

fn put_back(protocol: &mut Protocol<'_>, begun: &Begun) -> Result<&'static str, Stop> {
    clear_asides(protocol.repo, begun)?;
    protocol.undo_recorded(begun)?;
    fault::point("recover: put back");
    abandon(protocol, "interrupted before its commit")?;
    Ok("its file is as it was; it starts again")
}

fn oid(text: &str) -> Result<Oid, Stop> {
    Ok(Oid::from_str(text).map_err(RepoProblem::from)?)
}

/// What the disk holds.
fn look(repo: &Repo, tip: &Tip, begun: &Begun) -> Result<Disk, Stop> {
    let (mut disk, mut all_committed) = (Disk::Before, true);
    for file in &begun.files {
        let found = match fs::read(repo.top(), &file.path) {
            Ok(found) => found.bytes,
            Err(FileProblem::Missing { .. } | FileProblem::Link { .. } | FileProblem::NotRegular { .. }) => {
                return Ok(Disk::Other);
            }
            Err(problem) => return Err(problem.into()),
        };
        all_committed &= committed(repo, tip, &file.path, &found)?;
        let found = repo.clean(&file.path, &found, false, Write::No)?.to_string();
        disk = match (&file.after, disk) {
            (_, disk) if found == file.before => disk,
            (_, Disk::Other) => Disk::Other,
            (Some(after), _) if *after == found => Disk::After,
            (Some(_), _) => Disk::Other,
            (None, _) => Disk::HalfTransformed,
        };
    }
    Ok(if all_committed && disk != Disk::Before { Disk::Committed } else { disk })
}

fn stands(repo: &Repo, tip: &Tip, begun: &Begun, commit: Option<Oid>) -> Result<Branch, Stop> {
    if let Some(commit) = commit
        && repo.contains(tip.commit, commit)?
    {
        return Ok(Branch::HoldsCommit);
    }
    let at_base = tip.branch == begun.branch && tip.commit.to_string() == begun.base;
    Ok(if at_base { Branch::AtBase } else { Branch::Elsewhere })
}

/// Removes what was written aside, or displaced, when the run was killed.
fn clear_asides(repo: &Repo, begun: &Begun) -> Result<(), Stop> {
    for file in &begun.files {
        let mut ours = vec![repo.blob(oid(&file.before)?)?];
        // What is on disk was placed by us or is the old file; the other one of the two is what lies aside.
        if let Ok(found) = fs::read(repo.top(), &file.path) {
            ours.push(found.bytes);
        }
        if let Some(after) = &file.after
            && let Ok(bytes) = repo.blob(oid(after)?)
        {
            ours.push(bytes);
        }
        let aside = file.path.beside(&file.aside);
        if file.after.is_none()
            && let Some(aside) = &aside
            && let Ok(found) = fs::read(repo.top(), aside)
        {
            // Before or between codemods texts are placed that no record names.
            keep_copy(repo, &file.path, &found.bytes)?;
            ours.push(found.bytes);
        }
        let ours: Vec<&[u8]> = ours.iter().map(Vec::as_slice).collect();
        match fs::clear_aside(repo.top(), &file.path, &file.aside, &ours) {
            Err(FileProblem::Changed { path }) => {
                let aside = aside.map_or_else(|| file.aside.clone(), |aside| aside.to_string());
                let message = format!("{path} was edited at the instant it was replaced; that edit is in {aside}");
                let help = "take what you want of that file, remove it, then run migrate again";
                return Err(Stop::NeedsYou(Note::new(message, help)));
            }
            cleared => cleared?,
        }
    }
    Ok(())
}

fn ask(begun: &Begun) -> Stop {
    let files: Vec<String> = begun.files.iter().map(|file| file.path.to_string()).collect();
    let blobs: Vec<String> =
        begun.files.iter().map(|file| format!("{} -> {}", file.before, file.after.as_deref().unwrap_or("?"))).collect();
    let message = format!(
        "{} was being migrated on {} when the run was interrupted, and holds neither the old text nor the new one (blobs {})",
        files.join(", "),
        short(&begun.branch),
        blobs.join(", ")
    );
    let help = format!(
        "keep what you want of it elsewhere, then put the old text back with `git checkout -- {}` and run migrate again",
        files.join(" ")
    );
    Stop::NeedsYou(Note::new(message, help))
}

#[cfg(test)]
mod tests;
