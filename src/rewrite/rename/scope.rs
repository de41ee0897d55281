//! Decides, for each name that a scope imports, what becomes of its imports and its uses.

use std::collections::{BTreeMap, HashMap};

use crate::edit::Edit;
use crate::python::imports::{Import, Item};
use crate::python::names::{Binding, Meaning, ScopeKind, Use};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::{Fate, Work};
use crate::rewrite::rename::{covers, split_last};

/// One imported name of one scope, with all that binds it and all that reads it.
struct Group<'n> {
    scope: usize,
    name: &'n str,
    bindings: &'n [Binding],
    uses: Vec<&'n Use<'n>>,
    /// The name must stay, because of what else binds or declares it.
    pinned: bool,
    /// What the name stands for is not one thing.
    several: Option<Vec<String>>,
}

/// Plans the rename in every scope.
pub(super) fn plan(work: &mut Work) -> Result<(), RewriteError> {
    let names = work.names;
    let mut uses: HashMap<(usize, &str), Vec<&Use>> = HashMap::new();
    for read in &names.uses {
        if let Some(owner) = names.resolve(read.scope, read.name) {
            uses.entry((owner, read.name)).or_default().push(read);
        }
    }
    for (scope, owner) in names.scopes.iter().enumerate() {
        let sorted: BTreeMap<_, _> = owner.bindings.iter().collect();
        for (name, bindings) in sorted {
            let concerned = bindings.iter().filter_map(|binding| names.item(binding)).any(|(import, item)| {
                covers(&work.rename.from, &import.imported(item)) || covers(&import.bound(item), &work.rename.from)
            });
            if !concerned {
                continue;
            }
            let declared = names.scopes.iter().any(|scope| scope.globals.contains(name) || scope.nonlocals.contains(name));
            let exported = scope == 0 && names.exports.contains(name);
            let deleted = bindings.iter().any(|binding| binding.unbinds);
            let several = match names.bound(scope, name) {
                Meaning::Imported(_) => None,
                Meaning::Several(choices) => Some(choices),
                Meaning::Local | Meaning::Unbound { .. } => continue,
            };
            let group = Group {
                scope,
                name,
                bindings,
                uses: uses.get(&(scope, *name)).cloned().unwrap_or_default(),
                pinned: declared
                    || exported
                    || deleted
                    || names.quoted.contains(name)
                    || owner.kind == ScopeKind::Class
                    || several.is_some(),
                several,
            };
            group.plan(work)?;
        }
    }
    Ok(())
}

impl Group<'_> {
    fn plan(&self, work: &mut Work) -> Result<(), RewriteError> {
        let names = work.names;
        let from = work.rename.from.clone();
        let mut local: Option<String> = None;
        let mut through = false;
        for binding in self.bindings {
            let (Some((import, item)), Some((statement, number))) = (names.item(binding), binding.import) else { continue };
            let imported = import.imported(item);
            let bound = import.bound(item);
            through |= covers(&bound, &from) && (bound != from || bound != imported);
            if !covers(&from, &imported) {
                continue;
            }
            let renamed = format!("{}{}", work.rename.to, &imported[from.len()..]);
            match (&import.from, imported == from) {
                (Some(_), true) => {
                    let name = local.get_or_insert_with(|| self.local_name(work)).clone();
                    self.named_item(work, import, item, (statement, number), &name);
                }
                (Some(module), false) => {
                    // A relative import inside the renamed package moves with it.
                    let inside = module.level > 0 && work.base(module.level).is_some_and(|base| covers(&from, &base));
                    if !inside {
                        work.set_module(statement, format!("{}{}", work.rename.to, &module.module[from.len()..]));
                    }
                }
                (None, _) if item.alias.is_some() => {
                    work.set(statement, number, Fate::Write(format!("{renamed} as {}", self.name)));
                }
                (None, true) if imported == self.name => self.plain_root(work, item, (statement, number), &renamed)?,
                (None, _) => self.plain_dotted(work, import, item, (statement, number), &renamed)?,
            }
        }
        if let Some(name) = local.filter(|name| name != self.name) {
            for read in &self.uses {
                work.edit(Edit::new(read.range.clone(), name.clone()));
            }
        }
        if through { self.attributes(work) } else { Ok(()) }
    }

    /// The name under which the scope shall know the renamed thing.
    fn local_name(&self, work: &Work) -> String {
        let (_, new) = split_last(&work.rename.to);
        let aliased = self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(_, item)| item.alias.is_some());
        let keep = self.pinned || aliased || (self.scope == 0 && work.is_package()) || self.taken(work, new, &work.rename.to);
        if keep { self.name.to_owned() } else { new.to_owned() }
    }

    /// True when binding `new` in this scope, as something that is `meaning`, would change what any other name means, or when a
    /// use of the old name would find another `new`.
    fn taken(&self, work: &Work, new: &str, meaning: &str) -> bool {
        let names = work.names;
        if new == self.name {
            return false;
        }
        let bound = names.scopes[self.scope].bindings.contains_key(new);
        if bound && names.bound(self.scope, new) != Meaning::Imported(meaning.to_owned()) {
            return true;
        }
        let hidden = self.uses.iter().any(|read| {
            let mut path = names.path(read.scope, new);
            path.find(|at| *at == self.scope || names.scopes[*at].bindings.contains_key(new)) != Some(self.scope)
        });
        let captured = !bound
            && names.uses.iter().filter(|read| read.name == new).any(|read| {
                names.path(read.scope, new).find(|at| *at == self.scope || names.scopes[*at].bindings.contains_key(new))
                    == Some(self.scope)
            });
        hidden || captured || names.scopes.iter().any(|scope| scope.globals.contains(new) || scope.nonlocals.contains(new))
    }

    fn named_item(&self, work: &mut Work, import: &Import, item: &Item, at: (usize, usize), local: &str) {
        let (module, new) = split_last(&work.rename.to);
        let (old_module, _) = split_last(&work.rename.from);
        let text = if local == new { new.to_owned() } else { format!("{new} as {local}") };
        let only = import.items.len() == 1;
        let has_comment = work.source.text()[import.range.clone()].contains('#');
        let fate = if !(only && has_comment) && self.is_there_already(work, import, item, local) {
            Fate::Remove
        } else if module == old_module {
            Fate::Write(text)
        } else {
            Fate::Move(text)
        };
        work.set(at.0, at.1, fate);
    }

    /// True when another import already gives the new thing under the name `local`.
    fn is_there_already(&self, work: &Work, import: &Import, item: &Item, local: &str) -> bool {
        let Some(bindings) = work.names.scopes[self.scope].bindings.get(local) else { return false };
        bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(other, twin)| {
            twin.range != item.range
                && other.imported(twin) == work.rename.to
                && twin.local() == local
                && work.serves(other, import)
        })
    }

    /// `import old`: the name is the module.
    fn plain_root(&self, work: &mut Work, item: &Item, at: (usize, usize), renamed: &str) -> Result<(), RewriteError> {
        let (root, _) = renamed.split_once('.').unwrap_or((renamed, ""));
        if self.pinned || self.taken(work, root, root) {
            work.set(at.0, at.1, Fate::Write(format!("{renamed} as {}", self.name)));
            return Ok(());
        }
        debug_assert_eq!(item.name, self.name);
        work.set(at.0, at.1, Fate::Write(renamed.to_owned()));
        for read in &self.uses {
            work.edit(Edit::new(read.range.clone(), renamed));
        }
        Ok(())
    }

    /// `import a.old`: the name is the root of a chain; the chains themselves are changed by [`Group::attributes`].
    fn plain_dotted(
        &self,
        work: &mut Work,
        import: &Import,
        item: &Item,
        at: (usize, usize),
        renamed: &str,
    ) -> Result<(), RewriteError> {
        let root = renamed.split('.').next().unwrap_or(renamed);
        if root == self.name {
            work.set(at.0, at.1, Fate::Write(renamed.to_owned()));
            return Ok(());
        }
        if self.pinned || self.taken(work, root, root) {
            return Err(work.error(import.range.start, Problem::Taken { name: root.to_owned() }));
        }
        let rest = self.uses.iter().filter(|read| !covers(&work.rename.from, &read.qualified(self.name)));
        let needed = rest.filter(|read| !self.served(work, read, &item.name)).count() > 0;
        let text = if needed { format!("{renamed}, {}", self.name) } else { renamed.to_owned() };
        work.set(at.0, at.1, Fate::Write(text));
        Ok(())
    }

    /// True when a plain import other than that of `but` gives what a chain reads.
    fn served(&self, work: &Work, read: &Use, but: &str) -> bool {
        let chain = read.qualified(self.name);
        !covers(but, &chain)
            && self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(import, item)| {
                import.from.is_none() && item.alias.is_none() && item.name != but && covers(&item.name, &chain)
            })
    }

    /// Changes the chains that go through the name to what is renamed.
    fn attributes(&self, work: &mut Work) -> Result<(), RewriteError> {
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
        let name = self.module_name(work, &changed);
        let mut leaves = true;
        for read in changed {
            leaves &= self.chain(work, read, root, name.as_deref())?;
        }
        if leaves && !self.pinned && !(self.scope == 0 && work.is_package()) {
            self.remove_unused(work, &rest);
        }
        Ok(())
    }

    /// Writes one chain anew, the new module called `name` where it must be imported; true when it no longer
    /// needs the old import.
    fn chain(&self, work: &mut Work, read: &Use, root: &str, name: Option<&str>) -> Result<bool, RewriteError> {
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
        if let Some(module) = self.known_as(work, read, new_module) {
            let text = format!("{module}.{}", split_last(&to).1);
            return self.replace(work, whole, &from, &text).map(|()| module != self.name);
        }
        let module = if new_module.is_empty() { to.as_str() } else { new_module };
        if self.imports(work, module, &to) {
            let free = !covers(self.name, &to) || self.loads_apart(work, module);
            return self.replace(work, whole, &from, &to).map(|()| free);
        }
        let Some(name) = name else {
            let root = module.split('.').next().unwrap_or(module);
            return Err(work.error(read.range.start, Problem::Taken { name: root.to_owned() }));
        };
        if let Some((statement, _)) = self.bindings.first().and_then(|binding| binding.import) {
            let alias = if name == module { String::new() } else { format!(" as {name}") };
            work.add(statement, format!("import {module}{alias}"));
        }
        let text = format!("{name}{}", &to[module.len()..]);
        self.replace(work, whole, &from, &text).map(|()| true)
    }

    /// True when a plain import that has nothing to do with the old name loads `module`.
    fn loads_apart(&self, work: &Work, module: &str) -> bool {
        self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(import, item)| {
            import.from.is_none() && item.alias.is_none() && covers(module, &item.name) && !covers(&item.name, &work.rename.from)
        })
    }

    /// How the changed uses can name the new module: as it is, or, where its first part is taken, by an alias that is free.
    fn module_name(&self, work: &Work, uses: &[&Use]) -> Option<String> {
        let names = work.names;
        let (module, _) = split_last(&work.rename.to);
        let module = if module.is_empty() { &work.rename.to } else { module };
        let root = module.split('.').next().unwrap_or(module);
        let hides = |at: usize| names.scopes[at].bindings.contains_key(root);
        let hidden = uses.iter().any(|read| names.path(read.scope, root).take_while(|at| *at != self.scope).any(hides));
        if !hidden && (root == self.name || !self.taken(work, root, root)) {
            return Some(module.to_owned());
        }
        let alias = if root == module { format!("{module}_module") } else { module.replace('.', "_") };
        let bound = names.scopes.iter().any(|scope| scope.bindings.contains_key(alias.as_str()));
        (!bound && names.uses.iter().all(|read| read.name != alias)).then_some(alias)
    }

    fn replace(&self, work: &mut Work, range: std::ops::Range<usize>, from: &str, text: &str) -> Result<(), RewriteError> {
        if work.source.text()[range.clone()].contains('#') {
            return Err(work.error(range.start, Problem::Comment { name: from.to_owned() }));
        }
        work.edit(Edit::new(range, text));
        Ok(())
    }

    /// True when this name's own imports load `module`, or will: one of them is renamed to it.
    fn imports(&self, work: &Work, module: &str, to: &str) -> bool {
        self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(import, item)| {
            let renamed = covers(&work.rename.from, &item.name).then(|| format!("{to}{}", &item.name[work.rename.from.len()..]));
            import.from.is_none() && item.alias.is_none() && covers(module, renamed.as_deref().unwrap_or(&item.name))
        })
    }

    /// The name under which a use can already reach `module`.
    fn known_as(&self, work: &Work, read: &Use, module: &str) -> Option<String> {
        let names = work.names;
        let candidates = names.imports.iter().flat_map(|import| import.items.iter().map(move |item| (import, item)));
        let mut known = candidates
            .filter(|(import, item)| import.imported(item) == module && import.place.block == 0)
            .filter_map(|(import, item)| {
                let whole = if import.from.is_none() && item.alias.is_none() { module } else { item.local() };
                let first = whole.split('.').next().unwrap_or(whole);
                let means = names.meaning(read.scope, first) == Meaning::Imported(import.bound(item));
                (means && names.resolve(read.scope, first) == Some(import.scope)).then(|| whole.to_owned())
            });
        known.next()
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
            if unused && loads_old && !work.source.text()[import.range.clone()].contains('#') {
                work.set(statement, number, Fate::Remove);
            }
        }
    }
}
