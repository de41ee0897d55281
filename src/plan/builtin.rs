//! The commands that `migrate` brings itself: `{ builtin: syntax }` and `{ builtin: imports }`.

use serde::Serialize;

/// A command that needs nothing of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Builtin {
    /// The Python files parse under the Python version of the repository.
    Syntax,
    /// What the Python files import is there, in the tree or in the interpreter.
    Imports,
}

impl Builtin {
    /// All of them, by their words in the plan.
    pub const ALL: [(&'static str, Self); 2] = [("syntax", Self::Syntax), ("imports", Self::Imports)];

    /// Its word in the plan.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Imports => "imports",
        }
    }
}
