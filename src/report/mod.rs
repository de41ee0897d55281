//! The only printer: everything a person or a pipe gets to read is written here.
//!
//! stdout is the result, stderr the progress. Text that is not ours passes [`escape`] before it reaches a terminal. A reader
//! that went away is no error. Nothing here decides anything.

pub mod ahead;
pub mod ask;
pub mod builtin;
pub mod counter;
pub mod diff;
pub mod error;
pub mod escape;
pub mod examples;
pub mod excerpt;
pub mod failures;
pub mod forecast;
pub mod github;
pub mod init;
pub mod json;
pub mod junit;
pub mod kpis;
pub mod lines;
mod live;
pub mod log;
pub mod look;
pub mod looking;
pub mod markdown;
pub mod pager;
pub mod progress;
pub mod reasons;
pub mod repeats;
pub mod sarif;
pub mod scan;
mod screen;
pub mod status;
pub mod text;

/// How much a person wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// What failed, and the result.
    Quiet,
    /// What matters.
    #[default]
    Normal,
    /// All of it.
    Verbose,
}
