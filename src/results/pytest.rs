//! Reads pytest's short summary and its last line.

use std::collections::BTreeMap;

use super::{Dialect, Nameless, Tally, TestCase, TestId, TestOutcome, TestResults};

/// The results in pytest's words, and the line in which it sums up; `None` when it does not.
///
/// A failing subtest of unittest is in `failed`, and its test in `passed` too.
pub(super) fn results(lines: &[&str]) -> Option<(usize, TestResults)> {
    let (at, numbers) = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, Numbers::read(line)?)))?;
    let before = &lines[..at];
    let summary = before.iter().rposition(|line| line.contains("= short test summary info ="));
    let mut tests = BTreeMap::new();
    for line in summary.map_or(&[][..], |start| &before[start + 1..]) {
        if let Some(node) = failing(line) {
            let case = tests.entry(TestId::of_node(node)).or_insert(TestCase {
                outcome: TestOutcome::Failed,
                elements: 0,
                repeated: false,
            });
            case.elements += 1;
        }
    }
    // With --no-summary nothing is named.
    let failed = numbers.failed + numbers.errors;
    let nameless = Nameless { failed: if tests.is_empty() { failed } else { 0 }, other: 0 };
    let ran = numbers.failed + numbers.passed;
    let said = Tally {
        tests: Some(ran + numbers.skipped),
        failures: Some(numbers.failed),
        errors: Some(numbers.errors),
        skipped: Some(numbers.skipped),
    };
    let results = TestResults {
        dialect: Dialect::Pytest,
        tests,
        total: ran + numbers.skipped,
        ran,
        skipped: numbers.skipped,
        nameless,
        said,
        found: Tally::default(),
    };
    Some((at, results))
}

/// The node that a line of the short summary tells of: `FAILED node - message`, `SUBFAILED[label] (i=1) node - message`.
fn failing(line: &str) -> Option<&str> {
    let (node, subtest) =
        ["FAILED ", "ERROR ", "SUBFAILED"].iter().find_map(|word| Some((line.strip_prefix(word)?, *word == "SUBFAILED")))?;
    // The message begins at the first dash that is not among the parameters.
    let mut end = node.len();
    for (at, _) in node.match_indices(" - ") {
        let before = &node[..at];
        let parameters = before.rfind("::").and_then(|name| before[name..].find('['));
        if parameters.is_none() || before.ends_with(']') {
            end = at;
            break;
        }
    }
    let node = &node[..end];
    if !subtest {
        return Some(node.trim_end());
    }
    let file = node.find("::").unwrap_or(node.len());
    let start = [") ", "] ", " "].iter().find_map(|part| node[..file].rfind(part).map(|at| at + part.len()));
    start.map(|start| &node[start..])
}

/// The numbers of the last line: `2 failed, 3 passed in 0.10s`, between `=` or not.
#[derive(Default)]
struct Numbers {
    failed: usize,
    passed: usize,
    errors: usize,
    skipped: usize,
}

impl Numbers {
    fn read(line: &str) -> Option<Self> {
        let (counts, time) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
        let seconds = time.split(' ').next()?.strip_suffix('s')?;
        seconds.parse::<f64>().ok()?;
        let mut numbers = Self::default();
        if counts == "no tests ran" {
            return Some(numbers);
        }
        for count in counts.split(", ") {
            let (number, what) = count.split_once(' ')?;
            let number: usize = number.parse().ok()?;
            let sum = match what {
                "failed" | "subtests failed" => &mut numbers.failed,
                "passed" | "xfailed" | "xpassed" => &mut numbers.passed,
                "error" | "errors" => &mut numbers.errors,
                "skipped" => &mut numbers.skipped,
                "deselected" | "warning" | "warnings" | "rerun" => continue,
                _ if what.starts_with("subtest") => continue,
                _ => return None,
            };
            *sum = sum.saturating_add(number);
        }
        Some(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_no_part_of_a_name() {
        let names = [
            ("FAILED a.py::test_b - no - really", "a.py::test_b"),
            ("FAILED a.py::test_b[c - d] - no", "a.py::test_b[c - d]"),
            ("FAILED a.py::test_b[c]d] - no", "a.py::test_b[c]d]"),
            ("ERROR a.py", "a.py"),
            ("ERROR a.py - ImportError: x", "a.py"),
            ("SUBFAILED(i=1) a.py::T::test_b - no", "a.py::T::test_b"),
            ("SUBFAILED[one two] (i='a b') a.py::T::test_b - no", "a.py::T::test_b"),
            ("SUBFAILED[one] a.py::test_b[x] - no", "a.py::test_b[x]"),
        ];
        for (line, node) in names {
            assert_eq!(failing(line), Some(node), "{line}");
        }
        assert_eq!(failing("SKIPPED [1] a.py:3: why"), None);
    }

    #[test]
    fn a_line_that_only_looks_like_the_last_one_is_none() {
        assert!(Numbers::read("2 failed, 3 passed in 0.10s").is_some());
        assert!(Numbers::read("==== 1 passed, 2 warnings in 61.20s (0:01:01) ====").is_some());
        assert!(Numbers::read("Ran 3 tests in 0.1s").is_none());
        assert!(Numbers::read("2 eggs in 0.1s").is_none());
        assert!(Numbers::read("passed in time").is_none());
    }
}
