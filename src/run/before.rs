//! What was red before: a command that fails without a unit says nothing against it.
//!
//! A validate command is asked on the tip when it fails: nothing is committed then, and one that a unit turns green is no failure. Where
//! failing tests can be read, the unit answers for new ones only. A verify command judges a commit, and is not asked without it.

use crate::event::Event;
use crate::held::BranchMove;
use crate::judge::{OnTip, Purpose, named};
use crate::path::RepoPath;
use crate::plan::Command;
use crate::run::Run;
use crate::run::one::{Ended, Failure, Tried};
use crate::stop::{Note, Stop};
use crate::units::{Call, Unit, calls};

impl Run<'_> {
    /// How an attempt ends whose validation failed in its `nth` call: the command is asked on the tip, where the unit is not.
    pub(super) fn unless_red_before(
        &mut self,
        unit: &Unit,
        nth: usize,
        failed: Failure,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Tried, Stop> {
        let ended = |failure| Ok(Tried::Ended(Ended::Failed(failure)));
        let calls = calls(self.plan, &unit.files, |target| &target.validate);
        let Some(call) = calls.into_iter().nth(nth).filter(|call| self.can_be_asked(unit, call)) else { return ended(failed) };
        let phase = &self.plan.phases[unit.phase].id;
        let key = self.judge.key(&call, phase, Some(&unit.id));
        if self.judge.known(&key).is_some() {
            return ended(failed);
        }
        let asked = (std::slice::from_ref(&call), false);
        let (verdict, since) = self.judged(Purpose::Before, asked, phase, Some(&unit.id), emit)?;
        self.refuse_changed_others(&[], "a command that was asked before its unit")?;
        // Of which tip it is true is known only while the branch stands still.
        if since == BranchMove::Forward {
            return Ok(Tried::Void);
        }
        match self.judge.learn_on_tip(key, verdict) {
            OnTip::Green(_) => ended(failed),
            OnTip::Red(failures, total) => {
                let (count, names) = (failures.len(), named(failures.iter(), failures.len()));
                let run = &call.command.run;
                let message =
                    format!("`{run}` fails without any unit: {count} of {total} tests: {names}; only new failures count");
                emit(Event::Warning { message, help: None });
                Ok(Tried::Again)
            }
            OnTip::RedUnread(why) => {
                let shown = self.judge.shown(&call, phase, Some(&unit.id));
                let failure = red_before(&shown, &call.command, &why);
                if is_about_files(&call.command) || !self.judges_others(unit, &call.command) {
                    return ended(failure);
                }
                Err(Stop::Failed(Note::new(failure.reason, failure.help)))
            }
        }
    }

    /// True when the command is to judge other units of the phase too.
    fn judges_others(&self, unit: &Unit, command: &Command) -> bool {
        let others = self.units.iter().filter(|other| other.unit.phase == unit.phase && other.unit.id != unit.id);
        let mut files = others.flat_map(|other| &other.unit.files);
        files.any(|file| self.plan.target(file).validate.contains(command))
    }

    /// True when what the call is about is there without the unit.
    fn can_be_asked(&self, unit: &Unit, call: &Call) -> bool {
        let is_made = |path: &RepoPath| unit.files.iter().any(|file| file.path == *path && self.plan.role(file).is_made());
        !is_about_files(&call.command) || !call.file.iter().chain(&call.files).any(is_made)
    }
}

/// True for a command that says which files it is about.
fn is_about_files(command: &Command) -> bool {
    command.run.names_file() || command.run.names_files()
}

fn red_before(shown: &str, command: &Command, why: &str) -> Failure {
    let reason = format!("red before: validate `{shown}` fails without the unit: {why}");
    let help = format!("make it pass first, or give it `report: junit`; --red-ok '{}' goes on without asking it", command.run);
    Failure { reason, help, log: None, reverted: false }
}
