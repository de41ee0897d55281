//! The commands that need no repository: `migrate schema`, `migrate completions` and `migrate man`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::cure;
use crate::dispatch::printed;
use crate::init::SCHEMA;
use crate::report::text;
use crate::stop::{Note, Stop};

/// The variable by which a shell asks what it may offer.
const ASKED: &str = "MIGRATE_COMPLETE";

/// Answers a shell that asks what it may offer; `None` where this process was started for something else.
pub(super) fn completed(args: &[OsString]) -> Option<ExitCode> {
    std::env::var_os(ASKED)?;
    let here = std::env::current_dir().ok();
    match CompleteEnv::with_factory(Cli::command).var(ASKED).try_complete(args.iter().cloned(), here.as_deref()) {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        Err(error) => Some(ExitCode::from(text::usage(&error))),
    }
}

/// Prints what a plan may hold, as JSON Schema.
///
/// # Errors
/// When it cannot be printed.
pub(super) fn schema() -> Result<(), Stop> {
    printed(io::stdout().write_all(SCHEMA.as_bytes()))
}

/// Prints what a shell reads to complete the command line. It asks this program each time, so phases, files and rules are the plan's.
///
/// # Errors
/// When it cannot be printed.
pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Stop> {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&args.shell) else {
        return Err(Stop::Usage(Note::new(format!("there are no completions for {:?}", args.shell), "one of: bash, zsh, fish")));
    };
    let mut out = Vec::new();
    printed(shell.write_registration(ASKED, "migrate", "migrate", "migrate", &mut out))?;
    printed(io::stdout().write_all(&out))
}

/// Writes a page of the manual for each command.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn man(args: &ManArgs) -> Result<(), Stop> {
    let write = || -> io::Result<()> {
        std::fs::create_dir_all(&args.folder)?;
        clap_mangen::generate_to(Cli::command(), &args.folder)
    };
    write().map_err(|error| {
        let help = cure::help(&error, "name a folder that can be written, such as ~/.local/share/man/man1");
        Stop::Usage(Note::new(format!("{}: cannot write the manual: {error}", args.folder.display()), help))
    })
}
