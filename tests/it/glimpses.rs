//! What a quick look found and kept is never believed of a file that is another now.

use crate::kit::{OLD, repo};
use crate::support::Repo;

/// What status and scan say, as they say it with nothing kept too.
fn said(repo: &Repo, when: &str) -> (String, String) {
    let ask = || {
        let status = repo.migrate(&["status", "--json"]);
        let scan = repo.migrate(&["scan", "--json"]);
        (status.stdout, scan.stdout)
    };
    let kept = ask();
    std::fs::remove_file(repo.top().join(".git/migrate/cache/glimpses")).unwrap();
    assert_eq!(kept, ask(), "{when}");
    kept
}

#[test]
fn what_is_kept_of_a_file_says_nothing_of_it_once_it_is_another() {
    let module = "from .old import f\n\n\nf()\n";
    let repo = repo(
        &[("a.py", OLD), ("b.py", "x = 1\n"), ("pkg/c.py", module), ("src/d.py", "import old\n")],
        "  - id: P0\n    files: [{ glob: \"**/*.py\" }]\n",
    );
    std::fs::create_dir_all(repo.top().join(".git/migrate/cache")).unwrap();
    let cache = repo.top().join(".git/migrate/cache/glimpses");
    let first = said(&repo, "at first");
    assert!(first.0.contains("a.py") && !first.0.contains("b.py"), "{}", first.0);
    repo.write("b.py", OLD);
    let changed = said(&repo, "a file with changes");
    assert_ne!(first.1, changed.1);
    repo.commit_all("change b");
    assert!(said(&repo, "committed").0.contains("b.py"));
    // What a module is called decides what it imports.
    repo.write("pkg/__init__.py", "");
    said(&repo, "another name of the module");
    repo.commit_all("a package");
    said(&repo, "a package");
    repo.write("src/d.py", "import old\nimport other\nold.f()\n");
    repo.commit_all("change d");
    let whole = said(&repo, "changed again");
    let bytes = std::fs::read(&cache).unwrap();
    for text in [&bytes[..bytes.len() / 2], &bytes[..0], b"something else", &[0; 4096]] {
        std::fs::write(&cache, text).unwrap();
        assert_eq!(said(&repo, "damaged"), whole);
    }
    std::fs::remove_file(&cache).unwrap();
    std::fs::create_dir(&cache).unwrap();
    let status = repo.migrate(&["status", "--json"]);
    assert_eq!(status.stdout, whole.0, "a cache that cannot be written");
}
