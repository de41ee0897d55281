//! A rule's own step, and what the same rule does to strings and to the examples of documentation.

use crate::dotted::last;
use crate::edit::{Edit, Edits};
use crate::plan::names::side_names;
use crate::plan::{Rename, Rewrite};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::ParseError;
use crate::rewrite::docs::{self, Markup, Transform};
use crate::rewrite::error::{Problem, RewriteError};
use crate::rewrite::place::Place;
use crate::rewrite::strings::strings;
use crate::rewrite::{Made, Remark};

/// How far a rule reaches beyond the names of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    /// The deprecated names and what they become, where strings are changed too.
    pub(crate) strings: Option<Vec<(String, String)>>,
    /// Words of which an example must hold one, where examples are changed too; any example will do when there is none.
    pub(crate) docs: Option<Vec<String>>,
}

impl Reach {
    /// That of a rename.
    pub(crate) fn rename(rename: &Rename) -> Self {
        Self {
            strings: rename.strings.then(|| vec![(rename.from.clone(), rename.to.clone())]),
            docs: rename.docs.then(|| vec![last(&rename.from).to_owned()]),
        }
    }

    /// That of a rewrite rule. Strings are changed when one name goes and one comes, so that it is plain what becomes of them.
    pub(crate) fn rewrite(rewrite: &Rewrite) -> Self {
        Self { strings: rewrite.strings.then(|| pairs(rewrite)), docs: rewrite.docs.then(|| rewrite.pattern.words().to_vec()) }
    }

    /// What `step` makes of a file, with its strings and the examples in its docstrings.
    ///
    /// # Errors
    /// Those of `step`.
    pub(crate) fn make(&self, file: &Parsed, step: Transform) -> Result<Made, RewriteError> {
        let mut made = self.with_strings(file, step)?;
        add(&mut made, file.source(), self.in_docstrings(file, step).map_err(|error| unread(file, error))?)?;
        Ok(made)
    }

    /// The places in the examples of docstrings.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub(crate) fn in_docstrings(&self, file: &Parsed, step: Transform) -> Result<Vec<Place>, ParseError> {
        let Some(words) = &self.docs else { return Ok(Vec::new()) };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        docs::python(file, &words, &|example| self.with_strings(example, step))
    }

    /// The places in the examples of a document.
    pub(crate) fn in_document(&self, source: &Source, markup: Markup, step: Transform) -> Vec<Place> {
        let Some(words) = &self.docs else { return Vec::new() };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        docs::prose(source, markup, &words, &|example| self.with_strings(example, step))
    }

    /// The places in strings.
    ///
    /// # Errors
    /// [`ParseError`] when there is no tree in time.
    pub(crate) fn in_strings(&self, file: &Parsed) -> Result<Vec<Place>, ParseError> {
        let Some(pairs) = &self.strings else { return Ok(Vec::new()) };
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        strings(file, &pairs)
    }

    /// What `step` makes of the examples of a document.
    ///
    /// # Errors
    /// When two changes claim the same text.
    pub(crate) fn document(&self, source: &Source, markup: Markup, step: Transform) -> Result<Made, RewriteError> {
        let mut made = Made::default();
        add(&mut made, source, self.in_document(source, markup, step))?;
        Ok(made)
    }

    fn with_strings(&self, file: &Parsed, step: Transform) -> Result<Made, RewriteError> {
        let mut made = step(file)?;
        add(&mut made, file.source(), self.in_strings(file).map_err(|error| unread(file, error))?)?;
        Ok(made)
    }
}

fn unread(file: &Parsed, error: ParseError) -> RewriteError {
    RewriteError::at(file.source(), 0, Problem::Parse(error))
}

/// Adds places to what a step made; where both change the same text, the step knows better.
fn add(made: &mut Made, source: &Source, places: Vec<Place>) -> Result<(), RewriteError> {
    if places.is_empty() {
        return Ok(());
    }
    let mut edits: Vec<Edit> = std::mem::take(&mut made.edits).iter().cloned().collect();
    let taken: Vec<Edit> = edits.clone();
    let is_free = |place: &Place| {
        let first = taken.partition_point(|edit| edit.range.end <= place.range.start);
        taken.get(first).is_none_or(|edit| place.range.end <= edit.range.start)
    };
    for place in places.into_iter().filter(is_free) {
        made.remarks.extend::<Option<Remark>>(place.remark(source));
        edits.extend(place.edits);
    }
    made.edits = Edits::new(edits).map_err(|error| RewriteError::at(source, error.second.start, Problem::Overlap))?;
    Ok(())
}

/// The name that only `before` imports with the one that only `after` does, where there is one of each.
pub(super) fn pairs(rewrite: &Rewrite) -> Vec<(String, String)> {
    let (old, new) = (side_names(&rewrite.before).imported, side_names(&rewrite.after).imported);
    let gone: Vec<&String> = old.iter().filter(|name| !new.contains(name)).collect();
    let come: Vec<&String> = new.iter().filter(|name| !old.contains(name)).collect();
    match (gone.as_slice(), come.as_slice()) {
        ([from], [to]) => vec![((*from).clone(), (*to).clone())],
        _ => Vec::new(),
    }
}
