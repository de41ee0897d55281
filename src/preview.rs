//! `migrate diff`, `migrate check` and `migrate run --dry-run`: what a run would do, found by the run's own preparation with the
//! writing left out. No command of the plan is started here.

use crate::journal::Journal;
use crate::path::RepoPath;
use crate::plan::command::Fields;
use crate::plan::{Command, Plan};
use crate::repo::Repo;
use crate::run::ready;
use crate::run::request::{Leave, Request};
use crate::stop::Stop;
use crate::survey::{self, Standing, Survey};
use crate::unit::callables::Callables;
use crate::unit::segments::{Segment, segments};
use crate::unit::sound::{Unsound, Warning};
use crate::unit::{self, Made, Outcome};

/// What would become of one unit.
#[derive(Debug)]
pub struct Foreseen {
    /// The file.
    pub unit: RepoPath,
    /// The phase, by its place in the plan.
    pub phase: usize,
    /// What its rules would make of it.
    pub what: What,
    /// The commands that would change or judge it, as they would be run.
    pub commands: Vec<String>,
}

/// What a unit's rules would make of it.
#[derive(Debug)]
pub enum What {
    /// Other bytes.
    Change {
        /// The bytes as they are.
        before: Vec<u8>,
        /// The bytes as they would be.
        after: Vec<u8>,
        /// What a person should know of it, told of the bytes as they are.
        warnings: Vec<Warning>,
    },
    /// Only a run can tell: an external codemod is among them.
    NeedsCodemod,
    /// Nothing, with what a person should know of it.
    Nothing(Vec<Warning>),
    /// They cannot be applied.
    Unsound(Unsound),
}

/// Looks at every unit that a run would take up, in its order, and says how many of those asked for it would pass over.
///
/// # Errors
/// [`Stop`] for whatever would keep a run from starting.
pub fn foresee(
    repo: &Repo,
    plan: &Plan,
    request: &Request,
    mut each: impl FnMut(Foreseen) -> Result<(), Stop>,
) -> Result<usize, Stop> {
    let tip = repo.tip()?;
    let records = Journal::read(&repo.state_folder())?;
    let Survey { units, unmatched } = survey::survey(repo, &tip, plan, &records)?;
    survey::refuse_unmatched(plan, &unmatched)?;
    let mut left: Vec<Standing> = units.into_iter().filter(|standing| request.covers(&standing.unit)).collect();
    request.refuse_unknown_file(plan, &left)?;
    let covered = left.len();
    left.retain(|standing| request.is_left(standing));
    let paths: Vec<RepoPath> = left.iter().map(|standing| standing.unit.path.clone()).collect();
    let conversions = if paths.is_empty() { Default::default() } else { repo.conversions(&paths)? };
    let units: Vec<_> = left.iter().map(|standing| &standing.unit).collect();
    survey::refuse_targets(repo, plan, &tip, &units, &conversions)?;
    let callables = Callables::new(repo);
    for standing in &left {
        let unit = &standing.unit;
        let target = plan.target(unit);
        let prepared = unit::prepare(plan, &tip, unit, &conversions, &callables)?;
        let what = match prepared.outcome {
            Outcome::Changed(Made { bytes: after, warnings, .. }) => {
                What::Change { before: prepared.target.found.bytes, after, warnings: warnings.before }
            }
            Outcome::NeedsCodemod => What::NeedsCodemod,
            Outcome::Unchanged(warnings) => What::Nothing(warnings),
            Outcome::Unsound(unsound) => What::Unsound(unsound),
        };
        let phase = &plan.phases[unit.phase];
        let fields = Fields { file: Some(&unit.path), plan: &plan.name, phase: &phase.id, unit: Some(unit.path.as_bytes()) };
        let shown = |command: &Command| command.run.resolve(&fields).shown;
        let segments = segments(plan, unit);
        let codemods = segments.iter().filter_map(|segment| match segment {
            Segment::Codemod(command) => Some(*command),
            Segment::Pure(_) => None,
        });
        let commands = codemods.chain(&target.validate).chain(&target.verify).map(shown).collect();
        each(Foreseen { unit: unit.path.clone(), phase: unit.phase, what, commands })?;
    }
    Ok(covered - left.len())
}

/// Fails for whatever would keep a run from starting, apart from the plan and its files.
///
/// # Errors
/// [`Stop::Refused`], by name.
pub fn would_start(repo: &Repo, leave: Leave) -> Result<(), Stop> {
    ready(repo, leave)?;
    repo.identity()?;
    let others = repo.others()?;
    if !others.is_empty() && !leave.dirty {
        return Err(crate::repo::RepoProblem::Dirty(others.paths().cloned().collect()).into());
    }
    Ok(())
}
