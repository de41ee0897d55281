//! The plan: which files change in which phase, by which rules, how each is judged, and what its commit says.
//!
//! These types hold a plan that has been checked whole ([`load`]); an unsound plan has no value of them. Everything is plain
//! data: the digest over it ([`digest`]) is the identity of the plan's meaning.

mod aftermath;
pub mod builtin;
mod cache;
mod check;
pub mod command;
mod decode;
mod decode_command;
pub mod diagnostics;
pub mod digest;
pub mod edits;
mod faults;
pub mod glob;
pub mod group;
pub mod guards;
mod levels;
mod lists;
pub mod load;
pub mod metrics;
pub mod names;
mod node;
mod policy;
mod quotes;
mod reader;
pub mod rename;
mod rule_names;
mod rules;
mod scalar;
mod shell;
pub mod source;
mod target;
pub mod template;
pub mod treatment;
pub mod triggers;
pub mod units;
pub mod view;
mod within;

#[cfg(test)]
mod numbers_tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Not;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::event::PhaseLabel;
use crate::path::RepoPath;
use crate::pattern::Pattern;
use crate::pattern::constraint::Constraint;
pub use crate::plan::aftermath::{AfterRollback, Push};
pub use crate::plan::builtin::Builtin;
pub use crate::plan::cache::CacheKeys;
use crate::plan::diagnostics::{Problem, Problems};
pub use crate::plan::group::NamedGroup;
use crate::plan::guards::Guards;
pub use crate::plan::metrics::{Known, Metric, Source as MetricSource};
pub use crate::plan::policy::{GateFailure, OnFailure, Share};
pub use crate::plan::reader::nearest;
pub use crate::plan::rename::Rename;
use crate::plan::source::{Source, Span};
pub use crate::plan::treatment::Treatment;
pub use crate::plan::triggers::{Act, Trigger};
pub use crate::plan::units::Units;

/// A checked plan.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// `[a-z0-9-]+`; goes into trailers.
    pub name: String,
    /// The tracker's reference, such as `#506`.
    pub issue: String,
    /// Named transforms, in the order of the file, which is the order of application.
    pub rules: Vec<Rule>,
    /// What commits say.
    pub commit: CommitFormat,
    /// The waves, in order.
    pub phases: Vec<Phase>,
    /// The numbers that decide, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// What turns them into acts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// Where commits are pushed; no part of the meaning, since no unit is made otherwise by it.
    #[serde(skip)]
    pub push: Option<Push>,
    /// On what verdicts depend beside the repository's files; no part of the meaning, since no unit is made otherwise by it.
    #[serde(skip)]
    pub cache: CacheKeys,
    /// What is measured; no part of the meaning, since no unit is made otherwise by it.
    #[serde(skip)]
    pub scope: Scope,
    /// What should be known of it; no part of the meaning.
    #[serde(skip)]
    pub warnings: Vec<Problem>,
    /// The text it was read from, for problems that show later; no part of the meaning.
    #[serde(skip)]
    pub source: Arc<Source>,
    /// The file it was read from, without links in its path; no part of the meaning.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// The files that violations are counted in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Patterns of which one must match; empty for every file of a kind that the rules look at.
    pub include: Vec<String>,
    /// Patterns of which none may match.
    pub exclude: Vec<String>,
}

/// A named transform.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// The key under `rules`.
    pub name: String,
    /// What it does.
    pub kind: RuleKind,
    /// Texts that show what it does; no part of the meaning.
    #[serde(skip)]
    pub examples: Vec<Example>,
    /// It may be that it never has anything to do; no part of the meaning.
    #[serde(skip)]
    pub may_match_nothing: bool,
    /// Where its name stands in the plan's text; no part of the meaning.
    #[serde(skip)]
    pub place: Span,
}

/// A text, and what a rule makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The text as it is.
    pub before: String,
    /// The text as it shall be; the same where the rule is to leave it alone.
    pub after: String,
    /// Where it stands in the plan's text.
    pub place: Span,
}

/// The kinds of transform.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// Every use of one qualified name becomes another, imports included.
    Rename(Rename),
    /// Code that fits a pattern becomes other code.
    Rewrite(Rewrite),
    /// An external codemod, run on one file in the work tree.
    Command(Command),
}

/// Every place that `before` fits becomes `after`.
#[derive(Debug, Clone, Serialize)]
pub struct Rewrite {
    /// Python with metavariables, its imports first.
    pub before: String,
    /// What stands there instead, its imports first.
    pub after: String,
    /// What is asked of metavariables, by their names without dollars, and of the whole `match`.
    pub conditions: BTreeMap<String, Constraint>,
    /// What becomes of comments inside a match.
    pub comments: Comments,
    /// Also the deprecated names in string literals.
    pub strings: bool,
    /// Also in Python within documents and docstrings.
    pub docs: bool,
    /// The names that must go wherever they are used, where the plan says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Vec<String>>,
    /// `before`, `after` and the conditions, compiled.
    #[serde(skip)]
    pub pattern: Arc<Pattern>,
}

/// What becomes of comments inside a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comments {
    /// They go above the replacement.
    #[default]
    Keep,
    /// The match is left as it is, and said.
    Refuse,
}

/// A command of the plan. What it does not say has no part in the meaning, so that a plan without a key is the plan it was before there
/// was the key.
#[derive(Debug, Clone, Serialize)]
pub struct Command {
    /// What is run.
    pub run: Run,
    /// How long it may take before it and all it started are killed.
    pub timeout: Duration,
    /// How often it is run again when it fails, before that counts.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// It is no failure when it runs no test.
    #[serde(skip_serializing_if = "Not::not")]
    pub allow_empty: bool,
    /// How it reports which tests passed; `None` when only its exit status and its output tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportFormat>,
    /// Patterns of which a file that it is about must match one; empty for every file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The exit statuses that are success, in their order; empty for 0 alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ok_exit: Vec<u8>,
    /// Patterns of files that git does not track, which are brought out of its copy when it ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// It runs in the work tree itself, also where others run in copies of it.
    #[serde(skip_serializing_if = "Not::not")]
    pub at_tree: bool,
    /// Line endings and byte order mark are as they were after a codemod, whatever it wrote.
    #[serde(skip_serializing_if = "Not::not")]
    pub keep_line_endings: bool,
    /// A codemod is run again until it changes nothing.
    #[serde(skip_serializing_if = "Not::not")]
    pub until_stable: bool,
    /// How often a codemod is tried on a file in all, each time told why what it made before failed; 0 and 1 are once.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// What no two commands may use at a time that name the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<String>,
    /// What it has for itself, in the order of the words; it shares the rest with whatever runs beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<Own>,
    /// A person is asked before it runs.
    #[serde(skip_serializing_if = "Not::not")]
    pub confirm: bool,
    /// Where it stands in the plan's text; no part of the meaning.
    #[serde(skip)]
    pub place: Span,
}

/// What a command can have for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Own {
    /// The folders for temporary files, and shared memory.
    Tmp,
    /// The network: the loopback alone.
    Network,
}

/// Where it stands makes no other command of it.
impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |command: &Self| (command.timeout, command.retries, command.allow_empty, command.report);
        let of_codemods = |command: &Self| (command.keep_line_endings, command.until_stable, command.attempts);
        let lists = |command: &Self| (command.only.clone(), command.ok_exit.clone());
        let place = |command: &Self| (command.keep.clone(), command.at_tree, command.exclusive.clone(), command.private.clone());
        self.run == other.run
            && self.confirm == other.confirm
            && numbers(self) == numbers(other)
            && of_codemods(self) == of_codemods(other)
            && lists(self) == lists(other)
            && place(self) == place(other)
    }
}

impl Eq for Command {}

impl Command {
    /// A command of which nothing else is said.
    #[must_use]
    pub fn plain(run: Run, place: Span) -> Self {
        Self {
            run,
            timeout: DEFAULT_TIMEOUT,
            retries: 0,
            allow_empty: false,
            report: None,
            only: Vec::new(),
            ok_exit: Vec::new(),
            keep: Vec::new(),
            at_tree: false,
            keep_line_endings: false,
            until_stable: false,
            attempts: 0,
            exclusive: None,
            private: Vec::new(),
            confirm: false,
            place,
        }
    }

    /// True when ending with this exit status is success.
    #[must_use]
    pub fn is_ok(&self, status: i32) -> bool {
        match self.ok_exit.as_slice() {
            [] => status == 0,
            ok => ok.iter().any(|ok| i32::from(*ok) == status),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_one(number: &usize) -> bool {
    *number == 1
}

/// What a command's report is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// The XML that began with JUnit.
    Junit,
}

/// How a command is written in the plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// A text for `sh -c`, placeholders such as `{file}` put in shell-quoted.
    Shell(String),
    /// A program and its arguments, started directly, placeholders put in as they are.
    Argv(Vec<String>),
    /// What `migrate` looks at itself.
    Builtin(Builtin),
}

impl Run {
    /// The texts of which it is made; none of what is built in.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        match self {
            Self::Shell(text) => std::slice::from_ref(text),
            Self::Argv(words) => words,
            Self::Builtin(_) => &[],
        }
    }

    /// What is built in, where it is that.
    #[must_use]
    pub fn builtin(&self) -> Option<Builtin> {
        match self {
            Self::Builtin(builtin) => Some(*builtin),
            Self::Shell(_) | Self::Argv(_) => None,
        }
    }
}

impl fmt::Display for Run {
    /// Writes the text of the command; the words of a list side by side.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin(builtin) => write!(f, "builtin {}", builtin.word()),
            Self::Shell(_) | Self::Argv(_) => f.write_str(&self.texts().join(" ")),
        }
    }
}

/// The longest a command may take when the plan does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// What commits say.
#[derive(Debug, Clone, Serialize)]
pub struct CommitFormat {
    /// A minijinja template for all that stands above the trailers; `None` is the seed's format.
    pub message: Option<String>,
    /// The words between subject scope and file name, such as `eliminate factory pattern`.
    pub title: String,
    /// The paragraph below the subject.
    pub summary: String,
    /// What the transform amounts to, such as `factory calls → direct SSOT calls`.
    pub transform: String,
    /// Lines kept byte for byte at the end of the message, above the trailers; without the last line's end.
    pub footer: Option<String>,
}

/// An ordered wave of units.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    /// Such as `P0`; unique in the plan.
    pub id: String,
    /// For people.
    pub title: Option<String>,
    /// What happens when a unit fails.
    pub on_failure: OnFailure,
    /// How much of the phase may be quarantined before it stops all the same.
    pub max_quarantined: Option<Share>,
    /// Commands run once after the last unit of the phase.
    pub gate: Vec<Command>,
    /// What happens when they fail.
    #[serde(skip_serializing_if = "GateFailure::is_stop")]
    pub gate_on_failure: GateFailure,
    /// Metrics that are looked at when they passed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gate_metrics: Vec<String>,
    /// What is done when the phase was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_rollback: Option<AfterRollback>,
    /// How long the phase is meant to take; no part of the meaning.
    #[serde(skip)]
    pub budget: Option<Duration>,
    /// How many units are judged together at most.
    #[serde(skip_serializing_if = "is_one")]
    pub batch: usize,
    /// How its files are put together to units.
    #[serde(skip_serializing_if = "Units::is_each")]
    pub units: Units,
    /// The files, in order.
    pub targets: Vec<Target>,
}

/// One entry of a phase's `files`: which files, and all that holds for them (phase defaults already filled in).
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// Which files.
    pub files: Files,
    /// The named unit that they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<NamedGroup>,
    /// What is done with them; where it is no rewrite there are no rules and no edits.
    #[serde(skip_serializing_if = "Treatment::is_rewrite")]
    pub treatment: Treatment,
    /// The commit's scope, as in `fix(SCOPE): ...`; `None` takes it from the file's path.
    pub scope: Option<String>,
    /// How dangerous a change of these files is.
    pub risk: Option<Risk>,
    /// What depends on them.
    pub impact: Option<String>,
    /// How to recover after the commit was reverted.
    pub recovery: Option<String>,
    /// Indexes into [`Plan::rules`], in order of application, after `edits`.
    pub rules: Vec<usize>,
    /// The file's own before/after blocks.
    pub edits: Vec<BlockEdit>,
    /// Commands that judge the unit before its commit.
    pub validate: Vec<Command>,
    /// Commands that judge it after its commit.
    pub verify: Vec<Command>,
    /// Metrics that are looked at after each unit or batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// Commands that put what is drafted of them into the project's form, before it is judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub format: Vec<Command>,
    /// How much each guard weighs for them.
    #[serde(skip_serializing_if = "Guards::is_default")]
    pub guards: Guards,
    /// How many violations its files are said to have before they are migrated; no part of the meaning, since nothing is made
    /// otherwise by it.
    #[serde(skip)]
    pub expected: Option<Expected>,
    /// Where its parts stand in the plan's text; no part of the meaning.
    #[serde(skip)]
    pub places: Places,
}

impl Target {
    /// Where the file of the target is, and where it goes, if it is moved.
    #[must_use]
    pub fn moved(&self) -> Option<(&RepoPath, &RepoPath)> {
        match (&self.files, &self.treatment) {
            (Files::Paths(paths), Treatment::Move(to)) => Some((paths.first()?, to)),
            _ => None,
        }
    }
}

/// A number of violations, and where the plan says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The number.
    pub violations: usize,
    /// Where it stands in the plan's text.
    pub place: Span,
}

/// Where the parts of a target stand in the plan's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// One for each path of [`Files::Paths`], or for each pattern of `include`, in the same order.
    pub files: Vec<Span>,
    /// One for each of [`Target::edits`], in the same order: where its `before` begins.
    pub edits: Vec<Span>,
    /// What is done with the files, where that is no rewrite: the path of `move_to`, else the key.
    pub treatment: Option<Span>,
    /// The `label` of this entry.
    pub label: Option<Span>,
}

/// Which files a target names.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Files {
    /// These, in this order.
    Paths(Vec<RepoPath>),
    /// Those tracked files that match and hold something for the rules to change, in the order of their bytes.
    Glob {
        /// Patterns of which one must match; `**` crosses folders, `*` does not.
        include: Vec<String>,
        /// Patterns of which none may match.
        exclude: Vec<String>,
    },
}

/// How dangerous a change is, in the seed's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Risk {
    /// Supporting code.
    Low,
    /// Operational stability.
    Medium,
    /// Direct revenue protection.
    High,
    /// The core of what earns money.
    Extreme,
}

/// One before/after block of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockEdit {
    /// The line, 1-based, near which `before` is expected; the file may have drifted since.
    pub near: Option<u32>,
    /// The lines as they are; `$NAME` stands for any text within one line.
    pub before: String,
    /// The lines as they shall be; may use the `$NAME`s that `before` binds. Empty removes the block.
    pub after: String,
}

impl Phase {
    /// True when something judges it as a whole.
    #[must_use]
    pub fn has_gate(&self) -> bool {
        !self.gate.is_empty() || !self.gate_metrics.is_empty()
    }
}

impl Plan {
    /// The metric of this name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// The phase that a person means by `text`: its id, or its ordinal counted from 1.
    #[must_use]
    pub fn phase(&self, text: &str) -> Option<usize> {
        if let Some(at) = self.phases.iter().position(|phase| phase.id == text) {
            return Some(at);
        }
        let ordinal: usize = text.parse().ok()?;
        (1..=self.phases.len()).contains(&ordinal).then(|| ordinal - 1)
    }

    /// How a phase is shown everywhere: `phase 1 (P0)`.
    #[must_use]
    pub fn phase_label(&self, at: usize) -> String {
        match self.phases.get(at) {
            Some(phase) => format!("phase {} ({})", at + 1, phase.id),
            None => format!("phase {}", at + 1),
        }
    }

    /// How a phase is named to a listener.
    #[must_use]
    pub fn label(&self, at: usize) -> PhaseLabel {
        PhaseLabel { ordinal: at + 1, id: self.phases[at].id.clone(), title: self.phases[at].title.clone() }
    }

    /// Problems that show only against a repository, such as a listed file that is missing, in the words and places of the plan.
    #[must_use]
    pub fn problems(&self, found: impl IntoIterator<Item = Problem>) -> Problems {
        Problems::new(Arc::clone(&self.source), found)
    }

    /// The digests of the plan's parts by name: `commit`, `order`, `rule NAME`, `phase ID`. What changed between two plans is where they differ.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<String, String> {
        digest::parts(self)
    }
}
