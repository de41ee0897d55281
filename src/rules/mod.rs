//! What a plan's rules are in the repository at hand: where the module ends in a new name, and whether a rule has anything to do, had, or
//! never will.
//!
//! A plan that was only loaded knows no repository; [`resolve`] is asked once for each, right after that.

mod border;

use std::collections::HashMap;

use crate::fs;
use crate::path::RepoPath;
use crate::plan::{Plan, RuleKind};
use crate::program::{Known, Program};
use crate::repo::Repo;
use crate::stop::Stop;

/// Looks up what the renames of `plan` lead to, so that imports are written as Python has them, and adds a warning for each of which it
/// cannot be known.
///
/// # Errors
/// When the files of the repository cannot be listed, and [`Stop::Plan`] for a rename that would never end.
pub fn resolve(repo: &Repo, plan: &mut Plan) -> Result<(), Stop> {
    if !plan.rules.iter().any(|rule| matches!(rule.kind, RuleKind::Rename(_))) {
        return Ok(());
    }
    let program = program(repo)?;
    let mut known: HashMap<String, Known> = HashMap::new();
    let mut look_up = |name: &str| known.entry(name.to_owned()).or_insert_with(|| program.look_up(name)).clone();
    let mut wrong = Vec::new();
    for rule in &mut plan.rules {
        let RuleKind::Rename(rename) = &mut rule.kind else { continue };
        plan.warnings.extend(border::find(rename, &mut look_up, rule.place));
        wrong.extend(border::endless(rename, rule.place));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Stop::Plan(plan.problems(wrong))) }
}

/// The modules of the work tree, those files that git tracks.
fn program(repo: &Repo) -> Result<Program<'_>, Stop> {
    let listed = repo.listing(|path| path.ends_with(b".py") || path.ends_with(b".pyi"))?;
    // What cannot be read tells nothing; whoever has to change it says so.
    let read = |path: &RepoPath| fs::read(repo.top(), path).ok().map(|found| found.bytes);
    Ok(Program::new(listed.into_iter().map(|file| file.path), read))
}
