//! The peak memory of a process.
//!
//! The kernel keeps the peak (`VmHWM`); it is read every millisecond until the process ends, so it may lack the last millisecond's
//! growth and nothing else. Linux only.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Wall time and peak resident memory, in millions of bytes, of a command that must succeed.
pub fn watched(command: &mut Command) -> (Duration, f64) {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program is on PATH");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("a child that was started") {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
        peak = peak.max(kib.unwrap_or(0.0) * 1024.0 / 1e6);
        std::thread::sleep(Duration::from_millis(1));
    };
    let taken = started.elapsed();
    assert!(ended.success(), "{command:?}");
    (taken, peak)
}
