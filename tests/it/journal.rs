//! The journal lost, torn, damaged or not ours: it loses time at most, and never leads to a wrong act.

use std::path::PathBuf;

use migrate::journal::{Journal, Record};

use crate::crash::{Scenario, short_run};
use crate::kit::{NEW, OLD};
use crate::support::{Repo, plan};

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
    for point in ["land: branch moved", "index: locked", "land: branch locked"] {
        let repo = scenario.killed_where(point, 1);
        let left = point != "land: branch moved";
        std::fs::remove_file(journal(&repo)).unwrap();
        if left {
            repo.migrate(&["run"]).exits(3);
            repo.git(&["restore", "--staged", "--worktree", "a.py"]);
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
    assert!(matches!(ran.code, Some(0 | 1 | 3 | 4)), "{ran:?}");
    assert_eq!(repo.state(), before, "{ran:?}");
}

/// A repository as the release 0.1.0 found it, with the journal that it left when it was killed, checked in as it wrote it: begun,
/// transformed by a codemod, prepared, and landed but not verified.
fn left_by_the_last_release(how: &str) -> Repo {
    let data = |name: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/release-0.1.0").join(name);
    let repo = Repo::with(&[("a.py", OLD), ("b.py", OLD)]);
    repo.write(
        "plans/p.yaml",
        plan(concat!(
            "  - id: P0\n    files:\n",
            "      - { path: a.py, rules: [f], validate: [[test, -f, '{file}']], verify: ['true'] }\n",
            "      - { path: b.py, rules: [f, more], verify: [['true']] }\n",
        ))
        .replace("phases:", "  more: { command: { run: \"printf '# more\\n' >> {file}\" } }\nphases:"),
    );
    repo.commit_all("plan");
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), "7fb4de5b5874ca344864441788a1b048838ec9fa", "the journals name this commit");
    repo.write("a.py", NEW);
    if how != "begun" {
        // What it had written of git: the commit of the first file, and where index and branch were.
        repo.git(&["add", "a.py"]);
        repo.git(&["write-tree"]);
        let commit = data("a.commit");
        let commit = repo.git(&["hash-object", "-t", "commit", "-w", commit.to_str().unwrap()]);
        assert_eq!(commit, "874eda017c0b79e42cc5a257c9c91a941ba7c56e");
        if how != "prepared" {
            repo.git(&["update-ref", "refs/heads/main", &commit]);
        }
    } else {
        repo.git(&["hash-object", "-w", "a.py"]);
    }
    if how == "transformed" {
        repo.write("b.py", format!("{NEW}# more\n"));
        repo.git(&["hash-object", "-w", "b.py"]);
    }
    std::fs::create_dir_all(state_folder(&repo)).unwrap();
    std::fs::copy(data(&format!("{how}.journal")), journal(&repo)).unwrap();
    repo
}

#[test]
fn the_journal_of_the_last_release_is_read_and_its_killed_run_goes_on() {
    for (how, says) in [
        ("begun", "a.py: its file is as it was"),
        ("transformed", "b.py: its file is as it was"),
        ("prepared", "a.py: its judged result was committed"),
        ("unverified", "verify"),
    ] {
        let repo = left_by_the_last_release(how);
        let before = Journal::read(&state_folder(&repo)).unwrap().len();
        repo.migrate(&["run", "--verbose"]).succeeds().says(says);
        assert_eq!(repo.read("a.py"), NEW.as_bytes(), "{how}");
        assert_eq!(repo.read("b.py"), format!("{NEW}# more\n").as_bytes(), "{how}");
        assert_eq!((repo.subjects().len(), repo.git(&["status", "--porcelain"])), (4, String::new()), "{how}");
        if how != "begun" {
            assert_eq!(repo.git(&["rev-parse", "HEAD^"]), "874eda017c0b79e42cc5a257c9c91a941ba7c56e", "{how}");
        }
        assert!(Journal::read(&state_folder(&repo)).unwrap().len() > before, "{how}: it goes on in the same journal");
        let verified = |record: &Record| matches!(record, Record::Verified { .. });
        let verified = Journal::read(&state_folder(&repo)).unwrap().iter().filter(|record| verified(record)).count();
        assert_eq!(verified, 2, "{how}: both commits were verified once");
    }
}
