//! Which functions of a file give a coroutine when they are called, and which surely give none.
//!
//! What cannot be told is not guessed: a decorator may make anything of a function, an `async` generator is not awaited, and a plain
//! function may hand on a coroutine that it got elsewhere.

use std::collections::HashMap;

use tree_sitter::Node;

use crate::python::names::{Meaning, Names};
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;

/// What a plain function may give that can be awaited, as annotations name it.
const AWAITABLE: [&str; 9] = ["Awaitable", "Coroutine", "Future", "Task", "Deferred", "Generator", "Any", "object", "Self"];

/// The functions of a file by the place of their name: true for a coroutine function, false for one whose result cannot be awaited.
pub type Functions = HashMap<usize, bool>;

/// Finds the functions of `file` of which something is known.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub fn functions(file: &Parsed) -> Result<Functions, ParseError> {
    let (text, root) = (file.source().text(), file.tree()?.root_node());
    let mut found = Functions::new();
    let mut cursor = root.walk();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        if node.kind() == "function_definition"
            && let Some(name) = node.child_by_field_name("name")
            && let Some(kind) = kind(node, text)
        {
            found.insert(name.start_byte(), kind);
        }
        pending.extend(node.named_children(&mut cursor));
    }
    Ok(found)
}

/// What is known of calling `name`, which a scope of the file binds; `None` unless every binding is a function of the same kind.
#[must_use]
pub fn bound(functions: &Functions, names: &Names, owner: usize, name: &str) -> Option<bool> {
    let bindings = names.scopes.get(owner)?.bindings.get(name)?;
    let mut kinds = bindings.iter().map(|binding| functions.get(&binding.range.start).copied());
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

/// What the module's own name `name` is: a function of which something is known, or another module's thing under its qualified name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Global {
    /// A function: true when it gives a coroutine.
    Function(bool),
    /// What is imported under that name.
    Imported(String),
}

/// What is known of the module-level name `name` of a file.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub fn global(file: &Parsed, functions: &Functions, name: &str) -> Result<Option<Global>, ParseError> {
    let names = file.names()?;
    Ok(match names.bound(0, name) {
        Meaning::Imported(qualified) => Some(Global::Imported(qualified)),
        Meaning::Local => bound(functions, names, 0, name).map(Global::Function),
        Meaning::Several(_) | Meaning::Unbound { .. } => None,
    })
}

/// What a `def` gives when it is called.
fn kind(def: Node, text: &str) -> Option<bool> {
    if def.parent().is_some_and(|parent| parent.kind() == "decorated_definition") {
        return None;
    }
    let body = def.child_by_field_name("body")?;
    let (mut yields, mut returns) = (false, false);
    let mut cursor = body.walk();
    let mut pending = vec![body];
    while let Some(node) = pending.pop() {
        match node.kind() {
            "function_definition" | "class_definition" | "lambda" => continue,
            "yield" => yields = true,
            "return_statement" => returns |= node.named_child(0).is_some_and(|value| !is_literal(value)),
            _ => {}
        }
        pending.extend(node.named_children(&mut cursor));
    }
    let is_async = def.child(0).is_some_and(|first| first.kind() == "async");
    if is_async {
        return (!yields).then_some(true);
    }
    let awaitable = match def.child_by_field_name("return_type") {
        Some(annotation) => AWAITABLE.iter().any(|word| text[annotation.byte_range()].contains(word)),
        None => returns,
    };
    (yields || !awaitable).then_some(false)
}

fn is_literal(node: Node) -> bool {
    matches!(
        node.kind(),
        "none"
            | "true"
            | "false"
            | "integer"
            | "float"
            | "string"
            | "concatenated_string"
            | "list"
            | "dictionary"
            | "tuple"
            | "set"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::source::Source;

    #[test]
    fn what_a_function_gives_is_told_only_where_it_is_known() {
        for (text, expected) in [
            ("async def f(): return 1\n", Some(true)),
            ("async def f(): yield 1\n", None),
            ("@wraps\nasync def f(): return 1\n", None),
            ("def f(): pass\n", Some(false)),
            ("def f(): return None\n", Some(false)),
            ("def f(): return g()\n", None),
            ("def f() -> int: return g()\n", Some(false)),
            ("def f() -> Awaitable[int]: return g()\n", None),
            ("def f() -> 'asyncio.Task[int]': return g()\n", None),
            ("def f():\n    def g(): return h()\n", Some(false)),
            ("if a:\n    async def f(): pass\nelse:\n    async def f(): pass\n", Some(true)),
            ("async def f(): pass\ndef f(): pass\n", None),
            ("async def f(): pass\nf = g(f)\n", None),
            ("class f: pass\n", None),
        ] {
            let source = Source::new(text.as_bytes()).unwrap();
            let file = Parsed::new(&source, None);
            let functions = functions(&file).unwrap();
            let found = global(&file, &functions, "f").unwrap();
            assert_eq!(found, expected.map(Global::Function), "{text}");
        }
    }

    #[test]
    fn an_imported_name_is_another_modules() {
        let source = Source::new(b"from .x import g as f\n").unwrap();
        let file = Parsed::new(&source, Some("a.b"));
        let found = global(&file, &functions(&file).unwrap(), "f").unwrap();
        assert_eq!(found, Some(Global::Imported("a.x.g".into())));
    }
}
