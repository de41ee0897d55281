//! What a module says that it exports: the texts in what gives or changes its `__all__`.

use std::collections::HashSet;

use tree_sitter::Node;

use crate::python::grammar::{Field, Kind, child_in, kind_of};
use crate::python::walk::Walk;

impl<'a> Walk<'a, '_, '_> {
    /// Reads the texts, those of the lists that it is made of too: `__all__ = _public + ["f"]`.
    pub(super) fn read_exports(&mut self, root: Node) {
        let mut seen: HashSet<&'a str> = HashSet::new();
        let mut pending: Vec<Node> = std::mem::take(&mut self.exports);
        while let Some(node) = pending.pop() {
            match kind_of(node) {
                Kind::StringContent => {
                    let text = self.text_of(node);
                    self.names
                        .exports
                        .extend(text.split(|c: char| !(c == '_' || c.is_alphanumeric())).filter(|name| !name.is_empty()));
                }
                Kind::Identifier => {
                    let name = self.text_of(node);
                    if name != "__all__" && seen.insert(name) {
                        self.add_lists(root, name, &mut pending);
                    }
                }
                _ => {
                    let mut cursor = node.walk();
                    pending.extend(node.named_children(&mut cursor));
                }
            }
        }
    }

    /// Adds what gives the module's name `name` its value, or changes that by a call of one of its methods.
    fn add_lists<'t>(&self, root: Node<'t>, name: &str, pending: &mut Vec<Node<'t>>) {
        let Some(bindings) = self.names.scopes[0].bindings.get(name) else { return };
        let assigned = bindings.iter().filter(|binding| binding.import.is_none()).map(|binding| binding.range.clone());
        let changed = self.names.uses.iter().filter(|read| read.called && read.name == name && read.attributes.len() == 1);
        for range in assigned.chain(changed.map(|read| read.range.clone())) {
            let mut at = root.descendant_for_byte_range(range.start, range.end);
            while let Some(node) = at {
                match kind_of(node) {
                    Kind::Assignment | Kind::AugmentedAssignment | Kind::ForStatement => {
                        pending.extend(child_in(node, Field::Right));
                    }
                    Kind::Call => pending.extend(child_in(node, Field::Arguments)),
                    Kind::Identifier | Kind::Attribute | Kind::PatternList | Kind::TuplePattern => {
                        at = node.parent();
                        continue;
                    }
                    _ => {}
                }
                break;
            }
        }
    }
}

/// True for a statement that gives or changes `__all__`.
pub(super) fn is_of_all(statement: Node, text: &str) -> bool {
    let mut at = Some(statement);
    while let Some(node) = at {
        let (target, next) = match kind_of(node) {
            Kind::Assignment => (child_in(node, Field::Left), child_in(node, Field::Right)),
            Kind::AugmentedAssignment => (child_in(node, Field::Left), None),
            Kind::Call => {
                let method = child_in(node, Field::Function).filter(|function| kind_of(*function) == Kind::Attribute);
                (method.and_then(|method| child_in(method, Field::Object)), None)
            }
            _ => return false,
        };
        if target.is_some_and(|target| names_all(target, text)) {
            return true;
        }
        at = next;
    }
    false
}

/// True when one of the targets is `__all__`.
fn names_all(target: Node, text: &str) -> bool {
    let mut pending = vec![target];
    while let Some(node) = pending.pop() {
        match kind_of(node) {
            Kind::Identifier if &text[node.byte_range()] == "__all__" => return true,
            Kind::ParenthesizedExpression
            | Kind::PatternList
            | Kind::TuplePattern
            | Kind::ListPattern
            | Kind::Tuple
            | Kind::List => {
                let mut cursor = node.walk();
                pending.extend(node.named_children(&mut cursor));
            }
            _ => {}
        }
    }
    false
}
