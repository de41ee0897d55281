//! The language of `rewrite` rules: ordinary Python with `$NAME`s, and what of a file it fits.
//!
//! A pattern is compiled once, when the plan is loaded, and refused there with the column of what is wrong. Matching goes by
//! meaning: a name that the pattern imports fits whatever resolves to the same thing in the file, and nothing else. Nothing here
//! does I/O.

pub mod after;
mod before;
mod between;
mod bound;
mod checks;
mod compile;
#[cfg(test)]
mod compile_tests;
pub mod constraint;
mod crossing;
mod effects;
mod evaluation;
mod find;
pub(crate) mod fit;
mod hints;
pub mod holes;
mod layout;
pub mod literal;
pub mod matched;
mod meaning;
mod near;
pub(crate) mod outside;
pub(crate) mod place;
#[cfg(test)]
mod place_tests;
#[cfg(test)]
mod property_tests;
mod snippet;
mod sound;
mod strays;
#[cfg(test)]
mod support;
pub(crate) mod targets;
#[cfg(test)]
mod tests;
pub mod view;

use std::collections::BTreeMap;

use crate::dotted::last;
use crate::pattern::before::{Before, Root};
use crate::pattern::constraint::Constraint;
use crate::pattern::matched::Found;
use crate::pattern::place::Conditions;
use crate::pattern::sound::Flow;
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;

/// Which text of a rule a problem is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// `before`.
    Before,
    /// `after`.
    After,
    /// The condition on this metavariable; `match` is the whole match.
    Where(String),
}

/// Why a pattern is refused, or what should be known of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PatternProblem {
    /// The text that it is in.
    pub side: Side,
    /// The byte of that text as the plan has it.
    pub at: usize,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// A rule's `before`, `after` and `where`, ready to be matched.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As the plan has them.
    texts: (String, String, BTreeMap<String, Constraint>),
    before: Before,
    flow: Flow,
    /// On a metavariable by its number, or on the whole match.
    conditions: Vec<(Option<usize>, Conditions)>,
    /// The qualified names that every match has to have.
    wanted: Vec<String>,
    deprecated: Vec<String>,
    words: Vec<String>,
    hints: Vec<PatternProblem>,
}

/// What was compiled is a function of what was written.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Reads the three parts of a rule.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn compile(before: &str, after: &str, constraints: &BTreeMap<String, Constraint>) -> Result<Self, Vec<PatternProblem>> {
        compile::compile(before, after, constraints)
    }

    /// The same, about these names where they are used in another way too, or without any about itself alone.
    #[must_use]
    pub fn deprecating(self, names: Option<&[String]>) -> Self {
        let Some(names) = names else { return self };
        let mut words = self.words.clone();
        words.extend(names.iter().map(|name| last(name).to_owned()).filter(|word| !self.words.contains(word)));
        Self { deprecated: names.to_vec(), words, ..self }
    }

    /// The code that it looks for: its first line below the imports.
    #[must_use]
    pub fn shown(&self) -> &str {
        match &self.before.root {
            Root::Expression(part) => self.before.written(*part),
            Root::Statements(parts) => parts.first().map_or("", |part| self.before.written(*part)),
        }
    }

    /// The qualified names that `before` imports and `after` does not; without those that it calls with constants alone, which other
    /// calls need not have.
    #[must_use]
    pub fn deprecated(&self) -> &[String] {
        &self.deprecated
    }

    /// Words of which a file must hold at least one for the pattern to fit anywhere; any file will do when there is none.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// What is sound and most likely not what its author meant.
    #[must_use]
    pub fn hints(&self) -> &[PatternProblem] {
        &self.hints
    }

    /// All that fits in `file`, and what nearly does.
    ///
    /// # Errors
    /// [`ParseError`] when the file has no tree in time.
    pub fn find<'t>(&self, file: &'t Parsed<'_>) -> Result<Found<'t>, ParseError> {
        find::find(self, file, true)
    }
}
