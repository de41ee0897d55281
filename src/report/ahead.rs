//! What a run would do, for programs: a line for each file, and what `migrate check` finds as one object. Nothing here does I/O.

use serde::Serialize;

use crate::forecast::Forecast;
use crate::plan::Plan;
use crate::plan::diagnostics::Problem;
use crate::preview::{Foreseen, Texts, What};
use crate::report::diff::stat::changed;
use crate::report::diff::{self, Style};
use crate::report::forecast::Refusal;
use crate::report::look::Look;
use crate::unit::sound::Warning;

/// What would become of one file.
#[derive(Debug, Serialize)]
pub struct FileAhead<'f> {
    file: String,
    phase: &'f str,
    /// `changes`, `nothing`, `command` where only a command can tell, or `refused`.
    what: &'static str,
    lines_added: Option<usize>,
    lines_removed: Option<usize>,
    /// As `git apply` takes it; bytes that are not UTF-8 are replaced.
    patch: Option<String>,
    reason: Option<&'f str>,
    help: Option<&'f str>,
    warnings: Vec<WarningAhead<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commands: Option<&'f [String]>,
}

#[derive(Debug, Serialize)]
struct WarningAhead<'f> {
    line: u32,
    column: u32,
    written: Option<&'f str>,
    guard: Option<&'static str>,
    message: &'f str,
    help: &'f str,
}

impl<'f> FileAhead<'f> {
    /// What was foreseen of a file, and the commands that would be run where they are asked for.
    #[must_use]
    pub fn of(plan: &'f Plan, foreseen: &'f Foreseen, with_commands: bool) -> Self {
        let (mut what, mut texts, mut warnings, mut unsound) = ("nothing", None, &[][..], None);
        match &foreseen.what {
            What::Change { texts: found, warnings: told } => (what, texts, warnings) = ("changes", found.as_ref(), told),
            What::NeedsCodemod => what = "command",
            What::Nothing(told) => warnings = told,
            What::Unsound(found) => (what, unsound) = ("refused", Some(found)),
        }
        let both = texts.map(|Texts { before, after, .. }| [before.as_deref(), after.as_deref()]);
        let (lines_added, lines_removed) = both.map(changed).unzip();
        let patch = texts.zip(both).and_then(|(Texts { mode, .. }, both)| {
            let mut patch = Vec::new();
            let written = diff::write(&mut patch, (Look::PLAIN, Style::Lines), &foreseen.file, both, *mode);
            written.ok().map(|()| String::from_utf8_lossy(&patch).into_owned())
        });
        Self {
            file: foreseen.file.to_string(),
            phase: &plan.phases[foreseen.phase].id,
            what,
            lines_added,
            lines_removed,
            patch,
            reason: unsound.map(|unsound| unsound.reason.as_str()),
            help: unsound.map(|unsound| unsound.help.as_str()),
            warnings: warnings.iter().map(WarningAhead::of).collect(),
            commands: with_commands.then_some(&foreseen.commands),
        }
    }
}

impl<'f> WarningAhead<'f> {
    fn of(warning: &'f Warning) -> Self {
        Self {
            line: warning.spot.line,
            column: warning.spot.column,
            written: warning.spot.written.as_deref(),
            guard: warning.guard.map(|guard| guard.word()),
            message: &warning.message,
            help: &warning.help,
        }
    }
}

/// What `migrate check` found.
#[derive(Debug, Serialize)]
pub struct Checked<'c> {
    /// The plan's name.
    pub plan: &'c str,
    /// True when it ends with 0.
    pub ok: bool,
    /// Files that would change.
    pub changes: usize,
    /// Files that are done, or in which there is nothing to do.
    pub nothing: usize,
    /// Files of which only a command can tell.
    pub undecided: usize,
    /// Files that could not be changed.
    pub refused: &'c [Refusal],
    /// What is wrong, or to be known, of the plan.
    pub problems: Vec<ProblemFound<'c>>,
    /// What would be done.
    pub forecast: &'c Forecast,
}

/// Something in the plan.
#[derive(Debug, Serialize)]
pub struct ProblemFound<'c> {
    severity: &'static str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'c str,
    help: &'c str,
}

impl<'c> ProblemFound<'c> {
    /// A problem at its place in the plan's file.
    #[must_use]
    pub fn of(plan: &Plan, problem: &'c Problem) -> Self {
        let (line, column) = problem.span.map(|span| plan.source.line_column(span.offset)).unzip();
        let severity = if problem.is_warning { "warning" } else { "error" };
        Self { severity, line, column, message: &problem.message, help: &problem.help }
    }
}
