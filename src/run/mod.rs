//! `migrate run` and `migrate resume`: the units that are left, in the order of the plan, each through the write protocol.
//!
//! Policy only: what happens when a unit fails, when a phase ends, when somebody interrupts. How bytes, index and branch change is
//! the protocol's; what a person sees is the listener's.

pub mod request;

mod one;

use crate::event::{Event, PhaseLabel, RunOutcome, Tally, Watch};
use crate::interrupt::Interrupt;
use crate::journal::{Journal, Record, RunStarted};
use crate::judge::{Judge, Purpose, Verdict};
use crate::lock;
use crate::path::RepoPath;
use crate::plan::digest::digest;
use crate::plan::{OnFailure, Plan};
use crate::protocol::Protocol;
use crate::recover;
use crate::repo::identity::Identity;
use crate::repo::others::Others;
use crate::repo::target::Conversions;
use crate::repo::{Repo, RepoProblem, short};
use crate::rules;
use crate::run::one::{Ended, Failure};
use crate::run::request::{Leave, Request, earlier, refuse_changed_plan};
use crate::select::Unit;
use crate::stop::{Note, Stop};
use crate::survey::{self, Standing, State, Survey};
use crate::unit::callables::Callables;

/// Runs what is left of the plan, first putting in order what an interrupted run left behind, and looking at its files while somebody
/// may `watch`.
///
/// # Errors
/// [`Stop`], by what a person has to do. Whatever it is, every unit is wholly done or wholly as it was, or a later run makes it so.
pub fn run(
    repo: &Repo,
    plan: &Plan,
    request: &Request,
    interrupt: &Interrupt,
    watch: Watch,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let what = format!("migrate run of the plan {}", plan.name);
    lock::holding(&repo.state_folder(), &what, || {
        let mut journal = Journal::open(&repo.state_folder())?;
        let identity = settle(repo, &mut journal, request.leave, emit)?;
        let mut run = Run::start((repo, plan), request, (interrupt, watch), journal, identity, emit)?;
        let ended = run.phases(emit);
        run.finish(ended, emit)
    })?
}

/// Puts in order what an interrupted run left behind, and makes sure that commits can be made.
///
/// # Errors
/// [`Stop`] when the repository may not be touched or a person must look.
pub fn settle(repo: &Repo, journal: &mut Journal, leave: Leave, emit: &mut dyn FnMut(Event)) -> Result<Identity, Stop> {
    recover::clear_own_locks(repo, journal.records())?;
    ready(repo, leave)?;
    let identity = repo.identity()?;
    if let Some(settled) = recover::settle(&mut Protocol { repo, journal, identity: &identity })? {
        emit(Event::Recovered { unit: settled.unit.to_string(), what: settled.what });
    }
    Ok(identity)
}

/// Fails while the repository is in a state in which nothing may be committed.
///
/// # Errors
/// [`Stop::Refused`], by name.
pub fn ready(repo: &Repo, leave: Leave) -> Result<(), Stop> {
    repo.refuse_unsettled()?;
    let tip = repo.tip()?;
    if tip.branch == "HEAD" && !leave.detached {
        return Err(RepoProblem::Detached(tip.commit).into());
    }
    let hooks = repo.commit_hooks();
    if !hooks.is_empty() && !leave.hooks {
        return Err(RepoProblem::Hooks(hooks).into());
    }
    Ok(())
}

struct Run<'a> {
    repo: &'a Repo,
    plan: &'a Plan,
    request: &'a Request,
    interrupt: &'a Interrupt,
    judge: Judge<'a>,
    journal: Journal,
    identity: Identity,
    conversions: Conversions,
    callables: Callables<'a>,
    others: Others,
    units: Vec<Standing>,
    digest: String,
    failed: usize,
}

impl<'a> Run<'a> {
    /// Checks everything that can be checked before the first act, and reports all of it at once.
    fn start(
        (repo, plan): (&'a Repo, &'a Plan),
        request: &'a Request,
        (interrupt, watch): (&'a Interrupt, Watch),
        mut journal: Journal,
        identity: Identity,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Self, Stop> {
        let tip = repo.tip()?;
        let digest = digest(plan);
        let earlier = earlier(journal.records(), &plan.name);
        refuse_changed_plan(plan, &digest, earlier.as_ref(), request.leave, emit)?;
        let others = repo.others()?;
        let Survey { units, unmatched } = survey::survey(repo, &tip, plan, journal.records(), interrupt, watch, &mut |unit| {
            Ok(survey::has_work(repo, plan, unit))
        })?;
        survey::refuse_unmatched(plan, &unmatched)?;
        let units: Vec<Standing> = units.into_iter().filter(|standing| request.covers(&standing.unit)).collect();
        request.refuse_unknown_file(plan, &units)?;
        let left: Vec<&Unit> = units.iter().filter(|standing| request.is_left(standing)).map(|standing| &standing.unit).collect();
        // A file with changes may only look as if there were nothing to do in it.
        let hidden = units.iter().filter(|standing| standing.state == State::Unchanged && others.holds(&standing.unit.path));
        let looked_at: Vec<&Unit> = left.iter().copied().chain(hidden.map(|standing| &standing.unit)).collect();
        let paths: Vec<RepoPath> = looked_at.iter().map(|unit| unit.path.clone()).collect();
        let conversions = if paths.is_empty() { Conversions::default() } else { repo.conversions(&paths)? };
        survey::refuse_targets(repo, plan, &tip, &looked_at, &conversions, interrupt)?;
        if !others.is_empty() && !request.leave.dirty {
            return Err(RepoProblem::Dirty(others.paths().cloned().collect()).into());
        }
        let judged = rules::judge(repo, plan, interrupt)?;
        for warning in &judged.warnings {
            emit(Event::Warning { message: warning.message.clone(), help: Some(warning.help.clone()) });
        }
        judged.refuse(plan)?;
        let done = finished(units.iter());
        journal.append(Record::RunStarted(RunStarted {
            plan: plan.name.clone(),
            digest: digest.clone(),
            parts: plan.parts(),
            phase: request.phase.map(|at| plan.phases[at].id.clone()),
            file: request.file.clone(),
        }))?;
        emit(Event::RunStarted {
            plan: plan.name.clone(),
            digest: digest.clone(),
            branch: short(&tip.branch).to_owned(),
            units_total: units.len(),
            units_done: done,
            resumed: earlier.is_some_and(|earlier| !earlier.finished),
        });
        let judge = Judge { top: repo.top(), logs: repo.state_folder().join("logs"), plan, interrupt };
        let callables = Callables::new(repo);
        Ok(Self {
            repo,
            plan,
            request,
            interrupt,
            judge,
            journal,
            identity,
            conversions,
            callables,
            others,
            units,
            digest,
            failed: 0,
        })
    }

    fn phases(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.verify_what_was_interrupted(emit)?;
        for at in 0..self.plan.phases.len() {
            if self.request.phase.is_some_and(|only| only != at) {
                continue;
            }
            let members: Vec<usize> = (0..self.units.len()).filter(|unit| self.units[*unit].unit.phase == at).collect();
            if members.is_empty() && self.request.file.is_some() {
                continue;
            }
            self.phase(at, &members, emit)?;
        }
        Ok(())
    }

    fn phase(&mut self, at: usize, members: &[usize], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let label = label(self.plan, at);
        let done = finished(members.iter().map(|unit| &self.units[*unit]));
        emit(Event::PhaseStarted { phase: label.clone(), units: members.len(), done });
        for (nth, unit_at) in members.iter().enumerate() {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            let standing = self.units[*unit_at].clone();
            if !self.request.is_left(&standing) {
                self.pass_over(at, &standing, emit)?;
                continue;
            }
            let unit = standing.unit;
            let (phase, name) = (label.clone(), unit.path.to_string());
            emit(Event::UnitStarted { phase, unit: name.clone(), ordinal: nth + 1, of: members.len() });
            match self.unit(&unit, emit)? {
                Ended::Committed => {}
                Ended::Unchanged => {
                    self.note_unchanged(&unit)?;
                    self.units[*unit_at].state = State::Unchanged;
                    emit(Event::UnitUnchanged { unit: name, why: "the rules find nothing to do".to_owned() });
                }
                Ended::Failed(failure) => self.unit_failed(at, *unit_at, failure, emit)?,
            }
        }
        let tally = tally(members.iter().map(|unit| &self.units[*unit]));
        emit(Event::PhaseFinished { phase: label.clone(), tally });
        self.gate(at, &label, emit)
    }

    /// A unit that is not to be run: most need no word, those that were given up earlier do.
    fn pass_over(&mut self, phase: usize, standing: &Standing, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let unit = standing.unit.path.to_string();
        match &standing.state {
            State::RolledBack { by_verification: true, .. } => {
                self.failed += 1;
                if self.plan.phases[phase].on_failure == OnFailure::Stop {
                    let message = format!("{unit} was rolled back because its verification failed");
                    let help = format!("mend the plan or the code; `migrate run --file {unit}` tries it again as it is");
                    return Err(Stop::Failed(Note::new(message, help)));
                }
                emit(Event::UnitSkipped { unit, why: "its verification failed before".to_owned() });
                return self.refuse_too_many(phase);
            }
            State::RolledBack { by_verification: false, .. } => {
                emit(Event::UnitSkipped { unit, why: "it was rolled back; `--file` runs it again".to_owned() });
            }
            State::Quarantined { reason } => {
                self.failed += 1;
                emit(Event::UnitSkipped { unit, why: format!("quarantined: {reason}") });
                return self.refuse_too_many(phase);
            }
            _ => {}
        }
        Ok(())
    }

    fn unit_failed(
        &mut self,
        phase_at: usize,
        unit_at: usize,
        failure: Failure,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Stop> {
        let phase = &self.plan.phases[phase_at];
        let path = self.units[unit_at].unit.path.clone();
        let (unit, reason, log) = (path.to_string(), failure.reason.clone(), failure.log.clone());
        self.failed += 1;
        if phase.on_failure == OnFailure::Stop {
            if !failure.reverted {
                emit(Event::UnitFailed { unit: unit.clone(), reason: reason.clone(), log });
            }
            return Err(Stop::Failed(Note::new(format!("{unit}: {reason}"), failure.help)));
        }
        if !failure.reverted {
            let digest = self.digest.clone();
            self.journal.append(Record::Quarantined {
                plan: self.plan.name.clone(),
                digest,
                unit: path,
                reason: reason.clone(),
            })?;
            self.units[unit_at].state = State::Quarantined { reason: reason.clone() };
            emit(Event::UnitQuarantined { unit, reason, log });
        }
        self.refuse_too_many(phase_at)
    }

    /// Ends the run when more units of a phase were given up than the plan allows, in this run or before it.
    fn refuse_too_many(&self, phase_at: usize) -> Result<(), Stop> {
        let phase = &self.plan.phases[phase_at];
        let of_phase = || self.units.iter().filter(|standing| standing.unit.phase == phase_at);
        let (members, failed) = (of_phase().count(), of_phase().filter(|standing| gave_up(&standing.state)).count());
        let most = phase.max_quarantined.map_or(u64::MAX, |share| u64::from(share.0) * members as u64);
        if failed as u64 * 10_000 > most {
            let label = self.plan.phase_label(phase_at);
            let message = format!("{label}: {failed} of {members} units failed, more than the plan allows");
            return Err(Stop::Failed(Note::new(message, "see `migrate status`; mend the rules or the files, then run again")));
        }
        Ok(())
    }

    /// The phase's gate, unless it passed already and nothing of the phase changed since.
    fn gate(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let phase = &self.plan.phases[at];
        let tip = self.repo.tip()?.commit.to_string();
        let passed = Record::GatePassed { plan: self.plan.name.clone(), phase: phase.id.clone(), tip };
        let stands = gate_stands(self.journal.records(), &self.plan.name, &phase.id);
        if phase.gate.is_empty() || self.request.file.is_some() || stands {
            return Ok(());
        }
        if let Some(signal) = self.interrupt.pending() {
            return Err(Stop::Interrupted(signal));
        }
        emit(Event::GateStarted { phase: label.clone() });
        match self.judge.run(Purpose::Gate, &phase.gate, &phase.id, None, emit)? {
            Verdict::Passed(_) => {
                self.refuse_changed_others(&[], "a gate command")?;
                self.journal.append(passed)?;
                emit(Event::GatePassed { phase: label.clone() });
                Ok(())
            }
            Verdict::Failed { reason, command, log } => {
                emit(Event::GateFailed { phase: label.clone(), command });
                let message = format!("the gate of {label} did not pass: {reason}");
                let help =
                    format!("see {}; `migrate run` tries the gate again, `migrate rollback` takes units back", log.display());
                Err(Stop::Failed(Note::new(message, help)))
            }
        }
    }

    /// What a codemod finds cannot be found again without running it: the journal remembers.
    fn note_unchanged(&mut self, unit: &Unit) -> Result<(), Stop> {
        let tip = self.repo.tip()?;
        let (plan, digest) = (self.plan.name.clone(), self.digest.clone());
        match self.repo.file_in(tip.commit, &unit.path)? {
            Some((_, blob)) if self.plan.runs_codemod(self.plan.target(unit)) => {
                let record = Record::Unchanged { plan, digest, unit: unit.path.clone(), blob: blob.to_string() };
                Ok(self.journal.note(record)?)
            }
            _ => Ok(()),
        }
    }

    /// Says how the run ended, in the journal and to the listener.
    fn finish(&mut self, ended: Result<(), Stop>, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let tally = tally(self.units.iter());
        let ended = match ended {
            Ok(()) if self.failed > 0 => {
                let message = format!("{} of {} units failed", self.failed, self.units.len());
                Err(Stop::Failed(Note::new(message, "`migrate status` names them; `migrate run --file F` tries one again")))
            }
            ended => ended,
        };
        let (outcome, help) = match &ended {
            Ok(()) => (RunOutcome::Done, None),
            Err(Stop::Interrupted(_) | Stop::Unbegun(_)) => {
                (RunOutcome::Interrupted, Some("`migrate resume` goes on from here".to_owned()))
            }
            Err(Stop::NeedsYou(_)) => (RunOutcome::NeedsYou, None),
            Err(Stop::Refused(_) | Stop::Targets(_)) => (RunOutcome::Refused, None),
            Err(Stop::Failed(_) | Stop::Rules(_) | Stop::Usage(_) | Stop::Plan(_)) => (RunOutcome::Failed, None),
        };
        if !matches!(outcome, RunOutcome::Interrupted) {
            self.journal.append(Record::RunFinished { done: ended.is_ok() })?;
        }
        emit(Event::RunFinished { tally, outcome, help });
        ended
    }

    fn protocol(&mut self) -> Protocol<'_> {
        Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity }
    }

    fn set_state(&mut self, unit: &Unit, state: State) {
        if let Some(standing) = self.units.iter_mut().find(|standing| standing.unit == *unit) {
            standing.state = state;
        }
    }
}

/// True when the phase's gate passed after the last commit of one of its units.
fn gate_stands(records: &[Record], plan: &str, phase: &str) -> bool {
    let (mut stands, mut under_way) = (false, false);
    for record in records {
        match record {
            Record::GatePassed { plan: of, phase: which, .. } if of == plan && which == phase => stands = true,
            Record::Begun(begun) => under_way = begun.plan == plan && begun.phase == phase,
            Record::Committed { .. } if under_way => stands = false,
            _ => {}
        }
    }
    stands
}

fn gave_up(state: &State) -> bool {
    matches!(state, State::Quarantined { .. } | State::RolledBack { by_verification: true, .. })
}

/// How a phase is named to the listener.
#[must_use]
pub fn label(plan: &Plan, at: usize) -> PhaseLabel {
    PhaseLabel { ordinal: at + 1, id: plan.phases[at].id.clone(), title: plan.phases[at].title.clone() }
}

/// How many units need nothing more: those that were set aside or taken back are not among them.
fn finished<'s>(units: impl Iterator<Item = &'s Standing>) -> usize {
    let tally = tally(units);
    tally.committed + tally.unchanged
}

/// How many units stand where.
pub fn tally<'s>(units: impl Iterator<Item = &'s Standing>) -> Tally {
    let mut tally = Tally::default();
    for standing in units {
        match standing.state {
            State::Committed { .. } => tally.committed += 1,
            State::Unchanged => tally.unchanged += 1,
            State::Quarantined { .. } => tally.quarantined += 1,
            State::RolledBack { .. } => tally.rolled_back += 1,
            State::Pending | State::Outdated { .. } => tally.pending += 1,
        }
    }
    tally
}
