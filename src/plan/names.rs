//! What the names in a rule's `before` or `after` are: imported there, or nobody's.

use crate::python::builtins::is_builtin;
use crate::python::names::Meaning;
use crate::python::parsed::Parsed;
use crate::python::source::Source;

/// The names of one side of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideNames {
    /// The qualified names that its imports give.
    pub imported: Vec<String>,
    /// Names that nothing there explains, each with the byte where it stands first.
    pub bare: Vec<(String, usize)>,
}

/// The names in `text`; none where it cannot be read by itself.
#[must_use]
pub fn side_names(text: &str) -> SideNames {
    // As long as the text, so that places stay what they are.
    let plain = text.replace('$', "_");
    // A side that is no text, or has no tree in time, was refused with the plan.
    let Ok(source) = Source::prose(plain.as_bytes()) else { return SideNames::default() };
    let file = Parsed::new(&source, None);
    let Ok(names) = file.names() else { return SideNames::default() };
    let imported = names.imports.iter().flat_map(|import| {
        let module = import.from.iter().filter(|_| import.star).map(|from| from.module.clone());
        module.chain(import.items.iter().map(|item| import.imported(item)))
    });
    let mut side = SideNames { imported: imported.collect(), bare: Vec::new() };
    for read in &names.uses {
        let is_metavariable = text[read.range.start..].starts_with('$');
        // What a method calls itself and its class by is nobody's import.
        let is_explained = is_metavariable || is_builtin(read.name) || matches!(read.name, "self" | "cls" | "_");
        let is_unbound = names.meaning(read.scope, read.name) == Meaning::Unbound { star: false };
        if is_unbound && !is_explained && side.bare.iter().all(|(name, _)| name != read.name) {
            side.bare.push((read.name.to_owned(), read.range.start));
        }
    }
    side
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_bare_that_no_import_metavariable_or_builtin_explains() {
        for (text, imported, bare) in [
            ("f($X)", &[][..], &["f"][..]),
            ("from app.old import f\n\nf($X)", &["app.old.f"], &[]),
            ("import app.old as m\nm.f(g($X), $$$REST)", &["app.old"], &["g"]),
            ("print($X, len(_x))", &[], &["_x"]),
            ("self.assertEquals($A, $B)", &[], &[]),
            ("$X = f()\nf($X)", &[], &["f"]),
            ("x = 1\nx.y($A)", &[], &[]),
            ("é($X)", &[], &["é"]),
        ] {
            let found = side_names(text);
            assert_eq!(found.imported, imported, "{text}");
            assert_eq!(found.bare.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), bare, "{text}");
        }
    }
}
