//! What must hold between the parts of a plan: rules that are not in each other's way, files that are listed once.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::path::RepoPath;
use crate::plan::diagnostics::Problem;
use crate::plan::reader::Reader;
use crate::plan::rule_names::Names;
use crate::plan::source::Span;
use crate::plan::units::MOST_FILES;
use crate::plan::view::quoted;
use crate::plan::{Files, Phase, Rewrite, Rule, RuleKind, Treatment};

/// Reports renames with the same `from`, and those that lead back to where they began.
pub fn renames(reader: &mut Reader<'_>, rules: &[Rule], names: &Names) {
    let mut by_source: HashMap<&str, usize> = HashMap::new();
    let renames = || rules.iter().enumerate().filter_map(|(at, rule)| as_rename(rule).map(|(from, to)| (at, from, to)));
    for (at, from, _) in renames() {
        let Some(first) = by_source.get(from).copied() else {
            by_source.insert(from, at);
            continue;
        };
        let message = format!("the rules `{}` and `{}` both rename {}", names.name(first), names.name(at), quoted(from));
        let problem = Problem::at(names.span(at), message, "a name can become one other name only: remove one of the two");
        reader.problems.push(problem.and(names.span(first), "the other rule"));
    }
    let mut seen = vec![false; rules.len()];
    for (start, ..) in renames() {
        // Every rule is walked over once: whoever meets a rule of this walk again has gone in a circle.
        let mut walk = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| !seen[*at]) {
            seen[at] = true;
            walk.push(at);
            next = as_rename(&rules[at]).and_then(|(_, to)| by_source.get(to).copied());
        }
        let Some(begin) = next.and_then(|at| walk.iter().position(|walked| *walked == at)) else { continue };
        let circle = &walk[begin..];
        let steps: Vec<&str> = circle.iter().take(5).filter_map(|at| as_rename(&rules[*at]).map(|(from, _)| from)).collect();
        let message = format!("renames lead back to where they began: {} → {}", steps.join(" → "), steps[0]);
        reader.report(names.span(circle[0]), message, "remove one of these rules");
    }
}

/// Reports rewrites of the same code, and those of a name that a rename before them takes away from them.
pub fn rewrites(reader: &mut Reader<'_>, rules: &[Rule], names: &Names) {
    let renamed: HashMap<&str, usize> =
        rules.iter().enumerate().filter_map(|(at, rule)| as_rename(rule).map(|(from, _)| (from, at))).collect();
    let mut seen: HashMap<&str, Vec<(usize, &Rewrite)>> = HashMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let RuleKind::Rewrite(rewrite) = &rule.kind else { continue };
        let same = seen.entry(rewrite.before.trim()).or_default();
        if let Some((first, _)) = same.iter().find(|(_, other)| other.conditions == rewrite.conditions) {
            let message = format!("the rules `{}` and `{}` both rewrite the same code", names.name(*first), names.name(at));
            let problem = Problem::at(names.span(at), message, "remove one of the two, or tell them apart by `where`");
            reader.problems.push(problem.and(names.span(*first), "the other rule"));
        }
        same.push((at, rewrite));
        for name in rewrite.pattern.deprecated() {
            // What a rewrite leaves a rename after it takes.
            let Some(rename) = renamed.get(name.as_str()).copied().filter(|rename| *rename < at) else { continue };
            let message = format!(
                "the rule `{}` renames {}, so that nothing is left for `{}` to rewrite",
                names.name(rename),
                quoted(name),
                names.name(at),
            );
            let problem =
                Problem::at(names.span(at), message, format!("put `{}` before `{}`", names.name(at), names.name(rename)));
            reader.problems.push(problem.and(names.span(rename), "the rename"));
        }
    }
}

/// Warns of rules that no phase uses.
pub fn unused(reader: &mut Reader<'_>, phases: &[Phase], names: &Names) {
    let used: HashSet<usize> = phases.iter().flat_map(|phase| &phase.targets).flat_map(|target| &target.rules).copied().collect();
    for at in (0..names.count()).filter(|at| !used.contains(at)) {
        let message = format!("no phase uses the rule {}", quoted(names.name(at)));
        let help = "name it in the `rules` of a phase or of an entry of `files`, or remove it";
        reader.warnings.push(Problem::warning(names.span(at), message, help));
    }
}

/// Where a file stands, or comes to stand, and by what part of the plan.
struct Claim<'p> {
    path: &'p RepoPath,
    place: Span,
    /// It is not there before: the plan creates it or moves another there.
    is_made: bool,
    /// The file that is moved there.
    from: Option<&'p RepoPath>,
}

fn claims(phases: &[Phase]) -> impl Iterator<Item = Claim<'_>> {
    phases.iter().flat_map(|phase| &phase.targets).flat_map(|target| {
        let paths: &[RepoPath] = match &target.files {
            Files::Paths(paths) => paths,
            Files::Glob { .. } => &[],
        };
        let is_made = matches!(target.treatment, Treatment::Create(_));
        let listed = paths.iter().zip(&target.places.files);
        let listed = listed.map(move |(path, place)| Claim { path, place: *place, is_made, from: None });
        let moved = match (&target.treatment, target.places.treatment) {
            (Treatment::Move(path), Some(place)) => Some(Claim { path, place, is_made: true, from: paths.first() }),
            _ => None,
        };
        listed.chain(moved)
    })
}

/// Reports files that are listed more than once by `path` or `paths`, or put where another is, or below one.
pub fn files(reader: &mut Reader<'_>, phases: &[Phase]) {
    let mut seen: HashMap<&RepoPath, Claim<'_>> = HashMap::new();
    for claim in claims(phases) {
        if reader.problems.is_full() {
            return;
        }
        match seen.entry(claim.path) {
            Entry::Occupied(first) => {
                let problem = twice(reader, first.get(), &claim);
                reader.problems.push(problem);
            }
            Entry::Vacant(free) => {
                free.insert(claim);
            }
        }
    }
    let mut ordered: Vec<&Claim<'_>> = seen.values().collect();
    ordered.sort_by(|one, other| parts(one.path).cmp(parts(other.path)));
    // What lies above a path comes before it, with only what lies below the same folder between.
    let mut above: Vec<&Claim<'_>> = Vec::new();
    for claim in ordered {
        while above.last().is_some_and(|file| !is_below(claim.path, file.path)) {
            above.pop();
        }
        if let Some(file) = above.iter().rev().find(|file| file.is_made || claim.is_made)
            && !reader.problems.is_full()
        {
            let (first, second) = if claim.is_made { (claim, *file) } else { (*file, claim) };
            let (path, file) = (quoted(&claim.path.to_string()), quoted(&file.path.to_string()));
            let message = format!("{path} would lie below {file}, which the plan has as a file");
            let problem = Problem::at(first.place, message, "a file is no folder: choose another path for one of the two");
            reader.problems.push(problem.and(second.place, "the other of the two"));
        }
        above.push(claim);
    }
}

fn parts(path: &RepoPath) -> impl Iterator<Item = &[u8]> {
    path.as_bytes().split(|byte| *byte == b'/')
}

fn is_below(path: &RepoPath, file: &RepoPath) -> bool {
    path.as_bytes().strip_prefix(file.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}

fn twice(reader: &Reader<'_>, first: &Claim<'_>, second: &Claim<'_>) -> Problem {
    let path = quoted(&second.path.to_string());
    let (line, _) = reader.source.line_column(first.place.offset);
    if second.from == Some(second.path) {
        let problem = Problem::at(second.place, format!("{path} is moved onto itself"), "give `move_to` another path");
        return problem.and(first.place, "it stands here");
    }
    let (moved, other) = if second.from.is_some() { (second, first) } else { (first, second) };
    let (message, help, label) = match (moved.from, other.from) {
        (None, _) => {
            let help = "keep one of the two: a file is changed by one commit";
            (format!("{path} is listed twice (first on line {line})"), help, "first listed here")
        }
        (_, Some(_)) => {
            (format!("two files are moved to {path} (first on line {line})"), "give one of them another path", "the other move")
        }
        (_, None) if other.is_made => {
            (format!("a file is moved to {path}, which the plan creates"), "give one of the two another path", "created here")
        }
        (_, None) => {
            let help = "give `move_to` another path, or take that entry out of the plan: a file is changed by one commit";
            (format!("a file is moved to {path}, which the plan lists too"), help, "listed here")
        }
    };
    let (place, label_place) = if moved.from.is_some() { (moved.place, other.place) } else { (second.place, first.place) };
    Problem::at(place, message, help).and(label_place, label)
}

/// Reports groups that are in two phases, that have two labels, or more files than one commit can well hold.
pub fn groups(reader: &mut Reader<'_>, phases: &[Phase]) {
    struct Seen {
        phase: usize,
        place: Span,
        label: Option<(String, Span)>,
        files: usize,
    }
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    let targets = phases.iter().enumerate().flat_map(|(at, phase)| phase.targets.iter().map(move |target| (at, target)));
    for (phase, target) in targets {
        let (Some(group), Files::Paths(paths)) = (&target.group, &target.files) else { continue };
        let first = seen.entry(&group.name).or_insert(Seen { phase, place: group.place, label: None, files: 0 });
        first.files += paths.len();
        let line = |span: Span| reader.source.line_column(span.offset).0;
        if first.phase != phase {
            let message = format!("the group {} is in two phases (first on line {})", quoted(&group.name), line(first.place));
            let help = "a group is one unit: list its files in one phase, or give the two names of their own";
            reader.problems.push(Problem::at(group.place, message, help).and(first.place, "first named here"));
        }
        let (Some(label), Some(place)) = (&group.label, target.places.label) else { continue };
        let (said, at) = first.label.get_or_insert_with(|| (label.clone(), place));
        if said != label {
            let message = format!("the group {} has two labels (first on line {})", quoted(&group.name), line(*at));
            let problem = Problem::at(place, message, "keep one of the two: a group has one commit");
            reader.problems.push(problem.and(*at, "first given here"));
        }
    }
    for (name, group) in seen.into_iter().filter(|(_, group)| group.files > MOST_FILES) {
        let message = format!("the group {} has {} files, more than {MOST_FILES}", quoted(name), group.files);
        let help = "all of a group is one commit: leave `group` out and give the phase `units: { by: folder, max_files: 20 }`";
        reader.report(group.place, message, help);
    }
}

fn as_rename(rule: &Rule) -> Option<(&str, &str)> {
    match &rule.kind {
        RuleKind::Rename(rename) if !rename.from.is_empty() => Some((&rename.from, &rename.to)),
        RuleKind::Rename(_) | RuleKind::Rewrite(_) | RuleKind::Command(_) => None,
    }
}
