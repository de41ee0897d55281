//! String literals as values: what is known of their text when it runs, and where each part of it is written.

use std::ops::Range;

use tree_sitter::{Node, Tree};

/// Stands in a value for a part that only a run knows; no source text holds it.
pub(super) const UNKNOWN: char = '\0';

/// A string literal, all parts of an implicit concatenation together.
#[derive(Debug)]
pub(in crate::rewrite) struct Literal<'t> {
    /// The whole in the text.
    pub(in crate::rewrite) range: Range<usize>,
    /// Its text when it runs.
    pub(super) value: String,
    /// Stretches of the value that are written as they are: where in the value, and where in the text they start.
    runs: Vec<(Range<usize>, usize)>,
    /// It stands alone as a statement, which makes it documentation.
    pub(in crate::rewrite) is_statement: bool,
    /// The call of which it is an argument.
    pub(super) call: Option<Argument<'t>>,
}

/// A place among the arguments of a call.
#[derive(Debug, Clone, Copy)]
pub(in crate::rewrite) struct Argument<'t> {
    /// What is called.
    pub(super) function: Node<'t>,
    /// The list of arguments.
    pub(super) list: Node<'t>,
    /// Its number from 0 among all arguments; `None` for a keyword argument.
    pub(super) position: Option<usize>,
    /// The keyword.
    pub(super) keyword: Option<Node<'t>>,
}

impl Argument<'_> {
    /// The last name of what is called, and the one before it: `mock.patch.object` gives `object` and `patch`.
    pub(super) fn names<'s>(&self, text: &'s str) -> (&'s str, &'s str) {
        called(self.function, text)
    }
}

/// The last name of what is called, and the one before it.
pub(super) fn called<'s>(function: Node, text: &'s str) -> (&'s str, &'s str) {
    let whole = text[function.byte_range()].trim_end();
    let (before, last) = whole.rsplit_once('.').unwrap_or(("", whole));
    (last.trim_start(), before.rsplit_once('.').map_or(before, |(_, name)| name).trim())
}

impl Literal<'_> {
    /// Where a stretch of the value is written, when it is written in one piece as it is.
    pub(super) fn written(&self, stretch: Range<usize>) -> Option<Range<usize>> {
        let (run, start) = self.runs.iter().find(|(run, _)| run.start <= stretch.start && stretch.end <= run.end)?;
        Some(start + stretch.start - run.start..start + stretch.end - run.start)
    }

    /// Where a stretch of the value begins in the text, as near as can be said.
    pub(super) fn near(&self, at: usize) -> usize {
        self.runs.iter().find(|(run, _)| run.contains(&at)).map_or(self.range.start, |(run, start)| start + at - run.start)
    }

    fn push(&mut self, piece: &str, start: usize) {
        if !piece.is_empty() {
            self.runs.push((self.value.len()..self.value.len() + piece.len(), start));
            self.value.push_str(piece);
        }
    }
}

/// The literals with one of the sorted places `hits` inside, in the order of the text; bytes literals are none.
pub(in crate::rewrite) fn literals<'t>(tree: &'t Tree, text: &str, hits: &[usize]) -> Vec<Literal<'t>> {
    let mut found = Vec::new();
    let mut ancestors: Vec<Node<'t>> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let from = hits.partition_point(|hit| *hit < node.start_byte());
        let holds = hits.get(from).is_some_and(|hit| *hit < node.end_byte());
        let part = ancestors.last().is_some_and(|parent| parent.kind() == "concatenated_string");
        if holds && !part && matches!(node.kind(), "string" | "concatenated_string") {
            found.push(read(node, &ancestors, text));
        }
        if holds && cursor.goto_first_child() {
            ancestors.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
            ancestors.pop();
        }
    }
}

fn read<'t>(node: Node<'t>, ancestors: &[Node<'t>], text: &str) -> Literal<'t> {
    let mut outer = ancestors.iter().rev().skip_while(|node| node.kind() == "parenthesized_expression").peekable();
    let is_statement = outer.peek().is_some_and(|node| node.kind() == "expression_statement");
    let mut literal = Literal {
        range: node.byte_range(),
        value: String::new(),
        runs: Vec::new(),
        is_statement,
        call: argument(node, ancestors),
    };
    if node.kind() == "string" {
        read_part(node, text, &mut literal);
    } else {
        let mut cursor = node.walk();
        for part in node.children(&mut cursor).filter(|part| part.kind() == "string") {
            read_part(part, text, &mut literal);
        }
    }
    literal
}

fn argument<'t>(node: Node<'t>, ancestors: &[Node<'t>]) -> Option<Argument<'t>> {
    let mut own = node;
    let mut outer = ancestors.iter().rev().copied().peekable();
    while let Some(parent) = outer.next_if(|parent| parent.kind() == "parenthesized_expression") {
        own = parent;
    }
    let named = outer.next_if(|parent| parent.kind() == "keyword_argument");
    let (list, call) = (outer.next()?, outer.next()?);
    if list.kind() != "argument_list" || call.kind() != "call" {
        return None;
    }
    let function = call.child_by_field_name("function")?;
    let mut cursor = list.walk();
    let mut arguments = list.named_children(&mut cursor).filter(|child| child.kind() != "comment");
    let position = if named.is_some() { None } else { arguments.position(|child| child.id() == own.id()) };
    Some(Argument { function, list, position, keyword: named.and_then(|named| named.child_by_field_name("name")) })
}

/// Adds one part of a literal.
fn read_part(node: Node, text: &str, literal: &mut Literal) {
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            "string_start" if text[child.byte_range()].contains(['b', 'B']) => {
                literal.value.push(UNKNOWN);
                return;
            }
            "interpolation" => literal.value.push(UNKNOWN),
            "string_content" => read_content(child, text, literal),
            _ => {}
        }
    }
}

fn read_content(node: Node, text: &str, literal: &mut Literal) {
    let mut at = node.start_byte();
    let mut cursor = node.walk();
    for escape in node.children(&mut cursor).filter(|child| matches!(child.kind(), "escape_sequence" | "escape_interpolation")) {
        literal.push(&text[at..escape.start_byte()], at);
        literal.value.extend(unescaped(&text[escape.byte_range()]));
        at = escape.end_byte();
    }
    literal.push(&text[at..node.end_byte()], at);
}

/// The character that an escape stands for; none for a line that goes on, an unlikely one for what would need a table.
fn unescaped(escape: &str) -> Option<char> {
    let rest = escape.strip_prefix('\\').unwrap_or(escape);
    let number = |digits: &str, radix| {
        let character = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        Some(character.filter(|c| *c != UNKNOWN).unwrap_or(char::REPLACEMENT_CHARACTER))
    };
    match rest.chars().next()? {
        '\n' | '\r' => None,
        'n' => Some('\n'),
        't' => Some('\t'),
        'x' | 'u' | 'U' => number(&rest[1..], 16),
        '0'..='7' => number(rest, 8),
        'N' => Some(char::REPLACEMENT_CHARACTER),
        'a' | 'b' | 'f' | 'r' | 'v' => Some(' '),
        other => Some(other),
    }
}
