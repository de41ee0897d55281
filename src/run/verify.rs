//! Verification: a commit that landed is judged, and taken back when it fails. Nothing else lands while a verification is owed.

use git2::Oid;

use crate::event::{Activity, Event};
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{Purpose, Verdict};
use crate::protocol::Protocol;
use crate::recover::{self, Verification};
use crate::run::Run;
use crate::run::one::{self, Ended, Failure};
use crate::schedule::owed::{Newest, Owed, owed};
use crate::select::Unit;
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::survey;
use crate::takeback::{self, Extent, Reason};

impl Run<'_> {
    /// Lets the unit's verification judge a commit that landed; on failure the commit is taken back.
    pub(super) fn verify(&mut self, unit: &Unit, commit: Oid, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let commands = &self.plan.target(unit).verify;
        if commands.is_empty() {
            return Ok(Ended::Committed);
        }
        let phase = &self.plan.phases[unit.phase].id;
        for _ in 0..one::MOST_ATTEMPTS {
            let (verdict, since) = self.judged(Purpose::Verify, commands, phase, Some(&unit.path), emit)?;
            // Of which tree a verdict is true is known only while the branch stands still.
            if since == BranchMove::Forward {
                emit(one::judged_again(&unit.path.to_string()));
                continue;
            }
            let Verdict::Failed { reason, log, .. } = verdict else {
                self.refuse_changed_others(&[], "a verify command")?;
                self.journal.append(Record::Verified { commit: commit.to_string() })?;
                return Ok(Ended::Committed);
            };
            self.take_back(unit, commit, &reason, emit).map_err(|stop| stays(unit, commit, &reason, &stop))?;
            let log = log.display().to_string();
            return Ok(Ended::Failed(Failure { reason, help: format!("see {log}"), log: Some(log), reverted: true }));
        }
        Err(one::keeps_moving(&unit.path.to_string()))
    }

    fn take_back(&mut self, unit: &Unit, commit: Oid, reason: &str, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let name = unit.path.to_string();
        emit(Event::Doing { unit: name.clone(), activity: Activity::Reverting });
        let mut protocol = Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity };
        let phase = &self.plan.phases[unit.phase].id;
        let id = (self.plan.name.as_str(), phase.as_str(), &unit.path);
        let revert = takeback::take_back(&mut protocol, id, commit, Extent::Whole, &Reason::Verification(reason.to_owned()))?;
        self.held.moved_to(revert);
        self.set_state(unit, State::RolledBack, Some("its verification failed".to_owned()));
        let (taken, by) = (commit.to_string(), revert.to_string());
        emit(Event::UnitReverted { unit: name, commit: taken, revert: by, reason: reason.to_owned() });
        Ok(())
    }

    /// Judges what was committed and not judged, before anything else lands: by an interrupted run, or by a run elsewhere of which
    /// this work tree knows nothing. What was asked for makes no difference: nothing lands above an unjudged commit.
    pub(super) fn verify_what_is_owed(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let tip = self.held.tip().commit;
        let unverified = recover::open(self.journal.records()).unverified;
        let unverified = unverified.into_iter().filter(|(begun, _)| begun.plan == self.plan.name);
        let mut commits: Vec<Oid> = unverified.filter_map(|(_, commit)| Oid::from_str(&commit).ok()).collect();
        commits.push(tip);
        let mut owing = Vec::new();
        for commit in commits {
            // What is owed on another branch is owed there still.
            if !self.repo.contains(tip, commit)? {
                continue;
            }
            let at = || self.units.iter().filter(|standing| standing.commit == Some(commit));
            let judged = recover::judged(self.journal.records(), &commit.to_string());
            let newest = Newest {
                known: judged != Verification::Unknown,
                noted_unverified: judged == Verification::Owed,
                one_unit: at().count() == 1,
                is_tip: commit == tip,
            };
            let unit = at().next().map(|standing| standing.unit.clone());
            if owed(newest) == Owed::Verify && !owing.iter().any(|(_, other, _)| *other == commit) {
                owing.push((unit, commit, newest.noted_unverified));
            }
        }
        for (unit, commit, noted) in owing {
            let verified = Record::Verified { commit: commit.to_string() };
            let Some(unit) = unit.filter(|unit| !self.plan.target(unit).verify.is_empty()) else {
                // The plan asks nothing of it any more.
                if noted {
                    self.journal.append(verified)?;
                }
                continue;
            };
            if takeback::is_undone(self.repo, tip, commit)? {
                self.journal.append(verified)?;
                let what = "its commit is undone already: there is nothing to verify".to_owned();
                emit(Event::Recovered { unit: unit.path.to_string(), what });
                continue;
            }
            let phase = self.plan.label(unit.phase);
            let members = survey::counts(self.units.iter().filter(|standing| standing.unit.phase == unit.phase)).total;
            emit(Event::UnitStarted { phase, unit: unit.path.to_string(), ordinal: 1, of: members });
            if !noted {
                let what = "nothing here says that its commit was verified: it is verified now".to_owned();
                emit(Event::Recovered { unit: unit.path.to_string(), what });
            }
            if let Ended::Failed(failure) = self.verify(&unit, commit, emit)? {
                self.unit_failed(&unit, failure, emit)?;
            }
        }
        Ok(())
    }
}

/// A commit whose verification failed, and which cannot be taken back now.
fn stays(unit: &Unit, commit: Oid, reason: &str, stop: &Stop) -> Stop {
    let short = &commit.to_string()[..12];
    let message = format!("{}: {reason}; its commit {short} is still in the branch: {stop}", unit.path);
    let help = "put that right, then run migrate again: it judges the commit first, and takes it back if it still fails";
    Stop::NeedsYou(Note::new(message, help))
}
