//! Whether what a rule writes leaves everything around it what it is.
//!
//! An `await` makes an asynchronous generator of a generator expression, a `yield` makes a generator of a function, and an f-string
//! with `=` writes the text of what stands in it. None of them fails where it stands: somebody else gets something else.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::place::contains;

/// What `after` does that `before` does not, as far as it acts on what stands around it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outside {
    awaits: bool,
    yields: bool,
}

impl Outside {
    /// Compares the texts, each by the root of its tree.
    pub(crate) fn new(before: Node, after: Node) -> Self {
        let adds = |holds: fn(Node) -> bool| reaches_out(after, holds) && !reaches_out(before, holds);
        Self { awaits: adds(awaits), yields: adds(yields) }
    }

    /// What would be made of what stands around a place.
    pub(crate) fn refuses(self, regions: &Regions, place: &Range<usize>) -> Option<&'static str> {
        if regions.echoes(place) {
            return Some("it stands in an f-string that writes its own text (`=`)");
        }
        if self.awaits && regions.makes_asynchronous(place) {
            return Some("it stands in a generator expression, which `await` would make an asynchronous one");
        }
        (self.yields && regions.makes_generator(place)).then_some("it stands in a function, which `yield` would make a generator")
    }
}

/// The parts of a file in which something written may act on what is around.
#[derive(Debug)]
pub(crate) struct Regions<'t>(Vec<Region<'t>>);

#[derive(Debug)]
struct Region<'t> {
    kind: Kind,
    node: Node<'t>,
    /// It does already what would make something else of it.
    already: OnceCell<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The text that an f-string writes for `=`.
    Echo,
    Generator,
    /// What the first `for` of the generator before goes through, which is evaluated where that stands.
    First,
    /// That of a function or class.
    Body,
}

impl<'t> Regions<'t> {
    /// Those of a tree, what is further out first.
    pub(crate) fn new(root: Node<'t>) -> Self {
        let mut found = Vec::new();
        let mut add = |kind, node| found.push(Region { kind, node, already: OnceCell::new() });
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            match node.kind() {
                "function_definition" | "lambda" | "class_definition" => {
                    node.child_by_field_name("body").into_iter().for_each(|body| add(Kind::Body, body));
                }
                "generator_expression" => {
                    add(Kind::Generator, node);
                    let first = node.named_child(1).and_then(|clause| clause.child_by_field_name("right"));
                    first.into_iter().for_each(|first| add(Kind::First, first));
                }
                "interpolation" | "format_expression" if has(node, "=") => {
                    node.named_child(0).into_iter().for_each(|written| add(Kind::Echo, written));
                }
                _ => {}
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    found.sort_by_key(|region| (region.node.start_byte(), Reverse(region.node.end_byte())));
                    return Self(found);
                }
            }
        }
    }

    /// Those around a place, the innermost first.
    fn around(&self, place: &Range<usize>) -> impl Iterator<Item = &Region<'t>> {
        let end = self.0.partition_point(|region| region.node.start_byte() <= place.start);
        self.0[..end].iter().rev().filter(|region| contains(&region.node.byte_range(), place))
    }

    /// True when the place is part of the text that an f-string writes for `=`.
    pub(crate) fn echoes(&self, place: &Range<usize>) -> bool {
        self.around(place).any(|region| region.kind == Kind::Echo)
    }

    /// True when an `await` there would be the first one of a generator expression.
    fn makes_asynchronous(&self, place: &Range<usize>) -> bool {
        let mut skipped = false;
        for region in self.around(place) {
            match region.kind {
                Kind::Body => return false,
                Kind::First => skipped = true,
                Kind::Generator if !skipped => return !region.already(awaits),
                Kind::Generator => skipped = false,
                Kind::Echo => {}
            }
        }
        false
    }

    /// True when a `yield` there would be the first one of a function.
    fn makes_generator(&self, place: &Range<usize>) -> bool {
        let body = self.around(place).find(|region| region.kind == Kind::Body);
        body.is_some_and(|body| !body.already(yields))
    }
}

impl Region<'_> {
    fn already(&self, holds: fn(Node) -> bool) -> bool {
        *self.already.get_or_init(|| {
            let mut cursor = self.node.walk();
            self.node.children(&mut cursor).any(|part| reaches_out(part, holds))
        })
    }
}

fn has(node: Node, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == token)
}

fn awaits(node: Node) -> bool {
    node.kind() == "await" || (node.kind() == "for_in_clause" && node.child(0).is_some_and(|first| first.kind() == "async"))
}

fn yields(node: Node) -> bool {
    node.kind() == "yield"
}

/// True when `holds` says so of a node below this one that acts on what stands around.
fn reaches_out(node: Node, holds: fn(Node) -> bool) -> bool {
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        if holds(node) {
            return true;
        }
        let mut cursor = node.walk();
        pending.extend(node.children(&mut cursor).filter(|child| !is_apart(node, *child)));
    }
    false
}

/// True for a part of a node that runs by itself, with an `await` and a `yield` of its own.
fn is_apart(node: Node, part: Node) -> bool {
    match node.kind() {
        "function_definition" | "lambda" | "class_definition" => node.child_by_field_name("body") == Some(part),
        "generator_expression" => node.named_child(1) != Some(part),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::pattern::support::{matches, pattern, reasons};

    /// How many places of `text` a rule that ends in `after` rewrites.
    #[track_caller]
    fn check(after: &str, text: &str, rewritten: bool) {
        let rule = pattern("from a.b import f\nf($X)", &format!("from a.c import g\n{after}"));
        let text = format!("from a.b import f\n{text}");
        assert_eq!(matches(&rule, &text).is_empty(), !rewritten, "{after} in {text}: {:?}", reasons(&rule, &text));
        assert_eq!(reasons(&rule, &text).is_empty(), rewritten, "{after} in {text}");
    }

    #[test]
    fn no_await_comes_into_a_generator_expression_that_has_none() {
        for (text, rewritten) in [
            ("async def m(xs): return any(f(i) for i in xs)\n", false),
            ("async def m(xs): return ','.join(f(i) for i in xs)\n", false),
            ("async def m(xs): return list(i for i in xs if f(i))\n", false),
            ("async def m(xs): return list(i for y in xs for i in f(y))\n", false),
            ("async def m(xs): return list([f(y) for y in x] for x in xs)\n", false),
            ("async def m(xs): return list((y for y in f(x)) for x in xs)\n", false),
            ("async def m(xs): return (lambda: (f(i) for i in xs))\n", false),
            ("async def m(xs): return list(i for i in f(xs))\n", true),
            ("async def m(xs): return [i for i in f(xs) if f(i)]\n", true),
            ("async def m(xs): return {f(i): i for i in xs}\n", true),
            ("async def m(xs): return (f(i) async for i in xs)\n", true),
            ("async def m(xs): return (f(i) for i in xs if await i)\n", true),
            ("async def m(xs): return ((lambda: f(i)) for i in xs)\n", true),
            ("async def m(xs): return await f(xs)\n", true),
        ] {
            check("await g($X)", text, rewritten);
        }
        check("g($X)", "async def m(xs): return any(f(i) for i in xs)\n", true);
        check("g(lambda: (await $X))", "async def m(xs): return any(f(xs) for i in xs)\n", true);
        let rule = pattern("from a.b import f\nawait f($X)", "from a.c import g\nawait g($X)");
        assert_eq!(matches(&rule, "from a.b import f\nasync def m(xs): return (await f(i) for i in xs)\n").len(), 1);
    }

    #[test]
    fn no_yield_comes_into_a_function_that_has_none() {
        for (text, rewritten) in [
            ("def m(x):\n    return f(x)\n", false),
            ("m = lambda x: f(x)\n", false),
            ("def m(x):\n    def n(): yield x\n    return f(x)\n", false),
            ("def m(x):\n    yield\n    return f(x)\n", true),
            ("def m(x):\n    def n(y=f(x)): pass\n    yield\n", true),
        ] {
            check("(yield g($X))", text, rewritten);
        }
    }

    #[test]
    fn what_writes_its_own_text_is_left() {
        for (text, rewritten) in [
            ("x = f'{f(1)=}'\n", false),
            ("x = f'{f(1) = !r:>9}'\n", false),
            ("x = f'{[f(1) for y in z]=:>9}'\n", false),
            ("x = f'{y:{f(1)=}}'\n", false),
            ("x = f\"{'é' + f'{f(1)}'=}\"\n", false),
            ("x = f'{f(1)}'\n", true),
            ("x = f'{f(1)!r:>9}'\n", true),
            ("x = f'{y=:{f(1)}}'\n", true),
            ("x = f'{y=} {f(1)} = {f(y == 2)}'\n", true),
        ] {
            check("g($X)", text, rewritten);
        }
    }
}
