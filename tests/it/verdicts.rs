use crate::kit::{NEW, OLD, dirty, message, repo};
use crate::support::Repo;

/// Two functions that `a.py` uses, one of them as the rule makes it, and tests of `t.py` beside.
fn with_tests(tests: &str, rest: &str) -> Repo {
    let modules = [
        ("old.py", "def f(x):\n    return x\n"),
        ("new.py", "def g(x):\n    return x\n"),
        ("a.py", "from old import f\n\n\ndef run(x):\n    return f(x)\n"),
    ];
    let tests = format!("import unittest\nimport a\n\n\nclass T(unittest.TestCase):\n{tests}\n");
    let mut files = modules.to_vec();
    files.push(("t.py", &tests));
    repo(
        &files,
        &format!("  - id: P0\n    on_failure: quarantine\n    max_quarantined: 100%\n    files: [{{ path: a.py{rest} }}]\n"),
    )
}

const SOUND: &str = "    def test_run(self):\n        self.assertEqual(a.run(2), 2)\n";
const RED: &str = "    def test_red(self):\n        self.fail('red from the beginning')\n";
/// Fails once the file is migrated.
const BROKEN: &str = "    def test_origin(self):\n        self.assertEqual(a.run.__code__.co_names, ('f',))\n";
const ALL: &str = ", validate: ['python3 -m unittest -q t']";

#[test]
fn the_message_says_how_many_tests_ran() {
    let repo = with_tests(SOUND, ALL);
    repo.migrate(&["run"]).succeeds();
    assert!(message(&repo, "HEAD").contains("- Validate: python3 -m unittest -q t (1 test)\n"), "{}", message(&repo, "HEAD"));
    let json = with_tests(SOUND, ALL).migrate(&["run", "--json"]).succeeds().stdout;
    let line = json.lines().find(|line| line.contains("command-finished")).unwrap();
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&event["verdict"], &event["tests"], &event["attempt"]), (&"passed".into(), &1.into(), &1.into()));
}

#[test]
fn tests_that_were_red_before_are_not_held_against_a_unit_and_new_failures_are_told_by_name() {
    let repo = with_tests(&format!("{SOUND}{RED}"), ALL);
    let ran = repo.migrate(&["run"]).succeeds();
    ran.says("fails without any unit: 1 of 2 tests").says("test_red").says("only new failures count");
    assert!(message(&repo, "HEAD").contains("(2 tests, no new failure)"), "{}", message(&repo, "HEAD"));
    let repo = with_tests(&format!("{SOUND}{RED}{BROKEN}"), ALL);
    let ran = repo.migrate(&["run"]).exits(1).says("1 of 3 tests failed that did not before").says("test_origin");
    let last = ran.stderr.lines().find(|line| line.contains("quarantined")).unwrap();
    assert!(!last.contains("test_red"), "{last}");
    assert_eq!((repo.subjects().len(), dirty(&repo)), (2, String::new()));
}

#[test]
fn a_command_that_fails_without_the_unit_and_names_no_tests_stops_the_phase_with_nothing_committed() {
    let phases = |validate: &str| {
        format!(
            "  - id: P0\n    on_failure: quarantine\n    max_quarantined: 100%\n    validate: [{validate}]\n    files: [a.py, b.py]\n"
        )
    };
    let files = [("a.py", OLD), ("b.py", OLD)];
    let red = repo(&files, &phases("'exit 3'"));
    let ran = red.migrate(&["run"]).exits(1).says("red before: validate `exit 3` fails without the unit: failed with status 3");
    ran.says("help:").says("--red-ok 'exit 3'");
    assert_eq!((red.subjects().len(), red.read("a.py")), (2, OLD.into()));
    red.migrate(&["run", "--red-ok", "exit 4"]).exits(2).says("did you mean --red-ok 'exit 3'?");
    red.migrate(&["run", "--red-ok", "exit 3"]).succeeds();
    assert!(message(&red, "HEAD").contains("- Validate: exit 3 (not judged: it failed before)\n"), "{}", message(&red, "HEAD"));
    // One that judges no other unit fails its own alone.
    let own = "  - id: P0\n    on_failure: quarantine\n    max_quarantined: 100%\n    files: [{ path: a.py, validate: ['exit 3'] }, b.py]\n";
    let own = repo(&files, own);
    own.migrate(&["run"]).exits(1).says("quarantined  [1/2] a.py: red before: validate `exit 3` fails without the unit");
    assert_eq!((own.read("a.py"), own.read("b.py")), (OLD.into(), NEW.into()));
    // One that names its file is asked file by file.
    let some = repo(&files, &phases("'test {file} != b.py'"));
    some.migrate(&["run"]).exits(1).says("quarantined").says("red before: validate `test b.py != b.py` fails without the unit");
    assert_eq!((some.read("a.py"), some.read("b.py")), (NEW.into(), OLD.into()));
    // What a unit turns green is no failure, and what it turns red is its own.
    let turned = repo(&files, &phases("'grep -q new {file}'"));
    turned.migrate(&["run"]).succeeds();
    let broken = repo(&files, &phases("'! grep -q new b.py'"));
    broken.migrate(&["run"]).exits(1).says("validate `! grep -q new b.py` failed with status 1");
    assert_eq!((broken.read("a.py"), broken.read("b.py")), (NEW.into(), OLD.into()));
}

#[test]
fn a_command_that_runs_no_test_or_contradicts_itself_lets_nothing_land() {
    for (validate, said) in [
        ("'python3 -m unittest -q empty'", "ran no test"),
        ("'python3 -m unittest -q t && exit 3'", "no test failed, and the exit status is 3"),
        ("'python3 -m unittest -q t; true'", "tests failed, and the exit status is 0"),
    ] {
        let tests = if said.contains("status is 0") { format!("{SOUND}{RED}") } else { SOUND.to_owned() };
        let repo = with_tests(&tests, &format!(", validate: [{validate}]"));
        repo.write("empty.py", "x = 1\n");
        repo.commit_all("an empty module");
        repo.migrate(&["run"]).exits(1).says(said);
        assert_eq!((repo.subjects().len(), dirty(&repo)), (3, String::new()), "{validate}");
    }
    let repo = with_tests(SOUND, ", validate: [{ run: 'python3 -m unittest -q empty', allow_empty: true }]");
    repo.write("empty.py", "x = 1\n");
    repo.commit_all("an empty module");
    // Python before 3.12 ends with 0, later ones with 5.
    repo.migrate(&["run"]).succeeds();
    assert!(message(&repo, "HEAD").contains("(0 tests)"), "{}", message(&repo, "HEAD"));
}

#[test]
fn a_command_that_passes_when_it_is_run_again_is_flaky_and_the_message_says_so() {
    let flaky = "grep -q f.x. a.py || test -e .git/once || { touch .git/once; exit 1; }";
    let repo = with_tests(SOUND, &format!(", validate: [{{ run: '{flaky}', retries: 2 }}]"));
    repo.migrate(&["run"]).succeeds().says("flaky: passed on attempt 2");
    assert!(message(&repo, "HEAD").contains("(flaky: passed on attempt 2)"), "{}", message(&repo, "HEAD"));
    let repo = with_tests(SOUND, ", validate: [{ run: 'echo x >> .git/tried; ! grep -q new a.py', retries: 2 }]");
    repo.migrate(&["run"]).exits(1).says("failed with status 1");
    // Three attempts, and one on the tip, which passes.
    assert_eq!(repo.read(".git/tried"), b"x\nx\nx\nx\n");
}

/// Writes a report in the form of pytest's, of tests that a shell command names by whether they passed.
const WRITER: &str = concat!(
    "import sys\n",
    "cases = [case.split('=') for case in sys.argv[2:]]\n",
    "red = sum(ended == 'red' for _, ended in cases)\n",
    "with open(sys.argv[1], 'w') as report:\n",
    "    report.write('<?xml version=\"1.0\"?><testsuites><testsuite name=\"pytest\" errors=\"0\" failures=\"%d\" skipped=\"0\" ' % red)\n",
    "    report.write('tests=\"%d\" time=\"0\" timestamp=\"2026-01-01T00:00:00\" hostname=\"h\">' % len(cases))\n",
    "    for name, ended in cases:\n",
    "        fault = '<failure message=\"m\">x</failure>' if ended == 'red' else ''\n",
    "        report.write('<testcase classname=\"t\" name=\"%s\" time=\"0\">%s</testcase>' % (name, fault))\n",
    "    report.write('</testsuite></testsuites>')\n",
    "sys.exit(red > 0)\n",
);

/// A unit judged by a command that writes a report.
fn reporting(command: &str) -> Repo {
    let phases = format!(
        "  - id: P0\n    on_failure: quarantine\n    max_quarantined: 100%\n    files:\n      - path: a.py\n        validate: [{{ run: \"{command}\", report: junit }}]\n"
    );
    repo(&[("a.py", OLD), ("write.py", WRITER)], &phases)
}

#[test]
fn a_report_is_believed_only_where_it_is_there_new_whole_and_agrees_with_the_exit_status() {
    for (command, said) in [
        ("test -n {report}", "passed, and wrote no report to"),
        ("touch {report}", "the report is empty"),
        ("echo hello > {report}", "not XML"),
        ("mkdir {report}", "is no file"),
        ("python3 write.py {report} one=green; exit 1", "no test failed, and the exit status is 1"),
        ("python3 write.py {report} one=red; true", "tests failed, and the exit status is 0"),
        ("python3 write.py {report}", "ran no test"),
        ("head -c 70000000 /dev/zero > {report}", "more than"),
    ] {
        let repo = reporting(command);
        // What an earlier run left is nobody's report.
        let log = repo.top().join(".git/migrate/logs/test/P0");
        std::fs::create_dir_all(&log).unwrap();
        std::fs::write(log.join("a.py.validate-1.xml"), "<testsuites/>").unwrap();
        let ran = repo.migrate(&["run"]).exits(1);
        assert!(ran.stderr.contains(said), "{command}: {said:?} is not in {}", ran.stderr);
        assert_eq!((repo.subjects().len(), dirty(&repo)), (2, String::new()), "{command}");
    }
    let repo = reporting("python3 write.py {report} one=green two=green");
    repo.migrate(&["run"]).succeeds();
    assert!(message(&repo, "HEAD").contains("- Validate: python3 write.py {report} one=green two=green (2 tests)\n"));
}

#[test]
fn with_a_report_only_new_failures_count_and_fewer_tests_than_before_are_a_failure() {
    let old = reporting("python3 write.py {report} one=red two=green");
    old.migrate(&["run"]).succeeds().says("fails without any unit: 1 of 2 tests: t::one");
    let new = reporting("python3 write.py {report} one=red two=$(grep -q new a.py && echo red || echo green)");
    new.migrate(&["run"]).exits(1).says("1 of 2 tests failed that did not before: t::two");
    assert_eq!(dirty(&new), "");
    let phases = concat!(
        "  - id: P0\n    validate: [{ run: \"python3 write.py {report} one=green $(grep -q new b.py || echo two=green)\", report: junit }]\n",
        "    files: [a.py, b.py]\n",
    );
    let fewer = repo(&[("a.py", OLD), ("b.py", OLD), ("write.py", WRITER)], phases);
    fewer.migrate(&["run"]).exits(1).says("ran fewer tests than before: 1 of 2");
    assert_eq!((fewer.read("a.py"), fewer.read("b.py")), (NEW.into(), OLD.into()));
}

#[test]
fn each_command_that_was_red_before_is_asked_once_however_many_there_are() {
    let command = |nth: &str| format!("{{ run: \"python3 write.py {{report}} {nth}=red two=green\", report: junit }}");
    let commands = ["a", "b", "c", "d"].map(command).join(", ");
    let files = [("a.py", OLD), ("b.py", OLD), ("write.py", WRITER)];
    let red = repo(&files, &format!("  - id: P0\n    validate: [{commands}]\n    files: [a.py, b.py]\n"));
    let ran = red.migrate(&["run"]).succeeds();
    assert_eq!(ran.stderr.matches("only new failures count").count(), 4, "{}", ran.stderr);
    assert_eq!((red.read("a.py"), red.read("b.py")), (NEW.into(), NEW.into()));
}

#[test]
fn what_a_command_says_without_the_unit_is_void_when_somebody_commits_meanwhile() {
    let commit = "git log --format=%s | grep -q meanwhile || git commit -q --allow-empty -m meanwhile";
    let moved = reporting(&format!("grep -q new a.py || {{ {commit}; }}; python3 write.py {{report}} one=red two=green"));
    moved
        .migrate(&["run"])
        .succeeds()
        .says("the branch got other commits while a.py was judged: it is judged again on top of them");
    assert_eq!(moved.subjects()[1], "meanwhile");
    assert_eq!(dirty(&moved), "");
}

#[test]
fn what_a_command_says_of_one_file_is_not_held_against_another() {
    for (names, validate) in [
        ("MIGRATE_FILE", "python3 write.py {report} one=green $(test $MIGRATE_FILE = b.py || echo two=green)"),
        ("MIGRATE_UNIT", "python3 write.py {report} one=green $(test $MIGRATE_UNIT = b.py || echo two=green)"),
        ("{file}", "python3 write.py {report} one=green $(test {file} = b.py || echo two=green)"),
    ] {
        let phases = format!("  - id: P0\n    validate: [{{ run: \"{validate}\", report: junit }}]\n    files: [a.py, b.py]\n");
        let repo = repo(&[("a.py", OLD), ("b.py", OLD), ("write.py", WRITER)], &phases);
        repo.migrate(&["run"]).succeeds();
        assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), NEW.into()), "{names}");
    }
}

#[test]
fn a_suite_that_was_red_before_gives_up_exactly_the_units_that_break_more_of_it() {
    // `b.py` breaks a test once it is migrated, another is red from the beginning.
    let tests = concat!(
        "import unittest, a, b, c\n\n\nclass T(unittest.TestCase):\n",
        "    def test_red(self):\n        self.fail('red from the beginning')\n",
        "    def test_b(self):\n        self.assertEqual(b.run.__code__.co_names, ('f',))\n",
        "    def test_c(self):\n        self.assertEqual(c.run(2), 2)\n",
    );
    let module = "from old import f\n\n\ndef run(x):\n    return f(x)\n";
    let files = [
        ("old.py", "def f(x):\n    return x\n"),
        ("new.py", "def g(x):\n    return x\n"),
        ("a.py", module),
        ("b.py", module),
        ("c.py", module),
        ("t.py", tests),
    ];
    let phases =
        "  - id: P0\n    on_failure: quarantine\n    verify: ['python3 -m unittest -q t']\n    files: [a.py, b.py, c.py]\n";
    let repo = repo(&files, phases);
    let ran = repo
        .migrate(&["run"])
        .exits(1)
        .says("fails without any unit: 1 of 3 tests")
        .says("1 of 3 tests failed that did not before");
    let ran = ran.says("reverted     [2/3] b.py").says("2 committed").says("1 rolled-back");
    assert_eq!((repo.read("a.py") == module.as_bytes(), repo.read("b.py") == module.as_bytes()), (false, true));
    // What was red before is asked for once: every unit that lands says it of the next.
    assert_eq!(ran.stderr.matches("only new failures count").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_verify_command_that_is_red_before_commits_nothing_and_takes_nothing_back() {
    let phases =
        |verify: &str| format!("  - id: P0\n    on_failure: quarantine\n    verify: [{verify}]\n    files: [a.py, b.py]\n");
    let files = [("a.py", OLD), ("b.py", OLD)];
    let whole = repo(&files, &phases("'exit 3'"));
    let ran = whole.migrate(&["run"]).exits(1).says("red before: verify `exit 3` fails without the unit: failed with status 3");
    ran.says("make it a validate command if the unit is to turn it green").says("`migrate run --red-ok 'exit 3'`");
    assert_eq!((whole.subjects().len(), whole.read("a.py")), (2, OLD.into()));
    whole.migrate(&["run", "--red-ok", "exit 3"]).succeeds();
    assert!(
        message(&whole, "HEAD").contains("- Validate: exit 3 (not judged: it failed before)\n"),
        "{}",
        message(&whole, "HEAD")
    );
    // One that names its file fails that unit alone.
    let some = repo(&files, &phases("'test {file} != a.py'"));
    some.migrate(&["run"])
        .exits(1)
        .says("quarantined  [1/2] a.py: red before: verify `test a.py != a.py` fails without the unit");
    assert_eq!((some.subjects().len(), some.read("a.py"), some.read("b.py")), (3, OLD.into(), NEW.into()));
    let status: serde_json::Value = serde_json::from_str(&some.migrate(&["status", "--json"]).succeeds().stdout).unwrap();
    assert_eq!(status["phases"][0]["rows"][0]["verdict"], "red-before");
    // What the unit makes cannot be asked for without it.
    let made =
        repo(&files[..1], "  - id: P0\n    verify: ['test -f {file}']\n    files: [{ path: n.py, create: 'x = 1' }, a.py]\n");
    made.migrate(&["run"]).succeeds();
}

#[test]
fn the_first_unit_too_answers_for_tests_that_are_gone() {
    for when in ["validate", "verify"] {
        let command = "python3 write.py {report} one=green $(grep -q new a.py || echo two=green)";
        let phases = format!("  - id: P0\n    {when}: [{{ run: \"{command}\", report: junit }}]\n    files: [a.py]\n");
        let fewer = repo(&[("a.py", OLD), ("write.py", WRITER)], &phases);
        fewer.migrate(&["run"]).exits(1).says("ran fewer tests than before: 1 of 2");
        assert_eq!((fewer.read("a.py"), dirty(&fewer)), (OLD.into(), String::new()), "{when}");
    }
}

#[test]
fn how_a_command_judged_is_in_status_and_in_the_revert_that_a_clone_reads() {
    let phases = "  - id: P0\n    on_failure: quarantine\n    verify: [{ run: 'grep -q new {file} || exit 0; sleep 20', timeout: 1s }]\n    files: [a.py]\n";
    let repo = repo(&[("a.py", OLD)], phases);
    repo.migrate(&["run"]).exits(1).says("timed out after 1s");
    assert!(
        message(&repo, "HEAD").ends_with("Migration-Reason: verification\nMigration-Verdict: timed-out\n"),
        "{}",
        message(&repo, "HEAD")
    );
    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", repo.top().to_str().unwrap(), "."]);
    for repo in [&repo, &clone] {
        repo.migrate(&["status"]).succeeds().prints("a.py  (its verification failed: timed-out)");
        let status: serde_json::Value = serde_json::from_str(&repo.migrate(&["status", "--json"]).succeeds().stdout).unwrap();
        assert_eq!(status["phases"][0]["rows"][0]["verdict"], "timed-out");
    }
    let log = std::fs::read_to_string(repo.top().join(".git/migrate/logs/test/P0/a.py.verify-1.log")).unwrap();
    assert!(log.ends_with("-- migrate: timed-out: timed out after 1s\n"), "{log}");
}

#[test]
fn three_units_in_a_row_that_no_command_can_judge_end_their_phase() {
    let files = ["a.py", "b.py", "c.py", "d.py", "e.py"].map(|file| (file, OLD));
    let phases = |validate: &str| {
        format!(
            "  - id: P0\n    on_failure: quarantine\n    validate: [{{ run: \"{validate}\", timeout: 1s }}]\n    files: [a.py, b.py, c.py, d.py, e.py]\n"
        )
    };
    let hanging = repo(&files, &phases("case {file} in a.py) true;; *) ! grep -q new {file} || sleep 20;; esac"));
    // One that is judged between them ends the row.
    let some = repo(&files, &phases("case {file} in c.py) true;; *) ! grep -q new {file} || sleep 20;; esac"));
    // Side by side, since each waits for its commands.
    let [ran, other] = std::thread::scope(|scope| {
        [&hanging, &some].map(|repo| scope.spawn(|| repo.migrate(&["run"]).exits(1))).map(|ran| ran.join().unwrap())
    });
    let ran = ran.says("3 units in a row could not be judged; the last is d.py");
    ran.says("help: see to the command and to what it needs, then `migrate run --retry quarantined rolled-back` goes on");
    assert_eq!((hanging.read("a.py"), hanging.read("e.py")), (NEW.into(), OLD.into()));
    assert!(!other.stderr.contains("in a row"), "{}", other.stderr);
}

#[test]
fn a_resumed_run_does_not_ask_again_what_passes_on_the_tip() {
    let asked = "echo x >> .git/asked; test ! -e .git/stop || { grep -q new b.py && kill -INT $PPID && sleep 5; true; }";
    let repo =
        repo(&[("a.py", OLD), ("b.py", OLD)], &format!("  - id: P0\n    validate: [\"{asked}\"]\n    files: [a.py, b.py]\n"));
    repo.write(".git/stop", "");
    assert_eq!(repo.migrate(&["run"]).signal, Some(2));
    // On the tip, for a.py, and for b.py, which is interrupted.
    assert_eq!(repo.read(".git/asked"), b"x\nx\nx\n");
    std::fs::remove_file(repo.top().join(".git/stop")).unwrap();
    let changed = repo.copy().env("PYTHONPATH", "elsewhere");
    repo.migrate(&["resume"]).succeeds();
    assert_eq!(repo.read(".git/asked"), b"x\nx\nx\nx\n", "for b.py alone");
    // With other packages it may say something else.
    changed.migrate(&["resume"]).succeeds();
    assert_eq!(changed.read(".git/asked"), b"x\nx\nx\nx\nx\n");
}
