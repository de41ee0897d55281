//! One external codemod on one file: run, and again where the plan says so, with its file and what lies beside it looked at before and
//! after.

use crate::event::Event;
use crate::fs::{self, Like};
use crate::judge::{Purpose, Question, Verdict};
use crate::path::RepoPath;
use crate::plan::Command;
use crate::protocol::DraftFile;
use crate::run::Run;
use crate::run::one::Failure;
use crate::stop::Stop;
use crate::unit::line_ends;
use crate::units::{Call, Unit};

/// So often a command is run that is to be run until nothing changes.
const MOST_RUNS: usize = 5;

impl Run<'_> {
    /// Runs a command on a file that holds `input`, and gives what the file holds then. What it left untracked is told.
    pub(super) fn codemod(
        &mut self,
        (unit, own): (&Unit, &[RepoPath]),
        drafted: &DraftFile,
        command: &Command,
        input: &[u8],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<Vec<u8>, Failure>, Stop> {
        let (repo, phase) = (self.repo, self.plan.phases[unit.phase].id.as_str());
        let call = Call::of_file(command, &drafted.path);
        let shown = self.judge.shown(&call, phase, Some(&unit.id));
        let there = repo.untracked()?;
        let mut held = input.to_vec();
        let mut runs = 0;
        let ended = loop {
            runs += 1;
            let now = match self.codemod_once((unit, own), drafted, (&call, &shown), &held, emit)? {
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
        let left: Vec<String> = repo.untracked()?.difference(&there).map(ToString::to_string).collect();
        if !left.is_empty() {
            let message = format!("transform `{shown}` left untracked files: {}", left.join(", "));
            let help = "let the command remove them behind itself, or let git ignore them".to_owned();
            emit(Event::Warning { message, help: Some(help) });
        }
        Ok(ended)
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
        let question = Question { purpose: Purpose::Transform, calls, fewer: false, phase, unit: Some(&unit.id) };
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
            let help =
                "correct the command: its file has to be there afterwards; `delete: true` in an entry of `files` deletes one";
            return Ok(Err(failure(format!("transform `{shown}` deleted {path}"), help)));
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

fn failure(reason: String, help: &str) -> Failure {
    Failure { reason, help: help.to_owned(), log: None, verdict: None, not_judged: false, reverted: false }
}
