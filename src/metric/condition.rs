//! Conditions of triggers: `pass-rate < 95%`, `p95 > baseline + 10%`, `not chat`.

use std::fmt;

use serde::Serialize;

use crate::metric::bound::{Bound, against};
use crate::metric::{Comparison, Scale, Wrong};

/// When a trigger acts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// The metric.
    pub metric: String,
    /// What is asked of it.
    pub test: Test,
}

/// What is asked of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// It does not pass.
    Fails,
    /// It compares so.
    Compares(Bound),
}

impl Condition {
    /// True when it holds of a value.
    ///
    /// # Errors
    /// As [`Bound::limit`].
    pub fn holds(&self, value: f64, baseline: Option<f64>) -> Result<bool, Wrong> {
        match self.test {
            Test::Fails => Ok(value < 0.5),
            Test::Compares(bound) => Ok(bound.comparison.holds(value, bound.limit(&self.metric, baseline)?)),
        }
    }

    /// What it compares with, if it does.
    #[must_use]
    pub fn bound(&self) -> Option<Bound> {
        match self.test {
            Test::Fails => None,
            Test::Compares(bound) => Some(bound),
        }
    }

    /// As the plan has it, of a metric of this kind.
    #[must_use]
    pub fn shown(&self, scale: Scale) -> String {
        match self.test {
            Test::Fails => format!("not {}", self.metric),
            Test::Compares(bound) => format!("{} {}", self.metric, bound.shown(scale)),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(Scale::Plain))
    }
}

/// Reads a condition; `scale` says of which kind the metric of a name is, if there is one.
///
/// # Errors
/// What is wrong with it.
pub fn condition(text: &str, scale: impl Fn(&str) -> Option<Scale>) -> Result<Condition, Wrong> {
    const FORMS: &str = "write it like `pass-rate < 95%`, `p95 > baseline + 10%` or `not chat`";
    let text = text.trim();
    let known = |name: &str| {
        scale(name).ok_or_else(|| match minus(name, &scale) {
            Some((name, rest)) => Wrong::new(
                format!("`{name}{rest}`: a dash that could be a minus"),
                format!("only the metric stands on the left: compare `{name}` with a number, as in `{name} < 5`"),
            ),
            None => {
                Wrong::new(format!("the plan has no metric {name:?}"), format!("add `{name}` to `metrics`, or correct the name"))
            }
        })
    };
    if let Some(name) = text.strip_prefix("not ") {
        let name = one_name(name, &known)?;
        return match known(name)? {
            Scale::Truth => Ok(Condition { metric: name.to_owned(), test: Test::Fails }),
            Scale::Plain | Scale::Percent => {
                Err(Wrong::new(format!("{name} is a number: it cannot be negated"), format!("compare it, as in `{name} > 5`")))
            }
        };
    }
    let sign = text.find(['<', '>']).and_then(|at| {
        let found = Comparison::ALL.into_iter().find(|(sign, _)| text[at..].starts_with(sign))?;
        Some((at, found))
    });
    let Some((at, (sign, comparison))) = sign else {
        if text.contains('=') {
            return Err(Wrong::new(format!("`{text}` asks whether two numbers are the same"), "use `<`, `<=`, `>` or `>=`"));
        }
        let name = one_name(text, &known)?;
        known(name)?;
        return Err(Wrong::new(format!("`{text}` says nothing of {name}"), FORMS));
    };
    let (left, right) = (text[..at].trim(), text[at + sign.len()..].trim());
    if right.contains(['<', '>', '=']) {
        return Err(Wrong::new(format!("`{text}` compares more than once"), "make two triggers of it"));
    }
    if left.is_empty() {
        return Err(Wrong::new(format!("`{text}` names no metric"), FORMS));
    }
    let name = one_name(left, &known)?;
    let against = against(right, name, known(name)?)?;
    Ok(Condition { metric: name.to_owned(), test: Test::Compares(Bound { comparison, against }) })
}

/// The one name that a text is.
fn one_name<'t>(text: &'t str, known: &impl Fn(&str) -> Result<Scale, Wrong>) -> Result<&'t str, Wrong> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once(char::is_whitespace) else { return Ok(text) };
    known(name)?;
    let rest = rest.trim();
    if rest.starts_with('-') {
        let (number, help) = (rest.trim_start_matches('-').trim(), "compare it with a number, as in");
        let message = format!("`{name} {rest}`: a dash that could be a minus");
        return Err(Wrong::new(message, format!("only the metric stands on the left: {help} `{name} < {number}`")));
    }
    Err(Wrong::new(
        format!("`{text}` is more than the name of a metric"),
        "one trigger holds one metric against one number: make a trigger of each",
    ))
}

/// A known name and what follows it, where a dash inside a word may have been meant as a minus.
fn minus<'n>(word: &'n str, scale: &impl Fn(&str) -> Option<Scale>) -> Option<(&'n str, &'n str)> {
    word.match_indices('-').map(|(at, _)| word.split_at(at)).rfind(|(name, _)| scale(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(name: &str) -> Option<Scale> {
        match name {
            "pass-rate" => Some(Scale::Percent),
            "p95" => Some(Scale::Plain),
            "chat" => Some(Scale::Truth),
            _ => None,
        }
    }

    #[test]
    fn conditions_are_read_and_decide() {
        for (text, value, baseline, want) in [
            ("pass-rate < 95%", 94.9, None, true),
            ("pass-rate < 95%", 95.0, None, false),
            ("pass-rate<=95%", 95.0, None, true),
            ("pass-rate < baseline - 2%", 97.0, Some(100.0), true),
            ("pass-rate < baseline - 2%", 98.0, Some(100.0), false),
            ("p95 > baseline + 10%", 551.0, Some(500.0), true),
            ("p95 > baseline + 10%", 549.0, Some(500.0), false),
            ("p95 >= 500", 500.0, None, true),
            ("p95 > baseline", 1.0, Some(0.0), true),
            ("not chat", 0.0, None, true),
            ("not  chat", 1.0, None, false),
        ] {
            let condition = condition(text, scale).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
            assert_eq!(condition.holds(value, baseline), Ok(want), "{text} of {value}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_condition_is_said() {
        for (text, message) in [
            ("pass-rate -5", "a dash that could be a minus"),
            ("pass-rate-5 < 3%", "a dash that could be a minus"),
            ("pass-rate - 5 < 3%", "a dash that could be a minus"),
            ("pass - rate < 3%", "no metric \"pass\""),
            ("p95 > baseline -10%", "without blanks around it"),
            ("latency > 3", "no metric \"latency\""),
            ("not latency", "no metric \"latency\""),
            ("not p95", "p95 is a number"),
            ("p95", "says nothing of p95"),
            ("chat", "says nothing of chat"),
            ("chat < 1", "passes or fails"),
            ("p95 == 3", "asks whether two numbers are the same"),
            ("p95 < 3 < 4", "compares more than once"),
            ("p95 > 3 and chat", "`3 and chat` is no number"),
            ("not chat and p95", "more than the name of a metric"),
            ("< 3", "names no metric"),
            ("", "no metric \"\""),
            ("pass-rate < 950%", "no percentage"),
        ] {
            let wrong = condition(text, scale).unwrap_err();
            assert!(wrong.message.contains(message), "{text}: {wrong:?}");
        }
    }
}
