use crate::pattern::constraint::{Constraint, ExpressionKind, Place};
use crate::pattern::support::{conditioned, matches, reasons};

#[test]
fn conditions_on_a_metavariable_hold_or_refuse() {
    let regex = |regex: &str| Constraint { regex: Some(regex.to_owned()), ..Constraint::default() };
    let not_regex = |regex: &str| Constraint { not_regex: Some(regex.to_owned()), ..Constraint::default() };
    let kind = |kind: ExpressionKind| Constraint { kind: vec![kind], ..Constraint::default() };
    let awaited = |awaited: bool| Constraint { awaited: Some(awaited), ..Constraint::default() };
    for (constraint, fits, does_not) in [
        (regex("^user_"), "user_a", "a_user_"),
        (regex("(?i)USER"), "user", "usr"),
        (not_regex(r"\d"), "a", "a1"),
        (kind(ExpressionKind::Name), "(a)", "a.b"),
        (kind(ExpressionKind::Attribute), "a.b", "a"),
        (kind(ExpressionKind::Subscript), "a[b]", "a"),
        (kind(ExpressionKind::Call), "a()", "a"),
        (kind(ExpressionKind::String), "'a' f'{b}'", "b"),
        (kind(ExpressionKind::Number), "1.5", "'1'"),
        (kind(ExpressionKind::Literal), "None", "a"),
        (kind(ExpressionKind::Await), "await a", "a"),
        (kind(ExpressionKind::Lambda), "lambda: a", "a"),
        (kind(ExpressionKind::Collection), "{a: b}", "a"),
        (kind(ExpressionKind::Collection), "[a for b in c]", "a[b]"),
        (awaited(false), "a", "$"),
    ] {
        let pattern = conditioned("h($X)", "None", &[("X", constraint.clone())]);
        assert_eq!(matches(&pattern, &format!("h({fits})\n")).len(), 1, "{constraint:?} on {fits}");
        assert_eq!(matches(&pattern, &format!("h({does_not})\n")).len(), 0, "{constraint:?} on {does_not}");
    }
}

#[test]
fn conditions_on_the_match_go_by_what_is_around_it() {
    let at = |inside: &[Place], not_inside: &[Place]| Constraint {
        inside: inside.to_vec(),
        not_inside: not_inside.to_vec(),
        ..Constraint::default()
    };
    for (place, fits, does_not) in [
        (Place::AsyncDef, "async def d():\n    h(1)", "async def d():\n    def e():\n        h(1)"),
        (Place::AsyncDef, "async def d():\n    [h(1) for a in b]", "async def d():\n    return lambda: h(1)"),
        (Place::AsyncDef, "async def d():\n    class E(h(1)): pass", "async def d():\n    class E:\n        h(1)"),
        (Place::AsyncDef, "async def d():\n    if a:\n        h(1)", "async def d(x=h(1)): pass"),
        (Place::Def, "def d():\n    h(1)", "class A:\n    x = h(1)"),
        (Place::Class, "class A:\n    def m(self):\n        h(1)", "class A(h(1)): pass"),
        (Place::Loop, "for a in b:\n    h(1)", "for a in h(1): pass"),
        (Place::Loop, "while a:\n    h(1)", "while a:\n    def d():\n        h(1)"),
        (Place::Try, "try:\n    h(1)\nfinally: pass", "try: pass\nfinally:\n    h(1)"),
        (Place::With, "with a:\n    h(1)", "with h(1): pass"),
        (Place::Test, "def test_a():\n    h(1)", "def best():\n    h(1)"),
        (Place::Test, "class TestA:\n    def m(self):\n        h(1)", "class Best:\n    x = h(1)"),
        (Place::Test, "class A(unittest.TestCase):\n    def m(self):\n        h(1)", "class A(B):\n    x = h(1)"),
    ] {
        let [only, without] = [at(&[place], &[]), at(&[], &[place])].map(|one| conditioned("h($X)", "None", &[("match", one)]));
        let counts = |text: &str| [&only, &without].map(|pattern| matches(pattern, &format!("{text}\n")).len());
        assert_eq!(counts(fits), [1, 0], "{place:?} on {fits}");
        assert_eq!(counts(does_not), [0, 1], "{place:?} on {does_not}");
    }
}

#[test]
fn a_match_that_is_awaited_is_told_from_one_that_is_not() {
    for (awaited, fits, does_not) in [(true, "await (h(1))", "h(1)"), (false, "h(1)", "await h(1)")] {
        let constraint = Constraint { awaited: Some(awaited), ..Constraint::default() };
        let pattern = conditioned("h($X)", "None", &[("match", constraint)]);
        assert_eq!([fits, does_not].map(|text| matches(&pattern, text).len()), [1, 0]);
    }
}

#[test]
fn a_refusal_says_which_condition_it_was() {
    let user = Constraint { regex: Some("^user_".to_owned()), ..Constraint::default() };
    let pattern = conditioned("from a import f\nf($X)", "g($X)", &[("X", user)]);
    assert_eq!(reasons(&pattern, "from a import f\nf(b)\n"), ["2: `$X` does not match the regular expression ^user_"]);
    let place = Constraint { not_inside: vec![Place::Test], ..Constraint::default() };
    let pattern = conditioned("from a import f\nf($X)", "g($X)", &[("match", place)]);
    assert_eq!(reasons(&pattern, "from a import f\ndef test_a(): f(b)\n"), ["2: the match is inside a test"]);
}
