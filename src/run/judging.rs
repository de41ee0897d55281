//! Where the plan's commands run: in copies of the work tree, so that the user may go on working and what lands is what was judged; or,
//! where no copies can be made or somebody asks for it, in the work tree itself.
//!
//! A copy shows the tip with a candidate's files on it. Files that the user has changed show as the tip has them. What the user changes
//! while a command runs may show half: the verdict is void then.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use git2::Oid;

use crate::copies::{Copies, Copy, CopyError, Means, Pin, TreeFacts, Unavailable, Version};
use crate::event::Event;
use crate::held::BranchMove;
use crate::interrupt::Interrupt;
use crate::judge::{Isolated, Judge, Measurement, Purpose, Question, Verdict};
use crate::metric::reading::NoNumber;
use crate::path::RepoPath;
use crate::protocol::{After, Draft};
use crate::repo::Repo;
use crate::repo::target::Conversions;
use crate::run::ended::{self, MOST_ATTEMPTS};
use crate::run::{Run, takes_away};
use crate::stop::Stop;
use crate::units::{Call, Member, Unit};

/// The files of a candidate that are not as the tip has them.
pub(super) type Candidate = BTreeMap<RepoPath, Version>;

/// What is done to a copy before commands run in it, and what is looked at afterwards.
type BeforeIt<'b> = dyn Fn(&Copy) -> Result<(), Stop> + 'b;
type AfterIt<'a> = dyn FnMut(&Copy) -> Result<(), Stop> + 'a;

const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

/// What makes copies, and what all copies of one tip have in common.
pub(super) struct Isolation {
    copies: Copies,
    pinned: Option<Pinned>,
    /// A handle on the repository for the threads in which copies are judged.
    looker: Arc<Mutex<Repo>>,
    /// The tracked files that the user had changed when that was last looked at, which costs a look at each tracked file.
    edited: Option<BTreeSet<RepoPath>>,
}

/// A tip as copies show it.
struct Pinned {
    pin: Pin,
    tip: Oid,
    /// The files that the user had changed, which show as the tip has them.
    edited: BTreeSet<RepoPath>,
}

impl Isolation {
    /// Finds out whether copies of this work tree can be made.
    pub(super) fn open(repo: &Repo, scratch: Option<&Path>) -> Result<Self, Unavailable> {
        let facts = TreeFacts { top: repo.top(), git_folder: repo.git_folder(), common_folder: repo.common_folder() };
        let copies = Copies::open(&facts, &Means { scratch, program: None })?;
        let looker = Repo::open(repo.top()).map_err(|problem| Unavailable::Refused {
            call: format!("open {} once more", repo.top().display()),
            error: std::io::Error::other(problem.to_string()),
        })?;
        Ok(Self { copies, pinned: None, looker: Arc::new(Mutex::new(looker)), edited: None })
    }

    /// The tip for copies, made anew when it, or what the user has changed, is not what it was.
    fn pin(&mut self, repo: &Repo, tip: Oid, edited: BTreeSet<RepoPath>) -> Result<Pin, Stop> {
        if let Some(pinned) = self.pinned.as_ref().filter(|pinned| pinned.tip == tip && pinned.edited == edited) {
            return Ok(pinned.pin.clone());
        }
        let paths: Vec<RepoPath> = edited.iter().cloned().collect();
        let conversions = if paths.is_empty() { Conversions::default() } else { repo.conversions(&paths)? };
        let mut versions = Candidate::new();
        for path in paths {
            let version = version_in(repo, tip, &path, &conversions)?;
            versions.extend(version.map(|version| (path, version)));
        }
        let pin = match self.pinned.take() {
            Some(old) => self.copies.renew(old.pin, &versions)?,
            None => self.copies.pin(&versions)?,
        };
        self.pinned = Some(Pinned { pin: pin.clone(), tip, edited });
        Ok(pin)
    }
}

/// What a draft puts on the tip; `None` while a codemod has yet to say.
pub(super) fn candidate(draft: &Draft) -> Option<Candidate> {
    draft.files.iter().map(|file| Some((file.path.clone(), version(&file.after)?))).collect()
}

/// What a commit has at a path; `None` for a submodule.
pub(super) fn version_in(repo: &Repo, commit: Oid, path: &RepoPath, conversions: &Conversions) -> Result<Option<Version>, Stop> {
    Ok(match repo.file_in(commit, path)? {
        None => Some(Version::Absent),
        Some((SUBMODULE, _)) => None,
        Some((LINK, blob)) => Some(Version::Link { target: repo.blob(blob)? }),
        Some((mode, blob)) => {
            let bytes = repo.smudge(path, blob, conversions.apply_to(path))?;
            Some(Version::File { bytes, executable: mode & 0o111 != 0 })
        }
    })
}

/// What a copy is to show of what becomes of a file; `None` while a codemod has yet to say.
pub(super) fn version(after: &After) -> Option<Version> {
    match after {
        After::Unknown => None,
        After::Text { bytes, mode } => Some(Version::File { bytes: bytes.clone(), executable: mode & 0o111 != 0 }),
        After::Gone => Some(Version::Absent),
    }
}

/// True for a file of a candidate on this tip that commands must leave as it is.
fn is_guarded(repo: &Repo, tip: Oid, candidate: &Candidate, path: &RepoPath) -> Result<bool, Stop> {
    Ok(candidate.contains_key(path) || repo.file_in(tip, path)?.is_some())
}

/// True for a path that git tracks in a candidate on this tip, or that is inside of what it tracks.
fn is_tracked(repo: &Repo, tip: Oid, candidate: &Candidate, path: &RepoPath) -> Result<bool, Stop> {
    // A submodule is one entry, whatever is in it; a folder is none.
    let mut above = path.as_path().ancestors().filter_map(|path| RepoPath::new(path.as_os_str().as_bytes()).ok());
    above.try_fold(false, |is, path| {
        let entry = || Ok::<_, Stop>(repo.file_in(tip, &path)?.is_some_and(|(mode, _)| mode != FOLDER));
        Ok(is || candidate.contains_key(&path) || entry()? || repo.staged(&path)?.is_some())
    })
}

/// True when there is no room left on a disk, or none that this user may have.
fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// A candidate in a copy that a thread of its own may judge.
pub(super) struct Apart {
    copy: Copy,
    candidate: Candidate,
    tip: Oid,
    /// The files that the user had changed, which show as the tip has them.
    edited: BTreeSet<RepoPath>,
    looker: Arc<Mutex<Repo>>,
}

impl Apart {
    /// True when no command could be started in it for want of room.
    pub(super) fn lacks_room(&self) -> bool {
        matches!(self.copy.trouble(), Some(Unavailable::Refused { error, .. }) if is_full(&error))
    }

    /// The files that the user had changed when it was made.
    pub(super) fn edited(&self) -> &BTreeSet<RepoPath> {
        &self.edited
    }

    /// Measures something of it.
    pub(super) fn measure(
        &self,
        judge: &Judge<'_>,
        measurement: Measurement<'_>,
        interrupt: &Interrupt,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<f64, NoNumber>, Stop> {
        self.isolated((interrupt, 0), |isolated| judge.measure(measurement, Some(isolated), emit))
    }

    /// Runs commands on it.
    pub(super) fn judge(
        &self,
        judge: &Judge<'_>,
        question: Question<'_>,
        at: (&Interrupt, usize),
        emit: &mut dyn FnMut(Event),
    ) -> Result<Verdict, Stop> {
        self.isolated(at, |isolated| judge.run(question, Some(isolated), &mut || Ok(()), emit))
    }

    /// Does something with it as commands are run in it: with what ends them, and as this job.
    fn isolated<T>(&self, (interrupt, job): (&Interrupt, usize), act: impl FnOnce(&Isolated<'_>) -> T) -> T {
        let looker = || self.looker.lock().unwrap_or_else(PoisonError::into_inner);
        let isolated = Isolated {
            copy: &self.copy,
            is_guarded: &|path| is_guarded(&looker(), self.tip, &self.candidate, path),
            is_tracked: &|path| is_tracked(&looker(), self.tip, &self.candidate, path),
            may_stage: false,
            interrupt,
            job,
        };
        act(&isolated)
    }
}

impl Run<'_> {
    /// Makes a copy of the tip with a candidate's files, to be judged apart; none where there is no room for one more.
    pub(super) fn apart(&mut self, candidate: Candidate) -> Result<Option<Apart>, Stop> {
        let edited = self.known_edits()?;
        let (repo, tip) = (self.repo, self.held.tip().commit);
        let Some(isolation) = &mut self.isolation else { return Ok(None) };
        let pin = isolation.pin(repo, tip, edited.clone())?;
        let copy = match isolation.copies.copy(&pin, &candidate) {
            Ok(copy) => copy,
            Err(CopyError::Io { source, .. }) if is_full(&source) => return Ok(None),
            Err(problem) => return Err(problem.into()),
        };
        Ok(Some(Apart { copy, candidate, tip, edited, looker: Arc::clone(&isolation.looker) }))
    }

    /// The tracked files that the user changed since a copy was made that knew of these. What was judged in it may have seen half of that.
    pub(super) fn edited_since(&mut self, known: &BTreeSet<RepoPath>) -> Result<Vec<RepoPath>, Stop> {
        let now = self.edited()?;
        let new: Vec<RepoPath> = now.difference(known).cloned().collect();
        if let Some(isolation) = &mut self.isolation {
            isolation.edited = Some(now);
        }
        Ok(new)
    }

    /// What these calls are to judge.
    pub(super) fn question<'q>(&self, purpose: Purpose, unit: &'q Unit, calls: &'q [Call]) -> Question<'q>
    where
        Self: 'q,
    {
        let fewer = takes_away(self.plan, unit);
        Question {
            purpose,
            calls,
            fewer,
            phase: &self.plan.phases[unit.phase].id,
            unit: Some(&unit.id),
            candidate: None,
            tree: None,
        }
    }

    /// True when these calls, which are a whole list, run in a copy: none of them is to run in the work tree itself.
    pub(super) fn isolates(&self, calls: &[Call]) -> bool {
        self.isolation.is_some() && !calls.iter().any(|call| call.command.at_tree)
    }

    /// Lets commands judge what `candidate` makes of the tip, in a copy where copies are made and else as the work tree is, and says
    /// whether somebody else committed meanwhile: the verdict is void then.
    pub(super) fn judged(
        &mut self,
        question: Question<'_>,
        candidate: &Candidate,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Verdict, BranchMove), Stop> {
        if !self.isolates(question.calls) || question.calls.is_empty() {
            return self.judged_in_place(question, emit);
        }
        self.judged_in_copy(question, candidate, (&|_| Ok(()), &mut |_| Ok(())), emit)
    }

    /// The same in a copy, which is made ready `beforehand` and looked at `afterwards`.
    pub(super) fn judged_in_copy(
        &mut self,
        question: Question<'_>,
        candidate: &Candidate,
        (beforehand, afterwards): (&BeforeIt<'_>, &mut AfterIt<'_>),
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Verdict, BranchMove), Stop> {
        for _ in 0..MOST_ATTEMPTS {
            let judged = self.judged_once(question, candidate, (beforehand, afterwards), emit)?;
            let pinned = self.isolation.as_ref().and_then(|isolation| isolation.pinned.as_ref());
            let known = pinned.map(|pinned| pinned.edited.clone()).unwrap_or_default();
            let edited: Vec<String> = self.edited_since(&known)?.iter().map(ToString::to_string).collect();
            if edited.is_empty() || judged.1 == BranchMove::Forward {
                return Ok(judged);
            }
            let what = question.unit.map_or_else(|| "the gate".to_owned(), ToString::to_string);
            emit(ended::edited_meanwhile(&edited, &what));
        }
        Err(ended::keeps_changing())
    }

    /// The same in the work tree itself. The branch is looked at after each command, so that nothing runs on where HEAD was switched.
    pub(super) fn judged_in_place(
        &mut self,
        question: Question<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Verdict, BranchMove), Stop> {
        self.judged_with(question, None, emit)
    }

    fn judged_once(
        &mut self,
        question: Question<'_>,
        candidate: &Candidate,
        (beforehand, afterwards): (&BeforeIt<'_>, &mut AfterIt<'_>),
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Verdict, BranchMove), Stop> {
        self.look_at_branch()?;
        let edited = self.known_edits()?;
        let (repo, tip, interrupt) = (self.repo, self.held.tip().commit, self.interrupt);
        let Some(isolation) = &mut self.isolation else { return self.judged_in_place(question, emit) };
        let pin = isolation.pin(repo, tip, edited)?;
        let copy = isolation.copies.copy(&pin, candidate)?;
        // A codemod is to change its own file, formatter and hooks those of their unit, and nothing else.
        let purpose = question.purpose;
        let own = question.calls.first().and_then(|call| call.file.as_ref());
        let is_own = |path: &RepoPath| match purpose {
            Purpose::Transform => own == Some(path),
            purpose => purpose.changes_files() && candidate.contains_key(path),
        };
        let is_guarded = |path: &RepoPath| Ok(!is_own(path) && is_guarded(repo, tip, candidate, path)?);
        let may_stage = purpose == Purpose::Hook;
        let is_tracked = |path: &RepoPath| is_tracked(repo, tip, candidate, path);
        beforehand(&copy)?;
        let judged = self.judged_with(
            question,
            Some(&Isolated { copy: &copy, is_guarded: &is_guarded, is_tracked: &is_tracked, may_stage, interrupt, job: 0 }),
            emit,
        )?;
        afterwards(&copy)?;
        Ok(judged)
    }

    fn judged_with(
        &mut self,
        question: Question<'_>,
        isolated: Option<&Isolated<'_>>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Verdict, BranchMove), Stop> {
        let mut since = self.look_at_branch()?;
        let (repo, held) = (self.repo, &mut self.held);
        let mut after = || {
            if held.look(repo)? == BranchMove::Forward {
                since = BranchMove::Forward;
            }
            Ok(())
        };
        let verdict = self.judge.run(question, isolated, &mut after, emit)?;
        if since == BranchMove::Forward {
            self.refresh()?;
        }
        Ok((verdict, since))
    }

    /// What makes of the tip the same without the units of a phase, as far as that can be told from their commits.
    pub(super) fn without_phase(&self, phase: usize) -> Result<Candidate, Stop> {
        let mut without = Candidate::new();
        for (unit, commit) in self.landed_of(phase) {
            without.extend(self.without_commit(&unit.files, commit)?);
        }
        Ok(without)
    }

    /// The files of units as the parent of their commit has them.
    pub(super) fn without_commit(&self, files: &[Member], commit: Oid) -> Result<Candidate, Stop> {
        let mut without = Candidate::new();
        // In a shallow clone it may not be there.
        let parent = self.repo.parent_of(commit)?.filter(|parent| self.repo.has_commit(*parent));
        let Some(parent) = parent else { return Ok(without) };
        for file in files {
            let version = version_in(self.repo, parent, &file.path, &self.conversions)?;
            without.extend(version.map(|version| (file.path.clone(), version)));
        }
        Ok(without)
    }

    /// The tracked files that the user had changed when that was last looked at. What was edited since is found when a verdict is there,
    /// which is void then.
    fn known_edits(&self) -> Result<BTreeSet<RepoPath>, Stop> {
        let known = self.isolation.as_ref().and_then(|isolation| isolation.edited.clone());
        known.map_or_else(|| self.edited(), Ok)
    }

    /// The tracked files that the user has changed.
    fn edited(&self) -> Result<BTreeSet<RepoPath>, Stop> {
        let since = self.repo.changed_others(&self.others, &[])?;
        Ok(self.others.paths().cloned().chain(since).collect())
    }
}
