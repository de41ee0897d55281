//! Texts as YAML has them.

use std::fmt::Write as _;

/// A text as YAML has it, in quotes where it needs them.
#[must_use]
pub fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c) || c == ' ';
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && !text.ends_with(' ');
    // What YAML takes for something else than a text.
    let special = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if is_word && !special {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' || ('\u{2028}'..='\u{2029}').contains(&c) => {
                push(&mut out, &format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A block of text as YAML has it, `indent` deep; as a quoted text where a block could not hold it.
#[must_use]
pub fn block(text: &str, indent: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let is_plain = |line: &&str| line.chars().all(|c| !c.is_control() || c == '\t') && line.trim_end().len() == line.len();
    if lines.is_empty() || !lines.iter().all(is_plain) || lines[0].starts_with([' ', '\t']) {
        return format!("{}\n", scalar(text));
    }
    let mut out = String::from("|\n");
    for line in lines {
        let pad = if line.is_empty() { "" } else { &" ".repeat(indent) };
        push(&mut out, &format!("{pad}{line}\n"));
    }
    out
}

/// Adds a text to another.
pub(super) fn push(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    out.write_str(text).unwrap_or_default();
}
