//! How much each guard weighs, as the plan says it: for all of it, for a phase, for an entry of files. The innermost wins.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::plan::node::Node;
use crate::plan::reader::Reader;

/// What is looked for in every result before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// What Python would refuse, and a newer Python than the file needed before.
    Syntax,
    /// `await`, `async for` and `async with` outside an async function.
    Await,
    /// A name that nothing binds.
    Unbound,
    /// An import that nothing uses any more.
    UnusedImport,
    /// A plain call that became a coroutine which nobody awaits.
    Awaitedness,
    /// A place where the deprecated thing of a rule is still used.
    Violation,
    /// A name in `__all__` that nothing binds any more.
    Exports,
    /// A string constant that an external codemod changed.
    Constants,
    /// A new call that does not give a function of the tree what it takes.
    Signature,
    /// A new name that a module of the tree does not have, or one that others take from here and that is gone.
    Exists,
    /// A name that other files patch here and that is gone.
    Patched,
    /// A new import that closes a circle in which a name is taken before it is there.
    Cycle,
}

/// What a finding of a guard does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The unit fails and nothing of it is written.
    Error,
    /// It is said, and the unit goes on.
    Warn,
    /// It is not looked for.
    Off,
}

/// What the plan says of each guard, where it says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guards([Option<Severity>; Guard::ALL.len()]);

impl Guard {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Syntax,
        Self::Await,
        Self::Unbound,
        Self::UnusedImport,
        Self::Awaitedness,
        Self::Violation,
        Self::Exports,
        Self::Constants,
        Self::Signature,
        Self::Exists,
        Self::Patched,
        Self::Cycle,
    ];

    /// The word of plans and output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Await => "await",
            Self::Unbound => "unbound",
            Self::UnusedImport => "unused-import",
            Self::Awaitedness => "awaitedness",
            Self::Violation => "violation",
            Self::Exports => "exports",
            Self::Constants => "constants",
            Self::Signature => "signature",
            Self::Exists => "exists",
            Self::Patched => "patched",
            Self::Cycle => "cycle",
        }
    }
}

impl Severity {
    /// The word of plans and output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

impl Guards {
    /// What a finding of `guard` does.
    #[must_use]
    pub fn severity(&self, guard: Guard) -> Severity {
        self.said(guard).unwrap_or(match guard {
            Guard::UnusedImport | Guard::Constants => Severity::Warn,
            Guard::Syntax
            | Guard::Await
            | Guard::Unbound
            | Guard::Awaitedness
            | Guard::Violation
            | Guard::Exports
            | Guard::Signature
            | Guard::Exists
            | Guard::Patched
            | Guard::Cycle => Severity::Error,
        })
    }

    /// What the plan says of `guard`; `None` leaves it at its default.
    #[must_use]
    pub fn said(&self, guard: Guard) -> Option<Severity> {
        self.0[guard as usize]
    }

    /// The same with a word on `guard`.
    #[must_use]
    pub fn with(mut self, guard: Guard, severity: Severity) -> Self {
        self.0[guard as usize] = Some(severity);
        self
    }

    /// True when the plan says nothing of any guard.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// These, overruled by what a map of the plan says.
    pub(super) fn overruled(self, reader: &mut Reader<'_>, node: Option<&Node>) -> Self {
        let words = Guard::ALL.map(Guard::word);
        let Some(entries) = node.and_then(|node| reader.map(node, "`guards`", &words)) else { return self };
        let severities = [Severity::Error, Severity::Warn, Severity::Off].map(|severity| (severity.word(), severity));
        let mut guards = self;
        for guard in Guard::ALL {
            let said = entries.get(guard.word());
            let said = said.and_then(|node| reader.choice(node, &format!("the guard `{}`", guard.word()), &severities));
            guards.0[guard as usize] = said.or(guards.0[guard as usize]);
        }
        guards
    }
}

impl Serialize for Guards {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (guard, severity) in Guard::ALL.into_iter().filter_map(|guard| Some((guard, self.said(guard)?))) {
            map.serialize_entry(guard.word(), severity.word())?;
        }
        map.end()
    }
}
