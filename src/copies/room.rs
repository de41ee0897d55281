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

    /// The file by whose name it is known how far the last command came. Renaming it takes no room, which there may not be.
    fn stage(&self, stage: Stage) -> PathBuf {
        self.0.join(match stage {
            Stage::New => "new",
            Stage::Outside => "outside",
            Stage::Inside => "inside",
        })
    }

    /// Makes what the first command needs to say how far it came, while there is room.
    pub(super) fn make_ready(&self) -> io::Result<()> {
        fs::write(self.lock(), "")?;
        fs::write(self.stage(Stage::New), "")
    }

    /// Notes that a command is to enter the copy.
    pub(super) fn is_to_enter(&self) -> io::Result<()> {
        let outside = self.stage(Stage::Outside);
        let from = [Stage::New, Stage::Inside].map(|stage| fs::rename(self.stage(stage), &outside));
        if from.iter().any(Result::is_ok) { Ok(()) } else { fs::write(outside, "") }
    }

    /// Notes that it did.
    pub(super) fn has_entered(&self) -> io::Result<()> {
        fs::rename(self.stage(Stage::Outside), self.stage(Stage::Inside))
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
        let text = match fs::read_to_string(self.trouble_file()) {
            Ok(text) if !text.is_empty() => text,
            // Where not even that could be written, a command that never came in is known by this.
            _ if self.stage(Stage::Outside).exists() => {
                let error = fs::write(self.0.join("room"), "room").err();
                let error = error.unwrap_or_else(|| io::Error::other("it did not work"));
                return Some(Unavailable::Refused { call: "enter the copy".to_owned(), error });
            }
            _ => return None,
        };
        let (number, call) = text.split_once(' ')?;
        let error = match number.parse() {
            Ok(0) | Err(_) => io::Error::other("it did not work"),
            Ok(number) => io::Error::from_raw_os_error(number),
        };
        Some(Unavailable::Refused { call: call.to_owned(), error })
    }
}

/// How far a command came.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// None was started.
    New,
    /// It is to enter the copy.
    Outside,
    /// It did.
    Inside,
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
