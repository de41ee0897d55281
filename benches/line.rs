//! Judging side by side and in batches against judging one unit at a time in the work tree, which is what was done before.
//!
//! ```text
//! cargo bench --bench line                     one pair of each, 1,000 units for memory
//! cargo bench --bench line -- --full           three pairs of each, 10,000 units for memory
//! cargo bench --bench line -- --only batches   one table alone: batches, jobs or memory
//! ```
//!
//! A pair is measured back to back in one repository, on different files of the same make: `--in-place --jobs 1` with batches of one,
//! and the way that is measured. Every time is the wall time of a whole process. What drafting and landing take is timed apart, by a run
//! over as many files that has no command; `judging` is what is left, and is compared too. Linux only, where copies can be made.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "support/peak.rs"]
mod peak;
mod support;
#[path = "support/tree.rs"]
mod tree;

use std::process::Command;
use std::time::Instant;

use peak::watched;
use support::{Figures, Repo, Scale, millis, path, plan};
use tree::tree;

/// A way to judge units.
struct Way {
    args: &'static [&'static str],
    batch: usize,
}

/// One unit at a time, in the work tree.
const TODAY: Way = Way { args: &["--in-place", "--jobs", "1"], batch: 1 };

/// What is compared in one line of a table.
struct Contest<'a> {
    name: &'a str,
    units: usize,
    /// One in so many is bad; 0 when none is.
    bad_one_in: usize,
    command: &'a str,
    way: Way,
    target: f64,
}

fn main() {
    let scale = Scale::asked();
    let only = std::env::args().skip_while(|arg| arg != "--only").nth(1);
    let wanted = |table: &str| only.as_deref().is_none_or(|only| only == table);
    let pairs = scale.pick(1, 1, 3);
    if wanted("batches") || wanted("jobs") {
        println!("whole runs, in seconds, median (least to greatest) of {pairs} pairs\n");
        println!(
            "{:<42} | {:<22} | {:<22} | {:<8} | {:<20} | {:<20} | target",
            "", "one at a time, in place", "so", "landing", "times faster", "judging alone"
        );
    }
    // A command that fails while a bad file is migrated, wherever it is run; `{bad}` stands for those files.
    let names_none = "sleep {time}; ! grep -q modern.client {bad}";
    let waits = "sleep {time}";
    let burns = "python3 -S -c 'import time\nwhile time.process_time() < {time}: pass'";
    let batches = |name, jobs| Contest {
        name,
        units: scale.pick(12, 230, 230),
        bad_one_in: scale.pick(8, 100, 100),
        command: names_none,
        way: Way { args: jobs, batch: 64 },
        target: if jobs == ["--jobs", "1"] { 6.0 } else { 9.0 },
    };
    let jobs = |name, command, jobs, target| Contest {
        name,
        units: scale.pick(6, 64, 64),
        bad_one_in: 0,
        command,
        way: Way { args: jobs, batch: 1 },
        target,
    };
    let contests = [
        ("batches", 0.2, batches("some bad, batches of 64, jobs 1", &["--jobs", "1"])),
        ("batches", 0.2, batches("some bad, batches of 64, jobs 2", &["--jobs", "2"])),
        ("jobs", 0.5, jobs("a command that computes, jobs 2", burns, &["--jobs", "2"], 1.7)),
        ("jobs", 0.5, jobs("a command that waits, jobs 8", waits, &["--jobs", "8"], 6.5)),
    ];
    for (table, seconds, contest) in contests {
        if wanted(table) {
            compete(&contest, pairs, seconds * scale.pick(0.2, 1.0, 1.0));
        }
    }
    if wanted("memory") {
        memory(scale.pick(25, 1_000, 10_000));
    }
}

/// Measures one line of the table.
fn compete(contest: &Contest<'_>, pairs: usize, seconds: f64) {
    let [mut today, mut so, mut landing, mut faster, mut judging] = [(); 5].map(|()| Figures::default());
    for pair in 0..pairs {
        let repo = tree(1_000);
        let mut given = 0;
        let mut numbers = || {
            let numbers: Vec<usize> = (given..given + contest.units).map(|nth| nth * 7 % 1_000).collect();
            given += contest.units;
            numbers
        };
        let before = (pair % 2 == 0).then(|| run(&repo, contest, &numbers(), &TODAY, Some(seconds)));
        let now = run(&repo, contest, &numbers(), &contest.way, Some(seconds));
        let before = before.unwrap_or_else(|| run(&repo, contest, &numbers(), &TODAY, Some(seconds)));
        let bare = run(&repo, contest, &numbers(), &contest.way, None);
        today.push(before);
        so.push(now);
        landing.push(bare);
        faster.push(before / now);
        judging.push((before - bare) / (now - bare));
    }
    let name = format!("{} units, {}", contest.units, contest.name);
    let target = contest.target;
    println!(
        "{name:<42} | {:<22} | {:<22} | {:<8.1} | {:<20} | {:<20} | {target:.1}",
        today.spread(),
        so.spread(),
        landing.median(),
        faster.spread(),
        judging.spread()
    );
}

/// The seconds that a run takes which judges each unit by a command of so many seconds, or by none. What lands is all but the bad.
fn run(repo: &Repo, contest: &Contest<'_>, numbers: &[usize], way: &Way, seconds: Option<f64>) -> f64 {
    let is_bad = |nth: usize| contest.bad_one_in > 0 && seconds.is_some() && nth % contest.bad_one_in == contest.bad_one_in / 2;
    let bad: Vec<String> = (0..numbers.len()).filter(|nth| is_bad(*nth)).map(|nth| path(numbers[nth])).collect();
    let name = format!("line-{}-{}-{}", numbers[0], way.batch, seconds.is_some());
    let mut text = plan(&name, numbers);
    if let Some(seconds) = seconds {
        let command = contest.command.replace("{time}", &seconds.to_string()).replace("{bad}", &bad.join(" "));
        let keys =
            format!("  - id: P0\n    batch: {{ max: {} }}\n    on_failure: quarantine\n    validate: [{command:?}]\n", way.batch);
        text = text.replace("  - id: P0\n", &keys);
    }
    let plan = repo.write_beside("plan.yaml", &text);
    let landed = || commits(repo);
    let before = landed();
    let started = Instant::now();
    let output = repo.migrate(&plan, "run").args(way.args).output().expect("the tool was built");
    let taken = millis(started.elapsed()) / 1000.0;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(i32::from(!bad.is_empty())), "{said}");
    assert_eq!(landed() - before, numbers.len() - bad.len(), "{said}");
    taken
}

fn commits(repo: &Repo) -> usize {
    let output = repo.command("git").args(["rev-list", "--count", "HEAD"]).output().expect("git on PATH");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("git counts")
}

/// The peak memory of a run over many units, and what is left of its copies.
fn memory(units: usize) {
    let repo = tree(units.max(1_000));
    let text = plan("memory", &(0..units).collect::<Vec<_>>());
    let plan = repo.write_beside("plan.yaml", &text.replace("  - id: P0\n", "  - id: P0\n    validate: [['true']]\n"));
    let scratch = repo.top().with_file_name("scratch");
    std::fs::create_dir(&scratch).expect("a folder in a new folder");
    let mut command: Command = repo.migrate(&plan, "run");
    let (taken, peak) = watched(command.args(["--jobs", "8", "--scratch"]).arg(&scratch));
    let left = std::fs::read_dir(&scratch)
        .expect("it was made")
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name() != "lock"));
    println!(
        "\n{units} units, jobs 8, a command that does nothing: peak memory {peak:.1} MB (target 60), {:.1} s, {} files left in the scratch folder",
        taken.as_secs_f64(),
        left.count()
    );
    assert_eq!(commits(&repo), units + 1);
}
