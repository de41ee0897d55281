//! What must hold between the parts of a plan: rules that are not in each other's way, files that are listed once.

use std::collections::{HashMap, HashSet};

use crate::path::RepoPath;
use crate::plan::diagnostics::Problem;
use crate::plan::reader::Reader;
use crate::plan::rule_names::Names;
use crate::plan::source::Span;
use crate::plan::view::quoted;
use crate::plan::{Files, Phase, Rewrite, Rule, RuleKind};

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

/// Reports rewrites of the same code, and those of a name that a rename takes away from them.
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
            let Some(rename) = renamed.get(name.as_str()).copied() else { continue };
            let (first, second) = (rename.min(at), rename.max(at));
            let message = format!(
                "the rules `{}` and `{}` both change {}: one renames it, the other rewrites it",
                names.name(first),
                names.name(second),
                quoted(name)
            );
            let problem = Problem::at(names.span(second), message, "keep one of the two: the first would take it from the other");
            reader.problems.push(problem.and(names.span(first), "the other rule"));
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

/// Reports files that are listed more than once by `path` or `paths`.
pub fn files(reader: &mut Reader<'_>, phases: &[Phase]) {
    let mut seen: HashMap<&RepoPath, Span> = HashMap::new();
    for target in phases.iter().flat_map(|phase| &phase.targets) {
        let Files::Paths(paths) = &target.files else { continue };
        for (path, place) in paths.iter().zip(&target.places.files) {
            let Some(first) = seen.get(path).copied() else {
                seen.insert(path, *place);
                continue;
            };
            if reader.problems.is_full() {
                return;
            }
            let (line, _) = reader.source.line_column(first.offset);
            let message = format!("{} is listed twice (first on line {line})", quoted(&path.to_string()));
            let problem = Problem::at(*place, message, "keep one of the two: a file is changed by one commit");
            reader.problems.push(problem.and(first, "first listed here"));
        }
    }
}

fn as_rename(rule: &Rule) -> Option<(&str, &str)> {
    match &rule.kind {
        RuleKind::Rename(rename) if !rename.from.is_empty() => Some((&rename.from, &rename.to)),
        RuleKind::Rename(_) | RuleKind::Rewrite(_) | RuleKind::Command(_) => None,
    }
}
