//! Kills during a metric, a rollback of phases, a pause and a push: whatever the moment, the next run ends like an unbroken one.

use std::collections::BTreeMap;

use crate::crash::{Scenario, full, side_by_side};
use crate::isolated::isolated;
use crate::kit::{NEW, OLD, replan};
use crate::support::{Repo, plan};

/// Two phases of a file each, whose second gate measures what falls by the migration; `numbers` stands in the plan, `more` in that phase.
fn falling(numbers: &str, more: &str) -> Repo {
    let phases = format!("  - {{ id: P0, files: [a.py] }}\n  - id: P1\n    gate: {{ metrics: [m] }}\n{more}    files: [b.py]\n");
    let repo = isolated(&[("a.py", OLD), ("b.py", OLD)], &phases);
    let metric = "metrics: { m: { run: \"grep -q new b.py && echo 70 || echo 100\", read: stdout } }\n";
    replan(&repo, &plan(&phases).replace("phases:\n", &format!("{metric}{numbers}phases:\n")));
    repo
}

/// Kills a run at a spread of its points; each time the next run ends as it must, and then `holds`.
fn survives(repo: Repo, exit: i32, holds: impl Fn(&Repo) + Sync) {
    let legal: BTreeMap<&str, Vec<Vec<u8>>> = ["a.py", "b.py"].map(|name| (name, vec![OLD.into(), NEW.into()])).into();
    let scenario = Scenario::new(repo, &["run", "--jobs", "1"], legal);
    assert_eq!(scenario.exit, exit);
    // What is not about numbers is tried by the loops over runs.
    let is_ours = |name: &str| ["metric", "push"].iter().any(|word| name.contains(word));
    let numbers: Vec<usize> = scenario
        .spread(97)
        .into_iter()
        .enumerate()
        .filter(|(at, nth)| full() || at % 5 == 0 || is_ours(&scenario.name(*nth)))
        .map(|(_, nth)| nth)
        .collect();
    side_by_side(&numbers, |nth| {
        let repo = scenario.template.copy();
        assert!(scenario.killed(&repo, nth));
        scenario.is_legal(&repo, &scenario.name(nth));
        scenario.ends_as_whole(&repo, &scenario.name(nth));
        holds(&repo);
    });
}

#[test]
fn a_rollback_of_phases_that_is_killed_is_finished_and_checked_by_the_next_run() {
    let trigger = "triggers: [{ when: \"m < 80\", do: { rollback: P0 } }]\n";
    let after = "    after_rollback: { run: [\"grep -q old a.py && echo x >>$HOME/checked\"] }\n";
    survives(falling(trigger, after), 1, |repo| {
        assert!(repo.home().join("checked").exists(), "the recovery was checked");
        assert_eq!((repo.read("a.py"), repo.read("b.py")), (OLD.into(), OLD.into()));
    });
}

#[test]
fn what_a_level_measures_after_a_unit_is_measured_after_a_kill_too() {
    let phases = "  - { id: P0, level: each, on_failure: quarantine, files: [a.py, b.py] }\n";
    let repo = isolated(&[("a.py", OLD), ("b.py", OLD)], phases);
    let numbers = "levels: { each: { metrics: [m] } }\nmetrics: { m: { run: \"grep -q new b.py && echo 70 || echo 100\", read: stdout } }\ntriggers: [{ when: \"m < 80\", do: rollback-unit }]\n";
    replan(&repo, &plan(phases).replace("phases:\n", &format!("{numbers}phases:\n")));
    survives(repo, 1, |repo| assert_eq!((repo.read("a.py"), repo.read("b.py")), (NEW.into(), OLD.into())));
}

#[test]
fn a_pause_survives_a_kill() {
    survives(falling("triggers: [{ when: \"m < 80\", do: pause }]\n", ""), 4, |repo| {
        repo.migrate(&["run"]).exits(4).says("is paused: m is 70");
        repo.migrate(&["run", "--continue"]).succeeds();
    });
}

#[test]
fn a_push_that_is_killed_is_made_by_the_next_run() {
    let repo = falling("push: { remote: origin, branch: develop }\n", "");
    repo.git(&["init", "-q", "--bare", repo.home().join("remote.git").to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", "../home/remote.git"]);
    survives(repo, 0, |repo| {
        let remote = repo.home().join("remote.git");
        assert_eq!(repo.git(&["--git-dir", remote.to_str().unwrap(), "rev-parse", "develop"]), repo.git(&["rev-parse", "main"]));
    });
}
