//! Dotted names that lie below others.

use crate::python::names::Use;

/// True when `whole` is `part` or lies below it.
pub(super) fn covers(part: &str, whole: &str) -> bool {
    whole.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What the first name of a use stands for, when the use with all its attributes stands for `whole`.
pub(super) fn without_attributes<'w>(read: &Use, whole: &'w str) -> &'w str {
    let attributes: usize = read.attributes.iter().map(|(attribute, _)| 1 + attribute.len()).sum();
    whole.len().checked_sub(attributes).and_then(|end| whole.get(..end)).unwrap_or(whole)
}
