//! What a run would do, in numbers, as far as that is known before it begins: units, commits, commands, time.
//!
//! It counts what happens where nothing fails. Nothing here does I/O.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::event::PhaseLabel;
use crate::judge::Durations;
use crate::plan::{Command, Plan, RuleKind, Run};
use crate::survey::Standing;
use crate::units::{Call, Unit, calls, calls_of_batch};

/// What a commit takes beside its commands.
const COMMIT: Duration = Duration::from_millis(30);

/// What a run would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Forecast {
    /// Phase by phase, in the order of the plan; none of those that were not asked for.
    pub phases: Vec<PhaseAhead>,
    /// Every command that would be run, in the order in which it comes first.
    pub commands: Vec<CommandAhead>,
    /// How many candidates would be judged side by side; `None` where commands run in the work tree itself.
    pub jobs: Option<usize>,
}

/// What would be done in one phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseAhead {
    /// Which.
    pub phase: PhaseLabel,
    /// The units that it has, those that are done too.
    pub units: usize,
    /// The commits that would be made.
    pub commits: usize,
    /// How often commands would be run.
    pub runs: usize,
    /// How long all that takes, as far as it was measured.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub time: Duration,
    /// True when some of its commands were never measured.
    pub is_partial: bool,
}

/// One command of the plan.
#[derive(Debug, Clone, Serialize)]
pub struct CommandAhead {
    /// What it is run for: `transform`, `format`, `validate`, `verify`, `metric`, `gate`, `before the first unit`.
    pub purpose: &'static str,
    /// Its text in the plan.
    #[serde(serialize_with = "text")]
    pub command: Run,
    /// How often it would be run.
    pub runs: usize,
    /// How long it takes each time; `None` where that was never measured.
    #[serde(rename = "seconds_each", serialize_with = "maybe_seconds")]
    pub each: Option<Duration>,
}

/// What one is asked to estimate.
#[derive(Debug)]
pub struct Ahead<'a> {
    /// The units that would be tried, in the order of the plan, each with the files that change.
    pub units: &'a [Unit],
    /// All units of the plan.
    pub all: &'a [Standing],
    /// The one phase that was asked for, if it is one.
    pub phase: Option<usize>,
    /// How many candidates are judged side by side; `None` where commands run in the work tree itself.
    pub jobs: Option<usize>,
}

/// Counts what a run would do, and estimates how long it takes by what its commands took before.
#[must_use]
pub fn forecast(plan: &Plan, ahead: &Ahead<'_>, measured: &Durations) -> Forecast {
    let mut forecast = Forecast { jobs: ahead.jobs, ..Forecast::default() };
    let mut asked_before: BTreeSet<&Run> = BTreeSet::new();
    for (at, phase) in plan.phases.iter().enumerate().filter(|(at, _)| ahead.phase.is_none_or(|only| only == *at)) {
        let units: Vec<&Unit> = ahead.units.iter().filter(|unit| unit.phase == at).collect();
        let batch = if ahead.jobs.is_some() { phase.batch.max(1) } else { 1 };
        let mut of_phase = Counting {
            forecast: &mut forecast,
            measured,
            runs: 0,
            judging: Duration::ZERO,
            serial: Duration::ZERO,
            is_partial: false,
        };
        for unit in &units {
            of_phase.drafts(plan, unit);
        }
        for together in units.chunks(batch) {
            let validate = calls_of_batch(plan, together, |target| &target.validate);
            let verify = calls_of_batch(plan, together, |target| &target.verify);
            // What passed on a tree is not run on it again.
            let is_known =
                |call: &&Call| ahead.jobs.is_some() && validate.iter().any(|other| other.command.run == call.command.run);
            validate.iter().for_each(|call| of_phase.runs("validate", &call.command, Worker::Any));
            verify.iter().filter(|call| !is_known(call)).for_each(|call| of_phase.runs("verify", &call.command, Worker::One));
            // What a level wants to be measured is measured once for those that land together.
            let targets = together.iter().flat_map(|unit| &unit.files).map(|file| plan.target(file));
            let metrics: BTreeSet<&String> = targets.flat_map(|target| &target.metrics).collect();
            metrics.into_iter().for_each(|name| of_phase.measures(plan, name));
        }
        // What judges all units alike is asked on the tip first.
        let targets = units.iter().flat_map(|unit| &unit.files).map(|file| plan.target(file));
        for command in targets.flat_map(|target| target.validate.iter().chain(&target.verify)) {
            let run = &command.run;
            if !run.names_file() && !run.names_files() && run.builtin().is_none() && asked_before.insert(run) {
                of_phase.runs("before the first unit", command, Worker::One);
            }
        }
        for command in phase.gate.iter().filter(|_| !units.is_empty()) {
            of_phase.runs("gate", command, Worker::One);
        }
        for name in phase.gate_metrics.iter().filter(|_| !units.is_empty()) {
            of_phase.measures(plan, name);
        }
        let Counting { runs, judging, serial, is_partial, .. } = of_phase;
        let side_by_side = ahead.jobs.unwrap_or(1).min(units.len().div_ceil(batch)).max(1);
        let commits = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let time = judging / u32::try_from(side_by_side).unwrap_or(1) + serial + COMMIT.saturating_mul(commits);
        let all = ahead.all.iter().filter(|standing| standing.unit.phase == at).count();
        forecast.phases.push(PhaseAhead { phase: plan.label(at), units: all, commits: units.len(), runs, time, is_partial });
    }
    forecast
}

/// Who runs a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worker {
    /// One of those that work side by side.
    Any,
    /// The one that lands.
    One,
}

struct Counting<'a> {
    forecast: &'a mut Forecast,
    measured: &'a Durations,
    runs: usize,
    judging: Duration,
    serial: Duration,
    is_partial: bool,
}

impl Counting<'_> {
    fn runs(&mut self, purpose: &'static str, command: &Command, worker: Worker) {
        self.runs += 1;
        let each = self.measured.of(&command.run);
        match (each, worker) {
            (None, _) => self.is_partial = true,
            (Some(each), Worker::Any) => self.judging = self.judging.saturating_add(each),
            (Some(each), Worker::One) => self.serial = self.serial.saturating_add(each),
        }
        let is_it = |ahead: &&mut CommandAhead| ahead.purpose == purpose && ahead.command == command.run;
        match self.forecast.commands.iter_mut().find(is_it) {
            Some(ahead) => ahead.runs += 1,
            None => self.forecast.commands.push(CommandAhead { purpose, command: command.run.clone(), runs: 1, each }),
        }
    }

    /// The command of a metric, as often as the plan says.
    fn measures(&mut self, plan: &Plan, name: &str) {
        let Some(metric) = plan.metric(name) else { return };
        let Some(command) = metric.command() else { return };
        (0..metric.repeat.max(1)).for_each(|_| self.runs("metric", command, Worker::One));
    }

    /// The commands that draft a unit.
    fn drafts(&mut self, plan: &Plan, unit: &Unit) {
        for file in &unit.files {
            for rule in &plan.target(file).rules {
                if let RuleKind::Command(command) = &plan.rules[*rule].kind {
                    self.runs("transform", command, Worker::One);
                }
            }
        }
        for call in calls(plan, &unit.files, |target| &target.format) {
            self.runs("format", &call.command, Worker::One);
        }
    }
}

impl Forecast {
    /// The commits that would be made.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.phases.iter().map(|phase| phase.commits).sum()
    }

    /// How long all of it takes, as far as that is known; `None` where no command was ever measured that would be run.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        let is_known = self.commands.is_empty() || self.commands.iter().any(|command| command.each.is_some());
        is_known.then(|| self.phases.iter().map(|phase| phase.time).sum())
    }

    /// The commands that were never measured.
    #[must_use]
    pub fn unmeasured(&self) -> usize {
        let unmeasured = self.commands.iter().filter(|command| command.each.is_none());
        unmeasured.map(|command| &command.command).collect::<BTreeSet<_>>().len()
    }

    /// In a few words, such as `26 commits on main, about 1 min 40 s`.
    #[must_use]
    pub fn words(&self, branch: &str) -> String {
        let commits = self.commits();
        let commits = if commits == 1 { "1 commit".to_owned() } else { format!("{commits} commits") };
        format!("{commits} on {branch}, {}", self.time_words())
    }

    /// How long it takes, in words.
    #[must_use]
    pub fn time_words(&self) -> String {
        match (self.time(), self.unmeasured()) {
            (None, _) => "time not known yet".to_owned(),
            (Some(time), 0) => format!("about {}", words(time)),
            (Some(time), 1) => format!("about {} and a command never run here", words(time)),
            (Some(time), count) => format!("about {} and {count} commands never run here", words(time)),
        }
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn maybe_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

fn text<S: Serializer>(run: &Run, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(run)
}

/// A time as people say it, such as `1 min 40 s`.
#[must_use]
pub fn words(time: Duration) -> String {
    match time.as_secs_f64().round() as u64 {
        0 => "1 s".to_owned(),
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds @ ..3600 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;
    use crate::plan::load::parse;
    use crate::units::Member;

    /// A plan of two phases with these keys, four units in each.
    fn foreseen(keys: &str, jobs: Option<usize>, measured: &[(&str, u64)]) -> Forecast {
        let files = |letter: &str| (0..4).map(|at| format!("{letter}{at}.py")).collect::<Vec<_>>();
        let phase = |id: &str, files: &[String]| format!("  - id: {id}\n{keys}    files: [{}]\n", files.join(", "));
        let (first, second) = (files("a"), files("b"));
        let text = format!(
            "version: 1\nname: x\nrules:\n  r: {{ command: \"fix {{file}}\" }}\nphases:\n{}{}",
            phase("P0", &first),
            phase("P1", &second)
        );
        let plan = parse("x.yaml", text.as_bytes()).unwrap();
        let unit = |phase: usize, at: usize, path: &String| {
            Unit::of(Member {
                phase,
                target: at.min(plan.phases[phase].targets.len() - 1),
                path: RepoPath::new(path.as_str()).unwrap(),
            })
        };
        let all = [&first, &second].into_iter().enumerate();
        let units: Vec<Unit> = all
            .flat_map(|(phase, files)| files.iter().enumerate().map(move |(at, path)| (phase, at, path)))
            .map(|(phase, at, path)| unit(phase, at, path))
            .collect();
        let mut durations = Durations::default();
        for (command, seconds) in measured {
            durations.add(&Run::Shell((*command).to_owned()), Duration::from_secs(*seconds));
        }
        forecast(&plan, &Ahead { units: &units, all: &[], phase: None, jobs }, &durations)
    }

    #[test]
    fn commands_are_counted_as_they_would_be_run() {
        let all = [("fix {file}", 1), ("test", 10), ("lint {file}", 2), ("make", 100)];
        for (keys, jobs, runs, seconds) in [
            // Codemods one after the other; `test` once on the tip, and for each unit.
            ("    validate: [test]\n", None, [9, 8], [4 + 50, 4 + 40]),
            ("    validate: [test]\n", Some(2), [9, 8], [4 + 10 + 20, 4 + 20]),
            ("    validate: [\"lint {file}\"]\n", Some(4), [8, 8], [4 + 2, 4 + 2]),
            // Together they are judged once, but for what names a file.
            ("    batch: { max: 4 }\n    validate: [test, \"lint {file}\"]\n", Some(2), [10, 9], [4 + 10 + 18, 4 + 18]),
            // What passed on a tree is not run on it again in copies.
            ("    validate: [test]\n    verify: [test]\n", Some(1), [9, 8], [4 + 50, 4 + 40]),
            ("    validate: [test]\n    verify: [test]\n", None, [13, 12], [4 + 90, 4 + 80]),
            ("    gate: { run: [make] }\n", Some(2), [5, 5], [104, 104]),
        ] {
            let forecast = foreseen(keys, jobs, &all);
            let found: Vec<usize> = forecast.phases.iter().map(|phase| phase.runs).collect();
            let times: Vec<u64> = forecast.phases.iter().map(|phase| phase.time.as_secs()).collect();
            assert_eq!((found, times), (runs.to_vec(), seconds.to_vec()), "{keys:?} {jobs:?}");
            assert_eq!((forecast.commits(), forecast.unmeasured()), (8, 0));
        }
        let forecast = foreseen("    validate: [test]\n", None, &[("fix {file}", 1)]);
        assert_eq!((forecast.unmeasured(), forecast.phases[0].is_partial), (1, true));
        assert_eq!(foreseen("    validate: [test]\n", None, &[]).time(), None);
    }

    #[test]
    fn a_time_is_said_as_exactly_as_it_is_known() {
        for (seconds, want) in [
            (0, "1 s"),
            (1, "1 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (100, "1 min 40 s"),
            (599, "9 min 59 s"),
            (601, "11 min"),
            (3600, "1 h 0 min"),
            (7500, "2 h 5 min"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), want);
        }
    }
}
