//! Names of attributes beside the object that has them: `setattr(m, "f", ...)`, `patch.object(m, attribute="f")`,
//! `patch.multiple("m", f=...)`.

use std::ops::Range;

use tree_sitter::Node;

use crate::dotted::{last, parent};
use crate::edit::Edit;
use crate::python::names::Meaning;
use crate::python::parsed::Parsed;
use crate::python::syntax::ParseError;
use crate::rewrite::place::Place;
use crate::rewrite::strings::Look;
use crate::rewrite::strings::literal::{UNKNOWN, called};

/// What takes an object and the name of one of its attributes.
const ATTRIBUTE_TAKERS: [&str; 5] = ["delattr", "getattr", "hasattr", "object", "setattr"];

impl Look<'_, '_, '_> {
    /// `setattr(b, "f", ...)`, where `b` is the module.
    pub(super) fn attribute(&self) -> Result<Option<Place>, ParseError> {
        let Some((argument, (name, before))) = self.call() else { return Ok(None) };
        let takes = ATTRIBUTE_TAKERS.contains(&name) && (name != "object" || before == "patch");
        let keyword = argument.keyword.map(|node| &self.text()[node.byte_range()]);
        let second = argument.position == Some(1)
            || matches!((name, keyword), ("object", Some("attribute")) | ("setattr" | "delattr", Some("name")));
        if !takes || !second || self.literal.value != last(self.from) {
            return Ok(None);
        }
        let Some(object) = object(argument.list, self.text()) else { return Ok(None) };
        let Some(meaning) = meaning(self.file, object)? else { return Ok(None) };
        let range = 0..self.literal.value.len();
        if meaning != parent(self.from) {
            let patches = before.ends_with("patch") || matches!(name, "setattr" | "delattr");
            return Ok((patches && is_module(&meaning)).then(|| self.through(&meaning)));
        }
        if parent(self.to) != meaning {
            let why = format!("the object before it is {meaning}, which no longer has it");
            return Ok(Some(self.left(&range, &why)));
        }
        let Some(written) = self.literal.written(range.clone()) else {
            return Ok(Some(self.left(&range, "it is written with escapes")));
        };
        let new = self.file.source().encoding().encode(last(self.to));
        Ok(Some(match new {
            Some(bytes) => Place::changed(written.clone(), vec![Edit::new(written, bytes)]),
            None => self.left(&range, "the file's encoding cannot hold the new name"),
        }))
    }
}

/// The keywords of `patch.multiple` at the places `hits` that name what the first of the pair does.
pub(super) fn keywords(file: &Parsed, hits: &[usize], (from, to): (&str, &str)) -> Result<Vec<Place>, ParseError> {
    let (text, root) = (file.source().text(), file.tree()?.root_node());
    let mut places = Vec::new();
    for at in hits {
        let range = *at..at + last(from).len();
        let Some(object) = patched_object(root, &range, text) else { continue };
        let meaning = match object.kind() {
            "string" => plain(object, text).map(str::to_owned),
            _ => meaning(file, object)?,
        };
        let Some(meaning) = meaning else { continue };
        if meaning != parent(from) {
            places.extend(is_module(&meaning).then(|| through(range, (from, to), &meaning)));
            continue;
        }
        let new = file.source().encoding().encode(last(to)).filter(|_| parent(to) == meaning);
        places.push(match new {
            Some(bytes) => Place::changed(range.clone(), vec![Edit::new(range, bytes)]),
            None => {
                let message = format!("{} is patched in {meaning} here, which no longer has it", last(from));
                Place::left(range, message, format!("patch {to} there by hand where it is meant"))
            }
        });
    }
    Ok(places)
}

/// What is said of a patch of the name in a module that may import it.
pub(super) fn through(range: Range<usize>, (from, to): (&str, &str), module: &str) -> Place {
    let module = module.replace(UNKNOWN, "{...}");
    let message = format!("{} is patched in {module} here; whether that is {from} cannot be seen", last(from));
    let help = format!("patch {} there when {module} imports it by its new name", last(to));
    Place::left(range, message, help)
}

/// What `patch.multiple` patches, when a keyword of it stands at `range`.
fn patched_object<'t>(root: Node<'t>, range: &Range<usize>, text: &str) -> Option<Node<'t>> {
    let name = root.descendant_for_byte_range(range.start, range.end)?;
    let keyword = name.parent().filter(|parent| parent.kind() == "keyword_argument")?;
    if name.byte_range() != *range || keyword.child_by_field_name("name") != Some(name) {
        return None;
    }
    let list = keyword.parent()?;
    let function = list.parent().filter(|call| call.kind() == "call")?.child_by_field_name("function")?;
    if called(function, text) != ("multiple", "patch") {
        return None;
    }
    object(list, text)
}

/// The object among arguments: the first, or the one that is called so.
fn object<'t>(list: Node<'t>, text: &str) -> Option<Node<'t>> {
    let mut cursor = list.walk();
    let mut arguments = list.named_children(&mut cursor).filter(|child| child.kind() != "comment");
    let first = arguments.next()?;
    if first.kind() != "keyword_argument" {
        return Some(first);
    }
    let is_object = |argument: &Node| {
        let name = argument.child_by_field_name("name").map(|name| &text[name.byte_range()]);
        matches!(name, Some("target" | "obj"))
    };
    std::iter::once(first).chain(arguments).find(is_object)?.child_by_field_name("value")
}

/// The qualified name of an expression that is an imported thing.
fn meaning(file: &Parsed, node: Node) -> Result<Option<String>, ParseError> {
    let text = file.source().text();
    if let Some(module) = imported(node, text) {
        return Ok(Some(module.to_owned()));
    }
    let names = file.names()?;
    let read = names.uses.iter().find(|read| read.whole() == node.byte_range());
    Ok(read.and_then(|read| match names.meaning(read.scope, read.name) {
        Meaning::Imported(root) => Some(read.qualified(&root)),
        _ => None,
    }))
}

/// The module that `import_module("a.b")` gives.
fn imported<'s>(node: Node, text: &'s str) -> Option<&'s str> {
    let function = Some(node).filter(|node| node.kind() == "call")?.child_by_field_name("function")?;
    if !matches!(called(function, text).0, "import_module" | "importorskip") {
        return None;
    }
    let list = node.child_by_field_name("arguments")?;
    let mut cursor = list.walk();
    let first = list.named_children(&mut cursor).find(|child| child.kind() != "comment")?;
    plain(first, text)
}

/// What a string says that has no escapes and no unknown parts.
fn plain<'s>(node: Node, text: &'s str) -> Option<&'s str> {
    let written = Some(node).filter(|node| node.kind() == "string").map(|node| &text[node.byte_range()])?;
    let quote = written.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let value = written.trim_matches(quote);
    (!value.contains(['\\', quote])).then_some(value)
}

/// True for what is named as modules are.
fn is_module(meaning: &str) -> bool {
    last(meaning).starts_with(|c: char| c.is_lowercase() || c == '_')
}
