//! What formatter and hooks make of a draft, in copies, before it is judged.

use crate::kit::{NEW, OLD, make_executable, message, repo, untouched};
use crate::support::Repo;

fn isolated(files: &[(&str, &str)], phases: &str) -> Repo {
    repo(files, phases).env("MIGRATE_IN_PLACE", "0")
}

fn hook(repo: &Repo, name: &str, script: &str) {
    repo.write(&format!(".git/hooks/{name}"), format!("#!/bin/sh\n{script}\n"));
    make_executable(repo, &format!(".git/hooks/{name}"));
}

/// A formatter that ends each file with a mark, once.
const FORMAT: &str = "for f in {files}; do grep -q '# formatted' $f || echo '# formatted' >> $f; done";

#[test]
fn a_formatter_forms_what_the_rules_changed_and_makes_no_unit() {
    let files = [("a.py", OLD), ("b.py", "b = 1\n"), ("c.py", OLD)];
    let phases = format!(
        "  - id: P0\n    format: [\"{FORMAT}\"]\n    validate: [\"grep -q formatted {{file}}\"]\n    files: [a.py, b.py, {{ path: c.py, format: {{ replace: true, run: [] }}, validate: {{ replace: true, run: [] }} }}]\n"
    );
    let repo = isolated(&files, &phases);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), format!("{NEW}# formatted\n").as_bytes());
    assert_eq!((repo.read("b.py"), repo.read("c.py")), (b"b = 1\n".to_vec(), NEW.into()));
    assert_eq!(repo.subjects().len(), 4);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // What it makes passes the guards, and what it may not change it does not.
    for (format, said) in [
        ("echo 'def (' >> {files}", "the result is unsound"),
        ("echo 'b = 2' > b.py", "changed tracked files: b.py"),
        ("rm {files}", "made a.py what is no file"),
        ("exit 3", "format `exit 3` failed with status 3"),
    ] {
        let repo = isolated(&files, &format!("  - id: P0\n    format: [\"{format}\"]\n    files: [a.py]\n"));
        untouched(&repo, 1, &["run"]).says(said);
    }
}

#[test]
fn keys_of_commands_that_judge_are_none_of_a_formatter() {
    let repo = isolated(&[("a.py", OLD)], "  - id: P0\n    format: [{ run: 'x {report}', retries: 2 }]\n    files: [a.py]\n");
    untouched(&repo, 2, &["check"]).says("a command of `format` has no `retries`: it judges nothing").says("{report}");
}

#[test]
fn a_formatter_needs_copies() {
    let repo = isolated(&[("a.py", OLD)], "  - id: P0\n    format: ['true']\n    files: [a.py]\n");
    untouched(&repo, 3, &["run", "--in-place"]).says("`format`").says("help: ");
}

#[test]
fn hooks_of_commits_run_on_the_unit_alone_and_what_they_change_of_it_is_committed() {
    let repo = isolated(&[("a.py", OLD), ("b.py", OLD), ("notes.txt", "one\n")], "  - id: P0\n    files: [a.py, b.py]\n");
    // As the framework does it: it changes the file, fails, and passes the second time.
    let fixes = "git diff --cached --name-only >> $HOME/staged\nfor f in $(git diff --cached --name-only); do\n  grep -q fixed $f || { echo '# fixed' >> $f; bad=1; }\ndone\ntest -z \"$bad\"";
    hook(&repo, "pre-commit", fixes);
    hook(&repo, "prepare-commit-msg", "test \"$2\" = message && echo \"# a comment\" >> \"$1\"");
    hook(&repo, "commit-msg", "sed -i '1s/$/ [ok]/' \"$1\"");
    repo.write("notes.txt", "mine\n");
    repo.git(&["add", "notes.txt"]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(std::fs::read_to_string(repo.home().join("staged")).unwrap(), "a.py\na.py\nb.py\nb.py\n");
    assert_eq!(repo.read("a.py"), format!("{NEW}# fixed\n").as_bytes());
    assert_eq!(
        repo.subjects()[..2],
        ["fix(b): apply test in b.py - Issue #1 [ok]", "fix(a): apply test in a.py - Issue #1 [ok]"]
    );
    let text = message(&repo, "HEAD");
    assert!(!text.contains("# a comment") && !text.contains("Migration-Hooks"), "{text}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "M  notes.txt");
    repo.migrate(&["status", "--fail"]).succeeds();
    // Without them that is said.
    let skipped = isolated(&[("a.py", OLD)], "  - id: P0\n    files: [a.py]\n");
    hook(&skipped, "pre-commit", "exit 1");
    skipped.migrate(&["run", "--no-verify"]).succeeds();
    assert!(message(&skipped, "HEAD").contains("Migration-Hooks: skipped"));
}

#[test]
fn a_hook_that_refuses_the_unit_fails_it_and_one_that_cannot_run_there_is_refused_by_name() {
    for (name, script, said) in [
        ("pre-commit", "echo no such style; exit 1", "pre-commit hook` failed with status 1"),
        ("pre-commit", "echo x >> b.py", "changed tracked files: b.py"),
        ("pre-commit", "date +%N >> a.py", "changes its files again and again"),
        ("pre-commit", "git commit -qm theirs --no-verify", "moved HEAD"),
        ("commit-msg", "exit 2", "commit-msg hook` failed with status 2"),
        ("commit-msg", "echo subject > \"$1\"", "took away the trailers"),
    ] {
        let repo = isolated(&[("a.py", OLD), ("b.py", "b = 1\n")], "  - id: P0\n    on_failure: quarantine\n    files: [a.py]\n");
        hook(&repo, name, script);
        let ran = untouched(&repo, 1, &["run"]);
        assert!(ran.stderr.contains(said), "{script}: {said:?} is not in {}", ran.stderr);
    }
    for name in ["post-commit", "reference-transaction", "post-index-change"] {
        let repo = isolated(&[("a.py", OLD)], "  - id: P0\n    files: [a.py]\n");
        hook(&repo, name, "exit 0");
        untouched(&repo, 3, &["run"]).says(name).says("--no-verify");
    }
    let place = repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py]\n");
    hook(&place, "pre-commit", "exit 0");
    untouched(&place, 3, &["run"]).says("pre-commit").says("--no-verify");
}

#[test]
fn what_is_looked_at_starts_no_command() {
    let phases = "  - id: P0\n    format: ['touch $HOME/started']\n    validate: ['touch $HOME/started']\n    gate: { run: ['touch $HOME/started'] }\n    files: [a.py]\n";
    let repo = isolated(&[("a.py", OLD)], phases);
    hook(&repo, "pre-commit", "touch $HOME/started");
    for args in [&["check"][..], &["diff"], &["scan"], &["status"], &["run", "--dry-run"]] {
        repo.migrate(args);
        assert!(!repo.home().join("started").exists(), "{args:?}");
    }
}

/// A repository whose plan has a codemod for its files.
fn by_command(files: &[(&str, &str)], command: &str, phases: &str) -> Repo {
    let repo = isolated(files, phases);
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    repo.write("plans/p.yaml", plan.replace("rules:\n", &format!("rules:\n  quote: {{ command: \"{command}\" }}\n")));
    repo.git(&["commit", "-qam", "codemod"]);
    repo
}

#[test]
fn what_commands_make_of_drafts_is_shown_when_asked_for_and_is_what_a_run_commits() {
    let files = [("a.py", OLD), ("b.py", "old = 1\n"), ("c.py", "x = 1\n")];
    let entries = "[a.py, { path: b.py, rules: [quote] }, { path: c.py, rules: [quote], format: { replace: true, run: [] } }]";
    let repo = by_command(
        &files,
        "sed -i s/old/new/g {file}",
        &format!("  - id: P0\n    format: [\"{FORMAT}\"]\n    files: {entries}\n"),
    );
    hook(&repo, "pre-commit", "for f in $(git diff --cached --name-only); do sed -i 's/= 1/= 2/' $f; done");
    let shown = untouched(&repo, 0, &["diff", "--run-commands"]);
    untouched(&repo, 0, &["check", "--run-commands"])
        .prints("2 to change, 1 done or with nothing to do, 0 that cannot be changed");
    let journal = std::fs::read_to_string(repo.top().join(".git/migrate/journal")).unwrap();
    assert_eq!(journal.lines().count(), 1, "a look was noted: {journal}");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("b.py"), b"new = 2\n# formatted\n");
    let lines = |text: &str| text.lines().filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect::<Vec<_>>();
    let made = repo.git(&["diff", "main~2", "main", "--", "a.py", "b.py"]);
    assert_eq!(lines(&shown.stdout), lines(&made));
    let failing = by_command(&[("b.py", "old = 1\n")], "exit 3", "  - id: P0\n    files: [{ path: b.py, rules: [quote] }]\n");
    untouched(&failing, 1, &["diff", "--run-commands"]).says("transform `exit 3` failed with status 3");
    untouched(&failing, 1, &["check", "--run-commands"]).prints("1 that cannot be changed");
    let help = "only where copies of the work tree can be made";
    untouched(&failing, 3, &["diff", "--run-commands", "--in-place"]).says(help);
}

#[test]
fn hooks_for_messages_run_in_a_copy_although_the_validation_runs_in_the_tree() {
    let phases = "  - id: P0\n    files: [{ path: a.py, validate: [{ run: 'grep -q new {file}', at: tree }] }]\n";
    let repo = isolated(&[("a.py", OLD)], phases);
    hook(&repo, "commit-msg", "sed -i '1s/$/ [ok]/' \"$1\"");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects()[0], "fix(a): apply test in a.py - Issue #1 [ok]");
    let refused = isolated(&[("a.py", OLD)], phases);
    hook(&refused, "commit-msg", "exit 2");
    untouched(&refused, 1, &["run"]).says("commit-msg hook` failed with status 2");
}

#[test]
fn a_gate_that_runs_in_the_tree_is_not_taken_for_red_before() {
    let tests = "import unittest, a\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertIn('old', open('a.py').read())\n";
    let phases = "  - id: P0\n    gate: { run: [{ run: 'python3 -m unittest -q t', at: tree }] }\n    files: [a.py]\n";
    let files =
        [("a.py", OLD), ("old.py", "def f(x):\n    return x\n"), ("new.py", "def g(x):\n    return x\n"), ("t.py", tests)];
    let repo = isolated(&files, phases);
    let ran = repo.migrate(&["run"]).exits(1).says("the gate of phase 1 (P0) did not pass");
    assert!(!ran.stderr.contains("without the phase's units"), "{}", ran.stderr);
}
