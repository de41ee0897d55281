//! Knows Python and no rule: the text of a file and what is known about it, its syntax, and what its names mean.
//!
//! Nothing here does I/O, and nothing recurses over the depth of its input.

pub mod builtins;
mod comments;
pub mod encoding;
pub mod grammar;
pub mod imports;
mod loads;
pub mod names;
pub mod nesting;
pub mod parsed;
pub mod precedence;
mod ruff;
pub mod semantic;
pub mod skim;
pub mod source;
mod stars;
pub mod syntax;
pub mod version;
mod walk;
