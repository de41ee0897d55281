//! A file that a person wants a report in: looked at before anything is done, and written at once at the end.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::cure;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stop::{Note, Stop};

/// What a JUnit report begins with.
const XML: [&[u8]; 2] = [b"<?xml", b"<testsuite"];

/// Where a report goes.
pub(super) struct Output {
    path: PathBuf,
    folder: PathBuf,
}

impl Output {
    /// Looks at a file that a person in the folder `here` named: whether it can be written there, and would take nothing's place but an
    /// older report's.
    ///
    /// # Errors
    /// [`Stop::Usage`].
    pub(super) fn at(here: &Path, repo: &Repo, named: &Path) -> Result<Self, Stop> {
        let wrong = |what: &str, help: &str| Err(Stop::Usage(Note::new(format!("{}: {what}", named.display()), help)));
        let path = here.join(named);
        let path = path.canonicalize().unwrap_or(path);
        let other = "name another file for the report";
        if path.metadata().is_ok_and(|there| !there.is_file()) || path.file_name().is_none() {
            return wrong("is no file", other);
        }
        let folder = path.parent().unwrap_or(here).to_owned();
        // By its real name: here may have a link in it.
        let folder = folder.canonicalize().unwrap_or(folder);
        let inside = folder.strip_prefix(repo.top()).ok().map(|folder| folder.join(path.file_name().unwrap_or(OsStr::new(""))));
        if let Some(Ok(inside)) = inside.map(|inside| RepoPath::new(inside.as_os_str().as_bytes()))
            && repo.tip().is_ok_and(|tip| repo.file_in(tip.commit, &inside).is_ok_and(|file| file.is_some()))
        {
            return wrong("git tracks it: a report would take its place", other);
        }
        let output = Self { path, folder };
        output.aside().map(drop).map_err(|error| {
            let help = cure::help(&error, "name a file in a folder that is there and can be written");
            Stop::Usage(Note::new(format!("{}: cannot be written: {error}", named.display()), help))
        })?;
        Ok(output)
    }

    /// Removes an older JUnit report, which must not be taken for that of this run.
    ///
    /// # Errors
    /// [`Stop::Usage`] when something else is there.
    pub(super) fn without_older(self) -> Result<Self, Stop> {
        let is_report = || -> io::Result<bool> {
            let mut begin = Vec::new();
            fs::File::open(&self.path)?.take(64).read_to_end(&mut begin)?;
            Ok(begin.is_empty() || XML.iter().any(|word| begin.trim_ascii_start().starts_with(word)))
        };
        let removed = match is_report() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self),
            Ok(true) => fs::remove_file(&self.path),
            Ok(false) => Err(io::Error::other("it is no JUnit report")),
            Err(error) => Err(error),
        };
        removed.map_err(|error| {
            let message = format!("{}: is not overwritten by the report: {error}", self.path.display());
            Stop::Usage(Note::new(message, "name another file for the report"))
        })?;
        Ok(self)
    }

    /// Writes the report: the file is wholly there, or as it was.
    ///
    /// # Errors
    /// [`Stop::Refused`].
    pub(super) fn write(&self, text: &str) -> Result<(), Stop> {
        let written = self.aside().and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.persist(&self.path).map(drop).map_err(|error| error.error)
        });
        written.map_err(|error| {
            let message = format!("{}: cannot write the report: {error}", self.path.display());
            Stop::Refused(Note::new(message, cure::help(&error, "fix the cause, then ask for it again")))
        })
    }

    /// A file beside it that goes unless it takes its place.
    fn aside(&self) -> io::Result<NamedTempFile> {
        // As any new file: what the user's mask leaves of it.
        Builder::new().prefix(".migrate-report-").permissions(Permissions::from_mode(0o666)).tempfile_in(&self.folder)
    }
}
