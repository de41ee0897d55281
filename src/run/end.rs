//! How a run ends: what it says of itself, in the journal and to the listener, and with which error.

use crate::event::{Event, RunOutcome, UnitEnd};
use crate::journal::Record;
use crate::run::Run;
use crate::schedule::ending;
use crate::state::{Counts, State};
use crate::stop::{Note, Stop};
use crate::survey::{self, Standing};
use crate::unit::callables::Callables;
use crate::unit::glimpses::Glimpses;

impl Run<'_> {
    /// Says how the run ended. What it counts is what the branch holds, whatever was seen on the way.
    pub(super) fn finish(&mut self, ended: Result<(), Stop>, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.judge.keep_durations();
        // When the branch cannot be read, why the run ended is told with what is known.
        let counted = self.count_anew();
        let (mut asked, mut others): (Vec<Standing>, Vec<Standing>) = Default::default();
        for [in_it, beside] in self.units.iter().map(|standing| self.request.parted(standing)) {
            asked.extend(in_it);
            others.extend(beside);
        }
        let (tally, elsewhere) = (survey::counts(&asked), survey::counts(&others));
        let aside = if self.request.is_whole() { self.left_aside } else { 0 };
        let units = asked.iter().map(|standing| self.end_of(standing)).collect();
        let violations_left = asked.iter().map(Standing::violations_left).sum::<usize>() + aside;
        let ended = ended.and(counted).and_then(|()| refuse_not_done(tally));
        let (outcome, help) = match &ended {
            Ok(()) => (ending::outcome(tally), None),
            Err(Stop::Interrupted(_) | Stop::Unbegun(_)) => {
                (RunOutcome::Interrupted, Some("`migrate resume` goes on from here".to_owned()))
            }
            Err(Stop::NeedsYou(_)) => (RunOutcome::NeedsYou, None),
            Err(Stop::Refused(_) | Stop::Targets(_)) => (RunOutcome::Refused, None),
            Err(Stop::NotDone(_)) => (RunOutcome::NotDone, None),
            Err(Stop::Failed(_) | Stop::Rules(_) | Stop::Usage(_) | Stop::Plan(_)) => (RunOutcome::Failed, None),
        };
        if !matches!(outcome, RunOutcome::Interrupted) {
            let noted = self.journal.append(Record::RunFinished { done: ended.is_ok() });
            emit(Event::RunFinished { tally, violations_left, elsewhere, outcome, help, units });
            // Why the run ended matters more than that it could not be written down.
            return ended.and(noted.map_err(Stop::from));
        }
        emit(Event::RunFinished { tally, violations_left, elsewhere, outcome, help, units });
        ended
    }

    fn end_of(&self, standing: &Standing) -> UnitEnd {
        let (phase, unit) = (self.plan.label(standing.unit.phase), standing.unit.id.to_string());
        UnitEnd { phase, unit, state: standing.state(), why: standing.why().map(ToOwned::to_owned) }
    }

    /// Surveys the units again when the branch is not where this run left it, or got commits that it did not note.
    fn count_anew(&mut self) -> Result<(), Stop> {
        let Ok(tip) = self.repo.tip() else { return Ok(()) };
        let as_noted = tip == *self.held.tip() && !self.held.others_came();
        if as_noted || tip.branch != self.held.tip().branch {
            return Ok(());
        }
        let (repo, plan) = (self.repo, self.plan);
        let none = crate::interrupt::Interrupt::none();
        let (callables, others) = (Callables::new(repo), repo.others()?);
        let glimpses = Glimpses::of_plan(repo, &others, &none, plan);
        let mut works = |unit: &_| Ok(survey::look(repo, &tip, plan, &callables, (&others, &glimpses), unit).is_work());
        self.units = survey::survey(repo, &tip, plan, self.journal.records(), &none, &|_| {}, &mut works)?.units;
        Ok(())
    }
}

/// Fails when units that were asked for are not done, although nothing stopped the run.
fn refuse_not_done(asked: Counts) -> Result<(), Stop> {
    if ending::outcome(asked) == RunOutcome::Done {
        return Ok(());
    }
    let verb = if asked.open() == 1 { "is" } else { "are" };
    let words = asked.words(|state| !state.is_done());
    let message = match asked.total {
        1 => format!("the unit is not done: {words}"),
        total => format!("{} of {total} units {verb} not done: {words}", asked.open()),
    };
    let given_up: Vec<&str> =
        State::ALL.into_iter().filter(|state| state.is_given_up() && asked.get(*state) > 0).map(State::word).collect();
    let help = match given_up.as_slice() {
        [] => "`migrate status` names them; run again to go on".to_owned(),
        words => format!("`migrate status` says why; `migrate run --retry {}` tries them again", words.join(" ")),
    };
    Err(Stop::NotDone(Note::new(message, help)))
}
