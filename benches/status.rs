//! `migrate status` on a history of 10,000 commits of which 1,000 are the tool's own.
//!
//! ```text
//! cargo bench --bench status                   seven times each
//! cargo bench --bench status -- --full         25 times each
//! ```
//!
//! The messages are those that the library writes. The history is measured as a clone has it, all in one pack, and with its newest
//! 1,000 commits loose, as right after a run; taking turns with `git log` printing the trailers of the same history.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod support;

use std::fmt::Write as _;

use migrate::compose::{self, Rewritten};
use migrate::message::changes::ImportsChanged;
use migrate::path::RepoPath;
use migrate::plan::Plan;
use migrate::plan::digest::digest;
use migrate::plan::load::load;
use migrate::unit_id::UnitId;
use migrate::units::Member;
use support::{Figures, Repo, Scale, millis, path, plan, timed};

const COMMITS: usize = 10_000;
/// Every tenth commit is the tool's own.
const OURS: usize = 1_000;

fn main() {
    let times = Scale::asked().pick(1, 7, 25);
    println!("a history of {COMMITS} commits, {OURS} of them our own; median (least to greatest) of {times}, in ms\n");
    println!("{:<20} | {:<22} | {:<22} | git log", "history", "status", "status of a glob plan");
    let packed = packed();
    let loose = newest_loose(&packed);
    for (name, repo) in [("one pack", &packed), ("newest 1,000 loose", &loose)] {
        let by_path = repo.write_beside("plan.yaml", &by_path());
        let by_glob = repo.write_beside("glob.yaml", &by_glob());
        let [mut status, mut globbed, mut log] = [(); 3].map(|()| Figures::default());
        for _ in 0..times {
            status.push(millis(timed(&mut repo.migrate(&by_path, "status"))));
            globbed.push(millis(timed(&mut repo.migrate(&by_glob, "status"))));
            log.push(millis(timed(repo.command("git").args(["log", "--format=%H %(trailers:only,unfold)"]))));
        }
        println!("{name:<20} | {:<22} | {:<22} | {}", status.spread(), globbed.spread(), log.spread());
    }
}

fn by_path() -> String {
    plan("bench", &(0..OURS).collect::<Vec<_>>())
}

/// The same rule for whatever file holds something to do; its name is another, so that it has no commits of its own. That nothing is
/// left for the rule is meant.
fn by_glob() -> String {
    let listed = plan("glob", &[]).replace("{ rename:", "{ may_match_nothing: true, rename:");
    format!("{listed}      - glob: \"src/**/*.py\"\n")
}

/// The history, written by `git fast-import`: the first commit holds the files, each of ours changes one of them, all others a note.
fn packed() -> Repo {
    let repo = Repo::empty();
    let file = repo.write_beside("plan.yaml", &by_path());
    let plan = load(&file).expect("a plan that the benchmark wrote");
    let digest = digest(&plan);
    let mut stream = String::new();
    for at in 0..COMMITS {
        let nth = at / 10;
        let (message, name, text) = match at % 10 {
            9 => (ours(&plan, &digest, nth), path(nth), after(nth)),
            _ => (theirs(at), format!("notes/{:02}.txt", at % 97), format!("note {at}\n")),
        };
        write!(
            stream,
            "commit refs/heads/main\ncommitter B <b@example.com> {} +0000\ndata {}\n{message}\n",
            1_700_000_000 + at,
            message.len()
        )
        .expect("a String takes all");
        if at == 0 {
            for nth in 0..OURS {
                let text = before(nth);
                write!(stream, "M 100644 inline {}\ndata {}\n{text}\n", path(nth), text.len()).expect("a String takes all");
            }
        }
        write!(stream, "M 100644 inline {name}\ndata {}\n{text}\n\n", text.len()).expect("a String takes all");
    }
    repo.import(stream.as_bytes());
    repo.check_out();
    repo
}

/// A clone that got its newest 1,000 commits one by one.
fn newest_loose(packed: &Repo) -> Repo {
    let repo = Repo::empty();
    let from = packed.top();
    let from = from.to_str().expect("a folder for temporary files has a plain name");
    packed.git(&["branch", "-f", "older", "main~1000"]);
    repo.git(&["-c", "fetch.unpackLimit=1", "fetch", "-q", from, "older"]);
    repo.git(&["-c", "fetch.unpackLimit=1000000", "fetch", "-q", from, "main"]);
    repo.git(&["update-ref", "refs/heads/main", "FETCH_HEAD"]);
    repo.check_out();
    repo
}

fn ours(plan: &Plan, digest: &str, nth: usize) -> String {
    let unit = Member { phase: 0, target: nth, path: RepoPath::new(path(nth)).expect("a plain path") };
    let validated = [format!("python3 -m py_compile {}", path(nth))];
    let (before, after) = (before(nth), after(nth));
    let imports = ImportsChanged::default();
    let rules = ["fetch".to_owned()];
    let (before, after) = (Some(before.as_bytes()), Some(after.as_bytes()));
    let rewritten = Rewritten { file: &unit, before, after, imports: &imports, rules: &rules };
    let id = UnitId::of_file(&unit.path);
    compose::commit(plan, digest, (&id, &[]), &[rewritten], &validated, (false, None)).expect("a plan without a template").message
}

fn theirs(at: usize) -> String {
    format!(
        "Keep the note of day {at}\n\nThe note of the day before said too little, so this one says where it was found and who wrote\n\
         it down, and what remains to be asked.\n\nSigned-off-by: B <b@example.com>\n"
    )
}

fn before(nth: usize) -> String {
    format!("from legacy.client import fetch\n\n\ndef load(key):\n    return fetch(key, {nth})\n")
}

fn after(nth: usize) -> String {
    format!("from modern.client import retrieve\n\n\ndef load(key):\n    return retrieve(key, {nth})\n")
}
