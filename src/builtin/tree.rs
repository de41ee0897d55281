//! The modules of the tree: what git tracks, and what else lies beside it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::path::RepoPath;
use crate::program::{Module, Program};

/// What a module's submodules may come from when they are in no file.
const MAKES_MODULES: &[u8] = b"sys.modules";
/// How many star imports are followed from one module to the next.
const LONGEST: usize = 8;
/// How the names of compiled modules end, before what says for which Python.
const COMPILED: [&str; 2] = ["so", "pyd"];

/// The modules of the tree.
pub(super) struct Tree<'t> {
    top: &'t Path,
    program: Program<'t>,
    /// The folders that hold Python at any depth.
    folders: BTreeSet<PathBuf>,
    /// The first names of modules, from whatever folder they are imported.
    firsts: BTreeSet<Vec<u8>>,
}

/// What the tree says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// It is there, or nobody can say that it is not.
    There,
    /// A module of the tree surely lacks it.
    Lacks {
        /// The module.
        module: String,
        /// The name that it does not have.
        name: String,
    },
    /// The tree has something of its first name, but not where names begin: it may be found by who adds to the path.
    Perhaps,
    /// The tree has nothing of that name.
    Unknown,
}

impl<'t> Tree<'t> {
    pub(super) fn new(top: &'t Path, paths: impl Iterator<Item = RepoPath>) -> Self {
        let paths: BTreeSet<RepoPath> = paths.collect();
        let folders: BTreeSet<PathBuf> =
            paths.iter().flat_map(|path| path.as_path().ancestors().skip(1).map(Path::to_owned)).collect();
        let stems = paths.iter().filter_map(|path| path.as_path().file_stem());
        let of_folders = folders.iter().filter_map(|folder| folder.file_name());
        let firsts = stems.chain(of_folders).map(|name| name.as_encoded_bytes().to_vec()).collect();
        let program = Program::new(paths, move |path: &RepoPath| std::fs::read(path.below(top)).ok());
        Self { top, program, folders, firsts }
    }

    /// What the tree says of the module `module` and, where there is one, of the `name` in it, imported by a file in `folder`.
    pub(super) fn look_up(&self, module: &str, name: Option<&str>, folder: &Path) -> Known {
        let parts: Vec<&str> = module.split('.').collect();
        for length in (1..=parts.len()).rev() {
            let Some((path, facts)) = self.program.file(&parts[..length].join(".")) else { continue };
            let rest: Vec<&str> = parts[length..].iter().copied().chain(name).collect();
            return self.inside(&path, &facts, &rest, length < parts.len());
        }
        let whole: Vec<&str> = parts.iter().copied().chain(name).collect();
        // A script finds what lies beside it.
        if self.walk(folder, &parts).is_none() {
            return Known::There;
        }
        let begins = |folder: &&PathBuf| folder.file_name().is_some_and(|last| last == parts[0]);
        let mut lacking = None;
        for folder in self.folders.iter().filter(begins) {
            match self.walk(folder, &whole[1..]) {
                None => return Known::There,
                Some(at) if folder.parent().is_some_and(|above| above == Path::new("") || above == Path::new("src")) => {
                    lacking = Some(Known::Lacks { module: whole[..=at].join("."), name: whole[at + 1].to_owned() });
                }
                Some(_) => {}
            }
        }
        match lacking {
            Some(lacking) => lacking,
            None if self.firsts.contains(parts[0].as_bytes()) => Known::Perhaps,
            None => Known::Unknown,
        }
    }

    /// What a module of the tree says of the `rest` of a name; `deeper` says that a part of it has to be a module.
    fn inside(&self, path: &RepoPath, facts: &Module, rest: &[&str], deeper: bool) -> Known {
        let Some(first) = rest.first() else { return Known::There };
        let lacks = |at: usize| {
            let module = [facts.name.as_str()].iter().chain(&rest[..at]).copied().collect::<Vec<_>>().join(".");
            Known::Lacks { module, name: rest[at].to_owned() }
        };
        if facts.is_package {
            let folder = path.as_path().parent().unwrap_or(Path::new(""));
            return match self.walk(folder, rest) {
                None => Known::There,
                Some(0) if self.brings(facts, first, LONGEST) => Known::There,
                Some(at) => lacks(at),
            };
        }
        let makes_modules =
            || std::fs::read(path.below(self.top)).is_ok_and(|text| memchr::memmem::find(&text, MAKES_MODULES).is_some());
        let there = if deeper { makes_modules() } else { self.brings(facts, first, LONGEST) };
        if there { Known::There } else { lacks(0) }
    }

    /// Goes down from a folder as an import does; gives the place of the first part that is not there.
    fn walk(&self, folder: &Path, parts: &[&str]) -> Option<usize> {
        let mut folder = self.top.join(folder);
        for (at, part) in parts.iter().enumerate() {
            let inside = folder.join(part);
            let is_file = inside.with_extension("py").is_file() || is_compiled(&folder, part);
            if !is_file && !inside.is_dir() {
                // What its own file binds is not looked at: git does not track it, or the walk began above it.
                let has_own = at > 0 && folder.join("__init__.py").is_file();
                return (!has_own).then_some(at);
            }
            if is_file && !inside.is_dir() {
                return None;
            }
            folder = inside;
        }
        None
    }

    /// True unless a module surely lacks a name.
    fn brings(&self, module: &Module, name: &str, steps: usize) -> bool {
        let by_star = |star: &String| match self.program.file(star).filter(|_| steps > 0) {
            Some((_, other)) => self.brings(&other, name, steps - 1),
            None => true,
        };
        may_have(module, name) || module.stars.iter().any(by_star)
    }

    /// True when a file of the tree is this module.
    pub(super) fn has_file(&self, module: &str) -> bool {
        self.program.file(module).is_some()
    }

    /// The dotted name of the module in a file of the tree, which relative imports begin with.
    pub(super) fn name(&self, path: &RepoPath, text: &str) -> Option<String> {
        crate::unit::file_kind::module_of(self.top, path, text)
    }
}

/// True unless the text of a module alone says that it lacks the name; its star imports are not followed.
pub(super) fn may_have(module: &Module, name: &str) -> bool {
    module.open
        || name.starts_with("__")
        || module.definitions.contains_key(name)
        || module.definitions.contains_key("__path__")
        || module.exports.as_ref().is_some_and(|exports| exports.contains(name))
}

fn is_compiled(folder: &Path, part: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let name = entry.file_name();
        let Some((stem, rest)) = name.to_str().and_then(|name| name.split_once('.')) else { return false };
        stem == part && rest.rsplit('.').next().is_some_and(|ending| COMPILED.contains(&ending))
    })
}
