//! What only the whole walk shows: who owns declared names, what strings and type comments read, what assignments name.

use tree_sitter::Node;

use crate::python::names::Names;
use crate::python::walk::Walk;

impl<'a> Walk<'a, '_, '_> {
    /// The names, everything in the order of the text.
    pub(super) fn finish(mut self, root: Node) -> Names<'a> {
        self.give_to_owners();
        for bindings in self.names.scopes.iter_mut().flat_map(|scope| scope.bindings.values_mut()) {
            bindings.sort_by_key(|binding| binding.range.start);
        }
        self.names.uses.sort_by_key(|read| read.range.start);
        self.read_strings();
        self.read_type_comments(root);
        self.names.uses.sort_by_key(|read| read.range.start);
        self.find_aliases();
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

    /// Tells bindings which use they are another name for.
    fn find_aliases(&mut self) {
        let uses = &self.names.uses;
        for binding in self.names.scopes.iter_mut().flat_map(|scope| scope.bindings.values_mut()).flatten() {
            let Some(value) = self.values.get(&binding.range.start) else { continue };
            let found = uses.binary_search_by_key(&value.start, |read| read.range.start).ok();
            binding.alias = found.filter(|at| uses[*at].whole() == *value);
        }
    }
}
