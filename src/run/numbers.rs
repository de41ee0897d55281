//! The numbers of a plan: each metric measured on the tip, or on the tree as it was before the plan's first commit.
//!
//! A metric that a command gives is measured in a copy of the work tree, in the work tree itself where no copies are made. What is never the
//! same twice is measured several times, and its value is the median. To hold two trees against each other it is measured on both in turn,
//! in two copies that were warmed up by one run each that does not count.

use git2::Oid;
use serde_json::Number;

use crate::event::{Event, PhaseLabel};
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::Measurement;
use crate::metric::Stands;
use crate::metric::rank;
use crate::metric::reading::NoNumber;
use crate::path::RepoPath;
use crate::plan::{Known, Metric, MetricSource, digest};
use crate::run::Run;
use crate::run::ended::{self, MOST_ATTEMPTS};
use crate::run::judging::{Apart, Candidate, version_in};
use crate::scan;
use crate::schedule::triggers::{self, Reading};
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::survey;

/// What a metric gave: its number, or why there is none.
pub(super) type Given = Result<f64, NoNumber>;

/// Base and tip, measured in turn.
#[derive(Clone)]
pub(super) struct SideBySide {
    pub(super) base: Vec<f64>,
    pub(super) tip: Vec<f64>,
}

impl Run<'_> {
    /// The value of a metric on the tip, and what it was before the plan's first commit.
    pub(super) fn reading(&mut self, metric: &Metric, at: usize, emit: &mut dyn FnMut(Event)) -> Result<Reading, Stop> {
        let baseline = self.baseline(metric, at, emit)?;
        let value = self.on_tip(metric, at, emit)?.map_err(|why| self.unread(metric, at, &why))?;
        let phase = Some(self.plan.phases[at].id.clone());
        self.note(metric, phase, self.held.tip().commit, value, false)?;
        let stands = triggers::stands(metric, value, baseline).unwrap_or(Stands::Unknown);
        emit(Event::Measured {
            phase: Some(self.plan.label(at)),
            metric: metric.name.clone(),
            value: Number::from_f64(value),
            shown: metric.scale.shown(value),
            baseline: baseline.map(|baseline| metric.scale.shown(baseline)),
            target: metric.target.map(|target| target.shown(metric.scale)),
            verdict: stands.word().to_owned(),
        });
        Ok(Reading { metric: metric.name.clone(), value, baseline })
    }

    /// That a metric gave no number, which decides nothing.
    pub(super) fn unread(&self, metric: &Metric, at: usize, why: &NoNumber) -> Stop {
        let message = format!("{}: the metric {} {why}", self.plan.phase_label(at), metric.name);
        let help = "nothing is taken back for it; correct its command or how it is read, then run again";
        Stop::Failed(Note::new(message, help))
    }

    pub(super) fn note(&mut self, metric: &Metric, phase: Option<String>, tip: Oid, value: f64, noise: bool) -> Result<(), Stop> {
        self.journal.append(Record::Measured {
            plan: self.plan.name.clone(),
            metric: metric.name.clone(),
            definition: digest::metric(metric),
            phase,
            tip: tip.to_string(),
            value: value.to_string(),
            noise,
        })?;
        Ok(())
    }

    /// Measures what each metric is before the plan's first commit, so that what is wrong with one shows before anything is changed.
    pub(super) fn measure_baselines(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        // Where no copies can be made, what is not measured now never is.
        let is_asked = |at: &usize| self.isolation.is_none() || self.request.phase.is_none_or(|only| only == *at);
        let asked: Vec<usize> = (0..self.plan.phases.len()).filter(is_asked).collect();
        let plan = self.plan;
        if plan.metrics.is_empty() {
            return Ok(());
        }
        if self.base()?.is_some() {
            return self.refuse_without_baseline(&asked);
        }
        for metric in &plan.metrics {
            let Some(at) = asked.iter().copied().find(|at| survey::looks_at(plan, *at, &metric.name)) else { continue };
            if survey::baseline(plan, self.journal.records(), metric).is_some() {
                continue;
            }
            let value = self.on_tip(metric, at, emit)?.map_err(|why| self.unread(metric, at, &why))?;
            let before = metric.baseline.unwrap_or(value);
            let wrong = |wrong: crate::metric::Wrong| Stop::Failed(Note::new(wrong.message, wrong.help));
            for trigger in plan.triggers.iter().filter(|trigger| trigger.when.metric == metric.name) {
                let holds = trigger.when.holds(value, Some(before)).map_err(wrong)?;
                if holds && triggers::is_about_health(metric, trigger) {
                    let condition = trigger.when.shown(metric.scale);
                    let said = metric.scale.said(&metric.name, value);
                    let message = format!("`{condition}` holds before the plan's first commit: {said}");
                    let help = "nothing was changed; correct the metric or what it measures, then run again";
                    return Err(Stop::Failed(Note::new(message, help)));
                }
            }
            triggers::stands(metric, value, Some(before)).map_err(wrong)?;
            self.note(metric, None, self.held.tip().commit, value, false)?;
            emit(Event::Measured {
                phase: None,
                metric: metric.name.clone(),
                value: Number::from_f64(value),
                shown: metric.scale.shown(value),
                baseline: None,
                target: metric.target.map(|target| target.shown(metric.scale)),
                verdict: "baseline".to_owned(),
            });
        }
        Ok(())
    }

    /// Fails when something is held against a baseline that can be measured no more: here no copy of the tree of then can be made.
    fn refuse_without_baseline(&self, asked: &[usize]) -> Result<(), Stop> {
        let plan = self.plan;
        let is_asked = |metric: &&Metric| asked.iter().any(|at| survey::looks_at(plan, *at, &metric.name));
        let lacks = |metric: &&Metric| {
            metric.baseline.is_none()
                && triggers::needs_baseline(plan, metric)
                && survey::baseline(plan, self.journal.records(), metric).is_none()
                && !self.makes_copies_for(metric)
        };
        let Some(metric) = plan.metrics.iter().filter(is_asked).find(lacks) else { return Ok(()) };
        let message = format!(
            "the baseline of {} is not known: the plan has commits, and this work tree did not measure before",
            metric.name
        );
        let help =
            format!("give `baseline: NUMBER` to the metric {}, or run where copies of the work tree can be made", metric.name);
        Err(Stop::Failed(Note::new(message, help)))
    }

    /// What a metric was before the plan's first commit: as the plan says, as it was measured then, or measured now on the tree of then.
    fn baseline(&mut self, metric: &Metric, at: usize, emit: &mut dyn FnMut(Event)) -> Result<Option<f64>, Stop> {
        if metric.baseline.is_some() {
            return Ok(metric.baseline);
        }
        if let Some(known) = survey::baseline(self.plan, self.journal.records(), metric) {
            return Ok(Some(known));
        }
        // A commit of nobody's is the tree as it was before.
        let Some(base) = self.base()? else { return Ok(None) };
        let (Some(_), true) = (metric.command(), self.makes_copies_for(metric)) else { return Ok(None) };
        if !triggers::needs_baseline(self.plan, metric) {
            return Ok(None);
        }
        let candidate = self.candidate_of(base)?;
        let value = self.several(metric, &candidate, at, emit)?.map_err(|why| self.unread(metric, at, &why))?;
        self.note(metric, None, base, value, false)?;
        Ok(Some(value))
    }

    fn makes_copies_for(&self, metric: &Metric) -> bool {
        self.isolation.is_some() && metric.command().is_some_and(|command| !command.at_tree)
    }

    /// The commit before the plan's first one; none while the plan has none.
    fn base(&self) -> Result<Option<Oid>, Stop> {
        survey::base(self.repo, self.plan, self.held.tip().commit)
    }

    /// What makes of the tip the tree of another commit.
    fn candidate_of(&self, commit: Oid) -> Result<Candidate, Stop> {
        let (old, new) = (self.repo.tree_of(commit)?, self.repo.tree_of(self.held.tip().commit)?);
        let paths: Vec<RepoPath> = self.repo.changed_between(old, new)?.into_iter().collect();
        let conversions = self.repo.conversions(&paths)?;
        let mut candidate = Candidate::new();
        for path in paths {
            let version = version_in(self.repo, commit, &path, &conversions)?;
            candidate.extend(version.map(|version| (path, version)));
        }
        Ok(candidate)
    }

    /// The value of a metric on the tip.
    pub(super) fn on_tip(&mut self, metric: &Metric, at: usize, emit: &mut dyn FnMut(Event)) -> Result<Given, Stop> {
        match &metric.source {
            MetricSource::Known(known) => self.known(*known),
            MetricSource::Measured { .. } => self.several(metric, &Candidate::new(), at, emit),
        }
    }

    /// What this program knows itself.
    fn known(&self, known: Known) -> Result<Given, Stop> {
        let count = |count: usize| Ok(Ok(count as f64));
        match known {
            Known::Reverts => count(survey::reverts(self.repo, self.plan, self.held.tip().commit)?),
            Known::UnitsFailed => {
                let failed = |state: State| state == State::Failed || state.is_given_up();
                count(self.units.iter().filter(|standing| failed(standing.state())).count())
            }
            Known::Compliance | Known::Violations => {
                let what = scan::What::Plan(self.plan);
                let found = scan::scan(self.repo, what, &scan::Asked::default(), self.interrupt, &|_| {})?;
                if let Some((path, why)) = found.unreadable.first() {
                    return Ok(Err(NoNumber(format!("gave no number: {path} could not be read: {why}"))));
                }
                match (known, found.files) {
                    (Known::Violations, _) => count(found.violations()),
                    (_, 0) => Ok(Err(NoNumber("gave no number: no file is in scope".to_owned()))),
                    (_, files) => Ok(Ok(100.0 * found.compliant_files() as f64 / files as f64)),
                }
            }
        }
    }

    /// The value of a metric that a command gives: once, or the median of several.
    fn several(&mut self, metric: &Metric, candidate: &Candidate, at: usize, emit: &mut dyn FnMut(Event)) -> Result<Given, Stop> {
        let mut values = Vec::new();
        for _ in 0..metric.repeat {
            match self.once(metric, candidate, at, emit)? {
                Ok(value) => values.push(value),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(rank::median(&values).ok_or_else(|| NoNumber("gave no number".to_owned())))
    }

    /// One measurement of what `candidate` makes of the tip. What was measured beside edits of the user is measured again.
    pub(super) fn once(
        &mut self,
        metric: &Metric,
        candidate: &Candidate,
        at: usize,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Given, Stop> {
        if !self.makes_copies_for(metric) {
            let Some(measurement) = measurement(self.plan, metric, at) else { return Ok(Err(NoNumber(String::new()))) };
            let given = self.judge.measure(measurement, None, emit)?;
            self.refuse_changed_others(&[], &format!("the metric {}", metric.name))?;
            return Ok(given);
        }
        for _ in 0..MOST_ATTEMPTS {
            let apart = self.room(metric, candidate)?;
            let given = self.measured(metric, &apart, at, emit)?;
            let edited: Vec<String> = self.edited_since(apart.edited())?.iter().map(ToString::to_string).collect();
            if edited.is_empty() {
                return Ok(given);
            }
            emit(ended::edited_meanwhile(&edited, &format!("the metric {}", metric.name)));
        }
        Err(ended::keeps_changing())
    }

    fn room(&mut self, metric: &Metric, candidate: &Candidate) -> Result<Apart, Stop> {
        self.apart(candidate.clone())?.ok_or_else(|| {
            let message = format!("there is no room for a copy of the work tree in which {} is measured", metric.name);
            Stop::Refused(Note::new(message, "make room, or name another folder with --scratch"))
        })
    }

    fn measured(&mut self, metric: &Metric, apart: &Apart, at: usize, emit: &mut dyn FnMut(Event)) -> Result<Given, Stop> {
        if let Some(signal) = self.interrupt.pending() {
            return Err(Stop::Interrupted(signal));
        }
        let Some(measurement) = measurement(self.plan, metric, at) else { return Ok(Err(NoNumber(String::new()))) };
        apart.measure(&self.judge, measurement, self.interrupt, emit)
    }

    /// Measures the tree before the plan's first commit and the tip in turn, each first every other time; none where that cannot be done.
    pub(super) fn side_by_side(
        &mut self,
        metric: &Metric,
        at: usize,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<SideBySide>, Stop> {
        let Some(base) = self.base()?.filter(|_| self.makes_copies_for(metric)) else { return Ok(None) };
        let candidate = self.candidate_of(base)?;
        let (before, after) = (self.room(metric, &candidate)?, self.room(metric, &Candidate::new())?);
        let mut found = SideBySide { base: Vec::new(), tip: Vec::new() };
        for nth in 0..=metric.repeat {
            let order = if nth % 2 == 0 { [false, true] } else { [true, false] };
            for is_tip in order {
                let apart = if is_tip { &after } else { &before };
                let value = self.measured(metric, apart, at, emit)?.map_err(|why| self.unread(metric, at, &why))?;
                // The first of each only fills caches.
                if nth > 0 {
                    if is_tip { found.tip.push(value) } else { found.base.push(value) }
                }
            }
        }
        Ok(Some(found))
    }

    /// True when somebody else committed while numbers were measured: they are of another tree.
    pub(super) fn moved_meanwhile(&mut self, label: &PhaseLabel, emit: &mut dyn FnMut(Event)) -> Result<bool, Stop> {
        let moved = self.look_at_branch()? == BranchMove::Forward;
        if moved {
            emit(ended::judged_again(&format!("the metrics of {label}")));
        }
        Ok(moved)
    }
}

/// How a metric of the plan is measured once; none for what needs no command.
fn measurement<'p>(plan: &'p crate::plan::Plan, metric: &'p Metric, at: usize) -> Option<Measurement<'p>> {
    let MetricSource::Measured { command, read, file } = &metric.source else { return None };
    let nth = plan.metrics.iter().position(|known| known.name == metric.name).map_or(0, |at| at + 1);
    let (file, phase) = (file.as_ref(), plan.phases[at].id.as_str());
    Some(Measurement { name: &metric.name, nth, command, read, file, scale: metric.scale, phase })
}
