//! How long a gate counts: until its commands change, a unit of its phase changes, or a commit comes that is not this plan's.

use crate::schedule::passage::LastGate;

/// What came into the branch after a gate was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitsSince {
    /// Nothing, or only commits of this plan for other phases.
    OthersOfThePlan,
    /// A commit or a revert of a unit of the gate's own phase.
    OwnUnits,
    /// A commit that is not this plan's, or the branch no longer holds what was judged.
    Strangers,
}

/// How a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateEnd {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It waits for a person.
    Paused,
}

/// What is remembered of a gate's last judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateRecord {
    /// How it ended.
    pub ended: GateEnd,
    /// True when the commands are the same now.
    pub same_commands: bool,
    /// What came since.
    pub since: CommitsSince,
}

/// What the last judgement of a gate says now; `None` when none is remembered, which is so in a clone too.
#[must_use]
pub fn last(judged: Option<GateRecord>) -> LastGate {
    match judged {
        Some(GateRecord { ended, same_commands: true, since: CommitsSince::OthersOfThePlan }) => match ended {
            GateEnd::Passed => LastGate::Stands,
            // Nothing came that could have helped.
            GateEnd::Failed => LastGate::Failed,
            GateEnd::Paused => LastGate::Paused,
        },
        _ => LastGate::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_gate_counts() {
        use CommitsSince::{OthersOfThePlan, OwnUnits, Strangers};
        assert_eq!(last(None), LastGate::Unknown);
        use GateEnd::{Failed, Passed, Paused};
        for (ended, same_commands, since, want) in [
            (Passed, true, OthersOfThePlan, LastGate::Stands),
            (Passed, false, OthersOfThePlan, LastGate::Unknown),
            (Passed, true, OwnUnits, LastGate::Unknown),
            (Passed, true, Strangers, LastGate::Unknown),
            (Failed, true, OthersOfThePlan, LastGate::Failed),
            (Failed, false, OthersOfThePlan, LastGate::Unknown),
            (Failed, true, OwnUnits, LastGate::Unknown),
            (Failed, true, Strangers, LastGate::Unknown),
            (Paused, true, OthersOfThePlan, LastGate::Paused),
            (Paused, false, OthersOfThePlan, LastGate::Unknown),
            (Paused, true, OwnUnits, LastGate::Unknown),
            (Paused, true, Strangers, LastGate::Unknown),
        ] {
            assert_eq!(last(Some(GateRecord { ended, same_commands, since })), want, "{ended:?} {same_commands} {since:?}");
        }
    }
}
