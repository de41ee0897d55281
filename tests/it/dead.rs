//! Rules that match nothing: dead ones are refused before the first unit, finished ones are what 100 % means.

use crate::kit::untouched;
use crate::support::Repo;

const OLD: &str = "from app.old import f\nf(1)\n";
const APP: &[(&str, &str)] =
    &[("app/__init__.py", ""), ("app/old.py", "def f(x): pass\n"), ("app/new.py", "def g(x): pass\n"), ("a.py", OLD)];
const GOOD: &str = "r: { rename: { from: app.old.f, to: app.new.g } }";
const MISSPELT: &str = "r: { rename: { from: app.olld.f, to: app.new.g } }";

fn plan(rules: &str, files: &str) -> String {
    format!("version: 1\nname: p\nissue: x\nrules: {{ {rules} }}\nphases: [{{ id: P0, rules: [r], files: {files} }}]\n")
}

fn repo(rules: &str) -> Repo {
    let repo = Repo::with(APP);
    repo.write("plans/p.yaml", plan(rules, "[a.py]"));
    repo.commit_all("plan");
    repo
}

/// Takes the old module away, as the last step of a migration does.
fn without_old(repo: &Repo) {
    repo.git(&["rm", "-q", "app/old.py"]);
    repo.commit_all("old module gone");
}

#[track_caller]
fn is_finished(repo: &Repo) {
    repo.migrate(&["scan", "--fail-over", "0"]).exits(0).prints("100.0%");
    assert_eq!(repo.migrate(&["check"]).exits(0).stderr, "");
    assert_eq!(repo.migrate(&["status"]).exits(0).stderr, "");
    repo.migrate(&["run"]).exits(0);
}

#[test]
fn a_misspelt_rule_is_refused_by_every_command_with_the_name_that_is_there() {
    let repo = repo(MISSPELT);
    let why = "the rule r matches nothing: no file imports app.olld (did you mean app.old?)";
    for args in [&["check"][..], &["scan"], &["scan", "--fail-over", "0"], &["scan", "--json"], &["run"], &["run", "--dry-run"]] {
        let ran = untouched(&repo, 1, args).says(why);
        assert!(!ran.stdout.contains("100"), "{}", ran.stdout);
    }
    repo.migrate(&["status"]).exits(0).prints(why);
    assert_eq!(repo.subjects().len(), 2);
}

#[test]
fn a_before_without_its_import_is_warned_of_and_refused_when_it_matches_nothing() {
    let rule = "r: { rewrite: { before: \"f($X)\", after: \"print($X)\" } }";
    let dead = repo(rule);
    let ran = untouched(&dead, 1, &["check"]).says("nothing in `before` says what `f` is");
    ran.says("the rule r matches nothing: no import in its `before` says what f is")
        .says("write `from app.old import f` above it");
    let alive = repo(rule);
    alive.write("a.py", "def f(x): pass\nf(1)\n");
    alive.commit_all("local");
    let ran = alive.migrate(&["check"]).exits(0).says("nothing in `before` says what `f` is");
    assert!(!ran.stderr.contains("matches nothing"), "{}", ran.stderr);
}

#[test]
fn a_rule_that_may_match_nothing_says_so() {
    let made = repo("r: { may_match_nothing: true, rename: { from: app.olld.f, to: app.new.g } }");
    assert_eq!(made.migrate(&["check"]).exits(0).stderr, "");
    made.migrate(&["run"]).exits(0);
    let plain = repo(MISSPELT);
    let digest = |repo: &Repo| {
        let out = repo.migrate(&["status", "--json"]).stdout;
        out.split("\"digest\":\"").nth(1).map(|rest| rest[..64].to_owned())
    };
    assert!(digest(&plain).is_some());
    assert_eq!(digest(&made), digest(&plain));
}

#[test]
fn a_rule_is_alive_where_any_tracked_file_has_something_for_it() {
    let made = repo(GOOD);
    made.write("a.py", "x = 1\n");
    made.write("elsewhere/b.py", OLD);
    made.commit_all("elsewhere");
    assert_eq!(made.migrate(&["check"]).exits(0).stderr, "");
    made.migrate(&["run"]).exits(0);
}

#[test]
fn a_rule_is_alive_in_what_a_sparse_work_tree_leaves_out() {
    let made = repo(GOOD);
    made.write("a.py", "x = 1\n");
    made.write("elsewhere/b.py", OLD);
    made.commit_all("elsewhere");
    made.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/elsewhere/"]);
    assert!(!made.top().join("elsewhere").exists());
    assert_eq!(made.migrate(&["check"]).exits(0).stderr, "");
}

#[test]
fn a_rule_that_did_its_work_is_finished_with_the_old_module_gone() {
    let made = repo(GOOD);
    made.migrate(&["run"]).exits(0);
    is_finished(&made);
    without_old(&made);
    is_finished(&made);
    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", made.top().to_str().unwrap(), "."]);
    is_finished(&clone);
}

#[test]
fn a_rule_is_finished_after_a_squash_with_and_without_trailers() {
    for message in [None, Some("all of it")] {
        let made = repo(GOOD);
        made.git(&["checkout", "-q", "-b", "work"]);
        made.migrate(&["run"]).exits(0);
        let trailers = made.git(&["log", "-1", "--format=%B"]);
        made.git(&["checkout", "-q", "main"]);
        made.git(&["merge", "-q", "--squash", "work"]);
        made.git(&["commit", "-q", "-m", message.unwrap_or(&trailers)]);
        made.git(&["branch", "-q", "-D", "work"]);
        std::fs::remove_dir_all(made.top().join(".git/migrate")).unwrap();
        without_old(&made);
        is_finished(&made);
    }
}

#[test]
fn a_rule_is_finished_where_plan_and_work_came_in_one_commit() {
    let made = Repo::with(APP);
    made.write("plans/p.yaml", plan(GOOD, "[a.py]"));
    made.write("a.py", "from app.new import g\ng(1)\n");
    made.commit_all("squashed with its plan");
    without_old(&made);
    is_finished(&made);
}

#[test]
fn a_rule_that_was_changed_into_a_misspelt_one_is_dead_though_the_plan_has_commits() {
    let made = repo(GOOD);
    made.migrate(&["run"]).exits(0);
    made.write("plans/p.yaml", plan(MISSPELT, "[a.py]"));
    made.commit_all("oops");
    untouched(&made, 1, &["scan"]).says("no file imports app.olld");
}

#[test]
fn a_plan_that_git_does_not_track_has_no_beginning_to_look_at() {
    let made = Repo::with(APP);
    made.write(".gitignore", "plans\n");
    made.write("a.py", "from app.new import g\ng(1)\n");
    made.commit_all("all done by hand");
    made.write("plans/p.yaml", plan(GOOD, "[a.py]"));
    untouched(&made, 1, &["check"]).says("the rule r matches nothing: nothing uses app.old.f");
}

#[test]
fn in_a_shallow_clone_what_history_would_decide_is_a_warning() {
    let made = repo(GOOD);
    made.migrate(&["run"]).exits(0);
    without_old(&made);
    let clone = Repo::plain_folder();
    let from = format!("file://{}", made.top().display());
    clone.git(&["clone", "-q", "--depth", "1", &from, "."]);
    let unknown = "whether it ever did is not known in a shallow clone";
    for args in [&["check"][..], &["scan", "--fail-over", "0"], &["run"]] {
        clone.migrate(args).exits(0).says(unknown);
    }
    clone.migrate(&["status", "--fail"]).exits(0).prints(unknown);
}

#[test]
fn a_rule_that_waits_for_what_another_makes_is_not_dead() {
    let rules = "r: { rename: { from: app.old.f, to: app.new.f } }, s: { rename: { from: app.new.f, to: app.new.g } }";
    let made = Repo::with(APP);
    made.write("plans/p.yaml", plan(rules, "[a.py]").replace("rules: [r]", "rules: [r, s]"));
    made.commit_all("plan");
    made.migrate(&["run"]).exits(0);
    assert_eq!(String::from_utf8(made.read("a.py")).unwrap(), "from app.new import g\ng(1)\n");
    is_finished(&made);
}

#[test]
fn a_rename_to_what_its_module_lacks_is_refused_before_the_first_unit() {
    let made = repo("r: { rename: { from: app.old.f, to: app.new.gg } }");
    for args in [&["check"][..], &["run"]] {
        untouched(&made, 1, args).says("the rule r leads to app.new.gg, and app.new has no gg");
    }
    for (to, why) in [("app.new.C.BLUE", "and app.new.C has no BLUE"), ("app.new.G", "and app.new has no G")] {
        let made = repo(&format!("r: {{ rename: {{ from: app.old.f, to: {to} }} }}"));
        let seen = "import sys\nclass C:\n    RED = 1\ndef g(x): return x in sys.modules\n";
        made.write("app/new.py", seen);
        made.commit_all("a class");
        untouched(&made, 1, &["check"]).says(why);
    }
    let edited = "[{ path: app/new.py, rules: [], edits: [{ before: \"def g(x): pass\", after: \"def gg(x): pass\" }] }, a.py]";
    made.write("plans/p.yaml", plan("r: { rename: { from: app.old.f, to: app.new.gg } }", edited));
    made.commit_all("the plan writes it first");
    made.migrate(&["run"]).exits(0);
}

#[test]
fn a_rename_whose_package_was_forgotten_is_warned_of_with_the_whole_name() {
    let made = repo("r: { rename: { from: app.old.f, to: new.g } }");
    untouched(&made, 0, &["check"]).says("nothing here is a module new, to which new.g leads (did you mean app.new.g?)");
    assert_eq!(repo(GOOD).migrate(&["check"]).exits(0).stderr, "");
}

#[test]
fn whether_a_module_that_runs_text_has_the_new_name_is_said_not_to_be_known() {
    let files = [("e.py", "def a(x): return x\nif 0:\n    exec('y = 1')\n"), ("u.py", "from e import a\na(1)\n")];
    let repo = Repo::with(&files);
    repo.write(
        "plans/p.yaml",
        "version: 1\nname: p\nrules: { r: { rename: { from: e.a, to: e.zzz } } }\nphases: [{ id: P0, files: [u.py] }]\n",
    );
    repo.commit_all("plan");
    for args in [&["check"][..], &["run"]] {
        repo.migrate(args).says("the rule r leads to e.zzz, and whether e has zzz is not known");
    }
}
