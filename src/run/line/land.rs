//! What passed lands: each unit by a commit of its own, in the order of the plan, and is verified.

use git2::Oid;

use crate::event::{Activity, Event};
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{Passing, saying};
use crate::message::trailers::Together;
use crate::path::RepoPath;
use crate::protocol::Draft;
use crate::repo::commit::TreeChange;
use crate::repo::target::Write;
use crate::run::Run;
use crate::run::drafting::Attempt;
use crate::run::ended::{Ended, Failure, Tried};
use crate::run::line::at_once::AtOnce;
use crate::run::line::{Lane, Lot, Passed, Through};
use crate::schedule::line::{self, Ticket};
use crate::stop::Stop;
use crate::unit::{self, Made};
use crate::units::{Call, Unit};

impl Lane<'_, '_> {
    /// Lands what passed, and lets its verification judge it.
    pub(super) fn land(&mut self, lots: Vec<line::Lot>, emit: &mut dyn FnMut(Event)) -> Result<Through, Stop> {
        if self.run.look_at_branch()? == BranchMove::Forward {
            return Ok(Through::Void);
        }
        let mut lots = self.with_what_let_them_pass(lots)?;
        let members: Vec<Ticket> = lots.iter().flat_map(|lot| lot.members.iter().copied()).collect();
        let mut landed = match self.land_at_once(&lots, emit)? {
            AtOnce::Landed(landed) => landed,
            AtOnce::Void => return Ok(Through::Void),
            AtOnce::Cannot => Vec::new(),
        };
        if landed.is_empty() {
            for (lot, nth) in lots.iter().flat_map(|lot| (0..lot.members.len()).map(move |nth| (lot, nth))) {
                let place = lot.members[nth];
                match self.land_one(place, lot.together(nth), &lot.passed, emit)? {
                    Landing::Landed(unit, commit) => {
                        self.has_landed(place, commit);
                        landed.push((unit, commit));
                    }
                    Landing::Void => {
                        // Nothing lands above what is not verified.
                        self.verify(&members, &landed, Vec::new(), emit)?;
                        return Ok(Through::Void);
                    }
                    Landing::Failed(failure) => {
                        self.line.landed(landed.len());
                        self.verify(&members, &landed, Vec::new(), emit)?;
                        // The line has it given up where it stands.
                        self.entries[place.0].failure = Some(failure);
                        self.line.take_out(place);
                        return Ok(Through::Done);
                    }
                }
            }
        }
        self.line.landed(members.len());
        let passing = lots.pop().map(|lot| lot.passed.passing).unwrap_or_default();
        self.verify(&members, &landed, passing, emit)?;
        Ok(Through::Done)
    }

    /// What let each lot pass; of a batch it is noted that it lands, and which tree was judged.
    fn with_what_let_them_pass(&mut self, lots: Vec<line::Lot>) -> Result<Vec<Lot>, Stop> {
        let mut with = Vec::with_capacity(lots.len());
        let mut before: Vec<Ticket> = Vec::new();
        for line::Lot { members, .. } in lots {
            let passed = members.last().and_then(|last| self.passed.remove(last));
            let passed = passed.unwrap_or(Passed { calls: Vec::new(), passing: Vec::new() });
            before.extend(&members);
            let mut tree = None;
            if members.len() > 1 {
                tree = Some(self.tree(before.iter().copied())?);
                let units = members.iter().map(|place| self.entries[place.0].part.id.clone()).collect();
                let (plan, digest) = (self.run.plan.name.clone(), self.run.digest.clone());
                self.run.journal.note(Record::Batched { plan, digest, units })?;
            }
            with.push(Lot { members, tree, passed });
        }
        Ok(with)
    }

    /// Takes in that the commit of a unit is in the branch.
    pub(super) fn has_landed(&mut self, place: Ticket, commit: Oid) {
        self.entries[place.0].commit = Some(commit);
        let (whole, part) = (self.entries[place.0].whole, self.entries[place.0].part.clone());
        self.has_ended(whole, &part);
        self.run.not_judged = 0;
    }

    /// The tree of the branch once these have landed.
    pub(super) fn tree(&self, units: impl Iterator<Item = Ticket>) -> Result<Oid, Stop> {
        let (repo, tip) = (self.run.repo, self.run.held.tip().commit);
        let mut changes = Vec::new();
        for (_, draft) in units.filter_map(|place| self.entries[place.0].drafted.as_ref()) {
            for file in &draft.files {
                changes.push(match (file.new_text(), file.new_mode()) {
                    (Some(bytes), Some(mode)) => {
                        TreeChange::put(&file.path, mode, repo.clean(&file.path, bytes, file.converted, Write::Yes)?)
                    }
                    _ => TreeChange::remove(&file.path),
                });
            }
        }
        Ok(repo.tree_with(tip, &changes)?)
    }

    fn land_one(
        &mut self,
        place: Ticket,
        together: Option<Together>,
        passed: &Passed,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Landing, Stop> {
        let entry = &mut self.entries[place.0];
        let Some((mut attempt, mut draft)) = entry.drafted.take() else { return Ok(Landing::Void) };
        self.started(self.entries[place.0].whole, &attempt.part, emit);
        let run = &mut *self.run;
        let tip = run.held.tip().clone();
        // It was drafted on a tip of which some units that were to land have landed since.
        if attempt.tip != tip {
            if let Err(failure) = run.is_still_sound(&attempt, &draft) {
                attempt.tell_before(emit);
                return Ok(Landing::Failed(failure));
            }
            (attempt.tip, draft.tip) = (tip.clone(), tip.clone());
        }
        let validated = run.said_of(&attempt.changed, passed, together.as_ref());
        let mut composed = run.compose(&attempt, &draft, validated, together).map_err(Stop::Usage)?;
        match run.hooked_message(&attempt.changed, &draft, composed.message.clone(), emit)? {
            _ if *run.held.tip() != tip => return Ok(Landing::Void),
            Ok(message) => composed.message = message,
            Err(failure) => {
                attempt.tell_before(emit);
                return Ok(Landing::Failed(failure));
            }
        }
        let begun = run.protocol().begin(draft)?;
        emit(Event::Doing { unit: attempt.part.id.to_string(), activity: Activity::Placing });
        let placed = match run.protocol().place(begun) {
            Ok(placed) => placed,
            Err(stop) => return voided(run.gave_up(&tip, stop)?),
        };
        match run.commit(attempt, placed, composed, emit)? {
            Ok((unit, commit)) => Ok(Landing::Landed(unit, commit)),
            Err(tried) => voided(tried),
        }
    }

    /// Lets their verification judge what landed.
    fn verify(
        &mut self,
        members: &[Ticket],
        landed: &[(Unit, Oid)],
        passing: Vec<Passing>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Stop> {
        let out: Vec<(usize, Failure)> = match landed {
            [] => Vec::new(),
            [(unit, commit)] => match self.run.verify(unit, *commit, passing, emit)? {
                Ended::Failed(failure) => vec![(0, failure)],
                Ended::Committed | Ended::Unchanged => Vec::new(),
            },
            several => self.run.verify_together(several, passing, emit)?,
        };
        out.into_iter().try_for_each(|(nth, failure)| self.take_out(members[nth], failure, emit))
    }

    /// Takes a unit out of the line that landed and was taken back.
    fn take_out(&mut self, place: Ticket, failure: Failure, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let entry = &mut self.entries[place.0];
        (entry.drafted, entry.commit) = (None, None);
        let (part, whole) = (entry.part.clone(), entry.whole);
        self.line.take_out(place);
        if !part.is_atomic() {
            self.left.entry(whole).or_default().extend(part.paths().cloned());
            self.halve(whole, &part, failure, emit);
            return Ok(());
        }
        self.note_failed(&part, failure, emit)
    }
}

/// What came of landing a unit.
enum Landing {
    Landed(Unit, Oid),
    /// It cannot: it is as it was.
    Failed(Failure),
    /// Somebody else committed meanwhile.
    Void,
}

/// What it means that an attempt ended without a commit.
fn voided(tried: Tried) -> Result<Landing, Stop> {
    Ok(match tried {
        Tried::Ended(Ended::Failed(failure)) => Landing::Failed(failure),
        Tried::Ended(_) | Tried::Void | Tried::Again => Landing::Void,
    })
}

impl Run<'_> {
    /// What the message of one unit says of the commands that let several pass together.
    pub(super) fn said_of(&self, unit: &Unit, passed: &Passed, together: Option<&Together>) -> Vec<String> {
        let phase = &self.plan.phases[unit.phase].id;
        let others = together.map_or(0, |together| together.of - 1);
        let said = passed.passing.iter().filter_map(|passing| {
            let call = passed.calls.get(passing.nth)?;
            if others == 0 {
                return Some(passing.shown.clone());
            }
            let is_own = |path: &&RepoPath| unit.holds(path);
            let files: Vec<RepoPath> = call.files.iter().filter(is_own).cloned().collect();
            let is_of_another = call.unit.as_ref().is_some_and(|of| *of != unit.id);
            if is_of_another || (files.is_empty() && !call.files.is_empty()) {
                return None;
            }
            let mut said = passing.said.clone();
            if call.unit.is_none() {
                said.push(format!("with {others} other{}", if others == 1 { "" } else { "s" }));
            }
            let own = Call { files, ..call.clone() };
            Some(saying(&self.judge.shown(&own, phase, Some(&unit.id)), &said))
        });
        said.collect()
    }

    /// Asks the guards once more about a draft that was made before other units landed.
    pub(super) fn is_still_sound(&self, attempt: &Attempt, draft: &Draft) -> Result<(), Failure> {
        for (file, (member, made)) in draft.files.iter().zip(&attempt.made) {
            let (Some(before), Some(after)) = (file.old_text(), file.new_text()) else { continue };
            let made = Made { bytes: after.to_vec(), ..made.clone() };
            unit::check(&self.callables, self.plan, member, before, made).map_err(Failure::from)?;
        }
        Ok(())
    }

    /// How many units of the last batch of a phase were left when a run was killed while it landed.
    pub(super) fn left_of_batch(&self, at: usize) -> Option<usize> {
        let units = self.journal.records().iter().rev().find_map(|record| match record {
            Record::Batched { plan, digest, units } if *plan == self.plan.name && *digest == self.digest => Some(units),
            _ => None,
        })?;
        let left = self
            .units
            .iter()
            .filter(|standing| standing.unit.phase == at && units.contains(&standing.unit.id) && self.request.takes(standing));
        Some(left.count()).filter(|left| *left > 0 && *left < units.len())
    }
}
