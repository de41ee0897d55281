//! Objects stored by themselves, and trees read and changed as their bytes.
//!
//! An object that takes one block of the disk however small it gets is stored without compression, under a temporary name that
//! `git gc` clears away, and renamed. libgit2 looks through the packs for each object first, sets up a compressor and gives the file
//! a second name; what is larger is left to it. Nothing is synced here: see [`super::durable`].

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

use git2::{ObjectType, Oid};
use memchr::memchr;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

use crate::fs::named;
use crate::path::RepoPath;
use crate::repo::{Repo, RepoProblem};

/// A block of most disks.
const BLOCK: usize = 4096;
/// A zlib stream of one stored block adds so much to its content, and git's header at most so much again.
const AROUND: usize = 11 + 32;
/// How much of trees is kept in memory before all is let go.
const KEPT: usize = 8 << 20;

/// The trees that were read or written last, as their bytes.
#[derive(Debug, Default)]
pub(super) struct Trees {
    held: HashMap<Oid, Arc<[u8]>>,
    size: usize,
    /// The commit that was written last, and its tree.
    last: Option<(Oid, Oid)>,
}

impl Trees {
    fn hold(&mut self, tree: Oid, bytes: Arc<[u8]>) {
        if self.size > KEPT {
            *self = Self { last: self.last, ..Self::default() };
        }
        self.size += bytes.len();
        self.held.insert(tree, bytes);
    }

    /// Remembers the tree of a commit that was written.
    pub(super) fn belongs(&mut self, tree: Oid, commit: Oid) {
        self.last = Some((commit, tree));
    }

    /// The tree of a commit, if it is the one that was written last.
    pub(super) fn of(&self, commit: Oid) -> Option<Oid> {
        self.last.filter(|(last, _)| *last == commit).map(|(_, tree)| tree)
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TreeEntry {
    /// Type and permission as it stands there, such as `0o100644`.
    pub(super) mode: u32,
    /// What it names.
    pub(super) oid: Oid,
    /// Where the name of the object stands in the bytes.
    at: usize,
}

/// The entry called `name` in the bytes of a tree; an error when they are not a tree.
fn entry(tree: &[u8], name: &[u8]) -> Result<Option<TreeEntry>, git2::Error> {
    let damaged = || git2::Error::from_str("a tree is damaged");
    let mut at = 0;
    while at < tree.len() {
        let space = at + memchr(b' ', &tree[at..]).ok_or_else(damaged)?;
        let end = space + memchr(0, &tree[space..]).ok_or_else(damaged)?;
        let oid = tree.get(end + 1..end + 21).ok_or_else(damaged)?;
        if &tree[space + 1..end] == name {
            let mode = str::from_utf8(&tree[at..space]).ok().and_then(|mode| u32::from_str_radix(mode, 8).ok());
            return Ok(Some(TreeEntry { mode: mode.ok_or_else(damaged)?, oid: Oid::from_bytes(oid)?, at: end + 1 }));
        }
        at = end + 21;
    }
    Ok(None)
}

impl Repo {
    /// The folder of the object store.
    pub(super) fn store(&self) -> PathBuf {
        self.inner.commondir().join("objects")
    }

    /// Stores an object, unless it is there as a file of its own; then it is made as young as a new one, which keeps `git gc` from
    /// it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn write_object(&self, kind: ObjectType, bytes: &[u8]) -> Result<Oid, RepoProblem> {
        let oid = Oid::hash_object(kind, bytes)?;
        let name = oid.to_string();
        let folder = self.store().join(&name[..2]);
        let file = folder.join(&name[2..]);
        if bytes.len() > BLOCK - AROUND {
            if !file.exists() {
                self.syncer.written(oid);
            }
            return Ok(self.inner.odb()?.write(kind, bytes)?);
        }
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        match utimensat(CWD, &file, &Timestamps { last_access: now, last_modification: now }, AtFlags::empty()) {
            Ok(()) => Ok(oid),
            Err(rustix::io::Errno::NOENT) => {
                let header = format!("{} {}\0", kind.str(), bytes.len());
                write_new(&folder, &file, &stored(header.as_bytes(), bytes))
                    .map_err(|error| RepoProblem::Unstored(named("write", &file, &error)))?;
                self.syncer.written(oid);
                Ok(oid)
            }
            // It is another user's.
            Err(_) => Ok(self.inner.odb()?.write(kind, bytes)?),
        }
    }

    /// The bytes of a tree.
    fn tree_bytes(&self, tree: Oid) -> Result<Arc<[u8]>, RepoProblem> {
        if let Some(bytes) = self.trees.borrow().held.get(&tree) {
            return Ok(Arc::clone(bytes));
        }
        let odb = self.inner.odb()?;
        let object = odb.read(tree)?;
        if object.kind() != ObjectType::Tree {
            return Err(git2::Error::from_str("not a tree").into());
        }
        let bytes: Arc<[u8]> = object.data().into();
        self.trees.borrow_mut().hold(tree, Arc::clone(&bytes));
        Ok(bytes)
    }

    /// The trees of `root` along `path`, root first, and what the last of them holds under the file's name; fewer trees and nothing
    /// where a folder is missing or no folder.
    pub(super) fn tree_walk(&self, root: Oid, path: &RepoPath) -> Result<(Vec<Oid>, Option<TreeEntry>), RepoProblem> {
        let mut trees = vec![root];
        let mut tree = self.tree_bytes(root)?;
        let mut parts = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let found = entry(&tree, part)?;
            match found {
                Some(folder) if parts.peek().is_some() && folder.mode == 0o040_000 => {
                    trees.push(folder.oid);
                    tree = self.tree_bytes(folder.oid)?;
                }
                found if parts.peek().is_none() => return Ok((trees, found)),
                _ => break,
            }
        }
        Ok((trees, None))
    }

    /// Writes the trees of `root` along `path` with another blob in the place of the one there; `None` when there is no such entry,
    /// or it has another mode.
    pub(super) fn tree_with_one(&self, root: Oid, path: &RepoPath, mode: u32, blob: Oid) -> Result<Option<Oid>, RepoProblem> {
        let (trees, Some(file)) = self.tree_walk(root, path)? else { return Ok(None) };
        if file.mode != mode {
            return Ok(None);
        }
        let mut new = blob;
        let names: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').collect();
        for (tree, name) in trees.iter().zip(names).rev() {
            let mut bytes = self.tree_bytes(*tree)?.to_vec();
            let Some(found) = entry(&bytes, name)? else { return Ok(None) };
            bytes[found.at..found.at + 20].copy_from_slice(new.as_bytes());
            new = self.write_object(ObjectType::Tree, &bytes)?;
            self.trees.borrow_mut().hold(new, bytes.into());
        }
        Ok(Some(new))
    }
}

/// A zlib stream of one block that is stored as it is.
fn stored(header: &[u8], bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len() + bytes.len()).expect("an object stored like this fits a block of the disk");
    let mut stream = Vec::with_capacity(AROUND + bytes.len());
    stream.extend_from_slice(&[0x78, 0x01, 0x01]);
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(header);
    stream.extend_from_slice(bytes);
    let (mut low, mut high) = (1u32, 0u32);
    // Neither sum can overflow within a block.
    for byte in header.iter().chain(bytes) {
        low += u32::from(*byte);
        high += low;
    }
    stream.extend_from_slice(&(((high % 65_521) << 16) | (low % 65_521)).to_be_bytes());
    stream
}

/// Puts a file that nobody writes again in its place whole, making `folder` where there is none.
fn write_new(folder: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut tries = 0;
    let (mut new, temporary) = loop {
        let temporary = folder.join(format!("tmp_obj_migrate_{}_{tries}", process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o444).open(&temporary) {
            Ok(new) => break (new, temporary),
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < 100 => match fs::create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            },
            // Left by a run that was killed, or of a process that counts in another namespace.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < 100 => {}
            Err(error) => return Err(error),
        }
        tries += 1;
    };
    let written = new.write_all(bytes).and_then(|()| fs::rename(&temporary, file));
    if let Err(error) = written {
        // Should it stay, `git gc` clears it away.
        fs::remove_file(&temporary).unwrap_or_default();
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(top: &Path, args: &[&str]) -> String {
        let mut git = process::Command::new("git");
        let output = git.args(args).current_dir(top).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", top).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A repository with the files `a/b/c.py`, `a/x.py` and the executable `run`.
    fn repo() -> (tempfile::TempDir, Repo) {
        let top = tempfile::tempdir().unwrap();
        git(top.path(), &["init", "-q", "."]);
        fs::create_dir_all(top.path().join("a/b")).unwrap();
        for file in ["a/b/c.py", "a/x.py", "run"] {
            fs::write(top.path().join(file), file).unwrap();
        }
        git(top.path(), &["add", "-A", "a", "run"]);
        git(top.path(), &["update-index", "--chmod=+x", "run"]);
        git(top.path(), &["-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "one"]);
        let repo = Repo::open(top.path()).unwrap();
        (top, repo)
    }

    #[test]
    fn git_reads_what_is_stored_whatever_its_size() {
        let (top, repo) = repo();
        for size in [0, 1, 1403, BLOCK - AROUND, BLOCK - AROUND + 1, 3 * BLOCK] {
            let text: String = "line of text\n".chars().cycle().take(size).collect();
            for _ in 0..2 {
                let oid = repo.write_object(ObjectType::Blob, text.as_bytes()).unwrap();
                assert_eq!(git(top.path(), &["cat-file", "blob", &oid.to_string()]), text, "{size}");
                let file = repo.store().join(&oid.to_string()[..2]).join(&oid.to_string()[2..]);
                assert!(fs::metadata(file).unwrap().len() <= BLOCK as u64, "{size}");
            }
        }
        let high = vec![0xff; BLOCK - AROUND];
        repo.write_object(ObjectType::Blob, &high).unwrap();
        assert_eq!(git(top.path(), &["fsck", "--strict", "--no-dangling"]), "");
    }

    #[test]
    fn a_name_that_is_taken_keeps_no_object_from_being_stored() {
        let (_top, repo) = repo();
        let oid = Oid::hash_object(ObjectType::Blob, b"taken").unwrap();
        let folder = repo.store().join(&oid.to_string()[..2]);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("tmp_obj_migrate_{}_0", process::id())), "half").unwrap();
        assert_eq!(repo.write_object(ObjectType::Blob, b"taken").unwrap(), oid);
        assert_eq!(repo.blob(oid).unwrap(), b"taken");
    }

    #[test]
    fn a_tree_with_one_blob_replaced_is_the_one_that_git_would_write() {
        let (top, repo) = repo();
        let root = repo.tree_of(repo.tip().unwrap().commit).unwrap();
        let blob = repo.write_object(ObjectType::Blob, b"new").unwrap();
        for (path, mode) in [("a/b/c.py", 0o100_644), ("run", 0o100_755)] {
            let tree = repo.tree_with_one(root, &RepoPath::new(path).unwrap(), mode, blob).unwrap().unwrap();
            git(top.path(), &["update-index", "--cacheinfo", &format!("{mode:o},{blob},{path}")]);
            assert_eq!(git(top.path(), &["write-tree"]).trim(), tree.to_string());
            git(top.path(), &["read-tree", "HEAD"]);
        }
        for (path, mode) in [("a/b/none.py", 0o100_644), ("a/b/c.py/d", 0o100_644), ("none/c.py", 0o100_644), ("run", 0o100_644)]
        {
            assert_eq!(repo.tree_with_one(root, &RepoPath::new(path).unwrap(), mode, blob).unwrap(), None, "{path}");
        }
    }

    #[test]
    fn bytes_that_are_no_tree_are_an_error_and_never_an_entry() {
        for bytes in [&b"100644"[..], b"100644 a.py", b"100644 a.py\0short", b"1x0 a.py\0aaaaaaaaaaaaaaaaaaaa"] {
            assert!(entry(bytes, b"a.py").is_err(), "{bytes:?}");
        }
        assert_eq!(entry(b"", b"a.py").unwrap(), None);
    }
}
