//! What is asked of commands, and where they run.

use git2::Oid;

use crate::copies::Copy;
use crate::event::Activity;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::stop::Stop;
use crate::unit_id::UnitId;
use crate::units::Call;

/// What commands are run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An external codemod.
    Transform,
    /// What puts a draft into the project's form.
    Format,
    /// A hook of git's.
    Hook,
    /// Before the commit.
    Validate,
    /// After the commit.
    Verify,
    /// After the phase.
    Gate,
    /// On the tip, without the unit: what a later verdict is held against.
    Before,
    /// For a number.
    Metric,
    /// After a phase was taken back.
    Recovery,
}

impl Purpose {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Transform,
        Self::Format,
        Self::Hook,
        Self::Validate,
        Self::Verify,
        Self::Gate,
        Self::Before,
        Self::Metric,
        Self::Recovery,
    ];

    /// True for commands that are to change the files of their unit.
    #[must_use]
    pub fn changes_files(self) -> bool {
        matches!(self, Self::Transform | Self::Format | Self::Hook)
    }

    /// Its word in names of logs and in reasons.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Format => "format",
            Self::Hook => "hook",
            Self::Validate => "validate",
            Self::Verify => "verify",
            Self::Gate => "gate",
            Self::Before => "before",
            Self::Metric => "metric",
            Self::Recovery => "recovery",
        }
    }

    /// What a command does meanwhile.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Transform => "transforming",
            Self::Format => "formatting",
            Self::Hook => "hook",
            Self::Validate => "validating",
            Self::Verify => "verifying",
            Self::Gate => "gate",
            Self::Before => "on the tip",
            Self::Metric => "measuring",
            Self::Recovery => "recovery",
        }
    }

    pub(super) fn activity(self, command: String) -> Activity {
        match self {
            Self::Transform | Self::Format => Activity::Transforming { command },
            Self::Hook | Self::Validate | Self::Gate | Self::Before => Activity::Validating { command },
            Self::Metric | Self::Recovery => Activity::Validating { command },
            Self::Verify => Activity::Verifying { command },
        }
    }
}

/// What is to be judged, and by which commands.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// What for.
    pub purpose: Purpose,
    /// The commands, to be run in order until one fails.
    pub calls: &'q [Call],
    /// True when the unit takes tests away: fewer tests than before are then no failure.
    pub fewer: bool,
    /// The phase's id.
    pub phase: &'q str,
    /// The unit; of several that are judged together the first; `None` for a gate.
    pub unit: Option<&'q UnitId>,
    /// Which of the candidates of this run it is about, and how many units that judges, where candidates are judged side by side.
    pub candidate: Option<(usize, usize)>,
    /// The tree that is judged, where it is one of git's: a command that passed on it is not run again.
    pub tree: Option<Oid>,
}

impl<'q> Question<'q> {
    /// The one unit that a call is about, which it may name; of units that are judged together, none.
    #[must_use]
    pub fn about(&self, call: &'q Call) -> Option<&'q UnitId> {
        let together = self.candidate.is_some_and(|(_, units)| units > 1);
        call.unit.as_ref().or(self.unit.filter(|_| !together))
    }
}

/// A copy of the work tree in which commands are run.
pub struct Isolated<'c> {
    /// The copy.
    pub copy: &'c Copy,
    /// True for a file that they must leave as it is.
    pub is_guarded: &'c dyn Fn(&RepoPath) -> Result<bool, Stop>,
    /// True when they may change the index.
    pub may_stage: bool,
    /// True for a path that git tracks, or that is inside of what it tracks: nothing is brought there.
    pub is_tracked: &'c dyn Fn(&RepoPath) -> Result<bool, Stop>,
    /// What ends the commands early.
    pub interrupt: &'c Interrupt,
    /// Which of the copies that are in use at a time it is, from 1 on; 0 for what is asked between candidates.
    pub job: usize,
}
