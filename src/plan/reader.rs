//! Typed reading of a plan's nodes: every method reports what is wrong and lets the caller go on to the next thing.

use std::collections::HashMap;

use crate::plan::diagnostics::{Collected, Problem};
use crate::plan::node::{Kind, Like, Node};
use crate::plan::quotes::{in_quotes, value_at};
use crate::plan::scalar;
use crate::plan::source::{Source, Span};
use crate::plan::view::quoted;

/// A plan's text and the problems found in it so far.
pub struct Reader<'a> {
    /// The text that spans point into.
    pub source: &'a Source,
    /// What is wrong so far.
    pub problems: Collected,
    /// What should be known of the plan should it be sound.
    pub warnings: Vec<Problem>,
    copied: usize,
}

/// A map whose keys have been checked: known, and given once.
pub struct Entries<'n> {
    at: Span,
    list: Vec<(&'n str, Span, &'n Node)>,
}

impl<'n> Entries<'n> {
    /// A map without keys that stands at a place.
    #[must_use]
    pub fn none(at: Span) -> Self {
        Self { at, list: Vec::new() }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.list.iter().find(|(name, ..)| *name == key).map(|(.., value)| *value)
    }

    /// Where a key stands; the map's first key when it is not there.
    #[must_use]
    pub fn key(&self, key: &str) -> Span {
        self.list.iter().find(|(name, ..)| *name == key).map_or(self.at, |(_, span, _)| *span)
    }

    /// Keys, their places and values, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&'n str, Span, &'n Node)> + '_ {
        self.list.iter().copied()
    }

    /// The keys out of `choices` that are there.
    #[must_use]
    pub fn chosen(&self, choices: &[&str]) -> Vec<&'n str> {
        self.list.iter().map(|(name, ..)| *name).filter(|name| choices.contains(name)).collect()
    }
}

impl<'a> Reader<'a> {
    /// Starts with nothing found.
    pub fn new(source: &'a Source) -> Self {
        Self { source, problems: Collected::default(), warnings: Vec::new(), copied: 0 }
    }

    /// Adds a problem.
    pub fn report(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::at(span, message, help));
    }

    /// Counts bytes that are copied from a phase to its files; false when they become more than any sound plan needs.
    pub fn may_copy(&mut self, bytes: usize) -> bool {
        const MOST: usize = 64 * 1024 * 1024;
        self.copied = self.copied.saturating_add(bytes);
        self.copied <= MOST
    }

    /// A map with keys out of `known`.
    pub fn map<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Entries<'n>> {
        self.map_beside(node, what, known, |_| None)
    }

    /// The same where some keys are known elsewhere: `home` says where a key belongs.
    pub fn map_beside<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
        home: impl Fn(&str) -> Option<String>,
    ) -> Option<Entries<'n>> {
        let entries = self.names(node, what)?;
        for (name, span, _) in &entries.list {
            if !known.contains(name) && !self.problems.is_full() {
                let help = home(name).unwrap_or_else(|| {
                    nearest(name, known)
                        .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"))
                });
                self.report(*span, format!("unknown key {} in {what}", quoted(name)), help);
            }
        }
        Some(entries)
    }

    /// A map with any names as keys.
    pub fn names<'n>(&mut self, node: &'n Node, what: &str) -> Option<Entries<'n>> {
        let Kind::Map(pairs) = &node.kind else {
            self.mismatch(node, what, "a map of keys and values");
            return None;
        };
        let mut entries = Entries { at: pairs.first().map_or(node.span, |(key, _)| key.span), list: Vec::new() };
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (key, value) in pairs {
            let Kind::Scalar(name, _) = &key.kind else {
                self.report(key.span, format!("a key of {what} is {}", key.found()), "a key is a plain word");
                continue;
            };
            if let Some(first) = seen.get(name.as_str()).copied() {
                if self.problems.is_full() {
                    continue;
                }
                let (line, _) = self.source.line_column(first.offset);
                let message = format!("repeated key {} in {what} (first on line {line})", quoted(name));
                self.problems.push(Problem::at(key.span, message, "keep one of the two").and(first, "first given here"));
                continue;
            }
            seen.insert(name.as_str(), key.span);
            entries.list.push((name, key.span, value));
        }
        Some(entries)
    }

    /// The value of a key that must be there.
    pub fn required<'n>(&mut self, entries: &Entries<'n>, key: &str, what: &str, example: &str) -> Option<&'n Node> {
        let found = entries.get(key);
        if found.is_none() {
            self.report(entries.at, format!("{what} lacks the key `{key}`"), format!("add it, such as `{example}`"));
        }
        found
    }

    /// A list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        if let Kind::List(items) = &node.kind {
            return Some(items);
        }
        self.mismatch(node, what, "a list");
        None
    }

    /// A text of any number of lines, as it is written.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let Kind::Scalar(text, _) = &node.kind else {
            self.mismatch(node, what, "a text");
            return None;
        };
        if let Some(bad) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\x0c')) {
            let message = format!("{what} holds the control character U+{:04X}", u32::from(bad));
            self.report(node.span, message, "remove it; line breaks and tabs are the only ones that texts may hold");
            return None;
        }
        Some(text)
    }

    /// A text on one line that says something, without surrounding blanks.
    pub fn line<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?.trim();
        if text.is_empty() {
            self.report(node.span, format!("{what} is empty"), "write something, or remove the key");
            return None;
        }
        if text.contains(|c: char| c.is_control()) {
            self.report(node.span, format!("{what} must be one line without tabs"), "put it on the line of its key");
            return None;
        }
        Some(text)
    }

    /// A name for trailers, `[a-z0-9-]+`; `what` is the key, `whose` such as `a plan's name`.
    pub fn name(&mut self, node: &Node, what: &str, whose: &str) -> Option<String> {
        let name = self.line(node, what)?;
        if !scalar::is_plan_name(name) {
            let help = "a name is made of a-z, 0-9 and dashes, with no dash at either end, at most 100 of them";
            self.report(node.span, format!("{} cannot be {whose}", quoted(name)), help);
            return None;
        }
        Some(name.to_owned())
    }

    /// A whole number between two bounds, unquoted.
    pub fn number(&mut self, node: &Node, what: &str, least: u32, most: u32) -> Option<u32> {
        let Kind::Scalar(text, Like::Number) = &node.kind else {
            self.mismatch(node, what, "a number");
            return None;
        };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let message = format!("{what} cannot be {}", quoted(text));
                self.report(node.span, message, format!("give a whole number from {least} to {most}"));
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        let Kind::Scalar(text, Like::Bool) = &node.kind else {
            self.mismatch(node, what, "`true` or `false`");
            return None;
        };
        Some(text.eq_ignore_ascii_case("true"))
    }

    /// `true`, which is all that the key may be.
    pub fn truth(&mut self, node: &Node, key: &str, help: &str) {
        let found = match &node.kind {
            Kind::Scalar(text, Like::Bool) if text.eq_ignore_ascii_case("true") => return,
            Kind::Scalar(text, Like::Text) if text == "true" => "`true` in quotes".to_owned(),
            Kind::Scalar(text, _) => quoted(text),
            Kind::Null | Kind::List(_) | Kind::Map(_) => node.found().to_owned(),
        };
        self.report(node.span, format!("`{key}` cannot be {found}"), help);
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.line(node, what)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let help = match names.iter().find(|name| name.eq_ignore_ascii_case(text)).copied().or_else(|| nearest(text, &names)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", names.join(", ")),
        };
        self.report(node.span, format!("{what} cannot be {}", quoted(text)), help);
        None
    }

    /// Where a word stands inside the text of a node; the whole node when it cannot be told.
    #[must_use]
    pub fn inside(&self, node: &Node, word: &str, ends: impl Fn(char) -> bool) -> Span {
        let raw = self.source.slice(node.written);
        let mut from = 0;
        while let Some(found) = raw.get(from..).and_then(|rest| rest.find(word)) {
            let (start, end) = (from + found, from + found + word.len());
            if raw[end..].chars().next().is_none_or(&ends) {
                return Span { offset: node.written.offset + start, len: word.len() };
            }
            from = end;
        }
        node.span
    }

    /// A line of a text, counted from 1, that is written as a block; the whole node when it is not.
    #[must_use]
    pub fn line_inside(&self, node: &Node, line: usize) -> Span {
        let raw = self.source.slice(node.written);
        let mut at = node.written.offset;
        for (number, text) in raw.split_inclusive('\n').enumerate() {
            if number + 1 == line {
                let blank = text.len() - text.trim_start().len();
                return Span { offset: at + blank, len: text.trim().len() };
            }
            at += text.len();
        }
        node.span
    }

    /// Reports a value of the wrong kind.
    pub fn mismatch(&mut self, node: &Node, what: &str, expected: &str) {
        if self.problems.is_full() {
            return self.report(node.span, "a value of the wrong kind", "");
        }
        let mut span = node.span;
        let rest = self.source.text().get(node.span.offset..).unwrap_or("");
        let rest = rest.split('\n').next().unwrap_or("").trim_start_matches(':').trim();
        let help = match (&node.kind, expected) {
            (Kind::Null, _) if rest.starts_with('#') => match in_quotes(rest) {
                Some(quoted) => format!("a `#` after a blank begins a comment: put the value in quotes, as in {quoted}"),
                None => "a `#` after a blank begins a comment: put the value in quotes".to_owned(),
            },
            (Kind::Null, _) => "give a value, or remove the key".to_owned(),
            (Kind::Scalar(text, Like::Text), "a number") if text.parse::<u32>().is_ok() => "remove the quotes".to_owned(),
            (Kind::Scalar(text, _), "a list") => match in_quotes(text) {
                Some(quoted) => format!("put it in brackets: [{quoted}]"),
                None => "make it a list: put it on a line of its own, after a dash".to_owned(),
            },
            (Kind::Map(_), _) if expected.contains("text") || expected.contains("pattern") => {
                span = value_at(self.source, node.span.offset);
                match in_quotes(self.source.slice(span)) {
                    Some(quoted) => format!("put it in quotes: {quoted}"),
                    None => format!("write {expected} here"),
                }
            }
            _ => format!("write {expected} here"),
        };
        self.report(span, format!("{what}: expected {expected}, found {}", node.found()), help);
    }
}

/// The candidate that a misspelt word most likely means.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let close = |candidate: &&str| strsim::damerau_levenshtein(word, candidate);
    let (distance, best) = candidates
        .iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (close(candidate), *candidate))
        .min_by_key(|(d, _)| *d)?;
    (distance <= (best.chars().count() / 3).max(1)).then_some(best)
}
