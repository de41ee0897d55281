//! What is to be copied: where it is, and whether it can be.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::copies::TreeFacts;
use crate::copies::error::Unavailable;

/// The work tree and git's folders, each by its true path.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) top: PathBuf,
    /// This tree's own `HEAD` and index are here.
    pub(super) git: PathBuf,
    /// The references and objects are here.
    pub(super) common: PathBuf,
}

impl Tree {
    pub(super) fn new(facts: &TreeFacts<'_>) -> Result<Self, Unavailable> {
        let real = |path: &Path| path.canonicalize().map_err(Unavailable::refused(format!("find {}", path.display())));
        let tree = Self { top: real(facts.top)?, git: real(facts.git_folder)?, common: real(facts.common_folder)? };
        match tree.git.starts_with(&tree.top) || tree.git.starts_with(&tree.common) {
            true => Ok(tree),
            false => Err(Unavailable::GitElsewhere(tree.git)),
        }
    }

    /// The folder that a second overlay must cover: what git shares between trees, where it is not in this one.
    pub(super) fn outer_git(&self) -> Option<&Path> {
        (!self.common.starts_with(&self.top)).then_some(self.common.as_path())
    }

    /// The folders that are copied.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Path> {
        [Some(self.top.as_path()), self.outer_git()].into_iter().flatten()
    }

    /// True when `path` is in what is copied.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.roots().any(|root| path.starts_with(root))
    }

    /// Fails when something is mounted below a root: an overlay shows of its lower layer one file system alone.
    pub(super) fn refuse_mounts_below(&self) -> Result<(), Unavailable> {
        let source = Path::new("/proc/self/mountinfo");
        let text = fs::read(source).map_err(Unavailable::refused(format!("read {}", source.display())))?;
        let points = text.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
        for point in points.map(unescaped) {
            let point = Path::new(std::ffi::OsStr::from_bytes(&point)).to_owned();
            if self.roots().any(|root| point != root && point.starts_with(root)) {
                return Err(Unavailable::Mounted(point));
            }
        }
        Ok(())
    }

    /// Fails at the first entry that is not the user's own: in a user namespace only one user and one group are known, and what
    /// belongs to others cannot be written there.
    pub(super) fn refuse_foreign(&self) -> Result<(), Unavailable> {
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let mut folders: Vec<PathBuf> = Vec::new();
        for root in self.roots() {
            let stat = fs::symlink_metadata(root).map_err(Unavailable::refused(format!("look at {}", root.display())))?;
            refuse_owner(root, &stat, own)?;
            folders.push(root.to_owned());
        }
        while let Some(folder) = folders.pop() {
            let refused = |error: io::Error| Unavailable::refused(format!("look into {}", folder.display()))(error);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                // A folder that went meanwhile, or one that is closed to its owner: there nothing is written outside either.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => continue,
                Err(error) => return Err(refused(error)),
            };
            for entry in entries {
                let entry = entry.map_err(refused)?;
                let Ok(stat) = entry.metadata() else { continue };
                refuse_owner(&entry.path(), &stat, own)?;
                if stat.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        Ok(())
    }
}

fn refuse_owner(path: &Path, stat: &fs::Metadata, own: (u32, u32)) -> Result<(), Unavailable> {
    let (owner, group) = (stat.uid(), stat.gid());
    match (owner, group) == own {
        true => Ok(()),
        false => Err(Unavailable::Foreign { path: path.to_owned(), owner, group }),
    }
}

/// Takes back the octal escapes of the kernel's lists of mounts.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let code = tail.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[3..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_escapes_are_taken_back() {
        for (field, path) in
            [(&b"/a\\040b"[..], &b"/a b"[..]), (b"/a\\134b\\012", b"/a\\b\n"), (b"/plain\\", b"/plain\\"), (b"", b"")]
        {
            assert_eq!(unescaped(field), path);
        }
    }
}
