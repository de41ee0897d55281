//! Setting a branch under git's lock, synced, and logged without syncing the log.
//!
//! libgit2 syncs what it appends to the logs of the branch and of HEAD, each with its folder: four waits for the disk per commit, for
//! lines that git itself never syncs. And its lock is an empty file, which nobody can tell from another's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use git2::Oid;

use crate::fault;
use crate::fs::named;
use crate::repo::identity::Person;
use crate::repo::inflight::{is_same, write_anew};
use crate::repo::{Repo, RepoProblem, Tip};

impl Repo {
    /// Writes aside what the branch is to hold, and says where it must be synced before anything announces `commit`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_branch_aside(&self, commit: Oid) -> Result<PathBuf, RepoProblem> {
        let new = self.branch_aside();
        // Never in place: it may be a second name of the branch, as it is after each commit.
        let written = write_anew(&new, content(commit).as_bytes()).and_then(|()| self.settings.shared.adjust(&new));
        written.map_err(|error| failed("write", &new, &error))?;
        Ok(new)
    }

    fn branch_aside(&self) -> PathBuf {
        self.state_folder().join("branch.new")
    }

    /// The file of a branch, or of a HEAD that is on none.
    fn branch_file(&self, branch: &str) -> PathBuf {
        if branch == "HEAD" { self.git_dir.join(branch) } else { self.inner.commondir().join(branch) }
    }

    /// Makes the branch of `tip` name `commit` under git's lock. False when that must be left to libgit2; nothing is changed then.
    ///
    /// The lock is a link to the file written aside: it is never there without its whole content, and one that a killed run left is
    /// known by being the same file ([`Repo::clear_own_branch_lock`]). A crash leaves the old commit or the new one, and perhaps a
    /// line too many in the logs.
    ///
    /// # Errors
    /// When the lock is taken, HEAD is not where `tip` says, or the system refuses; unless the last sync failed, the branch is as it
    /// was.
    pub(super) fn set_branch(&self, tip: &Tip, commit: Oid, log: &str, who: &Person) -> Result<bool, RepoProblem> {
        let (file, new) = (self.branch_file(&tip.branch), self.branch_aside());
        let mut logs = vec![self.git_dir.join("logs/HEAD")];
        if tip.branch != "HEAD" {
            logs.push(self.inner.commondir().join("logs").join(&tip.branch));
        }
        let Some(folder) = file.parent().filter(|_| tip.branch == "HEAD" || tip.branch.starts_with("refs/heads/")) else {
            return Ok(false);
        };
        // A folder in the place of a log is left from branches that are gone.
        if logs.iter().any(|log| log.is_dir()) {
            return Ok(false);
        }
        self.refuse_linked_branch(&tip.branch)?;
        // When it holds the commit already it was synced before the commit was announced.
        if fs::read(&new).ok().as_deref() != Some(content(commit).as_bytes()) {
            let new = self.write_branch_aside(commit)?;
            File::open(&new).and_then(|new| new.sync_all()).map_err(|error| failed("sync", &new, &error))?;
        }
        let lock = lock_of(&file);
        let link = || fs::hard_link(&new, &lock);
        let linked = link().or_else(|error| match error.kind() {
            // The branch is in packed-refs only.
            io::ErrorKind::NotFound => self.make_folders(folder).and_then(|()| link()),
            _ => Err(error),
        });
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(RepoProblem::Locked(lock)),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(failed("lock", &file, &error)),
            // A file system without hard links, or our folder is on another one.
            Err(_) => return Ok(false),
        }
        fault::point("land: branch locked");
        // The lock is held from here on: what is compared now is what is set.
        let line = log_line(tip.commit, commit, log, who);
        let set = self.still_at(tip).and_then(|()| {
            logs.iter().try_for_each(|log| self.log(log, &line).map_err(|error| failed("write", log, &error)))?;
            fault::point("land: branch logged");
            fs::rename(&lock, &file).map_err(|error| failed("rename a file to", &file, &error))
        });
        if let Err(problem) = set {
            fs::remove_file(&lock).map_err(|error| failed("remove", &lock, &error))?;
            return Err(problem);
        }
        fault::point("land: branch set");
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed("sync", folder, &error))?;
        Ok(true)
    }

    /// Removes the lock of `branch` that a killed run left: the one that is our own file. Must be called by the holder of the run's
    /// lock only.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn clear_own_branch_lock(&self, branch: &str) -> Result<(), RepoProblem> {
        let lock = lock_of(&self.branch_file(branch));
        if is_same(&lock, &self.branch_aside()) {
            fs::remove_file(&lock).map_err(|error| failed("remove", &lock, &error))?;
        }
        Ok(())
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

    /// Gives what libgit2 wrote to set the branch the modes that git would have given it.
    pub(super) fn share_branch(&self, tip: &Tip) -> Result<(), RepoProblem> {
        let logs = self.inner.commondir().join("logs").join(&tip.branch);
        let files = [self.branch_file(&tip.branch), logs, self.git_dir.join("logs/HEAD")];
        let mut there = files.iter().filter(|file| file.exists());
        there.try_for_each(|file| self.settings.shared.adjust(file).map_err(|error| failed("change the mode of", file, &error)))
    }

    /// Makes a folder of references or logs, with those above it, as git makes it.
    pub(super) fn make_folders(&self, folder: &Path) -> io::Result<()> {
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

fn lock_of(file: &Path) -> PathBuf {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    lock.into()
}

fn failed(act: &str, path: &Path, error: &io::Error) -> RepoProblem {
    RepoProblem::Branch(named(act, path, error))
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
