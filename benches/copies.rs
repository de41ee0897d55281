//! What it costs to judge a unit in a copy of the work tree, against the work tree itself, by the size of the repository.
//!
//! ```text
//! cargo bench --bench copies                   five pairs at 1,000, 15,000 and 100,000 files
//! cargo bench --bench copies -- --full         eleven pairs
//! ```
//!
//! A pair is two runs in one repository, over different files of the same make, with `true {file}` as the validation of each unit: one in
//! copies, one in place, the two taking turns at going first. `per unit` is what one more unit costs, (T(M) - T(1)) / (M - 1), T being
//! the wall time of a whole process; `more` is the difference of a pair, which is the copy: made, entered,
//! looked through and removed, and git's index, references and reflogs copied once for each tip.
//! `start` is what a run of one unit takes longer in copies: the probe and, for an ordinary user, the look at who owns the files.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod support;
#[path = "support/tree.rs"]
mod tree;

use support::{Figures, Repo, Scale, millis, plan, timed};
use tree::tree;

fn main() {
    let scale = Scale::asked();
    let pairs = scale.pick(1, 5, 11);
    let units = scale.pick(5, 40, 40);
    println!("per unit, median (least to greatest) of {pairs} pairs of {units} units, in ms\n");
    println!("{:>8} | {:<22} | {:<22} | {:<22} | start", "files", "in place", "in copies", "more");
    for files in scale.pick(&[1_000][..], &[1_000, 15_000, 100_000], &[1_000, 15_000, 100_000]) {
        let repo = tree(*files);
        let mut given = 0;
        let [mut place, mut copies, mut more, mut start] = [(); 4].map(|()| Figures::default());
        for pair in 0..pairs {
            let mut cost = |in_place: bool| {
                let [one, all] = [1, units].map(|count| {
                    let numbers: Vec<usize> = (given..given + count).collect();
                    given += count;
                    assert!(given <= *files, "the files are used up");
                    run(&repo, &format!("of-{pair}-{count}-{in_place}"), &numbers, in_place)
                });
                (one, (all - one) / (units - 1) as f64)
            };
            let ((one_in_copy, in_copy), (one_in_place, in_place)) = if pair % 2 == 0 {
                let first = cost(false);
                (first, cost(true))
            } else {
                let first = cost(true);
                (cost(false), first)
            };
            place.push(in_place);
            copies.push(in_copy);
            more.push(in_copy - in_place);
            start.push(one_in_copy - one_in_place - (in_copy - in_place));
        }
        println!("{files:>8} | {:<22} | {:<22} | {:<22} | {}", place.spread(), copies.spread(), more.spread(), start.spread());
    }
}

fn run(repo: &Repo, name: &str, files: &[usize], in_place: bool) -> f64 {
    let text = plan(name, files).replace("    files:\n", "    validate: [\"true {file}\"]\n    files:\n");
    let mut migrate = repo.migrate(&repo.write_beside("plan.yaml", &text), "run");
    if in_place {
        return millis(timed(migrate.arg("--in-place")));
    }
    let start = std::time::Instant::now();
    let output = migrate.output().expect("the program is on PATH");
    let taken = start.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("; commands run in copies"), "no copies can be made here: {said}");
    millis(taken)
}
