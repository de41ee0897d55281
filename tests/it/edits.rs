use crate::kit::{dirty, replan, untouched};
use crate::support::Repo;

/// A plan with one file `a.py` and these edits, written as YAML from the first dash on.
fn edited(source: &str, edits: &str) -> Repo {
    let repo = Repo::with(&[("a.py", source)]);
    let edits: String = edits.lines().map(|line| format!("          {line}\n")).collect();
    replan(
        &repo,
        &format!(
            "version: 1\nname: test\nissue: \"#1\"\nphases:\n  - id: P0\n    files:\n      - path: a.py\n        edits:\n{edits}"
        ),
    );
    repo
}

#[test]
fn a_block_is_found_though_the_lines_above_it_drifted_and_it_stands_deeper() {
    let repo = edited(
        "import new\n\n\n# one\n# two\nclass A:\n    def f(self):\n        if self:\n            old()\n            call(1)\n",
        "- near: 2\n  before: |\n    old()\n    call(1)\n  after: |\n    new.call(2)",
    );
    repo.migrate(&["run"]).succeeds();
    assert_eq!(
        repo.read("a.py"),
        b"import new\n\n\n# one\n# two\nclass A:\n    def f(self):\n        if self:\n            new.call(2)\n"
    );
    assert_eq!(dirty(&repo), "");
}

#[test]
fn blocks_that_say_the_same_are_told_apart_by_their_lines() {
    let repo =
        edited("def a():\n    x = 1\n\n\ndef b():\n    x = 1\n", "- near: 6\n  before: |\n    x = 1\n  after: |\n    x = 2");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"def a():\n    x = 1\n\n\ndef b():\n    x = 2\n");
}

#[test]
fn an_ambiguous_block_is_refused_with_all_its_places() {
    let repo = edited("def a():\n    x = 1\n\n\ndef b():\n    x = 1\n", "- before: |\n    x = 1\n  after: |\n    x = 2");
    untouched(&repo, 1, &["run"]).says("a.py:2:").says("6").says("near");
    untouched(&repo, 1, &["check"]).says("a.py:2:");
}

#[test]
fn a_block_that_is_not_there_is_refused_with_its_nearest_kin() {
    let repo = edited(
        "import os\n\n\ndef f():\n    manager = make_manager(1)\n    return manager\n",
        "- near: 5\n  before: |\n    manager = make_manager(2)\n    return manager\n  after: |\n    return 1",
    );
    untouched(&repo, 1, &["run"]).says("a.py:5:").says("manager = make_manager(1)").says("manager = make_manager(2)");
}

#[test]
fn an_edit_that_breaks_the_syntax_is_not_written() {
    let repo = edited("def f():\n    x = 1\n    return x\n", "- before: |\n    x = 1\n  after: |\n    x = (1");
    untouched(&repo, 1, &["run"]).says("a.py").says("the result is unsound");
}

#[test]
fn an_await_outside_an_async_function_is_not_written() {
    let repo = edited("def f(g):\n    x = g()\n    return x\n", "- before: |\n    x = g()\n  after: |\n    x = await g()");
    untouched(&repo, 1, &["run"]).says("a.py:2:").says("await");
}

#[test]
fn a_name_that_nothing_binds_is_not_written() {
    let repo =
        edited("def f(g):\n    x = g()\n    return x\n", "- before: |\n    x = g()\n  after: |\n    x = nothing_binds_this()");
    untouched(&repo, 1, &["run"]).says("a.py:2:").says("nothing_binds_this");
}

#[test]
fn several_edits_and_rules_of_one_file_are_one_commit() {
    let repo = Repo::with(&[("a.py", "from old import f\nx = 1\nf(x)\ny = 2\n")]);
    replan(
        &repo,
        &crate::support::plan(
            "  - id: P0\n    files:\n      - path: a.py\n        edits:\n          - { before: \"x = 1\\n\", after: \"x = 10\\n\" }\n          - { before: \"y = 2\\n\", after: \"\" }\n",
        ),
    );
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from new import g\nx = 10\ng(x)\n");
    assert_eq!(repo.subjects().len(), 3);
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Rules,valueonly)"]), "edits, f");
}

#[test]
fn an_edit_that_was_made_by_hand_already_is_nothing_to_do() {
    let repo = edited("x = 2\n", "- before: |\n    x = 1\n  after: |\n    x = 2");
    untouched(&repo, 0, &["run"]).says("done: 0 committed, 1 unchanged");
}
