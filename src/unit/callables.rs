//! The repository's own modules, found in the files of the work tree when first asked for.
//!
//! A module is looked for from the top of the repository, from `src/`, and from where the packages of the asking file begin. A file is
//! read again when it has changed since.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use crate::fs;
use crate::path::RepoPath;
use crate::program::outline::{MayTake, Takers as Index};
use crate::program::{Load, Module};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::repo::Repo;
use crate::taken::{Taker, Takers};
use crate::unit::file_kind::module_of;
use crate::unit::kept::Stamp;
use crate::unit::takers::{Imports, takes};

/// The largest module that is read for this.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The modules of a repository, as far as they were asked for.
pub struct Callables<'r> {
    /// The top of the work tree.
    top: &'r Path,
    /// Whom to ask which files there are; `None` when others are not to be asked.
    repo: Option<&'r Repo>,
    /// What all files import, once that was asked for.
    imports: OnceCell<Option<Arc<Imports>>>,
    /// Who takes what, as far as it was asked since a file last changed: by module and name.
    takers: RefCell<HashMap<(String, String), Option<Taker>>>,
    /// Files that may have changed since.
    begun: RefCell<HashSet<RepoPath>>,
    /// What those import on disk, as far as it was asked.
    outlines: RefCell<HashMap<RepoPath, (Stamp, Option<MayTake>)>>,
    /// What those import that landed.
    landed: RefCell<Landed>,
    known: RefCell<HashMap<RepoPath, Known>>,
    /// Whether a folder of the repository has a top-level module or package of a name: most names are another library's.
    tops: RefCell<HashMap<String, bool>>,
    /// What files of the unit under way are to hold, where that is not what is on disk; `None` of one that is to be gone.
    draft: RefCell<HashMap<RepoPath, Option<Vec<u8>>>>,
}

/// What files import since they landed.
#[derive(Default)]
struct Landed {
    paths: Vec<RepoPath>,
    /// The number of the last entry of each file, which alone counts.
    newest: HashMap<RepoPath, usize>,
    takers: Index,
}

impl Landed {
    fn candidates(&self, module: &str, name: &str) -> impl Iterator<Item = &RepoPath> {
        let numbers = self.takers.candidates(module, name).into_iter().map(|number| number as usize);
        numbers.filter_map(|number| self.paths.get(number).filter(|path| self.newest.get(*path) == Some(&number)))
    }
}

/// What was found in one file.
struct Known {
    /// Size and time of change, by which another version of the file is told apart.
    version: (i64, i64, i64),
    module: Option<Rc<Module>>,
}

impl<'r> Callables<'r> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo: Some(repo), ..Self::below(repo.top()) }
    }

    /// The same of a work tree by its top, where nothing is known of who takes what from a module.
    #[must_use]
    pub fn below(top: &'r Path) -> Self {
        let (known, tops, draft, begun, landed, takers, outlines) = Default::default();
        Self { top, repo: None, imports: OnceCell::new(), takers, begun, outlines, landed, known, tops, draft }
    }

    /// The same with what all files import.
    #[must_use]
    pub fn sharing(self, imports: Option<Arc<Imports>>) -> Self {
        Self { imports: OnceCell::from(imports), ..self }
    }

    /// Notes that a file is about to change.
    pub fn begin(&self, path: &RepoPath) {
        self.begun.borrow_mut().insert(path.clone());
        self.takers.borrow_mut().clear();
    }

    /// Notes that a file that was about to change is as it was.
    pub fn unchanged(&self, path: &RepoPath) {
        self.begun.borrow_mut().remove(path);
        self.outlines.borrow_mut().remove(path);
        self.takers.borrow_mut().clear();
    }

    /// Notes that a file that was about to change holds this text now; `None` when it is gone. There may be thousands, and each unit asks
    /// who takes what it drops: what they import is found once.
    pub fn landed(&self, path: &RepoPath, text: Option<&[u8]>) {
        let takes = text.and_then(|text| self.takes(path, text));
        let mut landed = self.landed.borrow_mut();
        let number = landed.paths.len();
        landed.paths.push(path.clone());
        landed.newest.insert(path.clone(), number);
        if let Some(takes) = takes {
            landed.takers.add(u32::try_from(number).unwrap_or(u32::MAX), &takes);
        }
        self.begun.borrow_mut().remove(path);
        self.outlines.borrow_mut().remove(path);
        self.takers.borrow_mut().clear();
    }

    /// Who takes `name` from the module `module`, the file at `own`, in another file.
    fn taken(&self, own: &RepoPath, module: &str, name: &str) -> Option<Taker> {
        let asked = (module.to_owned(), name.to_owned());
        if let Some(known) = self.takers.borrow().get(&asked) {
            return known.clone();
        }
        let taker = self.taker(own, module, name);
        self.takers.borrow_mut().insert(asked, taker.clone());
        taker
    }

    fn taker(&self, own: &RepoPath, module: &str, name: &str) -> Option<Taker> {
        let imports = self.imports()?;
        let module = module.strip_suffix(".__init__").unwrap_or(module);
        let (draft, begun) = (self.draft.borrow(), self.begun.borrow());
        let changed: BTreeSet<&RepoPath> = draft.keys().chain(&*begun).collect();
        let landed = self.landed.borrow();
        let before = imports
            .candidates(module, name)
            .filter(|path| !landed.newest.contains_key(*path))
            .chain(landed.candidates(module, name));
        let others = before.filter(|path| !changed.contains(path)).chain(changed.iter().copied());
        let may_take = |path: &RepoPath| !begun.contains(path) || draft.contains_key(path) || self.may_take(path, module, name);
        others.filter(|path| *path != own && may_take(path)).find_map(|path| {
            let bytes = match draft.get(path) {
                Some(text) => text.clone()?,
                None => fs::read(self.top, path).ok()?.bytes,
            };
            memchr::memmem::find(&bytes, name.as_bytes())?;
            let source = Source::new(&bytes).ok()?;
            let theirs = module_of(self.top, path, source.text());
            takes(path, &Parsed::new(&source, theirs.as_deref()), module, name)
        })
    }

    /// True when a file that is about to change may take `name` from `module` as it is on disk.
    fn may_take(&self, path: &RepoPath, module: &str, name: &str) -> bool {
        let Some(stamp) = Stamp::of(&path.below(self.top)) else { return false };
        let mut outlines = self.outlines.borrow_mut();
        if outlines.get(path).is_none_or(|(known, _)| *known != stamp) {
            let outline = fs::read(self.top, path).ok().and_then(|found| self.takes(path, &found.bytes));
            outlines.insert(path.clone(), (stamp, outline));
        }
        outlines.get(path).and_then(|(_, takes)| takes.as_ref()).is_some_and(|takes| takes.may_take(module, name))
    }

    fn takes(&self, path: &RepoPath, text: &[u8]) -> Option<MayTake> {
        let source = Source::new(text).ok()?;
        MayTake::read(&source, module_of(self.top, path, source.text()).as_deref())
    }

    /// Who takes names from the module `module`, the file at `own`; `None` where that is not known.
    #[must_use]
    pub fn takers<'c>(&'c self, own: &'c RepoPath, module: Option<&'c str>) -> Option<Box<Takers<'c>>> {
        self.imports()?;
        let module = module?;
        Some(Box::new(move |name| self.taken(own, module, name)))
    }

    /// What the module of this name loads while it is imported; `None` where that is not known.
    #[must_use]
    pub fn loads(&self, module: &str) -> Option<Vec<Load>> {
        let (path, loads) = self.imports()?.loads(module)?;
        let has_landed = || self.landed.borrow().newest.contains_key(path);
        let is_old = self.draft.borrow().contains_key(path) || self.begun.borrow().contains(path) || has_landed();
        if is_old { Some(self.in_file(path)?.loads.clone()) } else { Some(loads.to_vec()) }
    }

    /// What all files import, for others to share.
    #[must_use]
    pub fn all_imports(&self) -> Option<Arc<Imports>> {
        self.imports().cloned()
    }

    fn imports(&self) -> Option<&Arc<Imports>> {
        let list = || {
            let repo = self.repo?;
            let listed = repo.listing(|path| path.ends_with(b".py") || path.ends_with(b".pyi")).ok()?;
            let paths = listed.into_iter().map(|file| file.path).collect();
            Some(Arc::new(Imports::new(self.top, repo.state_folder().join("cache"), paths)))
        };
        self.imports.get_or_init(list).as_ref()
    }

    /// The top of the work tree.
    #[must_use]
    pub fn top(&self) -> &'r Path {
        self.top
    }

    /// Takes these files for what is to be on disk, until told otherwise: what is judged is judged with its siblings as they shall be.
    pub fn assume(&self, draft: HashMap<RepoPath, Option<Vec<u8>>>) {
        self.draft.replace(draft);
        self.tops.borrow_mut().clear();
        self.takers.borrow_mut().clear();
    }

    /// The module of a dotted name as the file at `asking` sees it, whose own module is `own`; `None` when it is none of this
    /// repository, or cannot be read.
    #[must_use]
    pub fn module(&self, asking: &RepoPath, own: Option<&str>, name: &str) -> Option<(RepoPath, Rc<Module>)> {
        let root = own.and_then(|module| root_of(asking, module)).unwrap_or_default();
        let inside = name.replace('.', "/");
        let mut roots = vec!["", "src/", &root];
        roots.dedup();
        let top = name.split('.').next().unwrap_or(name);
        let roots = roots.into_iter().filter(|root| self.has_top(root, top));
        let paths = roots.flat_map(|root| [".py", "/__init__.py"].map(|ending| RepoPath::new(format!("{root}{inside}{ending}"))));
        // A name that makes no path is no module of this repository.
        paths.flatten().find_map(|path| self.in_file(&path).map(|module| (path, module)))
    }

    fn has_top(&self, root: &str, top: &str) -> bool {
        let draft = self.draft.borrow();
        let is_drafted = |path: &RepoPath| {
            let of = |file: &RepoPath| {
                file.as_bytes().strip_prefix(path.as_bytes()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
            };
            draft.iter().any(|(file, text)| text.is_some() && of(file))
        };
        let is_there = |path: String| {
            RepoPath::new(path).is_ok_and(|path| matches!(fs::stat(self.top, &path), Ok(Some(_))) || is_drafted(&path))
        };
        let name = format!("{root}{top}");
        let mut tops = self.tops.borrow_mut();
        *tops.entry(name).or_insert_with_key(|name| is_there(name.clone()) || is_there(format!("{name}.py")))
    }

    /// What the file at `path` says of its module; `None` when there is no such file, or it tells nothing.
    fn in_file(&self, path: &RepoPath) -> Option<Rc<Module>> {
        if let Some(text) = self.draft.borrow().get(path) {
            return text.as_deref().and_then(|text| self.read(path, text));
        }
        // What cannot be looked at is not known.
        let stat = fs::stat(self.top, path).ok()??;
        let version = (stat.st_size, stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(i64::MAX));
        let mut known = self.known.borrow_mut();
        if let Some(known) = known.get(path).filter(|known| known.version == version) {
            return known.module.clone();
        }
        let is_small = u64::try_from(stat.st_size).is_ok_and(|size| size <= LARGEST);
        let bytes = is_small.then(|| fs::read(self.top, path).ok()).flatten();
        let module = bytes.and_then(|found| self.read(path, &found.bytes));
        known.insert(path.clone(), Known { version, module: module.clone() });
        module
    }

    fn read(&self, path: &RepoPath, bytes: &[u8]) -> Option<Rc<Module>> {
        // A text that is no Python or has no tree in time tells nothing.
        let source = Source::new(bytes).ok()?;
        let module = module_of(self.top, path, source.text());
        Module::read(&Parsed::new(&source, module.as_deref())).ok().map(Rc::new)
    }
}

/// The folder in which the packages of the file at `path` begin, with its last slash.
fn root_of(path: &RepoPath, module: &str) -> Option<String> {
    let path = std::str::from_utf8(path.as_bytes()).ok()?;
    let depth = module.split('.').count();
    let parts: Vec<&str> = path.split('/').collect();
    let root = parts.get(..parts.len().checked_sub(depth)?)?;
    Some(root.iter().map(|part| format!("{part}/")).collect())
}
