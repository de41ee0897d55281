//! `migrate scan`, which alone can do without a plan.

use std::io;
use std::path::Path;

use crate::cli::{Cli, ScanArgs};
use crate::dispatch::{below, default_plan, detail, loaded, phase_of, printed};
use crate::interrupt::Interrupt;
use crate::plan::Rename;
use crate::repo::Repo;
use crate::report::excerpt::Files;
use crate::report::look::Look;
use crate::report::looking::Looking;
use crate::report::{json, reasons, sarif, scan as printer, text};
use crate::rules;
use crate::scan::{Asked, Scan, What, scan};
use crate::stop::{Note, Stop};

/// Scans what was asked for and prints what was found.
///
/// # Errors
/// What the scan says, and [`Stop::Failed`] when there are more violations than are allowed.
pub(super) fn run(cli: &Cli, args: &ScanArgs, here: &Path, repo: &Repo, interrupt: &Interrupt) -> Result<(), Stop> {
    let looking = if args.json || args.sarif { Looking::none() } else { Looking::stderr() };
    let watch = |looked| looking.at(looked);
    let mut asked = Asked { below: below(&args.paths, here, repo)?, rules: args.rule.clone(), phase: None };
    let found = if let Some(symbol) = &args.symbol {
        let rename = Rename { from: dotted(symbol)?, ..Rename::default() };
        let found = scan(repo, What::Symbol(&rename), &asked, interrupt, &watch)?;
        if found.symbol_is_used() == Some(false) {
            let why = rules::unused(repo, symbol)?;
            looking.clear();
            text::remark(&mut io::stderr(), Look::of(&io::stderr()), &why);
        }
        found
    } else {
        let plan = match &cli.plan {
            Some(path) => path.clone(),
            None => default_plan(repo, here)?,
        };
        let plan = loaded(repo, &plan)?;
        asked.phase = phase_of(&plan, args.phase.as_deref())?;
        let found = scan(repo, What::Plan(&plan), &asked, interrupt, &watch)?;
        let matched = |name: &String| found.places.iter().flat_map(|place| &place.rules).any(|rule| found.rules[*rule] == *name);
        let unseen = |name: &String| found.rules.contains(name) && !matched(name);
        let unseen = plan.rules.iter().enumerate().filter(|(_, rule)| unseen(&rule.name)).map(|(at, _)| at);
        let judged = rules::dead(repo, &plan, unseen, interrupt)?;
        looking.clear();
        text::problems(&mut io::stderr(), Look::of(&io::stderr()), &plan.problems(judged.warnings.iter().cloned()));
        // No share is told of what a dead rule might have found.
        judged.refuse(&plan)?;
        found
    };
    looking.clear();
    let mut out = io::stdout();
    printed(match (args.json, args.sarif) {
        (true, _) => json::line(&mut out, &printer::json(&found)),
        (_, true) => json::bare(&mut out, &sarif::log(&found, repo.top())),
        _ if args.by_reason => reasons::write(&mut out, Look::of(&io::stdout()), &found),
        _ => {
            let look = Look::of(&io::stdout());
            // What other programs read stays a line for each place.
            let files = look.terminal.then(|| Files::below(repo.top()));
            printer::write(&mut out, look, &found, files.as_ref(), detail(cli))
        }
    })?;
    match args.fail_over {
        Some(allowed) => refuse_more(&found, allowed),
        None => Ok(()),
    }
}

/// Fails when there are more violations than are allowed, and when it cannot be known whether there are.
fn refuse_more(found: &Scan, allowed: usize) -> Result<(), Stop> {
    let (violations, unreadable) = (found.violations(), found.unreadable.len());
    let note = if violations > allowed {
        let message = format!("{violations} violations are more than the {allowed} that are allowed");
        Note::new(message, "migrate them, or raise --fail-over")
    } else if unreadable > 0 {
        let files = if unreadable == 1 { "1 file".to_owned() } else { format!("{unreadable} files") };
        let message = format!("{files} could not be read, so it is not known whether more than {allowed} violations are left");
        Note::new(message, "make them readable, or leave them out by the plan's `scope`")
    } else {
        return Ok(());
    };
    Err(Stop::Failed(note))
}

/// A dotted name, as it was typed.
pub(super) fn dotted(symbol: &str) -> Result<String, Stop> {
    let word = |part: &str| {
        !part.starts_with(|c: char| c.is_numeric()) && !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric())
    };
    if symbol.split('.').all(word) {
        return Ok(symbol.to_owned());
    }
    let message = format!("{symbol:?} is not a dotted name");
    Err(Stop::Usage(Note::new(message, "write it as an import would name it, such as package.module.function")))
}
