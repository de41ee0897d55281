//! Units judged side by side and in batches, and who is blamed when they fail together.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::crash::{Scenario, full, side_by_side};
use crate::errors::Disk;
use crate::isolated::isolated;
use crate::kit::{NEW, OLD, make_executable, replan, untouched};
use crate::support::{MIGRATE, Ran, Repo};

fn name(nth: usize) -> String {
    format!("f{nth:02}.py")
}

/// So many files with something to do in one phase, of which more is said by `keys`.
fn many(count: usize, keys: &str) -> Repo {
    let names: Vec<String> = (0..count).map(name).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), OLD)).collect();
    let mut phases = format!("  - id: P0\n{keys}    files:\n");
    for name in &names {
        writeln!(phases, "      - {name}").unwrap();
    }
    isolated(&files, &phases)
}

/// A command that counts its runs and then does this.
fn counted(script: &str) -> String {
    format!("echo . >>$HOME/runs; {script}")
}

fn runs(repo: &Repo) -> usize {
    fs::read_to_string(repo.home().join("runs")).map_or(0, |text| text.lines().count())
}

/// The units that landed, in the order of their commits.
fn landed(repo: &Repo) -> Vec<String> {
    let trailer = |key: &str| format!("%(trailers:key={key},valueonly,separator=)");
    let format = format!("--format={}|{}|", trailer("Migration-Unit"), trailer("Migration-Reverts"));
    let log = repo.git(&["log", "--reverse", &format]);
    let units = log.lines().filter_map(|line| line.strip_suffix("||"));
    units.filter(|unit| !unit.is_empty()).map(ToOwned::to_owned).collect()
}

fn all_but(count: usize, out: &[usize]) -> Vec<String> {
    (0..count).filter(|nth| !out.contains(nth)).map(name).collect()
}

#[test]
fn side_by_side_the_same_commits_land_as_one_after_the_other() {
    // Later ones answer first.
    let keys = "    on_failure: quarantine\n    validate: [\"case {file} in f0[0-4]*) sleep 0.2;; f07*) exit 1;; esac; grep -q new {file}\"]\n";
    let ends = ["1", "4"].map(|jobs| {
        let repo = many(10, keys);
        repo.migrate(&["run", "--jobs", jobs]).exits(1).says("quarantined  [ 8/10] f07.py");
        (landed(&repo), repo.git(&["rev-parse", "main"]))
    });
    assert_eq!(ends[0].0, all_but(10, &[7]));
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn in_batches_exactly_the_bad_units_are_out_and_each_commit_says_how_it_was_judged() {
    let bad = counted("! grep -q new f03.py && ! grep -q new f13.py");
    for jobs in ["1", "3"] {
        let repo = many(20, &format!("    on_failure: quarantine\n    batch: {{ max: 16 }}\n    validate: [\"{bad}\"]\n"));
        repo.migrate(&["run", "--jobs", jobs]).exits(1).says("18 committed, 0 unchanged, 2 quarantined");
        assert_eq!(landed(&repo), all_but(20, &[3, 13]), "--jobs {jobs}");
        assert_eq!(repo.read("f03.py"), OLD.as_bytes());
        assert_eq!(repo.read("f12.py"), NEW.as_bytes());
        if jobs == "1" {
            assert!(runs(&repo) <= 16, "{} runs", runs(&repo));
        }
        let log = repo.git(&["log", "--format=%T %(trailers:key=Migration-Judged,valueonly,separator=)"]);
        let judged: Vec<Vec<&str>> =
            log.lines().map(|line| line.split_whitespace().collect()).filter(|words: &Vec<&str>| words.len() > 1).collect();
        assert!(judged.len() > 9, "{log}");
        for words in judged {
            let [tree, "batch", place, of_batch] = words[..] else { panic!("{words:?}") };
            let (nth, of) = place.split_once('/').unwrap();
            assert_eq!(nth == of, tree == of_batch, "the last of a batch, and no other, is what was judged: {words:?}");
        }
        assert!(repo.git(&["log", "--format=%B"]).contains(" others)"), "how it was validated");
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn of_two_units_that_fail_only_together_the_later_is_out_and_both_are_told() {
    let keys =
        "    on_failure: quarantine\n    batch: { max: 8 }\n    validate: [\"! grep -q new f02.py || ! grep -q new f05.py\"]\n";
    for jobs in ["1", "3"] {
        let repo = many(8, keys);
        repo.migrate(&["run", "--jobs", jobs]).exits(1).says("f05.py").says("it fails only together with f02.py");
        assert_eq!(landed(&repo), all_but(8, &[5]), "--jobs {jobs}");
    }
}

#[test]
fn units_that_need_each_other_pass_together_in_a_batch() {
    let keys = "    batch: { max: 8 }\n    validate: [\"test $(cat f02.py f03.py | grep -c new) != 1\"]\n";
    let repo = many(8, keys);
    repo.migrate(&["run", "--jobs", "1"]).succeeds();
    assert_eq!(landed(&repo), all_but(8, &[]));
}

#[test]
fn a_phase_that_stops_lands_what_was_judged_before_the_failure_and_nothing_after_it() {
    for (batch, jobs) in [(1, "1"), (1, "4"), (8, "1"), (8, "4")] {
        let repo = many(12, &format!("    batch: {{ max: {batch} }}\n    validate: [\"! grep -q new f06.py\"]\n"));
        repo.migrate(&["run", "--jobs", jobs]).exits(1).says("failed       [ 7/12] f06.py");
        assert_eq!(landed(&repo), (0..6).map(name).collect::<Vec<_>>(), "batch {batch}, --jobs {jobs}");
        assert_eq!(repo.read("f07.py"), OLD.as_bytes());
    }
}

#[test]
fn given_up_units_are_counted_in_the_order_of_the_plan() {
    // Later ones fail first.
    let validate = "case {file} in f01*|f02*) sleep 0.3; exit 1;; f08*|f09*) exit 1;; esac";
    let repo = many(10, &format!("    on_failure: quarantine\n    max_quarantined: 10%\n    validate: [\"{validate}\"]\n"));
    repo.migrate(&["run", "--jobs", "6"]).exits(1).says("2 of 10 units given up, more than the plan allows");
    assert_eq!(landed(&repo), vec![name(0)]);
}

#[test]
fn what_fails_only_beside_others_is_repeated_alone_and_told() {
    let port = "flock -n $HOME/port sleep 0.1";
    let shared = many(6, &format!("    validate: [\"{port} # {{file}}\"]\n"));
    let ran = shared.migrate(&["run", "--jobs", "3"]).succeeds();
    let ran = ran.says("failed beside others and passes alone: its commands disturb each other");
    ran.says("commands run one at a time from here on").says("`exclusive: NAME`");
    assert_eq!(landed(&shared), all_but(6, &[]));
    let exclusive = many(6, &format!("    validate: [{{ run: \"{port} # {{file}}\", exclusive: port }}]\n"));
    let ran = exclusive.migrate(&["run", "--jobs", "3"]).succeeds();
    assert!(!ran.stderr.contains("disturb"), "{}", ran.stderr);
}

#[test]
fn each_copy_that_is_in_use_has_a_number_of_its_own() {
    let repo = many(
        9,
        "    validate: [\"test ! -e $HOME/$MIGRATE_JOB && mkdir $HOME/$MIGRATE_JOB && sleep 0.05 && rmdir $HOME/$MIGRATE_JOB # {file}\"]\n",
    );
    let ran = repo.migrate(&["run", "--jobs", "3"]).succeeds();
    assert!(!ran.stderr.contains("disturb"), "{}", ran.stderr);
}

#[test]
fn commands_that_name_a_file_run_for_each_of_a_batch_and_those_that_take_all_files_once() {
    let keys = "    batch: { max: 4 }\n    validate: [\"echo {file} >>$HOME/each\", \"echo {files} >>$HOME/all\", \"echo {unit} >>$HOME/unit\"]\n";
    let repo = many(4, keys);
    repo.migrate(&["run", "--jobs", "1"]).succeeds();
    let lines = |name: &str| fs::read_to_string(repo.home().join(name)).unwrap();
    assert_eq!(lines("each"), "f00.py\nf01.py\nf02.py\nf03.py\n");
    assert_eq!(lines("all"), "f00.py f01.py f02.py f03.py\n");
    assert_eq!(lines("unit"), "f00.py\nf01.py\nf02.py\nf03.py\n");
    let message = repo.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains("echo f03.py >>$HOME/each"), "{message}");
    assert!(message.contains("echo f03.py >>$HOME/all (with 3 others)"), "{message}");
    assert!(!message.contains("f00.py"), "{message}");
}

#[test]
fn of_a_batch_whose_verification_fails_the_culprits_alone_are_taken_back() {
    let keys = "    on_failure: quarantine\n    batch: { max: 8 }\n    verify: [\"! grep -q new f03.py\"]\n";
    let repo = many(8, keys);
    let ran = repo.migrate(&["run", "--jobs", "2"]).exits(1).says("looking for what makes");
    ran.says("reverted     ").says("7 committed, 0 unchanged");
    assert_eq!(landed(&repo), all_but(8, &[]));
    assert_eq!(repo.read("f03.py"), OLD.as_bytes());
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Reason,valueonly,separator=)"]), "verification");
    untouched(&repo, 0, &["status"]).prints("f03.py");
}

#[test]
fn of_a_batch_that_was_killed_before_its_verification_the_culprit_alone_is_taken_back_too() {
    let keys = "    on_failure: quarantine\n    batch: { max: 8 }\n    verify: [\"! grep -q new f02.py\"]\n";
    let legal = NAMES.iter().map(|name| (*name, vec![OLD.into(), NEW.into()])).collect();
    let scenario = Scenario::new(many(4, keys), &["run", "--jobs", "1"], legal);
    // The whole batch lands in one step.
    let repo = scenario.killed_where("branch moved", 1);
    assert_eq!(landed(&repo), all_but(4, &[]));
    let clone = repo.copy().env("MIGRATE_IN_PLACE", "0");
    for (repo, said) in [(&repo, ""), (&clone, "nothing here says that it and 3 more")] {
        if !said.is_empty() {
            // In a clone nothing is known of it.
            fs::remove_dir_all(repo.top().join(".git/migrate")).unwrap();
        }
        repo.migrate(&["run", "--jobs", "1"]).exits(1).says(said).says("3 committed, 0 unchanged, 1 rolled-back");
        assert!((0..4).all(|nth| repo.read(&name(nth)) == if nth == 2 { OLD } else { NEW }.as_bytes()));
    }
}

#[test]
fn a_gate_takes_back_exactly_the_units_that_make_it_fail_when_it_is_to() {
    let keys = "    on_failure: quarantine\n    gate: { run: [\"! grep -q new f02.py && ! grep -q new f05.py\"], on_failure: culprits }\n";
    let repo = many(8, keys);
    let ran = repo.migrate(&["run", "--jobs", "2"]).exits(1);
    ran.says("looking for what makes").says("phase 1 (P0) passed").says("6 committed, 0 unchanged, 2 rolled-back");
    assert_eq!((repo.read("f02.py"), repo.read("f05.py")), (OLD.into(), OLD.into()));
    assert_eq!(repo.read("f04.py"), NEW.as_bytes());
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Reason,valueonly,separator=)"]), "gate");
    repo.migrate(&["status"]).prints("it made the gate fail");
    // Once it stands they are not taken up again unasked, and the gate is not asked again.
    repo.migrate(&["run"]).exits(1);
    assert_eq!(repo.subjects().len(), 2 + 8 + 2);
}

#[test]
fn a_gate_that_takes_its_phase_back_leaves_nothing_of_it_and_one_that_stops_leaves_all() {
    for (act, back) in [("rollback-phase", true), ("stop", false)] {
        let keys = format!("    gate: {{ run: [\"! grep -q new f02.py\"], on_failure: {act} }}\n");
        let repo = many(4, &keys);
        repo.migrate(&["run"]).exits(1).says("the gate of phase 1 (P0) did not pass");
        let want = if back { OLD } else { NEW };
        assert!((0..4).all(|nth| repo.read(&name(nth)) == want.as_bytes()), "{act}");
        assert_eq!(repo.subjects().len(), 2 + 4 + if back { 4 } else { 0 });
    }
}

#[test]
fn a_gate_that_does_not_answer_the_same_each_time_takes_nothing_back() {
    // It fails, fails again, passes without the phase, and then answers by turns.
    let flaky = "n=$(cat $HOME/n 2>/dev/null || echo 0); echo $((n + 1)) >$HOME/n; test $((n % 2)) = 1 -a $n != 1";
    let repo = many(6, &format!("    gate: {{ run: [\"{flaky}\"], on_failure: culprits }}\n"));
    repo.migrate(&["run"]).exits(1).says("gate");
    assert_eq!(repo.subjects().len(), 2 + 6, "something was taken back");
    assert!((0..6).all(|nth| repo.read(&name(nth)) == NEW.as_bytes()));
}

/// Files of [`many`], for those who want a text that lives as long as the program.
const NAMES: [&str; 10] = ["f00.py", "f01.py", "f02.py", "f03.py", "f04.py", "f05.py", "f06.py", "f07.py", "f08.py", "f09.py"];

#[test]
fn a_run_of_batches_side_by_side_with_a_gate_that_finds_culprits_survives_being_killed_again_and_again() {
    let keys = "    on_failure: quarantine\n    batch: { max: 4 }\n    validate: [\"! grep -q new f06.py\"]\n    gate: { run: [\"! grep -q new f01.py\"], on_failure: culprits }\n";
    let texts = || vec![OLD.as_bytes().to_vec(), NEW.as_bytes().to_vec()];
    let legal = NAMES.iter().map(|name| (*name, texts())).collect();
    let scenario = Scenario::new(many(10, keys), &["run", "--jobs", "2"], legal);
    assert_eq!(scenario.exit, 1);
    let numbers: Vec<usize> =
        if full() { scenario.distinct() } else { scenario.spread(usize::MAX).into_iter().step_by(4).collect() };
    side_by_side(&numbers, |nth| {
        let (repo, at) = (scenario.template.copy(), format!("killed at {nth}"));
        for again in [nth, 3 + nth % 11, 20 + nth % 17] {
            // Threads do not reach the points in the same order each time.
            scenario.killed(&repo, again);
            scenario.is_legal(&repo, &at);
        }
        let ran = repo.migrate(&["run", "--jobs", "2"]).exits(1);
        for (name, want) in NAMES.iter().map(|name| (*name, if ["f01.py", "f06.py"].contains(name) { OLD } else { NEW })) {
            assert_eq!(repo.read(name), want.as_bytes(), "{at}: {name}: {}", ran.stderr);
        }
        let mut order = landed(&repo);
        order.retain(|unit| unit != "f01.py");
        assert_eq!(order, all_but(10, &[1, 6]), "{at}");
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{at}");
        repo.migrate(&["status"]).prints("it made the gate fail");
        let scratch = fs::read_dir(repo.home().join(".cache/migrate")).unwrap();
        let left: Vec<_> = scratch.map(|entry| entry.unwrap().file_name()).filter(|name| name != "lock").collect();
        assert!(left.is_empty(), "{at}: {left:?} is left of copies");
    });
}

#[test]
fn what_is_left_of_a_batch_is_the_first_one_of_the_run_that_goes_on() {
    let keys = format!("    batch: {{ max: 16 }}\n    validate: [\"{}\"]\n", counted("true"));
    let repo = many(10, &keys);
    // With a hook for messages a batch does not land in one step.
    repo.write(".git/hooks/commit-msg", "#!/bin/sh\n");
    make_executable(&repo, ".git/hooks/commit-msg");
    let scenario =
        Scenario::new(repo, &["run", "--jobs", "1"], NAMES.iter().map(|name| (*name, vec![OLD.into(), NEW.into()])).collect());
    let repo = scenario.killed_where("branch moved", 4);
    let done = landed(&repo).len();
    assert!((1..10).contains(&done), "{done}");
    let before = runs(&repo);
    repo.migrate(&["run", "--jobs", "1"]).succeeds();
    assert_eq!(landed(&repo), all_but(10, &[]));
    assert!(runs(&repo) - before <= 2, "the rest was judged {} times", runs(&repo) - before);
}

#[test]
fn what_passed_together_lands_in_one_step_of_the_branch_each_unit_by_its_own_commit() {
    let keys = "    batch: { max: 8 }\n    validate: [\"true\"]\n";
    let repo = many(6, keys);
    let before = repo.git(&["reflog", "--format=%gs"]).lines().count();
    repo.migrate(&["run", "--jobs", "1"]).succeeds();
    assert_eq!(landed(&repo), all_but(6, &[]));
    let moves = repo.git(&["reflog", "--format=%gs"]);
    assert!(moves.lines().count() - before < 6 && moves.contains("commit (migrate): "), "{moves}");
    // A file that somebody edits meanwhile keeps nothing from landing that stands before it.
    let repo = many(6, "    batch: { max: 8 }\n    validate: [\"test -e $HOME/once || { touch $HOME/once; sleep 1; }\"]\n");
    let child = repo.command(MIGRATE).args(["run", "--jobs", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while !repo.home().join("once").exists() {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    repo.write("f03.py", "# mine\n");
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_ne!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(repo.read("f03.py"), b"# mine\n", "{}", ran.stderr);
    assert!(!landed(&repo).contains(&"f03.py".to_owned()), "{}", ran.stderr);
}

#[test]
fn a_signal_ends_what_is_judged_and_lands_what_was() {
    let wait = "case {file} in f00*|f01*) exit 0;; esac; touch $HOME/waiting; sleep 60";
    let repo = many(6, &format!("    validate: [\"{wait}\"]\n"));
    let child = repo.command(MIGRATE).args(["run", "--jobs", "3"]).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while !repo.home().join("waiting").exists() || landed(&repo).len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    repo.command("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.signal, Some(2), "{}", ran.stderr);
    ran.says("interrupted: 2 committed").says("`migrate resume` goes on from here");
    assert_eq!(landed(&repo), all_but(2, &[]));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_commit_of_somebody_else_makes_void_what_is_judged_beside_others_too() {
    let wait = "case {file} in f00*) test -e $HOME/go || { touch $HOME/waiting; sleep 0.5; };; esac; grep -q new {file}";
    let repo = many(5, &format!("    validate: [\"{wait}\"]\n"));
    let child = repo.command(MIGRATE).args(["run", "--jobs", "3"]).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while !repo.home().join("waiting").exists() {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    fs::write(repo.home().join("go"), "").unwrap();
    repo.write("theirs.txt", "x\n");
    repo.commit_all("theirs");
    let ran = Ran::of(child.wait_with_output().unwrap()).succeeds();
    ran.says("the branch got other commits");
    assert_eq!(landed(&repo), all_but(5, &[]));
    assert_eq!(repo.git(&["log", "-1", "--skip=5", "--format=%s"]), "theirs");
}

#[test]
fn a_gate_that_is_the_last_verification_costs_nothing_and_no_cache_runs_it_all_the_same() {
    for (args, want) in [(&["run", "--jobs", "1"][..], 4), (&["run", "--jobs", "1", "--no-cache"], 5)] {
        let suite = counted("true");
        let keys = format!("    verify: [\"{suite}\"]\n    gate: {{ run: [\"{suite}\"] }}\n");
        let repo = many(3, &keys);
        let ran = repo.migrate(args).succeeds();
        // On the tip before the first unit, and after each of the three.
        assert_eq!(runs(&repo), want, "{args:?}");
        assert_eq!(ran.stderr.contains("passed before on the same files, not run again"), want == 4, "{}", ran.stderr);
        assert_eq!(repo.git(&["log", "--format=%B"]).matches("Validate:").count(), 3);
    }
}

#[test]
fn a_run_that_goes_on_does_not_ask_again_what_passed_and_asks_what_failed() {
    let keys = format!("    on_failure: quarantine\n    validate: [\"{}\"]\n", counted("! grep -q new f01.py # {file}"));
    let legal = NAMES.iter().map(|name| (*name, vec![OLD.into(), NEW.into()])).collect();
    let scenario = Scenario::new(many(4, &keys), &["run", "--jobs", "1"], legal);
    // What passed was noted, and was not placed yet.
    let repo = scenario.killed_where("begin: blobs synced", 3);
    let before = runs(&repo);
    repo.migrate(&["run", "--jobs", "1"]).exits(1);
    assert_eq!(landed(&repo), all_but(4, &[1]));
    let again = runs(&repo) - before;
    assert!(again <= 1, "{again} more runs");
}

#[test]
fn a_command_may_have_temporary_folders_and_a_network_of_its_own() {
    let port =
        "python3 -c 'import socket, time; s = socket.socket(); s.bind((\\\"127.0.0.1\\\", 18765)); s.listen(); time.sleep(0.1)'";
    let temporary = "test ! -e /tmp/mine && touch /tmp/mine /dev/shm/mine && grep -q new {file} && git log -1 >/dev/null";
    let keys = format!(
        "    validate: [{{ run: \"{port} # {{file}}\", private: [network] }}, {{ run: \"{temporary}\", private: [tmp] }}]\n"
    );
    let repo = many(6, &keys);
    let ran = repo.migrate(&["run", "--jobs", "3"]).succeeds();
    assert!(!ran.stderr.contains("disturb"), "{}", ran.stderr);
    assert!(!std::path::Path::new("/tmp/mine").exists() && !std::path::Path::new("/dev/shm/mine").exists());
    let place = many(1, "    validate: [{ run: x, private: [tmp] }]\n");
    untouched(&place, 3, &["run", "--in-place"]).says("`private` works in copies of the work tree only");
}

#[test]
fn a_unit_that_a_guard_refuses_while_others_wait_in_front_of_it_is_given_up_at_its_place() {
    let keys = "    on_failure: quarantine\n    batch: { max: 8 }\n    rules: [mod]\n    validate: [\"true\"]\n";
    let repo = many(4, keys);
    let command = "sed -i 's/from old import f/from new import g as f/' {file}; test {file} != f01.py || echo 'def (' >>{file}";
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    repo.write("plans/p.yaml", plan.replace("rules:\n", &format!("rules:\n  mod: {{ command: \"{command}\" }}\n")));
    repo.commit_all("codemod");
    for jobs in ["1", "3"] {
        let repo = repo.copy();
        repo.migrate(&["run", "--jobs", jobs]).exits(1).says("quarantined  [2/4] f01.py");
        assert_eq!(landed(&repo), all_but(4, &[1]), "--jobs {jobs}");
    }
}

#[test]
fn where_there_is_no_room_for_as_many_copies_as_are_asked_for_fewer_are_made() {
    let repo = many(8, "    validate: [\"sleep 0.2; grep -q new {file}\"]\n");
    let scratch = repo.home().join("scratch");
    // Room for what all copies have in common, and for three of eight.
    let Some(_disk) = Disk::of("size=4m,nr_inodes=100", scratch.clone()) else { return };
    let ran = repo.migrate(&["run", "--jobs", "8", "--scratch", scratch.to_str().unwrap()]).succeeds();
    ran.says("there is no room for one more copy: commands run one at a time from here on");
    assert_eq!(landed(&repo), all_but(8, &[]));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let repo = many(2, "");
    untouched(&repo, 2, &["run", "--jobs", "0"]).says("--jobs");
    untouched(&repo, 2, &["run", "--jobs", "1000"]).says("--jobs").says("256");
    for (keys, said) in [
        ("    batch: 8\n", "write `batch: { max: 8 }`"),
        ("    batch: { max: 0 }\n", "give a whole number from 1 to 1000"),
        ("    gate: { run: [x], on_failure: culprit }\n", "did you mean `culprits`?"),
        ("    validate: [{ run: x, exclusive: \"a b\" }]\n", "cannot be the name of it"),
        ("    validate: [{ run: x, private: tmp }]\n", "put it in brackets: `[tmp]`"),
        ("    validate: [{ run: x, private: [net] }]\n", "`private` cannot be `net`"),
        ("    validate: [{ run: x, private: [tmp], at: tree }]\n", "`private` for a command with `at: tree`"),
    ] {
        untouched(&many(2, keys), 2, &["check"]).says(said);
    }
}

/// Runs a phase, takes it back and runs it again with something done in between; says how often its command ran then.
fn runs_of_a_second_run(cache: &str, between: impl FnOnce(&Repo)) -> usize {
    let repo = many(3, &format!("    validate: [\"{}\"]\n", counted("true")));
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &plan.replace("phases:\n", &format!("{cache}phases:\n")));
    repo.write("settings.ini", "a\n");
    repo.migrate(&["run", "--jobs", "1"]).succeeds();
    repo.migrate(&["rollback", "--all", "--yes"]).succeeds();
    let before = runs(&repo);
    between(&repo);
    repo.migrate(&["run", "--jobs", "1", "--retry", "rolled-back"]).succeeds();
    runs(&repo) - before
}

#[test]
fn what_passed_is_not_run_again_by_a_later_run_where_the_plan_says_on_what_it_depends() {
    let cache = "cache: { env: [PATH], inputs: [settings.ini] }\n";
    assert_eq!(runs_of_a_second_run(cache, |_| {}), 0);
    let asked = runs_of_a_second_run(cache, |repo| repo.write("settings.ini", "b\n"));
    assert!(asked >= 3, "{asked} runs");
    let repo = many(2, "    validate: [\"true\"]\n");
    let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
    replan(&repo, &plan.replace("phases:\n", "cache: { inputs: [sittings.ini] }\nphases:\n"));
    repo.migrate(&["run"]).succeeds().says("the input sittings.ini of `cache` is not there");
    for (wrong, said) in [("inputs: [\"*.ini\"]", "is a pattern, not a path"), ("env: [\"A-B\"]", "is no name of a variable")] {
        replan(&repo, &plan.replace("phases:\n", &format!("cache: {{ {wrong} }}\nphases:\n")));
        repo.migrate(&["check"]).exits(2).says(said);
    }
}

#[test]
fn without_inputs_a_later_run_asks_anew() {
    let asked = runs_of_a_second_run("", |_| {});
    assert!(asked >= 3, "{asked} runs");
}

#[test]
fn a_commit_of_somebody_else_loses_no_part_of_a_unit_whose_halves_are_tried() {
    // f01 is bad: its half is tried by itself, and while f00 has landed and f02 waits somebody commits.
    let wait = "case $MIGRATE_FILE in f02*) ! grep -q new f01.py && grep -q new f00.py && test ! -e $HOME/go && touch $HOME/waiting && sleep 0.7;; esac; ! grep -q new f01.py";
    let keys = format!(
        "    units: {{ by: all, max_files: 4 }}\n    on_failure: quarantine\n    validate: [{{ run: \"{wait}\", only: \"f0[0-3].py\" }}]\n"
    );
    let repo = many(4, &keys);
    let mut child = repo.command(MIGRATE).args(["run", "--jobs", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    while !repo.home().join("waiting").exists() || repo.git(&["show", "HEAD:f00.py"]) == OLD.trim_end() {
        if child.try_wait().unwrap().is_some() {
            panic!("{}", Ran::of(child.wait_with_output().unwrap()).stderr);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    repo.write("theirs.txt", "theirs\n");
    repo.git(&["add", "theirs.txt"]);
    repo.git(&["commit", "-q", "-m", "theirs", "--", "theirs.txt"]);
    fs::write(repo.home().join("go"), "").unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let ran = ran.says("the branch got other commits").says("f01.py: validate `");
    for (nth, want) in [NEW, OLD, NEW, NEW].into_iter().enumerate() {
        assert_eq!(repo.read(&name(nth)), want.as_bytes(), "{}: {}", name(nth), ran.stderr);
    }
}
