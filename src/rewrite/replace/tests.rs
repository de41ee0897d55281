//! Rules on small files, one behaviour a case.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::pattern::Pattern;
use crate::plan::{Comments, Rewrite};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::python::syntax::errors;
use crate::rewrite::error::Problem;
use crate::rewrite::{Step, apply};

pub(super) fn rule(before: &str, after: &str) -> Rewrite {
    let pattern = Pattern::compile(before, after, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems:?}"));
    Rewrite {
        before: before.to_owned(),
        after: after.to_owned(),
        conditions: BTreeMap::new(),
        comments: Comments::Keep,
        strings: false,
        docs: false,
        deprecated: None,
        pattern: Arc::new(pattern),
    }
}

/// What a rule makes of a text in the module `pkg.mod`, and its remarks.
pub(super) fn rewritten(rule: &Rewrite, text: &[u8]) -> (Vec<u8>, Vec<String>) {
    let source = Source::new(text).unwrap();
    let applied = apply(&Parsed::new(&source, Some("pkg.mod")), &[Step::Rewrite(rule)]).unwrap();
    let remarks = applied.remarks.iter().map(|remark| format!("{}:{}: {}", remark.line, remark.column, remark.message));
    (applied.bytes.unwrap_or_else(|| text.to_vec()), remarks.collect())
}

/// Each file becomes what is wanted, which stays as it is when the rule is applied again and is as valid as the file was.
#[track_caller]
pub(super) fn check(before: &str, after: &str, cases: &[(&str, &str)]) {
    check_rule(&rule(before, after), cases);
}

#[track_caller]
fn check_rule(rule: &Rewrite, cases: &[(&str, &str)]) {
    for (text, want) in cases {
        let (made, remarks) = rewritten(rule, text.as_bytes());
        let made = String::from_utf8(made).unwrap();
        assert_eq!(made, *want, "from {text:?}\n{remarks:#?}");
        let valid = |text: &str| {
            let problems = errors(&Source::new(text.as_bytes()).unwrap());
            problems.into_iter().filter(|problem| !problem.message.contains("outside")).count()
        };
        assert!(valid(&made) <= valid(text), "{made}");
        assert_eq!(String::from_utf8(rewritten(rule, made.as_bytes()).0).unwrap(), made, "applied again");
    }
}

/// A file stays as it is, and a remark says so.
#[track_caller]
pub(super) fn left(rule: &Rewrite, text: &str, remark: &str) {
    let (made, remarks) = rewritten(rule, text.as_bytes());
    assert_eq!(String::from_utf8(made).unwrap(), text);
    assert!(remarks.iter().any(|one| one.contains(remark)), "{remarks:#?}");
}

#[test]
fn a_captured_expression_gets_the_parentheses_that_its_new_place_needs() {
    check(
        "old($A)",
        "$A.x",
        &[
            ("old(a)\n", "a.x\n"),
            ("old(a + b)\n", "(a + b).x\n"),
            ("old((a + b))\n", "(a + b).x\n"),
            ("old(1)\n", "(1).x\n"),
            ("old(1.5)\n", "1.5.x\n"),
            ("old(lambda: a)\n", "(lambda: a).x\n"),
            ("old(await a)\n", "(await a).x\n"),
            ("old(await a ** 2)\n", "(await a ** 2).x\n"),
            ("old(a if b else c)\n", "(a if b else c).x\n"),
            ("old(a := b)\n", "(a := b).x\n"),
            ("old(x for x in y)\n", "(x for x in y).x\n"),
            ("old('a' 'b')\n", "'a' 'b'.x\n"),
            ("old(f(a)[0].b)\n", "f(a)[0].b.x\n"),
            ("old(not a)\n", "(not a).x\n"),
            ("old((yield))\n", "(yield).x\n"),
        ],
    );
    check("old($A, $B)", "$A - $B", &[("old(a - b, c - d)\n", "a - b - (c - d)\n"), ("old(a, b) * c\n", "(a - b) * c\n")]);
    check("old($A)", "new(1, $A)", &[("old(x for x in y)\n", "new(1, (x for x in y))\n"), ("old(a, )\n", "new(1, a)\n")]);
    check(
        "old(2, $A)",
        "new($A)",
        &[("old(2, (x for x in y))\n", "new((x for x in y))\n"), ("old(2, a := 1)\n", "new(a := 1)\n")],
    );
    check("old($A)", "new(k=$A)", &[("old(a := 1)\n", "new(k=(a := 1))\n"), ("old(a < b < c)\n", "new(k=a < b < c)\n")]);
    check("old($A)", "not $A", &[("x = old(a and b)\n", "x = not (a and b)\n"), ("x = -old(a)\n", "x = -(not a)\n")]);
    check("old($A)", "$A < 1", &[("old(a < b)\n", "(a < b) < 1\n")]);
    check(
        "old($A)",
        "await new($A)",
        &[
            ("old(a).x\n", "(await new(a)).x\n"),
            ("x = old(a) + 1\n", "x = await new(a) + 1\n"),
            ("old(a) ** 2\n", "await new(a) ** 2\n"),
            ("await old(a)\n", "await (await new(a))\n"),
        ],
    );
}

#[test]
fn the_whole_replacement_gets_the_parentheses_that_its_place_needs() {
    check(
        "old($A)",
        "$A or 1",
        &[
            ("old(a).x\n", "(a or 1).x\n"),
            ("f(old(a))\n", "f(a or 1)\n"),
            ("old(a) + 1\n", "(a or 1) + 1\n"),
            ("old(a) or b\n", "a or 1 or b\n"),
            ("[x for x in y if old(x)]\n", "[x for x in y if x or 1]\n"),
        ],
    );
    check(
        "old($A)",
        "lambda: $A",
        &[("old(a)()\n", "(lambda: a)()\n"), ("x = old(a)\n", "x = lambda: a\n"), ("f'{old(a)}'\n", "f'{(lambda: a)}'\n")],
    );
    check("old($A)", "{$A: 1}", &[("f'{old(a)}'\n", "f'{({a: 1})}'\n"), ("old(a)\n", "{a: 1}\n")]);
    check("old($A)", "$A", &[("old(a + b) * c\n", "(a + b) * c\n"), ("old(a)\n", "a\n")]);
}

#[test]
fn lines_end_only_where_brackets_allow_it() {
    check(
        "old($A)",
        "$A",
        &[
            ("x = old(\n    a +\n    b\n)\n", "x = (a +\n     b)\n"),
            ("f(old(a +\n    b))\n", "f(a +\n    b)\n"),
            ("x = old(g(\n    a))\n", "x = g(\n    a)\n"),
            ("x = old('a'\n  'b')\n", "x = ('a'\n  'b')\n"),
            ("x = old('''a\nb''')\n", "x = '''a\nb'''\n"),
        ],
    );
    check("old($A)", "$A + 1", &[("x = old(a\n  * b)\n", "x = (a\n  * b) + 1\n")]);
}

#[test]
fn a_run_of_nothing_takes_its_comma_along() {
    check(
        "old($$$A)",
        "new(1, $$$A)",
        &[("old()\n", "new(1)\n"), ("old(a, b)\n", "new(1, a, b)\n"), ("old(*a, k=1, **b)\n", "new(1, *a, k=1, **b)\n")],
    );
    check(
        "old($$$A)",
        "new($$$A, k=1)",
        &[("old()\n", "new(k=1)\n"), ("old(a)\n", "new(a, k=1)\n"), ("old(b=2)\n", "new(b=2, k=1)\n")],
    );
    check("old($A, $$$B)", "new($$$B)", &[("old(1)\n", "new()\n"), ("old(1, 2)\n", "new(2)\n")]);
    check("old($A, $$$B)", "($A, $$$B)", &[("x = old(1)\n", "x = (1,)\n"), ("x = old(1, 2)\n", "x = (1, 2)\n")]);
    check(
        "old($$$A)",
        "[$$$A]",
        &[("old()\n", "[]\n"), ("old(1, 2)\n", "[1, 2]\n"), ("old(x for x in y)\n", "[x for x in y]\n")],
    );
}

#[test]
fn a_keyword_argument_never_becomes_broken_syntax() {
    left(&rule("old($$$A)", "[$$$A]"), "old(k=1)\n", "not valid Python");
    check("old($X)", "new($X, 1)", &[("old(k=1)\n", "old(k=1)\n")]);
    check("old($$$A)", "[$$$A]", &[("old(k=1)\nold(2)\n", "old(k=1)\n[2]\n")]);
}

#[test]
fn what_the_replacement_has_too_stays_where_it_is() {
    check(
        "old($$$A)",
        "new($$$A)",
        &[
            ("old(  # one\n    a,  # two\n    b,\n    # three\n)\n", "new(  # one\n    a,  # two\n    b,\n    # three\n)\n"),
            ("x = old (a , b)\n", "x = new (a , b)\n"),
            ("old(x for x in y)\n", "new(x for x in y)\n"),
        ],
    );
    check(
        "old($A, key='x')",
        "new($A, key='x')",
        &[("old(a,\n    key = \"x\",  # why\n)\n", "new(a,\n    key = \"x\",  # why\n)\n")],
    );
    check(
        "old($$$A)",
        "await new($$$A)",
        &[("x = old(\n    a,  # one\n    b,\n)\n", "x = await new(\n    a,  # one\n    b,\n)\n")],
    );
}

#[test]
fn comments_inside_a_match_go_above_or_hold_it_back() {
    let rewrite = rule("old($A, $B)", "new($B) + $A");
    check_rule(
        &rewrite,
        &[
            (
                "def f():\n\tx = old(a,  # one\n\t\t# two\n\t\tb)  # three\n",
                "def f():\n\t# one\n\t# two\n\tx = new(b) + a  # three\n",
            ),
            ("if x:\n    y\nelif old(a, # c\n    b):\n    pass\n", "if x:\n    y\n# c\nelif new(b) + a:\n    pass\n"),
            ("@old(a,  # c\n     b)\ndef f(): pass\n", "# c\n@new(b) + a\ndef f(): pass\n"),
        ],
    );
    let refusing = Rewrite { comments: Comments::Refuse, ..rewrite };
    left(&refusing, "x = old(a,  # one\n    b)\n", "comment");
    check_rule(&refusing, &[("x = old(a, b)  # one\n", "x = new(b) + a  # one\n")]);
}

#[test]
fn new_strings_take_the_quotes_of_what_they_replace() {
    check(
        "old($A)",
        "new($A, \"b\", \"it's\")",
        &[
            ("x = \"y\"\nold('a')\n", "x = \"y\"\nnew('a', 'b', \"it's\")\n"),
            ("x = 'y'\nold(a)\n", "x = 'y'\nnew(a, 'b', \"it's\")\n"),
            ("old(a)\n", "new(a, \"b\", \"it's\")\n"),
        ],
    );
    check("old($A)", "new($A, \"b\")", &[("f\"{old(a)}\"\n", "f\"{new(a, 'b')}\"\n"), ("f'{old(a)}'\n", "f'{new(a, \"b\")}'\n")]);
    left(&rule("old($A)", "new($A, 'a\\n')"), "f'{old(a)}'\n", "f-string");
}

#[test]
fn statements_take_the_indentation_and_line_endings_of_the_place() {
    check(
        "old($A)",
        "if $A:\n    for x in $A:\n        new(\n            x)\n",
        &[
            ("if y:\n\told(a)\n", "if y:\n\tif a:\n\t\tfor x in a:\n\t\t\tnew(\n\t\t\t\tx)\n"),
            ("if y:\r\n  old(a)  # c\r\n", "if y:\r\n  if a:\r\n    for x in a:\r\n      new(\r\n        x)  # c\r\n"),
        ],
    );
    check(
        "$X = old()",
        "'''a\n  b'''\n$X = '''\n  c'''\n",
        &[("if y:\r\n\tx = old()\r\n", "if y:\r\n\t'''a\r\n  b'''\r\n\tx = '''\r\n  c'''\r\n")],
    );
}

#[test]
fn statements_stand_in_the_place_of_the_last_and_keep_what_was_passed_over() {
    check(
        "$F = old()\n...\n$X = $F.make($A)",
        "$X = new($A)",
        &[
            ("f = old()\nx = f.make(1)\n", "x = new(1)\n"),
            (
                "def g():\n    f = old()  # one\n    # two\n    y = 1\n\n    x = f.make(1)  # three\n    return x\n",
                "def g():\n    # one\n    # two\n    y = 1\n\n    x = new(1)  # three\n    return x\n",
            ),
            ("def g():\n    f = old()  # one\n    x = f.make(1)  # two\n", "def g():\n    # one\n    x = new(1)  # two\n"),
            ("f = old(); y = 1; x = f.make(1)\n", "y = 1; x = new(1)\n"),
            ("if a: f = old(); x = f.make(1)\n", "if a: x = new(1)\n"),
        ],
    );
}

#[test]
fn statements_on_one_line_are_handled() {
    check(
        "old($A)\nold($B)",
        "new($A)\nnew($B)\nnew(0)",
        &[
            ("a; old(1); old(2); b\n", "a; new(1); new(2); new(0); b\n"),
            ("if a: old(1); old(2)\n", "if a: new(1); new(2); new(0)\n"),
            ("if a:\n  old(1); old(2)\n", "if a:\n  new(1)\n  new(2)\n  new(0)\n"),
        ],
    );
    left(&rule("old($A)\nold($B)", "if $A:\n    $B"), "a; old(1); old(2)\n", "same line");
}

#[test]
fn an_emptied_block_gets_pass() {
    check(
        "from a import old\n\nold($A)\n",
        "",
        &[
            ("from a import old\n\ndef f():\n    old(1)\n\nold(2)\n", "\ndef f():\n    pass\n\n"),
            ("def f():\n    from a import old\n    old(1)\n", "def f():\n    pass\n"),
            ("def f():\n    from a import old\n    old(1)\n    old(2)\n    g()\n", "def f():\n    g()\n"),
            ("from a import old\nif x: old(1)\nelse:\n    old(2)  # c\n", "if x: pass\nelse:\n    pass  # c\n"),
        ],
    );
}

#[test]
fn statements_that_are_captured_move_with_their_strings_untouched() {
    check(
        "with old($A):\n    $$$BODY",
        "$$$BODY",
        &[(
            "def f():\n    with old(a):\n        # c\n        x = '''\n        y'''\n        g(\n            x)\n\n        h()\n",
            "def f():\n    # c\n    x = '''\n        y'''\n    g(\n        x)\n\n    h()\n",
        )],
    );
    check(
        "with old($A):\n    $$$BODY",
        "try:\n    new($A)\n    $$$BODY\nfinally:\n    done()",
        &[("with old(a):\n\tx\n\n\tif y:\n\t\tz\n", "try:\n\tnew(a)\n\tx\n\n\tif y:\n\t\tz\nfinally:\n\tdone()\n")],
    );
}

#[test]
fn matches_within_captures_are_replaced_too() {
    check(
        "old($A)",
        "new($A, 1)",
        &[
            ("old(old(old(a)))\n", "new(new(new(a, 1), 1), 1)\n"),
            ("old(a); old(old(b)).x; old(c)\n", "new(a, 1); new(new(b, 1), 1).x; new(c, 1)\n"),
        ],
    );
    check("old($A)", "$A or b", &[("old(old(a))\n", "a or b or b\n"), ("old(old(a)).x\n", "(a or b or b).x\n")]);
    check("old($A)", "$A.x + 1", &[("old(old(a))\n", "(a.x + 1).x + 1\n")]);
    check("old($A, $B)", "$B", &[("old(old(1, 2), old(3, 4))\n", "4\n")]);
}

#[test]
fn the_star_before_what_is_replaced_stays() {
    let cases = [
        ("print(0, *old(1))\n", "print(0, *new(1))\n"),
        ("x = * old(1), *old(2).a[old(3)]\n", "x = * new(1), *new(2).a[new(3)]\n"),
        ("x[0, *old(*old(1))]\n", "x[0, *new(*new(1))]\n"),
        ("x[0, *old(old(1), *old(2))]\n", "x[0, *new(new(1), *new(2))]\n"),
    ];
    check("old($$$A)", "new($$$A)", &cases);
    check("old($A, $B)", "new($A, $B)", &[("print(0, *old(1, 2))\n", "print(0, *new(1, 2))\n")]);
    check("old($A)", "$A", &[("x = 0, *old(a or b), *old(c | d), *old(e).f\n", "x = 0, *(a or b), *c | d, *e.f\n")]);
    check("old($A, *$B)", "new(*$B, $A)", &[("old(1, *a(2).b)\n", "new(*a(2).b, 1)\n"), ("old(1, *a)\n", "new(*a, 1)\n")]);
    check("old($A, *$B)", "new($A, $B)", &[("old(1, *a(2))\n", "new(1, a(2))\n"), ("old(1, *a)\n", "new(1, a)\n")]);
    check("old($A, $B)", "old($A, *$B)", &[("old(1, a(2))\n", "old(1, *a(2))\n")]);
    check("old($A)", "new(0, *$A.b(), *$A[0])", &[("old(a + b)\n", "new(0, *(a + b).b(), *(a + b)[0])\n")]);
    check("old($A, *a($B))", "new($A, *b.c($B))", &[("old(1, *a(2))\n", "new(1, *b.c(2))\n")]);
}

#[test]
fn several_statements_within_a_capture_or_a_gap_are_replaced_too() {
    let (before, after) = ("from m import old\n\n$A = old()\nif $A:\n    $$$B", "from n import new\n\n$A = new()\n$$$B");
    check(
        before,
        after,
        &[
            (
                "from m import old\na = old()\nif a:\n    b = old()\n    if b:\n        c = 1\n    d\n",
                "from n import new\na = new()\nb = new()\nc = 1\nd\n",
            ),
            (
                "from m import old\na = old()\nif a:\n    if e:\n        b = old()\n        if b:\n            c = 1\n",
                "from n import new\na = new()\nif e:\n    b = new()\n    c = 1\n",
            ),
        ],
    );
    let (before, after) = ("from m import old\n\n$A = old()\n...\n$B = $A.make($X)", "from n import new\n\n$B = new($X)");
    check(
        before,
        after,
        &[
            (
                "from m import old\na = old()\nb = old()\nc = b.make(4)\nd = a.make(3)\n",
                "from n import new\nc = new(4)\nd = new(3)\n",
            ),
            (
                "from m import old\na = old()\nb = old()\nwhy()\nc = b.make(4)\nd = a.make(3)\n",
                "from n import new\nwhy()\nc = new(4)\nd = new(3)\n",
            ),
        ],
    );
    // What is dropped goes with all that is in it.
    check("f($A)\n...\nif $A:\n    $$$B", "g($A)", &[("f(a)\nx\nif a:\n    f(b)\n    if b:\n        c\n", "x\ng(a)\n")]);
}

#[test]
fn bytes_of_every_kind_stay() {
    let rewrite = rule("from m import old\n\nold($A)", "from m import new\n\nnew($A, 'x')");
    for (text, want) in [
        (&b"\xef\xbb\xbffrom m import old\r\nold(a)\r\n"[..], &b"\xef\xbb\xbffrom m import new\r\nnew(a, 'x')\r\n"[..]),
        (
            b"# coding: latin-1\nfrom m import old\nold('\xe9')  # \xe9\n",
            b"# coding: latin-1\nfrom m import new\nnew('\xe9', 'x')  # \xe9\n",
        ),
        (b"from m import old\rold(a)\rx\n", b"from m import new\rnew(a, 'x')\rx\n"),
        (b"from m import old\nif x:\n\told(a)\n\x0c\nold('b')", b"from m import new\nif x:\n\tnew(a, 'x')\n\x0c\nnew('b', 'x')"),
    ] {
        let (made, remarks) = rewritten(&rewrite, text);
        assert_eq!(made, want, "{} {remarks:?}", String::from_utf8_lossy(&made));
    }
    let wide = rule("from m import old\n\nold($A)", "from m import new\n\nnew($A, '\u{20ac}')");
    let (_, remarks) = rewritten(&wide, b"# coding: latin-1\nfrom m import old\nold('\xe9')\n");
    assert!(remarks.iter().any(|remark| remark.contains("ISO-8859-1 cannot hold")), "{remarks:?}");
}

#[test]
fn a_name_that_is_bound_anew_must_be_free() {
    let rewrite = rule("from m import old\n\n$X = old()", "from m import new\n\ntmp = new()\n$X = tmp");
    check_rule(
        &rewrite,
        &[(
            "from m import old\ndef f():\n    x = old()\n    y = old()\n    return x, y\n",
            "from m import new\ndef f():\n    tmp = new()\n    x = tmp\n    tmp = new()\n    y = tmp\n    return x, y\n",
        )],
    );
    left(&rewrite, "from m import old\ndef f(tmp):\n    x = old()\n    return x\n", "the rule binds `tmp`");
    left(&rewrite, "from m import old\ntmp = 1\ndef f():\n    x = old()\n    return x, tmp\n", "the rule binds `tmp`");
}

#[test]
fn names_mean_the_same_in_the_file_as_in_the_rule() {
    let plain = rule("import np\n\nnp.float", "float");
    check_rule(&plain, &[("import np\nx = np.float(1)\n", "x = float(1)\n")]);
    left(
        &plain,
        "import np\nfrom x import float\ny = np.float(1)\n",
        "the rule writes `float`, which is no builtin here (line 2)",
    );
    left(&plain, "import np\ndef f(float):\n    return np.float(1)\n", "no builtin here (line 2)");
    let lambda = rule("from m import old\n\nold($X)", "lambda k: $X + k");
    check_rule(&lambda, &[("from m import old\ny = old(a)\n", "y = lambda k: a + k\n")]);
    check_rule(&lambda, &[("from m import old\ny = old([k for k in a])\n", "y = lambda k: [k for k in a] + k\n")]);
    left(&lambda, "from m import old\ndef f(k):\n    return old(k)\n", "the rule binds `k` around `$X`");
    let list = rule("from m import old\n\nold($X)", "[k for k in $X]");
    check_rule(&list, &[("from m import old\ny = old(k)\n", "y = [k for k in k]\n")]);
}

#[test]
fn a_file_whose_matches_take_too_long_is_refused_at_the_place_that_was_too_late() {
    let rule = rule("f($X)", "g($X)");
    let source = Source::new(b"x = 1\ny = f(1)\n").unwrap();
    let error = apply(&Parsed::new(&source, None).within(Duration::ZERO), &[Step::Rewrite(&rule)]).unwrap_err();
    assert_eq!((error.line, error.column, error.kind), (2, 5, Problem::Slow(Duration::ZERO)));
}

#[test]
fn a_call_that_the_replacement_leaves_out_is_told() {
    let short = rule("old($A, $B, $_)", "new($A)");
    for (text, want, remarks) in [
        ("old(a(), b.c, 1)\n", "new(a())\n", vec![]),
        (
            "old(\n    a, b(c()), await d)\n",
            "new(a)\n",
            vec![
                "2:8: `b(c())` is not evaluated any more: `after` has no `$B`",
                "2:16: `await d` is not evaluated any more: `$_` stands for it",
            ],
        ),
    ] {
        let (made, said) = rewritten(&short, text.as_bytes());
        assert_eq!((String::from_utf8(made).unwrap().as_str(), said), (want, remarks.into_iter().map(str::to_owned).collect()));
    }
}

#[test]
fn what_would_be_evaluated_at_another_time_or_more_often_is_left() {
    left(&rule("old($A)", "new($A, $A)"), "x.old\nold(next(it))\n", "2:1: `next(it)` would be evaluated twice");
    left(
        &rule("$M = old($A)\n...\n$M.go()", "$M = new($A)\n"),
        "m = old(next(it))\nlog()\nm.go()\n",
        "1:1: `next(it)` would be evaluated after line 2, which `...` passes over",
    );
}

#[test]
fn a_keyword_of_the_pattern_is_replaced_where_it_stands() {
    check(
        "from m import f\nf($$$A, old=$X)",
        "from m import f\nf($$$A, new=$X)",
        &[
            ("from m import f\nf('s', old=1, html='x')\n", "from m import f\nf('s', new=1, html='x')\n"),
            ("from m import f\nf('s', old=1, **kw)\n", "from m import f\nf('s', new=1, **kw)\n"),
            ("from m import f\nf(old=1, html=1)\n", "from m import f\nf(new=1, html=1)\n"),
            (
                "from m import f\nf(\n    *a,  # all\n    old=f(old=2),\n    b=1,\n)\n",
                "from m import f\nf(\n    *a,  # all\n    new=f(new=2),\n    b=1,\n)\n",
            ),
        ],
    );
    check(
        "f($$$A, a=$X, b=$Y)",
        "g($$$A, b=$X, c=$Y)",
        &[("f(1, b=2, z=0, a=3)\n", "g(1, c=2, z=0, b=3)\n"), ("f(b=2, a=3)\n", "g(c=2, b=3)\n")],
    );
    check("f($$$A, old=$X)", "g($$$A)", &[("f('s', old=1, html='x')\n", "g('s', html='x')\n"), ("f(old=1)\n", "g()\n")]);
    check("f($$$A, old=$X)", "g($X, $$$A)", &[("f('s', old=1, html='x')\n", "g(1, 's', html='x')\n")]);
    check("f($X, $$$A)", "g($$$A, $X)", &[("f(1, 2, 3)\n", "g(2, 3, 1)\n")]);
}

#[test]
fn a_call_with_a_constant_is_what_is_deprecated_and_not_its_name() {
    let text = "from functools import lru_cache\n@lru_cache(maxsize=10)\ndef f(): pass\n";
    let (before, after) = ("from functools import lru_cache\nlru_cache(maxsize=None)", "from functools import cache\ncache");
    let own = text.replace("10", "None");
    check(before, after, &[(text, text), (&own, "from functools import cache\n@cache\ndef f(): pass\n")]);
    let rule = rule(before, after);
    let seen = |rule: &Rewrite, text: &str| {
        let source = Source::new(text.as_bytes()).unwrap();
        let seen = crate::rewrite::violation::look(&Parsed::new(&source, None), Step::Rewrite(rule)).unwrap();
        seen.violations.into_iter().map(|found| found.name).collect::<Vec<String>>()
    };
    assert_eq!((seen(&rule, text), seen(&rule, &own)), (Vec::new(), vec!["lru_cache(maxsize=None)".to_owned()]));
    let named = Pattern::clone(&rule.pattern).deprecating(Some(&["functools.lru_cache".to_owned()]));
    let named = Rewrite { pattern: Arc::new(named), ..rule };
    assert_eq!(seen(&named, text), ["functools.lru_cache"; 2]);
}
