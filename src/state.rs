//! Where a unit stands, and how many stand where.

use serde::{Deserialize, Serialize};

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not done yet.
    Pending,
    /// Begun and not ended: a run is at it, or was killed.
    Running,
    /// Its file holds what its commit made of it, or nothing that is still to do.
    Committed,
    /// There is nothing to do in it.
    Unchanged,
    /// It failed, and its phase stopped there.
    Failed,
    /// It failed and was set aside.
    Quarantined,
    /// Its commit was taken back, or its old text is back.
    RolledBack,
    /// It was committed, and there is something to do in it again.
    Outdated,
}

impl State {
    /// All, in the order in which they are counted up.
    pub const ALL: [Self; 8] = [
        Self::Committed,
        Self::Unchanged,
        Self::Failed,
        Self::Quarantined,
        Self::RolledBack,
        Self::Outdated,
        Self::Running,
        Self::Pending,
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Committed => "committed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::RolledBack => "rolled-back",
            Self::Outdated => "outdated",
        }
    }

    /// The state of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// True when nothing is left to do about the unit.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Committed | Self::Unchanged)
    }

    /// True when a plain run leaves the unit alone although it is not done.
    #[must_use]
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Quarantined | Self::RolledBack)
    }
}

/// How many units are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All units.
    pub total: usize,
    /// Those committed or unchanged.
    pub done: usize,
    /// See [`State::Pending`]; the others likewise.
    pub pending: usize,
    /// Begun and not ended.
    pub running: usize,
    /// Their files hold what their commits made of them.
    pub committed: usize,
    /// There was nothing to do.
    pub unchanged: usize,
    /// Failed, and their phase stopped.
    pub failed: usize,
    /// Failed and set aside.
    pub quarantined: usize,
    /// Taken back.
    pub rolled_back: usize,
    /// To be done again.
    pub outdated: usize,
}

impl Counts {
    /// Counts up states.
    pub fn of(states: impl IntoIterator<Item = State>) -> Self {
        let mut counts = Self::default();
        for state in states {
            counts.total += 1;
            counts.done += usize::from(state.is_done());
            *counts.cell(state) += 1;
        }
        counts
    }

    /// How many are in a state.
    #[must_use]
    pub fn get(mut self, state: State) -> usize {
        *self.cell(state)
    }

    fn cell(&mut self, state: State) -> &mut usize {
        match state {
            State::Pending => &mut self.pending,
            State::Running => &mut self.running,
            State::Committed => &mut self.committed,
            State::Unchanged => &mut self.unchanged,
            State::Failed => &mut self.failed,
            State::Quarantined => &mut self.quarantined,
            State::RolledBack => &mut self.rolled_back,
            State::Outdated => &mut self.outdated,
        }
    }

    /// Those that are not done.
    #[must_use]
    pub fn open(self) -> usize {
        self.total - self.done
    }

    /// Those that a plain run leaves alone although they are not done.
    #[must_use]
    pub fn given_up(self) -> usize {
        State::ALL.into_iter().filter(|state| state.is_given_up()).map(|state| self.get(state)).sum()
    }

    /// Those that a plain run takes up.
    #[must_use]
    pub fn left(self) -> usize {
        self.open() - self.given_up()
    }

    /// `3 of 5 done (60%)`; a share is rounded down, so that 100% means all.
    #[must_use]
    pub fn share(self) -> String {
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(100);
        format!("{} of {} done ({percent}%)", self.done, self.total)
    }

    /// `2 committed, 1 pending`: of the states that `shows` takes, those that some unit is in.
    #[must_use]
    pub fn words(self, shows: impl Fn(State) -> bool) -> String {
        let counted = State::ALL.into_iter().filter(|state| shows(*state)).map(|state| (self.get(state), state.word()));
        let words: Vec<String> = counted.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_a_word_of_its_own_and_is_done_given_up_or_left() {
        for state in State::ALL {
            assert_eq!(State::of_word(state.word()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        let words =
            |test: fn(State) -> bool| State::ALL.into_iter().filter(|state| test(*state)).map(State::word).collect::<Vec<_>>();
        assert_eq!(words(State::is_done), ["committed", "unchanged"]);
        assert_eq!(words(State::is_given_up), ["quarantined", "rolled-back"]);
        let counts = Counts::of(State::ALL);
        assert_eq!((counts.total, counts.done, counts.given_up(), counts.left(), counts.open()), (8, 2, 2, 4, 6));
    }

    #[test]
    fn counts_are_told_in_one_order_and_a_share_is_rounded_down() {
        let counts = Counts::of([State::Pending, State::Committed, State::RolledBack, State::Pending]);
        assert_eq!(counts.words(|_| true), "1 committed, 1 rolled-back, 2 pending");
        assert_eq!(counts.words(|state| !state.is_done()), "1 rolled-back, 2 pending");
        assert_eq!(counts.share(), "1 of 4 done (25%)");
        assert_eq!(Counts::default().share(), "0 of 0 done (100%)");
    }
}
