//! How a run ends that came to its end: what it says of itself, and with which exit code.

use crate::event::RunOutcome;
use crate::state::Counts;

/// The word that a run earns when nothing stopped it: `done` only where every unit that was asked for is.
#[must_use]
pub fn outcome(asked: Counts) -> RunOutcome {
    if asked.open() > 0 { RunOutcome::NotDone } else { RunOutcome::Done }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn a_run_is_done_only_when_every_unit_that_was_asked_for_is() {
        for state in State::ALL {
            let want = if matches!(state, State::Committed | State::Unchanged) { RunOutcome::Done } else { RunOutcome::NotDone };
            let counts = Counts::of([State::Committed, State::Unchanged, state]);
            assert_eq!(outcome(counts), want, "{state:?}");
        }
        assert_eq!(outcome(Counts::default()), RunOutcome::Done);
    }
}
