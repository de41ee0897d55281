//! The modules that an interpreter finds in its folders, found as it would find them and not imported.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::interpreter::Answer;
use crate::program::Module;
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// What has its submodules from elsewhere than from its folder.
const MAKES_MODULES: &str = "sys.modules";

/// The modules of an interpreter.
pub(super) struct Installed<'a> {
    answer: &'a Answer,
    read: RefCell<HashMap<PathBuf, Option<Rc<Module>>>>,
}

/// What became of looking for a dotted name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there, or nobody can say that it is not.
    There,
    /// Its first part is no module here.
    NotInstalled,
    /// Its first parts, up to this name, are there, and the next is not.
    Lacks {
        /// The module.
        module: String,
        /// The name that it does not have.
        name: String,
    },
}

/// Where a module is.
enum Place {
    /// A package with a file of its own.
    Package(PathBuf),
    /// A file of Python.
    Module(PathBuf),
    /// Compiled, or made by the interpreter.
    Opaque,
    /// Folders without a file of their own.
    Namespace(Vec<PathBuf>),
}

impl<'a> Installed<'a> {
    pub(super) fn new(answer: &'a Answer) -> Self {
        Self { answer, read: RefCell::default() }
    }

    /// Looks for the module `module` and, where there is a `name`, for that in it.
    pub(super) fn look_up(&self, module: &str, name: Option<&str>) -> Found {
        let parts: Vec<&str> = module.split('.').collect();
        let mut folders = self.answer.folders.clone();
        for (at, part) in parts.iter().enumerate() {
            let rest = parts.get(at + 1).copied().or(name.filter(|_| at + 1 == parts.len()));
            match self.place(&folders, part) {
                None if at == 0 && self.answer.built_in.iter().any(|known| known == part) => return Found::There,
                None if at == 0 => return Found::NotInstalled,
                None => return Found::Lacks { module: parts[..at].join("."), name: (*part).to_owned() },
                Some(Place::Opaque) => return Found::There,
                Some(Place::Namespace(inner)) => folders = inner,
                Some(Place::Module(file)) => {
                    let Some(wanted) = rest else { return Found::There };
                    return match self.brings(&file, &parts[..=at].join("."), wanted) {
                        true => Found::There,
                        false => Found::Lacks { module: parts[..=at].join("."), name: wanted.to_owned() },
                    };
                }
                Some(Place::Package(folder)) => {
                    let Some(wanted) = rest else { return Found::There };
                    folders = vec![folder.clone()];
                    if self.place(&folders, wanted).is_none() {
                        let package = parts[..=at].join(".");
                        return match self.brings(&folder.join("__init__.py"), &package, wanted) {
                            true => Found::There,
                            false => Found::Lacks { module: package, name: wanted.to_owned() },
                        };
                    }
                }
            }
        }
        // A namespace has only what lies in its folders.
        match name.filter(|name| self.place(&folders, name).is_none()) {
            Some(name) if folders != self.answer.folders => Found::Lacks { module: module.to_owned(), name: name.to_owned() },
            _ => Found::There,
        }
    }

    fn place(&self, folders: &[PathBuf], part: &str) -> Option<Place> {
        let mut spaces = Vec::new();
        for folder in folders {
            let inside = folder.join(part);
            if inside.join("__init__.py").is_file() {
                return Some(Place::Package(inside));
            }
            let ending = |ending: &str| folder.join(format!("{part}{ending}"));
            let compiled =
                self.answer.extensions.iter().any(|end| ending(end).is_file() || inside.join(format!("__init__{end}")).is_file());
            if compiled || ending(".pyc").is_file() {
                return Some(Place::Opaque);
            }
            let file = ending(".py");
            if file.is_file() {
                return Some(Place::Module(file));
            }
            spaces.extend(inside.is_dir().then_some(inside));
        }
        (!spaces.is_empty()).then_some(Place::Namespace(spaces))
    }

    /// True unless the file surely lacks the name.
    fn brings(&self, file: &Path, module: &str, name: &str) -> bool {
        let Some(facts) = self.facts(file, module) else { return true };
        super::tree::may_have(&facts, name) || !facts.stars.is_empty()
    }

    /// What the file says of its module; `None` where that cannot be read, or it makes modules by itself.
    fn facts(&self, file: &Path, module: &str) -> Option<Rc<Module>> {
        if let Some(known) = self.read.borrow().get(file) {
            return known.clone();
        }
        let read = || {
            let bytes = std::fs::read(file).ok()?;
            let source = Source::new(&bytes).ok().filter(|source| !source.text().contains(MAKES_MODULES))?;
            let name = if file.ends_with("__init__.py") { format!("{module}.__init__") } else { module.to_owned() };
            Module::read(&Parsed::new(&source, Some(&name))).ok().map(Rc::new)
        };
        let facts = read();
        self.read.borrow_mut().insert(file.to_owned(), facts.clone());
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_where_the_interpreter_would_look() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("pack/__init__.py", "from .inner import *\n"),
            ("pack/inner.py", "x = 1\n"),
            ("strict/__init__.py", "from . import a\ny = 1\n"),
            ("strict/a.py", "class A: pass\n"),
            ("plain.py", "z = 1\nmoves = make()\n"),
            ("lazy.py", "def __getattr__(name): pass\n"),
            ("maker/__init__.py", "import sys\nsys.modules['maker.extern'] = 1\n"),
            ("space/part/__init__.py", ""),
            ("fast.so", ""),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let answer = Answer {
            executable: "python3".into(),
            minor: 11,
            folders: vec![folder.path().to_owned()],
            built_in: vec!["sys".into()],
            extensions: vec![".so".into()],
        };
        let installed = Installed::new(&answer);
        let lacks = |module: &str, name: &str| Found::Lacks { module: module.into(), name: name.into() };
        for (module, name, expected) in [
            ("sys", Some("path"), Found::There),
            ("nowhere", None, Found::NotInstalled),
            ("nowhere.at.all", Some("x"), Found::NotInstalled),
            ("pack", Some("x"), Found::There),
            ("pack.inner", Some("x"), Found::There),
            ("pack.inner", Some("q"), lacks("pack.inner", "q")),
            ("strict", Some("a"), Found::There),
            ("strict", Some("y"), Found::There),
            ("strict", Some("q"), lacks("strict", "q")),
            ("strict.q", None, lacks("strict", "q")),
            ("strict.a", Some("A"), Found::There),
            ("strict.a.b", None, lacks("strict.a", "b")),
            ("plain", Some("z"), Found::There),
            ("plain.moves", Some("urllib"), Found::There),
            ("plain", Some("q"), lacks("plain", "q")),
            ("lazy", Some("q"), Found::There),
            ("maker.extern.more", None, Found::There),
            ("space.part", None, Found::There),
            ("space", Some("part"), Found::There),
            ("space.other", None, lacks("space", "other")),
            ("space", Some("other"), lacks("space", "other")),
            ("fast", Some("q"), Found::There),
        ] {
            assert_eq!(installed.look_up(module, name), expected, "{module} {name:?}");
        }
    }
}
