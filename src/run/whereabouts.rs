//! Where the commands of a plan run, and hooks: asked before a run, and told of it.

use crate::copies::Unavailable;
use crate::plan::{Command, Metric, Plan};
use crate::repo::HOOKS_IN_COPIES;
use crate::repo::Repo;
use crate::request::Request;
use crate::run::judging::Isolation;

/// Where they run.
#[derive(Debug)]
pub enum Whereabouts {
    /// There are none.
    Nowhere,
    /// In copies of the work tree.
    Copies {
        /// True when some are to run in the work tree itself all the same.
        some_at_tree: bool,
    },
    /// In the work tree itself, as was asked for.
    Tree,
    /// In the work tree itself, since no copies of it can be made.
    TreeForWant(Unavailable),
}

impl Whereabouts {
    /// Finds out where the commands of `plan` would run. Only scratch is written.
    #[must_use]
    pub fn find(repo: &Repo, plan: &Plan, request: &Request) -> Self {
        find(repo, plan, request).0
    }

    /// In words.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        match self {
            Self::Nowhere => None,
            Self::Copies { some_at_tree: false } => Some("commands run in copies of the work tree".to_owned()),
            Self::Copies { some_at_tree: true } => {
                Some("commands run in copies of the work tree, lists with `at: tree` in the work tree itself".to_owned())
            }
            Self::Tree => Some("commands run in the work tree itself, as was asked for".to_owned()),
            Self::TreeForWant(why) => {
                Some(format!("commands run in the work tree itself, one at a time, since no copies of it can be made: {why}"))
            }
        }
    }

    /// What to do about it, where it is not as it should be.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Nowhere | Self::Copies { .. } | Self::Tree => None,
            Self::TreeForWant(why) => Some(format!("{}; --in-place says that it is meant so", why.help())),
        }
    }
}

/// The same, with what makes the copies.
pub(super) fn find(repo: &Repo, plan: &Plan, request: &Request) -> (Whereabouts, Option<Isolation>) {
    let hooks = !request.leave.hooks && repo.commit_hooks().iter().any(|hook| HOOKS_IN_COPIES.contains(&hook.as_str()));
    if judges(plan).next().is_none() && !plan.drafts_by_commands() && !hooks {
        return (Whereabouts::Nowhere, None);
    }
    if request.in_place {
        return (Whereabouts::Tree, None);
    }
    match Isolation::open(repo, request.scratch.as_deref()) {
        Ok(isolation) => (Whereabouts::Copies { some_at_tree: some_at_tree(plan) }, Some(isolation)),
        Err(why) => (Whereabouts::TreeForWant(why), None),
    }
}

/// True when some commands are to run in the work tree itself wherever copies can be made.
pub(super) fn some_at_tree(plan: &Plan) -> bool {
    judges(plan).any(|command| command.at_tree)
}

/// The commands of a plan that judge.
pub(super) fn judges(plan: &Plan) -> impl Iterator<Item = &Command> {
    let of_phases = plan.phases.iter().flat_map(|phase| {
        let of_targets = phase.targets.iter().flat_map(|target| target.validate.iter().chain(&target.verify));
        of_targets.chain(&phase.gate)
    });
    of_phases.chain(plan.metrics.iter().filter_map(Metric::command))
}
