//! What the names of a file mean to a pattern, looked up by the place where they stand.

use std::cell::RefCell;
use std::collections::HashMap;

use tree_sitter::Node;

use crate::dotted::covers;
use crate::pattern::view::extent;
use crate::python::names::{Meaning, Names, Use};

/// What a name that is read may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stands {
    /// This qualified name.
    For(String),
    /// One of several things, these imported ones among them.
    Several(Vec<String>),
    /// Nothing that is imported by name.
    Other,
}

/// The names of a file.
pub(crate) struct Meanings<'t> {
    pub(crate) text: &'t str,
    pub(crate) names: &'t Names<'t>,
    /// There are star imports.
    starred: bool,
    known: RefCell<HashMap<(usize, &'t str), Stands>>,
}

impl<'t> Meanings<'t> {
    pub(crate) fn new(text: &'t str, names: &'t Names<'t>) -> Self {
        Self { text, names, starred: names.imports.iter().any(|import| import.star), known: RefCell::default() }
    }

    /// The number of the use that begins there.
    pub(crate) fn use_at(&self, start: usize) -> Option<usize> {
        self.names.uses.binary_search_by_key(&start, |name| name.range.start).ok()
    }

    /// The numbers of the uses that begin inside a range.
    pub(crate) fn uses_in(&self, range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let before = |at: usize| self.names.uses.partition_point(|name| name.range.start < at);
        before(range.start)..before(range.end)
    }

    /// What the first name of a use stands for.
    pub(crate) fn stands(&self, name: &Use<'t>) -> Stands {
        match self.bound(name) {
            Stands::For(root) if self.starred && self.names.star_over(name).is_some_and(|(_, likely)| likely) => {
                Stands::Several(vec![root])
            }
            stands => stands,
        }
    }

    /// The same, star imports that come later left aside.
    fn bound(&self, name: &Use<'t>) -> Stands {
        let key = (name.scope, name.name);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let alone = Use { attributes: Vec::new(), ..name.clone() };
        let stands = match self.names.means(&alone) {
            Meaning::Imported(root) => Stands::For(root),
            Meaning::Several(roots) => Stands::Several(roots),
            Meaning::Local | Meaning::Unbound { .. } => Stands::Other,
        };
        self.known.borrow_mut().insert(key, stands.clone());
        stands
    }

    /// The use that a chain of attributes begins with, and the qualified name of the chain.
    pub(crate) fn qualified(&self, node: Node) -> Option<(usize, String)> {
        let number = self.use_at(extent(self.text, node).start)?;
        let name = &self.names.uses[number];
        let Stands::For(root) = self.stands(name) else { return None };
        let covered = name.attributes.iter().take_while(|(_, range)| range.end <= node.end_byte());
        // `f(x).y` begins with `f` too, but is no chain of names.
        let end = covered.clone().last().map_or(name.range.end, |(_, range)| range.end);
        if end != node.end_byte() {
            return None;
        }
        Some((number, covered.fold(root, |whole, (part, _)| whole + "." + part)))
    }

    /// Whether a use is of one of `wanted`, or of something below one.
    pub(crate) fn reach(&self, name: &Use<'t>, wanted: &[String]) -> Reach {
        let fits = |root: &str| {
            let whole = name.qualified(root);
            wanted.iter().any(|wanted| covers(wanted, &whole))
        };
        match self.stands(name) {
            Stands::For(root) if fits(&root) => Reach::Sure,
            Stands::Several(roots) if roots.iter().any(|root| fits(root)) => {
                Reach::Unsure(format!("`{}` may stand for {} or something else here", name.name, roots.join(" or ")))
            }
            Stands::Other => self.star(name, wanted),
            _ => Reach::Not,
        }
    }

    /// A name that nothing binds may come from a star import of a module that has it.
    fn star(&self, name: &Use<'t>, wanted: &[String]) -> Reach {
        let Meaning::Unbound { star: true } = self.names.meaning(name.scope, name.name) else { return Reach::Not };
        let star = self.names.imports.iter().filter(|import| import.star).filter_map(|import| import.from.as_ref());
        for from in star {
            let whole = name.qualified(&format!("{}.{}", from.module, name.name));
            if wanted.iter().any(|wanted| covers(wanted, &whole)) {
                return Reach::Unsure(format!("`{}` may come from `from {} import *`", name.name, from.module));
            }
        }
        Reach::Not
    }
}

/// Whether a use is of something wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    Sure,
    /// Why it cannot be known.
    Unsure(String),
    Not,
}
