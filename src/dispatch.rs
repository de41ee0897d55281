//! From what was typed to what it means: finds the repository and the plan, starts the flow, and gives its words to the printers.

mod after;
mod ahead;
mod builtin;
mod forecast;
mod init;
mod output;
mod ratchet;
mod scan;
mod shell;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::board::Board;
use crate::cli::{Cli, Color, Command, LeaveArgs, PlaceArgs, ResumeArgs, RollbackArgs, RunArgs, TestArgs};
use crate::copies;
use crate::dispatch::output::Output;
use crate::event::{Event, Watch};
use crate::examples;
use crate::exit;
use crate::forecast::Forecast;
use crate::interrupt::{self, Ask, Interrupt};
use crate::journal::{AskedFile, Journal};
use crate::measured;
use crate::path::RepoPath;
use crate::plan::{Plan, load};
use crate::ready;
use crate::repo::Repo;
use crate::report::counter::Counter;
use crate::report::excerpt::Files;
use crate::report::junit::Junit;
use crate::report::look::{self, Look};
use crate::report::looking::Looking;
use crate::report::{self, Detail, ask, error, escape, json, progress, text};
use crate::request::{Leave, Named, Request, earlier};
use crate::rollback::{self, Whose};
use crate::rules;
use crate::run;
use crate::state::State;
use crate::stop::{Note, Stop};
use crate::unready;

/// The whole life of the process that was started as `args`, its own name first: takes its signals, and dies by the one that ended it.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    // Before any thread is started: a process with two of them cannot make namespaces.
    if let Some(code) = copies::child(&args) {
        return code;
    }
    if let Some(code) = measured::child(&args) {
        return code;
    }
    if let Some(code) = shell::completed(&args) {
        return code;
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(text::usage(&error)),
    };
    // A command that only looks has nothing to put in order: there a signal ends it at once.
    let interrupt = match cli.command.acts().then(Interrupt::install) {
        None => Interrupt::none(),
        Some(Ok(interrupt)) => interrupt,
        Some(Err(error)) => return ExitCode::from(text::no_signals(&error)),
    };
    look::choose(match cli.color {
        Color::Auto => None,
        Color::Always => Some(true),
        Color::Never => Some(false),
    });
    let code = dispatch(&cli, &interrupt);
    match interrupt.pending() {
        Some(signal) => interrupt::die_by(signal),
        None => ExitCode::from(code),
    }
}

/// Does what was typed and gives the exit code, having printed whatever there was to say.
#[must_use]
pub fn dispatch(cli: &Cli, interrupt: &Interrupt) -> u8 {
    match done(cli, interrupt, detail(cli)) {
        Ok(code) => code,
        Err(stop) => {
            text::stop(&mut io::stderr(), Look::of(&io::stderr()), &stop);
            exit::code(&stop)
        }
    }
}

/// The same, without a word on why it ended early. Commands that need no plan go without one.
fn done(cli: &Cli, interrupt: &Interrupt, detail: Detail) -> Result<u8, Stop> {
    match &cli.command {
        Command::Scan(args) => opened().and_then(|(here, repo)| scan::run(cli, args, &here, &repo, interrupt)),
        Command::Init(args) => init::run(args, interrupt),
        Command::Rename(args) => init::rename(cli, args, interrupt, detail),
        Command::Schema => shell::schema(),
        Command::Completions(args) => shell::completions(args),
        Command::Man(args) => shell::man(args),
        // It has told by its last line what there is to tell.
        Command::Builtin(args) => return builtin::run(args).map(|passed| if passed { exit::DONE } else { exit::FAILED }),
        command => Session::open(cli, interrupt, detail).and_then(|session| session.command(command)),
    }
    .map(|()| exit::DONE)
}

/// How much a person wants to read.
fn detail(cli: &Cli) -> Detail {
    match (cli.quiet, cli.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    }
}

struct Session<'a> {
    cli: &'a Cli,
    here: PathBuf,
    repo: Repo,
    plan: Plan,
    /// The plan's own file, when it is in the repository.
    plan_file: Option<RepoPath>,
    interrupt: &'a Interrupt,
    detail: Detail,
    /// The files of which lines are shown.
    files: Files,
}

impl<'a> Session<'a> {
    fn open(cli: &'a Cli, interrupt: &'a Interrupt, detail: Detail) -> Result<Self, Stop> {
        let (here, repo) = opened()?;
        let plan = match &cli.plan {
            Some(path) => Ok(path.clone()),
            None => default_plan(&repo, &here),
        };
        let plan = match plan.and_then(|plan| loaded(&repo, &plan)) {
            Ok(plan) => plan,
            // What an interrupted run left must not wait for the plan to be there again.
            Err(stop) => {
                if cli.command.acts() {
                    settled_without_plan(&repo, detail)?;
                }
                return Err(stop);
            }
        };
        let plan_file = plan.file.as_ref().and_then(|file| file.strip_prefix(repo.top()).ok());
        let plan_file = plan_file.and_then(|file| RepoPath::new(file.as_os_str().as_bytes()).ok());
        let files = Files::below(repo.top());
        Ok(Self { cli, here, repo, plan, plan_file, interrupt, detail, files })
    }

    fn command(&self, command: &Command) -> Result<(), Stop> {
        match command {
            Command::Run(args) if args.dry_run => self.dry_run(args),
            Command::Run(args) => self.run(&self.request(args)?, (args.json, args.yes), args.junit.as_deref()),
            Command::Resume(args) => self.resume(args),
            Command::Rollback(args) => self.rollback(args),
            Command::Status(args) => self.status(args),
            Command::Log(args) => self.log(args),
            Command::Report(args) => self.report(args),
            Command::Diff(args) => self.diff(args),
            Command::Check(args) => self.check(args),
            Command::Scan(_) | Command::Init(_) | Command::Rename(_) | Command::Builtin(_) => self.without_plan(),
            Command::Schema | Command::Completions(_) | Command::Man(_) => self.without_plan(),
            Command::Test(args) => self.test(args),
        }
    }

    /// Does what needs no plan.
    fn without_plan(&self) -> Result<(), Stop> {
        done(self.cli, self.interrupt, self.detail).map(drop)
    }

    fn resume(&self, args: &ResumeArgs) -> Result<(), Stop> {
        let records = Journal::read(&self.repo.state_folder())?;
        let Some(earlier) = earlier(&records, &self.plan.name).filter(|earlier| !earlier.done) else {
            let message = format!("no run of the plan {} was interrupted here", self.plan.name);
            return Err(Stop::Refused(Note::new(message, "`migrate run` starts one; `migrate status` shows what is left")));
        };
        let started = earlier.started;
        let asked = started.files.into_iter().chain(started.file.map(AskedFile::Path));
        let request = Request {
            phase: self.phase(started.phase.as_deref())?,
            files: asked.map(Named::new).collect::<Result<_, _>>()?,
            // A unit that was tried again is pending since; of those that were not, some may be in another state now.
            retry: started.retry.into_iter().collect(),
            out_of_order: started.out_of_order,
            red_ok: started.red_ok,
            goes_on: true,
            passes_pause: false,
            ask: ask::is_possible().then_some(ask::agrees),
            in_place: args.place.in_place || started.in_place,
            jobs: args.place.jobs.map(usize::from),
            no_cache: args.place.no_cache,
            branch: None,
            scratch: self.scratch(&args.place),
            leave: leave(&args.leave),
            plan_file: self.plan_file.clone(),
        };
        // What is gone on with was agreed to.
        self.run(&request, (args.json, true), args.junit.as_deref())
    }

    fn rollback(&self, args: &RollbackArgs) -> Result<(), Stop> {
        let whose = match self.phase(args.phase.as_deref())? {
            Some(phase) => Whose::Phase(phase),
            None if args.all => Whose::All,
            None => Whose::Named {
                files: args.files.iter().map(|file| self.path(file)).collect::<Result<_, _>>()?,
                only: args.only,
                groups: args.group.clone(),
            },
        };
        let leave = Leave { dirty: true, detached: args.allow_detached, hooks: args.no_verify, changed_plan: true };
        let ask: Option<Ask> = if args.yes { Some(|_, _| true) } else { ask::is_possible().then_some(ask::agrees) };
        let asked = rollback::Asked { whose, dry_run: args.dry_run, whole_file: args.whole_file, ask, leave };
        let mut agrees = |units: usize| {
            args.yes || ask::agrees(&format!("take back {units} units, each by a commit of its own?"), self.interrupt)
        };
        let flow = |_: Watch, emit: &mut dyn FnMut(Event)| {
            rollback::rollback(&self.repo, &self.plan, &asked, self.interrupt, &mut agrees, emit)
        };
        self.listen(args.json, (&Looking::unless(args.json), &Arc::default()), flow)
    }

    /// What a run is asked for.
    fn request(&self, args: &RunArgs) -> Result<Request, Stop> {
        Ok(Request {
            phase: self.phase(args.phase.as_deref())?,
            files: args.file.iter().map(|text| self.named(text)).collect::<Result<_, _>>()?,
            retry: args.retry.iter().filter_map(|word| State::of_word(word)).collect(),
            out_of_order: args.out_of_order,
            red_ok: args.red_ok.clone(),
            goes_on: false,
            passes_pause: args.go_on,
            ask: if args.yes { Some(|_, _| true) } else { ask::is_possible().then_some(ask::agrees) },
            in_place: args.place.in_place,
            jobs: args.place.jobs.map(usize::from),
            no_cache: args.place.no_cache,
            branch: args.branch.clone(),
            scratch: self.scratch(&args.place),
            leave: leave(&args.leave),
            plan_file: self.plan_file.clone(),
        })
    }

    /// The folder for what copies of the work tree hold, if one was named.
    fn scratch(&self, args: &PlaceArgs) -> Option<PathBuf> {
        args.scratch.as_ref().map(|folder| self.here.join(folder))
    }

    /// The files that a person means: a file of this name, or else those that match.
    fn named(&self, text: &OsStr) -> Result<Named, Stop> {
        let literal = self.here.join(text).symlink_metadata().is_ok() || self.repo.top().join(text).symlink_metadata().is_ok();
        match text.to_str().filter(|text| !literal && Named::is_pattern(text.as_bytes())) {
            None => Named::new(AskedFile::Path(self.path(text)?)),
            Some(pattern) => {
                // From where one stands; a pattern from the top serves too where one stands at the top.
                let from_here = lexical(&self.here.join(pattern));
                let inside = from_here.strip_prefix(self.repo.top()).ok().and_then(Path::to_str);
                Named::new(AskedFile::Pattern(inside.unwrap_or(pattern).to_owned()))
            }
        }
    }

    /// Lets a run go, every event of it told to whoever was asked for.
    fn run(&self, request: &Request, (as_json, yes): (bool, bool), junit: Option<&Path>) -> Result<(), Stop> {
        let (looking, board) = (Looking::unless(as_json || self.detail == Detail::Quiet), Arc::new(Board::default()));
        let mut agrees = |ahead: &Forecast, branch: &str| {
            let expected = ahead.time().map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            board.post(|posted| posted.expected = expected);
            looking.clear();
            yes || as_json || ask::agrees(&format!("{}: go?", escape::line(ahead.words(branch).as_bytes())), self.interrupt)
        };
        let mut flow = |watch: Watch, emit: &mut dyn FnMut(Event)| {
            let audience = run::Audience { watch, agrees: &mut agrees, board: Arc::clone(&board) };
            run::run(&self.repo, &self.plan, request, self.interrupt, audience, emit)
        };
        let Some(junit) = junit else { return self.listen(as_json, (&looking, &board), flow) };
        let output = Output::at(&self.here, &self.repo, junit)?.without_older()?;
        let mut report = Junit::default();
        let ended = self.listen(as_json, (&looking, &board), |watch, emit| {
            flow(watch, &mut |event| {
                report.see(&event);
                emit(event);
            })
        });
        let written = output.write(&report.xml(ended.as_ref().err()));
        if let (Err(_), Err(stop)) = (&ended, &written) {
            text::stop(&mut io::stderr(), Look::of(&io::stderr()), stop);
        }
        ended.and(written)
    }

    /// Gives every event of a flow to the printer that was asked for.
    fn listen(
        &self,
        as_json: bool,
        (looking, board): (&Looking, &Arc<Board>),
        flow: impl FnOnce(Watch, &mut dyn FnMut(Event)) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if as_json {
            let mut lines = json::JsonLines::new(io::stdout());
            let mut counter = Counter::default();
            let ended = flow(&|_| {}, &mut |event| {
                counter.see(&event);
                board.post(|posted| counter.post(posted));
                lines.event(&event);
            });
            return printed(lines.finish()).and(ended);
        }
        let mut progress = progress::Progress::stderr(self.detail, Arc::clone(board));
        let ended = flow(&|looked| looking.at(looked), &mut |event| {
            looking.clear();
            progress.event(&event);
        });
        looking.clear();
        progress.finish();
        let told =
            text::result(&mut io::stdout(), &progress.failures().text(Look::of(&io::stdout()), &self.here, &self.plan_option()));
        ended.and(printed(told))
    }

    fn test(&self, args: &TestArgs) -> Result<(), Stop> {
        for name in &args.rules {
            if !self.plan.rules.iter().any(|rule| rule.name == *name) {
                let all: Vec<&str> = self.plan.rules.iter().map(|rule| rule.name.as_str()).collect();
                let message = format!("the plan {} has no rule {name:?}", self.plan.name);
                return Err(Stop::Usage(Note::new(message, format!("it has {}", all.join(", ")))));
            }
        }
        let (mut out, look) = (io::stdout(), Look::of(&io::stdout()));
        let tried = examples::tried(&self.plan, |rule| args.rules.is_empty() || args.rules.contains(&rule.name));
        for tried in &tried {
            let write = if args.json {
                report::examples::write_json(&mut out, &self.plan, tried)
            } else {
                report::examples::write(&mut out, look, &self.plan, tried)
            };
            printed(write)?;
        }
        match tried.iter().map(|tried| tried.failures.len()).sum() {
            0 => Ok(()),
            1 => Err(Stop::Failed(Note::new("1 example failed", "correct the rule or the example"))),
            failed => Err(Stop::Failed(Note::new(format!("{failed} examples failed"), "correct the rules or the examples"))),
        }
    }

    /// What chooses the plan on the command line; nothing where it was not typed.
    fn plan_option(&self) -> String {
        let Some(plan) = &self.cli.plan else { return String::new() };
        let plan = escape::line(plan.as_os_str().as_bytes());
        let is_plain = plan.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c));
        if is_plain { format!(" --plan {plan}") } else { format!(" --plan '{}'", plan.replace('\'', "'\\''")) }
    }

    fn phase(&self, text: Option<&str>) -> Result<Option<usize>, Stop> {
        phase_of(&self.plan, text)
    }

    fn path(&self, text: &OsStr) -> Result<RepoPath, Stop> {
        path_of(&self.here, &self.repo, text)
    }
}

/// The current folder, and the repository that holds it.
fn opened() -> Result<(PathBuf, Repo), Stop> {
    let here = std::env::current_dir()
        .map_err(|error| Stop::Usage(Note::new(format!("the current folder is gone: {error}"), "go to another folder")))?;
    let repo = Repo::open(&here)?;
    Ok((here, repo))
}

/// The phase of the plan that a person means.
fn phase_of(plan: &Plan, text: Option<&str>) -> Result<Option<usize>, Stop> {
    let Some(text) = text else { return Ok(None) };
    let all: Vec<String> = (0..plan.phases.len()).map(|at| plan.phase_label(at)).collect();
    let unknown = || {
        let message = format!("the plan {} has no phase {text:?}", plan.name);
        Stop::Usage(Note::new(message, format!("it has {}", all.join(", "))))
    };
    plan.phase(text).map(Some).ok_or_else(unknown)
}

/// The file that a person in the folder `here` means: relative to it, or else to the top of the repository.
fn path_of(here: &Path, repo: &Repo, text: &OsStr) -> Result<RepoPath, Stop> {
    let from_here = lexical(&here.join(text));
    let inside = from_here.strip_prefix(repo.top()).ok().map(Path::to_owned);
    let from_top = Path::new(text);
    let there = |path: &Path| repo.top().join(path).symlink_metadata().is_ok();
    let chosen = match inside {
        Some(inside) if there(&inside) || !there(from_top) => inside,
        _ => from_top.to_owned(),
    };
    RepoPath::new(chosen.as_os_str().as_bytes()).map_err(|problem| {
        let message = format!("{}: {problem}", crate::path::quote(text.as_bytes()));
        Stop::Usage(Note::new(message, "name a file inside this repository, from here or from its top"))
    })
}

/// The paths that were named; none when one of them is the top of the repository.
fn below(paths: &[OsString], here: &Path, repo: &Repo) -> Result<Vec<RepoPath>, Stop> {
    let is_top = |path: &OsString| lexical(&here.join(path)) == repo.top();
    if paths.iter().any(is_top) {
        return Ok(Vec::new());
    }
    paths.iter().map(|path| path_of(here, repo, path)).collect()
}

/// Takes `.` and `..` out of an absolute path without asking the disk.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// The one plan in `plans/` at the top of the repository.
fn default_plan(repo: &Repo, here: &Path) -> Result<PathBuf, Stop> {
    let folder = repo.top().join("plans");
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    found.sort();
    let named: Vec<String> =
        found.iter().map(|path| path.strip_prefix(repo.top()).unwrap_or(path).display().to_string()).collect();
    match found.as_slice() {
        [] => Err(Stop::Usage(Note::new(
            "there is no plan in plans/",
            "`migrate init` writes the first one; or write plans/NAME.yaml at the top of the repository, or pass --plan FILE",
        ))),
        // Shown as short as it can be: problems name the plan by this path.
        [only] => Ok(only.strip_prefix(here).unwrap_or(only).to_owned()),
        _ => Err(Stop::Usage(Note::new(
            format!("there are {} plans: {}", found.len(), named.join(", ")),
            "choose one with --plan FILE",
        ))),
    }
}

/// Puts in order what an interrupted run left behind, and says so.
fn settled_without_plan(repo: &Repo, detail: Detail) -> Result<(), Stop> {
    let mut progress = progress::Progress::stderr(detail, Arc::default());
    ready::settle_without_plan(repo, &mut |event| progress.event(&event))
}

/// The plan in a file; where it is wrong, with all that the tree does not have either.
fn loaded(repo: &Repo, path: &Path) -> Result<Plan, Stop> {
    let mut plan = load::load_beside(path, |plan| unready::of_broken(repo, plan)).map_err(Stop::Plan)?;
    rules::resolve(repo, &mut plan)?;
    Ok(plan)
}

fn leave(args: &LeaveArgs) -> Leave {
    Leave { dirty: args.allow_dirty, detached: args.allow_detached, hooks: args.no_verify, changed_plan: args.plan_changed }
}

/// A reader that went away is a quiet end; anything else that a stream says is an error.
fn printed(result: io::Result<()>) -> Result<(), Stop> {
    error::unless_closed(result)
        .map_err(|error| Stop::Refused(Note::new(format!("cannot write the output: {error}"), "look at where it goes")))
}
