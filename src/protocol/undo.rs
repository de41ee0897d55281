//! Taking back what did not land, as the change is known in memory or as the journal has it: what we put on disk and into the index
//! goes, what somebody else put there stays.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use git2::Oid;

use crate::cure;
use crate::fault;
use crate::fs::{self, FileProblem, Like};
use crate::journal::{Announcement, FileChange, Record};
use crate::path::RepoPath;
use crate::protocol::{After, Draft, DraftFile, Protocol};
use crate::repo::index::EntryStat;
use crate::repo::stage::Restage;
use crate::repo::target::{Conversions, Write};
use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::{Note, Stop};

/// What taking back an interrupted change left.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// Files that hold somebody else's text, which stays.
    pub strangers: Vec<RepoPath>,
    /// Copies of what codemods may have left.
    pub kept: Vec<PathBuf>,
}

impl Protocol<'_> {
    /// Takes a change back that did not land: the old bytes return where the disk still holds the new ones, and so does the index
    /// entry. What somebody else put there stays, and is named. A change whose commit is in the branch, whatever failed after that,
    /// stays as it is and is left to the next run: the journal does not say that it ended.
    ///
    /// # Errors
    /// [`Stop::NeedsYou`] when a file holds neither the old bytes nor the new ones; the change is over then, too.
    pub fn undo(&mut self, change: impl Into<Draft>, reason: &str) -> Result<(), Stop> {
        let draft: Draft = change.into();
        if let Some(commit) = self.journal.prepared()
            && self.repo.holds(&draft.tip.branch, Oid::from_str(commit).map_err(RepoProblem::from)?)?
        {
            return Ok(());
        }
        let tip = match self.repo.tip() {
            // The branch was deleted under us: what it held is known all the same.
            Err(RepoProblem::Unborn(_)) => draft.tip.clone(),
            tip => tip?,
        };
        let mut strangers = Vec::new();
        // What was not there goes first: it may be where a folder was.
        let (new, old): (Vec<_>, Vec<_>) = draft.files.iter().partition(|file| file.before.is_none());
        for file in new.into_iter().chain(old) {
            match self.put_back(file, &tip, draft.tip.commit)? {
                Ok(()) => {}
                Err(FileProblem::Changed { path } | FileProblem::Missing { path }) => strangers.push(path),
                Err(problem) => return Err(problem.into()),
            }
        }
        fault::point("undo: files put back");
        let mut ours = Vec::with_capacity(draft.files.len());
        for file in draft.files.iter().filter(|file| file.after != After::Unknown) {
            let blob = |text| self.repo.clean(&file.path, text, file.converted, Write::No);
            ours.push((file.path.clone(), file.new_text().map(blob).transpose()?));
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

    fn put_back(&self, file: &DraftFile, tip: &Tip, base: Oid) -> Result<Result<(), FileProblem>, Stop> {
        let found = match on_disk(self.repo, &file.path) {
            Ok(found) => found,
            Err(problem) => return Ok(Err(problem)),
        };
        let found = found.as_deref();
        match &file.after {
            _ if found == file.old_text() => return Ok(fs::remove_empty_folders(self.repo.top(), &file.path)),
            // Somebody committed it while it was judged: it is theirs now.
            _ if tip.commit != base && committed(self.repo, tip, &file.path, found)? => return Ok(Ok(())),
            // A codemod was at work, and what it wrote cannot be told from an edit.
            After::Unknown => match found {
                Some(found) => drop(keep_copy(self.repo, &file.path, found)?),
                None => return Ok(Err(FileProblem::Missing { path: file.path.clone() })),
            },
            After::Text { .. } | After::Gone if found == file.new_text() => {}
            After::Text { .. } | After::Gone => return Ok(Err(FileProblem::Changed { path: file.path.clone() })),
        }
        let like = file.before.as_ref().map(|target| Like::File(target.found.stat));
        Ok(fs::turn(self.repo.top(), &file.path, found, file.old_text(), like.as_ref(), &file.aside))
    }

    /// Makes those index entries that are as we put them, with the new blob or gone, what HEAD holds: ours are put there before the
    /// branch moves, or by somebody who staged what was being judged.
    fn unstage(&self, tip: &Tip, ours: &[(RepoPath, Option<Oid>)]) -> Result<(), Stop> {
        let tree = self.repo.tree_of(tip.commit)?;
        let mut entries = Vec::with_capacity(ours.len());
        for (path, put) in ours {
            let (after, staged) = (self.repo.file_in(tip.commit, path)?, self.repo.staged(path)?);
            if staged.map(|(_, blob)| blob) != *put || staged.map(|(_, blob)| blob) == after.map(|(_, blob)| blob) {
                continue;
            }
            // With no stat of the file, git looks at what it holds; cached trees that name anything else are dropped.
            let (path, stat, trees) = (path.clone(), EntryStat::unknown(), self.repo.trees_towards(tree, path)?);
            // An entry of another mode is somebody else's.
            let before = staged.map(|(mode, blob)| (after.map_or(mode, |(mode, _)| mode), blob));
            entries.push(Restage { path, before, after, stat, old_trees: trees.clone(), new_trees: trees });
        }
        if entries.is_empty() { Ok(()) } else { self.stage(tip, &entries, self.stage_aside(&entries)?) }
    }

    /// As [`Protocol::undo`] for a change that only the journal knows: gives the files that hold somebody else's text, which stay.
    /// Texts are told by their hashes; of what a codemod may have left a copy is kept.
    ///
    /// # Errors
    /// When a file or the index cannot be written, and [`Stop::NeedsYou`] when an old text is nowhere to be found.
    pub fn undo_recorded(&mut self, begun: &Announcement) -> Result<Leftovers, Stop> {
        let tip = self.repo.tip()?;
        let paths: Vec<RepoPath> = begun.files.iter().map(|file| file.path.clone()).collect();
        let conversions = self.repo.conversions(&paths)?;
        let (mut ours, mut undone) = (Vec::with_capacity(begun.files.len()), Leftovers::default());
        let (new, old): (Vec<_>, Vec<_>) = begun.files.iter().partition(|file| file.before.is_none());
        for file in new.into_iter().chain(old) {
            let found = match on_disk(self.repo, &file.path) {
                Ok(found) => found,
                Err(FileProblem::Link { .. } | FileProblem::NotRegular { .. }) => {
                    ours.extend(self.staged_by_us(file, None, &conversions)?.map(|blob| (file.path.clone(), blob)));
                    undone.strangers.push(file.path.clone());
                    continue;
                }
                Err(problem) => return Err(problem.into()),
            };
            let found = found.as_deref();
            ours.extend(self.staged_by_us(file, found, &conversions)?.map(|blob| (file.path.clone(), blob)));
            let hash = found.map(|found| self.repo.clean(&file.path, found, false, Write::No)).transpose()?;
            let hash = hash.map(|hash| hash.to_string());
            if hash == file.before {
                fs::remove_empty_folders(self.repo.top(), &file.path)?;
                continue;
            }
            if tip.commit.to_string() != begun.base && committed(self.repo, &tip, &file.path, found)? {
                continue;
            }
            match (file.result(), found) {
                (Some(result), _) if hash.as_deref() == result => {}
                (Some(_), _) => {
                    undone.strangers.push(file.path.clone());
                    continue;
                }
                // The codemod deleted it.
                (None, None) => {}
                (None, Some(found)) => undone.kept.push(keep_copy(self.repo, &file.path, found)?),
            }
            let before = old_text(self.repo, &tip, file, &conversions)?;
            let like = file.mode.map(Like::Mode);
            fs::turn(self.repo.top(), &file.path, found, before.as_deref(), like.as_ref(), &file.aside)?;
        }
        self.unstage(&tip, &ours)?;
        Ok(undone)
    }

    /// What we put into the index for a file, inside it `None` for no entry, if that can be known: where git converts the file it takes
    /// the new text.
    fn staged_by_us(
        &self,
        file: &FileChange,
        found: Option<&[u8]>,
        conversions: &Conversions,
    ) -> Result<Option<Option<Oid>>, Stop> {
        let Some(result) = file.result() else { return Ok(None) };
        let Some(after) = result else { return Ok(Some(None)) };
        let blob = Oid::from_str(after).map_err(RepoProblem::from)?;
        if !conversions.apply_to(&file.path) {
            return Ok(Some(Some(blob)));
        }
        let text = match found {
            Some(found) if self.repo.clean(&file.path, found, false, Write::No)? == blob => found.to_vec(),
            // It is held; where it is gone nevertheless, so is what was made of it.
            _ => match self.repo.blob(blob) {
                Ok(text) => text,
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(Some(self.repo.clean(&file.path, &text, true, Write::No)?)))
    }
}

/// The bytes of a file; `None` where there is none.
///
/// # Errors
/// When there is something else, or it cannot be read.
pub fn on_disk(repo: &Repo, path: &RepoPath) -> Result<Option<Vec<u8>>, FileProblem> {
    match fs::read(repo.top(), path) {
        Ok(found) => Ok(Some(found.bytes)),
        Err(FileProblem::Missing { .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The text of a file before its change, as it is kept, or as a checkout would give it; `None` where there was no file.
///
/// # Errors
/// [`Stop::NeedsYou`] when it is nowhere to be found.
pub fn old_text(repo: &Repo, tip: &Tip, file: &FileChange, conversions: &Conversions) -> Result<Option<Vec<u8>>, Stop> {
    let Some(before) = &file.before else { return Ok(None) };
    let before = Oid::from_str(before).map_err(RepoProblem::from)?;
    if let Ok(text) = repo.blob(before) {
        return Ok(Some(text));
    }
    if let Some((_, blob)) = repo.file_in(tip.commit, &file.path)? {
        let text = repo.smudge(&file.path, blob, conversions.apply_to(&file.path))?;
        if repo.clean(&file.path, &text, false, Write::No)? == before {
            return Ok(Some(text));
        }
    }
    let message = format!("the old text of {} (blob {before}) is no longer in the repository", file.path);
    let help = format!("keep what you want of the file elsewhere, then `git checkout -- {}` and run migrate again", file.path);
    Err(Stop::NeedsYou(Note::new(message, help)))
}

/// True when git would see no change in a file that holds `bytes`, or is not there.
///
/// # Errors
/// When the tip or git's filters cannot be read.
pub fn committed(repo: &Repo, tip: &Tip, path: &RepoPath, bytes: Option<&[u8]>) -> Result<bool, Stop> {
    let (Some((_, blob)), Some(bytes)) = (repo.file_in(tip.commit, path)?, bytes) else {
        return Ok(bytes.is_none() && repo.file_in(tip.commit, path)?.is_none());
    };
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
pub fn keep_copy(repo: &Repo, path: &RepoPath, bytes: &[u8]) -> Result<PathBuf, Stop> {
    let folder = repo.state_folder().join("saved");
    let name = repo.clean(path, bytes, false, Write::No)?.to_string();
    let kept = || -> io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        let mut copy = File::create(folder.join(&name))?;
        copy.write_all(bytes)?;
        copy.sync_all()?;
        File::open(&folder)?.sync_all()?;
        File::open(repo.state_folder())?.sync_all()
    };
    kept().map(|()| folder.join(&name)).map_err(|source| {
        let message = format!("cannot keep a copy of {path} in {}: {source}", folder.display());
        Stop::Refused(Note::new(message, cure::help(&source, "fix the cause, then run migrate again")))
    })
}
