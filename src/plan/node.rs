//! The YAML of a plan as a tree in which every key and value knows where it stands.
//!
//! Scalars keep their spelling (`3.10` stays `3.10`), repeated keys stay in, and what a plan must not use (merge keys, tags,
//! several documents) is refused here. Depth, aliases and size are bounded, so any input ends soon. Nothing here does I/O.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{DuplicateKeyPolicy, Location, Spanned};

use crate::plan::diagnostics::Problem;
use crate::plan::quotes::{Cure, cure};
use crate::plan::source::{Source, Span};
use crate::plan::view::quoted as shown;

/// The most bytes a plan may have.
pub const LARGEST_PLAN: usize = 4 * 1024 * 1024;

/// How deep lists and maps may nest; a plan needs ten. Reading recurses this far and no further.
const DEEPEST: usize = 24;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it is used; for an alias the alias.
    pub span: Span,
    /// Where it is written; for an alias the anchored text.
    pub written: Span,
}

/// The kinds of value.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, or a number or truth value in its own spelling.
    Scalar(String, Like),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the text, repeated keys included.
    Map(Vec<(Node, Node)>),
}

/// What YAML takes a scalar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Like {
    /// A text.
    Text,
    /// A number, unquoted.
    Number,
    /// `true` or `false`, unquoted.
    Bool,
}

impl Node {
    /// The kind in words, for `expected …, found …`.
    #[must_use]
    pub fn found(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_, Like::Text) => "a text",
            Kind::Scalar(_, Like::Number) => "a number",
            Kind::Scalar(_, Like::Bool) => "true or false",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// Reads one YAML document.
///
/// # Errors
/// The first thing that keeps the text from being a tree; what follows it cannot be judged.
pub fn parse(source: &Source) -> Result<Node, Box<Problem>> {
    match read(source.text()) {
        Ok(raw) => Ok(node(source, raw)),
        Err(error) => Err(Box::new(refusal(source, &error))),
    }
}

fn read(text: &str) -> Result<Spanned<Raw>, serde_yaml::Error> {
    let options = serde_yaml::options! {
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        ignore_binary_tag_for_string: true,
        with_snippet: false,
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 50_000 },
        budget: serde_yaml::budget! {
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_documents: 1,
            max_aliases: 500,
            max_recorded_anchor_bytes: 64 * 1024,
            enforce_alias_anchor_ratio: false,
        },
    };
    serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options)
}

/// A value as the reader hands it over.
enum Raw {
    Null,
    Text(String),
    Number,
    Bool,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

fn node(source: &Source, raw: Spanned<Raw>) -> Node {
    let (span, written) = (span(source, raw.referenced), span(source, raw.defined));
    let spelled = |like| Kind::Scalar(source.slice(written).to_owned(), like);
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Text(text) => Kind::Scalar(text, Like::Text),
        Raw::Number => spelled(Like::Number),
        Raw::Bool => spelled(Like::Bool),
        Raw::List(items) => Kind::List(items.into_iter().map(|item| node(source, item)).collect()),
        Raw::Map(entries) => {
            Kind::Map(entries.into_iter().map(|(key, value)| (node(source, key), node(source, value))).collect())
        }
    };
    Node { kind, span, written }
}

fn span(source: &Source, location: Location) -> Span {
    let span = location.span();
    let as_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    match span.byte_offset() {
        Some(offset) => Span { offset: as_usize(offset), len: span.byte_len().map_or(0, as_usize) },
        None => Span { offset: source.offset(as_usize(location.line()), as_usize(location.column())), len: 0 },
    }
}

/// The words for what the YAML reader refused.
fn refusal(source: &Source, error: &serde_yaml::Error) -> Problem {
    use serde_yaml::Error as Yaml;
    use serde_yaml::budget::BudgetBreach;

    let place = error.location().map(|location| span(source, location));
    let (message, help) = match error.without_snippet() {
        Yaml::MergeKeyNotAllowed { .. } => (
            "merge keys (`<<`) are not supported".into(),
            "write the keys out; what holds for a whole phase is given once, on the phase",
        ),
        Yaml::UnsupportedTag { .. } | Yaml::TaggedScalarCannotDeserializeIntoString { .. } => {
            (described(error), "remove the tag: a plan holds texts, numbers, lists and maps only")
        }
        Yaml::MultipleDocuments { .. } | Yaml::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            ("a second YAML document begins here".into(), "one file holds one plan: put the other into a file of its own")
        }
        Yaml::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            ("lists and maps nest too deeply".into(), "a plan is at most ten levels deep")
        }
        Yaml::Budget { .. }
        | Yaml::AliasReplayLimitExceeded { .. }
        | Yaml::AliasExpansionLimitExceeded { .. }
        | Yaml::AliasReplayStackDepthExceeded { .. } => {
            ("the plan grows beyond its limits when it is read".into(), "use fewer and smaller aliases, or split the plan")
        }
        Yaml::RecursiveReferencesRequireWeakTypes { .. } => {
            ("an anchor refers to itself".into(), "write the value out instead of the alias")
        }
        _ if described(error).contains("recursion limit") => {
            ("lists and maps nest too deeply".into(), "a plan is at most ten levels deep")
        }
        _ => {
            if let Some(place) = place
                && let Some(Cure { span, why, help }) = cure(source, place.offset, ends)
            {
                let value = shown(source.slice(span));
                return Problem::at(span, format!("{value} is not read as a text: {why}"), help);
            }
            (described(error), "the text is not YAML from here on; the mistake may stand a little above")
        }
    };
    Problem { span: place, ..Problem::whole(message, help) }
}

/// Where reading a text ends too early.
fn ends(text: &str) -> Option<usize> {
    let error = read(text).err()?;
    let source = Source::new("", text);
    Some(error.location().map_or(0, |location| span(&source, location).offset))
}

/// The reader's own words, in plainer ones where it speaks of its grammar, without the place, which is shown apart.
fn described(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    match &text[..end] {
        "mapping values are not allowed in this context" => "a key with a value cannot stand here".to_owned(),
        "block sequence entries are not allowed in this context" => "the dash of a list cannot stand here".to_owned(),
        words => words.replace("`@'", "`@`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Result<Node, String> {
        let source = Source::new("x", text);
        parse(&source).map_err(|problem| {
            let (line, column) = source.line_column(problem.span.unwrap_or_default().offset);
            format!("{line}:{column}: {}", problem.message)
        })
    }

    fn value(text: &str) -> (String, Like) {
        let Node { kind: Kind::Map(entries), .. } = tree(text).unwrap() else { panic!("not a map: {text}") };
        let Some((_, Node { kind: Kind::Scalar(text, like), .. })) = entries.last() else { panic!("not a scalar: {text}") };
        (text.clone(), *like)
    }

    #[test]
    fn scalars_keep_their_spelling() {
        for (text, expected, like) in [
            ("a: 3.10", "3.10", Like::Number),
            ("a: &x 3.10\nb: *x", "3.10", Like::Number),
            ("a: no", "no", Like::Text),
            ("a: on", "on", Like::Text),
            ("a: true", "true", Like::Bool),
            ("a: 0o17", "0o17", Like::Number),
            ("a: 1e999", "1e999", Like::Number),
            ("a: .nan", ".nan", Like::Number),
            ("a: 123456789012345678901234567890", "123456789012345678901234567890", Like::Number),
            ("a: \"12\"", "12", Like::Text),
            ("a: !!str 3.10", "3.10", Like::Text),
            ("a: |\r\n  x\r\n  y\r\n", "x\ny\n", Like::Text),
        ] {
            assert_eq!(value(text), (expected.to_owned(), like), "{text}");
        }
    }

    #[test]
    fn repeated_keys_stay_in() {
        let Kind::Map(entries) = tree("a: 1\na: 2\n").unwrap().kind else { panic!("not a map") };
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].0.span, Span { offset: 5, len: 1 });
    }

    #[test]
    fn what_a_plan_must_not_use_is_refused_with_its_place() {
        for (text, expected) in [
            ("a: 1\n<<: {b: 1}\n", "2:1: merge keys (`<<`) are not supported"),
            ("a: !!python/object/apply:os.system x\n", "1:36: unsupported tag `!!python/object/apply:os.system`"),
            ("a: 1\n---\nb: 1\n", "2:1: a second YAML document begins here"),
            ("a: [1\nb: 2", "2:2: illegal placement of ':' indicator"),
            ("a: &a [*a]\n", "1:8: an anchor refers to itself"),
            ("a: *b\n", "1:4: `*b` is not read as a text: `*` at its start stands for an alias"),
            ("a: 'x", "1:4: unclosed quote"),
        ] {
            assert_eq!(tree(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn bombs_end_soon() {
        let start = std::time::Instant::now();
        let nested: String = (1..9).map(|at| format!("a{at}: &a{at} [{}]\n", format!("*a{},", at - 1).repeat(9))).collect();
        for text in [
            "[".repeat(5000),
            "{a: ".repeat(5000),
            "- ".repeat(5000),
            format!("a0: &a0 x\n{nested}"),
            format!("a: &a {}\nb: [{}]\n", "x".repeat(60_000), "*a,".repeat(5000)),
            format!("a: {}", "!!str ".repeat(5000)),
            "? ".repeat(5000),
        ] {
            assert!(tree(&text).is_err(), "{text:.40}");
        }
        assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    }
}
