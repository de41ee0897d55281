//! Whether the commands of a copy moved `HEAD`, a reference or the index there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::copies::error::CopyError;
use crate::copies::stack::Stack;
use crate::copies::{Copy, Version};
use crate::path::RepoPath;

/// What the index has of a path at a stage: object and mode.
type Staged = BTreeMap<(Vec<u8>, u16), (git2::Oid, u32)>;

/// Git's folder before any command was run and as the copy has it now, and where it is in both.
struct GitFolder {
    before: Stack,
    after: Stack,
    path: PathBuf,
    /// False when no command wrote anything there.
    is_written: bool,
}

/// What moved.
#[derive(Default)]
pub(super) struct Moved {
    pub(super) head: bool,
    pub(super) refs: BTreeSet<String>,
    pub(super) index: BTreeSet<RepoPath>,
}

/// Compares git's folders of a copy with what they were before any command was run in it.
pub(super) fn compare(copy: &Copy) -> Result<Moved, CopyError> {
    let tree = &copy.pin.made.run.tree;
    let own = folder(copy, &tree.git);
    let shared = (tree.git != tree.common).then(|| folder(copy, &tree.common));
    if !own.is_written && shared.as_ref().is_none_or(|shared| !shared.is_written) {
        return Ok(Moved::default());
    }
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for folder in shared.iter().chain([&own]) {
        before.extend(references(&folder.before, &folder.path)?);
        after.extend(references(&folder.after, &folder.path)?);
    }
    let names: BTreeSet<&Vec<u8>> = before.keys().chain(after.keys()).collect();
    let moved: Vec<&Vec<u8>> = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
    let head = own.path.join("HEAD");
    let (old, new) = (own.before.read(&head)?, own.after.read(&head)?);
    let on_moved = |name: &&Vec<u8>| matches!(&old, Version::File { bytes, .. } if target(bytes) == Some(name));
    let is_other = old != new || moved.iter().any(on_moved);
    let refs = moved.into_iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    Ok(Moved { head: is_other, refs, index: index(&own)? })
}

fn folder(copy: &Copy, folder: &Path) -> GitFolder {
    let (made, run) = (&copy.pin.made, &copy.pin.made.run);
    let outer = run.tree.outer_git().zip(made.git.as_ref()).filter(|(outer, _)| folder.starts_with(outer));
    let (root, before, upper) = match outer {
        Some((outer, pin)) => (outer, Stack::new(vec![pin.clone(), outer.to_owned()], run.mark()), copy.room.git_upper()),
        None => (run.tree.top.as_path(), copy.pin.stack(), copy.room.upper()),
    };
    let path = folder.strip_prefix(root).unwrap_or(Path::new("")).to_owned();
    let written = std::fs::read_dir(upper.join(&path)).map(|mut entries| entries.next().is_some());
    // Where it cannot be told, all is compared.
    let is_written = written.unwrap_or_else(|error| error.kind() != std::io::ErrorKind::NotFound);
    GitFolder { after: before.under(&upper), before, path, is_written }
}

/// The branch that a symbolic `HEAD` names.
fn target(head: &[u8]) -> Option<&[u8]> {
    head.strip_prefix(b"ref:").map(<[u8]>::trim_ascii)
}

/// The references below git's folder at `path`, and what each holds. Of the kind that keeps them in tables, the tables.
fn references(stack: &Stack, path: &Path) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, CopyError> {
    let mut found = BTreeMap::new();
    if let Version::File { bytes, .. } = stack.read(&path.join("packed-refs"))? {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !matches!(line.first(), None | Some(b'#' | b'^')));
        for line in lines {
            if let Some(space) = memchr::memchr(b' ', line) {
                found.insert(line[space + 1..].to_owned(), line[..space].to_owned());
            }
        }
    }
    for folder in ["refs", "reftable"] {
        for file in stack.files_below(&path.join(folder))? {
            if file.extension().is_some_and(|ending| ending == "lock") {
                continue;
            }
            let name = file.strip_prefix(path).unwrap_or(&file).as_os_str().as_encoded_bytes().to_owned();
            match stack.read(&file)? {
                Version::File { bytes, .. } => found.insert(name, bytes.trim_ascii().to_owned()),
                Version::Link { target } => found.insert(name, target),
                Version::Absent => None,
            };
        }
    }
    Ok(found)
}

/// The paths that the two indexes have otherwise.
fn index(folder: &GitFolder) -> Result<BTreeSet<RepoPath>, CopyError> {
    let path = folder.path.join("index");
    let (before, after) = (folder.before.find(&path)?, folder.after.find(&path)?);
    let (before, after) = (before.map(|(at, _)| at), after.map(|(at, _)| at));
    if before == after || folder.before.read(&path)? == folder.after.read(&path)? {
        return Ok(BTreeSet::new());
    }
    let (before, after) = (staged(before.as_deref())?, staged(after.as_deref())?);
    let other = |one: &Staged, two: &Staged| -> Vec<RepoPath> {
        let other = one.iter().filter(|(key, value)| two.get(*key) != Some(value));
        other.filter_map(|((path, _), _)| RepoPath::new(path.clone()).ok()).collect()
    };
    Ok(other(&before, &after).into_iter().chain(other(&after, &before)).collect())
}

fn staged(index: Option<&Path>) -> Result<Staged, CopyError> {
    let Some(path) = index else { return Ok(Staged::new()) };
    let opened = git2::Index::open(path);
    let index = opened.map_err(|error| CopyError::Index { path: path.to_owned(), reason: error.message().to_owned() })?;
    // The stage is in these two bits of an entry's flags.
    Ok(index.iter().map(|entry| ((entry.path, (entry.flags >> 12) & 3), (entry.id, entry.mode))).collect())
}
