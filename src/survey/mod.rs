//! Where every unit of a plan stands: from the branch's commits first, then the journal, then what the rules would still do.

mod attempt;
mod commits;
mod debts;
mod gates;
mod landed;
mod numbers;

pub use attempt::{Attempts, pins, under_way};
pub use commits::{Deed, What, deeds};
pub use debts::debts;
pub use gates::{last_gate, paused_after_unit, why_paused};
pub use landed::{Landed, Landings, is_back, landed};
pub use numbers::{Measured, TakingBack, base, baseline, latest, looks_at, reverts, taking_back};

use std::collections::HashMap;

use git2::Oid;

use crate::event::{Looked, Watch};
use crate::fs;
use crate::interrupt::Interrupt;
use crate::journal::Record;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::digest::digest;
use crate::plan::guards::{Guard, Severity};
use crate::repo::others::Others;
use crate::repo::{Repo, Tip};
use crate::schedule::standing::{Attempt, By, Content, Decision, Facts, History, Whereabouts, decide, decide_whereabouts, worst};
use crate::state::{Counts, State};
use crate::stop::Stop;
use crate::unit;
use crate::unit::callables::Callables;
use crate::unit::glimpses::Glimpses;
use crate::unit::look::ToDo;
use crate::units::{self, Member, Role, Unit};
use crate::verdict::VerdictKind;

/// A unit and where each of its files stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The unit.
    pub unit: Unit,
    /// Its files, in its order.
    pub files: Vec<FileStanding>,
}

/// A file of a unit and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStanding {
    /// The file.
    pub file: Member,
    /// Where it stands.
    pub state: State,
    /// The newest commit that names it, if the branch has one.
    pub commit: Option<Oid>,
    /// Why it stands there, where that is not plain.
    pub why: Option<String>,
    /// How a command judged it, where it stands there for that.
    pub verdict: Option<VerdictKind>,
    /// Violations in it that the plan allows to be left.
    pub violations_left: usize,
    /// The commit that held it and failed its verification, where that judged several files of a group that can be halved, and how
    /// many these were.
    pub failed_with: Option<(Oid, usize)>,
}

impl Standing {
    /// The file that says where the unit stands: the first of the worst.
    fn telling(&self) -> Option<&FileStanding> {
        let worst = worst(self.files.iter().map(|file| file.state));
        self.files.iter().find(|file| file.state == worst)
    }

    /// Where the unit stands: where the worst of its files does.
    #[must_use]
    pub fn state(&self) -> State {
        worst(self.files.iter().map(|file| file.state))
    }

    /// Why it stands there, where that is not plain.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.telling()?.why.as_deref()
    }

    /// How a command judged it, where it stands there for that.
    #[must_use]
    pub fn verdict(&self) -> Option<VerdictKind> {
        self.telling()?.verdict
    }

    /// The newest commit of the file that says where the unit stands.
    #[must_use]
    pub fn commit(&self) -> Option<Oid> {
        self.telling()?.commit
    }

    /// True when the commit is the newest of some of its files.
    #[must_use]
    pub fn is_of(&self, commit: Oid) -> bool {
        self.files.iter().any(|file| file.commit == Some(commit))
    }

    /// Violations in its files that the plan allows to be left.
    #[must_use]
    pub fn violations_left(&self) -> usize {
        self.files.iter().map(|file| file.violations_left).sum()
    }
}

/// All units of a plan.
#[derive(Debug, Default)]
pub struct Survey {
    /// In the order of the plan.
    pub units: Vec<Standing>,
    /// Globs that match no tracked file: phase and target.
    pub unmatched: Vec<(usize, usize)>,
    /// The newest commit of the plan that was not taken back.
    pub newest: Option<Oid>,
    /// Violations that the plan allows to be left in files of its globs that are no units: its rules do nothing in them.
    pub left_aside: usize,
}

/// Why a unit is rolled back that no person took back.
pub const BY_VERIFICATION: &str = "its verification failed";

/// Why a unit is rolled back that made the gate of its phase fail.
pub const BY_GATE: &str = "it made the gate fail";

/// How many of these units are in which state.
pub fn counts<'s>(units: impl IntoIterator<Item = &'s Standing>) -> Counts {
    Counts::of(units.into_iter().map(Standing::state))
}

fn unless_asked_to_end(interrupt: &Interrupt) -> Result<(), Stop> {
    interrupt.pending().map_or(Ok(()), |signal| Err(Stop::Unbegun(signal)))
}

/// Finds the units of `plan` at `tip` and where each file of them stands, while somebody may `watch`. Whether there is something to do
/// in a file as it is on disk is asked of `works`, once for each at most, and only where commits and blobs cannot tell; [`look`] tells.
///
/// # Errors
/// When history or tree cannot be read, and what `works` fails with; [`Stop::Unbegun`] when a signal comes between two files.
pub fn survey(
    repo: &Repo,
    tip: &Tip,
    plan: &Plan,
    records: &[Record],
    interrupt: &Interrupt,
    watch: Watch,
    works: &mut dyn FnMut(&Member) -> Result<bool, Stop>,
) -> Result<Survey, Stop> {
    let Landings { files: landed, pins: by_commits } = landed(repo, tip.commit, &plan.name, interrupt)?;
    let digest = digest(plan);
    let attempts = Attempts::of(records, &plan.name, &digest);
    // What lies on disk of a unit that is under way says nothing yet.
    let under_way = under_way(records, &plan.name);
    let mut works = |file: &Member| {
        unless_asked_to_end(interrupt)?;
        Ok::<_, Stop>(under_way.contains(&file.path) || works(file)?)
    };
    let tracked = if plan.has_globs() { repo.files(tip.commit)? } else { Vec::new() };
    let mut todo: HashMap<RepoPath, bool> = HashMap::new();
    let mut looked = Looked { files: 0, of: 0 };
    let mut aside: HashMap<RepoPath, usize> = HashMap::new();
    let selection = units::select(plan, &tracked, |file, of| -> Result<bool, Stop> {
        if landed.contains_key(&file.path) {
            return Ok(true);
        }
        looked = Looked { files: looked.files + 1, of };
        watch(looked);
        let work = works(file)?;
        todo.insert(file.path.clone(), work);
        if !work {
            // A later entry may take the file all the same.
            let left = aside.entry(file.path.clone()).or_default();
            *left = (*left).max(violations_left(repo, plan, file));
        }
        Ok(work)
    })?;
    let of = looked.of.max(selection.files.len());
    let mut stand = |file: Member| -> Result<FileStanding, Stop> {
        aside.remove(&file.path);
        if !todo.contains_key(&file.path) {
            looked = Looked { files: looked.files + 1, of };
            watch(looked);
        }
        let mut work = |file: &Member| match todo.get(&file.path) {
            _ if attempts.found_nothing(repo, tip.commit, &file.path)? => Ok(false),
            Some(work) => Ok(*work),
            None => works(file),
        };
        let landed = landed.get(&file.path);
        let (attempt, why, verdict) = attempts.last(&file.path);
        let facts = facts(repo, tip, plan, &digest, &file, landed, attempt)?;
        let whereabouts = match landed {
            Some(landed) => whereabouts(repo, tip, plan, &file, landed, &facts)?,
            None => None,
        };
        let state = match whereabouts {
            Some((whereabouts, history)) => decide_whereabouts(history, facts.same_plan, facts.attempt, whereabouts),
            None => match decide(&facts) {
                Decision::Is(state) => state,
                Decision::Look { work: open, none } => {
                    if work(&file)? {
                        open
                    } else {
                        none
                    }
                }
            },
        };
        let why = match state {
            State::Outdated if facts.content == Content::AsCommitted => Some("the plan changed since".to_owned()),
            State::Outdated => Some("its file changed since".to_owned()),
            State::RolledBack => Some(match facts.history {
                History::TakenBack(By::Verification) => BY_VERIFICATION.to_owned(),
                History::TakenBack(By::Gate) => BY_GATE.to_owned(),
                History::TakenBack(By::Rollback) => "by request".to_owned(),
                History::TakenBack(By::Hand | By::VerificationOfSeveral) | History::Landed | History::None => {
                    "by hand".to_owned()
                }
            }),
            State::Failed | State::Quarantined => why.map(ToOwned::to_owned),
            State::Pending | State::Running | State::Committed | State::Unchanged => None,
        };
        let verdict = match state {
            State::Failed | State::Quarantined => verdict,
            State::RolledBack => landed.and_then(|landed| landed.verdict),
            _ => None,
        };
        let violations_left = if state.is_done() { violations_left(repo, plan, &file) } else { 0 };
        let commit = landed.and_then(|landed| landed.commit);
        let failed_with =
            landed.filter(|landed| landed.tried_with > 1).and_then(|landed| Some((landed.commit?, landed.tried_with)));
        Ok(FileStanding { file, state, commit, why, verdict, violations_left, failed_with })
    };
    let mut pins = pins(records, &plan.name);
    pins.extend(by_commits);
    let mut units = Vec::with_capacity(selection.files.len());
    for unit in units::cut(plan, selection.files, &pins) {
        let mut files = unit.files.iter().cloned().map(&mut stand).collect::<Result<Vec<_>, _>>()?;
        join_moves(plan, &mut files);
        units.push(Standing { unit, files });
    }
    let newest = landed.values().filter(|landed| landed.taken_back.is_none()).min_by_key(|landed| landed.age);
    let newest = newest.and_then(|landed| landed.commit);
    Ok(Survey { units, unmatched: selection.unmatched, newest, left_aside: aside.into_values().sum() })
}

/// What HEAD holds of a file that comes, goes or moves; `None` of one that is rewritten. A commit that did something else to it, as
/// that of an earlier plan, says nothing of what is to become of it now: then it is as before.
fn whereabouts(
    repo: &Repo,
    tip: &Tip,
    plan: &Plan,
    file: &Member,
    landed: &Landed,
    facts: &Facts,
) -> Result<Option<(Whereabouts, History)>, Stop> {
    let is_there = |path: &RepoPath| Ok::<_, Stop>(repo.file_in(tip.commit, path)?.is_some());
    let planned = match plan.role(file) {
        Role::Rewrite => return Ok(None),
        Role::Delete => !is_there(&file.path)?,
        Role::Create(_) => is_there(&file.path)?,
        // Where neither is there any more, somebody moved it on.
        Role::Leave(to) => !is_there(&file.path)? || is_there(to)?,
        Role::Arrive(from) => is_there(&file.path)? || !is_there(from)?,
    };
    let by_another_plan = facts.content == Content::AsCommitted && !facts.same_plan;
    let whereabouts = match plan.role(file) {
        Role::Create(text) if planned && by_another_plan && !holds(repo, tip, &file.path, text) => Whereabouts::MadeOtherwise,
        _ if planned => Whereabouts::AsPlanned,
        _ => Whereabouts::AsBefore,
    };
    let ours = landed.commit.filter(|commit| repo.has_commit(*commit));
    let did_so = match ours {
        Some(commit) => repo.file_in(commit, &file.path)?.is_some() == plan.role(file).is_made(),
        None => true,
    };
    let history = if did_so { landed.history() } else { History::None };
    Ok(Some((whereabouts, history)))
}

/// Both ends of a move stand where the worse of them does: neither is ever made or taken without the other.
fn join_moves(plan: &Plan, files: &mut [FileStanding]) {
    let ends: Vec<(usize, usize)> = (0..files.len())
        .filter_map(|at| match plan.role(&files[at].file) {
            Role::Arrive(from) => Some((at, files.iter().position(|other| other.file.path == *from)?)),
            _ => None,
        })
        .collect();
    for (to, from) in ends {
        let state = worst([files[to].state, files[from].state]);
        let telling = &files[if files[to].state == state { to } else { from }];
        let (why, verdict) = (telling.why.clone(), telling.verdict);
        for end in [to, from] {
            (files[end].state, files[end].why, files[end].verdict) = (state, why.clone(), verdict);
        }
    }
}

/// What is known of a file without a look at what its rules would do.
fn facts(
    repo: &Repo,
    tip: &Tip,
    plan: &Plan,
    digest: &str,
    file: &Member,
    landed: Option<&Landed>,
    attempt: Attempt,
) -> Result<Facts, Stop> {
    let content = match landed {
        Some(landed) => landed::content(repo, tip.commit, &file.path, landed)?,
        None => Content::Changed,
    };
    Ok(Facts {
        history: landed.map_or(History::None, Landed::history),
        same_plan: landed.is_some_and(|landed| landed.digest == digest),
        content,
        attempt,
        codemod: plan.runs_codemod(plan.target(file)),
    })
}

/// How many violations stand in the file of a unit that is done, where the plan allows some to be left.
fn violations_left(repo: &Repo, plan: &Plan, unit: &Member) -> usize {
    if plan.target(unit).guards.severity(Guard::Violation) == Severity::Error {
        return 0;
    }
    // A file that cannot be read now is told where it is looked at for what there is to do.
    fs::read(repo.top(), &unit.path).map_or(0, |found| unit::violations_left(repo.top(), plan, unit, &found.bytes))
}

/// The text of a unit's file that its state goes by: what HEAD holds. That is what is on disk, unless somebody has changed it; a file
/// that cannot be read gives none.
#[must_use]
pub fn text(repo: &Repo, tip: &Tip, others: &Others, unit: &RepoPath) -> Option<Vec<u8>> {
    if others.holds(unit)
        && let Some(bytes) = in_head(repo, tip, unit)
    {
        return Some(bytes);
    }
    fs::read(repo.top(), unit).ok().map(|found| found.bytes)
}

/// The text of a file in HEAD, if it can be read there.
fn in_head(repo: &Repo, tip: &Tip, file: &RepoPath) -> Option<Vec<u8>> {
    let (_, blob) = repo.file_in(tip.commit, file).ok()??;
    repo.blob(blob).ok()
}

/// True when HEAD holds this text at `path`.
fn holds(repo: &Repo, tip: &Tip, path: &RepoPath, text: &str) -> bool {
    in_head(repo, tip, path).is_some_and(|bytes| bytes == text.as_bytes())
}

/// What there is to do in a unit's file: a rule changes it, cannot be applied to it, or can only be run to know.
#[must_use]
pub fn look(
    repo: &Repo,
    tip: &Tip,
    plan: &Plan,
    callables: &Callables,
    (others, glimpses): (&Others, &Glimpses),
    unit: &Member,
) -> ToDo {
    let is_there = |path: &RepoPath| repo.file_in(tip.commit, path).ok().flatten().is_some();
    let is_work = |is_work| if is_work { ToDo::Work } else { ToDo::Nothing(Vec::new()) };
    match plan.role(unit) {
        Role::Rewrite if !plan.runs_codemod(plan.target(unit)) => {}
        // What HEAD has already as it shall be was made by somebody else.
        Role::Create(made) => return is_work(!holds(repo, tip, &unit.path, made)),
        Role::Leave(to) => return is_work(is_there(&unit.path) || !is_there(to)),
        Role::Arrive(from) => return is_work(is_there(from) || !is_there(&unit.path)),
        Role::Rewrite | Role::Delete => return ToDo::Work,
    }
    if let Some(work) = glimpses.is_work(plan, unit) {
        return is_work(work);
    }
    match text(repo, tip, others, &unit.path) {
        Some(bytes) => unit::look::look(callables, plan, unit, &bytes),
        // The run says what is wrong with it.
        None => ToDo::Work,
    }
}
