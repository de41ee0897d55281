//! What was found out about the files of a work tree, kept for the next command in `$GIT_DIR/migrate/cache`, once a run has begun there.
//!
//! An entry counts while the file is the one that it was: its size, its times and its number on the disk tell, as git itself tells by
//! them. All of it counts only for this version of the tool, for the same set of Python files (their names depend on each other), and
//! while the text is whole. What cannot be read or written is found out anew: the cache changes no answer.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::path::RepoPath;
use crate::program::outline::MayTake;

/// The file in the folder of the cache.
const NAME: &str = "outlines";
/// The number of the format.
const FORMAT: u32 = 2;
/// A file that changed no longer ago than this may change again without another time.
const SETTLED: Duration = Duration::from_secs(2);

/// How a file is known to be the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    number: u64,
}

impl Stamp {
    /// That of the file at a path; `None` where there is no regular one.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            number: found.ino(),
        })
    }

    /// True when no change since can have left it as it is.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let last = self.modified.0.max(self.changed.0);
        u64::try_from(last).is_ok_and(|last| Duration::from_secs(last) + SETTLED < now)
    }
}

/// What is kept of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The file that it is true of.
    pub stamp: Stamp,
    /// The name of its module.
    pub module: Option<String>,
    /// The names that it may take; `None` where it cannot be read.
    pub takes: Option<MayTake>,
}

/// All that is kept, by path.
pub type All = BTreeMap<String, Kept>;

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Head {
    format: u32,
    tool: String,
    /// The digest of the paths of all Python files.
    paths: String,
    /// The digest of what follows.
    sum: String,
}

impl Head {
    fn new(paths: &[RepoPath], body: &[u8]) -> Self {
        let mut all = Sha256::new();
        for path in paths {
            all.update(path.as_bytes());
            all.update([0]);
        }
        let tool = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, tool, paths: hex(&all.finalize()), sum: hex(&Sha256::digest(body)) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is kept in `folder` for these files; nothing where that cannot be relied on.
#[must_use]
pub fn load(folder: &Path, paths: &[RepoPath]) -> All {
    let read = || {
        let text = fs::read(folder.join(NAME)).ok()?;
        let line = memchr::memchr(b'\n', &text)?;
        let (head, body) = (&text[..line], &text[line + 1..]);
        let head: Head = serde_json::from_slice(head).ok()?;
        (head == Head::new(paths, body)).then(|| serde_json::from_slice(body).ok()).flatten()
    };
    read().unwrap_or_default()
}

/// Keeps it there, whole or not at all, where the folder above is there: a look at a repository in which nothing was run leaves nothing
/// behind. What cannot be kept is found out again.
pub fn store(folder: &Path, paths: &[RepoPath], all: &All) {
    let now = SystemTime::now();
    let settled: BTreeMap<&String, &Kept> = all.iter().filter(|(_, kept)| kept.stamp.is_settled(now)).collect();
    let Ok(body) = serde_json::to_vec(&settled) else { return };
    let Ok(head) = serde_json::to_vec(&Head::new(paths, &body)) else { return };
    write(folder, NAME, &[&head, b"\n", &body]);
}

/// Writes a file of the cache in `folder`, whole or not at all, where the folder above is there. What cannot be written is found out again.
pub(super) fn write(folder: &Path, name: &str, parts: &[&[u8]]) {
    let write = || -> Option<()> {
        if !folder.is_dir() {
            fs::create_dir(folder).ok()?;
        }
        let mut aside = tempfile::NamedTempFile::new_in(folder).ok()?;
        parts.iter().try_for_each(|part| aside.write_all(part)).ok()?;
        aside.persist(folder.join(name)).ok().map(|_| ())
    };
    write();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_unless_anything_about_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.py");
        fs::write(&file, "import b\n").unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        let mut stamp = Stamp::of(&file).unwrap();
        stamp.changed = stamp.modified;
        let all = All::from([("a.py".to_owned(), Kept { stamp, module: Some("a".into()), takes: Some(MayTake::default()) })]);
        let paths = [RepoPath::new("a.py").unwrap()];
        let cache = folder.path().join("cache");
        store(&cache, &paths, &all);
        assert_eq!(load(&cache, &paths), all);
        assert_eq!(load(&cache, &[]), All::new(), "other files");
        let whole = fs::read(cache.join(NAME)).unwrap();
        for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(cache.join(NAME), &whole[..cut]).unwrap();
            assert_eq!(load(&cache, &paths), All::new(), "cut at {cut}");
        }
        let mut other = whole.clone();
        let at = other.len() - 4;
        other[at] ^= 1;
        fs::write(cache.join(NAME), other).unwrap();
        assert_eq!(load(&cache, &paths), All::new(), "damaged");
        let older = String::from_utf8(whole).unwrap().replacen("\"format\":2", "\"format\":1", 1);
        fs::write(cache.join(NAME), older).unwrap();
        assert_eq!(load(&cache, &paths), All::new(), "another format");
        // What changed just now may change again unseen.
        let fresh = All::from([("a.py".to_owned(), Kept { stamp: Stamp::of(&file).unwrap(), ..all["a.py"].clone() })]);
        store(&cache, &paths, &fresh);
        assert_eq!(load(&cache, &paths), All::new(), "fresh");
    }
}
