//! Numbers that decide: how one is read from what a command left, what it is held against, and whether a difference is more than noise.
//!
//! Pure: bytes and numbers in, numbers and verdicts out. What is measured, where and how often is for others to say.

pub mod bound;
pub mod condition;
pub mod rank;
pub mod reading;

use std::fmt;

use serde::Serialize;

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// A number of its own unit; less is better unless its target says otherwise.
    Plain,
    /// A percentage from 0 to 100; more is better unless its target says otherwise.
    Percent,
    /// Whether something works: 1 when it does, 0 when it does not.
    Truth,
}

impl Scale {
    /// A value as people read it: `93.5 %`, `512`, `passes`.
    #[must_use]
    pub fn shown(self, value: f64) -> String {
        match self {
            Self::Plain => number(value),
            Self::Percent => format!("{}%", number(value)),
            Self::Truth if value > 0.5 => "passes".to_owned(),
            Self::Truth => "fails".to_owned(),
        }
    }
}

impl Scale {
    /// A metric of this name and its value, as people say it: `p95 is 512`, `chat passes`.
    #[must_use]
    pub fn said(self, name: &str, value: f64) -> String {
        let is = if self == Self::Truth { "" } else { "is " };
        format!("{name} {is}{}", self.shown(value))
    }
}

/// A number with at most four decimals, and none that say nothing; one that is smaller as `4.326e-8`. It is cut, not rounded up, where it would become another whole number:
/// 99.99999 is never shown as 100.
#[must_use]
pub fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        return format!("{value:.3e}");
    }
    let mut text = format!("{value:.4}");
    if value.fract() != 0.0 && text.ends_with(".0000") {
        // Too near to a whole number to be shown with four decimals.
        text = format!("{value}");
    }
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".to_owned() } else { text }
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// All there are, the longer signs first.
    pub const ALL: [(&'static str, Self); 4] =
        [("<=", Self::AtMost), (">=", Self::AtLeast), ("<", Self::Less), (">", Self::More)];

    /// Its sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// True when it holds of two numbers.
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// True for `<` and `<=`.
    #[must_use]
    pub fn is_downward(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

/// How a metric stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    /// It is as its target and its tolerance want it.
    Met,
    /// It is not where its target wants it.
    Missed,
    /// It is worse than its baseline by more than it may be.
    Worse,
    /// It was worse, and that was shown to be no more than noise.
    Noise,
    /// The plan wants nothing of it.
    Told,
    /// It was not measured.
    Unknown,
}

impl Stands {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Worse => "worse",
            Self::Noise => "noise",
            Self::Told => "-",
            Self::Unknown => "not measured",
        }
    }
}

/// Something wrong with what the plan says of a metric: a fragment, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Wrong {
    /// What is wrong and what to do.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_people_read_them() {
        for (scale, value, want) in [
            (Scale::Plain, 512.0, "512"),
            (Scale::Plain, 0.1, "0.1"),
            (Scale::Plain, -0.0, "0"),
            (Scale::Plain, 1.0 / 3.0, "0.3333"),
            (Scale::Plain, 0.000_000_043_26, "4.326e-8"),
            (Scale::Plain, 0.001, "0.001"),
            (Scale::Percent, 100.0, "100%"),
            (Scale::Percent, 99.999_999, "99.999999%"),
            (Scale::Percent, 93.75, "93.75%"),
            (Scale::Truth, 1.0, "passes"),
            (Scale::Truth, 0.0, "fails"),
        ] {
            assert_eq!(scale.shown(value), want);
        }
    }
}
