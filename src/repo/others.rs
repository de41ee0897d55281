//! The tracked files that are not the unit's: whether a command of the plan changed one of them.
//!
//! The answer is always that of `git status`, compared with what it said when the run began. From the second question on it is not
//! asked for when nothing can have changed: the folders of tracked files are watched ([`Watch`]), index and HEAD were moved by this
//! tool alone, and each file that something happened to holds what both name. So a question costs what the command did, not
//! what the repository holds. Only "nothing changed" is ever concluded that way; every doubt ends in the whole comparison. A file that
//! git calls changed is looked at before it is believed.
//!
//! What the watch cannot see is said there. Attributes and configuration of git outside tracked files are taken to stay.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use git2::{ObjectType, Oid};

use crate::fs::{self, FileProblem};
use crate::path::RepoPath;
use crate::repo::index::Entry;
use crate::repo::target::Write;
use crate::repo::watch::Watch;
use crate::repo::{Repo, RepoProblem};

const EXECUTABLE: u32 = 0o100_755;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

/// The tracked files with changes when the run began and what they held, and what is known since.
#[derive(Debug, Default)]
pub struct Others {
    before: BTreeMap<RepoPath, Held>,
    sight: RefCell<Sight>,
}

/// A file with changes, as git and the disk have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    /// Modes, staged blob and kinds of change, as `git status` words them.
    said: Vec<u8>,
    disk: Disk,
}

/// What is on disk at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Disk {
    Absent,
    File {
        /// Its bytes as they are.
        raw: Oid,
        executable: bool,
    },
    Link(Oid),
    /// Not to be read, or no file.
    Else,
}

/// What was seen since everything was compared last.
#[derive(Debug, Default)]
struct Sight {
    watching: Watching,
    /// Files that were not as before when they were looked at last, or were not looked at because they were the unit's own.
    suspects: BTreeSet<RepoPath>,
}

#[derive(Debug, Default)]
enum Watching {
    /// Nothing was asked yet.
    #[default]
    NotYet,
    /// Since the mark of this number.
    Since(u64, Watch),
    /// It cannot be had here.
    Never,
}

impl Others {
    /// The paths that had changes.
    pub fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.before.keys()
    }

    /// True when the file had changes.
    #[must_use]
    pub fn holds(&self, path: &RepoPath) -> bool {
        self.before.contains_key(path)
    }

    /// True when no tracked file had changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.is_empty()
    }
}

impl Repo {
    /// Takes down which tracked files have changes now. One pass over the work tree; nothing is watched before the first question.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn others(&self) -> Result<Others, RepoProblem> {
        Ok(Others { before: self.held()?, sight: RefCell::default() })
    }

    /// The tracked files, apart from `own`, that are not as they were when `before` was taken.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn changed_others(&self, before: &Others, own: &[RepoPath]) -> Result<Vec<RepoPath>, RepoProblem> {
        let mut sight = before.sight.borrow_mut();
        if self.surely_unchanged(&before.before, &mut sight, own)? {
            return Ok(Vec::new());
        }
        // The watch comes first: what happens during the comparison is then news for the next question.
        sight.watching = self.watch_anew(&sight.watching)?;
        let now = self.held()?;
        let moved = |path: &&RepoPath| before.before.get(path) != now.get(path);
        sight.suspects = before.before.keys().chain(now.keys()).filter(moved).cloned().collect();
        if before.before.keys().any(|path| sight.suspects.contains(path)) {
            // Whether such a file is ever again as it was, in the index too, only git can say.
            sight.watching = Watching::NotYet;
        }
        Ok(sight.suspects.iter().filter(|path| !own.contains(path)).cloned().collect())
    }

    /// What every tracked file with changes holds.
    fn held(&self) -> Result<BTreeMap<RepoPath, Held>, RepoProblem> {
        let mut held = BTreeMap::new();
        for (path, said) in self.dirty()? {
            let (disk, bytes) = self.on_disk(&path)?;
            if !self.is_only_said(&path, &disk, &bytes)? {
                held.insert(path, Held { said, disk });
            }
        }
        Ok(held)
    }

    /// True when a file that git calls changed holds what HEAD and the index name, byte for byte: git says it, too, of a file that it
    /// could not open just then, and of every file when it could not read HEAD.
    fn is_only_said(&self, path: &RepoPath, disk: &Disk, bytes: &[u8]) -> Result<bool, RepoProblem> {
        let Some(entry) = self.named(path)? else { return Ok(false) };
        let named = Disk::File { raw: entry.oid, executable: entry.mode == EXECUTABLE };
        // The same bytes are a change where they are not what git would store of them.
        let as_stored = || self.clean(path, bytes, true, Write::No).is_ok_and(|stored| stored == entry.oid);
        Ok(*disk == named && has_size(&entry, bytes) && as_stored())
    }

    /// Starts to watch the folders of the tracked files as the index names them now.
    fn watch_anew(&self, old: &Watching) -> Result<Watching, RepoProblem> {
        // Submodules are repositories of their own, and where names are found in another case, an event's name says little.
        if matches!(old, Watching::Never) || self.settings.ignores_case {
            return Ok(Watching::Never);
        }
        let mark = self.set_mark()?;
        let watch = self.with_index(|index| match index.paths().any(|(_, mode)| mode == SUBMODULE) {
            true => None,
            // The reason makes no difference: everything is compared instead.
            false => Watch::over(self.top(), index.paths().map(|(path, _)| path)).ok(),
        })?;
        Ok(watch.flatten().map_or(Watching::Never, |watch| Watching::Since(mark, watch)))
    }

    /// True when no tracked file but `own` can have changed. False says nothing.
    fn surely_unchanged(
        &self,
        before: &BTreeMap<RepoPath, Held>,
        sight: &mut Sight,
        own: &[RepoPath],
    ) -> Result<bool, RepoProblem> {
        let Watching::Since(mark, watch) = &mut sight.watching else { return Ok(false) };
        let named = match watch.named() {
            Ok(named) if self.stands_at_mark(*mark) => named,
            _ => {
                // What was named is gone with it: nothing can be concluded before everything was compared.
                sight.watching = Watching::NotYet;
                return Ok(false);
            }
        };
        // What is no path of ours is none of git's either.
        let named = named.into_iter().filter_map(|path| RepoPath::new(path).ok());
        let tracked = self.with_index(|index| {
            let tracked = |path: &RepoPath| index.entry(path.as_bytes()).is_some() || before.contains_key(path);
            named.filter(tracked).collect::<Vec<_>>()
        })?;
        let Some(tracked) = tracked else { return Ok(false) };
        sight.suspects.extend(tracked);
        let mut left = BTreeSet::new();
        let mut sure = true;
        for path in std::mem::take(&mut sight.suspects) {
            let is_own = own.contains(&path);
            if is_own || !self.is_as_before(&path, before.get(&path))? {
                sure &= is_own;
                left.insert(path);
            }
        }
        sight.suspects = left;
        Ok(sure)
    }

    /// True when the file holds what it held, or what HEAD and the index name if it had no changes. False says nothing.
    fn is_as_before(&self, path: &RepoPath, held: Option<&Held>) -> Result<bool, RepoProblem> {
        let (disk, bytes) = self.on_disk(path)?;
        if let Some(held) = held {
            return Ok(disk != Disk::Else && disk == held.disk);
        }
        let Some(entry) = self.named(path)? else { return Ok(false) };
        Ok(match disk {
            Disk::Link(target) => entry.mode == LINK && target == entry.oid,
            Disk::File { raw, executable } => {
                let same_mode = !self.settings.modes_count || executable == (entry.mode == EXECUTABLE);
                // A filter that fails leaves the file in doubt, and git is asked.
                let as_stored = || self.clean(path, &bytes, true, Write::No).is_ok_and(|stored| stored == entry.oid);
                entry.mode != LINK && same_mode && has_size(&entry, &bytes) && (raw == entry.oid || as_stored())
            }
            Disk::Absent | Disk::Else => false,
        })
    }

    /// The entry of the index at `path` when HEAD names the same.
    fn named(&self, path: &RepoPath) -> Result<Option<Entry>, RepoProblem> {
        let Some(Some(entry)) = self.with_index(|index| index.entry(path.as_bytes()))? else { return Ok(None) };
        let is_heads = entry.stage == 0 && self.file_in(self.tip()?.commit, path)? == Some((entry.mode, entry.oid));
        Ok(is_heads.then_some(entry))
    }

    /// What is at `path`, and the bytes when it is a file.
    fn on_disk(&self, path: &RepoPath) -> Result<(Disk, Vec<u8>), RepoProblem> {
        let name = |bytes: &[u8]| Oid::hash_object(ObjectType::Blob, bytes);
        Ok(match fs::read(self.top(), path) {
            Ok(found) => {
                let disk = Disk::File { raw: name(&found.bytes)?, executable: found.stat.st_mode & 0o100 != 0 };
                (disk, found.bytes)
            }
            Err(FileProblem::Missing { .. }) => (Disk::Absent, Vec::new()),
            Err(FileProblem::Link { .. }) => (self.link(path)?.map_or(Disk::Else, Disk::Link), Vec::new()),
            Err(_) => (Disk::Else, Vec::new()),
        })
    }

    /// The name of where the link at `path` points; `None` when a folder above is the link.
    fn link(&self, path: &RepoPath) -> Result<Option<Oid>, RepoProblem> {
        if !matches!(fs::stat(self.top(), path), Ok(Some(_))) {
            return Ok(None);
        }
        // Gone or replaced since: then it is in doubt.
        let Ok(target) = std::fs::read_link(path.below(self.top())) else { return Ok(None) };
        Ok(Some(Oid::hash_object(ObjectType::Blob, target.as_os_str().as_encoded_bytes())?))
    }
}

/// A file of another length counts as changed to git, even when it would be stored the same.
fn has_size(entry: &Entry, bytes: &[u8]) -> bool {
    entry.size == 0 || u64::from(entry.size) == bytes.len() as u64 & u64::from(u32::MAX)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "others_tests.rs"]
mod tests;
