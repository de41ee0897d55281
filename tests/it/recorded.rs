//! `tests/results/record.py` installs and runs each runner, and compares what it writes with what is recorded.
//!
//! It takes a quarter of an hour and the package index, so it asks for `MIGRATE_RUNNERS`: `1` is all of them, else the beginnings of
//! the names in `tests/results/recorded.tsv`, parted by spaces: `MIGRATE_RUNNERS="pytest-reruns zope"`. Where `CI` is set and that is
//! not, four runners are run.

use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/results/record.py");

/// One result of each of four runners that are quickly installed.
const FEW: &str = "unittest-text-verbose xmlrunner-folder nose2-odd pytest-reruns-pass-xdist";

#[test]
fn runners_still_write_what_is_recorded() {
    let wanted = std::env::var("MIGRATE_RUNNERS").ok().filter(|wanted| wanted != "0");
    let names = match wanted.as_deref() {
        Some("1") => "",
        Some(names) => names,
        None if std::env::var_os("CI").is_some() => FEW,
        None => {
            println!("MIGRATE_RUNNERS is not set: no runner is run");
            return;
        }
    };
    let output = Command::new("python3").args(["-B", SCRIPT, "--check"]).args(names.split_whitespace()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().any(|line| line.starts_with("same: ")), "no result is called so: {names}");
}
