//! Kills by SIGKILL at every fault point of a run, a resumed run and a rollback, and from outside at any time; `MIGRATE_FULL=1`
//! tries every point and every pair of points, else a spread of them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{MIGRATE, Ran, Repo, plan};

const OLD: &str = "from old import f\nf(1)\n";
const NEW: &str = "from new import g\ng(1)\n";

/// True when everything is to be tried, however long it takes.
pub fn full() -> bool {
    std::env::var_os("MIGRATE_FULL").is_some_and(|value| value != "0")
}

/// A repository, the command that is killed in it, and how it ends when it is not.
pub struct Scenario {
    pub template: Repo,
    pub args: &'static [&'static str],
    /// The text of each file that changes: every one that it may have.
    legal: BTreeMap<&'static str, Vec<Vec<u8>>>,
    pub exit: i32,
    whole: BTreeMap<String, Vec<u8>>,
    points: Vec<String>,
}

/// Everything of a repository that must not depend on how often a run was killed.
pub fn outcome(repo: &Repo) -> BTreeMap<String, Vec<u8>> {
    let mut outcome = repo.state();
    outcome.retain(|name, _| !name.contains("--debug"));
    for args in [
        &["log", "--format=%H %T %P%n%an %cn%n%B", "HEAD"][..],
        &["status", "--porcelain", "--untracked-files=all"],
        &["ls-files", "--stage"],
        &["write-tree"],
    ] {
        outcome.insert(format!("git {args:?}"), repo.git(args).into_bytes());
    }
    outcome
}

fn differing(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> String {
    let names = one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name));
    let show = |state: &BTreeMap<String, Vec<u8>>, name: &String| {
        state.get(name).map_or("nothing".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    names.map(|name| format!("{name}:\n  is\n{}\n  should be\n{}\n", show(one, name), show(other, name))).collect()
}

/// What the tool or git left aside in the work tree, or as a lock.
fn left_over(repo: &Repo) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![repo.top()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name().into_string().unwrap())).unwrap();
            if name.starts_with(".migrate-") || name.ends_with(".lock") || name == "index.new" {
                found.push(path.strip_prefix(repo.top()).unwrap().display().to_string());
            }
            if path.is_dir() && name != "objects" {
                folders.push(path);
            }
        }
    }
    found
}

impl Scenario {
    pub fn new(template: Repo, args: &'static [&'static str], legal: BTreeMap<&'static str, Vec<Vec<u8>>>) -> Self {
        let repo = template.copy();
        let trace = repo.home().join("trace");
        let ran = Ran::of(repo.command(MIGRATE).args(args).env("MIGRATE_FAULT_TRACE", &trace).output().unwrap());
        let exit = ran.code.unwrap_or_else(|| panic!("an unbroken run dies: {ran:?}"));
        assert_eq!(left_over(&repo), Vec::<String>::new());
        let points = std::fs::read_to_string(trace).unwrap_or_default().lines().map(str::to_owned).collect();
        Self { template, args, legal, exit, whole: outcome(&repo), points }
    }

    /// Runs it to be killed at the `nth` point; false when it came to its end before.
    pub fn killed(&self, repo: &Repo, nth: usize) -> bool {
        self.was_killed(repo.command(MIGRATE).args(self.args).env("MIGRATE_KILL_AT", nth.to_string()))
    }

    /// A copy in which a run was killed at the `nth` of the points called `name`.
    pub fn killed_where(&self, name: &str, nth: usize) -> Repo {
        let mut named = (1..=self.points.len()).filter(|at| self.name(*at).ends_with(name));
        let (repo, at) = (self.template.copy(), named.nth(nth - 1).unwrap());
        assert!(self.killed(&repo, at));
        repo
    }

    /// Runs `command`; false when it was not killed and came to its right end.
    pub fn was_killed(&self, command: &mut Command) -> bool {
        let ran = Ran::of(command.output().unwrap());
        match ran.signal {
            Some(9) => true,
            None if ran.code == Some(self.exit) => false,
            _ => panic!("to be killed, it ended otherwise: {ran:?}"),
        }
    }

    /// Asserts that what a kill left is one of the states that the protocol knows.
    pub fn is_legal(&self, repo: &Repo, at: &str) {
        let fsck = repo.command("git").args(["fsck", "--strict", "--no-dangling", "--no-progress"]).output().unwrap();
        let said = String::from_utf8_lossy(&fsck.stderr).into_owned() + &String::from_utf8_lossy(&fsck.stdout);
        assert!(fsck.status.success() && said.is_empty(), "{at}: git fsck says {said}");
        let may_come_and_go = |path: &str| self.legal.get(path).is_some_and(|texts| texts.iter().any(Vec::is_empty));
        for (file, texts) in &self.legal {
            // No file is told as an empty one.
            let found = std::fs::read(repo.top().join(file)).unwrap_or_default();
            assert!(texts.contains(&found), "{at}: {file} is neither old nor new");
        }
        for line in repo.git(&["status", "--porcelain", "--no-renames", "--untracked-files=all"]).lines() {
            let (state, path) = (&line[..2], &line[3..]);
            let known = match state {
                " M" | "M " => self.legal.contains_key(path) || path == "staged.txt" || path == "edited.txt",
                "MM" => path == "both.txt",
                " D" | "D " | "A " | " A" | "AD" => may_come_and_go(path),
                "??" if may_come_and_go(path) => true,
                "??" => path.rsplit('/').next().is_some_and(|name| name.starts_with(".migrate-")),
                _ => false,
            };
            assert!(known, "{at}: git status says {line:?}");
        }
        for file in left_over(repo) {
            let name = file.rsplit('/').next().unwrap_or_default();
            let ours = name.starts_with(".migrate-")
                || ["index.lock", "index.new", "main.lock", "files.lock", "commit.lock"].contains(&name);
            assert!(ours, "{at}: {file} is left");
        }
        Ran::of(repo.command(MIGRATE).arg("status").output().unwrap()).succeeds();
    }

    /// Asserts that one more run ends as the unbroken one did.
    #[track_caller]
    pub fn ends_as_whole(&self, repo: &Repo, at: &str) {
        let ran = Ran::of(repo.command(MIGRATE).args(self.args).output().unwrap());
        assert_eq!(ran.code, Some(self.exit), "{at}: the run after it: {ran:?}");
        let now = outcome(repo);
        assert!(now == self.whole, "{at}: not as unbroken:\n{}", differing(&now, &self.whole));
        assert_eq!(left_over(repo), Vec::<String>::new(), "{at}");
    }

    /// The points that differ for who is killed there: what is written survives us, synced or not.
    pub fn distinct(&self) -> Vec<usize> {
        let all = 1..=self.points.len();
        let next_is_its_sync = |nth: usize| self.points.get(nth).is_some_and(|next| next.ends_with("journal: synced"));
        all.filter(|nth| full() || !next_is_its_sync(*nth)).collect()
    }

    /// All of these, or, unless everything is asked for, of each kind the one that is met first, and each of the rest that is `every`-th.
    pub fn spread(&self, every: usize) -> Vec<usize> {
        let kind = |nth: usize| self.points[nth - 1].split_once(' ').unwrap().1;
        let mut kinds = BTreeSet::new();
        self.distinct().into_iter().filter(|nth| kinds.insert(kind(*nth)) || full() || nth % every == 1).collect()
    }

    pub fn name(&self, nth: usize) -> String {
        self.points.get(nth - 1).cloned().unwrap_or_else(|| format!("{nth} (beyond the last)"))
    }
}

/// Does `work` for each number, side by side, and fails once all are done if any failed.
pub fn side_by_side(numbers: &[usize], work: impl Fn(usize) + Sync) {
    assert!(!numbers.is_empty(), "there is nothing to try: fault points are in debug builds only");
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let hands = std::thread::available_parallelism().map_or(2, usize::from).clamp(4, 8);
    std::thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(*number))).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), 0, "of {} failed, as said above", numbers.len());
}

/// Two phases with every way in which a unit can end, judged in the tree or in copies of it, and a user with changes of their own.
fn every_ending(in_place: bool) -> Scenario {
    let crlf = OLD.replace('\n', "\r\n");
    let repo = Repo::with(&[
        ("a.py", OLD),
        ("deep/er/b.py", &crlf),
        ("c.py", "x = 1\n"),
        ("d.py", OLD),
        ("e.py", OLD),
        ("f.py", OLD),
        ("staged.txt", "one\n"),
        ("edited.txt", "one\n"),
    ]);
    repo.write(
        "plans/p.yaml",
        plan(concat!(
            "  - id: P0\n    gate: { run: [[test, -f, a.py]] }\n    files:\n",
            "      - { path: a.py, rules: [f], validate: [[grep, -q, new, a.py]] }\n",
            "      - { path: deep/er/b.py, rules: [f], validate: [[test, -f, '{file}']], verify: [['true']] }\n",
            "      - { path: c.py, rules: [f] }\n",
            "  - id: P1\n    on_failure: quarantine\n    files:\n",
            "      - { path: d.py, rules: [f], validate: ['! grep -q new {file}'] }\n",
            "      - { path: e.py, rules: [f], verify: ['! grep -q new {file}'] }\n",
            "      - { path: f.py, rules: [f, more], verify: [['true']] }\n",
        ))
        .replace("phases:", "  more: { command: { run: \"printf '# more\\n' >> {file}\" } }\nphases:"),
    );
    repo.commit_all("plan");
    let repo = repo.env("MIGRATE_IN_PLACE", if in_place { "1" } else { "0" });
    repo.write("staged.txt", "two\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("edited.txt", "two\n");
    let texts = |all: &[&str]| all.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    let legal = BTreeMap::from([
        ("a.py", texts(&[OLD, NEW])),
        ("deep/er/b.py", texts(&[&crlf, &NEW.replace('\n', "\r\n")])),
        ("c.py", texts(&["x = 1\n"])),
        ("d.py", texts(&[OLD, NEW])),
        ("e.py", texts(&[OLD, NEW])),
        ("f.py", texts(&[OLD, NEW, &format!("{NEW}# more\n")])),
    ]);
    Scenario::new(repo, &["run", "--allow-dirty"], legal)
}

#[test]
fn a_run_killed_at_any_point_and_started_again_ends_like_an_unbroken_one() {
    let scenario = every_ending(true);
    assert_eq!(scenario.exit, 1, "two units fail");
    side_by_side(&scenario.spread(4), |nth| {
        let (repo, at) = (scenario.template.copy(), scenario.name(nth));
        assert!(scenario.killed(&repo, nth), "{at} was not reached");
        scenario.is_legal(&repo, &at);
        scenario.ends_as_whole(&repo, &at);
    });
    assert!(!scenario.killed(&scenario.template.copy(), scenario.points.len() + 1), "a run has more points than its trace");
}

#[test]
fn a_run_in_copies_killed_at_any_point_and_again_ends_like_an_unbroken_one() {
    let (scenario, place) = (every_ending(false), every_ending(true));
    let commits = |scenario: &Scenario| {
        let log = scenario.whole.iter().find(|(name, _)| name.contains("\"log\"")).map(|(_, log)| log.clone());
        String::from_utf8(log.unwrap()).unwrap()
    };
    assert_eq!(commits(&scenario), commits(&place), "it ends in the commits of a run in the tree");
    let distinct = scenario.distinct();
    let few: Vec<usize> = distinct.iter().copied().filter(|nth| full() || nth % 6 == 1).collect();
    side_by_side(&few, |nth| {
        let (repo, at) = (scenario.template.copy(), scenario.name(nth));
        assert!(scenario.killed(&repo, nth), "{at} was not reached");
        scenario.is_legal(&repo, &at);
        if scenario.killed(&repo, 3 + nth % 5) {
            scenario.is_legal(&repo, &at);
        }
        scenario.ends_as_whole(&repo, &at);
        let scratch = std::fs::read_dir(repo.home().join(".cache/migrate")).unwrap();
        let left: Vec<_> = scratch.map(|entry| entry.unwrap().file_name()).filter(|name| name != "lock").collect();
        assert!(left.is_empty(), "{at}: {left:?} is left of copies");
    });
}

#[test]
fn a_resumed_run_killed_again_still_ends_like_an_unbroken_one() {
    let scenario = every_ending(true);
    // Each kind of point once, where it is met first; all of them when everything is asked for.
    let kind = |nth: usize| scenario.points[nth - 1].split_once(' ').unwrap().1.to_owned();
    let mut kinds = BTreeMap::new();
    for nth in (1..=scenario.points.len()).rev() {
        kinds.insert(kind(nth), nth);
    }
    let first: Vec<usize> = if full() { (1..=scenario.points.len()).collect() } else { kinds.into_values().collect() };
    side_by_side(&first, |nth| {
        let killed = scenario.template.copy();
        assert!(scenario.killed(&killed, nth));
        let again = if full() { (1..=25).collect() } else { vec![[4, 7, 5, 8][nth % 4]] };
        for second in again {
            let (repo, at) = (killed.copy(), format!("{} and then at {second}", scenario.name(nth)));
            if !scenario.killed(&repo, second) {
                break;
            }
            scenario.is_legal(&repo, &at);
            scenario.ends_as_whole(&repo, &at);
        }
    });
}

/// Two files, each with its commit, in a repository that knows nothing yet of a plan's run.
fn two_files(validate: &str) -> (Repo, BTreeMap<&'static str, Vec<Vec<u8>>>) {
    let repo = Repo::with(&[("a.py", OLD), ("deep/b.py", OLD)]);
    let file = |path: &str| format!("      - {{ path: {path}, validate: [{validate}] }}\n");
    repo.write("plans/p.yaml", plan(&format!("  - id: P0\n    files:\n{}{}", file("a.py"), file("deep/b.py"))));
    repo.commit_all("plan");
    let both = || vec![OLD.as_bytes().to_vec(), NEW.as_bytes().to_vec()];
    (repo, BTreeMap::from([("a.py", both()), ("deep/b.py", both())]))
}

/// One short run, for loops that kill it very often.
pub fn short_run() -> Scenario {
    let (repo, legal) = two_files("[test, -f, '{file}']");
    Scenario::new(repo, &["run"], legal)
}

/// Five commits of four files, one of which git converts and one of which was migrated twice, with an edit in between.
fn taken_back_together() -> Scenario {
    let long = format!("{OLD}# a\n# b\n# c\n# d\n");
    let repo = Repo::with(&[("a.py", &long), ("deep/b.py", OLD), ("deep/er/c.py", OLD), ("d.py", OLD), ("staged.txt", "one\n")]);
    repo.write(".gitattributes", "d.py text eol=crlf\n");
    repo.write("d.py", OLD.replace('\n', "\r\n"));
    let files = "  - id: P0\n    files: [a.py, deep/b.py, deep/er/c.py, d.py]\n";
    repo.write("plans/p.yaml", plan(files).replace("phases:", "verify: [['true']]\nphases:"));
    repo.commit_all("plan");
    repo.migrate(&["run"]).succeeds();
    repo.write("a.py", [repo.read("a.py"), OLD.replace('1', "2").into_bytes()].concat());
    repo.commit_all("more of it");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.subjects().len(), 8, "{:?}", repo.subjects());
    repo.write("staged.txt", "two\n");
    repo.git(&["add", "staged.txt"]);
    let after = repo.copy();
    after.migrate(&["rollback", "--all"]).succeeds();
    let both = |name| (name, vec![repo.read(name), after.read(name)]);
    let legal = BTreeMap::from(["a.py", "deep/b.py", "deep/er/c.py", "d.py"].map(both));
    assert!(legal.values().all(|texts| texts[0] != texts[1]), "{legal:?}");
    assert_eq!(after.read("d.py"), OLD.replace('\n', "\r\n").as_bytes());
    Scenario::new(repo, &["rollback", "--all"], legal)
}

#[test]
fn a_rollback_of_many_killed_at_any_point_and_again_ends_like_an_unbroken_one() {
    let scenario = taken_back_together();
    let synced = scenario.points.iter().filter(|point| point.ends_with("journal: synced")).count();
    assert_eq!(synced, 2, "all of them are one announcement and one commit point: {:?}", scenario.points);
    side_by_side(&scenario.spread(3), |nth| {
        let (repo, at) = (scenario.template.copy(), scenario.name(nth));
        assert!(scenario.killed(&repo, nth), "{at} was not reached");
        scenario.is_legal(&repo, &at);
        let landed = repo.subjects().iter().filter(|subject| subject.starts_with("Revert")).count();
        assert!(landed == 0 || landed == 5, "{at}: {landed} of 5 are back");
        for second in if full() { (1..=12).collect() } else { vec![2 + nth % 7] } {
            let (again, at) = (repo.copy(), format!("{at} and then at {second}"));
            if scenario.killed(&again, second) {
                scenario.is_legal(&again, &at);
            }
            scenario.ends_as_whole(&again, &at);
        }
    });
}

#[test]
fn of_many_that_were_all_but_taken_back_one_that_somebody_put_back_by_hand_keeps_none_from_starting_again() {
    let scenario = taken_back_together();
    let before = scenario.template.read("deep/b.py");
    for point in ["land: index done", "index: locked"] {
        let repo = scenario.killed_where(point, 1);
        assert_ne!(repo.read("deep/b.py"), before, "{point}");
        repo.write("deep/b.py", &before);
        scenario.ends_as_whole(&repo, point);
    }
}

/// The same, at the system calls by which something of it can be left half done.
pub fn short_rollback() -> Scenario {
    let (repo, legal) = two_files("['true']");
    repo.migrate(&["run"]).succeeds();
    Scenario::new(repo, &["rollback", "--all"], legal)
}

#[test]
fn a_rollback_killed_at_any_point_and_started_again_ends_like_an_unbroken_one() {
    let (repo, mut legal) = two_files("['true']");
    repo.migrate(&["run"]).succeeds();
    legal.remove("deep/b.py");
    let scenario = Scenario::new(repo, &["rollback", "a.py"], legal);
    assert_eq!(scenario.exit, 0);
    side_by_side(&scenario.spread(3), |nth| {
        let (repo, at) = (scenario.template.copy(), scenario.name(nth));
        assert!(scenario.killed(&repo, nth), "{at} was not reached");
        scenario.is_legal(&repo, &at);
        scenario.ends_as_whole(&repo, &at);
    });
}

#[test]
fn a_run_killed_from_outside_at_any_time_ends_like_an_unbroken_one() {
    let (repo, legal) = two_files("\"sleep 0.05 && test -f {file}\"");
    let started = Instant::now();
    let scenario = Scenario::new(repo, &["run"], legal);
    let whole = started.elapsed();
    let tries: Vec<usize> = (0..if full() { 300 } else { 8 }).collect();
    side_by_side(&tries, |nth| {
        let repo = scenario.template.copy();
        let mut at = String::from("killed after");
        for again in 0..3 {
            // Spread over the run's length without a pattern that steps could follow.
            let share = ((nth * 3 + again) * 7919 + 13) % 1000;
            let after = whole.mul_f64(share as f64 / 1000.0) + Duration::from_millis(1);
            at.push_str(&format!(" {after:?}"));
            let mut run = repo.command(MIGRATE).args(scenario.args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(after);
            run.kill().unwrap();
            run.wait().unwrap();
            scenario.is_legal(&repo, &at);
        }
        scenario.ends_as_whole(&repo, &at);
    });
}
