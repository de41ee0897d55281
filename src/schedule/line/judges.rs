//! Which candidates a line has judged next.

use crate::schedule::line::{Act, Asked, Judging, JudgingId, Line, Running, Ticket, Verdict, What, search};

impl Line {
    /// Gives free workers something to do.
    pub(super) fn judge_more(&mut self) {
        loop {
            let alone = self.running.values().any(|running| running.alone);
            if alone || self.waits_for.is_some() || self.running.len() >= self.jobs() {
                return;
            }
            if self.judge_a_pair() {
                continue;
            }
            let passed = self.accepted.len();
            let failed = self.seen.iter().find(|(_, seen)| seen.verdict != Verdict::Passed).map(|(end, seen)| (*end, *seen));
            match failed {
                // Seen beside others it does not count.
                Some((end, seen)) if end == passed + 1 => {
                    if self.running.is_empty() {
                        self.start(Asked::Units { from: seen.from, end }, true, Some(seen.id));
                    }
                    return;
                }
                Some((end, seen)) => {
                    if !self.judge_between(end, seen.from) {
                        return;
                    }
                }
                None => {
                    if !self.judge_ahead() {
                        return;
                    }
                }
            }
        }
    }

    /// Parts of what ends here and failed.
    fn judge_between(&mut self, failed: usize, from: usize) -> bool {
        let passed = self.accepted.len();
        let free = self.jobs().saturating_sub(self.running.len());
        let mut running: Vec<usize> = self.live().map(|(_, end)| end).collect();
        running.sort_unstable();
        // What stands before the batch is being judged itself, or everything is judged from the front.
        let (lowest, from, most) = if from <= passed {
            (passed, from, failed)
        } else if self.reach() >= from {
            (from, from, failed)
        } else {
            (passed, passed, failed.min(passed + self.policy.batch_max + 1))
        };
        let ends = search::ends(lowest, most, &running, free);
        ends.iter().for_each(|end| self.start(Asked::Units { from, end: *end }, false, None));
        !ends.is_empty()
    }

    /// The next batch.
    fn judge_ahead(&mut self) -> bool {
        let from = self.reach();
        let next = self.live().map(|(from, _)| from).filter(|other| *other > from).min();
        let left = self.accepted.len() + self.queue.len() - from;
        let end = match next {
            // What was ended from outside.
            Some(next) => next.min(from + self.policy.batch_max),
            None => {
                let size = self.batch_size();
                let all = self.closed || self.tally.ending.is_some() || self.cut.is_some();
                if left == 0 || (left < size && !all) {
                    return false;
                }
                self.policy.first = None;
                from + size.min(left)
            }
        };
        self.start(Asked::Units { from, end }, false, None);
        true
    }

    fn judge_a_pair(&mut self) -> bool {
        let is_asked = |unit: Ticket| {
            self.running
                .values()
                .any(|running| !running.cancelled && matches!(running.asked, Asked::Pair(other, _) if other == unit))
        };
        let next = self.decided.iter().find_map(|decided| match &decided.what {
            What::Out(seat, pairing) if !is_asked(seat.unit) => pairing.asks().map(|holds| Asked::Pair(seat.unit, holds)),
            _ => None,
        });
        next.is_some_and(|asked| {
            self.start(asked, false, None);
            true
        })
    }

    /// How many candidates are judged side by side now.
    pub(super) fn jobs(&self) -> usize {
        self.tally.rate.jobs(self.policy.jobs)
    }

    /// How many units the next batch holds.
    pub(super) fn batch_size(&self) -> usize {
        match self.policy.first {
            Some(first) => first.clamp(1, self.policy.batch_max),
            None => self.tally.rate.batch(self.jobs(), self.policy.batch_max),
        }
    }

    /// How far what passed or is being judged reaches without a gap.
    fn reach(&self) -> usize {
        let mut reached = self.accepted.len();
        while let Some(end) = self.live().filter(|(from, end)| *from <= reached && *end > reached).map(|(_, end)| end).max() {
            reached = end;
        }
        reached
    }

    fn start(&mut self, asked: Asked, alone: bool, repeats: Option<JudgingId>) {
        let id = JudgingId(self.judgings);
        self.judgings += 1;
        let beside = !self.running.is_empty();
        if beside {
            self.running.values_mut().for_each(|running| running.beside = true);
        }
        self.running.insert(id, Running { asked, alone, beside, cancelled: false });
        let (without, base, members, again) = match asked {
            Asked::Units { from, end } => self.held(from, end),
            Asked::Pair(unit, holds) => {
                let earlier = self.accepted.iter().enumerate();
                let without = earlier.clone().filter(|(nth, _)| *nth < self.landed && !holds.holds(*nth));
                let base = earlier.clone().filter(|(nth, _)| *nth >= self.landed && holds.holds(*nth));
                let places = |(_, unit): (usize, &Ticket)| *unit;
                (without.map(places).collect(), base.map(places).collect(), vec![unit], Vec::new())
            }
        };
        let is_about_a_pair = matches!(asked, Asked::Pair(..));
        self.acts.push_back(Act::Judge(Judging { id, is_about_a_pair, without, base, members, again, alone, repeats }));
    }

    /// What the candidate with this end holds beyond the tip, and whose commands are asked again.
    fn held(&self, from: usize, end: usize) -> (Vec<Ticket>, Vec<Ticket>, Vec<Ticket>, Vec<Ticket>) {
        let passed = self.accepted.len();
        let queued = |from: usize, end: usize| self.queue.range(from - passed..end - passed).map(|seat| seat.unit);
        let first = from.max(passed);
        let base = self.accepted[self.landed..].iter().copied().chain(queued(passed, first)).collect();
        let again = self.accepted.get(from..).unwrap_or_default().to_vec();
        (Vec::new(), base, queued(first, end).collect(), again)
    }
}
