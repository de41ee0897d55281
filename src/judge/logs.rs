//! Where the output of commands is kept: one file for each time that a command is run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::cure;
use crate::judge::{Purpose, locked};
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;

/// The logs of one plan.
pub struct Logs {
    /// The folder that has one for each phase.
    folder: PathBuf,
    /// How often a log of a unit that is tried in parts, or side by side with others, was begun, so that none loses that of another.
    begun: Mutex<BTreeMap<PathBuf, usize>>,
}

/// Whose output it is.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'u> {
    /// That of a phase as a whole.
    Phase,
    /// That of units judged together, by the number of their candidate.
    Batch(usize),
    /// That of one unit, which may be judged in several candidates.
    Unit(&'u UnitId, bool),
}

impl Logs {
    /// The logs of the plan of this name, below the folder of all plans' logs.
    #[must_use]
    pub fn of(logs: &Path, plan: &str) -> Self {
        Self { folder: logs.join(plan), begun: Mutex::default() }
    }

    /// The file for the command that is the `nth` of its list, its folder made.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn file(&self, purpose: Purpose, (nth, attempt): (usize, u32), phase: &str, whose: Whose<'_>) -> Result<PathBuf, Stop> {
        let folder = self.folder.join(phase);
        std::fs::create_dir_all(&folder).map_err(|error| {
            Stop::Refused(Note::new(
                format!("cannot make {}: {error}", folder.display()),
                cure::help(&error, "fix the cause, then run migrate again"),
            ))
        })?;
        let (name, may_come_again) = match whose {
            Whose::Phase => ("phase".to_owned(), false),
            Whose::Batch(candidate) => (format!("batch-{candidate}"), false),
            Whose::Unit(unit, in_candidates) => (log_name(unit), in_candidates || unit.is_cut()),
        };
        let again = if attempt == 0 { String::new() } else { format!(".{}", attempt + 1) };
        let log = folder.join(format!("{name}.{}-{nth}{again}.log", purpose.word()));
        if !may_come_again {
            return Ok(log);
        }
        let mut begun = locked(&self.begun);
        let times = begun.entry(log.clone()).or_default();
        *times += 1;
        Ok(if *times == 1 { log } else { log.with_extension(format!("part-{times}.log")) })
    }
}

/// A file name for a unit: readable, unlike that of any other unit, and short enough for every file system.
fn log_name(unit: &UnitId) -> String {
    let text = String::from_utf8_lossy(unit.as_bytes());
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '+' }).collect();
    let tail: String = plain.chars().rev().take(150).collect::<Vec<_>>().into_iter().rev().collect();
    if tail.len() == text.len() && !text.contains('+') && plain.chars().zip(text.chars()).all(|(p, t)| p == t || t == '/') {
        return tail;
    }
    use sha2::Digest;
    let sum = sha2::Sha256::digest(unit.as_bytes());
    format!("{tail}-{:02x}{:02x}{:02x}{:02x}", sum[0], sum[1], sum[2], sum[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;

    #[test]
    fn logs_of_different_units_never_share_a_name() {
        let name = |path: &str| log_name(&UnitId::of_file(&RepoPath::new(path).unwrap()));
        assert_eq!(name("a/b.py"), "a+b.py");
        assert_ne!(name("a/b.py"), name("a+b.py"));
        assert_ne!(name("a/ü.py"), name("a/ö.py"));
        assert!(name(&"x".repeat(4000)).len() < 200);
    }
}
