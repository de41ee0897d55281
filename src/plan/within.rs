//! From a byte of a scalar's value to the byte of the plan's text that it was read from.
//!
//! Whatever style a scalar is written in, only its blanks are folded and only its escapes are decoded: all other characters stand in
//! the text in the same order. Where they do not, nothing is guessed.

use crate::plan::node::{Kind, Node};
use crate::plan::source::{Source, Span};

/// The word of a scalar at the byte `at` of its value, or the whole scalar when its place cannot be told.
#[must_use]
pub fn word(source: &Source, node: &Node, at: usize) -> Span {
    let Kind::Scalar(value, _) = &node.kind else { return node.span };
    let Some(offset) = offset(source, node, value, at) else { return node.span };
    let rest = source.text().get(offset..).unwrap_or("");
    let is_word = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
    let len = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let one = rest.chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    Span { offset, len: len.max(one) }
}

fn offset(source: &Source, node: &Node, value: &str, at: usize) -> Option<usize> {
    let raw = source.slice(node.written);
    let places = [Style::Plain, Style::Single, Style::Double].into_iter().find_map(|style| aligned(raw, value, style))?;
    let place = |nth: usize| places.get(nth).copied();
    let before = value.get(..at)?;
    let nth = before.chars().filter(|c| !c.is_whitespace()).count();
    let after = &value[at..];
    let blank = &after[..after.len() - after.trim_start().len()];
    if blank.is_empty()
        && let Some(next) = place(nth)
    {
        return Some(node.written.offset + next);
    }
    // Inside blanks: counted from the character before them on the same line, or else from the one after.
    let gap = &before[before.trim_end().len()..];
    let last = nth.checked_sub(1).and_then(place).map(|last| last + raw[last..].chars().next().map_or(0, char::len_utf8));
    let found = match (last, place(nth)) {
        (Some(last), _) if !gap.contains('\n') && raw[last..].starts_with(gap) => last + gap.len(),
        (_, Some(next)) if !blank.contains('\n') && raw[..next].ends_with(blank) => next - blank.len(),
        (_, Some(next)) => next,
        (Some(last), None) => last,
        (None, None) => return None,
    };
    Some(node.written.offset + found)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// As it is: plain and block scalars.
    Plain,
    /// `'…'`, in which `''` is one quote.
    Single,
    /// `"…"`, with escapes.
    Double,
}

/// Where in `raw` each character of `value` that is not blank stands; `None` when `raw` is not `value` in this style.
fn aligned(raw: &str, value: &str, style: Style) -> Option<Vec<usize>> {
    let quote = match style {
        Style::Plain => None,
        Style::Single => Some('\''),
        Style::Double => Some('"'),
    };
    let mut chars = raw.char_indices().peekable();
    if quote.is_some() && chars.next().map(|(_, c)| c) != quote {
        return None;
    }
    let mut wanted = value.chars().filter(|c| !c.is_whitespace());
    let mut places = Vec::new();
    while let Some((at, mut c)) = chars.next() {
        if Some(c) == quote && (style == Style::Double || chars.next_if(|(_, next)| *next == '\'').is_none()) {
            break;
        }
        if style == Style::Double && c == '\\' {
            let (_, escape) = chars.next()?;
            let digits = match escape {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            let code: String = chars.by_ref().take(digits).map(|(_, digit)| digit).collect();
            c = match escape {
                'x' | 'u' | 'U' => char::from_u32(u32::from_str_radix(&code, 16).ok()?)?,
                '0' => '\0',
                'a' => '\x07',
                'b' => '\x08',
                'e' => '\x1b',
                'n' | 't' | '\t' | 'v' | 'f' | 'r' | ' ' | '\n' | '\r' | 'N' | '_' | 'L' | 'P' => ' ',
                other => other,
            };
        }
        if c.is_whitespace() {
            continue;
        }
        if wanted.next() != Some(c) {
            return None;
        }
        places.push(at);
    }
    wanted.next().is_none().then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::node::parse;

    #[test]
    fn every_style_of_scalar_is_mapped_to_its_own_text() {
        for (text, word_at, expected) in [
            ("a: |\n  x = 1\n\n  if y:\n      $Z\n", "$Z", "5:7"),
            ("a: |\n\n\n    é, bad\n", "bad", "4:8"),
            ("a: |2\n     x\n    bad\n", "bad", "3:5"),
            ("a: >-\n  one\n  two\n\n  bad\n", "bad", "5:3"),
            ("a: plain\n  goes\n  bad on\n", "bad", "3:3"),
            ("a: 'it''s bad'\n", "bad", "1:11"),
            ("a: 'one\n\n  bad'\n", "bad", "3:3"),
            (r#"a: "\"\x41\u00e9\t\\\n bad""#, "bad", "1:24"),
            ("a: \"one \\\n   bad\"\n", "bad", "2:4"),
            ("a: |\r\n  x\r\n  bad\r\n", "bad", "3:3"),
            ("b: &x |\n  bad\na: *x\n", "bad", "2:3"),
            ("a: |\n  \"bad\"\n", "bad", "2:4"),
            ("a: |\n  x  =  1\n", " 1", "2:8"),
            ("a: |\n  x:\n      y\n", "  y", "3:5"),
            ("a: |\n  # bad\n", "bad", "2:5"),
        ] {
            let source = Source::new("x", text);
            let Kind::Map(entries) = parse(&source).unwrap().kind else { panic!("not a map") };
            let node = &entries.last().unwrap().1;
            let Kind::Scalar(value, _) = &node.kind else { panic!("not a scalar") };
            let (line, column) = source.line_column(word(&source, node, value.find(word_at).unwrap()).offset);
            assert_eq!(format!("{line}:{column}"), expected, "{text}");
        }
    }

    #[test]
    fn any_byte_of_a_value_has_a_place_in_its_text() {
        for text in ["a: |\n  x\n\n  y\n", "a: \"\\n \\n\"", "a: ''", "a: 'é\n\n  ''b'", "a: |+\n\n\n", "a: \"\\ud800\""] {
            let source = Source::new("x", text);
            let Ok(Node { kind: Kind::Map(entries), .. }) = parse(&source) else { continue };
            for at in 0..20 {
                let span = word(&source, &entries[0].1, at);
                assert!(span.offset <= text.len() && source.text().is_char_boundary(span.offset), "{text} {at}");
            }
        }
    }
}
