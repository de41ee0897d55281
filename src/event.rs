//! What a run can say: plain data, one value per thing that happened, in the order it happened.
//!
//! Whoever drives a run hands these to a listener; the bar, the plain lines and the JSON lines are three renderings of the one
//! stream. Texts of others (command output, file names, titles) are carried as they are: escaping is the printer's duty.
//! Paths are the [`RepoPath`](crate::path::RepoPath)'s display form. Nothing here does I/O.

use std::fmt;

use serde::Serialize;

use crate::state::{Counts, State};

/// How a phase is named everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhaseLabel {
    /// Its place in the plan, counted from 1.
    pub ordinal: usize,
    /// Its id in the plan, such as `P0`.
    pub id: String,
    /// Its title, for people.
    pub title: Option<String>,
}

impl fmt::Display for PhaseLabel {
    /// Writes `phase 1 (P0)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phase {} ({})", self.ordinal, self.id)
    }
}

/// The step a unit is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Activity {
    /// The file and the facts around it are read.
    Reading,
    /// The rules are applied in memory.
    Rewriting,
    /// The result passes the guards.
    Checking,
    /// An external codemod changes the file.
    Transforming {
        /// The command as the plan writes it.
        command: String,
    },
    /// The new bytes take the place of the old.
    Placing,
    /// A command judges the unit before its commit.
    Validating {
        /// The command as the plan writes it.
        command: String,
    },
    /// The commit is made.
    Committing,
    /// A command judges the unit after its commit.
    Verifying {
        /// The command as the plan writes it.
        command: String,
    },
    /// The commit is taken back by another.
    Reverting,
    /// The old bytes take their place again.
    Restoring,
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading => f.write_str("reading"),
            Self::Rewriting => f.write_str("rewriting"),
            Self::Checking => f.write_str("checking"),
            Self::Transforming { command } => write!(f, "transforming: {command}"),
            Self::Placing => f.write_str("placing"),
            Self::Validating { command } => write!(f, "validating: {command}"),
            Self::Committing => f.write_str("committing"),
            Self::Verifying { command } => write!(f, "verifying: {command}"),
            Self::Reverting => f.write_str("reverting"),
            Self::Restoring => f.write_str("restoring"),
        }
    }
}

/// Where a unit stands when a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitEnd {
    /// The phase it belongs to.
    pub phase: PhaseLabel,
    /// The file, or the name of the group.
    pub unit: String,
    /// Where it stands.
    pub state: State,
    /// Why it stands there, where that is not plain.
    pub why: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// All that was asked for is done.
    Done,
    /// The run came to its end, and units that were asked for are not done.
    NotDone,
    /// A unit or a gate failed.
    Failed,
    /// The repository is in a state that is not touched.
    Refused,
    /// A person has to look: someone edited, or a conflict.
    NeedsYou,
    /// A signal asked the run to end.
    Interrupted,
}

/// How far a look at many files is. It is told for every file and only to who watches, so it is no [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many were looked at.
    pub files: usize,
    /// Of at most so many.
    pub of: usize,
}

/// Who watches a look at many files; it may come from several threads.
pub type Watch<'a> = &'a (dyn Fn(Looked) + Sync);

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// The plan's name.
        plan: String,
        /// The plan's digest.
        digest: String,
        /// The branch that gets the commits.
        branch: String,
        /// Units the run covers, those already done included.
        units_total: usize,
        /// Units of these that are already done.
        units_done: usize,
        /// True when an earlier run is continued.
        resumed: bool,
        /// True when commands run in copies of the work tree.
        in_copies: bool,
    },
    /// What an interrupted run left behind was put in order.
    Recovered {
        /// The unit that was under way.
        unit: String,
        /// What was done about it.
        what: String,
    },
    /// A phase begins.
    PhaseStarted {
        /// Which.
        phase: PhaseLabel,
        /// Units the phase holds.
        units: usize,
        /// Units of these that are already done.
        done: usize,
    },
    /// A unit begins.
    UnitStarted {
        /// The phase it belongs to.
        phase: PhaseLabel,
        /// The file, or the name of the group.
        unit: String,
        /// Its place in the phase, counted from 1.
        ordinal: usize,
        /// Units the phase holds.
        of: usize,
    },
    /// A unit enters a step.
    Doing {
        /// Which unit.
        unit: String,
        /// The step.
        activity: Activity,
    },
    /// A command ended.
    CommandFinished {
        /// The unit it judged; `None` for a gate's command.
        unit: Option<String>,
        /// How many units it judged beside that one.
        #[serde(skip_serializing_if = "is_zero")]
        others: usize,
        /// The command as the plan writes it.
        command: String,
        /// True when a unit may land with it.
        passed: bool,
        /// How it ended, in words.
        outcome: String,
        /// The kind of verdict: `passed`, `failed`, `red-before`, `flaky`, `nothing-ran`, `timed-out`, `no-report`, `contradictory`,
        /// `interrupted`.
        verdict: String,
        /// How many tests it ran, where that is known.
        tests: Option<usize>,
        /// The tests that failed; where some failed before, only the others.
        failures: Vec<String>,
        /// How often it was run, this time included.
        attempt: u32,
        /// True when it is run again because of that.
        again: bool,
        /// True when it ran on the tip, without the unit, to see what was red before.
        without_unit: bool,
        /// How long it took.
        millis: u64,
        /// Where its output is kept.
        log: String,
        /// The last of its output; bytes that are not UTF-8 are replaced.
        tail: String,
        /// True when it left processes behind.
        leaked: bool,
    },
    /// A command passed on the same tree before, and is not run again.
    CommandReused {
        /// The unit it judges; `None` for a gate's command.
        unit: Option<String>,
        /// The command as it would be run.
        command: String,
    },
    /// A unit's commit is in the branch.
    UnitCommitted {
        /// Which unit.
        unit: String,
        /// The files of this part of it, where a group is tried in parts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// The commit's full id.
        commit: String,
        /// The first line of its message.
        subject: String,
        /// Lines that came in.
        lines_added: usize,
        /// Lines that went.
        lines_removed: usize,
    },
    /// A unit that was put together for its size failed: it is tried by halves.
    UnitSplit {
        /// Which unit.
        unit: String,
        /// The files of this part of it, where a group is tried in parts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// How many files are tried by halves.
        count: usize,
        /// What failed.
        reason: String,
    },
    /// There was nothing to do in a unit.
    UnitUnchanged {
        /// Which unit.
        unit: String,
        /// The files of this part of it, where a group is tried in parts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// Why.
        why: String,
    },
    /// A unit failed and its phase stops there; its files are as they were.
    UnitFailed {
        /// Which unit.
        unit: String,
        /// The files of this part of it, where a group is tried in parts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// What failed.
        reason: String,
        /// Where the output of the failing command is kept.
        log: Option<String>,
    },
    /// A unit failed and was set aside; its phase goes on.
    UnitQuarantined {
        /// Which unit.
        unit: String,
        /// The files of this part of it, where a group is tried in parts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// What failed.
        reason: String,
        /// Where the output of the failing command is kept.
        log: Option<String>,
    },
    /// A unit's commit was taken back because its verification failed.
    UnitReverted {
        /// Which unit.
        unit: String,
        /// The files of this part of it, where a group is tried in parts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
        /// The commit that was taken back.
        commit: String,
        /// The commit that takes it back.
        revert: String,
        /// What failed.
        reason: String,
    },
    /// A unit was passed over.
    UnitSkipped {
        /// Which unit.
        unit: String,
        /// Why.
        why: String,
    },
    /// A phase's gate begins.
    GateStarted {
        /// Which phase.
        phase: PhaseLabel,
    },
    /// A phase's gate let the run pass.
    GatePassed {
        /// Which phase.
        phase: PhaseLabel,
    },
    /// A phase's gate stopped the run.
    GateFailed {
        /// Which phase.
        phase: PhaseLabel,
        /// The command that failed, or what is asked of a metric.
        command: String,
    },
    /// A metric was measured.
    Measured {
        /// The phase at whose gate; none for what it was before the plan's first commit.
        phase: Option<PhaseLabel>,
        /// Its name.
        metric: String,
        /// Its value: the number, a percentage from 0 to 100, or 1 for what passes and 0 for what fails.
        value: Option<serde_json::Number>,
        /// The value as people read it.
        shown: String,
        /// What it was before, as people read it.
        baseline: Option<String>,
        /// What it is to be, as the plan says.
        target: Option<String>,
        /// How it stands: `met`, `missed`, `worse`, `-` where the plan wants nothing of it, `baseline`.
        verdict: String,
    },
    /// What follows a phase that was taken back was checked.
    RecoveryChecked {
        /// Which phase.
        phase: PhaseLabel,
        /// True when all checks passed that were made.
        passed: bool,
        /// Commands that were not run, since they ask first and nobody said yes.
        left_out: Vec<String>,
        /// How long taking back and checking took.
        millis: u64,
        /// How long the plan gives for it.
        within: Option<u64>,
    },
    /// The branch was pushed.
    Pushed {
        /// The remote and its branch.
        to: String,
        /// The commit that it has now.
        commit: String,
    },
    /// How long a phase took that has a budget.
    PhaseTook {
        /// Which phase.
        phase: PhaseLabel,
        /// How long it took in this run.
        millis: u64,
        /// How long it was meant to take.
        budget: u64,
    },
    /// A phase ended.
    PhaseFinished {
        /// Which phase.
        phase: PhaseLabel,
        /// Where its units stand.
        tally: Counts,
    },
    /// A commit was taken back because someone asked for it.
    RolledBack {
        /// Which unit.
        unit: String,
        /// The commit that was taken back.
        commit: String,
        /// The commit that takes it back.
        revert: String,
    },
    /// A commit would be taken back.
    WouldRollBack {
        /// Which unit.
        unit: String,
        /// The commit.
        commit: String,
        /// The files that would change.
        files: Vec<String>,
        /// False when the commit holds more than the unit, and only the unit's file would go back.
        whole_commit: bool,
    },
    /// All that was asked for is taken back.
    RollbackFinished {
        /// The plan's name.
        plan: String,
        /// How many units were taken back.
        taken_back: usize,
        /// How many were back already.
        already: usize,
        /// How many units of the plan the branch knows at all.
        landed: usize,
    },
    /// Two texts that a person should compare.
    Differs {
        /// What the first is called.
        from: String,
        /// What the second is called.
        to: String,
        /// The first.
        before: String,
        /// The second.
        after: String,
    },
    /// Something in a unit's file that a person should know, which stops nothing.
    UnitWarned {
        /// Which unit.
        unit: String,
        /// From 1; in the file as the unit leaves it: the new one where its commit follows, else the one that was there.
        line: u32,
        /// In characters, from 1.
        column: u32,
        /// The line that the rules would have written there, when the file has no such words.
        written: Option<String>,
        /// The guard that found it; `None` when a rule left it on purpose, or could not decide.
        guard: Option<String>,
        /// What.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// Something a person should know, which stops nothing.
    Warning {
        /// What.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// The run ended.
    RunFinished {
        /// Where the units that were asked for stand, by the branch.
        tally: Counts,
        /// Violations in these that the plan allows to be left.
        violations_left: usize,
        /// Where the plan's other units stand.
        elsewhere: Counts,
        /// How it ended.
        outcome: RunOutcome,
        /// What to do next, such as how to resume.
        help: Option<String>,
        /// Where each unit that was asked for stands; `migrate status --json` tells programs.
        #[serde(skip)]
        units: Box<[UnitEnd]>,
    },
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_carries_its_name_and_words_are_in_kebab_case() {
        let doing = Event::Doing { unit: "a.py".into(), activity: Activity::Validating { command: "true".into() } };
        assert_eq!(
            serde_json::to_string(&doing).unwrap(),
            r#"{"event":"doing","unit":"a.py","activity":{"step":"validating","command":"true"}}"#
        );
        let finished = Event::RunFinished {
            tally: Counts::of([State::Committed, State::Pending]),
            violations_left: 0,
            elsewhere: Counts::default(),
            outcome: RunOutcome::NeedsYou,
            help: None,
            units: Box::default(),
        };
        let json = serde_json::to_value(&finished).unwrap();
        assert_eq!((&json["event"], &json["outcome"]), (&"run-finished".into(), &"needs-you".into()));
        assert_eq!(
            (&json["tally"]["total"], &json["tally"]["done"], &json["tally"]["rolled_back"]),
            (&2.into(), &1.into(), &0.into())
        );
    }

    #[test]
    fn a_phase_shows_both_its_names() {
        assert_eq!(PhaseLabel { ordinal: 1, id: "P0".into(), title: None }.to_string(), "phase 1 (P0)");
    }
}
