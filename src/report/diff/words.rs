//! A change word by word, as `git diff --word-diff` shows it: `[-what went-]{+what came+}`, and no column of signs. Nothing here does
//! I/O.

use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use crate::report::diff::PATIENCE;
use crate::report::look::Ink;

/// A stretch of text that came, went or stayed; none holds a line feed within.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch<'t> {
    /// The text.
    pub(super) text: &'t [u8],
    /// How it is shown where it came or went: what stands before it, behind it, and its colour.
    pub(super) mark: Option<(&'static str, &'static str, Ink)>,
}

const GONE: (&str, &str, Ink) = ("[-", "-]", Ink::Red);
const COME: (&str, &str, Ink) = ("{+", "+}", Ink::Green);

/// The lines that one text became, each as its stretches in order.
pub(super) fn lines<'t>(before: &'t [u8], after: &'t [u8]) -> Vec<Vec<Stretch<'t>>> {
    let (old, new) = (tokens(before), tokens(after));
    let words = |text: &'t [u8], tokens: &[Range<usize>]| tokens.iter().map(|token| &text[token.clone()]).collect::<Vec<_>>();
    let (old_words, new_words) = (words(before, &old), words(after, &new));
    let deadline = Some(Instant::now() + PATIENCE);
    let mut lines = vec![Vec::new()];
    for op in capture_diff_slices_deadline(Algorithm::Myers, &old_words, &new_words, deadline) {
        let (gone, come) = (stretch(before, &old[op.old_range()]), stretch(after, &new[op.new_range()]));
        if op.tag() == DiffTag::Equal {
            push(&mut lines, come, None);
        } else {
            push(&mut lines, gone, Some(GONE));
            push(&mut lines, come, Some(COME));
        }
    }
    // What ends in a line feed has no line behind it.
    if lines.len() > 1 && lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

/// From the first of these tokens to the last.
fn stretch<'t>(text: &'t [u8], tokens: &[Range<usize>]) -> &'t [u8] {
    match tokens {
        [] => &[],
        [first, .., last] => &text[first.start..last.end],
        [only] => &text[only.clone()],
    }
}

fn push<'t>(lines: &mut Vec<Vec<Stretch<'t>>>, text: &'t [u8], mark: Option<(&'static str, &'static str, Ink)>) {
    for (nth, part) in text.split(|byte| *byte == b'\n').enumerate() {
        if nth > 0 {
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut().filter(|_| !part.is_empty()) {
            line.push(Stretch { text: part, mark });
        }
    }
}

/// The words, the stretches of blanks, and every other sign by itself.
fn tokens(text: &[u8]) -> Vec<Range<usize>> {
    let kind = |byte: u8| match byte {
        b'\n' => 0,
        b' ' | b'\t' | b'\r' => 1,
        _ if byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii() => 2,
        _ => 3,
    };
    let mut tokens: Vec<Range<usize>> = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match tokens.last_mut() {
            Some(last) if matches!(kind(*byte), 1 | 2) && kind(text[last.start]) == kind(*byte) => last.end = at + 1,
            _ => tokens.push(at..at + 1),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let stretch = |stretch: &Stretch<'_>| {
            let (from, to) = stretch.mark.map_or(("", ""), |(from, to, _)| (from, to));
            format!("{from}{}{to}", String::from_utf8_lossy(stretch.text))
        };
        let lines = lines(before.as_bytes(), after.as_bytes());
        lines.iter().map(|line| line.iter().map(stretch).collect::<String>() + "\n").collect()
    }

    #[test]
    fn what_stays_of_a_line_is_shown_once() {
        for (before, after, want) in [
            ("from old import f\n", "from new import f\n", "from [-old-]{+new+} import f\n"),
            ("f(1)\ng(2)\n", "f(1)\nh(2)\n", "f(1)\n[-g-]{+h+}(2)\n"),
            ("a\n", "", "[-a-]\n"),
            ("", "a\nb\n", "{+a+}\n{+b+}\n"),
            ("ünï_x = 1\n", "ünï_y = 1\n", "[-ünï_x-]{+ünï_y+} = 1\n"),
        ] {
            assert_eq!(shown(before, after), want);
        }
    }
}
