//! Names that came in and that the tree's own modules do not have: the import, or the first use, would fail.

use std::collections::{BTreeMap, HashSet};

use crate::guard::{Context, Finding};
use crate::plan::guards::Guard;
use crate::program::lookup::{Named, find};
use crate::python::imports::Condition;
use crate::python::names::Names;
use crate::python::parsed::Parsed;

/// Names that `after` imports or reads through a module, that `before` did not, and that are surely not there, each once.
pub(super) fn missing(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let (Ok(old), Ok(new)) = (before.names(), after.names()) else { return Vec::new() };
    let known: HashSet<String> = wanted(old).into_keys().collect();
    let come = wanted(new).into_iter().filter(|(name, _)| !known.contains(name));
    let mut told = HashSet::new();
    let finding = |(whole, at): (String, usize)| match find(context.files, &whole) {
        Named::Missing { owner, name } if told.insert((owner.clone(), name.clone())) => {
            let help = format!("correct the rule, or write {name} first");
            Some(context.finding(Guard::Exists, after.source(), at, format!("{owner} has no {name}"), help))
        }
        _ => None,
    };
    come.filter_map(finding).collect()
}

/// The qualified names that a file imports or reads, with where it does first. An import that may fail is there for that.
fn wanted(names: &Names) -> BTreeMap<String, usize> {
    let imports = names.imports.iter().filter(|import| import.conditional != Some(Condition::Try));
    let imported = imports.flat_map(|import| import.items.iter().map(|item| (import.imported(item), item.range.start)));
    let read = names.uses.iter().filter(|read| !read.quoted && !read.attributes.is_empty());
    let read = read.filter_map(|read| Some((names.qualified(read)?, read.range.start)));
    let mut found = BTreeMap::new();
    for (name, at) in imported.chain(read) {
        found.entry(name).or_insert(at);
    }
    found
}
