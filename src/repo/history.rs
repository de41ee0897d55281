//! The commits of a branch, newest first, by their raw messages.

use std::ops::ControlFlow;

use git2::{ObjectType, Oid, Sort};
use memchr::memmem;

use crate::repo::{Repo, RepoProblem};

impl Repo {
    /// Shows the messages of all commits from `tip` back to `visit`, children before parents, until it breaks off.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn walk(&self, tip: Oid, visit: &mut dyn FnMut(Oid, &[u8]) -> ControlFlow<()>) -> Result<(), RepoProblem> {
        let mut walk = self.inner.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push(tip)?;
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
