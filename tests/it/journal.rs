//! The journal lost, torn, damaged or not ours: it loses time at most, and never leads to a wrong act.

use std::path::PathBuf;

use migrate::journal::{Journal, Record};

use crate::crash::{Scenario, short_run};
use crate::support::Repo;

fn state_folder(repo: &Repo) -> PathBuf {
    repo.top().join(".git/migrate")
}

fn journal(repo: &Repo) -> PathBuf {
    state_folder(repo).join("journal")
}

/// Asserts that nothing is done for the reason `says`.
#[track_caller]
fn is_refused(repo: &Repo, code: i32, says: &str) {
    let before = repo.state();
    for args in [&["run"][..], &["rollback", "--all"]] {
        repo.migrate(args).exits(code).says(says);
    }
    assert_eq!(repo.state(), before);
}

#[test]
fn without_its_journal_a_half_done_unit_is_refused_and_a_landed_one_is_done() {
    let scenario = short_run();
    for point in ["place: one file placed", "land: index done"] {
        let repo = scenario.killed_where(point, 1);
        std::fs::remove_file(journal(&repo)).unwrap();
        // What was held for the unit is of no more use.
        let state = || {
            let mut state = repo.state();
            state.insert("git for-each-ref".to_owned(), repo.git(&["for-each-ref", "refs/heads"]).into_bytes());
            state
        };
        let before = state();
        repo.migrate(&["run"]).exits(3).says("a.py");
        assert_eq!(state(), before, "{point}");
        repo.git(&["restore", "--staged", "--worktree", "a.py"]);
        scenario.ends_as_whole(&repo, point);
    }
    for point in ["land: branch moved", "index: locked"] {
        let repo = scenario.killed_where(point, 1);
        let left = point == "index: locked";
        std::fs::remove_file(journal(&repo)).unwrap();
        if left {
            repo.migrate(&["run"]).exits(3);
            repo.git(&["restore", "a.py"]);
        }
        scenario.ends_as_whole(&repo, point);
    }
}

#[test]
fn a_journal_whose_end_is_torn_or_damaged_still_leads_to_the_same_end() {
    let scenario = short_run();
    for (point, nth) in [("journal: synced", 3), ("journal: synced", 4), ("land: index done", 1), ("land: branch moved", 1)] {
        let killed = scenario.killed_where(point, nth);
        let whole = std::fs::read(journal(&killed)).unwrap();
        let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        let flipped = |at: usize| {
            let mut text = whole.clone();
            text[at] ^= 4;
            text
        };
        for text in [whole[..last].to_vec(), whole[..last + 5].to_vec(), whole[..whole.len() - 1].to_vec(), flipped(last + 20)] {
            let (repo, at) = (killed.copy(), format!("{point} {nth}, {} of {} bytes", text.len(), whole.len()));
            std::fs::write(journal(&repo), text).unwrap();
            if lost_the_announcement(&scenario, &repo) {
                repo.git(&["restore", "--staged", "--worktree", "a.py"]);
            }
            scenario.ends_as_whole(&repo, &at);
        }
    }
}

/// True when the record that announced the change is gone and the file has changed: it is then refused.
fn lost_the_announcement(_: &Scenario, repo: &Repo) -> bool {
    let records = Journal::read(&state_folder(repo)).unwrap();
    let announced = records.iter().any(|record| matches!(record, Record::Begun(_)));
    let dirty = !repo.git(&["status", "--porcelain"]).is_empty();
    if !announced && dirty {
        is_refused(repo, 3, "a.py");
    }
    !announced && dirty
}

#[test]
fn a_journal_damaged_before_its_end_or_of_a_newer_format_is_refused() {
    let scenario = short_run();
    let damaged = scenario.killed_where("land: index done", 1);
    let mut text = std::fs::read(journal(&damaged)).unwrap();
    text[12] ^= 1;
    std::fs::write(journal(&damaged), text).unwrap();
    is_refused(&damaged, 3, "line 1 of the journal");

    let newer = scenario.killed_where("land: index done", 1);
    Journal::open(&state_folder(&newer)).unwrap().append(Record::Opened { format: 9 }).unwrap();
    is_refused(&newer, 3, "format 9");
}

#[test]
fn a_journal_of_another_repository_leads_to_no_act() {
    let scenario = short_run();
    let other = scenario.killed_where("land: index done", 1);
    let repo = Repo::with(&[("a.py", "a = 1\n"), ("deep/b.py", "b = 1\n")]);
    repo.write("plans/p.yaml", scenario.template.read("plans/p.yaml"));
    repo.commit_all("plan");
    std::fs::create_dir_all(state_folder(&repo)).unwrap();
    std::fs::copy(journal(&other), journal(&repo)).unwrap();
    let before = repo.state();
    let ran = repo.migrate(&["run"]);
    assert!(matches!(ran.code, Some(0 | 3 | 4)), "{ran:?}");
    assert_eq!(repo.state(), before, "{ran:?}");
}
