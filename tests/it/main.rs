//! The promises of the README, each a sentence over a real repository, real git, real Python and real signals.

mod support;

/// The loop: transform, guards, validation, commit, verification, revert.
mod run;
