//! What happens when a unit fails.

use crate::plan::OnFailure;

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
    /// The next unit, unless too many of the phase were given up.
    GoOn,
}

/// What happens when a unit of a phase with this policy fails.
#[must_use]
pub fn after(policy: OnFailure, failure: FailedAt) -> (Noted, Next) {
    match (policy, failure) {
        (OnFailure::Stop, FailedAt::BeforeCommit) => (Noted::Failed, Next::Stop),
        (OnFailure::Stop, FailedAt::TakenBack) => (Noted::Nothing, Next::Stop),
        (OnFailure::Quarantine, FailedAt::BeforeCommit) => (Noted::Quarantined, Next::GoOn),
        (OnFailure::Quarantine, FailedAt::TakenBack) => (Noted::Nothing, Next::GoOn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_after_each_failure() {
        for (policy, failure, want) in [
            (OnFailure::Stop, FailedAt::BeforeCommit, (Noted::Failed, Next::Stop)),
            (OnFailure::Stop, FailedAt::TakenBack, (Noted::Nothing, Next::Stop)),
            (OnFailure::Quarantine, FailedAt::BeforeCommit, (Noted::Quarantined, Next::GoOn)),
            (OnFailure::Quarantine, FailedAt::TakenBack, (Noted::Nothing, Next::GoOn)),
        ] {
            assert_eq!(after(policy, failure), want, "{policy:?} {failure:?}");
        }
    }
}
