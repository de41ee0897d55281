//! Values that YAML takes for something else unless they stand in quotes, and the quotes that let a plan load. Pure.

use crate::plan::source::{Source, Span};

/// Longer values are not shown in a help.
const LONGEST: usize = 200;
/// Longer lines, and larger plans, are written by programs.
const LONGEST_LINE: usize = 2000;
/// In bytes.
const LARGEST: usize = 256 << 10;
/// Of so many values of a line is tried whether they need quotes.
const MOST_TRIED: usize = 8;
/// Keys whose value is a list of texts.
const LISTS: [&str; 5] = ["format", "validate", "verify", "rules", "paths"];
/// Keys whose value is a text that may hold a colon and a blank.
const TEXTS: [&str; 21] = [
    "issue",
    "title",
    "summary",
    "transform",
    "message",
    "footer",
    "scope",
    "impact",
    "recovery",
    "path",
    "glob",
    "before",
    "after",
    "unchanged",
    "regex",
    "not-regex",
    "run",
    "command",
    "include",
    "exclude",
    "only",
];

/// Where a value of a line may stand.
struct Value<'t> {
    span: Span,
    /// The key before it on the line.
    key: Option<&'t str>,
}

/// A text as YAML in quotes, on one line; `None` where that would be no help.
#[must_use]
pub fn in_quotes(text: &str) -> Option<String> {
    if text.len() > LONGEST || text.contains(|c: char| c.is_control()) {
        return None;
    }
    Some(match text.contains(['"', '\\']) {
        true => format!("'{}'", text.replace('\'', "''")),
        false => format!("\"{text}\""),
    })
}

/// A value that has to be written in another way.
#[derive(Debug, PartialEq, Eq)]
pub struct Cure {
    /// Where it stands.
    pub span: Span,
    /// Why YAML does not read it as a text.
    pub why: &'static str,
    /// What to do.
    pub help: String,
}

/// The unquoted value around the byte where reading YAML ended that lets the text be read further once it stands in quotes. `ends`
/// tells where reading a text ends; `None` when it is read whole.
#[must_use]
pub fn cure(source: &Source, at: usize, ends: impl Fn(&str) -> Option<usize>) -> Option<Cure> {
    let (line, _) = source.line_column(at);
    if source.text().len() > LARGEST {
        return None;
    }
    // What is wrong with the last value of a line may show on the next.
    let lines = [line, line.saturating_sub(1)].into_iter().filter(|line| *line > 0);
    let values = lines.flat_map(|line| values(source, line, at));
    let quoted = values.filter_map(|value| {
        let text = source.slice(value.span);
        let why = needs_quotes(text)?;
        match value.key {
            Some(key) if LISTS.contains(&key) => {
                let written = format!("[{}]", in_quotes(text.strip_prefix("- ").unwrap_or(text).trim_start())?);
                Some((value.span, why, written, "in brackets and quotes"))
            }
            // Under another key stands a map most likely, whose keys want lines of their own.
            Some(key) if text.contains(": ") && !text.starts_with(['"', '\'']) && !TEXTS.contains(&key) => None,
            _ => Some((value.span, why, in_quotes(text)?, "in quotes")),
        }
    });
    let rest = source.text().get(at..).unwrap_or("");
    let error_line_end = rest.find('\n').map_or(source.text().len(), |end| at + end);
    for (span, why, written, how) in quoted.take(MOST_TRIED) {
        let (before, after) = (&source.text()[..span.offset], &source.text()[span.offset + span.len..]);
        let cured = format!("{before}{written}{after}");
        // A help that leaves the mistake where it is would blame what is innocent.
        if ends(&cured).is_none_or(|at| at > error_line_end + written.len() - span.len) {
            return Some(Cure { span, why, help: format!("put it {how}: {written}") });
        }
    }
    None
}

/// The value that begins at a byte: to the bracket that closes it, or to the end of its line.
#[must_use]
pub fn value_at(source: &Source, at: usize) -> Span {
    let rest = line_rest(source, at);
    let (line, _) = source.line_column(at);
    let before = source.text().get(source.offset(line, 1)..at).unwrap_or("");
    let is_in_flow = before.matches(['[', '{']).count() > before.matches([']', '}']).count();
    let len = match is_in_flow {
        true => in_flow(rest).len(),
        false if rest.starts_with(['{', '[']) => closed(rest).unwrap_or(rest.len()),
        false => uncommented(rest).len(),
    };
    Span { offset: at, len }
}

/// Why YAML does not take a value for a text as it is; `None` when it does.
fn needs_quotes(value: &str) -> Option<&'static str> {
    Some(match value.chars().next()? {
        '"' | '\'' => match value[quoted_len(value)?..].trim_start().chars().next()? {
            '#' | ':' => return None,
            _ => "it goes on after the quote that closes it",
        },
        '|' | '>' | '#' => return None,
        '{' if closed(value)? < value.len() => "`{` at its start begins a map",
        '[' if closed(value)? < value.len() => "`[` at its start begins a list",
        '{' | '[' => return None,
        '*' => "`*` at its start stands for an alias",
        '&' => "`&` at its start names an anchor",
        '!' => "`!` at its start names a tag",
        '%' | '@' | '`' => "no text begins with such a character",
        '-' if value.starts_with("- ") => "a dash at its start begins a list",
        _ if value.contains(": ") || value.ends_with(':') => "a colon in it ends a key",
        _ if value.contains(['{', '}', '[', ']', ',']) => "between brackets these characters end a text: `,` `[` `]` `{` `}`",
        _ => return None,
    })
}

/// How long the text in quotes is that `text` begins with, with the quotes; `None` when no quote ends it.
fn quoted_len(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' if quote == '"' => {
                rest.next();
            }
            '\'' if quote == c && rest.peek().is_some_and(|(_, next)| *next == c) => {
                rest.next();
            }
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// Where the values of a line may stand: all behind its key or its dashes, then those between brackets and commas before `at`.
fn values(source: &Source, line: usize, at: usize) -> Vec<Value<'_>> {
    let start = source.offset(line, 1);
    let text = line_rest(source, start);
    if text.len() > LONGEST_LINE {
        return Vec::new();
    }
    let mut values = Vec::new();
    let mut begin = text.len() - text.trim_start().len();
    while let Some(item) = text[begin..].strip_prefix("- ") {
        begin = text.len() - item.trim_start().len();
    }
    let whole = |from: usize| Span { offset: start + from, len: uncommented(&text[from..]).len() };
    if let Some(colon) = text[begin..].find(": ")
        && text[begin..begin + colon].chars().all(|c| c.is_alphanumeric() || "_.-".contains(c))
    {
        let after = begin + colon + 1;
        let span = whole(text.len() - text[after..].trim_start().len());
        values.push(Value { span, key: Some(&text[begin..begin + colon]) });
    }
    // Without a key before it, it is the item of a list.
    if begin > text.len() - text.trim_start().len() {
        values.push(Value { span: whole(begin), key: None });
    }
    let until = at.saturating_sub(start).min(text.len());
    let is_start = |(from, c): &(usize, char)| *from <= until && "[{,:".contains(*c);
    let starts: Vec<(usize, char)> = text.char_indices().filter(is_start).collect();
    for (mark, c) in starts.into_iter().rev().take(4 * MOST_TRIED) {
        let before = &text[..mark];
        let opened = before.rfind(['[', '{', ',']).map(|at| at + 1);
        let key = match (c, opened) {
            (':', None) => continue,
            (':', Some(opened)) => Some(before[opened..].trim()),
            _ => None,
        };
        let from = text.len() - text[mark + 1..].trim_start().len();
        values.push(Value { span: Span { offset: start + from, len: in_flow(&text[from..]).len() }, key });
    }
    values
}

fn line_rest(source: &Source, at: usize) -> &str {
    source.text().get(at..).unwrap_or("").lines().next().unwrap_or("")
}

/// Without the comment at its end.
fn uncommented(text: &str) -> &str {
    let from = quoted_len(text).unwrap_or(0);
    text[from..].find(" #").map_or(text, |end| &text[..from + end]).trim_end()
}

/// Up to what ends an item between brackets.
fn in_flow(text: &str) -> &str {
    let (mut depth, from) = (0_usize, quoted_len(text).unwrap_or(0));
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < from) {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' if depth > 0 => depth -= 1,
            ']' | '}' | ',' if depth == 0 => return text[..at].trim_end(),
            _ => {}
        }
    }
    text.trim_end()
}

/// Where the bracket is closed that the text begins with.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + c.len_utf8());
        }
    }
    None
}
