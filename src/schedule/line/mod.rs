//! The line in which the units of a phase are judged: in plan order, side by side, in batches.
//!
//! A line knows which units there are and what was said of which candidate; its owner makes candidates, runs commands and commits. What
//! it promises, whatever the order in which answers come:
//!
//! - What lands is a candidate that passed: after each [`Act::Land`] the branch holds exactly one. Units land in plan order.
//! - A unit is given up only when the candidate that holds it as its last one failed, and the same without it passed. Nothing is inferred
//!   from a candidate that holds a bad unit about those behind it.
//! - A failure beside other copies does not count: it says where to look, and the candidate that decides is judged alone.
//! - No candidate is judged twice but to repeat a failure alone.
//! - Given-up units are counted in plan order; when too many are, everything before the last of them lands, and nothing after it.
//!
//! Its owner brings units while the line [wants](Line::wants) some, does what [`Line::next_act`] says, and waits for an answer when that is nothing,
//! until it says [`Act::Stop`] or [`Act::Done`]. A landing is done and verified before the next act is asked for.
//!
//! Candidates hold the units that passed and those behind them up to an end, so one is named by its end. When a unit is out, no candidate
//! with it is of use any more, and the ends begin anew without it.

mod act;
mod enter;
mod judges;
mod pair;
#[cfg(test)]
mod property_tests;
mod search;
#[cfg(test)]
pub(in crate::schedule) mod simulation_tests;
mod size;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::schedule::line::pair::{Holds, Pairing};

pub use act::{Act, Answer, Condition, Entrant, Fault, Instead, Judged, Judging, JudgingId, Lot, Ticket, Why};
pub use size::Rate;

/// How many units land at once at most.
pub const MOST_AT_ONCE: usize = 64;

/// How a line judges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// How many units a batch holds at most. With 1 each unit is judged exactly.
    pub batch_max: usize,
    /// How many candidates are judged side by side.
    pub jobs: usize,
    /// How many units may be given up; with one more the phase ends. `None`: all of them.
    pub most_given_up: Option<usize>,
    /// True when the phase ends at the first unit that fails.
    pub stops: bool,
    /// So many units in a row that no command could judge end the phase.
    pub most_not_judged: usize,
    /// True when it is asked of each unit that is out whether it fails by itself, at the cost of one more judging.
    pub pairs: bool,
    /// The failure rate that was seen before.
    pub rate: Rate,
    /// True when lots that stand behind each other may land at once: nothing judges them after they landed.
    pub lands_several: bool,
    /// How many units the first batch holds, when that is known: what was left of the last one when a run was killed.
    pub first: Option<usize>,
}

/// A unit that can be judged, and the unsound ones right behind it.
#[derive(Debug, Clone)]
struct Seat {
    unit: Ticket,
    whole: usize,
    replaceable: bool,
    unsound: Vec<(Ticket, usize)>,
}

/// What was said of the candidate that ends here.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The members begin here.
    from: usize,
    id: JudgingId,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed {
        /// True when nothing ran beside it.
        sure: bool,
        could_not_judge: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Running {
    asked: Asked,
    alone: bool,
    /// True when anything ran beside it at any time.
    beside: bool,
    cancelled: bool,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    /// The candidate with this end, whose members begin at `from`.
    Units { from: usize, end: usize },
    /// Whether a unit that is out fails with these, too.
    Pair(Ticket, Holds),
}

/// What is decided and not yet done by the owner.
#[derive(Debug, Clone)]
struct Decided {
    /// What was counted before it.
    before: Tally,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Lot(Vec<Seat>, Judged),
    Out(Seat, Pairing),
    Unsound(Ticket, usize),
}

/// What is counted in plan order.
#[derive(Debug, Clone, Copy)]
struct Tally {
    given_up: usize,
    /// The unit of the plan that was given up last.
    last: Option<usize>,
    not_judged: usize,
    rate: Rate,
    /// Why the phase ends, and the unit of the plan whose other parts are still judged.
    ending: Option<(Why, usize)>,
}

/// The units of one phase on their way into the branch. See the [module](self).
#[derive(Debug, Clone)]
pub struct Line {
    policy: Policy,
    queue: VecDeque<Seat>,
    /// By the end of the candidate. Ends count the units that passed, landed ones included.
    seen: BTreeMap<usize, Seen>,
    running: BTreeMap<JudgingId, Running>,
    /// What passed, in order; so many of the first have landed.
    accepted: Vec<Ticket>,
    landed: usize,
    decided: VecDeque<Decided>,
    tally: Tally,
    /// What comes after the end of the phase.
    parked: Vec<(Ticket, Entrant)>,
    /// Nothing behind this unit of the plan can land any more: with it, too many are given up.
    cut: Option<usize>,
    closed: bool,
    /// What is to be replaced, and how it failed.
    waits_for: Option<(Seat, Seen)>,
    /// What is to be said before anything else.
    acts: VecDeque<Act>,
    /// How many units the owner is landing.
    landing: usize,
    told_end: bool,
    /// The unit of the plan that each place is, or is a part of.
    wholes: Vec<usize>,
    judgings: usize,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let policy = Policy { batch_max: policy.batch_max.max(1), jobs: policy.jobs.max(1), ..policy };
        let tally = Tally { given_up: 0, last: None, not_judged: 0, rate: policy.rate, ending: None };
        Self {
            policy,
            queue: VecDeque::new(),
            seen: BTreeMap::new(),
            running: BTreeMap::new(),
            accepted: Vec::new(),
            landed: 0,
            decided: VecDeque::new(),
            tally,
            parked: Vec::new(),
            cut: None,
            closed: false,
            waits_for: None,
            acts: VecDeque::new(),
            landing: 0,
            told_end: false,
            wholes: Vec::new(),
            judgings: 0,
        }
    }

    /// What is to be done next; each thing is said once. `None` while answers are awaited, or units ([`Line::wants`]).
    pub fn next_act(&mut self) -> Option<Act> {
        if self.acts.is_empty() {
            self.settle();
            self.judge_more();
        }
        self.acts.pop_front().or_else(|| self.tell_what_is_decided()).or_else(|| self.tell_the_end())
    }

    fn tell_what_is_decided(&mut self) -> Option<Act> {
        let act = match &self.decided.front()?.what {
            What::Lot(..) => {
                if self.landing > 0 {
                    return None;
                }
                let lots = self.lots();
                self.landing = lots.iter().map(|lot| lot.members.len()).sum();
                return Some(Act::Land(lots));
            }
            What::Out(seat, pairing) => Act::GiveUp { unit: seat.unit, fault: pairing.found(&self.accepted)? },
            What::Unsound(unit, _) => Act::GiveUp { unit: *unit, fault: Fault::Draft },
        };
        self.decided.pop_front();
        Some(act)
    }

    /// What lands next. What is unsound behind a unit may end the phase, so nothing lands at once with it that stands behind that.
    fn lots(&self) -> Vec<Lot> {
        let (mut lots, mut units) = (Vec::new(), 0);
        for decided in &self.decided {
            let What::Lot(seats, judged) = &decided.what else { break };
            units += seats.len();
            if !lots.is_empty() && (!self.policy.lands_several || units > MOST_AT_ONCE) {
                break;
            }
            lots.push(Lot { members: seats.iter().map(|seat| seat.unit).collect(), judged: *judged });
            if seats.iter().any(|seat| !seat.unsound.is_empty()) {
                break;
            }
        }
        lots
    }

    fn tell_the_end(&mut self) -> Option<Act> {
        let is_through = self.queue.is_empty() && self.decided.is_empty() && self.running.is_empty() && self.waits_for.is_none();
        if !is_through || self.told_end || !(self.closed || self.tally.ending.is_some()) {
            return None;
        }
        self.told_end = true;
        Some(self.tally.ending.map_or(Act::Done, |(why, _)| Act::Stop(why)))
    }

    /// Learns what a judging came to. Each judging is answered once, those that were cancelled too, when nothing of it runs any more.
    pub fn answer(&mut self, id: JudgingId, answer: Answer) {
        let Some(judged) = self.running.remove(&id) else { return };
        if judged.cancelled {
            return;
        }
        match judged.asked {
            Asked::Pair(unit, holds) => {
                let out = self.decided.iter_mut().find_map(|decided| match &mut decided.what {
                    What::Out(seat, pairing) if seat.unit == unit => Some(pairing),
                    _ => None,
                });
                out.into_iter().for_each(|pairing| pairing.answer(holds, answer));
            }
            Asked::Units { from, end } => {
                let sure = !judged.beside;
                let verdict = match answer {
                    Answer::NoVerdict => return,
                    Answer::Passed => Verdict::Passed,
                    Answer::Failed => Verdict::Failed { sure, could_not_judge: false },
                    Answer::CouldNotJudge => Verdict::Failed { sure, could_not_judge: true },
                };
                if verdict != Verdict::Passed {
                    self.cancel(|other| other > end);
                }
                self.seen.insert(end, Seen { from, id, verdict });
            }
        }
    }

    /// Says that the first so many units of what was to land have landed; the rest of them waits again, judged by nothing. One that
    /// could not land is then [taken out](Line::take_out), or else it is to land again.
    pub fn landed(&mut self, many: usize) {
        let landing = std::mem::take(&mut self.landing);
        if landing == 0 {
            return;
        }
        let mut left = many;
        while let Some(Decided { what: What::Lot(seats, _), .. }) = self.decided.front()
            && left > 0
        {
            let of_lot = left.min(seats.len());
            self.first_lot_landed(of_lot);
            left -= of_lot;
        }
        if many < landing {
            self.restore(None);
        }
    }

    fn first_lot_landed(&mut self, many: usize) {
        let Some(Decided { before: mut tally, what: What::Lot(mut seats, judged) }) = self.decided.pop_front() else { return };
        let rest = seats.split_off(many.min(seats.len()));
        self.landed += seats.len();
        // What is unsound between them is given up with what comes next: a verification may end the phase before it.
        let mut behind = Vec::new();
        for seat in seats {
            tally.rate.learn(false);
            tally.not_judged = 0;
            for (unit, whole) in seat.unsound {
                behind.push(Decided { before: tally, what: What::Unsound(unit, whole) });
                let why = tally.give_up(&self.policy, whole, false);
                tally.ending = tally.ending.or(why.map(|why| (why, whole)));
            }
        }
        if !rest.is_empty() {
            behind.push(Decided { before: tally, what: What::Lot(rest, judged) });
        }
        behind.into_iter().rev().for_each(|decided| self.decided.push_front(decided));
    }

    /// Forgets all verdicts on what has not landed: the branch was moved by somebody else. What was to land, and what was to be replaced, is
    /// not any more.
    pub fn void(&mut self) {
        self.restore(None);
    }

    /// Takes a unit out for a reason of the owner's, and judges anew what was judged with it. One that could not land is given up at its
    /// place ([`Act::GiveUp`]); one that landed, and was taken back by its verification, counts as given up from now on.
    pub fn take_out(&mut self, unit: Ticket) {
        self.restore(Some(unit));
    }

    /// Judges one candidate at a time from now on: commands disturb each other.
    pub fn one_at_a_time(&mut self) {
        self.policy.jobs = 1;
    }

    /// The failure rate that was seen so far.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.tally.rate
    }

    /// Decides what can be decided by what was seen.
    fn settle(&mut self) {
        while self.waits_for.is_none() {
            let passed = self.accepted.len();
            let most = passed + self.policy.batch_max;
            let counts = |seen: &Seen| seen.verdict == Verdict::Passed && seen.from <= passed;
            let end = self.seen.range(..=most).rev().find(|(_, seen)| counts(seen)).map(|(end, _)| *end);
            if let Some(end) = end {
                self.accept(end);
                continue;
            }
            match self.seen.get(&(passed + 1)) {
                Some(seen) if matches!(seen.verdict, Verdict::Failed { sure: true, .. }) => self.first_is_out(*seen),
                _ => return,
            }
        }
    }

    fn accept(&mut self, end: usize) {
        let before = self.tally;
        let many = end - self.accepted.len();
        let judged = if many == 1 { Judged::Alone } else { Judged::Together };
        let seats: Vec<Seat> = self.queue.drain(..many).collect();
        self.seen.retain(|other, _| *other > end);
        self.cancel(|other| other <= end);
        for seat in &seats {
            self.accepted.push(seat.unit);
            self.tally.rate.learn(false);
            self.tally.not_judged = 0;
            seat.unsound.iter().for_each(|(_, whole)| self.give_up(*whole, false));
        }
        self.decided.push_back(Decided { before, what: What::Lot(seats, judged) });
    }

    fn first_is_out(&mut self, seen: Seen) {
        let before = self.tally;
        let could_not_judge = matches!(seen.verdict, Verdict::Failed { could_not_judge: true, .. });
        let Some(mut seat) = self.queue.pop_front() else { return };
        self.seen.clear();
        self.cancel(|_| true);
        self.tally.rate.learn(true);
        if seat.replaceable {
            self.acts.push_back(Act::Instead(seat.unit));
            self.waits_for = Some((seat, seen));
            return;
        }
        let unsound = std::mem::take(&mut seat.unsound);
        let pairing = Pairing::new(if self.policy.pairs { self.accepted.len() } else { 0 });
        self.give_up(seat.whole, could_not_judge);
        self.decided.push_back(Decided { before, what: What::Out(seat, pairing) });
        let mut parked = Vec::new();
        for (unit, whole) in unsound {
            if self.tally.ending.is_some_and(|(_, last)| last != whole) {
                parked.push((unit, Entrant { whole, kind: Condition::Unsound }));
            } else {
                self.is_unsound(unit, whole);
            }
        }
        self.parked.splice(0..0, parked);
    }

    /// Gives up a unit that was never judged.
    fn is_unsound(&mut self, unit: Ticket, whole: usize) {
        let before = self.tally;
        self.give_up(whole, false);
        self.decided.push_back(Decided { before, what: What::Unsound(unit, whole) });
    }

    /// Counts a unit that is given up, and ends the phase when it is one too many.
    fn give_up(&mut self, whole: usize, could_not_judge: bool) {
        let why = self.tally.give_up(&self.policy, whole, could_not_judge);
        if let Some(why) = why.filter(|_| self.tally.ending.is_none()) {
            self.tally.ending = Some((why, whole));
        }
        self.park_what_cannot_land();
    }

    /// Ends the judgings of candidates with such ends.
    fn cancel(&mut self, which: impl Fn(usize) -> bool) {
        for (id, running) in &mut self.running {
            if let Asked::Units { end, .. } = running.asked
                && !running.cancelled
                && which(end)
            {
                running.cancelled = true;
                self.acts.push_back(Act::Cancel(*id));
            }
        }
    }
}

impl Tally {
    fn give_up(&mut self, policy: &Policy, whole: usize, could_not_judge: bool) -> Option<Why> {
        if self.last != Some(whole) {
            (self.last, self.given_up) = (Some(whole), self.given_up + 1);
        }
        self.not_judged = if could_not_judge { self.not_judged + 1 } else { 0 };
        if policy.stops {
            Some(Why::Failed)
        } else if self.not_judged > 0 && self.not_judged >= policy.most_not_judged {
            Some(Why::CouldNotJudge)
        } else {
            policy.most_given_up.is_some_and(|most| self.given_up > most).then_some(Why::TooManyGivenUp)
        }
    }
}
