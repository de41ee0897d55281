//! Tries commands on the tree as it is, in a copy of it where copies can be made.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::copies::{Copies, Means, TreeFacts};
use crate::init::suites::Suite;
use crate::init::yaml::scalar;
use crate::interrupt::Interrupt;
use crate::judge::{Isolated, Judge, Purpose, Question, Verdict};
use crate::path::RepoPath;
use crate::plan::{Plan, load};
use crate::repo::Repo;
use crate::stop::Stop;
use crate::units::Call;

/// How long a command may take to be of use for judging files one by one.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// So much of a line of its output is told.
const LONGEST: usize = 160;

/// What came of trying a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The command.
    pub suite: Suite,
    /// How it went.
    pub outcome: Outcome,
}

/// How a command went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It passes; what it says of itself, such as `214 tests`, may be empty.
    Works {
        /// How long it took.
        took: Duration,
        /// In words.
        said: String,
    },
    /// It cannot judge, for this reason.
    Fails(String),
    /// It was not tried, for this reason.
    Untried(String),
}

/// Tries commands one after the other; of those that run the project's tests none after the first that works. `tell` hears of each.
///
/// # Errors
/// [`Stop::Interrupted`], and what makes it impossible to start anything.
pub fn attempts(
    repo: &Repo,
    suites: Vec<Suite>,
    files: &[RepoPath],
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(&Suite, Option<&Outcome>),
) -> Result<Vec<Tried>, Stop> {
    let mut tried: Vec<Tried> = Vec::new();
    let facts = TreeFacts { top: repo.top(), git_folder: repo.git_folder(), common_folder: repo.common_folder() };
    // Where no copies can be made a command runs in the tree, as it does when a person types it.
    let copies = if suites.is_empty() { None } else { Copies::open(&facts, &Means::default()).ok() };
    for suite in suites {
        let works = |other: &&Tried| other.suite.tests && matches!(other.outcome, Outcome::Works { .. });
        let outcome = match tried.iter().find(works).filter(|_| suite.tests) {
            Some(other) => Outcome::Untried(format!("{} runs the tests already", other.suite.name)),
            None => {
                tell(&suite, None);
                attempt(repo, &suite, files, copies.as_ref(), interrupt)?
            }
        };
        tell(&suite, Some(&outcome));
        tried.push(Tried { suite, outcome });
    }
    Ok(tried)
}

fn attempt(
    repo: &Repo,
    suite: &Suite,
    files: &[RepoPath],
    copies: Option<&Copies>,
    interrupt: &Interrupt,
) -> Result<Outcome, Stop> {
    let plan = match plan(suite) {
        Ok(plan) => plan,
        Err(why) => return Ok(Outcome::Fails(why)),
    };
    let target = &plan.phases[0].targets[0];
    let command = target.validate[0].clone();
    let files = if command.run.names_files() { files.to_vec() } else { Vec::new() };
    let calls = [Call { command, file: None, files, label: None, unit: None }];
    let judge = Judge::new(repo, &plan, interrupt);
    let question =
        Question { purpose: Purpose::Gate, calls: &calls, fewer: false, phase: "init", unit: None, candidate: None, tree: None };
    let started = Instant::now();
    let (mut after, mut emit) = (|| Ok(()), |_| {});
    let verdict = match copies {
        None => judge.run(question, None, &mut after, &mut emit),
        Some(copies) => {
            let pin = copies.pin(&BTreeMap::new())?;
            let copy = copies.copy(&pin, &BTreeMap::new())?;
            let tip = repo.tip()?.commit;
            // What it changes in its copy of what git tracks it would change in each unit's.
            let is_guarded = |path: &RepoPath| Ok(repo.file_in(tip, path)?.is_some());
            let is_tracked = |_: &RepoPath| Ok(true);
            let isolated =
                Isolated { copy: &copy, is_guarded: &is_guarded, may_stage: false, is_tracked: &is_tracked, interrupt, job: 0 };
            judge.run(question, Some(&isolated), &mut after, &mut emit)
        }
    };
    judge.keep_durations();
    match verdict {
        Ok(Verdict::Passed(passed)) => {
            let shown = passed.first().map(|passed| passed.shown.clone()).unwrap_or_default();
            let said = shown.rsplit_once(" (").and_then(|(_, said)| said.strip_suffix(')'));
            let said = said.filter(|said| said.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default();
            Ok(Outcome::Works { took: started.elapsed(), said: said.to_owned() })
        }
        Ok(Verdict::Failed { reason, command, log, .. }) => {
            let why = reason.strip_prefix(&format!("gate `{command}` ")).unwrap_or(&reason);
            let told = telling(&std::fs::read(log).unwrap_or_default(), why.contains("tests failed"));
            let Some(told) = told else { return Ok(Outcome::Fails(why.to_owned())) };
            // Where a report would have been says less than why there is none.
            let why = why.split(", and wrote no report").next().unwrap_or(why);
            Ok(Outcome::Fails(format!("{why}: {told}")))
        }
        // Its program is not there.
        Err(Stop::Usage(note)) => Ok(Outcome::Fails(note.message.trim_start_matches("gate command cannot be run: ").to_owned())),
        Err(stop) => Err(stop),
    }
}

/// A plan that has nothing but the command.
fn plan(suite: &Suite) -> Result<Plan, String> {
    let report = if suite.report { ", report: junit" } else { "" };
    let run = scalar(&suite.run);
    let text = format!(
        "version: 1\nname: init\nissue: init\nvalidate: [{{ run: {run}, timeout: {}s{report} }}]\nphases: [{{ id: init, files: [{{ path: init, delete: true }}] }}]\n",
        PATIENCE.as_secs()
    );
    load::parse("init", text.as_bytes()).map_err(|problems| {
        problems.iter().next().map_or_else(|| "it cannot be written into a plan".to_owned(), |problem| problem.message.clone())
    })
}

/// The line of a command's own output that says why: the last that names an error of Python's, else, where no tests are named
/// already, the last that says anything.
fn telling(log: &[u8], names_tests: bool) -> Option<String> {
    let text = String::from_utf8_lossy(log);
    let line = |line: &str| line.trim().strip_prefix("E  ").unwrap_or(line).trim().to_owned();
    let lines: Vec<String> = text.lines().map(line).filter(|line| !line.is_empty() && !line.starts_with("-- migrate:")).collect();
    let is_error = |line: &&String| {
        let name = line.split(':').next().unwrap_or_default();
        let ends = ["Error", "Exception"].iter().any(|end| name.ends_with(end));
        ends && line.len() > name.len() + 1 && name.chars().all(|c| c == '.' || c == '_' || c.is_ascii_alphanumeric())
    };
    let says = |line: &&String| !names_tests && !line.starts_with(['=', '-', '$']);
    let found = lines.iter().rev().find(is_error).or_else(|| lines.iter().rev().find(says));
    found.map(|line| line.chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_why_is_told() {
        let pytest = "==== ERRORS ====\nE   ModuleNotFoundError: No module named 'tornado'\n==== 1 error in 0.2s ====\n-- migrate: failed\n";
        for (log, names_tests, told) in [
            (pytest, true, Some("ModuleNotFoundError: No module named 'tornado'")),
            ("Traceback\n  x\nfoo.bar.BadError: it is bad\n", false, Some("foo.bar.BadError: it is bad")),
            ("one\nERROR: no config: x\n-----\n", false, Some("ERROR: no config: x")),
            ("one\nAssertionError\n1 failed\n", true, None),
            ("", false, None),
        ] {
            assert_eq!(telling(log.as_bytes(), names_tests).as_deref(), told, "{log}");
        }
    }
}
