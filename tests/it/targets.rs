use std::os::unix::fs::symlink;

use crate::kit::{NEW, OLD, one, replan, repo, untouched};
use crate::support::{Repo, plan};

fn of(path: &str) -> String {
    plan(&format!("  - id: P0\n    files: [{path}]\n"))
}

/// A plan of one file in a repository that holds `a.py`.
fn naming(path: &str) -> Repo {
    let repo = Repo::with(&[("a.py", OLD)]);
    replan(&repo, &of(path));
    repo
}

#[test]
fn a_file_that_is_not_there_is_named_with_its_place_in_the_plan() {
    let repo = naming("pkg/none.py");
    for command in ["run", "check", "diff"] {
        untouched(&repo, 2, &[command])
            .says("pkg/none.py does not exist")
            .says("plans/p.yaml:8:13]")
            .says("help: correct the path");
    }
}

#[test]
fn a_path_outside_the_repository_or_inside_git_is_no_path_of_a_plan() {
    for (path, said) in [
        ("../a.py", ".."),
        ("/etc/hosts", "absolute"),
        (".git/config", ".git"),
        ("pkg/../a.py", ".."),
        ("x/.GIT/hooks/a.py", ".git"),
        ("a//b.py", "empty"),
    ] {
        untouched(&naming(path), 2, &["run"]).says("plans/p.yaml:8:13]").says(said).says("help: ");
    }
}

#[test]
fn a_symbolic_link_is_refused_and_so_is_what_lies_behind_one() {
    let repo = Repo::with(&[("real/a.py", OLD)]);
    symlink("real/a.py", repo.top().join("link.py")).unwrap();
    symlink("real", repo.top().join("way")).unwrap();
    symlink("/nowhere", repo.top().join("dangling.py")).unwrap();
    for path in ["link.py", "way/a.py", "dangling.py"] {
        replan(&repo, &of(path));
        untouched(&repo, 2, &["run"]).says(&format!("{path} is a symbolic link, or lies behind one")).says("plans/p.yaml:8:13]");
    }
}

#[test]
fn a_link_that_took_the_place_of_a_file_or_folder_is_refused() {
    let repo = repo(&[("pkg/a.py", OLD)], "  - id: P0\n    files: [pkg/a.py]\n");
    std::fs::rename(repo.top().join("pkg"), repo.top().join("moved")).unwrap();
    symlink("moved", repo.top().join("pkg")).unwrap();
    let ran = repo.migrate(&["run", "--allow-dirty"]);
    assert!(matches!(ran.code, Some(2 | 3)), "{ran:?}");
    ran.says("pkg/a.py is a symbolic link, or lies behind one");
    assert_eq!(repo.read("moved/a.py"), OLD.as_bytes());
}

#[test]
fn untracked_and_ignored_files_are_refused_each_with_its_word() {
    let repo = naming("new.py");
    repo.write("new.py", OLD);
    untouched(&repo, 2, &["run"]).says("new.py is not tracked by git").says("help: commit it first");
    repo.write(".gitignore", "new.py\n");
    repo.commit_all("ignore");
    untouched(&repo, 2, &["run"]).says("new.py is ignored by git");
}

#[test]
fn a_folder_is_refused() {
    let repo = Repo::with(&[("pkg/a.py", OLD)]);
    replan(&repo, &of("pkg"));
    untouched(&repo, 2, &["run"]).says("pkg is a folder").says("help: name its files");
}

#[test]
fn a_file_of_a_submodule_is_refused_with_the_submodules_name() {
    let inner = Repo::with(&[("a.py", OLD)]);
    let repo = Repo::with(&[("b.py", OLD)]);
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.top().to_str().unwrap(), "libs/sub"]);
    replan(&repo, &of("libs/sub/a.py"));
    untouched(&repo, 2, &["run"])
        .says("libs/sub/a.py is in the submodule libs/sub")
        .says("help: run migrate inside the submodule");
    replan(&repo, &of("libs/sub"));
    untouched(&repo, 2, &["run"]).says("submodule libs/sub");
}

#[test]
fn a_hard_link_is_refused() {
    let repo = one("");
    std::fs::hard_link(repo.top().join("a.py"), repo.home().join("other")).unwrap();
    untouched(&repo, 3, &["run"]).says("a.py has other hard links").says("help: ");
}

#[test]
fn marks_that_hide_a_file_from_git_are_refused_by_name() {
    for (option, name) in [("--assume-unchanged", "assume-unchanged"), ("--skip-worktree", "skip-worktree")] {
        let repo = one("");
        repo.git(&["update-index", option, "a.py"]);
        untouched(&repo, 3, &["run"]).says(&format!("a.py is marked {name}")).says("git update-index");
    }
}

#[test]
fn a_file_that_is_no_python_is_a_failed_unit_with_its_place() {
    let repo = repo(&[("a.py", "from old import f\nprint 'a'\nf(1)\n")], "  - id: P0\n    files: [a.py]\n");
    untouched(&repo, 1, &["run"]).says("the file is not valid Python: a.py:2:").says("help: fix the file");
    untouched(&repo, 1, &["check"]).says("a.py:2:");
    untouched(&repo, 1, &["run", "--dry-run"]).says("a.py:2:");
}

#[test]
fn bytes_that_are_no_python_text_are_refused() {
    for bytes in [
        &b"from old import f\nf(1)\nx = '\0'\n"[..],
        b"\xff\xfef\0r\0o\0m\0",
        b"# coding: no-such-coding\nfrom old import f\nf(1)\n",
        b"from old import f\nf('\xe4')\n",
    ] {
        let repo = Repo::with(&[("x", "")]);
        repo.write("a.py", bytes);
        replan(&repo, &of("a.py"));
        untouched(&repo, 1, &["run"]).says("a.py");
    }
}

#[test]
fn a_glob_leaves_links_and_submodules_alone() {
    let repo = Repo::with(&[("pkg/a.py", OLD)]);
    symlink("a.py", repo.top().join("pkg/b.py")).unwrap();
    replan(&repo, &plan("  - id: P0\n    files: [{ glob: \"pkg/*.py\" }]\n"));
    repo.migrate(&["run"]).succeeds().says("1 unit");
    assert_eq!(repo.read("pkg/a.py"), NEW.as_bytes());
    assert!(repo.top().join("pkg/b.py").is_symlink());
}
