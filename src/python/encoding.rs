//! How the bytes of a Python file become text and how new text becomes bytes again (PEP 263).
//!
//! Decoding never fails: a byte that is not text is shown as `?` and remembered, so that the rest of the file can still be
//! read, and so that the byte itself stays as it is when the file is written.

use std::borrow::Cow;

/// The encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The default, with or without a byte order mark.
    Utf8,
    /// Declared as ASCII: any other byte is a mistake.
    Ascii,
    /// Every byte is the character of the same number.
    Latin1,
    /// One of the encodings that the web knows too.
    Other(&'static encoding_rs::Encoding),
}

/// A file's text, and the way back to its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, lone carriage returns as line feeds (as Python reads them), bytes that are not text as `?`.
    pub text: Cow<'a, str>,
    /// After which places in the text (first) the bytes stand elsewhere (second); none when all offsets are the same.
    pub shifts: Vec<(usize, usize)>,
    /// Offsets in the text of bytes that are not text in this encoding.
    pub undecodable: Vec<usize>,
}

/// The cookie of the first two lines, such as `latin-1`, with its line.
#[must_use]
pub fn cookie(bytes: &[u8]) -> Option<(String, u32)> {
    for (number, line) in (1u32..).zip(bytes.split(|byte| *byte == b'\n' || *byte == b'\r').take(2)) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c'));
        let Some(start) = start else { continue };
        let comment = line[start..].strip_prefix(b"#")?;
        if let Some(name) = cookie_in(comment) {
            return Some((name, number));
        }
    }
    None
}

fn cookie_in(comment: &[u8]) -> Option<String> {
    let mut rest = comment;
    while let Some(at) = memchr::memmem::find(rest, b"coding") {
        rest = &rest[at + b"coding".len()..];
        let Some((b':' | b'=', value)) = rest.split_first() else { continue };
        let value = value.trim_ascii_start();
        let end = value.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.".contains(byte)));
        let name = &value[..end.unwrap_or(value.len())];
        if !name.is_empty() {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
    }
    None
}

impl Encoding {
    /// The encoding that a cookie names; `None` when it is unknown or not one that Python files can have.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        match name.as_str() {
            "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "cp65001" => return Some(Self::Utf8),
            "ascii" | "us-ascii" | "646" => return Some(Self::Ascii),
            "latin-1" | "latin1" | "latin" | "l1" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" => return Some(Self::Latin1),
            _ if name.starts_with("utf-8-") => return Some(Self::Utf8),
            _ if name.starts_with("latin-1-") || name.starts_with("iso-8859-1-") => return Some(Self::Latin1),
            _ => {}
        }
        let known = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())?;
        let fits = known.is_ascii_compatible() && known != encoding_rs::X_USER_DEFINED;
        fits.then_some(if known == encoding_rs::UTF_8 { Self::Utf8 } else { Self::Other(known) })
    }

    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Ascii => "ASCII",
            Self::Latin1 => "ISO-8859-1",
            Self::Other(encoding) => encoding.name(),
        }
    }

    /// The bytes of `text` in this encoding; `None` when it cannot hold a character of it.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Self::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            Self::Other(encoding) => {
                let (bytes, _, lossy) = encoding.encode(text);
                (!lossy).then(|| bytes.into_owned())
            }
        }
    }

    /// The text of `bytes`.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Decoded<'_> {
        match self {
            Self::Utf8 => decode_utf8(bytes),
            Self::Ascii => decode_ascii(bytes),
            Self::Latin1 => decode_by(bytes, |byte| Step::Char(char::from(byte))),
            Self::Other(encoding) => decode_other(bytes, encoding),
        }
    }
}

fn decode_utf8(bytes: &[u8]) -> Decoded<'_> {
    let lone_returns = has_lone_return(bytes);
    if !lone_returns && let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: Cow::Borrowed(text), shifts: Vec::new(), undecodable: Vec::new() };
    }
    let mut text = String::with_capacity(bytes.len());
    let mut undecodable = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            undecodable.push(text.len());
            text.push('?');
        }
    }
    Decoded { text: Cow::Owned(unify_returns(text)), shifts: Vec::new(), undecodable }
}

fn decode_ascii(bytes: &[u8]) -> Decoded<'_> {
    let undecodable: Vec<usize> = (0..bytes.len()).filter(|at| !bytes[*at].is_ascii()).collect();
    let text = bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    Decoded { text: Cow::Owned(unify_returns(text)), shifts: Vec::new(), undecodable }
}

/// What one more byte gave.
enum Step {
    Char(char),
    Pending,
    Broken,
}

/// Decodes byte by byte, remembering where offsets part.
fn decode_by(bytes: &[u8], mut step: impl FnMut(u8) -> Step) -> Decoded<'_> {
    let mut text = String::with_capacity(bytes.len());
    let (mut shifts, mut undecodable) = (Vec::new(), Vec::new());
    for (at, byte) in bytes.iter().enumerate() {
        let plain = match step(*byte) {
            Step::Pending => continue,
            Step::Char(c) => {
                text.push(c);
                c.is_ascii()
            }
            Step::Broken => {
                undecodable.push(text.len());
                text.push('?');
                false
            }
        };
        if !plain {
            shifts.push((text.len(), at + 1));
        }
    }
    Decoded { text: Cow::Owned(unify_returns(text)), shifts, undecodable }
}

fn decode_other<'a>(bytes: &'a [u8], encoding: &'static encoding_rs::Encoding) -> Decoded<'a> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut pending = Vec::new();
    decode_by(bytes, |byte| {
        pending.push(byte);
        let mut out = [0u8; 16];
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(&[byte], &mut out, false);
        if matches!(result, encoding_rs::DecoderResult::Malformed(..)) {
            let reread = read == 0 && byte.is_ascii();
            decoder = encoding.new_decoder_without_bom_handling();
            pending.clear();
            // The ASCII byte that broke a longer character is text of its own; showing it keeps quotes and brackets in step.
            return if reread { Step::Char(char::from(byte)) } else { Step::Broken };
        }
        match std::str::from_utf8(&out[..written]).ok().and_then(|text| text.chars().next()) {
            Some(c) => {
                pending.clear();
                Step::Char(c)
            }
            None => Step::Pending,
        }
    })
}

fn has_lone_return(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

/// Turns lone carriage returns into line feeds, as Python's own reading does; lengths stay.
fn unify_returns(text: String) -> String {
    if !has_lone_return(text.as_bytes()) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(if c == '\r' && chars.peek() != Some(&'\n') { '\n' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_where_python_finds_it() {
        for (text, want) in [
            ("# -*- coding: latin-1 -*-\n", Some(("latin-1", 1))),
            ("#!/usr/bin/python\n# vim: set fileencoding=cp1251 :\n", Some(("cp1251", 2))),
            ("\n# coding:utf8\n", Some(("utf8", 2))),
            ("\u{feff}# coding: utf-8\n", Some(("utf-8", 1))),
            ("import os\n# coding: latin-1\n", None),
            ("\n\n# coding: latin-1\n", None),
            ("# encoding is fun\n", None),
        ] {
            let got = cookie(text.as_bytes());
            assert_eq!(got.as_ref().map(|(name, line)| (name.as_str(), *line)), want, "{text:?}");
        }
    }

    #[test]
    fn names_of_python_are_known_and_others_refused() {
        assert_eq!(Encoding::named("UTF_8"), Some(Encoding::Utf8));
        assert_eq!(Encoding::named("Latin-1-unix"), Some(Encoding::Latin1));
        assert_eq!(Encoding::named("cp1252"), Some(Encoding::Other(encoding_rs::WINDOWS_1252)));
        assert_eq!(Encoding::named("koi8-r"), Some(Encoding::Other(encoding_rs::KOI8_R)));
        for name in ["utf-16", "utf-7", "rot13", "klingon", "iso-2022-jp"] {
            assert_eq!(Encoding::named(name), None, "{name}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_remembered_and_lengths_stay() {
        let decoded = Encoding::Utf8.decode(b"a = 1 # \xff\xfe\rb\r\n");
        assert_eq!((&*decoded.text, decoded.undecodable), ("a = 1 # ??\nb\r\n", vec![8, 9]));
    }

    #[test]
    fn wide_characters_keep_the_way_back() {
        let bytes = b"x = '\x95\x5c'; y".as_slice();
        let decoded = Encoding::Other(encoding_rs::SHIFT_JIS).decode(bytes);
        assert_eq!(&*decoded.text, "x = '表'; y");
        assert_eq!(decoded.shifts, [(8, 7)]);
        assert_eq!(Encoding::Other(encoding_rs::SHIFT_JIS).encode("表").as_deref(), Some(b"\x95\x5c".as_slice()));
        assert_eq!(Encoding::Latin1.encode("é€"), None);
    }
}
