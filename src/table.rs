//! Where each unit of each phase stands, as data: what `migrate status` shows and `--json` prints. Pure.

use serde::Serialize;

use crate::event::PhaseLabel;
use crate::metric::Stands;
use crate::state::{Counts, State};
use crate::verdict::VerdictKind;

/// One unit, or one file of a unit of several.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The file, or the name of the group.
    pub unit: String,
    /// Where it stands.
    pub state: State,
    /// The short id of the commit that put it there.
    pub commit: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// How a command judged it, where it stands there for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictKind>,
    /// Violations in it that the plan allows to be left.
    pub violations_left: usize,
    /// Its files, where it has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Row>,
}

/// What is known of the gate of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// It passed on what is there now.
    Passed,
    /// It failed.
    Failed,
    /// It waits for a person.
    Paused,
    /// It is not known to have passed on what is there now.
    Unknown,
}

impl GateState {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Unknown => "unknown",
        }
    }
}

/// One phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseRows {
    /// Which.
    pub phase: PhaseLabel,
    /// Its units in the order of the plan.
    pub rows: Vec<Row>,
    /// The rows counted up.
    pub counts: Counts,
    /// Violations that the plan allows to be left.
    pub violations_left: usize,
    /// What is known of its gate; `None` where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateState>,
}

impl PhaseRows {
    /// A phase with its units.
    #[must_use]
    pub fn new(phase: PhaseLabel, rows: Vec<Row>) -> Self {
        let violations_left = rows.iter().map(|row| row.violations_left).sum();
        Self { counts: Counts::of(rows.iter().map(|row| row.state)), violations_left, phase, rows, gate: None }
    }
}

/// A metric of the plan: what it was, is, and is to be.
#[derive(Debug, Clone, Serialize)]
pub struct Kpi {
    /// Its name.
    pub metric: String,
    /// What it was before the plan's first commit.
    pub before: Option<f64>,
    /// The same as people read it.
    pub before_shown: Option<String>,
    /// What it was when it was measured last.
    pub now: Option<f64>,
    /// The same as people read it.
    pub now_shown: Option<String>,
    /// What it is to be.
    pub target: Option<String>,
    /// How much worse than before it may be.
    pub tolerance: Option<String>,
    /// How it stands.
    pub verdict: Stands,
    /// The short id of the commit that was measured, where that is not the one that the branch stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// The whole plan.
#[derive(Debug, Clone, Serialize)]
pub struct StatusTable {
    /// The plan's name.
    pub plan: String,
    /// The plan's digest.
    pub digest: String,
    /// Its phases in order.
    pub phases: Vec<PhaseRows>,
    /// All rows counted up.
    pub counts: Counts,
    /// Violations that the plan allows to be left.
    pub violations_left: usize,
    /// Its metrics, in the order of the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kpis: Vec<Kpi>,
    /// What else a person should know, such as what only another work tree can tell.
    pub notes: Vec<String>,
    /// What keeps the plan from being done beside its units, such as a gate that failed.
    pub problems: Vec<String>,
}

impl StatusTable {
    /// True when every unit is done and nothing else keeps the plan from being done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.counts.open() == 0 && self.problems.is_empty()
    }

    /// A plan with its phases.
    #[must_use]
    pub fn new(plan: String, digest: String, phases: Vec<PhaseRows>) -> Self {
        let violations_left = phases.iter().map(|phase| phase.violations_left).sum();
        let counts = Counts::of(phases.iter().flat_map(|phase| &phase.rows).map(|row| row.state));
        Self { plan, digest, phases, counts, violations_left, kpis: Vec::new(), notes: Vec::new(), problems: Vec::new() }
    }
}
