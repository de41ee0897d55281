//! JSON: every command has it, every object says its version, and every event and key is documented.

use serde_json::Value;

use crate::kit::{NEW, OLD, repo, untouched};
use crate::support::Repo;

const DOCS: &str = include_str!("../../docs/events.md");
const EVENTS: &str = include_str!("../../src/event.rs");

/// `UnitCommitted` as `unit-committed`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The keys that a section of the documentation has a row for.
fn documented(heading: &str) -> Vec<&'static str> {
    let (_, section) = DOCS.split_once(&format!("\n### {heading}\n")).unwrap_or_else(|| panic!("there is no section {heading}"));
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split(" | ").next());
    rows.flat_map(|cell| cell.trim_end_matches('`').split("`, `")).collect()
}

#[test]
fn each_event_and_each_of_its_keys_is_documented() {
    let (_, body) = EVENTS.split_once("pub enum Event {\n").unwrap();
    let body = body.split("\n}\n").next().unwrap();
    let (mut events, mut keys, mut event, mut is_told) = (0, 0, Vec::new(), true);
    for line in body.lines() {
        if let Some(name) =
            line.strip_prefix("    ").and_then(|line| line.strip_suffix(" {")).filter(|name| !name.starts_with(' '))
        {
            event = documented(&format!("`{}`", kebab(name)));
            events += 1;
        } else if line.trim() == "#[serde(skip)]" {
            is_told = false;
        } else if let Some((key, _)) = line.strip_prefix("        ").and_then(|line| line.split_once(": "))
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            assert!(!is_told || event.contains(&key), "{key} is not documented: {event:?}");
            keys += usize::from(is_told);
            is_told = true;
        }
    }
    assert!(events >= 25 && keys >= 90, "only {events} events and {keys} keys were found");
}

/// Every object that a command printed, each with its version in front.
#[track_caller]
fn objects(stdout: &str) -> Vec<Value> {
    assert!(!stdout.is_empty());
    stdout
        .lines()
        .map(|line| {
            assert!(line.starts_with("{\"schema_version\":1,"), "{line}");
            serde_json::from_str(line).unwrap()
        })
        .collect()
}

/// A plan with a unit that changes, one that does not, and one that cannot.
fn three() -> Repo {
    let phases = "  - id: P0\n    on_failure: quarantine\n    validate: [\"true\"]\n    files: [a.py, b.py, c.py]\n";
    repo(&[("a.py", OLD), ("b.py", NEW), ("c.py", "from old import f\nprint 1\n")], phases)
}

#[test]
fn every_command_prints_objects_whose_keys_are_documented() {
    let repo = three();
    for (args, code, heading) in [
        (&["check", "--json"][..], 1, "`check`"),
        (&["diff", "--json"], 1, "A file of `diff` or of a dry run"),
        (&["run", "--dry-run", "--json"], 1, "A file of `diff` or of a dry run"),
        (&["status", "--json"], 0, "`status`"),
        (&["log", "a.py", "--json"], 0, "`log`"),
        (&["scan", "--json"], 0, "`scan`"),
        (&["report", "--json"], 0, "`report`"),
        (&["test", "--json"], 0, "A rule of `test`"),
    ] {
        let known = documented(heading);
        for object in objects(&untouched(&repo, code, args).stdout) {
            let keys: Vec<&String> = object.as_object().unwrap().keys().filter(|key| *key != "schema_version").collect();
            assert!(!keys.is_empty() && keys.iter().all(|key| known.contains(&key.as_str())), "{args:?}: {keys:?}");
        }
    }
    let said = repo.migrate(&["init", "second", "--rename", "old.f", "new.g", "--no-try", "--json"]).succeeds().stdout;
    let [written] = &objects(&said)[..] else { panic!("{said}") };
    assert!(
        written
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "schema_version")
            .all(|key| documented("`init`").contains(&key.as_str()))
    );
    assert_eq!((&written["plan"], &written["left_out"][0]["file"]), (&"plans/second.yaml".into(), &"c.py".into()));
}

#[test]
fn what_check_and_a_dry_run_say_is_there_as_data() {
    let repo = three();
    let [checked] = &objects(&untouched(&repo, 1, &["check", "--json"]).stdout)[..] else { panic!("one object") };
    assert_eq!((&checked["ok"], &checked["changes"], &checked["nothing"]), (&false.into(), &1.into(), &1.into()));
    assert_eq!((&checked["refused"][0]["file"], &checked["refused"][0]["phase"]), (&"c.py".into(), &"P0".into()));
    assert_eq!((&checked["forecast"]["phases"][0]["commits"], &checked["forecast"]["jobs"]), (&1.into(), &Value::Null));
    let files = objects(&untouched(&repo, 1, &["run", "--dry-run", "--json"]).stdout);
    let told: Vec<_> = files.iter().map(|file| (file["file"].as_str().unwrap(), file["what"].as_str().unwrap())).collect();
    assert_eq!(told, [("a.py", "changes"), ("c.py", "refused")], "what a run would take up, and no more");
    assert_eq!((&files[0]["lines_added"], &files[0]["commands"][0]), (&2.into(), &"true".into()));
    let patch = files[0]["patch"].as_str().unwrap();
    assert_eq!(patch, untouched(&repo, 0, &["diff", "a.py"]).stdout);
    assert!(files[1]["reason"].as_str().unwrap().contains("c.py:2:7") && files[1]["patch"].is_null());
}

#[test]
fn an_event_says_when_it_was_and_how_long_after_the_beginning() {
    let repo = three();
    let events = objects(&repo.migrate(&["run", "--json"]).exits(1).stdout);
    let mut last = 0;
    for event in &events {
        let (at, elapsed) = (event["at"].as_str().unwrap(), event["elapsed_millis"].as_u64().unwrap());
        assert!(at.len() == 24 && at.starts_with("20") && at.ends_with('Z'), "{at}");
        assert!(elapsed >= last && documented(&format!("`{}`", event["event"].as_str().unwrap())).len() < 20);
        last = elapsed;
    }
    assert!(events.len() > 8, "{events:?}");
}
