use crate::kit::{NEW, OLD, dirty, message, one, repo, untouched};
use crate::support::{MIGRATE, Ran, Repo};

fn tree(repo: &Repo, commit: &str) -> String {
    repo.git(&["rev-parse", &format!("{commit}^{{tree}}")])
}

/// Two phases of two files each, all migrated.
fn migrated() -> Repo {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD), ("d.py", OLD)],
        "  - id: P0\n    files: [a.py, b.py]\n  - id: P1\n    files: [c.py, d.py]\n",
    );
    repo.migrate(&["run"]).succeeds();
    repo
}

#[test]
fn the_last_unit_is_taken_back_by_one_commit_as_git_revert_would() {
    let repo = one("");
    let base = tree(&repo, "HEAD");
    repo.migrate(&["run"]).succeeds();
    let unit = repo.git(&["rev-parse", "HEAD"]);
    repo.migrate(&["rollback", "a.py"]).succeeds().says("rolled-back").says("a.py");
    assert_eq!((tree(&repo, "HEAD"), repo.read("a.py"), dirty(&repo)), (base, OLD.into(), String::new()));

    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", repo.top().to_str().unwrap(), "."]);
    clone.git(&["reset", "-q", "--hard", &unit]);
    clone.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(tree(&repo, "HEAD"), tree(&clone, "HEAD"));
    let (ours, gits) = (message(&repo, "HEAD"), message(&clone, "HEAD"));
    assert!(ours.starts_with(&gits) && ours.contains(&format!("This reverts commit {unit}.\n")), "{ours}");
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Reason,valueonly)"]), "rollback");
}

#[test]
fn later_commits_elsewhere_do_not_matter_and_those_in_the_same_file_are_merged() {
    let body: String = (0..20).map(|at| format!("x{at} = {at}\n")).collect();
    let repo = repo(&[("a.py", &format!("{OLD}{body}")), ("b.py", OLD)], "  - id: P0\n    files: [a.py]\n");
    repo.migrate(&["run"]).succeeds();
    repo.write("a.py", format!("{NEW}{body}y = 1\n"));
    repo.commit_all("below");
    repo.write("b.py", "b = 2\n");
    repo.commit_all("elsewhere");
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!(repo.read("a.py"), format!("{OLD}{body}y = 1\n").as_bytes());
    assert_eq!((repo.read("b.py"), dirty(&repo)), (b"b = 2\n".to_vec(), String::new()));
}

#[test]
fn later_commits_on_the_same_lines_are_named_and_nothing_is_touched() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.write("a.py", "from new import g\ng(2)\n");
    repo.commit_all("two instead of one");
    let later = repo.git(&["rev-parse", "--short=12", "HEAD"]);
    let ran = untouched(&repo, 4, &["rollback", "a.py"]);
    ran.says("later commits changed the same lines")
        .says(&format!("a.py: {later} two instead of one"))
        .says("help: nothing was changed");
    assert!(!repo.top().join(".git/REVERT_HEAD").exists());
}

#[test]
fn one_conflict_among_several_units_leaves_all_of_them() {
    let repo = migrated();
    repo.write("b.py", "b = 1\n");
    repo.commit_all("b anew");
    repo.write("c.py", "c = 1\n");
    repo.commit_all("c anew");
    untouched(&repo, 4, &["rollback", "--phase", "P0"]).says("b.py: ").says("b anew");
    untouched(&repo, 4, &["rollback", "--all"]).says("b anew").says("c anew");
    repo.migrate(&["rollback", "a.py", "d.py"]).succeeds();
}

#[test]
fn a_unit_that_is_rolled_back_already_is_nothing_to_do() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.migrate(&["rollback", "a.py"]).succeeds();
    untouched(&repo, 0, &["rollback", "a.py"]).says("it is rolled back already");
}

#[test]
fn a_file_that_was_never_migrated_is_refused_with_the_nearest_names() {
    let repo = repo(&[("pkg/service.py", OLD), ("pkg/other.py", OLD)], "  - id: P0\n    files: [pkg/service.py, pkg/other.py]\n");
    untouched(&repo, 2, &["rollback", "pkg/service.py"])
        .says("pkg/service.py was never migrated on this branch")
        .says("`migrate status`");
    repo.migrate(&["run"]).succeeds();
    untouched(&repo, 2, &["rollback", "pkg/servise.py"]).says("did you mean pkg/service.py");
    untouched(&repo, 2, &["rollback", "pkg"]).says("pkg was never migrated");
    untouched(&repo, 2, &["rollback", "pkg/*.py"]).says("was never migrated");
    untouched(&repo, 2, &["rollback", "../elsewhere.py"]).says("help: name a file inside this repository");
    untouched(&repo, 2, &["rollback"]);
    untouched(&repo, 2, &["rollback", "--phase", "P7"]).says("phase 1 (P0)");
    untouched(&repo, 2, &["rollback", "--all", "pkg/service.py"]);
}

#[test]
fn a_phase_is_rolled_back_newest_first() {
    let repo = migrated();
    repo.migrate(&["rollback", "--phase", "1"]).succeeds();
    assert_eq!(
        repo.subjects()[..3],
        [
            "Revert \"fix(a): apply test in a.py - Issue #1\"",
            "Revert \"fix(b): apply test in b.py - Issue #1\"",
            "fix(d): apply test in d.py - Issue #1"
        ]
    );
    assert_eq!((repo.read("a.py"), repo.read("b.py"), repo.read("c.py")), (OLD.into(), OLD.into(), NEW.into()));
    repo.migrate(&["status"]).succeeds().prints("phase 1 (P0): 0 of 2 done (0%)").prints("phase 2 (P1): 2 of 2 done (100%)");
}

#[test]
fn rolling_everything_back_gives_the_first_tree() {
    let repo = migrated();
    let base = tree(&repo, "HEAD~4");
    repo.migrate(&["rollback", "--all"]).succeeds();
    assert_eq!((tree(&repo, "HEAD"), dirty(&repo), repo.subjects().len()), (base, String::new(), 10));
    repo.git(&["fsck", "--strict"]);
    untouched(&repo, 0, &["rollback", "--all"]);
}

#[test]
fn many_are_taken_back_by_the_very_commits_that_one_at_a_time_makes() {
    let repo = migrated();
    let alone = repo.copy();
    let said = repo.migrate(&["rollback", "--all"]).succeeds();
    for file in ["d.py", "c.py", "b.py", "a.py"] {
        assert!(said.stderr.contains(file), "{}", said.stderr);
        alone.migrate(&["rollback", file]).succeeds();
    }
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), alone.git(&["rev-parse", "HEAD"]));
    assert_eq!(dirty(&repo), "");
    let log = repo.git(&["log", "-g", "-1", "--format=%gs %H"]);
    assert_eq!(log, format!("revert (migrate): 4 commits {}", repo.git(&["rev-parse", "HEAD"])));
}

#[test]
fn what_is_in_the_way_of_one_of_many_is_told_before_any_is_taken_back() {
    let repo = migrated();
    repo.write("b.py", "mine = 1\n");
    untouched(&repo, 3, &["rollback", "--all"]).says("b.py has uncommitted changes");
    assert_eq!((repo.read("d.py"), repo.read("c.py"), repo.read("a.py")), (NEW.into(), NEW.into(), NEW.into()));
}

#[test]
fn a_run_leaves_what_was_rolled_back_until_the_file_is_named() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.migrate(&["rollback", "a.py"]).succeeds();
    untouched(&repo, 1, &["run"])
        .says("by request; `--retry rolled-back` or `--file` tries it again")
        .says("not done: 0 committed");
    repo.migrate(&["run", "--file", "a.py"]).succeeds();
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    let newest = repo.git(&["rev-parse", "HEAD"]);
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert!(message(&repo, "HEAD").contains(&format!("This reverts commit {newest}.\n")));
    assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.into(), 6));
}

/// The tool at a terminal at which somebody types.
fn typed(repo: &Repo, keys: &str, args: &[&str]) -> Ran {
    const DRIVER: &str = "
import os, pty, sys, time
child, ours = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b''
while True:
    try: part = os.read(ours, 65536)
    except OSError: break
    if not part: break
    seen += part
    if b'[y/N]' in seen and sys.argv[1]:
        os.write(ours, sys.argv[1].encode().decode('unicode_escape').encode())
        sys.argv[1] = ''
sys.stderr.buffer.write(seen)
_, status = os.waitpid(child, 0)
if os.WIFSIGNALED(status): os.kill(os.getpid(), os.WTERMSIG(status))
sys.exit(os.WEXITSTATUS(status))
";
    let mut command = repo.command("python3");
    Ran::of(command.args(["-c", DRIVER, keys, MIGRATE]).args(args).env("TERM", "xterm").output().unwrap())
}

#[test]
fn at_a_terminal_a_rollback_of_more_than_one_unit_asks_first() {
    for (keys, code) in [("n\\n", 3), ("\\n", 3), ("y\\n", 0)] {
        let repo = migrated();
        let ran = typed(&repo, keys, &["rollback", "--phase", "1"]).exits(code);
        let ran = ran.says("take back 2 units, each by a commit of its own? [y/N]");
        assert_eq!(repo.read("a.py") == OLD.as_bytes(), code == 0, "{ran:?}");
    }
    let repo = migrated();
    let ran = typed(&repo, "\\x03", &["rollback", "--all"]);
    assert_eq!((ran.signal, repo.read("a.py")), (Some(2), NEW.into()), "{ran:?}");
    typed(&repo, "n\\n", &["rollback", "a.py"]).succeeds();
    typed(&repo, "n\\n", &["rollback", "--all", "--yes"]).succeeds();
    assert_eq!((repo.read("a.py"), repo.read("d.py")), (OLD.into(), OLD.into()));
}

#[test]
fn a_rollback_can_itself_be_reverted_with_git() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.migrate(&["rollback", "a.py"]).succeeds();
    repo.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    repo.migrate(&["status"]).succeeds().prints("committed").prints("1 of 1 done");
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), String::new()));
}

#[test]
fn a_revert_by_hand_counts_as_rolled_back() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.git(&["revert", "--no-edit", "HEAD"]);
    untouched(&repo, 0, &["rollback", "a.py"]).says("it is rolled back already");
    repo.migrate(&["status"]).succeeds().prints("rolled-back");
}

#[test]
fn a_file_deleted_since_is_refused_and_nothing_is_touched() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.git(&["rm", "-q", "a.py"]);
    repo.commit_all("gone");
    untouched(&repo, 4, &["rollback", "a.py"]).says("a.py: ").says("gone").says("help: nothing was changed");
}

#[test]
fn a_file_renamed_since_is_followed_as_git_revert_does_and_that_is_said() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    repo.git(&["mv", "a.py", "z.py"]);
    repo.commit_all("renamed");
    repo.migrate(&["rollback", "a.py"]).succeeds().says("warning: a.py is z.py now: it is taken back there");
    assert_eq!((repo.read("z.py"), dirty(&repo)), (OLD.into(), String::new()));
    assert!(!repo.top().join("a.py").exists());
}

#[test]
fn a_dirty_or_staged_file_is_not_rolled_back_and_others_are_left_alone() {
    let repo = migrated();
    repo.write("a.py", "mine = 1\n");
    untouched(&repo, 3, &["rollback", "a.py"]).says("a.py has uncommitted changes");
    repo.git(&["add", "a.py"]);
    untouched(&repo, 3, &["rollback", "a.py"]).says("a.py has staged changes");
    repo.migrate(&["rollback", "b.py"]).succeeds();
    assert_eq!((repo.read("b.py"), dirty(&repo)), (OLD.into(), "M  a.py".to_owned()));
}

#[test]
fn the_units_verification_judges_the_recovery() {
    let repo = one(", verify: [\"test ! -e broken\"]");
    repo.migrate(&["run"]).succeeds();
    repo.write("broken", "");
    repo.migrate(&["rollback", "a.py"])
        .exits(1)
        .says("the recovery validation failed: verify `test ! -e broken` failed with status 1");
    assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.into(), 4));
}

#[test]
fn a_file_is_rolled_back_from_a_subfolder() {
    let repo = repo(&[("pkg/sub/a.py", OLD)], "  - id: P0\n    files: [pkg/sub/a.py]\n");
    repo.migrate(&["run"]).succeeds();
    let output = repo.command(MIGRATE).current_dir(repo.top().join("pkg/sub")).args(["rollback", "a.py"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(repo.read("pkg/sub/a.py"), OLD.as_bytes());
}

#[test]
fn a_unit_at_the_border_of_a_shallow_clone_is_refused() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    let clone = Repo::plain_folder();
    let url = format!("file://{}", repo.top().display());
    clone.git(&["clone", "-q", "--depth", "1", &url, "."]);
    untouched(&clone, 3, &["rollback", "a.py"]).says("has no parent here").says("git fetch --unshallow");
    clone.migrate(&["status"]).succeeds().prints("committed");
}

#[test]
fn hooks_that_git_would_run_in_a_revert_are_refused_for_a_rollback_too() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    // git reverts without these.
    for hook in ["pre-commit", "commit-msg"] {
        repo.write(&format!(".git/hooks/{hook}"), "#!/bin/sh\nexit 1\n");
        crate::kit::make_executable(&repo, &format!(".git/hooks/{hook}"));
    }
    let by_git = repo.copy();
    by_git.git(&["revert", "--no-edit", "HEAD"]);
    for hook in ["prepare-commit-msg", "post-commit"] {
        let with = repo.copy();
        with.write(&format!(".git/hooks/{hook}"), "#!/bin/sh\ntouch ran\n");
        crate::kit::make_executable(&with, &format!(".git/hooks/{hook}"));
        let by_git = with.copy();
        by_git.git(&["revert", "--no-edit", "HEAD"]);
        assert!(by_git.top().join("ran").exists(), "git runs {hook}");
        untouched(&with, 3, &["rollback", "a.py"]).says(hook).says("--no-verify");
        with.migrate(&["rollback", "a.py", "--no-verify"]).succeeds();
    }
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!(repo.git(&["rev-parse", "HEAD^{tree}"]), by_git.git(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn a_verification_that_names_its_file_judges_the_recovery_of_each_and_any_other_is_run_once() {
    let phases = "  - id: P0\n    verify: [\"echo one >> .git/ran\", \"echo {file} >> .git/ran; test {file} != a.py || test ! -e .git/broken\"]\n    files: [a.py, b.py]\n";
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], phases);
    repo.migrate(&["run"]).succeeds();
    repo.write(".git/ran", "");
    repo.write(".git/broken", "");
    repo.migrate(&["rollback", "--all", "--yes"]).exits(1).says(
        "the recovery validation failed: verify `echo a.py >> .git/ran; test a.py != a.py || test ! -e .git/broken` failed",
    );
    assert_eq!(String::from_utf8(repo.read(".git/ran")).unwrap(), "one\nb.py\na.py\n");
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.into(), OLD.into()));
}
