//! The metrics of a level, looked at after each unit that landed. Each unit lands by itself then: a number must be that of one commit.

use std::collections::BTreeSet;

use git2::Oid;

use crate::event::{Event, PhaseLabel};
use crate::journal::Record;
use crate::plan::Act;
use crate::run::Run;
use crate::run::ended::{Ended, Failure, MOST_ATTEMPTS, keeps_moving};
use crate::run::metrics::{Decided, Found};
use crate::schedule::passage::LastGate;
use crate::stop::Stop;
use crate::survey;
use crate::takeback::Reason;
use crate::units::Unit;
use crate::verdict::VerdictKind;

impl Run<'_> {
    /// True when a level of the phase has metrics.
    pub(super) fn measures_units(&self, at: usize) -> bool {
        self.plan.phases[at].targets.iter().any(|target| !target.metrics.is_empty())
    }

    /// Measures what the level of a unit lists once it landed, and does what follows: the unit, or more, is taken back.
    pub(super) fn measured_after(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let (plan, at) = (self.plan, unit.phase);
        let names: BTreeSet<&String> = unit.files.iter().flat_map(|file| &plan.target(file).metrics).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let commit = self.landed_of(at).into_iter().rev().find(|(landed, _)| landed.id == unit.id).map(|(_, commit)| commit);
        let (false, Some(commit)) = (names.is_empty(), commit) else { return Ok(Ended::Committed) };
        let label = plan.label(at);
        for _ in 0..MOST_ATTEMPTS {
            let decided = self.decided(at, &names, emit)?;
            if self.moved_meanwhile(&label, emit)? {
                continue;
            }
            return match decided {
                Decided::Pass => {
                    let plan = plan.name.clone();
                    self.journal.append(Record::UnitMeasured { plan, commit: commit.to_string() })?;
                    Ok(Ended::Committed)
                }
                Decided::Acts(Act::RollbackUnit, found) | Decided::Missed(found) => {
                    self.unit_is_back(unit, commit, found.why, emit)
                }
                Decided::Acts(Act::Pause, found) => {
                    Err(self.pause_at(at, &format!("after {}: {}", unit.id, found.why), Some(unit))?)
                }
                Decided::Acts(act, found) => {
                    let found = Found { why: format!("after {}: {}", unit.id, found.why), ..found };
                    self.act(at, &label, &act, &found, emit).map(|()| Ended::Committed)
                }
            };
        }
        Err(keeps_moving(&format!("the metrics of {}", unit.id)))
    }

    /// Takes the unit back that made a number what it must not be.
    fn unit_is_back(&mut self, unit: &Unit, commit: Oid, why: String, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let verdict = Some(VerdictKind::Failed);
        self.journal.append(Record::Refuted { commit: commit.to_string(), reason: why.clone(), verdict })?;
        self.take_back(unit, commit, &Reason::Verification { why: why.clone(), verdict }, emit)?;
        let help = "the metric and its value are above; correct the unit, or what the plan asks of it".to_owned();
        Ok(Ended::Failed(Failure { reason: why, help, log: None, verdict, not_judged: false, reverted: true }))
    }

    /// Fails while the phase waits for a person after one of its units, and lets it go on when that person says so.
    pub(super) fn refuse_paused(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let last = survey::last_gate(self.repo, self.plan, self.journal.records(), self.held.tip().commit, at)?;
        if last != LastGate::Paused || !survey::paused_after_unit(self.plan, self.journal.records(), at) {
            return Ok(());
        }
        if !self.request.passes_pause {
            return Err(self.paused(at));
        }
        if let Some((_, commit)) = self.landed_of(at).last() {
            let (plan, commit) = (self.plan.name.clone(), commit.to_string());
            self.journal.append(Record::UnitMeasured { plan, commit })?;
        }
        self.go_on_after_unit(at, label, emit)
    }

    /// Measures the unit of a phase that landed last, when a run was killed before it did, or did it elsewhere.
    pub(super) fn measure_what_is_owed(&mut self, at: usize, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        if !self.measures_units(at) {
            return Ok(());
        }
        let Some((unit, commit)) = self.landed_of(at).pop() else { return Ok(()) };
        let is_it = |record: &Record| matches!(record, Record::UnitMeasured { commit: of, .. } if *of == commit.to_string());
        if self.journal.records().iter().any(is_it) {
            return Ok(());
        }
        match self.measured_after(&unit, emit)? {
            Ended::Failed(failure) => self.unit_failed(&unit, failure, emit),
            Ended::Committed | Ended::Unchanged => Ok(()),
        }
    }
}
