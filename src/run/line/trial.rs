//! One candidate being judged in a thread of its own, which sends what happens to the owner of the line.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::Scope;

use git2::Oid;

use crate::event::Event;
use crate::interrupt::{Interrupt, Signal};
use crate::judge::{Judge, Purpose, Question, Verdict};
use crate::run::judging::Apart;
use crate::schedule::line::JudgingId;
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;
use crate::units::Call;

/// What a thread tells the owner of the line.
pub(super) enum Message {
    /// Something happened.
    Event(JudgingId, Event),
    /// The commands of a candidate ended; nothing of them runs any more.
    Ended(JudgingId, Box<Result<Verdict, Stop>>, Box<Apart>),
}

/// What is asked of a candidate.
pub(super) struct Trial {
    /// Names it.
    pub(super) id: JudgingId,
    /// The commands.
    pub(super) calls: Vec<Call>,
    /// True when a unit takes tests away: fewer tests than before are then no failure.
    pub(super) fewer: bool,
    /// The phase's id.
    pub(super) phase: String,
    /// The last unit that it judges, for people.
    pub(super) unit: UnitId,
    /// The tree that is judged.
    pub(super) tree: Option<Oid>,
    /// The lowest number, from 1 on, that no other has which is being judged.
    pub(super) job: usize,
    /// How many units it judges.
    pub(super) units: usize,
    /// What ends its commands early.
    pub(super) interrupt: Interrupt,
}

impl Trial {
    /// Judges it in a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start<'s>(
        self: Arc<Self>,
        scope: &'s Scope<'s, '_>,
        judge: Arc<Judge<'s>>,
        apart: Apart,
        owner: Sender<Message>,
    ) -> Result<(), Stop> {
        let spawned = std::thread::Builder::new().name("judge".to_owned()).spawn_scoped(scope, move || {
            let question = Question {
                purpose: Purpose::Validate,
                calls: &self.calls,
                fewer: self.fewer,
                phase: &self.phase,
                unit: Some(&self.unit),
                candidate: Some((self.id.0 + 1, self.units)),
                tree: self.tree,
            };
            // An owner that no longer listens has given the run up.
            let mut emit = |event| drop(owner.send(Message::Event(self.id, event)));
            let verdict = apart.judge(&judge, question, (&self.interrupt, self.job), &mut emit);
            drop(owner.send(Message::Ended(self.id, Box::new(verdict), Box::new(apart))));
        });
        spawned.map(drop).map_err(|error| {
            let help = crate::cure::help(&error, "run it with --jobs 1, or let more threads be started");
            Stop::Refused(Note::new(format!("cannot start a thread that judges: {error}"), help))
        })
    }

    /// Ends its commands.
    pub(super) fn cancel(&self) {
        self.interrupt.raise(Signal::Terminate);
    }
}
