//! A file read once: its text, its tree, what its names mean and where Python would refuse it, each found when first asked for.

use std::cell::OnceCell;
use std::fmt;
use std::time::Duration;

use tree_sitter::{Node, Tree};

use crate::python::grammar::is_statement;
use crate::python::names::Names;
use crate::python::skim::Shown;
use crate::python::source::Source;
use crate::python::syntax::{self, ParseError, SyntaxProblem};
use crate::python::version;
use crate::taken::{Taken, Takers};

/// The newest Python whose syntax the grammar of the tree has: the number after `3.`.
const UNDERSTOOD: u32 = 12;

/// A place where the tree has valid Python wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// The byte where it begins.
    pub at: usize,
    /// The Python that brought what stands there, the number after `3.`, when the grammar is known to be older.
    pub newer: Option<u32>,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.newer {
            Some(minor) => write!(f, "the syntax here is that of Python 3.{minor}, newer than what is understood"),
            None => f.write_str("this is valid Python that cannot be read from here on"),
        }
    }
}

/// A Python text with all that is known about it.
pub struct Parsed<'a> {
    source: &'a Source<'a>,
    module: Option<&'a str>,
    deadline: Duration,
    shown: Option<Shown>,
    takers: Option<&'a Takers<'a>>,
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
        let (tree, names, problems) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { source, module, deadline, shown: None, takers: None, tree, names, problems }
    }

    /// The same file with another text.
    #[must_use]
    pub fn again<'b>(&self, source: &'b Source<'b>) -> Parsed<'b>
    where
        'a: 'b,
    {
        Parsed { deadline: self.deadline, takers: self.takers, ..Parsed::new(source, self.module) }
    }

    /// The same among other files, where they are known.
    #[must_use]
    pub fn among(self, takers: Option<&'a Takers<'a>>) -> Self {
        Self { takers, ..self }
    }

    /// Whether other files take a name from this one's module.
    #[must_use]
    pub fn taken(&self, name: &str) -> Taken {
        match self.takers {
            Some(takers) if self.module.is_some() => takers(name).map_or(Taken::No, Taken::By),
            _ => Taken::Unknown,
        }
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

    /// The first valid Python that the tree has wrong; what the names mean is not known from there on.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub fn unread(&self) -> Result<Option<Unread>, ParseError> {
        let tree = self.tree()?;
        if !tree.root_node().has_error() || !self.problems().is_empty() {
            return Ok(None);
        }
        let broken = innermost_error(tree.root_node());
        // What could not be read may begin with much that was.
        let mut cursor = broken.walk();
        let first = broken.children(&mut cursor).find(|child| !is_whole(*child));
        let at = first.unwrap_or(broken).start_byte();
        let line = self.source.full_line_range(self.source.line(at) as usize - 1);
        let needed =
            version::needed(self.source).into_iter().filter(|newer| newer.minor > UNDERSTOOD && line.contains(&newer.at));
        Ok(Some(Unread { at, newer: needed.map(|newer| newer.minor).max() }))
    }

    /// Every place where Python would refuse the text; empty when it is valid.
    #[must_use]
    pub fn problems(&self) -> &[SyntaxProblem] {
        self.problems.get_or_init(|| syntax::errors(self.source))
    }
}

/// The first error in the order of the text that holds no other.
fn innermost_error(root: Node) -> Node {
    let mut found = root;
    let mut at = root;
    loop {
        let mut cursor = at.walk();
        let Some(next) = at.children(&mut cursor).find(|child| child.has_error() || child.is_missing()) else { return found };
        if next.is_error() || next.is_missing() {
            found = next;
        }
        at = next;
    }
}

/// True for a statement that was read to its end.
fn is_whole(node: Node) -> bool {
    node.kind() == "comment" || is_statement(node.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_that_cannot_be_read_is_told_and_newer_syntax_only_where_it_is() {
        for (text, place, newer) in [
            ("x = 1\nmatch x:\n    case 1: f'{x!r:{'y'}}'\n", None, None),
            ("x = (a.\nb)\n", None, None),
            ("match x:\n    case 1: pass\ndef f():\n    y = 1\n    (a.\nb)\n    return y\n", Some((5, 5)), None),
            ("def f():\n    def g():\n        (a.\n    b)\n        (c.\n    d)\n\n\ndef h():\n    (e.\nf)\n", Some((3, 9)), None),
            ("class A[T]: pass\nclass B[T = int]: pass\n", Some((2, 9)), Some(13)),
            ("def f():\n    (a.\nb)\nclass B[T = int]: pass\n", Some((2, 5)), None),
            ("x = (\n", None, None),
        ] {
            let source = Source::new(text.as_bytes()).unwrap();
            let unread = Parsed::new(&source, None).unread().unwrap();
            let found = unread.map(|unread| (source.line(unread.at), source.column(unread.at)));
            assert_eq!((found, unread.and_then(|unread| unread.newer)), (place, newer), "{text}");
        }
    }
}
