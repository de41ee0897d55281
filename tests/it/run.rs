use crate::support::{Repo, plan};

#[test]
fn one_file_becomes_one_commit_with_the_prescribed_message() {
    let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n"), ("b.py", "x = 1\n")]);
    repo.write("plans/p.yaml", plan("  - id: P0\n    files: [{ path: a.py, validate: [\"python3 -m py_compile {file}\"] }]\n"));
    repo.commit_all("plan");
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("a.py"), b"from new import g\ng(1)\n");
    assert_eq!(repo.git(&["show", "--name-only", "--format=%s"]), "fix(a): apply test in a.py - Issue #1\n\na.py");
    assert_eq!(repo.git(&["status", "--porcelain", "-uno"]), "");
}
