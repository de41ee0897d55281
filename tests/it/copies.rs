//! Isolated copies, by real mounts, real git and real Python; each as root and as an ordinary user, where root runs the tests.

/// A repository of which copies are made, and who makes them.
pub mod bench;

/// How commands end in a copy, and what ends with them.
mod endings;
/// Where copies cannot be had.
mod refused;
/// What a command sees.
mod seen;
/// What a command leaves.
mod touched;
