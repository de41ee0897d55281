//! From the YAML tree to the plan: every key is known, every value has its type, and what is wrong is collected, not thrown.

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::decode_command::commands;
use crate::plan::diagnostics::{Problem, Problems};
use crate::plan::faults::Place;
use crate::plan::glob;
use crate::plan::levels::Levels;
use crate::plan::metrics::Declared;
use crate::plan::node::{Kind, Like, Node};
use crate::plan::reader::Reader;
use crate::plan::rule_names::Names;
use crate::plan::source::{Source, Span};
use crate::plan::target::{self, Defaults};
use crate::plan::view::quoted;
use crate::plan::{
    CacheKeys, Command, CommitFormat, GateFailure, OnFailure, Phase, Plan, Scope, Share, Units, aftermath, cache, check, group,
    metrics, rules, scalar, template, triggers, units,
};

/// The version of the format that this program reads.
const VERSION: &str = "1";

/// Reads a plan from its tree. Of one that is wrong, `others` may find more in what could be read of it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn plan(source: Arc<Source>, root: &Node, others: impl FnOnce(&Plan) -> Vec<Problem>) -> Result<Plan, Problems> {
    let mut reader = Reader::new(&source);
    let decoded = decode(&mut reader, root);
    let Reader { mut problems, warnings, .. } = reader;
    match decoded {
        Some(plan) if problems.is_empty() => Ok(Plan { warnings, source, ..plan }),
        decoded => {
            decoded.as_ref().map_or_else(Vec::new, others).into_iter().for_each(|problem| problems.push(problem));
            Err(problems.into_problems(source))
        }
    }
}

/// The keys of a plan.
const KEYS: [&str; 16] = [
    "version", "name", "issue", "scope", "guards", "rules", "commit", "format", "validate", "verify", "levels", "metrics",
    "triggers", "push", "cache", "phases",
];

fn decode(reader: &mut Reader<'_>, root: &Node) -> Option<Plan> {
    if matches!(root.kind, Kind::Null) {
        reader.problems.push(Problem::whole("the plan has no phases", "a plan begins with `version: 1` and lists its `phases`"));
        return None;
    }
    if is_of_another_version(reader, root) {
        return None;
    }
    let entries = reader.map(root, "the plan", &KEYS)?;
    if let Some(version) = reader.required(&entries, "version", "the plan", "version: 1")
        && !matches!(&version.kind, Kind::Scalar(text, Like::Number) if text == VERSION)
    {
        reader.mismatch(version, "`version`", "the number 1");
    }
    let name = reader
        .required(&entries, "name", "the plan", "name: websocket-ssot")
        .and_then(|node| reader.name(node, "`name`", "a plan's name"));
    let issue = entries.get("issue").and_then(|node| reader.line(node, "`issue`").map(ToOwned::to_owned));
    let (rules, names) = entries.get("rules").map_or_else(Default::default, |node| rules::read(reader, node));
    let name = name.unwrap_or_default();
    let commit = commit(reader, entries.get("commit"), &name);
    let scope = entries.get("scope").map_or_else(Scope::default, |node| scope(reader, node));
    let metrics = entries.get("metrics").map_or_else(Declared::default, |node| metrics::read(reader, node));
    let triggers = entries.get("triggers").map_or_else(Vec::new, |node| triggers::read(reader, node, &metrics));
    let push = entries.get("push").and_then(|node| aftermath::push(reader, node));
    let cache = entries.get("cache").map_or_else(CacheKeys::default, |node| cache::read(reader, node));
    let levels = Levels::read(reader, entries.get("levels"), &metrics);
    let defaults = Defaults::of_plan(reader, &entries, &names, levels);
    let mut phases = match entries.get("phases") {
        Some(node) => phases(reader, node, (&names, &metrics), &defaults),
        None => {
            reader.report(entries.key("phases"), "the plan has no phases", "add `phases:` with at least one phase");
            Vec::new()
        }
    };
    check::renames(reader, &rules, &names);
    check::rewrites(reader, &rules, &names);
    check::files(reader, &phases);
    check::groups(reader, &phases);
    group::share_labels(&mut phases);
    check::unused(reader, &phases, &names);
    defaults.unused_levels(reader);
    triggers::phases(reader, &triggers, &metrics, &phases);
    let (issue, warnings, source) = (issue.unwrap_or_default(), Vec::new(), Arc::default());
    Some(Plan {
        name,
        issue,
        rules,
        commit,
        phases,
        metrics: metrics.list,
        triggers,
        push,
        cache,
        scope,
        warnings,
        source,
        file: None,
    })
}

/// A newer plan is refused by its version alone: what else looks wrong may be right there.
fn is_of_another_version(reader: &mut Reader<'_>, root: &Node) -> bool {
    let Kind::Map(pairs) = &root.kind else { return false };
    let is_version = |node: &Node| matches!(&node.kind, Kind::Scalar(text, _) if text == "version");
    let Some((_, version)) = pairs.iter().find(|(key, _)| is_version(key)) else { return false };
    let Kind::Scalar(text, Like::Number) = &version.kind else { return false };
    if text == VERSION {
        return false;
    }
    let is_newer = text.parse::<f64>().is_ok_and(|number| number > 1.0);
    let help = if is_newer { "this plan needs a newer migrate; this one reads version 1" } else { "write `version: 1`" };
    reader.report(version.span, format!("the plan's version is {}, not 1", quoted(text)), help);
    true
}

fn commit(reader: &mut Reader<'_>, node: Option<&Node>, plan: &str) -> CommitFormat {
    let mut format = CommitFormat {
        message: None,
        title: format!("apply {plan}"),
        summary: format!("One step of the migration {plan}."),
        transform: String::new(),
        footer: None,
    };
    let known = ["title", "summary", "transform", "message", "footer"];
    let Some(entries) = node.and_then(|node| reader.map(node, "`commit`", &known)) else { return format };
    for (key, slot) in [("title", &mut format.title), ("transform", &mut format.transform)] {
        if let Some(text) = entries.get(key).and_then(|node| reader.line(node, &format!("`{key}`"))) {
            text.clone_into(slot);
        }
    }
    if let Some(text) = entries.get("summary").and_then(|node| block(reader, node, "`summary`")) {
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
        format.summary = lines.join("\n");
    }
    if let Some(node) = entries.get("footer")
        && let Some(text) = block(reader, node, "`footer`")
    {
        unreserved(reader, node, text, "`footer`");
        format.footer = Some(text.trim_end_matches('\n').to_owned());
    }
    if let Some(node) = entries.get("message")
        && let Some(text) = block(reader, node, "`message`")
    {
        for fault in template::faults(text) {
            let is_end = |c: char| c != '_' && !c.is_ascii_alphanumeric();
            let span = match (&fault.word, fault.line) {
                (Some(word), _) => reader.inside(node, word, is_end),
                (None, Some(line)) => reader.line_inside(node, line),
                (None, None) => node.span,
            };
            reader.report(span, fault.message, fault.help);
        }
        unreserved(reader, node, text, "`message`");
        format.message = Some(text.to_owned());
    }
    format
}

/// Reports lines that would cut a message in two or be taken for a trailer of ours.
fn unreserved(reader: &mut Reader<'_>, node: &Node, text: &str, what: &str) {
    for (number, line) in text.lines().enumerate().filter(|(_, line)| template::is_reserved(line)).take(5) {
        let span = reader.line_inside(node, number + 1);
        let help = "git would end the message here, or take the line for one that only migrate writes: change its beginning";
        reader.report(span, format!("{what} has the line {}", quoted(line)), help);
    }
}

/// A text of several lines that says something.
fn block<'n>(reader: &mut Reader<'_>, node: &'n Node, what: &str) -> Option<&'n str> {
    let text = reader.text(node, what)?;
    if text.trim().is_empty() {
        reader.report(node.span, format!("{what} is empty"), "write something, or remove the key");
        return None;
    }
    Some(text)
}

fn scope(reader: &mut Reader<'_>, node: &Node) -> Scope {
    let Some(entries) = reader.map(node, "`scope`", &["include", "exclude"]) else { return Scope::default() };
    let mut read = |key: &str| {
        let node = entries.get(key);
        node.map_or_else(Vec::new, |node| glob::read(reader, node, &format!("`{key}`")).0)
    };
    Scope { include: read("include"), exclude: read("exclude") }
}

fn phases(reader: &mut Reader<'_>, node: &Node, named: Named<'_>, defaults: &Defaults) -> Vec<Phase> {
    let Some(items) = reader.list(node, "`phases`") else { return Vec::new() };
    if items.is_empty() {
        reader.report(node.span, "the plan has no phases", "list at least one phase with its files");
    }
    let mut seen: HashMap<String, Span> = HashMap::new();
    items.iter().filter_map(|item| phase(reader, item, named, defaults, &mut seen)).collect()
}

/// What the plan has names for that its phases use.
type Named<'n> = (&'n Names, &'n Declared);

/// The most units that are judged together.
const MOST_IN_A_BATCH: u32 = 1000;

fn phase(
    reader: &mut Reader<'_>,
    node: &Node,
    (rules, metrics): Named<'_>,
    defaults: &Defaults,
    seen: &mut HashMap<String, Span>,
) -> Option<Phase> {
    let own = ["id", "title", "on_failure", "max_quarantined", "gate", "after_rollback", "budget", "units", "batch", "files"];
    let known: Vec<&str> = own.into_iter().chain(target::SHARED).collect();
    let entries = reader.map(node, "the phase", &known)?;
    let id = reader.required(&entries, "id", "the phase", "id: P0").and_then(|node| phase_id(reader, node, seen));
    let title = entries.get("title").and_then(|node| reader.line(node, "`title`").map(ToOwned::to_owned));
    let policies = [("stop", OnFailure::Stop), ("quarantine", OnFailure::Quarantine)];
    let on_failure =
        entries.get("on_failure").and_then(|node| reader.choice(node, "`on_failure`", &policies)).unwrap_or_default();
    let max_quarantined = entries.get("max_quarantined").and_then(|node| share(reader, node));
    if entries.get("max_quarantined").is_some() && on_failure == OnFailure::Stop {
        let help = "add `on_failure: quarantine`, or remove it: a phase that stops quarantines nothing";
        reader.report(entries.key("max_quarantined"), "`max_quarantined` without `on_failure: quarantine`", help);
    }
    let (gate, gate_metrics, gate_on_failure) =
        entries.get("gate").map_or_else(Default::default, |node| gate(reader, node, metrics));
    let after_rollback = entries.get("after_rollback").and_then(|node| aftermath::after_rollback(reader, node, metrics));
    let budget = aftermath::time(reader, &entries, "budget");
    let batch = entries.get("batch").and_then(|node| batch(reader, node)).unwrap_or(1);
    let units = entries.get("units").map_or_else(Units::default, |node| units::read(reader, node));
    let defaults = defaults.with(reader, &entries, rules);
    let targets = match reader.required(&entries, "files", "the phase", "files: [a/b.py]") {
        Some(node) => target::targets(reader, node, &defaults, rules),
        None => Vec::new(),
    };
    let id = id.unwrap_or_default();
    Some(Phase {
        id,
        title,
        on_failure,
        max_quarantined,
        gate,
        gate_on_failure,
        gate_metrics,
        after_rollback,
        budget,
        batch,
        units,
        targets,
    })
}

fn phase_id(reader: &mut Reader<'_>, node: &Node, seen: &mut HashMap<String, Span>) -> Option<String> {
    let id = reader.line(node, "`id`")?;
    if id.bytes().all(|byte| byte.is_ascii_digit()) {
        let help = format!("`--phase {id}` means the phase at that place; call it `P{id}` instead");
        reader.report(node.span, format!("the phase id {} is a number", quoted(id)), help);
        return None;
    }
    if !scalar::is_id(id) {
        let help = "an id is made of letters, digits, `_`, `.` and `-`, at most 100 of them";
        reader.report(node.span, format!("{} cannot be a phase's id", quoted(id)), help);
        return None;
    }
    if let Some(first) = seen.get(id).copied() {
        let (line, _) = reader.source.line_column(first.offset);
        let message = format!("two phases have the id {} (first on line {line})", quoted(id));
        reader.problems.push(Problem::at(node.span, message, "give each phase an id of its own").and(first, "first used here"));
    } else {
        seen.insert(id.to_owned(), node.span);
    }
    Some(id.to_owned())
}

fn share(reader: &mut Reader<'_>, node: &Node) -> Option<Share> {
    let Kind::Scalar(text, _) = &node.kind else {
        reader.mismatch(node, "`max_quarantined`", "a percentage such as 10%");
        return None;
    };
    let share = scalar::share(text.trim());
    if share.is_none() {
        let message = format!("{} is not a percentage", quoted(text));
        reader.report(node.span, message, "write it as `10%` or `2.5%`, from 0% to 100% with at most two decimals");
    }
    share
}

fn gate(reader: &mut Reader<'_>, node: &Node, metrics: &Declared) -> (Vec<Command>, Vec<String>, GateFailure) {
    let Some(entries) = reader.map(node, "the gate", &["run", "metrics", "on_failure"]) else { return Default::default() };
    let acts = [
        ("stop", GateFailure::Stop),
        ("culprits", GateFailure::Culprits),
        ("rollback-phase", GateFailure::RollbackPhase),
        ("pause", GateFailure::Pause),
    ];
    let on_failure = entries.get("on_failure").and_then(|node| reader.choice(node, "`on_failure`", &acts)).unwrap_or_default();
    let numbers = entries.get("metrics").map_or_else(Vec::new, |node| triggers::names(reader, node, metrics));
    let run = match entries.get("metrics") {
        Some(_) => entries.get("run"),
        None => reader.required(&entries, "run", "the gate", "run: [make test]"),
    };
    (run.map_or_else(Vec::new, |node| commands(reader, node, "`run`", Place::Gate)), numbers, on_failure)
}

/// Reads how many units are judged together.
fn batch(reader: &mut Reader<'_>, node: &Node) -> Option<usize> {
    if let Kind::Scalar(text, Like::Number) = &node.kind {
        let message = format!("`batch` cannot be `{}` alone", text.trim());
        reader.report(node.span, message, format!("write `batch: {{ max: {} }}`", text.trim()));
        return None;
    }
    let entries = reader.map(node, "`batch`", &["max"])?;
    let node = reader.required(&entries, "max", "`batch`", "max: 64")?;
    reader.number(node, "`max`", 1, MOST_IN_A_BATCH).and_then(|max| usize::try_from(max).ok())
}
