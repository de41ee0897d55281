//! What the functions of a file take, which give a coroutine when they are called, and which surely give none.
//!
//! What cannot be told is not guessed: a decorator may make anything of a function, an `async` generator is not awaited, and a plain
//! function may hand on a coroutine that it got elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

use crate::program::signature::Parameters;
use crate::python::names::Names;
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;

/// What a plain function may give that can be awaited, as annotations name it.
const AWAITABLE: [&str; 9] = ["Awaitable", "Coroutine", "Future", "Task", "Deferred", "Generator", "Any", "object", "Self"];

/// What is known of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// What it takes, when it is called through its module or class; `None` when that is not known.
    pub takes: Option<Parameters>,
    /// Whether calling it gives a coroutine; `None` when that is not known.
    pub gives_coroutine: Option<bool>,
}

/// The functions of a file, each looked at when first asked for.
pub struct Functions<'t> {
    root: Node<'t>,
    text: &'t str,
    known: RefCell<HashMap<usize, Option<bool>>>,
}

impl<'t> Functions<'t> {
    /// Those of `file`.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub fn new(file: &'t Parsed<'_>) -> Result<Self, ParseError> {
        Ok(Self { root: file.tree()?.root_node(), text: file.source().text(), known: RefCell::default() })
    }

    /// Whether calling the function whose name stands there gives a coroutine: false when what it gives cannot be awaited, `None` when
    /// there is no function, or it is not known.
    #[must_use]
    pub fn at(&self, name: Range<usize>) -> Option<bool> {
        let known = self.known.borrow().get(&name.start).copied();
        known.unwrap_or_else(|| {
            let found = self.def(name.clone()).and_then(|def| kind(def, self.text));
            self.known.borrow_mut().insert(name.start, found);
            found
        })
    }

    /// What the function whose name stands there takes and gives; `None` when there is none.
    #[must_use]
    pub fn function(&self, name: Range<usize>) -> Option<Function> {
        let def = self.def(name.clone())?;
        Some(Function { takes: Parameters::read(def, self.text), gives_coroutine: self.at(name) })
    }

    /// The `def` whose name stands there.
    fn def(&self, name: Range<usize>) -> Option<Node<'t>> {
        let name = self.root.descendant_for_byte_range(name.start, name.end)?;
        let def = name.parent().filter(|def| def.kind() == "function_definition")?;
        (def.child_by_field_name("name") == Some(name)).then_some(def)
    }

    /// Takes it as known what calling the function gives whose name begins there.
    pub fn learn(&self, name: usize, gives_coroutine: bool) {
        self.known.borrow_mut().insert(name, Some(gives_coroutine));
    }
}

/// The functions of a file by where their names stand, each with the `def` and the classes and functions around it: `A.f`.
#[must_use]
pub fn definitions<'t>(root: Node<'t>, text: &str) -> Vec<(String, Node<'t>)> {
    let mut found = Vec::new();
    let mut paths = vec![String::new()];
    let mut pending = vec![(0, root)];
    while let Some((mut around, node)) = pending.pop() {
        let is_def = node.kind() == "function_definition";
        if (is_def || node.kind() == "class_definition")
            && let Some(name) = node.child_by_field_name("name")
        {
            paths.push(format!("{}.{}", paths[around], &text[name.byte_range()]));
            around = paths.len() - 1;
            found.extend(is_def.then(|| (paths[around].clone(), node)));
        }
        pending.extend(node.named_children(&mut node.walk()).map(|child| (around, child)));
    }
    found
}

/// True for an `async def`.
#[must_use]
pub fn is_async(def: Node) -> bool {
    def.child(0).is_some_and(|first| first.kind() == "async")
}

/// What is known of calling `name`, which a scope of the file binds; `None` unless every binding is a function of the same kind.
#[must_use]
pub fn bound(functions: &Functions, names: &Names, owner: usize, name: &str) -> Option<bool> {
    let bindings = names.scopes.get(owner)?.bindings.get(name)?;
    let mut kinds = bindings.iter().map(|binding| functions.at(binding.range.clone()));
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

/// What a `def` gives when it is called.
fn kind(def: Node, text: &str) -> Option<bool> {
    if def.parent().is_some_and(|parent| parent.kind() == "decorated_definition") {
        return None;
    }
    let body = def.child_by_field_name("body")?;
    let (mut yields, mut returns) = (false, false);
    // A parameter that is given back as it came is taken for the plain value that most are.
    let parameters = def.child_by_field_name("parameters").map_or_else(Vec::new, |list| parameters(list, text));
    let is_own = |value: Node| value.kind() == "identifier" && parameters.contains(&&text[value.byte_range()]);
    let mut cursor = body.walk();
    'walk: loop {
        let node = cursor.node();
        let is_inner = matches!(node.kind(), "function_definition" | "class_definition" | "lambda");
        match node.kind() {
            "yield" => yields = true,
            "return_statement" => {
                returns |= node.named_child(0).is_some_and(|value| !is_plain(value) && !is_own(value));
            }
            // It may be another value by then.
            "assignment" | "named_expression" | "for_statement" | "as_pattern" => {
                let target = node.child_by_field_name("left").or(node.child_by_field_name("name")).unwrap_or(node);
                returns |= target.kind() != "attribute" && parameters.iter().any(|own| text[target.byte_range()].contains(own));
            }
            _ => {}
        }
        if !is_inner && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                break 'walk;
            }
        }
    }
    if is_async(def) {
        return (!yields).then_some(true);
    }
    let awaitable = match def.child_by_field_name("return_type") {
        Some(annotation) => AWAITABLE.iter().any(|word| text[annotation.byte_range()].contains(word)),
        None => returns,
    };
    (yields || !awaitable).then_some(false)
}

/// The names of parameters that have neither a default nor an annotation.
fn parameters<'s>(list: Node, text: &'s str) -> Vec<&'s str> {
    let mut cursor = list.walk();
    let names = list.named_children(&mut cursor).filter(|child| child.kind() == "identifier");
    names.map(|name| &text[name.byte_range()]).collect()
}

/// True for a value that is no coroutine, whatever its parts are.
fn is_plain(node: Node) -> bool {
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
            | "binary_operator"
            | "unary_operator"
            | "not_operator"
            | "comparison_operator"
            | "list_comprehension"
            | "dictionary_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "lambda"
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
            ("def f(x): return x\n", Some(false)),
            ("def f(x):\n    x = g(x)\n    return x\n", None),
            ("def f(x): return x + g()\n", Some(false)),
            ("def f(x): return [g(x)]\n", Some(false)),
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
            let found = bound(&Functions::new(&file).unwrap(), file.names().unwrap(), 0, "f");
            assert_eq!(found, expected, "{text}");
        }
    }
}
