//! Names of a module that other files take from it, and that it does not have any more.

use crate::guard::{Context, Finding};
use crate::plan::guards::{Guard, Severity};
use crate::python::parsed::Parsed;
use crate::taken::{Taken, Taker, Way};

/// Names that `before` binds and `after` does not, and that another file takes: patches, imports, or reads through the module. Where an
/// earlier unit of the plan changes that file, it may not by then, so that it is a warning.
pub(super) fn lost(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let (Ok(old), Ok(new)) = (before.names(), after.names()) else { return Vec::new() };
    let (was, is) = (&old.scopes[0].bindings, &new.scopes[0]);
    if is.star || is.bindings.contains_key("__getattr__") {
        return Vec::new();
    }
    let finding = |name: &str, at: usize| {
        let Taken::By(taker) = before.taken(name) else { return None };
        let guard = if taker.way == Way::Patches { Guard::Patched } else { Guard::Exists };
        let Taker { path, .. } = &taker;
        let message = format!("nothing binds {name} any more, and {taker}");
        let help = format!("keep the name here, or change {path} in the same unit (`group`)");
        let line = (before.source().line(at) as usize).min(after.source().lines()).saturating_sub(1);
        let found = context.finding(guard, after.source(), after.source().line_range(line).start, message, help);
        let severity =
            if (context.changes_before)(path) && found.severity == Severity::Error { Severity::Warn } else { found.severity };
        Some(Finding { severity, ..found })
    };
    let mut lost: Vec<(usize, &str)> = was
        .iter()
        .filter(|(name, _)| !is.bindings.contains_key(*name))
        .filter_map(|(name, bindings)| Some((bindings.iter().find(|binding| !binding.unbinds)?.range.start, *name)))
        .collect();
    lost.sort_unstable();
    lost.into_iter().filter_map(|(at, name)| finding(name, at)).collect()
}
