//! One file: read, looked at cheaply, parsed when there is reason to, and forgotten.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::guard::{self, Context, Finding};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::guards::{Guards, Severity};
use crate::python::module::module_name;
use crate::python::parsed::Parsed;
use crate::python::source::{MAX_BYTES, Source, SourceError};
use crate::python::syntax::ParseError;
use crate::rewrite::docs::Markup;
use crate::rewrite::follow::{Spot, aside};
use crate::rewrite::glance::{glance, hidden};
use crate::rewrite::left::{Left, left};
use crate::rewrite::violation::{Seen, look, look_in_document};
use crate::rewrite::words::Words;
use crate::rewrite::{Step, refused};
use crate::scan::claim::Claims;
use crate::scan::{Fate, Place, Sought};
use crate::select::Unit;
use crate::unit::kind::markup;
use crate::unit::segments::{Segment, segments};

/// How long one file may take to parse.
const DEADLINE: Duration = Duration::from_secs(2);

/// A way to look at a file.
type Look = fn(&Parsed, Step) -> Result<Option<Seen>, ParseError>;

/// What all threads share.
#[derive(Clone, Copy)]
pub(super) struct Each<'s> {
    pub(super) top: &'s Path,
    pub(super) plan: Option<&'s Plan>,
    pub(super) claims: Option<&'s Claims<'s>>,
    pub(super) words: &'s Words,
    pub(super) sought: &'s [Sought<'s>],
}

/// What there is to tell of a file.
pub(super) enum Looked {
    /// It is tracked and not in the work tree.
    Missing,
    /// It could not be read, for this reason.
    Unreadable(String),
    /// What was found in it.
    Places(Vec<Place>),
}

impl Each<'_> {
    /// Looks at one file, whose bytes are read into `buffer`; `None` when there is nothing to tell.
    pub(super) fn look(&self, path: &RepoPath, buffer: &mut Vec<u8>) -> Option<Looked> {
        match read(&path.below(self.top), buffer) {
            Ok(()) => {}
            Err(NotRead::Missing) => return Some(Looked::Missing),
            Err(NotRead::Because(reason)) => return Some(Looked::Unreadable(reason)),
        }
        let concerned = self.words.look(buffer, path.as_bytes());
        if !concerned.contains(&true) {
            return None;
        }
        match self.places(path, buffer, &concerned) {
            Ok(places) if places.is_empty() => None,
            Ok(places) => Some(Looked::Places(places)),
            Err(reason) => Some(Looked::Unreadable(reason)),
        }
    }

    /// What is found in the examples of a document, all of which goes: what the rule leaves is undecided.
    fn in_document(&self, path: &RepoPath, bytes: &[u8], markup: Markup, concerned: &[bool]) -> Result<Vec<Place>, String> {
        let source = Source::prose(bytes).map_err(|error| error.to_string())?;
        let mut places = Vec::new();
        for (number, sought) in self.sought.iter().enumerate().filter(|(number, _)| concerned[*number]) {
            let seen = look_in_document(&source, markup, sought.step);
            let violated: Vec<usize> = if seen.violations.is_empty() { Vec::new() } else { sought.rule.into_iter().collect() };
            let unit = self.claims.and_then(|claims| claims.unit(path, &violated)).filter(|unit| self.takes(unit, sought));
            let phase = unit.map(|unit| unit.phase);
            let place = |violation, fate| Place { path: path.clone(), rule: number, phase, violation, fate };
            let fate = || if self.plan.is_some() { Fate::Goes } else { Fate::Unknown };
            places.extend(seen.violations.into_iter().map(|violation| place(violation, fate())));
            places.extend(seen.undecided.into_iter().map(|(violation, why)| place(violation, Fate::Undecided(why))));
        }
        places.sort_by_key(|place| (place.violation.range.start, place.rule));
        Ok(places)
    }

    fn places(&self, path: &RepoPath, bytes: &[u8], concerned: &[bool]) -> Result<Vec<Place>, String> {
        if let Some(markup) = markup(path) {
            return self.in_document(path, bytes, markup, concerned);
        }
        let source = Source::new(bytes).map_err(|error| error.to_string())?;
        let module = module_name(path.as_bytes(), source.text(), |other| {
            RepoPath::new(other).is_ok_and(|other| other.below(self.top).symlink_metadata().is_ok())
        });
        let file = Parsed::new(&source, module.as_deref()).within(DEADLINE);
        let seen = match self.seen(&file, concerned, glance)? {
            Some(seen) if seen.is_empty() => return Ok(Vec::new()),
            Some(seen) if self.plan.is_none() => seen,
            // The whole file tells what would become of them too.
            _ => self.seen(&file, concerned, |file, step| look(file, step).map(Some))?.unwrap_or_default(),
        };
        if seen.is_empty() {
            // What is there may be a violation all the same.
            for (number, _) in concerned.iter().enumerate().filter(|(_, concerned)| **concerned) {
                if let Some(error) = hidden(&file, self.sought[number].step).map_err(|error| error.to_string())? {
                    return Err(format!("line {}, column {}: {error}", error.line, error.column));
                }
            }
            return Ok(Vec::new());
        }
        let violated: Vec<usize> = seen.iter().filter_map(|(number, _)| self.sought[*number].rule).collect();
        let unit = self.claims.and_then(|claims| claims.unit(path, &violated));
        let mut places = Vec::new();
        for (number, seen) in seen {
            let sought = &self.sought[number];
            let unit = unit.as_ref().filter(|unit| self.takes(unit, sought));
            let fates = match self.plan {
                None => vec![Fate::Unknown; seen.violations.len()],
                Some(plan) => fates(plan, unit, &file, sought.step, &seen),
            };
            let place =
                |violation, fate| Place { path: path.clone(), rule: number, phase: unit.map(|unit| unit.phase), violation, fate };
            places.extend(seen.violations.into_iter().zip(fates).map(|(violation, fate)| place(violation, fate)));
            places.extend(seen.undecided.into_iter().map(|(violation, why)| place(violation, Fate::Undecided(why))));
        }
        places.sort_by_key(|place| (place.violation.range.start, place.rule));
        Ok(places)
    }

    /// What one way to look finds of each rule; `None` where it cannot tell.
    fn seen(&self, file: &Parsed, concerned: &[bool], look: Look) -> Result<Option<Vec<(usize, Seen)>>, String> {
        let mut seen = Vec::new();
        for (number, sought) in self.sought.iter().enumerate().filter(|(number, _)| concerned[*number]) {
            let Some(found) = look(file, sought.step).map_err(|error| error.to_string())? else { return Ok(None) };
            if !(found.violations.is_empty() && found.undecided.is_empty()) {
                seen.push((number, found));
            }
        }
        Ok(Some(seen))
    }

    /// True when the unit takes the rule to the file, or has edits or a codemod that may do its work.
    fn takes(&self, unit: &Unit, sought: &Sought) -> bool {
        let Some(plan) = self.plan else { return false };
        let target = plan.target(unit);
        let own = sought.rule.is_some_and(|rule| target.rules.contains(&rule));
        own || !target.edits.is_empty() || plan.runs_codemod(target)
    }
}

/// What would become of each violation in a file by what its unit does, or by the rule alone where it has none.
fn fates(plan: &Plan, unit: Option<&Unit>, file: &Parsed, rule: Step, seen: &Seen) -> Vec<Fate> {
    let all = |reason: String, help: &str| vec![Fate::Stays(Left { reason, help: help.to_owned() }); seen.violations.len()];
    if seen.violations.is_empty() {
        return Vec::new();
    }
    if let Some(problem) = file.problems().first() {
        let reason = format!("the file is not valid Python: line {}: {}", problem.line, problem.message);
        return all(reason, "mend the file first");
    }
    let segments = unit.map(|unit| segments(plan, unit)).unwrap_or_default();
    let steps = match segments.as_slice() {
        [] => &[rule][..],
        [Segment::Pure(steps)] => steps,
        _ => return all("an external codemod changes the file: only a run can tell".into(), "look again after the run"),
    };
    let guards = unit.map(|unit| plan.target(unit).guards).unwrap_or_default();
    let judge = |after: &Parsed| unsound(file, after, guards);
    let left = left(file, rule, &seen.violations, steps, judge);
    left.into_iter().map(|left| left.map_or(Fate::Goes, Fate::Stays)).collect()
}

/// What the guards would stop a run for. Whether a function of another file gives a coroutine is not looked up here.
fn unsound(before: &Parsed, after: &Parsed, guards: Guards) -> Option<Left> {
    let context = Context { guards, rules: &[], is_coroutine: &|_| None };
    let found = guard::check(before, after, &context).into_iter().find(|finding| finding.severity == Severity::Error)?;
    let Finding { before: Spot { line, written, .. }, message, guard, .. } = &found;
    let guard = guard.word();
    let reason = format!("the result would be unsound: line {line}: {message} ({guard}){}", aside(written.as_deref()));
    Some(Left { reason, help: found.help })
}

/// Why there are no bytes.
enum NotRead {
    Missing,
    Because(String),
}

/// Reads a regular file of a size that is handled into the buffer; no link in its place is followed, and nothing is waited for.
fn read(path: &Path, buffer: &mut Vec<u8>) -> Result<(), NotRead> {
    let because = |reason: &str| NotRead::Because(reason.to_owned());
    let failed = |error: &dyn std::fmt::Display| NotRead::Because(format!("cannot be read: {error}"));
    buffer.clear();
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match fs::open(path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::NOTDIR) => return Err(NotRead::Missing),
        Err(Errno::LOOP) => return Err(because("is a symbolic link in the work tree")),
        Err(errno) => return Err(failed(&std::io::Error::from(errno))),
    };
    let stat = fs::fstat(&file).map_err(|errno| failed(&std::io::Error::from(errno)))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(because("is not a regular file"));
    }
    let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
    if size > MAX_BYTES {
        return Err(because(&refused(SourceError::TooLarge { size }).to_string()));
    }
    buffer.reserve(size + 1);
    // One more than is handled, should it grow meanwhile.
    File::from(file).take(MAX_BYTES as u64 + 1).read_to_end(buffer).map_err(|error| failed(&error))?;
    Ok(())
}
