//! Triggers of the plan: which number turns into which act.

use serde::Serialize;

use crate::metric::Scale;
use crate::metric::condition::{Condition, condition};
use crate::plan::Phase;
use crate::plan::metrics::{Declared, value};
use crate::plan::node::{Kind, Node};
use crate::plan::reader::Reader;
use crate::plan::source::Span;
use crate::plan::view::quoted;

/// What turns a number into an act.
#[derive(Debug, Clone, Serialize)]
pub struct Trigger {
    /// When it acts.
    pub when: Condition,
    /// What it does.
    #[serde(rename = "do")]
    pub act: Act,
    /// Where its condition stands in the plan's text; no part of the meaning.
    #[serde(skip)]
    pub place: Span,
}

/// What a trigger does, the weakest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It says so.
    Warn,
    /// The run ends there; what was committed stays.
    Stop,
    /// The run ends there until a person says that it goes on.
    Pause,
    /// The unit that was measured is taken back.
    RollbackUnit,
    /// The phase that was measured is taken back.
    RollbackPhase,
    /// The phase of this id is taken back, and every later one before it.
    Rollback(String),
}

impl Act {
    /// As the plan has it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Warn => "warn".to_owned(),
            Self::Stop => "stop".to_owned(),
            Self::Pause => "pause".to_owned(),
            Self::RollbackUnit => "rollback-unit".to_owned(),
            Self::RollbackPhase => "rollback-phase".to_owned(),
            Self::Rollback(phase) => format!("rollback: {phase}"),
        }
    }

    /// True when it takes commits back.
    #[must_use]
    pub fn takes_back(&self) -> bool {
        matches!(self, Self::RollbackUnit | Self::RollbackPhase | Self::Rollback(_))
    }
}

/// Reads the plan's triggers, which name its metrics. Their phases are looked at by [`phases`].
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, metrics: &Declared) -> Vec<Trigger> {
    let Some(items) = reader.list(node, "`triggers`") else { return Vec::new() };
    items.iter().filter_map(|item| trigger(reader, item, metrics)).collect()
}

fn trigger(reader: &mut Reader<'_>, node: &Node, metrics: &Declared) -> Option<Trigger> {
    let entries = reader.map(node, "the trigger", &["when", "do"])?;
    let act = reader.required(&entries, "do", "the trigger", "do: pause").and_then(|node| act(reader, node));
    let when = reader.required(&entries, "when", "the trigger", "when: \"pass-rate < 95%\"")?;
    let text = value(reader, when, "`when`", "a condition such as \"pass-rate < 95%\"")?;
    let scale = |name: &str| -> Option<Scale> { metrics.get(name).map(|metric| metric.scale) };
    if text.split(|c: char| c.is_whitespace() || "<>".contains(c)).any(|word| metrics.is_broken(word)) {
        return None;
    }
    let condition = match condition(text, scale) {
        Ok(condition) => condition,
        Err(wrong) => {
            reader.report(when.span, wrong.message, wrong.help);
            return None;
        }
    };
    let given = metrics.get(&condition.metric).and_then(|metric| metric.baseline);
    if let (Some(bound), Some(_)) = (condition.bound(), given)
        && let Err(wrong) = bound.limit(&condition.metric, given)
    {
        reader.report(when.span, wrong.message, wrong.help);
    }
    Some(Trigger { when: condition, act: act?, place: when.span })
}

fn act(reader: &mut Reader<'_>, node: &Node) -> Option<Act> {
    if let Kind::Map(_) = &node.kind {
        let entries = reader.map(node, "`do`", &["rollback"])?;
        let phase = reader.required(&entries, "rollback", "`do`", "rollback: P0")?;
        return reader.line(phase, "`rollback`").map(|phase| Act::Rollback(phase.to_owned()));
    }
    let words = [
        ("warn", &Act::Warn),
        ("stop", &Act::Stop),
        ("pause", &Act::Pause),
        ("rollback-unit", &Act::RollbackUnit),
        ("rollback-phase", &Act::RollbackPhase),
    ];
    reader.choice(node, "`do`", &words).cloned()
}

/// Reports triggers on phases that the plan does not have, and metrics and triggers that are looked at nowhere.
pub(super) fn phases(reader: &mut Reader<'_>, triggers: &[Trigger], metrics: &Declared, phases: &[Phase]) {
    for trigger in triggers {
        if let Act::Rollback(id) = &trigger.act
            && !phases.iter().any(|phase| phase.id == *id)
        {
            let all: Vec<&str> = phases.iter().map(|phase| phase.id.as_str()).collect();
            let message = format!("the trigger takes back {}, which is no phase", quoted(id));
            reader.report(trigger.place, message, format!("the phases are {}", all.join(", ")));
        }
        let metric = &trigger.when.metric;
        let in_level = phases.iter().flat_map(|phase| &phase.targets).any(|target| target.metrics.contains(metric));
        if trigger.act == Act::RollbackUnit && !in_level {
            let help = format!("list {metric} under `metrics` of a level, or take the phase back by `do: rollback-phase`");
            let message = format!("`rollback-unit` for {metric}, which is looked at after no unit");
            reader.report(trigger.place, message, help);
        }
    }
    for metric in &metrics.list {
        let in_gate = phases.iter().any(|phase| phase.gate_metrics.contains(&metric.name));
        let in_level = phases.iter().flat_map(|phase| &phase.targets).any(|target| target.metrics.contains(&metric.name));
        let after = |phase: &Phase| phase.after_rollback.as_ref().is_some_and(|after| after.metrics.contains(&metric.name));
        // What costs nothing is told in the table in any case.
        let is_known = metric.command().is_none() && !triggers.iter().any(|trigger| trigger.when.metric == metric.name);
        if !in_gate && !in_level && !is_known && !phases.iter().any(after) {
            let help = "list it under `metrics` of a gate or of a level that is used, or remove it";
            reader.report(metric.place, format!("the metric {} is looked at nowhere", quoted(&metric.name)), help);
        }
    }
}

/// Reads a list of metrics that are looked at somewhere.
pub(super) fn names(reader: &mut Reader<'_>, node: &Node, metrics: &Declared) -> Vec<String> {
    let Some(items) = reader.list(node, "`metrics`") else { return Vec::new() };
    let known: Vec<&str> = metrics.list.iter().map(|metric| metric.name.as_str()).collect();
    let mut found: Vec<String> = Vec::new();
    for item in items {
        let Some(name) = reader.line(item, "a metric") else { continue };
        if metrics.is_broken(name) {
            continue;
        }
        if !known.contains(&name) {
            let help = match crate::plan::reader::nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "the plan has no `metrics`: add it there".to_owned(),
                None => format!("the plan has {}", known.join(", ")),
            };
            reader.report(item.span, format!("the plan has no metric {}", quoted(name)), help);
        } else if found.iter().any(|found| found == name) {
            reader.report(item.span, format!("the metric {} is listed twice", quoted(name)), "keep one of the two");
        } else {
            found.push(name.to_owned());
        }
    }
    found
}
