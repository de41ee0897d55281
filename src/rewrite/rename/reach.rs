//! The imports by which chains get at the new name, and where they stand so that they have run.

use crate::dotted::{covers, split_last};
use crate::python::imports::{Import, Item};
use crate::python::names::Use;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::Work;
use crate::rewrite::rename::scope::Group;

/// How chains get at the new name where nothing imports it yet.
pub(super) struct Reach {
    /// What is imported: the new name itself, or the module around it.
    pub(super) meaning: String,
    /// How it is called: dotted for a plain import without alias.
    pub(super) name: String,
    /// It comes by `from`.
    named: bool,
    /// What stands in the place of the old name.
    pub(super) text: String,
}

impl Reach {
    /// The import, as it is written beside another.
    fn statement(&self, work: &Work, beside: &Import) -> String {
        let (meaning, name) = (&self.meaning, &self.name);
        let (module, last) = if self.named { split_last(meaning) } else { ("", meaning.as_str()) };
        let alias = if name == last { String::new() } else { format!(" as {name}") };
        match self.named {
            true => format!("from {} import {last}{alias}", work.written(beside, module)),
            false => format!("import {last}{alias}"),
        }
    }
}

impl Group<'_> {
    /// How the changed uses can name what is new: through its module, or, where its first part is taken, through an alias that is
    /// free.
    pub(super) fn reach(&self, work: &Work, uses: &[&Use], root: &str) -> Option<Reach> {
        let (to, importable) = (work.rename.to.as_str(), work.rename.importable());
        let (module, last) = work.rename.import();
        let parts = work.rename.from[root.len()..].matches('.').count();
        // What is only read from and never called or set may be a module, which `import` of the one around it need not load.
        let beyond = uses.iter().any(|read| read.attributes.len() > parts);
        let plain = |read: &&Use| (read.called || read.target) && read.attributes.len() == parts;
        let may_be_module = beyond && work.rename.may_be_module() && !module.is_empty() && !uses.iter().any(plain);
        if may_be_module || self.comes_by_name(work) {
            let name = self.free(work, uses, last, importable, &importable.replace('.', "_"))?;
            let text = format!("{name}{}", work.rename.attributes());
            return Some(Reach { meaning: importable.to_owned(), text, name, named: true });
        }
        let module = if module.is_empty() { importable } else { module };
        let (around, first) = module.split_once('.').map_or(("", module), |(first, _)| (split_last(module).0, first));
        let alias = if around.is_empty() { format!("{module}_module") } else { module.replace('.', "_") };
        // While a package is being imported, its parent does not have it yet.
        let named = !around.is_empty() && root != self.name && work.is_of_own_package(module);
        let name = match named {
            true => self.free(work, uses, split_last(module).1, module, &alias)?,
            false => self.free(work, uses, first, first, &alias)?,
        };
        let name = if !named && name == first { module.to_owned() } else { name };
        let text = format!("{name}{}", &to[module.len()..]);
        Some(Reach { meaning: module.to_owned(), name, named, text })
    }

    /// True when it is known where the module ends, and the old name came by `from` too, or as a module.
    fn comes_by_name(&self, work: &Work) -> bool {
        let mut items = self.bindings.iter().filter_map(|binding| work.names.item(binding));
        work.rename.border().is_some() && (items.any(|(import, _)| import.from.is_some()) || self.loses_module(work))
    }

    /// True when a plain import loads the old name as a module, and the new one shall come by `from`.
    pub(super) fn loses_module(&self, work: &Work) -> bool {
        let mut items = self.bindings.iter().filter_map(|binding| work.names.item(binding));
        let loads = |(import, item): (&Import, &Item)| import.from.is_none() && work.rename.is_old(&item.name);
        work.rename.border().is_some() && items.any(loads)
    }

    /// `name`, standing for `meaning`, where it is free for all uses; else `alias` where that is.
    fn free(&self, work: &Work, uses: &[&Use], name: &str, meaning: &str, alias: &str) -> Option<String> {
        let names = work.names;
        let hides = |at: usize| names.scopes[at].bindings.contains_key(name);
        let hidden = uses.iter().any(|read| names.path(read.scope, name).take_while(|at| *at != self.scope).any(hides));
        let own = name == self.name;
        let leaves =
            !self.pinned && uses.len() == self.uses.len() && !work.is_for_others(self.scope, self.name, work.names.is_package());
        if !hidden && if own { name == meaning && (leaves || self.is_plain(work)) } else { !self.taken(work, name, meaning) } {
            return Some(name.to_owned());
        }
        let bound = names.scopes.iter().any(|scope| scope.bindings.contains_key(alias)) || work.hides(self.scope, alias);
        (!bound && names.uses.iter().all(|read| read.name != alias)).then(|| alias.to_owned())
    }

    /// True when nothing but `import m.n` binds the name, so that it is a package whoever imports it.
    fn is_plain(&self, work: &Work) -> bool {
        let mut items = self.bindings.iter().map(|binding| work.names.item(binding));
        items.all(|item| item.is_some_and(|(import, item)| import.from.is_none() && item.alias.is_none()))
    }

    /// The imports to be made, each with the statement beside which it stands, so that one has run wherever one of the old ones has.
    pub(super) fn made(&self, work: &Work, reach: &Reach) -> Result<Vec<(usize, String)>, RewriteError> {
        let names = work.names;
        let mut beside: Vec<&Import> = Vec::new();
        let mut made = Vec::new();
        for import in self.imported(work) {
            if beside.iter().any(|other| work.names.serves(other, import) || work.has_run(other, import.range.start)) {
                continue;
            }
            beside.push(import);
            if import.scope != self.scope {
                return Err(work.error(import.range.start, Problem::Declared { name: self.name.to_owned() }));
            }
            let gives = |other: &Import, item: &Item| {
                called(other, item, &reach.meaning) == Some(reach.name.as_str()) && work.names.serves(other, import)
            };
            if !names.imports.iter().any(|other| other.items.iter().any(|item| gives(other, item))) {
                let (statement, near) = self.near(work, import);
                made.push((statement, reach.statement(work, near)));
            }
        }
        Ok(made)
    }

    /// The import beside which one goes that shall have run when `import` has: the one that loads the old name, if that will do.
    fn near<'w>(&self, work: &'w Work, import: &'w Import) -> (usize, &'w Import) {
        let loads = |(_, other): &(usize, &Import)| {
            other.items.iter().any(|item| item.local() == self.name && covers(&other.imported(item), &work.rename.from))
        };
        let numbered = || work.names.imports.iter().enumerate();
        let same = |(_, other): &(usize, &Import)| other.range == import.range;
        let own = numbered().find(same).unwrap_or((0, import));
        if loads(&own) {
            own
        } else {
            numbered().filter(loads).find(|(_, other)| work.names.serves(other, import)).unwrap_or(own)
        }
    }

    /// The imports that bind the name, in the order of the text.
    fn imported<'w>(&self, work: &'w Work) -> Vec<&'w Import> {
        self.bindings.iter().filter_map(|binding| work.names.item(binding)).map(|(import, _)| import).collect()
    }

    /// True when one of `others` has run wherever `read` is reached.
    pub(super) fn have_run(&self, work: &Work, others: &[&Import], read: &Use) -> bool {
        let served = |import: &&Import| others.iter().any(|other| work.names.serves(other, import));
        others.iter().any(|other| work.has_run(other, read.range.start))
            || (!others.is_empty() && self.imported(work).iter().all(served))
    }
}

/// How an item gives `meaning`, when it does: dotted for a plain import, which loads what is above what it names too.
pub(super) fn called<'i>(import: &Import, item: &'i Item, meaning: &'i str) -> Option<&'i str> {
    if meaning.is_empty() {
        return None;
    }
    match import.from.is_none() && item.alias.is_none() {
        true => covers(meaning, &item.name).then_some(meaning),
        false => (import.imported(item) == meaning).then_some(item.local()),
    }
}
