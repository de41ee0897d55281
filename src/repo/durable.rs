//! Making objects last: what a record of the journal or a branch is about to name is synced to disk first.
//!
//! Objects are written without syncing and then synced together, by threads that wait for the next time in between. One after the
//! other, every sync would wait for the disk alone; begun at the same time, they share the waiting.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use git2::Oid;

use crate::fs::named;
use crate::repo::{Repo, RepoProblem};

/// How many files are synced at the same time.
const AT_ONCE: usize = 8;

/// What syncs files side by side, and what it need not sync again.
#[derive(Debug, Default)]
pub(super) struct Syncer {
    hands: Hands,
    /// The folders of the object store whose own names are on disk, by device and inode.
    named: RefCell<HashSet<(u64, u64)>>,
    /// Objects that are under way since everything was done last.
    begun: RefCell<HashSet<Oid>>,
}

/// Objects and files on their way to the disk; they last once [`Syncing::done`] has said so.
#[must_use = "nothing may be named before it is on disk"]
pub struct Syncing<'a> {
    syncer: &'a Syncer,
    /// Folders of the object store whose names are among what is synced.
    first_met: Vec<(u64, u64)>,
}

impl Syncing<'_> {
    /// Begins to sync a file as well.
    pub fn also(&self, file: PathBuf) {
        self.syncer.hands.begin(BTreeSet::from([file]));
    }

    /// Returns when all of it would survive a power failure.
    ///
    /// # Errors
    /// When something cannot be synced; it may then be lost, and nothing may name it.
    pub fn done(self) -> Result<(), RepoProblem> {
        self.syncer.begun.take();
        self.syncer.hands.finish().map_err(RepoProblem::Unsynced)?;
        self.syncer.named.borrow_mut().extend(self.first_met);
        Ok(())
    }
}

impl Syncer {
    /// An object was written anew.
    pub(super) fn written(&self, object: Oid) {
        self.begun.borrow_mut().remove(&object);
    }
}

impl Repo {
    /// Returns when the objects, their names in the object store and the files and folders `also` would survive a power failure. An
    /// object that is not there as a file of its own is in a pack, which was synced by whoever wrote it.
    ///
    /// # Errors
    /// When one cannot be synced; it may then be lost, and nothing may name it.
    pub fn sync_objects(&self, objects: &[Oid], also: Vec<PathBuf>) -> Result<(), RepoProblem> {
        self.begin_sync(objects, also)?.done()
    }

    /// Begins to sync objects that will have to last before long; the next call that returns when all is done waits for them too, and
    /// fails when one cannot be synced.
    ///
    /// # Errors
    /// When one cannot be found.
    pub fn sync_ahead(&self, objects: &[Oid]) -> Result<(), RepoProblem> {
        self.begin_sync(objects, Vec::new()).map(drop)
    }

    /// Begins what [`Repo::sync_objects`] does, for a caller who has other work until it is done.
    ///
    /// # Errors
    /// When one cannot be found.
    pub fn begin_sync(&self, objects: &[Oid], also: Vec<PathBuf>) -> Result<Syncing<'_>, RepoProblem> {
        let store = self.store();
        let named = self.syncer.named.borrow();
        let mut paths: BTreeSet<PathBuf> = also.into_iter().collect();
        let mut first_met = Vec::new();
        let mut begun = self.syncer.begun.borrow_mut();
        for object in objects.iter().filter(|object| !begun.contains(object)) {
            let name = object.to_string();
            let folder = store.join(&name[..2]);
            let file = folder.join(&name[2..]);
            let Some(there) = found(file.symlink_metadata()).map_err(RepoProblem::Unsynced)? else { continue };
            // All that is ever named comes by here, whoever wrote it.
            self.share_new(&file, &there)?;
            paths.insert(file);
            let Some(there) = found(folder.metadata()).map_err(RepoProblem::Unsynced)? else { continue };
            let id = identity(&there);
            if !paths.contains(&folder) && !named.contains(&id) {
                self.share_new(&folder, &there)?;
                first_met.push(id);
                paths.insert(store.clone());
            }
            paths.insert(folder);
        }
        self.syncer.hands.begin(paths);
        begun.extend(objects);
        Ok(Syncing { syncer: &self.syncer, first_met })
    }
}

impl Repo {
    /// Gives a file or folder of the object store the mode that git would have given it, if it was made since the repository was
    /// opened: git leaves alone what is there.
    fn share_new(&self, path: &Path, found: &Metadata) -> Result<(), RepoProblem> {
        // Where the system does not say, it may be new.
        match found.created() {
            Ok(made) if made < self.opened => Ok(()),
            _ => self.settings.shared.adjust_found(path, found).map_err(RepoProblem::Unstored),
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sync(path: &Path) -> io::Result<()> {
    match found(File::open(path)).map_err(|error| named("open", path, &error))? {
        Some(file) => file.sync_all().map_err(|error| named("sync", path, &error)),
        None => Ok(()),
    }
}

/// Threads that sync what is laid on a table, each started when it is first of use, and ended with this.
#[derive(Debug, Default)]
struct Hands {
    table: Arc<Table>,
    started: RefCell<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Table {
    work: Mutex<Work>,
    /// There is something to sync, or nothing will come any more.
    laid: Condvar,
    /// The last sync has ended.
    cleared: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    paths: Vec<PathBuf>,
    /// How many of them are being synced.
    under_way: usize,
    failed: Option<io::Error>,
    over: bool,
}

impl Table {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs what is on the table until nothing is left to begin.
    fn help<'a>(&'a self, mut work: MutexGuard<'a, Work>) -> MutexGuard<'a, Work> {
        while let Some(path) = work.paths.pop() {
            work.under_way += 1;
            drop(work);
            let synced = sync(&path);
            work = self.work();
            work.under_way -= 1;
            if let Err(error) = synced {
                work.failed.get_or_insert(error);
            }
            if work.under_way == 0 && work.paths.is_empty() {
                self.cleared.notify_one();
            }
        }
        work
    }
}

impl Hands {
    /// Begins to sync all of `paths` that are there.
    fn begin(&self, paths: BTreeSet<PathBuf>) {
        self.reach(paths.len().min(AT_ONCE).saturating_sub(1));
        self.table.work().paths.extend(paths);
        self.table.laid.notify_all();
    }

    /// Returns when everything that was begun is synced, or was tried.
    fn finish(&self) -> io::Result<()> {
        let mut work = self.table.help(self.table.work());
        while work.under_way > 0 {
            work = self.table.cleared.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
        work.failed.take().map_or(Ok(()), Err)
    }

    /// Makes sure of as many threads, or of as many as are to be had: whoever asks for a sync has a hand in it too.
    fn reach(&self, wanted: usize) {
        let mut started = self.started.borrow_mut();
        while started.len() < wanted {
            let table = Arc::clone(&self.table);
            let thread = Builder::new().name("sync".to_owned()).spawn(move || {
                let mut work = table.work();
                while !work.over {
                    work = table.help(work);
                    if !work.over {
                        work = table.laid.wait(work).unwrap_or_else(PoisonError::into_inner);
                    }
                }
            });
            match thread {
                Ok(thread) => started.push(thread),
                Err(_) => return,
            }
        }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.table.work().over = true;
        self.table.laid.notify_all();
        for thread in self.started.take() {
            // A thread that panicked left its sync under way, and nobody waits for that any more.
            thread.join().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(hands: &Hands, paths: BTreeSet<PathBuf>) -> io::Result<()> {
        hands.begin(paths);
        hands.finish()
    }

    #[test]
    fn what_is_not_there_needs_no_sync_and_what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "a").unwrap();
        let hands = Hands::default();
        let there = [folder.path().to_owned(), file.clone()];
        sync(&hands, BTreeSet::from(there.clone())).unwrap();
        sync(&hands, there.into_iter().chain([folder.path().join("b")]).collect()).unwrap();
        assert!(sync(&hands, BTreeSet::from([file.join("below")])).is_err());
        sync(&hands, BTreeSet::from([file])).unwrap();
    }

    #[test]
    fn a_failure_among_many_is_told_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let files: BTreeSet<PathBuf> = (0..5 * AT_ONCE).map(|nth| folder.path().join(nth.to_string())).collect();
        for file in &files {
            std::fs::write(file, "a").unwrap();
        }
        let bad = files.first().unwrap().join("below");
        let hands = Hands::default();
        for _ in 0..20 {
            assert!(sync(&hands, files.iter().cloned().chain([bad.clone()]).collect()).is_err());
            sync(&hands, files.clone()).unwrap();
        }
        assert_eq!(hands.started.borrow().len(), AT_ONCE - 1);
    }
}
