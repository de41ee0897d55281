//! Reads a plan and checks it whole.
