//! Who takes a name from a module of the repository: imports it, reads it through the module, or patches it there.
//!
//! What all tracked files import is found once, when it is first asked for; only files that may take the name are then read whole.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::dotted::covers;
use crate::fs;
use crate::path::RepoPath;
use crate::program::Load;
use crate::program::naming::module_name;
use crate::program::outline::{MayTake, Outline, Takers};
use crate::python::names::Meaning;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::patched;
use crate::taken::{Taker, Way};
use crate::unit::kept::{self, Kept, Stamp};
use crate::unit::side_by_side::side_by_side;

/// Fewer files are not worth a thread of their own.
const FILES_PER_THREAD: usize = 256;

/// What all tracked Python files of a work tree import, found when it is first asked for; threads share it.
#[derive(Debug)]
pub struct Imports {
    top: PathBuf,
    /// Where what was found out is kept for the next command.
    cache: PathBuf,
    paths: Vec<RepoPath>,
    known: OnceLock<Known>,
    /// What modules load, as far as it was asked, by the numbers of their files.
    loads: Mutex<HashMap<usize, Option<Arc<[Load]>>>>,
}

#[derive(Debug, Default)]
struct Known {
    takers: Takers,
    /// The file of each module, by its name; the first file of a name has it.
    modules: HashMap<String, usize>,
}

impl Imports {
    /// Those of the files at `paths`, with what is kept of them in the folder `cache`.
    #[must_use]
    pub fn new(top: &Path, cache: PathBuf, paths: Vec<RepoPath>) -> Self {
        Self { top: top.to_owned(), cache, paths, known: OnceLock::new(), loads: Mutex::default() }
    }

    /// The files that may take `name` from `module`.
    pub fn candidates(&self, module: &str, name: &str) -> impl Iterator<Item = &RepoPath> {
        self.known().takers.candidates(module, name).into_iter().filter_map(|number| self.paths.get(number as usize))
    }

    /// What the module of this name loads while it is imported, and its file.
    #[must_use]
    pub fn loads(&self, module: &str) -> Option<(&RepoPath, Arc<[Load]>)> {
        let number = *self.known().modules.get(module)?;
        let path = self.paths.get(number)?;
        // Whoever fell over it left it as it was.
        let known = || self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&number).cloned();
        let found = found.unwrap_or_else(|| {
            let loads = self.outline(path, module).map(|outline| outline.loads.into());
            known().insert(number, loads.clone());
            loads
        });
        Some((path, found?))
    }

    fn outline(&self, path: &RepoPath, module: &str) -> Option<Outline> {
        let found = fs::read(&self.top, path).ok()?;
        let is_package = path.as_bytes().ends_with(b"/__init__.py") || path.as_bytes().ends_with(b"/__init__.pyi");
        let module = if is_package { format!("{module}.__init__") } else { module.to_owned() };
        Outline::read(&Source::new(&found.bytes).ok()?, Some(&module))
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
        let is_new = AtomicBool::new(false);
        let look = |(): &mut (), at: usize| {
            let path = &self.paths[at];
            let stamp = Stamp::of(&path.below(&self.top))?;
            let known = std::str::from_utf8(path.as_bytes()).ok().and_then(|path| kept.get(path));
            Some(known.filter(|kept| kept.stamp == stamp).cloned().unwrap_or_else(|| {
                is_new.store(true, Ordering::Relaxed);
                self.kept(path, stamp, &there)
            }))
        };
        let found = side_by_side(self.paths.len(), FILES_PER_THREAD, || (), look);
        if is_new.load(Ordering::Relaxed) {
            let named = |(number, kept): &(usize, Kept)| {
                let path = std::str::from_utf8(self.paths[*number].as_bytes()).ok()?;
                Some((path.to_owned(), kept.clone()))
            };
            kept::store(&self.cache, &self.paths, &found.iter().filter_map(named).collect());
        }
        let mut known = Known::default();
        for (number, Kept { module, takes, .. }) in found {
            let Some(takes) = takes else { continue };
            known.takers.add(u32::try_from(number).unwrap_or(u32::MAX), &takes);
            if let Some(name) = module {
                let name = name.strip_suffix(".__init__").unwrap_or(&name).to_owned();
                known.modules.entry(name).or_insert(number);
            }
        }
        known
    }

    /// What is to be known of a file; one that cannot be read takes nothing.
    fn kept(&self, path: &RepoPath, stamp: Stamp, there: &HashSet<&[u8]>) -> Kept {
        let mut kept = Kept { stamp, module: None, takes: None };
        let Ok(found) = fs::read(&self.top, path) else { return kept };
        let Ok(source) = Source::new(&found.bytes) else { return kept };
        kept.module = module_name(path.as_bytes(), source.text(), |other| there.contains(other));
        kept.takes = MayTake::read(&source, kept.module.as_deref());
        kept
    }
}

/// False only for a text that reads `name` from nothing, has it in no string and as no keyword, and has no star import: such a one takes
/// it from no module by which it does not name it.
fn may_read(text: &str, name: &str) -> bool {
    let is_read = |at: usize| {
        let before = text[..at].trim_end_matches(|c: char| c.is_whitespace() || c == '\\');
        before.ends_with(['.', '"', '\'']) || text[at + name.len()..].trim_start().starts_with('=')
    };
    let is_star = || memchr::memmem::find_iter(text.as_bytes(), b"import").any(|at| text[at + 6..].trim_start().starts_with('*'));
    memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()).any(is_read) || is_star()
}

/// How a file at `path` takes `name` from `module`, if it does.
#[must_use]
pub fn takes(path: &RepoPath, file: &Parsed, module: &str, name: &str) -> Option<Taker> {
    // Most files that import a module take other names from it.
    let names_it = || MayTake::read(file.source(), file.module()).is_some_and(|may| may.names(module, name));
    if !(may_read(file.source().text(), name) || names_it()) {
        return None;
    }
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
