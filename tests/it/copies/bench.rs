//! A repository of which copies are made, and who makes them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use migrate::command::{Finished, Invocation, Orphans, Outcome, run};
use migrate::copies::{Copies, Copy, Means, TreeFacts, Unavailable, Version};
use migrate::interrupt::Interrupt;
use migrate::path::RepoPath;

use crate::support::{MIGRATE, Repo, skip};

/// Set for the process in which a test is run once more as somebody else.
const AGAIN: &str = "MIGRATE_TEST_AGAIN";

/// A user and group that no system gives to anybody.
pub const ORDINARY: u32 = 54_321;

/// Runs the test's body, and when root does so, once more as an ordinary user.
#[track_caller]
pub fn as_everyone(body: fn()) {
    as_ordinary();
    body();
}

/// The same for what is true only where copies can be made; where they cannot, the reader is told.
#[track_caller]
pub fn in_copies(body: fn()) {
    as_ordinary();
    if Bench::with(&[("a.py", "")]).copies().is_some() {
        body();
    }
}

/// True in the process in which the test is run once more. Whoever else asks has it run so: in namespaces of its own, as `unshare`
/// makes them by `flags`, whose mounts `script` has changed, with a folder for them in `$1`.
#[track_caller]
pub fn in_namespace(flags: &str, script: &str) -> bool {
    if std::env::var_os(AGAIN).is_some() {
        return true;
    }
    if !Command::new("unshare").args([flags, "true"]).status().is_ok_and(|status| status.success()) {
        skip_or_fail("there are no namespaces here");
        return false;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = format!("set -e; {script}; shift; exec \"$@\"");
    let mut command = Command::new("unshare");
    command.args([flags, "sh", "-c", &script, "sh"]).arg(folder.path()).arg(std::env::current_exe().unwrap());
    again(command.env("MIGRATE_TEST_FOLDER", folder.path()));
    false
}

/// The folder that was given to the script of [`in_namespace`].
pub fn given_folder() -> PathBuf {
    std::env::var_os("MIGRATE_TEST_FOLDER").unwrap().into()
}

/// Runs the test once more as an ordinary user, when root runs it.
#[track_caller]
fn as_ordinary() {
    if std::env::var_os(AGAIN).is_none() && rustix::process::geteuid().is_root() {
        again(Command::new(std::env::current_exe().unwrap()).uid(ORDINARY).gid(ORDINARY));
    }
}

#[track_caller]
fn again(command: &mut Command) {
    let thread = std::thread::current();
    let command = command.args(["--exact", thread.name().unwrap(), "--nocapture"]).env(AGAIN, "1").env_remove("HOME");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if let Some(line) = said.lines().find(|line| line.starts_with("skipped in")) {
        skip(line);
    }
    assert!(output.status.success() && said.contains("1 passed"), "run once more: {said}");
}

fn skip_or_fail(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    skip(why);
}

/// A repository and the scratch for its copies.
pub struct Bench {
    pub repo: Repo,
    pub top: PathBuf,
    pub scratch: tempfile::TempDir,
    /// A folder that commands can reach from inside a copy.
    pub outside: tempfile::TempDir,
    pub env: Vec<(OsString, OsString)>,
    /// How long a command that is to end may clean up.
    pub grace: Duration,
}

impl Bench {
    /// A repository whose first commit holds `files`.
    pub fn with(files: &[(&str, &str)]) -> Self {
        Self::of(Repo::with(files))
    }

    pub fn of(repo: Repo) -> Self {
        let top = repo.top();
        let outside = tempfile::tempdir().unwrap();
        let mut env: Vec<(OsString, OsString)> = vec![("HOME".into(), repo.home().into())];
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
            ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
            ("OUTSIDE", outside.path().to_str().unwrap()),
        ] {
            env.push((name.into(), value.into()));
        }
        Self { repo, top, scratch: tempfile::tempdir().unwrap(), outside, env, grace: Duration::from_secs(5) }
    }

    /// The same repository by another of its work trees.
    pub fn at(mut self, top: PathBuf) -> Self {
        self.top = top;
        self
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.repo.git(&[&["-C", self.top.to_str().unwrap()], args].concat())
    }

    pub fn open(&self) -> Result<Copies, Unavailable> {
        self.open_with(Some(self.scratch.path()))
    }

    pub fn open_with(&self, scratch: Option<&Path>) -> Result<Copies, Unavailable> {
        let folder = |which: &str| PathBuf::from(self.git(&["rev-parse", "--path-format=absolute", which]));
        let (git, common) = (folder("--git-dir"), folder("--git-common-dir"));
        let facts = TreeFacts { top: &self.top, git_folder: &git, common_folder: &common };
        Copies::open(&facts, &Means { scratch, program: Some(Path::new(MIGRATE)) })
    }

    /// What makes copies; `None` where that cannot be, which the reader is told.
    pub fn copies(&self) -> Option<Copies> {
        match self.open() {
            Ok(copies) => Some(copies),
            Err(why @ Unavailable::Refused { .. }) => {
                skip_or_fail(&format!("{why}; help: {}", why.help()));
                None
            }
            Err(why) => panic!("{why}"),
        }
    }

    /// Runs a script in the top folder of the copy.
    #[track_caller]
    pub fn sh(&self, copy: &Copy, script: &str) -> Finished {
        self.run(copy, &["sh", "-ec", script], &self.top, Duration::from_secs(60))
    }

    /// What a script that passes says.
    #[track_caller]
    pub fn says(&self, copy: &Copy, script: &str) -> String {
        let finished = self.sh(copy, script);
        let text = String::from_utf8_lossy(&finished.tail).into_owned();
        assert_eq!(finished.outcome, Outcome::Passed, "{script}: {text}");
        text
    }

    #[track_caller]
    pub fn run(&self, copy: &Copy, argv: &[&str], cwd: &Path, timeout: Duration) -> Finished {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        self.run_argv(&copy.argv(&argv), cwd, timeout)
    }

    /// Runs a script in the tree itself.
    #[track_caller]
    pub fn outside(&self, script: &str) {
        let argv = ["sh", "-ec", script].map(OsString::from);
        let finished = self.run_argv(&argv, &self.top, Duration::from_secs(60));
        assert_eq!(finished.outcome, Outcome::Passed, "{script}: {}", self.log());
    }

    /// What the last command said, all of it.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap()).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.outside.path().join(format!("log-{:?}", std::thread::current().id()))
    }

    pub fn run_argv(&self, argv: &[OsString], cwd: &Path, timeout: Duration) -> Finished {
        let log = self.log_file();
        let invocation = Invocation { argv, cwd, env: &self.env, timeout, grace: self.grace, log: &log, orphans: Orphans::Leave };
        run(&invocation, &Interrupt::none()).unwrap()
    }
}

/// Files of a candidate or a pin: a text, or nothing for one that is not there.
pub fn files(files: &[(&str, Option<&str>)]) -> BTreeMap<RepoPath, Version> {
    files.iter().map(|(path, text)| (repo_path(path), text.map_or(Version::Absent, file))).collect()
}

pub fn repo_path(path: &str) -> RepoPath {
    RepoPath::new(path).unwrap()
}

pub fn file(text: &str) -> Version {
    Version::File { bytes: text.into(), executable: false }
}

/// Waits until `what` is so.
#[track_caller]
pub fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came to be so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes that have `word` among their arguments, with those arguments.
pub fn running(word: &str) -> Vec<(u32, Vec<String>)> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let arguments = |number: u32| {
        let line = fs::read(format!("/proc/{number}/cmdline")).ok()?;
        let arguments = line.split(|byte| *byte == 0).map(|argument| String::from_utf8_lossy(argument).into_owned());
        Some((number, arguments.collect::<Vec<_>>()))
    };
    numbers.filter_map(arguments).filter(|(_, arguments)| arguments.iter().any(|argument| argument == word)).collect()
}

/// The process that started another, or that the system gave it to.
pub fn parent(process: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    line.trim().parse().unwrap()
}

/// The lines of the system's list of mounts that name `path`.
pub fn mounts_at(path: &Path) -> usize {
    let text = fs::read_to_string("/proc/mounts").unwrap();
    text.lines().filter(|line| line.contains(path.to_str().unwrap())).count()
}
