//! Escaping, so that any text fits where a message has room for one line, and can be read back.
//!
//! A backslash is doubled; line breaks, tabs, control characters and those that turn the direction of reading become `\n`,
//! `\r`, `\t`, `\u{…}`; so do blanks at either end. A text that is empty where one must stand is `\e`. In a text of several
//! lines, a line that git or this program would take for something else gets a backslash in front.

use std::fmt::Write;

use crate::plan::template::is_reserved;

/// One line for any text; characters out of `also` are escaped too.
pub fn escape(text: &str, also: &[char]) -> String {
    if text.is_empty() {
        return "\\e".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    for (at, c) in text.char_indices() {
        let outside = (at == 0 || at == last) && c.is_whitespace();
        push(&mut out, c, outside || also.contains(&c));
    }
    out
}

/// Takes back what [`escape`] or [`escape_block`] made of one line; `None` when neither could have written it.
pub fn unescape(text: &str) -> Option<String> {
    if text == "\\e" {
        return Some(String::new());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (digits, after) = rest.strip_prefix('{')?.split_once('}')?;
                out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                rest = after;
            }
            c => out.push(c),
        }
    }
    out.push_str(rest);
    Some(out)
}

/// The first character escaped, for a text that would be taken for something else as a whole.
pub fn escape_first(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::new();
    if let Some(c) = chars.next() {
        push(&mut out, c, true);
    }
    out + chars.as_str()
}

/// Several lines for a text of several lines, none of which means anything to a reader of messages.
pub fn escape_block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if is_meant(line) {
            out.push('\\');
        }
        let last = line.char_indices().next_back().map_or(0, |(at, _)| at);
        for (at, c) in line.char_indices() {
            push(&mut out, c, at == last && c.is_whitespace());
        }
    }
    out
}

/// Takes back what [`escape_block`] made of a text.
pub fn unescape_block(text: &str) -> Option<String> {
    let lines: Option<Vec<String>> = text.split('\n').map(unescape).collect();
    lines.map(|lines| lines.join("\n"))
}

/// A text that keeps its own form, made harmless: no control characters, no line that means something.
pub fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if is_reserved(line) {
            out.push('\\');
        }
        for c in line.strip_suffix('\r').unwrap_or(line).chars() {
            if c == '\\' || c == '\t' { out.push(c) } else { push(&mut out, c, false) }
        }
    }
    out
}

/// True for a line that git or this program takes for more than text, or that begins the changes.
fn is_meant(line: &str) -> bool {
    is_reserved(line) || line.starts_with('#') || line.starts_with("Changes:")
}

fn push(out: &mut String, c: char, always: bool) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if always || c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
            // Writing to a String cannot fail.
            write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default();
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn plain_texts_stay_as_they_are() {
        for text in ["get_websocket_manager() import", "python3 -c \"print('x')\" | cat > y", "ünï → 🤖", "a #b --- c"] {
            assert_eq!(escape(text, &[]), text);
            assert_eq!(escape_block(text), text);
        }
        assert_eq!(escape_block("a\n\n  b: c\n"), "a\n\n  b: c\n");
    }

    #[test]
    fn what_means_something_is_escaped() {
        for (text, expected) in [
            ("a\nMigration-Unit: x", "a\\nMigration-Unit: x"),
            (" a ", "\\u{20}a\\u{20}"),
            ("", "\\e"),
            ("\\e", "\\\\e"),
            ("\x1b[0m", "\\u{1b}[0m"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(escape(text, &[]), expected);
        }
        for (text, expected) in [
            ("a\n---\nb", "a\n\\---\nb"),
            ("# a", "\\# a"),
            ("Changes:\nMigration-Plan: x", "\\Changes:\n\\Migration-Plan: x"),
            ("a \n\r\n", "a\\u{20}\n\\r\n"),
        ] {
            assert_eq!(escape_block(text), expected);
        }
    }

    proptest! {
        #[test]
        fn escaping_is_taken_back(text in "(?s)[\\\\ nrtue{}#\\-\\n\\r\\t,C.\\x00]{0,12}.{0,6}") {
            let line = escape(&text, &[',', 'C']);
            assert!(!line.contains(['\n', ',', 'C']) && line.trim() == line && !line.is_empty());
            assert_eq!(unescape(&line).as_deref(), Some(text.as_str()));
            let block = escape_block(&text);
            assert!(!block.split('\n').any(is_meant));
            assert_eq!(unescape_block(&block).as_deref(), Some(text.as_str()));
        }
    }
}
