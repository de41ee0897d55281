//! What a quick look at the files of a work tree finds for rules: where there is something to do, and where surely nothing. The files are
//! looked at once, on all cores, and what was found is kept for the next command, by blob, in `$GIT_DIR/migrate/cache`.
//!
//! Only files that git takes for unchanged are known here, so that their blobs name what is in them; of those that are known, a file is
//! not even read. An entry counts for the same blob at the same place, which is the same module, the same rules and this version of the tool, and while the
//! whole is as it was written; what it says depends on nothing else. What cannot be read or written is looked at anew.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use git2::Oid;
use sha2::{Digest, Sha256};

use crate::fs;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::guards::{Guard, Severity};
use crate::plan::{Files, Plan, digest, glob};
use crate::program::naming::{module_name, name_by_place};
use crate::python::parsed::Parsed;
use crate::python::source::{MAX_BYTES, Source};
use crate::repo::Repo;
use crate::repo::others::Others;
use crate::rewrite::glance::glances;
use crate::rewrite::{Step, may_spell};
use crate::unit::file_kind::FileKind;
use crate::unit::kept;
use crate::unit::look::is_listed;
use crate::unit::segments::step;
use crate::unit::side_by_side::side_by_side;
use crate::unit::words::Words;
use crate::units::{Member, Role};

/// The file in the folder of the cache.
const NAME: &str = "glimpses";
/// The number of the format.
const FORMAT: u8 = 1;
/// Fewer files are not worth a thread of their own.
const FILES_PER_THREAD: usize = 64;
/// More entries of earlier looks are not kept.
const MOST: usize = 200_000;
/// The length of a digest, and of an entry: the key, two numbers and a flag.
const SUM: usize = 32;
const KEY: usize = 16;
const ENTRY: usize = KEY + 8 + 8 + 1;

/// What was seen in one file of each rule, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glimpse {
    /// Rules of which there are violations.
    pub shows: u64,
    /// Rules of which only a look at the whole file can tell.
    pub open: u64,
    /// Python takes the file; asked only where something shows.
    pub valid: bool,
}

type Key = [u8; KEY];
type Entries = HashMap<Key, Glimpse>;

/// Those files of a plan, or of what is looked for, that are asked for: looked at when the first of them is.
pub struct Glimpses<'a> {
    repo: &'a Repo,
    others: &'a Others,
    interrupt: &'a Interrupt,
    steps: Vec<Step<'a>>,
    /// The digest of each rule.
    rules: Vec<String>,
    files: Box<dyn Fn() -> Vec<RepoPath> + 'a>,
    known: OnceCell<HashMap<RepoPath, Glimpse>>,
}

impl<'a> Glimpses<'a> {
    /// Those of `files` for rules, each with its digest; `others` are the files with changes, of which nothing is known here. A signal ends
    /// the look at them early.
    #[must_use]
    pub fn new(
        repo: &'a Repo,
        others: &'a Others,
        interrupt: &'a Interrupt,
        rules: Vec<(String, Step<'a>)>,
        files: impl Fn() -> Vec<RepoPath> + 'a,
    ) -> Self {
        let (rules, steps) = rules.into_iter().unzip();
        Self { repo, others, interrupt, steps, rules, files: Box::new(files), known: OnceCell::new() }
    }

    /// Those of the files that the plan's entries name, for all its rules.
    #[must_use]
    pub fn of_plan(repo: &'a Repo, others: &'a Others, interrupt: &'a Interrupt, plan: &'a Plan) -> Self {
        Self::new(repo, others, interrupt, rules(plan), move || {
            let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
            let takes: Vec<_> = targets.map(|target| takes(&target.files)).collect();
            let named = |path: &[u8]| FileKind::by_name(path) == Some(FileKind::Python) && takes.iter().any(|takes| takes(path));
            repo.listing(named).unwrap_or_default().into_iter().map(|file| file.path).collect()
        })
    }

    /// Whether there is something to do in a unit's file, by the rules of the plan that this was made of; `None` where only more than a
    /// quick look tells.
    #[must_use]
    pub fn is_work(&self, plan: &Plan, unit: &Member) -> Option<bool> {
        let target = plan.target(unit);
        if !target.edits.is_empty() || plan.runs_codemod(target) || plan.role(unit) != Role::Rewrite {
            return None;
        }
        let Glimpse { shows, open, valid } = self.of(&unit.path)?;
        let mut numbers = (0..plan.rules.len()).filter(|rule| step(plan, *rule).is_some());
        let own = numbers.by_ref().enumerate().filter(|(_, rule)| target.rules.contains(rule));
        let own = own.fold(0, |all, (bit, _)| all | 1 << bit);
        match (shows & own != 0, open & own != 0) {
            (true, _) => (valid && target.guards.severity(Guard::Violation) == Severity::Error).then_some(true),
            // Of a file that the plan names by its path more is told.
            (false, false) => (!is_listed(plan, unit)).then_some(false),
            (false, true) => None,
        }
    }

    /// What was seen in a file; `None` where it was not looked at.
    #[must_use]
    pub fn of(&self, path: &RepoPath) -> Option<Glimpse> {
        self.known.get_or_init(|| self.look().unwrap_or_default()).get(path).copied()
    }

    fn look(&self) -> Option<HashMap<RepoPath, Glimpse>> {
        let words = Words::new(&self.steps).ok().filter(|_| (1..=64).contains(&self.steps.len()))?;
        let blobs = self.repo.blobs().ok()??;
        let all = (self.files)();
        let is_known =
            |path: &&RepoPath| FileKind::by_name(path.as_bytes()) == Some(FileKind::Python) && !self.others.holds(path);
        let files: Vec<(&RepoPath, (Oid, u32))> = all
            .iter()
            .filter(is_known)
            .filter_map(|path| Some((path, *blobs.get(path)?)))
            // What is too large is told of whatever it holds.
            .filter(|(_, (_, size))| *size as usize <= MAX_BYTES)
            .collect();
        let folder = self.repo.state_folder().join("cache");
        let (mut kept, salt, is_new) = (load(&folder), self.salt(), AtomicBool::new(false));
        let (top, steps, interrupt) = (self.repo.top(), self.steps.as_slice(), self.interrupt);
        let each = |there: &mut RefCell<HashMap<Vec<u8>, bool>>, at: usize| {
            let (path, blob) = files[at];
            let exists = |other: &[u8]| {
                *there
                    .borrow_mut()
                    .entry(other.to_vec())
                    .or_insert_with(|| RepoPath::new(other).is_ok_and(|other| other.below(top).symlink_metadata().is_ok()))
            };
            if interrupt.pending().is_some() {
                return None;
            }
            let (mut bytes, mut name) = (None, name_by_place(path.as_bytes(), exists));
            if name.is_none() {
                bytes = fs::read(top, path).ok().map(|found| found.bytes);
                name = Some(module_name(path.as_bytes(), &String::from_utf8_lossy(bytes.as_deref()?), exists));
            }
            let module = name?;
            let key = key(&salt, path, module.as_deref(), blob);
            let glimpse = kept.get(&key).copied().or_else(|| {
                let bytes = bytes.or_else(|| fs::read(top, path).ok().map(|found| found.bytes))?;
                is_new.store(true, Ordering::Relaxed);
                Some(glimpse(steps, &words, path, &bytes, module.as_deref()))
            })?;
            Some((key, glimpse))
        };
        let found = side_by_side(files.len(), FILES_PER_THREAD, RefCell::default, each);
        if is_new.into_inner() {
            if kept.len() > MOST {
                kept.clear();
            }
            kept.extend(found.iter().map(|(_, entry)| *entry));
            store(&folder, &kept);
        }
        Some(found.into_iter().map(|(at, (_, glimpse))| (files[at].0.clone(), glimpse)).collect())
    }

    /// What makes the entries of other rules, or of another version of the tool, others.
    fn salt(&self) -> Sha256 {
        let mut salt = Sha256::new();
        salt.update([FORMAT]);
        for part in std::iter::once(env!("CARGO_PKG_VERSION")).chain(self.rules.iter().map(String::as_str)) {
            salt.update(part.as_bytes());
            salt.update([0]);
        }
        salt
    }
}

/// The rules of a plan that are applied in memory, each with its digest.
#[must_use]
pub fn rules(plan: &Plan) -> Vec<(String, Step<'_>)> {
    let digests = digest::parts(plan);
    (0..plan.rules.len())
        .filter_map(|rule| step(plan, rule))
        .map(|(name, found)| {
            let digest = digests.get(&format!("rule {name}")).cloned().unwrap_or_default();
            (digest, found)
        })
        .collect()
}

type Takes<'p> = Box<dyn Fn(&[u8]) -> bool + 'p>;

/// Which paths an entry of a plan names.
fn takes(files: &Files) -> Takes<'_> {
    match files {
        Files::Paths(paths) => Box::new(|path| paths.iter().any(|other| other.as_bytes() == path)),
        // A checked plan has only patterns that build; one that does not matches nothing.
        Files::Glob { include, exclude } => match (glob::matcher(include), glob::matcher(exclude)) {
            (Ok(include), Ok(exclude)) => Box::new(move |path| {
                let path = Path::new(OsStr::from_bytes(path));
                include.is_match(path) && !exclude.is_match(path)
            }),
            _ => Box::new(|_| false),
        },
    }
}

fn glimpse(steps: &[Step], words: &Words, path: &RepoPath, bytes: &[u8], module: Option<&str>) -> Glimpse {
    let mut found = Glimpse { shows: 0, open: 0, valid: true };
    let held = words.look(bytes, path.as_bytes());
    let numbers: Vec<usize> = (0..held.len()).filter(|number| held[*number]).collect();
    let all = |found: Glimpse| Glimpse { open: u64::MAX, ..found };
    if may_spell(bytes, steps) {
        return all(found);
    }
    if numbers.is_empty() {
        return found;
    }
    let Ok(source) = Source::new(bytes) else { return all(found) };
    let file = Parsed::new(&source, module);
    let asked: Vec<Step> = numbers.iter().map(|number| steps[*number]).collect();
    let Ok(seen) = glances(&file, &asked) else { return all(found) };
    for (number, seen) in numbers.into_iter().zip(seen) {
        match seen {
            Some(seen) if seen.is_empty() => {}
            Some(seen) if !seen.violations.is_empty() => found.shows |= 1 << number,
            _ => found.open |= 1 << number,
        }
    }
    found.valid = found.shows == 0 || file.problems().is_empty();
    found
}

fn key(salt: &Sha256, path: &RepoPath, module: Option<&str>, (blob, size): (Oid, u32)) -> Key {
    let mut sum = salt.clone();
    sum.update(blob.as_bytes());
    sum.update(size.to_le_bytes());
    sum.update(path.as_bytes());
    sum.update([0]);
    sum.update(module.unwrap_or_default());
    let mut key = Key::default();
    key.copy_from_slice(&sum.finalize()[..KEY]);
    key
}

/// What is kept; nothing where that cannot be relied on.
fn load(folder: &Path) -> Entries {
    let read = || {
        let text = std::fs::read(folder.join(NAME)).ok()?;
        let (sum, body) = text.split_at_checked(SUM)?;
        (Sha256::digest(body).as_slice() == sum).then(|| body.chunks_exact(ENTRY).map(entry).collect::<Option<Entries>>())?
    };
    read().unwrap_or_default()
}

fn entry(bytes: &[u8]) -> Option<(Key, Glimpse)> {
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let glimpse = Glimpse { shows: number(KEY)?, open: number(KEY + 8)?, valid: *bytes.last()? == 1 };
    Some((bytes.get(..KEY)?.try_into().ok()?, glimpse))
}

fn store(folder: &Path, entries: &Entries) {
    let mut body = Vec::with_capacity(entries.len() * ENTRY);
    for (key, Glimpse { shows, open, valid }) in entries {
        body.extend_from_slice(key);
        body.extend_from_slice(&shows.to_le_bytes());
        body.extend_from_slice(&open.to_le_bytes());
        body.push(u8::from(*valid));
    }
    kept::write(folder, NAME, &[&Sha256::digest(&body), &body]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_unless_a_byte_of_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let entries: Entries = [
            ([1; KEY], Glimpse { shows: 1 << 63, open: 2, valid: false }),
            ([2; KEY], Glimpse { shows: 0, open: 0, valid: true }),
        ]
        .into();
        store(&cache, &entries);
        assert_eq!(load(&cache), entries);
        let whole = std::fs::read(cache.join(NAME)).unwrap();
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 1;
            std::fs::write(cache.join(NAME), &other).unwrap();
            assert_eq!(load(&cache), Entries::new(), "byte {at}");
            std::fs::write(cache.join(NAME), &whole[..at]).unwrap();
            assert_eq!(load(&cache), Entries::new(), "cut at {at}");
        }
    }
}
