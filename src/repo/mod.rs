//! The repository: opened or refused by name, its facts, and the few writes that make a commit.
//!
//! Knows git, knows no plan. libgit2 reads and writes objects and moves the branch by compare-and-swap; the index is patched in
//! place ([`index`]); the `git` program ([`git`]) answers what libgit2 cannot. Nothing here stashes, resets, cleans or checks out.

pub mod branch;
pub mod commit;
pub mod durable;
pub mod git;
pub mod history;
pub mod identity;
pub mod index;
pub mod inflight;
pub mod listing;
mod mark;
mod objects;
mod open;
pub mod others;
pub mod push;
mod racy;
pub mod revert;
mod settings;
mod shared;
pub mod stage;
pub mod target;
mod watch;

pub use open::HOOKS_IN_COPIES;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use git2::{Oid, Repository};

use crate::cure;
use crate::path::RepoPath;
use crate::repo::durable::Syncer;
use crate::repo::git::{Git, GitProblem};
use crate::repo::mark::Mark;
use crate::repo::objects::Trees;
use crate::repo::settings::Settings;
use crate::repo::stage::CachedIndex;

/// The clock of file times ticks at least this often.
const TICK: Duration = Duration::from_millis(20);

/// An open repository with a work tree, a commit and nothing that this tool cannot read right.
pub struct Repo {
    inner: Repository,
    top: PathBuf,
    git_dir: PathBuf,
    git: Git,
    /// Where git looks for hooks.
    hooks: PathBuf,
    settings: Settings,
    /// No later than any file that was written since, by the clock of file times.
    opened: SystemTime,
    index: RefCell<Option<CachedIndex>>,
    mark: RefCell<Mark>,
    trees: RefCell<Trees>,
    syncer: Syncer,
}

/// The commit that the work tree stands on, and the reference that moves when one is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Full name of the branch, or `HEAD` when detached.
    pub branch: String,
    /// What it points to.
    pub commit: Oid,
}

/// Why the repository is not touched.
#[derive(Debug, thiserror::Error)]
pub enum RepoProblem {
    /// No `.git` here or above.
    #[error("{} is not in a git repository", .0.display())]
    NotARepository(PathBuf),
    /// There are no files to migrate.
    #[error("the repository {} is bare: it has no work tree", .0.display())]
    Bare(PathBuf),
    /// There is no commit to build on.
    #[error("the branch {0} has no commit yet")]
    Unborn(String),
    /// Commits would belong to no branch.
    #[error("HEAD is detached at {0}")]
    Detached(Oid),
    /// Another user owns it.
    #[error("the repository {} belongs to another user", .0.display())]
    NotOwned(PathBuf),
    /// A format that this tool would read wrong.
    #[error("the repository uses {0}, which migrate does not support")]
    Unsupported(String),
    /// A merge, rebase or the like has begun.
    #[error("{0} is in progress")]
    Operation(&'static str),
    /// Another git process is at work, or died at it.
    #[error("{} exists: another git process is running, or one crashed", .0.display())]
    Locked(PathBuf),
    /// A symbolic link where setting the branch would leave a file.
    #[error("{} is a symbolic link, which setting the branch would replace", .0.display())]
    Linked(PathBuf),
    /// git does not know who commits.
    #[error("git knows no identity to commit with: {0}")]
    NoIdentity(String),
    /// Hooks that `git commit` would run.
    #[error("the repository has hooks that `git commit` would run: {}", .0.join(", "))]
    Hooks(Vec<String>),
    /// Tracked files with changes.
    #[error("the work tree has uncommitted changes: {}", list(.0))]
    Dirty(Vec<RepoPath>),
    /// The branch is not where it was.
    #[error("{branch} moved from {expected} to {found} in the meantime")]
    Moved {
        /// Full name of the branch.
        branch: String,
        /// Where it was.
        expected: Oid,
        /// Where it is.
        found: Oid,
    },
    /// The branch is not there any more.
    #[error("{branch}, which was at {commit}, was deleted in the meantime")]
    Gone {
        /// Full name of the branch.
        branch: String,
        /// Where it was.
        commit: Oid,
    },
    /// Another branch is checked out than before.
    #[error("HEAD was switched from {expected} to {found} in the meantime")]
    Switched {
        /// The branch the work began on.
        expected: String,
        /// The one that is checked out now.
        found: String,
    },
    /// The index does not hold what the work began with.
    #[error("the index entry of {0} was changed in the meantime")]
    Restaged(RepoPath),
    /// The index could not be read or written.
    #[error("cannot {act} the index: {source}")]
    Index {
        /// What was tried, as a verb.
        act: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// An object could not be written.
    #[error("cannot store an object of the commit: {0}")]
    Unstored(#[source] std::io::Error),
    /// An object could not be made to last.
    #[error("cannot sync the objects of the commit to disk: {0}")]
    Unsynced(#[source] std::io::Error),
    /// Another's reference stands where this tool keeps its own.
    #[error("there is a reference {0}, which is not migrate's, where migrate keeps its own")]
    Taken(String),
    /// What is in flight could not be kept by a reference.
    #[error("cannot keep what is in flight by a reference: {0}")]
    Unheld(#[source] std::io::Error),
    /// Objects were removed as soon as they were written.
    #[error("objects of the commit were removed while they were in use, as `git gc --prune=now` or `git prune` does")]
    Vanished,
    /// The branch could not be set.
    #[error("cannot set the branch: {0}")]
    Branch(#[source] std::io::Error),
    /// What this tool keeps could not be shared.
    #[error("cannot share what migrate keeps in git's folder: {0}")]
    Unshared(#[source] std::io::Error),
    /// The index is broken.
    #[error("{0}")]
    BrokenIndex(index::IndexProblem),
    /// An object that must be there is not, or the like.
    #[error("git: {}", .0.message())]
    Libgit2(#[from] git2::Error),
    /// The `git` program could not answer.
    #[error("{0}")]
    Git(#[from] GitProblem),
}

fn list(paths: &[RepoPath]) -> String {
    paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl RepoProblem {
    /// What to do next, for people.
    #[must_use]
    pub fn help(&self) -> Cow<'static, str> {
        let help = match self {
            Self::NotOwned(top) => {
                return format!("if you trust it: git config --global --add safe.directory {}", top.display()).into();
            }
            Self::NotARepository(_) => "run migrate inside the repository that holds the files",
            Self::Bare(_) => "run it in a clone with a work tree",
            Self::Unborn(_) => "commit the files as they are first",
            Self::Detached(_) => "check out a branch, or pass --allow-detached",
            Self::Unsupported(_) => "convert the repository, or migrate in a plain clone of it",
            Self::Operation(_) => "finish or abort it first",
            Self::Locked(_) => "wait for that process; if none is running, remove the file",
            Self::Linked(_) => "put the file itself in its place",
            Self::NoIdentity(_) => "git config user.name \"Your Name\" and git config user.email you@example.com",
            Self::Hooks(_) => "pass --no-verify to commit without them; each commit then says so in a trailer",
            Self::Dirty(_) => "commit or stash them yourself, or pass --allow-dirty to leave them as they are",
            Self::Moved { .. } | Self::Switched { .. } | Self::Restaged(_) => {
                "nothing of yours was changed; look at what moved it, then run migrate again"
            }
            Self::Gone { .. } => {
                "nothing was committed; make the branch again at that commit with `git branch`, then run migrate again"
            }
            Self::Index { source, .. } => cure::help(source, "see what `git status` says of the repository"),
            Self::BrokenIndex(_) => "see what `git status` says of the repository",
            Self::Libgit2(error) => cure::help_by_text(error.message(), "see what `git fsck` says of the repository"),
            Self::Taken(_) => {
                "nothing was changed; give that reference another name, such as with `git update-ref`, then run migrate again"
            }
            Self::Vanished => "nothing was committed; wait until git has tidied up, then run migrate again",
            Self::Unstored(source) | Self::Branch(source) | Self::Unshared(source) | Self::Unheld(source) => {
                cure::help(source, "fix the cause, then run migrate again")
            }
            Self::Unsynced(source) => cure::help(source, "nothing names them yet; look at the disk, then run migrate again"),
            Self::Git(GitProblem::Start(source)) => cure::help(source, "migrate needs the git program on PATH"),
            Self::Git(GitProblem::Failed { .. }) => "fix what git says of it, then run migrate again",
        };
        help.into()
    }
}

impl Repo {
    /// The top of the work tree.
    #[must_use]
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Git's folder of this work tree: that of its HEAD and index.
    #[must_use]
    pub fn git_folder(&self) -> &Path {
        &self.git_dir
    }

    /// Git's folder that all work trees of the repository share: that of its branches and objects.
    #[must_use]
    pub fn common_folder(&self) -> &Path {
        self.inner.commondir()
    }

    /// Where this tool keeps its lock, journal and logs: in git's folder of this work tree.
    #[must_use]
    pub fn state_folder(&self) -> PathBuf {
        self.git_dir.join("migrate")
    }

    /// The `git` program, for this repository.
    #[must_use]
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// Where HEAD stands now.
    ///
    /// # Errors
    /// When there is no commit or HEAD cannot be read.
    pub fn tip(&self) -> Result<Tip, RepoProblem> {
        let head = self.inner.find_reference("HEAD")?;
        if let Some(name) = head.symbolic_target()? {
            return match self.inner.refname_to_id(name) {
                Ok(commit) => Ok(Tip { branch: name.to_owned(), commit }),
                Err(error) if error.code() == git2::ErrorCode::NotFound => Err(RepoProblem::Unborn(short(name).to_owned())),
                Err(error) => Err(error.into()),
            };
        }
        let commit = head.target().ok_or_else(|| RepoProblem::Unborn("HEAD".to_owned()))?;
        Ok(Tip { branch: "HEAD".to_owned(), commit })
    }

    /// Fails unless HEAD still stands where `tip` says.
    ///
    /// # Errors
    /// [`RepoProblem::Switched`], [`RepoProblem::Moved`] or [`RepoProblem::Gone`].
    pub fn still_at(&self, tip: &Tip) -> Result<(), RepoProblem> {
        let now = self.tip().map_err(|problem| match problem {
            RepoProblem::Unborn(_) => RepoProblem::Gone { branch: tip.branch.clone(), commit: tip.commit },
            problem => problem,
        })?;
        if now.branch != tip.branch {
            return Err(RepoProblem::Switched { expected: tip.branch.clone(), found: now.branch });
        }
        if now.commit != tip.commit {
            return Err(RepoProblem::Moved { branch: now.branch, expected: tip.commit, found: now.commit });
        }
        Ok(())
    }

    /// The content of a blob.
    ///
    /// # Errors
    /// When it is not there.
    pub fn blob(&self, oid: Oid) -> Result<Vec<u8>, RepoProblem> {
        Ok(self.inner.find_blob(oid)?.content().to_vec())
    }

    /// True when the commit is in the history of the other.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn contains(&self, tip: Oid, commit: Oid) -> Result<bool, RepoProblem> {
        Ok(tip == commit || (self.inner.find_commit(commit).is_ok() && self.inner.graph_descendant_of(tip, commit)?))
    }
}

/// A branch's name without `refs/heads/`.
#[must_use]
pub fn short(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn the_help_names_the_cure_of_the_cause_before_the_place_to_look_at() {
        let index = |errno: Errno| RepoProblem::Index { act: "write", source: errno.into() }.help();
        assert!(index(Errno::NOSPC).starts_with("make room on the disk"));
        assert!(index(Errno::ACCESS).contains("`git status`"));
        let git = |errno: Errno| RepoProblem::from(GitProblem::Start(errno.into())).help();
        assert!(git(Errno::AGAIN).contains("`ulimit -u`"));
        assert_eq!(git(Errno::NOENT), "migrate needs the git program on PATH");
    }
}
