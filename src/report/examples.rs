//! What became of a plan's examples: a line for each rule, and below it each example that is not as it should be.

use std::io::{self, Write};

use serde::Serialize;

use crate::examples::{Failure, Tried, Why};
use crate::plan::{Plan, RuleKind};
use crate::report::diff;
use crate::report::error::{Weight, message};
use crate::report::escape;
use crate::report::json;
use crate::report::look::{Ink, Look};

/// One rule as JSON.
#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    examples: usize,
    failed: Vec<FailedLine<'a>>,
}

/// One failed example as JSON.
#[derive(Serialize)]
struct FailedLine<'a> {
    line: usize,
    column: usize,
    reason: String,
    expected: &'a str,
    found: Option<String>,
}

/// Writes what became of the examples of one rule.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, look: Look, plan: &Plan, tried: &Tried) -> io::Result<()> {
    let name = escape::line(tried.rule.name.as_bytes());
    let (ink, said) = match (tried.count(), tried.failures.len()) {
        (0, _) if matches!(tried.rule.kind, RuleKind::Rewrite(_)) => (Ink::Yellow, "no examples".to_owned()),
        (0, _) => (Ink::Dim, "no examples".to_owned()),
        (1, 0) => (Ink::Green, "1 example passed".to_owned()),
        (count, 0) => (Ink::Green, format!("{count} examples passed")),
        (count, failed) => (Ink::Red, format!("{failed} of {count} examples failed")),
    };
    writeln!(out, "{name}: {}", look.paint(ink, &said))?;
    tried.failures.iter().try_for_each(|failure| write_failure(out, look, plan, tried, failure))
}

fn write_failure(out: &mut dyn Write, look: Look, plan: &Plan, tried: &Tried, failure: &Failure) -> io::Result<()> {
    out.write_all(message(look, Weight::Error, &place(plan, tried, failure), None).as_bytes())?;
    match &failure.why {
        Why::Other { found, remarks } => {
            for remark in remarks {
                let what = format!("in line {} of the example: {}", remark.line, remark.message);
                out.write_all(message(look, Weight::Warning, &what, Some(&remark.help)).as_bytes())?;
            }
            let end = if found.ends_with(b"\n") && !failure.example.after.ends_with('\n') { "\n" } else { "" };
            let expected = format!("{}{end}", failure.example.after);
            diff::write_as(out, look, ["expected", "found"], expected.as_bytes(), found)
        }
        Why::Unstable { once, twice } => diff::write_as(out, look, ["applied once", "applied twice"], once, twice),
        Why::Refused { .. } => Ok(()),
    }
}

/// Which example, and what is wrong with it: `plans/x.yaml:24:9: the rule r …`.
fn place(plan: &Plan, tried: &Tried, failure: &Failure) -> String {
    let (line, column) = plan.source.line_column(failure.example.place.offset);
    let what = failure.why.said(failure.example);
    format!("{}:{line}:{column}: the rule {} {what}", plan.source.name(), tried.rule.name)
}

/// Writes what became of the examples of one rule as a line of JSON.
///
/// # Errors
/// What the stream says.
pub fn write_json(out: &mut dyn Write, plan: &Plan, tried: &Tried) -> io::Result<()> {
    let failed = tried.failures.iter().map(|failure| {
        let (line, column) = plan.source.line_column(failure.example.place.offset);
        let found = match &failure.why {
            Why::Other { found, .. } => Some(found),
            Why::Unstable { twice, .. } => Some(twice),
            Why::Refused { .. } => None,
        };
        FailedLine {
            line,
            column,
            reason: failure.why.said(failure.example),
            expected: &failure.example.after,
            found: found.map(|found| String::from_utf8_lossy(found).into_owned()),
        }
    });
    json::line(out, &Line { rule: &tried.rule.name, examples: tried.count(), failed: failed.collect() })
}
