//! Lets the plan's commands judge a unit, a commit or a phase, one after the other, and says how each ended.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::command::{self, Finished, GRACE, Invocation, Outcome};
use crate::cure;
use crate::event::{Activity, Event};
use crate::fault;
use crate::interrupt::Interrupt;
use crate::plan::command::{Fields, Resolved};
use crate::plan::{self, Command, Plan};
use crate::repo::Repo;
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;
use crate::units::Call;

/// What commands are run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An external codemod.
    Transform,
    /// Before the commit.
    Validate,
    /// After the commit.
    Verify,
    /// After the phase.
    Gate,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Validate => "validate",
            Self::Verify => "verify",
            Self::Gate => "gate",
        }
    }

    fn activity(self, command: String) -> Activity {
        match self {
            Self::Transform => Activity::Transforming { command },
            Self::Validate | Self::Gate => Activity::Validating { command },
            Self::Verify => Activity::Verifying { command },
        }
    }
}

/// How a list of commands judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All passed: the commands as they were run.
    Passed(Vec<String>),
    /// One did not.
    Failed {
        /// The command and how it ended.
        reason: String,
        /// The command alone.
        command: String,
        /// Where its output is kept.
        log: PathBuf,
    },
}

/// What commands are run with.
pub struct Judge<'a> {
    /// The folder the commands run in: the top of the work tree.
    top: &'a Path,
    /// The folder that keeps their output.
    logs: PathBuf,
    /// The plan they are from.
    pub plan: &'a Plan,
    /// What ends them early.
    interrupt: &'a Interrupt,
    /// The commands that found what they need at least once, as the plan has them.
    proven: RefCell<BTreeSet<plan::Run>>,
}

impl<'a> Judge<'a> {
    /// Lets the commands of `plan` judge what is in the work tree, until `interrupt` ends them.
    #[must_use]
    pub fn new(repo: &'a Repo, plan: &'a Plan, interrupt: &'a Interrupt) -> Self {
        Self { top: repo.top(), logs: repo.state_folder().join("logs"), plan, interrupt, proven: RefCell::default() }
    }

    /// Runs `calls` in order until one fails, and looks `after` each whether to go on.
    ///
    /// # Errors
    /// [`Stop::Usage`] when a program is not there and the command never found it, which is the plan's fault and not the file's;
    /// [`Stop::Interrupted`]; and what `after` fails with.
    pub fn run(
        &self,
        purpose: Purpose,
        calls: &[Call],
        phase: &str,
        unit: Option<&UnitId>,
        after: &mut dyn FnMut() -> Result<(), Stop>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Verdict, Stop> {
        let mut passed = Vec::with_capacity(calls.len());
        for (at, Call { command, file, files }) in calls.iter().enumerate() {
            let (file, unit_name) = (file.as_ref(), unit.map(UnitId::as_bytes));
            let fields = Fields { file, files, report: None, plan: &self.plan.name, phase, unit: unit_name };
            let resolved = command.run.resolve(&fields);
            if let Some(unit) = unit {
                emit(Event::Doing { unit: unit.to_string(), activity: purpose.activity(resolved.shown.clone()) });
            }
            let log = self.log(purpose, at + 1, phase, unit)?;
            fault::point("command: before");
            let finished = self.start(command, &resolved, &fields, &log)?;
            fault::point("command: ended");
            emit(Event::CommandFinished {
                unit: unit.map(ToString::to_string),
                command: resolved.shown.clone(),
                passed: finished.outcome == Outcome::Passed,
                outcome: finished.outcome.to_string(),
                millis: u64::try_from(finished.elapsed.as_millis()).unwrap_or(u64::MAX),
                log: log.display().to_string(),
                tail: String::from_utf8_lossy(&finished.tail).into_owned(),
                leaked: finished.leaked,
            });
            if !matches!(finished.outcome, Outcome::Interrupted(_)) {
                after()?;
            }
            match &finished.outcome {
                Outcome::Interrupted(signal) => return Err(Stop::Interrupted(*signal)),
                // A command that once found what it needs is right: what it does not find now is this unit's doing.
                Outcome::NotFound(program) if !self.proven.borrow().contains(&command.run) => {
                    return Err(not_found(purpose, &resolved, program));
                }
                _ => self.proven.borrow_mut().insert(command.run.clone()),
            };
            if finished.outcome != Outcome::Passed {
                let reason = format!("{} `{}` {}", purpose.word(), resolved.shown, finished.outcome);
                return Ok(Verdict::Failed { reason, command: resolved.shown, log });
            }
            passed.push(resolved.shown);
        }
        Ok(Verdict::Passed(passed))
    }

    fn start(&self, command: &Command, resolved: &Resolved, fields: &Fields<'_>, log: &Path) -> Result<Finished, Stop> {
        let mut env: Vec<(OsString, OsString)> =
            vec![("MIGRATE_PLAN".into(), fields.plan.into()), ("MIGRATE_PHASE".into(), fields.phase.into())];
        let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        env.extend(fields.unit.map(|unit| ("MIGRATE_UNIT".into(), bytes(unit))));
        env.extend(fields.file.map(|file| ("MIGRATE_FILE".into(), bytes(file.as_bytes()))));
        let invocation =
            Invocation { argv: &resolved.argv, cwd: self.top, env: &env, timeout: command.timeout, grace: GRACE, log };
        command::run(&invocation, self.interrupt).map_err(|problem| {
            let help = "fix the cause, then run migrate again";
            Stop::Refused(match problem.cause() {
                Some(source) => Note::new(format!("{problem}: {source}"), cure::help(source, help)),
                None => Note::new(problem.to_string(), help),
            })
        })
    }

    /// The file that keeps a command's output, its folder made.
    fn log(&self, purpose: Purpose, nth: usize, phase: &str, unit: Option<&UnitId>) -> Result<PathBuf, Stop> {
        let folder = self.logs.join(&self.plan.name).join(phase);
        std::fs::create_dir_all(&folder).map_err(|error| {
            Stop::Refused(Note::new(
                format!("cannot make {}: {error}", folder.display()),
                cure::help(&error, "fix the cause, then run migrate again"),
            ))
        })?;
        let name = unit.map_or_else(|| "phase".to_owned(), log_name);
        Ok(folder.join(format!("{name}.{}-{nth}.log", purpose.word())))
    }
}

/// A file name for a unit: readable, unlike that of any other unit, and short enough for every file system.
fn log_name(unit: &UnitId) -> String {
    let text = String::from_utf8_lossy(unit.as_bytes());
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '+' }).collect();
    let tail: String = plain.chars().rev().take(150).collect::<Vec<_>>().into_iter().rev().collect();
    if tail.len() == text.len() && !text.contains('+') && plain.chars().zip(text.chars()).all(|(p, t)| p == t || t == '/') {
        return tail;
    }
    use sha2::Digest;
    let sum = sha2::Sha256::digest(unit.as_bytes());
    format!("{tail}-{:02x}{:02x}{:02x}{:02x}", sum[0], sum[1], sum[2], sum[3])
}

fn not_found(purpose: Purpose, resolved: &Resolved, program: &str) -> Stop {
    let message = format!("{} command cannot be run: {program}: not found, or not executable", purpose.word());
    let help = format!("correct the command `{}` in the plan, or install what it needs", resolved.shown);
    Stop::Usage(Note::new(message, help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;

    #[test]
    fn logs_of_different_units_never_share_a_name() {
        let name = |path: &str| log_name(&UnitId::of_file(&RepoPath::new(path).unwrap()));
        assert_eq!(name("a/b.py"), "a+b.py");
        assert_ne!(name("a/b.py"), name("a+b.py"));
        assert_ne!(name("a/ü.py"), name("a/ö.py"));
        assert!(name(&"x".repeat(4000)).len() < 200);
    }
}
