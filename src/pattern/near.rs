//! Why a pattern does not fit a use of a name that it is about, in words that help the plan's author.

use std::rc::Rc;

use tree_sitter::Node;

use crate::pattern::Pattern;
use crate::pattern::before::{Before, Part, Root};
use crate::pattern::between::Between;
use crate::pattern::fit::{Fit, Fitted, NEAR};
use crate::pattern::meaning::Meanings;
use crate::pattern::place::around;
use crate::pattern::view::{bare, extent, kind, statements_from};

/// The reason for a use, by its number.
pub(crate) fn reason<'t>(
    pattern: &Pattern,
    meanings: &Meanings<'t>,
    between: &Between<'_, 't>,
    root: Node<'t>,
    number: usize,
) -> String {
    let before = &pattern.before;
    let name = &meanings.names.uses[number];
    if name.quoted {
        return "it stands in the text of an annotation".to_owned();
    }
    let Some(mut at) = root.descendant_for_byte_range(name.range.start, name.range.end) else {
        return "it is nowhere in the tree".to_owned();
    };
    let mut outer = around(root, at);
    // The longest chain that is one of the pattern's names.
    let mut found = None;
    let longest = pattern.wanted.iter().map(String::len).max().unwrap_or(0);
    loop {
        let whole = meanings.qualified(at).map(|(_, whole)| whole);
        if whole.as_ref().is_some_and(|whole| whole.len() > longest) {
            break;
        }
        if let Some(whole) = whole
            && let Some(part) = position(before, &whole)
        {
            found = Some((part, at, outer.len()));
        }
        let start = extent(meanings.text, at).start;
        match outer.last().filter(|next| next.kind() == "attribute" && extent(meanings.text, **next).start == start) {
            Some(next) => at = *next,
            None => break,
        }
        outer.pop();
    }
    let Some((part, mut at, depth)) = found else {
        if meanings.text[name.whole()].contains(')') {
            return format!("a part of `{}` stands in parentheses", name.qualified(name.name));
        }
        return format!("the pattern has `{}` in another way", name.name);
    };
    let mut outer = around(root, at);
    outer.truncate(depth.min(outer.len()));
    let path = path(before, part);
    for wanted in &path {
        let mut next = outer.pop();
        while next.is_some_and(|node| bare(node) != node || is_inner_star(meanings.text, node)) {
            at = next.unwrap_or(at);
            next = outer.pop();
        }
        let Some(node) = next else { return format!("it does not stand in `{}`", before.written(*wanted)) };
        let fits = match &before.parts[*wanted] {
            Part::Tree { kind: wanted, .. } => kind(node) == *wanted,
            Part::Arguments { .. } => matches!(node.kind(), "argument_list" | "generator_expression"),
            _ => true,
        };
        if !fits {
            return differs(before, meanings.text, *wanted, at, node);
        }
        at = node;
    }
    let top = path.last().copied().unwrap_or(part);
    again(pattern, meanings, between, top, at, outer.last().copied())
        .unwrap_or_else(|| format!("it does not stand in `{}`", before.written(top)))
}

/// True for a splat in a tree that belongs further out.
fn is_inner_star(text: &str, node: Node) -> bool {
    node.kind() == "list_splat"
        && node.parent().is_some_and(|outer| outer.start_byte() == node.start_byte() && extent(text, outer) != outer.byte_range())
}

/// The part that is the name.
fn position(before: &Before, name: &str) -> Option<usize> {
    before.parts.iter().position(|part| matches!(part, Part::Name(own) if own == name))
}

/// The parts around a part, innermost first.
fn path(before: &Before, part: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = part;
    let parent = |child: usize| {
        before.parts.iter().position(|part| match part {
            Part::Tree { parts, .. } => parts.contains(&child),
            Part::Arguments { plain, keywords } => plain.contains(&child) || keywords.contains(&child),
            _ => false,
        })
    };
    while let Some(outer) = parent(at) {
        found.push(outer);
        at = outer;
    }
    found
}

fn differs(before: &Before, text: &str, wanted: usize, at: Node, outer: Node) -> String {
    let shown = text[at.byte_range()].lines().next().unwrap_or("");
    let wants = match &before.parts[wanted] {
        Part::Tree { kind, .. } => kind.as_str(),
        _ => "",
    };
    match wants {
        "await" if kind(outer) == "awaited power" && outer.child_by_field_name("left") == Some(at) => {
            format!("`**` follows what is awaited: write `(await {shown})`")
        }
        "await" => format!("`{shown}` is not awaited"),
        "call" => format!("`{shown}` is not called here"),
        _ => format!("`{shown}` does not stand in `{}`", before.written(wanted)),
    }
}

/// Tries once more, for the reason.
fn again<'t>(
    pattern: &Pattern,
    meanings: &Meanings<'t>,
    between: &Between<'_, 't>,
    top: usize,
    node: Node<'t>,
    block: Option<Node<'t>>,
) -> Option<String> {
    let before = &pattern.before;
    let between = |fitted: &Fitted<'t>, statement: Node<'t>| between.forbids(fitted, statement);
    let fit = Fit::new(before, meanings, true, &between);
    let missed = match &before.root {
        Root::Expression(part) => fit.expression(*part, node).err()?,
        Root::Statements(parts) => {
            let from: Rc<[Node]> = statements_from(block?, node.start_byte(), parts.len() * NEAR).into();
            let first = parts.first().filter(|first| **first == top);
            if first.is_none() {
                let above = parts.iter().take_while(|part| **part != top).filter(|part| !before.is_run(**part)).last()?;
                return Some(format!("no `{}` stands above it", before.written(*above)));
            }
            fit.sequence(parts, &from, 0).err()?
        }
    };
    missed.map(|miss| miss.reason)
}
