//! The only reader and writer of the files being migrated.
//!
//! A file is replaced, created and removed whole or not at all: the new bytes are written aside in the same folder, synced, and
//! exchanged with the old file by one rename, whose outcome is checked; a file that goes is renamed aside and looked at before it is
//! unlinked. What was not expected to be there is put back. No symbolic link is ever followed below the top of the work tree.

mod attributes;
mod come_and_go;
mod over;

pub use come_and_go::{Like, create, folder_there, is_free, remove, remove_empty_folders, turn};
pub use over::{Wanted, put_over};

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, AtFlags, Mode, OFlags, Stat};

use crate::cure;
use crate::fault;
use crate::path::RepoPath;

/// A regular file as it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// All its bytes.
    pub bytes: Vec<u8>,
    /// What `lstat` says of it, taken while it held these bytes.
    pub stat: Stat,
}

/// Why a file could not be read or replaced.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// Nothing is there.
    #[error("{path} does not exist")]
    Missing {
        /// Which file.
        path: RepoPath,
    },
    /// The file or a folder above it is a symbolic link.
    #[error("{path} is a symbolic link, or lies behind one")]
    Link {
        /// Which file.
        path: RepoPath,
    },
    /// A folder, device, pipe or socket.
    #[error("{path} is not a regular file")]
    NotRegular {
        /// Which file.
        path: RepoPath,
    },
    /// Another name for the same file would keep the old content.
    #[error("{path} has other hard links")]
    HardLinked {
        /// Which file.
        path: RepoPath,
    },
    /// Somebody changed the file since it was read; it was left alone.
    #[error("{path} was changed by someone else in the meantime")]
    Changed {
        /// Which file.
        path: RepoPath,
    },
    /// The system refused.
    #[error("cannot {act} {path}: {source}")]
    Io {
        /// The call that failed, as a verb.
        act: &'static str,
        /// Which file.
        path: RepoPath,
        /// What the system said.
        source: io::Error,
    },
}

impl FileProblem {
    /// What to do about it when the system refused and its word tells, else `otherwise`.
    #[must_use]
    pub fn help(&self, otherwise: &'static str) -> &'static str {
        match self {
            Self::Io { source, .. } => cure::help(source, otherwise),
            _ => otherwise,
        }
    }

    fn io(act: &'static str, path: &RepoPath) -> impl FnOnce(rustix::io::Errno) -> Self {
        let path = path.clone();
        move |errno| match errno {
            rustix::io::Errno::NOENT => Self::Missing { path },
            rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR => Self::Link { path },
            errno => Self::Io { act, path, source: errno.into() },
        }
    }
}

/// Opens the folder that holds `path`, following no link below `top`.
fn open_folder(top: &Path, path: &RepoPath) -> Result<OwnedFd, FileProblem> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    let mut folder = fs::open(top, flags, Mode::empty()).map_err(FileProblem::io("open the folder of", path))?;
    #[cfg(target_os = "linux")]
    if let Some(end) = memchr::memrchr(b'/', path.as_bytes()) {
        use rustix::fs::{ResolveFlags, openat2};
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        // Where the system has no such call, or something is in the way, the folders are opened one by one.
        if let Ok(folder) = openat2(&folder, &path.as_bytes()[..end], flags, Mode::empty(), within) {
            return Ok(folder);
        }
    }
    let parts: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').collect();
    for part in &parts[..parts.len() - 1] {
        folder = fs::openat(&folder, *part, flags | OFlags::NOFOLLOW, Mode::empty())
            .map_err(FileProblem::io("open the folder of", path))?;
    }
    Ok(folder)
}

fn read_at(folder: &OwnedFd, name: &[u8], path: &RepoPath) -> Result<Found, FileProblem> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::openat(folder, name, flags, Mode::empty()).map_err(FileProblem::io("open", path))?;
    let stat = fs::fstat(&file).map_err(FileProblem::io("stat", path))?;
    if !fs::FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(FileProblem::NotRegular { path: path.clone() });
    }
    // With room for one byte more, the end is seen without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(stat.st_size).unwrap_or(0).saturating_add(1));
    let io = |act| {
        let path = path.clone();
        move |source| FileProblem::Io { act, path, source }
    };
    File::from(file).take(u64::MAX).read_to_end(&mut bytes).map_err(io("read"))?;
    Ok(Found { bytes, stat })
}

/// Reads the regular file at `path` below `top`.
///
/// # Errors
/// When there is none, when it is anything but a regular file, or when it cannot be read.
pub fn read(top: &Path, path: &RepoPath) -> Result<Found, FileProblem> {
    let folder = open_folder(top, path)?;
    read_at(&folder, path.file_name(), path)
}

/// Asks `lstat` about `path` below `top`; `None` where nothing is.
///
/// # Errors
/// When a folder above is a link, or the system refuses.
pub fn stat(top: &Path, path: &RepoPath) -> Result<Option<Stat>, FileProblem> {
    let folder = match open_folder(top, path) {
        Ok(folder) => folder,
        Err(FileProblem::Missing { .. }) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    match fs::statat(&folder, path.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(errno) => Err(FileProblem::io("stat", path)(errno)),
    }
}

/// Gives the file at `path` the mode of `like` again, where somebody gave it another.
///
/// # Errors
/// When there is no regular file, or the system refuses.
pub fn keep_mode(top: &Path, path: &RepoPath, like: &Stat) -> Result<(), FileProblem> {
    let folder = open_folder(top, path)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::openat(&folder, path.file_name(), flags, Mode::empty()).map_err(FileProblem::io("open", path))?;
    let stat = fs::fstat(&file).map_err(FileProblem::io("stat", path))?;
    if stat.st_mode == like.st_mode || !fs::FileType::from_raw_mode(stat.st_mode).is_file() {
        return Ok(());
    }
    fs::fchmod(&file, Mode::from_raw_mode(like.st_mode)).map_err(FileProblem::io("keep the mode of", path))
}

/// The error of a call, with what was tried and where.
#[must_use]
pub fn named(act: &str, path: &Path, error: &io::Error) -> io::Error {
    let text = format!("{act} {}: {error}", path.display());
    io::Error::new(error.kind(), Named { text, cause: cure::number(error).map(io::Error::from) })
}

/// An error's text, the place included, beside the error itself: the system's number for it would be lost otherwise.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Named {
    text: String,
    #[source]
    cause: Option<io::Error>,
}

/// Eight bytes that no one can guess, as text.
///
/// # Errors
/// When the system gives no random bytes.
pub fn random() -> io::Result<String> {
    let (source, mut random) = (Path::new("/dev/urandom"), [0; 8]);
    let read = File::open(source).and_then(|mut source| source.read_exact(&mut random));
    read.map_err(|error| named("read", source, &error))?;
    Ok(format!("{:016x}", u64::from_ne_bytes(random)))
}

/// A name for writing aside that no one can guess and that fits any folder.
///
/// # Errors
/// When the system gives no random bytes.
pub fn aside_name() -> io::Result<String> {
    Ok(format!(".migrate-{}", random()?))
}

/// Makes the file at `path` hold `new` instead of `expected`, with the same mode and owner, synced to disk.
///
/// A crash leaves the file wholly old or wholly new, and perhaps a file named `aside` beside it, which [`clear_aside`] removes.
///
/// # Errors
/// [`FileProblem::Changed`] when the file did not hold `expected`; it is then as it was. Other problems leave it as it was too.
pub fn replace(top: &Path, path: &RepoPath, expected: &[u8], new: &[u8], aside: &str) -> Result<Found, FileProblem> {
    let folder = place(top, path, expected, new, aside)?;
    fs::fsync(&folder).map_err(FileProblem::io("sync the folder of", path))?;
    read_at(&folder, path.file_name(), path)
}

/// As [`replace`], for a caller who syncs the folder that is given back, or the one of the same name, before relying on it: until
/// then a power failure may leave the file as it was.
///
/// # Errors
/// As for [`replace`].
pub fn place(top: &Path, path: &RepoPath, expected: &[u8], new: &[u8], aside: &str) -> Result<OwnedFd, FileProblem> {
    let folder = open_folder(top, path)?;
    let written = write_in(&folder, path, expected, new, aside)?;
    if let Err(errno) = fs::fsync(&written) {
        remove_aside(&folder, aside, path)?;
        return Err(FileProblem::io("sync", path)(errno));
    }
    put_in(&folder, path, expected, aside)?;
    Ok(folder)
}

/// The first half of [`place`] for a caller who syncs the file that is given back, or the one of that name, before [`put`]: many are
/// synced faster side by side.
///
/// # Errors
/// As for [`replace`]; nothing is left aside then.
pub fn write_beside(top: &Path, path: &RepoPath, expected: &[u8], new: &[u8], aside: &str) -> Result<File, FileProblem> {
    write_in(&open_folder(top, path)?, path, expected, new, aside)
}

fn write_in(folder: &OwnedFd, path: &RepoPath, expected: &[u8], new: &[u8], aside: &str) -> Result<File, FileProblem> {
    let found = read_expected(folder, path, expected)?;
    fault::point("place: before writing aside");
    match write_aside(folder, aside, new, &found.stat, path) {
        Ok(file) => {
            fault::point("place: written aside");
            Ok(file)
        }
        Err(problem) => {
            remove_aside(folder, aside, path)?;
            Err(problem)
        }
    }
}

/// Reads a file that is to hold `expected` and to have no other name, which would keep that.
fn read_expected(folder: &OwnedFd, path: &RepoPath, expected: &[u8]) -> Result<Found, FileProblem> {
    let found = read_at(folder, path.file_name(), path)?;
    if found.bytes != expected {
        return Err(FileProblem::Changed { path: path.clone() });
    }
    if found.stat.st_nlink > 1 {
        return Err(FileProblem::HardLinked { path: path.clone() });
    }
    Ok(found)
}

/// The second half: what was written aside takes the place of the file, which must hold `expected` still.
///
/// # Errors
/// As for [`replace`]; nothing is left aside then.
pub fn put(top: &Path, path: &RepoPath, expected: &[u8], aside: &str) -> Result<(), FileProblem> {
    put_in(&open_folder(top, path)?, path, expected, aside)
}

fn put_in(folder: &OwnedFd, path: &RepoPath, expected: &[u8], aside: &str) -> Result<(), FileProblem> {
    exchange(folder, aside, path.file_name(), expected, path)?;
    fault::point("place: exchanged");
    remove_aside(folder, aside, path)
}

/// A new file beside the one at `path` that holds `new`, not synced yet.
fn new_aside(folder: &OwnedFd, aside: &str, new: &[u8], mode: Mode, path: &RepoPath) -> Result<File, FileProblem> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = fs::openat(folder, aside, flags, mode).map_err(FileProblem::io("write aside for", path))?;
    let mut file = File::from(fd);
    file.write_all(new).map_err(|source| FileProblem::Io { act: "write aside for", path: path.clone(), source })?;
    Ok(file)
}

fn write_aside(folder: &OwnedFd, aside: &str, new: &[u8], like: &Stat, path: &RepoPath) -> Result<File, FileProblem> {
    let file = new_aside(folder, aside, new, Mode::from_raw_mode(0o600), path)?;
    let own = keep_owner(&file, like, path)?;
    let old = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let old = fs::openat(folder, path.file_name(), old, Mode::empty()).map_err(FileProblem::io("open", path))?;
    // Before the mode, which says how far an access control list goes.
    attributes::keep(&old, &file).map_err(FileProblem::io("keep the attributes of", path))?;
    fs::fchmod(&file, Mode::from_raw_mode(like.st_mode)).map_err(FileProblem::io("keep the mode of", path))?;
    if own.st_mtime <= like.st_mtime && own.st_size == like.st_size {
        outdate(&file, like.st_mtime).map_err(FileProblem::io("set the time of", path))?;
    }
    Ok(file)
}

/// Gives a file that was written aside the owner of `like`, and says what it is like itself.
fn keep_owner(file: &File, like: &Stat, path: &RepoPath) -> Result<Stat, FileProblem> {
    let own = fs::fstat(file).map_err(FileProblem::io("stat", path))?;
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid) {
        let (user, group) = (fs::Uid::from_raw(like.st_uid), fs::Gid::from_raw(like.st_gid));
        fs::fchown(file, Some(user), Some(group)).map_err(FileProblem::io("keep the owner of", path))?;
    }
    Ok(own)
}

/// Python takes cached bytecode for current when size and second of the source are the same: no two versions of a file may agree in
/// both, or a validation would judge an old one. Each version is therefore later than the one before, also than one that is put back
/// within the second: of three, the third must not look like the first, whose bytecode may be what is cached.
fn outdate(file: &File, second: i64) -> rustix::io::Result<()> {
    let keep = fs::Timespec { tv_sec: 0, tv_nsec: fs::UTIME_OMIT };
    let later = fs::Timespec { tv_sec: second.saturating_add(1), tv_nsec: 0 };
    fs::futimens(file, &fs::Timestamps { last_access: keep, last_modification: later })
}

/// Puts the file written aside in place of `name`, and looks at what it displaced: whatever is not `expected` goes back.
fn exchange(folder: &OwnedFd, aside: &str, name: &[u8], expected: &[u8], path: &RepoPath) -> Result<(), FileProblem> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        let swap = || renameat_with(folder, aside, folder, name, RenameFlags::EXCHANGE);
        match swap() {
            Ok(()) => {
                let displaced = read_at(folder, aside.as_bytes(), path);
                if displaced.as_ref().is_ok_and(|found| found.bytes == expected) {
                    return Ok(());
                }
                swap().map_err(FileProblem::io("put back", path))?;
                remove_aside(folder, aside, path)?;
                return Err(match displaced {
                    Ok(_) => FileProblem::Changed { path: path.clone() },
                    Err(problem) => problem,
                });
            }
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {}
            Err(errno) => {
                remove_aside(folder, aside, path)?;
                return Err(FileProblem::io("rename over", path)(errno));
            }
        }
    }
    if read_at(folder, name, path)?.bytes != expected {
        remove_aside(folder, aside, path)?;
        return Err(FileProblem::Changed { path: path.clone() });
    }
    fs::renameat(folder, aside, folder, name).map_err(FileProblem::io("rename over", path))
}

fn remove_aside(folder: &OwnedFd, aside: &str, path: &RepoPath) -> Result<(), FileProblem> {
    match fs::unlinkat(folder, aside, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(errno) => Err(FileProblem::io("remove what was written aside for", path)(errno)),
    }
}

/// Removes what an interrupted [`replace`] left beside `path`, if its content is `ours`.
///
/// # Errors
/// [`FileProblem::Changed`] when the left-over holds somebody's edit: it is kept.
pub fn clear_aside(top: &Path, path: &RepoPath, aside: &str, ours: impl Fn(&[u8]) -> bool) -> Result<(), FileProblem> {
    let folder = match open_folder(top, path) {
        Ok(folder) => folder,
        Err(FileProblem::Missing { .. }) => return Ok(()),
        Err(problem) => return Err(problem),
    };
    match read_at(&folder, aside.as_bytes(), path) {
        Ok(found) if ours(&found.bytes) => {
            remove_aside(&folder, aside, path)?;
            fs::fsync(&folder).map_err(FileProblem::io("sync the folder of", path))
        }
        Ok(_) => Err(FileProblem::Changed { path: path.clone() }),
        Err(FileProblem::Missing { .. }) => Ok(()),
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_nothing_aside() {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir(top.path().join("d")).unwrap();
        let file = top.path().join("d/a.py");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o750)).unwrap();
        replace(top.path(), &path("d/a.py"), b"old", b"new", ".aside").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o750);
        assert_eq!(std::fs::read_dir(top.path().join("d")).unwrap().count(), 1);
    }

    #[test]
    fn two_versions_of_the_same_size_never_have_the_same_second() {
        use std::os::unix::fs::MetadataExt;
        let top = tempfile::tempdir().unwrap();
        let second = || std::fs::metadata(top.path().join("a.py")).unwrap().mtime();
        std::fs::write(top.path().join("a.py"), "old").unwrap();
        let mut before = second();
        for (old, new) in [("old", "new"), ("new", "old"), ("old", "two")] {
            replace(top.path(), &path("a.py"), old.as_bytes(), new.as_bytes(), ".aside").unwrap();
            assert!(second() > before, "{old} became {new}");
            before = second();
        }
    }

    #[test]
    fn a_file_that_somebody_changed_is_left_alone() {
        let top = tempfile::tempdir().unwrap();
        std::fs::write(top.path().join("a.py"), "theirs").unwrap();
        let problem = replace(top.path(), &path("a.py"), b"old", b"new", ".aside").unwrap_err();
        assert!(matches!(problem, FileProblem::Changed { .. }));
        assert_eq!(std::fs::read(top.path().join("a.py")).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(top.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_edit_that_slips_in_before_the_exchange_is_put_back() {
        let top = tempfile::tempdir().unwrap();
        std::fs::write(top.path().join("a.py"), "theirs").unwrap();
        std::fs::write(top.path().join(".aside"), "new").unwrap();
        let folder = open_folder(top.path(), &path("a.py")).unwrap();
        let problem = exchange(&folder, ".aside", b"a.py", b"old", &path("a.py")).unwrap_err();
        assert!(matches!(problem, FileProblem::Changed { .. }));
        assert_eq!(std::fs::read(top.path().join("a.py")).unwrap(), b"theirs");
    }

    #[test]
    fn links_are_never_followed() {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir(top.path().join("real")).unwrap();
        std::fs::write(top.path().join("real/a.py"), "old").unwrap();
        symlink("real", top.path().join("way")).unwrap();
        symlink("real/a.py", top.path().join("b.py")).unwrap();
        for name in ["way/a.py", "b.py"] {
            let problem = replace(top.path(), &path(name), b"old", b"new", ".aside").unwrap_err();
            assert!(matches!(problem, FileProblem::Link { .. }), "{name}: {problem}");
        }
        std::fs::hard_link(top.path().join("real/a.py"), top.path().join("real/c.py")).unwrap();
        let problem = replace(top.path(), &path("real/a.py"), b"old", b"new", ".aside").unwrap_err();
        assert!(matches!(problem, FileProblem::HardLinked { .. }));
    }

    #[test]
    fn what_was_left_aside_is_removed_only_when_it_is_ours() {
        let top = tempfile::tempdir().unwrap();
        let aside = top.path().join(".aside");
        for (text, ours) in [("ne", true), ("new", true), ("old", true), ("theirs", false)] {
            std::fs::write(&aside, text).unwrap();
            let begins = |bytes: &[u8]| [b"old", b"new"].iter().any(|text| text.starts_with(bytes));
            let cleared = clear_aside(top.path(), &path("a.py"), ".aside", begins);
            assert_eq!(cleared.is_ok(), ours, "{text}");
            assert_eq!(aside.exists(), !ours, "{text}");
        }
    }
}
