use crate::pattern::constraint::Constraint;
use crate::pattern::support::{conditioned, look, matches, pattern, reasons};

const FACTORY: &str = "from a.b import f\n\n$X = f()\n...\n$Y = await $X.create($C)\n";
const CREATED: &str = "from a.c import g\n\n$Y = await g($C)\n";

#[test]
fn a_name_fits_whatever_resolves_to_it() {
    let direct = pattern("from a.b import f\nf($X)", "from a.c import g\ng($X)");
    for (text, wanted) in [
        ("from a.b import f\nf(1)\n", "f(1)"),
        ("from a.b import f as h\nh(1)\n", "h(1)"),
        ("from a.b import (\n    e,\n    f,  # why\n)\nf(1)\n", "f(1)"),
        ("import a.b\na.b.f(1)\n", "a.b.f(1)"),
        ("import a.b as c\nc.f(1)\n", "c.f(1)"),
        ("from a import b\nb.f(1)\n", "b.f(1)"),
        ("from a import b as f\nf.f(1)\n", "f.f(1)"),
        ("def d():\n    from a.b import f\n    return f(1)\n", "f(1)"),
        ("if TYPE_CHECKING:\n    from a.b import f\nf(1)\n", "f(1)"),
        ("try:\n    from a.b import f\nexcept ImportError:\n    import a.b\nf(1)\n", "f(1)"),
        ("from a.b import f\nclass A:\n    f = 1\n    def m(self):\n        f(1)\n", "f(1)"),
        ("from a.b import f\n@f(1)\ndef d(): pass\n", "f(1)"),
        ("from a.b import f\ndef d(x: f(1)): pass\n", "f(1)"),
        ("from a.b import f\ndef d(x=f(1)): pass\n", "f(1)"),
        ("from a.b import f\nmake = f\nmake(1)\n", "make(1)"),
        ("import a.b\nb = a.b\ndef d():\n    make = b.f\n    make(1)\n", "make(1)"),
        ("def d():\n    global f\n    from a.b import f\nf(1)\n", "f(1)"),
    ] {
        assert_eq!(matches(&direct, text), [wanted], "{text}");
    }
}

#[test]
fn a_name_that_means_something_else_does_not_fit() {
    let direct = pattern("from a.b import f\nf($X)", "from a.c import g\ng($X)");
    for text in [
        "f(1)\n",
        "from a.c import f\nf(1)\n",
        "import a\na.f(1)\n",
        "from .b import f\nf(1)\n",
        "from a.b import f\ndef d(f):\n    f(1)\n",
        "from a.b import f\ndef d():\n    f = 1\n    f(1)\n",
        "from a.b import f\n[f(1) for f in x]\n",
        "from a.b import f\nclass A:\n    def f(self): pass\n    x = f(1)\n",
        "from a.b import f\nlambda f: f(1)\n",
        "from a.b import f\nx.f(1)\n",
        "from a.b import f\nf().x(1)\n",
        "from a.b import f\nf[0].x.y(1)\n",
        "from a.b import f\n'f(1)'  # f(1)\n",
    ] {
        assert_eq!(matches(&direct, text), [""; 0], "{text}");
    }
}

#[test]
fn what_is_done_with_the_result_of_a_name_is_not_the_name() {
    for (before, after, text, wanted) in [
        ("f().m()", "h()", "q = f()\nr = f().m()\n", "f().m()"),
        ("f().m", "h", "q = f\nr = f().m\n", "f().m"),
        ("f($X).m($Y)", "h($X, $Y)", "f(1)(2)\nf(1).m(2)\n", "f(1).m(2)"),
        ("f($X).$Y", "h($X).$Y", "f(1).m\n", "f(1).m"),
        ("$R = f($X).m()", "$R = h($X)", "x = f(1).m()\n", "x = f(1).m()"),
        ("await f($X).m()", "await h($X)", "await f(1).m()\n", "await f(1).m()"),
        ("f[0].m($X)", "h($X)", "f.m(1)\nf[0].m(1)\n", "f[0].m(1)"),
        ("f.g($X).m()", "h($X)", "f.g(1)\nf.g(1).m()\n", "f.g(1).m()"),
        ("f.g.k($X)", "h($X)", "f.k(1)\nf.g.k(1)\n", "f.g.k(1)"),
    ] {
        let rule = pattern(&format!("from a.b import f\n{before}"), &format!("from a.c import h\n{after}"));
        let text = format!("from a.b import f\n{text}");
        assert_eq!(matches(&rule, &text), [wanted], "{before} in {text}");
    }
    let rule = pattern("from a.b import f\nf().m()", "from a.c import h\nh()");
    assert_eq!(reasons(&rule, "from a.b import f\nq = f()\n"), ["2: `f()` does not stand in `f().m`"]);
}

#[test]
fn what_is_changed_in_place_is_one_use() {
    let rule = pattern("from a.b import f\nf", "from a.c import g\ng");
    for (text, count) in
        [("import a.b\na.b.f += 1\n", 1), ("import a.b\na.b.f[0] += 1\n", 1), ("from a.b import f\nf.x += f\n", 2)]
    {
        assert_eq!((matches(&rule, text).len(), reasons(&rule, text).len()), (count, 0), "{text}");
    }
}

#[test]
fn a_power_of_what_is_awaited_is_no_power_that_is_awaited() {
    for (before, text, wanted) in [
        ("h($X) ** $Y", "await h(1) ** 2; await (h(3) ** 4); h(5) ** 6", &["h(3) ** 4", "h(5) ** 6"] as &[&str]),
        ("$X ** 2", "await h(1) ** 2", &[]),
        ("await h($X)", "await h(1) ** 2; (await h(3)) ** 2; 2 ** await h(4)", &["await h(3)", "await h(4)"]),
        (
            "await h($X) ** $Y",
            "await h(1) ** 2; await (h(1) ** 2); await (h)(1) ** (2)",
            &["await h(1) ** 2", "await (h)(1) ** (2)"],
        ),
        ("await (h($X) ** $Y)", "await h(1) ** 2; await (h(3) ** 4)", &["await (h(3) ** 4)"]),
        ("await $X", "await h ** 2; await (h ** 3)", &["await (h ** 3)"]),
        ("h($X)", "h(await a ** 2)", &["h(await a ** 2)"]),
    ] {
        assert_eq!(matches(&pattern(before, "None"), text), wanted, "{before} in {text}");
    }
    let rule = pattern("from a.b import f\nawait f($X)", "None");
    assert_eq!(reasons(&rule, "from a.b import f\nawait f(1) ** 2\n"), ["2: `**` follows what is awaited: write `(await f(1))`"]);
    for (awaited, wanted) in [(true, ["h(1)", "h(3)"]), (false, ["h(2)", "h(4)"])] {
        let condition = Constraint { awaited: Some(awaited), ..Constraint::default() };
        let rule = conditioned("h($X)", "None", &[("match", condition)]);
        assert_eq!(matches(&rule, "await h(1) ** h(2); await (h(3)); await (h(4) ** 2)"), wanted);
    }
}

#[test]
fn a_splat_holds_all_that_follows_its_star() {
    let imported = |text: &str| format!("from a.b import f, k\n{text}\n");
    for (before, text, wanted) in [
        ("f($X)", "print(0, *f(1))", &["f(1)"] as &[&str]),
        ("f($X)", "x = *f(1), 3", &["f(1)"]),
        ("f($X)", "x, * f(1)", &["f(1)"]),
        ("f($X)", "x[*f(1), 2]", &["f(1)"]),
        ("f($X)", "for a in *f(1), 2: pass", &["f(1)"]),
        ("f($X)", "print(0, *f(1).a[2](3) + f(4))", &["f(1)", "f(4)"]),
        ("f($X)", "print(0, *k.f(1), *f.k(1))", &[]),
        ("f.a($X)", "print(0, *f.a(1), *f.a(2).b, *f(3).a(4))", &["f.a(1)", "f.a(2)"]),
        ("f.a.b", "print(0, *f.a.b(1).c, *f.a.b)", &["f.a.b", "f.a.b"]),
        ("f($X, *k($Y))", "f(1, *k(2)); f(*k(2), 1); f(1, k(2)); f(1, (*k(2), 3))", &["f(1, *k(2))"]),
        ("f(*k($Y))", "f(*k(2))", &["f(*k(2))"]),
        ("f($X, $Y)", "f(1, *k(2)); f(*k(2), 1); f(*k(2).a, 1); f(1, k(2))", &["f(1, k(2))"]),
        ("f($X, k($Y))", "f(1, *k(2)); f(1, k(2))", &["f(1, k(2))"]),
        ("f($X, *$Y)", "f(1, *k(2)); f(1, *k); f(1, *k + 2); f(1, k(2))", &["f(1, *k(2))", "f(1, *k)", "f(1, *k + 2)"]),
        ("f($X) + k", "print(0, *f(1) + k)", &["f(1) + k"]),
        ("f($X)", "x = *[f(1)], *(f(2)), *{f(3)}", &["f(1)", "f(2)", "f(3)"]),
        ("-f($X)", "x = *(f(1)), *-f(2)", &["-f(2)"]),
        ("$A = f, $X", "x = f, *[1]", &[]),
        ("$A = f, $X", "x = f, [1]", &["x = f, [1]"]),
        ("[$$$X] + f($$$X)", "[0, *k(1)] + f(0, *k(1)); [0, k(1)] + f(0, *k(1))", &["[0, *k(1)] + f(0, *k(1))"]),
    ] {
        let rule = pattern(&format!("from a.b import f{}\n{before}", if before.contains('k') { ", k" } else { "" }), "None");
        let text = imported(text);
        let found: Vec<&str> =
            look(&rule, &text, None, |found| found.matches.iter().map(|one| &text[one.range.clone()]).collect());
        assert_eq!(found, wanted, "{before} in {text}");
    }
    let rule = pattern("from a.b import f\nf($X)", "None");
    assert_eq!(reasons(&rule, &imported("print(0, *f(1, 2))")), ["2: the call has 2 arguments and the pattern 1"]);
    assert_eq!(reasons(&rule, &imported("print(0, *f.a(1))")), ["2: `f` is not called here"]);
}

#[test]
fn relative_imports_go_by_the_module_of_the_file() {
    let direct = pattern("from pkg.b import f\nf($X)", "from a.c import g\ng($X)");
    for (text, module) in [
        ("from .b import f\nf(1)\n", "pkg.mod"),
        ("from . import b\nb.f(1)\n", "pkg.__init__"),
        ("from ..b import f as h\nh(1)\n", "pkg.sub.mod"),
    ] {
        let count = |module| look(&direct, text, module, |found| found.matches.len());
        assert_eq!([count(Some(module)), count(Some("other.sub.mod")), count(None)], [1, 0, 0], "{text}");
    }
}

#[test]
fn what_cannot_be_known_is_said() {
    let direct = pattern("from a.b import f\nf($X)", "from a.c import g\ng($X)");
    for (text, wanted) in [
        ("from a.b import *\nf(1)\n", "2: `f` may come from `from a.b import *`"),
        (
            "try:\n    from a.b import f\nexcept ImportError:\n    from a.c import f\nf(1)\n",
            "5: `f` may stand for a.b.f or a.c.f or something else here",
        ),
        ("from a.b import f\nf = f or None\nf(1)\n", "2: `f` may stand for a.b.f or something else here"),
    ] {
        assert_eq!(matches(&direct, text), [""; 0], "{text}");
        assert_eq!(reasons(&direct, text).first().map(String::as_str), Some(wanted), "{text}");
    }
    assert_eq!(reasons(&direct, "from a.c import *\nf(1)\n"), [""; 0]);
}

#[test]
fn how_code_is_written_does_not_matter() {
    for (before, texts) in [
        ("h($X, 'a', 1_000)", ["h(x, \"a\", 1000)", "h(\n  x,  # why\n  '''a''',\n  1000,\n)", "(h)((x), 'a', 0x3e8)"]),
        ("h(a=$X, b=2)", ["h(b=2, a=1)", "h(a=1, b=2,)", "h(b=(2), a=(1))"]),
        ("$X, $Y = h()", ["a, b = h()", "(a, b) = h()", "(a, (b)) = (h())"]),
        ("[$X, 1, u'b']", ["[a, 1, 'b',]", "[a,\n# c\n 1, \"b\"]", "[(a), (1), ('b')]"]),
        (
            "with h($X) as $Y:\n    pass",
            ["with h(a) as b: pass", "with (h(a)) as b:\n\n  # c\n  pass", "with (h(a) as b):\n pass"],
        ),
        ("f'{$X}a'", ["f'{x}a'", "f\"{x}a\"", "F'{x}a'"]),
        ("$X if $Y else $Z", ["a if b else c", "(a) if (b) else (c)", "a if b \\\n else c"]),
        ("$X not in h", ["a not in h", "a not  in h", "(a) not in (h)"]),
    ] {
        let after = if before.contains('=') && !before.contains("h(a=") || before.starts_with("with") { "pass" } else { "None" };
        let pattern = pattern(before, after);
        for text in texts {
            assert_eq!(matches(&pattern, &format!("{text}\n")).len(), 1, "{before} in {text}");
        }
    }
}

#[test]
fn what_has_another_meaning_does_not_fit() {
    for (before, texts) in [
        ("h($X)", ["h()", "h(a, b)", "h(*a)", "h(a=b)", "h(**a)", "h.h(a)"].as_slice()),
        ("h($X, 'a')", &["h(x, b'a')", "h('a', x)", "h(x, f'a{b}')", "h(x, 'A')"]),
        ("await h($X)", &["h(a)", "await h(a, b)", "await (h)"]),
        ("$X[1]", &["a[1:]", "a[1,]", "a[1, 2]", "a[True]"]),
        ("async with $X: pass", &["with a: pass"]),
        ("async for $X in $Y: pass", &["for a in b: pass"]),
        ("for $X in $Y: pass", &["async for a in b: pass", "for a in b: pass\nelse: pass"]),
        (
            "if $X:\n    h()",
            &["if a:\n    h()\nelse:\n    b", "if a:\n    h()\n    h()", "if a:\n    h()\nelif b:\n    h()", "while a:\n    h()"],
        ),
        ("$X + $X", &["a + b", "a - a", "f(1) + f(2)", "'a' + 'b'"]),
        (
            "def $F($A): pass",
            &["def f(a: int): pass", "def f(a=1): pass", "def f(): pass", "async def f(a): pass", "@d\ndef f(a): pass"],
        ),
        ("$X.$Y()", &["a()", "a.b(1)", "a.b"]),
        ("print($X)", &["from io import print\nprint(1)"]),
    ] {
        let simple = !before.contains(':') || before.starts_with("$X[");
        let pattern = pattern(before, if simple { "None" } else { "pass" });
        for text in texts {
            assert_eq!(matches(&pattern, &format!("{text}\n")).len(), 0, "{before} in {text}");
        }
    }
}

#[test]
fn a_run_takes_any_number() {
    for (before, text, captures) in [
        ("h($$$A)", "h()", vec![("A", "")]),
        ("h($$$A)", "h(1, *b, c=2, **d)", vec![("A", "1,*b,c=2,**d")]),
        ("h($X, $$$A)", "h(1, 2, 3)", vec![("A", "2,3"), ("X", "1")]),
        ("h($$$A, $X)", "h(1, 2, 3)", vec![("A", "1,2"), ("X", "3")]),
        ("h($$$A, k=$K)", "h(1, k=2, **d)", vec![("A", "1,**d"), ("K", "2")]),
        ("h($$$A, 2, $$$B)", "h(1, 2, 3)", vec![("A", "1"), ("B", "3")]),
        ("[$$$A, $X]", "[1, *b, 2]", vec![("A", "1,*b"), ("X", "2")]),
        (
            "def $F($$$P):\n    $$$BODY",
            "def f(a, *b, c=1): return 1; return 2",
            vec![("BODY", "return 1,return 2"), ("F", "f"), ("P", "a,*b,c=1")],
        ),
        ("if $X:\n    h()\n    $$$REST", "if a:\n  h()\n  b\n  # c\n  d", vec![("REST", "b,d"), ("X", "a")]),
        ("h($K=$V, k=1)", "h(k=1, l=2)", vec![("K", "l"), ("V", "2")]),
        ("h($X, $$$A, $X)", "h(a, b, a)", vec![("A", "b"), ("X", "a")]),
        ("h($_, $_)", "h(a, b)", vec![]),
    ] {
        let pattern = pattern(before, if before.contains(':') { "pass" } else { "None" });
        let text = format!("{text}\n");
        let found: Vec<(String, String)> = look(&pattern, &text, None, |found| {
            assert_eq!(found.matches.len(), 1, "{before} in {text}");
            let captures = found.matches[0].captures.iter();
            let written = |capture| -> Vec<&str> {
                crate::pattern::matched::nodes(capture).iter().map(|node| &text[node.byte_range()]).collect()
            };
            captures.map(|(name, capture)| (name.clone(), written(capture).join(","))).collect()
        });
        let wanted: Vec<(String, String)> =
            captures.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(found, wanted, "{before} in {text}");
    }
}

#[test]
fn statements_fit_with_others_in_between() {
    let factory = pattern(FACTORY, CREATED);
    for (text, wanted) in [
        ("m = f()\nx = await m.create(c)\n", "m = f() | x = await m.create(c)"),
        ("m = f()\nlog('a')\nif b:\n    c = 1\nx = await m.create(d)\n", "m = f() | x = await m.create(d)"),
        ("async def d():\n    m = f()\n    # why\n    x = await m.create(c)\n    return x\n", "m = f() | x = await m.create(c)"),
        ("n = f()\nm = f()\nx = await m.create(1)\ny = await n.create(2)\n", "n = f() | y = await n.create(2)"),
    ] {
        assert_eq!(matches(&factory, &format!("from a.b import f\n{text}")).first().map(String::as_str), Some(wanted), "{text}");
    }
    let twice = "async def d():\n    m = f()\n    x = await m.create(1)\n    m = f()\n    y = await m.create(2)\n";
    assert_eq!(matches(&factory, &format!("from a.b import f\n{twice}")).len(), 2);
    let branches = "async def d():\n    if a:\n        m = f()\n        x = await m.create(1)\n    else:\n        m = f()\n        x = await m.create(2)\n";
    assert_eq!(matches(&factory, &format!("from a.b import f\n{branches}")).len(), 2);
}

#[test]
fn what_would_be_unsound_is_left_with_its_reason() {
    let factory = pattern(FACTORY, CREATED);
    for (text, wanted) in [
        ("m = f()\nx = await m.create(c)\nprint(m)\n", "2: `m` is read again in line 4"),
        ("m = f()\nprint(m)\nx = await m.create(c)\n", "2: `m` is read in line 3, in between"),
        ("m = f()\nm = 1\nx = await m.create(c)\n", "2: `m` is bound in line 3, in between"),
        ("m = f()\nreturn\nx = await m.create(c)\n", "2: line 3 may leave the block before the rest is reached"),
        ("m = f()\nif a:\n    raise b\nx = await m.create(c)\n", "2: line 4 may leave the block before the rest is reached"),
        ("m = f()\nx = m.create(c)\n", "2: `m.create(c)` is not awaited"),
        ("m = f()\nx = await n.create(c)\n", "2: `$X` is `m` and then `n`"),
        ("m = f()\nx = await m.create(c, d)\n", "2: the call has 2 arguments and the pattern 1"),
        ("m = f()\nx = await m.create(c=d)\n", "2: `c=d` is not an expression, as `$C` has to be"),
        ("m = f()\nif a:\n    x = await m.create(c)\n", "2: `m` is read in line 4, in between"),
        ("m = f()\n", "2: no `$Y = await $X.create($C)` follows"),
        ("m = f()\nx = await m.create(c)\ndef g():\n    return m\n", "2: `m` is read again in line 5"),
        ("m = f()\nx = await m.create(c)\n__all__ = ['m']\n", "2: `m` is in `__all__`"),
        ("class A:\n    m = f()\n    x = await m.create(c)\n", "3: `m` is an attribute of the class"),
        ("self.m = f()\nx = await self.m.create(c)\n", "2: `self.m` is set here, which others may read"),
        ("d[1] = f()\nx = await d[1].create(c)\n", "2: `d[1]` is set here, which others may read"),
        ("while a:\n    print(m)\n    m = f()\n    x = await m.create(c)\n", "4: `m` is read again in line 3"),
        ("m = f()\nx = await m.create(m.c)\n", "2: `m` is read again in line 3"),
        ("m = f()\nx = await m.create(c)\ndel m\n", "2: `m` is read again in line 4"),
        ("x = [f() for a in b]\n", "2: `f()` does not stand in `$X = f()`"),
        ("x = f\n", "2: `f` is not called here"),
        ("x = f(1)\n", "2: the call has 1 argument and the pattern 0"),
        ("import a.b\nx = (a.b).f()\n", "3: a part of `a.b.f` stands in parentheses"),
    ] {
        let text = format!("from a.b import f\n{text}");
        assert_eq!(matches(&factory, &text), [""; 0], "{text}");
        assert_eq!(reasons(&factory, &text), [wanted], "{text}");
    }
}

#[test]
fn a_name_that_before_binds_twice_may_be_read_where_after_binds_it_again() {
    let text = "x = d.get(k)\nif x is None:\n    x = 1\nprint(x)\n";
    let before = "$X = $D.get($K)\nif $X is None:\n    $X = $V";
    assert_eq!(matches(&pattern(before, "$X = $D.get($K, $V)"), text).len(), 1);
    let gone = pattern(before, "found($D, $K, $V)");
    assert_eq!(matches(&gone, text), [""; 0]);
    assert_eq!(reasons(&gone, text), ["1: `x` is read again in line 4"]);
}

#[test]
fn a_name_that_goes_is_not_read_by_what_is_captured() {
    let moved = pattern("from a.b import f\n\n$A = f()\n$B = $A.make($X)", "from a.c import g\n\n$B = g($X)");
    for (text, wanted) in [
        ("def q(m):\n    m = f()\n    z = m.make(m)\n", "3: `m` is read again in line 4"),
        ("m = 0\nm = f()\nz = m.make(m)\n", "3: `m` is read again in line 4"),
        ("m = f()\nz = m.make([m])\n", "2: `m` is read again in line 3"),
    ] {
        let text = format!("from a.b import f\n{text}");
        assert_eq!(matches(&moved, &text), [""; 0], "{text}");
        assert_eq!(reasons(&moved, &text), [wanted], "{text}");
    }
    for text in ["m = f()\nz = m.make(n)\n", "m = f()\nm = m.make(n)\n"] {
        assert_eq!(matches(&moved, &format!("from a.b import f\n{text}")).len(), 1, "{text}");
    }
}

#[test]
fn what_is_bound_again_or_read_before_is_no_hindrance() {
    let factory = pattern(FACTORY, CREATED);
    for text in [
        "m = f()\nx = await m.create(c)\nm = 1\nprint(m)\n",
        "m = None\nprint(m)\nm = f()\nx = await m.create(c)\n",
        "def g():\n    m = 1\n    return m\nm = f()\nx = await m.create(c)\n",
        "m = f()\nx = await m.create(c)\nprint(x.m, g(m=1))\n",
    ] {
        assert_eq!(matches(&factory, &format!("from a.b import f\n{text}")).len(), 1, "{text}");
    }
}

#[test]
fn a_name_that_the_rule_binds_must_be_free() {
    let rule = pattern("from a.b import F\n$X = F($I)\n", "from a.c import G\nctx = G($I)\n$X = ctx.make()\n");
    let imported = |text: &str| format!("from a.b import F\n{text}");
    assert_eq!(matches(&rule, &imported("x = F(1)\n")).len(), 1);
    for (text, wanted) in [
        ("def d(ctx):\n    x = F(1)\n", "3: the rule binds `ctx`, which means something here already (line 2)"),
        ("ctx = 1\nx = F(1)\n", "3: the rule binds `ctx`, which means something here already (line 2)"),
        ("x = F(1)\ndef d(): return ctx\n", "2: the rule binds `ctx`, which is read in line 3"),
    ] {
        assert_eq!(reasons(&rule, &imported(text)), [wanted], "{text}");
    }
    assert_eq!(matches(&rule, &imported("def d(ctx): pass\nx = F(1)\n")).len(), 1);
}

#[test]
fn matches_do_not_overlap_and_inner_ones_are_told_apart() {
    let direct = pattern("from a.b import f\nf($X)", "from a.c import g\ng($X)");
    look(&direct, "from a.b import f\nf(f(f(1))); f(2)\n", None, |found| {
        assert_eq!((found.matches.len(), found.nested.len(), found.near.len()), (2, 2, 0));
    });
}

#[test]
fn an_if_that_tests_what_was_made_is_a_pattern_too() {
    let before = "from a.b import f\n\n$X = f()\nif $X:\n    $Y = await $X.create($C)\n";
    let factory = pattern(before, CREATED);
    let text = |rest: &str| format!("from a.b import f\nm = f()\nif m:\n    x = await m.create(c)\n{rest}");
    assert_eq!(matches(&factory, &text("")).len(), 1);
    assert_eq!(reasons(&factory, &text("else:\n    x = None\n")), ["2: there is an `else` that the pattern has not"]);
    assert_eq!(reasons(&factory, &text("elif c:\n    x = None\n")), ["2: there is an `elif` that the pattern has not"]);
    assert_eq!(reasons(&factory, &text("    log(x)\n")), ["2: `log(x)` is more than the pattern has"]);
}

#[test]
fn what_a_match_reads_is_not_carried_past_what_sets_it() {
    let moved = pattern("from a.b import f\n\n$A = f($X)\n...\n$B = $A.go()", "from a.c import g\n\n$B = g($X)");
    for (text, wanted) in [
        ("m = f(q.z)\nq.z = 1\nx = m.go()\n", "2: `q.z` is set in line 3, in between"),
        ("m = f(q.z)\nif a:\n    b, q.z = c\nx = m.go()\n", "2: `q.z` is set in line 4, in between"),
        ("m = f(q[0])\ndel q[0]\nx = m.go()\n", "2: `q[0]` is set in line 3, in between"),
        ("m = f(q)\nimport q\nx = m.go()\n", "2: `q` is bound in line 3, in between"),
        ("m = f(q.z)\nif a:\n    from b import c as q\nx = m.go()\n", "2: `q` is bound in line 4, in between"),
        ("m = f(1)\nimport m\nx = m.go()\n", "2: `m` is bound in line 3, in between"),
    ] {
        let text = format!("from a.b import f\n{text}");
        assert_eq!(matches(&moved, &text), [""; 0], "{text}");
        assert_eq!(reasons(&moved, &text).first().map(String::as_str), Some(wanted), "{text}");
    }
    for text in [
        "m = f(q.z)\nq.y = q.z\nx = m.go()\n",
        "m = f(q)\nq.z = 1\nx = m.go()\n",
        "m = f(q)\nimport a, q.z as y\nx = m.go()\n",
        "m = f(q)\ndef d():\n    import q\nx = m.go()\n",
    ] {
        assert_eq!(matches(&moved, &format!("from a.b import f\n{text}")).len(), 1, "{text}");
    }
}
