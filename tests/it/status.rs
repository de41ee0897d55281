use crate::support::{Repo, plan};

/// A command that kills the run that started it.
const KILL: &str = r#"["sh", "-c", "! grep -q new a.py || kill -9 $PPID"]"#;

#[test]
fn a_unit_whose_run_was_killed_is_running_and_not_done_although_its_file_is_rewritten() {
    for files in ["path: a.py", "glob: \"*.py\""] {
        let repo = Repo::with(&[("a.py", "from old import f\nf(1)\n"), ("b.py", "x = 1\n")]);
        repo.write("plans/p.yaml", plan(&format!("  - id: P0\n    files: [{{ {files}, validate: [{{ run: {KILL} }}] }}]\n")));
        repo.commit_all("plan");
        let killed = repo.migrate(&["run"]);
        assert_eq!(killed.signal, Some(9), "{killed:?}");
        assert_eq!(repo.read("a.py"), b"from new import g\ng(1)\n");
        let said = repo.migrate(&["status"]).succeeds();
        assert!(said.stdout.contains("0 of 1 done (0%)") && said.stdout.contains("  running      a.py\n"), "{}", said.stdout);
    }
}
