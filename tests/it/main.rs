//! The promises of the README, each a sentence over a real repository, real git, real Python and real signals.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail loudly and say why they skip")]

mod support;

/// Layers, sizes, leftovers, and that the documents are true.
mod tidy;

/// The loop: transform, guards, validation, commit, verification, revert.
mod run;

/// Where units stand, as `migrate status` says it.
mod status;
