//! Plan times tree: which files there are, in which order. Pure.
//!
//! A file belongs to one entry: one that lists it by path claims it before any glob does, and among globs the first wins. The
//! order is the plan's, within a glob that of the paths' bytes, so it is the same in every clone and after every resume.

use std::collections::BTreeSet;

use crate::path::RepoPath;
use crate::plan::glob::matcher;
use crate::plan::{Files, Plan};
use crate::units::Member;

/// The files of a plan in one tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// All of them, in the order of the plan.
    pub files: Vec<Member>,
    /// Globs that match no tracked file at all: phase and target.
    pub unmatched: Vec<(usize, usize)>,
}

/// Finds the files of `plan` among the `tracked` paths, which are in the order of their bytes. Of the files that a glob matches,
/// only those are taken of which `holds` says that there is, or was, something to do; it is told too how many files the plan speaks
/// of, those that it lists and those that its patterns match.
///
/// # Errors
/// What `holds` fails with.
pub fn select<E>(
    plan: &Plan,
    tracked: &[RepoPath],
    mut holds: impl FnMut(&Member, usize) -> Result<bool, E>,
) -> Result<Selection, E> {
    let mut taken: BTreeSet<&RepoPath> = BTreeSet::new();
    for target in plan.phases.iter().flat_map(|phase| &phase.targets) {
        if let Files::Paths(paths) = &target.files {
            taken.extend(paths);
            taken.extend(target.moved().map(|(_, to)| to));
        }
    }
    let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
    let mut matches = targets
        .filter_map(|target| match &target.files {
            Files::Paths(_) => None,
            Files::Glob { include, exclude } => Some(matching(tracked, include, exclude)),
        })
        .collect::<Vec<_>>()
        .into_iter();
    let of = taken.len() + matches.as_slice().iter().map(Vec::len).sum::<usize>();
    let mut selection = Selection::default();
    for (phase_at, phase) in plan.phases.iter().enumerate() {
        for (target_at, target) in phase.targets.iter().enumerate() {
            let unit = |path: &RepoPath| Member { phase: phase_at, target: target_at, path: path.clone() };
            match &target.files {
                Files::Paths(paths) => selection.files.extend(paths.iter().chain(target.moved().map(|(_, to)| to)).map(unit)),
                Files::Glob { .. } => {
                    let matches = matches.next().unwrap_or_default();
                    if matches.is_empty() {
                        selection.unmatched.push((phase_at, target_at));
                    }
                    for path in matches {
                        let unit = unit(path);
                        if !taken.contains(path) && holds(&unit, of)? {
                            taken.insert(path);
                            selection.files.push(unit);
                        }
                    }
                }
            }
        }
    }
    Ok(selection)
}

fn matching<'t>(tracked: &'t [RepoPath], include: &[String], exclude: &[String]) -> Vec<&'t RepoPath> {
    // A checked plan has only patterns that build; one that does not matches nothing.
    let (Ok(include), Ok(exclude)) = (matcher(include), matcher(exclude)) else { return Vec::new() };
    tracked.iter().filter(|path| include.is_match(path.as_path()) && !exclude.is_match(path.as_path())).collect()
}
