//! Signals in each step of a run: it puts things right, says how to go on, and dies by the signal.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::lock::line_in;
use crate::support::{MIGRATE, Ran, Repo, plan};

const OLD: &str = "from old import f\nf(1)\n";
const STEPS: [&str; 4] = ["transform", "validate", "verify", "gate"];

/// A repository in which each step waits, once, until there is a file of its name in the home.
fn waits_in_each_step(impatience: &str) -> Repo {
    let repo = Repo::with(&[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)]);
    let wait = |step: &str| format!("\"if test ! -e $HOME/{step}; then {impatience} echo $$ > $HOME/pid; sleep 60 & wait; fi\"");
    let codemod = wait("transform").replace("if test", "echo '# half' >> {file}; if test");
    let phases = format!(
        concat!(
            "  - id: P0\n    gate: {{ run: [{gate}] }}\n    files:\n",
            "      - {{ path: a.py, rules: [f, more] }}\n",
            "      - {{ path: b.py, rules: [f], validate: [{validate}], verify: ['true'] }}\n",
            "      - {{ path: c.py, rules: [f], verify: [{verify}] }}\n"
        ),
        gate = wait("gate"),
        validate = wait("validate"),
        verify = wait("verify"),
    );
    repo.write(
        "plans/p.yaml",
        plan(&phases).replace("phases:", &format!("  more: {{ command: {{ run: {codemod} }} }}\nphases:")),
    );
    repo.commit_all("plan");
    repo
}

fn go(repo: &Repo, step: &str) {
    std::fs::write(repo.home().join(step), "").unwrap();
}

fn start(repo: &Repo, args: &[&str]) -> Child {
    repo.command(MIGRATE).args(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(signal: i32, process: u32) {
    let sent = std::process::Command::new("kill").args([format!("-{signal}"), process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// True when no process of that number runs; one that nobody has reaped runs no more.
fn is_gone(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
}

/// Everything that must not depend on whether a run was interrupted.
fn ending(repo: &Repo) -> (String, String, Vec<Vec<u8>>) {
    let files = ["a.py", "b.py", "c.py"].map(|file| repo.read(file)).to_vec();
    (repo.git(&["log", "--format=%H %B"]), repo.git(&["status", "--porcelain"]), files)
}

fn unbroken(template: &Repo) -> (String, String, Vec<Vec<u8>>) {
    let repo = template.copy();
    STEPS.iter().for_each(|step| go(&repo, step));
    repo.migrate(&["run"]).succeeds();
    ending(&repo)
}

fn interrupted_in(template: &Repo, step: &str, signal: i32) -> Repo {
    let repo = template.copy();
    STEPS.iter().filter(|other| **other != step).for_each(|other| go(&repo, other));
    let run = start(&repo, &["run"]);
    let child = line_in(&repo.home().join("pid"));
    send(signal, run.id());
    let ran = Ran::of(run.wait_with_output().unwrap());
    assert_eq!(ran.signal, Some(signal), "{step}: {ran:?}");
    assert!(ran.stderr.contains("migrate resume"), "{step}: it does not say how to go on: {ran:?}");
    assert!(is_gone(&child), "{step}: the command runs on");
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "{step}: {ran:?}");
    go(&repo, step);
    repo
}

#[test]
fn each_signal_in_each_step_ends_the_run_by_that_signal_and_resume_ends_it_as_if_unbroken() {
    let template = waits_in_each_step("");
    let whole = unbroken(&template);
    std::thread::scope(|scope| {
        for step in STEPS {
            let (template, whole) = (&template, &whole);
            scope.spawn(move || {
                for signal in [2, 15, 1, 3] {
                    let repo = interrupted_in(template, step, signal);
                    repo.migrate(&["resume"]).succeeds();
                    assert_eq!(ending(&repo), *whole, "{step} and signal {signal}");
                    repo.migrate(&["resume"]).exits(3).says("was interrupted").says("migrate run");
                }
            });
        }
    });
}

#[test]
fn a_signal_that_comes_between_units_ends_the_run_there() {
    let repo = Repo::with(&[("a.py", OLD), ("b.py", OLD)]);
    let phases = "  - id: P0\n    files: [{ path: a.py, verify: [\"kill -INT $PPID; sleep 0.3\"] }, { path: b.py }]\n";
    repo.write("plans/p.yaml", plan(phases));
    repo.commit_all("plan");
    let ran = repo.migrate(&["run"]);
    assert_eq!(ran.signal, Some(2), "{ran:?}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(repo.read("b.py"), OLD.as_bytes());
}

#[test]
fn a_command_that_ignores_the_end_is_killed_after_its_grace_or_by_the_second_signal() {
    let template = waits_in_each_step("trap '' TERM INT;");
    for (second, least, most) in [(false, 1900, 10_000), (true, 0, 1900)] {
        let repo = template.copy();
        go(&repo, "transform");
        let run = start(&repo, &["run"]);
        let child = line_in(&repo.home().join("pid"));
        let sent = Instant::now();
        send(2, run.id());
        if second {
            std::thread::sleep(Duration::from_millis(200));
            send(2, run.id());
        }
        let ran = Ran::of(run.wait_with_output().unwrap());
        let took = sent.elapsed().as_millis();
        assert_eq!(ran.signal, Some(2), "{ran:?}");
        assert!((least..most).contains(&took), "it took {took} ms");
        assert!(is_gone(&child));
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn resume_remembers_what_was_asked_for() {
    for args in [&["run", "--file", "b.py"][..], &["run", "--phase", "P0"]] {
        let repo = waits_in_each_step("");
        repo.write(
            "plans/p.yaml",
            String::from_utf8(repo.read("plans/p.yaml")).unwrap() + "  - id: P1\n    files: [{ path: d.py, rules: [f] }]\n",
        );
        repo.write("d.py", OLD);
        repo.commit_all("more");
        ["transform", "verify", "gate"].iter().for_each(|step| go(&repo, step));
        let run = start(&repo, args);
        line_in(&repo.home().join("pid"));
        send(2, run.id());
        assert_eq!(Ran::of(run.wait_with_output().unwrap()).signal, Some(2));
        go(&repo, "validate");
        repo.migrate(&["resume"]).succeeds();
        assert_eq!(repo.read("d.py"), OLD.as_bytes(), "{args:?}: resume went beyond what was asked for");
        assert_ne!(repo.read("b.py"), OLD.as_bytes());
        assert_eq!(repo.read("c.py") == OLD.as_bytes(), args.contains(&"--file"), "{args:?}");
    }
}

#[test]
fn where_nothing_was_interrupted_there_is_nothing_to_resume() {
    let repo = waits_in_each_step("");
    let before = repo.state();
    repo.migrate(&["resume"]).exits(3).says("no run of the plan test was interrupted here").says("`migrate run` starts one");
    assert_eq!(repo.state(), before);
}

/// A plan over so many files that looking at them all takes far longer than these tests wait.
fn slow_to_survey() -> Repo {
    let lines: String = (0..4000).map(|at| format!("def g{at}(x):\n    return f(x, {at})\n")).collect();
    let text = format!("from other import *\n{lines}");
    let repo = Repo::with(&[("a.py", OLD)]);
    (0..400).for_each(|at| repo.write(&format!("slow/{at}.py"), &text));
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [a.py, { glob: \"slow/*.py\" }]\n"));
    repo.commit_all("plan");
    repo
}

#[test]
fn a_signal_while_a_command_looks_at_the_files_ends_it_between_two_of_them() {
    let repo = slow_to_survey();
    let commands: [(&[&str], bool); 5] = [
        (&["run"], true),
        (&["check"], false),
        (&["diff"], false),
        (&["status"], false),
        (&["scan", "--symbol", "other.f"], false),
    ];
    for (at, (args, acts)) in commands.into_iter().enumerate() {
        let signal = [2, 15][at % 2];
        // What an earlier command kept of the files would be quick to look at.
        drop(std::fs::remove_dir_all(repo.top().join(".git/migrate")));
        let state = repo.state();
        let run = start(&repo, args);
        // The lock is taken after the signals are.
        while acts && !repo.top().join(".git/migrate/lock").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(200));
        let sent = Instant::now();
        send(signal, run.id());
        let ran = Ran::of(run.wait_with_output().unwrap());
        assert_eq!(ran.signal, Some(signal), "{args:?}: {ran:?}");
        assert!(sent.elapsed() < Duration::from_secs(2), "{args:?}: it took {:?}", sent.elapsed());
        assert_eq!(ran.stderr.contains("before the first unit"), acts, "{args:?}: {ran:?}");
        assert_eq!(repo.state(), state, "{args:?}");
    }
    // Nothing was begun that could be resumed.
    repo.migrate(&["resume"]).exits(3);
}
