//! What may stand where a pattern has `...`: statements that do not depend on what fits around them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use tree_sitter::Node;

use crate::pattern::bound::{Bound, Bounds};
use crate::pattern::fit::{Fitted, Related};
use crate::pattern::matched::nodes;
use crate::pattern::meaning::Meanings;
use crate::pattern::place::contains;
use crate::pattern::targets::{is_set, places, set_in};
use crate::python::source::Source;

/// The statements of a file as far as they were looked at.
pub(crate) struct Between<'p, 't> {
    source: &'t Source<'t>,
    root: Node<'t>,
    meanings: &'p Meanings<'t>,
    bounds: &'p Bounds<'t>,
    jumps: RefCell<HashMap<usize, Option<usize>>>,
    /// The attributes and elements that a statement sets, by where it begins.
    places: RefCell<HashMap<usize, Vec<Node<'t>>>>,
}

impl<'p, 't> Between<'p, 't> {
    pub(crate) fn new(source: &'t Source<'t>, root: Node<'t>, meanings: &'p Meanings<'t>, bounds: &'p Bounds<'t>) -> Self {
        Self { source, root, meanings, bounds, jumps: RefCell::default(), places: RefCell::default() }
    }

    /// Why a statement cannot stand between those that fit so far and those to come.
    pub(crate) fn forbids(&self, fitted: &Fitted<'t>, statement: Node<'t>) -> Option<Related> {
        if let Some(at) = self.jump(statement) {
            let reason = format!("line {} may leave the block before the rest is reached", self.source.line(at));
            return Some(Related { reason, binds: false });
        }
        let range = statement.byte_range();
        let names = &self.meanings.names;
        let mut own: Vec<&str> = Vec::new();
        for node in &fitted.statements {
            own.extend(self.bounds.within(&node.byte_range()).iter().map(|bound| bound.name));
        }
        for number in self.meanings.uses_in(&range) {
            let name = &names.uses[number];
            if own.contains(&name.name) {
                let reason = format!("`{}` is read in line {}, in between", name.name, self.source.line(name.range.start));
                return Some(Related { reason, binds: false });
            }
        }
        if let Some(place) = self.changed(fitted, statement) {
            let (text, line) = (&self.meanings.text[place.byte_range()], self.source.line(place.start_byte()));
            return Some(Related { reason: format!("`{text}` is set in line {line}, in between"), binds: true });
        }
        let (bound, imported) = (self.bounds.within(&range), self.bounds.imported_within(&range));
        if bound.is_empty() && imported.is_empty() {
            return None;
        }
        for (_, capture) in &fitted.captures {
            for node in nodes(capture) {
                own.extend(self.meanings.uses_in(&node.byte_range()).map(|number| names.uses[number].name));
            }
        }
        // What a function imports for itself is nothing to the statements around it.
        let is_own = |bound: &&Bound| bound.scope != 0 && contains(&range, &names.scopes[bound.scope].range);
        let bound = bound.iter().chain(imported.iter().filter(|bound| !is_own(bound)));
        let clash = bound.filter(|bound| own.contains(&bound.name)).min_by_key(|bound| bound.range.start)?;
        let reason = format!("`{}` is bound in line {}, in between", clash.name, self.source.line(clash.range.start));
        Some(Related { reason, binds: true })
    }

    /// An attribute or element that a statement sets and a capture reads.
    fn changed(&self, fitted: &Fitted<'t>, statement: Node<'t>) -> Option<Node<'t>> {
        let read = fitted.captures.iter().flat_map(|(_, capture)| nodes(capture)).flat_map(places);
        let mut read = read.filter(|place| !is_set(self.root, *place)).peekable();
        read.peek()?;
        let mut places = self.places.borrow_mut();
        let set = places.entry(statement.start_byte()).or_insert_with(|| set_in(statement, statement));
        if set.is_empty() {
            return None;
        }
        let read: BTreeSet<&str> = read.map(|place| self.place(place)).collect();
        set.iter().find(|place| read.contains(self.place(**place))).copied()
    }

    /// How an attribute, or what an element is of, is written.
    fn place(&self, node: Node<'t>) -> &'t str {
        let named = if node.kind() == "subscript" { node.child_by_field_name("value") } else { None };
        &self.meanings.text[named.unwrap_or(node).byte_range()]
    }

    /// The place of a statement in `node` that leaves the block.
    fn jump(&self, node: Node<'t>) -> Option<usize> {
        if let Some(known) = self.jumps.borrow().get(&node.start_byte()) {
            return *known;
        }
        let mut pending = vec![node];
        let mut found = None;
        while let Some(inner) = pending.pop() {
            match inner.kind() {
                "return_statement" | "raise_statement" | "break_statement" | "continue_statement" => {
                    found = Some(inner.start_byte());
                    break;
                }
                "function_definition" | "class_definition" | "lambda" => {}
                kind if kind.ends_with("_statement") || kind.ends_with("_clause") || kind == "block" => {
                    let mut cursor = inner.walk();
                    pending.extend(inner.named_children(&mut cursor));
                }
                _ => {}
            }
        }
        self.jumps.borrow_mut().insert(node.start_byte(), found);
        found
    }
}
