//! What a run would make of its units, commands that have a say in it included: each is drafted and none is judged or written.

use std::sync::Arc;

use crate::event::{Event, Watch};
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::lock;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::repo::Repo;
use crate::request::Request;
use crate::run::Run;
use crate::run::drafting::Drafting;
use crate::run::ended::Ended;
use crate::stop::{Note, Stop};
use crate::units::{Member, Unit};

/// What became of a unit's draft.
#[derive(Debug)]
pub enum Rehearsed {
    /// These files change.
    Changes(Vec<RehearsedFile>),
    /// There is nothing to do.
    Nothing,
    /// It cannot be made.
    Fails {
        /// Why.
        reason: String,
        /// What to do about it.
        help: String,
    },
}

/// What becomes of a file.
#[derive(Debug)]
pub struct RehearsedFile {
    /// The file.
    pub path: RepoPath,
    /// Its bytes as they are; `None` where there is no file.
    pub before: Option<Vec<u8>>,
    /// As they would be; `None` where there would be no file.
    pub after: Option<Vec<u8>>,
    /// The mode of the file, as git words it.
    pub mode: u32,
}

/// What takes the files of a unit and what became of its draft.
pub type EachUnit<'e> = dyn FnMut(&[Member], Rehearsed) -> Result<(), Stop> + 'e;

/// Drafts every unit that a run would take up, in the order of the plan, and gives what became of it to `each`, with the files it was
/// asked of. Commands that draft are started, in copies of the work tree; the logs they leave are those of a run.
///
/// # Errors
/// [`Stop`] for whatever would keep a run from starting, where no copies can be made, and what `each` fails with.
pub fn rehearse(
    repo: &Repo,
    plan: &Plan,
    request: &Request,
    (interrupt, watch): (&Interrupt, Watch),
    each: &mut EachUnit<'_>,
    emit: &mut dyn FnMut(Event),
) -> Result<(), Stop> {
    let what = format!("drafts of the plan {}", plan.name);
    lock::holding(&repo.state_folder(), &what, || {
        let journal = Journal::open(&repo.state_folder())?;
        let (mut run, _) =
            Run::start((repo, plan), request, (interrupt, watch, Arc::default()), journal, repo.identity()?, emit)?;
        if run.isolation.is_none() && plan.drafts_by_commands() {
            let message = "drafts are shown with their commands only where copies of the work tree can be made";
            let help = "run it without --in-place; `migrate check` says why no copies can be made";
            return Err(Stop::Refused(Note::new(message, help)));
        }
        for standing in run.units.clone() {
            let files: Vec<Member> = request.taken(&standing).into_iter().cloned().collect();
            let unit = Unit { files, ..standing.unit };
            if unit.files.is_empty() || !run.is_drafted_by_commands(&unit) {
                continue;
            }
            if let Some(signal) = interrupt.pending() {
                return Err(Stop::Interrupted(signal));
            }
            each(&unit.files, run.rehearsed(&unit, emit)?)?;
        }
        Ok(())
    })?
}

impl Run<'_> {
    fn rehearsed(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Rehearsed, Stop> {
        Ok(match self.draft(unit, emit)? {
            Drafting::Made(_, draft) => Rehearsed::Changes(
                (draft.files.iter())
                    .map(|file| RehearsedFile {
                        path: file.path.clone(),
                        before: file.old_text().map(<[u8]>::to_vec),
                        after: file.new_text().map(<[u8]>::to_vec),
                        mode: file.old_mode(),
                    })
                    .collect(),
            ),
            Drafting::Ended(Ended::Failed(failure)) => Rehearsed::Fails { reason: failure.reason, help: failure.help },
            Drafting::Ended(Ended::Unchanged | Ended::Committed) => Rehearsed::Nothing,
            Drafting::Void => {
                let help = "wait until nobody commits, then run it again";
                return Err(Stop::NeedsYou(Note::new("the branch got other commits meanwhile", help)));
            }
        })
    }
}
