//! Errors and warnings as a person reads them: what, and on a second line what to do.

use std::error::Error;
use std::io::{self, Write};

use crate::report::escape;
use crate::report::look::{Ink, Look};

/// How much a message weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It stopped something.
    Error,
    /// It stopped nothing.
    Warning,
}

/// Writes an error with its causes, and its `help` below. A reader that went away is no error.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, look: Look, error: &dyn Error, help: Option<&str>) -> io::Result<()> {
    unless_closed(out.write_all(message(look, Weight::Error, &chain(error), help).as_bytes()).and_then(|()| out.flush()))
}

/// The text of a message: `error: ...`, then `help: ...`, each escaped and ended by a line feed.
#[must_use]
pub fn message(look: Look, weight: Weight, what: &str, help: Option<&str>) -> String {
    let (ink, word) = match weight {
        Weight::Error => (Ink::Red, "error:"),
        Weight::Warning => (Ink::Yellow, "warning:"),
    };
    let mut text = format!("{} {}\n", look.paint(ink, word), escape::text(what.as_bytes()));
    if let Some(help) = help {
        text += &format!("{} {}\n", look.paint(Ink::Cyan, "help:"), escape::text(help.as_bytes()));
    }
    text
}

/// The same with the place that it is about in between, such as an [`excerpt`](crate::report::excerpt).
#[must_use]
pub fn message_at(look: Look, weight: Weight, what: &str, place: &str, help: Option<&str>) -> String {
    let help = help.map(|help| format!("{} {}\n", look.paint(Ink::Cyan, "help:"), escape::text(help.as_bytes())));
    message(look, weight, what, None) + place + &help.unwrap_or_default()
}

/// An error and its causes in one text; a cause that the text already names is not repeated.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text += &format!(": {part}");
        }
        cause = error.source();
    }
    text
}

/// Takes a broken pipe for what it is: the reader has seen enough.
///
/// # Errors
/// Any other error.
pub fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{path}: cannot read")]
    struct Outer {
        path: &'static str,
        source: io::Error,
    }

    #[test]
    fn an_error_names_its_causes_and_what_to_do() {
        let error = Outer { path: "a\x1b.py", source: io::Error::other("disk on fire") };
        let mut out = Vec::new();
        write(&mut out, Look::PLAIN, &error, Some("buy a new one")).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "error: a\\x1b.py: cannot read: disk on fire\nhelp: buy a new one\n");
    }

    #[test]
    fn colour_is_for_the_words_that_are_ours() {
        let look = Look { colour: true, ..Look::PLAIN };
        assert_eq!(message(look, Weight::Warning, "x", None), "\x1b[33mwarning:\x1b[0m x\n");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(write(&mut Closed, Look::PLAIN, &io::Error::other("x"), None).is_ok());
        assert!(unless_closed(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
