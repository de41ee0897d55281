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
    if !phase.has_gate() {
        return Ok(LastGate::Stands);
    }
    let last = records.iter().rev().find_map(|record| match record {
        Record::GatePassed { plan: of, phase: which, tip, commands } if *of == plan.name && *which == phase.id => {
            Some((GateEnd::Passed, tip, commands))
        }
        Record::GateFailed { plan: of, phase: which, tip, commands } if *of == plan.name && *which == phase.id => {
            Some((GateEnd::Failed, tip, commands))
        }
        Record::Paused { plan: of, phase: which, tip, commands, .. } if *of == plan.name && *which == phase.id => {
            Some((GateEnd::Paused, tip, commands))
        }
        _ => None,
    });
    let Some((ended, judged, commands)) = last else { return Ok(gate::last(None)) };
    let same_commands = *commands == digest::gate(plan, phase);
    let since = match Oid::from_str(judged) {
        Ok(judged) if repo.has_commit(judged) && repo.contains(tip, judged)? => since(repo, plan, &phase.id, tip, judged)?,
        _ => CommitsSince::Strangers,
    };
    Ok(gate::last(Some(GateRecord { ended, same_commands, since })))
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
