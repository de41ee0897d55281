//! Text from outside, made fit for a terminal: control characters escaped, long lines cut, places kept in step.

use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::plan::source::{Source, Span};

/// Lines longer than this are cut where they are shown.
const LONGEST_LINE: usize = 600;

/// The plan's text as it may be shown: control characters escaped, long lines cut; and the way from one to the other.
#[derive(Debug)]
pub struct View {
    source: Arc<Source>,
    text: String,
    changes: Vec<Change>,
}

/// A stretch of the text that is shown as something else.
#[derive(Debug)]
struct Change {
    from: (usize, usize),
    to: (usize, usize),
}

impl View {
    /// Makes a text fit to be shown.
    #[must_use]
    pub fn new(source: Arc<Source>) -> Self {
        let mut text = String::with_capacity(source.text().len());
        let mut changes = Vec::new();
        let mut at = 0;
        for line in source.text().split_inclusive('\n') {
            let body = line.strip_suffix('\n').map_or(line, |body| body.strip_suffix('\r').unwrap_or(body));
            let mut kept = body.len().min(LONGEST_LINE);
            while !body.is_char_boundary(kept) {
                kept -= 1;
            }
            for (offset, c) in body[..kept].char_indices() {
                let start = text.len();
                if is_harmless(c) || c == '\t' {
                    text.push(c);
                    continue;
                }
                text.extend(c.escape_unicode());
                changes.push(Change { from: (at + offset, at + offset + c.len_utf8()), to: (start, text.len()) });
            }
            let start = text.len();
            if kept < body.len() {
                text.push('…');
            }
            let end = at + line.trim_end_matches('\n').len();
            if at + kept < end {
                changes.push(Change { from: (at + kept, end), to: (start, text.len()) });
            }
            if line.ends_with('\n') {
                text.push('\n');
            }
            at += line.len();
        }
        Self { source, text, changes }
    }

    /// How the plan is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// Where a span of the plan stands in the shown text.
    #[must_use]
    pub fn shown(&self, span: Span) -> SourceSpan {
        let start = self.shown_offset(span.offset);
        let end = self.shown_offset(span.offset.saturating_add(span.len));
        (start, end.saturating_sub(start)).into()
    }

    fn shown_offset(&self, offset: usize) -> usize {
        let past = self.changes.partition_point(|change| change.from.0 <= offset);
        let Some(change) = past.checked_sub(1).and_then(|at| self.changes.get(at)) else { return offset.min(self.text.len()) };
        let shown = if offset < change.from.1 { change.to.0 } else { change.to.1 + (offset - change.from.1) };
        shown.min(self.text.len())
    }

    fn plan_offset(&self, shown: usize) -> usize {
        let past = self.changes.partition_point(|change| change.to.0 <= shown);
        let Some(change) = past.checked_sub(1).and_then(|at| self.changes.get(at)) else { return shown };
        if shown < change.to.1 { change.from.0 } else { change.from.1 + (shown - change.to.1) }
    }
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let shown = self.text.as_bytes().read_span(span, before, after)?;
        let (line, column) = self.source.line_column(self.plan_offset(span.offset()));
        // The handler heads a block with the place of a read without context; its own columns would count bytes.
        let (line, column) = if before == 0 { (line - 1, column - 1) } else { (shown.line(), shown.column()) };
        // The handler joins snippets that touch, so it must hear how many lines one has, not the number of its last.
        let count = memchr::memchr_iter(b'\n', shown.data()).count() + 1;
        let name = escape(self.source.name());
        Ok(Box::new(MietteSpanContents::new_named(name, shown.data(), *shown.span(), line, column, count)))
    }
}

/// A text on one line in which nothing can move the cursor or turn the direction of reading.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) {
            out.push(c);
        } else {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c => out.extend(c.escape_unicode()),
            }
        }
    }
    out
}

/// False for what moves the cursor, hides, or turns the direction of reading.
pub fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A text of the plan in backquotes, cut when long.
#[must_use]
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("`{}…`", &text[..at]),
        None => format!("`{text}`"),
    }
}
