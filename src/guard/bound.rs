//! Names that nothing binds. A name that a star import, `exec` or `globals` may bind is not doubted.

use std::collections::HashSet;

use crate::guard::{Context, Finding};
use crate::plan::guards::Guard;
use crate::python::builtins::is_builtin;
use crate::python::names::{Meaning, Names, Use};
use crate::python::parsed::Parsed;

/// Names that are unbound in `after` and were not in `before`, each once.
pub(super) fn new_unbound(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let (Ok(old), Ok(names)) = (before.names(), after.names()) else { return Vec::new() };
    let known: HashSet<&str> = unbound(old).into_iter().map(|(name, _)| name).collect();
    if names.uses.iter().any(|read| matches!(read.name, "exec" | "execfile" | "globals")) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    for (name, at) in unbound(names) {
        if !known.contains(name) && told.insert(name) {
            let help = format!("import {name} where it is used, or keep what bound it");
            findings.push(context.finding(Guard::Unbound, after.source(), at, format!("nothing binds {name}"), help));
        }
    }
    findings
}

/// The names that are read and that nothing binds, with where.
fn unbound<'a>(names: &Names<'a>) -> Vec<(&'a str, usize)> {
    let nothing = |read: &&Use| names.meaning(read.scope, read.name) == Meaning::Unbound { star: false };
    let uses = names.uses.iter().filter(nothing).filter(|read| !is_builtin(read.name));
    uses.map(|read| (read.name, read.range.start)).collect()
}
