//! The tool's own cost per unit, validation aside, against the shell loop that people would write, by the size of the repository.
//!
//! ```text
//! cargo bench --bench per_unit                 three pairs at 1,000, 10,000 and 100,000 files
//! cargo bench --bench per_unit -- --full       nine pairs
//! cargo bench --bench per_unit -- --groups     the second table alone
//! ```
//!
//! A pair is measured back to back in one repository, on different files of the same make, the two taking turns at going first: a
//! `migrate run` over M files and `sed -i`, `git add FILE`, `git commit -q -m` for each of M others. The tool syncs the journal, the
//! file, every object and the branch to disk as it always does; git syncs what it does by default. `per unit` is what one more unit
//! costs, (T(M) - T(1)) / (M - 1), T being the wall time of a whole process; `whole run` is T(M) / M; `start` is T(1) less one unit:
//! opening, the plan, identity, status and where every unit stands. Nothing else may grow with the repository than writing the index.
//!
//! A second table pairs one-file units with groups in the same way: what one more file costs where twenty neighbours are one commit.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod support;
#[path = "support/tree.rs"]
mod tree;

use support::{Figures, Repo, Scale, millis, path, plan, timed};
use tree::tree;

fn main() {
    let scale = Scale::asked();
    if std::env::args().any(|arg| arg == "--groups") {
        return groups(scale);
    }
    let pairs = scale.pick(1, 3, 9);
    // How many units one measured run has.
    let units = scale.pick(5, 40, 40);
    let sizes = scale.pick(&[1_000][..], &[1_000, 10_000, 100_000], &[1_000, 10_000, 100_000]);
    println!("per unit, median (least to greatest) of {pairs} pairs of {units} units, in ms\n");
    println!(
        "{:>8} | {:<22} | {:<20} | {:<20} | {:<20} | {:<20} | start",
        "files", "shell loop", "per unit", "times faster", "whole run", "times faster"
    );
    for files in sizes {
        let repo = tree(*files);
        let mut next = Numbers { files: *files, given: 0 };
        let [mut shell, mut unit, mut faster, mut whole, mut whole_faster, mut start] = [(); 6].map(|()| Figures::default());
        for pair in 0..pairs {
            let shell_first = pair % 2 == 0;
            let mut by_shell = 0.0;
            if shell_first {
                by_shell = shell_loop(&repo, &next.take(units));
            }
            let one = run(&repo, &format!("one-{pair}"), &next.take(1));
            let all = run(&repo, &format!("all-{pair}"), &next.take(units));
            if !shell_first {
                by_shell = shell_loop(&repo, &next.take(units));
            }
            let marginal = (all - one) / (units - 1) as f64;
            shell.push(by_shell / units as f64);
            unit.push(marginal);
            faster.push(by_shell / units as f64 / marginal);
            whole.push(all / units as f64);
            whole_faster.push(by_shell / all);
            start.push(one - marginal);
        }
        println!(
            "{files:>8} | {:<22} | {:<20} | {:<20} | {:<20} | {:<20} | {}",
            shell.spread(),
            unit.spread(),
            faster.spread(),
            whole.spread(),
            whole_faster.spread(),
            start.spread()
        );
    }
    groups(scale);
}

/// What a file costs in a group of many, beside one that is a unit of its own, in the same repository.
fn groups(scale: Scale) {
    let pairs = scale.pick(1, 5, 5);
    let size = scale.pick(5, 20, 20);
    println!("\nper file, median (least to greatest) of {pairs} pairs, in ms: units of one file, groups of {size}\n");
    println!("{:>8} | {:<20} | {:<20} | share", "files", "alone", "in a group");
    for files in scale.pick(&[1_000][..], &[1_000, 10_000], &[1_000, 10_000]) {
        let repo = tree(*files);
        let mut next = Numbers { files: *files, given: 0 };
        let [mut alone, mut grouped, mut share] = [(); 3].map(|()| Figures::default());
        for pair in 0..pairs {
            let mut cost = |grouping: &str, few: usize, many: usize| {
                let mut timed_run = |count: usize| {
                    let text = plan(&format!("group-{pair}-{count}-{}", grouping.len()), &next.take_neighbours(count));
                    let text = text.replace("    files:\n", &format!("{grouping}    files:\n"));
                    millis(timed(&mut repo.migrate(&repo.write_beside("plan.yaml", &text), "run")))
                };
                let (least, most) = (timed_run(few), timed_run(many));
                (most - least) / (many - few) as f64
            };
            let together = format!("    units: {{ by: all, max_files: {size} }}\n");
            let (one, of_many) = (cost("", 1, 3 * size + 1), cost(&together, size, 5 * size));
            alone.push(one);
            grouped.push(of_many);
            share.push(of_many / one);
        }
        println!("{files:>8} | {:<20} | {:<20} | {}", alone.spread(), grouped.spread(), share.spread());
    }
}

/// Numbers of files spread evenly over the repository, none given twice.
struct Numbers {
    files: usize,
    given: usize,
}

impl Numbers {
    /// Numbers of files that stand beside each other, as related ones do.
    fn take_neighbours(&mut self, count: usize) -> Vec<usize> {
        let numbers = (self.given..self.given + count).collect();
        self.given += count;
        assert!(self.given <= self.files, "the files are used up");
        numbers
    }

    fn take(&mut self, count: usize) -> Vec<usize> {
        let step = self.files / 1_000;
        // 7 and 1,000 have no common factor, so the first thousand are all different.
        let numbers = (self.given..self.given + count).map(|nth| nth * 7 % 1_000 * step).collect();
        self.given += count;
        assert!(self.given <= 1_000, "the files are used up");
        numbers
    }
}

fn run(repo: &Repo, name: &str, files: &[usize]) -> f64 {
    let plan = repo.write_beside("plan.yaml", &plan(name, files));
    millis(timed(&mut repo.migrate(&plan, "run")))
}

fn shell_loop(repo: &Repo, files: &[usize]) -> f64 {
    let files: Vec<String> = files.iter().map(|nth| path(*nth)).collect();
    let script = format!(
        "set -e\nfor file in {}; do\n  sed -i -e 's/legacy\\.client import fetch/modern.client import retrieve/' -e 's/\\bfetch(/retrieve(/' \
         \"$file\"\n  git add \"$file\"\n  git commit -q -m \"fix: apply fetch in $file\"\ndone\n",
        files.join(" ")
    );
    let script = repo.write_beside("loop.sh", &script);
    millis(timed(repo.command("sh").arg(script)))
}
