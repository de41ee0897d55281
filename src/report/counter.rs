//! How far a run is, by its events: one counter of units that are through, whatever became of them. Nothing here does I/O.

use std::collections::HashSet;

use crate::board::Posted;
use crate::event::{Activity, Event};

/// How far a run is.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    /// The phase, in words.
    pub phase: String,
    /// Units that are through.
    pub done: usize,
    /// Of so many.
    pub of: usize,
    /// What the run itself does, such as `committing`, and to which unit; `None` while commands do it.
    pub doing: Option<(String, String)>,
    counted: HashSet<String>,
    failed: HashSet<String>,
}

impl Counter {
    /// Takes note of an event.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::RunStarted { units_total, units_done, .. } => (self.of, self.done) = (*units_total, *units_done),
            Event::PhaseStarted { phase, .. } | Event::PhaseFinished { phase, .. } => {
                self.phase = phase.to_string();
                self.doing = None;
            }
            Event::GateStarted { phase } => {
                self.phase = format!("gate of {phase}");
                self.doing = None;
            }
            Event::Doing { unit, activity } => {
                self.doing = match activity {
                    Activity::Transforming { .. } | Activity::Validating { .. } | Activity::Verifying { .. } => None,
                    step => Some((step.to_string(), unit.clone())),
                };
            }
            Event::UnitFailed { unit, .. } | Event::UnitQuarantined { unit, .. } | Event::UnitReverted { unit, .. } => {
                self.failed.insert(unit.clone());
                self.count(unit);
            }
            Event::UnitCommitted { unit, .. } | Event::UnitUnchanged { unit, .. } | Event::UnitSkipped { unit, .. } => {
                self.count(unit);
            }
            _ => {}
        }
    }

    /// Counts a unit, once: one may be committed and then taken back, or land in parts.
    fn count(&mut self, unit: &str) {
        if self.counted.insert(unit.to_owned()) {
            self.done = (self.done + 1).min(self.of);
        }
    }

    /// Units that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed.len()
    }

    /// Writes it on a board.
    pub fn post(&self, posted: &mut Posted) {
        posted.phase.clone_from(&self.phase);
        (posted.done, posted.of, posted.failed) = (self.done, self.of, self.failed());
    }
}
