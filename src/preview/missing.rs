//! Commands of a plan whose program or script is not there, found without starting any.
//!
//! Only what is sure counts: of a text for the shell the plain words at its beginning are looked at, and only where nothing but `&&`
//! joins its commands. A file that git ignores may be made by another command first.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::interpreter;
use crate::plan::diagnostics::Problem;
use crate::plan::source::Span;
use crate::plan::{Builtin, Command, Metric, Plan, RuleKind, Run};
use crate::repo::Repo;

/// What `sh` itself does.
const BUILTINS: [&str; 59] = [
    ".", ":", "[", "alias", "bg", "break", "builtin", "caller", "case", "cd", "command", "continue", "declare", "dirs", "do",
    "done", "echo", "elif", "else", "enable", "esac", "eval", "exec", "exit", "export", "false", "fc", "fg", "fi", "for",
    "function", "getopts", "hash", "if", "jobs", "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "set",
    "shift", "source", "test", "then", "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset",
    "wait",
];
/// The keywords that begin a loop: what follows them is looked at as little.
const LOOPS: [&str; 3] = ["select", "until", "while"];
/// Programs whose first argument, unless it is an option, is a script.
const INTERPRETERS: [&str; 9] = ["bash", "dash", "ksh", "node", "perl", "pypy", "python", "ruby", "sh"];

/// A problem for each command that cannot be started, at its place in the plan.
#[must_use]
pub fn missing(repo: &Repo, plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, command) in commands(plan) {
        let words = plain_words(&command.run);
        let Some(program) = words.first() else { continue };
        let is_shell = matches!(command.run, Run::Shell(_));
        if is_shell && (BUILTINS.contains(program) || LOOPS.contains(program) || program.contains('=')) {
            continue;
        }
        if !can_be_started(repo.top(), program) && !is_ignored(repo, program) {
            let help = "correct the command, or install what it needs";
            problems.push(Problem::at(place, format!("the command's program `{program}` is not there, or not executable"), help));
        } else if let Some(script) =
            script(&words).filter(|script| !repo.top().join(script).exists() && !is_ignored(repo, script))
        {
            let help = "correct the path: commands run at the top of the repository";
            problems.push(Problem::at(place, format!("the command's script `{script}` is not there"), help));
        }
    }
    problems
}

/// A warning for the first command that would leave undecided what it is to judge, since no interpreter can be asked.
#[must_use]
pub fn undecided(repo: &Repo, plan: &Plan) -> Vec<Problem> {
    let imports = commands(plan).into_iter().find(|(_, command)| command.run.builtin() == Some(Builtin::Imports));
    let Some((place, _)) = imports else { return Vec::new() };
    let Err(why) = interpreter::ask(repo.top()) else { return Vec::new() };
    let help = "install Python, or activate the project's environment; what the tree itself lacks is found all the same";
    vec![Problem::warning(place, format!("imports from outside the tree stay undecided: {why}"), help)]
}

/// Every command that a run may start, once.
fn commands(plan: &Plan) -> BTreeMap<Span, &Command> {
    let targets = || plan.phases.iter().flat_map(|phase| &phase.targets);
    let codemods = targets().flat_map(|target| &target.rules).filter_map(|rule| match &plan.rules[*rule].kind {
        RuleKind::Command(command) => Some(command),
        RuleKind::Rename(_) | RuleKind::Rewrite(_) => None,
    });
    let judges = targets().flat_map(|target| target.validate.iter().chain(&target.verify));
    let gates = plan.phases.iter().flat_map(|phase| &phase.gate);
    let recoveries = plan.phases.iter().filter_map(|phase| phase.after_rollback.as_ref()).flat_map(|after| &after.run);
    let measures = plan.metrics.iter().filter_map(Metric::command);
    let all = codemods.chain(judges).chain(gates).chain(recoveries).chain(measures);
    all.map(|command| (command.place, command)).collect()
}

/// The words at the beginning of a command that stand for themselves.
fn plain_words(run: &Run) -> Vec<&str> {
    let words: Vec<&str> = match run {
        Run::Argv(words) => words.iter().map(String::as_str).collect(),
        Run::Builtin(_) => Vec::new(),
        Run::Shell(text) => {
            let alone = text.replace("&&", "");
            if alone.contains([';', '|', '&', '\n', '(']) {
                return Vec::new();
            }
            text.split("&&").next().unwrap_or(text).split_ascii_whitespace().collect()
        }
    };
    let is_plain = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_./:+@%,=-".contains(c));
    words.into_iter().take_while(is_plain).collect()
}

/// The script among the words of a command.
fn script<'w>(words: &[&'w str]) -> Option<&'w str> {
    let program = words.first()?.rsplit('/').next()?;
    let name = program.trim_end_matches(|c: char| c == '.' || c.is_ascii_digit());
    let script = words.get(1).filter(|word| !word.starts_with('-'))?;
    // A name without a slash may be one that a shell looks up on PATH.
    let is_path = script.contains('/') || script.ends_with(".py");
    (INTERPRETERS.contains(&name) && is_path).then_some(script)
}

/// True when the program is found as the system would find it from `top`.
fn can_be_started(top: &Path, program: &str) -> bool {
    let is_executable = |path: &Path| path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return is_executable(&top.join(program));
    }
    match std::env::var_os("PATH") {
        Some(path) => std::env::split_paths(&path).any(|folder| is_executable(&top.join(folder).join(program))),
        // Then the system has a list of its own.
        None => true,
    }
}

/// True when git ignores the path, or cannot say.
fn is_ignored(repo: &Repo, path: &str) -> bool {
    if !path.contains('/') || path.starts_with('/') {
        return false;
    }
    let args = ["check-ignore", "-q", "--no-index", "--", path].map(OsStr::new);
    repo.git().output(&args).is_ok_and(|output| output.status.code() != Some(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_stand_for_themselves_are_looked_at() {
        for (text, want) in [
            ("python3 scripts/x.py {file}", &["python3", "scripts/x.py"][..]),
            ("make test && nothing else", &["make", "test"]),
            ("x \"$(y)\" z", &[]),
            ("x 'a b' c", &["x"]),
            ("$PYTHON x.py", &[]),
            ("{file}", &[]),
            ("pytest {files} --junitxml={report}", &["pytest"]),
            ("pytest --junitxml={report} tests", &["pytest"]),
            ("python3 {files}", &["python3"]),
            ("{files}", &[]),
            ("a || b", &[]),
            ("a | b", &[]),
            ("a; b", &[]),
            ("a\nb", &[]),
            ("a > b", &["a"]),
            ("", &[]),
        ] {
            assert_eq!(plain_words(&Run::Shell(text.into())), want, "{text}");
        }
        for field in ["{file}", "{files}", "--out={report}"] {
            assert_eq!(plain_words(&Run::Argv(vec!["x".into(), field.into(), "y".into()])), ["x"]);
        }
    }

    #[test]
    fn a_script_is_the_first_argument_of_an_interpreter() {
        for (words, want) in [
            (&["python3", "scripts/x.py"][..], Some("scripts/x.py")),
            (&["/usr/bin/python3.12", "x.py", "-v"], Some("x.py")),
            (&["python3", "-m", "x/y"], None),
            (&["python3", "-u", "x.py"], None),
            (&["sh", "run.sh"], None),
            (&["sh", "./run.sh"], Some("./run.sh")),
            (&["pytest", "tests/x.py"], None),
            (&["python3"], None),
            (&[], None),
        ] {
            assert_eq!(script(words), want, "{words:?}");
        }
    }
}
