//! What the last judgement of a phase's gate says now.

use std::ops::ControlFlow;

use git2::Oid;

use crate::journal::Record;
use crate::message::revert;
use crate::message::trailers::{self, Trailers};
use crate::plan::Plan;
use crate::plan::digest;
use crate::repo::Repo;
use crate::schedule::gate::{self, CommitsSince, GateEnd, GateRecord};
use crate::schedule::passage::LastGate;
use crate::stop::Stop;

/// What the journal of this work tree and the commits since say of the gate of a phase, by its place in the plan.
///
/// # Errors
/// When the history cannot be read.
pub fn last_gate(repo: &Repo, plan: &Plan, records: &[Record], tip: Oid, at: usize) -> Result<LastGate, Stop> {
    let phase = &plan.phases[at];
    if !phase.has_gate() && phase.targets.iter().all(|target| target.metrics.is_empty()) {
        return Ok(LastGate::Stands);
    }
    let last = records.iter().rev().find_map(|record| match record {
        Record::WentOn { plan: of, phase: which } if *of == plan.name && *which == phase.id => Some(None),
        Record::GatePassed { plan: of, phase: which, tip, commands } if *of == plan.name && *which == phase.id => {
            Some(Some((GateEnd::Passed, tip, commands)))
        }
        Record::GateFailed { plan: of, phase: which, tip, commands } if *of == plan.name && *which == phase.id => {
            Some(Some((GateEnd::Failed, tip, commands)))
        }
        Record::Paused { plan: of, phase: which, tip, commands, .. } if *of == plan.name && *which == phase.id => {
            Some(Some((GateEnd::Paused, tip, commands)))
        }
        _ => None,
    });
    let Some((ended, judged, commands)) = last.flatten() else {
        return Ok(if phase.has_gate() { gate::last(None) } else { LastGate::Stands });
    };
    let same_commands = *commands == digest::gate(plan, phase);
    let since = match Oid::from_str(judged) {
        Ok(judged) if repo.has_commit(judged) && repo.contains(tip, judged)? => since(repo, plan, &phase.id, tip, judged)?,
        _ => CommitsSince::Strangers,
    };
    let last = gate::last(Some(GateRecord { ended, same_commands, since }));
    // Without a gate only a pause after a unit is something to tell.
    Ok(if phase.has_gate() || last == LastGate::Paused { last } else { LastGate::Stands })
}

/// Why the gate of a phase paused the last time it did, as the journal has it.
#[must_use]
pub fn why_paused<'r>(plan: &Plan, records: &'r [Record], at: usize) -> Option<&'r str> {
    let id = &plan.phases.get(at)?.id;
    records.iter().rev().find_map(|record| match record {
        Record::Paused { plan: of, phase, why, .. } if *of == plan.name && phase == id => Some(why.as_str()),
        _ => None,
    })
}

/// True when the phase paused the last time it did after one of its units, and not at its gate.
#[must_use]
pub fn paused_after_unit(plan: &Plan, records: &[Record], at: usize) -> bool {
    let Some(phase) = plan.phases.get(at) else { return false };
    let last = records.iter().rev().find_map(|record| match record {
        Record::Paused { plan: of, phase: which, unit, .. } if *of == plan.name && *which == phase.id => Some(unit.is_some()),
        _ => None,
    });
    last.unwrap_or_default()
}

/// What came into the branch after `judged`.
fn since(repo: &Repo, plan: &Plan, phase: &str, tip: Oid, judged: Oid) -> Result<CommitsSince, Stop> {
    let mut since = CommitsSince::OthersOfThePlan;
    repo.walk_since(tip, judged, &mut |_, message| {
        let ours = trailers::trailers(message).into_iter().map(|block| match block {
            Trailers::Applied(ours) => (ours.plan, ours.phase),
            Trailers::Reverted(ours) => (ours.plan, ours.phase),
        });
        let ours: Vec<(String, String)> = ours.collect();
        let stranger = ours.is_empty()
            || ours.iter().any(|(of, _)| *of != plan.name)
            // A revert by hand of something else, written into a message of ours.
            || revert::reverted(message).iter().any(|undone| undone.ours.is_none());
        if stranger {
            since = CommitsSince::Strangers;
            return ControlFlow::Break(());
        }
        if ours.iter().any(|(_, of)| of == phase) {
            since = CommitsSince::OwnUnits;
        }
        ControlFlow::Continue(())
    })?;
    Ok(since)
}
