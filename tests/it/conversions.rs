use crate::kit::{OLD, dirty, one, replan, repo, untouched};
use crate::support::{Repo, plan};

/// A repository with these attributes and configuration whose `a.py` holds `bytes` on disk, as a checkout leaves it.
fn converting(attributes: &str, config: &[(&str, &str)], bytes: &str) -> Repo {
    let repo = Repo::empty();
    for (key, value) in config {
        repo.git(&["config", key, value]);
    }
    repo.write(".gitattributes", attributes);
    repo.write("a.py", bytes);
    replan(&repo, &plan("  - id: P0\n    files: [a.py]\n"));
    // What a checkout puts there, keywords included.
    std::fs::remove_file(repo.top().join("a.py")).unwrap();
    repo.git(&["checkout", "--", "a.py"]);
    assert_eq!(dirty(&repo), "");
    repo
}

/// Runs the plan and asserts that the commit holds what `git add` makes of the disk, which holds `expected`; and takes it back.
fn migrates(repo: &Repo, expected: &str) {
    let before = repo.read("a.py");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(String::from_utf8_lossy(&repo.read("a.py")), expected);
    let blob = repo.git(&["rev-parse", "HEAD:a.py"]);
    assert_eq!(blob, repo.git(&["hash-object", "--path=a.py", "a.py"]));
    assert_eq!(blob, repo.git(&["ls-files", "--stage", "a.py"]).split(' ').nth(1).unwrap());
    assert_eq!(dirty(repo), "");
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!((repo.read("a.py"), dirty(repo)), (before, String::new()));
}

const CRLF: &str = "from old import f\r\nf(1)\r\n";
const CRLF_NEW: &str = "from new import g\r\ng(1)\r\n";

#[test]
fn line_endings_that_git_converts_stay_as_the_disk_has_them() {
    for (attributes, config) in [
        ("*.py text eol=crlf\n", &[][..]),
        ("", &[("core.autocrlf", "true")]),
        ("*.py text=auto\n", &[("core.eol", "crlf")]),
        ("*.py text\n", &[("core.autocrlf", "true")]),
    ] {
        let repo = converting(attributes, config, CRLF);
        assert_eq!(repo.read("a.py"), CRLF.as_bytes(), "{attributes}");
        assert_eq!(repo.git(&["cat-file", "-s", "HEAD:a.py"]), OLD.len().to_string());
        migrates(&repo, CRLF_NEW);
    }
}

#[test]
fn line_endings_that_git_does_not_convert_are_committed_as_they_are() {
    for (attributes, config) in
        [("*.py -text\n", &[("core.autocrlf", "true")][..]), ("", &[("core.autocrlf", "false")]), ("", &[])]
    {
        let repo = converting(attributes, config, CRLF);
        assert_eq!(repo.git(&["cat-file", "-s", "HEAD:a.py"]), CRLF.len().to_string());
        migrates(&repo, CRLF_NEW);
    }
}

#[test]
fn lf_on_disk_with_autocrlf_input_stays_lf() {
    migrates(&converting("", &[("core.autocrlf", "input")], OLD), "from new import g\ng(1)\n");
}

#[test]
fn an_expanded_ident_keyword_is_collapsed_in_the_commit() {
    let repo = converting("*.py ident\n", &[], &format!("# $Id$\n{OLD}"));
    let before = String::from_utf8(repo.read("a.py")).unwrap();
    assert!(before.starts_with("# $Id: "), "{before}");
    migrates(&repo, &before.replace("old import f", "new import g").replace("f(1)", "g(1)"));
    assert!(repo.git(&["show", "HEAD:a.py"]).starts_with("# $Id$\n"));
}

#[test]
fn an_external_filter_is_run_as_git_add_would() {
    let filter = [
        ("filter.rot.clean", "tr a-zA-Z n-za-mN-ZA-M"),
        ("filter.rot.smudge", "tr a-zA-Z n-za-mN-ZA-M"),
        ("filter.rot.required", "true"),
    ];
    let repo = converting("*.py filter=rot\n", &filter, OLD);
    assert_eq!(repo.git(&["show", "HEAD:a.py"]), "sebz byq vzcbeg s\ns(1)");
    migrates(&repo, "from new import g\ng(1)\n");
}

#[test]
fn a_filter_that_fails_leaves_everything_as_it_was() {
    let filter = [("filter.rot.clean", "cat"), ("filter.rot.smudge", "cat"), ("filter.rot.required", "true")];
    let repo = converting("*.py filter=rot\n", &filter, OLD);
    repo.git(&["config", "filter.rot.clean", "false"]);
    let ran = repo.migrate(&["run"]).exits(3).says("help: fix what git says of it");
    assert!(!ran.stderr.contains("on PATH"), "{}", ran.stderr);
    assert_eq!((repo.read("a.py"), repo.subjects().len()), (OLD.into(), 1));
}

#[test]
fn without_the_git_program_it_is_said_that_git_is_needed() {
    let repo = one("");
    let output = repo.command(crate::support::MIGRATE).arg("run").env("PATH", repo.home()).output().unwrap();
    crate::support::Ran::of(output).exits(3).says("cannot start `git`").says("help: migrate needs the git program on PATH");
}

#[test]
fn another_encoding_of_the_work_tree_is_kept() {
    let repo = converting("*.py working-tree-encoding=ISO-8859-1\n", &[], "");
    repo.git(&["config", "core.quotePath", "false"]);
    let latin = b"# coding: latin-1\nfrom old import f\nf('\xe4')\n";
    repo.write("a.py", latin);
    repo.commit_all("latin");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"# coding: latin-1\nfrom new import g\ng('\xe4')\n");
    assert_eq!(repo.git(&["show", "HEAD:a.py"]), "# coding: latin-1\nfrom new import g\ng('ä')");
    assert_eq!(dirty(&repo), "");
}

#[test]
fn a_split_index_is_kept_right() {
    let repo = repo(&[("a.py", OLD), ("b.py", "b = 1\n")], "  - id: P0\n    files: [a.py]\n");
    repo.git(&["update-index", "--split-index"]);
    repo.write("b.py", "b = 2\n");
    repo.git(&["add", "b.py"]);
    repo.migrate(&["run", "--allow-dirty"]).succeeds();
    assert_eq!(repo.git(&["status", "--porcelain"]), "M  b.py");
    repo.git(&["fsck", "--strict"]);
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!((repo.read("a.py"), repo.git(&["status", "--porcelain"])), (OLD.into(), "M  b.py".to_owned()));
}

#[test]
fn a_sparse_checkout_is_kept_right() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let repo = repo(
            &[("in/a.py", OLD), ("out/b.py", OLD), ("out/deep/c.py", "c = 1\n")],
            "  - id: P0\n    files: [in/a.py]\n  - id: P1\n    files: [out/b.py]\n",
        );
        repo.git(&["sparse-checkout", "set", "--cone", index, "in", "plans"]);
        assert!(!repo.top().join("out").exists());
        repo.migrate(&["run", "--phase", "P0"]).succeeds();
        assert_eq!((dirty(&repo), repo.subjects().len()), (String::new(), 3));
        assert!(!repo.top().join("out").exists());
        let ran = untouched(&repo, 3, &["run"]);
        assert!(ran.stderr.contains("out/b.py is marked skip-worktree"), "{}", ran.stderr);
        repo.git(&["sparse-checkout", "disable"]);
        repo.migrate(&["run"]).succeeds();
        assert_eq!((dirty(&repo), repo.subjects().len()), (String::new(), 4));
    }
}

#[test]
fn other_kinds_of_index_are_kept_right() {
    for (key, value) in
        [("index.version", "4"), ("core.untrackedCache", "true"), ("index.skipHash", "true"), ("feature.manyFiles", "true")]
    {
        let repo = one("");
        repo.git(&["config", key, value]);
        repo.git(&["update-index", "--force-write-index"]);
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{key}");
        assert_eq!(repo.git(&["diff", "--cached", "--stat"]), "");
    }
}
