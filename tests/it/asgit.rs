//! Kinds of repositories, each with what becomes of a unit there.
//!
//! Where a commit is made, `git add` and `git commit` make one of the same text and message in a second repository of the kind, and
//! all that can be told apart is compared: commit, tree, index, modes, logs, what `git status` says. Where none is made, the name of
//! the refusal stands in the row, and nothing may be touched. `MIGRATE_FULL=1` tries more spellings of the values of options.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::crash::full;
use crate::kinds::{
    after, at_odds, bare, begun, between, clone, deep_branch, executable, git, hook, hooks_in, in_conflict, index, intended,
    lines, linked_branch, linked_git_dir, linked_head, linked_index, logs, missing_tree, modes, monitored, named,
    named_work_tree, other_changed, other_staged, outside, patches, read_only, set, shared, signing, sparse, staged,
    staged_and_changed, submodule, twice, unborn, untracked, worktree,
};
use crate::kit::{OLD, one, untouched};
use crate::support::Repo;

/// A kind of repository.
struct Kind {
    name: &'static str,
    /// `None` where it cannot be made here; the reason is printed.
    make: fn() -> Option<Repo>,
    flags: &'static [&'static str],
    ends: Ends,
    /// Tried with `MIGRATE_FULL=1` alone: one more spelling of a value that stands in another row.
    only_in_full: bool,
}

/// What becomes of a unit.
enum Ends {
    /// The commit that git makes.
    AsGit,
    /// Nothing: this is said.
    Refused(&'static str),
}
use Ends::{AsGit, Refused};

const fn kind(name: &'static str, make: fn() -> Option<Repo>, ends: Ends) -> Kind {
    Kind { name, make, flags: &[], ends, only_in_full: false }
}

impl Kind {
    const fn with(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    const fn in_full(mut self) -> Self {
        self.only_in_full = true;
        self
    }
}

const KINDS: &[Kind] = &[
    kind("plain", || Some(one("")), AsGit),
    // The target and the rest of the work tree.
    kind("the target has changes", || after(|repo| repo.write("a.py", "x = 1\n")), Refused("a.py has uncommitted changes")),
    kind("the target is staged", || after(staged), Refused("a.py has staged changes")),
    kind("the target is staged and has changes", || after(staged_and_changed), Refused("a.py has staged changes")),
    kind("the target is added in name only", || after(intended), Refused("a.py is added but in no commit yet")),
    kind("the target is in conflict", in_conflict, Refused("b.py is in conflict")).with(&["--allow-dirty"]),
    kind("another file is staged", || after(other_staged), AsGit).with(&["--allow-dirty"]),
    kind("another file has changes", || after(other_changed), AsGit).with(&["--allow-dirty"]),
    kind("another file has changes, unasked", || after(other_changed), Refused("has uncommitted changes: plans/other.txt")),
    kind("untracked and ignored files about", || after(untracked), AsGit),
    kind("an executable target", || after(executable), AsGit),
    kind("a read-only target", || after(read_only), AsGit),
    kind(
        "a target in folders",
        || Some(crate::kit::repo(&[("p/q/a.py", OLD), ("p/b.py", OLD)], "  - id: P0\n    files: [p/q/a.py]\n")),
        AsGit,
    ),
    // HEAD and branches.
    kind("a detached HEAD", || git(&["checkout", "-q", "--detach"]), Refused("HEAD is detached at")),
    kind("a detached HEAD, allowed", || git(&["checkout", "-q", "--detach"]), AsGit).with(&["--allow-detached"]),
    kind("no commit yet", unborn, Refused("has no commit yet")),
    kind("packed references", || git(&["pack-refs", "--all"]), AsGit),
    kind("a branch in folders, packed", || after(deep_branch), AsGit),
    kind("the branch checked out twice", || after(twice), AsGit),
    kind("a tag with the branch's name", || git(&["tag", "main"]), AsGit),
    kind("an upstream that is gone", || set(&[("branch.main.remote", "."), ("branch.main.merge", "refs/heads/gone")]), AsGit),
    kind("a link as the branch", || after(linked_branch), Refused("refs/heads/main is a symbolic link")),
    kind("a link as HEAD", || after(linked_head), Refused("a symbolic link as HEAD")),
    // Operations.
    kind("a merge", || at_odds(&["merge", "other"]), Refused("a merge is in progress")).with(&["--allow-dirty"]),
    kind("a rebase", || at_odds(&["rebase", "other"]), Refused("a rebase is in progress")).with(&["--allow-dirty"]),
    kind("a rebase by patches", || at_odds(&["rebase", "--apply", "other"]), Refused("a rebase is in progress"))
        .with(&["--allow-dirty"]),
    kind("a cherry-pick", || at_odds(&["cherry-pick", "other~1"]), Refused("a cherry-pick is in progress"))
        .with(&["--allow-dirty"]),
    kind("cherry-picks, between two", || between(&["cherry-pick", "other~1", "other"]), Refused("a cherry-pick is in progress")),
    kind("reverts, between two", || between(&["revert", "--no-edit", "main~1", "main"]), Refused("a revert is in progress")),
    kind("git am", patches, Refused("git am is in progress")),
    kind("a bisect", || git(&["bisect", "start"]), Refused("a bisect is in progress")),
    // Where things lie.
    kind("git's folder elsewhere", || begun(&["--separate-git-dir", "../home/store"]), AsGit),
    kind("a link as git's folder", || after(linked_git_dir), AsGit),
    kind("a link as the index", || after(linked_index), AsGit),
    kind("a linked work tree", worktree, AsGit),
    kind("a submodule", submodule, AsGit),
    kind("a work tree named by core.worktree", || after(named_work_tree), AsGit),
    kind("a bare repository", bare, Refused("is bare: it has no work tree")),
    kind("a shallow clone", || clone(&["--depth", "1"], "file://"), AsGit),
    kind("a partial clone", || clone(&["--filter", "blob:none"], "file://"), AsGit),
    kind("objects of another repository", || clone(&["--shared"], ""), AsGit),
    kind("all objects in a pack", || git(&["gc", "-q"]), AsGit),
    kind("a commit replaced by another", || git(&["replace", "--graft", "HEAD"]), AsGit),
    kind("an object is missing", || after(missing_tree), Refused("bad tree object HEAD")),
    // Formats.
    kind("a split index", || git(&["update-index", "--split-index"]), AsGit),
    kind("an index of version 4", || index("index.version", "4"), AsGit),
    kind("an index without a checksum", || index("index.skipHash", "true"), AsGit),
    kind("an untracked cache", || index("core.untrackedCache", "true"), AsGit),
    kind("a file system monitor", || after(monitored), AsGit),
    kind("a sparse checkout", || sparse("--no-sparse-index"), AsGit),
    kind("a sparse checkout without cones", || sparse("--no-cone"), AsGit),
    kind("a sparse index", || sparse("--sparse-index"), AsGit),
    kind("a target outside the sparse checkout", || after(outside), Refused("a.py is marked skip-worktree")),
    kind("references in tables", || begun(&["--ref-format=reftable"]), Refused("reftable")),
    kind("names by SHA-256", || begun(&["--object-format=sha256"]), Refused("sha256")),
    kind("an unknown extension", || set(&[("core.repositoryformatversion", "1"), ("extensions.news", "1")]), Refused("news")),
    kind("a format of the future", || set(&[("core.repositoryformatversion", "2")]), Refused("version")),
    kind("a broken configuration", || after(|repo| repo.write(".git/config", "[core\n")), Refused("bad config line 1")),
    kind("a broken index", || after(|repo| repo.write(".git/index", "DIRC nonsense")), Refused("index")),
    kind("a broken HEAD", || after(|repo| repo.write(".git/HEAD", "nonsense\n")), Refused("help: ")),
    // Locks.
    kind("a lock on the index", || after(|repo| repo.write(".git/index.lock", "")), Refused("index.lock exists")),
    kind("a lock on HEAD", || after(|repo| repo.write(".git/HEAD.lock", "")), Refused("HEAD.lock exists")),
    kind("a lock on the branch", || after(|repo| repo.write(".git/refs/heads/main.lock", "")), Refused("main.lock exists")),
    kind("a lock on packed references", || after(|repo| repo.write(".git/packed-refs.lock", "")), AsGit),
    // Hooks.
    kind("a hook that does not run", || after(|repo| repo.write(".git/hooks/pre-commit", "exit 1\n")), AsGit),
    kind("a hook", || hook(".git/hooks/pre-commit"), Refused("hooks that `git commit` would run: pre-commit")),
    kind("a hook on references", || hook(".git/hooks/reference-transaction"), Refused("reference-transaction")),
    kind("hooks in a configured folder", || hooks_in("ci"), Refused("pre-commit")),
    kind("hooks in a folder of the home", || hooks_in("~/ci"), Refused("pre-commit")),
    kind("a hook, left out", || hook(".git/hooks/commit-msg"), AsGit).with(&["--no-verify"]),
    kind("no hook, and hooks left out", || Some(one("")), AsGit).with(&["--no-verify"]),
    kind("hooks put nowhere", || set(&[("core.hooksPath", "/dev/null")]), AsGit),
    kind("hooks put at nothing", || set(&[("core.hooksPath", "")]), AsGit),
    // Signatures.
    kind("signing, true", || signing("true"), AsGit),
    kind("signing, True", || signing("True"), AsGit).in_full(),
    kind("signing, YES", || signing("YES"), AsGit),
    kind("signing, On", || signing("On"), AsGit).in_full(),
    kind("signing, 2", || signing("2"), AsGit).in_full(),
    kind("signing, 0", || signing("0"), AsGit),
    kind("signing, off", || signing("off"), AsGit).in_full(),
    kind(
        "signing that cannot be done",
        || set(&[("commit.gpgsign", "yes"), ("gpg.format", "ssh"), ("user.signingkey", "/none")]),
        Refused("/none"),
    ),
    kind("signing, maybe", || signing("maybe"), Refused("'maybe' for 'commit.gpgsign'")),
    // What commits say and who makes them.
    kind(
        "a template, a clean-up and a comment sign",
        || set(&[("commit.cleanup", "scissors"), ("core.commentChar", "F"), ("commit.template", "a.py")]),
        AsGit,
    ),
    kind("a name in Latin-1", || named(b"J\xf6rg"), AsGit),
    kind("a name of signs", || named(b"<>"), Refused("git knows no identity to commit with")),
    kind("an empty name", || set(&[("user.name", "")]), Refused("empty ident name")),
    kind("an empty address", || set(&[("user.email", "")]), Refused("the author has an empty email address")),
    kind("an address of signs", || set(&[("user.email", "<>")]), Refused("the author has an empty email address")),
    kind("an author of their own", || set(&[("author.name", "An Author"), ("committer.email", "c@example.com")]), AsGit),
    // Line endings and filters.
    kind("CRLF converted", || lines("\n", "* text eol=crlf\n", &[]), AsGit),
    kind("CRLF committed", || lines("\r\n", "", &[]), AsGit),
    kind("CRLF committed, then autocrlf=input", || lines("\r\n", "", &[("core.autocrlf", "input")]), AsGit),
    kind("CRLF committed, then autocrlf=Input", || lines("\r\n", "", &[("core.autocrlf", "Input")]), AsGit),
    kind("CRLF committed, then autocrlf=1", || lines("\r\n", "", &[("core.autocrlf", "1")]), AsGit),
    kind("CRLF committed, then text=auto", || lines("\r\n", "* text=auto\n", &[]), AsGit),
    kind("CRLF committed, then text=auto eol=lf", || lines("\r\n", "* text=auto eol=lf\n", &[]), AsGit),
    kind("CRLF committed, then text", || lines("\r\n", "* text\n", &[]), Refused("line endings that git converts")),
    kind(
        "CRLF committed, then text=auto and ident",
        || lines("\r\n", "* text=auto ident\n", &[]),
        Refused("line endings that git converts"),
    ),
    kind("a filter", || lines("\n", "*.py filter=id\n", &[("filter.id.clean", "cat"), ("filter.id.smudge", "cat")]), AsGit),
    // Modes and logs.
    kind("modes that do not count, FALSE", || modes("FALSE"), AsGit),
    kind("modes that count, TRUE", || modes("TRUE"), Refused("a.py has uncommitted changes")),
    kind("modes that count perhaps", || modes("perhaps"), Refused("'perhaps' for 'core.filemode'")),
    kind("logs, always", || logs("Always"), AsGit),
    kind("logs, NO", || logs("NO"), AsGit),
    kind("logs, yes", || logs("yes"), AsGit),
    kind("shared, group", || shared("group"), AsGit),
    kind("shared, True", || shared("True"), AsGit).in_full(),
    kind("shared, 1", || shared("1"), AsGit).in_full(),
    kind("shared, everybody", || shared("everybody"), AsGit).in_full(),
    kind("shared, world", || shared("world"), AsGit).in_full(),
    kind("shared, 2", || shared("2"), AsGit),
    kind("shared, 0640", || shared("0640"), AsGit),
    kind("shared, 0600", || shared("0600"), AsGit).in_full(),
    kind("shared, umask", || shared("umask"), AsGit),
    kind("shared, false", || shared("false"), AsGit),
    kind("shared, Group", || shared("Group"), Refused("core.sharedrepository")),
    kind("shared, 0440", || shared("0440"), Refused("core.sharedrepository")),
];

#[test]
fn a_commit_in_every_kind_of_repository_is_the_one_that_git_makes_or_is_refused_by_name() {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(kind) = KINDS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if (full() || !kind.only_in_full) && std::panic::catch_unwind(|| try_out(kind)).is_err() {
                        failed.lock().unwrap().push(kind.name);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), [""; 0]);
}

fn try_out(kind: &Kind) {
    let Some(repo) = (kind.make)() else { return };
    let args: Vec<&str> = ["run"].iter().chain(kind.flags).copied().collect();
    match kind.ends {
        Refused(said) => drop(untouched(&repo, 3, &args).says(said)),
        AsGit => {
            let theirs = (kind.make)().unwrap();
            let (before, base) = (repo.read(target(&repo)), repo.git(&["rev-parse", "HEAD^{tree}"]));
            repo.migrate(&args).succeeds();
            commit_by_git(&theirs, &repo);
            let (ours, theirs) = (facts(&repo), facts(&theirs));
            for (fact, value) in &theirs {
                assert_eq!(ours.get(fact), Some(value), "{}: {fact}", kind.name);
            }
            // What a file held before and after is kept as an object, too, where git converts it; of what kept it from being
            // pruned meanwhile the folder stays.
            let own =
                |fact: &str| fact.starts_with("objects") || (fact.starts_with("refs/migrate") && ours[fact].starts_with('4'));
            let more = ours.keys().find(|fact| !theirs.contains_key(*fact) && !own(fact));
            assert_eq!(more, None, "{}", kind.name);
            let back: Vec<&str> = ["rollback", target(&repo)]
                .into_iter()
                .chain(kind.flags.iter().copied())
                .filter(|flag| *flag != "--allow-dirty")
                .collect();
            repo.migrate(&back).succeeds();
            assert_eq!((repo.read(target(&repo)), repo.git(&["rev-parse", "HEAD^{tree}"])), (before, base), "{}", kind.name);
            repo.git(&["fsck", "--strict", "--connectivity-only"]);
        }
    }
}

/// The one Python file of the plan.
fn target(repo: &Repo) -> &'static str {
    if repo.top().join("p/q/a.py").exists() { "p/q/a.py" } else { "a.py" }
}

/// Makes the commit that stands in `like` by `git add` and `git commit`, of that file alone.
fn commit_by_git(repo: &Repo, like: &Repo) {
    let path = target(repo);
    // As an editor does that keeps the file.
    let file = repo.top().join(path);
    let mode = file.metadata().unwrap().permissions();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.write(path, like.read(path));
    std::fs::set_permissions(&file, mode).unwrap();
    let commit = like.command("git").args(["cat-file", "commit", "HEAD"]).output().unwrap().stdout;
    let at = commit.windows(2).position(|two| two == b"\n\n").unwrap();
    std::fs::write(repo.home().join("message"), &commit[at + 2..]).unwrap();
    repo.git(&["add", path]);
    let message = repo.home().join("message");
    let args = ["-c", "core.hooksPath=/dev/null", "commit", "-q", "--cleanup=verbatim", "-F", message.to_str().unwrap()];
    repo.git(&[&args[..], &["--only", path]].concat());
}

/// All that tells one repository after a commit from another.
fn facts(repo: &Repo) -> BTreeMap<String, String> {
    let output = |args: &[&str]| {
        let output = repo.command("git").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout.escape_ascii().to_string().replace("\\n", "\n")
    };
    let mut facts = BTreeMap::new();
    let mut add = |fact: &str, value: String| drop(facts.insert(fact.to_owned(), value));
    for args in [
        &["status", "--porcelain=v2", "--branch"][..],
        &["cat-file", "commit", "HEAD"],
        &["ls-tree", "-r", "-t", "HEAD"],
        &["write-tree"],
        &["symbolic-ref", "--quiet", "--short", "HEAD"],
        &["for-each-ref"],
        &["config", "--list", "--local"],
    ] {
        let said = if args[0] == "symbolic-ref" && repo.command("git").args(args).output().unwrap().status.code() == Some(1) {
            "detached".to_owned()
        } else {
            output(args)
        };
        // Where they lie and by what random key they are signed.
        add(&args.join(" "), said.replace(repo.top().parent().unwrap().to_str().unwrap(), ""));
    }
    // Apart from when and where: modes, names, lengths and flags.
    let index = output(&["ls-files", "--stage", "--debug"]);
    let told = |line: &&str| ["ctime:", "mtime:", "dev:", "uid:"].iter().all(|field| !line.trim_start().starts_with(field));
    add("index", index.lines().filter(told).collect::<Vec<_>>().join("\n"));
    let folders = output(&["rev-parse", "--path-format=absolute", "--absolute-git-dir", "--git-common-dir"]);
    for folder in folders.lines() {
        for part in ["index", "HEAD", "refs", "logs", "objects"] {
            walk(Path::new(folder), Path::new(part), &mut add);
        }
    }
    let mode = |path: PathBuf| format!("{:o}", path.metadata().unwrap().mode());
    add("target", format!("{} {}", mode(repo.top().join(target(repo))), repo.read(target(repo)).escape_ascii()));
    facts
}

/// The mode of whatever is at a place below git's folder, and the lines of logs without what was done.
fn walk(folder: &Path, below: &Path, add: &mut impl FnMut(&str, String)) {
    let path = folder.join(below);
    let Ok(found) = path.symlink_metadata() else { return };
    let mut value = format!("{:o}", found.mode());
    if found.is_dir() {
        for entry in std::fs::read_dir(&path).unwrap() {
            walk(folder, &below.join(entry.unwrap().file_name()), add);
        }
    } else if below.starts_with("logs") {
        let lines = std::fs::read(&path).unwrap();
        value += &lines
            .split(|byte| *byte == b'\n')
            .flat_map(|line| line.split(|byte| *byte == b'\t').next())
            .map(|line| line.escape_ascii().to_string())
            .collect::<Vec<_>>()
            .join("\n");
    }
    add(&below.display().to_string(), value);
}
