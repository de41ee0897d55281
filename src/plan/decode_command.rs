//! From the YAML tree to commands: how they are written, how long they may take, what their text may hold.

use std::time::Duration;

use crate::plan::faults::{Place, faults};
use crate::plan::glob;
use crate::plan::node::{Kind, Node};
use crate::plan::reader::Entries;
use crate::plan::reader::{Reader, nearest};
use crate::plan::source::Span;
use crate::plan::view::quoted;
use crate::plan::{Builtin, Command, DEFAULT_TIMEOUT, Own, ReportFormat, Run, scalar};

/// The keys of a command.
const KEYS: [&str; 16] = [
    "run",
    "timeout",
    "retries",
    "allow_empty",
    "report",
    "only",
    "ok_exit",
    "keep",
    "at",
    "exclusive",
    "private",
    "keep_line_endings",
    "repeat",
    "attempts",
    "confirm",
    "builtin",
];

/// Those that only a command has which judges something.
const OF_JUDGES: [&str; 8] = ["retries", "allow_empty", "report", "only", "keep", "at", "exclusive", "private"];

/// Those of them that are about verdicts.
const OF_VERDICTS: [&str; 3] = ["retries", "allow_empty", "report"];

/// Those that only a command has which changes a file.
const OF_RULES: [&str; 3] = ["keep_line_endings", "repeat", "attempts"];

/// Those beside `builtin`.
const OF_BUILTINS: [&str; 4] = ["builtin", "timeout", "only", "at"];

/// How often a command may be run again when it fails.
const MOST_RETRIES: u32 = 10;

/// How often a codemod may be tried on a file.
const MOST_ATTEMPTS: u32 = 10;

/// Reads a list of commands.
pub fn commands(reader: &mut Reader<'_>, node: &Node, what: &str, place: Place) -> Vec<Command> {
    let Some(items) = reader.list(node, what) else { return Vec::new() };
    items.iter().filter_map(|item| command(reader, item, place)).collect()
}

/// Reads one command: a text, a list of words, or a map with `run` and what else is said of it.
pub fn command(reader: &mut Reader<'_>, node: &Node, place: Place) -> Option<Command> {
    let Kind::Map(pairs) = &node.kind else {
        let run = run(reader, node, place)?;
        unasked_report(reader, node, &run, place);
        return Some(Command::plain(run, node.span));
    };
    // A text with a colon and a blank in it. Every short word is near to so short a key as `at`.
    if let [(Node { kind: Kind::Scalar(key, _), .. }, _)] = pairs.as_slice()
        && nearest(key, &KEYS).is_none_or(|near| near.len() < 3 && near != key)
    {
        reader.mismatch(node, "the command", "a text or a list of words");
        return None;
    }
    let entries = reader.map(node, "the command", &KEYS)?;
    command_of(reader, node, &entries, place)
}

/// The same of a map that was looked at already, and may hold more.
pub(super) fn command_of(reader: &mut Reader<'_>, node: &Node, entries: &Entries<'_>, place: Place) -> Option<Command> {
    if place == Place::Gate && entries.get("only").is_some() {
        let help = "remove it, or move the command to `validate`";
        let message = "a gate has no `only`: it runs once, after the last file of the phase";
        reader.report(entries.key("only"), message, help);
    }
    if let Some(named) = entries.get("builtin") {
        return builtin(reader, node, entries, named, place);
    }
    for key in entries.chosen(&OF_JUDGES).into_iter().filter(|_| place == Place::Rule) {
        let help = "remove it: it is for the commands of `validate`, `verify` and gates";
        reader.report(entries.key(key), format!("a rule's command has no `{key}`: it judges nothing"), help);
    }
    for key in entries.chosen(&OF_VERDICTS).into_iter().filter(|_| place == Place::Format) {
        let help = "remove it: it is for the commands of `validate`, `verify` and gates";
        reader.report(entries.key(key), format!("a command of `format` has no `{key}`: it judges nothing"), help);
    }
    if place != Place::Recovery && entries.get("confirm").is_some() {
        let help = "remove it: it is for the commands of `after_rollback`, such as one that deploys";
        reader.report(entries.key("confirm"), "only a command of `after_rollback` has `confirm`", help);
    }
    // A metric's `repeat` is a number of its own.
    for key in entries.chosen(&OF_RULES).into_iter().filter(|_| !matches!(place, Place::Rule | Place::Metric)) {
        let help = "remove it: it is for the `command` of a rule";
        reader.report(entries.key(key), format!("only a rule's command has `{key}`: others change no file"), help);
    }
    let run_node = reader.required(entries, "run", "the command", "run: \"python3 -m py_compile {file}\"");
    let run = run_node.and_then(|node| run_of(reader, node, place));
    let report = entries.get("report").map(|node| reader.choice(node, "`report`", &[("junit", ReportFormat::Junit)]));
    match (&run, report) {
        (Some(run), None) => run_node.into_iter().for_each(|node| unasked_report(reader, node, run, place)),
        (Some(run), Some(Some(ReportFormat::Junit))) if place != Place::Rule && !run.names_report() => {
            let help = "say in `run` where it goes, such as `pytest --junitxml={report}`, or by \"$MIGRATE_REPORT\"";
            reader.report(entries.key("report"), "`report: junit` for a command that names no `{report}`", help);
        }
        _ => {}
    }
    let timeout = match entries.get("timeout") {
        Some(node) => duration(reader, node)?,
        None => DEFAULT_TIMEOUT,
    };
    let retries = entries.get("retries").map(|node| reader.number(node, "`retries`", 0, MOST_RETRIES));
    let allow_empty = entries.get("allow_empty").is_some_and(|node| reader.flag(node, "`allow_empty`").unwrap_or_default());
    let only = entries.get("only").map_or_else(Vec::new, |node| glob::read(reader, node, "`only`").0);
    let keep = entries.get("keep").map_or_else(Vec::new, |node| glob::read(reader, node, "`keep`").0);
    let at_tree = entries.get("at").and_then(|node| reader.choice(node, "`at`", &[("tree", true)])).unwrap_or_default();
    let exclusive = entries.get("exclusive").and_then(|node| exclusive(reader, node));
    let private = entries.get("private").map_or_else(Vec::new, |node| private(reader, node));
    if at_tree && !private.is_empty() {
        let help = "remove one of the two: what runs in the work tree itself shares all with it";
        reader.report(entries.key("private"), "`private` for a command with `at: tree`", help);
    }
    let (retries, report) = (retries.flatten().unwrap_or_default(), report.flatten());
    let ok_exit = entries.get("ok_exit").map_or_else(Vec::new, |node| statuses(reader, node));
    let mut flag = |key: &str| entries.get(key).is_some_and(|node| reader.flag(node, &format!("`{key}`")).unwrap_or_default());
    let keep_line_endings = flag("keep_line_endings");
    let confirm = flag("confirm");
    let repeat = entries
        .get("repeat")
        .filter(|_| place != Place::Metric)
        .map(|node| reader.choice(node, "`repeat`", &[("until-stable", true)]));
    let until_stable = repeat.flatten().unwrap_or_default();
    let plain = Command::plain(run?, node.span);
    let of_judges = Command { timeout, retries, allow_empty, report, only, ok_exit, keep, at_tree, exclusive, private, ..plain };
    let attempts = entries.get("attempts").and_then(|node| reader.number(node, "`attempts`", 1, MOST_ATTEMPTS));
    let attempts = attempts.filter(|attempts| *attempts > 1).unwrap_or_default();
    Some(Command { keep_line_endings, until_stable, attempts, confirm, ..of_judges })
}

/// Reads the name of what a command wants for itself.
fn exclusive(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.line(node, "`exclusive`")?;
    if !scalar::is_id(name) {
        let help = "name what no two commands may use at a time, such as `exclusive: database`";
        reader.report(node.span, format!("{} cannot be the name of it", quoted(name)), help);
        return None;
    }
    Some(name.to_owned())
}

/// Reads what a command wants for itself.
fn private(reader: &mut Reader<'_>, node: &Node) -> Vec<Own> {
    if let Kind::Scalar(text, _) = &node.kind {
        let message = format!("`private`: expected a list, found {}", node.found());
        reader.report(node.span, message, format!("put it in brackets: `[{}]`", text.trim()));
        return Vec::new();
    }
    let Some(items) = reader.list(node, "`private`") else { return Vec::new() };
    let words = [("tmp", Own::Tmp), ("network", Own::Network)];
    let mut own: Vec<Own> = items.iter().filter_map(|item| reader.choice(item, "`private`", &words)).collect();
    own.sort_unstable();
    own.dedup();
    own
}

/// Reads what is built in.
fn builtin(reader: &mut Reader<'_>, node: &Node, entries: &Entries<'_>, named: &Node, place: Place) -> Option<Command> {
    for (key, span, _) in entries.iter().filter(|(key, ..)| !OF_BUILTINS.contains(key)) {
        let (message, help) = match key {
            "run" => ("a command has `run` or `builtin`, not both".to_owned(), "make two commands of it".to_owned()),
            key => {
                (format!("`builtin` has no `{key}`"), "remove it: beside `builtin` stand `timeout`, `only` and `at`".to_owned())
            }
        };
        reader.report(span, message, help);
    }
    if matches!(place, Place::Rule | Place::Format) {
        let help = "use it in `validate`, `verify` or a gate";
        reader.report(entries.key("builtin"), "what is built in changes no file: it only judges", help);
    }
    let run = reader.choice(named, "`builtin`", &Builtin::ALL).map(Run::Builtin);
    let timeout = entries.get("timeout").map_or(Some(DEFAULT_TIMEOUT), |node| duration(reader, node))?;
    let only = entries.get("only").map_or_else(Vec::new, |node| glob::read(reader, node, "`only`").0);
    let at_tree = entries.get("at").and_then(|node| reader.choice(node, "`at`", &[("tree", true)])).unwrap_or_default();
    let plain = Command::plain(run?, node.span);
    // It tells what it found by a report, and of files that are no Python it has nothing to tell.
    Some(Command { timeout, only, at_tree, report: Some(ReportFormat::Junit), allow_empty: true, ..plain })
}

/// Reads exit statuses, each once and in their order; none where they are what goes without saying.
fn statuses(reader: &mut Reader<'_>, node: &Node) -> Vec<u8> {
    if let Kind::Scalar(text, _) = &node.kind {
        let message = format!("`ok_exit`: expected a list, found {}", node.found());
        reader.report(node.span, message, format!("put it in brackets: `[{}]`", text.trim()));
        return Vec::new();
    }
    let Some(items) = reader.list(node, "`ok_exit`") else { return Vec::new() };
    if items.is_empty() {
        reader.report(
            node.span,
            "`ok_exit` is empty",
            "give the exit statuses that are success, such as `[0, 1]`, or remove the key",
        );
    }
    let mut statuses: Vec<u8> = items
        .iter()
        .filter_map(|item| reader.number(item, "`ok_exit`", 0, 255))
        .filter_map(|status| status.try_into().ok())
        .collect();
    statuses.sort_unstable();
    statuses.dedup();
    if statuses == [0] { Vec::new() } else { statuses }
}

/// Reports a place for a report that nobody would read.
fn unasked_report(reader: &mut Reader<'_>, node: &Node, run: &Run, place: Place) {
    if place != Place::Rule && run.has_field("report") {
        let span = inside(reader, node, "{report}");
        let help = "add the key, as in `{ run: \"pytest --junitxml={report}\", report: junit }`";
        reader.report(span, "`{report}` without `report: junit`", help);
    }
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
    for fault in faults(&run, place) {
        if reader.problems.is_full() {
            break;
        }
        let span = inside(reader, node, &fault.word);
        reader.report(span, fault.message, fault.help);
    }
    Some(run)
}

/// Where a word stands inside the text or the words of a command.
fn inside(reader: &Reader<'_>, node: &Node, word: &str) -> Span {
    let holds = |node: &&Node| matches!(&node.kind, Kind::Scalar(text, _) if text.contains(word));
    let holder = match &node.kind {
        Kind::List(words) => words.iter().find(holds).unwrap_or(node),
        Kind::Scalar(..) | Kind::Null | Kind::Map(_) => node,
    };
    reader.inside(holder, word, |_| true)
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
