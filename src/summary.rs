//! `migrate report`: the state of a whole plan for people who review it, from status, scan and the branch's commits. Nothing is written.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::event::Watch;
use crate::interrupt::Interrupt;
use crate::plan::{Known, MetricSource, Plan};
use crate::repo::{Repo, short};
use crate::scan::{self, What as Sought};
use crate::status;
use crate::stop::Stop;
use crate::survey::{self, What};
use crate::table::StatusTable;

/// All that a report tells.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The branch.
    pub branch: String,
    /// The commit that it stands on.
    pub tip: String,
    /// Where the units stand.
    pub table: StatusTable,
    /// What is still to be migrated.
    pub left: Left,
    /// The plan's commits by the id of their phase, oldest first; phases in the order of the plan.
    pub commits: Vec<(String, Vec<Made>)>,
}

/// What a scan still finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// How many files are in scope.
    pub files: usize,
    /// How many of them have violations, each with how many, in the order of the paths.
    pub violating: Vec<(String, usize)>,
    /// The share of files without any, in percent with one decimal.
    #[serde(rename = "compliance")]
    pub percent: Percent,
    /// How many places may be violations.
    pub undecided: usize,
    /// Files that could not be read, each with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// A share in tenths of a percent; JSON has it in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(pub usize);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_f64(f64::from(u32::try_from(self.0).unwrap_or(1000)) / 10.0)
    }
}

/// A commit of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Its full id.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// True when it takes another back.
    pub takes_back: bool,
}

/// Gathers what there is to report of `plan`, while somebody may `watch`.
///
/// # Errors
/// When the repository cannot be read.
pub fn summary(repo: &Repo, plan: &Plan, watch: Watch) -> Result<Summary, Stop> {
    let mut table = status::table(repo, plan, &status::Asked::default(), watch)?;
    let tip = repo.tip()?;
    let found = scan::scan(repo, Sought::Plan(plan), &scan::Asked::default(), &Interrupt::none(), watch)?;
    let mut violating: Vec<(String, usize)> = Vec::new();
    for place in found.places.iter().filter(|place| place.counts()) {
        let path = place.path.to_string();
        match violating.last_mut() {
            Some((last, count)) if *last == path => *count += 1,
            _ => violating.push((path, 1)),
        }
    }
    let left = Left {
        files: found.files,
        percent: Percent(found.compliance()),
        undecided: found.undecided(),
        unreadable: found.unreadable.iter().map(|(path, why)| (path.to_string(), why.clone())).collect(),
        violating,
    };
    // The scan knows of now what the journal knows of then.
    for (metric, kpi) in plan.metrics.iter().zip(&mut table.kpis).filter(|_| found.unreadable.is_empty() && found.files > 0) {
        let now = match metric.source {
            MetricSource::Known(Known::Compliance) => 100.0 * found.compliant_files() as f64 / found.files as f64,
            MetricSource::Known(Known::Violations) => found.violations() as f64,
            _ => continue,
        };
        *kpi = status::kpi(metric, kpi.before, Some(now), None);
    }
    let deeds = survey::deeds(repo, tip.commit, &plan.name, &Interrupt::none())?;
    let mut commits: Vec<(String, Vec<Made>)> = plan.phases.iter().map(|phase| (phase.id.clone(), Vec::new())).collect();
    for deed in deeds.into_iter().rev() {
        let takes_back = matches!(deed.what, What::TakenBack { .. });
        let made = Made { commit: deed.commit.to_string(), subject: deed.subject, takes_back };
        match commits.iter_mut().find(|(phase, _)| *phase == deed.phase) {
            // A squashed commit holds several units.
            Some((_, known)) if known.contains(&made) => {}
            Some((_, known)) => known.push(made),
            None => commits.push((deed.phase, vec![made])),
        }
    }
    commits.retain(|(_, made)| !made.is_empty());
    Ok(Summary { branch: short(&tip.branch).to_owned(), tip: tip.commit.to_string(), table, left, commits })
}
