//! The part of a terminal that is drawn again while a run is at work: one line for the run, one for each command that runs.
//!
//! A thread of its own draws it, so that it lives while a command takes its time. Where the system has no thread for that it is drawn
//! with each event.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::board::Board;
use crate::report::counter::Counter;
use crate::report::look::{Look, columns};
use crate::report::screen::{self, Left, Standing};

/// How often it is drawn when nothing happens.
const TICK: Duration = Duration::from_millis(120);

/// The lines, and who draws them.
#[derive(Debug)]
pub(super) struct Live {
    shared: Arc<Shared>,
    clock: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    multi: MultiProgress,
    look: Look,
    board: Arc<Board>,
    state: Mutex<State>,
    is_over: AtomicBool,
}

#[derive(Debug)]
struct State {
    bars: Vec<ProgressBar>,
    standing: Standing,
    left: Left,
    began: Instant,
}

impl Live {
    /// Lines for a run that begins, whose commands stand on `board`.
    pub(super) fn new(target: ProgressDrawTarget, look: Look, board: Arc<Board>, counter: &Counter) -> Self {
        let expected = board.expected();
        let left = Left::of(expected, counter.done, counter.of);
        let state = State { bars: Vec::new(), standing: standing(counter), left, began: Instant::now() };
        let multi = MultiProgress::with_draw_target(target);
        let shared = Arc::new(Shared { multi, look, board, state: Mutex::new(state), is_over: AtomicBool::new(false) });
        shared.draw();
        let drawn = Arc::clone(&shared);
        let draw = move || {
            while !drawn.is_over.load(Ordering::Relaxed) {
                drawn.draw();
                std::thread::park_timeout(TICK);
            }
        };
        let clock = std::thread::Builder::new().name("screen".to_owned()).spawn(draw).ok();
        Self { shared, clock }
    }

    /// Shows how far the run is now.
    pub(super) fn show(&self, counter: &Counter) {
        let mut state = self.shared.lock();
        let standing = standing(counter);
        if standing.done != state.standing.done {
            let elapsed = state.began.elapsed();
            state.left.learn(standing.done, elapsed);
        }
        state.standing = standing;
        // What is written above next draws it again.
        if let Some(bar) = state.bars.first() {
            bar.set_message(self.shared.head(&state));
        }
        drop(state);
        if self.clock.is_none() {
            self.shared.draw();
        }
    }

    /// Writes what stays above the lines.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.shared.multi.suspend(write)
    }

    /// Clears the lines for good.
    pub(super) fn finish(self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(clock) = self.clock {
            clock.thread().unpark();
            drop(clock.join());
        }
        self.shared.lock().bars.drain(..).for_each(|bar| bar.finish_and_clear());
        drop(self.shared.multi.clear());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn head(&self, state: &State) -> String {
        screen::head(self.look, &state.standing, state.left.after(state.began.elapsed()), room())
    }

    fn draw(&self) {
        let columns = room();
        let running = self.board.running();
        let mut state = self.lock();
        let mut lines = vec![self.head(&state)];
        let shown = running.iter().take(screen::MOST);
        lines.extend(shown.map(|running| screen::worker(self.look, running, &running.last_line(), columns)));
        if running.len() > screen::MOST {
            lines.push(format!("  and {} more", running.len() - screen::MOST));
        }
        if let Some(doing) = state.standing.doing.as_ref().filter(|_| running.is_empty()) {
            lines.push(screen::itself(self.look, doing, columns));
        }
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        while state.bars.len() > lines.len() {
            state.bars.pop().into_iter().for_each(|bar| self.multi.remove(&bar));
        }
        while state.bars.len() < lines.len() {
            let style = ProgressStyle::with_template("{msg}").expect("the template is a constant that a test draws");
            state.bars.push(self.multi.add(ProgressBar::new_spinner().with_style(style).with_finish(ProgressFinish::AndClear)));
        }
        for (bar, line) in state.bars.iter().zip(lines) {
            if bar.message() != line {
                bar.set_message(line);
            }
        }
    }
}

/// The columns of the terminal but the last, which some terminals begin a new line with.
fn room() -> usize {
    columns(&std::io::stderr()).saturating_sub(1)
}

fn standing(counter: &Counter) -> Standing {
    let Counter { phase, done, of, doing, .. } = counter;
    Standing { phase: phase.clone(), done: *done, of: *of, failed: counter.failed(), doing: doing.clone() }
}
