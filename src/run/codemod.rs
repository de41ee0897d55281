//! One external codemod on one file: run, and again where the plan says so, with its file and what lies beside it looked at before and
//! after.

use std::collections::BTreeSet;

use crate::copies::{Copy, Touch, Version};
use crate::event::Event;
use crate::fs::{self, Like};
use crate::judge::{Purpose, Question, Verdict};
use crate::path::RepoPath;
use crate::plan::Command;
use crate::protocol::DraftFile;
use crate::run::Run;
use crate::run::ended::Failure;
use crate::run::judging::Candidate;
use crate::run::transform::Bench;
use crate::stop::Stop;
use crate::unit::line_ends;
use crate::units::{Call, Unit};

/// So often a command is run that is to be run until nothing changes.
const MOST_RUNS: usize = 5;

impl Run<'_> {
    /// Runs a command on a file that holds `input`, and gives what the file holds then. What it left untracked is told.
    pub(super) fn codemod(
        &mut self,
        bench: Bench,
        (unit, own): (&Unit, &[RepoPath]),
        (drafted, siblings): (&DraftFile, &Candidate),
        command: &Command,
        input: &[u8],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<Vec<u8>, Failure>, Stop> {
        let (repo, phase) = (self.repo, self.plan.phases[unit.phase].id.as_str());
        let call = Call::of_file(command, &drafted.path);
        let shown = self.judge.shown(&call, phase, Some(&unit.id));
        let there = if bench == Bench::Tree { repo.untracked()? } else { BTreeSet::new() };
        let mut left = BTreeSet::new();
        let mut held = input.to_vec();
        let mut runs = 0;
        let ended = loop {
            runs += 1;
            let once = match bench {
                Bench::Tree => self.codemod_once((unit, own), drafted, (&call, &shown), &held, emit)?,
                Bench::Copies => self.codemod_in_copy(unit, (drafted, siblings), (&call, &shown), &held, &mut left, emit)?,
            };
            let now = match once {
                Ok(now) => now,
                Err(failure) => break Err(failure),
            };
            let is_stable = now == held;
            held = now;
            if is_stable || !command.until_stable {
                break Ok(held);
            }
            if runs == MOST_RUNS {
                let reason = format!("transform `{shown}` still changed {} when it was run {MOST_RUNS} times", drafted.path);
                break Err(failure(reason, "see what it does when it is run twice: it may undo what it did"));
            }
        };
        if bench == Bench::Tree {
            left.extend(repo.untracked()?.difference(&there).cloned());
        }
        if !left.is_empty() {
            let left: Vec<String> = left.iter().map(ToString::to_string).collect();
            let gone = if bench == Bench::Copies { ", which are gone with its copy of the tree" } else { "" };
            let message = format!("transform `{shown}` left untracked files: {}{gone}", left.join(", "));
            let help = "let the command remove them behind itself, or let git ignore them".to_owned();
            emit(Event::Warning { message, help: Some(help) });
        }
        Ok(ended)
    }

    /// The same in a copy that shows the unit's other files as far as they are known. What it left untracked there is added to `left`.
    fn codemod_in_copy(
        &mut self,
        unit: &Unit,
        (drafted, siblings): (&DraftFile, &Candidate),
        (call, shown): (&Call, &str),
        held: &[u8],
        left: &mut BTreeSet<RepoPath>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<Vec<u8>, Failure>, Stop> {
        let (repo, path) = (self.repo, &drafted.path);
        let mut shows = siblings.clone();
        let executable = drafted.before.as_ref().is_some_and(|target| target.mode & 0o111 != 0);
        shows.insert(path.clone(), Version::File { bytes: held.to_vec(), executable });
        let question = self.question(Purpose::Transform, unit, std::slice::from_ref(call));
        let (mut now, mut created) = (Version::Absent, Vec::new());
        let mut afterwards = |copy: &Copy| {
            now = copy.read(path)?;
            let touched = copy.touched()?.files.into_iter();
            created = touched.filter(|(_, touch)| *touch == Touch::Created).map(|(path, _)| path).collect();
            Ok(())
        };
        let verdict = self.judged_in_copy(question, &shows, (&|_| Ok(()), &mut afterwards), emit)?.0;
        for path in created {
            if !repo.is_ignored(&path)? {
                left.insert(path);
            }
        }
        if let Verdict::Failed { kind, reason, log, could_not_judge: not_judged, .. } = verdict {
            return Ok(Err(Failure::of_command(reason, &log, kind, not_judged)));
        }
        match now {
            Version::Absent => Ok(Err(deleted(shown, path))),
            Version::Link { .. } => {
                let help = "correct the command: it has to write into its file";
                Ok(Err(failure(format!("transform `{shown}` made a link of {path}"), help)))
            }
            Version::File { bytes, .. } if call.command.keep_line_endings => Ok(Ok(line_ends::kept(held, &bytes).into_owned())),
            Version::File { bytes, .. } => Ok(Ok(bytes)),
        }
    }

    fn codemod_once(
        &mut self,
        (unit, own): (&Unit, &[RepoPath]),
        drafted: &DraftFile,
        (call, shown): (&Call, &str),
        held: &[u8],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<Vec<u8>, Failure>, Stop> {
        let (repo, phase, path) = (self.repo, self.plan.phases[unit.phase].id.as_str(), &drafted.path);
        let calls = std::slice::from_ref(call);
        let question = Question {
            purpose: Purpose::Transform,
            calls,
            fewer: false,
            phase,
            unit: Some(&unit.id),
            candidate: None,
            tree: None,
        };
        let verdict = self.judged_in_place(question, emit);
        let is_gone = fs::is_free(repo.top(), path)?;
        if let Some(target) = &drafted.before {
            let like = target.found.stat;
            if is_gone {
                fs::create(repo.top(), path, held, &Like::File(like), &drafted.aside)?;
            } else {
                fs::keep_mode(repo.top(), path, &like)?;
            }
        }
        if let Verdict::Failed { kind, reason, log, could_not_judge: not_judged, .. } = verdict?.0 {
            return Ok(Err(Failure::of_command(reason, &log, kind, not_judged)));
        }
        self.refuse_changed_others(own, "the codemod")?;
        if is_gone {
            return Ok(Err(deleted(shown, path)));
        }
        let mut now = fs::read(repo.top(), path)?.bytes;
        if call.command.keep_line_endings {
            let kept = line_ends::kept(held, &now).into_owned();
            if kept != now {
                fs::replace(repo.top(), path, &now, &kept, &drafted.aside)?;
                now = kept;
            }
        }
        Ok(Ok(now))
    }
}

fn deleted(shown: &str, path: &RepoPath) -> Failure {
    let help = "correct the command: its file has to be there afterwards; `delete: true` in an entry of `files` deletes one";
    failure(format!("transform `{shown}` deleted {path}"), help)
}

fn failure(reason: String, help: &str) -> Failure {
    Failure::found(reason, help)
}
