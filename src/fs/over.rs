//! Files that nobody tracks, put where they are wanted whatever is there.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, Mode};

use crate::fs::come_and_go::make_folders;
use crate::fs::{FileProblem, new_aside, remove_aside};
use crate::path::RepoPath;

/// What is to be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'b> {
    /// A regular file with these bytes, which its owner may execute or not.
    File(&'b [u8], bool),
    /// A symbolic link that holds this.
    Link(&'b [u8]),
}

/// Puts a file or link at `path`, over any that is there, with the folders that it needs. Nothing is synced.
///
/// A crash leaves the old one or the whole new one, and perhaps the new one under the name `aside` beside it.
///
/// # Errors
/// When a folder is at `path`, a file or link above it, and what the system says; what was there is then as it was.
pub fn put_over(top: &Path, path: &RepoPath, wanted: Wanted<'_>, aside: &str) -> Result<(), FileProblem> {
    let folder = make_folders(top, path)?;
    let written = write(&folder, path, wanted, aside).and_then(|()| {
        fs::renameat(&folder, aside, &folder, path.file_name()).map_err(FileProblem::io("put in its place", path))
    });
    if written.is_err() {
        remove_aside(&folder, aside, path)?;
    }
    written
}

fn write(folder: &OwnedFd, path: &RepoPath, wanted: Wanted<'_>, aside: &str) -> Result<(), FileProblem> {
    match wanted {
        Wanted::File(bytes, executable) => {
            let mode = if executable { 0o777 } else { 0o666 };
            new_aside(folder, aside, bytes, Mode::from_raw_mode(mode), path).map(drop::<File>)
        }
        Wanted::Link(target) => fs::symlinkat(target, folder, aside).map_err(FileProblem::io("write aside for", path)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_is_put_over_another_takes_its_place_and_no_link_is_followed() {
        let top = tempfile::tempdir().unwrap();
        let at = |text: &str| top.path().join(text);
        let put = |text: &str, wanted| put_over(top.path(), &RepoPath::new(text).unwrap(), wanted, ".aside");
        put("a/b/c", Wanted::File(b"one", false)).unwrap();
        put("a/b/c", Wanted::File(b"two", true)).unwrap();
        assert_eq!(std::fs::read(at("a/b/c")).unwrap(), b"two");
        assert_ne!(at("a/b/c").metadata().unwrap().permissions().mode() & 0o100, 0);
        put("a/link", Wanted::Link(b"b/c")).unwrap();
        put("a/link", Wanted::Link(b"nowhere")).unwrap();
        assert_eq!(std::fs::read_link(at("a/link")).unwrap(), Path::new("nowhere"));

        std::fs::create_dir(at("elsewhere")).unwrap();
        symlink("elsewhere", at("linked")).unwrap();
        assert!(matches!(put("linked/x", Wanted::File(b"x", false)), Err(FileProblem::Link { .. })));
        assert!(matches!(put("a/b/c/d", Wanted::File(b"x", false)), Err(FileProblem::Link { .. })));
        assert!(matches!(put("a/b", Wanted::File(b"x", false)), Err(FileProblem::Io { .. })));
        assert_eq!(std::fs::read_dir(at("elsewhere")).unwrap().count(), 0);
        let left = std::fs::read_dir(top.path()).unwrap().chain(std::fs::read_dir(at("a")).unwrap());
        assert!(left.flatten().all(|entry| entry.file_name() != ".aside"), "nothing is left aside");
    }
}
