use std::os::unix::fs::symlink;

use crate::crash::side_by_side;
use crate::kit::{NEW, OLD, make_executable, one, repo, untouched};
use crate::support::{Repo, plan};

/// The plan of one file, in a repository that a test brings into some state.
const PHASES: &str = "  - id: P0\n    files: [a.py]\n";

#[test]
fn outside_a_repository_nothing_is_done() {
    let folder = Repo::plain_folder();
    folder.write("plans/p.yaml", plan(PHASES));
    folder.write("a.py", OLD);
    for command in ["run", "status", "check", "diff", "resume"] {
        folder.migrate(&[command]).exits(3).says("is not in a git repository").says("help: ");
    }
    assert_eq!(folder.read("a.py"), OLD.as_bytes());
}

#[test]
fn a_bare_repository_is_refused() {
    let repo = Repo::plain_folder();
    repo.git(&["init", "-q", "--bare"]);
    repo.migrate(&["run"]).exits(3).says("is bare: it has no work tree").says("help: ");
}

#[test]
fn a_branch_without_a_commit_is_refused() {
    let repo = Repo::empty();
    repo.write("plans/p.yaml", plan(PHASES));
    repo.write("a.py", OLD);
    untouched(&repo, 3, &["run"]).says("the branch main has no commit yet").says("help: commit the files");
    untouched(&repo, 3, &["status"]).says("no commit yet");
}

#[test]
fn a_target_with_changes_is_refused_with_its_place_in_the_plan() {
    let repo = one("");
    repo.write("a.py", "mine = 1\n");
    for args in [&["run"][..], &["run", "--allow-dirty"]] {
        untouched(&repo, 3, args).says("a.py has uncommitted changes").says("plans/p.yaml:8:").says("help: commit or stash");
    }
    untouched(&repo, 3, &["run", "--dry-run"]).says("a.py");
}

#[test]
fn a_target_with_staged_changes_is_refused() {
    let repo = one("");
    repo.write("a.py", "mine = 1\n");
    repo.git(&["add", "a.py"]);
    untouched(&repo, 3, &["run", "--allow-dirty"]).says("a.py has staged changes");
    repo.write("a.py", OLD);
    untouched(&repo, 3, &["run", "--allow-dirty"]).says("a.py has staged changes");
}

#[test]
fn a_target_with_another_mode_is_refused() {
    let repo = one("");
    make_executable(&repo, "a.py");
    untouched(&repo, 3, &["run", "--allow-dirty"]).says("a.py has uncommitted changes");
    repo.git(&["config", "core.fileMode", "false"]);
    repo.migrate(&["run"]).succeeds();
}

#[test]
fn every_target_that_is_not_ready_is_named_at_once() {
    let repo = repo(&[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)], "  - id: P0\n    files: [a.py, b.py, c.py]\n");
    repo.write("a.py", "mine = 1\n");
    repo.git(&["rm", "-q", "--cached", "b.py"]);
    std::fs::remove_file(repo.top().join("c.py")).unwrap();
    untouched(&repo, 3, &["run"])
        .says("a.py has uncommitted changes")
        .says("b.py has staged changes")
        .says("c.py is deleted in the work tree");
}

#[test]
fn an_intent_to_add_and_a_new_staged_file_are_refused() {
    for intent in [true, false] {
        let repo = Repo::with(&[("x", "")]);
        repo.write("plans/p.yaml", plan(PHASES));
        repo.commit_all("plan");
        repo.write("a.py", OLD);
        repo.git(if intent { &["add", "-N", "a.py"] } else { &["add", "a.py"] });
        untouched(&repo, 3, &["run"]).says("a.py is added but in no commit yet").says("help: commit it first");
    }
}

/// A repository on which `main` and `other` disagree about `b.py`.
fn at_odds() -> Repo {
    let repo = repo(&[("a.py", OLD), ("b.py", "x = 1\n")], PHASES);
    repo.git(&["checkout", "-q", "-b", "other"]);
    repo.write("b.py", "x = 2\n");
    repo.commit_all("theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("b.py", "x = 3\n");
    repo.commit_all("ours");
    repo
}

/// Runs git for what it leaves behind when it fails.
fn fails(repo: &Repo, args: &[&str]) {
    let output = repo.command("git").env("GIT_EDITOR", "true").args(args).output().unwrap();
    assert!(!output.status.success(), "git {args:?} was to stop half-way");
}

#[test]
fn an_operation_in_progress_is_refused_by_name() {
    for (args, name) in [
        (&["merge", "other"][..], "a merge is in progress"),
        (&["rebase", "other"], "a rebase is in progress"),
        (&["rebase", "--apply", "other"], "a rebase is in progress"),
        (&["cherry-pick", "other"], "a cherry-pick is in progress"),
        (&["revert", "other"], "a revert is in progress"),
    ] {
        let repo = at_odds();
        if args[0] == "revert" {
            repo.git(&["merge", "-q", "-s", "ours", "other"]);
        }
        fails(&repo, args);
        for command in [
            &["run", "--allow-dirty", "--allow-detached"][..],
            &["rollback", "a.py", "--allow-detached"],
            &["run", "--dry-run", "--allow-dirty", "--allow-detached"],
        ] {
            untouched(&repo, 3, command).says(name).says("help: finish or abort it first");
        }
    }
}

#[test]
fn a_rebase_that_stopped_for_an_edit_is_refused() {
    let repo = at_odds();
    let output =
        repo.command("git").args(["rebase", "-i", "HEAD~1"]).env("GIT_SEQUENCE_EDITOR", "sed -i s/^pick/edit/").output().unwrap();
    assert!(output.status.success());
    untouched(&repo, 3, &["run", "--allow-detached"]).says("a rebase is in progress");
}

#[test]
fn an_interrupted_git_am_is_refused() {
    let repo = at_odds();
    let patch = repo.git(&["format-patch", "-1", "other", "--stdout"]);
    std::fs::write(repo.home().join("patch"), patch + "\n").unwrap();
    fails(&repo, &["am", repo.home().join("patch").to_str().unwrap()]);
    untouched(&repo, 3, &["run", "--allow-dirty"]).says("in progress");
}

#[test]
fn a_bisect_is_refused() {
    let repo = at_odds();
    repo.git(&["bisect", "start"]);
    repo.git(&["bisect", "bad"]);
    untouched(&repo, 3, &["run"]).says("a bisect is in progress");
}

#[test]
fn a_target_in_conflict_is_refused() {
    let repo = at_odds();
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [b.py]\n"));
    repo.commit_all("plan");
    fails(&repo, &["merge", "other"]);
    std::fs::remove_file(repo.top().join(".git/MERGE_HEAD")).unwrap();
    untouched(&repo, 3, &["run", "--allow-dirty"]).says("b.py is in conflict");
}

#[test]
fn locks_of_git_are_named_and_left() {
    let locks = ["index.lock", "HEAD.lock", "refs/heads/main.lock"];
    // Side by side, since each is waited for.
    side_by_side(&[0, 1, 2], |at| {
        let (repo, lock) = (one(""), locks[at]);
        repo.write(&format!(".git/{lock}"), "");
        untouched(&repo, 3, &["run"]).says(lock).says("help: wait for that process");
        std::fs::remove_file(repo.top().join(".git").join(lock)).unwrap();
        repo.migrate(&["run"]).succeeds();
    });
}

#[test]
fn a_second_run_at_the_same_time_is_told_who_is_at_work() {
    let repo =
        one(", validate: [\"grep -q new a.py || exit 0; touch .git/begun; while test -e .git/begun; do sleep 0.02; done\"]");
    let mut first = repo.command(crate::support::MIGRATE).arg("run").stderr(std::process::Stdio::null()).spawn().unwrap();
    let begun = repo.top().join(".git/begun");
    while !begun.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for args in [&["run"][..], &["resume"], &["rollback", "a.py"]] {
        let ran = repo.migrate(args).exits(3);
        if args != ["resume"] {
            ran.says("another migrate is at work in this repository").says(&format!("process {}", first.id()));
        }
    }
    repo.migrate(&["status"]).succeeds().prints("running");
    std::fs::remove_file(begun).unwrap();
    assert!(first.wait().unwrap().success());
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    assert_eq!(repo.subjects().len(), 3);
}

#[test]
fn formats_that_would_be_read_wrong_are_refused_by_name() {
    for (option, name) in [("--object-format=sha256", "sha256"), ("--ref-format=reftable", "reftable")] {
        let repo = Repo::plain_folder();
        if !repo.command("git").args(["init", "-q", option]).status().unwrap().success() {
            crate::support::skip(&format!("this git makes no repository with {option}"));
            continue;
        }
        repo.write("a.py", OLD);
        repo.write("plans/p.yaml", plan(PHASES));
        repo.commit_all("base");
        untouched(&repo, 3, &["run"]).says(name).says("help: ");
    }
}

#[test_with::root()]
#[test]
fn a_repository_of_another_user_is_refused_with_gits_cure() {
    let repo = one("");
    let chown = repo.command("chown").args(["-R", "1234:1234", "."]).status().unwrap();
    if !chown.success() {
        crate::support::skip("only root can give a repository away");
        return;
    }
    repo.migrate(&["run"]).exits(3).says("belongs to another user").says("safe.directory");
    assert_eq!(repo.read("a.py"), OLD.as_bytes());
    assert!(!repo.top().join(".git/migrate").exists());
}

#[test]
fn a_broken_index_or_head_is_refused_and_not_mended() {
    for (file, text) in [(".git/index", "DIRC nonsense"), (".git/HEAD", "nonsense\n")] {
        let repo = one("");
        repo.write(file, text);
        let ran = repo.migrate(&["run"]).exits(3);
        assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
        assert_eq!((repo.read(file), repo.read("a.py")), (text.into(), OLD.into()));
    }
}

#[test]
fn a_link_in_place_of_the_tools_folder_is_not_followed() {
    let repo = one("");
    let elsewhere = repo.top().join("../elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    symlink("../../elsewhere", repo.top().join(".git/migrate")).unwrap();
    untouched(&repo, 3, &["run"]).says(".git/migrate").says("symbolic link");
    assert_eq!(std::fs::read_dir(elsewhere).unwrap().count(), 0);
}
