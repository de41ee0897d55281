//! The fixed words of a commit message, shared by the one who writes and the one who reads.

use crate::message::line::{escape, escape_first, unescape};
use crate::message::{LineChange, Lines};
use crate::plan::Risk;

/// Stands between title and name in the subject.
pub const IN: &str = " in ";
/// Stands between name and issue in the subject.
pub const ISSUE: &str = " - Issue ";
/// The line above the changes.
pub const CHANGES: &str = "Changes:";
/// Begins the line of removed names.
pub const REMOVE: &str = "- Remove: ";
/// Begins the line of added names.
pub const ADD: &str = "- Add: ";
/// Begins the line of changed lines.
pub const TRANSFORM: &str = "- Transform: ";
/// Begins the line of a file, above what changed in it.
pub const FILE: &str = "- File: ";
/// Begins the line of a file that is gone.
pub const DELETE: &str = "- Delete: ";
/// Begins the line of a file that is new.
pub const CREATE: &str = "- Create: ";
/// Begins the line of a file that has another place.
pub const MOVE: &str = "- Move: ";
/// Begins the line of its new place.
pub const TO: &str = "- To: ";
/// Begins each line that names a command.
pub const VALIDATE: &str = "- Validate: ";
/// Begins the line that names the phase.
pub const IMPACT: &str = "Business Impact: ";
/// Begins the line of the risk.
pub const RISK: &str = "Risk Level: ";
/// Begins the line of the way back.
pub const ROLLBACK: &str = "Rollback Plan: Git revert";
/// Stands for no names and no lines.
pub const NOTHING: &str = "nothing";
/// Stands for no commands.
pub const NONE: &str = "none";

/// The words for a risk.
pub const RISKS: [(Risk, &str); 4] =
    [(Risk::Low, "LOW"), (Risk::Medium, "MEDIUM"), (Risk::High, "HIGH"), (Risk::Extreme, "EXTREME")];

/// Several texts on one line.
pub fn join(items: &[String], none: &str) -> String {
    match items {
        [] => none.to_owned(),
        [one] if one == none => escape_first(one),
        items => items.iter().map(|item| escape(item, &[','])).collect::<Vec<_>>().join(", "),
    }
}

/// Takes back what [`join`] wrote.
pub fn split(line: &str, none: &str) -> Option<Vec<String>> {
    if line == none {
        return Some(Vec::new());
    }
    line.split(", ").map(unescape).collect()
}

/// Line ranges and the words for them: `lines 1394-1396 → 1394-1395: factory calls → direct calls`.
pub fn transform(lines: &[LineChange], text: &str) -> String {
    let ranges = ranges(lines);
    match (ranges.is_empty(), text.is_empty()) {
        (true, true) => NOTHING.to_owned(),
        (false, true) => ranges,
        (false, false) => format!("{ranges}: {}", escape(text, &[])),
        (true, false) => {
            let escaped = escape(text, &[]);
            let mistaken = escaped == NOTHING || take_ranges(&escaped).is_some_and(|(lines, _)| !lines.is_empty());
            // An escaped first character reads back alike and begins nothing else.
            if mistaken { escape_first(&escaped) } else { escaped }
        }
    }
}

/// Takes back what [`transform`] wrote.
pub fn split_transform(line: &str) -> Option<(Vec<LineChange>, String)> {
    if line == NOTHING {
        return Some(Default::default());
    }
    match take_ranges(line) {
        Some((lines, "")) => Some((lines, String::new())),
        Some((lines, rest)) => rest.strip_prefix(": ").and_then(unescape).map(|text| (lines, text)),
        None => unescape(line).map(|text| (Vec::new(), text)),
    }
}

/// Line ranges alone: `lines 3-5 → 3, 9 → after line 6`; an insertion is `after line 3 → 4-5`.
pub fn ranges(lines: &[LineChange]) -> String {
    let word = if matches!(lines.first(), Some(LineChange { old: Lines::Span(..), .. })) { "lines " } else { "" };
    let items: Vec<String> = lines.iter().map(|change| format!("{} → {}", range(change.old), range(change.new))).collect();
    format!("{word}{}", items.join(", "))
}

fn range(lines: Lines) -> String {
    match lines {
        Lines::Span(first, last) if first == last => first.to_string(),
        Lines::Span(first, last) => format!("{first}-{last}"),
        Lines::After(line) => format!("after line {line}"),
    }
}

/// The line ranges that a text begins with, and what follows them.
fn take_ranges(text: &str) -> Option<(Vec<LineChange>, &str)> {
    let mut rest = text.strip_prefix("lines ").unwrap_or(text);
    let mut found = Vec::new();
    loop {
        let (old, after) = take_range(rest)?;
        let (new, after) = take_range(after.strip_prefix(" → ")?)?;
        found.push(LineChange { old, new });
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => break Some((found, after)).filter(|(_, rest)| rest.is_empty() || rest.starts_with(": ")),
        }
    }
}

fn take_range(text: &str) -> Option<(Lines, &str)> {
    if let Some(rest) = text.strip_prefix("after line ") {
        return take_number(rest).map(|(line, rest)| (Lines::After(line), rest));
    }
    let (first, rest) = take_number(text)?;
    match rest.strip_prefix('-') {
        Some(rest) => take_number(rest).map(|(last, rest)| (Lines::Span(first, last), rest)),
        None => Some((Lines::Span(first, first), rest)),
    }
}

fn take_number(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..len].parse().ok().map(|number| (number, &text[len..]))
}
