//! What is said about the rules, guards and scope of a plan.

use super::tests::complaints;
use super::*;
use crate::pattern::constraint::{ExpressionKind, Place};
use crate::plan::digest::digest;
use crate::plan::guards::{Guard, Severity};
use crate::plan::{Comments, RuleKind, Scope};

/// A plan with one rule of each kind that has a pattern or a name.
const SOUND: &str = r#"version: 1
name: x
issue: "1"
scope: { include: "**/*.py", exclude: [archive/**] }
guards: { unbound: warn, violation: off }
rules:
  factory:
    rewrite:
      before: |
        from a.b import f

        $Y = f($X)
      after: |
        from a.c import g

        $Y = g($X)
      where:
        X: { regex: "^u", not-regex: z, kind: [name, attribute], awaited: false }
        match: { inside: async-def, not-inside: [test, class] }
      comments: refuse
      strings: true
      docs: true
    examples:
      - before: "one"
        after: "two"
      - unchanged: |
          three
  direct:
    rename: { from: a.b.h, to: a.c.h, strings: true, docs: false }
    examples: []
phases:
  - id: P0
    guards: { unbound: error, syntax: warn }
    files:
      - path: a.py
        guards: { syntax: off }
      - b.py
  - id: P1
    files: [c.py]
"#;

fn sound(text: &str) -> Plan {
    parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
}

#[test]
fn rules_are_read_whole() {
    let plan = sound(SOUND);
    assert_eq!(plan.scope, Scope { include: vec!["**/*.py".into()], exclude: vec!["archive/**".into()] });
    let RuleKind::Rewrite(rewrite) = &plan.rules[0].kind else { panic!("not a rewrite") };
    assert_eq!(rewrite.before, "from a.b import f\n\n$Y = f($X)\n");
    assert_eq!((rewrite.comments, rewrite.strings, rewrite.docs), (Comments::Refuse, true, true));
    let (x, whole) = (&rewrite.conditions["X"], &rewrite.conditions["match"]);
    assert_eq!((x.regex.as_deref(), x.not_regex.as_deref(), x.awaited), (Some("^u"), Some("z"), Some(false)));
    assert_eq!(x.kind, [ExpressionKind::Name, ExpressionKind::Attribute]);
    assert_eq!((&whole.inside[..], &whole.not_inside[..]), (&[Place::AsyncDef][..], &[Place::Test, Place::Class][..]));
    let examples: Vec<(&str, &str, usize)> = plan.rules[0]
        .examples
        .iter()
        .map(|example| (&*example.before, &*example.after, plan.source.line_column(example.place.offset).0))
        .collect();
    assert_eq!(examples, [("one", "two", 24), ("three\n", "three\n", 26)]);
    let RuleKind::Rename(rename) = &plan.rules[1].kind else { panic!("not a rename") };
    assert_eq!((rename.strings, rename.docs), (true, false));
}

#[test]
fn the_innermost_word_on_a_guard_wins() {
    let plan = sound(SOUND);
    let said = |phase: usize, target: usize| {
        Guard::ALL.map(|guard| plan.phases[phase].targets[target].guards.severity(guard).word()).join(" ")
    };
    assert_eq!(said(0, 0), "off error error warn error off error warn error error error error");
    assert_eq!(said(0, 1), "warn error error warn error off error warn error error error error");
    assert_eq!(said(1, 0), "error error warn warn error off error warn error error error error");
    let guards = plan.phases[0].targets[0].guards;
    assert_eq!((guards.said(Guard::Await), guards.said(Guard::Syntax)), (None, Some(Severity::Off)));
}

#[test]
fn every_mistake_in_a_rule_is_named_with_its_place_and_its_cure() {
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        ("scope: {", "scope: { includ: a, ", "4:10: unknown key `includ` in `scope` | did you mean `include`?"),
        ("[archive/**]", "[/archive]", "4:40: the pattern `/archive` is absolute | patterns are matched"),
        ("scope: { include", "scope: [a]\nx: { include", "4:8: `scope`: expected a map of keys and values, found a list"),
        ("unbound: warn", "unbond: warn", "5:11: unknown key `unbond` in `guards` | did you mean `unbound`?"),
        ("unbound: warn", "unbound: warning", "5:20: the guard `unbound` cannot be `warning` | one of: error, warn, off"),
        ("unbound: warn", "unbound: false", "5:20: the guard `unbound` cannot be `false` | one of: error, warn, off"),
        ("syntax: off", "syntax: none", "36:27: the guard `syntax` cannot be `none`"),
        (
            "guards: { unbound: error",
            "gards: { unbound: error",
            "33:5: unknown key `gards` in the phase | did you mean `guards`?",
        ),
        (
            "    rewrite:",
            "    where: {}\n    rewrite:",
            "8:5: unknown key `where` in the rule `factory` | move `where` into its `rewrite`",
        ),
        (
            "    rewrite:",
            "    docs: true\n    rewrite:",
            "8:5: unknown key `docs` in the rule `factory` | move `docs` into its `rename` or `rewrite`",
        ),
        ("    rewrite:", "    rewrit:", "8:5: unknown key `rewrit` in the rule `factory` | did you mean `rewrite`?"),
        (
            "      before: |",
            "      befor: |",
            "9:7: unknown key `befor` in the rewrite of the rule `factory` | did you mean `before`?",
        ),
        ("comments: refuse", "comments: refused", "20:17: `comments` cannot be `refused` | did you mean `refuse`?"),
        ("strings: true\n      docs", "strings: yes\n      docs", "21:16: `strings`: expected `true` or `false`, found a text"),
        ("strings: true, docs", "strings: 1, docs", "29:48: `strings`: expected `true` or `false`, found a number"),
        ("not-regex", "not_regex", "18:27: unknown key `not_regex` in the condition on `X` | did you mean `not-regex`?"),
        ("[name, attribute]", "[name, atribute]", "18:54: `kind` cannot be `atribute` | did you mean `attribute`?"),
        ("awaited: false", "awaited: no", "18:75: `awaited`: expected `true` or `false`, found a text"),
        ("inside: async-def", "inside: async", "19:26: `inside` cannot be `async` | one of: async-def, def"),
        ("[test, class]", "{ test: true }", "19:49: `not-inside`: expected a list, found a map"),
        (
            "      - before: \"one\"",
            "      - befor: \"one\"",
            "24:9: unknown key `befor` in the example | did you mean `before`?",
        ),
        ("        after: \"two\"\n", "", "24:9: the example lacks the key `after`"),
        ("after: \"two\"", "after: \"one\"", "25:9: `before` and `after` are the same | a text that the rule is to leave"),
        ("after: \"two\"", "unchanged: \"two\"", "24:9: the example has both `unchanged` and `before` | make it two"),
        ("examples: []", "command: x", "30:5: the rule `direct` does two things | make it two rules"),
        (
            "rename: { from: a.b.h, to: a.c.h, strings: true, docs: false }",
            "command: x",
            "30:5: `examples` of a `command` | remove them",
        ),
        (
            "rename: { from: a.b.h, to: a.c.h, strings: true, docs: false }",
            "rewrite: { before: \" \", after: x }",
            "29:16: `before` is empty | give the code",
        ),
        (
            "rename: { from: a.b.h, to: a.c.h, strings: true, docs: false }",
            "rewrite: { before: x, after: \"x\\n\" }",
            "29:27: `before` and `after` are the same | the rule would change nothing",
        ),
        (
            "rename: { from: a.b.h, to: a.c.h, strings: true, docs: false }",
            "rewrite: { before: x }",
            "29:16: the rewrite of the rule `direct` lacks the key `after` | add it, such as `after: new($X)`",
        ),
    ] {
        assert!(SOUND.contains(from), "{from:?} is not in the plan");
        let said = complaints(&SOUND.replacen(from, to, 1));
        if said.len() > 2 || !said.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("expected {expected}\n    said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn two_rewrites_of_the_same_code_are_told_apart_or_refused() {
    let two = |condition: &str| {
        let rule = |name: &str, more: &str| {
            format!("  {name}:\n    rewrite: {{ before: \"from m import f\\nf($X)\", after: \"$X\"{more} }}\n")
        };
        let rules = rule("one", "") + &rule("two", condition);
        format!("version: 1\nname: x\nissue: y\nrules:\n{rules}phases: [{{ id: P0, files: [a.py] }}]\n")
    };
    assert_eq!(
        complaints(&two("")),
        ["7:3: the rules `one` and `two` both rewrite the same code | remove one of the two, or tell them apart by `where`"]
    );
    assert_eq!(complaints(&two(", where: { X: { kind: name } }")), [""; 0]);
}

#[test]
fn what_does_not_change_the_result_does_not_change_the_digest() {
    let of = |text: &str| digest(&sound(text));
    let whole = of(SOUND);
    for (from, to, same) in [
        ("- before: \"one\"", "- before: \"1\"", true),
        ("scope: { include: \"**/*.py\", exclude: [archive/**] }\n", "", true),
        ("docs: false", "docs: false ", true),
        (", strings: true, docs: false }", " }", false),
        ("comments: refuse", "comments: keep", false),
        ("not-regex: z, ", "", false),
        ("$Y = g($X)", "$Y = g()", false),
        ("guards: { syntax: off }", "guards: { syntax: warn }", false),
    ] {
        assert!(SOUND.contains(from), "{from}");
        assert_eq!(of(&SOUND.replacen(from, to, 1)) == whole, same, "{from} -> {to}");
    }
    let plain =
        "version: 1\nname: x\nissue: y\nrules: { r: { rename: { from: a.b, to: a.c } } }\nphases: [{ id: P0, files: [a.py] }]\n";
    assert_eq!(of(plain), of(&plain.replace("to: a.c", "to: a.c, strings: false, docs: false")));
    // As version 0.1.0 gave it, before there were any of these keys: what is committed under it stays done.
    assert_eq!(of(plain), "bac1a96598b384b6524e610abe5a5656b2f666030510a54dbb1d689a7c32987e");
}

#[test]
fn a_pattern_is_refused_at_its_own_place_whatever_style_it_is_written_in() {
    let mut wrong = Vec::new();
    let block = |text: &str| {
        let lines: String = text.lines().map(|line| format!("        {line}\n")).collect();
        format!("|\n{lines}")
    };
    let plan = |before: &str, after: &str, rest: &str| {
        format!(
            "version: 1\nname: x\nissue: y\nrules:\n  r:\n    rewrite:\n      before: {}\n      after: {}\n{rest}phases: [{{ id: P0, files: [a.py] }}]\n",
            before.trim_end(),
            after.trim_end()
        )
    };
    for (before, after, rest, expected) in [
        (block("from a import f\n\nf($X"), block("g($X)"), "", "10:13: `before` of the rule `r`: unexpected EOF while parsing"),
        (
            block("f($X)"),
            block("if a:\n\n    g($X, )\n    h($X $X)"),
            "",
            "13:18: `after` of the rule `r`: expected `,`, found name",
        ),
        (block("é($X)"), block("é($X, $Y)"), "", "10:15: `after` of the rule `r`: `$Y` is not bound by `before`"),
        ("f($X)".into(), "g($Y)".into(), "", "8:16: `after` of the rule `r`: `$Y` is not bound by `before`"),
        ("f($X)".into(), "\"g(\\\"\\u00e9\\\", $Y)\"".into(), "", "8:29: `after` of the rule `r`: `$Y` is not bound by `before`"),
        ("f($X)".into(), "'g(''a'', $Y)'".into(), "", "8:24: `after` of the rule `r`: `$Y` is not bound by `before`"),
        (
            "f($X)".into(),
            ">-\n        g(1,\n          $Y)".into(),
            "",
            "10:11: `after` of the rule `r`: `$Y` is not bound by `before`",
        ),
        (
            block("from a import e, f\nf($X)"),
            block("g($X)"),
            "",
            "8:23: `before` of the rule `r`: nothing in `before` uses the imported `e`",
        ),
        (
            block("from a import (\n    f,\n    e,\n)\nf($X)"),
            block("g($X)"),
            "",
            "10:13: `before` of the rule `r`: nothing in `before` uses the imported `e`",
        ),
        (block("f($X)"), block("f(f($X))"), "", "10:9: `after` of the rule `r`: `before` fits what `after` writes"),
        (
            block("f($X)"),
            block("g($X)"),
            "      where: { Y: { kind: name } }\n",
            "11:16: the condition on `Y` of the rule `r`: `before` has no metavariable `$Y`",
        ),
        (
            block("f($X)"),
            block("g($X)"),
            "      where: { X: { regex: \"a(\" } }\n",
            "11:30: `regex` of the condition on `X` of the rule `r`: `a(` is no regular expression: unclosed group",
        ),
        (
            block("f($X)"),
            block("g($X)"),
            "      where:\n        X:\n          regex: |\n            é[z-a]\n",
            "14:15: `regex` of the condition on `X` of the rule `r`: `é[z-a]` is no regular expression: ",
        ),
        (
            block("f($X)"),
            block("g($X)"),
            "      where: { X: { not-regex: \"a(\" } }\n",
            "11:34: `not-regex` of the condition on `X` of the rule `r`: `a(` is no",
        ),
        (block("f($X"), block("g($Y"), "", "8:13: `before` of the rule `r`: unexpected EOF while parsing"),
    ] {
        let text = plan(&before, &after, rest);
        let said = complaints(&text);
        if !said.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("expected {expected}\n    said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_is_renamed_is_not_rewritten_too() {
    let text = "version: 1\nname: x\nissue: y\nrules:\n  one:\n    rename: { from: a.f, to: a.g }\n  two:\n    rewrite: { before: \"from a import f\\nf($X)\", after: \"$X\" }\nphases: [{ id: P0, files: [a.py] }]\n";
    assert_eq!(
        complaints(text),
        ["7:3: the rule `one` renames `a.f`, so that nothing is left for `two` to rewrite | put `two` before `one`"]
    );
}

#[test]
fn what_should_be_known_of_a_sound_plan_has_its_place() {
    let said = |text: &str| -> Vec<String> {
        let plan = sound(text);
        let place = |at: Option<crate::plan::source::Span>| plan.source.line_column(at.unwrap().offset);
        let line = |((line, column), message): ((usize, usize), &String)| format!("{line}:{column}: {message}");
        plan.warnings.iter().map(|warning| line((place(warning.span), &warning.message))).collect()
    };
    assert_eq!(said(SOUND), [""; 0]);
    let other = "  other:\n    rewrite:\n      before: h('$A', $B)\n      after: |\n        g($B,\n          '$B')\nphases:";
    let unused = SOUND.replace("phases:", other).replace("    files:\n", "    rules: [direct]\n    files:\n");
    let unused = unused.replace("files: [c.py]", "files: [{ path: c.py, rules: [factory] }]");
    assert_eq!(
        said(&unused),
        [
            "33:18: `$A` stands in a string, where it is text",
            "36:12: `$B` stands in a string, where it is text",
            "33:15: nothing in `before` says what `h` is: it fits a local name or none at all",
            "31:3: no phase uses the rule `other`",
        ]
    );
}
