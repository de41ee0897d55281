//! What the numbers of a gate decide: a trigger that holds acts, and a metric that misses its target fails the gate.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Event, PhaseLabel};
use crate::journal::Record;
use crate::metric::bound::{Against, Bound};
use crate::metric::{Comparison, Wrong, rank};
use crate::plan::{Act, GateFailure, Metric, Trigger, digest};
use crate::recovery;
use crate::run::Run;
use crate::run::aftermath;
use crate::run::ended::{MOST_ATTEMPTS, keeps_moving};
use crate::run::judging::Candidate;
use crate::run::numbers::SideBySide;
use crate::schedule::triggers::{self, Reading};
use crate::stop::{Note, Stop};
use crate::survey::{self, TakingBack};
use crate::takeback::Reason;
use crate::units::Unit;
use crate::verdict::VerdictKind;

/// What was measured in turn already, by the name of the metric.
type Seen = BTreeMap<String, SideBySide>;

/// What was asked of a metric, and what was found.
pub(super) struct Found {
    /// The condition or the bound, as the plan has it.
    pub(super) asked: String,
    /// What was measured, in words.
    pub(super) why: String,
}

/// What numbers say.
pub(super) enum Decided {
    /// Nothing speaks against it.
    Pass,
    /// A trigger acts.
    Acts(Act, Found),
    /// A target is missed.
    Missed(Found),
}

impl Run<'_> {
    /// Measures what a gate lists and does what follows.
    ///
    /// # Errors
    /// [`Stop`] when the gate does not pass; by then everything that was to be taken back is.
    pub(super) fn judged_by_numbers(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let plan = self.plan;
        let names = &plan.phases[at].gate_metrics;
        if names.is_empty() {
            return Ok(());
        }
        for _ in 0..MOST_ATTEMPTS {
            let decided = self.decided(at, names, emit)?;
            if self.moved_meanwhile(label, emit)? {
                continue;
            }
            return match decided {
                Decided::Pass => Ok(()),
                Decided::Acts(act, found) => self.act(at, label, &act, &found, emit),
                Decided::Missed(found) => self.missed(at, label, &found, emit),
            };
        }
        Err(keeps_moving(&format!("the gate of {label}")))
    }

    pub(super) fn decided(&mut self, at: usize, names: &[String], emit: &mut dyn FnMut(Event)) -> Result<Decided, Stop> {
        let plan = self.plan;
        let metrics: Vec<&Metric> = names.iter().filter_map(|name| plan.metric(name)).collect();
        let mut readings: Vec<Reading> = Vec::new();
        let mut seen = Seen::new();
        for metric in &metrics {
            readings.push(self.reading(metric, at, emit)?);
        }
        for trigger in triggers::holding(plan, &readings).map_err(wrong)? {
            let (Some(metric), Some(reading)) =
                (plan.metric(&trigger.when.metric), readings.iter().find(|reading| reading.metric == trigger.when.metric))
            else {
                continue;
            };
            let why = said(metric, trigger, reading);
            if trigger.act == Act::Warn {
                emit(Event::Warning { message: why, help: None });
                continue;
            }
            if self.is_confirmed(metric, trigger, at, &mut seen, emit)? {
                return Ok(Decided::Acts(trigger.act.clone(), Found { asked: trigger.when.shown(metric.scale), why }));
            }
        }
        for (metric, reading) in metrics.iter().zip(&readings) {
            for bound in triggers::broken(metric, reading.value, reading.baseline).map_err(wrong)? {
                if self.is_noise(metric, bound, at, &mut seen, emit)? {
                    let phase = Some(plan.phases[at].id.clone());
                    self.note(metric, phase, self.held.tip().commit, reading.value, true)?;
                    continue;
                }
                let wanted = bound.shown(metric.scale);
                let before = reading.baseline.map(|before| format!(", and was {}", metric.scale.shown(before)));
                let said = metric.scale.said(&metric.name, reading.value) + &before.unwrap_or_default();
                let why = format!("{said}; it is to be {wanted}");
                return Ok(Decided::Missed(Found { asked: format!("{} {wanted}", metric.name), why }));
            }
        }
        Ok(Decided::Pass)
    }

    /// True when a metric does not keep a bound for noise only.
    fn is_noise(
        &mut self,
        metric: &Metric,
        bound: Bound,
        at: usize,
        seen: &mut Seen,
        emit: &mut dyn FnMut(Event),
    ) -> Result<bool, Stop> {
        if !metric.is_noisy() {
            return Ok(false);
        }
        // What is not kept lies on the other side.
        let beyond = if bound.comparison.is_downward() { Comparison::More } else { Comparison::Less };
        Ok(!match bound.against {
            // Whatever it was before: it is to be that.
            Against::Number(number) => self.is_always(metric, (beyond, number), at, emit)?,
            Against::Baseline(_) => self.is_shown(metric, (bound, beyond), at, seen, emit)?,
        })
    }

    /// True when a trigger that holds may act: what takes commits back holds once more, and what is noise is none.
    fn is_confirmed(
        &mut self,
        metric: &Metric,
        trigger: &Trigger,
        at: usize,
        seen: &mut Seen,
        emit: &mut dyn FnMut(Event),
    ) -> Result<bool, Stop> {
        let condition = trigger.when.shown(metric.scale);
        if let (true, Some(bound)) = (metric.is_noisy(), trigger.when.bound()) {
            let times = if trigger.act.takes_back() { 2 } else { 1 };
            for _ in 0..times {
                if !self.is_shown(metric, (bound, bound.comparison), at, seen, emit)? {
                    return Ok(false);
                }
                // What takes commits back is shown by other measurements once more.
                if trigger.act.takes_back() {
                    seen.remove(&metric.name);
                }
            }
            return Ok(true);
        }
        if !trigger.act.takes_back() {
            return Ok(true);
        }
        let again = self.reading(metric, at, emit)?;
        if trigger.when.holds(again.value, again.baseline).map_err(wrong)? {
            return Ok(true);
        }
        let (label, again) = (self.plan.phase_label(at), metric.scale.said(&metric.name, again.value));
        let message = format!("flaky metric: `{condition}` held at the gate of {label}, and measured again {again}");
        let help = "nothing is taken back; make its command answer the same each time, then run again";
        Err(Stop::Failed(Note::new(message, help)))
    }

    /// True when it is shown, base and tip measured in turn, that a noisy metric lies `beyond` a bound for more than chance.
    fn is_shown(
        &mut self,
        metric: &Metric,
        (bound, beyond): (Bound, Comparison),
        at: usize,
        seen: &mut Seen,
        emit: &mut dyn FnMut(Event),
    ) -> Result<bool, Stop> {
        let asked = format!("{} {}", metric.name, bound.shown(metric.scale));
        let found = match seen.get(&metric.name) {
            Some(found) => Some(found.clone()),
            None => self.side_by_side(metric, at, emit)?,
        };
        let Some(found) = found else {
            let message = format!(
                "`{asked}` decides nothing here: {} is never the same twice, and is held against the tree before the plan in copies of \
                 the work tree only",
                metric.name
            );
            emit(Event::Warning { message, help: Some("run without --in-place where copies can be made".to_owned()) });
            return Ok(false);
        };
        seen.insert(metric.name.clone(), found.clone());
        // Beyond a number it may be the machine that is slow: the tip is worse than the tree before the plan too.
        let limits: Vec<f64> = match bound.needs_baseline() {
            true => {
                found.base.iter().map(|base| bound.limit(&metric.name, Some(*base))).collect::<Result<_, _>>().map_err(wrong)?
            }
            false => found.base.clone(),
        };
        let (tip, limit) = (rank::median(&found.tip).unwrap_or(0.0), rank::median(&limits).unwrap_or(0.0));
        let is_shown = match beyond.is_downward() {
            true => rank::is_greater(&limits, &found.tip),
            false => rank::is_greater(&found.tip, &limits),
        };
        let is_beyond = match bound.against {
            Against::Number(number) => found.tip.iter().all(|value| beyond.holds(*value, number)),
            Against::Baseline(_) => true,
        };
        if beyond.holds(tip, limit) && is_shown && is_beyond {
            return Ok(true);
        }
        let times = found.tip.len();
        let message = format!(
            "`{asked}`: no more than noise: {times} and {times} times in turn, the tip is {} and the tree before the plan {}",
            metric.scale.shown(tip),
            metric.scale.shown(rank::median(&found.base).unwrap_or(0.0))
        );
        emit(Event::Warning { message, help: None });
        Ok(false)
    }

    /// True when a noisy metric lies beyond a number each time that it is measured.
    fn is_always(
        &mut self,
        metric: &Metric,
        (beyond, number): (Comparison, f64),
        at: usize,
        emit: &mut dyn FnMut(Event),
    ) -> Result<bool, Stop> {
        for _ in 0..metric.repeat {
            let value = self.once(metric, &Candidate::new(), at, emit)?.map_err(|why| self.unread(metric, at, &why))?;
            if !beyond.holds(value, number) {
                let (shown, number) = (metric.scale.shown(value), metric.scale.shown(number));
                let message = format!("{} is not always beyond {number}: measured again it is {shown}", metric.name);
                emit(Event::Warning { message, help: None });
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Does what a trigger says.
    pub(super) fn act(
        &mut self,
        at: usize,
        label: &PhaseLabel,
        act: &Act,
        found: &Found,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Stop> {
        match act {
            Act::Warn => Ok(()),
            Act::Stop => Err(self.gate_failed(at, label, found, emit)?),
            // No one unit was measured.
            Act::Pause | Act::RollbackUnit => Err(self.pause(at, &found.why)?),
            Act::RollbackPhase | Act::Rollback(_) => {
                let failed = self.gate_failed(at, label, found, emit)?;
                self.take_phases_back(&triggers::taken_back(self.plan, act, at), &found.why, emit)?;
                Err(taken_back(failed))
            }
        }
    }

    /// A target that is missed fails the gate.
    fn missed(&mut self, at: usize, label: &PhaseLabel, found: &Found, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let on_failure = self.plan.phases[at].gate_on_failure;
        if on_failure == GateFailure::Pause {
            return Err(self.pause(at, &found.why)?);
        }
        let failed = self.gate_failed(at, label, found, emit)?;
        match on_failure {
            GateFailure::Stop | GateFailure::Pause => {}
            GateFailure::Culprits => {
                let message =
                    format!("{}: the units that make it so are not looked for; a trigger can take the phase back", found.why);
                emit(Event::Warning { message, help: None });
            }
            GateFailure::RollbackPhase => {
                self.take_phases_back(&[at], &found.why, emit)?;
                return Err(taken_back(failed));
            }
        }
        Err(failed)
    }

    /// Notes that the gate failed for what was measured.
    fn gate_failed(&mut self, at: usize, label: &PhaseLabel, found: &Found, emit: &mut dyn FnMut(Event)) -> Result<Stop, Stop> {
        let (plan, phase, tip, commands) = self.gate_now(at);
        self.journal.append(Record::GateFailed { plan, phase, tip, commands })?;
        emit(Event::GateFailed { phase: label.clone(), command: found.asked.clone() });
        let help = "`migrate run` measures again; `migrate rollback` takes units back";
        Ok(Stop::Failed(Note::new(format!("the gate of {label} did not pass: {}", found.why), help)))
    }

    /// Notes that the gate waits for a person, and says how to go on.
    pub(super) fn pause(&mut self, at: usize, why: &str) -> Result<Stop, Stop> {
        self.pause_at(at, why, None)
    }

    /// The same after a unit, before the others of its phase.
    pub(super) fn pause_at(&mut self, at: usize, why: &str, unit: Option<&Unit>) -> Result<Stop, Stop> {
        let (plan, phase, tip, commands) = self.gate_now(at);
        let unit = unit.map(|unit| unit.id.clone());
        self.journal.append(Record::Paused { plan, phase, tip, commands, why: why.to_owned(), unit })?;
        Ok(self.paused(at))
    }

    /// Notes that a person lets the phase go on after one of its units: its gate is still to come.
    pub(super) fn go_on_after_unit(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let why = survey::why_paused(self.plan, self.journal.records(), at).unwrap_or_default().to_owned();
        let (plan, phase, ..) = self.gate_now(at);
        self.journal.append(Record::WentOn { plan, phase })?;
        emit(Event::Warning { message: format!("{label} was paused and goes on: {why}"), help: None });
        Ok(())
    }

    /// That the gate of a phase waits for a person.
    pub(super) fn paused(&self, at: usize) -> Stop {
        let label = self.plan.phase_label(at);
        let why = survey::why_paused(self.plan, self.journal.records(), at).unwrap_or("it waits for a person");
        let id = &self.plan.phases[at].id;
        let help = format!("`migrate run --continue` goes on; `migrate rollback --phase {id}` takes the phase back");
        Stop::NeedsYou(Note::new(format!("{label} is paused: {why}"), help))
    }

    /// Notes that a person lets the run go on after a gate that paused.
    pub(super) fn go_on(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let why = survey::why_paused(self.plan, self.journal.records(), at).unwrap_or_default().to_owned();
        let (plan, phase, tip, commands) = self.gate_now(at);
        self.journal.append(Record::GatePassed { plan, phase, tip, commands })?;
        emit(Event::Warning { message: format!("{label} was paused and goes on: {why}"), help: None });
        Ok(())
    }

    /// What records say of the gate that is judged now: the plan, the phase, the tip, what is asked.
    fn gate_now(&self, at: usize) -> (String, String, String, String) {
        let phase = &self.plan.phases[at];
        let tip = self.held.tip().commit.to_string();
        (self.plan.name.clone(), phase.id.clone(), tip, digest::gate(self.plan, phase))
    }

    /// Takes all units of these phases back, those of later phases first. A run that is killed meanwhile does the rest the next time.
    pub(super) fn take_phases_back(&mut self, phases: &[usize], why: &str, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let plan = self.plan;
        self.journal.append(Record::TakingBack {
            plan: plan.name.clone(),
            phases: phases.iter().filter_map(|phase| plan.phases.get(*phase)).map(|phase| phase.id.clone()).collect(),
            why: why.to_owned(),
            since: aftermath::now(),
        })?;
        self.finish_taking_back(emit)
    }

    /// Takes back what a run began to take back, and makes the checks that follow.
    pub(super) fn finish_taking_back(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let plan = self.plan;
        let begun = survey::taking_back(plan, self.journal.records());
        let Some(TakingBack { phases, why, since, is_back }) = begun else { return Ok(()) };
        let phases: Vec<usize> = phases.iter().filter_map(|id| plan.phases.iter().position(|phase| phase.id == *id)).collect();
        if is_back && recovery::checked(plan, &phases).is_none() {
            return Ok(());
        }
        if !is_back {
            for at in &phases {
                let reason = Reason::Gate { why: why.clone(), verdict: Some(VerdictKind::Failed) };
                self.take_all_back(&self.landed_of(*at), &reason, emit)?;
            }
            self.judge.forget();
            self.journal.append(Record::TookBack { plan: plan.name.clone() })?;
        }
        self.recovered(&phases, Duration::from_secs(aftermath::now().saturating_sub(since)), emit)
    }
}

/// That a gate failed, and everything that was to be taken back is.
fn taken_back(failed: Stop) -> Stop {
    let help = "what was to go is taken back; correct what made it so, then `migrate run --retry rolled-back` tries it again";
    match failed {
        Stop::Failed(note) => Stop::Failed(Note::new(note.message, help)),
        other => other,
    }
}

/// What was measured that makes a trigger hold.
fn said(metric: &Metric, trigger: &Trigger, reading: &Reading) -> String {
    let scale = metric.scale;
    let before = match (trigger.when.bound(), reading.baseline) {
        (Some(_), Some(before)) => format!(", and was {}", scale.shown(before)),
        _ => String::new(),
    };
    let (said, act) = (scale.said(&metric.name, reading.value), trigger.act.words());
    format!("{said}{before} (`{}`: {act})", trigger.when.shown(scale))
}

fn wrong(wrong: Wrong) -> Stop {
    Stop::Failed(Note::new(wrong.message, wrong.help))
}
