//! `migrate diff`, `migrate check` and `migrate run --dry-run`: what a run would do, found by the run's own preparation with the
//! writing left out. No command of the plan is started here. What the survey makes of a file on the way is not made again.

pub mod missing;

use std::collections::{BTreeMap, HashMap};

use git2::{ObjectType, Oid};

use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::command::Fields;
use crate::ready::ready;
use crate::repo::others::Others;
use crate::repo::{Repo, Tip};
use crate::request::Request;
use crate::state::{Counts, State};
use crate::stop::Stop;
use crate::survey::{self, Standing, Survey};
use crate::unit::callables::Callables;
use crate::unit::glimpses::Glimpses;
use crate::unit::look::work;
use crate::unit::segments::{Segment, segments};
use crate::unit::side_by_side::side_by_side;
use crate::unit::sound::{Unsound, Warning};
use crate::unit::{self, Made, Outcome, Prepared};
use crate::units::{Call, Member, Role, Unit, calls};
use crate::unready;

/// So many bytes of results are kept from the survey on.
const MOST_KEPT: usize = 64 << 20;
/// So many units are looked at side by side before the first of them is told of.
const AHEAD: usize = 128;

/// What would become of one file of a unit.
#[derive(Debug)]
pub struct Foreseen {
    /// The file.
    pub file: RepoPath,
    /// The phase, by its place in the plan.
    pub phase: usize,
    /// False for a file of a glob in which there is nothing to do: it is only told of.
    pub is_unit: bool,
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
        /// The bytes as they are and as they would be, where [`Wanted::Texts`] was asked for.
        texts: Option<Texts>,
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

/// The bytes of a file as they are and as they would be.
#[derive(Debug)]
pub struct Texts {
    /// As they are; `None` where there is no file.
    pub before: Option<Vec<u8>>,
    /// As they would be; `None` where there would be no file.
    pub after: Option<Vec<u8>>,
    /// The mode of the file, as git words it.
    pub mode: u32,
}

/// What is wanted of units that would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Only what would become of them.
    Verdicts,
    /// Their bytes too.
    Texts,
}

/// What the survey found there is to do, so that it need not be found twice.
struct Kept {
    wanted: Wanted,
    outcomes: HashMap<RepoPath, (Member, Oid, Outcome)>,
    bytes: usize,
    /// Files with nothing to do of which there is something to tell, each with the first phase that says so. They are no units for
    /// that: a later phase may take them.
    unchanged: BTreeMap<RepoPath, (usize, Vec<Warning>)>,
}

impl Kept {
    /// Keeps what is to be done in a file that holds `bytes`, as long as there is room.
    fn keep(&mut self, unit: &Member, bytes: &[u8], mut outcome: Outcome) {
        if let Outcome::Changed(made) = &mut outcome {
            if self.wanted == Wanted::Verdicts {
                made.bytes = Vec::new();
            }
            if self.bytes + made.bytes.len() > MOST_KEPT {
                return;
            }
            self.bytes += made.bytes.len();
        }
        // A file without a name in git is looked at again.
        if let Ok(blob) = Oid::hash_object(ObjectType::Blob, bytes) {
            self.outcomes.insert(unit.path.clone(), (unit.clone(), blob, outcome));
        }
    }

    /// What was kept of a unit whose file still holds the same bytes.
    fn take(&mut self, unit: &Member, bytes: &[u8]) -> Option<Outcome> {
        let (of, blob, outcome) = self.outcomes.remove(&unit.path)?;
        let same = of == *unit && Oid::hash_object(ObjectType::Blob, bytes).is_ok_and(|now| now == blob);
        if let Outcome::Changed(made) = &outcome {
            self.bytes -= made.bytes.len();
        }
        same.then_some(outcome)
    }
}

/// What a look at every unit comes to.
#[derive(Debug, Default)]
pub struct Foresight {
    /// Where those that were asked for stand that a run would pass over.
    pub passed_over: Counts,
    /// What a run would take up, in its order, each unit with the files of which it is.
    pub taken: Vec<Unit>,
    /// All units of the plan.
    pub all: Vec<Standing>,
    /// Why some units are not among them that a run would take up, and would not begin for that: their files are not as HEAD has them.
    pub blocked: Option<Stop>,
}

/// Finds what becomes of files that are rewritten each by itself, side by side, and keeps it where there is room.
fn look_ahead<'f>(
    (repo, plan, tip, others): (&Repo, &Plan, &Tip, &Others),
    callables: &Callables,
    files: impl Iterator<Item = &'f Member>,
    kept: &mut Kept,
) {
    let is_open = |file: &&Member| {
        let known = kept.outcomes.contains_key(&file.path);
        !known && plan.role(file) == Role::Rewrite && !plan.runs_codemod(plan.target(file))
    };
    let texts = files.filter(is_open).filter_map(|file| Some((file, survey::text(repo, tip, others, &file.path)?)));
    let texts: Vec<(&Member, Vec<u8>)> = texts.collect();
    let (top, imports) = (repo.top(), callables.all_imports());
    let begin = || Callables::below(top).sharing(imports.clone());
    let found = side_by_side(texts.len(), 1, begin, |callables, at| {
        let (file, bytes) = &texts[at];
        Some(unit::outcome(callables, plan, file, bytes))
    });
    for (at, outcome) in found {
        let (file, bytes) = &texts[at];
        kept.keep(file, bytes, outcome);
    }
}

/// Looks at every unit that a run would take up, in its order.
///
/// # Errors
/// [`Stop`] for whatever would keep a run from starting.
pub fn foresee(
    repo: &Repo,
    plan: &Plan,
    request: &Request,
    wanted: Wanted,
    watch: Watch,
    mut each: impl FnMut(Foreseen) -> Result<(), Stop>,
) -> Result<Foresight, Stop> {
    let tip = repo.tip()?;
    let records = Journal::read(&repo.state_folder())?;
    // Who only looks is ended by a signal at once.
    let interrupt = Interrupt::none();
    let (callables, others) = (Callables::new(repo), repo.others()?);
    let glimpses = Glimpses::of_plan(repo, &others, &interrupt, plan);
    let mut kept = Kept { wanted, outcomes: HashMap::new(), bytes: 0, unchanged: BTreeMap::new() };
    let mut works = |unit: &Member| {
        if plan.runs_codemod(plan.target(unit)) || !request.covers(unit) || plan.role(unit) != Role::Rewrite {
            return Ok(survey::look(repo, &tip, plan, &callables, (&others, &glimpses), unit).is_work());
        }
        if let Some(known) = glimpses.is_work(plan, unit) {
            // What becomes of it is found later, side by side with others.
            return Ok(known);
        }
        let Some(bytes) = survey::text(repo, &tip, &others, &unit.path) else { return Ok(true) };
        match work(&callables, plan, unit, &bytes) {
            None => return Ok(false),
            Some(Outcome::Unchanged(warnings)) => {
                kept.unchanged.entry(unit.path.clone()).or_insert((unit.phase, warnings));
                return Ok(false);
            }
            Some(outcome) => kept.keep(unit, &bytes, outcome),
        }
        Ok(true)
    };
    let Survey { units, unmatched, .. } = survey::survey(repo, &tip, plan, &records, &interrupt, watch, &mut works)?;
    let mut left: Vec<Standing> = units.iter().filter(|standing| request.covers_unit(&standing.unit)).cloned().collect();
    request.refuse_unknown(plan, &left)?;
    let mut passed: BTreeMap<RepoPath, State> =
        left.iter().flat_map(|standing| &standing.files).map(|file| (file.file.path.clone(), file.state)).collect();
    left.retain(|standing| request.takes(standing));
    let taken: Vec<&Member> = left.iter().flat_map(|standing| request.taken(standing)).collect();
    for file in &taken {
        passed.remove(&file.path);
        kept.unchanged.remove(&file.path);
    }
    let paths: Vec<RepoPath> = taken.iter().map(|file| file.path.clone()).collect();
    let conversions = if paths.is_empty() { Default::default() } else { repo.conversions(&paths)? };
    let blocked = match unready::refuse(repo, plan, &tip, &unmatched, (&taken, &conversions), &interrupt) {
        Err(stop @ Stop::Targets(_)) => Some(stop),
        refused => refused.map(|()| None)?,
    };
    if blocked.is_some() {
        let is_fit = |file: &Member| unready::is_fit(repo, plan, &tip, file, &conversions);
        left.retain(|standing| request.taken(standing).into_iter().all(is_fit));
    }
    for (at, standing) in left.iter().enumerate() {
        if at % AHEAD == 0 {
            let next = left.iter().skip(at).take(AHEAD).flat_map(|standing| request.taken(standing));
            look_ahead((repo, plan, &tip, &others), &callables, next, &mut kept);
        }
        let (unit, files) = (&standing.unit, request.taken(standing));
        let phase = &plan.phases[unit.phase];
        // What judges the unit as a whole is told with its first file.
        let own: Vec<Member> = files.iter().map(|file| (*file).clone()).collect();
        let judges = [calls(plan, &own, |target| &target.validate), calls(plan, &own, |target| &target.verify)].concat();
        let mut judges = Some(judges);
        let prepared = match own.as_slice() {
            // What the survey made of it is not made again.
            [file] if plan.role(file) == Role::Rewrite => {
                let target = repo.target(&tip, &file.path, &conversions)?;
                let before = &target.found.bytes;
                let outcome = kept.take(file, before).unwrap_or_else(|| unit::outcome(&callables, plan, file, before));
                let mode = target.mode;
                vec![Prepared { file: file.clone(), target: Some(target), mode, converted: false, outcome }]
            }
            own => unit::prepare(repo, plan, &tip, own, &conversions, &callables)?,
        };
        for Prepared { file, target, mode, outcome, .. } in prepared {
            let texts = |after: Option<Vec<u8>>| {
                let before = target.as_ref().map(|target| target.found.bytes.clone());
                (wanted == Wanted::Texts).then_some(Texts { before, after, mode })
            };
            let what = match outcome {
                Outcome::Changed(Made { bytes, warnings, .. }) => {
                    What::Change { texts: texts(Some(bytes)), warnings: warnings.before }
                }
                Outcome::Gone => What::Change { texts: texts(None), warnings: Vec::new() },
                Outcome::NeedsCodemod => What::NeedsCodemod,
                Outcome::Unchanged(warnings) => What::Nothing(warnings),
                Outcome::Unsound(unsound) => What::Unsound(unsound),
            };
            let codemods = segments(plan, &file).into_iter().filter_map(|segment| match segment {
                Segment::Codemod(command) => Some(Call::of_file(command, &file.path)),
                Segment::Pure(_) => None,
            });
            let shown = |call: Call| {
                let unit = Some(unit.id.as_bytes());
                let (file, files, report) = (call.file.as_ref(), &call.files[..], None);
                let fields = Fields { file, files, report, feedback: None, plan: &plan.name, phase: &phase.id, unit };
                call.command.run.resolve(&fields).shown
            };
            let commands = codemods.chain(judges.take().unwrap_or_default()).map(shown).collect();
            each(Foreseen { file: file.path.clone(), phase: unit.phase, is_unit: true, what, commands })?;
        }
    }
    for (file, (phase, warnings)) in kept.unchanged {
        let is_unit = passed.remove(&file).is_some();
        each(Foreseen { file, phase, is_unit, what: What::Nothing(warnings), commands: Vec::new() })?;
    }
    let of_unit = |standing: &Standing| {
        let files = request.taken(standing).into_iter().cloned().collect();
        Unit { files, ..standing.unit.clone() }
    };
    let taken = left.iter().map(of_unit).collect();
    Ok(Foresight { passed_over: Counts::of(passed.into_values()), taken, all: units, blocked })
}

/// Fails for whatever would keep a run from starting, apart from the plan, its files, and changes in others.
///
/// # Errors
/// [`Stop::Refused`], by name.
pub fn would_start(repo: &Repo, request: &Request) -> Result<(), Stop> {
    ready(repo, request.leave)?;
    repo.identity().map(drop)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(path: &str) -> Member {
        Member { phase: 0, target: 0, path: RepoPath::new(path).unwrap() }
    }

    fn changed(bytes: usize) -> Outcome {
        Outcome::Changed(Made { bytes: vec![b'x'; bytes], ..Made::default() })
    }

    fn kept(wanted: Wanted) -> Kept {
        Kept { wanted, outcomes: HashMap::new(), bytes: 0, unchanged: BTreeMap::new() }
    }

    #[test]
    fn what_was_found_counts_only_for_the_same_unit_with_the_same_bytes() {
        let mut kept = kept(Wanted::Texts);
        for (at, now, same) in [("a.py", "a", true), ("b.py", "b", false)] {
            kept.keep(&unit(at), b"a", changed(5));
            assert_eq!(
                matches!(kept.take(&unit(at), now.as_bytes()), Some(Outcome::Changed(made)) if made.bytes == b"xxxxx"),
                same
            );
            assert!(kept.take(&unit(at), b"a").is_none(), "it is taken once");
        }
        kept.keep(&unit("a.py"), b"a", changed(5));
        assert!(kept.take(&Member { target: 1, ..unit("a.py") }, b"a").is_none());
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for_and_verdicts_take_none() {
        for (wanted, third) in [(Wanted::Texts, false), (Wanted::Verdicts, true)] {
            let mut kept = kept(wanted);
            for (at, size) in [("a.py", MOST_KEPT / 2), ("b.py", MOST_KEPT / 2), ("c.py", 1)] {
                kept.keep(&unit(at), b"", changed(size));
            }
            kept.keep(&unit("d.py"), b"", Outcome::NeedsCodemod);
            assert_eq!(kept.bytes, if wanted == Wanted::Texts { MOST_KEPT } else { 0 });
            assert!(kept.take(&unit("b.py"), b"").is_some() && kept.take(&unit("d.py"), b"").is_some());
            assert_eq!(kept.take(&unit("c.py"), b"").is_some(), third);
        }
    }
}
