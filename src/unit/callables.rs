//! What the repository's own functions give when they are called, found in the module files of the work tree when first asked for.
//!
//! A module is looked for from the top of the repository, from `src/`, and from where the packages of the asking file begin. A file is
//! read again when it has changed since.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use crate::fs;
use crate::path::RepoPath;
use crate::python::functions::{Functions, Global, global};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::repo::Repo;
use crate::unit::file_kind::module_of;

/// How many imports are followed from one module to the next.
const LONGEST: usize = 8;

/// The largest module that is read for this.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The functions of a repository, as far as they were asked for.
pub struct Callables<'r> {
    /// The top of the work tree.
    top: &'r Path,
    known: RefCell<HashMap<RepoPath, Known>>,
    /// Whether a folder of the repository has a top-level module or package of a name: most names are another library's.
    tops: RefCell<HashMap<String, bool>>,
    /// What files of the unit under way are to hold, where that is not what is on disk; `None` of one that is to be gone.
    draft: RefCell<HashMap<RepoPath, Option<Vec<u8>>>>,
}

/// What was found in one file.
struct Known {
    /// Size and time of change, by which another version of the file is told apart.
    version: (i64, i64, i64),
    names: HashMap<String, Option<Global>>,
}

impl<'r> Callables<'r> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(repo: &'r Repo) -> Self {
        Self::below(repo.top())
    }

    /// The same of a work tree by its top.
    #[must_use]
    pub fn below(top: &'r Path) -> Self {
        Self { top, known: RefCell::default(), tops: RefCell::default(), draft: RefCell::default() }
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
    }

    /// Whether calling the thing with this qualified name gives a coroutine, as the file at `asking` sees it, whose module is
    /// `module`; `None` when it is not a function of this repository, or not known.
    #[must_use]
    pub fn gives_coroutine(&self, asking: &RepoPath, module: Option<&str>, name: &str) -> Option<bool> {
        let root = module.and_then(|module| root_of(asking, module)).unwrap_or_default();
        let mut name = name.to_owned();
        for _ in 0..LONGEST {
            let (module, function) = name.rsplit_once('.')?;
            match self.look_up(&root, module, function)? {
                Global::Function(gives) => return Some(gives),
                Global::Imported(next) => name = next,
            }
        }
        None
    }

    fn look_up(&self, root: &str, module: &str, function: &str) -> Option<Global> {
        let inside = module.replace('.', "/");
        let mut roots = vec!["", "src/", root];
        roots.dedup();
        for root in roots {
            if !self.has_top(root, module.split('.').next().unwrap_or(module)) {
                continue;
            }
            for path in [format!("{root}{inside}.py"), format!("{root}{inside}/__init__.py")] {
                // A name that makes no path is no module of this repository.
                let Ok(path) = RepoPath::new(path) else { continue };
                if let Some(found) = self.in_file(&path, function) {
                    return found;
                }
            }
        }
        None
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

    /// What `function` is in the file at `path`; `None` when there is no such file.
    fn in_file(&self, path: &RepoPath, function: &str) -> Option<Option<Global>> {
        if let Some(text) = self.draft.borrow().get(path) {
            return text.as_deref().map(|text| self.defined(path, text, function));
        }
        // What cannot be looked at is not known.
        let stat = fs::stat(self.top, path).ok()??;
        let version = (stat.st_size, stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(i64::MAX));
        let mut known = self.known.borrow_mut();
        let known = known.entry(path.clone()).or_insert_with(|| Known { version, names: HashMap::new() });
        if known.version != version {
            *known = Known { version, names: HashMap::new() };
        }
        if let Some(found) = known.names.get(function) {
            return Some(found.clone());
        }
        let is_small = u64::try_from(stat.st_size).is_ok_and(|size| size <= LARGEST);
        let found = if is_small { self.read(path, function) } else { None };
        known.names.insert(function.to_owned(), found.clone());
        Some(found)
    }

    fn read(&self, path: &RepoPath, function: &str) -> Option<Global> {
        // A file that cannot be read tells nothing.
        self.defined(path, &fs::read(self.top, path).ok()?.bytes, function)
    }

    fn defined(&self, path: &RepoPath, bytes: &[u8], function: &str) -> Option<Global> {
        // A text that is no Python or has no tree in time tells nothing.
        let source = Source::new(bytes).ok()?;
        let module = module_of(self.top, path, source.text());
        let file = Parsed::new(&source, module.as_deref());
        global(&file, &Functions::new(&file).ok()?, function).ok()?
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
