//! Only one run at a time per work tree; a dead one blocks nobody.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{MIGRATE, Ran, Repo, plan};

/// Waits until `path` holds a line, and gives it.
#[track_caller]
pub fn line_in(path: &Path) -> String {
    let start = Instant::now();
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ if start.elapsed() > Duration::from_secs(20) => panic!("{} was never written", path.display()),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A repository whose run waits in its validation until there is a file `go` in its home.
fn waits() -> Repo {
    let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n"), ("b.py", "from old import f\nf(2)\n")]);
    let wait = "echo $$ > \\\"$HOME/pid\\\"; while test ! -e \\\"$HOME/go\\\"; do sleep 0.02; done";
    repo.write(
        "plans/p.yaml",
        plan(&format!("  - id: P0\n    files: [{{ path: a.py, validate: [\"{wait}\"] }}, {{ path: b.py }}]\n")),
    );
    repo.commit_all("plan");
    repo
}

fn start(repo: &Repo) -> Child {
    let child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    line_in(&repo.home().join("pid"));
    child
}

fn let_go(repo: &Repo, child: Child) {
    std::fs::write(repo.home().join("go"), "").unwrap();
    Ran::of(child.wait_with_output().unwrap()).succeeds();
}

#[test]
fn a_second_run_and_a_rollback_are_told_who_is_at_work_and_change_nothing() {
    let repo = waits();
    let first = start(&repo);
    let (before, holder) = (repo.state(), format!("process {}", first.id()));
    for args in [&["run"][..], &["resume"], &["rollback", "--all"]] {
        repo.migrate(args).exits(3).says("another migrate is at work").says(&holder);
    }
    // Looking needs no lock.
    repo.migrate(&["status"]).succeeds();
    assert_eq!(repo.state(), before);
    let_go(&repo, first);
    assert_eq!(repo.subjects().len(), 4);
}

#[test]
fn a_killed_holder_blocks_nobody() {
    let repo = waits();
    let mut first = start(&repo);
    first.kill().unwrap();
    first.wait().unwrap();
    std::fs::remove_file(repo.home().join("pid")).unwrap();
    let second = start(&repo);
    let_go(&repo, second);
    assert_eq!(repo.subjects().len(), 4);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_does_not_outlive_the_run_that_was_killed() {
    let repo = waits();
    let mut first = start(&repo);
    let command = Path::new("/proc").join(line_in(&repo.home().join("pid")));
    assert!(command.exists());
    first.kill().unwrap();
    first.wait().unwrap();
    let start = Instant::now();
    // A container without an init leaves the dead as zombies.
    let gone = || std::fs::read_to_string(command.join("stat")).map_or(true, |stat| stat.contains(") Z "));
    while !gone() {
        assert!(start.elapsed() < Duration::from_secs(5), "the command runs on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_linked_work_tree_of_the_same_repository_runs_at_the_same_time() {
    let repo = waits();
    let linked = repo.home().join("linked");
    repo.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let first = start(&repo);
    let there = repo.command(MIGRATE).args(["run", "--file", "b.py"]).current_dir(&linked).output().unwrap();
    Ran::of(there).succeeds();
    assert_eq!(repo.git(&["log", "--format=%s", "main..side"]).lines().count(), 1);
    let_go(&repo, first);
    assert_eq!(repo.git(&["log", "--format=%s", "side..main"]).lines().count(), 2);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn who_shares_the_repository_may_run_after_another() {
    let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n")]);
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [{ path: a.py, validate: [\"echo judged\"] }]\n"));
    repo.commit_all("plan");
    repo.git(&["config", "core.sharedRepository", "group"]);
    repo.migrate(&["run"]).succeeds();
    let mode = |path: &str| repo.top().join(".git/migrate").join(path).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("."), mode("lock")), (0o2775, 0o660));
    let mut folders = vec![repo.top().join(".git/migrate"), repo.top().join(".git/refs/migrate")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let found = path.metadata().unwrap();
            assert_eq!(found.permissions().mode() & 0o060, 0o060, "{}", path.display());
            folders.extend(found.is_dir().then_some(path));
        }
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o7777, 0o2775, "{}", folder.display());
    }
}
