//! Whom to blame when what landed fails together: the gate of a phase, or the verification of a batch.
//!
//! [`Culprits`] says of which trees the commands are asked, each of them in a copy; those units are taken back that it finds, each by a
//! commit of its own.

use std::collections::BTreeSet;

use git2::Oid;

use crate::event::Event;
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{Passing, Purpose, Question, Verdict};
use crate::run::ended::{self, Failure};
use crate::run::judging::Candidate;
use crate::run::{Run, takes_away};
use crate::schedule::culprits::{Culprits, Found, Step, TURNS, With, cost};
use crate::stop::{Note, Stop};
use crate::takeback::Reason;
use crate::units::{Call, Unit, calls_of_batch};

/// What landed, in its order.
pub(super) type InBranch = (Unit, Oid);

/// A culprit by its place in what landed, and what there is to say of it.
pub(super) type Blamed = (usize, String);

/// What came of looking for culprits.
pub(super) enum Blame {
    /// These make it fail.
    On(Vec<Blamed>),
    /// It fails without any of them too.
    RedBefore,
    /// It does not answer the same each time: nobody is to blame.
    Flaky,
    /// Nobody can be found, since the command does not run in copies of the work tree.
    NoCopies,
    /// Somebody else committed meanwhile.
    Void,
}

impl Run<'_> {
    /// Finds out which of these units make a command fail that failed with all of them.
    pub(super) fn blame(
        &mut self,
        (purpose, call, phase): (Purpose, &Call, usize),
        landed: &[InBranch],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Blame, Stop> {
        if !self.isolates(std::slice::from_ref(call)) {
            return Ok(Blame::NoCopies);
        }
        let id = self.plan.phases[phase].id.clone();
        let (many, run) = (landed.len(), &call.command.run);
        let most = cost(many, 1, TURNS);
        let message =
            format!("looking for what makes `{run}` fail among {many} units: {most} runs of it for one culprit at most");
        emit(Event::Warning { message, help: None });
        let mut search = Culprits::new(many, TURNS);
        loop {
            let without = match search.step() {
                Step::Ask { without, .. } => without,
                Step::Done(Found::Flaky) => return Ok(Blame::Flaky),
                Step::Done(Found::RedBefore) => return Ok(Blame::RedBefore),
                Step::Done(Found::Culprits(found)) => {
                    let named = |unit: usize| landed[unit].0.id.to_string();
                    let said = found.into_iter().map(|culprit| {
                        let with = match culprit.with {
                            With::Nothing => String::new(),
                            With::Unit(other) => format!(", together with {}", named(other)),
                            With::Several => ", together with units before it".to_owned(),
                        };
                        (culprit.unit, with)
                    });
                    return Ok(Blame::On(said.collect()));
                }
            };
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            let candidate = self.without(landed, &without)?;
            let calls = std::slice::from_ref(call);
            let unit = landed.last().map(|(unit, _)| &unit.id).filter(|_| purpose == Purpose::Verify);
            let candidate_of = unit.map(|_| (0, many));
            let question = Question { purpose, calls, fewer: true, phase: &id, unit, candidate: candidate_of, tree: None };
            let (verdict, since) = self.judged(question, &candidate, emit)?;
            if since == BranchMove::Forward {
                return Ok(Blame::Void);
            }
            search.answer(matches!(verdict, Verdict::Passed(_)));
        }
    }

    /// What makes of the tip the same without some of what landed.
    fn without(&self, landed: &[InBranch], out: &BTreeSet<usize>) -> Result<Candidate, Stop> {
        let mut candidate = Candidate::new();
        for (unit, commit) in out.iter().map(|at| &landed[*at]) {
            candidate.extend(self.without_commit(&unit.files, *commit)?);
        }
        Ok(candidate)
    }

    /// Lets the verification of units that were judged together judge their commits, and takes those back that make it fail. Gives them
    /// by their places, with their failures.
    pub(super) fn verify_together(
        &mut self,
        landed: &[InBranch],
        mut passing: Vec<Passing>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Vec<(usize, Failure)>, Stop> {
        let mut out: Vec<(usize, Failure)> = Vec::new();
        for _ in 0..=landed.len() + ended::MOST_ATTEMPTS {
            let stays = |at: &usize| !out.iter().any(|(gone, _)| gone == at);
            let at: Vec<usize> = (0..landed.len()).filter(stays).collect();
            let rest: Vec<InBranch> = at.iter().map(|at| landed[*at].clone()).collect();
            let units: Vec<&Unit> = rest.iter().map(|(unit, _)| unit).collect();
            let calls = calls_of_batch(self.plan, &units, |target| &target.verify);
            let phase = landed.first().map_or(0, |(unit, _)| unit.phase);
            let Some((last, _)) = rest.last().filter(|_| !calls.is_empty()) else {
                self.learn(phase, passing)?;
                return Ok(out);
            };
            let id = self.plan.phases[phase].id.clone();
            let (candidate, tree) = (Some((0, rest.len())), self.repo.tree_of(self.held.tip().commit)?);
            let question = Question {
                purpose: Purpose::Verify,
                calls: &calls,
                fewer: units.iter().any(|unit| takes_away(self.plan, unit)),
                phase: &id,
                unit: Some(&last.id),
                candidate,
                tree: Some(tree),
            };
            let (verdict, since) = self.judged(question, &Candidate::new(), emit)?;
            if since == BranchMove::Forward {
                emit(ended::judged_again(&self.plan.phase_label(phase)));
                continue;
            }
            let (kind, reason, log, nth, could_not_judge) = match verdict {
                Verdict::Failed { kind, reason, log, nth, could_not_judge, .. } => (kind, reason, log, nth, could_not_judge),
                Verdict::Passed(passed) => {
                    self.refuse_changed_tree(&calls, "a verify command")?;
                    let verified = rest.iter().map(|(_, commit)| Record::Verified { commit: commit.to_string() });
                    self.journal.append_all(verified)?;
                    // What was taken back is not in what the validation judged.
                    passing.retain(|_| out.is_empty());
                    passing.extend(passed);
                    self.learn(phase, passing)?;
                    return Ok(out);
                }
            };
            let blamed = match self.blame((Purpose::Verify, &calls[nth], phase), &rest, emit)? {
                Blame::On(blamed) => blamed,
                Blame::Void => continue,
                Blame::NoCopies => {
                    let message =
                        format!("{reason}; which of {} units make it fail is found in copies of the work tree only", rest.len());
                    let help = "run it without --in-place where copies can be made: it verifies them first";
                    return Err(Stop::Failed(Note::new(message, help)));
                }
                Blame::Flaky | Blame::RedBefore => {
                    let message =
                        format!("{reason}, and no unit of the batch could be shown to make it fail: nothing is taken back");
                    let help = format!(
                        "see {}; make the command answer the same each time, then run again: it verifies them first",
                        log.display()
                    );
                    return Err(Stop::Failed(Note::new(message, help)));
                }
            };
            for (culprit, with) in blamed.into_iter().rev() {
                let (unit, commit) = &rest[culprit];
                let (reason, verdict) = (format!("{reason}{with}"), Some(kind));
                self.journal.append(Record::Refuted { commit: commit.to_string(), reason: reason.clone(), verdict })?;
                let why = Reason::Verification { why: reason.clone(), verdict };
                self.take_back(unit, *commit, &why, emit)?;
                let log = log.display().to_string();
                let help = format!("see {log}");
                let failure = Failure { reason, help, log: Some(log), verdict, not_judged: could_not_judge, reverted: true };
                out.push((at[culprit], failure));
            }
        }
        Err(ended::keeps_moving("a batch"))
    }
}
