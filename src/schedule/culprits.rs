//! Which units of a phase make its gate fail, or which of a batch its verification.
//!
//! The owner asks the commands of trees from which units are taken out, one after the other, and learns here what to ask next:
//!
//! 1. The whole tree once more: it fails again.
//! 2. The tree without any of the units: it passes. Otherwise it was red before, and nobody is to blame.
//! 3. By halves, the first unit with which it fails upon those before it: a culprit. Then the tree without the culprits found so far, until
//!    that passes. Of two that fail only together the later one is found, as everywhere.
//! 4. In turns, each culprit put back alone, which fails, and all of them taken out, which passes.
//!
//! Whatever answers otherwise in 4 shows that the gate does not answer the same each time: then nobody is to blame. So is what fails by
//! chance taken for what fails because of a unit only when all turns come out as they should. Where each answer is wrong with the
//! probability f, independent of the others, that is at most `(f (1 - f))^turns` for each wrong culprit: under `4^-turns` whatever f is.
//! It is in turns that an outage, too, is seen, which makes all fail for a while.

use std::collections::BTreeSet;

/// So many turns of confirmation. At 30 % wrong answers it leaves 4 in a million, at 10 % 4 in a billion, for each wrong culprit.
pub const TURNS: usize = 8;

/// What is asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Whether the commands pass on the tree without these units, anew each time: a verdict that is remembered is of no use.
    Ask {
        /// What is taken out.
        without: BTreeSet<usize>,
        /// What it is asked for.
        why: Ask,
    },
    /// Nothing is left to ask.
    Done(Found),
}

/// What a question is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Whether what failed fails again.
    Again,
    /// Whether it was red before.
    Before,
    /// Where a culprit is.
    Search,
    /// Whether these are all culprits.
    Rest,
    /// Whether this culprit alone makes it fail.
    PutBack(usize),
    /// Whether it passes without the culprits, as before.
    Without,
    /// With which other unit this culprit fails, which is told and decides nothing.
    Pair(usize),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These, in plan order: without them it passes, and with each of them alone it fails.
    Culprits(Vec<Culprit>),
    /// It fails without the units, too.
    RedBefore,
    /// It does not answer the same each time, or not each culprit alone makes it fail. Nobody is to blame.
    Flaky,
}

/// A unit that makes it fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culprit {
    /// The unit.
    pub unit: usize,
    /// With what.
    pub with: With,
}

/// With what a culprit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// By itself.
    Nothing,
    /// Only together with this earlier unit, which passes without it.
    Unit(usize),
    /// Only together with several earlier units.
    Several,
}

/// The search for culprits among so many units, of which 0 landed first.
#[derive(Debug, Clone)]
pub struct Culprits {
    units: usize,
    turns: usize,
    state: State,
    /// What was found so far, each with what is known of its partner.
    found: Vec<(usize, Partner)>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Again,
    Before,
    /// With so many of the first it passes, with so many it fails; what was found is taken out.
    Search {
        passes: usize,
        fails: usize,
    },
    Rest,
    /// In this turn, this culprit is put back.
    PutBack {
        turn: usize,
        nth: usize,
    },
    Without {
        turn: usize,
    },
    Pair {
        nth: usize,
    },
    Done(Found),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Partner {
    /// It was not asked yet whether it fails by itself.
    Unknown,
    Known(With),
    /// It passes with so many of the earlier units alone, and fails with so many.
    Between(usize, usize),
    /// Whether it fails with this one alone.
    One(usize),
}

/// The most questions that it takes to find and confirm so many culprits that fail by themselves, each among so many units.
#[must_use]
pub fn cost(units: usize, culprits: usize, turns: usize) -> usize {
    let halves = units.max(1).next_power_of_two().ilog2() as usize;
    let search = 2 + culprits * (halves + 1);
    // The last look whether these are all is the first of those that pass.
    search + (culprits + 1) * turns.max(1) - 1
}

impl Culprits {
    /// Begins where the whole tree failed once.
    #[must_use]
    pub fn new(units: usize, turns: usize) -> Self {
        let state = if units == 0 { State::Done(Found::RedBefore) } else { State::Again };
        Self { units, turns: turns.max(1), state, found: Vec::new() }
    }

    /// What is asked next.
    #[must_use]
    pub fn step(&self) -> Step {
        let (why, without) = match &self.state {
            State::Done(found) => return Step::Done(found.clone()),
            State::Again => (Ask::Again, BTreeSet::new()),
            State::Before => (Ask::Before, self.all_but(|_| false)),
            State::Search { passes, fails } => {
                let middle = passes + (fails - passes) / 2;
                (Ask::Search, self.all_but(|unit| unit < middle && !self.is_found(unit)))
            }
            State::Rest => (Ask::Rest, self.all_but(|unit| !self.is_found(unit))),
            State::PutBack { nth, .. } => match self.found[*nth] {
                // Put back into the tree without any unit, it shows at once that it needs no other.
                (culprit, Partner::Unknown) => (Ask::PutBack(culprit), self.all_but(|unit| unit == culprit)),
                (culprit, _) => (Ask::PutBack(culprit), self.all_but(|unit| unit == culprit || !self.is_found(unit))),
            },
            State::Without { .. } => (Ask::Without, self.all_but(|unit| !self.is_found(unit))),
            State::Pair { nth } => {
                let (culprit, partner) = self.found[*nth];
                let holds = |unit: usize| match partner {
                    Partner::Between(passes, fails) => unit < passes + (fails - passes) / 2 && !self.is_found(unit),
                    Partner::One(one) => unit == one,
                    Partner::Unknown | Partner::Known(_) => false,
                };
                (Ask::Pair(culprit), self.all_but(|unit| unit == culprit || holds(unit)))
            }
        };
        Step::Ask { without, why }
    }

    /// Learns whether what was asked passed.
    pub fn answer(&mut self, passed: bool) {
        self.state = match (self.state.clone(), passed) {
            (State::Again, true) => State::Done(Found::Flaky),
            (State::Again, false) => State::Before,
            (State::Before, false) => State::Done(Found::RedBefore),
            (State::Before, true) => self.search(0, self.units),
            (State::Search { passes, fails }, passed) => {
                let middle = passes + (fails - passes) / 2;
                if passed { self.search(middle, fails) } else { self.search(passes, middle) }
            }
            (State::Rest, true) => State::PutBack { turn: 0, nth: 0 },
            // Up to the last culprit it passes without them.
            (State::Rest, false) => self.search(self.found.last().map_or(0, |(unit, _)| unit + 1), self.units),
            (State::PutBack { turn, nth }, passed) => self.put_back(turn, nth, passed),
            (State::Without { .. }, false) => State::Done(Found::Flaky),
            (State::Without { turn }, true) => self.next_turn(turn),
            (State::Pair { nth }, passed) => {
                self.pair(nth, passed);
                self.look_for_pairs()
            }
            (done @ State::Done(_), _) => done,
        };
    }

    fn all_but(&self, holds: impl Fn(usize) -> bool) -> BTreeSet<usize> {
        (0..self.units).filter(|unit| !holds(*unit)).collect()
    }

    fn is_found(&self, unit: usize) -> bool {
        self.found.iter().any(|(found, _)| *found == unit)
    }

    fn search(&mut self, passes: usize, fails: usize) -> State {
        match fails.saturating_sub(passes) {
            // The same tree passed before.
            0 => State::Done(Found::Flaky),
            1 => {
                self.found.push((passes, Partner::Unknown));
                State::Rest
            }
            _ => State::Search { passes, fails },
        }
    }

    fn put_back(&mut self, turn: usize, nth: usize, passed: bool) -> State {
        match (self.found[nth].1, passed) {
            (Partner::Unknown, true) => {
                self.found[nth].1 = Partner::Between(0, self.found[nth].0);
                // It needs another one, and is put back where that one is.
                return State::PutBack { turn, nth };
            }
            (Partner::Unknown, false) => self.found[nth].1 = Partner::Known(With::Nothing),
            (_, true) => return State::Done(Found::Flaky),
            (_, false) => {}
        }
        if nth + 1 < self.found.len() {
            State::PutBack { turn, nth: nth + 1 }
        } else if turn == 0 {
            // Without them it passed right before.
            self.next_turn(turn)
        } else {
            State::Without { turn }
        }
    }

    fn next_turn(&mut self, turn: usize) -> State {
        if turn + 1 < self.turns { State::PutBack { turn: turn + 1, nth: 0 } } else { self.look_for_pairs() }
    }

    fn pair(&mut self, nth: usize, passed: bool) {
        let (_, partner) = &mut self.found[nth];
        *partner = match (*partner, passed) {
            (Partner::Between(passes, fails), passed) => {
                let middle = passes + (fails - passes) / 2;
                if passed { Partner::Between(middle, fails) } else { Partner::Between(passes, middle) }
            }
            (Partner::One(_), true) => Partner::Known(With::Several),
            (Partner::One(one), false) => Partner::Known(With::Unit(one)),
            (known, _) => known,
        };
    }

    fn look_for_pairs(&mut self) -> State {
        for nth in 0..self.found.len() {
            let partner = &mut self.found[nth].1;
            match *partner {
                Partner::Between(passes, fails) if fails <= passes => *partner = Partner::Known(With::Several),
                Partner::Between(passes, fails) if fails - passes == 1 => *partner = Partner::One(passes),
                _ => {}
            }
            if matches!(*partner, Partner::Between(..) | Partner::One(_)) {
                return State::Pair { nth };
            }
        }
        let culprits = self.found.iter().map(|(unit, partner)| Culprit { unit: *unit, with: partner.with() });
        State::Done(Found::Culprits(culprits.collect()))
    }
}

impl Partner {
    fn with(self) -> With {
        match self {
            Self::Known(with) => with,
            Self::Unknown | Self::Between(..) | Self::One(_) => With::Several,
        }
    }
}

#[cfg(test)]
#[path = "culprits_tests.rs"]
mod tests;
