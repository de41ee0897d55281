//! The text of a plan, as a person would write it. Pure.

use crate::init::attempt::{Outcome, Tried};
use crate::init::shape::{Entry, Found, Wave};
use crate::init::yaml::{push, scalar};

/// How much of judging one file after the other by a command is still worth a person's time, in seconds.
const WORTH: u64 = 15 * 60;

/// What is written into a plan.
#[derive(Debug)]
pub struct Draft<'d> {
    /// The plan's name.
    pub name: &'d str,
    /// The ticket that commits name.
    pub issue: Option<&'d str>,
    /// Where an editor finds what a plan may hold; `None` where that could not be written.
    pub schema: Option<&'d str>,
    /// What the plan does, in one line.
    pub what: String,
    /// The title of its commits.
    pub title: String,
    /// The summary of its commits.
    pub summary: String,
    /// The rule, indented as it stands in the plan, with its name above.
    pub rule: String,
    /// The phases.
    pub waves: &'d [Wave],
    /// The commands that were thought of.
    pub tried: &'d [Tried],
    /// Files that are not in it, with the reason.
    pub left_out: &'d [(Found, String)],
}

impl Draft<'_> {
    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        if let Some(schema) = self.schema {
            push(&mut out, &format!("# yaml-language-server: $schema={schema}\n"));
        }
        push(&mut out, &format!("# {}\n#\n", comment(&self.what)));
        out.push_str("# `migrate check` tries it in memory, `migrate diff` shows what would change, `migrate run` does it.\n");
        push(&mut out, &format!("version: 1\nname: {}\n", self.name));
        if let Some(issue) = self.issue {
            push(&mut out, &aside(&format!("issue: {}", scalar(issue)), "the ticket that each commit names"));
        }
        push(&mut out, &format!("\nrules:\n{}", self.rule));
        push(&mut out, &format!("\ncommit:\n  title: {}\n  summary: {}\n", scalar(&self.title), scalar(&self.summary)));
        self.judges(&mut out);
        out.push_str("\nphases:\n");
        for (at, wave) in self.waves.iter().enumerate() {
            self.wave(&mut out, at, wave);
        }
        if !self.left_out.is_empty() {
            out.push_str("\n# Left out. Look at these by hand, or give them `edits` of their own:\n");
            for (file, why) in self.left_out {
                push(&mut out, &format!("#   {}: {}\n", comment(&file.path.to_string()), comment(why)));
            }
        }
        out
    }

    fn units(&self) -> usize {
        self.waves.iter().flat_map(Wave::files).count()
    }

    /// True when a command is fast enough to judge each file.
    fn is_fast(&self, tried: &Tried) -> bool {
        let Outcome::Works { took, .. } = &tried.outcome else { return false };
        took.as_secs_f64() * self.units() as f64 <= WORTH as f64
    }

    fn judges(&self, out: &mut String) {
        out.push_str("\n# These judge each file before its commit. When one fails, nothing is committed and the file stays as it was.\nvalidate:\n");
        push(out, &aside("  - { builtin: syntax }", "it parses under the project's Python"));
        push(out, &aside("  - { builtin: imports }", "what it imports is there"));
        for tried in self.tried {
            let command = format!("  - {}", command(tried));
            match &tried.outcome {
                Outcome::Works { .. } if self.is_fast(tried) => push(out, &aside(&command, &told(tried))),
                Outcome::Works { .. } => {
                    let why = format!("it takes too long for each of {} files: see the gates", self.units());
                    push(out, &commented(&command, &why));
                }
                Outcome::Fails(why) => push(out, &commented(&command, &format!("on the untouched tree it {}", verb(why)))),
                Outcome::Untried(why) => push(out, &commented(&command, &format!("not tried: {why}"))),
            }
        }
        if self.tried.is_empty() {
            out.push_str(
                "  # No tests were found. Any command that judges fits here, such as { run: \"make test\", timeout: 5m }.\n",
            );
        }
    }

    fn wave(&self, out: &mut String, at: usize, wave: &Wave) {
        push(out, &format!("  - id: P{at}\n    title: {}\n", scalar(&wave.title)));
        if wave.stops {
            push(out, &aside("    on_failure: stop", "the first failure ends the phase, and nothing after it begins"));
        } else {
            push(out, &aside("    on_failure: quarantine", "a file that fails is set aside, and the others go on"));
            out.push_str("    max_quarantined: 10%\n");
        }
        if wave.by_folder {
            push(out, &aside("    units: { by: folder, max_files: 20 }", "one commit for the files of a folder"));
        }
        let slow: Vec<&Tried> = self
            .tried
            .iter()
            .filter(|tried| matches!(tried.outcome, Outcome::Works { .. }) && !self.is_fast(tried))
            .filter(|tried| !tried.suite.run.contains("{files}"))
            .collect();
        if !slow.is_empty() {
            out.push_str("    gate:\n      run:\n");
            for tried in slow {
                push(out, &aside(&format!("        - {}", command(tried)), &told(tried)));
            }
        }
        out.push_str("    files:\n");
        for entry in &wave.entries {
            push(out, &self.entry(entry));
        }
    }

    fn entry(&self, entry: &Entry) -> String {
        match entry {
            Entry::File(file) => aside(&format!("      - {}", scalar_path(file)), &facts(file)),
            Entry::Below { folder, ending, files } => {
                let places = files.iter().map(|file| file.places).sum();
                let told = format!("{}, {}", count(files.len(), "file"), count(places, "place"));
                let begins = |path: &str| path.starts_with(&format!("{folder}/")) && path.ends_with(ending.as_str());
                let without: Vec<String> = self
                    .left_out
                    .iter()
                    .filter_map(|(file, _)| std::str::from_utf8(file.path.as_bytes()).ok())
                    .filter(|path| begins(path))
                    .map(|path| scalar(&globset::escape(path)))
                    .collect();
                let exclude =
                    if without.is_empty() { String::new() } else { format!("        exclude: [{}]\n", without.join(", ")) };
                aside(&format!("      - glob: \"{folder}/**/*{ending}\""), &told) + &exclude
            }
        }
    }
}

/// What is known of a file.
fn facts(file: &Found) -> String {
    let mut facts = vec![count(file.places, "place")];
    if file.commits > 1 {
        facts.push(format!("{} in the last year", count(file.commits, "commit")));
    }
    if !file.owners.is_empty() {
        facts.push(file.owners.clone());
    }
    facts.join(", ")
}

fn command(tried: &Tried) -> String {
    let run = scalar(&tried.suite.run);
    if tried.suite.report { format!("{{ run: {run}, report: junit }}") } else { run }
}

fn told(tried: &Tried) -> String {
    let Outcome::Works { took, said } = &tried.outcome else { return String::new() };
    let seconds = took.as_secs_f64();
    let took = if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") };
    if said.is_empty() { took } else { format!("{said} in {took}") }
}

/// A reason as what a command does: `fails`, not `failed`.
fn verb(why: &str) -> String {
    for (past, present) in [("failed", "fails"), ("took", "takes"), ("passed, and ran", "passes, and runs"), ("wrote", "writes")]
    {
        if let Some(rest) = why.strip_prefix(past) {
            return format!("{present}{rest}");
        }
    }
    match why.strip_suffix(": not found, or not executable") {
        Some(program) => format!("cannot be started: `{program}` is not there"),
        None => format!("does not pass: {why}"),
    }
}

/// So many of a thing.
#[must_use]
pub fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

/// A line with a comment behind it, or above it where both are long.
fn aside(line: &str, said: &str) -> String {
    let said = comment(said);
    if said.is_empty() {
        return format!("{line}\n");
    }
    if line.len() + said.len() <= 110 {
        return format!("{line:<42}  # {said}\n");
    }
    let indent = line.len() - line.trim_start().len();
    format!("{:indent$}# {said}\n{line}\n", "")
}

/// A line that is only a comment, with the reason.
fn commented(line: &str, why: &str) -> String {
    let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
    aside(&format!("{indent}# {rest}"), why)
}

/// A text on one line of a comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A path as a plan names it.
fn scalar_path(file: &Found) -> String {
    match std::str::from_utf8(file.path.as_bytes()) {
        // What looks like a pattern is named as a path.
        Ok(path) => scalar(path),
        Err(_) => scalar(&file.path.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;

    #[test]
    fn every_text_is_read_back_as_it_was() {
        for text in [
            "a/b.py",
            "true",
            "y",
            "#506",
            "a: b",
            "x # y",
            "- x",
            "it's \"quoted\" \\ here",
            "a\nb",
            "ü/ö.py",
            "1",
            "1.5",
            "{x}",
            "[x]",
            "@a",
            "*",
            "&a",
            "%",
            "`a`",
            " a",
            "a ",
            "~",
            "a\u{2028}b",
            "null",
        ] {
            let plan = format!(
                "version: 1\nname: x\nissue: y\nphases:\n  - id: P0\n    files: [{{ path: a.py, create: {} }}]\n",
                scalar(text)
            );
            let plan = parse("x", plan.as_bytes()).unwrap_or_else(|problems| panic!("{}\n{plan}", problems.render(false, 100)));
            let target = &plan.phases[0].targets[0];
            assert_eq!(target.treatment, crate::plan::Treatment::Create(text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn what_takes_too_long_for_each_file_judges_each_phase() {
        use crate::init::shape::waves;
        use crate::init::suites::Suite;
        use crate::path::RepoPath;
        let found = |at| {
            let path = RepoPath::new(format!("a{at}.py")).unwrap();
            Found { path, places: 1, commits: 0, owners: String::new() }
        };
        let suite = |run: &str| {
            let suite = Suite { name: "x", run: run.into(), report: true, tests: true, because: String::new() };
            let outcome = Outcome::Works { took: std::time::Duration::from_secs(60), said: "9 tests".into() };
            Tried { suite, outcome }
        };
        for (files, gates) in [(1, 0), (30, 1)] {
            let waves = waves((0..files).map(found).collect());
            let tried = [suite("x {report}")];
            let text = Draft {
                name: "x",
                issue: Some("y"),
                schema: None,
                what: String::new(),
                title: "t".into(),
                summary: "s".into(),
                rule: "  r: { rename: { from: a.b, to: a.c } }\n".into(),
                waves: &waves,
                tried: &tried,
                left_out: &[],
            }
            .text();
            let plan = parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false, 100)));
            let (gate, validate) = (&plan.phases[0].gate, &plan.phases[0].targets[0].validate);
            assert_eq!((gate.len(), validate.len()), (gates, 3 - gates), "{text}");
        }
    }

    #[test]
    fn a_reason_says_what_the_command_does() {
        for (why, said) in [
            ("failed with status 1: 2 of 5 tests failed: t::a", "fails with status 1: 2 of 5 tests failed: t::a"),
            ("took longer than 2m", "takes longer than 2m"),
            ("tox: not found, or not executable", "cannot be started: `tox` is not there"),
            ("passed, and ran no test", "passes, and runs no test"),
            ("changed tracked files: a.py (passed)", "does not pass: changed tracked files: a.py (passed)"),
        ] {
            assert_eq!(verb(why), said);
        }
    }
}
