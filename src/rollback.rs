//! `migrate rollback`: takes back what units committed, newest first, each by a commit of its own.
//!
//! Every conflict is found before the first write, and then nothing is touched. Many units are taken back in one step of the protocol
//! ([`takeback::take_back_together`]), still each by its commit. Of a commit that holds more than the unit, as a squashed one does, only the unit's file is
//! taken back. Afterwards the units' verification judges the recovery.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use git2::Oid;

use crate::event::Event;
use crate::held::Held;
use crate::interrupt::{Ask, Interrupt};
use crate::journal::Journal;
use crate::judge::{Judge, Purpose, Question, Verdict};
use crate::lock;
use crate::message::trailers::{self, Trailers};
use crate::path::{RepoPath, nearest};
use crate::plan::{Files, Metric, Plan, Target};
use crate::protocol::{Link, Protocol};
use crate::ready::{NOT_OF_REVERTS, refuse_hooks, settle};
use crate::recovery;
use crate::repo::Repo;
use crate::request::Leave;
use crate::stop::{Note, Stop};
use crate::survey::{self, Landed, Landings};
use crate::takeback::{self, Extent, Preview, Reason, Work};
use crate::unit::callables::Callables;
use crate::unit::{self, Outcome};
use crate::unit_id::{UnitId, part_name};
use crate::units::{Member, Pins, Unit, calls, cut};

/// Whose commits are taken back.
#[derive(Debug, Clone)]
pub enum Whose {
    /// Those of these files and groups.
    Named {
        /// Files; each takes along its group where that is all or nothing.
        files: Vec<RepoPath>,
        /// True when files take nothing along.
        only: bool,
        /// Groups, by the names that the plan gives them or as they are shown.
        groups: Vec<String>,
    },
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
    /// Who is asked before something is deployed; none where nobody can be.
    pub ask: Option<Ask>,
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

/// Files whose commits are taken back, each with what the branch says of it.
type Wanted<'l> = BTreeMap<&'l RepoPath, &'l Landed>;

/// A commit to take back, or its work on some files.
struct Back {
    unit: UnitId,
    phase: String,
    commit: Oid,
    files: Vec<RepoPath>,
    extent: Extent,
}

impl Back {
    /// What a person calls it: the unit, and the files that go back alone out of a group.
    fn name(&self) -> String {
        let is_all = self.extent == Extent::Whole || self.unit.file().is_some() && self.files.len() == 1;
        part_name(&self.unit.to_string(), if is_all { &[] } else { &self.files })
    }

    fn taken_back_by(&self, revert: Oid) -> Event {
        Event::RolledBack { unit: self.name(), commit: self.commit.to_string(), revert: revert.to_string() }
    }

    fn work<'a>(&'a self, plan: &'a Plan) -> Work<'a> {
        let Self { unit, phase, commit, files, extent } = self;
        Work { plan: &plan.name, phase, unit, files, commit: *commit, extent: *extent }
    }
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
        refuse_hooks(repo, asked.leave, &NOT_OF_REVERTS)?;
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
        let started = Instant::now();
        for batch in takeback::steps(&backs, |back| back.files.len()) {
            let works: Vec<Work<'_>> = batch.iter().map(|back| back.work(plan)).collect();
            let mut protocol = Protocol { repo, journal: &mut journal, identity: &identity };
            if batch.len() > 1 {
                if let Some(signal) = interrupt.pending() {
                    return Err(Stop::Interrupted(signal));
                }
                held.look(repo)?;
                if let Some(links) = takeback::take_back_together(&mut protocol, &works, &Reason::Rollback)? {
                    for Link { commit, unit, reverts, .. } in links {
                        held.moved_to(commit);
                        let is_it = |back: &&Back| Some(back.commit) == reverts && back.unit == unit;
                        batch.iter().filter(is_it).for_each(|back| emit(back.taken_back_by(commit)));
                    }
                    continue;
                }
            }
            for (back, work) in batch.iter().zip(works) {
                if let Some(signal) = interrupt.pending() {
                    return Err(Stop::Interrupted(signal));
                }
                held.look(repo)?;
                if takeback::preview_is_empty(repo, held.tip().commit, work)? {
                    continue;
                }
                let revert = takeback::take_back(&mut protocol, work, &Reason::Rollback)?;
                held.moved_to(revert);
                emit(back.taken_back_by(revert));
            }
        }
        emit(Event::RollbackFinished { plan: plan.name.clone(), taken_back: units, already, landed });
        let judge = Judge::new(repo, plan, interrupt);
        validate_recovery(&judge, &backs, emit)?;
        let phases: Vec<usize> =
            (0..plan.phases.len()).filter(|at| backs.iter().any(|back| back.phase == plan.phases[*at].id)).collect();
        let Some(at) = recovery::checked(plan, &phases) else { return Ok(()) };
        let baseline = |metric: &Metric| metric.baseline.or_else(|| survey::baseline(plan, journal.records(), metric));
        recovery::check(
            &judge,
            interrupt,
            recovery::Back { plan, at, took: started.elapsed(), ask: asked.ask, baseline: &baseline },
            emit,
        )
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
    let Landings { files: landed, pins } = survey::landed(repo, tip, &plan.name, interrupt)?;
    let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
    let moves: Vec<(&RepoPath, &RepoPath)> = targets.filter_map(Target::moved).collect();
    let wanted: Wanted<'_> = match whose {
        Whose::All => landed.iter().collect(),
        Whose::Phase(at) => landed.iter().filter(|(_, landed)| landed.phase == plan.phases[*at].id).collect(),
        Whose::Named { files, only, groups } => {
            let wanted = named(plan, (&landed, &pins), (files, *only), groups)?;
            with_other_ends(&moves, &landed, wanted)
        }
    };
    let (mut backs, mut already): (Vec<(usize, Back)>, BTreeSet<&UnitId>) = (Vec::new(), BTreeSet::new());
    // Where a commit is not here any more, as after a rebase, only what the commits say is known.
    let is_back = |file: &RepoPath, landed: &Landed| survey::is_back(repo, tip, file, landed).unwrap_or(false);
    for (file, of) in &wanted {
        let landed = *of;
        let mut standing = landed.standing.as_slice();
        let ends = moves.iter().find(|(from, to)| from == file || to == file).map_or([*file; 2], |(from, to)| [*from, *to]);
        if let [(newest, _), older @ ..] = standing
            && landed.commit == Some(*newest)
            && ends.iter().filter_map(|end| wanted.get_key_value(end)).all(|(end, of)| is_back(end, of))
        {
            standing = older;
        }
        if standing.is_empty() {
            already.insert(&landed.unit);
            if matches!(whose, Whose::Named { .. }) {
                emit(Event::UnitSkipped { unit: file.to_string(), why: "it is rolled back already".to_owned() });
            }
        }
        // One that was done again has several commits: what is asked for is the text from before the first.
        for (commit, age) in standing {
            match backs.iter_mut().find(|(_, back)| back.commit == *commit && back.unit == landed.unit) {
                Some((_, back)) => back.files.push((*file).clone()),
                None => {
                    let (unit, phase, files) = (landed.unit.clone(), landed.phase.clone(), vec![(*file).clone()]);
                    backs.push((*age, Back { unit, phase, commit: *commit, files, extent: Extent::Whole }));
                }
            }
        }
    }
    for (_, back) in &mut backs {
        back.extent = takeback::extent(repo, back.commit, &back.files)?;
    }
    backs.sort_by_key(|(age, _)| *age);
    already.retain(|unit| backs.iter().all(|(_, back)| back.unit != **unit));
    let (already, landed) = (already.len(), units(&landed).len());
    Ok(Chosen { backs: backs.into_iter().map(|(_, back)| back).collect(), already, landed })
}

/// The files that were named, and those of the groups that were, each with what the branch says of it.
fn named<'l>(
    plan: &Plan,
    (landed, pins): (&'l BTreeMap<RepoPath, Landed>, &Pins),
    (files, only): (&[RepoPath], bool),
    groups: &[String],
) -> Result<Wanted<'l>, Stop> {
    let (mut wanted, mut whole) = (BTreeMap::new(), BTreeSet::new());
    for file in files {
        let names = landed.keys().map(ToString::to_string);
        let (file, of) = landed.get_key_value(file).ok_or_else(|| unknown(&file.to_string(), names.collect()))?;
        wanted.insert(file, of);
        whole.extend(Some(&of.unit).filter(|unit| !only && !unit.is_cut()));
    }
    let members = landed.iter().filter_map(|(path, of)| member(plan, &of.phase, path));
    let groups_now = cut(plan, members.collect(), pins);
    for name in groups {
        let is_meant = |unit: &&UnitId| unit.group() == Some(name) || unit.to_string() == *name;
        let found: Vec<&UnitId> = landed.values().map(|landed| &landed.unit).filter(is_meant).collect();
        // What the plan, as it is now, puts under that name may have landed in units of other names.
        let now: Vec<&Unit> = groups_now.iter().filter(|unit| is_meant(&&unit.id)).collect();
        if found.is_empty() && now.is_empty() {
            let old = units(landed).into_iter().filter(|unit| unit.file().is_none());
            let known = old.chain(groups_now.iter().map(|unit| &unit.id)).map(ToString::to_string);
            return Err(unknown(name, known.collect()));
        }
        whole.extend(found);
        wanted.extend(now.iter().flat_map(|unit| unit.paths()).filter_map(|path| landed.get_key_value(path)));
    }
    wanted.extend(landed.iter().filter(|(_, landed)| whole.contains(&landed.unit)));
    Ok(wanted)
}

/// The units that the branch knows.
fn units(landed: &BTreeMap<RepoPath, Landed>) -> BTreeSet<&UnitId> {
    landed.values().map(|landed| &landed.unit).collect()
}

/// The same, with both ends of each move: neither goes back without the other.
fn with_other_ends<'l>(
    moves: &[(&RepoPath, &RepoPath)],
    landed: &'l BTreeMap<RepoPath, Landed>,
    mut wanted: Wanted<'l>,
) -> Wanted<'l> {
    for (from, to) in moves {
        if wanted.contains_key(*from) || wanted.contains_key(*to) {
            wanted.extend([*from, *to].into_iter().filter_map(|end| landed.get_key_value(end)));
        }
    }
    wanted
}

fn unknown(name: &str, known: Vec<String>) -> Stop {
    let help = match nearest(name, known.iter().map(String::as_str)).as_slice() {
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
    let (mut conflicts, mut renamed, mut touched) = (Vec::new(), Vec::new(), BTreeSet::new());
    let callables = Callables::new(repo);
    // One on top of the other, as they are taken back: a file may be in more than one of the commits.
    let mut ours = repo.tree_of(tip)?;
    for back in backs {
        let foreign = if asked.whole_file { None } else { foreign_part(repo, plan, &callables, back, emit)? };
        let changed = match (foreign, takeback::preview_onto(repo, tip, ours, back.work(plan))?) {
            (Some(stop), _) | (None, Preview::Conflict(stop)) => {
                conflicts.push(stop);
                continue;
            }
            (None, Preview::Changes(paths, tree)) => {
                ours = tree;
                paths
            }
            (None, Preview::Nothing) => Vec::new(),
        };
        touched.extend(changed.iter().cloned());
        let elsewhere: Vec<String> = changed.iter().filter(|path| !back.files.contains(path)).map(ToString::to_string).collect();
        if !elsewhere.is_empty() {
            renamed.push((&back.unit, elsewhere));
        }
        if asked.dry_run {
            emit(Event::WouldRollBack {
                unit: back.name(),
                commit: back.commit.to_string(),
                files: changed.iter().map(ToString::to_string).collect(),
                whole_commit: back.extent == Extent::Whole,
            });
        }
    }
    if conflicts.is_empty() {
        for (unit, names) in renamed {
            emit(Event::Warning { message: format!("{unit} is {} now: it is taken back there", names.join(", ")), help: None });
        }
        if !asked.dry_run {
            refuse_changed(repo, &touched)?;
        }
    }
    if conflicts.len() <= 1 {
        return conflicts.pop().map_or(Ok(()), Err);
    }
    let texts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    Err(Stop::NeedsYou(Note::new(texts.join("\n"), "nothing was changed; take those commits back first, or revert by hand")))
}

/// Refuses before the first commit what would be refused in the middle: a file that is not as it was committed.
fn refuse_changed(repo: &Repo, paths: &BTreeSet<RepoPath>) -> Result<(), Stop> {
    let tip = repo.tip()?;
    let paths: Vec<RepoPath> = paths.iter().cloned().collect();
    let conversions = repo.conversions(&paths)?;
    for path in &paths {
        match repo.file_in(tip.commit, path)? {
            Some(_) => drop(repo.target(&tip, path, &conversions)?),
            None => repo.free(&tip, path)?,
        }
    }
    Ok(())
}

/// What a bigger commit did to a unit's files beside the unit's rules, if anything: that is not ours to take back.
fn foreign_part(
    repo: &Repo,
    plan: &Plan,
    callables: &Callables,
    back: &Back,
    emit: &mut dyn FnMut(Event),
) -> Result<Option<Stop>, Stop> {
    // A commit that speaks of one unit alone is ours, whichever of its files goes back.
    if back.extent == Extent::Whole || holds_the_unit_alone(repo, back)? {
        return Ok(None);
    }
    for file in &back.files {
        let foreign = foreign_in(repo, plan, callables, (back, file), emit)?;
        if foreign.is_some() {
            return Ok(foreign);
        }
    }
    Ok(None)
}

/// True when the commit changes no file but those that its message says are the unit's.
fn holds_the_unit_alone(repo: &Repo, back: &Back) -> Result<bool, Stop> {
    let blocks = trailers::trailers(&repo.message_of(back.commit)?);
    let [Trailers::Applied(ours)] = blocks.as_slice() else { return Ok(false) };
    let files: Vec<RepoPath> = ours.files.iter().filter_map(|file| RepoPath::new(file.clone()).ok()).collect();
    Ok(!files.is_empty() && takeback::extent(repo, back.commit, &files)? == Extent::Whole)
}

fn foreign_in(
    repo: &Repo,
    plan: &Plan,
    callables: &Callables,
    (back, name): (&Back, &RepoPath),
    emit: &mut dyn FnMut(Event),
) -> Result<Option<Stop>, Stop> {
    let Some(parent) = repo.parent_of(back.commit)? else { return Ok(None) };
    let (before, after) = (repo.file_in(parent, name)?, repo.file_in(back.commit, name)?);
    let (Some((_, before)), Some((_, after))) = (before, after) else { return Ok(None) };
    let (before, after) = (repo.blob(before)?, repo.blob(after)?);
    let short = &back.commit.to_string()[..12];
    let made = member(plan, &back.phase, name).map(|file| unit::outcome(callables, plan, &file, &before));
    let made = match made {
        Some(Outcome::Changed(made)) if made.bytes == after => return Ok(None),
        Some(Outcome::Changed(made)) => Some(made.bytes),
        Some(Outcome::Unchanged(_)) => Some(before.clone()),
        // What a codemod would make of it only a run can tell; without its unit or its rules there is nothing to compare.
        Some(Outcome::NeedsCodemod | Outcome::Unsound(_) | Outcome::Gone) | None => None,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
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

/// The file as the plan has it now.
fn member(plan: &Plan, phase: &str, path: &RepoPath) -> Option<Member> {
    let phase = plan.phases.iter().position(|known| known.id == phase)?;
    let target = target_of(plan, phase, path)?;
    Some(Member { phase, target, path: path.clone() })
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

/// The units' verification; what several of them ask alike, once.
fn validate_recovery(judge: &Judge<'_>, backs: &[Back], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for back in backs {
        let files: Vec<Member> = back.files.iter().filter_map(|file| member(judge.plan, &back.phase, file)).collect();
        let mut fresh = calls(judge.plan, &files, |target| &target.verify);
        fresh.retain(|call| seen.insert(judge.key(call, &back.phase, Some(&back.unit))));
        let (phase, unit) = (back.phase.as_str(), Some(&back.unit));
        let question =
            Question { purpose: Purpose::Verify, calls: &fresh, fewer: true, phase, unit, candidate: None, tree: None };
        if let Verdict::Failed { reason, log, .. } = judge.run(question, None, &mut || Ok(()), emit)? {
            let message = format!("what was asked for is rolled back, and the recovery validation failed: {reason}");
            return Err(Stop::Failed(Note::new(message, format!("see {}", log.display()))));
        }
    }
    Ok(())
}
