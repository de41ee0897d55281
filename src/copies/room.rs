//! One copy's folder: what is where in it, and what the process that enters the copy is told by it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::copies::error::Unavailable;
use crate::copies::run::How;
use crate::cure;

/// The folder of one copy.
#[derive(Debug)]
pub(super) struct Room(PathBuf);

impl Room {
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// What shows above the tree, and what the overlay needs beside it.
    pub(super) fn upper(&self) -> PathBuf {
        self.0.join("upper")
    }

    pub(super) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// The same for git's folder where it is elsewhere.
    pub(super) fn git_upper(&self) -> PathBuf {
        self.0.join("git-upper")
    }

    pub(super) fn git_work(&self) -> PathBuf {
        self.0.join("git-work")
    }

    /// Held while a command is in the copy.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The file that says what is to be mounted.
    pub(super) fn spec(&self) -> PathBuf {
        self.0.join("spec")
    }

    fn trouble_file(&self) -> PathBuf {
        self.0.join("trouble")
    }

    /// Writes down why the copy could not be entered.
    pub(super) fn note_trouble(&self, why: &Unavailable) -> io::Result<()> {
        let (call, number) = match why {
            Unavailable::Refused { call, error } => (call.clone(), cure::number(error).map_or(0, |errno| errno.raw_os_error())),
            other => (other.to_string(), 0),
        };
        fs::write(self.trouble_file(), format!("{number} {call}"))
    }

    /// Why the copy could not be entered, if that was so.
    pub(super) fn trouble(&self) -> Option<Unavailable> {
        let text = fs::read_to_string(self.trouble_file()).ok()?;
        let (number, call) = text.split_once(' ')?;
        let error = match number.parse() {
            Ok(0) | Err(_) => io::Error::other("it did not work"),
            Ok(number) => io::Error::from_raw_os_error(number),
        };
        Some(Unavailable::Refused { call: call.to_owned(), error })
    }
}

/// What is to be mounted, apart from the copy's own layers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) how: How,
    pub(super) top: PathBuf,
    pub(super) pin: PathBuf,
    /// Git's folder and its pin, where it is not in the tree.
    pub(super) git: Option<(PathBuf, PathBuf)>,
}

impl Spec {
    /// The folders that are covered, in the order in which they can be uncovered.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.top.as_path()).chain(self.git.as_ref().map(|(outer, _)| outer.as_path()))
    }

    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let git = self.git.as_ref().map(|(outer, pin)| [outer, pin]);
        let paths = [&self.top, &self.pin].into_iter().chain(git.into_iter().flatten());
        let mut text = self.how.name().as_bytes().to_owned();
        for path in paths {
            text.push(0);
            text.extend_from_slice(path.as_os_str().as_bytes());
        }
        fs::write(file, text)
    }

    pub(super) fn read(file: &Path) -> Result<Self, Unavailable> {
        let refused = |error| Unavailable::refused(format!("read {}", file.display()))(error);
        let text = fs::read(file).map_err(refused)?;
        let fields: Vec<&OsStr> = text.split(|byte| *byte == 0).map(OsStr::from_bytes).collect();
        let (how, top, pin, git) = match fields[..] {
            [how, top, pin] => (how, top, pin, None),
            [how, top, pin, outer, git] => (how, top, pin, Some((outer.into(), git.into()))),
            _ => return Err(refused(io::ErrorKind::InvalidData.into())),
        };
        let how = How::named(how).ok_or_else(|| refused(io::ErrorKind::InvalidData.into()))?;
        Ok(Self { how, top: top.into(), pin: pin.into(), git })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_for_the_child_is_read_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::at(folder.path());
        for (how, git) in [(How::Root, None), (How::User, Some(("/g,:\\\n".into(), "/p".into())))] {
            let spec = Spec { how, top: "/a b\n".into(), pin: "/pin".into(), git };
            spec.write(&room.spec()).unwrap();
            assert_eq!(Spec::read(&room.spec()).unwrap(), spec);
        }
        fs::write(room.spec(), "odd").unwrap();
        assert!(Spec::read(&room.spec()).is_err());
    }

    #[test]
    fn trouble_keeps_its_call_and_the_systems_word() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::at(folder.path());
        assert!(room.trouble().is_none());
        let why = Unavailable::refused("mount an overlay at /x y")(io::Error::from_raw_os_error(1));
        room.note_trouble(&why).unwrap();
        assert_eq!(room.trouble().unwrap().to_string(), why.to_string());
    }
}
