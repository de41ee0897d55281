//! What a file is by where it stands: Python, and of which module; or a document, and how it is written.

use crate::fs;
use crate::path::RepoPath;
use crate::python::module::module_name;
use crate::repo::Repo;
use crate::rewrite::docs::Markup;

/// True for files that Python reads.
#[must_use]
pub fn is_python(path: &RepoPath) -> bool {
    path.as_bytes().ends_with(b".py") || path.as_bytes().ends_with(b".pyi")
}

/// How a document is written that can show Python.
#[must_use]
pub fn markup(path: &RepoPath) -> Option<Markup> {
    let path = path.as_bytes();
    if path.ends_with(b".md") || path.ends_with(b".markdown") {
        return Some(Markup::Markdown);
    }
    path.ends_with(b".rst").then_some(Markup::Rst)
}

/// The dotted name of the module at `path` that holds `text`, for relative imports.
#[must_use]
pub fn module_of(repo: &Repo, path: &RepoPath, text: &str) -> Option<String> {
    module_name(path.as_bytes(), text, |other| {
        RepoPath::new(other).is_ok_and(|other| matches!(fs::stat(repo.top(), &other), Ok(Some(_))))
    })
}
