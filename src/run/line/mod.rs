//! The units of a phase, judged in copies side by side and in batches, landing in the order of the plan.
//!
//! What is judged next, what lands and who is out is said by [`schedule::line`](crate::schedule::line). The owner of the line is the one
//! thread that drafts, lands and notes; each candidate is judged by a thread of its own, which only runs commands in a copy.

mod at_once;
mod hear;
mod land;
mod out;
mod trial;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::Duration;

use git2::Oid;

use crate::copies::Version;
use crate::event::Event;
use crate::judge::Passing;
use crate::message::trailers::Together;
use crate::path::RepoPath;
use crate::plan::{OnFailure, Share};
use crate::protocol::Draft;
use crate::run::before::Asked;
use crate::run::drafting::{Attempt, Drafting};
use crate::run::ended::{Ended, Failure, MOST_ATTEMPTS, judged_again, keeps_moving};
use crate::run::judging::{self, Candidate};
use crate::run::line::trial::{Message, Trial};
use crate::run::{Run, first_parts, takes_away};
use crate::schedule::failure::MOST_NOT_JUDGED;
use crate::schedule::line::{Act, Answer, Condition, Entrant, Judging, JudgingId, Line, Policy, Ticket};
use crate::stop::{Note, Stop};
use crate::units::{Call, Member, Unit, calls_of_batch};

/// How long the owner of a line waits before it looks whether somebody asked the run to end.
const SLICE: Duration = Duration::from_millis(20);

/// A unit, or a part of one, in the line.
struct Entry {
    part: Unit,
    /// Its place in the phase, from 0, for the line it counts by.
    whole: usize,
    /// What is to be judged and to land; `None` when it could not be drafted, and once it landed or is out.
    drafted: Option<(Attempt, Draft)>,
    /// Why it failed, as far as is known.
    failure: Option<Failure>,
    /// How often its codemods were tried.
    tried: u32,
    /// Its commit, once it landed.
    commit: Option<Oid>,
}

/// A candidate that passed.
struct Passed {
    calls: Vec<Call>,
    passing: Vec<Passing>,
}

/// Units that passed as one candidate.
struct Lot {
    members: Vec<Ticket>,
    /// What was judged, where they are several.
    tree: Option<Oid>,
    /// What let them pass.
    passed: Passed,
}

impl Lot {
    /// With what the unit at this place of it was judged, if with others.
    fn together(&self, nth: usize) -> Option<Together> {
        self.tree.map(|tree| Together { nth: nth + 1, of: self.members.len(), tree: tree.to_string() })
    }
}

/// How one pass through the line ended.
enum Through {
    /// All is done that can be.
    Done,
    /// Somebody else committed: what was made and judged is void.
    Void,
}

/// What drafting the next unit came to.
enum Drawn {
    /// It is in the line, or ended.
    Taken,
    /// It has to wait for those before it.
    Later,
    /// There is none.
    None,
    /// Somebody else committed meanwhile.
    Void,
}

/// Files that have yet to end, by the place of their unit in the phase.
type Left = BTreeMap<usize, BTreeSet<RepoPath>>;

struct Lane<'r, 'a> {
    run: &'r mut Run<'a>,
    phase: usize,
    members: &'r [usize],
    line: Line,
    entries: Vec<Entry>,
    pending: VecDeque<(usize, Unit)>,
    trials: BTreeMap<JudgingId, (Arc<Trial>, Judging)>,
    passed: BTreeMap<Ticket, Passed>,
    /// Of each unit of the phase that was begun the files that have yet to end; none of one that is through.
    left: &'r mut Left,
    rescues: usize,
    /// How often in a row the user's edits made a verdict void.
    voided: usize,
    /// The units with which a candidate ended that failed for what was red before.
    excused: BTreeSet<Ticket>,
    /// True when there was no room for one more copy.
    is_full: bool,
    /// True when what commands drafted is kept.
    by_commands: bool,
    /// True when the last batch that failed did so by a command about one unit.
    failed_by_one: bool,
    /// What ends the phase, once what is decided is done.
    ended: Result<(), Stop>,
}

impl<'a> Run<'a> {
    /// True when the units of a phase can be judged apart from the work tree.
    pub(super) fn has_line(&self, at: usize) -> bool {
        let targets = &self.plan.phases[at].targets;
        let mut commands = targets.iter().flat_map(|target| target.validate.iter().chain(&target.verify));
        self.isolation.is_some() && !commands.any(|command| command.at_tree)
    }

    /// Runs the units of a phase that are to be run, side by side.
    pub(super) fn in_line(&mut self, at: usize, members: &[usize], emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let mut left = Left::new();
        let mut void = 0;
        loop {
            let before = self.held.tip().commit;
            self.look_at_branch()?;
            match self.through_line(at, members, &mut left, emit)? {
                Through::Done => return Ok(()),
                Through::Void if void + 1 == MOST_ATTEMPTS => return Err(keeps_moving(&self.plan.phase_label(at))),
                Through::Void => {
                    void = if before == self.held.tip().commit { void } else { void + 1 };
                    emit(judged_again(&self.plan.phase_label(at)));
                }
            }
        }
    }

    fn through_line(
        &mut self,
        phase: usize,
        members: &[usize],
        left: &mut Left,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Through, Stop> {
        let policy = self.policy(phase, left.is_empty());
        let is_through = |whole: &usize| left.get(whole).is_some_and(BTreeSet::is_empty);
        let pending = members.iter().enumerate().filter(|(whole, _)| !is_through(whole));
        let pending = pending.map(|(whole, unit)| (whole, self.units[*unit].unit.clone())).collect();
        let mut lane = Lane {
            phase,
            members,
            line: Line::new(policy),
            entries: Vec::new(),
            pending,
            trials: BTreeMap::new(),
            passed: BTreeMap::new(),
            left,
            rescues: 0,
            voided: 0,
            excused: BTreeSet::new(),
            is_full: false,
            by_commands: false,
            failed_by_one: false,
            ended: Ok(()),
            run: self,
        };
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            let ended = lane.go(scope, (&sender, &receiver), emit);
            // Whatever ended it, nothing is left running behind.
            lane.end_trials(&receiver);
            lane.run.rate = lane.line.rate();
            ended
        })
    }

    fn policy(&self, at: usize, is_first: bool) -> Policy {
        let phase = &self.plan.phases[at];
        let counts = self.counts_of(at);
        let allowed = |Share(share): Share| u64::from(share) * counts.total as u64 / 10_000;
        let most_given_up = phase
            .max_quarantined
            .map(|share| usize::try_from(allowed(share)).unwrap_or(usize::MAX).saturating_sub(counts.given_up()));
        Policy {
            batch_max: phase.batch,
            jobs: self.request.jobs(),
            most_given_up,
            stops: phase.on_failure == OnFailure::Stop,
            most_not_judged: MOST_NOT_JUDGED.saturating_sub(self.not_judged),
            pairs: phase.batch > 1,
            rate: self.rate,
            lands_several: phase.targets.iter().all(|target| target.verify.is_empty()),
            first: if is_first { self.left_of_batch(at) } else { None },
        }
    }
}

impl<'r, 'a> Lane<'r, 'a> {
    /// Drives the line to its end.
    fn go<'s>(
        &mut self,
        scope: &'s Scope<'s, '_>,
        (sender, receiver): (&Sender<Message>, &Receiver<Message>),
        emit: &mut dyn FnMut(Event),
    ) -> Result<Through, Stop>
    where
        'a: 's,
    {
        loop {
            if let Some(signal) = self.run.interrupt.pending() {
                self.land_what_is_judged(receiver, emit)?;
                return Err(Stop::Interrupted(signal));
            }
            while self.ended.is_ok() && self.line.wants() > 0 {
                match self.draft_next(emit)? {
                    Drawn::Taken => {}
                    // What is there is judged as if no more came; what waits is drafted upon that.
                    Drawn::Later | Drawn::None => {
                        self.line.close();
                        break;
                    }
                    Drawn::Void => return Ok(Through::Void),
                }
            }
            if self.ended.is_err() {
                self.line.close();
            }
            let act = self.line.next_act();
            let is_idle = act.is_none();
            match act {
                None => {}
                Some(Act::Judge(judge)) => self.judge(judge, scope, sender, emit)?,
                Some(Act::Cancel(id)) => self.trials.get(&id).into_iter().for_each(|(trial, _)| trial.cancel()),
                Some(Act::Land(lots)) => {
                    if let Through::Void = self.land(lots, emit)? {
                        return Ok(Through::Void);
                    }
                }
                Some(Act::GiveUp { unit, fault }) => self.give_up(unit, fault, emit)?,
                Some(Act::Instead(unit)) => {
                    if let Through::Void = self.instead(unit, emit)? {
                        return Ok(Through::Void);
                    }
                }
                Some(Act::Done) if self.ended.is_ok() && !self.pending.is_empty() => self.line.reopen(),
                Some(Act::Stop(_) | Act::Done) => {
                    return std::mem::replace(&mut self.ended, Ok(())).map(|()| Through::Done);
                }
            }
            if !is_idle {
                if self.by_commands && self.entries.iter().all(|entry| entry.drafted.is_none()) {
                    self.by_commands = false;
                    self.run.let_drafts_go()?;
                }
                continue;
            }
            // One at a time: what is taken out of the channel and not heard would be waited for without end.
            match receiver.recv_timeout(SLICE) {
                Ok(message) => {
                    if let Through::Void = self.hear(message, emit)? {
                        return Ok(Through::Void);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Through::Void),
            }
        }
    }

    /// Drafts the next unit of the plan.
    fn draft_next(&mut self, emit: &mut dyn FnMut(Event)) -> Result<Drawn, Stop> {
        let Some((whole, unit)) = self.pending.pop_front() else { return Ok(Drawn::None) };
        let standing = self.run.units[self.members[whole]].clone();
        let files: Vec<Member> = match unit == standing.unit {
            true => {
                let taken: Vec<Member> = self.run.request.taken(&standing).into_iter().cloned().collect();
                let left = self.left.entry(whole).or_insert_with(|| taken.iter().map(|file| file.path.clone()).collect());
                taken.into_iter().filter(|file| left.contains(&file.path)).collect()
            }
            false => unit.files.clone(),
        };
        if files.is_empty() {
            if let Err(stop) = self.run.pass_over(self.phase, &standing, emit) {
                self.end(stop);
            }
            return Ok(Drawn::Taken);
        }
        if unit == standing.unit {
            let parts = first_parts(&Unit { files: files.clone(), ..unit.clone() }, &standing.files);
            if let [first, rest @ ..] = parts.as_slice()
                && !rest.is_empty()
            {
                rest.iter().rev().for_each(|part| self.pending.push_front((whole, part.clone())));
                self.pending.push_front((whole, first.clone()));
                return Ok(Drawn::Taken);
            }
        }
        let part = Unit { files, ..unit };
        let waits = self.entries.iter().any(|entry| entry.drafted.is_some());
        let mut tried = 1;
        let made = loop {
            match self.draft(&part, emit)? {
                Readied::Failed(failure) if self.run.may_try_again(&part, &failure, tried) => {
                    tried += 1;
                    self.run.try_again(&part, failure, tried, emit)?;
                }
                made => break made,
            }
        };
        self.run.judge.give_feedback(String::new());
        match made {
            Readied::Void => Ok(Drawn::Void),
            // What is in front of it may be what it needs.
            Readied::Failed(_) if waits => {
                self.pending.push_front((whole, part));
                Ok(Drawn::Later)
            }
            Readied::Failed(failure) if !part.is_atomic() => {
                self.run.split(&part, failure.reason, emit);
                let [first, second] = part.halves();
                self.pending.push_front((whole, second));
                self.pending.push_front((whole, first));
                Ok(Drawn::Taken)
            }
            made => {
                if let Some((entry, kind)) = self.entry(whole, part, made, tried, emit)? {
                    let place = self.line.push(Entrant { whole, kind });
                    debug_assert_eq!(place.0, self.entries.len());
                    self.entries.push(entry);
                }
                Ok(Drawn::Taken)
            }
        }
    }

    /// Drafts a part, and asks what has to be known before it is judged.
    fn draft(&mut self, part: &Unit, emit: &mut dyn FnMut(Event)) -> Result<Readied, Stop> {
        self.by_commands |= self.run.is_drafted_by_commands(part);
        let (attempt, draft) = match self.run.draft(part, emit)? {
            Drafting::Made(attempt, draft) => (attempt, draft),
            Drafting::Ended(Ended::Failed(failure)) => return Ok(Readied::Failed(failure)),
            Drafting::Ended(_) => return Ok(Readied::Unchanged),
            Drafting::Void => return Ok(Readied::Void),
        };
        Ok(match self.run.ask_before(&attempt.changed, emit) {
            Ok(Asked::Enough) => Readied::Drafted(attempt, draft),
            Ok(Asked::RedBefore(failure)) => Readied::Failed(failure),
            Ok(Asked::Void) => Readied::Void,
            // It judges the others alike: none of them is begun.
            Err(Stop::Failed(note)) => {
                self.end(Stop::Failed(note));
                Readied::Unasked
            }
            Err(stop) => return Err(stop),
        })
    }

    /// What a drafted part is in the line; `None` when it ended.
    fn entry(
        &mut self,
        whole: usize,
        part: Unit,
        made: Readied,
        tried: u32,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<(Entry, Condition)>, Stop> {
        let entry = |drafted, failure, part| Entry { part, whole, drafted, failure, tried, commit: None };
        Ok(match made {
            Readied::Drafted(attempt, draft) => {
                let is_replaceable = !part.is_atomic() || self.run.most_attempts(&part) > 1;
                let kind = if is_replaceable { Condition::Replaceable } else { Condition::Sound };
                Some((entry(Some((*attempt, *draft)), None, part), kind))
            }
            Readied::Failed(failure) => Some((entry(None, Some(failure), part), Condition::Unsound)),
            Readied::Unchanged => {
                self.has_ended(whole, &part);
                self.started(whole, &part, emit);
                self.run.unit_unchanged(&part, emit)?;
                None
            }
            Readied::Void | Readied::Unasked => None,
        })
    }

    /// Lets a candidate be judged.
    fn judge<'s>(
        &mut self,
        judge: Judging,
        scope: &'s Scope<'s, '_>,
        sender: &Sender<Message>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Stop>
    where
        'a: 's,
    {
        let Some(last) = judge.members.last().copied() else { return Ok(()) };
        let again = if self.failed_by_one { judge.again.as_slice() } else { &[] };
        let units: Vec<&Unit> = judge.members.iter().map(|place| self.unit(*place)).collect();
        let mut calls = calls_of_batch(self.run.plan, &units, |target| &target.validate);
        let passed: Vec<&Unit> = again.iter().map(|place| self.unit(*place)).collect();
        if !passed.is_empty() {
            let all: Vec<&Unit> = passed.into_iter().chain(units.iter().copied()).collect();
            let own = calls_of_batch(self.run.plan, &all, |target| &target.validate).into_iter();
            calls.extend(own.filter(|call| call.unit.is_some()).filter(|call| !calls.contains(call)).collect::<Vec<_>>());
        }
        if calls.is_empty() {
            self.passed.insert(last, Passed { calls, passing: Vec::new() });
            self.line.answer(judge.id, Answer::Passed);
            return Ok(());
        }
        let held = judge.base.iter().chain(&judge.members).copied();
        let trial = Arc::new(Trial {
            id: judge.id,
            tree: if judge.without.is_empty() { Some(self.tree(held)?) } else { None },
            fewer: units.iter().any(|unit| takes_away(self.run.plan, unit)),
            phase: self.run.plan.phases[self.phase].id.clone(),
            unit: self.entries[last.0].part.id.clone(),
            job: (1..).find(|job| self.trials.values().all(|(trial, _)| trial.job != *job)).unwrap_or_default(),
            units: units.len(),
            interrupt: self.run.interrupt.below(),
            calls,
        });
        let candidate = self.candidate(&judge)?;
        let Some(apart) = self.run.apart(candidate)? else {
            return self.lacks_room(judge.id, emit);
        };
        Arc::clone(&trial).start(scope, Arc::clone(&self.run.judge) as Arc<crate::judge::Judge<'s>>, apart, sender.clone())?;
        self.trials.insert(judge.id, (trial, judge));
        Ok(())
    }

    /// A candidate could not be judged for want of room on a disk: from here on one is judged at a time.
    fn lacks_room(&mut self, id: JudgingId, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        let help = "make room, or name a bigger folder with --scratch";
        if self.trials.is_empty() && self.is_full {
            return Err(Stop::Refused(Note::new("there is no room for a copy of the work tree's changes", help)));
        }
        if !std::mem::replace(&mut self.is_full, true) {
            let message = "there is no room for one more copy: commands run one at a time from here on".to_owned();
            emit(Event::Warning { message, help: Some(help.to_owned()) });
        }
        self.line.one_at_a_time();
        self.line.answer(id, Answer::NoVerdict);
        Ok(())
    }

    /// The files of a candidate: its units' as they shall be, all others' in the line as they were, whatever lands meanwhile.
    fn candidate(&self, judge: &Judging) -> Result<Candidate, Stop> {
        let holds: BTreeSet<Ticket> = judge.base.iter().chain(&judge.members).copied().collect();
        let mut candidate = Candidate::new();
        for (at, entry) in self.entries.iter().enumerate() {
            match (&entry.drafted, entry.commit) {
                (Some((_, draft)), _) if holds.contains(&Ticket(at)) => {
                    candidate.extend(judging::candidate(draft).unwrap_or_default());
                }
                (Some((_, draft)), _) => candidate.extend(draft.files.iter().map(|file| {
                    let executable = file.old_mode() & 0o111 != 0;
                    let was = file.old_text().map(|bytes| Version::File { bytes: bytes.to_vec(), executable });
                    (file.path.clone(), was.unwrap_or(Version::Absent))
                })),
                (None, Some(commit)) if judge.without.contains(&Ticket(at)) => {
                    candidate.extend(self.run.without_commit(&entry.part.files, commit)?);
                }
                (None, _) => {}
            }
        }
        Ok(candidate)
    }

    /// Says which unit is spoken of from here on.
    fn started(&self, whole: usize, part: &Unit, emit: &mut dyn FnMut(Event)) {
        let (phase, unit) = (self.run.plan.label(self.phase), part.id.to_string());
        emit(Event::UnitStarted { phase, unit, ordinal: whole + 1, of: self.members.len() });
    }

    fn unit(&self, place: Ticket) -> &Unit {
        let entry = &self.entries[place.0];
        entry.drafted.as_ref().map_or(&entry.part, |(attempt, _)| &attempt.changed)
    }

    /// Ends what is being judged, and waits until nothing of it runs.
    fn end_trials(&mut self, receiver: &Receiver<Message>) {
        self.trials.values().for_each(|(trial, _)| trial.cancel());
        while !self.trials.is_empty() {
            match receiver.recv() {
                Ok(Message::Event(..)) => {}
                Ok(Message::Ended(id, ..)) => drop(self.trials.remove(&id)),
                Err(_) => return,
            }
        }
    }

    /// After a signal: waits for what runs to end, and lands what was judged before.
    fn land_what_is_judged(&mut self, receiver: &Receiver<Message>, emit: &mut dyn FnMut(Event)) -> Result<(), Stop> {
        self.end_trials(receiver);
        while let Some(act) = self.line.next_act() {
            match act {
                Act::Land(lots) => {
                    if let Through::Void = self.land(lots, emit)? {
                        return Ok(());
                    }
                }
                Act::Stop(_) | Act::Done => return Ok(()),
                // Nothing is judged any more.
                Act::Judge(_) | Act::Cancel(_) | Act::GiveUp { .. } | Act::Instead(_) => {}
            }
        }
        Ok(())
    }
}

/// What drafting came to.
enum Readied {
    Drafted(Box<Attempt>, Box<Draft>),
    Unchanged,
    Failed(Failure),
    /// A command that judges all units alike is red: the phase ends.
    Unasked,
    Void,
}
