//! Units: what one commit holds, put together from the plan and the tree. Pure.

mod calls;
mod cut;
mod select;

use crate::path::RepoPath;
use crate::plan::source::Span;
use crate::plan::{Files, Plan, RuleKind, Target, Treatment};
use crate::unit_id::UnitId;

pub use calls::{Call, calls, calls_of_batch};
pub use cut::{Pins, cut};
pub use select::{Selection, select};

/// What one commit holds: an id and one or more files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name everywhere.
    pub id: UnitId,
    /// Index into [`Plan::phases`].
    pub phase: usize,
    /// Its files, of which there is at least one, in the order of the plan.
    pub files: Vec<Member>,
}

/// One file of a unit, and where the plan speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Index into [`Plan::phases`].
    pub phase: usize,
    /// Index into the phase's targets.
    pub target: usize,
    /// The file.
    pub path: RepoPath,
}

impl Unit {
    /// The unit that one file makes up.
    #[must_use]
    pub fn of(file: Member) -> Self {
        Self { id: UnitId::of_file(&file.path), phase: file.phase, files: vec![file] }
    }

    /// The paths of its files.
    pub fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.files.iter().map(|file| &file.path)
    }

    /// True when it lands as a whole or not at all; a group that was cut for its size may land in parts.
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        self.files.len() == 1 || !self.id.is_cut()
    }

    /// Its two halves, of which the first is not the smaller; of one file the second is empty.
    #[must_use]
    pub fn halves(&self) -> [Self; 2] {
        let (first, second) = self.files.split_at(self.files.len().div_ceil(2));
        [first, second].map(|files| Self { files: files.to_vec(), ..self.clone() })
    }

    /// True when the file is one of the unit's.
    #[must_use]
    pub fn holds(&self, path: &RepoPath) -> bool {
        self.paths().any(|own| own == path)
    }
}

/// What becomes of a file of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role<'p> {
    /// Rules and edits change it.
    Rewrite,
    /// It goes.
    Delete,
    /// It is made, with this text.
    Create(&'p str),
    /// It goes: its bytes are to be at this path.
    Leave(&'p RepoPath),
    /// It is made, with the bytes of this file, which goes.
    Arrive(&'p RepoPath),
}

impl Role<'_> {
    /// True for a file that is there only afterwards.
    #[must_use]
    pub fn is_made(self) -> bool {
        matches!(self, Self::Create(_) | Self::Arrive(_))
    }

    /// True for a file that is there only before.
    #[must_use]
    pub fn goes(self) -> bool {
        matches!(self, Self::Delete | Self::Leave(_))
    }
}

impl Plan {
    /// What becomes of a file.
    #[must_use]
    pub fn role<'p>(&'p self, file: &Member) -> Role<'p> {
        let target = self.target(file);
        match (&target.treatment, target.moved()) {
            (Treatment::Rewrite, _) => Role::Rewrite,
            (Treatment::Delete, _) => Role::Delete,
            (Treatment::Create(text), _) => Role::Create(text),
            (Treatment::Move(to), Some((from, _))) if *to == file.path => Role::Arrive(from),
            (Treatment::Move(to), _) => Role::Leave(to),
        }
    }

    /// The target that a file comes from.
    #[must_use]
    pub fn target(&self, file: &Member) -> &Target {
        &self.phases[file.phase].targets[file.target]
    }

    /// Where the plan speaks of a file: its path, or the pattern that matched it.
    #[must_use]
    pub fn place(&self, file: &Member) -> Span {
        let target = self.target(file);
        let nth = match &target.files {
            Files::Paths(paths) => paths.iter().position(|path| *path == file.path).unwrap_or(0),
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

    /// True when commands of the plan have a say in what becomes of some file.
    #[must_use]
    pub fn drafts_by_commands(&self) -> bool {
        let mut targets = self.phases.iter().flat_map(|phase| &phase.targets);
        targets.any(|target| !target.format.is_empty() || self.runs_codemod(target))
    }
}
