//! Each row of `docs/results.md`, on what the runner wrote when `tests/results/record.py` ran it.

use super::*;
use std::path::PathBuf;

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/results")
}

/// The files of a recorded run and its exit status.
fn recorded(name: &str) -> (Vec<Vec<u8>>, i32) {
    let table = std::fs::read_to_string(folder().join("recorded.tsv")).unwrap();
    let row =
        table.lines().find(|line| line.split('\t').next() == Some(name)).unwrap_or_else(|| panic!("no {name} was recorded"));
    let fields: Vec<&str> = row.split('\t').collect();
    let files = fields[2].split(',').map(|file| std::fs::read(folder().join("recorded").join(file)).unwrap()).collect();
    (files, fields[1].parse().unwrap())
}

/// What is read of a recorded run, and what it says together with its exit status.
fn read(name: &str) -> (TestResults, Agreement) {
    let (files, exit) = recorded(name);
    let results = if name.contains("-text") {
        text(&files[0]).unwrap()
    } else {
        let mut reading = Reading::default();
        for file in files {
            reading.add(&file).unwrap();
        }
        reading.finish()
    };
    let agreement = results.against(Some(exit));
    (results, agreement)
}

/// Total, ran, skipped.
fn counts(results: &TestResults) -> [usize; 3] {
    [results.total, results.ran, results.skipped]
}

fn failures(results: &TestResults) -> Vec<String> {
    results.failures().map(ToString::to_string).collect()
}

fn outcome(results: &TestResults, class: &str, name: &str) -> Option<TestOutcome> {
    results.tests.get(&TestId::new(class, name)).map(|case| case.outcome)
}

const PASSED: Option<TestOutcome> = Some(TestOutcome::Passed);
const FAILED: Option<TestOutcome> = Some(TestOutcome::Failed);
const SKIPPED: Option<TestOutcome> = Some(TestOutcome::Skipped);

fn nameless(failed: usize, other: usize) -> Nameless {
    Nameless { failed, other }
}

#[test]
fn pytest_tells_each_test_once_whatever_it_counts() {
    for name in ["pytest", "pytest-xdist"] {
        let (results, agreement) = read(name);
        assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Pytest, [28, 25, 3], Agreement::Failed), "{name}");
        assert_eq!((results.said.tests, results.found.tests), (Some(40), Some(29)), "each subtest that passed is counted");
        assert!(results.counts_lie() && !results.cut_short());
        assert_eq!(results.failures().count(), 19);
        assert_eq!(outcome(&results, "test_mix", "test_ids[a]b]"), FAILED);
        assert_eq!(outcome(&results, "test_mix", r"test_ids[\x1b[31m]"), FAILED, "pytest escapes by itself");
        assert_eq!(outcome(&results, "test_mix", "test_skip_teardown"), FAILED, "it is both skipped and an error");
        assert_eq!(outcome(&results, "test_mix", "test_fail_teardown"), FAILED, "it is two elements");
        assert_eq!(outcome(&results, "test_mix", "test_xfail"), PASSED);
        assert_eq!(outcome(&results, "test_mix", "test_xpass"), PASSED);
        assert_eq!(outcome(&results, "test_mix", "test_xpass_strict"), FAILED);
        assert_eq!(outcome(&results, "test_mix.Unit", "test_sub"), FAILED, "its last line counts it as passed too");
        assert_eq!(outcome(&results, "test_mix.TestC.TestInner", "test_pass"), PASSED);
    }
}

#[test]
fn a_module_that_pytest_cannot_import_is_a_failure_by_its_name() {
    let (results, agreement) = read("pytest-collect");
    assert_eq!((failures(&results), counts(&results), agreement), (vec!["test_broken".to_owned()], [2, 1, 1], Agreement::Failed));
    let (results, agreement) = read("pytest-collect-xdist");
    assert_eq!(counts(&results), [3, 2, 1], "under xdist the others run");
    assert_eq!((failures(&results), agreement), (vec!["test_broken".to_owned()], Agreement::Failed));
}

#[test]
fn of_the_attempts_of_rerunfailures_the_last_counts() {
    for name in ["pytest-reruns", "pytest-reruns-xdist"] {
        let (results, agreement) = read(name);
        assert_eq!(agreement, Agreement::Failed);
        assert_eq!(
            failures(&results),
            ["test_reruns::test_always", "test_reruns.U::test_sub"],
            "a unittest subtest is not run again"
        );
        assert_eq!(results.tests[&TestId::new("test_reruns", "test_always")].elements, 3);
        assert_eq!(results.flaky().count(), 7);
        assert_eq!(outcome(&results, "test_reruns", "test_flaky_subtest"), PASSED);
        assert_eq!(outcome(&results, "test_reruns", "test_skip_then"), SKIPPED);
    }
}

#[test]
fn a_failure_in_a_subtest_of_an_earlier_attempt_is_none() {
    for name in ["pytest-reruns-pass", "pytest-reruns-pass-xdist", "pytest-reruns-pass-named"] {
        let (results, agreement) = read(name);
        assert_eq!((results.dialect, agreement), (Dialect::Pytest, Agreement::Passed), "{name}");
        assert_eq!((results.said.failures, results.failures().count()), (Some(2), 0), "the report has failures all the same");
        let flaky: Vec<String> = results.flaky().map(ToString::to_string).collect();
        assert_eq!(flaky, ["test_reruns_pass::test_flaky", "test_reruns_pass.Unit::test_flaky"]);
    }
}

#[test]
fn a_worker_that_dies_is_a_failure_of_its_test_or_an_element_without_a_name() {
    let (results, agreement) = read("pytest-crash");
    assert_eq!((failures(&results), agreement), (vec!["test_crash_always::test_crash".to_owned()], Agreement::Failed));
    let (results, agreement) = read("pytest-crash-reruns");
    assert_eq!((counts(&results), results.nameless, agreement), ([3, 3, 0], nameless(0, 1), Agreement::Passed));
    let (results, agreement) = read("pytest-differ");
    assert_eq!(
        (counts(&results), results.nameless, agreement),
        ([0, 0, 0], nameless(1, 0), Agreement::Failed),
        "it is named gw1"
    );
}

#[test]
fn an_interrupted_pytest_has_no_verdict() {
    let (results, agreement) = read("pytest-interrupted");
    assert_eq!((counts(&results), results.nameless), ([1, 1, 0], nameless(0, 1)));
    assert_eq!(agreement, Agreement::Contradictory(Contradiction::NoFailureButExit(2)));
}

#[test]
fn nothing_ran_where_no_test_was_selected_or_all_were_skipped() {
    let all = [
        ("pytest-nothing", 0),
        ("pytest-skipped", 2),
        ("pytest-text-nothing", 0),
        ("pytest-text-none", 0),
        ("unittest-text-nothing", 0),
        ("unittest-text-nothing-3.11", 0),
        ("unittest-text-skipped", 2),
        ("unittest-text-skipped-3.12", 2),
        ("nose2-nothing", 0),
        ("stestr-skipped", 2),
    ];
    for (name, skipped) in all {
        let (results, agreement) = read(name);
        assert_eq!((results.ran, results.skipped, agreement), (0, skipped, Agreement::NothingRan), "{name}");
    }
    let exits = ["pytest-nothing", "pytest-skipped", "unittest-text-nothing-3.11", "stestr-skipped"].map(|name| recorded(name).1);
    assert_eq!(exits, [5, 0, 0, 1], "the exit status alone does not say it");
}

#[test]
fn the_text_of_pytest_names_what_failed() {
    let (report, _) = read("pytest");
    for name in ["pytest-text", "pytest-text-quiet", "pytest-text-xdist", "pytest-text-colour"] {
        let (results, agreement) = read(name);
        assert_eq!((results.dialect, agreement, results.ran), (Dialect::Pytest, Agreement::Failed, 25), "{name}");
        let written = |id: &TestId| TestId::new(&id.class().replacen('.', "::", 1), id.name()).to_string();
        let mut expected: Vec<String> = report.failures().map(written).collect();
        let mut found: Vec<String> = failures(&results).iter().map(|id| id.replacen(".py", "", 1)).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
    let (results, agreement) = read("pytest-text-collect");
    assert_eq!((failures(&results), agreement), (vec!["test_broken.py".to_owned()], Agreement::Failed));
    let (results, agreement) = read("pytest-text-reruns-pass");
    assert_eq!((counts(&results), agreement), ([3, 3, 0], Agreement::Passed));
    let (results, agreement) = read("pytest-text-no-summary");
    assert_eq!((results.nameless, agreement), (nameless(21, 0), Agreement::Failed));
    assert_eq!(text(&recorded("pytest-text-silent").0[0]), Err(ReportError::NoSummary), "-qq leaves out the last line");
}

/// What fails in the suite `mix`, in the words of unittest.
const MIX: [&str; 9] = [
    "test_mix.BrokenClass::setUpClass",
    "test_mix.BrokenEnd::tearDownClass",
    "test_mix.Mix::test_cleanup",
    "test_mix.Mix::test_doc",
    "test_mix.Mix::test_error",
    "test_mix.Mix::test_fail",
    "test_mix.Mix::test_sub",
    "test_mix.Mix::test_sub_skip",
    "test_mix.Mix::test_unexpected",
];

#[test]
fn the_text_of_unittest_names_what_failed_and_subtests_go_by_their_test() {
    for (name, total) in
        [("unittest-text", 15), ("unittest-text-verbose", 15), ("unittest-text-3.11", 15), ("unittest-text-3.12", 14)]
    {
        let (results, agreement) = read(name);
        assert_eq!((results.total, results.skipped, agreement), (total, 3, Agreement::Failed), "{name}");
        let (import, mix) = results.failures().map(ToString::to_string).partition::<Vec<_>, _>(|id| id.contains("_FailedTest"));
        assert_eq!(
            (mix.as_slice(), import),
            (&MIX.map(str::to_owned)[..], vec!["unittest.loader._FailedTest::test_broken_import".into()])
        );
    }
    let (results, agreement) = read("unittest-text-class");
    assert_eq!((failures(&results), agreement), (vec!["test_class.Broken::setUpClass".to_owned()], Agreement::Failed));
    assert_eq!(failures(&read("unittest-text-odd").0).len(), 3);
}

#[test]
fn unittest_xml_reporting_is_grouped_by_outcome_so_the_worst_counts() {
    let (results, agreement) = read("xmlrunner");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Xmlrunner, [17, 15, 2], Agreement::Failed));
    assert!(failures(&results).starts_with(&MIX.map(str::to_owned)), "a failed subtest comes before a skipped one of its test");
    assert_eq!(outcome(&results, "test_mix.Mix", "test_expected"), PASSED);
    assert!(!results.counts_lie());
    let (folder, _) = read("xmlrunner-folder");
    assert_eq!(recorded("xmlrunner-folder").0.len(), 6, "one file for each class");
    assert_eq!(folder.tests, results.tests);
}

#[test]
fn what_no_xml_parser_takes_is_read_where_nothing_depends_on_it() {
    for name in ["xmlrunner-odd", "nose2-odd"] {
        let (results, agreement) = read(name);
        assert_eq!((counts(&results), agreement), ([5, 4, 1], Agreement::Failed), "{name}");
        assert_eq!(outcome(&results, "test_odd.Name", "test_escape \u{1b}[31m, é and <&>"), FAILED);
        let id = results.tests.keys().find(|id| id.class() == "test_odd.Name").unwrap();
        assert_eq!(id.name(), r"test_escape \u{1b}[31m, é and <&>", "no control character gets out");
    }
    let (results, agreement) = read("xmlrunner-surrogate");
    assert_eq!((counts(&results), agreement), ([3, 3, 0], Agreement::Failed));
    assert_eq!(outcome(&results, "test_surrogate.Name", "test_surrogate &#55296;"), FAILED);
}

#[test]
fn nose2_cuts_ids_at_the_last_dot_and_counts_what_it_started() {
    let (results, agreement) = read("nose2");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Nose2, [17, 15, 2], Agreement::Failed));
    assert_eq!(failures(&results)[1..], MIX[..8], "an unexpected success is none");
    assert_eq!(failures(&results)[0], "nose2.loader.ModuleImportFailure::test_broken_import");
    assert_eq!((results.said.tests, results.found.tests, results.cut_short()), (Some(15), Some(20), false));
}

#[test]
fn pynose_names_neither_the_module_that_it_could_not_import_nor_that_of_a_class() {
    let (results, agreement) = read("pynose");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Pynose, [17, 15, 2], Agreement::Failed));
    let odd = ["<nose.suite::ContextSuite context=BrokenClass>:setup", "<nose.suite::ContextSuite context=BrokenEnd>:teardown"];
    assert_eq!(failures(&results)[..2], odd);
    assert_eq!(failures(&results)[2], "nose.failure.Failure::runTest");
    assert_eq!(results.said.skipped, Some(2), "its attribute is called skip");
    assert!(!results.counts_lie());
}

#[test]
fn green_has_the_module_in_the_suite_and_may_lose_a_broken_class() {
    let (results, agreement) = read("green");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Green, [11, 9, 2], Agreement::Failed));
    assert_eq!(failures(&results), MIX[2..8], "the broken classes and the unexpected success are in no element");
    let (results, agreement) = read("green-class");
    assert_eq!((counts(&results), agreement), ([1, 1, 0], Agreement::Passed), "what green does not say nobody can read");
    let (results, agreement) = read("green-class-alone");
    assert_eq!((results.nameless, agreement), (nameless(1, 0), Agreement::Failed));
}

#[test]
fn a_subunit_stream_folds_failed_subtests_into_their_test() {
    let (results, agreement) = read("stestr");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Subunit, [17, 15, 2], Agreement::Failed));
    assert!(failures(&results).starts_with(&MIX.map(str::to_owned)));
    assert_eq!((results.said.errors, results.said.skipped), (Some(0), None), "errors are failures, skips are not counted");
    let (results, agreement) = read("trial");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Subunit, [16, 14, 2], Agreement::Failed));
    assert_eq!(failures(&results)[0], "test_broken_import");
    assert_eq!(failures(&results)[1..], MIX[2..8], "trial calls no setUpClass, and an unexpected success passes");
}

#[test]
fn a_failed_subtest_of_zope_has_no_name_that_can_be_trusted() {
    for (name, module, total) in [("zope", "test_mix", 13), ("zope-package", "tests.test_mix", 11)] {
        let (results, agreement) = read(name);
        assert_eq!(
            (results.dialect, counts(&results), agreement),
            (Dialect::Zope, [total, total, 0], Agreement::Failed),
            "{name}"
        );
        assert_eq!(results.nameless, nameless(3, 0));
        let class = format!("{module}.Mix");
        assert_eq!(outcome(&results, &class, "test_cleanup"), FAILED);
        assert_eq!(outcome(&results, &class, "test_skip"), None, "what was skipped is not there");
        assert_eq!(outcome(&results, &format!("{module}.BrokenClass"), "test_a"), PASSED, "setUpClass is not called");
    }
}

#[test]
fn two_scenarios_or_tests_of_one_name_are_as_bad_as_the_worse() {
    let (results, agreement) = read("behave");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Behave, [11, 9, 2], Agreement::Failed));
    assert_eq!(outcome(&results, "mix.Mix", "twice"), FAILED);
    assert_eq!(outcome(&results, "mix.Mix", "rows -- @1.2 E"), FAILED);
    assert_eq!(outcome(&results, "mix.Mix", "hooked"), FAILED);
    assert_eq!(outcome(&results, "mix.Mix", "undefined"), FAILED);
    assert_eq!(outcome(&results, "mix.Mix", "untested"), SKIPPED);
    let (results, agreement) = read("robot");
    assert_eq!((results.dialect, counts(&results), agreement), (Dialect::Other, [10, 8, 2], Agreement::Failed));
    assert_eq!(outcome(&results, "Project.Mix", "Twice"), FAILED);
    assert_eq!(outcome(&results, "Project.Down", "Passes"), FAILED, "the teardown of its suite failed");
    assert_eq!(outcome(&results, "Project.Down", "Skips"), SKIPPED);
    assert_eq!(results.said.tests, Some(11), "nested suites are counted once");
}

#[test]
fn avocado_counts_tests_that_it_does_not_list_when_it_is_cut_short() {
    let (results, agreement) = read("avocado");
    assert_eq!((counts(&results), agreement), ([7, 5, 2], Agreement::Failed));
    assert_eq!(outcome(&results, "Mix", "test_av.py:Mix.test_cancel"), SKIPPED);
    assert_eq!(outcome(&results, "<unknown>", "bad.sh"), FAILED);
    let (results, agreement) = read("avocado-cut");
    assert_eq!((results.said.tests, results.found.tests, results.cut_short()), (Some(2), Some(1), true));
    assert_eq!((failures(&results), agreement), (vec!["Long::test_long.py:Long.test_one".to_owned()], Agreement::Failed));
}

#[test]
fn results_and_exit_status_must_agree() {
    let (failing, _) = read("xmlrunner");
    let (passing, _) = read("green-class");
    let (nothing, _) = read("nose2-nothing");
    let contradiction = |results: &TestResults, exit| match results.against(exit) {
        Agreement::Contradictory(why) => Some(why),
        _ => None,
    };
    assert_eq!(contradiction(&failing, Some(0)), Some(Contradiction::FailuresButExitZero));
    assert_eq!(contradiction(&passing, Some(3)), Some(Contradiction::NoFailureButExit(3)));
    assert_eq!(contradiction(&passing, None), Some(Contradiction::Killed));
    assert_eq!(nothing.against(Some(1)), Agreement::NothingRan);
    let cut = TestResults { said: Tally { tests: Some(2), ..passing.said }, ..passing };
    assert_eq!(contradiction(&cut, Some(0)), Some(Contradiction::CutShort));
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    let refused = |report: &[u8]| junit(report).unwrap_err();
    assert_eq!(refused(b""), ReportError::Empty);
    assert_eq!(refused(b" \n"), ReportError::Empty);
    assert_eq!(refused(&vec![b' '; LARGEST + 1]), ReportError::TooLarge(LARGEST + 1));
    assert_eq!(refused(b"<testsuite name='\xff'/>"), ReportError::NotUtf8(17));
    assert_eq!(refused(b"<html></html>"), ReportError::NotJunit("html".to_owned()));
    assert!(matches!(refused(b"Ran 5 tests"), ReportError::NotXml { .. } | ReportError::Torn(_)));
    for text in
        ["noise <testsuite/>", "<testsuite/> noise <a>", "<testsuite/><testsuite/>", "<testsuite></testcase>", "<!-- only -->"]
    {
        assert!(matches!(refused(text.as_bytes()), ReportError::NotXml { .. }), "{text}: {:?}", refused(text.as_bytes()));
    }
    let deep = "<testsuite>".repeat(1000);
    assert!(matches!(refused(deep.as_bytes()), ReportError::NotXml { .. }));
    assert_eq!(text(b"Ran out of memory\n"), Err(ReportError::NoSummary));
    assert_eq!(text(b""), Err(ReportError::NoSummary));
    let none = junit(b"\xef\xbb\xbf<testsuites/>").unwrap();
    assert_eq!((counts(&none), none.against(Some(0))), ([0, 0, 0], Agreement::NothingRan));
}

#[test]
fn a_report_that_ends_in_the_middle_is_torn() {
    for name in ["pytest", "xmlrunner", "robot", "stestr"] {
        let report = recorded(name).0.remove(0);
        let end = report.trim_ascii_end().len() - 1;
        for at in (40..end).step_by(97) {
            let torn = junit(&report[..at]);
            assert!(matches!(torn, Err(ReportError::Torn(_) | ReportError::NotUtf8(_))), "{name} at {at}: {torn:?}");
        }
    }
}

#[test]
fn what_a_test_prints_does_not_count_as_the_runners_own() {
    let mut output = recorded("unittest-text").0.remove(0);
    output.extend_from_slice(b"----------\nRan 3 tests in 0.001s\n\nOK\n");
    let results = text(&output).unwrap();
    assert_eq!((counts(&results), results.failures().count()), ([3, 3, 0], 0), "only the last one counts");
    let faked = text(b"Ran 5 tests in 0.001s\n\nOK\nsome more\n").unwrap();
    assert_eq!(faked.against(Some(3)), Agreement::Contradictory(Contradiction::NoFailureButExit(3)));
}
