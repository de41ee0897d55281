use crate::kit::{replan, untouched};
use crate::support::Repo;

/// A repository with one file that needs nothing, and a plan with these rules, written as YAML below `rules:`.
fn ruled(rules: &str) -> Repo {
    let repo = Repo::with(&[("a.py", "x = 1\n"), ("other.py", "from old import f, h\n")]);
    let rules: String = rules.lines().map(|line| format!("  {line}\n")).collect();
    replan(&repo, &format!("version: 1\nname: test\nissue: \"#1\"\nrules:\n{rules}phases:\n  - {{ id: P0, files: [a.py] }}\n"));
    repo
}

const SOUND: &str = r#"moved:
  rename: { from: old.f, to: new.g }
  examples:
    - before: |
        from old import f

        await f(1)
      after: |
        from new import g

        await g(1)
    - unchanged: "import other\nother.f(1)"
bare:
  rename: { from: old.h, to: new.h }
outside:
  command: "true"
"#;

#[test]
fn examples_that_hold_are_counted_by_rule() {
    let ran = untouched(&ruled(SOUND), 0, &["test"]);
    assert_eq!(ran.stdout, "moved: 2 examples passed\nbare: no examples\n");
    assert_eq!(untouched(&ruled(SOUND), 0, &["test", "bare"]).stdout, "bare: no examples\n");
    let ran = untouched(&ruled(SOUND), 0, &["test", "--json"]);
    assert_eq!(
        ran.stdout,
        "{\"schema_version\":1,\"rule\":\"moved\",\"examples\":2,\"failed\":[]}\n{\"schema_version\":1,\"rule\":\"bare\",\"examples\":0,\"failed\":[]}\n"
    );
    untouched(&ruled(SOUND), 0, &["check"]);
}

#[test]
fn an_example_that_does_not_hold_is_shown_with_its_place_and_the_difference() {
    let repo = ruled(&SOUND.replace("await g(1)", "await g(2)"));
    let ran = untouched(&repo, 1, &["test"]).says("error: 1 example failed");
    assert_eq!(
        ran.stdout,
        "moved: 1 of 2 examples failed\nerror: plans/p.yaml:8:9: the rule moved gives another text than an example says\n\
         --- expected\n+++ found\n@@ -1,3 +1,3 @@\n from new import g\n \n-await g(2)\n+await g(1)\nbare: no examples\n"
    );
    untouched(&repo, 0, &["test", "bare"]);
    let ran = untouched(&repo, 1, &["test", "moved", "--json"]);
    assert!(
        ran.stdout.starts_with(
            "{\"schema_version\":1,\"rule\":\"moved\",\"examples\":2,\"failed\":[{\"line\":8,\"column\":9,\"reason\":\"gives another text than an example says\","
        ),
        "{}",
        ran.stdout
    );
    untouched(&repo, 1, &["check"])
        .says("plans/p.yaml:8:9")
        .says("the rule moved gives another text than an example says")
        .says("help: `migrate test` shows the difference")
        .prints("; 1 example that does not hold");
}

#[test]
fn a_rule_that_the_plan_has_not_is_wrong_usage() {
    untouched(&ruled(SOUND), 2, &["test", "mooved"])
        .says("the plan test has no rule \"mooved\"")
        .says("it has moved, bare, outside");
}

#[test]
fn what_a_plan_most_likely_does_not_mean_is_a_warning_of_check() {
    let text = "version: 1\nname: test\nissue: \"#1\"\nrules:\n  r: { rewrite: { before: \"old('$X')\", after: \"new('$X')\" } }\nphases:\n  - { id: P0, rules: [], files: [{ path: a.py, edits: [{ before: x = 1, after: x = 2 }] }] }\n";
    let repo = Repo::with(&[("a.py", "x = 1\n")]);
    replan(&repo, text);
    let ran = untouched(&repo, 0, &["check"])
        .says("\u{26a0} no phase uses the rule `r`")
        .says("plans/p.yaml:5:3]")
        .says("`$X` stands in a string, where it is text")
        .says("plans/p.yaml:5:33]")
        .says("help: take the whole string with `$X`")
        .prints("1 to change, 0 done");
    assert!(!ran.stderr.contains('×'), "{}", ran.stderr);
    assert_eq!(untouched(&repo, 0, &["status"]).stderr, "");
}
