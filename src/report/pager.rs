//! A long result on a terminal, shown by the person's own pager.
//!
//! While it is open, all that this process says goes to it, warnings too, as with git: they would be written across it.

use std::io::{self, IsTerminal, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::stdio::{dup2_stderr, dup2_stdout};

/// What git sets for pagers that do not know what they are for.
const DEFAULTS: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];

/// A pager, open or not.
#[derive(Debug, Default)]
pub struct Pager {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    child: Child,
    stdout: OwnedFd,
    stderr: Option<OwnedFd>,
}

impl Pager {
    /// Starts the pager `command`, a line for the shell, where standard output is a terminal. One that cannot be started is done without.
    #[must_use]
    pub fn open(command: &str) -> Self {
        let command = command.trim();
        if command.is_empty() || command == "cat" || !io::stdout().is_terminal() {
            return Self::default();
        }
        Self { open: started(command).ok() }
    }

    /// True while it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Waits until the person has seen enough. What is said from then on goes where it went before.
    pub fn close(&mut self) {
        let Some(Open { mut child, stdout, stderr }) = self.open.take() else { return };
        drop(io::stdout().flush());
        // With these the last end of the pipe is closed that is open for writing.
        // Of streams that cannot be had back there is nobody to tell.
        if dup2_stdout(stdout).and_then(|()| stderr.map_or(Ok(()), dup2_stderr)).is_ok() {
            drop(child.wait());
        }
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        self.close();
    }
}

fn started(command: &str) -> io::Result<Open> {
    // To be read by the pager alone: it is for that to end then, not for us.
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false)))?;
    let (stdout, stderr) = (rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?, io::stderr().is_terminal());
    let stderr = stderr.then(|| rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3)).transpose()?;
    let mut pager = Command::new("sh");
    pager.args(["-c", command]).stdin(Stdio::piped());
    for (name, value) in DEFAULTS {
        if std::env::var_os(name).is_none() {
            pager.env(name, value);
        }
    }
    let mut child = pager.spawn()?;
    let Some(pipe) = child.stdin.take() else { return Err(io::ErrorKind::BrokenPipe.into()) };
    dup2_stdout(&pipe)?;
    if stderr.is_some() {
        dup2_stderr(&pipe)?;
    }
    Ok(Open { child, stdout, stderr })
}
