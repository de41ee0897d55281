//! What is built in tells what it found as any command of a plan does: by lines, and by a JUnit report.

use std::io::{self, Write};

use quick_xml::escape::escape as xml;

use crate::builtin::{Finding, Judged};
use crate::plan::Builtin;
use crate::report::escape;

/// The beginning of the line that says what could not be decided.
pub use crate::judge::UNDECIDED;

/// Writes a line for each problem, `a.py:3:8: no module`, and one for what could not be decided.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, builtin: Builtin, judged: &Judged) -> io::Result<()> {
    for Finding { path, line, column, message } in &judged.problems {
        writeln!(out, "{}", escape::line(format!("{path}:{line}:{column}: {message}").as_bytes()))?;
    }
    if let Some((count, why)) = &judged.undecided {
        let imports = if *count == 1 { "1 import".to_owned() } else { format!("{count} imports") };
        writeln!(out, "{}", escape::line(format!("{UNDECIDED}{imports} not looked up: {why}").as_bytes()))?;
    }
    let files = judged.files.len();
    writeln!(
        out,
        "{} looked at {files} file{}: {}",
        builtin.word(),
        if files == 1 { "" } else { "s" },
        match judged.problems.len() {
            0 => "no problem".to_owned(),
            1 => "1 problem".to_owned(),
            problems => format!("{problems} problems"),
        }
    )
}

/// Writes the same as a JUnit report: a test for each file, and one that failed for each problem, by what it says and not by its line.
///
/// # Errors
/// What the stream says.
pub fn write_junit(out: &mut dyn Write, builtin: Builtin, judged: &Judged) -> io::Result<()> {
    let (files, problems) = (judged.files.len(), judged.problems.len());
    let plain = |text: &str| xml(escape::line(text.as_bytes())).into_owned();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>")?;
    writeln!(out, "<testsuites><testsuite name=\"{}\" tests=\"{}\" failures=\"{problems}\">", builtin.word(), files + problems)?;
    for path in &judged.files {
        writeln!(out, "<testcase classname=\"{}\" name=\"{}\"/>", plain(&path.to_string()), builtin.word())?;
    }
    for Finding { path, line, column, message } in &judged.problems {
        writeln!(
            out,
            "<testcase classname=\"{}\" name=\"{}\"><failure>line {line}, column {column}</failure></testcase>",
            plain(&path.to_string()),
            plain(message)
        )?;
    }
    writeln!(out, "</testsuite></testsuites>")
}
