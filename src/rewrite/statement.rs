//! How import statements are changed in place: names taken out of a list, put into one, whole statements added or removed.
//!
//! Comments stay, whatever goes; a block never becomes empty.

pub(crate) mod join;

use std::ops::Range;

use crate::edit::Edit;
use crate::python::imports::Import;
use crate::python::source::{Source, leading_blanks};

/// What stands on the line before and after a statement.
struct Surroundings {
    /// Only blanks before it.
    first: bool,
    /// Only blanks, and perhaps a comment, after it.
    last: bool,
    /// Where the next statement of the same line starts.
    next: Option<usize>,
    /// Where the comment after it starts.
    comment: Option<usize>,
}

fn line_of(source: &Source, at: usize) -> usize {
    (source.line(at) - 1) as usize
}

fn surroundings(source: &Source, range: &Range<usize>) -> Surroundings {
    let text = source.text();
    let start = source.line_range(line_of(source, range.start)).start;
    let end = source.line_range(line_of(source, range.end)).end;
    let first = leading_blanks(&text[start..range.start]).len() == range.start - start;
    let rest = &text[range.end..end];
    let after = rest.trim_start();
    let at = end - after.len();
    let following = after.strip_prefix(';').map(str::trim_start);
    let next = following.filter(|rest| !rest.is_empty() && !rest.starts_with('#')).map(|rest| end - rest.len());
    let comment = after.starts_with('#').then_some(at);
    Surroundings { first, last: after.is_empty() || comment.is_some(), next, comment }
}

/// The comments inside a statement, in order.
pub(crate) fn comments(source: &Source, range: &Range<usize>) -> Vec<String> {
    let lines = source.text()[range.clone()].lines();
    lines.filter_map(|line| line.find('#').map(|at| line[at..].trim_end().to_owned())).collect()
}

/// Puts `statements` beside the one at `range`, after it, in the same block.
pub(crate) fn add_after(source: &Source, range: &Range<usize>, statements: &[String]) -> Edit {
    let around = surroundings(source, range);
    if !around.first || !around.last {
        let text: String = statements.iter().map(|statement| format!("; {statement}")).collect();
        return Edit::new(range.end..range.end, text);
    }
    let indent = leading_blanks(&source.text()[source.line_range(line_of(source, range.start))]).trim_start_matches('\u{feff}');
    let ending = source.line_ending(range.end);
    let text: String = statements.iter().map(|statement| format!("{ending}{indent}{statement}")).collect();
    let end = source.line_range(line_of(source, range.end)).end;
    Edit::new(end..end, text)
}

/// Takes out the statement at `range`; `only` says that its block holds nothing else.
pub(crate) fn remove(source: &Source, range: &Range<usize>, only: bool) -> Edit {
    let around = surroundings(source, range);
    if only {
        return Edit::new(range.clone(), "pass");
    }
    if let Some(next) = around.next {
        return Edit::new(range.start..next, "");
    }
    if !around.first {
        let before = &source.text()[..range.start];
        let start = before.trim_end().trim_end_matches(';').trim_end().len();
        return Edit::new(start..range.end, "");
    }
    if let Some(comment) = around.comment {
        return Edit::new(range.start..comment, "");
    }
    let start = source.line_range(line_of(source, range.start)).start;
    let bom = if source.text()[start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Edit::new(start + bom..source.full_line_range(line_of(source, range.end)).end, "")
}

/// Takes the items with these numbers out of a statement that keeps others.
pub(crate) fn remove_items(source: &Source, import: &Import, gone: &[usize]) -> Vec<Edit> {
    let mut ranges: Vec<Range<usize>> = gone.iter().map(|index| item_removal(source, import, gone, *index)).collect();
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged.into_iter().map(|range| Edit::new(range, "")).collect()
}

fn item_removal(source: &Source, import: &Import, gone: &[usize], index: usize) -> Range<usize> {
    let text = source.text();
    let item = import.items[index].range.clone();
    let with_comma = comma_after(text, import, index).map_or(item.end, |comma| comma + 1);
    let line = source.full_line_range(line_of(source, item.start));
    let content = source.line_range(line_of(source, item.start)).end;
    let lead = leading_blanks(&text[line.start..item.start]).len() == item.start - line.start;
    let rest = text.get(with_comma..content).unwrap_or("").trim_start();
    if import.parentheses.is_some() && lead && with_comma <= content && (rest.is_empty() || rest.starts_with('#')) {
        return if rest.is_empty() { line } else { item.start..content - rest.len() };
    }
    match import.items.get(index + 1) {
        Some(next) if import.parentheses.is_none() || next.range.start < content => item.start..next.range.start,
        Some(_) => text[..item.start].trim_end_matches([' ', '\t']).len()..with_comma,
        None => {
            let kept = (0..index).rev().find(|at| !gone.contains(at)).map_or(item.start, |at| import.items[at].range.end);
            if text[kept..item.start].contains('#') { item.start..item.end } else { kept..item.end }
        }
    }
}

/// The comma between an item and the next, or the last one before the closing parenthesis.
fn comma_after(text: &str, import: &Import, index: usize) -> Option<usize> {
    let start = import.items[index].range.end;
    let end = import.items.get(index + 1).map_or(import.range.end, |next| next.range.start);
    let mut comment = false;
    text[start..end].char_indices().find_map(|(at, c)| {
        comment = if comment { c != '\n' } else { c == '#' };
        (c == ',' && !comment).then_some(start + at)
    })
}
