//! The face of the tool.

use std::process::ExitCode;

use clap::Parser;
use migrate::cli::Cli;
use migrate::interrupt::{self, Interrupt};
use migrate::{dispatch, report};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(report::text::usage(&error)),
    };
    let interrupt = match Interrupt::install() {
        Ok(interrupt) => interrupt,
        Err(error) => return ExitCode::from(report::text::no_signals(&error)),
    };
    let code = dispatch::dispatch(&cli, &interrupt);
    match interrupt.pending() {
        Some(signal) => interrupt::die_by(signal),
        None => ExitCode::from(code),
    }
}
