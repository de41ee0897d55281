//! Lists of commands that stand inside one another: those of the plan, of a phase, of an entry of its files.

use crate::plan::Command;
use crate::plan::decode_command::commands;
use crate::plan::faults::Place;
use crate::plan::node::{Kind, Node};
use crate::plan::reader::{Entries, Reader};

/// The commands that hold where `entries` stand: a list adds to the `outer` ones, a map with `replace: true` takes their place.
pub(super) fn within(reader: &mut Reader<'_>, entries: &Entries<'_>, key: &str, outer: &[Command]) -> Vec<Command> {
    let what = format!("`{key}`");
    let place = if key == "format" { Place::Format } else { Place::Unit };
    let Some(node) = entries.get(key) else { return outer.to_vec() };
    let Kind::Map(pairs) = &node.kind else {
        return [outer, &commands(reader, node, &what, place)].concat();
    };
    let is_replace = |node: &Node| matches!(&node.kind, Kind::Scalar(text, _) if text == "replace");
    let Some((_, replace)) = pairs.iter().find(|(key, _)| is_replace(key)) else {
        let help = "write the commands in a list, which adds to the outer ones; with `replace: true` they take their place";
        reader.report(node.span, format!("{what} is a map without `replace: true`"), help);
        return outer.to_vec();
    };
    reader.truth(replace, "replace", "write `replace: true`, or a list of commands, which adds to the outer ones");
    let Some(own) = reader.map(node, &what, &["replace", "run"]) else { return Vec::new() };
    match reader.required(&own, "run", &what, "run: []") {
        Some(run) => commands(reader, run, &format!("`run` of {what}"), place),
        None => Vec::new(),
    }
}
