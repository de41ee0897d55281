//! Imports that came in and close a circle of modules in which a name is taken before it is there.

use crate::guard::{Context, Finding};
use crate::plan::guards::{Guard, Severity};
use crate::program::cycle::circle;
use crate::program::loads;
use crate::python::parsed::Parsed;

/// Imports of `after` that `before` did not have, and with which the module cannot be imported; as a warning where it can, and the
/// other module cannot be imported first, or where only a run tells which imports run.
pub(super) fn closed(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let (Ok(old), Ok(new), Some(own)) = (before.names(), after.names(), after.module()) else { return Vec::new() };
    let own = own.strip_suffix(".__init__").unwrap_or(own);
    let known: Vec<_> = loads(old).into_iter().map(|load| (load.module, load.names)).collect();
    let bound = |name: &str| new.scopes[0].bindings.get(name).and_then(|bindings| Some(bindings.first()?.range.start));
    let mut findings = Vec::new();
    for load in loads(new).into_iter().filter(|load| !known.contains(&(load.module.clone(), load.names.clone()))) {
        let Some(circle) = circle(own, &load, context.loads) else { continue };
        let (first, way) = (&circle.way[0], circle.way.join(", then "));
        let taken = circle.taken.iter().find(|name| bound(name).is_some_and(|at| load.at <= at));
        let theirs = (context.files)(first).filter(|_| *first == load.module);
        let lacks = |name: &&String| {
            theirs.as_ref().is_some_and(|(_, module)| module.bound_at.get(*name).is_some_and(|at| circle.leaves_at <= *at))
        };
        let (message, fails) = match (taken, load.names.iter().find(lacks)) {
            (Some(name), _) => (format!("this loads {way}, which takes {name} from here before it is bound"), true),
            (None, Some(name)) => (
                format!(
                    "{first} cannot be imported before {own} any more: this takes {name} from it, which it binds after it has loaded {own}"
                ),
                false,
            ),
            (None, None) => continue,
        };
        let help = format!("import it in the function that uses it, or move what {own} and {first} both need to another module");
        let found = context.finding(Guard::Cycle, after.source(), load.at, message, help);
        let severity = if fails && circle.sure { found.severity } else { Severity::Warn };
        findings.push(Finding { severity, ..found });
    }
    findings
}
