//! Where each unit of each phase stands, as data: what `migrate status` shows and `--json` prints. Pure.

use serde::Serialize;

use crate::event::PhaseLabel;

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not begun.
    Pending,
    /// Begun and not ended.
    Running,
    /// Its commit is in the branch.
    Committed,
    /// There was nothing to do.
    Unchanged,
    /// It failed and was set aside.
    Quarantined,
    /// Its commit was taken back.
    RolledBack,
    /// It is done, but by a plan that has changed since.
    Outdated,
}

impl State {
    /// All, in the order in which they are counted up.
    const ALL: [Self; 7] =
        [Self::Committed, Self::Unchanged, Self::Quarantined, Self::RolledBack, Self::Outdated, Self::Running, Self::Pending];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Committed => "committed",
            Self::Unchanged => "unchanged",
            Self::Quarantined => "quarantined",
            Self::RolledBack => "rolled-back",
            Self::Outdated => "outdated",
        }
    }

    fn is_done(self) -> bool {
        matches!(self, Self::Committed | Self::Unchanged)
    }
}

/// One unit.
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
}

/// How many units are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All units.
    pub total: usize,
    /// Those committed or unchanged.
    pub done: usize,
    /// See [`State::Pending`]; the others likewise.
    pub pending: usize,
    /// Begun and not ended.
    pub running: usize,
    /// Their commits are in the branch.
    pub committed: usize,
    /// There was nothing to do.
    pub unchanged: usize,
    /// Failed and set aside.
    pub quarantined: usize,
    /// Their commits were taken back.
    pub rolled_back: usize,
    /// Done by an older plan.
    pub outdated: usize,
}

impl Counts {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut counts = Self::default();
        for row in rows {
            counts.total += 1;
            counts.done += usize::from(row.state.is_done());
            *counts.cell(row.state) += 1;
        }
        counts
    }

    fn cell(&mut self, state: State) -> &mut usize {
        match state {
            State::Pending => &mut self.pending,
            State::Running => &mut self.running,
            State::Committed => &mut self.committed,
            State::Unchanged => &mut self.unchanged,
            State::Quarantined => &mut self.quarantined,
            State::RolledBack => &mut self.rolled_back,
            State::Outdated => &mut self.outdated,
        }
    }

    /// `3 of 5 done (60%)`; a share is rounded down, so that 100% means all.
    #[must_use]
    pub fn share(self) -> String {
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(100);
        format!("{} of {} done ({percent}%)", self.done, self.total)
    }

    /// `2 committed, 1 pending`.
    #[must_use]
    pub fn words(mut self) -> String {
        let counted = State::ALL.map(|state| (*self.cell(state), state.word()));
        let words: Vec<String> =
            counted.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        words.join(", ")
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
}

impl PhaseRows {
    /// A phase with its units.
    #[must_use]
    pub fn new(phase: PhaseLabel, rows: Vec<Row>) -> Self {
        Self { counts: Counts::of(rows.iter()), phase, rows }
    }
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
}

impl StatusTable {
    /// A plan with its phases.
    #[must_use]
    pub fn new(plan: String, digest: String, phases: Vec<PhaseRows>) -> Self {
        let counts = Counts::of(phases.iter().flat_map(|phase| &phase.rows));
        Self { plan, digest, phases, counts }
    }
}
