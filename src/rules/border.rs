//! Where the module ends in the name that a rename leads to.

use crate::dotted::covers;
use crate::plan::Rename;
use crate::plan::diagnostics::Problem;
use crate::plan::source::Span;
use crate::program::Known;

/// Puts the module into `rename` where it is known, and gives a warning where it matters and is not.
pub fn find(
    rename: &mut Rename,
    look_up: &mut dyn FnMut(&str) -> Known,
    meant: &dyn Fn(&str) -> Option<String>,
    place: Span,
) -> Option<Problem> {
    let known = look_up(&rename.to);
    let below = |module: &str| rename.to[module.len()..].matches('.').count();
    // A package of the tree has such a module, and it is only known with the package.
    if matches!(known, Known::Module | Known::Perhaps { .. })
        && let Some(meant) = meant(&rename.to)
    {
        return Some(astray(&rename.to, &meant, place));
    }
    match known {
        Known::Module => None,
        Known::Inside { module } | Known::Missing { module, .. } => {
            // What the plan says holds.
            if rename.module.as_ref().is_none_or(|said| *said == module) {
                rename.found = Some(module);
            }
            None
        }
        Known::Perhaps { module } => (below(&module) >= 2 && rename.module.is_none()).then(|| unknown(&rename.to, place)),
        Known::Unknown => (rename.to.matches('.').count() >= 2 && rename.module.is_none()).then(|| unknown(&rename.to, place)),
    }
}

fn unknown(to: &str, place: Span) -> Problem {
    let (module, name) = to.rsplit_once('.').unwrap_or(("", to));
    let message = format!("nothing here tells where the module ends in {to}: it is taken to be {module}");
    let (above, last) = module.rsplit_once('.').unwrap_or(("", module));
    let help =
        format!("write `to: \"{above}:{last}.{name}\"` if {last} is a class, and `to: \"{module}:{name}\"` if it is a module");
    Problem::warning(place, message, help)
}

fn astray(to: &str, meant: &str, place: Span) -> Problem {
    let first = to.split('.').next().unwrap_or(to);
    let message = format!("nothing here is a module {first}, to which {to} leads (did you mean {meant}?)");
    Problem::warning(place, message, format!("write the whole name: `to: {meant}`"))
}

/// The problem of a rename to what stands in the old thing itself: its result would be renamed again.
pub fn endless(rename: &Rename, place: Span) -> Option<Problem> {
    let inside = covers(&rename.from, rename.importable());
    let ends = rename.border().is_none() || rename.from == rename.to || !inside || rename.may_be_module();
    let message = || format!("{} stands in {} itself, so that the rule would change its own result", rename.to, rename.from);
    (!ends).then(|| Problem::at(place, message(), "give a name outside it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rename(to: &str) -> Rename {
        match to.split_once(':') {
            None => Rename { from: "m.old".into(), to: to.into(), ..Rename::default() },
            Some((module, _)) => {
                Rename { from: "m.old".into(), to: to.replace(':', "."), module: Some(module.into()), ..Rename::default() }
            }
        }
    }

    #[test]
    fn what_is_known_says_where_the_module_ends_and_what_is_not_is_told() {
        let inside = || Known::Inside { module: "m".into() };
        let perhaps = || Known::Perhaps { module: "m".into() };
        for (to, known, border, warns) in [
            ("m.Color.RED", inside(), Some("m"), false),
            ("m.f", inside(), Some("m"), false),
            ("m.f", Known::Module, None, false),
            ("m.f", Known::Unknown, None, false),
            ("m.f", perhaps(), None, false),
            ("m.n.f", perhaps(), None, true),
            ("m.n.f", Known::Unknown, None, true),
            ("m.n:f", Known::Unknown, Some("m.n"), false),
            ("m:n.f", perhaps(), Some("m"), false),
            ("m.n:f", inside(), Some("m.n"), false),
            ("m:n", Known::Module, Some("m"), false),
        ] {
            let mut rename = rename(to);
            let warning = find(&mut rename, &mut |_| known.clone(), &|_| None, Span::default());
            assert_eq!((rename.border(), warning.is_some()), (border, warns), "{to}");
        }
    }

    #[test]
    fn where_the_module_is_not_known_both_ways_to_say_it_are_offered() {
        let warning = find(&mut rename("m.Color.RED"), &mut |_| Known::Unknown, &|_| None, Span::default()).unwrap();
        assert_eq!(warning.help, "write `to: \"m:Color.RED\"` if Color is a class, and `to: \"m.Color:RED\"` if it is a module");
    }

    #[test]
    fn a_name_whose_package_was_forgotten_is_warned_of_with_the_whole_name() {
        let meant = |name: &str| Some(format!("app.{name}"));
        for (to, known) in [("m.f", Known::Perhaps { module: "m".into() }), ("m", Known::Module)] {
            let warning = find(&mut rename(to), &mut |_| known.clone(), &meant, Span::default()).unwrap();
            assert!(warning.is_warning);
            assert_eq!(warning.message, format!("nothing here is a module m, to which {to} leads (did you mean app.{to}?)"));
        }
    }

    #[test]
    fn a_rename_into_the_old_thing_is_refused_where_that_is_no_module() {
        for (to, found, endless) in [
            ("m.old.x", Some("m"), true),
            ("m.old.x", Some("m.old"), true),
            ("m.old.x", None, false),
            ("m.older.x", Some("m"), false),
        ] {
            let rename = Rename { found: found.map(str::to_owned), ..rename(to) };
            assert_eq!(super::endless(&rename, Span::default()).is_some(), endless, "{to}");
        }
    }
}
