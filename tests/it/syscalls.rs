//! Kills by SIGKILL at system calls, by strace: what the fault points miss, such as the locks and temporary files of libgit2.
//! `MIGRATE_FULL=1` tries every call, else a spread of them. Skipped where strace is not there or not permitted.

use std::process::Command;

use crate::crash::{Scenario, full, short_rollback, short_run, side_by_side};
use crate::errors::strace_works;
use crate::groups::{come_and_go, legal_texts};
use crate::support::{MIGRATE, Repo, plan};

/// The calls by which something of a run can be left half done.
const CALLS: &str =
    "?rename,?renameat,renameat2,?link,linkat,?unlink,unlinkat,fsync,fdatasync,write,ftruncate,fchmod,?mkdir,mkdirat";

/// The tool under strace, killed when it makes the `nth` of the calls. Its children are not traced.
fn killed_at_call(repo: &Repo, args: &[&str], nth: usize) -> Command {
    let mut command = repo.command("strace");
    command.args(["-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e"]);
    command.arg(format!("inject={CALLS}:signal=KILL:when={nth}")).arg(MIGRATE).args(args);
    command
}

#[test_with::executable(strace)]
#[test]
fn a_run_killed_at_any_system_call_that_writes_ends_like_an_unbroken_one() {
    if !strace_works() {
        return;
    }
    survives_calls(&short_run(), |nth| nth % 9 == 4);
}

#[test_with::executable(strace)]
#[test]
fn a_rollback_of_several_units_killed_at_any_system_call_that_writes_ends_like_an_unbroken_one() {
    if !strace_works() {
        return;
    }
    survives_calls(&short_rollback(), |nth| nth % 9 == 5);
}

#[test_with::executable(strace)]
#[test]
fn a_run_of_files_that_come_and_go_killed_at_any_system_call_that_writes_ends_like_an_unbroken_one() {
    if !strace_works() {
        return;
    }
    survives_calls(&Scenario::new(come_and_go(), &["run"], legal_texts()), |nth| nth % 31 == 7);
}

/// Kills a run at each of its calls, or at those of a spread.
fn survives_calls(scenario: &Scenario, is_chosen: impl Fn(usize) -> bool) {
    let traced = scenario.template.copy();
    let log = traced.home().join("calls");
    let mut command = traced.command("strace");
    command.arg("-o").arg(&log).args(["-e", &format!("trace={CALLS}"), MIGRATE]).args(scenario.args);
    assert!(!scenario.was_killed(&mut command));
    let calls = std::fs::read_to_string(log).unwrap().lines().filter(|line| line.contains('(')).count();
    let all: Vec<usize> = (1..=calls).filter(|nth| full() || is_chosen(*nth)).collect();
    assert!(all.len() > 5, "a run makes only {calls} calls");
    side_by_side(&all, |nth| {
        let (repo, at) = (scenario.template.copy(), format!("call {nth}"));
        if scenario.was_killed(&mut killed_at_call(&repo, scenario.args, nth)) {
            scenario.is_legal(&repo, &at);
        }
        scenario.ends_as_whole(&repo, &at);
    });
}

/// The places in a log of strace at which calls that match ended well, in order: a call that others interleave with ends where it is
/// taken up again.
fn ended(log: &str, call: &str, of: &str) -> Vec<usize> {
    let lines: Vec<&str> = log.lines().collect();
    let begun = (0..lines.len()).filter(|at| lines[*at].contains(&format!("{call}(")) && lines[*at].contains(of));
    let end = |at: usize| {
        let process = lines[at].split(' ').next().unwrap();
        let resumed = |later: &usize| lines[*later].starts_with(process) && lines[*later].contains(&format!("{call} resumed"));
        if lines[at].contains("<unfinished") { (at..lines.len()).find(resumed).unwrap() } else { at }
    };
    begun.map(end).filter(|at| lines[*at].ends_with("= 0")).collect()
}

#[test_with::executable(strace)]
#[test]
fn what_replaces_an_index_or_is_the_only_copy_of_an_edit_is_synced_first() {
    if !strace_works() {
        return;
    }
    let scenario = short_run();
    let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n")]);
    let phases = "  - id: P0\n    files: [{ path: a.py, rules: [more] }]\n";
    let killing = "  more: { command: { run: \"printf '# more\\n' >> {file}; kill -9 $PPID\" } }\nphases:";
    repo.write("plans/p.yaml", plan(phases).replace("phases:", killing));
    repo.commit_all("plan");
    assert_eq!(repo.migrate(&["run"]).signal, Some(9));
    assert!(repo.read("a.py").ends_with(b"# more\n"));
    let trace = |repo: &Repo| {
        let log = repo.home().join("calls");
        let mut command = repo.command("strace");
        command.args(["-f", "-y", "-qq", "-e", "trace=fsync,fdatasync,rename,renameat2", "-o"]).arg(&log).args([MIGRATE, "run"]);
        command.output().unwrap();
        std::fs::read_to_string(log).unwrap()
    };
    let log = trace(&repo);
    let kept = ended(&log, "fsync", "/migrate/saved/");
    let folder = ended(&log, "fsync", "/migrate/saved>");
    let replaced = ended(&log, "renameat2", "\"a.py\", RENAME_EXCHANGE");
    assert!(kept[0] < replaced[0] && folder[0] < replaced[0], "{log}");

    let log = trace(&scenario.template.copy());
    let (synced, replaced) = (ended(&log, "fsync", "/migrate/index.new>"), ended(&log, "rename", "/.git/index\")"));
    assert_eq!(replaced.len(), 2, "{log}");
    assert!(synced.len() >= 2 && synced.iter().zip(&replaced).all(|(synced, replaced)| synced < replaced), "{log}");
}
