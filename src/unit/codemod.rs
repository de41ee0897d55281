//! What is to be told of an external codemod: what it did to a file beside its work, and what stands in a file that it left alone.

use crate::guard::{Finding, constants};
use crate::plan::Plan;
use crate::plan::guards::{Guard, Severity};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite;
use crate::rewrite::follow::{Follow, Spot};
use crate::rewrite::violation::look as seen_in;
use crate::unit::callables::Callables;
use crate::unit::file_kind::{FileKind, module_of};
use crate::unit::segments::step;
use crate::unit::sound::{Unsound, Warning, sound};
use crate::unit::{line_ends, text};
use crate::units::Member;

/// What a person should know of what the command `shown` made of a file that held `input` when it began: the texts that it changed,
/// and the line endings. Places are told of the file as it was `before` anything was done.
///
/// # Errors
/// [`Unsound`] with the changed texts, where the plan says that they are an error.
pub fn told(
    plan: &Plan,
    file: &Member,
    shown: &str,
    before: &[u8],
    (input, output): (&[u8], &[u8]),
) -> Result<Vec<Warning>, Unsound> {
    let kind = FileKind::of(&file.path, before);
    let (old, new) = match (text(kind, before), text(kind, input)) {
        (Ok(old), Ok(new)) => (old, new),
        // No text has no places.
        _ => return Ok(Vec::new()),
    };
    let follow = Follow::new(&new, &old);
    let mut warnings = Vec::new();
    if let Some((line, what)) = line_ends::changed(input, output) {
        let help = "`keep_line_endings: true` beside its `run` puts them back".to_owned();
        warnings.push(Warning { spot: follow.spot(line, 1), guard: None, message: format!("`{shown}` {what}"), help });
    }
    let guards = plan.target(file).guards;
    let mut findings = Vec::new();
    if let (FileKind::Python, Ok(made)) = (kind, Source::new(output)) {
        let (input, output) = (Parsed::new(&new, None), Parsed::new(&made, None));
        // What is no Python is refused as that.
        if guards.severity(Guard::Constants) != Severity::Off && output.problems().is_empty() {
            findings = constants::changed(&input, &output, guards);
        }
    }
    for finding in &mut findings {
        finding.before = follow.spot(finding.line, finding.column);
        finding.message = format!("`{shown}` {}", finding.message);
    }
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    if !errors.is_empty() {
        return Err(Unsound::guard(&file.path, &errors, &[]));
    }
    warnings.extend(findings.iter().map(|finding| Warning::of(finding, finding.before.clone())));
    Ok(warnings)
}

/// What a person should know of a file in which neither the commands of its entry, `shown`, nor its other rules changed anything.
///
/// # Errors
/// [`Unsound`] where a rule knows better: one of its entry, or any other of the plan, since no other entry has the file.
pub fn unmoved(
    callables: &Callables,
    plan: &Plan,
    unit: &Member,
    shown: &str,
    (before, warnings): (&[u8], Vec<Warning>),
) -> Result<Vec<Warning>, Unsound> {
    if FileKind::of(&unit.path, before) != FileKind::Python {
        return Ok(warnings);
    }
    let source = Source::new(before).map_err(|error| Unsound::source(&unit.path, &error))?;
    let module = module_of(callables.top(), &unit.path, source.text());
    let file = Parsed::new(&source, module.as_deref());
    let but = |unsound: Unsound| Unsound { reason: format!("{shown} changed nothing: {}", unsound.reason), ..unsound };
    let mut told = sound(callables, plan, unit, (&file, &file), warnings).map_err(but)?.before;
    let severity = plan.target(unit).guards.severity(Guard::Violation);
    if severity == Severity::Off {
        return Ok(told);
    }
    let own = &plan.target(unit).rules;
    for (name, step) in (0..plan.rules.len()).filter(|rule| !own.contains(rule)).filter_map(|rule| step(plan, rule)) {
        // What cannot be read is no reason to fail.
        let seen = if rewrite::touches(before, &[step]) { seen_in(&file, step).unwrap_or_default() } else { Default::default() };
        let Some(first) = seen.violations.first() else { continue };
        let places = if seen.violations.len() == 1 { "1 place".to_owned() } else { format!("{} places", seen.violations.len()) };
        let message = format!("{shown} changed nothing, and the rule {name} finds {places}");
        let help = "see the log of the command for why; add the rule to the `rules` of the entry, or let `violation` warn there";
        if severity == Severity::Error {
            let reason = format!("{}:{}:{}: {message}", unit.path, first.line, first.column);
            return Err(Unsound { reason, help: help.to_owned() });
        }
        let spot = Spot::at(first.line, first.column);
        told.push(Warning { spot, guard: Some(Guard::Violation), message, help: help.to_owned() });
    }
    Ok(told)
}
