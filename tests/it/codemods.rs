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
    untouched(&repo, 0, &["run"]).says("unchanged    [1/1] a.py (`python3 mod.py a.py` changed nothing)");
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
fn a_codemod_that_deletes_its_file_is_told_as_that_and_the_file_is_put_back() {
    let repo = codemod("import os, sys\nos.remove(sys.argv[1])\n", "");
    make_executable(&repo, "a.py");
    repo.commit_all("executable");
    untouched(&repo, 1, &["run"]).says("a.py: transform `python3 mod.py a.py` deleted a.py").says("`delete: true`");
    let repo = codemod("import os, sys\nos.remove(sys.argv[1])\nsys.exit(3)\n", "");
    untouched(&repo, 1, &["run"]).says("transform `python3 mod.py a.py` failed with status 3");
}

#[test]
fn a_file_that_a_codemod_deleted_is_put_back_when_the_run_was_killed_before_it_could() {
    let kills = "if not os.path.exists('.git/killed'):\n    open('.git/killed', 'w').close()\n    os.kill(os.getppid(), 9)\n";
    let repo = codemod(&format!("import os, sys\nos.remove(sys.argv[1])\n{kills}"), "");
    assert_eq!(repo.migrate(&["run"]).signal, Some(9));
    assert_eq!(dirty(&repo), " D a.py");
    repo.migrate(&["run"]).exits(1).says("a.py: transform `python3 mod.py a.py` deleted a.py");
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), String::new()));
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
fn new_untracked_files_of_a_codemod_are_left_where_they_are_and_named() {
    let leaves = "import os\nfor f in ['log.txt', p + '.bak', 'x.ignored']: open(f, 'w').write('1\\n')\nos.makedirs('.rope')\nopen('.rope/x', 'w').close()\n";
    let repo = codemod(&format!("{REPLACE}{leaves}"), "");
    repo.write(".gitignore", "*.ignored\n");
    repo.commit_all("ignore");
    repo.write("mine.txt", "mine\n");
    repo.migrate(&["run"])
        .succeeds()
        .says("warning: transform `python3 mod.py a.py` left untracked files: .rope, a.py.bak, log.txt\n")
        .says("help: let the command remove them behind itself, or let git ignore them");
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? .rope/\n?? a.py.bak\n?? log.txt\n?? mine.txt");
    // A unit that fails leaves them, too, and a codemod that leaves nothing is told of nothing.
    let repo = codemod(&format!("{REPLACE}{leaves}sys.exit(1)\n"), "");
    repo.migrate(&["run"]).exits(1).says("left untracked files: .rope, a.py.bak, log.txt");
    let repo = codemod(REPLACE, "");
    repo.write("mine.txt", "mine\n");
    assert!(!repo.migrate(&["run"]).succeeds().stderr.contains("untracked"));
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

/// As [`codemod`], over these files: the rule's command has these keys, `more` are other rules and `rest` is behind in the entry.
fn keyed(files: &[(&str, &str)], keys: &str, more: &str, rest: &str) -> Repo {
    let repo = Repo::with(files);
    let command = "command: [python3, mod.py, \"{file}\"]";
    let plan = text(rest).replace(command, &format!("command: {{ run: [python3, mod.py, \"{{file}}\"]{keys} }}"));
    replan(&repo, &plan.replace("phases:", &format!("{more}phases:")));
    repo
}

/// A codemod that makes the text `s` of its file to what `expression` gives.
fn script(expression: &str) -> String {
    format!("import sys\np = sys.argv[1]\ns = open(p, newline='').read()\nopen(p, 'w', newline='').write({expression})\n")
}

#[test]
fn a_definition_that_becomes_another_kind_than_its_calls_want_is_a_failed_unit() {
    let of = |def: &str, call: &str| format!("{def} f(x):\n    return x.y\n\n\nasync def h():\n    {call}\n");
    let to_plain = script("s.replace('async def f', 'def f')");
    let to_coroutine = script("s.replace('def f', 'async def f')");
    for (codemod, before, said) in [
        (&to_plain, of("async def", "return await f(1)"), "a.py:6:18: `await` of f, which is a plain function (awaitedness)"),
        (&to_coroutine, of("def", "return f(1).z"), "a.py:6:12: f is a coroutine function, and an attribute is read"),
        (&to_coroutine, of("def", "print(f(1))"), "a.py:6:11: f is a coroutine function, and it was a plain function"),
    ] {
        let repo = keyed(&[("a.py", &before), ("mod.py", codemod)], "", "", "");
        untouched(&repo, 1, &["run"]).says("the result is unsound").says(said);
    }
    let edit = ", rules: [], edits: [{ before: \"async def f(x):\", after: \"def f(x):\" }]";
    let repo = keyed(&[("a.py", &of("async def", "return await f(1)")), ("mod.py", "")], "", "", edit);
    untouched(&repo, 1, &["run"]).says("a.py:6:18: `await` of f, which is a plain function (awaitedness)");
}

#[test]
fn a_string_constant_that_a_codemod_changed_is_told_by_its_line_and_one_that_a_rule_changed_is_not() {
    let before = "from old import f\nf('''\n  select 1\n''')\nx = 'old.f'\n";
    let more = "  r: { rename: { from: old.f, to: new.f, strings: true } }\n";
    let told = "`python3 mod.py a.py` changed a string constant: \"\\n  select 1\\n\" became \"\\n    select 1\\n\" (constants)";
    for (guards, code, said) in [
        ("", 0, &format!("warning: a.py:3:5: {told}")),
        (", guards: { constants: off }", 0, &String::new()),
        (", guards: { constants: error }", 1, &format!("the result is unsound: a.py:3:1: {told}")),
    ] {
        let repo = keyed(&[("a.py", before), ("mod.py", &script("s.replace('  select', '    select')"))], "", more, guards);
        let ran = repo.migrate(&["run"]).exits(code).says(said);
        assert_eq!(ran.stderr.contains("a string constant"), !said.is_empty(), "{}", ran.stderr);
        assert!(!ran.stderr.contains("old.f"), "{}", ran.stderr);
        let after = before.replace("old", "new").replace("  select", "    select");
        assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), if code == 0 { after.as_str() } else { before });
        assert_eq!(dirty(&repo), "");
    }
}

#[test]
fn where_a_codemod_changed_nothing_and_another_rule_knows_a_violation_the_unit_fails() {
    let files = [("a.py", OLD), ("mod.py", "")];
    // The rule is for no file: it says what is to be gone.
    let measured = "  r: { rename: { from: old.f, to: new.g } }\n";
    let with = |rest: &str| keyed(&files, "", measured, &format!(", rules: [m]{rest}"));
    let said = "a.py:1:17: `python3 mod.py a.py` changed nothing, and the rule r finds 2 places";
    untouched(&with(""), 1, &["run"]).says(said);
    untouched(&with(", guards: { violation: warn }"), 0, &["run"])
        .says(&format!("warning: {said} (violation)"))
        .says("unchanged    [1/1] a.py (`python3 mod.py a.py` changed nothing)");
    let ran = untouched(&with(", guards: { violation: off }"), 0, &["run"]);
    assert!(!ran.stderr.contains("finds 2 places"), "{}", ran.stderr);
    // A rule of the entry leaves some.
    let own = "  r:\n    may_match_nothing: true\n    rewrite:\n      before: |\n        from m import f\n\n        f($X)\n      after: |\n        (lambda x: $X)(1)\n";
    let repo = keyed(&[("a.py", "from m import f\nx = 5\nf(x)\n"), ("mod.py", "")], "", own, "");
    untouched(&repo, 1, &["run"])
        .says("`python3 mod.py a.py` changed nothing: violations are left: ")
        .says("a.py:3:1: m.f is still used, which the rule r replaces (violation)");
    // None is left, and both say so.
    let repo = keyed(&[("a.py", "x = 5\n"), ("mod.py", "")], "", own, "");
    untouched(&repo, 0, &["run"]).says("a.py (`python3 mod.py a.py` changed nothing, the rules find nothing to do)");
}

#[test]
fn a_file_that_is_no_python_is_not_unchanged_because_a_codemod_left_it_alone() {
    for bytes in [&b"def (\n"[..], b"x = '\xe9'\n"] {
        let repo = Repo::with(&[("mod.py", "")]);
        repo.write("a.py", bytes);
        replan(&repo, &text(""));
        untouched(&repo, 1, &["run"]).says("error: a.py: ");
    }
}

#[test]
fn what_all_names_stays_bound_whoever_removes_the_import() {
    let before = "from os import path, sep\n__all__ = [\"path\"]\n__all__.extend([\"sep\"])\n";
    let files = [("a.py", before), ("mod.py", &script("s.replace(', sep', '')"))];
    let said = "a.py:3:17: `__all__` names sep, which nothing binds any more (exports)";
    untouched(&keyed(&files, "", "", ""), 1, &["run"]).says(&format!("the result is unsound: {said}"));
    let edit = ", rules: [], edits: [{ before: \"from os import path, sep\", after: \"from os import path\" }]";
    untouched(&keyed(&files, "", "", edit), 1, &["run"]).says(said);
    keyed(&files, "", "", ", guards: { exports: warn }").migrate(&["run"]).succeeds().says(said);
}

/// Reads and writes as many tools do: without a mark, and all lines end as on this system.
const PLAIN: &str =
    "import sys\np = sys.argv[1]\ns = open(p, encoding='utf-8-sig').read()\nopen(p, 'w').write(s.replace('f(1)', 'f(2)'))\n";

#[test]
fn line_endings_and_mark_that_a_codemod_changed_are_told_or_put_back() {
    let crlf = "from old import f\r\nf(1)\r\nx = 1\r\n";
    let marked = format!("\u{feff}{crlf}");
    for (before, did) in [(marked.as_str(), "took the byte order mark away"), (crlf, "changed only the line ending of 2 lines")] {
        keyed(&[("a.py", before), ("mod.py", PLAIN)], "", "", "")
            .migrate(&["run"])
            .succeeds()
            .says(&format!("warning: a.py:1:1: `python3 mod.py a.py` {did}\n"))
            .says("help: `keep_line_endings: true` beside its `run` puts them back");
    }
    let mixed = "from old import f\nf(1)\nx = 1\r\n";
    for before in [marked.as_str(), crlf, mixed, OLD] {
        let repo = keyed(&[("a.py", before), ("mod.py", PLAIN)], ", keep_line_endings: true", "", "");
        let ran = repo.migrate(&["run"]).succeeds();
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), before.replace("f(1)", "f(2)"));
        assert_eq!(repo.git(&["show", "--format=", "--numstat"]), "1\t1\ta.py");
        assert_eq!(dirty(&repo), "");
    }
    // Once put back, nothing is changed at all.
    let files = [("a.py", &*marked.replace("f(1)", "f(2)")), ("mod.py", PLAIN)];
    untouched(&keyed(&files, ", keep_line_endings: true", "", ""), 0, &["run"]).says("changed nothing");
}

#[test]
fn exit_statuses_that_the_plan_calls_success_are_success() {
    for (status, keys, code) in [
        (1, "", 1),
        (1, ", ok_exit: [0, 1]", 0),
        (0, ", ok_exit: [1]", 1),
        (3, ", ok_exit: [0, 1]", 1),
        (255, ", ok_exit: [255]", 0),
    ] {
        let repo = keyed(&[("a.py", OLD), ("mod.py", &format!("{REPLACE}sys.exit({status})\n"))], keys, "", "");
        let failed = format!("transform `python3 mod.py a.py` failed with status {status}");
        let ran = repo.migrate(&["run"]).exits(code);
        assert_eq!(ran.stderr.contains(&failed), code == 1, "{}", ran.stderr);
        assert_eq!(repo.read("a.py") == OLD.as_bytes(), code == 1, "{status} {keys}");
    }
    for list in ["validate", "verify"] {
        let with = |keys: &str| codemod(REPLACE, &format!(", {list}: [{{ run: \"exit 1 # {{file}}\"{keys} }}]"));
        with("").migrate(&["run"]).exits(1).says(&format!("{list} `exit 1"));
        let repo = with(", ok_exit: [0, 1]");
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.read("a.py"), b"from old import f\nf(2)\n");
        assert_eq!(repo.subjects().len(), 3);
    }
    let gate = |keys: &str| {
        let repo = codemod(REPLACE, "");
        replan(&repo, &text("").replace("    files:", &format!("    gate: {{ run: [{{ run: exit 1{keys} }}] }}\n    files:")));
        repo.migrate(&["run"])
    };
    gate("").exits(1);
    gate(", ok_exit: [1]").succeeds();
    // Where tests are told of, what they say counts.
    let tests = "printf '%s\\n' '=== 1 failed in 0.01s ==='; exit 1 # {file}";
    let repo = codemod(REPLACE, &format!(", validate: [{{ run: {tests:?}, ok_exit: [0, 1] }}]"));
    untouched(&repo, 1, &["run"]).says("failed with status 1");
}

#[test]
fn a_codemod_is_repeated_until_it_changes_nothing_and_not_for_ever() {
    let steps = script("s.replace('f(1)', 'f(2)') if 'f(1)' in s else s.replace('f(2)', 'f(3)')");
    for (keys, after) in [("", "f(2)"), (", repeat: until-stable", "f(3)")] {
        let repo = keyed(&[("a.py", OLD), ("mod.py", &steps)], keys, "", "");
        repo.migrate(&["run"]).succeeds();
        assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), OLD.replace("f(1)", after));
        assert_eq!(repo.subjects().len(), 3);
    }
    let swings = script("s.replace('f(1)', 'f(2)') if 'f(1)' in s else s.replace('f(2)', 'f(1)')");
    let swings = format!("open('.git/runs', 'a').write('x')\n{swings}");
    let repo = keyed(&[("a.py", OLD), ("mod.py", &swings)], ", repeat: until-stable", "", "");
    repo.migrate(&["run"])
        .exits(1)
        .says("transform `python3 mod.py a.py` still changed a.py when it was run 5 times")
        .says("help: ");
    assert_eq!((repo.read("a.py"), repo.read(".git/runs")), (OLD.into(), b"xxxxx".to_vec()));
    assert_eq!(dirty(&repo), "");
}
