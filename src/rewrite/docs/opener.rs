//! The lines that open a block of code: Markdown fences and reStructuredText directives, and the language they name.

use crate::python::source::leading_blanks;

/// What a block says that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Python.
    Python,
    /// A Python session with prompts.
    Session,
    /// Nothing is said.
    Unknown,
    /// Something else.
    Other,
}

impl Language {
    /// The language of the words after a fence or a directive: the first of them, without the marks of attributes.
    fn named(info: &str) -> Self {
        let info = info.trim().trim_start_matches(['{', '.', ' ']);
        let (word, rest) = info.split_at(info.find([' ', ',', '{', '}', ':', '\t', ';', '[']).unwrap_or(info.len()));
        match word.to_ascii_lowercase().as_str() {
            "" => Self::Unknown,
            "python" | "py" | "python3" | "py3" | "python2" | "pyi" | "testcode" | "testsetup" | "testcleanup" => Self::Python,
            "pycon" | "pycon3" | "python-repl" | "python-console" | "doctest" => Self::Session,
            "code-block" | "code" | "sourcecode" | "code-cell" if rest.starts_with('}') => Self::named(&rest[1..]),
            _ => Self::Other,
        }
    }
}

/// An open fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    mark: char,
    count: usize,
    is_quoted: bool,
    /// What it holds.
    pub(super) language: Language,
}

impl Fence {
    /// The fence that a line opens, whatever containers it stands in.
    pub(super) fn open(line: &str) -> Option<Self> {
        let content = line.trim_start_matches([' ', '\t', '>']);
        let is_quoted = line[..line.len() - content.len()].contains('>');
        let content = without_bullet(content);
        let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = content.trim_start_matches(mark);
        let count = content.len() - info.len();
        let opens = count >= 3 && !(mark == '`' && info.contains('`'));
        opens.then(|| Self { mark, count, is_quoted, language: Language::named(info) })
    }

    /// True for a line that can no longer be inside it.
    pub(super) fn ends(&self, line: &str) -> bool {
        self.closes(line) || (self.is_quoted && !line.trim_start().starts_with('>'))
    }

    /// True for the line that closes it.
    pub(super) fn closes(&self, line: &str) -> bool {
        let content = line.trim_start_matches([' ', '\t', '>']).trim_end();
        content.len() >= self.count && content.chars().all(|c| c == self.mark)
    }
}

/// A line without the mark of a list item.
fn without_bullet(content: &str) -> &str {
    let number = content.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if number.len() < content.len() { number.strip_prefix(['.', ')']) } else { content.strip_prefix(['-', '*', '+']) };
    match rest {
        Some(rest) if rest.starts_with(' ') => rest.trim_start(),
        _ => content,
    }
}

/// The language of the code below a line that is a directive for code.
pub(super) fn directive(line: &str) -> Option<Language> {
    let content = line[leading_blanks(line).len()..].strip_prefix(".. ")?;
    let (name, argument) = content.split_once("::")?;
    match name.trim() {
        "code-block" | "code" | "sourcecode" => Some(Language::named(argument)),
        "testcode" | "testsetup" | "testcleanup" => Some(Language::Python),
        "doctest" => Some(Language::Session),
        "highlight" | "literalinclude" => None,
        "parsed-literal" | "raw" | "math" | "ipython" | "jupyter-execute" | "prompt" => Some(Language::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_say_what_they_hold() {
        for (line, want) in [
            ("```python", Some(Language::Python)),
            ("  ~~~~ py title=\"x\" {1,2}", Some(Language::Python)),
            ("```Python3,ignore", Some(Language::Python)),
            ("```{.python .numberLines}", Some(Language::Python)),
            ("``` {code-block} python", Some(Language::Python)),
            ("```{code-block} console", Some(Language::Other)),
            ("```python{hl_lines=1}", Some(Language::Python)),
            ("> ```pycon", Some(Language::Session)),
            ("1. ```py", Some(Language::Python)),
            ("- ```", Some(Language::Unknown)),
            ("```toml", Some(Language::Other)),
            ("```a``` b", None),
            ("``python", None),
            ("-```python", None),
        ] {
            assert_eq!(Fence::open(line).map(|fence| fence.language), want, "{line}");
        }
    }

    #[test]
    fn a_fence_ends_with_one_of_its_kind() {
        let fence = Fence::open("````python").unwrap();
        for (line, want) in [("````", true), ("  `````  ", true), ("```", false), ("~~~~", false), ("````x", false), ("", false)]
        {
            assert_eq!(fence.ends(line), want, "{line}");
        }
        assert!(Fence::open("> ```python").unwrap().ends("out of the quote"));
    }

    #[test]
    fn directives_say_what_they_hold() {
        for (line, want) in [
            (".. code-block:: python", Some(Language::Python)),
            ("   .. code:: py", Some(Language::Python)),
            (".. code-block::", Some(Language::Unknown)),
            (".. sourcecode:: bash", Some(Language::Other)),
            (".. doctest:: group", Some(Language::Session)),
            (".. testcode::", Some(Language::Python)),
            (".. note::", None),
            ("Such as .. code:: python", None),
        ] {
            assert_eq!(directive(line), want, "{line}");
        }
    }
}
