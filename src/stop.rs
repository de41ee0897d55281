//! Why the flow ended before everything asked for was done, by what a person has to do about it.

use crate::copies::CopyError;
use crate::cure;
use crate::fs::FileProblem;
use crate::interrupt::Signal;
use crate::journal::JournalProblem;
use crate::lock::LockProblem;
use crate::plan::diagnostics::Problems;
use crate::repo::RepoProblem;
use crate::repo::target::TargetProblem;

/// The end of a command that is not success.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// A unit or a gate failed: the plan or the code needs work.
    #[error("{0}")]
    Failed(Note),
    /// A command came to its end, and units that were asked for are not done.
    #[error("{0}")]
    NotDone(Note),
    /// What was typed, or the plan, is wrong.
    #[error("{0}")]
    Usage(Note),
    /// The plan has problems, each with its place.
    #[error("the plan has problems")]
    Plan(Problems),
    /// Rules of the plan can do nothing, each with its place.
    #[error("rules of the plan can do nothing")]
    Rules(Problems),
    /// Files that the plan names are in a state that is not touched, each with its place in the plan.
    #[error("files of the plan are not ready")]
    Targets(Problems),
    /// The repository is in a state that is not touched.
    #[error("{0}")]
    Refused(Note),
    /// Someone edited meanwhile, or a conflict: a person must look.
    #[error("{0}")]
    NeedsYou(Note),
    /// A signal asked to end.
    #[error("interrupted by {0}")]
    Interrupted(Signal),
    /// A signal asked to end before the first unit was begun: there is nothing to go on with.
    #[error("interrupted by {0} before the first unit")]
    Unbegun(Signal),
}

/// A message and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Note {
    /// A lower-case fragment, for after `error:`.
    pub message: String,
    /// For after `help:`.
    pub help: String,
}

impl Note {
    /// A note of the two texts.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl From<RepoProblem> for Stop {
    fn from(problem: RepoProblem) -> Self {
        let note = Note::new(problem.to_string(), problem.help());
        match problem {
            RepoProblem::Moved { .. } | RepoProblem::Gone { .. } | RepoProblem::Switched { .. } | RepoProblem::Restaged(_) => {
                Self::NeedsYou(note)
            }
            _ => Self::Refused(note),
        }
    }
}

impl From<FileProblem> for Stop {
    fn from(problem: FileProblem) -> Self {
        match problem {
            FileProblem::Changed { .. } => {
                Self::NeedsYou(Note::new(problem.to_string(), "your version was kept; look at it, then run migrate again"))
            }
            _ => {
                let help = problem.help("fix the cause, then run migrate again");
                Self::Refused(Note::new(problem.to_string(), format!("nothing of it was changed; {help}")))
            }
        }
    }
}

impl From<TargetProblem> for Stop {
    fn from(problem: TargetProblem) -> Self {
        match problem {
            TargetProblem::Repo(problem) => problem.into(),
            problem => Self::Refused(Note::new(problem.to_string(), problem.help())),
        }
    }
}

impl From<CopyError> for Stop {
    fn from(problem: CopyError) -> Self {
        Self::Refused(Note::new(problem.to_string(), problem.help()))
    }
}

impl From<JournalProblem> for Stop {
    fn from(problem: JournalProblem) -> Self {
        let help = match &problem {
            JournalProblem::Newer { .. } => "use the version of migrate that wrote it",
            JournalProblem::Damaged { .. } => {
                "check with `git status` that no file is half migrated, then move the journal away: git keeps what is done"
            }
            JournalProblem::Io { source, .. } => {
                cure::help(source, "fix the cause, then run migrate again: it goes on where it stopped")
            }
        };
        Self::Refused(Note::new(problem.to_string(), help))
    }
}

impl From<LockProblem> for Stop {
    fn from(problem: LockProblem) -> Self {
        let help = match &problem {
            LockProblem::Held { .. } => "wait for it to end, or stop it; then run migrate again",
            LockProblem::Io { source, .. } => cure::help(source, "fix the cause, then run migrate again"),
        };
        Self::Refused(Note::new(problem.to_string(), help))
    }
}
