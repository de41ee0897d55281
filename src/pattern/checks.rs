//! What can be wrong with the texts of a rule beyond their syntax.

use std::collections::BTreeSet;

use tree_sitter::Node;

use crate::dotted::covers;
use crate::pattern::before::{Before, Part, Root};
use crate::pattern::holes::{Hole, Take};
use crate::pattern::snippet::{Snippet, Spot, Stand, written};
use crate::pattern::{PatternProblem, Side};
use crate::python::names::{Meaning, Names};

/// Every import of `before` must say what some name means.
pub(crate) fn unused(old: &Snippet, names: &Names) -> Vec<PatternProblem> {
    let mut problems = Vec::new();
    let mut used: Vec<(&str, String)> = Vec::new();
    for name in &names.uses {
        match names.meaning(name.scope, name.name) {
            Meaning::Imported(root) => used.push((name.name, name.qualified(&root))),
            Meaning::Several(roots) => used.extend(roots.iter().map(|root| (name.name, name.qualified(root)))),
            Meaning::Local | Meaning::Unbound { .. } => {}
        }
    }
    for import in &names.imports {
        for item in &import.items {
            let imported = import.imported(item);
            if !used.iter().any(|(local, whole)| *local == item.local() && covers(&imported, whole)) {
                let message = format!("nothing in `before` uses the imported `{}`", item.local());
                let help = "leave the import out, or use the name";
                problems.push(old.problem(item.range.start, message, help));
            }
        }
    }
    problems
}

/// What cannot be said of imported names: that they are something else too.
pub(crate) fn meanings(old: &Snippet, names: &Names) -> Vec<PatternProblem> {
    let mut problems = Vec::new();
    for name in &names.uses {
        if matches!(names.meaning(name.scope, name.name), Meaning::Several(_)) {
            let message = format!("`{}` is imported and bound by `before` itself", name.name);
            problems.push(old.problem(name.range.start, message, "give one of them another name"));
        }
    }
    problems
}

/// What is wrong with the metavariables of `snippet`, given those of `before`.
pub(crate) fn metavariables((before, old): (&Snippet, &[Spot]), snippet: &Snippet, spots: &[Spot]) -> Vec<PatternProblem> {
    let mut problems = Vec::new();
    for spot in spots {
        let at = spot.hole.range.start;
        if spot.hole.take == Take::Run && !spot.listed {
            let message = format!("`{}` where only one thing can stand", written(spot.hole));
            let help = "`$$$NAME` takes any run of arguments, elements, parameters or statements";
            problems.push(snippet.problem(at, message, help));
        }
        let same = |other: &&Spot| other.hole.name == spot.hole.name && spot.hole.name != "_";
        if let Some(first) = old.iter().find(same) {
            if first.hole.take != spot.hole.take {
                let message = format!("`{}` is written `{}` elsewhere", written(spot.hole), written(first.hole));
                problems.push(snippet.problem(at, message, "a metavariable takes one thing or a run, not both"));
            } else if (first.stand == Stand::Statement) && spot.stand != Stand::Statement {
                let message = format!("`{}` is a statement in `before` and stands in an expression here", written(spot.hole));
                problems.push(snippet.problem(at, message, "use another metavariable"));
            } else if spot.hole.take == Take::Run && first.stand != Stand::Statement && spot.stand == Stand::Statement {
                let message = format!("`{}` is no statements and stands alone here", written(spot.hole));
                problems.push(snippet.problem(at, message, "put it where arguments or elements stand"));
            }
        } else if snippet.side == Side::After {
            let message = format!("`{}` is not bound by `before`", written(spot.hole));
            let known: BTreeSet<String> =
                old.iter().filter(|spot| spot.hole.name != "_").map(|spot| written(spot.hole)).collect();
            let known: Vec<String> = known.into_iter().collect();
            let help = match known.as_slice() {
                _ if before.holed.holes.iter().any(|hole| hole.name == spot.hole.name && hole.name != "_") => {
                    format!("in a string it is text: {}", whole_string(spot.hole))
                }
                [] => "`before` has no metavariables".to_owned(),
                known => format!("`before` has {}", known.join(", ")),
            };
            problems.push(snippet.problem(at, message, help));
        }
    }
    problems
}

/// What to do where a metavariable was meant for a part of a string.
pub(crate) fn whole_string(hole: &Hole) -> String {
    let name = &hole.name;
    format!("take the whole string with `${name}`, and say in `where` which strings: `{name}: {{ kind: string }}`")
}

/// A pattern has something to go by, and its gaps stand between things.
pub(crate) fn shape(old: &Snippet, before: &Before, body: &[Node]) -> Vec<PatternProblem> {
    let mut problems = Vec::new();
    let end = body.first().map_or(old.holed.text.len(), Node::start_byte);
    let roots = match &before.root {
        Root::Expression(part) => std::slice::from_ref(part),
        Root::Statements(parts) => parts.as_slice(),
    };
    let is_open = |part: &usize| matches!(before.parts[*part], Part::Hole { .. } | Part::Gap);
    if roots.iter().all(is_open) {
        let (message, help) = match roots {
            [] => ("`before` has nothing to match", "write the code to look for below the imports"),
            _ => ("`before` fits anything", "write more of the code to look for"),
        };
        problems.push(old.problem(end, message, help));
        return problems;
    }
    for (index, part) in roots.iter().enumerate() {
        let at_rim = index == 0 || index + 1 == roots.len();
        let beside = index > 0 && matches!(before.parts[roots[index - 1]], Part::Gap);
        let at = body.get(index).map_or(end, Node::start_byte);
        match &before.parts[*part] {
            Part::Gap if at_rim || beside => {
                let message = "`...` with nothing on one side to stand between";
                problems.push(old.problem(at, message, "`...` stands between two statements of `before`"));
            }
            Part::Hole { take: Take::Run, .. } if at_rim => {
                let message = "`$$$` at the rim of `before` takes as much as there is";
                problems.push(old.problem(at, message, "leave it out: what stands above and below stays"));
            }
            _ => {}
        }
    }
    problems
}
