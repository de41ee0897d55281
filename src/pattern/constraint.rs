//! What a plan asks of a metavariable beyond its place in the pattern: the `where:` of a rule.

use serde::Serialize;

/// The conditions on one metavariable, or on the whole match; all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Constraint {
    /// A regular expression that must match somewhere in the captured text.
    pub regex: Option<String>,
    /// One that must not.
    pub not_regex: Option<String>,
    /// What kinds of expression it may be; any when empty.
    pub kind: Vec<ExpressionKind>,
    /// Whether the captured expression, or the match, is the operand of an `await`.
    pub awaited: Option<bool>,
    /// It must stand inside all of these.
    pub inside: Vec<Place>,
    /// It must stand inside none of these.
    pub not_inside: Vec<Place>,
}

/// The kinds of expression that a plan can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpressionKind {
    /// `x`
    Name,
    /// `x.y`
    Attribute,
    /// `x[...]`
    Subscript,
    /// `x(...)`
    Call,
    /// Any string literal, f-strings and implicit concatenation too.
    String,
    /// An integer or float.
    Number,
    /// `True`, `False`, `None`, a string or a number.
    Literal,
    /// `await x`
    Await,
    /// `lambda: x`
    Lambda,
    /// A list, tuple, set or dictionary display, or a comprehension.
    Collection,
}

impl ExpressionKind {
    /// The word for it in a plan.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Attribute => "attribute",
            Self::Subscript => "subscript",
            Self::Call => "call",
            Self::String => "string",
            Self::Number => "number",
            Self::Literal => "literal",
            Self::Await => "await",
            Self::Lambda => "lambda",
            Self::Collection => "collection",
        }
    }
}

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The nearest function around it is an `async def`.
    AsyncDef,
    /// Some function.
    Def,
    /// Some class.
    Class,
    /// A loop of the same function.
    Loop,
    /// A `try` of the same function.
    Try,
    /// A `with` of the same function.
    With,
    /// A function called `test…`, or a class called `Test…` or derived from something called `…TestCase`.
    Test,
}
