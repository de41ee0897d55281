use crate::kit::{replan, untouched};
use crate::support::Repo;

/// A plan of these rules for these files, all in one commit.
fn planned(files: &[(&str, &str)], rules: &str, units: &str) -> Repo {
    let repo = Repo::with(files);
    replan(&repo, &format!("version: 1\nname: test\nissue: \"#1\"\nrules:\n{rules}\nphases:\n  - id: P0\n    files: {units}\n"));
    repo
}

const RENAME: &str = "  r: { rename: { from: pkg.old.create, to: pkg.new.get } }";
const REWRITE: &str = "  r:\n    rewrite:\n      before: |\n        from pkg.old import create\n        create($$$A)\n      after: |\n        from pkg.new import get\n        get($$$A)";

/// A package with a function that goes and one that comes.
fn package<'t>(old: &'t str, new: &'t str, main: &'t str) -> [(&'t str, &'t str); 4] {
    [("pkg/__init__.py", ""), ("pkg/old.py", old), ("pkg/new.py", new), ("pkg/main.py", main)]
}

#[test]
fn a_call_that_does_not_give_the_new_function_what_it_takes_is_not_written() {
    let files = package(
        "async def create(ctx=None, user_id=None): return 1\n",
        "async def get(ctx=None, mode=None): return 2\n",
        "from pkg.old import create\n\nasync def run():\n    await create(user_id=3)\n",
    );
    for rules in [RENAME, REWRITE] {
        let repo = planned(&files, rules, "[pkg/main.py]");
        for command in ["check", "run"] {
            untouched(&repo, 1, &[command]).says("pkg/main.py:4:11: get takes no argument `user_id` (signature)");
        }
        let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
        replan(&repo, &plan.replace("phases:", "guards: { signature: warn }\nphases:"));
        repo.migrate(&["run"]).succeeds().says("warning: pkg/main.py:4:11: get takes no argument `user_id` (signature)");
    }
}

#[test]
fn a_name_that_a_module_of_the_tree_does_not_have_is_not_written_unless_the_plan_may_still_make_it() {
    let files = package("def create(a): return 1\n", "x = 1\n", "from pkg.old import create\ncreate(1)\n");
    let repo = planned(&files, REWRITE, "[pkg/main.py]");
    for command in ["check", "run"] {
        untouched(&repo, 1, &[command]).says("pkg/main.py:1:21: pkg.new has no get (exists)");
    }
    for entry in [
        "{ path: pkg/new.py, edits: [{ before: x = 1, after: \"def get(a): return 2\" }] }",
        "{ path: pkg/newer.py, create: \"def get(a): return 2\\n\" }",
    ] {
        let module = if entry.contains("newer") { "pkg.newer" } else { "pkg.new" };
        let rules = REWRITE.replace("pkg.new", module);
        let repo = planned(&files, &rules, &format!("[{entry}, pkg/main.py]"));
        repo.migrate(&["check"]).succeeds();
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.read("pkg/main.py"), format!("from {module} import get\nget(1)\n").into_bytes());
    }
}

#[test]
fn a_call_that_nobody_awaited_before_is_let_pass_when_old_and_new_are_coroutine_functions() {
    let files = package(
        "async def create(ctx): return 1\n",
        "async def get(ctx): return 2\n",
        "from pkg.old import create\n\nasync def run():\n    create(1)\n    return create(2)\n",
    );
    for rules in [RENAME, REWRITE] {
        let repo = planned(&files, rules, "[pkg/main.py]");
        repo.migrate(&["run"]).succeeds();
        assert!(repo.read("pkg/main.py").starts_with(b"from pkg.new import get\n"));
    }
    let plain = files.map(|(path, text)| (path, if path == "pkg/old.py" { "def create(ctx): return 1\n" } else { text }));
    for rules in [RENAME, REWRITE] {
        untouched(&planned(&plain, rules, "[pkg/main.py]"), 1, &["run"])
            .says("get is a coroutine function, and nobody awaits it");
    }
}

/// A module whose own tests patch a name in it, in five ways.
const PATCHED: [(&str, &str); 5] = [
    ("pkg/__init__.py", ""),
    ("pkg/old.py", "def f(x): return x\n"),
    ("pkg/new.py", "def g(x): return x\n"),
    ("pkg/main.py", "from pkg.old import f\n\ndef run():\n    return f(1)\n"),
    (
        "tests/test_main.py",
        "import unittest\nfrom unittest import mock\nfrom unittest.mock import patch\n\nimport pkg.main\nfrom pkg import main\n\n\nclass Patched(unittest.TestCase):\n    @mock.patch(\"pkg.main.f\", return_value=5)\n    def test_text(self, f):\n        self.assertEqual(main.run(), 5)\n\n    def test_object(self):\n        with patch.object(main, \"f\", lambda x: 6):\n            self.assertEqual(main.run(), 6)\n\n    def test_multiple(self):\n        with patch.multiple(\"pkg.main\", f=lambda x: 7):\n            self.assertEqual(main.run(), 7)\n\n    def test_setattr(self):\n        old = main.f\n        setattr(pkg.main, \"f\", lambda x: 8)\n        self.assertEqual(main.run(), 8)\n        main.f = old\n\n    def test_real(self):\n        self.assertEqual(main.run(), 1)\n",
    ),
];

fn tests_pass(repo: &Repo) -> bool {
    let output = repo.command("python3").args(["-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."]).output().unwrap();
    output.status.success() && String::from_utf8_lossy(&output.stderr).contains("Ran 5 tests")
}

#[test]
fn a_name_that_tests_patch_where_it_is_used_is_kept_there_and_they_stay_green() {
    let mut files = PATCHED.to_vec();
    files.push(("tests/__init__.py", ""));
    for units in
        ["[pkg/main.py, tests/test_main.py]", "[{ group: g, paths: [pkg/main.py, tests/test_main.py] }]", "[pkg/main.py]"]
    {
        let repo = planned(&files, "  r: { rename: { from: pkg.old.f, to: pkg.new.g, strings: true } }", units);
        assert!(tests_pass(&repo));
        repo.migrate(&["run"]).succeeds().says("f stays as another name of pkg.new.g: tests/test_main.py:10 patches it here");
        assert_eq!(repo.read("pkg/main.py"), b"from pkg.new import g as f\n\ndef run():\n    return f(1)\n", "{units}");
        assert!(tests_pass(&repo), "{units}");
    }
    // A rewrite cannot give the call another name and leave the patch what it patches.
    let rules = "  r:\n    rewrite:\n      before: |\n        from pkg.old import f\n        f($A)\n      after: |\n        from pkg.new import g\n        g($A)";
    untouched(&planned(&files, rules, "[pkg/main.py]"), 1, &["run"])
        .says("f stays imported: tests/test_main.py:10 patches it here");
}

#[test]
fn a_name_that_goes_while_other_files_take_it_is_told_with_the_place() {
    let edit = "[{ path: m.py, edits: [{ before: \"def f(): pass\", after: \"def g(): pass\" }] }]";
    for (taker, said) in [
        ("from m import f\n", "a.py:1 imports it from here (exists)"),
        ("from m import *\n\nf()\n", "a.py:1 imports it from here (exists)"),
        ("import m\n\nm.f()\n", "a.py:3 reads it through this module (exists)"),
        ("from unittest.mock import patch\n\n@patch(\"m.f\")\ndef t(f): pass\n", "a.py:3 patches it here (patched)"),
    ] {
        let repo = planned(
            &[("m.py", "def f(): pass\n"), ("a.py", taker)],
            "  r: { rename: { from: x.y, to: x.z }, may_match_nothing: true }",
            edit,
        );
        untouched(&repo, 1, &["run"]).says(&format!("nothing binds f any more, and {said}"));
        let before = edit.replacen("[{", "[{ path: a.py, rules: [r] }, {", 1);
        let repo = planned(
            &[("m.py", "def f(): pass\n"), ("a.py", taker)],
            "  r: { rename: { from: x.y, to: x.z }, may_match_nothing: true }",
            &before,
        );
        untouched(&repo, 0, &["check"]).says(&format!("warning: m.py:1:1: nothing binds f any more, and {said}"));
    }
    for other in ["from n import f\n", "f = 1\nm = f\n", "\"m.f\"\n", "import m\nm.g\n"] {
        let repo = planned(
            &[("m.py", "def f(): pass\n"), ("a.py", other)],
            "  r: { rename: { from: x.y, to: x.z }, may_match_nothing: true }",
            edit,
        );
        repo.migrate(&["run"]).succeeds();
    }
}

#[test]
fn an_import_that_no_other_file_takes_is_not_kept_for_others() {
    let files = [
        ("m.py", "def f(x): return x\n"),
        ("n.py", "def g(x): return x\n"),
        ("pkg/__init__.py", "from m import f\n\nX = f(1)\n"),
        ("pkg/taken.py", "from m import f\n"),
        ("pkg/unused.py", "from m import f\n\nx = 1\n"),
        ("q.py", "from pkg.taken import f\n\nf(1)\n"),
    ];
    let repo = planned(&files, "  r: { rename: { from: m.f, to: n.g } }", "[{ glob: \"pkg/*.py\" }]");
    repo.migrate(&["run"]).succeeds().says("pkg/taken.py:1:20: f stays as another name of n.g: q.py:1 imports it from here");
    assert_eq!(repo.read("pkg/__init__.py"), b"from n import g\n\nX = g(1)\n");
    assert_eq!(repo.read("pkg/taken.py"), b"from n import g as f\n");
    assert_eq!(repo.read("pkg/unused.py"), b"from n import g\n\nx = 1\n");
    let rules = "  r:\n    rewrite:\n      before: |\n        from m import f\n        f($A)\n      after: |\n        from n import g\n        g($A)";
    let repo = planned(&files, rules, "[pkg/__init__.py]");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("pkg/__init__.py"), b"from n import g\n\nX = g(1)\n");
    let reexport = planned(
        &[("m.py", "f = 1\n"), ("n.py", "g = 1\n"), ("pkg/__init__.py", "from m import f\n")],
        "  r: { rename: { from: m.f, to: n.g } }",
        "[pkg/__init__.py]",
    );
    reexport.migrate(&["run"]).succeeds().says("this package gives g and no f any more: no tracked file takes it from here");
}

#[test]
fn an_import_that_closes_a_circle_in_which_a_name_is_not_there_yet_is_not_written() {
    let rename = "  r: { rename: { from: pkg.old.f, to: pkg.new.f } }";
    let starts = |repo: &Repo| repo.command("python3").args(["-B", "-c", "import pkg.a"]).output().unwrap().status.success();
    let a = "from pkg.old import f\nK = 1\n\ndef r():\n    return f()\n";
    let files = |new| [("pkg/__init__.py", ""), ("pkg/old.py", "def f(): return 1\n"), ("pkg/new.py", new), ("pkg/a.py", a)];
    let repo = planned(&files("from pkg.a import K\n\ndef f(): return K\n"), rename, "[pkg/a.py]");
    assert!(starts(&repo));
    untouched(&repo, 1, &["run"]).says("pkg/a.py:1:22: this loads pkg.new, which takes K from here before it is bound (cycle)");
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &plan.replace("phases:", "guards: { cycle: warn }\nphases:"));
    repo.migrate(&["run"]).succeeds();
    assert!(!starts(&repo));
    for new in ["import pkg.a\n\ndef f(): return pkg.a.K\n", "def f():\n    from pkg.a import K\n    return K\n"] {
        let repo = planned(&files(new), rename, "[pkg/a.py]");
        let ran = repo.migrate(&["run"]).succeeds();
        assert!(starts(&repo) && !ran.stderr.contains("(cycle)"), "{new}{}", ran.stderr);
    }
}

#[test]
fn a_cache_that_is_damaged_or_cannot_be_written_changes_no_answer() {
    let files = [("m.py", "f = 1\n"), ("n.py", "g = 1\n"), ("a.py", "from m import f\n"), ("b.py", "from a import f\n")];
    let repo = planned(&files, "  r: { rename: { from: m.f, to: n.g } }", "[a.py]");
    let said = "a.py:1:15: f stays as another name of n.g: b.py:1 imports it from here";
    let cache = repo.top().join(".git/migrate/cache");
    untouched(&repo, 0, &["check"]).says(said);
    assert!(!repo.top().join(".git/migrate").exists());
    std::fs::create_dir(repo.top().join(".git/migrate")).unwrap();
    untouched(&repo, 0, &["check"]).says(said);
    assert!(cache.join("outlines").is_file());
    for damaged in ["", "{", "{\"format\":1}\n{}", "\u{0}"] {
        std::fs::write(cache.join("outlines"), damaged).unwrap();
        untouched(&repo, 0, &["check"]).says(said);
    }
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::write(&cache, "no folder").unwrap();
    untouched(&repo, 0, &["check"]).says(said);
}
