//! Taking a commit back: what `git revert --no-edit` would commit, with the reason added, written by the same protocol.

use git2::Oid;

use crate::message::revert;
use crate::message::trailers::{Cause, Reverted as Account};
use crate::path::RepoPath;
use crate::protocol::{Change, ChangedFile, Protocol};
use crate::repo::revert::Reverted;
use crate::repo::{Repo, Tip};
use crate::stop::{Note, Stop};

/// The unit whose commit is taken back: plan, phase, file.
pub type UnitId<'a> = (&'a str, &'a str, &'a RepoPath);

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
    /// All of it: it holds nothing but the unit.
    Whole,
    /// What it did to the unit's file: it holds more, as a squashed commit does.
    File,
}

/// How much of `commit` is a unit's own.
///
/// # Errors
/// When the commit cannot be read.
pub fn extent(repo: &Repo, commit: Oid, unit: &RepoPath) -> Result<Extent, Stop> {
    if repo.is_merge(commit)? {
        return Ok(Extent::File);
    }
    let Some(parent) = repo.parent_of(commit)?.filter(|parent| repo.has_commit(*parent)) else { return Ok(Extent::Whole) };
    let changed = repo.changed_between(repo.tree_of(parent)?, repo.tree_of(commit)?)?;
    Ok(if changed.iter().all(|path| path == unit) { Extent::Whole } else { Extent::File })
}

/// Why a commit is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A verify command failed: which, and how.
    Verification(String),
    /// Somebody asked for it.
    Rollback,
}

/// Says what taking `commit` back on top of `tip` would do.
///
/// # Errors
/// When the commit has no parent to go back to, or an object is missing.
pub fn preview(repo: &Repo, tip: Oid, commit: Oid, unit: &RepoPath, extent: Extent) -> Result<Preview, Stop> {
    if repo.parent_of(commit)?.is_none() {
        let message = format!("{commit} has no parent here: it cannot be taken back");
        return Err(Stop::Refused(Note::new(message, "in a shallow clone, `git fetch --unshallow` first")));
    }
    let reverted = match extent {
        Extent::Whole => repo.revert_tree(commit, tip)?,
        Extent::File => repo.revert_file_tree(commit, tip, unit)?,
    };
    match reverted {
        Reverted::Nothing => Ok(Preview::Nothing),
        Reverted::Tree(tree) => Ok(Preview::Changes(repo.changed_between(repo.tree_of(tip)?, tree)?, tree)),
        Reverted::Conflict(paths) => {
            let mut message = format!("{commit} cannot be taken back: later commits changed the same lines");
            for path in &paths {
                for (later, subject) in repo.later_changes(commit, tip, path, 5)? {
                    let id = later.to_string();
                    message.push_str(&format!("\n  {path}: {} {subject}", &id[..12]));
                }
            }
            let help = format!("nothing was changed; take those commits back first, or revert {unit} by hand");
            Ok(Preview::Conflict(Stop::NeedsYou(Note::new(message, help))))
        }
    }
}

/// True when taking `commit` back would change nothing: later commits did so already.
///
/// # Errors
/// As for [`preview`].
pub fn preview_is_empty(repo: &Repo, tip: Oid, commit: Oid, unit: &RepoPath, extent: Extent) -> Result<bool, Stop> {
    Ok(matches!(preview(repo, tip, commit, unit, extent)?, Preview::Nothing))
}

/// True when later commits on the way to `tip` took `commit` back already: nothing is owed to it then.
///
/// # Errors
/// When an object is missing.
pub fn is_undone(repo: &Repo, tip: Oid, commit: Oid) -> Result<bool, Stop> {
    Ok(repo.parent_of(commit)?.is_some() && matches!(repo.revert_tree(commit, tip)?, Reverted::Nothing))
}

/// Takes `commit` back by a commit of its own.
///
/// # Errors
/// [`Stop::NeedsYou`] on a conflict, with nothing touched; otherwise as the protocol's.
pub fn take_back(protocol: &mut Protocol<'_>, id: UnitId<'_>, commit: Oid, extent: Extent, reason: &Reason) -> Result<Oid, Stop> {
    let (plan, phase, unit) = id;
    let tip = protocol.repo.tip()?;
    let (paths, tree) = match preview(protocol.repo, tip.commit, commit, unit, extent)? {
        Preview::Changes(paths, tree) => (paths, tree),
        Preview::Conflict(stop) => return Err(stop),
        Preview::Nothing => {
            let message = format!("{commit} is undone already by later commits");
            return Err(Stop::NeedsYou(Note::new(message, "nothing was changed; see `git log` of the file")));
        }
    };
    let files = changed_files(protocol.repo, &tip, &paths, tree)?;
    let change = Change {
        plan: plan.to_owned(),
        phase: phase.to_owned(),
        unit: unit.clone(),
        tip,
        files,
        reverts: Some(commit),
        verify: false,
    };
    let original = protocol.repo.message_of(commit)?;
    let (cause, why) = match reason {
        Reason::Verification(why) => (Cause::Verification, why.as_str()),
        Reason::Rollback => (Cause::Rollback, "rolled back with `migrate rollback`"),
    };
    let account = Account {
        plan: plan.to_owned(),
        phase: phase.to_owned(),
        unit: unit.as_bytes().to_vec(),
        commit: commit.to_string(),
        cause,
    };
    let message = match extent {
        Extent::Whole => revert::revert(&original, why, &account),
        Extent::File => revert::part(&original, &unit.to_string(), why, &account),
    };
    let subject = message.lines().next().unwrap_or_default().to_owned();
    protocol.begin(&change)?;
    let landed = protocol.place(&change).and_then(|()| protocol.land(&change, &message, &format!("revert (migrate): {subject}")));
    match landed {
        Ok(revert) => Ok(revert),
        Err(stop) => match protocol.undo(&change, &stop.to_string()) {
            Ok(()) => Err(stop),
            Err(worse) => Err(worse),
        },
    }
}

/// The files as they are and as `tree` has them.
fn changed_files(repo: &Repo, tip: &Tip, paths: &[RepoPath], tree: Oid) -> Result<Vec<ChangedFile>, Stop> {
    let conversions = repo.conversions(paths)?;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let target = repo.target(tip, path, &conversions)?;
        let converted = conversions.apply_to(path);
        let Some(blob) = repo.blob_in_tree(tree, path)? else {
            let message = format!("taking the commit back would add or delete {path}, which migrate does not do");
            return Err(Stop::Refused(Note::new(message, "revert it with git")));
        };
        files.push(ChangedFile::new(target, converted, Some(repo.smudge(path, blob, converted)?))?);
    }
    Ok(files)
}
