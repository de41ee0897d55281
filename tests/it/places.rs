//! What is told of a unit's file has the place where a person finds it: in the file as it stands then.

use crate::kit::{replan, untouched};
use crate::support::Repo;

/// A plan that puts two lines above everything in `a.py` and then takes `old.f` out of it.
fn shifted(text: &str, rest: &str) -> Repo {
    let repo = Repo::with(&[("a.py", text)]);
    replan(
        &repo,
        &format!(
            "version: 1\nname: test\nissue: \"#1\"\nrules:\n  f:\n    rewrite:\n      before: |\n        from old import f\n        f($X)\n      after: |\n        from new import g\n        g($X)\n      where: {{ X: {{ kind: number }} }}\nphases:\n  - id: P0\n    files:\n      - path: a.py\n        edits: [{{ before: \"a = 1\", after: \"a = 1\\nb = 2\\nc = 3\" }}]\n{rest}"
        ),
    );
    repo
}

const LEFT: &str = "a = 1\nfrom old import f\nf(1)\nf('s')\n";

#[test]
fn what_fails_a_unit_is_told_of_the_file_as_it_stands() {
    let repo = shifted(LEFT, "");
    for args in [&["run"][..], &["check"], &["diff"]] {
        let ran = untouched(&repo, 1, args)
            .says("a.py:2:17: old.f is still imported, which the rule f replaces (violation): f stays imported: it is still used in line 4\n")
            .says("a.py:4:1: old.f is still used, which the rule f replaces (violation): `$X` is not of the kind number\n");
        assert_eq!(ran.stderr.matches("a.py:4:1").count(), 1, "{}", ran.stderr);
    }
    let scanned = repo.migrate(&["scan"]).prints("a.py:4:1 use old.f [f]");
    assert!(!scanned.stdout.contains("a.py:6"), "{}", scanned.stdout);
}

#[test]
fn what_stands_in_the_text_of_a_rule_is_told_of_the_lines_that_it_replaces() {
    let repo = shifted("a = 1\nx = 2\n", "          - { before: \"x = 2\", after: \"if x:\\n    x = gone\" }\n");
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    let text = text.replace("  f:\n", "  f:\n    may_match_nothing: true\n");
    replan(&repo, &text.replace("c = 3\" }]\n          - {", "c = 3\" }, {").replace("gone\" }\n", "gone\" }]\n"));
    let said = "a.py:2:5: nothing binds gone (unbound), in what the rules write: `x = gone`";
    untouched(&repo, 1, &["run"]).says(said);
    untouched(&repo, 1, &["check"]).says(said);
}

#[test]
fn a_warning_is_told_of_the_file_before_the_commit_and_of_the_result_after_it() {
    let guards = "        guards: { violation: warn }\n";
    let (before, after) = ("warning: a.py:4:1: old.f is still used", "warning: a.py:7:1: old.f is still used");
    let repo = shifted(LEFT, guards);
    for args in [&["check"][..], &["diff"], &["run", "--dry-run"]] {
        untouched(&repo, 0, args).says(before).says("warning: a.py:4:1: `$X` is not of the kind number");
    }
    let ran = repo.copy().migrate(&["run", "--json"]).succeeds();
    let (told, committed) = (ran.stdout.find("\"unit-warned\"").unwrap(), ran.stdout.find("\"unit-committed\"").unwrap());
    assert!(told < committed, "{}", ran.stdout);
    let ran = repo
        .migrate(&["run"])
        .succeeds()
        .says(after)
        .says("a.py:4:17: f stays imported: it is still used in line 7\n")
        .says("warning: a.py:7:1: `$X` is not of the kind number");
    assert!(!ran.stderr.contains("a.py:4:1:"), "{}", ran.stderr);
    assert_eq!(repo.read("a.py"), b"a = 1\nb = 2\nc = 3\nfrom old import f\nfrom new import g\ng(1)\nf('s')\n");

    let repo = shifted(LEFT, &format!("{guards}        validate: ['! grep -q new {{file}}']\n"));
    let ran = untouched(&repo, 1, &["run"]).says(before);
    assert!(!ran.stderr.contains("a.py:7:"), "{}", ran.stderr);
}
