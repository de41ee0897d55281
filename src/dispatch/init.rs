//! `migrate init` and `migrate rename`: asks a person for what was not typed, and tells what was written.

use std::io;
use std::path::Path;

use crate::cli::{Cli, Command, InitArgs, RenameArgs};
use crate::dispatch::scan::dotted;
use crate::dispatch::{Session, opened, printed};
use crate::init::{self, Asked, Outcome, Suite, What, Written, count};
use crate::interrupt::Interrupt;
use crate::plan::{RuleKind, load};
use crate::repo::Repo;
use crate::report::init::InitJson;
use crate::report::look::Look;
use crate::report::looking::Looking;
use crate::report::{Detail, ask, json, text};
use crate::stop::{Note, Stop};

/// Writes a plan.
///
/// # Errors
/// What [`init::init`] says, and [`Stop::Usage`] when something was not typed and nobody can be asked.
pub(super) fn run(args: &InitArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let (here, repo) = opened()?;
    let what = what(args, &here, interrupt)?;
    let asks = !args.yes && !args.json && ask::is_possible();
    let name = match &args.name {
        Some(name) => name.clone(),
        None if asks => line("name of the plan", &init::name_for(&what), interrupt)?,
        None => init::name_for(&what),
    };
    let asked = Asked { name, what, issue: args.issue.clone(), tries: !args.no_try, force: args.force };
    let written = written(&repo, &asked, interrupt)?;
    printed(if args.json { json::line(&mut io::stdout(), &InitJson::of(&written)) } else { tell(&written, &asked) })
}

/// Renames by a plan that is written first, or that an earlier call wrote.
///
/// # Errors
/// What [`init::init`] and the run say.
pub(super) fn rename(cli: &Cli, args: &RenameArgs, interrupt: &Interrupt, detail: Detail) -> Result<(), Stop> {
    let (_, repo) = opened()?;
    let what = What::Rename { from: dotted(&args.from)?, to: bordered(&args.to)? };
    let name = args.name.clone().unwrap_or_else(|| init::name_for(&what));
    let path = init::path_of(&name);
    let asked = Asked { name, what, issue: args.issue.clone(), tries: !args.no_try, force: false };
    if repo.top().join(&path).symlink_metadata().is_ok() {
        of_the_same(&repo, &path, &asked)?;
        aside(&format!("goes on with {path}"));
    } else {
        let written = written(&repo, &asked, interrupt)?;
        printed(tell_of_plan(&mut io::stderr(), &written))?;
    }
    let plan = Some(repo.top().join(&path));
    let command = Command::Run(args.run.clone());
    let cli = Cli { plan, verbose: cli.verbose, quiet: cli.quiet, color: cli.color, command };
    let session = Session::open(&cli, interrupt, detail)?;
    let question = format!("make these commits on {}? `migrate diff --plan {path}` shows them", branch(&repo));
    let asks = !args.run.yes && !args.run.dry_run && !args.run.json;
    if asks && !ask::agrees(&question, interrupt) {
        aside(&format!("nothing was changed; {path} stays"));
        return Ok(());
    }
    if args.run.dry_run {
        return session.dry_run(&args.run);
    }
    // It was asked above, where what it is about was just said.
    session.run(&session.request(&args.run)?, (args.run.json, true), args.run.junit.as_deref())
}

/// Fails when the plan that is there renames something else.
fn of_the_same(repo: &Repo, path: &str, asked: &Asked) -> Result<(), Stop> {
    let plan = load::load(&repo.top().join(path)).map_err(Stop::Plan)?;
    let What::Rename { from, to } = &asked.what else { return Ok(()) };
    let to = to.replace(':', ".");
    let is_it = |kind: &RuleKind| matches!(kind, RuleKind::Rename(rename) if rename.from == *from && rename.to == to);
    if plan.rules.iter().any(|rule| is_it(&rule.kind)) {
        return Ok(());
    }
    let message = format!("{path} is there already, and renames something else");
    Err(Stop::Usage(Note::new(message, "give the plan of this rename another name with --name")))
}

fn branch(repo: &Repo) -> String {
    repo.tip().map_or_else(|_| "the branch".to_owned(), |tip| crate::repo::short(&tip.branch).to_owned())
}

/// Writes the plan, and tells of each command that is tried.
fn written(repo: &Repo, asked: &Asked, interrupt: &Interrupt) -> Result<Written, Stop> {
    let looking = Looking::stderr();
    let watch = |looked| looking.at(looked);
    let mut told = |suite: &Suite, outcome: Option<&Outcome>| {
        looking.clear();
        match outcome {
            None => aside(&format!("trying {}: {}", suite.name, suite.run)),
            Some(Outcome::Works { took, said }) => {
                let said = if said.is_empty() { "passes".to_owned() } else { format!("passes: {said}") };
                aside(&format!("  {said} in {:.1} s", took.as_secs_f64()));
            }
            Some(Outcome::Fails(why)) => aside(&format!("  is not used: {why}")),
            Some(Outcome::Untried(_)) => {}
        }
    };
    let written = init::init(repo, asked, interrupt, &watch, &mut told);
    looking.clear();
    // Nothing was begun that there would be to go on with.
    written.map_err(|stop| match stop {
        Stop::Interrupted(signal) => Stop::Unbegun(signal),
        stop => stop,
    })
}

/// What is to be migrated, as typed or answered.
fn what(args: &InitArgs, here: &Path, interrupt: &Interrupt) -> Result<What, Stop> {
    if let [from, to] = args.rename.as_slice() {
        return Ok(What::Rename { from: dotted(from)?, to: bordered(to)? });
    }
    if let Some(symbol) = &args.symbol {
        return Ok(What::Symbol(dotted(symbol)?));
    }
    if let (Some(before), Some(after)) = (&args.before, &args.after) {
        let read = |file: &Path| {
            std::fs::read_to_string(here.join(file)).map_err(|error| {
                let message = format!("{}: cannot be read: {error}", file.display());
                Stop::Usage(Note::new(message, "name a file that holds the code, with the imports that say what its names are"))
            })
        };
        return Ok(What::Rewrite { before: read(before)?, after: read(after)? });
    }
    if args.yes || args.json || !ask::is_possible() {
        let help = "give --rename OLD NEW, --symbol OLD, or --before FILE --after FILE";
        return Err(Stop::Usage(Note::new("what is to be migrated was not said", help)));
    }
    let from = line("the deprecated name, such as package.module.old", "", interrupt)?;
    let from = dotted(&from)?;
    let to = line("what replaces it (empty: not known yet)", "", interrupt)?;
    Ok(if to.is_empty() { What::Symbol(from) } else { What::Rename { from, to: bordered(&to)? } })
}

/// A dotted name, in which a colon may say where the module ends.
fn bordered(text: &str) -> Result<String, Stop> {
    dotted(&text.replacen(':', ".", 1)).map(|_| text.to_owned()).map_err(|stop| match stop {
        Stop::Usage(note) => Stop::Usage(Note::new(note.message.replacen(&text.replacen(':', ".", 1), text, 1), note.help)),
        stop => stop,
    })
}

/// An answer, or else what is offered; a signal or the end of the terminal's input ends the command.
fn line(question: &str, offered: &str, interrupt: &Interrupt) -> Result<String, Stop> {
    match (ask::line(question, offered, interrupt), interrupt.pending()) {
        (Some(answer), _) => Ok(answer),
        (None, Some(signal)) => Err(Stop::Interrupted(signal)),
        (None, None) => Err(Stop::Usage(Note::new("there was no answer", "see `migrate init --help` for what can be typed"))),
    }
}

fn tell(written: &Written, asked: &Asked) -> io::Result<()> {
    let mut out = io::stdout();
    tell_of_plan(&mut out, written)?;
    let plan = if written.has_others { format!(" --plan {}", written.path) } else { String::new() };
    if written.is_open {
        return text::line(&mut out, &format!("next: write what replaces it into {}, then `migrate check{plan}`", written.path));
    }
    let is_red = |tried: &init::Tried| matches!(&tried.outcome, Outcome::Fails(why) if why.contains("tests failed"));
    if !written.tried.iter().any(|tried| matches!(tried.outcome, Outcome::Works { .. })) && written.tried.iter().any(is_red) {
        let what =
            "the tests fail before any change: fix them and write the plan again with --force, or remove the `#` before their";
        text::line(&mut out, &format!("{what}\ncommand in the plan: tests that failed before do not count against a unit"))?;
    }
    if asked.tries && written.tried.is_empty() {
        text::line(&mut out, "no tests were found: add a command that judges to `validate`, where there is one")?;
    }
    text::line(
        &mut out,
        &format!(
            "next: migrate diff{plan}   shows every change\n      migrate run{plan}    makes a commit for each file or group of files"
        ),
    )
}

/// What is in the plan, by phase, and what is not.
fn tell_of_plan(out: &mut dyn io::Write, written: &Written) -> io::Result<()> {
    let files = written.phases.iter().map(|(_, files)| files).sum();
    text::line(out, &format!("wrote {}: {} in {}", written.path, count(written.places, "place"), count(files, "file")))?;
    for (at, (title, files)) in written.phases.iter().enumerate() {
        text::line(out, &format!("  P{at} {title}: {}", count(*files, "file")))?;
    }
    let works = written.tried.iter().filter(|tried| matches!(tried.outcome, Outcome::Works { .. }));
    let judges: Vec<&str> =
        ["builtin syntax", "builtin imports"].into_iter().chain(works.map(|tried| tried.suite.name)).collect();
    text::line(out, &format!("  judged by {}", judges.join(", ")))?;
    if !written.left_out.is_empty() {
        text::line(out, &format!("  left out: {}, named at the end of the plan", count(written.left_out.len(), "file")))?;
    }
    if let Some(why) = &written.not_ready {
        let what = format!("{why}: commit or stash your changes before the run");
        text::remark(&mut io::stderr(), Look::of(&io::stderr()), &what);
    }
    Ok(())
}

fn aside(what: &str) {
    text::aside(&mut io::stderr(), Look::of(&io::stderr()), what);
}
