//! What is to be done to a unit's file, in order: its own edits, then its rules. Nothing here does I/O.

use crate::plan::{Command, Plan, RuleKind};
use crate::rewrite::Step;
use crate::units::Member;

/// A stretch of a unit's transforms.
#[derive(Debug, Clone)]
pub enum Segment<'p> {
    /// Applied in memory.
    Pure(Vec<Step<'p>>),
    /// Run on the file in the work tree.
    Codemod(&'p Command),
}

/// The unit's transforms in order: its own edits, then its rules.
#[must_use]
pub fn segments<'p>(plan: &'p Plan, unit: &Member) -> Vec<Segment<'p>> {
    let target = plan.target(unit);
    let mut segments = Vec::new();
    let mut pure: Vec<Step<'p>> = (!target.edits.is_empty()).then_some(Step::Edits(&target.edits)).into_iter().collect();
    for rule in &target.rules {
        if let RuleKind::Command(command) = &plan.rules[*rule].kind {
            if !pure.is_empty() {
                segments.push(Segment::Pure(std::mem::take(&mut pure)));
            }
            segments.push(Segment::Codemod(command));
        }
        pure.extend(step(plan, *rule).map(|(_, step)| step));
    }
    if !pure.is_empty() {
        segments.push(Segment::Pure(pure));
    }
    segments
}

/// What each of the unit's transforms is called, in their order.
#[must_use]
pub fn names<'p>(plan: &'p Plan, unit: &Member) -> Vec<&'p str> {
    let target = plan.target(unit);
    let edits = (!target.edits.is_empty()).then_some("edits");
    edits.into_iter().chain(target.rules.iter().map(|rule| plan.rules[*rule].name.as_str())).collect()
}

/// The unit's rules that are applied in memory, with their names.
#[must_use]
pub fn in_memory<'p>(plan: &'p Plan, unit: &Member) -> Vec<(&'p str, Step<'p>)> {
    plan.target(unit).rules.iter().filter_map(|rule| step(plan, *rule)).collect()
}

/// A rule that is applied in memory, with its name.
pub(super) fn step(plan: &Plan, rule: usize) -> Option<(&str, Step<'_>)> {
    let rule = &plan.rules[rule];
    let step = match &rule.kind {
        RuleKind::Rename(rename) => Step::Rename(rename),
        RuleKind::Rewrite(rewrite) => Step::Rewrite(rewrite),
        RuleKind::Command(_) => return None,
    };
    Some((&rule.name, step))
}
