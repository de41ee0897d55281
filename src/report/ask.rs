//! A question to the person at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::interrupt::Interrupt;

/// How long a signal may go unnoticed while somebody thinks, in nanoseconds.
const GLANCE: i64 = 50_000_000;

/// Asks a question that is answered by yes or no; a signal is a no. Where nobody sits at a terminal nobody is asked, and the answer is
/// yes: scripts say what they want by what they type.
#[must_use]
pub fn agrees(question: &str, interrupt: &Interrupt) -> bool {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return true;
    }
    if write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).is_err() {
        return false;
    }
    // Signals end nothing by themselves: a read would wait on, whatever the person does to get out.
    loop {
        if interrupt.pending().is_some() {
            return false;
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: GLANCE };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => break,
            Err(_) => return false,
        }
    }
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
