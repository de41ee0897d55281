//! The Python that documentation shows: fences, literal blocks and doctests, as lines of code with their places in the text.
//!
//! Containers (lists, quotes, indentation) are what stands before the code of each line. Nothing here knows Python: a block
//! that does not say that it is Python is a guess, to be taken only when it parses.

use std::ops::Range;

use crate::python::source::leading_blanks;
use crate::rewrite::docs::Markup;
use crate::rewrite::docs::opener::{Fence, Language, directive};

/// A stretch of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Its lines, in order; those of a doctest without its output.
    pub(super) lines: Vec<Line>,
    /// It says that it is Python.
    pub(super) is_sure: bool,
    /// Its lines have prompts.
    pub(super) is_doctest: bool,
}

impl Block {
    /// The examples of a doctest, each alone.
    pub(super) fn examples(&self, page: &Page) -> Vec<Self> {
        let mut examples: Vec<Self> = Vec::new();
        for line in &self.lines {
            let goes_on = prompt(page.line(line.number)).is_some_and(|(kind, _)| kind == Prompt::More);
            match examples.last_mut() {
                Some(last) if goes_on => last.lines.push(line.clone()),
                _ => examples.push(Self { lines: vec![line.clone()], ..*self }),
            }
        }
        examples
    }
}

/// A line of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number among the lines of the text.
    pub(super) number: usize,
    /// The code, after prompt and indentation and before the line's end.
    pub(super) code: Range<usize>,
}

/// A text cut into lines, without their ends.
pub(super) struct Page<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// Its lines.
    pub(super) lines: Vec<Range<usize>>,
    /// What it is written in.
    pub(super) markup: Markup,
    /// The indentation that the first line stands for.
    pub(super) base: usize,
    /// It begins and ends within lines of a larger text, of which it is a string.
    pub(super) quotes: Option<Quotes>,
}

/// How a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quotes {
    /// Its quotation marks.
    pub(super) mark: &'static str,
    /// Backslashes in it are only that.
    pub(super) is_raw: bool,
}

impl<'a> Page<'a> {
    fn line(&self, number: usize) -> &'a str {
        &self.text[self.lines[number].clone()]
    }

    fn is_blank(&self, number: usize) -> bool {
        self.line(number).trim().is_empty()
    }

    /// The width of a line's indentation.
    fn indent(&self, number: usize) -> usize {
        let own = leading_blanks(self.line(number)).len();
        if number == 0 { own.max(self.base) } else { own }
    }

    /// All blocks, in order.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut at = 0;
        while at < self.lines.len() {
            let fenced = if self.markup == Markup::Rst { None } else { Fence::open(self.line(at)) };
            let directive = if self.markup == Markup::Markdown { None } else { directive(self.line(at)) };
            let (content, language, next) = if let Some(fence) = fenced {
                let end = (at + 1..self.lines.len()).find(|line| fence.ends(self.line(*line))).unwrap_or(self.lines.len());
                // Where the quote around it ends without the fence, the line may open something.
                let closed = end < self.lines.len() && fence.closes(self.line(end));
                (self.without_options(at + 1..end), fence.language, end + usize::from(closed))
            } else if let Some(language) = directive {
                let content = self.below(at);
                (content.clone(), language, content.end)
            } else if self.introduces(at) && self.markup != Markup::Markdown {
                let content = self.below(at);
                (content.clone(), Language::Unknown, content.end)
            } else if self.is_indented_code(at) {
                let end = (at..self.lines.len()).find(|line| !self.is_blank(*line) && !self.is_deep(*line));
                let end = end.unwrap_or(self.lines.len());
                (at..end, Language::Unknown, end)
            } else if prompt(self.line(at)).is_some() {
                let end = (at..self.lines.len()).find(|line| self.is_blank(*line)).unwrap_or(self.lines.len());
                (at..end, Language::Session, end)
            } else {
                at += 1;
                continue;
            };
            at = next.max(at + 1);
            blocks.extend(self.block(content, language));
        }
        blocks
    }

    /// True for a line whose `::` makes a literal block of what stands below it.
    fn introduces(&self, at: usize) -> bool {
        let line = self.line(at).trim();
        line.ends_with("::") && !line.starts_with(".. ") && at + 1 < self.lines.len() && self.is_blank(at + 1)
    }

    /// The lines below a line that are indented more than it.
    fn below(&self, at: usize) -> Range<usize> {
        let deeper = |line: &usize| self.is_blank(*line) || self.indent(*line) > self.indent(at);
        let end = (at + 1..self.lines.len()).find(|line| !deeper(line)).unwrap_or(self.lines.len());
        self.without_options(at + 1..end)
    }

    fn without_options(&self, lines: Range<usize>) -> Range<usize> {
        let start = lines.clone().find(|line| !self.line(*line).trim().starts_with(':')).unwrap_or(lines.end);
        start..lines.end
    }

    fn is_deep(&self, at: usize) -> bool {
        self.line(at).starts_with("    ") || self.line(at).starts_with('\t')
    }

    fn is_indented_code(&self, at: usize) -> bool {
        let below_blank = at == 0 || self.is_blank(at - 1);
        self.markup == Markup::Markdown && below_blank && !self.is_blank(at) && self.is_deep(at)
    }

    fn block(&self, lines: Range<usize>, language: Language) -> Option<Block> {
        if language == Language::Other {
            return None;
        }
        // An ellipsis alone is Python too; only `>>>` is not.
        let quoted = lines.clone().any(|line| prompt(self.line(line)).is_some_and(|(kind, _)| kind == Prompt::First));
        if quoted || language == Language::Session {
            return self.doctest(lines);
        }
        let quotes = lines.clone().map(|line| quote_marks(self.line(line))).min().unwrap_or(0);
        let contents: Vec<(usize, &str)> = lines.map(|line| (line, without_quotes(self.line(line), quotes))).collect();
        let filled = || contents.iter().filter(|(_, line)| !line.trim().is_empty());
        let mut shared = leading_blanks(filled().next()?.1);
        for (_, line) in filled() {
            let same = shared.bytes().zip(line.bytes()).take_while(|(a, b)| a == b).count();
            shared = &shared[..same];
        }
        let (first, last) = (filled().next()?.0, filled().next_back()?.0);
        let inside = contents.iter().filter(|(number, _)| (first..=last).contains(number));
        let lines = inside.map(|(number, line)| {
            let whole = self.lines[*number].clone();
            let start = whole.end - line.strip_prefix(shared).unwrap_or("").len();
            Line { number: *number, code: start..whole.end }
        });
        Some(Block { lines: lines.collect(), is_sure: language == Language::Python, is_doctest: false })
    }

    /// The lines with prompts among `lines`.
    fn doctest(&self, lines: Range<usize>) -> Option<Block> {
        let mut found: Vec<Line> = Vec::new();
        for number in lines {
            let Some((kind, code)) = prompt(self.line(number)) else { continue };
            let goes_on = found.last().is_some_and(|line| line.number + 1 == number);
            if kind == Prompt::First || goes_on {
                let whole = self.lines[number].clone();
                found.push(Line { number, code: whole.start + code..whole.end });
            }
        }
        (!found.is_empty()).then_some(Block { lines: found, is_sure: true, is_doctest: true })
    }
}

/// The prompts of an interactive session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// `>>>`
    First,
    /// `...`
    More,
}

/// The prompt of a line, and where its code starts.
pub(super) fn prompt(line: &str) -> Option<(Prompt, usize)> {
    let rest = without_quotes(line, quote_marks(line)).trim_start_matches([' ', '\t']);
    let start = line.len() - rest.len();
    let kind = if rest.starts_with(">>>") {
        Prompt::First
    } else if rest.starts_with("...") {
        Prompt::More
    } else {
        return None;
    };
    match rest[3..].chars().next() {
        None => Some((kind, start + 3)),
        Some(' ') => Some((kind, start + 4)),
        Some(_) => None,
    }
}

/// How many `>` of block quotes a line starts with; a prompt is none.
fn quote_marks(line: &str) -> usize {
    let mut count = 0;
    let mut rest = line.trim_start_matches(' ');
    while let Some(after) = rest.strip_prefix('>').filter(|after| !after.starts_with('>')) {
        count += 1;
        rest = after.trim_start_matches(' ');
    }
    count
}

/// A line without its first `count` marks of block quotes and the blank after each.
fn without_quotes(line: &str, count: usize) -> &str {
    let mut rest = line;
    for _ in 0..count {
        let Some(after) = rest.trim_start_matches(' ').strip_prefix('>') else { return rest };
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    rest
}
