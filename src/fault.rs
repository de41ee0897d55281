//! Named places in the write protocol at which a test may end the process as `kill -9` would.
//!
//! Compiled into debug builds only. `MIGRATE_KILL_AT=N` kills at the Nth place reached, `MIGRATE_FAULT_TRACE=FILE` appends the name
//! of each place reached, so that a test can loop over N = 1.. until a run is untouched. `MIGRATE_MEDDLE=COMMAND` lets a shell run
//! the command to its end, at the Nth place if `MIGRATE_MEDDLE_AT=N` says so, else at each. A release build has none of this.

/// Says that the process has come to the place `name`.
#[cfg(debug_assertions)]
pub fn point(name: &'static str) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static REACHED: AtomicUsize = AtomicUsize::new(0);

    let reached = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(trace) = std::env::var_os("MIGRATE_FAULT_TRACE") {
        use std::io::Write;
        let line = format!("{reached} {name}\n");
        let written = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(trace)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok(), "the fault trace cannot be written: {written:?}");
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(command) = std::env::var_os("MIGRATE_MEDDLE")
        && number("MIGRATE_MEDDLE_AT").is_none_or(|at: usize| at == reached)
    {
        let meddled = std::process::Command::new("sh").arg("-c").arg(command).status();
        assert!(meddled.is_ok(), "nobody can meddle: {meddled:?}");
    }
    let kill_at = number("MIGRATE_KILL_AT");
    if kill_at == Some(reached) {
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        assert!(killed.is_ok(), "the process cannot kill itself: {killed:?}");
    }
}

/// Says that the process has come to the place `name`: nothing in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: &'static str) {}
