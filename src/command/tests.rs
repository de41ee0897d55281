//! Real processes, well-behaved and not.

use std::fs;

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

use super::*;

/// A folder to run commands in.
struct Place {
    dir: TempDir,
    env: Vec<(OsString, OsString)>,
    interrupt: Interrupt,
    timeout: Duration,
    grace: Duration,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            env: Vec::new(),
            interrupt: Interrupt::none(),
            timeout: Duration::from_secs(20),
            grace: Duration::from_millis(200),
        }
    }

    fn timeout(mut self, millis: u64) -> Self {
        self.timeout = Duration::from_millis(millis);
        self
    }

    fn grace(mut self, millis: u64) -> Self {
        self.grace = Duration::from_millis(millis);
        self
    }

    fn run(&self, argv: &[&str]) -> Result<Finished, CommandError> {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let log = self.dir.path().join("log");
        run(
            &Invocation {
                argv: &argv,
                cwd: self.dir.path(),
                env: &self.env,
                timeout: self.timeout,
                grace: self.grace,
                log: &log,
                orphans: Orphans::Leave,
            },
            &self.interrupt,
        )
    }

    fn sh(&self, script: &str) -> Finished {
        self.run(&["sh", "-c", script]).unwrap()
    }

    /// Waits until the process whose number the command left in `file` is gone.
    #[track_caller]
    fn gone(&self, file: &str) {
        let text = fs::read_to_string(self.dir.path().join(file)).unwrap();
        let pid = Pid::from_raw(text.trim().parse().unwrap()).unwrap();
        let start = Instant::now();
        while test_kill_process(pid).is_ok() && !is_zombie(pid) {
            assert!(start.elapsed() < Duration::from_secs(2), "process {pid:?} of {file} is still there");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// A killed orphan stays a zombie where nobody reaps orphans, as in a container without an init.
fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|fields| fields.starts_with('Z'))
}

#[test]
fn the_exit_status_is_the_outcome() {
    let place = Place::new();
    for (script, outcome) in [
        ("exit 0", Outcome::Passed),
        ("exit 1", Outcome::Failed(1)),
        ("exit 255", Outcome::Failed(255)),
        ("kill -SEGV $$", Outcome::Signalled(11)),
        ("kill -TERM $$", Outcome::Signalled(15)),
        ("echo PASSED; exit 3", Outcome::Failed(3)),
        ("true; nosuchprogram --x", Outcome::NotFound("nosuchprogram".into())),
        ("./log", Outcome::NotFound("./log".into())),
        ("exec nosuchprogram", Outcome::NotFound("nosuchprogram".into())),
        ("bash -c nosuchprogram", Outcome::NotFound("nosuchprogram".into())),
        ("env nosuchprogram", Outcome::NotFound("nosuchprogram".into())),
        ("exit 127", Outcome::Failed(127)),
        ("exit 126", Outcome::Failed(126)),
        ("cat nosuchfile || exit 127", Outcome::Failed(127)),
    ] {
        let finished = place.sh(script);
        assert_eq!((finished.outcome, finished.leaked), (outcome, false), "{script}");
    }
}

#[test]
fn a_program_that_is_not_there_or_not_executable_is_not_found() {
    let place = Place::new();
    fs::write(place.dir.path().join("plain.txt"), "text").unwrap();
    for name in ["nosuchprogram", "./nosuchprogram", "./plain.txt"] {
        assert_eq!(place.run(&[name, "arg"]).unwrap().outcome, Outcome::NotFound(name.into()));
    }
    assert!(matches!(place.run(&[]), Err(CommandError::Empty)));
    assert!(matches!(place.run(&[""]), Err(CommandError::Empty)));
    assert!(matches!(place.run(&["nul\0"]), Err(CommandError::Start { .. })));
}

#[test]
fn a_missing_folder_is_told_from_a_missing_program() {
    let place = Place::new();
    let argv = [OsString::from("true")];
    let (cwd, log) = (place.dir.path().join("nowhere"), place.dir.path().join("log"));
    let invocation = Invocation {
        argv: &argv,
        cwd: &cwd,
        env: &[],
        timeout: Duration::from_secs(5),
        grace: GRACE,
        log: &log,
        orphans: Orphans::Leave,
    };
    assert!(matches!(run(&invocation, &Interrupt::none()), Err(CommandError::NoFolder(folder)) if folder == cwd));
}

#[test]
fn a_relative_program_is_relative_to_the_folder_of_the_command() {
    let place = Place::new();
    fs::create_dir(place.dir.path().join("tools")).unwrap();
    fs::copy("/bin/sh", place.dir.path().join("tools/mysh")).unwrap();
    let finished = place.run(&["tools/mysh", "-c", "pwd -P"]).unwrap();
    let top = fs::canonicalize(place.dir.path()).unwrap();
    assert_eq!(finished.tail, [top.as_os_str().as_bytes(), b"\n"].concat());
}

#[test]
fn both_streams_go_to_tail_and_log_in_order_and_byte_for_byte() {
    let place = Place::new();
    let finished = place.sh(r"printf 'a\377\n'; printf 'b\r\033[31m\n' >&2; printf c");
    assert_eq!(finished.tail, b"a\xff\nb\r\x1b[31m\nc");
    assert_eq!(fs::read(&finished.log).unwrap(), finished.tail);
    assert_eq!((finished.bytes_written, finished.leaked), (12, false));
    place.sh("echo short");
    assert_eq!(fs::read(&finished.log).unwrap(), b"short\n");
}

#[test]
fn the_input_is_empty() {
    assert_eq!(Place::new().sh("cat; read x && exit 1; exit 0").outcome, Outcome::Passed);
}

#[test]
fn a_command_that_ignores_sigterm_is_killed_after_its_grace() {
    let place = Place::new().timeout(200);
    let finished = place.sh("trap '' TERM; echo $$ >leader; sleep 30 & echo $! >child; while :; do sleep 30; done");
    assert_eq!(finished.outcome, Outcome::TimedOut(Duration::from_millis(200)));
    assert!(finished.elapsed >= Duration::from_millis(400), "{:?}", finished.elapsed);
    assert!(finished.elapsed < Duration::from_millis(2500), "{:?}", finished.elapsed);
    place.gone("leader");
    place.gone("child");
}

#[test]
fn a_command_may_clean_up_within_its_grace() {
    let place = Place::new().timeout(200).grace(10_000);
    let finished = place.sh("trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.02; done");
    assert_eq!(finished.outcome, Outcome::TimedOut(Duration::from_millis(200)));
    // The shell says so itself when the `sleep` that it waits for gets the signal too.
    assert!(finished.tail.ends_with(b"cleaned\n"), "{:?}", finished.tail);
    assert!(finished.elapsed < Duration::from_millis(5000), "{:?}", finished.elapsed);
}

#[test]
fn a_stopped_command_is_ended_like_any_other() {
    let place = Place::new().timeout(200).grace(10_000);
    let finished = place.sh("kill -STOP $$");
    assert_eq!(finished.outcome, Outcome::TimedOut(Duration::from_millis(200)));
    assert!(finished.elapsed < Duration::from_millis(5000), "{:?}", finished.elapsed);
}

#[test]
fn children_in_the_background_are_killed_and_reported() {
    let place = Place::new();
    for script in ["sleep 30 & echo $! >child", "sleep 30 >/dev/null 2>&1 & echo $! >child"] {
        let finished = place.sh(script);
        assert_eq!((finished.outcome, finished.leaked), (Outcome::Passed, true), "{script}");
        assert!(finished.elapsed < Duration::from_millis(2500), "{:?}", finished.elapsed);
        place.gone("child");
    }
}

#[test]
fn a_child_that_has_already_ended_is_no_leak() {
    let place = Place::new();
    for _ in 0..5 {
        assert!(!place.sh("true & until ! [ -d /proc/$! ] || grep -q ') Z' /proc/$!/stat; do :; done; exit 0").leaked);
    }
}

#[test]
fn a_grandchild_in_a_session_of_its_own_keeps_nothing_waiting() {
    let place = Place::new();
    let finished = place.sh("setsid sh -c 'echo $$ >escaped; sleep 3' & until [ -s escaped ]; do sleep 0.01; done; echo done");
    assert_eq!((finished.outcome, finished.leaked, &finished.tail[..]), (Outcome::Passed, true, &b"done\n"[..]));
    assert!(finished.elapsed < Duration::from_millis(2500), "{:?}", finished.elapsed);
}

#[test]
fn an_endless_writer_ends_by_its_limit_with_a_bounded_log() {
    let place = Place::new().timeout(400);
    let finished = place.run(&["sh", "-c", "yes 0123456789"]).unwrap();
    assert_eq!(finished.outcome, Outcome::TimedOut(Duration::from_millis(400)));
    assert!(finished.tail.len() <= output::TAIL && finished.tail.ends_with(b"0123456789\n"));
    let kept = fs::metadata(&finished.log).unwrap().len();
    assert!(kept <= output::HEAD + output::END as u64 + 100, "{kept}");
    assert!(finished.bytes_written >= kept - 100);
}

#[test]
fn an_endless_writer_that_left_the_group_is_cut_off() {
    let place = Place::new();
    let finished = place.sh("setsid sh -c 'echo $$ >escaped; exec yes' & until [ -s escaped ]; do sleep 0.01; done");
    assert_eq!((&finished.outcome, finished.leaked), (&Outcome::Passed, true));
    assert!(finished.elapsed < Duration::from_millis(2500), "{:?}", finished.elapsed);
    place.gone("escaped");
}

#[test]
fn one_endless_line_is_fine() {
    let place = Place::new();
    let finished = place.sh("head -c 3000000 /dev/zero | tr '\\0' x");
    assert_eq!((finished.outcome, finished.tail), (Outcome::Passed, vec![b'x'; output::TAIL]));
    assert_eq!(fs::metadata(finished.log).unwrap().len(), 3_000_000);
}

#[test]
fn a_command_that_closes_its_output_is_waited_for() {
    let finished = Place::new().sh("exec >&- 2>&-; sleep 0.1; exit 4");
    assert_eq!(finished.outcome, Outcome::Failed(4));
    let finished = Place::new().timeout(200).sh("exec >&- 2>&-; sleep 30");
    assert_eq!(finished.outcome, Outcome::TimedOut(Duration::from_millis(200)));
}

#[test]
fn an_interrupt_ends_the_command_and_a_second_one_at_once() {
    for (signals, grace, least, most) in [(1, 200, 300, 5000), (2, 10_000, 200, 5000)] {
        let place = Place::new().grace(grace);
        let interrupt = place.interrupt.clone();
        let sender = std::thread::spawn(move || {
            for signal in [Signal::Interrupt, Signal::Terminate].into_iter().take(signals) {
                std::thread::sleep(Duration::from_millis(100));
                interrupt.raise(signal);
            }
        });
        let finished = place.sh("trap '' TERM INT; echo $$ >leader; while :; do sleep 30; done");
        sender.join().unwrap();
        assert_eq!(finished.outcome, Outcome::Interrupted(Signal::Interrupt));
        let millis = finished.elapsed.as_millis();
        assert!((least..most).contains(&millis), "{signals} signals: {millis} ms");
        place.gone("leader");
    }
}

#[test]
fn a_pending_interrupt_starts_nothing() {
    let place = Place::new();
    place.interrupt.raise(Signal::HangUp);
    assert_eq!(place.sh("touch started").outcome, Outcome::Interrupted(Signal::HangUp));
    assert!(!place.dir.path().join("started").exists());
}

#[test]
fn the_command_gets_none_of_our_descriptors() {
    let script = "import os\nfor fd in os.listdir('/proc/self/fd'):\n  try: print(fd, os.readlink('/proc/self/fd/' + fd))\n  except OSError: pass";
    // Descriptors that we were started with and know nothing of are passed on by every command there is.
    let plain = std::process::Command::new("python3").args(["-c", script]).output().unwrap().stdout;
    let numbers = |text: &[u8]| {
        let text = String::from_utf8(text.to_owned()).unwrap();
        let mut numbers: Vec<String> = text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        numbers.sort_unstable();
        numbers
    };
    let place = Place::new();
    let ours = fs::File::create(place.dir.path().join("ours")).unwrap();
    let finished = place.run(&["python3", "-c", script]).unwrap();
    drop(ours);
    let text = String::from_utf8_lossy(&finished.tail).into_owned();
    assert_eq!(numbers(&finished.tail), numbers(&plain), "{text}");
    assert!(text.contains("0 /dev/null\n") && !text.contains("ours") && !text.contains("log"), "{text}");
}

#[test]
fn the_command_gets_the_given_variables_in_a_group_of_its_own() {
    let mut place = Place::new();
    place.env = vec![("MIGRATE_UNIT".into(), "a b.py".into())];
    let finished = place.sh(r#"printf '%s|' "$MIGRATE_UNIT"; ps -o pgid= -p $$ | tr -d ' '; echo $$"#);
    let text = String::from_utf8(finished.tail).unwrap();
    let (unit, numbers) = text.split_once('|').unwrap();
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    assert_eq!((unit, numbers.len(), numbers[0]), ("a b.py", 2, numbers[1]));
}

/// The body of a process that the next test starts with git's variables set.
#[test]
fn body_of_a_process_started_from_a_hook() {
    if std::env::var_os("MIGRATE_TEST_BODY").is_none() {
        // A test starts this one as a process of its own.
        return;
    }
    let finished = Place::new().sh("env");
    fs::write(std::env::var_os("SEEN").unwrap(), finished.tail).unwrap();
}

#[test]
fn variables_of_a_hook_do_not_reach_the_command() {
    let seen = tempfile::NamedTempFile::new().unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "command::tests::body_of_a_process_started_from_a_hook"])
        .env_clear()
        .env("MIGRATE_TEST_BODY", "1")
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([("GIT_DIR", "/x/.git"), ("GIT_INDEX_FILE", "/x"), ("GIT_AUTHOR_NAME", "A"), ("MINE", "yes")])
        .env("SEEN", seen.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let text = fs::read_to_string(seen.path()).unwrap();
    assert!(text.contains("MINE=yes\n") && text.contains("GIT_AUTHOR_NAME=A\n"), "{text}");
    assert!(!text.contains("GIT_DIR") && !text.contains("GIT_INDEX_FILE"), "{text}");
}

#[test]
fn without_a_log_nothing_is_started() {
    let place = Place::new();
    let argv: Vec<OsString> = ["sh", "-c", "echo $$ >leader; echo out; sleep 30"].map(OsString::from).to_vec();
    let log = place.dir.path().join("nowhere/log");
    let invocation = Invocation {
        argv: &argv,
        cwd: place.dir.path(),
        env: &[],
        timeout: Duration::from_secs(5),
        grace: GRACE,
        log: &log,
        orphans: Orphans::Leave,
    };
    assert!(matches!(run(&invocation, &Interrupt::none()), Err(CommandError::Log { path, .. }) if path == log));
    assert!(!place.dir.path().join("leader").exists());
}

#[test]
fn outcomes_are_told_in_words() {
    for (outcome, text) in [
        (Outcome::Failed(3), "failed with status 3"),
        (Outcome::Signalled(9), "killed by SIGKILL"),
        (Outcome::TimedOut(Duration::from_secs(30)), "timed out after 30s"),
        (Outcome::Interrupted(Signal::Interrupt), "interrupted by SIGINT"),
        (Outcome::NotFound("x".into()), "cannot be run: `x` is not there or not executable"),
    ] {
        assert_eq!(outcome.to_string(), text);
    }
}
