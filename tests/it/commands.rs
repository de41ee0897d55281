use std::process::Stdio;

use crate::kit::{NEW, OLD, dirty, one, repo, untouched};
use crate::support::{MIGRATE, Repo};

/// Two phases with commands of every kind.
fn whole() -> Repo {
    repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", "c = 1\n")],
        "  - id: P0\n    validate: [\"touch .git/ran; true {file}\"]\n    verify: [[touch, .git/ran, \"{file}\"]]\n    gate: { run: [\"touch .git/ran {phase}\"] }\n    files: [a.py, c.py]\n  - id: P1\n    files: [b.py]\n",
    )
}

#[test]
fn a_dry_run_shows_the_diff_and_every_command_and_writes_nothing() {
    let repo = whole();
    let ran = untouched(&repo, 0, &["run", "--dry-run"]);
    for part in ["--- a/a.py", "+++ b/a.py", "-from old import f", "+from new import g", "--- a/b.py"] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    let ran = ran
        .says("would run: touch .git/ran; true a.py")
        .says("would run: touch .git/ran a.py")
        .says("phase 1 (P0): gate: would run: touch .git/ran P0");
    assert!(!ran.stdout.contains("c.py"));
    assert!(!repo.top().join(".git/migrate").exists() && !repo.top().join(".git/ran").exists());
    let ran = untouched(&repo, 0, &["run", "--dry-run", "--phase", "P1"]);
    assert!(ran.stdout.contains("b/b.py") && !ran.stdout.contains("b/a.py") && !ran.stderr.contains("gate"), "{ran:?}");
    let ran = untouched(&repo, 0, &["run", "--dry-run", "--file", "a.py"]);
    assert!(ran.stdout.contains("b/a.py") && !ran.stdout.contains("b/b.py"), "{ran:?}");
}

#[test]
fn a_dry_run_says_what_would_keep_a_run_from_starting() {
    let repo = whole();
    repo.git(&["checkout", "-q", "--detach"]);
    untouched(&repo, 3, &["run", "--dry-run"]).says("HEAD is detached");
}

#[test]
fn an_external_codemod_is_not_run_to_show_what_it_would_do() {
    let repo = one("");
    crate::kit::replan(
        &repo,
        "version: 1\nname: test\nissue: \"#1\"\nrules:\n  m: { command: \"touch .git/ran {file}\" }\nphases:\n  - id: P0\n    files: [a.py]\n",
    );
    untouched(&repo, 0, &["run", "--dry-run"])
        .says("a.py: an external codemod; --run-commands shows what it does")
        .says("would run: touch .git/ran a.py");
    untouched(&repo, 0, &["diff"]);
    untouched(&repo, 0, &["check"]).prints("1 that --run-commands can tell");
    assert!(!repo.top().join(".git/ran").exists());
}

#[test]
fn a_diff_is_one_that_git_applies() {
    let repo = whole();
    repo.write("a.py", "from old import f\nf(1)");
    repo.write("pkg/crlf.py", "from old import f\r\n\x0c\r\nf('\u{e4}')\r\n");
    repo.write("plans/p.yaml", crate::support::plan("  - id: P0\n    files: [{ glob: \"**/*.py\" }]\n"));
    repo.commit_all("more");
    let diff = untouched(&repo, 0, &["diff"]).stdout;
    assert!(diff.contains("\\ No newline at end of file"), "{diff}");
    std::fs::write(repo.home().join("patch"), diff).unwrap();
    let patch = repo.home().join("patch");
    repo.git(&["apply", "--check", patch.to_str().unwrap()]);
    repo.git(&["apply", patch.to_str().unwrap()]);
    let applied = [repo.read("a.py"), repo.read("b.py"), repo.read("pkg/crlf.py")];
    repo.git(&["checkout", "-q", "."]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!([repo.read("a.py"), repo.read("b.py"), repo.read("pkg/crlf.py")], applied);
}

#[test]
fn the_diff_of_one_file_is_only_its_own() {
    let repo = whole();
    let diff = untouched(&repo, 0, &["diff", "b.py"]).stdout;
    assert!(diff.contains("b/b.py") && !diff.contains("a.py"), "{diff}");
    untouched(&repo, 2, &["diff", "none.py"]).says("none.py is no unit of the plan");
}

#[test]
fn check_counts_what_would_happen_and_fails_when_anything_would() {
    let repo = whole();
    untouched(&repo, 0, &["check"]).prints("2 to change, 1 done or with nothing to do, 0 that cannot be changed");
    repo.write("b.py", "from old import f\nprint 'b'\nf(1)\n");
    repo.commit_all("python 2");
    untouched(&repo, 1, &["check"])
        .prints("1 that cannot be changed")
        .says("phase 2 (P1): b.py: the file is not valid Python: b.py:2:")
        .says("error: 1 unit would fail");
    untouched(&repo, 0, &["check", "--phase", "P0"]).prints("1 to change, 1 done or with nothing to do, 0 that");
}

#[test]
fn a_look_ahead_takes_up_the_files_that_a_run_takes_up() {
    let files = [
        ("changed.py", OLD),
        ("invalid.py", "from old import f\nprint f(1)\n"),
        ("comment.py", "# f\nx = 1\n"),
        ("invalid_comment.py", "# f\nprint 1\n"),
        ("other.py", "from other import f\nf(1)\n"),
        ("left.py", "from old import *\nf(1)\n__all__ = ['f']\n"),
        ("string.py", "x = 'old.f'\n"),
        ("taken.py", "from old import f\ng = 1\nf(g)\n"),
        ("unbound.py", "from old import f\ndel f\nf()\n"),
        ("doc.md", "```python\nfrom old import f\n```\n"),
        ("listed.py", "print 'f'\n"),
    ];
    let repo =
        repo(&files, "  - id: P0\n    on_failure: quarantine\n    files: [listed.py, { glob: \"*\", exclude: [\"plans/*\"] }]\n");
    let status: serde_json::Value = serde_json::from_str(&repo.migrate(&["status", "--json"]).succeeds().stdout).unwrap();
    let rows = status["phases"][0]["rows"].as_array().unwrap();
    let pending: Vec<&str> =
        rows.iter().filter(|row| row["state"] == "pending").map(|row| row["unit"].as_str().unwrap()).collect();
    assert!(pending.contains(&"changed.py") && pending.contains(&"invalid.py") && !pending.contains(&"comment.py"), "{status}");
    let ahead = repo.migrate(&["diff"]).exits(1);
    for (path, _) in files {
        let told = ahead.stdout.contains(&format!("b/{path}")) || ahead.stderr.contains(&format!("phase 1 (P0): {path}: "));
        let told = told && !ahead.stderr.contains(&format!("{path}: nothing to do"));
        assert_eq!(told, pending.contains(&path), "{path}: {ahead:?}");
    }
    assert!(ahead.stderr.contains("warning: left.py:2:1: this may be old.f: `from old import *` may bring f"), "{ahead:?}");
    let checked = repo.migrate(&["check"]).exits(1);
    let last = checked.stdout.lines().last().unwrap();
    let counts: Vec<usize> = last.split(' ').filter_map(|count| count.parse().ok()).collect();
    assert_eq!(counts[0] + counts[2], pending.len(), "{}", checked.stdout);
    let said = format!("not done: {} committed, {} unchanged, {} quarantined", counts[0], counts[1], counts[2]);
    repo.migrate(&["run"]).exits(1).says(&said);
}

#[test]
fn json_is_one_object_per_line_and_nothing_else_on_standard_output() {
    let repo = whole();
    let ran = repo.migrate(&["run", "--json"]).succeeds();
    let events: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("run-started", "run-finished"));
    for name in ["phase-started", "unit-started", "command-finished", "unit-committed", "gate-passed", "phase-finished"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let landed: Vec<&str> =
        events.iter().filter(|event| event["event"] == "unit-committed").map(|event| event["commit"].as_str().unwrap()).collect();
    assert_eq!(landed, [repo.git(&["rev-parse", "HEAD~1"]), repo.git(&["rev-parse", "HEAD"])]);
    assert_eq!(ran.stderr, "");
    let ran = repo.migrate(&["rollback", "--json", "--all"]).succeeds();
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("\"event\":\"rolled-back\"")).count(), 2);
}

#[test]
fn an_error_under_json_goes_to_standard_error_and_the_lines_stay_json() {
    let repo = one(", validate: [\"! grep -q new {file}\"]");
    let ran = untouched(&repo, 1, &["run", "--json"]).says("error: a.py");
    assert!(ran.stdout.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn off_a_terminal_there_are_plain_lines_without_colour() {
    let repo = whole();
    let ran = repo.migrate(&["run"]).succeeds();
    assert!(!ran.stderr.contains(['\u{1b}', '\r']), "{:?}", ran.stderr);
    assert_eq!(ran.stdout, "");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("plan test (") && lines[0].ends_with(") on main: 3 units, 1 of them done"), "{}", lines[0]);
    assert_eq!(*lines.last().unwrap(), "done: 2 committed, 1 unchanged");
    assert!(!repo.migrate(&["status"]).stdout.contains('\u{1b}'));
}

#[test]
fn verbose_tells_the_commands_that_passed() {
    let repo = whole();
    repo.migrate(&["run", "--verbose"]).succeeds().says("    passed (0.").says("touch .git/ran; true a.py");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files: Vec<String> = (0..300).map(|at| format!("f{at:03}.py")).collect();
    let all: Vec<(&str, &str)> = files.iter().map(|name| (name.as_str(), OLD)).collect();
    let repo = repo(&all, "  - id: P0\n    files: [{ glob: \"*.py\" }]\n");
    for command in ["diff", "status --verbose", "check", "run --dry-run"] {
        let script = format!("{{ {MIGRATE} {command}; echo $? > .git/code; }} | head -1 > /dev/null");
        let output = repo.command("sh").args(["-c", &script]).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("error") && !errors.contains("panicked"), "{command}: {errors}");
        assert_eq!(repo.read(".git/code"), b"0\n", "{command}");
    }
}

#[test]
fn a_run_goes_on_when_nobody_reads_its_events() {
    let repo = whole();
    let mut child = repo.command(MIGRATE).args(["run", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!((repo.read("a.py"), repo.read("b.py"), dirty(&repo)), (NEW.into(), NEW.into(), String::new()));
}

#[test]
fn help_tells_every_command_and_the_exit_codes() {
    let repo = Repo::plain_folder();
    let help = repo.migrate(&["--help"]).succeeds().stdout;
    for part in ["run", "resume", "rollback", "status", "diff", "check", "--plan", "Exit codes: 0 done"] {
        assert!(help.contains(part), "{part}\n{help}");
    }
    for command in ["run", "resume", "rollback", "status", "diff", "check"] {
        repo.migrate(&[command, "--help"]).succeeds().prints("Usage: migrate");
    }
}

#[test]
fn resume_refuses_where_nothing_was_interrupted() {
    let repo = whole();
    untouched(&repo, 3, &["resume"]).says("no run of the plan test was interrupted here").says("`migrate run` starts one");
    repo.migrate(&["run"]).succeeds();
    untouched(&repo, 3, &["resume"]).says("no run of the plan test was interrupted here");
}

#[test]
fn resume_goes_on_with_what_was_asked_for() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)],
        "  - id: P0\n    files: [a.py, { path: b.py, validate: [\"test -e .git/allow || kill -9 $PPID\"] }]\n  - id: P1\n    files: [c.py]\n",
    );
    assert_eq!(repo.migrate(&["run", "--phase", "P0"]).signal, Some(9));
    repo.write(".git/allow", "");
    repo.migrate(&["resume"]).succeeds();
    assert_eq!((repo.read("b.py"), repo.read("c.py")), (NEW.into(), OLD.into()));
}
