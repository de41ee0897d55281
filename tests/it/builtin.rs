use crate::isolated::isolated;
use crate::kit::{message, repo};
use crate::support::{Ran, Repo};

/// A project whose `a.py` uses `old.f`, which a rule changes. The guard that would find first what the rule writes wrong is off.
fn project(rule: &str, rest: &str, files: &[(&str, &str)]) -> Repo {
    let own = [
        ("old.py", "def f(x):\n    return x\n"),
        ("new.py", "def g(x):\n    return x\n"),
        ("a.py", "from old import f\n\nf(1)\n"),
    ];
    let repo = Repo::with(&[&own[..], files].concat());
    // The guard would find it first.
    let plan = format!(
        "version: 1\nname: test\nissue: \"#1\"\nguards: {{ exists: off }}\nrules:\n  f: {{ {rule} }}\nphases:\n  - id: P0\n{rest}"
    );
    repo.write("plans/test.yaml", plan);
    repo.commit_all("plan");
    repo
}

const RIGHT: &str = "rename: { from: old.f, to: new.g }";
/// A codemod that writes the import of what is not there.
const WRONG: &str = "command: \"sed -i 's/from old import f/from new import h as f/' {file}\"";
const BOTH: &str = "    validate: [{ builtin: syntax }, { builtin: imports }]\n    files: [a.py]\n";

/// What the command itself says of files, as a plan would start it.
fn says(repo: &Repo, what: &str, files: &[&str]) -> Ran {
    repo.migrate(&[&["builtin", what, "--"], files].concat())
}

#[test]
fn what_is_built_in_lets_a_sound_unit_land_and_stands_in_its_message() {
    let gate = "    validate: [{ builtin: syntax }, { builtin: imports, timeout: 1m, only: \"*.py\" }]\n    verify: [{ builtin: imports }]\n    gate: { run: [{ builtin: imports }] }\n    files: [a.py]\n";
    let repo = project(RIGHT, gate, &[]);
    repo.migrate(&["check"]).succeeds();
    repo.migrate(&["run", "--dry-run"])
        .succeeds()
        .says("a.py: would run: builtin syntax")
        .says("gate: would run: builtin imports");
    repo.migrate(&["run"]).succeeds();
    let message = message(&repo, "HEAD");
    assert!(message.contains("- Validate: builtin syntax\n- Validate: builtin imports\n"), "{message}");
    assert_eq!(repo.read("a.py"), b"from new import g\n\ng(1)\n");
}

#[test]
fn an_import_that_leads_nowhere_fails_its_unit_with_its_place_in_a_copy_and_in_the_tree() {
    for in_place in ["0", "1"] {
        let repo = project(WRONG, BOTH, &[]).env("MIGRATE_IN_PLACE", in_place);
        let ran = repo.migrate(&["run"]).exits(1);
        ran.says("validate `builtin imports` failed: a.py:1:17: `new` has no `h`");
        assert_eq!(repo.subjects().len(), 2, "nothing is committed");
        assert_eq!(repo.read("a.py"), b"from old import f\n\nf(1)\n");
    }
}

#[test]
fn what_was_unresolved_before_is_not_held_against_a_unit() {
    let bad = "import nowhere_at_all\nfrom old import f\n\nf(1)\n";
    let repo = project(RIGHT, BOTH, &[("a.py", bad)]);
    let ran = repo.migrate(&["run"]).succeeds();
    ran.says("no module `nowhere_at_all`").says("only new failures count");
    assert!(message(&repo, "HEAD").contains("- Validate: builtin imports (no new failure)\n"), "{}", message(&repo, "HEAD"));
    let repo = project(WRONG, BOTH, &[("a.py", bad)]);
    repo.migrate(&["run"]).exits(1).says("failed: a.py:2:17: `new` has no `h`");
}

#[test]
fn imports_are_looked_for_in_the_tree_and_in_the_interpreter_and_those_that_may_fail_are_left_alone() {
    let text = concat!(
        "from __future__ import annotations\n",
        "import os.path, json, importlib.metadata\n",
        "from collections.abc import Mapping\n",
        "from typing import TYPE_CHECKING\n",
        "from . import inner, there\n",
        "from .inner import x, brought\n",
        "from .inner import absent\n",
        "from .gone import y\n",
        "import app.inner.x\n",
        "import nowhere_at_all.sub\n",
        "from json import nothing_like_it\n",
        "import helper\n",
        "try:\n    import missing_one\nexcept ImportError:\n    missing_one = None\n",
        "if TYPE_CHECKING:\n    import missing_two\n",
        "def later():\n    import missing_three\n",
    );
    let files = [
        ("app/__init__.py", "there = 1\n"),
        ("app/inner.py", "from .stars import *\nx = 1\n"),
        ("app/stars.py", "brought = 1\n"),
        ("app/helper.py", ""),
        ("app/a.py", text),
        ("app/types.pyi", "import missing_four\n"),
        ("README.md", "import nothing\n"),
    ];
    let repo = Repo::with(&files);
    let ran = says(&repo, "imports", &["app/a.py", "app/types.pyi", "README.md", "gone.py"]).exits(1);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let expected = [
        "app/a.py:7:20: `app.inner` has no `absent`",
        "app/a.py:8:6: `app` has no `gone`",
        "app/a.py:9:8: `app.inner` has no `x`",
        "app/a.py:10:8: no module `nowhere_at_all.sub`, in the tree or in ",
        "app/a.py:11:18: `json` has no `nothing_like_it`",
        "app/a.py:20:12: no module `missing_three`, in the tree or in ",
        "imports looked at 1 file: 6 problems",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", ran.stdout);
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
}

#[test]
fn no_code_of_the_project_is_run_to_look_its_imports_up() {
    let trap = "import pathlib\npathlib.Path('ran').write_text('x')\n";
    let files =
        [("app/__init__.py", trap), ("app/a.py", "import app.b\nimport json, nowhere\n"), ("app/b.py", trap), ("json.py", trap)];
    let repo = Repo::with(&files);
    says(&repo, "imports", &[]).exits(1).prints("no module `nowhere`");
    assert!(!repo.top().join("ran").exists());
}

#[test]
fn what_an_environment_in_the_tree_has_is_found_there_by_whatever_means() {
    let repo = Repo::with(&[
        ("a.py", "import fromvenv, hooked\nfrom fromvenv import z\nfrom fromvenv import q\n"),
        (".gitignore", ".venv\n"),
    ]);
    let made = repo.command("python3").args(["-m", "venv", "--without-pip", ".venv"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let lib = std::fs::read_dir(repo.top().join(".venv/lib")).unwrap().next().unwrap().unwrap().file_name();
    let site = format!(".venv/lib/{}/site-packages", lib.to_str().unwrap());
    repo.write(&format!("{site}/fromvenv.py"), "z = 1\n");
    // As an editable installation does it.
    let finder = "import sys, importlib.machinery\nclass F:\n    def find_spec(self, name, path=None, target=None):\n        if name == 'hooked':\n            return importlib.machinery.ModuleSpec(name, None)\nsys.meta_path.append(F())\n";
    repo.write(&format!("{site}/finder.py"), finder);
    repo.write(&format!("{site}/finder.pth"), "import finder\n");
    let ran = says(&repo, "imports", &[]).exits(1);
    assert_eq!(ran.stdout, "a.py:3:22: `fromvenv` has no `q`\nimports looked at 1 file: 1 problem\n");
}

#[test]
fn without_an_interpreter_what_is_not_in_the_tree_is_undecided_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for program in ["git", "sh", "sed"] {
        let path = std::env::var_os("PATH").unwrap();
        let there = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|there| there.is_file());
        std::os::unix::fs::symlink(there.unwrap(), folder.path().join(program)).unwrap();
    }
    let a = "import requests, json\nfrom old import f\n\nf(1)\n";
    let repo = project(RIGHT, BOTH, &[("a.py", a)]).env("PATH", folder.path().to_str().unwrap());
    repo.migrate(&["check"]).succeeds().says("imports from outside the tree stay undecided: no Python interpreter");
    let ran = repo.migrate(&["run"]).succeeds();
    ran.says("warning: validate builtin imports (1 import not looked up: no Python interpreter ($VIRTUAL_ENV, .venv/bin/python, python3))");
    let message = message(&repo, "HEAD");
    assert!(message.contains("builtin imports (1 import not looked up: no Python interpreter"), "{message}");
    // What the tree lacks is a failure all the same.
    let repo = project(WRONG, BOTH, &[("a.py", a)]).env("PATH", folder.path().to_str().unwrap());
    repo.migrate(&["run"]).exits(1).says("`new` has no `h`");
}

#[test]
fn syntax_is_that_of_the_oldest_python_that_the_project_names() {
    let files = [("a.py", "match 1:\n    case 1: pass\n"), ("b.py", "def f(:\n    pass\n"), ("c.py", "x = 1\n")];
    let repo = Repo::with(&files);
    let ran = says(&repo, "syntax", &[]).exits(1).prints("b.py:1:7: ").prints("syntax looked at 3 files: 2 problems");
    assert!(!ran.stdout.contains("a.py"), "{}", ran.stdout);
    repo.write("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.8\"\n");
    says(&repo, "syntax", &["a.py", "c.py"])
        .exits(1)
        .prints("a.py:1:1: `match` statement needs Python 3.10, and pyproject.toml says 3.8");
}

#[test]
fn the_interpreter_is_asked_once_a_run() {
    let repo = repo(
        &[
            ("old.py", "f = 1\n"),
            ("new.py", "g = 1\n"),
            ("a.py", "from old import f\nimport json\n\nf()\n"),
            ("b.py", "from old import f\n\nf()\n"),
        ],
        &BOTH.replace("[a.py]", "[a.py, b.py]").replace("    validate", "  - id: P0\n    validate"),
    );
    let real = String::from_utf8(repo.command("sh").args(["-c", "command -v python3"]).output().unwrap().stdout).unwrap();
    repo.write(".venv/bin/python", format!("#!/bin/sh\necho asked >> $HOME/asked\nexec {} \"$@\"\n", real.trim()));
    std::fs::set_permissions(repo.top().join(".venv/bin/python"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.write(".git/info/exclude", ".venv\n");
    for in_place in ["0", "1"] {
        let repo = repo.copy().env("MIGRATE_IN_PLACE", in_place);
        repo.migrate(&["run"]).succeeds();
        assert_eq!(std::fs::read_to_string(repo.home().join("asked")).unwrap(), "asked\n");
    }
}

#[test]
fn of_files_that_are_judged_together_the_one_with_the_problem_is_named() {
    let wrong = "command: \"sed -i 's/from old import f/from new import g as f/' {file}; test {file} != b.py || sed -i 's/import g/import h/' {file}\"";
    let rest = "    on_failure: quarantine\n    max_quarantined: 50%\n    batch: { max: 8 }\n    validate: [{ builtin: imports }]\n    files: [a.py, b.py, c.py]\n";
    let text = "from old import f\n\nf(1)\n";
    let repo = project(wrong, rest, &[("b.py", text), ("c.py", text)]).env("MIGRATE_IN_PLACE", "0");
    repo.migrate(&["run"]).exits(1).says("b.py: validate `builtin imports` failed: b.py:1:17: `new` has no `h`");
    assert_eq!((repo.subjects().len(), repo.read("b.py")), (4, text.into()));
    assert!(repo.read("c.py").starts_with(b"from new import g as f"));
}

#[test]
fn a_wrong_use_of_what_is_built_in_is_refused_with_its_place() {
    for (command, says) in [
        ("{ builtin: import }", "did you mean `imports`?"),
        ("{ builtin: syntax, run: x }", "`run` or `builtin`, not both"),
        ("{ builtin: syntax, retries: 2 }", "`builtin` has no `retries`"),
        ("{ builtin: [x] }", "`builtin`"),
    ] {
        let repo = isolated(&[("a.py", "x = 1\n")], &format!("  - id: P0\n    validate: [{command}]\n    files: [a.py]\n"));
        repo.migrate(&["check"]).exits(2).says(says).says("help: ");
    }
    let format = "  - id: P0\n    format: [{ builtin: syntax }]\n    files: [a.py]\n";
    isolated(&[("a.py", "x = 1\n")], format).migrate(&["check"]).exits(2).says("what is built in changes no file");
}
