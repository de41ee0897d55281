//! What `git revert` would make of a commit, computed in memory: a conflict touches nothing.

use git2::{Commit, Delta, FileMode, Index, Oid, Repository};

use crate::path::RepoPath;
use crate::repo::commit::TreeChange;
use crate::repo::{Repo, RepoProblem};

/// The outcome of taking a commit back on top of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reverted {
    /// The tree without the commit's change.
    Tree(Oid),
    /// Later commits changed the same lines of these files.
    Conflict(Vec<RepoPath>),
    /// The tree is the same: the change is gone already.
    Nothing,
}

impl Repo {
    /// The tree that `git revert --no-edit COMMIT` would commit where `ours` is the tree of the tip.
    ///
    /// # Errors
    /// When an object is missing, or the commit is a root or a merge, which have no one parent to go back to.
    pub fn revert_tree(&self, commit: Oid, ours: Oid) -> Result<Reverted, RepoProblem> {
        let repo: &Repository = &self.inner;
        let commit = repo.find_commit(commit)?;
        let parent = commit.parent(0)?;
        if commit.parent_count() > 1 {
            return Err(git2::Error::from_str(&format!("{} is a merge: it has no one parent to go back to", commit.id())).into());
        }
        if ours == commit.tree_id() {
            return Ok(if parent.tree_id() == ours { Reverted::Nothing } else { Reverted::Tree(parent.tree_id()) });
        }
        if let Some(tree) = self.untouched_since(&commit, &parent, ours)? {
            return Ok(Reverted::Tree(tree));
        }
        let mut index = repo.merge_trees(&commit.tree()?, &repo.find_tree(ours)?, &parent.tree()?, None)?;
        if index.has_conflicts() {
            return Ok(Reverted::Conflict(conflicts(&index)?));
        }
        let tree = index.write_tree_to(repo)?;
        Ok(if tree == ours { Reverted::Nothing } else { Reverted::Tree(tree) })
    }

    /// As [`Repo::revert_tree`], of what the commit did to these files and nothing else.
    ///
    /// # Errors
    /// When an object is missing, or the commit is a root.
    pub fn revert_files_tree(&self, commit: Oid, ours: Oid, paths: &[RepoPath]) -> Result<Reverted, RepoProblem> {
        let parent = self.inner.find_commit(commit)?.parent_id(0)?;
        let (mut before, mut after, mut all_as_after) = (Vec::new(), Vec::new(), true);
        for path in paths {
            let (old, new, now) = (self.file_in(parent, path)?, self.file_in(commit, path)?, self.file_in_tree(ours, path)?);
            if now == old || old == new {
                continue;
            }
            if now != new && (now.is_none() || old.is_none() || new.is_none()) {
                return Ok(Reverted::Conflict(vec![path.clone()]));
            }
            all_as_after &= now == new;
            // The mode is what it is now, where there is a file.
            let with = |file: Option<(u32, Oid)>| match (file, now) {
                (Some((_, blob)), Some((mode, _))) | (Some((mode, blob)), None) => TreeChange::put(path, mode, blob),
                (None, _) => TreeChange::remove(path),
            };
            before.push(with(old));
            after.push(with(new));
        }
        if before.is_empty() {
            return Ok(Reverted::Nothing);
        }
        let theirs = self.tree_changed(ours, &before)?;
        if all_as_after {
            return Ok(Reverted::Tree(theirs));
        }
        // The tip's tree with each version of these files: whatever differs between them is in those.
        let (ancestor, theirs) = (self.inner.find_tree(self.tree_changed(ours, &after)?)?, self.inner.find_tree(theirs)?);
        let mut index = self.inner.merge_trees(&ancestor, &self.inner.find_tree(ours)?, &theirs, None)?;
        if index.has_conflicts() {
            return Ok(Reverted::Conflict(conflicts(&index)?));
        }
        let tree = index.write_tree_to(&self.inner)?;
        Ok(if tree == ours { Reverted::Nothing } else { Reverted::Tree(tree) })
    }

    /// The tree when `ours` has all that `commit` changed just as the commit left it: there is nothing to merge then, and a merge
    /// reads and writes every tree of the repository. `None` when only a merge can tell.
    fn untouched_since(&self, commit: &Commit, parent: &Commit, ours: Oid) -> Result<Option<Oid>, RepoProblem> {
        let diff = self.inner.diff_tree_to_tree(Some(&parent.tree()?), Some(&commit.tree()?), None)?;
        let mut before = Vec::new();
        for delta in diff.deltas() {
            let (old, new) = (delta.old_file(), delta.new_file());
            let files = [old.mode(), new.mode()].iter().all(|mode| matches!(mode, FileMode::Blob | FileMode::BlobExecutable));
            let Some(path) = new.path_bytes().filter(|_| files && delta.status() == Delta::Modified) else { return Ok(None) };
            let Ok(path) = RepoPath::new(path) else { return Ok(None) };
            if self.file_in_tree(ours, &path)? != Some((u32::from(new.mode()), new.id())) {
                return Ok(None);
            }
            before.push(TreeChange::put(&path, u32::from(old.mode()), old.id()));
        }
        Ok(Some(self.tree_changed(ours, &before)?).filter(|tree| *tree != ours))
    }

    /// The files in which two trees differ.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn changed_between(&self, old: Oid, new: Oid) -> Result<Vec<RepoPath>, RepoProblem> {
        let (old, new) = (self.inner.find_tree(old)?, self.inner.find_tree(new)?);
        let diff = self.inner.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let paths =
            diff.deltas().filter_map(|delta| delta.new_file().path_bytes().or(delta.old_file().path_bytes()).map(<[u8]>::to_vec));
        Ok(paths.filter_map(|path| RepoPath::new(path).ok()).collect())
    }

    /// The commits after `since` up to `tip` that changed `path`, newest first, with their subjects; at most `limit`.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn later_changes(&self, since: Oid, tip: Oid, path: &RepoPath, limit: usize) -> Result<Vec<(Oid, String)>, RepoProblem> {
        let mut walk = self.inner.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
        walk.push(tip)?;
        walk.hide(since)?;
        let mut found = Vec::new();
        for oid in walk {
            let commit = self.inner.find_commit(oid?)?;
            let here = self.file_in(commit.id(), path)?;
            let before = match commit.parent_id(0) {
                Ok(parent) => self.file_in(parent, path)?,
                Err(_) => None,
            };
            if here != before {
                let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
                found.push((commit.id(), subject));
                if found.len() == limit {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// The files on which a merge could not decide.
fn conflicts(index: &Index) -> Result<Vec<RepoPath>, RepoProblem> {
    let mut paths = Vec::new();
    for conflict in index.conflicts()? {
        let conflict = conflict?;
        if let Some(entry) = conflict.our.or(conflict.their).or(conflict.ancestor)
            && let Ok(path) = RepoPath::new(entry.path)
        {
            paths.push(path);
        }
    }
    paths.dedup();
    Ok(paths)
}
