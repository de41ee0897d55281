//! Brings out of a copy what its command is to leave in the work tree.

use std::fmt::Display;
use std::path::Path;

use crate::copies::{Touch, Touched, Version};
use crate::event::Event;
use crate::fs::{self, Wanted};
use crate::judge::Isolated;
use crate::plan::Command;
use crate::plan::glob;
use crate::stop::{Note, Stop};

/// Puts into the work tree below `top` what was created or changed in a copy and matches the command's `keep`, but for what git tracks.
/// What cannot be put there is told: it is no part of what is judged.
///
/// # Errors
/// When git cannot be asked.
pub fn keep(
    command: &Command,
    (isolated, touched): (&Isolated<'_>, &Touched),
    top: &Path,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    // Of patterns that no matcher can be made of a checked plan has none.
    let Some(wanted) = glob::matcher(&command.keep).ok().filter(|_| !command.keep.is_empty()) else { return Ok(()) };
    for (path, touch) in &touched.files {
        if *touch == Touch::Deleted || !wanted.is_match(path.as_path()) || (isolated.is_tracked)(path)? {
            continue;
        }
        let mut not_kept = |why: &dyn Display, help: String| {
            emit(Event::Warning { message: format!("{path} is not kept: {why}"), help: Some(help) });
        };
        let version = match isolated.copy.read(path) {
            Ok(version) => version,
            // The command closed it.
            Err(problem) => {
                not_kept(&problem, problem.help());
                continue;
            }
        };
        let found = match &version {
            Version::Absent => continue,
            Version::File { bytes, executable } => Wanted::File(bytes, *executable),
            Version::Link { target } => Wanted::Link(target),
        };
        let aside = fs::aside_name().map_err(|error| {
            Stop::Refused(Note::new(format!("cannot name a file: {error}"), "fix the cause, then run migrate again"))
        })?;
        if let Err(problem) = fs::put_over(top, path, found, &aside) {
            not_kept(&problem, problem.help("move away what is in its place").to_owned());
        }
    }
    Ok(())
}
