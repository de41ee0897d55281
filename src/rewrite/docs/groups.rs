//! Which examples are read together, and what a step makes of them.

use std::collections::{BTreeMap, HashSet};

use crate::edit::Edits;
use crate::python::names::{Meaning, Names};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::docs::blocks::{Block, Page};
use crate::rewrite::docs::sheet::Sheet;
use crate::rewrite::docs::weave::Weave;
use crate::rewrite::docs::{Transform, hits};
use crate::rewrite::place::Place;

/// How many bytes of the module may be read again for the docstrings that use its imports.
const BUDGET: usize = 8 << 20;

/// What to do about an example that is left.
const HELP: &str = "change the example by hand, or write an edit for this file";

/// The text that documents stand in.
pub(super) struct Host<'a> {
    source: &'a Source<'a>,
    /// What the names of its module mean to its docstrings.
    module: Option<&'a str>,
    imported: HashSet<String>,
    budget: usize,
    /// What the step makes of the module itself; `None` before it was asked, or when the step fails.
    alone: Option<Vec<u8>>,
}

/// What a block binds and what it does not bind itself.
#[derive(Default)]
struct Needs {
    binds: HashSet<String>,
    wants: HashSet<String>,
}

impl<'a> Host<'a> {
    /// `names` are those of the module, when the documents are its docstrings.
    pub(super) fn new(source: &'a Source<'a>, module: Option<&'a str>, names: Option<&Names>) -> Self {
        let imported = names.map(imported_by_module).unwrap_or_default();
        Self { source, module, imported, budget: BUDGET, alone: None }
    }

    /// What `step` changes or leaves in one document.
    pub(super) fn places(&mut self, page: &Page, rule_words: &[&str], step: Transform) -> Vec<Place> {
        let mut places = Vec::new();
        let mut whole: Vec<(Block, Needs)> = Vec::new();
        for block in page.blocks() {
            match needs_of(page, &block) {
                Some(needs) => whole.push((block, needs)),
                None if block.is_doctest => {
                    // One example that is no Python says nothing of the others.
                    let (good, bad): (Vec<Block>, _) =
                        block.examples(page).into_iter().partition(|one| needs_of(page, one).is_some());
                    places.extend(bad.iter().filter_map(|one| broken(page, one, rule_words)));
                    let lines = good.into_iter().flat_map(|one| one.lines).collect();
                    let rest = Block { lines, ..block };
                    match needs_of(page, &rest) {
                        Some(needs) => whole.push((rest, needs)),
                        None => places.extend(broken(page, &rest, rule_words)),
                    }
                }
                None if block.is_sure => places.extend(broken(page, &block, rule_words)),
                None => {}
            }
        }
        for group in groups(&whole) {
            let members: Vec<&Block> = group.iter().map(|at| &whole[*at].0).collect();
            if !members.iter().any(|block| first_hit(page, block, rule_words).is_some()) {
                continue;
            }
            let mut undecided = None;
            if self.needs_module(group.iter().map(|at| &whole[*at].1)) {
                match self.group(page, &members, true, step) {
                    Ok(found) => {
                        places.extend(found);
                        continue;
                    }
                    Err(left) => undecided = Some(left),
                }
            }
            match self.group(page, &members, false, step) {
                Ok(found) if found.is_empty() => places.extend(undecided),
                Ok(found) => places.extend(found),
                Err(_) if members.len() > 1 => {
                    for block in members.into_iter().filter(|block| first_hit(page, block, rule_words).is_some()) {
                        places.extend(self.group(page, &[block], false, step).unwrap_or_else(|left| vec![left]));
                    }
                }
                Err(left) => places.push(left),
            }
        }
        places.sort_by_key(|place| place.range.start);
        places
    }

    /// True when examples use what the module imports; the module is then read with them.
    fn needs_module<'n>(&mut self, needs: impl Iterator<Item = &'n Needs> + Clone) -> bool {
        let size = self.source.text().len();
        let bound: HashSet<&String> = needs.clone().flat_map(|needs| &needs.binds).collect();
        let mut wanted = needs.flat_map(|needs| &needs.wants).filter(|name| !bound.contains(name));
        let needed = self.budget >= size && wanted.any(|name| self.imported.contains(name));
        self.budget -= if needed { size } else { 0 };
        needed
    }

    /// True when the module became what it becomes without the examples; they may not change it, nor take from what it will have.
    fn module_is_alike(&mut self, made: &str, step: Transform) -> bool {
        if self.alone.is_none() {
            // A step that fails on the module fails on the file, and nothing of this is used.
            self.alone = Source::prose(self.source.text().as_bytes()).ok().and_then(|text| {
                let edits = step(&Parsed::new(&text, self.module)).ok()?.edits;
                Some(text.apply(&edits))
            });
        }
        self.alone.as_deref().is_some_and(|alone| {
            made.as_bytes().strip_suffix(b"\n").unwrap_or_default() == alone.strip_suffix(b"\n").unwrap_or(alone)
        })
    }

    fn group(&mut self, page: &Page, blocks: &[&Block], above: bool, step: Transform) -> Result<Vec<Place>, Place> {
        let sheet = Sheet::new(page, blocks, above.then(|| self.source.text()));
        let first = blocks[0].lines[0].code.clone();
        let left = |at: usize, message: String| Place::left(at..at.max(first.end), message, HELP);
        let near = |line: u32| {
            let place = sheet.place(line.saturating_sub(1) as usize);
            place.and_then(|(block, line)| blocks[block].lines.get(line)).map_or(first.start, |line| line.code.start)
        };
        let before = Source::prose(sheet.text.as_bytes()).map_err(|error| left(first.start, error.to_string()))?;
        // Nobody imports from an example, as nobody does from a program.
        let main = self
            .module
            .and_then(|module| module.rsplit_once('.'))
            .map_or("__main__".to_owned(), |(package, _)| format!("{package}.__main__"));
        let module = if above { self.module } else { Some(main.as_str()) };
        let made = step(&Parsed::new(&before, module))
            .map_err(|error| left(near(error.line), format!("an example is left: {error}")))?;
        let mut places: Vec<Place> = Vec::new();
        for remark in made.remarks.into_iter().filter(|remark| remark.left) {
            if let Some((block, line)) = sheet.place(remark.line.saturating_sub(1) as usize)
                && let Some(line) = blocks[block].lines.get(line)
            {
                let column = line.code.start + remark.column.saturating_sub(1) as usize;
                let at = if page.text.is_char_boundary(column) { column.min(line.code.end) } else { line.code.start };
                places.push(Place::left(at..line.code.end, remark.message, remark.help));
            }
        }
        if made.edits.is_empty() {
            return Ok(places);
        }
        let bytes = before.apply(&made.edits);
        let after = Source::prose(&bytes).map_err(|error| left(first.start, error.to_string()))?;
        let parsed = Parsed::new(&after, module);
        let tree = parsed.tree().map_err(|error| left(first.start, error.to_string()))?;
        let Some(parts) = sheet.apart(after.text()).filter(|_| !tree.root_node().has_error()) else {
            return Err(left(first.start, "an example is left: the change goes beyond it".to_owned()));
        };
        if above && takes_from_module(&sheet, after.text()) {
            return Err(left(first.start, "an example is left: its import would move into the module around it".to_owned()));
        }
        if above && !self.module_is_alike(sheet.above(after.text()), step) {
            return Err(left(first.start, "an example is left: the module around it would change with it".to_owned()));
        }
        let mut cursor = tree.walk();
        let rows: HashSet<usize> = tree.root_node().children(&mut cursor).map(|child| child.start_position().row).collect();
        for (block, (start, new)) in blocks.iter().zip(parts) {
            let starts = rows.iter().filter_map(|row| row.checked_sub(start)).collect();
            let weave = Weave { source: self.source, page, block, new: &new, starts: &starts };
            places.extend(weave.places().map_err(|(at, why)| left(at, format!("an example is left: {why}")))?);
        }
        match Edits::new(places.iter().flat_map(|place| place.edits.iter().cloned()).collect()) {
            Ok(_) => Ok(places),
            Err(_) => Err(left(first.start, "an example is left: two changes claim the same text".to_owned())),
        }
    }
}

/// The names that the module binds by imports.
fn imported_by_module(names: &Names) -> HashSet<String> {
    let Some(module) = names.scopes.first() else { return HashSet::new() };
    let imported = module.bindings.iter().filter(|(_, bindings)| bindings.iter().any(|binding| binding.import.is_some()));
    imported.map(|(name, _)| (*name).to_owned()).collect()
}

fn needs_of(page: &Page, block: &Block) -> Option<Needs> {
    needs(&Sheet::new(page, &[block], None).text, block.is_sure).filter(|_| !block.lines.is_empty())
}

/// What a text binds and wants; `None` when it is no Python, by a stricter measure when nothing says that it is.
fn needs(text: &str, is_sure: bool) -> Option<Needs> {
    // Bytes that are no text were refused with the file, and a block that cannot be read in time is as good as broken.
    let source = Source::prose(text.as_bytes()).ok()?;
    let parsed = Parsed::new(&source, None);
    if parsed.tree().ok()?.root_node().has_error() || (!is_sure && !parsed.problems().is_empty()) {
        return None;
    }
    let names = parsed.names().ok()?;
    let unbound = names.uses.iter().filter(|read| matches!(names.meaning(read.scope, read.name), Meaning::Unbound { .. }));
    Some(Needs {
        binds: names.scopes.first()?.bindings.keys().map(|name| (*name).to_owned()).collect(),
        wants: unbound.map(|read| read.name.to_owned()).collect(),
    })
}

/// True when examples lose an import of their own to the module above them.
fn takes_from_module(sheet: &Sheet, made: &str) -> bool {
    let own = |text: &str| needs(&text[sheet.above(text).len()..], true).unwrap_or_default();
    let (before, after) = (own(&sheet.text), own(made));
    after.wants.len() > before.wants.len() && after.binds.len() < before.binds.len()
}

/// The numbers of the blocks that are read together: each with the latest before it that binds what it wants.
fn groups(blocks: &[(Block, Needs)]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..blocks.len()).collect();
    for at in 0..blocks.len() {
        for name in &blocks[at].1.wants {
            if let Some(binder) = (0..at).rev().find(|earlier| blocks[*earlier].1.binds.contains(name)) {
                let (low, high) = (group[at].min(group[binder]), group[at].max(group[binder]));
                group.iter_mut().filter(|group| **group == high).for_each(|group| *group = low);
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, group) in group.into_iter().enumerate() {
        members.entry(group).or_default().push(at);
    }
    members.into_values().collect()
}

/// Where a block has one of the words first.
fn first_hit(page: &Page, block: &Block, rule_words: &[&str]) -> Option<usize> {
    if rule_words.is_empty() {
        return block.lines.first().map(|line| line.code.start);
    }
    block.lines.iter().find_map(|line| hits(&page.text[line.code.clone()], rule_words).first().map(|at| line.code.start + at))
}

fn broken(page: &Page, block: &Block, rule_words: &[&str]) -> Option<Place> {
    let at = first_hit(page, block, rule_words)?;
    // Without a word to go by, whatever is broken would have to be said.
    let word = rule_words.iter().find(|word| page.text[at..].starts_with(**word))?;
    Some(Place::left(at..at + word.len(), format!("an example with {word} is left: it is not valid Python by itself"), HELP))
}
