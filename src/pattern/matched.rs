//! A place of a file that a pattern fits, and what the pattern's metavariables stand for there.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use crate::pattern::place::contains;

/// A place that fits.
#[derive(Debug, Clone)]
pub struct Match<'t> {
    /// From the first to the last byte that belongs to it.
    pub range: Range<usize>,
    /// The nodes that fit the parts of `before`, in order: one expression, or one or more statements of one block.
    pub nodes: Vec<Node<'t>>,
    /// Statements between them that `...` passed over; they stay.
    pub passed: Vec<Node<'t>>,
    /// What each metavariable stands for, by its name without dollars.
    pub captures: BTreeMap<String, Capture<'t>>,
    /// What has an effect when it is evaluated and is in no metavariable of `after`: the metavariable that holds it, and the part.
    pub dropped: Vec<(String, Node<'t>)>,
    /// The uses in the match that stand for names which `before` imports: an index into `Names::uses`, and the qualified name.
    pub names: Vec<(usize, String)>,
    /// The scope in which it stands: an index into `Names::scopes`.
    pub scope: usize,
}

impl<'t> Match<'t> {
    /// True for a node inside something that a metavariable stands for.
    pub(crate) fn captures(&self, node: Node<'t>) -> bool {
        let range = node.byte_range();
        self.captures.values().any(|capture| nodes(capture).iter().any(|node| contains(&node.byte_range(), &range)))
    }
}

/// What a metavariable stands for.
#[derive(Debug, Clone)]
pub enum Capture<'t> {
    /// One expression or statement.
    One(Node<'t>),
    /// Arguments or statements, in order.
    Run(Vec<Node<'t>>),
}

/// What a metavariable stands for, as a list.
pub(crate) fn nodes<'t>(capture: &Capture<'t>) -> Vec<Node<'t>> {
    match capture {
        Capture::One(node) => vec![*node],
        Capture::Run(nodes) => nodes.clone(),
    }
}

/// All that a pattern fits in a file.
#[derive(Debug, Clone, Default)]
pub struct Found<'t> {
    /// In the order of the text; no two share a node of [`Match::nodes`].
    pub matches: Vec<Match<'t>>,
    /// Those inside something that one of [`Self::matches`] captured; they can be rewritten after it.
    pub nested: Vec<Match<'t>>,
    /// What fits and cannot be rewritten soundly, from its first to its last byte, in the order of the text.
    pub unsound: Vec<Range<usize>>,
    /// Uses of a deprecated name that are in no match, and what is unsound, in the order of the text.
    pub near: Vec<NearMiss>,
}

/// A use of a deprecated name that the pattern does not fit, or something that it fits and that cannot be rewritten.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NearMiss {
    /// Where it stands in the text.
    pub at: usize,
    /// Why, as a lower-case fragment.
    pub reason: String,
}
