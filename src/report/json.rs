//! `--json`: one line of JSON per event or result, flushed as it is written, so that a reader sees each when it happens.
//!
//! Each line is an object that says first by which version of `docs/events.md` it is to be read. What is large is written as it goes and
//! never held as a text. A reader that goes away ends the lines, not the run; any other failure is kept and told at the end.

use std::io::{self, BufWriter, Write};
use std::time::{Instant, SystemTime};

use serde::Serialize;

use crate::date;
use crate::event::Event;
use crate::report::error::unless_closed;
use crate::report::escape;

/// Writes events as lines of JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: Option<W>,
    result: io::Result<()>,
    began: Instant,
}

/// The version of what JSON is written. A new key keeps it; a key that goes, or means something else, raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// A result.
#[derive(Serialize)]
struct Versioned<'v, T> {
    schema_version: u32,
    #[serde(flatten)]
    value: &'v T,
}

/// An event, and when it was.
#[derive(Serialize)]
struct Dated<'e> {
    schema_version: u32,
    #[serde(flatten)]
    event: &'e Event,
    at: String,
    elapsed_millis: u64,
}

impl<W: Write> JsonLines<W> {
    /// Lines to `out`, normally stdout.
    pub fn new(out: W) -> Self {
        Self { out: Some(out), result: Ok(()), began: Instant::now() }
    }

    /// Writes one event; after a failure nothing more is written.
    pub fn event(&mut self, event: &Event) {
        let Some(out) = &mut self.out else { return };
        let elapsed_millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let at = date::of_clock_to_millis(SystemTime::now());
        let written = bare(out, &Dated { schema_version: SCHEMA_VERSION, event, at, elapsed_millis });
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

/// Writes a result, which is an object, as one line of JSON, harmless also on a terminal.
///
/// # Errors
/// What the stream says, a closed pipe included.
pub fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    bare(out, &Versioned { schema_version: SCHEMA_VERSION, value })
}

/// The same of a value whose form others prescribe: nothing is added to it.
///
/// # Errors
/// As of [`line`].
pub fn bare(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut out = Harmless(BufWriter::new(out));
    let written = serde_json::to_writer(&mut out, value).map_err(io::Error::from);
    let written = written.and_then(|()| out.0.write_all(b"\n")).and_then(|()| out.0.flush());
    if written.is_err() {
        // What could not be written is not tried again.
        drop(out.0.into_parts());
    }
    written
}

/// Lets JSON through, and escapes what a terminal acts upon. Each portion is whole text, as a serializer writes it.
struct Harmless<W: Write>(BufWriter<W>);

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_all(escape::json(text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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
        let first = "{\"schema_version\":1,\"event\":\"unit-skipped\",\"unit\":\"a.py\",\"why\":\"asked\\nto\",\"at\":\"20";
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.len() == 2 && lines[0].starts_with(first) && lines[1].starts_with(&first.replace("a.py", "b.py")),
            "{text}"
        );
        let event: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
        assert!(event["elapsed_millis"].is_u64() && event["at"].as_str().unwrap().ends_with('Z'), "{event}");
        assert_eq!(out.1, [lines[0].len() + 1, text.len()]);
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
