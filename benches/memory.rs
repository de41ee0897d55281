//! The peak memory of a run over many units, and whether a unit costs more the more units there are.
//!
//! ```text
//! cargo bench --bench memory                   in a repository of 10,000 files
//! cargo bench --bench memory -- --full         in one of 100,000 files too
//! ```
//!
//! How the peak is read is said in `support/peak.rs`. Linux only.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "support/peak.rs"]
mod peak;
mod support;
#[path = "support/tree.rs"]
mod tree;

use std::time::Duration;

use peak::watched;
use support::{Figures, Repo, Scale, millis, plan, timed};
use tree::tree;

fn main() {
    println!("peak memory of a run, and its cost per unit\n");
    println!("{:>8} | {:>6} | {:>9} | ms per unit", "files", "units", "peak MB");
    let scale = Scale::asked();
    let sizes = scale.pick(&[1_000][..], &[10_000], &[10_000, 100_000]);
    let counts = scale.pick(&[25, 50][..], &[125, 250, 500, 1_000], &[125, 250, 500, 1_000]);
    for files in sizes {
        let repo = tree(*files);
        let start = start(&repo);
        println!("{files:>8} | {:>6} | {:>9} | {} ms in all", 0, "", start.spread());
        let mut first = 0;
        for units in counts.iter().copied() {
            let numbers: Vec<usize> = (first..first + units).map(|nth| nth * 5 % files).collect();
            first += units;
            let (taken, peak) = run(&repo, &format!("units-{units}"), &numbers);
            let per_unit = (millis(taken) - start.median()) / units as f64;
            println!("{files:>8} | {units:>6} | {peak:>9.1} | {per_unit:.2}");
        }
    }
}

/// What a run costs in which nothing is left to do.
fn start(repo: &Repo) -> Figures {
    let plan = repo.write_beside("plan.yaml", &plan("start", &[0]));
    timed(&mut repo.migrate(&plan, "run"));
    let mut figures = Figures::default();
    for _ in 0..3 {
        figures.push(millis(timed(&mut repo.migrate(&plan, "run"))));
    }
    figures
}

/// Wall time and peak resident memory, in millions of bytes, of a run.
fn run(repo: &Repo, name: &str, files: &[usize]) -> (Duration, f64) {
    let plan = repo.write_beside("plan.yaml", &plan(name, files));
    watched(&mut repo.migrate(&plan, "run"))
}
