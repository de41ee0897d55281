//! Words for who takes a name from a module: imports it, reads it through the module, or patches it there.

use std::fmt;

use crate::path::RepoPath;

/// Says of a name of a file's module who takes it in another file; `None` when nobody does.
pub type Takers<'t> = dyn Fn(&str) -> Option<Taker> + 't;

/// A file that takes a name from another's module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taker {
    /// Which.
    pub path: RepoPath,
    /// Where, from 1.
    pub line: u32,
    /// How.
    pub way: Way,
}

/// How a name is taken from a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is imported.
    Imports,
    /// It is read through the module.
    Reads,
    /// It is patched there.
    Patches,
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let does = match self.way {
            Way::Imports => "imports it from here",
            Way::Reads => "reads it through this module",
            Way::Patches => "patches it here",
        };
        write!(f, "{}:{} {does}", self.path, self.line)
    }
}

/// Says of a name of a file's module whether other files take it.
pub type IsTaken<'t> = dyn Fn(&str) -> Taken + 't;

/// Whether other files take a name from a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// One does.
    By(Taker),
    /// None does.
    No,
    /// The other files are not known.
    Unknown,
}
