//! Comments that tools read, such as `# noqa` and `# type: ignore`.
//!
//! Behind a line they speak of that line; on a line of their own they say nothing, or speak of a whole scope or file. So they
//! never get a line of their own: they go behind what takes the place of their line, or they are lost, and that is said.

use tree_sitter::Node;

use crate::python::source::{Source, leading_blanks};
use crate::rewrite::Remark;

/// What stands at the start of a comment for tools, in small letters.
const WORDS: [&str; 32] = [
    "autopep8:",
    "codespell:",
    "coverage:",
    "cspell:",
    "doctest:",
    "flake8:",
    "fmt:",
    "isort:",
    "lgtm",
    "mypy:",
    "noinspection",
    "nopep8",
    "nopycln",
    "noqa",
    "nosec",
    "nosemgrep",
    "nosonar",
    "pragma",
    "pylint:",
    "pyre-fixme",
    "pyre-ignore",
    "pyrefly:",
    "pyright:",
    "pytype:",
    "ruff:",
    "skipcq",
    "sourcery",
    "spellchecker:",
    "ty:",
    "type:",
    "yapf:",
    "zuban:",
];

/// Those of them that say nothing good on a line of their own; the others say there what they are meant to.
const BEHIND: [&str; 2] = ["noqa", "type:"];

/// A comment, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Comment {
    /// What is there for people, with its `#`; empty when there is nothing.
    pub(crate) people: String,
    /// What is there for tools and belongs behind a line, with its `#`; empty when there is nothing.
    pub(crate) tools: String,
}

impl Comment {
    /// Reads the comment that starts at a place.
    pub(crate) fn at(text: &str, at: usize) -> Self {
        let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
        let own = leading_blanks(text[start..at].trim_start_matches('\u{feff}')).len() == at - start;
        let whole = text[at..].lines().next().unwrap_or("").trim_end();
        let words: &[&str] = if own { &BEHIND } else { &WORDS };
        let starts = whole.match_indices('#').map(|(at, _)| at);
        let starts = starts.filter(|at| *at == 0 || whole[at + 1..].starts_with(' ') || is_for(words, &whole[*at..]));
        let mut ends: Vec<usize> = starts.collect();
        ends.push(whole.len());
        let mut comment = Self::default();
        for pair in ends.windows(2) {
            let part = &whole[pair[0]..pair[1]];
            let side = if is_for(words, part) { &mut comment.tools } else { &mut comment.people };
            side.push_str(part);
        }
        comment.people.truncate(comment.people.trim_end().len());
        comment.tools.truncate(comment.tools.trim_end().len());
        comment
    }

    /// True when there is something for tools and nothing else.
    pub(crate) fn is_for_tools(&self) -> bool {
        self.people.is_empty() && !self.tools.is_empty()
    }
}

fn is_for(words: &[&str], comment: &str) -> bool {
    let said = comment.trim_start_matches('#').trim_start();
    words.iter().any(|word| {
        let begins = said.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        begins && (word.ends_with(':') || !said[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// Comments as they stand behind code: what says something of types comes first, since it is read nowhere else.
pub(crate) fn joined(mut comments: Vec<String>) -> String {
    comments.sort_by_key(|comment| !is_for(&["type:"], comment));
    comments.iter().map(|comment| format!("  {comment}")).collect()
}

/// Says that a comment for tools is no more.
pub(crate) fn lost(source: &Source, at: usize, comment: &str) -> Remark {
    let help = "put it behind the line that needs it now, if one does";
    Remark::on_change(source, at, format!("`{comment}` goes with the line that it stood behind"), help)
}

/// Where comments can be put behind the line of `at`, and the comment that stands there already: they go before it, unless it
/// says something of types.
pub(crate) fn behind<'s>(source: &'s Source, root: Node, at: usize) -> Option<(usize, &'s str)> {
    let text = source.text();
    let end = source.line_range((source.line(at) - 1) as usize).end;
    let is_comment = |at: &usize| root.descendant_for_byte_range(*at, at + 1).is_some_and(|node| node.kind() == "comment");
    let comment = text[at..end].match_indices('#').map(|(from, _)| at + from).find(is_comment).unwrap_or(end);
    let place = at + text[at..comment].trim_end().len();
    let mut node = root.descendant_for_byte_range(place, place);
    while let Some(inner) = node {
        if inner.kind() == "string" && inner.start_byte() < place && place < inner.end_byte() {
            return None;
        }
        node = inner.parent();
    }
    let there = &text[comment..end];
    let after = if is_for(&["type:"], there) { end } else { place };
    (!text[..place].ends_with('\\')).then_some((after, there))
}

#[cfg(test)]
mod tests {
    use super::Comment;

    #[test]
    fn a_comment_is_taken_apart() {
        for (text, people, tools) in [
            ("x  # why", "# why", ""),
            ("x  # noqa", "", "# noqa"),
            ("x  #NOQA:E501 ", "", "#NOQA:E501"),
            ("x  # why  # noqa", "# why", "# noqa"),
            ("x  # type: ignore[a]  # noqa: F401", "", "# type: ignore[a]  # noqa: F401"),
            ("x  # noqa: E501 # see #12", "# see #12", "# noqa: E501"),
            ("x  # type: ignore because of #12", "", "# type: ignore because of #12"),
            ("x  # pylint: disable=a", "", "# pylint: disable=a"),
            ("x  # pragma: no cover", "", "# pragma: no cover"),
            ("x  # noqass", "# noqass", ""),
            ("x  # pragmatic", "# pragmatic", ""),
            ("  # pylint: disable=a", "# pylint: disable=a", ""),
            ("  # type: ignore", "", "# type: ignore"),
            ("# é#noqa", "# é", "#noqa"),
        ] {
            let comment = Comment::at(text, text.find('#').unwrap());
            assert_eq!((comment.people.as_str(), comment.tools.as_str()), (people, tools), "{text}");
        }
    }
}
