//! One text of a rule while it is compiled: its tree, its imports, its metavariables, and whether Python would take it.

use tree_sitter::Node;

use crate::dotted::covers;
use crate::pattern::holes::{Hole, Holed, Take};
use crate::pattern::view::{is_statement, parts, statements};
use crate::pattern::{PatternProblem, Side};
use crate::python::imports::{Import, Item};
use crate::python::names::{Meaning, Names, Use};
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;

/// Where a metavariable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stand {
    /// Alone, as a statement.
    Statement,
    /// Where any expression can.
    Expression,
    /// Where only a name can: after a dot, before the `=` of an argument, among parameters.
    Name,
}

/// A metavariable in the code of a text.
#[derive(Debug, Clone)]
pub(crate) struct Spot<'a> {
    pub(crate) hole: &'a Hole,
    pub(crate) stand: Stand,
    /// It is one of a list, so that it could be several.
    pub(crate) listed: bool,
    /// It is bound there, not read.
    pub(crate) bound: bool,
}

/// A text of a rule.
pub(crate) struct Snippet<'a> {
    pub(crate) side: Side,
    /// As the plan has it.
    pub(crate) original: &'a str,
    pub(crate) holed: &'a Holed,
    pub(crate) file: &'a Parsed<'a>,
}

impl<'a> Snippet<'a> {
    /// A problem at a place of the holed text.
    pub(crate) fn problem(&self, at: usize, message: impl Into<String>, help: impl Into<String>) -> PatternProblem {
        let at = self.holed.original(at).min(self.original.len());
        PatternProblem { side: self.side.clone(), at, message: message.into(), help: help.into() }
    }

    /// The text of a node as the plan has it.
    pub(crate) fn text(&self, node: Node) -> &'a str {
        let range = self.holed.original(node.start_byte())..self.holed.original(node.end_byte());
        self.original.get(range).unwrap_or("")
    }

    /// The metavariable that a node is.
    pub(crate) fn hole(&self, node: Node) -> Option<&'a Hole> {
        if !matches!(node.kind(), "identifier" | "dotted_name") {
            return None;
        }
        self.holed.hole(&node.byte_range())
    }

    /// Where Python would refuse the text, were it inside an async function and a loop.
    pub(crate) fn syntax(&self) -> Vec<PatternProblem> {
        const ONLY_BY_PLACE: [&str; 5] =
            ["outside of a function", "outside of an asynchronous function", "outside loop", "nonlocal", "async generator"];
        let source = self.file.source();
        let problems = self.file.problems().iter();
        let real = problems.filter(|problem| !ONLY_BY_PLACE.iter().any(|words| problem.message.contains(words)));
        real.map(|problem| {
            let at = if problem.line as usize > source.lines() {
                // Beyond the last line's end nothing is written that could be shown.
                source.text().trim_end().len()
            } else {
                let line = source.line_range(problem.line as usize - 1);
                let text = source.text().get(line.clone()).unwrap_or("");
                line.start + text.char_indices().nth(problem.column as usize - 1).map_or(text.len(), |(at, _)| at)
            };
            let help =
                if problem.message.contains("ositional argument") { "write the `$$$` before the keyword arguments" } else { "" };
            self.problem(at, problem.message.clone(), help)
        })
        .collect()
    }

    /// The imports at the top, and the statements below them.
    pub(crate) fn split(&self) -> Result<(Vec<Node<'a>>, Vec<Node<'a>>), ParseError> {
        let all = statements(self.file.tree()?.root_node());
        let imports = all.iter().take_while(|node| is_import(**node)).count();
        Ok((all[..imports].to_vec(), all[imports..].to_vec()))
    }

    /// What is wrong with its imports, apart from those that nothing uses.
    pub(crate) fn import_problems(&self, names: &Names, top: &[Node]) -> Vec<PatternProblem> {
        let mut problems = Vec::new();
        let mut known: Vec<(&str, String)> = Vec::new();
        for import in &names.imports {
            let at = import.range.start;
            if let Some(hole) = self.holed.holes.iter().find(|hole| import.range.contains(&hole.range.start)) {
                problems.push(self.problem(hole.range.start, "a metavariable in an import", "write the name that is imported"));
                continue;
            }
            if !top.iter().any(|node| node.byte_range() == import.range) {
                problems.push(self.problem(at, "an import below the top", "imports stand above everything else"));
            }
            if import.star {
                problems.push(self.problem(at, "a star import says nothing of what names mean", "import the names themselves"));
            }
            if import.from.as_ref().is_some_and(|from| from.level > 0) {
                problems.push(self.problem(at, "a relative import", "give the module's absolute name"));
            }
            for item in &import.items {
                let (local, bound) = (item.local(), import.bound(item));
                if known.iter().any(|(other, meaning)| *other == local && *meaning != bound) {
                    let message = format!("`{local}` is imported as two different things");
                    problems.push(self.problem(item.range.start, message, "give one of them an alias"));
                }
                known.push((local, bound));
            }
        }
        if let Some(future) = top.iter().find(|node| node.kind() == "future_import_statement") {
            problems.push(self.problem(future.start_byte(), "`__future__` cannot be imported by a rule", "leave it out"));
        }
        problems
    }

    /// The metavariables in its code, in order; those in strings and comments are text.
    pub(crate) fn spots(&self, body: &[Node<'a>]) -> Vec<Spot<'a>> {
        let mut found = Vec::new();
        let mut pending: Vec<(Node<'a>, Node<'a>, Option<&str>, bool)> =
            body.iter().rev().map(|node| (*node, *node, None, false)).collect();
        while let Some((node, parent, field, bound)) = pending.pop() {
            if let Some(hole) = self.hole(node).filter(|_| node.kind() == "identifier") {
                let (stand, listed, binds) = stand(node, parent, field);
                found.push(Spot { hole, stand, listed, bound: binds || (bound && stand != Stand::Name) });
                continue;
            }
            let mut cursor = node.walk();
            let from = pending.len();
            let mut more = cursor.goto_first_child();
            while more {
                let (child, field) = (cursor.node(), cursor.field_name());
                if child.is_named() {
                    pending.push((child, node, field, binds(node, field) || (bound && is_target(node))));
                }
                more = cursor.goto_next_sibling();
            }
            pending[from..].reverse();
        }
        found
    }
}

/// True for the part of a node that binds what it holds.
fn binds(node: Node, field: Option<&str>) -> bool {
    match node.kind() {
        "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => field == Some("left"),
        "as_pattern" | "except_clause" => field == Some("alias"),
        _ => false,
    }
}

/// True for a target that holds targets.
fn is_target(node: Node) -> bool {
    matches!(
        node.kind(),
        "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "as_pattern_target"
            | "parenthesized_expression"
            | "tuple"
            | "list"
    )
}

pub(crate) fn is_import(node: Node) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement" | "future_import_statement")
}

/// How an identifier stands in its parent, whether it is one of a list, and whether its place always binds.
fn stand(node: Node, parent: Node, field: Option<&str>) -> (Stand, bool, bool) {
    match (parent.kind(), field) {
        ("expression_statement", _) if parts(parent).len() == 1 => (Stand::Statement, true, false),
        ("attribute", Some("attribute")) | ("keyword_argument", Some("name")) | ("member_type" | "dotted_name", _) => {
            (Stand::Name, false, false)
        }
        ("parameters" | "lambda_parameters", _) => (Stand::Name, true, true),
        (
            "function_definition" | "class_definition" | "default_parameter" | "typed_default_parameter" | "named_expression",
            Some("name"),
        ) => (Stand::Name, false, true),
        ("typed_parameter", None) => (Stand::Name, false, true),
        ("global_statement" | "nonlocal_statement" | "splat_pattern" | "keyword_pattern" | "splat_type" | "generic_type", _) => {
            (Stand::Name, false, false)
        }
        (
            "argument_list"
            | "list"
            | "tuple"
            | "set"
            | "expression_list"
            | "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "expression_statement",
            _,
        ) => (Stand::Expression, true, false),
        _ if is_statement(node) => (Stand::Statement, true, false),
        _ => (Stand::Expression, false, false),
    }
}

/// The name that a use in a rule's text deprecates or needs, when it goes through one of the imports: what a from-import names, or,
/// through an imported module, the whole chain, since nothing tells where the module's own names begin: `import os`, `os.path.join`.
pub(crate) fn referred(names: &Names, name: &Use) -> Option<String> {
    let Meaning::Imported(root) = names.meaning(name.scope, name.name) else { return None };
    let whole = name.qualified(&root);
    let items = names.imports.iter().flat_map(|import| import.items.iter().map(move |item| (import, item)));
    let through = items.filter(|(import, item)| item.local() == name.name && covers(&import.imported(item), &whole));
    let (import, item): (&Import, &Item) = through.max_by_key(|(import, item)| import.imported(item).len())?;
    let imported = import.imported(item);
    if import.from.is_some() {
        return Some(imported);
    }
    Some(whole)
}

/// How a metavariable is written.
pub(crate) fn written(hole: &Hole) -> String {
    let dollars = if hole.take == Take::Run { "$$$" } else { "$" };
    format!("{dollars}{}", hole.name)
}
