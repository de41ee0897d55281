//! `migrate run` and `migrate resume`: the units that are left, in the order of the plan, each through the write protocol.
//!
//! Policy only: what happens when a unit fails, when a phase ends, when somebody interrupts. How bytes, index and branch change is
//! the protocol's; what a person sees is the listener's.

use std::collections::BTreeMap;

use git2::Oid;

use crate::compose;
use crate::event::{Activity, Event, PhaseLabel, RunOutcome, Tally};
use crate::fault;
use crate::fs;
use crate::interrupt::Interrupt;
use crate::journal::{Journal, Record, RunStarted};
use crate::judge::{Judge, Purpose, Verdict};
use crate::lock;
use crate::path::RepoPath;
use crate::plan::digest::digest;
use crate::plan::{Command, OnFailure, Plan};
use crate::protocol::{Change, ChangedFile, Protocol};
use crate::recover;
use crate::repo::identity::Identity;
use crate::repo::others::Others;
use crate::repo::target::Conversions;
use crate::repo::{Repo, short};
use crate::select::Unit;
use crate::stop::{Note, Stop};
use crate::survey::{self, Standing, State, Survey};
use crate::takeback::{self, Reason};
use crate::unit::{self, Outcome, Prepared, Segment, Unsound};

/// What is asked of a run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Only this phase, by its place in the plan.
    pub phase: Option<usize>,
    /// Only this file; it is tried again even when it failed or was rolled back before.
    pub file: Option<RepoPath>,
    /// What is let pass that is refused otherwise.
    pub leave: Leave,
}

/// What a run lets pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leave {
    /// Changes in tracked files that are not the plan's.
    pub dirty: bool,
    /// A HEAD that is on no branch.
    pub detached: bool,
    /// Hooks that `git commit` would run; they are not run, and each commit says so.
    pub hooks: bool,
    /// A plan that changed since the run that is resumed.
    pub changed_plan: bool,
}

/// Runs what is left of the plan, first putting in order what an interrupted run left behind.
///
/// # Errors
/// [`Stop`], by what a person has to do. Whatever it is, every unit is wholly done or wholly as it was, or a later run makes it so.
pub fn run(repo: &Repo, plan: &Plan, request: &Request, interrupt: &Interrupt, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    let what = format!("migrate run of the plan {}", plan.name);
    lock::holding(&repo.state_folder(), &what, || {
        let mut journal = Journal::open(&repo.state_folder())?;
        let identity = settle(repo, &mut journal, request.leave, emit)?;
        let mut run = Run::start(repo, plan, request, interrupt, journal, identity, emit)?;
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
        return Err(crate::repo::RepoProblem::Detached(tip.commit).into());
    }
    let hooks = repo.commit_hooks();
    if !hooks.is_empty() && !leave.hooks {
        return Err(crate::repo::RepoProblem::Hooks(hooks).into());
    }
    Ok(())
}

/// How one unit ended.
enum Ended {
    Committed,
    Unchanged,
    Failed(Failure),
}

/// What failed in a unit, and what became of it.
struct Failure {
    reason: String,
    help: String,
    log: Option<String>,
    /// True when its commit was taken back.
    reverted: bool,
}

impl From<Unsound> for Failure {
    fn from(unsound: Unsound) -> Self {
        Self { reason: unsound.reason, help: unsound.help, log: None, reverted: false }
    }
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
    others: Others,
    units: Vec<Standing>,
    digest: String,
    failed: usize,
}

impl<'a> Run<'a> {
    /// Checks everything that can be checked before the first act, and reports all of it at once.
    fn start(
        repo: &'a Repo,
        plan: &'a Plan,
        request: &'a Request,
        interrupt: &'a Interrupt,
        mut journal: Journal,
        identity: Identity,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Self, Stop> {
        let tip = repo.tip()?;
        let digest = digest(plan);
        let earlier = earlier(journal.records(), &plan.name);
        refuse_changed_plan(plan, &digest, earlier.as_ref(), request.leave, emit)?;
        let others = repo.others()?;
        let Survey { units, unmatched } = survey::survey(repo, &tip, plan, journal.records())?;
        survey::refuse_unmatched(plan, &unmatched)?;
        let units: Vec<Standing> = units.into_iter().filter(|standing| request.covers(&standing.unit)).collect();
        request.refuse_unknown_file(plan, &units)?;
        let left: Vec<&Unit> = units.iter().filter(|standing| request.is_left(standing)).map(|standing| &standing.unit).collect();
        let paths: Vec<RepoPath> = left.iter().map(|unit| unit.path.clone()).collect();
        let conversions = if paths.is_empty() { Conversions::default() } else { repo.conversions(&paths)? };
        survey::refuse_targets(repo, plan, &tip, &left, &conversions)?;
        if !others.is_empty() && !request.leave.dirty {
            return Err(crate::repo::RepoProblem::Dirty(others.paths().cloned().collect()).into());
        }
        let done = units.len() - left.len();
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
        let judge = Judge { repo, plan, interrupt };
        Ok(Self { repo, plan, request, interrupt, judge, journal, identity, conversions, others, units, digest, failed: 0 })
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
        let left = members.iter().filter(|unit| self.request.is_left(&self.units[**unit])).count();
        emit(Event::PhaseStarted { phase: label.clone(), units: members.len(), done: members.len() - left });
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
                    self.units[*unit_at].state = State::Unchanged;
                    emit(Event::UnitUnchanged { unit: name, why: "the rules find nothing to do".to_owned() });
                }
                Ended::Failed(failure) => self.unit_failed(at, *unit_at, failure, members.len(), emit)?,
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
            }
            State::RolledBack { by_verification: false, .. } => {
                emit(Event::UnitSkipped { unit, why: "it was rolled back; `--file` runs it again".to_owned() });
            }
            State::Quarantined { reason } => {
                self.failed += 1;
                emit(Event::UnitSkipped { unit, why: format!("quarantined: {reason}") });
            }
            _ => {}
        }
        Ok(())
    }

    /// One unit through the whole protocol.
    fn unit(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let name = unit.path.to_string();
        let doing = |activity| Event::Doing { unit: name.clone(), activity };
        let target = self.plan.target(unit);
        let phase = &self.plan.phases[unit.phase];
        emit(doing(Activity::Reading));
        let tip = self.repo.tip()?;
        let Prepared { target: found, converted, outcome } = unit::prepare(self.repo, self.plan, &tip, unit, &self.conversions)?;
        let after = match outcome {
            Outcome::Unchanged => return Ok(Ended::Unchanged),
            Outcome::Unsound(unsound) => return Ok(Ended::Failed(unsound.into())),
            Outcome::Changed(after) => Some(after),
            Outcome::NeedsCodemod => None,
        };
        let codemod = after.is_none();
        let mut change = Change {
            plan: self.plan.name.clone(),
            phase: phase.id.clone(),
            unit: unit.path.clone(),
            tip,
            files: vec![ChangedFile::new(found, converted, after)?],
            reverts: None,
            verify: !target.verify.is_empty(),
        };
        self.protocol().begin(&change)?;
        emit(doing(Activity::Placing));
        let placed = if codemod { self.codemods(unit, &mut change, emit) } else { self.protocol().place(&change).map(|()| None) };
        match placed {
            Ok(None) => {}
            Ok(Some(ended)) => return self.undo(&change, ended, emit),
            Err(stop) => return Err(self.give_up(&change, stop)),
        }
        let shown = match self.validate(unit, &change, &target.validate, emit) {
            Ok(Verdict::Passed(shown)) => shown,
            Ok(Verdict::Failed { reason, log, .. }) => {
                let help = format!("see {}", log.display());
                let failure = Failure { reason, help, log: Some(log.display().to_string()), reverted: false };
                return self.undo(&change, Ended::Failed(failure), emit);
            }
            Err(stop) => return Err(self.give_up(&change, stop)),
        };
        emit(doing(Activity::Committing));
        let file = &change.files[0];
        let (before, after) = (&file.target.found.bytes, file.after.as_deref().unwrap_or_default());
        let composed = compose::commit(self.plan, &self.digest, unit, before, after, &shown, self.request.leave.hooks);
        let composed = match composed {
            Ok(composed) => composed,
            Err(note) => return Err(self.give_up(&change, Stop::Usage(note))),
        };
        let landed = self.protocol().land(&change, &composed.message, &format!("commit (migrate): {}", composed.subject));
        let commit = match landed {
            Ok(commit) => commit,
            Err(stop) => return Err(self.give_up(&change, stop)),
        };
        self.set_state(unit, State::Committed { commit });
        emit(Event::UnitCommitted {
            unit: name,
            commit: commit.to_string(),
            subject: composed.subject,
            lines_added: composed.lines_added,
            lines_removed: composed.lines_removed,
        });
        self.verify(unit, commit, emit)
    }

    /// Runs a unit's transforms when external codemods are among them, on the file in the work tree.
    fn codemods(&mut self, unit: &Unit, change: &mut Change, emit: &mut dyn FnMut(Event)) -> Result<Option<Ended>, Stop> {
        let before = change.files[0].target.found.bytes.clone();
        let aside = change.files[0].aside.clone();
        let (repo, plan) = (self.repo, self.plan);
        let mut bytes = before.clone();
        let mut on_disk = before.clone();
        for segment in unit::segments(plan, unit) {
            match segment {
                Segment::Pure(steps) => match unit::apply(repo, &unit.path, &bytes, &steps) {
                    Ok(after) => bytes = after,
                    Err(unsound) => return Ok(Some(Ended::Failed(unsound.into()))),
                },
                Segment::Codemod(command) => {
                    if bytes != on_disk {
                        fs::replace(repo.top(), &unit.path, &on_disk, &bytes, &aside)?;
                    }
                    let commands = [command.clone()];
                    match self.judge.run(Purpose::Transform, &commands, &change.phase, Some(&unit.path), emit)? {
                        Verdict::Passed(_) => {}
                        Verdict::Failed { reason, log, .. } => {
                            let (help, log) = (format!("see {}", log.display()), Some(log.display().to_string()));
                            return Ok(Some(Ended::Failed(Failure { reason, help, log, reverted: false })));
                        }
                    }
                    self.refuse_changed_others(&unit.path, "the codemod")?;
                    bytes = fs::read(repo.top(), &unit.path)?.bytes;
                    on_disk.clone_from(&bytes);
                }
            }
        }
        if bytes == before && on_disk == before {
            return Ok(Some(Ended::Unchanged));
        }
        if let Err(unsound) = unit::check(&unit.path, &before, &bytes) {
            return Ok(Some(Ended::Failed(unsound.into())));
        }
        if bytes != on_disk {
            fs::replace(repo.top(), &unit.path, &on_disk, &bytes, &aside)?;
        }
        change.files[0].after = Some(bytes);
        self.protocol().transformed(change)?;
        Ok(None)
    }

    fn validate(
        &mut self,
        unit: &Unit,
        change: &Change,
        commands: &[Command],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Verdict, Stop> {
        fault::point("validate: before");
        let verdict = self.judge.run(Purpose::Validate, commands, &change.phase, Some(&unit.path), emit)?;
        fault::point("validate: after");
        if !commands.is_empty() {
            self.refuse_changed_others(&unit.path, "a validate command")?;
        }
        Ok(verdict)
    }

    /// Lets the unit's verification judge a commit that landed; on failure the commit is taken back.
    fn verify(&mut self, unit: &Unit, commit: Oid, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let commands = &self.plan.target(unit).verify;
        if commands.is_empty() {
            return Ok(Ended::Committed);
        }
        let phase = &self.plan.phases[unit.phase].id;
        let verdict = self.judge.run(Purpose::Verify, commands, phase, Some(&unit.path), emit)?;
        fault::point("verify: judged");
        let Verdict::Failed { reason, log, .. } = verdict else {
            self.refuse_changed_others(&unit.path, "a verify command")?;
            self.journal.append(Record::Verified { commit: commit.to_string() })?;
            return Ok(Ended::Committed);
        };
        let name = unit.path.to_string();
        emit(Event::Doing { unit: name.clone(), activity: Activity::Reverting });
        let mut protocol = Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity };
        let (id, why) = ((self.plan.name.as_str(), phase.as_str(), &unit.path), Reason::Verification(reason.clone()));
        let revert = takeback::take_back(&mut protocol, id, commit, &why)?;
        self.set_state(unit, State::RolledBack { commit: Some(commit), by_verification: true });
        let (taken, by) = (commit.to_string(), revert.to_string());
        emit(Event::UnitReverted { unit: name, commit: taken, revert: by, reason: reason.clone() });
        let help = format!("see {}", log.display());
        Ok(Ended::Failed(Failure { reason, help, log: Some(log.display().to_string()), reverted: true }))
    }

    /// A run that was killed between a commit and its verification left the judging to us.
    fn verify_what_was_interrupted(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let Some((begun, commit)) = recover::open(self.journal.records()).unverified else { return Ok(()) };
        let Ok(commit) = Oid::from_str(&commit) else { return Ok(()) };
        let Some(at) = self.units.iter().position(|standing| standing.unit.path == begun.unit) else { return Ok(()) };
        if begun.plan != self.plan.name || !self.repo.contains(self.repo.tip()?.commit, commit)? {
            return Ok(());
        }
        let unit = self.units[at].unit.clone();
        let phase = label(self.plan, unit.phase);
        let members = self.units.iter().filter(|standing| standing.unit.phase == unit.phase).count();
        emit(Event::UnitStarted { phase, unit: unit.path.to_string(), ordinal: 1, of: members });
        match self.verify(&unit, commit, emit)? {
            Ended::Failed(failure) => self.unit_failed(unit.phase, at, failure, members, emit),
            Ended::Committed | Ended::Unchanged => Ok(()),
        }
    }

    fn refuse_changed_others(&self, own: &RepoPath, who: &str) -> Result<(), Stop> {
        let changed = self.repo.changed_others(&self.others, std::slice::from_ref(own))?;
        if changed.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let message = format!("{who} changed tracked files that are not its unit's: {}", names.join(", "));
        let help = "nothing was committed for this unit; look at them with `git diff`, put them right and correct the command";
        Err(Stop::NeedsYou(Note::new(message, help)))
    }

    /// Takes a change back whose unit ended without a commit.
    fn undo(&mut self, change: &Change, ended: Ended, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        emit(Event::Doing { unit: change.unit.to_string(), activity: Activity::Restoring });
        let reason = match &ended {
            Ended::Failed(failure) => failure.reason.clone(),
            Ended::Unchanged | Ended::Committed => "nothing to do".to_owned(),
        };
        self.protocol().undo(change, &reason)?;
        Ok(ended)
    }

    /// Takes a change back because the run ends; what keeps it from being taken back matters more than why the run ends.
    fn give_up(&mut self, change: &Change, stop: Stop) -> Stop {
        match self.protocol().undo(change, &stop.to_string()) {
            Ok(()) => stop,
            Err(worse) => worse,
        }
    }

    fn unit_failed(
        &mut self,
        phase_at: usize,
        unit_at: usize,
        failure: Failure,
        members: usize,
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
        let most = phase.max_quarantined.map_or(u64::MAX, |share| u64::from(share.0) * members as u64);
        let failed = self.units.iter().filter(|standing| standing.unit.phase == phase_at && gave_up(&standing.state)).count();
        if failed as u64 * 10_000 > most {
            let label = self.plan.phase_label(phase_at);
            let message = format!("{label}: {failed} of {members} units failed, more than the plan allows");
            return Err(Stop::Failed(Note::new(message, "see `migrate status`; mend the rules or the files, then run again")));
        }
        Ok(())
    }

    /// The phase's gate, unless it passed already on what the branch holds now.
    fn gate(&mut self, at: usize, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let phase = &self.plan.phases[at];
        let tip = self.repo.tip()?.commit.to_string();
        let passed = Record::GatePassed { plan: self.plan.name.clone(), phase: phase.id.clone(), tip };
        if phase.gate.is_empty() || self.request.file.is_some() || self.journal.records().contains(&passed) {
            return Ok(());
        }
        if let Some(signal) = self.interrupt.pending() {
            return Err(Stop::Interrupted(signal));
        }
        emit(Event::GateStarted { phase: label.clone() });
        match self.judge.run(Purpose::Gate, &phase.gate, &phase.id, None, emit)? {
            Verdict::Passed(_) => {
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
            Err(Stop::Interrupted(_)) => (RunOutcome::Interrupted, Some("`migrate resume` goes on from here".to_owned())),
            Err(Stop::NeedsYou(_)) => (RunOutcome::NeedsYou, None),
            Err(Stop::Refused(_) | Stop::Targets(_)) => (RunOutcome::Refused, None),
            Err(Stop::Failed(_) | Stop::Usage(_) | Stop::Plan(_)) => (RunOutcome::Failed, None),
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

impl Request {
    /// True when the unit is among those asked for.
    #[must_use]
    pub fn covers(&self, unit: &Unit) -> bool {
        self.phase.is_none_or(|phase| phase == unit.phase) && self.file.as_ref().is_none_or(|file| *file == unit.path)
    }

    /// True when the run has to do something about the unit.
    #[must_use]
    pub fn is_left(&self, standing: &Standing) -> bool {
        match standing.state {
            State::Pending | State::Outdated { .. } => true,
            State::RolledBack { .. } | State::Quarantined { .. } => self.file.is_some(),
            State::Committed { .. } | State::Unchanged => false,
        }
    }

    fn refuse_unknown_file(&self, plan: &Plan, units: &[Standing]) -> Result<(), Stop> {
        match &self.file {
            Some(file) if units.is_empty() => {
                let message = format!("{file} is no unit of the plan {}", plan.name);
                Err(Stop::Usage(Note::new(
                    message,
                    "`migrate status` lists the units; a glob's files are units only if the rules find something",
                )))
            }
            _ => Ok(()),
        }
    }
}

/// What the journal knows of the last run of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// What it was asked to do.
    pub started: RunStarted,
    /// False when it was killed or interrupted.
    pub finished: bool,
    /// True when nothing of it was left.
    pub done: bool,
}

/// The last run of the plan called `name`.
#[must_use]
pub fn earlier(records: &[Record], name: &str) -> Option<Earlier> {
    let mut last = None;
    let mut ours = false;
    for record in records {
        match record {
            Record::RunStarted(started) => {
                ours = started.plan == name;
                if ours {
                    last = Some(Earlier { started: started.clone(), finished: false, done: false });
                }
            }
            Record::RunFinished { done } if ours => {
                if let Some(earlier) = &mut last {
                    (earlier.finished, earlier.done) = (true, *done);
                }
            }
            _ => {}
        }
    }
    last
}

/// A plan that changed in the middle of a run is named: part of the units would be made by one plan and part by another.
fn refuse_changed_plan(
    plan: &Plan,
    digest: &str,
    earlier: Option<&Earlier>,
    leave: Leave,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let Some(earlier) = earlier.filter(|earlier| earlier.started.digest != digest && !earlier.done) else { return Ok(()) };
    let changed = differing(&earlier.started.parts, &plan.parts());
    let (old, new) = (short_digest(&earlier.started.digest), short_digest(digest));
    let message = format!("the plan {} changed since the last run, from {old} to {new}: {}", plan.name, changed.join(", "));
    if earlier.finished || leave.changed_plan {
        emit(Event::Warning { message, help: None });
        return Ok(());
    }
    Err(Stop::Usage(Note::new(message, "undo the change, or pass --plan-changed to go on with the plan as it is now")))
}

fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The names of the parts that are not the same in both.
fn differing(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().cloned().collect()
}

fn gave_up(state: &State) -> bool {
    matches!(state, State::Quarantined { .. } | State::RolledBack { by_verification: true, .. })
}

/// How a phase is named to the listener.
#[must_use]
pub fn label(plan: &Plan, at: usize) -> PhaseLabel {
    PhaseLabel { ordinal: at + 1, id: plan.phases[at].id.clone(), title: plan.phases[at].title.clone() }
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
