//! What is done with the files of an entry: rewritten by rules and edits, or deleted, created, moved.

use serde::Serialize;

use crate::path::RepoPath;
use crate::plan::node::{Kind, Like, Node};
use crate::plan::reader::{Entries, Reader};
use crate::plan::source::Span;

/// The keys of an entry whose files are not rewritten.
pub(super) const KEYS: [&str; 3] = ["delete", "create", "move_to"];

/// The keys of an entry that are about a rewrite.
const OF_REWRITE: [&str; 4] = ["rules", "edits", "violations", "guards"];

/// What is done with a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Rules and edits change it.
    #[default]
    Rewrite,
    /// It goes.
    Delete,
    /// It is made, with this text.
    Create(String),
    /// Its bytes, as they are, go to this path.
    Move(RepoPath),
}

impl Treatment {
    /// True when rules and edits change the file.
    #[must_use]
    pub fn is_rewrite(&self) -> bool {
        *self == Self::Rewrite
    }
}

/// Reads what is done with the files of an entry, which are named by the key `which`, and where that stands: the path that it leads to,
/// else its key. `path` reads a path.
pub(super) fn read(
    reader: &mut Reader<'_>,
    entries: &Entries<'_>,
    which: &[&str],
    path: impl FnOnce(&mut Reader<'_>, &Node) -> Option<RepoPath>,
) -> (Treatment, Option<Span>) {
    let chosen = entries.chosen(&KEYS);
    if let [first, second, ..] = chosen[..] {
        let help = "keep one of the two: a file is deleted, created or moved";
        reader.report(entries.key(second), format!("the entry has both `{first}` and `{second}`"), help);
    }
    let Some(key) = chosen.first().copied() else { return Default::default() };
    let Some(node) = entries.get(key) else { return Default::default() };
    let place = entries.key(key);
    match (key, which) {
        ("delete", ["glob"]) => {
            reader.report(place, "`delete` with `glob`", "name each file that is deleted, by `path` or `paths`");
        }
        ("create" | "move_to", ["paths" | "glob"]) => {
            let help = format!("`{key}` is about one file: give it an entry of its own with `path`");
            reader.report(place, format!("`{key}` for more than one file"), help);
        }
        _ => {}
    }
    for refused in entries.chosen(&OF_REWRITE) {
        let (what, help) = match key {
            "delete" => ("deleted", "such a file is not rewritten: what other files need goes into entries of their own"),
            "create" => ("created", "such a file is not rewritten: its text is written as it shall be"),
            _ => ("moved", "its bytes go as they are: what imports it changes by a rename of the module, in entries of its own"),
        };
        reader.report(entries.key(refused), format!("`{refused}` for a file that is {what}"), help);
    }
    match key {
        "delete" => {
            reader.truth(node, "delete", "write `delete: true`, or remove the key");
            (Treatment::Delete, Some(place))
        }
        "create" => (Treatment::Create(text(reader, node).unwrap_or_default()), Some(place)),
        // What it would be without a path to go to is told; it is no rewrite.
        _ => path(reader, node).map_or((Treatment::Delete, Some(place)), |to| (Treatment::Move(to), Some(node.span))),
    }
}

fn text(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    const HELP: &str = "write the file's whole text, `create: \"\"` for an empty file";
    match &node.kind {
        Kind::Scalar(_, Like::Text) => reader.text(node, "`create`").map(ToOwned::to_owned),
        Kind::Scalar(..) | Kind::Null | Kind::List(_) | Kind::Map(_) => {
            reader.report(node.span, format!("`create`: expected a text, found {}", node.found()), HELP);
            None
        }
    }
}
