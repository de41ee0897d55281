//! What commands make of a draft once its rules are applied, in copies: the formatter of the plan, and the `pre-commit` hook, on an index
//! that stages the unit alone. What they change of the unit's own files is part of the draft. The message of the commit to come passes
//! the hooks for messages.

use crate::copies::{Copy, Version};
use crate::event::Event;
use crate::judge::{MESSAGE, Purpose, Verdict};
use crate::message::trailers::trailers;
use crate::path::RepoPath;
use crate::plan::{self, Command};
use crate::protocol::{After, Draft};
use crate::run::Run;
use crate::run::ended::{Ended, Failure};
use crate::run::judging::{self, Candidate};
use crate::stop::{Note, Stop};
use crate::unit::{self, Made};
use crate::units::{Call, Member, Unit, calls};

/// What a hook of `git commit` finds there: the unit staged, which file is the index, and no editor.
const STAGED: &str =
    "git add -u && git add -A -- {files} && export GIT_EDITOR=: GIT_INDEX_FILE=\"$(git rev-parse --git-path index)\" && ";

/// The name that the hook for a commit goes by.
const PRE_COMMIT: &str = "pre-commit";

impl Run<'_> {
    /// True when commands have a say in what becomes of a unit's files.
    pub(super) fn is_drafted_by_commands(&self, unit: &Unit) -> bool {
        let by_plan = |file: &Member| {
            let target = self.plan.target(file);
            !target.format.is_empty() || self.plan.runs_codemod(target)
        };
        self.isolation.is_some() && (unit.files.iter().any(by_plan) || self.has_hook(&[PRE_COMMIT]))
    }

    /// Lets codemods, formatter and hook make the draft of a unit, in copies. Says how the unit ended, if it did.
    pub(super) fn draft_by_commands(
        &mut self,
        unit: &Unit,
        draft: &mut Draft,
        made: &mut [(Member, Made)],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Ended>, Stop> {
        if let Some(ended) = self.transform_in_copies(unit, draft, made, emit)? {
            return Ok(Some(ended));
        }
        Ok(self.polish(unit, draft, made, emit)?.err().map(Ended::Failed))
    }

    /// Lets formatter and `pre-commit` hook work on a draft, and its guards judge what they made of it.
    pub(super) fn polish(
        &mut self,
        unit: &Unit,
        draft: &mut Draft,
        made: &mut [(Member, Made)],
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<(), Failure>, Stop> {
        let before = draft.files.clone();
        let formats = calls(self.plan, &unit.files, |target| &target.format);
        if !formats.is_empty()
            && let Err(failure) = self.polished(Purpose::Format, unit, draft, &formats, emit)?.0
        {
            return Ok(Err(failure));
        }
        if self.has_hook(&[PRE_COMMIT]) {
            let hook = [self.hook(unit, draft, "pre-commit hook", "exec \"$(git rev-parse --git-path hooks)/pre-commit\"")];
            // One that changes files ends with a failure, as of the framework of that name; what it changed passes the second time.
            let (first, changed) = self.polished(Purpose::Hook, unit, draft, &hook, emit)?;
            let ended = if changed { self.polished(Purpose::Hook, unit, draft, &hook, emit)? } else { (first, false) };
            match ended {
                (Ok(()), false) => {}
                (Ok(()), true) => {
                    let reason = "the pre-commit hook changes its files again and again".to_owned();
                    let help = "see what it does to its own result, such as `pre-commit run --files FILE` twice".to_owned();
                    return Ok(Err(Failure::found(reason, help)));
                }
                (Err(failure), _) => return Ok(Err(failure)),
            }
        }
        for (at, old) in before.iter().enumerate().filter(|(at, old)| draft.files[*at].after != old.after) {
            let Some(text) = draft.files[at].new_text() else { continue };
            let (file, of) = &mut made[at];
            let was = Made { bytes: text.to_vec(), ..std::mem::take(of) };
            match unit::check(&self.callables, self.plan, file, old.old_text().unwrap_or_default(), was) {
                Ok(checked) => *of = checked,
                Err(unsound) => return Ok(Err(unsound.into())),
            }
        }
        Ok(Ok(()))
    }

    /// Runs commands on a draft and takes over what they made of its files. Says whether that is something.
    fn polished(
        &mut self,
        purpose: Purpose,
        unit: &Unit,
        draft: &mut Draft,
        calls: &[Call],
        emit: &mut dyn FnMut(Event),
    ) -> Result<(Result<(), Failure>, bool), Stop> {
        let Some(candidate) = judging::candidate(draft) else { return Ok((Ok(()), false)) };
        let mut now = Candidate::new();
        let mut afterwards = |copy: &Copy| {
            now = candidate.keys().map(|path| Ok((path.clone(), copy.read(path)?))).collect::<Result<_, Stop>>()?;
            Ok(())
        };
        let question = self.question(purpose, unit, calls);
        let verdict = self.judged_in_copy(question, &candidate, (&|_| Ok(()), &mut afterwards), emit)?.0;
        let mut changed = false;
        for file in &mut draft.files {
            if let (After::Text { bytes, .. }, Some(Version::File { bytes: new, .. })) = (&mut file.after, now.get(&file.path))
                && bytes != new
            {
                bytes.clone_from(new);
                changed = true;
            }
        }
        let is_text = |version: &Version| matches!(version, Version::File { .. });
        let odd = candidate.iter().find(|(path, was)| is_text(was) && !now.get(*path).is_some_and(is_text));
        let ended = match (verdict, odd) {
            (Verdict::Failed { kind, reason, log, could_not_judge, .. }, _) => {
                Err(Failure::of_command(reason, &log, kind, could_not_judge))
            }
            (Verdict::Passed(_), Some((path, _))) => {
                let reason =
                    format!("{} `{}` made {path} what is no file", purpose.word(), self.judge.shown(&calls[0], "", None));
                let help = "correct the command: it may change the text of its unit's files".to_owned();
                Err(Failure::found(reason, help))
            }
            (Verdict::Passed(_), None) => Ok(()),
        };
        Ok((ended, changed))
    }

    /// What the hooks for messages make of the message of a unit's commit, where copies are made; a failure when they refuse it, or take
    /// away what the tool reads its own commits by.
    pub(super) fn hooked_message(
        &mut self,
        unit: &Unit,
        draft: &Draft,
        message: String,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Result<String, Failure>, Stop> {
        let candidate = judging::candidate(draft).filter(|_| self.isolation.is_some());
        let (Some(candidate), true) = (candidate, self.has_message_hooks()) else {
            return Ok(Ok(message));
        };
        let run = concat!(
            "h=\"$(git rev-parse --git-path hooks)\"; ",
            "if test -x \"$h/prepare-commit-msg\"; then \"$h/prepare-commit-msg\" \"$MIGRATE_MESSAGE\" message || exit; fi; ",
            "if test -x \"$h/commit-msg\"; then exec \"$h/commit-msg\" \"$MIGRATE_MESSAGE\"; fi",
        );
        let hook = [self.hook(unit, draft, "commit-msg hook", run)];
        let refused = |act: &str, error: std::io::Error| {
            let help = crate::cure::help(&error, "fix the cause, then run migrate again");
            Stop::Refused(Note::new(format!("cannot {act} the message for the hooks: {error}"), help))
        };
        let mut said = Vec::new();
        let beforehand = |copy: &Copy| std::fs::write(copy.beside(MESSAGE), &message).map_err(|error| refused("write", error));
        let mut afterwards = |copy: &Copy| {
            said = std::fs::read(copy.beside(MESSAGE)).map_err(|error| refused("read", error))?;
            Ok(())
        };
        let question = self.question(Purpose::Hook, unit, &hook);
        let verdict = self.judged_in_copy(question, &candidate, (&beforehand, &mut afterwards), emit)?.0;
        if let Verdict::Failed { kind, reason, log, could_not_judge, .. } = verdict {
            return Ok(Err(Failure::of_command(reason, &log, kind, could_not_judge)));
        }
        let lines = |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
        let failure = |reason: &str| Failure::found(reason, "let the hook leave the lines that begin with `Migration-`");
        let Ok(text) = String::from_utf8(said) else {
            return Ok(Err(failure("the commit-msg hook made a message that is not UTF-8")));
        };
        // What a hook leaves as a comment is for an editor that nobody sees here.
        let text = if text == message { text } else { format!("{}\n", lines(&text).trim_end()) };
        if trailers(text.as_bytes()) != trailers(message.as_bytes()) {
            return Ok(Err(failure("the commit-msg hook took away the trailers by which the commit is known")));
        }
        Ok(Ok(text))
    }

    /// True when one of these hooks is there and is to be run.
    /// True when hooks of the repository have a say in messages.
    pub(super) fn has_message_hooks(&self) -> bool {
        self.has_hook(&["prepare-commit-msg", "commit-msg"])
    }

    fn has_hook(&self, names: &[&str]) -> bool {
        !self.request.leave.hooks && self.repo.commit_hooks().iter().any(|hook| names.contains(&hook.as_str()))
    }

    /// A hook of git's as a command.
    fn hook(&self, unit: &Unit, draft: &Draft, label: &'static str, run: &str) -> Call {
        let there = |path: &&RepoPath| draft.files.iter().any(|file| file.path == **path && file.new_text().is_some());
        let files = unit.paths().filter(there).cloned().collect();
        let command = Command::plain(plan::Run::Shell(format!("{STAGED}{run}")), Default::default());
        Call { command, file: None, files, label: Some(label), unit: None }
    }
}
