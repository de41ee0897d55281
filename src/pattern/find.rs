//! All places of a file that a pattern fits: one walk over the tree, which leaves out whatever holds none of the pattern's names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use tree_sitter::Node;

use crate::dotted::covers;
use crate::pattern::Pattern;
use crate::pattern::before::{Part, Root};
use crate::pattern::between::Between;
use crate::pattern::bound::Bounds;
use crate::pattern::fit::{Fit, Fitted};
use crate::pattern::matched::{Found, Match, NearMiss, nodes};
use crate::pattern::meaning::{Meanings, Reach};
use crate::pattern::near;
use crate::pattern::place::contains;
use crate::pattern::sound::{Judged, Sound};
use crate::pattern::view::{extent, is_chain, kind, statements};
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;

/// In one file so many uses that do not fit get a reason of their own.
const MOST_REASONS: usize = 500;
/// How many assignments are followed from a name to an import.
const MOST_ALIASES: usize = 32;

/// See [`Pattern::find`]; without `judged` also what cannot be rewritten soundly, and nothing that nearly fits.
pub(crate) fn find<'t>(pattern: &Pattern, file: &'t Parsed<'_>, judged: bool) -> Result<Found<'t>, ParseError> {
    let root = file.tree()?.root_node();
    let text = file.source().text();
    let meanings = Meanings::new(text, file.names()?);
    let places = places(pattern, &meanings);
    if places.is_empty() && !pattern.wanted.is_empty() {
        return Ok(Found::default());
    }
    let bounds = Bounds::new(&meanings);
    let between = Between::new(file.source(), root, &meanings, &bounds);
    let sure: Vec<usize> = places.iter().filter(|(_, reach)| *reach == Reach::Sure).map(|(number, _)| *number).collect();
    let mut search = Search {
        pattern,
        root,
        meanings: &meanings,
        between: &between,
        starts: sure.iter().map(|number| meanings.names.uses[*number].range.start).collect(),
        taken: BTreeMap::new(),
        found: Vec::new(),
        nested: Vec::new(),
        refused: HashMap::new(),
    };
    if pattern.wanted.is_empty() || !sure.is_empty() {
        search.walk();
    }
    let Search { found, nested, mut refused, .. } = search;
    if !judged {
        return Ok(Found { matches: found, nested, ..Found::default() });
    }
    let Judged { matches, inner: nested, unsound } =
        Sound::new(&pattern.flow, file.source(), root, &meanings, &bounds).judge(found.into_iter().chain(nested).collect());
    for (one, reason) in &unsound {
        refused.extend(one.names.iter().map(|(number, _)| (*number, reason.clone())));
    }
    let fitting: HashSet<usize> =
        matches.iter().chain(&nested).flat_map(|one| one.names.iter().map(|(number, _)| *number)).collect();
    let missed = places.into_iter().filter(|(number, _)| !fitting.contains(number));
    let mut near: Vec<NearMiss> = missed
        .filter(|(number, _)| {
            let name = &meanings.names.uses[*number];
            !matches!(meanings.reach(name, &pattern.deprecated), Reach::Not)
        })
        .enumerate()
        .map(|(count, (number, reach))| {
            let reason = match (reach, refused.get(&number)) {
                (Reach::Unsure(reason), _) => reason,
                (_, Some(reason)) => reason.clone(),
                _ if count >= MOST_REASONS => "the pattern does not fit here".to_owned(),
                _ => near::reason(pattern, &meanings, &between, root, number),
            };
            NearMiss { at: meanings.names.uses[number].range.start, reason }
        })
        .collect();
    // What has no name that could be told of is told of itself.
    let told: HashSet<usize> = near.iter().map(|miss| miss.at).collect();
    let is_told = |one: &Match| one.names.iter().any(|(number, _)| told.contains(&meanings.names.uses[*number].range.start));
    let untold = unsound.iter().filter(|(one, _)| !is_told(one));
    near.extend(untold.map(|(one, reason)| NearMiss { at: one.range.start, reason: reason.clone() }));
    near.sort();
    let mut unsound: Vec<Range<usize>> = unsound.into_iter().map(|(one, _)| one.range).collect();
    unsound.sort_by_key(|range| (range.start, range.end));
    Ok(Found { matches, nested, unsound, near })
}

/// The uses of the pattern's names, in the order of the text.
fn places(pattern: &Pattern, meanings: &Meanings) -> Vec<(usize, Reach)> {
    let names = meanings.names;
    let wanted: Vec<String> = pattern.wanted.iter().chain(&pattern.deprecated).cloned().collect();
    let mut locals: HashSet<&str> = HashSet::new();
    for import in &names.imports {
        for item in &import.items {
            let bound = import.bound(item);
            if wanted.iter().any(|wanted| covers(&bound, wanted) || covers(wanted, &bound)) {
                locals.insert(item.local());
            }
        }
        if import.star {
            locals.extend(wanted.iter().flat_map(|wanted| wanted.split('.')));
        }
    }
    let bindings = names.scopes.iter().flat_map(|scope| scope.bindings.iter());
    let aliases: Vec<(&str, &str)> = bindings
        .flat_map(|(name, all)| all.iter().filter_map(|binding| Some((*name, names.uses[binding.alias?].name))))
        .collect();
    // One name may stand for another that stands for a third.
    for _ in 0..MOST_ALIASES {
        let known = locals.len();
        let more: Vec<&str> = aliases.iter().filter(|(_, target)| locals.contains(target)).map(|(name, _)| *name).collect();
        locals.extend(more);
        if locals.len() == known {
            break;
        }
    }
    let uses = names.uses.iter().enumerate().filter(|(_, name)| locals.contains(name.name));
    let reached = uses.map(|(number, name)| (number, meanings.reach(name, &wanted)));
    reached.filter(|(_, reach)| *reach != Reach::Not).collect()
}

struct Search<'p, 't> {
    pattern: &'p Pattern,
    root: Node<'t>,
    meanings: &'p Meanings<'t>,
    between: &'p Between<'p, 't>,
    /// Where the uses of the pattern's names begin.
    starts: Vec<usize>,
    /// The ranges of the nodes that belong to a match, and its number.
    taken: BTreeMap<usize, (usize, usize)>,
    found: Vec<Match<'t>>,
    nested: Vec<Match<'t>>,
    /// Why the match with a use cannot be taken.
    refused: HashMap<usize, String>,
}

impl<'t> Search<'_, 't> {
    fn walk(&mut self) {
        let anywhere = self.pattern.wanted.is_empty();
        let mut cursor = self.root.walk();
        loop {
            let node = cursor.node();
            let range = node.byte_range();
            let from = self.starts.partition_point(|start| *start < range.start);
            let worthwhile = anywhere || self.starts.get(from).is_some_and(|start| *start < range.end);
            if worthwhile {
                self.visit(node);
                if cursor.goto_first_child() {
                    continue;
                }
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    fn visit(&mut self, node: Node<'t>) {
        let between = |fitted: &Fitted<'t>, statement: Node<'t>| self.between.forbids(fitted, statement);
        let pattern = self.pattern;
        let mut fitting = Vec::new();
        match &pattern.before.root {
            Root::Expression(part) => {
                if !may_fit(pattern, *part, node, self.meanings) {
                    return;
                }
                if let Ok(fitted) = Fit::new(&pattern.before, self.meanings, false, &between).expression(*part, node) {
                    fitting.push((vec![node], fitted));
                }
            }
            Root::Statements(parts) => {
                if !matches!(node.kind(), "module" | "block") {
                    return;
                }
                let block: Rc<[Node]> = statements(node).into();
                for at in 0..block.len() {
                    let fit = Fit::new(&pattern.before, self.meanings, false, &between);
                    if let Ok(mut fitted) = fit.sequence(parts, &block, at) {
                        fitting.push((std::mem::take(&mut fitted.statements), fitted));
                    }
                }
            }
        }
        for (nodes, fitted) in fitting {
            self.take(nodes, fitted);
        }
    }

    /// Makes a match of what fits, when the conditions hold and nothing of it belongs to another match.
    fn take(&mut self, all: Vec<Node<'t>>, fitted: Fitted<'t>) {
        let one = self.matched(all, fitted);
        let mut holder = None;
        for node in &one.nodes {
            if let Some((_, (end, number))) = self.taken.range(..=node.start_byte()).next_back()
                && *end > node.start_byte()
            {
                if !self.found[*number].captures(*node) {
                    return;
                }
                holder = Some(*number);
            }
        }
        if let Some(reason) = self.refusal(&one) {
            self.refused.extend(one.names.iter().map(|(number, _)| (*number, reason.clone())));
            return;
        }
        if holder.is_some() {
            self.nested.push(one);
            return;
        }
        let number = self.found.len();
        self.taken.extend(one.nodes.iter().map(|node| (node.start_byte(), (node.end_byte(), number))));
        self.found.push(one);
    }

    fn refusal(&self, one: &Match<'t>) -> Option<String> {
        self.pattern.conditions.iter().find_map(|(slot, conditions)| {
            let name = slot.map(|slot| self.pattern.before.slots[slot].as_str());
            let nodes = match name {
                Some(name) => one.captures.get(name).map(nodes)?,
                None => one.nodes.clone(),
            };
            let reason = conditions.refuses(self.meanings.text, self.root, &nodes)?;
            Some(name.map_or_else(|| format!("the match {reason}"), |name| format!("`${name}` {reason}")))
        })
    }

    fn matched(&self, all: Vec<Node<'t>>, fitted: Fitted<'t>) -> Match<'t> {
        let first = all.first().map_or(0, |node| extent(self.meanings.text, *node).start);
        let last = all.last().map_or(0, Node::end_byte);
        let slots = &self.pattern.before.slots;
        let captures = fitted.captures.into_iter().map(|(slot, capture)| (slots[slot].clone(), capture)).collect();
        Match {
            range: first..last,
            scope: scope(self.meanings, &all),
            nodes: all,
            passed: fitted.passed,
            dropped: self.pattern.flow.evaluation.dropped(&captures, &fitted.unnamed),
            captures,
            names: fitted.names,
        }
    }
}

/// The scope that nodes stand in, not one that they make.
fn scope(meanings: &Meanings, all: &[Node]) -> usize {
    let scopes = &meanings.names.scopes;
    let range = all.first().map_or(0, Node::start_byte)..all.last().map_or(0, Node::end_byte);
    let first = meanings.uses_in(&range).next().map(|number| meanings.names.uses[number].scope);
    let around = || scopes.iter().rposition(|scope| scope.range.contains(&range.start)).unwrap_or(0);
    let mut at = first.unwrap_or_else(around);
    while let Some(parent) = scopes[at].parent.filter(|_| contains(&range, &scopes[at].range)) {
        at = parent;
    }
    at
}

/// A look at whether an expression could fit at all.
pub(crate) fn may_fit(pattern: &Pattern, part: usize, node: Node, meanings: &Meanings) -> bool {
    const NONE: [&str; 5] = ["parenthesized_expression", "as_pattern_target", "pattern_list", "tuple_pattern", "list_pattern"];
    if !node.is_named() || NONE.contains(&node.kind()) {
        return false;
    }
    match &pattern.before.parts[part] {
        Part::Tree { kind: wanted, .. } | Part::Leaf { kind: wanted, .. } => kind(node) == *wanted,
        Part::Name(_) | Part::Word(_) => is_chain(node) && meanings.use_at(extent(meanings.text, node).start).is_some(),
        _ => true,
    }
}
