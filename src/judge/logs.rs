//! Where the output of commands is kept: one file for each time that a command is run.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

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

impl Logs {
    /// The logs of a unit in a phase, oldest first, each with when it was written.
    #[must_use]
    pub fn of_unit(&self, phase: &str, unit: &UnitId) -> Vec<(PathBuf, SystemTime)> {
        let name = log_name(unit);
        let is_its = |(file, _): &(PathBuf, SystemTime)| named(file).is_some_and(|named| named == (name.as_str(), "log"));
        let mut logs: Vec<(PathBuf, SystemTime)> = self.files(phase).filter(is_its).collect();
        logs.sort_by(|(a, when), (b, later)| when.cmp(later).then_with(|| a.cmp(b)));
        logs
    }

    /// Removes the logs and reports of these units of a phase that were written before `limit`. What cannot be removed is left for
    /// another run.
    pub fn drop_old<'u>(&self, phase: &str, units: impl Iterator<Item = &'u UnitId>, limit: SystemTime) {
        let old: Vec<PathBuf> = self.files(phase).filter(|(_, when)| *when < limit).map(|(file, _)| file).collect();
        if old.is_empty() {
            return;
        }
        let names: HashSet<String> = units.map(log_name).collect();
        let theirs = old.into_iter().filter(|file| named(file).is_some_and(|(name, _)| names.contains(name)));
        theirs.for_each(|file| drop(std::fs::remove_file(file)));
    }

    /// The files of a phase, each with when it was written; none of what cannot be read.
    fn files(&self, phase: &str) -> impl Iterator<Item = (PathBuf, SystemTime)> {
        let entries = std::fs::read_dir(self.folder.join(phase)).into_iter().flatten().filter_map(Result::ok);
        let files = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok().filter(|file| file.is_file())?)));
        files.filter_map(|(path, file)| Some((path, file.modified().ok()?)))
    }
}

/// The unit in the name of a log or of a report beside it, and which of the two it is; `None` for any other file.
fn named(file: &Path) -> Option<(&str, &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mut rest, ending) = file.file_name()?.to_str()?.rsplit_once('.')?;
    let (is_part, is_attempt) = (|last: &str| last.strip_prefix("part-").is_some_and(is_number), is_number);
    rest = rest.rsplit_once('.').filter(|(_, last)| is_part(last)).map_or(rest, |(before, _)| before);
    rest = rest.rsplit_once('.').filter(|(_, last)| is_attempt(last)).map_or(rest, |(before, _)| before);
    let (unit, last) = rest.rsplit_once('.')?;
    let (purpose, nth) = last.rsplit_once('-')?;
    let is_ours = ["log", "xml"].contains(&ending) && is_number(nth) && Purpose::ALL.iter().any(|known| known.word() == purpose);
    is_ours.then_some((unit, ending))
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
    fn a_log_is_known_by_its_name_and_nothing_else_is() {
        for (name, want) in [
            ("a+b.py.validate-1.log", Some(("a+b.py", "log"))),
            ("a.py.verify-12.3.log", Some(("a.py", "log"))),
            ("a.py.before-1.part-2.xml", Some(("a.py", "xml"))),
            ("a.py.before-1.2.part-2.log", Some(("a.py", "log"))),
            ("a.py.validate-1.py.gate-1.log", Some(("a.py.validate-1.py", "log"))),
            ("a.py.log", None),
            ("a.py.validate-x.log", None),
            ("a.py.other-1.log", None),
            ("a.py.validate-1.txt", None),
        ] {
            assert_eq!(named(Path::new("/logs").join(name).as_path()), want, "{name}");
        }
    }

    #[test]
    fn old_logs_of_units_that_are_done_are_dropped_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let unit = |path: &str| UnitId::of_file(&RepoPath::new(path).unwrap());
        let logs = Logs::of(folder.path(), "p");
        let age = std::time::Duration::from_secs(100);
        let [done, failed] = ["a.py", "b.py"].map(unit);
        for (name, is_old) in [
            ("a.py.validate-1.log", true),
            ("a.py.verify-1.xml", true),
            ("b.py.validate-1.log", true),
            ("a.py.gate-1.log", false),
            ("mine.txt", true),
        ] {
            let file = folder.path().join("p/P0").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let file = std::fs::File::create(file).unwrap();
            file.set_modified(SystemTime::now() - if is_old { age * 2 } else { age / 2 }).unwrap();
        }
        assert_eq!(logs.of_unit("P0", &done).len(), 2);
        logs.drop_old("P0", [&done].into_iter(), SystemTime::now() - age);
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path().join("p/P0")).unwrap().map(|file| file.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.py.gate-1.log", "b.py.validate-1.log", "mine.txt"]);
        assert_eq!(logs.of_unit("P0", &failed).len(), 1);
    }

    #[test]
    fn logs_of_different_units_never_share_a_name() {
        let name = |path: &str| log_name(&UnitId::of_file(&RepoPath::new(path).unwrap()));
        assert_eq!(name("a/b.py"), "a+b.py");
        assert_ne!(name("a/b.py"), name("a+b.py"));
        assert_ne!(name("a/ü.py"), name("a/ö.py"));
        assert!(name(&"x".repeat(4000)).len() < 200);
    }
}
