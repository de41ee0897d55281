//! The README and the pages of `docs/`: what they show is run, and what they list is there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{MIGRATE, Ran, Repo, scratch};

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The lines of the shell blocks of a page, in order, without comments.
fn shell_lines(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.split("  #").next().unwrap().trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Runs a line as a person would who has the tool on PATH.
fn typed(repo: &Repo, folder: &Path, line: &str, path: &str) -> Ran {
    let bin = Path::new(MIGRATE).parent().unwrap().display();
    let mut command = repo.command("bash");
    Ran::of(command.args(["-c", line]).current_dir(folder).env("PATH", format!("{bin}:{path}")).output().unwrap())
}

#[test]
fn the_five_minutes_of_the_readme_run_as_they_are_written() {
    let repo = Repo::with(&[
        ("app/__init__.py", ""),
        ("app/old.py", "def fetch(key):\n    return key\n"),
        ("app/new.py", "def fetch(key):\n    return key\n"),
        ("app/views.py", "from app.old import fetch\n\n\ndef view(key):\n    return fetch(key)\n"),
        ("app/jobs.py", "import app.old\n\n\ndef job():\n    return app.old.fetch(1)\n"),
        (
            "tests/test_views.py",
            "import unittest\nfrom app.views import view\n\n\nclass T(unittest.TestCase):\n    def test_view(self):\n        self.assertEqual(view(1), 1)\n",
        ),
    ]);
    let path = std::env::var("PATH").unwrap();
    let lines: Vec<String> = shell_lines(&page("README.md")).into_iter().filter(|line| line.starts_with("migrate ")).collect();
    assert!(lines.len() >= 6, "{lines:?}");
    for line in &lines {
        let ran = typed(&repo, &repo.top(), line, &path);
        assert_eq!(ran.code, Some(0), "{line}: {}\n{}", ran.stdout, ran.stderr);
        if line.starts_with("migrate run") {
            assert_eq!(repo.read("app/views.py"), b"from app.new import fetch\n\n\ndef view(key):\n    return fetch(key)\n");
        }
    }
    assert!(String::from_utf8(repo.read("app/views.py")).unwrap().contains("app.old"), "all of it is back");
}

#[test]
fn the_commands_of_the_recipes_run_as_they_are_written() {
    let repo = Repo::with(&[
        ("app/__init__.py", ""),
        ("app/new.py", "def fetch(key):\n    return key\n"),
        ("app/old.py", "def fetch(key):\n    return key\n"),
        ("app/views.py", "from app.old import fetch\nfetch(1)\n"),
    ]);
    let plan = "version: 1\nname: p\nrules:\n  fetch: { rename: { from: app.old.fetch, to: app.new.fetch } }\nphases:\n  - id: P0\n    files: [app/views.py]\n";
    repo.write("plans/p.yaml", plan);
    repo.commit_all("plan");
    let path = std::env::var("PATH").unwrap();
    let lines = shell_lines(&page("docs/recipes.md"));
    let back = lines.iter().position(|line| line.starts_with("migrate rollback")).unwrap();
    for (at, line) in lines.iter().enumerate() {
        if at == back {
            repo.migrate(&["run"]).succeeds();
        }
        let ran = typed(&repo, &repo.top(), line, &path);
        assert_eq!(ran.code, Some(0), "{line}: {}\n{}", ran.stdout, ran.stderr);
    }
    assert_eq!(repo.read("app/views.py"), b"from app.old import fetch\nfetch(1)\n");
}

#[test]
fn the_guide_takes_a_published_package_to_full_compliance() {
    if std::env::var_os("CI").is_none() && std::env::var("MIGRATE_RUNNERS").as_deref() != Ok("1") {
        println!("neither MIGRATE_RUNNERS nor CI is set: no package is installed");
        return;
    }
    let folder = scratch();
    let environment = folder.path().join("env");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).status().unwrap();
    assert!(made.success());
    let packages =
        ["pytest==8.4.2", "mock==5.2.0", "blinker==1.9.0", "pyjwt==2.10.1", "cryptography==45.0.7", "setuptools==80.9.0"];
    let pip = Command::new(environment.join("bin/pip")).args(["install", "-q", "wheel==0.45.1"]).args(packages).status().unwrap();
    assert!(pip.success());
    let path = format!("{}:{}", environment.join("bin").display(), std::env::var("PATH").unwrap());
    let repo = Repo::plain_folder();
    let mut place = repo.top();
    let mut said = String::new();
    for line in shell_lines(&page("docs/guide.md")) {
        if let Some(inside) = line.strip_prefix("cd ") {
            place.push(inside);
            continue;
        }
        let ran = typed(&repo, &place, &line, &path);
        assert_eq!(ran.code, Some(0), "{line}: {}\n{}", ran.stdout, ran.stderr);
        writeln!(said, "$ {line}\n{}{}", ran.stdout, ran.stderr).unwrap();
        if line.starts_with("migrate run") {
            theirs(&place, &path);
        }
    }
    for part in ["211 violations in 37 of 131 files; 71.7%", "546 tests", "8 committed", "100.0%"] {
        assert!(said.contains(part), "{part} is in the guide and not on the screen:\n{said}");
    }
}

/// The imports of `mock` are, file by file, those that the maintainers wrote by hand for the next version.
fn theirs(ours: &Path, path: &str) {
    let folder = ours.parent().unwrap();
    let fetch = "pip download -q --no-deps --no-binary :all: --no-build-isolation oauthlib==3.2.0 && tar xzf oauthlib-3.2.0.tar.gz --no-same-owner";
    let got = Command::new("bash").args(["-c", fetch]).current_dir(folder).env("PATH", path).status().unwrap();
    assert!(got.success());
    let imports = |text: String| -> BTreeSet<String> {
        let lines = text.lines().map(str::trim).filter(|line| line.contains("mock") && line.contains("import"));
        lines.map(str::to_owned).collect()
    };
    let listed = Command::new("git").args(["diff", "--name-only", "HEAD~8", "--", "tests"]).current_dir(ours).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<&str> = listed.lines().collect();
    assert_eq!(files.len(), 37);
    for file in files {
        let text = |folder: &Path| std::fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(imports(text(ours)), imports(text(&folder.join("oauthlib-3.2.0"))), "{file}");
    }
}

#[test]
fn the_plan_reference_has_every_key_of_the_schema() {
    const FROM: &str = "<!-- keys -->\n";
    const TO: &str = "<!-- keys, end -->";
    let schema: Value = serde_json::from_str(&page("docs/plan.schema.json")).unwrap();
    let mut tables = String::new();
    tables_of(&schema, &schema, "the plan", &mut tables);
    let named = [
        ("rule", "a rule"),
        ("rename", "`rename`"),
        ("rewrite", "`rewrite`"),
        ("condition", "a condition of `where`"),
        ("phase", "a phase"),
        ("level", "a level"),
        ("trigger", "a trigger"),
    ];
    for (name, shown) in named {
        tables_of(&schema, &schema["$defs"][name], shown, &mut tables);
    }
    for (at, shown) in [
        ("/$defs/entry/oneOf/1", "an entry of `files`"),
        ("/$defs/command/oneOf/2", "a command"),
        ("/$defs/ruleCommand/oneOf/2", "the `command` of a rule"),
        ("/$defs/metric/oneOf/0", "a metric"),
    ] {
        tables_of(&schema, schema.pointer(at).unwrap(), shown, &mut tables);
    }
    let text = page("docs/plan.md");
    let (before, rest) = text.split_once(FROM).unwrap();
    let (now, after) = rest.split_once(TO).unwrap();
    if std::env::var_os("MIGRATE_WRITE").is_some() {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plan.md");
        std::fs::write(place, format!("{before}{FROM}{tables}{TO}{after}")).unwrap();
        return;
    }
    assert!(tables.lines().filter(|line| line.starts_with("| `")).count() > 100);
    assert_eq!(now, tables, "MIGRATE_WRITE=1 cargo test --test it documents::the_plan writes it anew");
}

/// The table of the keys of an object, and of those of objects in it that have no name of their own.
fn tables_of(schema: &Value, object: &Value, shown: &str, out: &mut String) {
    let Some(keys) = object["properties"].as_object() else { return };
    if keys.is_empty() {
        return;
    }
    let mut names: Vec<&String> = keys.keys().collect();
    names.sort();
    writeln!(out, "\n### In {shown}\n\n| key | meaning |\n|---|---|").unwrap();
    for name in &names {
        let of = |value: &Value| value["description"].as_str().map(str::to_owned);
        let referred = keys[*name]["$ref"].as_str().and_then(|place| schema.pointer(place.trim_start_matches('#')));
        let said = of(&keys[*name]).or_else(|| referred.and_then(of));
        let said = said.unwrap_or_else(|| panic!("{name} in {shown} has no description"));
        writeln!(out, "| `{name}` | {} |", said.replace('|', "\\|")).unwrap();
    }
    for name in names {
        tables_of(schema, &keys[name], &format!("`{name}` of {shown}"), out);
    }
}
