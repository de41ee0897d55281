use crate::support::{Repo, plan};

const PLAN: &str = "  - id: P0\n    files: [{ path: a.py }]\n";

fn repo() -> Repo {
    let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n")]);
    repo.write("plans/p.yaml", plan(PLAN));
    repo.commit_all("plan");
    repo
}

#[test]
fn the_logs_of_branch_and_head_say_what_git_would_say() {
    let repo = repo();
    let base = repo.git(&["rev-parse", "HEAD"]);
    repo.migrate(&["run"]).succeeds();
    let head = repo.git(&["rev-parse", "HEAD"]);
    for name in ["HEAD", "refs/heads/main"] {
        let log = String::from_utf8(repo.read(&format!(".git/logs/{name}"))).unwrap();
        let last = log.lines().last().unwrap();
        let line = format!("{base} {head} Test Person <test@example.com> 1767323045 +0000\tcommit (migrate): fix(a): ");
        assert!(last.starts_with(&line), "{name}: {last}");
        assert_eq!(repo.git(&["rev-parse", &format!("{name}@{{1}}")]), base);
    }
    assert!(!repo.top().join(".git/refs/heads/main.lock").exists());
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn a_branch_that_is_only_in_packed_refs_moves() {
    let repo = repo();
    repo.git(&["pack-refs", "--all"]);
    assert!(!repo.top().join(".git/refs/heads/main").exists());
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects().len(), 3);
    assert_eq!(repo.git(&["status", "--porcelain", "-uno"]), "");
}

#[test]
fn no_log_is_begun_where_git_is_told_not_to() {
    let repo = repo();
    repo.git(&["config", "core.logAllRefUpdates", "false"]);
    std::fs::remove_dir_all(repo.top().join(".git/logs")).unwrap();
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects().len(), 3);
    assert!(!repo.top().join(".git/logs").exists());
}

#[test]
fn a_folder_left_in_the_place_of_the_log_is_no_obstacle() {
    let repo = repo();
    std::fs::remove_file(repo.top().join(".git/logs/refs/heads/main")).unwrap();
    std::fs::create_dir_all(repo.top().join(".git/logs/refs/heads/main/gone")).unwrap();
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects().len(), 3);
    repo.git(&["rev-parse", "main@{0}"]);
}
