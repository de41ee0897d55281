//! The bytes of a Python file and what is known about them: encoding, lines, line endings, indentation.
//!
//! Everything that reads a file reads its text; everything that writes one maps places in the text back to bytes, so that
//! whatever stands outside a replacement stays as it was.

use std::cell::Cell;
use std::ops::Range;

use crate::edit::{Edit, Edits};
use crate::python::encoding::{Decoded, Encoding, cookie};

/// The largest file that is read.
pub const MAX_BYTES: usize = 8 << 20;

/// Bytes that are no Python file at all, or none that is handled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Beyond [`MAX_BYTES`].
    #[error("the file has {size} bytes, more than the {MAX_BYTES} that are handled")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// Python refuses it too.
    #[error("a NUL byte in line {line}")]
    Nul {
        /// Where, from 1.
        line: u32,
    },
    /// Python refuses it too.
    #[error("the file is UTF-16 or UTF-32")]
    Wide,
    /// The cookie names an encoding that is not known here.
    #[error("unknown encoding {name} declared in line {line}")]
    UnknownEncoding {
        /// The name in the cookie.
        name: String,
        /// Where, from 1.
        line: u32,
    },
}

impl SourceError {
    /// The line of the problem, where there is one.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        match self {
            Self::Nul { line } | Self::UnknownEncoding { line, .. } => Some(*line),
            Self::TooLarge { .. } | Self::Wide => None,
        }
    }
}

/// How one level of indentation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Indent {
    /// A tab.
    Tab,
    /// So many spaces.
    Spaces(usize),
}

impl Indent {
    /// The text of `levels` levels.
    #[must_use]
    pub fn text(self, levels: usize) -> String {
        match self {
            Self::Tab => "\t".repeat(levels),
            Self::Spaces(width) => " ".repeat(width * levels),
        }
    }
}

/// A Python file.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    bytes: &'a [u8],
    decoded: Decoded<'a>,
    encoding: Encoding,
    conflict: Option<String>,
    starts: Vec<usize>,
    /// Of the last place whose column was asked: the start of its line, the place, the characters between.
    counted: Cell<[usize; 3]>,
}

impl<'a> Source<'a> {
    /// Reads the bytes.
    ///
    /// # Errors
    /// A [`SourceError`] for what cannot be a Python file. Bytes that are no text in the file's encoding are no error here.
    pub fn new(bytes: &'a [u8]) -> Result<Self, SourceError> {
        readable(bytes)?;
        let mut conflict = None;
        let encoding = match cookie(bytes) {
            None => Encoding::Utf8,
            Some((name, line)) => match Encoding::named(&name) {
                None => return Err(SourceError::UnknownEncoding { name, line }),
                Some(encoding) if bytes.starts_with(b"\xef\xbb\xbf") => {
                    conflict = (encoding != Encoding::Utf8).then_some(name);
                    Encoding::Utf8
                }
                Some(encoding) => encoding,
            },
        };
        Ok(Self::decoded(bytes, encoding, conflict))
    }

    /// Reads bytes that are UTF-8 whatever their first lines say, such as a text that only shows Python.
    ///
    /// # Errors
    /// A [`SourceError`] for what is no text.
    pub fn prose(bytes: &'a [u8]) -> Result<Self, SourceError> {
        readable(bytes)?;
        Ok(Self::decoded(bytes, Encoding::Utf8, None))
    }

    fn decoded(bytes: &'a [u8], encoding: Encoding, conflict: Option<String>) -> Self {
        let decoded = encoding.decode(bytes);
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', decoded.text.as_bytes()).map(|at| at + 1)).collect();
        Self { bytes, decoded, encoding, conflict, starts, counted: Cell::default() }
    }

    /// The file as it is.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The text to read; see [`Decoded::text`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.decoded.text
    }

    /// The encoding.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Why Python would not read this as text: places in the text and what is wrong there.
    pub fn undecodable(&self) -> impl Iterator<Item = (usize, String)> {
        let conflict = self.conflict.iter().map(|name| (0, format!("the byte order mark says UTF-8, the cookie says {name}")));
        let broken = self.decoded.undecodable.iter();
        conflict.chain(broken.map(|at| (*at, format!("a byte that is not {}", self.encoding.name()))))
    }

    /// The place in the bytes of a place in the text.
    #[must_use]
    pub fn byte(&self, at: usize) -> usize {
        let shifts = &self.decoded.shifts;
        match shifts.partition_point(|(text, _)| *text <= at).checked_sub(1) {
            None => at,
            Some(last) => shifts[last].1 + (at - shifts[last].0),
        }
    }

    /// The bytes behind a range of the text.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[self.byte(range.start)..self.byte(range.end)]
    }

    /// The line, from 1, of a place in the text.
    #[must_use]
    pub fn line(&self, at: usize) -> u32 {
        number(self.starts.partition_point(|start| *start <= at).saturating_sub(1))
    }

    /// The column in characters, from 1, of a place in the text.
    #[must_use]
    pub fn column(&self, at: usize) -> u32 {
        let start = self.starts[self.starts.partition_point(|start| *start <= at).saturating_sub(1)];
        // From the place before on the same line: one line may hold all that a file has.
        let (from, known) = match self.counted.get() {
            [line, last, count] if line == start && last <= at => (last, count),
            _ => (start, 0),
        };
        let Some(between) = self.text().get(from..at) else { return number(0) };
        let count = known + between.trim_start_matches('\u{feff}').chars().count();
        self.counted.set([start, at, count]);
        number(count)
    }

    /// How many lines there are; a file that ends in a line ending has no line after it.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.starts.len() - usize::from(self.starts.last() == Some(&self.text().len()))
    }

    /// The text range of a line, counted from 0, without its ending.
    #[must_use]
    pub fn line_range(&self, index: usize) -> Range<usize> {
        let whole = self.full_line_range(index);
        let line = &self.text()[whole.clone()];
        let line = line.strip_suffix('\n').unwrap_or(line);
        whole.start..whole.start + line.strip_suffix('\r').unwrap_or(line).len()
    }

    /// The text range of a line, counted from 0, with its ending.
    #[must_use]
    pub fn full_line_range(&self, index: usize) -> Range<usize> {
        self.starts[index]..self.starts.get(index + 1).copied().unwrap_or(self.text().len())
    }

    /// The line ending to write at a place of the text: that line's own, else the one above, else the file's commonest.
    #[must_use]
    pub fn line_ending(&self, at: usize) -> &'static str {
        let index = (self.line(at) - 1) as usize;
        let near = [Some(index), index.checked_sub(1)];
        near.into_iter().flatten().find_map(|index| self.ending_of(index)).unwrap_or_else(|| self.dominant_line_ending())
    }

    fn ending_of(&self, index: usize) -> Option<&'static str> {
        let full = self.full_line_range(index);
        match self.slice(self.line_range(index).end..full.end) {
            b"\r\n" => Some("\r\n"),
            b"\n" => Some("\n"),
            b"\r" => Some("\r"),
            _ => None,
        }
    }

    /// The line ending that most lines have; a line feed when there is none.
    #[must_use]
    pub fn dominant_line_ending(&self) -> &'static str {
        let mut counts = [("\n", 0usize), ("\r\n", 0), ("\r", 0)];
        for ending in (0..self.lines()).filter_map(|index| self.ending_of(index)) {
            for count in &mut counts {
                count.1 += usize::from(count.0 == ending);
            }
        }
        counts.iter().rev().max_by_key(|(_, count)| *count).map_or("\n", |(ending, _)| ending)
    }

    /// The indentation unit that most blocks of the file have; four spaces when there is none.
    #[must_use]
    pub fn indent(&self) -> Indent {
        let mut counts: Vec<(Indent, usize)> = Vec::new();
        let mut opener: Option<&str> = None;
        for index in 0..self.lines() {
            let line = &self.text()[self.line_range(index)];
            let lead = leading_blanks(line);
            if lead.len() == line.len() || line[lead.len()..].starts_with('#') {
                continue;
            }
            if let Some(unit) = opener.and_then(|outer| lead.strip_prefix(outer)).and_then(unit_of) {
                match counts.iter_mut().find(|(known, _)| *known == unit) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((unit, 1)),
                }
            }
            opener = line.trim_end().ends_with(':').then_some(lead);
        }
        counts.iter().rev().max_by_key(|(_, count)| *count).map_or(Indent::Spaces(4), |(unit, _)| *unit)
    }

    /// Applies edits whose ranges are places in the text and whose texts are bytes of the file's encoding.
    #[must_use]
    pub fn apply(&self, edits: &Edits) -> Vec<u8> {
        let shifted =
            edits.iter().map(|edit| Edit::new(self.byte(edit.range.start)..self.byte(edit.range.end), edit.text.clone()));
        match Edits::new(shifted.collect()) {
            Ok(edits) => edits.apply(self.bytes),
            Err(_) => unreachable_overlap(self.bytes),
        }
    }
}

/// Refuses what is no text that is handled.
fn readable(bytes: &[u8]) -> Result<(), SourceError> {
    if bytes.len() > MAX_BYTES {
        return Err(SourceError::TooLarge { size: bytes.len() });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Err(SourceError::Wide);
    }
    if let Some(at) = memchr::memchr(0, bytes) {
        let ends = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        return Err(SourceError::Nul { line: number(ends) });
    }
    Ok(())
}

/// Places in the text map to bytes in order, so edits that were apart stay apart.
fn unreachable_overlap(bytes: &[u8]) -> Vec<u8> {
    debug_assert!(false, "edits that were apart in the text overlap in the bytes");
    bytes.to_vec()
}

/// The blanks a line starts with.
#[must_use]
pub fn leading_blanks(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t', '\x0c', '\u{feff}']).len()]
}

fn unit_of(blanks: &str) -> Option<Indent> {
    if blanks == "\t" {
        return Some(Indent::Tab);
    }
    (!blanks.is_empty() && blanks.bytes().all(|byte| byte == b' ')).then_some(Indent::Spaces(blanks.len()))
}

/// A count from 0 as a number from 1.
fn number(index: usize) -> u32 {
    u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_characters_in_whatever_order_they_are_asked() {
        let source = Source::new("\u{feff}é = 1\nàé x\n".as_bytes()).unwrap();
        for (at, column) in [(3, 1), (5, 2), (8, 5), (4, 1), (3, 1), (15, 4), (9, 6), (10, 1), (15, 4), (12, 2), (99, 1), (15, 4)]
        {
            assert_eq!(source.column(at), column, "{at}");
        }
    }

    #[test]
    fn what_is_no_python_file_is_refused_with_its_place() {
        assert_eq!(Source::new(b"a\nb\0").unwrap_err(), SourceError::Nul { line: 2 });
        assert_eq!(Source::new(b"\xff\xfea\0").unwrap_err(), SourceError::Wide);
        let unknown = SourceError::UnknownEncoding { name: "klingon".into(), line: 2 };
        assert_eq!(Source::new(b"\n# coding: klingon\n").unwrap_err(), unknown);
        let large = vec![b'#'; MAX_BYTES + 1];
        assert_eq!(Source::new(&large).unwrap_err(), SourceError::TooLarge { size: MAX_BYTES + 1 });
    }

    #[test]
    fn places_have_lines_and_columns() {
        let source = Source::new("é = 1\r\nb\rc".as_bytes()).unwrap();
        assert_eq!((source.line(3), source.column(3)), (1, 3));
        assert_eq!((source.line(8), source.column(8)), (2, 1));
        assert_eq!(source.lines(), 3);
        assert_eq!([source.line_ending(0), source.line_ending(8), source.line_ending(10)], ["\r\n", "\r", "\r"]);
    }

    #[test]
    fn the_unit_of_indentation_is_that_of_the_blocks() {
        for (text, want) in [
            ("if a:\n\tb\n", Indent::Tab),
            ("if a:\n  b\n  if c:\n    d\n", Indent::Spaces(2)),
            ("f(\n   a,\n   b)\nclass A:\n    x = 1\n", Indent::Spaces(4)),
            ("a = 1\n", Indent::Spaces(4)),
        ] {
            assert_eq!(Source::new(text.as_bytes()).unwrap().indent(), want, "{text:?}");
        }
    }

    #[test]
    fn places_in_the_text_map_back_to_the_bytes() {
        let bytes = b"# coding: latin-1\nx = '\xe9'; y".as_slice();
        let source = Source::new(bytes).unwrap();
        let at = source.text().find('y').unwrap();
        assert_eq!(source.byte(at), bytes.len() - 1);
        assert_eq!(source.slice(at - 5..at + 1), b"\xe9'; y");
    }
}
