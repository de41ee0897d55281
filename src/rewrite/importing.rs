//! The imports that replaced code needs are made, and those that it no longer needs go.
//!
//! The policy, where Python leaves a choice:
//! - What is imported already is used under the name it has there, through its module too (`import m` gives `m.g`), when that
//!   import runs before the place.
//! - Else the import stands where the old one stood: in the same block, in an import of that module already there, or in the old
//!   one's place; where one of several may have run, beside each. Code that needed no old import gets it among the imports at the
//!   top of the module.
//! - A name that is taken there, or that a class would change for its privacy, is imported under an alias made of the module's last
//!   part and the name; when that is taken too, the place is left. So is one in the module itself that has what is wanted.
//! - An old import goes when nothing uses it any more. It stays, and that is said, when uses are left, when `__all__`, a string or
//!   a type comment names it, when another file takes it from here (where that is not known, in a package's `__init__.py`), in a class, as `import f as f`, when something else binds the name
//!   too, when it loads a module that is read through another name, and in a branch of a `try` or an `if`, unless all uses stand
//!   beside it. What only a type checker reads, below `if TYPE_CHECKING:`, is no such branch.
//! - An old import that nothing used before stays too: another file may take it from here.

mod barred;
mod lasting;
mod old;
mod top;
mod write;

use std::collections::{BTreeSet, HashMap, HashSet};

use tree_sitter::Node;

use crate::dotted::covers;
use crate::pattern::after::Wanted;
use crate::python::imports::{self, Import, Item};
use crate::python::names::{Meaning, Names, Use};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::ParseError;
use crate::taken::IsTaken;

/// Why a place cannot have what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Barred {
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// How many assignments are followed from a name to an import.
const MOST_ALIASES: usize = 32;

/// Where an import that is made stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Anchor {
    /// Where the import with this number stands.
    Beside(usize),
    /// Among the module's first imports.
    Top,
}

/// An import to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    anchor: Anchor,
    wanted: Wanted,
    /// How it is called there: dotted for a plain import without alias.
    local: String,
}

/// A place that needs a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed<'n> {
    /// Its scope.
    pub(crate) scope: usize,
    /// Where it stands.
    pub(crate) at: usize,
    /// The imports that may have given it what it no longer needs, all in one scope.
    pub(crate) old: &'n [usize],
}

/// The imports of a file in the making.
pub(crate) struct Importing<'a> {
    source: &'a Source<'a>,
    names: &'a Names<'a>,
    root: Node<'a>,
    taken: Box<IsTaken<'a>>,
    /// The qualified names that go.
    deprecated: &'a [String],
    /// Names that the new code reads as they are.
    reads: &'a BTreeSet<String>,
    /// Uses that will be gone.
    gone: HashSet<usize>,
    /// Items of imports that gave what the pattern names, by statement and number.
    served: HashSet<(usize, usize)>,
    /// Items of imports that new code needs, by statement and number.
    kept: HashSet<(usize, usize)>,
    planned: Vec<Planned>,
    /// Which names are free, by scope, name and meaning, as far as that was asked.
    free: HashMap<(usize, String, String), bool>,
    /// What is imported at the top must stand before this place.
    before: usize,
}

impl<'a> Importing<'a> {
    /// Nothing is planned yet. `gone` are the uses that the pattern names; they will be no more.
    ///
    /// # Errors
    /// [`ParseError`] when the file has no tree in time.
    pub(crate) fn new(
        file: &'a Parsed<'_>,
        deprecated: &'a [String],
        reads: &'a BTreeSet<String>,
        gone: HashSet<usize>,
    ) -> Result<Self, ParseError> {
        let (names, root) = (file.names()?, file.tree()?.root_node());
        let source = file.source();
        let served = gone.iter().flat_map(|number| givers(names, &names.uses[*number])).collect();
        Ok(Self {
            source,
            names,
            root,
            taken: Box::new(|name| file.taken(name)),
            deprecated,
            reads,
            gone,
            served,
            kept: HashSet::new(),
            planned: Vec::new(),
            free: HashMap::new(),
            before: usize::MAX,
        })
    }

    /// The imports that give a use the thing called `qualified`: the nearest of those that have run before it, else all that may have.
    pub(crate) fn origins(&self, read: &'a Use<'a>, qualified: &str) -> Vec<usize> {
        let mut last = read;
        for _ in 0..MOST_ALIASES {
            let Some(next) = self.names.target(last) else { break };
            last = next;
        }
        let Some(owner) = self.names.resolve(last.scope, last.name) else { return Vec::new() };
        let bindings = self.names.scopes[owner].bindings.get(last.name).into_iter().flatten();
        let gives = |name: fn(&Import, &Item) -> String| {
            let giving = bindings.clone().filter_map(move |binding| {
                let (import, item) = self.names.item(binding)?;
                covers(&name(import, item), qualified).then_some(binding.import?.0)
            });
            giving.collect::<Vec<usize>>()
        };
        let mut candidates = gives(Import::imported);
        if candidates.is_empty() {
            candidates = gives(Import::bound);
        }
        let at = read.range.start;
        let sure = candidates.iter().copied().filter(|number| self.runs_before(&self.names.imports[*number], read.scope, at));
        let nearest = sure.min_by_key(|number| {
            let import = &self.names.imports[*number];
            let before = import.range.start < at;
            (!before, if before { at - import.range.start } else { import.range.start })
        });
        nearest.map_or(candidates, |nearest| vec![nearest])
    }

    /// How the new code at a place calls what it wants; the import is planned where there is none.
    ///
    /// # Errors
    /// [`Barred`] when it cannot be had there.
    pub(crate) fn local(&mut self, wanted: &Wanted, needed: Needed) -> Result<String, Barred> {
        if let Some((item, local)) = self.in_reach(wanted, needed) {
            self.kept.insert(item);
            return Ok(local);
        }
        let mut anchors: Vec<Anchor> = needed.old.iter().copied().map(Anchor::Beside).collect();
        if anchors.is_empty() {
            anchors.push(Anchor::Top);
            if !self.names.is_deferred(needed.scope, 0) {
                self.before = self.before.min(needed.at);
            }
        }
        let scope = self.scope_of(anchors[0]);
        if let Some(barred) = self.barred(wanted, scope) {
            return Err(barred);
        }
        for local in candidates(wanted) {
            if self.names.mangles(needed.scope, &local) {
                continue;
            }
            let first = local.split('.').next().unwrap_or(&local);
            let meaning = if local == wanted.name && wanted.module.is_none() { first.to_owned() } else { wanted.qualified() };
            let apart = self
                .planned
                .iter()
                .all(|other| self.scope_of(other.anchor) != scope || other.local != local || other.wanted == *wanted);
            let late = local == wanted.local() && self.is_late(wanted, &anchors, needed);
            if apart && !late && self.names.finds(needed.scope, first, scope) && self.free(scope, first, &meaning) {
                for anchor in anchors {
                    let planned = Planned { anchor, wanted: wanted.clone(), local: local.clone() };
                    if !self.planned.contains(&planned) {
                        self.planned.push(planned);
                    }
                }
                return Ok(local);
            }
        }
        let message = format!("{} already means something else here", wanted.local());
        Err(Barred { message, help: "give the import in `after` an alias, or rename the other" })
    }

    fn scope_of(&self, anchor: Anchor) -> usize {
        match anchor {
            Anchor::Beside(number) => self.names.imports[number].scope,
            Anchor::Top => 0,
        }
    }

    /// The import that gives what is wanted, by statement and item, and what it is called through it.
    fn in_reach(&self, wanted: &Wanted, needed: Needed) -> Option<((usize, usize), String)> {
        let qualified = wanted.qualified();
        let mut through = None;
        // What gave the old thing comes first.
        let mut numbered: Vec<(usize, &Import)> = self.names.imports.iter().enumerate().collect();
        numbered.sort_by_key(|(number, _)| !needed.old.contains(number));
        for (number, import) in numbered {
            for (place, item) in import.items.iter().enumerate() {
                let (imported, first) = (import.imported(item), item.local());
                let plain = import.from.is_none() && item.alias.is_none();
                let local = if plain && covers(&qualified, &imported) {
                    Some((qualified.clone(), wanted.module.is_none()))
                } else if !plain && imported == qualified {
                    Some((first.to_owned(), true))
                } else {
                    wanted.module.as_ref().and_then(|module| match plain {
                        true if covers(module, &imported) => Some((qualified.clone(), false)),
                        false if imported == *module => Some((format!("{first}.{}", wanted.name), false)),
                        _ => None,
                    })
                };
                let Some((local, direct)) = local.filter(|(local, _)| !self.names.mangles(needed.scope, local)) else { continue };
                let means = self.names.meaning(needed.scope, first) == Meaning::Imported(import.bound(item));
                if !means
                    || self.names.resolve(needed.scope, first) != Some(import.scope)
                    || !self.runs_before(import, needed.scope, needed.at)
                    || !self.lasts(import, item, needed)
                {
                    continue;
                }
                if direct {
                    return Some(((number, place), local));
                }
                through.get_or_insert(((number, place), local));
            }
        }
        through
    }

    /// True when the import has run whenever the place at `at` in `scope` is reached.
    fn runs_before(&self, import: &Import, scope: usize, at: usize) -> bool {
        let Some(block) = self.statement(import).and_then(|statement| statement.parent()) else { return false };
        let inside = block.kind() == "module" || block.byte_range().contains(&at);
        let deferred = self.names.is_deferred(scope, import.scope);
        inside && (import.range.end <= at || (deferred && block.kind() == "module"))
    }

    /// The statement that an import is.
    fn statement(&self, import: &Import) -> Option<Node<'a>> {
        let mut node = self.root.descendant_for_byte_range(import.range.start, import.range.end)?;
        while !node.kind().ends_with("import_statement") && !node.kind().ends_with("import_from_statement") {
            node = node.parent()?;
        }
        Some(node)
    }

    /// True when `name`, bound in `scope` as something that is `meaning`, changes what no other name means.
    fn free(&mut self, scope: usize, name: &str, meaning: &str) -> bool {
        let key = (scope, name.to_owned(), meaning.to_owned());
        if let Some(known) = self.free.get(&key) {
            return *known;
        }
        let names = self.names;
        let bindings = names.scopes[scope].bindings.get(name);
        let stays = bindings.into_iter().flatten().any(|binding| match binding.import {
            Some((statement, item)) => !self.is_concerned(statement, item) || self.stays(statement, item).is_some(),
            None => true,
        });
        let other = stays && (names.bound(scope, name) != Meaning::Imported(meaning.to_owned()) || self.may_change(scope, name));
        let mut uses = names.uses.iter().enumerate().filter(|(number, read)| read.name == name && !self.gone.contains(number));
        let captured = bindings.is_none() && uses.any(|(_, read)| self.names.finds(read.scope, name, scope));
        let free = !names.declares(name) && !other && !captured;
        self.free.insert(key, free);
        free
    }

    /// A module as a statement beside `import` writes it: relative stays relative where it can.
    fn written(&self, import: Option<&Import>, module: &str) -> String {
        let level = import.and_then(|import| import.from.as_ref()).map_or(0, |from| from.level);
        imports::written(self.names.module.as_deref(), level, module)
    }
}

/// The names under which something can be imported, the best first.
fn candidates(wanted: &Wanted) -> Vec<String> {
    let alias = match &wanted.module {
        Some(module) => format!("{}_{}", module.rsplit('.').next().unwrap_or(module), wanted.name),
        None if wanted.name.contains('.') => wanted.name.replace('.', "_"),
        None => format!("{}_module", wanted.name),
    };
    vec![wanted.local().to_owned(), alias]
}

/// The items of imports, by statement and number, that give what a use reads.
fn givers(names: &Names, read: &Use) -> Vec<(usize, usize)> {
    let Some(owner) = names.resolve(read.scope, read.name) else { return Vec::new() };
    let bindings = names.scopes[owner].bindings.get(read.name).into_iter().flatten();
    let gives = |at: &(usize, usize)| {
        let import = &names.imports[at.0];
        let item = &import.items[at.1];
        import.from.is_some() || item.alias.is_some() || covers(&item.name, &read.qualified(item.local()))
    };
    bindings.filter_map(|binding| binding.import).filter(gives).collect()
}
