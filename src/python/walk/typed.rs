//! Strings that functions of `typing` take for annotations: `cast("A", x)`, `TypeVar("T", bound="A")`, `TypedDict("D", {"a": "A"})`.

use tree_sitter::Node;

use crate::python::builtins::is_builtin;
use crate::python::grammar::{Field, Kind, child_in, kind_of};
use crate::python::names::Meaning;
use crate::python::walk::annotations::{is_typing, split};
use crate::python::walk::{Quotes, Walk};

impl<'t> Walk<'_, 't, '_> {
    /// Adds the strings among the arguments of such functions to those in annotations.
    pub(super) fn find_typed(&mut self) {
        let stars = self.names.scopes.iter().any(|scope| scope.star);
        if !stars && memchr::memmem::find(self.text.as_bytes(), b"typing").is_none() {
            return;
        }
        for (call, scope) in std::mem::take(&mut self.calls) {
            let (Some(function), Some(arguments)) = (child_in(call, Field::Function), child_in(call, Field::Arguments)) else {
                continue;
            };
            let at = self.names.uses.binary_search_by_key(&function.start_byte(), |read| read.range.start);
            let Ok(read) = at.map(|at| &self.names.uses[at]) else { continue };
            let (name, sure) = match self.names.means(read) {
                Meaning::Imported(whole) if is_typing(split(&whole).0) => (split(&whole).1.to_owned(), true),
                Meaning::Several(choices) => match self.of_typing(read, &choices) {
                    Some((whole, sure)) => (split(&whole).1.to_owned(), sure),
                    None => continue,
                },
                Meaning::Unbound { .. } if !is_builtin(read.name) => (split(&read.qualified(read.name)).1.to_owned(), false),
                Meaning::Imported(_) | Meaning::Local | Meaning::Unbound { .. } => continue,
            };
            let quotes =
                if sure { Quotes::default() } else { Quotes { base: Some(read.range.start), value: true, ..Quotes::default() } };
            let found = annotations(&name, arguments, self.text);
            let strings = found.into_iter().filter(|node| matches!(kind_of(*node), Kind::String | Kind::ConcatenatedString));
            self.strings.extend(strings.map(|node| (node, scope, quotes)));
        }
    }
}

/// The arguments of the function `name` of `typing` that are annotations.
fn annotations<'t>(name: &str, arguments: Node<'t>, text: &str) -> Vec<Node<'t>> {
    let is_annotation = |position: usize, keyword: Option<&str>| match name {
        "cast" => keyword.map_or(position == 0, |keyword| keyword == "typ"),
        "ForwardRef" => keyword.map_or(position == 0, |keyword| keyword == "arg"),
        "assert_type" => keyword.map_or(position == 1, |keyword| keyword == "typ"),
        "NewType" => keyword.map_or(position == 1, |keyword| keyword == "tp"),
        "TypeAliasType" => keyword.map_or(position == 1, |keyword| keyword == "value"),
        "TypeVar" => keyword.map_or(position > 0, |keyword| matches!(keyword, "bound" | "default")),
        "TypedDict" => keyword.map_or(position == 1, |keyword| !matches!(keyword, "total" | "closed")),
        "NamedTuple" => keyword.is_some() || position == 1,
        _ => false,
    };
    let mut found = Vec::new();
    let mut cursor = arguments.walk();
    let given = arguments.named_children(&mut cursor).filter(|child| kind_of(*child) != Kind::Comment);
    for (position, argument) in given.enumerate() {
        let (keyword, value) = match kind_of(argument) {
            Kind::KeywordArgument => {
                let keyword = child_in(argument, Field::Name).map(|name| &text[name.byte_range()]);
                (keyword, child_in(argument, Field::Value))
            }
            _ => (None, Some(argument)),
        };
        let Some(value) = value.map(bare).filter(|_| is_annotation(position, keyword)) else { continue };
        match (name, keyword) {
            ("TypedDict" | "NamedTuple", None) => found.extend(fields(value)),
            _ => found.push(value),
        }
    }
    found
}

/// The annotations in `{"a": A}` or `[("a", A)]`.
fn fields(list: Node) -> Vec<Node> {
    let mut cursor = list.walk();
    let last = |field: Node<'_>| u32::try_from(field.named_child_count()).ok()?.checked_sub(1);
    let children = list.named_children(&mut cursor).filter(|child| matches!(child.kind(), "pair" | "tuple" | "list"));
    children.filter_map(|field| field.named_child(last(field)?).map(bare)).collect()
}

/// What stands in the parentheses around it.
fn bare(node: Node) -> Node {
    let mut node = node;
    while let (Kind::ParenthesizedExpression, Some(inner)) = (kind_of(node), node.named_child(0)) {
        node = inner;
    }
    node
}
