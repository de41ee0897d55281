//! Shorthands for the tests of the loop: the smallest plans, and the promise that a refusal touches nothing.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Ran, Repo, plan};

/// A file with something to do.
pub const OLD: &str = "from old import f\nf(1)\n";
/// What the rule of [`plan`] makes of it.
pub const NEW: &str = "from new import g\ng(1)\n";

/// `files`, and the phases of a plan in plans/p.yaml, all in the first commit.
#[must_use]
pub fn repo(files: &[(&str, &str)], phases: &str) -> Repo {
    let repo = Repo::with(files);
    repo.write("plans/p.yaml", plan(phases));
    repo.commit_all("plan");
    repo
}

/// One file `a.py` with something to do, whose entry in the plan goes on with `rest`, such as `, validate: [...]`.
#[must_use]
pub fn one(rest: &str) -> Repo {
    repo(&[("a.py", OLD)], &format!("  - id: P0\n    files: [{{ path: a.py{rest} }}]\n"))
}

/// Writes a plan whose text is wholly the test's own, and commits it.
pub fn replan(repo: &Repo, text: &str) {
    repo.write("plans/p.yaml", text);
    repo.commit_all("plan");
}

/// Runs the tool and asserts the exit code, and that files, modes, index, references and git's own notes are as they were.
#[track_caller]
pub fn untouched(repo: &Repo, code: i32, args: &[&str]) -> Ran {
    let (state, notes) = (repo.state(), notes(repo));
    let ran = repo.migrate(args).exits(code);
    assert_eq!(shown(&repo.state()), shown(&state), "{}", ran.stderr);
    assert_eq!(self::notes(repo), notes, "{}", ran.stderr);
    ran
}

/// The names in git's folder, apart from this tool's own.
fn notes(repo: &Repo) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(repo.top().join(".git")) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name != "migrate");
    names.sort();
    names
}

/// A state that can be read when two differ.
fn shown(state: &std::collections::BTreeMap<String, Vec<u8>>) -> String {
    state.iter().map(|(name, bytes)| format!("{name}\n{}\n", String::from_utf8_lossy(bytes))).collect()
}

/// Makes a file executable.
pub fn make_executable(repo: &Repo, path: &str) {
    std::fs::set_permissions(repo.top().join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// What git and the disk say of the work tree, untracked files left out.
#[must_use]
pub fn dirty(repo: &Repo) -> String {
    repo.git(&["status", "--porcelain", "-uno"])
}

/// The message of a commit, byte for byte.
#[must_use]
pub fn message(repo: &Repo, commit: &str) -> String {
    let output = repo.command("git").args(["cat-file", "commit", commit]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("\n\n").unwrap().1.to_owned()
}
