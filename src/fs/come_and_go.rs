//! Files that come and files that go.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags, Stat, renameat_with};
use rustix::io::Errno;

use crate::fault;
use crate::fs::{FileProblem, keep_owner, new_aside, open_folder, read_at, read_expected, remove_aside, replace, stat};
use crate::path::RepoPath;

/// How a file that comes is to be.
#[derive(Debug, Clone, Copy)]
pub enum Like {
    /// As a checkout makes one of this mode of git's, such as `0o100644`.
    Mode(u32),
    /// As the one that was there before.
    File(Stat),
}

/// True when nothing is at `path`, and nothing that keeps a file from being made there either.
///
/// # Errors
/// When the system refuses.
pub fn is_free(top: &Path, path: &RepoPath) -> Result<bool, FileProblem> {
    match stat(top, path) {
        Ok(there) => Ok(there.is_none()),
        // A folder above is a file or a link.
        Err(FileProblem::Link { .. }) => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// The folder of `path`, or the nearest above it that is there: what has to be synced for a file that came or went.
#[must_use]
pub fn folder_there(top: &Path, path: &RepoPath) -> PathBuf {
    let file = path.below(top);
    let there = file.ancestors().skip(1).take_while(|folder| folder.starts_with(top)).find(|folder| folder.is_dir());
    there.unwrap_or(top).to_owned()
}

/// Makes a file at `path`, where nothing is, with the folders that it needs, synced to disk; the name itself lasts once the folder
/// was synced ([`folder_there`]).
///
/// A crash leaves no file or the whole one, and perhaps a file named `aside` beside it and empty folders.
///
/// # Errors
/// [`FileProblem::Changed`] when something is there; it is then as it was.
pub fn create(top: &Path, path: &RepoPath, new: &[u8], like: &Like, aside: &str) -> Result<(), FileProblem> {
    let folder = make_folders(top, path)?;
    fault::point("create: folders made");
    let mode = match like {
        Like::Mode(mode) if mode & 0o100 != 0 => 0o777,
        Like::Mode(_) => 0o666,
        Like::File(_) => 0o600,
    };
    let written = new_aside(&folder, aside, new, Mode::from_raw_mode(mode), path).and_then(|file| {
        if let Like::File(like) = like {
            keep_owner(&file, like, path)?;
            fs::fchmod(&file, Mode::from_raw_mode(like.st_mode)).map_err(FileProblem::io("keep the mode of", path))?;
        }
        fs::fsync(&file).map_err(FileProblem::io("sync", path))
    });
    if let Err(problem) = written {
        remove_aside(&folder, aside, path)?;
        return Err(problem);
    }
    fault::point("create: written aside");
    if let Err(errno) = rename_to_free(&folder, aside.as_bytes(), path.file_name()) {
        remove_aside(&folder, aside, path)?;
        return Err(match errno {
            Errno::EXIST => FileProblem::Changed { path: path.clone() },
            errno => FileProblem::io("create", path)(errno),
        });
    }
    fault::point("create: in its place");
    Ok(())
}

/// Removes the file at `path`, which holds `expected`, and the folders above it that are empty then, as git does.
///
/// A crash leaves the file, or none, and perhaps its bytes in a file named `aside` beside it.
///
/// # Errors
/// [`FileProblem::Changed`] when it did not hold `expected`; it is then as it was.
pub fn remove(top: &Path, path: &RepoPath, expected: &[u8], aside: &str) -> Result<(), FileProblem> {
    let folder = open_folder(top, path)?;
    let name = path.file_name();
    read_expected(&folder, path, expected)?;
    rename_to_free(&folder, name, aside.as_bytes()).map_err(FileProblem::io("remove", path))?;
    fault::point("remove: renamed aside");
    if read_at(&folder, aside.as_bytes(), path)?.bytes != expected {
        rename_to_free(&folder, aside.as_bytes(), name).map_err(FileProblem::io("put back", path))?;
        return Err(FileProblem::Changed { path: path.clone() });
    }
    remove_aside(&folder, aside, path)?;
    fault::point("remove: gone");
    remove_empty_folders(top, path)
}

/// Makes a file that is as `found` be as `wanted`, where `None` stands for no file; synced to disk.
///
/// # Errors
/// [`FileProblem::Changed`] when it is not as `found`; it is then as it was.
pub fn turn(
    top: &Path,
    path: &RepoPath,
    found: Option<&[u8]>,
    wanted: Option<&[u8]>,
    like: Option<&Like>,
    aside: &str,
) -> Result<(), FileProblem> {
    match (found, wanted) {
        (Some(found), Some(wanted)) => return replace(top, path, found, wanted, aside).map(drop),
        (Some(found), None) => remove(top, path, found, aside)?,
        (None, Some(wanted)) => create(top, path, wanted, like.unwrap_or(&Like::Mode(0o100_644)), aside)?,
        (None, None) => remove_empty_folders(top, path)?,
    }
    let folder = folder_there(top, path);
    let synced = std::fs::File::open(&folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| FileProblem::Io { act: "sync the folder of", path: path.clone(), source })
}

/// Removes the folders above `path` that are empty.
///
/// # Errors
/// When the system refuses for another reason than that something is in the way.
pub fn remove_empty_folders(top: &Path, path: &RepoPath) -> Result<(), FileProblem> {
    let bytes = path.as_bytes();
    for (at, _) in bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/') {
        let Ok(above) = RepoPath::new(&bytes[..at]) else { return Ok(()) };
        let removed = match open_folder(top, &above) {
            Ok(folder) => fs::unlinkat(&folder, above.file_name(), AtFlags::REMOVEDIR),
            Err(FileProblem::Missing { .. }) => continue,
            Err(FileProblem::Link { .. }) => return Ok(()),
            Err(problem) => return Err(problem),
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR | Errno::BUSY) => return Ok(()),
            Err(errno) => return Err(FileProblem::io("remove the empty folder of", path)(errno)),
        }
    }
    Ok(())
}

/// Opens the folder of `path`, making it and those above where they are missing, each synced into the one above.
pub(super) fn make_folders(top: &Path, path: &RepoPath) -> Result<OwnedFd, FileProblem> {
    match open_folder(top, path) {
        Err(FileProblem::Missing { .. }) => {}
        opened => return opened,
    }
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    let mut folder = fs::open(top, flags, Mode::empty()).map_err(FileProblem::io("open the folder of", path))?;
    let parts: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').collect();
    for part in &parts[..parts.len() - 1] {
        match fs::mkdirat(&folder, *part, Mode::from_raw_mode(0o777)) {
            Ok(()) => fs::fsync(&folder).map_err(FileProblem::io("sync a folder of", path))?,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(FileProblem::io("make a folder of", path)(errno)),
        }
        folder = fs::openat(&folder, *part, flags | OFlags::NOFOLLOW, Mode::empty())
            .map_err(FileProblem::io("open the folder of", path))?;
    }
    Ok(folder)
}

/// Renames within a folder, to a name that must be free.
fn rename_to_free(folder: &OwnedFd, from: &[u8], to: &[u8]) -> rustix::io::Result<()> {
    match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
        // A file system that knows no such rename: a link never replaces anything either.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::linkat(folder, from, folder, to, AtFlags::empty())?;
            fs::unlinkat(folder, from, AtFlags::empty())
        }
        renamed => renamed,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::fs::clear_aside;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    #[test]
    fn a_file_that_comes_brings_its_folders_and_takes_them_along_when_it_goes() {
        let top = tempfile::tempdir().unwrap();
        std::fs::write(top.path().join("kept"), "").unwrap();
        let (file, deep) = (path("a/b/c.py"), top.path().join("a/b/c.py"));
        create(top.path(), &file, b"new", &Like::Mode(0o100_755), ".aside").unwrap();
        assert_eq!(std::fs::read(&deep).unwrap(), b"new");
        assert_ne!(deep.metadata().unwrap().permissions().mode() & 0o100, 0);
        assert_eq!(folder_there(top.path(), &file), top.path().join("a/b"));
        assert!(!is_free(top.path(), &file).unwrap() && !is_free(top.path(), &path("a/b/c.py/d")).unwrap());
        let again = create(top.path(), &file, b"other", &Like::Mode(0o100_644), ".aside");
        assert!(matches!(again, Err(FileProblem::Changed { .. })));
        assert!(matches!(remove(top.path(), &file, b"other", ".aside"), Err(FileProblem::Changed { .. })));
        std::fs::write(top.path().join("a/other.py"), "").unwrap();
        remove(top.path(), &file, b"new", ".aside").unwrap();
        assert!(is_free(top.path(), &file).unwrap() && !top.path().join("a/b").exists() && top.path().join("a").is_dir());
        assert_eq!(folder_there(top.path(), &file), top.path().join("a"));
        std::fs::remove_file(top.path().join("a/other.py")).unwrap();
        remove_empty_folders(top.path(), &file).unwrap();
        assert_eq!(std::fs::read_dir(top.path()).unwrap().count(), 1);
        clear_aside(top.path(), &file, ".aside", |_| true).unwrap();
    }

    #[test]
    fn a_file_is_turned_into_whatever_is_wanted_of_it() {
        let top = tempfile::tempdir().unwrap();
        let file = path("d/a.py");
        let now = || std::fs::read(file.below(top.path())).ok();
        let states: [Option<&[u8]>; 3] = [None, Some(b"one"), Some(b"two")];
        for from in states {
            for to in states {
                let known = now();
                turn(top.path(), &file, known.as_deref(), from, None, ".aside").unwrap();
                turn(top.path(), &file, from, to, None, ".aside").unwrap();
                assert_eq!(now().as_deref(), to, "{from:?} -> {to:?}");
            }
        }
    }
}
