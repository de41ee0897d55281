//! The write protocol: how one change gets onto disk, into the index and into the branch, wholly or not at all.
//!
//! ```text
//! begin    journal Begun{before, after}, synced
//! place    disk: before -> after, by exchange
//! land     facts again; commit object; journal Prepared, synced; index entry; branch by compare-and-swap; journal Committed
//! undo     index entry and disk: after -> before, where they still hold after
//! ```
//!
//! A run and a rollback, and whatever recovery finishes, all write through here. What to judge and when is the caller's.

use std::path::Path;
use std::time::{Duration, Instant};

use git2::Oid;

use crate::fault;
use crate::fs::{self, FileProblem};
use crate::journal::{Begun, FileChange, Journal, Record};
use crate::path::RepoPath;
use crate::repo::commit::NewBlob;
use crate::repo::identity::Identity;
use crate::repo::index::EntryStat;
use crate::repo::stage::{Restage, Staged};
use crate::repo::target::{Target, Write};
use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::{Note, Stop};

/// How long git's lock may be held by others before it counts as stale for a person to look at.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// A change, known in memory before anything is written.
#[derive(Debug, Clone)]
pub struct Change {
    /// The plan's name.
    pub plan: String,
    /// The phase's id.
    pub phase: String,
    /// The unit.
    pub unit: RepoPath,
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
        let aside =
            fs::aside_name().map_err(|error| Stop::Refused(Note::new(format!("no random bytes: {error}"), "look at /dev")))?;
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
        let mut files = Vec::with_capacity(change.files.len());
        let mut kept = Vec::new();
        for file in &change.files {
            // The blob in HEAD is the bytes on disk unless git converts them: then they are kept as an object of their own.
            let before =
                if file.converted { self.repo.clean(file.path(), file.before(), false, Write::Yes)? } else { file.target.blob };
            // Kept as an object too, so that recovery knows what a killed write left aside.
            let after = match &file.after {
                Some(after) => Some(self.repo.clean(file.path(), after, false, Write::Yes)?),
                None => None,
            };
            kept.extend([Some(before), after].into_iter().flatten());
            let after = after.map(|after| after.to_string());
            files.push(FileChange { path: file.path().clone(), before: before.to_string(), after, aside: file.aside.clone() });
        }
        self.repo.sync_objects(&kept, Vec::new())?;
        self.journal.append(Record::Begun(Begun {
            plan: change.plan.clone(),
            phase: change.phase.clone(),
            unit: change.unit.clone(),
            branch: change.tip.branch.clone(),
            base: change.tip.commit.to_string(),
            files,
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
        let keep = |file: &ChangedFile| self.repo.clean(file.path(), file.after(), false, Write::Yes);
        let after = change.files.iter().map(keep).collect::<Result<Vec<_>, _>>()?;
        self.repo.sync_objects(&after, Vec::new())?;
        self.journal.append(Record::Transformed { after: after.iter().map(ToString::to_string).collect() })?;
        Ok(())
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
            let new = [NewBlob { path: file.path().clone(), mode: file.target.mode, blob }];
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
        let (mut blobs, mut judged) = (Vec::with_capacity(change.files.len()), Vec::with_capacity(change.files.len()));
        let mut objects = Vec::new();
        for file in &change.files {
            let found = fs::read(self.repo.top(), file.path())?;
            if found.bytes != file.after() || found.stat.st_mode != file.target.found.stat.st_mode {
                return Err(FileProblem::Changed { path: file.path().clone() }.into());
            }
            judged.push((file.path().clone(), EntryStat::new(&found.stat)));
            // Written and synced when the change was announced, unless git converts it: then that was the bytes on disk.
            let write = if file.converted { Write::Yes } else { Write::No };
            let blob = self.repo.clean(file.path(), file.after(), file.converted, write)?;
            objects.extend(file.converted.then_some(blob));
            blobs.push(NewBlob { path: file.path().clone(), mode: file.target.mode, blob });
        }
        fault::point("land: blobs written");
        let tree = self.repo.tree_with(change.tip.commit, &blobs)?;
        let commit = self.repo.commit_object(change.tip.commit, tree, message, self.identity)?;
        fault::point("land: commit object written");
        objects.push(commit);
        let mut also = vec![self.repo.write_branch_aside(commit)?];
        for new in &blobs {
            also.extend(new.path.below(self.repo.top()).parent().map(Path::to_owned));
            objects.extend(self.repo.trees_along(tree, &new.path)?);
        }
        let syncing = self.repo.begin_sync(&objects, also)?;
        // A large index takes as long to write as the disk takes to sync.
        let entries = self.entries(change.tip.commit, commit, &judged)?;
        let staged = self.repo.stage_aside(&entries)?;
        fault::point("land: index written aside");
        syncing.done()?;
        fault::point("land: objects synced");
        self.journal.append(Record::Prepared { commit: commit.to_string() })?;
        self.stage(&change.tip, &entries, staged)?;
        self.move_branch(&change.tip, commit, log)?;
        Ok(commit)
    }

    /// The file at `path` as it is while it holds `bytes`.
    ///
    /// # Errors
    /// [`FileProblem::Changed`] when it holds anything else.
    pub fn holding(&self, path: &RepoPath, bytes: &[u8]) -> Result<Judged, FileProblem> {
        let found = fs::read(self.repo.top(), path)?;
        match found.bytes == bytes {
            true => Ok((path.clone(), EntryStat::new(&found.stat))),
            false => Err(FileProblem::Changed { path: path.clone() }),
        }
    }

    /// Brings index and branch to a commit that is prepared: the second half of [`Protocol::land`], and all that recovery needs.
    /// An edit that comes after the look at a file in `judged` is one that git sees.
    ///
    /// # Errors
    /// When HEAD or an index entry is not as it was.
    pub fn publish(&mut self, tip: &Tip, commit: Oid, judged: &[Judged], log: &str) -> Result<(), Stop> {
        let entries = self.entries(tip.commit, commit, judged)?;
        self.stage(tip, &entries, self.repo.stage_aside(&entries)?)?;
        self.move_branch(tip, commit, log)
    }

    fn move_branch(&mut self, tip: &Tip, commit: Oid, log: &str) -> Result<(), Stop> {
        fault::point("land: index done");
        self.repo.advance(tip, commit, log, &self.identity.committer)?;
        fault::point("land: branch moved");
        self.journal.note(Record::Committed { commit: commit.to_string() })?;
        Ok(())
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
            staged = self.repo.stage_aside(entries)?;
        }
    }

    /// Takes a change back that did not land: the old bytes return where the disk still holds the new ones, and so does the index
    /// entry. What somebody else put there stays, and is named.
    ///
    /// # Errors
    /// [`Stop::NeedsYou`] when a file holds neither the old bytes nor the new ones.
    pub fn undo(&mut self, change: &Change, reason: &str) -> Result<(), Stop> {
        let mut strangers = Vec::new();
        for file in &change.files {
            match self.put_back(file, change.tip.commit)? {
                Ok(()) => {}
                Err(FileProblem::Changed { path } | FileProblem::Missing { path }) => strangers.push(path),
                Err(problem) => return Err(problem.into()),
            }
        }
        if let [first, ..] = strangers.as_slice() {
            let names: Vec<String> = strangers.iter().map(ToString::to_string).collect();
            let message = format!("{} changed while the unit was judged, and not by migrate", names.join(", "));
            let help = format!("it was left as it is; compare with `git diff -- {first}`, put it right, then run migrate again");
            return Err(Stop::NeedsYou(Note::new(message, help)));
        }
        fault::point("undo: files put back");
        let mut ours = Vec::with_capacity(change.files.len());
        for file in change.files.iter().filter(|file| file.after.is_some()) {
            ours.push((file.path().clone(), self.repo.clean(file.path(), file.after(), file.converted, Write::No)?));
        }
        self.unstage(&ours)?;
        self.journal.append(Record::Abandoned { reason: reason.to_owned() })?;
        Ok(())
    }

    fn put_back(&self, file: &ChangedFile, base: Oid) -> Result<Result<(), FileProblem>, Stop> {
        let found = match fs::read(self.repo.top(), file.path()) {
            Ok(found) => found.bytes,
            Err(problem) => return Ok(Err(problem)),
        };
        let tip = self.repo.tip()?;
        match &file.after {
            _ if found == file.before() => return Ok(Ok(())),
            // Somebody committed it while it was judged: it is theirs now.
            _ if tip.commit != base && committed(self.repo, &tip, file.path(), &found)? => return Ok(Ok(())),
            Some(after) if found == *after => {}
            Some(_) => return Ok(Err(FileProblem::Changed { path: file.path().clone() })),
            // A codemod was at work, and what it wrote cannot be told from an edit.
            None => keep_copy(self.repo, file.path(), &found)?,
        }
        Ok(fs::replace(self.repo.top(), file.path(), &found, file.before(), &file.aside).map(|_| ()))
    }

    /// Makes those index entries that name the new blob name what HEAD holds: it is put there before the branch moves, or by
    /// somebody who staged what was being judged.
    fn unstage(&self, ours: &[(RepoPath, Oid)]) -> Result<(), Stop> {
        let tip = self.repo.tip()?;
        let tree = self.repo.tree_of(tip.commit)?;
        let mut entries = Vec::with_capacity(ours.len());
        for (path, before) in ours {
            let Some((mode, after)) = self.repo.file_in(tip.commit, path)? else { continue };
            if after == *before || self.repo.staged(path)? != Some(*before) {
                continue;
            }
            // With no stat of the file, git looks at what it holds; cached trees that name anything else are dropped.
            let (path, before, stat, trees) = (path.clone(), *before, EntryStat::unknown(), self.repo.trees_along(tree, path)?);
            entries.push(Restage { path, mode, before, after, stat, old_trees: trees.clone(), new_trees: trees });
        }
        if entries.is_empty() { Ok(()) } else { self.stage(&tip, &entries, self.repo.stage_aside(&entries)?) }
    }

    /// As [`Protocol::undo`] for a change that only the journal knows: its files hold the new bytes, or a codemod's, and shall hold
    /// the old ones.
    ///
    /// # Errors
    /// When a file or the index is not what the journal says.
    pub fn undo_recorded(&mut self, begun: &Begun) -> Result<(), Stop> {
        let oid = |text: &str| Oid::from_str(text).map_err(RepoProblem::from);
        let paths: Vec<RepoPath> = begun.files.iter().map(|file| file.path.clone()).collect();
        let conversions = self.repo.conversions(&paths)?;
        let mut ours = Vec::with_capacity(begun.files.len());
        for file in &begun.files {
            let before = self.repo.blob(oid(&file.before)?)?;
            let found = fs::read(self.repo.top(), &file.path)?.bytes;
            if found != before {
                fs::replace(self.repo.top(), &file.path, &found, &before, &file.aside)?;
            }
            if let Some(after) = &file.after {
                let after = self.repo.blob(oid(after)?)?;
                let converted = conversions.apply_to(&file.path);
                ours.push((file.path.clone(), self.repo.clean(&file.path, &after, converted, Write::No)?));
            }
        }
        self.unstage(&ours)
    }
}

/// True when git would see no change in a file that holds `bytes`.
///
/// # Errors
/// When the tip or git's filters cannot be read.
pub fn committed(repo: &Repo, tip: &Tip, path: &RepoPath, bytes: &[u8]) -> Result<bool, Stop> {
    let Some((_, blob)) = repo.file_in(tip.commit, path)? else { return Ok(false) };
    if repo.clean(path, bytes, false, Write::No)? == blob {
        return Ok(true);
    }
    let converted = repo.conversions(std::slice::from_ref(path))?.apply_to(path);
    Ok(converted && repo.clean(path, bytes, true, Write::No)? == blob)
}

/// Keeps what a codemod left in a file that is put back, since part of it may be somebody's edit.
///
/// # Errors
/// When it cannot be kept; the file must then stay as it is.
pub fn keep_copy(repo: &Repo, path: &RepoPath, bytes: &[u8]) -> Result<(), Stop> {
    let folder = repo.state_folder().join("saved");
    let name = repo.clean(path, bytes, false, Write::No)?.to_string();
    let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(name), bytes));
    kept.map_err(|source| {
        let message = format!("cannot keep a copy of {path} in {}: {source}", folder.display());
        Stop::Refused(Note::new(message, "make room, then run migrate again"))
    })
}
