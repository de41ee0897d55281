//! Dotted names, and how they lie to each other.

/// True when `whole` is `part` or lies below it: `a.b.c` below `a.b`.
#[must_use]
pub fn covers(part: &str, whole: &str) -> bool {
    whole.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The last part of a dotted name.
#[must_use]
pub fn last(dotted: &str) -> &str {
    split_last(dotted).1
}

/// All that stands before the last part; nothing for a name of one part.
#[must_use]
pub fn parent(dotted: &str) -> &str {
    split_last(dotted).0
}

/// What stands before the last part of a dotted name, and that part.
#[must_use]
pub fn split_last(dotted: &str) -> (&str, &str) {
    dotted.rsplit_once('.').unwrap_or(("", dotted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart_and_lies_below_those_above_it() {
        for (part, whole, want) in [("a", "a", true), ("a", "a.b", true), ("a", "ab", false), ("a.b", "a", false)] {
            assert_eq!(covers(part, whole), want, "{part} {whole}");
        }
        assert_eq!((split_last("a.b.c"), split_last("a")), (("a.b", "c"), ("", "a")));
        assert_eq!((last("a.b"), parent("a.b")), ("b", "a"));
    }
}
