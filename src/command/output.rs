//! What is kept of a command's output: a log with its beginning and its end, and a short tail in memory.
//!
//! However much is written, memory and log stay bounded. Bytes are kept as they are.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// How much of the beginning the log holds.
pub(super) const HEAD: u64 = 4 << 20;

/// How much of the end the log holds when the beginning was not all.
pub(super) const END: usize = 1 << 20;

/// How much is kept in memory to be shown.
pub(super) const TAIL: usize = 8 << 10;

/// How many lines are kept in memory to be shown.
const TAIL_LINES: usize = 40;

/// The last bytes of a stream.
#[derive(Debug)]
struct Last {
    limit: usize,
    bytes: Vec<u8>,
}

impl Last {
    fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new() }
    }

    fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(&chunk[chunk.len().saturating_sub(self.limit)..]);
        // Twice the limit before a cut, so that small chunks do not move the whole each time.
        if self.bytes.len() > 2 * self.limit {
            self.bytes.drain(..self.bytes.len() - self.limit);
        }
    }

    fn get(&self) -> &[u8] {
        &self.bytes[self.bytes.len().saturating_sub(self.limit)..]
    }
}

/// The output of one command.
#[derive(Debug)]
pub(super) struct Output {
    log: File,
    written: u64,
    end: Last,
    tail: Last,
}

impl Output {
    /// Creates or empties the log, readable by its owner alone.
    ///
    /// # Errors
    /// What the system says; also when a symbolic link or anything but a file stands in its place.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // NONBLOCK so that opening a named pipe fails instead of waiting for its reader.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let log = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
        if !log.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something else than a file is in its place"));
        }
        log.set_len(0)?;
        Ok(Self { log, written: 0, end: Last::new(END), tail: Last::new(TAIL) })
    }

    /// Takes the next portion.
    ///
    /// # Errors
    /// What the system says when the log cannot be written.
    pub(super) fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        let room = usize::try_from(HEAD.saturating_sub(self.written)).unwrap_or(usize::MAX);
        let (head, rest) = chunk.split_at(room.min(chunk.len()));
        self.written += chunk.len() as u64;
        self.end.push(rest);
        self.tail.push(chunk);
        self.log.write_all(head)
    }

    /// Writes the end to the log, after a line that says how much was left out, if any.
    ///
    /// # Errors
    /// What the system says when the log cannot be written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let end = self.end.get();
        let left_out = self.written.saturating_sub(HEAD).saturating_sub(end.len() as u64);
        if left_out > 0 {
            write!(self.log, "\n[migrate: {left_out} bytes are left out here]\n")?;
        }
        self.log.write_all(end)
    }

    /// The last of it: whole lines where there are any.
    pub(super) fn tail(&self) -> &[u8] {
        let mut bytes = self.tail.get();
        let cut = self.written > bytes.len() as u64;
        if cut && let Some(at) = memchr::memchr(b'\n', bytes).filter(|at| at + 1 < bytes.len()) {
            bytes = &bytes[at + 1..];
        }
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        match memchr::memrchr_iter(b'\n', body).nth(TAIL_LINES - 1) {
            Some(at) => &bytes[at + 1..],
            None => bytes,
        }
    }

    /// How much came in.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn output() -> (tempfile::TempDir, Output) {
        let dir = tempfile::tempdir().unwrap();
        let output = Output::create(&dir.path().join("log")).unwrap();
        (dir, output)
    }

    #[test]
    fn the_log_keeps_beginning_and_end_and_says_what_is_missing() {
        let (dir, mut output) = output();
        let all: Vec<u8> = (0..6_000_000_u32).map(|at| (at % 251) as u8).collect();
        all.chunks(65_521).for_each(|chunk| output.push(chunk).unwrap());
        output.finish().unwrap();
        let head = usize::try_from(HEAD).unwrap();
        let marker = format!("\n[migrate: {} bytes are left out here]\n", all.len() - head - END);
        let want = [&all[..head], marker.as_bytes(), &all[all.len() - END..]].concat();
        assert!(std::fs::read(dir.path().join("log")).unwrap() == want);
        assert_eq!(output.bytes_written(), all.len() as u64);
    }

    #[test]
    fn a_log_below_the_limits_is_whole() {
        for len in [0, 100, 4 << 20, 5 << 20] {
            let (dir, mut output) = output();
            let all = vec![b'x'; len];
            all.chunks(40_000).for_each(|chunk| output.push(chunk).unwrap());
            output.finish().unwrap();
            assert!(std::fs::read(dir.path().join("log")).unwrap() == all, "{len}");
        }
    }

    #[test]
    fn the_tail_is_the_last_lines_or_what_fits_of_one() {
        let (_dir, mut output) = output();
        (0..100).for_each(|at| output.push(format!("line {at}\n").as_bytes()).unwrap());
        let tail = String::from_utf8(output.tail().to_owned()).unwrap();
        assert_eq!((tail.lines().count(), tail.lines().next(), tail.lines().last()), (40, Some("line 60"), Some("line 99")));
        (0..30).for_each(|_| output.push(&[b'y'; 1000]).unwrap());
        assert_eq!(output.tail(), [b'y'; TAIL]);
        output.push(b"\nlast").unwrap();
        assert_eq!(output.tail(), b"last");
    }

    #[test]
    fn the_log_is_private_and_never_somewhere_else() {
        let (dir, _output) = output();
        let mode = std::fs::metadata(dir.path().join("log")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(dir.path().join("precious"), "mine").unwrap();
        symlink(dir.path().join("precious"), dir.path().join("link")).unwrap();
        assert!(Output::create(&dir.path().join("link")).is_err());
        assert!(Output::create(dir.path()).is_err());
        assert_eq!(std::fs::read(dir.path().join("precious")).unwrap(), b"mine");
    }
}
