//! The write protocol: how one change gets onto disk, into the index and into the branch, wholly or not at all.
//!
//! ```text
//! begin    objects, held by a reference; journal Begun{before, after}, synced
//! place    disk: before -> after, by exchange; a file that goes or comes by a rename onto a free name
//! change   an external codemod: journal Transforming{file}, the codemod, journal Transformed{after}
//! land     facts again; commit object, held and all there; journal Prepared, synced; index entry; branch by compare-and-swap:
//!          the commit point; journal Committed; nothing held any more
//! undo     unless the branch holds the commit: index entry and disk: after -> before, where they still hold after
//! ```
//!
//! A change may come to several commits on top of each other ([`Chain`]): they are made and held before it begins, and the branch
//! moves over all of them at once. To whatever is killed on the way, and to recovery, it is one change of many files.
//!
//! A run and a rollback, and whatever recovery finishes, all write through here. What to judge and when is the caller's.

mod draft;
pub mod undo;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use git2::Oid;

use crate::fault;
use crate::fs::{self, FileProblem, Like};
use crate::journal::{Also, Announcement, FileChange, Journal, Record};
use crate::path::RepoPath;
use crate::repo::commit::TreeChange;
use crate::repo::identity::Identity;
use crate::repo::index::EntryStat;
use crate::repo::inflight::Hold;
use crate::repo::stage::{LOCK_PATIENCE, Restage, Staged};
use crate::repo::target::Write;
use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::Stop;

pub use draft::{After, Begun, Chain, Draft, DraftFile, Landed, Link, Placed};

/// How often objects are stored anew that somebody removes as soon as they are written.
const TRIES: usize = 3;

/// A file that is as the commit shall have it, and what tells git whether it still does; `None` of one that is gone.
pub type Judged = (RepoPath, Option<EntryStat>);

/// The blobs of a file before and after; `None` where there is no file, and while a codemod has yet to say.
type Held = (Option<Oid>, Option<Oid>);

/// A commit that is held and lasts, and what brings the index to it.
struct Prepared {
    commit: Oid,
    entries: Vec<Restage>,
    staged: Staged,
}

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
    pub fn begin(&mut self, draft: Draft) -> Result<Begun, Stop> {
        let blobs = self.hold_files(&draft)?;
        let links = draft.chain.as_ref().map_or(&[][..], |chain| &chain.links);
        let also = links.iter().take(links.len().saturating_sub(1)).map(|link| Also {
            unit: link.unit.clone(),
            members: link.members.clone(),
            commit: link.commit.to_string(),
            reverts: link.reverts.map(|oid| oid.to_string()),
        });
        let files = draft.files.iter().zip(blobs).map(|(file, (before, after))| FileChange {
            path: file.path.clone(),
            before: before.map(|before| before.to_string()),
            after: after.map(|after| after.to_string()),
            gone: file.after == After::Gone,
            mode: match (&file.before, &file.after) {
                (None, after) if *after != After::Gone => file.new_mode(),
                (Some(target), After::Gone) => Some(target.mode),
                _ => None,
            },
            aside: file.aside.clone(),
        });
        self.journal.append(Record::Begun(Announcement {
            plan: draft.plan.clone(),
            phase: draft.phase.clone(),
            unit: draft.unit.clone(),
            members: draft.members.clone(),
            branch: draft.tip.branch.clone(),
            base: draft.tip.commit.to_string(),
            files: files.collect(),
            reverts: draft.reverts.map(|oid| oid.to_string()),
            also: also.collect(),
            verify: draft.verify,
        }))?;
        Ok(Begun(draft))
    }

    /// Announces that an external codemod is about to change one of several files: what is on disk of the others is not its work.
    ///
    /// # Errors
    /// When the journal cannot be written; the codemod must not begin then.
    pub fn transforming(&mut self, file: &RepoPath) -> Result<(), Stop> {
        Ok(self.journal.append(Record::Transforming { file: file.clone() })?)
    }

    /// Announces what external codemods made of the files, which is on disk.
    ///
    /// # Errors
    /// When the journal cannot be written; the change is undone then.
    pub fn transformed(&mut self, placed: Placed) -> Result<Placed, Stop> {
        let Placed(draft) = placed;
        let noted = self.hold_files(&draft).and_then(|blobs| {
            let after = blobs.iter().filter_map(|(_, after)| after.map(|after| after.to_string()));
            Ok(self.journal.append(Record::Transformed { after: after.collect() })?)
        });
        self.or_undo(draft, noted).map(|(draft, ())| Placed(draft))
    }

    /// Goes on with a change for which a step was `done`, or takes it back: what keeps it from being taken back matters more than why.
    fn or_undo<T>(&mut self, draft: Draft, done: Result<T, Stop>) -> Result<(Draft, T), Stop> {
        match done {
            Ok(done) => Ok((draft, done)),
            Err(stop) => {
                self.undo(draft, &stop.to_string())?;
                Err(stop)
            }
        }
    }

    /// Sees to it that commits on top of each other are held and last, with the `objects` that came with them: themselves and what else
    /// may be new. `None` when there are none, or somebody tidied up before they were held.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn chain(&self, links: Vec<Link>, objects: &[Oid]) -> Result<Option<Chain>, Stop> {
        let Some(last) = links.last().map(|link| link.commit) else { return Ok(None) };
        let aside = self.repo.write_branch_aside(last)?;
        fault::point("chain: written");
        self.repo.sync_objects(objects, vec![aside.clone()])?;
        fault::point("chain: synced");
        Ok(self.held(Hold::Commit, &aside, objects)?.then_some(Chain { links, last }))
    }

    /// Makes the commit that a draft comes to on top of `head`, for a chain, and adds what may be new with it to `objects`.
    ///
    /// # Errors
    /// When something cannot be stored, or the commit cannot be signed.
    pub fn link(&self, head: Oid, draft: &Draft, message: &str, objects: &mut BTreeSet<Oid>) -> Result<Link, Stop> {
        let changes = self.tree_changes(draft, Write::Yes)?;
        let tree = self.repo.tree_with(head, &changes)?;
        let commit = self.repo.commit_object(head, tree, message, self.identity)?;
        objects.extend(changes.iter().filter_map(|change| change.file).map(|(_, blob)| blob));
        objects.extend(self.new_trees(draft, tree)?);
        objects.insert(commit);
        Ok(Link { commit, unit: draft.unit.clone(), members: draft.members.clone(), reverts: draft.reverts })
    }

    /// Stores the bytes on disk, before and after, of each file, and sees to it that those which nothing else names are held and
    /// last.
    fn hold_files(&self, draft: &Draft) -> Result<Vec<Held>, Stop> {
        for _ in 0..TRIES {
            let (mut blobs, mut kept) = (Vec::with_capacity(draft.files.len()), Vec::new());
            for file in &draft.files {
                // The blob in HEAD is the bytes on disk unless git converts them: then they are kept as an object of their own.
                let before = match &file.before {
                    Some(target) if file.converted => {
                        Some(self.repo.clean(&file.path, &target.found.bytes, false, Write::Yes)?)
                    }
                    before => before.as_ref().map(|target| target.blob),
                };
                // Kept as an object too, so that recovery knows what a killed write left aside.
                let is_in_chain = draft.chain.is_some() && !file.converted;
                let write = if is_in_chain { Write::No } else { Write::Yes };
                let after = file.new_text().map(|after| self.repo.clean(&file.path, after, false, write)).transpose()?;
                kept.extend([before.filter(|_| file.converted), after.filter(|_| !is_in_chain)].into_iter().flatten());
                blobs.push((before, after));
            }
            fault::point("begin: blobs written");
            kept.sort_unstable();
            kept.dedup();
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

    /// Puts the new bytes in place of the old, file by file; those that go go first, and those that codemods have yet to change stay.
    ///
    /// # Errors
    /// When a file is not what it was, or cannot be written; the change is undone then.
    pub fn place(&mut self, begun: Begun) -> Result<Placed, Stop> {
        let Begun(draft) = begun;
        let placed = self.sync_trees_ahead(&draft).and_then(|()| self.place_files(&draft));
        self.or_undo(draft, placed).map(|(draft, ())| Placed(draft))
    }

    fn place_files(&self, draft: &Draft) -> Result<(), Stop> {
        let (gone, there): (Vec<_>, Vec<_>) = draft.files.iter().partition(|file| file.after == After::Gone);
        let replaced: Vec<_> = draft.files.iter().filter_map(|file| Some((file, file.old_text()?, file.new_text()?))).collect();
        if replaced.len() > 1 {
            return self.place_many(&replaced, gone.into_iter().chain(there.into_iter().filter(|file| file.before.is_none())));
        }
        self.place_each(gone.into_iter().chain(there))
    }

    /// As [`Protocol::place_each`] where several files are replaced: all are written aside, synced side by side, and then put in place.
    fn place_many<'f>(
        &self,
        replaced: &[(&DraftFile, &[u8], &[u8])],
        others: impl Iterator<Item = &'f DraftFile>,
    ) -> Result<(), Stop> {
        let top = self.repo.top();
        let mut written = Vec::with_capacity(replaced.len());
        let mut placed = 0;
        let all = || -> Result<(), Stop> {
            for (file, before, after) in replaced {
                fs::write_beside(top, &file.path, before, after, &file.aside)?;
                written.extend(file.path.beside(&file.aside).map(|aside| aside.below(top)));
            }
            self.repo.sync_objects(&[], written.clone())?;
            fault::point("place: all synced aside");
            self.place_each(others)?;
            for (file, before, _) in replaced {
                fs::put(top, &file.path, before, &file.aside)?;
                placed += 1;
                fault::point("place: one file placed");
            }
            Ok(())
        };
        let done = all();
        if done.is_err() {
            // What was written aside and is not in place is of no use any more.
            for (file, _, after) in &replaced[placed..] {
                fs::clear_aside(top, &file.path, &file.aside, |left| left == *after)?;
            }
        }
        done
    }

    fn place_each<'f>(&self, files: impl Iterator<Item = &'f DraftFile>) -> Result<(), Stop> {
        let top = self.repo.top();
        for file in files {
            // The folder is synced in `land`, together with all that has to last before the branch moves.
            match (file.old_text(), &file.after) {
                (Some(before), After::Text { bytes, .. }) => drop(fs::place(top, &file.path, before, bytes, &file.aside)?),
                (None, After::Text { bytes, mode }) => fs::create(top, &file.path, bytes, &Like::Mode(*mode), &file.aside)?,
                (Some(before), After::Gone) => fs::remove(top, &file.path, before, &file.aside)?,
                (_, After::Unknown) | (None, After::Gone) => {}
            }
            fault::point("place: one file placed");
        }
        Ok(())
    }

    /// Writes the trees that the commit will have, if it comes to one, so that they are on their way to the disk meanwhile. Without
    /// it, `land` writes them.
    fn sync_trees_ahead(&self, draft: &Draft) -> Result<(), Stop> {
        if draft.chain.is_some() || draft.files.iter().any(|file| file.converted || file.after == After::Unknown) {
            return Ok(());
        }
        let tree = self.repo.tree_with(draft.tip.commit, &self.tree_changes(draft, Write::No)?)?;
        Ok(self.repo.sync_ahead(&self.new_trees(draft, tree)?)?)
    }

    /// The files as the commit shall have them; whether blobs are stored or only named is for `write` to say.
    fn tree_changes(&self, draft: &Draft, write: Write) -> Result<Vec<TreeChange>, Stop> {
        let change = |file: &DraftFile| {
            Ok(match &file.after {
                After::Text { bytes, mode } => {
                    let mode = file.before.as_ref().map_or(*mode, |target| target.mode);
                    TreeChange::put(&file.path, mode, self.repo.clean(&file.path, bytes, file.converted, write)?)
                }
                After::Gone | After::Unknown => TreeChange::remove(&file.path),
            })
        };
        draft.files.iter().map(change).collect()
    }

    /// The trees of `tree` along all files of a change, each once.
    fn new_trees(&self, draft: &Draft, tree: Oid) -> Result<Vec<Oid>, Stop> {
        let mut trees = Vec::new();
        for file in &draft.files {
            trees.extend(self.repo.trees_towards(tree, &file.path)?);
        }
        trees.sort_unstable();
        trees.dedup();
        Ok(trees)
    }

    /// Commits what is placed: exactly the bytes that were judged, on the branch and commit that the change began with. The commits of
    /// a chain have their messages already.
    ///
    /// # Errors
    /// When a fact is not as it was; the change is undone then, unless its commit is in the branch.
    pub fn land(&mut self, placed: Placed, message: &str, log: &str) -> Result<Landed, Stop> {
        let Placed(draft) = placed;
        let landed = self.commit(&draft, message, log);
        self.or_undo(draft, landed).map(|(draft, commit)| Landed { commit, draft })
    }

    fn commit(&mut self, draft: &Draft, message: &str, log: &str) -> Result<Oid, Stop> {
        self.repo.still_at(&draft.tip)?;
        let mut judged = Vec::with_capacity(draft.files.len());
        for file in &draft.files {
            judged.push((file.path.clone(), self.as_drafted(file)?));
        }
        let Prepared { commit, entries, staged } = match &draft.chain {
            Some(chain) => self.prepare_index(draft, &judged, chain.last)?,
            None => self.prepare(draft, &judged, message)?,
        };
        self.journal.append(Record::Prepared { commit: commit.to_string() })?;
        self.stage(&draft.tip, &entries, staged)?;
        self.move_branch(&draft.tip, commit, log)?;
        Ok(commit)
    }

    /// What tells git that a file on disk is still as it was drafted.
    fn as_drafted(&self, file: &DraftFile) -> Result<Option<EntryStat>, Stop> {
        let changed = || FileProblem::Changed { path: file.path.clone() };
        let Some(text) = file.new_text() else {
            return if fs::is_free(self.repo.top(), &file.path)? { Ok(None) } else { Err(changed().into()) };
        };
        let found = fs::read(self.repo.top(), &file.path)?;
        let same_mode = file.before.as_ref().is_none_or(|target| found.stat.st_mode == target.found.stat.st_mode);
        if found.bytes != text || !same_mode { Err(changed().into()) } else { Ok(Some(EntryStat::new(&found.stat))) }
    }

    /// Makes the commit object and the index to come; the commit is held and lasts, with all that it needs.
    fn prepare(&self, draft: &Draft, judged: &[Judged], message: &str) -> Result<Prepared, Stop> {
        for _ in 0..TRIES {
            let mut objects = Vec::new();
            let changes = self.tree_changes(draft, Write::No)?;
            for (file, change) in draft.files.iter().zip(&changes) {
                let (Some(text), Some((_, blob))) = (file.new_text(), change.file) else { continue };
                // Written and synced when the change was announced, unless git converts it: then that was the bytes on disk.
                if file.converted || !self.repo.are_there(&[blob])? {
                    objects.push(self.repo.clean(&file.path, text, file.converted, Write::Yes)?);
                }
            }
            fault::point("land: blobs written");
            let tree = self.repo.tree_with(draft.tip.commit, &changes)?;
            let commit = self.repo.commit_object(draft.tip.commit, tree, message, self.identity)?;
            fault::point("land: commit object written");
            objects.push(commit);
            objects.extend(self.new_trees(draft, tree)?);
            let branch = self.repo.write_branch_aside(commit)?;
            let also = [branch.clone()].into_iter().chain(self.folders(draft)).collect();
            let syncing = self.repo.begin_sync(&objects, also)?;
            // A large index takes as long to write as the disk takes to sync.
            let entries = self.entries(draft.tip.commit, commit, judged)?;
            let staged = self.repo.stage_aside(&entries)?;
            staged.file().into_iter().for_each(|file| syncing.also(file));
            fault::point("land: index written aside");
            syncing.done()?;
            fault::point("land: objects synced");
            objects.extend(changes.iter().filter_map(|change| change.file).map(|(_, blob)| blob));
            if self.held(Hold::Commit, &branch, &objects)? {
                return Ok(Prepared { commit, entries, staged });
            }
        }
        Err(RepoProblem::Vanished.into())
    }

    /// As [`Protocol::prepare`] for a chain, whose commits are held and last already.
    fn prepare_index(&self, draft: &Draft, judged: &[Judged], commit: Oid) -> Result<Prepared, Stop> {
        let syncing = self.repo.begin_sync(&[], self.folders(draft).collect())?;
        let entries = self.entries(draft.tip.commit, commit, judged)?;
        let staged = self.repo.stage_aside(&entries)?;
        staged.file().into_iter().for_each(|file| syncing.also(file));
        fault::point("land: index written aside");
        syncing.done()?;
        fault::point("land: folders synced");
        Ok(Prepared { commit, entries, staged })
    }

    /// The folders that hold the names of the files.
    fn folders(&self, draft: &Draft) -> impl Iterator<Item = PathBuf> {
        let folders: BTreeSet<PathBuf> = draft.files.iter().map(|file| fs::folder_there(self.repo.top(), &file.path)).collect();
        folders.into_iter()
    }

    /// The file at `path` as it is while it holds the bytes of the blob `after`, or is gone where there is none.
    ///
    /// # Errors
    /// [`FileProblem::Changed`] when it holds anything else.
    pub fn holding(&self, path: &RepoPath, after: Option<Oid>) -> Result<Judged, Stop> {
        let changed = || FileProblem::Changed { path: path.clone() };
        let Some(after) = after else {
            return if fs::is_free(self.repo.top(), path)? { Ok((path.clone(), None)) } else { Err(changed().into()) };
        };
        let found = fs::read(self.repo.top(), path)?;
        match self.repo.clean(path, &found.bytes, false, Write::No)? == after {
            true => Ok((path.clone(), Some(EntryStat::new(&found.stat)))),
            false => Err(changed().into()),
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
            let (before, after) = (self.repo.file_in(from, path)?, self.repo.file_in(to, path)?);
            let (old_trees, new_trees) = (self.repo.trees_towards(old_tree, path)?, self.repo.trees_towards(new_tree, path)?);
            let stat = stat.unwrap_or_else(EntryStat::unknown);
            entries.push(Restage { path: path.clone(), before, after, stat, old_trees, new_trees });
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
