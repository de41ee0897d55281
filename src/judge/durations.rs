//! How long commands took, so that what is to come can be estimated.
//!
//! It is kept beside what else can be found again, and may be removed at any time: nothing but an estimate rests on it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::Run;

/// Of so many runs of a command the newest decides a share: what it took long ago says little.
const MEMORY: u32 = 8;

/// How long each command takes, by its text in the plan.
#[derive(Debug, Clone, Default)]
pub struct Durations {
    /// The file that keeps them; `None` where nothing does.
    file: Option<PathBuf>,
    all: BTreeMap<String, Measured>,
}

/// How long one command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Measured {
    /// How often it was measured.
    times: u32,
    /// What it took, in the middle.
    millis: u64,
}

impl Durations {
    /// What is kept below the folder of our state; nothing where that cannot be read.
    #[must_use]
    pub fn load(state: &Path) -> Self {
        let file = state.join("cache").join("durations.json");
        let read = std::fs::read(&file).ok();
        let all = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file: Some(file), all }
    }

    /// How long this command takes; `None` where it was never measured.
    #[must_use]
    pub fn of(&self, run: &Run) -> Option<Duration> {
        self.all.get(&run.to_string()).map(|measured| Duration::from_millis(measured.millis))
    }

    /// Takes note of how long a command took.
    pub fn add(&mut self, run: &Run, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX / 16);
        let measured = self.all.entry(run.to_string()).or_insert(Measured { times: 0, millis: took });
        measured.times = measured.times.saturating_add(1);
        let weight = u64::from(measured.times.min(MEMORY));
        measured.millis = (measured.millis * (weight - 1) + took) / weight;
    }

    /// Keeps them. What cannot be written is estimated without.
    pub fn save(&self) {
        let Some((file, folder)) = self.file.as_ref().and_then(|file| Some((file, file.parent()?))) else { return };
        if self.all.is_empty() {
            return;
        }
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let mut aside = tempfile::Builder::new().prefix("durations-").tempfile_in(folder)?;
            serde_json::to_writer(&mut aside, &self.all)?;
            aside.flush()?;
            aside.persist(file).map(drop).map_err(|error| error.error)
        };
        drop(write());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_kept_and_the_newest_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (test, lint) = (Run::Shell("make test".into()), Run::Argv(vec!["ruff".into(), "check".into()]));
        let mut durations = Durations::load(folder.path());
        assert_eq!(durations.of(&test), None);
        for millis in [1000, 3000] {
            durations.add(&test, Duration::from_millis(millis));
        }
        durations.add(&lint, Duration::from_millis(7));
        durations.save();
        let mut durations = Durations::load(folder.path());
        assert_eq!(durations.of(&test), Some(Duration::from_millis(2000)));
        assert_eq!(durations.of(&lint), Some(Duration::from_millis(7)));
        (0..100).for_each(|_| durations.add(&test, Duration::from_millis(100)));
        assert!(durations.of(&test) < Some(Duration::from_millis(110)));
    }

    #[test]
    fn what_cannot_be_read_or_written_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cache")).unwrap();
        std::fs::write(folder.path().join("cache/durations.json"), "{\"x\": 3").unwrap();
        let mut durations = Durations::load(folder.path());
        durations.add(&Run::Shell("x".into()), Duration::MAX);
        std::fs::remove_dir_all(folder.path().join("cache")).unwrap();
        std::fs::write(folder.path().join("cache"), "in the way").unwrap();
        durations.save();
        assert_eq!(std::fs::read(folder.path().join("cache")).unwrap(), b"in the way");
    }
}
