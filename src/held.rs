//! The branch that a run belongs to: by name, from its start to its end.
//!
//! Every command of the plan, and anybody else, may move HEAD meanwhile. What was judged on one branch never lands on another, and a
//! commit of somebody else makes void what was judged without it.

use git2::Oid;

use crate::repo::{Repo, RepoProblem, Tip};
use crate::stop::{Note, Stop};

/// The branch of a run, and where it stood when it was looked at last.
#[derive(Debug)]
pub struct Held {
    tip: Tip,
    hooks: Vec<String>,
    others_came: bool,
}

/// What became of the branch since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchMove {
    /// It stands where it stood.
    None,
    /// Somebody else committed on top of it.
    Forward,
}

impl Held {
    /// Takes the branch that HEAD names now.
    ///
    /// # Errors
    /// When HEAD cannot be read.
    pub fn take(repo: &Repo) -> Result<Self, Stop> {
        Ok(Self { tip: repo.tip()?, hooks: repo.commit_hooks(), others_came: false })
    }

    /// Where the branch stood at the last look.
    #[must_use]
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    /// True when a commit was seen that its maker did not note with [`Held::moved_to`].
    #[must_use]
    pub fn others_came(&self) -> bool {
        self.others_came
    }

    /// Notes a commit of our own.
    pub fn moved_to(&mut self, commit: Oid) {
        self.tip.commit = commit;
    }

    /// Looks where the branch stands now.
    ///
    /// # Errors
    /// [`Stop::NeedsYou`] when HEAD names another branch, or the branch no longer holds what it held; [`Stop::Refused`] when an
    /// operation of git began meanwhile, or hooks were installed.
    pub fn look(&mut self, repo: &Repo) -> Result<BranchMove, Stop> {
        let now = match repo.tip() {
            Ok(now) => now,
            Err(RepoProblem::Unborn(_)) => {
                let Tip { branch, commit } = self.tip.clone();
                return Err(RepoProblem::Gone { branch, commit }.into());
            }
            Err(problem) => return Err(problem.into()),
        };
        if now.branch != self.tip.branch {
            return Err(RepoProblem::Switched { expected: self.tip.branch.clone(), found: now.branch }.into());
        }
        if let Some(operation) = repo.operation() {
            return Err(RepoProblem::Operation(operation).into());
        }
        let hooks = repo.commit_hooks();
        if hooks != self.hooks {
            let message = format!("the hooks of git were changed while the run was at work: {}", hooks.join(", "));
            return Err(Stop::Refused(Note::new(message, "look at them, then run migrate again")));
        }
        if now.commit == self.tip.commit {
            return Ok(BranchMove::None);
        }
        if !repo.contains(now.commit, self.tip.commit)? {
            let (branch, expected) = (now.branch, self.tip.commit);
            return Err(RepoProblem::Moved { branch, expected, found: now.commit }.into());
        }
        self.tip = now;
        self.others_came = true;
        Ok(BranchMove::Forward)
    }
}
