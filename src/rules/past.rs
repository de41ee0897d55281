//! Whether rules matched once: in what the plan's commits changed by them, and in what the plan began with.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::ControlFlow;

use git2::Oid;

use crate::interrupt::Interrupt;
use crate::message::trailers::{Trailers, trailers};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::repo::{Repo, RepoProblem};
use crate::rules::sight::Sought;
use crate::stop::Stop;

/// What the commits of a plan say.
#[derive(Debug, Default)]
pub struct Trail {
    /// The rules that match what a commit names them for, as it was before.
    pub matched: BTreeSet<usize>,
    /// The first commit with a trailer of the plan, when the walk came that far.
    first: Option<Oid>,
    /// Something could not be looked at.
    pub cut: bool,
}

/// Walks from `tip` back over the commits of the plan until all `wanted` rules are found.
///
/// # Errors
/// When the history cannot be read.
pub fn follow(repo: &Repo, tip: Oid, plan: &Plan, sought: &Sought, wanted: &BTreeSet<usize>) -> Result<Trail, Stop> {
    let mut trail = Trail { cut: repo.is_shallow(), ..Trail::default() };
    repo.walk_newest(tip, &mut |commit, message| {
        for block in trailers(message) {
            let Trailers::Applied(ours) = block else { continue };
            if ours.plan != plan.name {
                continue;
            }
            trail.first = Some(commit);
            let Ok(path) = RepoPath::new(ours.unit) else { continue };
            let open = wanted.iter().filter(|rule| ours.rules.contains(&plan.rules[**rule].name));
            for rule in open.copied().filter(|rule| !trail.matched.contains(rule)).collect::<Vec<_>>() {
                match before(repo, commit)
                    .and_then(|parent| Ok((parent, sought.in_commit(repo, parent.unwrap_or(commit), &path, rule)?)))
                {
                    Ok((Some(_), true)) => {
                        trail.matched.insert(rule);
                    }
                    Ok(_) => {}
                    // A clone may lack what is older or what it did not need yet: that decides nothing.
                    Err(_) => trail.cut = true,
                }
            }
        }
        if trail.matched.len() == wanted.len() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(trail)
}

impl Trail {
    /// Looks for the `wanted` rules in what was there before the first commit of the plan, and before its file came.
    ///
    /// # Errors
    /// When the history cannot be read; [`Stop::Unbegun`].
    pub fn beginning(
        mut self,
        repo: &Repo,
        tip: Oid,
        (plan, sought): (&Plan, &Sought),
        wanted: &BTreeSet<usize>,
        interrupt: &Interrupt,
    ) -> Result<Self, Stop> {
        for first in [self.first, added(repo, plan)?].into_iter().flatten() {
            // What a root holds was there from the beginning.
            let Ok(from) = before(repo, first).map(|parent| parent.unwrap_or(first)) else { continue };
            let (Ok(old), Ok(new)) = (repo.tree_of(from), repo.tree_of(tip)) else {
                self.cut = true;
                continue;
            };
            // What is as it was has been looked at already.
            for path in repo.changed_between(old, new)? {
                if let Some(signal) = interrupt.pending() {
                    return Err(Stop::Unbegun(signal));
                }
                for rule in wanted {
                    if !self.matched.contains(rule) {
                        match sought.in_commit(repo, from, &path, *rule) {
                            Ok(true) => {
                                self.matched.insert(*rule);
                            }
                            Ok(false) => {}
                            // See above.
                            Err(_) => self.cut = true,
                        }
                    }
                }
            }
        }
        Ok(self)
    }
}

fn before(repo: &Repo, commit: Oid) -> Result<Option<Oid>, Stop> {
    Ok(repo.parent_of(commit)?)
}

/// The commit that added the plan's file; `None` when git does not track it.
fn added(repo: &Repo, plan: &Plan) -> Result<Option<Oid>, Stop> {
    // The top may be reached through a link; the plan's own path has none.
    let top = repo.top().canonicalize().unwrap_or_else(|_| repo.top().to_owned());
    let Some(path) = plan.file.as_ref().and_then(|file| file.strip_prefix(top).ok()) else { return Ok(None) };
    let mut args: Vec<OsString> =
        ["--literal-pathspecs", "log", "--format=%H", "--diff-filter=A", "--no-renames", "--"].map(Into::into).to_vec();
    args.push(path.into());
    let listed = repo.git().ask(&args, b"").map_err(RepoProblem::from)?;
    let lines = listed.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    // The newest comes first.
    Ok(lines.filter(|line| !line.is_empty()).rev().find_map(|line| Oid::from_str(line).ok()))
}
