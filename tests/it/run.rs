use crate::kit::{NEW, OLD, dirty, make_executable, message, one, repo, untouched};
use crate::support::Repo;

#[test]
fn each_file_becomes_one_commit_in_the_order_of_the_plan() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", "x = 1\n")],
        "  - id: P0\n    files: [b.py]\n  - id: P1\n    files: [{ path: a.py, validate: [\"python3 -m py_compile {file}\"] }, c.py]\n",
    );
    let ran = repo.migrate(&["run"]).succeeds();
    assert_eq!(
        repo.subjects(),
        ["fix(a): apply test in a.py - Issue #1", "fix(b): apply test in b.py - Issue #1", "plan", "base"]
    );
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]), "a.py");
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD~1"]), "b.py");
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    assert_eq!(dirty(&repo), "");
    repo.git(&["fsck", "--strict"]);
    ran.says("phase 2 (P1): 1 committed, 1 unchanged").says("done: 2 committed, 1 unchanged");
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    let ran = untouched(&repo, 0, &["run"]);
    ran.says("1 unit, 1 of them done").says("done: 1 committed, 0 unchanged");
}

#[test]
fn a_unit_whose_validation_fails_leaves_no_trace_but_its_log() {
    let repo = one(", validate: [\"echo looked at {file}; ! grep -q new {file} || exit 3\"]");
    untouched(&repo, 1, &["run"])
        .says("a.py: validate `echo looked at a.py; ! grep -q new a.py || exit 3` failed with status 3")
        .says("| looked at a.py")
        .says(".git/migrate/logs/test/P0/");
    let log = repo.top().join(".git/migrate/logs/test/P0/a.py.validate-1.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.starts_with("looked at a.py\n-- migrate: `echo looked at a.py; ! grep -q new a.py || exit 3` took "), "{log}");
    assert!(log.ends_with(" s\n-- migrate: failed: failed with status 3\n"), "{log}");
}

#[test]
fn validation_sees_the_new_bytes_and_stops_at_the_first_command_that_fails() {
    let repo = one(", validate: [\"grep -q 'g(1)' {file}\", \"! grep -q new {file}\", \"touch {file}.reached\"]");
    untouched(&repo, 1, &["run"]).says("validate `! grep -q new a.py` failed with status 1");
}

#[test]
fn a_run_stops_at_the_first_unit_that_fails_and_keeps_what_landed() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)],
        "  - id: P0\n    files: [a.py, { path: b.py, validate: [\"! grep -q new {file}\"] }, c.py]\n",
    );
    let ran = repo.migrate(&["run"]).exits(1);
    assert_eq!(repo.subjects().len(), 3);
    assert_eq!(repo.read("c.py"), OLD.as_bytes());
    ran.says("failed: 1 committed, 0 unchanged, 1 failed, 1 pending")
        .says("error: b.py: validate `! grep -q new b.py` failed with status 1");
    repo.migrate(&["status"]).succeeds().prints("pending").prints("c.py");
}

#[test]
fn a_quarantined_unit_is_set_aside_and_the_phase_goes_on() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)],
        "  - id: P0\n    on_failure: quarantine\n    files: [a.py, { path: b.py, validate: [\"test -e allow || ! grep -q new {file}\"] }, c.py]\n",
    );
    repo.migrate(&["run"]).exits(1).says("quarantined  [2/3] b.py").says("error: 1 of 3 units is not done: 1 quarantined");
    assert_eq!((repo.read("b.py"), repo.read("c.py")), (OLD.into(), NEW.into()));
    assert_eq!(dirty(&repo), "");
    untouched(&repo, 1, &["run"])
        .says("3 units, 2 of them done")
        .says("skipped")
        .says("quarantined: validate `test -e allow || ! grep -q new b.py` failed with status 1; `--retry quarantined` or `--file` tries it again");
    repo.write("allow", "");
    repo.migrate(&["run", "--file", "b.py"]).succeeds();
    assert_eq!(repo.read("b.py"), NEW.as_bytes());
    repo.migrate(&["run"]).succeeds();
}

#[test]
fn more_quarantined_units_than_the_plan_allows_end_the_phase() {
    let files: Vec<String> = (0..10).map(|at| format!("f{at}.py")).collect();
    let all: Vec<(&str, &str)> = files.iter().map(|name| (name.as_str(), OLD)).collect();
    let phases = |share: &str| {
        format!(
            "  - id: P0\n    on_failure: quarantine\n    max_quarantined: {share}\n    validate: [\"test {{file}} != f3.py && test {{file}} != f5.py\"]\n    files: [{}]\n",
            files.join(", ")
        )
    };
    let strict = repo(&all, &phases("10%"));
    strict.migrate(&["run"]).exits(1).says("phase 1 (P0): 2 of 10 units given up, more than the plan allows");
    assert_eq!(strict.subjects().len(), 2 + 4);
    let lenient = repo(&all, &phases("20%"));
    lenient.migrate(&["run"]).exits(1).says("2 of 10 units are not done: 2 quarantined");
    assert_eq!(lenient.subjects().len(), 2 + 8);
}

#[test]
fn a_unit_whose_verification_fails_is_reverted_as_git_revert_would() {
    let repo = one(", verify: [\"! grep -q new {file} || { echo broken; exit 1; }\"]");
    let base = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let ran = repo.migrate(&["run"]).exits(1);
    ran.says("reverted").says("verify `! grep -q new a.py || { echo broken; exit 1; }` failed with status 1").says("| broken");
    let unit = repo.git(&["rev-parse", "HEAD~1"]);
    assert_eq!(repo.git(&["show", "-s", "--format=%s", &unit]), "fix(a): apply test in a.py - Issue #1");
    assert_eq!(repo.read("a.py"), OLD.as_bytes());
    assert_eq!(dirty(&repo), "");

    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", repo.top().to_str().unwrap(), "."]);
    clone.git(&["checkout", "-q", "-B", "main", &unit]);
    clone.git(&["revert", "--no-edit", &unit]);
    assert_eq!(repo.git(&["rev-parse", "HEAD^{tree}"]), clone.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(repo.git(&["rev-parse", "HEAD^{tree}"]), base);
    let (ours, gits) = (message(&repo, "HEAD"), message(&clone, "HEAD"));
    let added = ours.strip_prefix(&gits).unwrap_or_else(|| panic!("{ours}\n---\n{gits}"));
    assert_eq!(
        added,
        format!(
            "\nReason: verify `! grep -q new a.py || {{ echo broken; exit 1; }}` failed with status 1\n\nMigration-Plan: test\nMigration-Phase: P0\nMigration-Unit: a.py\nMigration-Reverts: {unit}\nMigration-Reason: verification\nMigration-Verdict: failed\n"
        )
    );
}

#[test]
fn a_unit_whose_verification_failed_is_not_tried_again_until_it_is_named() {
    let repo = one(", verify: [\"! grep -q new {file} || test -e allow\"]");
    repo.migrate(&["run"]).exits(1);
    untouched(&repo, 1, &["run"]).says("rolled-back: its verification failed; `--retry rolled-back` or `--file` tries it again");
    repo.write("allow", "");
    repo.migrate(&["run", "--file", "a.py"]).succeeds();
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    assert_eq!(repo.subjects().len(), 5);
}

#[test]
fn a_gate_runs_once_after_its_phase_and_not_again_on_the_same_commit() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    gate: { run: [\"echo {phase} >> .git/gates\"] }\n    files: [a.py]\n  - id: P1\n    files: [b.py]\n    gate: { run: [\"echo {phase} >> .git/gates\"] }\n",
    );
    repo.migrate(&["run"]).succeeds().says("gate         phase 1 (P0) passed");
    assert_eq!(repo.read(".git/gates"), b"P0\nP1\n");
    repo.migrate(&["run", "--phase", "P1"]).succeeds();
    assert_eq!(repo.read(".git/gates"), b"P0\nP1\n");
}

#[test]
fn a_gate_that_fails_ends_the_run_before_the_next_phase() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    gate: { run: [\"test -e allow\"] }\n    files: [a.py]\n  - id: P1\n    files: [b.py]\n",
    );
    repo.migrate(&["run"]).exits(1).says("the gate of phase 1 (P0) did not pass: gate `test -e allow` failed with status 1");
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), OLD.into()));
    repo.write("allow", "");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("b.py"), NEW.as_bytes());
}

#[test]
fn a_phase_is_named_by_its_place_or_by_its_id() {
    let files = &[("a.py", OLD), ("b.py", OLD)];
    let phases = "  - id: P0\n    files: [a.py]\n  - id: P1\n    files: [b.py]\n";
    for (name, changed, left) in [("1", "a.py", "b.py"), ("P0", "a.py", "b.py"), ("2", "b.py", "a.py"), ("P1", "b.py", "a.py")] {
        let repo = repo(files, phases);
        repo.migrate(&["run", "--out-of-order", "--phase", name]).succeeds();
        assert_eq!((repo.read(changed), repo.read(left)), (NEW.into(), OLD.into()), "{name}");
    }
    let repo = repo(files, phases);
    untouched(&repo, 2, &["run", "--phase", "3"]).says("no phase").says("phase 1 (P0), phase 2 (P1)");
}

#[test]
fn a_file_is_named_from_where_one_stands_or_from_the_top() {
    let files = &[("pkg/a.py", OLD), ("pkg/sub/b.py", OLD)];
    let phases = "  - id: P0\n    files: [pkg/a.py, pkg/sub/b.py]\n";
    for (folder, name) in [
        ("", "pkg/sub/b.py"),
        ("pkg", "sub/b.py"),
        ("pkg/sub", "b.py"),
        ("pkg/sub", "./../sub/b.py"),
        ("pkg/sub", "pkg/sub/b.py"),
    ] {
        let repo = repo(files, phases);
        let mut command = repo.command(crate::support::MIGRATE);
        let output = command.current_dir(repo.top().join(folder)).args(["run", "--file", name]).output().unwrap();
        assert!(output.status.success(), "{folder} {name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!((repo.read("pkg/a.py"), repo.read("pkg/sub/b.py")), (OLD.into(), NEW.into()), "{folder} {name}");
    }
    let repo = repo(files, phases);
    untouched(&repo, 2, &["run", "--file", "pkg/none.py"]).says("pkg/none.py is no unit of the plan test");
}

#[test]
fn the_mode_of_a_file_is_kept_in_commit_and_on_disk() {
    let repo = Repo::with(&[("a.py", OLD)]);
    make_executable(&repo, "a.py");
    repo.write("plans/p.yaml", crate::support::plan("  - id: P0\n    files: [a.py]\n"));
    repo.commit_all("plan");
    repo.migrate(&["run"]).succeeds();
    assert!(repo.git(&["ls-tree", "HEAD", "a.py"]).starts_with("100755 blob"));
    assert_eq!(dirty(&repo), "");
}

#[test]
fn commands_are_told_where_they_are_and_run_at_the_top() {
    let repo = repo(
        &[("pkg/a b.py", OLD)],
        "  - id: P0\n    files: [{ path: pkg/a b.py, validate: [\"test -f pkg/*.py && echo $MIGRATE_PLAN $MIGRATE_PHASE $MIGRATE_UNIT $MIGRATE_FILE {plan} {phase} {unit} {file} ${HOME:+home} > .git/told\"] }]\n",
    );
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read(".git/told"), b"test P0 pkg/a b.py pkg/a b.py test P0 pkg/a b.py pkg/a b.py home\n");
}

#[test]
fn a_command_reads_no_input_and_gits_own_variables_do_not_reach_it() {
    let repo = one(", validate: [\"test -z \\\"$(cat)\\\" && test -z \\\"$GIT_INDEX_FILE$GIT_PREFIX\\\"\"]")
        .env("GIT_INDEX_FILE", "/nowhere/index")
        .env("GIT_PREFIX", "sub/");
    let output = repo.command(crate::support::MIGRATE).arg("run").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
}
