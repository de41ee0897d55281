//! The hidden subcommand that makes the namespace of one command, and the first process in it.
//!
//! Two processes of this program stand between whoever started a command in a copy and the command. The outer one makes the
//! namespaces, mounts the overlays and waits. The inner one, a fork of it, is the first process of the new PID namespace: it starts the
//! command, reaps what loses its parent, and tells the outer one how the command ended. When it ends, so does everything in the namespace;
//! it ends at the latest with the outer one, and that one with the process that started it. The outer one ends as the command
//! did, by its status or its signal.
//!
//! All are members of one process group, so a signal to the group reaches the command. A signal that asks for an end does nothing
//! to these two. Neither has a thread, and neither holds anything open below the tree.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Resource, Rlimit, WaitOptions, getppid, setrlimit, wait, waitpid};

use crate::copies::error::Unavailable;
use crate::copies::kernel::{self, Forked};
use crate::copies::room::{Room, Spec};
use crate::copies::{ENTER, Private, TRIED};
use crate::interrupt;

/// What the outer process ends with when the command was not started.
const NOT_ENTERED: u8 = 125;

/// The tag of an answer that holds how the command ended.
const ENDED: &str = "ended";

/// Which of the two processes this one is when its work is done, and what it ends as.
enum Process {
    Outer(ExitStatus),
    Inner(ExitCode),
}

/// Does what `args` ask for, if it is the hidden subcommand.
pub(super) fn main(args: &[OsString]) -> Option<ExitCode> {
    let (_, [name, args @ ..]) = args.split_first()? else { return None };
    (name == ENTER).then(|| match args {
        [parent, folder, private, argv @ ..] => match Private::of_word(private) {
            Some(private) => enter(parent, Path::new(folder), private, argv),
            None => ExitCode::from(NOT_ENTERED),
        },
        _ => ExitCode::from(NOT_ENTERED),
    })
}

fn enter(parent: &OsStr, folder: &Path, private: Private, argv: &[OsString]) -> ExitCode {
    let room = Room::at(folder);
    match entered(parent, &room, private, argv) {
        Ok(Process::Outer(status)) => end_as(status),
        Ok(Process::Inner(code)) => code,
        Err(why) => {
            complain(&format!("the copy could not be entered: {why}"));
            // Where even this cannot be written, the status and the words on the screen must do.
            let (Ok(()) | Err(_)) = room.note_trouble(&why);
            ExitCode::from(NOT_ENTERED)
        }
    }
}

/// Runs the command in the copy and gives how it ended.
fn entered(parent: &OsStr, room: &Room, private: Private, argv: &[OsString]) -> Result<Process, Unavailable> {
    kernel::die_with_parent().map_err(Unavailable::refused("tie this process to its parent"))?;
    let is_parent = |pid: Pid| parent.to_str() == Some(&pid.as_raw_nonzero().to_string());
    if !getppid().is_some_and(is_parent) {
        // It died before the kernel knew that we are to die with it.
        return Err(Unavailable::refused("find the process that made the copy")(io::ErrorKind::NotFound.into()));
    }
    interrupt::withstand().map_err(Unavailable::refused("take signals"))?;
    let spec = Spec::read(&room.spec())?;
    room.is_to_enter().map_err(Unavailable::refused("write into the copy's folder"))?;
    let cwd = match argv.is_empty() {
        true => spec.top.clone(),
        false => std::env::current_dir().map_err(Unavailable::refused("find the current folder"))?,
    };
    // A process that is in the tree already stays in the real one when an overlay is mounted over it.
    std::env::set_current_dir("/").map_err(Unavailable::refused("leave the current folder"))?;
    for root in spec.roots() {
        kernel::close_below(root).map_err(Unavailable::refused("close what was inherited"))?;
    }
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(room.lock());
    let lock = lock.map_err(Unavailable::refused("lock the copy"))?;
    // An upper layer that is mounted twice does what it likes.
    flock(&lock, FlockOperation::NonBlockingLockExclusive)
        .map_err(|errno| Unavailable::refused("lock the copy")(errno.into()))?;
    kernel::enter_namespaces(spec.how == super::run::How::User, private)?;
    // The tree may be inside git's folder, which would then hide it.
    if let Some((outer, pin)) = &spec.git {
        kernel::mount_overlay(outer, &[pin, outer], &room.git_upper(), &room.git_work(), spec.how.options())?;
    }
    kernel::mount_overlay(&spec.top, &[&spec.pin, &spec.top], &room.upper(), &room.work(), spec.how.options())?;
    room.has_entered().map_err(Unavailable::refused("write into the copy's folder"))?;
    if private.tmp {
        let shown: Vec<&Path> = spec.roots().chain([room.folder()]).collect();
        kernel::empty_temporary(&shown)?;
    }
    let (ours, theirs) = UnixStream::pair().map_err(Unavailable::refused("make a pair of sockets"))?;
    match kernel::fork_init().map_err(Unavailable::refused("start the first process of a PID namespace"))? {
        Forked::Inner => {
            drop(ours);
            Ok(Process::Inner(init(&theirs, &cwd, argv)))
        }
        Forked::Outer(init) => {
            drop(theirs);
            let answer = heard(ours, init)?;
            // The next command of this copy must not find its layers in use.
            for root in spec.roots() {
                let (Ok(()) | Err(_)) = kernel::unmount(root);
            }
            answer.map(Process::Outer)
        }
    }
}

/// Waits for the inner process and gives what it said.
fn heard(mut line: UnixStream, init: Pid) -> Result<Result<ExitStatus, Unavailable>, Unavailable> {
    let mut said = Vec::new();
    line.read_to_end(&mut said).map_err(Unavailable::refused("hear how the command ended"))?;
    let own = loop {
        match waitpid(Some(init), WaitOptions::empty()) {
            Ok(Some((_, status))) => break ExitStatus::from_raw(status.as_raw()),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Unavailable::refused("wait for the command")(errno.into())),
        }
    };
    Ok(match answered(&said) {
        Some((ENDED, number)) => Ok(ExitStatus::from_raw(number)),
        Some((call, number)) => Err(Unavailable::refused(call)(io::Error::from_raw_os_error(number))),
        // It was killed, and all in the namespace with it.
        None => Ok(own),
    })
}

fn answered(said: &[u8]) -> Option<(&str, i32)> {
    let (call, number) = std::str::from_utf8(said).ok()?.rsplit_once(' ')?;
    Some((call, number.parse().ok()?))
}

/// The first process of the namespace: runs the command, or tries to write where it would start when there is none.
fn init(line: &UnixStream, cwd: &Path, argv: &[OsString]) -> ExitCode {
    if kernel::die_with_parent().is_err() || is_cut(line) {
        return ExitCode::from(NOT_ENTERED);
    }
    let ready = kernel::mount_proc().map_err(|error| ("mount /proc in a PID namespace", error)).and_then(|()| {
        let entered = std::env::set_current_dir(cwd);
        entered.map_err(|error| ("enter the folder of the command", error))
    });
    let said = match (ready, argv.split_first()) {
        (Err((call, error)), _) => format!("{call} {}", number(&error)),
        (Ok(()), None) => match try_out() {
            Ok(()) => format!("{ENDED} 0"),
            Err(error) => format!("write into the copy {}", number(&error)),
        },
        (Ok(()), Some((program, args))) => format!("{ENDED} {}", run(program, args).into_raw()),
    };
    // When nobody listens any more, this process is being ended.
    let (Ok(()) | Err(_)) = { line }.write_all(said.as_bytes()).and_then(|()| line.shutdown(Shutdown::Both));
    ExitCode::SUCCESS
}

/// True when the outer process is gone.
fn is_cut(line: &UnixStream) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut ends = [PollFd::new(line, PollFlags::IN)];
    poll(&mut ends, Some(&now)).is_ok_and(|count| count > 0)
}

fn try_out() -> io::Result<()> {
    let name = crate::fs::aside_name()?;
    fs::write(&name, "x")?;
    fs::remove_file(&name)
}

/// Runs the command to its end, reaping whatever else ends meanwhile.
fn run(program: &OsStr, args: &[OsString]) -> ExitStatus {
    let child = match Command::new(program).args(args).env_remove(TRIED).stdin(Stdio::null()).spawn() {
        Ok(child) => child,
        Err(error) => return unstarted(program, &error),
    };
    let pid = i32::try_from(child.id()).ok();
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if Some(ended.as_raw_nonzero().get()) == pid => {
                return ExitStatus::from_raw(status.as_raw());
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // The command is a child of this process as long as it was not reaped above.
            Err(_) => return ExitStatus::from_raw(i32::from(NOT_ENTERED) << 8),
        }
    }
}

/// Says what a shell says of a program that it could not start, and ends as it does.
fn unstarted(program: &OsStr, error: &io::Error) -> ExitStatus {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    complain(&format!("failed to run command '{}': {text}", program.to_string_lossy()));
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    ExitStatus::from_raw(code << 8)
}

/// Ends this process as the command ended.
fn end_as(status: ExitStatus) -> ExitCode {
    let Some(signal) = status.signal() else {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        return ExitCode::from(code.unwrap_or(NOT_ENTERED));
    };
    // The command's own end left a core where one is wanted; this program's is of no use.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let (Ok(()) | Err(_)) = setrlimit(Resource::Core, none);
    let ended = signal_hook::low_level::emulate_default_handler(signal);
    // It returns for signals that it does not know, such as those for real time, whose action is the default one.
    let (Ok(()) | Err(_)) = ended.or_else(|_| signal_hook::low_level::raise(signal));
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(NOT_ENTERED))
}

fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

/// Says something on standard error, which is the command's log.
fn complain(text: &str) {
    // When nobody reads it, there is nobody to tell so.
    let (Ok(()) | Err(_)) = writeln!(io::stderr(), "migrate: {text}");
}
