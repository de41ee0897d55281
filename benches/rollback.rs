//! `migrate rollback --all` against `git revert` of the same range of commits.
//!
//! ```text
//! cargo bench --bench rollback                 five pairs of 90 units in 1,000 files
//! cargo bench --bench rollback -- --full       fifteen pairs
//! ```
//!
//! A pair is measured back to back on two copies of one repository in which a run has just committed every unit, the two taking turns
//! at going first: `migrate rollback --all --yes` in one, `git revert --no-edit BASE..HEAD` in the other. Both are whole processes and
//! end in the same tree, with a commit of its own for each unit. The tool syncs journal, files, objects and branch to disk as it always
//! does; git syncs what it does by default, which is nothing of all this.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod support;
#[path = "support/tree.rs"]
mod tree;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use support::{Figures, Repo, Scale, millis, plan, timed};
use tree::tree;

fn main() {
    let scale = Scale::asked();
    let pairs = scale.pick(1, 5, 15);
    let units = scale.pick(10, 90, 90);
    let files = 1_000;
    let (repo, plan_file) = migrated(files, units);
    let [mut ours, mut gits] = [(); 2].map(|()| Figures::default());
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        let by_tool = || {
            let copy = copy(&repo);
            let mut command = copy.migrate(&plan_file, "rollback");
            let taken = millis(timed(command.args(["--all", "--yes"])));
            (taken, copy)
        };
        let by_git = || {
            let copy = copy(&repo);
            let range = format!("HEAD~{units}..HEAD");
            let taken = millis(timed(copy.command("git").args(["revert", "--no-edit", &range])));
            (taken, copy)
        };
        let ((tool, one), (git, other)) = if pair % 2 == 0 {
            let tool = by_tool();
            (tool, by_git())
        } else {
            let git = by_git();
            (by_tool(), git)
        };
        for copy in [&one, &other] {
            assert_eq!(said(copy, &["rev-parse", "HEAD^{tree}"]), said(&repo, &["rev-parse", &format!("HEAD~{units}^{{tree}}")]));
            assert_eq!(said(copy, &["rev-list", "--count", "HEAD"]), format!("{}\n", 2 * units + 1));
            assert_eq!(said(copy, &["status", "--porcelain"]), "");
        }
        ours.push(tool);
        gits.push(git);
        ratios.push(tool / git);
    }
    ratios.sort_by(f64::total_cmp);
    let (least, middle, most) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    println!("rollback of {units} units in {files} files, median (least to greatest) of {pairs} pairs, in ms\n");
    println!("{:<26} | {:<26} | times git's", "migrate rollback --all", "git revert RANGE");
    println!("{:<26} | {:<26} | {middle:.2} ({least:.2} to {most:.2})", ours.spread(), gits.spread());
}

/// A copy of a repository, settled: git knows of each file that it is clean.
fn copy(repo: &Repo) -> Repo {
    let copy = Repo::empty();
    let folder = |repo: &Repo| repo.top().parent().expect("the work tree is in a folder").to_owned();
    timed(Command::new("cp").arg("-a").arg(folder(repo).join(".")).arg(folder(&copy)));
    std::thread::sleep(Duration::from_millis(1100));
    copy.git(&["update-index", "-q", "--really-refresh"]);
    copy.git(&["status"]);
    copy
}

/// What git prints.
fn said(repo: &Repo, args: &[&str]) -> String {
    let output = repo.command("git").args(args).output().expect("git on PATH");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A repository in which a run has committed each unit, and the plan.
fn migrated(files: usize, units: usize) -> (Repo, PathBuf) {
    let repo = tree(files);
    let numbers: Vec<usize> = (0..units).map(|nth| nth * 7 % files).collect();
    let plan = repo.write_beside("plan.yaml", &plan("rollback", &numbers));
    timed(&mut repo.migrate(&plan, "run"));
    (repo, plan)
}
