//! Between the last check and the first act: whoever sits at the terminal is asked, and a branch is made for the run.

use crate::forecast::{Ahead, Forecast, forecast};
use crate::held::Held;
use crate::repo::{Repo, short};
use crate::run::{Agrees, Run};
use crate::stop::{Note, Stop};
use crate::units::{Member, Unit};

impl Run<'_> {
    /// What the run would do.
    fn forecast(&self) -> Forecast {
        let taken = self.units.iter().filter_map(|standing| {
            let files: Vec<Member> = self.request.taken(standing).into_iter().cloned().collect();
            (!files.is_empty()).then(|| Unit { files, ..standing.unit.clone() })
        });
        let units: Vec<Unit> = taken.collect();
        let jobs = self.isolation.is_some().then(|| self.request.jobs());
        let ahead = Ahead { units: &units, all: &self.units, phase: self.request.phase, jobs };
        forecast(self.plan, &ahead, &self.judge.durations())
    }

    /// Ends the run when whoever is asked does not agree. Where there is nothing to commit nobody is asked.
    pub(super) fn put_to(&self, agrees: Agrees<'_>) -> Result<(), Stop> {
        let ahead = self.forecast();
        let branch = self.request.branch.as_deref().unwrap_or_else(|| short(&self.held.tip().branch));
        if ahead.commits() == 0 || agrees(&ahead, branch) {
            return Ok(());
        }
        if let Some(signal) = self.interrupt.pending() {
            return Err(Stop::Unbegun(signal));
        }
        Err(Stop::Refused(Note::new("nothing was changed", "answer y, or pass --yes; `migrate diff` shows every change")))
    }

    /// Makes the branch that was asked for, at HEAD, and holds it as the run's.
    pub(super) fn branch_off(&mut self) -> Result<(), Stop> {
        let Some(name) = &self.request.branch else { return Ok(()) };
        branch_off(self.repo, name)?;
        let held = Held::take(self.repo)?;
        if held.tip().commit != self.held.tip().commit {
            let message = format!("HEAD moved while the branch {name} was made");
            return Err(Stop::NeedsYou(Note::new(message, "see who commits here, then run again without --branch")));
        }
        self.held = held;
        Ok(())
    }
}

/// Makes a branch at HEAD and switches to it, as git does; what is not committed stays as it is.
fn branch_off(repo: &Repo, name: &str) -> Result<(), Stop> {
    let refused = |why: &str, help: &str| Stop::Usage(Note::new(format!("cannot make the branch {name}: {why}"), help));
    let said =
        repo.git().output(&["switch", "-q", "-c", name]).map_err(|problem| refused(&problem.to_string(), "install git"))?;
    if said.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&said.stderr);
    let why = why.trim().trim_start_matches("fatal: ");
    let help = match repo.git().output(&["rev-parse", "-q", "--verify", &format!("refs/heads/{name}")]) {
        Ok(there) if there.status.success() => "`git switch` goes to it, then run without --branch; or give another name",
        _ => "give another name",
    };
    Err(refused(why, help))
}
