//! What comes after a gate or a rollback: the checks of a recovery, and what is pushed.

use std::time::Duration;

use serde::Serialize;

use crate::plan::Command;
use crate::plan::decode_command::commands;
use crate::plan::faults::Place;
use crate::plan::metrics::Declared;
use crate::plan::node::{Kind, Node};
use crate::plan::reader::{Entries, Reader};
use crate::plan::scalar;
use crate::plan::triggers::names;
use crate::plan::view::quoted;

/// What is done when a phase was taken back.
#[derive(Debug, Clone, Serialize)]
pub struct AfterRollback {
    /// Commands that run in the work tree itself, in order.
    pub run: Vec<Command>,
    /// Metrics that are looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// How long taking back and these checks may take together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
}

/// Where commits are pushed after a gate that passed and after a rollback.
#[derive(Debug, Clone, Serialize)]
pub struct Push {
    /// The remote's name.
    pub remote: String,
    /// The branch there.
    pub branch: String,
    /// True when a person is asked first.
    pub confirm: bool,
}

/// Reads what is done when a phase was taken back.
pub(super) fn after_rollback(reader: &mut Reader<'_>, node: &Node, metrics: &Declared) -> Option<AfterRollback> {
    let entries = reader.map(node, "`after_rollback`", &["run", "metrics", "within"])?;
    let run = entries.get("run").map_or_else(Vec::new, |node| commands(reader, node, "`run`", Place::Recovery));
    let declared = metrics;
    let metrics = entries.get("metrics").map_or_else(Vec::new, |node| names(reader, node, declared));
    for name in metrics.iter().filter(|name| declared.get(name).is_some_and(|metric| metric.command().is_none())) {
        let help = "remove it: after a rollback it is what it was before the phase";
        reader.report(entries.key("metrics"), format!("{} is built in: it checks no recovery", quoted(name)), help);
    }
    let within = time(reader, &entries, "within");
    if entries.get("run").is_none() && entries.get("metrics").is_none() {
        let help = "add `run: [COMMAND]` or `metrics: [NAME]`";
        reader.report(entries.key("within"), "`after_rollback` checks nothing", help);
    }
    Some(AfterRollback { run, metrics, within })
}

/// Reads a time such as `3h`.
pub(super) fn time(reader: &mut Reader<'_>, entries: &Entries<'_>, key: &str) -> Option<Duration> {
    let node = entries.get(key)?;
    let Kind::Scalar(text, _) = &node.kind else {
        reader.mismatch(node, &format!("`{key}`"), "a time such as 15m");
        return None;
    };
    match scalar::duration(text.trim()) {
        Ok(time) => Some(time),
        Err(problem) => {
            let help = "write it as `30s`, `15m` or `2h30m`; at most seven days";
            reader.report(node.span, format!("`{key}`: {} {problem}", quoted(text)), help);
            None
        }
    }
}

/// Reads where commits are pushed.
pub(super) fn push(reader: &mut Reader<'_>, node: &Node) -> Option<Push> {
    let entries = reader.map(node, "`push`", &["remote", "branch", "confirm"])?;
    let mut name = |key: &str, example: &str| {
        let node = reader.required(&entries, key, "`push`", example)?;
        let text = reader.line(node, &format!("`{key}`"))?;
        let is_odd = text.starts_with(['-', '+', ':']) || text.contains(|c: char| c.is_whitespace() || "~^:?*[\\".contains(c));
        if is_odd || text.contains("..") {
            let help = format!("write the plain name, as in `{example}`: nothing is ever forced");
            reader.report(node.span, format!("{} cannot be the name of a {key}", quoted(text)), help);
            return None;
        }
        Some(text.to_owned())
    };
    let (remote, branch) = (name("remote", "remote: origin"), name("branch", "branch: main"));
    let confirm = entries.get("confirm").is_some_and(|node| reader.flag(node, "`confirm`").unwrap_or_default());
    Some(Push { remote: remote?, branch: branch?, confirm })
}
