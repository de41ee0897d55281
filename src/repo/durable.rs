//! Making objects last: what a record of the journal or a branch is about to name is synced to disk first.
//!
//! Objects are written without syncing and then synced together, each file and folder by a thread of its own. One after the other,
//! every sync would wait for a commit of the file system's journal; begun at the same time, they share one or two.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::thread::Builder;

use git2::Oid;

use crate::repo::{Repo, RepoProblem};

impl Repo {
    /// Returns when the objects, their names in the object store and the files and folders `also` would survive a power failure. An
    /// object that is not there as a file of its own is in a pack, which was synced by whoever wrote it.
    ///
    /// # Errors
    /// When one cannot be synced; it may then be lost, and nothing may name it.
    pub fn sync_objects(&self, objects: &[Oid], also: Vec<PathBuf>) -> Result<(), RepoProblem> {
        let store = self.inner.commondir().join("objects");
        let mut paths: BTreeSet<PathBuf> = also.into_iter().collect();
        for object in objects {
            let name = object.to_string();
            let folder = store.join(&name[..2]);
            if paths.insert(folder.join(&name[2..])) {
                paths.insert(folder);
            }
        }
        paths.insert(store);
        sync_together(paths).map_err(RepoProblem::Unsynced)
    }
}

fn sync_together(paths: BTreeSet<PathBuf>) -> io::Result<()> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        match File::open(path) {
            Ok(file) => files.push(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    std::thread::scope(|scope| {
        let mut begun = Vec::with_capacity(files.len());
        for file in &files {
            match Builder::new().spawn_scoped(scope, || file.sync_all()) {
                Ok(thread) => begun.push(thread),
                // No more threads are to be had.
                Err(_) => file.sync_all()?,
            }
        }
        begun.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a sync panicked"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_needs_no_sync_and_what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "a").unwrap();
        let there = [folder.path().to_owned(), file.clone()];
        sync_together(BTreeSet::from(there.clone())).unwrap();
        sync_together(there.into_iter().chain([folder.path().join("b")]).collect()).unwrap();
        assert!(sync_together(BTreeSet::from([file.join("below")])).is_err());
    }
}
