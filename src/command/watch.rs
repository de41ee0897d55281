//! Watches one running command: its output, its end, the clock and the signals, in one loop that never waits for long.

use std::io::{self, PipeReader, Read};
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::command::group::Group;
use crate::command::orphans::Orphanage;
use crate::command::output::Output;
use crate::command::{Invocation, Outcome};
use crate::interrupt::Interrupt;

/// How long output is awaited from processes that outlived the command and left its group.
const DRAIN: Duration = Duration::from_millis(250);

/// How long a killed command may take to be gone; only one stuck inside the kernel takes longer.
const GIVE_UP: Duration = Duration::from_secs(5);

/// The longest pause between two looks at signals and clock.
const SLICE: Duration = Duration::from_millis(20);

/// What went wrong while watching.
pub(super) enum Problem {
    /// The log could not be written.
    Log(io::Error),
    /// The system refused to tell.
    Watch(io::Error),
}

/// One command being watched.
pub(super) struct Watch<'a> {
    pub(super) invocation: &'a Invocation<'a>,
    pub(super) interrupt: &'a Interrupt,
    pub(super) group: &'a Group,
    pub(super) pipe: Option<PipeReader>,
    pub(super) output: &'a mut Output,
    /// What takes up processes that leave the group, where they are to be ended.
    pub(super) orphanage: Option<Orphanage>,
}

/// A command being ended.
struct Stop {
    why: Outcome,
    since: Instant,
    signals_seen: usize,
    killed: Option<Instant>,
}

/// How the leader's life ended.
enum Ending {
    /// It exited; why it was told to, if it was.
    Exited(Option<Outcome>),
    /// Not even SIGKILL ended it.
    Stuck(Outcome),
}

/// Why it was ended, or else the status with which it ended by itself.
pub(super) type End = Result<Outcome, ExitStatus>;

impl Watch<'_> {
    /// Watches until the leader is gone, the group is swept and the pipe is closed. True when something was left behind.
    pub(super) fn run(mut self, started: Instant) -> Result<(End, bool), Problem> {
        let stopped = match self.until_leader_exits(started) {
            Ok(Ending::Exited(stopped)) => stopped,
            Ok(Ending::Stuck(why)) => return Ok((Ok(why), true)),
            Err(problem) => {
                self.group.kill();
                self.end_orphans();
                return Err(problem);
            }
        };
        let (status, members_left) = self.group.sweep().map_err(Problem::Watch)?;
        let orphans_left = self.end_orphans();
        let swept = Instant::now();
        while self.pipe.is_some() && swept.elapsed() < DRAIN {
            self.read(DRAIN.saturating_sub(swept.elapsed()))?;
        }
        let pipe_held = self.pipe.is_some();
        Ok(match stopped {
            // Members of a group that was just told to end are no leak.
            Some(why) => (Ok(why), orphans_left || pipe_held),
            None => (Err(status), members_left || orphans_left || pipe_held),
        })
    }

    /// Ends what left the group and lost its parent. True when there was something to end.
    fn end_orphans(&mut self) -> bool {
        self.orphanage.take().is_some_and(|orphanage| orphanage.close(self.group.number()))
    }

    /// Reads until the leader has exited, ending it when there is a reason to.
    fn until_leader_exits(&mut self, started: Instant) -> Result<Ending, Problem> {
        let mut stop: Option<Stop> = None;
        let mut pause = Duration::from_micros(100);
        while !self.group.leader_exited().map_err(Problem::Watch)? {
            match &mut stop {
                None => stop = self.reason_to_stop(started),
                Some(stop) => {
                    if self.gave_up(stop) {
                        return Ok(Ending::Stuck(stop.why.clone()));
                    }
                }
            }
            if self.pipe.is_some() {
                self.read(SLICE)?;
            } else {
                thread::sleep(pause);
                pause = (pause * 2).min(SLICE);
            }
        }
        Ok(Ending::Exited(stop.map(|stop| stop.why)))
    }

    /// Asks the group to end when there is a reason to.
    fn reason_to_stop(&self, started: Instant) -> Option<Stop> {
        let signals_seen = self.interrupt.count();
        let why = match self.interrupt.pending() {
            Some(signal) => Outcome::Interrupted(signal),
            None if started.elapsed() >= self.invocation.timeout => Outcome::TimedOut(self.invocation.timeout),
            None => return None,
        };
        self.group.terminate();
        Some(Stop { why, since: Instant::now(), signals_seen, killed: None })
    }

    /// Kills the group when its grace is over or someone is impatient. True when even that did not help.
    fn gave_up(&self, stop: &mut Stop) -> bool {
        match stop.killed {
            Some(at) => at.elapsed() >= GIVE_UP,
            None => {
                if stop.since.elapsed() >= self.invocation.grace || self.interrupt.count() > stop.signals_seen {
                    self.group.kill();
                    stop.killed = Some(Instant::now());
                }
                false
            }
        }
    }

    /// Waits at most `limit` for output and takes one portion of it; closes the pipe at its end.
    fn read(&mut self, limit: Duration) -> Result<(), Problem> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        let limit = Timespec { tv_sec: 0, tv_nsec: limit.min(DRAIN).subsec_nanos().into() };
        match poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&limit)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(Problem::Watch(error.into())),
        }
        let mut buffer = [0; 64 * 1024];
        match pipe.read(&mut buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) => self.output.push(&buffer[..count]).map_err(Problem::Log)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem::Watch(error)),
        }
        Ok(())
    }
}
