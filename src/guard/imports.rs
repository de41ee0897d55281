//! Imports that nothing uses: those whose last use went, and those that came for nothing.
//!
//! Some imports are there for others: in a package's `__init__.py`, in `__all__`, as `import x as x`, behind a condition, from
//! `__future__`, or by a comment that says `noqa`. They are not doubted, nor is any in a file that runs text as code.

use std::collections::HashSet;

use crate::dotted::covers;
use crate::guard::{Context, Finding, line_at, subtract};
use crate::plan::guards::Guard;
use crate::python::imports::{Import, Item};
use crate::python::names::Names;
use crate::python::parsed::Parsed;

/// One import of one name.
struct Imported {
    qualified: String,
    local: String,
    used: bool,
    at: usize,
}

/// Imports of `after` that nothing uses, and that something used in `before` or that were not there.
pub(super) fn unused(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let (Ok(old), Ok(new)) = (before.names(), after.names()) else { return Vec::new() };
    if new.is_package() || new.uses.iter().any(|read| matches!(read.name, "exec" | "eval" | "globals" | "locals" | "vars")) {
        return Vec::new();
    }
    let was = imported(old, |_, _| true);
    let is_doubted = |import: &Import, item: &Item| !is_for_others(after, new, import, item);
    let now = imported(new, is_doubted);
    let key = |import: &Imported| (import.qualified.clone(), import.local.clone());
    let (was_used, was_unused): (Vec<Imported>, Vec<Imported>) = was.into_iter().partition(|import| import.used);
    let left: HashSet<_> = now.iter().map(key).collect();
    // An import that nothing used may have become another that nothing uses: others need it.
    let mut left_alone = was_unused.iter().filter(|import| !left.contains(&key(import))).count();
    let unused = subtract(now.into_iter().filter(|import| !import.used).collect(), &was_unused, key);
    let mut findings = Vec::new();
    for import in unused {
        let was = was_used.iter().any(|other| key(other) == key(&import));
        if !was && left_alone > 0 {
            left_alone -= 1;
            continue;
        }
        let Imported { qualified, local, at, .. } = import;
        let message = match was {
            true => format!("nothing uses {local} any more, which is imported here"),
            false => format!("nothing uses {local}, which is imported here newly"),
        };
        let help = format!("remove the import of {qualified}, or say `# noqa` beside it if others need it");
        findings.push(context.finding(Guard::UnusedImport, after.source(), at, message, help));
    }
    findings
}

fn imported(names: &Names, wanted: impl Fn(&Import, &Item) -> bool) -> Vec<Imported> {
    let used = used(names);
    let mut found = Vec::new();
    for (statement, import) in names.imports.iter().enumerate() {
        for (number, item) in import.items.iter().enumerate().filter(|(_, item)| wanted(import, item)) {
            let local = item.local().to_owned();
            let lends = || {
                let loads = import.from.as_ref().map_or(&item.name, |from| &from.module);
                names.lent((statement, number), loads, |_| true, |_, _| true).is_some()
            };
            let used = used.contains(&(statement, number)) || names.quoted.contains(local.as_str()) || lends();
            found.push(Imported { qualified: import.imported(item), local, used, at: item.range.start });
        }
    }
    found
}

/// The items of imports that some use may reach.
fn used(names: &Names) -> HashSet<(usize, usize)> {
    let mut used = HashSet::new();
    for read in &names.uses {
        let Some(owner) = names.resolve(read.scope, read.name) else { continue };
        let bindings = names.scopes[owner].bindings.get(read.name).into_iter().flatten();
        let imports = || bindings.clone().filter_map(|binding| Some((binding.import?, names.item(binding)?)));
        // `import a.b` and `import a.c` both bind `a`: which of them a use needs is told by its attributes, if by anything.
        let needs = |import: &Import, item: &Item| {
            let (whole, name) = (read.qualified(&import.bound(item)), import.imported(item));
            covers(&name, &whole) || covers(&whole, &name)
        };
        let told = imports().any(|(_, (import, item))| needs(import, item));
        used.extend(imports().filter(|(_, (import, item))| !told || needs(import, item)).map(|(key, _)| key));
    }
    used
}

fn is_for_others(file: &Parsed, names: &Names, import: &Import, item: &Item) -> bool {
    let future = import.from.as_ref().is_some_and(|from| from.module == "__future__");
    let conditional = import.conditional.is_some();
    let source = file.source();
    let marked = [import.range.start, item.range.start]
        .into_iter()
        .any(|at| line_at(source, source.line(at)).windows(4).any(|word| word.eq_ignore_ascii_case(b"noqa")));
    future || item.is_export() || conditional || marked || names.exports.contains(item.local())
}
