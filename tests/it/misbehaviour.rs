use std::time::{Duration, Instant};

use crate::copies::bench::running;
use crate::kit::{NEW, OLD, dirty, one, repo, untouched};
use crate::support::Repo;

/// A repository with `a.py` and `b.py` whose plan validates `a.py` with `command`, a text without single quotes.
fn judged(command: &str) -> Repo {
    repo(
        &[("a.py", OLD), ("b.py", "b = 1\n")],
        &format!("  - id: P0\n    files:\n      - path: a.py\n        validate: [{{ run: '{command}', timeout: 1s }}]\n"),
    )
}

#[test]
fn a_command_that_does_not_exist_is_a_mistake_of_the_plan_and_no_failed_file() {
    for command in ["no-such-tool {file}", "sh -c no-such-tool", "./no-such-tool"] {
        untouched(&judged(command), 2, &["run"]).says("no-such-tool").says("help: ");
    }
    let argv = one(", validate: [[no-such-tool, \"{file}\"]]");
    untouched(&argv, 2, &["run"]).says("no-such-tool");
    let quarantined = repo(
        &[("a.py", OLD)],
        "  - id: P0\n    on_failure: quarantine\n    files: [{ path: a.py, validate: [[no-such-tool]] }]\n",
    );
    untouched(&quarantined, 2, &["run"]).says("no-such-tool");
    let verify = one(", verify: [no-such-tool]");
    verify.migrate(&["run"]).exits(2).says("no-such-tool");
    let gate = repo(&[("a.py", OLD)], "  - id: P0\n    files: [a.py]\n    gate: { run: [no-such-tool] }\n");
    gate.migrate(&["run"]).exits(2).says("no-such-tool");
}

/// Three files with work to do, of which `b.py` is the second; `rest` ends the entry of each, and the plan goes on after a failure.
fn three(rest: &str) -> Repo {
    let entries: String = ["a", "b", "c"].map(|name| format!("      - {{ path: {name}.py, {rest} }}\n")).concat();
    repo(
        &[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)],
        &format!("  - id: P0\n    on_failure: quarantine\n    files:\n{entries}"),
    )
}

#[test]
fn a_command_that_ends_with_the_status_of_a_missing_program_fails_its_unit() {
    for status in [126, 127] {
        let repo = three(&format!("validate: ['case {{file}} in *b.py) exit {status};; esac']"));
        let said = format!("failed with status {status}");
        repo.migrate(&["run"]).exits(1).says("quarantined  [2/3] b.py").says(&said);
        assert_eq!((repo.subjects().len(), dirty(&repo)), (4, String::new()));
        assert_eq!(["a.py", "b.py", "c.py"].map(|file| repo.read(file)), [NEW, OLD, NEW].map(|text| text.as_bytes().to_vec()));
        // No other unit is there to show that the command is right, and the shell misses no program.
        repo.migrate(&["run", "--retry", "quarantined"]).exits(1).says("quarantined").says(&said);
        assert_eq!((repo.subjects().len(), dirty(&repo)), (4, String::new()));
    }
}

#[test]
fn a_verification_that_ends_with_the_status_of_a_missing_program_takes_its_commit_back() {
    let repo = three("verify: ['case {file} in *b.py) ! grep -q new {file} || exit 127;; esac']");
    repo.migrate(&["run"]).exits(1).says("reverted     [2/3] b.py").says("failed with status 127");
    assert_eq!((repo.read("b.py"), repo.read("c.py")), (OLD.into(), NEW.into()));
    assert_eq!((repo.subjects().len(), dirty(&repo)), (6, String::new()));
}

#[test]
fn a_program_that_a_command_misses_for_one_unit_only_is_the_failure_of_that_unit() {
    let needs = "case {file} in *b.py) no-such-tool;; esac";
    let repo = three(&format!("validate: ['{needs}']"));
    repo.migrate(&["run"]).exits(1).says("quarantined  [2/3] b.py").says("`no-such-tool` is not there or not executable");
    assert_eq!((repo.subjects().len(), repo.read("b.py"), repo.read("c.py")), (4, OLD.into(), NEW.into()));
    // Alone it cannot be told from a plan that needs what is not there.
    repo.migrate(&["run", "--file", "b.py"]).exits(2).says("no-such-tool: not found, or not executable");
    // Another command proves nothing of this one.
    let two = repo.copy();
    two.write("plans/p.yaml", String::from_utf8(two.read("plans/p.yaml")).unwrap().replace(needs, "true', 'no-such-tool {file}"));
    two.commit_all("two commands");
    two.migrate(&["run", "--plan-changed", "--file", "b.py"]).exits(2).says("no-such-tool: not found");
}

#[test]
fn a_command_that_hangs_is_killed_with_all_its_children() {
    let repo = judged("sleep 61.5 & sleep 61.5 & trap \"\" TERM; echo $$ > $HOME/pid; while :; do sleep 0.1; done");
    let began = Instant::now();
    untouched(&repo, 1, &["run"]).says("timed out after 1s");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let group = std::fs::read_to_string(repo.home().join("pid")).unwrap();
    let left = repo.command("ps").args(["-o", "pid=,args=", "-g", group.trim()]).output();
    let left = left.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    assert!(!left.contains("sleep 61.5"), "{left}");
}

#[test]
fn a_command_that_writes_without_end_fills_neither_log_nor_memory() {
    let repo = judged("yes the same line over and over again");
    untouched(&repo, 1, &["run"]).says("timed out after 1s").says("| the same line over and over again");
    let log = repo.top().join(".git/migrate/logs/test/P0/a.py.validate-1.log");
    assert!(std::fs::metadata(log).unwrap().len() < 6 << 20);
}

#[test]
fn what_a_command_prints_cannot_play_with_the_terminal() {
    let repo = judged(r#"printf "\033]0;title\007\033[2J\r\n"; exit 1"#);
    let ran = untouched(&repo, 1, &["run"]);
    assert!(ran.stderr.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{:?}", ran.stderr);
}

#[test]
fn a_validation_that_changes_other_tracked_files_commits_nothing_and_is_named() {
    for status in ["0", "1"] {
        let repo = judged(&format!("grep -q new a.py || exit 0; echo \"b = 2\" > b.py; exit {status}"));
        repo.migrate(&["run"])
            .exits(4)
            .says("a validate command changed tracked files that are not its unit's: b.py")
            .says("git diff");
        assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.into(), b"b = 2\n".to_vec()));
        assert_eq!((repo.subjects().len(), dirty(&repo).as_str()), (2, " M b.py"));
    }
}

#[test]
fn a_change_to_a_file_that_was_dirty_before_is_noticed_too() {
    let repo = judged("echo \"b = 3\" > b.py");
    repo.write("b.py", "b = 2\n");
    repo.migrate(&["run", "--allow-dirty"]).exits(4).says("b.py");
    assert_eq!(repo.read("a.py"), OLD.as_bytes());
}

#[test]
fn a_validation_that_stages_deletes_or_renames_others_is_noticed() {
    for command in ["rm b.py", "git rm -q --cached b.py", "git mv b.py c.py", "chmod +x b.py"] {
        let repo = judged(command);
        repo.migrate(&["run"]).exits(4).says("b.py");
        assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.into(), 2), "{command}");
    }
}

#[test]
fn a_validation_that_edits_its_own_file_commits_nothing_and_keeps_the_edit() {
    let repo = judged("echo \"# more\" >> {file}");
    repo.migrate(&["run"]).exits(4).says("a.py").says("help: ");
    assert_eq!(repo.subjects().len(), 2);
    assert_eq!(repo.read("a.py"), format!("{NEW}# more\n").as_bytes());
}

#[test]
fn a_validation_that_deletes_its_own_file_commits_nothing() {
    let repo = judged("rm {file}");
    repo.migrate(&["run"]).exits(4).says("a.py");
    assert_eq!((repo.subjects().len(), dirty(&repo).as_str()), (2, " D a.py"));
}

#[test]
fn a_validation_that_makes_its_own_file_executable_commits_nothing() {
    let repo = judged("chmod +x {file}");
    repo.migrate(&["run"]).exits(4).says("a.py");
    assert_eq!(repo.subjects().len(), 2);
}

#[test]
fn a_validation_that_commits_is_noticed_and_its_commit_is_kept() {
    let repo = judged("git commit -q --allow-empty -m sneaked");
    // It may be anybody's commit, so the unit is judged again; but not for ever.
    repo.migrate(&["run"]).exits(4).says("the branch got other commits each of the 3 times that a.py was judged").says("help: ");
    assert_eq!(repo.subjects(), ["sneaked", "sneaked", "sneaked", "plan", "base"]);
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), String::new()));
}

#[test]
fn a_validation_that_commits_the_unit_itself_loses_nothing() {
    let repo = judged("git commit -qam sneaked");
    repo.migrate(&["run"]).succeeds().says("done: 0 committed, 1 unchanged");
    assert_eq!(repo.subjects(), ["sneaked", "plan", "base"]);
    assert_eq!(repo.git(&["show", "HEAD:a.py"]) + "\n", NEW);
}

#[test]
fn a_validation_that_switches_the_branch_is_noticed_and_nothing_lands_there() {
    let repo = judged("git checkout -q -b elsewhere");
    repo.migrate(&["run"]).exits(4).says("HEAD was switched from refs/heads/main to refs/heads/elsewhere").says("help: ");
    assert_eq!((repo.subjects().len(), repo.git(&["rev-list", "--count", "main"])), (2, "2".to_owned()));
    assert_eq!((repo.read("a.py"), dirty(&repo)), (OLD.into(), String::new()));
}

#[test]
fn a_validation_that_resets_the_work_tree_is_noticed() {
    let repo = judged("git reset -q --hard");
    repo.migrate(&["run"]).exits(4);
    assert_eq!((repo.read("a.py"), dirty(&repo), repo.subjects().len()), (OLD.into(), String::new(), 2));
}

#[test]
fn a_validation_that_leaves_a_lock_of_git_stops_the_run_and_the_file_is_as_it_was() {
    let repo = judged("touch .git/index.lock");
    repo.migrate(&["run"]).exits(3).says("index.lock");
    assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.into(), 2));
    std::fs::remove_file(repo.top().join(".git/index.lock")).unwrap();
    assert_eq!(dirty(&repo), "");
}

#[test]
fn processes_left_behind_are_ended_and_reported() {
    let repo = judged("sleep 30 & echo started");
    let began = Instant::now();
    repo.migrate(&["run"]).succeeds().says("left processes running");
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
}

#[test]
fn no_process_outlives_its_command_however_it_hides() {
    let seconds = format!("{}.7", 2_000_000 + std::process::id());
    let judged = |script: &str, keys: &str| {
        let repo = one(&format!(", validate: [{{ run: \"grep -q new {{file}} || exit 0; sh $HOME/script\"{keys} }}]"));
        std::fs::write(repo.home().join("script"), script.replace("SECONDS", &seconds)).unwrap();
        repo.migrate(&["run"])
    };
    for hidden in [
        "setsid -f sleep SECONDS > /dev/null 2>&1",
        "(setsid sleep SECONDS > /dev/null 2>&1 &)",
        "env -i setsid -f /bin/sh -c 'trap \"\" TERM HUP; sleep SECONDS & sleep SECONDS' > /dev/null 2>&1",
        "setsid -f sleep SECONDS",
    ] {
        let ran = judged(&format!("{hidden}\nuntil pgrep -fx 'sleep SECONDS' > /dev/null; do sleep 0.01; done\n"), "").succeeds();
        assert_eq!(ran.stderr.matches("left processes running").count(), 1, "{hidden}: {}", ran.stderr);
        assert_eq!(running(&seconds), [], "{hidden}");
    }
    // What has ended by itself is nothing to tell.
    let ran = judged("for i in 1 2 3; do (setsid true &); done\nsleep 0.5\n", "").succeeds();
    assert!(!ran.stderr.contains("left processes"), "{}", ran.stderr);
    // One that takes too long leaves nothing either.
    judged("setsid sleep SECONDS & sleep 60\n", ", timeout: 300ms").exits(1).says("timed out");
    assert_eq!(running(&seconds), []);
}

#[test]
fn a_verification_that_changes_other_files_is_named_and_the_commit_stays() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", "b = 1\n")],
        "  - id: P0\n    files: [{ path: a.py, verify: [\"grep -q new a.py || exit 0; echo 2 > b.py\"] }]\n",
    );
    repo.migrate(&["run"]).exits(4).says("a verify command changed tracked files").says("b.py");
    assert_eq!(repo.read("a.py"), NEW.as_bytes());
    assert_eq!(repo.read("b.py"), b"2\n");
}

#[test]
fn a_gate_that_changes_tracked_files_is_named() {
    let repo =
        repo(&[("a.py", OLD), ("b.py", "b = 1\n")], "  - id: P0\n    files: [a.py]\n    gate: { run: [\"echo 2 > b.py\"] }\n");
    repo.migrate(&["run"]).exits(4).says("a gate command changed tracked files: b.py");
    repo.git(&["restore", "b.py"]);
    repo.migrate(&["run"]).exits(4).says("a gate command");
}

#[test]
fn a_verification_that_changes_the_file_it_judges_is_named() {
    let repo = one(", verify: [\"! grep -q new {file} || echo >> {file}\"]");
    repo.migrate(&["run"]).exits(4).says("a verify command changed tracked files: a.py");
    assert_eq!(repo.subjects().len(), 3);
}
