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

/// One line of a command's output: what sets colours is kept where they are welcome, else left out with all other sequences that a
/// terminal acts upon, and of a line that was written over by carriage returns the last text is shown. Anything else is escaped; tabs are
/// what tables are made of.
#[must_use]
pub fn output(line: &[u8], colour: bool) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut parts = line.rsplit(|byte| *byte == b'\r').filter(|part| !part.is_empty());
    let line = parts.next().unwrap_or_default();
    let (mut out, mut rest, mut is_coloured) = (String::new(), line, false);
    while let Some(at) = rest.iter().position(|byte| *byte == 0x1b) {
        out += &escaped(&rest[..at], |c| c == '\t');
        let (sequence, behind) = rest[at..].split_at(length_of_sequence(&rest[at..]));
        if colour && is_of_colour(sequence) {
            out += &String::from_utf8_lossy(sequence);
            is_coloured = true;
        } else if sequence.len() == 1 {
            out += &escaped(sequence, |_| false);
        }
        rest = behind;
    }
    out += &escaped(rest, |c| c == '\t');
    out + if is_coloured { "\x1b[0m" } else { "" }
}

/// The length of the control sequence at the beginning of a text; one where there is none after all.
fn length_of_sequence(text: &[u8]) -> usize {
    match text.get(1) {
        // A control sequence: parameters, then a letter.
        Some(b'[') => {
            let end = text[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte));
            end.map_or(text.len(), |end| if (0x40..=0x7e).contains(&text[2 + end]) { end + 3 } else { 1 })
        }
        // What sets titles and links, up to a bell or what ends strings.
        Some(b']' | b'P' | b'^' | b'_') => {
            let end = text.iter().position(|byte| *byte == 0x07).map(|at| at + 1);
            let ended = text.windows(2).position(|pair| pair == b"\x1b\\").map(|at| at + 2);
            end.into_iter().chain(ended).min().unwrap_or(text.len())
        }
        Some(b'(' | b')') if text.len() > 2 => 3,
        _ => 1,
    }
}

/// True for what sets colours and weights, and nothing else.
fn is_of_colour(sequence: &[u8]) -> bool {
    let inner = sequence.strip_prefix(b"\x1b[").and_then(|rest| rest.strip_suffix(b"m"));
    inner.is_some_and(|inner| inner.iter().all(|byte| byte.is_ascii_digit() || b";:".contains(byte)))
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
    fn the_colours_of_a_command_are_kept_or_left_out_and_never_shown_as_codes() {
        for (bytes, plain, coloured) in [
            (&b"\x1b[1;31mE  \x1b[0massert\n"[..], "E  assert", "\x1b[1;31mE  \x1b[0massert\x1b[0m"),
            (b"\x1b[2K\x1b[1Gdone", "done", "done"),
            (b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", "ab", "ab"),
            (b"10%\r20%\r100%\r", "100%", "100%"),
            (b"all\r\n", "all", "all"),
            (b"\x1b(Bx\ty", "x\ty", "x\ty"),
            (b"a\x1b[31", "a", "a"),
            (b"a\x1bZ\x07", "a\\x1bZ\\x07", "a\\x1bZ\\x07"),
            (b"a\x1b[3\x1b[2Jb", "a\\x1b[3b", "a\\x1b[3b"),
        ] {
            assert_eq!((output(bytes, false), output(bytes, true)), (plain.to_owned(), coloured.to_owned()), "{bytes:?}");
        }
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
                assert!(!output(input, false).chars().any(|c| c != '\t' && is_unsafe(c)));
            }
        }
    }
}
