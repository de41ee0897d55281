//! What the end of a command says: its exit status held against what its report, or else its output, says of tests. Pure.
//!
//! The exit status of many runners lies, and so do many reports; `docs/results.md` has who says what. Where the two disagree neither is
//! believed. On what was red before only new failures count.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::command::Outcome;
use crate::results::{Agreement, TestId, TestResults};
use crate::verdict::VerdictKind;

/// So many tests are named where some failed.
const MOST_NAMED: usize = 5;

/// What a command says where the unit is not, on the tip of the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnTip {
    /// It passes, with so many tests where that is known.
    Green(Option<usize>),
    /// These tests fail, of so many.
    Red(BTreeSet<TestId>, usize),
    /// It fails, and which tests do cannot be read.
    RedUnread(String),
}

impl OnTip {
    /// What it says together with what it said the time before: tests that failed both times fail.
    #[must_use]
    pub fn and_before(self, before: Option<Self>) -> Self {
        match (self, before) {
            (Self::Red(now, total), Some(Self::Red(then, _))) => Self::Red(now.intersection(&then).cloned().collect(), total),
            (now, _) => now,
        }
    }
}

/// What there is to read of a command that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The report that it was to write; why there is none, in words.
    Report(Result<TestResults, String>),
    /// What it printed, where that sums up tests.
    Text(Option<TestResults>),
}

/// How a command judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// In one word.
    pub kind: VerdictKind,
    /// How it ended, in words that follow its name: `failed with status 1: 2 of 519 tests failed: …`.
    pub why: String,
    /// How many tests it ran, where that is known.
    pub tests: Option<usize>,
    /// The tests that failed; with [`OnTip::Red`] only those that did not before.
    pub failures: Vec<TestId>,
    /// What it says as such, for what comes after: `None` where that cannot be read.
    results: Option<(BTreeSet<TestId>, usize)>,
}

impl Ruling {
    /// The same of a command that changed in its copy what it must leave as it is: whatever it said, it said of something else.
    #[must_use]
    pub fn but_meddled(self, how: &str) -> Self {
        Self { kind: VerdictKind::Failed, why: format!("{how} ({})", self.why), results: None, ..self }
    }

    /// The same in other words.
    #[must_use]
    pub fn worded(self, why: String) -> Self {
        Self { why, ..self }
    }

    /// What to hold later verdicts of the same command against, this one having been given on the tip.
    #[must_use]
    pub fn on_tip(&self) -> OnTip {
        match (&self.results, self.kind) {
            (results, VerdictKind::Passed | VerdictKind::Flaky) => OnTip::Green(results.as_ref().map(|(_, total)| *total)),
            (Some((failures, total)), VerdictKind::Failed | VerdictKind::RedBefore) if !failures.is_empty() => {
                OnTip::Red(failures.clone(), *total)
            }
            _ => OnTip::RedUnread(self.why.clone()),
        }
    }
}

/// Says how a command judged that ended with this `outcome`. `may_be_empty` says that it is no failure when no test runs, `fewer` that the
/// unit takes tests away.
#[must_use]
pub fn rule(outcome: &Outcome, account: &Account, before: Option<&OnTip>, may_be_empty: bool, fewer: bool) -> Ruling {
    let ruling = |kind, why: String| Ruling { kind, why, tests: None, failures: Vec::new(), results: None };
    let ended = outcome.to_string();
    let exit = match outcome {
        Outcome::Passed => Some(0),
        Outcome::Failed(status) => Some(*status),
        Outcome::Signalled(_) => None,
        Outcome::Interrupted(_) => return ruling(VerdictKind::Interrupted, ended),
        Outcome::TimedOut(_) => return ruling(VerdictKind::TimedOut, ended),
        Outcome::NotFound(_) => return ruling(VerdictKind::Failed, ended),
    };
    let results = match account {
        Account::Report(Err(why)) => return ruling(VerdictKind::NoReport, format!("{ended}, and {why}")),
        Account::Report(Ok(results)) | Account::Text(Some(results)) => results,
        Account::Text(None) => {
            let kind = if *outcome == Outcome::Passed { VerdictKind::Passed } else { VerdictKind::Failed };
            return ruling(kind, ended);
        }
    };
    let failures: BTreeSet<TestId> = results.failures().cloned().collect();
    let readable = results.nameless.failed == 0;
    let whole = Ruling {
        tests: Some(results.ran),
        results: readable.then(|| (failures.clone(), results.total)),
        ..ruling(VerdictKind::Passed, ended.clone())
    };
    match results.against(exit) {
        Agreement::NothingRan if may_be_empty => whole,
        Agreement::NothingRan => Ruling { kind: VerdictKind::NothingRan, why: format!("{ended}, and ran no test"), ..whole },
        Agreement::Contradictory(why) => Ruling { kind: VerdictKind::Contradictory, why: format!("{ended}: {why}"), ..whole },
        Agreement::Failed => failed(whole, results, failures, (before, fewer), &ended),
        Agreement::Passed => match lost(results, before, fewer) {
            Some(why) => Ruling { kind: VerdictKind::Failed, why, ..whole },
            None if results.flaky().next().is_some() => {
                let why = format!("passed, {} only when run again", named(results.flaky(), results.flaky().count()));
                Ruling { kind: VerdictKind::Flaky, why, ..whole }
            }
            None => whole,
        },
    }
}

/// That tests are gone that ran before, in words; nothing where the unit takes some away.
fn lost(results: &TestResults, before: Option<&OnTip>, fewer: bool) -> Option<String> {
    let was = match before? {
        OnTip::Green(total) => (*total)?,
        OnTip::Red(_, total) => *total,
        OnTip::RedUnread(_) => return None,
    };
    (!fewer && was > results.total).then(|| format!("ran fewer tests than before: {} of {was}", results.total))
}

/// A command that failed, as it should, because tests did.
fn failed(
    whole: Ruling,
    results: &TestResults,
    failures: BTreeSet<TestId>,
    (before, fewer): (Option<&OnTip>, bool),
    ended: &str,
) -> Ruling {
    let (known, nameless) = (failures.len(), results.nameless.failed);
    if let Some(OnTip::Red(old, _)) = before
        && nameless == 0
    {
        let new: Vec<TestId> = failures.difference(old).cloned().collect();
        if new.is_empty()
            && let Some(why) = lost(results, before, fewer)
        {
            return Ruling { kind: VerdictKind::Failed, why: format!("{ended}: {why}"), ..whole };
        }
        if new.is_empty() {
            let why = format!("{ended}: {known} of {} tests failed, all of which failed before", results.total);
            return Ruling { kind: VerdictKind::RedBefore, why, ..whole };
        }
        let names = named(new.iter(), new.len());
        let why = format!("{ended}: {} of {} tests failed that did not before: {names}", new.len(), results.total);
        return Ruling { kind: VerdictKind::Failed, why, failures: new, ..whole };
    }
    let mut why = format!("{ended}: {known} of {} tests failed", results.total);
    if known > 0 {
        // Writing to a String cannot fail.
        write!(why, ": {}", named(failures.iter(), known)).unwrap_or_default();
    }
    if nameless > 0 {
        write!(why, "; {nameless} without a name").unwrap_or_default();
    }
    Ruling { kind: VerdictKind::Failed, why, failures: failures.into_iter().collect(), ..whole }
}

/// The first of these tests by name, and how many more there are.
pub fn named<'t>(tests: impl Iterator<Item = &'t TestId>, count: usize) -> String {
    let names: Vec<String> = tests.take(MOST_NAMED).map(ToString::to_string).collect();
    let more = if count > MOST_NAMED { format!(" and {} more", count - MOST_NAMED) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{junit, text};

    fn report(cases: &[(&str, bool)]) -> Account {
        let case = |(name, passed): &(&str, bool)| match passed {
            true => format!("<testcase classname=\"t\" name=\"{name}\" time=\"0\"/>"),
            false => {
                format!("<testcase classname=\"t\" name=\"{name}\" time=\"0\"><failure message=\"m\">x</failure></testcase>")
            }
        };
        let failures = cases.iter().filter(|(_, passed)| !passed).count();
        let cases: String = cases.iter().map(case).collect();
        let count = cases.matches("<testcase").count();
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites><testsuite name=\"pytest\" errors=\"0\" failures=\"{failures}\" \
             skipped=\"0\" tests=\"{count}\" time=\"0.1\" timestamp=\"2026-01-01T00:00:00\" hostname=\"h\">{cases}</testsuite></testsuites>"
        );
        Account::Report(junit(xml.as_bytes()).map_err(|error| error.to_string()))
    }

    fn printed(output: &str) -> Account {
        Account::Text(text(output.as_bytes()).ok())
    }

    fn red(names: &[&str], total: usize) -> OnTip {
        OnTip::Red(names.iter().map(|name| TestId::new("t", name)).collect(), total)
    }

    #[test]
    fn how_a_command_judged_by_its_end_its_account_and_what_was_before() {
        use VerdictKind::{Contradictory, Failed, Flaky, NoReport, NothingRan, Passed, RedBefore, TimedOut};
        let passed = || report(&[("a", true), ("b", true)]);
        let one_red = || report(&[("a", false), ("b", true)]);
        let both_red = || report(&[("a", false), ("b", false)]);
        let missing = || Account::Report(Err("wrote no report".into()));
        let unittest = |last: &str| printed(&format!("..\n{}\nRan 5 tests in 0.1s\n\n{last}\n", "-".repeat(70)));
        let none = || printed(&format!("\n{}\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n", "-".repeat(70)));
        let exit = |status| if status == 0 { Outcome::Passed } else { Outcome::Failed(status) };
        // exit, account, before, may be empty, takes tests away -> kind, a part of why
        for (status, account, before, empty, fewer, kind, why) in [
            (0, Account::Text(None), None, false, false, Passed, "passed"),
            (1, Account::Text(None), None, false, false, Failed, "failed with status 1"),
            (0, passed(), None, false, false, Passed, "passed"),
            (1, one_red(), None, false, false, Failed, "failed with status 1: 1 of 2 tests failed: t::a"),
            (0, one_red(), None, false, false, Contradictory, "tests failed, and the exit status is 0"),
            (1, passed(), None, false, false, Contradictory, "no test failed, and the exit status is 1"),
            (0, missing(), None, false, false, NoReport, "passed, and wrote no report"),
            (2, missing(), None, false, false, NoReport, "failed with status 2, and wrote no report"),
            (0, unittest("OK"), None, false, false, Passed, "passed"),
            (3, unittest("OK"), None, false, false, Contradictory, "the exit status is 3"),
            (0, none(), None, false, false, NothingRan, "passed, and ran no test"),
            (5, none(), None, false, false, NothingRan, "ran no test"),
            (5, none(), None, true, false, Passed, "failed with status 5"),
            (1, one_red(), Some(red(&["a"], 2)), false, false, RedBefore, "all of which failed before"),
            (1, both_red(), Some(red(&["a"], 2)), false, false, Failed, "1 of 2 tests failed that did not before: t::b"),
            (1, both_red(), Some(OnTip::Green(Some(2))), false, false, Failed, "2 of 2 tests failed: t::a, t::b"),
            (0, passed(), Some(OnTip::Green(Some(3))), false, false, Failed, "ran fewer tests than before: 2 of 3"),
            (0, passed(), Some(OnTip::Green(Some(3))), false, true, Passed, "passed"),
            (1, one_red(), Some(red(&["a"], 3)), false, false, Failed, "ran fewer tests than before: 2 of 3"),
            (1, one_red(), Some(red(&["a"], 3)), false, true, RedBefore, "all of which failed before"),
            (0, passed(), Some(red(&["a"], 2)), false, false, Passed, "passed"),
        ] {
            let ruling = rule(&exit(status), &account, before.as_ref(), empty, fewer);
            assert_eq!(ruling.kind, kind, "{status} {account:?} {before:?}");
            assert!(ruling.why.contains(why), "{why:?} is not in {:?}", ruling.why);
            assert_eq!(ruling.kind.lets_land(), matches!(kind, Passed | Flaky | RedBefore));
        }
        assert_eq!(red(&["a", "b"], 2).and_before(Some(red(&["b", "c"], 3))), red(&["b"], 2));
        assert_eq!(red(&["a"], 2).and_before(Some(OnTip::RedUnread("ended".into()))), red(&["a"], 2));
        assert_eq!(OnTip::Green(None).and_before(Some(red(&["a"], 2))), OnTip::Green(None));
        let late = rule(&Outcome::TimedOut(std::time::Duration::from_secs(1)), &passed(), None, false, false);
        assert_eq!(late.kind, TimedOut);
    }

    #[test]
    fn what_was_on_the_tip_is_what_later_verdicts_are_held_against() {
        for (status, account, want) in [
            (Outcome::Passed, report(&[("a", true)]), OnTip::Green(Some(1))),
            (Outcome::Passed, Account::Text(None), OnTip::Green(None)),
            (Outcome::Failed(1), report(&[("a", false), ("b", true)]), red(&["a"], 2)),
            (Outcome::Failed(1), Account::Text(None), OnTip::RedUnread("failed with status 1".into())),
            (Outcome::Passed, report(&[]), OnTip::RedUnread("passed, and ran no test".into())),
        ] {
            assert_eq!(rule(&status, &account, None, false, false).on_tip(), want);
        }
    }
}
