//! Why a file is left as it is, where, and what to do about it.

use std::fmt::Write as _;
use std::time::Duration;

use crate::python::parsed::Unread;
use crate::python::source::{Source, SourceError};
use crate::python::syntax::ParseError;
use crate::rewrite::follow::{Follow, Spot};

/// Why a file is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct RewriteError {
    /// What is wrong.
    pub kind: Problem,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What came nearest to what was looked for, as text for people.
    pub nearest: Option<String>,
    /// The line of what earlier steps made in which it stands, when the file has no such words.
    pub written: Option<String>,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not a Python file that is handled.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No syntax tree.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The places of a rule take longer than one file may.
    #[error("replacing what the rule matches took longer than {} seconds", .0.as_secs_f32())]
    Slow(Duration),
    /// Valid Python that the tree has wrong.
    #[error("{0}")]
    Unread(Unread),
    /// A text that Python refuses, and in which more of what a rule deprecates may stand than can be found.
    #[error("this is not valid Python: {0}")]
    Invalid(String),
    /// The `before` of an edit stands nowhere.
    #[error("the `before` block of edit {edit} is not in the file")]
    NotFound {
        /// Which edit, from 1.
        edit: usize,
    },
    /// The `before` of an edit stands in several places and `near` does not tell them apart.
    #[error("the `before` block of edit {edit} fits several places: lines {}", list(lines))]
    Ambiguous {
        /// Which edit, from 1.
        edit: usize,
        /// Where it fits.
        lines: Vec<u32>,
    },
    /// An edit whose `before` has no line that is not blank.
    #[error("the `before` block of edit {edit} is empty")]
    EmptyBefore {
        /// Which edit, from 1.
        edit: usize,
    },
    /// An edit's `after` names what its `before` does not bind.
    #[error("the `after` block of edit {edit} uses ${name}, which its `before` does not bind")]
    UnboundMetavariable {
        /// Which edit, from 1.
        edit: usize,
        /// Without the dollar.
        name: String,
    },
    /// Text that the file's encoding cannot hold.
    #[error("the new text has characters that {encoding} cannot hold")]
    Unencodable {
        /// The file's encoding.
        encoding: &'static str,
    },
    /// A use that is the renamed thing or another, depending on how the program runs.
    #[error("{name} is {} here, depending on how the program runs", choices.join(" or "))]
    Undecided {
        /// As written.
        name: String,
        /// What it can be.
        choices: Vec<String>,
    },
    /// The new name is taken where it would be used.
    #[error("{name} already means something else here")]
    Taken {
        /// The new name's first part.
        name: String,
    },
    /// The renamed thing is reached through a name that an assignment gives to something that keeps its own.
    #[error("{name} stands for {of} here, by an assignment")]
    Alias {
        /// As written.
        name: String,
        /// What it stands for.
        of: String,
    },
    /// A module is imported where the new import would bind its name for a function alone.
    #[error("{name} is imported by a function that declares it `global` or `nonlocal`")]
    Declared {
        /// As written.
        name: String,
    },
    /// What is set would become one name, and that would be bound in its place.
    #[error("{name} is set here, and {to} would be another thing of this file")]
    Set {
        /// As written.
        name: String,
        /// What would stand there.
        to: String,
    },
    /// A private name would stand in a class.
    #[error("{name} is private, and a class reads another name in its place")]
    Private {
        /// The name.
        name: String,
    },
    /// The old name has to stay as a name of the file, and the new one is an attribute.
    #[error("{name} has to stay a name here, and no import gives {to} under it")]
    Kept {
        /// As written.
        name: String,
        /// The new name.
        to: String,
    },
    /// The old name is imported as a module, and the new one is none.
    #[error("{name} is imported as a module, and {to} cannot be")]
    NotModule {
        /// What is imported.
        name: String,
        /// The new name.
        to: String,
    },
    /// A comment stands inside a name that changes.
    #[error("a comment stands inside {name}")]
    Comment {
        /// As it resolves.
        name: String,
    },
    /// The name is part of the text that an f-string writes for `=`.
    #[error("an f-string writes the text of {name} here (`=`)")]
    Echoed {
        /// As it resolves.
        name: String,
    },
    /// A patch of what is read through its module, which would do nothing any more.
    #[error("{name} is patched here, and line {line} would no longer read what is patched")]
    Patched {
        /// What is patched.
        name: String,
        /// Where it is read.
        line: u32,
    },
    /// A name that is written in another way than Python reads it.
    #[error("Python reads {name} as {normal}, and names are compared as they are written")]
    Spelled {
        /// As written.
        name: String,
        /// As Python reads it.
        normal: String,
    },
    /// Two changes claim the same text.
    #[error("two changes claim the same text")]
    Overlap,
}

impl RewriteError {
    /// A problem at a place of the text.
    #[must_use]
    pub fn at(source: &Source, at: usize, kind: Problem) -> Self {
        Self { kind, line: source.line(at), column: source.column(at), nearest: None, written: None }
    }

    /// The same, of a place in what earlier steps made of a file, told of the file.
    #[must_use]
    pub fn followed(self, given: &Source, file: &Source) -> Self {
        let Spot { line, column, written } = Follow::new(given, file).spot(self.line, self.column);
        Self { line, column, written: self.written.or(written), ..self }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match &self.kind {
            Problem::Source(SourceError::TooLarge { .. }) => "split the file, or exclude it from the plan".into(),
            Problem::Source(SourceError::Nul { .. } | SourceError::Wide) => {
                "exclude the file from the plan; Python cannot read it either".into()
            }
            Problem::Source(SourceError::UnknownEncoding { .. }) => {
                "convert the file to UTF-8 first, or exclude it from the plan".into()
            }
            Problem::Unread(Unread { newer: Some(_), .. }) => "write an edit for this file".into(),
            Problem::Unread(Unread { newer: None, .. }) => {
                "write an edit for this file; lines in brackets that are indented further than their statement can be read".into()
            }
            Problem::Invalid(_) => "correct the file, or exclude it from the plan".into(),
            Problem::Parse(_) | Problem::Slow(_) => "exclude the file from the plan, or change it by hand".into(),
            Problem::NotFound { .. } => match &self.nearest {
                Some(_) => "make `before` equal to the file's own lines, or remove the edit".into(),
                None => "nothing in the file looks like it; check the path, or remove the edit".into(),
            },
            Problem::Ambiguous { .. } => {
                "set `near:` to the line that is meant, or add lines around it to `before` and `after`".into()
            }
            Problem::EmptyBefore { .. } => "write at least one line that `after` shall replace".into(),
            Problem::UnboundMetavariable { name, .. } => format!("write ${name} in `before`, or text in its place"),
            Problem::Unencodable { encoding } => {
                format!("write the new text with characters of {encoding}, or convert the file to UTF-8 first")
            }
            Problem::Undecided { .. } => "write an edit for this file that says what each branch shall be".into(),
            Problem::Taken { name } => format!("rename the other {name} first, or write an edit for this file"),
            Problem::Alias { name, of } => format!("write {of} in place of {name} first, or write an edit for this file"),
            Problem::Declared { name } => format!("import {name} outside that function first, or write an edit for this file"),
            Problem::Set { to, .. } => format!("set what {to} stands for by an edit for this file"),
            Problem::Private { .. } => "give it a name without two underscores in front, or write an edit for this file".into(),
            Problem::Comment { .. } => "move the comment, or write an edit for this file".into(),
            Problem::Echoed { .. } => "write the text before the braces and leave the `=` out, as it shall be".into(),
            Problem::Kept { .. } | Problem::NotModule { .. } => "write an edit for this file".into(),
            Problem::Patched { .. } => "write an edit for this file that changes the patch and what it patches together".into(),
            Problem::Spelled { normal, .. } => format!("write {normal} there first"),
            Problem::Overlap => "split the plan's edits so that each place is changed once".into(),
        }
    }
}

fn list(lines: &[u32]) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(text, "{separator}{line}").expect("writing to a string cannot fail");
    }
    text
}
