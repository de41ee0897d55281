//! What a dotted name stands for, followed from module to module: through star imports and what modules import from each other.
//!
//! Nothing here does I/O, and nothing is guessed: a name that may come from where nobody sees is unknown.

use std::rc::Rc;

use crate::path::RepoPath;
use crate::program::functions::Function;
use crate::program::module::{Class, Definition, Module};
use crate::program::signature::Parameters;

/// How many imports are followed from one module to the next.
const LONGEST: usize = 8;

/// Gives the module of a dotted name, with its file; `None` where the tree has none that is seen.
pub type Files<'f> = dyn Fn(&str) -> Option<(RepoPath, Rc<Module>)> + 'f;

/// What a dotted name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A module.
    Module,
    /// A function.
    Function(Function),
    /// A class.
    Class(Class),
    /// What the tree has under that name has no such thing.
    Missing {
        /// What lacks it: a module, or a class in one.
        owner: String,
        /// The name that is not there.
        name: String,
    },
    /// Something else, or nothing that is known.
    Unknown,
}

impl Named {
    /// The function that a call of it runs, as it is called; of a class its `__init__`.
    #[must_use]
    pub fn callee(self) -> Option<Function> {
        match self {
            Self::Function(function) => Some(function),
            Self::Class(class) if !class.open && !class.members.contains_key("__new__") => match class.members.get("__init__") {
                None => Some(Function { takes: Some(Parameters::default()), gives_coroutine: None }),
                Some(Definition::Function(init)) => {
                    Some(Function { takes: init.takes.clone().map(Parameters::of_bound), gives_coroutine: None })
                }
                Some(_) => None,
            },
            Self::Module | Self::Class(_) | Self::Missing { .. } | Self::Unknown => None,
        }
    }
}

/// What `name` stands for: the longest part of it that is a module decides.
#[must_use]
pub fn find(files: &Files, name: &str) -> Named {
    let mut name = name.to_owned();
    for _ in 0..LONGEST {
        let parts: Vec<&str> = name.split('.').collect();
        let longest = (1..=parts.len()).rev().find_map(|length| Some((length, files(&parts[..length].join("."))?)));
        let Some((length, (_, module))) = longest else { return Named::Unknown };
        let rest = &parts[length..];
        if let Some(at) = missing(files, &module, rest) {
            return Named::Missing { owner: parts[..length + at].join("."), name: rest[at].to_owned() };
        }
        let Some((first, mut behind)) = rest.split_first() else { return Named::Module };
        let mut definition = module.definitions.get(*first);
        while let (Some(Definition::Class(class)), Some((next, further))) = (definition, behind.split_first()) {
            (definition, behind) = (class.members.get(*next), further);
        }
        match definition {
            Some(Definition::Imported(whole)) => {
                name = behind.iter().fold(whole.clone(), |whole, part| whole + "." + part);
            }
            Some(Definition::Function(function)) if behind.is_empty() => return Named::Function(function.clone()),
            Some(Definition::Class(class)) => return Named::Class(class.clone()),
            Some(Definition::Function(_) | Definition::Other) => return Named::Unknown,
            // A star import brings it, if anything does.
            None => match module.stars.iter().find(|star| surely_has(files, star, first)) {
                Some(star) => name = rest.iter().fold(star.clone(), |whole, part| whole + "." + part),
                None => return Named::Unknown,
            },
        }
    }
    Named::Unknown
}

fn surely_has(files: &Files, module: &str, name: &str) -> bool {
    files(module).is_some_and(|(_, module)| module.definitions.contains_key(name) && !name.starts_with('_'))
}

/// Which name on the way along `rest` a module surely lacks, by its place there.
#[must_use]
pub fn missing(files: &Files, module: &Module, rest: &[&str]) -> Option<usize> {
    lacks(files, module, rest, LONGEST)
}

fn lacks(files: &Files, module: &Module, rest: &[&str], steps: usize) -> Option<usize> {
    let (first, rest) = rest.split_first()?;
    match module.definitions.get(*first) {
        Some(Definition::Class(class)) => Some(1 + lacks_in(class, rest)?),
        Some(Definition::Imported(_) | Definition::Function(_) | Definition::Other) => None,
        // A package may have submodules that git does not track, and every module has such names.
        None if module.open || first.starts_with("__") || (module.is_package && !rest.is_empty()) => None,
        // How it comes about is not seen, and it is promised.
        None if module.exports.as_ref().is_some_and(|exports| exports.contains(*first)) => None,
        None => {
            let brings = |star: &String| match files(star).filter(|_| steps > 0) {
                Some((_, other)) => lacks(files, &other, &[first], steps - 1).is_none(),
                None => true,
            };
            (!module.stars.iter().any(brings)).then_some(0)
        }
    }
}

fn lacks_in(class: &Class, rest: &[&str]) -> Option<usize> {
    let (first, rest) = rest.split_first()?;
    match class.members.get(*first) {
        Some(Definition::Class(inner)) => Some(1 + lacks_in(inner, rest)?),
        Some(Definition::Imported(_) | Definition::Function(_) | Definition::Other) => None,
        None => (!class.open && !first.starts_with("__")).then_some(0),
    }
}
