//! Import statements as they are written, and what the names they bind mean.

use std::ops::Range;

use tree_sitter::Node;

/// One import statement.
#[derive(Debug, Clone)]
pub struct Import {
    /// The statement in the text, without a semicolon or comment after it.
    pub range: Range<usize>,
    /// The scope that it stands in.
    pub scope: usize,
    /// Where it stands among statements.
    pub place: Place,
    /// The module of a from-import; `None` for a plain import.
    pub from: Option<FromModule>,
    /// The names, in order; none for a star import.
    pub items: Vec<Item>,
    /// The parentheses around the names.
    pub parentheses: Option<Range<usize>>,
    /// `from m import *`.
    pub star: bool,
    /// The branch that it stands in, within its function; `None` where it always runs.
    pub conditional: Option<Condition>,
}

/// Why an import may not run, the innermost reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `if TYPE_CHECKING:`: only a type checker reads it.
    TypeChecking,
    /// In a `try`, `except` or `else`, or below `suppress`.
    Try,
    /// In a branch of an `if`, a `match` or a loop.
    If,
}

/// Where a statement stands: which block, and the how-manieth statement of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The block's number.
    pub block: usize,
    /// The statement's number in it, from 0.
    pub position: usize,
}

/// What stands between `from` and `import`.
#[derive(Debug, Clone)]
pub struct FromModule {
    /// Its place in the text.
    pub range: Range<usize>,
    /// The absolute name; with its leading dots when the file's own module is not known.
    pub module: String,
    /// How many dots it is written with.
    pub level: usize,
}

/// One name of an import statement.
#[derive(Debug, Clone)]
pub struct Item {
    /// With its alias.
    pub range: Range<usize>,
    /// Without it.
    pub name_range: Range<usize>,
    /// The name, dotted in a plain import.
    pub name: String,
    /// The alias.
    pub alias: Option<String>,
}

impl Item {
    /// The name that it binds.
    #[must_use]
    pub fn local(&self) -> &str {
        self.alias.as_deref().unwrap_or_else(|| self.name.split('.').next().unwrap_or(&self.name))
    }

    /// True for `f as f`, which says that others may import the name from here.
    #[must_use]
    pub fn is_export(&self) -> bool {
        self.alias.as_ref() == Some(&self.name)
    }
}

impl Import {
    /// The qualified name of what an item imports.
    #[must_use]
    pub fn imported(&self, item: &Item) -> String {
        match &self.from {
            None => item.name.clone(),
            Some(from) if from.module.is_empty() || from.module.ends_with('.') => format!("{}{}", from.module, item.name),
            Some(from) => format!("{}.{}", from.module, item.name),
        }
    }

    /// True for a from-import of a module whose last part is `name`.
    #[must_use]
    pub fn is_of(&self, name: &str) -> bool {
        self.from.as_ref().is_some_and(|from| from.module.rsplit('.').next() == Some(name))
    }

    /// The qualified name that an item's local name stands for: `import a.b` binds `a`.
    #[must_use]
    pub fn bound(&self, item: &Item) -> String {
        if self.from.is_none() && item.alias.is_none() { item.local().to_owned() } else { self.imported(item) }
    }
}

/// The absolute name of a relative module, seen from `module` (whose last part is `__init__` in a package's own file).
#[must_use]
pub fn absolute(module: Option<&str>, level: usize, rest: &str) -> Option<String> {
    if level == 0 {
        return Some(rest.to_owned());
    }
    let mut parts: Vec<&str> = module?.split('.').collect();
    parts.truncate(parts.len().checked_sub(level)?);
    parts.extend((!rest.is_empty()).then_some(rest));
    (!parts.is_empty()).then(|| parts.join("."))
}

/// How a file whose own module is `own` writes the module `wanted` where another import is written with `level` dots: absolute
/// for none, else relative where both are in one top package, with more dots where it takes more.
#[must_use]
pub fn written(own: Option<&str>, level: usize, wanted: &str) -> String {
    let bases = (level..).map_while(|level| Some((level, absolute(own, level, "")?)));
    let within = |base: &str| wanted.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    let mut relative = bases.filter_map(|(level, base)| Some((level, within(&base)?.to_owned())));
    match relative.next().filter(|_| level > 0) {
        Some((level, rest)) => ".".repeat(level) + rest.trim_start_matches('.'),
        None => wanted.to_owned(),
    }
}

/// Reads an `import_statement`, `import_from_statement` or `future_import_statement`.
#[must_use]
pub fn read(node: Node, text: &str, module: Option<&str>, scope: usize, place: Place) -> Import {
    let (range, items) = (node.byte_range(), Vec::new());
    let mut import = Import { range, scope, place, from: None, items, parentheses: None, star: false, conditional: None };
    let mut cursor = node.walk();
    let mut open = None;
    let mut more = cursor.goto_first_child();
    while more {
        let child = cursor.node();
        match (child.kind(), cursor.field_name()) {
            (_, Some("module_name")) => import.from = Some(from_module(child, text, module)),
            ("__future__", _) => import.from = Some(from_module(child, text, module)),
            ("wildcard_import", _) => import.star = true,
            ("(", _) => open = Some(child.start_byte()),
            (")", _) => import.parentheses = open.map(|start| start..child.end_byte()),
            (_, Some("name")) => import.items.extend(item(child, text)),
            _ => {}
        }
        more = cursor.goto_next_sibling();
    }
    import
}

fn from_module(node: Node, text: &str, module: Option<&str>) -> FromModule {
    let written = dotted(node, text);
    let rest = written.trim_start_matches('.');
    let level = written.len() - rest.len();
    let module = absolute(module, level, rest).unwrap_or_else(|| written.clone());
    FromModule { range: node.byte_range(), module, level }
}

fn item(node: Node, text: &str) -> Option<Item> {
    if node.kind() != "aliased_import" {
        return Some(Item { range: node.byte_range(), name_range: node.byte_range(), name: dotted(node, text), alias: None });
    }
    let name = node.child_by_field_name("name")?;
    let alias = node.child_by_field_name("alias")?;
    Some(Item {
        range: node.byte_range(),
        name_range: name.byte_range(),
        name: dotted(name, text),
        alias: Some(text[alias.byte_range()].to_owned()),
    })
}

/// A dotted name without the blanks that Python allows around its dots.
fn dotted(node: Node, text: &str) -> String {
    text[node.byte_range()].chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
}

#[cfg(test)]
mod tests {
    use super::{absolute, written};

    #[test]
    fn relative_modules_are_resolved_from_the_package_of_the_file() {
        for (module, level, rest, want) in [
            (Some("a.b.c"), 1, "d", Some("a.b.d")),
            (Some("a.b.c"), 2, "", Some("a")),
            (Some("a.b.__init__"), 1, "d", Some("a.b.d")),
            (Some("a.b.c"), 3, "d", Some("d")),
            (Some("a.b.c"), 4, "d", None),
            (Some("c"), 1, "", None),
            (None, 1, "d", None),
            (None, 0, "d", Some("d")),
        ] {
            assert_eq!(absolute(module, level, rest).as_deref(), want, "{module:?} {level} {rest}");
        }
    }

    #[test]
    fn a_module_is_written_relative_where_another_is_and_it_can_be() {
        for (own, level, wanted, want) in [
            (Some("a.b.c"), 0, "a.b.d", "a.b.d"),
            (Some("a.b.c"), 1, "a.b.d", ".d"),
            (Some("a.b.c"), 1, "a.b", "."),
            (Some("a.b.c"), 1, "a.d.e", "..d.e"),
            (Some("a.b.c"), 1, "a", ".."),
            (Some("a.b.c"), 1, "a.bc", "..bc"),
            (Some("a.b.c"), 2, "a.b.d", "..b.d"),
            (Some("a.b.c"), 1, "ab", "ab"),
            (Some("a.b.c"), 1, "d.e", "d.e"),
            (Some("a.b.__init__"), 1, "a.b.d", ".d"),
            (Some("a.b.__init__"), 1, "a.d", "..d"),
            (Some("c"), 1, "d", "d"),
            (None, 1, "d", "d"),
        ] {
            assert_eq!(written(own, level, wanted), want, "{own:?} {level} {wanted}");
        }
    }
}
