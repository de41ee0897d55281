//! `migrate`: a phased migration orchestrator with atomic commits.

pub mod edit;
pub mod path;
pub mod plan;
