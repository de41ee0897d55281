//! Taking a commit back: what `git revert --no-edit` would commit, with the reason added, written by the same protocol.

mod together;

use git2::Oid;

use crate::message::revert;
use crate::message::trailers::{Cause, Reverted as Account};
use crate::path::RepoPath;
use crate::protocol::{After, Draft, DraftFile, Protocol};
use crate::repo::revert::Reverted;
use crate::repo::{Repo, Tip};
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;
use crate::verdict::VerdictKind;

pub use together::{MOST_FILES, steps, take_back_together};

/// What of a commit is taken back: the work on files of one unit.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The plan's name.
    pub plan: &'a str,
    /// The phase's id.
    pub phase: &'a str,
    /// The unit.
    pub unit: &'a UnitId,
    /// Those of its files that are to be as before.
    pub files: &'a [RepoPath],
    /// The commit.
    pub commit: Oid,
    /// How much of it that is.
    pub extent: Extent,
}

/// What taking a commit back would do, known before anything is written.
#[derive(Debug)]
pub enum Preview {
    /// These files would get these blobs.
    Changes(Vec<RepoPath>, Oid),
    /// Later commits changed the same lines.
    Conflict(Stop),
    /// The change is gone from the branch already.
    Nothing,
}

/// How much of a commit is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it: it holds nothing else.
    Whole,
    /// What it did to these files: it holds more, as a squashed commit does, or a group of which one file goes back.
    Files,
}

/// How much of `commit` its work on `files` is.
///
/// # Errors
/// When the commit cannot be read.
pub fn extent(repo: &Repo, commit: Oid, files: &[RepoPath]) -> Result<Extent, Stop> {
    if repo.is_merge(commit)? {
        return Ok(Extent::Files);
    }
    let Some(parent) = repo.parent_of(commit)?.filter(|parent| repo.has_commit(*parent)) else { return Ok(Extent::Whole) };
    let changed = repo.changed_between(repo.tree_of(parent)?, repo.tree_of(commit)?)?;
    Ok(if changed.iter().all(|path| files.contains(path)) { Extent::Whole } else { Extent::Files })
}

/// Why a commit is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A verify command failed: which, and how.
    Verification {
        /// In words.
        why: String,
        /// In one word, where that is known.
        verdict: Option<VerdictKind>,
    },
    /// It made the gate of its phase fail: which command, and how.
    Gate {
        /// In words.
        why: String,
        /// In one word.
        verdict: Option<VerdictKind>,
    },
    /// Somebody asked for it.
    Rollback,
}

/// Says what taking it back on top of `tip` would do.
///
/// # Errors
/// When the commit has no parent to go back to, or an object is missing.
pub fn preview(repo: &Repo, tip: Oid, work: Work<'_>) -> Result<Preview, Stop> {
    preview_onto(repo, tip, repo.tree_of(tip)?, work)
}

/// As [`preview`], once others were taken back on top of `tip`, which left the tree `ours`.
///
/// # Errors
/// As for [`preview`].
pub fn preview_onto(repo: &Repo, tip: Oid, ours: Oid, work: Work<'_>) -> Result<Preview, Stop> {
    let Work { commit, extent, .. } = work;
    if repo.parent_of(commit)?.is_none() {
        let message = format!("{commit} has no parent here: it cannot be taken back");
        return Err(Stop::Refused(Note::new(message, "in a shallow clone, `git fetch --unshallow` first")));
    }
    let reverted = match extent {
        Extent::Whole => repo.revert_tree(commit, ours)?,
        Extent::Files => repo.revert_files_tree(commit, ours, work.files)?,
    };
    match reverted {
        Reverted::Nothing => Ok(Preview::Nothing),
        Reverted::Tree(tree) => Ok(Preview::Changes(repo.changed_between(ours, tree)?, tree)),
        Reverted::Conflict(paths) => {
            let mut message = format!("{commit} cannot be taken back: later commits changed the same lines");
            for path in &paths {
                for (later, subject) in repo.later_changes(commit, tip, path, 5)? {
                    let id = later.to_string();
                    message.push_str(&format!("\n  {path}: {} {subject}", &id[..12]));
                }
            }
            let help = format!("nothing was changed; take those commits back first, or revert {} by hand", work.unit);
            Ok(Preview::Conflict(Stop::NeedsYou(Note::new(message, help))))
        }
    }
}

/// True when taking it back would change nothing: later commits did so already.
///
/// # Errors
/// As for [`preview`].
pub fn preview_is_empty(repo: &Repo, tip: Oid, work: Work<'_>) -> Result<bool, Stop> {
    Ok(matches!(preview(repo, tip, work)?, Preview::Nothing))
}

/// True when later commits on the way to `tip` took `commit` back already: nothing is owed to it then.
///
/// # Errors
/// When an object is missing.
pub fn is_undone(repo: &Repo, tip: Oid, commit: Oid) -> Result<bool, Stop> {
    Ok(repo.parent_of(commit)?.is_some() && matches!(repo.revert_tree(commit, repo.tree_of(tip)?)?, Reverted::Nothing))
}

/// Takes it back by a commit of its own.
///
/// # Errors
/// [`Stop::NeedsYou`] on a conflict, with nothing touched; otherwise as the protocol's.
pub fn take_back(protocol: &mut Protocol<'_>, work: Work<'_>, reason: &Reason) -> Result<Oid, Stop> {
    let Work { plan, phase, unit, commit, .. } = work;
    let tip = protocol.repo.tip()?;
    let (paths, tree) = match preview(protocol.repo, tip.commit, work)? {
        Preview::Changes(paths, tree) => (paths, tree),
        Preview::Conflict(stop) => return Err(stop),
        Preview::Nothing => {
            let message = format!("{commit} is undone already by later commits");
            return Err(Stop::NeedsYou(Note::new(message, "nothing was changed; see `git log` of the file")));
        }
    };
    let files = changed_files(protocol.repo, &tip, &paths, tree)?;
    let draft = Draft {
        plan: plan.to_owned(),
        phase: phase.to_owned(),
        unit: unit.clone(),
        members: Vec::new(),
        tip,
        files,
        reverts: Some(commit),
        verify: false,
        chain: None,
    };
    let message = message(protocol.repo, work, reason)?;
    let subject = message.lines().next().unwrap_or_default().to_owned();
    let begun = protocol.begin(draft)?;
    let placed = protocol.place(begun)?;
    Ok(protocol.land(placed, &message, &format!("revert (migrate): {subject}"))?.commit)
}

/// The message of the commit that takes it back.
fn message(repo: &Repo, work: Work<'_>, reason: &Reason) -> Result<String, Stop> {
    let Work { plan, phase, unit, commit, extent, .. } = work;
    let original = repo.message_of(commit)?;
    let (cause, why, verdict) = match reason {
        Reason::Verification { why, verdict } => (Cause::Verification, why.as_str(), *verdict),
        Reason::Gate { why, verdict } => (Cause::Gate, why.as_str(), *verdict),
        Reason::Rollback => (Cause::Rollback, "rolled back by request", None),
    };
    let account = Account {
        plan: plan.to_owned(),
        phase: phase.to_owned(),
        unit: unit.as_bytes().to_vec(),
        files: if unit.file().is_some() { Vec::new() } else { work.files.iter().map(|file| file.as_bytes().to_vec()).collect() },
        commit: commit.to_string(),
        cause,
        verdict,
    };
    Ok(match extent {
        Extent::Whole => revert::revert(&original, why, &account),
        Extent::Files => revert::part(&original, &names(work), why, &account),
    })
}

/// What is taken back out of a bigger commit, for people.
fn names(work: Work<'_>) -> String {
    match work.files {
        [one] => one.to_string(),
        many => format!("{} files of {}", many.len(), work.unit),
    }
}

/// The files as they are and as `tree` has them.
fn changed_files(repo: &Repo, tip: &Tip, paths: &[RepoPath], tree: Oid) -> Result<Vec<DraftFile>, Stop> {
    let conversions = repo.conversions(paths)?;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let before = match repo.file_in(tip.commit, path)? {
            Some(_) => Some(repo.target(tip, path, &conversions)?),
            None => {
                repo.free(tip, path)?;
                None
            }
        };
        let converted = conversions.apply_to(path);
        let after = match repo.file_in_tree(tree, path)? {
            Some((mode @ (0o100_644 | 0o100_755), blob)) => After::Text { bytes: repo.smudge(path, blob, converted)?, mode },
            Some(_) => {
                let message = format!("taking the commit back would make {path} what is no file");
                return Err(Stop::Refused(Note::new(message, "revert it with git")));
            }
            None => After::Gone,
        };
        files.push(DraftFile::new(path.clone(), before, converted, after)?);
    }
    Ok(files)
}
