//! A scratch repository with a home of its own, and the tool run in it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The tool under test.
pub const MIGRATE: &str = env!("CARGO_BIN_EXE_migrate");

/// A scratch repository; gone when dropped.
pub struct Repo {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// A folder in memory where the system has one: thousands of commits wait for the disk otherwise. `TMPDIR` says where else.
#[must_use]
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match std::env::var_os("TMPDIR") {
        None if memory.is_dir() => tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap(),
        _ => tempfile::tempdir().unwrap(),
    }
}

/// `PATH`, and before it the folder of the interpreter itself where `python3` on it is a version manager's script: that takes longer to
/// find the interpreter than the interpreter takes to start.
fn path() -> &'static OsStr {
    static PATH: OnceLock<OsString> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let said =
            Command::new("python3").args(["-c", "import os, sys; print(os.path.dirname(sys.executable), end='')"]).output();
        let Ok(said) = said else { return path };
        let folder = PathBuf::from(String::from_utf8(said.stdout).unwrap());
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        if folder.is_absolute() && !folders.contains(&folder) {
            folders.insert(0, folder);
        }
        std::env::join_paths(folders).unwrap()
    })
}

impl Repo {
    /// A repository on the branch `main` without a commit.
    #[must_use]
    pub fn empty() -> Self {
        let repo = Self::plain_folder();
        repo.git(&["init", "-q"]);
        repo
    }

    /// A folder that is in no repository.
    #[must_use]
    pub fn plain_folder() -> Self {
        let folder = scratch();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        std::fs::write(
            folder.path().join("home/.gitconfig"),
            "[user]\n\tname = Test Person\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n",
        )
        .unwrap();
        Self { folder, env: Vec::new() }
    }

    /// A repository whose first commit holds `files`.
    #[must_use]
    pub fn with(files: &[(&str, &str)]) -> Self {
        let repo = Self::empty();
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.commit_all("base");
        repo
    }

    /// A copy of all of it, home included, in a place of its own.
    #[must_use]
    pub fn copy(&self) -> Self {
        let folder = scratch();
        let all = self.folder.path().join(".");
        let copied = Command::new("cp").arg("-a").arg(all).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        Self { folder, env: self.env.clone() }
    }

    /// The top of the work tree.
    #[must_use]
    pub fn top(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The home of git's global configuration.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Sets a variable for everything run here from now on.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file, folders included.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.top().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The bytes of a file.
    #[must_use]
    pub fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.top().join(path)).unwrap()
    }

    /// Commits everything.
    pub fn commit_all(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// A command in the top folder with this repository's environment and no other: own HOME, no system configuration, fixed dates.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.top()).env_clear().stdin(Stdio::null());
        for name in ["LANG", "PYENV_ROOT", "PYENV_VERSION", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("PATH", path())
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Most tests let their commands write down in the tree what they saw; those of copies say so.
            .env("MIGRATE_IN_PLACE", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What git prints, trimmed at the end.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// The tool with these arguments, run to its end.
    #[track_caller]
    pub fn migrate(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(MIGRATE).args(args).output().unwrap())
    }

    /// Everything that must be the same before and after a refusal: files with content and mode, index, refs, HEAD, stash, config.
    #[must_use]
    pub fn state(&self) -> BTreeMap<String, Vec<u8>> {
        let mut state = BTreeMap::new();
        collect(&self.top(), Path::new(""), &mut state);
        for args in [&["for-each-ref"][..], &["ls-files", "--stage", "--debug"], &["rev-parse", "--symbolic-full-name", "HEAD"]] {
            let output = self.command("git").args(args).output().unwrap();
            state.insert(format!("git {}", args.join(" ")), output.stdout);
        }
        state
    }

    /// The subjects of the branch, newest first.
    #[must_use]
    pub fn subjects(&self) -> Vec<String> {
        self.git(&["log", "--format=%s"]).lines().map(str::to_owned).collect()
    }
}

fn collect(top: &Path, below: &Path, state: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(top.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        let name = format!("{}", path.display());
        if path == Path::new(".git") && kind.is_dir() {
            continue;
        }
        if kind.is_dir() {
            collect(top, &path, state);
        } else if kind.is_symlink() {
            state.insert(name, std::fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes());
        } else {
            use std::os::unix::fs::PermissionsExt;
            let mode = entry.metadata().unwrap().permissions().mode();
            let mut bytes = format!("{mode:o} ").into_bytes();
            bytes.extend(std::fs::read(entry.path()).unwrap_or_default());
            state.insert(name, bytes);
        }
    }
}

/// What a run of the tool said.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` when it died by a signal.
    pub code: Option<i32>,
    /// The signal it died by.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Reads a finished process.
    #[must_use]
    pub fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts success.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "signal {:?}\nstdout:\n{}\nstderr:\n{}", self.signal, self.stdout, self.stderr);
        self
    }

    /// Asserts that standard error holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is not in stderr:\n{}", self.stderr);
        self
    }

    /// Asserts that standard output holds `text`.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{text:?} is not in stdout:\n{}", self.stdout);
        self
    }
}

/// A plan that renames `old.f` to `new.f`, with `rest` below its phases.
#[must_use]
pub fn plan(phases: &str) -> String {
    format!("version: 1\nname: test\nissue: \"#1\"\nrules:\n  f: {{ rename: {{ from: old.f, to: new.g }} }}\nphases:\n{phases}")
}

/// Says that something could not be looked at here, and why, where whoever runs the tests sees it: the harness swallows only what
/// is printed. What is known before the tests are built is ignored by name instead.
pub fn skip(why: &str) {
    use std::io::Write;
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let mut screen = std::io::stderr();
    writeln!(screen, "skipped in {test}: {why}").unwrap();
}
