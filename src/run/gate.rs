//! The gate of a phase: commands that judge it as a whole.

use crate::event::{Event, PhaseLabel};
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{OnTip, Purpose, Question, Verdict};
use crate::plan::{GateFailure, digest};
use crate::run::before::tell_red;
use crate::run::blame::{Blame, InBranch};
use crate::run::judging::Candidate;
use crate::run::{Run, ended};
use crate::schedule::passage::{LastGate, too_many_given_up};
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::survey;
use crate::takeback::Reason;
use crate::units::{Call, Unit};
use crate::verdict::VerdictKind;

impl Run<'_> {
    /// Runs the phase's gate, unless it passed already and that still counts, or the phase has not come to its end.
    pub(super) fn gate(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let phase = &self.plan.phases[at];
        let counts = self.counts_of(at);
        if !phase.has_gate() || !self.request.files.is_empty() || counts.left() > 0 || too_many_given_up(phase, counts) {
            return Ok(());
        }
        self.look_at_branch()?;
        let last = survey::last_gate(self.repo, self.plan, self.journal.records(), self.held.tip().commit, at)?;
        match last {
            LastGate::Stands => return Ok(()),
            LastGate::Paused if self.request.passes_pause => return self.go_on(at, label, emit),
            LastGate::Paused => return Err(self.paused(at)),
            LastGate::Failed | LastGate::Unknown => {}
        }
        let mut before = None;
        let mut void = 0;
        while void < ended::MOST_ATTEMPTS {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            emit(Event::GateStarted { phase: label.clone() });
            let calls = Call::of_phase(&phase.gate);
            let tree = Some(self.repo.tree_of(self.held.tip().commit)?);
            let question = Question {
                purpose: Purpose::Gate,
                calls: &calls,
                fewer: false,
                phase: &phase.id,
                unit: None,
                candidate: None,
                tree,
            };
            let (verdict, since) = self.judged(question, &Candidate::new(), emit)?;
            // Of which tree a verdict is true is known only while the branch stands still.
            if since == BranchMove::Forward {
                emit(ended::judged_again(&format!("the gate of {label}")));
                (before, void) = (None, void + 1);
                continue;
            }
            if let Verdict::Failed { nth, .. } = &verdict
                && before.is_none()
                && self.isolates(&calls)
            {
                let call = &calls[*nth];
                let (says, since) = self.without_its_units(at, call, emit)?;
                if since == BranchMove::Forward {
                    self.judge.forget();
                    void += 1;
                    continue;
                }
                before = Some(says);
                if matches!(before, Some(OnTip::Red(..))) {
                    // It answers for new failures only.
                    continue;
                }
            }
            // What was asked is not about the tip.
            if before.is_some() {
                self.judge.forget();
            }
            return self.gate_judged(at, label, (&calls, verdict), before, emit);
        }
        Err(ended::keeps_moving(&format!("the gate of {label}")))
    }

    /// What a command of a gate that failed says of the tip without the units of its phase.
    fn without_its_units(&mut self, at: usize, call: &Call, emit: &mut dyn FnMut(Event)) -> Result<(OnTip, BranchMove), Stop> {
        let (phase, without) = (&self.plan.phases[at], self.without_phase(at)?);
        let calls = std::slice::from_ref(call);
        let question =
            Question { purpose: Purpose::Before, calls, fewer: false, phase: &phase.id, unit: None, candidate: None, tree: None };
        let (verdict, since) = self.judged(question, &without, emit)?;
        let says = self.judge.learn_on_tip(self.judge.key(call, &phase.id, None), verdict);
        tell_red(call, "the phase's units", &says, emit);
        Ok((says, since))
    }

    fn gate_judged(
        &mut self,
        at: usize,
        label: &PhaseLabel,
        (calls, verdict): (&[Call], Verdict),
        before: Option<OnTip>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Stop> {
        let phase = &self.plan.phases[at];
        let (plan, id, tip) = (self.plan.name.clone(), phase.id.clone(), self.held.tip().commit.to_string());
        let commands = digest::gate(self.plan, phase);
        match verdict {
            Verdict::Passed(_) => {
                self.refuse_changed_tree(calls, "a gate command")?;
                self.judged_by_numbers(at, label, emit)?;
                self.journal.append(Record::GatePassed { plan, phase: id, tip, commands })?;
                emit(Event::GatePassed { phase: label.clone() });
                Ok(())
            }
            Verdict::Failed { reason, command, log, kind, nth, .. } => {
                self.journal.append(Record::GateFailed { plan, phase: id, tip, commands })?;
                emit(Event::GateFailed { phase: label.clone(), command });
                let red = match &before {
                    Some(OnTip::RedUnread(why)) => format!("; red before: without the phase's units it fails too: {why}"),
                    _ => String::new(),
                };
                let message = format!("the gate of {label} did not pass: {reason}{red}");
                let help =
                    format!("see {}; `migrate run` tries the gate again, `migrate rollback` takes units back", log.display());
                let failed = Stop::Failed(Note::new(message, help));
                match phase.gate_on_failure {
                    GateFailure::Stop => Err(failed),
                    GateFailure::Pause => Err(self.pause(at, &reason)?),
                    _ if matches!(before, Some(OnTip::RedUnread(_))) => Err(failed),
                    GateFailure::Culprits => self.take_culprits_back(at, label, &calls[nth], (&reason, kind), failed, emit),
                    GateFailure::RollbackPhase => self.take_phase_back(at, &reason, failed, emit),
                }
            }
        }
    }

    /// Finds the units of the phase that make its gate fail, takes them back, and asks the gate again.
    fn take_culprits_back(
        &mut self,
        at: usize,
        label: &PhaseLabel,
        call: &Call,
        (reason, kind): (&str, VerdictKind),
        failed: Stop,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Stop> {
        let landed = self.landed_of(at);
        let blamed = match self.blame((Purpose::Gate, call, at), &landed, emit)? {
            Blame::On(blamed) => blamed,
            Blame::NoCopies => {
                let message =
                    "the units that make the gate fail are found in copies of the work tree only: none is taken back".to_owned();
                emit(Event::Warning { message, help: None });
                return Err(failed);
            }
            Blame::RedBefore => {
                let message = format!("the gate of {label} fails without any unit of the phase too: none is taken back");
                emit(Event::Warning { message, help: None });
                return Err(failed);
            }
            Blame::Flaky => {
                let message = format!("flaky gate: {label} does not answer the same each time: no unit is taken back");
                let help = "make its commands answer the same each time, or give them `retries: N`, then run again";
                return Err(Stop::Failed(Note::new(message, help)));
            }
            Blame::Void => return self.gate(at, label, emit),
        };
        for (culprit, with) in blamed.into_iter().rev() {
            let (unit, commit) = &landed[culprit];
            let why = Reason::Gate { why: format!("{reason}{with}"), verdict: Some(kind) };
            self.take_back(unit, *commit, &why, emit)?;
        }
        self.judge.forget();
        self.refuse_too_many(at)?;
        self.gate(at, label, emit)
    }

    /// Takes every unit of the phase back, the newest first.
    fn take_phase_back(&mut self, at: usize, reason: &str, failed: Stop, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.take_phases_back(&[at], reason, emit)?;
        Err(failed)
    }

    /// What of a phase is in the branch: each commit with the files that it holds, in the order of the plan.
    pub(super) fn landed_of(&self, at: usize) -> Vec<InBranch> {
        let mut landed: Vec<InBranch> = Vec::new();
        for standing in self.units.iter().filter(|standing| standing.unit.phase == at) {
            for file in standing.files.iter().filter(|file| file.state == State::Committed) {
                let Some(commit) = file.commit.filter(|commit| self.repo.has_commit(*commit)) else { continue };
                match landed.last_mut().filter(|(unit, last)| *last == commit && unit.id == standing.unit.id) {
                    Some((unit, _)) => unit.files.push(file.file.clone()),
                    None => landed.push((Unit { files: vec![file.file.clone()], ..standing.unit.clone() }, commit)),
                }
            }
        }
        landed
    }
}
