//! The calls of imported things that came in with a change, and whether they give what is called what it takes.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use crate::guard::{Context, Finding, subtract};
use crate::plan::guards::{Guard, Severity};
use crate::program::lookup::find;
use crate::program::signature::{Fits, Given};
use crate::python::names::Use;
use crate::python::parsed::Parsed;
use crate::rewrite::{Step, replaced};

/// The calls of imported things in two texts: by the names and the lines, and how often.
pub(super) struct Calls {
    lines: [Lines; 2],
    /// The numbers of lines that were there before are below this one.
    pub(super) old_lines: usize,
    counts: [HashMap<String, HashMap<usize, usize>>; 2],
}

impl Calls {
    pub(super) fn new(before: &Parsed, after: &Parsed) -> Self {
        let mut numbers = HashMap::new();
        let old = Lines::new(before, &mut numbers);
        let old_lines = numbers.len();
        let lines = [old, Lines::new(after, &mut numbers)];
        let counts = [counted(before, &lines[0]), counted(after, &lines[1])];
        Self { lines, old_lines, counts }
    }

    /// The lines of the text before.
    pub(super) fn old(&self) -> &Lines {
        &self.lines[0]
    }

    /// The lines of the text after.
    pub(super) fn new_lines(&self) -> &Lines {
        &self.lines[1]
    }

    /// True when a line calls the thing more often than it did.
    pub(super) fn is_new(&self, name: &str, line: usize) -> bool {
        self.compare(name, line).is_gt()
    }

    /// How often a line calls the thing, against how often it did.
    fn compare(&self, name: &str, line: usize) -> Ordering {
        let [old, new] = self.counts.each_ref().map(|counts| counts.get(name).and_then(|lines| lines.get(&line)).unwrap_or(&0));
        new.cmp(old)
    }
}

/// The lines of a file by numbers that equal lines share, their blanks aside.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    fn new<'a>(file: &'a Parsed, numbers: &mut HashMap<&'a [u8], usize>) -> Self {
        let source = file.source();
        let mut number = |index| {
            let next = numbers.len();
            *numbers.entry(source.slice(source.full_line_range(index)).trim_ascii()).or_insert(next)
        };
        Self((0..source.lines()).map(&mut number).collect())
    }

    /// The number of the line of a place.
    pub(super) fn of(&self, file: &Parsed, at: usize) -> usize {
        let line = file.source().line(at) as usize;
        self.0.get(line - 1).or(self.0.last()).copied().unwrap_or(usize::MAX)
    }
}

fn counted(file: &Parsed, lines: &Lines) -> HashMap<String, HashMap<usize, usize>> {
    let mut calls: HashMap<String, HashMap<usize, usize>> = HashMap::new();
    let Ok(names) = file.names() else { return calls };
    for read in names.uses.iter().filter(|read| read.called && !read.quoted) {
        if let Some(name) = names.qualified(read) {
            *calls.entry(name).or_default().entry(lines.of(file, read.range.start)).or_default() += 1;
        }
    }
    calls
}

/// The call of what `read` names.
pub(super) fn call_of<'t>(root: Node<'t>, read: &Use) -> Option<Node<'t>> {
    let whole = read.whole();
    let node = root.descendant_for_byte_range(whole.start, whole.end)?;
    let call = node.parent().filter(|parent| parent.kind() == "call")?;
    (call.child_by_field_name("function")?.byte_range() == whole).then_some(call)
}

/// What the rules put into the place of what else, by its name.
pub(super) fn origins(rules: &[(&str, Step)]) -> HashMap<String, String> {
    rules.iter().flat_map(|(_, step)| replaced(*step)).map(|(from, to)| (to, from)).collect()
}

/// Calls that came in and do not give what is called what it takes; as a warning those of which only a run tells, where what stood
/// there before took something else.
pub(super) fn misfits(before: &Parsed, after: &Parsed, calls: &Calls, context: &Context) -> Vec<Finding> {
    let origins = origins(context.rules);
    let found = unfit(after, context, |name, at| calls.is_new(name, calls.new_lines().of(after, at)));
    if found.is_empty() {
        return Vec::new();
    }
    let names: HashSet<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    let went = |name: &str, at| names.contains(name) && calls.compare(name, calls.old().of(before, at)).is_lt();
    let known = unfit(before, context, went);
    let found = subtract(found, &known, |(name, fits, _)| (name.clone(), fits.clone()));
    let takes = |name: &str| find(context.files, name).callee().and_then(|function| function.takes);
    let finding = |(name, fits, at): (String, Fits, usize)| {
        let last = name.rsplit('.').next().unwrap_or(&name);
        let (message, severity) = match fits {
            Fits::No(why) => (format!("{last} {why}"), context.guards.severity(Guard::Signature)),
            Fits::Unknown(_) if origins.get(&name).is_none_or(|from| takes(from) == takes(&name)) => return None,
            Fits::Unknown(splat) => (format!("whether {last} takes what `{splat}` holds here is not known"), Severity::Warn),
            Fits::Yes => return None,
        };
        let help = format!("look at what {name} takes, and write a rule or an edit that gives it that");
        Some(Finding { severity, ..context.finding(Guard::Signature, after.source(), at, message, help) })
    };
    found.into_iter().filter_map(finding).collect()
}

/// The calls that do not surely fit, of what `is_wanted` says so by its name and its place.
fn unfit(file: &Parsed, context: &Context, is_wanted: impl Fn(&str, usize) -> bool) -> Vec<(String, Fits, usize)> {
    let (Ok(tree), Ok(names)) = (file.tree(), file.names()) else { return Vec::new() };
    let mut found = Vec::new();
    for read in names.uses.iter().filter(|read| read.called && !read.quoted) {
        let Some(name) = names.qualified(read).filter(|name| is_wanted(name, read.range.start)) else { continue };
        let Some(takes) = find(context.files, &name).callee().and_then(|function| function.takes) else { continue };
        let given = call_of(tree.root_node(), read).and_then(|call| Given::read(call, file.source().text()));
        match given.map_or(Fits::Yes, |given| takes.fit(&given)) {
            Fits::Yes => {}
            fits => found.push((name, fits, read.range.start)),
        }
    }
    found
}
