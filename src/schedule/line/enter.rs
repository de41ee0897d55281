//! How units come into a line, and back into it.

use crate::schedule::line::{Act, Asked, Condition, Decided, Entrant, Instead, Line, Seat, Ticket, What};

impl Line {
    /// How many more units are of use now.
    #[must_use]
    pub fn wants(&self) -> usize {
        if self.closed || self.tally.ending.is_some() || self.cut.is_some() {
            return 0;
        }
        let size = self.batch_size();
        let free = self.jobs().saturating_sub(self.running.len());
        let ahead = (self.last_end() - self.accepted.len()).min(self.queue.len());
        ((free + 1) * size).saturating_sub(self.queue.len() - ahead)
    }

    /// Takes the next unit in plan order.
    pub fn push(&mut self, draft: Entrant) -> Ticket {
        let unit = self.next_place(draft.whole);
        self.enter(unit, draft);
        if draft.kind == Condition::Unsound {
            self.park_what_cannot_land();
        }
        unit
    }

    /// Says that no more units come.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Says that more units come after all: what landed was taken back, and its parts are to be tried.
    pub fn reopen(&mut self) {
        (self.closed, self.told_end) = (false, false);
    }

    /// Says what comes in the stead of the unit that [`Act::Instead`] named. Nothing where nothing is to be done any more, and an unsound
    /// one where there is nothing else to try: it is given up then. Gives their places.
    pub fn instead(&mut self, drafts: &[Entrant], instead: Instead) -> Vec<Ticket> {
        let Some((seat, seen)) = self.waits_for.take() else { return Vec::new() };
        let places: Vec<Ticket> = drafts.iter().map(|draft| self.next_place(draft.whole)).collect();
        let all_sound = drafts.iter().all(|draft| draft.kind != Condition::Unsound);
        let rest: Vec<(Ticket, Entrant)> = self.queue.drain(..).flat_map(Seat::into_drafts).collect();
        let unsound = seat.unsound.into_iter().map(|(unit, whole)| (unit, Entrant { whole, kind: Condition::Unsound }));
        // What is parked stays there; what was not stands before it.
        self.cut = None;
        let new = places.iter().copied().zip(drafts.iter().copied());
        new.chain(unsound).chain(rest).for_each(|(unit, draft)| self.enter(unit, draft));
        if instead == Instead::Parts && all_sound && !drafts.is_empty() {
            // The candidate with all of them is the one that failed.
            self.seen.insert(self.accepted.len() + drafts.len(), seen);
        }
        self.park_what_cannot_land();
        places
    }

    fn next_place(&mut self, whole: usize) -> Ticket {
        self.wholes.push(whole);
        Ticket(self.wholes.len() - 1)
    }

    fn enter(&mut self, unit: Ticket, draft: Entrant) {
        let Entrant { whole, kind } = draft;
        let last = self.tally.ending.map(|(_, whole)| whole).or(self.cut);
        if last.is_some_and(|last| last != whole) {
            self.parked.push((unit, draft));
            return;
        }
        match (kind, self.queue.back_mut()) {
            (Condition::Unsound, Some(seat)) => seat.unsound.push((unit, whole)),
            (Condition::Unsound, None) => self.is_unsound(unit, whole),
            _ => self.queue.push_back(Seat { unit, whole, replaceable: kind == Condition::Replaceable, unsound: Vec::new() }),
        }
    }

    /// Parks what stands behind the end of the phase: behind the unit with which it ends, or behind an unsound one with which it is going
    /// to end, whatever becomes of those before it.
    pub(super) fn park_what_cannot_land(&mut self) {
        let mut tally = self.tally;
        let mut last = tally.ending.map(|(_, whole)| whole);
        let mut parked = Vec::new();
        for mut seat in std::mem::take(&mut self.queue) {
            if last.is_some_and(|last| last != seat.whole) {
                parked.extend(seat.into_drafts());
                continue;
            }
            seat.unsound.retain(|(unit, whole)| {
                if last.is_some_and(|last| last != *whole) {
                    parked.push((*unit, Entrant { whole: *whole, kind: Condition::Unsound }));
                    return false;
                }
                if tally.give_up(&self.policy, *whole, false).is_some() {
                    last = Some(*whole);
                }
                true
            });
            self.queue.push_back(seat);
        }
        self.cut = last;
        if !parked.is_empty() {
            self.parked.splice(0..0, parked);
            let end = self.accepted.len() + self.queue.len();
            self.seen.retain(|other, _| *other <= end);
            self.cancel(|other| other > end);
        }
    }

    /// Puts what is decided and not done back into the line, without one unit, and forgets all verdicts.
    pub(super) fn restore(&mut self, without: Option<Ticket>) {
        let mut back = Vec::new();
        if let Some(first) = self.decided.front() {
            self.tally = first.before;
        }
        for Decided { what, .. } in std::mem::take(&mut self.decided) {
            match what {
                What::Lot(seats, _) => back.extend(seats.into_iter().flat_map(Seat::into_drafts)),
                What::Out(seat, _) => back.extend(seat.into_drafts()),
                What::Unsound(unit, whole) => back.push((unit, Entrant { whole, kind: Condition::Unsound })),
            }
        }
        back.extend(self.waits_for.take().into_iter().flat_map(|(seat, _)| seat.into_drafts()));
        back.extend(std::mem::take(&mut self.queue).into_iter().flat_map(Seat::into_drafts));
        back.append(&mut self.parked);
        self.accepted.truncate(self.landed);
        self.seen.clear();
        // What the owner does not know of needs no word.
        for act in std::mem::take(&mut self.acts) {
            match act {
                Act::Judge(judge) => drop(self.running.remove(&judge.id)),
                Act::Instead(_) => {}
                other => self.acts.push_back(other),
            }
        }
        for (id, running) in &mut self.running {
            if !running.cancelled {
                running.cancelled = true;
                self.acts.push_back(Act::Cancel(*id));
            }
        }
        (self.cut, self.landing, self.told_end) = (None, 0, false);
        if let Some(unit) = without {
            back.iter_mut().filter(|(other, _)| *other == unit).for_each(|(_, draft)| draft.kind = Condition::Unsound);
            if let Some(at) = self.accepted.iter().position(|other| *other == unit) {
                self.accepted.remove(at);
                self.landed -= 1;
                self.tally.rate.learn(true);
                self.give_up(self.wholes[unit.0], false);
            }
        }
        back.into_iter().for_each(|(unit, draft)| self.enter(unit, draft));
        self.park_what_cannot_land();
    }

    /// Where the last candidate ends that passed or is being judged.
    pub(super) fn last_end(&self) -> usize {
        self.live().map(|(_, end)| end).max().unwrap_or(self.accepted.len())
    }

    /// Begin and end of the members of the candidates that passed or are being judged.
    pub(super) fn live(&self) -> impl Iterator<Item = (usize, usize)> {
        let passed = self.seen.iter().filter(|(_, seen)| seen.verdict == super::Verdict::Passed);
        let running = self.running.values().filter(|running| !running.cancelled).filter_map(|running| match running.asked {
            Asked::Units { from, end } => Some((from, end)),
            Asked::Pair(..) => None,
        });
        passed.map(|(end, seen)| (seen.from, *end)).chain(running)
    }
}

impl Seat {
    fn into_drafts(self) -> Vec<(Ticket, Entrant)> {
        let kind = if self.replaceable { Condition::Replaceable } else { Condition::Sound };
        let unsound = self.unsound.into_iter().map(|(unit, whole)| (unit, Entrant { whole, kind: Condition::Unsound }));
        std::iter::once((self.unit, Entrant { whole: self.whole, kind })).chain(unsound).collect()
    }
}
