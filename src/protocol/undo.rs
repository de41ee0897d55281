//! Taking back what did not land, as the change is known in memory or as the journal has it: what we put on disk and into the index
//! goes, what somebody else put there stays.

use std::fs::File;
use std::io::{self, Write as _};

use git2::Oid;

use crate::cure;
use crate::fault;
use crate::fs::{self, FileProblem};
use crate::journal::{Begun, FileChange, Record};
use crate::path::RepoPath;
use crate::protocol::{Change, ChangedFile, Protocol};
use crate::repo::index::EntryStat;
use crate::repo::stage::Restage;
use crate::repo::target::{Conversions, Write};
use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::{Note, Stop};

impl Protocol<'_> {
    /// Takes a change back that did not land: the old bytes return where the disk still holds the new ones, and so does the index
    /// entry. What somebody else put there stays, and is named. A change whose commit is in the branch, whatever failed after that,
    /// stays as it is and is left to the next run: the journal does not say that it ended.
    ///
    /// # Errors
    /// [`Stop::NeedsYou`] when a file holds neither the old bytes nor the new ones; the change is over then, too.
    pub fn undo(&mut self, change: &Change, reason: &str) -> Result<(), Stop> {
        if let Some(commit) = self.journal.prepared()
            && self.repo.holds(&change.tip.branch, Oid::from_str(commit).map_err(RepoProblem::from)?)?
        {
            return Ok(());
        }
        let tip = match self.repo.tip() {
            // The branch was deleted under us: what it held is known all the same.
            Err(RepoProblem::Unborn(_)) => change.tip.clone(),
            tip => tip?,
        };
        let mut strangers = Vec::new();
        for file in &change.files {
            match self.put_back(file, &tip, change.tip.commit)? {
                Ok(()) => {}
                Err(FileProblem::Changed { path } | FileProblem::Missing { path }) => strangers.push(path),
                Err(problem) => return Err(problem.into()),
            }
        }
        fault::point("undo: files put back");
        let mut ours = Vec::with_capacity(change.files.len());
        for file in change.files.iter().filter(|file| file.after.is_some()) {
            ours.push((file.path().clone(), self.repo.clean(file.path(), file.after(), file.converted, Write::No)?));
        }
        self.unstage(&tip, &ours)?;
        self.abandon(reason)?;
        let [first, ..] = strangers.as_slice() else { return Ok(()) };
        let names: Vec<String> = strangers.iter().map(ToString::to_string).collect();
        let message = format!("{} changed while the unit was judged, and not by migrate", names.join(", "));
        let help = format!("it was left as it is; see `git diff -- {first}`, commit it or take it back, then run migrate again");
        Err(Stop::NeedsYou(Note::new(message, help)))
    }

    /// Notes that a change ended without a commit, and lets go of what was kept for it.
    ///
    /// # Errors
    /// When the journal or a reference cannot be written.
    pub fn abandon(&mut self, reason: &str) -> Result<(), Stop> {
        self.journal.append(Record::Abandoned { reason: reason.to_owned() })?;
        Ok(self.repo.let_go()?)
    }

    fn put_back(&self, file: &ChangedFile, tip: &Tip, base: Oid) -> Result<Result<(), FileProblem>, Stop> {
        let found = match fs::read(self.repo.top(), file.path()) {
            Ok(found) => found.bytes,
            Err(problem) => return Ok(Err(problem)),
        };
        match &file.after {
            _ if found == file.before() => return Ok(Ok(())),
            // Somebody committed it while it was judged: it is theirs now.
            _ if tip.commit != base && committed(self.repo, tip, file.path(), &found)? => return Ok(Ok(())),
            Some(after) if found == *after => {}
            Some(_) => return Ok(Err(FileProblem::Changed { path: file.path().clone() })),
            // A codemod was at work, and what it wrote cannot be told from an edit.
            None => keep_copy(self.repo, file.path(), &found)?,
        }
        Ok(fs::replace(self.repo.top(), file.path(), &found, file.before(), &file.aside).map(|_| ()))
    }

    /// Makes those index entries that name the new blob name what HEAD holds: it is put there before the branch moves, or by
    /// somebody who staged what was being judged.
    fn unstage(&self, tip: &Tip, ours: &[(RepoPath, Oid)]) -> Result<(), Stop> {
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
        if entries.is_empty() { Ok(()) } else { self.stage(tip, &entries, self.stage_aside(&entries)?) }
    }

    /// As [`Protocol::undo`] for a change that only the journal knows: gives the files that hold somebody else's text, which stay.
    /// Texts are told by their hashes; of what a codemod may have left a copy is kept.
    ///
    /// # Errors
    /// When a file or the index cannot be written, and [`Stop::NeedsYou`] when an old text is nowhere to be found.
    pub fn undo_recorded(&mut self, begun: &Begun) -> Result<Vec<RepoPath>, Stop> {
        let tip = self.repo.tip()?;
        let paths: Vec<RepoPath> = begun.files.iter().map(|file| file.path.clone()).collect();
        let conversions = self.repo.conversions(&paths)?;
        let (mut ours, mut strangers) = (Vec::with_capacity(begun.files.len()), Vec::new());
        for file in &begun.files {
            let found = match fs::read(self.repo.top(), &file.path) {
                Ok(found) => Some(found.bytes),
                Err(FileProblem::Missing { .. } | FileProblem::Link { .. } | FileProblem::NotRegular { .. }) => None,
                Err(problem) => return Err(problem.into()),
            };
            ours.extend(self.staged_by_us(file, found.as_deref(), &conversions)?.map(|blob| (file.path.clone(), blob)));
            let Some(found) = found else {
                strangers.push(file.path.clone());
                continue;
            };
            let hash = Some(self.repo.clean(&file.path, &found, false, Write::No)?.to_string());
            let theirs = tip.commit.to_string() != begun.base && committed(self.repo, &tip, &file.path, &found)?;
            if hash.as_deref() == Some(&file.before) || theirs {
                continue;
            }
            match &file.after {
                Some(_) if hash != file.after => {
                    strangers.push(file.path.clone());
                    continue;
                }
                Some(_) => {}
                None => keep_copy(self.repo, &file.path, &found)?,
            }
            let before = old_text(self.repo, &tip, file, &conversions)?;
            fs::replace(self.repo.top(), &file.path, &found, &before, &file.aside)?;
        }
        self.unstage(&tip, &ours)?;
        Ok(strangers)
    }

    /// The blob that we put into the index for a file, if that can be known: where git converts the file it takes the new text.
    fn staged_by_us(&self, file: &FileChange, found: Option<&[u8]>, conversions: &Conversions) -> Result<Option<Oid>, Stop> {
        let Some(after) = &file.after else { return Ok(None) };
        let blob = Oid::from_str(after).map_err(RepoProblem::from)?;
        if !conversions.apply_to(&file.path) {
            return Ok(Some(blob));
        }
        let text = match found {
            Some(found) if self.repo.clean(&file.path, found, false, Write::No)? == blob => found.to_vec(),
            // It is held; where it is gone nevertheless, so is what was made of it.
            _ => match self.repo.blob(blob) {
                Ok(text) => text,
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(self.repo.clean(&file.path, &text, true, Write::No)?))
    }
}

/// The text of a file before its change: as it is kept, or as a checkout would give it.
///
/// # Errors
/// [`Stop::NeedsYou`] when it is nowhere to be found.
pub fn old_text(repo: &Repo, tip: &Tip, file: &FileChange, conversions: &Conversions) -> Result<Vec<u8>, Stop> {
    let before = Oid::from_str(&file.before).map_err(RepoProblem::from)?;
    if let Ok(text) = repo.blob(before) {
        return Ok(text);
    }
    if let Some((_, blob)) = repo.file_in(tip.commit, &file.path)? {
        let text = repo.smudge(&file.path, blob, conversions.apply_to(&file.path))?;
        if repo.clean(&file.path, &text, false, Write::No)? == before {
            return Ok(text);
        }
    }
    let message = format!("the old text of {} (blob {before}) is no longer in the repository", file.path);
    let help = format!("keep what you want of the file elsewhere, then `git checkout -- {}` and run migrate again", file.path);
    Err(Stop::NeedsYou(Note::new(message, help)))
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

/// Keeps what a codemod left in a file that is put back, since part of it may be somebody's edit: synced, because the file is
/// replaced next.
///
/// # Errors
/// When it cannot be kept; the file must then stay as it is.
pub fn keep_copy(repo: &Repo, path: &RepoPath, bytes: &[u8]) -> Result<(), Stop> {
    let folder = repo.state_folder().join("saved");
    let name = repo.clean(path, bytes, false, Write::No)?.to_string();
    let kept = || -> io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        let mut copy = File::create(folder.join(name))?;
        copy.write_all(bytes)?;
        copy.sync_all()?;
        File::open(&folder)?.sync_all()?;
        File::open(repo.state_folder())?.sync_all()
    };
    kept().map_err(|source| {
        let message = format!("cannot keep a copy of {path} in {}: {source}", folder.display());
        Stop::Refused(Note::new(message, cure::help(&source, "fix the cause, then run migrate again")))
    })
}
