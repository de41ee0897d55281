//! Reads JUnit XML in the dialects of Python's runners.
//!
//! More is read than XML allows, where nothing depends on it: several runners write escape characters and lone surrogates into
//! messages and names. What is refused is named by [`ReportError`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use super::{Dialect, Nameless, ReportError, Tally, TestCase, TestId, TestOutcome, TestResults};

/// The most bytes that a report may have.
pub const LARGEST: usize = 64 << 20;

/// How deep elements may stand in each other; robot's suites are as deep as its folders.
const DEEPEST: usize = 200;

/// Reads one report.
///
/// # Errors
/// When it is none, by name.
pub fn junit(report: &[u8]) -> Result<TestResults, ReportError> {
    let mut reading = Reading::default();
    reading.add(report)?;
    Ok(reading.finish())
}

/// Reads the reports of one run that wrote several: unittest-xml-reporting, zope.testrunner and behave write one for each suite.
#[derive(Debug, Default)]
pub struct Reading {
    dialect: Option<Dialect>,
    tests: BTreeMap<TestId, TestCase>,
    nameless: Nameless,
    said: Tally,
    found: Tally,
}

impl Reading {
    /// Adds what one more report tells.
    ///
    /// # Errors
    /// When it is none, by name; what it told until then has been added.
    pub fn add(&mut self, report: &[u8]) -> Result<(), ReportError> {
        if report.len() > LARGEST {
            return Err(ReportError::TooLarge(report.len()));
        }
        let text = std::str::from_utf8(report).map_err(|error| ReportError::NotUtf8(error.valid_up_to()))?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(ReportError::Empty);
        }
        let mut file = File { reading: self, dialect: None, open: Vec::new(), case: None, rooted: false };
        let mut reader = Reader::from_str(text);
        loop {
            let at = reader.buffer_position();
            let event = reader.read_event().map_err(|error| unreadable(&error, reader.error_position(), text))?;
            match event {
                Event::Start(element) => file.begin(&element, at)?,
                Event::Empty(element) => {
                    file.begin(&element, at)?;
                    file.end();
                }
                Event::End(_) => file.end(),
                Event::Eof => return file.eof(at),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if file.open.is_empty() => {
                    return Err(not_xml(at, "text outside the root element"));
                }
                _ => {}
            }
        }
    }

    /// What all the reports told.
    #[must_use]
    pub fn finish(self) -> TestResults {
        let skipped = self.tests.values().filter(|case| case.outcome == TestOutcome::Skipped).count();
        TestResults {
            dialect: self.dialect.unwrap_or(Dialect::Other),
            total: self.tests.len(),
            ran: self.tests.len() - skipped,
            skipped,
            tests: self.tests,
            nameless: self.nameless,
            said: self.said,
            found: self.found,
        }
    }

    fn case(&mut self, id: Option<TestId>, outcome: TestOutcome, repeats: bool) {
        let Some(id) = id else {
            match outcome {
                TestOutcome::Failed => self.nameless.failed += 1,
                TestOutcome::Passed | TestOutcome::Skipped => self.nameless.other += 1,
            }
            return;
        };
        let case = self.tests.entry(id).or_insert(TestCase { outcome, elements: 0, repeated: false });
        case.elements += 1;
        if repeats {
            case.repeated = case.elements > 1;
            case.outcome = outcome;
        } else {
            case.outcome = case.outcome.max(outcome);
        }
    }
}

/// An element that is open.
enum Open {
    Suites,
    Suite(String),
    Case,
    Else,
}

/// The test case that is open.
struct Pending {
    id: Option<TestId>,
    /// The worst that its children say; without any it passed.
    outcome: Option<TestOutcome>,
}

/// One report while it is read.
struct File<'a> {
    reading: &'a mut Reading,
    dialect: Option<Dialect>,
    open: Vec<Open>,
    case: Option<Pending>,
    rooted: bool,
}

impl File<'_> {
    fn begin(&mut self, element: &BytesStart<'_>, at: u64) -> Result<(), ReportError> {
        if self.open.len() >= DEEPEST {
            return Err(not_xml(at, "elements stand too deep in each other"));
        }
        let name = element.name();
        let name: &str = name.as_ref();
        let parent = self.open.last();
        let open = match (name, parent) {
            (_, None) if self.rooted => return Err(not_xml(at, "a second root element")),
            ("testsuites", None) => Open::Suites,
            ("testsuite", None | Some(Open::Suites | Open::Suite(_))) => {
                let attributes = attributes(element, at)?;
                let topmost = !matches!(parent, Some(Open::Suite(_)));
                self.suite(&attributes, topmost)
            }
            ("testcase", Some(Open::Suite(_))) => {
                let attributes = attributes(element, at)?;
                self.begin_case(&attributes);
                Open::Case
            }
            (_, None) => return Err(ReportError::NotJunit(name.to_owned())),
            ("failure" | "error" | "skipped", Some(Open::Case)) => {
                let attributes = attributes(element, at)?;
                self.child(name, &attributes);
                Open::Else
            }
            _ => Open::Else,
        };
        self.rooted = true;
        self.open.push(open);
        Ok(())
    }

    fn suite(&mut self, attributes: &[(&str, Cow<'_, str>)], topmost: bool) -> Open {
        let dialect = Dialect::of_suite(attributes.iter().map(|(key, value)| (*key, value.as_ref())));
        let dialect = *self.dialect.get_or_insert(dialect);
        self.reading.dialect.get_or_insert(dialect);
        if topmost {
            let number = |key: &str| value(attributes, key).and_then(|text| text.parse::<usize>().ok());
            let said = &mut self.reading.said;
            add(&mut said.tests, number("tests"));
            add(&mut said.failures, number("failures"));
            add(&mut said.errors, number("errors"));
            add(&mut said.skipped, number("skipped").or_else(|| number("skip")));
            let found = &mut self.reading.found;
            for number in [&mut found.tests, &mut found.failures, &mut found.errors, &mut found.skipped] {
                add(number, Some(0));
            }
        }
        Open::Suite(value(attributes, "name").unwrap_or_default().to_owned())
    }

    fn begin_case(&mut self, attributes: &[(&str, Cow<'_, str>)]) {
        let suite = match self.open.last() {
            Some(Open::Suite(name)) => name.as_str(),
            _ => "",
        };
        let class = value(attributes, "classname").unwrap_or_default();
        let name = value(attributes, "name").unwrap_or_default();
        let id = self.dialect.unwrap_or(Dialect::Other).identity(suite, class, name);
        self.case = Some(Pending { id, outcome: None });
        add(&mut self.reading.found.tests, Some(1));
    }

    fn child(&mut self, name: &str, attributes: &[(&str, Cow<'_, str>)]) {
        let found = &mut self.reading.found;
        let outcome = match name {
            "failure" => {
                add(&mut found.failures, Some(1));
                TestOutcome::Failed
            }
            "error" => {
                add(&mut found.errors, Some(1));
                TestOutcome::Failed
            }
            _ => {
                add(&mut found.skipped, Some(1));
                if ended_as_expected(attributes) { TestOutcome::Passed } else { TestOutcome::Skipped }
            }
        };
        if let Some(case) = &mut self.case {
            case.outcome = case.outcome.max(Some(outcome));
        }
    }

    fn end(&mut self) {
        if let Some(Open::Case) = self.open.pop()
            && let Some(case) = self.case.take()
        {
            let repeats = self.dialect.is_some_and(Dialect::repeats);
            self.reading.case(case.id, case.outcome.unwrap_or(TestOutcome::Passed), repeats);
        }
    }

    fn eof(&self, at: u64) -> Result<(), ReportError> {
        match (self.open.is_empty(), self.rooted) {
            (false, _) => Err(ReportError::Torn(at)),
            (true, false) => Err(not_xml(at, "no element")),
            (true, true) => Ok(()),
        }
    }
}

/// Whether what is written as skipped was run: an expected failure, or nose2's unexpected success, with which nose2 ends well.
fn ended_as_expected(attributes: &[(&str, Cow<'_, str>)]) -> bool {
    matches!(value(attributes, "type"), Some("pytest.xfail" | "XFAIL"))
        || matches!(value(attributes, "message"), Some("expected test failure" | "test passes unexpectedly"))
}

fn add(sum: &mut Option<usize>, number: Option<usize>) {
    if let Some(number) = number {
        *sum = Some(sum.unwrap_or(0).saturating_add(number));
    }
}

fn value<'a>(attributes: &'a [(&str, Cow<'_, str>)], key: &str) -> Option<&'a str> {
    attributes.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_ref())
}

/// The attributes of an element; a value with a reference to no character, such as a lone surrogate, stays as it is written.
fn attributes<'a>(element: &'a BytesStart<'_>, at: u64) -> Result<Vec<(&'a str, Cow<'a, str>)>, ReportError> {
    let mut attributes = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| not_xml(at, &error.to_string()))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or_else(|_| attribute.value.clone());
        attributes.push((attribute.key.into_inner(), value));
    }
    Ok(attributes)
}

fn not_xml(at: u64, why: &str) -> ReportError {
    ReportError::NotXml { at, why: why.to_owned() }
}

/// What the parser stumbled over: the end of the text, if that is not the end of a tag, or something in it.
fn unreadable(error: &Error, at: u64, text: &str) -> ReportError {
    if matches!(error, Error::Syntax(_)) || !text.trim_end().ends_with('>') {
        ReportError::Torn(at)
    } else {
        not_xml(at, &error.to_string())
    }
}
