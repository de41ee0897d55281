//! What `migrate check` says at its end of a run to come.

use std::collections::BTreeSet;
use std::io;

use crate::dispatch::{Session, printed};
use crate::forecast::{Ahead, Forecast, forecast};
use crate::judge::Durations;
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::preview::{Foreseen, Foresight, What};
use crate::report::forecast::{self as printer, Refusal};
use crate::report::look::Look;
use crate::report::text;
use crate::request::Request;
use crate::run::Whereabouts;
use crate::stop::Stop;
use crate::units::Unit;

/// What was seen of the files, as far as it decides what a run would do.
#[derive(Debug, Default)]
pub(super) struct Beheld {
    /// Those that could not be changed.
    pub(super) refused: Vec<Refusal>,
    /// Those of which no commit would come, with their phases.
    idle: BTreeSet<(usize, RepoPath)>,
}

impl Beheld {
    /// Takes note of one file.
    pub(super) fn see(&mut self, plan: &Plan, foreseen: &Foreseen) {
        match &foreseen.what {
            What::Change { .. } | What::NeedsCodemod => return,
            What::Nothing(_) => {}
            What::Unsound(unsound) => {
                let (reason, help) = (unsound.reason.clone(), unsound.help.clone());
                let phase = plan.phases[foreseen.phase].id.clone();
                self.refused.push(Refusal { file: foreseen.file.to_string(), phase, reason, help });
            }
        }
        self.idle.insert((foreseen.phase, foreseen.file.clone()));
    }

    /// The units of which commits would come, each with the files that change.
    fn units(&self, taken: Vec<Unit>) -> Vec<Unit> {
        let changed = |mut unit: Unit| {
            unit.files.retain(|file| !self.idle.contains(&(unit.phase, file.path.clone())));
            (!unit.files.is_empty()).then_some(unit)
        };
        taken.into_iter().filter_map(changed).collect()
    }
}

impl Session<'_> {
    /// What a run would do by what was seen.
    pub(super) fn forecast(
        &self,
        request: &Request,
        whereabouts: &Whereabouts,
        beheld: &Beheld,
        foresight: &Foresight,
    ) -> Forecast {
        let jobs = matches!(whereabouts, Whereabouts::Copies { .. }).then(|| request.jobs());
        let units = beheld.units(foresight.taken.clone());
        let ahead = Ahead { units: &units, all: &foresight.all, phase: request.phase, jobs };
        forecast(&self.plan, &ahead, &Durations::load(&self.repo.state_folder()))
    }

    /// Writes the table of a run to come, and what it would refuse.
    pub(super) fn tell_ahead(&self, forecast: &Forecast, beheld: &Beheld) -> Result<(), Stop> {
        let look = Look::of(&io::stdout());
        printed(text::result(&mut io::stdout(), &printer::text(look, forecast)))?;
        printed(text::result(&mut io::stdout(), &printer::refusals(look, &beheld.refused)))
    }
}
