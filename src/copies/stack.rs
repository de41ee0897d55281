//! Layers lying on each other, read without a mount: what shows at a path, as an overlay of them would have it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::copies::Version;
use crate::copies::error::CopyError;

/// Folders, topmost first; the last is no layer of ours, so nothing in it hides what is below.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    layers: Vec<PathBuf>,
    /// The attribute of folders that hide what lower layers have below them.
    mark: &'static str,
}

/// What one layer says of a path.
enum InLayer {
    /// It is there; `closed` when layers below have no part in it.
    Here { at: PathBuf, stat: Box<Metadata>, closed: bool },
    /// It is not there, nor is it in the layers below.
    Hidden,
    /// Nothing.
    Silent,
}

impl Stack {
    pub(super) fn new(layers: Vec<PathBuf>, mark: &'static str) -> Self {
        Self { layers, mark }
    }

    /// The same with one more on top.
    pub(super) fn under(&self, layer: &Path) -> Self {
        let layers = std::iter::once(layer.to_owned()).chain(self.layers.iter().cloned()).collect();
        Self { layers, mark: self.mark }
    }

    /// Where the entry at `path` is kept, if there is one. No link is followed.
    pub(super) fn find(&self, path: &Path) -> Result<Option<(PathBuf, Metadata)>, CopyError> {
        for nth in 0..self.layers.len() {
            match self.in_layer(nth, path)? {
                InLayer::Here { at, stat, .. } => return Ok(Some((at, *stat))),
                InLayer::Hidden => return Ok(None),
                InLayer::Silent => {}
            }
        }
        Ok(None)
    }

    /// The file or link at `path`; anything else is as good as absent.
    pub(super) fn read(&self, path: &Path) -> Result<Version, CopyError> {
        match self.find(path)? {
            Some((at, stat)) => version_of(&at, &stat),
            None => Ok(Version::Absent),
        }
    }

    /// The names in the folder at `path`; none when it is no folder.
    pub(super) fn names(&self, path: &Path) -> Result<BTreeSet<OsString>, CopyError> {
        let (mut names, mut hidden) = (BTreeSet::new(), BTreeSet::new());
        for nth in 0..self.layers.len() {
            match self.in_layer(nth, path)? {
                InLayer::Here { at, stat, closed } if stat.is_dir() => {
                    for entry in entries(&at)? {
                        match self.is_ours(nth) && is_whiteout(&entry.stat) {
                            true => hidden.insert(entry.name),
                            false => !hidden.contains(&entry.name) && names.insert(entry.name),
                        };
                    }
                    if closed {
                        break;
                    }
                }
                InLayer::Here { .. } | InLayer::Hidden => break,
                InLayer::Silent => {}
            }
        }
        Ok(names)
    }

    /// The files and links below `path`, and `path` itself if it is one.
    pub(super) fn files_below(&self, path: &Path) -> Result<Vec<PathBuf>, CopyError> {
        let (mut files, mut left) = (Vec::new(), vec![path.to_owned()]);
        while let Some(path) = left.pop() {
            match self.find(&path)? {
                Some((_, stat)) if stat.is_dir() => left.extend(self.names(&path)?.iter().map(|name| path.join(name))),
                Some((_, stat)) if stat.is_file() || stat.is_symlink() => files.push(path),
                _ => {}
            }
        }
        Ok(files)
    }

    fn is_ours(&self, nth: usize) -> bool {
        nth + 1 < self.layers.len()
    }

    fn in_layer(&self, nth: usize, path: &Path) -> Result<InLayer, CopyError> {
        let ours = self.is_ours(nth);
        let mut at = self.layers[nth].clone();
        let mut closed = false;
        let mut parts = path.components().peekable();
        loop {
            let stat = match fs::symlink_metadata(&at) {
                Ok(stat) => stat,
                Err(error) if error.kind() == io::ErrorKind::NotFound && !closed => return Ok(InLayer::Silent),
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Ok(InLayer::Hidden);
                }
                Err(error) => return Err(CopyError::io("look at", at)(error)),
            };
            if ours && is_whiteout(&stat) {
                return Ok(InLayer::Hidden);
            }
            closed |= ours && stat.is_dir() && is_opaque(&at, self.mark)?;
            match parts.next() {
                None => return Ok(InLayer::Here { at, stat: Box::new(stat), closed }),
                Some(_) if !stat.is_dir() => return Ok(InLayer::Hidden),
                Some(part) => at.push(part),
            }
        }
    }
}

/// An entry of one layer's folder.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) stat: Metadata,
}

/// What one layer has in a folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<Entry>, CopyError> {
    let io = |error| CopyError::io("list", folder)(error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        match entry.metadata() {
            Ok(stat) => entries.push(Entry { name: entry.file_name(), stat }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CopyError::io("look at", entry.path())(error)),
        }
    }
    Ok(entries)
}

/// True for what hides an entry of the layers below.
pub(super) fn is_whiteout(stat: &Metadata) -> bool {
    stat.file_type().is_char_device() && stat.rdev() == 0
}

/// True for a folder that hides all that the layers below have in it.
pub(super) fn is_opaque(folder: &Path, mark: &str) -> Result<bool, CopyError> {
    use rustix::io::Errno;
    let mut value = [0; 1];
    match rustix::fs::lgetxattr(folder, mark, &mut value[..]) {
        Ok(length) => Ok(length == 1 && value == *b"y"),
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOENT | Errno::RANGE) => Ok(false),
        Err(errno) => Err(CopyError::io("look at", folder)(errno.into())),
    }
}

/// The version that a file is, wherever it is kept.
pub(super) fn version_of(at: &Path, stat: &Metadata) -> Result<Version, CopyError> {
    if stat.is_symlink() {
        let target = fs::read_link(at).map_err(CopyError::io("read", at))?;
        return Ok(Version::Link { target: target.into_os_string().into_vec() });
    }
    if !stat.is_file() {
        return Ok(Version::Absent);
    }
    match fs::read(at) {
        Ok(bytes) => Ok(Version::File { bytes, executable: stat.permissions().mode() & 0o100 != 0 }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Version::Absent),
        Err(error) => Err(CopyError::io("read", at)(error)),
    }
}
