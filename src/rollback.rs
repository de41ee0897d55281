//! `migrate rollback`: takes back what units committed, newest first, each by a commit of its own.
//!
//! Every conflict is found before the first write, and then nothing is touched: units change different files, so whether one can be
//! taken back does not depend on the others. Afterwards the units' verification judges the recovery.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;

use crate::event::Event;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::judge::{Judge, Purpose, Verdict};
use crate::lock;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::protocol::Protocol;
use crate::repo::Repo;
use crate::run::request::Leave;
use crate::run::settle;
use crate::stop::{Note, Stop};
use crate::survey::{self, Landed};
use crate::takeback::{self, Preview, Reason};

/// Whose commits are taken back.
#[derive(Debug, Clone)]
pub enum Whose {
    /// Those of these files.
    Files(Vec<RepoPath>),
    /// Those of a phase, by its place in the plan.
    Phase(usize),
    /// All of the plan's.
    All,
}

/// A unit to take back.
struct Back {
    unit: RepoPath,
    phase: String,
    commit: Oid,
}

/// Takes back what `whose` units committed.
///
/// # Errors
/// [`Stop::NeedsYou`] on any conflict, with nothing touched; [`Stop::Failed`] when everything was taken back and the recovery
/// validation failed.
pub fn rollback(
    repo: &Repo,
    plan: &Plan,
    whose: &Whose,
    leave: Leave,
    interrupt: &Interrupt,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let what = format!("migrate rollback of the plan {}", plan.name);
    lock::holding(&repo.state_folder(), &what, || {
        let mut journal = Journal::open(&repo.state_folder())?;
        let identity = settle(repo, &mut journal, leave, emit)?;
        let tip = repo.tip()?;
        let backs = choose(plan, &survey::landed(repo, tip.commit, &plan.name, interrupt)?, whose, emit)?;
        refuse_conflicts(repo, tip.commit, &backs, emit)?;
        for back in &backs {
            if let Some(signal) = interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            let mut protocol = Protocol { repo, journal: &mut journal, identity: &identity };
            let id = (plan.name.as_str(), back.phase.as_str(), &back.unit);
            let revert = takeback::take_back(&mut protocol, id, back.commit, &Reason::Rollback)?;
            let (unit, commit, revert) = (back.unit.to_string(), back.commit.to_string(), revert.to_string());
            emit(Event::RolledBack { unit, commit, revert });
        }
        validate_recovery(&Judge { top: repo.top(), logs: repo.state_folder().join("logs"), plan, interrupt }, &backs, emit)
    })?
}

/// The units to take back, newest commit first.
fn choose(
    plan: &Plan,
    landed: &BTreeMap<RepoPath, Landed>,
    whose: &Whose,
    emit: &mut dyn FnMut(Event),
) -> Result<Vec<Back>, Stop> {
    let wanted: Vec<(&RepoPath, &Landed)> = match whose {
        Whose::All => landed.iter().collect(),
        Whose::Phase(at) => landed.iter().filter(|(_, landed)| landed.phase == plan.phases[*at].id).collect(),
        Whose::Files(files) => {
            let mut wanted = Vec::with_capacity(files.len());
            for file in files {
                wanted.push(landed.get_key_value(file).ok_or_else(|| unknown(file, landed))?);
            }
            wanted
        }
    };
    let mut backs: Vec<(usize, Back)> = Vec::new();
    for (unit, landed) in wanted {
        match (landed.commit, landed.reverted) {
            (Some(commit), None) => {
                backs.push((landed.age, Back { unit: unit.clone(), phase: landed.phase.clone(), commit }));
            }
            _ if matches!(whose, Whose::Files(_)) => {
                emit(Event::UnitSkipped { unit: unit.to_string(), why: "it is rolled back already".to_owned() });
            }
            _ => {}
        }
    }
    backs.sort_by_key(|(age, _)| *age);
    Ok(backs.into_iter().map(|(_, back)| back).collect())
}

fn unknown(file: &RepoPath, landed: &BTreeMap<RepoPath, Landed>) -> Stop {
    let name = file.to_string();
    let mut near: Vec<(f64, String)> =
        landed.keys().map(|unit| (strsim::jaro_winkler(&name, &unit.to_string()), unit.to_string())).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.iter().take(3).filter(|(score, _)| *score > 0.7).map(|(_, unit)| unit.as_str()).collect();
    let help = match near.as_slice() {
        [] => "`migrate status` lists what was committed".to_owned(),
        near => format!("did you mean {}?", near.join(", ")),
    };
    Stop::Usage(Note::new(format!("{name} was never migrated on this branch"), help))
}

/// Fails on any conflict; says where a file was renamed since, as `git revert` follows it.
fn refuse_conflicts(repo: &Repo, tip: Oid, backs: &[Back], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    let (mut conflicts, mut renamed) = (Vec::new(), Vec::new());
    for back in backs {
        match takeback::preview(repo, tip, back.commit, &back.unit)? {
            Preview::Conflict(stop) => conflicts.push(stop),
            Preview::Changes(paths, _) if !paths.contains(&back.unit) => renamed.push((&back.unit, paths)),
            Preview::Changes(..) | Preview::Nothing => {}
        }
    }
    if conflicts.is_empty() {
        for (unit, paths) in renamed {
            let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
            emit(Event::Warning { message: format!("{unit} is {} now: it is taken back there", names.join(", ")), help: None });
        }
    }
    if conflicts.len() <= 1 {
        return conflicts.pop().map_or(Ok(()), Err);
    }
    let texts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    Err(Stop::NeedsYou(Note::new(texts.join("\n"), "nothing was changed; take those commits back first, or revert by hand")))
}

/// The units' verification, each command once.
fn validate_recovery(judge: &Judge<'_>, backs: &[Back], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for back in backs {
        let named = |files: &crate::plan::Files| matches!(files, crate::plan::Files::Paths(paths) if paths.contains(&back.unit));
        let Some(phase) = judge.plan.phases.iter().find(|phase| phase.id == back.phase) else { continue };
        let target = phase.targets.iter().find(|target| named(&target.files));
        let Some(target) = target.or_else(|| phase.targets.iter().find(|target| !named(&target.files))) else { continue };
        let fresh: Vec<_> = target.verify.iter().filter(|command| seen.insert(format!("{command:?}"))).cloned().collect();
        if let Verdict::Failed { reason, log, .. } = judge.run(Purpose::Verify, &fresh, &back.phase, Some(&back.unit), emit)? {
            let message = format!("everything was rolled back, and the recovery validation failed: {reason}");
            return Err(Stop::Failed(Note::new(message, format!("see {}", log.display()))));
        }
    }
    Ok(())
}
