//! `migrate status`: where every unit stands, as a table for the printers.

use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::plan::digest::digest;
use crate::recover;
use crate::repo::Repo;
use crate::run::label;
use crate::stop::Stop;
use crate::survey::{self, Standing, State};
use crate::table::{PhaseRows, Row, State as Shown, StatusTable};

/// Reads where the units of `plan` stand, from the branch and, where there is one, the journal.
///
/// # Errors
/// When the repository cannot be read.
pub fn table(repo: &Repo, plan: &Plan, watch: Watch) -> Result<StatusTable, Stop> {
    let tip = repo.tip()?;
    let records = Journal::read(&repo.state_folder())?;
    let survey = survey::survey(repo, &tip, plan, &records, &Interrupt::none(), watch, &mut |unit| {
        Ok(survey::has_work(repo, plan, unit))
    })?;
    let running = recover::open(&records).change.map(|(begun, _)| begun.unit);
    let phases = (0..plan.phases.len()).map(|at| {
        let members = survey.units.iter().filter(|standing| standing.unit.phase == at);
        PhaseRows::new(
            label(plan, at),
            members.map(|standing| row(standing, running.as_ref() == Some(&standing.unit.path))).collect(),
        )
    });
    Ok(StatusTable::new(plan.name.clone(), digest(plan), phases.collect()))
}

fn row(standing: &Standing, running: bool) -> Row {
    let unit = standing.unit.path.to_string();
    let short = |commit: &git2::Oid| commit.to_string()[..12].to_owned();
    let (state, commit, note) = match &standing.state {
        State::Pending if running => (Shown::Running, None, None),
        State::Pending => (Shown::Pending, None, None),
        State::Committed { commit } => (Shown::Committed, Some(short(commit)), None),
        State::Unchanged => (Shown::Unchanged, None, None),
        State::Quarantined { reason } => (Shown::Quarantined, None, Some(reason.clone())),
        State::RolledBack { commit, by_verification } => {
            let note = if *by_verification { "its verification failed" } else { "by hand" };
            (Shown::RolledBack, commit.as_ref().map(short), Some(note.to_owned()))
        }
        State::Outdated { commit } => (Shown::Outdated, Some(short(commit)), Some("the plan changed since".to_owned())),
    };
    Row { unit, state, commit, note }
}
