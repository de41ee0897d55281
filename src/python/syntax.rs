//! Two parsers: tree-sitter gives a tree for any text, ruff's says whether Python would take it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ruff_python_ast::Mod;
use ruff_text_size::Ranged;
use tree_sitter::{Parser, Point, Range, Tree};

use crate::python::comments;
use crate::python::nesting;
use crate::python::ruff;
use crate::python::semantic;
use crate::python::source::Source;
use crate::python::stars;

/// How long one file may take to parse, unless the caller says.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// Why there is no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The parser took longer than it may.
    #[error("parsing took longer than {} seconds", .0.as_secs_f32())]
    Deadline(Duration),
    /// The grammar does not fit the library.
    #[error("the grammar of Python could not be loaded")]
    Grammar,
}

/// A place where Python would refuse the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SyntaxProblem {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// A lower-case fragment.
    pub message: String,
}

/// The concrete syntax tree of the text; it has a tree for broken Python too. A long run of comment lines is one comment in it.
///
/// # Errors
/// [`ParseError`] when there is none within `deadline`.
pub fn parse_within(source: &Source, deadline: Duration) -> Result<Tree, ParseError> {
    let gaps = comments::gaps(source.text());
    let tree = parse_between(source, source.text(), &gaps, deadline)?;
    let stars = tree.root_node().has_error().then(|| stars::negated(source.text())).flatten();
    match stars {
        Some(shown) => parse_between(source, &shown, &gaps, deadline),
        None => Ok(tree),
    }
}

/// The same for what is shown of the text in its place, as long as the text, with `gaps` that are not read.
///
/// # Errors
/// [`ParseError`] when there is none within `deadline`.
pub(super) fn parse_between(
    source: &Source,
    shown: &str,
    gaps: &[std::ops::Range<usize>],
    deadline: Duration,
) -> Result<Tree, ParseError> {
    debug_assert_eq!(shown.len(), source.text().len());
    let end = Instant::now() + deadline;
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).map_err(|_| ParseError::Grammar)?;
    let ranges = between(source, gaps);
    parser.set_included_ranges(&ranges).expect("gaps are in order and do not overlap");
    let text = shown.as_bytes();
    let mut progress =
        |_: &tree_sitter::ParseState| if Instant::now() > end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let options = tree_sitter::ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| text.get(at..).unwrap_or(&[]);
    parser.parse_with_options(&mut read, None, Some(options)).ok_or(ParseError::Deadline(deadline))
}

/// What is read of a text with `gaps`; nothing when there are none, which means all of it.
fn between(source: &Source, gaps: &[std::ops::Range<usize>]) -> Vec<Range> {
    let point = |at: usize| {
        let row = source.line(at) as usize - 1;
        Point { row, column: at - source.full_line_range(row).start }
    };
    let starts = std::iter::once(0).chain(gaps.iter().map(|gap| gap.end));
    let ends = gaps.iter().map(|gap| gap.start).chain(std::iter::once(source.text().len()));
    let range = |(start, end)| Range { start_byte: start, end_byte: end, start_point: point(start), end_point: point(end) };
    if gaps.is_empty() { Vec::new() } else { starts.zip(ends).map(range).collect() }
}

/// Every place where Python would refuse the text; empty when it is valid.
#[must_use]
pub fn errors(source: &Source) -> Vec<SyntaxProblem> {
    let text = source.text();
    let mut found: Vec<(usize, String)> = source.undecodable().collect();
    match nesting::depth(text) {
        Err(deep) => found.push((deep.at, deep.message.to_owned())),
        Ok(depth) => match ruff::read(text, depth, |parsed| judge(text, parsed)) {
            Ok(judged) => found.extend(judged),
            Err(error) => found.push((0, format!("no stack to parse an expression {depth} deep: {error}"))),
        },
    }
    let mut problems: Vec<SyntaxProblem> = found
        .into_iter()
        .map(|(at, message)| SyntaxProblem { line: source.line(at), column: source.column(at), message })
        .collect();
    problems.sort();
    problems.dedup();
    problems
}

/// What Python's parser and compiler say of a text.
fn judge(text: &str, parsed: &ruff_python_parser::Parsed<Mod>) -> Vec<(usize, String)> {
    // Its parser looks for an expression before a `;` here.
    let is_bare_raise =
        |at: usize| text[at..].starts_with(';') && ends_in_word(text[..at].trim_end_matches([' ', '\t', '\x0c']), "raise");
    let mut found: Vec<(usize, String)> = parsed
        .errors()
        .iter()
        .filter(|error| !is_bare_raise(usize::from(error.location.start())))
        .map(|error| (usize::from(error.location.start()), lower_first(&error.error.to_string())))
        .collect();
    let unsupported = parsed.unsupported_syntax_errors().iter();
    found.extend(unsupported.map(|error| (usize::from(error.range().start()), lower_first(&error.to_string()))));
    if let Mod::Module(module) = parsed.syntax() {
        found.extend(semantic::errors(text, module).into_iter().map(|(at, message)| (at, lower_first(&message))));
    }
    found
}

/// True when a text ends in a word, and no longer one.
fn ends_in_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| !before.ends_with(|c: char| c == '_' || c == '.' || c.is_alphanumeric()))
}

/// Messages here are fragments; a first word that is a name or a keyword in quotes stays as it is.
fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(message.chars().skip(1)).collect(),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
