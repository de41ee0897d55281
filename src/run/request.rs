//! What is asked of a run, and whether it goes on where an earlier one stopped.

use std::collections::BTreeMap;

use crate::event::Event;
use crate::journal::{Record, RunStarted};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::select::Unit;
use crate::stop::{Note, Stop};
use crate::survey::{Standing, State};

/// What is asked of a run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Only this phase, by its place in the plan.
    pub phase: Option<usize>,
    /// Only this file; it is tried again even when it failed or was rolled back before.
    pub file: Option<RepoPath>,
    /// What is let pass that is refused otherwise.
    pub leave: Leave,
}

/// What a run lets pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leave {
    /// Changes in tracked files that are not the plan's.
    pub dirty: bool,
    /// A HEAD that is on no branch.
    pub detached: bool,
    /// Hooks that `git commit` would run; they are not run, and each commit says so.
    pub hooks: bool,
    /// A plan that changed since the run that is resumed.
    pub changed_plan: bool,
}

impl Request {
    /// True when the unit is among those asked for.
    #[must_use]
    pub fn covers(&self, unit: &Unit) -> bool {
        self.phase.is_none_or(|phase| phase == unit.phase) && self.file.as_ref().is_none_or(|file| *file == unit.path)
    }

    /// True when the run has to do something about the unit.
    #[must_use]
    pub fn is_left(&self, standing: &Standing) -> bool {
        match standing.state {
            State::Pending | State::Outdated { .. } => true,
            State::RolledBack { .. } | State::Quarantined { .. } => self.file.is_some(),
            State::Committed { .. } | State::Unchanged => false,
        }
    }

    /// Fails when the file that was asked for is no unit: a misspelt name must not look like success.
    ///
    /// # Errors
    /// [`Stop::Usage`].
    pub fn refuse_unknown_file(&self, plan: &Plan, units: &[Standing]) -> Result<(), Stop> {
        match &self.file {
            Some(file) if units.is_empty() => {
                let message = format!("{file} is no unit of the plan {}", plan.name);
                Err(Stop::Usage(Note::new(
                    message,
                    "`migrate status` lists the units; a glob's files are units only if the rules find something",
                )))
            }
            _ => Ok(()),
        }
    }
}

/// What the journal knows of the last run of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// What it was asked to do.
    pub started: RunStarted,
    /// False when it was killed or interrupted.
    pub finished: bool,
    /// True when nothing of it was left.
    pub done: bool,
}

/// The last run of the plan called `name`.
#[must_use]
pub fn earlier(records: &[Record], name: &str) -> Option<Earlier> {
    let mut last = None;
    let mut ours = false;
    for record in records {
        match record {
            Record::RunStarted(started) => {
                ours = started.plan == name;
                if ours {
                    last = Some(Earlier { started: started.clone(), finished: false, done: false });
                }
            }
            Record::RunFinished { done } if ours => {
                if let Some(earlier) = &mut last {
                    (earlier.finished, earlier.done) = (true, *done);
                }
            }
            _ => {}
        }
    }
    last
}

/// A plan that changed in the middle of a run is named: part of the units would be made by one plan and part by another.
pub(super) fn refuse_changed_plan(
    plan: &Plan,
    digest: &str,
    earlier: Option<&Earlier>,
    leave: Leave,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let Some(earlier) = earlier.filter(|earlier| earlier.started.digest != digest && !earlier.done) else { return Ok(()) };
    let changed = differing(&earlier.started.parts, &plan.parts());
    let (old, new) = (short_digest(&earlier.started.digest), short_digest(digest));
    let message = format!("the plan {} changed since the last run, from {old} to {new}: {}", plan.name, changed.join(", "));
    if earlier.finished || leave.changed_plan {
        emit(Event::Warning { message, help: None });
        return Ok(());
    }
    Err(Stop::Usage(Note::new(message, "undo the change, or pass --plan-changed to go on with the plan as it is now")))
}

fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The names of the parts that are not the same in both.
fn differing(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().cloned().collect()
}
