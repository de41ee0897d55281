//! What Python would refuse, and which Python the text asks for.

use crate::guard::{Context, Finding, line_at, subtract};
use crate::plan::guards::{Guard, Severity};
use crate::python::parsed::Parsed;
use crate::python::syntax::SyntaxProblem;
use crate::python::version::{OLDEST, newest};
use crate::rewrite::follow::Spot;

/// Problems of `after` that no line of the same text had in `before`.
pub(super) fn new_problems(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let all = |file: &Parsed| -> Vec<(SyntaxProblem, Vec<u8>)> {
        let with_line = |problem: &SyntaxProblem| (problem.clone(), line_at(file.source(), problem.line).to_vec());
        file.problems().iter().map(with_line).collect()
    };
    let found = subtract(all(after), &all(before), |(problem, line)| (problem.message.clone(), line.clone()));
    let finding = |(problem, _): (SyntaxProblem, Vec<u8>)| {
        let awaits = ["await", "asynchronous", "async "].iter().any(|word| problem.message.contains(word));
        let (guard, help) = match awaits {
            true => (
                Guard::Await,
                "make the function around it `async def`, and its callers await it, or call something that is not a coroutine",
            ),
            false => (Guard::Syntax, "correct the rule or the edit that wrote this line"),
        };
        let SyntaxProblem { line, column, message } = problem;
        let (before, severity) = (Spot::at(line, column), context.guards.severity(guard));
        Finding { line, column, before, guard, severity, message, help: help.to_owned() }
    };
    found.into_iter().map(finding).collect()
}

/// Syntax of `after` that asks for a newer Python than all of `before` did. It only warns unless the plan says a word on `syntax`:
/// which Python the code runs on is not known here.
pub(super) fn newer_python(before: &Parsed, after: &Parsed, context: &Context) -> Option<Finding> {
    let severity = context.guards.said(Guard::Syntax).unwrap_or(Severity::Warn);
    if severity == Severity::Off {
        return None;
    }
    let now = newest(after.source())?;
    let earlier = newest(before.source()).map_or(OLDEST, |newest| newest.minor);
    (now.minor > earlier).then(|| Finding {
        severity,
        ..context.finding(
            Guard::Syntax,
            after.source(),
            now.at,
            format!("{} needs Python 3.{}; before, the file needed 3.{earlier} or newer", now.what, now.minor),
            "write it in older syntax, or make sure that this file is never run by an older Python",
        )
    })
}
