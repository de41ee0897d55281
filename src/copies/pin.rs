//! Git's state as it is now, kept for copies while the real one moves on: an overlay whose lower layer changes shows a mixture.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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

/// So long after a file of git's changed, it may change once more without a trace in its time of change: the coarsest clocks of file
/// systems count in two seconds.
const CLOCK: Duration = Duration::from_secs(2);

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
    /// The files beside git's own.
    files: BTreeMap<RepoPath, Version>,
    /// What is kept of git's folders: in the tree, and elsewhere.
    kept: [BTreeMap<PathBuf, Kept>; 2],
}

impl Drop for Made {
    fn drop(&mut self) {
        // What cannot be removed now is cleared by the next run.
        let (Ok(()) | Err(_)) = remove_all(&self.folder);
    }
}

/// One entry of git's folders in a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    /// It does not show.
    Hidden,
    /// A folder that shows what the pin has in it and nothing else.
    Folder,
    /// A file or link as it was; `None` where the same may mean another content.
    File(Option<Identity>),
}

/// By what a file is known to be the one that was copied: device, inode, size, and the times of change of content and entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity(u64, u64, u64, (i64, i64), (i64, i64));

impl Identity {
    fn of(stat: &Metadata, now: SystemTime) -> Option<Self> {
        let last = stat.mtime().max(stat.ctime());
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let is_settled = u64::try_from(last).is_ok_and(|last| Duration::from_secs(last) + CLOCK < now);
        let times = ((stat.mtime(), stat.mtime_nsec()), (stat.ctime(), stat.ctime_nsec()));
        is_settled.then(|| Self(stat.dev(), stat.ino(), stat.size(), times.0, times.1))
    }
}

impl Pin {
    pub(super) fn make(run: &Arc<Run>, files: &BTreeMap<RepoPath, Version>) -> Result<Self, CopyError> {
        let mut made = Self::empty(run)?;
        let tree = &run.tree;
        let below = Stack::new(vec![tree.top.clone()], run.mark());
        let mut layer = Layer::create(&made.tree, &tree.top, &below, run.mark())?;
        layer.put_all(files)?;
        layer.finish()?;
        made.files.clone_from(files);
        if let (Some(git), Some(outer)) = (&made.git, tree.outer_git()) {
            let below = Stack::new(vec![outer.to_owned()], run.mark());
            Layer::create(git, outer, &below, run.mark())?.finish()?;
        }
        made.keep_git()?;
        Ok(Self { made: Arc::new(made) })
    }

    /// The same for git's state as it is now and these files: in the folder of the old one where nothing else uses that and the files
    /// are the same, since most of what is in git's folder stays as it is from one commit to the next.
    pub(super) fn renew(self, files: &BTreeMap<RepoPath, Version>) -> Result<Self, CopyError> {
        let Self { mut made } = self;
        match Arc::get_mut(&mut made).filter(|made| made.files == *files) {
            Some(own) => own.keep_git()?,
            None => return Self::make(&Arc::clone(&made.run), files),
        }
        Ok(Self { made })
    }

    /// One that keeps nothing.
    pub(super) fn bare(run: &Arc<Run>) -> Result<Self, CopyError> {
        let made = Self::empty(run)?;
        create_folder(&made.tree)?;
        if let Some(git) = &made.git {
            create_folder(git)?;
        }
        Ok(Self { made: Arc::new(made) })
    }

    /// What shows before a copy's own files.
    pub(super) fn stack(&self) -> Stack {
        Stack::new(vec![self.made.tree.clone(), self.made.run.tree.top.clone()], self.made.run.mark())
    }

    /// One whose folders are still to be made.
    fn empty(run: &Arc<Run>) -> Result<Made, CopyError> {
        let folder = run.scratch.name("pin");
        create_folder(&folder)?;
        let git = run.tree.outer_git().map(|_| folder.join("git"));
        let (tree, run) = (folder.join("tree"), Arc::clone(run));
        Ok(Made { tree, git, folder, run, files: BTreeMap::new(), kept: Default::default() })
    }
}

impl Made {
    /// Keeps git's folders as they are now, in the place of what was kept of them.
    fn keep_git(&mut self) -> Result<(), CopyError> {
        let run = Arc::clone(&self.run);
        let tree = &run.tree;
        let roots = [Some((tree.top.as_path(), &self.tree)), tree.outer_git().zip(self.git.as_ref())];
        for ((real, layer), kept) in roots.into_iter().zip(&mut self.kept).filter_map(|(root, kept)| Some((root?, kept))) {
            let mut listing = Listing { now: SystemTime::now(), found: BTreeMap::new() };
            for folder in [Some(&tree.common), Some(&tree.git).filter(|git| **git != tree.common)].into_iter().flatten() {
                if let Ok(path) = folder.strip_prefix(real) {
                    listing.folder(folder, path)?;
                }
            }
            if listing.found.is_empty() {
                continue;
            }
            let below = Stack::new(vec![real.to_owned()], run.mark());
            keep(&mut Layer::open(layer, &below, run.mark()), kept, listing.found)?;
        }
        Ok(())
    }
}

/// Brings a layer from what it keeps to what was found.
fn keep(
    layer: &mut Layer<'_>,
    kept: &mut BTreeMap<PathBuf, Kept>,
    found: BTreeMap<PathBuf, (Kept, PathBuf, Option<Metadata>)>,
) -> Result<(), CopyError> {
    let stays = |path: &PathBuf, old: &Kept| *old != Kept::File(None) && found.get(path).is_some_and(|(new, ..)| new == old);
    let gone: Vec<PathBuf> = kept.iter().filter(|(path, old)| !stays(path, old)).map(|(path, _)| path.clone()).collect();
    for path in gone {
        layer.remove(&path)?;
        kept.remove(&path);
    }
    for (path, (new, source, stat)) in found {
        if kept.contains_key(&path) {
            continue;
        }
        layer.remove(&path)?;
        match (&new, stat) {
            (Kept::Hidden, _) => layer.hide(&path)?,
            (Kept::Folder, _) => layer.make_opaque(&path)?,
            (Kept::File(_), Some(stat)) => unless_gone(layer.copy_as_is(&source, &stat, &path), &source)?,
            (Kept::File(_), None) => {}
        }
        kept.insert(path, new);
    }
    layer.finish()
}

/// What git's folders hold that is to be kept: by its place in the tree, what is kept of it, where it is, and what it was.
struct Listing {
    now: SystemTime,
    found: BTreeMap<PathBuf, (Kept, PathBuf, Option<Metadata>)>,
}

impl Listing {
    /// Lists, at `path`, what may change of git's folder `from`. Objects are only ever added, so they need not be kept.
    fn folder(&mut self, from: &Path, path: &Path) -> Result<(), CopyError> {
        let found = entries(from)?;
        let names: BTreeSet<OsString> = found.iter().map(|entry| entry.name.clone()).collect();
        for entry in found {
            let (source, at) = (from.join(&entry.name), path.join(&entry.name));
            if entry.stat.is_dir() && FOLDERS.iter().any(|name| entry.name == *name) {
                self.whole(source, at)?;
            } else if !is_lock(&at) && (entry.stat.is_file() || entry.stat.is_symlink()) {
                self.file(source, entry.stat, at);
            } else if !entry.stat.is_dir() {
                // A lock is not for the copies, and nobody answers there at the socket of a daemon.
                self.found.insert(at, (Kept::Hidden, source, None));
            }
        }
        for name in COMING.iter().chain(&FOLDERS).filter(|name| !names.contains(OsStr::new(name))) {
            self.found.insert(path.join(name), (Kept::Hidden, from.join(name), None));
        }
        Ok(())
    }

    /// Lists a folder with all that is in it.
    fn whole(&mut self, from: PathBuf, path: PathBuf) -> Result<(), CopyError> {
        self.found.insert(path.clone(), (Kept::Folder, from.clone(), None));
        let mut folders = vec![(from, path)];
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
                } else if (entry.stat.is_file() || entry.stat.is_symlink()) && !is_lock(&at) {
                    self.file(source, entry.stat, at);
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, source: PathBuf, stat: Metadata, at: PathBuf) {
        self.found.insert(at, (Kept::File(Identity::of(&stat, self.now)), source, Some(stat)));
    }
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "lock")
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
