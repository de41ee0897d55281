//! What a run is doing at this moment, for whoever wants to look: its own screen, and `migrate status` in another terminal.
//!
//! It is kept in one file beside the journal for as long as the run has it locked: what an ended process left there is known by that.
//! Nothing of a run rests on it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A command that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// What it does: `transforming`, `formatting`, `validating`, `verifying`, `gate`, and so on.
    pub step: String,
    /// The unit that it is about; `None` where it is about a whole phase.
    pub unit: Option<String>,
    /// How many units it judges beside that one.
    pub others: usize,
    /// The command as it is run.
    pub command: String,
    /// Where its output goes.
    pub log: PathBuf,
    /// When it began, in milliseconds since 1970.
    pub since: u64,
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The process.
    pub process: u32,
    /// When it began, in milliseconds since 1970.
    pub since: u64,
    /// The plan's name.
    pub plan: String,
    /// The phase, in words.
    pub phase: String,
    /// Units that are through.
    pub done: usize,
    /// Of so many.
    pub of: usize,
    /// Units of these that failed.
    pub failed: usize,
    /// How long it was thought to take when it began, in milliseconds.
    pub expected: Option<u64>,
    /// The commands that run, the oldest first.
    pub running: Vec<Running>,
}

/// The board of one run; a default one is seen by nobody else.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    posted: Posted,
    running: BTreeMap<u64, Running>,
    next: u64,
    file: Option<File>,
}

/// A command on the board, which goes with it.
#[derive(Debug)]
pub struct Entry<'b> {
    board: &'b Board,
    at: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut state = self.board.lock();
        state.running.remove(&self.at);
        state.write();
    }
}

impl Board {
    /// Lets others look at it from now on, in the folder of our state. Where that cannot be, nobody can look.
    pub fn publish(&self, folder: &Path, plan: &str) {
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(folder.join(NAME));
        let mut state = self.lock();
        state.posted.process = std::process::id();
        state.posted.since = now();
        state.posted.plan = plan.to_owned();
        state.file = options.ok().filter(|file| file.try_lock().is_ok());
        state.write();
    }

    /// Says how far the run is.
    pub fn post(&self, change: impl FnOnce(&mut Posted)) {
        let mut state = self.lock();
        let before = state.posted.clone();
        change(&mut state.posted);
        // It is asked with every event, of which most change nothing here.
        if state.posted != before {
            state.write();
        }
    }

    /// Says that a command runs, until what is given back is dropped.
    #[must_use]
    pub fn begin(&self, running: Running) -> Entry<'_> {
        let mut state = self.lock();
        let at = state.next;
        state.next += 1;
        state.running.insert(at, running);
        state.write();
        Entry { board: self, at }
    }

    /// How long the run was thought to take when it began.
    #[must_use]
    pub fn expected(&self) -> Option<Duration> {
        self.lock().posted.expected.map(Duration::from_millis)
    }

    /// What runs now, the oldest first.
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        self.lock().running.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes all of it in one call. Who reads meanwhile may see half of it, and looks again.
    fn write(&self) {
        let Some(file) = &self.file else { return };
        let posted = Posted { running: self.running.values().cloned().collect(), ..self.posted.clone() };
        let Ok(text) = serde_json::to_vec(&posted) else { return };
        let written = file.write_all_at(&text, 0).and_then(|()| file.set_len(text.len() as u64));
        // Nothing rests on it.
        drop(written);
    }
}

impl Running {
    /// The last line of its output so far; empty where there is none.
    #[must_use]
    pub fn last_line(&self) -> Vec<u8> {
        last_line(&self.log).unwrap_or_default()
    }

    /// How long it has run, in milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        now().saturating_sub(self.since)
    }
}

/// What the run that is at work here is doing; `None` where none is.
#[must_use]
pub fn seen(folder: &Path) -> Option<Posted> {
    let file = File::open(folder.join(NAME)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    // What is half written is whole a moment later.
    (0..20).find_map(|nth| {
        if nth > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        serde_json::from_slice(&std::fs::read(folder.join(NAME)).ok()?).ok()
    })
}

/// Milliseconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The file in the folder of our state.
const NAME: &str = "running";

/// So much of the end of an output is looked at.
const END: u64 = 4 << 10;

fn last_line(log: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END))).ok()?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end).ok()?;
    let says = |line: &&[u8]| line.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    end.split(|byte| *byte == b'\n').rev().find(says).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(unit: &str, log: &Path) -> Running {
        Running {
            step: "validating".into(),
            unit: Some(unit.into()),
            others: 0,
            command: "make test".into(),
            log: log.to_owned(),
            since: now(),
        }
    }

    #[test]
    fn what_runs_is_seen_as_long_as_it_does_and_the_board_as_long_as_its_run() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        assert_eq!(seen(folder.path()), None);
        let board = Board::default();
        board.publish(folder.path(), "test");
        let first = board.begin(running("a.py", &log));
        let second = board.begin(running("b.py", &log));
        board.post(|posted| (posted.done, posted.of) = (3, 5));
        drop(first);
        let posted = seen(folder.path()).unwrap();
        let units: Vec<_> = posted.running.iter().map(|running| running.unit.as_deref().unwrap()).collect();
        assert_eq!((posted.plan.as_str(), posted.done, posted.of, units), ("test", 3, 5, vec!["b.py"]));
        // Another run has no say in it.
        Board::default().publish(folder.path(), "other");
        assert_eq!(seen(folder.path()).unwrap().plan, "test");
        drop(second);
        assert!(board.running().is_empty() && seen(folder.path()).unwrap().running.is_empty());
        drop(board);
        assert_eq!(seen(folder.path()), None);
    }

    #[test]
    fn the_last_line_is_the_last_that_says_anything() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        let running = running("a.py", &log);
        assert_eq!(running.last_line(), b"");
        for (text, want) in [("one\ntwo\n\n---\n", "two"), ("one\ntw", "tw"), ("", ""), ("10%\r20%", "10%\r20%")] {
            std::fs::write(&log, text).unwrap();
            assert_eq!(running.last_line(), want.as_bytes(), "{text:?}");
        }
        std::fs::write(&log, vec![b'x'; 9000]).unwrap();
        assert_eq!(running.last_line().len(), 4096);
    }
}
