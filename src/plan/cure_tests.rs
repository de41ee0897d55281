//! What a help tells a person to write loads when it is written.

use super::tests::SOUND;
use super::*;

/// The plan in which what a problem's help suggests is done; `None` where it suggests no text.
fn cured(text: &str, problem: &Problem) -> Option<String> {
    let span = problem.span?;
    let (start, end) = (span.offset, span.offset + span.len);
    let replaced = |from: usize, to: usize, with: &str| Some(format!("{}{with}{}", &text[..from], &text[to..]));
    let after = |words: &str| problem.help.split_once(words).map(|(_, rest)| rest);
    let in_backquotes = |words: &str| after(words).and_then(|rest| rest.split('`').next());
    if let Some(word) = in_backquotes("did you mean `").or(in_backquotes("are written `")).or(in_backquotes("call it `")) {
        return replaced(start, end, word);
    }
    if let Some(quoted) =
        after("put it in quotes: ").or(after("put it in brackets: ")).or(after("put it in brackets and quotes: "))
    {
        return replaced(start, end, quoted);
    }
    if let Some(quoted) = after("in quotes, as in ") {
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let colon = text[..=start].rfind(':')? + 1;
        return replaced(colon, line_end, &format!(" {quoted}"));
    }
    if let Some(line) = in_backquotes("add it, such as `") {
        let indent = start - text[..start].rfind('\n').map_or(0, |at| at + 1);
        return match (text[start..].starts_with('{'), text[..start].trim_end().ends_with('{')) {
            (true, _) => replaced(start + 1, start + 1, &format!(" {line} ")),
            (_, true) => replaced(start, start, &format!("{line}, ")),
            _ => replaced(start, start, &format!("{line}\n{}", " ".repeat(indent))),
        };
    }
    if let Some(pattern) = after("taken by glob: ") {
        return replaced(start, end, &format!("{{ glob: {pattern} }}"));
    }
    let value = in_backquotes("write `").or(in_backquotes("a literal `{file}` is written `"))?;
    replaced(text[..start].rfind("version").unwrap_or(start), end, value)
}

#[test]
fn what_a_help_suggests_loads_when_it_is_done() {
    let command = "command: { run: \"codemod {file}\", timeout: 2m }";
    let mut wrong = Vec::new();
    for (from, to) in [
        ("validate: [\"py_compile {file}\"]", "validate: python3 -m py_compile {file}"),
        ("validate: [\"py_compile {file}\"]", "validate: \"sh -c 'x \\\"{file}\\\"'\""),
        ("validate: [\"py_compile {file}\"]", "validate: [python3 -m py_compile {file}]"),
        ("validate: [\"py_compile {file}\"]", "validate: [{file} --check]"),
        ("validate: [\"py_compile {file}\"]", "validate: [a: b, \"true\"]"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - {file} --check"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - echo a: {file}"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - echo a: \"b\" c"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - `pwd`/x"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - @x"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - %x"),
        ("validate: [\"py_compile {file}\"]", "validate: \"python3\" -m py_compile {file}"),
        ("validate: [\"py_compile {file}\"]", "validate: 'true' && true"),
        ("validate: [\"py_compile {file}\"]", "validate: - echo x"),
        ("validate: [\"py_compile {file}\"]", "validate: [\"a\", \"b\" c]"),
        ("validate: [\"py_compile {file}\"]", "validate:\n      - \"a\" b\n      - c"),
        ("validate: [\"py_compile {file}\"]", "validate: [\"a, b\" c]"),
        ("title: eliminate factory pattern", "title: \"Fix\" it"),
        ("title: eliminate factory pattern", "title: - fix"),
        ("validate: [[echo, \"{file}\"]]", "validate: [[echo, {file}]]"),
        ("validate: [\"py_compile {file}\"]", "validate: {file} --check"),
        ("validate: [\"py_compile {file}\"]", "validate: echo a: b"),
        ("validate: [[echo, \"{file}\"]]", "validate: 12"),
        ("validate: [[echo, \"{file}\"]]", "validate: true"),
        ("\"tests/**/*.py\"", "**/*.py"),
        ("\"tests/**/*.py\"", "*.py"),
        ("\"tests/**/*.py\"", "{a,b}/*.py"),
        ("      - glob: \"tests/**/*.py\"\n        exclude: [\"tests/fixtures/**\"]", "      - { glob: *.py }"),
        ("[\"tests/fixtures/**\"]", "[*.py, b.py]"),
        ("[\"tests/fixtures/**\"]", "**/x.py # none"),
        ("title: eliminate factory pattern", "title: fix: the factory"),
        ("title: eliminate factory pattern", "title: {{ x }}"),
        ("title: eliminate factory pattern", "title: *every* factory"),
        ("\"#506\"", "#506"),
        ("\"#506\"", "#506 'and' \"more\""),
        ("rules: [direct]", "rules: direct"),
        ("rules: [direct]", "rules: [direkt]"),
        ("paths: [d.py, e.py]", "paths: d.py"),
        ("      - c.py", "      - lib/"),
        ("on_failure", "on_failur"),
        ("on_failure: quarantine", "on_failure: quarantin"),
        ("EXTREME", "extreme"),
        ("codemod {file}", "codemod {files}"),
        (command, "command: { timeout: 2m }"),
        (command, "command:\n      timeout: 2m"),
        (command, "rename: { from: a.b }"),
        (command, "rename: { to: a.b }"),
        (command, "rewrite: { after: g($X) }"),
        (command, "rewrite: { before: f($X) }"),
        (command, "command: { run: x, timeout: 30 }"),
        ("gate: { run: [\"make test\"] }", "gate: {}"),
        ("version: 1\n", ""),
        ("version: 1", "version: 0"),
        ("name: websocket-ssot\n", ""),
        ("  - id: P0\n", "  - title: x\n"),
        ("id: P3", "id: 3"),
        (
            "            before: |\n              $X = factory()\n              use($X)\n            after: |\n              $X = manager()\n",
            "            after: x\n",
        ),
        ("            after: |\n              $X = manager()\n", ""),
    ] {
        assert!(SOUND.contains(from), "{from:?} is not in the plan");
        let text = SOUND.replacen(from, to, 1);
        let Err(problems) = parse("x.yaml", text.as_bytes()) else {
            wrong.push(format!("{to}\n    loads"));
            continue;
        };
        let mut texts = problems.iter().filter_map(|problem| cured(&text, problem));
        let said =
            || problems.iter().map(|problem| format!("{} | {}", problem.message, problem.help)).collect::<Vec<_>>().join("; ");
        let Some(first) = texts.next() else {
            wrong.push(format!("{to}\n    suggests nothing: {}", said()));
            continue;
        };
        if let Err(still) = parse("x.yaml", first.as_bytes()) {
            wrong.push(format!("{to}\n    said {}\n    and then {still}", said()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_line_that_is_wrong_is_the_one_that_is_blamed_and_never_the_one_above() {
    for value in
        ["\"python3\" -m x {file}", "'true' && true", "- echo x", "[\"a\", \"b\" c]", "\"a", "{a: b", "b: c", "@x", "? x"]
    {
        let source = Source::new("x", format!("- id: P0\n  validate: {value}\n"));
        let problem = node::parse(&source).unwrap_err();
        let (line, _) = source.line_column(problem.span.unwrap_or_default().offset);
        assert!(line >= 2 && !problem.help.contains("P0"), "{value}: {line}: {} | {}", problem.message, problem.help);
    }
}

#[test]
fn a_value_that_yaml_takes_for_something_else_is_told_to_stand_in_quotes() {
    for (line, help) in [
        ("a: **/*.py", "put it in quotes: \"**/*.py\""),
        ("a: [x, {b} c]", "put it in quotes: \"{b} c\""),
        ("title: b: c", "put it in quotes: \"b: c\""),
        ("- path: b: c", "put it in quotes: \"b: c\""),
        ("- say: b: c", "put it in quotes: \"say: b: c\""),
        ("verify: b: c", "put it in brackets and quotes: [\"b: c\"]"),
        ("title: say \"it\": c", "put it in quotes: 'say \"it\": c'"),
        ("a: {b} it's \"c\"", "put it in quotes: '{b} it''s \"c\"'"),
        ("a: @b # why", "put it in quotes: \"@b\""),
        ("- id: P0\n  a: \"b\" c", "put it in quotes: '\"b\" c'"),
        ("- id: P0\n  a: 'b' c # why", "put it in quotes: \"'b' c\""),
        ("- id: P0\n  a: \"b # c\" d # why", "put it in quotes: '\"b # c\" d'"),
        ("- id: P0\n  a: [x, \"b, c\" d]", "put it in quotes: '\"b, c\" d'"),
        ("- id: P0\n  title: - b", "put it in quotes: \"- b\""),
        ("- id: P0\n  verify: - b", "put it in brackets and quotes: [\"b\"]"),
    ] {
        let problem = node::parse(&Source::new("x", line)).unwrap_err();
        assert_eq!(problem.help, help, "{line}: {}", problem.message);
    }
    for line in ["f: rename: { from: a.b }", "a: [1", "a: 'x", "a: {b: 1", "a:\n\tb: c", "a: \"x\": y", "  a: 1\n b: 2"] {
        let problem = node::parse(&Source::new("x", line)).unwrap_err();
        assert!(!problem.help.contains("quotes"), "{line}: {}", problem.help);
    }
}
