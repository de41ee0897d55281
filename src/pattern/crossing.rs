//! Whether what a match holds can stand in a function, class or comprehension that `after` makes around it.
//!
//! There names of a class around the match cannot be read, `yield` and its like are another function's, and what is bound is bound
//! elsewhere. A function reads its names when it is called: one that is bound again until then is another thing.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::matched::{Match, nodes};
use crate::pattern::meaning::Meanings;
use crate::pattern::place::{around as around_node, contains};
use crate::pattern::snippet::Spot;
use crate::pattern::view::is_statement;
use crate::python::names::{Names, ScopeKind};
use crate::python::source::Source;

/// The metavariables that `after` reads in scopes in which `before` does not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crossing {
    variables: BTreeSet<String>,
    /// Those among them that are read in a function.
    deferred: BTreeSet<String>,
}

impl Crossing {
    /// Compares the metavariables of the texts.
    pub(crate) fn new((old, before): (&Names, &[Spot]), (new, after): (&Names, &[Spot])) -> Self {
        let stays = |spot: &Spot, scopes: &[ScopeKind]| {
            before.iter().filter(|other| other.hole.name == spot.hole.name).any(|other| {
                let known = around(old, other);
                // A function or class that goes into another one takes all that belongs to it along.
                let whole = matches!(known.first(), Some(ScopeKind::Function | ScopeKind::Class));
                known == scopes || (whole && scopes.starts_with(&known))
            })
        };
        let crosses = |spot: &&Spot| {
            let scopes = around(new, spot);
            !scopes.is_empty() && !stays(spot, &scopes)
        };
        let crossing = || after.iter().filter(crosses);
        let defers = |spot: &&Spot| around(new, spot).contains(&ScopeKind::Function);
        let named = |spot: &Spot| spot.hole.name.clone();
        Self { variables: crossing().map(named).collect(), deferred: crossing().filter(defers).map(named).collect() }
    }

    /// Why what one of them holds would mean something else there.
    pub(crate) fn refuses(&self, source: &Source, root: Node, meanings: &Meanings, one: &Match) -> Option<String> {
        self.variables.iter().find_map(|variable| {
            let held = nodes(one.captures.get(variable)?);
            let range = held.first()?.start_byte()..held.last()?.end_byte();
            let word = || held.iter().find_map(|node| bound_by(*node)).or(reads_super(meanings, &range).then_some("super"));
            let binds = || held.iter().any(|node| is_statement(*node) || holds_walrus(*node));
            let why = class_name(meanings, one, &range)
                .map(|name| format!("reads `{name}`, which is an attribute of the class"))
                .or_else(|| word().map(|word| format!("holds `{word}`")))
                .or_else(|| if binds() { bound(source, meanings, one, &range) } else { None })
                .or_else(|| if self.deferred.contains(variable) { rebound(source, root, meanings, one, &range) } else { None })?;
            Some(format!("the rule makes a function, class or comprehension around `${variable}`, which here {why}"))
        })
    }
}

/// The kinds of the scopes in which a metavariable is read, innermost first.
fn around(names: &Names, spot: &Spot) -> Vec<ScopeKind> {
    let Ok(number) = names.uses.binary_search_by_key(&spot.hole.range.start, |read| read.range.start) else { return Vec::new() };
    let scopes = std::iter::successors(Some(names.uses[number].scope), |scope| names.scopes[*scope].parent);
    scopes.filter(|scope| *scope != 0).map(|scope| names.scopes[scope].kind).collect()
}

/// A name that is read in a range and belongs to a class around it.
fn class_name<'t>(meanings: &Meanings<'t>, one: &Match, range: &Range<usize>) -> Option<&'t str> {
    let names = meanings.names;
    let reads = meanings.uses_in(range).map(|number| &names.uses[number]);
    let is_own = |owner: usize| contains(&one.range, &names.scopes[owner].range);
    let of_class = |owner: usize| names.scopes[owner].kind == ScopeKind::Class && !is_own(owner);
    reads.filter(|read| names.resolve(read.scope, read.name).is_some_and(of_class)).map(|read| read.name).next()
}

/// True where `super` goes by the function around it.
fn reads_super(meanings: &Meanings, range: &Range<usize>) -> bool {
    let mut reads = meanings.uses_in(range).map(|number| &meanings.names.uses[number]);
    reads.any(|read| read.name == "super" && meanings.names.resolve(read.scope, read.name).is_none())
}

/// What a node holds that belongs to the function or loop around it.
fn bound_by<'t>(node: Node<'t>) -> Option<&'t str> {
    let mut pending = vec![(node, false)];
    while let Some((inner, looped)) = pending.pop() {
        match inner.kind() {
            "yield" | "await" | "async" => return Some(inner.kind()),
            "return_statement" => return Some("return"),
            "break_statement" if !looped => return Some("break"),
            "continue_statement" if !looped => return Some("continue"),
            "function_definition" | "class_definition" | "lambda" => continue,
            _ => {}
        }
        let looped = looped || matches!(inner.kind(), "for_statement" | "while_statement");
        let from = pending.len();
        let mut cursor = inner.walk();
        pending.extend(inner.children(&mut cursor).map(|child| (child, looped)));
        pending[from..].reverse();
    }
    None
}

/// Why a name that is read in a range may stand for something else when a function reads it later.
fn rebound(source: &Source, root: Node, meanings: &Meanings, one: &Match, range: &Range<usize>) -> Option<String> {
    let names = meanings.names;
    let path = around_node(root, *one.nodes.first()?);
    meanings.uses_in(range).map(|number| &names.uses[number]).find_map(|read| {
        let owner = names
            .resolve(read.scope, read.name)
            .filter(|owner| *owner == 0 || !contains(&one.range, &names.scopes[*owner].range))?;
        let scope = &names.scopes[owner];
        let all = scope.bindings.get(read.name)?;
        let declared = names.declares(read.name);
        let loops = path.iter().filter(|node| {
            matches!(node.kind(), "for_statement" | "while_statement")
                && (owner == 0 || contains(&scope.range, &node.byte_range()))
        });
        let loops: Vec<Range<usize>> = loops.map(Node::byte_range).collect();
        let here = !names.is_deferred(one.scope, owner);
        let again = all.iter().filter(|binding| !one.range.contains(&binding.range.start)).find(|binding| {
            let later =
                here && (binding.range.start > one.range.start || loops.iter().any(|around| contains(around, &binding.range)));
            later || (declared && all.len() > 1) || scope.kind == ScopeKind::Comprehension || is_of_handler(root, &binding.range)
        })?;
        Some(format!("reads `{}`, which is bound again (line {}) before that runs", read.name, source.line(again.range.start)))
    })
}

/// True for the name of a caught exception, which is gone after its handler.
fn is_of_handler(root: Node, range: &Range<usize>) -> bool {
    let name = root.descendant_for_byte_range(range.start, range.end);
    let target = name.and_then(|name| name.parent()).filter(|target| target.kind() == "as_pattern_target");
    target.and_then(|target| target.parent()?.parent()).is_some_and(|around| around.kind().starts_with("except"))
}

/// Why a name that is bound in a range cannot be bound in another scope.
fn bound(source: &Source, meanings: &Meanings, one: &Match, range: &Range<usize>) -> Option<String> {
    let names = meanings.names;
    let is_own = |number: usize| number != 0 && contains(&one.range, &names.scopes[number].range);
    let scopes = names.scopes.iter().enumerate().filter(|(number, _)| !is_own(*number));
    let within = |at: usize| range.contains(&at);
    let all = scopes.flat_map(|(number, scope)| scope.bindings.iter().map(move |(name, all)| (number, *name, all)));
    let all = all.filter(|(_, _, all)| all.iter().any(|binding| within(binding.range.start)));
    all.filter_map(|(owner, name, all)| {
        if names.scopes[owner].kind == ScopeKind::Class {
            return Some(format!("binds `{name}`, an attribute of the class"));
        }
        if owner == 0 && names.exports.contains(name) {
            return Some(format!("binds `{name}`, which is in `__all__`"));
        }
        let reads = names.uses.iter().filter(|read| read.name == name && names.resolve(read.scope, name) == Some(owner));
        let others = reads.map(|read| read.range.start).chain(all.iter().map(|binding| binding.range.start));
        let other = others.filter(|at| !within(*at)).min()?;
        Some(format!("binds `{name}`, which line {} has too", source.line(other)))
    })
    .min()
}

fn holds_walrus(node: Node) -> bool {
    let mut pending = vec![node];
    while let Some(inner) = pending.pop() {
        if inner.kind() == "named_expression" {
            return true;
        }
        let mut cursor = inner.walk();
        pending.extend(inner.named_children(&mut cursor));
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::pattern::support::{matches, pattern, reasons};

    const IN_LIST: &str = "[g(i, $X) for i in g]";
    const IN_LAMBDA: &str = "lambda x: g($X, x)";
    const IN_DEF: &str = "def run():\n    return g($X)";

    #[test]
    fn what_belongs_to_the_scope_around_the_match_does_not_go_into_another() {
        for (after, text, wanted) in [
            (IN_LIST, "class A:\n    q = 1\n    y = f(q)\n", "reads `q`, which is an attribute of the class"),
            (IN_LAMBDA, "class A:\n    def q(self): pass\n    y = f([q])\n", "reads `q`, which is an attribute of the class"),
            (IN_DEF, "class A:\n    import q\n    f(q.z)\n", "reads `q`, which is an attribute of the class"),
            (IN_LAMBDA, "def q():\n    return f((yield))\n", "holds `yield`"),
            (IN_LIST, "async def q():\n    return f(1 + await z)\n", "holds `await`"),
            (IN_DEF, "async def q():\n    f([a async for a in b])\n", "holds `async`"),
            (IN_LIST, "class A:\n    def q(self): return f(super().q)\n", "holds `super`"),
            (IN_LAMBDA, "y = f(z := 1)\nprint(z)\n", "binds `z`, which line 3 has too"),
            (IN_LIST, "def q():\n    z = 1\n    y = f(z := 2)\n", "binds `z`, which line 3 has too"),
        ] {
            let rule = pattern("from a.b import f\nf($X)", &format!("from a.c import g\n{after}"));
            let text = format!("from a.b import f\n{text}");
            assert_eq!(matches(&rule, &text), [""; 0], "{after} in {text}");
            let reason = reasons(&rule, &text).join("\n");
            assert!(reason.ends_with(&format!("around `$X`, which here {wanted}")), "{reason}\n{after} in {text}");
        }
        for (after, text) in [
            (IN_LIST, "class A:\n    q = 1\n    def m(self, q): return f(q)\n"),
            (IN_LIST, "class A:\n    q = 1\n    y = f(lambda q: q)\n"),
            (IN_LAMBDA, "y = f(lambda: (yield))\n"),
            (IN_LAMBDA, "y = f(z := 1)\n"),
            ("[i for i in $X]", "class A:\n    q = 1\n    y = f(q)\n"),
            ("g(lambda x: x, $X)", "def q():\n    return f((yield))\n"),
        ] {
            let rule = pattern("from a.b import f\nf($X)", &format!("from a.c import g\n{after}"));
            assert_eq!(matches(&rule, &format!("from a.b import f\n{text}")).len(), 1, "{after} in {text}");
        }
    }

    #[test]
    fn a_function_does_not_read_later_what_is_bound_again_until_then() {
        let again = |name: &str, line: usize| format!("reads `{name}`, which is bound again (line {line}) before that runs");
        for (after, text, name, line) in [
            (IN_LAMBDA, "for i in z:\n    f(i)\n", "i", 2),
            (IN_LAMBDA, "def q(z):\n    for a, (i, *b) in z:\n        if a:\n            f(z + [i])\n", "i", 3),
            (IN_LAMBDA, "y = [f(i) for i in z]\n", "i", 2),
            (IN_LAMBDA, "while z:\n    i = z()\n    y = f(i.x)\n", "i", 3),
            (IN_DEF, "for i in z:\n    f(i)\n", "i", 2),
            (IN_LAMBDA, "i = 1\ny = f(i)\ni = 2\n", "i", 4),
            (IN_LAMBDA, "def q(i):\n    y = f(i)\n    i += 1\n    return y\n", "i", 4),
            (IN_LAMBDA, "def q(i):\n    y = f(i)\n    del i\n", "i", 4),
            (IN_LAMBDA, "try: pass\nexcept E as e:\n    y = f(e)\n", "e", 3),
            (IN_LAMBDA, "i = 1\ndef q():\n    return f(i)\ndef r():\n    global i\n    i = 2\n", "i", 2),
        ] {
            let rule = pattern("from a.b import f\nf($X)", &format!("from a.c import g\n{after}"));
            let text = format!("from a.b import f\n{text}");
            assert_eq!(matches(&rule, &text), [""; 0], "{after} in {text}");
            let reason = reasons(&rule, &text).join("\n");
            assert!(reason.ends_with(&format!("around `$X`, which here {}", again(name, line))), "{reason}\n{text}");
        }
        for (after, text) in [
            (IN_LAMBDA, "i = 1\ny = f(i)\n"),
            (IN_LAMBDA, "for j in z:\n    i = j\ny = f(i)\n"),
            (IN_LAMBDA, "for j in z:\n    def q(i):\n        return f(i)\n"),
            (IN_LAMBDA, "for j in z:\n    f([j for j in z])\n    f(lambda j: j)\n"),
            (IN_LAMBDA, "def q(i):\n    return f(i, )\ni = 1\n"),
            (IN_LAMBDA, "def q():\n    return f(i)\ni = 1\n"),
            (IN_LIST, "for q in z:\n    f(q)\n"),
            ("g(lambda x=$X: x)", "for i in z:\n    f(i)\n"),
        ] {
            let rule = pattern("from a.b import f\nf($X)", &format!("from a.c import g\n{after}"));
            let text = format!("from a.b import f\n{text}");
            assert!(!matches(&rule, &text).is_empty() && reasons(&rule, &text).is_empty(), "{after} in {text}");
        }
        let rule = pattern("from a.b import f\nlambda: f($X)", "from a.c import g\nlambda: g($X)");
        assert_eq!(matches(&rule, "from a.b import f\nfor i in z:\n    y = lambda: f(i)\n").len(), 1);
    }

    #[test]
    fn what_stands_in_such_a_scope_already_stays_there() {
        let rule = pattern("from a.b import f\nlambda: f($X)", "from a.c import g\nlambda: g($X)");
        assert_eq!(matches(&rule, "from a.b import f\nlambda: f((yield))\n").len(), 1);
        let rule = pattern("from a.b import f\n[f($X) for $Y in $Z]", "from a.c import g\n[g($X) for $Y in $Z]");
        assert_eq!(matches(&rule, "from a.b import f\n[f(z := a) for a in b]\nprint(z)\n").len(), 1);
    }

    #[test]
    fn a_function_or_class_takes_what_belongs_to_it_along() {
        for (before, after, text) in [
            ("class $A(h):\n    $$$B", "def run():\n    class $A:\n        $$$B", "class C(h):\n    x = 1\n    y = x\n"),
            ("@h\ndef $A():\n    $$$B", "def run():\n    def $A():\n        $$$B", "@h\ndef c():\n    x = 1\n    yield x\n"),
            ("lambda: h($X)", "k(lambda: lambda: g($X))", "lambda: h((yield))\n"),
            ("lambda: h($X)", "k(lambda: lambda: g($X))", "class A:\n    q = 1\n    y = lambda: h(q)\n"),
        ] {
            assert_eq!(matches(&pattern(before, after), text).len(), 1, "{text}");
        }
    }

    #[test]
    fn statements_go_into_a_function_where_only_they_know_their_names() {
        let rule = pattern("with h():\n    $$$B", "@k\ndef run():\n    $$$B");
        for (text, wanted) in [
            ("with h():\n    x = 1\n    y = x\nz = y\n", "binds `y`, which line 4 has too"),
            ("x = 0\nwith h():\n    x += 1\n", "binds `x`, which line 1 has too"),
            ("class A:\n    with h():\n        x = 1\n", "binds `x`, an attribute of the class"),
            ("with h():\n    from m import x\n__all__ = ['x']\n", "binds `x`, which is in `__all__`"),
            ("def q():\n    with h():\n        if a: return 1\n", "holds `return`"),
            ("for a in b:\n    with h():\n        break\n", "holds `break`"),
        ] {
            assert_eq!(matches(&rule, text), [""; 0], "{text}");
            let reason = reasons(&rule, text).join("\n");
            assert!(reason.ends_with(&format!("around `$B`, which here {wanted}")), "{reason}\n{text}");
        }
        for text in [
            "with h():\n    x = 1\n    y(x)\n",
            "with h():\n    for a in b:\n        break\n",
            "with h():\n    def x(): return 1\n",
        ] {
            assert_eq!(matches(&rule, text).len(), 1, "{text}");
        }
    }
}
