//! The picture in the README is one of a real run.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{MIGRATE, Repo};

const PLAN: &str = r##"version: 1
name: fetch
issue: "#506"
rules:
  fetch: { rename: { from: app.old.fetch, to: app.new.retrieve } }
validate: ["python3 -m unittest -q"]
phases:
  - id: P0
    title: Payments
    gate: { run: ["python3 -m unittest -q"] }
    files: [app/payments.py]
  - id: P1
    title: Everything else
    on_failure: quarantine
    batch: { max: 8 }
    files: [{ glob: "app/*.py" }]
"##;

const COLUMNS: usize = 112;

/// A shop of four modules with a test each, of which one looks at the name that it was given.
fn shop() -> Repo {
    let repo = Repo::with(&[
        ("app/__init__.py", ""),
        ("tests/__init__.py", ""),
        ("app/old.py", "def fetch(key):\n    return key\n"),
        ("app/new.py", "def retrieve(key):\n    return key\n"),
    ]);
    for name in ["payments", "orders", "search", "mail"] {
        let look = if name == "search" { "    assert fetch.__name__ == 'fetch', 'renamed under me'\n" } else { "" };
        repo.write(
            &format!("app/{name}.py"),
            format!("from app.old import fetch\n\n\ndef {name}(key):\n{look}    return fetch(key)\n"),
        );
        let test = format!(
            "import unittest\n\nfrom app.{name} import {name}\n\n\nclass Test(unittest.TestCase):\n    def test_{name}(self):\n        self.assertEqual({name}(1), 1)\n"
        );
        repo.write(&format!("tests/test_{name}.py"), test);
    }
    repo.write("plans/fetch.yaml", PLAN);
    repo.commit_all("base");
    repo.env("MIGRATE_IN_PLACE", "0")
}

/// What a line of the screen holds: texts, each with the number of its colour.
fn spans(line: &str) -> Vec<(&str, &str)> {
    let (mut found, mut colour) = (Vec::new(), "0");
    for (nth, part) in line.split("\x1b[").enumerate() {
        let text = match (nth, part.split_once('m')) {
            (0, _) | (_, None) => part,
            (_, Some((code, text))) => {
                colour = code;
                text
            }
        };
        if !text.is_empty() {
            found.push((colour, text));
        }
    }
    found
}

fn svg(screen: &str) -> String {
    let lines: Vec<&str> = screen.lines().collect();
    let (width, height) = (COLUMNS * 8 + 32, lines.len() * 19 + 32);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e1e2e\"/>\n<g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"13\" fill=\"#cdd6f4\" xml:space=\"preserve\">\n"
    );
    for (nth, line) in lines.into_iter().enumerate() {
        write!(out, "<text x=\"16\" y=\"{}\">", nth * 19 + 30).unwrap();
        let mut left = COLUMNS;
        for (colour, text) in spans(line) {
            let cut = text.chars().count() > left;
            let mut shown: String = text.chars().take(if cut { left.saturating_sub(1) } else { left }).collect();
            if cut && left > 0 {
                shown.push('…');
            }
            left = left.saturating_sub(text.chars().count());
            let shown = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let style = match colour {
                "31" => " fill=\"#f38ba8\"",
                "32" => " fill=\"#a6e3a1\"",
                "33" => " fill=\"#f9e2af\"",
                "36" => " fill=\"#89dceb\"",
                "2" => " fill=\"#7f849c\"",
                "1" => " font-weight=\"bold\"",
                _ => "",
            };
            write!(out, "<tspan{style}>{shown}</tspan>").unwrap();
        }
        out.push_str("</text>\n");
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Without what differs from run to run: seconds, names of commits and digests.
fn lasting(svg: &str) -> String {
    let is_name = |word: &str| word.len() == 12 && word.chars().all(|c| c.is_ascii_hexdigit());
    let of_line = |line: &str| {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '.')).filter(|word| !is_name(word));
        words.filter(|word| word.parse::<f64>().is_err()).collect::<Vec<_>>().join(" ")
    };
    svg.lines().map(of_line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_picture_of_a_run_is_one_of_a_real_run() {
    let repo = shop();
    let output = repo.command("bash").args(["-c", &format!("{MIGRATE} run --jobs 1 --color always 2>&1")]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap().replace(&format!("{}/", repo.top().display()), "");
    let is_shown = |line: &&str| !line.contains("\x1b[2m|\x1b[0m") || line.contains("AssertionError") || line.contains("ERROR:");
    let said: Vec<&str> = said.lines().filter(is_shown).collect();
    let drawn = svg(&format!("\x1b[36m$ migrate run\x1b[0m\n{}\n", said.join("\n")));
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/run.svg");
    if std::env::var_os("MIGRATE_WRITE").is_some() {
        std::fs::write(place, drawn).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(place).unwrap();
    assert_eq!(lasting(&kept), lasting(&drawn), "MIGRATE_WRITE=1 cargo test --test it picture draws it anew");
}
