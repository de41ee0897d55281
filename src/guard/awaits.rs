//! Calls whose result was a plain value and is a coroutine now, which nobody awaits; and an `await` of what is none any more.
//!
//! A coroutine that is handed on (returned, yielded, put into a collection, given to `gather`) is somebody else's to await.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use crate::guard::calls::{Calls, Lines, call_of, origins};
use crate::guard::{Context, Finding, subtract};
use crate::pattern::holes::Holed;
use crate::plan::guards::Guard;
use crate::program::functions::{Functions, bound, definitions, is_async};
use crate::program::lookup::find;
use crate::python::names::{Meaning, Names, ScopeKind, Use};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::Step;

/// What becomes of the value of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate<'t> {
    /// It is awaited.
    Awaited,
    /// It is used as the plain value that a coroutine is not.
    Plain(&'static str),
    /// A name stands for it from now on.
    Named(Node<'t>),
    /// It is handed on.
    Passed,
}

/// A call that is wrong if what it calls is, or is not, a coroutine function.
struct Suspect {
    /// What it calls, as it is written.
    written: String,
    /// True when the call is wrong for a coroutine function, false when it is wrong for any other.
    wrong_if: bool,
    /// What becomes of it.
    why: &'static str,
    at: usize,
    /// Its line, by number.
    line: usize,
}

/// Whether calling what has a name gives a coroutine; `None` when that is not known.
type Known<'k> = &'k dyn Fn(&str) -> Option<bool>;

/// Calls that `after` has wrong and `before` had not.
pub(super) fn changed(before: &Parsed, after: &Parsed, calls: &Calls, context: &Context) -> Vec<Finding> {
    let awaited = awaited_by_rules(context);
    // Asking is dear, and a file calls the same thing many times.
    let asked: RefCell<HashMap<String, Option<bool>>> = RefCell::default();
    let known = |name: &str| {
        if awaited.contains(name) {
            return Some(true);
        }
        let mut asked = asked.borrow_mut();
        match asked.get(name) {
            Some(known) => *known,
            None => *asked
                .entry(name.to_owned())
                .or_insert(find(context.files, name).callee().and_then(|function| function.gives_coroutine)),
        }
    };
    let origins = origins(context.rules);
    let was = |name: &str| origins.get(name).and_then(|from| known(from));
    // What is known of a function is asked only for calls that came in: for all others it cannot have changed.
    let is_new = |name: &str, line: usize| calls.is_new(name, line);
    let turned = Turned { functions: turned(before, after), lines: calls.old_lines };
    let found = wrong(after, calls.new_lines(), (&known, &was), &is_new, &turned);
    if found.is_empty() {
        return Vec::new();
    }
    let old = wrong(before, calls.old(), (&known, &|_| None), &|_, _| true, &Turned::default());
    let found = subtract(found, &old, |suspect| (suspect.written.clone(), suspect.wrong_if, suspect.line));
    let finding = |Suspect { written, wrong_if, why, at, .. }: Suspect| {
        let (message, help) = match wrong_if {
            true => (
                format!("{written} is a coroutine function, and {why}"),
                format!("write `await {written}(…)` in an `async def`, or hand the coroutine to something that runs it"),
            ),
            false => (
                format!("`await` of {written}, which is a plain function"),
                format!("remove the `await`, or let {written} be a coroutine function"),
            ),
        };
        context.finding(Guard::Awaitedness, after.source(), at, message, help)
    };
    found.into_iter().map(finding).collect()
}

/// The functions of a file that the change made another kind of.
#[derive(Default)]
struct Turned {
    /// By where their names stand; true for one that gives a coroutine now.
    functions: HashMap<usize, bool>,
    /// The numbers of lines that were there before are below this one.
    lines: usize,
}

/// The functions that became coroutine functions, or plain ones that give what they gave when they were awaited.
fn turned(before: &Parsed, after: &Parsed) -> HashMap<usize, bool> {
    let (Ok(old), Ok(new)) = (before.tree(), after.tree()) else { return HashMap::new() };
    let (old_text, new_text) = (before.source().text(), after.source().text());
    let mut known: HashMap<String, Vec<Node>> = HashMap::new();
    for (name, def) in definitions(old.root_node(), old_text) {
        known.entry(name).or_default().push(def);
    }
    let mut found = HashMap::new();
    for (path, def) in definitions(new.root_node(), new_text) {
        let (Some([was]), Some(name)) = (known.get(&path).map(Vec::as_slice), def.child_by_field_name("name")) else { continue };
        let is_decorated =
            [def, *was].iter().any(|def| def.parent().is_some_and(|parent| parent.kind() == "decorated_definition"));
        if is_decorated || is_async(*was) == is_async(def) {
            continue;
        }
        let (gave, gives) = (given(*was, old_text), given(def, new_text));
        if let (Some(gave), Some(gives)) = (gave, gives)
            && (is_async(def) || gives.is_subset(&gave))
        {
            found.insert(name.start_byte(), is_async(def));
        }
    }
    found
}

/// What the function returns, as it is written; `None` for a generator.
fn given<'t>(def: Node, text: &'t str) -> Option<HashSet<&'t str>> {
    let mut found = HashSet::new();
    let mut pending = vec![def.child_by_field_name("body")?];
    while let Some(node) = pending.pop() {
        match node.kind() {
            "function_definition" | "class_definition" | "lambda" => continue,
            "yield" => return None,
            "return_statement" => found.extend(node.named_child(0).map(|value| &text[value.byte_range()])),
            _ => {}
        }
        pending.extend(node.named_children(&mut node.walk()));
    }
    Some(found)
}

/// The calls that are wrong; of imported functions only where `is_new` says so of the name and the line. `was` says of a name what is
/// known of the one that a rename put it in the place of: where both are the same, a wrong call was as wrong before.
fn wrong(
    file: &Parsed,
    lines: &Lines,
    (known, was): (Known, Known),
    is_new: &dyn Fn(&str, usize) -> bool,
    turned: &Turned,
) -> Vec<Suspect> {
    let (Ok(tree), Ok(names), Ok(functions)) = (file.tree(), file.names(), Functions::new(file)) else { return Vec::new() };
    turned.functions.iter().for_each(|(name, gives)| functions.learn(*name, *gives));
    let text = file.source().text();
    let mut found = Vec::new();
    for read in names.uses.iter().filter(|read| read.called && !read.quoted) {
        // Most calls are of what nothing is known of: looking for their places would take most of the time.
        let line = lines.of(file, read.range.start);
        let known = |name: &str| if is_new(name, line) { known(name) } else { None };
        let Some(gives) = gives_coroutine(read, names, &functions, &known) else { continue };
        let Some(call) = call_of(tree.root_node(), read) else { continue };
        let was = names.qualified(read).and_then(|name| was(&name));
        if was == Some(gives) {
            continue;
        }
        let fate = fate(call, text);
        let (wrong_if, why) = match fate {
            Fate::Awaited => (false, ""),
            Fate::Plain(why) => (true, why),
            Fate::Named(_) => (true, "the name it is given is never awaited"),
            Fate::Passed if was == Some(false) => (true, "what stood here gave a plain value"),
            // Where the line is another now, the coroutine may be meant.
            Fate::Passed if line < turned.lines && is_operand(call) && has_turned(read, names, turned) => {
                (true, "it was a plain function when this line was written")
            }
            Fate::Passed => continue,
        };
        if gives != wrong_if {
            continue;
        }
        if let Fate::Named(name) = fate
            && !is_never_awaited(tree.root_node(), names, read.scope, &text[name.byte_range()], text)
        {
            continue;
        }
        let (at, written) = (read.range.start, read.qualified(read.name));
        found.push(Suspect { written, wrong_if, why, at, line });
    }
    found
}

/// What a person does with a coroutine who knows that it is one.
const OF_COROUTINES: [&str; 4] = ["close", "send", "throw", "__await__"];

/// What becomes of the value of `node`.
fn fate<'t>(node: Node<'t>, text: &str) -> Fate<'t> {
    let mut node = node;
    while let Some(parent) = node.parent() {
        let is = |field: &str| parent.child_by_field_name(field) == Some(node);
        return match parent.kind() {
            "parenthesized_expression" => {
                node = parent;
                continue;
            }
            "conditional_expression" if parent.named_child(1) != Some(node) => {
                node = parent;
                continue;
            }
            "await" => Fate::Awaited,
            "expression_statement" => Fate::Plain("nobody awaits it"),
            "attribute" if is_of_coroutines(parent, text) => Fate::Passed,
            "attribute" => Fate::Plain("an attribute is read from what it gives"),
            "subscript" if is("value") => Fate::Plain("an item is taken from what it gives"),
            "call" if is("function") => Fate::Plain("what it gives is called"),
            "comparison_operator" => Fate::Plain("what it gives is compared"),
            "boolean_operator" | "not_operator" | "conditional_expression" | "assert_statement" => {
                Fate::Plain("what it gives is tested")
            }
            "if_statement" | "elif_clause" | "while_statement" if is("condition") => Fate::Plain("what it gives is tested"),
            "assignment" if is("right") => match parent.child_by_field_name("left") {
                Some(left) if left.kind() == "identifier" => Fate::Named(left),
                _ => Fate::Passed,
            },
            _ => Fate::Passed,
        };
    }
    Fate::Passed
}

fn is_of_coroutines(attribute: Node, text: &str) -> bool {
    let name = attribute.child_by_field_name("attribute");
    name.is_some_and(|name| OF_COROUTINES.contains(&&text[name.byte_range()]))
}

/// True when a function's own name is used, if at all, only as the plain value that a coroutine is not.
fn is_never_awaited(root: Node, names: &Names, scope: usize, name: &str, text: &str) -> bool {
    let Some(owner) = names.resolve(scope, name) else { return false };
    if owner != scope || names.scopes[owner].kind != ScopeKind::Function {
        return false;
    }
    let mut uses = names.uses.iter().filter(|read| read.name == name && names.resolve(read.scope, name) == Some(owner));
    uses.all(|read| {
        let Some(node) = root.descendant_for_byte_range(read.range.start, read.range.end) else { return false };
        matches!(fate(node, text), Fate::Plain(_))
    })
}

/// True where what a call gives is used at once: as an argument, or in a computation.
fn is_operand(call: Node) -> bool {
    let parent = call.parent().map_or("", |parent| parent.kind());
    matches!(parent, "argument_list" | "keyword_argument" | "binary_operator" | "unary_operator" | "interpolation")
}

/// True when a call is of a function of the file that the change made a coroutine function.
fn has_turned(read: &Use, names: &Names, turned: &Turned) -> bool {
    let bindings = own(read, names).and_then(|(owner, name)| names.scopes[owner].bindings.get(name));
    bindings.is_some_and(|bindings| bindings.iter().all(|binding| turned.functions.get(&binding.range.start) == Some(&true)))
}

/// Whether a call gives a coroutine, where that is known.
fn gives_coroutine(read: &Use, names: &Names, functions: &Functions, known: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    match names.means(read) {
        Meaning::Imported(name) => known(&name),
        Meaning::Local => own(read, names).and_then(|(owner, name)| bound(functions, names, owner, name)),
        Meaning::Several(_) | Meaning::Unbound { .. } => None,
    }
}

/// The scope and the name of what a call calls, where the file may bind it itself: a name, or a method of the class around.
fn own<'a>(read: &Use<'a>, names: &Names) -> Option<(usize, &'a str)> {
    match read.attributes.as_slice() {
        [] => Some((names.resolve(read.scope, read.name)?, read.name)),
        [(method, _)] if matches!(read.name, "self" | "cls") => {
            let mut around = read.scope;
            while names.scopes.get(around)?.kind != ScopeKind::Class {
                around = names.scopes[around].parent?;
            }
            Some((around, *method))
        }
        _ => None,
    }
}

/// The qualified names that what a rule writes awaits directly.
fn awaited_by_rules(context: &Context) -> HashSet<String> {
    let mut found = HashSet::new();
    for (_, step) in context.rules {
        let Step::Rewrite(rewrite) = step else { continue };
        let text = Holed::new(&rewrite.after).text;
        // A checked rule's text can be read; one that cannot awaits nothing.
        let Ok(source) = Source::new(text.as_bytes()) else { continue };
        let file = Parsed::new(&source, None);
        let (Ok(tree), Ok(names)) = (file.tree(), file.names()) else { continue };
        for read in names.uses.iter().filter(|read| read.called) {
            if call_of(tree.root_node(), read).is_some_and(|call| fate(call, source.text()) == Fate::Awaited) {
                found.extend(names.qualified(read));
            }
        }
    }
    found
}
