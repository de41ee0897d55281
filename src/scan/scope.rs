//! Which tracked files are looked at.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::GlobSet;

use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::glob::matcher;
use crate::rewrite::Step;

/// The endings of files that Python reads.
const PYTHON: &[&[u8]] = &[b".py", b".pyi"];
/// The endings of documents that hold examples.
const DOCUMENTS: &[&[u8]] = &[b".md", b".rst"];

/// A test for paths.
#[derive(Debug)]
pub struct Scope<'s> {
    documents: bool,
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
    below: &'s [RepoPath],
}

impl<'s> Scope<'s> {
    /// The plan's scope, as far as it is `below` some path when there is any. Documents are in it when a step looks at them.
    #[must_use]
    pub fn new(plan: Option<&Plan>, steps: &[Step], below: &'s [RepoPath]) -> Self {
        let patterns = |patterns: &[String]| (!patterns.is_empty()).then(|| matcher(patterns).unwrap_or_default());
        Self {
            documents: steps.iter().any(reads_documents),
            include: plan.and_then(|plan| patterns(&plan.scope.include)),
            exclude: plan.and_then(|plan| patterns(&plan.scope.exclude)),
            below,
        }
    }

    /// True when the file is looked at.
    #[must_use]
    pub fn holds(&self, path: &[u8]) -> bool {
        let ends = |endings: &[&[u8]]| endings.iter().any(|ending| path.ends_with(ending));
        let as_path = Path::new(OsStr::from_bytes(path));
        (ends(PYTHON) || (self.documents && ends(DOCUMENTS)))
            && (self.below.is_empty() || self.below.iter().any(|folder| is_below(path, folder.as_bytes())))
            && self.include.as_ref().is_none_or(|include| include.is_match(as_path))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(as_path))
    }
}

fn reads_documents(step: &Step) -> bool {
    match step {
        Step::Edits(_) => false,
        Step::Rename(rename) => rename.docs,
        Step::Rewrite(rewrite) => rewrite.docs,
    }
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Rename;

    #[test]
    fn python_is_looked_at_and_documents_only_when_a_rule_reads_them() {
        let below = [RepoPath::new("src").unwrap(), RepoPath::new("a.py").unwrap()];
        for (docs, below, path, want) in [
            (false, &below[..0], "x/a.py", true),
            (false, &below[..0], "x/a.pyi", true),
            (false, &below[..0], "x/a.pyx", false),
            (false, &below[..0], "x/a.md", false),
            (true, &below[..0], "x/a.rst", true),
            (false, &below[..], "src/x/a.py", true),
            (false, &below[..], "srcs/a.py", false),
            (false, &below[..], "a.py", true),
            (false, &below[..], "b.py", false),
        ] {
            let rename = Rename { docs, ..Rename::default() };
            assert_eq!(Scope::new(None, &[Step::Rename(&rename)], below).holds(path.as_bytes()), want, "{path}");
        }
    }
}
