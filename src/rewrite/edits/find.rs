//! Finds the places where a block stands.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::rewrite::edits::lines::{Block, Kind, Line, is_balanced, width};

/// How many ways of filling metavariables are tried at one place.
const TRIES: usize = 20_000;

/// A place where a block stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    /// The first line, from 0.
    pub(super) first: usize,
    /// The last line, from 0.
    pub(super) last: usize,
    /// The line of the file for each line of the block; `None` for blank ones.
    pub(super) lines: Vec<Option<usize>>,
    /// What each metavariable stands for: a line of the file, and bytes of its content.
    pub(super) bound: BTreeMap<String, (usize, Range<usize>)>,
}

/// The metavariables of a text with their places (of the `$` too).
pub(super) fn metavariables(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(dollar) = memchr::memchr(b'$', &bytes[at..]).map(|offset| at + offset) {
        let name = &bytes[dollar + 1..];
        let length = name.iter().position(|byte| !(byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'));
        let end = dollar + 1 + length.unwrap_or(name.len());
        let follows = bytes.get(end).is_some_and(u8::is_ascii_lowercase);
        if name.first().is_some_and(u8::is_ascii_uppercase) && !follows {
            found.push((dollar..end, &text[dollar + 1..end]));
        }
        at = end.max(dollar + 1);
    }
    found
}

/// Every place where `block` stands in `file`, in order; places may overlap.
pub(super) fn all(file: &Block, block: &Block) -> Vec<Match> {
    if block.is_empty() {
        return Vec::new();
    }
    (0..file.lines.len()).filter_map(|first| at(file, block, first)).collect()
}

fn at(file: &Block, block: &Block, first: usize) -> Option<Match> {
    if matches!(file.lines[first].kind, Kind::Blank | Kind::String) {
        return None;
    }
    let mut here = first;
    let mut levels: Vec<(usize, &str)> = Vec::new();
    let mut lines = Vec::with_capacity(block.lines.len());
    let mut open: Vec<(usize, &str)> = Vec::new();
    // Inside brackets there are no levels.
    let bracketed = file.lines[first].kind == Kind::Continuation;
    for line in &block.lines {
        if line.kind == Kind::Blank {
            lines.push(None);
            continue;
        }
        while file.lines.get(here)?.kind == Kind::Blank {
            here += 1;
        }
        let other = &file.lines[here];
        match (line.kind, other.kind) {
            (Kind::String, Kind::String) => {
                let base = file.lines[first].indent;
                let text = block.dedented(line);
                let same = |text: &str| text == other.content || other.content.strip_prefix(base) == Some(text);
                if !same(text) && !same(text.trim_end()) {
                    return None;
                }
            }
            (Kind::Statement | Kind::Comment, Kind::Continuation) if bracketed => {}
            (Kind::Comment, Kind::Comment) | (Kind::Continuation, Kind::Continuation) => {}
            (Kind::Statement, Kind::Statement) => {
                let depth = block.depth(line);
                if !levels.iter().all(|(known, indent)| agrees(*known, indent, depth, other.indent)) {
                    return None;
                }
                levels.push((depth, other.indent));
            }
            _ => return None,
        }
        if line.kind != Kind::String {
            if line.content.contains('$') {
                open.push((here, line.content));
                if !could_match(line.content, other.content) {
                    return None;
                }
            } else if line.content != other.content {
                return None;
            }
        }
        lines.push(Some(here));
        here += 1;
    }
    let bound = fill(file, &open)?;
    let last = lines.iter().rev().flatten().next().copied()?;
    Some(Match { first, last, lines, bound })
}

/// True when the file nests two lines as the block does.
fn agrees(known: usize, indent: &str, depth: usize, other: &str) -> bool {
    match depth.cmp(&known) {
        std::cmp::Ordering::Equal => other == indent || width(other) == width(indent),
        std::cmp::Ordering::Greater => width(other) > width(indent),
        std::cmp::Ordering::Less => width(other) < width(indent),
    }
}

/// A quick look: the text before the first metavariable is there.
fn could_match(pattern: &str, text: &str) -> bool {
    let end = metavariables(pattern).first().map_or(pattern.len(), |(range, _)| range.start);
    text.starts_with(&pattern[..end])
}

/// A part of a line with metavariables.
#[derive(Clone, Copy)]
enum Part<'a> {
    Text(&'a str),
    Name(&'a str),
    /// The line ends here.
    End,
}

/// Finds what the metavariables stand for, the shortest texts first.
fn fill(file: &Block, open: &[(usize, &str)]) -> Option<BTreeMap<String, (usize, Range<usize>)>> {
    let mut parts: Vec<(usize, Part)> = Vec::new();
    for (here, pattern) in open {
        let mut at = 0;
        for (range, name) in metavariables(pattern) {
            if range.start > at {
                parts.push((*here, Part::Text(&pattern[at..range.start])));
            }
            parts.push((*here, Part::Name(name)));
            at = range.end;
        }
        if at < pattern.len() {
            parts.push((*here, Part::Text(&pattern[at..])));
        }
        parts.push((*here, Part::End));
    }
    let mut bound = BTreeMap::new();
    // Choices still open: the part, where in the line it starts, and the next length to try.
    let mut choices: Vec<(usize, usize, usize)> = Vec::new();
    let (mut part, mut at, mut length, mut tries) = (0, 0, 1, 0);
    while let Some((here, what)) = parts.get(part) {
        tries += 1;
        if tries > TRIES {
            return None;
        }
        let text = file.lines[*here].content;
        let next = match what {
            Part::Text(literal) => text[at..].starts_with(literal).then(|| at + literal.len()),
            Part::End => (at == text.len()).then_some(0),
            Part::Name(name) => {
                match bound.get(*name).map(|(line, range): &(usize, Range<usize>)| &file.lines[*line].content[range.clone()]) {
                    Some(known) => text[at..].starts_with(known).then(|| at + known.len()),
                    None => match take(text, at, length) {
                        Some(end) => {
                            choices.push((part, at, end - at + 1));
                            bound.insert((*name).to_owned(), (*here, at..end));
                            Some(end)
                        }
                        None => None,
                    },
                }
            }
        };
        if let Some(next) = next {
            (part, at, length) = (part + 1, next, 1);
            continue;
        }
        (part, at, length) = choices.pop()?;
        if let (_, Part::Name(name)) = parts[part] {
            bound.remove(name);
        }
    }
    Some(bound)
}

/// The end of the shortest text from `at`, at least `length` long, that a metavariable can stand for.
fn take(text: &str, at: usize, length: usize) -> Option<usize> {
    if text[at..].starts_with(char::is_whitespace) {
        return None;
    }
    (at + length..=text.len())
        .find(|end| text.is_char_boundary(*end) && !text[at..*end].ends_with(char::is_whitespace) && is_balanced(&text[at..*end]))
}

/// The indentation of the file at each depth that a match shows.
pub(super) fn levels<'f>(file: &Block<'f>, block: &Block, found: &Match) -> BTreeMap<usize, &'f str> {
    let mut levels = BTreeMap::new();
    let pairs = block.lines.iter().zip(&found.lines).filter_map(|(line, at)| at.map(|at| (line, &file.lines[at])));
    let outer = |line: &Line| matches!(line.kind, Kind::Statement | Kind::Comment);
    for (line, other) in pairs.clone().filter(|(line, _)| line.kind == Kind::Statement) {
        levels.entry(block.depth(line)).or_insert(other.indent);
    }
    for (line, other) in pairs.filter(|(line, _)| outer(line)) {
        levels.entry(block.depth(line)).or_insert(other.indent);
    }
    levels
}
