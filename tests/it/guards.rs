use crate::kit::{OLD, dirty, replan, untouched};
use crate::support::Repo;

/// A plan that edits `a.py`, with these guards for the plan, the phase and the file; nothing is said where a text is empty.
fn edited(files: &[(&str, &str)], before: &str, after: &str, [plan, phase, file]: [&str; 3]) -> Repo {
    let repo = Repo::with(files);
    let guards = |text: &str, indent: &str| match text {
        "" => String::new(),
        text => format!("{indent}guards: {{ {text} }}\n"),
    };
    let (plan, phase, file) = (guards(plan, ""), guards(phase, "    "), guards(file, "        "));
    replan(
        &repo,
        &format!(
            "version: 1\nname: test\nissue: \"#1\"\n{plan}phases:\n  - id: P0\n{phase}    files:\n      - path: a.py\n{file}        edits:\n          - {{ before: {before:?}, after: {after:?} }}\n"
        ),
    );
    repo
}

/// A plan that renames `old.f` to `new.g` in `a.py`.
fn renamed(files: &[(&str, &str)]) -> Repo {
    let repo = Repo::with(files);
    replan(&repo, &crate::support::plan("  - id: P0\n    files: [a.py]\n"));
    repo
}

#[test]
fn the_innermost_word_decides_whether_a_finding_fails_the_unit_is_said_or_is_not_looked_for() {
    for (guards, code, said) in [
        (["", "", ""], 1, "the result is unsound: a.py:1:5: nothing binds nothing (unbound)"),
        (["unbound: warn", "", ""], 0, "warning: a.py:1:5: nothing binds nothing (unbound)"),
        (["unbound: off", "", ""], 0, ""),
        (["unbound: error", "unbound: off", ""], 0, ""),
        (["unbound: off", "", "unbound: error"], 1, "nothing binds nothing (unbound)"),
        (["unbound: off", "unbound: warn", "syntax: off"], 0, "warning: a.py:1:5: nothing binds nothing (unbound)"),
        (["unbound: off", "unbound: error", "unbound: warn"], 0, "warning: a.py:1:5: nothing binds nothing (unbound)"),
    ] {
        let repo = edited(&[("a.py", "x = 1\n")], "x = 1", "x = nothing", guards);
        let ran = repo.migrate(&["run"]).exits(code).says(said);
        assert_eq!(ran.stderr.contains("nothing binds"), !said.is_empty(), "{guards:?}\n{}", ran.stderr);
        assert_eq!(repo.read("a.py"), if code == 0 { b"x = nothing\n".to_vec() } else { b"x = 1\n".to_vec() }, "{guards:?}");
        assert_eq!(dirty(&repo), "");
    }
}

#[test]
fn a_warning_is_shown_by_every_command_that_looks_at_a_result() {
    let repo = edited(&[("a.py", "x = 1\n")], "x = 1", "if (x := 1): pass", ["", "", ""]);
    let what = "named assignment expression (`:=`) needs Python 3.8; before, the file needed 3.7 or newer (syntax)";
    for args in [&["diff"][..], &["check"], &["run", "--dry-run"]] {
        untouched(&repo, 0, args)
            .says(&format!("warning: a.py:1:1: {what}, in what the rules write: `if (x := 1): pass`\n"))
            .says("help: write it in older syntax");
    }
    let ran = repo.copy().migrate(&["run", "--json"]).succeeds();
    assert!(
        ran.stdout.contains(
            r#","event":"unit-warned","unit":"a.py","line":1,"column":5,"written":null,"guard":"syntax","message":"named"#
        ),
        "{}",
        ran.stdout
    );
    repo.migrate(&["run"]).succeeds().says(&format!("warning: a.py:1:5: {what}\n"));
}

#[test]
fn a_violation_that_only_warns_is_told_of_a_file_that_no_rule_changes() {
    let repo = Repo::with(&[("a.py", "from m import f\nx = 5\nf(x)\n")]);
    for files in ["[a.py]", "[{ glob: \"*.py\" }]"] {
        replan(
            &repo,
            &format!(
                "version: 1\nname: test\nissue: \"#1\"\nguards: {{ violation: warn }}\nrules:\n  r:\n    rewrite:\n      before: |\n        from m import f\n\n        f($X)\n      after: |\n        (lambda x: $X)(1)\nphases:\n  - {{ id: P0, files: {files} }}\n"
            ),
        );
        for command in ["diff", "check"] {
            untouched(&repo, 0, &[command]).says("warning: a.py:3:1: m.f is still used, which the rule r replaces (violation)");
        }
    }
}

#[test]
fn a_file_of_which_one_phase_only_warns_is_still_taken_by_the_next() {
    let repo = Repo::with(&[("a.py", "from m import f\nx = 5\nf(x)\nold = 1\n")]);
    replan(
        &repo,
        "version: 1\nname: test\nissue: \"#1\"\nguards: { violation: warn }\nrules:\n  r:\n    rewrite:\n      before: |\n        from m import f\n\n        f($X)\n      after: |\n        (lambda x: $X)(1)\n  s:\n    rewrite: { before: x = 5, after: x = 6 }\nphases:\n  - { id: P0, rules: [r], files: [{ glob: \"*.py\" }] }\n  - { id: P1, rules: [s], files: [{ glob: \"*.py\" }] }\n",
    );
    untouched(&repo, 0, &["check"]).prints("1 to change, 0 done or with nothing to do");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from m import f\nx = 6\nf(x)\nold = 1\n");
}

#[test]
fn newer_syntax_is_an_error_where_the_plan_says_so() {
    let repo = edited(&[("a.py", "x = 1\n")], "x = 1", "type x = int", ["syntax: error", "", ""]);
    untouched(&repo, 1, &["run"]).says("a.py:1:1: `type` alias statement needs Python 3.12");
}

#[test]
fn an_import_that_nothing_uses_any_more_is_said() {
    let files = [("a.py", "import os\nimport sys\nprint(os, sys)\n")];
    let repo = edited(&files, "print(os, sys)", "print(sys)", ["", "", ""]);
    repo.migrate(&["run"]).succeeds().says("warning: a.py:1:8: nothing uses os any more, which is imported here (unused-import)");
    let repo = edited(&files, "print(os, sys)", "print(sys)", ["unused-import: error", "", ""]);
    untouched(&repo, 1, &["run"]).says("nothing uses os any more");
}

#[test]
fn a_call_that_became_a_coroutine_is_found_wherever_the_repository_keeps_it() {
    let coroutine = "async def g():\n    return 1\n";
    let calls = "from old import f\n\n\ndef h():\n    return f().x\n";
    for (path, text) in [
        ("new.py", coroutine),
        ("new/__init__.py", coroutine),
        ("src/new.py", coroutine),
        ("new.py", "from deep.er import g\n"),
        ("new/__init__.py", "from deep import er\ng = 1\nfrom deep.er import g\n"),
    ] {
        let files = [("a.py", calls), (path, text), ("deep/__init__.py", ""), ("deep/er.py", coroutine)];
        let repo = renamed(&files);
        let said = "a.py:5:12: g is a coroutine function, and an attribute is read from what it gives (awaitedness)";
        match text.contains("g = 1") {
            // Which of two bindings counts is not guessed.
            true => assert!(!repo.migrate(&["run"]).succeeds().stderr.contains("coroutine")),
            false => drop(untouched(&repo, 1, &["run"]).says(said).says("help: write `await g(…)`")),
        }
    }
}

#[test]
fn a_coroutine_below_the_folder_where_the_packages_begin_is_found() {
    let files = [
        ("back/app/__init__.py", ""),
        ("back/app/new.py", "async def g(): pass\n"),
        ("back/app/a.py", "from app.old import f\nf()\n"),
    ];
    let repo = Repo::with(&files);
    let plan = "version: 1\nname: test\nissue: \"#1\"\nrules:\n  f: { rename: { from: app.old.f, to: app.new.g } }\nphases:\n  - { id: P0, files: [back/app/a.py] }\n";
    replan(&repo, plan);
    untouched(&repo, 1, &["run"]).says("back/app/a.py:2:1: g is a coroutine function, and nobody awaits it (awaitedness)");
}

#[test]
fn what_an_earlier_unit_made_a_coroutine_is_one_for_the_next() {
    let calls = "import a, z\nz.f()\n";
    let repo = Repo::with(&[("a.py", "def g(): pass\n"), ("b.py", calls), ("c.py", calls)]);
    replan(
        &repo,
        "version: 1\nname: test\nissue: \"#1\"\nrules:\n  f: { rename: { from: z.f, to: a.g } }\nphases:\n  - id: P0\n    files:\n      - b.py\n      - path: a.py\n        rules: []\n        edits: [{ before: \"def g(): pass\", after: \"async def g(): pass\" }]\n      - c.py\n",
    );
    let ran = repo.migrate(&["run"]).exits(1).says("committed    [1/3] b.py").says("committed    [2/3] a.py");
    ran.says("c.py:2:1: a.g is a coroutine function");
}

#[test]
fn a_coroutine_that_is_handed_on_is_no_finding() {
    let calls =
        "import asyncio\nfrom old import f\n\n\nasync def h():\n    asyncio.run(f())\n    x = f()\n    await x\n    return f()\n";
    let repo = renamed(&[("a.py", calls), ("new.py", "async def g(): pass\n")]);
    let ran = repo.migrate(&["run"]).succeeds();
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

/// A plan that renames `old.f` in `text` and then lets a codemod write it again.
fn undone(text: &str, guards: &str) -> Repo {
    let codemod = "import sys\nopen(sys.argv[1], 'a').write('import old\\nold.f()\\n')\n";
    let repo = Repo::with(&[("a.py", text), ("mod.py", codemod)]);
    replan(
        &repo,
        &format!(
            "version: 1\nname: test\nissue: \"#1\"\nrules:\n  f: {{ rename: {{ from: old.f, to: new.g }} }}\n  m: {{ command: [python3, mod.py, \"{{file}}\"] }}\nphases:\n  - id: P0\n    files: [{{ path: a.py{guards} }}]\n"
        ),
    );
    repo
}

#[test]
fn what_the_rules_of_a_unit_do_away_with_must_not_be_left() {
    untouched(&undone(OLD, ""), 1, &["run"])
        .says("a.py:2:1: old.f is still used, which the rule f replaces (violation), in what the rules write: `old.f()`")
        .says("help: write `edits` for this place, or let the guard `violation` warn, or be off, for this file");
    let repo = undone(OLD, ", guards: { violation: warn }");
    repo.migrate(&["run"]).succeeds().says("warning: a.py:4:1: old.f is still used");
    assert_eq!(repo.read("a.py"), b"from new import g\ng(1)\nimport old\nold.f()\n");
}

#[test]
fn each_violation_that_is_left_is_said_once_with_its_reason() {
    let repo = Repo::with(&[("a.py", "from old import f\nf('s')\n")]);
    replan(
        &repo,
        "version: 1\nname: test\nissue: \"#1\"\nrules:\n  f:\n    rewrite:\n      before: |\n        from old import f\n        f($X)\n      after: |\n        from new import g\n        g($X)\n      where: { X: { kind: [name, number] } }\nphases:\n  - id: P0\n    on_failure: quarantine\n    files: [a.py]\n",
    );
    let ran = repo
        .migrate(&["run"])
        .exits(1)
        .says("a.py: violations are left: a.py:1:17: old.f is still imported, which the rule f replaces (violation)\n");
    let ran = ran.says(
        "\n    a.py:2:1: old.f is still used, which the rule f replaces (violation): `$X` is not of the kind name or number\n",
    );
    assert_eq!(ran.stderr.matches("a.py:2:1").count(), 1, "{}", ran.stderr);
}

#[test]
fn what_a_rule_left_is_said_below_what_the_guards_found() {
    untouched(&undone("from old import f\n__all__ = ['f']\n", ""), 1, &["run"])
        .says("a.py:2:1: old.f is still used, which the rule f replaces (violation), in what the rules write: `old.f()`\n")
        .says("\na.py:1:17: f stays as another name of new.g: `__all__` names it\n");
}

#[test]
fn a_commit_names_the_rules_that_changed_its_file_and_no_others() {
    let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n"), ("mod.py", ""), ("b.py", "import z\nz.a()\n")]);
    replan(
        &repo,
        "version: 1\nname: test\nissue: \"#1\"\nrules:\n  z: { rename: { from: z.a, to: z.b } }\n  f: { rename: { from: old.f, to: new.g } }\n  m: { command: [python3, mod.py] }\nphases:\n  - id: P0\n    files: [a.py, { path: b.py, rules: [f, z] }]\n",
    );
    repo.migrate(&["run"]).succeeds();
    let rules = |commit: &str| repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Rules,valueonly)", commit]);
    assert_eq!((rules("HEAD~1").as_str(), rules("HEAD").as_str()), ("f", "z"));
}
