//! Where rules match: in the files that git tracks, as they lie in the work tree, and in those of earlier commits.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use git2::Oid;

use crate::fs;
use crate::interrupt::Interrupt;
use crate::path::RepoPath;
use crate::plan::{Files, Plan, RuleKind, glob};
use crate::program::naming::module_name;
use crate::python::parsed::Parsed;
use crate::python::source::{MAX_BYTES, Source};
use crate::repo::Repo;
use crate::rewrite::Step;
use crate::rewrite::glance::glances;
use crate::rewrite::violation::{look, look_in_document};
use crate::rules::liveness::Now;
use crate::stop::{Note, Stop};
use crate::unit::file_kind::FileKind;
use crate::unit::words::Words;

/// How long one file may take to parse.
const DEADLINE: Duration = Duration::from_secs(2);
/// How many of the last files of a target are looked at before anything else.
const SAMPLE: usize = 16;
/// How many of them in all.
const SAMPLES: usize = 128;

/// What is looked for: some rules of a plan, by their numbers, each until it is found.
pub struct Sought<'p> {
    plan: &'p Plan,
    rules: Vec<usize>,
    steps: Vec<Step<'p>>,
    words: Words,
    /// The files that the plan names by their paths.
    named: HashSet<&'p RepoPath>,
}

impl<'p> Sought<'p> {
    /// Those of `rules` that are no commands.
    ///
    /// # Errors
    /// When they have more words than can be looked for.
    pub fn new(plan: &'p Plan, rules: impl IntoIterator<Item = usize>) -> Result<Self, Stop> {
        let (rules, steps): (Vec<usize>, Vec<Step>) =
            rules.into_iter().filter_map(|rule| Some((rule, step(&plan.rules[rule].kind)?))).unzip();
        let too_many = |error| Stop::Usage(Note::new(format!("the rules have too many words: {error}"), "split the plan"));
        let words = Words::new(&steps).map_err(too_many)?;
        let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
        let named = targets.flat_map(|target| match &target.files {
            Files::Paths(paths) => paths.as_slice(),
            Files::Glob { .. } => &[],
        });
        Ok(Self { plan, rules, steps, words, named: named.collect() })
    }

    /// The tracked files in which one of the rules could match.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn listed(&self, repo: &Repo) -> Result<Vec<RepoPath>, Stop> {
        // Where the name does not tell what a file is, its first line has to.
        let is_read = |path: &RepoPath| match FileKind::by_name(path.as_bytes()) {
            Some(kind) => self.steps.iter().any(|step| kind.is_read_by(step)),
            None => true,
        };
        Ok(repo.listing(|_| true)?.into_iter().map(|file| file.path).filter(is_read).collect())
    }

    /// Looks into the last files that the plan takes each rule to: what is left of a migration stands there.
    pub fn in_last(&self, repo: &Repo, listed: &[RepoPath]) -> BTreeSet<usize> {
        let (mut found, mut left) = (BTreeSet::new(), SAMPLES);
        for target in self.plan.phases.iter().rev().flat_map(|phase| phase.targets.iter().rev()) {
            let open = |rule: &usize| target.rules.contains(rule);
            if !self.rules.iter().any(|rule| open(rule) && !found.contains(rule)) {
                continue;
            }
            let files: Vec<&RepoPath> = match &target.files {
                Files::Paths(paths) => paths.iter().rev().take(SAMPLE).collect(),
                Files::Glob { include, exclude } => match (glob::matcher(include), glob::matcher(exclude)) {
                    (Ok(include), Ok(exclude)) => {
                        let fits = |path: &&RepoPath| include.is_match(path.as_path()) && !exclude.is_match(path.as_path());
                        listed.iter().rev().filter(fits).take(SAMPLE).collect()
                    }
                    _ => Vec::new(),
                },
            };
            for path in files {
                if left == 0 {
                    return found;
                }
                left -= 1;
                let Ok(bytes) = fs::read(repo.top(), path) else { continue };
                found.extend(self.look(path, &bytes.bytes, |rule| !found.contains(&rule), on_disk(repo)).0);
            }
        }
        found
    }

    /// Looks into all files until every rule is found, and says of each that is not what kept it from being found.
    ///
    /// # Errors
    /// [`Stop::Unbegun`] when a signal comes between two files.
    pub fn in_all(
        &self,
        repo: &Repo,
        tip: Option<Oid>,
        listed: &[RepoPath],
        interrupt: &Interrupt,
    ) -> Result<Vec<(usize, Now)>, Stop> {
        let (mut found, mut unread): (BTreeSet<usize>, Vec<Option<RepoPath>>) =
            (BTreeSet::new(), vec![None; self.plan.rules.len()]);
        for path in listed {
            if found.len() == self.rules.len() {
                break;
            }
            if let Some(signal) = interrupt.pending() {
                return Err(Stop::Unbegun(signal));
            }
            // What is not in the work tree, as in a sparse one, is as it is in the commit; scan and run say what is wrong with others.
            let bytes = match fs::read(repo.top(), path) {
                Ok(found) => found.bytes,
                Err(_) => match tip.and_then(|tip| repo.file_in(tip, path).ok().flatten()) {
                    Some((_, blob)) => repo.blob(blob)?,
                    None => continue,
                },
            };
            let (matched, doubted) = self.look(path, &bytes, |rule| !found.contains(&rule), on_disk(repo));
            found.extend(matched);
            for rule in doubted {
                unread[rule].get_or_insert_with(|| path.clone());
            }
        }
        let mut now = |rule: usize| match unread[rule].take() {
            _ if found.contains(&rule) => Now::Matches,
            Some(path) => Now::Unread(path),
            None => Now::Nothing,
        };
        Ok(self.rules.iter().map(|rule| (*rule, now(*rule))).collect())
    }

    /// True when the rule matches the file at `path` as it was in a commit.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn in_commit(&self, repo: &Repo, commit: Oid, path: &RepoPath, rule: usize) -> Result<bool, Stop> {
        let Some((_, blob)) = repo.file_in(commit, path)? else { return Ok(false) };
        let bytes = repo.blob(blob)?;
        let tree = repo.tree_of(commit)?;
        let there = |other: &[u8]| {
            let was = |path: &RepoPath| matches!(repo.blob_in_tree(tree, path), Ok(Some(_)));
            on_disk(repo)(other) || RepoPath::new(other).is_ok_and(|path| was(&path))
        };
        Ok(!self.look(path, &bytes, |other| other == rule, there).0.is_empty())
    }

    /// Those rules among the `wanted` ones that match in a file, and those of which it cannot be told.
    fn look(
        &self,
        path: &RepoPath,
        bytes: &[u8],
        wanted: impl Fn(usize) -> bool,
        exists: impl Fn(&[u8]) -> bool,
    ) -> (Vec<usize>, Vec<usize>) {
        // What the plan lists is meant to hold what the rules are for, whatever its bytes are.
        let is_strange = || memchr::memchr(0, bytes).is_some() || std::str::from_utf8(bytes).is_err();
        let kind = FileKind::of(path, bytes);
        let held = match self.named.contains(path) && kind == FileKind::Python && is_strange() && Source::new(bytes).is_err() {
            true => vec![true; self.rules.len()],
            false => self.words.look(bytes, path.as_bytes()),
        };
        let numbers: Vec<usize> = (0..self.rules.len()).filter(|at| held[*at] && wanted(self.rules[*at])).collect();
        let rules = |numbers: &[usize]| numbers.iter().map(|at| self.rules[*at]).collect::<Vec<_>>();
        if numbers.is_empty() || kind == FileKind::Other {
            return Default::default();
        }
        if let Some(markup) = kind.markup() {
            let Ok(source) = Source::prose(bytes) else { return Default::default() };
            let fits = |at: &usize| !look_in_document(&source, markup, self.steps[*at]).is_empty();
            return (rules(&numbers.into_iter().filter(fits).collect::<Vec<_>>()), Vec::new());
        }
        if bytes.len() > MAX_BYTES {
            return (Vec::new(), rules(&numbers));
        }
        let Ok(source) = Source::new(bytes) else { return (Vec::new(), rules(&numbers)) };
        let module = module_name(path.as_bytes(), source.text(), exists);
        let file = Parsed::new(&source, module.as_deref()).within(DEADLINE);
        let (mut matched, mut doubted) = (Vec::new(), Vec::new());
        let steps: Vec<Step> = numbers.iter().map(|at| self.steps[*at]).collect();
        let seen = glances(&file, &steps).unwrap_or_else(|_| vec![None; steps.len()]);
        for (at, seen) in numbers.into_iter().zip(seen) {
            let found = seen.map_or_else(|| matches(&file, self.steps[at]), |seen| Some(!seen.is_empty()));
            match found {
                Some(true) => matched.push(self.rules[at]),
                Some(false) => {}
                None => doubted.push(self.rules[at]),
            }
        }
        (matched, doubted)
    }
}

/// Whether a step finds anything in the whole of a file; `None` where that cannot be told.
fn matches(file: &Parsed, step: Step) -> Option<bool> {
    if !look(file, step).ok()?.is_empty() {
        return Some(true);
    }
    file.unread().ok()?.is_none().then_some(false)
}

/// What a rule does by itself; a command does nothing that can be looked for.
fn step(kind: &RuleKind) -> Option<Step<'_>> {
    match kind {
        RuleKind::Rename(rename) => Some(Step::Rename(rename)),
        RuleKind::Rewrite(rewrite) => Some(Step::Rewrite(rewrite)),
        RuleKind::Command(_) => None,
    }
}

fn on_disk(repo: &Repo) -> impl Fn(&[u8]) -> bool {
    move |other: &[u8]| RepoPath::new(other).is_ok_and(|other| matches!(fs::stat(repo.top(), &other), Ok(Some(_))))
}
