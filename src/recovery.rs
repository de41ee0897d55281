//! After a rollback: the checks of a phase that was taken back, in the work tree itself, and how long all of it took.
//!
//! What is told here is of the tree that people work in, so nothing runs in a copy. A command that deploys asks first.

use std::time::Duration;

use crate::event::Event;
use crate::interrupt::{Ask, Interrupt};
use crate::judge::{Judge, Measurement, Purpose, Question, Verdict};
use crate::metric::Scale;
use crate::plan::{AfterRollback, Metric, MetricSource, Plan};
use crate::schedule::triggers;
use crate::stop::{Note, Stop};
use crate::units::Call;

/// A phase that was taken back.
#[derive(Clone, Copy)]
pub struct Back<'b> {
    /// The plan.
    pub plan: &'b Plan,
    /// Its place in it.
    pub at: usize,
    /// How long it took to take it back.
    pub took: Duration,
    /// Who is asked; none where nobody sits at a terminal.
    pub ask: Option<Ask>,
    /// What was a metric before the plan's first commit.
    pub baseline: &'b dyn Fn(&Metric) -> Option<f64>,
}

/// The phase of these whose checks are made: the first of the plan that has some.
#[must_use]
pub fn checked(plan: &Plan, phases: &[usize]) -> Option<usize> {
    phases.iter().copied().filter(|at| plan.phases.get(*at).is_some_and(|phase| phase.after_rollback.is_some())).min()
}

/// Makes the checks of a phase that was taken back, and tells how they ended and how long all of it took.
///
/// # Errors
/// [`Stop::NeedsYou`] when a check fails: the commits are back, and what they were to bring back is not.
pub fn check(judge: &Judge<'_>, interrupt: &Interrupt, back: Back<'_>, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    let Back { plan, at, took, .. } = back;
    let Some(after) = plan.phases.get(at).and_then(|phase| phase.after_rollback.as_ref()) else { return Ok(()) };
    let started = std::time::Instant::now();
    let mut left_out: Vec<String> = Vec::new();
    let mut failed = None;
    for command in &after.run {
        let calls = Call::of_phase(std::slice::from_ref(command));
        let id = plan.phases[at].id.as_str();
        let shown = judge.shown(&calls[0], id, None);
        if command.confirm && !back.ask.is_some_and(|ask| ask(&format!("run `{shown}`?"), interrupt)) {
            left_out.push(shown);
            continue;
        }
        let question = Question {
            purpose: Purpose::Recovery,
            calls: &calls,
            fewer: true,
            phase: id,
            unit: None,
            candidate: None,
            tree: None,
        };
        if let Verdict::Failed { reason, log, .. } = judge.run(question, None, &mut || Ok(()), emit)? {
            failed = Some((reason, format!("see {}", log.display())));
            break;
        }
    }
    if failed.is_none() {
        failed = of_metrics(judge, interrupt, back, after, emit)?;
    }
    for shown in &left_out {
        let message = format!("not run, since it asks first: `{shown}`");
        emit(Event::Warning { message, help: Some("run it by hand, or pass --yes".to_owned()) });
    }
    let took = took + started.elapsed();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    emit(Event::RecoveryChecked {
        phase: plan.label(at),
        passed: failed.is_none(),
        left_out,
        millis: millis(took),
        within: after.within.map(millis),
    });
    let Some((why, help)) = failed else { return Ok(()) };
    let message = format!("{} is taken back, and a check of the recovery failed: {why}", plan.phase_label(at));
    Err(Stop::NeedsYou(Note::new(message, help)))
}

/// What a check by number found, and what to do.
type Found = Option<(String, String)>;

fn of_metrics(
    judge: &Judge<'_>,
    interrupt: &Interrupt,
    back: Back<'_>,
    after: &AfterRollback,
    emit: &mut dyn FnMut(Event),
) -> Result<Found, Stop> {
    let Back { plan, at, baseline, .. } = back;
    for name in &after.metrics {
        let Some(metric) = plan.metric(name) else { continue };
        let MetricSource::Measured { command, read, file } = &metric.source else { continue };
        let nth = plan.metrics.iter().position(|known| known.name == *name).map_or(0, |at| at + 1);
        let (file, phase) = (file.as_ref(), plan.phases[at].id.as_str());
        let measurement = Measurement { name, nth, command, read, file, scale: metric.scale, phase };
        let mut values = Vec::new();
        for _ in 0..metric.repeat {
            if let Some(signal) = interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            match judge.measure(measurement, None, emit)? {
                Ok(value) => values.push(value),
                Err(why) => return Ok(Some((format!("{name} {why}"), "see its log".to_owned()))),
            }
        }
        // Of what is never the same twice, the best counts: it is beyond its bound only when each measurement is.
        values.sort_by(f64::total_cmp);
        let best = if metric.more_is_better() { values.last() } else { values.first() };
        let (value, before) = (best.copied().unwrap_or(0.0), baseline(metric));
        let shown = metric.scale.shown(value);
        let broken = match metric.scale {
            Scale::Truth => (value < 0.5).then(|| format!("{name} {shown}")),
            Scale::Plain | Scale::Percent => match triggers::broken(metric, value, before) {
                Ok(bounds) => bounds.first().map(|bound| format!("{name} is {shown}; it is to be {}", bound.shown(metric.scale))),
                Err(wrong) => return Ok(Some((wrong.message, wrong.help))),
            },
        };
        if let Some(why) = broken {
            let log = "the plan's commits are back: look what else changed since the migration began".to_owned();
            return Ok(Some((why, log)));
        }
    }
    Ok(None)
}
