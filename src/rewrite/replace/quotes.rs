//! Which quotes new string literals have: those of what they replace, else those that the file has most.

use tree_sitter::Node;

use crate::rewrite::replace::written::Written;

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        let mut written = Self::default();
        written.push_str(text);
        written
    }
}

/// A literal in the quotes that are preferred, unless they stand in it or it has three on each side.
pub(super) fn requoted(literal: &str, quote: Option<char>) -> String {
    let Some(quote) = quote else { return literal.to_owned() };
    let start = literal.find(['\'', '"']).unwrap_or(literal.len());
    let (prefix, rest) = literal.split_at(start);
    let old = rest.chars().next().unwrap_or(quote);
    let inner = rest.strip_prefix(old).and_then(|rest| rest.strip_suffix(old));
    match inner {
        Some(inner) if !inner.contains(['\'', '"']) => format!("{prefix}{quote}{inner}{quote}"),
        _ => literal.to_owned(),
    }
}

/// The quote that most of the string literals below these nodes have, three on each side not counted.
pub(super) fn commonest<'t>(nodes: impl IntoIterator<Item = Node<'t>>, text: &str) -> Option<char> {
    let (mut single, mut double) = (0usize, 0usize);
    for node in nodes {
        let mut cursor = node.walk();
        let mut entering = true;
        let mut depth = 0usize;
        loop {
            let at = cursor.node();
            if entering && at.kind() == "string_start" {
                let start = text[at.byte_range()].trim_start_matches(|c: char| c.is_ascii_alphabetic());
                single += usize::from(start == "'");
                double += usize::from(start == "\"");
            }
            if entering && cursor.goto_first_child() {
                depth += 1;
                continue;
            }
            if depth == 0 {
                break;
            }
            entering = cursor.goto_next_sibling();
            if !entering {
                cursor.goto_parent();
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
        }
    }
    match single.cmp(&double) {
        std::cmp::Ordering::Greater => Some('\''),
        std::cmp::Ordering::Less => Some('"'),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::requoted;

    #[test]
    fn a_literal_takes_the_quotes_unless_they_stand_in_it() {
        for (literal, want) in [
            ("\"a\"", "'a'"),
            ("f\"{a}\"", "f'{a}'"),
            ("\"it's\"", "\"it's\""),
            ("\"\"\"a\"\"\"", "\"\"\"a\"\"\""),
            ("'a'", "'a'"),
            ("\"\"", "''"),
        ] {
            assert_eq!(requoted(literal, Some('\'')), want);
            assert_eq!(requoted(literal, None), literal);
        }
    }
}
