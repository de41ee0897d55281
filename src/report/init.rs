//! What `migrate init` wrote, for programs. Nothing here does I/O.

use serde::Serialize;

use crate::init::{Outcome, Written};

/// The plan that was written.
#[derive(Debug, Serialize)]
pub struct InitJson<'w> {
    /// From the top of the repository.
    plan: &'w str,
    /// How many places it is about.
    places: usize,
    phases: Vec<PhaseWritten<'w>>,
    tried: Vec<TriedCommand<'w>>,
    left_out: Vec<LeftOut<'w>>,
    /// True when what replaces the name is still to be written into it.
    is_open: bool,
    /// Why a run would not begin as things are.
    not_ready: Option<&'w str>,
}

#[derive(Debug, Serialize)]
struct PhaseWritten<'w> {
    id: String,
    title: &'w str,
    files: usize,
}

#[derive(Debug, Serialize)]
struct TriedCommand<'w> {
    name: &'w str,
    run: &'w str,
    /// `works`, `fails` or `untried`.
    outcome: &'static str,
    seconds: Option<f64>,
    said: &'w str,
}

#[derive(Debug, Serialize)]
struct LeftOut<'w> {
    file: String,
    reason: &'w str,
}

impl<'w> InitJson<'w> {
    /// What was written, as data.
    #[must_use]
    pub fn of(written: &'w Written) -> Self {
        let phases = written.phases.iter().enumerate();
        let tried = written.tried.iter().map(|tried| {
            let (outcome, seconds, said) = match &tried.outcome {
                Outcome::Works { took, said } => ("works", Some(took.as_secs_f64()), said),
                Outcome::Fails(why) => ("fails", None, why),
                Outcome::Untried(why) => ("untried", None, why),
            };
            TriedCommand { name: tried.suite.name, run: &tried.suite.run, outcome, seconds, said }
        });
        Self {
            plan: &written.path,
            places: written.places,
            phases: phases.map(|(at, (title, files))| PhaseWritten { id: format!("P{at}"), title, files: *files }).collect(),
            tried: tried.collect(),
            left_out: written.left_out.iter().map(|(file, reason)| LeftOut { file: file.to_string(), reason }).collect(),
            is_open: written.is_open,
            not_ready: written.not_ready.as_deref(),
        }
    }
}
