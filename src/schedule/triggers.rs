//! Which trigger acts, and how a metric stands against its target.
//!
//! Triggers come before targets, and of several that hold the strongest acts. What takes commits back must hold twice. What is never the
//! same twice counts against its baseline only when the difference was shown, side by side, to be more than noise.

use crate::metric::bound::Bound;
use crate::metric::condition::Test;
use crate::metric::{Stands, Wrong};
use crate::plan::{Act, Metric, Plan, Trigger};

/// What was measured of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The metric's name.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// What it was before, where that is known.
    pub baseline: Option<f64>,
}

/// The triggers that hold of what was measured, the strongest first. A trigger on a metric that was not measured does not hold.
///
/// # Errors
/// What is wrong with a baseline.
pub fn holding<'p>(plan: &'p Plan, readings: &[Reading]) -> Result<Vec<&'p Trigger>, Wrong> {
    let mut found: Vec<&Trigger> = Vec::new();
    for trigger in &plan.triggers {
        let Some(reading) = readings.iter().find(|reading| reading.metric == trigger.when.metric) else { continue };
        if trigger.when.holds(reading.value, reading.baseline)? {
            found.push(trigger);
        }
    }
    found.sort_by_key(|trigger| std::cmp::Reverse(strength(plan, &trigger.act)));
    Ok(found)
}

/// How strong an act is: the further back a phase is that goes back, the stronger.
fn strength(plan: &Plan, act: &Act) -> (usize, usize) {
    match act {
        Act::Warn => (0, 0),
        Act::Stop => (1, 0),
        Act::Pause => (2, 0),
        Act::RollbackUnit => (3, 0),
        Act::RollbackPhase => (4, 0),
        Act::Rollback(id) => {
            let at = plan.phases.iter().position(|phase| phase.id == *id).unwrap_or(plan.phases.len());
            (5, plan.phases.len() - at)
        }
    }
}

/// The phases that an act takes back at the gate of the phase `at`, in their order: later ones first.
#[must_use]
pub fn taken_back(plan: &Plan, act: &Act, at: usize) -> Vec<usize> {
    match act {
        Act::Warn | Act::Stop | Act::Pause | Act::RollbackUnit => Vec::new(),
        Act::RollbackPhase => vec![at],
        Act::Rollback(id) => {
            let from = plan.phases.iter().position(|phase| phase.id == *id);
            from.map_or_else(Vec::new, |from| (from..plan.phases.len()).rev().collect())
        }
    }
}

/// How a metric stands with a value.
///
/// # Errors
/// What is wrong with its baseline.
pub fn stands(metric: &Metric, value: f64, baseline: Option<f64>) -> Result<Stands, Wrong> {
    Ok(match broken(metric, value, baseline)?.first() {
        Some(bound) if metric.allowed().as_ref() == Some(bound) => Stands::Worse,
        Some(_) => Stands::Missed,
        None if metric.target.is_some() || metric.tolerance.is_some() => Stands::Met,
        None => Stands::Told,
    })
}

/// The bounds that a metric with this value does not keep: that of its tolerance, that of its target.
///
/// # Errors
/// What is wrong with its baseline.
pub fn broken(metric: &Metric, value: f64, baseline: Option<f64>) -> Result<Vec<Bound>, Wrong> {
    let mut broken = Vec::new();
    for bound in [metric.allowed(), metric.target].into_iter().flatten() {
        if !bound.comparison.holds(value, bound.limit(&metric.name, baseline)?) {
            broken.push(bound);
        }
    }
    Ok(broken)
}

/// True when something of the plan holds this metric against its baseline.
#[must_use]
pub fn needs_baseline(plan: &Plan, metric: &Metric) -> bool {
    let of_triggers = plan.triggers.iter().filter(|trigger| trigger.when.metric == metric.name);
    metric.tolerance.is_some()
        || metric.target.is_some_and(|target| target.needs_baseline())
        || of_triggers.filter_map(|trigger| trigger.when.bound()).any(|bound| bound.needs_baseline())
}

/// True when a trigger is about what passes or fails, or about tests that pass: what was red before is no reason to take anything back.
#[must_use]
pub fn is_about_health(metric: &Metric, trigger: &Trigger) -> bool {
    use crate::metric::reading::Read;
    use crate::plan::MetricSource;
    matches!(trigger.when.test, Test::Fails) || matches!(&metric.source, MetricSource::Measured { read: Read::PassRate, .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;

    const PLAN: &str = "
version: 1
name: x
issue: y
rules: { r: { command: c } }
metrics:
  pass-rate: { run: t, read: pass_rate, target: 100% }
  chat: { run: c, read: passes }
  p95: { run: b, read: stdout, target: \"< 550\", tolerance: 10% }
  memory: { run: m, read: stdout, target: \"<= baseline + 5%\" }
  compliance: { builtin: compliance, target: 100% }
triggers:
  - { when: \"p95 > baseline + 5%\", do: warn }
  - { when: \"p95 > baseline + 10%\", do: pause }
  - { when: \"pass-rate < 95%\", do: rollback-phase }
  - { when: \"compliance < 90%\", do: { rollback: P1 } }
  - { when: \"not chat\", do: { rollback: P0 } }
  - { when: \"memory > 100\", do: stop }
phases:
  - { id: P0, gate: { metrics: [pass-rate, chat, p95, memory, compliance] }, files: [a.py] }
  - { id: P1, files: [b.py] }
  - { id: P2, files: [c.py] }
";

    fn reading(metric: &str, value: f64) -> Reading {
        Reading { metric: metric.to_owned(), value, baseline: Some(if metric == "p95" { 500.0 } else { 60.0 }) }
    }

    #[test]
    fn of_the_triggers_that_hold_the_strongest_acts() {
        let plan = parse("x", PLAN.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
        // What was measured, the acts that hold with the strongest first, the phases that the first of them takes back at the gate of P0.
        for (measured, acts, back) in [
            (&[][..], &[][..], &[][..]),
            (&[("pass-rate", 100.0), ("chat", 1.0), ("p95", 500.0)], &[], &[]),
            (&[("p95", 530.0)], &["warn"], &[]),
            (&[("p95", 560.0)], &["pause", "warn"], &[]),
            (&[("p95", 560.0), ("memory", 101.0)], &["pause", "stop", "warn"], &[]),
            (&[("pass-rate", 94.9), ("p95", 560.0)], &["rollback-phase", "pause", "warn"], &[0]),
            (&[("pass-rate", 94.9), ("compliance", 80.0)], &["rollback: P1", "rollback-phase"], &[2, 1]),
            (&[("compliance", 80.0), ("chat", 0.0)], &["rollback: P0", "rollback: P1"], &[2, 1, 0]),
        ] {
            let readings: Vec<Reading> = measured.iter().map(|(metric, value)| reading(metric, *value)).collect();
            let found = holding(&plan, &readings).unwrap();
            let words: Vec<String> = found.iter().map(|trigger| trigger.act.words()).collect();
            assert_eq!(words, acts, "{measured:?}");
            assert_eq!(found.first().map_or_else(Vec::new, |first| taken_back(&plan, &first.act, 0)), back, "{measured:?}");
        }
        let unknown = Reading { baseline: None, ..reading("p95", 1.0) };
        assert!(holding(&plan, &[unknown]).unwrap_err().message.contains("baseline of p95 is not known"));
    }

    #[test]
    fn how_a_metric_stands_against_target_and_tolerance() {
        let plan = parse("x", PLAN.as_bytes()).unwrap();
        for (metric, value, baseline, want) in [
            ("pass-rate", 100.0, None, Stands::Met),
            ("pass-rate", 99.9, None, Stands::Missed),
            ("chat", 0.0, None, Stands::Told),
            ("p95", 540.0, Some(500.0), Stands::Met),
            ("p95", 550.0, Some(520.0), Stands::Missed),
            ("p95", 540.0, Some(400.0), Stands::Worse),
            ("memory", 63.0, Some(60.0), Stands::Met),
            ("memory", 63.1, Some(60.0), Stands::Missed),
            ("memory", 1.0, Some(0.0), Stands::Unknown),
            ("p95", 560.0, Some(500.0), Stands::Worse),
        ] {
            let found = stands(plan.metric(metric).unwrap(), value, baseline);
            assert_eq!(found.clone().unwrap_or(Stands::Unknown), want, "{metric} {value} {found:?}");
        }
        let both = broken(plan.metric("p95").unwrap(), 560.0, Some(500.0)).unwrap();
        assert_eq!(both.len(), 2, "what is noise for the one may not be for the other");
        let needs: Vec<&str> =
            plan.metrics.iter().filter(|metric| needs_baseline(&plan, metric)).map(|metric| metric.name.as_str()).collect();
        assert_eq!(needs, ["p95", "memory"]);
    }
}
