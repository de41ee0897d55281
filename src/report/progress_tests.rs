//! The bar on a real terminal, and lines without one.

use std::process::Command;
use std::time::Duration;

use super::*;
use crate::board::Running;
use crate::event::{Activity, PhaseLabel, RunOutcome};
use crate::state::Counts;

fn story() -> Vec<Event> {
    let phase = PhaseLabel { ordinal: 1, id: "P0".into(), title: None };
    let unit = "app/evil\x1b[2J.py".to_owned();
    let command = "python -m py_compile app/evil.py".to_owned();
    vec![
        Event::RunStarted {
            plan: "demo".into(),
            digest: "0123".into(),
            branch: "main".into(),
            units_total: 2,
            units_done: 0,
            resumed: false,
            in_copies: false,
        },
        Event::PhaseStarted { phase: phase.clone(), units: 2, done: 0 },
        Event::UnitStarted { phase: phase.clone(), unit: unit.clone(), ordinal: 1, of: 2 },
        Event::Doing { unit: unit.clone(), activity: Activity::Validating { command } },
        Event::UnitCommitted {
            unit: unit.clone(),
            files: Vec::new(),
            commit: "89abcdef0".into(),
            subject: "fix".into(),
            lines_added: 1,
            lines_removed: 1,
        },
        Event::UnitReverted {
            unit,
            files: Vec::new(),
            commit: "89abcdef0".into(),
            revert: "123456789".into(),
            reason: "no".into(),
        },
        Event::GateStarted { phase },
        Event::RunFinished {
            tally: Counts::default(),
            violations_left: 0,
            elsewhere: Counts::default(),
            outcome: RunOutcome::Failed,
            help: None,
            units: Box::default(),
        },
    ]
}

#[test]
fn off_a_terminal_the_lines_are_all_there_is() {
    let mut out = Vec::new();
    let mut progress = Progress::lines(&mut out, Look::PLAIN, Detail::Normal);
    story().iter().for_each(|event| progress.event(event));
    progress.finish();
    drop(progress);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("  committed    [1/2] app/evil\\x1b[2J.py  89abcdef0 (+1 -1)\n"), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn a_reader_that_went_away_stops_nothing() {
    struct Closed(usize);
    impl Write for &mut Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut out = Closed(0);
    let mut progress = Progress::lines(&mut out, Look::PLAIN, Detail::Normal);
    story().iter().for_each(|event| progress.event(event));
    drop(progress);
    assert_eq!(out.0, 1);
}

#[test]
fn a_unit_that_is_reverted_counts_once() {
    let mut counter = Counter::default();
    story().iter().for_each(|event| counter.see(event));
    assert_eq!((counter.done, counter.of, counter.failed()), (1, 2, 1));
}

/// The body of a process that the next test starts on a terminal of its own.
#[test]
fn body_of_a_process_on_a_terminal() {
    if std::env::var_os("MIGRATE_TEST_BODY").is_none() {
        // A test starts this one as a process of its own.
        return;
    }
    let board = Arc::new(Board::default());
    let log = std::env::temp_dir().join(format!("migrate-screen-{}.log", std::process::id()));
    std::fs::write(&log, "one\nlast \x1b[31mwords\x1b[0m\n").unwrap();
    let running = |unit: &str| Running {
        step: "validating".to_owned(),
        unit: Some(unit.to_owned()),
        others: 0,
        command: "python -m py_compile app/evil.py".to_owned(),
        log: log.clone(),
        since: crate::board::now(),
    };
    let _first = board.begin(running("app/evil\x1b[2J.py"));
    let second = board.begin(running("app/b.py"));
    let mut progress = Progress::stderr(Detail::Normal, Arc::clone(&board));
    for event in story() {
        progress.event(&event);
        std::thread::sleep(Duration::from_millis(60));
        if matches!(event, Event::UnitCommitted { .. }) {
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    drop(second);
    std::fs::remove_file(log).unwrap();
}

/// Runs the body above on a terminal so many columns wide; what the terminal got, and whether all went well.
fn on_a_terminal(columns: u16, env: &[(&str, &str)]) -> (String, bool) {
    const DRIVER: &str = "
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
seen = b''
while True:
    try: part = os.read(fd, 65536)
    except OSError: break
    if not part: break
    seen += part
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let output = Command::new("python3")
        .args(["-c", DRIVER, &columns.to_string()])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "report::progress::tests::body_of_a_process_on_a_terminal", "--nocapture"])
        .env("MIGRATE_TEST_BODY", "1")
        .env_remove("NO_COLOR")
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .env("TERM", "xterm")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

#[test]
fn on_a_terminal_lines_show_what_is_going_on() {
    let (text, fine) = on_a_terminal(120, &[]);
    assert!(fine, "{text}");
    for part in [
        "\x1b[1mphase 1 (P0)\x1b[0m  [>                           ]  0/2",
        "[==============>             ]  1/2",
        "\x1b[36m  validating  \x1b[0mapp/evil\\x1b[2J.py  | last words",
        "validating  \x1b[0mapp/b.py  ",
        "\x1b[32mcommitted  \x1b[0m  [1/2] app/evil",
        "\x1b[31m1 failed\x1b[0m",
        "\x1b[31mreverted   \x1b[0m  [1/2] app/evil\\x1b[2J.py: no\r\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    assert!(!text.contains("\x1b[2J") && !text.contains("\x1b[?25l"), "{text:?}");
}

#[test]
fn no_width_of_a_terminal_is_too_small() {
    for columns in [0, 1, 2, 20, NARROW] {
        let (text, fine) = on_a_terminal(columns, &[]);
        assert!(fine && text.contains("failed"), "{columns} columns: {text:?}");
    }
}

#[test]
fn a_dumb_terminal_and_one_that_nobody_watches_get_lines_alone() {
    for (name, value) in [("TERM", "dumb"), ("CI", "1")] {
        let (text, fine) = on_a_terminal(80, &[(name, value)]);
        assert!(fine && text.contains("[1/2] app"), "{text:?}");
        assert!(!text.contains("\x1b[2K") && !text.contains("validating"), "{text:?}");
    }
}

#[test]
fn for_the_runner_of_github_there_are_groups_and_annotations() {
    let (text, fine) = on_a_terminal(80, &[("CI", "true"), ("GITHUB_ACTIONS", "true"), ("NO_COLOR", "1")]);
    assert!(fine && text.contains("::group::phase 1 (P0)\r\n") && text.contains("::endgroup::\r\nfailed: "), "{text:?}");
    assert!(text.contains("::error file=app/evil\\x1b[2J.py,title=app/evil\\x1b[2J.py failed::no\r\n"), "{text:?}");
}

#[test]
fn without_colour_there_are_still_lines_that_are_drawn_again() {
    let (text, fine) = on_a_terminal(120, &[("NO_COLOR", "1")]);
    assert!(fine && text.contains("  committed    [1/2] app") && text.contains("  validating  app/b.py"), "{text:?}");
}
