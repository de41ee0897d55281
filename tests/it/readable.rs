use serde_json::Value;

use crate::kit::{NEW, OLD, replan, untouched};
use crate::support::{Repo, plan};

/// A script without an ending.
const SCRIPT: &str = "#!/usr/bin/env python3\nfrom old import f\nf(1)\n";

/// The rules `f` and `h`, with these phases.
fn two_rules(phases: &str) -> String {
    plan(phases).replace("phases:\n", "  h: { rename: { from: old.h, to: new.h } }\nphases:\n")
}

fn scanned(repo: &Repo) -> Value {
    serde_json::from_str(&repo.migrate(&["scan", "--json"]).succeeds().stdout).unwrap()
}

#[test]
fn a_listed_file_that_nothing_of_its_entry_can_read_fails_by_name() {
    for (path, text, reason) in [
        ("a.ipynb", "{\"source\": \"from old import f\"}", "neither Python nor a document"),
        ("setup.cfg", "x = old.f\n", "neither Python nor a document"),
        ("empty.cfg", "", "neither Python nor a document"),
        ("bin/tool", "#!/bin/sh\nold.f\n", "neither Python nor a document"),
        ("a.md", "```python\nfrom old import f\n```\n", "no rule of its entry reads documents"),
    ] {
        let repo = Repo::with(&[(path, text), ("z.py", OLD)]);
        replan(&repo, &plan(&format!("  - id: P0\n    on_failure: quarantine\n    files: [{path}, z.py]\n")));
        untouched(&repo, 1, &["check"]).says(&format!("{path}: no rule of its entry")).says(reason).says("help: ");
        repo.migrate(&["run"]).exits(1).says(path).says(reason);
        assert_eq!((repo.read(path), repo.read("z.py")), (text.into(), NEW.into()));
        let found = scanned(&repo);
        assert_eq!((&found["unreadable"][0]["path"], &found["files"]), (&Value::from(path), &Value::from(2)), "{found}");
        assert_ne!(found["compliance"], 100.0);
        repo.migrate(&["scan", "--fail-over", "0"]).exits(1);
    }
}

#[test]
fn edits_and_commands_read_any_file_and_a_glob_passes_over_what_its_rules_cannot_read() {
    let repo = Repo::with(&[
        ("setup.cfg", "x = old.f\n"),
        ("b.cfg", "from old import f\n"),
        ("lib/a.cfg", "from old import f\n"),
        ("lib/a.py", OLD),
    ]);
    let edit = "{ path: setup.cfg, edits: [{ before: x = old.f, after: x = new.g }] }";
    let text =
        plan(&format!("  - id: P0\n    rules: [f]\n    files: [{edit}, {{ path: b.cfg, rules: [c] }}, {{ glob: \"lib/*\" }}]\n"));
    replan(&repo, &text.replace("phases:\n", "  c: { command: \"sed -i s/old/new/ {file}\" }\nphases:\n"));
    repo.migrate(&["run"]).succeeds();
    assert_eq!((repo.read("setup.cfg"), repo.read("b.cfg")), (b"x = new.g\n".to_vec(), b"from new import f\n".to_vec()));
    assert_eq!((repo.read("lib/a.cfg"), repo.read("lib/a.py")), (b"from old import f\n".to_vec(), NEW.into()));
    assert_eq!(scanned(&repo)["unreadable"], serde_json::json!([]));
}

#[test]
fn a_script_whose_first_line_names_python_is_python_in_every_command() {
    let repo = Repo::with(&[
        ("bin/tool", SCRIPT),
        ("bin/other", SCRIPT),
        ("bin/sh", "#!/bin/sh\nfrom old import f\n"),
        ("LICENSE", "from old import f\n"),
    ]);
    replan(&repo, &plan("  - id: P0\n    files: [bin/tool, { glob: \"bin/*\" }]\n"));
    let found = scanned(&repo);
    assert_eq!(
        (&found["files"], &found["violations"], &found["compliance"]),
        (&Value::from(2), &Value::from(4), &Value::from(0.0))
    );
    untouched(&repo, 0, &["check"]).prints("2 to change");
    repo.migrate(&["run"]).succeeds();
    let new = SCRIPT.replace("old import f\nf", "new import g\ng");
    for path in ["bin/tool", "bin/other"] {
        assert_eq!(String::from_utf8(repo.read(path)).unwrap(), new, "{path}");
    }
    assert_eq!(scanned(&repo)["compliance"], 100.0);
}

#[test]
fn documents_of_every_ending_are_changed_and_counted_alike() {
    let text = "# Use\n\n```python\nfrom old import f\nf(1)\n```\n";
    let repo = Repo::with(&[("a.markdown", text), ("a.md", text), ("b.rst", "::\n\n    from old import f\n    f(1)\n")]);
    let text = plan("  - id: P0\n    files: [{ glob: \"*\", exclude: \"plans/*\" }]\n");
    replan(&repo, &text.replace("to: new.g", "to: new.g, docs: true"));
    let found = scanned(&repo);
    assert_eq!((&found["files"], &found["violating_files"]), (&Value::from(3), &Value::from(3)), "{found}");
    repo.migrate(&["run"]).succeeds().says("3 committed");
    assert_eq!(scanned(&repo)["violations"], 0);
}

#[test]
fn a_place_that_cannot_be_decided_is_told_by_run_and_check() {
    let star = "from old import *\n\nf(1)\n";
    let repo = Repo::with(&[("a.py", star), ("lib/b.py", star)]);
    replan(&repo, &plan("  - id: P0\n    files: [a.py, { glob: \"lib/*\" }]\n"));
    for command in ["check", "run", "run"] {
        let ran = repo.migrate(&[command]).succeeds();
        for place in ["a.py:3:1: ", "lib/b.py:3:1: "] {
            assert!(ran.stderr.contains(place), "{command}: {}", ran.stderr);
        }
    }
    let ran = repo.migrate(&["run", "--json"]).succeeds();
    assert_eq!(ran.stdout.matches("\"unit-warned\"").count(), 2, "{}", ran.stdout);
    assert_eq!(repo.read("a.py"), star.as_bytes());
}

#[test]
fn a_listed_file_in_which_only_another_rule_would_find_something_is_told_by_check_and_run() {
    let repo =
        Repo::with(&[("a.py", "x = 1\nfrom old import h\nh(1)\n"), ("b.py", "x = 1\n"), ("lib/c.py", "from old import h\n")]);
    let plan = |phases: &str| two_rules(phases).replace("to: new.g }", "to: new.g }, may_match_nothing: true");
    replan(&repo, &plan("  - id: P0\n    rules: [f]\n    files: [a.py, b.py, { glob: \"lib/*\" }]\n"));
    for command in ["check", "run"] {
        let ran = repo
            .migrate(&[command])
            .succeeds()
            .says("a.py:2:17: the rules of its entry in phase 1 (P0) find nothing here, but the rule h finds 2 places");
        assert!(ran.stderr.contains("help: add the rule to the `rules` of this entry"), "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("find nothing here").count(), 1, "{}", ran.stderr);
    }
    replan(&repo, &plan("  - id: P0\n    files: [a.py, b.py]\n"));
    let ran = repo.migrate(&["run"]).succeeds();
    assert!(!ran.stderr.contains("find nothing here"), "{}", ran.stderr);
}

#[test]
fn a_place_that_cannot_be_decided_is_told_of_a_file_that_changes_too() {
    let text = "from more import *\nfrom old import f\n\nf(1)\nh(2)\n";
    let repo = Repo::with(&[("a.py", text)]);
    let plan = plan("  - id: P0\n    files: [a.py]\n");
    replan(&repo, &plan.replace("phases:\n", "  k: { rename: { from: more.h, to: more.k } }\nphases:\n"));
    let said = "a.py:5:1: this may be more.h: `from more import *` may bring h";
    repo.migrate(&["check"]).succeeds().says(said).prints("1 to change");
    repo.migrate(&["run"]).succeeds().says(said);
    assert_eq!(repo.read("a.py"), text.replace("old import f", "new import g").replace("f(1)", "g(1)").as_bytes());
}
