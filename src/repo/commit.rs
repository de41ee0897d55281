//! A commit made of trees: the base's tree with the unit's entries replaced, then the branch moved by compare-and-swap.
//!
//! Neither costs more in a larger repository. The index is not consulted, so whatever the user has staged stays out of the commit.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use git2::build::TreeUpdateBuilder;
use git2::{ErrorCode, FileMode, ObjectType, Oid};

use crate::path::RepoPath;
use crate::repo::identity::{Identity, Person, as_utf8};
use crate::repo::{Repo, RepoProblem, Tip};

/// What becomes of one file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// Where the file is.
    pub path: RepoPath,
    /// Its mode and blob; `None` when it goes.
    pub file: Option<(u32, Oid)>,
}

impl TreeChange {
    /// A file that is there afterwards.
    #[must_use]
    pub fn put(path: &RepoPath, mode: u32, blob: Oid) -> Self {
        Self { path: path.clone(), file: Some((mode, blob)) }
    }

    /// A file that is gone afterwards, with the folders that held nothing else.
    #[must_use]
    pub fn remove(path: &RepoPath) -> Self {
        Self { path: path.clone(), file: None }
    }
}

impl Repo {
    /// Writes the tree of the commit `base` with the files changed.
    ///
    /// # Errors
    /// When an object cannot be read or written.
    pub fn tree_with(&self, base: Oid, changes: &[TreeChange]) -> Result<Oid, RepoProblem> {
        self.tree_changed(self.tree_of(base)?, changes)
    }

    /// As [`Repo::tree_with`], of a tree.
    ///
    /// # Errors
    /// When an object cannot be read or written.
    pub fn tree_changed(&self, base: Oid, changes: &[TreeChange]) -> Result<Oid, RepoProblem> {
        if let [TreeChange { path, file: Some((mode, blob)) }] = changes
            && let Some(tree) = self.tree_with_one(base, path, *mode, *blob)?
        {
            return Ok(tree);
        }
        let mut update = TreeUpdateBuilder::new();
        for TreeChange { path, file } in changes {
            match file {
                Some((0o100_755, blob)) => update.upsert(path.as_path(), *blob, FileMode::BlobExecutable),
                Some((_, blob)) => update.upsert(path.as_path(), *blob, FileMode::Blob),
                None => update.remove(path.as_path()),
            };
        }
        Ok(update.create_updated(&self.inner, &self.inner.find_tree(base)?)?)
    }

    /// Writes a commit of `tree` on top of `base`; no branch holds it yet. Signed when `commit.gpgSign` asks for it.
    ///
    /// # Errors
    /// When it cannot be written or signed.
    pub fn commit_object(&self, base: Oid, tree: Oid, message: &str, identity: &Identity) -> Result<Oid, RepoProblem> {
        if self.settings.signs {
            return self.signed_commit(base, tree, message, identity);
        }
        if message.contains('\0') {
            return Err(git2::Error::from_str("a commit message cannot hold a NUL").into());
        }
        let mut commit = format!("tree {tree}\nparent {base}\n").into_bytes();
        for (role, person) in [("author", &identity.author), ("committer", &identity.committer)] {
            commit.extend_from_slice(format!("{role} {}\n", as_utf8(&person.signed_now())).as_bytes());
        }
        commit.push(b'\n');
        commit.extend_from_slice(message.as_bytes());
        let commit = self.write_object(ObjectType::Commit, &commit)?;
        self.trees.borrow_mut().belongs(tree, commit);
        Ok(commit)
    }

    /// Lets git make the commit, since it knows keys, formats and programs.
    fn signed_commit(&self, base: Oid, tree: Oid, message: &str, identity: &Identity) -> Result<Oid, RepoProblem> {
        // The message is UTF-8 whatever encoding is configured.
        let mut args: Vec<OsString> =
            ["-c", "core.fsync=committed", "-c", "i18n.commitEncoding=UTF-8"].map(OsString::from).into();
        for (role, person) in [("author", &identity.author), ("committer", &identity.committer)] {
            for (key, value) in [("name", person.name()), ("email", person.email())] {
                let set = [role.as_bytes(), b".", key.as_bytes(), b"=", value].concat();
                args.extend(["-c".into(), OsString::from_vec(set)]);
            }
        }
        args.extend(["commit-tree", "-S", "-p"].map(OsString::from));
        args.extend([base.to_string().into(), tree.to_string().into()]);
        let said = self.git().ask(&args, message.as_bytes())?;
        Ok(Oid::from_str(String::from_utf8_lossy(&said).trim())?)
    }

    /// Moves the branch from `tip` to `commit`, or not at all: THE commit point. Writes the reflog as git would.
    ///
    /// # Errors
    /// [`RepoProblem::Moved`] or [`RepoProblem::Switched`] when HEAD is not where `tip` says.
    pub fn advance(&self, tip: &Tip, commit: Oid, log: &str, committer: &Person) -> Result<Tip, RepoProblem> {
        if !self.set_branch(tip, commit, log, committer)? {
            let mut transaction = self.inner.transaction()?;
            let locked = transaction.lock_ref(&tip.branch);
            locked.map_err(|error| match error.code() {
                ErrorCode::Locked => RepoProblem::Locked(self.inner.commondir().join(format!("{}.lock", tip.branch))),
                _ => error.into(),
            })?;
            // The lock is held from here on: what is compared now is what is set.
            self.still_at(tip)?;
            transaction.set_target(&tip.branch, commit, Some(&committer.signature()?), log)?;
            transaction.commit()?;
            self.share_branch(tip)?;
        }
        let moved = Tip { branch: tip.branch.clone(), commit };
        self.branch_moved(tip, &moved);
        Ok(moved)
    }

    /// True when the branch of that name, or what is checked out now, has the commit in its history. A branch that is gone holds none.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn holds(&self, branch: &str, commit: Oid) -> Result<bool, RepoProblem> {
        let tips = [self.inner.refname_to_id(branch), self.inner.refname_to_id("HEAD")];
        for tip in tips {
            match tip {
                Ok(tip) if self.contains(tip, commit)? => return Ok(true),
                Err(error) if error.code() != ErrorCode::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(false)
    }

    /// The trees of a commit along `path` as far as there are any, root first; whether there is a file at the end is not asked.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn trees_towards(&self, tree: Oid, path: &RepoPath) -> Result<Vec<Oid>, RepoProblem> {
        Ok(self.tree_walk(tree, path)?.0)
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn tree_of(&self, commit: Oid) -> Result<Oid, RepoProblem> {
        if let Some(tree) = self.trees.borrow().of(commit) {
            return Ok(tree);
        }
        Ok(self.inner.find_commit(commit)?.tree_id())
    }

    /// The first parent of a commit; `None` for a root.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn parent_of(&self, commit: Oid) -> Result<Option<Oid>, RepoProblem> {
        Ok(self.inner.find_commit(commit)?.parent_id(0).ok())
    }

    /// True when the commit has more than one parent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_merge(&self, commit: Oid) -> Result<bool, RepoProblem> {
        Ok(self.inner.find_commit(commit)?.parent_count() > 1)
    }

    /// True when the commit is here: a rebase and a shallow clone leave names of commits that are not.
    #[must_use]
    pub fn has_commit(&self, commit: Oid) -> bool {
        self.inner.find_commit(commit).is_ok()
    }

    /// When a commit was made, in seconds since 1970.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn time_of(&self, commit: Oid) -> Result<i64, RepoProblem> {
        Ok(self.inner.find_commit(commit)?.time().seconds())
    }

    /// The message of a commit, as its bytes.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn message_of(&self, commit: Oid) -> Result<Vec<u8>, RepoProblem> {
        Ok(self.inner.find_commit(commit)?.message_raw_bytes().to_vec())
    }

    /// The blob of `path` in a tree; `None` when it is not there or no file.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn blob_in_tree(&self, tree: Oid, path: &RepoPath) -> Result<Option<Oid>, RepoProblem> {
        Ok(self
            .tree_walk(tree, path)?
            .1
            .filter(|entry| matches!(entry.mode & 0o170_000, 0o100_000 | 0o120_000))
            .map(|entry| entry.oid))
    }

    /// Mode and blob of `path` in a tree; `None` when it is not there or no file.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn file_in_tree(&self, tree: Oid, path: &RepoPath) -> Result<Option<(u32, Oid)>, RepoProblem> {
        Ok(self.tree_walk(tree, path)?.1.map(|entry| (plain_mode(entry.mode), entry.oid)))
    }

    /// Mode and blob of `path` in a commit; `None` when it is not there or no file.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn file_in(&self, commit: Oid, path: &RepoPath) -> Result<Option<(u32, Oid)>, RepoProblem> {
        self.file_in_tree(self.tree_of(commit)?, path)
    }
}

/// A mode as git words it today: old trees hold others, such as `0o100664`.
fn plain_mode(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o100_000 if mode & 0o100 != 0 => 0o100_755,
        0o100_000 => 0o100_644,
        kind => kind,
    }
}
