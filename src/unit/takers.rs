//! Who takes a name from a module of the repository: imports it, reads it through the module, or patches it there.
//!
//! What all tracked files import is found once, when it is first asked for; only files that may take the name are then read whole.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::dotted::covers;
use crate::fs;
use crate::path::RepoPath;
use crate::program::Load;
use crate::program::naming::module_name;
use crate::program::outline::{Outline, Takers};
use crate::python::names::Meaning;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::patched;
use crate::taken::{Taker, Way};
use crate::unit::kept::{self, Kept, Stamp};

/// Fewer files are not worth a thread of their own.
const FILES_PER_THREAD: usize = 256;
/// Files that one thread takes at a time.
const STRIDE: usize = 32;

/// What all tracked Python files of a work tree import, found when it is first asked for; threads share it.
#[derive(Debug)]
pub struct Imports {
    top: PathBuf,
    /// Where what was found out is kept for the next command.
    cache: PathBuf,
    paths: Vec<RepoPath>,
    known: OnceLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    takers: Takers,
    /// What each module loads, by its name; the first file of a name has it.
    loads: HashMap<String, (usize, Vec<Load>)>,
}

impl Imports {
    /// Those of the files at `paths`, with what is kept of them in the folder `cache`.
    #[must_use]
    pub fn new(top: &Path, cache: PathBuf, paths: Vec<RepoPath>) -> Self {
        Self { top: top.to_owned(), cache, paths, known: OnceLock::new() }
    }

    /// The files that may take `name` from `module`.
    pub fn candidates(&self, module: &str, name: &str) -> impl Iterator<Item = &RepoPath> {
        self.known().takers.candidates(module, name).into_iter().filter_map(|number| self.paths.get(number as usize))
    }

    /// What the module of this name loads while it is imported, and its file.
    #[must_use]
    pub fn loads(&self, module: &str) -> Option<(&RepoPath, &[Load])> {
        let (number, loads) = self.known().loads.get(module)?;
        Some((self.paths.get(*number)?, loads))
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| self.look())
    }

    fn look(&self) -> Known {
        let kept = kept::load(&self.cache, &self.paths);
        let mut there: HashSet<&[u8]> = HashSet::new();
        for path in self.paths.iter().map(RepoPath::as_bytes) {
            there.extend(memchr::memchr_iter(b'/', path).chain([path.len()]).map(|end| &path[..end]));
        }
        let (next, is_new) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            let mut found = Vec::new();
            loop {
                let first = next.fetch_add(STRIDE, Ordering::Relaxed);
                let Some(paths) = self.paths.get(first..self.paths.len().min(first + STRIDE)).filter(|paths| !paths.is_empty())
                else {
                    return found;
                };
                for (at, path) in paths.iter().enumerate() {
                    let Some(stamp) = Stamp::of(&path.below(&self.top)) else { continue };
                    let known = std::str::from_utf8(path.as_bytes()).ok().and_then(|path| kept.get(path));
                    let known = known.filter(|kept| kept.stamp == stamp).cloned();
                    found.push((
                        first + at,
                        known.unwrap_or_else(|| {
                            is_new.store(true, Ordering::Relaxed);
                            self.outline(path, stamp, &there)
                        }),
                    ));
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(self.paths.len().div_ceil(FILES_PER_THREAD));
        let mut found: Vec<(usize, Kept)> = thread::scope(|scope| {
            // Where the system gives no thread this one does the work.
            let others: Vec<_> = (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
            let mut found = work();
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        });
        found.sort_by_key(|(number, _)| *number);
        if is_new.load(Ordering::Relaxed) {
            let named = |(number, kept): &(usize, Kept)| {
                let path = std::str::from_utf8(self.paths[*number].as_bytes()).ok()?;
                Some((path.to_owned(), kept.clone()))
            };
            kept::store(&self.cache, &self.paths, &found.iter().filter_map(named).collect());
        }
        let mut known = Known::default();
        for (number, Kept { module, outline, .. }) in found {
            let Some(outline) = outline else { continue };
            known.takers.add(u32::try_from(number).unwrap_or(u32::MAX), &outline);
            if let Some(name) = module {
                let name = name.strip_suffix(".__init__").unwrap_or(&name).to_owned();
                known.loads.entry(name).or_insert((number, outline.loads));
            }
        }
        known
    }

    /// What a file imports and may patch; one that cannot be read takes nothing.
    fn outline(&self, path: &RepoPath, stamp: Stamp, there: &HashSet<&[u8]>) -> Kept {
        let mut kept = Kept { stamp, module: None, outline: None };
        let Ok(found) = fs::read(&self.top, path) else { return kept };
        let Ok(source) = Source::new(&found.bytes) else { return kept };
        kept.module = module_name(path.as_bytes(), source.text(), |other| there.contains(other));
        kept.outline = Outline::read(&source, kept.module.as_deref());
        kept
    }
}

/// How a file at `path` takes `name` from `module`, if it does.
#[must_use]
pub fn takes(path: &RepoPath, file: &Parsed, module: &str, name: &str) -> Option<Taker> {
    let (names, source) = (file.names().ok()?, file.source());
    let whole = format!("{module}.{name}");
    let found = |at: usize, way| Some(Taker { path: path.clone(), line: source.line(at), way });
    if let Some(range) = patched(file, &whole).ok()?.into_iter().next() {
        return found(range.start, Way::Patches);
    }
    let mut items = names.imports.iter().flat_map(|import| import.items.iter().map(move |item| (import, item)));
    if let Some((_, item)) = items.find(|(import, item)| import.from.is_some() && import.imported(item) == whole) {
        return found(item.range.start, Way::Imports);
    }
    let star = names.imports.iter().find(|import| import.star && import.from.as_ref().is_some_and(|from| from.module == module));
    let is_brought = || {
        let mut uses = names.uses.iter().filter(|read| read.name == name);
        uses.any(|read| names.meaning(read.scope, name) == Meaning::Unbound { star: true })
    };
    if let Some(star) = star.filter(|_| is_brought()) {
        return found(star.range.start, Way::Imports);
    }
    let is_it = |read: &str| covers(&whole, read);
    let read = names.uses.iter().find(|read| names.qualified(read).is_some_and(|read| is_it(&read)))?;
    found(read.range.start, Way::Reads)
}
