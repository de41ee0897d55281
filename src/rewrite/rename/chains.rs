//! Chains of attributes that go through an imported name to what is renamed: `m.f`.

use crate::edit::Edit;
use crate::python::imports::Import;
use crate::python::names::{Meaning, ScopeKind, Use};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::{Fate, Work};
use crate::rewrite::rename::scope::{Group, is_export};
use crate::rewrite::rename::{covers, split_last};

/// How chains get at the new name where nothing imports it yet.
struct Reach {
    /// It is imported itself, not the module around it.
    named: bool,
    /// The import.
    statement: String,
    /// What stands in the place of the old name.
    text: String,
}

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
        let reaches = |read: &Use| {
            meanings.iter().any(|root| covers(root, &work.rename.from) && covers(&work.rename.from, &read.qualified(root)))
        };
        let (changed, rest): (Vec<&Use>, Vec<&Use>) = self.uses.iter().partition(|read| reaches(read));
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
        let reach = self.reach(work, &changed, root);
        let mut leaves = true;
        for read in changed {
            leaves &= self.chain(work, read, root, reach.as_ref())?;
        }
        if leaves && !self.pinned && !(self.scope == 0 && work.is_package()) {
            self.remove_unused(work, &rest);
        }
        Ok(())
    }

    /// Writes one chain anew, by `reach` where nothing imports the new name yet; true when it no longer needs the old import.
    fn chain(&self, work: &mut Work, read: &Use, root: &str, reach: Option<&Reach>) -> Result<bool, RewriteError> {
        let (from, to) = (work.rename.from.clone(), work.rename.to.clone());
        let (old_module, new_module) = (split_last(&from).0, split_last(&to).0);
        let parts = from[root.len()..].matches('.').count();
        let end = read.attributes[..parts].last().map_or(read.range.end, |(_, range)| range.end);
        let whole = read.range.start..end;
        if covers(root, &to)
            && root != to
            && (new_module == old_module || new_module == root || self.imports(work, new_module, &to))
        {
            let rest: Vec<&str> = to[root.len() + 1..].split('.').collect();
            if rest.len() == parts {
                for ((old, range), new) in read.attributes.iter().zip(rest).filter(|((old, _), new)| old != new) {
                    debug_assert_ne!(*old, new);
                    work.edit(Edit::new(range.clone(), new));
                }
                return Ok(false);
            }
            return self.replace(work, whole, &from, &format!("{}{}", self.name, &to[root.len()..])).map(|()| false);
        }
        if let Some(known) = self.known_as(work, read, &to) {
            return self.replace(work, whole, &from, &known).map(|()| known != self.name);
        }
        let submodule = reach.is_some_and(|reach| reach.named);
        if let Some(module) = self.known_as(work, read, new_module).filter(|_| !submodule) {
            let text = format!("{module}.{}", split_last(&to).1);
            return self.replace(work, whole, &from, &text).map(|()| module != self.name);
        }
        let module = if new_module.is_empty() { to.as_str() } else { new_module };
        if self.imports(work, if submodule { &to } else { module }, &to) {
            let free = !covers(self.name, &to) || self.loads_apart(work, module);
            return self.replace(work, whole, &from, &to).map(|()| free);
        }
        let Some(reach) = reach else {
            let root = module.split('.').next().unwrap_or(module);
            return Err(work.error(read.range.start, Problem::Taken { name: root.to_owned() }));
        };
        if let Some((statement, _)) = self.bindings.first().and_then(|binding| binding.import) {
            work.add(statement, reach.statement.clone());
        }
        self.replace(work, whole, &from, &reach.text).map(|()| true)
    }

    /// True when a plain import that has nothing to do with the old name loads `module`.
    fn loads_apart(&self, work: &Work, module: &str) -> bool {
        self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(import, item)| {
            import.from.is_none() && item.alias.is_none() && covers(module, &item.name) && !covers(&item.name, &work.rename.from)
        })
    }

    /// How the changed uses can name what is new: through its module, or, where its first part is taken, through an alias that is
    /// free.
    fn reach(&self, work: &Work, uses: &[&Use], root: &str) -> Option<Reach> {
        let to = work.rename.to.as_str();
        let (module, last) = split_last(to);
        let parts = work.rename.from[root.len()..].matches('.').count();
        // What is only read from and never called may be a module, which `import` of the one around it need not load.
        let beyond = uses.iter().any(|read| read.attributes.len() > parts);
        if beyond && !module.is_empty() && !uses.iter().any(|read| read.called && read.attributes.len() == parts) {
            let name = self.free(work, uses, last, to, &to.replace('.', "_"))?;
            let alias = if name == last { String::new() } else { format!(" as {name}") };
            return Some(Reach { named: true, statement: format!("from {module} import {last}{alias}"), text: name });
        }
        let module = if module.is_empty() { to } else { module };
        let first = module.split('.').next().unwrap_or(module);
        let alias = if first == module { format!("{module}_module") } else { module.replace('.', "_") };
        let name = self.free(work, uses, first, first, &alias)?;
        let (statement, name) = match name == first {
            true => (format!("import {module}"), module),
            false => (format!("import {module} as {name}"), name.as_str()),
        };
        Some(Reach { named: false, statement, text: format!("{name}{}", &to[module.len()..]) })
    }

    /// `name`, standing for `meaning`, where it is free for all uses; else `alias` where that is.
    fn free(&self, work: &Work, uses: &[&Use], name: &str, meaning: &str, alias: &str) -> Option<String> {
        let names = work.names;
        let hides = |at: usize| names.scopes[at].bindings.contains_key(name);
        let hidden = uses.iter().any(|read| names.path(read.scope, name).take_while(|at| *at != self.scope).any(hides));
        let own = name == self.name;
        let leaves = !self.pinned && uses.len() == self.uses.len() && !(self.scope == 0 && work.is_package());
        if !hidden && if own { name == meaning && (leaves || self.is_plain(work)) } else { !self.taken(work, name, meaning) } {
            return Some(name.to_owned());
        }
        let bound = names.scopes.iter().any(|scope| scope.bindings.contains_key(alias));
        (!bound && names.uses.iter().all(|read| read.name != alias)).then(|| alias.to_owned())
    }

    /// True when nothing but `import m.n` binds the name, so that it is a package whoever imports it.
    fn is_plain(&self, work: &Work) -> bool {
        let mut items = self.bindings.iter().map(|binding| work.names.item(binding));
        items.all(|item| item.is_some_and(|(import, item)| import.from.is_none() && item.alias.is_none()))
    }

    fn replace(&self, work: &mut Work, range: std::ops::Range<usize>, from: &str, text: &str) -> Result<(), RewriteError> {
        let comment = || work.error(range.start, Problem::Comment { name: from.to_owned() });
        if work.source.text()[range.clone()].contains('#') {
            return Err(comment());
        }
        let start = opening(work.source.text(), &range).ok_or_else(comment)?;
        work.edit(Edit::new(start..range.end, text));
        Ok(())
    }

    /// True when this name's own imports load `module`, or will: one of them is renamed to it.
    fn imports(&self, work: &Work, module: &str, to: &str) -> bool {
        self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(import, item)| {
            let renamed = covers(&work.rename.from, &item.name).then(|| format!("{to}{}", &item.name[work.rename.from.len()..]));
            import.from.is_none() && item.alias.is_none() && covers(module, renamed.as_deref().unwrap_or(&item.name))
        })
    }

    /// The name under which a use can already reach `module`, or whatever else this names.
    fn known_as(&self, work: &Work, read: &Use, module: &str) -> Option<String> {
        let names = work.names;
        let runs_before = |import: &Import| {
            let functions = names.path(read.scope, "").take_while(|at| *at != 0);
            let deferred = functions.into_iter().any(|at| names.scopes[at].kind == ScopeKind::Function);
            import.place.block == 0 && (deferred || import.range.end <= read.range.start)
        };
        let candidates = names.imports.iter().flat_map(|import| import.items.iter().map(move |item| (import, item)));
        let mut known = candidates.filter(|(import, _)| runs_before(import)).filter_map(|(import, item)| {
            let plain = import.from.is_none() && item.alias.is_none();
            let loads = if plain { covers(module, &item.name) } else { import.imported(item) == module };
            if !loads || module.is_empty() {
                return None;
            }
            let whole = if plain { module } else { item.local() };
            let first = whole.split('.').next().unwrap_or(whole);
            let means = names.meaning(read.scope, first) == Meaning::Imported(import.bound(item));
            let owner = names.resolve(read.scope, first) == Some(import.scope);
            (means && owner && !work.deletes(import.scope, first)).then(|| whole.to_owned())
        });
        let always_ran = |import: &Import| {
            let function = names.scopes[import.scope].kind == ScopeKind::Function;
            function && import.conditional.is_none() && import.range.end <= read.range.start
        };
        let named = || {
            let reached = |import: &Import| module == work.rename.to && (runs_before(import) || always_ran(import));
            let mut named = work.named().filter(|(import, _)| reached(import));
            let found = named.find(|(import, local)| {
                let mut path = names.path(read.scope, local);
                path.find(|at| *at == import.scope || names.scopes[*at].bindings.contains_key(local)) == Some(import.scope)
            });
            found.map(|(_, local)| local.to_owned())
        };
        known.next().or_else(named)
    }

    /// Takes out those imports of the name that no remaining use needs.
    fn remove_unused(&self, work: &mut Work, rest: &[&Use]) {
        let names = work.names;
        for binding in self.bindings {
            let (Some((import, item)), Some((statement, number))) = (names.item(binding), binding.import) else { continue };
            let whole = import.from.is_some() || item.alias.is_some();
            let unused = if whole { rest.is_empty() } else { rest.iter().all(|read| self.served(work, read, &item.name)) };
            let imported = import.imported(item);
            let loads_old = imported != work.rename.from && covers(&imported, &work.rename.from);
            if unused && loads_old && !is_export(item) && !work.source.text()[import.range.clone()].contains('#') {
                work.set(statement, number, Fate::Remove);
            }
        }
    }
}

/// Where a chain starts with the parentheses that close in it: `(m).f`; `None` where a comment stands between them.
fn opening(text: &str, chain: &std::ops::Range<usize>) -> Option<usize> {
    let mut start = chain.start;
    for _ in text[chain.clone()].matches(')') {
        start = text[..start].trim_end_matches(|c: char| c.is_ascii_whitespace() || c == '\\').strip_suffix('(')?.len();
    }
    Some(start)
}
