//! Dotted names in string literals: targets of patches, modules imported by name, loggers, settings, entry points.
//!
//! What counts, and what is decided:
//! - A literal that is nothing but the name (`"a.b.f"`), or the name with more below it (`"a.b.f.x"`, `"a.b:f"`), is changed. So
//!   is the whole name in a longer text, delimited by neither a name's characters nor a dot, when it has a dot itself; but not
//!   where code calls it with arguments and does not import it there.
//! - A name of one part counts alone only as the first argument of what takes such names (`import_module("old")`).
//! - `"f"` in `setattr(b, "f", ...)` and the like is the name `a.b.f` where `b` is the module `a.b`, and so is the keyword of
//!   `patch.multiple(b, f=...)`.
//! - Only the parts that differ are written anew. A name over several parts of an implicit concatenation is changed when each part
//!   that differs stands in one literal; one with escapes, and an f-string whose unknown parts may make the name, is left and said.
//! - A string that stands alone as a statement is documentation, and no string here. Bytes are not looked at.
//! - A field that formatting fills (`"{a.b.f}".format(a=a)`) goes by what has its first name there: it is left and said.
//! - A patch of the name through another module (`patch("app.views.f")`) cannot be decided from one file: it is said.

mod dotted;
pub(super) mod literal;
mod patched;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::slice;

use crate::dotted::{covers, last, parent};
use crate::edit::Edit;
use crate::python::imports::absolute;
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;
use crate::rewrite::place::Place;
use crate::rewrite::strings::dotted::{can_be, changes, is_path, is_word, mentions};
use crate::rewrite::strings::literal::{Argument, Literal, UNKNOWN, literals};

/// What takes a dotted name as its first argument.
const TAKERS: [&str; 14] = [
    "__import__",
    "delattr",
    "find_spec",
    "getLogger",
    "get_logger",
    "import_module",
    "import_object",
    "import_string",
    "importorskip",
    "locate",
    "patch",
    "resolve_name",
    "run_module",
    "setattr",
];

/// The places where strings name what `pairs` rename, from the first to the second of each, in the order of the text.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub(crate) fn strings(file: &Parsed, pairs: &[(&str, &str)]) -> Result<Vec<Place>, ParseError> {
    let text = file.source().text();
    let mut pairs: Vec<(&str, &str)> = pairs.iter().copied().filter(|(from, to)| from != to && !from.is_empty()).collect();
    // What a longer name says of a place holds before what a shorter one says.
    pairs.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let mut places: Vec<Place> = Vec::new();
    for (from, to) in pairs {
        let hits = words(text, last(from));
        if hits.is_empty() {
            continue;
        }
        let tree = file.tree()?;
        let is_free = |places: &[Place], place: &Place| {
            places.iter().all(|known| known.range.end <= place.range.start || place.range.end <= known.range.start)
        };
        for literal in literals(tree, text, &hits).iter().filter(|literal| !literal.is_statement) {
            let look = Look { file, literal, from, to };
            for place in look.places()? {
                if is_free(&places, &place) {
                    places.push(place);
                }
            }
        }
        for place in patched::keywords(file, &hits, (from, to))? {
            if is_free(&places, &place) {
                places.push(place);
            }
        }
    }
    places.sort_by_key(|place| place.range.start);
    Ok(places)
}

/// The patches of `name`, or of what lies below it, in the place that has it: where they stand, and what each patches.
///
/// # Errors
/// [`ParseError`] when there is no tree in time.
pub(super) fn patches(file: &Parsed, name: &str) -> Result<Vec<(Range<usize>, String)>, ParseError> {
    let text = file.source().text();
    let hits = words(text, last(name));
    if parent(name).is_empty() || !may_patch(text, slice::from_ref(&name)) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for literal in literals(file.tree()?, text, &hits).iter().filter(|literal| !literal.is_statement) {
        let look = Look { file, literal, from: name, to: name };
        let value = literal.value.trim();
        let Some((_, (called, _))) = look.call() else { continue };
        if covers(name, value) && is_path(value) && look.is_patched() {
            found.push((literal.range.clone(), value.to_owned()));
        } else if !matches!(called, "getattr" | "hasattr") && look.attribute()?.is_some_and(|place| place.left.is_none()) {
            found.push((literal.range.clone(), name.to_owned()));
        }
    }
    let keywords = patched::keywords(file, &hits, (name, name))?.into_iter().filter(|place| place.left.is_none());
    found.extend(keywords.map(|place| (place.range, name.to_owned())));
    Ok(found)
}

/// False only for a text that patches none of these names: nothing in it patches, or it has them in no string and as no keyword.
pub(super) fn may_patch(text: &str, names: &[impl AsRef<str>]) -> bool {
    let is_written = |name: &str, at: usize| {
        let before =
            text[..at].trim_end_matches(|c| c == '.' || is_word(c)).trim_end_matches(|c: char| c.is_whitespace() || c == '\\');
        before.ends_with(['"', '\'', '}']) || text[at + name.len()..].trim_start().starts_with('=')
    };
    ["patch", "setattr", "delattr"].iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
        && names.iter().map(|name| last(name.as_ref())).any(|name| words(text, name).into_iter().any(|at| is_written(name, at)))
}

/// Where `word` stands in `text` as a whole name.
pub(crate) fn words(text: &str, word: &str) -> Vec<usize> {
    let whole = |at: &usize| {
        !text[..*at].chars().next_back().is_some_and(is_word) && !text[at + word.len()..].chars().next().is_some_and(is_word)
    };
    memchr::memmem::find_iter(text.as_bytes(), word.as_bytes()).filter(whole).collect()
}

/// One literal and one pair.
struct Look<'a, 's, 't> {
    file: &'a Parsed<'s>,
    literal: &'a Literal<'t>,
    from: &'a str,
    to: &'a str,
}

impl Look<'_, '_, '_> {
    fn places(&self) -> Result<Vec<Place>, ParseError> {
        let found: Vec<Place> = self.mentions();
        if !found.is_empty() {
            return Ok(found);
        }
        let one = match self.attribute()? {
            Some(place) => Some(place),
            None => self.relative().or_else(|| self.partly_known()).or_else(|| self.through_another()).or_else(|| self.code()),
        };
        Ok(one.into_iter().collect())
    }

    /// The whole name, where the literal has it.
    fn mentions(&self) -> Vec<Place> {
        let value = &self.literal.value;
        let mut places = Vec::new();
        for mention in mentions(value, self.from) {
            // A name that lies below its old one stays as it is the second time.
            if covers(self.from, self.to) && covers(self.to, path_at(value, mention.range.start)) {
                continue;
            }
            if !self.from.contains('.') && !self.names_one_part(&mention.range) {
                continue;
            }
            let filled =
                || is_field(value, mention.range.start).then_some("formatting fills it in, from what has its first name there");
            let doubt =
                mention.doubt.or_else(filled).or_else(|| self.called_in_code(mention.range.start)).or_else(|| self.gives_top());
            places.push(match doubt {
                Some(doubt) => self.left(&mention.range, doubt),
                None => self.changed(&mention.range),
            });
        }
        places
    }

    /// Why a call in a longer text stays: a program has imports too, which may be elsewhere.
    fn called_in_code(&self, at: usize) -> Option<&'static str> {
        let value = &self.literal.value;
        let after = &value[at + path_at(value, at).len()..];
        let called = after.starts_with('(') && !after.starts_with("()");
        let imported =
            || value.contains(&format!("import {}", self.from)) || value.contains(&format!("from {} import", self.from));
        (called && !imported()).then_some("it is called by code in the string, whose imports are not seen")
    }

    /// Why the name of a module stays that is loaded for what stands above it: `__import__("a.b").b` reads from `a`.
    fn gives_top(&self) -> Option<&'static str> {
        let (argument, (name, _)) = self.call()?;
        let dotted = self.literal.value.contains('.') || self.to.contains('.');
        (name == "__import__" && argument.position.is_none_or(|position| position == 0) && dotted)
            .then_some("`__import__` gives the package at its top, from which the rest is read")
    }

    /// True when a name without a dot is meant as a module's name.
    fn names_one_part(&self, range: &Range<usize>) -> bool {
        let value = &self.literal.value;
        let starts = value.len() - value.trim_start().len() == range.start;
        let alone = value.trim() == self.from;
        starts && if alone { self.is_taken_as_path() } else { is_path(value) }
    }

    /// True for the first argument of what takes dotted names.
    fn is_taken_as_path(&self) -> bool {
        self.call().is_some_and(|(argument, (name, _))| {
            let keyword = argument.keyword.map(|node| &self.text()[node.byte_range()]);
            TAKERS.contains(&name) && (argument.position == Some(0) || matches!(keyword, Some("target" | "name")))
        })
    }

    fn call(&self) -> Option<(Argument<'_>, (&str, &str))> {
        let argument = self.literal.call?;
        Some((argument, argument.names(self.text())))
    }

    fn text(&self) -> &str {
        self.file.source().text()
    }

    fn changed(&self, range: &Range<usize>) -> Place {
        let encoding = self.file.source().encoding();
        let mut edits = Vec::new();
        for (part, text) in changes(self.from, self.to) {
            let Some(written) = self.literal.written(range.start + part.start..range.start + part.end) else {
                return self.left(range, "it is written with escapes or in several pieces");
            };
            let Some(bytes) = encoding.encode(&text) else {
                return self.left(range, &format!("{} cannot hold the new name", encoding.name()));
            };
            edits.push(Edit::new(written, bytes));
        }
        Place::changed(self.written(range), edits)
    }

    fn left(&self, range: &Range<usize>, why: &str) -> Place {
        let message = format!("{} in a string stays: {why}", self.from);
        Place::left(self.written(range), message, format!("write {} there by hand where it is meant", self.to))
    }

    /// Where a stretch of the value stands, or the whole literal.
    fn written(&self, range: &Range<usize>) -> Range<usize> {
        self.literal.written(range.clone()).unwrap_or_else(|| {
            let near = self.literal.near(range.start);
            near..self.literal.range.end.max(near)
        })
    }

    fn whole_left(&self, why: String) -> Place {
        Place::left(self.literal.range.clone(), why, format!("write {} by hand where it is meant", self.to))
    }

    /// `import_module(".b", "a")`.
    fn relative(&self) -> Option<Place> {
        let (argument, (name, _)) = self.call()?;
        let value = self.literal.value.as_str();
        if !value.starts_with('.')
            || argument.position != Some(0)
            || !matches!(name, "import_module" | "resolve_name" | "find_spec")
        {
            return None;
        }
        let mut cursor = argument.list.walk();
        let package = argument.list.named_children(&mut cursor).filter(|child| child.kind() != "comment").nth(1)?;
        let package = match package.kind() {
            "keyword_argument" => package.child_by_field_name("value")?,
            _ => package,
        };
        let written = self.text()[package.byte_range()].trim_matches(['"', '\'']);
        let rest = value.trim_start_matches('.');
        let dots = value.len() - rest.len();
        let module = match (package.kind(), written) {
            ("string", base) => absolute(Some(&format!("{base}.__init__")), dots, rest),
            (_, "__package__" | "__name__") => absolute(self.file.module(), dots, rest),
            // Whatever the package is, the name ends alike.
            _ => covers(last(self.from), rest.rsplit('.').next().unwrap_or(rest)).then(|| self.from.to_owned()),
        }?;
        let concerned = covers(self.from, &module);
        concerned.then(|| self.whole_left(format!("{module} is imported by a relative name here, which stays")))
    }

    /// An f-string or sum whose unknown parts may make it the name.
    fn partly_known(&self) -> Option<Place> {
        let value = self.literal.value.trim();
        if !value.contains(UNKNOWN) || !is_path(value) {
            return None;
        }
        let written = |part: Option<&str>, want: Option<&str>| part == want;
        let starts = written(value.split('.').next(), self.from.split('.').next());
        let ends = written(value.rsplit('.').next(), Some(last(self.from)));
        let patched = self.is_taken_as_path() && value.strip_suffix(last(self.from)).is_some_and(|rest| rest.ends_with("\0."));
        let fits = can_be(value, self.from) && ends && (starts || patched);
        (fits || patched).then(|| self.whole_left(format!("this may be {} when it runs", self.from)))
    }

    /// A patch of the name in a module that imports it.
    fn through_another(&self) -> Option<Place> {
        let value = self.literal.value.as_str();
        let class = last(self.from).starts_with(char::is_uppercase);
        let through = value.split('.').skip(1).any(|part| part == last(self.from)) && (class || last(value) == last(self.from));
        (through && self.is_patched() && is_path(value)).then(|| self.through(parent(value)))
    }

    /// True for the target of a patch.
    fn is_patched(&self) -> bool {
        self.call().is_some_and(|(argument, (name, before))| {
            let keyword = argument.keyword.map(|node| &self.text()[node.byte_range()]);
            let first = argument.position == Some(0) || keyword == Some("target");
            first && (name == "patch" || before == "patch" || matches!(name, "setattr" | "delattr"))
        })
    }

    fn through(&self, module: &str) -> Place {
        patched::through(self.literal.range.clone(), (self.from, self.to), module)
    }

    /// A program in a string that imports the name.
    fn code(&self) -> Option<Place> {
        let value = &self.literal.value;
        let head = format!("from {} import ", parent(self.from));
        let at = value.find(&head)?;
        let line = value[at + head.len()..].lines().next().unwrap_or("");
        let named = line.split(|c| !is_word(c)).any(|word| word == last(self.from));
        (named && !self.from.is_empty()).then(|| self.left(&(at..at + head.len()), "it is imported by code in the string"))
    }
}

/// True for the name of a field, of which only the first part is looked up by its name: `{a.b}`, `$a.b`; that of `%(a.b)s` is a key.
fn is_field(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let braces = before.len() - before.trim_end_matches('{').len();
    braces % 2 == 1 || before.ends_with('$')
}

/// The dotted name that begins at a place of a text.
fn path_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    let end = rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len());
    rest[..end].trim_end_matches('.')
}
