//! Lets the plan's commands judge a unit, a commit or a phase, one after the other, and says how each ended.
//!
//! A command is run again as often as the plan says; what it says on the tip, without the unit, is remembered, so that a unit answers for
//! new failures only.

mod account;
mod builtin;
mod cache;
mod durations;
mod kept;
mod logs;
mod measure;
mod question;
mod ruling;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use git2::Oid;

use crate::board::{self, Board, Running};
use crate::command::{self, Finished, GRACE, Invocation, Orphans, Outcome};
use crate::copies::{CopyError, Private, Touched};
use crate::cure;
use crate::event::Event;
use crate::fault;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::command::{Fields, Resolved};
use crate::plan::{self, Command, Own, Plan};
use crate::repo::Repo;
use crate::stop::{Note, Stop};
use crate::unit_id::UnitId;
use crate::units::Call;
use crate::verdict::VerdictKind;

pub use account::{Concluded, concluded};
pub use builtin::{INTERPRETER, UNDECIDED};
use cache::Cache;
pub use durations::Durations;
pub use logs::Logs;
use logs::Whose;
pub use measure::Measurement;
pub use question::{Isolated, Purpose, Question};
use ruling::{Account, Ruling, rule};
pub use ruling::{OnTip, named};

/// The file beside a copy that holds the message of the commit to come.
pub const MESSAGE: &str = "COMMIT_EDITMSG";

/// The file that tells a codemod why what it made before failed.
const FEEDBACK: &str = "feedback";

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
    /// Which of the calls it was.
    pub nth: usize,
    /// What there is to say of it beside the command, such as how many tests it ran.
    pub said: Vec<String>,
    /// What it is remembered by.
    key: CallKey,
    /// What it says, should this be the tip; `None` where it was not asked.
    on_tip: Option<OnTip>,
}

/// What is the same of two calls that say the same of the same tree: the command as it is run, but for where its report goes, and what
/// it reads of its environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKey {
    /// The command as it is run, but for where its report goes.
    pub shown: String,
    /// The file that it names.
    pub file: Option<RepoPath>,
    /// The unit that it names.
    pub unit: Option<UnitId>,
}

/// How one attempt at a call ended.
struct Attempted {
    ruling: Ruling,
    log: PathBuf,
    /// What it could not decide, in words.
    undecided: Option<String>,
    could_not_judge: bool,
}

/// What commands are run with.
pub struct Judge<'a> {
    /// The folder the commands run in: the top of the work tree.
    top: &'a Path,
    /// Where their output is kept.
    logs: Logs,
    /// The file that tells a codemod in the work tree why what it made before failed.
    feedback_file: PathBuf,
    /// The plan they are from.
    pub plan: &'a Plan,
    /// What ends them early.
    interrupt: &'a Interrupt,
    /// The commands that found what they need at least once, as the plan has them.
    proven: Mutex<BTreeSet<plan::Run>>,
    /// What commands say on the tip.
    on_tip: Mutex<BTreeMap<CallKey, OnTip>>,
    /// What passed, by the tree on which it did.
    cache: Cache,
    /// True when no command is spared for having passed.
    no_cache: bool,
    /// What no two commands may use at a time, by the name that the plan has for it.
    exclusive: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
    /// The commands that are not asked, by their texts: they are known to fail.
    red_ok: &'a [String],
    /// Why what codemods made of the unit before failed; empty the first time.
    feedback: Mutex<String>,
    /// The file with what the interpreter said, once it was asked.
    interpreter: OnceLock<Option<PathBuf>>,
    /// Where that is kept.
    interpreter_file: PathBuf,
    /// How long commands took.
    durations: Mutex<Durations>,
    /// Where it is seen what runs.
    board: Arc<Board>,
}

impl Passing {
    /// What is kept of it: what it is known by, and how many tests it ran. None of what passed only on another attempt, or in spite of
    /// failures that were there before.
    #[must_use]
    pub fn green(&self) -> Option<(&CallKey, Option<usize>)> {
        match &self.on_tip {
            Some(OnTip::Green(tests)) if self.said.iter().all(|said| !said.starts_with(FLAKY)) => Some((&self.key, *tests)),
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
            feedback_file: logs.join(FEEDBACK),
            logs: Logs::of(&logs, &plan.name),
            plan,
            interrupt,
            proven: Mutex::default(),
            on_tip: Mutex::default(),
            cache: Cache::default(),
            no_cache: false,
            exclusive: Mutex::default(),
            red_ok: &[],
            feedback: Mutex::default(),
            interpreter: OnceLock::new(),
            interpreter_file: logs.join("interpreter.json"),
            durations: Mutex::new(Durations::load(&repo.state_folder())),
            board: Arc::default(),
        }
    }

    /// The same, with commands that are not asked, by their texts in the plan.
    #[must_use]
    pub fn without(self, red_ok: &'a [String]) -> Self {
        Self { red_ok, ..self }
    }

    /// The same, running every command whatever is known of it.
    #[must_use]
    pub fn without_cache(self, no_cache: bool) -> Self {
        Self { no_cache, ..self }
    }

    /// The same, with what runs on a board.
    #[must_use]
    pub fn seen_on(self, board: Arc<Board>) -> Self {
        Self { board, ..self }
    }

    /// Removes logs that nobody asks for any more: those of units of this phase that are done, written before `limit`.
    pub fn drop_old_logs<'u>(&self, phase: &str, done: impl Iterator<Item = &'u UnitId>, limit: SystemTime) {
        self.logs.drop_old(phase, done, limit);
    }

    /// How long commands took so far, in this run and before.
    #[must_use]
    pub fn durations(&self) -> Durations {
        locked(&self.durations).clone()
    }

    /// Keeps how long commands took for whoever wants to know how long they will take.
    pub fn keep_durations(&self) {
        locked(&self.durations).save();
    }

    /// Tells codemods from now on why what they made before failed.
    pub fn give_feedback(&self, why: String) {
        *locked(&self.feedback) = why;
    }

    /// Remembers what commands that passed say on the tip: what they judged has landed. What others said of the tip before is not true of
    /// this one.
    pub fn learn(&self, passed: Vec<Passing>) {
        let known = passed.into_iter().filter_map(|passing| Some((passing.key, passing.on_tip?)));
        *locked(&self.on_tip) = known.collect();
    }

    /// Forgets all that: the tip is another.
    pub fn forget(&self) {
        locked(&self.on_tip).clear();
    }

    /// Remembers that a call passes on the tip, with so many tests where that is known: a run that was interrupted noted it.
    pub fn recall(&self, key: CallKey, tests: Option<usize>) {
        locked(&self.on_tip).insert(key, OnTip::Green(tests));
    }

    /// Remembers what a call says on the tip, where it was judged with nothing of the unit in the work tree, and gives it back.
    pub fn learn_on_tip(&self, key: CallKey, verdict: Verdict) -> OnTip {
        let says = match verdict {
            Verdict::Passed(passed) => passed.into_iter().find_map(|passing| passing.on_tip).unwrap_or(OnTip::Green(None)),
            Verdict::Failed { on_tip, .. } => on_tip,
        };
        locked(&self.on_tip).insert(key, says.clone());
        says
    }

    /// What a call is known to say on the tip.
    #[must_use]
    pub fn known(&self, key: &CallKey) -> Option<OnTip> {
        locked(&self.on_tip).get(key).cloned()
    }

    /// What a call is remembered by.
    #[must_use]
    pub fn key(&self, call: &Call, phase: &str, unit: Option<&UnitId>) -> CallKey {
        let run = &call.command.run;
        let file = call.file.clone().filter(|_| run.names_file());
        let mut shown = self.shown(call, phase, unit);
        // It is shown without the files that it is about.
        if run.builtin().is_some() {
            shown.extend(call.files.iter().map(|file| format!(" {file}")));
        }
        CallKey { shown, file, unit: unit.cloned().filter(|_| run.names_unit()) }
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

    /// How many tests a call ran when it passed on this very tree; `None` when it has to be run. What is to be kept of its files is not there
    /// without running it.
    fn passed_before(&self, question: &Question<'_>, call: &Call, key: &CallKey) -> Option<Option<usize>> {
        let is_judging = matches!(question.purpose, Purpose::Validate | Purpose::Verify | Purpose::Gate | Purpose::Before);
        let tree = question.tree.filter(|_| is_judging && !self.no_cache && call.command.keep.is_empty())?;
        self.cache.passed(tree, question.phase, key)
    }

    /// Keeps that a call passed on a tree. False when that was known.
    pub fn keep(&self, tree: Oid, phase: &str, call: &CallKey, tests: Option<usize>) -> bool {
        self.cache.keep(tree, phase, call, tests)
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
        let Question { purpose, calls, phase, .. } = question;
        let mut passed = Vec::with_capacity(calls.len());
        for (nth, call) in calls.iter().enumerate() {
            let unit = question.about(call);
            let (shown, key) = (self.shown(call, phase, unit), self.key(call, phase, unit));
            if self.is_left_out(&call.command) {
                passed.push(Passing { shown: not_judged(&shown), nth, said: vec![NOT_JUDGED.to_owned()], key, on_tip: None });
                continue;
            }
            if let Some(tests) = self.passed_before(&question, call, &key) {
                let (said, on_tip) = (tests_ran(tests).into_iter().collect::<Vec<_>>(), Some(OnTip::Green(tests)));
                emit(Event::CommandReused { unit: question.unit.map(ToString::to_string), command: shown.clone() });
                passed.push(Passing { shown: saying(&shown, &said), nth, said, key, on_tip });
                continue;
            }
            let mut attempt = 0;
            // On the tip what failed each time was red before; what passed once is flaky, and stays to be judged.
            let mut each_time: Option<OnTip> = None;
            let Attempted { ruling, log, undecided, could_not_judge } = loop {
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
            // What is built in runs no tests.
            let tests = tests_ran(ruling.tests.filter(|_| call.command.run.builtin().is_none()));
            let but = match ruling.kind {
                VerdictKind::RedBefore => Some("no new failure".to_owned()),
                _ if attempt > 0 => Some(format!("{FLAKY}: passed on attempt {}", attempt + 1)),
                VerdictKind::Flaky => Some(FLAKY.to_owned()),
                _ => undecided,
            };
            let said: Vec<String> = tests.into_iter().chain(but.clone()).collect();
            let shown = saying(&shown, &said);
            // What was red before was told once, when it was asked for.
            if but.is_some() && purpose != Purpose::Before && ruling.kind != VerdictKind::RedBefore {
                emit(Event::Warning { message: format!("{} {shown}", purpose.word()), help: None });
            }
            passed.push(Passing { shown, nth, said, key, on_tip: Some(ruling.on_tip()) });
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
        let Question { purpose, calls, fewer, phase, .. } = question;
        let call = &calls[nth];
        let (command, unit) = (&call.command, question.about(call));
        let shown = self.shown(call, phase, unit);
        if let Some(unit) = question.unit {
            emit(Event::Doing { unit: unit.to_string(), activity: purpose.activity(shown.clone()) });
        }
        let whose = match (question.about(call), question.candidate) {
            (Some(unit), candidate) => Whose::Unit(unit, candidate.is_some()),
            (None, Some((number, _))) => Whose::Batch(number),
            (None, None) => Whose::Phase,
        };
        let log = self.logs.file(purpose, (nth + 1, attempt), phase, whose)?;
        let kept = command.report.map(|_| log.with_extension("xml"));
        // What a command writes below the tree, git's folder included, stays in its copy.
        let report =
            kept.as_ref().map(|kept| isolated.map_or_else(|| kept.clone(), |isolated| isolated.copy.beside("report.xml")));
        let report = report.as_deref();
        for report in report.iter().copied().chain(kept.as_deref()) {
            account::clear(report)?;
        }
        let feedback = (purpose == Purpose::Transform)
            .then(|| isolated.map_or_else(|| self.feedback_file.clone(), |isolated| isolated.copy.beside(FEEDBACK)));
        if let Some(feedback) = &feedback {
            account::tell(feedback, &locked(&self.feedback))?;
        }
        let fields = Fields { feedback: feedback.as_deref(), ..self.fields(call, phase, unit, report) };
        let resolved = command.run.resolve(&fields);
        fault::point("command: before");
        let running = Running {
            step: purpose.step().to_owned(),
            unit: question.unit.map(ToString::to_string),
            others: question.candidate.map_or(0, |(_, units)| units.saturating_sub(1)),
            command: shown.clone(),
            log: log.clone(),
            since: board::now(),
        };
        let shown_as_running = self.board.begin(running);
        let finished = self.start(command, &resolved, isolated, &fields, &log)?;
        drop(shown_as_running);
        fault::point("command: ended");
        // What a codemod prints is about no tests.
        let account = if purpose.changes_files() { Account::Text(None) } else { account::of(report, &log) };
        let outcome = match (&finished.outcome, &account) {
            (Outcome::Failed(status), Account::Text(None)) if command.is_ok(*status) => Outcome::Passed,
            (Outcome::Passed, Account::Text(None)) if !command.is_ok(0) => Outcome::Failed(0),
            (outcome, _) => outcome.clone(),
        };
        let before = if purpose == Purpose::Before { None } else { self.known(&self.key(call, phase, unit)) };
        let is_builtin = command.run.builtin().is_some();
        // Of what is built in, problems that are gone are no tests that are gone.
        let mut ruling = rule(&outcome, &account, before.as_ref(), command.allow_empty, fewer || is_builtin);
        let said = if is_builtin { account::output(&log) } else { String::new() };
        if is_builtin {
            ruling = builtin::told(ruling, &said);
        }
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
        if !was_interrupted {
            locked(&self.durations).add(&command.run, finished.elapsed);
        }
        account::conclude(&log, (&shown, finished.elapsed), &format!("{}: {}", ruling.kind.word(), ruling.why))?;
        emit(Event::CommandFinished {
            unit: question.unit.map(ToString::to_string),
            others: question.candidate.map_or(0, |(_, units)| units.saturating_sub(1)),
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
            Outcome::NotFound(program) if !locked(&self.proven).contains(&command.run) => {
                return Err(not_found(purpose, &resolved, program));
            }
            _ => locked(&self.proven).insert(command.run.clone()),
        };
        let could_not_judge = matches!(finished.outcome, Outcome::TimedOut(_) | Outcome::NotFound(_));
        Ok(Attempted { ruling, log, undecided: builtin::undecided(&said), could_not_judge })
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
        env.extend(isolated.map(|isolated| ("MIGRATE_JOB".into(), isolated.job.to_string().into())));
        if command.run.builtin().is_some() {
            let said = builtin::interpreter(&self.interpreter, self.top, &self.interpreter_file);
            env.extend(said.map(|said| (INTERPRETER.into(), said.into())));
        }
        env.extend(isolated.map(|isolated| ("MIGRATE_MESSAGE".into(), isolated.copy.beside(MESSAGE).into())));
        let own = |own: Own| command.private.contains(&own);
        let private = Private { tmp: own(Own::Tmp), network: own(Own::Network) };
        let argv = isolated.map(|isolated| isolated.copy.argv_with(private, &resolved.argv));
        let argv = argv.as_deref().unwrap_or(&resolved.argv);
        // With a copy all ends that is in it.
        let orphans = if isolated.is_some() { Orphans::Leave } else { Orphans::End };
        let invocation = Invocation { argv, cwd: self.top, env: &env, timeout: command.timeout, grace: GRACE, log, orphans };
        let shared = command.exclusive.as_ref().map(|name| Arc::clone(locked(&self.exclusive).entry(name.clone()).or_default()));
        let _alone = shared.as_deref().map(locked);
        command::run(&invocation, isolated.map_or(self.interrupt, |isolated| isolated.interrupt))
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
}

/// What only one thread may look at at a time. A thread that panicked while it did leaves it as whole as it was.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What is said of a command that did not answer the same each time.
const FLAKY: &str = "flaky";

/// How many tests ran, in words.
fn tests_ran(tests: Option<usize>) -> Option<String> {
    tests.map(|tests| format!("{tests} test{}", if tests == 1 { "" } else { "s" }))
}

/// What is said of a command that is known to fail.
const NOT_JUDGED: &str = "not judged: it failed before";

fn not_judged(shown: &str) -> String {
    saying(shown, &[NOT_JUDGED.to_owned()])
}

/// A command and what there is to say of it.
#[must_use]
pub fn saying(shown: &str, said: &[String]) -> String {
    if said.is_empty() { shown.to_owned() } else { format!("{shown} ({})", said.join(", ")) }
}

fn not_found(purpose: Purpose, resolved: &Resolved, program: &str) -> Stop {
    let message = format!("{} command cannot be run: {program}: not found, or not executable", purpose.word());
    let help = format!("correct the command `{}` in the plan, or install what it needs", resolved.shown);
    Stop::Usage(Note::new(message, help))
}
