//! How the commands of a unit are run: once, or once for each of its files.

use crate::path::RepoPath;
use crate::plan::glob;
use crate::plan::{Command, Plan, Target};
use crate::unit_id::UnitId;
use crate::units::{Member, Unit};

/// A command of the plan, to be run once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The command.
    pub command: Command,
    /// The one file that it is about; `None` for a group as a whole, and for a gate.
    pub file: Option<RepoPath>,
    /// All files that it is about, which are there when it runs; none for a gate.
    pub files: Vec<RepoPath>,
    /// What a person calls it, where the plan does not say its text.
    pub label: Option<&'static str>,
    /// The one unit that it is about, where several are judged together.
    pub unit: Option<UnitId>,
}

impl Call {
    /// Commands that are about no file.
    #[must_use]
    pub fn of_phase(commands: &[Command]) -> Vec<Self> {
        let call = |command: &Command| Self { command: command.clone(), file: None, files: Vec::new(), label: None, unit: None };
        commands.iter().map(call).collect()
    }

    /// A command that is about one file.
    #[must_use]
    pub fn of_file(command: &Command, file: &RepoPath) -> Self {
        Self { command: command.clone(), file: Some(file.clone()), files: vec![file.clone()], label: None, unit: None }
    }
}

/// The commands that `of` names for `files`, which are those of one unit. A command that names its file is run for every file whose
/// entry has it, any other once: for a single file it is about that file all the same, unless it takes all files at once. None is
/// about a file that goes or that it is not for, and one that says which files it is for is not run without any.
#[must_use]
pub fn calls(plan: &Plan, files: &[Member], of: impl for<'t> Fn(&'t Target) -> &'t [Command]) -> Vec<Call> {
    let mut found: Vec<Call> = Vec::new();
    let mut seen: Vec<&Command> = Vec::new();
    for file in files {
        for command in of(plan.target(file)) {
            if files.len() > 1 && seen.contains(&command) {
                continue;
            }
            seen.push(command);
            let is_there = |file: &&Member| !plan.role(file).goes();
            let takes = takes(command);
            let theirs = files.iter().filter(is_there).filter(|other| of(plan.target(other)).contains(command));
            let theirs: Vec<RepoPath> = theirs.map(|other| &other.path).filter(|path| takes(path)).cloned().collect();
            if theirs.is_empty() && !command.only.is_empty() {
                continue;
            }
            if command.run.names_file() {
                found.extend(theirs.iter().map(|file| Call::of_file(command, file)));
            } else if !command.run.names_files() || !theirs.is_empty() {
                let file = theirs.first().filter(|_| files.len() == 1 && !command.run.names_files()).cloned();
                found.extend(parted(theirs, command).map(|files| Call {
                    command: command.clone(),
                    file: file.clone(),
                    files,
                    label: None,
                    unit: None,
                }));
            }
        }
    }
    found
}

/// The same for several units that are judged together: a command that names its unit is run for each of them, and one that names its
/// file is about that file's unit.
#[must_use]
pub fn calls_of_batch(plan: &Plan, units: &[&Unit], of: impl for<'t> Fn(&'t Target) -> &'t [Command]) -> Vec<Call> {
    if let [unit] = units {
        return calls(plan, &unit.files, of);
    }
    let files: Vec<Member> = units.iter().flat_map(|unit| &unit.files).cloned().collect();
    let mut found: Vec<Call> = Vec::new();
    for call in calls(plan, &files, &of) {
        let run = &call.command.run;
        if run.names_unit() {
            if !found.iter().any(|other| other.command == call.command) {
                found.extend(units.iter().flat_map(|unit| {
                    let own = calls(plan, &unit.files, &of).into_iter().filter(|own| own.command == call.command);
                    own.map(|own| Call { unit: Some(unit.id.clone()), ..own })
                }));
            }
            continue;
        }
        let unit = call.file.as_ref().and_then(|file| units.iter().find(|unit| unit.holds(file)));
        found.push(Call { unit: unit.map(|unit| unit.id.clone()), ..call });
    }
    found
}

/// So many bytes of file names are put into one command: the system takes 128 KiB as one argument, and quotes and the command itself
/// want room.
const MOST_NAMES: usize = 64 << 10;

/// The files of a command, in as many parts as it has to be run for them.
fn parted(files: Vec<RepoPath>, command: &Command) -> impl Iterator<Item = Vec<RepoPath>> {
    let mut parts: Vec<Vec<RepoPath>> = vec![Vec::new()];
    let mut bytes = 0;
    for file in files {
        bytes += file.as_bytes().len() + 3;
        if command.run.names_files() && bytes > MOST_NAMES && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(Vec::new());
            bytes = file.as_bytes().len() + 3;
        }
        parts.last_mut().into_iter().for_each(|part| part.push(file.clone()));
    }
    parts.into_iter()
}

/// Which files a command is for.
fn takes(command: &Command) -> impl Fn(&RepoPath) -> bool + use<> {
    let every = command.only.is_empty();
    // Patterns that no matcher can be made of, which a checked plan has none of, leave no file unjudged.
    let set = glob::matcher(&command.only).ok();
    move |path| every || set.as_ref().is_none_or(|set| set.is_match(path.as_path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;

    /// The calls of the validation of the first phase's files, each as `RUN: FILE | FILES`.
    fn shown(validate: &str, entries: &[&str]) -> Vec<String> {
        let entries: String = entries.iter().map(|entry| format!("      - {entry}\n")).collect();
        let text = format!(
            "version: 1\nname: x\nissue: y\nrules: {{ r: {{ command: c }} }}\nphases:\n  - id: P0\n    validate: [{validate}]\n    files:\n{entries}"
        );
        let plan = parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        let targets = plan.phases[0].targets.iter().enumerate();
        let members: Vec<Member> = targets
            .flat_map(|(target, of)| {
                let crate::plan::Files::Paths(paths) = &of.files else { panic!("only paths here") };
                let moved = of.moved().map(|(_, to)| to.clone());
                paths.iter().cloned().chain(moved).map(move |path| Member { phase: 0, target, path }).collect::<Vec<_>>()
            })
            .collect();
        let of_call = |Call { command, file, files, .. }: Call| {
            let files: Vec<String> = files.iter().map(ToString::to_string).collect();
            let file = file.map_or_else(|| "-".to_owned(), |file| file.to_string());
            format!("{}: {file} | {}", command.run.texts().join(" "), files.join(" "))
        };
        calls(&plan, &members, |target| &target.validate).into_iter().map(of_call).collect()
    }

    #[test]
    fn a_command_is_run_once_or_for_each_of_the_files_that_are_there() {
        const GROUP: [&str; 2] = ["{ group: g, paths: [a.py, b/c.txt] }", "{ group: g, path: d.py, delete: true }"];
        const MOVE: [&str; 2] = ["{ group: g, path: a.py, move_to: b.py }", "{ group: g, path: c.py }"];
        const OWN: [&str; 2] = ["{ group: g, path: a.py, validate: [own, \"own {files}\"] }", "{ group: g, path: b.py }"];
        for (validate, entries, expected) in [
            ("x", &["a.py"][..], &["x: a.py | a.py"][..]),
            ("\"x {file}\"", &["a.py"], &["x {file}: a.py | a.py"]),
            ("\"x {files}\"", &["a.py"], &["x {files}: - | a.py"]),
            ("\"x {{files}}\"", &["a.py"], &["x {{files}}: a.py | a.py"]),
            ("x, x", &["a.py"], &["x: a.py | a.py", "x: a.py | a.py"]),
            ("x", &["{ path: a.py, delete: true }"], &["x: - | "]),
            ("\"x {file}\", \"x {files}\"", &["{ path: a.py, delete: true }"], &[]),
            ("x, x", &GROUP, &["x: - | a.py b/c.txt"]),
            ("\"x {file}\"", &GROUP, &["x {file}: a.py | a.py", "x {file}: b/c.txt | b/c.txt"]),
            ("\"x $MIGRATE_FILE\"", &GROUP, &["x $MIGRATE_FILE: a.py | a.py", "x $MIGRATE_FILE: b/c.txt | b/c.txt"]),
            ("\"x {files}\", [y, \"{files}\"]", &GROUP, &["x {files}: - | a.py b/c.txt", "y {files}: - | a.py b/c.txt"]),
            ("\"x {files}\"", &MOVE, &["x {files}: - | b.py c.py"]),
            ("{ run: x, only: \"*.py\" }", &["a.py"], &["x: a.py | a.py"]),
            ("{ run: x, only: \"*.txt\" }", &["a.py"], &[]),
            ("{ run: x, only: \"*\" }", &["{ path: a.py, delete: true }"], &[]),
            ("{ run: x, only: \"*.py\" }", &GROUP, &["x: - | a.py"]),
            ("{ run: x, only: \"**/*.py\" }, { run: x, only: \"*.txt\" }", &GROUP, &["x: - | a.py"]),
            ("{ run: \"x {file}\", only: [\"b/*\", \"d*\"] }", &GROUP, &["x {file}: b/c.txt | b/c.txt"]),
            ("{ run: \"x {files}\", only: [\"b/*\", \"a*\"] }", &GROUP, &["x {files}: - | a.py b/c.txt"]),
            ("{ run: \"x {files}\", only: \"d*\" }", &GROUP, &[]),
            ("{ run: \"x {files}\", only: \"a.py\" }", &MOVE, &[]),
            ("x", &OWN, &["x: - | a.py b.py", "own: - | a.py", "own {files}: - | a.py"]),
        ] {
            assert_eq!(shown(validate, entries), expected, "{validate} {entries:?}");
        }
    }
}
