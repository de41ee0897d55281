//! `migrate status` as text.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::board::Posted;
use crate::date;
use crate::report::Detail;
use crate::report::error::{Weight, message, unless_closed};
use crate::report::escape;
use crate::report::kpis;
use crate::report::lines::left_words;
use crate::report::look::{Ink, Look};
use crate::report::screen;
use crate::state::{Counts, State};
use crate::table::{PhaseRows, Row, StatusTable};
use crate::verdict::VerdictKind;

/// More committed units than this are told as a number, unless all are asked for.
const MANY: usize = 30;

/// The table, and what the run does that is at work here meanwhile.
#[derive(Debug, Serialize)]
pub struct Told<'t> {
    /// Where units stand.
    #[serde(flatten)]
    pub table: &'t StatusTable,
    /// What is done at this moment; `None` where no run is at work.
    pub running: Option<&'t Posted>,
}

/// Writes what a run does at this moment, for a terminal so many columns wide.
///
/// # Errors
/// What the stream says.
pub fn write_running(out: &mut dyn Write, look: Look, posted: &Posted, columns: usize) -> io::Result<()> {
    let Posted { process, since, plan, phase, done, of, failed, running, .. } = posted;
    let failed = if *failed > 0 { format!(", {failed} failed") } else { String::new() };
    let phase = if phase.is_empty() {
        "looking at the files".to_owned()
    } else {
        format!("{phase}, {done} of {of} units through{failed}")
    };
    let began = date::utc(i64::try_from(since / 1000).unwrap_or(0));
    let what = format!("a run of the plan {plan} is at work here: {phase} (process {process}, since {began})");
    let mut text = look.paint(Ink::Yellow, &escape::line(what.as_bytes())) + "\n";
    for running in running {
        push_line(&mut text, &screen::worker(look, running, &running.last_line(), columns));
    }
    text.push('\n');
    unless_closed(out.write_all(text.as_bytes()))
}

/// Writes the table as text. A reader that went away is no error.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, look: Look, table: &StatusTable, detail: Detail) -> io::Result<()> {
    unless_closed(out.write_all(text(look, table, detail).as_bytes()).and_then(|()| out.flush()))
}

fn text(look: Look, table: &StatusTable, detail: Detail) -> String {
    let plan = escape::line(table.plan.as_bytes());
    let digest: String = table.digest.chars().take(12).collect();
    let share = match table.problems.as_slice() {
        [] => share(table.counts, table.violations_left),
        // What may have nothing to do with its units keeps it from being done all the same.
        _ => format!("{} of {} done, with problems", table.counts.done, table.counts.total),
    };
    let mut text = format!("plan {plan} ({}): {share}\n", escape::line(digest.as_bytes()));
    for phase in &table.phases {
        text.push('\n');
        push_phase(&mut text, look, phase, detail);
    }
    text.push_str(&kpis::text(look, &table.kpis));
    for (weight, notes) in [(Weight::Error, &table.problems), (Weight::Warning, &table.notes)] {
        if !notes.is_empty() {
            text.push('\n');
        }
        text.extend(notes.iter().map(|note| message(look, weight, &escape::line(note.as_bytes()), None)));
    }
    text
}

fn push_phase(text: &mut String, look: Look, phase: &PhaseRows, detail: Detail) {
    let title = phase.phase.title.as_ref().map(|title| format!(", {title}")).unwrap_or_default();
    let heading = escape::line(format!("{}{title}", phase.phase).as_bytes());
    push_line(text, &format!("{}: {}", look.paint(Ink::Bold, &heading), share(phase.counts, phase.violations_left)));
    let brief = detail != Detail::Verbose && phase.counts.committed > MANY;
    if phase.rows.len() > 1 {
        push_line(text, &format!("  {}", look.paint(Ink::Dim, &phase.counts.words(|_| true))));
    }
    let width = |row: &Row| row.commit.as_ref().map_or(0, |commit| commit.chars().count());
    let width = phase.rows.iter().map(width).max().unwrap_or(0);
    if brief {
        let count = phase.counts.committed;
        push_line(text, &format!("  {} ({count} units, listed with --verbose)", state_column(look, State::Committed)));
    }
    for row in phase.rows.iter().filter(|row| !brief || row.state != State::Committed || row.violations_left > 0) {
        push_row(text, look, row, width, "");
        // Where its files stand in different places, each that tells something.
        let telling = |file: &&Row| detail == Detail::Verbose || !file.state.is_done();
        if detail == Detail::Verbose || row.files.iter().any(|file| file.state != row.state || file.note != row.note) {
            row.files.iter().filter(telling).for_each(|file| push_row(text, look, file, width, "  "));
        }
    }
}

fn push_row(text: &mut String, look: Look, row: &Row, width: usize, indent: &str) {
    let commit = escape::line(row.commit.as_deref().unwrap_or_default().as_bytes());
    let gap = if width > 0 { "  " } else { "" };
    let unit = escape::line(row.unit.as_bytes());
    // What failed before it was committed says in its note how.
    let verdict = row
        .verdict
        .filter(|kind| row.state == State::RolledBack && *kind != VerdictKind::Failed)
        .map(|kind| format!(": {}", kind.word()));
    let note = row.note.iter().map(|note| format!("{note}{}", verdict.as_deref().unwrap_or_default()));
    let notes: Vec<String> = note.chain(left_words(row.violations_left)).collect();
    let note = if notes.is_empty() { String::new() } else { format!("  ({})", escape::line(notes.join("; ").as_bytes())) };
    push_line(text, &format!("  {indent}{}  {commit:width$}{gap}{unit}{note}", state_column(look, row.state)));
}

/// How much is done. With something left, even on purpose, it is never 100%.
fn share(counts: Counts, violations_left: usize) -> String {
    match left_words(violations_left) {
        None => counts.share(),
        Some(left) => format!("{} of {} done, {left}", counts.done, counts.total),
    }
}

/// The word, padded before it is painted so that colour takes no room.
fn state_column(look: Look, state: State) -> String {
    look.paint(ink(state), &format!("{:11}", state.word()))
}

fn ink(state: State) -> Ink {
    match state {
        State::Committed | State::Unchanged => Ink::Green,
        State::Quarantined | State::Failed => Ink::Red,
        State::RolledBack | State::Outdated | State::Running => Ink::Yellow,
        State::Pending => Ink::Dim,
    }
}

fn push_line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PhaseLabel;

    fn row(unit: &str, state: State, commit: Option<&str>, note: Option<&str>) -> Row {
        Row {
            unit: unit.into(),
            state,
            commit: commit.map(Into::into),
            note: note.map(Into::into),
            verdict: None,
            violations_left: 0,
            files: Vec::new(),
        }
    }

    fn label(ordinal: usize, id: &str, title: Option<&str>) -> PhaseLabel {
        PhaseLabel { ordinal, id: id.into(), title: title.map(Into::into) }
    }

    fn table() -> StatusTable {
        let first = vec![
            row("app/a.py", State::Committed, Some("1234abc"), None),
            row("app/b\u{1b}.py", State::Unchanged, None, Some("nothing to change")),
            row("app/c.py", State::Quarantined, None, Some("failed with status 1")),
            row("app/d.py", State::RolledBack, Some("89abcde"), None),
        ];
        let second = vec![row("app/e.py", State::Pending, None, None)];
        let phases = vec![PhaseRows::new(label(1, "P0", Some("Critical")), first), PhaseRows::new(label(2, "P1", None), second)];
        StatusTable::new("demo".into(), "0123456789abcdef".into(), phases)
    }

    #[test]
    fn each_phase_tells_its_share_and_each_unit_its_state() {
        let mut out = Vec::new();
        write(&mut out, Look::PLAIN, &table(), Detail::Normal).unwrap();
        let want = "\
plan demo (0123456789ab): 2 of 5 done (40%)

phase 1 (P0), Critical: 2 of 4 done (50%)
  1 committed, 1 unchanged, 1 quarantined, 1 rolled-back
  committed    1234abc  app/a.py
  unchanged             app/b\\x1b.py  (nothing to change)
  quarantined           app/c.py  (failed with status 1)
  rolled-back  89abcde  app/d.py

phase 2 (P1): 0 of 1 done (0%)
  pending      app/e.py
";
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn many_committed_units_are_a_number_unless_all_are_asked_for() {
        let mut rows: Vec<Row> = (0..31).map(|at| row(&format!("{at}.py"), State::Committed, Some("1234abc"), None)).collect();
        rows.push(row("last.py", State::Pending, None, None));
        let table = StatusTable::new("demo".into(), "00".into(), vec![PhaseRows::new(label(1, "P0", None), rows)]);
        let brief = text(Look::PLAIN, &table, Detail::Normal);
        assert!(brief.contains("  committed   (31 units, listed with --verbose)\n  pending               last.py\n"), "{brief}");
        assert_eq!(brief.lines().count(), 6);
        assert_eq!(text(Look::PLAIN, &table, Detail::Verbose).lines().count(), 36);
    }

    #[test]
    fn a_phase_without_units_is_done() {
        let table = StatusTable::new("demo".into(), "00".into(), vec![PhaseRows::new(label(1, "P0", None), Vec::new())]);
        assert!(text(Look::PLAIN, &table, Detail::Normal).ends_with("phase 1 (P0): 0 of 0 done (100%)\n"));
    }

    #[test]
    fn as_data_it_has_the_same_words() {
        let json = serde_json::to_value(table()).unwrap();
        assert_eq!(json["phases"][0]["rows"][3]["state"], "rolled-back");
        assert_eq!(json["phases"][0]["counts"]["rolled_back"], 1);
        assert_eq!(json["phases"][0]["phase"]["id"], "P0");
        assert_eq!(json["counts"]["total"], 5);
    }
}
