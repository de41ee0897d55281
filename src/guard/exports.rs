//! Names that `__all__` exports and that the module does not bind any more: a star import of it would fail.
//!
//! Read are the texts in lists and tuples that stand in the statements themselves. What `__all__` gets from elsewhere, or loses by
//! `remove`, is not known, and nothing that only a run can tell is doubted.

use tree_sitter::Node;

use crate::guard::{Context, Finding};
use crate::plan::guards::Guard;
use crate::python::names::{Meaning, Names};
use crate::python::parsed::Parsed;

/// Names that `__all__` of `after` holds and that only `before` binds, each once.
pub(super) fn unbound(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    let (Ok(old), Ok(new), Ok(tree)) = (before.names(), after.names(), after.tree()) else { return Vec::new() };
    let is_bound = |names: &Names, name: &str| names.meaning(0, name) != Meaning::Unbound { star: false };
    // Such a module gives names that it does not bind.
    let gives_others = new.scopes[0].bindings.contains_key("__getattr__")
        || new.uses.iter().any(|read| matches!(read.name, "exec" | "execfile" | "globals" | "vars"));
    if gives_others || !old.exports.iter().any(|name| is_bound(old, name) && !is_bound(new, name)) {
        return Vec::new();
    }
    let text = after.source().text();
    let Some(mut exported) = exported(tree.root_node(), text) else { return Vec::new() };
    exported.sort_by_key(|(name, at)| (*name, *at));
    exported.dedup_by_key(|(name, _)| *name);
    let is_lost = |name: &str| is_bound(old, name) && !is_bound(new, name) && !is_submodule(old, before.module(), name);
    let lost = exported.into_iter().filter(|(name, _)| is_lost(name));
    let finding = |(name, at): (&str, usize)| {
        let help = format!("keep what bound {name}, or take it out of `__all__`");
        context.finding(Guard::Exports, after.source(), at, format!("`__all__` names {name}, which nothing binds any more"), help)
    };
    lost.map(finding).collect()
}

/// The texts that the module's statements put into `__all__`, with where; `None` where one is taken out again.
fn exported<'t>(root: Node, text: &'t str) -> Option<Vec<(&'t str, usize)>> {
    let is_all = |node: Option<Node>| node.is_some_and(|node| &text[node.byte_range()] == "__all__");
    let mut found = Vec::new();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "function_definition" | "class_definition" | "lambda" => {}
            "assignment" | "augmented_assignment" if is_all(field("left")) => {
                found.extend(field("right").into_iter().flat_map(|right| texts(right, text)));
            }
            "call" if field("function").is_some_and(|function| is_all(function.child_by_field_name("object"))) => {
                let method = field("function").and_then(|function| function.child_by_field_name("attribute"));
                match method.map(|method| &text[method.byte_range()]) {
                    Some("append" | "extend" | "insert") => {
                        found.extend(field("arguments").into_iter().flat_map(|list| texts(list, text)));
                    }
                    Some("remove" | "pop" | "clear") => return None,
                    _ => {}
                }
            }
            _ => pending.extend(node.named_children(&mut node.walk())),
        }
    }
    Some(found)
}

/// The texts that are elements of what an expression makes.
fn texts<'t>(node: Node, text: &'t str) -> Vec<(&'t str, usize)> {
    let mut found = Vec::new();
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        match node.kind() {
            "string" => {
                let content = node.named_children(&mut node.walk()).find(|part| part.kind() == "string_content");
                found.extend(content.map(|content| (&text[content.byte_range()], node.start_byte())));
            }
            "list" | "tuple" | "set" | "expression_list" | "parenthesized_expression" | "argument_list" | "binary_operator" => {
                pending.extend(node.named_children(&mut node.walk()));
            }
            // `list([...])` and its like; `"a b".split()` has no elements here.
            "call" if node.child_by_field_name("function").is_some_and(|function| function.kind() == "identifier") => {
                pending.extend(node.child_by_field_name("arguments"));
            }
            _ => {}
        }
    }
    found
}

/// True when a name stood for a module of the package itself, which a star import finds without it.
fn is_submodule(names: &Names, module: Option<&str>, name: &str) -> bool {
    let Some(package) = module.and_then(|module| module.strip_suffix("__init__")) else { return false };
    names.bound(0, name) == Meaning::Imported(format!("{package}{name}"))
}
