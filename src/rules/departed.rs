//! Modules that a plan deletes, or moves to another name, while other files still import them. Nothing here does I/O but through
//! [`Program`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use globset::GlobSet;

use crate::dotted::covers;
use crate::path::RepoPath;
use crate::plan::diagnostics::Problem;
use crate::plan::glob::matcher;
use crate::plan::source::Span;
use crate::plan::{Files, Plan, RuleKind, Target, Treatment};
use crate::program::{Known, Program};
use crate::rules::feed::{holds, made};

/// How many importers are named.
const MOST_NAMED: usize = 3;

/// A phase of the plan and an entry of its files, by their numbers: what stands earlier is done earlier.
type At = (usize, usize);

/// A module that will not be where it was.
struct Departure<'p> {
    at: At,
    target: &'p Target,
    path: &'p RepoPath,
    place: Span,
    /// Its dotted name.
    module: String,
    is_package: bool,
    /// Where it goes, and its dotted name there, if it has one.
    to: Option<(&'p RepoPath, Option<String>)>,
}

/// A warning for each module that the plan deletes or moves while a file imports it in which no rule or edit takes that import away in
/// time. `program` has the files that the plan makes among the others.
pub fn departed(plan: &Plan, program: &Program<'_>) -> Vec<Problem> {
    let departures = departures(plan, program);
    if departures.is_empty() {
        return Vec::new();
    }
    let by_module: HashMap<&str, usize> =
        departures.iter().enumerate().map(|(at, departure)| (departure.module.as_str(), at)).collect();
    let passed_over = passed_over(plan, program);
    // What each departure's importers import of it.
    let mut importers: Vec<BTreeMap<&RepoPath, BTreeSet<String>>> = vec![BTreeMap::new(); departures.len()];
    for path in program.paths().iter().filter(|path| !passed_over.contains(path)) {
        for name in program.imports(path) {
            let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
            let found = ends.rev().find_map(|end| by_module.get(&name[..end]).copied());
            let Some(at) = found.filter(|at| departures[*at].path != path && is_of(&departures[*at], &name, program)) else {
                continue;
            };
            importers[at].entry(path).or_default().insert(name);
        }
    }
    let cover = Cover::of(plan);
    let both = departures.iter().zip(&importers);
    both.filter_map(|(departure, importers)| warning(plan, program, &cover, departure, importers)).collect()
}

/// The modules that will not be where they were. One that the plan makes anew in another file stays.
fn departures<'p>(plan: &'p Plan, program: &Program<'_>) -> Vec<Departure<'p>> {
    let named = |path: &RepoPath| program.module(path).map(|module| module.name.clone());
    let made: HashSet<String> = made(plan).keys().filter_map(named).collect();
    let mut found = Vec::new();
    for (at, target) in targets(plan) {
        let to = target.moved().map(|(_, to)| to);
        let Files::Paths(paths) = &target.files else { continue };
        if to.is_none() && target.treatment != Treatment::Delete {
            continue;
        }
        for (path, place) in paths.iter().zip(&target.places.files) {
            let Some(module) = program.module(path) else { continue };
            // Of a stub beside its module the module is what is imported.
            let is_it = program.file(&module.name).is_some_and(|(file, _)| file == *path);
            if !is_it || made.contains(&module.name) {
                continue;
            }
            let to = to.map(|to| (to, named(to).map(|name| beside(path, &module.name, to).unwrap_or(name))));
            let (place, name, is_package) = (*place, module.name.clone(), module.is_package);
            found.push(Departure { at, target, path, place, module: name, is_package, to });
        }
    }
    found
}

/// The dotted name of a file that is moved below the folder with which its name began.
fn beside(from: &RepoPath, name: &str, to: &RepoPath) -> Option<String> {
    let parts = |path: &RepoPath| -> Option<Vec<String>> {
        let path = std::str::from_utf8(path.as_bytes()).ok()?;
        let stem = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi"))?;
        Some(stem.strip_suffix("/__init__").unwrap_or(stem).split('/').map(str::to_owned).collect())
    };
    let (from, to) = (parts(from)?, parts(to)?);
    let above = from.len().checked_sub(name.split('.').count())?;
    (to.len() > above && from[..above] == to[..above]).then(|| to[above..].join("."))
}

/// The files whose imports do not count: those that the plan deletes, and what it moves where it is not yet.
fn passed_over<'p>(plan: &'p Plan, program: &Program<'_>) -> HashSet<&'p RepoPath> {
    let there: HashSet<&RepoPath> = program.paths().iter().collect();
    let mut found = HashSet::new();
    for (_, target) in targets(plan) {
        match (&target.files, &target.treatment) {
            (Files::Paths(paths), Treatment::Delete) => found.extend(paths),
            _ => found.extend(target.moved().filter(|(from, _)| there.contains(from)).map(|(_, to)| to)),
        }
    }
    found
}

/// False where a name that begins as the departing package is that of a module in it.
fn is_of(departure: &Departure<'_>, name: &str, program: &Program<'_>) -> bool {
    if !departure.is_package || name == departure.module {
        return true;
    }
    match program.look_up(name) {
        Known::Module => false,
        Known::Inside { module } | Known::Perhaps { module } | Known::Missing { module, .. } => module == departure.module,
        Known::Unknown => true,
    }
}

fn targets(plan: &Plan) -> impl Iterator<Item = (At, &Target)> {
    let phases = plan.phases.iter().enumerate();
    phases.flat_map(|(phase, of)| of.targets.iter().enumerate().map(move |(target, entry)| ((phase, target), entry)))
}

/// Which entries of the plan may rewrite a file.
struct Cover<'p> {
    listed: HashMap<&'p RepoPath, (At, &'p Target)>,
    globs: Vec<(GlobSet, GlobSet, (At, &'p Target))>,
}

impl<'p> Cover<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut cover = Self { listed: HashMap::new(), globs: Vec::new() };
        for (at, target) in targets(plan) {
            match &target.files {
                Files::Paths(paths) => cover.listed.extend(paths.iter().map(|path| (path, (at, target)))),
                Files::Glob { include, exclude } => {
                    // A checked plan has only patterns that build.
                    if let (Ok(include), Ok(exclude)) = (matcher(include), matcher(exclude)) {
                        cover.globs.push((include, exclude, (at, target)));
                    }
                }
            }
        }
        cover
    }

    /// The entries that have `path`; one that lists it claims it before any glob does.
    fn entries(&self, path: &RepoPath) -> Vec<(At, &'p Target)> {
        match self.listed.get(path) {
            Some(entry) => vec![*entry],
            None => {
                let fits = |(include, exclude, _): &&(GlobSet, GlobSet, _)| {
                    include.is_match(path.as_path()) && !exclude.is_match(path.as_path())
                };
                self.globs.iter().filter(fits).map(|(.., entry)| *entry).collect()
            }
        }
    }
}

fn warning(
    plan: &Plan,
    program: &Program<'_>,
    cover: &Cover<'_>,
    departure: &Departure<'_>,
    importers: &BTreeMap<&RepoPath, BTreeSet<String>>,
) -> Option<Problem> {
    let (mut told, mut never, mut late) = (Vec::new(), None, None);
    for (path, names) in importers {
        let has_star = program.module(path).is_some_and(|module| module.stars.contains(&departure.module));
        let entries = cover.entries(path);
        let first = |name: &String| {
            let is_star = has_star && *name == departure.module;
            let changing = entries.iter().find(|(_, entry)| takes_away(plan, entry, departure, name, is_star));
            changing.map(|(at, entry)| (*at, *entry))
        };
        // Each name has to go; the last one counts.
        match names.iter().map(first).try_fold(None, |last: Option<(At, &Target)>, next| {
            let next = next?;
            Some(Some(last.filter(|last| last.0 >= next.0).unwrap_or(next)))
        }) {
            None => {
                never.get_or_insert(*path);
            }
            Some(Some(changed)) if !is_in_time(departure, changed) => {
                late.get_or_insert(*path);
            }
            Some(_) => continue,
        }
        told.push(*path);
    }
    let first = never.or(late)?;
    let (path, module, phase) = (departure.path, &departure.module, plan.phase_label(departure.at.0));
    let (files, verb) = listed(&told);
    let (message, help) = match &departure.to {
        None => {
            let message = format!("{path} is deleted in {phase} and {files} {verb} it");
            let help = match never {
                Some(first) => format!("take the import out of {first} by a rule or an edit before that, or delete it too"),
                None => format!("put this entry behind the one that changes {first}"),
            };
            (message, help)
        }
        Some((to, None)) => {
            let message = format!("{path} is moved to {to} in {phase}, where Python finds no module, and {files} {verb} it");
            (
                message,
                format!("give `move_to` a path that can be imported, or take the import out of {first} by a rule or an edit"),
            )
        }
        Some((to, Some(name))) => {
            let message = format!("{path} is moved to {to} in {phase} and {files} {verb} it as {module}");
            let leading = plan.rules.iter().find(|rule| leads(&rule.kind, module, name));
            let help = match leading {
                Some(rule) => format!("list {first} in an entry with the rule {}", rule.name),
                None => format!("add the rule `rename: {{ from: {module}, to: {name} }}`, and list {first} in an entry with it"),
            };
            (message, help)
        }
    };
    Some(Problem::warning(departure.place, message, help))
}

/// True when the entry that changes an importer is done before a module is deleted. What is moved may go before or after its importers.
fn is_in_time(departure: &Departure<'_>, (at, entry): (At, &Target)) -> bool {
    let name = |target: &Target| target.group.as_ref().map(|group| group.name.clone());
    let together = at.0 == departure.at.0 && entry.group.is_some() && name(entry) == name(departure.target);
    departure.to.is_some() || at < departure.at || together
}

/// True when an entry's rules or edits take away the import of `name`, as far as names tell.
fn takes_away(plan: &Plan, entry: &Target, departure: &Departure<'_>, name: &str, is_star: bool) -> bool {
    let last = departure.module.rsplit('.').next().unwrap_or(&departure.module);
    let by_rule = |rule: &usize| {
        let module = departure.module.as_str();
        let inside = |old: &str| covers(module, old) && !is_star && (covers(old, name) || covers(name, old));
        match &plan.rules[*rule].kind {
            kind @ RuleKind::Rename(rename) if covers(&rename.from, module) => match &departure.to {
                Some((_, Some(to))) => leads(kind, module, to),
                Some((_, None)) | None => true,
            },
            RuleKind::Rename(rename) => inside(&rename.from),
            RuleKind::Rewrite(rewrite) => rewrite.pattern.deprecated().iter().any(|old| covers(old, module) || inside(old)),
            // Only a run can tell.
            RuleKind::Command(_) => true,
        }
    };
    entry.rules.iter().any(by_rule) || entry.edits.iter().any(|edit| holds(&edit.before, last))
}

/// True for a rename by which the module `from` becomes `to`.
fn leads(kind: &RuleKind, from: &str, to: &str) -> bool {
    let RuleKind::Rename(rename) = kind else { return false };
    covers(&rename.from, from) && rename.to.clone() + &from[rename.from.len()..] == to
}

/// Up to three paths in words, and the verb that follows them.
fn listed(paths: &[&RepoPath]) -> (String, &'static str) {
    let mut words: Vec<String> = paths.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if paths.len() > MOST_NAMED {
        words.push(format!("{} more", paths.len() - MOST_NAMED));
    }
    match words.split_last() {
        Some((last, [])) => (last.clone(), "imports"),
        Some((last, others)) => (format!("{} and {last}", others.join(", ")), "import"),
        None => (String::new(), "import"),
    }
}

#[cfg(test)]
#[path = "departed_tests.rs"]
mod tests;
