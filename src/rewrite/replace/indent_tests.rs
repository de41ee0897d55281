//! How captured code is indented where it comes to stand.

use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::replace::tests::{check, rewritten, rule};

#[test]
fn captured_lines_hang_below_the_line_that_opens_them() {
    check(
        "old($X)",
        "if y:\n    new($X)",
        &[
            ("old(g(\n    x,\n    z))\n", "if y:\n    new(g(\n        x,\n        z))\n"),
            ("old(\n    g(\n        x\n    )\n)\n", "if y:\n    new(g(\n        x\n    ))\n"),
            ("if a:\n\told(g(\n\t\tx,\n\t))\n", "if a:\n\tif y:\n\t\tnew(g(\n\t\t\tx,\n\t\t))\n"),
            ("if a:\n\told(\n\t\tb +\n\t\tc)\n", "if a:\n\tif y:\n\t\tnew(b +\n\t\tc)\n"),
            ("if a:\r\n  old([\r\n    x,\r\n\r\n  ])\r\n", "if a:\r\n  if y:\r\n    new([\r\n      x,\r\n\r\n    ])\r\n"),
            ("old([  # (one\n    # two\n    x,\n  y])\n", "if y:\n    new([  # (one\n        # two\n        x,\n      y])\n"),
            ("old(lambda:\n    3)\n", "if y:\n    new(lambda:\n        3)\n"),
        ],
    );
    check(
        "old($$$X)",
        "if y:\n    new($$$X)",
        &[
            ("old(\n    a,\n    b,\n)\n", "if y:\n    new(\n        a,\n        b,\n    )\n"),
            ("old(a,  # one\n    b)\n", "if y:\n    new(a,  # one\n        b)\n"),
            ("old(v for v in\n    w)\n", "if y:\n    new(v for v in\n        w)\n"),
        ],
    );
}

#[test]
fn the_rest_of_a_list_is_laid_out_as_the_whole_was() {
    check(
        "old($X, $$$Y)",
        "while x:\n    new($$$Y)",
        &[
            ("old(\n    x,\n    y,  # one\n    z,\n)\n", "while x:\n    new(\n        y,  # one\n        z,\n    )\n"),
            ("old(\n    x,  # one\n    y\n)\n", "# one\nwhile x:\n    new(\n        y\n    )\n"),
            ("old(x,\n    y, z)\n", "while x:\n    new(y, z)\n"),
            ("old(\n    x, y, z\n)\n", "while x:\n    new(y, z)\n"),
            ("old(\n    x\n)\n", "while x:\n    new()\n"),
            ("old(x, y,\n    z,  # one\n    )\n", "while x:\n    new(y,\n        z,  # one\n        )\n"),
            ("old(x, y,\n       z)\n", "while x:\n    new(y,\n        z)\n"),
        ],
    );
    check(
        "old($X, $$$Y)",
        "new(1, 2, $$$Y)",
        &[("old(\n    x,\n    y,\n    z,\n)\n", "new(1, 2, y,\n          z)\n"), ("old(\n    x,\n)\n", "new(1, 2)\n")],
    );
}

#[test]
fn captured_lines_stay_aligned() {
    check(
        "old($X, $Y)",
        "brand_new($Y, $X)",
        &[
            ("x = old(g(a,\n          b), 1)\n", "x = brand_new(1, g(a,\n                   b))\n"),
            ("x = old(1, g(a,\n             b))\n", "x = brand_new(g(a,\n                b), 1)\n"),
            (
                "x = old(g(a,\n          b), h(c,\n                d))\n",
                "x = brand_new(h(c,\n                d), g(a,\n                      b))\n",
            ),
            ("x = old(old(1, g(\n   b)), 2)\n", "x = brand_new(2, brand_new(g(\n   b), 1))\n"),
            ("x = old(\n    g(a,\n      b),\n    1,\n)\n", "x = brand_new(\n    1,\n    g(a,\n      b),\n)\n"),
            ("x = old('a'\n        'b', 1)\n", "x = brand_new(1, 'a'\n                 'b')\n"),
        ],
    );
    check(
        "old($X, $Y)",
        "$X == $Y",
        &[
            ("x = old(a,\n        b or\n        c)\n", "x = a == (b or\n          c)\n"),
            ("x = old(a or\n        b, [\n    1,\n])\n", "x = (a or\n     b) == [\n    1,\n]\n"),
            ("if a:\n\tx = old(b or\n\t        c, 1)\n", "if a:\n\tx = (b or\n\t        c) == 1\n"),
        ],
    );
    check("old($X)", "$X + 1", &[("x = f(old(a *\n          b)[0])\n", "x = f((a *\n       b + 1)[0])\n")]);
}

#[test]
fn lines_inside_strings_of_captured_code_do_not_move() {
    check(
        "old($X)",
        "if y:\n    new($X)",
        &[
            ("old('''\n    a''')\n", "if y:\n    new('''\n    a''')\n"),
            ("old(g('''\n    a''', [\n    1]))\n", "if y:\n    new(g('''\n    a''', [\n        1]))\n"),
            (
                "old(g(\n    f'''\n    {a(\n    b)}''',\n    c))\n",
                "if y:\n    new(g(\n        f'''\n    {a(\n    b)}''',\n        c))\n",
            ),
            ("old(v for v in '''\n  a'''\n    if w)\n", "if y:\n    new(v for v in '''\n  a'''\n        if w)\n"),
        ],
    );
}

#[test]
fn captured_code_is_the_same_wherever_it_stands() {
    let rule = rule("old($X)", "if y:\n    if z:\n        brand_new(1, $X)");
    for code in [
        "g(a,\n   b,\n  c)",
        "[\n a, {\n   'b': '''\n  c\n''' 'd'\n    'e',\n},\n]",
        "lambda a, b=(\n1): [a\n  for a in b  # c\n\n\n if a\n]",
        "(yield\n  x)",
        "a if b \\\n  else c",
        "f'''{a}\n  {b:{c}\n}''' f'{d}'",
    ] {
        for lead in ["", "  ", "\t"] {
            let inner = code.replace('\n', &format!("\n{lead}"));
            let text = if lead.is_empty() { format!("old({inner})\n") } else { format!("if x:\n{lead}old({inner})\n") };
            let (made, _) = rewritten(&rule, text.as_bytes());
            assert!(String::from_utf8_lossy(&made).contains("brand_new"), "{text}");
            assert_eq!(leaves(&made, "brand_new"), leaves(text.as_bytes(), "old"), "{text}");
        }
    }
}

/// What the last argument of a call of `name` consists of, comments included.
fn leaves(text: &[u8], name: &str) -> Vec<String> {
    let source = Source::new(text).unwrap();
    let file = Parsed::new(&source, None);
    let tree = file.tree().unwrap();
    let at = source.text().find(name).unwrap();
    let call = tree.root_node().descendant_for_byte_range(at, at).unwrap().parent().unwrap();
    let arguments = call.child_by_field_name("arguments").unwrap();
    let last = u32::try_from(arguments.named_child_count() - 1).unwrap();
    let mut pending = vec![arguments.named_child(last).unwrap()];
    let mut found = Vec::new();
    while let Some(node) = pending.pop() {
        if node.child_count() == 0 {
            found.push(format!("{} {}", node.kind(), &source.text()[node.byte_range()]));
        }
        let mut cursor = node.walk();
        pending.extend(node.children(&mut cursor));
    }
    found
}
