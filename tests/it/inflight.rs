use std::process::{Child, Stdio};
use std::time::Duration;

use crate::crash::{full, outcome, short_run, side_by_side};
use crate::kit::{NEW, OLD, one, repo, untouched};
use crate::lock::line_in;
use crate::support::{MIGRATE, Ran, Repo, plan};

/// The whole of what git can do to objects that nothing names.
const TIDY: &str = "git prune --expire=now && git gc -q --prune=now";

/// Asserts that git finds nothing wrong.
#[track_caller]
fn is_sound(repo: &Repo, at: &str) {
    let fsck = repo.command("git").args(["fsck", "--strict", "--no-dangling", "--no-progress"]).output().unwrap();
    let said = String::from_utf8_lossy(&fsck.stderr).into_owned() + &String::from_utf8_lossy(&fsck.stdout);
    assert!(fsck.status.success() && said.is_empty(), "{at}: git fsck says {said}");
}

#[track_caller]
fn holds_nothing(repo: &Repo, at: &str) {
    assert_eq!(repo.git(&["for-each-ref", "refs/migrate"]), "", "{at}");
}

/// Units that end in every way: landed, converted, made by a codemod, failed in validation, taken back by verification.
fn every_way() -> Repo {
    let repo = Repo::with(&[("a.py", OLD), ("deep/b.py", OLD), ("c.py", OLD), ("d.py", OLD), ("e.py", OLD)]);
    repo.write(".gitattributes", "deep/b.py text eol=crlf\n");
    repo.write("deep/b.py", OLD.replace('\n', "\r\n"));
    repo.write(
        "plans/p.yaml",
        plan(concat!(
            "  - id: P0\n    on_failure: quarantine\n    files:\n",
            "      - { path: a.py, rules: [f], validate: [['true']] }\n",
            "      - { path: deep/b.py, rules: [f], verify: [['true']] }\n",
            "      - { path: c.py, rules: [f, more], validate: [['true']] }\n",
            "      - { path: d.py, rules: [f], validate: ['! grep -q new {file}'] }\n",
            "      - { path: e.py, rules: [f], verify: ['! grep -q new {file}'] }\n",
        ))
        .replace("phases:", "  more: { command: { run: \"printf '# more\\n' >> {file}\" } }\nphases:"),
    );
    repo.commit_all("plan");
    repo
}

/// The names of the fault points of a run, in order.
fn points(template: &Repo) -> (Vec<String>, Repo) {
    let (repo, trace) = (template.copy(), template.home().join("trace"));
    Ran::of(repo.command(MIGRATE).arg("run").env("MIGRATE_FAULT_TRACE", &trace).output().unwrap()).exits(1);
    let points = std::fs::read_to_string(&trace).unwrap().lines().map(str::to_owned).collect();
    std::fs::remove_file(trace).unwrap();
    (points, repo)
}

/// Each point when everything is asked for, else each kind of point where it is met first and one more of every few.
fn some(points: &[String]) -> Vec<usize> {
    let kind = |nth: usize| points[nth - 1].split_once(' ').unwrap().1;
    let first = |nth: usize| (1..nth).all(|before| kind(before) != kind(nth));
    (1..=points.len()).filter(|nth| full() || first(*nth) || nth % 37 == 5).collect()
}

#[test]
fn what_git_tidies_up_at_any_point_of_a_run_is_nothing_that_the_run_needs() {
    let template = every_way();
    let (points, whole) = points(&template);
    let whole = outcome(&whole);
    let chosen = some(&points);
    assert!(chosen.len() > 25, "{points:?}");
    side_by_side(&chosen, |nth| {
        let (repo, at) = (template.copy(), points[nth - 1].clone());
        let meddled =
            repo.command(MIGRATE).arg("run").env("MIGRATE_MEDDLE", TIDY).env("MIGRATE_MEDDLE_AT", nth.to_string()).output();
        Ran::of(meddled.unwrap()).exits(1);
        is_sound(&repo, &at);
        holds_nothing(&repo, &at);
        assert!(outcome(&repo) == whole, "{at}: not as unbroken");
    });
}

#[test]
fn what_git_tidies_up_after_a_kill_at_any_point_keeps_no_run_from_going_on() {
    let template = every_way();
    let (points, whole) = points(&template);
    let whole = outcome(&whole);
    side_by_side(&some(&points), |nth| {
        let (repo, at) = (template.copy(), points[nth - 1].clone());
        let killed = repo.command(MIGRATE).arg("run").env("MIGRATE_KILL_AT", nth.to_string()).output();
        assert_eq!(Ran::of(killed.unwrap()).signal, Some(9), "{at}");
        let tidied = Ran::of(repo.command("sh").args(["-c", TIDY]).output().unwrap());
        // Killed while it moved the branch it leaves a lock, which git waits for anybody but us to remove.
        assert!(tidied.code == Some(0) || tidied.stderr.contains("main.lock': File exists"), "{at}: {tidied:?}");
        is_sound(&repo, &at);
        repo.migrate(&["run"]).exits(1);
        is_sound(&repo, &at);
        holds_nothing(&repo, &at);
        assert!(outcome(&repo) == whole, "{at}: not as unbroken");
    });
}

#[test]
fn a_run_in_which_git_packs_references_at_every_point_ends_like_an_unbroken_one() {
    let scenario = short_run();
    let (repo, whole) = (scenario.template.copy(), scenario.template.copy());
    whole.migrate(&["run"]).succeeds();
    let meddled = repo.command(MIGRATE).arg("run").env("MIGRATE_MEDDLE", "git pack-refs --all --prune").output();
    Ran::of(meddled.unwrap()).succeeds();
    is_sound(&repo, "at every point");
    holds_nothing(&repo, "at every point");
    assert!(outcome(&repo) == outcome(&whole), "not as unbroken");
}

#[test]
fn a_validation_that_prunes_takes_no_object_from_the_commit() {
    let repo = one(", validate: [\"git prune --expire=now\"]");
    repo.migrate(&["run"]).succeeds();
    is_sound(&repo, "after the run");
    let clone = repo.home().join("clone");
    repo.git(&["clone", "-q", "--no-local", ".", clone.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(clone.join("a.py")).unwrap(), NEW);
}

/// A run that is judging `a.py` and waits for a file `go` in the home.
fn judging(rest: &str) -> (Repo, Child) {
    let wait = "grep -q new {file} || exit 0; echo $$ > $HOME/pid; while test ! -e $HOME/go; do sleep 0.02; done";
    let repo = one(&format!(", validate: [\"{wait}\"]{rest}"));
    let child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    line_in(&repo.home().join("pid"));
    (repo, child)
}

fn killed(repo: &Repo, mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::write(repo.home().join("go"), "").unwrap();
}

#[test]
fn a_run_killed_in_a_validation_goes_on_after_weeks_and_a_gc_with_or_without_what_was_held() {
    for held in [true, false] {
        let (repo, child) = judging("");
        killed(&repo, child);
        let refs = repo.git(&["for-each-ref", "--format=%(refname)", "refs/migrate"]);
        assert_eq!(refs.lines().count(), 1, "{refs}");
        if !held {
            // As a release that held nothing left it.
            repo.git(&["update-ref", "-d", &refs]);
        }
        let aged = repo.command("sh").args(["-c", "find .git/objects -type f -exec touch -d '15 days ago' {} +"]).status();
        assert!(aged.unwrap().success());
        repo.git(&["gc", "-q"]);
        let kept = repo.command("git").args(["cat-file", "-e", "4205dfe95e1fdddc4cc3b58dfc49b214cd9d5cf2"]).output().unwrap();
        assert_eq!(kept.status.success(), held, "the new text of a.py");
        repo.migrate(&["run"]).succeeds();
        is_sound(&repo, "after the second run");
        holds_nothing(&repo, "after the second run");
        assert_eq!(repo.subjects().len(), 3);
    }
}

#[test]
fn references_of_others_where_ours_would_be_are_refused_by_name_and_stay() {
    let fresh = one("");
    fresh.git(&["update-ref", "refs/migrate", "HEAD"]);
    untouched(&fresh, 3, &["run"]).says("there is a reference refs/migrate,").says("help: ");

    // Taken while a run was killed: nothing of the unit is lost, and it goes on once the name is free.
    let (repo, child) = judging("");
    killed(&repo, child);
    let own = repo.git(&["for-each-ref", "--format=%(refname)", "refs/migrate"]);
    let id = own.rsplit_once('/').unwrap().0.to_owned();
    repo.git(&["update-ref", "-d", &own]);
    repo.git(&["update-ref", &id, "HEAD"]);
    untouched(&repo, 3, &["run"]).says(&id);
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    repo.git(&["update-ref", "-d", &id]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects().len(), 3);
}

#[test]
fn references_of_others_beside_ours_stay_and_so_do_those_of_another_work_tree() {
    let repo = one("");
    repo.git(&["update-ref", "refs/migrate/theirs", "HEAD"]);
    let linked = repo.home().join("linked");
    repo.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let kill = repo.command(MIGRATE).arg("run").current_dir(&linked).env("MIGRATE_KILL_AT", "14").output().unwrap();
    assert_eq!(Ran::of(kill).signal, Some(9));
    let before = repo.git(&["for-each-ref", "refs/migrate"]);
    assert_eq!(before.lines().count(), 2, "{before}");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.git(&["for-each-ref", "refs/migrate"]), before);
    Ran::of(repo.command(MIGRATE).arg("run").current_dir(&linked).output().unwrap()).succeeds();
    assert_eq!(repo.git(&["for-each-ref", "--format=%(refname)", "refs/migrate"]), "refs/migrate/theirs");
    is_sound(&repo, "after both");
}

#[test]
fn a_lock_of_somebody_else_on_the_branch_is_waited_for_and_never_removed() {
    let scenario = short_run();
    let repo = scenario.killed_where("land: index done", 1);
    let lock = repo.top().join(".git/refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    repo.migrate(&["run"]).exits(3).says("main.lock exists");
    assert!(lock.exists());
    std::fs::remove_file(&lock).unwrap();
    scenario.ends_as_whole(&repo, "after the lock went");

    // One that is held for an instant, as by `git pack-refs`, is only waited for.
    let (name, validate) = (".git/refs/heads/main.lock", "touch .git/refs/heads/main.lock");
    let brief =
        crate::kit::repo(&[("a.py", OLD)], &format!("  - id: P0\n    files: [{{ path: a.py, validate: [\"{validate}\"] }}]\n"));
    let lock = brief.top().join(name);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !lock.exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(700));
            std::fs::remove_file(&lock).unwrap();
        });
        brief.migrate(&["run"]).succeeds();
    });
    assert!(!lock.exists());
}

#[test]
fn a_commit_that_was_taken_back_by_hand_before_it_was_verified_needs_no_verification() {
    let verify = "grep -q new {file} || exit 0; echo $$ > $HOME/pid; while test ! -e $HOME/go; do sleep 0.02; done; false";
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        &format!("  - id: P0\n    files: [{{ path: a.py, verify: [\"{verify}\"] }}, b.py]\n"),
    );
    let child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    line_in(&repo.home().join("pid"));
    killed(&repo, child);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    let ran = repo.migrate(&["run"]).says("a.py: its commit is undone already");
    assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.as_bytes().to_vec(), NEW.as_bytes().to_vec()));
    let again = repo.migrate(&["run"]);
    assert!(matches!(again.code, Some(0 | 1)) && !again.stderr.contains("undone already"), "{again:?}");
}

#[test]
fn a_verification_is_still_owed_after_somebody_switched_the_branch_at_the_instant_of_a_kill() {
    let repo = one(", verify: ['! grep -q new {file}']");
    let trace = repo.home().join("trace");
    let copy = repo.copy();
    Ran::of(copy.command(MIGRATE).arg("run").env("MIGRATE_FAULT_TRACE", &trace).output().unwrap()).exits(1);
    let trace = std::fs::read_to_string(trace).unwrap();
    let nth = trace.lines().position(|line| line.ends_with("land: branch moved")).unwrap() + 1;
    let kill = repo.command(MIGRATE).arg("run").env("MIGRATE_KILL_AT", nth.to_string()).output().unwrap();
    assert_eq!(Ran::of(kill).signal, Some(9));
    repo.git(&["checkout", "-q", "-b", "other", "HEAD^"]);
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [b.py]\n"));
    repo.write("b.py", OLD);
    repo.commit_all("other plan");
    repo.migrate(&["run", "--plan-changed"]).succeeds();
    repo.git(&["checkout", "-q", "main"]);
    repo.migrate(&["run", "--plan-changed"]).exits(1).says("verify");
    assert_eq!(repo.read("a.py"), OLD.as_bytes());
    assert_eq!(repo.subjects().len(), 4, "its commit was taken back by one of its own");
}
