//! The gate of a phase: commands that judge it as a whole.

use crate::event::{Event, PhaseLabel};
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{OnTip, Purpose, Question, Verdict};
use crate::plan::digest;
use crate::run::before::tell_red;
use crate::run::judging::Candidate;
use crate::run::{Run, ended};
use crate::schedule::passage::{LastGate, too_many_given_up};
use crate::stop::{Note, Stop};
use crate::survey;
use crate::units::Call;

impl Run<'_> {
    /// Runs the phase's gate, unless it passed already and that still counts, or the phase has not come to its end.
    pub(super) fn gate(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let phase = &self.plan.phases[at];
        let counts = self.counts_of(at);
        if phase.gate.is_empty() || !self.request.files.is_empty() || counts.left() > 0 || too_many_given_up(phase, counts) {
            return Ok(());
        }
        self.look_at_branch()?;
        let last = survey::last_gate(self.repo, self.plan, self.journal.records(), self.held.tip().commit, at)?;
        if last == LastGate::Stands {
            return Ok(());
        }
        let mut before = None;
        let mut void = 0;
        while void < ended::MOST_ATTEMPTS {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            emit(Event::GateStarted { phase: label.clone() });
            let calls = Call::of_phase(&phase.gate);
            let question = Question { purpose: Purpose::Gate, calls: &calls, fewer: false, phase: &phase.id, unit: None };
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
        let question = Question { purpose: Purpose::Before, calls, fewer: false, phase: &phase.id, unit: None };
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
        let commands = digest::commands(&phase.gate);
        match verdict {
            Verdict::Passed(_) => {
                self.refuse_changed_tree(calls, "a gate command")?;
                self.journal.append(Record::GatePassed { plan, phase: id, tip, commands })?;
                emit(Event::GatePassed { phase: label.clone() });
                Ok(())
            }
            Verdict::Failed { reason, command, log, .. } => {
                self.journal.append(Record::GateFailed { plan, phase: id, tip, commands })?;
                emit(Event::GateFailed { phase: label.clone(), command });
                let red = match before {
                    Some(OnTip::RedUnread(why)) => format!("; red before: without the phase's units it fails too: {why}"),
                    _ => String::new(),
                };
                let message = format!("the gate of {label} did not pass: {reason}{red}");
                let help =
                    format!("see {}; `migrate run` tries the gate again, `migrate rollback` takes units back", log.display());
                Err(Stop::Failed(Note::new(message, help)))
            }
        }
    }
}
