//! Which phase of a plan would migrate a file, found as [`crate::units`] finds it but for one file at a time, and by what it holds in
//! the work tree now.

use std::collections::HashMap;

use globset::GlobSet;

use crate::path::RepoPath;
use crate::plan::glob::matcher;
use crate::plan::{Files, Plan};
use crate::units::Member;

/// The targets of a plan, ready to be asked for many files.
#[derive(Debug)]
pub struct Claims<'p> {
    plan: &'p Plan,
    listed: HashMap<&'p RepoPath, (usize, usize)>,
    globs: Vec<Globs>,
}

#[derive(Debug)]
struct Globs {
    phase: usize,
    target: usize,
    include: GlobSet,
    exclude: GlobSet,
}

impl<'p> Claims<'p> {
    /// The targets of `plan`.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        let mut claims = Self { plan, listed: HashMap::new(), globs: Vec::new() };
        for (phase_at, phase) in plan.phases.iter().enumerate() {
            for (target_at, target) in phase.targets.iter().enumerate() {
                match &target.files {
                    Files::Paths(paths) => {
                        claims.listed.extend(paths.iter().map(|path| (path, (phase_at, target_at))));
                    }
                    Files::Glob { include, exclude } => {
                        // A checked plan has only patterns that build; one that does not matches nothing.
                        if let (Ok(include), Ok(exclude)) = (matcher(include), matcher(exclude)) {
                            claims.globs.push(Globs { phase: phase_at, target: target_at, include, exclude });
                        }
                    }
                }
            }
        }
        claims
    }

    /// The unit that a file with violations of these rules belongs to. A glob takes only files in which one of its rules, or an edit
    /// of its own, has something to do.
    #[must_use]
    pub fn unit(&self, path: &RepoPath, violated: &[usize]) -> Option<Member> {
        let unit = |(phase, target)| Member { phase, target, path: path.clone() };
        if let Some(at) = self.listed.get(path) {
            return Some(unit(*at));
        }
        let works = |globs: &&Globs| {
            let target = &self.plan.phases[globs.phase].targets[globs.target];
            !target.edits.is_empty() || target.rules.iter().any(|rule| violated.contains(rule)) || self.plan.runs_codemod(target)
        };
        self.globs.iter().filter(|globs| globs.matches(path)).find(works).map(|globs| unit((globs.phase, globs.target)))
    }

    /// The unit of a file that the plan names by its path.
    #[must_use]
    pub fn listed(&self, path: &RepoPath) -> Option<Member> {
        self.listed.get(path).map(|(phase, target)| Member { phase: *phase, target: *target, path: path.clone() })
    }

    /// True when a phase names the file, by its path or by a pattern.
    #[must_use]
    pub fn names(&self, phase: usize, path: &RepoPath) -> bool {
        match self.listed.get(path) {
            Some((listed, _)) => *listed == phase,
            None => self.globs.iter().any(|globs| globs.phase == phase && globs.matches(path)),
        }
    }
}

impl Globs {
    fn matches(&self, path: &RepoPath) -> bool {
        self.include.is_match(path.as_path()) && !self.exclude.is_match(path.as_path())
    }
}
