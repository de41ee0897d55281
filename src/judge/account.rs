//! What there is to read of a command that ended: the report that it wrote, or its output.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

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
    folder.and_then(|()| fs::write(feedback, why)).map_err(refused("write the feedback for a codemod", feedback))
}

/// Adds to a log which command it is of and how long that took, and as its last line what was made of it.
///
/// # Errors
/// When it cannot be written.
pub fn conclude(log: &Path, (command, took): (&str, Duration), verdict: &str) -> Result<(), Stop> {
    let command = command.replace(['\n', '\r'], " ");
    let said = format!("{OURS}`{command}`{TOOK}{:.1} s\n{OURS}{verdict}\n", took.as_secs_f64());
    let written = fs::OpenOptions::new().append(true).open(log).and_then(|mut log| log.write_all(said.as_bytes()));
    written.map_err(refused("write the log", log))
}

/// Begins a line of a log that is ours.
const OURS: &str = "-- migrate: ";

/// Stands between a command and how long it took.
const TOOK: &str = " took ";

/// What a log says at its end of the command that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concluded {
    /// The command as it was run, and how long that took, such as `1.2 s`; `None` in a log of an earlier release.
    pub command: Option<(String, String)>,
    /// The kind of verdict, and how it ended in words.
    pub verdict: String,
}

/// What a log says at its end; `None` where it is cut off or cannot be read.
#[must_use]
pub fn concluded(log: &Path) -> Option<Concluded> {
    let mut file = fs::File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END))).ok()?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end).ok()?;
    let end = String::from_utf8_lossy(&end);
    let mut lines = end.rsplit('\n');
    let verdict = lines.find_map(|line| line.strip_prefix(OURS))?.to_owned();
    // What a command prints need not end in a line feed.
    let command = lines.next().and_then(|line| {
        let (command, took) = line[line.rfind(&format!("{OURS}`"))? + OURS.len()..].rsplit_once(TOOK)?;
        Some((command.strip_prefix('`')?.strip_suffix('`')?.to_owned(), took.to_owned()))
    });
    Some(Concluded { command, verdict })
}

/// So much of a log's end is read for what stands there.
const END: u64 = 1 << 16;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_says_at_its_end_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        for printed in ["one\ntwo\n", "no line feed", "", "-- migrate: forged\n"] {
            fs::write(&log, printed).unwrap();
            assert_eq!(concluded(&log).is_some(), printed.contains("forged"));
            conclude(&log, ("make\ntest", Duration::from_millis(1250)), "failed: with status 1\nand more").unwrap();
            let command = Some(("make test".to_owned(), "1.2 s".to_owned()));
            assert_eq!(concluded(&log), Some(Concluded { command, verdict: "failed: with status 1".to_owned() }), "{printed}");
        }
        fs::write(&log, "old\n-- migrate: passed: passed\n").unwrap();
        assert_eq!(concluded(&log), Some(Concluded { command: None, verdict: "passed: passed".to_owned() }));
        assert_eq!(concluded(&folder.path().join("none")), None);
    }
}
