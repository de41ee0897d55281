//! What a run would do, as the table at the end of `migrate check`, and what it would refuse, cause by cause. Nothing here does I/O.

use std::fmt::Write as _;

use serde::Serialize;

use crate::forecast::{Forecast, words};
use crate::report::escape;
use crate::report::look::{Ink, Look};

/// More commands, causes or files of one cause than this are told as a number.
const MOST: usize = 10;

/// A file that a run could not change.
#[derive(Debug, Clone, Serialize)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// The phase's id.
    pub phase: String,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub help: String,
}

/// The table, and below it the commands; nothing of a plan without phases.
#[must_use]
pub fn text(look: Look, forecast: &Forecast) -> String {
    let mut text = String::new();
    let mut rows: Vec<[String; 5]> = Vec::new();
    for phase in &forecast.phases {
        let title = phase.phase.title.as_ref().map(|title| format!(", {title}")).unwrap_or_default();
        let time = match (phase.commits, phase.is_partial) {
            (0, _) => "-".to_owned(),
            (_, false) => words(phase.time),
            (_, true) => "not measured".to_owned(),
        };
        let name = escape::line(format!("{}{title}", phase.phase).as_bytes());
        rows.push([name, phase.units.to_string(), phase.commits.to_string(), phase.runs.to_string(), time]);
    }
    if forecast.phases.len() > 1 {
        let sum = |part: fn(&crate::forecast::PhaseAhead) -> usize| forecast.phases.iter().map(part).sum::<usize>().to_string();
        let time = match (forecast.commits(), forecast.time().filter(|_| forecast.unmeasured() == 0)) {
            (0, _) => "-".to_owned(),
            (_, Some(time)) => words(time),
            (_, None) => "not measured".to_owned(),
        };
        rows.push(["in all".to_owned(), sum(|phase| phase.units), sum(|phase| phase.commits), sum(|phase| phase.runs), time]);
    }
    rows.insert(0, ["", "units", "commits", "commands run", "time"].map(ToOwned::to_owned));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    for (at, [name, units, commits, runs, time]) in rows.iter().enumerate() {
        let [w0, w1, w2, w3, w4] = widths;
        let line = format!("{name:w0$}  {units:>w1$}  {commits:>w2$}  {runs:>w3$}  {time:>w4$}");
        push(&mut text, &if at == 0 { look.paint(Ink::Dim, line.trim_end()) } else { line.trim_end().to_owned() });
    }
    push_commands(&mut text, look, forecast);
    text
}

fn push_commands(text: &mut String, look: Look, forecast: &Forecast) {
    if forecast.commands.is_empty() {
        return;
    }
    let place = match forecast.jobs {
        None => "in the work tree, one at a time".to_owned(),
        Some(1) => "in copies, one at a time".to_owned(),
        Some(jobs) => format!("in copies, {jobs} side by side"),
    };
    push(text, &format!("{} {place}", look.paint(Ink::Dim, "commands:")));
    let times = forecast.commands.iter().map(|command| command.runs.to_string().len()).max().unwrap_or(1);
    for command in forecast.commands.iter().take(MOST) {
        let each = match command.each {
            None => "never run here yet".to_owned(),
            Some(each) if each.as_secs() < 10 => format!("{:.1} s each", each.as_secs_f64()),
            Some(each) => format!("{} each", words(each)),
        };
        let shown = escape::line(command.command.to_string().as_bytes());
        let line = format!("  {:>times$} x {}: {shown}", command.runs, command.purpose);
        push(text, &format!("{line}  {}", look.paint(Ink::Dim, &format!("({each})"))));
    }
    push_rest(text, forecast.commands.len(), "command");
}

/// What could not be changed, cause by cause, the most frequent first.
#[must_use]
pub fn refusals(look: Look, refusals: &[Refusal]) -> String {
    let mut causes: Vec<(String, Vec<&Refusal>)> = Vec::new();
    for refusal in refusals {
        let cause = cause(&refusal.reason);
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, all)) => all.push(refusal),
            None => causes.push((cause, vec![refusal])),
        }
    }
    causes.sort_by_key(|(_, all)| std::cmp::Reverse(all.len()));
    let mut text = String::new();
    if causes.is_empty() {
        return text;
    }
    push(&mut text, &look.paint(Ink::Bold, &format!("would be refused: {}, by cause", count(refusals.len(), "file"))));
    let width = causes.iter().map(|(_, all)| all.len().to_string().len()).max().unwrap_or(1);
    for (_, all) in causes.iter().take(MOST) {
        let Some(first) = all.first() else { continue };
        let reason = first.reason.lines().next().unwrap_or_default();
        let like = if all.len() > 1 { "such as " } else { "" };
        let names = all.iter().take(3).map(|refusal| refusal.file.as_str()).collect::<Vec<_>>().join(", ");
        let more = if all.len() > 3 { format!(" and {} more", all.len() - 3) } else { String::new() };
        push(&mut text, &format!("  {:>width$} x {like}{}", all.len(), escape::line(reason.as_bytes())));
        push(&mut text, &format!("  {:>width$}   in {}", "", escape::line(format!("{names}{more}").as_bytes())));
    }
    push_rest(&mut text, causes.len(), "cause");
    text
}

/// A reason without what differs from file to file: names, in whatever quotes, and numbers.
fn cause(reason: &str) -> String {
    let mut cause = String::new();
    let mut quote = None;
    for c in reason.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None if c == '`' || c == '"' => quote = Some(c),
            None if c.is_ascii_digit() => {}
            None => cause.push(c),
        }
    }
    // What stands before is where it is.
    cause.rsplit_once(".py:").map_or(cause.clone(), |(_, rest)| rest.to_owned())
}

fn push_rest(text: &mut String, all: usize, what: &str) {
    if all > MOST {
        push(text, &format!("  and {} more", count(all - MOST, what)));
    }
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::PhaseLabel;
    use crate::forecast::{CommandAhead, PhaseAhead};
    use crate::plan::Run;

    fn phase(ordinal: usize, id: &str, commits: usize, seconds: u64) -> PhaseAhead {
        let phase = PhaseLabel { ordinal, id: id.into(), title: (ordinal == 1).then(|| "Crit\u{1b}ical".into()) };
        PhaseAhead {
            phase,
            units: commits + 1,
            commits,
            runs: commits * 2,
            time: Duration::from_secs(seconds),
            is_partial: false,
        }
    }

    fn command(purpose: &'static str, text: &str, each: Option<u64>) -> CommandAhead {
        CommandAhead { purpose, command: Run::Shell(text.into()), runs: 4, each: each.map(Duration::from_millis) }
    }

    #[test]
    fn the_table_has_a_row_for_each_phase_and_one_for_all() {
        let phases = vec![phase(1, "P0", 4, 12), phase(2, "P1", 0, 0)];
        let commands = vec![command("validate", "x {file}", Some(1250)), command("gate", "make test", Some(61_000))];
        let forecast = Forecast { phases, commands, jobs: Some(2) };
        let want = "\
                               units  commits  commands run   time
phase 1 (P0), Crit\\x1bical      5        4             8   12 s
phase 2 (P1)                       1        0             0      -
in all                             6        4             8   12 s
commands: in copies, 2 side by side
  4 x validate: x {file}  (1.2 s each)
  4 x gate: make test  (1 min 1 s each)
";
        let said = text(Look::PLAIN, &forecast);
        assert_eq!(said.split_whitespace().collect::<Vec<_>>(), want.split_whitespace().collect::<Vec<_>>(), "{said}");
        assert_eq!(forecast.words("main"), "4 commits on main, about 12 s");
        let widths: Vec<usize> = said.lines().take(4).map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "the columns stand below each other: {said}");
    }

    #[test]
    fn what_was_never_measured_is_not_made_up() {
        let mut first = phase(1, "P0", 1, 3);
        first.is_partial = true;
        let commands = vec![command("validate", "x", None), command("verify", "y", Some(3000))];
        let mut forecast = Forecast { phases: vec![first], commands, jobs: None };
        assert_eq!(forecast.words("main"), "1 commit on main, about 3 s and a command never run here");
        assert!(text(Look::PLAIN, &forecast).contains("not measured\ncommands: in the work tree, one at a time\n"));
        forecast.commands.pop();
        assert_eq!(forecast.words("main"), "1 commit on main, time not known yet");
    }

    #[test]
    fn what_is_refused_for_one_cause_is_told_once() {
        let refusal = |file: &str, reason: &str| Refusal {
            file: file.into(),
            phase: "P0".into(),
            reason: reason.into(),
            help: String::new(),
        };
        let all = [
            refusal("z.py", "is not Python: line 3"),
            refusal("a.py", "the star import of `a.b` may bring `f`"),
            refusal("b.py", "the star import of `c` may bring `f`"),
            refusal("c.py", "the star import of `d` may bring `g`"),
            refusal("d.py", "the star import of `d` may bring `h`"),
        ];
        let want = "\
would be refused: 5 files, by cause
  4 x such as the star import of `a.b` may bring `f`
      in a.py, b.py, c.py and 1 more
  1 x is not Python: line 3
      in z.py
";
        assert_eq!(refusals(Look::PLAIN, &all), want);
        assert_eq!(refusals(Look::PLAIN, &[]), "");
    }
}
