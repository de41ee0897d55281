//! `docs/codemods.md` is the data: each recipe is a block of YAML that says what to install and holds one rule.
//!
//! They need the package index and minutes, so they ask for `MIGRATE_RUNNERS`: `1` is all of them, else the beginnings of their names:
//! `MIGRATE_RUNNERS="ruff isort" cargo test recipes`. Where `CI` is set and that is not, two are run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::{dirty, replan};
use crate::support::{Repo, scratch};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codemods.md");

/// Those that are quickly installed.
const FEW: [&str; 2] = ["pyupgrade", "absolufy-imports"];

/// The name of a recipe, a file for its tool, what it makes of that, and files that it needs.
type Case = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// One for each recipe.
const CASES: [Case; 18] = [
    ("libcst", "from old import f\n\nf(1)\n", "from new import g\n\ng(1)\n", &[]),
    ("pyupgrade", "x = \"%s\" % (a,)\n", "x = f\"{a}\"\n", &[]),
    (
        "django-upgrade",
        "from django.utils.encoding import force_text\n\nforce_text(1)\n",
        "from django.utils.encoding import force_str\n\nforce_str(1)\n",
        &[],
    ),
    ("ruff", "import os\nimport sys\n\nprint(sys)\n", "import sys\n\nprint(sys)\n", &[]),
    ("isort", "import os, sys\n\nprint(os, sys)\n", "import os\nimport sys\n\nprint(os, sys)\n", &[]),
    ("reorder-python-imports", "import os, sys\n\nprint(os, sys)\n", "import os\nimport sys\n\nprint(os, sys)\n", &[]),
    ("autoflake", "import os\nimport sys\n\nprint(sys)\n", "import sys\n\nprint(sys)\n", &[]),
    (
        "ast-grep",
        "def h():\n    f(1)\n",
        "def h():\n    g(\n        1,\n    )\n",
        &[("tools/f-to-g.yml", "id: f-to-g\nlanguage: python\nrule: { pattern: f($A) }\nfix: |-\n  g(\n      $A,\n  )\n")],
    ),
    (
        "semgrep",
        "f(1)\n",
        "g(1)\n",
        &[(
            "tools/semgrep.yml",
            "rules:\n  - { id: f, languages: [python], severity: WARNING, message: m, pattern: f($A), fix: g($A) }\n",
        )],
    ),
    (
        "bowler",
        "def f(a):\n    return a\n\n\nf(1)\n",
        "def g(a):\n    return a\n\n\ng(1)\n",
        &[(
            "tools/rename_f.py",
            "import sys\n\nfrom bowler import Query\n\nQuery(sys.argv[1:]).select_function('f').rename('g').execute(interactive=False, write=True, silent=True)\n",
        )],
    ),
    ("fixit", "if x == None:\n    pass\n", "if x is None:\n    pass\n", &[]),
    ("flynt", "x = \"{}\".format(a)\n", "x = f\"{a}\"\n", &[]),
    ("com2ann", "x = 1  # type: int\ny = 2\n", "x: int = 1\ny = 2\n", &[]),
    ("add-trailing-comma", "f(\n    1,\n    2\n)\n", "f(\n    1,\n    2,\n)\n", &[]),
    ("absolufy-imports", "from . import b\n\nprint(b)\n", "from pkg import b\n\nprint(b)\n", &[]),
    ("docformatter", "def f():\n    \"\"\" does it \"\"\"\n", "def f():\n    \"\"\"Does it.\"\"\"\n", &[]),
    ("autopep8", "if x == None:\n    pass\n", "if x is None:\n    pass\n", &[]),
    (
        "bump-pydantic",
        "from pydantic import BaseSettings\n\n\nclass S(BaseSettings):\n    a: int = 1\n",
        "from pydantic_settings import BaseSettings\n\n\nclass S(BaseSettings):\n    a: int = 1\n",
        &[],
    ),
];

/// The packages and the rule of each recipe, by the name of the rule.
fn recipes() -> Vec<(String, String, String)> {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let blocks = page.split("```yaml\n# pip install ").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let recipe = |block: &str| {
        let (packages, rules) = block.split_once('\n').unwrap();
        let name = rules.lines().nth(1).unwrap().trim().trim_end_matches(':');
        (name.to_owned(), packages.to_owned(), format!("{rules}\n"))
    };
    blocks.map(recipe).collect()
}

/// The recipes that are to be run.
fn chosen() -> Vec<(String, String, String)> {
    let wanted = std::env::var("MIGRATE_RUNNERS").ok();
    let is_wanted = |name: &str| match wanted.as_deref() {
        Some("0") => false,
        Some("1") => true,
        Some(names) => names.split_whitespace().any(|begin| name.starts_with(begin)),
        None => std::env::var_os("CI").is_some() && FEW.contains(&name),
    };
    let chosen: Vec<_> = recipes().into_iter().filter(|(name, ..)| is_wanted(name)).collect();
    if chosen.is_empty() {
        println!("MIGRATE_RUNNERS names no recipe: none is run");
    }
    chosen
}

fn plan(rules: &str) -> String {
    format!(
        "version: 1\nname: recipe\nissue: \"#1\"\n{rules}phases:\n  - {{ id: P0, guards: {{ unbound: off, constants: off }}, files: [pkg/a.py] }}\n"
    )
}

#[test]
fn every_recipe_of_the_page_on_codemods_is_a_rule_that_a_test_runs() {
    let (recipes, mut rest) = (recipes(), CASES.map(|(name, ..)| name).to_vec());
    for (name, packages, rules) in &recipes {
        assert!(packages.split(' ').all(|package| package.contains("==")), "{packages}");
        let at = rest.iter().position(|case| case == name).unwrap_or_else(|| panic!("no test runs {name}"));
        rest.swap_remove(at);
        let repo = Repo::with(&[("pkg/a.py", "x = 1\n")]);
        replan(&repo, &plan(rules));
        let ran = repo.migrate(&["check"]);
        assert_ne!(ran.code, Some(2), "{name}\n{}", ran.stderr);
    }
    assert!(recipes.len() >= 12 && rest.is_empty(), "{rest:?}");
}

#[test]
fn every_recipe_does_its_work_keeps_line_endings_and_fails_on_what_the_tool_cannot_read() {
    for (name, packages, rules) in chosen() {
        let (_, before, after, others) = CASES.into_iter().find(|(case, ..)| *case == name).unwrap();
        let folder = scratch();
        let programs = install(folder.path(), &packages);
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let with = |bytes: &str| {
            let repo = Repo::with(others).env("PATH", &path);
            repo.write("pkg/__init__.py", "");
            repo.write("pkg/b.py", "");
            repo.write("pkg/a.py", bytes);
            replan(&repo, &plan(&rules));
            repo
        };
        for ending in ["\n", "\r\n"] {
            let repo = with(&before.replace('\n', ending));
            let ran = repo.migrate(&["run"]);
            assert_eq!(ran.code, Some(0), "{name}\n{}", ran.stderr);
            assert!(!ran.stderr.contains("warning: "), "{name}\n{}", ran.stderr);
            assert_eq!(String::from_utf8(repo.read("pkg/a.py")).unwrap(), after.replace('\n', ending), "{name}");
            assert_eq!((repo.subjects().len(), dirty(&repo)), (3, String::new()), "{name}");
            // What is done is found to be done.
            replan(&repo, &plan(&rules).replace("name: recipe", "name: again"));
            repo.migrate(&["run"]).succeeds().says("changed nothing");
        }
        // Without its own check of the file, the tool reads such a type itself.
        if rules.contains("-m ast") && !reads_new_types(&programs) {
            let ran = with(&format!("{before}type T = int\n")).migrate(&["run"]);
            assert_eq!(ran.code, Some(1), "{name}\n{}", ran.stderr);
        }
        println!("{name}: {packages}");
    }
}

/// What tools are known to do to files: the recipe, what is another in its rule, a file, the exit code and what is said.
const HARM: [(&str, [&str; 2], &str, i32, &str); 6] = [
    (
        "autoflake",
        ["", ""],
        "from os import path\n\n__all__ = []\n__all__.extend([\"path\"])\n",
        1,
        "pkg/a.py:4:17: `__all__` names path, which nothing binds any more (exports)",
    ),
    (
        "ast-grep",
        ["scan -r tools/f-to-g.yml", "run -p 'def f($A): return $B' -r 'def f($A): return $B'"],
        "async def f(a): return a.b\n\n\nasync def h():\n    await f(1)\n",
        1,
        "`await` of f, which is a plain function (awaitedness)",
    ),
    ("ast-grep", ["scan -r tools/f-to-g.yml", "run -p 'no($A)' -r 'yes($A)'"], "f(1)\n", 1, "failed with status 1"),
    (
        "com2ann",
        ["keep_line_endings: true", "timeout: 5m"],
        "x = 1  # type: int\r\ny = 2\r\n",
        0,
        "changed only the line ending of 1 line",
    ),
    (
        "pyupgrade",
        ["repeat: until-stable", "timeout: 5m"],
        "x = \"%s\" % (a,)\n",
        0,
        "changed a string constant: \"%s\" became \"{}\"",
    ),
    (
        "bump-pydantic",
        [" --log-file /dev/null", ""],
        "from pydantic import BaseSettings\n\n\nclass S(BaseSettings):\n    a: int = 1\n",
        0,
        "left untracked files: log.txt",
    ),
];

#[test]
fn what_tools_are_known_to_do_to_files_is_told() {
    for (name, packages, rules) in chosen() {
        let cases: Vec<_> = HARM.iter().filter(|(recipe, ..)| *recipe == name).collect();
        let folder = scratch();
        let programs = if cases.is_empty() { continue } else { install(folder.path(), &packages) };
        for (_, [from, to], before, code, said) in cases {
            let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
            let repo = Repo::with(&[("pkg/a.py", before)]).env("PATH", &path);
            replan(&repo, &plan(&rules.replace(from, to)).replace(", constants: off", ""));
            repo.migrate(&["run"]).exits(*code).says(said);
            assert_eq!(repo.read("pkg/a.py") == before.as_bytes(), *code == 1, "{name}");
        }
    }
}

/// A virtual environment with these packages: where its programs are.
fn install(folder: &Path, packages: &str) -> PathBuf {
    let place = folder.join("env");
    let python = place.join("bin/python3");
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{packages}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&place));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(python).args(pip).args(packages.split(' ')));
    place.join("bin")
}

fn reads_new_types(programs: &Path) -> bool {
    let read = Command::new(programs.join("python3")).args(["-c", "compile('type T = int', 'a', 'exec')"]).output().unwrap();
    read.status.success()
}
