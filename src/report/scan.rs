//! `migrate scan` as text and as JSON.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::event::PhaseLabel;
use crate::report::Detail;
use crate::report::error::unless_closed;
use crate::report::escape;
use crate::report::excerpt::{Files, WIDTH};
use crate::report::look::{Ink, Look};
use crate::rewrite::violation::Kind;
use crate::scan::{Fate, Place, Scan, files};

/// More places of one rule than this are told as a number, unless all are asked for.
const MANY: usize = 20;

/// The kinds, in the order in which they are counted up.
const KINDS: [Kind; 4] = [Kind::Import, Kind::Use, Kind::String, Kind::Doc];

/// Writes what was found as text, each place with its line where there are `files`. A reader that went away is no error.
///
/// # Errors
/// What the stream says.
pub fn write(out: &mut dyn Write, look: Look, scan: &Scan, files: Option<&Files>, detail: Detail) -> io::Result<()> {
    unless_closed(out.write_all(text((look, files), scan, detail).as_bytes()).and_then(|()| out.flush()))
}

fn text((look, files): (Look, Option<&Files>), scan: &Scan, detail: Detail) -> String {
    let mut text = String::new();
    push_table(&mut text, look, scan);
    for rule in 0..scan.rules.len() {
        let goes = |place: &&Place| place.rules.first() == Some(&rule) && place.counts() && !matches!(place.fate, Fate::Stays(_));
        let places: Vec<&Place> = scan.places.iter().filter(goes).collect();
        push_places(&mut text, (look, files), scan, &places, detail);
    }
    let of_fate = |wanted: fn(&Fate) -> bool| scan.places.iter().filter(move |place| wanted(&place.fate)).collect();
    let stays: Vec<&Place> = of_fate(|fate| matches!(fate, Fate::Stays(_)));
    push_apart(&mut text, (look, files), scan, "not transformed automatically", &stays, detail);
    let undecided: Vec<&Place> = of_fate(|fate| matches!(fate, Fate::Undecided(_)));
    push_apart(&mut text, (look, files), scan, "undecided", &undecided, detail);
    if !scan.unreadable.is_empty() {
        push(&mut text, &format!("\n{}", look.paint(Ink::Bold, &format!("could not be read: {}", scan.unreadable.len()))));
        for (path, reason) in &scan.unreadable {
            push(&mut text, &escape::line(format!("  {path}: {reason}").as_bytes()));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    push(&mut text, &last_line(scan));
    text
}

/// The lines of the table: phase by phase in the order of the plan, then what is in none; in each, rule by rule.
fn push_table(text: &mut String, look: Look, scan: &Scan) {
    let phases = (0..scan.phases.len()).map(Some).chain([None]);
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for phase in phases {
        for (rule, name) in scan.rules.iter().enumerate() {
            let places: Vec<&Place> = scan
                .places
                .iter()
                .filter(|place| place.phase == phase && place.rules.contains(&rule) && place.counts())
                .collect();
            if places.is_empty() {
                continue;
            }
            let label = match phase.and_then(|at| scan.phases.get(at)) {
                Some(label) => label.to_string(),
                None if scan.plan.is_none() => String::new(),
                None => "in no phase".to_owned(),
            };
            let kinds = KINDS.iter().filter_map(|kind| {
                let count = places.iter().filter(|place| place.violation.kind == *kind).count();
                (count > 0).then(|| plural(count, kind.word()))
            });
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            let count =
                format!("{} in {}: {kinds}", plural(places.len(), "violation"), plural(files(places.into_iter()), "file"));
            rows.push((escape::line(label.as_bytes()), escape::line(name.as_bytes()), count));
        }
    }
    let repeated = scan.places.iter().any(|place| place.counts() && place.rules.len() > 1);
    let width =
        |part: fn(&(String, String, String)) -> &String| rows.iter().map(|row| part(row).chars().count()).max().unwrap_or(0);
    let (labels, names) = (width(|row| &row.0), width(|row| &row.1));
    for (label, name, count) in &rows {
        let gap = if labels > 0 { "  " } else { "" };
        push(text, &format!("{}{gap}{name:names$}  {count}", look.paint(Ink::Bold, &format!("{label:labels$}"))));
    }
    if repeated {
        push(text, "places that several rules find count once in the total");
    }
}

fn push_places(text: &mut String, at: (Look, Option<&Files>), scan: &Scan, places: &[&Place], detail: Detail) {
    let shown = if detail == Detail::Verbose { places.len() } else { places.len().min(MANY) };
    if shown > 0 {
        text.push('\n');
    }
    for place in &places[..shown] {
        push(text, &escape::line(line(scan, place).as_bytes()));
        *text += &excerpt(at, place);
    }
    push_rest(text, places.len() - shown);
}

fn push_apart(
    text: &mut String,
    (look, files): (Look, Option<&Files>),
    scan: &Scan,
    title: &str,
    places: &[&Place],
    detail: Detail,
) {
    if places.is_empty() {
        return;
    }
    push(text, &format!("\n{}", look.paint(Ink::Bold, &format!("{title}: {}", places.len()))));
    let shown = if detail == Detail::Verbose { places.len() } else { places.len().min(MANY) };
    for place in &places[..shown] {
        let why = match &place.fate {
            Fate::Stays(left) => &left.reason,
            Fate::Undecided(why) => why,
            Fate::Goes | Fate::Unknown => continue,
        };
        push(text, &escape::line(format!("  {}: {why}", line(scan, place)).as_bytes()));
        *text += &excerpt((look, files), place);
    }
    push_rest(text, places.len() - shown);
}

fn push_rest(text: &mut String, rest: usize) {
    if rest > 0 {
        push(text, &format!("  ({rest} more, listed with --verbose)"));
    }
}

/// The line of the file, where lines are wanted.
fn excerpt((look, files): (Look, Option<&Files>), place: &Place) -> String {
    let at = (place.violation.line, place.violation.column);
    files.map_or_else(String::new, |files| files.excerpt(look, &place.path, at, WIDTH))
}

/// `path:line:column kind name [rules]`
fn line(scan: &Scan, place: &Place) -> String {
    let (path, found) = (&place.path, &place.violation);
    let names = || place.rules.iter().map(|rule| scan.rules[*rule].as_str()).collect::<Vec<_>>().join(", ");
    let rule = if scan.plan.is_some() { format!(" [{}]", names()) } else { String::new() };
    format!("{path}:{}:{} {} {}{rule}", found.line, found.column, found.kind.word(), found.name)
}

fn last_line(scan: &Scan) -> String {
    if scan.symbol_is_used() == Some(false) {
        let read = if scan.unreadable.is_empty() { "" } else { " that could be read" };
        let symbol = scan.rules.first().map_or("", String::as_str);
        return format!("nothing{read} in {} imports or uses {symbol}: is the name right?", plural(scan.files, "tracked file"));
    }
    let mut line =
        format!("{} in {} of {}", plural(scan.violations(), "violation"), scan.violating_files(), plural(scan.files, "file"));
    let in_no_phase = if scan.plan.is_some() { scan.in_no_phase() } else { 0 };
    for (count, what) in
        [(scan.unreadable.len(), "could not be read"), (in_no_phase, "in no phase"), (scan.undecided(), "undecided")]
    {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    match scan.files {
        0 => line + "; no file is in scope",
        _ => format!("{line}; {} of the files comply", percent(scan)),
    }
}

/// The compliance with one decimal.
fn percent(scan: &Scan) -> String {
    format!("{}.{}%", scan.compliance() / 10, scan.compliance() % 10)
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

/// What was found, for programs.
#[derive(Debug, Serialize)]
pub struct Json<'s> {
    /// The plan's name; null for a scan of a symbol.
    plan: Option<&'s str>,
    /// Whether anything imports or uses the symbol; null for a scan of a plan.
    symbol_is_used: Option<bool>,
    /// How many files are in scope.
    files: usize,
    /// How many of them have a violation.
    violating_files: usize,
    /// The share of those that are known to have none, in percent, rounded down to one decimal.
    compliance: f64,
    violations: usize,
    /// How many of them no rule takes away.
    stay: usize,
    undecided: usize,
    by_rule: Vec<RuleCount<'s>>,
    places: Places<'s>,
    unreadable: Vec<Unreadable<'s>>,
}

#[derive(Debug, Serialize)]
struct RuleCount<'s> {
    rule: &'s str,
    phase: Option<&'s PhaseLabel>,
    files: usize,
    violations: usize,
    imports: usize,
    uses: usize,
    strings: usize,
    docs: usize,
}

#[derive(Debug, Serialize)]
struct JsonPlace<'s> {
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    kind: &'static str,
    name: &'s str,
    /// The rule that takes it away; the first that finds it where none does by itself.
    rule: &'s str,
    /// All of them.
    rules: Vec<&'s str>,
    phase: Option<&'s str>,
    fate: &'static str,
    reason: Option<&'s str>,
    help: Option<&'s str>,
}

#[derive(Debug, Serialize)]
struct Unreadable<'s> {
    path: String,
    reason: &'s str,
}

/// The word for what becomes of a violation.
pub(super) fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Goes => "goes",
        Fate::Stays(_) => "stays",
        Fate::Undecided(_) => "undecided",
        Fate::Unknown => "unknown",
    }
}

/// Why a violation stays or is undecided, and what to do about it.
pub(super) fn why(fate: &Fate) -> (Option<&str>, Option<&str>) {
    match fate {
        Fate::Goes | Fate::Unknown => (None, None),
        Fate::Stays(left) => (Some(&left.reason), Some(&left.help)),
        Fate::Undecided(why) => (Some(why), None),
    }
}

/// The same as data.
#[must_use]
pub fn json(scan: &Scan) -> Json<'_> {
    let count = |wanted: fn(&Fate) -> bool| scan.places.iter().filter(|place| wanted(&place.fate)).count();
    Json {
        plan: scan.plan.as_deref(),
        symbol_is_used: scan.symbol_is_used(),
        files: scan.files,
        violating_files: scan.violating_files(),
        compliance: f64::from(u32::try_from(scan.compliance()).unwrap_or(1000)) / 10.0,
        violations: scan.violations(),
        stay: count(|fate| matches!(fate, Fate::Stays(_))),
        undecided: count(|fate| matches!(fate, Fate::Undecided(_))),
        by_rule: by_rule(scan),
        places: Places(scan),
        unreadable: scan.unreadable.iter().map(|(path, reason)| Unreadable { path: path.to_string(), reason }).collect(),
    }
}

/// The places, each made as it is written: there may be half a million.
#[derive(Debug)]
struct Places<'s>(&'s Scan);

impl Serialize for Places<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.places.iter().map(|place| json_place(self.0, place)))
    }
}

fn json_place<'s>(scan: &'s Scan, place: &'s Place) -> JsonPlace<'s> {
    let found = &place.violation;
    let (reason, help) = why(&place.fate);
    JsonPlace {
        path: place.path.to_string(),
        line: found.line,
        column: found.column,
        end_line: found.end_line,
        end_column: found.end_column,
        kind: found.kind.word(),
        name: &found.name,
        rule: place.rules.first().map_or("", |rule| &scan.rules[*rule]),
        rules: place.rules.iter().map(|rule| scan.rules[*rule].as_str()).collect(),
        phase: place.phase.map(|at| scan.phases[at].id.as_str()),
        fate: word(&place.fate),
        reason,
        help,
    }
}

/// One count for each rule in each phase, and in no phase; those without a violation too. A place that several rules find counts for
/// each of them.
fn by_rule(scan: &Scan) -> Vec<RuleCount<'_>> {
    let phases = (0..scan.phases.len()).map(Some).chain([None]);
    let all = phases.flat_map(|phase| (0..scan.rules.len()).map(move |rule| (phase, rule)));
    let count = |(phase, rule): (Option<usize>, usize)| {
        let places: Vec<&Place> =
            scan.places.iter().filter(|place| place.phase == phase && place.rules.contains(&rule) && place.counts()).collect();
        let of = |kind| places.iter().filter(|place| place.violation.kind == kind).count();
        RuleCount {
            rule: &scan.rules[rule],
            phase: phase.map(|at| &scan.phases[at]),
            violations: places.len(),
            imports: of(Kind::Import),
            uses: of(Kind::Use),
            strings: of(Kind::String),
            docs: of(Kind::Doc),
            files: files(places.into_iter()),
        }
    };
    all.map(count).collect()
}
