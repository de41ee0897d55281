//! What of a template is not written, since a metavariable there stands for nothing: it takes its comma or its line with it.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::after::{Kind, Template};
use crate::pattern::matched::Capture;
use crate::rewrite::replace::Refusal;

/// A range of the template in whose place other text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) range: Range<usize>,
    pub(super) text: &'static str,
}

impl Cut {
    pub(super) fn covers(&self, range: &Range<usize>) -> bool {
        self.range.start <= range.start && range.end <= self.range.end
    }
}

/// The cuts in a range of the template, in order.
///
/// # Errors
/// [`Refusal`] when nothing sound would be left.
pub(super) fn cuts(
    template: &Template,
    captures: &BTreeMap<String, Capture>,
    within: &Range<usize>,
) -> Result<Vec<Cut>, Refusal> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut seen: Vec<usize> = Vec::new();
    for spot in template.spots().iter().filter(|spot| within.start <= spot.range.start && spot.range.end <= within.end) {
        let (Kind::Hole(_), Some(node)) = (&spot.kind, template.node(&spot.range)) else { continue };
        if count(template, captures, node).is_none() {
            continue;
        }
        let Some(parent) = node.parent() else { continue };
        let (list, entry) =
            if parent.kind() == "expression_statement" { (parent.parent(), parent) } else { (Some(parent), node) };
        let Some(list) = list.filter(|list| !seen.contains(&list.id())) else { continue };
        seen.push(list.id());
        let cut = if entry.id() == node.id() { elements } else { statements };
        cuts.extend(cut(template, captures, list)?);
    }
    cuts.sort_by_key(|cut| (cut.range.start, cut.range.end));
    Ok(cuts)
}

/// How many things stand where `$$$X` stands; `None` for any other node.
fn count(template: &Template, captures: &BTreeMap<String, Capture>, node: Node) -> Option<usize> {
    match template.hole(node).and_then(|hole| captures.get(&hole.name))? {
        Capture::Run(nodes) => Some(nodes.len()),
        Capture::One(_) => None,
    }
}

fn elements(template: &Template, captures: &BTreeMap<String, Capture>, list: Node) -> Result<Vec<Cut>, Refusal> {
    let entries = entries(list);
    let sizes: Vec<usize> = entries.iter().map(|entry| count(template, captures, *entry).unwrap_or(1)).collect();
    let total: usize = sizes.iter().sum();
    if total == 0 && matches!(list.kind(), "set" | "expression_list" | "pattern_list") {
        return Err(Refusal::new("nothing would be left of a list that cannot be empty", "write another rule for this case"));
    }
    let mut cuts = Vec::new();
    let mut kept: Option<Node> = None;
    for (index, entry) in entries.iter().enumerate() {
        if sizes[index] > 0 {
            kept = Some(*entry);
            continue;
        }
        let range = match (kept, entries.get(index + 1)) {
            (Some(_), _) => entries[index - 1].end_byte()..entry.end_byte(),
            (None, Some(next)) => entry.start_byte()..next.start_byte(),
            (None, None) => entry.start_byte()..list.end_byte() - 1,
        };
        cuts.push(Cut { range, text: "" });
    }
    let rest = kept.map_or("", |last| template.text()[last.end_byte()..list.end_byte()].trim_start());
    if list.kind() == "tuple" && total == 1 && !cuts.is_empty() && !(cuts.len() == 1 && rest.ends_with(",)")) {
        cuts.push(Cut { range: list.end_byte() - 1..list.end_byte() - 1, text: "," });
    }
    Ok(cuts)
}

fn statements(template: &Template, captures: &BTreeMap<String, Capture>, block: Node) -> Result<Vec<Cut>, Refusal> {
    let all = entries(block);
    let body: Vec<Node> = all.into_iter().filter(|entry| template.body().contains(&entry.start_byte())).collect();
    let empty = |entry: &&Node| count(template, captures, **entry) == Some(0);
    let gone: Vec<&Node> = body.iter().filter(empty).collect();
    let text = template.text();
    let mut cuts: Vec<Cut> = Vec::new();
    for entry in &gone {
        let before = text[template.body().start..entry.start_byte()].rfind('\n').map(|at| template.body().start + at);
        let range = match before {
            Some(line) => line..entry.end_byte(),
            None => entry.start_byte()..text[entry.end_byte()..].find('\n').map_or(text.len(), |at| entry.end_byte() + at + 1),
        };
        cuts.push(Cut { range, text: "" });
    }
    if gone.len() == body.len() && block.kind() == "block" {
        cuts.truncate(cuts.len() - 1);
        if let Some(last) = gone.last() {
            cuts.push(Cut { range: last.byte_range(), text: "pass" });
        }
    }
    Ok(cuts)
}

/// What a list or block holds, without comments.
pub(super) fn entries(list: Node) -> Vec<Node> {
    let mut cursor = list.walk();
    list.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}
