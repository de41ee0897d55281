use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::kit::{NEW, OLD, dirty, make_executable, message, one, repo, untouched};
use crate::support::{Ran, Repo, plan};

fn people(repo: &Repo) -> String {
    repo.git(&["log", "-1", "--format=%an <%ae> | %cn <%ce>"])
}

#[test]
fn author_and_committer_are_those_of_git_commit() {
    let configured = one("");
    configured.git(&["config", "author.name", "An Author"]);
    let by_environment =
        one("").env("GIT_AUTHOR_NAME", "Ada").env("GIT_AUTHOR_EMAIL", "ada@example.com").env("GIT_COMMITTER_NAME", "Co");
    for (repo, expected) in [
        (one(""), "Test Person <test@example.com> | Test Person <test@example.com>"),
        (configured, "An Author <test@example.com> | Test Person <test@example.com>"),
        (by_environment, "Ada <ada@example.com> | Co <test@example.com>"),
    ] {
        repo.migrate(&["run"]).succeeds();
        assert_eq!(people(&repo), expected);
        repo.git(&["commit", "-q", "--allow-empty", "-m", "git's own"]);
        assert_eq!(people(&repo), expected);
    }
}

#[test]
fn dates_fixed_by_the_environment_are_the_commits_dates() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.git(&["log", "-1", "--format=%at %ct"]), "1767323045 1767323045");
}

#[test]
fn without_an_identity_nothing_is_touched() {
    for (config, variable) in [
        ("[user]\n\tuseConfigOnly = true\n", "X"),
        ("[user]\n\tname = A\n\tuseConfigOnly = true\n", "X"),
        ("[user]\n\tname = A\n\temail = b\n", "GIT_AUTHOR_NAME"),
    ] {
        let repo = one("");
        std::fs::write(repo.home().join(".gitconfig"), config).unwrap();
        // A name of blanks is no name either.
        let repo = repo.env(variable, " ");
        untouched(&repo, 3, &["run"]).says("git knows no identity to commit with").says("help: git config user.name");
        untouched(&repo, 3, &["run", "--dry-run"]).says("identity");
    }
}

#[test]
fn hooks_of_git_commit_are_refused_by_name() {
    for hook in ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "reference-transaction"] {
        let repo = one("");
        repo.write(&format!(".git/hooks/{hook}"), "#!/bin/sh\ntouch hooked\n");
        untouched(&repo, 0, &["check"]);
        make_executable(&repo, &format!(".git/hooks/{hook}"));
        untouched(&repo, 3, &["run"]).says(hook).says("help: pass --no-verify");
    }
}

#[test]
fn hooks_in_a_configured_folder_are_found() {
    let repo = one("");
    repo.write("ci/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    make_executable(&repo, "ci/hooks/pre-commit");
    repo.commit_all("hooks");
    repo.git(&["config", "core.hooksPath", "ci/hooks"]);
    untouched(&repo, 3, &["run"]).says("pre-commit");
}

#[test]
fn commits_without_the_hooks_say_so() {
    let repo = one("");
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch hooked\nexit 1\n");
    make_executable(&repo, ".git/hooks/pre-commit");
    repo.migrate(&["run", "--no-verify"]).succeeds();
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Hooks,valueonly)"]), "skipped");
    assert!(!repo.top().join("hooked").exists());
    assert!(message(&repo, "HEAD").ends_with("Migration-Rules: f\nMigration-Hooks: skipped\n"));
}

#[test]
fn commits_without_the_hooks_of_a_repository_that_has_none_say_nothing_of_them() {
    let repo = one("");
    repo.migrate(&["run", "--no-verify"]).succeeds();
    assert!(message(&repo, "HEAD").ends_with("Migration-Rules: f\n"));
}

#[test]
fn a_repository_is_found_from_any_folder_in_it_as_git_finds_it() {
    for (top, options) in [("plain", &[][..]), ("line\nbreak", &[]), ("elsewhere", &["--separate-git-dir", "../store"])] {
        let outer = Repo::plain_folder();
        let top = outer.top().join(top);
        let below = top.join("pkg/deep");
        std::fs::create_dir_all(&below).unwrap();
        let run = |program: &str, folder: &Path, args: &[&str]| {
            let output = outer.command(program).current_dir(folder).args(args).output().unwrap();
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run("git", &top, &[&["init", "-q"], options].concat());
        std::fs::create_dir(top.join("plans")).unwrap();
        std::fs::write(below.join("a.py"), OLD).unwrap();
        std::fs::write(top.join("plans/p.yaml"), plan("  - id: P0\n    files: [pkg/deep/a.py]\n")).unwrap();
        std::fs::create_dir(top.join("ci")).unwrap();
        std::fs::write(top.join("ci/pre-commit"), "#!/bin/sh\nexit 1\n").unwrap();
        std::fs::set_permissions(top.join("ci/pre-commit"), std::fs::Permissions::from_mode(0o755)).unwrap();
        run("git", &top, &["add", "-A"]);
        run("git", &top, &["commit", "-q", "-m", "base"]);
        // Where hooks are is said from the top, wherever one stands.
        run("git", &top, &["config", "core.hooksPath", "ci"]);
        let refused = outer.command(crate::support::MIGRATE).current_dir(&below).arg("run").output().unwrap();
        Ran::of(refused).exits(3).says("would run: pre-commit");
        run(crate::support::MIGRATE, &below, &["run", "--no-verify"]);
        assert_eq!(std::fs::read(below.join("a.py")).unwrap(), NEW.as_bytes());
    }
}

#[test_with::executable(ssh-keygen)]
#[test]
fn commits_are_signed_when_git_is_told_to_sign() {
    let repo = one(", verify: [\"! grep -q new {file}\"]");
    let key = repo.home().join("key");
    let made = repo.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        crate::support::skip("there is no ssh-keygen to sign with");
        return;
    }
    let public = std::fs::read_to_string(repo.home().join("key.pub")).unwrap();
    std::fs::write(repo.home().join("allowed"), format!("test@example.com {public}")).unwrap();
    for (name, value) in [
        ("commit.gpgsign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingkey", key.to_str().unwrap()),
        ("gpg.ssh.allowedSignersFile", repo.home().join("allowed").to_str().unwrap()),
    ] {
        repo.git(&["config", name, value]);
    }
    repo.migrate(&["run"]).exits(1);
    assert_eq!(
        repo.git(&["log", "-2", "--format=%G? %s"]),
        "G Revert \"fix(a): apply test in a.py - Issue #1\"\nG fix(a): apply test in a.py - Issue #1"
    );
    assert_eq!(repo.git(&["log", "-1", "--format=%at %ct %an %cn"]), "1767323045 1767323045 Test Person Test Person");
}

#[test]
fn a_signature_that_cannot_be_made_is_a_refusal_and_never_an_unsigned_commit() {
    let repo = one("");
    for (name, value) in [("commit.gpgsign", "true"), ("gpg.format", "ssh"), ("user.signingkey", "/nowhere/key")] {
        repo.git(&["config", name, value]);
    }
    untouched(&repo, 3, &["run"]).says("/nowhere/key");
}

#[test]
fn staged_changes_untracked_files_branches_and_stash_of_the_user_stay() {
    let repo = repo(&[("a.py", OLD), ("mine.py", "m = 1\n"), ("half.py", "h = 1\n")], "  - id: P0\n    files: [a.py]\n");
    repo.git(&["branch", "other"]);
    repo.write("mine.py", "m = 0\n");
    repo.git(&["stash", "-q"]);
    repo.write("mine.py", "m = 2\n");
    repo.write("added.py", "n = 1\n");
    repo.git(&["add", "mine.py", "added.py"]);
    repo.write("half.py", "h = 2\n");
    repo.write("loose.txt", "mine\n");
    let refs = || repo.git(&["for-each-ref", "refs/heads/other", "refs/stash"]);
    let (status, staged, before) = (repo.git(&["status", "--porcelain"]), repo.git(&["diff", "--cached"]), refs());
    untouched(&repo, 3, &["run"]).says("the work tree has uncommitted changes: added.py, half.py, mine.py").says("--allow-dirty");
    repo.migrate(&["run", "--allow-dirty"]).succeeds();
    assert_eq!((repo.git(&["status", "--porcelain"]), repo.git(&["diff", "--cached"]), refs()), (status, staged, before));
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]), "a.py");
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!(repo.read("mine.py"), b"m = 2\n");
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]), "a.py");
}

#[test]
fn a_detached_head_is_refused_unless_it_is_allowed() {
    let repo = one("");
    repo.git(&["checkout", "-q", "--detach"]);
    untouched(&repo, 3, &["run"]).says("HEAD is detached at").says("--allow-detached");
    let main = repo.git(&["rev-parse", "main"]);
    repo.migrate(&["run", "--allow-detached"]).succeeds();
    assert_eq!(repo.git(&["rev-parse", "HEAD~1", "main"]), format!("{main}\n{main}"));
    assert_eq!(repo.git(&["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
    assert_eq!((repo.read("a.py"), dirty(&repo)), (NEW.into(), String::new()));
}

#[test]
fn a_linked_work_tree_has_a_run_of_its_own() {
    let repo = one("");
    repo.git(&["worktree", "add", "-q", "-b", "side", "../side"]);
    let side = repo.top().join("../side");
    let output = repo.command(crate::support::MIGRATE).current_dir(&side).arg("run").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read(side.join("a.py")).unwrap(), NEW.as_bytes());
    assert_eq!(repo.git(&["log", "--format=%s", "main..side"]), "fix(a): apply test in a.py - Issue #1");
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), String::new()));
    assert_eq!(repo.git(&["-C", "../side", "status", "--porcelain"]), "");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
}

#[test]
fn a_repository_may_lie_anywhere() {
    for folder in ["with space", "quote'd \"x\"", "$(touch gone)", "ünï"] {
        let outer = Repo::plain_folder();
        let top = outer.top().join(folder);
        std::fs::create_dir(&top).unwrap();
        let run = |program: &str, args: &[&str]| {
            let output = outer.command(program).current_dir(&top).args(args).output().unwrap();
            assert!(output.status.success(), "{folder}: {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        run("git", &["init", "-q"]);
        std::fs::create_dir(top.join("plans")).unwrap();
        std::fs::write(top.join("a.py"), OLD).unwrap();
        std::fs::write(
            top.join("plans/p.yaml"),
            plan("  - id: P0\n    files: [{ path: a.py, validate: [\"test -f {file}\"] }]\n"),
        )
        .unwrap();
        run("git", &["add", "-A"]);
        run("git", &["commit", "-q", "-m", "base"]);
        run(crate::support::MIGRATE, &["run"]);
        assert_eq!(std::fs::read(top.join("a.py")).unwrap(), NEW.as_bytes());
    }
}
