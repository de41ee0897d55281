//! The write protocol: how one change gets onto disk, into the index and into the branch, wholly or not at all.
//!
//! ```text
//! begin    objects, held by a reference; journal Begun{before, after}, synced
//! place    disk: before -> after, by exchange
//! land     facts again; commit object, held and all there; journal Prepared, synced; index entry; branch by compare-and-swap:
//!          the commit point; journal Committed; nothing held any more
//! undo     unless the branch holds the commit: index entry and disk: after -> before, where they still hold after
//! ```
//!
//! A run and a rollback, and whatever recovery finishes, all write through here. What to judge and when is the caller's.

pub mod undo;

use std::path::Path;
use std::time::{Duration, Instant};

use git2::Oid;

use crate::cure;
use crate::fault;
use crate::fs::{self, FileProblem};
use crate::journal::{Begun, FileChange, Journal, Record};
use crate::path::RepoPath;
use crate::repo::commit::TreeChange;
use crate::repo::identity::Identity;
use crate::repo::index::EntryStat;
use crate::repo::inflight::Hold;
use crate::repo::stage::{LOCK_PATIENCE, Restage, Staged};
use crate::repo::target::{Target, Write};
use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;

/// How often objects are stored anew that somebody removes as soon as they are written.
const TRIES: usize = 3;

/// A change, known in memory before anything is written.
#[derive(Debug, Clone)]
pub struct Change {
    /// The plan's name.
    pub plan: String,
    /// The phase's id.
    pub phase: String,
    /// The unit.
    pub unit: UnitId,
    /// All files of the unit where it is a group, those that do not change too.
    pub members: Vec<RepoPath>,
    /// What it builds on.
    pub tip: Tip,
    /// The files, each with its old and new bytes.
    pub files: Vec<ChangedFile>,
    /// The commit that is taken back, when this is a revert.
    pub reverts: Option<Oid>,
    /// True when the commit is to be judged after it landed.
    pub verify: bool,
}

/// One file of a change.
#[derive(Debug, Clone)]
pub struct ChangedFile {
    /// The file as it was found, the same in HEAD, index and disk.
    pub target: Target,
    /// True when git converts it between disk and repository.
    pub converted: bool,
    /// Its new bytes; `None` while an external codemod has yet to make them.
    pub after: Option<Vec<u8>>,
    /// The name for writing aside.
    pub aside: String,
}

impl ChangedFile {
    /// A file whose new bytes are known.
    ///
    /// # Errors
    /// When the system gives no random name.
    pub fn new(target: Target, converted: bool, after: Option<Vec<u8>>) -> Result<Self, Stop> {
        let no_name = |error| {
            let help = cure::help(&error, "look at /dev/urandom");
            Stop::Refused(Note::new(format!("no random bytes: {error}"), help))
        };
        let aside = fs::aside_name().map_err(no_name)?;
        Ok(Self { target, converted, after, aside })
    }

    fn path(&self) -> &RepoPath {
        &self.target.path
    }

    fn before(&self) -> &[u8] {
        &self.target.found.bytes
    }

    fn after(&self) -> &[u8] {
        self.after.as_deref().unwrap_or_default()
    }
}

/// A file that held the bytes to commit, and what tells git whether it still does.
pub type Judged = (RepoPath, EntryStat);

/// Writes changes to one repository, each step announced in the journal.
pub struct Protocol<'a> {
    /// Where.
    pub repo: &'a Repo,
    /// What announces it.
    pub journal: &'a mut Journal,
    /// Who commits.
    pub identity: &'a Identity,
}

impl Protocol<'_> {
    /// Announces the change. A crash leaves nothing else.
    ///
    /// # Errors
    /// When the journal or the object store cannot be written; nothing may then be placed.
    pub fn begin(&mut self, change: &Change) -> Result<(), Stop> {
        let blobs = self.hold_files(change)?;
        let files = change.files.iter().zip(blobs).map(|(file, (before, after))| FileChange {
            path: file.path().clone(),
            before: before.to_string(),
            after: after.map(|after| after.to_string()),
            aside: file.aside.clone(),
        });
        self.journal.append(Record::Begun(Begun {
            plan: change.plan.clone(),
            phase: change.phase.clone(),
            unit: change.unit.clone(),
            members: change.members.clone(),
            branch: change.tip.branch.clone(),
            base: change.tip.commit.to_string(),
            files: files.collect(),
            reverts: change.reverts.map(|oid| oid.to_string()),
            verify: change.verify,
        }))?;
        Ok(())
    }

    /// Announces what an external codemod made of the files.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn transformed(&mut self, change: &Change) -> Result<(), Stop> {
        let blobs = self.hold_files(change)?;
        let after = blobs.iter().filter_map(|(_, after)| after.map(|after| after.to_string()));
        self.journal.append(Record::Transformed { after: after.collect() })?;
        Ok(())
    }

    /// Stores the bytes on disk, before and after, of each file, and sees to it that those which nothing else names are held and
    /// last.
    fn hold_files(&self, change: &Change) -> Result<Vec<(Oid, Option<Oid>)>, Stop> {
        for _ in 0..TRIES {
            let (mut blobs, mut kept) = (Vec::with_capacity(change.files.len()), Vec::new());
            for file in &change.files {
                // The blob in HEAD is the bytes on disk unless git converts them: then they are kept as an object of their own.
                let before = if file.converted {
                    self.repo.clean(file.path(), file.before(), false, Write::Yes)?
                } else {
                    file.target.blob
                };
                // Kept as an object too, so that recovery knows what a killed write left aside.
                let after = match &file.after {
                    Some(after) => Some(self.repo.clean(file.path(), after, false, Write::Yes)?),
                    None => None,
                };
                kept.extend([file.converted.then_some(before), after].into_iter().flatten());
                blobs.push((before, after));
            }
            fault::point("begin: blobs written");
            let Some(keeper) = self.repo.keeper(&kept)? else { return Ok(blobs) };
            let aside = self.repo.write_hold_aside(keeper)?;
            kept.push(keeper);
            self.repo.sync_objects(&kept, vec![aside.clone()])?;
            fault::point("begin: blobs synced");
            if self.held(Hold::Files, &aside, &kept)? {
                return Ok(blobs);
            }
        }
        Err(RepoProblem::Vanished.into())
    }

    /// Holds `objects` by the reference written aside. False when they are not all there: somebody tidied up before they were held.
    fn held(&self, what: Hold, aside: &Path, objects: &[Oid]) -> Result<bool, Stop> {
        if !self.repo.are_there(objects)? {
            return Ok(false);
        }
        self.repo.hold(what, aside)?;
        Ok(self.repo.are_there(objects)?)
    }

    /// Puts the new bytes in place of the old, file by file.
    ///
    /// # Errors
    /// When a file is not what it was, or cannot be written; the caller then undoes the change.
    pub fn place(&mut self, change: &Change) -> Result<(), Stop> {
        self.sync_trees_ahead(change)?;
        for file in &change.files {
            // The folder is synced in `land`, together with all that has to last before the branch moves.
            fs::place(self.repo.top(), file.path(), file.before(), file.after(), &file.aside)?;
            fault::point("place: one file placed");
        }
        Ok(())
    }

    /// Writes the trees that the commit will have, if it comes to one, so that they are on their way to the disk meanwhile. Without
    /// it, `land` writes them.
    fn sync_trees_ahead(&self, change: &Change) -> Result<(), Stop> {
        let [file] = change.files.as_slice() else { return Ok(()) };
        if !file.converted {
            let blob = self.repo.clean(file.path(), file.after(), false, Write::No)?;
            let new = [TreeChange::put(file.path(), file.target.mode, blob)];
            let tree = self.repo.tree_with(change.tip.commit, &new)?;
            self.repo.sync_ahead(&self.repo.trees_along(tree, file.path())?)?;
        }
        Ok(())
    }

    /// Commits what is placed: exactly the bytes that were judged, on the branch and commit that the change began with.
    ///
    /// # Errors
    /// When a fact is not as it was; the caller then undoes the change.
    pub fn land(&mut self, change: &Change, message: &str, log: &str) -> Result<Oid, Stop> {
        self.repo.still_at(&change.tip)?;
        let mut judged = Vec::with_capacity(change.files.len());
        for file in &change.files {
            let found = fs::read(self.repo.top(), file.path())?;
            if found.bytes != file.after() || found.stat.st_mode != file.target.found.stat.st_mode {
                return Err(FileProblem::Changed { path: file.path().clone() }.into());
            }
            judged.push((file.path().clone(), EntryStat::new(&found.stat)));
        }
        let (commit, entries, staged) = self.prepare(change, &judged, message)?;
        self.journal.append(Record::Prepared { commit: commit.to_string() })?;
        self.stage(&change.tip, &entries, staged)?;
        self.move_branch(&change.tip, commit, log)?;
        Ok(commit)
    }

    /// Makes the commit object and the index to come; the commit is held and lasts, with all that it needs.
    fn prepare(&self, change: &Change, judged: &[Judged], message: &str) -> Result<(Oid, Vec<Restage>, Staged), Stop> {
        for _ in 0..TRIES {
            let (mut blobs, mut objects) = (Vec::with_capacity(change.files.len()), Vec::new());
            for file in &change.files {
                let mut blob = self.repo.clean(file.path(), file.after(), file.converted, Write::No)?;
                // Written and synced when the change was announced, unless git converts it: then that was the bytes on disk.
                if file.converted || !self.repo.are_there(&[blob])? {
                    blob = self.repo.clean(file.path(), file.after(), file.converted, Write::Yes)?;
                    objects.push(blob);
                }
                blobs.push((file.path(), file.target.mode, blob));
            }
            fault::point("land: blobs written");
            let changes: Vec<TreeChange> = blobs.iter().map(|(path, mode, blob)| TreeChange::put(path, *mode, *blob)).collect();
            let tree = self.repo.tree_with(change.tip.commit, &changes)?;
            let commit = self.repo.commit_object(change.tip.commit, tree, message, self.identity)?;
            fault::point("land: commit object written");
            objects.push(commit);
            let branch = self.repo.write_branch_aside(commit)?;
            let mut also = vec![branch.clone()];
            for (path, ..) in &blobs {
                also.extend(path.below(self.repo.top()).parent().map(Path::to_owned));
                objects.extend(self.repo.trees_along(tree, path)?);
            }
            let syncing = self.repo.begin_sync(&objects, also)?;
            // A large index takes as long to write as the disk takes to sync.
            let entries = self.entries(change.tip.commit, commit, judged)?;
            let staged = self.repo.stage_aside(&entries)?;
            staged.file().into_iter().for_each(|file| syncing.also(file));
            fault::point("land: index written aside");
            syncing.done()?;
            fault::point("land: objects synced");
            objects.extend(blobs.iter().map(|(.., blob)| blob));
            if self.held(Hold::Commit, &branch, &objects)? {
                return Ok((commit, entries, staged));
            }
        }
        Err(RepoProblem::Vanished.into())
    }

    /// The file at `path` as it is while it holds the bytes of the blob `after`.
    ///
    /// # Errors
    /// [`FileProblem::Changed`] when it holds anything else.
    pub fn holding(&self, path: &RepoPath, after: Oid) -> Result<Judged, Stop> {
        let found = fs::read(self.repo.top(), path)?;
        match self.repo.clean(path, &found.bytes, false, Write::No)? == after {
            true => Ok((path.clone(), EntryStat::new(&found.stat))),
            false => Err(FileProblem::Changed { path: path.clone() }.into()),
        }
    }

    /// Brings index and branch to a commit that is prepared: the second half of [`Protocol::land`], and all that recovery needs.
    /// An edit that comes after the look at a file in `judged` is one that git sees.
    ///
    /// # Errors
    /// When HEAD or an index entry is not as it was.
    pub fn publish(&mut self, tip: &Tip, commit: Oid, judged: &[Judged], log: &str) -> Result<(), Stop> {
        let entries = self.entries(tip.commit, commit, judged)?;
        self.stage(tip, &entries, self.stage_aside(&entries)?)?;
        self.move_branch(tip, commit, log)
    }

    fn move_branch(&mut self, tip: &Tip, commit: Oid, log: &str) -> Result<(), Stop> {
        fault::point("land: index done");
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            match self.repo.advance(tip, commit, log, &self.identity.committer) {
                Err(RepoProblem::Locked(_)) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(50)),
                moved => {
                    moved?;
                    break;
                }
            }
        }
        fault::point("land: branch moved");
        self.journal.note(Record::Committed { commit: commit.to_string() })?;
        self.repo.let_go()?;
        Ok(())
    }

    /// As [`Repo::stage_aside`], synced: the index must never be lost to what replaces it.
    fn stage_aside(&self, entries: &[Restage]) -> Result<Staged, Stop> {
        let staged = self.repo.stage_aside(entries)?;
        if let Some(file) = staged.file() {
            self.repo.sync_objects(&[], vec![file])?;
        }
        Ok(staged)
    }

    /// The index entries of `files`, to go from what the commit `from` holds to what `to` holds.
    fn entries(&self, from: Oid, to: Oid, files: &[Judged]) -> Result<Vec<Restage>, Stop> {
        let (old_tree, new_tree) = (self.repo.tree_of(from)?, self.repo.tree_of(to)?);
        let mut entries = Vec::with_capacity(files.len());
        for (path, stat) in files {
            let (Some((mode, before)), Some((_, after))) = (self.repo.file_in(from, path)?, self.repo.file_in(to, path)?) else {
                return Err(RepoProblem::Restaged(path.clone()).into());
            };
            let (old_trees, new_trees) = (self.repo.trees_along(old_tree, path)?, self.repo.trees_along(new_tree, path)?);
            entries.push(Restage { path: path.clone(), mode, before, after, stat: *stat, old_trees, new_trees });
        }
        Ok(entries)
    }

    fn stage(&self, tip: &Tip, entries: &[Restage], mut staged: Staged) -> Result<(), Stop> {
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            match self.repo.restage(tip, entries, staged) {
                Err(RepoProblem::Locked(_)) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(50)),
                done => return Ok(done?),
            }
            // Who held the lock may have written another one.
            staged = self.stage_aside(entries)?;
        }
    }
}
