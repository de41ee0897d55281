//! The engine on published code beside ripgrep, ast-grep and LibCST: one import-and-call rename, paired in one run.
//!
//! ```text
//! cargo bench --bench engine                   three pairs over celery, 158 files
//! cargo bench --bench engine -- --full         three pairs over 11,113 files, 129 MB, LibCST once
//! ```
//!
//! All come from the package index by pip, pinned, into the target folder; where they cannot be had the reason is printed. A scan is
//! `migrate scan --symbol` of a repository's tracked files for the old name, and that of a plan, which also tells what the rule would
//! leave; ast-grep's is of the tree, then of the files in which ripgrep finds the word. A rewrite is `migrate diff` of the files with
//! the word, all guards run; LibCST's is its `RenameCommand` on the same files. ast-grep has the two rules that people write: the
//! import and the call. Then the results are judged by CPython and pyflakes: what each broke, and which imports it moved to another
//! scope or branch. Ours may break nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/it/flaws.rs"]
mod flaws;
#[path = "../tests/it/index.rs"]
mod index;
#[path = "support/peak.rs"]
mod peak;
#[allow(dead_code, reason = "not all benchmarks import a made history")]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use flaws::Judged;
use index::Wheel;
use migrate::plan::Rename;
use migrate::program::naming::module_name;
use migrate::rewrite::{Step, rewritten};
use peak::watched;
use support::{Figures, MIGRATE, Repo, Scale, millis, timed};

const PEERS: &[&str] = &["ast-grep-cli==0.51.1", "libcst==1.9.0", "ripgrep==14.1.0"];

/// A code base and what is renamed in it.
struct Work {
    wheels: &'static [Wheel],
    renames: &'static [(&'static str, &'static str)],
}

const SMALL: Work = Work {
    wheels: &[Wheel {
        pin: "celery==5.4.0",
        file: "celery-5.4.0-py3-none-any.whl",
        sha256: "369631eb580cf8c51a82721ec538684994f8277637edde2dfc0dacd73ed97f64",
    }],
    renames: &[("celery.utils.functional.maybe_list", "celery.utils.lists.as_list")],
};

const LARGE: Work = Work {
    wheels: &[
        Wheel {
            pin: "homeassistant==2023.12.0",
            file: "homeassistant-2023.12.0-py3-none-any.whl",
            sha256: "f1e9a564e2521b5f79426b5d30507626b5619b66487f10ab328d653150ae47d7",
        },
        Wheel {
            pin: "transformers==4.46.3",
            file: "transformers-4.46.3-py3-none-any.whl",
            sha256: "a12ef6f52841fd190a3e5602145b542d03507222f2c64ebb7ee92e8788093aef",
        },
        Wheel {
            pin: "sympy==1.13.3",
            file: "sympy-1.13.3-py3-none-any.whl",
            sha256: "54612cf55a62755ee71824ce692986f23c88ffa77207b30c1368eda4a7060f73",
        },
        Wheel {
            pin: "kubernetes==31.0.0",
            file: "kubernetes-31.0.0-py2.py3-none-any.whl",
            sha256: "bf141e2d380c8520eada8b351f4e319ffee9636328c137aa432bc486ca1200e1",
        },
        Wheel {
            pin: "twilio==9.4.1",
            file: "twilio-9.4.1-py2.py3-none-any.whl",
            sha256: "2447e041cec11167d7765aaa62ab1dae3b82b712245ca9a966096acd8b9f426f",
        },
    ],
    // One is mostly imported among others, from its module or with it; the other often inside functions.
    renames: &[
        ("homeassistant.helpers.issue_registry.async_create_issue", "homeassistant.helpers.issues.raise_issue"),
        ("sympy.concrete.summations.Sum", "sympy.concrete.sums.Summation"),
    ],
};

fn main() {
    let (work, pairs) = Scale::asked().pick((SMALL, 1), (SMALL, 3), (LARGE, 3));
    let Some(programs) = index::installed(PEERS) else { return };
    let repo = Repo::empty();
    for wheel in work.wheels {
        let Some(()) = wheel.unpack(&repo.top()) else { return };
    }
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "-q", "-m", "As published"]);
    repo.check_out();
    let bytes: u64 = paths(&repo, "*.py").iter().map(|path| repo.top().join(path).metadata().map_or(0, |of| of.len())).sum();
    println!(
        "{} Python files, {} MB; median (least to greatest) of {} pairs",
        paths(&repo, "*.py").len(),
        bytes / 1_000_000,
        pairs
    );
    for (from, to) in work.renames {
        let mut bench = Bench::new(&repo, &programs, from, to);
        println!("\n{from} -> {to}: {} files hold the word\n", bench.files.len());
        bench.scans(pairs);
        bench.rewrites(pairs);
    }
}

/// One rename in one repository.
struct Bench<'a> {
    repo: &'a Repo,
    programs: &'a Path,
    from: &'a str,
    to: &'a str,
    plan: PathBuf,
    /// The plan with these files alone, as LibCST is given them.
    listed: PathBuf,
    rules: PathBuf,
    /// Those with the word.
    files: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(repo: &'a Repo, programs: &'a Path, from: &'a str, to: &'a str) -> Self {
        let (module, name) = split(from);
        let (new_module, new_name) = split(to);
        let everywhere = format!(
            "version: 1\nname: engine\nissue: \"#1\"\nrules:\n  moved: {{ rename: {{ from: {from}, to: {to} }} }}\n\
             phases:\n  - id: P0\n    files: [{{ glob: \"**/*.py\" }}]\n"
        );
        let rules = format!(
            "id: import\nlanguage: python\nrule: {{ pattern: \"from {module} import {name}\" }}\nfix: \"from {new_module} import {new_name}\"\n\
             ---\nid: call\nlanguage: python\nrule: {{ pattern: \"{name}($$$ARGS)\" }}\nfix: \"{new_name}($$$ARGS)\"\n"
        );
        let (plan, rules) = (repo.write_beside("engine.yaml", &everywhere), repo.write_beside("rules.yml", &rules));
        let found = repo.command("git").args(["grep", "-lw", name, "--", "*.py"]).output().expect("git on PATH").stdout;
        let files: Vec<String> = String::from_utf8_lossy(&found).lines().map(str::to_owned).collect();
        let listed = everywhere.replace("{ glob: \"**/*.py\" }", &format!("{{ paths: {files:?} }}"));
        let listed = repo.write_beside("listed.yaml", &listed);
        Self { repo, programs, from, to, plan, listed, rules, files }
    }

    /// Time and memory of looking for the old name.
    fn scans(&mut self, pairs: usize) {
        let word = split(self.from).1;
        let (rg, ast_grep) = (self.programs.join("rg"), self.programs.join("ast-grep"));
        let listed = format!("{} -lw -t py {word}", rg.display());
        let scan = format!("{} scan -r {}", ast_grep.display(), self.rules.display());
        let [mut ours, mut planned, mut tree, mut handed, mut list] = [(); 5].map(|()| Figures::default());
        let (mut our_peak, mut their_peak) = (0.0_f64, 0.0_f64);
        for pair in 0..=pairs {
            let (taken, peak) = watched(self.repo.command(MIGRATE).args(["scan", "--symbol", self.from]));
            let (by_plan, peak_by_plan) = watched(&mut self.repo.migrate(&self.plan, "scan"));
            let xargs = millis(timed(self.repo.command("sh").args(["-c", &format!("{listed} | xargs {scan}")])));
            let listing = millis(timed(self.repo.command("sh").args(["-c", &listed])));
            if pair == 0 {
                // The first time fills the caches of the disk.
                continue;
            }
            let (whole, their) = watched(self.repo.command("sh").args(["-c", &format!("exec {scan} .")]));
            ours.push(millis(taken));
            planned.push(millis(by_plan));
            tree.push(millis(whole));
            handed.push(xargs);
            list.push(listing);
            our_peak = our_peak.max(peak).max(peak_by_plan);
            their_peak = their_peak.max(their);
        }
        row("scan, in ms", "", "times ours");
        row("migrate scan --symbol", &ours.spread(), "1");
        row("migrate scan of the plan", &planned.spread(), &format!("{:.2}", planned.median() / ours.median()));
        row("ast-grep scan of the tree", &tree.spread(), &format!("{:.1}", tree.median() / ours.median()));
        row("rg -l WORD | xargs ast-grep", &handed.spread(), &format!("{:.2}", handed.median() / ours.median()));
        row("rg -l WORD", &list.spread(), &format!("{:.2}", list.median() / ours.median()));
        row("peak MB, migrate scan", &format!("{our_peak:.0}"), "1");
        row("peak MB, ast-grep", &format!("{their_peak:.0}"), &format!("{:.2}", their_peak / our_peak));
        println!();
    }

    /// Time of changing all files that hold it, and what became of them.
    fn rewrites(&mut self, pairs: usize) {
        let mut ours = Figures::default();
        for _ in 0..pairs {
            ours.push(millis(timed(&mut self.repo.migrate(&self.listed, "diff"))));
        }
        let (module, name) = split(self.to);
        let libcst = self.copy();
        let mut codemod = self.repo.command("sh");
        codemod.current_dir(libcst.path()).args(["-c", "exec \"$0\" \"$@\""]).arg(self.programs.join("python3"));
        codemod.args(["-m", "libcst.tool", "codemod", "--no-format", "--hide-progress", "rename.RenameCommand"]);
        codemod.arg(format!("--old_name={}", self.from)).arg(format!("--new_name={module}:{name}")).args(&self.files);
        // It may fail on some of the files, and says so by its exit code: what it left shows below.
        let started = Instant::now();
        let ended = codemod.output().expect("the program was installed");
        let taken = millis(started.elapsed());
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            let failed = said.lines().filter(|line| line.starts_with("Failed to codemod ")).count();
            println!("LibCST failed on {failed} files\n");
        }
        let ast_grep = self.copy();
        let mut fix = self.repo.command("sh");
        fix.current_dir(ast_grep.path()).args(["-c", "exec \"$0\" \"$@\""]).arg(self.programs.join("ast-grep"));
        let fixed = millis(timed(fix.args(["scan", "--update-all", "-r"]).arg(&self.rules).arg(".")));
        row("rewrite, in ms", "", "times ours");
        row("migrate diff", &ours.spread(), "1");
        row("LibCST RenameCommand", &format!("{taken:.0} once"), &format!("{:.1}", taken / ours.median()));
        row("ast-grep --update-all, these files", &format!("{fixed:.0} once"), &format!("{:.2}", fixed / ours.median()));
        println!(
            "\n{:<36} | changed | {:<9} | {:<9} | {:<9} | {:<9}",
            "files of the rewrite", "broken", "unbound", "moved", "unused"
        );
        assert_eq!(self.judge("migrate", self.rewritten().path()), [0, 0, 0, 0], "the tool broke something");
        self.judge("LibCST", libcst.path());
        self.judge("ast-grep", ast_grep.path());
    }

    /// A copy of the files with the word, in folders as they are.
    fn copy(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        for file in &self.files {
            let to = folder.path().join(file);
            std::fs::create_dir_all(to.parent().expect("it is below the folder")).expect("a folder in a new folder");
            std::fs::copy(self.repo.top().join(file), to).expect("a tracked file");
        }
        folder
    }

    /// The same, changed by the tool.
    fn rewritten(&self) -> tempfile::TempDir {
        let folder = self.copy();
        let rename = Rename { from: self.from.to_owned(), to: self.to.to_owned(), ..Rename::default() };
        let exists = |path: &[u8]| std::str::from_utf8(path).is_ok_and(|path| self.repo.top().join(path).exists());
        for file in &self.files {
            let path = folder.path().join(file);
            let bytes = std::fs::read(&path).expect("a file of the copy");
            let module = module_name(file.as_bytes(), &String::from_utf8_lossy(&bytes), exists);
            match rewritten(&bytes, module.as_deref(), &[Step::Rename(&rename)]) {
                Ok(changed) => std::fs::write(&path, changed).expect("a file of the copy"),
                Err(error) => println!("left: {file}:{}: {error}", error.line),
            }
        }
        folder
    }

    /// Counts the files that changed and those with each kind of flaw.
    fn judge(&self, who: &str, after: &Path) -> [usize; 4] {
        let top = self.repo.top();
        let differs = |file: &&String| std::fs::read(top.join(file)).ok() != std::fs::read(after.join(file)).ok();
        let changed = self.files.iter().filter(differs).count();
        let Some(found) = flaws::flaws(&[Judged { before: &top, after, from: self.from, to: self.to }]) else { return [0; 4] };
        let count = |kind: &str| {
            let of = |line: &String| line.split('\t').nth(usize::from(line.starts_with(kind))).map(str::to_owned);
            found.iter().filter(|line| line.starts_with(kind)).filter_map(of).collect::<BTreeSet<_>>().len()
        };
        let counts = ["syntax", "unbound", "moved", "unused"].map(count);
        let [broken, unbound, moved, unused] = counts;
        println!("{who:<36} | {changed:<7} | {broken:<9} | {unbound:<9} | {moved:<9} | {unused:<9}");
        counts
    }
}

fn row(what: &str, figure: &str, times: &str) {
    println!("{what:<36} | {figure:<30} | {times}");
}

fn split(dotted: &str) -> (&str, &str) {
    dotted.rsplit_once('.').expect("a dotted name")
}

/// The tracked files that fit a pattern.
fn paths(repo: &Repo, pattern: &str) -> Vec<String> {
    let listed = Command::output(repo.command("git").args(["ls-files", "--", pattern])).expect("git on PATH").stdout;
    String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect()
}
