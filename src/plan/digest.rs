//! The digest over a plan's meaning: what two plans that do the same have in common, whatever their comments and spelling.
//!
//! It is the SHA-256 of the plan as JSON with sorted keys, without keys that say nothing. A key that a later version adds and
//! a plan does not use therefore leaves the digest as it was. Order of rules, phases, files and commands is meaning; places,
//! comments, quotes, key order and line endings are not.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::plan::{CacheKeys, Metric, Phase, Plan, Scope, Trigger};

/// The digest of the whole plan, as 64 lowercase hexadecimal digits.
#[must_use]
pub fn digest(plan: &Plan) -> String {
    sum(&whole(plan))
}

/// The digests of the plan's parts: `commit` (with name and issue), `order` (of rules and phases), `rule NAME`, `phase ID`.
#[must_use]
pub fn parts(plan: &Plan) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    parts.insert("commit".to_owned(), of(&json(&(&plan.name, &plan.issue, &plan.commit))));
    let rules: Vec<&str> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
    let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.id.as_str()).collect();
    parts.insert("order".to_owned(), of(&json(&(rules, phases))));
    for rule in &plan.rules {
        parts.insert(format!("rule {}", rule.name), of(&json(&rule.kind)));
    }
    for phase in &plan.phases {
        parts.insert(format!("phase {}", phase.id), sum(&named(plan, phase)));
    }
    for metric in &plan.metrics {
        parts.insert(format!("metric {}", metric.name), of(&json(metric)));
    }
    if !plan.triggers.is_empty() {
        parts.insert("triggers".to_owned(), of(&json(&plan.triggers)));
    }
    parts
}

/// The digest of what a gate asks: one that passed says nothing of others.
#[must_use]
pub fn gate(plan: &Plan, phase: &Phase) -> String {
    if phase.gate_metrics.is_empty() {
        return of(&json(&phase.gate));
    }
    let metrics: Vec<&Metric> = phase.gate_metrics.iter().filter_map(|name| plan.metric(name)).collect();
    let triggers: Vec<&Trigger> =
        plan.triggers.iter().filter(|trigger| phase.gate_metrics.contains(&trigger.when.metric)).collect();
    of(&json(&(&phase.gate, metrics, triggers)))
}

/// The digest of what a metric measures: a value that was measured otherwise says nothing of it.
#[must_use]
pub fn metric(metric: &Metric) -> String {
    of(&json(&(&metric.source, metric.scale, metric.repeat)))
}

/// The plan as its digest is taken of it. File by file: as one tree of JSON, a plan of thousands of files is many times its size.
fn whole(plan: &Plan) -> String {
    let rest = Plan {
        name: plan.name.clone(),
        issue: plan.issue.clone(),
        rules: plan.rules.clone(),
        commit: plan.commit.clone(),
        phases: Vec::new(),
        metrics: plan.metrics.clone(),
        triggers: plan.triggers.clone(),
        push: None,
        cache: CacheKeys::default(),
        scope: Scope::default(),
        warnings: Vec::new(),
        source: Arc::default(),
        file: None,
    };
    with(&json(&rest), "phases", plan.phases.iter().map(|phase| named(plan, phase)))
}

/// A phase whose files name their rules: an index would change with a rule that does not concern them.
fn named(plan: &Plan, phase: &Phase) -> String {
    let rest = Phase {
        id: phase.id.clone(),
        title: phase.title.clone(),
        on_failure: phase.on_failure,
        max_quarantined: phase.max_quarantined,
        gate: phase.gate.clone(),
        gate_on_failure: phase.gate_on_failure,
        gate_metrics: phase.gate_metrics.clone(),
        after_rollback: phase.after_rollback.clone(),
        budget: phase.budget,
        batch: phase.batch,
        units: phase.units,
        targets: Vec::new(),
    };
    let targets = phase.targets.iter().map(|target| {
        let names: Vec<&str> =
            target.rules.iter().filter_map(|rule| plan.rules.get(*rule)).map(|rule| rule.name.as_str()).collect();
        let mut value = json(target);
        value["rules"] = json(&names);
        text(&value)
    });
    with(&json(&rest), "targets", targets)
}

/// An object and a list of texts under one more key; nothing of it where there are none.
fn with(object: &Value, key: &str, items: impl Iterator<Item = String>) -> String {
    let mut list = String::new();
    items.for_each(|item| {
        list.push_str(&item);
        list.push(',');
    });
    let (mut out, list) = (String::new(), (!list.is_empty()).then(|| (key, format!("[{list}]"))));
    if let Value::Object(map) = object {
        write_object(map, list, &mut out);
    }
    out
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("plain data with text keys is JSON")
}

fn of(value: &Value) -> String {
    sum(&text(value))
}

fn sum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// Writes JSON with sorted keys, leaving out what is null or empty. The types of a plan bound its depth.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => write_object(map, None, out),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The same of an object, with one more entry that is written already.
fn write_object(map: &Map<String, Value>, more: Option<(&str, String)>, out: &mut String) {
    let own = map.iter().filter(|(_, value)| !says_nothing(value)).map(|(key, value)| (key.as_str(), Some(value)));
    let sorted: BTreeMap<&str, Option<&Value>> = own.chain(more.as_ref().map(|(key, _)| (*key, None))).collect();
    out.push('{');
    for (key, value) in sorted {
        out.push_str(&format!("{}:", Value::from(key)));
        match (value, &more) {
            (Some(value), _) => write(value, out),
            (None, Some((_, written))) => out.push_str(written),
            (None, None) => {}
        }
        out.push(',');
    }
    out.push('}');
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;

    const PLAN: &str = "version: 1\nname: x\nissue: \"#1\"\nrules:\n  a:\n    rename: {from: p.a, to: p.b}\n  b: {command: b}\nphases:\n  - id: P0\n    risk: LOW\n    files:\n      - path: a.py\n        edits:\n          - before: |\n              one\n              two\n            after: three\n      - b.py\n";

    fn of_text(text: &str) -> String {
        digest(&parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}\n{text}")))
    }

    #[test]
    fn what_has_no_meaning_does_not_enter() {
        let digest = of_text(PLAN);
        assert_eq!(digest.len(), 64);
        for text in [
            PLAN.replace('\n', "\r\n"),
            format!("\u{feff}{PLAN}"),
            format!("# hi\n{}", PLAN.replace("    risk: LOW\n", "    risk: 'LOW'  # yes\n\n")),
            PLAN.replace("{from: p.a, to: p.b}", "{to: \"p.b\", from: p.a}"),
            PLAN.replace("version: 1\nname: x\n", "name: x\nversion: 1\n"),
            PLAN.replace("{command: b}", "{command: {run: b, timeout: 10m}}"),
            PLAN.replace("{command: b}", "{command: b, may_match_nothing: true}"),
            PLAN.replace("      - b.py", "      - path: b.py"),
            PLAN.replace("    files:", "    on_failure: stop\n    rules: [a, b]\n    files:"),
            PLAN.replace("    files:", "    units: each\n    files:"),
        ] {
            assert_eq!(of_text(&text), digest, "{text}");
        }
    }

    #[test]
    fn what_has_meaning_enters() {
        let digest = of_text(PLAN);
        for (from, to) in [
            ("name: x", "name: y"),
            ("#1", "#2"),
            ("LOW", "HIGH"),
            ("two", "two "),
            ("p.b", "p.c"),
            ("p.b", "\"p:b\""),
            ("{command: b}", "{command: [b]}"),
            ("{command: b}", "{command: {run: b, timeout: 1m}}"),
            ("      - b.py", "      - {path: b.py, rules: [a]}"),
            ("      - b.py", "      - {path: b.py, validate: [x]}"),
            ("      - b.py", "      - glob: b.py"),
            ("id: P0", "id: P1"),
            ("id: P0", "id: P0\n    on_failure: quarantine"),
        ] {
            let text = PLAN.replace(from, to);
            assert_ne!(of_text(&text), digest, "{text}");
        }
        let swapped = "rules:\n  b: {command: b}\n  a:\n    rename: {from: p.a, to: p.b}\n";
        let start = PLAN.find("rules:").unwrap();
        assert_ne!(of_text(&format!("{}{swapped}{}", &PLAN[..start], &PLAN[PLAN.find("phases").unwrap()..])), digest);
    }

    #[test]
    fn units_and_what_is_done_with_a_file_enter_and_their_places_do_not() {
        let with = |entry: &str| PLAN.replace("      - b.py", &format!("      - {entry}"));
        let mut digests: Vec<String> = [
            "b.py",
            "{path: b.py, delete: true}",
            "{path: b.py, create: \"\"}",
            "{path: b.py, create: x}",
            "{path: b.py, move_to: c.py}",
            "{path: b.py, move_to: d.py}",
            "{path: b.py, group: g}",
            "{path: b.py, group: h}",
            "{path: b.py, group: g, label: l}",
            "{path: b.py, group: g, label: m}",
        ]
        .map(|entry| of_text(&with(entry)))
        .to_vec();
        digests.extend(
            ["by: folder", "by: all", "by: all, max_files: 21"]
                .map(|units| of_text(&PLAN.replace("    files:", &format!("    units: {{{units}}}\n    files:")))),
        );
        let all: std::collections::BTreeSet<&String> = digests.iter().collect();
        assert_eq!(all.len(), digests.len());
        let labelled = of_text(&with("{path: b.py, group: g, label: l}\n      - {path: c.py, group: g}"));
        assert_eq!(of_text(&with("{path: b.py, group: g}\n      - {path: c.py, label: l,    group: g}")), labelled);
        let twenty = PLAN.replace("    files:", "    units: {by: folder, max_files: 20}\n    files:");
        assert!(digests.contains(&of_text(&twenty)));
    }

    #[test]
    fn what_is_said_of_a_command_enters_and_what_goes_without_saying_does_not() {
        let with =
            |command: &str| of_text(&PLAN.replace("      - b.py", &format!("      - {{path: b.py, validate: [{command}]}}")));
        let different = [
            "\"x $MIGRATE_REPORT\"",
            "{run: \"x $MIGRATE_REPORT\", timeout: 1s}",
            "{run: \"x $MIGRATE_REPORT\", report: junit}",
            "{run: \"x $MIGRATE_REPORT\", retries: 1}",
            "{run: \"x $MIGRATE_REPORT\", retries: 2}",
            "{run: \"x $MIGRATE_REPORT\", allow_empty: true}",
            "{run: \"x $MIGRATE_REPORT\", ok_exit: [0, 1]}",
            "{run: \"x $MIGRATE_REPORT\", ok_exit: [1]}",
            "{run: \"x $MIGRATE_REPORT\", only: a}",
            "{run: \"x $MIGRATE_REPORT\", only: [a, b]}",
            "{run: \"x $MIGRATE_REPORT\", only: [b, a]}",
            "{run: \"x $MIGRATE_REPORT\", keep: a}",
            "{run: \"x $MIGRATE_REPORT\", keep: [a, b]}",
            "{run: \"x $MIGRATE_REPORT\", at: tree}",
            "builtin syntax",
            "{builtin: syntax}",
            "{builtin: imports}",
            "{builtin: imports, timeout: 1s}",
        ]
        .map(with);
        let all: std::collections::BTreeSet<&String> = different.iter().collect();
        assert_eq!(all.len(), different.len());
        for same in ["", ", timeout: 10m", ", retries: 0", ", allow_empty: false", ", ok_exit: [0]"] {
            assert_eq!(with(&format!("{{run: \"x $MIGRATE_REPORT\"{same}}}")), different[0], "{same}");
        }
        assert_eq!(with("{run: \"x $MIGRATE_REPORT\", only: [a]}"), different[8]);
        let rule = |keys: &str| of_text(&PLAN.replace("{command: b}", &format!("{{command: {{run: b{keys}}}}}")));
        let of_rules = ["", ", repeat: until-stable", ", keep_line_endings: true", ", ok_exit: [0, 1]"].map(rule);
        assert_eq!(of_rules.iter().collect::<std::collections::BTreeSet<_>>().len(), of_rules.len());
        assert_eq!(of_rules[0], of_text(PLAN));
        assert_eq!(rule(", keep_line_endings: false"), of_rules[0]);
    }

    #[test]
    fn where_the_commands_of_a_file_stand_has_no_meaning() {
        let entry = |with: &str| PLAN.replace("path: a.py", &format!("path: a.py\n        verify: {with}"));
        let entries = entry("[x, y]").replace("      - b.py", "      - {path: b.py, verify: [x]}");
        let phase = entry("[y]").replace("    risk", "    verify: [x]\n    risk");
        let plan = entry("[y]").replace("rules:", "verify: [x]\nrules:");
        let replaced = entry("{replace: true, run: [x, y]}").replace("rules:", "verify: [x]\nrules:");
        for text in [&phase, &plan, &replaced] {
            assert_eq!(of_text(text), of_text(&entries), "{text}");
        }
        assert_ne!(of_text(&entries), of_text(PLAN));
    }

    #[test]
    fn the_digest_of_a_plan_is_that_of_every_version() {
        let text = format!(
            "{PLAN}      - {{path: c.py, validate: [x, [y, z]], verify: [{{run: v, timeout: 1s}}]}}\n    gate: {{run: [g]}}\n"
        );
        assert_eq!(of_text(&text), "94845387cd35b3a300fce87346a128a88d218d331d987bab47f3f3484d5e7608");
    }

    #[test]
    fn parts_tell_what_changed() {
        let changed = |to: &str| -> Vec<String> {
            let (old, new) = (parse("x", PLAN.as_bytes()).unwrap().parts(), parse("x", to.as_bytes()).unwrap().parts());
            let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
            keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned().collect()
        };
        assert_eq!(changed(PLAN), [""; 0]);
        assert_eq!(changed(&PLAN.replace("#1", "#2")), ["commit"]);
        assert_eq!(changed(&PLAN.replace("p.b", "p.c")), ["rule a"]);
        assert_eq!(changed(&PLAN.replace("LOW", "HIGH")), ["phase P0"]);
        assert_eq!(
            changed(&PLAN.replace("rules:\n", "rules:\n  z: {command: z}\n").replace("    risk", "    rules: [a, b]\n    risk")),
            ["order", "rule z"]
        );
    }
}
