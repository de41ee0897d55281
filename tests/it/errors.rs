use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use migrate::journal::{Journal, Record};

use crate::crash::{full, outcome, side_by_side};
use crate::kit::{NEW, OLD, one, repo};
use crate::support::{MIGRATE, Ran, Repo};

/// The calls that are made to fail, by what they do.
const CALLS: [&str; 6] = [
    "write,pwrite64,writev",
    "fsync,fdatasync",
    "?rename,?renameat,renameat2",
    "?link,linkat",
    "?open,openat,openat2",
    "?mkdir,mkdirat",
];

/// How they fail, and what the system calls it.
const ERRORS: [(&str, &str); 6] = [
    ("ENOSPC", "No space left on device"),
    ("EIO", "Input/output error"),
    ("EMFILE", "Too many open files"),
    ("EACCES", "Permission denied"),
    ("EROFS", "Read-only file system"),
    ("EINTR", "Interrupted system call"),
];

/// What the help says of those that a person can cure, by what the system calls them.
const CURES: [(&str, &str); 4] = [
    ("No space left on device", "help: make room on the disk"),
    ("Too many open files", "help: the limit of open files is reached (`ulimit -n`"),
    ("Read-only file system", "help: mount the file system"),
    ("Resource temporarily unavailable", "help: the limit of processes or threads is reached (`ulimit -u`"),
];

/// `migrate run` under strace with `args`, all that it starts included.
fn traced(repo: &Repo, args: &[&str]) -> Command {
    let mut command = repo.command("strace");
    command.args(["-f", "-qq", "-o", "/dev/null"]).args(quick()).args(args).args([MIGRATE, "run"]);
    command
}

/// What lets all calls but those that are traced go by at full speed, where this strace and this kernel know it.
fn quick() -> &'static [&'static str] {
    static QUICK: OnceLock<&[&str]> = OnceLock::new();
    QUICK.get_or_init(|| {
        let flag: &[&str] = &["--seccomp-bpf"];
        let tried =
            Command::new("strace").args(["-f", "-qq", "-o", "/dev/null"]).args(flag).args(["-e", "trace=fsync", "true"]).output();
        if tried.is_ok_and(|output| output.status.success() && output.stderr.is_empty()) { flag } else { &[] }
    })
}

/// True where strace may trace; says so where it may not.
pub fn strace_works() -> bool {
    let traced = Command::new("strace").args(["-f", "-o", "/dev/null", "-e", "trace=none", "true"]).output();
    let works = traced.is_ok_and(|output| output.status.success());
    if !works {
        crate::support::skip("strace is not installed or may not trace here");
    }
    works
}

#[track_caller]
fn is_sound(repo: &Repo, at: &str) {
    let fsck = Ran::of(repo.command("git").args(["fsck", "--strict", "--no-dangling", "--no-progress"]).output().unwrap());
    assert!(fsck.code == Some(0) && fsck.stdout.is_empty() && fsck.stderr.is_empty(), "{at}: git fsck says {fsck:?}");
}

/// Two units: one whose verification passes, one whose verification fails, so that a forgotten one shows.
fn two_verified() -> Repo {
    let phases = concat!(
        "  - id: P0\n    files:\n",
        "      - { path: a.py, validate: [[test, -f, '{file}']], verify: [['true']] }\n",
        "      - { path: deep/b.py, verify: ['! grep -q new {file}'] }\n",
    );
    repo(&[("a.py", OLD), ("deep/b.py", OLD)], phases)
}

/// Asserts that a run in which something failed said what, and that the next one ends as `whole`. False when a command that verifies
/// was what failed: its unit is then taken back, as it must be.
fn goes_on(repo: &Repo, ran: &Ran, said: &str, whole: &BTreeMap<String, Vec<u8>>, at: &str) -> bool {
    assert!(matches!(ran.code, Some(0..=4)) && !ran.stderr.contains("panicked"), "{at}: {ran:?}");
    for line in ran.stderr.lines().filter(|line| line.starts_with("error:") && line.contains(said)) {
        // There is no file to name where a thread is missing.
        let names = line.contains("signals")
            || line.contains('/')
            || line.contains(".py")
            || line.contains('`')
            || line.contains("the index")
            || line.contains("loose object");
        assert!(names, "{at}: it does not say where: {line}");
    }
    for (error, help) in ran.stderr.lines().zip(ran.stderr.lines().skip(1)).filter(|(error, _)| error.starts_with("error:")) {
        // What git says of itself is not read, and a commit that could not be taken back is worth more than why.
        let ours = help.starts_with("help:") && !error.contains("`git ") && !error.contains("is still in the branch");
        for (_, cure) in CURES.iter().filter(|(said, _)| ours && error.contains(said)) {
            let help = help.replacen("nothing of it was changed; ", "", 1);
            assert!(help.starts_with(cure), "{at}: the help names no cure: {error}\n{help}");
        }
    }
    // What git says of its own failures is git's, and who can write no more can say nothing.
    let is_mute = at.contains("+ of write") || (at.contains("call 1 of write") && ran.stderr.is_empty());
    let says = ran.stderr.contains(said) || ran.stderr.contains("error: `git ") || is_mute;
    assert!(ran.code != Some(3) || says, "{at}: it does not say why: {ran:?}");
    is_sound(repo, at);
    let next = repo.migrate(&["run"]);
    is_sound(repo, at);
    if ran.stderr.contains("reverted     [1/2] a.py") || next.stderr.contains("reverted     [1/2] a.py") {
        return false;
    }
    assert_eq!(next.code, Some(1), "{at}: {next:?}\nafter {ran:?}");
    let now = outcome(repo);
    let names: Vec<&String> = whole.keys().filter(|name| now.get(*name) != whole.get(*name)).collect();
    assert!(now == *whole, "{at}: not as unbroken in {names:?}: {next:?}\nafter {ran:?}");
    assert_eq!(repo.git(&["for-each-ref", "refs/migrate"]), "", "{at}");
    true
}

#[test_with::executable(strace)]
#[test]
fn after_any_call_that_failed_the_next_run_ends_like_an_unbroken_one_verifications_included() {
    if !strace_works() {
        return;
    }
    let template = two_verified();
    let unbroken = template.copy();
    let log = unbroken.home().join("calls");
    let mut command = unbroken.command("strace");
    command.args(["-f", "-qq", "-o"]).arg(&log).args(["-e", &format!("trace={}", CALLS.join(",")), MIGRATE, "run"]);
    Ran::of(command.output().unwrap()).exits(1);
    let whole = outcome(&unbroken);
    let log = std::fs::read_to_string(log).unwrap();
    let main = log.split(' ').next().unwrap();
    let (mut cases, mut kinds) = (Vec::new(), 0);
    for calls in CALLS {
        let is_one = |line: &&str| {
            let mut words = line.split_whitespace();
            let (process, call) = (words.next(), words.next().and_then(|call| call.split('(').next()));
            process == Some(main) && call.is_some_and(|call| calls.split(',').any(|one| one.trim_start_matches('?') == call))
        };
        let made = log.lines().filter(is_one).count();
        assert!(made > 3, "a run makes only {made} calls of {calls}");
        // Once at the Nth call, or from the Nth on, as on a disk that stays full or went read-only.
        for (error, lasts) in ERRORS.map(|error| (error, "")).into_iter().chain([(ERRORS[0], "+"), (ERRORS[4], "+")]) {
            // Each failure of each call, at one place of a spread without a pattern that steps could follow.
            kinds += 1;
            let chosen = kinds * 7919 % made + 1;
            cases.extend((1..=made).filter(|nth| full() || *nth == chosen).map(|nth| (calls, format!("{nth}{lasts}"), error)));
        }
    }
    let taken_back = AtomicUsize::new(0);
    side_by_side(&(0..cases.len()).collect::<Vec<_>>(), |at| {
        let (calls, nth, (error, said)) = &cases[at];
        let repo = template.copy();
        let inject = format!("inject={calls}:error={error}:when={nth}");
        let ran = Ran::of(traced(&repo, &["-e", &format!("trace={calls}"), "-e", &inject]).output().unwrap());
        // The system's loader was refused its files: the tool was never started.
        if ran.stderr.contains("error while loading shared libraries") {
            return;
        }
        if !goes_on(&repo, &ran, said, &whole, &format!("{error} at call {nth} of {calls}")) {
            taken_back.fetch_add(1, Ordering::Relaxed);
        }
    });
    let taken_back = taken_back.into_inner();
    assert!(taken_back * 4 < cases.len(), "in {taken_back} of {} cases nothing but the verification failed", cases.len());
}

#[test]
fn a_file_that_git_calls_changed_because_it_could_not_look_is_not_taken_to_be() {
    let template = two_verified();
    let unbroken = template.copy();
    unbroken.migrate(&["run"]).exits(1);
    let whole = outcome(&unbroken);
    let blob = template.git(&["rev-parse", "HEAD:a.py"]);
    let (blob, none) = (blob.trim(), "0".repeat(40));
    // What git says of a file that it cannot open, and of all of them when it cannot read HEAD.
    for said in [format!(".M N... 100644 100644 100644 {blob} {blob}"), format!("A. N... 000000 100644 100644 {none} {blob}")] {
        let repo = template.copy();
        let programs = repo.home().join("programs");
        std::fs::create_dir(&programs).unwrap();
        let lines = format!("*' status '*) printf '1 {said} a.py\\0' ;;\n*) exec git \"$@\" ;;");
        let text = format!("#!/bin/sh\nPATH=${{PATH#*:}}\ncase \" $* \" in\n{lines}\nesac\n");
        std::fs::write(programs.join("git"), text).unwrap();
        std::fs::set_permissions(programs.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        Ran::of(repo.command(MIGRATE).arg("run").env("PATH", path).output().unwrap()).exits(1);
        assert!(outcome(&repo) == whole, "{said}: not as unbroken");
    }
}

#[test_with::executable(strace)]
#[test]
fn a_commit_whose_record_could_not_be_written_still_owes_its_verification() {
    if !strace_works() {
        return;
    }
    // The records of a first run: opened, run started, what passes without the unit, begun, prepared, committed.
    for error in ["ENOSPC", "EIO"] {
        let repo = one(", verify: ['! grep -q new {file}']");
        let journal = repo.top().join(".git/migrate/journal");
        std::fs::create_dir_all(journal.parent().unwrap()).unwrap();
        let inject = format!("inject=write:error={error}:when=6");
        let ran = traced(&repo, &["-P", journal.to_str().unwrap(), "-e", "trace=write", "-e", &inject]).output().unwrap();
        Ran::of(ran).exits(3).says("cannot append to the journal").says(journal.to_str().unwrap());
        assert_eq!(repo.subjects().len(), 3, "the branch moved before that record");
        assert_eq!((repo.read("a.py"), repo.git(&["status", "--porcelain"])), (NEW.as_bytes().to_vec(), String::new()));
        let records = std::fs::read_to_string(&journal).unwrap();
        assert!(!records.contains("abandoned"), "{records}");
        repo.migrate(&["run"]).exits(1).says("its commit is in the branch").says("verify `! grep -q new a.py` failed");
        assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.as_bytes().to_vec(), 4));
        is_sound(&repo, error);
    }
}

#[test_with::executable(strace)]
#[test]
fn where_no_thread_or_process_is_to_be_had_it_is_an_error_and_never_a_panic() {
    if !strace_works() {
        return;
    }
    let template = two_verified();
    let unbroken = template.copy();
    unbroken.migrate(&["run"]).exits(1);
    let whole = outcome(&unbroken);
    let calls = "?clone3,?clone,?fork,?vfork";
    let mut numbers: Vec<String> = (1..=24).flat_map(|nth| [nth.to_string(), format!("{nth}+")]).collect();
    if !full() {
        numbers = numbers.into_iter().step_by(5).collect();
    }
    side_by_side(&(0..numbers.len()).collect::<Vec<_>>(), |at| {
        let (repo, nth) = (template.copy(), &numbers[at]);
        let inject = format!("inject={calls}:error=EAGAIN:when={nth}");
        let ran = Ran::of(traced(&repo, &["-e", &format!("trace={calls}"), "-e", &inject]).output().unwrap());
        goes_on(&repo, &ran, "Resource temporarily unavailable", &whole, &format!("EAGAIN at {nth}"));
    });
    // The thread that counts signals is the first to be missed, the `git` program the next.
    for (nth, said) in [("1+", "error: cannot take signals: "), ("2+", "error: cannot start `git`: ")] {
        let repo = template.copy();
        let inject = format!("inject={calls}:error=EAGAIN:when={nth}");
        let ran = Ran::of(traced(&repo, &["-e", &format!("trace={calls}"), "-e", &inject]).output().unwrap());
        ran.exits(3).says(said).says(CURES[3].1).says("or the container's pids limit); end some or raise it");
    }
    let repo = template.copy();
    let few = repo.command("sh").args(["-c", "ulimit -n 4; exec \"$0\" run", MIGRATE]).output().unwrap();
    Ran::of(few).exits(3).says("error: cannot take signals: ").says(CURES[1].1);
    // The commands that only look share their work between threads.
    for (args, code) in [(&["scan"][..], 0), (&["status"], 0), (&["diff"], 0), (&["check"], 0)] {
        let trace = format!("trace={calls}");
        let trace = [&["-f", "-qq", "-o", "/dev/null"], quick(), &["-e", &trace, "-e"]].concat();
        for nth in 1..=4 {
            let mut command = template.command("strace");
            command.args(&trace).arg(format!("inject={calls}:error=EAGAIN:when={nth}+")).arg(MIGRATE).args(args);
            let ran = Ran::of(command.output().unwrap());
            assert!(ran.code == Some(code) || ran.code == Some(3), "{args:?} {nth}: {ran:?}");
            assert!(!ran.stderr.contains("panicked"), "{args:?} {nth}: {ran:?}");
        }
    }
}

/// Everything that the file system of a small disk has left, taken but for `blocks` blocks of 4 KiB.
fn fill(top: &std::path::Path, blocks: u64) {
    use std::io::Write;
    let mut filler = std::fs::File::create(top.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    let length = filler.metadata().unwrap().len();
    filler.set_len((length / 4096).saturating_sub(blocks) * 4096).unwrap();
}

/// A small disk of its own at `at`, gone when dropped; `None`, said, where none can be mounted.
pub struct Disk(std::path::PathBuf);

impl Disk {
    fn at(at: std::path::PathBuf) -> Option<Self> {
        Self::of("size=2m,nr_inodes=4096", at)
    }

    /// The same of this size.
    pub fn of(size: &str, at: std::path::PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        crate::support::skip("no file system can be mounted here");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().unwrap();
    }
}

#[test]
fn on_a_disk_that_is_full_but_for_a_few_blocks_nothing_is_lost_and_the_next_run_ends_like_an_unbroken_one() {
    let template = two_verified();
    let unbroken = template.copy();
    unbroken.migrate(&["run"]).exits(1);
    let whole = outcome(&unbroken);
    if Disk::at(template.home().join("disk")).is_none() {
        return;
    }
    let free: Vec<usize> = (0..=60).filter(|blocks| full() || blocks % 4 == 1).collect();
    let stopped = AtomicUsize::new(0);
    side_by_side(&free, |nth| {
        let (repo, blocks) = (template.copy(), nth as u64);
        let saved = repo.home().join("saved");
        std::fs::rename(repo.top(), &saved).unwrap();
        let _disk = Disk::at(repo.top()).expect("one was mounted before");
        let copied = Command::new("cp").arg("-a").arg(saved.join(".")).arg(repo.top()).status().unwrap();
        assert!(copied.success());
        fill(&repo.top().join(".git"), blocks);
        let ran = repo.migrate(&["run"]);
        std::fs::remove_file(repo.top().join(".git/filler")).unwrap();
        stopped.fetch_add(usize::from(ran.code == Some(3)), Ordering::Relaxed);
        goes_on(&repo, &ran, "No space left on device", &whole, &format!("{blocks} blocks"));
    });
    let stopped = stopped.into_inner();
    assert!(stopped > 1 && stopped < free.len(), "{stopped} of {} runs ended for want of space", free.len());
}

#[test]
fn a_record_that_fits_only_in_part_is_cut_off_and_never_joins_the_next() {
    let repo = two_verified();
    let unbroken = repo.copy();
    unbroken.migrate(&["run"]).exits(1);
    let whole = outcome(&unbroken);
    let state = repo.top().join(".git/migrate");
    let Some(_disk) = Disk::at(state.clone()) else { return };
    // A block of the disk full of records but for a few bytes, and no other block free.
    let path = state.join("journal");
    let mut journal = Journal::open(&state).unwrap();
    for room in [2000, 20] {
        let length = std::fs::metadata(&path).unwrap().len();
        let around = 60;
        let reason = "x".repeat(usize::try_from(4096 - room - around - length).unwrap());
        journal.append(Record::Abandoned { reason }).unwrap();
    }
    let length = std::fs::metadata(&path).unwrap().len();
    assert!((4000..4096).contains(&length), "{length}");
    std::fs::write(state.join("lock"), "a text of its own\n").unwrap();
    fill(&state, 0);
    repo.migrate(&["run"]).exits(3).says("cannot append to the journal").says("No space left on device");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), length, "the line that was torn is still there");
    std::fs::remove_file(state.join("filler")).unwrap();
    repo.migrate(&["run"]).exits(1);
    assert!(outcome(&repo) == whole, "not as unbroken");
}
