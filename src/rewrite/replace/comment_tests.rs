//! What becomes of comments whose line goes.

use crate::plan::{Comments, Rewrite};
use crate::rewrite::replace::tests::{check, left, rewritten, rule};

const BEFORE: &str = "from a.b import f\n\nf($X, $Y)";

/// What is said of comments that are gone.
fn lost(before: &str, after: &str, text: &str) -> Vec<String> {
    let (_, remarks) = rewritten(&rule(before, after), text.as_bytes());
    remarks.into_iter().filter(|remark| remark.contains("goes with the line that it stood behind")).collect()
}

#[test]
fn a_comment_for_tools_goes_behind_the_line_that_comes() {
    check(
        "f($X, $Y)",
        "g($Y) + $X",
        &[
            ("x = f(1,  # type: ignore\n    2)\n", "x = g(2) + 1  # type: ignore\n"),
            ("x = f(1,  # why  # noqa: E501\n    2)\n", "# why\nx = g(2) + 1  # noqa: E501\n"),
            ("x = f(1,  # type: ignore\n    2)  # why\n", "x = g(2) + 1  # type: ignore  # why\n"),
            ("x = f(1,  # noqa\n    2)  # type: ignore\n", "x = g(2) + 1  # type: ignore  # noqa\n"),
            ("x = f(1,  # noqa\n    2)  # noqa\n", "x = g(2) + 1  # noqa\n"),
            ("x = [\n    f(1,  # noqa\n      2),\n    3]\n", "x = [\n    g(2) + 1,  # noqa\n    3]\n"),
            ("if f(1,  # pragma: no cover\n     2):\n    pass\n", "if g(2) + 1:  # pragma: no cover\n    pass\n"),
            ("x = f(1,\n    # pylint: disable=a\n    2)\n", "# pylint: disable=a\nx = g(2) + 1\n"),
            ("x = f(1,\n    # type: ignore\n    2)\n", "x = g(2) + 1  # type: ignore\n"),
            (
                "x = f(f(1,  # noqa\n    2),  # type: ignore\n    f(3,  # noqa\n    4))\r\n",
                "x = g(g(4) + 3) + (g(2) + 1)  # type: ignore  # noqa\r\n",
            ),
            // Where it cannot stand there, it goes.
            ("x = f(1,  # noqa\n    2) + \\\n    3\n", "x = g(2) + 1 + \\\n    3\n"),
            ("x = f(1,  # noqa\n    2) + '''\n'''\n", "x = g(2) + 1 + '''\n'''\n"),
            ("x = f(1,  # noqa: E501\n    2)  # noqa: F401\n", "x = g(2) + 1  # noqa: F401\n"),
        ],
    );
    for text in ["x = f(1,  # noqa\n 2) + \\\n 3\n", "x = f(1,  # noqa\n 2) + '''\n'''\n", "f(1,  # noqa\n 2)  # noqa: F401\n"] {
        assert_eq!(lost("f($X, $Y)", "g($Y) + $X", text).len(), 1, "{text}");
    }
    let several = "if $X:\n    $Y";
    check("f($X, $Y)", several, &[("f(1,  # noqa\n  2)\n", "if 1:\n    2\n"), ("f(1, 2)  # noqa\n", "if 1:\n    2  # noqa\n")]);
    assert_eq!(lost("f($X, $Y)", several, "f(1,  # noqa\n  2)\n"), ["1:7: `# noqa` goes with the line that it stood behind"]);
    let refusing = Rewrite { comments: Comments::Refuse, ..rule("f($X, $Y)", "g($Y) + $X") };
    left(&refusing, "x = f(1,  # noqa\n    2)\n", "comment");
}

#[test]
fn a_comment_for_tools_behind_a_statement_that_goes_follows_what_comes() {
    check(
        "$F = old()\n...\n$X = $F.make($A)",
        "$X = new($A)",
        &[
            ("f = old()  # type: ignore\nx = f.make(1)\n", "x = new(1)  # type: ignore\n"),
            ("f = old()  # type: ignore\ny = 1\nx = f.make(1)\n", "y = 1\nx = new(1)  # type: ignore\n"),
            ("f = old()  # why  # noqa\ny = 1\nx = f.make(1)\n", "# why\ny = 1\nx = new(1)  # noqa\n"),
            ("if a:\n    f = old(  # why\n    )\n    y\n    x = f.make(1)\n", "if a:\n    # why\n    y\n    x = new(1)\n"),
            ("y; f = old(  # why\n    )\nz\nx = f.make(1)\n", "y  # why\nz\nx = new(1)\n"),
            ("y; f = old(  # why\n    ); x = f.make(1)\n", "# why\ny; x = new(1)\n"),
            ("if a:\n    f = old(  # why\n    ); y; x = f.make(1)\n", "if a:\n    # why\n    y; x = new(1)\n"),
        ],
    );
    check(
        "old($A)",
        "",
        &[
            ("# one\nold(1)  # noqa\nx\n", "# one\nx\n"),
            ("if a:\n    old(1)  # noqa\n", "if a:\n    pass  # noqa\n"),
            ("x; old(1)  # noqa\n", "x  # noqa\n"),
            ("old(1)  # noqa  # why\n", "# why\n"),
        ],
    );
    assert_eq!(lost("old($A)", "", "x\nold(1)  # noqa\n"), ["2:9: `# noqa` goes with the line that it stood behind"]);
    assert_eq!(lost("old($A)", "", "if a:\n    old(1)  # noqa\n"), [""; 0]);
}

#[test]
fn comments_of_imports_that_go_are_kept_where_they_are_for_people() {
    check(
        BEFORE,
        "from a.c import g\n\ng($Y, $X)",
        &[
            ("from a.c import h\nfrom a.b import f  # noqa\nf(1, 2)\n", "from a.c import h, g\ng(2, 1)\n"),
            (
                "def k():\n    from a.c import h\n    from a.b import (  # one\n        f,  # two\n    )\n    f(1, h)\n",
                "def k():\n    from a.c import h, g\n    # one\n    # two\n    g(h, 1)\n",
            ),
            (
                "from a.b import (\n    e,  # noqa: F401\n    f,  # noqa: E501\n)\nf(1, 2)\n",
                "from a.b import (\n    e,  # noqa: F401\n)\nfrom a.c import g  # noqa: E501\ng(2, 1)\n",
            ),
            (
                "from a.b import (\n    e,\n    f,  # two  # noqa\n)\nf(1, e)\n",
                "from a.b import (\n    e,\n    # two\n)\nfrom a.c import g  # noqa\ng(e, 1)\n",
            ),
        ],
    );
    check(
        BEFORE,
        "import os\n\nos.g($Y, $X)",
        &[
            ("from a.b import (  # one\n    f)  # two\nf(1, 2)\n", "# one\nimport os  # two\nos.g(2, 1)\n"),
            ("from a.b import (  # noqa\n    f)  # two\nf(1, 2)\n", "import os  # noqa  # two\nos.g(2, 1)\n"),
            ("from a.b import (  # one\n    f); x = 1\nf(1, x)\n", "# one\nimport os; x = 1\nos.g(x, 1)\n"),
            ("import os\nx = 1; from a.b import (  # one\n    f)\nf(1, x)\n", "import os\nx = 1  # one\nos.g(x, 1)\n"),
        ],
    );
}
