//! From the YAML tree to commands: how they are written, how long they may take, what their text may hold.

use std::time::Duration;

use crate::plan::command::{self, Place};
use crate::plan::node::{Kind, Node};
use crate::plan::reader::{Reader, nearest};
use crate::plan::view::quoted;
use crate::plan::{Command, DEFAULT_TIMEOUT, Run, scalar};

/// The keys of a command.
const KEYS: [&str; 2] = ["run", "timeout"];

/// Reads a list of commands.
pub fn commands(reader: &mut Reader<'_>, node: &Node, what: &str, place: Place) -> Vec<Command> {
    let Some(items) = reader.list(node, what) else { return Vec::new() };
    items.iter().filter_map(|item| command(reader, item, place)).collect()
}

/// Reads one command: a text, a list of words, or a map with `run` and `timeout`.
pub fn command(reader: &mut Reader<'_>, node: &Node, place: Place) -> Option<Command> {
    let Kind::Map(pairs) = &node.kind else {
        return run(reader, node, place).map(|run| Command { run, timeout: DEFAULT_TIMEOUT, place: node.span });
    };
    // A text with a colon and a blank in it.
    if let [(Node { kind: Kind::Scalar(key, _), .. }, _)] = pairs.as_slice()
        && nearest(key, &KEYS).is_none()
    {
        reader.mismatch(node, "the command", "a text or a list of words");
        return None;
    }
    let entries = reader.map(node, "the command", &KEYS)?;
    let run = reader.required(&entries, "run", "the command", "run: \"python3 -m py_compile {file}\"");
    let run = run.and_then(|node| run_of(reader, node, place));
    let timeout = match entries.get("timeout") {
        Some(node) => duration(reader, node)?,
        None => DEFAULT_TIMEOUT,
    };
    Some(Command { run: run?, timeout, place: node.span })
}

fn run_of(reader: &mut Reader<'_>, node: &Node, place: Place) -> Option<Run> {
    if matches!(node.kind, Kind::Map(_)) {
        reader.mismatch(node, "`run`", "a text or a list of words");
        return None;
    }
    run(reader, node, place)
}

fn run(reader: &mut Reader<'_>, node: &Node, place: Place) -> Option<Run> {
    let run = match &node.kind {
        Kind::List(words) => {
            let words: Option<Vec<String>> =
                words.iter().map(|word| reader.text(word, "a word of the command").map(ToOwned::to_owned)).collect();
            let words = words?;
            if words.first().is_none_or(|program| program.trim().is_empty()) {
                reader.report(node.span, "the command is empty", "its first word is the program to start");
                return None;
            }
            Run::Argv(words)
        }
        Kind::Scalar(..) => {
            let text = reader.text(node, "the command")?;
            if text.trim().is_empty() {
                reader.report(node.span, "the command is empty", "write what is to be run, or remove it");
                return None;
            }
            Run::Shell(text.to_owned())
        }
        Kind::Null | Kind::Map(_) => {
            reader.mismatch(node, "the command", "a text or a list of words");
            return None;
        }
    };
    for fault in command::faults(&run, place) {
        if reader.problems.is_full() {
            break;
        }
        let span = reader.inside(node, &fault.word, |_| true);
        reader.report(span, fault.message, fault.help);
    }
    Some(run)
}

fn duration(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    let Kind::Scalar(text, _) = &node.kind else {
        reader.mismatch(node, "`timeout`", "a duration such as 30s");
        return None;
    };
    match scalar::duration(text.trim()) {
        Ok(duration) => Some(duration),
        Err(problem) => {
            let help = if problem == "has no unit" {
                format!("seconds are written `{}s`", text.trim())
            } else {
                "write it as `500ms`, `30s`, `2m` or `1h30m`; at most seven days".to_owned()
            };
            reader.report(node.span, format!("the timeout {} {problem}", quoted(text)), help);
            None
        }
    }
}
