//! How import statements are changed in place: names taken out of a list, put into one, whole statements added or removed.
//!
//! Comments for people stay, whatever goes; those for tools go behind what comes, or they are lost. A block never becomes empty.

pub(crate) mod join;

use std::ops::Range;

use crate::edit::Edit;
use crate::python::imports::Import;
use crate::python::source::{Source, leading_blanks};
use crate::rewrite::directive::{self, Comment};

/// What takes something out.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    pub(crate) edits: Vec<Edit>,
    /// Comments that are no more, each with a place near which it stood.
    pub(crate) lost: Vec<(usize, String)>,
}

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

/// Where the comments start that stand inside an import statement, in order.
pub(crate) fn comments(source: &Source, range: &Range<usize>) -> Vec<usize> {
    let mut at = range.start;
    let lines = source.text()[range.clone()].split_inclusive('\n').filter_map(|line| {
        let start = at;
        at += line.len();
        line.find('#').map(|found| start + found)
    });
    lines.collect()
}

/// Puts `statements` beside the one at `range`, after it, in the same block.
pub(crate) fn add_after(source: &Source, range: &Range<usize>, statements: &[String]) -> Edit {
    let around = surroundings(source, range);
    if !around.first || !around.last {
        let text: String = statements.iter().map(|statement| format!("; {statement}")).collect();
        return Edit::new(range.end..range.end, text);
    }
    let (indent, ending) = (indent(source, range), source.line_ending(range.end));
    let text: String = statements.iter().map(|statement| format!("{ending}{indent}{statement}")).collect();
    let end = source.line_range(line_of(source, range.end)).end;
    Edit::new(end..end, text)
}

/// True when a comment can be put behind what comes in the place of a statement or beside it.
pub(crate) fn is_alone(source: &Source, range: &Range<usize>) -> bool {
    let around = surroundings(source, range);
    around.first && around.last
}

fn indent<'s>(source: &'s Source, range: &Range<usize>) -> &'s str {
    leading_blanks(&source.text()[source.line_range(line_of(source, range.start))]).trim_start_matches('\u{feff}')
}

/// Puts `statements` in the place of the one at `range`, inside which comments start at the places `comments`.
pub(crate) fn replace(source: &Source, range: &Range<usize>, comments: &[usize], statements: &[String]) -> Removal {
    let mut removal = Removal::default();
    let around = surroundings(source, range);
    let mut text = removal.above(source, range, comments, around.first);
    if !around.first || !around.last {
        text.push_str(&statements.join("; "));
        removal.edits.push(Edit::new(range.clone(), text));
        return removal;
    }
    let (first, rest) = statements.split_at(statements.len().min(1));
    text.push_str(&first.concat());
    text.push_str(&directive::joined(removal.lost.drain(..).map(|(_, comment)| comment).collect()));
    removal.edits.push(Edit::new(range.clone(), text));
    removal.edits.extend((!rest.is_empty()).then(|| add_after(source, range, rest)));
    removal
}

impl Removal {
    /// The lines of comments for people that go above a statement; all others are lost.
    fn above(&mut self, source: &Source, range: &Range<usize>, comments: &[usize], first: bool) -> String {
        let (indent, ending) = (indent(source, range), source.line_ending(range.start));
        let mut lines = String::new();
        for at in comments {
            let Comment { people, tools } = Comment::at(source.text(), *at);
            match first {
                true if !people.is_empty() => lines.push_str(&format!("{people}{ending}{indent}")),
                false if !people.is_empty() => self.lost.push((*at, people)),
                _ => {}
            }
            self.lost.extend((!tools.is_empty()).then_some((*at, tools)));
        }
        lines
    }
}

/// Takes out the statement at `range`, inside which comments start at the places `comments`; `only` says that its block holds
/// nothing else.
pub(crate) fn remove(source: &Source, range: &Range<usize>, comments: &[usize], only: bool) -> Removal {
    let mut removal = Removal::default();
    let around = surroundings(source, range);
    let mut above = removal.above(source, range, comments, around.first);
    let edit = if only {
        Edit::new(range.clone(), above + "pass")
    } else if let Some(next) = around.next {
        Edit::new(range.start..next, above)
    } else if !around.first {
        let before = &source.text()[..range.start];
        let start = before.trim_end().trim_end_matches(';').trim_end().len();
        // The line stays with what stands before, and people find the comment behind it.
        let is_for_people = |(at, comment): &(usize, String)| Comment::at(source.text(), *at).people == *comment;
        let (kept, lost) = std::mem::take(&mut removal.lost).into_iter().partition::<Vec<_>, _>(is_for_people);
        removal.lost = lost;
        Edit::new(start..range.end, kept.iter().map(|(_, comment)| format!("  {comment}")).collect::<String>())
    } else {
        let behind = around.comment.map(|at| (at, Comment::at(source.text(), at)));
        match behind {
            Some((comment, Comment { tools, .. })) if tools.is_empty() => Edit::new(range.start..comment, above),
            behind => {
                if let Some((at, Comment { people, tools })) = behind {
                    above.push_str(&people);
                    removal.lost.push((at, tools));
                }
                let content = source.line_range(line_of(source, range.end)).end;
                let start = source.line_range(line_of(source, range.start)).start;
                let bom = if source.text()[start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
                match above.trim_end() {
                    "" => Edit::new(start + bom..source.full_line_range(line_of(source, range.end)).end, ""),
                    lines => Edit::new(range.start..content, lines),
                }
            }
        }
    };
    removal.edits.push(edit);
    removal
}

/// Takes the items with these numbers out of a statement that keeps others.
pub(crate) fn remove_items(source: &Source, import: &Import, gone: &[usize]) -> Removal {
    let mut removal = Removal::default();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut gone = gone.to_vec();
    gone.sort_unstable();
    let lost = &mut removal.lost;
    let mut ranges: Vec<(Range<usize>, String)> =
        gone.iter().flat_map(|index| item_removal(source, import, &gone, *index, lost)).collect();
    ranges.sort_by_key(|(range, _)| range.start);
    for (range, text) in ranges {
        match edits.last_mut() {
            Some((last, kept)) if range.start <= last.end => {
                last.end = last.end.max(range.end);
                kept.push_str(&text);
            }
            _ => edits.push((range, text)),
        }
    }
    removal.edits = edits.into_iter().map(|(range, text)| Edit::new(range, text)).collect();
    removal
}

/// The ranges that go with an item, and what of them stays.
fn item_removal(
    source: &Source,
    import: &Import,
    gone: &[usize],
    index: usize,
    lost: &mut Vec<(usize, String)>,
) -> Vec<(Range<usize>, String)> {
    if let Some(ranges) = before_commas(source, import, gone, index, lost) {
        return ranges;
    }
    let text = source.text();
    let item = import.items[index].range.clone();
    let with_comma = comma_after(text, import, index).map_or(item.end, |comma| comma + 1);
    let line = source.full_line_range(line_of(source, item.start));
    let content = source.line_range(line_of(source, item.start)).end;
    let lead = leading_blanks(&text[line.start..item.start]).len() == item.start - line.start;
    let rest = text.get(with_comma..content).unwrap_or("").trim_start();
    if import.parentheses.is_some() && lead && with_comma <= content && (rest.is_empty() || rest.starts_with('#')) {
        if rest.is_empty() {
            return vec![(line, String::new())];
        }
        return vec![up_to_comment(text, item.start..content - rest.len(), line, lost)];
    }
    let range = match import.items.get(index + 1) {
        Some(next) if import.parentheses.is_none() || next.range.start < content => item.start..next.range.start,
        Some(_) => text[..item.start].trim_end_matches([' ', '\t']).len()..with_comma,
        None => {
            let kept = (0..index).rev().find(|at| !gone.contains(at)).map_or(item.start, |at| import.items[at].range.end);
            if text[kept..item.start].contains('#') { item.start..item.end } else { kept..item.end }
        }
    };
    vec![(range, String::new())]
}

/// What goes with an item that a comment follows at the end of the range: not the comment, as far as it is for people.
fn up_to_comment(text: &str, range: Range<usize>, line: Range<usize>, lost: &mut Vec<(usize, String)>) -> (Range<usize>, String) {
    let at = range.end;
    let comment = Comment::at(text, at);
    if comment.tools.is_empty() {
        return (range, String::new());
    }
    let alone = text[line.start..range.start].trim().is_empty();
    let content = line.start + text[line.clone()].trim_end_matches(['\r', '\n']).len();
    let range = if comment.is_for_tools() && alone { line } else { range.start..content };
    lost.push((at, comment.tools));
    (range, comment.people)
}

/// What goes with an item of a list whose lines begin with commas: the comma of its own line, or the next one when it comes first.
fn before_commas(
    source: &Source,
    import: &Import,
    gone: &[usize],
    index: usize,
    lost: &mut Vec<(usize, String)>,
) -> Option<Vec<(Range<usize>, String)>> {
    import.parentheses.as_ref()?;
    let text = source.text();
    let item = import.items[index].range.clone();
    let line = source.full_line_range(line_of(source, item.start));
    let content = source.line_range(line_of(source, item.end)).end;
    let before = &text[line.start..item.start];
    let kept = (0..index).any(|at| !gone.contains(&at));
    let own = (kept && before.trim() == ",").then(|| line.start + leading_blanks(before).len());
    let next = comma_after(text, import, index).filter(|comma| own.is_none() && *comma > content);
    let start = own.or(next.map(|_| item.start))?;
    let rest = text[item.end..content].trim_start();
    let first = text[line.start..start].trim().is_empty();
    let whole = match rest.chars().next() {
        None if first => (line, String::new()),
        Some('#') => up_to_comment(text, start..content - rest.len(), line, lost),
        _ => (start..item.end, String::new()),
    };
    let blanks = |comma: usize| leading_blanks(&text[comma + 1..]).len();
    let next = next.map(|comma| (comma..comma + 1 + blanks(comma), String::new()));
    Some(std::iter::once(whole).chain(next).collect())
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
