//! Rules to edits: bytes in, bytes out.
//!
//! Nothing here does I/O or sees a path. Every byte outside an edit stays as it was, and a step applied twice changes nothing
//! the second time. What a step leaves as it is on purpose, could not decide, or takes away with what it
//! replaces, it says in a [`Remark`].

pub(crate) mod directive;
pub mod docs;
pub mod edits;
pub mod error;
pub mod follow;
pub mod glance;
mod importing;
mod moves;
#[cfg(test)]
mod odd_tests;
mod patches;
mod place;
#[cfg(test)]
mod property_tests;
mod reach;
mod rename;
mod replace;
mod spelling;
mod statement;
mod strings;
#[cfg(test)]
mod told_tests;
pub mod violation;

use std::collections::HashMap;
use std::ops::Range;

use crate::edit::Edits;
use crate::plan::{BlockEdit, Rename, Rewrite};
use crate::python::parsed::Parsed;
use crate::python::source::{Source, SourceError};
use crate::python::syntax::ParseError;
use crate::rewrite::docs::Markup;
use crate::rewrite::edits::edit;
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::follow::{Follow, Spot};
use crate::rewrite::glance::hidden;
pub use crate::rewrite::moves::Moves;
use crate::rewrite::reach::{Reach, pairs};
use crate::rewrite::rename::rename;
use crate::rewrite::replace::replace;
use crate::rewrite::violation::look;

/// One transform.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// The file's own before/after blocks.
    Edits(&'a [BlockEdit]),
    /// A qualified name that becomes another.
    Rename(&'a Rename),
    /// Code that fits a pattern and becomes other code.
    Rewrite(&'a Rewrite),
}

/// Something of the deprecated that a step left where it is, and why, or something that it did and that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// From 1; in the text that the step was given, or in the file, as whoever hands it on says.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The line of what earlier steps made in which it stands, when the file has no such words.
    pub written: Option<String>,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// True for what was left.
    pub left: bool,
}

impl Remark {
    /// A remark on a place of the text that is left.
    #[must_use]
    pub fn at(source: &Source, at: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (line, column) = (source.line(at), source.column(at));
        Self { line, column, written: None, message: message.into(), help: help.into(), left: true }
    }

    /// A remark on a place of the text that is changed.
    #[must_use]
    pub fn on_change(source: &Source, at: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { left: false, ..Self::at(source, at, message, help) }
    }

    /// The same, told of the version of the text that the place is followed to.
    #[must_use]
    pub fn followed(self, follow: &Follow) -> Self {
        let Spot { line, column, written } = follow.spot(self.line, self.column);
        let message = follow.message(&self.message);
        Self { line, column, written: self.written.or(written), message, ..self }
    }
}

/// What one step makes of one text.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Ranges of the text, and the bytes that come there, in the file's encoding.
    pub(crate) edits: Edits,
    /// What was left, or should be known.
    pub(crate) remarks: Vec<Remark>,
}

/// What all steps make of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// The new bytes; `None` when they are as they were.
    pub bytes: Option<Vec<u8>>,
    /// What was left, or should be known, with its place in the file.
    pub remarks: Vec<Remark>,
    /// For each step, whether it changed something.
    pub changed: Vec<bool>,
}

/// What all steps make of a file, and how its parts moved.
#[derive(Debug)]
pub struct Course {
    /// What they make of it.
    pub applied: Applied,
    /// What each step left, whatever later ones made of it.
    pub left: Vec<Remark>,
    /// How each step moved what it was given.
    pub moves: Vec<Moves>,
}

/// Applies `steps` in order, each to what the one before it made.
///
/// # Errors
/// [`RewriteError`] for the first step that cannot be done soundly, with its place in the file; nothing is changed by halves.
pub fn apply(file: &Parsed, steps: &[Step]) -> Result<Applied, RewriteError> {
    course(file, steps).map(|course| course.applied)
}

/// The same, with the way there.
///
/// # Errors
/// As [`apply`].
pub fn course(file: &Parsed, steps: &[Step]) -> Result<Course, RewriteError> {
    let mut applied = Applied { changed: vec![false; steps.len()], ..Applied::default() };
    let (mut said, mut moves) = (Vec::new(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        match applied.bytes.take() {
            None => {
                let made = step.make(file)?;
                moves.push(Moves::new(file.source(), &made.edits));
                applied.take(number, file.source(), file.source(), made);
                // What is still the file as it was need not be read again.
                applied.bytes = applied.bytes.filter(|_| applied.changed[number]);
            }
            Some(bytes) => {
                let source = Source::new(&bytes).map_err(refused)?;
                let made = step.make(&file.again(&source));
                let made = made.map_err(|error| error.followed(&source, file.source()))?;
                moves.push(Moves::new(&source, &made.edits));
                applied.take(number, file.source(), &source, made);
            }
        }
        said.resize(applied.remarks.len(), number);
    }
    let left = applied.remarks.iter().filter(|remark| remark.left).cloned().collect();
    applied.settle(file, steps, said);
    Ok(Course { applied: applied.unless_as(file.source().bytes()), left, moves })
}

/// Applies `steps` in order to a file that is not Python: edits to its text, rules to the Python that it shows, where it is
/// written in a `markup` that can show some and the rule is for documents.
///
/// # Errors
/// As [`apply`], and for bytes that are no text.
pub fn apply_to_document(bytes: &[u8], markup: Option<Markup>, steps: &[Step]) -> Result<Applied, RewriteError> {
    let mut applied = Applied { bytes: Some(bytes.to_vec()), remarks: Vec::new(), changed: vec![false; steps.len()] };
    let file = document(bytes, markup)?;
    for (number, step) in steps.iter().enumerate() {
        let now = applied.bytes.take().unwrap_or_default();
        let source = document(&now, markup)?;
        let made = step.make_of_document(&source, markup).map_err(|error| error.followed(&source, &file))?;
        applied.take(number, &file, &source, made);
    }
    Ok(applied.unless_as(bytes))
}

/// The text of a file that is not Python.
///
/// # Errors
/// For bytes that are no text.
pub fn document(bytes: &[u8], markup: Option<Markup>) -> Result<Source<'_>, RewriteError> {
    let source = match markup {
        Some(_) => Source::prose(bytes),
        None => Source::new(bytes),
    };
    source.map_err(refused)
}

impl Applied {
    /// Takes what the step with this number made of `source`, which earlier steps made of `file`.
    fn take(&mut self, number: usize, file: &Source, source: &Source, made: Made) {
        if !made.remarks.is_empty() && source.bytes() != file.bytes() {
            let follow = Follow::new(source, file);
            self.remarks.extend(made.remarks.into_iter().map(|remark| remark.followed(&follow)));
        } else {
            self.remarks.extend(made.remarks);
        }
        self.changed[number] = !made.edits.is_empty();
        self.bytes = Some(source.apply(&made.edits));
    }

    /// Takes back what a step `said` to be left, by its number for each remark, where later steps left nothing of what it deprecates.
    fn settle(&mut self, file: &Parsed, steps: &[Step], said: Vec<usize>) {
        let Some(source) = self.bytes.as_ref().and_then(|bytes| Source::new(bytes).ok()) else { return };
        let after = file.again(&source);
        let mut settled = HashMap::new();
        let mut is_settled = |number: usize| {
            *settled.entry(number).or_insert_with(|| {
                self.changed[number + 1..].contains(&true) && look(&after, steps[number]).is_ok_and(|seen| seen.is_empty())
            })
        };
        let mut said = said.into_iter();
        self.remarks.retain(|remark| said.next().is_none_or(|number| !(remark.left && is_settled(number))));
    }

    /// No bytes when they are as they were.
    fn unless_as(mut self, before: &[u8]) -> Self {
        self.bytes = self.bytes.filter(|bytes| bytes != before);
        self
    }
}

/// [`apply`] for those who need nothing but the bytes; they are equal when nothing changed. `module` as in [`Parsed::new`].
///
/// # Errors
/// As [`apply`], and for bytes that are no Python file.
pub fn rewritten(source: &[u8], module: Option<&str>, steps: &[Step]) -> Result<Vec<u8>, RewriteError> {
    if !touches(source, steps) {
        return Ok(source.to_vec());
    }
    let text = Source::new(source).map_err(refused)?;
    let applied = apply(&Parsed::new(&text, module), steps)?;
    Ok(applied.bytes.unwrap_or_else(|| source.to_vec()))
}

/// The error for bytes that are no Python file.
#[must_use]
pub fn refused(error: SourceError) -> RewriteError {
    RewriteError { line: error.line().unwrap_or(1), column: 1, kind: Problem::Source(error), nearest: None, written: None }
}

impl Step<'_> {
    fn make(&self, file: &Parsed) -> Result<Made, RewriteError> {
        if !self.touches(file.source().bytes()) {
            return Ok(Made::default());
        }
        let made = match self {
            Self::Edits(edits) => return edit(file.source(), edits),
            Self::Rename(_) | Self::Rewrite(_) => {
                spelling::check(file, &self.parts())?;
                let mut made = self.reach().make(file, &|file| self.make_of_names(file))?;
                patches::check(file, *self, &mut made)?;
                made
            }
        };
        if made.edits.is_empty() {
            let failed = |error| RewriteError::at(file.source(), 0, Problem::Parse(error));
            return hidden(file, *self).map_err(failed)?.map_or(Ok(made), Err);
        }
        // What such a text means from there on is not known, so there may be more to change than was seen.
        match file.unread() {
            Ok(Some(unread)) => Err(RewriteError::at(file.source(), unread.at, Problem::Unread(unread))),
            _ => Ok(made),
        }
    }

    /// What a rule makes of the names of a text, without its strings and examples.
    fn make_of_names(&self, file: &Parsed) -> Result<Made, RewriteError> {
        match self {
            Self::Rename(names) => rename(file, names),
            Self::Rewrite(rewrite) => replace(file, rewrite),
            Self::Edits(_) => Ok(Made::default()),
        }
    }

    fn reach(&self) -> Reach {
        match self {
            Self::Edits(_) => Reach::default(),
            Self::Rename(rename) => Reach::rename(rename),
            Self::Rewrite(rewrite) => Reach::rewrite(rewrite),
        }
    }

    fn make_of_document(&self, source: &Source, markup: Option<Markup>) -> Result<Made, RewriteError> {
        match (self, markup) {
            (Self::Edits(edits), _) => edit(source, edits),
            (_, None) => Ok(Made::default()),
            (_, Some(markup)) => self.reach().document(source, markup, &|file| self.make_of_names(file)),
        }
    }

    /// The parts of the names that a rule is about.
    fn parts(&self) -> Vec<&str> {
        match self {
            Self::Edits(_) => Vec::new(),
            Self::Rename(rename) => rename.from.split('.').chain(rename.to.split('.')).collect(),
            Self::Rewrite(rewrite) => {
                let words = rewrite.pattern.words().iter().map(String::as_str);
                words.chain(rewrite.pattern.deprecated().iter().flat_map(|name| name.split('.'))).collect()
            }
        }
    }

    fn touches(&self, source: &[u8]) -> bool {
        let named = match self {
            Self::Edits(edits) => !edits.is_empty(),
            Self::Rename(names) => {
                let last = names.from.rsplit('.').next().unwrap_or(&names.from);
                // In another encoding than UTF-8 the name has other bytes.
                !last.is_ascii() || memchr::memmem::find(source, last.as_bytes()).is_some()
            }
            Self::Rewrite(rewrite) => {
                let words = rewrite.pattern.words();
                let holds = |word: &String| !word.is_ascii() || memchr::memmem::find(source, word.as_bytes()).is_some();
                words.is_empty() || words.iter().any(holds)
            }
        };
        named || may_spell(source, std::slice::from_ref(self))
    }
}

/// The names that a step replaces, each with what comes in its place where that is one name.
#[must_use]
pub fn replaced(step: Step) -> Vec<(String, String)> {
    match step {
        Step::Edits(_) => Vec::new(),
        Step::Rename(rename) => vec![(rename.from.clone(), rename.to.clone())],
        Step::Rewrite(rewrite) => pairs(rewrite),
    }
}

/// Where a file patches `name`, or what lies below it, in the place that has it.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub fn patched(file: &Parsed, name: &str) -> Result<Vec<Range<usize>>, ParseError> {
    Ok(strings::patches(file, name)?.into_iter().map(|(range, _)| range).collect())
}

/// False only when `steps` would not change `source`; a cheap look before a parse.
#[must_use]
pub fn touches(source: &[u8], steps: &[Step]) -> bool {
    steps.iter().any(|step| step.touches(source))
}

/// True when a text may spell a part of what the steps are about in a way of its own, for which they refuse it.
#[must_use]
pub fn may_spell(source: &[u8], steps: &[Step]) -> bool {
    !source.is_ascii() && steps.iter().any(|step| spelling::may_spell(source, &step.parts()))
}
