//! What commits say: the message of a unit's commit, of its revert, and the trailers from which the state is read again.
//!
//! `parse(render(x)) == x` for every message, whatever its texts hold: what must stay on one line is escaped ([`line`]), so no
//! file name and no text of a plan can forge a line, a paragraph or a trailer. The trailers are always the last paragraph and
//! are read without the rest. Nothing here does I/O.

pub mod changes;
mod format;
mod line;
pub mod parse;
pub mod render;
pub mod revert;
pub mod trailers;

use crate::message::trailers::Applied;
use crate::path::{RepoPath, quote};
use crate::plan::Risk;

/// The message of a unit's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What stands in parentheses after `fix`.
    pub scope: String,
    /// The words after the scope, such as `eliminate factory pattern`.
    pub title: String,
    /// The unit as the subject calls it: the name of its file.
    pub name: String,
    /// The tracker's reference, such as `#506`.
    pub issue: String,
    /// The paragraphs below the subject.
    pub summary: String,
    /// What was changed and how it was judged.
    pub changes: Changes,
    /// The files one by one, unless the unit is one file that was rewritten: then `changes` says all, and else nothing of any file.
    pub files: Vec<FileChanges>,
    /// What depends on the unit.
    pub impact: Option<String>,
    /// How dangerous the change is.
    pub risk: Option<Risk>,
    /// What to do after `git revert`.
    pub recovery: Option<String>,
    /// Lines above the trailers, byte for byte.
    pub footer: Option<String>,
    /// The last paragraph, which programs read.
    pub trailers: Applied,
}

/// What a commit changed and how it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Names that are gone, such as `get_websocket_manager_factory() import`.
    pub remove: Vec<String>,
    /// Names that are new.
    pub add: Vec<String>,
    /// The lines that differ, old and new, in order.
    pub lines: Vec<LineChange>,
    /// What the transform amounts to; may be empty.
    pub transform: String,
    /// The commands that judged the unit, as they were run.
    pub validate: Vec<String>,
}

/// What a commit changed in one of several files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChanges {
    /// It was rewritten.
    Rewritten {
        /// The file.
        path: Vec<u8>,
        /// Names that are gone.
        remove: Vec<String>,
        /// Names that are new.
        add: Vec<String>,
        /// The lines that differ, old and new, in order.
        lines: Vec<LineChange>,
    },
    /// It is gone.
    Deleted(Vec<u8>),
    /// It is new.
    Created(Vec<u8>),
    /// It has another place.
    Moved {
        /// Where it was.
        from: Vec<u8>,
        /// Where it is.
        to: Vec<u8>,
    },
}

/// A stretch of old lines and the new lines in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineChange {
    /// In the old file.
    pub old: Lines,
    /// In the new file.
    pub new: Lines,
}

/// Lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// From the first to the last, counted from 1, both included.
    Span(u32, u32),
    /// None; the place is behind this line, 0 being the top.
    After(u32),
}

impl Lines {
    /// `count` lines of which `before` lines stand above.
    #[must_use]
    pub fn new(before: u32, count: u32) -> Self {
        if count == 0 { Self::After(before) } else { Self::Span(before.saturating_add(1), before.saturating_add(count)) }
    }
}

/// The scope of a file whose plan gives none: the name of the folder it is in, at the top its own name without the ending.
#[must_use]
pub fn scope_of(path: &RepoPath) -> String {
    let mut parts = path.as_bytes().rsplit(|byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let stem = memchr::memrchr(b'.', name).filter(|at| *at > 0).map_or(name, |at| &name[..at]);
    quote(parts.next().unwrap_or(stem))
}

#[cfg(test)]
mod tests;
