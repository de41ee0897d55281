//! Setting a branch that is locked, synced, and logged without syncing the log.
//!
//! libgit2 syncs what it appends to the logs of the branch and of HEAD, each with its folder: four waits for the disk per commit, for
//! lines that git itself never syncs. What it is asked for here is the lock; the rest is a file renamed into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use git2::Oid;

use crate::fault;
use crate::repo::identity::Person;
use crate::repo::{Repo, RepoProblem, Tip};

impl Repo {
    /// Writes aside what the branch is to hold, and says where it must be synced before anything announces `commit`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_branch_aside(&self, commit: Oid) -> Result<PathBuf, RepoProblem> {
        let new = self.branch_aside();
        fs::write(&new, content(commit)).and_then(|()| self.settings.shared.adjust(&new)).map_err(RepoProblem::Branch)?;
        Ok(new)
    }

    fn branch_aside(&self) -> PathBuf {
        self.state_folder().join("branch.new")
    }

    /// Makes the branch of `tip`, whose lock the caller holds, name `commit`. False when the branch must be left to libgit2; nothing
    /// is changed then. A crash leaves the old commit or the new one, and perhaps a line too many in the logs.
    ///
    /// # Errors
    /// When the system refuses; unless the last sync failed, the branch is as it was.
    pub(super) fn set_locked_branch(&self, tip: &Tip, commit: Oid, log: &str, who: &Person) -> Result<bool, RepoProblem> {
        let common = self.inner.commondir();
        let logs = [common.join("logs").join(&tip.branch), self.git_dir.join("logs/HEAD")];
        let file = common.join(&tip.branch);
        let Some(folder) = file.parent().filter(|_| tip.branch.starts_with("refs/heads/")) else { return Ok(false) };
        let device = |path: &Path| path.metadata().map(|path| path.dev()).ok();
        // A folder in the place of a log is left from branches that are gone.
        if device(folder) != device(&self.state_folder()) || logs.iter().any(|log| log.is_dir()) {
            return Ok(false);
        }
        self.refuse_linked_branch(&tip.branch)?;
        self.set_file(&file, folder, commit, &logs, &log_line(tip.commit, commit, log, who)).map_err(RepoProblem::Branch)?;
        Ok(true)
    }

    /// Gives what libgit2 wrote to set the branch the modes that git would have given it.
    pub(super) fn share_branch(&self, tip: &Tip) -> Result<(), RepoProblem> {
        let folder = if tip.branch == "HEAD" { &self.git_dir } else { self.inner.commondir() };
        let files = [folder.join(&tip.branch), folder.join("logs").join(&tip.branch), self.git_dir.join("logs/HEAD")];
        let mut there = files.iter().filter(|file| file.exists());
        there.try_for_each(|file| self.settings.shared.adjust(file)).map_err(RepoProblem::Branch)
    }

    fn set_file(&self, file: &Path, folder: &Path, commit: Oid, logs: &[PathBuf], line: &[u8]) -> io::Result<()> {
        let new = self.branch_aside();
        // When it holds the commit already it was synced before the commit was announced.
        if fs::read(&new).ok().as_deref() != Some(content(commit).as_bytes()) {
            let mut written = File::create(&new)?;
            written.write_all(content(commit).as_bytes())?;
            self.settings.shared.adjust(&new)?;
            written.sync_all()?;
        }
        for log in logs {
            self.log(log, line)?;
        }
        fault::point("land: branch logged");
        fs::rename(&new, file)?;
        fault::point("land: branch set");
        File::open(folder)?.sync_all()
    }

    /// Appends a line to a log that is there, or that git would begin.
    fn log(&self, path: &Path, line: &[u8]) -> io::Result<()> {
        let begins = self.settings.begins_logs;
        if begins && let Some(folder) = path.parent() {
            self.make_folders(folder)?;
        }
        match OpenOptions::new().append(true).create(begins).open(path) {
            Ok(mut file) => self.settings.shared.adjust(path).and_then(|()| file.write_all(line)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !begins => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folders(above)?;
        }
        match fs::create_dir(folder) {
            Ok(()) => self.settings.shared.adjust(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn content(commit: Oid) -> String {
    format!("{commit}\n")
}

fn log_line(old: Oid, new: Oid, log: &str, who: &Person) -> Vec<u8> {
    let mut line = format!("{old} {new} ").into_bytes();
    line.extend_from_slice(&who.signed_now());
    line.extend_from_slice(format!("\t{}\n", log.replace(['\n', '\r'], " ")).as_bytes());
    line
}
