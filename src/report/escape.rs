//! The one function between text that is not ours and a terminal.
//!
//! What comes out holds no control character but line feed and tab, nothing that changes the direction of text, and nothing
//! invisible: a name cannot move the cursor, forge a line or pass for another. Bytes that are not UTF-8 are shown as `\xff`.

use std::fmt::Write;

/// Escapes all but printable text, line feeds and tabs.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    escaped(bytes, |c| c == '\n' || c == '\t')
}

/// Escapes all but printable text, so that the result is one line.
#[must_use]
pub fn line(bytes: &[u8]) -> String {
    escaped(bytes, |_| false)
}

/// Escapes in a JSON text what JSON lets through and a terminal acts upon; the text means the same as before.
#[must_use]
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Only strings hold such characters: outside of them compact JSON is ASCII.
        if is_unsafe(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| push(&mut out, format_args!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

fn escaped(bytes: &[u8], keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                c if keep(c) || !is_unsafe(c) => out.push(c),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if c.is_ascii() => push(&mut out, format_args!("\\x{:02x}", u32::from(c))),
                c => push(&mut out, format_args!("\\u{{{:04x}}}", u32::from(c))),
            }
        }
        for byte in chunk.invalid() {
            push(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("writing to a string cannot fail");
}

/// True for what a terminal acts upon, and for what a reader cannot see. The two selectors for plain and coloured signs
/// (U+FE0E, U+FE0F) are let through: test runners print them, and they hide nothing.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn attacks_on_the_terminal_become_visible() {
        for (bytes, shown) in [
            (&b"\x1b[2J\x1b]52;c;ZXZpbA==\x07"[..], r"\x1b[2J\x1b]52;c;ZXZpbA==\x07"),
            (b"ok\rerror: forged", r"ok\rerror: forged"),
            ("\u{9b}31m".as_bytes(), r"\u{009b}31m"),
            ("\u{202e}yp.live".as_bytes(), r"\u{202e}yp.live"),
            ("a\u{200b}b\u{2028}c".as_bytes(), r"a\u{200b}b\u{2028}c"),
            (b"\xff\xc3(\x7f\x08", r"\xff\xc3(\x7f\x08"),
            ("ünï — ✔\u{fe0f} 漢字".as_bytes(), "ünï — ✔\u{fe0f} 漢字"),
        ] {
            assert_eq!(text(bytes), shown);
        }
    }

    #[test]
    fn text_keeps_its_lines_and_a_line_stays_one() {
        assert_eq!(text(b"a\n\tb\n"), "a\n\tb\n");
        assert_eq!(line(b"a\n\tb\n"), r"a\n\tb\n");
    }

    #[test]
    fn json_means_the_same_and_is_harmless() {
        let text = "a\u{9b}b\u{202e}\u{e0041}ü\n\x7f";
        let escaped = json(&serde_json::to_string(text).unwrap());
        assert_eq!(escaped, r#""a\u009bb\u202e\udb40\udc41ü\n\u007f""#);
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_acts_upon_comes_out(bytes in vec(any::<u8>(), 0..200), string in any::<String>()) {
            for input in [&bytes[..], string.as_bytes()] {
                assert!(text(input).chars().all(|c| c == '\n' || c == '\t' || !is_unsafe(c)));
                assert!(!line(input).chars().any(is_unsafe));
                assert_eq!(text(text(input).as_bytes()), text(input));
            }
        }
    }
}
