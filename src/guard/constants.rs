//! Texts that an external codemod changed: strings, bytes, the literal parts of f-strings, documentation. How they are quoted and where
//! they stand does not matter, nor what came in besides.

use tree_sitter::Node;

use crate::guard::{Finding, subtract};
use crate::pattern::literal::prefix;
use crate::plan::guards::{Guard, Guards};
use crate::python::parsed::Parsed;
use crate::rewrite::follow::Spot;

/// Stands for what only a run puts into an f-string.
const FIELD: char = '\0';

/// So many characters are shown of a text.
const SHOWN: usize = 40;

/// A text, all parts of an implicit concatenation together.
struct Constant {
    value: String,
    /// The lines on which it begins and ends, and the column, from 1.
    line: u32,
    last: u32,
    column: u32,
}

/// The texts of `before` that `after` does not have, told where they were, in words that follow the name of who changed them.
#[must_use]
pub fn changed(before: &Parsed, after: &Parsed, guards: Guards) -> Vec<Finding> {
    let (old, new) = (constants(before), constants(after));
    let value = |constant: &Constant| constant.value.clone();
    if old.iter().map(value).eq(new.iter().map(value)) {
        return Vec::new();
    }
    let came = subtract(constants(after), &old, value);
    let gone = subtract(old, &new, value);
    let is_paired = gone.len() == came.len();
    let mut findings = Vec::with_capacity(gone.len());
    for (nth, Constant { value, line, last, column }) in gone.iter().enumerate() {
        let partner = came.get(nth).filter(|_| is_paired).map(|came| came.value.as_str());
        let same = partner.map_or(0, |new| value.chars().zip(new.chars()).take_while(|(old, new)| old == new).count());
        let below = value.chars().take(same).filter(|c| *c == '\n').count();
        let at = u32::try_from(below).map_or(*last, |below| line.saturating_add(below).min(*last));
        let spot = Spot::at(at, if at == *line { *column } else { 1 });
        let message = match partner {
            Some(new) => format!("changed a string constant: {} became {}", shown(value, same), shown(new, same)),
            None => format!("took a string constant away: {}", shown(value, 0)),
        };
        findings.push(Finding {
            line: spot.line,
            column: spot.column,
            before: spot,
            guard: Guard::Constants,
            severity: guards.severity(Guard::Constants),
            message,
            help:
                "look whether the text was to change; `guards: { constants: off }` is for commands that are there to change texts"
                    .to_owned(),
        });
    }
    findings
}

fn constants(file: &Parsed) -> Vec<Constant> {
    let Ok(tree) = file.tree() else { return Vec::new() };
    let (source, text) = (file.source(), file.source().text());
    let mut found = Vec::new();
    let mut pending = vec![tree.root_node()];
    while let Some(node) = pending.pop() {
        let mut children: Vec<Node> = node.children(&mut node.walk()).collect();
        let is_whole = matches!(node.kind(), "string" | "concatenated_string");
        if is_whole && node.parent().is_none_or(|parent| parent.kind() != "concatenated_string") {
            let (start, end) = (node.start_byte(), node.end_byte());
            let (line, last, column) = (source.line(start), source.line(end), source.column(start));
            found.push(Constant { value: value(node, text), line, last, column });
        }
        children.reverse();
        pending.extend(children);
    }
    found
}

fn value(node: Node, text: &str) -> String {
    if node.kind() == "concatenated_string" {
        return node
            .named_children(&mut node.walk())
            .filter(|part| part.kind() == "string")
            .map(|part| value(part, text))
            .collect();
    }
    let mut value = String::new();
    let mut letters = String::new();
    for part in node.children(&mut node.walk()) {
        let written = &text[part.byte_range()];
        match part.kind() {
            "string_start" => {
                letters = prefix(written);
                value.extend(letters.contains('b').then_some('b'));
            }
            "interpolation" => value.push(FIELD),
            "string_content" => {
                let plain = unescaped(&written.replace("\r\n", "\n"), letters.contains('r'));
                value += &if letters.contains('f') { plain.replace("{{", "{").replace("}}", "}") } else { plain };
            }
            _ => {}
        }
    }
    value
}

/// The text without the escapes that are a matter of how it is written.
fn unescaped(written: &str, raw: bool) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        match if c == '\\' && !raw { chars.next() } else { None } {
            None => plain.push(c),
            Some('\n') => {}
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some(quote @ ('\'' | '"' | '\\')) => plain.push(quote),
            Some(other) => plain.extend(['\\', other]),
        }
    }
    plain
}

/// A text as it is shown, from a little before where it differs.
fn shown(value: &str, same: usize) -> String {
    let from = if same < SHOWN / 2 { 0 } else { same - SHOWN / 4 };
    let (before, after) = (if from > 0 { "…" } else { "" }, if value.chars().count() > from + SHOWN { "…" } else { "" });
    let part: String = value.chars().skip(from).take(SHOWN).collect();
    let part = part.split(FIELD).map(|text| text.escape_debug().to_string()).collect::<Vec<_>>().join("{…}");
    format!("\"{before}{part}{after}\"")
}
