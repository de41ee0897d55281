//! Packages that are installed editable, by three installers: what breaks one is caught in a copy, and would not be in a tree elsewhere.
//!
//! It asks for `MIGRATE_RUNNERS=1`, or `CI`: pip has to install the installers and pytest.

use std::path::Path;
use std::process::Command;

use crate::copies::bench::Bench;
use crate::red_suite::{installed, succeeds};
use crate::support::{Repo, scratch};

/// What the rule makes of it is not what it was: `True` is an `int`, and its type is another.
const BROKEN: &str = "def is_number(x):\n    return isinstance(x, int)\n";

/// Here the rule changes nothing that matters.
const SOUND: &str = "def is_text(x):\n    return isinstance(x, str)\n";

const TESTS: &str = "from NAME.broken import is_number\nfrom NAME.sound import is_text\n\n\ndef test_both():\n    assert is_number(True) and is_text('')\n";

const PLAN: &str = r#"version: 1
name: exact-types
issue: "1"
rules:
  exact: { rewrite: { before: "isinstance($X, $T)", after: "type($X) is $T" } }
phases:
  - id: P0
    on_failure: quarantine
    validate: ["pytest -q -p no:cacheprovider tests"]
    files:
      - glob: "src/**/*.py"
"#;

/// The name of a package, what builds it, and what has to be installed for that.
const INSTALLERS: [(&str, &str, &[&str]); 3] = [
    ("acme_setuptools", "setuptools.build_meta", &["setuptools==80.9.0", "wheel==0.45.1"]),
    ("acme_hatchling", "hatchling.build", &["hatchling==1.27.0", "editables==0.5"]),
    ("acme_flit", "flit_core.buildapi", &["flit_core==3.12.0"]),
];

#[test]
fn a_rule_that_breaks_a_package_installed_editable_is_caught_in_a_copy_and_not_in_a_tree_elsewhere() {
    let wanted = match std::env::var("MIGRATE_RUNNERS") {
        Ok(wanted) => wanted != "0",
        Err(_) => std::env::var_os("CI").is_some(),
    };
    if !wanted {
        println!("MIGRATE_RUNNERS is not set: no package is installed");
        return;
    }
    if Bench::with(&[("a.py", "")]).copies().is_none() {
        return;
    }
    let folder = scratch();
    let bin = installed(folder.path());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for (name, backend, packages) in INSTALLERS {
        let repo = package(name, backend).env("PATH", &path).env("MIGRATE_IN_PLACE", "0");
        let pip = |args: &[&str]| succeeds(Command::new(bin.join("python")).args(["-m", "pip", "install", "-q"]).args(args));
        pip(packages);
        pip(&["--no-build-isolation", "--no-deps", "-e", repo.top().to_str().unwrap()]);
        let (broken, sound) = (format!("src/{name}/broken.py"), format!("src/{name}/sound.py"));
        let passes = |top: &Path| {
            let mut pytest = repo.command("pytest");
            pytest.args(["-q", "-p", "no:cacheprovider", "tests"]).current_dir(top).output().unwrap().status.success()
        };
        assert!(passes(&repo.top()), "{name}: before");

        repo.migrate(&["run"]).exits(1).says("1 failed");
        assert_eq!(repo.read(&broken), BROKEN.as_bytes(), "{name}");
        assert_eq!(repo.read(&sound), SOUND.replace("isinstance(x, str)", "type(x) is str").as_bytes(), "{name}");
        assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Unit,valueonly)"]).trim(), sound);

        // The same candidate in a tree of git's at another path: what is imported is the package that is installed.
        let elsewhere = repo.home().join("elsewhere");
        repo.git(&["worktree", "add", "-q", "--detach", elsewhere.to_str().unwrap()]);
        let candidate = BROKEN.replace("isinstance(x, int)", "type(x) is int");
        std::fs::write(elsewhere.join(&broken), &candidate).unwrap();
        assert!(passes(&elsewhere), "{name}: a tree elsewhere passes falsely");
        repo.write(&broken, &candidate);
        assert!(!passes(&repo.top()), "{name}: the same in its place does not pass");
    }
}

/// A package in the layout with `src`.
fn package(name: &str, backend: &str) -> Repo {
    let requires = backend.split('.').next().unwrap();
    let pyproject = format!(
        "[build-system]\nrequires = [\"{requires}\"]\nbuild-backend = \"{backend}\"\n\n[project]\nname = \"{name}\"\nversion = \"1.0\"\ndescription = \"x\"\n"
    );
    Repo::with(&[
        ("pyproject.toml", &pyproject),
        (&format!("src/{name}/__init__.py"), ""),
        (&format!("src/{name}/broken.py"), BROKEN),
        (&format!("src/{name}/sound.py"), SOUND),
        ("tests/test_both.py", &TESTS.replace("NAME", name)),
        ("plans/p.yaml", PLAN),
        (".gitignore", "*.egg-info\n__pycache__\n"),
    ])
}
