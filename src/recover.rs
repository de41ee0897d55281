//! What an interrupted change needs, decided by facts alone and then done.
//!
//! [`decide`] is a pure function of how far the journal says the change came, what the disk holds, and whether the commit is in the
//! branch. git and the disk are the truth: a change whose commit is in the branch is done, whatever the journal lacks.

use git2::Oid;

use crate::fault;
use crate::fs::{self, FileProblem};
use crate::journal::{Begun, FileChange, Record};
use crate::path::RepoPath;
use crate::protocol::Protocol;
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
    /// The commit that landed and was not yet verified, with the change that made it.
    pub unverified: Option<(Begun, String)>,
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
                    if begun.reverts.is_some() && begun.reverts == open.unverified.as_ref().map(|(_, commit)| commit.clone()) {
                        open.unverified = None;
                    }
                    if begun.verify {
                        open.unverified = Some((begun, commit.clone()));
                    }
                }
            }
            Record::Abandoned { .. } => open.change = None,
            Record::Verified { commit } if open.unverified.as_ref().is_some_and(|(_, unverified)| unverified == commit) => {
                open.unverified = None;
            }
            _ => {}
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
    /// Nothing of it is left: start the unit again.
    Forget,
    /// Put the old bytes back and start again.
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
        // A crash while putting back after a failure that came later than the commit object.
        (_, _, Disk::Before) if !prepared => Action::Forget,
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
    let (disk, branch) = (look(protocol.repo, &begun)?, stands(protocol.repo, &tip, &begun, commit)?);
    let what = match decide(commit.is_some(), disk, branch) {
        Action::Ask => return Err(ask(&begun)),
        Action::Note => note(protocol, commit)?,
        Action::Finish => {
            let paths: Vec<RepoPath> = begun.files.iter().map(|file| file.path.clone()).collect();
            let commit = commit.expect("only a prepared change is finished");
            clear_asides(protocol.repo, &begun)?;
            protocol.publish(&tip, commit, &paths, &format!("migrate: {} (resumed)", begun.unit))?;
            "its judged result was committed"
        }
        Action::Forget => {
            clear_asides(protocol.repo, &begun)?;
            abandon(protocol, "interrupted before the file changed")?
        }
        Action::SaveAndPutBack => {
            save_copies(protocol.repo, &begun)?;
            put_back(protocol, &begun, commit)?
        }
        Action::PutBack => put_back(protocol, &begun, commit)?,
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

fn abandon(protocol: &mut Protocol<'_>, reason: &str) -> Result<&'static str, Stop> {
    protocol.journal.append(Record::Abandoned { reason: reason.to_owned() })?;
    Ok("nothing of it was left; it starts again")
}

fn put_back(protocol: &mut Protocol<'_>, begun: &Begun, commit: Option<Oid>) -> Result<&'static str, Stop> {
    clear_asides(protocol.repo, begun)?;
    protocol.undo_recorded(begun, commit, oid(&begun.base)?)?;
    fault::point("recover: put back");
    abandon(protocol, "interrupted before its commit")?;
    Ok("its file was put back; it starts again")
}

fn oid(text: &str) -> Result<Oid, Stop> {
    Ok(Oid::from_str(text).map_err(RepoProblem::from)?)
}

/// What the disk holds.
fn look(repo: &Repo, begun: &Begun) -> Result<Disk, Stop> {
    let mut disk = Disk::Before;
    for file in &begun.files {
        let found = match fs::read(repo.top(), &file.path) {
            Ok(found) => repo.clean(&file.path, &found.bytes, false, Write::No)?.to_string(),
            Err(FileProblem::Missing { .. } | FileProblem::Link { .. } | FileProblem::NotRegular { .. }) => {
                return Ok(Disk::Other);
            }
            Err(problem) => return Err(problem.into()),
        };
        match &file.after {
            _ if found == file.before => {}
            Some(after) if *after == found => disk = Disk::After,
            Some(_) => return Ok(Disk::Other),
            None => disk = Disk::HalfTransformed,
        }
    }
    Ok(disk)
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
        let ours: Vec<&[u8]> = ours.iter().map(Vec::as_slice).collect();
        fs::clear_aside(repo.top(), &file.path, &file.aside, &ours)?;
    }
    Ok(())
}

/// Keeps what a killed codemod left, since part of it may be somebody's edit.
fn save_copies(repo: &Repo, begun: &Begun) -> Result<(), Stop> {
    let folder = repo.state_folder().join("saved");
    let io = |source: std::io::Error| {
        Stop::Refused(Note::new(
            format!("cannot keep a copy in {}: {source}", folder.display()),
            "make room, then run migrate again",
        ))
    };
    std::fs::create_dir_all(&folder).map_err(io)?;
    for FileChange { path, before, .. } in &begun.files {
        let found = fs::read(repo.top(), path)?.bytes;
        let name = repo.clean(path, &found, false, Write::No)?.to_string();
        if name != *before {
            std::fs::write(folder.join(name), found).map_err(io)?;
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
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_recovery_table_has_its_action() {
        use {Action as A, Branch as B, Disk as D};
        for (prepared, disk, branch, action) in [
            (false, D::Before, B::AtBase, A::Forget),
            (false, D::Before, B::Elsewhere, A::Forget),
            (false, D::After, B::AtBase, A::PutBack),
            (false, D::After, B::Elsewhere, A::PutBack),
            (false, D::HalfTransformed, B::AtBase, A::SaveAndPutBack),
            (false, D::Other, B::AtBase, A::Ask),
            (true, D::Before, B::AtBase, A::PutBack),
            (true, D::After, B::AtBase, A::Finish),
            (true, D::After, B::Elsewhere, A::PutBack),
            (true, D::Before, B::Elsewhere, A::PutBack),
            (true, D::Other, B::AtBase, A::Ask),
            (true, D::Other, B::Elsewhere, A::Ask),
            (true, D::After, B::HoldsCommit, A::Note),
            (true, D::Before, B::HoldsCommit, A::Note),
            (true, D::Other, B::HoldsCommit, A::Note),
        ] {
            assert_eq!(decide(prepared, disk, branch), action, "{prepared} {disk:?} {branch:?}");
        }
    }

    fn begun(verify: bool, reverts: Option<&str>) -> Record {
        Record::Begun(Begun {
            plan: "p".to_owned(),
            phase: "P0".to_owned(),
            unit: RepoPath::new("a.py").unwrap(),
            branch: "refs/heads/main".to_owned(),
            base: "0".repeat(40),
            files: Vec::new(),
            reverts: reverts.map(str::to_owned),
            verify,
        })
    }

    fn committed(commit: &str) -> Record {
        Record::Committed { commit: commit.to_owned() }
    }

    #[test]
    fn a_commit_stays_unverified_until_it_is_verified_or_taken_back() {
        let landed = vec![begun(true, None), Record::Prepared { commit: "c".to_owned() }, committed("c")];
        assert_eq!(open(&landed).unverified.unwrap().1, "c");
        let verified = [landed.clone(), vec![Record::Verified { commit: "c".to_owned() }]].concat();
        assert_eq!(open(&verified), Open::default());
        let half_reverted = [landed.clone(), vec![begun(false, Some("c"))]].concat();
        assert!(open(&half_reverted).unverified.is_some() && open(&half_reverted).change.is_some());
        let reverted = [half_reverted, vec![committed("r")]].concat();
        assert_eq!(open(&reverted), Open::default());
    }
}
