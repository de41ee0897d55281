//! What one file says of its module: the names it defines, what its classes hold, what it exports and imports.
//!
//! Nothing here does I/O. What the text leaves open stays open: a name may be there though nobody sees it be bound.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::dotted::covers;
use crate::program::functions::{Function, Functions, bound as gives};
use crate::python::imports::{Condition, Import};
use crate::python::names::{Meaning, Names, ScopeKind, Use};
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;

/// What binds names that the text does not have.
const MAKERS: [&str; 2] = ["exec", "vars"];
/// Calls that give the names of a module to whoever writes into them.
const NAMESPACES: [&str; 2] = ["globals", "locals"];
/// Methods that write into a dictionary.
const WRITERS: [&str; 3] = ["update", "setdefault", "__setitem__"];

/// The facts of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// Its dotted name; that of the package for an `__init__.py`.
    pub name: String,
    /// It is a package's own file.
    pub is_package: bool,
    /// The names that it binds, in branches too.
    pub definitions: BTreeMap<String, Definition>,
    /// The names in its `__all__`; `None` when it has none.
    pub exports: Option<BTreeSet<String>>,
    /// The modules that it imports all names from.
    pub stars: Vec<String>,
    /// It may have names that nobody sees: a `__getattr__`, `globals()`, or a place that cannot be read.
    pub open: bool,
    /// The qualified names of all that it imports, in functions too; of a star import the module.
    pub imports: BTreeSet<String>,
    /// What it loads while it is itself imported, in the order of the text.
    pub loads: Vec<Load>,
    /// Where its names are bound first.
    pub bound_at: BTreeMap<String, usize>,
}

/// An import that runs while its module is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Where it ends.
    pub at: usize,
    /// The module that is loaded, or from which names are taken.
    pub module: String,
    /// The names that a from-import takes, which may be modules themselves; none for a plain import.
    pub names: Vec<String>,
    /// It runs whatever happens: it stands in no branch.
    pub sure: bool,
}

/// What a name of a module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// A class.
    Class(Class),
    /// Another module's thing, by its qualified name, whichever branch binds it.
    Imported(String),
    /// A function; of one that several branches define, what holds for all.
    Function(Function),
    /// A variable, or one of several things.
    Other,
}

/// What a class holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class {
    /// Methods, attributes and nested classes that its body binds.
    pub members: BTreeMap<String, Definition>,
    /// It may have others: from a base, a keyword, a decorator, or from its own `__getattr__`.
    pub open: bool,
}

impl Module {
    /// Reads a parsed file whose module is known.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub fn read(file: &Parsed) -> Result<Self, ParseError> {
        let (names, root) = (file.names()?, file.tree()?.root_node());
        let own = file.module().unwrap_or_default();
        let package = own.strip_suffix(".__init__");
        let exported = names.scopes[0].bindings.contains_key("__all__");
        let stars = names.imports.iter().filter(|import| import.star && import.scope == 0);
        let functions = Functions::new(file)?;
        let mut definitions = bound(names, root, &functions, 0);
        // What a function declares `global` and binds is a name of the module.
        let declared = names.scopes.iter().flat_map(|scope| &scope.globals);
        for name in declared {
            definitions.entry((*name).to_owned()).or_insert(Definition::Other);
        }
        let set_from_outside = |name: &str| {
            names
                .uses
                .iter()
                .any(|read| read.name == "setattr" || (read.name == name && read.target && !read.attributes.is_empty()))
        };
        for (name, definition) in &mut definitions {
            if let Definition::Class(class) = definition {
                class.open |= set_from_outside(name);
            }
        }
        let text = file.source().text();
        // With no namespace given, `exec` in a function binds names of that call alone.
        let binds_inside = |names: &Names, root: Node, read: &Use| {
            let in_function = names.scopes[read.scope].kind == ScopeKind::Function;
            let given = |call: Node| call.child_by_field_name("arguments").map_or(0, |given| given.named_child_count());
            read.name == "exec" && in_function && called(root, read).is_some_and(|call| given(call) < 2)
        };
        let made = names.uses.iter().any(|read| {
            let is_namespace = read.called && NAMESPACES.contains(&read.name) && read.attributes.is_empty();
            MAKERS.contains(&read.name) && read.called && !binds_inside(names, root, read)
                || is_namespace && called(root, read).is_none_or(|call| is_written(text, call, true))
                || is_modules(names, read) && modules(root, read).is_none_or(|modules| is_written(text, modules, false))
        });
        Ok(Self {
            name: package.unwrap_or(own).to_owned(),
            is_package: package.is_some(),
            open: made || definitions.contains_key("__getattr__") || root.has_error(),
            definitions,
            exports: exported.then(|| names.exports.iter().map(|name| (*name).to_owned()).collect()),
            stars: stars.filter_map(|star| star.from.as_ref()).map(|from| from.module.clone()).collect(),
            imports: imports(names),
            loads: loads(names),
            bound_at: names.scopes[0]
                .bindings
                .iter()
                .filter_map(|(name, all)| Some(((*name).into(), all.first()?.range.start)))
                .collect(),
        })
    }
}

/// The qualified names of all that a file imports; of a star import the module.
pub(super) fn imports(names: &Names) -> BTreeSet<String> {
    let of = names.imports.iter().flat_map(|import| {
        let module = import.from.iter().filter(|_| import.star).map(|from| from.module.clone());
        module.chain(import.items.iter().map(|item| import.imported(item)))
    });
    of.collect()
}

/// The imports that run while the module of a file is imported, what only a type checker reads aside.
#[must_use]
pub fn loads(names: &Names) -> Vec<Load> {
    let runs = |import: &&Import| {
        let at_once = !names.is_deferred(import.scope, 0) && import.conditional != Some(Condition::TypeChecking);
        at_once && import.from.as_ref().is_none_or(|from| !from.module.starts_with('.'))
    };
    let of = |import: &Import| {
        let (at, sure) = (import.range.end, import.conditional != Some(Condition::If));
        let load = |module: &str, names| Load { at, module: module.to_owned(), names, sure };
        match &import.from {
            Some(from) => vec![load(&from.module, import.items.iter().map(|item| item.name.clone()).collect())],
            None => import.items.iter().map(|item| load(&item.name, Vec::new())).collect(),
        }
    };
    let mut loads: Vec<Load> = names.imports.iter().filter(runs).flat_map(of).collect();
    loads.sort_by_key(|load| load.at);
    loads
}

/// What the scope `owner` binds.
fn bound(names: &Names, root: Node, functions: &Functions, owner: usize) -> BTreeMap<String, Definition> {
    let local = |name: &str| match names.scopes[owner].bindings.get(name).map(Vec::as_slice) {
        Some([only]) => functions.function(only.range.clone()).map(Definition::Function),
        _ => gives(functions, names, owner, name)
            .map(|gives| Definition::Function(Function { takes: None, gives_coroutine: Some(gives) })),
    };
    let define = |name: &str| match names.bound(owner, name) {
        Meaning::Imported(whole) => Definition::Imported(whole),
        Meaning::Local => local(name).unwrap_or(Definition::Other),
        Meaning::Several(_) | Meaning::Unbound { .. } => Definition::Other,
    };
    let mut found: BTreeMap<String, Definition> =
        names.scopes[owner].bindings.keys().map(|name| ((*name).to_owned(), define(name))).collect();
    for (at, scope) in names.scopes.iter().enumerate() {
        let Some(name) = scope.name.filter(|_| scope.kind == ScopeKind::Class && around(names, at) == Some(owner)) else {
            continue;
        };
        let only = names.scopes[owner].bindings.get(name).is_some_and(|bindings| bindings.len() == 1);
        let class = Class { members: bound(names, root, functions, at), open: !only || is_open(root, scope.range.start) };
        let is_open = class.open || class.members.contains_key("__getattr__");
        found.insert(name.to_owned(), Definition::Class(Class { open: is_open, ..class }));
    }
    found
}

/// The scope that a class is a name of.
fn around(names: &Names, class: usize) -> Option<usize> {
    let parent = names.scopes[class].parent?;
    match names.scopes[parent].kind {
        ScopeKind::TypeParameters => names.scopes[parent].parent,
        _ => Some(parent),
    }
}

/// True for a use of `sys.modules`.
fn is_modules(names: &Names, read: &Use) -> bool {
    let is_it = |whole: String| covers("sys.modules", &whole);
    is_it(read.qualified(read.name)) || names.qualified(read).is_some_and(is_it)
}

fn modules<'t>(root: Node<'t>, read: &Use) -> Option<Node<'t>> {
    let last = read.attributes.iter().find(|(name, _)| *name == "modules").map_or(&read.range, |(_, range)| range);
    root.descendant_for_byte_range(read.range.start, last.end)
}

/// The call of a function that is named by itself.
fn called<'t>(root: Node<'t>, read: &Use) -> Option<Node<'t>> {
    root.descendant_for_byte_range(read.range.start, read.range.end)?.parent().filter(|node| node.kind() == "call")
}

/// True when names of a module may be bound through a dictionary, which holds its `own` names or else all modules: by an assignment into
/// it, by a method that writes, or by whoever else gets hold of the module's own names.
fn is_written(text: &str, dictionary: Node, mut own: bool) -> bool {
    let said = |node: Node| text.get(node.byte_range()).unwrap_or("");
    let is =
        |parent: Node, field: &str, node: Node| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
    let mut node = dictionary;
    while let Some(parent) = node.parent() {
        match parent.kind() {
            "subscript" if is(parent, "value", node) => own = !own && said(parent).contains("__name__"),
            "attribute" if is(parent, "object", node) => {
                let name = parent.child_by_field_name("attribute").map(said).unwrap_or_default();
                if WRITERS.contains(&name) {
                    return true;
                }
                own &= name == "__dict__";
            }
            "parenthesized_expression" | "expression_list" | "pattern_list" | "tuple_pattern" | "list_pattern" => {}
            "assignment" | "augmented_assignment" if is(parent, "left", node) => return true,
            "argument_list" => {
                let function = parent.parent().and_then(|call| call.child_by_field_name("function"));
                return own || function.is_some_and(|function| said(function) == "setattr");
            }
            "assignment" | "keyword_argument" | "return_statement" | "named_expression" => return own,
            _ => return false,
        }
        node = parent;
    }
    false
}

/// True for a class with bases, keywords or decorators.
fn is_open(root: Node, class: usize) -> bool {
    let word = root.descendant_for_byte_range(class, class);
    let mut around = std::iter::successors(word, Node::parent);
    let Some(class) = around.find(|node| node.kind() == "class_definition") else { return true };
    let decorated = class.parent().is_some_and(|parent| parent.kind() == "decorated_definition");
    decorated || class.child_by_field_name("superclasses").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::source::Source;

    fn module(name: &str, text: &str) -> Module {
        let source = Source::new(text.as_bytes()).unwrap();
        Module::read(&Parsed::new(&source, Some(name))).unwrap()
    }

    #[test]
    fn a_module_has_what_its_branches_bind_and_what_it_imports() {
        let text = "import os.path\nfrom .x import a, b as c\ntry:\n    import json\nexcept ImportError:\n    json = None\n\
                    if os:\n    def f(): from q import r\nelse:\n    f = 1\nfor i in []: pass\ndef g():\n    global h\n    h = 1\n\
                    __all__ = ['f', 'a']\n";
        let found = module("p.__init__", text);
        let names: Vec<&str> = found.definitions.keys().map(String::as_str).collect();
        assert_eq!(names, ["__all__", "a", "c", "f", "g", "h", "i", "json", "os"]);
        assert_eq!(found.definitions["c"], Definition::Imported("p.x.b".into()));
        assert_eq!(found.definitions["json"], Definition::Other);
        assert_eq!((found.name.as_str(), found.is_package, found.open), ("p", true, false));
        assert_eq!(found.exports, Some(BTreeSet::from(["f".into(), "a".into()])));
        assert_eq!(Vec::from_iter(&found.imports), ["json", "os.path", "p.x.a", "p.x.b", "q.r"]);
    }

    #[test]
    fn a_class_has_its_members_and_is_open_where_others_may_come_from_elsewhere() {
        let text = "class A:\n    RED = 1\n    @staticmethod\n    def make(): x = 2\n    class B:\n        y: int = 1\nclass C(A): pass\n\
                    @d\nclass D: pass\nclass E[T]:\n    z = 1\nclass F:\n    def __getattr__(self, name): pass\n\
                    class G: pass\nG.x = 1\n";
        let found = module("m", text);
        let class = |name: &str| match &found.definitions[name] {
            Definition::Class(class) => class,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(Vec::from_iter(class("A").members.keys()), ["B", "RED", "make"]);
        assert!(matches!(&class("A").members["B"], Definition::Class(class) if class.members.contains_key("y")));
        for (name, open) in [("A", false), ("C", true), ("D", true), ("E", false), ("F", true), ("G", true)] {
            assert_eq!(class(name).open, open, "{name}");
        }
    }

    #[test]
    fn a_module_is_open_where_names_may_come_that_nobody_sees() {
        for (text, open) in [
            ("x = 1\n", false),
            ("def __getattr__(name): pass\n", true),
            ("globals()['f'] = 1\n", true),
            ("import sys\nsys.modules[__name__] = 1\n", true),
            ("import sys as s\ns.modules['x'] = 1\n", true),
            ("from sys import modules\nmodules.update({})\n", true),
            ("import sys\nm = sys.modules\nm['x'], y = 1, 2\n", true),
            ("import sys\nsys.modules.setdefault('x', 1)\n", true),
            ("import sys\nsys.modules[__name__].x = 1\n", true),
            ("import sys\nsetattr(sys.modules['x'], 'y', 1)\n", true),
            ("import sys\nme = sys.modules[__name__]\n", true),
            ("import sys\nattach(sys.modules[__name__].__dict__)\n", true),
            ("globals().update(x=1)\n", true),
            ("g = globals()\n", true),
            ("install(globals())\n", true),
            ("exec('x = 1')\n", true),
            ("def f(x): exec(x)\n", false),
            ("def f(x): exec(x, globals())\n", true),
            ("import sys\ndef g(x): return x in sys.modules\n", false),
            ("import sys\nx = sys.modules['y'].z, sys.modules.get('x')\n", false),
            ("import sys\ndel sys.modules['x']\nfor m in sys.modules: pass\n", false),
            ("import sys\nsorted(sys.modules), sys.modules.pop('x')\n", false),
            ("import sys\nx = getattr(sys.modules['y'], 'z')\n", false),
            ("x = 'f' in globals() and globals()['f'](1) or globals().get('g')\n", false),
            ("class A:\n    modules = {}\nA.modules['x'] = 1\n", false),
            ("x = (\n", true),
        ] {
            assert_eq!(module("m", text).open, open, "{text}");
        }
        assert_eq!(module("m", "from .x import *\n").stars, ["x"]);
        assert_eq!(module("a.m", "from .x import *\n").stars, ["a.x"]);
    }
}
