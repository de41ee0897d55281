use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::kit::{NEW, OLD, dirty, replan, untouched};
use crate::support::{MIGRATE, Repo, plan};

/// Names that a shell, git, YAML, a terminal or a commit message could take for something else.
const ODD: [&[u8]; 16] = [
    b"pkg/with space.py",
    b"pkg/new\nline.py",
    b"pkg/tab\there.py",
    b"pkg/quo'te\".py",
    b"pkg/-leading.py",
    b"-top.py",
    b"pkg/$(touch gone).py",
    b"pkg/`touch gone`.py",
    b"pkg/;touch gone;.py",
    b":colon.py",
    b":(top)magic.py",
    b"pkg/back\\slash.py",
    b"pkg/latin-\xe4.py",
    b"pkg/#hash [x]{y}.py",
    b"pkg/\xe2\x80\xaebidi.py",
    b"pkg/ in a - Issue #2.py",
];

/// A repository with all of them, each with something to do.
fn odd() -> Repo {
    let repo = Repo::empty();
    std::fs::create_dir(repo.top().join("pkg")).unwrap();
    for name in ODD {
        std::fs::write(repo.top().join(OsStr::from_bytes(name)), OLD).unwrap();
    }
    replan(
        &repo,
        &plan(
            "  - id: P0\n    files:\n      - glob: \"**/*.py\"\n        validate: [\"cat < {file} > .git/seen && cmp -- {file} .git/seen\", [python3, -c, \"import sys; open(sys.argv[1], 'rb').close()\", \"{file}\"]]\n        verify: [\"test -f {file}\"]\n",
        ),
    );
    repo
}

fn at(name: &[u8]) -> OsString {
    OsString::from_vec(name.to_vec())
}

#[test]
fn files_of_any_name_are_migrated_each_by_its_own_commit() {
    let repo = odd();
    let ran = repo.migrate(&["run"]).succeeds();
    assert!(ran.stderr.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{:?}", ran.stderr);
    for name in ODD {
        assert_eq!(std::fs::read(repo.top().join(at(name))).unwrap(), NEW.as_bytes(), "{}", name.escape_ascii());
    }
    assert!(!repo.top().join("gone").exists());
    assert_eq!(dirty(&repo), "");
    assert_eq!(repo.subjects().len(), 1 + ODD.len());
    repo.git(&["fsck", "--strict"]);
    let each = repo.git(&["log", "-z", "--name-only", "--format=", "HEAD~1..HEAD"]);
    assert_eq!(each.matches('\0').count(), 1, "{each:?}");
}

#[test]
fn the_state_of_files_of_any_name_is_read_from_git_alone() {
    let repo = odd();
    repo.migrate(&["run"]).succeeds();
    let status = repo.migrate(&["status"]).succeeds().stdout;
    assert!(status.contains(&format!("{0} of {0} done", ODD.len())), "{status}");
    std::fs::remove_dir_all(repo.top().join(".git/migrate")).unwrap();
    assert_eq!(repo.migrate(&["status"]).succeeds().stdout, status);
    untouched(&repo, 0, &["run"]);
}

#[test]
fn a_file_of_any_name_can_be_named_run_and_rolled_back() {
    let repo = odd();
    let tool = |args: &[OsString]| {
        let output = repo.command(MIGRATE).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for name in ODD {
        let file = repo.top().join(at(name));
        let mut only = OsString::from("--file=");
        only.push(at(name));
        tool(&["run".into(), only]);
        assert_eq!(std::fs::read(&file).unwrap(), NEW.as_bytes());
        tool(&["rollback".into(), "--".into(), at(name)]);
        assert_eq!(std::fs::read(&file).unwrap(), OLD.as_bytes());
    }
    assert_eq!((repo.subjects().len(), dirty(&repo).as_str()), (1 + 2 * ODD.len(), ""));
}

#[test]
fn a_diff_of_files_of_any_name_is_one_that_git_applies() {
    let repo = odd();
    let diff = repo.command(MIGRATE).arg("diff").output().unwrap();
    assert!(diff.status.success());
    std::fs::write(repo.home().join("patch"), &diff.stdout).unwrap();
    repo.git(&["apply", "--check", repo.home().join("patch").to_str().unwrap()]);
    repo.git(&["apply", repo.home().join("patch").to_str().unwrap()]);
    for name in ODD {
        assert_eq!(std::fs::read(repo.top().join(at(name))).unwrap(), NEW.as_bytes(), "{}", name.escape_ascii());
    }
}

#[test]
fn a_very_long_name_is_no_obstacle() {
    let name = format!("{}.py", "n".repeat(252));
    let repo = Repo::with(&[(&name, OLD)]);
    replan(&repo, &plan(&format!("  - id: P0\n    files: [{{ path: {name}, validate: [\"test -f {{file}}\"] }}]\n")));
    repo.migrate(&["run"]).succeeds();
    assert_eq!((repo.read(&name), dirty(&repo)), (NEW.into(), String::new()));
}
