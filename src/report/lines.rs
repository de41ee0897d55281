//! What stays on the screen: each event as lines of text, or as none.
//!
//! The output of commands is quoted visibly (`  | ...`), so that it cannot pass for ours. Everything that is not ours is escaped.
//! Nothing here does I/O.

use std::collections::HashMap;

use crate::event::{Event, PhaseLabel, RunOutcome};
use crate::report::Detail;
use crate::report::counter::Counter;
use crate::report::diff;
use crate::report::error::{Weight, message};
use crate::report::escape;
use crate::report::failures::Failures;
use crate::report::look::{Ink, Look};
use crate::report::repeats::Repeats;
use crate::rewrite::follow::aside;
use crate::state::{Counts, State};
use crate::unit_id::part_name;

/// Lines shown of a failed command's output.
const TAIL_LINES: usize = 20;

/// Columns shown of one such line; the log has the rest.
const TAIL_COLUMNS: usize = 500;

/// Turns events into lines.
#[derive(Debug)]
pub struct Lines {
    look: Look,
    detail: Detail,
    /// True where failures are one telling line each, since all else is in their logs.
    is_brief: bool,
    /// Which of all units each is that began.
    places: HashMap<String, String>,
    repeats: Repeats,
}

impl Lines {
    /// Lines for a stream that can take `look`.
    #[must_use]
    pub fn new(look: Look, detail: Detail) -> Self {
        Self { look, detail, is_brief: false, places: HashMap::new(), repeats: Repeats::new(detail) }
    }

    /// The same, with a line for each failure and no output of commands, unless all of it is wanted.
    #[must_use]
    pub fn brief(self) -> Self {
        Self { is_brief: self.detail != Detail::Verbose, ..self }
    }

    /// The lines for `event`, each ended by a line feed, in a run that was as far as `counter` before it. What failed with it is among the
    /// `failures`.
    pub fn of(&mut self, event: &Event, counter: &Counter, failures: &Failures) -> String {
        if let Event::UnitStarted { unit, .. } = event {
            let Counter { done, of, .. } = counter;
            let width = of.to_string().len();
            self.places.insert(unit.clone(), format!("[{:width$}/{of}] ", (done + 1).min(*of)));
        }
        if self.detail == Detail::Quiet && !is_for_all(event) {
            return String::new();
        }
        match event {
            Event::RunStarted { plan, digest, branch, units_total, units_done, resumed, in_copies } => {
                let digest: String = digest.chars().take(12).collect();
                let verb = if *resumed { "resuming plan" } else { "plan" };
                let done = if *units_done > 0 { format!(", {units_done} of them done") } else { String::new() };
                let place = if *in_copies { "; commands run in copies of the work tree" } else { "" };
                line(&format!("{verb} {plan} ({digest}) on {branch}: {}{done}{place}", units(*units_total)))
            }
            Event::Recovered { unit, what } => self.state(Ink::Yellow, "recovered", (unit, &[]), &format!(": {what}")),
            Event::PhaseStarted { phase, units: count, done } => {
                let done = if *done > 0 { format!(", {done} of them done") } else { String::new() };
                let title = phase.title.as_ref().map(|title| format!(", {title}")).unwrap_or_default();
                self.heading(&format!("{phase}{title}"), &format!("{}{done}", units(*count)))
            }
            Event::UnitStarted { .. } => String::new(),
            Event::Doing { unit, activity } => match self.detail {
                Detail::Verbose => self.state(Ink::Dim, "doing", (unit, &[]), &format!(": {activity}")),
                Detail::Normal | Detail::Quiet => String::new(),
            },
            Event::CommandFinished { .. } => self.command(event),
            Event::CommandReused { unit, command } => {
                let said = format!("    passed before on the same files, not run again: {}", line(command));
                // Of a gate it is the only word.
                if unit.is_none() || self.detail == Detail::Verbose { said } else { String::new() }
            }
            Event::UnitCommitted { unit, files, commit, lines_added, lines_removed, .. } => {
                let rest = format!("  {} (+{lines_added} -{lines_removed})", short(commit));
                self.state(Ink::Green, "committed", (unit, files), &rest)
            }
            Event::UnitSplit { unit, files, count, reason } => {
                let rest = format!(": {}; its {count} files are tried by halves", reason.lines().next().unwrap_or_default());
                self.state(Ink::Yellow, "split", (unit, files), &rest)
            }
            Event::UnitUnchanged { unit, files, why } => self.state(Ink::Green, "unchanged", (unit, files), &format!(" ({why})")),
            Event::UnitFailed { unit, files, .. } if self.is_brief => self.failure("failed", (unit, files), failures),
            Event::UnitQuarantined { unit, files, .. } if self.is_brief => self.failure("quarantined", (unit, files), failures),
            Event::UnitReverted { unit, files, .. } if self.is_brief => self.failure("reverted", (unit, files), failures),
            // Where the log is was said below the command that failed; the error at the end has the other lines.
            Event::UnitFailed { unit, files, reason, .. } => {
                self.state(Ink::Red, "failed", (unit, files), &format!(": {}", reason.lines().next().unwrap_or_default()))
            }
            Event::UnitQuarantined { unit, files, reason, .. } => {
                let mut reason = reason.lines();
                let first =
                    self.state(Ink::Red, "quarantined", (unit, files), &format!(": {}", reason.next().unwrap_or_default()));
                reason.fold(first, |text, more| format!("{text}    {}", line(more)))
            }
            Event::UnitReverted { unit, files, commit, revert, reason } => {
                let rest = format!(": {reason} ({} is taken back by {})", short(commit), short(revert));
                self.state(Ink::Red, "reverted", (unit, files), &rest)
            }
            Event::UnitSkipped { unit, why } => self.state(Ink::Dim, "skipped", (unit, &[]), &format!(" ({why})")),
            Event::GateStarted { .. } => String::new(),
            Event::GatePassed { phase } => self.gate(Ink::Green, phase, "passed"),
            Event::GateFailed { phase, .. } if self.is_brief && failures.gate(phase).is_some() => {
                let telling = failures.gate(phase).map(|gate| gate.telling.as_str()).unwrap_or_default();
                self.gate(Ink::Red, phase, &format!("failed: {telling}"))
            }
            Event::GateFailed { phase, command } => self.gate(Ink::Red, phase, &format!("failed: {command}")),
            Event::Measured { metric, shown, baseline, target, verdict, .. } => {
                let before = baseline.as_ref().map(|before| format!(", was {before}")).unwrap_or_default();
                let wanted = target.as_ref().map(|target| format!(", to be {target}")).unwrap_or_default();
                let verdict = if verdict == "-" { String::new() } else { format!(" ({verdict})") };
                let ink = if ["missed", "worse"].contains(&verdict.trim_matches([' ', '(', ')'])) { Ink::Red } else { Ink::Dim };
                let word = self.look.paint(ink, "metric     ");
                let said = match shown.as_str() {
                    "passes" | "fails" => format!("{metric} {shown}{verdict}"),
                    shown => format!("{metric} is {shown}{before}{wanted}{verdict}"),
                };
                format!("  {word}  {}", line(&said))
            }
            Event::RecoveryChecked { phase, passed, millis, within, .. } => {
                let late = within.is_some_and(|within| *millis > within);
                let ink = if *passed && !late { Ink::Green } else { Ink::Red };
                let of = within.map_or_else(String::new, |within| {
                    format!("; it was to take at most {}{}", time(within), if late { ", and took longer" } else { "" })
                });
                let how = if *passed { "taken back and checked" } else { "taken back, a check failed" };
                let word = self.look.paint(ink, "recovery   ");
                format!("  {word}  {}", line(&format!("{phase} {how} in {}{of}", time(*millis))))
            }
            Event::Pushed { to, commit } => {
                format!("  {}  {}", self.look.paint(Ink::Green, "pushed     "), line(&format!("{} to {to}", short(commit))))
            }
            Event::PhaseTook { phase, millis, budget } => {
                let more = if millis > budget { ", more than its budget of" } else { " of" };
                let ink = if millis > budget { Ink::Yellow } else { Ink::Dim };
                let word = self.look.paint(ink, "time       ");
                format!("  {word}  {}", line(&format!("{phase} took {}{more} {}", time(*millis), time(*budget))))
            }
            Event::PhaseFinished { phase, tally } => self.heading(&phase.to_string(), &counts_words(*tally)),
            Event::RolledBack { unit, commit, revert } => {
                let rest = format!("  {} is taken back by {}", short(commit), short(revert));
                self.state(Ink::Yellow, "rolled-back", (unit, &[]), &rest)
            }
            Event::WouldRollBack { unit, commit, files, whole_commit } => {
                let part = if *whole_commit { "" } else { ", of which only this file goes back" };
                let files = if files.is_empty() { "nothing".to_owned() } else { files.join(", ") };
                self.state(Ink::Yellow, "would undo", (unit, &[]), &format!("  {}{part}; changes {files}", short(commit)))
            }
            Event::RollbackFinished { plan, taken_back, already, landed } => {
                self.rolled_back(plan, *taken_back, *already, *landed)
            }
            Event::Differs { from, to, before, after } => {
                let mut text = Vec::new();
                let written = diff::write_as(&mut text, Look::PLAIN, [from, to], before.as_bytes(), after.as_bytes());
                written.expect("writing to memory cannot fail");
                escape::text(&text)
            }
            Event::UnitWarned { message: what, .. } if !self.repeats.shows(what) => String::new(),
            Event::UnitWarned { unit, line, column, written, guard, message: what, help } => {
                let guard = guard.as_ref().map(|guard| format!(" ({guard})")).unwrap_or_default();
                let what = escape::line(format!("{unit}:{line}:{column}: {what}{guard}{}", aside(written.as_deref())).as_bytes());
                message(self.look, Weight::Warning, &what, Some(help))
            }
            Event::Warning { message: what, help } => message(self.look, Weight::Warning, what, help.as_deref()),
            Event::RunFinished { .. } => self.end(event),
        }
    }

    /// What a rollback did, as one account.
    fn rolled_back(&self, plan: &str, taken_back: usize, already: usize, landed: usize) -> String {
        if landed == 0 {
            let help = "units are found by the `Migration-` trailers of their commits: a squash merge has to keep them";
            let help = format!("{} {}", self.look.paint(Ink::Cyan, "help:"), line(help));
            return line(&format!("nothing to take back: no unit of the plan {plan} is on this branch")) + &help;
        }
        line(&match (taken_back, already) {
            (0, 0) => "nothing to take back: no unit that was asked for is on this branch".to_owned(),
            (0, already) => format!("nothing to take back: {} rolled back already", units(already)),
            (taken_back, 0) => format!("{} taken back", units(taken_back)),
            (taken_back, already) => format!("{} taken back, {already} rolled back already", units(taken_back)),
        })
    }

    /// `  committed    [3/12] a.py ...`
    fn state(&self, ink: Ink, word: &str, (unit, files): (&str, &[String]), rest: &str) -> String {
        let word = self.look.paint(ink, &format!("{word:11}"));
        let place = self.places.get(unit).map(String::as_str).unwrap_or_default();
        format!("  {word}  {place}{}", line(&format!("{}{rest}", part_name(unit, files))))
    }

    /// The one line that tells what went wrong, and where there is more.
    fn failure(&self, word: &str, (unit, files): (&str, &[String]), failures: &Failures) -> String {
        let failed = failures.of(unit).filter(|failed| failed.files == files).last();
        let telling = failed.map(|failed| failed.telling.as_str()).unwrap_or_default();
        self.state(Ink::Red, word, (unit, files), &format!(": {telling}"))
    }

    fn gate(&self, ink: Ink, phase: &PhaseLabel, rest: &str) -> String {
        format!("  {}  {}", self.look.paint(ink, "gate       "), line(&format!("{phase} {rest}")))
    }

    fn heading(&self, what: &str, rest: &str) -> String {
        let what = self.look.paint(Ink::Bold, &escape::line(what.as_bytes()));
        format!("{what}: {}", line(rest))
    }

    fn command(&self, event: &Event) -> String {
        let Event::CommandFinished {
            unit,
            others,
            command,
            passed,
            outcome,
            failures,
            millis,
            log,
            tail,
            leaked,
            again,
            without_unit,
            ..
        } = event
        else {
            return String::new();
        };
        let mut text = String::new();
        let is_told = if *passed { self.detail == Detail::Verbose } else { !self.is_brief };
        if is_told {
            let ink = if *passed { Ink::Dim } else { Ink::Red };
            let outcome = if *without_unit {
                format!("without the {}: {outcome}", if unit.is_some() { "unit" } else { "phase's units" })
            } else {
                outcome.clone()
            };
            let outcome = if *others > 0 { format!("{outcome}, {} together", units(others + 1)) } else { outcome };
            let outcome = if *again { format!("{outcome}; run again") } else { outcome };
            let outcome = self.look.paint(ink, &escape::line(outcome.as_bytes()));
            text += &format!("    {outcome} ({}): {}", seconds(*millis), line(command));
        }
        // The last attempt shows what it printed, and so does one on the tip that does not say which tests fail.
        // Of units that failed together it is shown of the one that did it.
        if is_told && !passed && !again && *others == 0 && (!without_unit || failures.is_empty()) {
            text += &self.quoted(tail);
            text += &format!("    log: {}", line(log));
        }
        if *leaked {
            let what = format!("`{command}` left processes running; those that could be found were killed");
            text += &message(self.look, Weight::Warning, &escape::line(what.as_bytes()), None);
        }
        text
    }

    /// The last lines of a command's output, each behind a bar.
    fn quoted(&self, tail: &str) -> String {
        let all: Vec<&str> = tail.split('\n').collect();
        let all = if tail.ends_with('\n') { &all[..all.len() - 1] } else { &all[..] };
        let bar = self.look.paint(Ink::Dim, "|");
        let mut text = String::new();
        if all.len() > TAIL_LINES {
            text += &format!("    {bar} {}\n", self.look.paint(Ink::Dim, "(what came before is in the log)"));
        }
        for shown in &all[all.len().saturating_sub(TAIL_LINES)..] {
            let cut: String = shown.chars().take(TAIL_COLUMNS).collect();
            text += &format!("    {bar} {}\n", escape::output(cut.as_bytes(), self.look.colour));
        }
        text
    }

    fn end(&self, event: &Event) -> String {
        let Event::RunFinished { tally, violations_left, elsewhere, outcome, help, .. } = event else { return String::new() };
        let (ink, word) = match outcome {
            RunOutcome::Done => (Ink::Green, "done"),
            RunOutcome::NotDone => (Ink::Red, "not done"),
            RunOutcome::Failed => (Ink::Red, "failed"),
            RunOutcome::Refused => (Ink::Red, "refused"),
            RunOutcome::NeedsYou => (Ink::Yellow, "needs you"),
            RunOutcome::Interrupted => (Ink::Yellow, "interrupted"),
        };
        let more = |words: String| message(self.look, Weight::Warning, &escape::line(words.as_bytes()), None);
        let mut text: String = self.repeats.rest().map(more).collect();
        let left = left_words(*violations_left).map(|words| format!("; {words}")).unwrap_or_default();
        text += &format!("{}: {}{left}\n", self.look.paint(ink, word), counts_words(*tally));
        let elsewhere = elsewhere.words(|state| !state.is_done());
        if !elsewhere.is_empty() {
            text += &format!("elsewhere: {elsewhere}\n");
        }
        if let Some(help) = help {
            text += &format!("{} {}", self.look.paint(Ink::Cyan, "help:"), line(help));
        }
        text
    }
}

/// True for what is said even to those who want to read as little as can be.
fn is_for_all(event: &Event) -> bool {
    match event {
        Event::UnitFailed { .. } | Event::UnitQuarantined { .. } | Event::UnitReverted { .. } | Event::GateFailed { .. } => true,
        Event::Warning { .. } | Event::Differs { .. } | Event::RunFinished { .. } | Event::RollbackFinished { .. } => true,
        Event::CommandFinished { passed, .. } => !passed,
        Event::WouldRollBack { .. } => true,
        _ => false,
    }
}

/// Escaped, one line, ended.
fn line(text: &str) -> String {
    escape::line(text.as_bytes()) + "\n"
}

/// A time in words: `850 ms`, `12 s`, `3 min 2 s`, `2 h 30 min`.
#[must_use]
pub fn time(millis: u64) -> String {
    let seconds = millis / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{millis} ms"),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn units(count: usize) -> String {
    if count == 1 { "1 unit".into() } else { format!("{count} units") }
}

/// The first characters of a commit's id, as many as people quote.
fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

/// How many units are in which state; the two that are done are always named.
fn counts_words(counts: Counts) -> String {
    let rest = counts.words(|state| !state.is_done());
    let comma = if rest.is_empty() { "" } else { ", " };
    format!("{} committed, {} unchanged{comma}{rest}", counts.get(State::Committed), counts.get(State::Unchanged))
}

/// What the plan allows to be left; `None` where there is nothing.
#[must_use]
pub(super) fn left_words(violations: usize) -> Option<String> {
    match violations {
        0 => None,
        1 => Some("1 violation left as the plan allows".to_owned()),
        many => Some(format!("{many} violations left as the plan allows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase() -> PhaseLabel {
        PhaseLabel { ordinal: 1, id: "P0".into(), title: Some("Critical".into()) }
    }

    fn counts(pending: usize) -> Counts {
        let states = [State::Committed, State::Committed, State::Quarantined];
        Counts::of(states.into_iter().chain(std::iter::repeat_n(State::Pending, pending)))
    }

    fn story() -> Vec<Event> {
        let unit = || "app/a.py".to_owned();
        let started = |ordinal| Event::UnitStarted { phase: phase(), unit: unit(), ordinal, of: 12 };
        vec![
            Event::RunStarted {
                plan: "demo".into(),
                digest: "0123456789abcdef".into(),
                branch: "main".into(),
                units_total: 12,
                units_done: 1,
                resumed: true,
                in_copies: true,
            },
            Event::Recovered { unit: unit(), what: "the old bytes are back".into() },
            Event::PhaseStarted { phase: phase(), units: 12, done: 1 },
            started(2),
            Event::UnitCommitted {
                unit: unit(),
                files: Vec::new(),
                commit: "0123456789abcdef".into(),
                subject: "fix".into(),
                lines_added: 4,
                lines_removed: 2,
            },
            started(3),
            Event::CommandFinished {
                unit: Some(unit()),
                others: 0,
                command: "python\t-m x".into(),
                passed: false,
                outcome: "failed with status 1".into(),
                millis: 1234,
                log: "/r/.git/migrate/logs/1".into(),
                tail: "Traceback\r\n\x1b[31mE\tx\u{fffd}\nphase 1 (P0): 12 committed".into(),
                verdict: "failed".into(),
                tests: None,
                failures: Vec::new(),
                attempt: 1,
                again: false,
                without_unit: false,
                leaked: true,
            },
            Event::UnitQuarantined { unit: unit(), files: Vec::new(), reason: "validation failed".into(), log: None },
            Event::UnitUnchanged { unit: "b\n.py".into(), files: Vec::new(), why: "nothing to change".into() },
            Event::GateFailed { phase: phase(), command: "make gate".into() },
            Event::PhaseFinished { phase: phase(), tally: counts(0) },
            Event::RunFinished {
                tally: counts(9),
                violations_left: 2,
                elsewhere: Counts::of([State::RolledBack, State::Committed]),
                outcome: RunOutcome::Interrupted,
                help: Some("`migrate resume` goes on from here".into()),
                units: Box::default(),
            },
        ]
    }

    /// All that is told of these events.
    fn told(lines: &mut Lines, events: &[Event]) -> String {
        let (mut counter, mut failures) = (Counter::default(), Failures::default());
        let mut text = String::new();
        for event in events {
            failures.see(event);
            text += &lines.of(event, &counter, &failures);
            counter.see(event);
        }
        text
    }

    #[test]
    fn beside_lines_that_are_drawn_again_a_failure_is_one_telling_line() {
        let mut lines = Lines::new(Look::PLAIN, Detail::Normal).brief();
        let text = told(&mut lines, &story());
        assert!(text.contains("  quarantined  [ 3/12] app/a.py: validation failed\n"), "{text}");
        assert!(!text.contains('|') && text.contains("left processes running"), "{text}");
        let mut lines = Lines::new(Look::PLAIN, Detail::Verbose).brief();
        assert!(told(&mut lines, &story()).contains("    | Traceback\n"));
    }

    #[test]
    fn who_wants_little_is_told_what_failed_and_how_it_ended() {
        let text = told(&mut Lines::new(Look::PLAIN, Detail::Quiet), &story());
        let begins: Vec<&str> = text.lines().filter(|line| !line.starts_with("    ")).map(|line| line.trim()).collect();
        let want = ["warning: `python\\t-m x` left", "quarantined", "gate", "interrupted: ", "elsewhere: ", "help: "];
        assert!(begins.len() == want.len() && begins.iter().zip(want).all(|(line, want)| line.starts_with(want)), "{begins:?}");
    }

    #[test]
    fn a_run_is_told_in_lines() {
        let mut lines = Lines::new(Look::PLAIN, Detail::Normal);
        let text = told(&mut lines, &story());
        let want = r"resuming plan demo (0123456789ab) on main: 12 units, 1 of them done; commands run in copies of the work tree
  recovered    app/a.py: the old bytes are back
phase 1 (P0), Critical: 12 units, 1 of them done
  committed    [ 2/12] app/a.py  0123456789ab (+4 -2)
    failed with status 1 (1.2 s): python\t-m x
    | Traceback
    | E	x�
    | phase 1 (P0): 12 committed
    log: /r/.git/migrate/logs/1
warning: `python\t-m x` left processes running; those that could be found were killed
  quarantined  [ 3/12] app/a.py: validation failed
  unchanged    b\n.py (nothing to change)
  gate         phase 1 (P0) failed: make gate
phase 1 (P0): 2 committed, 0 unchanged, 1 quarantined
interrupted: 2 committed, 0 unchanged, 1 quarantined, 9 pending; 2 violations left as the plan allows
elsewhere: 1 rolled-back
help: `migrate resume` goes on from here
";
        assert_eq!(text, want);
    }

    #[test]
    fn a_reason_of_several_lines_is_shown_once_and_in_lines() {
        let (unit, reason) = (|| "a.py".to_owned(), || "left:\na.py:1:1: f\na.py:2:1: g".to_owned());
        let mut lines = Lines::new(Look::PLAIN, Detail::Normal);
        let failed = told(&mut lines, &[Event::UnitFailed { unit: unit(), files: Vec::new(), reason: reason(), log: None }]);
        assert_eq!(failed, "  failed       a.py: left:\n", "the error at the end has the rest");
        let quarantined = Event::UnitQuarantined { unit: unit(), files: Vec::new(), reason: reason(), log: None };
        let quarantined = told(&mut lines, &[quarantined]);
        assert_eq!(quarantined, "  quarantined  a.py: left:\n    a.py:1:1: f\n    a.py:2:1: g\n");
    }

    #[test]
    fn a_remark_that_many_files_share_is_counted_at_the_end() {
        let warned = |at: u32| Event::UnitWarned {
            unit: format!("{at}.py"),
            line: at,
            column: 1,
            written: None,
            guard: None,
            message: "f stays".into(),
            help: "fix it".into(),
        };
        let (tally, elsewhere) = (Counts::default(), Counts::default());
        let outcome = RunOutcome::Done;
        let end = || Event::RunFinished { tally, violations_left: 0, elsewhere, outcome, help: None, units: Box::default() };
        for (detail, shown, more) in [(Detail::Normal, 3, true), (Detail::Verbose, 9, false)] {
            let mut lines = Lines::new(Look::PLAIN, detail);
            let text = told(&mut lines, &(1..10).map(warned).collect::<Vec<_>>());
            assert_eq!(text.matches("f stays").count(), shown);
            let told =
                told(&mut lines, &[end()]).starts_with("warning: at 6 more places, listed with --verbose: f stays\ndone: ");
            assert_eq!(told, more);
        }
    }

    #[test]
    fn only_the_end_of_a_long_output_is_shown() {
        let tail: String = (0..40).map(|at| format!("{at}{}\n", "x".repeat(1000))).collect();
        let text = Lines::new(Look::PLAIN, Detail::Normal).quoted(&tail);
        assert_eq!(text.lines().count(), TAIL_LINES + 1);
        assert!(text.starts_with("    | (what came before is in the log)\n    | 20xxx"));
        assert!(text.lines().all(|line| line.len() <= TAIL_COLUMNS + 6));
    }

    #[test]
    fn what_passed_and_what_is_under_way_is_told_only_when_asked_for() {
        let events = [
            Event::Doing { unit: "a.py".into(), activity: crate::event::Activity::Placing },
            Event::CommandFinished {
                unit: None,
                others: 0,
                command: "true".into(),
                passed: true,
                outcome: "passed".into(),
                millis: 40,
                log: "log".into(),
                tail: "noise".into(),
                verdict: "failed".into(),
                tests: None,
                failures: Vec::new(),
                attempt: 1,
                again: false,
                without_unit: false,
                leaked: false,
            },
        ];
        for (detail, want) in
            [(Detail::Normal, ""), (Detail::Verbose, "  doing        a.py: placing\n    passed (0.0 s): true\n")]
        {
            let mut lines = Lines::new(Look::PLAIN, detail);
            assert_eq!(told(&mut lines, &events), want);
        }
    }
}
