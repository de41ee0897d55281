//! One file's change as a unified diff.
//!
//! Without colour and off a terminal the bytes are exactly what `git apply` takes, whatever the file holds; on a terminal they
//! pass through [`escape`] first. Line endings are part of a line: a carriage return is shown as `\r` there.

pub mod stat;
mod words;

use std::io::{self, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline, group_diff_ops};

use crate::path::{RepoPath, quote};
use crate::report::escape;
use crate::report::look::{Ink, Look};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// How long the shortest diff is looked for; after that a longer one is as good.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a change is shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Lines that went and came.
    Lines,
    /// Words that did.
    Words,
}

/// Writes the change of one file, where `None` stands for no file; nothing when there is none. A file that comes or goes has this
/// `mode`, such as `0o100644`.
///
/// # Errors
/// What the stream says.
pub fn write(
    out: &mut dyn Write,
    (look, style): (Look, Style),
    path: &RepoPath,
    [before, after]: [Option<&[u8]>; 2],
    mode: u32,
) -> io::Result<()> {
    if before == after {
        return Ok(());
    }
    let [from, to] = ["a/", "b/"].map(|side| quote(&[side.as_bytes(), path.as_bytes()].concat()));
    let comes_or_goes = match (before, after) {
        (None, _) => Some(format!("new file mode {mode:o}")),
        (_, None) => Some(format!("deleted file mode {mode:o}")),
        _ => None,
    };
    let name = |side: Option<&[u8]>, name: &str| side.map_or_else(|| "/dev/null".to_owned(), |_| name.to_owned());
    let names = [format!("--- {}", name(before, &from)), format!("+++ {}", name(after, &to))];
    let is_empty = before.unwrap_or_default() == after.unwrap_or_default();
    let names = names.into_iter().filter(|_| !is_empty);
    for text in [format!("diff --git {from} {to}")].into_iter().chain(comes_or_goes).chain(names) {
        // Git's quoting covers what git must read; a terminal is more easily fooled.
        let text = if is_shown(look) { escape::line(text.as_bytes()) } else { text };
        writeln!(out, "{}", look.paint(Ink::Bold, &text))?;
    }
    hunks(out, (look, style), before.unwrap_or_default(), after.unwrap_or_default())
}

/// Writes the difference of two texts that are called by these names; nothing when there is none.
///
/// # Errors
/// What the stream says.
pub fn write_as(out: &mut dyn Write, look: Look, [from, to]: [&str; 2], before: &[u8], after: &[u8]) -> io::Result<()> {
    if before == after {
        return Ok(());
    }
    for text in [format!("--- {from}"), format!("+++ {to}")] {
        writeln!(out, "{}", look.paint(Ink::Bold, &text))?;
    }
    hunks(out, (look, Style::Lines), before, after)
}

fn hunks(out: &mut dyn Write, (look, style): (Look, Style), before: &[u8], after: &[u8]) -> io::Result<()> {
    let (old, new) = (lines(before), lines(after));
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(Instant::now() + PATIENCE));
    for hunk in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        let header = format!("@@ -{} +{} @@", place(&old_range), place(&new_range));
        writeln!(out, "{}", look.paint(Ink::Cyan, &header))?;
        for op in &hunk {
            match style {
                Style::Lines => write_op(out, look, op, &old, &new)?,
                Style::Words => write_words(out, look, &old[op.old_range()].concat(), &new[op.new_range()].concat())?,
            }
        }
    }
    Ok(())
}

fn write_op(out: &mut dyn Write, look: Look, op: &DiffOp, old: &[&[u8]], new: &[&[u8]]) -> io::Result<()> {
    if op.tag() == DiffTag::Equal {
        return old[op.old_range()].iter().try_for_each(|line| write_line(out, look, None, " ", line));
    }
    old[op.old_range()].iter().try_for_each(|line| write_line(out, look, Some(Ink::Red), "-", line))?;
    new[op.new_range()].iter().try_for_each(|line| write_line(out, look, Some(Ink::Green), "+", line))
}

fn write_words(out: &mut dyn Write, look: Look, before: &[u8], after: &[u8]) -> io::Result<()> {
    for line in words::lines(before, after) {
        for words::Stretch { text, mark } in line {
            let (from, to) = mark.map_or(("", ""), |(from, to, _)| (from, to));
            if is_shown(look) {
                let shown = format!("{from}{}{to}", shown(text));
                write!(out, "{}", mark.map_or_else(|| shown.clone(), |(.., ink)| look.paint(ink, &shown)))?;
            } else {
                [from.as_bytes(), text, to.as_bytes()].iter().try_for_each(|part| out.write_all(part))?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A line for a person. Tabs are what the line is made of; everything else that is not text is shown.
fn shown(text: &[u8]) -> String {
    text.split(|byte| *byte == b'\t').map(escape::line).collect::<Vec<_>>().join("\t")
}

fn write_line(out: &mut dyn Write, look: Look, ink: Option<Ink>, sign: &str, line: &[u8]) -> io::Result<()> {
    let body = line.strip_suffix(b"\n");
    let text = body.unwrap_or(line);
    if is_shown(look) {
        let shown = format!("{sign}{}", shown(text));
        writeln!(out, "{}", ink.map_or_else(|| shown.clone(), |ink| look.paint(ink, &shown)))?;
    } else {
        out.write_all(sign.as_bytes())?;
        out.write_all(text)?;
        out.write_all(b"\n")?;
    }
    if body.is_none() {
        writeln!(out, "\\ No newline at end of file")?;
    }
    Ok(())
}

/// True when it is a person who reads, not `git apply`.
fn is_shown(look: Look) -> bool {
    look.terminal || look.colour
}

/// The lines with their ends; only a line feed ends one, as for git.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// `START,COUNT` as unified diffs count: from 1, and an empty range stands after its line.
fn place(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        count => format!("{},{count}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn diff(look: Look, path: &str, before: &[u8], after: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, (look, Style::Lines), &RepoPath::new(path).unwrap(), [Some(before), Some(after)], 0o100_644).unwrap();
        out
    }

    #[test]
    fn a_change_has_three_lines_around_it_and_no_change_has_nothing() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace("5\n", "five\nfunf\n");
        let want =
            "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n+funf\n 6\n 7\n 8\n";
        assert_eq!(String::from_utf8(diff(Look::PLAIN, "a.py", before.as_bytes(), after.as_bytes())).unwrap(), want);
        assert_eq!(diff(Look::PLAIN, "a.py", before.as_bytes(), before.as_bytes()), b"");
    }

    #[test]
    fn on_a_terminal_nothing_of_the_file_acts_upon_it() {
        let look = Look { terminal: true, colour: true, live: true };
        let text = String::from_utf8(diff(look, "a\tb.py", b"\tx\x1b[2J\r\n", b"\ty\xff\n")).unwrap();
        let want = concat!(
            "\x1b[1mdiff --git \"a/a\\tb.py\" \"b/a\\tb.py\"\x1b[0m\n\x1b[1m--- \"a/a\\tb.py\"\x1b[0m\n",
            "\x1b[1m+++ \"b/a\\tb.py\"\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n",
            "\x1b[31m-\tx\\x1b[2J\\r\x1b[0m\n\x1b[32m+\ty\\xff\x1b[0m\n"
        );
        assert_eq!(text, want);
    }

    #[test]
    fn git_applies_what_is_written_for_a_pipe() {
        let dir = tempfile::tempdir().unwrap();
        let long: Vec<String> = (0..200).map(|at| format!("line {at}\n")).collect();
        let changed: Vec<String> =
            (0..200).filter(|at| at % 37 != 5).map(|at| format!("line {}\n", at / 50 * 50 + at % 50)).collect();
        for (name, before, after) in [
            ("plain.py", &b"a\nb\nc\n"[..], &b"a\nB\nc\nd\n"[..]),
            ("no newline.py", b"a\nb", b"a\nc"),
            ("newline comes.py", b"a\nb", b"a\nb\n"),
            ("newline goes.py", b"a\nb\n", b"a\nb"),
            ("crlf.py", b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\nd\r\n"),
            ("mixed.py", b"a\r\nb\nc\rd\n", b"a\nb\r\nc\rD\n"),
            ("latin.py", b"x = '\xe9'\n\x0c\n", b"y = '\xe9'\n\x0c\n"),
            ("\u{fc}nd \"quoted\"\t.py", b"a\n", b"b\n"),
            ("empty.py", b"a\n", b""),
            ("dash.py", b"-- a\n++ b\n", b"++ b\n-- a\n"),
            ("from nothing.py", b"", b"a\n"),
            ("long.py", long.concat().as_bytes(), changed.concat().as_bytes()),
        ] {
            let patch = diff(Look::PLAIN, name, before, after);
            fs::write(dir.path().join(name), before).unwrap();
            fs::write(dir.path().join("patch"), &patch).unwrap();
            let status = Command::new("git")
                .args(["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "patch"])
                .env_remove("GIT_DIR")
                .current_dir(dir.path())
                .status()
                .unwrap();
            let patch = String::from_utf8_lossy(&patch);
            assert!(status.success(), "{name}:\n{patch}");
            assert!(fs::read(dir.path().join(name)).unwrap() == after, "{name}:\n{patch}");
        }
    }
}
