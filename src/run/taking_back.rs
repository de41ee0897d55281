//! Commits of a run that it takes back: for a verification, a gate or a number.

use git2::Oid;

use crate::event::{Activity, Event};
use crate::fs;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::protocol::Protocol;
use crate::run::Run;
use crate::run::blame::InBranch;
use crate::state::State;
use crate::stop::Stop;
use crate::survey;
use crate::takeback::{self, Extent, Reason, Work};
use crate::units::Unit;
use crate::verdict::VerdictKind;

impl Run<'_> {
    /// Takes the commit of a unit back for what it made fail.
    pub(super) fn take_back(&mut self, unit: &Unit, commit: Oid, why: &Reason, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let name = unit.id.to_string();
        emit(Event::Doing { unit: name.clone(), activity: Activity::Reverting });
        let tip = self.held.tip().commit;
        if takeback::is_undone(self.repo, tip, commit)? {
            self.was_back(unit, commit, why, emit);
            return Ok(());
        }
        let mut protocol = Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity };
        let files: Vec<RepoPath> = unit.paths().cloned().collect();
        let revert = takeback::take_back(&mut protocol, work(self.plan, unit, &files, commit), why)?;
        self.held.moved_to(revert);
        self.is_taken_back((unit, commit), revert, why, emit);
        Ok(())
    }

    /// Takes commits back for one reason, the last of them first, and as many as can be in one step of the protocol.
    pub(super) fn take_all_back(&mut self, landed: &[InBranch], why: &Reason, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let newest_first: Vec<&InBranch> = landed.iter().rev().collect();
        for batch in takeback::steps(&newest_first, |(unit, _)| unit.files.len()) {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            self.look_at_branch()?;
            let files: Vec<Vec<RepoPath>> = batch.iter().map(|(unit, _)| unit.paths().cloned().collect()).collect();
            let works = batch.iter().zip(&files).map(|((unit, commit), files)| work(self.plan, unit, files, *commit));
            let works: Vec<Work<'_>> = works.collect();
            let mut protocol = Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity };
            let links = if batch.len() > 1 { takeback::take_back_together(&mut protocol, &works, why)? } else { None };
            let Some(links) = links else {
                batch.iter().try_for_each(|(unit, commit)| self.take_back(unit, *commit, why, emit))?;
                continue;
            };
            links.last().into_iter().for_each(|link| self.held.moved_to(link.commit));
            for (unit, commit) in batch.iter().copied() {
                match links.iter().find(|link| link.reverts == Some(*commit) && link.unit == unit.id) {
                    Some(link) => self.is_taken_back((unit, *commit), link.commit, why, emit),
                    None => self.was_back(unit, *commit, why, emit),
                }
            }
        }
        Ok(())
    }

    fn is_taken_back(&mut self, (unit, commit): (&Unit, Oid), revert: Oid, why: &Reason, emit: &mut dyn FnMut(Event)) {
        let (reason, by) = said(why);
        self.is_back(unit, commit, by);
        let (name, files) = (unit.id.to_string(), self.files_of(unit));
        let (taken, by) = (commit.to_string(), revert.to_string());
        emit(Event::UnitReverted { unit: name, files, commit: taken, revert: by, reason: reason.to_owned() });
    }

    /// Somebody was quicker.
    fn was_back(&mut self, unit: &Unit, commit: Oid, why: &Reason, emit: &mut dyn FnMut(Event)) {
        self.is_back(unit, commit, said(why).1);
        emit(Event::UnitSkipped { unit: unit.id.to_string(), why: "its commit was taken back meanwhile".to_owned() });
    }

    /// Notes where a unit stands whose commit failed and is back. Of several files that were put together for their size it is not known
    /// which one failed: their halves are to be tried.
    fn is_back(&mut self, unit: &Unit, commit: Oid, (by, verdict): (&str, Option<VerdictKind>)) {
        let (state, why) = match unit.is_atomic() {
            true => (State::RolledBack, Some(by.to_owned())),
            false => (State::Pending, None),
        };
        self.set_state(&unit.files, state, why, verdict.filter(|_| state == State::RolledBack));
        for path in unit.paths() {
            let found = fs::read(self.repo.top(), path).ok();
            self.callables.landed(path, found.as_ref().map(|found| found.bytes.as_slice()));
        }
        let failed_with = (!unit.is_atomic()).then_some((commit, unit.files.len()));
        self.standings(&unit.files).for_each(|standing| standing.failed_with = failed_with);
    }
}

/// All that a commit did to the files of a unit.
fn work<'w>(plan: &'w Plan, unit: &'w Unit, files: &'w [RepoPath], commit: Oid) -> Work<'w> {
    let phase = &plan.phases[unit.phase].id;
    Work { plan: &plan.name, phase, unit: &unit.id, files, commit, extent: Extent::Whole }
}

/// What a reason says, and how `status` names it.
fn said(why: &Reason) -> (&str, (&'static str, Option<VerdictKind>)) {
    match why {
        Reason::Verification { why, verdict } => (why, (survey::BY_VERIFICATION, *verdict)),
        Reason::Gate { why, verdict } => (why, (survey::BY_GATE, *verdict)),
        Reason::Rollback => ("", ("", None)),
    }
}
