//! `migrate run` and `migrate resume`: the units that are left, in the order of the plan, each through the write protocol.
//!
//! What happens when a unit fails, when a phase lets the next begin and how a run ends is asked of [`schedule`](crate::schedule); how
//! bytes, index and branch change is the protocol's; what a person sees is the listener's.

mod after_unit;
mod aftermath;
mod ahead;
mod before;
mod blame;
mod codemod;
mod drafting;
mod drafts;
mod end;
mod ended;
mod environment;
mod gate;
mod judging;
mod line;
mod metrics;
mod numbers;
mod one;
mod polish;
mod rehearsal;
mod start;
mod taking_back;
mod transform;
mod verify;
mod whereabouts;

use std::collections::BTreeSet;
use std::sync::Arc;

use git2::Oid;

use crate::board::Board;
use crate::event::{Event, Watch};
use crate::forecast::Forecast;
use crate::held::{BranchMove, Held};
use crate::interrupt::Interrupt;
use crate::journal::{Journal, Record};
use crate::judge::Judge;
use crate::lock;
use crate::path::RepoPath;
use crate::plan::{self, Plan, RuleKind, Target};
use crate::protocol::Protocol;
use crate::ready::settle;
use crate::repo::Repo;
use crate::repo::identity::Identity;
use crate::repo::others::Others;
use crate::repo::target::Conversions;
use crate::request::{Leave, Request};
use crate::run::ended::{Ended, Failure};
use crate::run::judging::Isolation;
use crate::schedule::failure::{self, Next, Noted};
use crate::schedule::line::Rate;
use crate::schedule::passage::{self, Passage};
use crate::state::{Counts, State};
use crate::stop::{Note, Stop};
use crate::survey::{self, FileStanding, Standing};
use crate::unit::callables::Callables;
use crate::units::{Call, Member, Unit};
use crate::verdict::VerdictKind;

pub use rehearsal::{EachUnit, Rehearsed, RehearsedFile, rehearse};
pub use whereabouts::Whereabouts;

/// Runs what is left of the plan, first putting in order what an interrupted run left behind, and looking at its files while somebody
/// may watch. Once it is known what is to be done, and before anything is, it is asked for.
///
/// # Errors
/// [`Stop`], by what a person has to do. Whatever it is, every unit is wholly done or wholly as it was, or a later run makes it so.
pub fn run(
    repo: &Repo,
    plan: &Plan,
    request: &Request,
    interrupt: &Interrupt,
    audience: Audience<'_>,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let what = format!("migrate run of the plan {}", plan.name);
    lock::holding(&repo.state_folder(), &what, || {
        let Audience { watch, agrees, board } = audience;
        board.publish(&repo.state_folder(), &plan.name);
        let mut journal = Journal::open(&repo.state_folder())?;
        let leave = Leave { detached: request.leave.detached || request.branch.is_some(), ..request.leave };
        let identity = settle(repo, &mut journal, leave, emit)?;
        let (mut run, opening) = Run::start((repo, plan), request, (interrupt, watch, board), journal, identity, emit)?;
        run.put_to(agrees)?;
        run.branch_off()?;
        run.announce(opening, emit)?;
        let ended = run.phases(emit);
        // Whoever runs next may be another member of the group.
        run.finish(ended, emit).and(repo.share_state().map_err(Stop::from))
    })?
}

/// Whoever is asked whether a run is to do what is ahead, on the branch of this name.
pub type Agrees<'a> = &'a mut dyn FnMut(&Forecast, &str) -> bool;

/// Who follows a run beside its events.
pub struct Audience<'a> {
    /// Watches how far the look at the files is.
    pub watch: Watch<'a>,
    /// Is asked once all is looked at, and before anything is done.
    pub agrees: Agrees<'a>,
    /// Shows what runs.
    pub board: Arc<Board>,
}

struct Run<'a> {
    repo: &'a Repo,
    plan: &'a Plan,
    request: &'a Request,
    interrupt: &'a Interrupt,
    judge: Arc<Judge<'a>>,
    journal: Journal,
    identity: Identity,
    conversions: Conversions,
    callables: Callables<'a>,
    others: Others,
    /// All units of the plan, those that were not asked for too: shares and passages count them.
    units: Vec<Standing>,
    /// The newest commit of the plan when the run began.
    newest: Option<Oid>,
    /// Violations that the plan allows to be left in files that are no units.
    left_aside: usize,
    digest: String,
    held: Held,
    /// What makes the copies in which commands run; they run in the work tree without.
    isolation: Option<Isolation>,
    /// The validate commands that were asked ahead.
    asked: BTreeSet<plan::Run>,
    /// The digest of what verdicts depend on beside the tree.
    environment: String,
    /// How many units in a row no command could judge.
    not_judged: usize,
    /// What codemods made of units that have not ended.
    kept: Vec<Oid>,
    /// The share of units that failed so far, by which batches are sized.
    rate: Rate,
    /// False while drafts are only shown: nothing is noted then.
    has_begun: bool,
}

impl Run<'_> {
    fn phases(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.verify_what_is_owed(emit)?;
        self.refuse_unknown_remote()?;
        self.finish_taking_back(emit)?;
        self.push_what_is_owed(emit)?;
        self.measure_baselines(emit)?;
        let asked = self.units.iter().filter(|standing| self.request.takes(standing));
        let first = asked.map(|standing| standing.unit.phase).chain(self.request.phase).min();
        if let Some(first) = first.filter(|_| !self.request.is_whole()) {
            self.refuse_out_of_order(first, emit)?;
        }
        for at in 0..self.plan.phases.len() {
            if self.request.phase.is_some_and(|only| only != at) {
                continue;
            }
            let asked = |unit: &usize| self.units[*unit].unit.phase == at && self.request.covers_unit(&self.units[*unit].unit);
            let members: Vec<usize> = (0..self.units.len()).filter(asked).collect();
            if members.is_empty() && !self.request.files.is_empty() {
                continue;
            }
            let started = std::time::Instant::now();
            let has_work = members.iter().any(|unit| self.request.takes(&self.units[*unit]));
            self.phase(at, &members, emit)?;
            if has_work {
                self.tell_budget(at, &self.plan.label(at), started, emit);
            }
            self.push_what_is_owed(emit)?;
            if self.request.is_whole() && at + 1 < self.plan.phases.len() {
                self.refuse_closed(at, emit)?;
            }
        }
        Ok(())
    }

    fn phase(&mut self, at: usize, members: &[usize], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let label = self.plan.label(at);
        let counts = |run: &Self| survey::counts(members.iter().map(|unit| &run.units[*unit]));
        emit(Event::PhaseStarted { phase: label.clone(), units: members.len(), done: counts(self).done });
        self.refuse_paused(at, &label, emit)?;
        self.measure_what_is_owed(at, emit)?;
        if self.has_line(at) && !self.measures_units(at) {
            self.in_line(at, members, emit)?;
            emit(Event::PhaseFinished { phase: label.clone(), tally: counts(self) });
            return self.gate(at, &label, emit);
        }
        for (nth, unit_at) in members.iter().enumerate() {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            let standing = self.units[*unit_at].clone();
            let files: Vec<Member> = self.request.taken(&standing).into_iter().cloned().collect();
            if files.is_empty() {
                self.pass_over(at, &standing, emit)?;
                continue;
            }
            let unit = Unit { files, ..standing.unit };
            let (phase, name) = (label.clone(), unit.id.to_string());
            emit(Event::UnitStarted { phase, unit: name, ordinal: nth + 1, of: members.len() });
            let parts = first_parts(&unit, &standing.files);
            self.in_parts(parts, emit)?;
        }
        emit(Event::PhaseFinished { phase: label.clone(), tally: counts(self) });
        self.gate(at, &label, emit)
    }

    /// The parts of one unit in their order; where it was put together for its size and fails, its halves, down to the files that fail
    /// alone. What fails there ends the run, if its phase says so, once the rest of the unit has landed.
    fn in_parts(&mut self, mut parts: Vec<Unit>, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let mut ended = Ok(());
        parts.reverse();
        while let Some(part) = parts.pop() {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            match self.unit(&part, emit)? {
                Ended::Committed => {
                    self.not_judged = 0;
                    if let Ended::Failed(failure) = self.measured_after(&part, emit)?
                        && let Err(stop) = self.unit_failed(&part, failure, emit)
                    {
                        return Err(stop);
                    }
                }
                Ended::Unchanged => self.unit_unchanged(&part, emit)?,
                Ended::Failed(failure) if !part.is_atomic() => {
                    self.split(&part, failure.reason, emit);
                    let [first, second] = part.halves();
                    parts.extend([second, first]);
                }
                Ended::Failed(failure) => match self.unit_failed(&part, failure, emit) {
                    Err(stop @ Stop::Failed(_)) => ended = ended.and(Err(stop)),
                    noted => noted?,
                },
            }
        }
        ended
    }

    /// Notes that there is nothing to do in a part of a unit.
    fn unit_unchanged(&mut self, part: &Unit, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.note_unchanged(part)?;
        self.set_state(&part.files, State::Unchanged, None, None);
        let why = self.why_unchanged(part);
        emit(Event::UnitUnchanged { unit: part.id.to_string(), files: self.files_of(part), why });
        Ok(())
    }

    /// Says that the halves of a part are tried next.
    fn split(&self, part: &Unit, reason: String, emit: &mut dyn FnMut(Event)) {
        let (unit, files, count) = (part.id.to_string(), self.files_of(part), part.files.len());
        emit(Event::UnitSplit { unit, files, count, reason });
    }

    /// A unit that is not to be run: most need no word, those that were given up earlier do.
    fn pass_over(&mut self, phase: usize, standing: &Standing, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let state = standing.state();
        if !state.is_given_up() {
            return Ok(());
        }
        let unit = standing.unit.id.to_string();
        let why = standing.why().unwrap_or_default();
        let why = format!("{}: {why}; `--retry {}` or `--file` tries it again", state.word(), state.word());
        emit(Event::UnitSkipped { unit, why });
        self.refuse_too_many(phase)
    }

    fn unit_failed(&mut self, unit: &Unit, failure: Failure, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let policy = self.plan.phases[unit.phase].on_failure;
        let (name, reason, log) = (self.name_of(unit), failure.reason.clone(), failure.log.clone());
        let how = if failure.reverted { failure::FailedAt::TakenBack } else { failure::FailedAt::BeforeCommit };
        self.not_judged = if failure.not_judged { self.not_judged + 1 } else { 0 };
        let (noted, next) = failure::after(policy, how, self.not_judged);
        let (plan, digest, id, files) = (self.plan.name.clone(), self.digest.clone(), unit.id.clone(), listed(unit));
        let verdict = failure.verdict;
        match noted {
            Noted::Nothing => {}
            Noted::Failed => {
                self.journal.append(Record::Failed { plan, digest, unit: id, files, reason: reason.clone(), verdict })?;
                self.set_state(&unit.files, State::Failed, Some(reason.clone()), verdict);
                emit(Event::UnitFailed { unit: unit.id.to_string(), files: self.files_of(unit), reason: reason.clone(), log });
            }
            Noted::Quarantined => {
                self.journal.append(Record::Quarantined { plan, digest, unit: id, files, reason: reason.clone(), verdict })?;
                self.set_state(&unit.files, State::Quarantined, Some(reason.clone()), verdict);
                emit(Event::UnitQuarantined {
                    unit: unit.id.to_string(),
                    files: self.files_of(unit),
                    reason: reason.clone(),
                    log,
                });
            }
        }
        match next {
            Next::Stop => Err(Stop::Failed(Note::new(format!("{name}: {reason}"), failure.help))),
            Next::StopUnjudged => {
                let message = format!("{} units in a row could not be judged; the last is {name}: {reason}", self.not_judged);
                let help = "see to the command and to what it needs, then `migrate run --retry quarantined rolled-back` goes on";
                Err(Stop::Failed(Note::new(message, help)))
            }
            Next::GoOn => self.refuse_too_many(unit.phase),
        }
    }

    fn counts_of(&self, phase: usize) -> Counts {
        survey::counts(self.units.iter().filter(|standing| standing.unit.phase == phase))
    }

    /// Ends the run when more units of a phase were given up than the plan allows, in this run or before it.
    fn refuse_too_many(&self, at: usize) -> Result<(), Stop> {
        let counts = self.counts_of(at);
        // What a person took back in a phase that stops at failures is no failure: it closes the phase at its end.
        let by_a_person = |standing: &&Standing| {
            standing.unit.phase == at
                && standing.state() == State::RolledBack
                && standing.why().is_none_or(|why| ![survey::BY_VERIFICATION, survey::BY_GATE].contains(&why))
        };
        if self.units.iter().filter(by_a_person).count() == counts.given_up()
            || !passage::too_many_given_up(&self.plan.phases[at], counts)
        {
            return Ok(());
        }
        Err(self.too_many(at, counts, "fix the plan or the files, then"))
    }

    fn too_many(&self, at: usize, counts: Counts, first: &str) -> Stop {
        let label = self.plan.phase_label(at);
        let words = counts.words(State::is_given_up);
        let message =
            format!("{label}: {} of {} units given up, more than the plan allows: {words}", counts.given_up(), counts.total);
        let states: Vec<&str> =
            State::ALL.into_iter().filter(|state| state.is_given_up() && counts.get(*state) > 0).map(State::word).collect();
        let help = format!("`migrate status` says why; {first} `migrate run --retry {}` tries them again", states.join(" "));
        Stop::Failed(Note::new(message, help))
    }

    /// Ends the run when a phase does not let the next one begin.
    fn refuse_closed(&self, at: usize, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let gate = survey::last_gate(self.repo, self.plan, self.journal.records(), self.held.tip().commit, at)?;
        let counts = self.counts_of(at);
        let passage = passage::passage(&self.plan.phases[at], counts, gate);
        let label = self.plan.phase_label(at);
        let help =
            format!("`migrate run --phase {}` goes on with it; --out-of-order leaves it as it is", self.plan.phases[at].id);
        let stop = match passage {
            Passage::Open => return Ok(()),
            Passage::Ungated => {
                let message = format!("the gate of {label} is not known to have passed on what is there now");
                emit(Event::Warning { message, help: Some(help) });
                return Ok(());
            }
            Passage::Left => {
                let words = counts.words(|state| !state.is_done());
                Stop::Failed(Note::new(format!("{label} is not done: {words}"), help))
            }
            Passage::TooManyGivenUp => self.too_many(at, counts, "--out-of-order leaves it as it is;"),
            Passage::GateFailed => Stop::Failed(Note::new(format!("the gate of {label} failed"), help)),
            Passage::Paused => self.paused(at),
        };
        if self.request.out_of_order {
            emit(Event::Warning { message: format!("out of order: {stop}"), help: None });
            return Ok(());
        }
        Err(stop)
    }

    /// Fails while an earlier phase than the one that was asked for does not let it begin.
    fn refuse_out_of_order(&self, only: usize, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        (0..only).try_for_each(|earlier| self.refuse_closed(earlier, emit))
    }

    /// Why there is nothing to do in a part of a unit. What a command did not change it may not have understood.
    fn why_unchanged(&self, part: &Unit) -> String {
        let found = "the rules find nothing to do";
        let targets: Vec<&Target> = part.files.iter().map(|file| self.plan.target(file)).collect();
        let shown: BTreeSet<String> = part.files.iter().filter_map(|file| self.commands_of(file)).collect();
        let has_others = |target: &&Target| {
            !target.edits.is_empty()
                || target.rules.iter().any(|rule| !matches!(self.plan.rules[*rule].kind, RuleKind::Command(_)))
        };
        match shown.into_iter().collect::<Vec<_>>() {
            none if none.is_empty() => found.to_owned(),
            shown if targets.iter().any(has_others) => format!("{} changed nothing, {found}", shown.join(", ")),
            shown => format!("{} changed nothing", shown.join(", ")),
        }
    }

    /// The commands of a file's rules as they are run on it; `None` where it has none.
    fn commands_of(&self, file: &Member) -> Option<String> {
        let phase = &self.plan.phases[file.phase].id;
        let command = |rule: &usize| match &self.plan.rules[*rule].kind {
            RuleKind::Command(command) => {
                Some(format!("`{}`", self.judge.shown(&Call::of_file(command, &file.path), phase, None)))
            }
            RuleKind::Rename(_) | RuleKind::Rewrite(_) => None,
        };
        let shown: Vec<String> = self.plan.target(file).rules.iter().filter_map(command).collect();
        (!shown.is_empty()).then(|| shown.join(", "))
    }

    /// What a codemod finds cannot be found again without running it: the journal remembers.
    fn note_unchanged(&mut self, unit: &Unit) -> Result<(), Stop> {
        let tip = self.repo.tip()?;
        for file in &unit.files {
            let (plan, digest, unit) = (self.plan.name.clone(), self.digest.clone(), unit.id.clone());
            let files = if unit.file().is_some() { Vec::new() } else { vec![file.path.clone()] };
            if let Some((_, blob)) = self.repo.file_in(tip.commit, &file.path)?
                && self.plan.runs_codemod(self.plan.target(file))
            {
                self.journal.note(Record::Unchanged { plan, digest, unit, files, blob: blob.to_string() })?;
            }
        }
        Ok(())
    }

    /// The unit that a part is of.
    fn whole(&self, part: &Unit) -> Option<&Unit> {
        self.units.iter().map(|standing| &standing.unit).find(|unit| unit.id == part.id)
    }

    /// The files of a part of a unit; none where it is the whole.
    fn files_of(&self, part: &Unit) -> Vec<String> {
        if part.files.len() < self.whole(part).map_or(0, |unit| unit.files.len()) {
            part.paths().map(ToString::to_string).collect()
        } else {
            Vec::new()
        }
    }

    /// What a person calls a unit, or a part of one.
    fn name_of(&self, part: &Unit) -> String {
        let whole = self.whole(part).map_or(0, |unit| unit.files.len());
        match part.files.as_slice() {
            [one] if whole > 1 => format!("{}: {}", part.id, one.path),
            files if files.len() < whole => format!("{}: {} of {whole} files", part.id, files.len()),
            _ => part.id.to_string(),
        }
    }

    fn protocol(&mut self) -> Protocol<'_> {
        Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity }
    }

    fn set_state(&mut self, files: &[Member], state: State, why: Option<String>, verdict: Option<VerdictKind>) {
        if matches!(state, State::Unchanged | State::Failed | State::Quarantined) {
            files.iter().for_each(|file| self.callables.unchanged(&file.path));
        }
        for standing in self.standings(files) {
            (standing.state, standing.why, standing.verdict) = (state, why.clone(), verdict);
        }
    }

    fn standings<'s>(&'s mut self, files: &'s [Member]) -> impl Iterator<Item = &'s mut FileStanding> {
        let all = self.units.iter_mut().flat_map(|standing| &mut standing.files);
        all.filter(|standing| files.contains(&standing.file))
    }

    /// Looks where the branch stands. After a commit of somebody else, what was known of the tree is found out anew.
    fn look_at_branch(&mut self) -> Result<BranchMove, Stop> {
        let since = self.held.look(self.repo)?;
        if since == BranchMove::Forward {
            self.refresh()?;
        }
        Ok(since)
    }

    fn refresh(&mut self) -> Result<(), Stop> {
        let paths: Vec<RepoPath> = self.units.iter().flat_map(|standing| standing.unit.paths().cloned()).collect();
        self.conversions = self.repo.conversions(&paths)?;
        self.callables = Callables::new(self.repo);
        self.judge.forget();
        Ok(())
    }

    /// Fails when a command changed tracked files, where it ran in the work tree itself: from a copy it cannot.
    fn refuse_changed_tree(&self, calls: &[Call], who: &str) -> Result<(), Stop> {
        if self.isolates(calls) { Ok(()) } else { self.refuse_changed_others(&[], who) }
    }

    /// Fails when a command changed tracked files, apart from those that it was to change or to judge, and the plan's own.
    fn refuse_changed_others(&self, own: &[RepoPath], who: &str) -> Result<(), Stop> {
        let spared: Vec<RepoPath> = own.iter().chain(&self.request.plan_file).cloned().collect();
        let changed = self.repo.changed_others(&self.others, &spared)?;
        if changed.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let (whose, what) = match own {
            [] => ("", "what was committed stays"),
            _ => (" that are not its unit's", "nothing was committed for this unit"),
        };
        let message = format!("{who} changed tracked files{whose}: {}", names.join(", "));
        let help = format!("{what}; look at them with `git diff`, put them right and correct the command");
        Err(Stop::NeedsYou(Note::new(message, help)))
    }
}

/// True when some file of the unit goes, and perhaps tests with it.
fn takes_away(plan: &Plan, unit: &Unit) -> bool {
    unit.files.iter().any(|file| plan.role(file).goes())
}

/// The files of a group as records and trailers list them; none where the name of the unit says it.
fn listed(unit: &Unit) -> Vec<RepoPath> {
    if unit.id.file().is_some() && unit.files.len() == 1 { Vec::new() } else { unit.paths().cloned().collect() }
}

/// How a unit is begun: as a whole, unless an earlier run, here or elsewhere, found that several of its files fail together. Then these
/// are halved, and what is left of a bigger lot whose other half went its own way is tried as it is.
fn first_parts(unit: &Unit, standings: &[FileStanding]) -> Vec<Unit> {
    let failed_with =
        |file: &Member| standings.iter().find(|standing| standing.file == *file).and_then(|found| found.failed_with);
    let mut lots: Vec<(Option<(Oid, usize)>, Unit)> = Vec::new();
    for file in &unit.files {
        let with = failed_with(file);
        match lots.iter_mut().find(|(known, _)| *known == with) {
            Some((_, lot)) => lot.files.push(file.clone()),
            None => lots.push((with, Unit { files: vec![file.clone()], ..unit.clone() })),
        }
    }
    let parts = lots.into_iter().map(|(with, lot)| match with {
        Some((_, size)) if size == lot.files.len() && size > 1 => lot.halves().to_vec(),
        _ => vec![lot],
    });
    parts.flatten().collect()
}
