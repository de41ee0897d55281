//! Writing a layer: files as they shall show, and what hides those that shall not.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::copies::Version;
use crate::copies::error::CopyError;
use crate::copies::kernel::whiteout;
use crate::copies::scratch::remove_all;
use crate::copies::stack::{Stack, is_whiteout};
use crate::path::RepoPath;

/// A layer in the making.
pub(super) struct Layer<'a> {
    root: PathBuf,
    below: &'a Stack,
    mark: &'static str,
    /// Folders that get the mode of the one below them once all is in them.
    made: Vec<(PathBuf, Metadata)>,
}

impl<'a> Layer<'a> {
    /// A new and empty layer at `root`, whose top looks like `like`: what an overlay shows of its top is that of the upper layer.
    pub(super) fn create(root: &Path, like: &Path, below: &'a Stack, mark: &'static str) -> Result<Self, CopyError> {
        create_folder(root)?;
        let stat = fs::symlink_metadata(like).map_err(CopyError::io("look at", like))?;
        Ok(Self { root: root.to_owned(), below, mark, made: vec![(root.to_owned(), stat)] })
    }

    /// One that is there, to be changed while no overlay uses it.
    pub(super) fn open(root: &Path, below: &'a Stack, mark: &'static str) -> Self {
        Self { root: root.to_owned(), below, mark, made: Vec::new() }
    }

    /// Takes away what this layer has at `path`, if anything.
    pub(super) fn remove(&self, path: &Path) -> Result<(), CopyError> {
        let at = self.root.join(path);
        let removed = match fs::remove_file(&at) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => remove_all(&at),
            removed => removed,
        };
        match removed {
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(CopyError::io("remove", at)(error))
            }
            _ => Ok(()),
        }
    }

    /// Puts all of `files` in their places. Gives what is hidden beyond those of them that are absent: bytecode that CPython might
    /// take for theirs, and folders that nothing is left in.
    pub(super) fn put_all(&mut self, files: &BTreeMap<RepoPath, Version>) -> Result<BTreeSet<PathBuf>, CopyError> {
        for (path, version) in files {
            let within = |version: &Version| !matches!(version, Version::Absent);
            let behind = || path.as_path().ancestors().skip(1).filter_map(|folder| file_at(files, folder)).any(within);
            if matches!(version, Version::Absent) && behind() {
                continue;
            }
            self.put(path.as_path(), version)?;
        }
        let mut hidden = BTreeSet::new();
        for path in files.keys() {
            let cached = self.bytecode_of(path.as_path())?;
            for bytecode in cached.into_iter().filter(|bytecode| file_at(files, bytecode).is_none()) {
                self.hide(&bytecode)?;
                hidden.insert(bytecode);
            }
        }
        let shown = self.below.under(&self.root);
        for (path, _) in files.iter().filter(|(_, version)| matches!(version, Version::Absent)) {
            for folder in path.as_path().ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
                let at = self.root.join(folder);
                if !at.is_dir() || !shown.names(folder)?.is_empty() {
                    break;
                }
                remove_all(&at).map_err(CopyError::io("remove", &at))?;
                self.made.retain(|(made, _)| !made.starts_with(&at));
                whiteout(&at).map_err(CopyError::io("hide", &at))?;
                hidden.insert(folder.to_owned());
            }
        }
        Ok(hidden)
    }

    /// Puts one entry in its place.
    pub(super) fn put(&mut self, path: &Path, version: &Version) -> Result<(), CopyError> {
        if matches!(version, Version::Absent) {
            return self.hide(path);
        }
        self.make_parents(path)?;
        let at = self.root.join(path);
        let like = self.below.find(path)?.map(|(_, stat)| stat).filter(Metadata::is_file);
        match version {
            Version::File { bytes, executable } => write_file(&at, bytes, *executable, like.as_ref()),
            Version::Link { target } => symlink(OsStr::from_bytes(target), &at).and_then(|()| keep_owner(&at, like.as_ref())),
            Version::Absent => Ok(()),
        }
        .map_err(CopyError::io("write", at))
    }

    /// Hides what the layers below have at `path`, or may come to have.
    pub(super) fn hide(&mut self, path: &Path) -> Result<(), CopyError> {
        self.make_parents(path)?;
        let at = self.root.join(path);
        whiteout(&at).map_err(CopyError::io("hide", at))
    }

    /// Copies a file or link as it is, its time included.
    pub(super) fn copy_as_is(&mut self, from: &Path, stat: &Metadata, path: &Path) -> Result<(), CopyError> {
        self.make_parents(path)?;
        let at = self.root.join(path);
        if stat.is_symlink() {
            let target = fs::read_link(from).map_err(CopyError::io("read", from))?;
            return symlink(target, &at).map_err(CopyError::io("write", at));
        }
        let copied = fs::copy(from, &at).and_then(|_| keep_owner(&at, Some(stat)));
        let timed = copied.and_then(|()| File::open(&at)?.set_modified(stat.modified()?));
        timed.map_err(CopyError::io("copy", from))
    }

    /// Makes a folder that hides all that layers below have in it.
    pub(super) fn make_opaque(&mut self, path: &Path) -> Result<(), CopyError> {
        self.make_parents(&path.join("x"))?;
        mark_opaque(&self.root.join(path), self.mark)
    }

    /// Gives the folders their modes. To be called last.
    pub(super) fn finish(&mut self) -> Result<(), CopyError> {
        for (at, like) in self.made.drain(..).rev() {
            let mode = fs::Permissions::from_mode(like.permissions().mode() & 0o7777);
            let kept = keep_owner(&at, Some(&like)).and_then(|()| fs::set_permissions(&at, mode));
            kept.map_err(CopyError::io("set the mode of", at))?;
        }
        Ok(())
    }

    fn make_parents(&mut self, path: &Path) -> Result<(), CopyError> {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
        folders.reverse();
        for folder in folders {
            let at = self.root.join(folder);
            match fs::symlink_metadata(&at) {
                Ok(stat) if is_whiteout(&stat) => {
                    fs::remove_file(&at).map_err(CopyError::io("replace", &at))?;
                    create_folder(&at)?;
                    mark_opaque(&at, self.mark)?;
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    create_folder(&at)?;
                    match self.below.find(folder)? {
                        Some((_, stat)) if stat.is_dir() => self.made.push((at, stat)),
                        _ => {
                            let open = fs::Permissions::from_mode(0o755);
                            fs::set_permissions(&at, open).map_err(CopyError::io("set the mode of", &at))?;
                        }
                    }
                }
                Err(error) => return Err(CopyError::io("look at", at)(error)),
            }
        }
        Ok(())
    }

    /// What CPython has cached of the source at `path` in the layers below.
    fn bytecode_of(&self, path: &Path) -> Result<Vec<PathBuf>, CopyError> {
        let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else { return Ok(Vec::new()) };
        let Some(stem) = name.as_bytes().strip_suffix(b".py") else { return Ok(Vec::new()) };
        let cache = folder.join("__pycache__");
        let is_of = |name: &OsStr| {
            let rest = name.as_bytes().strip_prefix(stem);
            rest.is_some_and(|rest| rest.starts_with(b".") && rest.ends_with(b".pyc"))
        };
        Ok(self.below.names(&cache)?.iter().filter(|name| is_of(name)).map(|name| cache.join(name)).collect())
    }
}

fn file_at<'f>(files: &'f BTreeMap<RepoPath, Version>, path: &Path) -> Option<&'f Version> {
    RepoPath::new(path.as_os_str().as_bytes()).ok().and_then(|path| files.get(&path))
}

/// A folder that only its owner may enter, until it gets its mode.
pub(super) fn create_folder(at: &Path) -> Result<(), CopyError> {
    DirBuilder::new().mode(0o700).create(at).map_err(CopyError::io("make", at))
}

fn mark_opaque(at: &Path, mark: &str) -> Result<(), CopyError> {
    let marked = rustix::fs::lsetxattr(at, mark, b"y", rustix::fs::XattrFlags::empty());
    marked.map_err(|errno| CopyError::io("mark", at)(errno.into()))
}

/// Python takes cached bytecode for current when size and second of the source are the same: the file that is hidden and the one
/// that shows must not agree in both.
fn write_file(at: &Path, bytes: &[u8], executable: bool, like: Option<&Metadata>) -> io::Result<()> {
    let mode = if executable { 0o777 } else { 0o666 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(at)?;
    file.write_all(bytes)?;
    let Some(like) = like else { return Ok(()) };
    keep_owner(at, Some(like))?;
    let old = like.permissions().mode() & 0o777;
    // As git does it: who may read it may execute it.
    let mode = if executable { old | ((old & 0o444) >> 2) } else { old & !0o111 };
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    let second = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (now, before) = (SystemTime::now(), like.modified()?);
    match second(now) > second(before) {
        true => Ok(()),
        false => file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second(before).saturating_add(1))),
    }
}

/// Only root can make files of others, and for others there are none.
fn keep_owner(at: &Path, like: Option<&Metadata>) -> io::Result<()> {
    let Some(like) = like else { return Ok(()) };
    let own = fs::symlink_metadata(at)?;
    match (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        true => Ok(()),
        false => lchown(at, Some(like.uid()), Some(like.gid())),
    }
}
