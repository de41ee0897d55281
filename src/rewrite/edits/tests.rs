//! Block edits as tables: edits, the text before, the text after or the error.

use crate::plan::BlockEdit;
use crate::rewrite::error::RewriteError;
use crate::rewrite::{Step, rewritten};

fn block(near: impl Into<Option<u32>>, before: &str, after: &str) -> BlockEdit {
    BlockEdit { near: near.into(), before: before.into(), after: after.into() }
}

fn run(edits: &[BlockEdit], text: &str) -> Result<String, RewriteError> {
    rewritten(text.as_bytes(), None, &[Step::Edits(edits)]).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[track_caller]
fn check(before: &str, after: &str, cases: &[(&str, &str)]) {
    let edits = [block(None, before, after)];
    for (text, want) in cases {
        let got = run(&edits, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(got, *want, "\nbefore:\n{text}");
        if !after.trim().is_empty() {
            assert_eq!(run(&edits, &got).as_deref(), Ok(*want), "a second time");
        }
    }
}

#[track_caller]
fn refuses(edits: &[BlockEdit], text: &str, line: u32, message: &str) -> RewriteError {
    let error = run(edits, text).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.line), (message, line));
    assert!(!error.help().is_empty());
    error
}

#[test]
fn a_block_takes_the_indentation_of_its_place() {
    check(
        "a = f()\nif a:\n    b = a.c(1)\n",
        "b = g(1)\nif b:\n    if c:\n        d()\n",
        &[
            ("a = f()\nif a:\n    b = a.c(1)\n", "b = g(1)\nif b:\n    if c:\n        d()\n"),
            (
                "def h():\n  a = f()\n  if a:\n    b = a.c(1)\n  return b\n",
                "def h():\n  b = g(1)\n  if b:\n    if c:\n      d()\n  return b\n",
            ),
            ("def h():\n\ta = f()\n\tif a:\n\t\tb = a.c(1)\n", "def h():\n\tb = g(1)\n\tif b:\n\t\tif c:\n\t\t\td()\n"),
            (
                "class A:\n    def h(self):\n\n        a = f()   \n\n        if a:\n\n            b = a.c(1)",
                "class A:\n    def h(self):\n\n        b = g(1)\n        if b:\n            if c:\n                d()",
            ),
            ("\u{feff}a = f()\r\nif a:\r\n  b = a.c(1)\r\nx\n", "\u{feff}b = g(1)\r\nif b:\r\n  if c:\r\n    d()\r\nx\n"),
        ],
    );
}

#[test]
fn lines_inside_brackets_are_compared_without_their_indentation() {
    check(
        "x = {\n    'a': f,\n}\n",
        "x = {\n    'b': {\n        'c': 1,\n    },\n}\n",
        &[
            ("if a:\n\tx = {\n\t\t\t'a': f,\n\t}\n", "if a:\n\tx = {\n\t\t'b': {\n\t\t\t'c': 1,\n\t\t},\n\t}\n"),
            ("if a:\n  x = {\n      'a': f,\n  }\n", "if a:\n  x = {\n    'b': {\n      'c': 1,\n    },\n  }\n"),
        ],
    );
    check(
        "'a': f,\n",
        "'b': g,\n'c': h,\n",
        &[("x = {\n    'a': f,\n    'z': 1,\n}\n", "x = {\n    'b': g,\n    'c': h,\n    'z': 1,\n}\n")],
    );
    check("f(a,\n  b)\n", "g(a,\n  b)\n", &[("if x:\n    f(a,\n      b)\n", "if x:\n    g(a,\n      b)\n")]);
}

#[test]
fn the_inside_of_a_string_never_moves() {
    check(
        "x = '''\none\n  two\n'''\nf()\n",
        "x = '''\none\n  three\n'''\ng()\n",
        &[
            ("if a:\n    x = '''\none\n  two\n'''\n    f()\n", "if a:\n    x = '''\none\n  three\n'''\n    g()\n"),
            (
                "if a:\n    x = '''\n    one\n      two\n    '''\n    f()\n",
                "if a:\n    x = '''\n    one\n  three\n    '''\n    g()\n",
            ),
        ],
    );
    let edits = [block(None, "x = '''\none\n'''\n", "y\n")];
    refuses(&edits, "x = '''\n one\n'''\n", 1, "the `before` block of edit 1 is not in the file");
}

#[test]
fn nesting_must_agree() {
    let edits = [block(None, "if a:\n    b()\nc()\n", "d()\n")];
    let error = refuses(&edits, "if a:\n    b()\n    c()\n", 1, "the `before` block of edit 1 is not in the file");
    assert_eq!(error.nearest.as_deref(), Some("lines 1 to 3 have the same text, but are nested differently"));
    check("    b()\nc()\n", "d()\n", &[("if a:\n  b()\nc()\n", "if a:\nd()\n")]);
}

#[test]
fn metavariables_stand_for_text_within_a_line() {
    check(
        "$A = f($B)\nuse($A)\n",
        "$A = await g($B, 1)\n",
        &[
            ("if q:\n\tx.y = f(a, (b), 'c)')\n\tuse(x.y)\n", "if q:\n\tx.y = await g(a, (b), 'c)', 1)\n"),
            ("x = f('é')\nuse(x)\n", "x = await g('é', 1)\n"),
        ],
    );
    let edits = [block(None, "$A = f($B)\nuse($A)\n", "")];
    refuses(&edits, "x = f(1)\nuse(y)\n", 1, "the `before` block of edit 1 is not in the file");
    refuses(&edits, "x = f()\nuse(x)\n", 1, "the `before` block of edit 1 is not in the file");
    refuses(&[block(None, "a\n", "$X\n")], "a\n", 1, "the `after` block of edit 1 uses $X, which its `before` does not bind");
    refuses(&[block(4, " \n", "x\n")], "a\n", 4, "the `before` block of edit 1 is empty");
}

#[test]
fn an_empty_after_takes_the_lines_out() {
    for (text, want) in [("a\nb\nc\n", "a\nc\n"), ("a\nb", "a"), ("b\n", ""), ("a\r\n\r\nb\r\nc", "a\r\n\r\nc")] {
        assert_eq!(run(&[block(None, "b\n", "")], text).as_deref(), Ok(want));
    }
    refuses(&[block(None, "b\n", "")], "a\n", 1, "the `before` block of edit 1 is not in the file");
}

#[test]
fn what_is_done_already_is_left() {
    let edits = [block(1, "import os\n", "import os\nimport sys\n"), block(5, "a()\n", "b()\n"), block(9, "c()\n", "")];
    let text = "import os\n\nx\na()\ny\nc()\n";
    let done = run(&edits, text).unwrap();
    assert_eq!(done, "import os\nimport sys\n\nx\nb()\ny\n");
    assert_eq!(run(&edits, &done).as_deref(), Ok(done.as_str()));
    let half = "import os\nimport sys\nx\na()\nc()\n";
    refuses(&edits, half, 1, "the `before` block of edit 1 is not in the file");
}

#[test]
fn the_nearest_place_is_shown() {
    let edits = [block(3, "factory = get_factory()\nif not factory:\n    warn()\n", "x\n")];
    let text = "import a\ndef h():\n    factory = get_factory()\n    if factory is None:\n        warn()\n";
    let error = refuses(&edits, text, 4, "the `before` block of edit 1 is not in the file");
    let shown = "lines 3 to 5 come nearest; line 4 is\n    if factory is None:\nand not\n    if not factory:";
    assert_eq!(error.nearest.as_deref(), Some(shown));
    assert_eq!(refuses(&edits, "import a\n", 1, "the `before` block of edit 1 is not in the file").nearest, None);
}

#[test]
fn near_decides_between_places_that_are_alike() {
    let text = "a\nx\na\nx\na\n";
    for (near, want) in [(1, "b\nx\na\nx\na\n"), (3, "a\nx\nb\nx\na\n"), (5, "a\nx\na\nx\nb\n"), (99, "a\nx\na\nx\nb\n")] {
        let got = run(&[block(near, "a\n", "b\n")], text);
        match near {
            99 => assert!(got.is_err()),
            _ => assert_eq!(got.as_deref(), Ok(want)),
        }
    }
    refuses(&[block(None, "a\n", "b\n")], text, 1, "the `before` block of edit 1 fits several places: lines 1, 3, 5");
    refuses(&[block(2, "a\n", "b\n")], text, 1, "the `before` block of edit 1 fits several places: lines 1, 3, 5");
}

#[test]
fn edits_that_are_alike_are_placed_together() {
    // Thirty lines were added above since the plan was written, and five more between the last two places.
    let long = "from f import f\n\nx = f()\ny = {\n    'x': x,\n}\n";
    let short = "from f import f\n\nx = f()\n";
    let edits = [block(10, long, "y = {}\n"), block(40, short, "# two\n"), block(70, short, "# three\n")];
    let filler = |count: usize| "pass\n".repeat(count);
    let text = format!("{}{long}{}{short}{}{short}", filler(39), filler(24), filler(32));
    let want = format!("{}y = {{}}\n{}# two\n{}# three\n", filler(39), filler(24), filler(32));
    assert_eq!(run(&edits, &text).as_deref(), Ok(want.as_str()));
    assert_eq!(run(&edits, &want).as_deref(), Ok(want.as_str()));
    let alike = format!("{long}{short}{}{short}{}{short}", filler(2), filler(2));
    assert!(run(&edits, &alike).is_err());
}

#[test]
fn the_plan_of_the_first_service_applies() {
    let imports = "from app.core.factory import get_factory\n\nfactory = get_factory()\n";
    let health = format!("{imports}health = {{\n    \"components\": {{\n        \"factory\": factory is not None,\n    }}\n}}\n");
    let edits = [
        block(
            1394,
            &health,
            "from app.core.manager import get_manager\n\n# No factory\nhealth = {\n    \"components\": {\n        \"manager\": True,  # always\n    }\n}\n",
        ),
        block(1425, imports, "from app.core.manager import get_manager\n\n# Direct\n# Config\n"),
        block(1451, imports, "from app.core.manager import get_manager\n\n# Stats\n"),
    ];
    let body = |inner: &str| format!("async def h():\n    try:\n{inner}\n    except ImportError:\n        pass\n\n");
    let deep = |text: &str| {
        text.lines()
            .map(|line| if line.is_empty() { String::new() } else { format!("        {line}") })
            .collect::<Vec<_>>()
            .join("\n")
    };
    let head = "# line\n".repeat(1380);
    let text = format!("{head}{}{}{}", body(&deep(&health)), body(&deep(imports)), body(&deep(imports)));
    let got = run(&edits, &text).unwrap();
    let want = format!("{head}{}{}{}", body(&deep(&edits[0].after)), body(&deep(&edits[1].after)), body(&deep(&edits[2].after)));
    assert_eq!(got, want);
    assert_eq!(run(&edits, &got).as_deref(), Ok(want.as_str()));
}

#[test]
fn text_goes_into_the_encoding_of_the_file() {
    let edits = [block(None, "b = $X\n", "c = $X # è\n")];
    let steps = [Step::Edits(&edits)];
    let latin = b"# coding: latin-1\nx = '\xe9'\nb = '\xe9\xff'\n";
    assert_eq!(rewritten(latin, None, &steps).unwrap(), b"# coding: latin-1\nx = '\xe9'\nc = '\xe9\xff' # \xe8\n");
    let stray = b"b = 1 # \xff\nx = '\xfe'\n";
    assert_eq!(rewritten(stray, None, &steps).unwrap(), b"c = 1 # \xff # \xc3\xa8\nx = '\xfe'\n");
    let error = rewritten(b"# coding: ascii\nb = 1\n", None, &steps).unwrap_err();
    assert_eq!((error.line, error.to_string().as_str()), (2, "the new text has characters that ASCII cannot hold"));
}

#[test]
fn three_dots_pass_over_lines_that_stay() {
    check(
        "a = f()\n...\na.close()\n",
        "a = g()\n...\na.end()\n",
        &[
            ("a = f()\nx = 1\n\n# y\nif x:\n    z()\na.close()\nq\n", "a = g()\nx = 1\n\n# y\nif x:\n    z()\na.end()\nq\n"),
            ("a = f()\na.close()\n", "a = g()\na.end()\n"),
            ("a = f()\n...\na.close()\n", "a = g()\n...\na.end()\n"),
            ("if x:\n\ta = f()\r\n\ty(\r\n1)\r\n\ta.close()\r\n", "if x:\n\ta = g()\r\n\ty(\r\n1)\r\n\ta.end()\r\n"),
        ],
    );
    check(
        "def f($X):\n    ...\n    return $X\n",
        "def g($X):\n    ...\n    return ($X,)\n",
        &[(
            "def f(a):\n    if a:\n        return b\n    return a\n",
            "def g(a):\n    if a:\n        return b\n    return (a,)\n",
        )],
    );
    // The lines that are passed over do not leave the block, and nothing that was is dropped.
    let leaves = [block(None, "if a:\n    b()\n    ...\n    c()\n", "if a:\n    ...\n    c()\n")];
    refuses(&leaves, "if a:\n    b()\nif d:\n    c()\n", 3, "the `before` block of edit 1 is not in the file");
    let drops = [block(None, "a()\n...\nc()\n", "a()\nd()\n")];
    assert!(run(&drops, "a()\nb()\nc()\n").is_err());
}
