use crate::kit::{NEW, OLD, dirty, repo, untouched};
use crate::support::Repo;

/// Units of every kind: committed, unchanged, failed verification, rolled back, pending, quarantined.
fn every_kind() -> Repo {
    let repo = repo(
        &[("a.py", OLD), ("b.py", "b = 1\n"), ("c.py", OLD), ("d.py", OLD), ("e.py", OLD), ("f.py", OLD)],
        "  - id: P0\n    title: First\n    on_failure: quarantine\n    files: [a.py, b.py, { path: c.py, verify: [\"! grep -q new {file}\"] }, { path: d.py, validate: [\"! grep -q new {file}\"] }, e.py]\n  - id: P1\n    files: [f.py]\n",
    );
    repo.migrate(&["run", "--phase", "P0"]).exits(1);
    repo.migrate(&["rollback", "e.py"]).succeeds();
    repo
}

fn clone_of(repo: &Repo) -> Repo {
    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", repo.top().to_str().unwrap(), "."]);
    clone
}

#[test]
fn every_state_is_told_with_its_commit_and_reason() {
    let repo = every_kind();
    let text = repo.migrate(&["status"]).succeeds().stdout;
    let commit = |subject: &str| repo.git(&["log", "--format=%h", "--abbrev=12", "-1", "--grep", &format!("^fix({subject})")]);
    let digest = text.split(['(', ')']).nth(1).unwrap().to_owned();
    assert_eq!(
        text,
        format!(
            "plan test ({digest}): 2 of 6 done (33%)

phase 1 (P0), First: 2 of 5 done (40%)
  1 committed, 1 unchanged, 1 quarantined, 2 rolled-back
  committed    {}  a.py
  unchanged                  b.py
  rolled-back  {}  c.py  (its verification failed)
  quarantined                d.py  (validate `! grep -q new d.py` failed with status 1)
  rolled-back  {}  e.py  (by request)

phase 2 (P1): 0 of 1 done (0%)
  pending      f.py
",
            commit("a"),
            commit("c"),
            commit("e")
        )
    );
}

#[test]
fn a_fresh_clone_shows_the_same_but_for_what_was_set_aside() {
    let repo = every_kind();
    let clone = clone_of(&repo);
    assert!(!clone.top().join(".git/migrate").exists());
    let (ours, theirs) = (repo.migrate(&["status"]).succeeds().stdout, clone.migrate(&["status"]).succeeds().stdout);
    assert!(!clone.top().join(".git/migrate").exists());
    // A quarantine is a note of this work tree: elsewhere the unit has yet to be tried.
    let expected = ours.replace("1 quarantined, 2 rolled-back", "2 rolled-back, 1 pending").replace(
        "quarantined                d.py  (validate `! grep -q new d.py` failed with status 1)",
        "pending                    d.py",
    );
    let expected =
        expected + "\nwarning: this work tree has no journal: a unit that failed or was quarantined elsewhere shows as pending\n";
    assert_eq!(theirs, expected);
}

#[test]
fn a_clone_goes_on_where_the_original_stopped() {
    let repo = every_kind();
    let clone = clone_of(&repo);
    clone.migrate(&["run", "--phase", "P1", "--out-of-order"]).succeeds();
    assert_eq!(clone.read("f.py"), NEW.as_bytes());
    assert_eq!(clone.subjects().len(), repo.subjects().len() + 1);
}

#[test]
fn as_json_the_status_is_one_object() {
    let repo = every_kind();
    let text = repo.migrate(&["status", "--json"]).succeeds().stdout;
    assert_eq!(text.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (json["plan"].as_str(), json["counts"]["total"].as_u64(), json["counts"]["done"].as_u64()),
        (Some("test"), Some(6), Some(2))
    );
    let rows = json["phases"][0]["rows"].as_array().unwrap();
    let states: Vec<&str> = rows.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["committed", "unchanged", "rolled-back", "quarantined", "rolled-back"]);
    assert_eq!(json["phases"][1]["phase"]["ordinal"], 2);
}

/// Two files migrated on the branch `work`.
fn on_a_branch() -> Repo {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], "  - id: P0\n    files: [a.py, b.py]\n");
    repo.git(&["checkout", "-q", "-b", "work"]);
    repo.migrate(&["run"]).succeeds();
    repo
}

#[track_caller]
fn shows(repo: &Repo, states: &[(&str, &str)]) {
    std::fs::remove_dir_all(repo.top().join(".git/migrate")).unwrap();
    let text = repo.migrate(&["status", "--json"]).succeeds().stdout;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = json["phases"][0]["rows"].as_array().unwrap();
    let found: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["unit"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(found, states);
}

#[test]
fn a_merge_brings_the_states_along() {
    let repo = on_a_branch();
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "--no-edit", "work"]);
    shows(&repo, &[("a.py", "committed"), ("b.py", "committed")]);
}

#[test]
fn a_squash_merge_with_the_messages_keeps_the_states() {
    let repo = on_a_branch();
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--squash", "work"]);
    let squashed = repo.git(&["log", "--format=%B", "main..work"]);
    repo.git(&["commit", "-q", "-m", &format!("squashed\n\n{squashed}")]);
    shows(&repo, &[("a.py", "committed"), ("b.py", "committed")]);
    untouched(&repo, 0, &["run"]);
}

#[test]
fn a_squash_merge_without_the_messages_is_unchanged_and_not_done_again() {
    let repo = on_a_branch();
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--squash", "work"]);
    repo.git(&["commit", "-q", "-m", "squashed"]);
    shows(&repo, &[("a.py", "unchanged"), ("b.py", "unchanged")]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects()[0], "squashed");
}

#[test]
fn a_rebase_and_a_cherry_pick_keep_the_states() {
    let repo = on_a_branch();
    repo.git(&["checkout", "-q", "main"]);
    repo.write("c.py", "c = 1\n");
    repo.commit_all("meanwhile");
    repo.git(&["checkout", "-q", "work"]);
    repo.git(&["rebase", "-q", "main"]);
    shows(&repo, &[("a.py", "committed"), ("b.py", "committed")]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["cherry-pick", "-x", "work~1"]);
    let status = repo.migrate(&["status"]).succeeds().stdout;
    assert!(status.contains("committed") && status.contains("pending"), "{status}");
    repo.migrate(&["run"]).succeeds();
    repo.migrate(&["rollback", "--all"]).succeeds();
    assert_eq!((repo.read("a.py"), repo.read("b.py"), dirty(&repo)), (OLD.into(), OLD.into(), String::new()));
}

#[test]
fn a_revert_by_hand_and_a_revert_of_the_revert_are_read() {
    let repo = on_a_branch();
    repo.git(&["revert", "--no-edit", "HEAD"]);
    shows(&repo, &[("a.py", "committed"), ("b.py", "rolled-back")]);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    repo.migrate(&["run"]).succeeds();
    shows(&repo, &[("a.py", "committed"), ("b.py", "committed")]);
}

#[test]
fn a_plan_that_changed_since_shows_what_is_to_do_again() {
    let repo = on_a_branch();
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    crate::kit::replan(&repo, &plan.replace("issue: \"#1\"", "issue: \"#2\""));
    shows(&repo, &[("a.py", "committed"), ("b.py", "committed")]);
    repo.migrate(&["run"]).succeeds();
    crate::kit::replan(&repo, &plan.replace("phases:", "  g: { rename: { from: new.g, to: newer.h } }\nphases:"));
    shows(&repo, &[("a.py", "outdated"), ("b.py", "outdated")]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from newer import h\nh(1)\n");
}

#[test]
fn status_and_diff_and_check_write_nothing() {
    let repo = every_kind();
    let folder = |repo: &Repo| std::fs::read_dir(repo.top().join(".git/migrate")).map(Iterator::count).unwrap_or(0);
    let before = folder(&repo);
    for command in ["status", "diff", "check"] {
        let state = repo.state();
        repo.migrate(&[command]);
        assert_eq!((repo.state(), folder(&repo)), (state, before), "{command}");
    }
}
