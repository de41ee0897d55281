//! How far a look at many files is: a bar on a terminal, gone before anything else is said there, and elsewhere a line now and then, once
//! it takes its time.
//!
//! A command that only looks is ended by a signal at once: then the bar stays on the screen, above the prompt.

use std::io;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::event::Looked;
use crate::report::look::Look;
use crate::report::progress::{bare, columns, tick};

/// A bar that is there once there is something to tell.
#[derive(Debug)]
pub struct Looking {
    bar: Option<ProgressBar>,
    shown: AtomicBool,
    /// When the next line is due, where there is no bar.
    due: Option<Mutex<Instant>>,
}

/// What takes no longer than this needs no word.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a line is written after that.
const PERIOD: Duration = Duration::from_secs(10);

impl Looking {
    /// A bar on stderr, where it is a terminal that can redraw a line.
    #[must_use]
    pub fn stderr() -> Self {
        let bar = || bare(ProgressDrawTarget::stderr(), columns()).with_prefix("looking").with_message("files");
        let bar = Look::of(&io::stderr()).live.then(bar);
        let due = bar.is_none().then(|| Mutex::new(Instant::now() + PATIENCE));
        Self { bar, shown: AtomicBool::new(false), due }
    }

    /// The same, but nothing where the result is `for_machines`.
    #[must_use]
    pub fn unless(for_machines: bool) -> Self {
        if for_machines { Self::none() } else { Self::stderr() }
    }

    /// Nothing at all.
    #[must_use]
    pub fn none() -> Self {
        Self { bar: None, shown: AtomicBool::new(false), due: None }
    }

    /// Shows how far it is; from any thread.
    pub fn at(&self, looked: Looked) {
        let Some(bar) = &self.bar else { return self.say(looked) };
        if bar.length() != Some(looked.of as u64) {
            bar.set_length(looked.of as u64);
        }
        if !self.shown.swap(true, Ordering::Relaxed) {
            tick(bar);
        }
        bar.set_position(looked.files as u64);
    }

    /// Writes a line where one is due.
    fn say(&self, looked: Looked) {
        let Some(due) = &self.due else { return };
        let mut due = due.lock().unwrap_or_else(PoisonError::into_inner);
        if *due > Instant::now() {
            return;
        }
        *due = Instant::now() + PERIOD;
        // When nobody reads that, there is nobody to tell.
        drop(writeln!(io::stderr(), "looking at the files: {} of {}", looked.files, looked.of));
    }

    /// Clears the bar for good, if there was one yet.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.as_ref().filter(|_| self.shown.load(Ordering::Relaxed)) {
            bar.finish_and_clear();
        }
    }
}
