//! `{ builtin: syntax }`: whether Python takes the text of a file, of the version that the project is for.

use std::path::Path;

use crate::builtin::Finding;
use crate::interpreter::{self, Answer, Unanswered};
use crate::path::RepoPath;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::version::{self, OLDEST};

/// The Python that has to take the files; without one, any.
pub(super) struct Target {
    minor: Option<u32>,
    /// Who says so.
    said_by: String,
}

impl Target {
    /// The oldest Python that the project at `top` says it runs on, else the interpreter's.
    pub(super) fn of(top: &Path, asked: &Result<Answer, Unanswered>) -> Self {
        match (interpreter::oldest(top), asked) {
            (Some((minor, file)), _) => Self { minor: Some(minor.max(OLDEST)), said_by: file.to_owned() },
            (None, Ok(answer)) => Self { minor: Some(answer.minor), said_by: answer.executable.display().to_string() },
            (None, Err(_)) => Self { minor: None, said_by: String::new() },
        }
    }
}

/// Every place where that Python would refuse the text.
pub(super) fn problems(source: &Source, path: &RepoPath, target: &Target) -> Vec<Finding> {
    let finding = |line, column, message| Finding { path: path.clone(), line, column, message };
    let parsed = Parsed::new(source, None);
    let mut found: Vec<Finding> =
        parsed.problems().iter().map(|problem| finding(problem.line, problem.column, problem.message.clone())).collect();
    if let Some(minor) = target.minor {
        let newer = version::needed(source).into_iter().filter(|newer| newer.minor > minor);
        found.extend(newer.map(|newer| {
            let message = format!("{} needs Python 3.{}, and {} says 3.{minor}", newer.what, newer.minor, target.said_by);
            finding(source.line(newer.at), source.column(newer.at), message)
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_judged_by_the_python_it_is_for() {
        let (match_statement, broken) = ("match x:\n    case 1: pass\n", "x = 1\ndef f(:\n    pass\n");
        let path = RepoPath::new("a.py").unwrap();
        for (text, minor, expected) in [
            (match_statement, Some(10), None),
            (match_statement, None, None),
            (match_statement, Some(9), Some((1, "`match` statement needs Python 3.10, and setup.cfg says 3.9"))),
            (broken, None, Some((2, "expected"))),
            ("", Some(7), None),
        ] {
            let source = Source::new(text.as_bytes()).unwrap();
            let found = problems(&source, &path, &Target { minor, said_by: "setup.cfg".into() });
            let first = found.first().map(|found| (found.line, found.message.as_str()));
            assert_eq!(first.map(|(line, _)| line), expected.map(|(line, _)| line), "{text}: {first:?}");
            if let (Some((_, message)), Some((_, part))) = (first, expected) {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}
