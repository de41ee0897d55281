//! Which units a run takes up.

use std::collections::BTreeSet;

use crate::state::State;

/// The states that `--retry` can name.
pub const RETRIED: [State; 3] = [State::Failed, State::Quarantined, State::RolledBack];

/// True when a run that was asked to retry units in these states takes up a unit. One that was named by its file is tried again
/// however it ended.
#[must_use]
pub fn takes(state: State, named: bool, retry: &BTreeSet<State>) -> bool {
    match state {
        State::Pending | State::Running | State::Failed | State::Outdated => true,
        State::Quarantined | State::RolledBack => named || retry.contains(&state),
        State::Committed | State::Unchanged => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_units_a_run_takes_up() {
        let none = BTreeSet::new();
        let quarantined = BTreeSet::from([State::Quarantined]);
        let both = BTreeSet::from([State::Quarantined, State::RolledBack]);
        // state: plain, named, --retry quarantined, --retry both
        for (state, want) in [
            (State::Pending, [true, true, true, true]),
            (State::Running, [true, true, true, true]),
            (State::Failed, [true, true, true, true]),
            (State::Outdated, [true, true, true, true]),
            (State::Quarantined, [false, true, true, true]),
            (State::RolledBack, [false, true, false, true]),
            (State::Committed, [false, false, false, false]),
            (State::Unchanged, [false, false, false, false]),
        ] {
            let got = [
                takes(state, false, &none),
                takes(state, true, &none),
                takes(state, false, &quarantined),
                takes(state, false, &both),
            ];
            assert_eq!(got, want, "{state:?}");
        }
    }
}
