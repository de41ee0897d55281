use crate::kit::{message, untouched};
use crate::support::{MIGRATE, Ran, Repo};

const OLD: &str = "def f(x):\n    return x\n";
const NEW: &str = "def g(x):\n    return x\n";
const USES: &str = "from lib.old import f\n\n\ndef run():\n    return f(1)\n";
const SOUND: &str = "import unittest\nfrom app.a import run\n\n\nclass T(unittest.TestCase):\n    def test_run(self):\n        self.assertEqual(run(), 1)\n";

/// A library, an application that uses its `old.f`, and what else is given.
fn project(files: &[(&str, &str)]) -> Repo {
    let own = [("lib/__init__.py", ""), ("lib/old.py", OLD), ("lib/new.py", NEW), ("app/__init__.py", ""), ("app/a.py", USES)];
    Repo::with(&[&own[..], files].concat()).env("MIGRATE_IN_PLACE", "0")
}

const RENAME: [&str; 4] = ["init", "--rename", "lib.old.f", "lib.new.g"];
const PLAN: &str = "plans/rename-f-g.yaml";

fn plan(repo: &Repo) -> String {
    String::from_utf8(repo.read(PLAN)).unwrap()
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn the_first_plan_is_one_that_check_takes_and_a_run_does() {
    let doc = "# Use\n\n```python\nfrom lib.old import f\n\nf(1)\n```\n";
    let patch =
        "from unittest import mock\nfrom app.a import run\n\n\ndef test_it():\n    with mock.patch('lib.old.f'):\n        pass\n";
    let repo =
        project(&[("tests/__init__.py", ""), ("tests/test_a.py", SOUND), ("tests/test_b.py", patch), ("docs/use.md", doc)]);
    let ran = repo.migrate(&RENAME).succeeds();
    ran.says("trying unittest: python3 -m unittest discover -q").prints(
        "wrote plans/rename-f-g.yaml: 5 places in 3 files\n  P0 Library code: 1 file\n  P1 Tests: 1 file\n  P2 Documentation and examples: 1 file\n",
    );
    holds(
        &plan(&repo),
        &[
            "# Renames lib.old.f to lib.new.g: 5 places in 3 files\n",
            "    rename:\n      from: lib.old.f\n      to: lib.new.g\n      strings: true  ",
            "\n      docs: true  ",
            "  - { builtin: syntax }  ",
            "  - { builtin: imports }  ",
            "\n  - python3 -m unittest discover -q         # 1 test in ",
            "\n      - app/a.py                            # 2 places\n",
            "    on_failure: stop  ",
        ],
    );
    let checked = repo.migrate(&["check"]).succeeds();
    assert!(checked.stdout.ends_with("\n3 to change, 0 done or with nothing to do, 0 that cannot be changed\n"), "{checked:?}");
    // What was tried was measured.
    assert!(checked.stdout.contains("discover -q  (0.") && checked.stdout.contains("builtin syntax  (never"), "{checked:?}");
    assert!(!checked.stderr.contains("warning"), "{}", checked.stderr);
    repo.migrate(&["run"]).succeeds();
    let newest = message(&repo, "HEAD~2");
    holds(
        &newest,
        &["rename f to g in", "- Validate: builtin imports\n", "- Validate: python3 -m unittest discover -q (1 test)\n"],
    );
    repo.migrate(&["status", "--fail"]).succeeds();
}

#[test]
fn a_command_that_does_not_pass_on_the_untouched_tree_is_a_comment_with_the_reason() {
    let red = SOUND.replace("run(), 1", "run(), 2");
    let repo = project(&[("tests/__init__.py", ""), ("tests/test_a.py", &red), ("tox.ini", "[tox]\n")]);
    let ran = repo.migrate(&RENAME).succeeds();
    ran.says("is not used: failed with status 1: 1 of 1 tests failed")
        .prints("judged by builtin syntax, builtin imports\nthe tests fail before any change: ");
    holds(
        &plan(&repo),
        &[
            "  # on the untouched tree it fails with status 1: 1 of 1 tests failed: tests.test_a.T::test_run: AssertionError: 1 != 2\n  # - python3 -m unittest discover -q\n",
            "  # - tox -q                                # on the untouched tree it cannot be started: `tox` is not there\n",
            "  - { builtin: imports }",
        ],
    );
    repo.migrate(&["check"]).succeeds();
}

#[test]
fn what_is_tried_leaves_the_tree_as_it_is() {
    let writes = "import pathlib\npathlib.Path('left.txt').write_text('x')\n".to_owned() + SOUND;
    let repo = project(&[("tests/__init__.py", ""), ("tests/test_a.py", &writes)]);
    let before = repo.state();
    repo.migrate(&RENAME).succeeds();
    let mut after = repo.state();
    assert!(after.remove(PLAN).is_some());
    assert_eq!(after, before);
    // Nothing at all is run where that is not wanted.
    let loud = "import pathlib\npathlib.Path.home().joinpath('ran').write_text('x')\n".to_owned() + SOUND;
    let repo = project(&[("tests/__init__.py", ""), ("tests/test_a.py", &loud)]);
    repo.migrate(&[&RENAME[..], &["--no-try", "--yes"]].concat()).succeeds();
    assert!(!repo.home().join("ran").exists());
    holds(&plan(&repo), &["  # - python3 -m unittest discover -q       # not tried: --no-try was given\n"]);
    repo.migrate(&["check"]).succeeds();
}

#[test]
fn files_that_the_rule_cannot_change_are_left_out_by_name_and_the_rest_is_sound() {
    let barred = "from lib import old\n\nold.f = 3\nfrom lib.old import f\n";
    let doubtful = "from lib.old import *\n\nf(1)\n";
    let repo = project(&[("app/b.py", barred), ("app/c.py", doubtful)]);
    repo.migrate(&RENAME).succeeds().prints("left out: 2 files, named at the end of the plan");
    holds(
        &plan(&repo),
        &[
            "2 places in 1 file\n",
            "\n# Left out. Look at these by hand",
            "\n#   app/b.py: ",
            "\n#   app/c.py: line 3: undecided: `from lib.old import *` may bring f",
        ],
    );
    repo.migrate(&["check"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("app/b.py"), barred.as_bytes());
    // Where a pattern takes the others it excludes them.
    let mut files: Vec<(String, &str)> = (0..12).map(|at| (format!("tests/t{at}.py"), USES)).collect();
    files.push(("tests/odd.py".to_owned(), barred));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let repo = project(&files);
    repo.migrate(&[&RENAME[..], &["--no-try"]].concat()).succeeds();
    holds(&plan(&repo), &["      - glob: \"tests/**/*.py\"", "\n        exclude: [tests/odd.py]\n"]);
    repo.migrate(&["check"]).succeeds();
    // Where none can be changed there is no plan.
    let repo = Repo::with(&[("lib/old.py", OLD), ("lib/new.py", NEW), ("b.py", barred)]);
    untouched(&repo, 2, &RENAME).says("the rule cannot change the one file that uses it").says("help: the first: b.py: ");
}

#[test]
fn a_name_without_a_replacement_makes_a_plan_that_asks_for_it() {
    let repo = project(&[]);
    let ran = repo.migrate(&["init", "gone", "--symbol", "lib.old.f"]).succeeds();
    ran.prints("next: write what replaces it into plans/gone.yaml, then `migrate check`");
    let text = String::from_utf8(repo.read("plans/gone.yaml")).unwrap();
    holds(&text, &["# WRITE HERE what replaces it", "#     1 time  return f(1)    (app/a.py:5)\n", "      to: \"\"\n"]);
    repo.migrate(&["check"]).exits(2).says("what replaces the old name is not written yet").says("help: write the dotted name");
    repo.write("plans/gone.yaml", text.replace("to: \"\"", "to: lib.new.g"));
    repo.migrate(&["check"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    assert!(String::from_utf8(repo.read("app/a.py")).unwrap().contains("from lib.new import g"));
}

#[test]
fn before_and_after_are_read_from_files() {
    let repo = project(&[]);
    std::fs::write(repo.home().join("before.py"), "from lib.old import f\n\nf($X)\n").unwrap();
    std::fs::write(repo.home().join("after.py"), "from lib.new import g\n\ng(x=$X)\n").unwrap();
    repo.migrate(&["init", "calls", "--before", "../home/before.py", "--after", "../home/after.py"]).succeeds();
    let text = String::from_utf8(repo.read("plans/calls.yaml")).unwrap();
    holds(&text, &["    rewrite:\n      before: |\n        from lib.old import f\n\n        f($X)\n      after: |\n"]);
    repo.migrate(&["check"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    assert!(String::from_utf8(repo.read("app/a.py")).unwrap().ends_with("    return g(x=1)\n"));
    untouched(&repo, 2, &["init", "x", "--before", "../home/none.py", "--after", "../home/after.py"])
        .says("none.py: cannot be read");
    untouched(&repo, 2, &["init", "x", "--before", "../home/before.py"]).says("--after");
}

#[test]
fn what_cannot_be_is_refused_with_what_is_there_instead() {
    let repo = project(&[]);
    for (args, says) in [
        (&["init", "--rename", "lib.old.ff", "lib.new.g"][..], "nothing imports or uses lib.old.ff (did you mean lib.old.f?)"),
        (&["init", "--symbol", "lib.odl.f"], "no file imports lib.odl (did you mean lib.old?)"),
        (&["init", "--rename", "lib.old.f", "lib.new.h"], "leads to lib.new.h, and lib.new has no h"),
        (&["init", "--rename", "lib.old.f", "lib old"], "is not a dotted name"),
        (&["init"], "what is to be migrated was not said"),
        (&["init", "Bad Name", "--symbol", "lib.old.f"], "cannot be a plan's name"),
        (&["init", "--rename", "lib.old.f"], "2 values required"),
        (&["rename", "lib.old.ff", "lib.new.g"], "did you mean lib.old.f?"),
    ] {
        untouched(&repo, 2, args).says(says);
    }
    repo.write(PLAN, "mine\n");
    untouched(&repo, 2, &RENAME).says("plans/rename-f-g.yaml is there already").says("--force");
    repo.migrate(&[&RENAME[..], &["--force"]].concat()).succeeds();
    holds(&plan(&repo), &["version: 1\n"]);
    untouched(&Repo::with(&[("a.txt", "x")]), 2, &RENAME).says("git tracks no Python file here");
    Repo::plain_folder().migrate(&RENAME).exits(3).says("is not in a git repository");
}

#[test]
fn without_tests_the_plan_says_so_and_is_judged_all_the_same() {
    let repo = project(&[]);
    let ran = repo.migrate(&RENAME).succeeds();
    ran.prints("no tests were found: add a command that judges to `validate`, where there is one\n");
    holds(&plan(&repo), &["  # No tests were found.", "  - { builtin: imports }"]);
    repo.migrate(&["run"]).succeeds();
}

#[test]
fn owners_and_how_often_files_change_make_phases() {
    let names: Vec<String> = (0..10).map(|at| format!("app/m{at}.py")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), USES)).collect();
    let plain = project(&files);
    for round in 0..5 {
        plain.write("app/m3.py", format!("{USES}# {round}\n"));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let date = format!("@{now} +0000");
        let mut commit = plain.command("git");
        commit.args(["commit", "-qam", "more"]).env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        assert!(commit.status().unwrap().success());
    }
    plain.migrate(&RENAME).succeeds().prints("P0 Library code that changes often: 1 file\n  P1 Other library code: 10 files\n");
    holds(&plan(&plain), &["      - app/m3.py                           # 2 places, 6 commits in the last year\n"]);
    let owned = project(&[&files[..], &[(".github/CODEOWNERS", "* @all\n/app/m1.py @core\n")]].concat());
    owned.migrate(&RENAME).succeeds().prints("P0 Library code of @all: 10 files\n  P1 Library code of @core: 1 file\n");
    holds(&plan(&owned), &["# 2 places, @core\n"]);
    owned.migrate(&["check"]).succeeds();
}

#[test]
fn changes_of_the_users_are_told_and_a_signal_writes_no_plan() {
    let slow = "import pathlib, time\npathlib.Path.home().joinpath('began').write_text('x')\ntime.sleep(60)\nimport unittest\n";
    let repo = project(&[("tests/__init__.py", ""), ("tests/test_a.py", slow)]);
    let mut child = repo.command(MIGRATE).args(RENAME).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while !repo.home().join("began").exists() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let id = i32::try_from(child.id()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::INT).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap()).says("interrupted by SIGINT").says("the same command begins again");
    assert_eq!((ran.signal, repo.top().join("plans").exists()), (Some(2), false));
    repo.write("app/a.py", format!("{USES}# mine\n"));
    let ran = repo.migrate(&[&RENAME[..], &["--no-try"]].concat()).succeeds();
    ran.says("warning: app/a.py has uncommitted changes: commit or stash your changes before the run");
    repo.git(&["checkout", "app/a.py"]);
    repo.migrate(&["check"]).succeeds();
}

#[test]
fn a_file_whose_name_is_not_utf_8_is_left_out_and_told() {
    use std::os::unix::ffi::OsStrExt;
    let repo = project(&[]);
    std::fs::write(repo.top().join(std::ffi::OsStr::from_bytes(b"app/\xff.py")), USES).unwrap();
    repo.commit_all("odd");
    repo.migrate(&RENAME).succeeds().prints("left out: 1 file");
    holds(&plan(&repo), &["#   \"app/\\377.py\": a plan cannot name it: it is not UTF-8\n"]);
    repo.migrate(&["check"]).succeeds();
}

#[test]
fn a_rename_is_one_line_and_goes_on_by_its_plan() {
    let repo = project(&[("app/b.py", USES)]);
    let rename = ["rename", "lib.old.f", "lib.new.g"];
    repo.migrate(&[&rename[..], &["--dry-run"]].concat()).succeeds().prints("+from lib.new import g");
    assert_eq!(repo.subjects().len(), 1);
    let ran = repo.migrate(&[&rename[..], &["--file", "app/a.py"]].concat()).succeeds();
    ran.says("goes on with plans/rename-f-g.yaml");
    assert_eq!(repo.subjects().len(), 2);
    repo.migrate(&rename).succeeds();
    assert_eq!(repo.subjects().len(), 3);
    holds(&message(&repo, "HEAD"), &["rename f to g", "Use lib.new.g in place of lib.old.f."]);
    repo.migrate(&rename).succeeds();
    assert_eq!(repo.subjects().len(), 3);
    let other = ["rename", "app.a.f", "lib.new.g"];
    untouched(&repo, 2, &other).says("renames something else").says("--name");
}

/// The tool at a terminal, at which each of `answers` is typed when a question stands there.
fn typed(repo: &Repo, answers: &[&str], args: &[&str]) -> Ran {
    const DRIVER: &str = "
import os, pty, sys
child, ours = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
answers, seen, at = sys.argv[1].split('|'), b'', 0
while True:
    try: part = os.read(ours, 65536)
    except OSError: break
    if not part: break
    seen += part
    if seen[at:].rstrip(b' ').endswith((b':', b'[y/N]')) and answers and seen.endswith(b' '):
        at = len(seen)
        os.write(ours, answers.pop(0).encode() + b'\\n')
sys.stderr.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";
    let mut command = repo.command("python3");
    Ran::of(command.args(["-c", DRIVER, &answers.join("|"), MIGRATE]).args(args).env("TERM", "xterm").output().unwrap())
}

#[test]
fn at_a_terminal_only_what_was_not_typed_is_asked() {
    let repo = project(&[]);
    let ran = typed(&repo, &["lib.old.f", "lib.new.g", "my-plan"], &["init"]).succeeds();
    ran.says("the deprecated name").says("name of the plan [rename-f-g]: ").says("wrote plans/my-plan.yaml");
    repo.migrate(&["check"]).succeeds();
    let repo = project(&[]);
    typed(&repo, &["lib.old.f", "", ""], &["init"]).succeeds().says("wrote plans/replace-f.yaml");
    let repo = project(&[]);
    let ran = typed(&repo, &[], &["init", "--yes", "--rename", "lib.old.f", "lib.new.g"]).succeeds();
    assert!(!ran.stderr.contains("name of the plan"), "{}", ran.stderr);
    typed(&repo, &[], &["init", "--yes"]).exits(2);
    let repo = project(&[]);
    let rename = ["rename", "lib.old.f", "lib.new.g"];
    typed(&repo, &["n"], &rename).succeeds().says("make these commits on main?").says("nothing was changed");
    assert_eq!(repo.subjects().len(), 1);
    typed(&repo, &["y"], &rename).succeeds();
    assert_eq!(repo.subjects().len(), 2);
}
