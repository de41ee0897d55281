use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::kit::{NEW, OLD, one, replan, repo, untouched};
use crate::support::{MIGRATE, Ran, Repo, plan};

/// Fails of `a.py`, as Python does, once it is changed.
const FAILS: &str = "! grep -q new a.py || { echo 'Traceback: ...'; echo 'ValueError: no g'; echo cleaned up; exit 1; }";

/// Two units, of which `a.py` fails by `FAILS`, in a list of the phase.
fn two(list: &str) -> Repo {
    let phases = format!("  - id: P0\n    on_failure: quarantine\n    files: [{{ path: a.py, {list}: [\"{FAILS}\"] }}, b.py]\n");
    repo(&[("a.py", OLD), ("b.py", OLD)], &phases)
}

#[test]
fn the_end_of_a_run_repeats_what_failed_in_one_telling_line_each_and_how_to_try_again() {
    let repo = two("validate");
    let want = "1 unit failed:\n  quarantined  a.py: ValueError: no g  (log: .git/migrate/logs/test/P0/a.py.validate-1.log)\n\
                try again: migrate run --retry quarantined\n";
    assert_eq!(repo.migrate(&["run"]).exits(1).stdout, want);
    // What was said of an earlier run is not said again, and of a run in which nothing fails nothing is.
    assert_eq!(repo.migrate(&["run"]).exits(1).stdout, "");
    assert_eq!(repo.migrate(&["run", "--retry", "quarantined"]).stdout, want);
    assert_eq!(one("").migrate(&["run"]).succeeds().stdout, "");
    for line in repo.migrate(&["run", "--json", "--retry", "quarantined"]).stdout.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    let repo = two("verify");
    repo.git(&["mv", "plans", "odd plans"]);
    repo.commit_all("moved");
    let ran = repo.migrate(&["run", "--plan", "odd plans/p.yaml"]);
    let want = "1 unit failed:\n  reverted     a.py: ValueError: no g  (log: .git/migrate/logs/test/P0/a.py.verify-1.log)\n\
                try again: migrate run --plan 'odd plans/p.yaml' --retry rolled-back\n";
    assert_eq!(ran.stdout, want, "{}", ran.stderr);
}

#[test]
fn a_failing_test_and_a_failing_gate_are_named_at_the_end() {
    let test = "import unittest\nclass T(unittest.TestCase):\n    def test_old(self):\n        self.assertIn('old', open('a.py').read())\n";
    let phases = "  - id: P0\n    files: [{ path: a.py, validate: [\"python3 -m unittest t\"] }]\n";
    let ran = repo(&[("a.py", OLD), ("t.py", test)], phases).migrate(&["run"]).exits(1);
    let want = "1 unit failed:\n  failed       a.py: t.T::test_old failed: AssertionError: 'old' not found in ";
    assert!(ran.stdout.starts_with(want), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\ntry again: migrate run\n"), "{}", ran.stdout);
    let phases = "  - id: P0\n    files: [a.py]\n    gate: { run: [\"echo 'error: too slow'; exit 2\"] }\n";
    let want = "a gate failed:\n  gate         phase 1 (P0): error: too slow  (log: .git/migrate/logs/test/P0/phase.gate-1.log)\n\
                try again: migrate run\n";
    assert_eq!(repo(&[("a.py", OLD)], phases).migrate(&["run"]).exits(1).stdout, want);
}

#[test]
fn the_log_of_a_file_tells_commits_reverts_failures_and_commands() {
    let repo = two("verify");
    repo.migrate(&["run"]);
    let ran = repo.migrate(&["log", "a.py"]).succeeds();
    let [revert, commit] = ["HEAD~1", "HEAD~2"].map(|at| repo.git(&["rev-parse", "--short=12", at]));
    let (head, rest) = ran.stdout.split_once("logs, oldest first:\n").unwrap();
    let [undone, made] = ["HEAD~1", "HEAD~2"].map(|at| repo.git(&["log", "-1", "--format=%s", at]));
    let want = format!(
        "a.py in the plan test, on main\n  \
         reverted     {revert}  2026-01-02T03:04:05Z  {undone}\n               \
         takes back {commit}: verify `{FAILS}` failed with status 1\n  \
         committed    {commit}  2026-01-02T03:04:05Z  {made}\n               \
         verify: verify `{FAILS}` failed with status 1\n",
    );
    assert_eq!(head, want);
    assert!(rest.contains("Z  failed: failed with status 1, ") && rest.contains(&format!("    `{FAILS}`\n")), "{rest}");
    assert!(rest.contains("    .git/migrate/logs/test/P0/a.py.verify-1.log\n"), "{rest}");
    let json: Value = serde_json::from_str(&repo.migrate(&["log", "--json", "a.py"]).succeeds().stdout).unwrap();
    assert_eq!((&json["schema_version"], &json["steps"][0]["what"]), (&1.into(), &"reverted".into()));
    assert_eq!(json["steps"][1]["commit"], repo.git(&["rev-parse", "HEAD~2"]));
    assert!(json["logs"][0]["took"].as_str().unwrap().ends_with(" s"), "{json}");
    // A clone says what git says, and that it knows no more.
    let clone = repo.copy();
    std::fs::remove_dir_all(clone.top().join(".git/migrate")).unwrap();
    let said = clone.migrate(&["log", "a.py"]).succeeds().stdout;
    assert!(
        said.contains("  committed    ") && said.contains("this work tree has no journal") && !said.contains("verify: "),
        "{said}"
    );
}

#[test]
fn the_log_tells_attempts_that_made_no_commit_and_what_people_took_back() {
    let repo = two("validate");
    repo.migrate(&["run"]);
    let said = repo.migrate(&["log", "./a.py"]).succeeds().stdout;
    assert!(said.contains(&format!("  quarantined  validate `{FAILS}` failed with status 1\n")), "{said}");
    let commit = repo.git(&["rev-parse", "--short=12", "HEAD"]);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    let said = repo.migrate(&["log", "b.py"]).succeeds().stdout;
    assert!(said.contains(&format!("takes back {commit}: by hand\n")), "{said}");
    untouched(&repo, 2, &["log", "z.py"]).says("z.py is no unit of the plan test").says("help: ");
    // What nothing was done about yet is no mistake.
    let said = one("").migrate(&["log", "a.py"]).succeeds().stdout;
    assert!(said.contains("nothing was committed, and no attempt is known"), "{said}");
}

#[test]
fn the_log_of_a_group_goes_by_its_name_and_that_of_its_file_names_the_group() {
    let phases = "  - id: P0\n    files: [{ group: both, paths: [a.py, b.py] }]\n";
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], phases);
    repo.migrate(&["run"]).succeeds();
    for name in ["both", "group:both"] {
        let said = repo.migrate(&["log", name]).succeeds().stdout;
        assert!(said.starts_with("group:both in the plan test, on main\n  committed    "), "{said}");
    }
    repo.migrate(&["log", "b.py"]).succeeds().prints("               as part of group:both\n");
}

#[test]
fn a_status_of_paths_or_a_phase_tells_of_these_alone_and_answers_for_these_alone() {
    let phases = "  - id: P0\n    on_failure: quarantine\n    validate: [\"! grep -q new b/c.py\"]\n    files: [a.py, b/c.py, b/d.py]\n  - id: P1\n    files: [e.py]\n";
    let repo = repo(&[("a.py", OLD), ("b/c.py", OLD), ("b/d.py", OLD), ("e.py", OLD)], phases);
    repo.migrate(&["run"]);
    let said = repo.migrate(&["status", "b"]).succeeds().stdout;
    assert!(said.contains("1 of 2 done") && said.contains(" b/c.py") && said.contains(" b/d.py"), "{said}");
    assert!(!said.contains(" a.py") && !said.contains("P1"), "{said}");
    repo.migrate(&["status", "--fail", "b/d.py"]).succeeds();
    repo.migrate(&["status", "--fail", "b"]).exits(1).says("what was asked for is not done");
    let said = repo.migrate(&["status", "--phase", "2"]).succeeds().stdout;
    assert!(said.contains("phase 2 (P1)") && !said.contains("phase 1"), "{said}");
    let json: Value =
        serde_json::from_str(&repo.migrate(&["status", "--json", "--phase", "P0", "a.py"]).succeeds().stdout).unwrap();
    assert_eq!((&json["counts"]["total"], &json["counts"]["done"]), (&1.into(), &1.into()));
    untouched(&repo, 2, &["status", "b/z.py"]).says("b/z.py is no unit of the plan test, and holds none").says("did you mean");
    untouched(&repo, 2, &["status", "--phase", "P1", "b"]).says("b is no unit of phase 2 (P1)");
}

#[test]
fn a_report_for_a_pull_request_tells_all_and_its_names_are_no_markup() {
    let odd = "a|b`<i>_@all.py";
    let phases = format!(
        "  - id: P0\n    on_failure: quarantine\n    validate: [\"! grep -q new 'a|b`<i>_@all.py'\"]\n    gate: {{ run: [\"true\"] }}\n    files: [\"{odd}\", b.py]\n"
    );
    let repo = repo(&[(odd, OLD), ("b.py", OLD)], &phases);
    repo.migrate(&["run"]);
    let said = untouched(&repo, 0, &["report", "--markdown"]).stdout;
    let tip = repo.git(&["rev-parse", "--short=12", "HEAD"]);
    for part in [
        "# Migration test\n".to_owned(),
        format!("on branch <code>main</code> at <code>{tip}</code>: **not done**, 1 of 2 units.\n"),
        "| phase 1 (P0) | 2 | 1 | 1 | passed |\n".to_owned(),
        "| <code>a&#124;b&#96;&#60;i&#62;&#95;&#64;<!-- -->all.py</code> | P0 | quarantined | validate ".to_owned(),
        "2 in 1 of ".to_owned(),
        format!("## Commits of P0\n\n- <code>{tip}</code> fix("),
    ] {
        assert!(said.contains(&part), "{part} is not in {said}");
    }
    assert!(!said.contains("<i>") && said.lines().filter(|line| line.starts_with('|')).all(|line| !line.contains('`')), "{said}");
    repo.migrate(&["report", "--markdown", "out.md"]).succeeds();
    assert_eq!(repo.read("out.md"), said.as_bytes());
    untouched(&repo, 2, &["report", "--markdown", "b.py"]).says("b.py: git tracks it");
    untouched(&repo, 2, &["report", "--markdown", "none/out.md"]).says("cannot be written").says("help: ");
}

/// Reads a report by Python's own parser: each test case as class, name, and what is in it.
fn cases(repo: &Repo, file: &str) -> Vec<String> {
    const READ: &str = "
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
for case in root.iter('testcase'):
    print(case.get('classname'), case.get('name'), *[f'{part.tag}={part.get(\"message\")}' for part in case], sep='|')
all = list(root.iter('testcase'))
assert int(root.get('tests')) == len(all) and int(root.get('failures')) == len(list(root.iter('failure')))
";
    let ran = Ran::of(repo.command("python3").args(["-c", READ, file]).output().unwrap()).succeeds();
    ran.stdout.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn a_run_writes_its_units_as_test_cases_also_when_it_failed() {
    const FILE: &str = "../home/units.xml";
    let odd = "c\u{202e}\u{ffff}<&\".py";
    let phases =
        format!("  - id: P0\n    files: [b.py, {{ path: a.py, validate: [\"{FAILS}\"] }}, \"c\\u202E\\uFFFF<&\\\".py\"]\n");
    let repo = repo(&[("a.py", OLD), ("b.py", OLD), (odd, OLD)], &phases);
    repo.migrate(&["run", "--junit", FILE]).exits(1);
    let want = [
        "phase 1 (P0)|b.py",
        "phase 1 (P0)|a.py|failure=ValueError: no g",
        "phase 1 (P0)|\"c\\342\\200\\256\\u{ffff}<&\\\".py\"|skipped=not reached: the run ended before it",
    ];
    assert_eq!(cases(&repo, FILE), want);
    // A later run takes its place, and one that is refused is not green.
    replan(&repo, &plan("  - id: P0\n    files: [a.py, b.py]\n"));
    repo.migrate(&["run", "--junit", FILE, "--json"]).succeeds();
    assert_eq!(cases(&repo, FILE), ["phase 1 (P0)|a.py", "phase 1 (P0)|b.py"]);
    repo.write("a.py", OLD);
    repo.migrate(&["run", "--junit", FILE]).exits(3);
    let refused = cases(&repo, FILE);
    assert!(refused.len() == 1 && refused[0].starts_with("run|migrate run|error="), "{refused:?}");
}

#[test]
fn a_report_takes_nothings_place_but_an_older_reports() {
    let repo = one("");
    repo.write("notes.txt", "mine\n");
    untouched(&repo, 2, &["run", "--junit", "a.py"]).says("a.py: git tracks it");
    untouched(&repo, 2, &["run", "--junit", "notes.txt"]).says("it is no JUnit report");
    untouched(&repo, 2, &["run", "--junit", "."]).says("is no file");
    untouched(&repo, 2, &["run", "--junit", "none/units.xml"]).says("cannot be written");
    assert_eq!((repo.read("notes.txt"), repo.read("a.py")), (b"mine\n".to_vec(), OLD.into()));
    repo.migrate(&["run", "--junit", "units.xml"]).succeeds();
    assert_eq!((cases(&repo, "units.xml"), repo.read("a.py")), (vec!["phase 1 (P0)|a.py".to_owned()], NEW.into()));
}

#[test]
fn a_run_that_is_interrupted_leaves_a_report_that_is_not_green() {
    let repo = one(", validate: [\"kill -TERM $PPID; sleep 5\"]");
    let output = repo.command(MIGRATE).args(["run", "--junit", "units.xml"]).output().unwrap();
    assert_eq!(Ran::of(output).signal, Some(15));
    let cases = cases(&repo, "units.xml");
    assert!(cases[0].starts_with("phase 1 (P0)|a.py|skipped=") && cases[1].starts_with("run|migrate run|error="), "{cases:?}");
}

#[test]
fn a_run_drops_the_logs_of_units_that_are_done_once_they_are_a_month_old() {
    let phases = format!(
        "  - id: P0\n    on_failure: quarantine\n    validate: [\"{FAILS}\"]\n    files: [b.py, a.py]\n    gate: {{ run: [\"true\"] }}\n"
    );
    let repo = repo(&[("a.py", OLD), ("b.py", OLD)], &phases);
    repo.migrate(&["run"]);
    let logs = repo.top().join(".git/migrate/logs/test/P0");
    let age = |days: u64| {
        for entry in std::fs::read_dir(&logs).unwrap() {
            let file = std::fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
        }
    };
    let is_there = |name: &str| logs.join(name).exists();
    age(29);
    repo.migrate(&["run"]);
    assert!(is_there("b.py.validate-1.log"));
    age(31);
    repo.migrate(&["run"]);
    assert!(!is_there("b.py.validate-1.log") && is_there("a.py.validate-1.log"), "that of the failed unit stays");
}
