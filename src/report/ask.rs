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
    if !is_possible() {
        return true;
    }
    answer(&format!("{question} [y/N] "), interrupt).is_some_and(|answer| matches!(answer.as_str(), "y" | "Y" | "yes"))
}

/// True when somebody sits at a terminal.
#[must_use]
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line; an empty one is what is `offered`. `None` where no answer came, or a signal did.
#[must_use]
pub fn line(question: &str, offered: &str, interrupt: &Interrupt) -> Option<String> {
    let shown = if offered.is_empty() { format!("{question}: ") } else { format!("{question} [{offered}]: ") };
    answer(&shown, interrupt).map(|answer| if answer.is_empty() { offered.to_owned() } else { answer })
}

fn answer(question: &str, interrupt: &Interrupt) -> Option<String> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    write!(stderr, "{question}").and_then(|()| stderr.flush()).ok()?;
    // Signals end nothing by themselves: a read would wait on, whatever the person does to get out.
    loop {
        if interrupt.pending().is_some() {
            return None;
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: GLANCE };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => break,
            Err(_) => return None,
        }
    }
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer).ok()?;
    (read > 0).then(|| answer.trim().to_owned())
}
