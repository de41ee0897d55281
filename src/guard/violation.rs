//! What of the deprecated the rules left in the file.

use crate::guard::{Context, Finding};
use crate::plan::guards::{Guard, Severity};
use crate::python::parsed::Parsed;
use crate::rewrite::follow::Spot;
use crate::rewrite::violation::{Kind, Violation, violations};

/// Every violation of the unit's own rules in `after`.
pub(super) fn left(after: &Parsed, context: &Context) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let help = match context.guards.severity(Guard::Violation) {
        Severity::Error => "write `edits` for this place, or let the guard `violation` warn, or be off, for this file",
        Severity::Warn | Severity::Off => "write `edits` for this place if it is to change too",
    };
    let mut rules: Vec<Vec<&str>> = Vec::new();
    for (rule, step) in context.rules {
        // A text without a tree in time has been refused by the rules themselves.
        for Violation { line, column, kind, name, .. } in violations(after, *step).unwrap_or_default() {
            let message = match kind {
                Kind::Import => format!("{name} is still imported"),
                Kind::Use => format!("{name} is still used"),
                Kind::String => format!("a string still names {name}"),
                Kind::Doc => format!("documentation still names {name}"),
            };
            let same = |found: &Finding| (found.line, found.column, found.message.as_str()) == (line, column, message.as_str());
            if let Some(known) = findings.iter().position(same) {
                rules[known].push(rule);
                continue;
            }
            let (guard, severity) = (Guard::Violation, context.guards.severity(Guard::Violation));
            findings.push(Finding {
                line,
                column,
                before: Spot::at(line, column),
                guard,
                severity,
                message,
                help: help.to_owned(),
            });
            rules.push(vec![rule]);
        }
    }
    for (finding, rules) in findings.iter_mut().zip(rules) {
        finding.message.push_str(&match rules.as_slice() {
            [rule] => format!(", which the rule {rule} replaces"),
            rules => format!(", which the rules {} replace", rules.join(", ")),
        });
    }
    findings
}
