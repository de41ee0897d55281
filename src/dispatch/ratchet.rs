//! `migrate check --ratchet FILE`: violations may fall and never rise.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Serialize;

use crate::cure;
use crate::dispatch::{Session, printed};
use crate::ratchet::{Place, Record, Rise};
use crate::report::looking::Looking;
use crate::report::{json, text};
use crate::rules;
use crate::scan::{Asked, Scan, What, scan};
use crate::state::State;
use crate::status;
use crate::stop::{Note, Stop};

/// What is told as data.
#[derive(Serialize)]
struct Ratchet<'r> {
    plan: &'r str,
    ok: bool,
    violations: usize,
    files: usize,
    written: bool,
    quarantined: usize,
    rises: &'r [Rise],
}

/// More files than this are told as a number.
const MOST: usize = 50;

impl Session<'_> {
    /// Holds the violations against a record, and lowers it where there are fewer; with `update` writes it as things are.
    pub(super) fn ratchet(&self, named: &Path, update: bool, as_json: bool) -> Result<(), Stop> {
        let path = self.here.join(named);
        let old = match fs::read_to_string(&path) {
            Ok(text) => Some(Record::parse(&text).map_err(|(line, what)| {
                let message = format!("{}:{line}: {what}", named.display());
                Stop::Usage(Note::new(
                    message,
                    format!("name a record that {} wrote, or write it anew with --update", self.ratchet_command(named)),
                ))
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(refused("read", named, &error)),
        };
        let old = match (old, update) {
            (Some(Err(stop)), false) => return Err(stop),
            (Some(Err(_)), true) | (None, true) => None,
            (Some(Ok(record)), _) => Some(record),
            (None, false) => {
                let message = format!("{}: there is no such record", named.display());
                let help = format!("`{} --update` writes one of what is left now; commit it", self.ratchet_command(named));
                return Err(Stop::Usage(Note::new(message, help)));
            }
        };
        if let Some(of) = old.as_ref().map(|record| &record.plan).filter(|of| **of != self.plan.name && !update) {
            let message = format!("{} is of the plan {of}, not of {}", named.display(), self.plan.name);
            return Err(Stop::Usage(Note::new(message, "name the record of this plan, or another plan with --plan")));
        }
        let places = self.places()?;
        let quarantined = match (&old, update) {
            (Some(old), false) => old.quarantined.clone(),
            _ => self.set_aside()?,
        };
        let now = Record::of(&self.plan.name, &places, quarantined);
        let rises = old.as_ref().filter(|_| !update).map(|old| old.rises(&places)).unwrap_or_default();
        let lowered = old.as_ref().is_none_or(|old| old.falls_to(&now));
        let is_written = rises.is_empty() && (update || lowered);
        if is_written {
            written(&path, &now.text()).map_err(|error| refused("write", named, &error))?;
        }
        if as_json {
            let (violations, files, quarantined) = (now.count(), now.files(), now.quarantined.len());
            let told = Ratchet {
                plan: &self.plan.name,
                ok: rises.is_empty(),
                violations,
                files,
                written: is_written,
                quarantined,
                rises: &rises,
            };
            printed(json::line(&mut io::stdout(), &told))?;
        }
        for rise in rises.iter().take(MOST).filter(|_| !as_json) {
            printed(text::line(&mut io::stdout(), &said(rise)))?;
        }
        if !rises.is_empty() {
            let more: usize = rises.iter().map(|rise| rise.found - rise.allowed).sum();
            let verb = if more == 1 { "is" } else { "are" };
            let message = format!("{} {verb} new since {} was written", many(more, "violation"), named.display());
            let help =
                format!("use what replaces them; where it must be, `{} --update` raises the record", self.ratchet_command(named));
            return Err(Stop::Failed(Note::new(message, help)));
        }
        if as_json {
            return Ok(());
        }
        let left = format!("{} left in {}", many(now.count(), "violation"), many(now.files(), "file"));
        let how = match old.as_ref().map(Record::count) {
            Some(was) if lowered && !update => format!(", {was} before: {} is lowered, commit it", named.display()),
            _ if update => format!(": {} is written, commit it", named.display()),
            _ => ", as recorded".to_owned(),
        };
        let aside = now.quarantined.len();
        let aside = if aside > 0 { format!("; quarantined: {}", many(aside, "unit")) } else { String::new() };
        printed(text::line(&mut io::stdout(), &format!("{left}{how}{aside}")))
    }

    fn ratchet_command(&self, named: &Path) -> String {
        format!("migrate{} check --ratchet {}", self.plan_option(), named.display())
    }

    /// Every violation in scope. Where a file could not be read it is not known whether there are more.
    fn places(&self) -> Result<Vec<Place>, Stop> {
        let looking = Looking::stderr();
        let found = scan(&self.repo, What::Plan(&self.plan), &Asked::default(), self.interrupt, &|looked| looking.at(looked))?;
        looking.clear();
        let matched = |name: &String| found.places.iter().flat_map(|place| &place.rules).any(|rule| found.rules[*rule] == *name);
        let unseen = self.plan.rules.iter().enumerate().filter(|(_, rule)| !matched(&rule.name)).map(|(at, _)| at);
        rules::dead(&self.repo, &self.plan, unseen, self.interrupt)?.refuse(&self.plan)?;
        if let Some((path, why)) = found.unreadable.first() {
            let message = format!("{path} could not be read, so it is not known whether violations rose: {why}");
            return Err(Stop::Failed(Note::new(message, "make it readable, or leave it out by the plan's `scope`")));
        }
        Ok(self.with_texts(&found))
    }

    fn with_texts(&self, found: &Scan) -> Vec<Place> {
        let mut last: Option<(String, Vec<String>)> = None;
        let mut places = Vec::new();
        for place in found.places.iter().filter(|place| place.counts()) {
            let file = place.path.to_string();
            if last.as_ref().is_none_or(|(known, _)| *known != file) {
                // It was read a moment ago; of one that is gone since, only the marks differ.
                let bytes = fs::read(self.repo.top().join(place.path.as_path())).unwrap_or_default();
                last = Some((file.clone(), String::from_utf8_lossy(&bytes).lines().map(ToOwned::to_owned).collect()));
            }
            let line = place.violation.line;
            let at = usize::try_from(line).unwrap_or(1).saturating_sub(1);
            let text = last.as_ref().and_then(|(_, lines)| lines.get(at)).cloned().unwrap_or_default();
            places.push(Place { file, line, name: place.violation.name.clone(), text });
        }
        places
    }

    /// The units that are quarantined in this work tree, with the reason: a clone knows nothing of them.
    fn set_aside(&self) -> Result<BTreeMap<String, String>, Stop> {
        let table = status::table(&self.repo, &self.plan, &status::Asked::default(), &|_| {})?;
        let rows = table.phases.into_iter().flat_map(|phase| phase.rows);
        let aside = rows.filter(|row| row.state == State::Quarantined);
        let first = |note: Option<String>| note.unwrap_or_default().lines().next().unwrap_or_default().to_owned();
        Ok(aside.map(|row| (row.unit, first(row.note))).collect())
    }
}

/// A number of things, in words.
fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `app/a.py:12, 40: old.f: 3 uses, the record allows 1`
fn said(rise: &Rise) -> String {
    let lines: Vec<String> = rise.lines.iter().map(ToString::to_string).collect();
    let uses = if rise.found == 1 { "1 use".to_owned() } else { format!("{} uses", rise.found) };
    format!("{}:{}: {}: {uses}, the record allows {}", rise.file, lines.join(","), rise.name, rise.allowed)
}

/// Writes the record: it is wholly there, or as it was.
fn written(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file =
        tempfile::Builder::new().prefix(".migrate-ratchet-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn refused(act: &str, named: &Path, error: &io::Error) -> Stop {
    let message = format!("{}: cannot {act} the record: {error}", named.display());
    Stop::Usage(Note::new(message, cure::help(error, "name a file in a folder that is there and can be written")))
}
