//! What follows a gate that passed and a phase that was taken back: the checks of the recovery, and the push that the plan asks for.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::event::{Event, PhaseLabel};
use crate::journal::Record;
use crate::plan::Metric;
use crate::recovery::{self, Back};
use crate::repo::push::Pushed;
use crate::run::Run;
use crate::stop::{Note, Stop};
use crate::survey;

/// Seconds since 1970, by the clock of this machine.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Run<'_> {
    /// Fails when the plan asks for a push to a remote that is not there, before anything is changed.
    pub(super) fn refuse_unknown_remote(&self) -> Result<(), Stop> {
        let Some(push) = &self.plan.push else { return Ok(()) };
        if self.repo.has_remote(&push.remote)? {
            return Ok(());
        }
        let message = format!("the plan pushes to {}, and there is no remote of that name", push.remote);
        let help = format!("`git remote add {} URL` adds it; or correct `push` in the plan", push.remote);
        Err(Stop::Refused(Note::new(message, help)))
    }

    /// Makes the checks of the phases that were taken back `since`, and pushes their reverts.
    pub(super) fn recovered(&mut self, phases: &[usize], took: Duration, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let plan = self.plan;
        // Who checks the remote or deploys from it needs the reverts there.
        self.push_what_is_owed(emit)?;
        let Some(at) = recovery::checked(plan, phases) else { return Ok(()) };
        let judge = std::sync::Arc::clone(&self.judge);
        let records = self.journal.records();
        let baseline = |metric: &Metric| metric.baseline.or_else(|| survey::baseline(plan, records, metric));
        let back = Back { plan, at, took, ask: self.request.ask, baseline: &baseline };
        let checked = recovery::check(&judge, self.interrupt, back, emit);
        // Interrupted it is made again; what failed is told once, and a person looks.
        if !matches!(checked, Err(Stop::Interrupted(_))) {
            self.journal.append(Record::RecoveryChecked { plan: plan.name.clone(), passed: checked.is_ok() })?;
        }
        checked
    }

    /// Pushes when a gate passed or a phase was taken back since the last push.
    pub(super) fn push_what_is_owed(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let plan = self.plan;
        let Some(push) = &plan.push else { return Ok(()) };
        let owed = self.journal.records().iter().rev().find_map(|record| match record {
            Record::GatePassed { plan: of, .. } | Record::TookBack { plan: of, .. } if *of == plan.name => Some(true),
            Record::Pushed { plan: of, .. } if *of == plan.name => Some(false),
            _ => None,
        });
        if owed != Some(true) {
            return Ok(());
        }
        let (commit, to) = (self.held.tip().commit, format!("{}/{}", push.remote, push.branch));
        let by_hand = format!("git push {} HEAD:refs/heads/{}", push.remote, push.branch);
        if push.confirm && !self.request.ask.is_some_and(|ask| ask(&format!("push to {to}?"), self.interrupt)) {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            let message = format!("not pushed to {to}, since the plan asks first");
            emit(Event::Warning { message, help: Some(format!("`{by_hand}` pushes it; --yes answers yes")) });
            return Ok(());
        }
        crate::fault::point("push: before");
        match self.repo.push(&push.remote, &push.branch, commit)? {
            Pushed::Done => {
                crate::fault::point("push: done");
                let (plan, commit) = (plan.name.clone(), commit.to_string());
                self.journal.append(Record::Pushed { plan, commit: commit.clone() })?;
                emit(Event::Pushed { to, commit });
                Ok(())
            }
            Pushed::Refused(why) => {
                let message = format!("{to} did not take what was committed: {why}");
                let help = format!(
                    "nothing is forced; bring the branches together (`git fetch {}`), then run again: it pushes first",
                    push.remote
                );
                Err(Stop::NeedsYou(Note::new(message, help)))
            }
        }
    }

    /// Says how long a phase took, against the time that the plan has for it.
    pub(super) fn tell_budget(&self, at: usize, label: &PhaseLabel, started: Instant, emit: &mut dyn FnMut(Event)) {
        let Some(budget) = self.plan.phases[at].budget else { return };
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        emit(Event::PhaseTook { phase: label.clone(), millis: millis(started.elapsed()), budget: millis(budget) });
    }
}
