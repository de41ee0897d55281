use std::collections::BTreeMap;

use crate::crash::{Scenario, full, side_by_side};
use crate::kit::{NEW, OLD, dirty, message, repo, untouched};
use crate::support::Repo;

/// Five files in two folders, put together by folder, three at a time; entries go on with `rest`.
fn by_folder(rest: &str) -> Repo {
    let files: Vec<(String, &str)> = ["a/1.py", "a/2.py", "a/3.py", "a/4.py", "b/5.py"].map(|path| (path.to_owned(), OLD)).into();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    repo(&files, &format!("  - id: P2\n    units: {{ by: folder, max_files: 3 }}\n{rest}    files: [{{ glob: '*/*.py' }}]\n"))
}

/// The files that a commit changes.
fn changed(repo: &Repo, commit: &str) -> String {
    repo.git(&["show", "--format=", "--name-status", "--no-renames", commit]).replace('\t', " ").replace('\n', ", ")
}

fn exists(repo: &Repo, path: &str) -> bool {
    repo.top().join(path).symlink_metadata().is_ok()
}

#[test]
fn the_files_of_a_folder_land_in_one_commit_that_names_them() {
    let repo = by_folder("");
    let ran = repo.migrate(&["run"]).succeeds().says("phase 1 (P2): 3 units").says("committed    [1/3] P2:a/#1");
    ran.says("committed    [3/3] P2:b/#1");
    assert_eq!(repo.subjects().len(), 5);
    assert_eq!(changed(&repo, "HEAD~2"), "M a/1.py, M a/2.py, M a/3.py");
    assert_eq!((changed(&repo, "HEAD~1"), changed(&repo, "HEAD")), ("M a/4.py".into(), "M b/5.py".into()));
    let text = message(&repo, "HEAD~2");
    assert!(text.starts_with("fix(a): apply test in a - Issue #1\n"), "{text}");
    let one = |file: &str| format!("- File: {file}\n- Remove: f() import\n- Add: g() import\n- Transform: lines 1-2 → 1-2\n");
    let changes = format!("Changes:\n{}{}{}- Validate: none\n", one("a/1.py"), one("a/2.py"), one("a/3.py"));
    assert!(text.contains(&changes), "{text}");
    let trailers =
        "Migration-Unit: P2:a/#1\nMigration-Rules: f\nMigration-File: a/1.py\nMigration-File: a/2.py\nMigration-File: a/3.py\n";
    assert!(text.ends_with(trailers), "{text}");
    let status = repo.migrate(&["status", "--fail"]).succeeds().stdout;
    assert!(status.contains("P2:a/#1") && status.contains("3 committed"), "{status}");
    untouched(&repo, 0, &["run"]);
    // The parts of a group go back one by one, the rest of it at once.
    repo.migrate(&["rollback", "a/2.py"]).succeeds().says("1 unit taken back");
    assert_eq!((changed(&repo, "HEAD"), repo.read("a/2.py")), ("M a/2.py".into(), OLD.into()));
    assert!(message(&repo, "HEAD").ends_with("Migration-Reason: rollback\nMigration-File: a/2.py\n"));
    let status = repo.migrate(&["status"]).succeeds().stdout;
    assert!(status.contains("1 rolled-back") && status.contains("2 committed"), "{status}");
    repo.migrate(&["run", "--retry", "rolled-back"]).succeeds();
    assert_eq!(changed(&repo, "HEAD"), "M a/2.py");
    assert!(message(&repo, "HEAD").ends_with("Migration-File: a/2.py\nMigration-Left: a/1.py\nMigration-Left: a/3.py\n"));
    repo.migrate(&["rollback", "--group", "P2:a/#1"]).succeeds();
    for file in ["a/1.py", "a/2.py", "a/3.py"] {
        assert_eq!(repo.read(file), OLD.as_bytes(), "{file}");
    }
    assert_eq!((repo.read("a/4.py"), dirty(&repo)), (NEW.into(), String::new()));
    // The plan calls them otherwise since: what status shows can be taken back.
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    let regrouped = repo.copy();
    crate::kit::replan(&regrouped, &plan.replace("{ by: folder, max_files: 3 }", "each"));
    regrouped.migrate(&["run", "--retry", "rolled-back"]).succeeds();
    crate::kit::replan(&regrouped, &plan.replace("max_files: 3", "max_files: 9"));
    assert!(regrouped.migrate(&["status"]).succeeds().stdout.contains("P2:a/#1"));
    regrouped.migrate(&["rollback", "--group", "P2:a/#1", "--yes"]).succeeds();
    for file in ["a/1.py", "a/2.py", "a/3.py"] {
        assert_eq!(regrouped.read(file), OLD.as_bytes(), "{file}");
    }
    untouched(&repo, 2, &["rollback", "--group", "P2:a/#7"]).says("was never migrated").says("did you mean P2:a/#1");
}

#[test]
fn of_a_group_that_fails_the_halves_are_tried_down_to_the_file_that_fails_and_the_rest_lands() {
    for (list, policy, code, word) in [
        ("validate", "    on_failure: quarantine\n    max_quarantined: 90%\n", 1, "quarantined"),
        ("validate", "", 1, "failed"),
        ("verify", "    on_failure: quarantine\n    max_quarantined: 90%\n", 1, "rolled-back"),
    ] {
        // The third file alone is wrong once it is migrated.
        let repo = by_folder(&format!("{policy}    {list}: ['! grep -q new a/3.py']\n"));
        let ran = repo.migrate(&["run"]).exits(code).says("split").says("P2:a/#1: a/3.py");
        let texts = |repo: &Repo| ["a/1.py", "a/2.py", "a/3.py"].map(|file| repo.read(file) == NEW.as_bytes());
        assert_eq!(texts(&repo), [true, true, false], "{list} {policy}: {}", ran.stderr);
        assert_eq!(dirty(&repo), "");
        let status = repo.migrate(&["status"]).succeeds().stdout;
        assert!(status.contains(&format!("1 {word}")), "{list}: {status}");
        let of_files: Vec<&str> = status.lines().filter(|line| line.starts_with("    ")).collect();
        assert!(matches!(of_files[..], [one] if one.contains("a/3.py") && one.contains(word)), "{status}");
        // The other units go on as the policy says, and nothing is tried again unasked where it was set aside.
        assert_eq!(repo.read("b/5.py") == NEW.as_bytes(), !policy.is_empty());
        if word != "failed" {
            let before = repo.subjects();
            repo.migrate(&["run"]).exits(1);
            assert_eq!(repo.subjects(), before, "{list}");
        }
    }
}

#[test]
fn a_named_group_lands_whole_or_not_at_all_and_goes_back_whole_unless_asked_otherwise() {
    let phases = concat!(
        "  - id: P0\n    on_failure: quarantine\n    max_quarantined: 90%\n    files:\n",
        "      - { group: pair, label: the two of them, paths: [a.py, sub/b.py], validate: ['! grep -q BAD {file}'] }\n",
        "      - c.py\n",
    );
    let repo = repo(&[("a.py", OLD), ("sub/b.py", &format!("{OLD}# BAD\n")), ("c.py", OLD)], phases);
    repo.migrate(&["run"]).exits(1).says("quarantined  [1/2] group:pair");
    assert_eq!((repo.read("a.py"), repo.read("c.py")), (OLD.into(), NEW.into()));
    repo.write("sub/b.py", OLD);
    repo.commit_all("good now");
    repo.migrate(&["run", "--retry", "quarantined"]).succeeds();
    assert_eq!(changed(&repo, "HEAD"), "M a.py, M sub/b.py");
    let text = message(&repo, "HEAD");
    assert!(text.starts_with("fix(a): apply test in the two of them - Issue #1\n"), "{text}");
    assert!(text.contains("- Validate: ! grep -q BAD a.py\n- Validate: ! grep -q BAD sub/b.py\n"), "{text}");
    let landed = repo.copy();
    repo.migrate(&["rollback", "a.py"]).succeeds().says("1 unit taken back");
    assert_eq!((repo.read("a.py"), repo.read("sub/b.py"), dirty(&repo)), (OLD.into(), OLD.into(), String::new()));
    assert!(message(&repo, "HEAD").starts_with("Revert \"fix(a): apply test in the two of them"));
    landed.migrate(&["rollback", "a.py", "--only"]).succeeds();
    assert_eq!((landed.read("a.py"), landed.read("sub/b.py")), (OLD.into(), NEW.into()));
    landed.migrate(&["status"]).succeeds().prints("rolled-back");
    landed.migrate(&["rollback", "--group", "pair"]).succeeds();
    assert_eq!((landed.read("sub/b.py"), dirty(&landed)), (OLD.into(), String::new()));
}

/// A group whose files are rewritten, created, deleted and moved, and one of each alone.
pub fn come_and_go() -> Repo {
    let phases = concat!(
        "  - id: P0\n    validate: [['true']]\n    files:\n",
        "      - { group: all, paths: [a.py, deep/b.py], verify: [[test, -f, deep/b.py]] }\n",
        "      - { group: all, path: made/new.py, create: \"def g(x):\\n    return x\\n\" }\n",
        "      - { group: all, path: old/gone.py, delete: true }\n",
        "      - { group: all, path: tool.sh, move_to: bin/tools/tool.sh }\n",
        "  - id: P1\n    files:\n",
        "      - { path: alone/new.py, create: \"x = 1\\n\" }\n",
        "      - { path: alone/old.py, delete: true }\n",
        "      - { path: alone/from.py, move_to: elsewhere/to.py }\n",
    );
    let repo = Repo::with(&[
        ("a.py", OLD),
        ("deep/b.py", OLD),
        ("old/gone.py", "gone = 1\n"),
        ("tool.sh", "#!/bin/sh\n"),
        ("alone/old.py", "old = 1\n"),
        ("alone/from.py", "moved = 1\n"),
    ]);
    crate::kit::make_executable(&repo, "tool.sh");
    repo.write("plans/p.yaml", crate::support::plan(phases));
    repo.commit_all("plan");
    repo
}

#[test]
fn what_is_created_deleted_and_moved_is_as_git_add_rm_and_mv_would_have_it() {
    let repo = come_and_go();
    let beside = repo.copy();
    repo.migrate(&["run"]).succeeds().says("4 units");
    let messages: Vec<String> = (0..4).rev().map(|nth| message(&repo, &format!("HEAD~{nth}"))).collect();
    let commit = |nth: usize, steps: &[&[&str]]| {
        for step in steps {
            beside.git(step);
        }
        beside.write("../message", &messages[nth]);
        beside.git(&["commit", "-q", "--cleanup=verbatim", "-F", "../message"]);
    };
    for file in ["a.py", "deep/b.py"] {
        beside.write(file, NEW);
    }
    beside.write("made/new.py", "def g(x):\n    return x\n");
    std::fs::create_dir_all(beside.top().join("bin/tools")).unwrap();
    commit(
        0,
        &[&["add", "a.py", "deep/b.py", "made/new.py"], &["rm", "-q", "old/gone.py"], &["mv", "tool.sh", "bin/tools/tool.sh"]],
    );
    beside.write("alone/new.py", "x = 1\n");
    commit(1, &[&["add", "alone/new.py"]]);
    commit(2, &[&["rm", "-q", "alone/old.py"]]);
    std::fs::create_dir_all(beside.top().join("elsewhere")).unwrap();
    commit(3, &[&["mv", "alone/from.py", "elsewhere/to.py"]]);
    for args in [&["log", "--format=%H %T %s"][..], &["ls-files", "--stage"], &["write-tree"], &["status", "--porcelain"]] {
        assert_eq!(repo.git(args), beside.git(args), "{args:?}");
    }
    let files = |repo: &Repo| {
        let mut state = repo.state();
        state.retain(|name, _| !name.starts_with("git "));
        state
    };
    assert_eq!(files(&repo), files(&beside));
    assert!(!exists(&repo, "old") && !exists(&repo, "tool.sh"));
    assert_eq!(repo.git(&["fsck", "--strict", "--no-dangling"]), "");
    let text = &messages[0];
    assert!(text.contains("- Create: made/new.py\n- Delete: old/gone.py\n- Move: tool.sh\n- To: bin/tools/tool.sh\n"), "{text}");
    repo.migrate(&["status", "--fail"]).succeeds();
    untouched(&repo, 0, &["run"]);
    // And the way back.
    repo.migrate(&["rollback", "--all", "--yes"]).succeeds().says("4 units taken back");
    assert_eq!(repo.git(&["diff", "--stat", "HEAD", "HEAD~8"]), "");
    assert_eq!((repo.read("old/gone.py"), dirty(&repo)), (b"gone = 1\n".to_vec(), String::new()));
    assert!(!exists(&repo, "made") && !exists(&repo, "bin") && !exists(&repo, "elsewhere"));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    repo.migrate(&["status"]).succeeds().prints("0 of 4 done");
}

/// Runs, rollbacks and their recoveries, killed at every point.
fn survives(scenario: &Scenario) {
    let points = scenario.spread(9);
    assert!(points.len() > 15, "{} points", points.len());
    side_by_side(&points, |nth| {
        let (repo, at) = (scenario.template.copy(), scenario.name(nth));
        assert!(scenario.killed(&repo, nth), "{at} was not reached");
        scenario.is_legal(&repo, &at);
        // The recovery is killed too: early, late, or here not at all.
        let seconds = [2 + nth % 3, 5 + nth % 4];
        for second in seconds.into_iter().enumerate().filter(|(at, _)| full() || nth % 3 == *at).map(|(_, second)| second) {
            let (repo, at) = (repo.copy(), format!("{at} and then at {second}"));
            if scenario.killed(&repo, second) {
                scenario.is_legal(&repo, &at);
            }
            scenario.ends_as_whole(&repo, &at);
        }
        scenario.ends_as_whole(&repo, &at);
    });
}

pub fn legal_texts() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let absent_or = |text: &str| vec![Vec::new(), text.as_bytes().to_vec()];
    BTreeMap::from([
        ("a.py", vec![OLD.into(), NEW.into()]),
        ("deep/b.py", vec![OLD.into(), NEW.into()]),
        ("made/new.py", absent_or("def g(x):\n    return x\n")),
        ("old/gone.py", absent_or("gone = 1\n")),
        ("tool.sh", absent_or("#!/bin/sh\n")),
        ("bin/tools/tool.sh", absent_or("#!/bin/sh\n")),
        ("alone/new.py", absent_or("x = 1\n")),
        ("alone/old.py", absent_or("old = 1\n")),
        ("alone/from.py", absent_or("moved = 1\n")),
        ("elsewhere/to.py", absent_or("moved = 1\n")),
    ])
}

#[test]
fn a_run_of_groups_creations_deletions_and_moves_killed_at_any_point_ends_like_an_unbroken_one() {
    survives(&Scenario::new(come_and_go(), &["run"], legal_texts()));
}

#[test]
fn a_rollback_of_them_killed_at_any_point_ends_like_an_unbroken_one() {
    let repo = come_and_go();
    repo.migrate(&["run"]).succeeds();
    survives(&Scenario::new(repo, &["rollback", "--all", "--yes"], legal_texts()));
}

#[test]
fn a_group_that_fails_killed_at_any_point_is_halved_as_in_an_unbroken_run() {
    let repo = by_folder("    on_failure: quarantine\n    max_quarantined: 90%\n    verify: ['! grep -q new a/3.py']\n");
    let both = || vec![OLD.as_bytes().to_vec(), NEW.as_bytes().to_vec()];
    let legal = ["a/1.py", "a/2.py", "a/3.py", "a/4.py", "b/5.py"].map(|file| (file, both()));
    let scenario = Scenario::new(repo, &["run"], BTreeMap::from(legal));
    assert_eq!(scenario.exit, 1);
    let repo = scenario.template.copy();
    repo.migrate(&["run"]).exits(1);
    let texts = ["a/1.py", "a/2.py", "a/3.py", "a/4.py", "b/5.py"].map(|file| repo.read(file) == NEW.as_bytes());
    assert_eq!(texts, [true, true, false, true, true]);
    let points: Vec<usize> = scenario.distinct().into_iter().filter(|nth| full() || nth % 9 == 2).collect();
    side_by_side(&points, |nth| {
        let (repo, at) = (scenario.template.copy(), scenario.name(nth));
        assert!(scenario.killed(&repo, nth), "{at} was not reached");
        scenario.is_legal(&repo, &at);
        // A commit that was not verified yet is verified again: the same commits, whenever it was killed.
        scenario.ends_as_whole(&repo, &at);
    });
}

#[test]
fn a_clone_in_the_middle_of_a_phase_of_groups_goes_on_with_the_same_cuts() {
    let repo = by_folder("");
    let whole = repo.copy();
    whole.migrate(&["run"]).succeeds();
    // Stopped after the first half of the first group.
    let stopped = by_folder("    validate: ['! grep -q new a/3.py']\n");
    stopped.migrate(&["run"]).exits(1);
    assert_eq!(changed(&stopped, "HEAD"), "M a/1.py, M a/2.py");
    for file in ["a/0.py", "a/2b.py"] {
        stopped.write(file, OLD);
    }
    stopped.write("plans/p.yaml", String::from_utf8(repo.read("plans/p.yaml")).unwrap());
    stopped.commit_all("two more files, and nothing is validated any more");
    let clone = Repo::plain_folder();
    clone.git(&["clone", "-q", stopped.top().to_str().unwrap(), "."]);
    for repo in [&stopped, &clone] {
        repo.migrate(&["run", "--plan-changed"]).succeeds();
        // What is left of the group that began, and the new files in groups of their own.
        let units =
            repo.git(&["log", "--reverse", "--format=%(trailers:key=Migration-Unit,valueonly,separator=%x20) %s", "HEAD~3.."]);
        let cuts: Vec<&str> = units.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(cuts, ["P2:a/#2", "P2:a/#1", "P2:b/#1"], "{units}");
        assert_eq!(
            (changed(repo, "HEAD~2"), changed(repo, "HEAD~1")),
            ("M a/0.py, M a/2b.py, M a/4.py".into(), "M a/3.py".into())
        );
    }
}

#[test]
fn what_stands_in_a_file_that_is_deleted_goes_with_it() {
    let repo = repo(&[("a.py", OLD), ("old.py", OLD)], "  - id: P0\n    files: [a.py, { path: old.py, delete: true }]\n");
    let found: serde_json::Value = serde_json::from_str(&repo.migrate(&["scan", "--json"]).succeeds().stdout).unwrap();
    let places = found["places"].as_array().unwrap();
    assert_eq!(places.len(), 4, "{found:#}");
    assert!(places.iter().all(|place| place["fate"] == "goes" && place["phase"] == "P0"), "{found:#}");
    let diff = repo.migrate(&["diff"]).succeeds().stdout;
    repo.write("../patch", diff);
    repo.git(&["apply", "--index", "../patch"]);
    assert_eq!((repo.read("a.py"), exists(&repo, "old.py")), (NEW.into(), false));
    repo.git(&["reset", "-q", "--hard"]);
    repo.migrate(&["check"]).succeeds().prints("2 to change");
    repo.migrate(&["run"]).succeeds();
    repo.migrate(&["scan", "--fail-over", "0"]).succeeds();
}

#[test]
fn what_judges_a_file_sees_its_siblings_as_they_shall_be() {
    let phases = |text: &str| {
        format!(
            concat!(
                "  - id: P0\n    files:\n",
                "      - {{ group: g, path: a.py }}\n",
                "      - {{ group: g, path: new.py, create: \"{}\" }}\n",
            ),
            text
        )
    };
    let asynchronous = repo(&[("a.py", OLD)], &phases("async def g(x):\\n    return x\\n"));
    let said = untouched_but_state(&asynchronous, 1);
    assert!(said.contains("a.py:2:1") && said.contains("coroutine"), "{said}");
    let plain = repo(&[("a.py", OLD)], &phases("def g(x):\\n    return x\\n"));
    plain.migrate(&["run"]).succeeds();
    assert_eq!(changed(&plain, "HEAD"), "M a.py, A new.py");
}

/// What a run says that fails and commits nothing.
fn untouched_but_state(repo: &Repo, code: i32) -> String {
    let before = repo.subjects();
    let ran = repo.migrate(&["run"]).exits(code);
    assert_eq!((repo.subjects(), dirty(repo)), (before, String::new()), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn codemods_change_the_files_of_a_group_one_by_one_and_all_go_back_when_one_fails() {
    let command = "  more: { command: { run: \"grep -q STOP {file} && exit 7; printf '# more\\n' >> {file}\" } }\nphases:";
    let make = |second: &str| {
        let repo = Repo::with(&[("a.py", OLD), ("b.py", second), ("c.py", OLD)]);
        let phases = "  - id: P0\n    units: { by: all, max_files: 9 }\n    files: [{ path: c.py, rules: [f] }, { paths: [a.py, b.py] }]\n";
        repo.write("plans/p.yaml", crate::support::plan(phases).replace("phases:", command));
        repo.commit_all("plan");
        repo
    };
    let repo = make(OLD);
    repo.migrate(&["run"]).succeeds();
    assert_eq!((changed(&repo, "HEAD"), repo.subjects().len()), ("M a.py, M b.py, M c.py".into(), 3));
    assert_eq!((repo.read("a.py"), repo.read("c.py")), (format!("{NEW}# more\n").into_bytes(), NEW.into()));
    let repo = make(&format!("{OLD}# STOP\n"));
    repo.migrate(&["run"]).exits(1).says("P0:#1: b.py");
    let texts = ["a.py", "c.py"].map(|file| repo.read(file).starts_with(NEW.as_bytes()));
    assert_eq!((texts, repo.read("b.py")), ([true, true], format!("{OLD}# STOP\n").into_bytes()));
    assert_eq!(dirty(&repo), "");
}

#[test]
fn what_cannot_be_made_deleted_or_moved_is_refused_by_name_before_anything_is_done() {
    for (entry, said) in [
        ("{ path: b.py, create: \"x = 1\\n\" }", "b.py exists already"),
        ("{ path: untracked.py, create: \"x = 1\\n\" }", "untracked.py exists already"),
        ("{ path: b.py/c.py, create: \"x = 1\\n\" }", "b.py/c.py cannot be made: b.py is no folder"),
        ("{ path: ignored/c.py, create: \"x = 1\\n\" }", "ignored/c.py is ignored by git"),
        ("{ path: made.py, create: \"def (:\\n\" }", "the file is not valid Python: made.py:1:5"),
        ("{ path: c.py, delete: true }", "c.py does not exist"),
        ("{ path: untracked.py, delete: true }", "untracked.py is not tracked by git"),
        ("{ path: folder.py, delete: true }", "folder.py is a folder"),
        ("{ path: b.py, move_to: d/e.py }", "d/e.py exists already"),
        ("{ path: b.py, move_to: untracked.py/b.py }", "untracked.py/b.py cannot be made: untracked.py is no folder"),
        ("{ path: c.py, move_to: e.py }", "c.py does not exist"),
    ] {
        let files =
            [("a.py", OLD), ("b.py", OLD), ("d/e.py", "x = 1\n"), ("folder.py/in.py", "x = 1\n"), (".gitignore", "ignored\n")];
        let repo = repo(&files, &format!("  - id: P0\n    files: [a.py, {entry}]\n"));
        repo.write("untracked.py", "x = 1\n");
        let is_text = said.contains("valid Python");
        if is_text {
            repo.migrate(&["run"]).exits(1).says(said);
            assert!(!exists(&repo, "made.py"));
        } else {
            untouched(&repo, 2, &["run"]).says(said).says("plans/p.yaml:").says("help:");
            untouched(&repo, 2, &["check"]).says(said);
        }
    }
    // What is there already as the plan makes it is made by somebody else.
    let repo =
        repo(&[("a.py", "x = 1\n"), ("b.py", OLD)], "  - id: P0\n    files: [{ path: a.py, create: \"x = 1\\n\" }, b.py]\n");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(changed(&repo, "HEAD"), "M b.py");
}

#[test]
fn what_somebody_does_to_a_moved_file_since_is_theirs() {
    let moved = || {
        let repo = repo(
            &[("app/a.py", "x = 1\n"), ("b.py", OLD)],
            "  - id: P0\n    files: [{ path: app/a.py, move_to: lib/a.py }, b.py]\n",
        );
        repo.migrate(&["run"]).succeeds();
        repo
    };
    // The target is moved on.
    let repo = moved();
    repo.git(&["mv", "lib/a.py", "lib/c.py"]);
    repo.commit_all("another name");
    repo.migrate(&["status", "--fail"]).succeeds();
    untouched(&repo, 0, &["run"]);
    // A new file at the old place.
    let repo = moved();
    repo.write("app/a.py", "another = 1\n");
    repo.commit_all("a new module of that name");
    repo.migrate(&["status", "--fail"]).succeeds();
    untouched(&repo, 0, &["run"]);
    // Neither end goes back without the other.
    let repo = moved();
    repo.migrate(&["rollback", "--only", "lib/a.py"]).succeeds();
    assert_eq!((repo.read("app/a.py"), exists(&repo, "lib"), dirty(&repo)), (b"x = 1\n".to_vec(), false, String::new()));
    repo.migrate(&["run", "--retry", "rolled-back"]).succeeds();
    assert_eq!((repo.read("lib/a.py"), exists(&repo, "app")), (b"x = 1\n".to_vec(), false));
    repo.migrate(&["rollback", "app/a.py"]).succeeds();
    assert_eq!((repo.read("app/a.py"), exists(&repo, "lib")), (b"x = 1\n".to_vec(), false));
    // A commit that says nothing of a plan, as a squash, did the same.
    let squashed = moved();
    squashed.git(&["reset", "-q", "--soft", "HEAD~2"]);
    squashed.git(&["commit", "-q", "-m", "all of it"]);
    squashed.migrate(&["run"]).succeeds().says("done: 0 committed");
    // The plan wants it elsewhere once it is gone: told, and nothing is made of nothing.
    let repo = moved();
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    crate::kit::replan(&repo, &plan.replace("lib/a.py", "lib2/a.py"));
    untouched(&repo, 2, &["run"]).says("app/a.py does not exist");
}

#[test]
fn what_a_plan_makes_is_judged_like_any_result() {
    for (entry, code, said) in [
        (
            "{ path: c.py, create: \"from old import f\\nf(2)\\n\" }",
            1,
            "c.py:1:17: the new file uses old.f, which the rule f replaces",
        ),
        ("{ path: b.py, move_to: d.py }", 1, "d.py:1:17: the new file uses old.f"),
        ("{ path: c.py, create: \"print(nowhere)\\n\" }", 1, "nowhere"),
        ("{ path: c.py, create: \"from new import g\\ng(2)\\n\" }", 0, "committed"),
    ] {
        let repo = repo(&[("a.py", OLD), ("b.py", OLD)], &format!("  - id: P0\n    files: [{entry}, a.py]\n"));
        repo.migrate(&["run"]).exits(code).says(said);
        assert_eq!(dirty(&repo), "");
    }
    let created = repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py, { path: c.py, create: \"x = 1\\n\" }]\n");
    created.migrate(&["run"]).succeeds();
    created.write("c.py", "x = 1\ny = 2\n");
    created.commit_all("theirs");
    created.migrate(&["status", "--fail"]).succeeds();
    created.git(&["revert", "--no-edit", "HEAD"]);
    let plan = String::from_utf8(created.read("plans/p.yaml")).unwrap();
    crate::kit::replan(&created, &plan.replace("x = 1", "x = 2"));
    created.migrate(&["status", "--fail"]).exits(1).prints("outdated").prints("the plan changed since");
    // A file that an earlier plan rewrote and this one deletes is still to be deleted.
    let later = repo(&[("a.py", OLD), ("b.py", OLD)], "  - id: P0\n    files: [a.py, b.py]\n");
    later.migrate(&["run"]).succeeds();
    let plan = String::from_utf8(later.read("plans/p.yaml")).unwrap();
    crate::kit::replan(&later, &plan.replace("b.py]", "{ path: b.py, delete: true }]"));
    later.migrate(&["run"]).succeeds();
    assert_eq!(changed(&later, "HEAD"), "D b.py");
}

#[test]
fn a_member_can_be_asked_for_and_each_part_keeps_its_log() {
    let repo = by_folder(
        "    on_failure: quarantine\n    max_quarantined: 90%\n    validate: ['echo looked at {file}; ! grep -q new a/3.py']\n",
    );
    repo.migrate(&["run", "--file", "a/2.py"]).succeeds().says("done: 1 committed").says("elsewhere: 3 pending");
    repo.migrate(&["run"]).exits(1);
    let logs = std::fs::read_dir(repo.top().join(".git/migrate/logs/test/P2")).unwrap();
    let logs: Vec<String> = logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap()).collect();
    assert!(
        logs.iter().any(|log| log.starts_with("looked at a/3.py\n"))
            && logs.iter().any(|log| log.starts_with("looked at a/1.py\n")),
        "{logs:?}"
    );
}

#[test]
fn all_files_of_a_unit_are_given_to_one_command_and_only_those_that_match() {
    let said = "printf '%s|' {files} >> \"$(git rev-parse --git-dir)/said\"";
    let phases = format!(
        "  - id: P0\n    verify: [{{ run: {said:?}, only: '**/*.py' }}, {{ run: exit 1, only: 'docs/*' }}]\n    files:\n{}{}{}",
        "      - { group: pair, paths: [\"a b.py\", \"sub/it's.py\"] }\n",
        "      - { group: pair, path: gone.py, delete: true }\n",
        "      - { group: pair, path: notes.txt, create: x, verify: { replace: true, run: [[test, -f, '{files}']] } }\n",
    );
    let repo = repo(&[("a b.py", OLD), ("sub/it's.py", OLD), ("gone.py", OLD)], &phases);
    repo.migrate(&["run"]).succeeds().says("committed    [1/1] group:pair");
    assert_eq!(repo.read(".git/said"), b"a b.py|sub/it's.py|a b.py|sub/it's.py|", "before and after");
    assert_eq!((changed(&repo, "HEAD"), dirty(&repo)), ("M a b.py, D gone.py, A notes.txt, M sub/it's.py".into(), String::new()));
}

#[test]
fn an_edit_of_one_file_while_a_codemod_is_at_work_on_another_is_kept_and_told() {
    let rule = "  more: { command: { run: [sh, mod.sh, \"{file}\"] } }\nphases:";
    let make = |script: &str| {
        let repo = Repo::with(&[("a.py", OLD), ("b.py", OLD), ("mod.sh", script)]);
        let phases = "  - id: P0\n    units: { by: all, max_files: 9 }\n    rules: [more]\n    files: [a.py, b.py]\n";
        repo.write("plans/p.yaml", crate::support::plan(phases).replace("phases:", rule));
        repo.commit_all("plan");
        repo
    };
    for (at, edited) in [("a.py", "b.py"), ("b.py", "a.py")] {
        let repo = make(&format!("printf '# more\\n' >> $1; test $1 = {at} && printf '# mine\\n' >> {edited}; true\n"));
        repo.migrate(&["run"]).exits(4).says(&format!("{edited} changed while the unit was judged, and not by migrate"));
        assert!(repo.read(edited).ends_with(b"# mine\n"), "{edited}");
        assert_eq!((repo.read(at), repo.subjects().len()), (OLD.into(), 2), "{at}");
    }
    // Killed while the first codemod is at work: an edit of the second file is nobody's leftover, and a copy of the first is named.
    let repo = make("printf '# more\\n' >> $1; kill -9 $PPID; sleep 1\n");
    assert_eq!(repo.migrate(&["run"]).signal, Some(9));
    repo.write("b.py", format!("{OLD}# mine\n"));
    repo.write("mod.sh", "printf '# more\\n' >> $1\n");
    let ran = repo.migrate(&["run"]).exits(3).says("b.py since, which stays as it is");
    assert_eq!(repo.read("b.py"), format!("{OLD}# mine\n").as_bytes(), "{}", ran.stderr);
    assert_eq!(repo.read("a.py"), OLD.as_bytes(), "{}", ran.stderr);
}
