//! What GitHub's runner reads of a log: groups that fold, and annotations of files. Nothing here does I/O.
//!
//! A line that begins with `::` is a command to the runner. Values are escaped as it unescapes them, and what is not ours stands between
//! commands that make it deaf.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use crate::event::Event;
use crate::report::escape;
use crate::report::failures::Failures;

/// The commands around the lines of one run.
#[derive(Debug)]
pub struct Github {
    /// True while a group is open.
    is_open: bool,
    /// What makes the runner listen again, which nobody can guess.
    token: String,
}

impl Default for Github {
    fn default() -> Self {
        let hash = || RandomState::new().build_hasher().finish();
        Self { is_open: false, token: format!("{:016x}{:016x}", hash(), hash()) }
    }
}

impl Github {
    /// The lines of an event with the commands that belong to it.
    pub fn around(&mut self, event: &Event, text: &str, failures: &Failures) -> String {
        let mut out = String::new();
        match event {
            Event::PhaseStarted { phase, .. } => {
                out += &self.close();
                self.is_open = true;
                return format!("{out}::group::{}\n{}", data(&phase.to_string()), self.deaf(text));
            }
            Event::PhaseFinished { .. } => return self.close() + &self.deaf(text),
            _ => {}
        }
        out += &self.deaf(text);
        match event {
            Event::UnitFailed { unit, .. } | Event::UnitQuarantined { unit, .. } | Event::UnitReverted { unit, .. } => {
                if let Some(failed) = failures.of(unit).last() {
                    let file = failed.files.first().map_or(unit.as_str(), String::as_str);
                    out += &annotation("error", &[("file", file), ("title", &format!("{unit} failed"))], &failed.telling);
                }
            }
            Event::GateFailed { phase, command } => {
                let telling = failures.gate(phase).map_or_else(|| format!("`{command}` failed"), |gate| gate.telling.clone());
                out += &annotation("error", &[("title", &format!("the gate of {phase} failed"))], &telling);
            }
            Event::UnitWarned { unit, line, column, message, .. } => {
                let (line, column) = (line.to_string(), column.to_string());
                out += &annotation("warning", &[("file", unit), ("line", &line), ("col", &column)], message);
            }
            Event::RunFinished { .. } => out = self.close() + &out,
            _ => {}
        }
        out
    }

    /// The end of the group, if one is open.
    pub fn close(&mut self) -> String {
        if std::mem::take(&mut self.is_open) { "::endgroup::\n".to_owned() } else { String::new() }
    }

    /// Lines in which the runner looks for nothing; where there is nothing to find they stay as they are.
    fn deaf(&self, text: &str) -> String {
        if !text.contains("##[") && !text.lines().any(|line| line.trim_start().starts_with("::")) {
            return text.to_owned();
        }
        format!("::stop-commands::{0}\n{text}::{0}::\n", self.token)
    }
}

fn annotation(command: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<String> = properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{command} {}::{}\n", properties.join(","), data(message))
}

/// A value behind the last `::`.
fn data(text: &str) -> String {
    let text = text.lines().map(|line| escape::line(line.as_bytes())).collect::<Vec<_>>().join("\n");
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value in front of it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PhaseLabel;

    fn phase() -> PhaseLabel {
        PhaseLabel { ordinal: 1, id: "P0".into(), title: None }
    }

    fn failed(unit: &str, reason: &str) -> Event {
        Event::UnitQuarantined { unit: unit.into(), files: Vec::new(), reason: reason.into(), log: None }
    }

    fn told(github: &mut Github, failures: &mut Failures, event: &Event, text: &str) -> String {
        failures.see(event);
        github.around(event, text, failures)
    }

    #[test]
    fn a_phase_is_a_group_and_a_failed_unit_an_annotation_at_its_file() {
        let (mut github, mut failures) = (Github::default(), Failures::default());
        let begin = Event::PhaseStarted { phase: phase(), units: 2, done: 0 };
        assert_eq!(told(&mut github, &mut failures, &begin, "phase\n"), "::group::phase 1 (P0)\nphase\n");
        let said = told(&mut github, &mut failures, &failed("a,b:100%.py", "100% wrong: x"), "  quarantined\n");
        let want = "  quarantined\n::error file=a%2Cb%3A100%25.py,title=a%2Cb%3A100%25.py failed::100%25 wrong: x\n";
        assert_eq!(said, want);
        assert_eq!(told(&mut github, &mut failures, &begin, ""), "::endgroup::\n::group::phase 1 (P0)\n");
        let end = Event::PhaseFinished { phase: phase(), tally: Default::default() };
        assert_eq!(told(&mut github, &mut failures, &end, "x\n"), "::endgroup::\nx\n");
        assert_eq!(github.close(), "");
    }

    #[test]
    fn what_is_not_ours_gives_the_runner_no_commands() {
        let (mut github, mut failures) = (Github::default(), Failures::default());
        let said = told(&mut github, &mut failures, &failed("a.py", "x\n::set-output name=a::b"), "    | ##[error]forged\n");
        let token = github.token.clone();
        assert_eq!(token.len(), 32);
        assert!(
            said.starts_with(&format!("::stop-commands::{token}\n    | ##[error]forged\n::{token}::\n::error file=a.py,")),
            "{said}"
        );
        let said = told(&mut github, &mut failures, &failed("a\n::debug::x\r.py", "y"), "");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_ne!(Github::default().token, token);
    }
}
