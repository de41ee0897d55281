use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use migrate::command::Outcome;
use migrate::copies::{Copies, Copy, CopyError, Pin};

use super::bench::{Bench, as_everyone, file, files, mounts_at, parent, repo_path, running, until};

const LONG: Duration = Duration::from_secs(60);

/// A repository of one file and a copy of it.
fn one() -> Option<(Bench, Copies, Pin, Copy)> {
    let bench = Bench::with(&[("a.py", "old\n")]);
    let copies = bench.copies()?;
    let pin = copies.pin(&files(&[])).unwrap();
    let copy = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
    Some((bench, copies, pin, copy))
}

/// So many seconds that no other test's processes sleep as long.
fn odd_time(nth: u32) -> String {
    format!("{}.{nth}", 1_000_000 + std::process::id())
}

#[test]
fn a_command_ends_as_it_does_outside() {
    as_everyone(|| {
        let Some((bench, _copies, _pin, copy)) = one() else { return };
        for (script, outcome) in [
            ("exit 0", Outcome::Passed),
            ("exit 3", Outcome::Failed(3)),
            ("exit 125", Outcome::Failed(125)),
            ("exit 255", Outcome::Failed(255)),
            ("kill -KILL $$", Outcome::Signalled(9)),
            ("kill -TERM $$", Outcome::Signalled(15)),
            ("kill -SEGV $$", Outcome::Signalled(11)),
            ("kill -USR1 $$", Outcome::Signalled(10)),
            ("kill -40 $$", Outcome::Signalled(40)),
            ("kill -TERM 0; sleep 60", Outcome::Signalled(15)),
            ("PATH=/usr/bin:/bin; nothing-of-this-name", Outcome::NotFound("nothing-of-this-name".into())),
        ] {
            let finished = bench.sh(&copy, script);
            assert_eq!(finished.outcome, outcome, "{script}: {}", String::from_utf8_lossy(&finished.tail));
        }
        assert!(copy.trouble().is_none());
        assert_eq!(copy.argv(&[]).len(), 0);
    });
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    as_everyone(|| {
        let Some((bench, _copies, _pin, copy)) = one() else { return };
        bench.says(&copy, "echo x >script; mkdir folder");
        for program in ["nothing-of-this-name", "./not there: at all", "./script", "./folder", "/nowhere/x"] {
            let finished = bench.run(&copy, &[program, "x"], &bench.top, LONG);
            let said = String::from_utf8_lossy(&finished.tail).into_owned();
            assert_eq!(finished.outcome, Outcome::NotFound(program.into()), "{said}");
        }
    });
}

#[test]
fn commands_of_one_copy_see_what_the_earlier_ones_did_and_never_run_at_once() {
    as_everyone(|| {
        let Some((bench, _copies, _pin, copy)) = one() else { return };
        for nth in 1..=5 {
            bench.says(&copy, "echo x >>a.py; git status >/dev/null");
            let expected = "new\n".to_owned() + &"x\n".repeat(nth);
            assert_eq!(copy.read(&repo_path("a.py")).unwrap(), file(&expected));
        }
        let second = std::thread::scope(|scope| {
            let wait = "touch $OUTSIDE/in; until [ -e $OUTSIDE/out ]; do sleep 0.01; done";
            let first = scope.spawn(|| bench.says(&copy, wait));
            until(|| bench.outside.path().join("in").exists());
            let second = bench.sh(&copy, "touch $OUTSIDE/second");
            fs::write(bench.outside.path().join("out"), "").unwrap();
            first.join().unwrap();
            second
        });
        assert_eq!(second.outcome, Outcome::Failed(125));
        assert!(!bench.outside.path().join("second").exists());
        let why = copy.trouble().unwrap();
        assert!(why.to_string().contains("lock the copy") && why.help().contains("end first"), "{why}: {}", why.help());
        assert!(matches!(copy.touched(), Err(CopyError::NotEntered(_))));
    });
}

#[test]
fn a_command_that_takes_too_long_may_clean_up_and_is_killed_when_it_does_not() {
    as_everyone(|| {
        let Some((mut bench, _copies, _pin, copy)) = one() else { return };
        let limit = Duration::from_millis(500);
        let script = "trap 'echo cleaned >done; exit 0' TERM; while :; do sleep 0.02; done";
        let finished = bench.run(&copy, &["sh", "-c", script], &bench.top, limit);
        assert_eq!(finished.outcome, Outcome::TimedOut(limit));
        assert_eq!(copy.read(&repo_path("done")).unwrap(), file("cleaned\n"));
        // This one uses up whatever it is given.
        bench.grace = limit;
        let time = odd_time(1);
        let script = format!("trap '' TERM; setsid sleep {time} & while :; do sleep {time}; done");
        let finished = bench.run(&copy, &["sh", "-c", &script], &bench.top, limit);
        assert_eq!(finished.outcome, Outcome::TimedOut(limit));
        until(|| running(&time).is_empty());
        assert_eq!(mounts_at(&bench.top), 0);
    });
}

#[test]
fn what_a_command_leaves_running_ends_with_it() {
    as_everyone(|| {
        let Some((bench, _copies, _pin, copy)) = one() else { return };
        let time = odd_time(2);
        for script in [
            "sleep N & echo ok",
            "setsid sleep N & echo ok",
            "(setsid sh -c 'trap \"\" TERM HUP; sleep N & sleep N' &); echo ok",
            "nohup sleep N >/dev/null 2>&1 & echo ok",
        ] {
            let finished = bench.sh(&copy, &script.replace('N', &time));
            assert_eq!((finished.outcome, finished.leaked), (Outcome::Passed, false), "{script}");
            assert_eq!(running(&time), [], "{script}");
        }
        // What loses its parent is reaped.
        let orphans = "for i in 1 2 3; do (true & true &); done; sleep 0.1; cat /proc/[0-9]*/stat | grep -c ') Z' || true";
        assert_eq!(bench.says(&copy, orphans), "0\n");
    });
}

/// The body of the process that the next test kills.
#[test]
fn body_of_a_process_that_is_killed_while_its_command_runs() {
    let Ok(time) = std::env::var("MIGRATE_TEST_SLEEP") else { return };
    let Some((bench, _copies, _pin, copy)) = one() else { return };
    let told = std::env::var("MIGRATE_TEST_TOLD").unwrap();
    let script = format!("pwd >{told}.new; mv {told}.new {told}; setsid sleep {time} & sleep {time}");
    bench.sh(&copy, &script);
}

#[test]
fn when_migrate_is_killed_nothing_runs_on_and_nothing_stays_mounted() {
    as_everyone(|| {
        if one().is_none() {
            return;
        }
        let (folder, time) = (tempfile::tempdir().unwrap(), odd_time(3));
        let told = folder.path().join("told");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "copies::endings::body_of_a_process_that_is_killed_while_its_command_runs"])
            .env("MIGRATE_TEST_SLEEP", &time)
            .env("MIGRATE_TEST_TOLD", &told)
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until(|| told.exists() && running(&time).len() == 2);
        let top = fs::read_to_string(&told).unwrap();
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        until(|| running(&time).is_empty());
        assert_eq!(mounts_at(Path::new(top.trim())), 0);
    });
}

#[test]
fn when_one_of_the_two_between_is_killed_the_command_ends() {
    as_everyone(|| {
        let Some((bench, _copies, _pin, copy)) = one() else { return };
        for (nth, between) in ["outer", "inner"].into_iter().enumerate() {
            let time = odd_time(4 + u32::try_from(nth).unwrap());
            // The word stands among the arguments of the two as well.
            let argv = ["sh", "-c", "setsid sleep $0 & sleep $0", &time];
            let outcome = std::thread::scope(|scope| {
                let ended = scope.spawn(|| bench.run(&copy, &argv, &bench.top, LONG).outcome);
                until(|| running(&time).iter().filter(|(_, arguments)| arguments[0] == "sleep").count() == 2);
                let both: Vec<u32> =
                    running(&time).into_iter().filter(|(_, arguments)| arguments[1] == "__copy").map(|(pid, _)| pid).collect();
                assert_eq!(both.len(), 2);
                let is_inner = |pid: &u32| both.contains(&parent(*pid));
                let victim = both.iter().find(|pid| is_inner(pid) == (between == "inner")).unwrap();
                assert!(Command::new("kill").args(["-KILL", &victim.to_string()]).status().unwrap().success());
                ended.join().unwrap()
            });
            assert_eq!(outcome, Outcome::Signalled(9), "{between}");
            until(|| running(&time).is_empty());
        }
    });
}

#[test]
fn what_dead_runs_left_is_cleared_and_what_living_ones_have_stays() {
    as_everyone(|| {
        let Some((bench, copies, pin, copy)) = one() else { return };
        bench.says(&copy, "mkdir closed; echo x >closed/x; chmod 000 closed");
        let dead = bench.scratch.path().join("run-dead");
        fs::create_dir_all(dead.join("copy-0").join("work").join("work").join("x")).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        fs::set_permissions(dead.join("copy-0").join("work").join("work"), fs::Permissions::from_mode(0o0)).unwrap();
        let other = bench.open().unwrap();
        assert!(!dead.exists());
        assert_eq!(bench.says(&copy, "cat a.py"), "new\n");
        drop(other);
        assert_eq!(fs::read_dir(bench.scratch.path()).unwrap().count(), 2, "the lock and the living run");
        drop((copy, pin, copies));
        assert_eq!(fs::read_dir(bench.scratch.path()).unwrap().count(), 1);
    });
}
