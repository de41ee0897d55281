//! What the tree's modules define, import and export: which dotted name is which file, and what is known of a name.
//!
//! Nothing here does I/O: the paths of the tree are given, and bytes are asked for one file at a time, each once, when a question needs
//! them. What is not known is said to be unknown; nothing is guessed.

pub mod cycle;
pub mod functions;
pub mod lookup;
mod module;
pub mod naming;
pub mod outline;
pub mod signature;
pub mod standard;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::dotted::covers;
use crate::path::RepoPath;
use crate::program::lookup::missing;
pub use crate::program::module::{Class, Definition, Load, Module, loads};
use crate::program::naming::module_name;
use crate::program::outline::Outline;
use crate::program::standard::is_standard;
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// Gives the bytes of a file, where it can.
type Read<'r> = dyn Fn(&RepoPath) -> Option<Vec<u8>> + 'r;

/// The modules of a tree.
pub struct Program<'r> {
    paths: Vec<RepoPath>,
    /// All paths, and the folders above them.
    there: HashSet<Vec<u8>>,
    /// What may be a module, by the last part of its name: paths without their ending, and folders.
    places: HashMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    read: Box<Read<'r>>,
    known: RefCell<HashMap<RepoPath, Option<Rc<Module>>>>,
}

/// What is known of a dotted name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is a module.
    Module,
    /// It stands in this module, and is none itself.
    Inside {
        /// The module.
        module: String,
    },
    /// It stands in this module, or in one below it that is not in the tree, if this is the module that is meant.
    Perhaps {
        /// The module.
        module: String,
    },
    /// It would stand in this module of the tree, which has no such name.
    Missing {
        /// The module.
        module: String,
        /// What lacks the name: the module, or a class in it.
        owner: String,
        /// The name that is not there.
        name: String,
        /// The module's file.
        path: RepoPath,
    },
    /// No module of the tree or of the standard library is on the way to it.
    Unknown,
}

impl<'r> Program<'r> {
    /// The modules among the files `paths`, whose bytes `read` gives as far as it can.
    pub fn new(paths: impl IntoIterator<Item = RepoPath>, read: impl Fn(&RepoPath) -> Option<Vec<u8>> + 'r) -> Self {
        let paths: Vec<RepoPath> = paths.into_iter().filter(|path| stem(path).is_some()).collect();
        let mut there: HashSet<Vec<u8>> = HashSet::new();
        let mut places: HashMap<Vec<u8>, BTreeSet<Vec<u8>>> = HashMap::new();
        let mut place = |path: &[u8]| {
            let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
            places.entry(last.to_vec()).or_default().insert(path.to_vec());
        };
        for path in &paths {
            let bytes = path.as_bytes();
            for at in memchr::memchr_iter(b'/', bytes).collect::<Vec<_>>().into_iter().rev() {
                if !there.insert(bytes[..at].to_vec()) {
                    break;
                }
                place(&bytes[..at]);
            }
            there.insert(bytes.to_vec());
            place(stem(path).unwrap_or(bytes));
        }
        Self { paths, there, places, read: Box::new(read), known: RefCell::default() }
    }

    /// The Python files of the tree, in the order in which they came.
    #[must_use]
    pub fn paths(&self) -> &[RepoPath] {
        &self.paths
    }

    /// What the file at `path` says of its module; `None` when it cannot be read, or cannot be imported.
    #[must_use]
    pub fn module(&self, path: &RepoPath) -> Option<Rc<Module>> {
        if let Some(known) = self.known.borrow().get(path) {
            return known.clone();
        }
        let found = self.facts(path).map(Rc::new);
        self.known.borrow_mut().insert(path.clone(), found.clone());
        found
    }

    fn facts(&self, path: &RepoPath) -> Option<Module> {
        let bytes = (self.read)(path)?;
        let source = Source::new(&bytes).ok()?;
        let name = self.name(path, source.text())?;
        Module::read(&Parsed::new(&source, Some(&name))).ok()
    }

    fn name(&self, path: &RepoPath, text: &str) -> Option<String> {
        module_name(path.as_bytes(), text, |other| self.there.contains(other))
    }

    /// The file of the module `name`; one of `.py` before one of `.pyi`.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<(RepoPath, Rc<Module>)> {
        self.files(name).find(|(_, module)| module.name == name)
    }

    /// The files that could be the module `name`, from whatever folder names begin, the shortest paths first.
    fn files(&self, name: &str) -> impl Iterator<Item = (RepoPath, Rc<Module>)> {
        let endings = [".py", "/__init__.py", ".pyi", "/__init__.pyi"];
        let mut places = self.places(name);
        places.sort_by_key(|place| place.len());
        let paths = endings
            .into_iter()
            .flat_map(move |ending| places.clone().into_iter().map(move |place| [place.as_slice(), ending.as_bytes()].concat()));
        let paths = paths.filter(|path| self.there.contains(path)).filter_map(|path| RepoPath::new(path).ok());
        paths.filter_map(|path| Some((path.clone(), self.module(&path)?)))
    }

    /// The paths, without an ending, that the module `name` may have.
    fn places(&self, name: &str) -> Vec<&Vec<u8>> {
        let inside = name.replace('.', "/");
        let last = name.rsplit('.').next().unwrap_or(name);
        let fits =
            |place: &&Vec<u8>| place.strip_suffix(inside.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"));
        self.places.get(last.as_bytes()).into_iter().flatten().filter(fits).collect()
    }

    /// What is known of a dotted name: the longest part of it that is a module of the tree, else of the standard library, decides.
    #[must_use]
    pub fn look_up(&self, name: &str) -> Known {
        let parts: Vec<&str> = name.split('.').collect();
        let lengths = || (1..=parts.len()).rev();
        for length in lengths() {
            let module = parts[..length].join(".");
            if let Some((path, facts)) = self.file(&module) {
                return match parts[length..] {
                    [] => Known::Module,
                    ref rest => self.look_in(&facts, rest, path),
                };
            }
            if is_standard(&module) {
                return if length == parts.len() { Known::Module } else { Known::Inside { module } };
            }
        }
        // From another folder names may begin too: `proj/celery.py` is nobody's `celery`, and `tests/helpers.py` may be `helpers`.
        let near = lengths().map(|length| parts[..length].join(".")).find(|module| !self.places(module).is_empty());
        match near {
            Some(module) if module == name => Known::Module,
            Some(module) => Known::Perhaps { module },
            None => Known::Unknown,
        }
    }

    fn look_in(&self, facts: &Module, rest: &[&str], path: RepoPath) -> Known {
        let module = facts.name.clone();
        match missing(&|name| self.file(name), facts, rest) {
            Some(at) => {
                let owner = [module.as_str()].into_iter().chain(rest[..at].iter().copied()).collect::<Vec<_>>().join(".");
                Known::Missing { module, owner, name: rest[at].to_owned(), path }
            }
            // What a package's own file does not bind may be a module that git does not track.
            None if facts.is_package && !facts.definitions.contains_key(rest[0]) => Known::Perhaps { module },
            None => Known::Inside { module },
        }
    }

    /// The name that `name` most likely means, where its first part is no module at the top of the tree or of the standard library, is
    /// imported nowhere, and a package of the tree has a module of that name.
    #[must_use]
    pub fn meant(&self, name: &str) -> Option<String> {
        let first = name.split('.').next().unwrap_or(name);
        if is_standard(first) || self.there.contains(first.as_bytes()) || self.file(first).is_some() {
            return None;
        }
        let is_package = |folder: &str| self.file(folder).is_some_and(|(_, module)| module.is_package);
        let whole = self.files(first).find_map(|(_, module)| {
            module.name.rsplit_once('.').is_some_and(|(above, _)| is_package(above)).then(|| module.name.clone())
        })?;
        let is_first = |import: &String| import.split('.').next() == Some(first);
        let imported = self.paths.iter().any(|path| self.imports(path).iter().any(is_first));
        (!imported).then(|| whole + &name[first.len()..])
    }

    /// The files that import the module `name`, or something in it.
    pub fn importers<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p RepoPath> {
        let below = move |whole: &String| covers(name, whole);
        self.paths.iter().filter(move |path| self.imports(path).iter().any(below))
    }

    /// The qualified names of what the file at `path` imports, without a look at the rest of it where that can be.
    #[must_use]
    pub fn imports(&self, path: &RepoPath) -> BTreeSet<String> {
        if let Some(known) = self.known.borrow().get(path) {
            return known.as_ref().map(|module| module.imports.clone()).unwrap_or_default();
        }
        self.imports_alone(path).or_else(|| Some(self.module(path)?.imports.clone())).unwrap_or_default()
    }

    fn imports_alone(&self, path: &RepoPath) -> Option<BTreeSet<String>> {
        let bytes = (self.read)(path)?;
        let source = Source::new(&bytes).ok()?;
        Some(Outline::read(&source, self.name(path, source.text()).as_deref())?.imports)
    }

    /// All dotted names that mean something here: the modules of the tree, and what its files import, each with all that is above it.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let modules = self.paths.iter().filter_map(|path| {
            let name = self.name(path, "")?;
            Some(name.strip_suffix(".__init__").unwrap_or(&name).to_owned())
        });
        let imported = self.paths.iter().flat_map(|path| self.imports(path));
        let mut all = BTreeSet::new();
        for name in modules.chain(imported) {
            all.extend(name.match_indices('.').map(|(at, _)| name[..at].to_owned()));
            all.insert(name);
        }
        all.retain(|name| !name.is_empty());
        all
    }
}

/// The path without its ending, when that is one of Python.
fn stem(path: &RepoPath) -> Option<&[u8]> {
    path.as_bytes().strip_suffix(b".py").or_else(|| path.as_bytes().strip_suffix(b".pyi"))
}

#[cfg(test)]
mod tests;
