//! What was red before: a command that fails without a unit says nothing against it.
//!
//! A command that reads no file's name is asked on the tip before the first unit that it is to judge, so that it is known which tests fail
//! there and how many there are; after that each unit that lands says it of the next tip. A verify command that does is asked before each
//! unit, since once it has failed the commit is there. A validate command that does is asked when it fails: nothing is committed then, and
//! one that a unit turns green is no failure. Where failing tests can be read, a unit answers for new ones only.

use sha2::{Digest, Sha256};

use crate::event::Event;
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{OnTip, Passing, Purpose, named};
use crate::path::RepoPath;
use crate::plan::{Command, Target};
use crate::run::Run;
use crate::run::ended::{Ended, Failure, Tried};
use crate::run::judging::Candidate;
use crate::stop::{Note, Stop};
use crate::units::{Call, Unit, calls};
use crate::verdict::VerdictKind;

/// What came of asking before a unit begins.
pub(super) enum Asked {
    /// All is known that need be.
    Enough,
    /// A verify command fails without the unit, and does not say in which tests: it could only be committed and taken back.
    RedBefore(Failure),
    /// Somebody else committed meanwhile.
    Void,
}

impl Run<'_> {
    /// Asks on the tip what has to be known there before the unit begins.
    ///
    /// # Errors
    /// [`Stop::Failed`] when a command that judges other units too is red there and names no tests.
    pub(super) fn ask_before(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Asked, Stop> {
        for purpose in [Purpose::Validate, Purpose::Verify] {
            for call in calls(self.plan, &unit.files, commands_for(purpose)) {
                // A validate command is asked once ahead; what it says later is what it says of the units.
                let needed = match purpose {
                    Purpose::Verify => self.can_be_asked(unit, &call),
                    _ => judges_the_whole(&call.command) && self.asked.insert(call.command.run.clone()),
                };
                if !needed || self.judge.is_left_out(&call.command) {
                    continue;
                }
                match self.ask(purpose, unit, &call, emit)? {
                    None => {
                        self.asked.remove(&call.command.run);
                        return Ok(Asked::Void);
                    }
                    Some(OnTip::RedUnread(why)) if purpose == Purpose::Verify => {
                        return Ok(Asked::RedBefore(self.red_before(purpose, unit, &call, &why)?));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(Asked::Enough)
    }

    /// How an attempt ends whose validation failed in its `nth` call: the command is asked on the tip, where the unit is not.
    pub(super) fn unless_red_before(
        &mut self,
        unit: &Unit,
        nth: usize,
        failed: Failure,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Tried, Stop> {
        let ended = |failure| Ok(Tried::Ended(Ended::Failed(failure)));
        let calls = calls(self.plan, &unit.files, commands_for(Purpose::Validate));
        let Some(call) = calls.into_iter().nth(nth).filter(|call| self.can_be_asked(unit, call)) else { return ended(failed) };
        let was_known = self.judge.known(&self.key(unit, &call)).is_some();
        // Of which tip it is true is known only while the branch stands still.
        let Some(says) = self.ask(Purpose::Validate, unit, &call, emit)? else { return Ok(Tried::Void) };
        match says {
            OnTip::RedUnread(why) => {
                let red = self.red_before(Purpose::Validate, unit, &call, &why)?;
                ended(Failure { log: failed.log, ..red })
            }
            OnTip::Red(..) if !was_known => Ok(Tried::Again),
            OnTip::Red(..) | OnTip::Green(_) => ended(failed),
        }
    }

    /// What a call says on the tip, asked there unless that is known; `None` when somebody else committed meanwhile.
    fn ask(&mut self, purpose: Purpose, unit: &Unit, call: &Call, emit: &mut dyn FnMut(Event)) -> Result<Option<OnTip>, Stop> {
        let key = self.key(unit, call);
        if let Some(says) = self.judge.known(&key) {
            return Ok(Some(says));
        }
        let question = self.question(Purpose::Before, unit, std::slice::from_ref(call));
        // It runs where the list runs of which it is one.
        let list = calls(self.plan, &unit.files, commands_for(purpose));
        let (verdict, since) = match self.isolates(&list) {
            true => self.judged(question, &Candidate::new(), emit)?,
            false => self.judged_in_place(question, emit)?,
        };
        self.refuse_changed_tree(&list, "a command that was asked before its unit")?;
        if since == BranchMove::Forward {
            return Ok(None);
        }
        let whole = key.of_the_whole().map(ToOwned::to_owned);
        let says = self.judge.learn_on_tip(key, verdict);
        tell_red(call, "any unit", &says, emit);
        if let (OnTip::Green(tests), Some(command)) = (&says, &whole) {
            self.note_green(vec![(command.clone(), *tests)])?;
        }
        Ok(Some(says))
    }

    /// Remembers what commands that passed say of the tip: what they judged has landed there.
    pub(super) fn learn(&mut self, passed: Vec<Passing>) -> Result<(), Stop> {
        let green = passed.iter().filter_map(Passing::green).collect();
        self.judge.learn(passed);
        self.note_green(green)
    }

    /// Notes which commands pass on the tip, for a run that goes on when this one is interrupted.
    fn note_green(&mut self, green: Vec<(String, Option<usize>)>) -> Result<(), Stop> {
        if green.is_empty() {
            return Ok(());
        }
        let (tree, environment) = (self.repo.tree_of(self.held.tip().commit)?.to_string(), environment());
        for (command, tests) in green {
            let (plan, tree, environment) = (self.plan.name.clone(), tree.clone(), environment.clone());
            self.journal.note(Record::Green { plan, tree, command, tests, environment })?;
        }
        Ok(())
    }

    /// Takes over what a run of this plan that was interrupted noted of the tip. Only what passes: what failed may have been put right by
    /// something outside the tree.
    pub(super) fn recall(&self) -> Result<(), Stop> {
        let (tip, now) = (self.repo.tree_of(self.held.tip().commit)?.to_string(), environment());
        let records = self.journal.records();
        let since = records.iter().rposition(|record| matches!(record, Record::RunFinished { .. })).unwrap_or(0);
        let green = records[since..].iter().filter_map(|record| match record {
            Record::Green { plan, tree, command, tests, environment }
                if *plan == self.plan.name && *tree == tip && *environment == now =>
            {
                Some((command.clone(), *tests))
            }
            _ => None,
        });
        self.judge.recall(green);
        Ok(())
    }

    fn key(&self, unit: &Unit, call: &Call) -> crate::judge::CallKey {
        self.judge.key(call, &self.plan.phases[unit.phase].id, Some(&unit.id))
    }

    /// How a unit fails one of whose commands fails without it too, and does not say in which tests.
    ///
    /// # Errors
    /// [`Stop::Failed`] where the command judges other units of the phase too: they would fail alike.
    fn red_before(&self, purpose: Purpose, unit: &Unit, call: &Call, why: &str) -> Result<Failure, Stop> {
        let shown = self.judge.shown(call, &self.plan.phases[unit.phase].id, Some(&unit.id));
        let (run, word) = (&call.command.run, purpose.word());
        let reason = format!("red before: {word} `{shown}` fails without the unit: {why}");
        let turn = if purpose == Purpose::Verify { "make it a validate command if the unit is to turn it green, " } else { "" };
        let help = format!(
            "make it pass first, {turn}or give it `report: junit`; `migrate run --red-ok {}` goes on without asking it",
            run.quoted()
        );
        if judges_the_whole(&call.command) && self.judges_others(purpose, unit, &call.command) {
            return Err(Stop::Failed(Note::new(reason, help)));
        }
        Ok(Failure { verdict: Some(VerdictKind::RedBefore), ..Failure::found(reason, help) })
    }

    /// True when the command is to judge other units of the phase too.
    fn judges_others(&self, purpose: Purpose, unit: &Unit, command: &Command) -> bool {
        let others = self.units.iter().filter(|other| other.unit.phase == unit.phase && other.unit.id != unit.id);
        let mut files = others.flat_map(|other| &other.unit.files);
        files.any(|file| commands_for(purpose)(self.plan.target(file)).contains(command))
    }

    /// True when what the call is about is there without the unit.
    fn can_be_asked(&self, unit: &Unit, call: &Call) -> bool {
        let is_made = |path: &RepoPath| unit.files.iter().any(|file| file.path == *path && self.plan.role(file).is_made());
        let names = call.command.run.names_file() || call.command.run.names_files();
        !names || !call.file.iter().chain(&call.files).any(is_made)
    }
}

/// Tells which tests fail without what is to be judged, where some do.
pub(super) fn tell_red(call: &Call, without: &str, says: &OnTip, emit: &mut dyn FnMut(Event)) {
    let OnTip::Red(failures, total) = says else { return };
    if failures.is_empty() {
        return;
    }
    let (run, count, names) = (&call.command.run, failures.len(), named(failures.iter(), failures.len()));
    let message = format!("`{run}` fails without {without}: {count} of {total} tests: {names}; only new failures count");
    emit(Event::Warning { message, help: None });
}

/// The commands of an entry that are for this.
fn commands_for(purpose: Purpose) -> impl for<'t> Fn(&'t Target) -> &'t [Command] {
    move |target: &Target| if purpose == Purpose::Verify { &target.verify[..] } else { &target.validate[..] }
}

/// True for a command that says nothing of which unit or file it is about.
fn judges_the_whole(command: &Command) -> bool {
    !(command.run.names_file() || command.run.names_files() || command.run.names_unit())
}

/// The digest of the variables that say which programs and packages a command finds.
fn environment() -> String {
    let is_told = |name: &str| matches!(name, "PATH" | "VIRTUAL_ENV" | "CONDA_PREFIX") || name.starts_with("PYTHON");
    let mut told: Vec<_> = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_told)).collect();
    told.sort();
    let mut sum = Sha256::new();
    for (name, value) in told {
        for part in [name, value] {
            sum.update(part.as_encoded_bytes());
            sum.update([0]);
        }
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
