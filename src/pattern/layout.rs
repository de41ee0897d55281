//! The blocks of a file: which statement stands in which, which of them run again and again, and what plain assignments they hold.

use std::collections::HashMap;

use tree_sitter::Node;

use crate::pattern::view::{is_statement, statements};

/// One block.
#[derive(Debug, Default)]
pub(crate) struct Block<'t> {
    /// It is inside a loop of the same function.
    pub(crate) looped: bool,
    /// Where the plain assignments to each name begin and end, in order.
    assigned: HashMap<&'t str, Vec<(usize, usize)>>,
}

impl Block<'_> {
    /// The end of the first plain assignment to a name from a place on.
    pub(crate) fn assigned_from(&self, name: &str, at: usize) -> Option<usize> {
        let all = self.assigned.get(name)?;
        all.get(all.partition_point(|(start, _)| *start < at)).map(|(_, end)| *end)
    }
}

/// The blocks of a file.
#[derive(Debug, Default)]
pub(crate) struct Layout<'t> {
    blocks: Vec<Block<'t>>,
    /// The block of the statement that begins at a place; the innermost where several do.
    of: HashMap<usize, usize>,
}

impl<'t> Layout<'t> {
    pub(crate) fn new(root: Node, text: &'t str) -> Self {
        let mut layout = Self::default();
        let mut pending = vec![(root, false)];
        while let Some((node, looped)) = pending.pop() {
            let looped = match node.kind() {
                "for_statement" | "while_statement" => true,
                "function_definition" => false,
                "module" | "block" => {
                    layout.block(node, looped, text);
                    looped
                }
                _ => looped,
            };
            let mut cursor = node.walk();
            let inner = node.named_children(&mut cursor).filter(|child| holds_blocks(*child));
            pending.extend(inner.map(|child| (child, looped)));
        }
        layout
    }

    fn block(&mut self, node: Node, looped: bool, text: &'t str) {
        let number = self.blocks.len();
        let mut block = Block { looped, assigned: HashMap::new() };
        for statement in statements(node) {
            self.of.insert(statement.start_byte(), number);
            let plain = statement.named_child(0).filter(|child| child.kind() == "assignment");
            let [left, value] = ["left", "right"].map(|field| plain.and_then(|plain| plain.child_by_field_name(field)));
            if let (Some(left), Some(_)) = (left.filter(|left| left.kind() == "identifier"), value) {
                let place = (statement.start_byte(), statement.end_byte());
                block.assigned.entry(&text[left.byte_range()]).or_default().push(place);
            }
        }
        self.blocks.push(block);
    }

    /// The block of the statement that begins there.
    pub(crate) fn block_of(&self, start: usize) -> Option<&Block<'t>> {
        self.of.get(&start).map(|number| &self.blocks[*number])
    }
}

fn holds_blocks(node: Node) -> bool {
    (is_statement(node) && !matches!(node.kind(), "expression_statement" | "return_statement"))
        || node.kind() == "block"
        || node.kind().ends_with("_clause")
}
