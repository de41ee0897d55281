//! What a terminal, a pipe and a runner of CI show while a run is at work, and what another terminal shows of it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::copies::bench::in_copies;
use crate::kit::{OLD, repo};
use crate::support::{MIGRATE, Repo};
use crate::terminal::on_terminal;

const FAILS: &str = "printf 'one\\n\\033[31mValueError: no g\\033[0m\\n'; exit 1";

/// Three units, of which the second fails.
fn three() -> Repo {
    let phases = format!(
        "  - id: P0\n    on_failure: quarantine\n    validate: [\"printf '\\\\033[32mall is well\\\\033[0m\\\\n'; sleep 0.4\"]\n    files: [a.py, {{ path: b.py, validate: {{ replace: true, run: [\"{}\"] }} }}, c.py]\n",
        FAILS.replace('\\', "\\\\")
    );
    repo(&[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)], &phases)
}

#[test]
fn at_every_width_a_screen_has_one_counter_and_the_step_before_the_path() {
    for columns in [60, 80, 100, 180] {
        let screen = on_terminal(&three(), columns, &["run", "--yes"], &[]).exits(1);
        for part in
            ["0/3", "1/3", "2/3", "  validating  \x1b[0ma.py", "[1/3] a.py", "[2/3] b.py: ValueError: no g\r\n", "1 failed"]
        {
            assert!(screen.text.contains(part), "{columns} columns: {part:?} is not in {:?}", screen.text);
        }
        // Only what belongs to a screen that is drawn again, and colours: none of what the command printed.
        assert!(!screen.text.contains("\\x1b") && !screen.text.contains("\x1b[?"), "{columns}: {:?}", screen.text);
        assert_eq!(screen.text.contains("| all is well"), columns >= 60, "{columns}: {:?}", screen.text);
        assert_eq!(screen.text.contains("[>  "), columns >= 80, "{columns}: {:?}", screen.text);
    }
}

#[test]
fn workers_that_judge_side_by_side_have_a_line_each() {
    in_copies(|| {
        let phases = "  - id: P0\n    validate: [\"sleep 0.5; true {file}\"]\n    files: [a.py, b.py, c.py]\n";
        let repo = repo(&[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)], phases).env("MIGRATE_IN_PLACE", "");
        let screen = on_terminal(&repo, 100, &["run", "--yes", "--jobs", "3"], &[]).exits(0);
        let both = screen.text.split("\x1b[2K").any(|drawn| drawn.matches("  validating  ").count() >= 2);
        assert!(both, "two are never shown at a time: {:?}", screen.text);
    });
}

#[test]
fn on_a_pipe_colours_of_commands_are_left_out_and_kept_where_they_are_asked_for() {
    let ran = three().migrate(&["run"]).exits(1).says("    | ValueError: no g\n");
    assert!(!ran.stderr.contains('\x1b') && !ran.stderr.contains("\\x1b"), "{}", ran.stderr);
    let coloured = "\x1b[31mValueError: no g\x1b[0m";
    three().migrate(&["run", "--color", "always"]).exits(1).says(coloured).says("\x1b[32mcommitted");
    three().env("FORCE_COLOR", "1").migrate(&["run"]).exits(1).says(coloured);
    let ran = three().env("FORCE_COLOR", "1").migrate(&["run", "--color", "never"]).exits(1);
    assert!(!ran.stderr.contains('\x1b') && !ran.stdout.contains('\x1b'), "{ran:?}");
    let screen = on_terminal(&three(), 80, &["run", "--yes", "--color=never"], &[]).exits(1);
    assert!(!screen.text.contains("\x1b[3"), "{:?}", screen.text);
}

#[test]
fn who_wants_little_is_told_what_failed_and_the_result() {
    let ran = three().migrate(&["run", "--quiet"]).exits(1).says("quarantined  [2/3] b.py").prints("1 unit failed:\n");
    assert!(
        !ran.stderr.contains("committed  ") && !ran.stderr.contains("phase 1") && ran.stderr.contains("not done: "),
        "{ran:?}"
    );
    let screen = on_terminal(&three(), 80, &["run", "--yes", "-q"], &[]).exits(1);
    assert!(!screen.text.contains("\x1b[2K"), "nothing is drawn again: {:?}", screen.text);
    three().migrate(&["run", "--quiet", "--verbose"]).exits(2).says("cannot be used with");
}

#[test]
fn for_github_a_run_has_groups_and_annotations() {
    let repo = three().env("GITHUB_ACTIONS", "true").env("CI", "true");
    let ran = repo.migrate(&["run"]).exits(1);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    let at = |wanted: &str| lines.iter().position(|line| *line == wanted).unwrap_or_else(|| panic!("{wanted}: {}", ran.stderr));
    let (group, error, end) =
        (at("::group::phase 1 (P0)"), at("::error file=b.py,title=b.py failed::ValueError: no g"), at("::endgroup::"));
    assert!(group < error && error < end, "{}", ran.stderr);
    // Nobody draws anything again there, terminal or not.
    let repo = three().env("CI", "true");
    let screen = on_terminal(&repo, 80, &["run", "--yes"], &[]).exits(1);
    assert!(!screen.text.contains("\x1b[2K") && !screen.text.contains("::"), "{:?}", screen.text);
}

#[test]
fn status_in_another_terminal_shows_the_run_that_is_at_work() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    validate: [\"echo working on {file}; while test -e .git/wait; do sleep 0.02; done\"]\n    files: [a.py, b.py]\n",
    );
    repo.write(".git/wait", "");
    let mut run = repo.command(MIGRATE).args(["run", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    events.find(|event| event.contains("\"validating\"")).unwrap();
    let began = Instant::now();
    let said = loop {
        let said = repo.migrate(&["status"]).succeeds().stdout;
        if said.contains("working on a.py") || began.elapsed() > Duration::from_secs(10) {
            break said;
        }
    };
    let process = run.id();
    for part in [
        format!("a run of the plan test is at work here: phase 1 (P0), 0 of 2 units through (process {process}, since 20"),
        "\n  validating  a.py  ".to_owned(),
        "| working on a.py\n".to_owned(),
    ] {
        assert!(said.contains(&part), "{part:?} is not in {said}");
    }
    let json: serde_json::Value = serde_json::from_str(&repo.migrate(&["status", "--json"]).succeeds().stdout).unwrap();
    assert_eq!((&json["running"]["process"], &json["running"]["running"][0]["unit"]), (&process.into(), &"a.py".into()));
    std::fs::remove_file(repo.top().join(".git/wait")).unwrap();
    drop(events.last());
    assert!(run.wait().unwrap().success());
    let ran = repo.migrate(&["status"]).succeeds();
    assert!(!ran.stdout.contains("at work"), "{}", ran.stdout);
}
