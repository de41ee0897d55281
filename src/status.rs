//! `migrate status`: where every unit stands, as a table for the printers.

use git2::Oid;

use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::journal::{Journal, Record};
use crate::metric::Stands;
use crate::path::{RepoPath, nearest};
use crate::plan::digest::digest;
use crate::plan::{Files, Known, Metric, MetricSource, Plan, Target};
use crate::repo::Repo;
use crate::rules;
use crate::schedule::passage::LastGate;
use crate::schedule::triggers;
use crate::state::{Counts, State};
use crate::stop::{Note, Stop};
use crate::survey::{self, FileStanding, Standing};
use crate::table::{GateState, Kpi, PhaseRows, Row, StatusTable};
use crate::unit::callables::Callables;
use crate::unit::glimpses::Glimpses;
use crate::units::{Member, Unit};

/// Which units are asked for; all by default.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Those of which a file is one of these, or below one of these folders; all when there is none.
    pub below: Vec<RepoPath>,
    /// Those of this phase.
    pub phase: Option<usize>,
}

impl Asked {
    fn takes(&self, unit: &Unit) -> bool {
        self.takes_phase(unit.phase)
            && (self.below.is_empty() || unit.paths().any(|path| self.below.iter().any(|top| is_in(path, top))))
    }

    fn takes_phase(&self, at: usize) -> bool {
        self.phase.is_none_or(|only| only == at)
    }

    /// True when everything is asked for.
    fn is_whole(&self) -> bool {
        self.below.is_empty() && self.phase.is_none()
    }

    /// Fails when a path that was asked for holds no unit: a misspelt name must not look like success.
    fn refuse_unknown(&self, plan: &Plan, units: &[Standing]) -> Result<(), Stop> {
        let asked =
            || units.iter().filter(|standing| self.takes_phase(standing.unit.phase)).flat_map(|standing| standing.unit.paths());
        let Some(top) = self.below.iter().find(|top| !asked().any(|path| is_in(path, top))) else { return Ok(()) };
        let names: Vec<String> = asked().map(ToString::to_string).collect();
        let near = nearest(&top.to_string(), names.iter().map(String::as_str));
        let help = match near.as_slice() {
            [] => "`migrate status` lists the units; a glob's files are units only if the rules find something".to_owned(),
            near => format!("did you mean {}? `migrate status` lists the units", near.join(", ")),
        };
        let of = self.phase.map_or_else(|| format!("the plan {}", plan.name), |at| plan.phase_label(at));
        Err(Stop::Usage(Note::new(format!("{top} is no unit of {of}, and holds none"), help)))
    }
}

/// True when a path is `top`, or below it.
fn is_in(path: &RepoPath, top: &RepoPath) -> bool {
    path.as_bytes().strip_prefix(top.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Reads where the units of `plan` that are asked for stand, from the branch and, where there is one, the journal.
///
/// # Errors
/// When the repository cannot be read, and [`Stop::Usage`] when a path that is asked for holds no unit.
pub fn table(repo: &Repo, plan: &Plan, asked: &Asked, watch: Watch) -> Result<StatusTable, Stop> {
    let tip = repo.tip()?;
    let records = Journal::read(&repo.state_folder())?;
    let (callables, others, none) = (Callables::new(repo), repo.others()?, Interrupt::none());
    let glimpses = Glimpses::of_plan(repo, &others, &none, plan);
    let mut works = |unit: &Member| Ok(survey::look(repo, &tip, plan, &callables, (&others, &glimpses), unit).is_work());
    let survey = survey::survey(repo, &tip, plan, &records, &none, watch, &mut works)?;
    asked.refuse_unknown(plan, &survey.units)?;
    let running = survey::under_way(&records, &plan.name);
    let (mut phases, mut problems, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for at in (0..plan.phases.len()).filter(|at| asked.takes_phase(*at)) {
        let members = survey.units.iter().filter(|standing| standing.unit.phase == at && asked.takes(&standing.unit));
        let rows = members.map(|standing| row(standing, standing.unit.paths().any(|path| running.contains(path))));
        let mut phase = PhaseRows::new(plan.label(at), rows.collect());
        if phase.rows.is_empty() && !asked.below.is_empty() {
            continue;
        }
        let label = plan.phase_label(at);
        let gate = survey::last_gate(repo, plan, &records, tip.commit, at)?;
        phase.gate = plan.phases[at].has_gate().then_some(match gate {
            LastGate::Stands => GateState::Passed,
            LastGate::Failed => GateState::Failed,
            LastGate::Paused => GateState::Paused,
            LastGate::Unknown => GateState::Unknown,
        });
        match gate {
            LastGate::Stands => {}
            // It is about the phase as a whole.
            LastGate::Failed if asked.below.is_empty() => problems.push(format!("the gate of {label} failed")),
            LastGate::Failed => notes.push(format!("the gate of {label} failed")),
            LastGate::Paused => {
                let why = survey::why_paused(plan, &records, at).unwrap_or("it waits for a person");
                let paused = format!("{label} is paused: {why}; `migrate run --continue` goes on");
                if asked.below.is_empty() { problems.push(paused) } else { notes.push(paused) }
            }
            // Before its units are done there is nothing to say of it.
            LastGate::Unknown if phase.counts.open() > 0 || !asked.below.is_empty() => {}
            LastGate::Unknown => notes.push(format!("the gate of {label} is not known to have passed on what is there now")),
        }
        phases.push(phase);
    }
    let mut table = StatusTable { problems, notes, ..StatusTable::new(plan.name.clone(), digest(plan), phases) };
    if asked.is_whole() {
        table.violations_left += survey.left_aside;
    }
    if asked.is_whole() {
        table.kpis = kpis((repo, plan), &records, tip.commit, table.counts)?;
    }
    for (phase, target) in survey.unmatched.iter().filter(|(phase, _)| asked.takes_phase(*phase) && asked.below.is_empty()) {
        table.problems.push(format!("{}: {}", plan.phase_label(*phase), unmatched(&plan.phases[*phase].targets[*target])));
    }
    if let Some(back) = survey::taking_back(plan, &records).filter(|back| !back.is_back) {
        let phases = back.phases.join(", ");
        table.problems.push(format!("{phases}: to be taken back, since {}: `migrate run` goes on with it", back.why));
    }
    for (begun, _) in survey::debts(repo, &records, tip.commit)? {
        let of = if begun.plan == plan.name { String::new() } else { format!(" of the plan {}", begun.plan) };
        let owed = format!("{}{of} is committed and not verified yet: `migrate run` verifies it first", begun.unit);
        let mut units = survey.units.iter().map(|standing| &standing.unit);
        let is_asked =
            asked.is_whole() || units.any(|unit| begun.plan == plan.name && unit.id == begun.unit && asked.takes(unit));
        if is_asked { table.problems.push(owed) } else { table.notes.push(owed) }
    }
    let judged = rules::judge(repo, plan, &Interrupt::none())?;
    table.problems.extend(judged.errors.into_iter().map(|problem| problem.message));
    table.notes.extend(judged.warnings.into_iter().map(|problem| problem.message));
    let landed = survey.units.iter().flat_map(|standing| &standing.files).any(|file| file.commit.is_some());
    if records.is_empty() && landed && table.counts.left() > 0 {
        table
            .notes
            .push("this work tree has no journal: a unit that failed or was quarantined elsewhere shows as pending".to_owned());
    }
    Ok(table)
}

/// What is known of the plan's metrics. What a look at the branch tells is of now; the rest is as it was measured last.
fn kpis((repo, plan): (&Repo, &Plan), records: &[Record], tip: Oid, counts: Counts) -> Result<Vec<Kpi>, Stop> {
    plan.metrics
        .iter()
        .map(|metric| {
            let latest = survey::latest(plan, records, metric);
            let known = match metric.source {
                MetricSource::Known(Known::UnitsFailed) => Some(counts.failed + counts.given_up()),
                MetricSource::Known(Known::Reverts) => Some(survey::reverts(repo, plan, tip)?),
                MetricSource::Known(Known::Compliance | Known::Violations) | MetricSource::Measured { .. } => None,
            };
            let before = metric.baseline.or_else(|| survey::baseline(plan, records, metric));
            let noise = latest.as_ref().is_some_and(|latest| latest.noise);
            let (now, at) = match (known, latest) {
                (Some(count), _) => (Some(count as f64), None),
                (None, Some(latest)) => (Some(latest.value), (latest.tip != tip.to_string()).then_some(latest.tip)),
                (None, None) => (None, None),
            };
            let kpi = kpi(metric, before, now, at.map(|at| at.chars().take(12).collect()));
            let is_bad = matches!(kpi.verdict, Stands::Missed | Stands::Worse);
            Ok(Kpi { verdict: if noise && is_bad { Stands::Noise } else { kpi.verdict }, ..kpi })
        })
        .collect()
}

/// A metric as a row of the table.
#[must_use]
pub fn kpi(metric: &Metric, before: Option<f64>, now: Option<f64>, at: Option<String>) -> Kpi {
    let shown = |value: f64| metric.scale.shown(value);
    let stands = now.map(|now| triggers::stands(metric, now, before).unwrap_or(Stands::Unknown));
    Kpi {
        metric: metric.name.clone(),
        before,
        before_shown: before.map(shown),
        now,
        now_shown: now.map(shown),
        target: metric.target.map(|target| target.shown(metric.scale)),
        tolerance: metric.tolerance.map(|shift| shift.shown(metric.scale)),
        verdict: stands.unwrap_or(Stands::Unknown),
        at,
    }
}

/// What a glob that matches nothing is called.
fn unmatched(target: &Target) -> String {
    match &target.files {
        Files::Glob { include, .. } => format!("the glob {} matches no tracked file", include.join(", ")),
        Files::Paths(_) => "an entry names no file".to_owned(),
    }
}

fn row(standing: &Standing, running: bool) -> Row {
    let stands = standing.state();
    let state = if running && !stands.is_done() { State::Running } else { stands };
    let shown = matches!(state, State::Committed | State::RolledBack | State::Outdated);
    let commit = standing.commit().filter(|_| shown).map(|commit| commit.to_string()[..12].to_owned());
    let note = standing.why().filter(|_| state == stands).map(ToOwned::to_owned);
    let verdict = standing.verdict().filter(|_| state == stands);
    let files =
        if standing.files.len() > 1 { standing.files.iter().map(|file| file_row(file, running)).collect() } else { Vec::new() };
    Row { unit: standing.unit.id.to_string(), state, commit, note, verdict, violations_left: standing.violations_left(), files }
}

fn file_row(file: &FileStanding, running: bool) -> Row {
    let one = Standing { unit: Unit::of(file.file.clone()), files: vec![file.clone()] };
    Row { unit: file.file.path.to_string(), ..row(&one, running) }
}
