//! How far a look at many files is: the bar of a run, on a terminal alone, and gone before anything else is said there.
//!
//! A command that only looks is ended by a signal at once: then the bar stays on the screen, above the prompt.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::event::Looked;
use crate::report::look::Look;
use crate::report::progress::{bare, columns, tick};

/// A bar that is there once there is something to tell.
#[derive(Debug)]
pub struct Looking {
    bar: Option<ProgressBar>,
    shown: AtomicBool,
}

impl Looking {
    /// A bar on stderr, where it is a terminal that can redraw a line.
    #[must_use]
    pub fn stderr() -> Self {
        let bar = || bare(ProgressDrawTarget::stderr(), columns()).with_prefix("looking").with_message("files");
        let bar = Look::of(&io::stderr()).live.then(bar);
        Self { bar, shown: AtomicBool::new(false) }
    }

    /// The same, but nothing where the result is `for_machines`.
    #[must_use]
    pub fn unless(for_machines: bool) -> Self {
        if for_machines { Self::none() } else { Self::stderr() }
    }

    /// Nothing at all.
    #[must_use]
    pub fn none() -> Self {
        Self { bar: None, shown: AtomicBool::new(false) }
    }

    /// Shows how far it is; from any thread.
    pub fn at(&self, looked: Looked) {
        let Some(bar) = &self.bar else { return };
        if bar.length() != Some(looked.of as u64) {
            bar.set_length(looked.of as u64);
        }
        if !self.shown.swap(true, Ordering::Relaxed) {
            tick(bar);
        }
        bar.set_position(looked.files as u64);
    }

    /// Clears the bar for good, if there was one yet.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.as_ref().filter(|_| self.shown.load(Ordering::Relaxed)) {
            bar.finish_and_clear();
        }
    }
}
