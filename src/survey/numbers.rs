//! What is known of the numbers of a plan without measuring: from the journal, and from the branch.

use std::ops::ControlFlow;

use git2::Oid;

use crate::interrupt::Interrupt;
use crate::journal::Record;
use crate::message::trailers::{self, Trailers};
use crate::plan::{Metric, Plan, digest};
use crate::repo::Repo;
use crate::stop::Stop;
use crate::survey::{What, deeds};

/// A value of a metric that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// The commit that was measured.
    pub tip: String,
    /// The id of the phase at whose gate.
    pub phase: Option<String>,
    /// True when it is worse than it may be for noise only.
    pub noise: bool,
}

/// The commit before the plan's first one in the history of `tip`; none while it has none, and where the history does not go so far.
///
/// # Errors
/// When the history cannot be read.
pub fn base(repo: &Repo, plan: &Plan, tip: Oid) -> Result<Option<Oid>, Stop> {
    let mut first = None;
    repo.walk(tip, &mut |commit, message| {
        let is_ours = |block: Trailers| matches!(block, Trailers::Applied(ours) if ours.plan == plan.name);
        if trailers::trailers(message).into_iter().any(is_ours) {
            first = Some(commit);
        }
        ControlFlow::Continue(())
    })?;
    let parent = first.map(|first| repo.parent_of(first)).transpose()?.flatten();
    Ok(parent.filter(|parent| repo.has_commit(*parent)))
}

/// How many commits of the plan were taken back.
///
/// # Errors
/// When the history cannot be read.
pub fn reverts(repo: &Repo, plan: &Plan, tip: Oid) -> Result<usize, Stop> {
    let deeds = deeds(repo, tip, &plan.name, &Interrupt::none())?;
    Ok(deeds.iter().filter(|deed| matches!(deed.what, What::TakenBack { .. })).count())
}

/// What a metric was before the plan's first commit, as the journal has it, measured as the plan measures it now.
#[must_use]
pub fn baseline(plan: &Plan, records: &[Record], metric: &Metric) -> Option<f64> {
    newest(plan, records, metric, |phase| phase.is_none()).map(|measured| measured.value)
}

/// What a metric was when it was measured last, at a gate or after a unit.
#[must_use]
pub fn latest(plan: &Plan, records: &[Record], metric: &Metric) -> Option<Measured> {
    newest(plan, records, metric, |phase| phase.is_some())
}

fn newest(plan: &Plan, records: &[Record], metric: &Metric, takes: impl Fn(&Option<String>) -> bool) -> Option<Measured> {
    let definition = digest::metric(metric);
    records.iter().rev().find_map(|record| match record {
        Record::Measured { plan: of, metric: name, definition: how, phase, tip, value, noise }
            if *of == plan.name && *name == metric.name && *how == definition && takes(phase) =>
        {
            Some(Measured { value: value.parse().ok()?, tip: tip.clone(), phase: phase.clone(), noise: *noise })
        }
        _ => None,
    })
}

/// A rollback of phases that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakingBack {
    /// The ids of the phases, in their order.
    pub phases: Vec<String>,
    /// Why.
    pub why: String,
    /// When, in seconds since 1970.
    pub since: u64,
    /// True when only its checks are left.
    pub is_back: bool,
}

/// The rollback of phases that a run began last, unless its checks were made.
#[must_use]
pub fn taking_back(plan: &Plan, records: &[Record]) -> Option<TakingBack> {
    let mut begun = None;
    for record in records {
        match record {
            Record::TakingBack { plan: of, phases, why, since } if *of == plan.name => {
                begun = Some(TakingBack { phases: phases.clone(), why: why.clone(), since: *since, is_back: false });
            }
            Record::TookBack { plan: of } if *of == plan.name => begun.iter_mut().for_each(|begun| begun.is_back = true),
            Record::RecoveryChecked { plan: of, .. } if *of == plan.name => begun = None,
            _ => {}
        }
    }
    begun
}

/// True when a phase looks at a metric: at its gate, after its units, or when it was taken back.
#[must_use]
pub fn looks_at(plan: &Plan, at: usize, metric: &str) -> bool {
    let phase = &plan.phases[at];
    let mut lists = [&phase.gate_metrics].into_iter().chain(phase.targets.iter().map(|target| &target.metrics));
    let after = phase.after_rollback.iter().flat_map(|after| &after.metrics);
    lists.any(|list| list.iter().any(|name| name == metric)) || after.into_iter().any(|name| name == metric)
}
