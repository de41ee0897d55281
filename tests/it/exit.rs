use std::time::Duration;

use crate::kit::{NEW, OLD, one, repo, untouched};
use crate::support::{MIGRATE, Ran, Repo};

#[test]
fn zero_is_done() {
    let repo = one("");
    repo.migrate(&["run"]).exits(0);
    repo.migrate(&["status"]).exits(0);
    repo.migrate(&["rollback", "a.py"]).exits(0);
    repo.migrate(&["--help"]).exits(0);
    repo.migrate(&["--version"]).exits(0);
}

#[test]
fn one_is_a_unit_gate_or_check_that_failed() {
    one(", validate: [\"false\"]").migrate(&["run"]).exits(1);
    one(", verify: [\"! grep -q new {file}\"]").migrate(&["run"]).exits(1);
    repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py]\n    gate: { run: [\"false\"] }\n").migrate(&["run"]).exits(1);
    repo(&[("a.py", "from old import f\nf(\n")], "  - id: P0\n    files: [a.py]\n").migrate(&["check"]).exits(1);
}

#[test]
fn two_is_wrong_usage_or_a_wrong_plan() {
    let repo = one("");
    for args in [
        &["rnu"][..],
        &[],
        &["run", "--phase"],
        &["run", "--junit", "x.xml", "--dry-run"],
        &["run", "--phase", "9"],
        &["run", "--plan", "none.yaml"],
        &["run", "--file", "z.py"],
    ] {
        let ran = untouched(&repo, 2, args);
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn three_is_a_repository_that_is_not_touched() {
    let repo = one("");
    repo.write("a.py", "mine = 1\n");
    untouched(&repo, 3, &["run"]);
    Repo::plain_folder().migrate(&["status"]).exits(3);
}

#[test]
fn four_needs_a_person() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.write("a.py", "a = 1\n");
    repo.commit_all("anew");
    untouched(&repo, 4, &["rollback", "a.py"]);
}

#[test]
fn an_interrupted_run_dies_by_the_signal_and_says_how_to_go_on() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let repo = one(", validate: [\"test -e .git/allow || { touch .git/begun; sleep 30; }\"]");
        let state = repo.state();
        let child = repo
            .command(MIGRATE)
            .arg("run")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while !repo.top().join(".git/begun").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(repo.command("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap().success());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.signal), (None, Some(number)), "{}", ran.stderr);
        let ran = ran.says(&format!("error: interrupted by SIG{name}"));
        assert_eq!(ran.stderr.matches("help: `migrate resume` goes on from here\n").count(), 1, "{}", ran.stderr);
        assert_eq!(repo.state(), state, "{}", ran.stderr);
        repo.write(".git/allow", "");
        repo.migrate(&["resume"]).succeeds();
        assert_eq!(repo.read("a.py"), NEW.as_bytes());
    }
}
