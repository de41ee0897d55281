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
    /// The lines of the file that each `...` passes over.
    pub(super) gaps: Vec<Range<usize>>,
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

/// Every place where `block` stands in `file`, in order; places may overlap. Where it stands nowhere as it is, its lines that are `...`
/// stand for any lines in between.
pub(super) fn all(file: &Block, block: &Block) -> Vec<Match> {
    let find = |gaps| (0..file.lines.len()).filter_map(|first| Walk { file, block, first, gaps }.begin()).collect();
    let found: Vec<Match> = if block.is_empty() { Vec::new() } else { find(false) };
    if found.is_empty() && block.gaps().next().is_some() { find(true) } else { found }
}

/// A block laid on a file.
#[derive(Clone, Copy)]
struct Walk<'w, 't> {
    file: &'w Block<'t>,
    block: &'w Block<'t>,
    first: usize,
    /// `...` stands for lines.
    gaps: bool,
}

/// What fits so far.
#[derive(Clone, Default)]
struct Fitting<'t> {
    here: usize,
    levels: Vec<(usize, &'t str)>,
    lines: Vec<Option<usize>>,
    open: Vec<(usize, &'t str)>,
    gaps: Vec<Range<usize>>,
}

impl<'t> Walk<'_, 't> {
    fn begin(&self) -> Option<Match> {
        let first = self.first;
        let is_start = !matches!(self.file.lines[first].kind, Kind::Blank | Kind::String);
        is_start.then(|| self.rest(Fitting { here: first, ..Fitting::default() }))?
    }

    /// Lays the lines on that come after those that fit.
    fn rest(&self, mut fitting: Fitting<'t>) -> Option<Match> {
        while let Some(line) = self.block.lines.get(fitting.lines.len()) {
            if line.kind == Kind::Blank {
                fitting.lines.push(None);
                continue;
            }
            if self.gaps && line.is_gap() {
                return self.over(&fitting, self.block.depth(line));
            }
            self.fits(line, &mut fitting)?;
        }
        let Fitting { lines, open, gaps, .. } = fitting;
        let bound = fill(self.file, &open)?;
        let last = lines.iter().rev().flatten().next().copied()?;
        Some(Match { first: self.first, last, lines, bound, gaps })
    }

    /// Passes over as few lines as can be, none of which leaves the block that `...` stands in.
    fn over(&self, fitting: &Fitting<'t>, depth: usize) -> Option<Match> {
        let start = fitting.here;
        let inside = |line: &Line| {
            let outside = |(known, indent): &(usize, &str)| match known.cmp(&depth) {
                std::cmp::Ordering::Equal => width(line.indent) < width(indent),
                std::cmp::Ordering::Less => width(line.indent) <= width(indent),
                std::cmp::Ordering::Greater => false,
            };
            line.kind != Kind::Statement || !fitting.levels.iter().any(outside)
        };
        let passed = self.file.lines[start..].iter().take_while(|line| inside(line)).count();
        (start..=start + passed).find_map(|here| {
            let mut next = Fitting { here, ..fitting.clone() };
            next.lines.push(None);
            next.gaps.push(start..here);
            self.rest(next)
        })
    }

    fn fits(&self, line: &Line<'t>, Fitting { here, levels, lines, open, .. }: &mut Fitting<'t>) -> Option<()> {
        let (file, block) = (self.file, self.block);
        while file.lines.get(*here)?.kind == Kind::Blank {
            *here += 1;
        }
        let other = &file.lines[*here];
        // Inside brackets there are no levels.
        let bracketed = file.lines[self.first].kind == Kind::Continuation;
        match (line.kind, other.kind) {
            (Kind::String, Kind::String) => {
                let base = file.lines[self.first].indent;
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
                open.push((*here, line.content));
                if !could_match(line.content, other.content) {
                    return None;
                }
            } else if line.content != other.content {
                return None;
            }
        }
        lines.push(Some(*here));
        *here += 1;
        Some(())
    }
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
