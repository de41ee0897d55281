//! The named transforms of a plan: what each does, and the examples that show it.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use crate::pattern::constraint::{Constraint, ExpressionKind, Place as Around};
use crate::pattern::{Pattern, PatternProblem, Side};
use crate::plan::decode_command::command;
use crate::plan::diagnostics::Problem;
use crate::plan::faults::Place;
use crate::plan::names::side_names;
use crate::plan::node::{Kind, Node};
use crate::plan::reader::{Entries, Reader};
use crate::plan::rule_names::Names;
use crate::plan::source::Span;
use crate::plan::view::quoted;
use crate::plan::{Comments, Example, Rename, Rewrite, Rule, RuleKind, scalar, within};

/// The most rules a plan may have.
const MOST_RULES: usize = 1000;

/// The keys that say what a rule does.
const KINDS: [&str; 3] = ["rename", "rewrite", "command"];

/// The keys of a `rename`.
const RENAME: [&str; 4] = ["from", "to", "strings", "docs"];

/// The keys of a `rewrite`.
const REWRITE: [&str; 6] = ["before", "after", "where", "comments", "strings", "docs"];

/// The words for kinds of expression.
const EXPRESSIONS: [(&str, ExpressionKind); 10] = [
    ("name", ExpressionKind::Name),
    ("attribute", ExpressionKind::Attribute),
    ("subscript", ExpressionKind::Subscript),
    ("call", ExpressionKind::Call),
    ("string", ExpressionKind::String),
    ("number", ExpressionKind::Number),
    ("literal", ExpressionKind::Literal),
    ("await", ExpressionKind::Await),
    ("lambda", ExpressionKind::Lambda),
    ("collection", ExpressionKind::Collection),
];

/// The words for what something stands inside.
const AROUND: [(&str, Around); 7] = [
    ("async-def", Around::AsyncDef),
    ("def", Around::Def),
    ("class", Around::Class),
    ("loop", Around::Loop),
    ("try", Around::Try),
    ("with", Around::With),
    ("test", Around::Test),
];

/// Reads `rules`, with their names and places.
pub fn read(reader: &mut Reader<'_>, node: &Node) -> (Vec<Rule>, Names) {
    let Some(entries) = reader.names(node, "`rules`") else { return Default::default() };
    let (mut rules, mut names) = (Vec::new(), Names::default());
    for (name, span, node) in entries.iter() {
        if rules.len() == MOST_RULES {
            reader.report(span, format!("more than {MOST_RULES} rules"), "split the plan");
            break;
        }
        if name == "edits" {
            reader.report(span, "`edits` cannot name a rule", "the word stands for a file's own edits in commit messages");
        } else if !scalar::is_id(name) {
            let help = "a name is made of letters, digits, `_`, `.` and `-`, at most 100 of them";
            reader.report(span, format!("{} cannot name a rule", quoted(name)), help);
        }
        let what = format!("the rule {}", quoted(name));
        let home = |key: &str| match key {
            _ if RENAME.contains(&key) && REWRITE.contains(&key) => {
                Some(format!("move {} into its `rename` or `rewrite`", quoted(key)))
            }
            _ if RENAME.contains(&key) => Some(format!("move {} into its `rename`", quoted(key))),
            _ if REWRITE.contains(&key) => Some(format!("move {} into its `rewrite`", quoted(key))),
            _ => None,
        };
        let known = [&KINDS[..], &["examples", "may_match_nothing", "deprecated"]].concat();
        let entries = reader.map_beside(node, &what, &known, home);
        let kind = entries.as_ref().and_then(|entries| kind(reader, node, entries, &what));
        let examples = entries.as_ref().map_or_else(Vec::new, |entries| examples(reader, entries));
        // A rule that is broken keeps its name, so that those who use it are not reported too.
        let may_match_nothing = entries.as_ref().is_some_and(|entries| flag(reader, entries, "may_match_nothing"));
        let kind = kind.unwrap_or(RuleKind::Rename(Rename::default()));
        rules.push(Rule { name: name.to_owned(), kind, examples, may_match_nothing, place: span });
        names.push(name, span);
    }
    (rules, names)
}

fn kind(reader: &mut Reader<'_>, node: &Node, entries: &Entries<'_>, what: &str) -> Option<RuleKind> {
    match entries.chosen(&KINDS)[..] {
        [kind @ ("rename" | "command")] if entries.get("deprecated").is_some() => {
            let help = "remove it: only a `rewrite` may be about less than its names";
            reader.report(entries.key("deprecated"), format!("`deprecated` of a `{kind}`"), help);
            None
        }
        ["rename"] => rename(reader, entries.get("rename")?, &format!("the rename of {what}")).map(RuleKind::Rename),
        ["rewrite"] => {
            let deprecated = entries.get("deprecated").map(|node| {
                let names = reader.list(node, "`deprecated`").unwrap_or_default().iter();
                names.filter_map(|name| dotted(reader, name, "a name in `deprecated`")).collect::<Vec<String>>()
            });
            rewrite(reader, entries.get("rewrite")?, deprecated, what).map(RuleKind::Rewrite)
        }
        ["command"] => {
            if entries.get("examples").is_some() {
                let help = "remove them: only a run can tell what a command makes of a text";
                reader.report(entries.key("examples"), "`examples` of a `command`", help);
            }
            command(reader, entries.get("command")?, Place::Rule).map(RuleKind::Command)
        }
        [] => {
            reader.report(node.span, format!("{what} does nothing"), "give it a `rename`, a `rewrite` or a `command`");
            None
        }
        _ => {
            let last = KINDS.into_iter().rfind(|kind| entries.get(kind).is_some()).unwrap_or_default();
            reader.report(entries.key(last), format!("{what} does two things"), "make it two rules: one for each");
            None
        }
    }
}

fn rename(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Rename> {
    let entries = reader.map(node, what, &RENAME)?;
    let from = reader.required(&entries, "from", what, "from: package.module.old");
    let to = reader.required(&entries, "to", what, "to: package.module.new");
    let from = from.and_then(|node| dotted(reader, node, "`from`"));
    let place = to;
    let to = to.and_then(|node| bordered(reader, node));
    let (strings, docs) = (flag(reader, &entries, "strings"), flag(reader, &entries, "docs"));
    let (from, (to, module)) = (from?, to?);
    if from == to {
        reader.report(place?.span, format!("{what} renames {} to itself", quoted(&from)), "give the new name here");
        return None;
    }
    Some(Rename { from, to, module, found: None, strings, docs })
}

fn dotted(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = reader.line(node, what)?;
    if let Some(problem) = scalar::dotted_problem(text) {
        let help = "give a qualified Python name, such as `package.module.name`";
        reader.report(node.span, format!("{what}: {} {problem}", quoted(text)), help);
        return None;
    }
    Some(text.to_owned())
}

/// Reads `to`: a dotted name, in which a colon in the place of a dot says where the module ends. Gives the name and the module.
fn bordered(reader: &mut Reader<'_>, node: &Node) -> Option<(String, Option<String>)> {
    if matches!(&node.kind, Kind::Null) || matches!(&node.kind, Kind::Scalar(text, _) if text.trim().is_empty()) {
        let help = "write the dotted name that replaces it, such as `package.module.new`; where more than the name changes use \
                    `rewrite: { before: ..., after: ... }` instead";
        reader.report(node.span, "what replaces the old name is not written yet: `to` is empty", help);
        return None;
    }
    let text = reader.line(node, "`to`")?;
    let Some((module, rest)) = text.split_once(':') else { return dotted(reader, node, "`to`").map(|name| (name, None)) };
    if let Some(problem) = scalar::dotted_problem(module).or_else(|| scalar::dotted_problem(rest)) {
        let help = "a colon stands between a module and what is in it, as in `package.module:Class.name`";
        reader.report(node.span, format!("`to`: {} {problem}", quoted(text)), help);
        return None;
    }
    Some((format!("{module}.{rest}"), Some(module.to_owned())))
}

fn flag(reader: &mut Reader<'_>, entries: &Entries<'_>, key: &str) -> bool {
    entries.get(key).and_then(|node| reader.flag(node, &format!("`{key}`"))).unwrap_or(false)
}

fn rewrite(reader: &mut Reader<'_>, node: &Node, deprecated: Option<Vec<String>>, rule: &str) -> Option<Rewrite> {
    let what = &format!("the rewrite of {rule}");
    let entries = reader.map(node, what, &REWRITE)?;
    let before_node = reader.required(&entries, "before", what, "before: old($X)");
    let after_node = reader.required(&entries, "after", what, "after: new($X)");
    let before = before_node.and_then(|node| reader.text(node, "`before`"));
    let after = after_node.and_then(|node| reader.text(node, "`after`"));
    let (conditions, places) = entries.get("where").map_or_else(Default::default, |node| conditions(reader, node, rule));
    let kept = [("keep", Comments::Keep), ("refuse", Comments::Refuse)];
    let comments = entries.get("comments").and_then(|node| reader.choice(node, "`comments`", &kept)).unwrap_or_default();
    let (strings, docs) = (flag(reader, &entries, "strings"), flag(reader, &entries, "docs"));
    let (before, after) = (before?, after?);
    if before.trim().is_empty() {
        reader.report(entries.key("before"), "`before` is empty", "give the code that the rule replaces, with its imports above");
        return None;
    }
    if before.trim() == after.trim() {
        let help = "the rule would change nothing: give the new code as `after`";
        reader.report(entries.key("after"), "`before` and `after` are the same", help);
        return None;
    }
    let source = reader.source;
    let span = |PatternProblem { side, at, .. }: &PatternProblem| {
        let span = match side {
            Side::Before => before_node.map(|node| within::word(source, node, *at)),
            Side::After => after_node.map(|node| within::word(source, node, *at)),
            Side::Where(name) => places.get(name).map(|place| place.span),
        };
        span.unwrap_or(node.span)
    };
    match Pattern::compile(before, after, &conditions) {
        Ok(pattern) => {
            let warning = |hint: &PatternProblem| Problem::warning(span(hint), hint.message.as_str(), hint.help.as_str());
            reader.warnings.extend(pattern.hints().iter().map(warning));
            for (name, at) in side_names(before).bare {
                let span = before_node.map_or(node.span, |node| within::word(source, node, at));
                let message = format!("nothing in `before` says what {} is: it fits a local name or none at all", quoted(&name));
                let help = format!("import it above, as in `from MODULE import {name}`");
                reader.warnings.push(Problem::warning(span, message, help));
            }
            let pattern = Arc::new(pattern.deprecating(deprecated.as_deref()));
            let (before, after) = (before.to_owned(), after.to_owned());
            Some(Rewrite { before, after, conditions, comments, strings, docs, deprecated, pattern })
        }
        Err(problems) => {
            for problem in problems {
                let help = if problem.help.is_empty() { "correct the rule" } else { problem.help.as_str() };
                let field = match &problem.side {
                    Side::Before => "`before`".to_owned(),
                    Side::After => "`after`".to_owned(),
                    Side::Where(name) if places.get(name).is_some_and(|place| place.is_wrong) => continue,
                    Side::Where(name) => format!("the condition on {}", quoted(name)),
                };
                reader.report(span(&problem), format!("{field} of {rule}: {}", problem.message), help);
            }
            None
        }
    }
}

/// Where the name of a condition stands, and whether something is wrong with its expressions.
struct Condition {
    span: Span,
    is_wrong: bool,
}

/// Reads `where`, with the place of each name.
fn conditions(reader: &mut Reader<'_>, node: &Node, rule: &str) -> (BTreeMap<String, Constraint>, BTreeMap<String, Condition>) {
    let Some(entries) = reader.names(node, "`where`") else { return Default::default() };
    let (mut conditions, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (name, span, node) in entries.iter() {
        let what = format!("the condition on {}", quoted(name));
        let known = ["regex", "not-regex", "kind", "awaited", "inside", "not-inside"];
        let Some(entries) = reader.map(node, &what, &known) else { continue };
        let mut is_wrong = false;
        let mut text = |key: &str| {
            let node = entries.get(key)?;
            let text = reader.line(node, &format!("`{key}`"))?.to_owned();
            if let Err(error) = Regex::new(&text) {
                is_wrong = true;
                let (why, at) = told(&error, &text);
                // The value is looked at without the blanks around it.
                let blank = match &node.kind {
                    Kind::Scalar(value, _) => value.len() - value.trim_start().len(),
                    _ => 0,
                };
                let span = within::word(reader.source, node, blank + at);
                let message = format!("`{key}` of {what} of {rule}: {} is no regular expression: {why}", quoted(&text));
                reader.report(span, message, "the syntax is that of the Rust crate regex");
            }
            Some(text)
        };
        let (regex, not_regex) = (text("regex"), text("not-regex"));
        let condition = Constraint {
            regex,
            not_regex,
            kind: words(reader, &entries, "kind", &EXPRESSIONS),
            awaited: entries.get("awaited").and_then(|node| reader.flag(node, "`awaited`")),
            inside: words(reader, &entries, "inside", &AROUND),
            not_inside: words(reader, &entries, "not-inside", &AROUND),
        };
        conditions.insert(name.to_owned(), condition);
        places.insert(name.to_owned(), Condition { span, is_wrong });
    }
    (conditions, places)
}

/// What is wrong with a regular expression, and at which byte: its reader says so below a line of its own, with a caret.
fn told(error: &regex::Error, text: &str) -> (String, usize) {
    let said = error.to_string();
    let why = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("").trim().trim_start_matches("error: ").to_owned();
    let caret = said.lines().skip_while(|line| line.trim() != text.trim()).nth(1);
    let indent = said.lines().find(|line| line.trim() == text.trim()).map_or(0, |line| line.len() - line.trim_start().len());
    let nth = caret.and_then(|line| line.find('^')).map_or(0, |at| at.saturating_sub(indent));
    let at = text.char_indices().nth(nth).map_or(0, |(at, _)| at);
    (why, at)
}

/// One word out of a few, or a list of them.
fn words<T: Copy>(reader: &mut Reader<'_>, entries: &Entries<'_>, key: &str, choices: &[(&str, T)]) -> Vec<T> {
    let Some(node) = entries.get(key) else { return Vec::new() };
    let items = match &node.kind {
        Kind::Scalar(..) => std::slice::from_ref(node),
        _ => reader.list(node, &format!("`{key}`")).unwrap_or_default(),
    };
    items.iter().filter_map(|item| reader.choice(item, &format!("`{key}`"), choices)).collect()
}

fn examples(reader: &mut Reader<'_>, entries: &Entries<'_>) -> Vec<Example> {
    let items = entries.get("examples").and_then(|node| reader.list(node, "`examples`")).unwrap_or_default();
    items.iter().filter_map(|item| example(reader, item)).collect()
}

fn example(reader: &mut Reader<'_>, node: &Node) -> Option<Example> {
    let entries = reader.map(node, "the example", &["before", "after", "unchanged"])?;
    let place = entries.key("before");
    if let Some(unchanged) = entries.get("unchanged") {
        for key in entries.chosen(&["before", "after"]) {
            let help = "make it two examples: one that changes, and one that does not";
            reader.report(entries.key(key), format!("the example has both `unchanged` and `{key}`"), help);
        }
        let text = reader.text(unchanged, "`unchanged`")?.to_owned();
        return Some(Example { before: text.clone(), after: text, place });
    }
    let before = reader.required(&entries, "before", "the example", "before: the text as it is");
    let after = reader.required(&entries, "after", "the example", "after: the text as it shall be");
    let before = before.and_then(|node| reader.text(node, "`before`"));
    let after = after.and_then(|node| reader.text(node, "`after`"));
    let (before, after) = (before?, after?);
    if before == after {
        let help = "a text that the rule is to leave alone is given once, as `unchanged`";
        let problem = Problem::at(entries.key("after"), "`before` and `after` are the same", help);
        reader.problems.push(problem);
        return None;
    }
    Some(Example { before: before.to_owned(), after: after.to_owned(), place })
}
