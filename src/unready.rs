//! The plan against the tree: globs that match nothing, and files on which HEAD, index and disk do not agree. All of them are told at
//! once, each with its place in the plan.

use crate::interrupt::Interrupt;
use crate::plan::diagnostics::Problem;
use crate::plan::glob::{below, matcher};
use crate::plan::source::Span;
use crate::plan::{Files, Plan, Target, Treatment};
use crate::repo::target::{Conversions, TargetProblem};
use crate::repo::{Repo, Tip};
use crate::stop::Stop;
use crate::survey::landed;
use crate::units::Member;

/// Fails when a glob matches no tracked file, since a misspelt pattern must not look like success, and when HEAD, index and disk do not
/// agree on a file that is to be migrated.
///
/// # Errors
/// [`Stop::Plan`] when the plan names what cannot be migrated, [`Stop::Targets`] when the repository is in the way, and
/// [`Stop::Unbegun`].
pub fn refuse(
    repo: &Repo,
    plan: &Plan,
    tip: &Tip,
    unmatched: &[(usize, usize)],
    (files, conversions): (&[&Member], &Conversions),
    interrupt: &Interrupt,
) -> Result<(), Stop> {
    let targets = unmatched.iter().map(|(phase, target)| &plan.phases[*phase].targets[*target]);
    let mut problems: Vec<Problem> = targets.map(no_match).collect();
    let mut wrong_plan = !problems.is_empty();
    for file in files {
        if let Some(signal) = interrupt.pending() {
            return Err(Stop::Unbegun(signal));
        }
        let Err(problem) = found(repo, plan, tip, file, conversions) else { continue };
        wrong_plan |= problem.is_of_the_plan();
        problems.push(of_target(plan.place(file), &problem));
    }
    match (problems.is_empty(), wrong_plan) {
        (true, _) => Ok(()),
        (false, true) => Err(Stop::Plan(plan.problems(problems))),
        (false, false) => Err(Stop::Targets(plan.problems(problems))),
    }
}

/// True when nothing keeps a file from being migrated now.
#[must_use]
pub fn is_fit(repo: &Repo, plan: &Plan, tip: &Tip, file: &Member, conversions: &Conversions) -> bool {
    found(repo, plan, tip, file, conversions).is_ok()
}

fn found(repo: &Repo, plan: &Plan, tip: &Tip, file: &Member, conversions: &Conversions) -> Result<(), TargetProblem> {
    if plan.role(file).is_made() { repo.free(tip, &file.path) } else { repo.target(tip, &file.path, conversions).map(drop) }
}

/// What a plan that is wrong in itself names besides and the tree does not have. What the repository cannot tell is left out: the
/// plan comes first.
#[must_use]
pub fn of_broken(repo: &Repo, plan: &Plan) -> Vec<Problem> {
    let Ok(tip) = repo.tip() else { return Vec::new() };
    let tracked = if plan.has_globs() { repo.files(tip.commit).unwrap_or_default() } else { Vec::new() };
    // A file that is done may be gone since.
    let done = landed(repo, tip.commit, &plan.name, &Interrupt::none()).unwrap_or_default().files;
    let mut problems = Vec::new();
    for target in plan.phases.iter().flat_map(|phase| &phase.targets) {
        match &target.files {
            // A pattern that is wrong in itself is not among them.
            Files::Glob { include, .. } if include.is_empty() => {}
            Files::Glob { include, exclude } => {
                if let (Ok(include), Ok(exclude), false) = (matcher(include), matcher(exclude), tracked.is_empty())
                    && !tracked.iter().any(|path| include.is_match(path.as_path()) && !exclude.is_match(path.as_path()))
                {
                    problems.push(no_match(target));
                }
            }
            // What the plan creates is not there yet.
            Files::Paths(_) if matches!(target.treatment, Treatment::Create(_)) => {}
            Files::Paths(paths) => {
                for (path, place) in paths.iter().zip(&target.places.files).filter(|(path, _)| !done.contains_key(path)) {
                    let found = repo.target(&tip, path, &Conversions::default());
                    problems.extend(found.err().filter(TargetProblem::is_of_the_plan).map(|problem| of_target(*place, &problem)));
                }
            }
        }
    }
    problems
}

fn no_match(target: &Target) -> Problem {
    let span = target.places.files.first().copied().unwrap_or_default();
    Problem::at(span, "the glob matches no tracked file", "correct the pattern, or take the entry out of the plan")
}

fn of_target(place: Span, problem: &TargetProblem) -> Problem {
    let help = match problem {
        TargetProblem::Folder(path) => {
            // A path that is no text cannot stand in a plan either.
            let folder = String::from_utf8_lossy(path.as_bytes());
            format!("name its files, or take them by glob: {}", below(&folder))
        }
        problem => problem.help().into_owned(),
    };
    Problem::at(place, problem.to_string(), help)
}
