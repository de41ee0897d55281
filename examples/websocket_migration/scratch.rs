//! The scratch repository: the service of `examples/websocket_service` and its plan, with one mistake in the plan.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stage::{Stage, Trouble, cannot};

/// The plan's place in the repository.
pub const PLAN: &str = "plans/websocket-ssot.yaml";

/// What the plan says, and what it says while it has its mistake: the supervisor's user is forgotten.
const RIGHT: &str = "websocket_manager = await get_websocket_manager(user_context)\n        # Agent creation";
const WRONG: &str = "websocket_manager = await get_websocket_manager()\n        # Agent creation";

/// Variables that name a person, for machines on which git knows none.
const SOMEBODY: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "Example Person"),
    ("GIT_AUTHOR_EMAIL", "person@example.com"),
    ("GIT_COMMITTER_NAME", "Example Person"),
    ("GIT_COMMITTER_EMAIL", "person@example.com"),
];

/// Settings of the scratch repository that no configuration of the user's may overrule: the example must end on every machine.
const SETTINGS: [(&str, &str); 4] =
    [("core.hooksPath", ".git/hooks"), ("core.autocrlf", "false"), ("commit.gpgSign", "false"), ("gc.auto", "0")];

/// Makes the repository in a new temporary folder, which stays.
///
/// # Errors
/// When git or Python is missing, or a file cannot be copied.
pub fn make() -> Result<Stage, Trouble> {
    let folder = tempfile::Builder::new().prefix("websocket-migration-").tempdir().map_err(cannot("make a temporary folder"))?;
    let mut stage = Stage::new(folder.keep())?;
    if !stage.works(&["git", "--version"]) {
        return Err(Trouble::Needs("git is needed on the PATH".to_owned()));
    }
    if !stage.works(&["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 9))"]) {
        return Err(Trouble::Needs("python3 is needed on the PATH, at least 3.9".to_owned()));
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy(&source.join("examples/websocket_service"), &stage.folder)?;
    fs::create_dir(stage.folder.join("plans")).map_err(cannot("make the folder plans"))?;
    let plan = fs::read_to_string(source.join(PLAN)).map_err(cannot(format!("read {PLAN}")))?;
    write_plan(&stage, &replaced_once(&plan, RIGHT, WRONG)?)?;

    stage.ask(&["git", "-c", "init.defaultBranch=main", "init", "-q", "--template="])?;
    for (name, value) in SETTINGS {
        stage.ask(&["git", "config", name, value])?;
    }
    let known = |role| stage.works(&["git", "-c", "user.useConfigOnly=true", "var", role]);
    if !known("GIT_AUTHOR_IDENT") || !known("GIT_COMMITTER_IDENT") {
        for (name, value) in SOMEBODY {
            stage.set(name, value);
        }
    }
    Ok(stage)
}

/// Corrects the mistake in the plan.
///
/// # Errors
/// When it is not there.
pub fn correct_plan(stage: &Stage) -> Result<(), Trouble> {
    let plan = fs::read_to_string(stage.folder.join(PLAN)).map_err(cannot(format!("read {PLAN}")))?;
    write_plan(stage, &replaced_once(&plan, WRONG, RIGHT)?)
}

/// What the plan says of one file, and what it says while it makes that file wait; and what it says of time, and while nobody is asked.
const SWIFT: &str = "manager = await get_websocket_manager(user_context)\n        validate:\n          - run: python3 tests/unit/core/test_interfaces_data.py";
const SLOW: &str = "manager = await get_websocket_manager(user_context)\n              await __import__(\"asyncio\").sleep(0.002)  # until it is ready\n        validate:\n          - run: python3 tests/unit/core/test_interfaces_data.py";
const PAUSES: &str = "\"p95 > baseline + 10%\", do: pause";
const TAKES_BACK: &str = "\"p95 > baseline + 10%\", do: rollback-phase";

/// Makes one file of the plan wait, which no test sees, and lets the response time take its phase back.
///
/// # Errors
/// When the plan does not say what it must.
pub fn slow_plan(stage: &Stage) -> Result<(), Trouble> {
    let plan = fs::read_to_string(stage.folder.join(PLAN)).map_err(cannot(format!("read {PLAN}")))?;
    write_plan(stage, &replaced_once(&replaced_once(&plan, SWIFT, SLOW)?, PAUSES, TAKES_BACK)?)
}

/// Takes that back.
///
/// # Errors
/// When it is not there.
pub fn swift_plan(stage: &Stage) -> Result<(), Trouble> {
    let plan = fs::read_to_string(stage.folder.join(PLAN)).map_err(cannot(format!("read {PLAN}")))?;
    write_plan(stage, &replaced_once(&replaced_once(&plan, SLOW, SWIFT)?, TAKES_BACK, PAUSES)?)
}

fn write_plan(stage: &Stage, text: &str) -> Result<(), Trouble> {
    fs::write(stage.folder.join(PLAN), text).map_err(cannot(format!("write {PLAN}")))
}

fn replaced_once(text: &str, from: &str, to: &str) -> Result<String, Trouble> {
    match text.matches(from).count() {
        1 => Ok(text.replace(from, to)),
        count => Err(Trouble::Needs(format!("{PLAN} must hold `{from}` once, and holds it {count} times"))),
    }
}

/// Copies a folder's files and folders, less what Python left of earlier runs.
fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(from.join(&folder)).map_err(cannot(format!("read {}", from.join(&folder).display())))?;
        for entry in entries {
            let entry = entry.map_err(cannot(format!("read {}", from.join(&folder).display())))?;
            let below = folder.join(entry.file_name());
            if !entry.path().is_dir() {
                fs::copy(entry.path(), to.join(&below)).map_err(cannot(format!("copy {}", below.display())))?;
            } else if entry.file_name() != "__pycache__" {
                fs::create_dir(to.join(&below)).map_err(cannot(format!("make {}", below.display())))?;
                folders.push(below);
            }
        }
    }
    Ok(())
}
