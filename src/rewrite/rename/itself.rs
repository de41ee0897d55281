//! The module that has the new name: to rename there would make the file import itself, and a function call itself.

use crate::dotted::{covers, split_last};
use crate::python::imports::{Import, Item};
use crate::python::names::Use;
use crate::rewrite::rename::plan::Work;
use crate::rewrite::rename::scope::Group;

/// True when the file is the module of the new name and was not that of the old one.
pub(super) fn has_new(work: &Work) -> bool {
    let (from, to) = (&work.rename.from, &work.rename.to);
    work.names.is_own(to) || (work.names.is_own(work.rename.import().0) && !work.names.is_own(split_last(from).0))
}

/// Says that a place stays as it is.
pub(super) fn remark(work: &mut Work, at: usize, name: &str) {
    let to = &work.rename.to;
    let module = if work.names.is_own(to) { to } else { work.rename.import().0 };
    let message = format!("{name} stays, since this file is {module} itself");
    work.remark(at, message, "write an edit for this file, or leave it out of the plan");
}

impl Group<'_> {
    /// Leaves the name as it is where its imports would be of the file itself; false when they would not.
    pub(super) fn leave(&self, work: &mut Work) -> bool {
        let (names, from) = (work.names, work.rename.from.clone());
        let items: Vec<(&Import, &Item)> = self.bindings.iter().filter_map(|binding| names.item(binding)).collect();
        let reaches = |read: &&&Use| {
            items.iter().any(|(import, item)| {
                let bound = import.bound(item);
                bound != from && covers(&bound, &from) && work.rename.is_old(&read.qualified(&bound))
            })
        };
        let through: Vec<usize> = self.uses.iter().filter(reaches).map(|read| read.range.start).collect();
        // What imports the old name as a module will import the new one so.
        let loaded = items.iter().any(|(import, item)| {
            import.from.is_none() && work.rename.is_old(&item.name) && !work.names.is_own(&renamed(work, &item.name))
        });
        let own = items.iter().any(|(import, item)| is_of_itself(work, import, item));
        if !own && (through.is_empty() || loaded || !has_new(work)) {
            return false;
        }
        for (import, item) in items {
            let imported = import.imported(item);
            if work.rename.is_old(&imported) {
                remark(work, item.range.start, &imported);
            }
        }
        for at in through {
            remark(work, at, &from);
        }
        true
    }
}

fn renamed(work: &Work, name: &str) -> String {
    format!("{}{}", work.rename.to, &name[work.rename.from.len()..])
}

/// True when an import of the old name would become one of the file itself, and is none yet.
fn is_of_itself(work: &Work, import: &Import, item: &Item) -> bool {
    let imported = import.imported(item);
    if !work.rename.is_old(&imported) {
        return false;
    }
    let new = renamed(work, &imported);
    let home = if imported == work.rename.from { work.rename.import().0 } else { split_last(&new).0 };
    work.names.is_own(&new) || (import.from.is_some() && work.names.is_own(home) && !work.names.is_own(split_last(&imported).0))
}
