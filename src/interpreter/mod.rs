//! The Python of the repository: which one it is, and what it says of itself when it is asked once.
//!
//! It is started with a question of ours and never with the project's code: what it would import is looked up, not imported.

mod target;

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use target::oldest;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it is asked. The folder that `-c` puts first is not one of the interpreter's own, and goes before anything is imported from it.
const QUESTION: &str = "\
import sys
if sys.path and sys.path[0] == '':
    del sys.path[0]
import importlib.machinery, json
print(json.dumps({
    'executable': sys.executable,
    'minor': sys.version_info[1] if sys.version_info[0] == 3 else 0,
    'folders': [folder for folder in sys.path if isinstance(folder, str)],
    'built_in': sorted(set(sys.builtin_module_names) | set(getattr(sys, 'stdlib_module_names', ()))),
    'extensions': importlib.machinery.EXTENSION_SUFFIXES,
}))
";

/// Which of the names it finds, without importing any.
const FINDS: &str = "\
import sys
if sys.path and sys.path[0] == '':
    del sys.path[0]
import importlib.util
for name in sys.argv[1:]:
    try:
        found = name in sys.modules or importlib.util.find_spec(name) is not None
    except Exception:
        found = False
    if found:
        print(name)
";

/// What an interpreter says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The program.
    pub executable: PathBuf,
    /// The number after `3.` of its version.
    pub minor: u32,
    /// The folders in which it looks for modules.
    pub folders: Vec<PathBuf>,
    /// The modules of the standard library, by their first names.
    pub built_in: Vec<String>,
    /// How the names of compiled modules end.
    pub extensions: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unanswered {
    /// There is none, at any of these places.
    NotThere,
    /// It was started and said nothing that can be used.
    Wrong {
        /// The program.
        program: PathBuf,
        /// How it ended.
        why: String,
    },
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => f.write_str("no Python interpreter ($VIRTUAL_ENV, .venv/bin/python, python3)"),
            Self::Wrong { program, why } => write!(f, "{} does not answer: {why}", program.display()),
        }
    }
}

/// The interpreter of the tree at `top`: that of `$VIRTUAL_ENV`, else of `.venv` or `venv` in the tree, else the first on `PATH`.
#[must_use]
pub fn find(top: &Path) -> Option<PathBuf> {
    let active = env::var_os("VIRTUAL_ENV").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let environments = active.into_iter().map(|folder| top.join(folder)).chain([top.join(".venv"), top.join("venv")]);
    let of_environments = environments.map(|folder| folder.join("bin/python"));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let on_path =
        ["python3", "python"].into_iter().flat_map(|name| folders.iter().map(move |folder| top.join(folder).join(name)));
    of_environments.chain(on_path).find(|program| program.is_file())
}

/// Asks the interpreter of the tree at `top`.
///
/// # Errors
/// [`Unanswered`] where there is none, or it does not answer.
pub fn ask(top: &Path) -> Result<Answer, Unanswered> {
    let program = find(top).ok_or(Unanswered::NotThere)?;
    let wrong = |why: String| Unanswered::Wrong { program: program.clone(), why };
    let said = output(&program, top, &["-c", QUESTION]).map_err(|error| wrong(error.to_string()))?;
    // What its own start prints stands before.
    let line = said.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(line).map_err(|error| wrong(format!("it said nothing that can be read: {error}")))
}

/// Those of `names`, none of which has a dot, that the interpreter finds by whatever means; none where it does not say.
#[must_use]
pub fn finds(answer: &Answer, top: &Path, names: &[&str]) -> Vec<String> {
    let args: Vec<&str> = ["-c", FINDS].into_iter().chain(names.iter().copied()).collect();
    match output(&answer.executable, top, &args) {
        Ok(said) => said.lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

fn output(program: &Path, top: &Path, args: &[&str]) -> io::Result<String> {
    let command = duct::cmd(program, args).dir(top).env("PYTHONDONTWRITEBYTECODE", "1");
    let running = command.stdin_null().stderr_null().stdout_capture().unchecked().start()?;
    let Some(ended) = running.wait_timeout(PATIENCE)? else {
        running.kill()?;
        return Err(io::Error::new(io::ErrorKind::TimedOut, format!("it took longer than {} seconds", PATIENCE.as_secs())));
    };
    if ended.status.success() {
        return String::from_utf8(ended.stdout.clone()).map_err(io::Error::other);
    }
    Err(io::Error::other(format!("it ended with {}", ended.status)))
}

/// Keeps what came of asking in `file`, for processes that are to find the same.
///
/// # Errors
/// When it cannot be written.
pub fn keep(file: &Path, asked: &Result<Answer, Unanswered>) -> io::Result<()> {
    let mut kept = std::fs::File::create(file)?;
    serde_json::to_writer(&mut kept, asked)?;
    kept.flush()
}

/// What came of asking, where that is kept in `file`.
#[must_use]
pub fn kept(file: &Path) -> Option<Result<Answer, Unanswered>> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
