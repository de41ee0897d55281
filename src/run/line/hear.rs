//! What the threads that judge say, and what is made of it.

use crate::event::Event;
use crate::held::BranchMove;
use crate::judge::{Passing, Verdict};
use crate::path::RepoPath;
use crate::run::ended::{Ended, Failure, MOST_ATTEMPTS, Tried, edited_meanwhile, keeps_changing};
use crate::run::judging::Apart;
use crate::run::line::trial::{Message, Trial};
use crate::run::line::{Lane, Passed, Through};
use crate::schedule::line::{Answer, Judging};
use crate::stop::Stop;

/// After so many failures that went away when they were repeated alone, commands are taken to disturb each other.
const MOST_RESCUES: usize = 2;

impl Lane<'_, '_> {
    /// Takes in what a thread says.
    pub(super) fn hear(&mut self, message: Message, emit: &mut dyn FnMut(Event)) -> Result<Through, Stop> {
        let (id, verdict, apart) = match message {
            Message::Event(id, event) => {
                // What was ended on the way says nothing of anything.
                if self.trials.get(&id).is_some_and(|(trial, _)| trial.interrupt.pending().is_none()) {
                    emit(event);
                }
                return Ok(Through::Done);
            }
            Message::Ended(id, verdict, apart) => (id, *verdict, apart),
        };
        let Some((trial, judge)) = self.trials.remove(&id) else { return Ok(Through::Done) };
        let verdict = match verdict {
            Err(_) if apart.lacks_room() => {
                drop(apart);
                return self.lacks_room(id, emit).map(|()| Through::Done);
            }
            // However its commands ended, nobody needs it any more.
            _ if trial.interrupt.pending().is_some() => {
                self.line.answer(id, Answer::NoVerdict);
                return Ok(Through::Done);
            }
            verdict => verdict?,
        };
        if self.run.look_at_branch()? == BranchMove::Forward {
            return Ok(Through::Void);
        }
        if !self.is_as_made(&apart, &trial, emit)? {
            self.line.answer(id, Answer::NoVerdict);
            return Ok(Through::Done);
        }
        drop(apart);
        match verdict {
            Verdict::Passed(passing) => {
                self.note_rescue(&judge, emit);
                if let Some(tree) = trial.tree {
                    self.run.note_green(tree, self.phase, passing.iter().filter_map(Passing::green))?;
                }
                if let Some(last) = judge.members.last().filter(|_| !judge.is_about_a_pair) {
                    self.passed.insert(*last, Passed { calls: trial.calls.clone(), passing });
                }
                self.line.answer(id, Answer::Passed);
                Ok(Through::Done)
            }
            Verdict::Failed { kind, reason, log, nth, could_not_judge, .. } => {
                let failure = Failure::of_command(reason, &log, kind, could_not_judge);
                self.failed(&trial, &judge, nth, failure, emit)
            }
        }
    }

    /// Takes in that a candidate failed by a call.
    fn failed(
        &mut self,
        trial: &Trial,
        judge: &Judging,
        nth: usize,
        failure: Failure,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Through, Stop> {
        let Some(call) = trial.calls.get(nth) else { return Ok(Through::Done) };
        let last = judge.members.last().copied();
        let about = call.unit.clone().or_else(|| (judge.members.len() == 1).then(|| trial.unit.clone()));
        self.failed_by_one = call.unit.is_some();
        let could_not_judge = failure.not_judged;
        let of = judge.members.iter().chain(&judge.again).find(|place| about.as_ref() == Some(&self.entries[place.0].part.id));
        let answer = if could_not_judge { Answer::CouldNotJudge } else { Answer::Failed };
        if judge.is_about_a_pair {
            self.line.answer(judge.id, answer);
            return Ok(Through::Done);
        }
        let failure = match of {
            Some(place) => {
                let unit = self.unit(*place).clone();
                match self.run.unless_call_was_red_before(&unit, call, failure, emit) {
                    Ok(Tried::Ended(Ended::Failed(failure))) => failure,
                    Ok(Tried::Ended(_)) => return Ok(Through::Done),
                    Ok(Tried::Void) => return Ok(Through::Void),
                    Ok(Tried::Again) => {
                        self.excused.extend(last);
                        self.line.answer(judge.id, Answer::NoVerdict);
                        return Ok(Through::Done);
                    }
                    // The command fails for all units alike: what is judged lands, and the phase ends.
                    Err(Stop::Failed(note)) => {
                        self.end(Stop::Failed(note.clone()));
                        Failure::found(note.message, note.help)
                    }
                    Err(stop) => return Err(stop),
                }
            }
            None => failure,
        };
        if let Some(last) = last {
            self.entries[last.0].failure = Some(failure);
        }
        self.line.answer(judge.id, answer);
        Ok(Through::Done)
    }

    /// True when the user did not edit anything that a copy showed while it was judged.
    fn is_as_made(&mut self, apart: &Apart, trial: &Trial, emit: &mut dyn FnMut(Event)) -> Result<bool, Stop> {
        let edited: Vec<String> = self.run.edited_since(apart.edited())?.iter().map(RepoPath::to_string).collect();
        if edited.is_empty() {
            self.voided = 0;
            return Ok(true);
        }
        self.voided += 1;
        if self.voided == MOST_ATTEMPTS {
            return Err(keeps_changing());
        }
        emit(edited_meanwhile(&edited, &trial.unit.to_string()));
        Ok(false)
    }

    /// Notes that a failure went away when it was repeated alone; commands that disturb each other are run one at a time.
    fn note_rescue(&mut self, judge: &Judging, emit: &mut dyn FnMut(Event)) {
        // What was red before went away for another reason.
        if judge.repeats.is_none() || judge.members.last().is_some_and(|last| self.excused.contains(last)) {
            return;
        }
        self.rescues += 1;
        let unit = judge.members.last().map(|place| self.entries[place.0].part.id.to_string()).unwrap_or_default();
        let then = if self.rescues == MOST_RESCUES {
            self.line.one_at_a_time();
            "; commands run one at a time from here on"
        } else {
            ""
        };
        let message = format!("{unit} failed beside others and passes alone: its commands disturb each other{then}");
        let help = "give commands that share something, such as a port, the same `exclusive: NAME`; or run with --jobs 1";
        emit(Event::Warning { message, help: Some(help.to_owned()) });
    }
}
