//! Line endings and byte order mark of a file that an external codemod wrote anew: whether they are as they were outside of what it
//! changed, and the file with them put back. Pure, over bytes.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// So long it is looked which lines are the same; after that, fewer are found.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line, and what ends it: nothing at the end of a file.
type Line<'t> = (&'t [u8], &'t [u8]);

/// What a command did to line endings and mark, with the line of `before` to tell it of; `None` where they are as they were.
#[must_use]
pub fn changed(before: &[u8], after: &[u8]) -> Option<(u32, String)> {
    if is_binary(before) || is_binary(after) {
        return None;
    }
    let ((marks, old), (new_marks, new)) = (cut(before), cut(after));
    let mark = match (marks, new_marks) {
        (old, new) if old == new => None,
        (_, 0) => Some("took the byte order mark away"),
        (0, _) => Some("wrote a byte order mark"),
        _ => Some("wrote the byte order mark again"),
    };
    if let Some(what) = mark {
        return Some((1, what.to_owned()));
    }
    let (old, new) = (lines(old), lines(new));
    if let (Some(usual), Some(other)) = (only_ending(&old), only_ending(&new))
        && usual == other
    {
        return None;
    }
    let partners = partners(&old, &new);
    let is_other = |(at, partner): &(usize, Option<usize>)| {
        partner.is_some_and(|was| !old[was].1.is_empty() && !new[*at].1.is_empty() && old[was].1 != new[*at].1)
    };
    let others: Vec<_> = partners.iter().copied().enumerate().filter(is_other).collect();
    if let [(_, Some(first)), ..] = others[..] {
        let lines = if others.len() == 1 { "1 line".to_owned() } else { format!("{} lines", others.len()) };
        let what = format!("changed only the line ending of {lines}");
        return Some((number(first), what));
    }
    let known = |ending: &[u8]| ending.is_empty() || old.iter().any(|(_, other)| *other == ending);
    let first = new.iter().position(|(_, ending)| !known(ending)).filter(|_| old.iter().any(|(_, ending)| !ending.is_empty()))?;
    let near = partners[..first].iter().flatten().last().map_or(1, |was| number(*was));
    Some((near, "wrote lines with other line endings than the file has".to_owned()))
}

/// `after` with the line endings and the mark of `before`: a line that stayed ends as it did, a new one as most do.
#[must_use]
pub fn kept<'t>(before: &[u8], after: &'t [u8]) -> Cow<'t, [u8]> {
    if changed(before, after).is_none() {
        return Cow::Borrowed(after);
    }
    let ((marks, old), (_, new)) = (cut(before), cut(after));
    let (old, new) = (lines(old), lines(new));
    let count = |wanted: &[u8]| old.iter().filter(|(_, ending)| *ending == wanted).count();
    let usual = [&b"\n"[..], b"\r\n", b"\r"].into_iter().rev().max_by_key(|ending| count(ending)).unwrap_or(b"\n");
    let mut text = MARK.repeat(marks);
    for ((line, ending), partner) in new.iter().zip(partners(&old, &new)) {
        text.extend_from_slice(line);
        let was = partner.map(|was| old[was].1).filter(|was| !was.is_empty());
        text.extend_from_slice(if ending.is_empty() { b"" } else { was.unwrap_or(usual) });
    }
    Cow::Owned(text)
}

/// What ends all lines, where that is the same.
fn only_ending<'t>(lines: &[Line<'t>]) -> Option<&'t [u8]> {
    let mut endings = lines.iter().map(|(_, ending)| *ending).filter(|ending| !ending.is_empty());
    let first = endings.next()?;
    endings.all(|ending| ending == first).then_some(first)
}

/// The lines of `old` that those of `new` are, what ends them aside.
fn partners(old: &[Line], new: &[Line]) -> Vec<Option<usize>> {
    let words = |lines: &[Line]| -> Vec<Vec<u8>> { lines.iter().map(|(line, _)| line.to_vec()).collect() };
    let mut partners = vec![None; new.len()];
    let deadline = Some(Instant::now() + PATIENCE);
    for op in capture_diff_slices_deadline(Algorithm::Myers, &words(old), &words(new), deadline) {
        if op.tag() == DiffTag::Equal {
            op.new_range().zip(op.old_range()).for_each(|(at, was)| partners[at] = Some(was));
        }
    }
    partners
}

/// How many byte order marks a text has, and what is behind them.
fn cut(text: &[u8]) -> (usize, &[u8]) {
    match text.strip_prefix(MARK).map(cut) {
        Some((more, rest)) => (more + 1, rest),
        None => (0, text),
    }
}

/// True for what has no lines: UTF-16 and data.
fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, text).is_some()
}

fn lines(text: &[u8]) -> Vec<Line<'_>> {
    let (mut lines, mut from) = (Vec::new(), 0);
    while let Some(found) = memchr::memchr2(b'\n', b'\r', &text[from..]) {
        let at = from + found;
        let end = at + if text[at..].starts_with(b"\r\n") { 2 } else { 1 };
        lines.push((&text[from..at], &text[at..end]));
        from = end;
    }
    if from < text.len() {
        lines.push((&text[from..], &text[text.len()..]));
    }
    lines
}

fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn what_a_command_did_to_line_endings_is_told_and_can_be_put_back() {
        for (before, after, told, back) in [
            ("a\r\nb\r\nc\r\n", "a\nB\nc\n", Some((1, "only the line ending of 2 lines")), "a\r\nB\r\nc\r\n"),
            ("a\r\nb\r\nc", "a\r\nB\nd\nc", Some((1, "wrote lines with other line endings")), "a\r\nB\r\nd\r\nc"),
            ("a\r\nb\nc\r\n", "a\nb\nx\nc\n", Some((1, "only the line ending of 2 lines")), "a\r\nb\nx\r\nc\r\n"),
            ("\u{feff}a\nb\n", "a\nc\n", Some((1, "took the byte order mark away")), "\u{feff}a\nc\n"),
            ("\u{feff}a\r\n", "\u{feff}\u{feff}a\n", Some((1, "wrote the byte order mark again")), "\u{feff}a\r\n"),
            ("a\n", "\u{feff}a\n", Some((1, "wrote a byte order mark")), "a\n"),
            ("a\nb\n", "a\nc\n", None, "a\nc\n"),
            ("a\r\nb\nc\n", "a\r\nb\nd\r\n", None, "a\r\nb\nd\r\n"),
            ("a", "a\n", None, "a\n"),
            ("", "a\n", None, "a\n"),
            ("a\0\r\n", "a\0\n", None, "a\0\n"),
        ] {
            let found = changed(before.as_bytes(), after.as_bytes());
            let is_told = match (&found, told) {
                (Some((line, what)), Some((number, part))) => *line == number && what.contains(part),
                (found, told) => found.is_none() && told.is_none(),
            };
            assert!(is_told, "{before:?} {after:?} {found:?}");
            assert_eq!(String::from_utf8(kept(before.as_bytes(), after.as_bytes()).into_owned()).unwrap(), back, "{after:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_back_has_nothing_left_to_tell_and_the_same_words(before in "(\u{feff})?([ab]?(\n|\r\n)){0,6}", after in "([ab]?(\n|\r\n)){0,6}") {
            let back = kept(before.as_bytes(), after.as_bytes()).into_owned();
            prop_assert!(before.is_empty() || changed(before.as_bytes(), &back).is_none());
            let words = |text: &[u8]| String::from_utf8_lossy(text).replace(['\r', '\u{feff}'], "");
            prop_assert_eq!(words(&back), words(after.as_bytes()));
        }
    }
}
