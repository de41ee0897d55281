//! Where a replacement says what stands there already: only the parts that differ are written, so that the layout and the
//! comments around them stay.

use tree_sitter::Node;

use crate::pattern::after::{Kind, Template};
use crate::pattern::matched::Capture;
use crate::pattern::view::is_splat;
use crate::python::grammar::is_expression;
use crate::rewrite::replace::Site;

/// A part of the file, and the part of the template that takes its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'t, 'p> {
    pub(super) old: Node<'t>,
    pub(super) new: Node<'p>,
}

/// The parts that differ between one node of the file and one of the template; `None` when they differ in more than expressions.
pub(super) fn align<'t, 'p>(
    site: &Site<'_, 't>,
    template: &'p Template,
    old: Node<'t>,
    new: Node<'p>,
) -> Option<Vec<Part<'t, 'p>>> {
    let mut parts = Vec::new();
    let mut pending = vec![(old, new)];
    while let Some((old, new)) = pending.pop() {
        if is_splat(site.text, old) != is_splat(template.text(), new) {
            return None;
        }
        match step(site, template, old, new) {
            Step::Same => {}
            Step::Pairs(pairs) => pending.extend(pairs),
            Step::Differ if is_replaceable(old) && is_replaceable(new) => parts.push(Part { old, new }),
            Step::Differ => return None,
        }
    }
    Some(parts)
}

enum Step<'t, 'p> {
    Same,
    Pairs(Vec<(Node<'t>, Node<'p>)>),
    Differ,
}

fn step<'t, 'p>(site: &Site<'_, 't>, template: &'p Template, old: Node<'t>, new: Node<'p>) -> Step<'t, 'p> {
    let same = |same: bool| if same { Step::Same } else { Step::Differ };
    if old.kind() == "parenthesized_expression" && new.kind() != old.kind() {
        let captured = template.hole(new).and_then(|hole| site.captures.get(&hole.name));
        if matches!(captured, Some(Capture::One(node)) if node.id() == old.id()) {
            return Step::Same;
        }
        return inner(old).map_or(Step::Differ, |inner| Step::Pairs(vec![(inner, new)]));
    }
    if let Some(hole) = template.hole(new) {
        let captured = site.captures.get(&hole.name);
        return same(match captured {
            Some(Capture::One(node)) => node.id() == old.id() || inner(*node).is_some_and(|node| node.id() == old.id()),
            Some(Capture::Run(nodes)) => matches!(nodes.as_slice(), [only] if only.id() == old.id()),
            None => false,
        });
    }
    let text = &site.text[old.byte_range()];
    match template.spot(&new.byte_range()).map(|spot| &spot.kind) {
        Some(Kind::Name(number)) => return same(site.names.get(*number).is_some_and(|name| name == text)),
        Some(Kind::String) => return same(old.kind() == "string" && plain(text) == plain(&template.text()[new.byte_range()])),
        Some(Kind::Hole(_) | Kind::Literal(_)) => return Step::Differ,
        Some(Kind::Quotes) | None => {}
    }
    if old.kind() != new.kind() {
        return Step::Differ;
    }
    if old.child_count() == 0 && new.child_count() == 0 {
        return same(text == &template.text()[new.byte_range()]);
    }
    pairs(site, template, old, new).map_or(Step::Differ, Step::Pairs)
}

/// The children of two nodes of one kind, side by side; `None` when they do not stand side by side.
fn pairs<'t, 'p>(site: &Site<'_, 't>, template: &'p Template, old: Node<'t>, new: Node<'p>) -> Option<Vec<(Node<'t>, Node<'p>)>> {
    let (olds, news) = (parts(old), parts(new));
    if old.kind() == "argument_list" {
        return arguments(site, template, &olds, &news);
    }
    let mut found = Vec::new();
    let mut at = 0;
    for new in news {
        if let Some(hole) = template.hole(new)
            && let Some(Capture::Run(nodes)) = site.captures.get(&hole.name)
        {
            let there = olds.get(at..at + nodes.len())?;
            if there.iter().zip(nodes).any(|(one, other)| one.id() != other.id()) {
                return None;
            }
            at += nodes.len();
            continue;
        }
        let old = *olds.get(at)?;
        at += 1;
        if old.is_named() != new.is_named() || (!old.is_named() && old.kind() != new.kind()) {
            return None;
        }
        if old.is_named() {
            found.push((old, new));
        }
    }
    (at == olds.len()).then_some(found)
}

/// The same for what stands between two pairs of parentheses: those without a keyword keep their order, a keyword stays where the file
/// has it.
fn arguments<'t, 'p>(
    site: &Site<'_, 't>,
    template: &'p Template,
    olds: &[Node<'t>],
    news: &[Node<'p>],
) -> Option<Vec<(Node<'t>, Node<'p>)>> {
    let captured = |new: &Node| template.hole(*new).and_then(|hole| site.captures.get(&hole.name));
    let run = |new: &Node| match captured(new) {
        Some(Capture::Run(nodes)) => Some(nodes.iter().map(Node::id).collect::<Vec<usize>>()),
        _ => None,
    };
    let stay: Vec<usize> = news.iter().filter_map(run).flatten().collect();
    let is_keyword = |node: &Node| matches!(node.kind(), "keyword_argument" | "dictionary_splat");
    let free = |keyword: bool| olds.iter().filter(move |old| old.is_named() && is_keyword(old) == keyword);
    let mut plain = free(false);
    let mut keywords: Vec<Node<'t>> = free(true).filter(|old| !stay.contains(&old.id())).copied().collect();
    let mut found = Vec::new();
    for new in news.iter().filter(|new| new.is_named()) {
        if let Some(nodes) = run(new) {
            let mut theirs = nodes.into_iter().filter(|id| free(false).any(|old| old.id() == *id));
            if !theirs.all(|id| plain.next().is_some_and(|old| old.id() == id)) {
                return None;
            }
        } else if is_keyword(new) {
            // The one whose value goes on, else the first that is left.
            let value = new.child_by_field_name("value").filter(|_| keywords.len() > 1);
            let goes_on = |old: &Node<'t>| match (value.as_ref().and_then(captured), old.child_by_field_name("value")) {
                (Some(Capture::One(kept)), Some(value)) => kept.id() == value.id(),
                _ => false,
            };
            let at = keywords.iter().position(goes_on).unwrap_or(0);
            found.push((*keywords.get(at)?, *new));
            keywords.remove(at);
        } else {
            found.push((*plain.next().filter(|old| !stay.contains(&old.id()))?, *new));
        }
    }
    (plain.next().is_none() && keywords.is_empty()).then_some(found)
}

/// What a node consists of, without comments and commas.
fn parts(node: Node) -> Vec<Node> {
    let mut cursor = node.walk();
    node.children(&mut cursor).filter(|child| !matches!(child.kind(), "comment" | "line_continuation" | ",")).collect()
}

/// What stands between redundant parentheses.
fn inner(node: Node) -> Option<Node> {
    let mut cursor = node.walk();
    let mut named = node.named_children(&mut cursor).filter(|child| child.kind() != "comment");
    let only = named.next().filter(|_| node.kind() == "parenthesized_expression")?;
    if named.next().is_some() { None } else { Some(only) }
}

/// A string literal without regard to its quotes.
fn plain(literal: &str) -> (String, &str) {
    let start = literal.find(['\'', '"']).unwrap_or(0);
    let rest = &literal[start..];
    let width = if rest.len() >= 6 && (rest.starts_with("'''") || rest.starts_with("\"\"\"")) { 3 } else { 1 };
    (literal[..start].to_ascii_lowercase(), rest.get(width..rest.len().saturating_sub(width)).unwrap_or(rest))
}

/// True for what can be replaced where it stands, whatever is around it.
fn is_replaceable(node: Node) -> bool {
    is_expression(node.kind()) || node.kind() == "argument_list"
}
