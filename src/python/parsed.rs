//! A file read once: its text, its tree, what its names mean and where Python would refuse it, each found when first asked for.

use std::cell::OnceCell;
use std::time::Duration;

use tree_sitter::Tree;

use crate::python::names::Names;
use crate::python::skim::Shown;
use crate::python::source::Source;
use crate::python::syntax::{self, ParseError, SyntaxProblem};

/// A Python text with all that is known about it.
pub struct Parsed<'a> {
    source: &'a Source<'a>,
    module: Option<&'a str>,
    deadline: Duration,
    shown: Option<Shown>,
    tree: OnceCell<Result<Tree, ParseError>>,
    names: OnceCell<Names<'a>>,
    problems: OnceCell<Vec<SyntaxProblem>>,
}

impl<'a> Parsed<'a> {
    /// Nothing is parsed yet. `module` is the dotted name of the file's module, the last part `__init__` for a package's own file;
    /// without it relative imports mean nothing.
    #[must_use]
    pub fn new(source: &'a Source<'a>, module: Option<&'a str>) -> Self {
        let deadline = syntax::DEADLINE;
        Self { source, module, deadline, shown: None, tree: OnceCell::new(), names: OnceCell::new(), problems: OnceCell::new() }
    }

    /// The same, with so long to parse it.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same, with what is left of the text for its tree.
    #[must_use]
    pub fn showing(self, shown: Shown) -> Self {
        Self { shown: Some(shown), ..self }
    }

    /// How long it may take to parse.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The text.
    #[must_use]
    pub fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// The dotted name of the file's module.
    #[must_use]
    pub fn module(&self) -> Option<&'a str> {
        self.module
    }

    /// The concrete syntax tree.
    ///
    /// # Errors
    /// [`ParseError`] when there is none in time.
    pub fn tree(&self) -> Result<&Tree, ParseError> {
        let parse = || match &self.shown {
            Some(shown) => syntax::parse_between(self.source, &shown.text, &shown.gaps, self.deadline),
            None => syntax::parse_within(self.source, self.deadline),
        };
        self.tree.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    /// What the names mean.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub fn names(&self) -> Result<&Names<'a>, ParseError> {
        let tree = self.tree()?;
        Ok(self.names.get_or_init(|| Names::new(self.source, tree, self.module)))
    }

    /// Where valid Python begins that the tree has wrong, because its grammar is older than the text; what the names mean is not known
    /// from there on.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub fn unread(&self) -> Result<Option<usize>, ParseError> {
        let tree = self.tree()?;
        if !tree.root_node().has_error() || !self.problems().is_empty() {
            return Ok(None);
        }
        let mut cursor = tree.walk();
        while !(cursor.node().is_error() || cursor.node().is_missing()) && cursor.goto_first_child() {
            while !cursor.node().has_error() && cursor.goto_next_sibling() {}
        }
        Ok(Some(cursor.node().start_byte()))
    }

    /// Every place where Python would refuse the text; empty when it is valid.
    #[must_use]
    pub fn problems(&self) -> &[SyntaxProblem] {
        self.problems.get_or_init(|| syntax::errors(self.source))
    }
}
