//! Whether a unit that is out fails by itself or only together with an earlier one, and with which.
//!
//! It is asked without all earlier units of the line; when it passes then, by halves for the first one with which it fails, and then with
//! that one alone. What is found is told and decides nothing: the later of two that fail together is out either way.

use crate::schedule::line::act::{Answer, Fault, Ticket};
use crate::schedule::line::search;

/// The search for the partner of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairing {
    step: Step,
    earlier: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    ByItself,
    /// It passes with so many of the earlier units, and fails with so many.
    Between(usize, usize),
    /// It fails from this one on: whether with it alone.
    WithOne(usize),
    Found(Fault, Option<usize>),
}

/// Which of the earlier units a candidate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// So many of the first.
    First(usize),
    /// This one.
    Only(usize),
}

impl Holds {
    /// Whether it holds the nth of the earlier ones.
    #[must_use]
    pub fn holds(self, nth: usize) -> bool {
        match self {
            Self::First(many) => nth < many,
            Self::Only(one) => nth == one,
        }
    }
}

impl Pairing {
    /// Begins with a unit that failed upon so many earlier ones.
    #[must_use]
    pub fn new(earlier: usize) -> Self {
        let step = if earlier == 0 { Step::Found(Fault::Own, None) } else { Step::ByItself };
        Self { step, earlier }
    }

    /// What the next candidate holds beside the unit; `None` when nothing is left to ask.
    #[must_use]
    pub fn asks(self) -> Option<Holds> {
        match self.step {
            Step::ByItself => Some(Holds::First(0)),
            Step::Between(passes, fails) => search::ends(passes, fails, &[], 1).first().map(|end| Holds::First(*end)),
            Step::WithOne(one) => Some(Holds::Only(one)),
            Step::Found(..) => None,
        }
    }

    /// Learns what a candidate came to.
    pub fn answer(&mut self, holds: Holds, answer: Answer) {
        let passed = match answer {
            Answer::Passed => true,
            Answer::Failed => false,
            Answer::NoVerdict => return,
            Answer::CouldNotJudge => {
                self.step = Step::Found(Fault::Own, None);
                return;
            }
        };
        self.step = match (self.step, holds) {
            (Step::ByItself, _) if passed => Step::Between(0, self.earlier),
            (Step::ByItself, _) => Step::Found(Fault::Own, None),
            (Step::Between(_, fails), Holds::First(many)) if passed => Step::Between(many, fails),
            (Step::Between(passes, _), Holds::First(many)) => Step::Between(passes, many),
            (Step::WithOne(_), _) if passed => Step::Found(Fault::WithEarlier, None),
            (Step::WithOne(one), _) => Step::Found(Fault::Own, Some(one)),
            (step, _) => step,
        };
        // With the first one alone it failed already.
        self.step = match self.step {
            Step::Between(0, 1) => Step::Found(Fault::Own, Some(0)),
            Step::Between(passes, fails) if fails - passes == 1 => Step::WithOne(passes),
            step => step,
        };
    }

    /// What was found, of these earlier units; `None` while it is still being asked.
    #[must_use]
    pub fn found(self, earlier: &[Ticket]) -> Option<Fault> {
        match self.step {
            Step::Found(_, Some(nth)) => Some(earlier.get(nth).map_or(Fault::WithEarlier, |partner| Fault::With(*partner))),
            Step::Found(fault, None) => Some(fault),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(earlier: usize, fails: impl Fn(&[usize]) -> bool) -> (Fault, usize) {
        let places: Vec<Ticket> = (0..earlier).map(Ticket).collect();
        let (mut pairing, mut asked) = (Pairing::new(earlier), 0);
        while let Some(holds) = pairing.asks() {
            let held: Vec<usize> = (0..earlier).filter(|nth| holds.holds(*nth)).collect();
            pairing.answer(holds, if fails(&held) { Answer::Failed } else { Answer::Passed });
            asked += 1;
        }
        (pairing.found(&places).unwrap(), asked)
    }

    #[test]
    fn a_unit_that_fails_by_itself_is_asked_once() {
        assert_eq!(search(100, |_| true), (Fault::Own, 1));
        assert_eq!(search(0, |_| true), (Fault::Own, 0));
    }

    #[test]
    fn the_partner_is_found_by_halves_and_shown_to_suffice() {
        for earlier in 1..40 {
            for partner in 0..earlier {
                let (fault, asked) = search(earlier, |held| held.contains(&partner));
                assert_eq!(fault, Fault::With(Ticket(partner)));
                assert!(asked <= 3 + earlier.ilog2() as usize, "{asked} of {earlier}");
            }
        }
    }

    #[test]
    fn what_takes_more_than_one_partner_is_told_as_that() {
        assert_eq!(search(40, |held| held.contains(&3) && held.contains(&20)).0, Fault::WithEarlier);
    }
}
