//! `migrate log`: what became of one file or unit, from the branch's commits, the journal and the logs. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;
use serde::Serialize;

use crate::date;
use crate::interrupt::Interrupt;
use crate::journal::{Announcement, Journal, Record, files_of};
use crate::judge::{Logs, concluded};
use crate::message::trailers::Cause;
use crate::path::{RepoPath, nearest};
use crate::plan::Plan;
use crate::repo::{Repo, short};
use crate::stop::{Note, Stop};
use crate::survey::{self, Deed, What};
use crate::unit_id::UnitId;
use crate::units::{self, Pins};
use crate::verdict::VerdictKind;

/// What is said of a verification to which nothing is owed any more.
const PASSED: &str = "passed";

/// What the history is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// All units that hold this file.
    File(RepoPath),
    /// This unit.
    Unit(UnitId),
}

/// What became of a file or a unit.
#[derive(Debug, Serialize)]
pub struct History {
    /// The plan's name.
    pub plan: String,
    /// The file or the unit.
    pub subject: String,
    /// The branch.
    pub branch: String,
    /// False where the work tree has no journal: then only commits are known.
    pub journal: bool,
    /// What happened, newest first.
    pub steps: Vec<Step>,
    /// The output of its commands, oldest first.
    pub logs: Vec<Log>,
}

/// One thing that happened to a unit.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// `committed`, `reverted`, `failed`, `quarantined` or `unchanged`.
    pub what: &'static str,
    /// The unit.
    pub unit: String,
    /// Its files that it is about, where it has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The phase's id, where it is known.
    pub phase: Option<String>,
    /// The commit, where there is one.
    pub commit: Option<String>,
    /// When it was committed.
    pub at: Option<String>,
    /// The first line of its message.
    pub subject: Option<String>,
    /// The commit that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverts: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How a command judged it, where it failed for that.
    pub verdict: Option<VerdictKind>,
    /// The commands that let it land, each with what the message says of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validated: Vec<String>,
    /// How its verification ended, where the journal knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
}

/// The output of one command.
#[derive(Debug, Clone, Serialize)]
pub struct Log {
    /// Where it is.
    pub path: String,
    /// The phase's id.
    pub phase: String,
    /// When it was written.
    pub at: String,
    /// The command as it was run.
    pub command: Option<String>,
    /// How long it took, such as `1.2 s`.
    pub took: Option<String>,
    /// The kind of verdict and how it ended, such as `failed: failed with status 1`; `None` where it was cut off.
    pub verdict: Option<String>,
}

/// What the journal knows of a subject.
#[derive(Default)]
struct Noted {
    /// Attempts that ended without a commit, each with the commit of the subject that was made last before it.
    attempts: Vec<(Option<Oid>, Step)>,
    /// How verifications ended, by commit.
    verified: BTreeMap<String, String>,
}

impl Subject {
    fn is(&self, unit: &UnitId, files: &[RepoPath]) -> bool {
        match self {
            Self::Unit(own) => own == unit,
            Self::File(path) => files.contains(path) || unit.file().as_ref() == Some(path),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Unit(unit) => unit.to_string(),
            Self::File(path) => path.to_string(),
        }
    }
}

/// Reads the history of a file or a unit of `plan`.
///
/// # Errors
/// When the repository or the journal cannot be read, and [`Stop::Usage`] when nothing is known of the subject.
pub fn history(repo: &Repo, plan: &Plan, subject: &Subject) -> Result<History, Stop> {
    let tip = repo.tip()?;
    let records = Journal::read(&repo.state_folder())?;
    let deeds = survey::deeds(repo, tip.commit, &plan.name, &Interrupt::none())?;
    let noted = noted(&records, &plan.name, subject);
    let mine = deeds.iter().filter(|deed| subject.is(&deed.unit, &deed.files));
    let mut phases: Vec<String> = plan.phases.iter().map(|phase| phase.id.clone()).collect();
    let mut units: BTreeSet<UnitId> = match subject {
        Subject::Unit(unit) => BTreeSet::from([unit.clone()]),
        Subject::File(path) => BTreeSet::from([UnitId::of_file(path)]),
    };
    let mut steps: Vec<(Option<Oid>, Step)> = Vec::new();
    for deed in mine {
        units.insert(deed.unit.clone());
        if !phases.contains(&deed.phase) {
            phases.push(deed.phase.clone());
        }
        let is_back = deeds.iter().any(|later| matches!(later.what, What::TakenBack { of, .. } if of == deed.commit));
        steps.push((Some(deed.commit), committed(deed, &noted, is_back)));
    }
    units.extend(records.iter().filter_map(|record| unit_of(record, &plan.name, subject)));
    // Newest first: an attempt stands above the commit that was there when it was made.
    for (after, step) in noted.attempts {
        let at = steps.iter().position(|(commit, _)| commit.is_some() && *commit == after).unwrap_or(steps.len());
        steps.insert(at, (None, step));
    }
    let logs = Logs::of(&repo.state_folder().join("logs"), &plan.name);
    let logs: Vec<Log> = phases.iter().flat_map(|phase| units.iter().flat_map(|unit| log(&logs, phase, unit))).collect();
    if steps.is_empty() && logs.is_empty() {
        refuse_unknown(repo, plan, subject, &deeds)?;
    }
    Ok(History {
        plan: plan.name.clone(),
        subject: subject.name(),
        branch: short(&tip.branch).to_owned(),
        journal: !records.is_empty(),
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        logs,
    })
}

/// `is_back` says that a later commit takes it back: then nothing is owed, whether it passed or not.
fn committed(deed: &Deed, noted: &Noted, is_back: bool) -> Step {
    let commit = deed.commit.to_string();
    let (what, reverts, reason, verdict, validated) = match &deed.what {
        What::Applied(validated) => ("committed", None, None, None, validated.clone()),
        What::TakenBack { of, cause, reason, verdict } => {
            let by = match cause {
                None => "by hand",
                Some(Cause::Rollback) => "by request",
                Some(Cause::Verification) => "its verification failed",
                Some(Cause::Gate) => "it made the gate fail",
            };
            let reason = reason.clone().filter(|_| !matches!(cause, Some(Cause::Rollback))).unwrap_or_else(|| by.to_owned());
            ("reverted", Some(of.to_string()), Some(reason), *verdict, Vec::new())
        }
    };
    Step {
        what,
        unit: deed.unit.to_string(),
        files: several(&deed.unit, &deed.files),
        phase: Some(deed.phase.clone()),
        verified: noted.verified.get(&commit).filter(|said| what == "committed" && (*said != PASSED || !is_back)).cloned(),
        commit: Some(commit),
        at: Some(date::utc(deed.seconds)),
        subject: Some(deed.subject.clone()),
        reverts,
        reason,
        verdict,
        validated,
    }
}

/// The files of a unit that its name does not tell.
fn several(unit: &UnitId, files: &[RepoPath]) -> Vec<String> {
    if unit.file().is_some() && files.len() < 2 { Vec::new() } else { files.iter().map(ToString::to_string).collect() }
}

/// The unit that a record is about, where the subject is it or in it.
fn unit_of(record: &Record, plan: &str, subject: &Subject) -> Option<UnitId> {
    let (unit, files) = match record {
        Record::Quarantined { plan: of, unit, files, .. }
        | Record::Failed { plan: of, unit, files, .. }
        | Record::Unchanged { plan: of, unit, files, .. }
            if of == plan =>
        {
            (unit, files_of(unit, files))
        }
        _ => return None,
    };
    subject.is(unit, &files).then(|| unit.clone())
}

/// Of the commits to which a change is to come that of the subject: inside it `None` for the last of them, whose name is not known yet.
fn announced<'r>(begun: &'r Announcement, plan: &str, subject: &Subject) -> Option<Option<&'r str>> {
    if begun.plan != plan {
        return None;
    }
    if begun.also.is_empty() {
        return subject.is(&begun.unit, &begun.tried().collect::<Vec<_>>()).then_some(None);
    }
    begun.units().filter(|(unit, members, _)| subject.is(unit, members)).map(|(_, _, commit)| commit).last()
}

fn noted(records: &[Record], plan: &str, subject: &Subject) -> Noted {
    let mut noted = Noted::default();
    let (mut own, mut last) = (None, None);
    for record in records {
        match record {
            Record::Begun(begun) => own = announced(begun, plan, subject),
            Record::Committed { commit } => {
                if let Some(own) = own.take() {
                    last = Oid::from_str(own.unwrap_or(commit)).ok();
                }
            }
            Record::Verified { commit } => drop(noted.verified.insert(commit.clone(), PASSED.to_owned())),
            Record::Refuted { commit, reason, .. } => drop(noted.verified.insert(commit.clone(), reason.clone())),
            _ => {
                if let Some(step) = attempt(record, plan, subject) {
                    noted.attempts.push((last, step));
                }
            }
        }
    }
    noted
}

/// What a record says of an attempt that ended without a commit.
fn attempt(record: &Record, plan: &str, subject: &Subject) -> Option<Step> {
    let unit = unit_of(record, plan, subject)?;
    let (what, files, reason, verdict) = match record {
        Record::Quarantined { files, reason, verdict, .. } => ("quarantined", files, reason.clone(), *verdict),
        Record::Failed { files, reason, verdict, .. } => ("failed", files, reason.clone(), *verdict),
        Record::Unchanged { files, .. } => ("unchanged", files, "a command found nothing to do".to_owned(), None),
        _ => return None,
    };
    Some(Step {
        what,
        files: several(&unit, files),
        unit: unit.to_string(),
        phase: None,
        commit: None,
        at: None,
        subject: None,
        reverts: None,
        reason: Some(reason),
        verdict,
        validated: Vec::new(),
        verified: None,
    })
}

fn log(logs: &Logs, phase: &str, unit: &UnitId) -> Vec<Log> {
    let told = |(path, when): (std::path::PathBuf, _)| {
        let said = concluded(&path);
        let (command, took) = said.as_ref().and_then(|said| said.command.clone()).unzip();
        let (path, at, phase) = (path.display().to_string(), date::of_clock(when), phase.to_owned());
        Log { path, phase, at, command, took, verdict: said.map(|said| said.verdict) }
    };
    logs.of_unit(phase, unit).into_iter().map(told).collect()
}

/// Fails when the subject is nothing of the plan's: a misspelt name must not look like one of which nothing happened.
fn refuse_unknown(repo: &Repo, plan: &Plan, subject: &Subject, deeds: &[Deed]) -> Result<(), Stop> {
    let tracked = if plan.has_globs() { repo.files(repo.tip()?.commit)? } else { Vec::new() };
    let selection = units::select(plan, &tracked, |_, _| Ok::<_, Stop>(true))?;
    let units = units::cut(plan, selection.files, &Pins::new());
    let files = |unit: &units::Unit| -> Vec<RepoPath> { unit.paths().cloned().collect() };
    if units.iter().any(|unit| subject.is(&unit.id, &files(unit))) {
        return Ok(());
    }
    let known = units.iter().flat_map(|unit| unit.paths().map(ToString::to_string).chain([unit.id.to_string()]));
    let names: BTreeSet<String> = known.chain(deeds.iter().map(|deed| deed.unit.to_string())).collect();
    let near = nearest(&subject.name(), names.iter().map(String::as_str));
    let help = match near.as_slice() {
        [] => "`migrate status` lists the units".to_owned(),
        near => format!("did you mean {}? `migrate status` lists the units", near.join(", ")),
    };
    Err(Stop::Usage(Note::new(format!("{} is no unit of the plan {}", subject.name(), plan.name), help)))
}
