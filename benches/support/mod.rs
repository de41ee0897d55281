//! What the benchmarks share: a scratch repository of any size, the tool run in it, and figures with their spread.
//!
//! A repository is written by `git fast-import` into one pack, as a clone would have it, with a home and configuration of its own;
//! git's defaults hold for all that is measured in it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The tool that is measured, built by cargo with the profile of the benchmark.
pub const MIGRATE: &str = env!("CARGO_BIN_EXE_migrate");

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Enough to see that the benchmark works: what continuous integration, which sets `CI`, has time for.
    Bounded,
    /// What `cargo bench` measures.
    Usual,
    /// What `-- --full` asks for.
    Full,
}

impl Scale {
    /// As the command line and the environment say.
    pub fn asked() -> Self {
        match (std::env::args().any(|arg| arg == "--full"), std::env::var_os("CI").is_some()) {
            (true, _) => Self::Full,
            (false, true) => Self::Bounded,
            (false, false) => Self::Usual,
        }
    }

    /// The value for this scale.
    pub fn pick<T>(self, bounded: T, usual: T, full: T) -> T {
        match self {
            Self::Bounded => bounded,
            Self::Usual => usual,
            Self::Full => full,
        }
    }
}

/// A scratch repository; gone when dropped.
pub struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    /// A repository with no commit, `work` in a folder beside its `home`.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder in a new folder");
        }
        let config = "[user]\n\tname = Bench\n\temail = bench@example.com\n[init]\n\tdefaultBranch = main\n";
        std::fs::write(folder.path().join("home/.gitconfig"), config).expect("a file in a new folder");
        let repo = Self { folder };
        repo.git(&["init", "-q"]);
        repo
    }

    /// Gives a stream to `git fast-import`.
    pub fn import(&self, stream: &[u8]) {
        // Below this number of objects they would be left loose, which no clone is.
        let args = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet"];
        let mut child = self.command("git").args(args).stdin(Stdio::piped()).spawn().expect("git on PATH");
        child.stdin.take().expect("it was piped").write_all(stream).expect("git reads its input");
        assert!(child.wait().expect("a child that was started").success(), "git fast-import");
    }

    /// Puts the files of the branch on disk. The index is written a second later, so that no entry is as young as the index itself.
    pub fn check_out(&self) {
        self.git(&["reset", "-q", "--hard"]);
        std::thread::sleep(Duration::from_millis(1100));
        self.git(&["update-index", "-q", "--really-refresh"]);
        self.git(&["status"]);
    }

    /// The top of the work tree.
    pub fn top(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file beside the work tree.
    pub fn write_beside(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file in a new folder");
        path
    }

    /// A command in the work tree, with this repository's home and no configuration of the system.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.top()).env_clear().stdin(Stdio::null());
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.folder.path().join("home")).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command
    }

    /// Runs git; its output is of no interest.
    pub fn git(&self, args: &[&str]) {
        timed(self.command("git").args(args));
    }

    /// The tool with a plan.
    pub fn migrate(&self, plan: &Path, verb: &str) -> Command {
        let mut command = self.command(MIGRATE);
        command.arg("--plan").arg(plan).arg(verb);
        command
    }
}

/// How long a command takes from start to end. It must succeed.
pub fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.output().expect("the program is on PATH");
    let taken = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    taken
}

/// Where the file with this number is: 20 files in a folder, 25 folders in an area.
pub fn path(nth: usize) -> String {
    let folder = nth / 20;
    format!("src/area_{:03}/part_{:02}/module_{nth:06}.py", folder / 25, folder % 25)
}

/// A plan that renames the deprecated name in the files with these numbers.
pub fn plan(name: &str, files: &[usize]) -> String {
    let mut plan = format!(
        "version: 1\nname: {name}\nissue: \"#1\"\nrules:\n  fetch: {{ rename: {{ from: legacy.client.fetch, to: modern.client.retrieve }} }}\n\
         phases:\n  - id: P0\n    files:\n"
    );
    for nth in files {
        writeln!(plan, "      - path: {}", path(*nth)).expect("a String takes all");
    }
    plan
}

/// Figures of one kind, with their spread.
#[derive(Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// Takes one more.
    pub fn push(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 { self.0[middle] } else { f64::midpoint(self.0[middle - 1], self.0[middle]) }
    }

    /// The median with the least and the greatest.
    pub fn spread(&self) -> String {
        format!("{:.1} ({:.1} to {:.1})", self.median(), self.0[0], self.0[self.0.len() - 1])
    }
}

/// A duration in milliseconds.
pub fn millis(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1000.0
}
