//! Commands and lists of them: what is read, and what is said of mistakes.

use super::tests::complaints;
use crate::plan::load::parse;
use crate::plan::{Command, Plan, ReportFormat};

/// A plan with a rule's command on line 4, commands of a phase on line 7, a gate on line 8 and commands of an entry on line 10.
fn plan(rule: &str, validate: &str, gate: &str, own: &str) -> String {
    format!(
        "version: 1\nname: x\nissue: y\nrules: {{ r: {{ command: {rule} }} }}\nphases:\n  - id: P0\n    validate: {validate}\n    gate: {{ run: {gate} }}\n    files:\n      - {{ path: a.py, validate: {own} }}\n"
    )
}

fn read(text: &str) -> Plan {
    parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// Where a command stands.
#[derive(Debug, Clone, Copy)]
enum At {
    Rule,
    Phase,
    Gate,
    Entry,
}

impl At {
    fn plan(self, text: &str) -> String {
        match self {
            Self::Rule => plan(text, "[]", "[]", "[]"),
            Self::Phase => plan("c", text, "[]", "[]"),
            Self::Gate => plan("c", "[]", text, "[]"),
            Self::Entry => plan("c", "[]", "[]", text),
        }
    }
}

fn all_named(cases: &[(At, &str, &str)]) {
    let mut wrong = Vec::new();
    for (at, text, expected) in cases {
        let said = complaints(&at.plan(text));
        if said.len() != 1 || !said[0].starts_with(expected) {
            wrong.push(format!("{text}\n    expected {expected}\n    said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_in_a_placeholder_is_named_with_its_place_and_its_cure() {
    all_named(&[
        (
            At::Rule,
            "\"x {filse}\"",
            "4:27: unknown placeholder `{filse}` | did you mean `{file}`? A literal `{filse}` is written",
        ),
        (At::Rule, "\"x {files}\"", "4:27: a rule has no `{files}`: its command is run on one file | did you mean `{file}`?"),
        (At::Rule, "\"x {report}\"", "4:27: a rule has no `{report}`: its command judges nothing | remove it: reports are for"),
        (At::Gate, "[\"x {files}\"]", "8:22: a gate has no `{files}`: it runs once, after the last file of the phase | use"),
        (At::Gate, "[\"x {reprot}\"]", "8:22: unknown placeholder `{reprot}` | did you mean `{report}`? A literal"),
        (
            At::Gate,
            "[\"x {fil}\"]",
            "8:22: unknown placeholder `{fil}` | the placeholders here are `{plan}`, `{phase}`, `{report}`. A",
        ),
        (
            At::Phase,
            "[\"x '{files}'\"]",
            "7:20: `{files}` stands inside quotes, where all files would be one word | take it out of the quotes: each file is",
        ),
        (
            At::Phase,
            "[\"x --of={files}\"]",
            "7:24: `{files}` is joined to other text, which only one of the files would get | put a blank before and after it",
        ),
        (
            At::Phase,
            "[\"x `y {files}`\"]",
            "7:22: `{files}` stands where no value can be quoted safely | write `$(…)` instead of",
        ),
        (
            At::Entry,
            "[[x, \"--of={files}\"]]",
            "10:44: `{files}` stands with other text in the word `--of={files}` | make `{files}` a word of its own, such as",
        ),
        (
            At::Entry,
            "[\"x {file} {files}\"]",
            "10:44: the command names both `{file}` and `{files}` | keep one: it runs once for each file with `{file}`, once for",
        ),
    ]);
}

#[test]
fn every_mistake_about_a_report_is_named_with_its_place_and_its_cure() {
    all_named(&[
        (
            At::Rule,
            "{ run: x, report: junit }",
            "4:34: a rule's command has no `report`: it judges nothing | remove it: it is for",
        ),
        (At::Phase, "[{ run: x, report: xml }]", "7:34: `report` cannot be `xml` | one of: junit"),
        (At::Phase, "[{ run: x, report: JUnit }]", "7:34: `report` cannot be `JUnit` | did you mean `junit`?"),
        (At::Phase, "[{ run: x, report: }]", "7:32: `report`: expected a text, found nothing | give a value, or remove"),
        (
            At::Phase,
            "[{ run: x, report: junit }]",
            "7:26: `report: junit` for a command that names no `{report}` | say in `run` where it goes, such as `pytest",
        ),
        (
            At::Gate,
            "[{ report: junit, run: [x, \"{{report}}\"] }]",
            "8:21: `report: junit` for a command that names no `{report}` | say in `run` where it goes, such as `pytest",
        ),
        (
            At::Phase,
            "[\"x --junitxml={report}\"]",
            "7:30: `{report}` without `report: junit` | add the key, as in `{ run: \"pytest --junitxml={report}\", report: junit }`",
        ),
        (At::Gate, "[[x, \"{report}\"]]", "8:24: `{report}` without `report: junit` | add the key, as in"),
        (At::Gate, "[{ run: \"x {report}\", timeout: 1s }]", "8:29: `{report}` without `report: junit` | add the key, as in"),
    ]);
}

#[test]
fn a_command_says_where_its_report_goes() {
    for written in [
        "[{ run: \"pytest --junitxml={report} {files}\", report: junit }]",
        "[{ run: [pytest, \"--junitxml={report}\", \"{files}\"], report: junit }]",
        "[{ run: \"REPORT=$MIGRATE_REPORT make test\", report: junit }]",
    ] {
        let command = read(&plan("c", written, "[]", "[]")).phases[0].targets[0].validate[0].clone();
        assert_eq!(command.report, Some(ReportFormat::Junit), "{written}");
        let other = Command { report: None, ..command.clone() };
        assert_ne!(command, other);
    }
    let plain = read(&plan("c", "[x]", "[\"x # {report}\"]", "[]"));
    assert_eq!((plain.phases[0].targets[0].validate[0].report, plain.phases[0].gate[0].report), (None, None));
}
