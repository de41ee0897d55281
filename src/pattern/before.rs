//! `before` as a tree of its own: what of a Python tree has to be there, and what may be anything.

use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::PatternProblem;
use crate::pattern::holes::Take;
use crate::pattern::snippet::Snippet;
use crate::pattern::view::{arguments, bare, extent, is_chain, is_splat, kind, leaf, parts, star};
use crate::python::names::{Meaning, Names};

/// A part of a pattern; parts are known by their numbers.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Whatever resolves to this qualified name.
    Name(String),
    /// A name that is read and that the pattern does not import.
    Word(String),
    /// Something without parts, in one spelling.
    Leaf { kind: String, text: String },
    /// A metavariable: its number, unless it binds nothing.
    Hole { slot: Option<usize>, take: Take, takes: Takes },
    /// A node with these parts.
    Tree { kind: String, parts: Vec<usize> },
    /// The arguments of a call; those with a keyword have no order.
    Arguments { plain: Vec<usize>, keywords: Vec<usize> },
    /// `...` between statements.
    Gap,
}

/// What one metavariable takes at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Statement,
    Expression,
    Name,
}

/// What the whole is.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    /// An expression, wherever one stands.
    Expression(usize),
    /// Statements of one block.
    Statements(Vec<usize>),
}

/// A compiled `before`.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    /// The text of the plan.
    pub(crate) text: String,
    pub(crate) parts: Vec<Part>,
    /// Where each part stands in the text.
    pub(crate) spans: Vec<Range<usize>>,
    pub(crate) root: Root,
    /// The metavariables by their numbers.
    pub(crate) slots: Vec<String>,
}

impl Before {
    /// How the plan writes a part, for messages: its first line.
    pub(crate) fn written(&self, part: usize) -> &str {
        let text = self.spans.get(part).and_then(|span| self.text.get(span.clone())).unwrap_or("");
        text.lines().next().unwrap_or("").trim()
    }

    /// The number of a metavariable.
    pub(crate) fn slot(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot == name)
    }

    /// True for a part that can stand for any number of nodes.
    pub(crate) fn is_run(&self, part: usize) -> bool {
        matches!(self.parts[part], Part::Gap | Part::Hole { take: Take::Run, .. })
    }
}

/// Makes parts of nodes.
pub(crate) struct Builder<'s, 'a> {
    snippet: &'s Snippet<'a>,
    names: &'s Names<'a>,
    /// Metavariables that must be names, since `after` has them where only a name can stand.
    only_names: Vec<String>,
    pub(crate) before: Before,
    pub(crate) problems: Vec<PatternProblem>,
    pending: Vec<(Node<'a>, usize, At)>,
}

/// Where a node stands, for what it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Top,
    Arguments,
    Within,
    /// Behind the `*` of a splat, or the whole pattern.
    Behind,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub(crate) fn new(snippet: &'s Snippet<'a>, names: &'s Names<'a>, only_names: Vec<String>) -> Self {
        let before = Before {
            text: snippet.original.to_owned(),
            parts: Vec::new(),
            spans: Vec::new(),
            root: Root::Statements(Vec::new()),
            slots: Vec::new(),
        };
        Self { snippet, names, only_names, before, problems: Vec::new(), pending: Vec::new() }
    }

    /// One expression, or statements.
    pub(crate) fn build(mut self, body: &[Node<'a>], expression: Option<Node<'a>>) -> (Before, Vec<PatternProblem>) {
        let root = match expression {
            Some(node) => Root::Expression(self.promise(node, At::Behind)),
            None => Root::Statements(body.iter().map(|node| self.promise(*node, At::Top)).collect()),
        };
        self.before.root = root;
        while let Some((node, number, at)) = self.pending.pop() {
            let part = self.part(node, at);
            self.before.parts[number] = part;
        }
        (self.before, self.problems)
    }

    /// The number that the part of a node will have.
    fn promise(&mut self, node: Node<'a>, at: At) -> usize {
        let number = self.before.parts.len();
        let holed = self.snippet.holed;
        let range = if at == At::Behind { extent(&holed.text, node) } else { node.byte_range() };
        self.before.parts.push(Part::Gap);
        self.before.spans.push(holed.original(range.start)..holed.original(range.end));
        self.pending.push((node, number, at));
        number
    }

    fn part(&mut self, node: Node<'a>, at: At) -> Part {
        let node = bare(node);
        if at == At::Arguments {
            return self.arguments(node);
        }
        if at != At::Behind
            && is_splat(&self.snippet.holed.text, node)
            && let Some(star) = star(node)
        {
            let parts = vec![self.promise(star, At::Within), self.promise(node, At::Behind)];
            return Part::Tree { kind: "list_splat".to_owned(), parts };
        }
        if let Some(hole) = self.hole(node, Takes::Expression) {
            return hole;
        }
        if node.kind() == "expression_statement"
            && let [only] = parts(node).as_slice()
        {
            if let Some(hole) = self.hole(*only, Takes::Statement) {
                return hole;
            }
            if only.kind() == "ellipsis" {
                if at != At::Top {
                    let help = "a metavariable such as `$$$BODY` takes any statements";
                    self.problems.push(self.snippet.problem(node.start_byte(), "`...` inside a statement", help));
                }
                return Part::Gap;
            }
        }
        if let Some(name) = self.name(node) {
            return name;
        }
        if let Some(text) = leaf(node, self.snippet.text(node)) {
            return Part::Leaf { kind: kind(node).to_owned(), text };
        }
        let kind = kind(node);
        let parts = parts(node);
        let last = parts.len();
        let numbers = parts.into_iter().enumerate().map(|(number, part)| {
            let arguments = part.kind() == "argument_list" || (kind == "call" && number + 1 == last);
            self.promise(part, if arguments { At::Arguments } else { At::Within })
        });
        Part::Tree { kind: kind.to_owned(), parts: numbers.collect() }
    }

    fn arguments(&mut self, node: Node<'a>) -> Part {
        let (keywords, plain): (Vec<Node>, Vec<Node>) =
            arguments(node).into_iter().partition(|argument| argument.kind() == "keyword_argument");
        let plain = plain.into_iter().map(|argument| self.promise(argument, At::Within)).collect();
        // Those whose keyword is known leave less to choose from for the others.
        let known = |argument: &Node| argument.child_by_field_name("name").and_then(|name| self.snippet.hole(name)).is_none();
        let (known, open): (Vec<Node>, Vec<Node>) = keywords.into_iter().partition(known);
        let keywords = known.into_iter().chain(open).map(|argument| self.promise(argument, At::Within)).collect();
        Part::Arguments { plain, keywords }
    }

    fn hole(&mut self, node: Node<'a>, takes: Takes) -> Option<Part> {
        let hole = self.snippet.hole(node)?;
        let slot = (hole.name != "_").then(|| {
            self.before.slot(&hole.name).unwrap_or_else(|| {
                self.before.slots.push(hole.name.clone());
                self.before.slots.len() - 1
            })
        });
        let takes = if self.only_names.contains(&hole.name) { Takes::Name } else { takes };
        Some(Part::Hole { slot, take: hole.take, takes })
    }

    /// A name that is read, or a chain of attributes from an imported one.
    fn name(&self, node: Node<'a>) -> Option<Part> {
        if !is_chain(node) {
            return None;
        }
        let uses = &self.names.uses;
        let start = extent(&self.snippet.holed.text, node).start;
        let name = &uses[uses.binary_search_by_key(&start, |name| name.range.start).ok()?];
        let covered: Vec<&str> =
            name.attributes.iter().take_while(|(_, range)| range.end <= node.end_byte()).map(|(part, _)| *part).collect();
        // `f(x).y` begins with `f` too, but is no chain of names.
        let end = covered.len().checked_sub(1).map_or(name.range.end, |last| name.attributes[last].1.end);
        if end != node.end_byte() {
            return None;
        }
        let is_hole = |range: &Range<usize>| self.snippet.holed.hole(range).is_some();
        if is_hole(&name.range) || name.attributes[..covered.len()].iter().any(|(_, range)| is_hole(range)) {
            return None;
        }
        match self.names.meaning(name.scope, name.name) {
            Meaning::Imported(root) => Some(Part::Name(covered.iter().fold(root, |whole, part| whole + "." + part))),
            _ if node.kind() == "identifier" => Some(Part::Word(name.name.to_owned())),
            _ => None,
        }
    }
}
