//! Making ready: what an interrupted run left behind is put in order, and the repository is one that commits can be made in.

use crate::event::Event;
use crate::journal::Journal;
use crate::lock;
use crate::protocol::Protocol;
use crate::recover;
use crate::repo::identity::Identity;
use crate::repo::{Repo, RepoProblem};
use crate::request::Leave;
use crate::stop::Stop;

/// Puts in order what an interrupted run left behind, and makes sure that commits can be made.
///
/// # Errors
/// [`Stop`] when the repository may not be touched or a person must look.
pub fn settle(repo: &Repo, journal: &mut Journal, leave: Leave, emit: &mut dyn FnMut(Event)) -> Result<Identity, Stop> {
    repo.share_state()?;
    recover::clear_own_locks(repo, journal.records())?;
    ready(repo, leave)?;
    let identity = repo.identity()?;
    if let Some(settled) = recover::settle(&mut Protocol { repo, journal, identity: &identity })? {
        emit(Event::Recovered { unit: settled.unit, what: settled.what });
    }
    Ok(identity)
}

/// Puts in order what an interrupted run left behind where there is no plan to go on with: recovery needs none.
///
/// # Errors
/// As for [`settle`]; nothing is done, and nothing fails, while nothing was interrupted.
pub fn settle_without_plan(repo: &Repo, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
    if recover::open(&Journal::read(&repo.state_folder())?).change.is_none() {
        return Ok(());
    }
    lock::holding(&repo.state_folder(), "migrate putting an interrupted run in order", || {
        let mut journal = Journal::open(&repo.state_folder())?;
        let leave = Leave { dirty: true, detached: true, hooks: true, changed_plan: true };
        settle(repo, &mut journal, leave, emit).map(|_| ())
    })?
}

/// Fails while the repository is in a state in which nothing may be committed.
///
/// # Errors
/// [`Stop::Refused`], by name.
pub fn ready(repo: &Repo, leave: Leave) -> Result<(), Stop> {
    repo.refuse_unsettled()?;
    let tip = repo.tip()?;
    if tip.branch == "HEAD" && !leave.detached {
        return Err(RepoProblem::Detached(tip.commit).into());
    }
    Ok(())
}

/// The hooks of a commit that git 2.47 does not run when it reverts one.
pub const NOT_OF_REVERTS: [&str; 2] = ["pre-commit", "commit-msg"];

/// Fails where hooks would run in a commit of git's that do not run in ours, apart from those that `may` be there: since they are run in
/// a copy of the work tree, or since git would not run them either.
///
/// # Errors
/// [`RepoProblem::Hooks`], by name.
pub fn refuse_hooks(repo: &Repo, leave: Leave, may: &[&str]) -> Result<(), Stop> {
    let mut hooks = repo.commit_hooks();
    hooks.retain(|hook| !may.contains(&hook.as_str()));
    if hooks.is_empty() || leave.hooks { Ok(()) } else { Err(RepoProblem::Hooks(hooks).into()) }
}
