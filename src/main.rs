//! The face of the tool.

fn main() {}
