//! Names that a file spells in two ways: Python reads `𝐟` as `f`, since it takes the normal form NFKC of every name.
//!
//! Elsewhere names are compared as they are written. So a file is refused in which that may tell the wrong thing.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::python::parsed::Parsed;
use crate::rewrite::error::{Problem, RewriteError};

/// The words of a text that Python reads as others, each with what it is read as.
fn others(text: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let is_word = |c: char| c == '_' || c.is_alphanumeric() || !c.is_ascii();
    let mut words = Vec::new();
    // Most texts have none, or few, and those between blanks.
    for piece in text.split(|c: char| !is_word(c)).filter(|piece| !piece.is_ascii()) {
        let normal: String = piece.nfkc().collect();
        if normal != piece {
            let start = piece.as_ptr() as usize - text.as_ptr() as usize;
            words.push((start..start + piece.len(), normal));
        }
    }
    words.into_iter()
}

/// True when a text may spell one of the `parts` in another way.
pub(super) fn may_spell(source: &[u8], parts: &[&str]) -> bool {
    match std::str::from_utf8(source) {
        _ if source.is_ascii() => false,
        Ok(text) => others(text).any(|(_, normal)| parts.contains(&normal.as_str())),
        Err(_) => true,
    }
}

/// Refuses a file that spells one of the `parts` of a rule's names in another way.
///
/// # Errors
/// [`RewriteError`] at such a name.
pub(super) fn check(file: &Parsed, parts: &[&str]) -> Result<(), RewriteError> {
    let source = file.source();
    let text = source.text();
    if text.is_ascii() {
        return Ok(());
    }
    for (range, normal) in others(text).filter(|(_, normal)| parts.contains(&normal.as_str())) {
        let written = &text[range.clone()];
        let root = file.tree().map_err(|error| RewriteError::at(source, 0, Problem::Parse(error)))?.root_node();
        let node = root.descendant_for_byte_range(range.start, range.end);
        if node.is_some_and(|node| node.kind() == "identifier") {
            let kind = Problem::Spelled { name: written.to_owned(), normal };
            return Err(RewriteError::at(source, range.start, kind));
        }
    }
    Ok(())
}
