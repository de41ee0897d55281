//! Who takes a name from a module of the repository: imports it, reads it through the module, or patches it there.
//!
//! What all tracked files import is found once, when it is first asked for; only files that may take the name are then read whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::dotted::covers;
use crate::fs;
use crate::path::RepoPath;
use crate::program::Load;
use crate::program::outline::{Outline, Takers};
use crate::python::names::Meaning;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::patched;
use crate::taken::{Taker, Way};
use crate::unit::file_kind::module_of;

/// Fewer files are not worth a thread of their own.
const FILES_PER_THREAD: usize = 256;
/// Files that one thread takes at a time.
const STRIDE: usize = 32;

/// What all tracked Python files of a work tree import, found when it is first asked for; threads share it.
#[derive(Debug)]
pub struct Imports {
    top: PathBuf,
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
    /// Those of the files at `paths`.
    #[must_use]
    pub fn new(top: &Path, paths: Vec<RepoPath>) -> Self {
        Self { top: top.to_owned(), paths, known: OnceLock::new() }
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
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            loop {
                let first = next.fetch_add(STRIDE, Ordering::Relaxed);
                let Some(paths) = self.paths.get(first..self.paths.len().min(first + STRIDE)).filter(|paths| !paths.is_empty())
                else {
                    return found;
                };
                found.extend(paths.iter().enumerate().filter_map(|(at, path)| {
                    let (name, outline) = self.outline(path)?;
                    Some((first + at, name, outline))
                }));
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(self.paths.len().div_ceil(FILES_PER_THREAD));
        let mut found: Vec<(usize, Option<String>, Outline)> = thread::scope(|scope| {
            // Where the system gives no thread this one does the work.
            let others: Vec<_> = (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
            let mut found = work();
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        });
        found.sort_by_key(|(number, ..)| *number);
        let mut known = Known::default();
        for (number, name, outline) in found {
            known.takers.add(u32::try_from(number).unwrap_or(u32::MAX), &outline);
            if let Some(name) = name {
                let name = name.strip_suffix(".__init__").unwrap_or(&name).to_owned();
                known.loads.entry(name).or_insert((number, outline.loads));
            }
        }
        known
    }

    /// The name and the outline of a file; what cannot be read takes nothing.
    fn outline(&self, path: &RepoPath) -> Option<(Option<String>, Outline)> {
        let bytes = fs::read(&self.top, path).ok()?.bytes;
        let source = Source::new(&bytes).ok()?;
        let name = module_of(&self.top, path, source.text());
        let outline = Outline::read(&source, name.as_deref())?;
        Some((name, outline))
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
