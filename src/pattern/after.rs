//! The compiled `after` of a rule: the imports that it needs, and a text with spots that are written anew for each match.
//!
//! What is between the spots is written as the plan has it. Whether the text is sound is not judged here.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::pattern::holes::{Hole, Holed, Take};
use crate::python::imports::{Import, Item};
use crate::python::names::{Names, Use};
use crate::python::parsed::Parsed;
use crate::python::source::{Indent, Source, SourceError};
use crate::python::syntax::ParseError;

/// A name that `after` imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The module of a from-import; `None` for a plain import.
    pub module: Option<String>,
    /// The name, dotted in a plain import.
    pub name: String,
    /// The alias.
    pub alias: Option<String>,
}

impl Wanted {
    fn new(import: &Import, item: &Item) -> Self {
        let module = import.from.as_ref().map(|from| from.module.clone());
        Self { module, name: item.name.clone(), alias: item.alias.clone() }
    }

    /// The qualified name of what is imported.
    #[must_use]
    pub fn qualified(&self) -> String {
        match &self.module {
            Some(module) => format!("{module}.{}", self.name),
            None => self.name.clone(),
        }
    }

    /// How `after` calls it: dotted for a plain import without alias.
    #[must_use]
    pub fn local(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// What is written at a spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// What the metavariable with this number in [`Template::holes`] stands for.
    Hole(usize),
    /// The import with this number in [`Template::wanted`], as the file knows it.
    Name(usize),
    /// A string literal without interpolation, in the quotes of the file.
    String,
    /// The quotes before or behind a string literal with interpolation, which what it holds must not have.
    Quotes,
    /// This text, which looks like a metavariable and is none.
    Literal(String),
}

/// A place of the template's text that is written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// In [`Template::text`].
    pub range: Range<usize>,
    /// What is written.
    pub kind: Kind,
}

/// Why there is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is no Python file.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It has no syntax tree.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// A rule's `after`, ready to be written.
#[derive(Debug, Clone)]
pub struct Template {
    holed: Holed,
    tree: Tree,
    wanted: Vec<Wanted>,
    spots: Vec<Spot>,
    body: Range<usize>,
    reads: BTreeSet<String>,
    indent: Indent,
}

impl Template {
    /// Reads `after`.
    ///
    /// # Errors
    /// [`TemplateError`] when it cannot be parsed.
    pub fn new(after: &str) -> Result<Self, TemplateError> {
        let holed = Holed::new(after);
        let source = Source::new(holed.text.as_bytes())?;
        let file = Parsed::new(&source, None);
        let (tree, names) = (file.tree()?.clone(), file.names()?);
        let mut template = Self {
            body: body(tree.root_node(), &holed.text),
            wanted: Vec::new(),
            spots: Vec::new(),
            reads: BTreeSet::new(),
            indent: source.indent(),
            tree,
            holed: holed.clone(),
        };
        let mut imports: Vec<&Import> = names.imports.iter().collect();
        imports.sort_by_key(|import| import.range.start);
        for import in imports {
            for wanted in import.items.iter().map(|item| Wanted::new(import, item)) {
                if !template.wanted.contains(&wanted) {
                    template.wanted.push(wanted);
                }
            }
        }
        for read in names.uses.iter().filter(|read| holed.hole(&read.range).is_none()) {
            match template.imported(names, read) {
                Some(spot) => template.spots.push(spot),
                None => template.reads.extend(std::iter::once(read.name.to_owned())),
            }
        }
        template.find_spots();
        Ok(template)
    }

    /// The text, metavariables as identifiers.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.holed.text
    }

    /// The metavariables, in order.
    #[must_use]
    pub fn holes(&self) -> &[Hole] {
        &self.holed.holes
    }

    /// The metavariable that a node is, or that is all of a statement.
    #[must_use]
    pub fn hole(&self, node: Node) -> Option<&Hole> {
        let whole = matches!(node.kind(), "identifier" | "expression_statement");
        self.holed.hole(&node.byte_range()).filter(|_| whole)
    }

    /// The names that must be imported.
    #[must_use]
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// What is written anew, in order, none within another.
    #[must_use]
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// The spot that is exactly there.
    #[must_use]
    pub fn spot(&self, range: &Range<usize>) -> Option<&Spot> {
        let at = self.spots.partition_point(|spot| spot.range.start < range.start);
        self.spots.get(at).filter(|spot| spot.range == *range)
    }

    /// The smallest node around a range.
    #[must_use]
    pub fn node(&self, range: &Range<usize>) -> Option<Node<'_>> {
        self.tree.root_node().descendant_for_byte_range(range.start, range.end)
    }

    /// What stands below the imports, comments at its ends too.
    #[must_use]
    pub fn body(&self) -> Range<usize> {
        self.body.clone()
    }

    /// The names that it reads without importing them.
    #[must_use]
    pub fn reads(&self) -> &BTreeSet<String> {
        &self.reads
    }

    /// How one level of its indentation is written.
    #[must_use]
    pub fn indent(&self) -> Indent {
        self.indent
    }

    /// Its statements below the imports.
    #[must_use]
    pub fn statements(&self) -> Vec<Node<'_>> {
        self.top().filter(|node| node.kind() != "comment").collect()
    }

    /// The one expression that it is, if it is one and nothing more.
    #[must_use]
    pub fn expression(&self) -> Option<Node<'_>> {
        let mut top = self.top();
        let only = top.next().filter(|node| node.kind() == "expression_statement" && node.named_child_count() == 1)?;
        if top.next().is_some() { None } else { only.named_child(0) }
    }

    /// True when a comment stands in it, which has to be written too.
    #[must_use]
    pub fn has_comments(&self) -> bool {
        let mut pending: Vec<Node> = self.top().collect();
        while let Some(node) = pending.pop() {
            if node.kind() == "comment" {
                return true;
            }
            pending.extend((0..node.child_count()).filter_map(|index| node.child(index)));
        }
        false
    }

    fn top(&self) -> impl Iterator<Item = Node<'_>> {
        let root = self.tree.root_node();
        let children = (0..root.named_child_count()).filter_map(move |index| root.named_child(u32::try_from(index).ok()?));
        children.filter(|node| self.body.contains(&node.start_byte()))
    }

    /// The spot for a name that one of the imports gives.
    fn imported(&self, names: &Names, read: &Use) -> Option<Spot> {
        let owner = names.resolve(read.scope, read.name)?;
        let items = names.scopes[owner].bindings.get(read.name)?.iter().filter_map(|binding| names.item(binding));
        let mut best: Option<(usize, usize, usize)> = None;
        for (import, item) in items {
            let parts = match (&import.from, &item.alias) {
                (None, None) => item.name.split('.').count() - 1,
                _ => 0,
            };
            let chain = read.attributes.get(..parts)?;
            let same = chain.iter().fold(read.name.to_owned(), |whole, (part, _)| whole + "." + part);
            let end = chain.last().map_or(read.range.end, |(_, range)| range.end);
            let number = self.wanted.iter().position(|wanted| *wanted == Wanted::new(import, item))?;
            if (parts == 0 || same == item.name) && best.is_none_or(|(longest, ..)| parts >= longest) {
                best = Some((parts, end, number));
            }
        }
        best.map(|(_, end, number)| Spot { range: read.range.start..end, kind: Kind::Name(number) })
    }

    /// Adds what a walk over the body finds: metavariables, strings, and text that only looks like a metavariable.
    fn find_spots(&mut self) {
        let mut spots = std::mem::take(&mut self.spots);
        let mut real: BTreeSet<usize> = BTreeSet::new();
        let mut pending: Vec<Node> = self.top().collect();
        while let Some(node) = pending.pop() {
            let number = self.holed.holes.iter().position(|hole| hole.range == node.byte_range());
            match (node.kind(), number) {
                ("identifier", Some(number)) => {
                    real.insert(number);
                    spots.push(Spot { range: node.byte_range(), kind: Kind::Hole(number) });
                }
                ("string", _) if !has_interpolation(node) && !self.holds_hole(node) => {
                    spots.push(Spot { range: node.byte_range(), kind: Kind::String });
                }
                ("string_start" | "string_end", _) if node.parent().is_some_and(has_interpolation) => {
                    spots.push(Spot { range: node.byte_range(), kind: Kind::Quotes });
                }
                _ => pending.extend((0..node.child_count()).filter_map(|index| node.child(index))),
            }
        }
        for (_, hole) in self.holed.holes.iter().enumerate().filter(|(number, _)| !real.contains(number)) {
            let dollars = match hole.take {
                Take::One => "$",
                Take::Run => "$$$",
            };
            let text = format!("{dollars}{}", hole.name);
            spots.push(Spot { range: hole.range.clone(), kind: Kind::Literal(text) });
        }
        spots.retain(|spot| self.body.contains(&spot.range.start));
        spots.sort_by_key(|spot| spot.range.start);
        self.spots = spots;
    }

    fn holds_hole(&self, node: Node) -> bool {
        self.holed.holes.iter().any(|hole| node.byte_range().contains(&hole.range.start))
    }
}

fn has_interpolation(string: Node) -> bool {
    let mut cursor = string.walk();
    string.named_children(&mut cursor).any(|child| child.kind() == "interpolation")
}

/// What stands below the imports at the top.
fn body(root: Node, text: &str) -> Range<usize> {
    let mut cursor = root.walk();
    let mut last_import = None;
    for child in root.named_children(&mut cursor) {
        match child.kind() {
            "import_statement" | "import_from_statement" => last_import = Some(child.end_byte()),
            "comment" => {}
            _ => break,
        }
    }
    let start = match last_import {
        // What stands on an import's own line belongs to it.
        Some(end) => text[end..].find('\n').map_or(text.len(), |line| end + line + 1),
        None => 0,
    };
    let end = text.trim_end().len().max(start);
    let blank = text[start..end].len() - text[start..end].trim_start_matches(['\n', '\r', ' ', '\t']).len();
    start + blank..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(text: &str) -> Vec<(String, Kind)> {
        let template = Template::new(text).unwrap();
        template.spots().iter().map(|spot| (template.text()[spot.range.clone()].to_owned(), spot.kind.clone())).collect()
    }

    #[test]
    fn imports_and_body_are_told_apart() {
        let template = Template::new("from a import g as h  # why\nimport b.c, d\n\n# note\nh($X)\n").unwrap();
        assert_eq!(&template.text()[template.body()], "# note\nh(µX)");
        let locals: Vec<(&str, String)> = template.wanted().iter().map(|w| (w.local(), w.qualified())).collect();
        assert_eq!(locals, [("h", "a.g".to_owned()), ("b.c", "b.c".to_owned()), ("d", "d".to_owned())]);
        assert!(template.expression().is_none() && template.has_comments());
        assert_eq!(Template::new("import a\n").unwrap().statements().len(), 0);
    }

    #[test]
    fn spots_are_what_a_match_decides() {
        let literal = |text: &str| Kind::Literal(text.to_owned());
        assert_eq!(
            spots("from m import g\nimport a.b\ng($X, a.b.c, a.d, k='s', g=x.g)\n'$X $$$Y'\n"),
            [
                ("g".to_owned(), Kind::Name(0)),
                ("µX".to_owned(), Kind::Hole(0)),
                ("a.b".to_owned(), Kind::Name(1)),
                ("'s'".to_owned(), Kind::String),
                ("µX".to_owned(), literal("$X")),
                ("µµµY".to_owned(), literal("$$$Y")),
            ]
        );
    }

    #[test]
    fn names_that_it_reads_are_known() {
        let template = Template::new("from m import g\nx = g(y)\n$Z = x\n").unwrap();
        assert_eq!(template.reads().iter().collect::<Vec<_>>(), ["x", "y"]);
    }
}
