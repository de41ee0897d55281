//! Who wrote a report, told by its form, and what that means for reading it.

use super::TestId;

/// The program that wrote a report or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// pytest's `--junitxml`, or its text.
    Pytest,
    /// What unittest's runner prints, and those of its family: nose2, Django.
    Unittest,
    /// unittest-xml-reporting.
    Xmlrunner,
    /// nose2's junitxml plugin.
    Nose2,
    /// pynose's `--with-xunit`.
    Pynose,
    /// green's `-j`.
    Green,
    /// python-subunit's `subunit2junitxml`: stestr, trial and whatever else writes a subunit stream.
    Subunit,
    /// zope.testrunner's `--xml`.
    Zope,
    /// behave's `--junit`.
    Behave,
    /// robot's and avocado's `--xunit`, and all that is not known.
    Other,
}

impl Dialect {
    /// The one whose first suite has these attributes, in the order in which they stand.
    pub(super) fn of_suite<'a>(attributes: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut keys = Vec::new();
        let mut name = "";
        for (key, value) in attributes {
            keys.push(key);
            if key == "name" {
                name = value;
            }
        }
        match keys.as_slice() {
            ["name", "errors", "failures", "skipped", "tests", "time", "timestamp", "hostname"] => Self::Pytest,
            ["name", "tests", "errors", "failures", "skipped", "time", "timestamp", "hostname"] => Self::Behave,
            ["tests", "errors", "failures", "hostname", "name", "time", "timestamp"] => Self::Zope,
            ["errors", "failures", "name", "tests", "time"] => Self::Subunit,
            ["name", "tests", "failures", "errors", "skipped", "time"] => Self::Green,
            ["name", "tests", "errors", "failures", "skip"] => Self::Pynose,
            ["name", "tests", "file", ..] => Self::Xmlrunner,
            _ if name == "pytest" => Self::Pytest,
            _ if name == "nose2-junit" => Self::Nose2,
            _ => Self::Other,
        }
    }

    /// Whether the number of tests that it says is the number of elements that it writes.
    ///
    /// pytest counts each subtest that passed, and of a repeated test one; nose2 counts no broken class.
    #[must_use]
    pub fn counts_elements(self) -> bool {
        !matches!(self, Self::Pytest | Self::Nose2 | Self::Unittest)
    }

    /// Whether several elements of one name are attempts of which the last counts; else they are parts of one test, or two tests.
    pub(super) fn repeats(self) -> bool {
        self == Self::Pytest
    }

    /// The identity of a test in the suite `suite`; `None` when it goes by no name that can be trusted.
    pub(super) fn identity(self, suite: &str, class: &str, name: &str) -> Option<TestId> {
        if name.is_empty() {
            return None;
        }
        match self {
            // The class of a subtest is that of unittest's own record, and the name is cut by its length.
            Self::Zope if class == "unittest.case._SubTest" => None,
            // Only the suite has the module.
            Self::Green => Some(TestId::new(suite, name)),
            // A worker's own error, under whatever number it had.
            Self::Pytest if class.is_empty() && name.strip_prefix("gw").is_some_and(is_number) => None,
            // An id that was cut at its last dot, even if that is in a subtest's parameters or in `setUpClass (module.Class)`.
            Self::Nose2 | Self::Subunit | Self::Xmlrunner if class.is_empty() => Some(TestId::of_dotted(name)),
            Self::Nose2 | Self::Subunit | Self::Xmlrunner => Some(TestId::of_dotted(&format!("{class}.{name}"))),
            _ => Some(TestId::new(class, name)),
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
