//! What failed in a run, unit by unit: repeated at its end as one line each, and told to the report for machines.
//!
//! A unit that was taken apart and whose parts landed has not failed. Nothing here does I/O.

use std::path::Path;

use crate::event::{Event, PhaseLabel};
use crate::report::escape;
use crate::report::look::{Ink, Look};
use crate::state::State;
use crate::unit_id::part_name;

/// More failures than this are told as a number.
const MOST: usize = 20;

/// Characters shown of a line that says what went wrong.
const COLUMNS: usize = 200;

/// What failed so far.
#[derive(Debug, Default)]
pub struct Failures {
    failed: Vec<Failed>,
    gates: Vec<Failed>,
    /// The last failure of each command, for each unit that it judged.
    said: Vec<Said>,
}

/// One unit that failed, or a part of one, or the gate of a phase.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The unit, or the phase of the gate.
    pub name: String,
    /// The files of the part; none where it is the whole unit.
    pub files: Vec<String>,
    /// What became of it; `None` for a gate.
    pub state: Option<State>,
    /// What failed, in full.
    pub reason: String,
    /// The one line that says what went wrong.
    pub telling: String,
    /// Where the output of the failing command is kept.
    pub log: Option<String>,
}

/// How a command failed.
#[derive(Debug)]
struct Said {
    unit: Option<String>,
    command: String,
    /// How it ended, in words.
    outcome: String,
    log: String,
    /// The line of its output that says what went wrong, where it can be known.
    line: Option<String>,
}

impl Failures {
    /// Takes note of an event.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::CommandFinished { unit, command, passed: false, again: false, without_unit: false, .. } => {
                self.said.retain(|said| said.unit != *unit || said.command != *command);
                self.said.extend(said(event));
            }
            Event::UnitFailed { unit, files, reason, log } => self.add(unit, files, State::Failed, reason, log.as_deref()),
            Event::UnitQuarantined { unit, files, reason, log } => {
                self.add(unit, files, State::Quarantined, reason, log.as_deref());
            }
            Event::UnitReverted { unit, files, reason, .. } => self.add(unit, files, State::RolledBack, reason, None),
            Event::UnitSplit { unit, files, .. }
            | Event::UnitCommitted { unit, files, .. }
            | Event::UnitUnchanged { unit, files, .. } => self.failed.retain(|failed| !failed.is(unit, files)),
            Event::GateFailed { phase, command } => {
                let said = self.said.iter().rev().find(|said| said.unit.is_none() && said.command == *command);
                let reason = format!("gate `{command}` {}", said.map_or("failed", |said| said.outcome.as_str()));
                let telling = telling(&reason, said);
                let log = said.map(|said| said.log.clone());
                let gate = Failed { name: phase.to_string(), files: Vec::new(), state: None, reason, telling, log };
                self.gates.push(gate);
            }
            Event::GatePassed { phase } => self.gates.retain(|gate| gate.name != phase.to_string()),
            _ => {}
        }
    }

    fn add(&mut self, unit: &str, files: &[String], state: State, reason: &str, log: Option<&str>) {
        self.failed.retain(|failed| !failed.is(unit, files));
        let is_named = |said: &&Said| reason.contains(&format!("`{}`", said.command));
        let is_it = |said: &&Said| match log {
            Some(log) => said.log == log,
            None => is_named(said) && said.unit.as_deref() == Some(unit),
        };
        let mut newest = self.said.iter().rev();
        // What was shown of a unit with others is said of the first of them.
        let said = newest.clone().find(is_it).or_else(|| newest.find(|said| log.is_none() && is_named(said)));
        let log = said.map(|said| said.log.clone()).or_else(|| log.map(ToOwned::to_owned));
        let (name, telling) = (unit.to_owned(), telling(reason, said));
        self.failed.push(Failed { name, files: files.to_vec(), state: Some(state), reason: reason.to_owned(), telling, log });
    }

    /// What failed of a unit, part by part; nothing of one that did not.
    pub fn of<'f>(&'f self, unit: &'f str) -> impl Iterator<Item = &'f Failed> {
        self.failed.iter().filter(move |failed| failed.name == unit)
    }

    /// How the gate of a phase failed; `None` where it did not.
    #[must_use]
    pub fn gate(&self, phase: &PhaseLabel) -> Option<&Failed> {
        self.gates.iter().find(|gate| gate.name == phase.to_string())
    }

    /// One line for each unit that failed, and how to try again; nothing where none did. Logs are named from the folder `here`, and
    /// `plan` is what chooses the plan on the command line, such as ` --plan FILE`.
    #[must_use]
    pub fn text(&self, look: Look, here: &Path, plan: &str) -> String {
        if self.failed.is_empty() && self.gates.is_empty() {
            return String::new();
        }
        let all: Vec<&Failed> = self.failed.iter().chain(&self.gates).collect();
        let what = match (self.failed.len(), self.gates.len()) {
            (0, 1) => "a gate failed".to_owned(),
            (0, gates) => format!("{gates} gates failed"),
            (1, 0) => "1 unit failed".to_owned(),
            (units, 0) => format!("{units} units failed"),
            (units, _) => format!("{units} unit{} and a gate failed", if units == 1 { "" } else { "s" }),
        };
        let mut text = format!("{}\n", look.paint(Ink::Bold, &format!("{what}:")));
        all.iter().take(MOST).for_each(|failed| text += &failed.line(look, here));
        if all.len() > MOST {
            text += &format!("  and {} more: `migrate status{plan}` lists them\n", all.len() - MOST);
        }
        let given_up = |state: &State| self.failed.iter().any(|failed| failed.state == Some(*state));
        let words: Vec<&str> =
            [State::Quarantined, State::RolledBack].iter().filter(|state| given_up(state)).map(|state| state.word()).collect();
        let retry = if words.is_empty() { String::new() } else { format!(" --retry {}", words.join(" ")) };
        text + &format!("try again: migrate run{plan}{retry}\n")
    }
}

impl Failed {
    fn is(&self, unit: &str, files: &[String]) -> bool {
        self.name == unit && self.files == files
    }

    fn line(&self, look: Look, here: &Path) -> String {
        let word = match self.state {
            None => "gate",
            Some(State::RolledBack) => "reverted",
            Some(state) => state.word(),
        };
        let log = self.log.as_ref().map(|log| format!("  (log: {})", from(here, log))).unwrap_or_default();
        let what = format!("{}: {}{log}", part_name(&self.name, &self.files), self.telling);
        format!("  {}  {}\n", look.paint(Ink::Red, &format!("{word:11}")), escape::line(what.as_bytes()))
    }
}

/// A path as one would type it in the folder `here`.
fn from(here: &Path, path: &str) -> String {
    Path::new(path).strip_prefix(here).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

/// What is kept of a command that failed.
fn said(event: &Event) -> Option<Said> {
    let Event::CommandFinished { unit, command, outcome, verdict, tests, failures, log, tail, .. } = event else { return None };
    let line = match failures.first() {
        Some(first) => {
            let more = if failures.len() > 1 { format!(" (and {} more)", failures.len() - 1) } else { String::new() };
            // Of one test alone the last error is its own.
            let why = why_of(first, tail).or_else(|| error_of(tail).filter(|_| failures.len() == 1));
            Some(format!("{first} failed{}{more}", why.map(|why| format!(": {why}")).unwrap_or_default()))
        }
        // What a command that was ended printed last is not why it was.
        None if tests.is_none() && verdict == "failed" => last_of(tail),
        None => None,
    };
    let (unit, command, outcome, log) = (unit.clone(), command.clone(), outcome.clone(), log.clone());
    Some(Said { unit, command, outcome, log, line })
}

/// The one line that says what went wrong: the first failing test, else the line of the output that says it, else the reason.
fn telling(reason: &str, said: Option<&Said>) -> String {
    let line = said.and_then(|said| said.line.clone()).unwrap_or_else(|| reason.lines().next().unwrap_or_default().to_owned());
    // As pytest marks what it raised, and as tables are set.
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("E ").unwrap_or(&line);
    let cut: String = line.chars().take(COLUMNS).collect();
    if cut.len() < line.len() { cut + "..." } else { cut }
}

/// Why a test failed, where the output sums that up as pytest does: `FAILED file::test - why`.
fn why_of(test: &str, tail: &str) -> Option<String> {
    let name = test.rsplit([':', '.']).next()?;
    let plain = plain(tail);
    let summed = plain.lines().filter_map(|line| line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR ")));
    let why = summed.filter_map(|line| line.split_once(" - ")).find(|(node, _)| node.ends_with(name)).map(|(_, why)| why.trim());
    why.filter(|why| !why.is_empty()).map(ToOwned::to_owned)
}

/// The last line that names an error, as Python and most tools write it.
fn error_of(tail: &str) -> Option<String> {
    plain(tail).lines().rev().map(str::trim).find(|line| names_an_error(line)).map(ToOwned::to_owned)
}

/// The same, else the last line that says anything.
fn last_of(tail: &str) -> Option<String> {
    let says = |line: &&str| line.chars().any(char::is_alphanumeric);
    error_of(tail).or_else(|| plain(tail).lines().rev().map(str::trim).find(says).map(ToOwned::to_owned))
}

/// True for `KeyError: 'a'`, `pkg.mod.SomeError`, `error: ...` and `a.py:3: error: ...`.
fn names_an_error(line: &str) -> bool {
    let first = line.split(": ").next().unwrap_or_default();
    let is_name = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
    let is_raised = is_name && ["Error", "Exception"].iter().any(|end| first.trim_end_matches(':').ends_with(end));
    is_raised || line.starts_with("error:") || line.contains(" error: ")
}

/// The text without what sets colours.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match rest.strip_prefix(['m', 'K']) {
            Some(rest) => plain += rest,
            None => plain += &format!("\x1b[{part}"),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(unit: &str, failures: &[&str], tail: &str) -> Event {
        Event::CommandFinished {
            unit: Some(unit.to_owned()),
            others: 0,
            command: "make test".to_owned(),
            passed: false,
            outcome: "failed with status 1".to_owned(),
            verdict: "failed".to_owned(),
            tests: (!failures.is_empty()).then_some(9),
            failures: failures.iter().map(ToString::to_string).collect(),
            attempt: 1,
            again: false,
            without_unit: false,
            millis: 7,
            log: format!("/top/.git/migrate/logs/{unit}.log"),
            tail: tail.to_owned(),
            leaked: false,
        }
    }

    fn quarantined(unit: &str, files: &[&str]) -> Event {
        let (reason, files) = ("validate `make test` failed with status 1".to_owned(), files.iter().map(ToString::to_string));
        Event::UnitQuarantined {
            unit: unit.to_owned(),
            files: files.collect(),
            reason,
            log: Some(format!("/top/.git/migrate/logs/{unit}.log")),
        }
    }

    fn text(events: &[Event]) -> String {
        let mut failures = Failures::default();
        events.iter().for_each(|event| failures.see(event));
        failures.text(Look::PLAIN, Path::new("/top"), "")
    }

    #[test]
    fn each_failed_unit_is_one_telling_line() {
        for (failures, tail, want) in [
            (
                &["t.py::test_a", "t.py::test_b"][..],
                "FAILED t.py::test_a - assert 1 == 2\n",
                "t.py::test_a failed: assert 1 == 2 (and 1 more)",
            ),
            (&["T::test_a"], "", "T::test_a failed"),
            (&["T::test_a"], "AssertionError: 1 != 2\n\nRan 9\n", "T::test_a failed: AssertionError: 1 != 2"),
            (&[], "Traceback:\n  File\n\x1b[31mKeyError: 'a'\x1b[0m\ncleaned up\n", "KeyError: 'a'"),
            (&[], "a.py:3: error: bad\nFound 1\n", "a.py:3: error: bad"),
            (&[], "one\nlast words\n\n---\n", "last words"),
            (&[], "", "validate `make test` failed with status 1"),
        ] {
            let want = format!(
                "1 unit failed:\n  quarantined  a.py: {want}  (log: .git/migrate/logs/a.py.log)\ntry again: migrate run --retry quarantined\n"
            );
            assert_eq!(text(&[finished("a.py", failures, tail), quarantined("a.py", &[])]), want);
        }
    }

    #[test]
    fn what_landed_in_parts_has_not_failed_and_what_is_left_of_it_has() {
        let reverted = |files: &[&str]| Event::UnitReverted {
            unit: "P0:#1".into(),
            files: files.iter().map(ToString::to_string).collect(),
            commit: "c".into(),
            revert: "r".into(),
            reason: "verify `make test` failed with status 1".into(),
        };
        let split = Event::UnitSplit { unit: "P0:#1".into(), files: Vec::new(), count: 2, reason: String::new() };
        let story =
            [finished("P0:#1", &[], "boom\n"), reverted(&[]), split, finished("P0:#1", &[], "bang\n"), reverted(&["b.py"])];
        let want = "1 unit failed:\n  reverted     P0:#1: b.py: bang  (log: .git/migrate/logs/P0:#1.log)\ntry again: migrate run --retry rolled-back\n";
        assert_eq!(text(&story), want);
        assert_eq!(text(&story[..3]), "");
    }

    #[test]
    fn of_many_the_first_twenty_are_told_and_names_do_no_harm() {
        let many: Vec<Event> = (0..25).map(|at| quarantined(&format!("{at}\x1b[2J.py"), &[])).collect();
        let text = text(&many);
        assert!(text.starts_with("25 units failed:\n  quarantined  0\\x1b[2J.py: "), "{text}");
        assert!(text.contains("\n  and 5 more: `migrate status` lists them\ntry again: "), "{text}");
        assert_eq!(text.lines().count(), 23);
    }
}
