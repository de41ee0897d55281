//! How the commands of a unit are run: once, or once for each of its files.

use crate::path::RepoPath;
use crate::plan::{Command, Plan, Run, Target};
use crate::units::Member;

/// A command of the plan, to be run once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The command.
    pub command: Command,
    /// The file that it is about; `None` for a group as a whole, and for a gate.
    pub file: Option<RepoPath>,
}

impl Call {
    /// Commands that are about no file.
    #[must_use]
    pub fn of_phase(commands: &[Command]) -> Vec<Self> {
        commands.iter().map(|command| Self { command: command.clone(), file: None }).collect()
    }
}

/// The commands that `of` names for `files`, which are those of one unit: for a single file each is about that file; for a group each
/// that names its file is run for every file whose entry has it, and the others once. None is about a file that goes.
#[must_use]
pub fn calls(plan: &Plan, files: &[Member], of: impl for<'t> Fn(&'t Target) -> &'t [Command]) -> Vec<Call> {
    let mut found: Vec<Call> = Vec::new();
    let is_there = |file: &&Member| !plan.role(file).goes();
    for file in files {
        for command in of(plan.target(file)) {
            let call = |file: Option<&Member>| Call { command: command.clone(), file: file.map(|file| file.path.clone()) };
            if files.len() > 1 && found.iter().any(|known| known.command == *command) {
                continue;
            }
            if names_its_file(&command.run) {
                let theirs = files.iter().filter(is_there).filter(|other| of(plan.target(other)).contains(command));
                found.extend(theirs.map(|other| call(Some(other))));
            } else {
                found.push(call(Some(file).filter(|_| files.len() == 1).filter(is_there)));
            }
        }
    }
    found
}

/// True for a command that says which file it is about.
fn names_its_file(run: &Run) -> bool {
    run.texts().iter().any(|text| text.contains("{file}") || text.contains("MIGRATE_FILE"))
}
