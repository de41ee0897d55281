//! Which modules an import loads for others: `import a.b as c` makes `a.b` an attribute of `a`, whatever imports `a`.

use crate::dotted::covers;
use crate::python::imports::{Import, Item};
use crate::python::names::{Meaning, Names};

impl Names<'_> {
    /// The module that a use reads through another name though no import but `lender` (its statement and item), which loads `module`,
    /// is sure to load it; with the number of that use.
    ///
    /// `reads` tells which uses count, and `loads` which other imports.
    #[must_use]
    pub fn lent(
        &self,
        lender: (usize, usize),
        module: &str,
        reads: impl Fn(usize) -> bool,
        loads: impl Fn(usize, usize) -> bool,
    ) -> Option<(String, usize)> {
        if module.starts_with('.') {
            return None;
        }
        for (number, read) in self.uses.iter().enumerate().filter(|(_, read)| !read.attributes.is_empty()) {
            let Some(owner) = self.resolve(read.scope, read.name) else { continue };
            let bindings = self.scopes[owner].bindings.get(read.name).map(Vec::as_slice).unwrap_or_default();
            if bindings.iter().any(|binding| binding.import == Some(lender)) {
                continue;
            }
            let roots = match self.bound(owner, read.name) {
                Meaning::Imported(root) => vec![root],
                Meaning::Several(roots) => roots,
                Meaning::Local | Meaning::Unbound { .. } => continue,
            };
            for root in roots {
                let Some(part) = common(&read.qualified(&root), module).filter(|part| part.len() > root.len()) else { continue };
                let own =
                    bindings.iter().filter_map(|binding| self.item(binding)).any(|(import, item)| gives(import, item, part));
                let others = || {
                    self.imports.iter().enumerate().filter(|(_, import)| import.range.start < read.range.start).any(
                        |(at, import)| {
                            let runs = at == lender.0 || (import.scope == 0 && import.conditional.is_none());
                            let mut items =
                                import.items.iter().enumerate().filter(|(item, _)| (at, *item) != lender && loads(at, *item));
                            runs && items.any(|(_, item)| gives(import, item, part))
                        },
                    )
                };
                if !own && reads(number) && !others() {
                    return Some((part.to_owned(), number));
                }
            }
        }
        None
    }
}

/// True when importing the item loads `module`.
fn gives(import: &Import, item: &Item, module: &str) -> bool {
    match &import.from {
        None => covers(module, &item.name),
        Some(from) => covers(module, &from.module) || import.imported(item) == module,
    }
}

/// The parts, more than one, with which both dotted names begin.
fn common<'m>(whole: &str, module: &'m str) -> Option<&'m str> {
    let same = whole.split('.').zip(module.split('.')).take_while(|(one, other)| one == other).count();
    let end = module.match_indices('.').map(|(at, _)| at).nth(same.checked_sub(1)?).unwrap_or(module.len());
    (same > 1).then_some(&module[..end])
}

#[cfg(test)]
mod tests {
    use crate::python::parsed::Parsed;
    use crate::python::source::Source;

    /// What the first item of the last import of a text lends, when it loads `a.b`.
    fn lent(text: &str) -> Option<String> {
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, None);
        let names = file.names().unwrap();
        let last = (0..names.imports.len()).max_by_key(|at| names.imports[*at].range.start).unwrap();
        names.lent((last, 0), "a.b", |_| true, |_, _| true).map(|(module, _)| module)
    }

    #[test]
    fn a_module_is_lent_where_nothing_else_loads_it() {
        for (text, want) in [
            ("import a\nimport a.b as ab\na.b.x\n", Some("a.b")),
            ("import a\nfrom a import b\na.b.x\n", Some("a.b")),
            ("import a as q\nfrom a.b import f\ndef h(): q.b\n", Some("a.b")),
            ("def h():\n    import a\n    a.b.x\nimport a.b\n", Some("a.b")),
            ("import a\nimport a.b as ab\na.x, a, ab.x\n", None),
            ("import a\nimport a.b\na.b.x\n", None),
            ("import a.b\nimport a.b as ab\na.b.x\n", None),
            ("import a\nimport a.b.c as c\nimport a.b as ab\na.b.x\n", None),
            ("import a\nif x:\n    import a.b.c as c\nimport a.b as ab\na.b.x\n", Some("a.b")),
            ("import a\nfrom a import b\nimport a.b as ab\na.b.x\n", None),
            ("from a import b\nimport a.b as ab\nb.x\n", None),
            ("import c\nimport a.b as ab\nc.b.x\n", None),
        ] {
            assert_eq!(lent(text).as_deref(), want, "{text}");
        }
    }
}
