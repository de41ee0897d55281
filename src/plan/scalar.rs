//! The small notations of a plan: durations, shares, names. Pure.

use std::time::Duration;

use crate::plan::Share;

/// The longest a command may take at all.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Words that Python keeps for itself.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield",
];

/// Reads `30s`, `2m`, `1h30m`, `250ms`: more than nothing, at most seven days.
///
/// # Errors
/// What is wrong with it, as a fragment after the value.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("ms", 1), ("m", 60_000), ("s", 1000)];
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return Err(if rest.starts_with('-') { "is negative" } else { "is not a duration" });
        }
        let unit_at = &rest[digits..];
        if unit_at.is_empty() {
            return Err("has no unit");
        }
        let Some((unit, factor)) = UNITS.into_iter().find(|(unit, _)| unit_at.starts_with(unit)) else {
            return Err("has an unknown unit");
        };
        if factor >= last {
            return Err("repeats a unit or has them out of order");
        }
        last = factor;
        // A number too large for u64 is too long in any unit.
        let number: u64 = rest[..digits].parse().unwrap_or(u64::MAX);
        total = total.saturating_add(number.saturating_mul(factor));
        rest = &unit_at[unit.len()..];
    }
    match Duration::from_millis(total) {
        Duration::ZERO => Err("is no time at all"),
        time if time > LONGEST => Err("is longer than seven days"),
        time => Ok(time),
    }
}

/// Reads `10%`, `0.25%`: 0% to 100%, up to two decimals.
#[must_use]
pub fn share(text: &str) -> Option<Share> {
    let (whole, decimals) = match text.strip_suffix('%')?.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, decimals)) => (whole, decimals),
        None => (text.strip_suffix('%')?, ""),
    };
    let is_number = |text: &str, most: usize| text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole, 3) || !is_number(decimals, 2) {
        return None;
    }
    let hundredths: u32 = format!("{whole}{decimals:0<2}").parse().ok()?; // five digits at most
    (hundredths <= 10_000).then_some(Share(hundredths))
}

/// True for `[a-z0-9-]+` that neither begins nor ends with a dash.
#[must_use]
pub fn is_plan_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// True for `[A-Za-z0-9_.-]+`, the form of phase ids and rule names.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// What keeps a text from being a qualified Python name such as `pkg.module.name`, or `module` for one without a package.
#[must_use]
pub fn dotted_problem(text: &str) -> Option<String> {
    for part in text.split('.') {
        if part.is_empty() {
            return Some("has an empty part".to_owned());
        }
        if KEYWORDS.contains(&part) {
            return Some(format!("holds `{part}`, which is a word of Python itself"));
        }
        if part.starts_with(|c: char| c.is_numeric()) {
            return Some("has a part that begins with a digit".to_owned());
        }
        if let Some(bad) = part.chars().find(|c| *c != '_' && !c.is_alphanumeric()) {
            return Some(format!("holds `{bad}`, which no Python name has"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, expected) in [
            ("30s", Ok(30_000)),
            ("2m", Ok(120_000)),
            ("250ms", Ok(250)),
            ("1h30m", Ok(5_400_000)),
            ("1m5s10ms", Ok(65_010)),
            ("168h", Ok(604_800_000)),
            ("169h", Err("is longer than seven days")),
            ("1000000000000000000s", Err("is longer than seven days")),
            ("99999999999999999999999h", Err("is longer than seven days")),
            ("0s", Err("is no time at all")),
            ("0h0m", Err("is no time at all")),
            ("", Err("is no time at all")),
            ("-5s", Err("is negative")),
            ("30", Err("has no unit")),
            ("30 s", Err("has an unknown unit")),
            ("5d", Err("has an unknown unit")),
            ("s", Err("is not a duration")),
            ("1.5h", Err("has an unknown unit")),
            ("5s5s", Err("repeats a unit or has them out of order")),
            ("5s1h", Err("repeats a unit or has them out of order")),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn shares_are_hundredths_of_a_percent() {
        for (text, expected) in [
            ("10%", Some(1000)),
            ("0%", Some(0)),
            ("100%", Some(10_000)),
            ("0.25%", Some(25)),
            ("12.5%", Some(1250)),
            ("100.01%", None),
            ("101%", None),
            ("1.234%", None),
            ("1.%", None),
            (".5%", None),
            ("-1%", None),
            ("+1%", None),
            ("10", None),
            ("%", None),
            ("10 %", None),
        ] {
            assert_eq!(share(text), expected.map(Share), "{text}");
        }
    }

    #[test]
    fn dotted_names_are_those_that_python_can_import() {
        for (text, part) in [
            ("", "empty part"),
            ("a..b", "empty part"),
            (".a", "empty part"),
            ("a.", "empty part"),
            ("a.class", "`class`"),
            ("None.a", "`None`"),
            ("a.1b", "digit"),
            ("a.b-c", "`-`"),
            ("a. b", "` `"),
        ] {
            assert!(dotted_problem(text).is_some_and(|problem| problem.contains(part)), "{text}");
        }
        assert_eq!(dotted_problem("django.utils.translation._lazy2"), None);
        assert_eq!(dotted_problem("re"), None, "a module without a package");
        assert_eq!(dotted_problem("módulo.señal"), None);
    }
}
