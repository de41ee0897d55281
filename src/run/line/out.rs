//! Units that are out of the line: given up, or replaced by their halves or another attempt.

use crate::event::Event;
use crate::run::ended::Failure;
use crate::run::line::{Entry, Lane, Readied, Through};
use crate::schedule::line::{Condition, Entrant, Fault, Instead, Ticket};
use crate::stop::Stop;
use crate::units::Unit;

impl Lane<'_, '_> {
    /// Tells that a unit failed.
    pub(super) fn give_up(&mut self, place: Ticket, fault: Fault, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let with = match fault {
            Fault::Draft | Fault::Own => String::new(),
            Fault::With(other) => format!("; it fails only together with {}", self.entries[other.0].part.id),
            Fault::WithEarlier => "; it passes without the units before it".to_owned(),
        };
        let entry = &mut self.entries[place.0];
        let failure = entry.failure.take().unwrap_or_else(|| Failure::found("it failed", "run migrate again"));
        let failure = Failure { reason: format!("{}{with}", failure.reason), ..failure };
        if let Some((attempt, _)) = entry.drafted.take() {
            attempt.tell_before(emit);
        }
        let (part, whole) = (entry.part.clone(), entry.whole);
        if !part.is_atomic() {
            // Together it could not land: its halves are tried.
            self.halve(whole, &part, failure, emit);
            return Ok(());
        }
        self.has_ended(whole, &part);
        self.started(whole, &part, emit);
        self.note_failed(&part, failure, emit)
    }

    /// Notes that a part landed, had nothing to do or failed: after a commit of somebody else it is not begun anew.
    pub(super) fn has_ended(&mut self, whole: usize, part: &Unit) {
        if let Some(left) = self.left.get_mut(&whole) {
            part.paths().for_each(|path| drop(left.take(path)));
        }
    }

    /// Notes that a part failed; what that means for the phase is kept until what is decided is done.
    pub(super) fn note_failed(&mut self, part: &Unit, failure: Failure, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        match self.run.unit_failed(part, failure, emit) {
            Err(stop @ Stop::Failed(_)) => self.end(stop),
            noted => noted?,
        }
        Ok(())
    }

    /// Ends the phase for this, unless it ends already, once what is decided is done.
    pub(super) fn end(&mut self, stop: Stop) {
        if self.ended.is_ok() {
            self.ended = Err(stop);
        }
    }

    /// Tries the halves of a part once more of which is known only that it fails as a whole.
    pub(super) fn halve(&mut self, whole: usize, part: &Unit, failure: Failure, emit: &mut dyn FnMut(Event)) {
        self.run.split(part, failure.reason, emit);
        let [first, second] = part.halves();
        self.pending.push_front((whole, second));
        self.pending.push_front((whole, first));
        self.line.reopen();
    }

    /// Says what comes in the stead of a unit that failed: its halves, or another attempt of its codemods.
    pub(super) fn instead(&mut self, place: Ticket, emit: &mut dyn FnMut(Event)) -> Result<Through, Stop> {
        let entry = &mut self.entries[place.0];
        let (part, whole, tried) = (entry.part.clone(), entry.whole, entry.tried);
        let failure = entry.failure.take().unwrap_or_else(|| Failure::found("it failed", "run migrate again"));
        entry.drafted = None;
        let mut how = Instead::Another;
        let why = failure.clone();
        let parts = if self.run.may_try_again(&part, &failure, tried) {
            self.run.try_again(&part, failure, tried + 1, emit)?;
            vec![(part, tried + 1)]
        } else if part.is_atomic() {
            // It was tried as often as the plan says.
            self.entries.push(Entry { part, whole, drafted: None, failure: Some(failure), tried, commit: None });
            self.line.instead(&[Entrant { whole, kind: Condition::Unsound }], Instead::Another);
            return Ok(Through::Done);
        } else {
            self.run.split(&part, failure.reason, emit);
            how = Instead::Parts;
            part.halves().into_iter().filter(|half| !half.files.is_empty()).map(|half| (half, 1)).collect()
        };
        let (mut entries, mut drafts) = (Vec::new(), Vec::new());
        for (part, tried) in parts {
            let made = self.draft(&part, emit)?;
            if let Readied::Void = made {
                return Ok(Through::Void);
            }
            match self.entry(whole, part, made, tried, emit)? {
                Some((entry, kind)) => {
                    entries.push(entry);
                    drafts.push(Entrant { whole, kind });
                }
                // Together they are something else than what failed.
                None => how = Instead::Another,
            }
        }
        self.run.judge.give_feedback(String::new());
        // Together they are known to fail: when all others pass it is the last of them, and it is not asked again.
        if let (Instead::Parts, Some(last)) = (how, entries.last_mut()) {
            last.failure.get_or_insert(why);
        }
        self.entries.extend(entries);
        self.line.instead(&drafts, how);
        Ok(Through::Done)
    }
}
