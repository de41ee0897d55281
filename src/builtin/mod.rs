//! What `migrate` judges by itself: whether files parse, and whether what they import is there. No code of the project is run.
//!
//! It is started as a command of its own, so that it sees what every command sees: the copy of the work tree in which a unit is judged.

mod imports;
mod installed;
mod syntax;
mod tree;

use std::path::Path;

use crate::interpreter::{Answer, Unanswered};
use crate::path::RepoPath;
use crate::plan::Builtin;
use crate::python::source::{Source, SourceError};
use crate::repo::Repo;
use crate::stop::Stop;
use crate::unit::file_kind::FileKind;

/// A place in a file and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: RepoPath,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// A lower-case fragment.
    pub message: String,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The Python files that were looked at.
    pub files: Vec<RepoPath>,
    /// What is wrong, in the order of the files and lines.
    pub problems: Vec<Finding>,
    /// How many places could not be decided, and why; `None` where all were.
    pub undecided: Option<(usize, String)>,
}

/// Judges `files`, or where there is none every tracked Python file, with what the interpreter said when it was `asked`.
///
/// # Errors
/// When git does not say what is tracked.
pub fn judge(repo: &Repo, builtin: Builtin, files: &[RepoPath], asked: &Result<Answer, Unanswered>) -> Result<Judged, Stop> {
    let top = repo.top();
    // A script without an ending is told by its first line, so the whole tree is asked by name alone.
    let named = |path: &[u8]| FileKind::by_name(path) == Some(FileKind::Python);
    let tracked = || -> Result<Vec<RepoPath>, Stop> { Ok(repo.listing(named)?.into_iter().map(|file| file.path).collect()) };
    let chosen = if files.is_empty() { tracked()? } else { files.to_vec() };
    let mut judged = Judged::default();
    match builtin {
        Builtin::Syntax => {
            let target = syntax::Target::of(top, asked);
            each(top, &chosen, &mut judged, |source, path| syntax::problems(source, path, &target));
        }
        Builtin::Imports => {
            let all = tracked()?.into_iter().chain(chosen.iter().cloned());
            let resolver = imports::Resolver::new(top, all, asked);
            let mut undecided = 0;
            let chosen: Vec<RepoPath> = chosen.into_iter().filter(|path| !path.as_bytes().ends_with(b".pyi")).collect();
            each(top, &chosen, &mut judged, |source, path| {
                let found = resolver.problems(source, path);
                undecided += found.undecided;
                found.problems
            });
            judged.problems = resolver.confirmed(std::mem::take(&mut judged.problems));
            if let Err(why) = asked
                && undecided > 0
            {
                judged.undecided = Some((undecided, why.to_string()));
            }
        }
    }
    Ok(judged)
}

/// Looks at those of `paths` that are Python and are there.
fn each(top: &Path, paths: &[RepoPath], judged: &mut Judged, mut look: impl FnMut(&Source, &RepoPath) -> Vec<Finding>) {
    for path in paths {
        let found = match std::fs::read(path.below(top)) {
            Ok(bytes) if FileKind::of(path, &bytes) != FileKind::Python => continue,
            Ok(bytes) => match Source::new(&bytes) {
                Ok(source) => look(&source, path),
                Err(error) => vec![unreadable(path, &error)],
            },
            // What is deleted, or a link to nothing, imports nothing.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                vec![Finding { path: path.clone(), line: 1, column: 1, message: format!("cannot be read: {error}") }]
            }
        };
        judged.files.push(path.clone());
        judged.problems.extend(found);
    }
}

fn unreadable(path: &RepoPath, error: &SourceError) -> Finding {
    Finding { path: path.clone(), line: error.line().unwrap_or(1), column: 1, message: error.to_string() }
}
