//! Git's state as it is now, kept for copies while the real one moves on: an overlay whose lower layer changes shows a mixture.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::copies::Version;
use crate::copies::error::CopyError;
use crate::copies::layer::{Layer, create_folder};
use crate::copies::run::Run;
use crate::copies::scratch::remove_all;
use crate::copies::stack::{Stack, entries};
use crate::path::RepoPath;

/// Folders of git's that change as a whole.
const FOLDERS: [&str; 6] = ["refs", "logs", "reftable", "rebase-merge", "rebase-apply", "sequencer"];

/// Files of git's that come and go. One that is not there now must not show in a copy when it comes.
const COMING: [&str; 16] = [
    "AUTO_MERGE",
    "BISECT_LOG",
    "CHERRY_PICK_HEAD",
    "COMMIT_EDITMSG",
    "FETCH_HEAD",
    "HEAD.lock",
    "MERGE_HEAD",
    "MERGE_MODE",
    "MERGE_MSG",
    "ORIG_HEAD",
    "REVERT_HEAD",
    "SQUASH_MSG",
    "config.lock",
    "index.lock",
    "packed-refs",
    "packed-refs.lock",
];

/// A layer between the tree and its copies, shared by all of them and written by none: git's `HEAD`, index, references and logs as
/// they were, and the files that are in the tree other than the candidates build on. Cheap to clone; its folder is removed with
/// the last clone and copy.
#[derive(Debug, Clone)]
pub struct Pin {
    pub(super) made: Arc<Made>,
}

/// The folders of a pin.
#[derive(Debug)]
pub(super) struct Made {
    folder: PathBuf,
    /// What lies above the tree, and what lies above git's folder where that is elsewhere.
    pub(super) tree: PathBuf,
    pub(super) git: Option<PathBuf>,
    pub(super) run: Arc<Run>,
}

impl Drop for Made {
    fn drop(&mut self) {
        // What cannot be removed now is cleared by the next run.
        let (Ok(()) | Err(_)) = remove_all(&self.folder);
    }
}

impl Pin {
    pub(super) fn make(run: &Arc<Run>, files: &BTreeMap<RepoPath, Version>) -> Result<Self, CopyError> {
        let pin = Self::empty(run)?;
        let tree = &run.tree;
        let below = Stack::new(vec![tree.top.clone()], run.mark());
        let mut layer = Layer::create(&pin.made.tree, &tree.top, &below, run.mark())?;
        layer.put_all(files)?;
        for folder in [&tree.common, &tree.git] {
            if let Ok(path) = folder.strip_prefix(&tree.top) {
                pin_git(&mut layer, folder, path)?;
            }
            if tree.common == tree.git {
                break;
            }
        }
        layer.finish()?;
        if let (Some(git), Some(outer)) = (&pin.made.git, tree.outer_git()) {
            let below = Stack::new(vec![outer.to_owned()], run.mark());
            let mut layer = Layer::create(git, outer, &below, run.mark())?;
            pin_git(&mut layer, outer, Path::new(""))?;
            if let Ok(path) = tree.git.strip_prefix(outer)
                && !path.as_os_str().is_empty()
            {
                pin_git(&mut layer, &tree.git, path)?;
            }
            layer.finish()?;
        }
        Ok(pin)
    }

    /// One that keeps nothing.
    pub(super) fn bare(run: &Arc<Run>) -> Result<Self, CopyError> {
        let pin = Self::empty(run)?;
        create_folder(&pin.made.tree)?;
        if let Some(git) = &pin.made.git {
            create_folder(git)?;
        }
        Ok(pin)
    }

    /// What shows before a copy's own files.
    pub(super) fn stack(&self) -> Stack {
        Stack::new(vec![self.made.tree.clone(), self.made.run.tree.top.clone()], self.made.run.mark())
    }

    /// One whose folders are still to be made.
    fn empty(run: &Arc<Run>) -> Result<Self, CopyError> {
        let folder = run.scratch.name("pin");
        create_folder(&folder)?;
        let git = run.tree.outer_git().map(|_| folder.join("git"));
        Ok(Self { made: Arc::new(Made { tree: folder.join("tree"), git, folder, run: Arc::clone(run) }) })
    }
}

/// Keeps in `layer`, at `path`, what may change of git's folder `from`. Objects are only ever added, so they need not be.
fn pin_git(layer: &mut Layer<'_>, from: &Path, path: &Path) -> Result<(), CopyError> {
    let found = entries(from)?;
    for entry in &found {
        let (source, at) = (from.join(&entry.name), path.join(&entry.name));
        let is_lock = at.extension().is_some_and(|ending| ending == "lock");
        if entry.stat.is_dir() && FOLDERS.iter().any(|name| entry.name == *name) {
            copy_folder(layer, &source, &at)?;
        } else if !is_lock && (entry.stat.is_file() || entry.stat.is_symlink()) {
            unless_gone(layer.copy_as_is(&source, &entry.stat, &at), &source)?;
        } else if !entry.stat.is_dir() {
            // A lock is not for the copies, and nobody answers there at the socket of a daemon.
            layer.hide(&at)?;
        }
    }
    for name in COMING.iter().chain(&FOLDERS).filter(|name| found.iter().all(|entry| entry.name != **name)) {
        layer.hide(&path.join(name))?;
    }
    Ok(())
}

fn copy_folder(layer: &mut Layer<'_>, from: &Path, path: &Path) -> Result<(), CopyError> {
    layer.make_opaque(path)?;
    let mut folders = vec![(from.to_owned(), path.to_owned())];
    while let Some((from, path)) = folders.pop() {
        let found = match entries(&from) {
            Ok(found) => found,
            Err(error) => {
                unless_gone(Err(error), &from)?;
                continue;
            }
        };
        for entry in found {
            let (source, at) = (from.join(&entry.name), path.join(&entry.name));
            if entry.stat.is_dir() {
                folders.push((source, at));
            } else if (entry.stat.is_file() || entry.stat.is_symlink()) && at.extension().is_none_or(|ending| ending != "lock") {
                unless_gone(layer.copy_as_is(&source, &entry.stat, &at), &source)?;
            }
        }
    }
    Ok(())
}

/// Git may remove a file while its folder is being copied: it is then as if it had gone before.
fn unless_gone(done: Result<(), CopyError>, source: &Path) -> Result<(), CopyError> {
    match done {
        Err(CopyError::Io { source: error, .. })
            if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(source).is_err() =>
        {
            Ok(())
        }
        other => other,
    }
}
