//! Dotted names in text: where one is named, and how little of it has to change to become another.

use std::ops::Range;

use crate::rewrite::strings::literal::UNKNOWN;

/// Last parts that make a file's name of what looks like a dotted name.
const SUFFIXES: [&str; 24] = [
    "bak", "cfg", "css", "csv", "dat", "db", "gz", "html", "ini", "jpg", "js", "json", "log", "md", "pdf", "png", "py", "pyc",
    "pyi", "rst", "toml", "txt", "yaml", "yml",
];

/// A place where a text names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// In the text.
    pub(super) range: Range<usize>,
    /// Why it may name something else.
    pub(super) doubt: Option<&'static str>,
}

/// True for what may stand in a name.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The places where `text` names `dotted`, or something below it.
pub(super) fn mentions(text: &str, dotted: &str) -> Vec<Mention> {
    let found = memchr::memmem::find_iter(text.as_bytes(), dotted.as_bytes());
    found.filter_map(|at| mention(text, at..at + dotted.len())).collect()
}

fn mention(text: &str, range: Range<usize>) -> Option<Mention> {
    const PATH: &str = "it looks like a part of a file's name or an address";
    const PARTLY: &str = "a part of it is only known when it runs";
    let doubt_before = match text[..range.start].chars().next_back() {
        Some(c) if is_word(c) || c == '.' => return None,
        Some(UNKNOWN) => Some(PARTLY),
        Some('/' | '\\' | '@' | '-') => Some(PATH),
        _ => None,
    };
    let rest = &text[range.end..];
    let doubt_after = match rest.chars().next() {
        Some(c) if is_word(c) => return None,
        Some(UNKNOWN) => Some(PARTLY),
        Some('/' | '\\' | '@' | '-') => Some(PATH),
        Some('.') => {
            let below = &rest[1..];
            let end = below.find(|c| !is_word(c)).unwrap_or(below.len());
            SUFFIXES.contains(&&below[..end]).then_some(PATH)
        }
        _ => None,
    };
    Some(Mention { range, doubt: doubt_before.or(doubt_after) })
}

/// True when `text` is nothing but a dotted name, perhaps with a colon in it, such as an entry point.
pub(super) fn is_path(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().all(|c| is_word(c) || matches!(c, '.' | ':' | UNKNOWN))
}

/// The stretches of `from` that become other text to make it `to`: part by part when both have the same number of parts, else one
/// stretch from the first part that differs to the last.
pub(super) fn changes(from: &str, to: &str) -> Vec<(Range<usize>, String)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (from.split('.').collect(), to.split('.').collect());
    let mut starts = vec![0];
    starts.extend(from.match_indices('.').map(|(at, _)| at + 1));
    let range = |part: usize| starts[part]..starts[part] + old[part].len();
    if old.len() == new.len() {
        let differing = (0..old.len()).filter(|part| old[*part] != new[*part]);
        return differing.map(|part| (range(part), new[part].to_owned())).collect();
    }
    let shorter = old.len().min(new.len());
    let head = (0..shorter).take_while(|at| old[*at] == new[*at]).count();
    let tail = (0..shorter - head).take_while(|at| old[old.len() - 1 - at] == new[new.len() - 1 - at]).count();
    let (last, text) = (old.len() - tail, new[head..new.len() - tail].join("."));
    let change = match (head < last, text.is_empty()) {
        (true, false) => (starts[head]..range(last - 1).end, text),
        (true, true) if tail > 0 => (starts[head]..starts[last], text),
        (true, true) => (range(head - 1).end..from.len(), text),
        (false, _) if tail > 0 => (starts[head]..starts[head], text + "."),
        (false, _) => (from.len()..from.len(), format!(".{text}")),
    };
    vec![change]
}

/// True when a value with unknown parts can be `dotted`: its first and last parts are written, and each unknown one fits something.
pub(super) fn can_be(value: &str, dotted: &str) -> bool {
    let pieces: Vec<&str> = value.split(UNKNOWN).collect();
    let [first, middle @ .., last] = pieces.as_slice() else { return false };
    let Some(mut rest) = dotted.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_of_a_name_changes() {
        for (from, to) in [
            ("a.b.f", "a.b.g"),
            ("a.b.f", "a.c.g"),
            ("a.b", "a.b.c"),
            ("a.b.c", "a.b"),
            ("a.f", "a.b.f"),
            ("a.b.f", "a.f"),
            ("b.f", "a.b.f"),
            ("a.b.f", "b.f"),
            ("a", "x.y"),
            ("a.a", "a.a.a"),
            ("x.y.z", "q"),
            ("a.b.c.d", "a.x.d"),
        ] {
            let mut made = from.to_owned();
            for (range, text) in changes(from, to).into_iter().rev() {
                made.replace_range(range, &text);
            }
            assert_eq!(made, to, "{from}");
        }
        assert_eq!(changes("a.b.c.d", "a.x.d"), [(2..5, "x".to_owned())]);
    }

    #[test]
    fn a_name_is_not_a_part_of_a_longer_one() {
        for (text, want) in [
            ("a.b", Some(false)),
            ("a.b.c", Some(false)),
            ("a.b:c", Some(false)),
            ("see a.b.", Some(false)),
            ("(a.b)", Some(false)),
            ("a.bc", None),
            ("xa.b", None),
            ("x.a.b", None),
            (".a.b", None),
            ("a.b_c", None),
            ("a.b.json", Some(true)),
            ("/a.b", Some(true)),
            ("a.b/c", Some(true)),
            ("\0a.b", Some(true)),
            ("a.b\0", Some(true)),
            ("a.b.\0", Some(false)),
        ] {
            let found = mentions(text, "a.b");
            assert_eq!(found.first().map(|mention| mention.doubt.is_some()), want, "{text:?}");
        }
    }

    #[test]
    fn unknown_parts_fit_anything_between_what_is_written() {
        for (value, want) in [("a.\0.f", true), ("\0.f", true), ("a.\0.g", false), ("a.\0.b.\0.f", true), ("x.\0.f", false)] {
            assert_eq!(can_be(value, "a.b.c.b.d.f"), want, "{value:?}");
        }
        assert!(!can_be("a.b\0b.f", "a.b.f"), "no letter is used twice");
    }
}
