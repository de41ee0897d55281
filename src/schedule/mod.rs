//! Policy: what becomes of units, phases, gates and runs. Facts in, decisions out.
//!
//! Nothing here reads a repository, a clock or a file. Each rule is a function over plain values and stands in the tests as a table,
//! so that `run`, `rollback`, `status`, `preview` and `scan` cannot answer one question in two ways.

pub mod culprits;
pub mod ending;
pub mod failure;
pub mod gate;
pub mod line;
pub mod owed;
pub mod passage;
pub mod request;
pub mod standing;
pub mod triggers;
