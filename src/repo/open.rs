//! Opening a repository, or refusing it by name before anything is touched.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{OsString, c_int};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use git2::{ErrorClass, ErrorCode, Repository, RepositoryState};
use rustix::fs::{Access, access};

use crate::path::RepoPath;
use crate::repo::durable::Syncer;
use crate::repo::git::{Git, GitProblem};
use crate::repo::settings::{Config, Settings};
use crate::repo::stage::LOCK_PATIENCE;
use crate::repo::{Repo, RepoProblem, TICK};

/// The hooks that `git commit` runs. `post-commit` is among them: people hang notifications on it.
const COMMIT_HOOKS: [&str; 6] =
    ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "reference-transaction", "post-index-change"];

/// Those of them that can be run in a copy of the work tree, before a commit is made.
pub const HOOKS_IN_COPIES: [&str; 3] = ["pre-commit", "prepare-commit-msg", "commit-msg"];

impl Repo {
    /// Opens the repository that holds the folder `from`. Where its work tree and its folders are, git says.
    ///
    /// # Errors
    /// When there is none, it is bare or belongs to another user, it uses what libgit2 reads wrong, or git refuses its configuration.
    pub fn open(from: &Path) -> Result<Self, RepoProblem> {
        let asked = Git::at(from);
        let config = asked.ask(&["config", "--list", "--null"], b"").map_err(|problem| why_not(from, problem))?;
        // Every repository has settings: the version of its own format at least.
        if config.is_empty() {
            return Err(why_not(from, silent("config")));
        }
        let config = Config::parse(&config);
        let Places { top, git_dir, hooks } = Places::ask(&asked, &config).map_err(|problem| why_not(from, problem))?;
        let inner = open_synced(&git_dir).map_err(|error| refusal(from, error))?;
        inner.set_workdir(&top, false)?;
        let git = Git::at(&top);
        refuse_formats(&config, &git_dir)?;
        let settings = Settings::new(&config, &git)?;
        let now = SystemTime::now();
        let opened = now.checked_sub(TICK).unwrap_or(now);
        let (index, mark, trees, syncer) = (RefCell::new(None), RefCell::default(), RefCell::default(), Syncer::default());
        Ok(Self { inner, top, git_dir, hooks, git, settings, opened, index, mark, trees, syncer })
    }

    /// Lets libgit2 keep no more objects in memory: of a long run it would keep each commit and tree, and trees that are asked for again
    /// are kept here. A look at the history reads each commit twice and is faster with them.
    pub fn keep_no_objects(&self) {
        git2::opts::enable_caching(false);
    }

    /// Fails while a merge, rebase or the like is in progress, or another git process holds the index or the branch.
    ///
    /// # Errors
    /// [`RepoProblem::Operation`] or [`RepoProblem::Locked`], by name.
    pub fn refuse_unsettled(&self) -> Result<(), RepoProblem> {
        if let Some(operation) = self.operation() {
            return Err(RepoProblem::Operation(operation));
        }
        // A `git status` elsewhere holds the index for an instant.
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            let mut locks = vec![self.index_lock(), self.git_dir.join("HEAD.lock")];
            if let Ok(tip) = self.tip() {
                locks.push(self.inner.commondir().join(format!("{}.lock", tip.branch)));
            }
            match locks.into_iter().find(|lock| lock.symlink_metadata().is_ok()) {
                Some(lock) if Instant::now() >= patience => return Err(RepoProblem::Locked(lock)),
                Some(_) => thread::sleep(Duration::from_millis(20)),
                None => return self.refuse_linked_branch(&self.tip()?.branch),
            }
        }
    }

    /// What `git status` calls in progress.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        match self.inner.state() {
            RepositoryState::Clean => self.sequence(),
            RepositoryState::Merge => Some("a merge"),
            RepositoryState::Revert | RepositoryState::RevertSequence => Some("a revert"),
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => Some("a cherry-pick"),
            RepositoryState::Bisect => Some("a bisect"),
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => Some("git am"),
            RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => Some("a rebase"),
        }
    }

    /// Picks or reverts of several commits, between two of them: libgit2 sees these only while one is under way.
    fn sequence(&self) -> Option<&'static str> {
        let folder = self.git_dir.join("sequencer");
        folder.symlink_metadata().ok()?;
        let todo = std::fs::read(folder.join("todo")).unwrap_or_default();
        let first = todo.split(|byte| *byte == b'\n').find(|line| !line.is_empty() && !line.starts_with(b"#"));
        Some(match first.and_then(|line| line.split(|byte| *byte == b' ').next()) {
            Some(b"pick" | b"p") => "a cherry-pick",
            Some(b"revert") => "a revert",
            _ => "a cherry-pick or revert",
        })
    }

    /// Fails when the file of the branch is a symbolic link: whoever sets the branch would put a file in its place.
    ///
    /// # Errors
    /// [`RepoProblem::Linked`].
    pub(super) fn refuse_linked_branch(&self, branch: &str) -> Result<(), RepoProblem> {
        let file = self.inner.commondir().join(branch);
        if file.is_symlink() { Err(RepoProblem::Linked(file)) } else { Ok(()) }
    }

    /// Lets those who share the repository run this tool, too: what it keeps in git's folder gets the modes that git gives there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn share_state(&self) -> Result<(), RepoProblem> {
        self.settings.shared.adjust_all(&self.state_folder()).map_err(RepoProblem::Unshared)
    }

    /// The hooks that `git commit` would run here, by name.
    #[must_use]
    pub fn commit_hooks(&self) -> Vec<String> {
        let runs = |name: &&&str| {
            let file = self.hooks.join(name);
            file.is_file() && access(&file, Access::EXEC_OK).is_ok()
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

    /// What is in the work tree and git neither tracks nor ignores; of a folder that holds nothing else, the folder.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn untracked(&self) -> Result<BTreeSet<RepoPath>, RepoProblem> {
        let text =
            self.git.ask(&["ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"], b"")?;
        let paths = text.split(|byte| *byte == 0).map(|path| path.strip_suffix(b"/").unwrap_or(path));
        // What cannot be a path of ours is empty, or git's own.
        Ok(paths.filter_map(|path| RepoPath::new(path).ok()).collect())
    }

    /// True when git ignores what is, or would be, at a path.
    ///
    /// # Errors
    /// When a file of patterns cannot be read.
    pub fn is_ignored(&self, path: &RepoPath) -> Result<bool, RepoProblem> {
        Ok(self.inner.is_path_ignored(path.as_path())?)
    }
}

/// Where a repository keeps what, all of it absolute.
struct Places {
    top: PathBuf,
    git_dir: PathBuf,
    hooks: PathBuf,
}

impl Places {
    fn ask(git: &Git, config: &Config) -> Result<Self, GitProblem> {
        let mut questions: Vec<&[&str]> = vec![&["--show-toplevel"], &["--absolute-git-dir"]];
        // Set to nothing, it is the root to git, which yet gives no answer then.
        if config.shown("core.hookspath").as_deref() != Some("") {
            questions.push(&["--git-path", "hooks"]);
        }
        let ask = |questions: &[&[&str]]| {
            let args: Vec<&str> = ["rev-parse", "--path-format=absolute"].into_iter().chain(questions.concat()).collect();
            git.ask(&args, b"").map(|said| said.strip_suffix(b"\n").unwrap_or(&said).to_vec())
        };
        let said = ask(&questions)?;
        let mut paths: Vec<Vec<u8>> = said.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if paths.len() != questions.len() {
            // The name of a folder may hold a line break: then each is asked for by itself.
            paths = questions.iter().map(|question| ask(&[question])).collect::<Result<_, _>>()?;
        }
        // git ends with 0 although nobody got what it wrote.
        if paths.iter().any(Vec::is_empty) {
            return Err(silent("rev-parse"));
        }
        let mut paths = paths.into_iter().map(|path| PathBuf::from(OsString::from_vec(path)));
        let mut next = || paths.next().unwrap_or_else(|| PathBuf::from("/"));
        Ok(Self { top: next(), git_dir: next(), hooks: next() })
    }
}

fn silent(command: &str) -> GitProblem {
    GitProblem::Failed { command: command.to_owned(), stderr: "it gave no answer".to_owned() }
}

/// Why git does not say where the repository is: in the words of this tool where it has some.
fn why_not(from: &Path, problem: GitProblem) -> RepoProblem {
    match Repository::discover(from) {
        Err(error) => match refusal(from, error) {
            RepoProblem::Libgit2(_) => problem.into(),
            by_name => by_name,
        },
        Ok(found) if found.is_bare() => RepoProblem::Bare(found.path().to_owned()),
        Ok(_) => problem.into(),
    }
}

fn refuse_formats(config: &Config, git_dir: &Path) -> Result<(), RepoProblem> {
    for (key, plain) in [("extensions.refstorage", "files"), ("extensions.objectformat", "sha1")] {
        if let Some(value) = config.shown(key).filter(|value| !value.eq_ignore_ascii_case(plain)) {
            return Err(RepoProblem::Unsupported(format!("{key}={value}")));
        }
    }
    if git_dir.join("HEAD").is_symlink() {
        return Err(RepoProblem::Unsupported("a symbolic link as HEAD (core.preferSymlinkRefs)".to_owned()));
    }
    Ok(())
}

fn refusal(from: &Path, error: git2::Error) -> RepoProblem {
    match (error.code(), error.class()) {
        (ErrorCode::NotFound, ErrorClass::Repository | ErrorClass::Os) => RepoProblem::NotARepository(from.to_owned()),
        (ErrorCode::Owner, _) => {
            let top = from.ancestors().find(|folder| folder.join(".git").exists());
            RepoProblem::NotOwned(top.unwrap_or(from).to_owned())
        }
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

/// Opens the repository whose folder is `git_dir` so that libgit2 syncs every reference that it writes, and leaves objects to
/// [`Repo::sync_objects`].
///
/// git2 has no call of its own for this. The option is one for the whole process: it is taken down for references when their store
/// is opened, which the first look at one does, and looked up for objects with each of them.
fn open_synced(git_dir: &Path) -> Result<Repository, git2::Error> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    sync_what_is_written(true);
    let opened = Repository::open(git_dir).and_then(|repository| {
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
