//! Writes an `after` block in the place of its `before`, in the file's indentation, line endings and encoding.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::edit::Edit;
use crate::python::source::{Indent, Source, leading_blanks};
use crate::rewrite::edits::find::{Match, levels, metavariables};
use crate::rewrite::edits::lines::{Block, Kind, Line, width};
use crate::rewrite::error::{Problem, RewriteError};

/// The edit that puts `after` where `before` was found.
pub(super) fn replacement(
    source: &Source,
    file: &Block,
    before: &Block,
    after: &Block,
    found: &Match,
) -> Result<Edit, RewriteError> {
    let start = source.full_line_range(found.first).start;
    let start = if source.text()[start..].starts_with('\u{feff}') { start + '\u{feff}'.len_utf8() } else { start };
    let full = source.full_line_range(found.last);
    let content = source.line_range(found.last).end;
    if after.is_empty() {
        // A file without a line ending at its end shall have none afterwards.
        let at_end = full.end == content && found.first > 0;
        let start = if at_end { source.line_range(found.first - 1).end } else { start };
        return Ok(Edit::new(start..full.end, ""));
    }
    let layout =
        Layout { source, file, levels: levels(file, before, found), unit: unit(source, file, found), step: step(before, after) };
    let ending = source.line_ending(start);
    let mut out = Vec::new();
    let mut depths: Vec<usize> = vec![0];
    let mut gaps = found.gaps.iter();
    for (index, line) in after.lines.iter().enumerate() {
        // What `...` passed over stays as it is.
        let passed = if line.is_gap() { gaps.next() } else { None };
        if passed.is_some_and(Range::is_empty) {
            continue;
        }
        if index > 0 {
            out.extend_from_slice(ending.as_bytes());
        }
        match line.kind {
            Kind::Statement if let Some(lines) = passed => {
                out.extend_from_slice(source.slice(source.line_range(lines.start).start..source.line_range(lines.end - 1).end));
            }
            Kind::Blank => {}
            Kind::String => match kept(before, after, line, found) {
                Some(at) => out.extend_from_slice(source.slice(source.line_range(at))),
                None => layout.text(&mut out, after.dedented(line), found, start)?,
            },
            Kind::Statement | Kind::Comment => {
                let depth = after.depth(line);
                depths.retain(|known| *known < depth);
                depths.push(depth);
                out.extend_from_slice(layout.indent(&depths).as_bytes());
                layout.text(&mut out, unindented(line), found, start)?;
            }
            Kind::Continuation => {
                let base = depths.last().copied().unwrap_or(0);
                let extra = after.depth(line).saturating_sub(base);
                out.extend_from_slice(layout.indent(&depths).as_bytes());
                out.extend_from_slice(layout.extra(extra).as_bytes());
                layout.text(&mut out, unindented(line), found, start)?;
            }
        }
    }
    Ok(Edit::new(start..content, out))
}

fn unindented<'a>(line: &Line<'a>) -> &'a str {
    &line.text[line.indent.len()..]
}

/// The line of the file that holds the same line of a string in `before`.
fn kept(before: &Block, after: &Block, line: &Line, found: &Match) -> Option<usize> {
    let text = after.dedented(line);
    let same = |(old, _): &(&Line, &Option<usize>)| old.kind == Kind::String && before.dedented(old) == text;
    before.lines.iter().zip(&found.lines).find(same).and_then(|(_, at)| *at)
}

/// The indentation of one level where the match stands.
fn unit(source: &Source, file: &Block, found: &Match) -> String {
    let here = file.lines[found.first].indent.trim_start_matches('\u{feff}');
    let mut above = file.lines[..found.first].iter().rev().filter(|line| line.kind == Kind::Statement);
    let outer = above.find(|line| width(line.indent) < width(here)).map(|line| line.indent);
    match outer.and_then(|outer| here.strip_prefix(outer)) {
        Some(unit) if unit == "\t" || (unit.len() <= 8 && unit.bytes().all(|byte| byte == b' ')) => unit.to_owned(),
        _ if here.starts_with('\t') => "\t".to_owned(),
        _ => source.indent().text(1),
    }
}

/// The width of one level in the plan's own blocks: that of nested statements, else that of lines after an opening bracket.
fn step(before: &Block, after: &Block) -> usize {
    let deeper = |block: &Block, line: &Line| Some(block.depth(line)).filter(|depth| *depth > 0);
    let nested = [after, before].map(|block| {
        let statements = block.lines.iter().filter(|line| line.kind == Kind::Statement);
        statements.filter_map(|line| deeper(block, line)).min()
    });
    let hanging = [after, before].map(|block| {
        let pairs = block
            .lines
            .windows(2)
            .filter(|pair| pair[1].kind == Kind::Continuation && pair[0].content.ends_with(['(', '[', '{']));
        pairs
            .filter_map(|pair| deeper(block, &pair[1]).and_then(|depth| depth.checked_sub(block.depth(&pair[0]))))
            .find(|step| *step > 0)
    });
    nested.into_iter().chain(hanging).flatten().next().unwrap_or(4)
}

struct Layout<'a> {
    source: &'a Source<'a>,
    file: &'a Block<'a>,
    /// The file's indentation at the depths of `before`.
    levels: BTreeMap<usize, &'a str>,
    unit: String,
    step: usize,
}

impl Layout<'_> {
    /// The indentation of the innermost of `depths`.
    fn indent(&self, depths: &[usize]) -> String {
        let mut text = self.levels.values().next().map_or("", |indent| indent.trim_start_matches('\u{feff}')).to_owned();
        let lowest = self.levels.keys().next().copied().unwrap_or(0);
        for depth in depths.iter().filter(|depth| **depth > 0) {
            match self.levels.get(depth).filter(|known| *depth > lowest && known.len() > text.len()) {
                Some(known) => text = (*known).to_owned(),
                None if *depth > lowest => text.push_str(&self.unit),
                None => {}
            }
        }
        text
    }

    /// Blanks of a line inside brackets, beyond those of its statement.
    fn extra(&self, width: usize) -> String {
        match width.checked_rem(self.step) {
            Some(0) => self.unit.repeat(width / self.step),
            _ => Indent::Spaces(width).text(1),
        }
    }

    /// Writes text with its metavariables filled in.
    fn text(&self, out: &mut Vec<u8>, text: &str, found: &Match, at: usize) -> Result<(), RewriteError> {
        let encoding = self.source.encoding();
        let encode = |text: &str| {
            let problem = || RewriteError::at(self.source, at, Problem::Unencodable { encoding: encoding.name() });
            encoding.encode(text).ok_or_else(problem)
        };
        let mut done = 0;
        for (range, name) in metavariables(text) {
            let Some((line, part)) = found.bound.get(name) else { continue };
            out.extend(encode(&text[done..range.start])?);
            out.extend_from_slice(self.source.slice(self.place(*line, part)));
            done = range.end;
        }
        out.extend(encode(&text[done..])?);
        Ok(())
    }

    /// Where in the text a part of a line's content stands.
    fn place(&self, line: usize, part: &Range<usize>) -> Range<usize> {
        let text = self.file.lines[line].text;
        let start = self.source.line_range(line).start + leading_blanks(text).len();
        start + part.start..start + part.end
    }
}
