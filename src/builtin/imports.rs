//! `{ builtin: imports }`: whether what a file imports is there, in the tree or in the interpreter.
//!
//! Imports that may not run are left alone: those in a `try`, which is how a project says that something may be missing, below
//! `if TYPE_CHECKING`, and in any other branch.

use std::cell::RefCell;
use std::path::Path;

use crate::builtin::Finding;
use crate::builtin::installed::{Found, Installed};
use crate::builtin::tree::{Known, Tree};
use crate::interpreter::{self, Answer, Unanswered};
use crate::path::RepoPath;
use crate::program::standard::is_standard;
use crate::python::imports::Import;
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// What is always there.
const ALWAYS: [&str; 2] = ["__future__", "__main__"];

/// Finds out where imports lead.
pub(super) struct Resolver<'r> {
    top: &'r Path,
    tree: Tree<'r>,
    installed: Option<(&'r Answer, Installed<'r>)>,
    /// What the interpreter may find by other means than its folders, by its first name.
    unsure: RefCell<Vec<(Finding, String)>>,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(super) struct Imported {
    /// Imports that lead nowhere.
    pub(super) problems: Vec<Finding>,
    /// How many could not be decided without an interpreter.
    pub(super) undecided: usize,
}

/// Where an import leads.
enum Leads {
    /// To something, as far as can be said.
    There,
    /// A module lacks the name.
    Lacks { module: String, name: String },
    /// There is no such module.
    Nowhere,
    /// Nobody can say.
    Undecided,
}

impl<'r> Resolver<'r> {
    /// Resolves against the Python files `paths` of the tree at `top`, and what an interpreter said.
    pub(super) fn new(top: &'r Path, paths: impl Iterator<Item = RepoPath>, asked: &'r Result<Answer, Unanswered>) -> Self {
        let installed = asked.as_ref().ok().map(|answer| (answer, Installed::new(answer)));
        Self { top, tree: Tree::new(top, paths), installed, unsure: RefCell::default() }
    }

    /// The imports of a file that lead nowhere. Of a text that does not parse there is nothing to say but that.
    pub(super) fn problems(&self, source: &Source, path: &RepoPath) -> Imported {
        let module = self.tree.name(path, source.text());
        let parsed = Parsed::new(source, module.as_deref());
        let finding = |at: usize, message: String| Finding {
            path: path.clone(),
            line: source.line(at),
            column: source.column(at),
            message,
        };
        let mut found = Imported::default();
        if let Some(problem) = parsed.problems().first() {
            let message = format!("its imports cannot be read: {}", problem.message);
            found.problems.push(Finding { path: path.clone(), line: problem.line, column: problem.column, message });
            return found;
        }
        let names = match parsed.names() {
            Ok(names) => names,
            Err(error) => {
                found.problems.push(finding(0, format!("its imports cannot be read: {error}")));
                return found;
            }
        };
        let folder = path.as_path().parent().unwrap_or(Path::new(""));
        for (at, module, name) in names.imports.iter().filter(|import| import.conditional.is_none()).flat_map(asked) {
            let message = match self.leads(&module, name.as_ref().map(|(_, name)| name.as_str()), folder) {
                Leads::There => continue,
                Leads::Undecided => {
                    found.undecided += 1;
                    continue;
                }
                Leads::Nowhere => format!("no module `{module}`, in the tree or in {}", self.interpreter()),
                Leads::Lacks { module, name } => format!("`{module}` has no `{name}`"),
            };
            let is_name = |lacking: &str| message.ends_with(&format!("has no `{lacking}`"));
            let at = name.filter(|(_, name)| is_name(name)).map_or(at, |(at, _)| at);
            let finding = finding(at, message);
            if finding.message.starts_with("no module") {
                let first = module.split('.').next().unwrap_or(&module).to_owned();
                self.unsure.borrow_mut().push((finding.clone(), first));
            }
            if !found.problems.contains(&finding) {
                found.problems.push(finding);
            }
        }
        found.problems.sort_by_key(|problem| (problem.line, problem.column));
        found
    }

    /// Those of the problems that stand when the interpreter is asked for modules that it may find by other means than its folders.
    pub(super) fn confirmed(&self, problems: Vec<Finding>) -> Vec<Finding> {
        let unsure = self.unsure.borrow();
        let Some((answer, _)) = self.installed.as_ref().filter(|_| !unsure.is_empty()) else { return problems };
        let mut names: Vec<&str> = unsure.iter().map(|(_, first)| first.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let found = interpreter::finds(answer, self.top, &names);
        let stands = |problem: &Finding| !unsure.iter().any(|(finding, first)| finding == problem && found.contains(first));
        problems.into_iter().filter(stands).collect()
    }

    fn leads(&self, module: &str, name: Option<&str>, folder: &Path) -> Leads {
        if ALWAYS.contains(&module) {
            return Leads::There;
        }
        let tree = self.tree.look_up(module, name, folder);
        if tree == Known::There {
            return Leads::There;
        }
        let first = module.split('.').next().unwrap_or(module);
        let installed = match &self.installed {
            Some((_, installed)) => installed.look_up(module, name),
            None if is_standard(first) => Found::There,
            None => Found::NotInstalled,
        };
        match (tree, installed) {
            // Of one's own package an installed copy, which may be an older one, says nothing.
            (Known::Lacks { module, name }, Found::NotInstalled | Found::Lacks { .. }) => Leads::Lacks { module, name },
            (Known::Lacks { module, name }, Found::There) if self.tree.has_file(&module) => Leads::Lacks { module, name },
            (_, Found::There) | (Known::There | Known::Perhaps, Found::NotInstalled) => Leads::There,
            (Known::Unknown, Found::NotInstalled) if self.installed.is_none() => Leads::Undecided,
            (Known::Unknown, Found::NotInstalled) => Leads::Nowhere,
            (_, Found::Lacks { module, name }) => Leads::Lacks { module, name },
        }
    }

    fn interpreter(&self) -> String {
        let Some((answer, _)) = &self.installed else { return String::new() };
        answer.executable.strip_prefix(self.top).unwrap_or(&answer.executable).display().to_string()
    }
}

/// A module that an import names, with its place, and a name in it, with its place.
type Wanted = (usize, String, Option<(usize, String)>);

/// What an import statement asks for.
fn asked(import: &Import) -> Vec<Wanted> {
    let Some(from) = &import.from else {
        return import.items.iter().map(|item| (item.name_range.start, item.name.clone(), None)).collect();
    };
    // Of which package it is, the file does not say.
    if from.module.is_empty() || from.module.starts_with('.') {
        return Vec::new();
    }
    let of_module = (from.range.start, from.module.clone());
    if import.star {
        return vec![(of_module.0, of_module.1, None)];
    }
    let with = |item: &crate::python::imports::Item| {
        (of_module.0, of_module.1.clone(), Some((item.name_range.start, item.name.clone())))
    };
    import.items.iter().map(with).collect()
}
