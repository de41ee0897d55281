//! All that the branch says of a plan, commit by commit: what its units committed, and what took that back.

use std::ops::ControlFlow;

use git2::Oid;

use crate::interrupt::Interrupt;
use crate::journal::files_of;
use crate::message::parse::parse;
use crate::message::revert;
use crate::message::trailers::{self, Cause, Trailers};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stop::Stop;
use crate::survey::unless_asked_to_end;
use crate::unit_id::UnitId;
use crate::verdict::VerdictKind;

/// What one commit of the branch did to one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The commit.
    pub commit: Oid,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
    /// The first line of its message; bytes that are not UTF-8 are replaced.
    pub subject: String,
    /// The id of the phase.
    pub phase: String,
    /// The unit.
    pub unit: UnitId,
    /// The unit's files that it changes.
    pub files: Vec<RepoPath>,
    /// What it is.
    pub what: What,
}

/// What a commit is to a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Its own, which these commands let land, as the message says.
    Applied(Vec<String>),
    /// It takes another back.
    TakenBack {
        /// Which.
        of: Oid,
        /// Why; `None` where a person did it with git.
        cause: Option<Cause>,
        /// The sentence for people, if there is one.
        reason: Option<String>,
        /// How a command judged it, if one did.
        verdict: Option<VerdictKind>,
    },
}

/// A commit by which a person took back another, of which it is not known yet whether it is the plan's.
struct ByHand {
    /// How many deeds are newer.
    at: usize,
    commit: Oid,
    subject: String,
    /// What it takes back, perhaps shortened.
    of: String,
}

/// Reads what the commits up to `tip` did to the units of the plan called `name`, newest first.
///
/// # Errors
/// When the history cannot be read, and [`Stop::Unbegun`].
pub fn deeds(repo: &Repo, tip: Oid, name: &str, interrupt: &Interrupt) -> Result<Vec<Deed>, Stop> {
    let mut deeds: Vec<Deed> = Vec::new();
    let mut by_hand: Vec<ByHand> = Vec::new();
    repo.walk(tip, &mut |commit, message| {
        if interrupt.pending().is_some() {
            return ControlFlow::Break(());
        }
        let deed = |phase: String, unit: Vec<u8>, files: &[Vec<u8>], what: What| {
            let unit = UnitId::new(unit)?;
            let listed: Vec<RepoPath> = files.iter().filter_map(|file| RepoPath::new(file.clone()).ok()).collect();
            let files = files_of(&unit, &listed);
            Some(Deed { commit, seconds: 0, subject: subject(message), phase, unit, files, what })
        };
        for undone in revert::reverted(message) {
            match (undone.ours, Oid::from_str(&undone.commit)) {
                (Some(ours), Ok(of)) if ours.plan == name => {
                    let (cause, reason, verdict) = (Some(ours.cause), reason(message), ours.verdict);
                    deeds.extend(deed(ours.phase, ours.unit, &ours.files, What::TakenBack { of, cause, reason, verdict }));
                }
                (Some(_), _) => {}
                (None, _) => by_hand.push(ByHand { at: deeds.len(), commit, subject: subject(message), of: undone.commit }),
            }
        }
        for block in trailers::trailers(message) {
            let Trailers::Applied(ours) = block else { continue };
            if ours.plan == name {
                let said = std::str::from_utf8(message).ok().and_then(parse);
                let validated = said.map(|said| said.changes.validate).unwrap_or_default();
                deeds.extend(deed(ours.phase, ours.unit, &ours.files, What::Applied(validated)));
            }
        }
        ControlFlow::Continue(())
    })?;
    unless_asked_to_end(interrupt)?;
    // Oldest first, so that what was taken back by hand and brought back by hand is known when it is asked for.
    for ByHand { at, commit, subject, of } in by_hand.into_iter().rev() {
        let is_it = |deed: &&Deed| deed.commit.to_string().starts_with(&of);
        let undone: Vec<Deed> = deeds[at..].iter().filter(is_it).cloned().collect();
        let back = undone.into_iter().map(|deed| {
            let what = What::TakenBack { of: deed.commit, cause: None, reason: None, verdict: None };
            Deed { commit, subject: subject.clone(), what, ..deed }
        });
        deeds.splice(at..at, back.collect::<Vec<_>>());
    }
    for deed in &mut deeds {
        deed.seconds = repo.time_of(deed.commit)?;
    }
    Ok(deeds)
}

/// The first line that is not blank.
fn subject(message: &[u8]) -> String {
    let line = message.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    String::from_utf8_lossy(line.unwrap_or_default().trim_ascii_end()).into_owned()
}

/// The sentence that says why a commit was taken back.
fn reason(message: &[u8]) -> Option<String> {
    let reason = message.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Reason: "))?;
    Some(String::from_utf8_lossy(reason.trim_ascii_end()).into_owned())
}
