//! The tool on a terminal of its own, so many columns wide.

use crate::support::{MIGRATE, Repo};

/// Starts a program on a new terminal, types each answer once what it waits for has come, and prints all that came.
const DRIVER: &str = "
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
columns, answers, argv = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    os.execvp(argv[0], argv)
seen, end = b'', time.time() + 60
while time.time() < end:
    ready, _, _ = select.select([fd], [], [], 1)
    if not ready: continue
    try: part = os.read(fd, 65536)
    except OSError: break
    if not part: break
    seen += part
    while answers and answers[0][0].encode() in seen:
        os.write(fd, answers.pop(0)[1].encode())
if time.time() >= end: os.kill(pid, signal.SIGKILL)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
";

/// What a terminal got, and how the program ended.
#[derive(Debug)]
pub struct Screen {
    /// The exit code; 128 and the signal when it died by one.
    pub code: Option<i32>,
    /// All that was written to the terminal, with its control sequences.
    pub text: String,
}

impl Screen {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{:?}", self.text);
        self
    }

    /// Asserts that the terminal got `text`.
    #[track_caller]
    pub fn shows(self, text: &str) -> Self {
        assert!(self.text.contains(text), "{text:?} is not in {:?}", self.text);
        self
    }

    /// Asserts that it did not.
    #[track_caller]
    pub fn shows_no(self, text: &str) -> Self {
        assert!(!self.text.contains(text), "{text:?} is in {:?}", self.text);
        self
    }
}

/// Runs the tool on a terminal. Each answer is typed once what stands before it has been shown.
#[must_use]
pub fn on_terminal(repo: &Repo, columns: u16, args: &[&str], answers: &[(&str, &str)]) -> Screen {
    let answers: Vec<[&str; 2]> = answers.iter().map(|(wait, typed)| [*wait, *typed]).collect();
    let mut command = repo.command("python3");
    command.args(["-c", DRIVER, &columns.to_string(), &serde_json::to_string(&answers).unwrap(), MIGRATE]).args(args);
    let output = command.env("TERM", "xterm").output().unwrap();
    Screen { code: output.status.code(), text: String::from_utf8_lossy(&output.stdout).into_owned() }
}
