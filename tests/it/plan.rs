use crate::kit::{NEW, OLD, one, replan, repo, untouched};
use crate::support::{MIGRATE, Repo, plan};

/// A sound plan in which a test puts one thing in place of another.
const SOUND: &str = r##"version: 1
name: test
issue: "#1"
rules:
  f: { rename: { from: old.f, to: new.g } }
  m: { command: { run: "true {file}", timeout: 30s } }
commit:
  message: |
    {{ title }}: {{ unit.name }}
phases:
  - id: P0
    on_failure: quarantine
    max_quarantined: 10%
    files:
      - path: a.py
        rules: [f]
        validate: ["true"]
      - path: b.py
        rules: [f]
        edits:
          - before: |
              x = $V
            after: |
              y = $V
"##;

fn changed(from: &str, to: &str) -> Repo {
    assert!(SOUND.contains(from), "{from}");
    let repo = Repo::with(&[("a.py", OLD), ("b.py", "x = 1\n")]);
    replan(&repo, &SOUND.replacen(from, to, 1));
    repo
}

#[test]
fn the_sound_plan_of_these_tests_runs() {
    let repo = changed("version", "version");
    repo.migrate(&["run"]).succeeds();
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), b"y = 1\n".to_vec()));
}

#[test]
fn every_mistake_in_a_plan_is_named_with_file_line_column_and_help() {
    for (from, to, place, message, help) in [
        ("    on_failure", "    on_failur", "12:5", "unknown key `on_failur`", "did you mean `on_failure`?"),
        ("issue:", "name: x\nissue:", "3:1", "repeated key `name`", "keep one of the two"),
        ("path: b.py", "path: a.py", "18:15", "`a.py` is listed twice (first on line 15)", "keep one of the two"),
        ("30s", "30", "6:48", "the timeout `30` has no unit", "seconds are written `30s`"),
        ("10%", "ten", "13:22", "`ten` is not a percentage", "write it as"),
        ("rules: [f]", "rules: [g]", "16:17", "unknown rule `g`", "did you mean `f`?"),
        ("[\"true\"]", "[\"\"]", "17:20", "the command is empty", "write what is to be run"),
        ("unit.name", "unit.nam", "9:21", "unit.nam", "unit.name"),
        ("y = $V", "y = $W", "24:19", "$W", "$V"),
    ] {
        let repo = changed(from, to);
        for command in ["run", "check", "status"] {
            untouched(&repo, 2, &[command]).says(&format!("plans/p.yaml:{place}]")).says(message).says("help: ").says(help);
        }
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let repo = changed("name: test", "name: Te st");
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &text.replace("10%", "ten").replace("30s", "30").replace("rules: [f]", "rules: [g]"));
    let ran = untouched(&repo, 2, &["run"]);
    assert_eq!(ran.stderr.matches("help: ").count(), 5, "{}", ran.stderr);
    ran.says("p.yaml:2:7]").says("p.yaml:6:48]").says("p.yaml:13:22]").says("p.yaml:16:17]").says("p.yaml:19:17]");
}

#[test]
fn a_plan_that_cannot_be_read_is_named() {
    let repo = one("");
    untouched(&repo, 2, &["run", "--plan", "plans/none.yaml"]).says("plans/none.yaml: there is no such file").says("help: ");
    untouched(&repo, 2, &["run", "--plan", "plans"]).says("plans: is a directory");
    for (bytes, said) in [
        (&b""[..], "help: "),
        (b"# only a comment\n", "help: "),
        (b"\xff\xfe\n", "help: "),
        (b"{[", "help: "),
        (b"a: 1\n---\nb: 2\n", "help: "),
    ] {
        repo.write("plans/p.yaml", bytes);
        repo.commit_all("plan");
        untouched(&repo, 2, &["run"]).says("p.yaml").says(said);
    }
}

#[test]
fn a_glob_that_matches_nothing_is_a_mistake_with_its_place() {
    let repo = repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py]\n  - id: P1\n    files:\n      - glob: \"tets/**/*.py\"\n");
    for command in ["run", "check"] {
        untouched(&repo, 2, &[command])
            .says("the glob matches no tracked file")
            .says("plans/p.yaml:11:15]")
            .says("help: correct the pattern");
    }
}

#[test]
fn missing_files_are_named_together_before_anything_is_done() {
    let repo = repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py, b.py]\n  - id: P1\n    files: [c.py]\n");
    untouched(&repo, 2, &["run"]).says("b.py does not exist").says("8:19]").says("c.py does not exist").says("10:13]");
}

#[test]
fn files_come_by_path_by_list_and_by_glob_and_each_belongs_to_one_entry() {
    let repo = repo(
        &[("a.py", OLD), ("t/b.py", OLD), ("t/c.py", OLD), ("t/none.py", "x = 1\n"), ("t/skip/d.py", OLD), ("e.py", OLD)],
        "  - id: P0\n    files:\n      - glob: \"t/**/*.py\"\n        exclude: [\"t/skip/**\"]\n        validate: [\"echo glob {file} >> .git/order\"]\n      - path: t/c.py\n        validate: [\"echo path {file} >> .git/order\"]\n      - paths: [e.py, a.py]\n        validate: [\"echo list {file} >> .git/order\"]\n",
    );
    repo.migrate(&["run"]).succeeds();
    assert_eq!(String::from_utf8(repo.read(".git/order")).unwrap(), "glob t/b.py\npath t/c.py\nlist e.py\nlist a.py\n");
    assert_eq!(repo.read("t/skip/d.py"), OLD.as_bytes());
}

#[test]
fn the_one_plan_of_the_repository_is_found_from_any_folder() {
    let repo = repo(&[("pkg/sub/a.py", OLD)], "  - id: P0\n    files: [pkg/sub/a.py]\n");
    let from =
        |folder: &str, args: &[&str]| repo.command(MIGRATE).current_dir(repo.top().join(folder)).args(args).output().unwrap();
    for folder in ["", "pkg", "pkg/sub", "plans"] {
        assert!(from(folder, &["check"]).status.success(), "{folder}");
    }
    assert!(from("pkg", &["check", "--plan", "../plans/p.yaml"]).status.success());
    assert!(from("pkg", &["--plan", "../plans/p.yaml", "status"]).status.success());
    let missing = from("pkg", &["check", "--plan", "plans/p.yaml"]);
    assert_eq!(missing.status.code(), Some(2), "a plan is named from where one stands");
    assert!(from("pkg/sub", &["run"]).status.success());
    assert_eq!(repo.read("pkg/sub/a.py"), NEW.as_bytes());
}

#[test]
fn no_plan_or_several_are_named_with_the_way_out() {
    let none = Repo::with(&[("a.py", OLD)]);
    untouched(&none, 2, &["run"])
        .says("there is no plan in plans/")
        .says("help: `migrate init` writes the first one; or write plans/NAME.yaml");
    let several = one("");
    several.write("plans/q.yml", plan("  - id: P0\n    files: [a.py]\n"));
    several.commit_all("second plan");
    untouched(&several, 2, &["run"])
        .says("there are 2 plans: plans/p.yaml, plans/q.yml")
        .says("help: choose one with --plan FILE");
    several.migrate(&["run", "--plan", "plans/q.yml"]).succeeds();
    assert_eq!(several.read("a.py"), NEW.as_bytes());
}

#[test]
fn a_plan_may_lie_outside_the_repository_and_be_untracked() {
    let repo = Repo::with(&[("a.py", OLD)]);
    let path = repo.home().join("plan.yaml");
    std::fs::write(&path, plan("  - id: P0\n    files: [a.py]\n")).unwrap();
    repo.migrate(&["run", "--plan", path.to_str().unwrap()]).succeeds();
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
}

/// A run of two units that was killed in the second.
fn interrupted() -> Repo {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    files: [a.py, { path: b.py, validate: [\"test -e .git/allow || kill -9 $PPID\"] }]\n",
    );
    let ran = repo.migrate(&["run"]);
    assert_eq!(ran.signal, Some(9), "{ran:?}");
    repo.write(".git/allow", "");
    repo
}

#[test]
fn a_plan_changed_since_an_interrupted_run_is_noticed_and_the_change_named() {
    let repo = interrupted();
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    repo.write("plans/p.yaml", text.replace("path: b.py,", "path: b.py, risk: HIGH,"));
    for command in ["run", "resume"] {
        repo.migrate(&[command, "--allow-dirty"])
            .exits(2)
            .says("the plan test changed since the last run, from ")
            .says("P0")
            .says("--plan-changed");
        assert_eq!(repo.subjects().len(), 3);
    }
    repo.migrate(&["run", "--allow-dirty", "--plan-changed"]).succeeds().says("warning: the plan test changed");
    assert_eq!(repo.read("b.py"), NEW.as_bytes());
}

#[test]
fn comments_line_endings_and_order_of_keys_do_not_change_a_plan() {
    let repo = interrupted();
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    repo.write("plans/p.yaml", format!("\u{feff}# a comment\n{text}").replace('\n', "\r\n"));
    repo.migrate(&["resume", "--allow-dirty"]).succeeds().says("resuming plan test");
    assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), NEW.into()));
}

#[test]
fn a_plan_changed_after_a_run_that_ended_is_only_remarked() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    files: [a.py, { path: b.py, validate: [\"false || ! grep -q new {file}\"] }]\n",
    );
    repo.migrate(&["run"]).exits(1);
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &text.replace("false", "true"));
    repo.migrate(&["run"]).succeeds().says("the plan test changed since the last run");
    assert_eq!(repo.read("b.py"), NEW.as_bytes());
}

#[test]
fn a_plan_without_new_keys_keeps_the_digest_that_the_first_release_gave_it() {
    for (file, digest) in [
        ("plan-0.1.0-websocket-ssot.yaml", "1bbe2e413bc51ce171c4485315dc3db944ecb01dca09d7f3058bc728db5deee7"),
        ("plan-0.1.0-django-cms-4.yaml", "e35bc6a81b9b4b09ffd145af1b389617ea4d52731f64c1be6d1f093a5ceef582"),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data").join(file);
        let plan = migrate::plan::load::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(migrate::plan::digest::digest(&plan), digest, "{file}");
    }
}

#[test]
fn a_broken_plan_is_told_with_all_that_the_tree_does_not_have_at_once() {
    let files = "    files: [a.py, none.py, new.py, { glob: \"tets/*.py\" }]\n";
    let wrong = plan(&format!("  - id: P0\n    rules: [g]\n{files}"));
    let repo = Repo::with(&[("a.py", OLD), ("gone.py", OLD)]);
    replan(&repo, &wrong);
    repo.write("new.py", format!("{OLD}g = f\n"));
    for command in [&["run"][..], &["check"], &["status"], &["scan"]] {
        let ran = untouched(&repo, 2, command)
            .says("unknown rule `g`")
            .says("none.py does not exist")
            .says("new.py is not tracked by git")
            .says("the glob matches no tracked file");
        assert_eq!(ran.stderr.matches("help: ").count(), 4, "{}", ran.stderr);
        assert!(!ran.stderr.contains("a.py does not"), "{}", ran.stderr);
    }
    repo.write("plans/p.yaml", wrong.replace("[g]", "[f]"));
    repo.commit_all("a rule that is there");
    for command in ["run", "check"] {
        let ran = untouched(&repo, 2, &[command]).says("none.py does not exist").says("the glob matches no tracked file");
        assert_eq!(ran.stderr.matches("help: ").count(), 2, "{}", ran.stderr);
    }
}

#[test]
fn a_file_that_is_done_and_gone_since_is_no_mistake_of_a_broken_plan() {
    let repo = one("");
    repo.migrate(&["run"]).succeeds();
    std::fs::remove_file(repo.top().join("a.py")).unwrap();
    replan(&repo, &plan("  - id: P0\n    rules: [g]\n    files: [a.py]\n"));
    let ran = untouched(&repo, 2, &["check"]).says("unknown rule `g`");
    assert_eq!(ran.stderr.matches("help: ").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_folder_that_is_listed_is_told_with_the_glob_of_its_files() {
    for (entry, path) in [("lib", "lib"), ("{ path: lib }", "lib"), ("lib/", "lib"), ("\"a[b\"", "a\\[b")] {
        let repo = Repo::with(&[("lib/a.py", OLD), ("a[b/a.py", OLD)]);
        replan(&repo, &plan(&format!("  - id: P0\n    files: [{entry}]\n")));
        let quoted = if path.contains('\\') { format!("'{path}/**/*.py'") } else { format!("\"{path}/**/*.py\"") };
        untouched(&repo, 2, &["check"]).says(&format!("by glob: {quoted}"));
        replan(&repo, &plan(&format!("  - id: P0\n    files: [{{ glob: {quoted} }}]\n")));
        untouched(&repo, 0, &["check"]).prints("1 to change");
    }
}
