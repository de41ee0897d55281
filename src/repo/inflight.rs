//! What is in flight, kept from `git gc` and `git prune` by references of this work tree's own, below `refs/migrate/ID/`.
//!
//! References are shared between the work trees of a repository, this tool's lock and journal are not: so each work tree has an ID,
//! and only what stands below it is ever written or removed. A reference is written aside in our own folder, synced together with
//! the objects that it shall keep, and then put in its place under git's own lock, which is a link to the same file: it is never
//! there half written, and a lock that a killed run left is known for ours. Its name is not synced: after a power failure objects
//! that young have nothing to fear.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use git2::{ErrorCode, ObjectType, Oid};

use crate::fault;
use crate::fs::{named, random};
use crate::repo::{Repo, RepoProblem};

/// Where all such references are.
const ROOT: &str = "refs/migrate";
/// How long somebody else may hold a reference's lock, or that of the packed ones.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a reference keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The bytes of files before and after, as they are on disk.
    Files,
    /// The commit to come.
    Commit,
    /// What external codemods made of the files of the unit that is judged: they may answer otherwise the next time.
    Drafts,
}

impl Hold {
    const ALL: [Self; 3] = [Self::Files, Self::Commit, Self::Drafts];

    fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Commit => "commit",
            Self::Drafts => "drafts",
        }
    }
}

impl Repo {
    /// Fails where references of others keep this tool from having its own.
    ///
    /// # Errors
    /// [`RepoProblem::Taken`], by name.
    pub fn refuse_taken_refs(&self) -> Result<(), RepoProblem> {
        let own = self.own_id()?.map(|id| format!("{ROOT}/{id}"));
        for name in [Some(ROOT.to_owned()), own].into_iter().flatten() {
            let file = self.inner.commondir().join(&name).symlink_metadata();
            if file.is_ok_and(|file| !file.is_dir()) || self.inner.find_reference(&name).is_ok() {
                return Err(RepoProblem::Taken(name));
            }
        }
        Ok(())
    }

    /// The one object that keeps all of `blobs`; `None` when there are none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keeper(&self, blobs: &[Oid]) -> Result<Option<Oid>, RepoProblem> {
        match blobs {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            blobs => {
                let mut tree = Vec::new();
                for (nth, blob) in blobs.iter().enumerate() {
                    // As wide as the last, so that the names are in git's order.
                    tree.extend_from_slice(format!("100644 {nth:08}\0").as_bytes());
                    tree.extend_from_slice(blob.as_bytes());
                }
                Ok(Some(self.write_object(ObjectType::Tree, &tree)?))
            }
        }
    }

    /// Writes aside a reference to `object`, and says where it must be synced before [`Repo::hold`] puts it in its place.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_hold_aside(&self, object: Oid) -> Result<PathBuf, RepoProblem> {
        let aside = self.state_folder().join("ref.new");
        write_anew(&aside, format!("{object}\n").as_bytes()).map_err(|error| unheld("write", &aside, &error))?;
        Ok(aside)
    }

    /// Puts the reference that was written to `aside` and synced in its place.
    ///
    /// # Errors
    /// [`RepoProblem::Taken`] when something of others is in the way, and when the system refuses.
    pub fn hold(&self, what: Hold, aside: &Path) -> Result<(), RepoProblem> {
        let id = match self.own_id()? {
            Some(id) => id,
            None => self.new_id().map_err(|error| unheld("write an ID into", &self.state_folder(), &error))?,
        };
        let folder = self.inner.commondir().join(ROOT).join(&id);
        let (file, lock) = (folder.join(what.name()), folder.join(format!("{}.lock", what.name())));
        let patience = Instant::now() + PATIENCE;
        let link = || fs::hard_link(aside, &lock).or_else(|error| if links(&error) { Err(error) } else { copy(aside, &lock) });
        loop {
            match link() {
                Ok(()) => break,
                // git removes folders of references that it has packed.
                Err(error) if error.kind() == io::ErrorKind::NotFound && Instant::now() < patience => {
                    self.make_folders(&folder).map_err(|error| self.in_the_way("make", &folder, &error))?;
                }
                // `git pack-refs` holds each lock for an instant.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && Instant::now() < patience => {
                    sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(self.in_the_way("make", &lock, &error)),
            }
        }
        if let Err(error) = fs::rename(&lock, &file) {
            fs::remove_file(&lock).map_err(|error| unheld("remove", &lock, &error))?;
            return Err(self.in_the_way("rename a file to", &file, &error));
        }
        fault::point("hold: in its place");
        Ok(())
    }

    /// Removes this work tree's own references, but for that of drafts: what they kept has landed, or is of no more use.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn let_go(&self) -> Result<(), RepoProblem> {
        self.remove_refs(&[Hold::Files, Hold::Commit])
    }

    /// Removes the reference that keeps drafts: the unit has ended.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn let_drafts_go(&self) -> Result<(), RepoProblem> {
        self.remove_refs(&[Hold::Drafts])
    }

    fn remove_refs(&self, holds: &[Hold]) -> Result<(), RepoProblem> {
        let Some(id) = self.own_id()? else { return Ok(()) };
        for what in holds {
            let file = self.inner.commondir().join(ROOT).join(&id).join(what.name());
            match fs::remove_file(&file) {
                Err(error) if !is_absent(&error) => return Err(unheld("remove", &file, &error)),
                _ => {}
            }
        }
        let packing = self.inner.commondir().join("packed-refs.lock");
        let patience = Instant::now() + PATIENCE;
        // Who packs references may have read ours before it went. What has to be left now goes the next time.
        while packing.exists() && Instant::now() < patience {
            sleep(Duration::from_millis(5));
        }
        for what in holds {
            if let Ok(mut packed) = self.inner.find_reference(&format!("{ROOT}/{id}/{}", what.name())) {
                match packed.delete() {
                    Err(error) if error.code() != ErrorCode::Locked => return Err(error.into()),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Removes the locks of this work tree's own references that a killed run left: those that are a file of ours.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn clear_own_ref_locks(&self) -> Result<(), RepoProblem> {
        let Some(id) = self.own_id()? else { return Ok(()) };
        for what in Hold::ALL {
            let lock = self.inner.commondir().join(ROOT).join(&id).join(format!("{}.lock", what.name()));
            let ours = ["ref.new", "branch.new"].iter().any(|own| is_same(&lock, &self.state_folder().join(own)));
            if ours {
                fs::remove_file(&lock).map_err(|error| unheld("remove", &lock, &error))?;
            }
        }
        Ok(())
    }

    /// True when all the objects are there, asked of the disk: what this process has read or written may be gone since.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn are_there(&self, objects: &[Oid]) -> Result<bool, RepoProblem> {
        let store = self.store();
        let is_file = |name: &str| store.join(&name[..2]).join(&name[2..]).exists();
        let packed: Vec<String> = objects.iter().map(ToString::to_string).filter(|name| !is_file(name)).collect();
        if packed.is_empty() {
            return Ok(true);
        }
        // What is not a file of its own may be in a pack, which git has to tell.
        let said = self.git().ask(&["cat-file", "--batch-check"], (packed.join("\n") + "\n").as_bytes())?;
        Ok(!said.split(|byte| *byte == b'\n').any(|line| line.ends_with(b" missing")))
    }

    /// The ID of this work tree, if it has one yet.
    fn own_id(&self) -> Result<Option<String>, RepoProblem> {
        let file = self.state_folder().join("id");
        match fs::read_to_string(&file) {
            Ok(text) => {
                let id = text.trim();
                Ok((id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unheld("read", &file, &error)),
        }
    }

    /// Gives this work tree an ID that no other has.
    fn new_id(&self) -> io::Result<String> {
        let id = random()?;
        let (new, file) = (self.state_folder().join("id.new"), self.state_folder().join("id"));
        write_anew(&new, format!("{id}\n").as_bytes())?;
        File::open(&new)?.sync_all()?;
        fs::rename(&new, &file)?;
        File::open(self.state_folder())?.sync_all()?;
        Ok(id)
    }

    /// Why a reference of our own could not be written: that another's stands in the way is said by its name.
    fn in_the_way(&self, act: &str, file: &Path, error: &io::Error) -> RepoProblem {
        match self.refuse_taken_refs() {
            Err(taken @ RepoProblem::Taken(_)) => taken,
            _ => unheld(act, file, error),
        }
    }
}

fn unheld(act: &str, file: &Path, error: &io::Error) -> RepoProblem {
    RepoProblem::Unheld(named(act, file, error))
}

/// Writes a file that shares nothing with one that was there before.
pub(super) fn write_anew(file: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(file)?.write_all(bytes)
}

/// Writes a synced copy, for a file system that gives no file a second name.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let bytes = fs::read(from)?;
    let mut copy = File::create_new(to)?;
    copy.write_all(&bytes)?;
    copy.sync_all()
}

/// True when a failed link says something of the names, and not that there are no links here.
fn links(error: &io::Error) -> bool {
    is_absent(error) || matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::StorageFull)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// True when both names are there and stand for the same file.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| path.symlink_metadata().ok().map(|file| (file.dev(), file.ino()));
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(top: &Path, args: &[&str]) -> String {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a"])
            .args(args)
            .current_dir(top)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", top)
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn repo() -> (tempfile::TempDir, Repo) {
        let top = tempfile::tempdir().unwrap();
        git(top.path(), &["init", "-q", "."]);
        git(top.path(), &["commit", "-q", "--allow-empty", "-m", "one"]);
        fs::create_dir(top.path().join(".git/migrate")).unwrap();
        let repo = Repo::open(top.path()).unwrap();
        (top, repo)
    }

    fn held(repo: &Repo, blobs: &[Oid]) {
        let keeper = repo.keeper(blobs).unwrap().unwrap();
        let aside = repo.write_hold_aside(keeper).unwrap();
        repo.hold(Hold::Files, &aside).unwrap();
    }

    #[test]
    fn what_is_held_survives_a_prune_and_is_gone_after_it_was_let_go() {
        let (top, repo) = repo();
        let blobs: Vec<Oid> = ["a", "b", "c"].map(|text| repo.write_object(ObjectType::Blob, text.as_bytes()).unwrap()).to_vec();
        for kept in [&blobs[..1], &blobs] {
            held(&repo, kept);
            git(top.path(), &["prune", "--expire=now"]);
            assert!(repo.are_there(kept).unwrap(), "{kept:?}");
            assert_eq!(git(top.path(), &["fsck", "--strict", "--no-dangling"]), "");
            // Packed, it must not come back.
            for pack in [false, true] {
                if pack {
                    held(&repo, kept);
                    git(top.path(), &["pack-refs", "--all"]);
                }
                repo.let_go().unwrap();
                assert_eq!(git(top.path(), &["for-each-ref", ROOT]), "", "{pack}");
            }
            git(top.path(), &["prune", "--expire=now"]);
            assert!(!repo.are_there(kept).unwrap());
            blobs.iter().zip(["a", "b", "c"]).for_each(|(blob, text)| {
                assert_eq!(repo.write_object(ObjectType::Blob, text.as_bytes()).unwrap(), *blob);
            });
        }
    }

    #[test]
    fn references_of_others_in_the_way_are_named_and_stay() {
        for packed in [false, true] {
            let (top, repo) = repo();
            git(top.path(), &["update-ref", ROOT, "HEAD"]);
            if packed {
                git(top.path(), &["pack-refs", "--all"]);
            }
            let refused = repo.refuse_taken_refs().unwrap_err().to_string();
            assert!(refused.contains(ROOT), "{refused}");
            repo.let_go().unwrap();
            assert!(git(top.path(), &["for-each-ref"]).contains(ROOT));
        }
    }

    #[test]
    fn only_a_lock_that_is_our_own_file_is_removed() {
        let (top, repo) = repo();
        let blob = repo.write_object(ObjectType::Blob, b"a").unwrap();
        held(&repo, &[blob]);
        let id = repo.own_id().unwrap().unwrap();
        let lock = top.path().join(".git").join(ROOT).join(id).join("files.lock");
        fs::write(&lock, "").unwrap();
        repo.clear_own_ref_locks().unwrap();
        assert!(lock.exists());
        fs::remove_file(&lock).unwrap();
        fs::hard_link(repo.write_hold_aside(blob).unwrap(), &lock).unwrap();
        repo.clear_own_ref_locks().unwrap();
        assert!(!lock.exists());
    }
}
