//! Numbers decide: metrics at gates, triggers, pauses, and what they take back.

use std::fmt::Write as _;
use std::fs;

use crate::isolated::isolated;
use crate::kit::{NEW, OLD, replan};
use crate::support::{Repo, plan};

/// Files with something to do, two of them in each of two phases, of which more is said by `gate`; and what else the plan has.
fn numbered(numbers: &str, gate: &str) -> Repo {
    let files = [("a.py", OLD), ("b.py", OLD), ("c.py", OLD), ("d.py", OLD), ("value", "100\n")];
    let phases = format!(
        "  - {{ id: P0, files: [a.py, b.py] }}\n  - id: P1\n    gate: {{ metrics: [{gate}] }}\n    files: [c.py, d.py]\n"
    );
    let repo = isolated(&files, &phases);
    let text = plan(&phases).replace("phases:\n", &format!("{numbers}phases:\n"));
    replan(&repo, &text);
    repo
}

/// A metric that is what stands in a file of the home, and counts how often it was asked.
const TOLD: &str = "cat $HOME/value 2>/dev/null || echo 100; echo . >>$HOME/asked";

fn asked(repo: &Repo) -> usize {
    fs::read_to_string(repo.home().join("asked")).map_or(0, |text| text.lines().count())
}

/// How many of the tool's commits are on the branch, and how many of its reverts.
fn commits(repo: &Repo) -> (usize, usize) {
    let subjects = repo.subjects();
    let reverts = subjects.iter().filter(|subject| subject.starts_with("Revert")).count();
    (subjects.iter().filter(|subject| subject.starts_with("fix(")).count(), reverts)
}

fn metric(rest: &str, trigger: &str) -> String {
    let mut text = format!("metrics:\n  m: {{ run: \"{TOLD}\", read: stdout{rest} }}\n");
    if !trigger.is_empty() {
        writeln!(text, "triggers: [{{ when: \"{trigger} }}]").unwrap();
    }
    text
}

#[test]
fn a_metric_is_measured_before_the_first_commit_and_at_its_gate_and_a_value_that_is_fine_lets_pass() {
    let repo = numbered(&metric(", target: 90%", "m < 80%\", do: rollback-phase"), "m");
    repo.migrate(&["status"]).succeeds().prints("  m       -       -    >= 90%  -          not measured");
    repo.migrate(&["run"]).succeeds().says("m is 100%, to be >= 90% (baseline)").says("m is 100%, was 100%, to be >= 90% (met)");
    assert_eq!((commits(&repo), asked(&repo)), ((4, 0), 2));
    repo.migrate(&["run"]).succeeds();
    assert_eq!(asked(&repo), 2, "a gate that passed is not asked again");
    repo.migrate(&["status"]).succeeds().prints("  m       100%    100%  >= 90%  -          met");
    let json: serde_json::Value = serde_json::from_str(&repo.migrate(&["status", "--json"]).succeeds().stdout).unwrap();
    assert_eq!((&json["kpis"][0]["now"], &json["kpis"][0]["verdict"]), (&100.0.into(), &"met".into()));
    repo.migrate(&["report", "--markdown"]).succeeds().prints("| m | 100% | 100% | &#62;= 90% | - | met |");
    repo.commit_all("somebody else's");
    repo.migrate(&["status"]).succeeds().prints("met (at ");
}

#[test]
fn each_trigger_does_what_it_says() {
    // What is done, the exit code, the commits and reverts that follow, what is said.
    for (act, code, left, says) in [
        ("warn", 0, (4, 0), "m is 70%, and was 100% (`m < 80%`: warn)"),
        ("stop", 1, (4, 0), "the gate of phase 2 (P1) did not pass: m is 70%"),
        ("pause", 4, (4, 0), "phase 2 (P1) is paused: m is 70%"),
        ("rollback-phase", 1, (4, 2), "d.py: m is 70%, and was 100% (`m < 80%`: rollback-phase)"),
        ("{ rollback: P0 }", 1, (4, 4), "a.py: m is 70%, and was 100% (`m < 80%`: rollback: P0)"),
    ] {
        let falls = "metrics: { m: { run: \"grep -q new c.py && echo 70 || echo 100\", read: stdout, target: \">= 0%\" } }\n";
        let repo = numbered(&format!("{falls}triggers: [{{ when: \"m < 80%\", do: {act} }}]\n"), "m");
        let ran = repo.migrate(&["run"]).exits(code).says(says);
        let (applied, reverted) = commits(&repo);
        assert_eq!((applied, reverted), left, "{act}: {}", ran.stderr);
        if act == "{ rollback: P0 }" {
            let order: Vec<String> = repo
                .subjects()
                .iter()
                .take(4)
                .map(|subject| subject.split(" in ").nth(1).unwrap_or(subject)[..4].to_owned())
                .collect();
            assert_eq!(order, ["a.py", "b.py", "c.py", "d.py"], "the later phase went back first");
        }
    }
}

#[test]
fn what_holds_only_once_takes_nothing_back() {
    let numbers = metric(", target: \">= 0%\"", "m < 80%\", do: rollback-phase");
    let numbers = numbers.replace(
        "cat $HOME/value 2>/dev/null || echo 100",
        "test $(wc -l <$HOME/asked 2>/dev/null || echo 0) = 1 && echo 70 || echo 100",
    );
    let repo = numbered(&numbers, "m");
    repo.migrate(&["run"])
        .exits(1)
        .says("flaky metric: `m < 80%` held at the gate of phase 2 (P1), and measured again m is 100%");
    assert_eq!(commits(&repo), (4, 0));
}

#[test]
fn a_pause_stays_until_a_person_goes_on() {
    let numbers = "metrics:\n  m: { run: \"grep -q new c.py && echo 70 || echo 100; echo . >>$HOME/asked\", read: stdout, target: \">= 0%\" }\ntriggers: [{ when: \"m < 80%\", do: pause }]\n";
    let repo = numbered(numbers, "m");
    let says = "`migrate run --continue` goes on; `migrate rollback --phase P1` takes the phase back";
    repo.migrate(&["run"]).exits(4).says(says);
    let before = asked(&repo);
    // It is not measured again here; in a clone, which knows nothing of it, it is.
    repo.migrate(&["run"]).exits(4).says("phase 2 (P1) is paused: m is 70%");
    repo.migrate(&["status"]).succeeds().prints("phase 2 (P1) is paused: m is 70%").prints("with problems");
    repo.migrate(&["status", "--fail"]).exits(1);
    assert_eq!(asked(&repo), before);
    let clone = repo.copy();
    fs::remove_dir_all(clone.top().join(".git/migrate")).unwrap();
    clone.migrate(&["run"]).exits(4).says("is paused: m is 70%");
    assert!(asked(&clone) > before);
    repo.migrate(&["run", "--continue"]).succeeds().says("phase 2 (P1) was paused and goes on: m is 70%");
    repo.migrate(&["run"]).succeeds();
    assert_eq!((commits(&repo), asked(&repo)), ((4, 0), before));
    clone.migrate(&["rollback", "--phase", "P1", "--yes"]).succeeds();
    assert_eq!(commits(&clone), (4, 2));
}

#[test]
fn a_gate_that_fails_or_misses_a_target_may_pause() {
    for (gate, why) in [
        ("{ run: [\"! grep -q new c.py\"], on_failure: pause }", "gate `! grep -q new c.py` failed"),
        ("{ metrics: [m], on_failure: pause }", "m is 7, and was 5; it is to be <= 6"),
    ] {
        let metrics = "metrics: { m: { run: \"grep -q new c.py && echo 7 || echo 5\", read: stdout, target: 6 } }\n";
        let repo = numbered(metrics, "m");
        let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap().replace("{ metrics: [m] }", gate);
        replan(&repo, &if gate.contains("[m]") { text } else { text.replace(metrics, "") });
        repo.migrate(&["run"]).exits(4).says("phase 2 (P1) is paused").says(why);
        repo.migrate(&["run", "--continue"]).succeeds();
    }
}

#[test]
fn what_gives_no_number_stops_before_anything_is_changed() {
    for (definition, says) in [
        ("run: \"echo fast\", read: stdout", "the metric m gave no number: its command printed `fast`"),
        ("run: \"echo NaN\", read: stdout", "printed `NaN`"),
        ("run: \"echo 101\", read: stdout, target: 100%", "gave 101, which is no percentage"),
        ("run: \"exit 3\", read: stdout", "its command failed with status 3"),
        ("run: \"echo '{}'\", read: { json: /p95 }", "`/p95` points to nothing"),
        ("run: \"true\", read: { json: /p95 }, file: out.json", "wrote no file"),
        ("run: \"true\", read: { json: /p95 }, file: old.json", "is stale: it was there before"),
        ("run: \"no-such-program\", read: stdout", "metric command cannot be run: no-such-program"),
        ("run: \"echo x >a.py; echo 1\", read: stdout", "its command changed tracked files: a.py"),
        ("run: \"true {report}\", report: junit, read: pass_rate", "wrote no report"),
        ("run: \"echo 0\", read: stdout, tolerance: 10%", "the baseline of m is 0"),
        ("run: \"sleep 9\", timeout: 200ms, read: passes", "timed out"),
    ] {
        let repo = numbered(&format!("metrics: {{ m: {{ {definition} }} }}\n"), "m");
        repo.write("old.json", "{\"p95\": 1}");
        repo.write(".gitignore", "old.json\n");
        repo.commit_all("ignored");
        let ran = repo.migrate(&["run"]).says(says);
        assert!(matches!(ran.code, Some(1 | 2)), "{definition}: {}", ran.stderr);
        assert_eq!(repo.subjects()[0], "ignored", "{definition}: nothing was committed");
    }
}

#[test]
fn what_fails_before_the_plan_is_no_reason_to_take_anything_back() {
    let numbers = "metrics: { chat: { run: \"exit 1\", read: passes } }\ntriggers: [{ when: not chat, do: { rollback: P0 } }]\n";
    let repo = numbered(numbers, "chat");
    repo.migrate(&["run"]).exits(1).says("`not chat` holds before the plan's first commit: chat fails");
    assert_eq!(commits(&repo), (0, 0));
}

#[test]
fn reports_files_time_memory_and_what_is_known_are_read() {
    let numbers = "metrics:\n  tests: { run: \"python3 -m unittest t 2>&1\", read: pass_rate, target: 100% }\n  p95: { run: \"echo '{\\\"stats\\\": [{\\\"p95\\\": 5}]}' >out.json\", file: out.json, read: { json: /stats/0/p95 } }\n  said: { run: \"echo took 7 ms\", read: { regex: 'took ([0-9]+)' } }\n  by-report: { run: \"cp two.xml {report}; exit 1\", report: junit, read: pass_rate }\n  works: { run: \"true\", read: passes }\n  took: { run: \"sleep 0.01\", read: duration }\n  memory: { run: [python3, -c, pass], read: peak_memory }\n  compliance: { builtin: compliance, target: 100% }\n  violations: { builtin: violations, target: 0 }\n  units-failed: { builtin: units_failed, target: 0 }\n  reverts: { builtin: reverts, target: 0 }\n";
    let repo =
        numbered(numbers, "tests, p95, said, by-report, works, took, memory, compliance, violations, units-failed, reverts");
    let case = |name: &str, inner: &str| format!("<testcase classname=\"t\" name=\"{name}\" time=\"0\">{inner}</testcase>");
    let cases = case("a", "") + &case("b", "<failure message=\"m\">x</failure>");
    let suite = "<testsuite name=\"pytest\" errors=\"0\" failures=\"1\" skipped=\"0\" tests=\"2\" time=\"0\">";
    repo.write("two.xml", format!("<testsuites>{suite}{cases}</testsuite></testsuites>"));
    repo.write("t.py", "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n");
    repo.commit_all("test");
    let ran = repo.migrate(&["run"]).succeeds();
    for says in [
        "tests is 100%, was 100%, to be >= 100% (met)",
        "p95 is 5, was 5",
        "said is 7, was 7",
        "works passes",
        "by-report is 50%, was 50%",
        "took is 0.0",
        "compliance is 20%, to be >= 100% (baseline)",
        "compliance is 100%, was 20%, to be >= 100% (met)",
        "violations is 0, was 8, to be <= 0 (met)",
        "units-failed is 0",
        "reverts is 0",
    ] {
        assert!(ran.stderr.contains(says), "{says:?} is not in {}", ran.stderr);
    }
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "what a metric writes stays in its copy");
}

#[test]
fn a_real_loss_of_speed_takes_back_and_noise_does_not() {
    let sleep = |slow: &str| {
        format!(
            "metrics:\n  took: {{ run: \"grep -q new c.py && sleep {slow} || sleep 0.02\", read: duration }}\ntriggers: [{{ when: \"took > baseline + 10%\", do: pause }}]\n"
        )
    };
    let slow = numbered(&sleep("0.1"), "took");
    slow.migrate(&["run"]).exits(4).says("`took > baseline + 10%`: pause");
    let same = numbered(&sleep("0.02"), "took");
    same.migrate(&["run"]).succeeds();
    // Without copies it is told, and decides nothing.
    let in_place = numbered(&sleep("0.1"), "took").env("MIGRATE_IN_PLACE", "1");
    in_place.migrate(&["run"]).succeeds().says("decides nothing here");
}

#[test]
fn a_time_that_is_never_within_its_target_misses_it_with_and_without_copies() {
    for in_place in ["0", "1"] {
        let took =
            |target: &str| format!("metrics: {{ took: {{ run: \"sleep 0.02\", read: duration, target: \"{target}\" }} }}\n");
        let missed = numbered(&took("< 0.01"), "took").env("MIGRATE_IN_PLACE", in_place);
        missed.migrate(&["run"]).exits(1).says("it is to be < 0.01");
        let met = numbered(&took("< 9"), "took").env("MIGRATE_IN_PLACE", in_place);
        met.migrate(&["run"]).succeeds();
    }
}

#[test]
fn a_clone_measures_the_tree_before_the_plan_in_a_copy() {
    let numbers = "metrics: { m: { run: \"grep -c old *.py | grep -c :1 | head -1\", read: stdout, target: \"<= baseline\" } }\n";
    let repo = numbered(numbers, "m");
    let gateless = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &gateless.replace("[m] }", "[m] }  # once"));
    repo.migrate(&["run", "--phase", "P0"]).succeeds();
    fs::remove_dir_all(repo.top().join(".git/migrate")).unwrap();
    repo.migrate(&["run"]).succeeds().says("m is 0, was 4, to be <= baseline (met)");
    assert_eq!(String::from_utf8(repo.read("d.py")).unwrap(), NEW);
}

/// A plan whose only phase is taken back by its gate, with what comes after.
fn taken_back(after: &str, more: &str) -> Repo {
    let numbers = format!(
        "{more}metrics:\n  m: {{ run: \"grep -q new c.py && echo 70 || echo 100\", read: stdout, target: \">= 90%\" }}\n  works: {{ run: \"test ! -e broken\", read: passes }}\n"
    );
    let repo = numbered(&numbers, "m, works");
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &text.replace("[m, works] }", &format!("[m, works], on_failure: rollback-phase }}\n    {after}")));
    repo
}

#[test]
fn after_a_rollback_its_checks_run_in_the_tree_itself_against_the_time_that_the_plan_gives() {
    let after = "after_rollback: { run: [\"grep -q old c.py && pwd >$HOME/pwd\", { run: \"touch $HOME/deployed\", confirm: true }], metrics: [works, m], within: 5m }";
    let repo = taken_back(after, "");
    repo.migrate(&["run"])
        .exits(1)
        .says("m is 70%, and was 100%; it is to be >= 90%")
        .says("phase 2 (P1) taken back and checked in")
        .says("it was to take at most 5 min")
        .says("not run, since it asks first: `touch $HOME/deployed`");
    assert!(repo.home().join("pwd").exists() && !repo.home().join("deployed").exists());
    assert_eq!(commits(&repo), (4, 2));
    let yes = taken_back(after, "");
    yes.migrate(&["run", "--yes"]).exits(1).says("phase 2 (P1) taken back and checked in");
    assert!(yes.home().join("deployed").exists());
    let late = taken_back("after_rollback: { run: [\"sleep 0.1\"], within: 50ms }", "");
    late.migrate(&["run"]).exits(1).says("and took longer");
}

#[test]
fn a_recovery_that_fails_needs_a_person() {
    for (after, says) in [
        ("after_rollback: { run: [\"exit 3\"] }", "a check of the recovery failed: recovery `exit 3` failed with status 3"),
        ("after_rollback: { run: [\"touch broken\"], metrics: [works] }", "a check of the recovery failed: works fails"),
    ] {
        let repo = taken_back(after, "");
        repo.migrate(&["run"]).exits(4).says("phase 2 (P1) is taken back, and a check").says(says);
        assert_eq!(commits(&repo), (4, 2));
    }
    // A rollback that a person asks for is checked too.
    let repo = taken_back("after_rollback: { run: [\"echo x >>$HOME/checked\"], within: 1h }", "");
    repo.migrate(&["run", "--phase", "P0"]).succeeds();
    repo.migrate(&["rollback", "--phase", "P0", "--yes"]).succeeds();
    assert!(!repo.home().join("checked").exists(), "only P1 has such checks");
}

#[test]
fn a_phase_is_told_against_its_budget() {
    let repo = numbered(&metric("", ""), "m");
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(
        &repo,
        &text.replace("id: P0, files", "id: P0, budget: 1ms, files").replace("  - id: P1\n", "  - id: P1\n    budget: 2h30m\n"),
    );
    repo.migrate(&["check"]).says("phase 2 (P1): its budget is 2 h 30 min");
    repo.migrate(&["run"]).succeeds().says("more than its budget of 1 ms").says(" of 2 h 30 min");
}

/// A repository beside which a bare one stands as its remote.
fn pushing(confirm: bool) -> (Repo, std::path::PathBuf) {
    let repo = taken_back("budget: 1h", &format!("push: {{ remote: origin, branch: develop, confirm: {confirm} }}\n"));
    let remote = repo.home().join("remote.git");
    repo.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    (repo, remote)
}

fn develop(repo: &Repo, remote: &std::path::Path) -> String {
    repo.git(&["--git-dir", remote.to_str().unwrap(), "rev-parse", "develop"])
}

#[test]
fn commits_are_pushed_after_a_rollback_and_never_by_force() {
    let (repo, remote) = pushing(false);
    repo.migrate(&["run"]).exits(1).says("to origin/develop");
    assert_eq!(develop(&repo, &remote), repo.git(&["rev-parse", "main"]), "the reverts are there");
    // Somebody else pushed meanwhile.
    let theirs = repo.git(&["commit-tree", "-p", "HEAD", "-m", "theirs", "HEAD^{tree}"]);
    repo.git(&["push", "-q", "origin", &format!("{theirs}:refs/heads/develop")]);
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &text.replace(">= 90%", ">= 60%"));
    let said = repo.migrate(&["run"]).exits(4).says("origin/develop did not take what was committed");
    assert!(said.stderr.contains("nothing is forced"), "{}", said.stderr);
    assert_eq!(develop(&repo, &remote), theirs);
    // Brought together, the next run pushes what is owed.
    repo.git(&["merge", "-q", "-m", "together", &theirs]);
    repo.migrate(&["run"]).succeeds().says("to origin/develop");
    assert_eq!(develop(&repo, &remote), repo.git(&["rev-parse", "main"]));
}

#[test]
fn a_push_that_asks_first_is_not_made_where_nobody_can_be_asked_and_an_unknown_remote_is_refused() {
    let (repo, remote) = pushing(true);
    repo.migrate(&["run"]).exits(1).says("not pushed to origin/develop, since the plan asks first");
    assert!(!remote.join("refs/heads/develop").exists());
    repo.migrate(&["run", "--yes"]).exits(1).says("to origin/develop");
    let (repo, _) = pushing(false);
    repo.git(&["remote", "remove", "origin"]);
    repo.migrate(&["run"]).exits(3).says("the plan pushes to origin, and there is no remote of that name");
    assert_eq!(commits(&repo).0, 0, "nothing was committed");
}

/// Three files in a phase whose level measures after each of them; what is measured falls with the second.
fn by_unit(act: &str, policy: &str) -> Repo {
    let phases = format!("  - id: P0\n    level: each\n{policy}    files: [a.py, b.py, c.py]\n");
    let repo = isolated(&[("a.py", OLD), ("b.py", OLD), ("c.py", OLD)], &phases);
    let numbers = "levels: { each: { metrics: [m] } }\nmetrics: { m: { run: \"grep -q new b.py && echo 70 || echo 100; echo . >>$HOME/asked\", read: stdout } }\n";
    let trigger = format!("triggers: [{{ when: \"m < 80\", do: {act} }}]\n");
    replan(&repo, &plan(&phases).replace("phases:\n", &format!("{numbers}{trigger}phases:\n")));
    repo
}

#[test]
fn a_level_measures_after_each_unit_and_takes_back_the_one_that_did_it() {
    let repo = by_unit("rollback-unit", "    on_failure: quarantine\n");
    repo.migrate(&["run"]).exits(1).says("b.py: m is 70, and was 100 (`m < 80`: rollback-unit)");
    assert_eq!((commits(&repo), asked(&repo)), ((3, 1), 5), "before, after each of three, and once more");
    assert_eq!((repo.read("a.py"), repo.read("b.py"), repo.read("c.py")), (NEW.into(), OLD.into(), NEW.into()));
    let stops = by_unit("rollback-unit", "");
    stops.migrate(&["run"]).exits(1).says("m is 70, and was 100");
    assert_eq!(commits(&stops), (2, 1));
    let phase = by_unit("rollback-phase", "");
    phase.migrate(&["run"]).exits(1).says("after b.py: m is 70");
    assert_eq!(commits(&phase), (2, 2));
}

#[test]
fn a_pause_after_a_unit_goes_on_with_the_next_when_a_person_says_so() {
    let repo = by_unit("pause", "");
    repo.migrate(&["run"]).exits(4).says("phase 1 (P0) is paused: after b.py: m is 70");
    repo.migrate(&["run"]).exits(4).says("phase 1 (P0) is paused: after b.py: m is 70");
    repo.migrate(&["status"]).succeeds().prints("phase 1 (P0) is paused");
    assert_eq!(commits(&repo), (2, 0));
    // The next unit is measured too, and says the same.
    repo.migrate(&["run", "--continue"]).exits(4).says("was paused and goes on").says("after c.py: m is 70");
    repo.migrate(&["run", "--continue"]).succeeds();
    assert_eq!(commits(&repo), (3, 0));
    repo.migrate(&["status", "--fail"]).succeeds();
}

#[test]
fn a_baseline_that_can_be_measured_no_more_is_asked_for_before_anything_is_changed() {
    let repo = numbered("metrics: { m: { run: \"echo 5\", read: stdout, tolerance: 10% } }\n", "m").env("MIGRATE_IN_PLACE", "1");
    repo.migrate(&["run", "--phase", "P0"]).succeeds();
    fs::remove_dir_all(repo.top().join(".git/migrate")).unwrap();
    repo.migrate(&["run"]).exits(1).says("the baseline of m is not known").says("give `baseline: NUMBER` to the metric m");
    assert_eq!(commits(&repo), (2, 0));
    let text = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &text.replace("tolerance: 10%", "tolerance: 10%, baseline: 5"));
    repo.migrate(&["run"]).succeeds().says("m is 5, was 5");
}
