//! Python that documentation shows: in fences, literal blocks, doctests, and in docstrings.
//!
//! A rule's own step is applied to a text made of the blocks, and the lines that it changes are written back behind the prompts and
//! indentation they stand behind; all other bytes stay, above all the output of a doctest. Examples that use what an earlier one
//! of the same document binds are read together with it, those of a docstring with the module around them; others stand alone.
//! A block that does not parse is left, and said when it claims to be Python and holds a word of the rule. Inline code, cross
//! references and prose are not looked at.

mod blocks;
mod groups;
mod opener;
mod sheet;
#[cfg(test)]
mod tests;
mod weave;

use std::ops::Range;

use crate::python::parsed::Parsed;
use crate::python::source::{Source, leading_blanks};
use crate::python::syntax::ParseError;
use crate::rewrite::Made;
use crate::rewrite::docs::blocks::{Page, Quotes};
use crate::rewrite::docs::groups::Host;
use crate::rewrite::error::RewriteError;
use crate::rewrite::place::Place;
use crate::rewrite::strings::literal::literals;
use crate::rewrite::strings::words;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Markdown.
    Markdown,
    /// reStructuredText.
    Rst,
    /// A docstring: either of them.
    Docstring,
}

/// A transform of Python.
pub(crate) type Transform<'a> = &'a dyn Fn(&Parsed) -> Result<Made, RewriteError>;

/// The places that `step` changes, or cannot decide, in the examples of a document; blocks without one of the rule's words
/// (where it has any), and those that have nothing to do with one that has, are not looked at.
pub(crate) fn prose(source: &Source, markup: Markup, rule_words: &[&str], step: Transform) -> Vec<Place> {
    if !rule_words.is_empty() && hits(source.text(), rule_words).is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<Range<usize>> = (0..source.lines()).map(|line| source.line_range(line)).collect();
    if let Some(first) = lines.first_mut().filter(|_| source.text().starts_with('\u{feff}')) {
        first.start = '\u{feff}'.len_utf8();
    }
    let page = Page { text: source.text(), lines, markup, base: 0, quotes: None };
    Host::new(source, None, None).places(&page, rule_words, step)
}

/// The same for the docstrings of a Python file.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub(crate) fn python(file: &Parsed, rule_words: &[&str], step: Transform) -> Result<Vec<Place>, ParseError> {
    let source = file.source();
    let hits = match rule_words {
        [] => memchr::memchr2_iter(b'"', b'\'', source.text().as_bytes()).collect(),
        _ => hits(source.text(), rule_words),
    };
    if hits.is_empty() {
        return Ok(Vec::new());
    }
    let tree = file.tree()?;
    let names = file.names()?;
    let mut host = Host::new(source, file.module(), Some(names));
    let mut places = Vec::new();
    for literal in literals(tree, source.text(), &hits).iter().filter(|literal| literal.is_statement) {
        if let Some(page) = docstring(source, literal.range.clone()) {
            places.extend(host.places(&page, rule_words, step));
        }
    }
    Ok(places)
}

fn hits(text: &str, rule_words: &[&str]) -> Vec<usize> {
    let mut hits: Vec<usize> = rule_words.iter().flat_map(|word| words(text, word)).collect();
    hits.sort_unstable();
    hits
}

/// The lines inside a string that is one literal without parts that only a run knows.
fn docstring<'a>(source: &'a Source, range: Range<usize>) -> Option<Page<'a>> {
    let literal = &source.text()[range.clone()];
    let body = literal.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let prefix = &literal[..literal.len() - body.len()];
    let mark = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| body.starts_with(mark))?;
    let content = body[mark.len()..].strip_suffix(mark)?;
    if prefix.contains(['f', 'F', 'b', 'B', 't', 'T']) || content.contains(mark) {
        return None;
    }
    let start = range.start + prefix.len() + mark.len();
    let end = start + content.len();
    let (first, last) = ((source.line(start) - 1) as usize, (source.line(end) - 1) as usize);
    let lines = (first..=last).map(|number| {
        let line = source.line_range(number);
        line.start.max(start)..line.end.min(end).max(line.start.max(start))
    });
    let own_line = &source.text()[source.line_range((source.line(range.start) - 1) as usize)];
    let base = leading_blanks(own_line).len();
    let quotes = Some(Quotes { mark, is_raw: prefix.contains(['r', 'R']) });
    Some(Page { text: source.text(), lines: lines.collect(), markup: Markup::Docstring, base, quotes })
}
