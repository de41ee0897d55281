//! A repository of one commit with as many Python files as wanted, each of which holds the name to be migrated.

use std::fmt::Write as _;

use crate::support::{Repo, path};

/// A repository of `files` Python files in one commit, checked out and settled: git knows of each file that it is clean.
pub fn tree(files: usize) -> Repo {
    let repo = Repo::empty();
    let mut stream = String::new();
    let mut list = String::new();
    for nth in 0..files {
        let text = text(nth);
        let mark = nth + 1;
        write!(stream, "blob\nmark :{mark}\ndata {}\n{text}\n", text.len()).expect("a String takes all");
        writeln!(list, "M 100644 :{mark} {}", path(nth)).expect("a String takes all");
    }
    write!(stream, "commit refs/heads/main\ncommitter B <b@example.com> 1700000000 +0000\ndata 4\nbase\n{list}\n")
        .expect("a String takes all");
    repo.import(stream.as_bytes());
    repo.check_out();
    repo
}

/// A Python file of 60 lines that uses the name to be migrated twice.
fn text(nth: usize) -> String {
    let mut text = format!("\"\"\"Module {nth}.\"\"\"\nimport json\n\nfrom legacy.client import fetch\n\n\n");
    for function in 0..10 {
        write!(text, "def step_{function}(value):\n    data = json.dumps({{\"module\": {nth}, \"value\": value}})\n")
            .expect("a String takes all");
        text.push_str("    if not data:\n        return None\n    return data\n\n\n");
    }
    text.push_str("def load(key):\n    return fetch(key)\n");
    text
}
