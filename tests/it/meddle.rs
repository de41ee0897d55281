//! Somebody works in the repository while a unit is judged: their work stays, ours is not forced upon it.

use std::os::unix::fs::MetadataExt;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::kit::untouched;
use crate::lock::line_in;
use crate::support::{MIGRATE, Ran, Repo, plan};

const OLD: &str = "from old import f\nf(1)\n";
const NEW: &str = "from new import g\ng(1)\n";

/// A run that is judging `a.py` and waits for a file `go` in the home.
fn judging() -> (Repo, Child) {
    let repo = Repo::with(&[("a.py", OLD), ("notes.txt", "one\n")]);
    let wait = "grep -q new {file} || exit 0; echo $$ > $HOME/pid; while test ! -e $HOME/go; do sleep 0.02; done";
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
fn git_status_in_a_loop_elsewhere_stops_no_run() {
    const UNITS: usize = 60;
    let names: Vec<String> = (0..UNITS).map(|nth| format!("a{nth:02}.py")).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), OLD)).collect();
    files.push(("notes.txt", "one\n"));
    let repo = Repo::with(&files);
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [{ glob: \"*.py\" }]\n"));
    repo.commit_all("plan");
    let over = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let status = scope.spawn(|| {
            let (index, mut written) = (repo.top().join(".git/index"), 0);
            while !over.load(Ordering::Relaxed) {
                // A new time of a file is what makes git write the index.
                repo.write("notes.txt", "one\n");
                let before = index.metadata().unwrap().ino();
                repo.git(&["status", "--porcelain"]);
                written += usize::from(index.metadata().unwrap().ino() != before);
            }
            written
        });
        let ran = repo.migrate(&["run"]);
        over.store(true, Ordering::Relaxed);
        ran.succeeds();
        status.join().unwrap()
    });
    assert!(written > 5, "git status has written the index {written} times only");
    assert_eq!((repo.subjects().len(), repo.git(&["status", "--porcelain"])), (UNITS + 2, String::new()));
}

#[test]
fn what_others_stage_while_the_index_is_written_stays_staged() {
    let (repo, child) = judging();
    repo.write("new.txt", "new\n");
    repo.git(&["add", "new.txt"]);
    goes_on(&repo, child).exits(4).says("new.txt");
    assert_eq!(repo.git(&["status", "--porcelain"]), "A  new.txt");
}

#[test]
fn a_change_of_the_units_own_entry_in_the_index_is_somebody_elses_and_stays() {
    for staging in ["content", "mode"] {
        let (repo, child) = judging();
        let staged = || repo.git(&["ls-files", "--stage", "a.py"]);
        match staging {
            "mode" => drop(repo.git(&["update-index", "--chmod=+x", "a.py"])),
            _ => {
                let blob = repo.git(&["rev-parse", "HEAD:notes.txt"]);
                repo.git(&["update-index", "--cacheinfo", &format!("100644,{blob},a.py")]);
            }
        }
        let before = staged();
        goes_on(&repo, child).exits(4).says("the index entry of a.py was changed in the meantime");
        assert_eq!((staged(), repo.subjects().len()), (before, 2), "{staging}");
        assert_eq!(repo.read("a.py"), OLD.as_bytes(), "{staging}");
    }
}

#[test]
fn an_index_that_is_locked_for_an_instant_is_waited_for() {
    let (repo, child) = judging();
    repo.write(".git/index.lock", "");
    let ran = std::thread::scope(|scope| {
        let ran = scope.spawn(|| goes_on(&repo, child));
        std::thread::sleep(Duration::from_millis(500));
        std::fs::remove_file(repo.top().join(".git/index.lock")).unwrap();
        ran.join().unwrap()
    });
    ran.succeeds();
    repo.write(".git/index.lock", "");
    let ran = std::thread::scope(|scope| {
        let ran = scope.spawn(|| repo.migrate(&["rollback", "a.py"]));
        std::thread::sleep(Duration::from_millis(500));
        std::fs::remove_file(repo.top().join(".git/index.lock")).unwrap();
        ran.join().unwrap()
    });
    ran.succeeds();
    assert_eq!((repo.subjects().len(), repo.git(&["status", "--porcelain"])), (4, String::new()));
}

#[test]
fn a_change_in_the_second_of_the_index_stays_a_change_to_git() {
    let repo = Repo::with(&[("a.py", OLD), ("b.py", OLD), ("same.txt", "one\n"), ("notes.txt", "one\n")]);
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [a.py, b.py]\n"));
    repo.commit_all("plan");
    repo.git(&["config", "core.trustctime", "false"]);
    let aged = |path: &str| {
        let file = std::fs::File::options().write(true).open(repo.top().join(path)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    };
    for path in ["same.txt", "notes.txt"] {
        aged(path);
    }
    repo.git(&["update-index", "--refresh"]);
    aged(".git/index");
    repo.write("notes.txt", "two\n");
    for path in ["same.txt", "notes.txt"] {
        aged(path);
    }
    assert_eq!(repo.git(&["status", "--porcelain"]), " M notes.txt");
    aged(".git/index");
    repo.migrate(&["run", "--allow-dirty"]).succeeds();
    assert_eq!(repo.git(&["status", "--porcelain"]), " M notes.txt");
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
fn an_amendment_or_a_reset_meanwhile_stays_the_tip_and_ends_the_run() {
    for args in [&["commit", "-q", "--amend", "-m", "theirs"][..], &["reset", "-q", "--soft", "HEAD~1"]] {
        let (repo, child) = judging();
        repo.git(args);
        let tip = repo.git(&["rev-parse", "HEAD"]);
        goes_on(&repo, child).exits(4).says("moved from");
        assert_eq!(repo.git(&["rev-parse", "HEAD"]), tip);
        // What they staged is theirs too.
        repo.git(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.git(&["rev-parse", "HEAD~2"]), tip);
    }
}

#[test]
fn a_commit_on_top_of_the_branch_makes_the_verdict_void_and_the_run_goes_on() {
    let (repo, child) = judging();
    repo.write("notes.txt", "theirs\n");
    repo.git(&["commit", "-q", "-m", "theirs", "--", "notes.txt"]);
    let tip = repo.git(&["rev-parse", "HEAD"]);
    goes_on(&repo, child).succeeds().says("the branch got other commits while a.py was judged: it is judged again");
    assert_eq!(repo.git(&["rev-parse", "HEAD^"]), tip);
    assert_eq!((repo.read("a.py"), repo.git(&["status", "--porcelain"])), (NEW.into(), String::new()));
}

#[test]
fn a_file_that_its_owner_committed_while_it_was_judged_is_theirs() {
    let (repo, child) = judging();
    repo.git(&["commit", "-q", "-a", "-m", "theirs"]);
    goes_on(&repo, child).succeeds().says("done: 0 committed, 1 unchanged");
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
