//! Judges a result against the file as it was, before anything is written: no new syntax error, no name that nothing binds, no
//! coroutine that nobody awaits, nothing deprecated left. Pure.
//!
//! A guard finds only what the change brought. What it cannot tell it does not doubt.

mod awaits;
mod bound;
mod calls;
pub mod constants;
mod cycle;
mod exists;
mod exports;
mod imports;
mod syntax;
mod taken;
#[cfg(test)]
mod tests;
mod violation;

use std::cell::OnceCell;

use crate::guard::calls::Calls;
use crate::path::RepoPath;
use crate::plan::guards::{Guard, Guards, Severity};
use crate::program::cycle::Loads;
use crate::program::lookup::Files;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::Step;
use crate::rewrite::follow::{Follow, Spot};

/// Something that the change broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In the new text, from 1.
    pub line: u32,
    /// In the new text, in characters, from 1.
    pub column: u32,
    /// Where that is in the file as it was.
    pub before: Spot,
    /// Which guard found it.
    pub guard: Guard,
    /// What it does to the unit: never [`Severity::Off`].
    pub severity: Severity,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What the guards go by besides the two texts.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// How much each guard weighs for the unit.
    pub guards: Guards,
    /// The rules that were applied, with their names.
    pub rules: &'a [(&'a str, Step<'a>)],
    /// The modules of the tree, as the file sees them.
    pub files: &'a Files<'a>,
    /// What the modules of the tree load.
    pub loads: &'a Loads<'a>,
    /// Whether an earlier unit of the plan changes a file.
    pub changes_before: &'a dyn Fn(&RepoPath) -> bool,
}

impl Context<'_> {
    fn finding(&self, guard: Guard, source: &Source, at: usize, message: impl Into<String>, help: impl Into<String>) -> Finding {
        let (line, column) = (source.line(at), source.column(at));
        let (message, help) = (message.into(), help.into());
        Finding { line, column, before: Spot::at(line, column), guard, severity: self.guards.severity(guard), message, help }
    }

    fn wants(&self, guard: Guard) -> bool {
        self.guards.severity(guard) != Severity::Off
    }
}

/// Compares `after` with `before`: everything found, in the order of the text, without what the plan turned off.
#[must_use]
pub fn check(before: &Parsed, after: &Parsed, context: &Context) -> Vec<Finding> {
    if before.source().bytes() == after.source().bytes() {
        // Nothing came in; only what must go can be wrong.
        let mut left = if context.wants(Guard::Violation) { violation::left(after, context) } else { Vec::new() };
        left.sort_by_key(|finding| (finding.line, finding.column));
        return left;
    }
    let mut findings = syntax::new_problems(before, after, context);
    // A tree of broken text binds and reads at random.
    if findings.is_empty() {
        findings.extend(syntax::newer_python(before, after, context));
        let calls = OnceCell::new();
        let calls = || calls.get_or_init(|| Calls::new(before, after));
        let guards: [(Guard, &dyn Fn() -> Vec<Finding>); 9] = [
            (Guard::Unbound, &|| bound::new_unbound(before, after, context)),
            (Guard::Exports, &|| exports::unbound(before, after, context)),
            (Guard::UnusedImport, &|| imports::unused(before, after, context)),
            (Guard::Awaitedness, &|| awaits::changed(before, after, calls(), context)),
            (Guard::Signature, &|| calls::misfits(before, after, calls(), context)),
            (Guard::Exists, &|| exists::missing(before, after, context)),
            (Guard::Cycle, &|| cycle::closed(before, after, context)),
            (Guard::Patched, &|| taken::lost(before, after, context)),
            (Guard::Violation, &|| violation::left(after, context)),
        ];
        let wanted = guards.into_iter().filter(|(guard, _)| context.wants(*guard));
        findings.extend(wanted.flat_map(|(_, find)| find()));
    }
    findings.retain(|finding| finding.severity != Severity::Off);
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.guard));
    if !findings.is_empty() {
        let follow = Follow::new(after.source(), before.source());
        for finding in &mut findings {
            finding.before = follow.spot(finding.line, finding.column);
        }
    }
    findings
}

/// The line around a byte, without its blanks: what makes a place the same one after lines have moved.
fn line_at<'a>(source: &Source<'a>, line: u32) -> &'a [u8] {
    let index = (line.saturating_sub(1) as usize).min(source.lines().saturating_sub(1));
    source.slice(source.full_line_range(index)).trim_ascii()
}

/// Takes from `found` what `known` has as well, as often as it has it.
fn subtract<T, K: PartialEq>(found: Vec<T>, known: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut known: Vec<K> = known.iter().map(&key).collect();
    let is_new = |item: &T| match known.iter().position(|other| *other == key(item)) {
        Some(at) => {
            known.swap_remove(at);
            false
        }
        None => true,
    };
    let mut found = found;
    found.retain(is_new);
    found
}
