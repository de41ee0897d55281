//! The edits that make and remove imports.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::edit::Edit;
use crate::python::imports::Import;
use crate::python::source::Source;
use crate::rewrite::importing::{Anchor, Importing, Planned};
use crate::rewrite::statement::{self, join};
use crate::rewrite::{Remark, directive};

/// What all imports of a file become.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// Changes in the text.
    pub(crate) edits: Vec<Edit>,
    /// Whole statements that go; the block around them must not become empty.
    pub(crate) removed: Vec<Range<usize>>,
    /// What stays, and why.
    pub(crate) remarks: Vec<Remark>,
}

impl Imports {
    /// Says of comments that they are no more.
    fn lose(&mut self, source: &Source, lost: Vec<(usize, String)>) {
        self.remarks.extend(lost.into_iter().map(|(at, comment)| directive::lost(source, at, &comment)));
    }
}

/// What becomes of one statement.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Items that go.
    gone: Vec<usize>,
    /// Names that join its list.
    names: Vec<String>,
    /// Imports beside it, by module, in the order of the rule; `None` for plain ones.
    beside: Vec<(Option<String>, Vec<String>)>,
}

impl Change {
    /// Adds a name to the statement's list.
    pub(super) fn join(&mut self, name: String) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Adds an import of a name from a module beside the statement.
    pub(super) fn add(&mut self, module: Option<String>, name: String) {
        match self.beside.iter_mut().find(|(of, _)| *of == module) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => self.beside.push((module, vec![name])),
        }
    }
}

/// What becomes of statements, by their numbers.
pub(super) type Changes = BTreeMap<usize, Change>;

impl Planned {
    /// The item as it is written.
    pub(super) fn item(&self) -> String {
        let name = &self.wanted.name;
        if self.local == *name { name.clone() } else { format!("{name} as {}", self.local) }
    }
}

impl Importing<'_> {
    /// All changes. `gone` are the uses that are no more.
    pub(crate) fn finish(mut self, gone: HashSet<usize>) -> Imports {
        self.gone = gone;
        let (removed, remarks) = self.judge();
        let mut changes = Changes::new();
        for (statement, item) in removed {
            changes.entry(statement).or_default().gone.push(item);
        }
        let mut imports = Imports { remarks, ..Imports::default() };
        let mut tops = Vec::new();
        for planned in &self.planned {
            match planned.anchor {
                Anchor::Beside(old) if self.comes_before(old, planned) => {}
                Anchor::Beside(old) => self.place(old, planned, &mut changes),
                Anchor::Top => tops.push(planned),
            }
        }
        imports.edits.extend(self.add_to_top(&tops, &mut changes));
        for (number, change) in changes {
            self.write(number, change, &mut imports);
        }
        imports
    }

    /// True when the same import is planned beside an earlier one, from which it can be had here.
    fn comes_before(&self, old: usize, planned: &Planned) -> bool {
        let same = self.planned.iter().filter(|other| (&other.wanted, &other.local) == (&planned.wanted, &planned.local));
        let import = &self.names.imports[old];
        same.into_iter().any(|other| match other.anchor {
            Anchor::Beside(other) => {
                let other = &self.names.imports[other];
                other.range.start < import.range.start && self.names.serves(other, import)
            }
            Anchor::Top => false,
        })
    }

    /// Puts an import where an old one stands: into an import of that module, or beside the old one.
    fn place(&self, old: usize, planned: &Planned, changes: &mut Changes) {
        let module = planned.wanted.module.clone();
        let joined =
            module.as_ref().and_then(|module| self.joins(module, |other| self.names.serves(other, &self.names.imports[old])));
        match joined {
            Some(target) => changes.entry(target).or_default().join(planned.item()),
            None => changes.entry(old).or_default().add(module, planned.item()),
        }
    }

    /// The first from-import of a module that a name can join.
    pub(super) fn joins(&self, module: &str, serves: impl Fn(&Import) -> bool) -> Option<usize> {
        let of = |import: &Import| import.from.as_ref().is_some_and(|from| from.module == module) && !import.items.is_empty();
        let fits = self.names.imports.iter().enumerate().filter(|(_, import)| of(import) && serves(import));
        fits.min_by_key(|(_, import)| import.range.start).map(|(number, _)| number)
    }

    fn write(&self, number: usize, change: Change, imports: &mut Imports) {
        let import = &self.names.imports[number];
        let Change { mut gone, names, mut beside } = change;
        let all = !gone.is_empty() && gone.len() == import.items.len();
        if !gone.is_empty() && !names.is_empty() {
            let first = gone.remove(0);
            imports.edits.push(Edit::new(import.items[first].range.clone(), names.join(", ")));
        } else if !names.is_empty() {
            imports.edits.extend(join::add_items(self.source, &self.names.imports, number, &names));
        } else if all {
            let moved = beside.iter().position(|(module, _)| module.is_some());
            match (&import.from, moved) {
                (Some(from), Some(moved)) => {
                    let (module, names) = beside.remove(moved);
                    let first = gone.remove(0);
                    imports.edits.push(Edit::new(from.range.clone(), self.written(Some(import), &module.unwrap_or_default())));
                    imports.edits.push(Edit::new(import.items[first].range.clone(), names.join(", ")));
                }
                _ => return self.replace(import, beside, imports),
            }
        }
        let statement::Removal { edits, mut lost } = statement::remove_items(self.source, import, &gone);
        imports.edits.extend(edits);
        let texts = beside.iter().map(|(module, names)| self.text(import, module.as_deref(), names));
        let mut statements: Vec<String> = texts.collect();
        if let Some(first) = statements.first_mut() {
            if statement::is_alone(self.source, &import.range) {
                first.push_str(&directive::joined(lost.drain(..).map(|(_, comment)| comment).collect()));
            }
            imports.edits.push(statement::add_after(self.source, &import.range, &statements));
        }
        imports.lose(self.source, lost);
    }

    /// Puts imports in the place of a statement, or takes it out.
    fn replace(&self, import: &Import, beside: Vec<(Option<String>, Vec<String>)>, imports: &mut Imports) {
        if beside.is_empty() {
            imports.removed.push(import.range.clone());
            return;
        }
        let statements: Vec<String> = beside.iter().map(|(module, names)| self.text(import, module.as_deref(), names)).collect();
        let comments = statement::comments(self.source, &import.range);
        let removal = statement::replace(self.source, &import.range, &comments, &statements);
        imports.edits.extend(removal.edits);
        imports.lose(self.source, removal.lost);
    }

    fn text(&self, import: &Import, module: Option<&str>, names: &[String]) -> String {
        let list = names.join(", ");
        match module {
            Some(module) => format!("from {} import {list}", self.written(Some(import), module)),
            None => format!("import {list}"),
        }
    }
}
