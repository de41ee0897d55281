use serde_json::Value;

use crate::kit::{OLD, one, repo};
use crate::support::Repo;

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
