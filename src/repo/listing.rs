//! Which files are tracked, as the index has them.

use std::collections::HashMap;

use git2::Oid;

use crate::path::RepoPath;
use crate::repo::{Repo, RepoProblem};

/// The blobs of files, each with the length that the file has on disk.
pub type Blobs = HashMap<RepoPath, (Oid, u32)>;

/// A tracked regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub path: RepoPath,
    /// How long it was when git looked at it last; 0 where git does not say. Good for an order, not to be relied on.
    pub size: u32,
}

impl Repo {
    /// The tracked regular files whose paths `wanted` takes, each once, in the order of their bytes. Links and submodules are none.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn listing(&self, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<Listed>, RepoProblem> {
        let mut listed: Vec<Listed> = Vec::new();
        let mut add = |bytes: &[u8], mode: u32, size: u32| {
            // A file in conflict comes once for each side.
            let again = listed.last().is_some_and(|last| last.path.as_bytes() == bytes);
            if mode >> 12 == REGULAR
                && !again
                && wanted(bytes)
                && let Ok(path) = RepoPath::new(bytes)
            {
                listed.push(Listed { path, size });
            }
        };
        if self.with_index(|index| index.listing().for_each(|(path, mode, size)| add(path, mode, size)))?.is_some() {
            return Ok(listed);
        }
        let entries = self.git().ask(&["ls-files", "--stage", "-z"], b"")?;
        for entry in entries.split(|byte| *byte == 0) {
            let Some(tab) = memchr::memchr(b'\t', entry) else { continue };
            let mode = entry.split(|byte| *byte == b' ').next().and_then(|mode| std::str::from_utf8(mode).ok());
            let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok());
            add(&entry[tab + 1..], mode.unwrap_or(0), 0);
        }
        Ok(listed)
    }
}

impl Repo {
    /// The blobs of the tracked regular files that git takes for unchanged when it has looked at them, each with the length that the file
    /// has on disk; `None` where an index of another kind, or a program of the user that converts files, keeps that from being told.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn blobs(&self) -> Result<Option<Blobs>, RepoProblem> {
        if self.settings.filters {
            return Ok(None);
        }
        self.with_index(|index| {
            let known = index.plain_entries().filter(|(_, entry)| entry.mode >> 12 == REGULAR && entry.size > 0);
            known.filter_map(|(path, entry)| Some((RepoPath::new(path).ok()?, (entry.oid, entry.size)))).collect()
        })
    }
}

/// The type of a regular file in the upper bits of a mode.
const REGULAR: u32 = 0o10;
