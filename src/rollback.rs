//! `migrate rollback`: takes back what units committed, newest first, each by a commit of its own.
//!
//! Every conflict is found before the first write, and then nothing is touched: units change different files, so whether one can be
//! taken back does not depend on the others. Of a commit that holds more than the unit, as a squashed one does, only the unit's file is
//! taken back. Afterwards the units' verification judges the recovery.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;

use crate::event::Event;
use crate::held::Held;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::judge::{Judge, Purpose, Verdict};
use crate::lock;
use crate::path::{RepoPath, nearest};
use crate::plan::{Files, Plan};
use crate::protocol::Protocol;
use crate::ready::settle;
use crate::repo::Repo;
use crate::request::Leave;
use crate::select::Unit;
use crate::stop::{Note, Stop};
use crate::survey::{self, Landed};
use crate::takeback::{self, Extent, Preview, Reason};
use crate::unit::callables::Callables;
use crate::unit::{self, Outcome};

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

/// What is asked of a rollback.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose commits.
    pub whose: Whose,
    /// True when it is only to be told what would be done.
    pub dry_run: bool,
    /// True when a unit's file goes back to what it was before a bigger commit, although that changed more of it than the rules do.
    pub whole_file: bool,
    /// What is let pass.
    pub leave: Leave,
}

/// What there is to take back.
struct Chosen {
    /// Newest commit first.
    backs: Vec<Back>,
    /// How many of those asked for are back already.
    already: usize,
    /// How many units of the plan the branch knows at all.
    landed: usize,
}

/// A unit to take back.
struct Back {
    unit: RepoPath,
    phase: String,
    commit: Oid,
    extent: Extent,
}

/// Takes back what was asked for. Before more than one unit is taken back, `agrees` is asked, with their number.
///
/// # Errors
/// [`Stop::NeedsYou`] on any conflict, with nothing touched; [`Stop::Failed`] when everything was taken back and the recovery
/// validation failed.
pub fn rollback(
    repo: &Repo,
    plan: &Plan,
    asked: &Asked,
    interrupt: &Interrupt,
    agrees: &mut dyn FnMut(usize) -> bool,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    if asked.dry_run {
        let tip = repo.tip()?.commit;
        let Chosen { backs, already, landed } = choose(repo, plan, tip, &asked.whose, interrupt, emit)?;
        if backs.is_empty() {
            emit(Event::RollbackFinished { plan: plan.name.clone(), taken_back: 0, already, landed });
        }
        return refuse_conflicts(repo, plan, tip, &backs, asked, emit);
    }
    let what = format!("migrate rollback of the plan {}", plan.name);
    lock::holding(&repo.state_folder(), &what, || {
        let mut journal = Journal::open(&repo.state_folder())?;
        let identity = settle(repo, &mut journal, asked.leave, emit)?;
        let mut held = Held::take(repo)?;
        let tip = held.tip().commit;
        let Chosen { backs, already, landed } = choose(repo, plan, tip, &asked.whose, interrupt, emit)?;
        refuse_conflicts(repo, plan, tip, &backs, asked, emit)?;
        let units = backs.iter().map(|back| &back.unit).collect::<BTreeSet<_>>().len();
        if units > 1 && !agrees(units) {
            if let Some(signal) = interrupt.pending() {
                return Err(Stop::Unbegun(signal));
            }
            return Err(Stop::Refused(Note::new("nothing was taken back", "answer y, or pass --yes")));
        }
        for back in &backs {
            if let Some(signal) = interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            held.look(repo)?;
            if takeback::preview_is_empty(repo, held.tip().commit, back.commit, &back.unit, back.extent)? {
                continue;
            }
            let mut protocol = Protocol { repo, journal: &mut journal, identity: &identity };
            let id = (plan.name.as_str(), back.phase.as_str(), &back.unit);
            let revert = takeback::take_back(&mut protocol, id, back.commit, back.extent, &Reason::Rollback)?;
            held.moved_to(revert);
            let (unit, commit, revert) = (back.unit.to_string(), back.commit.to_string(), revert.to_string());
            emit(Event::RolledBack { unit, commit, revert });
        }
        emit(Event::RollbackFinished { plan: plan.name.clone(), taken_back: units, already, landed });
        validate_recovery(&Judge::new(repo, plan, interrupt), &backs, emit)
    })?
}

/// Finds what there is to take back.
fn choose(
    repo: &Repo,
    plan: &Plan,
    tip: Oid,
    whose: &Whose,
    interrupt: &Interrupt,
    emit: &mut dyn FnMut(Event),
) -> Result<Chosen, Stop> {
    let landed = survey::landed(repo, tip, &plan.name, interrupt)?;
    let wanted: Vec<(&RepoPath, &Landed)> = match whose {
        Whose::All => landed.iter().collect(),
        Whose::Phase(at) => landed.iter().filter(|(_, landed)| landed.phase == plan.phases[*at].id).collect(),
        Whose::Files(files) => {
            let mut wanted = Vec::with_capacity(files.len());
            for file in files {
                wanted.push(landed.get_key_value(file).ok_or_else(|| unknown(file, &landed))?);
            }
            wanted
        }
    };
    let (mut backs, mut already): (Vec<(usize, Back)>, usize) = (Vec::new(), 0);
    for (unit, landed) in wanted {
        // Where a commit is not here any more, as after a rebase, only what the commits say is known.
        let mut standing = landed.standing.as_slice();
        if let [(newest, _), older @ ..] = standing
            && survey::is_back(repo, tip, unit, landed).unwrap_or(false)
            && landed.commit == Some(*newest)
        {
            standing = older;
        }
        if standing.is_empty() {
            already += 1;
            if matches!(whose, Whose::Files(_)) {
                emit(Event::UnitSkipped { unit: unit.to_string(), why: "it is rolled back already".to_owned() });
            }
        }
        // One that was done again has several commits: what is asked for is the text from before the first.
        for (commit, age) in standing {
            let extent = takeback::extent(repo, *commit, unit)?;
            backs.push((*age, Back { unit: unit.clone(), phase: landed.phase.clone(), commit: *commit, extent }));
        }
    }
    backs.sort_by_key(|(age, _)| *age);
    Ok(Chosen { backs: backs.into_iter().map(|(_, back)| back).collect(), already, landed: landed.len() })
}

fn unknown(file: &RepoPath, landed: &BTreeMap<RepoPath, Landed>) -> Stop {
    let name = file.to_string();
    let units: Vec<String> = landed.keys().map(ToString::to_string).collect();
    let help = match nearest(&name, units.iter().map(String::as_str)).as_slice() {
        [] => "`migrate status` lists what was committed".to_owned(),
        near => format!("did you mean {}?", near.join(", ")),
    };
    Stop::Usage(Note::new(format!("{name} was never migrated on this branch"), help))
}

/// Fails on any conflict; says where a file was renamed since, as `git revert` follows it, and in a dry run what would be done.
fn refuse_conflicts(
    repo: &Repo,
    plan: &Plan,
    tip: Oid,
    backs: &[Back],
    asked: &Asked,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let (mut conflicts, mut renamed) = (Vec::new(), Vec::new());
    let callables = Callables::new(repo);
    // Units change different files, so only a unit's own later commits matter for what taking one back does.
    let mut tips: BTreeMap<&RepoPath, Oid> = BTreeMap::new();
    for back in backs {
        let foreign = if asked.whole_file { None } else { foreign_part(repo, plan, &callables, back, emit)? };
        let tip = tips.get(&back.unit).copied().unwrap_or(tip);
        let preview = takeback::preview(repo, tip, back.commit, &back.unit, back.extent)?;
        let files = match (foreign, preview) {
            (Some(stop), _) | (None, Preview::Conflict(stop)) => {
                conflicts.push(stop);
                continue;
            }
            (None, Preview::Changes(paths, tree)) => {
                if backs.iter().filter(|other| other.unit == back.unit).count() > 1 {
                    tips.insert(&back.unit, repo.scratch_commit(tree, tip)?);
                }
                paths
            }
            (None, Preview::Nothing) => Vec::new(),
        };
        if !files.is_empty() && !files.contains(&back.unit) {
            renamed.push((&back.unit, files.clone()));
        }
        if asked.dry_run {
            emit(Event::WouldRollBack {
                unit: back.unit.to_string(),
                commit: back.commit.to_string(),
                files: files.iter().map(ToString::to_string).collect(),
                whole_commit: back.extent == Extent::Whole,
            });
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

/// What a bigger commit did to a unit's file beside the unit's rules, if anything: that is not ours to take back.
fn foreign_part(
    repo: &Repo,
    plan: &Plan,
    callables: &Callables,
    back: &Back,
    emit: &mut dyn FnMut(Event),
) -> Result<Option<Stop>, Stop> {
    if back.extent == Extent::Whole {
        return Ok(None);
    }
    let Some(parent) = repo.parent_of(back.commit)? else { return Ok(None) };
    let (before, after) = (repo.file_in(parent, &back.unit)?, repo.file_in(back.commit, &back.unit)?);
    let (Some((_, before)), Some((_, after))) = (before, after) else { return Ok(None) };
    let (before, after) = (repo.blob(before)?, repo.blob(after)?);
    let short = &back.commit.to_string()[..12];
    let made = unit_of(plan, back).map(|unit| unit::outcome(callables, plan, &unit, &before));
    let made = match made {
        Some(Outcome::Changed(made)) if made.bytes == after => return Ok(None),
        Some(Outcome::Changed(made)) => Some(made.bytes),
        Some(Outcome::Unchanged(_)) => Some(before.clone()),
        // What a codemod would make of it only a run can tell; without its unit or its rules there is nothing to compare.
        Some(Outcome::NeedsCodemod | Outcome::Unsound(_)) | None => None,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = &back.unit;
    let shown = |from: String, to: String, before: &[u8], after: &[u8]| Event::Differs {
        from,
        to,
        before: text(before),
        after: text(after),
    };
    if let Some(made) = &made {
        emit(shown(format!("{name} before {short}"), format!("{name} as the rules make it"), &before, made));
    }
    emit(shown(format!("{name} before {short}"), format!("{name} in {short}"), &before, &after));
    let message = match made {
        Some(_) => format!("{short} changed {name} in another way than the unit's rules do"),
        None => format!("{short} holds more than {name}, and what the unit's rules made of that file cannot be told"),
    };
    let help = "nothing was changed; take it back by hand, or pass --whole-file to take back all that the commit did to the file";
    Ok(Some(Stop::NeedsYou(Note::new(message, help))))
}

/// The unit of the plan as it is now.
fn unit_of(plan: &Plan, back: &Back) -> Option<Unit> {
    let at = plan.phases.iter().position(|phase| phase.id == back.phase)?;
    let target = target_of(plan, at, &back.unit)?;
    Some(Unit { phase: at, target, path: back.unit.clone() })
}

/// The entry of a phase that names a file: by its path, else by a pattern.
fn target_of(plan: &Plan, phase: usize, file: &RepoPath) -> Option<usize> {
    let targets = &plan.phases[phase].targets;
    let listed = targets.iter().position(|target| matches!(&target.files, Files::Paths(paths) if paths.contains(file)));
    listed.or_else(|| {
        targets.iter().position(|target| match &target.files {
            Files::Paths(_) => false,
            Files::Glob { include, exclude } => {
                let matches =
                    |patterns: &[String]| crate::plan::glob::matcher(patterns).is_ok_and(|set| set.is_match(file.as_path()));
                matches(include) && !matches(exclude)
            }
        })
    })
}

/// The units' verification, each command once.
fn validate_recovery(judge: &Judge<'_>, backs: &[Back], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for back in backs {
        let Some(unit) = unit_of(judge.plan, back) else { continue };
        let verify = &judge.plan.target(&unit).verify;
        let fresh: Vec<_> = verify.iter().filter(|command| seen.insert(format!("{command:?}"))).cloned().collect();
        if let Verdict::Failed { reason, log, .. } =
            judge.run(Purpose::Verify, &fresh, &back.phase, Some(&back.unit), &mut || Ok(()), emit)?
        {
            let message = format!("what was asked for is rolled back, and the recovery validation failed: {reason}");
            return Err(Stop::Failed(Note::new(message, format!("see {}", log.display()))));
        }
    }
    Ok(())
}
