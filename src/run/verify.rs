//! Verification: a commit that landed is judged, and taken back when it fails. Nothing else lands while a verification is owed.

use git2::Oid;

use crate::event::Event;
use crate::held::BranchMove;
use crate::journal::{Announcement, Record};
use crate::judge::{Passing, Purpose, Question, Verdict};
use crate::message::trailers::{Together, Trailers, trailers};
use crate::recover::{self, Verification};
use crate::repo::Tip;
use crate::run::Run;
use crate::run::ended::{self, Ended, Failure};
use crate::run::judging::Candidate;
use crate::schedule::owed::{Newest, Owed, owed};
use crate::stop::{Note, Stop};
use crate::survey::{self, Standing};
use crate::takeback::{self, Reason};
use crate::units::{Unit, calls};

impl Run<'_> {
    /// Lets the unit's verification judge a commit that landed; on failure the commit is taken back.
    /// What its validation said of the same tree is remembered with it.
    pub(super) fn verify(
        &mut self,
        unit: &Unit,
        commit: Oid,
        mut validated: Vec<Passing>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Ended, Stop> {
        let calls = calls(self.plan, &unit.files, |target| &target.verify);
        if calls.is_empty() {
            self.learn(unit.phase, validated)?;
            return Ok(Ended::Committed);
        }
        for _ in 0..ended::MOST_ATTEMPTS {
            let tree = Some(self.repo.tree_of(self.held.tip().commit)?);
            let question = Question { tree, ..self.question(Purpose::Verify, unit, &calls) };
            let judged = self.judged(question, &Candidate::new(), emit);
            let (verdict, since) = judged.map_err(|stop| still_owed(unit, stop))?;
            // Of which tree a verdict is true is known only while the branch stands still.
            if since == BranchMove::Forward {
                emit(ended::judged_again(&self.name_of(unit)));
                continue;
            }
            let (kind, reason, log, not_judged) = match verdict {
                Verdict::Failed { kind, reason, log, could_not_judge, .. } => (kind, reason, log, could_not_judge),
                Verdict::Passed(passed) => {
                    self.refuse_changed_tree(&calls, "a verify command")?;
                    self.journal.append(Record::Verified { commit: commit.to_string() })?;
                    validated.extend(passed);
                    self.learn(unit.phase, validated)?;
                    return Ok(Ended::Committed);
                }
            };
            // What keeps it from being taken back now must not let the verdict be forgotten.
            let verdict = Some(kind);
            self.journal.append(Record::Refuted { commit: commit.to_string(), reason: reason.clone(), verdict })?;
            self.take_back(unit, commit, &Reason::Verification { why: reason.clone(), verdict }, emit)
                .map_err(|stop| stays(unit, commit, &reason, &stop))?;
            let log = log.display().to_string();
            return Ok(Ended::Failed(Failure {
                reason,
                help: format!("see {log}"),
                log: Some(log),
                verdict,
                not_judged,
                reverted: true,
            }));
        }
        Err(ended::keeps_moving(&self.name_of(unit)))
    }

    /// Judges what was committed and not judged, before anything else lands: by an interrupted run, or by a run elsewhere of which
    /// this work tree knows nothing. What was asked for makes no difference: nothing lands above an unjudged commit.
    pub(super) fn verify_what_is_owed(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.note_what_is_undone(emit)?;
        let tip = self.held.tip().commit;
        let debts = survey::debts(self.repo, self.journal.records(), tip)?;
        if let Some((begun, _)) = debts.iter().find(|(begun, _)| begun.plan != self.plan.name) {
            self.refuse_debt_of_another(begun, emit)?;
        }
        let ours = debts.into_iter().filter(|(begun, _)| begun.plan == self.plan.name).map(|(_, commit)| commit);
        let mut commits: Vec<Oid> = ours.collect();
        if commits.is_empty() {
            commits = self.unknown_batch(tip)?;
            if let [first, ..] = commits.as_slice() {
                let unit = self.part_of(*first).map_or_else(String::new, |unit| unit.id.to_string());
                let more = commits.len() - 1;
                let what =
                    format!("nothing here says that it and {more} more, which landed together, were verified: they are now");
                emit(Event::Recovered { unit, what });
            }
        }
        if commits.len() > 1 {
            self.settle_debts_together(&commits, emit)?;
            return Ok(());
        }
        commits.extend(self.newest.filter(|newest| !commits.contains(newest)));
        for commit in commits {
            let at = || self.units.iter().filter(|standing| standing.is_of(commit));
            let judged = recover::judged(self.journal.records(), &commit.to_string());
            let newest = Newest {
                known: judged != Verification::Unknown,
                noted_unverified: judged == Verification::Owed,
                one_unit: at().count() == 1,
                is_tip: commit == tip,
            };
            let owed = owed(newest);
            let unit = self.part_of(commit);
            match unit.filter(|unit| !calls(self.plan, &unit.files, |target| &target.verify).is_empty()) {
                Some(unit) if owed != Owed::Nothing => self.settle_debt(&unit, commit, owed, emit)?,
                // The plan asks nothing of it any more.
                None if newest.noted_unverified => self.journal.append(Record::Verified { commit: commit.to_string() })?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The commits at the tip of the branch that landed as one batch and of which the journal knows nothing, as in a clone, oldest first;
    /// none where no verification judges them.
    fn unknown_batch(&self, tip: Oid) -> Result<Vec<Oid>, Stop> {
        let mut batch = Vec::new();
        let (mut at, mut judged) = (self.newest.filter(|newest| *newest == tip), None);
        while let Some(commit) = at {
            let together = trailers(&self.repo.message_of(commit)?).into_iter().find_map(|trailers| match trailers {
                Trailers::Applied(applied) if applied.plan == self.plan.name => applied.together,
                _ => None,
            });
            let is_known = recover::judged(self.journal.records(), &commit.to_string()) != Verification::Unknown;
            let Some(Together { nth, tree, .. }) = together.filter(|_| !is_known) else { break };
            if judged.get_or_insert_with(|| tree.clone()) != &tree {
                break;
            }
            batch.push(commit);
            at = if nth > 1 { self.repo.parent_of(commit)?.filter(|parent| self.repo.has_commit(*parent)) } else { None };
        }
        batch.reverse();
        let is_judged = |commit: &Oid| {
            let unit = self.part_of(*commit);
            unit.is_some_and(|unit| !calls(self.plan, &unit.files, |target| &target.verify).is_empty())
        };
        let several = batch.len() > 1 && batch.iter().any(is_judged);
        Ok(if several { batch } else { Vec::new() })
    }

    /// The files of a unit that a commit holds: of a group that landed in parts, not all.
    fn part_of(&self, commit: Oid) -> Option<Unit> {
        let standing = self.units.iter().find(|standing| standing.is_of(commit))?;
        let files = standing.files.iter().filter(|file| file.commit == Some(commit));
        Some(Unit { files: files.map(|file| file.file.clone()).collect(), ..standing.unit.clone() })
    }

    /// Judges what landed together, and was not judged when its run was interrupted, as one: of a command that fails for all of it nobody
    /// knows yet whose fault that is.
    fn settle_debts_together(&mut self, commits: &[Oid], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let mut landed = Vec::new();
        for commit in commits {
            let refuted = recover::refuted(self.journal.records(), &commit.to_string()).is_some();
            match self.part_of(*commit).filter(|unit| !calls(self.plan, &unit.files, |target| &target.verify).is_empty()) {
                // What is known to fail is taken back by itself.
                Some(unit) if refuted => self.settle_debt(&unit, *commit, Owed::Verify, emit)?,
                Some(unit) => landed.push((unit, *commit)),
                // The plan asks nothing of it any more.
                None => self.journal.append(Record::Verified { commit: commit.to_string() })?,
            }
        }
        for (nth, failure) in self.verify_together(&landed, Vec::new(), emit)? {
            let unit = &landed[nth].0;
            match unit.is_atomic() {
                true => self.unit_failed(unit, failure, emit)?,
                false => self.split(unit, failure.reason, emit),
            }
        }
        Ok(())
    }

    /// Notes of what was to be verified that it was taken back meanwhile.
    fn note_what_is_undone(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let Tip { branch, commit: tip } = self.held.tip().clone();
        for (begun, text) in recover::open(self.journal.records()).unverified {
            let Ok(commit) = Oid::from_str(&text) else { continue };
            // On another branch it may stand still.
            let here = begun.plan == self.plan.name && begun.branch == branch && self.repo.contains(tip, commit)?;
            if here && takeback::is_undone(self.repo, tip, commit)? {
                self.journal.append(Record::Verified { commit: text })?;
                let what = "its commit is undone already: there is nothing to verify".to_owned();
                emit(Event::Recovered { unit: begun.unit.to_string(), what });
            }
        }
        Ok(())
    }

    fn refuse_debt_of_another(&self, begun: &Announcement, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let message = format!("{}, which the plan {} committed, is not verified yet", begun.unit, begun.plan);
        if self.request.out_of_order {
            emit(Event::Warning { message: format!("out of order: {message}"), help: None });
            return Ok(());
        }
        let help = format!("`migrate run --plan FILE` with the plan {} verifies it first; --out-of-order leaves it", begun.plan);
        Err(Stop::Refused(Note::new(message, help)))
    }

    fn settle_debt(&mut self, unit: &Unit, commit: Oid, owed: Owed, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let members: Vec<&Standing> = self.units.iter().filter(|standing| standing.unit.phase == unit.phase).collect();
        let ordinal = members.iter().position(|standing| standing.unit.id == unit.id).map_or(1, |at| at + 1);
        let (phase, of, name) = (self.plan.label(unit.phase), members.len(), unit.id.to_string());
        emit(Event::UnitStarted { phase, unit: name.clone(), ordinal, of });
        if recover::judged(self.journal.records(), &commit.to_string()) == Verification::Unknown {
            let what = "nothing here says that its commit was verified: it is verified now".to_owned();
            emit(Event::Recovered { unit: name.clone(), what });
        }
        let refuted = recover::refuted(self.journal.records(), &commit.to_string());
        let refuted = refuted.map(|(reason, verdict)| (reason.to_owned(), verdict));
        let ended = match refuted {
            // What is known to fail is not judged again.
            Some((reason, verdict)) => {
                self.take_back(unit, commit, &Reason::Verification { why: reason.clone(), verdict }, emit)
                    .map_err(|stop| stays(unit, commit, &reason, &stop))?;
                let help = "`migrate status` says where it stands".to_owned();
                Ended::Failed(Failure { reason, help, log: None, verdict, not_judged: false, reverted: true })
            }
            None if owed == Owed::Judge => return self.judge_only(unit, commit, emit),
            None => self.verify(unit, commit, Vec::new(), emit)?,
        };
        match ended {
            Ended::Failed(failure) if !unit.is_atomic() => {
                self.split(unit, failure.reason, emit);
                Ok(())
            }
            Ended::Failed(failure) => self.unit_failed(unit, failure, emit),
            Ended::Committed | Ended::Unchanged => Ok(()),
        }
    }

    /// Judges a commit that others have built upon; one that fails is theirs to decide about.
    fn judge_only(&mut self, unit: &Unit, commit: Oid, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let calls = calls(self.plan, &unit.files, |target| &target.verify);
        let question = self.question(Purpose::Verify, unit, &calls);
        match self.judged(question, &Candidate::new(), emit)?.0 {
            Verdict::Passed(_) => {
                self.refuse_changed_tree(&calls, "a verify command")?;
                Ok(self.journal.append(Record::Verified { commit: commit.to_string() })?)
            }
            Verdict::Failed { reason, log, .. } => {
                let name = &unit.id;
                let message = format!("{name}: {reason}, and others have committed since its commit {}", short_of(commit));
                let help = format!("see {}; fix what fails, or take the unit back with `migrate rollback {name}`", log.display());
                Err(Stop::Failed(Note::new(message, help)))
            }
        }
    }
}

fn short_of(commit: Oid) -> String {
    commit.to_string()[..12].to_owned()
}

/// A commit whose verification failed, and which cannot be taken back now.
fn stays(unit: &Unit, commit: Oid, reason: &str, stop: &Stop) -> Stop {
    let short = short_of(commit);
    let message = format!("{}: {reason}; its commit {short} is still in the branch: {stop}", unit.id);
    let help = "put that right, then run migrate again: it takes the commit back first";
    Stop::NeedsYou(Note::new(message, help))
}

/// What ended the judging of a commit that is owed a verdict still.
fn still_owed(unit: &Unit, stop: Stop) -> Stop {
    match stop {
        Stop::NeedsYou(Note { message, help }) => {
            Stop::NeedsYou(Note::new(format!("{message}; {} is committed there and not verified yet", unit.id), help))
        }
        stop => stop,
    }
}
