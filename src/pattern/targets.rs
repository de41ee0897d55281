//! Attributes and elements, and which of them are given a value.

use tree_sitter::Node;

use crate::pattern::place::around;

/// The attributes and elements in `node`.
pub(crate) fn places(node: Node) -> Vec<Node> {
    let (mut found, mut pending) = (Vec::new(), vec![node]);
    while let Some(inner) = pending.pop() {
        let mut cursor = inner.walk();
        pending.extend(inner.named_children(&mut cursor));
        if matches!(inner.kind(), "attribute" | "subscript") {
            found.push(inner);
        }
    }
    found
}

/// Those that are targets of an assignment, a loop, a `with` or a `del`.
pub(crate) fn set_in<'t>(root: Node<'t>, node: Node<'t>) -> Vec<Node<'t>> {
    places(node).into_iter().filter(|place| is_set(root, *place)).collect()
}

/// True for one that is such a target.
pub(crate) fn is_set(root: Node, node: Node) -> bool {
    let (mut node, around) = (node, around(root, node));
    for parent in around.into_iter().rev() {
        match parent.kind() {
            "as_pattern_target" | "delete_statement" => return true,
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                return parent.child_by_field_name("left") == Some(node);
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" => node = parent,
            "parenthesized_expression" | "tuple" | "list" | "expression_list" => node = parent,
            _ => return false,
        }
    }
    false
}
