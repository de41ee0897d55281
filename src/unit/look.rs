//! What there is to do in a unit's file, and what a person should know of one in which there is nothing to do.

use std::collections::BTreeSet;
use std::path::Path;

use crate::plan::guards::{Guard, Severity};
use crate::plan::{Files, Plan};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::follow::Spot;
use crate::rewrite::glance::glances;
use crate::rewrite::violation::{Seen, look as seen_in, look_in_document, violations};
use crate::rewrite::{self, Step};
use crate::unit::callables::Callables;
use crate::unit::file_kind::{FileKind, module_of};
use crate::unit::segments::{Segment, in_memory, segments, step};
use crate::unit::sound::{Unsound, Warning, sound, tell_undecided};
use crate::unit::{Outcome, outcome};
use crate::units::Member;

/// What a look at a unit's file finds.
#[derive(Debug)]
pub enum ToDo {
    /// There is something to do: a rule changes it, cannot be applied to it, or leaves a violation that must not be left.
    Work,
    /// Nothing, with what a person should know of it all the same.
    Nothing(Vec<Warning>),
}

/// True when the plan names the unit's file by its path.
#[must_use]
pub fn is_listed(plan: &Plan, unit: &Member) -> bool {
    matches!(plan.target(unit).files, Files::Paths(_))
}

/// Why nothing of the unit can read its file; `None` when something can.
#[must_use]
pub fn unread(plan: &Plan, unit: &Member, kind: FileKind) -> Option<Unsound> {
    let is_read = |segment: &Segment| match segment {
        Segment::Codemod(_) => true,
        Segment::Pure(steps) => steps.iter().any(|step| kind.is_read_by(step)),
    };
    let segments = segments(plan, unit);
    if segments.is_empty() || segments.iter().any(is_read) {
        return None;
    }
    let (reason, help) = match kind {
        FileKind::Document(_) => (
            "no rule of its entry reads documents",
            "add `docs: true` to a rule, give the file `edits`, or take it out of the plan",
        ),
        FileKind::Python | FileKind::Other => (
            "no rule of its entry can read it: it is neither Python nor a document",
            "rules read .py and .pyi files and scripts without an ending whose first line names python; give the file `edits` or a \
             `command`, or take it out of the plan",
        ),
    };
    Some(Unsound { reason: reason.to_owned(), help: help.to_owned() })
}

/// What there is to do in a unit's file that holds these bytes, where [`look`] finds something: wholly applied and judged. Where it
/// finds nothing, what a person should know of the file all the same; `None` when that is nothing either.
#[must_use]
pub fn work(callables: &Callables, plan: &Plan, unit: &Member, bytes: &[u8]) -> Option<Outcome> {
    match look(callables, plan, unit, bytes) {
        ToDo::Work => Some(outcome(callables, plan, unit, bytes)),
        ToDo::Nothing(warnings) if warnings.is_empty() => None,
        ToDo::Nothing(warnings) => Some(Outcome::Unchanged(warnings)),
    }
}

/// Looks at a unit's file that holds these bytes. Files with external codemods among their rules are not for here.
#[must_use]
pub fn look(callables: &Callables, plan: &Plan, unit: &Member, bytes: &[u8]) -> ToDo {
    match glimpse(callables, plan, unit, bytes) {
        ToDo::Work => ToDo::Work,
        ToDo::Nothing(mut warnings) => {
            warnings.extend(elsewhere(callables, plan, unit, bytes));
            ToDo::Nothing(warnings)
        }
    }
}

/// How many violations of a unit's rules, edits and codemods aside, stand in its file that holds these bytes; each place once.
#[must_use]
pub fn violations_left(top: &Path, plan: &Plan, unit: &Member, bytes: &[u8]) -> usize {
    let rules = in_memory(plan, unit);
    let steps: Vec<Step> = rules.iter().map(|(_, step)| *step).collect();
    if FileKind::of(&unit.path, bytes) != FileKind::Python || !rewrite::touches(bytes, &steps) {
        return 0;
    }
    let Ok(source) = Source::new(bytes) else { return 0 };
    let module = module_of(top, &unit.path, source.text());
    let file = Parsed::new(&source, module.as_deref());
    let found = steps.iter().flat_map(|step| violations(&file, *step).unwrap_or_default());
    found.map(|violation| (violation.range.start, violation.range.end)).collect::<BTreeSet<_>>().len()
}

impl ToDo {
    /// True when there is something to do.
    #[must_use]
    pub fn is_work(&self) -> bool {
        matches!(self, Self::Work)
    }

    fn work_if(is_work: bool) -> Self {
        if is_work { Self::Work } else { Self::Nothing(Vec::new()) }
    }
}

/// What the unit's own rules find.
fn glimpse(callables: &Callables, plan: &Plan, unit: &Member, bytes: &[u8]) -> ToDo {
    let segments = segments(plan, unit);
    let [Segment::Pure(steps)] = segments.as_slice() else { return ToDo::Nothing(Vec::new()) };
    let kind = FileKind::of(&unit.path, bytes);
    if unread(plan, unit, kind).is_some() {
        return ToDo::work_if(is_listed(plan, unit));
    }
    if !rewrite::touches(bytes, steps) {
        return ToDo::Nothing(Vec::new());
    }
    if kind != FileKind::Python {
        return match rewrite::apply_to_document(bytes, kind.markup(), steps) {
            Ok(applied) if applied.bytes.is_none() => ToDo::Nothing(applied.remarks.into_iter().map(Warning::from).collect()),
            _ => ToDo::Work,
        };
    }
    let Ok(source) = Source::new(bytes) else { return ToDo::Work };
    let module = module_of(callables.top(), &unit.path, source.text());
    let takers = callables.takers(&unit.path, module.as_deref());
    let file = Parsed::new(&source, module.as_deref()).among(takers.as_deref());
    let weight = plan.target(unit).guards.severity(Guard::Violation);
    let must_go = || weight == Severity::Error && file.problems().is_empty();
    // A glance is cheap, and what it finds must go, one way or the other.
    let seen = glances(&file, steps).unwrap_or_default();
    if seen.iter().flatten().any(|seen| !seen.violations.is_empty()) && must_go() {
        return ToDo::Work;
    }
    // Where it tells of all steps that there is nothing, the whole file does so too.
    let is_nothing = |seen: &Option<Seen>| seen.as_ref().is_some_and(Seen::is_empty);
    if !seen.is_empty() && seen.iter().all(is_nothing) && !rewrite::may_spell(bytes, steps) {
        return ToDo::Nothing(Vec::new());
    }
    let rules = in_memory(plan, unit);
    let remarks = match rewrite::apply(&file, steps) {
        Ok(applied) if applied.bytes.is_none() => applied.remarks,
        _ => return ToDo::Work,
    };
    let mut warnings: Vec<Warning> = remarks.into_iter().map(Warning::from).collect();
    if !file.problems().is_empty() {
        return ToDo::Nothing(warnings);
    }
    for (_, step) in &rules {
        match seen_in(&file, *step) {
            Ok(seen) if seen.violations.is_empty() || !must_go() => {
                if weight != Severity::Off {
                    tell_undecided(&mut warnings, seen);
                }
            }
            _ => return ToDo::Work,
        }
    }
    if weight != Severity::Warn {
        return ToDo::Nothing(warnings);
    }
    match sound(callables, plan, unit, (&file, &file), warnings.clone()) {
        Ok(told) => ToDo::Nothing(told.before),
        Err(_) => ToDo::Nothing(warnings),
    }
}

/// What other rules of the plan find in a listed file in which its own find nothing: most likely they were forgotten there.
fn elsewhere(callables: &Callables, plan: &Plan, unit: &Member, bytes: &[u8]) -> Option<Warning> {
    let target = plan.target(unit);
    let others: Vec<(&str, Step)> =
        (0..plan.rules.len()).filter(|rule| !target.rules.contains(rule)).filter_map(|rule| step(plan, rule)).collect();
    let kind = FileKind::of(&unit.path, bytes);
    let touch = |step: &Step| kind.is_read_by(step) && rewrite::touches(bytes, std::slice::from_ref(step));
    if !is_listed(plan, unit) || !others.iter().any(|(_, step)| touch(step)) {
        return None;
    }
    let found = |look: &dyn Fn(Step) -> Option<Seen>| {
        let mut found = Vec::new();
        for (name, step) in others.iter().filter(|(_, step)| touch(step)) {
            // What cannot be read is no reason to warn.
            let seen = look(*step).unwrap_or_default();
            found.extend(seen.violations.first().map(|first| (*name, seen.violations.len(), first.line, first.column)));
        }
        found
    };
    let found = match kind {
        FileKind::Python => {
            let source = Source::new(bytes).ok()?;
            let module = module_of(callables.top(), &unit.path, source.text());
            let file = Parsed::new(&source, module.as_deref());
            found(&|step| seen_in(&file, step).ok())
        }
        FileKind::Document(markup) => {
            let source = Source::prose(bytes).ok()?;
            found(&|step| Some(look_in_document(&source, markup, step)))
        }
        FileKind::Other => return None,
    };
    let (_, _, line, column) = *found.first()?;
    let finds = |(name, count, ..): &(&str, usize, u32, u32)| match count {
        1 => format!("the rule {name} finds 1 place"),
        count => format!("the rule {name} finds {count} places"),
    };
    let finds = found.iter().map(finds).collect::<Vec<_>>().join(", ");
    let phase = plan.phase_label(unit.phase);
    Some(Warning {
        spot: Spot::at(line, column),
        guard: None,
        message: format!("the rules of its entry in {phase} find nothing here, but {finds}"),
        help: "add the rule to the `rules` of this entry, or take the file out of the plan".to_owned(),
    })
}
