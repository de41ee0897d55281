//! Runs one command to its end, whatever it does.
//!
//! The command gets a process group of its own, no input, and one pipe for all it writes. It ends in bounded time (its limit and
//! a grace), in bounded memory, with a bounded log, and the processes it started end with it: first SIGTERM, then SIGKILL, always
//! to the whole group. What leaves the group keeps nothing waiting, is reported and, where [`Orphans::End`] says so, killed. How a
//! command ended is told by its exit status, never by its output alone. Nothing here knows what a command is for.

mod complaint;
mod environment;
mod group;
mod orphans;
mod output;
mod watch;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, PipeReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::command::group::Group;
use crate::command::orphans::Orphanage;
use crate::command::output::Output;
use crate::command::watch::{Problem, Watch};
use crate::interrupt::{Interrupt, Signal};

/// How long a command may clean up between SIGTERM and SIGKILL.
pub const GRACE: Duration = Duration::from_secs(2);

/// A command to run.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The program and its arguments; a program with a `/` is taken relative to `cwd`, one without is looked for in `PATH`.
    pub argv: &'a [OsString],
    /// The folder it starts in.
    pub cwd: &'a Path,
    /// Variables beyond the inherited ones (less those git sets for itself).
    pub env: &'a [(OsString, OsString)],
    /// How long it may take.
    pub timeout: Duration,
    /// How long it may take to end once asked to; normally [`GRACE`].
    pub grace: Duration,
    /// The file that gets its output; its folder must exist.
    pub log: &'a Path,
    /// What becomes of processes that leave its group.
    pub orphans: Orphans,
}

/// What becomes of processes that leave a command's group and lose their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// They are left alone.
    Leave,
    /// They are ended with the command, on Linux. Meanwhile no other thread may run a command.
    End,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With status 0.
    Passed,
    /// With another status.
    Failed(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// There is no such program, or it may not be executed. The command itself could not be started, or it ended with 127 or 126
    /// and a shell's word for which program it could not start; the status alone may be a program's own.
    NotFound(String),
    /// It took longer than this.
    TimedOut(Duration),
    /// This signal asked us to end.
    Interrupted(Signal),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(status) => write!(f, "failed with status {status}"),
            Self::Signalled(signal) => match signal_hook::low_level::signal_name(*signal) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {signal}"),
            },
            Self::NotFound(program) => write!(f, "cannot be run: `{program}` is not there or not executable"),
            Self::TimedOut(limit) => write!(f, "timed out after {limit:?}"),
            Self::Interrupted(signal) => write!(f, "interrupted by {signal}"),
        }
    }
}

/// What is known of a command that ended.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
    /// The last of its output, at most 40 lines and 8 KiB.
    pub tail: Vec<u8>,
    /// Where its output is kept: the first 4 MiB and the last 1 MiB.
    pub log: PathBuf,
    /// How much it wrote, kept or not.
    pub bytes_written: u64,
    /// True when it left processes running: those of its group were killed, others may still be there.
    pub leaked: bool,
}

/// Why a command could not be run or watched. Whatever was started has been killed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no program in it.
    #[error("the command is empty")]
    Empty,
    /// Its folder is not there.
    #[error("{}: not a folder to run a command in", .0.display())]
    NoFolder(PathBuf),
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// What was to be started.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Its log could not be opened or written.
    #[error("{}: cannot write the log", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be watched.
    #[error("cannot watch `{program}`")]
    Watch {
        /// What was being watched.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl CommandError {
    /// What the system said, if it did.
    #[must_use]
    pub fn cause(&self) -> Option<&io::Error> {
        match self {
            Self::Empty | Self::NoFolder(_) => None,
            Self::Start { source, .. } | Self::Log { source, .. } | Self::Watch { source, .. } => Some(source),
        }
    }
}

/// Runs a command to its end.
///
/// Past the limit, or when `interrupt` says so, its group gets SIGTERM, after the grace SIGKILL; another signal that comes
/// meanwhile makes it SIGKILL at once. An interrupt that is already pending starts nothing.
///
/// # Errors
/// A [`CommandError`] when the command could not be started or watched. A program that is not there is an [`Outcome`].
pub fn run(invocation: &Invocation<'_>, interrupt: &Interrupt) -> Result<Finished, CommandError> {
    let program = invocation.argv.first().filter(|program| !program.is_empty()).ok_or(CommandError::Empty)?;
    let log_error = |source| CommandError::Log { path: invocation.log.to_owned(), source };
    let watch_error = |source| CommandError::Watch { program: lossy(program), source };
    let started = Instant::now();
    let mut output = Output::create(invocation.log).map_err(log_error)?;
    let (outcome, leaked) = match interrupt.pending() {
        Some(signal) => (Outcome::Interrupted(signal), false),
        None => {
            let orphanage = (invocation.orphans == Orphans::End).then(Orphanage::open).transpose().map_err(watch_error)?;
            match start(invocation, program) {
                Ok((group, pipe)) => {
                    let watch = Watch { invocation, interrupt, group: &group, pipe: Some(pipe), output: &mut output, orphanage };
                    let (end, leaked) = watch.run(started).map_err(|problem| match problem {
                        Problem::Log(source) => log_error(source),
                        Problem::Watch(source) => watch_error(source),
                    })?;
                    (end.unwrap_or_else(|status| outcome_of(status, output.tail())), leaked)
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
                    if !invocation.cwd.is_dir() {
                        return Err(CommandError::NoFolder(invocation.cwd.to_owned()));
                    }
                    (Outcome::NotFound(lossy(program)), false)
                }
                Err(source) => return Err(CommandError::Start { program: lossy(program), source }),
            }
        }
    };
    output.finish().map_err(log_error)?;
    Ok(Finished {
        outcome,
        elapsed: started.elapsed(),
        tail: output.tail().to_owned(),
        log: invocation.log.to_owned(),
        bytes_written: output.bytes_written(),
        leaked,
    })
}

/// Starts the command; all copies of the pipe's writing end are then in its hands.
fn start(invocation: &Invocation<'_>, program: &OsStr) -> io::Result<(Group, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    // duct takes a relative program to be relative to our folder, people take it to be relative to the command's.
    let program = match program.as_bytes().contains(&b'/') {
        true => invocation.cwd.join(program).into_os_string(),
        false => program.to_owned(),
    };
    let handle = duct::cmd(program, &invocation.argv[1..])
        .dir(invocation.cwd)
        .full_env(environment::of_child(std::env::vars_os(), invocation.env))
        .stdin_null()
        .stderr_to_stdout()
        .stdout_file(writer)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            end_with_us(command);
            Ok(())
        })
        .start()?;
    Ok((Group::new(handle)?, reader))
}

/// Makes the kernel end the command when this process is killed and can no longer do so itself: it must not go on writing while the
/// next run puts things in order. Only the program itself can be ended so, not what it started in turn.
#[cfg(target_os = "linux")]
fn end_with_us(command: &mut std::process::Command) {
    use rustix::process::{Signal, set_parent_process_death_signal};
    #[expect(
        unsafe_code,
        reason = "between fork and exec only async-signal-safe calls are allowed, which the compiler cannot check"
    )]
    // SAFETY: prctl(2) is a plain system call; nothing is allocated, locked or unwound.
    unsafe {
        command.pre_exec(|| set_parent_process_death_signal(Some(Signal::KILL)).map_err(Into::into));
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_us(_command: &mut std::process::Command) {}

fn outcome_of(status: ExitStatus, tail: &[u8]) -> Outcome {
    match (status.code(), status.signal()) {
        (Some(0), _) => Outcome::Passed,
        (Some(code), _) => complaint::unstarted(code, tail).map_or(Outcome::Failed(code), Outcome::NotFound),
        (None, Some(signal)) => Outcome::Signalled(signal),
        (None, None) => Outcome::Failed(status.into_raw()),
    }
}

fn lossy(program: &OsStr) -> String {
    program.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
