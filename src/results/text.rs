//! Reads what pytest and unittest print, where there is no report.

use std::borrow::Cow;

use regex::Regex;

use super::{LARGEST, ReportError, TestResults, pytest, unittest};

/// Reads the results that a runner printed: pytest, or unittest and what prints as it does (nose2, Django).
///
/// Only the tests that failed have names in a text, and its numbers are the runner's own. Where the output sums up several times,
/// the last one counts: a test may print what a runner prints, and that comes before. Of an output over [`LARGEST`] the end is read.
///
/// # Errors
/// [`ReportError::NoSummary`] when neither sums up in it, as when the runner was killed or told to be silent.
pub fn text(output: &[u8]) -> Result<TestResults, ReportError> {
    let output = plain(&output[output.len().saturating_sub(LARGEST)..]);
    let lines: Vec<&str> = output.lines().collect();
    let found = [pytest::results(&lines), unittest::results(&lines)];
    let last = found.into_iter().flatten().max_by_key(|(line, _)| *line);
    last.map(|(_, results)| results).ok_or(ReportError::NoSummary)
}

/// The text without colours.
fn plain(output: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(output);
    if !text.contains('\u{1b}') {
        return text;
    }
    let colours = Regex::new("\u{1b}\\[[0-9;]*m").expect("the pattern is right");
    Cow::Owned(colours.replace_all(&text, "").into_owned())
}
