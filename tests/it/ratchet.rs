//! The record of violations that may fall and never rise.

use std::fs;

use crate::kit::{OLD, repo};
use crate::support::Repo;

const PHASES: &str = "  - { id: P0, on_failure: quarantine, files: [{ glob: \"*.py\" }] }\n";

fn recorded() -> Repo {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD), ("c.py", "x = 1\n")], PHASES);
    repo.migrate(&["check", "--ratchet", "r"]).exits(2).says("r: there is no such record").says("check --ratchet r --update");
    repo.migrate(&["check", "--ratchet", "r", "--update"])
        .succeeds()
        .prints("4 violations left in 2 files: r is written, commit it");
    repo.commit_all("record");
    repo
}

fn checked(repo: &Repo) -> crate::support::Ran {
    repo.migrate(&["check", "--ratchet", "r"])
}

#[test]
fn violations_may_move_and_fall_and_not_rise() {
    let repo = recorded();
    let text = String::from_utf8(repo.read("r")).unwrap();
    checked(&repo).succeeds().prints("4 violations left in 2 files, as recorded");
    // Lines that move change no byte of it.
    repo.write("a.py", format!("import os\n\n\n{OLD}"));
    checked(&repo).succeeds();
    assert_eq!(String::from_utf8(repo.read("r")).unwrap(), text);
    // Two more in one file, and the first in another.
    repo.write("a.py", format!("{OLD}x = 1\nf(2)\ny = f\n"));
    repo.write("c.py", "import old\nold.f(3)\n");
    let ran = checked(&repo).exits(1).says("new since r was written");
    assert!(ran.stdout.contains("a.py:4,5: old.f: 4 uses, the record allows 2"), "{}", ran.stdout);
    assert!(ran.stdout.contains("c.py:2: old.f: 1 use, the record allows 0"), "{}", ran.stdout);
    assert_eq!(String::from_utf8(repo.read("r")).unwrap(), text, "the record is as it was");
    let json = repo.migrate(&["check", "--ratchet", "r", "--json"]).exits(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["schema_version"], &json["ok"], &json["violations"]), (&1.into(), &false.into(), &7.into()));
    assert_eq!((&json["rises"][0]["file"], &json["rises"][0]["lines"]), (&"a.py".into(), &serde_json::json!([4, 5])));
    repo.git(&["checkout", "-q", "."]);
    repo.migrate(&["run", "--file", "b.py"]).succeeds();
    checked(&repo).succeeds().prints("2 violations left in 1 file, 4 before: r is lowered, commit it");
    checked(&repo).succeeds().prints("as recorded");
    // What fell does not rise again.
    repo.write("b.py", OLD);
    checked(&repo).exits(1).says("2 violations are new");
    repo.migrate(&["check", "--ratchet", "r", "--update"]).succeeds().prints("r is written");
    checked(&repo).succeeds();
}

#[test]
fn a_record_that_is_none_is_refused_and_quarantines_go_along() {
    let repo = recorded();
    for (text, says) in [("", "r:1: is no record"), ("# migrate ratchet 1 of other\n", "r is of the plan other, not of test")] {
        repo.write("r", text);
        checked(&repo).exits(2).says(says);
    }
    repo.write("b.py", "from old import f\nf(1)\n\x00\n");
    repo.migrate(&["check", "--ratchet", "r", "--update"]).exits(1).says("b.py could not be read");
    let plan = String::from_utf8(repo.read("plans/p.yaml"))
        .unwrap()
        .replace("glob: \"*.py\"", "glob: \"*.py\", validate: [\"! test {file} = b.py\"]");
    repo.write("b.py", OLD);
    crate::kit::replan(&repo, &plan);
    repo.migrate(&["run"]).exits(1);
    repo.migrate(&["check", "--ratchet", "r", "--update"]).succeeds().prints("quarantined: 1 unit");
    assert!(
        String::from_utf8(repo.read("r")).unwrap().contains("quarantined\tb.py\t"),
        "{}",
        String::from_utf8_lossy(&repo.read("r"))
    );
    // A machine without a journal keeps them.
    fs::remove_dir_all(repo.top().join(".git/migrate")).unwrap();
    checked(&repo).succeeds().prints("quarantined: 1 unit");
}

#[test]
fn the_hook_of_pre_commit_is_a_command_of_this_tool() {
    let text = include_str!("../../.pre-commit-hooks.yaml");
    let hooks: serde_json::Value = serde_yaml::from_str(text).unwrap();
    let hook = &hooks[0];
    assert_eq!(hook["id"], "migrate-ratchet");
    let mut words: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
    words.extend(hook["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()));
    let repo = recorded();
    fs::rename(repo.top().join("r"), repo.top().join(words.last().unwrap())).unwrap();
    assert_eq!(words[0], "migrate");
    repo.migrate(&words[1..]).succeeds().prints("as recorded");
}
