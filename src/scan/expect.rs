//! How many violations the files of an entry had before they were migrated, against what the plan says of them.
//!
//! Of a file that is done, the version is counted that its commit began from, so that a migration half done is no mistake. Where such a
//! commit was not the first, fewer may be left than the plan says: only more are told then.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::diagnostics::Problem;
use crate::plan::{Expected, Plan, Scope};
use crate::repo::{Repo, RepoProblem};
use crate::scan::claim::Claims;
use crate::scan::each::{Each, Looked};
use crate::scan::{Asked, Place, Sought, What, scan, sought, words};
use crate::stop::Stop;
use crate::survey::landed;
use crate::unit::callables::Callables;
use crate::unit::file_kind::FileKind;

/// An entry of a phase's files, by the places of both in the plan.
type Entry = (usize, usize);

/// A problem for each entry, of this phase or of all, whose files have not as many violations as the plan says.
///
/// # Errors
/// When the repository cannot be read, or when a signal asks to end.
pub fn unexpected(
    repo: &Repo,
    plan: &Plan,
    phase: Option<usize>,
    interrupt: &Interrupt,
    watch: Watch,
) -> Result<Vec<Problem>, Stop> {
    let targets = plan.phases.iter().enumerate().flat_map(|(at, phase)| {
        phase.targets.iter().enumerate().filter_map(move |(target_at, target)| Some(((at, target_at), target.expected?)))
    });
    let expected: Vec<(Entry, Expected)> = targets.filter(|((at, _), _)| phase.is_none_or(|only| only == *at)).collect();
    if expected.is_empty() {
        return Ok(Vec::new());
    }
    // What is measured for compliance is another question.
    let plan = Plan { scope: Scope::default(), ..plan.clone() };
    let mut counts: BTreeMap<(Entry, RepoPath), usize> = BTreeMap::new();
    for (at, count) in counted(&scan(repo, What::Plan(&plan), &Asked::default(), interrupt, watch)?.places) {
        counts.insert(at, count);
    }
    let mut begun = BTreeSet::new();
    for (at, count) in before(repo, &plan, interrupt)? {
        begun.insert(at.0);
        // One that has its old text back counts once.
        let known = counts.entry(at).or_default();
        *known = count.max(*known);
    }
    let mut problems = Vec::new();
    for (entry, Expected { violations, place }) in expected {
        let found: usize = counts.iter().filter(|((of, _), _)| *of == entry).map(|(_, count)| count).sum();
        if found > violations || (found < violations && !begun.contains(&entry)) {
            let what = if violations == 1 { "violation" } else { "violations" };
            let message =
                format!("the entry says that its files have {violations} {what} before they are migrated, but they have {found}");
            let help = "`migrate scan` lists them: correct the rules, or the number";
            problems.push(Problem::at(place, message, help));
        }
    }
    Ok(problems)
}

/// The violations that an entry takes up, by file.
fn counted(places: &[Place]) -> BTreeMap<(Entry, RepoPath), usize> {
    let mut counts = BTreeMap::new();
    for place in places.iter().filter(|place| place.counts()) {
        if let (Some(phase), Some(entry)) = (place.phase, place.entry) {
            *counts.entry(((phase, entry), place.path.clone())).or_default() += 1;
        }
    }
    counts
}

/// The same of the files that are done, as they were before.
fn before(repo: &Repo, plan: &Plan, interrupt: &Interrupt) -> Result<BTreeMap<(Entry, RepoPath), usize>, Stop> {
    let (sought, _): (Vec<Sought>, _) = sought(What::Plan(plan), &[])?;
    let steps: Vec<_> = sought.iter().map(|sought| sought.step).collect();
    let (words, claims) = (words(&steps)?, Claims::new(plan));
    let each = Each {
        top: repo.top(),
        plan: Some(plan),
        imports: None,
        claims: Some(&claims),
        words: &words,
        sought: &sought,
        absent: None,
    };
    let callables = Callables::new(repo);
    let mut counts = BTreeMap::new();
    for (path, landed) in landed(repo, repo.tip()?.commit, &plan.name, interrupt)?.files {
        let (Some(commit), None) = (landed.commit, landed.taken_back) else { continue };
        // Where the version before cannot be had, nothing is claimed of it.
        let Ok(Some(bytes)) = version_before(repo, commit, &path) else { continue };
        if let Some(Looked::Places(places)) = each.found(&path, FileKind::of(&path, &bytes), &callables, &bytes) {
            counts.extend(counted(&places));
        }
    }
    Ok(counts)
}

fn version_before(repo: &Repo, commit: git2::Oid, path: &RepoPath) -> Result<Option<Vec<u8>>, RepoProblem> {
    let Some(parent) = repo.parent_of(commit)? else { return Ok(None) };
    match repo.file_in(parent, path)? {
        Some((_, blob)) => repo.blob(blob).map(Some),
        None => Ok(None),
    }
}
