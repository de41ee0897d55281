//! Runs the script that judges renamed files.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::index::Wheel;

const FLAWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/flaws.py");

const PYFLAKES: Wheel = Wheel {
    pin: "pyflakes==3.2.0",
    file: "pyflakes-3.2.0-py2.py3-none-any.whl",
    sha256: "84b5be138a2dfbb40689ca07e2152deb896a65c3a3e24c251c5c62489568074a",
};

/// Two folders of the same files, and the qualified name that became another between them.
pub struct Judged<'a> {
    /// The files as they were.
    pub before: &'a Path,
    /// The files as they are; it may lack some.
    pub after: &'a Path,
    /// The old name.
    pub from: &'a str,
    /// The new name.
    pub to: &'a str,
}

/// What is wrong with the files that changed, as the script says it; `None` when pyflakes cannot be had.
pub fn flaws(judged: &[Judged]) -> Option<Vec<String>> {
    let lines: String = judged
        .iter()
        .map(|work| format!("{}\t{}\t{}\t{}\n", work.before.display(), work.after.display(), work.from, work.to))
        .collect();
    let mut judge = Command::new("python3");
    judge.arg(FLAWS).env("PYTHONPATH", PYFLAKES.get()?).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = judge.spawn().expect("python3 on PATH");
    child.stdin.take().expect("it was piped").write_all(lines.as_bytes()).expect("the script reads its input");
    let output = child.wait_with_output().expect("a child that was started");
    assert!(output.status.success(), "the script failed");
    Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
