//! Decides, for each name that a scope imports, what becomes of its imports and its uses.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::dotted::{covers, split_last};
use crate::edit::Edit;
use crate::python::imports::{Import, Item};
use crate::python::names::{Binding, Meaning, ScopeKind, Use};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::rename::plan::{Fate, Work};
use crate::rewrite::rename::{arms, limits};

/// One imported name of one scope, with all that binds it and all that reads it.
pub(super) struct Group<'n> {
    pub(super) scope: usize,
    pub(super) name: &'n str,
    pub(super) bindings: &'n [Binding],
    pub(super) uses: Vec<&'n Use<'n>>,
    /// The name must stay, because of what else binds or declares it.
    pub(super) pinned: bool,
    /// What the name stands for is not one thing.
    pub(super) several: Option<Vec<String>>,
    /// Where a star import stands that may bind the name anew.
    pub(super) star: Option<usize>,
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
    let mut groups = Vec::new();
    for (scope, owner) in names.scopes.iter().enumerate() {
        let sorted: BTreeMap<_, _> = owner.bindings.iter().collect();
        for (name, bindings) in sorted {
            let concerned = bindings.iter().filter_map(|binding| names.item(binding)).any(|(import, item)| {
                work.rename.is_old(&import.imported(item)) || covers(&import.bound(item), &work.rename.from)
            });
            if !concerned {
                continue;
            }
            let exported = scope == 0 && names.exports.contains(name);
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
                pinned: names.declares(name)
                    || exported
                    || names.deletes(scope, name)
                    || names.quoted.contains(name)
                    || is_echoed(work, uses.get(&(scope, *name)))
                    || owner.kind == ScopeKind::Class
                    || several.is_some(),
                several,
                star: None,
            };
            let items = bindings.iter().filter_map(|binding| names.item(binding));
            let mut stars = items.flat_map(|(import, item)| work.stars(import, item));
            let star = stars.find(|star| !group.is_apart_from(work, *star));
            groups.push(Group { star, ..group });
        }
    }
    // A star import of what is renamed, or of what lies below it, brings the same names from the new module.
    for import in names.imports.iter().filter(|import| import.star && work.rename.may_be_module()) {
        let Some(from) = import.from.as_ref().filter(|from| work.rename.is_old(&from.module)) else { continue };
        let moves_along = from.level > 0 && work.base(from.level).is_some_and(|base| work.rename.is_old(&base));
        let to = format!("{}{}", work.rename.to, &from.module[work.rename.from.len()..]);
        if !moves_along && !work.names.is_own(&to) {
            work.edit(Edit::new(from.range.clone(), work.written(import, &to)));
        }
    }
    let mut through = Vec::new();
    for group in groups {
        if !group.leave(work) && group.plan(work)? {
            through.push(group);
        }
    }
    // Chains come last: what is imported by name now, they can use.
    through.iter().try_for_each(|group| group.attributes(work))
}

impl Group<'_> {
    /// True when whatever reads the name finds what an import binds after a star import.
    fn is_apart_from(&self, work: &Work, star: usize) -> bool {
        let imports = || self.bindings.iter().filter_map(|binding| work.names.item(binding)).map(|(import, _)| import);
        let first = self.uses.first().map_or(usize::MAX, |read| read.range.start);
        imports().all(|import| import.range.start > star) && imports().any(|import| work.has_run(import, first))
    }

    /// Plans what becomes of the imports and of the uses of the name itself; true when chains go through it to what is renamed.
    fn plan(&self, work: &mut Work) -> Result<bool, RewriteError> {
        let names = work.names;
        let from = work.rename.from.clone();
        let mut local: Option<String> = None;
        let mut through = false;
        let old = self.bindings.iter().filter_map(|binding| names.item(binding));
        let old = old.filter(|(import, item)| work.rename.is_old(&import.imported(item)));
        let kept: Vec<Range<usize>> =
            old.map(|(_, item)| item.range.clone()).filter(|range| arms::leave(work, range, Some(self.name))).collect();
        let all = !self.pinned && !kept.is_empty();
        for binding in self.bindings {
            let (Some((import, item)), Some((statement, number))) = (names.item(binding), binding.import) else { continue };
            let imported = import.imported(item);
            let bound = import.bound(item);
            through |= covers(&bound, &from) && (bound != from || bound != imported);
            if all || !work.rename.is_old(&imported) || kept.contains(&item.range) {
                continue;
            }
            limits::check_import(work, import.scope, import.range.start)?;
            let renamed = format!("{}{}", work.rename.to, &imported[from.len()..]);
            match (&import.from, imported == from) {
                (Some(_), true) => {
                    let name = match &local {
                        Some(name) => name.clone(),
                        None => local.insert(self.local_name(work, import, item)?).clone(),
                    };
                    self.remark(work, item, &name);
                    self.named_item(work, import, item, (statement, number), &name);
                    if !self.pinned {
                        work.name(statement, name);
                    }
                }
                (Some(_), false) if !work.rename.may_be_module() => return Err(self.no_module(work, import, &imported)),
                (Some(module), false) => {
                    // A relative import inside the renamed package moves with it.
                    let inside = module.level > 0 && work.base(module.level).is_some_and(|base| covers(&from, &base));
                    if !inside {
                        work.set_module(statement, format!("{}{}", work.rename.to, &module.module[from.len()..]));
                    }
                }
                (None, _) if work.rename.border().is_some() => {
                    let exact = imported == from && work.rename.attributes().is_empty();
                    if !exact || import.scope != self.scope {
                        return Err(self.no_module(work, import, &imported));
                    }
                    if item.alias.is_some() || imported == self.name {
                        let name = match &local {
                            Some(name) => name.clone(),
                            None => local.insert(self.local_name(work, import, item)?).clone(),
                        };
                        work.set(statement, number, Fate::Remove);
                        if !self.is_there_already(work, import, item, &name) {
                            work.add(statement, by_name(work, import, &name));
                        }
                    } else {
                        work.set(statement, number, Fate::Remove);
                        self.keep_root(work, import, item, statement);
                    }
                }
                (None, _) if item.alias.is_some() => {
                    work.set(statement, number, Fate::Write(format!("{renamed} as {}", self.name)));
                }
                (None, true) if imported == self.name => self.plain_root(work, item, (statement, number), &renamed)?,
                (None, _) => self.plain_dotted(work, import, item, (statement, number), &renamed)?,
            }
        }
        if let Some(name) = local.filter(|name| name != self.name || !work.rename.attributes().is_empty()) {
            work.bind(self.scope, &name, &self.uses);
            let text = format!("{name}{}", work.rename.attributes());
            for read in &self.uses {
                limits::check(work, read, &read.range, &text)?;
                work.edit(Edit::new(read.range.clone(), text.clone()));
            }
        }
        Ok(through)
    }

    /// The error for an import of the old name, or of what lies below it, as a module.
    fn no_module(&self, work: &Work, import: &Import, imported: &str) -> RewriteError {
        let kind = Problem::NotModule { name: imported.to_owned(), to: work.rename.to.clone() };
        work.error(import.range.start, kind)
    }

    /// The name under which the scope shall know what is imported.
    fn local_name(&self, work: &Work, import: &Import, item: &Item) -> Result<String, RewriteError> {
        let (_, new) = work.rename.import();
        let aliased = self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(_, item)| item.alias.is_some());
        let unknown = work.names.is_package() || (self.uses.is_empty() && !work.names.is_main());
        let public = work.is_for_others(self.scope, self.name, unknown);
        let mangled = self.uses.iter().any(|read| work.names.mangles(read.scope, new));
        let stays = mangled || self.pinned || self.star.is_some() || public;
        let taken = self.taken(work, new, work.rename.importable());
        if work.rename.attributes().is_empty() {
            return Ok(if stays || aliased || taken { self.name.to_owned() } else { new.to_owned() });
        }
        if stays || item.is_export() {
            let kind = Problem::Kept { name: self.name.to_owned(), to: work.rename.to.clone() };
            return Err(work.error(import.range.start, kind));
        }
        if taken {
            return Err(work.error(import.range.start, Problem::Taken { name: new.to_owned() }));
        }
        Ok(new.to_owned())
    }

    /// Says why an old name stays for others to use.
    fn remark(&self, work: &mut Work, item: &Item, local: &str) {
        let to = &work.rename.to;
        if local == work.rename.import().1 || item.alias.is_some() {
            if local != self.name && self.scope == 0 && self.uses.is_empty() && work.names.is_package() {
                let message =
                    format!("this package gives {local} and no {} any more: no tracked file takes it from here", self.name);
                work.tell(item.range.start, message, "export the old name by hand where others need it");
            }
            return;
        }
        let taker = work.taker(self.name).filter(|_| self.scope == 0);
        let reason = if work.names.exports.contains(self.name) && self.scope == 0 {
            "`__all__` names it"
        } else if let Some(taker) = &taker {
            taker
        } else if self.scope == 0 && work.names.is_package() {
            "others may import it from this package"
        } else if self.scope == 0 && self.uses.is_empty() {
            "nothing here uses it, so that others may import it from here"
        } else if work.names.quoted.contains(self.name) {
            "a string or a type comment that cannot be read exactly may name it"
        } else if is_echoed(work, Some(&self.uses)) {
            "an f-string writes it as text (`=`)"
        } else if self.star.is_some() {
            "a star import may bind the name too"
        } else {
            return;
        };
        let message = format!("{local} stays as another name of {to}: {reason}");
        work.remark(item.range.start, message, "change who uses the old name, then remove it here");
    }

    /// True when binding `new` in this scope, as something that is `meaning`, would change what any other name means, or when a
    /// use of the old name would find another `new`.
    pub(super) fn taken(&self, work: &Work, new: &str, meaning: &str) -> bool {
        let names = work.names;
        if new == self.name {
            return false;
        }
        if work.hides(self.scope, new) || self.uses.iter().any(|read| work.is_hidden(read.scope, new, self.scope)) {
            return true;
        }
        let bound = names.scopes[self.scope].bindings.contains_key(new);
        if bound && (work.names.deletes(self.scope, new) || names.bound(self.scope, new) != Meaning::Imported(meaning.to_owned()))
        {
            return true;
        }
        let finds = |read: &Use| names.finds(read.scope, new, self.scope);
        let mut others = names.uses.iter().filter(|read| read.name == new);
        !self.uses.iter().all(|read| finds(read)) || (!bound && others.any(finds)) || names.declares(new)
    }

    fn named_item(&self, work: &mut Work, import: &Import, item: &Item, at: (usize, usize), local: &str) {
        let (module, new) = work.rename.import();
        let (old_module, _) = split_last(&work.rename.from);
        let text = if local == new && !item.is_export() { new.to_owned() } else { format!("{new} as {local}") };
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
        let stays = !work.names.deletes(self.scope, local);
        stays
            && bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(other, twin)| {
                twin.range != item.range
                    && other.imported(twin) == work.rename.importable()
                    && twin.local() == local
                    && (twin.is_export() || !item.is_export())
                    && work.names.serves(other, import)
            })
    }

    /// `import old`: the name is the module.
    fn plain_root(&self, work: &mut Work, item: &Item, at: (usize, usize), renamed: &str) -> Result<(), RewriteError> {
        let (root, _) = renamed.split_once('.').unwrap_or((renamed, ""));
        let public = work.is_for_others(self.scope, self.name, self.uses.is_empty() && !work.names.is_main());
        let mangled = self.uses.iter().any(|read| work.names.mangles(read.scope, renamed));
        if mangled || self.pinned || self.star.is_some() || public || self.taken(work, root, root) {
            work.set(at.0, at.1, Fate::Write(format!("{renamed} as {}", self.name)));
            return Ok(());
        }
        debug_assert_eq!(item.name, self.name);
        work.set(at.0, at.1, Fate::Write(renamed.to_owned()));
        work.bind(self.scope, root, &self.uses);
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
        if self.taken(work, root, root) {
            return Err(work.error(import.range.start, Problem::Taken { name: root.to_owned() }));
        }
        if import.scope != self.scope {
            return Err(work.error(import.range.start, Problem::Declared { name: self.name.to_owned() }));
        }
        work.set(at.0, at.1, Fate::Write(renamed.to_owned()));
        work.bind(self.scope, root, &self.uses);
        self.keep_root(work, import, item, at.0);
        Ok(())
    }

    /// Imports the root of the old name beside a statement that imports it no more, where something still needs it.
    fn keep_root(&self, work: &mut Work, import: &Import, item: &Item, statement: usize) {
        let mut rest = self.uses.iter().filter(|read| !work.rename.is_old(&read.qualified(self.name)));
        // What else binds, declares or deletes the name still finds it bound.
        let bound = |(other, twin): (&Import, &Item)| {
            let plain = other.from.is_none() && twin.alias.is_none();
            plain && !work.rename.is_old(&twin.name) && work.names.serves(other, import)
        };
        let stays = self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(bound);
        if rest.any(|read| !self.served(work, read, import, item)) || (self.pinned && !stays) {
            work.add(statement, format!("import {}", self.name));
        }
    }

    /// True when a plain import other than this item gives what a chain reads, whenever the item does.
    pub(super) fn served(&self, work: &Work, read: &Use, import: &Import, item: &Item) -> bool {
        let chain = read.qualified(self.name);
        !covers(&item.name, &chain)
            && self.bindings.iter().filter_map(|binding| work.names.item(binding)).any(|(other, twin)| {
                let plain = other.from.is_none() && twin.alias.is_none();
                let runs = work.names.serves(other, import) || work.has_run(other, read.range.start);
                plain && twin.name != item.name && covers(&twin.name, &chain) && runs
            })
    }
}

/// True when an f-string writes the text of one of the uses.
fn is_echoed(work: &Work, uses: Option<&Vec<&Use>>) -> bool {
    uses.into_iter().flatten().any(|read| work.regions.echoes(&read.range))
}

/// The import of the new name by `from`, beside another.
fn by_name(work: &Work, beside: &Import, local: &str) -> String {
    let (module, new) = work.rename.import();
    let alias = if local == new { String::new() } else { format!(" as {local}") };
    format!("from {} import {new}{alias}", work.written(beside, module))
}
