//! What a shell offers behind an option: the phases, rules and files of the plan. Where there is no plan, or a wrong one, nothing is
//! offered and nothing is said: a person is in the middle of a line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap_complete::CompletionCandidate;

use crate::path::RepoPath;
use crate::plan::glob::matcher;
use crate::plan::{Files, Plan, load};
use crate::repo::Repo;

/// More files than this nobody reads.
const MOST: usize = 1000;

/// The ids of the plan's phases, with their titles.
#[must_use]
pub fn phases(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some((_, plan)) = plan() else { return Vec::new() };
    let phases = plan.phases.into_iter().map(|phase| (phase.id, phase.title));
    let offered = phases.filter(|(id, _)| id.as_bytes().starts_with(current.as_bytes()));
    offered.map(|(id, title)| CompletionCandidate::new(id).help(title.map(Into::into))).collect()
}

/// The names of the plan's rules.
#[must_use]
pub fn rules(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some((_, plan)) = plan() else { return Vec::new() };
    let names = plan.rules.into_iter().map(|rule| rule.name);
    names.filter(|name| name.as_bytes().starts_with(current.as_bytes())).map(CompletionCandidate::new).collect()
}

/// The files that the plan names, and those of its patterns.
#[must_use]
pub fn files(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some((repo, plan)) = plan() else { return Vec::new() };
    let targets = || plan.phases.iter().flat_map(|phase| &phase.targets);
    let mut found: Vec<RepoPath> = Vec::new();
    let mut patterns = Vec::new();
    for target in targets() {
        match &target.files {
            Files::Paths(paths) => found.extend(paths.iter().cloned()),
            Files::Glob { include, exclude } => patterns.extend(matcher(include).ok().zip(matcher(exclude).ok())),
        }
    }
    if !patterns.is_empty() {
        let begins = |path: &[u8]| path.starts_with(current.as_bytes());
        let takes = |path: &RepoPath| {
            patterns.iter().any(|(take, leave)| take.is_match(path.as_path()) && !leave.is_match(path.as_path()))
        };
        let listed = repo.listing(begins).unwrap_or_default();
        found.extend(listed.into_iter().map(|file| file.path).filter(takes));
    }
    found.sort();
    found.dedup();
    let offered = found.into_iter().filter(|path| path.as_bytes().starts_with(current.as_bytes())).take(MOST);
    offered.map(|path| CompletionCandidate::new(path.as_path())).collect()
}

/// The plan that the line names, else the only one there is.
fn plan() -> Option<(Repo, Plan)> {
    let here = std::env::current_dir().ok()?;
    let repo = Repo::open(&here).ok()?;
    let plan = load::load(&here.join(named().or_else(|| only(&repo))?)).ok()?;
    Some((repo, plan))
}

/// What stands behind `--plan` on the line.
fn named() -> Option<PathBuf> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let joined = |word: &OsString| word.as_bytes().strip_prefix(b"--plan=").map(|path| PathBuf::from(OsStr::from_bytes(path)));
    let apart = words.iter().position(|word| word == "--plan").and_then(|at| words.get(at + 1)).map(PathBuf::from);
    apart.or_else(|| words.iter().find_map(joined))
}

fn only(repo: &Repo) -> Option<PathBuf> {
    let entries = std::fs::read_dir(repo.top().join("plans")).ok()?;
    let is_plan = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let mut plans = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_plan);
    plans.next().filter(|_| plans.next().is_none())
}
