//! What only the whole walk shows: who owns declared names, what strings and type comments read, what assignments name.

use std::collections::HashMap;

use tree_sitter::Node;

use crate::python::builtins::is_builtin;
use crate::python::names::{Binding, Names, ScopeKind};
use crate::python::walk::Walk;

impl<'a> Walk<'a, '_, '_> {
    /// The names, everything in the order of the text.
    pub(super) fn finish(mut self, root: Node) -> Names<'a> {
        self.give_to_owners();
        for bindings in self.names.scopes.iter_mut().flat_map(|scope| scope.bindings.values_mut()) {
            bindings.sort_by_key(|binding| binding.range.start);
        }
        self.names.uses.sort_by_key(|read| read.range.start);
        self.read_past_classes(root);
        self.read_exports(root);
        self.read_strings(root);
        self.read_type_comments(root);
        self.names.uses.sort_by_key(|read| read.range.start);
        self.find_aliases();
        self.find_open();
        self.names
    }

    /// Gives bindings of declared names to the scope that has them.
    fn give_to_owners(&mut self) {
        for at in 1..self.names.scopes.len() {
            let scope = &self.names.scopes[at];
            let declared: Vec<&'a str> = scope.globals.iter().chain(&scope.nonlocals).copied().collect();
            for name in declared {
                let Some(bindings) = self.names.scopes[at].bindings.remove(name) else { continue };
                let owner = if self.names.scopes[at].globals.contains(name) {
                    0
                } else {
                    let outer = self.names.path(at, name).find(|outer| self.names.scopes[*outer].bindings.contains_key(name));
                    outer.unwrap_or(0)
                };
                self.names.scopes[owner].bindings.entry(name).or_default().extend(bindings);
            }
        }
    }

    /// Gives what a class body reads before it binds it to the module: `date: date`, `make = make()`.
    fn read_past_classes(&mut self, root: Node) {
        let scopes = &self.names.scopes;
        let mut known: HashMap<(usize, &str), Option<usize>> = HashMap::new();
        for read in self.names.uses.iter_mut().filter(|read| scopes[read.scope].kind == ScopeKind::Class) {
            let Some(bindings) = scopes[read.scope].bindings.get(read.name) else { continue };
            let bound = || bindings.iter().filter(|one| !one.unbinds).filter_map(|one| bound_from(root, one)).min();
            let from = *known.entry((read.scope, read.name)).or_insert_with(bound);
            if from.is_none_or(|from| read.range.start < from) {
                read.scope = 0;
            }
        }
    }

    /// Tells bindings which use they are another name for.
    fn find_aliases(&mut self) {
        let uses = &self.names.uses;
        for binding in self.names.scopes.iter_mut().flat_map(|scope| scope.bindings.values_mut()).flatten() {
            let Some((value, _)) = self.values.get(&binding.range.start) else { continue };
            let found = uses.binary_search_by_key(&value.start, |read| read.range.start).ok();
            binding.alias = found.filter(|at| uses[*at].whole() == *value);
        }
    }

    /// Finds the names of modules and classes that another name stands behind as long as they are not bound.
    fn find_open(&mut self) {
        let mut found = Vec::new();
        for (at, scope) in self.names.scopes.iter().enumerate() {
            if !matches!(scope.kind, ScopeKind::Module | ScopeKind::Class) {
                continue;
            }
            for (name, bindings) in &scope.bindings {
                let followed = bindings.iter().any(|binding| binding.import.is_some() || binding.alias.is_some());
                let behind = || {
                    is_builtin(name)
                        || (at != 0 && self.names.path(scope.parent.unwrap_or(0), name).any(|outer| self.binds(outer, name)))
                };
                if followed && behind() && !self.is_sure(at, name, bindings) {
                    found.push((at, *name));
                }
            }
        }
        for (at, name) in found {
            self.names.scopes[at].open.insert(name);
        }
    }

    fn binds(&self, scope: usize, name: &str) -> bool {
        self.names.scopes[scope].bindings.contains_key(name)
    }

    /// True when a binding that always runs stands before all that reads the name while its scope runs, and none takes it away.
    fn is_sure(&self, owner: usize, name: &str, bindings: &[Binding]) -> bool {
        let always = |binding: &Binding| match self.names.item(binding) {
            Some((import, _)) => import.scope == owner && import.conditional.is_none(),
            None => self.values.get(&binding.range.start).is_some_and(|(_, scope)| *scope == Some(owner)),
        };
        let Some(first) = bindings.iter().filter(|binding| always(binding)).map(|binding| binding.range.start).min() else {
            return false;
        };
        let mut early = self.names.uses.iter().take_while(|read| read.range.start < first).filter(|read| read.name == name);
        !bindings.iter().any(|binding| binding.unbinds) && !early.any(|read| self.runs_with(read.scope, owner))
    }

    /// True when code in the scope `inner` runs with that of `outer`: no function stands between.
    fn runs_with(&self, inner: usize, outer: usize) -> bool {
        let mut scope = inner;
        while scope != outer {
            let Some(next) = self.names.scopes[scope].parent.filter(|_| self.names.scopes[scope].kind != ScopeKind::Function)
            else {
                return false;
            };
            scope = next;
        }
        true
    }
}

/// Where in the text a name begins to have the value that a binding gives it; `None` for an annotation without a value.
pub(super) fn bound_from(root: Node, binding: &Binding) -> Option<usize> {
    let mut from = binding.range.end;
    let mut at = root.descendant_for_byte_range(binding.range.start, binding.range.end)?;
    while let Some(parent) = at.parent().filter(|parent| !matches!(parent.kind(), "block" | "module")) {
        match parent.kind() {
            "assignment" if parent.child_by_field_name("right").is_none() => return None,
            "for_statement" => from = parent.child_by_field_name("right").map_or(from, |right| right.end_byte().max(from)),
            "assignment" | "augmented_assignment" | "named_expression" | "function_definition" | "class_definition" => {
                from = parent.end_byte();
            }
            _ => {}
        }
        at = parent;
    }
    Some(from)
}
