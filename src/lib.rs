//! `migrate`: a phased migration orchestrator with atomic commits.

pub mod command;
pub mod edit;
pub mod event;
pub mod fault;
pub mod fs;
pub mod git_env;
pub mod guard;
pub mod interrupt;
pub mod journal;
pub mod path;
pub mod plan;
pub mod python;
pub mod repo;
pub mod report;
pub mod rewrite;
