//! When a phase lets the next one begin.

use crate::plan::{OnFailure, Phase, Share};
use crate::state::Counts;

/// What the last gate of a phase said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastGate {
    /// It passed, and that still counts; or the phase has none.
    Stands,
    /// It is not known to have passed on what is there now.
    Unknown,
    /// It failed.
    Failed,
    /// It waits for a person to say that the run goes on.
    Paused,
}

/// Whether what comes after a phase may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It may.
    Open,
    /// It may, and the gate is not known to have passed.
    Ungated,
    /// Units of it are still to be done.
    Left,
    /// More of its units were given up than the plan allows.
    TooManyGivenUp,
    /// Its gate failed.
    GateFailed,
    /// Its gate waits for a person.
    Paused,
}

/// True when more units of a phase were given up than the plan allows. Of a phase that stops at a failure, none may be.
#[must_use]
pub fn too_many_given_up(phase: &Phase, counts: Counts) -> bool {
    let most = match (phase.on_failure, phase.max_quarantined) {
        (OnFailure::Stop, _) => Share(0),
        (OnFailure::Quarantine, Some(share)) => share,
        (OnFailure::Quarantine, None) => Share(10_000),
    };
    counts.given_up() as u64 * 10_000 > u64::from(most.0) * counts.total as u64
}

/// Whether what comes after a phase may begin.
#[must_use]
pub fn passage(phase: &Phase, counts: Counts, gate: LastGate) -> Passage {
    if counts.left() > 0 {
        return Passage::Left;
    }
    if too_many_given_up(phase, counts) {
        return Passage::TooManyGivenUp;
    }
    match gate {
        LastGate::Failed => Passage::GateFailed,
        LastGate::Paused => Passage::Paused,
        LastGate::Unknown => Passage::Ungated,
        LastGate::Stands => Passage::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Units;
    use crate::state::State;

    fn phase(on_failure: OnFailure, max_quarantined: Option<u32>) -> Phase {
        let max_quarantined = max_quarantined.map(|percent| Share(percent * 100));
        let (id, units) = ("P0".to_owned(), Units::Each);
        let (gate, gate_on_failure, gate_metrics) = Default::default();
        let (title, after_rollback, budget, targets) = Default::default();
        Phase {
            id,
            title,
            on_failure,
            max_quarantined,
            gate,
            gate_on_failure,
            gate_metrics,
            after_rollback,
            budget,
            batch: 1,
            units,
            targets,
        }
    }

    #[test]
    fn when_the_next_phase_may_begin() {
        use LastGate::{Failed, Stands, Unknown};
        use OnFailure::{Quarantine, Stop};
        // policy, share, units, left, given up, gate -> passage
        for (policy, share, units, left, given_up, gate, want) in [
            (Stop, None, 0, 0, 0, Stands, Passage::Open),
            (Stop, None, 3, 0, 0, Stands, Passage::Open),
            (Stop, None, 3, 1, 0, Stands, Passage::Left),
            (Stop, None, 3, 0, 1, Stands, Passage::TooManyGivenUp),
            (Stop, None, 3, 0, 0, Failed, Passage::GateFailed),
            (Stop, None, 3, 0, 0, Unknown, Passage::Ungated),
            (Stop, None, 3, 0, 0, LastGate::Paused, Passage::Paused),
            (Quarantine, None, 3, 0, 3, Stands, Passage::Open),
            (Quarantine, Some(0), 3, 0, 1, Stands, Passage::TooManyGivenUp),
            (Quarantine, Some(10), 10, 0, 1, Stands, Passage::Open),
            (Quarantine, Some(10), 10, 0, 2, Stands, Passage::TooManyGivenUp),
            (Quarantine, Some(10), 10, 1, 2, Failed, Passage::Left),
            (Quarantine, Some(50), 10, 0, 1, Failed, Passage::GateFailed),
        ] {
            let states = [(State::Pending, left), (State::RolledBack, given_up), (State::Committed, units - left - given_up)];
            let counts = Counts::of(states.into_iter().flat_map(|(state, many)| std::iter::repeat_n(state, many)));
            assert_eq!(passage(&phase(policy, share), counts, gate), want, "{policy:?} {share:?} {counts:?} {gate:?}");
        }
    }
}
