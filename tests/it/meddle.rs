//! Somebody works in the repository while a unit is judged: their work stays, ours is not forced upon it.

use std::process::{Child, Stdio};

use crate::kit::untouched;
use crate::lock::line_in;
use crate::support::{MIGRATE, Ran, Repo, plan};

const OLD: &str = "from old import f\nf(1)\n";
const NEW: &str = "from new import g\ng(1)\n";

/// A run that is judging `a.py` and waits for a file `go` in the home.
fn judging() -> (Repo, Child) {
    let repo = Repo::with(&[("a.py", OLD), ("notes.txt", "one\n")]);
    let wait = "echo $$ > $HOME/pid; while test ! -e $HOME/go; do sleep 0.02; done";
    repo.write("plans/p.yaml", plan(&format!("  - id: P0\n    files: [{{ path: a.py, validate: [\"{wait}\"] }}]\n")));
    repo.commit_all("plan");
    let child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    line_in(&repo.home().join("pid"));
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    (repo, child)
}

fn goes_on(repo: &Repo, child: Child) -> Ran {
    std::fs::write(repo.home().join("go"), "").unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn an_edit_of_the_file_while_it_is_judged_is_kept() {
    let (repo, child) = judging();
    repo.write("a.py", "mine = 1\n");
    goes_on(&repo, child).exits(4).says("a.py changed while the unit was judged");
    assert_eq!(repo.read("a.py"), b"mine = 1\n");
    assert_eq!(repo.subjects(), ["plan", "base"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), " M a.py");
    // From here on it is a change of the user's like any other: refused by name while it is not committed, drafted from once it is.
    untouched(&repo, 3, &["run"]).says("a.py has uncommitted changes");
    repo.write("a.py", format!("{OLD}mine = 1\n"));
    untouched(&repo, 3, &["run"]).says("a.py has uncommitted changes");
    repo.git(&["commit", "-q", "-a", "-m", "mine"]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), format!("{NEW}mine = 1\n").as_bytes());
    assert_eq!(repo.subjects().len(), 4);
}

#[test]
fn an_edit_after_a_kill_is_a_change_of_the_users_and_waits_for_no_old_text() {
    let (repo, mut child) = judging();
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::write(repo.home().join("go"), "").unwrap();
    repo.write("a.py", format!("{OLD}mine = 1\n"));
    repo.migrate(&["run"]).exits(3).says("somebody changed a.py since").says("a.py has uncommitted changes");
    assert_eq!(repo.read("a.py"), format!("{OLD}mine = 1\n").as_bytes());
    assert_eq!(repo.git(&["status", "--porcelain"]), " M a.py");
    untouched(&repo, 3, &["run"]).says("a.py has uncommitted changes");
    repo.git(&["commit", "-q", "-a", "-m", "mine"]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), format!("{NEW}mine = 1\n").as_bytes());
    assert_eq!(repo.git(&["for-each-ref", "refs/migrate"]), "");
}

#[test]
fn a_file_deleted_while_it_is_judged_stays_deleted() {
    let (repo, child) = judging();
    std::fs::remove_file(repo.top().join("a.py")).unwrap();
    goes_on(&repo, child).exits(4);
    assert_eq!(repo.git(&["status", "--porcelain"]), " D a.py");
    assert_eq!(repo.subjects(), ["plan", "base"]);
    untouched(&repo, 3, &["run"]).says("a.py");
}

#[test]
fn nothing_is_committed_on_a_branch_that_was_switched_to_even_with_the_same_tip() {
    let (repo, child) = judging();
    repo.git(&["checkout", "-q", "-b", "other"]);
    goes_on(&repo, child).exits(4).says("switched from");
    for branch in ["main", "other"] {
        assert_eq!(repo.git(&["log", "--format=%s", branch]), "plan\nbase");
    }
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    repo.git(&["checkout", "-q", "main"]);
    repo.migrate(&["run"]).succeeds();
}

#[test]
fn a_commit_or_an_amendment_meanwhile_stays_the_tip() {
    for args in [&["commit", "-q", "--allow-empty", "-m", "theirs"][..], &["commit", "-q", "--amend", "-m", "theirs"]] {
        let (repo, child) = judging();
        repo.git(args);
        let tip = repo.git(&["rev-parse", "HEAD"]);
        goes_on(&repo, child).exits(4).says("moved from");
        assert_eq!(repo.git(&["rev-parse", "HEAD"]), tip);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.git(&["rev-parse", "HEAD^"]), tip);
    }
}

#[test]
fn a_file_that_its_owner_committed_while_it_was_judged_is_theirs() {
    let (repo, child) = judging();
    repo.git(&["commit", "-q", "-a", "-m", "theirs"]);
    goes_on(&repo, child).exits(4).says("moved from");
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects(), ["theirs", "plan", "base"]);
}

#[test]
fn a_file_committed_or_left_behind_after_a_kill_is_left_alone() {
    for theirs in [&["commit", "-q", "-a", "-m", "theirs"][..], &["reset", "-q", "--hard"]] {
        let (repo, mut child) = judging();
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::write(repo.home().join("go"), "").unwrap();
        repo.git(theirs);
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.read("a.py"), NEW.as_bytes());
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
        assert_eq!(repo.subjects().len(), 3, "{theirs:?}");
    }
}

#[test]
fn a_branch_that_is_renamed_or_deleted_meanwhile_ends_the_run_by_name_with_nothing_lost() {
    for (args, says) in [
        (&["branch", "-m", "main", "other"][..], "switched from refs/heads/main to refs/heads/other"),
        (&["update-ref", "-d", "refs/heads/main"], "refs/heads/main, which was at"),
    ] {
        let (repo, child) = judging();
        let tip = repo.git(&["rev-parse", "HEAD"]);
        repo.git(args);
        goes_on(&repo, child).exits(4).says(says);
        if args[0] == "update-ref" {
            repo.git(&["update-ref", "refs/heads/main", &tip]);
        }
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.git(&["rev-parse", "HEAD^"]), tip);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
        assert_eq!(repo.read("a.py"), NEW.as_bytes());
    }
}

#[test]
fn another_file_edited_meanwhile_is_named_and_kept() {
    let (repo, child) = judging();
    repo.write("notes.txt", "two\n");
    goes_on(&repo, child).exits(4).says("notes.txt");
    assert_eq!(repo.read("notes.txt"), b"two\n");
    assert_eq!(repo.read("a.py"), OLD.as_bytes());
    assert_eq!(repo.subjects(), ["plan", "base"]);
}
