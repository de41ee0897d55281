//! Chains of attributes that go through an imported name to what is renamed: `m.f`.

use std::ops::Range;

use crate::dotted::{covers, split_last};
use crate::edit::Edit;
use crate::python::imports::{Import, Item};
use crate::python::names::{Meaning, Use};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::{Fate, Work};
use crate::rewrite::rename::reach::{Reach, called};
use crate::rewrite::rename::scope::Group;
use crate::rewrite::rename::{arms, limits};

impl Group<'_> {
    /// Changes the chains that go through the name to what is renamed.
    pub(super) fn attributes(&self, work: &mut Work) -> Result<(), RewriteError> {
        let names = work.names;
        let meanings: Vec<String> = match &self.several {
            Some(choices) => choices.clone(),
            None => self
                .bindings
                .first()
                .and_then(|binding| names.item(binding))
                .map(|(import, item)| import.bound(item))
                .into_iter()
                .collect(),
        };
        let reaches =
            |read: &Use| meanings.iter().any(|root| covers(root, &work.rename.from) && work.rename.is_old(&read.qualified(root)));
        let renamed = |read: &&Use| reaches(read) && !arms::leave(work, &read.whole(), None);
        let (changed, rest): (Vec<&Use>, Vec<&Use>) = self.uses.iter().copied().partition(renamed);
        let Some(first) = changed.first() else { return Ok(()) };
        if self.several.is_some() {
            let mut choices = meanings;
            if self.bindings.iter().any(|binding| binding.import.is_none() && !binding.unbinds) {
                choices.push("something else".to_owned());
            }
            let kind = Problem::Undecided { name: self.name.to_owned(), choices };
            return Err(work.error(first.range.start, kind));
        }
        let root = &meanings[0];
        limits::check_import(work, self.scope, first.range.start)?;
        if let Some(star) = self.star
            && let Some(read) = changed.iter().find(|read| read.range.start > star || read.scope != self.scope)
        {
            let message = format!("{} may be what the star import in line {} brings", self.name, work.source.line(star));
            work.remark(
                read.range.start,
                message,
                "see that it brings no such name, or write the names that are needed in its place",
            );
        }
        let reach = self.reach(work, &changed, root);
        if let Some(reach) = &reach {
            work.bind(self.scope, reach.name.split('.').next().unwrap_or(&reach.name), &changed);
        }
        let mut leaves = true;
        for read in changed {
            leaves &= self.chain(work, read, root, reach.as_ref())?;
        }
        if leaves && !self.pinned && !work.is_for_others(self.scope, self.name, work.names.is_package()) {
            self.remove_unused(work, &rest);
        }
        Ok(())
    }

    /// Writes one chain anew, by `reach` where nothing imports the new name yet; true when it no longer needs the old import.
    fn chain(&self, work: &mut Work, read: &Use, root: &str, reach: Option<&Reach>) -> Result<bool, RewriteError> {
        let (from, to) = (work.rename.from.clone(), work.rename.to.clone());
        let (old_module, new_module) = (split_last(&from).0, work.rename.import().0);
        let (importable, attributes) = (work.rename.importable(), work.rename.attributes());
        let parts = from[root.len()..].matches('.').count();
        let end = read.attributes[..parts].last().map_or(read.range.end, |(_, range)| range.end);
        let whole = read.range.start..end;
        if covers(root, &to)
            && root != to
            && !self.loses_module(work)
            && (new_module == old_module || new_module == root || self.imports(work, read, new_module, &to))
        {
            let rest: Vec<&str> = to[root.len() + 1..].split('.').collect();
            if rest.len() == parts {
                limits::check(work, read, &whole, &format!("{root}.{}", rest.join(".")))?;
                for ((old, range), new) in read.attributes.iter().zip(rest).filter(|((old, _), new)| old != new) {
                    debug_assert_ne!(*old, new);
                    work.edit(Edit::new(range.clone(), new));
                }
                return Ok(false);
            }
            return self.replace(work, read, whole, &format!("{}{}", self.name, &to[root.len()..])).map(|()| false);
        }
        let known = self.known_as(work, read, importable).map(|known| (format!("{known}{attributes}"), known));
        if let Some((text, known)) = known.filter(|(text, _)| limits::fits(work, read, &whole, text)) {
            self.rely(work, read, &known);
            return self.replace(work, read, whole, &text).map(|()| known != self.name);
        }
        let submodule = reach.is_some_and(|reach| reach.text == reach.name && reach.meaning == to);
        if let Some(module) = self.known_as(work, read, new_module).filter(|_| !submodule) {
            self.rely(work, read, &module);
            let text = format!("{module}{}", &to[new_module.len()..]);
            return self.replace(work, read, whole, &text).map(|()| module != self.name);
        }
        let module = if new_module.is_empty() { importable } else { new_module };
        if self.imports(work, read, if submodule { &to } else { module }, &to) {
            let free = !covers(self.name, &to) || self.loads_apart(work, module);
            return self.replace(work, read, whole, &to).map(|()| free);
        }
        let Some(reach) = reach else {
            let root = module.split('.').next().unwrap_or(module);
            return Err(work.error(read.range.start, Problem::Taken { name: root.to_owned() }));
        };
        for (statement, text) in self.made(work, reach)? {
            work.add(statement, text);
        }
        self.replace(work, read, whole, &reach.text).map(|()| true)
    }

    /// Notes that a use reads what an import gives already.
    fn rely(&self, work: &mut Work, read: &Use, known: &str) {
        let first = known.split('.').next().unwrap_or(known);
        if let Some(owner) = work.names.resolve(read.scope, first) {
            work.bind(owner, first, &[read]);
        }
    }

    /// True when a plain import that has nothing to do with the old name loads `module`.
    fn loads_apart(&self, work: &Work, module: &str) -> bool {
        self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(import, item)| {
            import.from.is_none() && item.alias.is_none() && covers(module, &item.name) && !covers(&item.name, &work.rename.from)
        })
    }

    fn replace(&self, work: &mut Work, read: &Use, range: Range<usize>, text: &str) -> Result<(), RewriteError> {
        limits::check(work, read, &range, text)?;
        let comment = || work.error(range.start, Problem::Comment { name: work.rename.from.clone() });
        if work.source.text()[range.clone()].contains('#') {
            return Err(comment());
        }
        let start = opening(work.source.text(), &range).ok_or_else(comment)?;
        // `not(m).f` needs a blank where its parentheses go.
        let apart = start < range.start && work.source.text()[..start].ends_with(|c: char| c == '_' || c.is_alphanumeric());
        work.edit(Edit::new(start..range.end, if apart { format!(" {text}") } else { text.to_owned() }));
        Ok(())
    }

    /// True when this name's own imports have loaded `module` where it is read, or will: one of them is renamed to it.
    fn imports(&self, work: &Work, read: &Use, module: &str, to: &str) -> bool {
        let items = self.bindings.iter().filter_map(|binding| work.names.item(binding));
        let loading = items.filter(|(import, item)| {
            let moves = work.rename.is_old(&item.name) && work.rename.border().is_none();
            let renamed = moves.then(|| format!("{to}{}", &item.name[work.rename.from.len()..]));
            import.from.is_none() && item.alias.is_none() && covers(module, renamed.as_deref().unwrap_or(&item.name))
        });
        let loading: Vec<&Import> = loading.map(|(import, _)| import).collect();
        self.have_run(work, &loading, read)
    }

    /// The name under which a use can already reach `module`, or whatever else this names.
    fn known_as(&self, work: &Work, read: &Use, module: &str) -> Option<String> {
        let names = work.names;
        let mut known: Vec<(&str, Vec<&Import>)> = Vec::new();
        let hidden = |import: &Import, item: &Item, name: &str| {
            let lost = work.names.deletes(import.scope, name) || work.is_before_star(import, item);
            lost || work.is_hidden(read.scope, name, import.scope)
        };
        for import in &names.imports {
            for item in &import.items {
                let Some(whole) = called(import, item, module) else { continue };
                let first = whole.split('.').next().unwrap_or(whole);
                let means = names.meaning(read.scope, first) == Meaning::Imported(import.bound(item));
                if hidden(import, item, first) || !means || names.resolve(read.scope, first) != Some(import.scope) {
                    continue;
                }
                match known.iter_mut().find(|(other, _)| *other == whole) {
                    Some((_, imports)) => imports.push(import),
                    None => known.push((whole, vec![import])),
                }
            }
        }
        // What is imported by name now, or will be.
        let named = work.named().filter(|_| module == work.rename.importable());
        for (import, local) in named.filter(|(import, local)| import.items.iter().all(|item| !hidden(import, item, local))) {
            if names.finds(read.scope, local, import.scope) {
                match known.iter_mut().find(|(other, _)| *other == local) {
                    Some((_, imports)) => imports.push(import),
                    None => known.push((local, vec![import])),
                }
            }
        }
        known.into_iter().find(|(_, imports)| self.have_run(work, imports, read)).map(|(whole, _)| whole.to_owned())
    }

    /// Takes out those imports of the name that no remaining use needs.
    fn remove_unused(&self, work: &mut Work, rest: &[&Use]) {
        let names = work.names;
        for binding in self.bindings {
            let (Some((import, item)), Some((statement, number))) = (names.item(binding), binding.import) else { continue };
            let whole = import.from.is_some() || item.alias.is_some();
            let unused = if whole { rest.is_empty() } else { rest.iter().all(|read| self.served(work, read, import, item)) };
            let imported = import.imported(item);
            let loads_old = imported != work.rename.from && covers(&imported, &work.rename.from);
            if unused && loads_old && !item.is_export() && !work.source.text()[import.range.clone()].contains('#') {
                work.set(statement, number, Fate::Remove);
            }
        }
    }
}

/// Where a chain starts with the parentheses that close in it: `(m).f`; `None` where a comment stands between them.
fn opening(text: &str, chain: &Range<usize>) -> Option<usize> {
    let mut start = chain.start;
    for _ in text[chain.clone()].matches(')') {
        start = text[..start].trim_end_matches(|c: char| c.is_ascii_whitespace() || c == '\\').strip_suffix('(')?.len();
    }
    Some(start)
}
