use crate::kit::{dirty, replan, untouched};
use crate::support::Repo;

/// The seed's first pattern, for these files.
fn ruled(files: &[(&str, &str)], phase: &str) -> Repo {
    let repo = Repo::with(files);
    let rule = "rules:\n  factory:\n    rewrite:\n      before: |\n        from old import get_factory\n\n        $FACTORY = get_factory()\n        if $FACTORY:\n            $MANAGER = await $FACTORY.create($CONTEXT)\n      after: |\n        from new import get_manager\n\n        $MANAGER = await get_manager($CONTEXT)\n";
    replan(&repo, &format!("version: 1\nname: test\nissue: \"#1\"\n{rule}phases:\n  - id: P0\n{phase}"));
    repo
}

const FACTORY: &str = "import old\n\nasync def greet(context):\n    made = old.get_factory()\n    if made:\n        # One for each user.\n        manager = await made.create(context)\n    await manager.send()\n";
const MANAGER: &str = "from new import get_manager\n\nasync def greet(context):\n    # One for each user.\n    manager = await get_manager(context)\n    await manager.send()\n";
const OTHERWISE: &str = "from old import get_factory\n\nasync def count():\n    return get_factory().count()\n";

#[test]
fn a_rewrite_rule_is_applied_judged_and_committed() {
    let repo = ruled(&[("a.py", FACTORY)], "    validate: [\"python3 -m py_compile {file}\"]\n    files: [a.py]\n");
    repo.migrate(&["check"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), MANAGER);
    let message = repo.git(&["log", "-1", "--format=%B"]);
    assert!(message.ends_with("\nMigration-Rules: factory"), "{message}");
    assert!(message.contains("- Add: get_manager() import"), "{message}");
    let commits = repo.git(&["rev-list", "--count", "HEAD"]);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), commits, "a second run finds nothing to do");
}

#[test]
fn a_listed_file_in_which_no_rule_fits_fails_and_says_what_stands_there_instead() {
    let repo = ruled(&[("a.py", OTHERWISE)], "    files: [a.py]\n");
    untouched(&repo, 1, &["run"])
        .says("a.py:4:12: old.get_factory is still used, which the rule factory replaces (violation)")
        .says("does not stand in `$FACTORY = get_factory()`");
    assert_eq!(dirty(&repo), "");
}

#[test]
fn a_glob_takes_up_a_file_that_only_holds_what_no_rule_can_change_unless_the_plan_lets_it_stay() {
    let files = [("a.py", OTHERWISE), ("b.py", FACTORY), ("c.py", "x = 1\n")];
    let repo = ruled(&files, "    on_failure: quarantine\n    files: [{ glob: \"*.py\" }]\n");
    repo.migrate(&["run"]).exits(1).says("a.py:4:12: old.get_factory is still used");
    assert_eq!(String::from_utf8(repo.read("b.py")).unwrap(), MANAGER);
    assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), OTHERWISE);
    let repo = ruled(&files, "    guards: { violation: warn }\n    files: [{ glob: \"*.py\" }]\n");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.git(&["log", "--format=%s"]).lines().filter(|subject| subject.starts_with("fix(")).count(), 1);
}

#[test]
fn check_says_what_to_do_once_where_many_units_fail_alike() {
    let files = [("a.py", OTHERWISE), ("b.py", OTHERWISE), ("c.py", OTHERWISE)];
    let repo = ruled(&files, "    files: [{ glob: \"*.py\" }]\n");
    for (args, helps) in [(&["check"][..], 1), (&["check", "--verbose"], 3)] {
        let ran = untouched(&repo, 1, args).says("error: 3 units would fail");
        assert_eq!(ran.stderr.matches("old.get_factory is still used").count(), 3, "{}", ran.stderr);
        let all: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("help: ")).collect();
        assert_eq!(all.iter().filter(|line| **line == all[0]).count(), helps, "{}", ran.stderr);
        assert_eq!(all.len(), helps + 1, "{}", ran.stderr);
    }
}

/// Two rules about `m.f` for `a.py` and `b.py`.
fn about_f(rules: &str, a: &str, b: &str) -> Repo {
    let repo = Repo::with(&[("a.py", a), ("b.py", b)]);
    replan(
        &repo,
        &format!("version: 1\nname: test\nissue: \"#1\"\nrules:\n{rules}phases:\n  - {{ id: P0, files: [a.py, b.py] }}\n"),
    );
    repo
}

const REWRITE: &str = "    rewrite:\n      before: |\n        from m import f\n        f(A)\n      after: |\n        from n import g\n        g(A, 0)\n";

#[test]
fn what_a_rewrite_leaves_of_a_name_a_rename_after_it_takes() {
    let one = format!("  one:\n{}", REWRITE.replace("(A", "($A"));
    let two = "  two: { rename: { from: m.f, to: n.g } }\n";
    let texts = ("from m import f\nf(1)\nf(2, 3)\nx = f\n", "from m import f\nf()\n");
    let repo = about_f(&format!("{one}{two}"), texts.0, texts.1);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from n import g\ng(1, 0)\ng(2, 3)\nx = g\n");
    assert_eq!(repo.read("b.py"), b"from n import g\ng()\n");
    let wrong = about_f(&format!("{two}{one}"), texts.0, texts.1);
    untouched(&wrong, 2, &["check"])
        .says("the rule `two` renames `m.f`, so that nothing is left for `one` to rewrite")
        .says("put `one` before `two`");
}

#[test]
fn a_rule_for_calls_with_a_constant_lets_other_calls_be_unless_it_names_what_is_deprecated() {
    let one = format!("  one:\n{}", REWRITE.replace("(A", "(None"));
    let texts = ("from m import f\nf(None)\n", "from m import f\nf(1)\n");
    let repo = about_f(&one, texts.0, texts.1);
    repo.migrate(&["check"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (b"from n import g\ng(None, 0)\n".to_vec(), texts.1.into()));
    repo.migrate(&["scan", "--fail-over", "0"]).succeeds().prints("100.0% of the files comply");
    let repo = about_f(&format!("{one}    deprecated: [m.f]\n"), texts.0, texts.1);
    untouched(&repo, 1, &["check"]).says("b.py:2:1: m.f is still used, which the rule one replaces (violation)");
    let repo = about_f(
        &format!("  one:\n{}    deprecated: []\n", REWRITE.replace("(A", "($A, 1")),
        "from m import f\nf(2, 1)\n",
        texts.1,
    );
    repo.migrate(&["run"]).succeeds();
    let wrong = about_f("  two: { rename: { from: m.f, to: n.g }, deprecated: [] }\n", texts.0, texts.1);
    untouched(&wrong, 2, &["check"]).says("`deprecated` of a `rename`");
}

#[test]
fn what_several_rules_would_take_away_is_told_once() {
    let rule = |name: &str, arguments: &str| format!("  {name}:\n{}", REWRITE.replace("(A", arguments));
    let rules = format!("{}{}", rule("one", "($A"), rule("two", "($A, $B"));
    let repo = about_f(&rules, "from m import f\nf(1)\nf(1, 2)\nx = f\n", "x = 1\n");
    let ran = untouched(&repo, 1, &["check"]).says("a.py:4:5: m.f is still used, which the rules one, two replace (violation)");
    assert_eq!(ran.stderr.matches("a.py:4:5").count(), 1, "{}", ran.stderr);
}
