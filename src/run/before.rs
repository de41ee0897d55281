//! What was red before: a command that fails without a unit says nothing against it.
//!
//! A command that reads no file's name is asked on the tip before the first unit that it is to judge, so that it is known which tests fail
//! there and how many there are; after that each unit that lands says it of the next tip. A verify command that does is asked before each
//! unit, since once it has failed the commit is there. A validate command that does is asked when it fails: nothing is committed then, and
//! one that a unit turns green is no failure. Where failing tests can be read, a unit answers for new ones only.

use git2::Oid;

use crate::event::Event;
use crate::held::BranchMove;
use crate::journal::Record;
use crate::judge::{CallKey, OnTip, Passing, Purpose, named};
use crate::path::RepoPath;
use crate::plan::{Command, Target};
use crate::run::Run;
use crate::run::ended::{Ended, Failure, Tried};
use crate::run::environment::{environment, missing};
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
        let calls = calls(self.plan, &unit.files, commands_for(Purpose::Validate));
        match calls.get(nth) {
            Some(call) => self.unless_call_was_red_before(unit, call, failed, emit),
            None => Ok(Tried::Ended(Ended::Failed(failed))),
        }
    }

    /// The same where it is known which call failed.
    pub(super) fn unless_call_was_red_before(
        &mut self,
        unit: &Unit,
        call: &Call,
        failed: Failure,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Tried, Stop> {
        let ended = |failure| Ok(Tried::Ended(Ended::Failed(failure)));
        if !self.can_be_asked(unit, call) {
            return ended(failed);
        }
        let was_known = self.judge.known(&self.key(unit, call)).is_some();
        // Of which tip it is true is known only while the branch stands still.
        let Some(says) = self.ask(Purpose::Validate, unit, call, emit)? else { return Ok(Tried::Void) };
        match says {
            OnTip::RedUnread(why) => {
                let red = self.red_before(Purpose::Validate, unit, call, &why)?;
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
        let says = self.judge.learn_on_tip(key.clone(), verdict);
        tell_red(call, "any unit", &says, emit);
        if let OnTip::Green(tests) = &says {
            let tree = self.repo.tree_of(self.held.tip().commit)?;
            self.note_green(tree, unit.phase, [(&key, *tests)])?;
        }
        Ok(Some(says))
    }

    /// Remembers what commands that passed say of the tip: what they judged has landed there.
    pub(super) fn learn(&mut self, phase: usize, passed: Vec<Passing>) -> Result<(), Stop> {
        let tree = self.repo.tree_of(self.held.tip().commit)?;
        self.note_green(tree, phase, passed.iter().filter_map(Passing::green))?;
        self.judge.learn(passed);
        Ok(())
    }

    /// Keeps which commands pass on a tree, for this run and for one that goes on when it is interrupted.
    pub(super) fn note_green<'k>(
        &mut self,
        tree: Oid,
        phase: usize,
        green: impl IntoIterator<Item = (&'k CallKey, Option<usize>)>,
    ) -> Result<(), Stop> {
        let id = &self.plan.phases[phase].id;
        for (key, tests) in green {
            if !self.judge.keep(tree, id, key, tests) {
                continue;
            }
            let CallKey { shown: command, file, unit } = key.clone();
            // What changed outside of the tree while the command ran makes it unknown what it passed with.
            if self.plan.cache.inputs.is_some() && environment(&self.plan.cache, self.repo.top()) != self.environment {
                continue;
            }
            let (plan, phase, environment) = (self.plan.name.clone(), id.clone(), self.environment.clone());
            let tree = tree.to_string();
            self.journal.note(Record::Green { plan, tree, phase, command, file, unit, tests, environment })?;
        }
        Ok(())
    }

    /// Takes over what a run of this plan that was interrupted noted, and where the plan says on what verdicts depend what all earlier runs
    /// did. Only what passes: what failed may have been put right by something outside the tree.
    pub(super) fn recall(&self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        for input in missing(&self.plan.cache, self.repo.top()) {
            let message = format!("the input {input} of `cache` is not there: commands that passed without it count as passed");
            emit(Event::Warning { message, help: Some("correct its path, or remove it from the plan".to_owned()) });
        }
        let tip = self.repo.tree_of(self.held.tip().commit)?;
        let records = self.journal.records();
        let since = match self.plan.cache.inputs {
            Some(_) => 0,
            None => records.iter().rposition(|record| matches!(record, Record::RunFinished { .. })).unwrap_or(0),
        };
        for record in &records[since..] {
            let Record::Green { plan, tree, phase, command, file, unit, tests, environment } = record else { continue };
            let Ok(tree) = Oid::from_str(tree) else { continue };
            if *plan != self.plan.name || *environment != self.environment {
                continue;
            }
            let key = CallKey { shown: command.clone(), file: file.clone(), unit: unit.clone() };
            self.judge.keep(tree, phase, &key, *tests);
            if tree == tip {
                self.judge.recall(key, *tests);
            }
        }
        Ok(())
    }

    fn key(&self, unit: &Unit, call: &Call) -> CallKey {
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
