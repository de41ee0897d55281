//! A watch on the folders that hold tracked files: which names in them something happened to.
//!
//! Names are candidates, no verdicts: a file that was only touched is named too. What the watch cannot vouch for is [`Blind`], never
//! an empty answer: a queue that ran over, a tracked folder that was moved, removed, replaced or given other permissions, a limit of
//! the system. It works by inotify, so on Linux only; elsewhere every watch is refused.
//!
//! It sees what goes through a tracked name, a shared mapping included once it is unmapped and closed. It cannot see a write
//! through another hard link of the file, through a mapping that outlives the question, and what another machine does on a network
//! file system.

use std::collections::{BTreeSet, HashMap};
use std::io;
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use memchr::memchr_iter;

/// Why a watch cannot tell what happened.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "no watch is ever set there"))]
pub(super) enum Blind {
    /// The system refused, mostly for its limit of watches.
    #[error("cannot watch the folders of tracked files: {0}")]
    Refused(#[source] io::Error),
    /// Two tracked folders are one, by a mount: an event would not say which is meant.
    #[error("two tracked folders are the same")]
    SameFolder,
    /// Events were lost, or a tracked folder is not the one that was watched.
    #[error("the watch on tracked folders was lost")]
    Lost,
}

/// Folders being watched.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "no watch is ever set there"))]
pub(super) struct Watch {
    inotify: OwnedFd,
    /// By the number that the system gave the watch; the top is empty.
    folders: HashMap<i32, Vec<u8>>,
    /// All folders that should be there, watched or absent.
    tracked: BTreeSet<Vec<u8>>,
}

/// The folders above `files`, the top included, each before those below it.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "no watch is ever set there"))]
fn folders_of<'p>(files: impl Iterator<Item = &'p [u8]>) -> BTreeSet<Vec<u8>> {
    let mut folders = BTreeSet::from([Vec::new()]);
    let mut last: &[u8] = b"";
    for file in files {
        let (folder, _) = split(file);
        // git keeps the files of a folder together.
        if folder != last {
            last = folder;
            folders.extend(memchr_iter(b'/', folder).map(|at| folder[..at].to_vec()));
            folders.insert(folder.to_vec());
        }
    }
    folders
}

/// The folder and the name of a path; a path without folder is in the top, which is empty.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

#[cfg(target_os = "linux")]
impl Watch {
    /// Watches the folders below `top` that hold `files`, which are in git's order. A folder that is not there, or is a link, is
    /// noticed when it comes.
    ///
    /// # Errors
    /// [`Blind::Refused`] or [`Blind::SameFolder`].
    pub(super) fn over<'p>(top: &Path, files: impl Iterator<Item = &'p [u8]>) -> Result<Self, Blind> {
        use std::collections::HashSet;
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        use rustix::io::Errno;

        let refused = |errno: Errno| Blind::Refused(errno.into());
        let flags = WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::DONT_FOLLOW;
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(refused)?;
        let tracked = folders_of(files);
        let mut folders = HashMap::with_capacity(tracked.len());
        let mut absent: HashSet<&[u8]> = HashSet::new();
        for folder in &tracked {
            // What lies behind a link is not looked at: the watch would be on something else.
            if !folder.is_empty() && absent.contains(split(folder).0) {
                absent.insert(folder);
                continue;
            }
            match add_watch(&inotify, top.join(OsStr::from_bytes(folder)), flags) {
                Ok(number) => {
                    if folders.insert(number, folder.clone()).is_some() {
                        return Err(Blind::SameFolder);
                    }
                }
                Err(Errno::NOENT | Errno::NOTDIR) if !folder.is_empty() => {
                    absent.insert(folder);
                }
                Err(errno) => return Err(refused(errno)),
            }
        }
        Ok(Self { inotify, folders, tracked })
    }

    /// The paths that something happened to since this was asked last, tracked or not.
    ///
    /// # Errors
    /// [`Blind::Lost`]; the watch is then of no more use.
    pub(super) fn named(&mut self) -> Result<BTreeSet<Vec<u8>>, Blind> {
        use rustix::fs::inotify::{ReadFlags, Reader};
        use rustix::io::Errno;

        let end =
            ReadFlags::QUEUE_OVERFLOW | ReadFlags::IGNORED | ReadFlags::UNMOUNT | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF;
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let mut named = BTreeSet::new();
        loop {
            let event = match events.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return Ok(named),
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Blind::Refused(errno.into())),
            };
            // An event without a name is about the folder itself.
            let (Some(name), Some(folder)) = (event.file_name(), self.folders.get(&event.wd())) else { return Err(Blind::Lost) };
            if event.events().intersects(end) {
                return Err(Blind::Lost);
            }
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name.to_bytes());
            if self.tracked.contains(&path) {
                return Err(Blind::Lost);
            }
            named.insert(path);
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Watch {
    /// Refuses.
    ///
    /// # Errors
    /// [`Blind::Refused`], always.
    pub(super) fn over<'p>(_top: &Path, _files: impl Iterator<Item = &'p [u8]>) -> Result<Self, Blind> {
        Err(Blind::Refused(io::ErrorKind::Unsupported.into()))
    }

    /// Knows nothing.
    ///
    /// # Errors
    /// [`Blind::Lost`], always.
    pub(super) fn named(&mut self) -> Result<BTreeSet<Vec<u8>>, Blind> {
        Err(Blind::Lost)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    const FILES: [&[u8]; 4] = [b"a.py", b"gone/b.py", b"p/c/d.py", b"p/e.py"];

    fn tree() -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(top.path().join("p/c")).unwrap();
        top
    }

    #[test]
    fn every_folder_above_a_file_is_watched_once() {
        let folders: Vec<Vec<u8>> = folders_of(FILES.into_iter().chain([b"p-q/x/y/z.py".as_slice()])).into_iter().collect();
        let expected: [&[u8]; 7] = [b"", b"gone", b"p", b"p-q", b"p-q/x", b"p-q/x/y", b"p/c"];
        assert_eq!(folders, expected);
    }

    #[test]
    fn names_come_once_and_only_from_watched_folders() {
        let top = tree();
        std::fs::create_dir(top.path().join("cache")).unwrap();
        let mut watch = Watch::over(top.path(), FILES.into_iter()).unwrap();
        assert_eq!(watch.named().unwrap(), BTreeSet::new());
        for _ in 0..3 {
            std::fs::write(top.path().join("p/c/d.py"), "x").unwrap();
            std::fs::write(top.path().join("new"), "x").unwrap();
            std::fs::write(top.path().join("cache/unseen"), "x").unwrap();
        }
        let named: Vec<Vec<u8>> = watch.named().unwrap().into_iter().collect();
        assert_eq!(named, [b"new".to_vec(), b"p/c/d.py".to_vec()]);
        assert_eq!(watch.named().unwrap(), BTreeSet::new());
    }

    #[test]
    fn a_tracked_folder_that_comes_goes_or_changes_blinds_the_watch() {
        type Deed = fn(&Path);
        let deeds: [(&str, Deed); 6] = [
            ("comes", |top| std::fs::create_dir(top.join("gone")).unwrap()),
            ("goes", |top| std::fs::remove_dir(top.join("p/c")).unwrap()),
            ("is moved", |top| std::fs::rename(top.join("p/c"), top.join("q")).unwrap()),
            ("is moved with its parent", |top| std::fs::rename(top.join("p"), top.join("q")).unwrap()),
            ("comes as a link", |top| std::os::unix::fs::symlink("p", top.join("gone")).unwrap()),
            ("is closed", |top| {
                let closed = std::os::unix::fs::PermissionsExt::from_mode(0o500);
                std::fs::set_permissions(top.join("p"), closed).unwrap();
            }),
        ];
        for (what, deed) in deeds {
            let top = tree();
            let mut watch = Watch::over(top.path(), FILES.into_iter()).unwrap();
            deed(top.path());
            assert!(matches!(watch.named(), Err(Blind::Lost)), "{what}");
        }
    }

    #[test]
    fn what_lies_behind_a_link_is_not_watched() {
        let top = tree();
        std::os::unix::fs::symlink("p", top.path().join("gone")).unwrap();
        let files: [&[u8]; 2] = [b"gone/c/b.py", b"x.py"];
        let mut watch = Watch::over(top.path(), files.into_iter()).unwrap();
        std::fs::write(top.path().join("p/c/b.py"), "x").unwrap();
        assert_eq!(watch.named().unwrap(), BTreeSet::new());
    }

    #[test]
    fn a_queue_that_ran_over_blinds_the_watch() {
        let top = tree();
        let most = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let most: usize = most.trim().parse().unwrap();
        let mut watch = Watch::over(top.path(), FILES.into_iter()).unwrap();
        // Two names in turn, so that the system cannot fold the events into one.
        for nth in 0..=most {
            std::fs::write(top.path().join(if nth % 2 == 0 { "x" } else { "y" }), "").unwrap();
        }
        assert!(matches!(watch.named(), Err(Blind::Lost)));
    }

    #[test]
    fn a_watch_that_the_system_refuses_is_no_watch() {
        let top = tree();
        let nowhere = Watch::over(&top.path().join("nowhere"), FILES.into_iter());
        assert!(matches!(nowhere, Err(Blind::Refused(_))));
    }
}
