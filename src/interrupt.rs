//! Signals that ask the tool to end: counted here, acted upon by whoever polls, at the next safe place.
//!
//! Nothing ends by itself on a signal: a step is finished or taken back first, and `main` then dies by the same signal. The
//! counters are atomics filled by one thread. A SIGHUP that was ignored when the tool started stays ignored: that is what `nohup`
//! is for. SIGPIPE is left as Rust has it: ignored, so that writing to a closed pipe is an error like any other.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;

use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// Who answers a question by yes or no; a signal is a no.
pub type Ask = fn(&str, &Interrupt) -> bool;

/// The signals that ask for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` sends.
    Terminate,
    /// The terminal went away.
    HangUp,
    /// Ctrl-\.
    Quit,
}

impl Signal {
    const ALL: [Self; 4] = [Self::Interrupt, Self::Terminate, Self::HangUp, Self::Quit];

    /// The system's number for it.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
            Self::Quit => SIGQUIT,
        }
    }

    fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.number() == number)
    }
}

impl fmt::Display for Signal {
    /// Writes its name, such as `SIGINT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
            Self::Quit => "SIGQUIT",
        })
    }
}

/// A handle on the count of signals; cheap to clone and to poll.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    first: AtomicI32,
    count: AtomicUsize,
    /// What reaches these too.
    above: Option<Interrupt>,
}

impl Interrupt {
    /// Takes over SIGINT, SIGTERM, SIGHUP and SIGQUIT for the rest of the process's life.
    ///
    /// # Errors
    /// What the system says when a handler or the thread that counts cannot be set up.
    pub fn install() -> io::Result<Self> {
        let interrupt = Self::none();
        let under_nohup = ignored_at_start() & bit(SIGHUP) != 0;
        let wanted = Signal::ALL.map(Signal::number).into_iter().filter(|number| *number != SIGHUP || !under_nohup);
        let mut signals = Signals::new(wanted)?;
        let counters = interrupt.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever().filter_map(Signal::from_number) {
                counters.raise(signal);
            }
        })?;
        Ok(interrupt)
    }

    /// A handle that no signal reaches, for use as a library: the process's signals stay its owner's.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// A handle of its own that what reaches this one reaches too, and not the other way round.
    #[must_use]
    pub fn below(&self) -> Self {
        Self(Arc::new(Counters { above: Some(self.clone()), ..Counters::default() }))
    }

    /// Counts `signal` as if it had arrived.
    pub fn raise(&self, signal: Signal) {
        // The first one stays: it is the one to die by. Ignoring the failed exchange is the point.
        let (Ok(_) | Err(_)) = self.0.first.compare_exchange(0, signal.number(), Ordering::Relaxed, Ordering::Relaxed);
        self.0.count.fetch_add(1, Ordering::Release);
    }

    /// The first signal that arrived.
    #[must_use]
    pub fn pending(&self) -> Option<Signal> {
        let above = self.0.above.as_ref().and_then(Self::pending);
        above.or_else(|| match self.0.count.load(Ordering::Acquire) {
            0 => None,
            _ => Signal::from_number(self.0.first.load(Ordering::Relaxed)),
        })
    }

    /// How many signals arrived; the same one twice within an instant may count once.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::Acquire) + self.0.above.as_ref().map_or(0, Self::count)
    }
}

/// Ends the process the way `signal` would have, so that whoever started it sees the true cause. For the end of `main` alone.
pub fn die_by(signal: Signal) -> ! {
    // It returns only for signals that do not end a process, of which there are none here.
    match signal_hook::low_level::emulate_default_handler(signal.number()) {
        Ok(()) | Err(_) => std::process::abort(),
    }
}

/// Makes the signals that ask for an end do nothing to this process, for one that ends when what it waits for does. No thread is
/// started. Programs started from now on get them as this process did before.
///
/// # Errors
/// What the system says when a handler cannot be set up.
pub fn withstand() -> io::Result<()> {
    let ignored = ignored_at_start();
    for number in Signal::ALL.map(Signal::number).into_iter().filter(|number| ignored & bit(*number) == 0) {
        signal_hook::flag::register(number, Arc::default())?;
    }
    Ok(())
}

fn bit(number: i32) -> u64 {
    1 << (number - 1)
}

/// A [`bit`] per signal that was ignored when the process started. Where there is no `/proc`, none.
fn ignored_at_start() -> u64 {
    // Not being able to tell is the same as not being under `nohup`.
    std::fs::read_to_string("/proc/self/status").map_or(0, |status| ignored_in(&status))
}

fn ignored_in(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// The body of a process that the tests below start: it waits for signals and dies by the first.
    #[test]
    fn body_of_a_process_that_waits_for_signals() {
        if std::env::var_os("MIGRATE_TEST_BODY").is_none() {
            // A test starts this one as a process of its own.
            return;
        }
        let interrupt = Interrupt::install().unwrap();
        println!("ready");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if let Some(signal) = interrupt.pending() {
                die_by(signal);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts the body above by way of a script's `before`, sends it `signals` once it is ready, and says by which it died.
    fn dies_of(before: &str, signals: &[i32]) -> Option<i32> {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$0\" --exact \"$1\" --nocapture")])
            .env("MIGRATE_TEST_BODY", "1")
            .arg(std::env::current_exe().unwrap())
            .arg("interrupt::tests::body_of_a_process_that_waits_for_signals")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !lines.next().unwrap().unwrap().ends_with("ready") {}
        for signal in signals {
            let status = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
            assert!(status.success());
            thread::sleep(Duration::from_millis(30));
        }
        child.wait().unwrap().signal()
    }

    #[test]
    fn a_process_dies_by_the_signal_that_it_got() {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            assert_eq!(dies_of("", &[signal]), Some(signal));
        }
    }

    #[test]
    fn a_hang_up_ignored_from_the_start_stays_ignored() {
        assert_eq!(dies_of("trap '' HUP;", &[SIGHUP, SIGTERM]), Some(SIGTERM));
    }

    #[test]
    fn the_first_signal_stays_and_all_are_counted() {
        let interrupt = Interrupt::none();
        assert_eq!((interrupt.pending(), interrupt.count()), (None, 0));
        let other = interrupt.clone();
        other.raise(Signal::Terminate);
        other.raise(Signal::Interrupt);
        assert_eq!((interrupt.pending(), interrupt.count()), (Some(Signal::Terminate), 2));
    }

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert_eq!(ignored_in("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), 0x1001);
        assert_eq!(ignored_in("nothing of the kind"), 0);
    }
}
