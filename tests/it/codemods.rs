use crate::kit::{OLD, dirty, make_executable, replan, untouched};
use crate::support::Repo;

/// A repository with `a.py` and `b.py`, `script` as the codemod `mod.py`, and a plan that runs it on `a.py` with `rest` behind.
fn codemod(script: &str, rest: &str) -> Repo {
    let repo = Repo::with(&[("a.py", OLD), ("b.py", "b = 1\n"), ("mod.py", script)]);
    replan(&repo, &text(rest));
    repo
}

fn text(rest: &str) -> String {
    format!(
        "version: 1\nname: test\nissue: \"#1\"\nrules:\n  m: {{ command: [python3, mod.py, \"{{file}}\"] }}\nphases:\n  - id: P0\n    files: [{{ path: a.py{rest} }}]\n"
    )
}

const REPLACE: &str = "import sys\np = sys.argv[1]\ns = open(p).read()\nopen(p, 'w').write(s.replace('f(1)', 'f(2)'))\n";

#[test]
fn a_codemod_changes_its_file_and_the_change_is_one_commit() {
    let repo = codemod(REPLACE, ", validate: [\"grep -q 'f(2)' {file}\"]");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from old import f\nf(2)\n");
    assert_eq!(repo.git(&["show", "--name-only", "--format=%(trailers:key=Migration-Rules,valueonly)"]), "m\n\n\na.py");
    assert_eq!(dirty(&repo), "");
    untouched(&repo, 0, &["run"]);
}

#[test]
fn a_codemod_that_changes_nothing_makes_no_commit() {
    let repo = codemod("", "");
    untouched(&repo, 0, &["run"]).says("unchanged    [1/1] a.py (the rules find nothing to do)");
}

#[test]
fn a_codemod_that_fails_is_a_failed_unit_and_its_half_work_is_undone() {
    let repo = codemod(&format!("{REPLACE}sys.exit('cannot go on')\n"), "");
    untouched(&repo, 1, &["run"]).says("transform `python3 mod.py a.py` failed with status 1").says("| cannot go on");
    untouched(&repo, 1, &["run"]);
}

#[test]
fn a_codemod_whose_result_is_no_python_is_a_failed_unit_and_undone() {
    let repo = codemod("import sys\nopen(sys.argv[1], 'a').write('def (\\n')\n", "");
    untouched(&repo, 1, &["run"]).says("a.py").says("the result is unsound");
}

#[test]
fn a_codemod_that_deletes_its_file_stops_the_run() {
    let repo = codemod("import os, sys\nos.remove(sys.argv[1])\n", "");
    repo.migrate(&["run"]).exits(4).says("a.py");
    assert_eq!(repo.subjects(), ["plan", "base"]);
}

#[test]
fn a_codemod_that_changes_another_tracked_file_stops_the_run_and_names_it() {
    let repo = codemod(&format!("{REPLACE}open('b.py', 'w').write('b = 2\\n')\n"), "");
    repo.migrate(&["run"]).exits(4).says("changed tracked files that are not its unit's: b.py").says("help: ");
    assert_eq!(repo.subjects(), ["plan", "base"]);
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.into(), b"b = 2\n".to_vec()));
    assert_eq!(dirty(&repo), " M b.py");
    repo.git(&["restore", "b.py"]);
    repo.write("mod.py", REPLACE);
    repo.commit_all("mend the codemod");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from old import f\nf(2)\n");
}

#[test]
fn a_codemod_that_is_not_there_is_a_mistake_of_the_plan() {
    let repo = codemod("", "");
    replan(&repo, &text("").replace("python3, mod.py", "no-such-codemod"));
    untouched(&repo, 2, &["run"]).says("no-such-codemod");
}

#[test]
fn a_codemod_that_replaces_its_file_by_another_keeps_the_mode() {
    let repo = codemod("import os, sys\nopen('new', 'w').write('x = 1\\n')\nos.replace('new', sys.argv[1])\n", "");
    make_executable(&repo, "a.py");
    repo.commit_all("executable");
    repo.migrate(&["run"]).succeeds();
    assert!(repo.git(&["ls-tree", "HEAD", "a.py"]).starts_with("100755 blob"));
    assert_eq!(dirty(&repo), "");
}

#[test]
fn new_untracked_files_of_a_codemod_are_left_where_they_are() {
    let repo = codemod(&format!("{REPLACE}open('report.txt', 'w').write('1\\n')\n"), "");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? report.txt");
}

#[test]
fn a_codemod_works_on_what_the_edits_before_it_made() {
    let repo = codemod(REPLACE, ", edits: [{ before: \"f(1)\\n\", after: \"f(1)\\nf(1)\\n\" }]");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from old import f\nf(2)\nf(2)\n");
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Rules,valueonly)"]), "edits, m");
}

#[test]
fn validation_that_fails_after_a_codemod_undoes_it() {
    let repo = codemod(REPLACE, ", validate: [\"! grep -q 'f(2)' {file}\"]");
    untouched(&repo, 1, &["run"]).says("validate `! grep -q 'f(2)' a.py` failed with status 1");
}
