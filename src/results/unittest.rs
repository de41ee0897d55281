//! Reads what unittest's text runner prints at the end.

use std::collections::BTreeMap;

use super::{Dialect, Nameless, Tally, TestCase, TestId, TestOutcome, TestResults};

/// The results in unittest's words, and the line in which it sums up; `None` when it does not.
pub(super) fn results(lines: &[&str]) -> Option<(usize, TestResults)> {
    let (ran_at, ran) = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, summed_up(line)?)))?;
    let (at, ending) = lines.iter().enumerate().skip(ran_at + 1).find_map(|(at, line)| Some((at, Numbers::read(line)?)))?;
    let own = lines[..ran_at].iter().rposition(|line| summed_up(line).is_some()).map_or(0, |other| other + 1);
    let mut tests = BTreeMap::new();
    for pair in lines[own..ran_at].windows(2) {
        let heading = ["FAIL: ", "ERROR: "].iter().find_map(|word| pair[1].strip_prefix(word)).filter(|_| ruled(pair[0]));
        let heading = heading.or_else(|| ["UNEXPECTED SUCCESS: "].iter().find_map(|word| pair[1].strip_prefix(word)));
        if let Some(heading) = heading {
            let case = tests.entry(TestId::of_unittest(heading)).or_insert(TestCase {
                outcome: TestOutcome::Failed,
                elements: 0,
                repeated: false,
            });
            case.elements += 1;
        }
    }
    let failed = ending.failures + ending.errors + ending.unexpected;
    let nameless = Nameless { failed: if tests.is_empty() { failed.max(usize::from(ending.failed)) } else { 0 }, other: 0 };
    let said = Tally {
        tests: Some(ran),
        failures: Some(ending.failures + ending.unexpected),
        errors: Some(ending.errors),
        skipped: Some(ending.skipped),
    };
    let results = TestResults {
        dialect: Dialect::Unittest,
        tests,
        total: ran,
        // Python 3.12.1 does not count a test as run that a decorator skips.
        ran: ran.saturating_sub(ending.skipped),
        skipped: ending.skipped,
        nameless,
        said,
        found: Tally::default(),
    };
    Some((at, results))
}

/// The number in `Ran 14 tests in 0.013s`.
fn summed_up(line: &str) -> Option<usize> {
    let (number, rest) = line.strip_prefix("Ran ")?.split_once(' ')?;
    let time = rest.strip_prefix("tests in ").or_else(|| rest.strip_prefix("test in "))?;
    time.strip_suffix('s')?.parse::<f64>().ok()?;
    number.parse().ok()
}

fn ruled(line: &str) -> bool {
    line.len() >= 40 && line.bytes().all(|byte| byte == b'=')
}

/// What stands behind `OK`, `FAILED` or `NO TESTS RAN`: `(failures=6, errors=5, skipped=3)`.
#[derive(Default)]
struct Numbers {
    failed: bool,
    failures: usize,
    errors: usize,
    skipped: usize,
    unexpected: usize,
}

impl Numbers {
    fn read(line: &str) -> Option<Self> {
        let word = ["OK", "FAILED", "NO TESTS RAN"].into_iter().find(|word| line.starts_with(word))?;
        let mut numbers = Self { failed: word == "FAILED", ..Self::default() };
        let rest = &line[word.len()..];
        if rest.is_empty() {
            return Some(numbers);
        }
        for count in rest.strip_prefix(" (")?.strip_suffix(')')?.split(", ") {
            let (what, number) = count.split_once('=')?;
            let number: usize = number.parse().ok()?;
            match what {
                "failures" => numbers.failures = number,
                "errors" => numbers.errors = number,
                "skipped" => numbers.skipped = number,
                "unexpected successes" => numbers.unexpected = number,
                _ => {}
            }
        }
        Some(numbers)
    }
}
