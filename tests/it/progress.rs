use crate::errors::strace_works;
use crate::kit::{NEW, OLD, repo};
use crate::support::{MIGRATE, Ran, Repo};

/// Runs the tool with a terminal as its standard error; what the terminal got stands as what was said there.
fn on_a_terminal(repo: &Repo, args: &[&str]) -> Ran {
    driven(repo, &[], args)
}

/// The same of the tool that is started by another program.
fn driven(repo: &Repo, by: &[&str], args: &[&str]) -> Ran {
    const DRIVER: &str = "
import fcntl, os, pty, struct, subprocess, sys, termios
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 120, 0, 0))
tool = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
seen = b''
while True:
    try: part = os.read(ours, 65536)
    except OSError: break
    if not part: break
    seen += part
sys.stderr.buffer.write(seen)
sys.exit(tool.wait())
";
    let mut command = repo.command("python3");
    Ran::of(command.args(["-c", DRIVER]).args(by).arg(MIGRATE).args(args).env("TERM", "xterm").output().unwrap())
}

/// A plan with two files to change among four that are looked at.
fn four() -> Repo {
    let none = "# f\n";
    repo(
        &[("a.py", OLD), ("b/c.py", OLD), ("b/d.py", none), ("b/e.py", none)],
        "  - id: P0\n    files: [a.py, { glob: \"b/*.py\" }]\n",
    )
}

/// The bar, and that it is cleared before anything else is said.
#[track_caller]
fn shows(ran: &Ran, of: usize, then: &str) {
    let bar = ran.stderr.find("looking [").unwrap_or_else(|| panic!("there is no bar: {ran:?}"));
    assert!(ran.stderr.contains(&format!("/{of} ")) && ran.stderr.contains("(eta "), "{ran:?}");
    let (_, rest) = ran.stderr.rsplit_once("looking [").unwrap();
    let (_, rest) = rest.split_once("\x1b[2K").unwrap_or_else(|| panic!("it is not cleared: {ran:?}"));
    assert!(!ran.stderr[..bar].contains("error:") && rest.contains(then), "{ran:?}");
}

#[test]
fn on_a_terminal_a_bar_shows_how_far_a_look_at_the_files_is() {
    let repo = four();
    for (args, printed) in [
        (&["scan"][..], "4 violations in 2 of 4 files"),
        (&["check"], "2 to change, 0 done"),
        (&["diff"], "+++ b/b/c.py"),
        (&["run", "--dry-run"], "+++ b/b/c.py"),
        (&["status"], "0 of 2 done"),
    ] {
        let ran = on_a_terminal(&repo, args).succeeds().prints(printed);
        shows(&ran, 4, "");
    }
    let ran = on_a_terminal(&repo, &["run"]).succeeds();
    shows(&ran, 4, "2 units");
    assert!(ran.stderr.contains("\x1b[1mphase 1 (P0)\x1b[0m  ["), "the bar of the run follows: {ran:?}");
    assert_eq!(repo.read("b/c.py"), NEW.as_bytes());
}

#[test]
fn a_failure_stands_below_the_cleared_bar() {
    let repo = four();
    repo.write("b/c.py", format!("{OLD}print 1\n"));
    repo.commit_all("invalid");
    shows(&on_a_terminal(&repo, &["check"]).exits(1), 4, "is not valid Python");
    repo.write("b/c.py", "# f\nfrom old import f\n");
    shows(&on_a_terminal(&repo, &["run"]).exits(3), 4, "has uncommitted changes");
}

#[test]
fn nothing_is_shown_off_a_terminal_and_beside_json() {
    let repo = four();
    for args in [&["scan"][..], &["check"], &["diff"], &["run", "--dry-run"], &["status"]] {
        assert!(!repo.migrate(args).succeeds().stderr.contains("looking"), "{args:?}");
    }
    for args in [&["scan", "--json"][..], &["scan", "--sarif"], &["status", "--json"], &["run", "--json"]] {
        assert_eq!(on_a_terminal(&repo, args).succeeds().stderr, "", "{args:?}");
    }
}

#[test_with::executable(strace)]
#[test]
fn a_bar_that_gets_no_thread_to_move_by_itself_is_no_panic() {
    if !strace_works() {
        return;
    }
    let calls = "?clone3,?clone";
    for (args, nth) in [(["scan", "--verbose"], "1+"), (["run", "--verbose"], "2+")] {
        // A process that cannot be had ends a run, but for those that git is asked in before the bar.
        for nth in [nth, "6+"] {
            let inject = format!("inject={calls}:error=EAGAIN:when={nth}");
            let by = ["strace", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject];
            let ran = driven(&four(), &by, &args);
            assert!(matches!(ran.code, Some(0..=3)) && !ran.stderr.contains("panicked"), "{args:?} {nth}: {ran:?}");
        }
    }
}
