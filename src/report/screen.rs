//! The lines of a terminal that are drawn again and again while a run is at work: how far it is, and what each of its workers does.
//!
//! One counter, of units that are through; the step before the path; and a time that changes when something was learnt, not with every
//! tick. Nothing here does I/O.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::board::Running;
use crate::forecast::words;
use crate::report::escape;
use crate::report::look::{Ink, Look};

/// From so many columns on there is room for a bar, for a long one, for what commands say, and for commands beside that.
const WIDE: [usize; 4] = [70, 95, 45, 130];

/// So many workers have a line of their own.
pub(super) const MOST: usize = 8;

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The phase, in words.
    pub(super) phase: String,
    /// Units that are through, of so many.
    pub(super) done: usize,
    pub(super) of: usize,
    /// Units of these that failed.
    pub(super) failed: usize,
    /// What the run itself does, such as `committing`, and to which unit.
    pub(super) doing: Option<(String, String)>,
}

/// How far the run is, in one line of so many columns.
pub(super) fn head(look: Look, standing: &Standing, left: Option<Duration>, columns: usize) -> String {
    let Standing { phase, done, of, failed, .. } = standing;
    let width = of.to_string().len();
    let count = format!("{done:>width$}/{of}");
    let failed = if *failed > 0 { format!("{failed} failed") } else { String::new() };
    let left = left.map(|left| format!("about {} left", words(steady(left)))).unwrap_or_default();
    let bar = if columns >= WIDE[1] {
        30
    } else if columns >= WIDE[0] {
        16
    } else {
        0
    };
    let bar = if bar > 0 { bar_of(*done, *of, bar) } else { String::new() };
    let phase = escape::line(phase.as_bytes());
    // What matters less goes first where there is no room.
    let mut parts = [(&phase, Some(Ink::Bold)), (&bar, None), (&count, None), (&failed, Some(Ink::Red)), (&left, Some(Ink::Dim))];
    for least in [None, Some(1), Some(0), Some(4), Some(3)] {
        if let Some(least) = least {
            parts[least].0 = const { &String::new() };
        }
        let shown: Vec<_> = parts.iter().filter(|(text, _)| !text.is_empty()).collect();
        let wide = shown.iter().map(|(text, _)| text.width() + 2).sum::<usize>().saturating_sub(2);
        if wide <= columns || least == Some(3) {
            let painted = shown.iter().map(|(text, ink)| ink.map_or_else(|| (*text).clone(), |ink| look.paint(ink, text)));
            let painted = painted.collect::<Vec<_>>().join("  ");
            return if wide <= columns { painted } else { fitted(&count, columns) };
        }
    }
    String::new()
}

/// What one worker does, in one line of so many columns.
pub(super) fn worker(look: Look, running: &Running, last: &[u8], columns: usize) -> String {
    let step = format!("  {:12}", running.step);
    let more = if running.others > 0 { format!(" and {} more", running.others) } else { String::new() };
    let unit = running.unit.as_ref().map(|unit| escape::line(unit.as_bytes()) + &more).unwrap_or_default();
    let time = if running.millis() >= 1000 { format!("{} s", running.millis() / 1000) } else { String::new() };
    let command = escape::line(running.command.as_bytes());
    let last = escape::output(last, false).replace('\t', " ");
    let last = last.trim();
    let room = columns.saturating_sub(step.width() + 1);
    // What a command says tells more than its text, and half of the line is enough for the unit then.
    let says = columns >= WIDE[2] && !last.is_empty();
    let unit = fitted_at_end(&unit, if says { room / 2 } else { room.saturating_sub(time.width() + 2) });
    let mut line = unit;
    let mut room = room.saturating_sub(line.width());
    let mut push = |text: &str, most: usize| {
        let gap = if line.is_empty() { "" } else { "  " };
        let text = fitted(text, most.min(room.saturating_sub(gap.len())));
        if !text.is_empty() {
            room -= gap.len() + text.width();
            line = format!("{line}{gap}{text}");
        }
    };
    push(&time, usize::MAX);
    if columns >= WIDE[2] && (!says || columns >= WIDE[3]) {
        push(&command, if says { columns / 4 } else { usize::MAX });
    }
    if says {
        push(&format!("| {last}"), usize::MAX);
    }
    format!("{}{line}", look.paint(Ink::Cyan, &step))
}

/// What the run itself does.
pub(super) fn itself(look: Look, (step, unit): &(String, String), columns: usize) -> String {
    let step = format!("  {step:12}");
    let unit = fitted_at_end(&escape::line(unit.as_bytes()), columns.saturating_sub(step.width() + 1));
    format!("{}{unit}", look.paint(Ink::Cyan, &step))
}

/// `[====>     ]`, so many columns wide.
fn bar_of(done: usize, of: usize, columns: usize) -> String {
    let inner = columns - 2;
    let full = (done * inner).checked_div(of).map_or(inner, |full| full.min(inner));
    let head = if full < inner { ">" } else { "" };
    format!("[{}{head}{}]", "=".repeat(full), " ".repeat(inner - full - head.len()))
}

/// A time in steps that are small beside it, so that it stands still between them.
fn steady(left: Duration) -> Duration {
    let seconds = left.as_secs();
    let step = match seconds {
        0..10 => 1,
        10..60 => 5,
        60..600 => 10,
        _ => 60,
    };
    Duration::from_secs(seconds.div_ceil(step) * step)
}

/// The beginning of a text that fits.
fn fitted(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let room = columns.saturating_sub(3);
    for c in text.chars() {
        if out.width() + c.width().unwrap_or(0) > room {
            break;
        }
        out.push(c);
    }
    if columns < 3 { String::new() } else { out + "..." }
}

/// The end of a path that fits: there is its name.
fn fitted_at_end(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(3);
    let mut out: Vec<char> = Vec::new();
    let mut wide = 0;
    for c in text.chars().rev() {
        wide += c.width().unwrap_or(0);
        if wide > room {
            break;
        }
        out.push(c);
    }
    if columns < 3 { String::new() } else { "...".chars().chain(out.into_iter().rev()).collect() }
}

/// How long a run will take, learnt as it goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    /// What was known before it began.
    forecast: Option<Duration>,
    /// Units that were through when it began, and of how many.
    before: usize,
    of: usize,
    /// How long all of it takes, by what was learnt last.
    all: Option<Duration>,
}

impl Left {
    /// Of a run over so many units, `done` of which are through, that was thought to take so long.
    pub(super) fn of(forecast: Option<Duration>, done: usize, of: usize) -> Self {
        Self { forecast, before: done, of, all: forecast }
    }

    /// Learns that so many units are through after so much time.
    pub(super) fn learn(&mut self, done: usize, elapsed: Duration) {
        let (through, to_do) = (done.saturating_sub(self.before), self.of.saturating_sub(self.before));
        if through == 0 || to_do == 0 {
            return;
        }
        let share = through as f64 / to_do as f64;
        let seen = elapsed.as_secs_f64() / share;
        // What was thought before counts for less and less.
        let all = self.forecast.map_or(seen, |thought| thought.as_secs_f64() * (1.0 - share) + seen * share);
        self.all = Some(Duration::from_secs_f64(all.max(elapsed.as_secs_f64())));
    }

    /// What is left after so much time; `None` where nothing is known, or what is known is proved wrong.
    pub(super) fn after(&self, elapsed: Duration) -> Option<Duration> {
        self.all?.checked_sub(elapsed).filter(|left| *left > Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        Standing { phase: "phase 1 (P0)".into(), done: 12, of: 126, failed: 1, doing: None }
    }

    fn running(unit: &str, others: usize) -> Running {
        Running {
            step: "validating".into(),
            unit: Some(unit.into()),
            others,
            command: "python -m pytest -q tests/core --junitxml=/tmp/report.xml".into(),
            log: "/none".into(),
            since: crate::board::now() - 3_500,
        }
    }

    #[test]
    fn the_head_says_as_much_as_there_is_room_for_and_never_more() {
        let left = Some(Duration::from_secs(66));
        for (columns, want) in [
            (180, "phase 1 (P0)  [==>                         ]   12/126  1 failed  about 1 min 10 s left"),
            (100, "phase 1 (P0)  [==>                         ]   12/126  1 failed  about 1 min 10 s left"),
            (80, "phase 1 (P0)  [=>            ]   12/126  1 failed  about 1 min 10 s left"),
            (60, "phase 1 (P0)   12/126  1 failed  about 1 min 10 s left"),
            (45, " 12/126  1 failed  about 1 min 10 s left"),
            (20, " 12/126  1 failed"),
            (8, " 12/126"),
            (3, "..."),
            (0, ""),
        ] {
            let said = head(Look::PLAIN, &standing(), left, columns);
            assert_eq!(said.split_whitespace().collect::<Vec<_>>(), want.split_whitespace().collect::<Vec<_>>(), "{columns}");
            assert!(said.width() <= columns);
        }
        for columns in 0..200 {
            for (last, unit) in
                [("", "a.py"), ("tests/test_core.py::test_x \x1b[32mPASSED\x1b[0m [ 12%]", "app/core/漢字/deep.py")]
            {
                assert!(worker(Look::PLAIN, &running(unit, 7), last.as_bytes(), columns).width() <= columns.max(14), "{columns}");
            }
            assert!(head(Look::PLAIN, &standing(), left, columns).width() <= columns);
        }
    }

    #[test]
    fn a_worker_says_its_step_before_its_unit_and_what_its_command_said_last() {
        let said = |columns, last: &str| worker(Look::PLAIN, &running("app/core/models.py", 7), last.as_bytes(), columns);
        assert_eq!(
            said(180, "test_a.py::test_b \x1b[32mPASSED\x1b[0m"),
            "  validating  app/core/models.py and 7 more  3 s  python -m pytest -q tests/core --junitxml=...  | test_a.py::test_b PASSED"
        );
        assert_eq!(said(80, ""), "  validating  app/core/models.py and 7 more  3 s  python -m pytest -q tests/...");
        assert_eq!(said(80, "test_a.py::test_b"), "  validating  app/core/models.py and 7 more  3 s  | test_a.py::test_b");
        assert_eq!(said(60, "test_a.py::test_b"), "  validating  ...odels.py and 7 more  3 s  | test_a.py::...");
        assert_eq!(said(40, "x"), "  validating  ...els.py and 7 more  3 s");
        assert_eq!(itself(Look::PLAIN, &("committing".into(), "a\u{1b}.py".into()), 60), "  committing  a\\x1b.py");
    }

    #[test]
    fn the_time_that_is_left_stands_still_until_something_is_learnt() {
        let seconds = Duration::from_secs;
        let mut left = Left::of(None, 6, 26);
        assert_eq!(left.after(seconds(5)), None, "nothing is known yet");
        left.learn(11, seconds(25));
        assert_eq!(left.after(seconds(25)), Some(seconds(75)));
        assert_eq!(left.after(seconds(200)), None, "it takes longer than was thought");
        let mut left = Left::of(Some(seconds(100)), 0, 10);
        assert_eq!(left.after(seconds(1)), Some(seconds(99)));
        left.learn(5, seconds(100));
        assert_eq!(left.after(seconds(100)), Some(seconds(50)), "halfway both count the same");
        let shown = |left: u64| words(steady(seconds(left)));
        assert_eq!([3, 41, 66, 599, 700, 4000].map(shown), ["3 s", "45 s", "1 min 10 s", "10 min", "12 min", "1 h 7 min"]);
    }
}
