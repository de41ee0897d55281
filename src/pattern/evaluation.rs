//! Whether a rule evaluates what a match holds in the order and as often as the file does.
//!
//! What the rule's author sees is theirs to decide: `after` may name metavariables in another order than `before`, and leave one out,
//! which is said. What they do not see is what `...` passed over, how a file orders keyword arguments, and that a metavariable which
//! `after` has twice stands for a call. There a match that does something is left.

use std::collections::BTreeMap;

use tree_sitter::Node;

use crate::pattern::effects::{effect, is_idle};
use crate::pattern::matched::{Capture, Match, nodes};
use crate::pattern::place::around;
use crate::pattern::snippet::Spot;
use crate::pattern::view::{is_statement, shown};
use crate::python::grammar::is_comprehension;
use crate::python::source::Source;

/// How often a text evaluates a metavariable, as far as that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Often {
    Once,
    Twice,
    Looped,
}

/// How a rule's two texts evaluate their metavariables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluation {
    /// Those of `before` in order; one that stands there twice is there twice.
    before: Vec<String>,
    /// Those of `after`.
    after: Vec<String>,
    /// Those that `after` evaluates more often than `before`.
    more: BTreeMap<String, Often>,
}

impl Evaluation {
    /// Compares the metavariables of the texts, each with the root of its tree.
    pub(crate) fn new(before: (Node, &[Spot]), after: (Node, &[Spot])) -> Self {
        let (old, new) = (often(before), often(after));
        let more = new.into_iter().filter(|(name, often)| old.get(name).is_none_or(|old| old < often));
        let names = |spots: &[Spot]| spots.iter().map(|spot| spot.hole.name.clone()).collect();
        Self { more: more.filter(|(_, often)| *often > Often::Once).collect(), before: names(before.1), after: names(after.1) }
    }

    /// Why `after` would not evaluate what a match holds as the file does.
    pub(crate) fn refuses(&self, source: &Source, one: &Match) -> Option<String> {
        let mut kept: Vec<(&str, Node)> = Vec::new();
        for (name, capture) in one.captures.iter().filter(|(name, _)| self.after.contains(name)) {
            kept.extend(nodes(capture).into_iter().map(|node| (name.as_str(), node)));
        }
        kept.sort_by_key(|(_, node)| node.start_byte());
        let moved = kept.iter().find_map(|(_, node)| self.moves(source, one, *node));
        moved
            .or_else(|| kept.iter().find_map(|(name, node)| self.repeats(source, name, *node)))
            .or_else(|| self.swaps(source, &kept))
    }

    fn moves(&self, source: &Source, one: &Match, node: Node) -> Option<String> {
        let below = one.passed.iter().filter(|passed| node.start_byte() < passed.start_byte());
        let over = below.copied().find(|passed| !is_idle(*passed))?;
        let does = if is_statement(node) { Some(node).filter(|node| !is_idle(*node)) } else { effect(node) };
        let (shown, line) = (shown(source.text(), does?), source.line(over.start_byte()));
        Some(format!("`{shown}` would be evaluated after line {line}, which `...` passes over"))
    }

    fn repeats(&self, source: &Source, name: &str, node: Node) -> Option<String> {
        let often = self.more.get(name).filter(|_| !is_statement(node))?;
        let shown = shown(source.text(), effect(node)?);
        let how = if *often == Often::Looped { "in a loop" } else { "twice" };
        Some(format!("`{shown}` would be evaluated {how}"))
    }

    fn swaps(&self, source: &Source, kept: &[(&str, Node)]) -> Option<String> {
        if kept.is_sorted_by_key(|(name, _)| place(&self.before, name)) {
            return None;
        }
        let expressions = kept.iter().filter(|(_, node)| !is_statement(*node));
        let doing: Vec<(Option<usize>, Option<usize>, Node)> = expressions
            .filter_map(|(name, node)| Some((place(&self.before, name), place(&self.after, name), effect(*node)?)))
            .collect();
        let pair = doing.iter().enumerate().find_map(|(at, (old, new, first))| {
            let (.., second) = doing[at + 1..].iter().find(|(other_old, other_new, _)| old > other_old && new > other_new)?;
            Some((shown(source.text(), *first), shown(source.text(), *second)))
        });
        pair.map(|(first, second)| format!("`{second}` would be evaluated before `{first}`"))
    }

    /// What does something and is not in `after`, with how the rule calls it; `unnamed` is what `$_` stands for. Whole statements are
    /// left out: it is plain that a rule without them takes them away.
    pub(crate) fn dropped<'t>(&self, captures: &BTreeMap<String, Capture<'t>>, unnamed: &[Node<'t>]) -> Vec<(String, Node<'t>)> {
        let lost = captures.iter().filter(|(name, _)| !self.after.contains(name));
        let lost = lost.flat_map(|(name, capture)| nodes(capture).into_iter().map(move |node| (name.as_str(), node)));
        let lost = lost.chain(unnamed.iter().map(|node| ("_", *node))).filter(|(_, node)| !is_statement(*node));
        let mut found: Vec<_> = lost.filter_map(|(name, node)| Some((name.to_owned(), effect(node)?))).collect();
        found.sort_by_key(|(_, node)| node.start_byte());
        found
    }
}

/// Where a text has a metavariable first.
fn place(order: &[String], name: &str) -> Option<usize> {
    order.iter().position(|other| other == name)
}

fn often((root, spots): (Node, &[Spot])) -> BTreeMap<String, Often> {
    let mut paths: BTreeMap<String, Vec<Vec<Node>>> = BTreeMap::new();
    for spot in spots {
        if let Some(node) = root.descendant_for_byte_range(spot.hole.range.start, spot.hole.range.end) {
            let mut path = around(root, node);
            path.push(node);
            paths.entry(spot.hole.name.clone()).or_default().push(path);
        }
    }
    let twice = |paths: &[Vec<Node>]| {
        let later = |at: usize| paths[at + 1..].iter();
        (0..paths.len()).any(|at| later(at).any(|other| !is_either(&paths[at], other)))
    };
    let often = |paths: &[Vec<Node>]| match paths {
        paths if paths.iter().any(|path| is_looped(path)) => Often::Looped,
        paths if twice(paths) => Often::Twice,
        _ => Often::Once,
    };
    paths.into_iter().map(|(name, paths)| (name, often(&paths))).collect()
}

/// True for what may be evaluated any number of times.
fn is_looped(path: &[Node]) -> bool {
    let is = |node: Node, field: &str, child: Node| node.child_by_field_name(field) == Some(child);
    path.windows(2).enumerate().any(|(at, pair)| match pair[0].kind() {
        "while_statement" => !is(pair[0], "alternative", pair[1]),
        "for_statement" => is(pair[0], "body", pair[1]),
        kind if is_comprehension(kind) => {
            // Only what the first `for` goes through is looked at once.
            let clause = pair[0].named_child(1) == Some(pair[1]);
            !(clause && path.get(at + 2).is_some_and(|inner| is(pair[1], "right", *inner)))
        }
        _ => false,
    })
}

/// True when what is evaluated is one of the two at most; `first` stands before `second`.
fn is_either(first: &[Node], second: &[Node]) -> bool {
    let same = first.iter().zip(second).take_while(|(first, second)| first == second).count();
    let (Some(outer), Some(inner), Some(other)) = (first[..same].last(), first.get(same), second.get(same)) else { return false };
    let is_branch = |node: Node, inner: Option<&Node>| node.child_by_field_name("consequence") == inner.copied();
    match (inner.kind(), other.kind()) {
        ("block", "elif_clause" | "else_clause") => outer.kind() == "if_statement" && is_branch(*outer, Some(inner)),
        ("elif_clause", "elif_clause" | "else_clause") | ("case_clause", "case_clause") => is_branch(*inner, first.get(same + 1)),
        _ => {
            let among = |number: u32, node: &Node| outer.named_child(number) == Some(*node);
            outer.kind() == "conditional_expression" && among(0, inner) && among(2, other)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pattern::support::{look, matches, pattern, reasons};

    #[test]
    fn what_does_something_is_not_moved_below_what_is_passed_over() {
        let moved = pattern("from a.b import f\n\n$A = f($X)\n...\n$B = $A.go($$$Y)", "from a.c import g\n\n$B = g($X, $$$Y)");
        let text = |lines: &str| format!("from a.b import f\n{lines}");
        for (lines, wanted) in [
            ("m = f(next(it))\nlog()\nx = m.go()\n", "2: `next(it)` would be evaluated after line 3, which `...` passes over"),
            (
                "m = f([a, await b])\n'c'\nc = 1\nx = m.go()\n",
                "2: `await b` would be evaluated after line 4, which `...` passes over",
            ),
            ("m = f((n := a))\nlog()\nx = m.go()\n", "2: `n := a` would be evaluated after line 3, which `...` passes over"),
        ] {
            assert_eq!(matches(&moved, &text(lines)), [""; 0], "{lines}");
            assert_eq!(reasons(&moved, &text(lines)), [wanted], "{lines}");
        }
        for lines in [
            "m = f(next(it))\nx = m.go()\n",
            "m = f(next(it))\npass\n'why'\nx = m.go()\n",
            "m = f(n.o[0] + 1)\nlog()\nx = m.go()\n",
            "m = f(lambda: next(it))\nlog()\nx = m.go()\n",
            "m = f(n)\nlog()\nx = m.go(next(it), *await b)\n",
        ] {
            assert_eq!(matches(&moved, &text(lines)).len(), 1, "{lines}");
        }
    }

    #[test]
    fn what_does_something_is_not_done_more_often() {
        for (before, after, call, wanted) in [
            ("h($X)", "g($X, $X)", "h(next(it))", "1: `next(it)` would be evaluated twice"),
            ("h($$$X)", "g($$$X)\ng($$$X)", "h(a, next(it))", "1: `next(it)` would be evaluated twice"),
            ("h($X)", "$X if $X else 0", "h(a[b()])", "1: `b()` would be evaluated twice"),
            ("h($X)", "[$X for a in b]", "h(next(it))", "1: `next(it)` would be evaluated in a loop"),
            ("h($X, $X)", "[$X for a in b]", "h(n(), n())", "1: `n()` would be evaluated in a loop"),
            ("h($X)", "for a in b:\n    g($X)", "h(next(it))", "1: `next(it)` would be evaluated in a loop"),
            ("h($X)", "while $X:\n    g()", "h(next(it))", "1: `next(it)` would be evaluated in a loop"),
            (
                "h($X)",
                "if a:\n    g()\nelif g($X):\n    g()\nelse:\n    g($X)",
                "h(next(it))",
                "1: `next(it)` would be evaluated twice",
            ),
        ] {
            let rule = pattern(before, after);
            assert_eq!(matches(&rule, call), [""; 0], "{before} -> {after}");
            assert_eq!(reasons(&rule, call), [wanted], "{before} -> {after}");
        }
        for (before, after, call) in [
            ("h($X)", "g($X, $X)", "h(a.b)"),
            ("h($X, $X)", "g($X, $X)", "h(n(), n())"),
            ("h($X)", "g($X) if a else k($X)", "h(n())"),
            ("h($X)", "if a:\n    g($X)\nelif b:\n    k($X)\nelse:\n    l($X)", "h(n())"),
            ("h($X)", "match a:\n    case 1:\n        g($X)\n    case 2:\n        k($X)", "h(n())"),
            ("h($X)", "[a for a in $X]", "h(n())"),
            ("h($X)", "for a in $X:\n    g(a)", "h(n())"),
            ("for $I in $X:\n    h($Y)", "for $I in $X:\n    g($Y)", "for i in n():\n    h(n())"),
        ] {
            assert_eq!(matches(&pattern(before, after), call).len(), 1, "{before} -> {after}");
        }
    }

    #[test]
    fn the_order_in_which_a_file_gives_keywords_is_kept_where_it_matters() {
        let swapped = pattern("h(a=$A, b=$B)", "g($A, $B)");
        assert_eq!(reasons(&swapped, "h(b=m(), a=n())"), ["1: `n()` would be evaluated before `m()`"]);
        for call in ["h(a=m(), b=n())", "h(b=m(), a=n)", "h(b=m, a=n())"] {
            assert_eq!(matches(&swapped, call).len(), 1, "{call}");
        }
        assert_eq!(matches(&pattern("h(a=$A, b=$B)", "g($B, $A)"), "h(b=m(), a=n())").len(), 1);
    }

    #[test]
    fn what_is_left_out_and_does_something_is_known() {
        let dropped = |before: &str, after: &str, text: &str| -> Vec<String> {
            look(&pattern(before, after), text, None, |found| {
                let all = found.matches.iter().flat_map(|one| &one.dropped);
                all.map(|(name, node)| format!("${name} {}", &text[node.byte_range()])).collect()
            })
        };
        assert_eq!(dropped("h($X, $_, $$$Z)", "g()", "h(a + m(), n(), 1, o(p()))"), ["$X m()", "$_ n()", "$Z o(p())"]);
        assert_eq!(dropped("h($X, $_, $$$Z)", "g($X, $$$Z)", "h(m(), a, n())"), [""; 0]);
        assert_eq!(dropped("if h:\n    $$$B", "g()", "if h:\n    m()"), [""; 0]);
    }

    #[test]
    fn inside_a_match_that_is_left_others_are_found() {
        let twice = pattern("h($X)", "g($X, $X)");
        assert_eq!(matches(&twice, "h(h(h(a)))"), ["h(a)"]);
        assert_eq!(reasons(&twice, "h(h(h(a)))").len(), 2);
        let deep = pattern("from a.b import f\nf($X)", "from a.c import g\ng($X, $X)");
        assert_eq!(matches(&deep, "from a.b import f\nf([f(a), f(f(b))])\n"), ["f(a)", "f(b)"]);
        assert_eq!(reasons(&deep, "from a.b import f\nf([f(a), f(f(b))])\n").len(), 2);
    }
}
