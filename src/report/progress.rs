//! The progress of a run on stderr: lines that stay, and on a terminal a bar below them that shows what is going on now.
//!
//! The bar is indicatif's; off a terminal it would swallow the lines, so they never pass through it. It does not hide the
//! cursor, and it is cleared when the run ends or this value is dropped.

use std::io::{self, Stderr, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::event::Event;
use crate::report::Detail;
use crate::report::escape;
use crate::report::lines::Lines;
use crate::report::look::Look;

/// How often the bar's clock moves on when nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// Below this many columns only what matters most is shown.
const NARROW: u16 = 70;

/// Shows a run as it goes.
#[derive(Debug)]
pub struct Progress<W> {
    lines: Lines,
    out: Option<W>,
    /// True when a bar is to be drawn once a run begins: a rollback has none.
    live: bool,
    bar: Option<Bar>,
}

impl Progress<Stderr> {
    /// Progress on stderr, with a bar where it is a terminal that can redraw a line.
    #[must_use]
    pub fn stderr(detail: Detail) -> Self {
        let look = Look::of(&io::stderr());
        Self { live: look.live, ..Self::lines(io::stderr(), look, detail) }
    }
}

impl<W: Write> Progress<W> {
    /// Progress in lines alone.
    pub fn lines(out: W, look: Look, detail: Detail) -> Self {
        Self { lines: Lines::new(look, detail), out: Some(out), live: false, bar: None }
    }

    /// Shows one event.
    pub fn event(&mut self, event: &Event) {
        let text = self.lines.of(event);
        if self.live && self.bar.is_none() && matches!(event, Event::RunStarted { .. }) {
            self.bar = Some(Bar::new(ProgressDrawTarget::stderr(), columns()));
        }
        if let Some(bar) = &mut self.bar {
            bar.event(event);
        }
        if !text.is_empty() {
            self.print(&text);
        }
    }

    /// Clears the bar for good; whatever is printed after this stands alone.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.bar.finish_and_clear();
        }
    }

    fn print(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let written = match &self.bar {
            Some(bar) => bar.bar.suspend(write),
            None => write(),
        };
        // Nobody reads any more (a closed pipe, a terminal that hung up), and there is nowhere else to say so; the run goes on.
        if written.is_err() {
            self.out = None;
        }
    }
}

/// Lets a bar move by itself, where the system has a thread for that: the crate that draws it would panic without one.
pub(super) fn tick(bar: &ProgressBar) {
    if std::thread::Builder::new().spawn(|| {}).is_ok_and(|thread| thread.join().is_ok()) {
        bar.enable_steady_tick(TICK);
    }
}

/// The live part.
#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    /// The unit that was counted last, so that one which is committed and then reverted counts once.
    counted: Option<String>,
    /// The unit that began last, and its place in the phase.
    started: Option<String>,
    place: String,
}

impl Bar {
    fn new(target: ProgressDrawTarget, columns: u16) -> Self {
        let bar = bare(target, columns);
        tick(&bar);
        Self { bar, counted: None, started: None, place: String::new() }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { units_total, units_done, .. } => {
                self.bar.set_length(*units_total as u64);
                self.bar.set_position(*units_done as u64);
                // What an earlier run did says nothing about the speed of this one.
                self.bar.reset_eta();
            }
            Event::PhaseStarted { phase, .. } | Event::PhaseFinished { phase, .. } => {
                self.bar.set_prefix(escape::line(phase.to_string().as_bytes()));
                self.say("");
            }
            Event::UnitStarted { unit, ordinal, of, .. } => {
                self.counted = None;
                self.started = Some(unit.clone());
                self.place = format!("[{ordinal}/{of}] ");
                self.say(&format!("{}{unit}", self.place));
            }
            Event::Doing { unit, activity } => {
                let place = if self.started.as_ref() == Some(unit) { self.place.as_str() } else { "" };
                self.say(&format!("{place}{unit} {activity}"));
            }
            Event::GateStarted { phase } => self.say(&format!("gate of {phase}")),
            Event::UnitCommitted { unit, .. }
            | Event::UnitUnchanged { unit, .. }
            | Event::UnitFailed { unit, .. }
            | Event::UnitQuarantined { unit, .. }
            | Event::UnitSkipped { unit, .. }
            | Event::UnitReverted { unit, .. } => {
                if self.counted.as_ref() != Some(unit) {
                    self.counted = Some(unit.clone());
                    self.bar.inc(1);
                }
            }
            Event::RunFinished { .. } => self.bar.finish_and_clear(),
            Event::UnitSplit { .. }
            | Event::Measured { .. }
            | Event::RecoveryChecked { .. }
            | Event::Pushed { .. }
            | Event::PhaseTook { .. }
            | Event::Recovered { .. }
            | Event::CommandFinished { .. }
            | Event::CommandReused { .. }
            | Event::GatePassed { .. }
            | Event::GateFailed { .. }
            | Event::RolledBack { .. }
            | Event::WouldRollBack { .. }
            | Event::RollbackFinished { .. }
            | Event::Differs { .. }
            | Event::UnitWarned { .. }
            | Event::Warning { .. } => {}
        }
    }

    fn say(&self, what: &str) {
        self.bar.set_message(escape::line(what.as_bytes()));
    }
}

/// A bar of nothing yet, for a terminal so many columns wide.
pub(super) fn bare(target: ProgressDrawTarget, columns: u16) -> ProgressBar {
    let template = match columns {
        ..NARROW => "{pos}/{len} {wide_msg}",
        _ => "{prefix} [{bar:20}] {pos}/{len} {elapsed} (eta {eta}) {wide_msg}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is a constant that a test draws");
    let bar = ProgressBar::with_draw_target(Some(0), target);
    bar.set_style(style.progress_chars("=> "));
    bar.with_finish(ProgressFinish::AndClear)
}

/// The width of the terminal on stderr, as it is now.
pub(super) fn columns() -> u16 {
    rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| size.ws_col)
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
