//! `migrate scan`: every violation of every rule in the tracked files in scope, read from the work tree. Nothing is written.
//!
//! A file is parsed only when a cheap look finds the words of a rule in it. Files are taken up by several threads, the largest first, so
//! that one that takes long does not hold up the others; what is found is in the order of the paths all the same. A file that cannot
//! be read is told and left. One that is not in the work tree, as in a sparse one, is read as git has it.

mod claim;
mod each;
pub mod expect;
pub mod left;
mod scope;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::event::{Looked, PhaseLabel, Watch};
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::{Plan, Rename, Rule, RuleKind, digest};
use crate::repo::Repo;
use crate::repo::listing::Listed;
use crate::rewrite::Step;
use crate::rewrite::violation::Violation;
use crate::scan::claim::Claims;
use crate::scan::each::Each;
use crate::scan::left::Left;
use crate::scan::scope::Scope;
use crate::stop::{Note, Stop};
use crate::unit::callables::Callables;
use crate::unit::glimpses::{Glimpse, Glimpses};
use crate::unit::words::Words;

/// More threads than this wait for each other's memory.
const MOST_THREADS: usize = 16;
/// So many files are worth a thread.
const FILES_PER_THREAD: usize = 64;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub enum What<'p> {
    /// The rules of a plan.
    Plan(&'p Plan),
    /// Uses of one qualified name, as a rename that has yet to be written.
    Symbol(&'p Rename),
}

/// What part of it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Only these files, or those below these folders; all when there is none.
    pub below: Vec<RepoPath>,
    /// Only these rules, by name; all when there is none.
    pub rules: Vec<String>,
    /// Only the files of this phase.
    pub phase: Option<usize>,
}

/// What was found.
#[derive(Debug)]
pub struct Scan {
    /// The plan's name; `None` for a scan of a symbol.
    pub plan: Option<String>,
    /// The names of the rules that were looked for, in the order of the plan; a symbol is its own rule.
    pub rules: Vec<String>,
    /// The phases of the plan.
    pub phases: Vec<PhaseLabel>,
    /// How many files are in scope.
    pub files: usize,
    /// In the order of the paths.
    pub places: Vec<Place>,
    /// Files that hold a rule's words and could not be read, with the reason; in the order of the paths.
    pub unreadable: Vec<(RepoPath, String)>,
}

/// A violation, or what may be one.
#[derive(Debug)]
pub struct Place {
    /// The file.
    pub path: RepoPath,
    /// Indexes into [`Scan::rules`]: every rule that finds it, at least one; first the one that takes it away, where one does.
    pub rules: Vec<usize>,
    /// Index into [`Scan::phases`] of the phase that would take this rule to the file.
    pub phase: Option<usize>,
    /// The entry of that phase's files that it belongs to, by its place in the plan.
    pub entry: Option<usize>,
    /// Where it stands, and what it is.
    pub violation: Violation,
    /// What would become of it.
    pub fate: Fate,
}

/// What would become of a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The rule takes it away.
    Goes,
    /// The rule leaves it.
    Stays(Left),
    /// Whether it is one cannot be told, for this reason.
    Undecided(String),
    /// There is no rule yet that could take it away.
    Unknown,
}

impl Place {
    /// True unless it is undecided whether it is a violation.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(self.fate, Fate::Undecided(_))
    }
}

impl Scan {
    /// How many violations there are, without those that are undecided.
    #[must_use]
    pub fn violations(&self) -> usize {
        self.places.iter().filter(|place| place.counts()).count()
    }

    /// Whether anything imports or uses the symbol that was looked for, or may do so; `None` for a scan of a plan.
    #[must_use]
    pub fn symbol_is_used(&self) -> Option<bool> {
        self.plan.is_none().then_some(!self.places.is_empty())
    }

    /// How many places may be violations.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.places.iter().filter(|place| !place.counts()).count()
    }

    /// How many violations no phase of the plan takes up.
    #[must_use]
    pub fn in_no_phase(&self) -> usize {
        self.places.iter().filter(|place| place.counts() && place.phase.is_none()).count()
    }

    /// How many files have a violation.
    #[must_use]
    pub fn violating_files(&self) -> usize {
        files(self.places.iter().filter(|place| place.counts()))
    }

    /// How many of the files in scope are known to have no violation.
    #[must_use]
    pub fn compliant_files(&self) -> usize {
        self.files.saturating_sub(self.violating_files() + self.unreadable.len())
    }

    /// Their share in tenths of a percent, rounded down: 1000 only when nothing is left.
    #[must_use]
    pub fn compliance(&self) -> usize {
        (self.compliant_files() * 1000).checked_div(self.files).unwrap_or(1000)
    }
}

/// How many files these places, in the order of their paths, are in.
pub fn files<'s>(places: impl Iterator<Item = &'s Place>) -> usize {
    let mut last = None;
    places.filter(|place| last.replace(&place.path) != Some(&place.path)).count()
}

/// One rule that is looked for.
#[derive(Debug, Clone, Copy)]
struct Sought<'p> {
    step: Step<'p>,
    /// Index into the plan's rules.
    rule: Option<usize>,
}

/// Looks for what is asked, while somebody may `watch`.
///
/// # Errors
/// When the repository cannot be read, when a rule or path that is asked for is none, or when a signal asks to end.
pub fn scan(repo: &Repo, what: What, asked: &Asked, interrupt: &Interrupt, watch: Watch) -> Result<Scan, Stop> {
    let (sought, rules) = sought(what, &asked.rules)?;
    let steps: Vec<Step> = sought.iter().map(|sought| sought.step).collect();
    let words = words(&steps)?;
    let plan = if let What::Plan(plan) = what { Some(plan) } else { None };
    let claims = plan.map(Claims::new);
    let scope = Scope::new(plan, &steps, &asked.below);
    let is_listed =
        |path: &[u8]| RepoPath::new(path).is_ok_and(|path| claims.as_ref().is_some_and(|claims| claims.listed(&path).is_some()));
    let mut listed = repo.listing(|path| scope.holds(path) || (scope.takes_in(path) && is_listed(path)))?;
    if let (Some(claims), Some(phase)) = (&claims, asked.phase) {
        listed.retain(|file| claims.names(phase, &file.path));
    }
    let imports = plan.and_then(|_| Callables::new(repo).all_imports());
    let each = Each {
        top: repo.top(),
        plan,
        imports: imports.as_ref(),
        claims: claims.as_ref(),
        words: &words,
        sought: &sought,
        absent: None,
    };
    let mut scan = Scan {
        plan: plan.map(|plan| plan.name.clone()),
        rules,
        phases: plan.map(labels).unwrap_or_default(),
        files: listed.len(),
        places: Vec::new(),
        unreadable: Vec::new(),
    };
    let mut looked = look_at_all(&each, &listed, &quiet(repo, plan, &sought, &listed, interrupt)?, interrupt, watch)?;
    looked.sort_by_key(|(at, _)| *at);
    look_at_absent(repo, &each, &listed, &mut looked, interrupt)?;
    for (at, looked) in looked {
        let path = &listed[at].path;
        match looked {
            each::Looked::Outside => scan.files -= 1,
            // It was looked at, and there is nothing to tell of it.
            each::Looked::Absent => {}
            each::Looked::Unreadable(reason) => scan.unreadable.push((path.clone(), reason)),
            each::Looked::Places(places) if asked.phase.is_none_or(|only| is_of(&places, only)) => scan.places.extend(places),
            // Another phase takes the file up.
            each::Looked::Places(_) => scan.files -= 1,
        }
    }
    if scan.files == 0 && !asked.below.is_empty() {
        let message = format!("no tracked file in scope is {}", paths(&asked.below));
        return Err(Stop::Usage(Note::new(message, "name files or folders that hold Python and that the plan's scope takes in")));
    }
    if scan.files == 0 && asked.phase.is_none() && plan.is_some_and(|plan| !plan.scope.include.is_empty()) {
        let message = "no tracked file is in the plan's scope: there is nothing to measure";
        return Err(Stop::Usage(Note::new(message, "correct `include` and `exclude` of the plan's `scope`")));
    }
    Ok(scan)
}

fn words(steps: &[Step]) -> Result<Words, Stop> {
    Words::new(steps)
        .map_err(|error| Stop::Usage(Note::new(format!("the rules have too many words: {error}"), "ask for some with --rule")))
}

/// True when the phase would take up the file of these places.
fn is_of(places: &[Place], phase: usize) -> bool {
    places.iter().any(|place| place.phase == Some(phase)) || places.iter().all(|place| place.phase.is_none())
}

fn labels(plan: &Plan) -> Vec<PhaseLabel> {
    let label = |(at, phase): (usize, &crate::plan::Phase)| PhaseLabel {
        ordinal: at + 1,
        id: phase.id.clone(),
        title: phase.title.clone(),
    };
    plan.phases.iter().enumerate().map(label).collect()
}

fn paths(below: &[RepoPath]) -> String {
    below.iter().map(|path| format!("{path} or below it")).collect::<Vec<_>>().join(", or ")
}

/// The rules to look for and their names.
fn sought<'p>(what: What<'p>, only: &[String]) -> Result<(Vec<Sought<'p>>, Vec<String>), Stop> {
    let plan = match what {
        What::Symbol(rename) => return Ok((vec![Sought { step: Step::Rename(rename), rule: None }], vec![rename.from.clone()])),
        What::Plan(plan) => plan,
    };
    if let Some(unknown) = only.iter().find(|name| !plan.rules.iter().any(|rule| rule.name == **name)) {
        let all: Vec<&str> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
        let message = format!("the plan {} has no rule {unknown:?}", plan.name);
        return Err(Stop::Usage(Note::new(message, format!("it has {}", all.join(", ")))));
    }
    let asked = |rule: &&Rule| only.is_empty() || only.contains(&rule.name);
    let mut sought = Vec::new();
    let mut names = Vec::new();
    for (at, rule) in plan.rules.iter().enumerate().filter(|(_, rule)| asked(rule)) {
        let step = match &rule.kind {
            RuleKind::Rename(rename) => Step::Rename(rename),
            RuleKind::Rewrite(rewrite) => Step::Rewrite(rewrite),
            RuleKind::Command(_) if only.is_empty() => continue,
            RuleKind::Command(_) => {
                let message = format!("the rule {} is a command: what it would change shows only when it is run", rule.name);
                return Err(Stop::Usage(Note::new(message, "ask for rename and rewrite rules")));
            }
        };
        sought.push(Sought { step, rule: Some(at) });
        names.push(rule.name.clone());
    }
    if sought.is_empty() {
        let message = format!("the plan {} has no rename or rewrite rules: there is nothing to look for", plan.name);
        return Err(Stop::Usage(Note::new(
            message,
            "what edits and commands would change only `migrate check` and a run can tell",
        )));
    }
    Ok((sought, names))
}

/// Whether a quick look, or what is kept of an earlier one, tells that there is surely nothing in each file.
fn quiet(
    repo: &Repo,
    plan: Option<&Plan>,
    sought: &[Sought],
    listed: &[Listed],
    interrupt: &Interrupt,
) -> Result<Vec<bool>, Stop> {
    let Some(plan) = plan else { return Ok(vec![false; listed.len()]) };
    let others = repo.others()?;
    let digests = digest::parts(plan);
    let digest = |rule: &usize| digests.get(&format!("rule {}", plan.rules[*rule].name)).cloned();
    let rules = sought.iter().map(|sought| (sought.rule.as_ref().and_then(digest).unwrap_or_default(), sought.step));
    let glimpses =
        Glimpses::new(repo, &others, interrupt, rules.collect(), || listed.iter().map(|file| file.path.clone()).collect());
    let is_quiet = |glimpse: Glimpse| glimpse.shows == 0 && glimpse.open == 0;
    Ok(listed.iter().map(|file| glimpses.of(&file.path).is_some_and(is_quiet)).collect())
}

/// What is to be told of each file, by its place in the list, in no order; files without anything are left out, and so are those in which
/// nothing is known to be.
fn look_at_all(
    each: &Each,
    listed: &[Listed],
    quiet: &[bool],
    interrupt: &Interrupt,
    watch: Watch,
) -> Result<Vec<(usize, each::Looked)>, Stop> {
    let mut order: Vec<usize> = (0..listed.len()).filter(|at| !quiet[*at]).collect();
    order.sort_by_key(|at| std::cmp::Reverse(listed[*at].size));
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(listed.len() - order.len()));
    let work = || {
        let (mut found, mut buffer, callables) =
            (Vec::new(), Vec::new(), Callables::below(each.top).sharing(each.imports.cloned()));
        while interrupt.pending().is_none() {
            let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            if let Some(looked) = each.look(&listed[*at].path, &callables, &mut buffer) {
                found.push((*at, looked));
            }
            watch(Looked { files: done.fetch_add(1, Ordering::Relaxed) + 1, of: listed.len() });
        }
        found
    };
    let wanted = order.len().div_ceil(FILES_PER_THREAD).clamp(1, MOST_THREADS);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(wanted);
    let found = thread::scope(|scope| {
        // Where the system gives no thread this one does the work.
        let others: Vec<_> = (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut found = work();
        for other in others {
            found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        found
    });
    match interrupt.pending() {
        Some(signal) => Err(Stop::Interrupted(signal)),
        None => Ok(found),
    }
}

/// Looks at the files that were found to be absent as the newest commit has them, or the index where that has none.
fn look_at_absent(
    repo: &Repo,
    each: &Each,
    listed: &[Listed],
    looked: &mut [(usize, each::Looked)],
    interrupt: &Interrupt,
) -> Result<(), Stop> {
    let is_absent = |looked: &each::Looked| matches!(looked, each::Looked::Absent);
    let mut absent: HashSet<Vec<u8>> = HashSet::new();
    for (at, _) in looked.iter().filter(|(_, looked)| is_absent(looked)) {
        let path = listed[*at].path.as_bytes();
        absent.extend(memchr::memchr_iter(b'/', path).chain([path.len()]).map(|end| path[..end].to_vec()));
    }
    if absent.is_empty() {
        return Ok(());
    }
    let (each, callables) = (Each { absent: Some(&absent), ..*each }, Callables::below(each.top).sharing(each.imports.cloned()));
    let tip = repo.tip().ok().map(|tip| tip.commit);
    let tracked = |path: &RepoPath| {
        let committed = match tip {
            Some(tip) => repo.file_in(tip, path)?.map(|(_, blob)| blob),
            None => None,
        };
        match committed {
            Some(blob) => Ok(Some(blob)),
            None => Ok(repo.staged(path)?.map(|(_, blob)| blob)),
        }
    };
    for (at, looked) in looked.iter_mut().filter(|(_, looked)| is_absent(looked)) {
        if let Some(signal) = interrupt.pending() {
            return Err(Stop::Interrupted(signal));
        }
        let path = &listed[*at].path;
        let bytes = tracked(path).and_then(|blob| blob.map(|blob| repo.blob(blob)).transpose());
        let found = match bytes {
            Ok(Some(bytes)) => each.look_absent(path, &callables, &bytes),
            Ok(None) => Some(each::Looked::Unreadable("is not in the work tree".to_owned())),
            Err(error) => Some(each::Looked::Unreadable(format!("is not in the work tree, and git does not give it: {error}"))),
        };
        if let Some(found) = found {
            *looked = found;
        }
    }
    Ok(())
}
