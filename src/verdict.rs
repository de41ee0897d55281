//! The kinds of verdict: in one word, what a command's end says of what it judged.

use serde::{Deserialize, Serialize};

/// A kind of verdict. Its word is the same in events, status, journal and trailers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// It passed.
    Passed,
    /// It failed; where tests were read, these by name.
    Failed,
    /// It failed as it did before, and in nothing else.
    RedBefore,
    /// It passed when it, or some of its tests, were run again.
    Flaky,
    /// No test ran.
    NothingRan,
    /// It was ended because it took too long.
    TimedOut,
    /// It wrote no report, or none that can be read.
    NoReport,
    /// Its exit status and what it says of tests disagree.
    Contradictory,
    /// It was ended because the run was: no verdict.
    Interrupted,
}

impl VerdictKind {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Passed,
        Self::Failed,
        Self::RedBefore,
        Self::Flaky,
        Self::NothingRan,
        Self::TimedOut,
        Self::NoReport,
        Self::Contradictory,
        Self::Interrupted,
    ];

    /// Its word everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::RedBefore => "red-before",
            Self::Flaky => "flaky",
            Self::NothingRan => "nothing-ran",
            Self::TimedOut => "timed-out",
            Self::NoReport => "no-report",
            Self::Contradictory => "contradictory",
            Self::Interrupted => "interrupted",
        }
    }

    /// The kind that has this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// True when a unit may land with it.
    #[must_use]
    pub fn lets_land(self) -> bool {
        matches!(self, Self::Passed | Self::Flaky | Self::RedBefore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_word_in_text_and_in_data() {
        for kind in VerdictKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
            assert_eq!(VerdictKind::of_word(kind.word()), Some(kind));
        }
    }
}
