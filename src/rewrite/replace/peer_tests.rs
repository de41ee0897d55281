//! What other tools that rewrite Python get wrong, one behaviour a test.

use crate::rewrite::replace::tests::{check, rewritten, rule};

const BEFORE: &str = "from a.b import f\n\nf($X)";
const AFTER: &str = "from a.c import g\n\ng($X)";

#[test]
fn an_import_is_never_placed_after_its_first_use() {
    check(
        BEFORE,
        AFTER,
        &[
            (
                "from a.b import f\nx = f(1)\nimport os\nfrom a.c import e\n",
                "from a.c import g\nx = g(1)\nimport os\nfrom a.c import e\n",
            ),
            (
                "def h():\n    from a.b import f\n    f(1)\n    from a.c import g\n",
                "def h():\n    from a.c import g\n    g(1)\n    from a.c import g\n",
            ),
        ],
    );
    check("f($X)", AFTER, &[("x = f(1)\nimport os\n", "from a.c import g\n\nx = g(1)\nimport os\n")]);
}

#[test]
fn an_import_is_not_removed_from_a_try_or_an_if() {
    let conditional = "if x:\n    from a.b import f\nelse:\n    from d import e as f\n";
    let attempt = "try:\n    from a.b import f\nexcept ImportError:\n    pass\n";
    for text in [conditional, attempt] {
        let (made, remarks) = rewritten(&rule(BEFORE, AFTER), format!("{text}f(1)\n").as_bytes());
        let made = String::from_utf8(made).unwrap();
        assert!(made.contains("    from a.b import f\n"), "{made}");
        assert!(!remarks.is_empty(), "{made}");
    }
}

#[test]
fn nothing_of_one_file_is_left_for_the_next() {
    let rule = rule(BEFORE, AFTER);
    let (first, second) = ("from a.b import f\nf(1)\n", "def f(x): pass\nf(1)\n");
    let alone = rewritten(&rule, second.as_bytes());
    rewritten(&rule, first.as_bytes());
    assert_eq!(rewritten(&rule, second.as_bytes()), alone);
    assert_eq!(alone.0, second.as_bytes());
}

#[test]
fn imports_are_statements_wherever_the_match_stands() {
    check(
        BEFORE,
        AFTER,
        &[(
            "from a.b import f\nx = [\n    y + f(1)\n    for y in z\n]\n",
            "from a.c import g\nx = [\n    y + g(1)\n    for y in z\n]\n",
        )],
    );
}

#[test]
fn two_matches_on_one_line_are_both_replaced() {
    check(BEFORE, AFTER, &[("from a.b import f\nx = f(1) + f(f(2)); f(3)\n", "from a.c import g\nx = g(1) + g(g(2)); g(3)\n")]);
}

#[test]
fn matches_of_several_lines_keep_all_other_lines() {
    check("f(\n    $X,\n    $Y,\n)", "g($Y)", &[("a\nf(\n  1,\n  2\n)\nb\nf(3,\n  4)\nc\n", "a\ng(2)\nb\ng(4)\nc\n")]);
}

#[test]
fn the_inside_of_a_triple_quoted_string_never_moves() {
    check(
        "with f($X):\n    $$$BODY",
        "if $X:\n    for y in $X:\n        $$$BODY",
        &[("with f(a):\n  b('''\n  c\n    d''',\n    e)\n", "if a:\n  for y in a:\n    b('''\n  c\n    d''',\n      e)\n")],
    );
}

#[test]
fn tabs_and_line_endings_are_those_of_the_file() {
    check(
        BEFORE,
        "from a.c import g\n\ng(\n    $X,\n    0,\n)",
        &[
            ("if x:\r\n\tfrom a.b import f\r\n\tf(1)\r\n", "if x:\r\n\tfrom a.c import g\r\n\tg(\r\n\t\t1,\r\n\t\t0,\r\n\t)\r\n"),
            (
                "def h():\r\n\tfrom a.b import f\r\n\treturn f(1)\r\n",
                "def h():\r\n\tfrom a.c import g\r\n\treturn g(\r\n\t\t1,\r\n\t\t0,\r\n\t)\r\n",
            ),
        ],
    );
}

#[test]
fn comments_are_not_dropped() {
    check(
        BEFORE,
        "from a.c import g\n\n[$X]",
        &[
            (
                "from a.b import (  # one\n    f,  # two\n)  # three\nx = f(  # four\n    # five\n    1,  # six\n)  # seven\n",
                "from a.c import (  # one\n    g,  # two\n)  # three\n# four\n# five\n# six\nx = [1]  # seven\n",
            ),
            ("import a.b  # one\nx = a.b.f(1)  # two\n", "from a.c import g  # one\nx = [1]  # two\n"),
        ],
    );
    check(BEFORE, "$X", &[("from a.b import (  # one\n    f,  # two\n)  # three\nf(1)\n", "# one\n# two\n# three\n1\n")]);
}

#[test]
fn keyword_arguments_stay_what_they_are() {
    check(
        "f($$$X)",
        "g(1, $$$X)",
        &[("f(a, k=b, *c, **d)\n", "g(1, a, k=b, *c, **d)\n"), ("f(k=f(z=1))\n", "g(1, k=g(1, z=1))\n")],
    );
}
