//! Migrates a small service from its deprecated WebSocket factory: `cargo run --release --example websocket_migration`.
//!
//! A scratch repository is made of `examples/websocket_service`, and what a person would type is typed there: a plan is checked,
//! a mistake in it is found by verification and reverted, the plan is corrected, a run is killed half-way and resumed, what it deleted
//! at its end is taken back, and one file of a group. Every exit code and all that is left at the end is held to what it must be; the example fails on the first
//! difference. It needs git and python3, and leaves the repository to be looked at.

mod scratch;
mod stage;

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use migrate::plan::command::BUILTIN;
use serde_json::Value;
use stage::{MIGRATE, Stage, Trouble, cannot, must_be};

/// Its edit has the mistake.
const SUPERVISOR: &str = "netra_backend/app/core/supervisor_factory.py";

/// Its edit waits where it need not.
const WAITS: &str = "netra_backend/app/core/interfaces_data.py";

/// The run is killed while this file is validated, with the others of its group, as its first migrated line tells.
const KILLED_AT: &str = "netra_backend/app/agents/synthetic_data_progress_tracker.py";
const KILLED_WHEN: &[u8] = b"import get_websocket_manager\n";

/// The group of that file.
const GROUP: &str = "group:agent-utilities";

/// Rolled back in the end: first what was deleted, then one file of that group.
const RETIRED: &str = "retire-factory";
const FACTORY: &str = "netra_backend/app/websocket_core/websocket_manager_factory.py";
const ROLLED_BACK: &str = "netra_backend/app/agents/example_message_processor.py";

/// How long a run may take to come to the file at which it is killed.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    // Copies of a work tree are entered by the program that makes them.
    let all: Vec<_> = env::args_os().collect();
    if let Some(code) = migrate::copies::child(&all).or_else(|| migrate::measured::child(&all)) {
        return code;
    }
    // What is built in is a command of this very program.
    if all.get(1).is_some_and(|first| first == BUILTIN) {
        return migrate::dispatch::main(all);
    }
    let mut args = env::args_os().skip(1).peekable();
    if args.peek().is_some_and(|first| first == MIGRATE) {
        return migrate::dispatch::main(args);
    }
    match scratch::make().and_then(|stage| tell(&stage)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            // When the stream for errors does not work there is nowhere to say so.
            drop(writeln!(io::stderr(), "\nthe example did not go as it must: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(stage: &Stage) -> Result<(), Trouble> {
    let start = Instant::now();
    stage.say(&format!("A scratch repository of examples/websocket_service, in {}", stage.folder.display()))?;
    stage.run(&["git", "add", "."], 0)?;
    stage.run(&["git", "commit", "-q", "-m", "A chat service, and a plan to migrate it"], 0)?;
    foresee(stage)?;
    fail_and_correct(stage)?;
    let is_back = let_a_number_decide(stage)?;
    kill_and_resume(stage)?;
    roll_back(stage)?;
    look_back(stage, is_back)?;
    stage.title(&format!("All of it went as it must, in {} s", start.elapsed().as_secs()))?;
    let folder = stage.folder.display();
    stage.say("The repository stays until you remove it:\n")?;
    stage.say(&format!("    cd {folder} && git log --stat\n    rm -rf {folder}"))
}

/// What would be done, before anything is.
fn foresee(stage: &Stage) -> Result<(), Trouble> {
    stage.title("What would be done? Nothing is written and no command of the plan is run")?;
    stage.run(&["migrate", "scan"], 0)?;
    stage.run(&["migrate", "test"], 0)?;
    stage.run(&["migrate", "check"], 0)?;
    stage.run_shortened(&["migrate", "run", "--dry-run", "--phase", "1"], 24)?;
    must_be("the number of commits so far", 1, commits(stage)?)
}

/// A mistake that only the service's own tests can find, and the way back from it.
fn fail_and_correct(stage: &Stage) -> Result<(), Trouble> {
    stage.title("Phase 1. The plan forgets the supervisor's user: its verification fails, and the commit is reverted")?;
    stage.run(&["migrate", "run", "--phase", "1"], 1)?;
    stage.say("(exit code 1)")?;
    stage.run(&["git", "log", "--oneline"], 0)?;
    stage.run(&["git", "show", "--no-patch", "HEAD"], 0)?;
    must_be("the number of commits after the revert", 5, commits(stage)?)?;
    must_be("the state of the reverted unit", "rolled-back", state(stage, SUPERVISOR)?)?;
    must_be("the supervisor's changes after the revert", "", stage.ask(&["git", "diff", "HEAD~2", "--", SUPERVISOR])?)?;
    must_be("the work tree after the revert", "", stage.ask(&["git", "status", "--porcelain"])?)?;

    stage.title("The plan is corrected, and the phase goes on: a unit that failed is tried again by a plan that changed")?;
    scratch::correct_plan(stage)?;
    stage.run(&["git", "diff", "--unified=0"], 0)?;
    stage.run(&["git", "commit", "-q", "-a", "-m", "Give the supervisor its user again"], 0)?;
    let said = stage.overhear(&["migrate", "run", "--phase", "P0"], 0)?;
    must_be("that the changed plan is named", true, said.contains("changed since the last run"))?;
    must_be("the state of the unit that failed", "committed", state(stage, SUPERVISOR)?)
}

/// A file that waits where it need not: no test sees it, and the response time does. True when the phase was taken back for it, which needs
/// copies of the work tree: base and tip are measured in turn.
fn let_a_number_decide(stage: &Stage) -> Result<bool, Trouble> {
    if !stage.overhear(&["migrate", "check"], 0)?.contains("commands run in copies") {
        stage.say("No copies of the work tree can be made here, so no time decides anything.")?;
        return Ok(false);
    }
    stage.title(
        "Phase 2. One file waits where it need not. All tests pass; the response time does not, and the phase is taken back",
    )?;
    scratch::slow_plan(stage)?;
    stage.run(&["git", "commit", "-q", "-a", "-m", "Wait for the manager"], 0)?;
    let said = stage.overhear(&["migrate", "run", "--phase", "P1"], 1)?;
    must_be("that the response time is named", true, said.contains("`p95 > baseline + 10%`: rollback-phase"))?;
    must_be("that the recovery was checked", true, said.contains("phase 2 (P1) taken back and checked in"))?;
    stage.run(&["migrate", "status", "--phase", "P1"], 0)?;
    must_be("the state of the file that waits", "rolled-back", state(stage, WAITS)?)?;
    scratch::swift_plan(stage)?;
    stage.run(&["git", "commit", "-q", "-a", "-m", "Wait for nothing"], 0)?;
    must_be("the work tree after it", "", stage.ask(&["git", "status", "--porcelain"])?)?;
    Ok(true)
}

/// `kill -9` at the worst moment: a file is rewritten on disk and not yet committed.
fn kill_and_resume(stage: &Stage) -> Result<(), Trouble> {
    stage.title("The rest of the phases. The run is killed in the middle of a file, and resumed")?;
    let mut run = stage.start(&["migrate", "run"])?;
    let placed = wait_until_placed(stage, &mut run);
    let killed = run.kill().and_then(|()| run.wait()).map_err(cannot("kill the run"))?;
    placed?;
    if io::stderr().is_terminal() {
        // The bar of the killed run is where the cursor is.
        stage.say("")?;
    }
    stage.prompt(&["kill", "-9", &run.id().to_string()])?;
    must_be("the signal that the run died by", "Some(9)", format!("{:?}", killed.signal()))?;
    stage.run(&["git", "status", "--short"], 0)?;
    stage.run(&["migrate", "status"], 0)?;
    must_be("the state of the group that was rewritten", "running", state(stage, GROUP)?)?;

    stage.run(&["migrate", "resume"], 0)?;
    let counts = status(stage)?["counts"].clone();
    must_be("the number of units done", &counts["total"], &counts["done"])?;
    stage.run(&["git", "show", "--summary", "HEAD"], 0)?;
    must_be("that the deprecated module is gone", false, stage.folder.join(FACTORY).exists())?;
    stage.run(&["python3", "scripts/check_architecture_compliance.py"], 0)?;
    must_be("the work tree after the run", "", stage.ask(&["git", "status", "--porcelain"])?)
}

fn wait_until_placed(stage: &Stage, run: &mut Child) -> Result<(), Trouble> {
    let start = Instant::now();
    let path = stage.folder.join(KILLED_AT);
    loop {
        let bytes = fs::read(&path).map_err(cannot(format!("read {KILLED_AT}")))?;
        if bytes.windows(KILLED_WHEN.len()).any(|window| window == KILLED_WHEN) {
            return Ok(());
        }
        let ended = run.try_wait().map_err(cannot("look after the run"))?;
        if let Some(status) = ended {
            return Err(Trouble::Needs(format!("the run must come to {KILLED_AT} and be killed there; it ended with {status}")));
        }
        if start.elapsed() > PATIENCE {
            return Err(Trouble::Needs(format!("the run did not come to {KILLED_AT} in {} s", PATIENCE.as_secs())));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What was deleted comes back, then one file is what it was, and the service is tested as it then is.
fn roll_back(stage: &Stage) -> Result<(), Trouble> {
    stage.title("The last step is taken back: the deprecated module is there again, with its own tests")?;
    stage.run(&["migrate", "rollback", "--group", RETIRED], 0)?;
    must_be("that the deprecated module is back", true, stage.folder.join(FACTORY).exists())?;

    stage.title("One file of a group is rolled back, by a commit of its own; the other stays migrated")?;
    stage.run(&["migrate", "--verbose", "rollback", "--only", ROLLED_BACK], 0)?;
    stage.run(&["git", "show", "--stat", "HEAD"], 0)?;
    must_be("the state of its group", "rolled-back", state(stage, GROUP)?)?;
    let first = stage.ask(&["git", "rev-list", "--max-parents=0", "HEAD"])?;
    must_be("what differs from before the migration", "", stage.ask(&["git", "diff", &first, "--", ROLLED_BACK])?)
}

/// The end: what is there, and whether it is what must be there.
fn look_back(stage: &Stage, is_back: bool) -> Result<(), Trouble> {
    stage.title("What is there now")?;
    stage.run(&["git", "log", "--oneline"], 0)?;
    stage.run(&["migrate", "status"], 0)?;
    stage.run(&["git", "fsck", "--strict"], 0)?;
    stage.run(&["python3", "scripts/check_architecture_compliance.py", "--list"], 0)?;
    test_service(stage)?;
    check_commits(stage, is_back)?;

    // Left is the file that was rolled back.
    let left = stage.ask(&["python3", "scripts/check_architecture_compliance.py"])?;
    must_be("what is left of the deprecated names", "violations: 2 in 1 files", left.lines().last().unwrap_or_default())?;
    stage.run(&["migrate", "scan", "--fail-over", "2"], 0)?;
    must_be("the work tree in the end", "", stage.ask(&["git", "status", "--porcelain"])?)
}

fn test_service(stage: &Stage) -> Result<(), Trouble> {
    stage.prompt(&["git", "ls-files", "*/test_*.py", "|", "xargs", "-n", "1", "python3"])?;
    let tests = stage.ask(&["git", "ls-files", "*/test_*.py"])?;
    for test in tests.lines() {
        stage.ask(&["python3", test])?;
        stage.say(&format!("passed  {test}"))?;
    }
    must_be("the number of test files", 19, tests.lines().count())
}

/// One commit per unit, one for the unit that failed, one revert for it, one for the group that came back, one for the file that was
/// rolled back alone; and, where the second phase was taken back, as many again for its four files, and two for the plan.
fn check_commits(stage: &Stage, is_back: bool) -> Result<(), Trouble> {
    let (again, plans) = if is_back { (4, 2) } else { (0, 0) };
    let subjects = stage.ask(&["git", "log", "--format=%s"])?;
    let of_kind = |start: &str| subjects.lines().filter(|subject| subject.starts_with(start)).count();
    let units = status(stage)?["counts"]["total"].clone();
    must_be("the number of units", 18, units)?;
    must_be("the number of commits of units", 19 + again, of_kind("fix("))?;
    must_be("the number of reverts", 2 + again, of_kind("Revert \"fix("))?;
    must_be("the number of files taken back alone", 1, of_kind("Revert netra_backend/"))?;
    must_be("the number of commits", 19 + 2 + 1 + 2 + 2 * again + plans, subjects.lines().count())?;
    let files = stage.ask(&["git", "log", "--format=", "--name-only", "--grep=^fix("])?;
    must_be("the number of files in the commits of units", 25 + again, files.lines().filter(|line| !line.is_empty()).count())
}

fn commits(stage: &Stage) -> Result<String, Trouble> {
    stage.ask(&["git", "rev-list", "--count", "HEAD"])
}

fn status(stage: &Stage) -> Result<Value, Trouble> {
    let text = stage.ask(&["migrate", "status", "--json"])?;
    serde_json::from_str(&text).map_err(|error| Trouble::Needs(format!("`migrate status --json` must give JSON: {error}")))
}

/// Where a unit stands, as `migrate status` says it.
fn state(stage: &Stage, unit: &str) -> Result<String, Trouble> {
    let table = status(stage)?;
    let phases = table["phases"].as_array().into_iter().flatten();
    let mut rows = phases.filter_map(|phase| phase["rows"].as_array()).flatten();
    let row = rows.find(|row| row["unit"] == unit);
    Ok(row.and_then(|row| row["state"].as_str()).unwrap_or("not a unit").to_owned())
}
