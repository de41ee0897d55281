//! What a command started that left its group and lost its parent: it becomes a child of this process, which ends it.
//!
//! A system gives such processes to the nearest ancestor that asks for them, wherever they hid: in a session of their own, or without
//! their environment. So what becomes a child of this process while it runs a command, and was not started by it, is the command's.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpgid, getpgrp, kill_process, waitpid};

use crate::command::group::{is_living, parent_of};

/// How long killed processes may take to be gone; only one stuck inside the kernel takes longer.
const GIVE_UP: Duration = Duration::from_secs(5);

/// The pause between two looks at processes that are going.
const PAUSE: Duration = Duration::from_millis(1);

/// This process while it takes up what loses its parent.
#[derive(Debug)]
pub(super) struct Orphanage {
    /// Its children from before.
    before: Vec<Pid>,
}

impl Orphanage {
    /// Opens it; what loses its parent before that, or once it is dropped, is not taken up.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn open() -> io::Result<Self> {
        let before = children().collect();
        take_up(true)?;
        Ok(Self { before })
    }

    /// Ends what was taken up, and what that leaves in turn. True when one was alive that was not of this `group`, whose members have
    /// been told to end.
    pub(super) fn close(self, group: Pid) -> bool {
        let (since, mut seen, mut living) = (Instant::now(), Vec::new(), false);
        loop {
            let orphans: Vec<Pid> = children().filter(|child| self.is_orphan(*child)).collect();
            if orphans.is_empty() || since.elapsed() >= GIVE_UP {
                return living || !orphans.is_empty();
            }
            for orphan in orphans {
                if !seen.contains(&orphan) {
                    seen.push(orphan);
                    living |= is_living(orphan) && getpgid(Some(orphan)) != Ok(group);
                }
                // Nobody else waits for it, so its number is its own until it is reaped here. One that became another user's cannot
                // be ended: it is told as left behind.
                let (Ok(()) | Err(_)) = kill_process(orphan, Signal::KILL);
                let (Ok(_) | Err(_)) = waitpid(Some(orphan), WaitOptions::NOHANG);
            }
            thread::sleep(PAUSE);
        }
    }

    /// True for a child that came since and that no other thread of this process started, which would be of its group.
    fn is_orphan(&self, child: Pid) -> bool {
        !self.before.contains(&child) && getpgid(Some(child)) != Ok(getpgrp())
    }
}

impl Drop for Orphanage {
    fn drop(&mut self) {
        // Then it stays as it is: what other programs of ours leave is taken up too, and left alone.
        let (Ok(()) | Err(_)) = take_up(false);
    }
}

#[cfg(target_os = "linux")]
fn take_up(orphans: bool) -> io::Result<()> {
    let own = orphans.then(rustix::process::getpid);
    rustix::process::set_child_subreaper(own).map_err(Into::into)
}

#[cfg(not(target_os = "linux"))]
fn take_up(_orphans: bool) -> io::Result<()> {
    Ok(())
}

/// The children of this process, those included that have ended and were not reaped.
fn children() -> impl Iterator<Item = Pid> {
    let texts = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let texts: Option<Vec<String>> = texts.map(|thread| std::fs::read_to_string(thread.path().join("children")).ok()).collect();
    let numbers = |text: &str| text.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<i32>>();
    let numbers = match texts {
        Some(texts) => texts.iter().flat_map(|text| numbers(text)).collect(),
        // A kernel that is built without these lists, or a thread that has just ended.
        None => children_by_looking(),
    };
    numbers.into_iter().filter_map(Pid::from_raw)
}

fn children_by_looking() -> Vec<i32> {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|number| parent_of(*number).is_some_and(|parent| parent == own)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_by_the_lists_and_by_looking() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let number = Pid::from_child(&child);
        assert!(children().any(|child| child == number));
        assert!(children_by_looking().contains(&number.as_raw_nonzero().get()));
        assert!(is_living(number));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_living(number) && !children_by_looking().contains(&number.as_raw_nonzero().get()));
    }
}
