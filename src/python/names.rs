//! What the names of a file mean: scopes, what binds names in them, and which binding each use resolves to.
//!
//! As Python's compiler sees it, not as it runs: a name belongs to the scope that binds it anywhere. A use that several bindings
//! of one scope may reach has several meanings; a use that none reaches may still come from a star import. Neither is guessed.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::dotted::last;
use crate::python::imports::{Import, Item};

/// How many assignments are followed from a name to what it stands for.
const MAX_ALIASES: usize = 32;

/// The scopes, imports and uses of a file.
#[derive(Debug, Default)]
pub struct Names<'a> {
    /// The module's scope is the first; a scope stands after the one around it.
    pub scopes: Vec<Scope<'a>>,
    /// The dotted name of the file's module, its last part `__init__` for a package's own file; `None` when it is not known.
    pub module: Option<String>,
    /// In no order.
    pub imports: Vec<Import>,
    /// In the order of the text.
    pub uses: Vec<Use<'a>>,
    /// For each block, whether each of its statements is an import.
    pub blocks: Vec<Vec<bool>>,
    /// The texts in the module's `__all__`.
    pub exports: HashSet<&'a str>,
    /// The words in strings of annotations and in type comments that are not among the uses, since their place or their
    /// meaning is not exact.
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
    /// Its name in a `def` or `class`.
    pub name: Option<&'a str>,
    /// The whole of what makes it, from `def`, `class`, `lambda` or the bracket on.
    pub range: Range<usize>,
    /// What binds each name, in the order of the text.
    pub bindings: HashMap<&'a str, Vec<Binding>>,
    /// Names declared `global`.
    pub globals: HashSet<&'a str>,
    /// Names declared `nonlocal`.
    pub nonlocals: HashSet<&'a str>,
    /// A star import binds names that nobody knows.
    pub star: bool,
    /// Names that may not be bound yet, or no more, where they are read, so that a builtin or a name of the module is found instead.
    pub open: HashSet<&'a str>,
}

/// One thing that binds a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where the name stands.
    pub range: Range<usize>,
    /// The statement and item of an import; `None` for anything else.
    pub import: Option<(usize, usize)>,
    /// The use that a plain assignment makes it another name for, by its number: `f` in `make = f`.
    pub alias: Option<usize>,
    /// A parameter of a function.
    pub parameter: bool,
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
    /// It stands in a string of an annotation, or in a type comment.
    pub quoted: bool,
    /// One name in the place of the whole would be bound there: it is assigned to, deleted, or a value that a `case` compares.
    pub target: bool,
}

impl Use<'_> {
    /// The dotted name of the attributes after a name that stands for `root`.
    #[must_use]
    pub fn qualified(&self, root: &str) -> String {
        self.attributes.iter().fold(root.to_owned(), |whole, (part, _)| whole + "." + part)
    }

    /// What its first name stands for, when the whole with all its attributes stands for `whole`.
    #[must_use]
    pub fn root<'w>(&self, whole: &'w str) -> &'w str {
        let attributes: usize = self.attributes.iter().map(|(attribute, _)| 1 + attribute.len()).sum();
        whole.len().checked_sub(attributes).and_then(|end| whole.get(..end)).unwrap_or(whole)
    }

    /// The place of the name with all its attributes; in `(m).f` it has the closing parenthesis and not the opening one.
    #[must_use]
    pub fn whole(&self) -> Range<usize> {
        self.range.start..self.attributes.last().map_or(self.range.end, |(_, range)| range.end)
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
            1 if all && !self.scopes[owner].open.contains(name) => Meaning::Imported(imported.swap_remove(0)),
            _ => Meaning::Several(imported),
        }
    }

    /// What a use stands for with all its attributes, imports and assigned names followed.
    ///
    /// A name is followed where one plain assignment is all that binds it, and no star import after it may bind it anew.
    #[must_use]
    pub fn means(&self, read: &Use<'a>) -> Meaning {
        let mut read = read;
        // Attributes of names followed so far, innermost last.
        let mut behind: Vec<&Use<'a>> = Vec::new();
        for _ in 0..MAX_ALIASES {
            behind.push(read);
            if let Some(next) = self.target(read) {
                read = next;
                continue;
            }
            let meaning = self.meaning(read.scope, read.name);
            let extend = |root: String| behind.iter().rev().fold(root, |whole, read| read.qualified(&whole));
            return match meaning {
                Meaning::Imported(root) => Meaning::Imported(extend(root)),
                Meaning::Several(roots) => Meaning::Several(roots.into_iter().map(extend).collect()),
                Meaning::Unbound { star: false } if behind.len() > 1 => Meaning::Local,
                meaning => meaning,
            };
        }
        Meaning::Local
    }

    /// The qualified name of the one imported thing that a use stands for, with all its attributes; see [`Names::means`].
    #[must_use]
    pub fn qualified(&self, read: &Use<'a>) -> Option<String> {
        match self.means(read) {
            Meaning::Imported(whole) => Some(whole),
            Meaning::Several(_) | Meaning::Local | Meaning::Unbound { .. } => None,
        }
    }

    /// The use that the name of `read` is another name for; `None` where it is not followed, see [`Names::means`].
    #[must_use]
    pub fn target(&self, read: &Use<'a>) -> Option<&Use<'a>> {
        let owner = self.resolve(read.scope, read.name)?;
        let [only] = self.scopes[owner].bindings.get(read.name)?.as_slice() else { return None };
        let target = &self.uses[only.alias?];
        if self.scopes[owner].open.contains(read.name) {
            return None;
        }
        let hidden = self.scopes[owner].star
            && self.imports.iter().any(|import| import.star && import.scope == owner && import.range.start > only.range.start);
        (!hidden).then_some(target)
    }

    /// True when code in the scope `inner` runs after that around it in `outer`: a function stands between.
    #[must_use]
    pub fn is_deferred(&self, inner: usize, outer: usize) -> bool {
        let around = std::iter::successors(Some(inner), |scope| self.scopes[*scope].parent);
        around.take_while(|scope| *scope != outer).any(|scope| self.scopes[scope].kind == ScopeKind::Function)
    }

    /// True for a scope that is a class or lies in one.
    #[must_use]
    pub fn is_in_class(&self, scope: usize) -> bool {
        let mut around = std::iter::successors(Some(scope), |scope| self.scopes[*scope].parent);
        around.any(|scope| self.scopes[scope].kind == ScopeKind::Class)
    }

    /// True for a package's own file, whose names others import from the package.
    #[must_use]
    pub fn is_package(&self) -> bool {
        self.module.as_ref().is_some_and(|module| last(module) == "__init__")
    }

    /// True for a program or an example, from which nobody imports.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.module.as_ref().is_some_and(|module| last(module) == "__main__")
    }

    /// True when this file is the module of that name.
    #[must_use]
    pub fn is_own(&self, module: &str) -> bool {
        self.module.as_ref().is_some_and(|own| own.strip_suffix(".__init__").unwrap_or(own) == module)
    }

    /// True when a name that the scope `owner` binds is what a place in the scope `from` finds.
    #[must_use]
    pub fn finds(&self, from: usize, name: &str, owner: usize) -> bool {
        let found = self.path(from, name).find(|at| *at == owner || self.scopes[*at].bindings.contains_key(name));
        found == Some(owner)
    }

    /// True when `global` or `nonlocal` names it somewhere.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.globals.contains(name) || scope.nonlocals.contains(name))
    }

    /// True when something takes the name away again in the scope.
    #[must_use]
    pub fn deletes(&self, scope: usize, name: &str) -> bool {
        self.scopes[scope].bindings.get(name).into_iter().flatten().any(|binding| binding.unbinds)
    }

    /// True when Python would read another name in the scope, since it stands in a class and a part of the name is private.
    #[must_use]
    pub fn mangles(&self, scope: usize, name: &str) -> bool {
        let private = |part: &str| part.starts_with("__") && !part.ends_with("__");
        name.split('.').any(private) && self.is_in_class(scope)
    }

    /// True when whatever the statement `of` gives can be had from `other`: it runs before, or nothing but imports runs between, and no
    /// star import there may change it.
    #[must_use]
    pub fn serves(&self, other: &Import, of: &Import) -> bool {
        let (there, here) = (other.place, of.place);
        let between = other.range.start.min(of.range.start)..other.range.start.max(of.range.start);
        let mut stars = self.imports.iter().filter(|star| star.star && star.scope == other.scope);
        other.scope == of.scope
            && !stars.any(|star| between.contains(&star.range.start))
            && there.block == here.block
            && (there.position <= here.position
                || self.blocks[here.block][here.position..there.position].iter().all(|import| *import))
    }

    /// The first star import in the scope `owner` that runs after the place `bound` and before the one at `at` in `scope`, and may
    /// bring something else under a name than what `module` has.
    #[must_use]
    pub fn star_between(&self, owner: usize, bound: usize, (scope, at): (usize, usize), module: Option<&str>) -> Option<&Import> {
        if !self.scopes[owner].star {
            return None;
        }
        let deferred = self.is_deferred(scope, owner);
        let other = |star: &Import| star.from.as_ref().map(|from| from.module.as_str()) != module;
        let stars = self.imports.iter().filter(|import| import.star && import.scope == owner && other(import));
        stars.filter(|star| bound < star.range.start && (deferred || star.range.start < at)).min_by_key(|star| star.range.start)
    }

    /// The star import that may have given the name of a use another meaning since the last import of it, and whether that is likely:
    /// for a module under its own name it is only when the star import is of a module of that name, as with `time`.
    #[must_use]
    pub fn star_over(&self, read: &Use<'a>) -> Option<(&Import, bool)> {
        let mut last = read;
        for _ in 0..MAX_ALIASES {
            let Some(next) = self.target(last) else { break };
            last = next;
        }
        let owner = self.resolve(last.scope, last.name)?;
        let at = last.range.start;
        let deferred = self.is_deferred(last.scope, owner);
        let bindings = self.scopes[owner].bindings.get(last.name)?.iter().filter_map(|binding| self.item(binding));
        let reached = bindings.filter(|(import, _)| deferred || import.range.start < at);
        let (import, item) = reached.max_by_key(|(import, _)| import.range.start)?;
        let module = import.from.as_ref().map(|from| from.module.as_str());
        let star = self.star_between(owner, import.range.start, (last.scope, at), module)?;
        Some((star, item.alias.is_some() || module.is_some() || star.is_of(last.name)))
    }

    /// The import behind a binding.
    #[must_use]
    pub fn item(&self, binding: &Binding) -> Option<(&Import, &Item)> {
        let (statement, item) = binding.import?;
        let import = &self.imports[statement];
        Some((import, &import.items[item]))
    }
}

#[cfg(test)]
mod tests;
