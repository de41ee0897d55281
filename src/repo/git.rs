//! The `git` program, asked where libgit2 does not know the answer or gets it wrong: identity, effective configuration,
//! attributes, status with sparse or split index, filters, signatures.
//!
//! No hook, file system monitor or prompt is started by these calls, no lock is taken that they do not need, and the environment
//! in which a hook would run us (`GIT_DIR` and its kin) is not passed on.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::git_env::LOCAL_VARS;

/// Why the `git` program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitProblem {
    /// It could not be started.
    #[error("cannot start `git`: {0}")]
    Start(#[source] io::Error),
    /// It failed.
    #[error("`git {command}` failed: {stderr}")]
    Failed {
        /// The subcommand.
        command: String,
        /// What it said, trimmed.
        stderr: String,
    },
}

/// Runs git's subcommands at one place.
#[derive(Debug, Clone)]
pub struct Git {
    top: PathBuf,
}

impl Git {
    /// git as it would run in the folder `top`.
    #[must_use]
    pub fn at(top: &Path) -> Self {
        Self { top: top.to_owned() }
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new("git");
        for name in LOCAL_VARS {
            command.env_remove(name);
        }
        command
            .args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
            .args(args)
            .current_dir(&self.top)
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What git prints, whether it fails or not.
    ///
    /// # Errors
    /// [`GitProblem::Start`] when git cannot be started.
    pub fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Output, GitProblem> {
        self.command(args).output().map_err(GitProblem::Start)
    }

    /// What git prints on its standard output, given `input`.
    ///
    /// # Errors
    /// [`GitProblem`] when git cannot be started or fails.
    pub fn ask<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<Vec<u8>, GitProblem> {
        let mut command = self.command(args);
        if !input.is_empty() {
            command.stdin(given(input).map_err(GitProblem::Start)?);
        }
        let output = command.output().map_err(GitProblem::Start)?;
        if !output.status.success() {
            let command = args.first().map_or_else(String::new, |arg| arg.as_ref().to_string_lossy().into_owned());
            let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(GitProblem::Failed { command, stderr });
        }
        Ok(output.stdout)
    }
}

/// A file without a name that holds `input`, to be read from its beginning: with no pipe to fill, nobody has to write while git does.
fn given(input: &[u8]) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    let mut file = File::from(rustix::fs::memfd_create("to git", rustix::fs::MemfdFlags::CLOEXEC)?);
    #[cfg(not(target_os = "linux"))]
    let mut file = tempfile::tempfile()?;
    file.write_all(input)?;
    file.rewind()?;
    Ok(file)
}
