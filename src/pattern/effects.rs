//! What of a file's code does something when it is evaluated, so that it matters when and how often that happens.
//!
//! Names, attributes, elements and literals do nothing, nor do displays and operators of these: an operator of a class's own could,
//! but nobody who reads the code expects it. Neither does what a lambda holds, until it is called.

use tree_sitter::Node;

use crate::python::grammar::is_comprehension;

/// The first part of a node, in the order of the text, that does something.
pub(crate) fn effect(node: Node) -> Option<Node> {
    let mut pending = vec![node];
    while let Some(inner) = pending.pop() {
        match inner.kind() {
            "call" | "await" | "yield" | "named_expression" => return Some(inner),
            // They take from what they go through.
            kind if is_comprehension(kind) => return Some(inner),
            "lambda" => pending.extend(inner.child_by_field_name("parameters")),
            _ => {
                let from = pending.len();
                let mut cursor = inner.walk();
                pending.extend(inner.named_children(&mut cursor));
                pending[from..].reverse();
            }
        }
    }
    None
}

/// True for a statement that neither does nor binds anything, such as `pass` or a text that stands alone.
pub(crate) fn is_idle(statement: Node) -> bool {
    match statement.kind() {
        "pass_statement" | "global_statement" | "nonlocal_statement" => true,
        "expression_statement" => {
            let mut cursor = statement.walk();
            let mut children = statement.named_children(&mut cursor);
            children.all(|child| !matches!(child.kind(), "assignment" | "augmented_assignment") && effect(child).is_none())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::parsed::Parsed;
    use crate::python::source::Source;

    #[test]
    fn what_does_something_is_told_from_what_is_only_looked_at() {
        for (text, wanted) in [
            ("a", None),
            ("a.b[c].d", None),
            ("[1, 'b', {c: d, **e}, (f, *g)]", None),
            ("a + -b if not c else d < e and f", None),
            ("f'{a} b'", None),
            ("lambda a: b(a)", None),
            ("a[b(c)].d", Some("b(c)")),
            ("lambda a=b(): a", Some("b()")),
            ("f'{a()} b'", Some("a()")),
            ("a or await b", Some("await b")),
            ("(a, (b := c), d())", Some("b := c")),
            ("(yield)", Some("yield")),
            ("[a for a in b]", Some("[a for a in b]")),
            ("{**a, 'b': (c for c in d)}", Some("(c for c in d)")),
        ] {
            let source = Source::new(text.as_bytes()).unwrap();
            let file = Parsed::new(&source, None);
            let found = effect(file.tree().unwrap().root_node());
            assert_eq!(found.map(|node| &text[node.byte_range()]), wanted, "{text}");
        }
    }

    #[test]
    fn what_neither_does_nor_binds_is_idle() {
        for (text, wanted) in [
            ("pass", true),
            ("'a text'", true),
            ("...", true),
            ("global a", true),
            ("a.b", true),
            ("a()", false),
            ("a = b", false),
            ("a += 1", false),
            ("a: int", false),
            ("import a", false),
            ("del a", false),
            ("if a: pass", false),
        ] {
            let source = Source::new(text.as_bytes()).unwrap();
            let file = Parsed::new(&source, None);
            assert_eq!(is_idle(file.tree().unwrap().root_node().named_child(0).unwrap()), wanted, "{text}");
        }
    }
}
