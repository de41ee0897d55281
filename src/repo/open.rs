//! Opening a repository, or refusing it by name before anything is touched.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_int;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use git2::{ErrorClass, ErrorCode, Repository, RepositoryState};

use crate::path::RepoPath;
use crate::repo::durable::Syncer;
use crate::repo::git::Git;
use crate::repo::{Repo, RepoProblem};

/// The hooks that `git commit` runs. `post-commit` is among them: people hang notifications on it.
const COMMIT_HOOKS: [&str; 6] =
    ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "reference-transaction", "post-index-change"];

impl Repo {
    /// Opens the repository that holds the folder `from`.
    ///
    /// # Errors
    /// When there is none, it is bare or belongs to another user, or it uses what libgit2 reads wrong.
    pub fn open(from: &Path) -> Result<Self, RepoProblem> {
        let inner = discover(from).map_err(|error| refusal(from, error))?;
        if inner.is_bare() {
            return Err(RepoProblem::Bare(inner.path().to_owned()));
        }
        let top = inner.workdir().ok_or_else(|| RepoProblem::Bare(inner.path().to_owned()))?;
        let top = top.canonicalize().unwrap_or_else(|_| top.to_owned());
        let git = Git::at(&top);
        let config = parse_config(&git.ask(&["config", "--list", "--null"], b"")?);
        let git_dir = inner.path().to_owned();
        let (index, mark, trees) = (RefCell::new(None), RefCell::default(), RefCell::default());
        let repo = Self { inner, top, git_dir, git, config, index, mark, trees, syncer: Syncer::default() };
        repo.refuse_formats()?;
        Ok(repo)
    }

    fn refuse_formats(&self) -> Result<(), RepoProblem> {
        for (key, plain) in [("extensions.refstorage", "files"), ("extensions.objectformat", "sha1")] {
            if let Some(value) = self.config(key).filter(|value| !value.eq_ignore_ascii_case(plain)) {
                return Err(RepoProblem::Unsupported(format!("{key}={value}")));
            }
        }
        Ok(())
    }

    /// Fails while a merge, rebase or the like is in progress, or another git process holds the index or the branch.
    ///
    /// # Errors
    /// [`RepoProblem::Operation`] or [`RepoProblem::Locked`], by name.
    pub fn refuse_unsettled(&self) -> Result<(), RepoProblem> {
        let operation = match self.inner.state() {
            RepositoryState::Clean => None,
            RepositoryState::Merge => Some("a merge"),
            RepositoryState::Revert | RepositoryState::RevertSequence => Some("a revert"),
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => Some("a cherry-pick"),
            RepositoryState::Bisect => Some("a bisect"),
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => Some("git am"),
            RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => Some("a rebase"),
        };
        if let Some(operation) = operation {
            return Err(RepoProblem::Operation(operation));
        }
        let mut locks = vec![self.git_dir.join("index.lock"), self.git_dir.join("HEAD.lock")];
        if let Ok(tip) = self.tip() {
            locks.push(self.inner.commondir().join(format!("{}.lock", tip.branch)));
        }
        match locks.into_iter().find(|lock| lock.symlink_metadata().is_ok()) {
            Some(lock) => Err(RepoProblem::Locked(lock)),
            None => Ok(()),
        }
    }

    /// The hooks that `git commit` would run here, by name.
    #[must_use]
    pub fn commit_hooks(&self) -> Vec<String> {
        let folder = match self.config("core.hookspath") {
            Some(path) => self.top.join(expand_home(path)),
            None => self.inner.commondir().join("hooks"),
        };
        let runs = |name: &&&str| {
            let file = folder.join(name).metadata();
            file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        COMMIT_HOOKS.iter().filter(runs).map(|name| (*name).to_owned()).collect()
    }

    /// The tracked files with staged or unstaged changes, in git's order, each with what git says of it. One pass over the work
    /// tree.
    ///
    /// # Errors
    /// When git cannot tell.
    pub(super) fn dirty(&self) -> Result<Vec<(RepoPath, Vec<u8>)>, RepoProblem> {
        let args = ["status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames"];
        let text = self.git.ask(&args, b"")?;
        let mut paths = Vec::new();
        for line in text.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            // `1 XY sub mH mI mW hH hI path` and `u XY sub m1 m2 m3 mW h1 h2 h3 path`; renames are off.
            let fields = if line[0] == b'u' { 10 } else { 8 };
            if let Some(path) = line.splitn(fields + 1, |byte| *byte == b' ').nth(fields) {
                let said = line[..line.len() - path.len()].to_vec();
                if let Ok(path) = RepoPath::new(path) {
                    paths.push((path, said));
                }
            }
        }
        Ok(paths)
    }
}

fn refusal(from: &Path, error: git2::Error) -> RepoProblem {
    match (error.code(), error.class()) {
        (ErrorCode::NotFound, ErrorClass::Repository | ErrorClass::Os) => RepoProblem::NotARepository(from.to_owned()),
        (ErrorCode::Owner, _) => RepoProblem::NotOwned(from.to_owned()),
        (_, ErrorClass::Repository) if error.message().contains("unsupported") => {
            let key = error.message().strip_prefix("unsupported extension name ");
            RepoProblem::Unsupported(key.map_or_else(|| error.message().to_owned(), |key| setting(from, key)))
        }
        _ => RepoProblem::Libgit2(error),
    }
}

/// `key=value` as git knows it, for the message.
fn setting(from: &Path, key: &str) -> String {
    match Git::at(from).ask(&["config", "--get", key], b"") {
        Ok(value) => format!("{key}={}", String::from_utf8_lossy(&value).trim_end()),
        Err(_) => key.to_owned(),
    }
}

/// Reads `git config --list --null`: `key\nvalue\0`, or `key\0` for a value-less true.
fn parse_config(text: &[u8]) -> BTreeMap<String, String> {
    let mut config = BTreeMap::new();
    for line in String::from_utf8_lossy(text).split('\0').filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('\n').unwrap_or((line, "true"));
        config.insert(key.to_ascii_lowercase(), value.to_owned());
    }
    config
}

fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Opens the repository so that libgit2 syncs every reference that it writes, and leaves objects to [`Repo::sync_objects`].
///
/// git2 has no call of its own for this. The option is one for the whole process: it is taken down for references when their store
/// is opened, which the first look at one does, and looked up for objects with each of them.
fn discover(from: &Path) -> Result<Repository, git2::Error> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    sync_what_is_written(true);
    let opened = Repository::discover(from).and_then(|repository| {
        repository.find_reference("HEAD")?;
        Ok(repository)
    });
    sync_what_is_written(false);
    opened
}

fn sync_what_is_written(on: bool) {
    let option = libgit2_sys::GIT_OPT_ENABLE_FSYNC_GITDIR as c_int;
    #[expect(unsafe_code, reason = "a foreign call with the argument type that its manual gives for this option")]
    // SAFETY: the option takes one int; libgit2 keeps it in a global that is read when a store is opened or a file is written.
    let code = unsafe {
        libgit2_sys::init();
        libgit2_sys::git_libgit2_opts(option, c_int::from(on))
    };
    assert_eq!(code, 0, "libgit2 knows the option since 0.26");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_keys_without_a_value_are_true_and_later_values_win() {
        let config = parse_config(b"core.Bare\nfalse\0a.b\0core.bare\ntrue\0m.v\nx\ny\0");
        assert_eq!(config.get("core.bare").map(String::as_str), Some("true"));
        assert_eq!(config.get("a.b").map(String::as_str), Some("true"));
        assert_eq!(config.get("m.v").map(String::as_str), Some("x\ny"));
    }
}
