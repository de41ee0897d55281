//! What the commands of a copy did there, read from its upper layer alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::copies::error::CopyError;
use crate::copies::moved::{self, Moved};
use crate::copies::stack::{entries, is_opaque, is_whiteout, version_of};
use crate::copies::{Copy, Version};
use crate::path::RepoPath;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// There was none.
    Created,
    /// It holds something else, or may be executed or not as it might before.
    Changed,
    /// It is gone.
    Deleted,
}

/// What commands did in a copy beyond what was put there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Files and links, those that git ignores included. A file that was written as it was is not among them; nor are folders, other
    /// permissions than to execute, and what is in git's folders.
    pub files: BTreeMap<RepoPath, Touch>,
    /// True when `HEAD` is another commit or branch.
    pub head: bool,
    /// The references that are there no longer, are new, or are at another commit, by their full names.
    pub refs: BTreeSet<String>,
    /// The paths that the index has otherwise, or only one of the two has. Written anew with the same entries, it has not changed.
    pub index: BTreeSet<RepoPath>,
}

impl Touched {
    /// True when `HEAD`, a reference or the index is not as it was.
    #[must_use]
    pub fn moved_git(&self) -> bool {
        self.head || !self.refs.is_empty() || !self.index.is_empty()
    }
}

impl Copy {
    /// What the commands that were run in this copy did. To be asked when none is running.
    ///
    /// What was there before is read from what was put into the copy, from its pin, and else from the tree as it is now.
    ///
    /// # Errors
    /// [`CopyError::NotEntered`] when a command was not even started, and when something cannot be read.
    pub fn touched(&self) -> Result<Touched, CopyError> {
        if let Some(why) = self.trouble() {
            return Err(CopyError::NotEntered(why));
        }
        let files = self.touched_files()?;
        let Moved { head, refs, index } = moved::compare(self)?;
        Ok(Touched { files, head, refs, index })
    }

    fn touched_files(&self) -> Result<BTreeMap<RepoPath, Touch>, CopyError> {
        let (upper, shown, mark) = (self.room.upper(), self.stack(), self.pin.made.run.mark());
        let _opened = Opened::below(&upper)?;
        let mut touched = BTreeMap::new();
        let mut note = |path: &Path, before: &Version, after: &Version| {
            let touch = match (before, after) {
                (before, after) if before == after => return,
                (Version::Absent, _) => Touch::Created,
                (_, Version::Absent) => Touch::Deleted,
                _ => Touch::Changed,
            };
            if let Some(path) = repo_path(path) {
                touched.insert(path, touch);
            }
        };
        // Of a file that was put there and has nothing below it, no trace is left when it goes.
        for (path, before) in &self.put {
            note(path, before, &shown.read(path)?);
        }
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in entries(&upper.join(&folder))? {
                let path = folder.join(&entry.name);
                if repo_path(&path).is_none() {
                    continue;
                }
                let at = upper.join(&path);
                // Only what hides a whole folder can have taken away more than itself.
                let replaces = !entry.stat.is_dir() || is_opaque(&at, mark)?;
                let before = if replaces { self.files_before(&path)? } else { BTreeSet::from([path.clone()]) };
                for path in before {
                    note(&path, &self.before(&path)?, &shown.read(&path)?);
                }
                if entry.stat.is_dir() {
                    folders.push(path);
                } else if !is_whiteout(&entry.stat) {
                    note(&path, &self.before(&path)?, &version_of(&at, &entry.stat)?);
                }
            }
        }
        Ok(touched)
    }

    /// The file at `path` before any command was run.
    fn before(&self, path: &Path) -> Result<Version, CopyError> {
        match path.ancestors().find_map(|above| self.put.get(above).map(|version| (above, version))) {
            Some((above, version)) if above == path => Ok(version.clone()),
            Some(_) => Ok(Version::Absent),
            None => self.pin.stack().read(path),
        }
    }

    /// The files at or below `path` before any command was run.
    fn files_before(&self, path: &Path) -> Result<BTreeSet<PathBuf>, CopyError> {
        let put = self.put.range(path.to_owned()..).map(|(put, _)| put).take_while(|put| put.starts_with(path)).cloned();
        Ok(self.pin.stack().files_below(path)?.into_iter().chain(put).collect())
    }
}

/// Entries that a command closed to their owner, for as long as they are looked at.
#[derive(Default)]
struct Opened(Vec<(PathBuf, fs::Permissions)>);

impl Opened {
    /// Opens all below `folder`.
    fn below(folder: &Path) -> Result<Self, CopyError> {
        let mut opened = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in entries(&folder)? {
                let at = folder.join(&entry.name);
                opened.open(&at, &entry.stat)?;
                if entry.stat.is_dir() {
                    folders.push(at);
                }
            }
        }
        Ok(opened)
    }

    fn open(&mut self, at: &Path, stat: &fs::Metadata) -> Result<(), CopyError> {
        let wanted = match (stat.is_dir(), stat.is_file()) {
            (true, _) => 0o500,
            (_, true) => 0o400,
            _ => 0,
        };
        let mode = stat.permissions().mode();
        if mode & wanted != wanted {
            let open = fs::Permissions::from_mode(mode | wanted);
            fs::set_permissions(at, open).map_err(CopyError::io("open", at))?;
            self.0.push((at.to_owned(), stat.permissions()));
        }
        Ok(())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        for (at, closed) in self.0.drain(..).rev() {
            // Left open, they are of use to the owner alone.
            let (Ok(()) | Err(_)) = fs::set_permissions(at, closed);
        }
    }
}

/// The path as one of the repository's; none for what is git's own.
fn repo_path(path: &Path) -> Option<RepoPath> {
    RepoPath::new(path.as_os_str().as_bytes()).ok()
}
