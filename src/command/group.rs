//! The process group of one command: signals go to all of it, and its end is seen to.
//!
//! The group's number is that of its leader. As long as the leader is not reaped the number cannot pass to others, so every
//! signal here is sent before that, or to members that are known to be there.

use std::io;
use std::process::ExitStatus;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

/// A command's processes.
#[derive(Debug)]
pub(super) struct Group {
    leader: duct::Handle,
    number: Pid,
}

impl Group {
    /// The group that `leader` leads.
    ///
    /// # Errors
    /// When the leader has no process number, which no system gives.
    pub(super) fn new(leader: duct::Handle) -> io::Result<Self> {
        let number = leader.pids().first().and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
        let number = number.ok_or_else(|| io::Error::other("the process has no number"))?;
        Ok(Self { leader, number })
    }

    /// The number by which it is known.
    pub(super) fn number(&self) -> Pid {
        self.number
    }

    /// Asks all members to end; those that are stopped are woken to hear it.
    pub(super) fn terminate(&self) {
        self.send(Signal::TERM);
        self.send(Signal::CONT);
    }

    /// Ends all members.
    pub(super) fn kill(&self) {
        self.send(Signal::KILL);
    }

    fn send(&self, signal: Signal) {
        // It fails when all are gone, which is what is wanted, and for processes that became another user's, where nothing
        // more can be done: they are found by the pipe they hold or by the sweep.
        let (Ok(()) | Err(_)) = kill_process_group(self.number, signal);
    }

    /// True when the leader has ended; it is not reaped by this.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn leader_exited(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(self.number), options) {
            Ok(status) => Ok(status.is_some()),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reaps the leader, which has exited, and kills what it left in the group. True when there was something to kill.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn sweep(&self) -> io::Result<(ExitStatus, bool)> {
        // The leader itself counts as a member until it is reaped, and once it is, the number is held only by other members:
        // stopped first, they cannot end between the question and the answer.
        self.send(Signal::STOP);
        let status = self.leader.wait()?.status;
        if test_kill_process_group(self.number) == Err(Errno::SRCH) {
            return Ok((status, false));
        }
        let living = has_living_member(self.number);
        self.kill();
        Ok((status, living))
    }
}

/// True when a process of the group is more than an unreaped exit. Where that cannot be found out, it is taken to be so.
fn has_living_member(group: Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return true };
    let group = group.as_raw_nonzero().to_string();
    let mut seen = false;
    for process in processes.flatten() {
        // Other entries of the folder, and processes that end while we look, have none.
        let Ok(stat) = std::fs::read(process.path().join("stat")) else { continue };
        seen = true;
        if living_in(&stat, &group) {
            return true;
        }
    }
    !seen
}

/// True when a process is there and more than an unreaped exit.
pub(super) fn is_living(process: Pid) -> bool {
    let stat = std::fs::read(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    fields(&stat).is_some_and(|[state, ..]| !is_over(state))
}

/// The number of a process's parent, as text; none for one that is gone.
pub(super) fn parent_of(process: i32) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let [_, parent, _] = fields(&stat)?;
    Some(String::from_utf8_lossy(parent).into_owned())
}

fn living_in(stat: &[u8], group: &str) -> bool {
    fields(stat).is_some_and(|[state, _, of]| of == group.as_bytes() && !is_over(state))
}

fn is_over(state: &[u8]) -> bool {
    matches!(state, b"Z" | b"X")
}

/// State, parent and group out of `PID (NAME) STATE PARENT GROUP ...`, where the name may hold anything.
fn fields(stat: &[u8]) -> Option<[&[u8]; 3]> {
    let name_end = memchr::memrchr(b')', stat)?;
    let mut fields = stat[name_end + 1..].split(|byte| *byte == b' ').skip(1);
    Some([fields.next()?, fields.next()?, fields.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_in_its_group_unless_it_is_a_zombie() {
        assert!(living_in(b"7 (a) b) c) S 1 42 42 0 -1", "42"));
        assert!(!living_in(b"7 (x) Z 1 42 42 0 -1", "42"));
        assert!(!living_in(b"42 (x) S 1 7 42 0 -1", "42"));
        assert!(!living_in(b"", "42"));
    }
}
