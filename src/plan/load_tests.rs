//! Plans and what is said about them.

use std::time::{Duration, Instant};

use proptest::prelude::{any, prop, proptest};

use super::*;
use crate::plan::{Files, OnFailure, Risk, RuleKind, Run, Share};

/// A plan in which one thing is put in place of another.
pub(super) const SOUND: &str = r##"version: 1
name: websocket-ssot
issue: "#506"
rules:
  direct:
    rename: { from: pkg.old, to: pkg.new }
  modern:
    command: { run: "codemod {file}", timeout: 2m }
commit:
  title: eliminate factory pattern
  summary: |
    SSOT REMEDIATION: replace.
  message: |
    fix({{ scope }}): {{ title }}

    {{ summary }}
phases:
  - id: P0
    on_failure: quarantine
    max_quarantined: 10%
    validate: ["py_compile {file}"]
    gate: { run: ["make test"] }
    files:
      - path: a/b.py
        risk: EXTREME
        rules: [direct]
        edits:
          - near: 12
            before: |
              $X = factory()
              use($X)
            after: |
              $X = manager()
        validate: [[echo, "{file}"]]
      - c.py
      - paths: [d.py, e.py]
  - id: P3
    files:
      - glob: "tests/**/*.py"
        exclude: ["tests/fixtures/**"]
"##;

#[test]
fn a_sound_plan_is_read_whole() {
    let plan = parse("x", SOUND.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((plan.name.as_str(), plan.issue.as_str()), ("websocket-ssot", "#506"));
    assert!(matches!(&plan.rules[1].kind, RuleKind::Command(command) if command.timeout == Duration::from_secs(120)));
    assert_eq!(plan.commit.summary, "SSOT REMEDIATION: replace.");
    let [first, last] = &plan.phases[..] else { panic!("two phases") };
    assert_eq!((first.on_failure, first.max_quarantined), (OnFailure::Quarantine, Some(Share(1000))));
    let target = &first.targets[0];
    assert_eq!((target.risk, &target.rules[..]), (Some(Risk::Extreme), &[0][..]));
    assert_eq!(target.edits[0].before, "$X = factory()\nuse($X)\n");
    assert_eq!(target.validate[0].run, Run::Shell("py_compile {file}".into()));
    assert_eq!(target.validate[1].run, Run::Argv(vec!["echo".into(), "{file}".into()]));
    assert_eq!(first.targets[1].rules, [0, 1]);
    assert!(matches!(&last.targets[0].files, Files::Glob { include, exclude } if include.len() == 1 && exclude.len() == 1));
    assert_eq!(plan.source.slice(first.targets[2].places.files[1]), "e.py");
    assert_eq!(plan.source.line_column(target.places.edits[0].offset), (30, 15));
}

/// Everything said about a plan in which `from` was replaced by `to`.
fn said(from: &str, to: &str) -> Vec<String> {
    assert!(from.is_empty() || SOUND.contains(from), "{from:?} is not in the plan");
    complaints(&if from.is_empty() { to.to_owned() } else { SOUND.replacen(from, to, 1) })
}

/// Everything said about a plan: `line:column: message | help`.
pub(super) fn complaints(text: &str) -> Vec<String> {
    let Err(problems) = parse("x.yaml", text.as_bytes()) else { return Vec::new() };
    let shown = problems.render(false, 100);
    assert_eq!(shown.matches("help: ").count(), problems.iter().count(), "{shown}");
    let place = |problem: &Problem| {
        problem.span.map_or_else(String::new, |span| {
            let (line, column) = problems.source().line_column(span.offset);
            assert!(shown.contains(&format!("x.yaml:{line}:{column}]")), "{line}:{column}\n{shown}");
            format!("{line}:{column}: ")
        })
    };
    problems.iter().map(|problem| format!("{}{} | {}", place(problem), problem.message, problem.help)).collect()
}

#[test]
fn every_mistake_is_named_with_its_place_and_its_cure() {
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        ("    rename:", "    renam:", "6:5: unknown key `renam` in the rule `direct` | did you mean `rename`?"),
        ("  - id: P0", "  - zzz: 1\n    id: P0", "18:5: unknown key `zzz` in the phase | known here: id, title, on_failure"),
        ("issue:", "name: y\nissue:", "3:1: repeated key `name` in the plan (first on line 2) | keep one of the two"),
        ("  modern:", "  direct: {command: x}\n  modern:", "7:3: repeated key `direct` in `rules` (first on line 5)"),
        ("name: websocket-ssot\n", "", "1:1: the plan lacks the key `name` | add it, such as"),
        ("name: websocket-ssot", "name: Web Socket", "2:7: `Web Socket` cannot be a plan's name | a name is made of"),
        (
            "\"#506\"",
            "#506",
            "3:6: `issue`: expected a text, found nothing | a `#` after a blank begins a comment: put the value in quotes, as in \"#506\"",
        ),
        ("\"#506\"", "\"#5\\n6\"", "3:8: `issue` must be one line without tabs | put it on"),
        ("\"#506\"", "\"\\e[31m\"", "3:8: `issue` holds the control character U+001B | remove it"),
        ("version: 1", "version: 2", "1:10: the plan's version is `2`, not 1 | this plan needs a newer migrate"),
        ("version: 1", "version: 0", "1:10: the plan's version is `0`, not 1 | write `version: 1`"),
        ("version: 1", "version: \"1\"", "1:10: `version`: expected the number 1, found a text | write the number 1 here"),
        ("version: 1\n", "", "1:1: the plan lacks the key `version`"),
        (
            "validate: [\"py_compile {file}\"]",
            "validate: py_compile {file}",
            "21:15: `validate`: expected a list, found a text | put it in brackets: [\"py_compile {file}\"]",
        ),
        ("      - c.py", "      - a/b.py", "35:9: `a/b.py` is listed twice (first on line 24) | keep one of the two"),
        ("[d.py, e.py]", "[d.py, d.py]", "36:23: `d.py` is listed twice (first on line 36)"),
        ("timeout: 2m", "timeout: 30", "8:48: the timeout `30` has no unit | seconds are written `30s`"),
        ("timeout: 2m", "timeout: 0s", "8:48: the timeout `0s` is no time at all | write it as"),
        ("timeout: 2m", "timeout: -5s", "8:48: the timeout `-5s` is negative"),
        ("timeout: 2m", "timeout: 1000000000000000000s", "8:48: the timeout `1000000000000000000s` is longer than seven days"),
        ("timeout: 2m", "timeout: [2m]", "8:48: `timeout`: expected a duration such as 30s, found a list"),
        ("10%", "110%", "20:22: `110%` is not a percentage | write it as"),
        ("10%", "10", "20:22: `10` is not a percentage"),
        ("on_failure: quarantine", "on_failure: stop", "20:5: `max_quarantined` without `on_failure: quarantine` | add"),
        (
            "on_failure: quarantine",
            "on_failure: quarantin",
            "19:17: `on_failure` cannot be `quarantin` | did you mean `quarantine`?",
        ),
        ("EXTREME", "extreme", "25:15: `risk` cannot be `extreme` | did you mean `EXTREME`?"),
        ("EXTREME", "no", "25:15: `risk` cannot be `no` | one of: LOW, MEDIUM, HIGH, EXTREME"),
        ("rules: [direct]", "rules: [direkt]", "26:17: unknown rule `direkt` | did you mean `direct`?"),
        ("rules: [direct]", "rules: [direct, direct]", "26:25: the rule `direct` is listed twice"),
        ("[\"make test\"]", "[\" \"]", "22:19: the command is empty | write what is to be run"),
        ("[\"make test\"]", "[[]]", "22:19: the command is empty | its first word"),
        ("[\"make test\"]", "[\"make {file}\"]", "22:25: a gate has no `{file}`: it runs once"),
        ("[\"make test\"]", "[\"echo 'it\"]", "22:25: the command has an unclosed ' | close the quote"),
        ("{ run: [\"make test\"] }", "{ runs: [] }", "22:13: unknown key `runs` in the gate | did you mean `run`?"),
        (
            "codemod {file}",
            "codemod {files}",
            "8:30: a rule has no `{files}`: its command is run on one file | did you mean `{file}`?",
        ),
        ("{{ title }}", "{{ titel }}", "14:26: the message template names the unknown field `titel` | did you mean `title`?"),
        ("    {{ summary }}", "    {{ summary", "16:5: the message template does not parse"),
        ("    {{ summary }}", "    {{ summary|shout }}", "16:16: the message template uses the unknown filter `shout`"),
        (
            "              $X = manager()",
            "              $X = manager($Y)",
            "33:28: `after` uses `$Y`, which `before` does not bind | `before` binds $X",
        ),
        (
            "              $X = manager()",
            "              manager($XY, $X)",
            "33:23: `after` uses `$XY`, which `before` does not bind",
        ),
        (
            "before: |\n              $X = factory()\n              use($X)",
            "before: \"\"",
            "29:13: `before` is empty | give the lines",
        ),
        (
            "after: |\n              $X = manager()",
            "after: |\n              $X = factory()\n              use($X)",
            "32:13: `before` and `after` are the same",
        ),
        ("            after: |\n              $X = manager()\n", "", "28:13: the edit lacks the key `after`"),
        ("near: 12", "near: 0", "28:19: `near` cannot be `0` | give a whole number from 1"),
        ("near: 12", "near: 1.5", "28:19: `near` cannot be `1.5`"),
        ("near: 12", "near: \"12\"", "28:19: `near`: expected a number, found a text | remove the quotes"),
        ("from: pkg.old", "from: pkg.", "6:21: `from`: `pkg.` has an empty part"),
        ("from: pkg.old", "from: pkg.class", "6:21: `from`: `pkg.class` holds `class`"),
        ("to: pkg.new", "to: pkg.1new", "6:34: `to`: `pkg.1new` has a part that begins with a digit"),
        ("to: pkg.new", "to: pkg.old", "6:34: the rename of the rule `direct` renames `pkg.old` to itself"),
        (
            "command: { run: \"codemod {file}\", timeout: 2m }",
            "rename: { from: pkg.new, to: pkg.old }",
            "5:3: renames lead back to where they began: pkg.old → pkg.new → pkg.old",
        ),
        (
            "command: { run: \"codemod {file}\", timeout: 2m }",
            "rename: { from: pkg.old, to: pkg.x }",
            "7:3: the rules `direct` and `modern` both rename `pkg.old`",
        ),
        ("    rename: {", "    command: x\n    rename: {", "6:5: the rule `direct` does two things | make it two"),
        ("  direct:", "  edits:", "5:3: `edits` cannot name a rule"),
        ("\"tests/**/*.py\"", "\"tests/[\"", "39:15: the pattern `tests/[` does not parse"),
        ("\"tests/**/*.py\"", "/abs/*.py", "39:15: the pattern `/abs/*.py` is absolute"),
        ("      - c.py", "      - /c.py", "35:9: `/c.py`: the path is absolute | give the path from the top"),
        ("      - c.py", "      - ../c.py", "35:9: `../c.py`: the path holds `..`"),
        ("      - c.py", "      - .git/c.py", "35:9: `.git/c.py`: the path is inside `.git`"),
        (
            "  message: |\n",
            "  footer: |\n    ok\n    --- a\n  message: |\n",
            "15:5: `footer` has the line `--- a` | git would end",
        ),
        (
            "    {{ summary }}",
            "    Migration-Unit: {{ summary }}",
            "16:5: `message` has the line `Migration-Unit: {{ summary }}`",
        ),
        ("id: P3", "id: P0", "37:9: two phases have the id `P0` (first on line 18) | give each phase"),
        ("id: P3", "id: 3", "37:9: the phase id `3` is a number | `--phase 3` means the phase at that place; call it `P3`"),
        ("id: P3", "id: P 3", "37:9: `P 3` cannot be a phase's id"),
        ("        exclude:", "        edits: [{before: a, after: b}]\n        exclude:", "40:9: `edits` for more than one file"),
        (
            "      - paths: [d.py, e.py]",
            "      - paths: [d.py, e.py]\n        path: f.py",
            "37:9: the entry has both `paths` and `path`",
        ),
        ("      - paths: [d.py, e.py]", "      - risk: LOW", "36:9: the entry names no files | add `path`"),
        ("      - paths: [d.py, e.py]", "      - path: d.py\n        exclude: [x]", "37:9: `exclude` without `glob`"),
        (
            "      - paths: [d.py, e.py]",
            "      - path: d.py\n        rules: []",
            "36:9: nothing to do for this file | give it `edits`",
        ),
        ("  - id: P3", "---\n  - id: P3", "37:1: a second YAML document begins here"),
        ("", "# only a comment\n", "the plan has no phases | a plan begins with"),
        ("", "", "the plan has no phases | a plan begins with"),
        ("", "version: 1\nname: x\nissue: y\nphases: []\n", "4:9: the plan has no phases | list at least one"),
        ("", "version: 1\nname: x\nissue: y\n", "1:1: the plan has no phases | add `phases:`"),
        ("", "- a\n", "1:1: the plan: expected a map of keys and values, found a list"),
        ("", "version: 1\nname: x\nissue: y\nphases: [{id: P0, files: [a.py]}]\n", "4:27: nothing to do for this file"),
    ] {
        let said = said(from, to);
        if said.len() > 2 || !said.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("expected {expected}\n    said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn problems_come_all_at_once_in_the_order_of_the_text() {
    let text = SOUND.replace("10%", "x").replace("EXTREME", "x").replace("near: 12", "neer: 12").replace("id: P3", "id: P0");
    let problems = parse("x.yaml", text.as_bytes()).unwrap_err();
    let lines: Vec<&str> = problems.to_string().leak().lines().map(|line| line.split(' ').next().unwrap_or("")).collect();
    assert_eq!(lines, ["x.yaml:20:22:", "x.yaml:25:15:", "x.yaml:28:13:", "x.yaml:37:9:"]);
}

#[test]
fn texts_keep_their_spelling() {
    let text = SOUND.replace("eliminate factory pattern", "3.10").replace("        risk: EXTREME", "        impact: no");
    let plan = parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((plan.commit.title.as_str(), plan.phases[0].targets[0].impact.as_deref()), ("3.10", Some("no")));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.yaml");
    let said = |path: &Path| load(path).unwrap_err().to_string();
    assert!(said(&path).ends_with("plan.yaml: there is no such file"));
    assert!(said(folder.path()).ends_with(": is a directory, not a plan"));
    assert!(said(Path::new("/dev/null")).contains("cannot be read"));
    std::fs::write(&path, b"name: caf\xe9\n").unwrap();
    assert!(said(&path).ends_with("plan.yaml: is not UTF-8 at byte 9"));
    std::fs::write(&path, vec![b'#'; LARGEST_PLAN + 1]).unwrap();
    assert!(said(&path).ends_with("is larger than 4 MiB"));
    std::fs::write(&path, SOUND).unwrap();
    assert!(load(&path).is_ok());
}

#[test]
fn a_small_plan_cannot_grow_large() {
    let start = Instant::now();
    let head = "version: 1\nname: x\nissue: y\nrules: {a: {command: b}}\nphases:\n  - id: P0\n    files:\n";
    let files: String = (0..2000).map(|at| format!("      - f{at}.py\n")).collect();
    let long = format!("{head}{files}    validate: [{}]\n", "x".repeat(100_000));
    let problems = parse("x", long.as_bytes()).unwrap_err();
    assert!(problems.to_string().contains("too much for so many files"), "{problems}");
    let faulty = format!("{head}      - a.py\n    validate: [\"{}\"]\n", "{a}{b}{c} ".repeat(3000));
    assert_eq!(parse("x", faulty.as_bytes()).unwrap_err().count(), 3);
    let repeated = format!("{{{}}}", "a: 1, ".repeat(5000));
    assert!(parse("x", repeated.as_bytes()).unwrap_err().count() > 100);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Pieces of plans, so that chance gets past the first line.
fn scrambled(picks: &[(usize, usize)]) -> String {
    let lines: Vec<&str> = SOUND.split_inclusive('\n').collect();
    let mut text: Vec<&str> = lines.clone();
    for (from, to) in picks {
        let at = to % text.len();
        text[at] = lines[from % lines.len()];
    }
    text.concat()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(200))]

    #[test]
    fn any_bytes_are_a_plan_or_problems(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\PC\\n\\t:{}\\[\\]&*!|>'\"#%@`-]{0,120}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Err(problems) = parse("x", bytes) {
                assert!(!problems.render(true, 80).is_empty() && !problems.to_string().is_empty());
            }
        }
    }

    #[test]
    fn scrambled_plans_are_plans_or_problems(picks in prop::collection::vec(any::<(usize, usize)>(), 1..6), cut in any::<usize>()) {
        let text = scrambled(&picks);
        let bytes = &text.as_bytes()[..if cut % 3 == 0 { cut % text.len() } else { text.len() }];
        match parse("x", bytes) {
            Ok(plan) => assert_eq!(crate::plan::digest::digest(&plan).len(), 64),
            Err(problems) => assert!(problems.render(false, 80).contains("help: ")),
        }
    }
}
