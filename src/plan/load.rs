//! From bytes to a checked plan.
//!
//! [`parse`] is pure; [`load`] reads the one file and does nothing else. Whatever the bytes are, the answer is a plan or its problems.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::path::quote;
use crate::plan::diagnostics::{Problem, Problems};
use crate::plan::node::{self, LARGEST_PLAN};
use crate::plan::source::Source;
use crate::plan::{Plan, decode};

/// Reads and checks the plan in a file.
///
/// # Errors
/// Everything that is wrong with it, or that it cannot be read.
pub fn load(path: &Path) -> Result<Plan, Problems> {
    load_beside(path, |_| Vec::new())
}

/// The same, with what `others` finds wrong in as much of a broken plan as could be read, so that all is said at once.
///
/// # Errors
/// As [`load`]; of a sound plan `others` is not asked.
pub fn load_beside(path: &Path, others: impl FnOnce(&Plan) -> Vec<Problem>) -> Result<Plan, Problems> {
    let name = quote(path.as_os_str().as_bytes());
    match read(path) {
        // A plan whose own path cannot be found out has no history to ask.
        Ok(bytes) => parse_beside(&name, &bytes, others).map(|plan| Plan { file: path.canonicalize().ok(), ..plan }),
        Err(error) => {
            let (message, help) = match error.kind() {
                io::ErrorKind::NotFound => ("there is no such file".to_owned(), "give the plan's path with `--plan`"),
                io::ErrorKind::IsADirectory => ("is a directory, not a plan".to_owned(), "name the YAML file in it"),
                io::ErrorKind::PermissionDenied => (format!("cannot be read: {error}"), "make the file readable"),
                _ => (format!("cannot be read: {error}"), "a plan is a regular file"),
            };
            Err(Problems::new(Arc::new(Source::new(name, "")), [Problem::whole(message, help)]))
        }
    }
}

/// Checks the plan in `text`; `name` is what its problems call it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, text: &[u8]) -> Result<Plan, Problems> {
    parse_beside(name, text, |_| Vec::new())
}

fn parse_beside(name: &str, text: &[u8], others: impl FnOnce(&Plan) -> Vec<Problem>) -> Result<Plan, Problems> {
    let whole = |problem| Err(Problems::new(Arc::new(Source::new(name, "")), [problem]));
    if text.len() > LARGEST_PLAN {
        return whole(Problem::whole("is larger than 4 MiB", "split the plan, or name files by glob"));
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("is not UTF-8 at byte {}", error.valid_up_to());
            return whole(Problem::whole(message, "save the plan as UTF-8"));
        }
    };
    let source = Arc::new(Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(text)));
    match node::parse(&source) {
        Ok(root) => decode::plan(source, &root, others),
        Err(problem) => Err(Problems::new(source, [*problem])),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe for reading would wait for a writer.
    if !path.metadata()?.is_file() {
        let kind = if path.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
        return Err(io::Error::new(kind, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_PLAN as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "rules_tests.rs"]
mod rules_tests;

#[cfg(test)]
#[path = "commands_tests.rs"]
mod commands_tests;

#[cfg(test)]
#[path = "units_tests.rs"]
mod units_tests;

#[cfg(test)]
#[path = "cure_tests.rs"]
mod cure_tests;
