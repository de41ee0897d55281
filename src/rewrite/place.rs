//! Places outside a file's own names where a deprecated thing is still named: in strings, and in examples of documentation.

use std::ops::Range;

use crate::edit::Edit;
use crate::python::source::Source;
use crate::rewrite::Remark;

/// One such place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it stands in the text.
    pub(crate) range: Range<usize>,
    /// What changes there, with bytes in the file's encoding; nothing when it is left.
    pub(crate) edits: Vec<Edit>,
    /// Why it is left.
    pub(crate) left: Option<Left>,
}

/// Why a place is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// A lower-case fragment.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: String,
}

impl Place {
    /// A place that changes.
    pub(crate) fn changed(range: Range<usize>, edits: Vec<Edit>) -> Self {
        Self { range, edits, left: None }
    }

    /// A place that stays.
    pub(crate) fn left(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { range, edits: Vec::new(), left: Some(Left { message: message.into(), help: help.into() }) }
    }

    /// What is to be said of it, when it is left.
    pub(crate) fn remark(&self, source: &Source) -> Option<Remark> {
        let left = self.left.as_ref()?;
        Some(Remark::at(source, self.range.start, left.message.as_str(), left.help.as_str()))
    }
}
