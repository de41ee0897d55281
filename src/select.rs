//! Plan times tree: which units there are, in which order. Pure.
//!
//! A file belongs to one unit: an entry that lists it by path claims it before any glob does, and among globs the first wins. The
//! order is the plan's, within a glob that of the paths' bytes, so it is the same in every clone and after every resume.

use std::collections::BTreeSet;

use crate::path::RepoPath;
use crate::plan::glob::matcher;
use crate::plan::source::Span;
use crate::plan::{Files, Plan, RuleKind, Target};

/// One file to migrate, and where the plan speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Index into [`Plan::phases`].
    pub phase: usize,
    /// Index into the phase's targets.
    pub target: usize,
    /// The file; also the unit's name.
    pub path: RepoPath,
}

/// The units of a plan in one tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// All of them, in the order of the plan.
    pub units: Vec<Unit>,
    /// Globs that match no tracked file at all: phase and target.
    pub unmatched: Vec<(usize, usize)>,
}

impl Plan {
    /// The target that a unit comes from.
    #[must_use]
    pub fn target(&self, unit: &Unit) -> &Target {
        &self.phases[unit.phase].targets[unit.target]
    }

    /// Where the plan speaks of a unit: its path, or the pattern that matched it.
    #[must_use]
    pub fn place(&self, unit: &Unit) -> Span {
        let target = self.target(unit);
        let nth = match &target.files {
            Files::Paths(paths) => paths.iter().position(|path| *path == unit.path).unwrap_or(0),
            Files::Glob { .. } => 0,
        };
        target.places.files.get(nth).copied().unwrap_or_default()
    }

    /// True when some target names its files by pattern, so that the tree must be listed.
    #[must_use]
    pub fn has_globs(&self) -> bool {
        self.phases.iter().flat_map(|phase| &phase.targets).any(|target| matches!(target.files, Files::Glob { .. }))
    }

    /// True when an external codemod is among a target's rules, so that only a run can tell what it would change.
    #[must_use]
    pub fn runs_codemod(&self, target: &Target) -> bool {
        target.rules.iter().any(|rule| matches!(self.rules[*rule].kind, RuleKind::Command(_)))
    }
}

/// Finds the units of `plan` among the `tracked` paths, which are in the order of their bytes. Of the files that a glob matches,
/// only those are units of which `holds` says that there is, or was, something to do; it is told too how many files the plan speaks
/// of, those that it lists and those that its patterns match.
///
/// # Errors
/// What `holds` fails with.
pub fn select<E>(
    plan: &Plan,
    tracked: &[RepoPath],
    mut holds: impl FnMut(&Unit, usize) -> Result<bool, E>,
) -> Result<Selection, E> {
    let mut taken: BTreeSet<&RepoPath> = BTreeSet::new();
    for target in plan.phases.iter().flat_map(|phase| &phase.targets) {
        if let Files::Paths(paths) = &target.files {
            taken.extend(paths);
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
            let unit = |path: &RepoPath| Unit { phase: phase_at, target: target_at, path: path.clone() };
            match &target.files {
                Files::Paths(paths) => selection.units.extend(paths.iter().map(unit)),
                Files::Glob { .. } => {
                    let matches = matches.next().unwrap_or_default();
                    if matches.is_empty() {
                        selection.unmatched.push((phase_at, target_at));
                    }
                    for path in matches {
                        let unit = unit(path);
                        if !taken.contains(path) && holds(&unit, of)? {
                            taken.insert(path);
                            selection.units.push(unit);
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
