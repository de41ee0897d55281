//! The folder in which a run keeps its copies: found, locked while the run lives, and cleared of what dead runs left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{FlockOperation, flock};

use crate::copies::error::Unavailable;
use crate::copies::kernel;
use crate::copies::tree::Tree;
use crate::fs::random;

/// The file by whose lock a run shows that it lives, and the one that is held while runs come and go.
const LOCK: &str = "lock";

/// One run's folder; removed when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    /// Open as long as the run lives; the kernel lets go of it however the run ends.
    _lock: File,
    made: AtomicUsize,
}

impl Scratch {
    /// A folder for a new run, in `given` or else in the first of the usual places that will do.
    pub(super) fn open(given: Option<&Path>, tree: &Tree) -> Result<Self, Unavailable> {
        if let Some(given) = given {
            return Self::open_in(given, tree);
        }
        let mut first = None;
        for place in usual() {
            match own_folder(&place).and_then(|()| Self::open_in(&place, tree)) {
                Ok(scratch) => return Ok(scratch),
                Err(why) => first = first.or(Some(why)),
            }
        }
        Err(first.unwrap_or(Unavailable::NotLinux))
    }

    fn open_in(place: &Path, tree: &Tree) -> Result<Self, Unavailable> {
        let given = place;
        let refused = |act: &str| Unavailable::refused(format!("{act} {}", given.display()));
        let place = to_be(place).map_err(refused("find the scratch folder"))?;
        if tree.holds(&place) {
            return Err(Unavailable::ScratchInside(place));
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&place).map_err(refused("make the scratch folder"))?;
        if kernel::is_overlay(&place).map_err(refused("look at the scratch folder"))? {
            return Err(Unavailable::ScratchOnOverlay(place));
        }
        // Held while folders come and go: between its making and its lock, a folder looks as if its run were dead.
        let door = lock_file(&place.join(LOCK)).map_err(refused("lock the scratch folder"))?;
        flock(&door, FlockOperation::LockExclusive).map_err(|errno| refused("lock the scratch folder")(errno.into()))?;
        clear_dead(&place);
        let folder = random().map(|name| place.join(format!("run-{name}"))).map_err(refused("name a folder in"))?;
        let lock = (DirBuilder::new().mode(0o700).create(&folder)).and_then(|()| lock_file(&folder.join(LOCK)));
        let lock = lock.map_err(refused("make a folder in"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|errno| refused("lock a folder in")(errno.into()))?;
        Ok(Self { folder, _lock: lock, made: AtomicUsize::new(0) })
    }

    /// A path in it that was not given out before, whose name begins with `what`.
    pub(super) fn name(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{what}-{}", self.made.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is cleared by the next run.
        let (Ok(()) | Err(_)) = remove_all(&self.folder);
    }
}

/// Where scratch may be: the user's cache, the folder for temporary files, and memory, for where those two are on an overlay.
fn usual() -> Vec<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let own = format!("migrate-{}", rustix::process::geteuid().as_raw());
    let memory = Some(PathBuf::from("/dev/shm")).filter(|memory| memory.is_dir());
    let shared = [Some(std::env::temp_dir()), memory].into_iter().flatten().map(|folder| folder.join(&own));
    cache.map(|cache| cache.join("migrate")).into_iter().chain(shared).collect()
}

/// Makes the folder at `place` if it is not there. Where all may write, somebody else may have made it to see or swap what is in it.
fn own_folder(place: &Path) -> Result<(), Unavailable> {
    let refused = |error| Unavailable::refused(format!("make {} of your own", place.display()))(error);
    DirBuilder::new().recursive(true).mode(0o700).create(place).map_err(refused)?;
    let stat = fs::symlink_metadata(place).map_err(refused)?;
    match stat.is_dir() && stat.uid() == rustix::process::geteuid().as_raw() {
        true => Ok(()),
        false => Err(refused(io::ErrorKind::PermissionDenied.into())),
    }
}

/// The true path of a folder that may still have to be made.
fn to_be(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for there in path.ancestors() {
        match there.canonicalize() {
            Ok(real) => return Ok(path.strip_prefix(there).map_or(real.clone(), |rest| real.join(rest))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(path)
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Removes the folders of runs that have ended. One that cannot be removed, such as another user's, stays: nothing is ever reused.
fn clear_dead(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let is_run = folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"run-"));
        if !is_run || folder.is_symlink() {
            continue;
        }
        let lock = OpenOptions::new().write(true).open(folder.join(LOCK));
        let free = match &lock {
            Ok(lock) => flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if free {
            let (Ok(()) | Err(_)) = remove_all(&folder);
        }
    }
}

/// Removes a folder with all that is in it, following no link. An overlay leaves folders that not even their owner may enter, and
/// so may commands.
pub(super) fn remove_all(folder: &Path) -> io::Result<()> {
    let mode = fs::symlink_metadata(folder)?.permissions().mode();
    if mode & 0o700 != 0o700 {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o700))?;
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => remove_all(&entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_dir(folder)
}
