//! Whether a rule has anything to do, had once, or never will: what follows from the facts. Nothing here does I/O.

use crate::path::RepoPath;

/// What the files say that git tracks now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// The rule matches in one of them.
    Matches,
    /// It matches in none.
    Nothing,
    /// It matches in none that can be read, and this one holds its words.
    Unread(RepoPath),
}

/// What the history says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// The rule, as it is now, matches what a commit of the plan changed by it, or what the plan began with.
    Matched,
    /// It matches nothing there.
    Never,
    /// It matches nothing there, and the clone does not have the whole history.
    Cut,
}

/// All that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The rule is a command, or the plan says that it may match nothing.
    pub exempt: bool,
    /// The rule matches what another rule or an edit of the plan makes.
    pub fed: bool,
    /// What the files say.
    pub now: Now,
    /// What the history says.
    pub past: Past,
}

/// What a rule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing is asked of it.
    Exempt,
    /// It matches now.
    Alive,
    /// It matched, and matches no more.
    Finished,
    /// It will match what the plan makes.
    Waiting,
    /// It cannot be known.
    Undecided(Doubt),
    /// It never matched.
    Dead,
}

/// Why it cannot be known what a rule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// A file holds its words and cannot be read.
    Unread(RepoPath),
    /// The history is not all there.
    Shallow,
}

/// What a rule is by the facts.
#[must_use]
pub fn liveness(facts: &Facts) -> Liveness {
    match (&facts.now, facts.past) {
        _ if facts.exempt => Liveness::Exempt,
        (Now::Matches, _) => Liveness::Alive,
        (_, Past::Matched) => Liveness::Finished,
        _ if facts.fed => Liveness::Waiting,
        (Now::Unread(path), _) => Liveness::Undecided(Doubt::Unread(path.clone())),
        (Now::Nothing, Past::Cut) => Liveness::Undecided(Doubt::Shallow),
        (Now::Nothing, Past::Never) => Liveness::Dead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_dead_only_where_nothing_says_that_it_lives_or_lived() {
        let path = || RepoPath::new("a.py").unwrap();
        let unread = || Now::Unread(path());
        for (exempt, fed, now, past, want) in [
            (false, false, Now::Matches, Past::Never, Liveness::Alive),
            (false, true, Now::Matches, Past::Cut, Liveness::Alive),
            (false, false, Now::Nothing, Past::Matched, Liveness::Finished),
            (false, true, Now::Nothing, Past::Matched, Liveness::Finished),
            (false, true, Now::Nothing, Past::Never, Liveness::Waiting),
            (false, true, Now::Nothing, Past::Cut, Liveness::Waiting),
            (false, false, Now::Nothing, Past::Cut, Liveness::Undecided(Doubt::Shallow)),
            (false, false, Now::Nothing, Past::Never, Liveness::Dead),
            (false, false, unread(), Past::Never, Liveness::Undecided(Doubt::Unread(path()))),
            (false, false, unread(), Past::Matched, Liveness::Finished),
            (true, false, Now::Nothing, Past::Never, Liveness::Exempt),
        ] {
            let facts = Facts { exempt, fed, now, past };
            assert_eq!(liveness(&facts), want, "{facts:?}");
        }
    }
}
