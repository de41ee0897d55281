//! What is told before a run, and what is asked: the table of `check`, the question of `run`, the views of `diff`.

use crate::kit::{NEW, OLD, repo, untouched};
use crate::support::Repo;
use crate::terminal::on_terminal;

/// Two phases, with commands of three kinds.
fn two() -> Repo {
    let phases = "  - id: P0\n    title: First\n    validate: [\"true {file}\"]\n    files: [a.py, b.py]\n  - id: P1\n    verify: [\"sleep 0.2\"]\n    gate: { run: [\"true\"] }\n    files: [c.py, done.py]\n";
    repo(&[("a.py", OLD), ("b.py", OLD), ("c.py", OLD), ("done.py", NEW)], phases)
}

#[test]
fn a_check_ends_in_a_table_of_the_run_to_come() {
    let repo = two();
    let said = untouched(&repo, 0, &["check"]).stdout;
    for line in [
        "                     units  commits  commands run          time",
        "phase 1 (P0), First      2        2             2  not measured",
        "phase 2 (P1)             2        1             3  not measured",
        "in all                   4        3             5  not measured",
        "commands: in the work tree, one at a time",
        "  2 x validate: true {file}  (never run here yet)",
        "  1 x before the first unit: sleep 0.2  (never run here yet)",
        "  1 x gate: true  (never run here yet)",
        "3 to change, 1 done or with nothing to do, 0 that cannot be changed",
    ] {
        assert!(said.contains(&format!("{line}\n")), "{line:?} is not in\n{said}");
    }
    // One phase is all that is asked for.
    let said = untouched(&repo, 0, &["check", "--phase", "P0"]).stdout;
    assert!(said.contains("phase 1 (P0)") && !said.contains("P1") && !said.contains("in all"), "{said}");
}

#[test]
fn what_commands_took_says_how_long_a_run_takes() {
    let repo = two();
    repo.migrate(&["run"]).succeeds();
    assert!(repo.top().join(".git/migrate/cache/durations.json").exists());
    for file in ["a.py", "c.py"] {
        repo.write(file, format!("{OLD}f(2)\n"));
    }
    repo.commit_all("old again");
    let said = untouched(&repo, 0, &["check"]).stdout;
    assert!(said.contains("  1 x verify: sleep 0.2  (0.2 s each)\n") && said.contains("in all"), "{said}");
    assert!(!said.contains("not measured") && !said.contains("never"), "{said}");
    // It rests on nothing that has to be there.
    repo.write(".git/migrate/cache/durations.json", "nonsense");
    assert!(untouched(&repo, 0, &["check"]).stdout.contains("never run here yet"));
}

#[test]
fn what_would_be_refused_is_told_cause_by_cause() {
    let star = "from old import *\nfrom lib import *\nprint(f(1))\n";
    let phases = "  - id: P0\n    files: [a.py, b.py, c.py, d.py]\n";
    let repo = repo(&[("a.py", OLD), ("b.py", "def (\n"), ("c.py", "def (\n"), ("d.py", star)], phases);
    let said = untouched(&repo, 1, &["check"]).stdout;
    assert!(said.contains("would be refused: "), "{said}");
    assert!(said.contains("b.py, c.py\n"), "both are named below the one cause: {said}");
    assert!(said.contains("phase 1 (P0)      4        1"), "{said}");
}

#[test]
fn a_run_on_a_terminal_asks_once_and_says_what_it_would_do() {
    let repo = two();
    let tip = repo.git(&["rev-parse", "HEAD"]);
    let asks = "3 commits on main, time not known yet: go? [y/N] ";
    on_terminal(&repo, 100, &["run"], &[("go?", "n\n")]).exits(3).shows(asks).shows("nothing was changed");
    on_terminal(&repo, 100, &["run"], &[("go?", "\u{3}")]).exits(130).shows("before the first unit");
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), tip);
    on_terminal(&repo, 100, &["run", "--phase", "P0", "--yes"], &[]).exits(0).shows_no("go?");
    let screen = on_terminal(&repo, 100, &["run"], &[("go?", "y\n")]).exits(0).shows("1 commit on main, ");
    assert_eq!(screen.text.matches("go?").count(), 1);
    // With nothing to commit there is nothing to ask.
    on_terminal(&repo, 100, &["run"], &[]).exits(0).shows_no("go?");
}

#[test]
fn a_run_makes_the_branch_that_it_is_asked_for() {
    let repo = two();
    let tip = repo.git(&["rev-parse", "HEAD"]);
    untouched(&repo, 2, &["run", "--branch", "no..name"]).says("cannot make the branch no..name").says("give another name");
    untouched(&repo, 2, &["run", "--branch", "main"]).says("already exists").says("`git switch` goes to it");
    on_terminal(&repo, 100, &["run", "--branch", "work"], &[("go?", "n\n")]).exits(3).shows("3 commits on work, ");
    assert_eq!(repo.git(&["branch", "--list"]), "* main");
    // A HEAD on no branch is no obstacle then.
    repo.git(&["checkout", "-q", "--detach"]);
    repo.migrate(&["run", "--branch", "work"]).succeeds().says(" on work: 4 units");
    assert_eq!(repo.git(&["symbolic-ref", "--short", "HEAD"]), "work");
    assert_eq!((repo.git(&["rev-parse", "main"]), repo.git(&["rev-list", "--count", "main..work"])), (tip, "3".to_owned()));
}

#[test]
fn a_diff_is_of_the_files_and_the_phase_that_are_named() {
    let repo = two();
    let said = untouched(&repo, 0, &["diff", "a.py", "c.py"]).stdout;
    assert!(said.contains("b/a.py") && said.contains("b/c.py") && !said.contains("b/b.py"), "{said}");
    let said = untouched(&repo, 0, &["diff", "--phase", "2"]).stdout;
    assert!(said.contains("b/c.py") && !said.contains("b/a.py"), "{said}");
    let stat = untouched(&repo, 0, &["diff", "--stat"]).stdout;
    let want = " a.py | 4 ++--\n b.py | 4 ++--\n c.py | 4 ++--\n 3 files changed, 6 insertions(+), 6 deletions(-)\n";
    assert_eq!(stat, want);
    // As git counts.
    repo.write("patch", untouched(&repo, 0, &["diff"]).stdout);
    let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&repo.git(&["apply", "--stat", "patch"])), words(want));
    let words = untouched(&repo, 0, &["diff", "--word-diff", "a.py"]).stdout;
    assert!(words.ends_with("from [-old-]{+new+} import [-f-]{+g+}\n[-f-]{+g+}(1)\n"), "{words}");
}

#[test]
fn on_a_terminal_a_diff_goes_to_the_pager_of_git_and_elsewhere_to_none() {
    let repo = two();
    repo.git(&["config", "core.pager", "tr a-z A-Z; echo PAGED"]);
    on_terminal(&repo, 80, &["diff"], &[]).exits(0).shows("FROM NEW IMPORT G").shows("PAGED");
    on_terminal(&repo, 80, &["diff", "--no-pager"], &[]).exits(0).shows("from new import g").shows_no("PAGED");
    let said = untouched(&repo, 0, &["diff"]).stdout;
    assert!(said.contains("from new import g") && !said.contains("PAGED"));
    repo.git(&["config", "core.pager", "cat"]);
    on_terminal(&repo, 80, &["diff"], &[]).exits(0).shows("from new import g");
    // Whoever has seen enough is not kept.
    repo.git(&["config", "core.pager", "head -n 1"]);
    on_terminal(&repo, 80, &["diff"], &[]).exits(0).shows("diff --git a/a.py").shows_no("error");
}

#[test]
fn a_dirty_tree_keeps_nobody_from_seeing_what_a_run_would_do() {
    let repo = two();
    repo.write("other.py", "x = 1\n");
    repo.commit_all("other");
    untouched(&repo, 0, &["run", "--dry-run"]).says("\na run would make 3 commits on main, time not known yet\n");
    repo.write("other.py", "x = 2\n");
    let ran = untouched(&repo, 3, &["run", "--dry-run"]).says("other.py").says("uncommitted changes");
    assert!(ran.stdout.contains("b/a.py"), "{}", ran.stdout);
    repo.write("a.py", format!("{OLD}mine = 1\n"));
    for args in [&["diff"][..], &["run", "--dry-run", "--allow-dirty"]] {
        let ran = untouched(&repo, 3, args).says("a.py has uncommitted changes");
        assert!(ran.stdout.contains("b/b.py") && !ran.stdout.contains("b/a.py"), "{}", ran.stdout);
    }
    let ran = untouched(&repo, 3, &["check"]).says("a.py has uncommitted changes");
    assert!(ran.stdout.contains("phase 1 (P0), First      2        1"), "{}", ran.stdout);
}
