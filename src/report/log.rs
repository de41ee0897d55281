//! `migrate log` as text: what happened newest first, then where the output of commands is.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use crate::log::{History, Log, Step};
use crate::report::error::unless_closed;
use crate::report::escape;
use crate::report::look::{Ink, Look};

/// Writes a history as text; logs are named from the folder `here`. A reader that went away is no error.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, look: Look, history: &History, here: &Path) -> io::Result<()> {
    unless_closed(out.write_all(text(look, history, here).as_bytes()).and_then(|()| out.flush()))
}

fn text(look: Look, history: &History, here: &Path) -> String {
    let heading = escape::line(format!("{} in the plan {}, on {}", history.subject, history.plan, history.branch).as_bytes());
    let mut text = look.paint(Ink::Bold, &heading) + "\n";
    if history.steps.is_empty() {
        text += "  nothing was committed, and no attempt is known\n";
    }
    history.steps.iter().for_each(|step| push_step(&mut text, look, step, &history.subject));
    if !history.journal {
        text += "this work tree has no journal: what failed elsewhere, and how commits were verified, is not known here\n";
    }
    if !history.logs.is_empty() {
        text += &look.paint(Ink::Bold, "logs, oldest first:");
        text.push('\n');
    }
    history.logs.iter().for_each(|log| push_log(&mut text, look, log, here));
    text
}

fn push_step(text: &mut String, look: Look, step: &Step, subject: &str) {
    let ink = match step.what {
        "committed" | "unchanged" => Ink::Green,
        "reverted" => Ink::Yellow,
        _ => Ink::Red,
    };
    let short = |commit: &str| commit.chars().take(12).collect::<String>();
    let word = look.paint(ink, &format!("{:11}", step.what));
    let mut said: Vec<String> = Vec::new();
    said.extend(step.commit.as_deref().map(short));
    said.extend(step.at.clone());
    said.extend(step.subject.clone());
    if step.commit.is_none() {
        said.extend(step.reason.clone());
    }
    push_line(text, &format!("  {word}  "), &said.join("  "));
    let mut more = |what: &str| push_line(text, "               ", what);
    if step.unit != subject {
        more(&format!("as part of {}", step.unit));
    }
    match (&step.reverts, &step.reason) {
        (Some(of), Some(reason)) => more(&format!("takes back {}: {reason}", short(of))),
        (Some(of), None) => more(&format!("takes back {}", short(of))),
        _ => {}
    }
    step.validated.iter().for_each(|command| more(&format!("validate: {command}")));
    if let Some(verified) = &step.verified {
        more(&format!("verify: {verified}"));
    }
}

fn push_log(text: &mut String, look: Look, log: &Log, here: &Path) {
    let path = Path::new(&log.path).strip_prefix(here).map_or_else(|_| log.path.clone(), |path| path.display().to_string());
    let verdict = log.verdict.as_deref().unwrap_or("cut off: the run ended before the command did");
    let took = log.took.as_ref().map(|took| format!(", {took}")).unwrap_or_default();
    push_line(text, "  ", &format!("{}  {verdict}{took}", log.at));
    if let Some(command) = &log.command {
        push_line(text, "    ", &format!("`{command}`"));
    }
    let path = look.paint(Ink::Cyan, &escape::line(path.as_bytes()));
    writeln!(text, "    {path}").expect("writing to a string cannot fail");
}

/// Where what is said of a step begins.
const INDENT: usize = 15;

/// Adds a text, each further line of it below the first.
fn push_line(text: &mut String, indent: &str, what: &str) {
    // Colours have no width.
    let further = " ".repeat(indent.chars().count().min(INDENT));
    for (nth, part) in what.lines().enumerate() {
        let indent = if nth == 0 { indent } else { &further };
        writeln!(text, "{indent}{}", escape::line(part.as_bytes())).expect("writing to a string cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_several_lines_stands_in_several_whatever_colour_its_word_has() {
        let mut text = String::new();
        for word in ["quarantined", "\u{1b}[31mquarantined\u{1b}[0m"] {
            push_line(&mut text, &format!("  {word}  "), "one\ntwo\u{7}");
        }
        let plain = "  quarantined  one\n               two\\x07\n";
        assert_eq!(text.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""), plain.repeat(2));
    }
}
