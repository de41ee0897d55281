//! How units come into a line, and back into it.

use crate::schedule::line::{Act, Asked, Decided, Draft, Fault, Kind, Line, Place, Seat, What};

impl Line {
    /// How many more units are of use now.
    #[must_use]
    pub fn wants(&self) -> usize {
        if self.closed || self.tally.ending.is_some() || self.cut.is_some() {
            return 0;
        }
        let size = self.batch_size();
        let free = self.policy.jobs.saturating_sub(self.running.len());
        let ahead = (self.last_end() - self.accepted.len()).min(self.queue.len());
        ((free + 1) * size).saturating_sub(self.queue.len() - ahead)
    }

    /// Takes the next unit in plan order.
    pub fn push(&mut self, draft: Draft) -> Place {
        let unit = self.next_place(draft.whole);
        self.enter(unit, draft);
        if draft.kind == Kind::Unsound {
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

    /// Says what comes in the stead of the unit that [`Act::Instead`] named: its halves, its next attempt, or nothing where nothing is
    /// to be done any more. One that cannot be replaced is to be given up: `instead(&[Draft { kind: Kind::Unsound, .. }])`.
    pub fn instead(&mut self, drafts: &[Draft]) -> Vec<Place> {
        let Some(seat) = self.waits_for.take() else { return Vec::new() };
        let places: Vec<Place> = drafts.iter().map(|draft| self.next_place(draft.whole)).collect();
        let rest: Vec<(Place, Draft)> = self.queue.drain(..).flat_map(Seat::into_drafts).collect();
        let unsound = seat.unsound.into_iter().map(|(unit, whole)| (unit, Draft { whole, kind: Kind::Unsound }));
        places
            .iter()
            .copied()
            .zip(drafts.iter().copied())
            .chain(unsound)
            .chain(rest)
            .for_each(|(unit, draft)| self.enter(unit, draft));
        self.park_what_cannot_land();
        places
    }

    fn next_place(&mut self, whole: usize) -> Place {
        self.wholes.push(whole);
        Place(self.wholes.len() - 1)
    }

    fn enter(&mut self, unit: Place, draft: Draft) {
        let Draft { whole, kind } = draft;
        let last = self.tally.ending.map(|(_, whole)| whole).or(self.cut);
        if last.is_some_and(|last| last != whole) {
            self.parked.push((unit, draft));
            return;
        }
        match (kind, self.queue.back_mut()) {
            (Kind::Unsound, Some(seat)) => seat.unsound.push((unit, whole)),
            (Kind::Unsound, None) => {
                let before = self.tally;
                self.give_up(whole, false);
                self.decided.push_back(Decided { before, what: What::Unsound(unit, whole) });
            }
            _ => self.queue.push_back(Seat { unit, whole, replaceable: kind == Kind::Replaceable, unsound: Vec::new() }),
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
                    parked.push((*unit, Draft { whole: *whole, kind: Kind::Unsound }));
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

    /// Some of a lot have landed, the others have not.
    pub(super) fn land_in_part(&mut self, many: usize) {
        let Some(Decided { what: What::Lot(seats, _), before }) = self.decided.front_mut() else { return };
        for seat in seats.drain(..many) {
            self.landed += 1;
            before.rate.learn(false);
            before.not_judged = 0;
            for (unit, whole) in seat.unsound {
                let why = before.give_up(&self.policy, whole, false);
                before.ending = before.ending.or(why.map(|why| (why, whole)));
                self.acts.push(Act::GiveUp { unit, fault: Fault::Draft });
            }
        }
        self.restore(None);
    }

    /// Puts what is decided and not done back into the line, without one unit, and forgets all verdicts. Gives whether
    /// the line had that one.
    pub(super) fn restore(&mut self, without: Option<Place>) -> bool {
        let mut back = Vec::new();
        if let Some(first) = self.decided.front() {
            self.tally = first.before;
        }
        for Decided { what, .. } in std::mem::take(&mut self.decided) {
            match what {
                What::Lot(seats, _) => back.extend(seats.into_iter().flat_map(Seat::into_drafts)),
                What::Out(seat, _) => back.extend(seat.into_drafts()),
                What::Unsound(unit, whole) => back.push((unit, Draft { whole, kind: Kind::Unsound })),
            }
        }
        back.extend(std::mem::take(&mut self.queue).into_iter().flat_map(Seat::into_drafts));
        back.append(&mut self.parked);
        self.accepted.truncate(self.landed);
        self.seen.clear();
        for (id, running) in &mut self.running {
            if !running.cancelled {
                running.cancelled = true;
                self.acts.push(Act::Cancel(*id));
            }
        }
        (self.cut, self.told_landing, self.told_end) = (None, false, false);
        let waiting = back.len();
        back.retain(|(other, _)| Some(*other) != without);
        let mut had = back.len() < waiting;
        if let Some(at) = self.accepted.iter().position(|other| Some(*other) == without) {
            self.accepted.remove(at);
            self.landed -= 1;
            had = true;
        }
        back.into_iter().for_each(|(unit, draft)| self.enter(unit, draft));
        self.park_what_cannot_land();
        had
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
    fn into_drafts(self) -> Vec<(Place, Draft)> {
        let kind = if self.replaceable { Kind::Replaceable } else { Kind::Sound };
        let unsound = self.unsound.into_iter().map(|(unit, whole)| (unit, Draft { whole, kind: Kind::Unsound }));
        std::iter::once((self.unit, Draft { whole: self.whole, kind })).chain(unsound).collect()
    }
}
