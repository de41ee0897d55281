//! Repositories of every kind, each with the plan `plans/p.yaml` and the file `a.py` to migrate.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::kit::{OLD, make_executable, one};
use crate::support::{Repo, plan};

/// The plan of all of them.
fn plan_of_one() -> String {
    plan("  - id: P0\n    files: [{ path: a.py }]\n")
}

/// One that is brought into some state.
pub fn after(bring: fn(&Repo)) -> Option<Repo> {
    let repo = one("");
    bring(&repo);
    Some(repo)
}

/// One in which a command of git was run.
pub fn git(args: &[&str]) -> Option<Repo> {
    let repo = one("");
    repo.git(args);
    Some(repo)
}

/// One with these settings, as they are spelled.
pub fn set(settings: &[(&str, &str)]) -> Option<Repo> {
    let repo = one("");
    configure(&repo, settings);
    Some(repo)
}

/// Writes settings past git, which would refuse to write some of them.
pub fn configure(repo: &Repo, settings: &[(&str, &str)]) {
    let file = repo.top().join(".git/config");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (key, value) in settings {
        let (section, name) = key.rsplit_once('.').unwrap();
        let section = section.split_once('.').map_or(format!("[{section}]"), |(outer, inner)| format!("[{outer} \"{inner}\"]"));
        text += &format!("{section}\n\t{name} = {value}\n");
    }
    std::fs::write(file, text).unwrap();
}

/// Says why a kind is not to be had here.
fn skipped(why: &str) -> Option<Repo> {
    crate::support::skip(why);
    None
}

pub fn staged(repo: &Repo) {
    repo.write("a.py", "mine = 1\n");
    repo.git(&["add", "a.py"]);
}

pub fn staged_and_changed(repo: &Repo) {
    staged(repo);
    repo.write("a.py", OLD);
}

/// The target in no commit, and added in name only.
pub fn intended(repo: &Repo) {
    repo.git(&["rm", "-q", "--cached", "a.py"]);
    repo.git(&["commit", "-q", "-m", "without"]);
    repo.git(&["add", "-N", "a.py"]);
}

pub fn other_staged(repo: &Repo) {
    repo.write("z.txt", "staged\n");
    repo.write("new.txt", "new\n");
    repo.git(&["add", "z.txt", "new.txt"]);
}

pub fn other_changed(repo: &Repo) {
    repo.write("plans/other.txt", "x\n");
    repo.commit_all("other");
    repo.write("plans/other.txt", "y\n");
}

pub fn untracked(repo: &Repo) {
    repo.write(".gitignore", "*.log\n");
    repo.commit_all("ignore");
    repo.write("x.log", "x\n");
    repo.write("loose.txt", "x\n");
}

pub fn executable(repo: &Repo) {
    make_executable(repo, "a.py");
    repo.commit_all("mode");
}

pub fn read_only(repo: &Repo) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o444);
    std::fs::set_permissions(repo.top().join("a.py"), mode).unwrap();
}

pub fn deep_branch(repo: &Repo) {
    repo.git(&["checkout", "-q", "-b", "feature/deep/one"]);
    repo.git(&["pack-refs", "--all", "--prune"]);
}

/// The branch checked out here and in a second work tree.
pub fn twice(repo: &Repo) {
    repo.git(&["worktree", "add", "-q", "--force", "../home/second", "main"]);
}

pub fn linked_branch(repo: &Repo) {
    move_and_link(repo, ".git/refs/heads/main", "../../../../home/main");
}

pub fn linked_head(repo: &Repo) {
    std::fs::remove_file(repo.top().join(".git/HEAD")).unwrap();
    symlink("refs/heads/main", repo.top().join(".git/HEAD")).unwrap();
}

pub fn linked_git_dir(repo: &Repo) {
    move_and_link(repo, ".git", "../home/store");
}

pub fn linked_index(repo: &Repo) {
    move_and_link(repo, ".git/index", "../../home/index");
}

/// Moves what is at `path` to where the link that comes in its place points.
fn move_and_link(repo: &Repo, path: &str, target: &str) {
    let path = repo.top().join(path);
    std::fs::rename(&path, path.parent().unwrap().join(target)).unwrap();
    symlink(target, &path).unwrap();
}

/// A work tree that its configuration names, as a submodule's is.
pub fn named_work_tree(repo: &Repo) {
    move_and_link(repo, ".git", "../home/store");
    std::fs::remove_file(repo.top().join(".git")).unwrap();
    repo.write(".git", "gitdir: ../home/store\n");
    repo.git(&["config", "core.worktree", "../../work"]);
}

pub fn unborn() -> Option<Repo> {
    let repo = Repo::empty();
    repo.write("a.py", OLD);
    repo.write("plans/p.yaml", plan_of_one());
    Some(repo)
}

pub fn bare() -> Option<Repo> {
    let repo = Repo::plain_folder();
    repo.git(&["init", "-q", "--bare"]);
    Some(repo)
}

/// A repository begun with these options, if git knows them.
pub fn begun(options: &[&str]) -> Option<Repo> {
    let repo = Repo::plain_folder();
    if !repo.command("git").args(["init", "-q"]).args(options).status().unwrap().success() {
        return skipped("this git begins no repository like this");
    }
    repo.write("a.py", OLD);
    repo.write("plans/p.yaml", plan_of_one());
    repo.commit_all("base");
    Some(repo)
}

/// A repository in the home, for another to be made of.
fn source() -> Repo {
    let repo = Repo::plain_folder();
    let source = repo.home().join("source");
    repo.git(&["init", "-q", source.to_str().unwrap()]);
    std::fs::create_dir(source.join("plans")).unwrap();
    for (at, file, text) in [("one", "a.py", OLD), ("two", "plans/p.yaml", &plan_of_one())] {
        std::fs::write(source.join(file), text).unwrap();
        repo.git(&["-C", "../home/source", "add", "-A"]);
        repo.git(&["-C", "../home/source", "commit", "-q", "-m", at]);
    }
    repo.git(&["-C", "../home/source", "config", "uploadpack.allowFilter", "true"]);
    repo
}

pub fn clone(options: &[&str], from: &str) -> Option<Repo> {
    let repo = source();
    let from = from.to_owned() + repo.home().join("source").to_str().unwrap();
    repo.git(&[&["clone", "-q"], options, &[&from, "."]].concat());
    Some(repo)
}

pub fn worktree() -> Option<Repo> {
    let repo = source();
    repo.git(&["-C", "../home/source", "worktree", "add", "-q", "-b", "side", "../../work"]);
    Some(repo)
}

/// The work tree of a submodule.
pub fn submodule() -> Option<Repo> {
    let repo = source();
    let (source, above) = (repo.home().join("source"), repo.top().join(".."));
    let above = above.canonicalize().unwrap();
    std::fs::remove_dir(repo.top()).unwrap();
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", source.to_str().unwrap(), "work"];
    for args in [&["init", "-q"][..], &add] {
        assert!(repo.command("git").current_dir(&above).args(args).status().unwrap().success());
    }
    Some(repo)
}

pub fn missing_tree(repo: &Repo) {
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    std::fs::remove_file(repo.top().join(".git/objects").join(&tree[..2]).join(&tree[2..])).unwrap();
}

/// A hook that git asks what changed, and that says "everything".
pub fn monitored(repo: &Repo) {
    repo.write("../home/monitor", "#!/bin/sh\nprintf 'token\\0/\\0'\n");
    std::fs::set_permissions(repo.home().join("monitor"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.git(&["config", "core.fsmonitor", repo.home().join("monitor").to_str().unwrap()]);
    repo.git(&["status"]);
}

/// An index rewritten under a setting.
pub fn index(key: &str, value: &str) -> Option<Repo> {
    let repo = one("");
    repo.git(&["config", key, value]);
    repo.git(&["update-index", "--force-write-index"]);
    Some(repo)
}

/// A checkout of `a.py` and the plan only.
pub fn sparse(option: &str) -> Option<Repo> {
    let repo = crate::kit::repo(&[("a.py", OLD), ("out/b.py", OLD)], "  - id: P0\n    files: [{ path: a.py }]\n");
    let patterns: &[&str] = if option == "--no-cone" { &["/a.py", "/plans/"] } else { &["plans"] };
    repo.git(&[&["sparse-checkout", "set", option], patterns].concat());
    assert!(!repo.top().join("out").exists());
    Some(repo)
}

pub fn outside(repo: &Repo) {
    repo.git(&["sparse-checkout", "set", "--no-cone", "/plans/"]);
}

/// Two branches that disagree about `b.py`.
fn forked() -> Repo {
    let repo = crate::kit::repo(&[("a.py", OLD), ("b.py", "x = 1\n")], "  - id: P0\n    files: [{ path: a.py }]\n");
    for (branch, text) in [("other", "x = 2\n"), ("main", "x = 3\n")] {
        repo.git(&["checkout", "-q", "-B", branch, "main"]);
        repo.write("b.py", text);
        repo.commit_all(branch);
    }
    repo.git(&["checkout", "-q", "other"]);
    repo.git(&["reset", "-q", "--hard", "main~1"]);
    repo.write("b.py", "x = 2\n");
    repo.commit_all("theirs");
    repo.write("c.py", "c = 1\n");
    repo.commit_all("more of theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo
}

/// Stops half-way in a command of git.
fn stops(repo: &Repo, args: &[&str]) {
    let output = repo.command("git").env("GIT_EDITOR", "true").args(args).output().unwrap();
    assert!(!output.status.success(), "git {args:?} was to stop half-way");
}

pub fn at_odds(args: &[&str]) -> Option<Repo> {
    let repo = forked();
    stops(&repo, args);
    Some(repo)
}

pub fn in_conflict() -> Option<Repo> {
    let repo = forked();
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [{ path: b.py }]\n"));
    repo.commit_all("plan");
    stops(&repo, &["merge", "other"]);
    std::fs::remove_file(repo.top().join(".git/MERGE_HEAD")).unwrap();
    Some(repo)
}

pub fn patches() -> Option<Repo> {
    let repo = forked();
    let patch = repo.git(&["format-patch", "-1", "other~1", "--stdout"]);
    std::fs::write(repo.home().join("patch"), patch + "\n").unwrap();
    stops(&repo, &["am", repo.home().join("patch").to_str().unwrap()]);
    Some(repo)
}

/// Two commits taken over or back, of which the first was in conflict and is committed by hand: git would go on with the second.
pub fn between(args: &[&str]) -> Option<Repo> {
    let repo = forked();
    if args[0] == "revert" {
        repo.git(&["merge", "-q", "-s", "ours", "other"]);
    }
    stops(&repo, args);
    repo.write("b.py", "x = 4\n");
    repo.commit_all("by hand");
    assert!(repo.top().join(".git/sequencer").exists());
    Some(repo)
}

pub fn hook(path: &str) -> Option<Repo> {
    let repo = one("");
    repo.write(path, "#!/bin/sh\nexit 1\n");
    make_executable(&repo, path);
    Some(repo)
}

/// A hook in a folder that is configured as it is spelled.
pub fn hooks_in(folder: &str) -> Option<Repo> {
    let repo = one("");
    let place = if folder.starts_with('~') { "../home/ci/pre-commit" } else { "ci/pre-commit" };
    repo.write(place, "#!/bin/sh\nexit 1\n");
    make_executable(&repo, place);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "--allow-empty", "-m", "hooks"]);
    configure(&repo, &[("core.hooksPath", folder)]);
    Some(repo)
}

/// One whose commits are to be signed, by the same key each time.
pub fn signing(spelled: &str) -> Option<Repo> {
    static KEY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let key = Path::new(env!("CARGO_TARGET_TMPDIR")).join("signing-key");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(&key);
        (key.exists() || keygen.status().is_ok_and(|status| status.success())).then_some(key)
    });
    let Some(key) = key else { return skipped("there is no ssh-keygen to sign with") };
    set(&[("gpg.format", "ssh"), ("user.signingkey", key.to_str().unwrap()), ("commit.gpgsign", spelled)])
}

/// One with a name of these bytes.
pub fn named(name: &[u8]) -> Option<Repo> {
    let repo = one("");
    let mut config = b"[user]\n\temail = test@example.com\n\tname = ".to_vec();
    config.extend_from_slice(name);
    config.push(b'\n');
    std::fs::write(repo.home().join(".gitconfig"), config).unwrap();
    Some(repo)
}

/// `a.py` committed as LF or CRLF, and then attributes and settings, so that git sees no change.
pub fn lines(committed: &str, attributes: &str, settings: &[(&str, &str)]) -> Option<Repo> {
    let repo = one("");
    repo.write("a.py", OLD.replace('\n', committed));
    repo.commit_all("lines");
    repo.write(".gitattributes", attributes);
    repo.git(&["add", ".gitattributes"]);
    repo.git(&["commit", "-q", "-m", "attributes"]);
    configure(&repo, settings);
    if committed == "\n" {
        std::fs::remove_file(repo.top().join("a.py")).unwrap();
        repo.git(&["checkout", "--", "a.py"]);
    }
    Some(repo)
}

/// One whose target is executable on disk only.
pub fn modes(spelled: &str) -> Option<Repo> {
    let repo = one("");
    make_executable(&repo, "a.py");
    let file = repo.top().join(".git/config");
    let text = std::fs::read_to_string(&file).unwrap().replace("filemode = true", &format!("filemode = {spelled}"));
    std::fs::write(file, text).unwrap();
    Some(repo)
}

/// One without a log of the branch.
pub fn logs(spelled: &str) -> Option<Repo> {
    let repo = set(&[("core.logAllRefUpdates", spelled)])?;
    std::fs::remove_dir_all(repo.top().join(".git/logs")).unwrap();
    Some(repo)
}

/// One that is shared from here on.
pub fn shared(spelled: &str) -> Option<Repo> {
    set(&[("core.sharedRepository", spelled)])
}
