//! Exit codes, as documented in the README.

use crate::stop::Stop;

/// Everything asked for is done.
pub const DONE: u8 = 0;
/// A unit, a gate or a check failed.
pub const FAILED: u8 = 1;
/// What was typed is wrong, or the plan is.
pub const USAGE: u8 = 2;
/// The repository is in a state that is not touched.
pub const REFUSED: u8 = 3;
/// A person must look: someone edited, or there is a conflict.
pub const NEEDS_YOU: u8 = 4;

/// The code for the end of a command. Death by a signal has none: the process dies by that signal.
#[must_use]
pub fn code(stop: &Stop) -> u8 {
    match stop {
        Stop::Failed(_) | Stop::NotDone(_) | Stop::Interrupted(_) | Stop::Unbegun(_) => FAILED,
        Stop::Usage(_) | Stop::Plan(_) => USAGE,
        Stop::Refused(_) | Stop::Targets(_) => REFUSED,
        Stop::NeedsYou(_) => NEEDS_YOU,
    }
}
