//! What an interrupted change needs, decided by facts alone and then done.
//!
//! [`decide`] is a pure function of how far the journal says the change came, what the disk holds, and whether the commit is in the
//! branch. git and the disk are the truth: a change whose commit is in the branch is done, whatever the journal lacks.

use git2::Oid;

use crate::fault;
use crate::fs::{self, FileProblem};
use crate::journal::{Announcement, Record};
use crate::protocol::Protocol;
use crate::protocol::undo::{Leftovers, committed, keep_copy, old_text, on_disk};
use crate::repo::target::Write;
use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::{Note, Stop};
use crate::verdict::VerdictKind;

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
    pub change: Option<(Announcement, Stage)>,
    /// The commits that landed and were not yet verified, oldest first, each with the change that made it.
    pub unverified: Vec<(Announcement, String)>,
}

/// Folds the records to what is still open.
#[must_use]
pub fn open(records: &[Record]) -> Open {
    let mut open = Open::default();
    for record in records {
        match record {
            Record::Begun(begun) => {
                let mut begun = begun.clone();
                // Of several files those whose codemod has not begun are to be as before.
                if begun.files.len() > 1 {
                    let waiting = begun.files.iter_mut().filter(|file| file.result().is_none());
                    waiting.for_each(|file| file.after.clone_from(&file.before));
                }
                open.change = Some((begun, Stage::Begun));
            }
            Record::Transforming { file: at_work } => {
                if let Some((begun, _)) = &mut open.change {
                    begun.files.iter_mut().filter(|file| file.path == *at_work).for_each(|file| file.after = None);
                }
            }
            Record::Transformed { after } => {
                if let Some((begun, _)) = &mut open.change {
                    for (file, after) in begun.files.iter_mut().filter(|file| !file.gone).zip(after) {
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
                    // What was taken back on another branch stands on its own one still.
                    let is_back = |of: &Announcement, commit: &String| {
                        begun.all_reverted().any(|back| back == commit) && of.branch == begun.branch
                    };
                    open.unverified.retain(|(of, commit)| !is_back(of, commit));
                    if begun.verify {
                        let commits = begun.units().map(|(unit, members, of)| {
                            let own =
                                Announcement { unit: unit.clone(), members: members.to_vec(), also: Vec::new(), ..begun.clone() };
                            (own, of.unwrap_or(commit).to_owned())
                        });
                        open.unverified.extend(commits.collect::<Vec<_>>());
                    }
                }
            }
            Record::Abandoned { .. } => open.change = None,
            Record::Verified { commit } => open.unverified.retain(|(_, unverified)| unverified != commit),
            Record::Opened { .. }
            | Record::RunStarted(_)
            | Record::Refuted { .. }
            | Record::Quarantined { .. }
            | Record::Failed { .. }
            | Record::Unchanged { .. }
            | Record::GatePassed { .. }
            | Record::GateFailed { .. }
            | Record::Paused { .. }
            | Record::WentOn { .. }
            | Record::Measured { .. }
            | Record::UnitMeasured { .. }
            | Record::TakingBack { .. }
            | Record::TookBack { .. }
            | Record::RecoveryChecked { .. }
            | Record::Pushed { .. }
            | Record::Drafted { .. }
            | Record::Green { .. }
            | Record::Batched { .. }
            | Record::RunFinished { .. } => {}
        }
    }
    open
}

/// Why the verification of a commit failed, and how, where that is known and it has yet to be taken back.
#[must_use]
pub fn refuted<'r>(records: &'r [Record], commit: &str) -> Option<(&'r str, Option<VerdictKind>)> {
    records.iter().rev().find_map(|record| match record {
        Record::Refuted { commit: of, reason, verdict } if of == commit => Some((reason.as_str(), *verdict)),
        _ => None,
    })
}

/// What the disk holds for all files of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// The old bytes everywhere.
    Before,
    /// The new bytes everywhere.
    After,
    /// The new bytes in part; the rest are old.
    Part,
    /// Not the old bytes everywhere, but nothing that git would call a change: somebody committed it, or checked it out.
    Committed,
    /// An external codemod was at work: what is there may be half of its work.
    HalfTransformed,
    /// Something else, at least in part: somebody's edit.
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
    /// Make what we wrote in files and index what it was, and start again. What a codemod may have left is put back with a copy kept;
    /// what somebody else wrote stays, and is then for the run to refuse like any change of the user's.
    PutBack,
    /// It was judged and prepared: bring index and branch to the commit.
    Finish,
    /// The commit is in the branch: note it.
    Note,
}

/// The recovery table; `prepared` says that there is a commit with all that it needs.
#[must_use]
pub fn decide(prepared: bool, disk: Disk, branch: Branch) -> Action {
    match (prepared, branch, disk) {
        (_, Branch::HoldsCommit, _) => Action::Note,
        (true, Branch::AtBase, Disk::After) => Action::Finish,
        (_, _, Disk::Committed) => Action::Forget,
        // With the old bytes on disk, the index may still name the new ones.
        (_, _, Disk::Before | Disk::After | Disk::Part | Disk::HalfTransformed | Disk::Other) => Action::PutBack,
    }
}

/// What was done about an interrupted change, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The unit, or the first of several and how many more.
    pub unit: String,
    /// In words.
    pub what: String,
}

/// Puts in order what an interrupted run left, if anything. The caller holds the run's lock. No plan is needed.
///
/// # Errors
/// When somebody else's references are where ours are to be, and when something cannot be read or written; a later call goes on.
pub fn settle(protocol: &mut Protocol<'_>) -> Result<Option<Settled>, Stop> {
    protocol.repo.refuse_taken_refs()?;
    let Some((begun, stage)) = open(protocol.journal.records()).change else {
        protocol.repo.let_go()?;
        return Ok(None);
    };
    let tip = protocol.repo.tip()?;
    let commit = match &stage {
        Stage::Begun => None,
        Stage::Prepared(commit) => Some(oid(commit)?),
    };
    let (disk, branch) = (look(protocol.repo, &tip, &begun)?, stands(protocol.repo, &tip, &begun, commit)?);
    let whole = commit.filter(|commit| is_whole(protocol.repo, &begun, *commit));
    let what = match decide(whole.is_some(), disk, branch) {
        Action::Note => note(protocol, &begun, commit)?,
        Action::Finish => {
            let commit = commit.expect("only a prepared change is finished");
            clear_asides(protocol.repo, &tip, &begun)?;
            let mut judged = Vec::with_capacity(begun.files.len());
            for file in &begun.files {
                let result = file.result().expect("a change is prepared once its result is known");
                judged.push(protocol.holding(&file.path, result.map(oid).transpose()?)?);
            }
            protocol.publish(&tip, commit, &judged, &format!("migrate: {} (resumed)", begun.unit))?;
            let several = if begun.reverts.is_some() {
                "what takes them back was committed"
            } else {
                "their judged results were committed"
            };
            of_units(&begun, "its judged result was committed", several).to_owned()
        }
        Action::Forget => {
            clear_asides(protocol.repo, &tip, &begun)?;
            protocol.abandon("interrupted, and its file taken over")?;
            of_units(&begun, "the branch holds what is in its file", "the branch holds what is in their files").to_owned()
        }
        Action::PutBack => put_back(protocol, &tip, &begun)?,
    };
    fault::point("recover: settled");
    let unit = match begun.also.as_slice() {
        [] => begun.unit.to_string(),
        [first, ..] => format!("{} and {} more", first.unit, begun.also.len()),
    };
    Ok(Some(Settled { unit, what }))
}

/// The words for a change of one unit, or for one of several.
fn of_units(begun: &Announcement, one: &'static str, several: &'static str) -> &'static str {
    if begun.also.is_empty() { one } else { several }
}

/// Removes git's locks that a killed run left. Each of them is known for ours by being the very file that we wrote; nobody else's is
/// touched, however old it is.
///
/// # Errors
/// When a lock is there and cannot be removed.
pub fn clear_own_locks(repo: &Repo, records: &[Record]) -> Result<(), Stop> {
    repo.clear_own_lock()?;
    repo.clear_own_ref_locks()?;
    if let Some((begun, Stage::Prepared(_))) = open(records).change {
        repo.clear_own_branch_lock(&begun.branch)?;
    }
    // The journal may be lost. What is wrong with a HEAD that cannot be read is told by who needs it.
    if let Ok(tip) = repo.tip() {
        repo.clear_own_branch_lock(&tip.branch)?;
    }
    Ok(())
}

/// What the journal knows of a commit's verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Nothing is owed: it passed, or there was none to run.
    Done,
    /// It landed, and was to be verified.
    Owed,
    /// The journal has never heard of the commit: it was made in another clone, or the journal is lost.
    Unknown,
}

/// Says what `records` know of the verification of `commit`. Units land only when no earlier verification is owed: of the commits
/// that are unknown only the newest can be unverified.
#[must_use]
pub fn judged(records: &[Record], commit: &str) -> Verification {
    if open(records).unverified.iter().any(|(_, unverified)| unverified == commit) {
        return Verification::Owed;
    }
    let known = |record: &Record| match record {
        Record::Committed { commit: of } | Record::Verified { commit: of } => of == commit,
        // One that did not land is in no branch, and nobody asks.
        Record::Begun(begun) => begun.also.iter().any(|also| also.commit == commit),
        _ => false,
    };
    if records.iter().any(known) { Verification::Done } else { Verification::Unknown }
}

fn note(protocol: &mut Protocol<'_>, begun: &Announcement, commit: Option<Oid>) -> Result<String, Stop> {
    let commit = commit.expect("only a prepared commit can be in the branch").to_string();
    protocol.journal.append(Record::Committed { commit })?;
    protocol.repo.let_go()?;
    Ok(of_units(begun, "its commit is in the branch", "their commits are in the branch").to_owned())
}

fn put_back(protocol: &mut Protocol<'_>, tip: &Tip, begun: &Announcement) -> Result<String, Stop> {
    clear_asides(protocol.repo, tip, begun)?;
    let Leftovers { strangers, kept } = protocol.undo_recorded(begun)?;
    fault::point("recover: put back");
    protocol.abandon("interrupted before its commit")?;
    if strangers.is_empty() {
        let one = if begun.files.len() == 1 { "its file is as it was" } else { "its files are as they were" };
        let are = of_units(begun, one, "their files are as they were");
        let start = of_units(begun, "it starts again", "they start again");
        let copies: Vec<String> = kept.iter().map(|copy| copy.display().to_string()).collect();
        let copies =
            if copies.is_empty() { String::new() } else { format!(" (what a codemod had left is in {})", copies.join(", ")) };
        return Ok(format!("{are}{copies}; {start}"));
    }
    let names: Vec<String> = strangers.iter().map(ToString::to_string).collect();
    Ok(format!("somebody changed {} since, which stays as it is", names.join(", ")))
}

fn oid(text: &str) -> Result<Oid, Stop> {
    Ok(Oid::from_str(text).map_err(RepoProblem::from)?)
}

/// True when a prepared commit is there with the trees and blobs that it brought.
fn is_whole(repo: &Repo, begun: &Announcement, commit: Oid) -> bool {
    let whole = || -> Result<bool, RepoProblem> {
        if !repo.are_there(&[commit])? {
            return Ok(false);
        }
        let tree = repo.tree_of(commit)?;
        let mut objects = vec![tree];
        for file in &begun.files {
            objects.extend(repo.trees_towards(tree, &file.path)?);
            objects.extend(repo.blob_in_tree(tree, &file.path)?);
        }
        repo.are_there(&objects)
    };
    // What cannot be read is not there: the change is then put back and made anew.
    whole().unwrap_or(false)
}

/// What the disk holds.
fn look(repo: &Repo, tip: &Tip, begun: &Announcement) -> Result<Disk, Stop> {
    let (mut disk, mut all_committed, mut some_old) = (Disk::Before, true, false);
    for file in &begun.files {
        let found = match on_disk(repo, &file.path) {
            Ok(found) => found,
            Err(FileProblem::Link { .. } | FileProblem::NotRegular { .. }) => return Ok(Disk::Other),
            Err(problem) => return Err(problem.into()),
        };
        all_committed &= committed(repo, tip, &file.path, found.as_deref())?;
        let found = found.map(|found| repo.clean(&file.path, &found, false, Write::No)).transpose()?;
        let found = found.map(|found| found.to_string());
        some_old |= found == file.before && file.result() != Some(found.as_deref());
        disk = match (file.result(), disk) {
            (_, disk) if found == file.before => disk,
            (_, Disk::Other) => Disk::Other,
            (Some(after), _) if after == found.as_deref() => Disk::After,
            (Some(_), _) => Disk::Other,
            (None, _) => Disk::HalfTransformed,
        };
    }
    Ok(match disk {
        Disk::Before => Disk::Before,
        _ if all_committed => Disk::Committed,
        Disk::After if some_old => Disk::Part,
        disk => disk,
    })
}

fn stands(repo: &Repo, tip: &Tip, begun: &Announcement, commit: Option<Oid>) -> Result<Branch, Stop> {
    // The branch that the run was on is asked, too: somebody may have switched to another since.
    if let Some(commit) = commit
        && repo.holds(&begun.branch, commit)?
    {
        return Ok(Branch::HoldsCommit);
    }
    let at_base = tip.branch == begun.branch && tip.commit.to_string() == begun.base;
    Ok(if at_base { Branch::AtBase } else { Branch::Elsewhere })
}

/// Removes what was written aside, or displaced, when the run was killed.
fn clear_asides(repo: &Repo, tip: &Tip, begun: &Announcement) -> Result<(), Stop> {
    for file in &begun.files {
        let Some(aside) = file.path.beside(&file.aside) else { continue };
        let left = match fs::read(repo.top(), &aside) {
            Ok(left) => left.bytes,
            Err(FileProblem::Missing { .. } | FileProblem::Link { .. }) => continue,
            Err(problem) => return Err(problem.into()),
        };
        let conversions = repo.conversions(std::slice::from_ref(&file.path))?;
        let mut ours: Vec<Vec<u8>> = old_text(repo, tip, file, &conversions)?.into_iter().collect();
        // What is on disk was placed by us or is the old file; the other one of the two is what lies aside.
        if let Ok(found) = fs::read(repo.top(), &file.path) {
            ours.push(found.bytes);
        }
        let after = file.after.as_deref().map(oid).transpose()?;
        let text = after.and_then(|after| repo.blob(after).ok());
        let hash = repo.clean(&file.path, &left, false, Write::No)?;
        if text.is_none() && Some(hash) != after {
            // Before or between codemods texts are placed that no record names, and a new text that nobody kept may be there in part.
            keep_copy(repo, &file.path, &left)?;
            ours.push(left);
        }
        ours.extend(text);
        let is_ours = |bytes: &[u8]| ours.iter().any(|text| text.starts_with(bytes)) || Some(hash) == after;
        match fs::clear_aside(repo.top(), &file.path, &file.aside, is_ours) {
            Err(FileProblem::Changed { path }) => {
                let message = format!("{path} was edited at the instant it was replaced; that edit is in {aside}");
                let help = "take what you want of that file, remove it, then run migrate again";
                return Err(Stop::NeedsYou(Note::new(message, help)));
            }
            cleared => cleared?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
