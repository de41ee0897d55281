//! How tightly Python's expressions bind, and so where one needs parentheses to stand in the place of another.
//!
//! Answers are about the grammar of the oldest Python 3 still in use, so parentheses that only newer ones can miss are asked for.
//! `a or (b or c)` means what `a or b or c` means: there none are.

use tree_sitter::Node;

use crate::python::grammar::{is_comprehension, is_display};

/// How tightly an expression binds, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// `a, b`
    Sequence,
    /// `yield a`
    Yield,
    /// `a := b`
    Walrus,
    /// `lambda: a` and `a if b else c`
    Test,
    /// `a or b`
    Or,
    /// `a and b`
    And,
    /// `not a`
    Not,
    /// `a < b`
    Comparison,
    /// `a | b`
    BitOr,
    /// `a ^ b`
    BitXor,
    /// `a & b`
    BitAnd,
    /// `a << b`
    Shift,
    /// `a + b`
    Sum,
    /// `a * b`
    Product,
    /// `-a`
    Unary,
    /// `a ** b`
    Power,
    /// `await a`
    Await,
    /// `1`, which cannot have an attribute as it stands
    Integer,
    /// `a.b`, `a(b)`, `a[b]`
    Primary,
    /// A name, a string, anything in brackets.
    Atom,
}

/// How tightly a node binds; what is no expression counts as an atom.
#[must_use]
pub fn rank(node: Node) -> Rank {
    let operator = || node.child_by_field_name("operator").map_or("", |operator| operator.kind());
    match node.kind() {
        "expression_list" | "pattern_list" => Rank::Sequence,
        "yield" => Rank::Yield,
        "named_expression" => Rank::Walrus,
        "lambda" | "conditional_expression" => Rank::Test,
        "boolean_operator" => boolean(operator()),
        "not_operator" => Rank::Not,
        "comparison_operator" => Rank::Comparison,
        "binary_operator" => binary(operator()),
        "unary_operator" => Rank::Unary,
        "await" if is_power(node) => Rank::Power,
        "await" => Rank::Await,
        "integer" => Rank::Integer,
        "attribute" | "call" | "subscript" => Rank::Primary,
        _ => Rank::Atom,
    }
}

/// True for `await a ** b`, which the grammar has as `await (a ** b)`.
fn is_power(node: Node) -> bool {
    let held = named(node, 0).filter(|held| held.kind() == "binary_operator");
    held.and_then(|held| held.child_by_field_name("operator")).is_some_and(|operator| operator.kind() == "**")
}

fn boolean(operator: &str) -> Rank {
    if operator == "or" { Rank::Or } else { Rank::And }
}

fn binary(operator: &str) -> Rank {
    match operator {
        "|" => Rank::BitOr,
        "^" => Rank::BitXor,
        "&" => Rank::BitAnd,
        "<<" | ">>" => Rank::Shift,
        "+" | "-" => Rank::Sum,
        "**" => Rank::Power,
        _ => Rank::Product,
    }
}

/// What binds one step tighter than a binary operator.
fn tighter(rank: Rank) -> Rank {
    match rank {
        Rank::BitOr => Rank::BitXor,
        Rank::BitXor => Rank::BitAnd,
        Rank::BitAnd => Rank::Shift,
        Rank::Shift => Rank::Sum,
        Rank::Sum => Rank::Product,
        _ => Rank::Unary,
    }
}

/// True when an expression of this rank can stand in the place of `place` without parentheses.
#[must_use]
pub fn takes(place: Node, rank: Rank) -> bool {
    let Some(mut parent) = place.parent() else { return true };
    let mut place = place;
    // After a comma the grammar has `*a.b` as `(*a).b`.
    if let Some(outer) = parent.parent().filter(|outer| parent.kind() == "list_splat" && is_operation(*outer, parent)) {
        (place, parent) = (parent, outer);
    }
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == place.id());
    let among = |index: usize| named(parent, index).is_some_and(|child| child.id() == place.id());
    let operator = || parent.child_by_field_name("operator").map_or("", |operator| operator.kind());
    match parent.kind() {
        "attribute" | "await" => rank >= Rank::Primary,
        "call" => is("arguments") || rank >= Rank::Primary,
        "subscript" => rank >= if is("value") { Rank::Primary } else { Rank::Test },
        "unary_operator" => rank >= Rank::Unary,
        "binary_operator" => match (binary(operator()), is("left")) {
            (Rank::Power, true) => rank >= Rank::Await,
            (Rank::Power, false) => rank >= Rank::Unary,
            (own, true) => rank >= own,
            (own, false) => rank >= tighter(own),
        },
        "comparison_operator" => rank >= Rank::BitOr,
        "not_operator" => rank >= Rank::Not,
        "boolean_operator" => rank >= boolean(operator()),
        "conditional_expression" => rank >= if among(2) { Rank::Test } else { Rank::Or },
        "list_splat" | "dictionary_splat" => {
            let argument = parent.parent().is_some_and(|list| list.kind() == "argument_list");
            rank >= if argument { Rank::Test } else { Rank::BitOr }
        }
        "for_in_clause" => is("left") || rank >= Rank::Or,
        "if_clause" => {
            let guard = parent.parent().is_some_and(|clause| clause.kind() == "case_clause");
            rank >= if guard { Rank::Walrus } else { Rank::Or }
        }
        "if_statement"
        | "while_statement"
        | "elif_clause"
        | "argument_list"
        | "list"
        | "set"
        | "tuple"
        | "list_comprehension"
        | "set_comprehension"
        | "generator_expression"
        | "decorator" => rank >= Rank::Walrus,
        "lambda"
        | "keyword_argument"
        | "default_parameter"
        | "typed_default_parameter"
        | "pair"
        | "slice"
        | "type"
        | "assert_statement"
        | "raise_statement"
        | "with_item"
        | "as_pattern"
        | "except_clause"
        | "expression_list" => rank >= Rank::Test,
        "interpolation" | "format_expression" => rank >= Rank::Or,
        "expression_statement" => rank >= Rank::Test || (rank != Rank::Walrus && parent.named_child_count() == 1),
        "assignment" | "augmented_assignment" => !is("right") || rank != Rank::Walrus,
        "return_statement" | "for_statement" => rank == Rank::Sequence || rank >= Rank::Test,
        "yield" => rank >= Rank::Test || (rank == Rank::Sequence && parent.child(1).is_none_or(|from| from.kind() != "from")),
        "match_statement" => rank != Rank::Yield,
        "parenthesized_expression" | "module" | "block" | "delete_statement" => true,
        _ => rank >= Rank::Primary,
    }
}

/// True for an operation on `first`, with which it begins.
fn is_operation(node: Node, first: Node) -> bool {
    let is = |field: &str| node.child_by_field_name(field) == Some(first);
    match node.kind() {
        "attribute" => is("object"),
        "call" => is("function"),
        "subscript" => is("value"),
        "binary_operator" | "boolean_operator" => is("left"),
        "comparison_operator" | "conditional_expression" => node.named_child(0) == Some(first),
        _ => false,
    }
}

/// The named child with this number, comments not counted.
fn named(node: Node, index: usize) -> Option<Node> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").nth(index)
}

/// True for what stands between brackets of its own.
#[must_use]
pub fn is_bracketed(node: Node) -> bool {
    match node.kind() {
        "tuple" => node.child(0).is_some_and(|open| open.kind() == "("),
        "parenthesized_expression" | "argument_list" | "parameters" | "interpolation" => true,
        kind => is_display(kind) || is_comprehension(kind),
    }
}

/// True when a line may end anywhere in the place of `place`, since brackets stand around it; `outer` are the nodes around it, the
/// innermost first.
#[must_use]
pub fn within_brackets<'t>(place: Node<'t>, outer: impl IntoIterator<Item = Node<'t>>) -> bool {
    let mut inner = place;
    for outer in outer {
        let subscript = outer.kind() == "subscript" && outer.child_by_field_name("value").is_none_or(|v| v.id() != inner.id());
        if subscript || is_bracketed(outer) {
            return true;
        }
        if outer.kind() == "block" || outer.kind() == "module" {
            return false;
        }
        inner = outer;
    }
    false
}

/// True when a line ends within `node` where only brackets around it allow that.
#[must_use]
pub fn spills(node: Node, text: &str) -> bool {
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        if is_bracketed(node) || node.kind() == "string" || node.start_position().row == node.end_position().row {
            continue;
        }
        let mut cursor = node.walk();
        let mut end = node.start_byte();
        for child in node.children(&mut cursor) {
            if ends_line(&text[end..child.start_byte()]) {
                return true;
            }
            if node.kind() == "subscript" && child.kind() == "[" {
                end = node.end_byte();
                break;
            }
            end = child.end_byte();
            pending.push(child);
        }
        if ends_line(&text[end..node.end_byte()]) {
            return true;
        }
    }
    false
}

/// True for a gap between tokens with a line ending that no backslash stands before.
fn ends_line(gap: &str) -> bool {
    gap.split_inclusive('\n').any(|line| line.ends_with('\n') && !line.trim_end_matches(['\n', '\r']).ends_with('\\'))
}

#[cfg(test)]
mod tests;
