use crate::kit::{dirty, replan};
use crate::support::Repo;

/// A library whose function moved, a test that patches it, a module with a doctest, and documents that show it.
const FILES: [(&str, &str); 8] = [
    ("shop/__init__.py", ""),
    ("shop/old.py", "def fetch(x):\n    return x\n"),
    ("shop/new.py", "def get(x):\n    return x\n"),
    ("shop/app.py", "import shop.old\n\n\ndef run(x):\n    return shop.old.fetch(x)\n"),
    (
        "tests/test_app.py",
        "from unittest import mock\n\nfrom shop.app import run\n\n\n@mock.patch(\"shop.old.fetch\", return_value=7)\ndef check(fetch):\n    assert run(1) == 7\n    fetch.assert_called_once()\n\n\ncheck()\n",
    ),
    (
        "shop/tool.py",
        "def twice(x):\n    \"\"\"Twice what fetch gives.\n\n    >>> from shop.old import fetch\n    >>> fetch(2)\n    2\n    >>> twice(fetch(2))\n    4\n    \"\"\"\n    return 2 * x\n",
    ),
    (
        "README.md",
        "# Shop: fetch things\r\n\r\n```python\r\nfrom shop.old import fetch\r\n```\r\n\r\nThen `fetch` it:\r\n\r\n```python\r\nfetch(1)  # one\r\n```\r\n",
    ),
    (
        "docs/use.rst",
        "Use\n===\n\nCall ``fetch``::\n\n    from shop.old import fetch\n    fetch(1)\n\n>>> from shop.old import fetch\n>>> fetch('fetch')\n'fetch'\n",
    ),
];

/// A plan that renames the function in every file, further keys of the rename given.
fn plan(more: &str) -> String {
    format!(
        "version: 1\nname: shop\nissue: \"#1\"\nrules:\n  fetch: {{ rename: {{ from: shop.old.fetch, to: shop.new.get{more} }} }}\nphases:\n\
         \x20 - id: P0\n    files:\n      - {{ path: shop/app.py, validate: [\"python3 -c 'import shop.app'\"] }}\n\
         \x20     - {{ path: tests/test_app.py, validate: [\"PYTHONPATH=. python3 {{file}}\"] }}\n\
         \x20     - {{ path: shop/tool.py, validate: [\"PYTHONPATH=. python3 -m doctest {{file}}\"] }}\n\
         \x20     - README.md\n      - {{ path: docs/use.rst, validate: [\"PYTHONPATH=. python3 -m doctest {{file}}\"] }}\n"
    )
}

#[test]
fn strings_doctests_and_documents_migrate_as_units() {
    let repo = Repo::with(&FILES);
    replan(&repo, &plan(", strings: true, docs: true"));
    repo.migrate(&["run"]).succeeds();
    assert_eq!(String::from_utf8(repo.read("tests/test_app.py")).unwrap(), FILES[4].1.replace("shop.old.fetch", "shop.new.get"));
    let tool = FILES[5].1.replace("shop.old import fetch", "shop.new import get").replace(">>> fetch(2)", ">>> get(2)");
    assert_eq!(String::from_utf8(repo.read("shop/tool.py")).unwrap(), tool.replace("twice(fetch(2))", "twice(get(2))"));
    let readme = FILES[6].1.replace("shop.old import fetch", "shop.new import get").replace("fetch(1)", "get(1)");
    assert_eq!(String::from_utf8(repo.read("README.md")).unwrap(), readme);
    let rst = FILES[7].1.replace("shop.old import fetch", "shop.new import get");
    assert_eq!(
        String::from_utf8(repo.read("docs/use.rst")).unwrap(),
        rst.replace("fetch(1)", "get(1)").replace(">>> fetch(", ">>> get(")
    );
    assert_eq!((repo.subjects().len(), dirty(&repo).as_str()), (7, ""));
    repo.migrate(&["rollback", "README.md"]).succeeds();
    assert_eq!(repo.read("README.md"), FILES[6].1.as_bytes());
}

#[test]
fn without_the_keys_strings_and_documents_stay() {
    let repo = Repo::with(&FILES);
    // A document that is listed and that no rule reads would fail; one that a glob matches is passed over.
    let text = plan("").replace("- README.md", "- glob: \"*.md\"").replace("path: docs/use.rst", "glob: \"docs/*.rst\"");
    replan(&repo, &text.replace("PYTHONPATH=. python3 {file}", "true"));
    repo.migrate(&["run"]).succeeds();
    for (path, text) in &FILES[4..] {
        assert_eq!(repo.read(path), text.as_bytes(), "{path}");
    }
    assert!(String::from_utf8(repo.read("shop/app.py")).unwrap().contains("shop.new.get(x)"));
}

#[test]
fn a_glob_finds_documents_that_show_the_name() {
    let repo = Repo::with(&FILES);
    repo.write("docs/other.md", "`shop.old.fetch` and fetch\n");
    repo.commit_all("more");
    let whole = plan(", docs: true");
    let (rules, _) = whole.split_once("phases:").unwrap();
    replan(&repo, &format!("{rules}phases:\n  - id: P0\n    files: [{{ glob: \"**/*.{{md,rst}}\" }}]\n"));
    repo.migrate(&["run"]).succeeds();
    let changed = repo.git(&["diff", "--name-only", "HEAD~2"]);
    assert_eq!(changed, "README.md\ndocs/use.rst");
}

#[test]
fn a_file_that_is_neither_python_nor_a_document_has_only_its_edits() {
    let text = "from shop.old import fetch\nfetch(1)\n";
    let repo = Repo::with(&[("script.txt", text), ("setup.cfg", "[x]\ny = shop.old:fetch\n")]);
    let whole = plan(", strings: true, docs: true");
    let (rules, _) = whole.split_once("phases:").unwrap();
    replan(
        &repo,
        &format!(
            "{}phases:\n  - id: P0\n    files:\n      - glob: \"*.txt\"\n      - path: setup.cfg\n        edits: [{{ before: \"y = shop.old:fetch\", after: \"y = shop.new:get\" }}]\n",
            // No file of a kind that the rule reads names it.
            rules.replace("docs: true }", "docs: true }, may_match_nothing: true"),
        ),
    );
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("script.txt"), text.as_bytes());
    assert_eq!(repo.read("setup.cfg"), b"[x]\ny = shop.new:get\n");
}

#[test]
fn a_scan_counts_strings_and_documents_before_and_none_after() {
    let repo = Repo::with(&FILES);
    replan(&repo, &plan(", strings: true, docs: true"));
    let before = repo.migrate(&["scan", "--json"]).succeeds();
    for part in ["\"kind\":\"string\"", "\"kind\":\"doc\"", "README.md", "docs/use.rst"] {
        assert!(before.stdout.replace(": ", ":").contains(part), "{part}: {}", before.stdout);
    }
    repo.migrate(&["run"]).succeeds();
    let after = repo.migrate(&["scan", "--json", "--fail-over", "0"]).succeeds();
    assert!(!after.stdout.contains("README.md"), "{}", after.stdout);
}
