//! A number out of what a command left: its exit status, its report, its output, a file, or how long it took and how much memory.

use std::fmt;
use std::time::Duration;

use regex::bytes::Regex;
use serde::Serialize;

use crate::metric::Scale;
use crate::results::{Agreement, TestResults};

/// How a number is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// All that the command prints is one number.
    Stdout,
    /// Whether the command passes.
    Passes,
    /// How many of the tests that ran passed, in percent.
    PassRate,
    /// What stands at a JSON pointer (RFC 6901).
    Json(String),
    /// What the one group of the last match holds.
    Regex(String),
    /// How long the command took, in seconds.
    Duration,
    /// The most memory that one of its processes held, in MiB.
    PeakMemory,
}

impl Read {
    /// True for what is never the same twice.
    #[must_use]
    pub fn is_noisy(&self) -> bool {
        matches!(self, Self::Duration | Self::PeakMemory)
    }

    /// The kind of number that is read so, where that is plain.
    #[must_use]
    pub fn scale(&self) -> Option<Scale> {
        match self {
            Self::Passes => Some(Scale::Truth),
            Self::PassRate => Some(Scale::Percent),
            Self::Duration | Self::PeakMemory => Some(Scale::Plain),
            Self::Stdout | Self::Json(_) | Self::Regex(_) => None,
        }
    }

    /// True when what the command wrote is read.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        matches!(self, Self::Stdout | Self::Json(_) | Self::Regex(_))
    }
}

/// What a command left that ended.
#[derive(Debug, Clone, Copy)]
pub struct Left<'l> {
    /// Its exit status; none when a signal or its limit ended it.
    pub status: Option<i32>,
    /// True when that status is success.
    pub is_ok: bool,
    /// How it ended, in words.
    pub ended: &'l str,
    /// The tests that it reported; why it did not, in words.
    pub results: Result<&'l TestResults, &'l str>,
    /// What it wrote, to its standard output or to the file that is read; why that is not there, in words.
    pub text: Result<&'l [u8], &'l str>,
    /// How long it took.
    pub took: Duration,
    /// The most memory that one of its processes held, in KiB; none where that is not known.
    pub peak: Option<u64>,
}

/// Why there is no number: words that follow the name of the metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNumber(pub String);

impl fmt::Display for NoNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the number of a metric of this kind.
///
/// # Errors
/// Why there is none.
pub fn value(read: &Read, scale: Scale, left: Left<'_>) -> Result<f64, NoNumber> {
    let none = |why: String| Err(NoNumber(why));
    if left.status.is_none() {
        return none(format!("gave no number: its command {}", left.ended));
    }
    let value = match read {
        Read::Passes => return Ok(if left.is_ok { 1.0 } else { 0.0 }),
        Read::PassRate => return pass_rate(left),
        _ if !left.is_ok => return none(format!("gave no number: its command {}", left.ended)),
        Read::Duration => left.took.as_secs_f64(),
        Read::PeakMemory => match left.peak {
            Some(kib) => kib as f64 / 1024.0,
            None => return none("gave no number: the system does not say how much memory its command took".to_owned()),
        },
        Read::Stdout => of_stdout(text(left)?, scale)?,
        Read::Json(pointer) => of_json(text(left)?, pointer)?,
        Read::Regex(pattern) => of_regex(text(left)?, pattern)?,
    };
    if !value.is_finite() {
        return none(format!("gave no number: {value}"));
    }
    if scale == Scale::Percent && !(0.0..=100.0).contains(&value) {
        return none(format!("gave {value}, which is no percentage: those go from 0 to 100"));
    }
    Ok(value)
}

fn text<'l>(left: Left<'l>) -> Result<&'l [u8], NoNumber> {
    left.text.map_err(|why| NoNumber(format!("gave no number: {why}")))
}

/// So much of what was read is shown.
const SHOWN: usize = 60;

fn shown(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim();
    let cut: String = line.chars().take(SHOWN).collect();
    let more = if cut.len() < line.len() || text.trim().lines().count() > 1 { "..." } else { "" };
    format!("`{cut}{more}`")
}

fn of_stdout(bytes: &[u8], scale: Scale) -> Result<f64, NoNumber> {
    let text = String::from_utf8_lossy(bytes);
    if text.trim().is_empty() {
        return Err(NoNumber("gave no number: its command printed nothing".to_owned()));
    }
    parsed(&text, scale).ok_or_else(|| {
        let more = if text.trim().lines().count() > 1 { "; `read: { regex: ... }` takes one out of many words" } else { "" };
        NoNumber(format!("gave no number: its command printed {}{more}", shown(&text)))
    })
}

fn parsed(text: &str, scale: Scale) -> Option<f64> {
    let text = text.trim();
    let text = if scale == Scale::Percent { text.strip_suffix('%').unwrap_or(text).trim_end() } else { text };
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn of_json(bytes: &[u8], pointer: &str) -> Result<f64, NoNumber> {
    let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(bytes);
        let nan =
            if ["NaN", "Infinity"].iter().any(|word| text.contains(word)) { " (JSON has no NaN and no Infinity)" } else { "" };
        let what = if text.trim().is_empty() { "it is empty".to_owned() } else { error.to_string() };
        NoNumber(format!("gave no number: what it reads is no JSON: {what}{nan}"))
    })?;
    let Some(found) = json.pointer(pointer) else {
        return Err(NoNumber(format!("gave no number: `{pointer}` points to nothing{}", there(&json, pointer))));
    };
    found.as_f64().ok_or_else(|| {
        let what = match found {
            serde_json::Value::Null => "null".to_owned(),
            serde_json::Value::Bool(is) => is.to_string(),
            serde_json::Value::String(text) => format!("the text {}", shown(text)),
            serde_json::Value::Array(_) => "a list".to_owned(),
            serde_json::Value::Object(_) => "an object".to_owned(),
            serde_json::Value::Number(number) => number.to_string(),
        };
        NoNumber(format!("gave no number: `{pointer}` points to {what}"))
    })
}

/// What there is where the pointer leaves the document.
fn there(json: &serde_json::Value, pointer: &str) -> String {
    let mut at = 0;
    let mut last = json;
    while let Some(next) = pointer[at..].get(1..).map(|rest| rest.find('/').map_or(pointer.len(), |slash| at + 1 + slash)) {
        match json.pointer(&pointer[..next]) {
            Some(found) => (last, at) = (found, next),
            None => break,
        }
        if at >= pointer.len() {
            break;
        }
    }
    let place = if at == 0 { "it".to_owned() } else { format!("`{}`", &pointer[..at]) };
    match last {
        serde_json::Value::Object(map) if !map.is_empty() => {
            let keys: Vec<&str> = map.keys().take(8).map(String::as_str).collect();
            let more = if map.len() > keys.len() { ", ..." } else { "" };
            format!(": {place} has {}{more}", keys.join(", "))
        }
        serde_json::Value::Array(list) => format!(": {place} is a list of {}", list.len()),
        _ => String::new(),
    }
}

fn of_regex(bytes: &[u8], pattern: &str) -> Result<f64, NoNumber> {
    let found = Regex::new(pattern).ok().and_then(|regex| regex.captures_iter(bytes).last()?.get(1));
    let Some(found) = found else { return Err(NoNumber(format!("gave no number: nothing matches `{pattern}`"))) };
    let text = String::from_utf8_lossy(found.as_bytes());
    parsed(&text, Scale::Plain)
        .ok_or_else(|| NoNumber(format!("gave no number: `{pattern}` takes {}, which is none", shown(&text))))
}

/// What is wrong with a pattern that a number is read by.
///
/// # Errors
/// In words, with what to do.
pub fn check_regex(pattern: &str) -> Result<(), (String, &'static str)> {
    match Regex::new(pattern) {
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err((format!("the regex does not parse: {why}"), "write it as the regex crate of Rust takes it, in single quotes"))
        }
        Ok(regex) if regex.captures_len() != 2 => {
            let groups = regex.captures_len() - 1;
            Err((format!("the regex has {groups} groups"), "put the number, and nothing else, in parentheses: 'p95=([0-9.]+)'"))
        }
        Ok(_) => Ok(()),
    }
}

fn pass_rate(left: Left<'_>) -> Result<f64, NoNumber> {
    let none = |why: String| Err(NoNumber(format!("gave no number: {why}")));
    let results = match left.results {
        Ok(results) => results,
        Err(why) => return none(format!("its command {}, and {why}", left.ended)),
    };
    match results.against(left.status) {
        Agreement::NothingRan => none("its command ran no test".to_owned()),
        Agreement::Contradictory(why) => none(why.to_string()),
        Agreement::Passed | Agreement::Failed => {
            let failed = results.failures().count() + results.nameless.failed;
            // What crashed outside of any test is one more that did not pass.
            let ran = results.ran + results.nameless.failed;
            Ok(if failed == 0 { 100.0 } else { (100.0 * ran.saturating_sub(failed) as f64) / ran as f64 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{junit, text as printed};

    fn left(text: &[u8]) -> Left<'_> {
        Left {
            status: Some(0),
            is_ok: true,
            ended: "passed",
            results: Err("wrote no report"),
            text: Ok(text),
            took: Duration::from_millis(1500),
            peak: Some(2048),
        }
    }

    #[test]
    fn numbers_are_read_from_what_commands_write() {
        let json = br#"{"a": {"p95_ms": 512.5, "a/b": 1}, "list": [{"mean": 0.25}]}"#;
        for (read, scale, text, want) in [
            (Read::Stdout, Scale::Plain, &b"  512\n"[..], 512.0),
            (Read::Stdout, Scale::Plain, b"-1.5e3", -1500.0),
            (Read::Stdout, Scale::Percent, b"99.5 %\n", 99.5),
            (Read::Json("/a/p95_ms".into()), Scale::Plain, json, 512.5),
            (Read::Json("/a/a~1b".into()), Scale::Plain, json, 1.0),
            (Read::Json("/list/0/mean".into()), Scale::Plain, json, 0.25),
            (Read::Regex("p95=([0-9.]+)".into()), Scale::Plain, b"p95=1\nx p95=2.5 ms\n", 2.5),
            (Read::Passes, Scale::Truth, b"", 1.0),
            (Read::Duration, Scale::Plain, b"", 1.5),
            (Read::PeakMemory, Scale::Plain, b"", 2.0),
        ] {
            assert_eq!(value(&read, scale, left(text)), Ok(want), "{read:?}");
        }
        let failed = Left { status: Some(1), is_ok: false, ended: "failed with status 1", ..left(b"5") };
        assert_eq!(value(&Read::Passes, Scale::Truth, failed), Ok(0.0));
        assert!(value(&Read::Stdout, Scale::Plain, failed).unwrap_err().0.contains("failed with status 1"));
        let late = Left { status: None, is_ok: false, ended: "timed out after 1s", ..left(b"5") };
        assert!(value(&Read::Passes, Scale::Truth, late).unwrap_err().0.contains("timed out"), "no answer is no failure");
    }

    #[test]
    fn where_there_is_no_number_it_is_said_why() {
        let json = br#"{"a": {"p95_ms": "512", "none": null}, "list": []}"#;
        let plain = |text: &str| Read::Json(text.to_owned());
        for (read, scale, text, why) in [
            (Read::Stdout, Scale::Plain, &b""[..], "printed nothing"),
            (Read::Stdout, Scale::Plain, b"fast\n", "printed `fast`"),
            (Read::Stdout, Scale::Plain, b"512 ms", "printed `512 ms`"),
            (Read::Stdout, Scale::Plain, b"1\n2\n", "`read: { regex: ... }`"),
            (Read::Stdout, Scale::Plain, b"NaN", "printed `NaN`"),
            (Read::Stdout, Scale::Plain, b"inf", "printed `inf`"),
            (Read::Stdout, Scale::Plain, b"95%", "printed `95%`"),
            (Read::Stdout, Scale::Percent, b"101", "gave 101, which is no percentage"),
            (Read::Stdout, Scale::Percent, b"-1%", "gave -1, which is no percentage"),
            (plain("/a/p99"), Scale::Plain, json, "`/a/p99` points to nothing: `/a` has none, p95_ms"),
            (plain("/b/c"), Scale::Plain, json, "points to nothing: it has a, list"),
            (plain("/list/0"), Scale::Plain, json, "points to nothing: `/list` is a list of 0"),
            (plain("/a/p95_ms"), Scale::Plain, json, "points to the text `512`"),
            (plain("/a/none"), Scale::Plain, json, "points to null"),
            (plain("/a"), Scale::Plain, json, "points to an object"),
            (plain("/a"), Scale::Plain, b"{\"a\": NaN}", "JSON has no NaN"),
            (plain("/a"), Scale::Plain, b"", "is no JSON: it is empty"),
            (Read::Regex("p95=(.*)".into()), Scale::Plain, b"p95=fast", "takes `fast`, which is none"),
            (Read::Regex("p95=(.*)".into()), Scale::Plain, b"p99=1", "nothing matches"),
        ] {
            let error = value(&read, scale, left(text)).unwrap_err();
            assert!(error.0.contains(why), "{read:?} of {}: {error}", String::from_utf8_lossy(text));
        }
        let stale = Left { text: Err("its file out.json is older than the command"), ..left(b"") };
        assert!(value(&plain("/a"), Scale::Plain, stale).unwrap_err().0.contains("older than the command"));
        let unknown = Left { peak: None, ..left(b"") };
        assert!(value(&Read::PeakMemory, Scale::Plain, unknown).unwrap_err().0.contains("memory"));
    }

    #[test]
    fn the_pass_rate_is_of_the_tests_that_ran() {
        let case = |name: &str, inner: &str| format!("<testcase classname=\"t\" name=\"{name}\" time=\"0\">{inner}</testcase>");
        let report = |passed: usize, failed: usize, skipped: usize| {
            let failure = "<failure message=\"m\">x</failure>";
            let cases: String = (0..passed)
                .map(|at| case(&format!("p{at}"), ""))
                .chain((0..failed).map(|at| case(&format!("f{at}"), failure)))
                .chain((0..skipped).map(|at| case(&format!("s{at}"), "<skipped message=\"m\"/>")))
                .collect();
            let xml = format!(
                "<testsuites><testsuite name=\"pytest\" errors=\"0\" failures=\"{failed}\" skipped=\"{skipped}\" tests=\"{}\" \
                 time=\"0.1\">{cases}</testsuite></testsuites>",
                passed + failed + skipped
            );
            junit(xml.as_bytes()).unwrap()
        };
        for (passed, failed, skipped, want) in [
            (3, 0, 0, Some(100.0)),
            (19, 1, 0, Some(95.0)),
            (19, 1, 10, Some(95.0)),
            (0, 2, 0, Some(0.0)),
            (0, 0, 3, None),
            (0, 0, 0, None),
        ] {
            let results = report(passed, failed, skipped);
            let status = i32::from(failed > 0);
            let left = Left { status: Some(status), is_ok: status == 0, results: Ok(&results), ..left(b"") };
            assert_eq!(value(&Read::PassRate, Scale::Percent, left).ok(), want, "{passed} {failed} {skipped}");
        }
        let lying = report(1, 1, 0);
        let said = value(&Read::PassRate, Scale::Percent, Left { results: Ok(&lying), ..left(b"") }).unwrap_err();
        assert!(said.0.contains("exit status is 0"), "{said}");
        let line = "-".repeat(70);
        let text = format!(
            "..F.\n{}\nFAIL: test_a (t.T.test_a)\n{line}\nx\n\n{line}\nRan 4 tests in 0.1s\n\nFAILED (failures=1)\n",
            "=".repeat(70)
        );
        if let Ok(results) = printed(text.as_bytes()) {
            let left = Left { status: Some(1), is_ok: false, results: Ok(&results), ..left(b"") };
            assert_eq!(value(&Read::PassRate, Scale::Percent, left), Ok(75.0));
        }
    }

    #[test]
    fn a_regex_has_one_group() {
        assert_eq!(check_regex("p95=([0-9.]+)"), Ok(()));
        assert!(check_regex("p95=[0-9.]+").unwrap_err().0.contains("0 groups"));
        assert!(check_regex("(a)(b)").unwrap_err().0.contains("2 groups"));
        assert!(check_regex("(a").unwrap_err().0.contains("does not parse"));
    }
}
