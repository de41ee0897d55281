//! Before the first act: everything that can be checked is, and all of it is told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::board::Board;
use crate::event::{Event, Watch};
use crate::held::Held;
use crate::interrupt::Interrupt;
use crate::journal::{Journal, Record, RunStarted};
use crate::judge::Judge;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::digest::digest;
use crate::ready::refuse_hooks;
use crate::repo::HOOKS_IN_COPIES;
use crate::repo::identity::Identity;
use crate::repo::target::Conversions;
use crate::repo::{Repo, short};
use crate::request::{Request, earlier, refuse_changed_plan};
use crate::rules;
use crate::run::Run;
use crate::run::drafting::warned;
use crate::run::environment::environment;
use crate::run::whereabouts;
use crate::schedule::line::Rate;
use crate::state::{Counts, State};
use crate::stop::{Note, Stop};
use crate::survey::{self, FileStanding, Survey};
use crate::unit::callables::Callables;
use crate::unit::glimpses::Glimpses;
use crate::unit::look::ToDo;
use crate::unit::sound::Warning;
use crate::units::Member;
use crate::unready;

/// So long the logs of a unit that is done are kept.
const LOGS_ARE_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is to be told when a run begins.
pub(super) struct Opening {
    counts: Counts,
    resumed: bool,
    /// Files with nothing to do of which there is something to tell, each for the first phase that says so.
    told: BTreeMap<RepoPath, (Member, Vec<Warning>)>,
}

impl<'a> Run<'a> {
    /// Checks everything that can be checked before the first act. Nothing is written yet.
    pub(super) fn start(
        (repo, plan): (&'a Repo, &'a Plan),
        request: &'a Request,
        (interrupt, watch, board): (&'a Interrupt, Watch, Arc<Board>),
        journal: Journal,
        identity: Identity,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Self, Opening), Stop> {
        let held = Held::take(repo)?;
        let tip = held.tip();
        let digest = digest(plan);
        let earlier = earlier(journal.records(), &plan.name);
        refuse_changed_plan(plan, &digest, earlier.as_ref(), request.leave, emit)?;
        let others = repo.others()?;
        let callables = Callables::new(repo);
        let glimpses = Glimpses::of_plan(repo, &others, interrupt, plan);
        let mut told: BTreeMap<RepoPath, (Member, Vec<Warning>)> = BTreeMap::new();
        let mut works = |unit: &Member| match survey::look(repo, tip, plan, &callables, (&others, &glimpses), unit) {
            ToDo::Work => Ok(true),
            ToDo::Nothing(warnings) => {
                told.entry(unit.path.clone()).or_insert_with(|| (unit.clone(), warnings));
                Ok(false)
            }
        };
        let Survey { units, unmatched, newest, left_aside } =
            survey::survey(repo, tip, plan, journal.records(), interrupt, watch, &mut works)?;
        drop(glimpses);
        request.refuse_unknown(plan, &units)?;
        request.refuse_unknown_commands(plan)?;
        let asked = || units.iter().filter(|standing| request.covers_unit(&standing.unit));
        // A file that is staged, in conflict or changed is not ready, whatever HEAD holds of it.
        let hidden =
            |file: &&FileStanding| request.covers(&file.file) && file.state == State::Unchanged && others.holds(&file.file.path);
        let mut looked_at: Vec<&Member> = Vec::new();
        for standing in &units {
            let taken = request.taken(standing);
            let hidden = standing.files.iter().filter(hidden).map(|file| &file.file).filter(|file| !taken.contains(file));
            looked_at.extend(taken.iter().copied().chain(hidden));
        }
        let paths: Vec<RepoPath> = looked_at.iter().map(|unit| unit.path.clone()).collect();
        let conversions = if paths.is_empty() { Conversions::default() } else { repo.conversions(&paths)? };
        unready::refuse(repo, plan, tip, &unmatched, (&looked_at, &conversions), interrupt)?;
        looked_at.iter().for_each(|unit| drop(told.remove(&unit.path)));
        let (whereabouts, isolation) = whereabouts::find(repo, plan, request);
        if let (Some(message), Some(help)) = (whereabouts.said(), whereabouts.help()) {
            emit(Event::Warning { message, help: Some(help) });
        }
        if isolation.is_none() || whereabouts::some_at_tree(plan) {
            request.refuse_dirty(&others)?;
        }
        refuse_hooks(repo, request.leave, if isolation.is_some() { &HOOKS_IN_COPIES } else { &[] })?;
        if isolation.is_none() {
            refuse_format(plan)?;
            refuse_private(plan)?;
        }
        let judged = rules::judge(repo, plan, interrupt)?;
        for warning in plan.warnings.iter().chain(&judged.warnings) {
            emit(Event::Warning { message: warning.message.clone(), help: Some(warning.help.clone()) });
        }
        judged.refuse(plan)?;
        let counts = survey::counts(asked());
        let run = Self {
            repo,
            plan,
            request,
            interrupt,
            judge: Arc::new(
                Judge::new(repo, plan, interrupt).without(&request.red_ok).without_cache(request.no_cache).seen_on(board),
            ),
            identity,
            conversions,
            callables,
            others,
            digest,
            journal,
            units,
            newest,
            left_aside,
            held,
            isolation,
            asked: BTreeSet::new(),
            environment: environment(&plan.cache, repo.top()),
            not_judged: 0,
            kept: Vec::new(),
            rate: Rate::seen(0, 0),
            has_begun: false,
        };
        let resumed = earlier.is_some_and(|earlier| !earlier.finished);
        Ok((run, Opening { counts, resumed, told }))
    }

    /// Notes that the run begins, and tells so.
    pub(super) fn announce(&mut self, opening: Opening, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let (plan, request) = (self.plan, self.request);
        self.journal.append(Record::RunStarted(RunStarted {
            plan: plan.name.clone(),
            digest: self.digest.clone(),
            parts: plan.parts(),
            phase: request.phase.map(|at| plan.phases[at].id.clone()),
            file: None,
            files: request.files.iter().map(|named| named.asked().clone()).collect(),
            retry: request.retry.iter().copied().collect(),
            out_of_order: request.out_of_order,
            red_ok: request.red_ok.clone(),
            in_place: request.in_place,
        }))?;
        self.has_begun = true;
        self.repo.keep_no_objects();
        self.recall(emit)?;
        self.let_stale_drafts_go()?;
        self.drop_old_logs();
        emit(Event::RunStarted {
            plan: plan.name.clone(),
            digest: self.digest.clone(),
            branch: short(&self.held.tip().branch).to_owned(),
            units_total: opening.counts.total,
            units_done: opening.counts.done,
            resumed: opening.resumed,
            in_copies: self.isolation.is_some(),
        });
        for (path, (_, warnings)) in opening.told.into_iter().filter(|(_, (unit, _))| request.covers(unit)) {
            warnings.into_iter().for_each(|warning| emit(warned(&path, warning)));
        }
        Ok(())
    }
}

impl Run<'_> {
    /// Removes the logs of units that are done, once they are old. Those of a unit that is not done say why, however old they are.
    fn drop_old_logs(&self) {
        let Some(limit) = SystemTime::now().checked_sub(LOGS_ARE_KEPT) else { return };
        for (at, phase) in self.plan.phases.iter().enumerate() {
            let done = self.units.iter().filter(|standing| standing.unit.phase == at && standing.state().is_done());
            self.judge.drop_old_logs(&phase.id, done.map(|standing| &standing.unit.id), limit);
        }
    }
}

/// Fails when commands want something for themselves that they can have in copies alone.
fn refuse_private(plan: &Plan) -> Result<(), Stop> {
    let Some(command) = whereabouts::judges(plan).find(|command| !command.private.is_empty()) else { return Ok(()) };
    let message = format!("`private` works in copies of the work tree only: `{}`", command.run);
    let help = "run without --in-place where copies can be made, or remove `private`";
    Err(Stop::Refused(Note::new(message, help)))
}

/// Fails when the plan has formatters, which are not run in the user's own tree.
fn refuse_format(plan: &Plan) -> Result<(), Stop> {
    let mut formats = plan.phases.iter().flat_map(|phase| &phase.targets).flat_map(|target| &target.format);
    let Some(format) = formats.next() else { return Ok(()) };
    let message = format!("`format` runs in copies of the work tree only: `{}`", format.run);
    let help = "run without --in-place where copies can be made, or make it the `command` of a rule";
    Err(Stop::Refused(Note::new(message, help)))
}
