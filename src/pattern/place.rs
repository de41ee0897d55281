//! What stands around a node, and whether that and the node itself meet the conditions of a plan.

use std::ops::Range;

use regex::Regex;
use tree_sitter::Node;

use crate::pattern::constraint::{Constraint, ExpressionKind, Place};
use crate::pattern::view::{awaited_power, bare, extent, kind};
use crate::python::grammar::{is_comprehension, is_display, is_literal};

/// The nodes around `node`, outermost first.
pub(crate) fn around<'t>(root: Node<'t>, node: Node<'t>) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut at = root;
    while at != node {
        found.push(at);
        let Some(next) = at.child_with_descendant(node) else { break };
        at = next;
    }
    found
}

/// A constraint with its expressions compiled.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    constraint: Constraint,
    regex: Option<Regex>,
    not_regex: Option<Regex>,
}

impl Conditions {
    /// Compiles the expressions.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(crate) fn new(constraint: &Constraint) -> Result<Self, String> {
        let compile = |pattern: &Option<String>| {
            let compiled = pattern.as_ref().map(|pattern| Regex::new(pattern)).transpose();
            compiled.map_err(|error| {
                let text = error.to_string();
                text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("").trim().trim_start_matches("error: ").to_owned()
            })
        };
        let (regex, not_regex) = (compile(&constraint.regex)?, compile(&constraint.not_regex)?);
        Ok(Self { constraint: constraint.clone(), regex, not_regex })
    }

    /// Why `nodes` do not meet them; `None` when they do.
    pub(crate) fn refuses<'t>(&self, text: &str, root: Node<'t>, nodes: &[Node<'t>]) -> Option<String> {
        let Constraint { kind, awaited, inside, not_inside, .. } = &self.constraint;
        let start = nodes.first().map_or(0, |node| if nodes.len() == 1 { extent(text, *node).start } else { node.start_byte() });
        let range = start..nodes.last().map_or(0, Node::end_byte);
        let written = &text[range];
        if self.regex.as_ref().is_some_and(|regex| !regex.is_match(written)) {
            return Some(format!("does not match the regular expression {}", self.constraint.regex.as_deref().unwrap_or("")));
        }
        if self.not_regex.as_ref().is_some_and(|regex| regex.is_match(written)) {
            return Some(format!("matches the regular expression {}", self.constraint.not_regex.as_deref().unwrap_or("")));
        }
        if !kind.is_empty() && !nodes.iter().all(|node| kind.iter().any(|kind| is_kind(*node, *kind))) {
            let kinds: Vec<&str> = kind.iter().map(|kind| kind.word()).collect();
            return Some(format!("is not of the kind {}", kinds.join(" or ")));
        }
        if awaited.is_none() && inside.is_empty() && not_inside.is_empty() {
            return None;
        }
        let node = *nodes.first()?;
        let around = around(root, node);
        if let Some(wanted) = awaited
            && is_awaited(&around, node) != *wanted
        {
            return Some(if *wanted { "is not awaited".to_owned() } else { "is awaited".to_owned() });
        }
        if let Some(place) = inside.iter().find(|place| !is_inside(text, &around, node.byte_range(), **place)) {
            return Some(format!("is not inside {}", name(*place)));
        }
        let place = not_inside.iter().find(|place| is_inside(text, &around, node.byte_range(), **place))?;
        Some(format!("is inside {}", name(*place)))
    }
}

fn is_awaited(around: &[Node], node: Node) -> bool {
    let mut outer = around.iter().rev().filter(|around| around.kind() != "parenthesized_expression");
    match (outer.next(), outer.next()) {
        (Some(first), Some(second)) if awaited_power(*second) == Some(*first) => {
            first.child_by_field_name("left").is_some_and(|left| contains(&left.byte_range(), &node.byte_range()))
        }
        (first, _) => first.is_some_and(|first| first.kind() == "await" && awaited_power(*first).is_none()),
    }
}

fn is_kind(node: Node, wanted: ExpressionKind) -> bool {
    let kind = kind(bare(node));
    match wanted {
        ExpressionKind::Name => kind == "identifier",
        ExpressionKind::Attribute => kind == "attribute",
        ExpressionKind::Subscript => kind == "subscript",
        ExpressionKind::Call => kind == "call",
        ExpressionKind::String => matches!(kind, "string" | "concatenated_string"),
        ExpressionKind::Number => matches!(kind, "integer" | "float"),
        ExpressionKind::Literal => is_literal(kind),
        ExpressionKind::Await => kind == "await",
        ExpressionKind::Lambda => kind == "lambda",
        ExpressionKind::Collection => is_display(kind) || is_comprehension(kind),
    }
}

fn name(place: Place) -> &'static str {
    match place {
        Place::AsyncDef => "an async function",
        Place::Def => "a function",
        Place::Class => "a class",
        Place::Loop => "a loop",
        Place::Try => "a `try`",
        Place::With => "a `with`",
        Place::Test => "a test",
    }
}

/// Whether a node at `range` with these nodes around it is inside a place.
fn is_inside(text: &str, around: &[Node], range: Range<usize>, place: Place) -> bool {
    let body = |node: &Node| node.child_by_field_name("body").is_some_and(|body| contains(&body.byte_range(), &range));
    let is_function = |node: &Node| matches!(node.kind(), "function_definition" | "lambda") && body(node);
    let is_class = |node: &Node| node.kind() == "class_definition" && body(node);
    let function = around.iter().rposition(is_function);
    let same = &around[function.map_or(0, |at| at + 1)..];
    match place {
        // What stands in a class of its own runs there, where nothing can be awaited.
        Place::AsyncDef => function.is_some_and(|at| is_async(around[at])) && !same.iter().any(is_class),
        Place::Def => around.iter().any(|node| node.kind() == "function_definition" && body(node)),
        Place::Class => around.iter().any(is_class),
        Place::Loop => same.iter().any(|node| matches!(node.kind(), "for_statement" | "while_statement") && body(node)),
        Place::Try => same.iter().any(|node| node.kind() == "try_statement" && body(node)),
        Place::With => same.iter().any(|node| node.kind() == "with_statement" && body(node)),
        Place::Test => around.iter().any(|node| is_test(text, *node)),
    }
}

pub(crate) fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn is_async(function: Node) -> bool {
    function.child(0).is_some_and(|first| first.kind() == "async")
}

fn is_test(text: &str, node: Node) -> bool {
    let named = |prefix: &str| node.child_by_field_name("name").is_some_and(|name| text[name.byte_range()].starts_with(prefix));
    let derived = || {
        let bases = node.child_by_field_name("superclasses");
        bases.is_some_and(|bases| {
            let mut cursor = bases.walk();
            bases.named_children(&mut cursor).any(|base| text[base.byte_range()].ends_with("TestCase"))
        })
    };
    match node.kind() {
        "function_definition" => named("test"),
        "class_definition" => named("Test") || derived(),
        _ => false,
    }
}
