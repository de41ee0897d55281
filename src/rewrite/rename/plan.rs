//! What becomes of each import statement, collected name by name and written once.

use std::collections::{BTreeMap, HashMap, HashSet};

use tree_sitter::Node;

use crate::edit::{Edit, Edits};
use crate::pattern::outside::Regions;
use crate::plan::Rename;
use crate::python::imports::{Import, Item, absolute, written};
use crate::python::names::{Names, Use};
use crate::python::source::Source;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::statement::{self, join};
use crate::rewrite::{Made, Remark, directive};
use crate::taken::{IsTaken, Taken};

/// What becomes of one item of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Fate {
    /// It stays.
    #[default]
    Keep,
    /// It is written like this.
    Write(String),
    /// It is written like this, below the module of the new name.
    Move(String),
    /// It goes.
    Remove,
}

/// What becomes of one statement.
#[derive(Debug, Default)]
struct Change {
    items: HashMap<usize, Fate>,
    module: Option<String>,
    added: Vec<String>,
}

/// A rename in the making.
pub(super) struct Work<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) root: Node<'a>,
    pub(super) names: &'a Names<'a>,
    pub(super) rename: &'a Rename,
    pub(super) regions: &'a Regions<'a>,
    /// Whether other files take a name from this one.
    taken: &'a IsTaken<'a>,
    changes: BTreeMap<usize, Change>,
    /// Statements that import what is new by itself from now on, each with its name there.
    named: Vec<(usize, String)>,
    /// The statements that change, once that is known of all.
    touched: HashSet<usize>,
    merges: BTreeMap<usize, Vec<String>>,
    /// Names that come into scopes, with the scopes that read them.
    coming: Vec<(usize, String, Vec<usize>)>,
    edits: Vec<Edit>,
    remarks: Vec<Remark>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        source: &'a Source,
        (root, names, regions): (Node<'a>, &'a Names<'a>, &'a Regions<'a>),
        taken: &'a IsTaken<'a>,
        rename: &'a Rename,
    ) -> Self {
        Self {
            source,
            root,
            names,
            rename,
            regions,
            taken,
            changes: BTreeMap::new(),
            named: Vec::new(),
            touched: HashSet::new(),
            merges: BTreeMap::new(),
            coming: Vec::new(),
            edits: Vec::new(),
            remarks: Vec::new(),
        }
    }

    pub(super) fn error(&self, at: usize, kind: Problem) -> RewriteError {
        RewriteError::at(self.source, at, kind)
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        self.edits.push(edit);
    }

    pub(super) fn remark(&mut self, at: usize, message: String, help: &str) {
        self.remarks.push(Remark::at(self.source, at, message, help));
    }

    /// Says something of what is changed.
    pub(super) fn tell(&mut self, at: usize, message: String, help: &str) {
        self.remarks.push(Remark::on_change(self.source, at, message, help));
    }

    pub(super) fn set(&mut self, statement: usize, item: usize, fate: Fate) {
        self.changes.entry(statement).or_default().items.insert(item, fate);
    }

    /// What is new stands in the place of what a statement imported, under the name `local`.
    pub(super) fn name(&mut self, statement: usize, local: String) {
        self.named.push((statement, local));
    }

    /// Imports of what is new, and its names there, that were not there before.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'a Import, &str)> {
        self.named.iter().map(|(statement, local)| (&self.names.imports[*statement], local.as_str()))
    }

    /// The statement imports from the module `absolute` from now on.
    pub(super) fn set_module(&mut self, statement: usize, absolute: String) {
        self.changes.entry(statement).or_default().module = Some(absolute);
    }

    /// Puts a statement beside another.
    pub(super) fn add(&mut self, statement: usize, text: String) {
        let added = &mut self.changes.entry(statement).or_default().added;
        if !added.contains(&text) {
            added.push(text);
        }
    }

    /// Notes that a scope will bind a name, which these uses read.
    pub(super) fn bind(&mut self, scope: usize, name: &str, uses: &[&Use]) {
        self.coming.push((scope, name.to_owned(), uses.iter().map(|read| read.scope).collect()));
    }

    /// True when a use that shall read the name from elsewhere would find it in this scope.
    pub(super) fn hides(&self, scope: usize, name: &str) -> bool {
        let finds =
            |from: usize, owner: usize| self.names.path(from, name).find(|at| *at == scope || *at == owner) == Some(scope);
        let mut others = self.coming.iter().filter(|(owner, other, _)| *owner != scope && other == name);
        others.any(|(owner, _, reads)| reads.iter().any(|from| finds(*from, *owner)))
    }

    /// True when a name that is read in the scope `from` will be bound nearer than in the scope `owner`.
    pub(super) fn is_hidden(&self, from: usize, name: &str, owner: usize) -> bool {
        let mut nearer = self.names.path(from, name).take_while(|at| *at != owner);
        nearer.any(|at| self.coming.iter().any(|(scope, other, _)| *scope == at && other == name))
    }

    /// True when the import has run wherever its scope goes on from the place `at`.
    pub(super) fn has_run(&self, import: &Import, at: usize) -> bool {
        import.conditional.is_none() && import.range.end <= at
    }

    /// The star imports that may bind the name of an item too, as what is something else; that of a module they do when they are of
    /// a module of this name, as with `time`.
    pub(super) fn stars(&self, import: &Import, item: &Item) -> impl Iterator<Item = usize> {
        let module = |import: &Import| import.from.as_ref().map(|from| from.module.clone());
        let (own, scope) = (module(import), import.scope);
        let name = (import.from.is_none() && item.alias.is_none()).then(|| item.local().to_owned());
        let stars = self.names.imports.iter().filter(move |star| star.star && star.scope == scope && module(star) != own);
        stars.filter(move |star| name.as_ref().is_none_or(|name| star.is_of(name))).map(|star| star.range.start)
    }

    /// True when such a star import comes after the item.
    pub(super) fn is_before_star(&self, import: &Import, item: &Item) -> bool {
        self.stars(import, item).any(|star| star > import.range.start)
    }

    /// True for a module below the topmost package that the file is in.
    pub(super) fn is_of_own_package(&self, module: &str) -> bool {
        let top = |module: &str| module.split('.').next().map(str::to_owned);
        self.names.module.as_ref().is_some_and(|own| own.contains('.') && top(own) == top(module))
    }

    /// True when the name of a module's scope is for others to take; `unknown` where nobody knows of them.
    pub(super) fn is_for_others(&self, scope: usize, name: &str, unknown: bool) -> bool {
        scope == 0
            && match (self.taken)(name) {
                Taken::By(_) => true,
                Taken::No => false,
                Taken::Unknown => unknown,
            }
    }

    /// Who takes a name from this file, as it is told.
    pub(super) fn taker(&self, name: &str) -> Option<String> {
        if let Taken::By(taker) = (self.taken)(name) { Some(taker.to_string()) } else { None }
    }

    /// A module as an import beside `other` writes it: relative where that is.
    pub(super) fn written(&self, other: &Import, module: &str) -> String {
        written(self.names.module.as_deref(), other.from.as_ref().map_or(0, |from| from.level), module)
    }

    /// The package that a relative import with so many dots starts from.
    pub(super) fn base(&self, level: usize) -> Option<String> {
        absolute(self.names.module.as_deref(), level, "")
    }

    /// The items that go from their statements.
    pub(super) fn leaving(&self) -> Vec<(usize, usize)> {
        let goes = |fate: &Fate| matches!(fate, Fate::Remove | Fate::Move(_));
        let of = |(statement, change): (&usize, &Change)| {
            let items = change.items.iter().filter(|(_, fate)| goes(fate)).map(|(item, _)| (*statement, *item));
            items.collect::<Vec<_>>()
        };
        let mut leaving: Vec<(usize, usize)> = self.changes.iter().flat_map(of).collect();
        leaving.sort_unstable();
        leaving
    }

    /// True when an item loads the module that it did before.
    pub(super) fn is_loaded_as_before(&self, statement: usize, item: usize) -> bool {
        self.changes.get(&statement).is_none_or(|change| {
            let from = self.names.imports[statement].from.is_some() && change.module.is_none();
            match change.items.get(&item) {
                None | Some(Fate::Keep) => change.module.is_none(),
                Some(Fate::Write(_)) => from,
                Some(Fate::Move(_) | Fate::Remove) => false,
            }
        })
    }

    /// All changes.
    pub(super) fn finish(mut self) -> Result<Made, RewriteError> {
        self.keep_lent();
        let mut removed: HashMap<usize, usize> = HashMap::new();
        self.touched = self.changes.keys().copied().collect();
        for (number, change) in std::mem::take(&mut self.changes) {
            self.write(number, change, &mut removed);
        }
        for (number, mut names) in std::mem::take(&mut self.merges) {
            names.dedup();
            let edits = join::add_items(self.source, &self.names.imports, number, &names);
            self.edits.extend(edits);
        }
        let edits = self.edits.iter().map(|edit| {
            let text = String::from_utf8_lossy(&edit.text);
            let encoding = self.source.encoding();
            let unencodable = || self.error(edit.range.start, Problem::Unencodable { encoding: encoding.name() });
            Ok(Edit::new(edit.range.clone(), encoding.encode(&text).ok_or_else(unencodable)?))
        });
        let edits =
            Edits::new(edits.collect::<Result<_, _>>()?).map_err(|error| self.error(error.second.start, Problem::Overlap))?;
        Ok(Made { edits, remarks: self.remarks })
    }

    fn write(&mut self, number: usize, mut change: Change, removed: &mut HashMap<usize, usize>) {
        let names = self.names;
        let import = &names.imports[number];
        let fates: Vec<Fate> = (0..import.items.len()).map(|item| change.items.remove(&item).unwrap_or_default()).collect();
        let stays = fates.iter().any(|fate| matches!(fate, Fate::Keep | Fate::Write(_)));
        let moved: Vec<String> =
            fates.iter().filter_map(|fate| if let Fate::Move(text) = fate { Some(text.clone()) } else { None }).collect();
        let (module, _) = self.rename.import();
        let mut in_place = false;
        let mut additions = change.added;
        if !moved.is_empty() {
            if let Some(target) = self.merge_target(number, module) {
                self.merges.entry(target).or_default().extend(moved);
            } else if !stays && !module.is_empty() {
                in_place = true;
                change.module = Some(module.to_owned());
            } else {
                let list = moved.join(", ");
                let level = import.from.as_ref().map_or(0, |from| from.level);
                let statement = match module {
                    "" => format!("import {list}"),
                    _ => format!("from {} import {list}", written(self.names.module.as_deref(), level, module)),
                };
                additions.insert(0, statement);
            }
        }
        if let (Some(module), Some(from)) = (change.module, &import.from) {
            self.edits.push(Edit::new(from.range.clone(), written(self.names.module.as_deref(), from.level, &module)));
        }
        if !stays && !in_place {
            self.replace(import, &additions, removed);
            return;
        }
        let mut gone = Vec::new();
        for (item, fate) in fates.into_iter().enumerate() {
            match fate {
                Fate::Keep => {}
                Fate::Move(text) if in_place => self.edits.push(Edit::new(import.items[item].range.clone(), text)),
                Fate::Write(text) => self.edits.push(Edit::new(import.items[item].range.clone(), text)),
                Fate::Move(_) | Fate::Remove => gone.push(item),
            }
        }
        let statement::Removal { edits, mut lost } = statement::remove_items(self.source, import, &gone);
        self.edits.extend(edits);
        if let Some(first) = additions.first_mut() {
            if statement::is_alone(self.source, &import.range) {
                first.push_str(&directive::joined(lost.drain(..).map(|(_, comment)| comment).collect()));
            }
            self.edits.push(statement::add_after(self.source, &import.range, &additions));
        }
        self.lose(lost);
    }

    /// Puts `additions` in the place of a statement, or takes it out.
    fn replace(&mut self, import: &Import, additions: &[String], removed: &mut HashMap<usize, usize>) {
        let comments = statement::comments(self.source, &import.range);
        let removal = if additions.is_empty() {
            let count = removed.entry(import.place.block).or_default();
            *count += 1;
            let only = import.place.block != 0 && *count == self.names.blocks[import.place.block].len();
            statement::remove(self.source, &import.range, &comments, only)
        } else {
            statement::replace(self.source, &import.range, &comments, additions)
        };
        self.edits.extend(removal.edits);
        self.lose(removal.lost);
    }

    /// Says of comments that they are no more.
    fn lose(&mut self, lost: Vec<(usize, String)>) {
        self.remarks.extend(lost.into_iter().map(|(at, comment)| directive::lost(self.source, at, &comment)));
    }

    /// An import of `module` into which names that leave the statement `number` can go.
    fn merge_target(&self, number: usize, module: &str) -> Option<usize> {
        let import = &self.names.imports[number];
        let fits = |(other, candidate): &(usize, &Import)| {
            let same = candidate.from.as_ref().is_some_and(|from| from.module == module);
            let stays = !candidate.items.is_empty() && !self.touched.contains(other);
            *other != number && same && stays && self.names.serves(candidate, import)
        };
        self.names.imports.iter().enumerate().filter(fits).min_by_key(|(_, other)| other.range.start).map(|(other, _)| other)
    }
}
