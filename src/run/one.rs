//! One unit through the write protocol: prepared, placed, judged, committed, judged again; or wholly as it was.

use git2::Oid;

use crate::compose::{self, Composed, Rewritten};
use crate::event::{Activity, Event};
use crate::judge::{Passing, Purpose, Verdict};
use crate::message::trailers::Together;
use crate::path::RepoPath;
use crate::plan::guards::{Guard, Severity};
use crate::protocol::undo::committed;
use crate::protocol::{Draft, DraftFile, Landed, Placed};
use crate::repo::Tip;
use crate::run::Run;
use crate::run::before::Asked;
use crate::run::drafting::{Attempt, Drafting, told, warned};
use crate::run::ended::{Ended, Failure, MOST_ATTEMPTS, Tried, judged_again, keeps_moving};
use crate::run::judging::{self, Candidate};
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::unit;
use crate::units::{Member, Role, Unit, calls};

impl Run<'_> {
    /// One unit through the whole protocol, and again when somebody else commits meanwhile.
    pub(super) fn unit(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Ended, Stop> {
        let (mut void, mut tried) = (0, 1);
        while void < MOST_ATTEMPTS {
            self.look_at_branch()?;
            match self.attempt(unit, emit)? {
                Tried::Ended(Ended::Failed(failure)) if self.may_try_again(unit, &failure, tried) => {
                    tried += 1;
                    self.try_again(unit, failure, tried, emit)?;
                }
                Tried::Ended(ended) => {
                    self.judge.give_feedback(String::new());
                    if self.is_drafted_by_commands(unit) {
                        self.let_drafts_go()?;
                    }
                    return Ok(ended);
                }
                Tried::Void => {
                    void += 1;
                    emit(judged_again(&self.name_of(unit)));
                }
                // One more command is known, and no command is asked twice.
                Tried::Again => {}
            }
        }
        Err(keeps_moving(&self.name_of(unit)))
    }

    fn attempt(&mut self, part: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Tried, Stop> {
        let (work, draft) = match self.draft(part, emit)? {
            Drafting::Made(work, draft) => (*work, *draft),
            Drafting::Ended(ended) => return Ok(Tried::Ended(ended)),
            Drafting::Void => return Ok(Tried::Void),
        };
        match self.ask_before(&work.changed, emit)? {
            Asked::Enough => {}
            Asked::RedBefore(failure) => return Ok(Tried::Ended(Ended::Failed(failure))),
            Asked::Void => return Ok(Tried::Void),
        }
        let validate = calls(self.plan, &work.changed.files, |target| &target.validate);
        match judging::candidate(&draft).filter(|_| self.isolates(&validate)) {
            Some(candidate) => self.in_copies(work, draft, &candidate, emit),
            None => self.in_place(work, draft, emit),
        }
    }

    /// Lets copies judge a draft, and lands what they judged: nothing of it is written before.
    fn in_copies(
        &mut self,
        work: Attempt,
        draft: Draft,
        candidate: &Candidate,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Tried, Stop> {
        let passed = match self.validate(&work.changed, candidate, emit)? {
            _ if *self.held.tip() != work.tip => return Ok(Tried::Void),
            Verdict::Passed(passed) => passed,
            Verdict::Failed { kind, reason, log, nth, could_not_judge, .. } => {
                work.tell_before(emit);
                let failure = Failure::of_command(reason, &log, kind, could_not_judge);
                return self.unless_red_before(&work.changed, nth, failure, emit);
            }
        };
        let mut composed = self.compose(&work, &draft, shown(&passed), None).map_err(Stop::Usage)?;
        match self.hooked_message(&work.changed, &draft, composed.message.clone(), emit)? {
            _ if *self.held.tip() != work.tip => return Ok(Tried::Void),
            Ok(message) => composed.message = message,
            Err(failure) => {
                work.tell_before(emit);
                return Ok(Tried::Ended(Ended::Failed(failure)));
            }
        }
        let begun = self.protocol().begin(draft)?;
        emit(Event::Doing { unit: work.part.id.to_string(), activity: Activity::Placing });
        match self.protocol().place(begun) {
            Ok(placed) => self.land(work, placed, composed, passed, emit),
            Err(stop) => self.gave_up(&work.tip, stop),
        }
    }

    /// Places a draft, lets codemods and commands work on it where it is, and lands it.
    fn in_place(&mut self, mut work: Attempt, draft: Draft, emit: &mut dyn FnMut(Event)) -> Result<Tried, Stop> {
        let begun = self.protocol().begin(draft)?;
        emit(Event::Doing { unit: work.part.id.to_string(), activity: Activity::Placing });
        let placed = match self.protocol().place(begun) {
            Ok(placed) => placed,
            Err(stop) => return self.gave_up(&work.tip, stop),
        };
        let placed = match self.transform(&work.changed, placed, &mut work.made, emit)? {
            (placed, Ok(None)) => placed,
            (placed, Ok(Some(ended))) => {
                if matches!(ended, Ended::Unchanged) {
                    work.tell_unchanged(emit);
                }
                return self.undo(placed, ended, emit);
            }
            (placed, Err(stop)) => return self.give_up(placed, stop),
        };
        let passed = match self.validate_in_place(&work.changed, emit) {
            Ok(Verdict::Passed(_)) if *self.held.tip() != work.tip => {
                self.protocol().undo(placed, "the branch got other commits meanwhile")?;
                return Ok(Tried::Void);
            }
            Ok(Verdict::Passed(passed)) => passed,
            Ok(Verdict::Failed { kind, reason, log, nth, could_not_judge, .. }) => {
                // The files are put back: a person finds in them what was there before.
                work.tell_before(emit);
                let failure = Failure::of_command(reason, &log, kind, could_not_judge);
                return match self.undo(placed, Ended::Failed(failure), emit)? {
                    // Where somebody committed it meanwhile, the tip is not what it would be without the unit.
                    Tried::Ended(Ended::Failed(failure)) if *self.held.tip() == work.tip => {
                        self.unless_red_before(&work.changed, nth, failure, emit)
                    }
                    tried => Ok(tried),
                };
            }
            Err(stop) => return self.give_up(placed, stop),
        };
        let mut composed = match self.compose(&work, placed.draft(), shown(&passed), None) {
            Ok(composed) => composed,
            Err(note) => return self.give_up(placed, Stop::Usage(note)),
        };
        // A list that runs in the tree does not keep the hooks from running in a copy.
        match self.hooked_message(&work.changed, placed.draft(), composed.message.clone(), emit) {
            Ok(_) if *self.held.tip() != work.tip => {
                self.protocol().undo(placed, "the branch got other commits meanwhile")?;
                return Ok(Tried::Void);
            }
            Ok(Ok(message)) => composed.message = message,
            Ok(Err(failure)) => {
                work.tell_before(emit);
                return self.undo(placed, Ended::Failed(failure), emit);
            }
            Err(stop) => return self.give_up(placed, stop),
        }
        self.land(work, placed, composed, passed, emit)
    }

    /// Commits what is placed, and lets its verification judge the commit.
    fn land(
        &mut self,
        work: Attempt,
        placed: Placed,
        composed: Composed,
        passed: Vec<Passing>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Tried, Stop> {
        match self.commit(work, placed, composed, emit)? {
            Ok((unit, commit)) => Ok(Tried::Ended(self.verify(&unit, commit, passed, emit)?)),
            Err(tried) => Ok(tried),
        }
    }

    /// Commits what is placed, and gives what changed of the unit and its commit.
    pub(super) fn commit(
        &mut self,
        work: Attempt,
        placed: Placed,
        composed: Composed,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<(Unit, Oid), Tried>, Stop> {
        emit(Event::Doing { unit: work.part.id.to_string(), activity: Activity::Committing });
        let log = format!("commit (migrate): {}", composed.subject);
        let Landed { commit, draft } = match self.protocol().land(placed, &composed.message, &log) {
            Ok(landed) => landed,
            Err(stop) => return self.gave_up(&work.tip, stop).map(Err),
        };
        self.held.moved_to(commit);
        Ok(Ok((self.has_landed(work, &draft, commit, composed, emit), commit)))
    }

    /// Notes that the commit of an attempt is in the branch, tells of it, and gives what changed of the unit. `draft` is what landed, alone
    /// or with others.
    pub(super) fn has_landed(
        &mut self,
        work: Attempt,
        draft: &Draft,
        commit: Oid,
        composed: Composed,
        emit: &mut dyn FnMut(Event),
    ) -> Unit {
        let Attempt { part, changed, made, unchanged, .. } = work;
        self.landed(&changed.files, commit, draft);
        told(&unchanged, emit);
        let unchanged: Vec<Member> = unchanged.into_iter().map(|(file, _)| file).collect();
        self.set_state(&unchanged, State::Unchanged, None, None);
        // From here on the files are what the rules made of them.
        for (file, made) in made {
            made.warnings.after.into_iter().for_each(|warning| emit(warned(&file.path, warning)));
        }
        emit(Event::UnitCommitted {
            unit: part.id.to_string(),
            files: self.files_of(&part),
            commit: commit.to_string(),
            subject: composed.subject,
            lines_added: composed.lines_added,
            lines_removed: composed.lines_removed,
        });
        changed
    }

    /// The commit of a unit, which these commands let pass.
    pub(super) fn compose(
        &self,
        work: &Attempt,
        draft: &Draft,
        mut validated: Vec<String>,
        together: Option<Together>,
    ) -> Result<Composed, Note> {
        let changed = &work.changed;
        let files = work.made.iter().zip(&draft.files).filter(|(_, file)| file.old_text() != file.new_text());
        let files: Vec<Rewritten> = files
            .map(|((file, made), drafted)| Rewritten {
                file,
                before: drafted.old_text(),
                after: drafted.new_text(),
                imports: &made.imports,
                rules: &made.rules,
            })
            .collect();
        let verify = calls(self.plan, &changed.files, |target| &target.verify);
        validated.extend(self.judge.left_out(&verify, &self.plan.phases[changed.phase].id, Some(&changed.id)));
        let hooks_skipped = self.request.leave.hooks && !self.repo.commit_hooks().is_empty();
        let unit = (&changed.id, &draft.members[..]);
        compose::commit(self.plan, &self.digest, unit, &files, &validated, (hooks_skipped, together))
    }

    /// Notes that the commit of these files is in the branch, with what their guards let pass.
    fn landed(&mut self, files: &[Member], commit: Oid, draft: &Draft) {
        for file in files {
            let warns = self.plan.target(file).guards.severity(Guard::Violation) != Severity::Error;
            let after = draft.files.iter().find(|drafted| drafted.path == file.path).and_then(DraftFile::new_text);
            self.callables.landed(&file.path, after);
            let rewritten = after.filter(|_| warns && self.plan.role(file) == Role::Rewrite);
            let left = rewritten.map_or(0, |after| unit::violations_left(self.repo.top(), self.plan, file, after));
            for standing in self.standings(std::slice::from_ref(file)) {
                (standing.state, standing.why, standing.verdict) = (State::Committed, None, None);
                (standing.commit, standing.violations_left) = (Some(commit), left);
            }
        }
    }

    /// What the unit's validation says of a candidate.
    fn validate(&mut self, unit: &Unit, candidate: &Candidate, emit: &mut dyn FnMut(Event)) -> Result<Verdict, Stop> {
        let calls = calls(self.plan, &unit.files, |target| &target.validate);
        Ok(self.judged(self.question(Purpose::Validate, unit, &calls), candidate, emit)?.0)
    }

    /// What it says of a unit that is placed.
    fn validate_in_place(&mut self, unit: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Verdict, Stop> {
        let calls = calls(self.plan, &unit.files, |target| &target.validate);
        let (verdict, _) = self.judged_in_place(self.question(Purpose::Validate, unit, &calls), emit)?;
        if !calls.is_empty() {
            let own: Vec<RepoPath> = unit.paths().cloned().collect();
            self.refuse_changed_others(&own, "a validate command")?;
        }
        Ok(verdict)
    }

    /// Takes a change back whose unit ended without a commit.
    fn undo(&mut self, placed: Placed, ended: Ended, emit: &mut dyn FnMut(Event)) -> Result<Tried, Stop> {
        let Draft { unit, tip: base, files, .. } = placed.draft().clone();
        emit(Event::Doing { unit: unit.to_string(), activity: Activity::Restoring });
        let reason = match &ended {
            Ended::Failed(failure) => failure.reason.clone(),
            Ended::Unchanged | Ended::Committed => "nothing to do".to_owned(),
        };
        self.protocol().undo(placed, &reason)?;
        self.look_at_branch()?;
        let tip = self.held.tip().clone();
        if tip == base {
            return Ok(Tried::Ended(ended));
        }
        // What failed does not get better by being committed.
        if matches!(ended, Ended::Failed(_)) {
            for file in &files {
                if committed(self.repo, &tip, &file.path, file.new_text())? {
                    return Ok(Tried::Ended(ended));
                }
            }
        }
        // What ended it may be what somebody else committed, or not be there any more.
        Ok(Tried::Void)
    }

    /// Takes a change back because the run ends, or because somebody else committed on top of the branch.
    fn give_up(&mut self, placed: Placed, stop: Stop) -> Result<Tried, Stop> {
        let base = placed.draft().tip.clone();
        self.protocol().undo(placed, &stop.to_string())?;
        self.gave_up(&base, stop)
    }

    /// After a change was taken back: where somebody else committed since `base`, only the attempt is over.
    pub(super) fn gave_up(&mut self, base: &Tip, stop: Stop) -> Result<Tried, Stop> {
        self.look_at_branch()?;
        if self.held.tip() != base && matches!(stop, Stop::NeedsYou(_)) { Ok(Tried::Void) } else { Err(stop) }
    }
}

/// What the message says of the commands that passed.
fn shown(passed: &[Passing]) -> Vec<String> {
    passed.iter().map(|passing| passing.shown.clone()).collect()
}
