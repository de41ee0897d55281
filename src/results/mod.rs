//! Reads what a test runner left behind: a JUnit XML report, or the text that it printed where there is no report.
//!
//! Which tests there were, how the last attempt of each ended, what cannot be said by name, and whether the counts that the report
//! gives are those of its elements. Nothing here does I/O, and no input is too broken for an answer: a value, or an error by name.
//! What each runner writes, and where it lies, is in `docs/results.md`; every row there is a recorded report that the tests read.

mod dialect;
mod identity;
mod junit;
mod pytest;
mod text;
mod unittest;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use dialect::Dialect;
pub use identity::TestId;
pub use junit::{LARGEST, Reading, junit};
pub use text::text;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestOutcome {
    /// It was not run, or it stopped itself before it had judged anything.
    Skipped,
    /// As it should, which for a test that is expected to fail is a failure.
    Passed,
    /// By a failure or an error, in the test or in what stands around it.
    Failed,
}

/// What became of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestCase {
    /// How it ended: by its last attempt where the runner repeats tests, else the worst of all that goes by its name.
    pub outcome: TestOutcome,
    /// How many elements of the report go by its name: attempts, subtests, or two tests of one name.
    pub elements: usize,
    /// Whether it was run again, so that only the last of them counts.
    pub repeated: bool,
}

/// Elements of a report that name no test: what crashed, was interrupted, or is written without a name that can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nameless {
    /// Those that failed.
    pub failed: usize,
    /// The others, which are never a pass.
    pub other: usize,
}

/// Numbers of tests as a report has them; `None` where it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of them.
    pub tests: Option<usize>,
    /// Those with a failure.
    pub failures: Option<usize>,
    /// Those with an error.
    pub errors: Option<usize>,
    /// Those that were skipped.
    pub skipped: Option<usize>,
}

impl Tally {
    /// Whether a number that both say is another one.
    fn differs(self, other: Self) -> bool {
        let differ = |a: Option<usize>, b: Option<usize>| matches!((a, b), (Some(a), Some(b)) if a != b);
        differ(self.tests, other.tests)
            || differ(self.failures, other.failures)
            || differ(self.errors, other.errors)
            || differ(self.skipped, other.skipped)
    }
}

/// What a run of tests gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResults {
    /// Who wrote it, as far as its form shows.
    pub dialect: Dialect,
    /// The tests by identity: all of them in a report, those that failed in a text.
    pub tests: BTreeMap<TestId, TestCase>,
    /// How many there were by name, each counted once. In a text the runner's own number.
    pub total: usize,
    /// How many of them were run.
    pub ran: usize,
    /// How many of them were skipped.
    pub skipped: usize,
    /// What goes by no name.
    pub nameless: Nameless,
    /// What the report says of itself.
    pub said: Tally,
    /// What its elements amount to.
    pub found: Tally,
}

impl TestResults {
    /// The tests that failed, in order.
    pub fn failures(&self) -> impl Iterator<Item = &TestId> {
        self.tests.iter().filter(|(_, case)| case.outcome == TestOutcome::Failed).map(|(id, _)| id)
    }

    /// The tests that ended well only when the runner repeated them, whatever is told of their earlier attempts: mostly nothing.
    pub fn flaky(&self) -> impl Iterator<Item = &TestId> {
        self.tests.iter().filter(|(_, case)| case.repeated && case.outcome != TestOutcome::Failed).map(|(id, _)| id)
    }

    /// Whether the report's own counts are not those of its elements.
    ///
    /// Some runners always count something else ([`Dialect::counts_elements`]): then it means nothing.
    #[must_use]
    pub fn counts_lie(&self) -> bool {
        self.said.differs(self.found)
    }

    /// Whether the report says that there were more tests than it lists, by a runner that lists all it counts: it was cut short.
    #[must_use]
    pub fn cut_short(&self) -> bool {
        self.dialect.counts_elements() && self.said.tests > self.found.tests
    }

    /// Holds the results against the exit status of the command that gave them; `exit` is `None` when a signal ended it.
    #[must_use]
    pub fn against(&self, exit: Option<i32>) -> Agreement {
        let failed = self.nameless.failed > 0 || self.failures().next().is_some();
        match exit {
            None => Agreement::Contradictory(Contradiction::Killed),
            Some(0) if failed => Agreement::Contradictory(Contradiction::FailuresButExitZero),
            Some(_) if failed => Agreement::Failed,
            Some(_) if self.cut_short() => Agreement::Contradictory(Contradiction::CutShort),
            Some(_) if self.ran == 0 && self.nameless.other == 0 => Agreement::NothingRan,
            Some(0) if self.ran == 0 => Agreement::Contradictory(Contradiction::OnlyNameless),
            Some(0) => Agreement::Passed,
            Some(exit) => Agreement::Contradictory(Contradiction::NoFailureButExit(exit)),
        }
    }
}

/// What results and an exit status say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Tests ran, none failed, and the command says so too.
    Passed,
    /// Tests failed, and the command says so too.
    Failed,
    /// No test ran and none failed, whatever the command says: runners end with 0, 1, 3, 5 or 252 then.
    NothingRan,
    /// The two say different things, so neither is believed.
    Contradictory(Contradiction),
}

/// How results and an exit status contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The report has failures.
    #[error("tests failed, and the exit status is 0")]
    FailuresButExitZero,
    /// The report has none: the runner was interrupted, or what failed is no test.
    #[error("no test failed, and the exit status is {0}")]
    NoFailureButExit(i32),
    /// The report lists fewer tests than it counts.
    #[error("the report lists fewer tests than it counts")]
    CutShort,
    /// There is nothing but elements without a name.
    #[error("the report names no test that ran, and the exit status is 0")]
    OnlyNameless,
    /// The command did not end by itself.
    #[error("the command was killed")]
    Killed,
}

/// Why there are no results.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// There is nothing in it, or only white space.
    #[error("the report is empty")]
    Empty,
    /// It has more bytes than [`LARGEST`].
    #[error("the report has {0} bytes, more than {LARGEST}")]
    TooLarge(usize),
    /// It is not UTF-8, which all known runners write.
    #[error("the report is not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// It is not XML.
    #[error("the report is not XML at byte {at}: {why}")]
    NotXml {
        /// Where.
        at: u64,
        /// What the parser says.
        why: String,
    },
    /// It ends in the middle.
    #[error("the report ends in the middle, at byte {0}")]
    Torn(u64),
    /// It is XML of another kind.
    #[error("the report is not JUnit XML: its root is {0}")]
    NotJunit(String),
    /// The text has no line in which pytest or unittest sums up.
    #[error("the output has no line that sums up the tests")]
    NoSummary,
}
