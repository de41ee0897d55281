//! Reading the index and putting a unit's entries into it, under git's own lock.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::Oid;

use crate::fault;
use crate::path::RepoPath;
use crate::repo::git::GitProblem;
use crate::repo::index::{EntryStat, Index, IndexProblem};
use crate::repo::{Repo, RepoProblem, Tip};

/// How long git's lock may be held by others before it counts as stale for a person to look at.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// An index as it was read, and the file it was read from.
#[derive(Debug)]
pub struct CachedIndex {
    index: Index,
    identity: Identity,
}

/// An index written aside, or the knowledge that git must write it.
#[derive(Debug)]
pub struct Staged(Option<NewIndex>);

impl Staged {
    /// The file that was written, to be synced before it takes the index's place.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|new| new.own.0.clone())
    }
}

#[derive(Debug)]
struct NewIndex {
    cached: CachedIndex,
    /// The file that it was made from.
    read: Identity,
    own: Own,
}

/// A file in our own folder, gone when it is of no more use.
#[derive(Debug)]
struct Own(PathBuf);

impl Own {
    fn remove(mut self) -> io::Result<()> {
        std::fs::remove_file(std::mem::take(&mut self.0))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // While it is git's lock as well it stays, to tell whose the lock is. Whatever stays is cleared by the next run.
        if self.0.symlink_metadata().is_ok_and(|own| own.nlink() == 1) {
            std::fs::remove_file(&self.0).unwrap_or_default();
        }
    }
}

/// The path as a pathspec without magic.
pub(super) fn literal(path: &RepoPath) -> OsString {
    let mut spec = b":(top,literal)".to_vec();
    spec.extend_from_slice(path.as_bytes());
    OsString::from_vec(spec)
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &std::fs::Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// One entry to change.
#[derive(Debug, Clone)]
pub struct Restage {
    /// Where the file is.
    pub path: RepoPath,
    /// The mode and blob that the entry has now; `None` where there is none.
    pub before: Option<(u32, Oid)>,
    /// What it shall have; `None` when it goes. The mode of an entry that stays stays too.
    pub after: Option<(u32, Oid)>,
    /// The file on disk that is as `after`.
    pub stat: EntryStat,
    /// The trees along the path that hold `before`, root first.
    pub old_trees: Vec<Oid>,
    /// Those that hold `after`.
    pub new_trees: Vec<Oid>,
}

impl Restage {
    /// True when the index has what it is to go from, or what it is to come to.
    fn expects(&self, now: Option<(u32, Oid)>) -> bool {
        let is = |state: Option<(u32, Oid)>| {
            let mode = self.before.or(state).map(|(mode, _)| mode);
            state.is_some() == now.is_some()
                && state.map(|(_, blob)| blob) == now.map(|(_, blob)| blob)
                && now.is_none_or(|(now, _)| Some(now) == mode)
        };
        is(self.before) || is(self.after)
    }
}

impl Repo {
    /// The file of the index. Where the name in git's folder is a link, the index and its lock are where it points, as they are to
    /// git.
    fn index_path(&self) -> PathBuf {
        let name = self.git_dir.join("index");
        let behind = if name.is_symlink() { name.canonicalize().ok() } else { None };
        behind.unwrap_or(name)
    }

    /// git's lock on the index.
    pub(super) fn index_lock(&self) -> PathBuf {
        let mut lock = self.index_path().into_os_string();
        lock.push(".lock");
        lock.into()
    }

    /// Asks the index; `None` when it is of a kind that is left to git.
    pub(super) fn with_index<T>(&self, ask: impl FnOnce(&Index) -> T) -> Result<Option<T>, RepoProblem> {
        if !self.load_index()? {
            return Ok(None);
        }
        Ok(self.index.borrow().as_ref().map(|cached| ask(&cached.index)))
    }

    /// Makes the cache hold the index as it is on disk; false when it is of a kind that is left to git.
    fn load_index(&self) -> Result<bool, RepoProblem> {
        let io = |source| RepoProblem::Index { act: "read", source };
        let now = self.index_identity()?;
        if self.index.borrow().as_ref().is_some_and(|cached| cached.identity == now) {
            return Ok(true);
        }
        let mut file = File::open(self.index_path()).map_err(io)?;
        let identity = Identity::of(&file.metadata().map_err(io)?);
        let mut bytes = Vec::with_capacity(usize::try_from(identity.size).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(io)?;
        match Index::parse(bytes) {
            Ok(index) => {
                self.index.replace(Some(CachedIndex { index, identity }));
                Ok(true)
            }
            Err(IndexProblem::Unsupported(_)) => Ok(false),
            Err(problem) => Err(RepoProblem::BrokenIndex(problem)),
        }
    }

    /// Writes aside the index that names the new blobs of `entries` and is else as it is now, for [`Repo::restage`] to put in place.
    /// A crash leaves a file in our own folder.
    ///
    /// # Errors
    /// When an entry is not what was expected, or the index cannot be read or written.
    pub fn stage_aside(&self, entries: &[Restage]) -> Result<Staged, RepoProblem> {
        Ok(Staged(self.patched_index(entries)?))
    }

    /// Makes the index name the new blobs of `entries`, leaving everything else that is staged as it is. HEAD must stand at `tip`
    /// while git's lock is held, so that nobody switches the branch in between. Entries that name `after` already are left.
    ///
    /// What others staged since is kept: while the lock is held nobody can write the index, and it is made anew from what is there.
    ///
    /// The new index is written in our own folder first and then linked to `index.lock`, so that a lock that a killed run left is
    /// known by being the same file ([`Repo::clear_own_lock`]). A crash leaves the old index or the new one.
    ///
    /// # Errors
    /// When the lock is taken, HEAD moved or an entry is not what was expected; the index is then as it was.
    pub fn restage(&self, tip: &Tip, entries: &[Restage], staged: Staged) -> Result<(), RepoProblem> {
        let Staged(Some(new)) = staged else {
            self.still_at(tip)?;
            return self.restage_through_git(entries);
        };
        let lock = self.index_lock();
        match std::fs::hard_link(&new.own.0, &lock) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(RepoProblem::Locked(lock)),
            // A file system without hard links.
            Err(_) => {
                self.still_at(tip)?;
                return self.restage_through_git(entries);
            }
        }
        fault::point("index: locked");
        let done = self.still_at(tip).and_then(|()| self.put_in_place(&lock, entries, new));
        match done {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.clear_own_lock()?;
                self.restage_through_git(entries)
            }
            Err(problem) => {
                self.clear_own_lock()?;
                Err(problem)
            }
        }
    }

    /// Renames the lock, which is held, to the index; false when git must write it instead.
    fn put_in_place(&self, lock: &Path, entries: &[Restage], new: NewIndex) -> Result<bool, RepoProblem> {
        let read = |source| RepoProblem::Index { act: "read", source };
        let NewIndex { mut cached, read: mut from, own } = new;
        // Asked through the file itself at the end: by then the name may stand for what somebody else wrote.
        let file = File::open(lock).map_err(read)?;
        if self.index_identity()? != from {
            let Some((anew, since)) = self.index_with(entries)? else { return Ok(false) };
            // It stays the same file, or nobody would know whose the lock is after a crash.
            write_synced(&own.0, anew.index.bytes())?;
            (cached, from) = (anew, since);
        }
        std::fs::rename(lock, self.index_path()).map_err(|source| RepoProblem::Index { act: "replace", source })?;
        fault::point("index: replaced");
        own.remove().map_err(|source| RepoProblem::Index { act: "tidy up beside", source })?;
        cached.identity = Identity::of(&file.metadata().map_err(read)?);
        self.index_replaced(&from, &cached.identity);
        self.index.replace(Some(cached));
        Ok(true)
    }

    /// Where a new index is written before it takes git's lock.
    fn own_index(&self) -> PathBuf {
        self.state_folder().join("index.new")
    }

    pub(super) fn index_identity(&self) -> Result<Identity, RepoProblem> {
        let file = std::fs::metadata(self.index_path()).map_err(|source| RepoProblem::Index { act: "read", source })?;
        Ok(Identity::of(&file))
    }

    /// The index with the entries changed, written to [`Repo::own_index`]; `None` when git must do it.
    fn patched_index(&self, entries: &[Restage]) -> Result<Option<NewIndex>, RepoProblem> {
        let Some((cached, read)) = self.index_with(entries)? else { return Ok(None) };
        let own = Own(self.own_index());
        write_synced(&own.0, cached.index.bytes())?;
        self.settings.shared.adjust(&own.0).map_err(|source| RepoProblem::Index { act: "write", source })?;
        Ok(Some(NewIndex { cached, read, own }))
    }

    /// The index as it is on disk with the entries changed, and what it was read from; `None` when git must do it.
    fn index_with(&self, entries: &[Restage]) -> Result<Option<(CachedIndex, Identity)>, RepoProblem> {
        if !self.load_index()? {
            return Ok(None);
        }
        let Some(mut cached) = self.index.take() else { return Ok(None) };
        self.mark_racy(&mut cached.index, cached.identity.modified)?;
        for entry in entries {
            let (path, now) = (entry.path.as_bytes(), cached.index.entry(entry.path.as_bytes()));
            if now.as_ref().is_some_and(|now| now.stage != 0) || !entry.expects(now.map(|now| (now.mode, now.oid))) {
                return Err(RepoProblem::Restaged(entry.path.clone()));
            }
            let done = match (entry.before, entry.after) {
                (Some(_), Some((_, blob))) if cached.index.set(path, blob, &entry.stat) => {
                    cached.index.move_trees(path, &entry.old_trees, &entry.new_trees);
                    true
                }
                (_, Some((mode, blob))) => cached.index.insert(path, mode, blob, &entry.stat),
                (_, None) => cached.index.remove(path),
            };
            if !done {
                return Ok(None);
            }
        }
        cached.index.seal();
        let read = cached.identity.clone();
        Ok(Some((cached, read)))
    }

    /// The mode and blob that the index names for `path`; `None` when it has no plain entry.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn staged(&self, path: &RepoPath) -> Result<Option<(u32, Oid)>, RepoProblem> {
        if let Some(entry) = self.with_index(|index| index.entry(path.as_bytes()))? {
            return Ok(entry.filter(|entry| entry.stage == 0).map(|entry| (entry.mode, entry.oid)));
        }
        let args = [OsString::from("ls-files"), "--stage".into(), "-z".into(), "--".into(), literal(path)];
        let text = self.git().ask(&args, b"")?;
        // `mode blob stage\tpath\0`; a conflict has several lines.
        let fields: Vec<&[u8]> = text.split(|byte| matches!(byte, b' ' | b'\t')).collect();
        match fields.as_slice() {
            [mode, blob, b"0", _] => {
                let mode = u32::from_str_radix(&String::from_utf8_lossy(mode), 8).unwrap_or(0);
                Ok(Some((mode, Oid::from_str(&String::from_utf8_lossy(blob))?)))
            }
            _ => Ok(None),
        }
    }

    fn restage_through_git(&self, entries: &[Restage]) -> Result<(), RepoProblem> {
        let mut input = Vec::new();
        for entry in entries {
            if !entry.expects(self.staged(&entry.path)?) {
                return Err(RepoProblem::Restaged(entry.path.clone()));
            }
            // Mode 0 takes an entry out.
            let (mode, blob) = entry.after.unwrap_or((0, Oid::ZERO_SHA1));
            let mode = entry.before.map_or(mode, |(before, _)| if mode == 0 { 0 } else { before });
            input.extend_from_slice(format!("{mode:o} {blob}\t").as_bytes());
            input.extend_from_slice(entry.path.as_bytes());
            input.push(0);
        }
        let lock = self.index_lock();
        match self.git().ask(&["update-index", "-z", "--index-info"], &input) {
            Ok(_) => Ok(()),
            // Whatever the language, git names the lock that is in its way.
            Err(GitProblem::Failed { stderr, .. }) if stderr.contains(&*lock.to_string_lossy()) => Err(RepoProblem::Locked(lock)),
            Err(problem) => Err(problem.into()),
        }
    }

    /// Removes what a killed run left of an index: the file in our own folder, and `index.lock` when it is that very file. Must be
    /// called by the holder of the run's lock only. Tells whether git's lock was ours.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn clear_own_lock(&self) -> Result<bool, RepoProblem> {
        let io = |source| RepoProblem::Index { act: "tidy up beside", source };
        let Ok(own) = self.own_index().symlink_metadata() else { return Ok(false) };
        let lock = self.index_lock();
        let ours = lock.symlink_metadata().is_ok_and(|lock| (lock.dev(), lock.ino()) == (own.dev(), own.ino()));
        if ours {
            std::fs::remove_file(&lock).map_err(io)?;
        }
        std::fs::remove_file(self.own_index()).map_err(io)?;
        Ok(ours)
    }
}

/// Makes the file hold `bytes` and lasts; where there is none it is made as git makes an index.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), RepoProblem> {
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o666).open(path)?;
        file.write_all(bytes)?;
        file.sync_data()
    };
    written().map_err(|source| RepoProblem::Index { act: "write", source })
}
