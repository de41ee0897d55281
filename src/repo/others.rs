//! The tracked files that are not the unit's: whether a command of the plan changed one of them.

use std::collections::BTreeMap;

use git2::Oid;

use crate::fs;
use crate::path::RepoPath;
use crate::repo::target::Write;
use crate::repo::{Repo, RepoProblem};

/// The tracked files with changes when the run began, and what they held.
#[derive(Debug, Default)]
pub struct Others(BTreeMap<RepoPath, Option<Oid>>);

impl Others {
    /// The paths that had changes.
    pub fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.0.keys()
    }

    /// True when no tracked file had changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Repo {
    /// Takes down which tracked files have changes now.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn others(&self) -> Result<Others, RepoProblem> {
        self.dirty()?.into_iter().map(|path| self.on_disk(&path).map(|held| (path, held))).collect::<Result<_, _>>().map(Others)
    }

    /// The tracked files, apart from `own`, that do not hold what they held when `before` was taken.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn changed_others(&self, before: &Others, own: &[RepoPath]) -> Result<Vec<RepoPath>, RepoProblem> {
        let now = self.others()?;
        let moved = |path: &RepoPath| before.0.get(path) != now.0.get(path);
        let mut changed: Vec<RepoPath> = before.0.keys().chain(now.0.keys()).filter(|path| moved(path)).cloned().collect();
        changed.sort_unstable();
        changed.dedup();
        changed.retain(|path| !own.contains(path));
        Ok(changed)
    }

    /// The name of what is on disk at `path`; `None` when it is no readable file.
    fn on_disk(&self, path: &RepoPath) -> Result<Option<Oid>, RepoProblem> {
        match fs::read(self.top(), path) {
            Ok(found) => Ok(Some(self.clean(path, &found.bytes, false, Write::No)?)),
            // Deleted, a link, a submodule: it is compared by being listed at all.
            Err(_) => Ok(None),
        }
    }
}
