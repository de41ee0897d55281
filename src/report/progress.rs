//! The progress of a run on stderr: lines that stay, and on a terminal lines below them that show what is going on now.
//!
//! Those are drawn by indicatif; off a terminal it would swallow the lines that stay, so they never pass through it. It does not hide the
//! cursor, and they are cleared when the run ends.

use std::io::{self, Stderr, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::board::Board;
use crate::event::Event;
use crate::report::Detail;
use crate::report::counter::Counter;
use crate::report::failures::Failures;
use crate::report::github::Github;
use crate::report::lines::Lines;
use crate::report::live::Live;
use crate::report::look::Look;

/// How often the bar of a look moves on when nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// Below this many columns only what matters most is shown of a look.
const NARROW: u16 = 70;

/// Shows a run as it goes.
#[derive(Debug)]
pub struct Progress<W> {
    lines: Lines,
    out: Option<W>,
    /// What a terminal can take, where lines are to be drawn again once a run begins: a rollback has none.
    live: Option<Look>,
    screen: Option<Live>,
    counter: Counter,
    failures: Failures,
    board: Arc<Board>,
    github: Option<Github>,
}

impl Progress<Stderr> {
    /// Progress on stderr, with lines that are drawn again where it is a terminal that can do that. What runs is read from `board`, and
    /// how far the run is written there.
    #[must_use]
    pub fn stderr(detail: Detail, board: Arc<Board>) -> Self {
        let look = Look::of(&io::stderr());
        let live = Some(look).filter(|look| look.live && detail != Detail::Quiet);
        let github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let progress = Self::lines(io::stderr(), look, detail);
        let lines = if live.is_some() { progress.lines.brief() } else { progress.lines };
        Self { live, lines, board, github: github.then(Github::default), ..progress }
    }
}

impl<W: Write> Progress<W> {
    /// Nothing but the lines, on any stream.
    #[must_use]
    pub fn lines(out: W, look: Look, detail: Detail) -> Self {
        Self {
            lines: Lines::new(look, detail),
            out: Some(out),
            live: None,
            screen: None,
            counter: Counter::default(),
            failures: Failures::default(),
            board: Arc::default(),
            github: None,
        }
    }

    /// Shows one event.
    pub fn event(&mut self, event: &Event) {
        self.failures.see(event);
        let mut text = self.lines.of(event, &self.counter, &self.failures);
        self.counter.see(event);
        self.board.post(|posted| self.counter.post(posted));
        if let (Some(look), None, Event::RunStarted { .. }) = (self.live, &self.screen, event) {
            self.screen = Some(Live::new(ProgressDrawTarget::stderr(), look, Arc::clone(&self.board), &self.counter));
        }
        match &self.screen {
            Some(_) if matches!(event, Event::RunFinished { .. }) => self.finish(),
            Some(screen) => screen.show(&self.counter),
            None => {}
        }
        if let Some(github) = &mut self.github {
            text = github.around(event, &text, &self.failures);
        }
        if !text.is_empty() {
            self.print(&text);
        }
    }

    /// Clears the lines that are drawn again for good; whatever is printed after this stands alone.
    pub fn finish(&mut self) {
        if let Some(screen) = self.screen.take() {
            screen.finish();
        }
        let end = self.github.as_mut().map(Github::close).unwrap_or_default();
        if !end.is_empty() {
            self.print(&end);
        }
    }

    /// What failed so far.
    #[must_use]
    pub fn failures(&self) -> &Failures {
        &self.failures
    }

    fn print(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let written = match &self.screen {
            Some(screen) => screen.suspend(write),
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
