//! The promises of the README, each a sentence over a real repository, real git, real Python and real signals.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail loudly and say why they skip")]

mod kit;
mod support;

/// Layers, sizes, leftovers, and that the documents are true.
mod tidy;

/// The loop: transform, guards, validation, commit, verification, revert.

/// External codemods on one file.
mod codemods;
/// A unit's own before/after blocks, and the guards on what they make.
mod edits;
/// Whose commits they are, and what else git keeps: hooks, signatures, the user's own work, where HEAD stands.
mod identity;
/// What commits say.
mod message;
/// The loop: transform, validation, commit, verification, revert, gate.
mod run;

/// Where units stand, as `migrate status` says it.
mod status;
