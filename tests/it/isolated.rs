//! Commands run in copies of the work tree: what lands is what was judged, and the user may go on working. Each as root and as an
//! ordinary user, where root runs the tests.

use std::process::{Child, Stdio};

use crate::copies::bench::in_copies;
use crate::kit::{NEW, OLD, dirty, message, repo};
use crate::lock::line_in;
use crate::support::{MIGRATE, Ran, Repo};

/// A repository whose commands run in copies.
pub fn isolated(files: &[(&str, &str)], phases: &str) -> Repo {
    repo(files, phases).env("MIGRATE_IN_PLACE", "0")
}

fn goes_on(repo: &Repo, child: Child) -> Ran {
    std::fs::write(repo.home().join("go"), "").unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

/// A run that is judging `a.py` in a copy and waits for a file `go` in the home.
fn judging(when: &str) -> (Repo, Child) {
    let wait = "grep -q new {file} || exit 0; echo $$ > $HOME/pid; while test ! -e $HOME/go; do sleep 0.02; done; cat notes.txt > $HOME/saw";
    let files = [("a.py", OLD), ("b.py", OLD), ("notes.txt", "one\n")];
    let repo = isolated(&files, &format!("  - id: P0\n    files: [{{ path: a.py, {when}: [\"{wait}\"] }}, b.py]\n"));
    let child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    line_in(&repo.home().join("pid"));
    (repo, child)
}

#[test]
fn nothing_that_a_command_writes_reaches_the_tree_and_its_verdict_does() {
    in_copies(|| {
        let phases = concat!(
            "  - id: P0\n    on_failure: quarantine\n",
            "    validate: [\"pwd > $HOME/pwd; echo x > left.txt; touch .git/left; grep -q new {file}\"]\n",
            "    verify: [\"test ! -e left.txt && git log -1 --format=%b | grep -q Migration-Unit || ! grep -q new {file}\"]\n",
            "    gate: { run: [\"echo x > gate.txt; ! git grep -q 'from old' -- '*.py'\"] }\n    files: [a.py, b.py]\n",
        );
        let repo = isolated(&[("a.py", OLD), ("b.py", OLD)], phases);
        repo.migrate(&["run"]).succeeds();
        assert_eq!(
            std::fs::read_to_string(repo.home().join("pwd")).unwrap().trim(),
            repo.top().canonicalize().unwrap().to_str().unwrap()
        );
        assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), NEW.into()));
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "nothing is left, untracked files included");
        assert!(!repo.top().join(".git/left").exists());
        let scratch = std::fs::read_dir(repo.home().join(".cache/migrate")).unwrap();
        let left: Vec<_> = scratch.map(|entry| entry.unwrap().file_name()).filter(|name| name != "lock").collect();
        assert!(left.is_empty(), "{left:?}");
        // In the tree itself all of that stays.
        let plain = crate::kit::repo(&[("a.py", OLD), ("b.py", OLD)], phases);
        plain.migrate(&["run"]).exits(1);
        assert!(plain.top().join("left.txt").exists());
    });
}

#[test]
fn the_user_goes_on_working_while_a_command_judges_and_is_neither_judged_nor_disturbed() {
    in_copies(|| {
        for when in ["validate", "verify"] {
            let (repo, child) = judging(when);
            // Before anything lands the tree is as it was; what is being judged is nowhere in it.
            assert_eq!(repo.read("a.py"), if when == "validate" { OLD } else { NEW }.as_bytes());
            repo.write("notes.txt", "mine\n");
            repo.write("new.txt", "mine\n");
            goes_on(&repo, child)
                .succeeds()
                .says("notes.txt changed in the work tree while a.py was judged: it is judged again without");
            assert_eq!(std::fs::read_to_string(repo.home().join("saw")).unwrap(), "one\n", "{when}: what is judged is a commit");
            assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), NEW.into()));
            assert_eq!(repo.git(&["status", "--porcelain"]), " M notes.txt\n?? new.txt");
            assert_eq!(repo.read("notes.txt"), b"mine\n");
        }
    });
}

#[test]
fn a_commit_of_somebody_else_while_a_copy_is_judged_is_built_upon_and_an_edit_of_the_file_is_kept() {
    in_copies(|| {
        let (repo, child) = judging("validate");
        repo.write("notes.txt", "theirs\n");
        repo.git(&["commit", "-qam", "theirs"]);
        goes_on(&repo, child).succeeds().says("the branch got other commits while phase 1 (P0) was judged: it is judged again");
        assert_eq!(std::fs::read_to_string(repo.home().join("saw")).unwrap(), "theirs\n");
        assert_eq!((repo.subjects().len(), dirty(&repo)), (5, String::new()));

        let (repo, child) = judging("validate");
        repo.write("a.py", "mine = 1\n");
        let ran = goes_on(&repo, child);
        assert!(matches!(ran.code, Some(3 | 4)) && ran.stderr.contains("a.py"), "{ran:?}");
        assert_eq!((repo.read("a.py"), repo.subjects().len()), (b"mine = 1\n".to_vec(), 2));

        let (repo, child) = judging("validate");
        repo.git(&["checkout", "-q", "-b", "mywork"]);
        goes_on(&repo, child).exits(4).says("HEAD was switched");
        assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.into(), 2));
    });
}

#[test]
fn changes_that_were_there_before_the_run_are_left_alone_and_not_judged() {
    in_copies(|| {
        let phases = "  - id: P0\n    validate: [\"cat notes.txt gone.txt > $HOME/saw\"]\n    files: [a.py]\n";
        let repo = isolated(&[("a.py", OLD), ("notes.txt", "one\n"), ("gone.txt", "two\n")], phases);
        repo.write("notes.txt", "mine\n");
        std::fs::remove_file(repo.top().join("gone.txt")).unwrap();
        repo.migrate(&["run"]).succeeds();
        assert_eq!(std::fs::read_to_string(repo.home().join("saw")).unwrap(), "one\ntwo\n");
        assert_eq!(repo.git(&["status", "--porcelain"]), " D gone.txt\n M notes.txt");
        assert_eq!(repo.git(&["show", "--format=", "--name-only", "HEAD"]), "a.py");
    });
}

#[test]
fn a_command_that_changes_what_it_must_leave_fails_its_unit_by_that_name_and_nothing_of_it_stays() {
    in_copies(|| {
        for (command, said) in [
            ("echo x >> b.py", "changed tracked files: b.py"),
            ("echo x >> a.py", "changed tracked files: a.py"),
            ("rm notes.txt", "changed tracked files: notes.txt"),
            ("git commit -q --allow-empty -m theirs", "moved HEAD"),
            ("git tag theirs", "changed references: refs/tags/theirs"),
            ("git checkout -q -b theirs", "moved HEAD"),
            ("git add new.txt", "changed the index: new.txt"),
        ] {
            let files = [("a.py", OLD), ("b.py", "b = 1\n"), ("notes.txt", "one\n")];
            for when in ["validate", "verify"] {
                let phases = format!(
                    "  - id: P0\n    on_failure: quarantine\n    files: [{{ path: a.py, {when}: [\"grep -q new {{file}} || exit 0; {command}\"] }}]\n"
                );
                let repo = isolated(&files, &phases);
                repo.write("new.txt", "new\n");
                let before = repo.git(&["for-each-ref"]);
                let ran = repo.migrate(&["run"]).exits(1).says(said);
                assert_eq!(repo.read("a.py"), OLD.as_bytes(), "{command}: {}", ran.stderr);
                assert_eq!(repo.git(&["status", "--porcelain"]), "?? new.txt", "{command}");
                if when == "validate" {
                    assert_eq!(repo.git(&["for-each-ref"]), before, "{command}");
                }
            }
        }
        // What is not tracked may be written, and git may write its index anew.
        let repo = isolated(
            &[("a.py", OLD)],
            "  - id: P0\n    validate: [\"touch a.py; git status; echo x > cache\"]\n    files: [a.py]\n",
        );
        repo.migrate(&["run"]).succeeds();
    });
}

#[test]
fn a_run_that_is_killed_while_a_copy_is_judged_leaves_the_tree_as_it_was_and_nothing_running() {
    in_copies(|| {
        let (repo, mut child) = judging("validate");
        let pid = std::fs::read_to_string(repo.home().join("pid")).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((repo.read("a.py"), repo.git(&["status", "--porcelain"])), (OLD.into(), String::new()));
        assert_eq!(repo.git(&["for-each-ref", "refs/migrate"]), "");
        assert!(!std::fs::read_to_string("/proc/mounts").unwrap().contains(repo.top().to_str().unwrap()));
        // Its number is that of its own namespace; by its command line it would be found.
        let waits = || {
            let found =
                std::process::Command::new("pgrep").args(["-f", repo.home().join("go").to_str().unwrap()]).output().unwrap();
            String::from_utf8_lossy(&found.stdout).trim().to_owned()
        };
        assert_eq!(waits(), "", "{pid}");
        std::fs::write(repo.home().join("go"), "").unwrap();
        repo.migrate(&["run"]).succeeds();
        assert_eq!((repo.read("a.py"), repo.subjects().len()), (NEW.into(), 4));
    });
}

#[test]
fn a_report_is_read_from_a_copy_and_kept_beside_its_log() {
    in_copies(|| {
        let report = "<testsuites><testsuite name='x' tests='1' failures='0' errors='0' skipped='0'><testcase classname='t' name='a' time='0'/></testsuite></testsuites>";
        let phases = "  - id: P0\n    validate: [{ run: \"cp report.xml {report}\", report: junit }]\n    files: [a.py]\n";
        let repo = isolated(&[("a.py", OLD), ("report.xml", report)], phases);
        repo.migrate(&["run"]).succeeds();
        assert!(message(&repo, "HEAD").contains("(1 test)"), "{}", message(&repo, "HEAD"));
        assert!(repo.top().join(".git/migrate/logs/test/P0/a.py.validate-1.xml").is_file());
    });
}

#[test]
fn where_no_copies_can_be_made_commands_run_in_the_tree_and_that_is_told_once() {
    in_copies(|| {
        let phases = "  - id: P0\n    validate: [\"echo x >> .git/ran\"]\n    files: [a.py, b.py]\n";
        let repo = isolated(&[("a.py", OLD), ("b.py", OLD)], phases);
        let inside = repo.top().join("scratch");
        let ran = repo.migrate(&["run", "--scratch", inside.to_str().unwrap()]).succeeds();
        let ran = ran
            .says("warning: commands run in the work tree itself, one at a time, since no copies of it can be made: ")
            .says("help: ");
        assert_eq!(ran.stderr.matches("no copies of it can be made").count(), 1);
        assert_eq!(repo.read(".git/ran"), b"x\nx\nx\n");
        // With changes of the user's there it is refused, as the verdict would be about them too.
        let dirty = isolated(&[("a.py", OLD), ("b.py", OLD)], phases);
        dirty.write("b.py", "mine = 1\n");
        dirty.migrate(&["run", "--in-place", "--file", "a.py"]).exits(3).says("b.py");
        dirty.migrate(&["run", "--file", "a.py"]).succeeds();
    });
}

#[test]
fn in_a_linked_work_tree_copies_keep_branches_of_both_trees_as_they_are() {
    in_copies(|| {
        let phases = "  - id: P0\n    on_failure: quarantine\n    files: [{ path: a.py, validate: [\"git commit -qam theirs\"] }, { path: b.py, validate: [\"git log -1 --format=%s > $HOME/saw\"] }]\n";
        let repo = isolated(&[("a.py", OLD), ("b.py", OLD)], phases);
        let linked = repo.home().join("linked");
        repo.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
        let main = repo.git(&["rev-parse", "main"]);
        let ran = Ran::of(repo.command(MIGRATE).arg("run").current_dir(&linked).output().unwrap());
        ran.exits(1).says("moved HEAD");
        assert_eq!(repo.git(&["rev-parse", "main"]), main);
        assert_eq!(repo.git(&["log", "side", "--format=%s", "-1"]), "fix(b): apply test in b.py - Issue #1");
        assert_eq!(std::fs::read_to_string(repo.home().join("saw")).unwrap(), "plan\n");
    });
}

#[test]
fn a_plan_that_is_judged_in_copies_ends_in_the_commits_of_one_that_is_judged_in_place() {
    in_copies(|| {
        let phases = "  - id: P0\n    on_failure: quarantine\n    validate: [\"! grep -q 'import g' b.py\"]\n    verify: [\"test {file} != d.py || ! grep -q new {file}\"]\n    files: [a.py, b.py, c.py, d.py, { path: e.py, delete: true }, { path: f.py, create: 'x = 1' }]\n";
        let files = ["a.py", "b.py", "c.py", "d.py", "e.py"].map(|file| (file, OLD));
        let (copies, place) = (isolated(&files, phases), repo(&files, phases));
        copies.migrate(&["run"]).exits(1);
        place.migrate(&["run"]).exits(1);
        let commits = |repo: &Repo| repo.git(&["log", "--format=%T %B"]);
        assert_eq!(commits(&copies), commits(&place));
    });
}

/// A repository whose file `a.py` an external codemod changes, by a script that is given the file.
fn codemod(script: &str, rest: &str) -> Repo {
    let repo = Repo::with(&[("a.py", OLD), ("b.py", "b = 1\n"), ("mod.py", script)]).env("MIGRATE_IN_PLACE", "0");
    let rule = "  mod: { command: { run: 'python3 mod.py {file}' } }\n";
    let text = crate::support::plan(&format!("  - id: P0\n    files: [{{ path: a.py, rules: [mod]{rest} }}]\n"));
    repo.write("plans/p.yaml", text.replace("\nphases:\n", &format!("\n{rule}phases:\n")));
    repo.commit_all("plan");
    repo
}

const REPLACE: &str = "import os, sys\np = sys.argv[1]\nt = open(p).read()\nopen(p, 'w').write(t.replace('import f', 'import g').replace('f(', 'g('))\n";

#[test]
fn an_external_codemod_works_in_a_copy_and_only_what_it_made_of_its_file_comes_out() {
    let repo = codemod(&format!("{REPLACE}open('log.txt', 'w').write('x')\n"), ", validate: ['grep -q \"import g\" {file}']");
    let ran = repo.migrate(&["run"]).succeeds();
    ran.says("left untracked files: log.txt, which are gone with its copy of the tree");
    assert_eq!(repo.read("a.py"), NEW.replace("new", "old").as_bytes());
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    for (script, said) in [
        (format!("{REPLACE}open('b.py', 'w').write('b = 2\\n')\n"), "changed tracked files: b.py"),
        ("import os, sys\nos.remove(sys.argv[1])\n".to_owned(), "deleted a.py"),
        ("import os, sys\nos.remove(sys.argv[1])\nos.symlink('b.py', sys.argv[1])\n".to_owned(), "made a link of a.py"),
        (format!("{REPLACE}sys.exit(3)\n"), "failed with status 3"),
    ] {
        let repo = codemod(&script, "");
        let ran = crate::kit::untouched(&repo, 1, &["run"]);
        ran.says("a.py: transform `python3 mod.py a.py`").says(said);
    }
}

#[test]
fn what_a_codemod_made_is_kept_for_a_run_that_goes_on_and_not_for_another_tree() {
    // It answers otherwise each time.
    let script = "import os, sys\np = sys.argv[1]\nlog = os.environ['HOME'] + '/runs'\nopen(log, 'a').write('x')\nn = len(open(log).read())\nopen(p, 'a').write('n = %d\\n' % n)\n";
    let kill = ", validate: ['while test ! -e $HOME/go; do sleep 0.02; done']";
    let killed = || {
        let repo = codemod(script, kill);
        let mut child = repo.command(MIGRATE).arg("run").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let runs = repo.home().join("runs");
        while !runs.exists() || repo.git(&["for-each-ref", "refs/migrate"]).is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::write(repo.home().join("go"), "").unwrap();
        assert_eq!((repo.read("a.py"), repo.git(&["status", "--porcelain"])), (OLD.into(), String::new()));
        repo
    };
    let repo = killed();
    repo.git(&["gc", "-q", "--prune=now"]);
    repo.migrate(&["resume"]).succeeds();
    assert_eq!(repo.read("a.py"), format!("{OLD}n = 1\n").as_bytes());
    assert_eq!(repo.git(&["for-each-ref", "refs/migrate"]), "");
    assert!(message(&repo, "HEAD").contains("Migration-Rules: mod\n"), "{}", message(&repo, "HEAD"));
    // Where somebody committed meanwhile it is asked again.
    let other = killed();
    other.git(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
    other.migrate(&["run"]).succeeds();
    assert_eq!(other.read("a.py"), format!("{OLD}n = 2\n").as_bytes());
}

#[test]
fn a_gate_that_fails_is_asked_without_the_units_of_its_phase_and_answers_for_new_failures_only() {
    let tests = |b: &str| {
        format!(
            "import unittest, a, b\n\n\nclass T(unittest.TestCase):\n    def test_red(self):\n        self.fail('red')\n    def test_b(self):\n        self.assertTrue({b})\n"
        )
    };
    let module = "from old import f\n\n\ndef run(x):\n    return f(x)\n";
    let gate = "  - id: P0\n    gate: { run: ['python3 -m unittest -q t'] }\n    files: [a.py, b.py]\n";
    let modules =
        [("old.py", "def f(x):\n    return x\n"), ("new.py", "def g(x):\n    return x\n"), ("a.py", module), ("b.py", module)];
    for (test, passes) in [("True", true), ("'f' in b.run.__code__.co_names", false)] {
        let text = tests(test);
        let mut files = modules.to_vec();
        files.push(("t.py", &text));
        let repo = isolated(&files, gate);
        let ran = repo.migrate(&["run"]).exits(if passes { 0 } else { 1 });
        let ran = ran.says("fails without the phase's units: 1 of 2 tests").says("only new failures count");
        if !passes {
            ran.says("1 of 2 tests failed that did not before: t.T::test_b");
        }
        assert_eq!(repo.subjects().len(), 4, "a gate takes nothing back");
    }
    // Without names of tests it is said where the fault is not.
    let unread = isolated(&[("a.py", OLD)], "  - id: P0\n    gate: { run: ['exit 3'] }\n    files: [a.py]\n");
    unread
        .migrate(&["run"])
        .exits(1)
        .says("the gate of phase 1 (P0) did not pass")
        .says("red before: without the phase's units it fails too");
    // What the phase turns green is no failure.
    let green = isolated(&[("a.py", OLD)], "  - id: P0\n    gate: { run: ['grep -q new a.py'] }\n    files: [a.py]\n");
    green.migrate(&["run"]).succeeds();
}

#[test]
fn a_codemod_that_may_try_again_is_told_why_what_it_made_failed() {
    let script = concat!(
        "import os, sys\np, why = sys.argv[1], open(sys.argv[2]).read()\n",
        "open(os.environ['HOME'] + '/told', 'a').write(why + '---\\n')\n",
        "good = 'no such style' in why\n",
        "open(p, 'a').write('good = 1\\n' if good else 'bad = 1\\n' if why else 'def (\\n')\n",
    );
    let plan = |attempts: u32| {
        let rule = format!("  mod: {{ command: {{ run: 'python3 mod.py {{file}} {{feedback}}', attempts: {attempts} }} }}\n");
        let validate = "validate: ['grep -q good {file} || { echo no such style; exit 1; }']";
        let text = crate::support::plan(&format!("  - id: P0\n    files: [{{ path: a.py, rules: [mod], {validate} }}]\n"));
        text.replace("\nphases:\n", &format!("\n{rule}phases:\n"))
    };
    for in_place in ["0", "1"] {
        for (attempts, passes) in [(3, true), (2, false), (1, false)] {
            let repo = Repo::with(&[("a.py", OLD), ("mod.py", script)]).env("MIGRATE_IN_PLACE", in_place);
            crate::kit::replan(&repo, &plan(attempts));
            let ran = repo.migrate(&["run"]).exits(if passes { 0 } else { 1 });
            let told = std::fs::read_to_string(repo.home().join("told")).unwrap();
            assert_eq!(told.matches("---").count(), attempts as usize, "{told}");
            assert!(told.starts_with("---\n"), "the first time there is nothing to tell: {told}");
            if passes {
                assert_eq!(repo.read("a.py"), format!("{OLD}good = 1\n").as_bytes());
                let ran = ran.says("its codemods try again (attempt 2)").says("its codemods try again (attempt 3)");
                assert!(told.contains("the result is unsound") && told.contains("no such style"), "{told}: {}", ran.stderr);
            } else {
                assert_eq!((repo.read("a.py"), repo.git(&["status", "--porcelain", "-uno"])), (OLD.into(), String::new()));
            }
        }
    }
    let wrong = isolated(&[("a.py", OLD)], "  - id: P0\n    validate: ['x {feedback}']\n    files: [a.py]\n");
    crate::kit::untouched(&wrong, 2, &["check"]).says("only a rule's command has `{feedback}`");
}

#[test_with::executable(strace)]
#[test]
fn nothing_of_the_users_tree_is_opened_for_writing_before_something_lands() {
    if !crate::errors::strace_works() {
        return;
    }
    // Nothing lands: what each command says no to was drafted by a codemod, formed and staged for a hook.
    let repo =
        codemod(REPLACE, ", format: ['echo \"# formed\" >> {file}'], validate: ['! grep -q formed {file}'], verify: ['true']");
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\necho '# hooked' > $HOME/hooked\n");
    crate::kit::make_executable(&repo, ".git/hooks/pre-commit");
    let trace = repo.home().join("trace");
    // Without -f: what runs in a copy opens files of the same names, in the copy.
    let args = [
        "-qq",
        "-y",
        "-e",
        "trace=open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,truncate",
    ];
    let mut command = repo.command("strace");
    command.args(args).arg("-o").arg(&trace).args([MIGRATE, "run"]);
    Ran::of(command.output().unwrap()).exits(1).says("validate `! grep -q formed a.py` failed");
    assert!(repo.home().join("hooked").exists());
    let trace = std::fs::read_to_string(trace).unwrap();
    let top = format!("{}/", repo.top().canonicalize().unwrap().display());
    let writes = |line: &&str| {
        let changes =
            ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| line.contains(flag)) || !line.starts_with("open");
        let ours = [".git/migrate", ".git/objects", ".git/refs/migrate"].iter().any(|own| line.contains(&format!("{top}{own}")));
        changes && line.contains(&top) && !ours
    };
    let written: Vec<&str> = trace.lines().filter(writes).collect();
    assert!(written.is_empty(), "{written:?}");
    assert!(trace.contains(&format!("{top}.git/migrate/journal")), "the trace has what is written");
}

#[test]
fn a_program_that_cannot_enter_copies_finds_that_it_is_tried_and_does_not_try_for_ever() {
    let repo =
        isolated(&[("a.py", OLD)], "  - id: P0\n    validate: ['true']\n    files: [a.py]\n").env("MIGRATE_COPY_TRIED", "1");
    let ran = repo.migrate(&["check"]).succeeds();
    ran.says("no copies of it can be made: this program does not know how to enter a copy");
}
