//! `--json`: one line of JSON per event, flushed as it is written, so that a reader sees each when it happens.
//!
//! A reader that goes away ends the lines, not the run; any other failure is kept and told at the end.

use std::io::{self, Write};

use crate::event::Event;
use crate::report::error::unless_closed;
use crate::report::escape;

/// Writes events as lines of JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: Option<W>,
    result: io::Result<()>,
}

impl<W: Write> JsonLines<W> {
    /// Lines to `out`, normally stdout.
    pub fn new(out: W) -> Self {
        Self { out: Some(out), result: Ok(()) }
    }

    /// Writes one event; after a failure nothing more is written.
    pub fn event(&mut self, event: &Event) {
        let Some(out) = &mut self.out else { return };
        let written = line(out, event);
        if written.is_err() {
            self.out = None;
            self.result = unless_closed(written);
        }
    }

    /// What became of the lines.
    ///
    /// # Errors
    /// The first failure, unless it was a reader that went away.
    pub fn finish(self) -> io::Result<()> {
        self.result
    }
}

/// Writes any value as one line of JSON, harmless also on a terminal.
///
/// # Errors
/// What the stream says, a closed pipe included.
pub fn line(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    let text = escape::json(&serde_json::to_string(value)?) + "\n";
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(unit: &str) -> Event {
        Event::UnitSkipped { unit: unit.into(), why: "asked\nto".into() }
    }

    #[test]
    fn each_event_is_one_flushed_line() {
        struct Flushed(Vec<u8>, Vec<usize>);
        impl Write for &mut Flushed {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                self.1.push(self.0.len());
                Ok(())
            }
        }
        let mut out = Flushed(Vec::new(), Vec::new());
        let mut lines = JsonLines::new(&mut out);
        lines.event(&skipped("a.py"));
        lines.event(&skipped("b.py"));
        lines.finish().unwrap();
        let text = String::from_utf8(out.0).unwrap();
        let first = "{\"event\":\"unit-skipped\",\"unit\":\"a.py\",\"why\":\"asked\\nto\"}\n";
        assert_eq!(text, format!("{first}{}", first.replace("a.py", "b.py")));
        assert_eq!(out.1, [first.len(), 2 * first.len()]);
    }

    #[test]
    fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
        struct Failing(io::ErrorKind, usize);
        impl Write for &mut Failing {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (kind, fine) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut out = Failing(kind, 0);
            let mut lines = JsonLines::new(&mut out);
            lines.event(&skipped("a.py"));
            lines.event(&skipped("b.py"));
            assert_eq!(lines.finish().is_ok(), fine);
            assert_eq!(out.1, 1);
        }
    }
}
