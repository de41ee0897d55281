//! One file: read, looked at cheaply, parsed when there is reason to, and forgotten.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::guard::{self, Context, Finding};
use crate::path::RepoPath;
use crate::plan::Plan;
use crate::plan::guards::{Guard, Guards, Severity};
use crate::program::naming::module_name;
use crate::python::parsed::Parsed;
use crate::python::source::{MAX_BYTES, Source, SourceError};
use crate::python::syntax::ParseError;
use crate::rewrite::docs::Markup;
use crate::rewrite::error::RewriteError;
use crate::rewrite::follow::{Spot, aside};
use crate::rewrite::glance::{glances, hidden};
use crate::rewrite::violation::{Seen, Violation, look, look_in_document};
use crate::rewrite::{Course, Step, course, refused};
use crate::scan::claim::Claims;
use crate::scan::left::{self, Left, left};
use crate::scan::{Fate, Place, Sought};
use crate::unit::callables::Callables;
use crate::unit::file_kind::{FileKind, module_of};
use crate::unit::look::unread;
use crate::unit::segments::{Segment, segments};
use crate::unit::takers::Imports;
use crate::unit::words::Words;
use crate::unit::{self, Outcome};
use crate::units::{Member, Role};

/// How long one file may take to parse.
const DEADLINE: Duration = Duration::from_secs(2);

/// So many bytes tell what a file is.
const HEAD: u64 = 512;

/// What all threads share.
#[derive(Clone, Copy)]
pub(super) struct Each<'s> {
    pub(super) top: &'s Path,
    pub(super) plan: Option<&'s Plan>,
    /// What all files import, for a plan.
    pub(super) imports: Option<&'s Arc<Imports>>,
    pub(super) claims: Option<&'s Claims<'s>>,
    pub(super) words: &'s Words,
    pub(super) sought: &'s [Sought<'s>],
    /// The tracked files that are not in the work tree, and the folders above them, once they are known.
    pub(super) absent: Option<&'s HashSet<Vec<u8>>>,
}

/// What there is to tell of a file.
pub(super) enum Looked {
    /// It is not in scope after all: no script of Python.
    Outside,
    /// It is not in the work tree.
    Absent,
    /// It could not be read, for this reason.
    Unreadable(String),
    /// What was found in it.
    Places(Vec<Place>),
}

impl Each<'_> {
    /// Looks at one file, whose bytes are read into `buffer`; `None` when there is nothing to tell.
    pub(super) fn look(&self, path: &RepoPath, callables: &Callables, buffer: &mut Vec<u8>) -> Option<Looked> {
        let kind = match read(&path.below(self.top), buffer, |head| FileKind::of(path, head)) {
            Ok(kind) => kind,
            Err(NotRead::Missing) => return Some(Looked::Absent),
            Err(NotRead::Because(reason)) => return Some(Looked::Unreadable(reason)),
        };
        self.found(path, kind, callables, buffer)
    }

    /// The same for a file that is not in the work tree and would hold these bytes there: nothing in it goes before it is.
    pub(super) fn look_absent(&self, path: &RepoPath, callables: &Callables, bytes: &[u8]) -> Option<Looked> {
        let mut looked = self.found(path, FileKind::of(path, bytes), callables, bytes);
        if let Some(Looked::Places(places)) = &mut looked {
            let left = Left {
                reason: "the file is not in the work tree".to_owned(),
                help: "bring it back with `git restore` or `git sparse-checkout`, or remove it with `git rm`".to_owned(),
            };
            for place in places.iter_mut().filter(|place| place.fate == Fate::Goes) {
                place.fate = Fate::Stays(left.clone());
            }
        }
        looked
    }

    /// What there is to tell of a file of this kind that holds these bytes; `None` when that is nothing.
    pub(super) fn found(&self, path: &RepoPath, kind: FileKind, callables: &Callables, bytes: &[u8]) -> Option<Looked> {
        let listed = self.claims.and_then(|claims| claims.listed(path));
        if let Some(unread) = self.plan.zip(listed.as_ref()).and_then(|(plan, unit)| unread(plan, unit, kind)) {
            return Some(Looked::Unreadable(unread.reason));
        }
        if !self.sought.iter().any(|sought| kind.is_read_by(&sought.step)) {
            return Some(Looked::Outside);
        }
        let concerned = self.words.look(bytes, path.as_bytes());
        if !concerned.contains(&true) {
            return None;
        }
        let places = match kind.markup() {
            Some(markup) => self.in_document(path, callables, bytes, markup, &concerned),
            None => self.in_python(path, callables, bytes, &concerned),
        };
        match places {
            Ok(places) if places.is_empty() => None,
            Ok(places) => Some(Looked::Places(places)),
            Err(reason) => Some(Looked::Unreadable(reason)),
        }
    }

    /// What is found in the examples of a document, all of which goes: what the rule leaves is undecided.
    fn in_document(
        &self,
        path: &RepoPath,
        callables: &Callables,
        bytes: &[u8],
        markup: Markup,
        concerned: &[bool],
    ) -> Result<Vec<Place>, String> {
        let source = Source::prose(bytes).map_err(|error| error.to_string())?;
        let concerned = self.sought.iter().enumerate().filter(|(number, _)| concerned[*number]);
        let seen: Vec<(usize, Seen)> =
            concerned.map(|(number, sought)| (number, look_in_document(&source, markup, sought.step))).collect();
        let unit = self.unit(path, &seen);
        let fate = |_: &Sought, _: Option<&Member>, seen: &Seen| {
            vec![if self.plan.is_some() { Fate::Goes } else { Fate::Unknown }; seen.violations.len()]
        };
        let mut places = self.told(path, unit.as_ref(), seen, fate);
        self.unless_the_unit_fails(&mut places, unit.as_ref(), |plan, unit, _| unit::outcome(callables, plan, unit, bytes));
        Ok(merged(places))
    }

    fn in_python(&self, path: &RepoPath, callables: &Callables, bytes: &[u8], concerned: &[bool]) -> Result<Vec<Place>, String> {
        let source = Source::new(bytes).map_err(|error| error.to_string())?;
        let module = match self.absent {
            None => module_of(self.top, path, source.text()),
            Some(absent) => {
                let on_disk =
                    |other: &[u8]| RepoPath::new(other).is_ok_and(|other| other.below(self.top).symlink_metadata().is_ok());
                module_name(path.as_bytes(), source.text(), |other| absent.contains(other) || on_disk(other))
            }
        };
        let takers = callables.takers(path, module.as_deref());
        let file = Parsed::new(&source, module.as_deref()).within(DEADLINE).among(takers.as_deref());
        let seen = self.seen(&file, concerned).map_err(|error| error.to_string())?;
        if seen.is_empty() {
            // What is there may be a violation all the same.
            for (number, _) in concerned.iter().enumerate().filter(|(_, concerned)| **concerned) {
                if let Some(error) = hidden(&file, self.sought[number].step).map_err(|error| error.to_string())? {
                    return Err(format!("line {}, column {}: {error}", error.line, error.column));
                }
            }
            return Ok(Vec::new());
        }
        if self.plan.is_some() {
            // What would become of it only the whole file tells.
            file.tree().map_err(|error| error.to_string())?;
        }
        let unit = self.unit(path, &seen);
        let segments = self.plan.zip(unit.as_ref()).map(|(plan, unit)| segments(plan, unit)).unwrap_or_default();
        let course = match segments.as_slice() {
            [Segment::Pure(steps)] if file.problems().is_empty() => Some(course(&file, steps)),
            _ => None,
        };
        let bytes = course.as_ref().and_then(|course| course.as_ref().ok()).and_then(|course| course.applied.bytes.as_deref());
        let made = bytes.map(Source::new).transpose().map_err(|error| error.to_string())?;
        let made = made.as_ref().map(|source| file.again(source));
        let after = made.as_ref().unwrap_or(&file);
        let fate = |sought: &Sought, unit: Option<&Member>, seen: &Seen| match self.plan {
            None => vec![Fate::Unknown; seen.violations.len()],
            Some(plan) => fates(plan, unit, &file, sought.step, seen, course.as_ref().map(|course| (course, after))),
        };
        let takes = self.takes_away(&file, &seen);
        let mut places = self.told(path, unit.as_ref(), seen, fate);
        self.unless_the_unit_fails(&mut places, unit.as_ref(), |plan, unit, _| match &course {
            Some(Ok(course)) => unit::of_applied(callables, plan, unit, (&file, after), course.applied.clone()),
            _ => Outcome::Unchanged(Vec::new()),
        });
        let mut places = merged(places);
        for Place { rules, violation, .. } in places.iter_mut().filter(|place| place.rules.len() > 1) {
            let takes = |rule: usize| takes.contains(&(rule, violation.range.start, violation.kind.word()));
            let is_used = |rule: usize| unit.as_ref().is_some_and(|unit| self.takes(unit, &self.sought[rule]));
            rules.sort_by_key(|rule| (!(takes(*rule) && is_used(*rule)), !takes(*rule), *rule));
        }
        Ok(places)
    }

    /// The unit that takes up a file of which this was seen.
    fn unit(&self, path: &RepoPath, seen: &[(usize, Seen)]) -> Option<Member> {
        let violated = seen.iter().filter(|(_, seen)| !seen.violations.is_empty());
        let violated: Vec<usize> = violated.filter_map(|(number, _)| self.sought[*number].rule).collect();
        self.claims.and_then(|claims| claims.unit(path, &violated))
    }

    /// A place for each thing that was seen, rule by rule, with the fate that `fate` finds.
    fn told(
        &self,
        path: &RepoPath,
        unit: Option<&Member>,
        seen: Vec<(usize, Seen)>,
        fate: impl Fn(&Sought, Option<&Member>, &Seen) -> Vec<Fate>,
    ) -> Vec<Place> {
        let mut places = Vec::new();
        for (number, seen) in seen {
            let sought = &self.sought[number];
            let unit = unit.filter(|unit| self.takes(unit, sought));
            let (fates, phase, entry) = (fate(sought, unit, &seen), unit.map(|unit| unit.phase), unit.map(|unit| unit.target));
            let place = |violation, fate| Place { path: path.clone(), rules: vec![number], phase, entry, violation, fate };
            places.extend(seen.violations.into_iter().zip(fates).map(|(violation, fate)| place(violation, fate)));
            places.extend(seen.undecided.into_iter().map(|(violation, why)| place(violation, Fate::Undecided(why))));
        }
        places
    }

    /// Which rules take away by themselves what others find too, each with the start and the kind of the place.
    fn takes_away(&self, file: &Parsed, seen: &[(usize, Seen)]) -> BTreeSet<(usize, usize, &'static str)> {
        let key = |violation: &Violation| (violation.range.start, violation.kind.word());
        let (mut once, mut again) = (BTreeSet::new(), BTreeSet::new());
        for violation in seen.iter().flat_map(|(_, seen)| &seen.violations) {
            if !once.insert(key(violation)) {
                again.insert(key(violation));
            }
        }
        let mut takers = BTreeSet::new();
        for (number, seen) in seen.iter().filter(|(_, seen)| seen.violations.iter().any(|one| again.contains(&key(one)))) {
            let left = alone(file, self.sought[*number].step, seen, |_| None);
            let gone = seen.violations.iter().zip(left).filter(|(_, left)| left.is_none());
            takers.extend(gone.map(|(violation, _)| (*number, violation.range.start, violation.kind.word())));
        }
        takers
    }

    /// A unit lands whole or not at all: where it fails, nothing of its file goes.
    fn unless_the_unit_fails(
        &self,
        places: &mut [Place],
        unit: Option<&Member>,
        outcome: impl FnOnce(&Plan, &Member, &[Step]) -> Outcome,
    ) {
        let (Some(plan), Some(unit)) = (self.plan, unit) else { return };
        let segments = segments(plan, unit);
        let [Segment::Pure(steps)] = segments.as_slice() else { return };
        let goes = |place: &&mut Place| place.phase.is_some() && place.fate == Fate::Goes;
        let mut goes = places.iter_mut().filter(goes).peekable();
        if goes.peek().is_none() {
            return;
        }
        let Outcome::Unsound(unsound) = outcome(plan, unit, steps) else { return };
        let faults = faults(&unit.path, &unsound.reason);
        let lines: BTreeSet<u32> = faults.iter().map(|(line, _)| *line).collect();
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        for place in goes {
            let own = faults.iter().find(|(line, _)| *line == place.violation.line);
            let reason = match (own, lines.as_slice()) {
                (Some((_, why)), _) => format!("the unit would fail: {why}"),
                (None, [line]) => format!("the unit would fail in line {line}"),
                (None, [_, ..]) => format!("the unit would fail in lines {}", lines.join(", ")),
                (None, []) => format!("the unit would fail: {}", unsound.reason.lines().next().unwrap_or_default()),
            };
            place.fate = Fate::Stays(Left { reason, help: unsound.help.clone() });
        }
    }

    /// What is found of each rule, by a glance where that tells.
    fn seen(&self, file: &Parsed, concerned: &[bool]) -> Result<Vec<(usize, Seen)>, ParseError> {
        let numbers: Vec<usize> = (0..self.sought.len()).filter(|number| concerned[*number]).collect();
        let steps: Vec<Step> = numbers.iter().map(|number| self.sought[*number].step).collect();
        let mut seen = Vec::new();
        for (number, glimpsed) in numbers.into_iter().zip(glances(file, &steps)?) {
            let found = match glimpsed {
                Some(found) => found,
                None => look(file, self.sought[number].step)?,
            };
            if !found.is_empty() {
                seen.push((number, found));
            }
        }
        Ok(seen)
    }

    /// True when the unit takes the rule to the file, or the file away, or has edits or a codemod that may do its work.
    fn takes(&self, unit: &Member, sought: &Sought) -> bool {
        let Some(plan) = self.plan else { return false };
        let target = plan.target(unit);
        let own = sought.rule.is_some_and(|rule| target.rules.contains(&rule));
        own || !target.edits.is_empty() || plan.runs_codemod(target) || plan.role(unit) == Role::Delete
    }
}

/// The lines of a file in which a unit's reason to fail has a guard find something, each with what it says of them. What it tells of
/// other places besides is a remark.
fn faults<'r>(path: &RepoPath, reason: &'r str) -> Vec<(u32, &'r str)> {
    let start = format!("{path}:");
    let fault = |text: &'r str| {
        let (line, rest) = text.split_once(&start)?.1.split_once(':')?;
        let (column, why) = rest.split_once(": ")?;
        let is_found = Guard::ALL.iter().any(|guard| why.contains(&format!("({})", guard.word())));
        (is_found && column.parse::<u32>().is_ok()).then_some((line.parse().ok()?, why))
    };
    reason.lines().filter_map(fault).collect()
}

/// What would become of each violation in a file by what its unit does, which takes a `course` where that is known and leads to a text,
/// or by the rule alone where it has none.
fn fates(
    plan: &Plan,
    unit: Option<&Member>,
    file: &Parsed,
    rule: Step,
    seen: &Seen,
    course: Option<(&Result<Course, RewriteError>, &Parsed)>,
) -> Vec<Fate> {
    let found = &seen.violations;
    if found.is_empty() {
        return Vec::new();
    }
    // Whatever stands in a file goes with it.
    if unit.is_some_and(|unit| plan.role(unit) == Role::Delete) {
        return vec![Fate::Goes; found.len()];
    }
    let left = match (file.problems().first(), unit, course) {
        (Some(problem), ..) => {
            let reason = format!("the file is not valid Python: line {}: {}", problem.line, problem.message);
            left::all(found, reason, "fix the file first")
        }
        // What a unit makes is judged as a whole, later.
        (None, Some(_), Some((Ok(course), after))) => left(file, rule, found, course, after),
        (None, Some(_), Some((Err(error), _))) => left::refused(found, error),
        (None, Some(unit), None) if !segments(plan, unit).is_empty() => {
            left::all(found, "an external codemod changes the file: only a run can tell", "look again after the run")
        }
        (None, Some(_), None) => alone(file, rule, seen, |_| None),
        (None, None, _) => alone(file, rule, seen, |after| unsound(file, after)),
    };
    left.into_iter().map(|left| left.map_or(Fate::Goes, Fate::Stays)).collect()
}

/// What a rule leaves by itself of what was seen; all of it where `judge` finds its result wrong.
fn alone(file: &Parsed, rule: Step, seen: &Seen, judge: impl FnOnce(&Parsed) -> Option<Left>) -> Vec<Option<Left>> {
    let found = &seen.violations;
    let course = match course(file, &[rule]) {
        Ok(course) => course,
        Err(error) => return left::refused(found, &error),
    };
    let Some(bytes) = &course.applied.bytes else { return left(file, rule, found, &course, file) };
    let source = match Source::new(bytes) {
        Ok(source) => source,
        Err(error) => return left::all(found, error.to_string(), "write an edit for this file"),
    };
    let after = file.again(&source);
    match judge(&after) {
        Some(Left { reason, help }) => left::all(found, reason, help),
        None => left(file, rule, found, &course, &after),
    }
}

/// What the guards would find in what a rule makes that no unit takes to the file.
fn unsound(before: &Parsed, after: &Parsed) -> Option<Left> {
    let context =
        Context { guards: Guards::default(), rules: &[], files: &|_| None, loads: &|_| None, changes_before: &|_| false };
    let found = guard::check(before, after, &context).into_iter().find(|finding| finding.severity == Severity::Error)?;
    let Finding { before: Spot { line, written, .. }, message, guard, .. } = &found;
    let guard = guard.word();
    let reason = format!("the result would be unsound: line {line}: {message} ({guard}){}", aside(written.as_deref()));
    Some(Left { reason, help: found.help })
}

/// The same places in the order of the text, each once: what several rules find in one place is one violation.
fn merged(mut places: Vec<Place>) -> Vec<Place> {
    let key = |place: &Place| (place.violation.range.start, place.violation.kind);
    places.sort_by_key(|place| (key(place), !place.counts(), place.rules.clone()));
    places.dedup_by(|second, first| {
        if key(second) != key(first) {
            return false;
        }
        let rank = |place: &Place| match (place.counts(), place.phase) {
            (true, Some(_)) => 2,
            (true, None) => 1,
            (false, _) => 0,
        };
        let is_worse = |fate: &Fate, than: &Fate| matches!((fate, than), (Fate::Stays(_), Fate::Goes));
        let wins = match rank(second).cmp(&rank(first)) {
            Ordering::Equal if first.phase.is_some() => is_worse(&second.fate, &first.fate),
            // Without a unit each rule stands alone: one that can take it away is enough.
            Ordering::Equal => is_worse(&first.fate, &second.fate),
            other => other == Ordering::Greater,
        };
        if wins {
            (first.phase, first.entry) = (second.phase, second.entry);
            first.fate = second.fate.clone();
        }
        first.rules.append(&mut second.rules);
        first.rules.sort_unstable();
        true
    });
    places
}

/// Why there are no bytes.
enum NotRead {
    Missing,
    Because(String),
}

/// Reads a regular file of a size that is handled into the buffer; no link in its place is followed, and nothing is waited for.
/// Its first bytes tell what it is; of a file that no rule reads only these are read.
fn read(path: &Path, buffer: &mut Vec<u8>, kind: impl Fn(&[u8]) -> FileKind) -> Result<FileKind, NotRead> {
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
    let mut file = File::from(file);
    (&mut file).take(HEAD).read_to_end(buffer).map_err(|error| failed(&error))?;
    let kind = kind(buffer);
    if kind == FileKind::Other {
        return Ok(kind);
    }
    if size > MAX_BYTES {
        return Err(because(&refused(SourceError::TooLarge { size }).to_string()));
    }
    buffer.reserve((size + 1).saturating_sub(buffer.len()));
    // One more than is handled, should it grow meanwhile.
    file.take(MAX_BYTES as u64 + 1 - HEAD).read_to_end(buffer).map_err(|error| failed(&error))?;
    Ok(kind)
}
