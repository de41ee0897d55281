//! Long runs of comment lines, which tree-sitter's grammar of Python reads once for each of their lines, so that a run of a thousand
//! lines costs a thousand times its length.
//!
//! Such a run is shown to that parser as one comment: it reads the first line and the last character, and its comment node reaches from
//! one to the other. Nothing but comments and blanks is left out, and every place stays what it is.

use std::ops::Range;

use ruff_python_ast::token::TokenKind;
use ruff_text_size::Ranged;

use crate::python::nesting;
use crate::python::ruff;

/// Runs up to this many lines are read as they are.
const LONG: usize = 32;
/// The most runs that are shortened, the longest ones: the parser goes through the list of gaps with each token.
const MOST_GAPS: usize = 1_000;

/// What of the text tree-sitter need not read, in order.
#[must_use]
pub fn gaps(text: &str) -> Vec<Range<usize>> {
    if !may_have_long_run(text) {
        return Vec::new();
    }
    let Ok(depth) = nesting::depth(text) else { return Vec::new() };
    let comments = ruff::read(text, depth, |parsed| {
        let comments = parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment);
        comments.map(|token| usize::from(token.start())..usize::from(token.end())).collect::<Vec<_>>()
    });
    let Ok(comments) = comments else { return Vec::new() };
    let mut gaps = long_runs(text, &comments);
    if gaps.len() > MOST_GAPS {
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.len()));
        gaps.truncate(MOST_GAPS);
        gaps.sort_by_key(|gap| gap.start);
    }
    gaps
}

/// A cheap look; it takes lines inside strings for comments.
fn may_have_long_run(text: &str) -> bool {
    let (mut run, mut start) = (0, 0);
    let bytes = text.as_bytes();
    for end in memchr::memchr_iter(b'\n', bytes) {
        let first = bytes[start..end].iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'#') => run += 1,
            Some(_) => run = 0,
            None => {}
        }
        if run > LONG {
            return true;
        }
        start = end + 1;
    }
    false
}

/// The gaps in runs of comments that stand on lines of their own, with nothing but blanks between them, and none further out than the
/// first: where a block ends depends on that.
fn long_runs(text: &str, comments: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut rest = comments;
    while let Some(first) = rest.first() {
        let Some(indent) = indent(text, first.start) else {
            rest = &rest[1..];
            continue;
        };
        let joined = |pair: &[Range<usize>]| {
            text[pair[0].end..pair[1].start].trim().is_empty() && self::indent(text, pair[1].start) >= Some(indent)
        };
        let length = 1 + rest.windows(2).take_while(|pair| joined(pair)).count();
        let last = &rest[length - 1];
        if length > LONG
            && let Some(character) = text[last.clone()].chars().next_back()
        {
            gaps.push(first.end..last.end - character.len_utf8());
        }
        rest = &rest[length..];
    }
    gaps
}

/// The width of the blanks before a comment, or `None` when something else stands on its line.
fn indent(text: &str, comment: usize) -> Option<usize> {
    let line = text[..comment].rfind('\n').map_or(0, |at| at + 1);
    let blanks = text[line..comment].trim_start_matches('\u{feff}').as_bytes();
    blanks.iter().try_fold(0, |width, byte| match byte {
        b' ' => Some(width + 1),
        b'\t' => Some(width + 8),
        b'\x0c' => Some(0),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_becomes_its_first_line_and_its_last_character() {
        let run = "# é\n\n".repeat(LONG) + "    # deeper é\n";
        for (before, after) in [("", ""), ("x = 1\n", "y = 2\n"), ("def f():\n    x\n", "z\n"), ("x = [\n", "]\n")] {
            let text = format!("{before}{run}{after}");
            let gap = before.len() + "# é".len()..before.len() + run.len() - "é\n".len();
            assert_eq!(gaps(&text), [gap], "{text}");
        }
    }

    #[test]
    fn what_is_no_run_stays() {
        let run = "# a\n".repeat(LONG + 1);
        for text in [
            "# a\n".repeat(LONG),
            format!("x = '''\n{run}'''\n"),
            format!("x = f'''\n{run}{{y}}\n{run}'''\n"),
            "# a\nx\n".repeat(2 * LONG),
            "x  # a\n".repeat(2 * LONG),
            format!("{}\n{}\n", "    # a\n".repeat(LONG), "# a\n".repeat(LONG)),
        ] {
            assert!(gaps(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn there_are_not_more_gaps_than_the_parser_can_bear() {
        let short = "# a\n".repeat(LONG + 1) + "x\n";
        let long = "# a\n".repeat(LONG + 2) + "x\n";
        let found = gaps(&(short.repeat(MOST_GAPS) + &long));
        assert_eq!((found.len(), found[MOST_GAPS - 1].len()), (MOST_GAPS, long.len() - "# a".len() - "a\nx\n".len()));
    }
}
