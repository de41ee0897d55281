//! What a step leaves and says, or is refused for: the rule, the text before, the text after, what is said.

use crate::plan::load::parse;
use crate::plan::{Plan, RuleKind};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::{Step, apply};

const RENAME: &str = "rename: { from: pkg.old.f, to: pkg.new.g }";
const STRINGS: &str = "rename: { from: pkg.old.f, to: pkg.new.g, strings: true }";
const MODULE: &str = "rename: { from: pkg.old, to: pkg.new }";
const MODULE_STRINGS: &str = "rename: { from: pkg.old, to: pkg.new, strings: true }";
const CALL: &str = "rewrite: { before: \"from pkg.old import f\\nf($X)\", after: \"from pkg.new import g\\ng($X)\" }";
const CALL_X: &str = "rewrite: { before: \"from pkg.old import f\\nf($X, x=$Y)\", after: \"from pkg.new import g\\ng($X, $Y)\" }";

fn plan(rules: &[&str]) -> Plan {
    let rules: String = rules.iter().enumerate().map(|(number, rule)| format!("  r{number}: {{ {rule} }}\n")).collect();
    let text = format!("version: 1\nname: x\nissue: y\nrules:\n{rules}phases: [{{ id: P0, files: [a.py] }}]\n");
    parse("x", text.as_bytes()).unwrap_or_else(|found| panic!("{}", found.render(false, 100)))
}

/// The text after and what is said of its lines, or why it is refused.
fn made(rules: &[&str], text: &str) -> Result<(String, Vec<String>), String> {
    let plan = plan(rules);
    let steps = plan.rules.iter().map(|rule| match &rule.kind {
        RuleKind::Rewrite(rule) => Step::Rewrite(rule),
        RuleKind::Rename(rule) => Step::Rename(rule),
        RuleKind::Command(_) => panic!("no rule of the engine"),
    });
    let steps: Vec<Step> = steps.collect();
    let source = Source::new(text.as_bytes()).unwrap();
    let applied = apply(&Parsed::new(&source, Some("app")), &steps).map_err(|error| format!("{}: {error}", error.line))?;
    let after = applied.bytes.map_or_else(|| text.to_owned(), |bytes| String::from_utf8(bytes).unwrap());
    Ok((after, applied.remarks.iter().map(|remark| format!("{}: {}", remark.line, remark.message)).collect()))
}

#[track_caller]
fn refused(rules: &[&str], text: &str, why: &str) {
    let error = made(rules, text).unwrap_err();
    assert!(error.contains(why), "{text}: {error}");
}

#[test]
fn a_patch_goes_on_to_reach_what_is_read_through_the_module() {
    let through = "from pkg import old\nwith mock.patch('pkg.old.f'):\n    old.f(1)\n";
    for rules in [RENAME, MODULE, CALL] {
        refused(&[rules], through, "2: pkg.old.f is patched here, and line 3 would no longer read what is patched");
    }
    let named = "from pkg import old\nfrom pkg.old import f\nwith patch('pkg.old.f'):\n    old.f(1)\nf(2)\n";
    refused(&[STRINGS], named, "3: pkg.old.f is patched here, and line 4 would");
    let (after, said) = made(&[STRINGS], through).unwrap();
    assert_eq!(after, "import pkg.new\nwith mock.patch('pkg.new.g'):\n    pkg.new.g(1)\n");
    assert!(said.is_empty(), "{said:?}");
    let (after, said) = made(&[MODULE_STRINGS], through).unwrap();
    assert_eq!(after, through.replace("old", "new"));
    assert!(said.is_empty(), "{said:?}");
    for patch in
        ["patch.object(old, 'f')", "setattr(old, 'f', h)", "monkeypatch.setattr(old, 'f', h)", "patch.multiple(old, f=h)"]
    {
        for rules in [RENAME, STRINGS, CALL] {
            refused(&[rules], &format!("from pkg import old\n{patch}\nold.f(1)\n"), "2: pkg.old.f is patched here");
        }
    }
}

#[test]
fn a_patch_that_stays_is_said() {
    let unread = "patch('pkg.old.f')\n";
    for rules in [RENAME, MODULE, CALL] {
        let (after, said) = made(&[rules], unread).unwrap();
        assert_eq!((after.as_str(), said), (unread, vec!["1: pkg.old.f is patched here, which stays".to_owned()]), "{rules}");
    }
    let (after, said) = made(&[STRINGS], unread).unwrap();
    assert_eq!((after.as_str(), said.len()), ("patch('pkg.new.g')\n", 0));
    let (after, said) = made(&[RENAME], "from pkg import old\nfrom pkg.old import f\nf(1)\nsetattr(old, 'f', h)\n").unwrap();
    assert_eq!(after, "from pkg import old\nfrom pkg.new import g\ng(1)\nsetattr(old, 'f', h)\n");
    assert_eq!(said, ["4: pkg.old.f is patched here, which stays"]);
    for text in ["x = 'pkg.old.f'\n", "patch('app.f')\n", "patch('pkg.old.ff')\n", "getattr(old, 'f')\n"] {
        assert_eq!(made(&[RENAME], text).unwrap(), (text.to_owned(), Vec::new()));
    }
}

#[test]
fn a_name_of_a_rule_in_another_spelling_is_refused() {
    for rules in [RENAME, CALL] {
        for (text, why) in [
            ("from pkg.old import f\nprint(𝐟(1), f(2))\n", "2: Python reads 𝐟 as f"),
            ("from pkg.old import 𝐟\n𝐟(1)\n", "1: Python reads 𝐟 as f"),
            ("import pkg.ｏld\npkg.ｏld.f(2)\n", "1: Python reads ｏld as old"),
        ] {
            refused(&[rules], text, why);
        }
        for text in ["from pkg.old import f\nf(µ)  # 𝐟\nx = '𝐟'\n", "from pkg.old import f\nf(𝐡)\n"] {
            assert!(made(&[rules], text).unwrap().0.contains("pkg.new"), "{text}");
        }
    }
}

#[test]
fn what_a_later_step_takes_is_not_said_to_be_left() {
    let text = "from pkg.old import f\nprint(f(1))\nprint(f(1, x=2))\n";
    let after = "from pkg.new import g\nprint(g(1))\nprint(g(1, 2))\n";
    assert_eq!(made(&[CALL, CALL_X], text).unwrap(), (after.to_owned(), Vec::new()));
    let (_, said) = made(&[CALL, CALL_X], &format!("{text}f()\n")).unwrap();
    assert!(said.iter().any(|said| said.starts_with("1: f stays imported")), "{said:?}");
}

#[test]
fn one_thing_is_imported_once() {
    let text = "from pkg import old\nimport pkg.old as o\nfrom pkg.old import f\nprint(old.f(1), o.f(3), f(4))\n";
    assert_eq!(made(&[CALL], text).unwrap().0, "from pkg.new import g\nprint(g(1), g(3), g(4))\n");
    let apart = "from pkg import old\nprint(old.f(1))\nimport pkg.old as o\nprint(o.f(3))\n";
    assert_eq!(made(&[CALL], apart).unwrap().0, "from pkg.new import g\nprint(g(1))\nprint(g(3))\n");
}

#[test]
fn a_star_import_is_not_said_to_bring_a_builtin() {
    let (_, said) = made(&["rename: { from: pkg.old.f, to: pkg.new.g }"], "from pkg.old import *\nprint(f(1))\n").unwrap();
    assert!(said.iter().any(|said| said.contains("may bring f")), "{said:?}");
    assert!(said.iter().all(|said| !said.contains("may bring print")), "{said:?}");
    let (_, said) = made(&["rename: { from: pkg.old.input, to: pkg.new.input }"], "from pkg.old import *\ninput()\n").unwrap();
    assert!(said.iter().any(|said| said.contains("may bring input")), "{said:?}");
}
