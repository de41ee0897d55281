//! Which tracked files are looked at.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::GlobSet;

use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::glob::matcher;
use crate::rewrite::Step;
use crate::unit::file_kind::FileKind;

/// A test for paths.
#[derive(Debug)]
pub struct Scope<'s> {
    steps: &'s [Step<'s>],
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
    below: &'s [RepoPath],
}

impl<'s> Scope<'s> {
    /// The plan's scope, as far as it is `below` some path when there is any. Documents are in it when a step looks at them.
    #[must_use]
    pub fn new(plan: Option<&Plan>, steps: &'s [Step<'s>], below: &'s [RepoPath]) -> Self {
        let patterns = |patterns: &[String]| (!patterns.is_empty()).then(|| matcher(patterns).unwrap_or_default());
        Self {
            steps,
            include: plan.and_then(|plan| patterns(&plan.scope.include)),
            exclude: plan.and_then(|plan| patterns(&plan.scope.exclude)),
            below,
        }
    }

    /// True when the file is looked at; where its name does not tell what it is, its first line has to.
    #[must_use]
    pub fn holds(&self, path: &[u8]) -> bool {
        let is_read = match FileKind::by_name(path) {
            Some(FileKind::Python) | None => true,
            Some(kind) => self.steps.iter().any(|step| kind.is_read_by(step)),
        };
        is_read && self.takes_in(path)
    }

    /// True when the path is one of those asked for and the plan measures it, whatever kind of file is there.
    #[must_use]
    pub fn takes_in(&self, path: &[u8]) -> bool {
        let as_path = Path::new(OsStr::from_bytes(path));
        (self.below.is_empty() || self.below.iter().any(|folder| is_below(path, folder.as_bytes())))
            && self.include.as_ref().is_none_or(|include| include.is_match(as_path))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(as_path))
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
            (true, &below[..0], "x/a.markdown", true),
            (false, &below[..0], "x/tool", true),
            (true, &below[..0], "x/a.cfg", false),
            (false, &below[..], "src/x/a.py", true),
            (false, &below[..], "srcs/a.py", false),
            (false, &below[..], "a.py", true),
            (false, &below[..], "b.py", false),
        ] {
            let rename = Rename { docs, ..Rename::default() };
            let steps = [Step::Rename(&rename)];
            assert_eq!(Scope::new(None, &steps, below).holds(path.as_bytes()), want, "{path}");
        }
    }
}
