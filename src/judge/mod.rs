//! Lets the plan's commands judge a unit, a commit or a phase, one after the other, and says how each ended.
//!
//! A command is run again as often as the plan says; what it says on the tip, without the unit, is remembered, so that a unit answers for
//! new failures only.

mod account;
mod kept;
mod ruling;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::command::{self, Finished, GRACE, Invocation, Orphans, Outcome};
use crate::copies::{Copy, CopyError, Touched};
use crate::cure;
use crate::event::{Activity, Event};
use crate::fault;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::command::{Fields, Resolved};
use crate::plan::{self, Command, Plan};
use crate::repo::Repo;
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;
use crate::units::Call;
use crate::verdict::VerdictKind;

use ruling::{Account, Ruling, rule};
pub use ruling::{OnTip, named};

/// The file beside a copy that holds the message of the commit to come.
pub const MESSAGE: &str = "COMMIT_EDITMSG";

/// The file that tells a codemod why what it made before failed.
const FEEDBACK: &str = "feedback";

/// What commands are run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An external codemod.
    Transform,
    /// What puts a draft into the project's form.
    Format,
    /// A hook of git's.
    Hook,
    /// Before the commit.
    Validate,
    /// After the commit.
    Verify,
    /// After the phase.
    Gate,
    /// On the tip, without the unit: what a later verdict is held against.
    Before,
}

impl Purpose {
    /// True for commands that are to change the files of their unit.
    #[must_use]
    pub fn changes_files(self) -> bool {
        matches!(self, Self::Transform | Self::Format | Self::Hook)
    }

    /// Its word in names of logs and in reasons.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Format => "format",
            Self::Hook => "hook",
            Self::Validate => "validate",
            Self::Verify => "verify",
            Self::Gate => "gate",
            Self::Before => "before",
        }
    }

    fn activity(self, command: String) -> Activity {
        match self {
            Self::Transform | Self::Format => Activity::Transforming { command },
            Self::Hook | Self::Validate | Self::Gate | Self::Before => Activity::Validating { command },
            Self::Verify => Activity::Verifying { command },
        }
    }
}

/// How a list of commands judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All passed.
    Passed(Vec<Passing>),
    /// One did not.
    Failed {
        /// How, in one word.
        kind: VerdictKind,
        /// The command and how it ended.
        reason: String,
        /// The command alone, as it was run.
        command: String,
        /// Where its output is kept.
        log: PathBuf,
        /// Which of the calls it was.
        nth: usize,
        /// What it says, should this be the tip.
        on_tip: OnTip,
        /// True when it could not judge: it took too long, or did not find what it needs.
        could_not_judge: bool,
    },
}

/// A command that let a unit pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing {
    /// The command as it was run, and how many tests that were, for the message.
    pub shown: String,
    /// What it is remembered by.
    key: CallKey,
    /// What it says, should this be the tip; `None` where it was not asked.
    on_tip: Option<OnTip>,
}

/// What is the same of two calls that say the same of the same tree: the command as it is run, but for where its report goes, and what
/// it reads of its environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKey {
    shown: String,
    file: Option<RepoPath>,
    unit: Option<UnitId>,
}

/// What is to be judged, and by which commands.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// What for.
    pub purpose: Purpose,
    /// The commands, to be run in order until one fails.
    pub calls: &'q [Call],
    /// True when the unit takes tests away: fewer tests than before are then no failure.
    pub fewer: bool,
    /// The phase's id.
    pub phase: &'q str,
    /// The unit; `None` for a gate.
    pub unit: Option<&'q UnitId>,
}

/// A copy of the work tree in which commands are run.
pub struct Isolated<'c> {
    /// The copy.
    pub copy: &'c Copy,
    /// True for a file that they must leave as it is.
    pub is_guarded: &'c dyn Fn(&RepoPath) -> Result<bool, Stop>,
    /// True when they may change the index.
    pub may_stage: bool,
    /// True for a path that git tracks, or that is inside of what it tracks: nothing is brought there.
    pub is_tracked: &'c dyn Fn(&RepoPath) -> Result<bool, Stop>,
}

/// How one attempt at a call ended.
struct Attempted {
    ruling: Ruling,
    log: PathBuf,
    could_not_judge: bool,
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
    /// How often a log of a group that is tried in parts was begun, so that no part loses that of another.
    begun: RefCell<BTreeMap<PathBuf, usize>>,
    /// What commands say on the tip.
    on_tip: RefCell<BTreeMap<CallKey, OnTip>>,
    /// The commands that are not asked, by their texts: they are known to fail.
    red_ok: &'a [String],
    /// Why what codemods made of the unit before failed; empty the first time.
    feedback: RefCell<String>,
}

impl CallKey {
    /// The command as it is run, where it reads no file's and no unit's name.
    #[must_use]
    pub fn of_the_whole(&self) -> Option<&str> {
        (self.file.is_none() && self.unit.is_none()).then_some(&self.shown)
    }
}

impl Passing {
    /// What is remembered of it where it reads no file's and no unit's name: the command as it is run, and how many tests that are.
    #[must_use]
    pub fn green(&self) -> Option<(String, Option<usize>)> {
        match &self.on_tip {
            Some(OnTip::Green(tests)) => Some((self.key.of_the_whole()?.to_owned(), *tests)),
            _ => None,
        }
    }
}

impl<'a> Judge<'a> {
    /// Lets the commands of `plan` judge what is in the work tree, until `interrupt` ends them.
    #[must_use]
    pub fn new(repo: &'a Repo, plan: &'a Plan, interrupt: &'a Interrupt) -> Self {
        let (top, logs) = (repo.top(), repo.state_folder().join("logs"));
        Self {
            top,
            logs,
            plan,
            interrupt,
            proven: RefCell::default(),
            begun: RefCell::default(),
            on_tip: RefCell::default(),
            red_ok: &[],
            feedback: RefCell::default(),
        }
    }

    /// The same, with commands that are not asked, by their texts in the plan.
    #[must_use]
    pub fn without(self, red_ok: &'a [String]) -> Self {
        Self { red_ok, ..self }
    }

    /// Tells codemods from now on why what they made before failed.
    pub fn give_feedback(&self, why: String) {
        *self.feedback.borrow_mut() = why;
    }

    /// Remembers what commands that passed say on the tip: what they judged has landed. What others said of the tip before is not true of
    /// this one.
    pub fn learn(&self, passed: Vec<Passing>) {
        let known = passed.into_iter().filter_map(|passing| Some((passing.key, passing.on_tip?)));
        *self.on_tip.borrow_mut() = known.collect();
    }

    /// Forgets all that: the tip is another.
    pub fn forget(&self) {
        self.on_tip.borrow_mut().clear();
    }

    /// Remembers that these commands, as they are run, pass on the tip, with so many tests where that is known: a run that was
    /// interrupted noted it.
    pub fn recall(&self, green: impl IntoIterator<Item = (String, Option<usize>)>) {
        let key = |shown| CallKey { shown, file: None, unit: None };
        self.on_tip.borrow_mut().extend(green.into_iter().map(|(shown, tests)| (key(shown), OnTip::Green(tests))));
    }

    /// Remembers what a call says on the tip, where it was judged with nothing of the unit in the work tree, and gives it back.
    pub fn learn_on_tip(&self, key: CallKey, verdict: Verdict) -> OnTip {
        let says = match verdict {
            Verdict::Passed(passed) => passed.into_iter().find_map(|passing| passing.on_tip).unwrap_or(OnTip::Green(None)),
            Verdict::Failed { on_tip, .. } => on_tip,
        };
        self.on_tip.borrow_mut().insert(key, says.clone());
        says
    }

    /// What a call is known to say on the tip.
    #[must_use]
    pub fn known(&self, key: &CallKey) -> Option<OnTip> {
        self.on_tip.borrow().get(key).cloned()
    }

    /// What a call is remembered by.
    #[must_use]
    pub fn key(&self, call: &Call, phase: &str, unit: Option<&UnitId>) -> CallKey {
        let run = &call.command.run;
        let file = call.file.clone().filter(|_| run.names_file());
        CallKey { shown: self.shown(call, phase, unit), file, unit: unit.cloned().filter(|_| run.names_unit()) }
    }

    /// The command as it is run, but for where its report goes.
    #[must_use]
    pub fn shown(&self, call: &Call, phase: &str, unit: Option<&UnitId>) -> String {
        if let Some(label) = call.label {
            return label.to_owned();
        }
        call.command.run.resolve(&self.fields(call, phase, unit, None)).shown
    }

    fn fields<'f>(&'f self, call: &'f Call, phase: &'f str, unit: Option<&'f UnitId>, report: Option<&'f Path>) -> Fields<'f> {
        let unit = unit.map(UnitId::as_bytes);
        Fields { file: call.file.as_ref(), files: &call.files, plan: &self.plan.name, phase, unit, report, feedback: None }
    }

    /// True when the command is known to fail and is not asked.
    #[must_use]
    pub fn is_left_out(&self, command: &Command) -> bool {
        self.red_ok.contains(&command.run.to_string())
    }

    /// Those of these calls that are not judged because they are known to fail, for the message.
    #[must_use]
    pub fn left_out(&self, calls: &[Call], phase: &str, unit: Option<&UnitId>) -> Vec<String> {
        let left_out = calls.iter().filter(|call| self.is_left_out(&call.command));
        left_out.map(|call| not_judged(&self.shown(call, phase, unit))).collect()
    }

    /// Runs the commands in order until one fails, in the work tree or in a copy of it, and looks `after` each whether to go on.
    ///
    /// # Errors
    /// [`Stop::Usage`] when a program is not there and the command never found it, which is the plan's fault and not the file's;
    /// [`Stop::Interrupted`]; and what `after` fails with.
    pub fn run(
        &self,
        question: Question<'_>,
        isolated: Option<&Isolated<'_>>,
        after: &mut dyn FnMut() -> Result<(), Stop>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Verdict, Stop> {
        let Question { purpose, calls, phase, unit, .. } = question;
        let mut passed = Vec::with_capacity(calls.len());
        for (nth, call) in calls.iter().enumerate() {
            let (shown, key) = (self.shown(call, phase, unit), self.key(call, phase, unit));
            if self.is_left_out(&call.command) {
                passed.push(Passing { shown: not_judged(&shown), key, on_tip: None });
                continue;
            }
            let mut attempt = 0;
            // On the tip what failed each time was red before; what passed once is flaky, and stays to be judged.
            let mut each_time: Option<OnTip> = None;
            let Attempted { ruling, log, could_not_judge } = loop {
                let attempted = self.attempt(question, isolated, (nth, attempt), after, emit)?;
                if purpose == Purpose::Before {
                    each_time = Some(attempted.ruling.on_tip().and_before(each_time));
                }
                if attempted.ruling.kind.lets_land() || attempt >= call.command.retries {
                    break attempted;
                }
                attempt += 1;
            };
            if !ruling.kind.lets_land() {
                let reason = format!("{} `{shown}` {}", purpose.word(), ruling.why);
                let (kind, on_tip) = (ruling.kind, each_time.unwrap_or_else(|| ruling.on_tip()));
                return Ok(Verdict::Failed { kind, reason, command: shown, log, nth, on_tip, could_not_judge });
            }
            let tests = ruling.tests.map(|tests| format!("{tests} test{}", if tests == 1 { "" } else { "s" }));
            let but = match ruling.kind {
                VerdictKind::RedBefore => Some("no new failure".to_owned()),
                _ if attempt > 0 => Some(format!("flaky: passed on attempt {}", attempt + 1)),
                VerdictKind::Flaky => Some("flaky".to_owned()),
                _ => None,
            };
            let said: Vec<String> = tests.into_iter().chain(but.clone()).collect();
            let shown = if said.is_empty() { shown } else { format!("{shown} ({})", said.join(", ")) };
            // What was red before was told once, when it was asked for.
            if but.is_some() && purpose != Purpose::Before && ruling.kind != VerdictKind::RedBefore {
                emit(Event::Warning { message: format!("{} {shown}", purpose.word()), help: None });
            }
            passed.push(Passing { shown, key, on_tip: Some(ruling.on_tip()) });
        }
        Ok(Verdict::Passed(passed))
    }

    /// One attempt at the call of this place.
    fn attempt(
        &self,
        question: Question<'_>,
        isolated: Option<&Isolated<'_>>,
        (nth, attempt): (usize, u32),
        after: &mut dyn FnMut() -> Result<(), Stop>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Attempted, Stop> {
        let Question { purpose, calls, fewer, phase, unit } = question;
        let call = &calls[nth];
        let command = &call.command;
        let shown = self.shown(call, phase, unit);
        if let Some(unit) = unit {
            emit(Event::Doing { unit: unit.to_string(), activity: purpose.activity(shown.clone()) });
        }
        let log = self.log(purpose, (nth + 1, attempt), phase, unit)?;
        let kept = command.report.map(|_| log.with_extension("xml"));
        // What a command writes below the tree, git's folder included, stays in its copy.
        let report =
            kept.as_ref().map(|kept| isolated.map_or_else(|| kept.clone(), |isolated| isolated.copy.beside("report.xml")));
        let report = report.as_deref();
        for report in report.iter().copied().chain(kept.as_deref()) {
            account::clear(report)?;
        }
        let feedback = (purpose == Purpose::Transform)
            .then(|| isolated.map_or_else(|| self.logs.join(FEEDBACK), |isolated| isolated.copy.beside(FEEDBACK)));
        if let Some(feedback) = &feedback {
            account::tell(feedback, &self.feedback.borrow())?;
        }
        let fields = Fields { feedback: feedback.as_deref(), ..self.fields(call, phase, unit, report) };
        let resolved = command.run.resolve(&fields);
        fault::point("command: before");
        let finished = self.start(command, &resolved, isolated, &fields, &log)?;
        fault::point("command: ended");
        // What a codemod prints is about no tests.
        let account = if purpose.changes_files() { Account::Text(None) } else { account::of(report, &log) };
        let outcome = match (&finished.outcome, &account) {
            (Outcome::Failed(status), Account::Text(None)) if command.is_ok(*status) => Outcome::Passed,
            (Outcome::Passed, Account::Text(None)) if !command.is_ok(0) => Outcome::Failed(0),
            (outcome, _) => outcome.clone(),
        };
        let before = if purpose == Purpose::Before { None } else { self.known(&self.key(call, phase, unit)) };
        let mut ruling = rule(&outcome, &account, before.as_ref(), command.allow_empty, fewer);
        // Of what was ended on the way nothing is to be told.
        let was_interrupted = matches!(finished.outcome, Outcome::Interrupted(_));
        if let Some(isolated) = isolated.filter(|_| !was_interrupted) {
            if let (Some(report), Some(kept)) = (report, &kept) {
                account::keep(report, kept)?;
            }
            let touched = isolated.copy.touched()?;
            kept::keep(command, (isolated, &touched), self.top, emit)?;
            if let Some(meddled) = meddled(isolated, touched)? {
                ruling = ruling.but_meddled(&meddled);
            }
        }
        account::conclude(&log, &format!("{}: {}", ruling.kind.word(), ruling.why))?;
        emit(Event::CommandFinished {
            unit: unit.map(ToString::to_string),
            command: shown,
            passed: ruling.kind.lets_land(),
            outcome: ruling.why.clone(),
            verdict: ruling.kind.word().to_owned(),
            tests: ruling.tests,
            failures: ruling.failures.iter().map(ToString::to_string).collect(),
            attempt: attempt + 1,
            again: !ruling.kind.lets_land() && attempt < command.retries,
            without_unit: purpose == Purpose::Before,
            millis: u64::try_from(finished.elapsed.as_millis()).unwrap_or(u64::MAX),
            log: log.display().to_string(),
            tail: String::from_utf8_lossy(&finished.tail).into_owned(),
            leaked: finished.leaked,
        });
        if !was_interrupted {
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
        let could_not_judge = matches!(finished.outcome, Outcome::TimedOut(_) | Outcome::NotFound(_));
        Ok(Attempted { ruling, log, could_not_judge })
    }

    fn start(
        &self,
        command: &Command,
        resolved: &Resolved,
        isolated: Option<&Isolated<'_>>,
        fields: &Fields<'_>,
        log: &Path,
    ) -> Result<Finished, Stop> {
        let mut env: Vec<(OsString, OsString)> =
            vec![("MIGRATE_PLAN".into(), fields.plan.into()), ("MIGRATE_PHASE".into(), fields.phase.into())];
        let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        env.extend(fields.unit.map(|unit| ("MIGRATE_UNIT".into(), bytes(unit))));
        env.extend(fields.file.map(|file| ("MIGRATE_FILE".into(), bytes(file.as_bytes()))));
        env.extend(fields.report.map(|report| ("MIGRATE_REPORT".into(), report.into())));
        env.extend(fields.feedback.map(|feedback| ("MIGRATE_FEEDBACK".into(), feedback.into())));
        env.extend(isolated.map(|isolated| ("MIGRATE_MESSAGE".into(), isolated.copy.beside(MESSAGE).into())));
        let argv = isolated.map(|isolated| isolated.copy.argv(&resolved.argv));
        let argv = argv.as_deref().unwrap_or(&resolved.argv);
        // With a copy all ends that is in it.
        let orphans = if isolated.is_some() { Orphans::Leave } else { Orphans::End };
        let invocation = Invocation { argv, cwd: self.top, env: &env, timeout: command.timeout, grace: GRACE, log, orphans };
        command::run(&invocation, self.interrupt)
            .map_err(|problem| {
                let help = "fix the cause, then run migrate again";
                Stop::Refused(match problem.cause() {
                    Some(source) => Note::new(format!("{problem}: {source}"), cure::help(source, help)),
                    None => Note::new(problem.to_string(), help),
                })
            })
            .and_then(|finished| match isolated.and_then(|isolated| isolated.copy.trouble()) {
                Some(why) if !matches!(finished.outcome, Outcome::Interrupted(_)) => Err(CopyError::NotEntered(why).into()),
                _ => Ok(finished),
            })
    }

    /// The file that keeps a command's output, its folder made.
    fn log(&self, purpose: Purpose, (nth, attempt): (usize, u32), phase: &str, unit: Option<&UnitId>) -> Result<PathBuf, Stop> {
        let folder = self.logs.join(&self.plan.name).join(phase);
        std::fs::create_dir_all(&folder).map_err(|error| {
            Stop::Refused(Note::new(
                format!("cannot make {}: {error}", folder.display()),
                cure::help(&error, "fix the cause, then run migrate again"),
            ))
        })?;
        let name = unit.map_or_else(|| "phase".to_owned(), log_name);
        let again = if attempt == 0 { String::new() } else { format!(".{}", attempt + 1) };
        let log = folder.join(format!("{name}.{}-{nth}{again}.log", purpose.word()));
        if !unit.is_some_and(UnitId::is_cut) {
            return Ok(log);
        }
        let mut begun = self.begun.borrow_mut();
        let times = begun.entry(log.clone()).or_default();
        *times += 1;
        Ok(if *times == 1 { log } else { log.with_extension(format!("part-{times}.log")) })
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

/// What commands did in a copy to what they must leave as it is, in words.
fn meddled(isolated: &Isolated<'_>, touched: Touched) -> Result<Option<String>, Stop> {
    let mut files: Vec<String> = Vec::new();
    for path in touched.files.keys() {
        if (isolated.is_guarded)(path)? {
            files.push(path.to_string());
        }
    }
    let mut what = Vec::new();
    if !files.is_empty() {
        what.push(format!("changed tracked files: {}", files.join(", ")));
    }
    if touched.head {
        what.push("moved HEAD".to_owned());
    }
    if !touched.refs.is_empty() {
        what.push(format!("changed references: {}", touched.refs.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if !touched.index.is_empty() && !isolated.may_stage {
        let paths: Vec<String> = touched.index.iter().map(ToString::to_string).collect();
        what.push(format!("changed the index: {}", paths.join(", ")));
    }
    Ok((!what.is_empty()).then(|| what.join(", and ")))
}

fn not_judged(shown: &str) -> String {
    format!("{shown} (not judged: it failed before)")
}

fn not_found(purpose: Purpose, resolved: &Resolved, program: &str) -> Stop {
    let message = format!("{} command cannot be run: {program}: not found, or not executable", purpose.word());
    let help = format!("correct the command `{}` in the plan, or install what it needs", resolved.shown);
    Stop::Usage(Note::new(message, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_different_units_never_share_a_name() {
        let name = |path: &str| log_name(&UnitId::of_file(&RepoPath::new(path).unwrap()));
        assert_eq!(name("a/b.py"), "a+b.py");
        assert_ne!(name("a/b.py"), name("a+b.py"));
        assert_ne!(name("a/ü.py"), name("a/ö.py"));
        assert!(name(&"x".repeat(4000)).len() < 200);
    }
}
