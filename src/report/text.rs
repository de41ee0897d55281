//! Errors and single lines, as people read them on a terminal.

use std::io::{self, Write};

use crate::cure;
use crate::exit;
use crate::path::RepoPath;
use crate::plan::diagnostics::Problems;
use crate::report::error::{self, Weight};
use crate::report::escape;
use crate::report::excerpt::Files;
use crate::report::look::{Ink, Look};
use crate::rewrite::follow::{Spot, aside as aside_of};
use crate::stop::Stop;
use crate::unit::sound::Warning;

/// The width for problems of a plan when the terminal does not say.
const WIDTH: usize = 100;

/// Writes why a command ended; a stream that does not take it is beyond telling.
pub fn stop(out: &mut dyn Write, look: Look, stop: &Stop) {
    let text = match stop {
        Stop::Plan(problems) | Stop::Rules(problems) | Stop::Targets(problems) => problems.render(look.colour, WIDTH),
        Stop::Failed(note) | Stop::NotDone(note) | Stop::Usage(note) | Stop::Refused(note) | Stop::NeedsYou(note) => {
            error::message(look, Weight::Error, &note.message, Some(&note.help))
        }
        Stop::Interrupted(signal) => {
            let what = format!("interrupted by {signal}; every file is wholly migrated or as it was");
            // A run has said at its end how to go on, and nothing else that is interrupted can be resumed.
            error::message(look, Weight::Error, &what, None)
        }
        Stop::Unbegun(signal) => {
            let what = format!("interrupted by {signal} before the first unit; every file is wholly migrated or as it was");
            error::message(look, Weight::Error, &what, Some("the same command begins again"))
        }
    };
    beyond_telling(out.write_all(text.as_bytes()));
}

/// Writes a problem that ends nothing by itself.
pub fn problem(out: &mut dyn Write, look: Look, what: &str, help: Option<&str>) {
    beyond_telling(out.write_all(error::message(look, Weight::Error, what, help).as_bytes()));
}

/// The same of a file of a unit: below each line that names a place in it stands that place.
pub fn unsound(out: &mut dyn Write, (look, files): (Look, &Files), path: &RepoPath, what: &str, help: Option<&str>) {
    let mut text = String::new();
    let name = format!("{path}:");
    for (nth, said) in what.lines().enumerate() {
        let place = said.match_indices(&name).find_map(|(at, name)| place_of(&said[at + name.len()..]));
        let place = place.map(|place| files.excerpt(look, path, place, WIDTH)).unwrap_or_default();
        text += &if nth == 0 { error::message(look, Weight::Error, said, None) } else { escape::text(said.as_bytes()) + "\n" };
        text += &place;
    }
    let help = help.map(|help| format!("{} {}\n", look.paint(Ink::Cyan, "help:"), escape::text(help.as_bytes())));
    beyond_telling(out.write_all((text + &help.unwrap_or_default()).as_bytes()));
}

/// The line and column at the beginning of `12:3: ...`.
fn place_of(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(':');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Writes what a person should know of a unit's file, and what to do about it where that is not known yet.
pub fn warning(out: &mut dyn Write, (look, files): (Look, &Files), unit: &RepoPath, warning: &Warning, help: Option<&str>) {
    let Warning { spot: Spot { line, column, written }, guard, message, .. } = warning;
    let guard = guard.map(|guard| format!(" ({})", guard.word())).unwrap_or_default();
    let what = escape::line(format!("{unit}:{line}:{column}: {message}{guard}{}", aside_of(written.as_deref())).as_bytes());
    // What the rules write is not in the file.
    let place = if written.is_none() { files.excerpt(look, unit, (*line, *column), WIDTH) } else { String::new() };
    beyond_telling(out.write_all(error::message_at(look, Weight::Warning, &what, &place, help).as_bytes()));
}

/// Writes what a person should know that has no place.
pub fn remark(out: &mut dyn Write, look: Look, what: &str) {
    let what = escape::line(what.as_bytes());
    beyond_telling(out.write_all(error::message(look, Weight::Warning, &what, None).as_bytes()));
}

/// Writes problems of a plan that end nothing by themselves.
pub fn problems(out: &mut dyn Write, look: Look, problems: &Problems) {
    if problems.count() > 0 {
        beyond_telling(out.write_all(problems.render(look.colour, WIDTH).as_bytes()));
    }
}

/// Writes a remark beside the result.
pub fn aside(out: &mut dyn Write, _look: Look, what: &str) {
    beyond_telling(writeln!(out, "{}", escape::text(what.as_bytes())));
}

/// Writes a line of the result.
///
/// # Errors
/// What the stream says.
pub fn line(out: &mut dyn Write, what: &str) -> io::Result<()> {
    writeln!(out, "{}", escape::text(what.as_bytes()))
}

/// Writes the result, whose texts of others are escaped already; an empty one writes nothing.
///
/// # Errors
/// What the stream says.
pub fn result(out: &mut dyn Write, text: &str) -> io::Result<()> {
    if text.is_empty() { Ok(()) } else { out.write_all(text.as_bytes()).and_then(|()| out.flush()) }
}

/// Shows what clap has to say of the command line, and gives the exit code.
#[must_use]
pub fn usage(error: &clap::Error) -> u8 {
    beyond_telling(error.print());
    if error.use_stderr() { exit::USAGE } else { exit::DONE }
}

/// Says that signals cannot be taken, and gives the exit code.
#[must_use]
pub fn no_signals(error: &io::Error) -> u8 {
    let (mut out, look) = (io::stderr(), Look::of(&io::stderr()));
    let help = cure::help(error, "run migrate where signals can be handled");
    problem(&mut out, look, &format!("cannot take signals: {error}"), Some(help));
    exit::REFUSED
}

/// When the stream for errors does not work there is nowhere to say so.
fn beyond_telling(result: io::Result<()>) {
    drop(result);
}
