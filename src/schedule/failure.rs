//! What happens when a unit fails.

use crate::plan::OnFailure;

/// So many units in a row that no command could judge, since it took too long or did not find what it needs, end their phase: the fault
/// is hardly theirs.
pub const MOST_NOT_JUDGED: usize = 3;

/// How a unit failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedAt {
    /// Nothing of it was committed.
    BeforeCommit,
    /// Its commit was taken back.
    TakenBack,
}

/// What is written into the journal about it. The branch itself remembers a commit that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Nothing.
    Nothing,
    /// That it failed.
    Failed,
    /// That it was set aside.
    Quarantined,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The run ends here.
    Stop,
    /// The run ends here, since no command could judge several in a row.
    StopUnjudged,
    /// The next unit, unless too many of the phase were given up.
    GoOn,
}

/// What happens when a unit of a phase with this policy fails, `not_judged` in a row being those that no command could judge.
#[must_use]
pub fn after(policy: OnFailure, failure: FailedAt, not_judged: usize) -> (Noted, Next) {
    let go_on = if not_judged < MOST_NOT_JUDGED { Next::GoOn } else { Next::StopUnjudged };
    match (policy, failure) {
        (OnFailure::Stop, FailedAt::BeforeCommit) => (Noted::Failed, Next::Stop),
        (OnFailure::Stop, FailedAt::TakenBack) => (Noted::Nothing, Next::Stop),
        (OnFailure::Quarantine, FailedAt::BeforeCommit) => (Noted::Quarantined, go_on),
        (OnFailure::Quarantine, FailedAt::TakenBack) => (Noted::Nothing, go_on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_after_each_failure() {
        for (policy, failure, not_judged, want) in [
            (OnFailure::Stop, FailedAt::BeforeCommit, 0, (Noted::Failed, Next::Stop)),
            (OnFailure::Stop, FailedAt::BeforeCommit, 3, (Noted::Failed, Next::Stop)),
            (OnFailure::Stop, FailedAt::TakenBack, 0, (Noted::Nothing, Next::Stop)),
            (OnFailure::Quarantine, FailedAt::BeforeCommit, 2, (Noted::Quarantined, Next::GoOn)),
            (OnFailure::Quarantine, FailedAt::BeforeCommit, 3, (Noted::Quarantined, Next::StopUnjudged)),
            (OnFailure::Quarantine, FailedAt::TakenBack, 0, (Noted::Nothing, Next::GoOn)),
            (OnFailure::Quarantine, FailedAt::TakenBack, 3, (Noted::Nothing, Next::StopUnjudged)),
        ] {
            assert_eq!(after(policy, failure, not_judged), want, "{policy:?} {failure:?} {not_judged}");
        }
    }
}
