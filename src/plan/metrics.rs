//! Metrics of the plan: where each comes from, how its number is read, and what it is held against.

use serde::Serialize;

use crate::metric::bound::{Against, Bound, Shift, against, amount};
use crate::metric::rank;
use crate::metric::reading::{Read, check_regex};
use crate::metric::{Comparison, Scale};
use crate::path::RepoPath;
use crate::plan::decode_command::command_of;
use crate::plan::faults::Place;
use crate::plan::node::{Kind, Node};
use crate::plan::reader::{Entries, Reader};
use crate::plan::source::Span;
use crate::plan::view::quoted;
use crate::plan::{Command, ReportFormat, scalar};

/// A number that decides.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// The key under `metrics`; unique in the plan.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// What kind of number it is.
    pub scale: Scale,
    /// What it was before, where the plan says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// What it is to be in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Bound>,
    /// How much worse than its baseline it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Shift>,
    /// How often it is measured for one value, which is their median; 1 for what is the same each time.
    pub repeat: u32,
    /// Where its name stands in the plan's text; no part of the meaning.
    #[serde(skip)]
    pub place: Span,
}

/// Where a metric comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A command of the plan.
    Measured {
        /// The command.
        command: Box<Command>,
        /// How its number is read.
        read: Read,
        /// The file that is read, if it is not the report and not what the command prints.
        file: Option<RepoPath>,
    },
    /// What this program knows itself.
    Known(Known),
}

/// What this program can tell of the plan without a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The share of files in scope without a violation, in percent.
    Compliance,
    /// How many violations there are in scope.
    Violations,
    /// How many units failed, were quarantined or taken back.
    UnitsFailed,
    /// How many commits of the plan were taken back.
    Reverts,
}

impl Known {
    /// All there are, by their words.
    pub const ALL: [(&'static str, Self); 4] = [
        ("compliance", Self::Compliance),
        ("violations", Self::Violations),
        ("units_failed", Self::UnitsFailed),
        ("reverts", Self::Reverts),
    ];

    /// Its word in the plan.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Compliance => "compliance",
            Self::Violations => "violations",
            Self::UnitsFailed => "units_failed",
            Self::Reverts => "reverts",
        }
    }

    fn scale(self) -> Scale {
        if self == Self::Compliance { Scale::Percent } else { Scale::Plain }
    }
}

impl Metric {
    /// The command that it is measured by, if there is one.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        match &self.source {
            Source::Measured { command, .. } => Some(command),
            Source::Known(_) => None,
        }
    }

    /// True for what is measured several times, since no two times are the same.
    #[must_use]
    pub fn is_noisy(&self) -> bool {
        self.repeat > 1
    }

    /// True when more of it is better.
    #[must_use]
    pub fn more_is_better(&self) -> bool {
        match self.target {
            Some(target) => !target.comparison.is_downward(),
            None => self.scale != Scale::Plain,
        }
    }

    /// The bound beyond which it is worse than it may be.
    #[must_use]
    pub fn allowed(&self) -> Option<Bound> {
        let tolerance = self.tolerance?;
        let negative = match tolerance {
            Shift::By(number) => Shift::By(-number),
            Shift::Share(percent) => Shift::Share(-percent),
        };
        let (comparison, shift) =
            if self.more_is_better() { (Comparison::AtLeast, negative) } else { (Comparison::AtMost, tolerance) };
        Some(Bound { comparison, against: Against::Baseline(shift) })
    }
}

/// The keys of a metric.
const KEYS: [&str; 14] = [
    "run",
    "builtin",
    "report",
    "read",
    "file",
    "baseline",
    "target",
    "tolerance",
    "repeat",
    "timeout",
    "ok_exit",
    "at",
    "exclusive",
    "private",
];

/// Those beside `builtin`.
const OF_BUILTINS: [&str; 4] = ["builtin", "baseline", "target", "tolerance"];

/// The metrics that a plan declares.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Those that are sound.
    pub list: Vec<Metric>,
    /// The names of the others, of which nothing more is to be said.
    broken: Vec<String>,
}

impl Declared {
    /// The metric of this name.
    pub fn get(&self, name: &str) -> Option<&Metric> {
        self.list.iter().find(|metric| metric.name == name)
    }

    /// True when something is wrong with the metric of this name.
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.iter().any(|broken| broken == name)
    }
}

/// Reads the plan's metrics.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Declared {
    let Some(entries) = reader.names(node, "`metrics`") else { return Declared::default() };
    let mut metrics = Declared::default();
    for (name, place, node) in entries.iter() {
        if !scalar::is_id(name) || name == "baseline" || name == "not" {
            let help = "a name is made of letters, digits, `_`, `.` and `-`, and is not `baseline` or `not`";
            reader.report(place, format!("{} cannot be a metric's name", quoted(name)), help);
            metrics.broken.push(name.to_owned());
            continue;
        }
        match metric(reader, name, place, node) {
            Some(metric) => metrics.list.push(metric),
            None => metrics.broken.push(name.to_owned()),
        }
    }
    metrics
}

fn metric(reader: &mut Reader<'_>, name: &str, place: Span, node: &Node) -> Option<Metric> {
    let what = format!("the metric {name}");
    let entries = reader.map(node, &what, &KEYS)?;
    let source = match entries.get("builtin") {
        Some(known) => known_source(reader, &entries, known),
        None => measured(reader, node, &entries, name),
    }?;
    let target_node = entries.get("target");
    let in_percent = target_node.is_some_and(|node| matches!(&node.kind, Kind::Scalar(text, _) if is_share(text)));
    let scale = match &source {
        Source::Known(known) => known.scale(),
        Source::Measured { read, .. } => read.scale().unwrap_or(if in_percent { Scale::Percent } else { Scale::Plain }),
    };
    let is_noisy = matches!(&source, Source::Measured { read, .. } if read.is_noisy());
    let repeat = match entries.get("repeat") {
        None => is_noisy.then_some(rank::FEWEST),
        Some(node) => repeat(reader, node),
    };
    let baseline = entries.get("baseline").and_then(|node| {
        let text = value(reader, node, "`baseline`", "a number such as 500")?;
        wrong_at(reader, node, amount(text, name, scale))
    });
    let target = target_node.and_then(|node| target(reader, node, name, scale));
    let tolerance = entries.get("tolerance").and_then(|node| tolerance(reader, node, name, scale));
    if let (Scale::Truth, Some(key)) =
        (scale, ["target", "tolerance", "baseline", "repeat"].iter().find(|key| entries.get(key).is_some()))
    {
        let help = "remove it: what passes or fails has no number; make a trigger, as in `when: \"not NAME\"`";
        reader.report(entries.key(key), format!("`{key}` for a metric that passes or fails"), help);
    }
    Some(Metric { name: name.to_owned(), source, scale, baseline, target, tolerance, repeat: repeat.unwrap_or(1), place })
}

fn is_share(text: &str) -> bool {
    let text = text.trim();
    text.ends_with('%') && !text.contains("baseline")
}

fn known_source(reader: &mut Reader<'_>, entries: &Entries<'_>, node: &Node) -> Option<Source> {
    for (key, span, _) in entries.iter().filter(|(key, ..)| !OF_BUILTINS.contains(key)) {
        let message = format!("what is built in has no `{key}`");
        reader.report(span, message, "remove it: beside `builtin` stand `target`, `tolerance` and `baseline`");
    }
    reader.choice(node, "`builtin`", &Known::ALL).map(Source::Known)
}

fn measured(reader: &mut Reader<'_>, node: &Node, entries: &Entries<'_>, name: &str) -> Option<Source> {
    let help = "read: passes";
    let read = reader.required(entries, "read", &format!("the metric {name}"), help).and_then(|node| how(reader, node));
    let command = command_of(reader, node, entries, Place::Metric);
    let file = entries.get("file").and_then(|node| {
        let text = reader.text(node, "`file`")?;
        match RepoPath::new(text) {
            Ok(path) => Some((path, node.span)),
            Err(problem) => {
                let help = "give the path from the top of the repository; the command writes it there, in its copy";
                reader.report(node.span, format!("{}: {problem}", quoted(text)), help);
                None
            }
        }
    });
    let (read, command) = (read?, command?);
    let junit = command.report == Some(ReportFormat::Junit);
    if read != Read::PassRate && junit {
        let help = "remove it, or read the report by `read: pass_rate`";
        reader.report(entries.key("report"), "`report: junit` for a metric that is not read from it", help);
    }
    if let Some((_, place)) = file.as_ref().filter(|_| !matches!(read, Read::Json(_) | Read::Regex(_))) {
        let help = "remove it: a file is read by `read: { json: POINTER }` or `read: { regex: PATTERN }`";
        reader.report(*place, "`file` for a metric that is not read from it", help);
    }
    Some(Source::Measured { command: Box::new(command), read, file: file.map(|(path, _)| path) })
}

fn how(reader: &mut Reader<'_>, node: &Node) -> Option<Read> {
    if let Kind::Scalar(..) = &node.kind {
        let words = [
            ("stdout", &Read::Stdout),
            ("passes", &Read::Passes),
            ("pass_rate", &Read::PassRate),
            ("duration", &Read::Duration),
            ("peak_memory", &Read::PeakMemory),
        ];
        return reader.choice(node, "`read`", &words).cloned();
    }
    let entries = reader.map(node, "`read`", &["json", "regex"])?;
    match (entries.get("json"), entries.get("regex")) {
        (Some(json), None) => {
            let pointer = reader.text(json, "`json`")?;
            let is_escaped = |at: usize| matches!(pointer.as_bytes().get(at + 1), Some(b'0' | b'1'));
            if !pointer.starts_with('/') || !pointer.match_indices('~').all(|(at, _)| is_escaped(at)) {
                let help = "write it like /benchmarks/0/stats/mean; a `/` in a name is `~1`, a `~` is `~0`";
                reader.report(json.span, format!("{} is no JSON pointer", quoted(pointer)), help);
                return None;
            }
            Some(Read::Json(pointer.to_owned()))
        }
        (None, Some(regex)) => {
            let pattern = reader.text(regex, "`regex`")?;
            if let Err((message, help)) = check_regex(pattern) {
                reader.report(regex.span, message, help);
                return None;
            }
            Some(Read::Regex(pattern.to_owned()))
        }
        _ => {
            reader.report(node.span, "`read` has one of `json` and `regex`", "write `read: { json: /p95_ms }`");
            None
        }
    }
}

fn repeat(reader: &mut Reader<'_>, node: &Node) -> Option<u32> {
    let repeat = reader.number(node, "`repeat`", 1, rank::MOST)?;
    if repeat > 1 && repeat < rank::FEWEST {
        let message = format!("`repeat: {repeat}` is too few to tell a difference from noise");
        let help = format!("give {} or more, or leave it out for what is the same each time", rank::FEWEST);
        reader.report(node.span, message, help);
        return None;
    }
    Some(repeat)
}

/// The text of a scalar, number or not.
pub(super) fn value<'n>(reader: &mut Reader<'_>, node: &'n Node, what: &str, expected: &str) -> Option<&'n str> {
    let Kind::Scalar(text, _) = &node.kind else {
        reader.mismatch(node, what, expected);
        return None;
    };
    Some(text.trim())
}

fn wrong_at<T>(reader: &mut Reader<'_>, node: &Node, read: Result<T, crate::metric::Wrong>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(wrong) => {
            reader.report(node.span, wrong.message, wrong.help);
            None
        }
    }
}

fn target(reader: &mut Reader<'_>, node: &Node, name: &str, scale: Scale) -> Option<Bound> {
    let text = value(reader, node, "`target`", "a number such as 100%")?;
    if scale == Scale::Truth {
        return None;
    }
    let found = Comparison::ALL.into_iter().find(|(sign, _)| text.starts_with(sign));
    let (comparison, rest) = match found {
        Some((sign, comparison)) => (comparison, &text[sign.len()..]),
        // More of a share is better, less of anything else.
        None if scale == Scale::Percent => (Comparison::AtLeast, text),
        None => (Comparison::AtMost, text),
    };
    wrong_at(reader, node, against(rest, name, scale)).map(|against| Bound { comparison, against })
}

fn tolerance(reader: &mut Reader<'_>, node: &Node, name: &str, scale: Scale) -> Option<Shift> {
    let text = value(reader, node, "`tolerance`", "how much worse it may be, such as 10%")?;
    if scale == Scale::Truth {
        return None;
    }
    match wrong_at(reader, node, against(&format!("baseline + {text}"), name, scale))? {
        Against::Baseline(shift) => Some(shift),
        Against::Number(_) => None,
    }
}
