//! Changed lines of a block written back where the block stands.
//!
//! A line that did not change is not touched, nor is the output of a doctest; a change that would part an example from its output,
//! or that a string cannot hold as it is, is refused.

use std::collections::HashSet;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::edit::Edit;
use crate::python::source::Source;
use crate::rewrite::docs::blocks::{Block, Page, Prompt, prompt};
use crate::rewrite::place::Place;

/// How many pairs of lines are compared for one stretch; beyond that they are paired in order.
const MOST_COMPARED: usize = 40_000;

/// Where a change cannot be written, and why.
pub(super) type Refusal = (usize, String);

/// A block, and the lines that it shall have.
pub(super) struct Weave<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) page: &'a Page<'a>,
    pub(super) block: &'a Block,
    pub(super) new: &'a [&'a str],
    /// Those of the new lines that start a statement of their own.
    pub(super) starts: &'a HashSet<usize>,
}

impl Weave<'_> {
    /// One place for each changed stretch.
    pub(super) fn places(&self) -> Result<Vec<Place>, Refusal> {
        let old: Vec<&str> = self.block.lines.iter().map(|line| &self.page.text[line.code.clone()]).collect();
        let ops = capture_diff_slices(Algorithm::Myers, &old, self.new);
        let mut places = Vec::new();
        for op in ops.iter().filter(|op| op.tag() != DiffTag::Equal) {
            let (old, new) = (op.old_range(), op.new_range());
            let at = self.block.lines.get(old.start).or(self.block.lines.last()).map_or(0, |line| line.code.start);
            let edits = self.stretch(old.clone(), new).map_err(|why| (at, why))?;
            let end = if old.is_empty() { at } else { self.block.lines[old.end - 1].code.end };
            places.push(Place::changed(at..end, edits));
        }
        Ok(places)
    }

    fn stretch(&self, old: Range<usize>, new: Range<usize>) -> Result<Vec<Edit>, String> {
        self.fits_quotes(&old, &new)?;
        let mut edits = Vec::new();
        let (mut line, mut text) = (old.start, new.start);
        for (paired_line, paired_text) in self.pairs(&old, &new).into_iter().chain([(old.end, new.end)]) {
            if text < paired_text {
                edits.push(self.insertion(line, text..paired_text)?);
            }
            for gone in line..paired_line {
                edits.push(self.removal(gone)?);
            }
            if paired_line < old.end {
                edits.push(self.line(paired_line, paired_text)?);
            }
            (line, text) = (paired_line + 1, paired_text + 1);
        }
        Ok(edits)
    }

    /// Which old line becomes which new one: the pairs, in order, that have most in common.
    fn pairs(&self, old: &Range<usize>, new: &Range<usize>) -> Vec<(usize, usize)> {
        let (rows, columns) = (old.len(), new.len());
        if rows == columns || rows.saturating_mul(columns) > MOST_COMPARED {
            return old.clone().zip(new.clone()).collect();
        }
        let alike = |row: usize, column: usize| {
            let (head, tail) =
                common(&self.page.text[self.block.lines[old.start + row].code.clone()], self.new[new.start + column]);
            1 + head + tail
        };
        // best[row][column]: what the lines from there on can have in common.
        let mut best = vec![vec![0; columns + 1]; rows + 1];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                let paired = alike(row, column) + best[row + 1][column + 1];
                best[row][column] = paired.max(best[row + 1][column]).max(best[row][column + 1]);
            }
        }
        let (mut row, mut column) = (0, 0);
        let mut pairs = Vec::new();
        while row < rows && column < columns {
            if best[row][column] == best[row + 1][column] {
                row += 1;
            } else if best[row][column] == best[row][column + 1] {
                column += 1;
            } else {
                pairs.push((old.start + row, new.start + column));
                (row, column) = (row + 1, column + 1);
            }
        }
        pairs
    }

    /// Refuses what would end the string around the block, or mean something else in it.
    fn fits_quotes(&self, old: &Range<usize>, new: &Range<usize>) -> Result<(), String> {
        let Some(quotes) = self.page.quotes else { return Ok(()) };
        let (old, new_lines) = (&self.block.lines[old.clone()], &self.new[new.clone()]);
        let slashes = |text: &str| text.matches('\\').count();
        let before: usize = old.iter().map(|line| slashes(&self.page.text[line.code.clone()])).sum();
        let after: usize = new_lines.iter().map(|line| slashes(line)).sum();
        let ends = new_lines.iter().any(|line| line.contains(quotes.mark));
        let lines = quotes.mark.len() == 1 && old.len() != new.len();
        match ends || lines || (!quotes.is_raw && after != before) {
            true => Err("the new text cannot stand in this docstring as it is".to_owned()),
            false => Ok(()),
        }
    }

    /// One line becomes another; only what differs is written.
    fn line(&self, line: usize, text: usize) -> Result<Edit, String> {
        let (code, new) = (self.block.lines[line].code.clone(), self.new[text]);
        let old = &self.page.text[code.clone()];
        let first = prompt(self.host(line)).is_some_and(|(kind, _)| kind == Prompt::First);
        if self.block.is_doctest && !new.is_empty() && first != self.starts.contains(&text) {
            return Err("the change would part lines of one example".to_owned());
        }
        // `>>>` with nothing after it has no blank either.
        let blank = if self.block.is_doctest && old.is_empty() && self.host(line).ends_with(['>', '.']) { " " } else { "" };
        let (mut head, tail) = common(old, new);
        // Something is always replaced, so that a line put after this one is not put at the same place.
        if head + tail == old.len() {
            head -= old[..head].chars().next_back().map_or(0, char::len_utf8);
        }
        let range = code.start + head..code.end - tail;
        if self.source.undecodable().any(|(at, _)| range.contains(&at)) {
            return Err("a byte in it is no text".to_owned());
        }
        Ok(Edit::new(range, self.encoded(&format!("{blank}{}", &new[head..new.len() - tail]))?))
    }

    fn host(&self, line: usize) -> &str {
        &self.page.text[self.page.lines[self.block.lines[line].number].clone()]
    }

    /// What stands before the code of a line that is not there yet.
    fn prefix(&self, text: usize) -> &str {
        let filled = |line: &usize| !self.page.text[self.block.lines[*line].code.clone()].is_empty();
        let first = (0..self.block.lines.len()).find(filled).unwrap_or(0);
        let host = self.host(first);
        let code = self.block.lines[first].code.len();
        let whole = &host[..host.len() - code];
        match self.new[text].is_empty() {
            true => whole.trim_end(),
            false => whole,
        }
    }

    /// New lines before the line `at` of the block, in which a prompt goes on or begins an example of its own.
    fn insertion(&self, at: usize, new: Range<usize>) -> Result<Edit, String> {
        let lines = &self.block.lines;
        let begins = self.starts.contains(&new.start);
        let together = at > 0 && lines.get(at).is_some_and(|line| line.number == lines[at - 1].number + 1);
        let after = at > 0 && (together || !self.block.is_doctest || !begins || at == lines.len());
        if after && self.block.is_doctest && begins && !together && self.has_output(at - 1) {
            return Err("an example would stand between another and its output".to_owned());
        }
        let anchor = if after { at - 1 } else { at };
        let number = lines.get(anchor).map_or(0, |line| line.number);
        let host = self.page.lines[number].clone();
        if !after && number == 0 && self.page.quotes.is_some() {
            return Err("a line would stand before the first of the docstring".to_owned());
        }
        let ending = self.source.line_ending(host.start);
        let mut written = String::new();
        for text in new {
            let prefix = self.prefix(text);
            let prefix = match self.block.is_doctest && !self.starts.contains(&text) {
                true => prefix.replacen(">>>", "...", 1),
                false => prefix.to_owned(),
            };
            match after {
                true => written.extend([ending, prefix.as_str(), self.new[text]]),
                false => written.extend([prefix.as_str(), self.new[text], ending]),
            }
        }
        let place = if after { host.end } else { host.start };
        Ok(Edit::new(place..place, self.encoded(&written)?))
    }

    fn removal(&self, line: usize) -> Result<Edit, String> {
        let number = self.block.lines[line].number;
        if self.block.is_doctest && self.has_output(line) {
            return Err("an example that has output would go".to_owned());
        }
        let clipped = self.page.quotes.is_some() && (number == 0 || number + 1 == self.page.lines.len());
        if clipped {
            return Err("the first or last line of the docstring would go".to_owned());
        }
        let end = self.page.lines.get(number + 1).map_or(self.page.text.len(), |next| next.start);
        Ok(Edit::new(self.page.lines[number].start..end, ""))
    }

    /// True when what stands below a line of a doctest is its output.
    fn has_output(&self, line: usize) -> bool {
        let next = self.block.lines[line].number + 1;
        let own = self.block.lines.get(line + 1).is_some_and(|line| line.number == next);
        !own && self.page.lines.get(next).is_some_and(|range| {
            let below = self.page.text[range.clone()].trim();
            prompt(below).is_none()
                && !below.trim_start_matches('>').trim().is_empty()
                && !below.starts_with("```")
                && !below.starts_with("~~~")
        })
    }

    fn encoded(&self, text: &str) -> Result<Vec<u8>, String> {
        let encoding = self.source.encoding();
        encoding.encode(text).ok_or_else(|| format!("{} cannot hold the new text", encoding.name()))
    }
}

/// How many bytes two lines have in common at their starts, and behind that at their ends.
fn common(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let head: usize = old.chars().zip(new.chars()).take_while(same).map(|(a, _)| a.len_utf8()).sum();
    let rest = old[head..].chars().rev().zip(new[head..].chars().rev());
    (head, rest.take_while(same).map(|(a, _)| a.len_utf8()).sum())
}
