//! What there is to read of a command that ended: the report that it wrote, or its output.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::cure;
use crate::judge::ruling::Account;
use crate::results::{self, LARGEST};
use crate::stop::{Note, Stop};

/// Removes what is where a report is to be: an older one must not be taken for the command's.
///
/// # Errors
/// When it cannot be removed.
pub fn clear(report: &Path) -> Result<(), Stop> {
    let removed = match report.symlink_metadata() {
        Ok(there) if there.is_dir() => fs::remove_dir_all(report),
        Ok(_) => fs::remove_file(report),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(|error| {
        let message = format!("cannot remove the old report {}: {error}", report.display());
        Stop::Refused(Note::new(message, cure::help(&error, "remove it, then run migrate again")))
    })
}

/// What can be read of a command that was to write `report`, or none, and whose output is in `log`.
#[must_use]
pub fn of(report: Option<&Path>, log: &Path) -> Account {
    match report {
        Some(report) => Account::Report(read(report)),
        // An output that cannot be read says nothing of tests.
        None => Account::Text(fs::read(log).ok().and_then(|output| results::text(&output).ok())),
    }
}

/// What a command of ours printed; nothing where that cannot be read, since then there is nothing to tell of it.
#[must_use]
pub fn output(log: &Path) -> String {
    fs::read(log).map(|output| String::from_utf8_lossy(&output).into_owned()).unwrap_or_default()
}

/// Keeps a report, where there is one, beside the log of its command.
///
/// # Errors
/// When it cannot be written.
pub fn keep(report: &Path, kept: &Path) -> Result<(), Stop> {
    if !report.is_file() {
        return Ok(());
    }
    fs::copy(report, kept).map(drop).map_err(refused("keep the report", kept))
}

/// Writes the file that tells a codemod why what it made before failed.
///
/// # Errors
/// When it cannot be written.
pub fn tell(feedback: &Path, why: &str) -> Result<(), Stop> {
    let folder = feedback.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(feedback, why)).map_err(refused("write what a codemod is told", feedback))
}

/// Adds to a log what was made of it, as its last line.
///
/// # Errors
/// When it cannot be written.
pub fn conclude(log: &Path, verdict: &str) -> Result<(), Stop> {
    let written = fs::OpenOptions::new().append(true).open(log).and_then(|mut log| writeln!(log, "-- migrate: {verdict}"));
    written.map_err(refused("write the log", log))
}

fn refused<'p>(act: &'p str, file: &'p Path) -> impl FnOnce(io::Error) -> Stop + 'p {
    move |error| {
        let message = format!("{}: cannot {act}: {error}", file.display());
        Stop::Refused(Note::new(message, cure::help(&error, "fix the cause, then run migrate again")))
    }
}

fn read(report: &Path) -> Result<results::TestResults, String> {
    let name = report.display();
    let file = match fs::metadata(report) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(format!("wrote no report to {name}")),
        Err(error) => return Err(format!("its report {name} cannot be read: {error}")),
        Ok(file) if !file.is_file() => return Err(format!("its report {name} is no file")),
        Ok(_) => fs::File::open(report),
    };
    let mut bytes = Vec::new();
    let read = file.and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("its report {name} cannot be read: {error}"))?;
    results::junit(&bytes).map_err(|error| format!("{error}: {name}"))
}
