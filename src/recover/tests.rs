use proptest::prelude::*;

use super::*;
use crate::journal::Also;
use crate::path::RepoPath;
use crate::unit_id::UnitId;

#[test]
fn every_row_of_the_recovery_table_has_its_action() {
    use {Action as A, Branch as B, Disk as D};
    let mut rows = 0;
    for (prepared, branch, actions) in [
        //                          Before,     After,      Part,       Committed, HalfTransformed, Other
        (false, B::AtBase, [A::PutBack, A::PutBack, A::PutBack, A::Forget, A::PutBack, A::PutBack]),
        (false, B::Elsewhere, [A::PutBack, A::PutBack, A::PutBack, A::Forget, A::PutBack, A::PutBack]),
        (true, B::AtBase, [A::PutBack, A::Finish, A::PutBack, A::Forget, A::PutBack, A::PutBack]),
        (true, B::Elsewhere, [A::PutBack, A::PutBack, A::PutBack, A::Forget, A::PutBack, A::PutBack]),
        // Landed, whatever is missing of it now, and wherever its files were taken since.
        (true, B::HoldsCommit, [A::Note; 6]),
        (false, B::HoldsCommit, [A::Note; 6]),
    ] {
        let disks = [D::Before, D::After, D::Part, D::Committed, D::HalfTransformed, D::Other];
        for (disk, action) in disks.into_iter().zip(actions) {
            assert_eq!(decide(prepared, disk, branch), action, "{prepared} {disk:?} {branch:?}");
            rows += 1;
        }
    }
    assert_eq!(rows, 2 * 3 * 6);
}

fn begun(verify: bool, reverts: Option<&str>) -> Record {
    Record::Begun(Announcement {
        plan: "p".to_owned(),
        phase: "P0".to_owned(),
        unit: UnitId::of_file(&RepoPath::new("a.py").unwrap()),
        members: Vec::new(),
        branch: "refs/heads/main".to_owned(),
        base: "0".repeat(40),
        files: Vec::new(),
        reverts: reverts.map(str::to_owned),
        also: Vec::new(),
        verify,
    })
}

fn committed(commit: &str) -> Record {
    Record::Committed { commit: commit.to_owned() }
}

#[test]
fn a_commit_stays_unverified_until_it_is_verified_or_taken_back() {
    let landed = vec![begun(true, None), Record::Prepared { commit: "c".to_owned() }, committed("c")];
    assert_eq!(open(&landed).unverified[0].1, "c");
    let verified = [landed.clone(), vec![Record::Verified { commit: "c".to_owned() }]].concat();
    assert_eq!(open(&verified), Open::default());
    let half_reverted = [landed.clone(), vec![begun(false, Some("c"))]].concat();
    assert!(!open(&half_reverted).unverified.is_empty() && open(&half_reverted).change.is_some());
    let reverted = [half_reverted, vec![committed("r")]].concat();
    assert_eq!(open(&reverted), Open::default());
}

#[test]
fn commits_that_one_step_takes_back_are_owed_nothing_once_it_is_committed() {
    let landed = ["c", "d", "e"].map(|commit| vec![begun(true, None), committed(commit)]).concat();
    let Record::Begun(both) = begun(false, Some("d")) else { unreachable!("it is one") };
    let (unit, commit) = (both.unit.clone(), "q".to_owned());
    let also = Also { unit, members: Vec::new(), commit, reverts: Some("c".to_owned()) };
    let together = Record::Begun(Announcement { also: vec![also], ..both });
    assert_eq!(open(&[landed.clone(), vec![together.clone()]].concat()).unverified.len(), 3);
    let back = open(&[landed, vec![together, committed("r")]].concat());
    assert_eq!((back.unverified.len(), back.unverified[0].1.as_str(), back.change), (1, "e", None));
}

#[test]
fn commits_that_landed_in_one_step_are_each_owed_their_verification() {
    let Record::Begun(last) = begun(true, None) else { unreachable!("it is one") };
    let of = |name: &str| UnitId::of_file(&RepoPath::new(name).unwrap());
    let also = |unit, commit: &str| Also { unit, members: Vec::new(), commit: commit.to_owned(), reverts: None };
    let also = vec![also(of("x.py"), "c"), also(of("y.py"), "d")];
    let begun = Record::Begun(Announcement { also, ..last });
    assert!(open(std::slice::from_ref(&begun)).unverified.is_empty());
    let mut records = vec![begun, committed("e")];
    let owed = open(&records).unverified;
    let owed: Vec<_> = owed.iter().map(|(begun, commit)| (begun.unit.to_string(), commit.as_str())).collect();
    assert_eq!(owed, [("x.py".to_owned(), "c"), ("y.py".to_owned(), "d"), ("a.py".to_owned(), "e")]);
    assert_eq!(judged(&records, "d"), Verification::Owed);
    records.push(Record::Verified { commit: "d".to_owned() });
    assert_eq!((judged(&records, "d"), judged(&records, "c")), (Verification::Done, Verification::Owed));
    assert_eq!(judged(&records, "f"), Verification::Unknown);
}

/// How a unit of a generated history goes: each step is one that a run can take.
#[derive(Debug, Clone, Copy)]
struct Story {
    codemod: bool,
    prepared: bool,
    landed: bool,
    verify: bool,
    passes: bool,
}

/// The records of a story, each with what is open after it: how far the change under way came, and whether this story's commit
/// awaits its verification.
fn told(story: Story, commit: &str, revert: &str) -> Vec<(Record, Option<Stage>, bool)> {
    let prepare = |commit: &str| Record::Prepared { commit: commit.to_owned() };
    let prepared = |commit: &str| Some(Stage::Prepared(commit.to_owned()));
    let abandoned = || (Record::Abandoned { reason: String::new() }, None, false);
    let mut told = vec![(begun(story.verify, None), Some(Stage::Begun), false)];
    if story.codemod {
        told.push((Record::Transformed { after: Vec::new() }, Some(Stage::Begun), false));
    }
    if !story.prepared {
        told.push(abandoned());
        return told;
    }
    told.push((prepare(commit), prepared(commit), false));
    if !story.landed {
        told.push(abandoned());
        return told;
    }
    told.push((committed(commit), None, story.verify));
    match (story.verify, story.passes) {
        (false, _) => {}
        (true, true) => told.push((Record::Verified { commit: commit.to_owned() }, None, false)),
        (true, false) => told.extend([
            (begun(false, Some(commit)), Some(Stage::Begun), true),
            (prepare(revert), prepared(revert), true),
            (committed(revert), None, false),
        ]),
    }
    told
}

proptest! {
    /// Runs are killed anywhere, and those after them first settle what is open: whatever was written last, the fold knows.
    #[test]
    fn every_prefix_of_every_history_folds_to_what_is_open(
        stories in prop::collection::vec(any::<[bool; 5]>(), 1..6),
        noise in prop::collection::vec(0..4usize, 60),
    ) {
        let (mut records, mut noise) = (vec![Record::Opened { format: 1 }], noise.into_iter().cycle());
        for (nth, [codemod, prepared, landed, verify, passes]) in stories.into_iter().enumerate() {
            let (commit, revert) = (format!("c{nth}"), format!("r{nth}"));
            for (record, stage, unverified) in told(Story { codemod, prepared, landed, verify, passes }, &commit, &revert) {
                records.push(record);
                let now = open(&records);
                prop_assert_eq!(now.change.map(|(_, stage)| stage), stage);
                let waiting: Vec<String> = now.unverified.into_iter().map(|(_, commit)| commit).collect();
                prop_assert_eq!(waiting, if unverified { vec![commit.clone()] } else { Vec::new() });
                if noise.next() == Some(0) {
                    // Said by a run that ends or starts, wherever that is.
                    records.push(Record::RunFinished { done: false });
                }
            }
        }
    }
}

#[test]
fn commits_of_several_runs_can_await_their_verification() {
    let mut records = Vec::new();
    for commit in ["c", "d"] {
        records.extend([begun(true, None), Record::Prepared { commit: commit.to_owned() }, committed(commit)]);
    }
    let waiting = |records: &[Record]| open(records).unverified.into_iter().map(|(_, commit)| commit).collect::<Vec<_>>();
    assert_eq!(waiting(&records), ["c", "d"]);
    records.push(Record::Verified { commit: "c".to_owned() });
    assert_eq!(waiting(&records), ["d"]);
}

#[test]
fn what_a_journal_knows_of_a_verification_is_done_owed_or_nothing() {
    let landed = |verify| vec![begun(verify, None), Record::Prepared { commit: "c".to_owned() }, committed("c")];
    let verified = [landed(true), vec![Record::Verified { commit: "c".to_owned() }]].concat();
    let reverted = [landed(true), vec![begun(false, Some("c")), committed("r")]].concat();
    for (records, of, known) in [
        (Vec::new(), "c", Verification::Unknown),
        (vec![Record::Opened { format: 1 }], "c", Verification::Unknown),
        (landed(true), "c", Verification::Owed),
        (landed(true), "d", Verification::Unknown),
        (landed(false), "c", Verification::Done),
        (verified, "c", Verification::Done),
        (reverted.clone(), "c", Verification::Done),
        (reverted, "r", Verification::Done),
        (vec![Record::Verified { commit: "c".to_owned() }], "c", Verification::Done),
    ] {
        assert_eq!(judged(&records, of), known, "{of} of {records:?}");
    }
}
