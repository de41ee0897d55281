//! What a plan itself makes, which its other rules may be for. Nothing here does I/O.

use std::collections::BTreeMap;

use crate::dotted::covers;
use crate::path::RepoPath;
use crate::plan::names::side_names;
use crate::plan::{Files, Plan, RuleKind, Treatment};
use crate::unit::segments::may_change;

/// Where a file that the plan makes gets its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The plan has its text.
    Text(String),
    /// It is moved.
    File(RepoPath),
}

/// The files that the plan creates, or moves others to.
#[must_use]
pub fn made(plan: &Plan) -> BTreeMap<RepoPath, Origin> {
    let targets = plan.phases.iter().flat_map(|phase| &phase.targets);
    let made = targets.filter_map(|target| match (&target.files, &target.treatment) {
        (Files::Paths(paths), Treatment::Create(text)) => Some((paths.first()?.clone(), Origin::Text(text.clone()))),
        _ => target.moved().map(|(from, to)| (to.clone(), Origin::File(from.clone()))),
    });
    made.collect()
}

/// True when another rule or an edit of the plan makes what the rule with this number is for.
#[must_use]
pub fn is_fed(plan: &Plan, rule: usize) -> bool {
    let (names, words): (Vec<String>, &[String]) = match &plan.rules[rule].kind {
        RuleKind::Rename(rename) => (vec![rename.from.clone()], &[]),
        RuleKind::Rewrite(rewrite) if !rewrite.pattern.deprecated().is_empty() => (rewrite.pattern.deprecated().to_vec(), &[]),
        RuleKind::Rewrite(rewrite) => match side_names(&rewrite.before).imported {
            imported if imported.is_empty() => (Vec::new(), rewrite.pattern.words()),
            imported => (imported, &[]),
        },
        RuleKind::Command(_) => return false,
    };
    let is_named = |made: &String| names.iter().any(|name| covers(made, name) || covers(name, made));
    let is_written = |text: &str| words.iter().any(|word| holds(text, word));
    let others = plan.rules.iter().enumerate().filter(|(at, _)| *at != rule).map(|(_, other)| &other.kind);
    let by_rule = |kind: &RuleKind| match kind {
        RuleKind::Rename(other) => is_named(&other.to),
        RuleKind::Rewrite(other) => side_names(&other.after).imported.iter().any(is_named) || is_written(&other.after),
        RuleKind::Command(_) => false,
    };
    let lasts: Vec<&str> = names.iter().map(|name| name.rsplit('.').next().unwrap_or(name)).collect();
    let mut edits = plan.phases.iter().flat_map(|phase| &phase.targets).flat_map(|target| &target.edits);
    others.into_iter().any(by_rule)
        || edits.any(|edit| is_written(&edit.after) || lasts.iter().any(|last| holds(&edit.after, last)))
}

/// True when the plan changes the file at `path` by more than its rules for names, or goes on from `name` to another.
#[must_use]
pub fn may_make(plan: &Plan, name: &str, path: &RepoPath) -> bool {
    let goes_on = plan.rules.iter().any(|rule| matches!(&rule.kind, RuleKind::Rename(other) if covers(&other.from, name)));
    goes_on || may_change(plan, path)
}

/// True when the word stands in the text as a whole.
pub fn holds(text: &str, word: &str) -> bool {
    text.split(|c: char| c != '_' && !c.is_alphanumeric()).any(|other| other == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;

    fn plan(rules: &str, edit: &str) -> Plan {
        let text = format!(
            "version: 1\nname: x\nissue: y\nrules:\n{rules}phases:\n  - id: P0\n    files:\n      - path: m.py\n        edits: [{{ before: x, after: \"{edit}\" }}]\n"
        );
        parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
    }

    #[test]
    fn a_rule_is_fed_by_what_another_rule_or_an_edit_makes() {
        for (rules, edit, fed) in [
            ("  b: { rename: { from: m.b, to: m.c } }\n  a: { rename: { from: m.a, to: m.b } }\n", "y", true),
            ("  b: { rename: { from: m.b.f, to: m.c } }\n  a: { rename: { from: m.a, to: m.b } }\n", "y", true),
            ("  b: { rename: { from: m.b, to: m.c } }\n  a: { rename: { from: m.a, to: m.bb } }\n", "y", false),
            ("  b: { rename: { from: m.b, to: m.c } }\n", "b()", true),
            ("  b: { rename: { from: m.b, to: m.c } }\n", "bb()", false),
            (
                "  b: { rename: { from: m.b, to: m.c } }\n  a: { rewrite: { before: h($X), after: \"from m import b\\nb($X)\" } }\n",
                "y",
                true,
            ),
            (
                "  b: { rewrite: { before: $X.go(), after: $X.went() } }\n  a: { rewrite: { before: $X.run(), after: $X.go() } }\n",
                "y",
                true,
            ),
            (
                "  b: { rewrite: { before: $X.go(), after: $X.went() } }\n  a: { rewrite: { before: $X.run(), after: $X.walk() } }\n",
                "y",
                false,
            ),
        ] {
            assert_eq!(is_fed(&plan(rules, edit), 0), fed, "{rules}{edit}");
        }
    }

    #[test]
    fn what_the_plan_creates_or_moves_is_made() {
        let text = "version: 1\nname: x\nissue: y\nphases:\n  - id: P0\n    files:\n      - { path: a.py, create: x }\n      - { path: b.py, move_to: c.py }\n      - { path: d.py, delete: true }\n";
        let path = |path: &str| RepoPath::new(path).unwrap();
        let made = made(&parse("x", text.as_bytes()).unwrap());
        assert_eq!(made, BTreeMap::from([(path("a.py"), Origin::Text("x".into())), (path("c.py"), Origin::File(path("b.py")))]));
    }

    #[test]
    fn what_an_edit_or_another_rename_may_make_is_not_called_missing() {
        let rules = "  a: { rename: { from: m.a, to: m.b } }\n  c: { rename: { from: m.b, to: m.c } }\n";
        let plan = plan(rules, "y");
        let path = |path: &str| RepoPath::new(path).unwrap();
        assert!(may_make(&plan, "m.b", &path("n.py")));
        assert!(may_make(&plan, "m.z", &path("m.py")));
        assert!(!may_make(&plan, "m.z", &path("n.py")));
    }
}
