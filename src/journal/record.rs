//! What a line of the journal says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::path::RepoPath;
use crate::state::State;
use crate::unit_id::UnitId;
use crate::verdict::VerdictKind;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The first line.
    Opened {
        /// The version of what follows.
        format: u32,
    },
    /// A run began.
    RunStarted(RunStarted),
    /// A unit's file is about to change.
    Begun(Announcement),
    /// An external codemod is about to change one file of a unit of several.
    Transforming {
        /// The file.
        file: RepoPath,
    },
    /// An external codemod has ended; the unit's files now hold exactly these blobs.
    Transformed {
        /// The blob of the bytes on disk of each file that is there, as the unit lists its files.
        after: Vec<String>,
    },
    /// The commit object exists; index and branch come next.
    Prepared {
        /// Its object name.
        commit: String,
    },
    /// The branch holds the commit.
    Committed {
        /// Its object name.
        commit: String,
    },
    /// The unit ended without a commit, its files as they were.
    Abandoned {
        /// Why, for people.
        reason: String,
    },
    /// Nothing is owed to a commit any more: its verification passed, or somebody took the commit back meanwhile.
    Verified {
        /// The commit.
        commit: String,
    },
    /// The verification of a commit failed: it is to be taken back.
    Refuted {
        /// The commit judged.
        commit: String,
        /// What failed, for people.
        reason: String,
        /// How, in one word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<VerdictKind>,
    },
    /// A unit was set aside.
    Quarantined {
        /// The plan's name.
        plan: String,
        /// The digest of the plan's meaning: another plan may try again.
        digest: String,
        /// The unit.
        unit: UnitId,
        /// The files that were tried, where the unit is a group.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<RepoPath>,
        /// Why, for people.
        reason: String,
        /// How a command judged it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<VerdictKind>,
    },
    /// A unit failed and its phase stopped.
    Failed {
        /// The plan's name.
        plan: String,
        /// The digest of the plan's meaning: another plan may try again.
        digest: String,
        /// The unit.
        unit: UnitId,
        /// The files that were tried, where the unit is a group.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<RepoPath>,
        /// Why, for people.
        reason: String,
        /// How a command judged it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<VerdictKind>,
    },
    /// An external codemod found nothing to do in a file of a unit.
    Unchanged {
        /// The plan's name.
        plan: String,
        /// The digest of the plan's meaning.
        digest: String,
        /// The unit.
        unit: UnitId,
        /// The file, where the unit is a group.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<RepoPath>,
        /// The blob in which it found nothing.
        blob: String,
    },
    /// A phase's gate passed.
    GatePassed {
        /// The plan's name.
        plan: String,
        /// The phase's id.
        phase: String,
        /// The tip it judged.
        tip: String,
        /// The digest of its commands; empty in a record of format 1, which then says nothing of any commands.
        #[serde(default)]
        commands: String,
    },
    /// A phase's gate failed.
    GateFailed {
        /// The plan's name.
        plan: String,
        /// The phase's id.
        phase: String,
        /// The tip it judged.
        tip: String,
        /// The digest of its commands.
        commands: String,
    },
    /// A phase's gate waits for a person to say that the run goes on.
    Paused {
        /// The plan's name.
        plan: String,
        /// The phase's id.
        phase: String,
        /// The tip it judged.
        tip: String,
        /// The digest of what it asks.
        commands: String,
        /// What was measured, for people.
        why: String,
        /// The unit after which it was, where others of the phase were still to come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
    },
    /// A person let a phase go on that waited after one of its units.
    WentOn {
        /// The plan's name.
        plan: String,
        /// The phase's id.
        phase: String,
    },
    /// A metric was measured.
    Measured {
        /// The plan's name.
        plan: String,
        /// The metric's name.
        metric: String,
        /// The digest of what it measures.
        definition: String,
        /// The phase at whose gate; none for what it was before the plan's first commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<String>,
        /// The commit that was measured.
        tip: String,
        /// The value: a number as text, so that none of it is lost.
        value: String,
        /// True when it is worse than it may be, and that was shown to be no more than noise.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        noise: bool,
    },
    /// What a level asks of a unit once it landed was measured, and nothing speaks against it.
    UnitMeasured {
        /// The plan's name.
        plan: String,
        /// The unit's commit.
        commit: String,
    },
    /// Phases are about to be taken back.
    TakingBack {
        /// The plan's name.
        plan: String,
        /// The ids of the phases, in their order.
        phases: Vec<String>,
        /// Why, for people.
        why: String,
        /// When, in seconds since 1970.
        since: u64,
    },
    /// They are taken back.
    TookBack {
        /// The plan's name.
        plan: String,
    },
    /// The checks that follow were made.
    RecoveryChecked {
        /// The plan's name.
        plan: String,
        /// True when they passed.
        passed: bool,
    },
    /// The branch was pushed.
    Pushed {
        /// The plan's name.
        plan: String,
        /// The commit that the remote has.
        commit: String,
    },
    /// External codemods made this of a unit's files, which are not written yet: a run that goes on from here does not ask them again.
    Drafted {
        /// The plan's name.
        plan: String,
        /// The digest of the plan's meaning.
        digest: String,
        /// The unit.
        unit: UnitId,
        /// The commit that they saw.
        base: String,
        /// The files that they changed, or left as they were.
        files: Vec<DraftedFile>,
    },
    /// A command passes on a tree: a run that goes on from here need not ask it again.
    Green {
        /// The plan's name.
        plan: String,
        /// The tree.
        tree: String,
        /// The phase's id.
        #[serde(default)]
        phase: String,
        /// The command as it is run.
        command: String,
        /// The file that it names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<RepoPath>,
        /// The unit that it names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
        /// How many tests it ran, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tests: Option<usize>,
        /// The digest of the variables that say which programs and packages it finds.
        environment: String,
    },
    /// These units were judged together and begin to land: what is left of them is judged first when the run is interrupted.
    Batched {
        /// The plan's name.
        plan: String,
        /// The plan's digest.
        digest: String,
        /// The units, in their order.
        units: Vec<UnitId>,
    },
    /// A run came to its end.
    RunFinished {
        /// True when nothing that was asked for is left.
        done: bool,
    },
}

/// The files that a record of a unit is about: those it lists, else the unit's one.
#[must_use]
pub fn files_of(unit: &UnitId, files: &[RepoPath]) -> Vec<RepoPath> {
    if files.is_empty() { unit.file().into_iter().collect() } else { files.to_vec() }
}

/// What a run was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The plan's name.
    pub plan: String,
    /// The digest of the plan's meaning.
    pub digest: String,
    /// The digests of its parts.
    pub parts: BTreeMap<String, String>,
    /// The phase asked for, if not all.
    pub phase: Option<String>,
    /// The file asked for, if not all, as format 1 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<RepoPath>,
    /// The files asked for, if not all.
    #[serde(default)]
    pub files: Vec<AskedFile>,
    /// The states whose units are tried again.
    #[serde(default)]
    pub retry: Vec<State>,
    /// True when phases may be run out of order.
    #[serde(default)]
    pub out_of_order: bool,
    /// The commands that are not asked, by their texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub red_ok: Vec<String>,
    /// True when commands were to run in the work tree itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_place: bool,
}

/// Files that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedFile {
    /// This one.
    Path(RepoPath),
    /// Those that match, from the top.
    Pattern(String),
}

/// All that recovery needs to know of a change to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The plan's name.
    pub plan: String,
    /// The phase's id.
    pub phase: String,
    /// The unit.
    pub unit: UnitId,
    /// All files of the unit, those that do not change too, where it is a group: once begun it keeps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<RepoPath>,
    /// Full name of the branch, or `HEAD` when detached.
    pub branch: String,
    /// The commit the change builds on.
    pub base: String,
    /// The files that change.
    pub files: Vec<FileChange>,
    /// The commit that is taken back, when this is a revert.
    pub reverts: Option<String>,
    /// What else lands or is taken back in the same step, each by a commit of its own below the last, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// True when the commit is still to be judged by verification after it landed.
    pub verify: bool,
}

impl Announcement {
    /// The files of the unit that are tried: those that change, and the unit's own, which may have another name by now.
    pub fn tried(&self) -> impl Iterator<Item = RepoPath> {
        let units = self.units().filter_map(|(unit, _, _)| unit.file());
        self.files.iter().map(|file| file.path.clone()).chain(units)
    }

    /// The commits that are taken back.
    pub fn all_reverted(&self) -> impl Iterator<Item = &String> {
        self.reverts.iter().chain(self.also.iter().filter_map(|also| also.reverts.as_ref()))
    }

    /// The units of all its commits, oldest first, each with all its files where it is a group, and its commit where that was known
    /// before the change began.
    pub fn units(&self) -> impl Iterator<Item = (&UnitId, &[RepoPath], Option<&str>)> {
        let also = self.also.iter().map(|also| (&also.unit, &also.members[..], Some(also.commit.as_str())));
        also.chain(std::iter::once((&self.unit, &self.members[..], None)))
    }
}

/// A unit that lands or is taken back in one step with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Also {
    /// The unit.
    pub unit: UnitId,
    /// All files of the unit, those that do not change too, where it is a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<RepoPath>,
    /// Its commit.
    pub commit: String,
    /// The commit that is taken back, when this is a revert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<String>,
}

/// What external codemods made of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftedFile {
    /// Where it is.
    pub path: RepoPath,
    /// The blob that HEAD had then.
    pub before: String,
    /// The blob of its bytes on disk to come.
    pub after: String,
    /// What changed it, in order: `edits` and names of rules.
    pub rules: Vec<String>,
}

/// One file of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// Where it is.
    pub path: RepoPath,
    /// The blob of its bytes on disk before; `None` where there was no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The blob of its bytes on disk after; `None` where there is to be no file, and while an external codemod runs.
    pub after: Option<String>,
    /// True when there is to be no file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// The mode of a file that was not there or is to be gone, as git words it: what a checkout would give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The name under which new bytes are written aside in the same folder.
    pub aside: String,
}

impl FileChange {
    /// The blob of the bytes to come, inside it `None` where there is to be no file; `None` while an external codemod has yet to say.
    #[must_use]
    pub fn result(&self) -> Option<Option<&str>> {
        match &self.after {
            Some(after) => Some(Some(after)),
            None => self.gone.then_some(None),
        }
    }
}
