//! A file's own before/after blocks as the plan writes them, and the `$NAME`s that they bind and use.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::plan::BlockEdit;
use crate::plan::node::Node;
use crate::plan::reader::{Entries, Reader};
use crate::plan::source::Span;

/// How many names of one edit are spoken of.
const MOST_REPORTED: usize = 20;

/// Reads the `edits` of an entry, with the place of each.
pub fn read(reader: &mut Reader<'_>, entries: &Entries<'_>) -> (Vec<BlockEdit>, Vec<Span>) {
    let Some(items) = entries.get("edits").and_then(|node| reader.list(node, "`edits`")) else { return Default::default() };
    items.iter().filter_map(|item| edit(reader, item)).unzip()
}

fn edit(reader: &mut Reader<'_>, node: &Node) -> Option<(BlockEdit, Span)> {
    let entries = reader.map(node, "the edit", &["near", "before", "after"])?;
    let near = entries.get("near").and_then(|node| reader.number(node, "`near`", 1, u32::MAX));
    let before_node = reader.required(&entries, "before", "the edit", "before: the lines as they are");
    let after_node = reader.required(&entries, "after", "the edit", "after: \"\"");
    let before = before_node.and_then(|node| reader.text(node, "`before`"));
    let after = after_node.and_then(|node| reader.text(node, "`after`"));
    let (before, after, after_node) = (before?, after?, after_node?);
    if before.trim().is_empty() {
        reader.report(entries.key("before"), "`before` is empty", "give the lines that the edit replaces");
        return None;
    }
    if before == after {
        reader.report(entries.key("after"), "`before` and `after` are the same", "the edit would change nothing: remove it");
        return None;
    }
    let names = |text: &'_ str| -> BTreeSet<String> { metavariables(text).map(|range| text[range].to_owned()).collect() };
    let bound = names(before);
    for name in names(after).difference(&bound).take(MOST_REPORTED) {
        let span = reader.inside(after_node, name, |c| !is_name(c));
        let help = if bound.is_empty() {
            "a `$NAME` stands for what `before` matched under the same name; `before` has none".to_owned()
        } else {
            let bound: Vec<&str> = bound.iter().take(MOST_REPORTED).map(String::as_str).collect();
            format!("`before` binds {}", bound.join(", "))
        };
        reader.report(span, format!("`after` uses `{name}`, which `before` does not bind"), help);
    }
    let edit = BlockEdit { near, before: before.to_owned(), after: after.to_owned() };
    Some((edit, before_node.map_or(node.span, |node| node.span)))
}

/// Where the metavariables of a block stand: `$` and a capital letter, then capitals, digits and underscores.
pub fn metavariables(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    memchr::memchr_iter(b'$', text.as_bytes()).filter_map(|at| {
        let name = &text[at + 1..];
        name.starts_with(|c: char| c.is_ascii_uppercase())
            .then(|| at..at + 1 + name.find(|c: char| !is_name(c)).unwrap_or(name.len()))
    })
}

fn is_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}
