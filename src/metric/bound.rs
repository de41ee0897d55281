//! What a number is held against: a number, or the baseline and so much more or less.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::metric::{Comparison, Scale, Wrong, number};

/// What stands on the right of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Against {
    /// This number.
    Number(f64),
    /// The baseline, moved by so much.
    Baseline(Shift),
}

/// How far from the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shift {
    /// By this number; for a percentage, by so many points.
    By(f64),
    /// By so many percent of the baseline.
    Share(f64),
}

/// A comparison and what it compares with, such as `<= baseline + 5%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub against: Against,
}

impl Shift {
    /// Where that is, seen from a value.
    #[must_use]
    pub fn from(self, value: f64) -> f64 {
        match self {
            Self::By(number) => value + number,
            Self::Share(percent) => value * (1.0 + percent / 100.0),
        }
    }

    /// As people read it of a metric of this kind, such as `10%`.
    #[must_use]
    pub fn shown(self, scale: Scale) -> String {
        match self {
            Self::By(amount) if scale == Scale::Percent => format!("{}%", number(amount)),
            Self::By(amount) => number(amount),
            Self::Share(amount) => format!("{}%", number(amount)),
        }
    }

    fn is_none(self) -> bool {
        let (Self::By(number) | Self::Share(number)) = self;
        number == 0.0
    }
}

impl Bound {
    /// The number that a value is held against, by the baseline where it needs one.
    ///
    /// # Errors
    /// What is wrong with the baseline of the metric called `name`: there is none, or a share of it is nothing.
    pub fn limit(&self, name: &str, baseline: Option<f64>) -> Result<f64, Wrong> {
        let shift = match self.against {
            Against::Number(number) => return Ok(number),
            Against::Baseline(shift) => shift,
        };
        let Some(baseline) = baseline else {
            return Err(Wrong::new(
                format!("the baseline of {name} is not known"),
                format!("give `baseline: NUMBER` to the metric {name}, or run where copies of the work tree can be made"),
            ));
        };
        if matches!(shift, Shift::Share(_)) && baseline == 0.0 && !shift.is_none() {
            return Err(Wrong::new(
                format!("the baseline of {name} is 0: a share of it is nothing"),
                format!("hold {name} against a number, as in `{name} {} 5`", self.comparison),
            ));
        }
        Ok(shift.from(baseline))
    }

    /// True when it says something of the baseline.
    #[must_use]
    pub fn needs_baseline(&self) -> bool {
        matches!(self.against, Against::Baseline(_))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.comparison)?;
        let (amount, unit) = match self.against {
            Against::Number(value) => return f.write_str(&number(value)),
            Against::Baseline(Shift::By(amount)) => (amount, ""),
            Against::Baseline(Shift::Share(amount)) => (amount, "%"),
        };
        f.write_str("baseline")?;
        if amount == 0.0 {
            return Ok(());
        }
        write!(f, " {} {}{unit}", if amount < 0.0 { '-' } else { '+' }, number(amount.abs()))
    }
}

impl Bound {
    /// As people read it of a metric of this kind.
    #[must_use]
    pub fn shown(&self, scale: Scale) -> String {
        let is_by = matches!(self.against, Against::Number(_))
            || matches!(self.against, Against::Baseline(shift @ Shift::By(_)) if !shift.is_none());
        format!("{self}{}", if scale == Scale::Percent && is_by { "%" } else { "" })
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads what stands on the right of a comparison for a metric of this kind: `95%`, `500`, `baseline`, `baseline + 10%`.
///
/// # Errors
/// What is wrong with it.
pub fn against(text: &str, name: &str, scale: Scale) -> Result<Against, Wrong> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix("baseline") else { return amount(text, name, scale).map(Against::Number) };
    if rest.is_empty() {
        return Ok(Against::Baseline(Shift::By(0.0)));
    }
    let trimmed = rest.trim_start();
    let sign = match trimmed.chars().next() {
        Some('+') => 1.0,
        Some('-') => -1.0,
        _ => {
            let help = "write `baseline`, `baseline + 10%` or `baseline - 10%`";
            return Err(Wrong::new(format!("`{text}` is no number and not the baseline"), help));
        }
    };
    let number = &trimmed[1..];
    if !rest.starts_with(' ') || !number.starts_with(' ') {
        let (sign, number) = (if sign > 0.0 { '+' } else { '-' }, number.trim());
        let message = format!("`{text}`: a dash or plus without blanks around it may be part of a name");
        return Err(Wrong::new(message, format!("write `baseline {sign} {number}`")));
    }
    let number = number.trim();
    let (digits, share) = match number.strip_suffix('%') {
        Some(digits) => (digits, true),
        None => (number, false),
    };
    let value = sign * unsigned(digits, text)?;
    match (scale, share) {
        (Scale::Percent, false) => {
            Err(Wrong::new(format!("{name} is in percent"), format!("write `baseline {} {number}%`", &trimmed[..1])))
        }
        // Points of a percentage.
        (Scale::Percent, true) | (_, false) => Ok(Against::Baseline(Shift::By(value))),
        (_, true) => Ok(Against::Baseline(Shift::Share(value))),
    }
}

/// Reads a number that a metric of this kind can have.
///
/// # Errors
/// What is wrong with it.
pub fn amount(text: &str, name: &str, scale: Scale) -> Result<f64, Wrong> {
    let text = text.trim();
    let (digits, share) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), true),
        None => (text, false),
    };
    let (sign, digits) = digits.strip_prefix('-').map_or((1.0, digits), |digits| (-1.0, digits));
    let value = sign * unsigned(digits, text)?;
    match (scale, share) {
        (Scale::Truth, _) => Err(Wrong::new(
            format!("{name} passes or fails: it has no number"),
            format!("write `not {name}`, or give the metric another `read`"),
        )),
        (Scale::Percent, false) => Err(Wrong::new(format!("{name} is in percent, and {text} is not"), format!("write {text}%"))),
        (Scale::Percent, true) if !(0.0..=100.0).contains(&value) => {
            Err(Wrong::new(format!("{text} is no percentage that {name} can have"), "a percentage goes from 0% to 100%"))
        }
        (Scale::Plain, true) => Err(Wrong::new(
            format!("{name} is a plain number, and {text} is a percentage"),
            format!("hold it against the baseline, as in `{name} > baseline + {text}`, or write a number"),
        )),
        (Scale::Percent, true) | (Scale::Plain, false) => Ok(value),
    }
}

/// Reads digits and perhaps decimals.
fn unsigned(digits: &str, whole: &str) -> Result<f64, Wrong> {
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match digits.parse::<f64>() {
        Ok(value) if is_number && value.is_finite() => Ok(value),
        _ => Err(Wrong::new(format!("`{whole}` is no number"), "write it like 95%, 500 or 0.1, or as `baseline + 10%`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_is_held_against_is_read_and_shown() {
        use Against::{Baseline, Number};
        use Scale::{Percent, Plain};
        for (text, scale, want) in [
            ("95%", Percent, Number(95.0)),
            ("0.1%", Percent, Number(0.1)),
            ("500", Plain, Number(500.0)),
            ("-5", Plain, Number(-5.0)),
            ("baseline", Plain, Baseline(Shift::By(0.0))),
            ("baseline + 10%", Plain, Baseline(Shift::Share(10.0))),
            ("baseline  -  10%", Plain, Baseline(Shift::Share(-10.0))),
            ("baseline + 5", Plain, Baseline(Shift::By(5.0))),
            ("baseline - 2%", Percent, Baseline(Shift::By(-2.0))),
        ] {
            assert_eq!(against(text, "m", scale), Ok(want), "{text}");
            let shown = Bound { comparison: Comparison::More, against: want }.shown(scale);
            assert_eq!(shown, format!("> {}", text.replace("  ", " ")));
        }
    }

    #[test]
    fn what_is_wrong_with_it_is_said_with_what_to_write() {
        use Scale::{Percent, Plain, Truth};
        for (text, scale, message, help) in [
            ("95", Percent, "m is in percent, and 95 is not", "write 95%"),
            ("101%", Percent, "101% is no percentage that m can have", "0% to 100%"),
            ("-1%", Percent, "-1% is no percentage", "0% to 100%"),
            ("10%", Plain, "m is a plain number, and 10% is a percentage", "`m > baseline + 10%`"),
            ("baseline -10%", Plain, "without blanks around it may be part of a name", "`baseline - 10%`"),
            ("baseline-10%", Plain, "without blanks around it may be part of a name", "`baseline - 10%`"),
            ("baseline+10%", Plain, "without blanks around it may be part of a name", "`baseline + 10%`"),
            ("baseline + 5", Percent, "m is in percent", "`baseline + 5%`"),
            ("baseline * 2", Plain, "is no number and not the baseline", "`baseline + 10%`"),
            ("NaN", Plain, "`NaN` is no number", "write it like"),
            ("inf", Plain, "`inf` is no number", "write it like"),
            ("1e3", Plain, "`1e3` is no number", "write it like"),
            ("", Plain, "`` is no number", "write it like"),
            ("1", Truth, "m passes or fails", "`not m`"),
        ] {
            let wrong = against(text, "m", scale).unwrap_err();
            assert!(wrong.message.contains(message) && wrong.help.contains(help), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn a_limit_needs_a_baseline_of_which_a_share_is_something() {
        let bound = |text| Bound { comparison: Comparison::More, against: against(text, "m", Scale::Plain).unwrap() };
        assert_eq!(bound("7").limit("m", None), Ok(7.0));
        assert_eq!(bound("baseline").limit("m", Some(0.0)), Ok(0.0));
        assert_eq!(bound("baseline + 5").limit("m", Some(0.0)), Ok(5.0));
        assert_eq!(bound("baseline + 10%").limit("m", Some(500.0)).map(f64::round), Ok(550.0));
        assert!(bound("baseline").limit("m", None).unwrap_err().message.contains("not known"));
        assert!(bound("baseline + 10%").limit("m", Some(0.0)).unwrap_err().message.contains("is 0"));
    }
}
