//! The commits of a branch, newest first, by their raw messages.

use std::ops::ControlFlow;

use git2::{ObjectType, Oid, Sort};
use memchr::memmem;

use crate::path::RepoPath;
use crate::repo::{Repo, RepoProblem};

/// Who is shown commits: each with its raw message, until it breaks off.
pub type Visit<'v> = &'v mut dyn FnMut(Oid, &[u8]) -> ControlFlow<()>;

impl Repo {
    /// Shows the messages of all commits from `tip` back to `visit`, children before parents, until it breaks off.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn walk(&self, tip: Oid, visit: Visit) -> Result<(), RepoProblem> {
        self.walk_from(tip, None, visit)
    }

    /// As [`Repo::walk`], of the commits that are not in the history of `since`.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn walk_since(&self, tip: Oid, since: Oid, visit: Visit) -> Result<(), RepoProblem> {
        self.walk_from(tip, Some(since), visit)
    }

    fn walk_from(&self, tip: Oid, since: Option<Oid>, visit: Visit) -> Result<(), RepoProblem> {
        let mut walk = self.inner.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push(tip)?;
        if let Some(since) = since {
            walk.hide(since)?;
        }
        let objects = self.inner.odb()?;
        for oid in walk {
            let oid = oid?;
            let object = objects.read(oid)?;
            if object.kind() != ObjectType::Commit {
                continue;
            }
            let raw = object.data();
            let message = memmem::find(raw, b"\n\n").map_or(&[][..], |at| &raw[at + 2..]);
            if visit(oid, message).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Repo {
    /// All files in the tree of `commit`, in the order of their bytes; submodules and symbolic links left out.
    ///
    /// # Errors
    /// When a tree cannot be read.
    pub fn files(&self, commit: Oid) -> Result<Vec<RepoPath>, RepoProblem> {
        let mut files = Vec::new();
        let mut folders = vec![(Vec::new(), self.inner.find_commit(commit)?.tree_id())];
        while let Some((above, tree)) = folders.pop() {
            for entry in self.inner.find_tree(tree)?.iter() {
                let mut path = above.clone();
                path.extend_from_slice(entry.name_bytes());
                match entry.filemode() & 0o170_000 {
                    0o040_000 => {
                        path.push(b'/');
                        folders.push((path, entry.id()));
                    }
                    // git refuses to store what is no path inside the repository; such an entry is nobody's target.
                    0o100_000 => files.extend(RepoPath::new(path)),
                    _ => {}
                }
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}
