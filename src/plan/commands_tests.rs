//! Commands and lists of them: what is read, and what is said of mistakes.

use super::tests::complaints;
use crate::plan::load::parse;
use crate::plan::{Command, Plan, ReportFormat, RuleKind};

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

#[test]
fn every_mistake_in_the_keys_of_a_command_is_named_with_its_place_and_its_cure() {
    all_named(&[
        (At::Rule, "{ run: x, retries: 1 }", "4:34: a rule's command has no `retries`: it judges nothing | remove it: it is for"),
        (At::Rule, "{ run: x, only: a }", "4:34: a rule's command has no `only`: it judges nothing | remove it: it is for"),
        (
            At::Gate,
            "[{ run: x, only: a }]",
            "8:29: a gate has no `only`: it runs once, after the last file of the phase | remove",
        ),
        (
            At::Phase,
            "[{ run: x, ok_exit: [] }]",
            "7:35: `ok_exit` is empty | give the exit statuses that are success, such as `[0, 1]`",
        ),
        (At::Phase, "[{ run: x, ok_exit: 1 }]", "7:35: `ok_exit`: expected a list, found a number | put it in brackets: `[1]`"),
        (At::Phase, "[{ run: x, ok_exit: }]", "7:33: `ok_exit`: expected a list, found nothing | give a value, or remove"),
        (At::Phase, "[{ run: x, ok_exit: [0, 256] }]", "7:39: `ok_exit` cannot be `256` | give a whole number from 0 to 255"),
        (At::Rule, "{ run: x, ok_exit: [-1] }", "4:44: `ok_exit` cannot be `-1` | give a whole number from 0 to 255"),
        (At::Gate, "[{ run: x, ok_exit: [a] }]", "8:39: `ok_exit`: expected a number, found a text | write a number here"),
        (At::Phase, "[{ run: x, ok_exits: [1] }]", "7:26: unknown key `ok_exits` in the command | did you mean `ok_exit`?"),
        (
            At::Phase,
            "[{ run: x, repeat: until-stable }]",
            "7:26: only a rule's command has `repeat`: others change no file | remove it: it is for the `command` of a rule",
        ),
        (
            At::Gate,
            "[{ run: x, keep_line_endings: true }]",
            "8:29: only a rule's command has `keep_line_endings`: others change no file | remove it",
        ),
        (At::Rule, "{ run: x, repeat: until-stabel }", "4:42: `repeat` cannot be `until-stabel` | did you mean `until-stable`?"),
        (At::Rule, "{ run: x, repeat: 3 }", "4:42: `repeat` cannot be `3` | one of: until-stable"),
        (
            At::Rule,
            "{ run: x, keep_line_endings: 1 }",
            "4:53: `keep_line_endings`: expected `true` or `false`, found a number | write",
        ),
        (At::Phase, "[{ run: x, retries: 11 }]", "7:35: `retries` cannot be `11` | give a whole number from 0 to 10"),
        (At::Phase, "[{ run: x, retries: -1 }]", "7:35: `retries` cannot be `-1` | give a whole number from 0 to 10"),
        (At::Phase, "[{ run: x, retries: 1.5 }]", "7:35: `retries` cannot be `1.5` | give a whole number from 0 to 10"),
        (At::Phase, "[{ run: x, retries: \"1\" }]", "7:35: `retries`: expected a number, found a text | remove the quotes"),
        (At::Phase, "[{ run: x, retrie: 1 }]", "7:26: unknown key `retrie` in the command | did you mean `retries`?"),
        (
            At::Phase,
            "[{ run: x, zzz: 1 }]",
            "7:26: unknown key `zzz` in the command | known here: run, timeout, retries, allow_empty",
        ),
        (At::Phase, "[{ run: x, allow_empty: 1 }]", "7:39: `allow_empty`: expected `true` or `false`, found a number | write"),
        (At::Phase, "[{ run: x, only: [] }]", "7:32: `only` is empty | give at least one pattern, or remove the key"),
        (At::Phase, "[{ run: x, only: { a: b } }]", "7:32: `only`: expected a pattern or a list of patterns, found a map"),
        (At::Phase, "[{ run: x, only: ../a }]", "7:32: the pattern `../a` holds `..` | patterns are matched against paths from"),
        (At::Phase, "[{ run: x, only: [a, \"b[\"] }]", "7:36: the pattern `b[` does not parse"),
        (At::Phase, "[{ run: x, only: *.py }]", "7:32: "),
        (At::Rule, "{ run: x, keep: a }", "4:34: a rule's command has no `keep`: it judges nothing | remove it: it is for"),
        (At::Rule, "{ run: x, at: tree }", "4:34: a rule's command has no `at`: it judges nothing | remove it: it is for"),
        (At::Phase, "[{ run: x, keep: [] }]", "7:32: `keep` is empty | give at least one pattern, or remove the key"),
        (
            At::Gate,
            "[{ run: x, keep: /tmp/a }]",
            "8:35: the pattern `/tmp/a` is absolute | patterns are matched against paths from",
        ),
        (
            At::Phase,
            "[{ run: x, keep: [a, \".git/x\"] }]",
            "7:36: the pattern `.git/x` points into `.git` | patterns are matched",
        ),
        (At::Entry, "[{ run: x, keep: { a: b } }]", "10:50: `keep`: expected a pattern or a list of patterns, found a map"),
        (At::Phase, "[{ run: x, at: copy }]", "7:30: `at` cannot be `copy` | one of: tree"),
        (At::Gate, "[{ run: x, at: Tree }]", "8:33: `at` cannot be `Tree` | did you mean `tree`?"),
        (At::Phase, "[{ run: x, at: true }]", "7:30: `at`"),
        (At::Phase, "[{ only: a }]", "7:18: the command lacks the key `run` | add it, such as `run: "),
    ]);
}

#[test]
fn a_command_has_what_its_keys_say() {
    let text = plan(
        "c",
        "[x, { run: x, retries: 10, allow_empty: true, only: \"*.py\", timeout: 1s, keep: [\"a/**\", b], at: tree }]",
        "[{ run: x, retries: 2, keep: c, at: tree }]",
        "[]",
    );
    let plan = read(&text);
    let [plain, said] = &plan.phases[0].targets[0].validate[..] else { panic!("two commands") };
    assert_eq!((plain.retries, plain.allow_empty, plain.report, plain.only.len()), (0, false, None, 0));
    assert_eq!((said.retries, said.allow_empty, &said.only[..]), (10, true, &["*.py".to_owned()][..]));
    assert_eq!((&said.keep[..], said.at_tree), (&["a/**".to_owned(), "b".to_owned()][..], true));
    assert_eq!((plain.keep.len(), plain.at_tree), (0, false));
    assert_eq!((&plan.phases[0].gate[0].keep[..], plan.phases[0].gate[0].at_tree), (&["c".to_owned()][..], true));
    assert_eq!((said.timeout.as_secs(), plan.phases[0].gate[0].retries), (1, 2));
    for other in [
        Command { retries: 9, ..said.clone() },
        Command { allow_empty: false, ..said.clone() },
        Command { only: Vec::new(), ..said.clone() },
        Command { keep: Vec::new(), ..said.clone() },
        Command { at_tree: false, ..said.clone() },
        Command { timeout: plain.timeout, ..said.clone() },
        Command {
            run: plan.phases[0].gate[0].run.clone(),
            place: plain.place,
            report: Some(ReportFormat::Junit),
            ..said.clone()
        },
    ] {
        assert_ne!(*said, other);
    }
    assert_eq!(*said, Command { place: plain.place, ..said.clone() });
}

#[test]
fn a_rules_command_has_what_its_keys_say() {
    let of = |command: &str| match &read(&plan(command, "[]", "[]", "[]")).rules[0].kind {
        RuleKind::Command(command) => command.clone(),
        other => panic!("{other:?}"),
    };
    let said = of("{ run: c, ok_exit: [3, 0, 3], repeat: until-stable, keep_line_endings: true }");
    assert_eq!((&said.ok_exit[..], said.until_stable, said.keep_line_endings), (&[0, 3][..], true, true));
    assert_eq!([0, 1, 3, 259].map(|status| said.is_ok(status)), [true, false, true, false]);
    let plain = of("c");
    assert_eq!([0, 1].map(|status| plain.is_ok(status)), [true, false]);
    assert_eq!(plain, of("{ run: c, ok_exit: [0], keep_line_endings: false }"));
    assert_eq!([0, 1].map(|status| of("{ run: c, ok_exit: [1] }").is_ok(status)), [false, true]);
    for other in [
        Command { ok_exit: vec![0], ..said.clone() },
        Command { until_stable: false, ..said.clone() },
        Command { keep_line_endings: false, ..said.clone() },
    ] {
        assert_ne!(said, other);
    }
}

/// The commands of each file, after those of the plan, its phase and its entry.
fn run_for(of_plan: &str, of_phase: &str, of_entry: &str) -> Vec<String> {
    let text = format!(
        "version: 1\nname: x\nissue: y\nrules: {{ r: {{ command: c }} }}\nverify: {of_plan}\nphases:\n  - id: P0\n    verify: {of_phase}\n    files:\n      - {{ path: a.py, verify: {of_entry} }}\n"
    );
    let plan = read(&text);
    let target = &plan.phases[0].targets[0];
    assert!(target.validate.is_empty());
    target.verify.iter().map(|command| command.run.texts().join(" ")).collect()
}

#[test]
fn commands_are_added_to_the_outer_ones_or_take_their_place() {
    for (of_plan, of_phase, of_entry, expected) in [
        ("[a]", "[b]", "[c, a]", "a b c a"),
        ("[a]", "[]", "[]", "a"),
        ("[a]", "{ replace: true, run: [b] }", "[c]", "b c"),
        ("[a]", "[b]", "{ run: [c], replace: true }", "c"),
        ("[a]", "{ replace: true, run: [] }", "[c]", "c"),
        ("[a]", "[b]", "{ replace: true, run: [] }", ""),
        ("{ replace: true, run: [a] }", "[b]", "[]", "a b"),
    ] {
        assert_eq!(run_for(of_plan, of_phase, of_entry).join(" "), expected, "{of_plan} {of_phase} {of_entry}");
    }
}

#[test]
fn every_mistake_in_a_list_is_named_with_its_place_and_its_cure() {
    all_named(&[
        (At::Phase, "{ replace: false, run: [x] }", "7:26: `replace` cannot be `false` | write `replace: true`, or a list of"),
        (At::Phase, "{ replace: yes, run: [x] }", "7:26: `replace` cannot be `yes` | write `replace: true`, or a list of"),
        (At::Entry, "{ replace: \"true\", run: [x] }", "10:44: `replace` cannot be `true` in quotes | write `replace: true`"),
        (
            At::Phase,
            "{ run: [x] }",
            "7:15: `validate` is a map without `replace: true` | write the commands in a list, which adds to the outer ones;",
        ),
        (
            At::Phase,
            "{ run: x, timeout: 1s }",
            "7:15: `validate` is a map without `replace: true` | write the commands in a list",
        ),
        (At::Phase, "{ replace: true }", "7:17: `validate` lacks the key `run` | add it, such as `run: []`"),
        (
            At::Phase,
            "{ replace: true, run: x }",
            "7:37: `run` of `validate`: expected a list, found a text | put it in brackets: [\"x\"]",
        ),
        (At::Phase, "{ replace: true, run: [\"x {fil}\"] }", "7:41: unknown placeholder `{fil}` | did you mean `{file}`?"),
        (At::Phase, "{ replace: true, runs: [x], run: [] }", "7:32: unknown key `runs` in `validate` | did you mean `run`?"),
        (At::Gate, "{ replace: true, run: [x] }", "8:18: `run`: expected a list, found a map | write a list here"),
    ]);
    let plan = |of_plan: &str| format!("{of_plan}\n{}", plan("c", "[]", "[]", "[]"));
    for (of_plan, expected) in [
        ("validate: [\"x {fil}\"]", "1:15: unknown placeholder `{fil}` | did you mean `{file}`?"),
        ("verify: { replace: 1, run: [] }", "1:20: `replace` cannot be `1` | write `replace: true`, or a list of commands"),
        ("verify: x", "1:9: `verify`: expected a list, found a text | put it in brackets: [\"x\"]"),
        ("gate: { run: [x] }", "1:1: unknown key `gate` in the plan | known here: version, name"),
    ] {
        let said = complaints(&plan(of_plan));
        assert!(said.len() == 1 && said[0].starts_with(expected), "expected {expected}\n    said {said:?}");
    }
}
