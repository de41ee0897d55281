//! The tool as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    migrate::dispatch::main(std::env::args_os())
}
