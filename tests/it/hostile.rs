//! Readers that go away, terminals of one column, names that would act upon a terminal, and more violations than anyone reads.

use std::process::Stdio;

use crate::kit::{OLD, repo, untouched};
use crate::support::{MIGRATE, Ran, Repo};
use crate::terminal::on_terminal;

/// A name that clears the screen, turns the text around and would close a tag.
const ODD: &str = "x\u{202e}\u{1b}[2J\u{9b}31m`]]><b>\r.py";

/// Many files, of which one has that name and one fails.
fn odd() -> Repo {
    let phases = "  - id: P0\n    on_failure: quarantine\n    validate: [\"case {file} in x*) printf 'a\\\\r\\\\033]0;t\\\\007b\\\\342\\\\200\\\\256c'; exit 1;; esac\"]\n    files: [{ glob: \"*.py\" }]\n";
    let mut files: Vec<(String, String)> = (0..12).map(|at| (format!("{at}.py"), OLD.to_owned())).collect();
    files.push((ODD.to_owned(), format!("# \u{202e}\u{1b}[2J\n{OLD}from old import *\n")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    repo(&files, phases)
}

/// What a terminal acts upon, or what turns text around.
fn acts(text: &str) -> Option<char> {
    text.chars().find(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(c))
}

#[test]
fn no_name_and_no_output_of_a_command_acts_upon_a_terminal_or_ends_a_markup() {
    let repo = odd().env("GITHUB_ACTIONS", "true");
    let harmless = |ran: Ran, what: &[&str]| {
        for text in [&ran.stdout, &ran.stderr] {
            assert_eq!(acts(text), None, "{what:?}: {text:?}");
        }
        ran
    };
    for args in [&["check"][..], &["check", "--json"], &["diff", "--stat"], &["scan"], &["scan", "--json"], &["scan", "--sarif"]]
    {
        harmless(repo.migrate(args), args);
    }
    harmless(repo.migrate(&["run", "--verbose", "--junit", "../home/units.xml"]).exits(1), &["run"]);
    for args in [&["status"][..], &["status", "--json"], &["log", ODD], &["log", ODD, "--json"], &["report", "--json"]] {
        harmless(repo.migrate(args), args);
    }
    let report = harmless(repo.migrate(&["report", "--markdown"]), &["report"]).stdout;
    assert!(!report.contains("<b>"), "{report}");
    let xml = String::from_utf8(repo.read("../home/units.xml")).unwrap();
    assert_eq!(acts(&xml), None, "{xml:?}");
    assert!(!xml.contains("<b>"), "{xml}");
    // A diff that is to be applied has the bytes of the files, and names as git quotes them.
    let diff = repo.migrate(&["diff", ODD]).stdout;
    let names: Vec<&str> = diff.lines().filter(|line| line.starts_with("diff ") || line.starts_with("+++ ")).collect();
    assert!(names.iter().all(|line| acts(line).is_none()), "{names:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let repo = odd();
    for args in [
        &["check"][..],
        &["check", "--json"],
        &["diff"],
        &["diff", "--json"],
        &["diff", "--stat"],
        &["scan"],
        &["scan", "--json"],
        &["status", "--verbose"],
        &["log", "1.py"],
        &["report", "--markdown"],
        &["test"],
        &["schema"],
        &["run", "--dry-run"],
    ] {
        let whole = untouched(&repo, repo.migrate(args).code.unwrap(), args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(repo.command(MIGRATE).args(args).stdout(writer).stderr(Stdio::piped()).output().unwrap());
        assert_eq!((ran.code, ran.signal), (whole.code, None), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("roken pipe") && !ran.stderr.contains("panicked"), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_terminal_of_one_column_shows_what_it_can() {
    let repo = odd();
    for args in
        [&["check"][..], &["scan"], &["diff", "--no-pager"], &["status"], &["run", "--yes"], &["rollback", "--all", "--yes"]]
    {
        let screen = on_terminal(&repo, 1, args, &[]);
        assert!(screen.code.is_some_and(|code| code <= 1), "{args:?}: {screen:?}");
        assert!(!screen.text.contains("panicked"), "{screen:?}");
    }
}

#[test]
fn what_nothing_uses_is_told_with_what_comes_nearest() {
    let repo = repo(&[("a.py", "from lib.old import fetch\nfetch(1)\n")], "  - id: P0\n    files: []\n");
    for (name, said) in [
        ("lib.old.fetsch", "nothing imports or uses lib.old.fetsch (did you mean lib.old.fetch?)"),
        ("lib.olt.fetch", "no file imports lib.olt (did you mean lib.old?)"),
    ] {
        untouched(&repo, 0, &["scan", "--symbol", name]).says(&format!("warning: {said}\n")).prints("is the name right?");
        untouched(&repo, 2, &["init", "--symbol", name]).says(&format!("error: {said}\n"));
    }
    untouched(&repo, 0, &["scan", "--symbol", "quite.another.thing"]).says("warning: no file imports quite\n");
}

#[test]
fn half_a_million_violations_are_written_as_json_in_bounded_memory() {
    // Debug builds take minutes for half a million.
    let lines = if std::env::var_os("MIGRATE_FULL").is_some() { 5_000 } else { 20 };
    let text = format!("from old import f\n{}", "f(1)\n".repeat(lines));
    let files: Vec<String> = (0..100).map(|at| format!("{at}.py")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|path| (path.as_str(), text.as_str())).collect();
    let repo = repo(&files, "  - id: P0\n    files: [{ glob: \"*.py\" }]\n");
    const MEASURE: &str = "
import json, resource, subprocess, sys
tool = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
found = json.loads(tool.stdout.read())
assert tool.wait() == 0
assert len(found['places']) == found['violations'], found['violations']
print(found['violations'], resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
";
    let ran = Ran::of(repo.command("python3").args(["-c", MEASURE, MIGRATE, "scan", "--json"]).output().unwrap()).succeeds();
    let [violations, megabytes] = ran.stdout.split_whitespace().map(|number| number.parse().unwrap()).collect::<Vec<usize>>()[..]
    else {
        panic!("{ran:?}")
    };
    assert_eq!(violations, 100 * (lines + 1));
    assert!(megabytes < 60 + violations / 2_000, "{megabytes} MB for {violations}");
}
