//! How an attempt at a unit ended, and how often a thing is attempted.

use std::path::Path;

use crate::event::Event;
use crate::stop::{Note, Stop};
use crate::unit::sound::Unsound;
use crate::verdict::VerdictKind;

/// How one unit ended.
pub(super) enum Ended {
    Committed,
    Unchanged,
    Failed(Failure),
}

/// What failed in a unit, and what became of it.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) help: String,
    pub(super) log: Option<String>,
    /// How a command judged it, if one did.
    pub(super) verdict: Option<VerdictKind>,
    /// True when the command could not judge it: it took too long, or did not find what it needs.
    pub(super) not_judged: bool,
    /// True when its commit was taken back.
    pub(super) reverted: bool,
}

impl Failure {
    /// That a command says so, whose output is in `log`.
    pub(super) fn of_command(reason: String, log: &Path, kind: VerdictKind, not_judged: bool) -> Self {
        let log = log.display().to_string();
        Self { reason, help: format!("see {log}"), log: Some(log), verdict: Some(kind), not_judged, reverted: false }
    }

    /// That something was found, which no command said.
    pub(super) fn found(reason: impl Into<String>, help: impl Into<String>) -> Self {
        let (reason, help) = (reason.into(), help.into());
        Self { reason, help, log: None, verdict: None, not_judged: false, reverted: false }
    }
}

impl From<Unsound> for Failure {
    fn from(unsound: Unsound) -> Self {
        Self::found(unsound.reason, unsound.help)
    }
}

/// So often a thing is judged again because somebody committed meanwhile; more often, a command of the plan is likely to do it.
pub(super) const MOST_ATTEMPTS: usize = 3;

/// Says that a verdict was void.
pub(super) fn judged_again(what: &str) -> Event {
    let message = format!("the branch got other commits while {what} was judged: it is judged again on top of them");
    Event::Warning { message, help: None }
}

/// Says that a verdict was void, since the user edited these files while something was judged.
pub(super) fn edited_meanwhile(files: &[String], what: &str) -> Event {
    let message = format!("{} changed in the work tree while {what} was judged: it is judged again without", files.join(", "));
    Event::Warning { message, help: None }
}

/// Why a thing is not judged for ever beside edits.
pub(super) fn keeps_changing() -> Stop {
    let message = format!("tracked files changed each of the {MOST_ATTEMPTS} times that a command judged");
    Stop::NeedsYou(Note::new(message, "see `git status`: if a program writes them, stop it, then run migrate again"))
}

/// Why a thing is not judged for ever.
pub(super) fn keeps_moving(what: &str) -> Stop {
    let message = format!("the branch got other commits each of the {MOST_ATTEMPTS} times that {what} was judged");
    Stop::NeedsYou(Note::new(message, "see `git log`: if a command of the plan makes commits, correct it; else run again"))
}

/// What an attempt at a unit came to.
pub(super) enum Tried {
    /// The unit ended.
    Ended(Ended),
    /// Somebody else committed meanwhile: what was made of it and judged is void, and its file is as it was.
    Void,
    /// What failed fails without the unit too: it is judged again, and answers for new failures only.
    Again,
}
