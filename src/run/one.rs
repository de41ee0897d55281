//! One unit through the write protocol: prepared, placed, judged, committed, judged again; or wholly as it was.

use git2::Oid;

use crate::compose::{self, Rewritten};
use crate::event::{Activity, Event};
use crate::fs;
use crate::judge::{Purpose, Verdict};
use crate::path::RepoPath;
use crate::plan::Command;
use crate::plan::guards::{Guard, Severity};
use crate::protocol::{Change, ChangedFile};
use crate::rewrite::follow::Spot;
use crate::run::Run;
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::unit::segments::{self, Segment};
use crate::unit::sound::{Unsound, Warning};
use crate::unit::{self, Made, Outcome, Prepared};
use crate::units::{Call, Member, Unit};

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

/// So often a thing is judged again because somebody committed meanwhile; more often, a command of the plan is likely to do it.
pub(super) const MOST_ATTEMPTS: usize = 3;

/// Says that a verdict was void.
pub(super) fn judged_again(what: &str) -> Event {
    let message = format!("the branch got other commits while {what} was judged: it is judged again on top of them");
    Event::Warning { message, help: None }
}

/// Why a thing is not judged for ever.
pub(super) fn keeps_moving(what: &str) -> Stop {
    let message = format!("the branch got other commits each of the {MOST_ATTEMPTS} times that {what} was judged");
    Stop::NeedsYou(Note::new(message, "see `git log`: if a command of the plan makes commits, correct it; else run again"))
}

/// What an attempt at a unit came to.
enum Tried {
    /// The unit ended.
    Ended(Ended),
    /// Somebody else committed meanwhile: what was made of it and judged is void, and its file is as it was.
    Void,
}

impl Run<'_> {
    /// One unit through the whole protocol, and again when somebody else commits meanwhile.
    pub(super) fn unit(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        for _ in 0..MOST_ATTEMPTS {
            self.look_at_branch()?;
            match self.attempt(unit, emit)? {
                Tried::Ended(ended) => return Ok(ended),
                Tried::Void => emit(judged_again(&self.name_of(unit))),
            }
        }
        Err(keeps_moving(&self.name_of(unit)))
    }

    fn attempt(&mut self, whole: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Tried, Stop> {
        // Every unit has one file so far.
        let unit = &whole.files[0];
        let name = whole.id.to_string();
        let doing = |activity| Event::Doing { unit: name.clone(), activity };
        let target = self.plan.target(unit);
        let phase = &self.plan.phases[unit.phase];
        emit(doing(Activity::Reading));
        let tip = self.held.tip().clone();
        let Prepared { target: found, converted, outcome } =
            unit::prepare(self.repo, self.plan, &tip, unit, &self.conversions, &self.callables)?;
        let made = match outcome {
            Outcome::Unchanged(warnings) => {
                warnings.into_iter().for_each(|warning| emit(warned(&unit.path, warning)));
                return Ok(Tried::Ended(Ended::Unchanged));
            }
            Outcome::Unsound(unsound) => return Ok(Tried::Ended(Ended::Failed(unsound.into()))),
            Outcome::Changed(made) => Some(made),
            Outcome::NeedsCodemod => None,
        };
        let after = made.as_ref().map(|made| made.bytes.clone());
        let mut change = Change {
            plan: self.plan.name.clone(),
            phase: phase.id.clone(),
            unit: whole.id.clone(),
            members: Vec::new(),
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
            Err(stop) => return self.give_up(&change, stop),
        };
        let shown = match self.validate(unit, &change, &target.validate, emit) {
            Ok(Verdict::Passed(_)) if self.is_void(&change) => {
                self.protocol().undo(&change, "the branch got other commits meanwhile")?;
                return Ok(Tried::Void);
            }
            Ok(Verdict::Passed(shown)) => shown,
            Ok(Verdict::Failed { reason, log, .. }) => {
                // The file is put back: a person finds in it what was there before.
                made.warnings.before.into_iter().for_each(|warning| emit(warned(&unit.path, warning)));
                let help = format!("see {}", log.display());
                let failure = Failure { reason, help, log: Some(log.display().to_string()), reverted: false };
                return self.undo(&change, Ended::Failed(failure), emit);
            }
            Err(stop) => return self.give_up(&change, stop),
        };
        emit(doing(Activity::Committing));
        let file = &change.files[0];
        let (before, after) = (&file.target.found.bytes, file.after.as_deref().unwrap_or_default());
        let rewritten = Rewritten { before, after, imports: &made.imports, rules: &made.rules };
        let hooks_skipped = self.request.leave.hooks && !self.repo.commit_hooks().is_empty();
        let composed = compose::commit(self.plan, &self.digest, unit, &rewritten, &shown, hooks_skipped);
        let composed = match composed {
            Ok(composed) => composed,
            Err(note) => return self.give_up(&change, Stop::Usage(note)),
        };
        let landed = self.protocol().land(&change, &composed.message, &format!("commit (migrate): {}", composed.subject));
        let commit = match landed {
            Ok(commit) => commit,
            Err(stop) => return self.give_up(&change, stop),
        };
        self.held.moved_to(commit);
        self.landed(unit, commit, &change.files[0]);
        // From here on the file is what the rules made of it.
        made.warnings.after.into_iter().for_each(|warning| emit(warned(&unit.path, warning)));
        emit(Event::UnitCommitted {
            unit: name,
            commit: commit.to_string(),
            subject: composed.subject,
            lines_added: composed.lines_added,
            lines_removed: composed.lines_removed,
        });
        Ok(Tried::Ended(self.verify(whole, commit, emit)?))
    }

    /// Notes that a unit's commit is in the branch, with what its guards let pass.
    fn landed(&mut self, unit: &Member, commit: Oid, file: &ChangedFile) {
        let warns = self.plan.target(unit).guards.severity(Guard::Violation) != Severity::Error;
        let after = file.after.as_deref().filter(|_| warns);
        let left = after.map_or(0, |after| unit::violations_left(self.repo.top(), self.plan, unit, after));
        for standing in self.standings(std::slice::from_ref(unit)) {
            (standing.state, standing.why) = (State::Committed, None);
            (standing.commit, standing.violations_left) = (Some(commit), left);
        }
    }

    /// Runs a unit's transforms when external codemods are among them. What a codemod leaves of the file is its work and nobody
    /// else's, however it ended: it is noted, so that it can be taken back.
    fn transform(&mut self, unit: &Member, change: &mut Change, emit: &mut dyn FnMut(Event)) -> Result<Transformed, Stop> {
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
    fn codemods(&mut self, unit: &Member, change: &mut Change, emit: &mut dyn FnMut(Event)) -> Result<Transformed, Stop> {
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
                    let calls = [Call { command: command.clone(), file: Some(unit.path.clone()) }];
                    let verdict = self.judged(Purpose::Transform, &calls, &change.phase, Some(&change.unit), emit);
                    fs::keep_mode(repo.top(), &unit.path, &change.files[0].target.found.stat)?;
                    match verdict?.0 {
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
        unit: &Member,
        change: &Change,
        commands: &[Command],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Verdict, Stop> {
        let calls: Vec<Call> =
            commands.iter().map(|command| Call { command: command.clone(), file: Some(unit.path.clone()) }).collect();
        let (verdict, _) = self.judged(Purpose::Validate, &calls, &change.phase, Some(&change.unit), emit)?;
        if !commands.is_empty() {
            self.refuse_changed_others(std::slice::from_ref(&unit.path), "a validate command")?;
        }
        Ok(verdict)
    }

    /// Takes a change back whose unit ended without a commit.
    fn undo(&mut self, change: &Change, ended: Ended, emit: &mut dyn FnMut(Event)) -> Result<Tried, Stop> {
        emit(Event::Doing { unit: change.unit.to_string(), activity: Activity::Restoring });
        let reason = match &ended {
            Ended::Failed(failure) => failure.reason.clone(),
            Ended::Unchanged | Ended::Committed => "nothing to do".to_owned(),
        };
        self.protocol().undo(change, &reason)?;
        self.look_at_branch()?;
        // What failed does not get better by being committed.
        let tip = self.held.tip().clone();
        if matches!(ended, Ended::Failed(_)) && self.is_void(change) {
            for file in &change.files {
                let after = file.after.as_deref().unwrap_or_default();
                if crate::protocol::undo::committed(self.repo, &tip, &file.target.path, after)? {
                    return Ok(Tried::Ended(ended));
                }
            }
        }
        // What ended it may be what somebody else committed, or not be there any more.
        Ok(if self.is_void(change) { Tried::Void } else { Tried::Ended(ended) })
    }

    /// True when somebody else committed since the change was drafted.
    fn is_void(&self, change: &Change) -> bool {
        *self.held.tip() != change.tip
    }

    /// Takes a change back because the run ends, or because somebody else committed on top of the branch: then only the attempt is
    /// over. What keeps it from being taken back matters more than why.
    fn give_up(&mut self, change: &Change, stop: Stop) -> Result<Tried, Stop> {
        self.protocol().undo(change, &stop.to_string())?;
        self.look_at_branch()?;
        if self.is_void(change) && matches!(stop, Stop::NeedsYou(_)) { Ok(Tried::Void) } else { Err(stop) }
    }
}

/// What the listener is told of a unit's file.
pub(super) fn warned(unit: &RepoPath, warning: Warning) -> Event {
    let Warning { spot: Spot { line, column, written }, guard, message, help } = warning;
    let guard = guard.map(|guard| guard.word().to_owned());
    Event::UnitWarned { unit: unit.to_string(), line, column, written, guard, message, help }
}
