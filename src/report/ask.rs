//! A question to the person at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

/// Asks a question that is answered by yes or no. Where nobody sits at a terminal nobody is asked, and the answer is yes: scripts say
/// what they want by what they type.
#[must_use]
pub fn agrees(question: &str) -> bool {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return true;
    }
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.is_ok() && stdin.lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
