//! Lines and what they are part of, found by a lexical scan that also works for a fragment of a program.

use std::borrow::Cow;

use crate::python::source::{Source, leading_blanks};

/// What a line starts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but blanks, outside a string.
    Blank,
    /// A statement, or the next part of one that a comment or decorator line began.
    Statement,
    /// A comment alone.
    Comment,
    /// Open brackets, or a backslash on the line before.
    Continuation,
    /// A triple-quoted string.
    String,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub(super) kind: Kind,
    /// The whole line without its ending.
    pub(super) text: &'a str,
    /// The blanks before the first other character.
    pub(super) indent: &'a str,
    /// What is compared: the whole text inside a string, else without blanks around it.
    pub(super) content: &'a str,
}

impl Line<'_> {
    /// True for `...` as a line of its own.
    pub(super) fn is_gap(&self) -> bool {
        self.kind == Kind::Statement && self.content == "..."
    }
}

/// Lines of a file, or of a block of a plan with its common indentation counted out.
#[derive(Debug, Clone)]
pub(super) struct Block<'a> {
    pub(super) lines: Vec<Line<'a>>,
    /// The width of the indentation that all lines have.
    pub(super) base: usize,
}

impl<'a> Block<'a> {
    /// A block of a plan.
    pub(super) fn new(text: &'a str) -> Self {
        let mut lines = scan(text.lines().collect());
        let filled = |line: &Line| !matches!(line.kind, Kind::Blank);
        let end = lines.iter().rposition(filled).map_or(0, |last| last + 1);
        lines.truncate(end);
        let start = lines.iter().position(filled).unwrap_or(0);
        lines.drain(..start);
        let outer = lines.iter().filter(|line| matches!(line.kind, Kind::Statement | Kind::Comment));
        let base = outer.map(|line| width(line.indent)).min().unwrap_or(0);
        Self { lines, base }
    }

    /// All lines of a file.
    pub(super) fn of_file(source: &'a Source) -> Self {
        let text = source.text();
        let lines = (0..source.lines()).map(|index| &text[source.line_range(index)]);
        Self { lines: scan(lines.collect()), base: 0 }
    }

    /// The lines that may stand for any lines between two others.
    pub(super) fn gaps(&self) -> impl Iterator<Item = &Line<'a>> {
        let last = self.lines.len().saturating_sub(1);
        self.lines.iter().take(last).skip(1).filter(|line| line.is_gap())
    }

    /// True when there is no line but blank ones.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How far a line is indented beyond the base.
    pub(super) fn depth(&self, line: &Line) -> usize {
        width(line.indent).saturating_sub(self.base)
    }

    /// A line inside a string, without the base indentation.
    pub(super) fn dedented(&self, line: &Line<'a>) -> &'a str {
        let (mut rest, mut left) = (line.text, self.base);
        while let Some(c) = rest.chars().next().filter(|c| matches!(c, ' ' | '\t')) {
            let wide = if c == '\t' { 8 } else { 1 };
            if left < wide {
                break;
            }
            left -= wide;
            rest = &rest[1..];
        }
        rest
    }
}

/// The width of blanks as Python counts it: a tab reaches to the next multiple of eight, a form feed starts anew.
pub(super) fn width(blanks: &str) -> usize {
    blanks.chars().fold(0, |width, c| match c {
        '\t' => (width / 8 + 1) * 8,
        ' ' => width + 1,
        '\x0c' => 0,
        _ => width,
    })
}

/// The number, from 1, of a line counted from 0.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1))
}

/// Where the scan stands between two lines.
#[derive(Default)]
struct State {
    brackets: usize,
    quote: Option<u8>,
    backslash: bool,
}

fn scan(texts: Vec<&str>) -> Vec<Line<'_>> {
    let mut state = State::default();
    let mut lines = Vec::with_capacity(texts.len());
    for text in texts {
        let indent = leading_blanks(text);
        let rest = &text[indent.len()..];
        let kind = match (state.quote.is_some(), state.brackets > 0 || state.backslash) {
            (true, _) => Kind::String,
            _ if rest.trim_end().is_empty() => Kind::Blank,
            (_, true) => Kind::Continuation,
            _ if rest.starts_with('#') => Kind::Comment,
            _ => Kind::Statement,
        };
        state.line(text.as_bytes());
        // Blanks at the end of a line that a string runs over belong to the string.
        let open = state.quote.is_some();
        let content = match kind {
            Kind::String if open => text,
            Kind::String => text.trim_end(),
            _ if open => rest,
            _ => rest.trim_end(),
        };
        lines.push(Line { kind, text, indent, content });
    }
    lines
}

impl State {
    fn line(&mut self, text: &[u8]) {
        self.backslash = false;
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            if let Some(quote) = self.quote {
                match byte {
                    b'\\' => at += 1,
                    _ if byte == quote && text[at..].starts_with(&[quote; 3]) => {
                        self.quote = None;
                        at += 2;
                    }
                    _ => {}
                }
                at += 1;
                continue;
            }
            match byte {
                b'#' => return,
                b'\\' if at + 1 == text.len() => self.backslash = true,
                b'(' | b'[' | b'{' => self.brackets += 1,
                b')' | b']' | b'}' => self.brackets = self.brackets.saturating_sub(1),
                b'\'' | b'"' if text[at..].starts_with(&[byte; 3]) => {
                    self.quote = Some(byte);
                    at += 2;
                }
                b'\'' | b'"' => at += single_string(&text[at..]),
                _ => {}
            }
            at += 1;
        }
    }
}

/// How far the closing quote of a string is from its opening one; to the end of the line when there is none.
fn single_string(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            byte if byte == text[0] => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// True when `text` opens and closes its brackets and quotes itself.
pub(super) fn is_balanced(text: &str) -> bool {
    let text = text.as_bytes();
    let (mut open, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match text[at] {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            byte @ (b')' | b']' | b'}') if open.pop() != Some(byte) => return false,
            b'\'' | b'"' => {
                let end = single_string(&text[at..]);
                if at + end >= text.len() {
                    return false;
                }
                at += end;
            }
            _ => {}
        }
        at += 1;
    }
    open.is_empty()
}

/// The text of a line for people: cut when it is very long.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(160) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
