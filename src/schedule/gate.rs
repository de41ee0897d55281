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

/// What is remembered of a gate's last judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateRecord {
    /// Whether it passed.
    pub passed: bool,
    /// True when the commands are the same now.
    pub same_commands: bool,
    /// What came since.
    pub since: CommitsSince,
}

/// What the last judgement of a gate says now; `None` when none is remembered, which is so in a clone too.
#[must_use]
pub fn last(judged: Option<GateRecord>) -> LastGate {
    match judged {
        Some(GateRecord { passed: true, same_commands: true, since: CommitsSince::OthersOfThePlan }) => LastGate::Stands,
        // It failed, and nothing came that could have helped.
        Some(GateRecord { passed: false, same_commands: true, since: CommitsSince::OthersOfThePlan }) => LastGate::Failed,
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
        for (passed, same_commands, since, want) in [
            (true, true, OthersOfThePlan, LastGate::Stands),
            (true, false, OthersOfThePlan, LastGate::Unknown),
            (true, true, OwnUnits, LastGate::Unknown),
            (true, true, Strangers, LastGate::Unknown),
            (false, true, OthersOfThePlan, LastGate::Failed),
            (false, false, OthersOfThePlan, LastGate::Unknown),
            (false, true, OwnUnits, LastGate::Unknown),
            (false, true, Strangers, LastGate::Unknown),
        ] {
            assert_eq!(last(Some(GateRecord { passed, same_commands, since })), want, "{passed} {same_commands} {since:?}");
        }
    }
}
