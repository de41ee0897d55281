//! Problems of a plan: what is wrong, where it stands, what to do about it; all of them at once, as people read them.
//!
//! Rendering only: nothing here prints. Text of the plan passes [`escape`] before it can reach a terminal, so no control or
//! direction-changing character arrives raw.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode};

use crate::plan::source::{Source, Span};
use crate::plan::view::{View, escape};

/// How many problems are kept; more are only counted.
const MOST: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; `None` when it concerns the file as a whole.
    pub span: Option<Span>,
    /// A lower-case fragment naming the thing.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// A second place that belongs to it, and what it is.
    pub other: Option<(Span, String)>,
    /// True when the plan is sound all the same.
    pub is_warning: bool,
}

/// Everything that is wrong with one plan, in the order of its text.
#[derive(Debug)]
pub struct Problems {
    source: Arc<Source>,
    list: Vec<Located>,
    more: usize,
}

/// Problems on their way in: kept up to a limit, repetitions dropped.
#[derive(Debug, Default)]
pub struct Collected {
    list: Vec<Problem>,
    more: usize,
}

impl Problem {
    /// A problem at one place.
    pub fn at(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::whole(message, help) }
    }

    /// A problem of the file as a whole.
    pub fn whole(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span: None, message: message.into(), help: help.into(), other: None, is_warning: false }
    }

    /// Something that should be known of a sound plan.
    pub fn warning(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::at(span, message, help) }
    }

    /// The same problem with a second place.
    #[must_use]
    pub fn and(mut self, other: Span, label: impl Into<String>) -> Self {
        self.other = Some((other, label.into()));
        self
    }
}

impl Collected {
    /// Adds a problem unless it is there already.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() >= MOST {
            self.more += 1;
        } else if !self.list.contains(&problem) {
            self.list.push(problem);
        }
    }

    /// True when no more problems are kept, so that costly words for them need not be found.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// True when nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Ties the problems to the text they were found in, sorted by place.
    #[must_use]
    pub fn into_problems(mut self, source: Arc<Source>) -> Problems {
        self.list.sort_by_key(|problem| problem.span);
        let view = Arc::new(View::new(Arc::clone(&source)));
        let list = self.list.into_iter().map(|problem| Located { problem, view: Arc::clone(&view) }).collect();
        Problems { source, list, more: self.more }
    }
}

impl Problems {
    /// Ties problems to the text they were found in.
    pub fn new(source: Arc<Source>, problems: impl IntoIterator<Item = Problem>) -> Self {
        let mut collected = Collected::default();
        for problem in problems {
            collected.push(problem);
        }
        collected.into_problems(source)
    }

    /// The problems, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter().map(|located| &located.problem)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len() + self.more
    }

    /// The plan's text.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// All problems with `file:line:column`, snippet and help, one block each, for a terminal of `width` columns.
    #[must_use]
    pub fn render(&self, color: bool, width: usize) -> String {
        let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_links(false);
        let mut out = String::new();
        for (at, located) in self.list.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            if handler.render_report(&mut out, located).is_err() {
                out.push_str(&format!("{located}\n"));
            }
        }
        if self.more > 0 {
            out.push_str(&format!("\nand {} more\n", self.more));
        }
        out
    }
}

impl fmt::Display for Problems {
    /// One line per problem: `plans/x.yaml:12:7: unknown key `comands``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, located) in self.list.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            let name = escape(self.source.name());
            match located.problem.span {
                Some(span) => {
                    let (line, column) = self.source.line_column(span.offset);
                    write!(f, "{name}:{line}:{column}: {}", escape(&located.problem.message))?;
                }
                None => write!(f, "{located}")?,
            }
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.list.iter().map(|located| located as &dyn Diagnostic)))
    }
}

/// A problem together with the text it points into.
#[derive(Debug)]
struct Located {
    problem: Problem,
    view: Arc<View>,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problem.span.is_none() {
            write!(f, "{}: ", escape(self.view.name()))?;
        }
        f.write_str(&escape(&self.problem.message))
    }
}

impl Error for Located {}

impl Diagnostic for Located {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(escape(&self.problem.help)))
    }

    fn severity(&self) -> Option<Severity> {
        self.problem.is_warning.then_some(Severity::Warning)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.problem.span.map(|_| &*self.view as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = LabeledSpan::new_primary_with_span(None, self.view.shown(self.problem.span?));
        let second = self
            .problem
            .other
            .as_ref()
            .map(|(span, label)| LabeledSpan::new_with_span(Some(escape(label)), self.view.shown(*span)));
        Some(Box::new(std::iter::once(first).chain(second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::view::is_harmless;

    fn problems(text: &str, span: Span) -> Problems {
        Problems::new(Arc::new(Source::new("plans/x.yaml", text)), [Problem::at(span, "unknown key `comands`", "remove it")])
    }

    #[test]
    fn a_problem_shows_its_place_its_snippet_and_its_help() {
        let text = "version: 1\ncomands: é\nname: x\n";
        let found = problems(text, Span { offset: 11, len: 7 });
        assert_eq!(found.to_string(), "plans/x.yaml:2:1: unknown key `comands`");
        let shown = found.render(false, 80);
        for part in ["plans/x.yaml:2:1", "2 │ comands: é", "help: remove it", "unknown key `comands`"] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        assert!(!shown.contains('\x1b'));
        assert!(found.render(true, 80).contains('\x1b'));
    }

    #[test]
    fn columns_count_characters() {
        let text = "a: é, bad\n";
        let at = text.find("bad").unwrap();
        let found = problems(text, Span { offset: at, len: 3 });
        assert!(found.to_string().starts_with("plans/x.yaml:1:7:"), "{found}");
        assert!(found.render(false, 80).contains("plans/x.yaml:1:7]"), "{}", found.render(false, 80));
    }

    #[test]
    fn control_and_bidi_characters_never_reach_the_terminal() {
        let text = "a: \x1b[31m\u{202e}\u{9b}x\r\nbad: \u{7}1\r\n";
        let at = text.find("bad").unwrap();
        let found = Problems::new(
            Arc::new(Source::new("a\x1b.yaml", text)),
            [Problem::at(Span { offset: at, len: 3 }, "a \x1b b", "c\nd \u{202e}").and(Span { offset: 3, len: 1 }, "\x1b")],
        );
        for shown in [found.render(false, 80), found.to_string()] {
            assert!(shown.chars().all(|c| is_harmless(c) || c == '\n'), "{shown:?}");
        }
        assert!(found.render(false, 80).contains("bad: \\u{7}1"), "{}", found.render(false, 80));
    }

    #[test]
    fn places_beyond_long_lines_and_at_the_end_of_the_text_are_shown() {
        let text = format!("a: {}\nb", "é".repeat(5000));
        for offset in [0, 1000, 5000, text.len() - 1, text.len(), text.len() + 9] {
            let shown = problems(&text, Span { offset, len: 3 }).render(false, 80);
            assert!(shown.contains("help: remove it") && shown.len() < 8000, "{offset}: {shown}");
        }
        assert!(problems("", Span::default()).render(false, 80).contains("help: remove it"));
    }

    #[test]
    fn two_places_far_apart_are_two_snippets() {
        let text = "y\n".repeat(1000);
        for (first, second) in [(600, 1000), (2, 1990), (1990, 2)] {
            let problem = Problem::at(Span { offset: second, len: 1 }, "bad", "no").and(Span { offset: first, len: 1 }, "first");
            let shown = Problems::new(Arc::new(Source::new("x", text.as_str())), [problem]).render(false, 80);
            assert!(shown.lines().count() < 20 && shown.contains("first"), "{shown}");
        }
    }

    #[test]
    fn more_problems_than_anyone_reads_are_counted() {
        let list = (0..250).map(|at| Problem::at(Span { offset: at, len: 1 }, "bad", "no"));
        let found = Problems::new(Arc::new(Source::new("x", "y\n".repeat(250))), list);
        assert_eq!(found.count(), 250);
        assert!(found.render(false, 80).ends_with("and 150 more\n"));
    }
}
