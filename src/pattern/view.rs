//! How a syntax tree is read for matching: without what has no meaning, such as comments, redundant parentheses and trailing commas.

use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::literal;
use crate::python::grammar;

/// The node behind redundant parentheses.
pub(crate) fn bare(mut node: Node) -> Node {
    loop {
        let redundant = match node.kind() {
            "parenthesized_expression" | "as_pattern_target" => true,
            "tuple_pattern" => node.named_child_count() == 1 && node.child_count() == 3,
            _ => false,
        };
        let Some(inner) = redundant.then(|| only_child(node)).flatten() else { return node };
        node = inner;
    }
}

fn only_child(node: Node) -> Option<Node> {
    let mut cursor = node.walk();
    let mut children = node.named_children(&mut cursor).filter(|child| !is_blank(child));
    children.next().filter(|_| children.next().is_none())
}

fn is_blank(node: &Node) -> bool {
    matches!(node.kind(), "comment" | "line_continuation")
}

/// True for what begins with the `*` of a splat that holds all of it: after a comma the grammar has `*f(1)` as `(*f)(1)`.
fn is_starred(text: &str, node: Node) -> bool {
    let starts = text.as_bytes().get(node.start_byte()) == Some(&b'*');
    // What is shown to the parser as a negation is one too.
    starts && (is_operation(node) || node.kind() == "unary_operator")
}

/// True for the outermost of what is so, which is a splat wherever it is seen from outside.
#[must_use]
pub fn is_splat(text: &str, node: Node) -> bool {
    let is_inner = |outer: Node| outer.start_byte() == node.start_byte() && is_operation(outer);
    is_starred(text, node) && !node.parent().is_some_and(is_inner)
}

/// The place of an expression, without the `*` that such a splat begins with.
#[must_use]
pub fn extent(text: &str, node: Node) -> Range<usize> {
    let range = node.byte_range();
    if !is_starred(text, node) {
        return range;
    }
    let mut at = node;
    while let Some(first) = at.child(0).filter(|_| at.kind() != "list_splat") {
        at = first;
    }
    only_child(at).map_or(range.clone(), |first| first.start_byte()..range.end)
}

/// The `*` that a node begins with.
pub(crate) fn star(node: Node) -> Option<Node> {
    let mut at = node;
    while let Some(first) = at.child(0) {
        at = first;
    }
    (at.kind() == "*").then_some(at)
}

/// True for what begins with one of its operands.
fn is_operation(node: Node) -> bool {
    matches!(
        node.kind(),
        "attribute"
            | "binary_operator"
            | "boolean_operator"
            | "call"
            | "comparison_operator"
            | "conditional_expression"
            | "subscript"
    )
}

/// The `**` that an `await` holds, though it binds looser: the grammar has `await a ** b` as `await (a ** b)`.
#[must_use]
pub fn awaited_power(node: Node) -> Option<Node> {
    let held = only_child(node).filter(|_| node.kind() == "await")?;
    let is_power = held.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "**");
    (is_power && held.kind() == "binary_operator").then_some(held)
}

fn is_awaited_power(node: Node) -> bool {
    node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "**")
        && node.parent().is_some_and(|parent| awaited_power(parent) == Some(node))
}

/// What a node is, the same for all ways to write it.
pub(crate) fn kind<'t>(node: Node<'t>) -> &'t str {
    match node.kind() {
        "pattern_list" | "expression_list" | "tuple_pattern" => "tuple",
        "list_pattern" => "list",
        "list_splat_pattern" => "list_splat",
        "dictionary_splat_pattern" => "dictionary_splat",
        "await" if awaited_power(node).is_some() => "power of await",
        "binary_operator" if is_awaited_power(node) => "awaited power",
        kind => kind,
    }
}

/// The parts of a node that have a meaning: its operators and keywords too, but no brackets and commas.
pub(crate) fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut comma = None;
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            "," => comma = Some(child),
            "(" | ")" | "[" | "]" | "{" | "}" | ";" => {}
            _ if is_blank(&child) => {}
            _ => found.push(child),
        }
    }
    if let Some(first) = found.first_mut()
        && first.kind() == "list_splat"
        && is_operation(node)
    {
        *first = only_child(*first).unwrap_or(*first);
    }
    // `a,` and `a[b,]` are tuples without a node of their own.
    if matches!(node.kind(), "expression_statement" | "subscript") {
        found.extend(comma);
    }
    found
}

/// The statements of a block.
pub(crate) fn statements<'t>(block: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = block.walk();
    block.named_children(&mut cursor).filter(|child| !is_blank(child)).collect()
}

/// At most so many statements of a block, from a place on.
pub(crate) fn statements_from<'t>(block: Node<'t>, start: usize, most: usize) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut cursor = block.walk();
    let mut more = cursor.goto_first_child_for_byte(start).is_some();
    while more && found.len() < most {
        let node = cursor.node();
        if node.is_named() && !is_blank(&node) && node.start_byte() >= start {
            found.push(node);
        }
        more = cursor.goto_next_sibling();
    }
    found
}

/// The arguments of a call or class, without their parentheses.
pub(crate) fn arguments<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    // `f(x for x in y)` has one pair of parentheses for two purposes.
    if node.kind() == "generator_expression" { vec![node] } else { parts(node) }
}

/// What a node without parts says, the same for all ways to write it; `None` for a node with parts. `text` is the node's own.
pub(crate) fn leaf(node: Node, text: &str) -> Option<String> {
    match node.kind() {
        "string" if !has_interpolation(node) => Some(literal::string(text)),
        "string_start" => Some(literal::prefix(text)),
        "string_end" => Some(String::new()),
        "string_content" => Some(literal::content(text, false)),
        "integer" | "float" => Some(literal::number(text)),
        _ if node.child_count() == 0 => Some(text.to_owned()),
        _ => None,
    }
}

fn has_interpolation(node: Node) -> bool {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).any(|child| child.kind() == "interpolation")
}

/// True for a node that is a name, or attributes of one.
pub(crate) fn is_chain(node: Node) -> bool {
    matches!(node.kind(), "identifier" | "attribute" | "dotted_name" | "member_type")
}

/// True for what can stand wherever an expression can.
pub(crate) fn is_expression(node: Node) -> bool {
    let kind = kind(node);
    grammar::is_expression(kind)
        || matches!(kind, "dotted_name" | "generic_type" | "member_type" | "power of await" | "union_type")
}

/// True for what stands in a block.
pub(crate) fn is_statement(node: Node) -> bool {
    grammar::is_statement(node.kind())
}

/// True when both say the same. Both are of the text `text`.
pub(crate) fn equal(text: &str, left: Node, right: Node) -> bool {
    let mut pairs = vec![(left, right)];
    while let Some((left, right)) = pairs.pop() {
        let (left, right) = (bare(left), bare(right));
        if left == right {
            continue;
        }
        if is_splat(text, left) != is_splat(text, right) {
            return false;
        }
        if kind(left) != kind(right) || left.is_error() || left.is_missing() || right.is_missing() {
            return false;
        }
        match (leaf(left, &text[left.byte_range()]), leaf(right, &text[right.byte_range()])) {
            (None, None) => {
                let (left, right) = (parts(left), parts(right));
                if left.len() != right.len() {
                    return false;
                }
                pairs.extend(left.into_iter().zip(right));
            }
            (left, right) if left == right => {}
            _ => return false,
        }
    }
    true
}

/// A node's text for messages: its first line, and no more than can be read at a glance.
#[must_use]
pub fn shown(text: &str, node: Node) -> String {
    const MOST: usize = 60;
    let line = text[node.byte_range()].lines().next().unwrap_or("");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}
