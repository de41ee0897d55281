//! One unit through the write protocol: prepared, placed, judged, committed, judged again; or wholly as it was.

use git2::Oid;

use crate::compose::{self, Rewritten};
use crate::event::{Activity, Event};
use crate::fs;
use crate::journal::Record;
use crate::judge::{Purpose, Verdict};
use crate::path::RepoPath;
use crate::plan::Command;
use crate::protocol::{Change, ChangedFile, Protocol};
use crate::recover;
use crate::rewrite::follow::Spot;
use crate::run::{Run, label};
use crate::select::Unit;
use crate::stop::{Note, Stop};
use crate::survey::State;
use crate::takeback::{self, Reason};
use crate::unit::segments::{self, Segment};
use crate::unit::sound::{Unsound, Warning};
use crate::unit::{self, Made, Outcome, Prepared};

/// How one unit ended.
pub(super) enum Ended {
    Committed,
    Unchanged,
    Failed(Failure),
}

/// What failed in a unit, and what became of it.
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) help: String,
    pub(super) log: Option<String>,
    /// True when its commit was taken back.
    pub(super) reverted: bool,
}

/// What the transforms made, or how the unit ended instead.
type Transformed = Result<Made, Ended>;

impl From<Unsound> for Failure {
    fn from(unsound: Unsound) -> Self {
        Self { reason: unsound.reason, help: unsound.help, log: None, reverted: false }
    }
}

impl Run<'_> {
    /// One unit through the whole protocol.
    pub(super) fn unit(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let name = unit.path.to_string();
        let doing = |activity| Event::Doing { unit: name.clone(), activity };
        let target = self.plan.target(unit);
        let phase = &self.plan.phases[unit.phase];
        emit(doing(Activity::Reading));
        let tip = self.repo.tip()?;
        let Prepared { target: found, converted, outcome } =
            unit::prepare(self.repo, self.plan, &tip, unit, &self.conversions, &self.callables)?;
        let made = match outcome {
            Outcome::Unchanged(warnings) => {
                warnings.into_iter().for_each(|warning| emit(warned(&unit.path, warning)));
                return Ok(Ended::Unchanged);
            }
            Outcome::Unsound(unsound) => return Ok(Ended::Failed(unsound.into())),
            Outcome::Changed(made) => Some(made),
            Outcome::NeedsCodemod => None,
        };
        let after = made.as_ref().map(|made| made.bytes.clone());
        let mut change = Change {
            plan: self.plan.name.clone(),
            phase: phase.id.clone(),
            unit: unit.path.clone(),
            tip,
            files: vec![ChangedFile::new(found, converted, after)?],
            reverts: None,
            verify: !target.verify.is_empty(),
        };
        self.protocol().begin(&change)?;
        emit(doing(Activity::Placing));
        let placed = match made {
            Some(made) => self.protocol().place(&change).map(|()| Ok(made)),
            None => self.transform(unit, &mut change, emit),
        };
        let made = match placed {
            Ok(Ok(made)) => made,
            Ok(Err(ended)) => return self.undo(&change, ended, emit),
            Err(stop) => return Err(self.give_up(&change, stop)),
        };
        let shown = match self.validate(unit, &change, &target.validate, emit) {
            Ok(Verdict::Passed(shown)) => shown,
            Ok(Verdict::Failed { reason, log, .. }) => {
                // The file is put back: a person finds in it what was there before.
                made.warnings.before.into_iter().for_each(|warning| emit(warned(&unit.path, warning)));
                let help = format!("see {}", log.display());
                let failure = Failure { reason, help, log: Some(log.display().to_string()), reverted: false };
                return self.undo(&change, Ended::Failed(failure), emit);
            }
            Err(stop) => return Err(self.give_up(&change, stop)),
        };
        emit(doing(Activity::Committing));
        let file = &change.files[0];
        let (before, after) = (&file.target.found.bytes, file.after.as_deref().unwrap_or_default());
        let rewritten = Rewritten { before, after, imports: &made.imports, rules: &made.rules };
        let composed = compose::commit(self.plan, &self.digest, unit, &rewritten, &shown, self.request.leave.hooks);
        let composed = match composed {
            Ok(composed) => composed,
            Err(note) => return Err(self.give_up(&change, Stop::Usage(note))),
        };
        let landed = self.protocol().land(&change, &composed.message, &format!("commit (migrate): {}", composed.subject));
        let commit = match landed {
            Ok(commit) => commit,
            Err(stop) => return Err(self.give_up(&change, stop)),
        };
        self.set_state(unit, State::Committed { commit });
        // From here on the file is what the rules made of it.
        made.warnings.after.into_iter().for_each(|warning| emit(warned(&unit.path, warning)));
        emit(Event::UnitCommitted {
            unit: name,
            commit: commit.to_string(),
            subject: composed.subject,
            lines_added: composed.lines_added,
            lines_removed: composed.lines_removed,
        });
        self.verify(unit, commit, emit)
    }

    /// Runs a unit's transforms when external codemods are among them. What a codemod leaves of the file is its work and nobody
    /// else's, however it ended: it is noted, so that it can be taken back.
    fn transform(&mut self, unit: &Unit, change: &mut Change, emit: &mut dyn FnMut(Event)) -> Result<Transformed, Stop> {
        let placed = self.codemods(unit, change, emit);
        if !matches!(placed, Ok(Ok(_)))
            && let Ok(found) = fs::read(self.repo.top(), &unit.path)
        {
            change.files[0].after = Some(found.bytes);
            self.protocol().transformed(change)?;
        }
        placed
    }

    /// Runs the transforms one after the other, on the file in the work tree.
    fn codemods(&mut self, unit: &Unit, change: &mut Change, emit: &mut dyn FnMut(Event)) -> Result<Transformed, Stop> {
        let before = change.files[0].target.found.bytes.clone();
        let aside = change.files[0].aside.clone();
        let (repo, plan) = (self.repo, self.plan);
        let mut made = Made { bytes: before.clone(), ..Made::default() };
        let mut on_disk = before.clone();
        let mut names = segments::names(plan, unit).into_iter();
        for segment in segments::segments(plan, unit) {
            match segment {
                Segment::Pure(steps) => match unit::apply(repo, &unit.path, &before, &made.bytes, &steps) {
                    Ok(applied) => {
                        let names = names.by_ref().take(steps.len()).zip(applied.changed);
                        made.rules.extend(names.filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned()));
                        made.warnings.before.extend(applied.remarks.into_iter().map(Warning::from));
                        made.bytes = applied.bytes.unwrap_or(made.bytes);
                    }
                    Err(unsound) => return Ok(Err(Ended::Failed(unsound.into()))),
                },
                Segment::Codemod(command) => {
                    if made.bytes != on_disk {
                        fs::replace(repo.top(), &unit.path, &on_disk, &made.bytes, &aside)?;
                    }
                    let commands = [command.clone()];
                    let verdict = self.judge.run(Purpose::Transform, &commands, &change.phase, Some(&unit.path), emit);
                    fs::keep_mode(repo.top(), &unit.path, &change.files[0].target.found.stat)?;
                    match verdict? {
                        Verdict::Passed(_) => {}
                        Verdict::Failed { reason, log, .. } => {
                            let (help, log) = (format!("see {}", log.display()), Some(log.display().to_string()));
                            return Ok(Err(Ended::Failed(Failure { reason, help, log, reverted: false })));
                        }
                    }
                    self.refuse_changed_others(std::slice::from_ref(&unit.path), "the codemod")?;
                    on_disk = fs::read(repo.top(), &unit.path)?.bytes;
                    let name = names.next().filter(|_| on_disk != made.bytes);
                    made.rules.extend(name.map(ToOwned::to_owned));
                    made.bytes.clone_from(&on_disk);
                }
            }
        }
        if made.bytes == before && on_disk == before {
            return Ok(Err(Ended::Unchanged));
        }
        let made = match unit::check(&self.callables, plan, unit, &before, made) {
            Ok(made) => made,
            Err(unsound) => return Ok(Err(Ended::Failed(unsound.into()))),
        };
        if made.bytes != on_disk {
            fs::replace(repo.top(), &unit.path, &on_disk, &made.bytes, &aside)?;
        }
        change.files[0].after = Some(made.bytes.clone());
        self.protocol().transformed(change)?;
        Ok(Ok(made))
    }

    fn validate(
        &mut self,
        unit: &Unit,
        change: &Change,
        commands: &[Command],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Verdict, Stop> {
        let verdict = self.judge.run(Purpose::Validate, commands, &change.phase, Some(&unit.path), emit)?;
        if !commands.is_empty() {
            self.refuse_changed_others(std::slice::from_ref(&unit.path), "a validate command")?;
        }
        Ok(verdict)
    }

    /// Lets the unit's verification judge a commit that landed; on failure the commit is taken back.
    fn verify(&mut self, unit: &Unit, commit: Oid, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let commands = &self.plan.target(unit).verify;
        if commands.is_empty() {
            return Ok(Ended::Committed);
        }
        let phase = &self.plan.phases[unit.phase].id;
        let verdict = self.judge.run(Purpose::Verify, commands, phase, Some(&unit.path), emit)?;
        let Verdict::Failed { reason, log, .. } = verdict else {
            self.refuse_changed_others(&[], "a verify command")?;
            self.journal.append(Record::Verified { commit: commit.to_string() })?;
            return Ok(Ended::Committed);
        };
        let name = unit.path.to_string();
        emit(Event::Doing { unit: name.clone(), activity: Activity::Reverting });
        let mut protocol = Protocol { repo: self.repo, journal: &mut self.journal, identity: &self.identity };
        let (id, why) = ((self.plan.name.as_str(), phase.as_str(), &unit.path), Reason::Verification(reason.clone()));
        let revert = takeback::take_back(&mut protocol, id, commit, &why)?;
        self.set_state(unit, State::RolledBack { commit: Some(commit), by_verification: true });
        let (taken, by) = (commit.to_string(), revert.to_string());
        emit(Event::UnitReverted { unit: name, commit: taken, revert: by, reason: reason.clone() });
        let help = format!("see {}", log.display());
        Ok(Ended::Failed(Failure { reason, help, log: Some(log.display().to_string()), reverted: true }))
    }

    /// Runs that were killed between a commit and its verification left the judging to us.
    pub(super) fn verify_what_was_interrupted(&mut self, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        for (begun, commit) in recover::open(self.journal.records()).unverified {
            let Ok(commit) = Oid::from_str(&commit) else { continue };
            let Some(at) = self.units.iter().position(|standing| standing.unit.path == begun.unit) else { continue };
            if begun.plan != self.plan.name || !self.repo.contains(self.repo.tip()?.commit, commit)? {
                continue;
            }
            let unit = self.units[at].unit.clone();
            let phase = label(self.plan, unit.phase);
            let members = self.units.iter().filter(|standing| standing.unit.phase == unit.phase).count();
            emit(Event::UnitStarted { phase, unit: unit.path.to_string(), ordinal: 1, of: members });
            if let Ended::Failed(failure) = self.verify(&unit, commit, emit)? {
                self.unit_failed(unit.phase, at, failure, emit)?;
            }
        }
        Ok(())
    }

    /// Fails when a command changed tracked files, apart from those that it was to change or to judge.
    pub(super) fn refuse_changed_others(&self, own: &[RepoPath], who: &str) -> Result<(), Stop> {
        let changed = self.repo.changed_others(&self.others, own)?;
        if changed.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let (whose, what) = match own {
            [] => ("", "what was committed stays"),
            _ => (" that are not its unit's", "nothing was committed for this unit"),
        };
        let message = format!("{who} changed tracked files{whose}: {}", names.join(", "));
        let help = format!("{what}; look at them with `git diff`, put them right and correct the command");
        Err(Stop::NeedsYou(Note::new(message, help)))
    }

    /// Takes a change back whose unit ended without a commit.
    fn undo(&mut self, change: &Change, ended: Ended, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        emit(Event::Doing { unit: change.unit.to_string(), activity: Activity::Restoring });
        let reason = match &ended {
            Ended::Failed(failure) => failure.reason.clone(),
            Ended::Unchanged | Ended::Committed => "nothing to do".to_owned(),
        };
        self.protocol().undo(change, &reason)?;
        Ok(ended)
    }

    /// Takes a change back because the run ends; what keeps it from being taken back matters more than why the run ends.
    fn give_up(&mut self, change: &Change, stop: Stop) -> Stop {
        match self.protocol().undo(change, &stop.to_string()) {
            Ok(()) => stop,
            Err(worse) => worse,
        }
    }
}

/// What the listener is told of a unit's file.
pub(super) fn warned(unit: &RepoPath, warning: Warning) -> Event {
    let Warning { spot: Spot { line, column, written }, guard, message, help } = warning;
    let guard = guard.map(|guard| guard.word().to_owned());
    Event::UnitWarned { unit: unit.to_string(), line, column, written, guard, message, help }
}
