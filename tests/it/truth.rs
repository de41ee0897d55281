use std::process::Stdio;

use crate::kit::{NEW, OLD, dirty, one, replan, repo, untouched};
use crate::lock::line_in;
use crate::support::{MIGRATE, Ran, Repo};

/// The state and the note of each unit, as `status` has them.
#[track_caller]
fn states(repo: &Repo) -> Vec<String> {
    let text = repo.migrate(&["status", "--json"]).succeeds().stdout;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = json["phases"].as_array().unwrap().iter().flat_map(|phase| phase["rows"].as_array().unwrap());
    rows.map(|row| match row["note"].as_str() {
        Some(note) => format!("{} {} ({note})", row["unit"].as_str().unwrap(), row["state"].as_str().unwrap()),
        None => format!("{} {}", row["unit"].as_str().unwrap(), row["state"].as_str().unwrap()),
    })
    .collect()
}

fn clone_of(repo: &Repo) -> Repo {
    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", repo.top().to_str().unwrap(), "."]);
    clone
}

/// Three files migrated on a branch that `main` has merged.
fn merged() -> Repo {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], "  - id: P0\n    files: [a.py, b.py]\n");
    repo.git(&["checkout", "-q", "-b", "work"]);
    repo.migrate(&["run"]).succeeds();
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "--no-edit", "work"]);
    repo
}

/// How the old text comes back.
type Way<'w> = &'w dyn Fn(&Repo);

#[test]
fn the_old_text_that_came_back_by_whatever_way_is_rolled_back_and_not_done() {
    let ways: [(&str, Way); 5] = [
        ("a reverted merge", &|repo| {
            repo.git(&["revert", "--no-edit", "-m", "1", "HEAD"]);
        }),
        ("a range of reverts", &|repo| {
            repo.git(&["revert", "--no-edit", "work~2..work"]);
        }),
        ("reverts in one commit", &|repo| {
            repo.git(&["revert", "--no-commit", "work~2..work"]);
            repo.git(&["commit", "-q", "-m", "back"]);
        }),
        ("restored files", &|repo| {
            repo.git(&["checkout", "-q", "work~2", "--", "a.py", "b.py"]);
            repo.git(&["commit", "-q", "-m", "back"]);
        }),
        ("a merge that took the old side", &|repo| {
            repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
            repo.git(&["commit", "-q", "--allow-empty", "-m", "ours"]);
            repo.git(&["merge", "-q", "-s", "ours", "--no-edit", "work"]);
        }),
    ];
    for (way, back) in ways {
        let repo = merged();
        back(&repo);
        assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.into(), OLD.into()), "{way}");
        for at in [&repo, &clone_of(&repo)] {
            assert_eq!(states(at), ["a.py rolled-back (by hand)", "b.py rolled-back (by hand)"], "{way}");
            at.migrate(&["status", "--fail"]).exits(1).prints("0 of 2 done (0%)");
            let ran = untouched(at, 1, &["run"]).says("not done: 0 committed, 0 unchanged, 2 rolled-back");
            assert!(!ran.stderr.contains("\ndone"), "{way}: {}", ran.stderr);
        }
        repo.migrate(&["run", "--retry", "rolled-back"]).succeeds().says("done: 2 committed");
        assert_eq!((repo.read("a.py"), dirty(&repo)), (NEW.into(), String::new()), "{way}");
        assert_eq!(states(&repo), ["a.py committed", "b.py committed"], "{way}");
    }
}

#[test]
fn a_new_use_that_a_colleague_brings_is_outdated_and_a_plain_run_takes_it() {
    let repo = merged();
    repo.write("a.py", format!("{NEW}from old import f\nf(2)\n"));
    repo.commit_all("theirs");
    for at in [&clone_of(&repo), &repo] {
        assert_eq!(states(at), ["a.py outdated (its file changed since)", "b.py committed"]);
        at.migrate(&["status", "--fail"]).exits(1);
        at.migrate(&["run"]).succeeds().says("done: 2 committed");
        assert!(!String::from_utf8(at.read("a.py")).unwrap().contains("old"));
        at.migrate(&["status", "--fail"]).succeeds();
    }
}

#[test]
fn an_edit_elsewhere_in_a_migrated_file_leaves_it_committed() {
    let repo = merged();
    repo.write("a.py", format!("{NEW}x = 2\n"));
    repo.git(&["rm", "-q", "b.py"]);
    repo.commit_all("theirs");
    assert_eq!(states(&repo), ["a.py committed", "b.py committed"]);
    untouched(&repo, 0, &["run"]).says("done: 2 committed");
}

#[test]
fn what_the_plan_allows_to_be_left_is_counted_and_never_a_hundred_percent() {
    let repo = Repo::with(&[("a.py", "from old import f\nx = f()\nf(2)\n"), ("b.py", "from old import f\nx = f()\n")]);
    let rule = "rewrite: { before: \"from old import f\\n\\n$X = f()\", after: \"from new import g\\n\\n$X = g()\" }";
    let plan = |guards: &str| {
        crate::support::plan(&format!("  - id: P0\n    {guards}\n    files: [a.py, b.py]\n"))
            .replace("rename: { from: old.f, to: new.g }", rule)
    };
    repo.write("plans/p.yaml", plan("guards: { violation: warn }"));
    repo.commit_all("plan");
    repo.migrate(&["run"]).succeeds().says("done: 2 committed, 0 unchanged; 2 violations left as the plan allows\n");
    for at in [&repo, &clone_of(&repo)] {
        let status = at.migrate(&["status"]).succeeds().prints("2 of 2 done, 2 violations left as the plan allows").stdout;
        assert!(!status.contains('%'), "{status}");
        assert_eq!(states(at), ["a.py committed", "b.py committed"]);
    }
    repo.migrate(&["scan"]).succeeds().prints("2 violations in 1 of 2 files");
}

#[test]
fn a_unit_that_failed_is_failed_and_a_plain_run_tries_it_again() {
    let repo = one(", validate: [\"test -e allow || ! grep -q new {file}\"]");
    repo.migrate(&["run"]).exits(1);
    assert_eq!(states(&repo), ["a.py failed (validate `test -e allow || ! grep -q new a.py` failed with status 1)"]);
    untouched(&repo, 1, &["run"]).says("failed       [1/1] a.py");
    repo.write("allow", "");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(states(&repo), ["a.py committed"]);
}

/// A phase in which `b.py` is quarantined until there is a file `allow`, and `c.py` was taken back.
fn given_up() -> Repo {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)],
        "  - id: P0\n    on_failure: quarantine\n    files: [a.py, { path: b.py, validate: [\"test -e allow || ! grep -q new {file}\"] }, c.py]\n",
    );
    repo.migrate(&["run"]).exits(1);
    repo.migrate(&["rollback", "c.py"]).succeeds();
    repo
}

#[test]
fn only_those_given_up_units_are_tried_again_that_were_asked_for() {
    for (args, left) in [
        (&["run", "--retry", "quarantined"][..], vec!["c.py"]),
        (&["run", "--retry", "rolled-back"], vec!["b.py"]),
        (&["run", "--retry", "quarantined", "rolled-back"], vec![]),
        (&["run", "--retry", "quarantined", "--retry", "rolled-back"], vec![]),
        (&["run", "--file", "b.py", "--file", "c.py"], vec![]),
        (&["run", "--file", "[bc].py"], vec![]),
    ] {
        let repo = given_up();
        repo.write("allow", "");
        let ran = repo.migrate(args).exits(i32::from(!left.is_empty()));
        for file in ["b.py", "c.py"] {
            assert_eq!(repo.read(file) == OLD.as_bytes(), left.contains(&file), "{args:?} {file}: {}", ran.stderr);
        }
    }
    let repo = given_up();
    untouched(&repo, 2, &["run", "--retry", "failed"]).says("no unit that was asked for is failed").says("help: ");
    untouched(&repo, 2, &["run", "--retry", "pending"]);
    untouched(&repo, 2, &["run", "--file", "d*.py"]).says("no unit of the plan test matches d*.py");
    untouched(&repo, 2, &["run", "--file", "aa.py"]).says("did you mean a.py");
}

#[test]
fn check_fails_while_units_are_given_up() {
    let repo = given_up();
    repo.migrate(&["check"]).exits(1).prints("1 quarantined").prints("1 rolled-back");
}

#[test]
fn what_was_asked_for_decides_the_exit_code_and_the_rest_is_told() {
    let repo = given_up();
    repo.migrate(&["run", "--file", "a.py"])
        .succeeds()
        .says("done: 1 committed, 0 unchanged\nelsewhere: 1 quarantined, 1 rolled-back\n");
    repo.migrate(&["status", "--fail"]).exits(1);
}

#[test]
fn the_share_of_units_that_may_be_given_up_is_of_the_whole_phase() {
    let files: Vec<String> = (0..10).map(|at| format!("f{at}.py")).collect();
    let all: Vec<(&str, &str)> = files.iter().map(|name| (name.as_str(), OLD)).collect();
    let repo = repo(
        &all,
        &format!(
            "  - id: P0\n    on_failure: quarantine\n    max_quarantined: 50%\n    validate: [\"test {{file}} != f3.py\"]\n    files: [{}]\n",
            files.join(", ")
        ),
    );
    let ran = repo.migrate(&["run", "--file", "f3.py"]).exits(1).says("the unit is not done: 1 quarantined");
    assert!(!ran.stderr.contains("more than the plan allows"), "{}", ran.stderr);
}

#[test]
fn a_gate_counts_until_its_commands_change_or_a_commit_comes_that_is_not_the_plans() {
    let phases =
        |gate: &str| format!("  - id: P0\n    gate: {{ run: [\"{gate}\"] }}\n    files: [a.py]\n  - id: P1\n    files: [b.py]\n");
    let gate = "echo x >> .git/gates; test ! -e broken.py";
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], &phases(gate));
    let judged = || repo.read(".git/gates").len() / 2;
    repo.migrate(&["run"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    assert_eq!(judged(), 1, "the plan's own later unit does not void it");
    repo.write("broken.py", "");
    repo.commit_all("theirs");
    repo.migrate(&["run"]).exits(1).says("the gate of phase 1 (P0) did not pass");
    repo.migrate(&["status", "--fail"]).exits(1).prints("the gate of phase 1 (P0) failed");
    repo.git(&["rm", "-q", "broken.py"]);
    repo.commit_all("theirs");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(judged(), 3);
    replan(&repo, &crate::support::plan(&phases("false")));
    untouched(&repo, 1, &["run"]).says("the gate of phase 1 (P0) did not pass");
}

#[test]
fn a_phase_is_not_begun_while_an_earlier_one_is_not_done_unless_asked_out_of_order() {
    let later = "  - id: P1\n    files: [z.py]\n";
    let quarantine = "    on_failure: quarantine\n    max_quarantined: 0%\n";
    for (phase, first, why) in [
        ("    files: [a.py]\n", &["status"][..], "phase 1 (P0) is not done: 1 pending"),
        ("    files: [{ path: a.py, validate: [\"! grep -q new {file}\"] }]\n", &["run"], "phase 1 (P0) is not done: 1 failed"),
        (
            &format!("{quarantine}    files: [{{ path: a.py, validate: [\"! grep -q new {{file}}\"] }}]\n"),
            &["run"],
            "phase 1 (P0): 1 of 1 units given up, more than the plan allows: 1 quarantined",
        ),
        ("    gate: { run: [\"false\"] }\n    files: [a.py]\n", &["run"], "the gate of phase 1 (P0) failed"),
    ] {
        let repo = repo(&[("a.py", OLD), ("z.py", OLD)], &format!("  - id: P0\n{phase}{later}"));
        repo.migrate(first);
        untouched(&repo, 1, &["run", "--phase", "2"]).says(why).says("--out-of-order");
        let ran = repo.migrate(&["run", "--phase", "2", "--out-of-order"]).succeeds().says(&format!("out of order: {why}"));
        assert_eq!(repo.read("z.py"), NEW.as_bytes(), "{}", ran.stderr);
    }
}

#[test]
fn a_run_over_a_phase_that_was_taken_back_is_not_done_and_does_not_begin_the_next() {
    let repo = repo(&[("a.py", OLD), ("z.py", OLD)], "  - id: P0\n    files: [a.py]\n  - id: P1\n    files: [z.py]\n");
    repo.migrate(&["run", "--phase", "1"]).succeeds();
    repo.migrate(&["rollback", "--phase", "1"]).succeeds().says("1 unit taken back");
    untouched(&repo, 1, &["run"]).says("phase 1 (P0): 1 of 1 units given up");
    assert_eq!(repo.read("z.py"), OLD.as_bytes());
    repo.migrate(&["run", "--retry", "rolled-back"]).succeeds();
}

/// A run that is at the verification of `b.py`, which fails once there is a file `go` in the home.
fn verifying() -> (Repo, std::process::Child) {
    let wait = "case {file} in *b.py) grep -q new {file} || exit 0; echo $$ > $HOME/pid; while test ! -e $HOME/go; do sleep 0.02; done; false;; esac";
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)],
        &format!("  - id: P0\n    on_failure: quarantine\n    verify: [\"{wait}\"]\n    files: [a.py, b.py, c.py]\n"),
    );
    let child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    line_in(&repo.home().join("pid"));
    (repo, child)
}

fn goes_on(repo: &Repo, child: std::process::Child) -> Ran {
    std::fs::write(repo.home().join("go"), "").unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn a_branch_that_is_switched_during_a_verification_gets_nothing_and_the_next_run_takes_the_commit_back() {
    let (repo, child) = verifying();
    repo.git(&["checkout", "-q", "-b", "mywork"]);
    goes_on(&repo, child).exits(4).says("HEAD was switched from refs/heads/main to refs/heads/mywork");
    assert_eq!(repo.git(&["rev-parse", "mywork"]), repo.git(&["rev-parse", "main"]));
    repo.git(&["checkout", "-q", "main"]);
    repo.migrate(&["run"]).exits(1).says("reverted").says("not done: 2 committed, 0 unchanged, 1 rolled-back");
    assert_eq!((repo.read("a.py"), repo.read("b.py"), repo.read("c.py")), (NEW.into(), OLD.into(), NEW.into()));
    assert_eq!(repo.git(&["rev-list", "--count", "mywork"]), "4");
}

#[test]
fn a_commit_that_is_amended_or_reset_during_its_verification_ends_the_run() {
    for args in [&["commit", "-q", "--amend", "-m", "theirs"][..], &["reset", "-q", "--hard", "HEAD~1"]] {
        let (repo, child) = verifying();
        repo.git(args);
        let tip = repo.git(&["rev-parse", "HEAD"]);
        goes_on(&repo, child).exits(4).says("moved from");
        assert_eq!(repo.git(&["rev-parse", "HEAD"]), tip, "{args:?}");
    }
}

#[test]
fn a_branch_that_is_renamed_or_deleted_during_a_run_is_named_and_nothing_is_lost() {
    for args in [&["branch", "-m", "main", "trunk"][..], &["update-ref", "-d", "refs/heads/main"]] {
        let (repo, child) = verifying();
        let tip = repo.git(&["rev-parse", "HEAD"]);
        repo.git(args);
        let ran = goes_on(&repo, child).exits(4);
        let gone = format!("refs/heads/main, which was at {tip}, was deleted");
        assert!(ran.stderr.contains("HEAD was switched") || ran.stderr.contains(&gone), "{}", ran.stderr);
        if args[0] == "update-ref" {
            repo.git(&["update-ref", "refs/heads/main", &tip]);
        } else {
            repo.git(&["branch", "-m", "trunk", "main"]);
        }
        repo.migrate(&["run"]).exits(1).says("2 committed, 0 unchanged, 1 rolled-back");
    }
}

#[test]
fn an_operation_that_begins_or_a_hook_that_appears_during_a_run_is_noticed() {
    let (repo, child) = verifying();
    repo.git(&["bisect", "start"]);
    goes_on(&repo, child).exits(3).says("a bisect is in progress");
    let (repo, child) = verifying();
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    crate::kit::make_executable(&repo, ".git/hooks/pre-commit");
    goes_on(&repo, child).exits(3).says("hooks").says("pre-commit");
}

#[test]
fn a_commit_of_somebody_else_during_a_verification_is_kept_and_the_unit_is_judged_again() {
    let (repo, child) = verifying();
    repo.write("notes.txt", "theirs\n");
    repo.git(&["add", "notes.txt"]);
    repo.git(&["commit", "-q", "-m", "theirs"]);
    goes_on(&repo, child).exits(1).says("b.py was judged: it is judged again").says("reverted");
    assert_eq!((repo.read("b.py"), repo.read("c.py"), repo.read("notes.txt")), (OLD.into(), NEW.into(), b"theirs\n".to_vec()));
}

#[test]
fn a_unit_that_nobody_verified_is_verified_by_a_run_elsewhere_before_anything_else_lands() {
    let (repo, mut child) = verifying();
    child.kill().unwrap();
    child.wait().unwrap();
    let clone = clone_of(&repo);
    std::fs::write(clone.home().join("go"), "").unwrap();
    clone
        .migrate(&["run", "--file", "c.py"])
        .succeeds()
        .says("b.py: nothing here says that its commit was verified")
        .says("reverted");
    assert_eq!((clone.read("a.py"), clone.read("b.py"), clone.read("c.py")), (NEW.into(), OLD.into(), NEW.into()));
    // One that passed is not judged twice.
    let ran = clone.migrate(&["run"]).exits(1);
    assert!(!ran.stderr.contains("nothing here says"), "{}", ran.stderr);
    std::fs::write(repo.home().join("go"), "").unwrap();
    repo.migrate(&["run"]).exits(1).says("reverted");
}

#[test]
fn the_plans_own_file_never_makes_the_tree_dirty() {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], "  - id: P0\n    files: [a.py]\n");
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    repo.write("plans/p.yaml", plan.replace("[a.py]", "[a.py, b.py]"));
    repo.migrate(&["run"]).succeeds().says("done: 2 committed");
    assert_eq!(dirty(&repo), " M plans/p.yaml");
    repo.write("b.py", "mine = 1\n");
    repo.migrate(&["run"]).exits(3).says("b.py");
}

#[test]
fn a_verification_that_edits_its_file_and_fails_is_told_and_the_commit_is_taken_back_as_soon_as_it_can_be() {
    let repo = one(", verify: [\"grep -q new {file} || exit 0; test -e fixed || echo '# mark' >> {file}; false\"]");
    let ran = repo.migrate(&["run"]).exits(4);
    ran.says("verify").says("failed with status 1; its commit").says("is still in the branch").says("run migrate again");
    repo.git(&["checkout", "--", "a.py"]);
    repo.write("fixed", "");
    repo.migrate(&["run"]).exits(1).says("reverted");
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), String::new()));
}

#[test]
fn a_clone_says_that_a_quarantine_is_known_only_where_it_happened() {
    let repo = given_up();
    let clone = clone_of(&repo);
    assert_eq!(states(&clone), ["a.py committed", "b.py pending", "c.py rolled-back (by request)"]);
    clone.migrate(&["status"]).succeeds().prints("a unit that failed or was quarantined elsewhere shows as pending");
}

#[test]
fn a_dead_rule_keeps_a_plan_from_being_done_in_its_status_too() {
    let repo = repo(&[("a.py", "x = 1\n")], "  - id: P0\n    files: [a.py]\n");
    let status = repo.migrate(&["status", "--fail"]).exits(1).prints("1 of 1 done, with problems").stdout;
    assert!(status.contains("error: the rule f matches nothing: no file imports old"), "{status}");
    let json: serde_json::Value = serde_json::from_str(&repo.migrate(&["status", "--json"]).succeeds().stdout).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn what_a_killed_run_left_is_put_in_order_although_the_plan_is_gone_since() {
    let repo = one(", validate: [[sh, -c, \"! grep -q new a.py || kill -9 $PPID\"]]");
    assert_eq!(repo.migrate(&["run"]).signal, Some(9));
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    std::fs::remove_file(repo.top().join("plans/p.yaml")).unwrap();
    repo.migrate(&["status"]).exits(2);
    assert_eq!(repo.read("a.py"), NEW.as_bytes(), "what only looks puts nothing in order");
    repo.migrate(&["run"]).exits(2).says("recovered    a.py: its file is as it was").says("there is no plan in plans/");
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), " D plans/p.yaml".to_owned()));
}

#[test]
fn a_resumed_run_that_retries_goes_on_although_nothing_is_left_in_that_state() {
    let repo = given_up();
    repo.write("allow", "");
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    // The last of the units that are tried again waits, until it is interrupted.
    let wait = "test -e .git/go || kill -INT $PPID; sleep 0.3; test -e .git/go";
    replan(&repo, &plan.replace("c.py]", &format!("{{ path: c.py, verify: [\"{wait}\"] }}]")));
    repo.migrate(&["run"]).exits(1);
    let ran = repo.migrate(&["run", "--retry", "rolled-back"]);
    assert_eq!(ran.signal, Some(2), "{ran:?}");
    repo.write(".git/go", "");
    repo.migrate(&["resume"]).succeeds().says("done: 3 committed");
    assert_eq!((repo.read("b.py"), repo.read("c.py")), (NEW.into(), NEW.into()));
}

/// A plan whose verify kills the run once and fails from then on.
const KILLS_ONCE: &str = ", verify: [[sh, -c, \"grep -q new a.py || exit 0; test -e .git/once || { touch .git/once; kill -9 $PPID; sleep 1; }; false\"]]";

#[test]
fn a_verification_that_is_owed_keeps_a_plan_from_being_done() {
    let repo = one(KILLS_ONCE);
    assert_eq!(repo.migrate(&["run"]).signal, Some(9));
    let owed = "a.py is committed and not verified yet";
    repo.migrate(&["status", "--fail"]).exits(1).prints(owed).prints("1 of 1 done, with problems");
    repo.migrate(&["check"]).exits(1).says(owed);
    repo.migrate(&["run"]).exits(1).says("reverted");
    let status = repo.migrate(&["status"]).succeeds().stdout;
    assert!(!status.contains("not verified"), "{status}");
}

#[test]
fn a_failed_verification_is_owed_to_its_branch_whatever_happens_on_another() {
    let verify = "case {file} in *b.py) grep -q new {file} || exit 0; test -e .git/once || { touch .git/once; git checkout -q -b mine; }; exit 1;; esac";
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        &format!("  - id: P0\n    on_failure: quarantine\n    verify: [\"{verify}\"]\n    files: [a.py, b.py]\n"),
    );
    repo.migrate(&["run"]).exits(4).says("b.py is committed there and not verified yet");
    repo.migrate(&["run"]).exits(1).says("reverted");
    repo.git(&["checkout", "-q", "main"]);
    repo.migrate(&["run"]).exits(1).says("reverted");
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), OLD.into()));
    repo.migrate(&["status", "--fail"]).exits(1).prints("1 committed, 1 rolled-back");
}

#[test]
fn nothing_lands_above_a_commit_of_another_plan_that_is_not_verified() {
    let repo = one(KILLS_ONCE);
    let other = crate::support::plan("  - id: P0\n    files: [b.py]\n").replace("name: test", "name: other");
    repo.write("plans/q.yaml", other);
    repo.write("b.py", OLD);
    repo.commit_all("another plan");
    assert_eq!(repo.migrate(&["run", "--plan", "plans/p.yaml"]).signal, Some(9));
    let refused = untouched(&repo, 3, &["run", "--plan", "plans/q.yaml"]);
    refused.says("a.py, which the plan test committed, is not verified yet").says("--out-of-order");
    repo.migrate(&["run", "--plan", "plans/p.yaml"]).exits(1).says("reverted");
    repo.migrate(&["run", "--plan", "plans/q.yaml"]).succeeds();
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.into(), NEW.into()));
}

#[test]
fn a_unit_that_others_built_upon_unverified_is_judged_elsewhere_and_left_to_them() {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], &format!("  - id: P0\n    files: [{{ path: a.py{KILLS_ONCE} }}, b.py]\n"));
    assert_eq!(repo.migrate(&["run"]).signal, Some(9));
    repo.git(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
    let clone = clone_of(&repo);
    clone.write(".git/once", "");
    untouched(&clone, 1, &["run"]).says("others have committed since its commit").says("migrate rollback a.py");
    assert_eq!(clone.read("b.py"), OLD.as_bytes(), "nothing lands above it");
    clone.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!(clone.read("a.py"), OLD.as_bytes());
}

#[test]
fn a_verification_that_always_edits_its_file_and_fails_is_taken_back_without_being_judged_again() {
    let repo = one(", verify: [\"grep -q new {file} || exit 0; echo '# mark' >> {file}; echo x >> .git/judged; false\"]");
    repo.migrate(&["run"]).exits(4).says("its commit").says("it takes the commit back first");
    repo.migrate(&["status", "--fail"]).exits(1).prints("not verified yet");
    repo.git(&["checkout", "--", "a.py"]);
    repo.migrate(&["run"]).exits(1).says("reverted");
    assert_eq!((repo.read("a.py"), repo.read(".git/judged")), (OLD.into(), b"x\n".to_vec()));
}

#[test]
fn an_old_text_that_a_foreign_commit_brings_back_during_the_run_is_counted_at_its_end() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    gate: { run: [\"test -e .git/once || { touch .git/once; git revert --no-edit HEAD; }\"] }\n    files: [a.py, b.py]\n",
    );
    repo.migrate(&["run"]).exits(1).says("not done: 1 committed, 0 unchanged, 1 rolled-back");
    assert_eq!(repo.read("b.py"), OLD.as_bytes());
}

#[test]
fn what_failed_is_not_done_because_its_text_was_committed_meanwhile() {
    let repo = one(", validate: [\"git commit -qam mine; exit 1\"]");
    repo.migrate(&["run"]).exits(1).says("failed       [1/1] a.py: validate");
    assert_eq!(repo.subjects()[0], "mine");
}

#[test]
fn a_unit_that_was_done_twice_is_taken_back_to_the_text_before_the_first() {
    let body: String = (0..10).map(|at| format!("x{at} = {at}\n")).collect();
    let again = "from old import f\nf(2)\n";
    let repo = repo(&[("a.py", &format!("{OLD}{body}"))], "  - id: P0\n    files: [a.py]\n");
    repo.migrate(&["run"]).succeeds();
    repo.write("a.py", format!("{NEW}{body}{again}"));
    repo.commit_all("more");
    repo.migrate(&["run"]).succeeds();
    untouched(&repo, 0, &["rollback", "--all", "--dry-run"]);
    repo.migrate(&["rollback", "--all"]).succeeds().says("1 unit taken back");
    assert_eq!(repo.read("a.py"), format!("{OLD}{body}{again}").as_bytes());
    untouched(&repo, 0, &["rollback", "a.py"]).says("rolled back already");
    assert_eq!(states(&repo), ["a.py rolled-back (by request)"]);
}

#[test]
fn a_glob_without_a_match_keeps_a_plan_from_being_done() {
    let repo = repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py, { glob: \"srcc/**\" }]\n");
    repo.migrate(&["status", "--fail"]).exits(1).prints("phase 1 (P0): the glob srcc/** matches no tracked file");
}

#[test]
fn a_file_of_a_glob_in_which_the_plan_allows_violations_is_counted() {
    let rule = "rewrite: { before: \"from old import f\\n\\nf($X)\", after: \"from new import g\\n\\ng($X)\" }";
    let plan = crate::support::plan("  - id: P0\n    guards: { violation: warn }\n    files: [{ glob: \"?.py\" }]\n");
    let repo = Repo::with(&[("a.py", OLD), ("b.py", "from old import f\nprint(f(*[2]))\n"), ("c.py", "x = 1\n")]);
    replan(&repo, &plan.replace("rename: { from: old.f, to: new.g }", rule));
    repo.migrate(&["run"]).succeeds().says("done: 1 committed, 0 unchanged; 2 violations left as the plan allows");
    repo.migrate(&["status"]).succeeds().prints("1 of 1 done, 2 violations left as the plan allows");
}

#[test]
fn a_state_goes_by_what_head_holds_and_not_by_an_edit_that_nobody_committed() {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], "  - id: P0\n    files: [a.py, b.py]\n");
    repo.write("b.py", NEW);
    assert_eq!(states(&repo), ["a.py pending", "b.py pending"]);
    repo.migrate(&["check"]).exits(3).says("b.py has uncommitted changes");
    repo.migrate(&["run"]).exits(3).says("b.py has uncommitted changes");
}

#[test]
fn a_file_that_is_named_does_not_run_past_a_phase_that_is_not_done() {
    let repo = repo(
        &[("a.py", OLD), ("z.py", OLD)],
        "  - id: P0\n    gate: { run: [\"false\"] }\n    files: [a.py]\n  - id: P1\n    files: [z.py]\n",
    );
    repo.migrate(&["run"]).exits(1);
    untouched(&repo, 1, &["run", "--file", "z.py"]).says("the gate of phase 1 (P0) failed");
    repo.migrate(&["run", "--file", "z.py", "--out-of-order"]).succeeds();
}

#[test]
fn a_dry_run_over_units_that_were_given_up_says_so() {
    let repo = given_up();
    untouched(&repo, 1, &["run", "--dry-run"]).says("a run would leave units that are not done: 1 quarantined, 1 rolled-back");
    repo.migrate(&["status", "--fail"]).exits(1).says("`migrate run --retry quarantined rolled-back`");
    repo.write("allow", "");
    repo.migrate(&["run", "--retry", "failed", "quarantined"]).exits(1).says("1 rolled-back");
    assert_eq!(repo.read("b.py"), NEW.as_bytes());
}
