use crate::kit::{NEW, OLD, dirty, message, repo, untouched};
use crate::support::Repo;

/// Three units and a change of somebody else, squashed into one commit on `main` with the messages below each other.
fn squashed(edit: impl Fn(&Repo)) -> Repo {
    squashed_with(OLD, edit)
}

/// The same with another text of `app/c.py` to begin with.
fn squashed_with(c: &str, edit: impl Fn(&Repo)) -> Repo {
    let repo = repo(
        &[("app/a.py", OLD), ("app/b.py", OLD), ("app/c.py", c), ("settings.txt", "one\n")],
        "  - id: P0\n    files: [app/a.py, app/b.py, app/c.py]\n",
    );
    repo.git(&["checkout", "-q", "-b", "work"]);
    repo.migrate(&["run"]).succeeds();
    repo.write("settings.txt", "two\n");
    edit(&repo);
    repo.commit_all("settings");
    let log = repo.git(&["log", "--reverse", "--format=* %B", "main..work"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--squash", "work"]);
    repo.git(&["commit", "-q", "-m", &format!("Migrate websockets (#42)\n\n{log}")]);
    repo
}

#[test]
fn of_a_squashed_commit_only_the_units_own_file_is_taken_back() {
    let repo = squashed(|_| {});
    repo.migrate(&["rollback", "app/c.py"]).succeeds().says("rolled-back  app/c.py").says("1 unit taken back");
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]), "app/c.py");
    assert_eq!(
        (repo.read("app/c.py"), repo.read("app/a.py"), repo.read("settings.txt")),
        (OLD.into(), NEW.into(), b"two\n".to_vec())
    );
    assert_eq!(dirty(&repo), "");
    let squash = repo.git(&["rev-parse", "HEAD~1"]);
    let text = message(&repo, "HEAD");
    assert!(text.starts_with("Revert app/c.py of \"Migrate websockets (#42)\"\n"), "{text}");
    assert!(!text.contains("This reverts commit") && text.contains(&format!("Migration-Reverts: {squash}\n")), "{text}");
    let status = repo.migrate(&["status"]).succeeds().stdout;
    assert!(status.contains("2 committed, 1 rolled-back") && status.contains("app/c.py  (by request)"), "{status}");
    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", repo.top().to_str().unwrap(), "."]);
    assert_eq!(clone.migrate(&["status"]).succeeds().stdout, status);
    untouched(&repo, 0, &["rollback", "app/c.py"]).says("rolled back already");
    repo.migrate(&["run", "--file", "app/c.py"]).succeeds();
    repo.migrate(&["rollback", "--all"]).succeeds().says("3 units taken back");
    assert_eq!((repo.read("app/a.py"), repo.read("settings.txt"), dirty(&repo)), (OLD.into(), b"two\n".to_vec(), String::new()));
}

#[test]
fn rolling_back_all_of_a_squash_is_one_true_account() {
    let repo = squashed(|_| {});
    repo.migrate(&["rollback", "app/b.py"]).succeeds();
    repo.migrate(&["rollback", "--all"]).succeeds().says("2 units taken back, 1 rolled back already");
    for file in ["app/a.py", "app/b.py", "app/c.py"] {
        assert_eq!(repo.read(file), OLD.as_bytes(), "{file}");
    }
    assert_eq!(repo.read("settings.txt"), b"two\n");
    untouched(&repo, 0, &["rollback", "--all"]).says("nothing to take back: 3 units rolled back already");
}

#[test]
fn what_the_squash_did_to_the_file_beside_the_rules_is_nobodys_to_take_back_unasked() {
    let repo = squashed(|repo| repo.write("app/c.py", format!("{NEW}mine = 1\n")));
    let ran = untouched(&repo, 4, &["rollback", "app/c.py"]);
    let ran = ran.says("changed app/c.py in another way than the unit's rules do").says("--whole-file");
    for line in ["+++ app/c.py as the rules make it", "+from new import g", "+mine = 1"] {
        assert!(ran.stderr.contains(line), "{line}: {}", ran.stderr);
    }
    repo.migrate(&["rollback", "app/a.py"]).succeeds();
    repo.migrate(&["rollback", "app/c.py", "--whole-file"]).succeeds();
    assert_eq!((repo.read("app/c.py"), repo.read("app/b.py")), (OLD.into(), NEW.into()));
}

#[test]
fn later_edits_of_the_file_are_merged_or_named() {
    let body: String = (0..20).map(|at| format!("x{at} = {at}\n")).collect();
    let repo = squashed_with(&format!("{OLD}{body}"), |_| {});
    repo.write("app/c.py", format!("{NEW}{body}y = 1\n"));
    repo.commit_all("below");
    repo.write("app/b.py", "from new import g\ng(2)\n");
    repo.commit_all("same lines");
    repo.migrate(&["rollback", "app/c.py"]).succeeds();
    assert_eq!(repo.read("app/c.py"), format!("{OLD}{body}y = 1\n").as_bytes());
    untouched(&repo, 4, &["rollback", "app/b.py"]).says("later commits changed the same lines").says("same lines");
}

#[test]
fn a_dry_run_lists_commits_files_and_conflicts_and_changes_nothing() {
    let repo = squashed(|_| {});
    let short = repo.git(&["rev-parse", "--short=12", "HEAD"]);
    untouched(&repo, 0, &["rollback", "--all", "--dry-run"])
        .says(&format!("app/a.py  {short}, of which only this file goes back; changes app/a.py"))
        .says("app/c.py");
    repo.write("app/b.py", "from new import g\ng(2)\n");
    repo.commit_all("same lines");
    untouched(&repo, 4, &["rollback", "--all", "--dry-run"]).says("app/a.py").says("later commits changed the same lines");
}

#[test]
fn without_the_trailers_it_is_said_that_no_unit_is_on_the_branch() {
    let repo = squashed(|_| {});
    repo.git(&["commit", "-q", "--amend", "-m", "squashed"]);
    untouched(&repo, 0, &["rollback", "--all"])
        .says("nothing to take back: no unit of the plan test is on this branch")
        .says("help: units are found by the `Migration-` trailers");
}
