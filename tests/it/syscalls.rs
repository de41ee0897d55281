//! Kills by SIGKILL at system calls, by strace: what the fault points miss, such as the locks and temporary files of libgit2.
//! `MIGRATE_FULL=1` tries every call, else a spread of them. Skipped where strace is not there or not permitted.

use std::process::Command;

use crate::crash::{full, short_run, side_by_side};
use crate::support::{MIGRATE, Repo};

/// The calls by which something of a run can be left half done.
const CALLS: &str =
    "?rename,?renameat,renameat2,?link,linkat,?unlink,unlinkat,fsync,fdatasync,write,ftruncate,fchmod,?mkdir,mkdirat";

/// The tool under strace, killed when it makes the `nth` of the calls. Its children are not traced.
fn killed_at_call(repo: &Repo, nth: usize) -> Command {
    let mut command = repo.command("strace");
    command.args(["-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e"]);
    command.arg(format!("inject={CALLS}:signal=KILL:when={nth}")).args([MIGRATE, "run"]);
    command
}

fn strace_works() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "-e", "trace=none", "true"]).output();
    traced.is_ok_and(|output| output.status.success())
}

#[test]
fn a_run_killed_at_any_system_call_that_writes_ends_like_an_unbroken_one() {
    if !strace_works() {
        println!("skipped: strace is not installed or may not trace here");
        return;
    }
    let scenario = short_run();
    let traced = scenario.template.copy();
    let log = traced.home().join("calls");
    let mut command = traced.command("strace");
    command.arg("-o").arg(&log).args(["-e", &format!("trace={CALLS}"), MIGRATE, "run"]);
    assert!(!scenario.was_killed(&mut command));
    let calls = std::fs::read_to_string(log).unwrap().lines().filter(|line| line.contains('(')).count();
    let all: Vec<usize> = (1..=calls).filter(|nth| full() || nth % 9 == 4).collect();
    assert!(all.len() > 5, "a run makes only {calls} calls");
    side_by_side(&all, |nth| {
        let (repo, at) = (scenario.template.copy(), format!("call {nth}"));
        if scenario.was_killed(&mut killed_at_call(&repo, nth)) {
            scenario.is_legal(&repo, &at);
        }
        scenario.ends_as_whole(&repo, &at);
    });
}
