//! What the names of a file mean: scopes, what binds names in them, and which binding each use resolves to.
//!
//! As Python's compiler sees it, not as it runs: a name belongs to the scope that binds it anywhere. A use that several bindings
//! of one scope may reach has several meanings; a use that none reaches may still come from a star import. Neither is guessed.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tree_sitter::Tree;

use crate::python::imports::{Import, Item};
use crate::python::source::Source;
use crate::python::walk;

/// The scopes, imports and uses of a file.
#[derive(Debug, Default)]
pub struct Names<'a> {
    /// The module's scope is the first; a scope stands after the one around it.
    pub scopes: Vec<Scope<'a>>,
    /// In no order.
    pub imports: Vec<Import>,
    /// In the order of the text.
    pub uses: Vec<Use<'a>>,
    /// For each block, whether each of its statements is an import.
    pub blocks: Vec<Vec<bool>>,
    /// The texts in the module's `__all__`.
    pub exports: HashSet<&'a str>,
    /// The words in annotations that are strings, and in type comments.
    pub quoted: HashSet<&'a str>,
}

/// The kinds of scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// A function or lambda.
    Function,
    /// A class body; functions in it do not see its names.
    Class,
    /// A comprehension or generator expression.
    Comprehension,
    /// The type parameters of a function, class or type alias.
    TypeParameters,
}

/// A scope and what it binds.
#[derive(Debug)]
pub struct Scope<'a> {
    /// Its kind.
    pub kind: ScopeKind,
    /// The scope around it.
    pub parent: Option<usize>,
    /// What binds each name, in the order of the text.
    pub bindings: HashMap<&'a str, Vec<Binding>>,
    /// Names declared `global`.
    pub globals: HashSet<&'a str>,
    /// Names declared `nonlocal`.
    pub nonlocals: HashSet<&'a str>,
    /// A star import binds names that nobody knows.
    pub star: bool,
}

/// One thing that binds a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where the name stands.
    pub range: Range<usize>,
    /// The statement and item of an import; `None` for anything else.
    pub import: Option<(usize, usize)>,
    /// It takes the name away: `del`.
    pub unbinds: bool,
}

/// A name that is read, with the attributes read from it: `a.b.c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use<'a> {
    /// Where it is read.
    pub scope: usize,
    /// The first name.
    pub name: &'a str,
    /// Its place.
    pub range: Range<usize>,
    /// The attributes, with their places.
    pub attributes: Vec<(&'a str, Range<usize>)>,
    /// The whole is called.
    pub called: bool,
}

impl Use<'_> {
    /// The dotted name of the attributes after a name that stands for `root`.
    #[must_use]
    pub fn qualified(&self, root: &str) -> String {
        self.attributes.iter().fold(root.to_owned(), |whole, (part, _)| whole + "." + part)
    }
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// This imported thing, whichever binding is reached.
    Imported(String),
    /// One of these imported things, or something else.
    Several(Vec<String>),
    /// Something that the file makes itself.
    Local,
    /// Nothing here binds it: a builtin, or from a star import where there is one in reach.
    Unbound {
        /// A star import is in reach.
        star: bool,
    },
}

impl<'a> Names<'a> {
    /// The names of `source`, whose module is `module`.
    #[must_use]
    pub fn new(source: &'a Source, tree: &Tree, module: Option<&str>) -> Self {
        walk::names(source.text(), tree, module)
    }

    /// The scope whose binding a name read in `scope` resolves to.
    #[must_use]
    pub fn resolve(&self, scope: usize, name: &str) -> Option<usize> {
        self.path(scope, name).find(|at| self.scopes[*at].bindings.contains_key(name))
    }

    /// The scopes that Python searches for a name read in `scope`, innermost first, as far as the module's.
    pub fn path(&self, scope: usize, name: &str) -> impl Iterator<Item = usize> {
        let (mut next, mut sees_class, mut outer) = (Some(scope), true, false);
        std::iter::from_fn(move || {
            loop {
                let at = next?;
                let this = &self.scopes[at];
                if this.globals.contains(name) && at != 0 {
                    next = Some(0);
                    continue;
                }
                next = this.parent;
                let hidden = (this.kind == ScopeKind::Class && !sees_class) || (outer && at == 0);
                let declared_outside = this.nonlocals.contains(name);
                sees_class &= this.kind == ScopeKind::TypeParameters;
                outer |= declared_outside;
                if !hidden && !declared_outside {
                    return Some(at);
                }
            }
        })
    }

    /// What a name read in `scope` stands for.
    #[must_use]
    pub fn meaning(&self, scope: usize, name: &str) -> Meaning {
        match self.resolve(scope, name) {
            Some(owner) => self.bound(owner, name),
            None => Meaning::Unbound { star: self.path(scope, name).any(|at| self.scopes[at].star) },
        }
    }

    /// What the bindings of `name` in the scope `owner` make of it.
    #[must_use]
    pub fn bound(&self, owner: usize, name: &str) -> Meaning {
        let Some(bindings) = self.scopes[owner].bindings.get(name) else { return Meaning::Unbound { star: false } };
        let mut imported: Vec<String> =
            bindings.iter().filter_map(|binding| self.item(binding)).map(|(i, item)| i.bound(item)).collect();
        imported.sort();
        imported.dedup();
        let all = bindings.iter().all(|binding| binding.import.is_some() || binding.unbinds);
        match imported.len() {
            0 => Meaning::Local,
            1 if all => Meaning::Imported(imported.swap_remove(0)),
            _ => Meaning::Several(imported),
        }
    }

    /// The import behind a binding.
    #[must_use]
    pub fn item(&self, binding: &Binding) -> Option<(&Import, &Item)> {
        let (statement, item) = binding.import?;
        let import = &self.imports[statement];
        Some((import, &import.items[item]))
    }
}
