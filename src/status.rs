//! `migrate status`: where every unit stands, as a table for the printers.

use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::plan::digest::digest;
use crate::plan::{Files, Plan, Target};
use crate::repo::Repo;
use crate::rules;
use crate::schedule::passage::LastGate;
use crate::state::State;
use crate::stop::Stop;
use crate::survey::{self, FileStanding, Standing};
use crate::table::{PhaseRows, Row, StatusTable};
use crate::unit::callables::Callables;
use crate::units::{Member, Unit};

/// Reads where the units of `plan` stand, from the branch and, where there is one, the journal.
///
/// # Errors
/// When the repository cannot be read.
pub fn table(repo: &Repo, plan: &Plan, watch: Watch) -> Result<StatusTable, Stop> {
    let tip = repo.tip()?;
    let records = Journal::read(&repo.state_folder())?;
    let (callables, others) = (Callables::new(repo), repo.others()?);
    let mut works = |unit: &Member| Ok(survey::look(repo, &tip, plan, &callables, &others, unit).is_work());
    let survey = survey::survey(repo, &tip, plan, &records, &Interrupt::none(), watch, &mut works)?;
    let running = survey::under_way(&records, &plan.name);
    let phases = (0..plan.phases.len()).map(|at| {
        let members = survey.units.iter().filter(|standing| standing.unit.phase == at);
        let rows = members.map(|standing| row(standing, standing.unit.paths().any(|path| running.contains(path))));
        PhaseRows::new(plan.label(at), rows.collect())
    });
    let mut table = StatusTable::new(plan.name.clone(), digest(plan), phases.collect());
    for at in 0..plan.phases.len() {
        let label = plan.phase_label(at);
        match survey::last_gate(repo, plan, &records, tip.commit, at)? {
            LastGate::Stands => {}
            LastGate::Failed => table.problems.push(format!("the gate of {label} failed")),
            // Before its units are done there is nothing to say of it.
            LastGate::Unknown if table.phases[at].counts.open() > 0 => {}
            LastGate::Unknown => {
                table.notes.push(format!("the gate of {label} is not known to have passed on what is there now"));
            }
        }
    }
    table.violations_left += survey.left_aside;
    for (phase, target) in &survey.unmatched {
        table.problems.push(format!("{}: {}", plan.phase_label(*phase), unmatched(&plan.phases[*phase].targets[*target])));
    }
    for (begun, _) in survey::debts(repo, &records, tip.commit)? {
        let plan = if begun.plan == plan.name { String::new() } else { format!(" of the plan {}", begun.plan) };
        table.problems.push(format!("{}{plan} is committed and not verified yet: `migrate run` verifies it first", begun.unit));
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
