use std::collections::BTreeMap;

use crate::pattern::constraint::Constraint;
use crate::pattern::support::{conditioned, pattern, refused};
use crate::pattern::{Pattern, Side};

/// The place of a problem, with what stands there, and its message.
fn first(before: &str, after: &str) -> (Side, String, String) {
    let problems = refused(before, after);
    let Some(problem) = problems.first() else { panic!("{before}\n->\n{after}\nis taken") };
    let text = if problem.side == Side::Before { before } else { after };
    let there: String = text[problem.at..].chars().take_while(|c| !c.is_whitespace() && !"().,".contains(*c)).collect();
    (problem.side.clone(), there, problem.message.clone())
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    use Side::{After, Before};
    for (before, after, side, there, message) in [
        ("h($X", "g($X)", Before, "", "unexpected EOF while parsing"),
        ("h($X)", "g($X", After, "", "unexpected EOF while parsing"),
        ("h($X)", "g(é, $X $X)", After, "$X", "expected `,`, found name"),
        ("h($X)", "g($Y)", After, "$Y", "`$Y` is not bound by `before`"),
        ("h($_)", "g($_)", After, "$_", "`$_` is not bound by `before`"),
        ("h($X)", "g($$$X)", After, "$$$X", "`$$$X` is written `$X` elsewhere"),
        ("h($X, $$$X)", "g($X)", Before, "$$$X", "`$$$X` is written `$X` elsewhere"),
        ("h($$$X)", "g($$$X.y)", After, "$$$X", "`$$$X` where only one thing can stand"),
        ("h + $$$X", "g", Before, "$$$X", "`$$$X` where only one thing can stand"),
        ("$$$X = h()", "g", Before, "$$$X", "`$$$X` where only one thing can stand"),
        ("if h:\n    $X", "g($X)", After, "$X", "`$X` is a statement in `before` and stands in an expression here"),
        ("h($$$X)", "$$$X\ng()", After, "$$$X", "`$$$X` is no statements and stands alone here"),
        ("", "g", Before, "", "`before` has nothing to match"),
        ("from a import f", "g", Before, "f", "nothing in `before` uses the imported `f`"),
        ("# why\n", "g", Before, "", "`before` has nothing to match"),
        ("$X", "g", Before, "$X", "`before` fits anything"),
        ("$$$X", "g", Before, "$$$X", "`before` fits anything"),
        ("$X\n...\n$Y", "g", Before, "$X", "`before` fits anything"),
        ("...\nh()", "g()", Before, "", "`...` with nothing on one side to stand between"),
        ("h()\n...", "pass", Before, "", "`...` with nothing on one side to stand between"),
        ("h()\n...\n...\nj()", "g()", Before, "", "`...` with nothing on one side to stand between"),
        ("h()\n$$$X", "g()", Before, "$$$X", "`$$$` at the rim of `before` takes as much as there is"),
        ("if $X:\n    ...\n    h()", "g()", Before, "", "`...` inside a statement"),
        ("from a import e, f\nf($X)", "g($X)", Before, "e", "nothing in `before` uses the imported `e`"),
        ("import a.b\na.c($X)", "g($X)", Before, "a", "nothing in `before` uses the imported `a`"),
        ("from a import f\nfrom b import f\nf($X)", "g($X)", Before, "f", "`f` is imported as two different things"),
        ("from .a import f\nf($X)", "g($X)", Before, "from", "a relative import"),
        ("f($X)", "from . import g\ng($X)", After, "from", "a relative import"),
        ("from a import *\nf($X)", "g($X)", Before, "from", "a star import says nothing of what names mean"),
        ("from $M import f\nf($X)", "g($X)", Before, "$M", "a metavariable in an import"),
        ("h()\nfrom a import f\nf()", "g()", Before, "from", "an import below the top"),
        ("from __future__ import annotations\nh()", "g()", Before, "from", "`__future__` cannot be imported by a rule"),
        ("from a import f\nf = f($X)", "g($X)", Before, "f", "`f` is imported and bound by `before` itself"),
        ("h($X)", "h(h($X))", After, "h", "`before` fits what `after` writes"),
        ("from a import f\nf($$$X)", "from a import f\nf($$$X, 1)", After, "f", "`before` fits what `after` writes"),
        ("from a import f\nf($X)", "import a as b\ng(b.f($X))", After, "b", "`before` fits what `after` writes"),
        ("$X = h()", "$X = h()\ng($X)", After, "$X", "`before` fits what `after` writes"),
        ("h($x)", "g()", Before, "$x", "`$x` is no metavariable"),
        ("h('$x', é, $X, $someThing", "g()", Before, "$someThing", "`$someThing` is no metavariable"),
        ("h($X)", "'$a'\ng(f'$b{$X} {$c}')  # $d", After, "$c", "`$c` is no metavariable"),
    ] {
        let (found_side, found_there, found) = first(before, after);
        assert_eq!((found_side, found.as_str()), (side, message), "{before}\n->\n{after}");
        assert!(found_there.starts_with(there), "{before}\n->\n{after}\nat {found_there}");
    }
}

#[test]
fn a_dollar_that_begins_no_metavariable_is_told_how_to_be_one() {
    for (before, help) in [
        ("h($x)", "metavariables are written in capitals: `$X`"),
        ("h($old_name)", "metavariables are written in capitals: `$OLD_NAME`"),
        ("h($größe)", "a metavariable begins with a letter of A-Z or `_`, and A-Z, 0-9 and `_` follow: `$NAME`"),
        ("h($1)", "a metavariable begins with a letter of A-Z or `_`, and A-Z, 0-9 and `_` follow: `$NAME`"),
        ("h($)", "a metavariable begins with a letter of A-Z or `_`, and A-Z, 0-9 and `_` follow: `$NAME`"),
        ("h($$X)", "write `$X` for one thing, or `$$$X` for any run of arguments, elements, parameters or statements"),
        ("h($$$)", "give it a name, as in `$$$ARGS`"),
        ("h($$$args)", "metavariables are written in capitals: `$$$ARGS`"),
        ("h($...ARGS)", "`$$$ARGS` takes any run of arguments, elements, parameters or statements"),
        ("h($...)", "`$$$ARGS` takes any run of arguments, elements, parameters or statements"),
    ] {
        let problems = refused(before, "g()");
        assert_eq!(problems.iter().map(|one| one.help.as_str()).collect::<Vec<_>>(), [help], "{before}");
        assert_eq!(problems[0].at, 2, "{before}");
    }
}

#[test]
fn a_text_that_is_no_pattern_at_all_is_refused() {
    for before in ["h(\0)", "# coding: latin-1\nh('é')", &format!("h({})", "a, ".repeat(30_000)), &"(".repeat(50_000)] {
        assert_eq!(refused(before, "g()").len(), 1, "{}", &before[..10]);
    }
}

#[test]
fn all_problems_are_said_at_once() {
    let messages: Vec<String> = refused("from a import e, f\nh($$$X + 1)", "g($Y)").into_iter().map(|one| one.message).collect();
    assert_eq!(messages.len(), 4, "{messages:?}");
}

#[test]
fn what_is_taken_as_it_is_written_and_looks_otherwise_is_told() {
    use Side::{After, Before};
    for (before, after, hints) in [
        (
            "h('$X', f'$Y{$Z}')  # $A",
            "g($Z)",
            vec![(Before, 3, "`$X` stands in a string"), (Before, 10, "`$Y` stands in a string")],
        ),
        ("h($X)", "g('$X', f'{$X}', '$HOME')  # $X", vec![(After, 3, "`$X` stands in a string")]),
        ("h('$X')", "g('$X')", vec![(Before, 3, "`$X` stands in a string"), (After, 3, "`$X` stands in a string")]),
        ("h($X, ...)", "g($X, ...)", vec![(Before, 6, "`...` among"), (After, 6, "`...` among")]),
        ("h($X[..., 1], [...])\n...\nj(k=$Y)", "g($X, $Y)", vec![]),
    ] {
        let found = pattern(before, after);
        let found = found.hints();
        assert_eq!(
            found.iter().map(|hint| (hint.side.clone(), hint.at)).collect::<Vec<_>>(),
            hints.iter().map(|(side, at, _)| (side.clone(), *at)).collect::<Vec<_>>(),
            "{before}"
        );
        assert!(found.iter().zip(&hints).all(|(hint, (.., start))| hint.message.starts_with(start)), "{found:?}");
    }
    let help = "in a string it is text: take the whole string with `$X`, and say in `where` which strings: `X: { kind: string }`";
    assert_eq!(refused("h('$X')", "g($X)")[0].help, help);
}

#[test]
fn what_stands_in_strings_and_comments_is_text() {
    let plain = pattern("h('$X', f'$Y{$X}')  # $Z", "g('$W', $X)");
    assert_eq!(crate::pattern::support::matches(&plain, "h('$X', f'$Y{1}')\nh('a', f'$Y{1}')\n"), ["h('$X', f'$Y{1}')"]);
}

#[test]
fn what_only_its_place_would_make_wrong_is_taken() {
    for (before, after) in [
        ("await h($X)", "await g($X)"),
        ("return h($X)", "return g($X)"),
        ("for $I in h($X):\n    break", "pass"),
        ("if $X:\n    continue", "continue"),
        ("$Y = yield h($X)", "$Y = yield g($X)"),
        ("async with h($X) as $Y:\n    $$$BODY", "async with g($X) as $Y:\n    $$$BODY"),
        ("def $F($$$P):\n    h()\n    $$$BODY", "def $F($$$P):\n    $$$BODY"),
        ("$X = h()", ""),
        ("h($X)", ""),
        ("h($X)", "a = $X\ng(a)"),
        ("class $C(h, $$$B):\n    $$$BODY", "class $C($$$B):\n    $$$BODY"),
        ("try:\n    $$$A\nexcept h:\n    $$$B", "try:\n    $$$A\nexcept g:\n    $$$B"),
        ("match $X:\n    case h($Y):\n        $$$B", "g($X)"),
    ] {
        pattern(before, after);
    }
}

#[test]
fn the_deprecated_names_are_those_that_only_before_goes_through() {
    for (before, after, deprecated, words) in [
        ("from a.b import f\nf($X)", "from a.c import g\ng($X)", vec!["a.b.f"], vec!["f"]),
        ("import a.b\na.b.f($X)", "import a.b\na.b.g($X)", vec!["a.b.f"], vec!["f"]),
        ("import a.b as c\nc.f.d($X)", "h($X)", vec!["a.b.f.d"], vec!["d"]),
        ("import a\na.f.old($X)", "import a\na.f.new($X)", vec!["a.f.old"], vec!["old"]),
        ("from a import f, k\nf(k, $X)", "from a import k, g\ng(k, $X)", vec!["a.f"], vec!["f", "k"]),
        ("from a import f\nf.old($X)", "from a import f\nf.new($X)", vec![], vec!["old"]),
        ("$X.old_name(1)", "$X.new(1)", vec![], vec!["old_name"]),
        ("$X == None", "$X is None", vec![], vec![]),
    ] {
        let pattern = pattern(before, after);
        assert_eq!((pattern.deprecated(), pattern.words()), (to(&deprecated).as_slice(), to(&words).as_slice()), "{before}");
    }
}

fn to(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn conditions_are_on_what_is_there_and_have_sound_expressions() {
    let with = |name: &str, constraint: Constraint| {
        let conditions = BTreeMap::from([(name.to_owned(), constraint)]);
        let problems = Pattern::compile("h($X, $_)", "g($X)", &conditions).unwrap_err();
        assert_eq!(problems[0].side, Side::Where(name.to_owned()));
        (problems[0].message.clone(), problems[0].help.clone())
    };
    let (message, help) = with("Y", Constraint::default());
    assert_eq!((message.as_str(), help.as_str()), ("`before` has no metavariable `$Y`", "conditions are on `X`, `match`"));
    let bad = Constraint { not_regex: Some("a(".to_owned()), ..Constraint::default() };
    assert_eq!(with("match", bad).0, "not a regular expression: unclosed group");
}

#[test]
fn a_rule_whose_conditions_its_output_does_not_meet_is_taken() {
    let user = Constraint { regex: Some("^user_".to_owned()), ..Constraint::default() };
    conditioned("h($X)", "h(wrap($X))", &[("X", user)]);
}

#[test]
fn patterns_are_equal_when_they_are_written_alike() {
    let [one, same, other] = ["g($X)", "g($X)", "g2($X)"].map(|after| pattern("h($X)", after));
    assert_eq!(one, same);
    assert_ne!(one, other);
}
