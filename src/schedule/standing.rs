//! How it is decided where a unit stands: by what the branch's commits say, by what its file holds now, and by what the journal remembers.

use crate::state::State;

/// What the commits of the branch say of a unit: its newest commit or revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// They do not speak of it.
    None,
    /// Its commit is there.
    Landed,
    /// Its commit is there and was taken back.
    TakenBack(By),
}

/// Who asked for a commit to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A command that judged the commit.
    Verification,
    /// The same, of several files that were put together for their size: it says nothing of any one of them.
    VerificationOfSeveral,
    /// The gate of its phase, which it made fail.
    Gate,
    /// A person, with `migrate rollback`.
    Rollback,
    /// A person, by whatever other means.
    Hand,
}

/// What HEAD holds of a unit's file, compared with its newest commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// What that commit made of it.
    AsCommitted,
    /// What was there before that commit.
    AsBefore,
    /// Neither.
    Changed,
    /// No such file.
    Gone,
}

/// What the journal of this work tree remembers of a unit's last attempt, as long as plan and unit are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing that counts.
    None,
    /// It failed and its phase stopped.
    Failed,
    /// It failed and was set aside.
    Quarantined,
}

/// What is known of a unit without a look at what its rules would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What the commits say.
    pub history: History,
    /// True when the newest commit was made by the plan as it is now.
    pub same_plan: bool,
    /// What the file holds; says nothing where there is no history.
    pub content: Content,
    /// What the journal remembers.
    pub attempt: Attempt,
    /// True when an external codemod is among the rules: what there is to do can then be told by a run alone.
    pub codemod: bool,
}

/// Where a unit stands, or the question that decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// There.
    Is(State),
    /// Look whether there is something to do in the file.
    Look {
        /// Where it stands if there is.
        work: State,
        /// Where it stands if not.
        none: State,
    },
}

/// Says where a unit stands. A look, which costs a parse, is asked for only where the blobs differ or the plan does.
#[must_use]
pub fn decide(facts: &Facts) -> Decision {
    use State::{Committed, Failed, Outdated, Pending, Quarantined, RolledBack, Unchanged};
    // An attempt is newer than the commits: it began from them.
    let unless_tried = |state| match facts.attempt {
        Attempt::None => state,
        Attempt::Failed => Failed,
        Attempt::Quarantined => Quarantined,
    };
    let look = |work, none| Decision::Look { work: unless_tried(work), none };
    match (facts.history, facts.content) {
        (History::None, _) => look(Pending, Unchanged),
        // The old use went with the file.
        (History::Landed, Content::Gone) => Decision::Is(Committed),
        (History::TakenBack(_), Content::Gone) => Decision::Is(Unchanged),
        (_, Content::AsCommitted) if facts.attempt == Attempt::None && (facts.same_plan || facts.codemod) => {
            Decision::Is(Committed)
        }
        (History::Landed, Content::AsBefore) => look(RolledBack, Unchanged),
        (_, Content::AsCommitted) | (History::Landed, Content::Changed) => look(Outdated, Committed),
        // Its halves are to be tried.
        (History::TakenBack(By::VerificationOfSeveral), _) => look(Pending, Unchanged),
        // The plan that failed is not the plan any more.
        (History::TakenBack(By::Verification | By::Gate), _) if !facts.same_plan => look(Pending, Unchanged),
        (History::TakenBack(_), _) => look(RolledBack, Unchanged),
    }
}

/// What HEAD holds of what an entry makes, deletes or moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// As the entry would have it.
    AsPlanned,
    /// As it was before.
    AsBefore,
    /// As an earlier plan made it, which is not what the plan says now.
    MadeOtherwise,
}

/// Says where a file stands that comes, goes or moves, once the commits speak of it. Whatever somebody puts where a file went is theirs:
/// it is never taken away again unasked.
#[must_use]
pub fn decide_whereabouts(history: History, same_plan: bool, attempt: Attempt, place: Whereabouts) -> State {
    match (attempt, place, history) {
        (Attempt::Failed, Whereabouts::AsBefore, _) => State::Failed,
        (Attempt::Quarantined, Whereabouts::AsBefore, _) => State::Quarantined,
        (_, Whereabouts::MadeOtherwise, _) => State::Outdated,
        (_, Whereabouts::AsPlanned, History::TakenBack(_)) => State::Unchanged,
        (_, Whereabouts::AsPlanned, _) => State::Committed,
        (_, Whereabouts::AsBefore, History::None | History::TakenBack(By::VerificationOfSeveral)) => State::Pending,
        (_, Whereabouts::AsBefore, History::TakenBack(By::Verification | By::Gate)) if !same_plan => State::Pending,
        (_, Whereabouts::AsBefore, _) => State::RolledBack,
    }
}

/// Where a unit stands whose files stand there: with the worst of them.
#[must_use]
pub fn worst(files: impl IntoIterator<Item = State>) -> State {
    let weight = |state: &State| match state {
        State::Unchanged => 0,
        State::Committed => 1,
        State::Pending => 2,
        State::Running => 3,
        State::Outdated => 4,
        State::RolledBack => 5,
        State::Quarantined => 6,
        State::Failed => 7,
    };
    files.into_iter().max_by_key(weight).unwrap_or(State::Unchanged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_unit_stands_by_its_history_its_file_and_what_was_tried() {
        use Attempt::{Failed as F, None as N, Quarantined as Q};
        use Content::{AsBefore, AsCommitted, Changed, Gone};
        use State::{Committed, Failed, Outdated, Pending, Quarantined, RolledBack, Unchanged};
        let landed = History::Landed;
        let (by_verify, by_hand) = (History::TakenBack(By::Verification), History::TakenBack(By::Hand));
        let by_rollback = History::TakenBack(By::Rollback);
        let of_several = History::TakenBack(By::VerificationOfSeveral);
        let is = Decision::Is;
        let look = |work, none| Decision::Look { work, none };
        // history, same plan, content, attempt, codemod -> decision
        let rows = [
            (History::None, false, Changed, N, false, look(Pending, Unchanged)),
            (History::None, false, Changed, F, false, look(Failed, Unchanged)),
            (History::None, false, Changed, Q, false, look(Quarantined, Unchanged)),
            (landed, true, AsCommitted, N, false, is(Committed)),
            (landed, false, AsCommitted, N, false, look(Outdated, Committed)),
            (landed, false, AsCommitted, N, true, is(Committed)),
            (landed, false, AsCommitted, Q, false, look(Quarantined, Committed)),
            (landed, true, AsBefore, N, false, look(RolledBack, Unchanged)),
            (landed, true, AsBefore, F, false, look(Failed, Unchanged)),
            (landed, true, Changed, N, false, look(Outdated, Committed)),
            (landed, true, Changed, Q, false, look(Quarantined, Committed)),
            (landed, true, Gone, N, false, is(Committed)),
            (by_verify, true, AsBefore, N, false, look(RolledBack, Unchanged)),
            (by_verify, false, AsBefore, N, false, look(Pending, Unchanged)),
            (by_verify, true, Changed, N, false, look(RolledBack, Unchanged)),
            (by_verify, true, AsCommitted, N, false, is(Committed)),
            (of_several, true, AsBefore, N, false, look(Pending, Unchanged)),
            (of_several, true, AsBefore, Q, false, look(Quarantined, Unchanged)),
            (of_several, true, Gone, N, false, is(Unchanged)),
            (by_hand, true, AsBefore, N, false, look(RolledBack, Unchanged)),
            (by_rollback, false, AsBefore, N, false, look(RolledBack, Unchanged)),
            (by_hand, false, AsBefore, N, false, look(RolledBack, Unchanged)),
            (by_hand, true, AsBefore, Q, false, look(Quarantined, Unchanged)),
            (by_hand, true, Changed, N, false, look(RolledBack, Unchanged)),
            (by_hand, false, AsCommitted, N, false, look(Outdated, Committed)),
            (by_hand, true, Gone, N, false, is(Unchanged)),
        ];
        for (history, same_plan, content, attempt, codemod, want) in rows {
            let facts = Facts { history, same_plan, content, attempt, codemod };
            assert_eq!(decide(&facts), want, "{facts:?}");
        }
    }

    #[test]
    fn a_unit_stands_where_the_worst_of_its_files_does() {
        use State::{Committed, Failed, Outdated, Pending, Quarantined, RolledBack, Running, Unchanged};
        for (files, want) in [
            (&[Unchanged, Unchanged][..], Unchanged),
            (&[Unchanged, Committed], Committed),
            (&[Committed, Pending, Unchanged], Pending),
            (&[Pending, Running], Running),
            (&[Committed, Outdated, Pending], Outdated),
            (&[RolledBack, Outdated], RolledBack),
            (&[RolledBack, Quarantined, Committed], Quarantined),
            (&[Quarantined, Failed], Failed),
        ] {
            assert_eq!(worst(files.iter().copied()), want, "{files:?}");
        }
    }

    #[test]
    fn where_a_file_stands_that_comes_goes_or_moves() {
        use Attempt::{Failed as F, None as N, Quarantined as Q};
        use State::{Committed, Failed, Outdated, Pending, Quarantined, RolledBack, Unchanged};
        use Whereabouts::{AsBefore, AsPlanned, MadeOtherwise};
        let taken = History::TakenBack;
        for (history, same_plan, attempt, place, want) in [
            (History::Landed, true, N, AsPlanned, Committed),
            (History::Landed, true, N, AsBefore, RolledBack),
            (History::Landed, false, N, AsBefore, RolledBack),
            (taken(By::Rollback), true, N, AsBefore, RolledBack),
            (taken(By::Hand), true, N, AsPlanned, Unchanged),
            (taken(By::Verification), true, N, AsBefore, RolledBack),
            (taken(By::Verification), false, N, AsBefore, Pending),
            (taken(By::Gate), true, N, AsBefore, RolledBack),
            (taken(By::Gate), false, N, AsBefore, Pending),
            (taken(By::VerificationOfSeveral), true, N, AsBefore, Pending),
            (taken(By::Rollback), true, Q, AsBefore, Quarantined),
            (History::Landed, true, F, AsBefore, Failed),
            (History::Landed, true, F, AsPlanned, Committed),
            (History::Landed, false, N, MadeOtherwise, Outdated),
            (taken(By::Hand), false, F, MadeOtherwise, Outdated),
        ] {
            assert_eq!(
                decide_whereabouts(history, same_plan, attempt, place),
                want,
                "{history:?} {same_plan} {attempt:?} {place:?}"
            );
        }
    }
}
