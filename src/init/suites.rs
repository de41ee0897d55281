//! Which commands of the project could judge a unit, told by what is in the tree. Nothing is started here.

use std::path::Path;

use crate::interpreter;
use crate::path::RepoPath;

/// A command that could judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// What it is called.
    pub name: &'static str,
    /// As the plan has it, apart from `report`.
    pub run: String,
    /// True when it writes a JUnit report.
    pub report: bool,
    /// True when it runs the project's tests: one that works is enough.
    pub tests: bool,
    /// Why it is thought of.
    pub because: String,
}

/// What the tree shows.
#[derive(Debug, Default)]
pub struct Shown {
    /// The tracked files at the top.
    pub top: Vec<String>,
    /// The text of those that configure tools: their name and what they hold.
    pub texts: Vec<(String, String)>,
    /// True when a tracked file of tests imports pytest, or is its `conftest.py`.
    pub uses_pytest: bool,
    /// The first tracked file that imports unittest.
    pub uses_unittest: Option<RepoPath>,
    /// True when there are files of tests at all.
    pub has_tests: bool,
    /// How the interpreter is called.
    pub python: String,
}

/// The files that configure what runs tests.
const CONFIGURE: [&str; 5] = ["pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini", ".pytest.ini"];
/// So many files of tests are read.
const MOST_READ: usize = 200;

impl Shown {
    /// Looks at the tree at `top`, of which these `paths` are tracked.
    #[must_use]
    pub fn of(top: &Path, paths: &[RepoPath]) -> Self {
        let text = |path: &Path| std::fs::read_to_string(top.join(path)).unwrap_or_default();
        let at_top = paths.iter().filter_map(|path| std::str::from_utf8(path.as_bytes()).ok()).filter(|path| !path.contains('/'));
        let mut shown = Self { top: at_top.map(str::to_owned).collect(), python: python(top), ..Self::default() };
        shown.texts =
            CONFIGURE.iter().filter(|name| shown.has(name)).map(|name| ((*name).to_owned(), text(Path::new(name)))).collect();
        let tests = paths.iter().filter(|path| {
            let name = String::from_utf8_lossy(path.file_name()).into_owned();
            let stem = name.strip_suffix(".py");
            stem.is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test") || ["tests", "conftest"].contains(&stem))
        });
        for path in tests.take(MOST_READ) {
            let read = text(path.as_path());
            shown.has_tests = true;
            shown.uses_pytest |= path.file_name() == b"conftest.py" || read.contains("import pytest");
            if shown.uses_unittest.is_none() && (read.contains("import unittest") || read.contains("from unittest")) {
                shown.uses_unittest = Some(path.clone());
            }
        }
        shown
    }

    fn has(&self, name: &str) -> bool {
        self.top.iter().any(|other| other == name)
    }

    /// The file in which `word` stands.
    fn configures(&self, word: &str) -> Option<&str> {
        self.texts.iter().find(|(_, text)| text.contains(word)).map(|(name, _)| name.as_str())
    }

    /// The commands that could judge, the likeliest first.
    #[must_use]
    pub fn suites(&self) -> Vec<Suite> {
        let suite = |name, run: String, because: String| Suite { name, run, report: false, tests: true, because };
        let python = &self.python;
        let mut found = Vec::new();
        if self.has(".pre-commit-config.yaml") {
            let because = ".pre-commit-config.yaml is here".to_owned();
            found.push(Suite { tests: false, ..suite("pre-commit", "pre-commit run --files {files}".to_owned(), because) });
        }
        let configured = ["pytest.ini", ".pytest.ini"].into_iter().find(|name| self.has(name));
        let configured =
            configured.or_else(|| ["[tool.pytest", "[tool:pytest]", "[pytest]"].iter().find_map(|word| self.configures(word)));
        if let Some(because) = match configured {
            Some(file) => Some(format!("{file} configures it")),
            None if self.uses_pytest => Some("tests import it".to_owned()),
            None if self.has_tests && self.uses_unittest.is_none() && !self.has("manage.py") => {
                Some("there are files of tests".to_owned())
            }
            None => None,
        } {
            let run = format!("{python} -m pytest -q --junitxml={{report}}");
            found.push(Suite { report: true, ..suite("pytest", run, because) });
        }
        if self.has("manage.py") {
            let because = "manage.py is here".to_owned();
            let checks = suite("manage.py check", format!("{python} manage.py check"), because.clone());
            found.push(Suite { tests: false, ..checks });
            found.push(suite("manage.py test", format!("{python} manage.py test"), because));
        }
        if let Some(file) = &self.uses_unittest {
            found.push(suite("unittest", format!("{python} -m unittest discover -q"), format!("{file} imports it")));
        }
        if self.has("tox.ini") || self.configures("[tool.tox").is_some() {
            found.push(suite("tox", "tox -q".to_owned(), "it is configured here".to_owned()));
        }
        if self.has("noxfile.py") {
            found.push(suite("nox", "nox".to_owned(), "noxfile.py is here".to_owned()));
        }
        found
    }
}

/// How commands of the plan call the interpreter: by its path where it is in the tree, which others have too.
fn python(top: &Path) -> String {
    let found = interpreter::find(top);
    let inside = found.as_deref().and_then(|found| found.strip_prefix(top).ok()).and_then(Path::to_str);
    inside.map_or_else(|| "python3".to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_thought_of_by_what_is_in_the_tree() {
        let top = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let plain = || Shown { python: "python3".into(), ..Shown::default() };
        let unittest = || Some(RepoPath::new("t/test_a.py").unwrap());
        let configured = |text: &str| vec![("setup.cfg".to_owned(), text.to_owned())];
        for (shown, names) in [
            (plain(), &[][..]),
            (Shown { has_tests: true, ..plain() }, &["pytest"]),
            (Shown { has_tests: true, uses_unittest: unittest(), ..plain() }, &["unittest"]),
            (Shown { has_tests: true, uses_unittest: unittest(), uses_pytest: true, ..plain() }, &["pytest", "unittest"]),
            (Shown { texts: configured("[tool:pytest]\n"), ..plain() }, &["pytest"]),
            (Shown { texts: configured("[flake8]\n"), ..plain() }, &[]),
            (Shown { top: top(&["tox.ini", "noxfile.py"]), ..plain() }, &["tox", "nox"]),
            (Shown { top: top(&["manage.py"]), has_tests: true, ..plain() }, &["manage.py check", "manage.py test"]),
            (Shown { top: top(&[".pre-commit-config.yaml"]), ..plain() }, &["pre-commit"]),
        ] {
            let found: Vec<&str> = shown.suites().iter().map(|suite| suite.name).collect();
            assert_eq!(found, names, "{shown:?}");
        }
    }
}
