//! What becomes of imports when a rule is applied.

use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::replace::tests::{check, left, rewritten, rule};
use crate::rewrite::{Step, apply};

const BEFORE: &str = "from a.b import f\n\nf($X)";
const AFTER: &str = "from a.c import g\n\ng($X)";

#[test]
fn the_new_import_stands_where_the_old_one_stood() {
    check(
        BEFORE,
        AFTER,
        &[
            ("from a.b import f\n\nf(1)\n", "from a.c import g\n\ng(1)\n"),
            ("from a.b import f as h  # why\nh(1)\n", "from a.c import g  # why\ng(1)\n"),
            ("from a.b import (\n    f,  # why\n)\nf(1)\n", "from a.c import (\n    g,  # why\n)\ng(1)\n"),
            ("def h():\n    from a.b import f\n    return f(1)\n", "def h():\n    from a.c import g\n    return g(1)\n"),
            ("from a.b import e, f\nf(1)\ne\n", "from a.b import e\nfrom a.c import g\ng(1)\ne\n"),
            (
                "from a.b import (\n    e,  # one\n    f,  # two\n    h,  # three\n)\nf(1)\ne, h\n",
                "from a.b import (\n    e,  # one\n    # two\n    h,  # three\n)\nfrom a.c import g\ng(1)\ne, h\n",
            ),
            ("import a.b\na.b.f(1)\n", "from a.c import g\ng(1)\n"),
            ("import a.b as k, os\nk.f(1)\nos\n", "import os\nfrom a.c import g\ng(1)\nos\n"),
            ("import a.b\na.b.f(1)\na.b.e\n", "import a.b\nfrom a.c import g\ng(1)\na.b.e\n"),
            ("from a import b\nb.f(1)\n", "from a.c import g\ng(1)\n"),
            (
                "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nfrom a.b import f\nf(1)\n",
                "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nfrom a.c import g\ng(1)\n",
            ),
            ("if x:\n    from a.b import f\n    f(1)\n", "if x:\n    from a.c import g\n    g(1)\n"),
            (
                "try:\n    from a.b import f\n    f(1)\nexcept E: pass\n",
                "try:\n    from a.c import g\n    g(1)\nexcept E: pass\n",
            ),
            ("def h(a):\n    if a: from a.b import f; f(1)\n", "def h(a):\n    if a: from a.c import g; g(1)\n"),
            ("from a.b import f\r\nf(1)\r\nf(2)\r\n", "from a.c import g\r\ng(1)\r\ng(2)\r\n"),
            ("import os; from a.b import f; f(1)\n", "import os; from a.c import g; g(1)\n"),
        ],
    );
}

#[test]
fn a_relative_import_stays_relative() {
    check(
        "from pkg.b import f\n\nf($X)",
        "from pkg.c import g\n\ng($X)",
        &[
            ("from .b import f\nf(1)\n", "from .c import g\ng(1)\n"),
            ("from . import b\nb.f(1)\n", "from .c import g\ng(1)\n"),
            ("from .b import e, f\nf(e)\n", "from .b import e\nfrom .c import g\ng(e)\n"),
        ],
    );
}

#[test]
fn what_is_imported_already_is_used_and_not_imported_twice() {
    check(
        BEFORE,
        AFTER,
        &[
            ("from a.b import f\nfrom a.c import g as h\nf(1)\nh\n", "from a.c import g as h\nh(1)\nh\n"),
            ("from a.b import f\nimport a.c\nf(1)\n", "import a.c\na.c.g(1)\n"),
            ("from a.b import f\nfrom a import c as k\nf(1)\n", "from a import c as k\nk.g(1)\n"),
            ("from a.c import e\nfrom a.b import f\nf(1)\n", "from a.c import e, g\ng(1)\n"),
            ("from a.b import f\nfrom a.c import (\n    e,  # c\n)\nf(1)\n", "from a.c import (\n    e,  # c\n    g,\n)\ng(1)\n"),
            // Not in reach: it runs after the use.
            ("from a.b import f\nf(1)\nfrom a.c import g\ng\n", "from a.c import g\ng(1)\nfrom a.c import g\ng\n"),
            ("from a.b import f\nf(1)\nfrom a.c import e\n", "from a.c import g\ng(1)\nfrom a.c import e\n"),
            ("def h():\n    from a.b import f\n    f(1)\nfrom a.c import g\n", "def h():\n    g(1)\nfrom a.c import g\n"),
        ],
    );
    check(
        BEFORE,
        "from a.b import g\n\ng($X)",
        &[
            ("from a.b import f\nf(1)\n", "from a.b import g\ng(1)\n"),
            ("from a.b import f\nf(1)\nf\n", "from a.b import f, g\ng(1)\nf\n"),
            ("import a.b\na.b.f(1)\n", "import a.b\na.b.g(1)\n"),
            ("from a.b import e, f, g\nf(1)\ne, g\n", "from a.b import e, g\ng(1)\ne, g\n"),
            ("from a.b import f, g\nf(1)\nf\n", "from a.b import f, g\ng(1)\nf\n"),
        ],
    );
}

#[test]
fn a_clash_gives_an_alias() {
    check(
        BEFORE,
        AFTER,
        &[
            ("from a.b import f\ng = 1\nf(g)\n", "from a.c import g as c_g\ng = 1\nc_g(g)\n"),
            ("from a.b import f\ndef h(g):\n    return f(g)\n", "from a.c import g as c_g\ndef h(g):\n    return c_g(g)\n"),
        ],
    );
    left(&rule(BEFORE, AFTER), "from a.b import f\ng = c_g = 1\nf(g)\n", "already means something");
    // The same name from elsewhere takes the place of the old one when all of that goes.
    let same = "from a.c import f\n\nf($X, 1)";
    check(
        BEFORE,
        same,
        &[
            ("from a.b import f\nf(1)\n", "from a.c import f\nf(1, 1)\n"),
            ("from a.b import f\nf(1)\nh(f)\n", "from a.b import f\nfrom a.c import f as c_f\nc_f(1, 1)\nh(f)\n"),
        ],
    );
}

#[test]
fn an_import_without_an_old_one_joins_the_first_imports_in_order() {
    check(
        "old($X)",
        "from a.c import g\n\ng($X)",
        &[
            ("old(1)\n", "from a.c import g\n\ng(1)\n"),
            ("def f():\n    old(1)\n", "from a.c import g\n\n\ndef f():\n    g(1)\n"),
            ("#!/bin/sh\n\"\"\"Doc.\"\"\"\n\nold(1)\n", "#!/bin/sh\n\"\"\"Doc.\"\"\"\n\nfrom a.c import g\n\ng(1)\n"),
            (
                "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nold(1)\n",
                "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nfrom a.c import g\n\ng(1)\n",
            ),
            (
                "import os\nfrom a.b import x\nfrom a.d import y\n\nold(1)\n",
                "import os\nfrom a.b import x\nfrom a.c import g\nfrom a.d import y\n\ng(1)\n",
            ),
            (
                "import os\n\nfrom z import x\nfrom a.d import y\n\nold(1)\n",
                "import os\n\nfrom z import x\nfrom a.d import y\nfrom a.c import g\n\ng(1)\n",
            ),
            ("import os\n\nold(1)\n", "import os\nfrom a.c import g\n\ng(1)\n"),
            ("from a.c import e\nold(1)\n", "from a.c import e, g\ng(1)\n"),
            ("\u{feff}old(1)\n", "\u{feff}from a.c import g\n\ng(1)\n"),
            ("from z import *\nold(1)\n", "from z import *\nfrom a.c import g\ng(1)\n"),
            ("old(1)\nimport os\n", "from a.c import g\n\ng(1)\nimport os\n"),
        ],
    );
}

#[test]
fn an_old_import_stays_where_it_may_be_needed_and_that_is_said() {
    let rewrite = rule(BEFORE, AFTER);
    for (text, want, remark) in [
        ("from a.b import f\nf(1)\nh(f)\n", "from a.b import f\nfrom a.c import g\ng(1)\nh(f)\n", "still used in line 3"),
        (
            "from a.b import f\n__all__ = ['f']\nf(1)\n",
            "from a.b import f\nfrom a.c import g\n__all__ = ['f']\ng(1)\n",
            "`__all__`",
        ),
        (
            "if x:\n    from a.b import f\ndef h():\n    f(1)\n",
            "if x:\n    from a.b import f\n    from a.c import g\ndef h():\n    g(1)\n",
            "branch",
        ),
        ("from a.b import f as f\nf(1)\n", "from a.b import f as f\nfrom a.c import g\ng(1)\n", "own name"),
        ("from a.b import f\n", "from a.b import f\n", "not used"),
        (
            "class A:\n    from a.b import f\n    x = f(1)\n",
            "class A:\n    from a.b import f\n    from a.c import g\n    x = g(1)\n",
            "class",
        ),
        ("from a.b import f\nf(1)\nx: 'f' = 1\n", "from a.b import f\nfrom a.c import g\ng(1)\nx: 'f' = 1\n", "line 3"),
        (
            "from a.b import f\nf(1)\nx = y  # type: list[f]\n",
            "from a.b import f\nfrom a.c import g\ng(1)\nx = y  # type: list[f]\n",
            "f",
        ),
        (
            "def h():\n    global f\n    from a.b import f\n    f(1)\n",
            "def h():\n    global f\n    from a.b import f\n    from a.c import g\n    g(1)\n",
            "global",
        ),
        ("from a.b import f\nmake = f\nmake(1)\n", "from a.b import f\nfrom a.c import g\nmake = f\ng(1)\n", "not called"),
        (
            "import a\nimport a.b as ab\nab.f(1)\na.b.x\n",
            "import a\nimport a.b as ab\nfrom a.c import g\ng(1)\na.b.x\n",
            "it loads a module that is read through another name",
        ),
        (
            "import a\nfrom a.b import f\nf(1)\na.b.x\n",
            "import a\nfrom a.b import f\nfrom a.c import g\ng(1)\na.b.x\n",
            "it loads a module that is read through another name",
        ),
        ("from a.b import f\nf(1)\ndel f\n", "from a.b import f\nfrom a.c import g\ng(1)\ndel f\n", "binds the name too"),
        (
            "try:\n    from a.b import f\nexcept ImportError:\n    f = None\nf(1)\n",
            "try:\n    from a.b import f\nexcept ImportError:\n    f = None\nf(1)\n",
            "",
        ),
    ] {
        let (made, remarks) = rewritten(&rewrite, text.as_bytes());
        assert_eq!(String::from_utf8(made).unwrap(), want, "{remarks:?}");
        assert!(remarks.iter().any(|one| one.contains(remark)), "{remarks:?}");
    }
    check(
        BEFORE,
        AFTER,
        &[("if TYPE_CHECKING:\n    from a.b import f\nx: f(1)\n", "if TYPE_CHECKING:\n    from a.c import g\nx: g(1)\n")],
    );
}

#[test]
fn a_plain_import_in_after_is_made() {
    check(
        BEFORE,
        "import a.c\n\na.c.g($X)",
        &[
            ("from a.b import f\nf(1)\n", "import a.c\na.c.g(1)\n"),
            ("from a.b import f\nfrom a import c\nf(1)\n", "from a import c\nc.g(1)\n"),
            ("from a.b import f\na = 1\nf(a)\n", "import a.c as a_c\na = 1\na_c.g(a)\n"),
        ],
    );
}

#[test]
fn what_a_package_imports_stays_for_others() {
    let source = Source::new(b"from .b import f\nf(1)\n").unwrap();
    let rewrite = rule("from pkg.b import f\n\nf($X)", "from pkg.c import g\n\ng($X)");
    let applied = apply(&Parsed::new(&source, Some("pkg.__init__")), &[Step::Rewrite(&rewrite)]).unwrap();
    assert_eq!(applied.bytes.unwrap(), b"from .b import f\nfrom .c import g\ng(1)\n");
    assert!(applied.remarks[0].message.contains("from this package"));
}

#[test]
fn imports_inside_what_is_captured_are_changed_or_the_match_is_left() {
    let rewrite = rule("from a.b import f\n\nwith f($X):\n    $$$BODY", "from a.c import g\n\ng($X)\n$$$BODY");
    left(&rewrite, "import a.b\nwith a.b.f(1):\n    import a.b\n    with a.b.f(2):\n        x\n", "left as it is");
    check("import a.b\n\na.b.f($X, $Y)", "a.e($Y)", &[]);
}

#[test]
fn an_import_of_what_lies_below_the_old_module_goes_with_its_last_use() {
    check(
        "from a import b\n\nb.f($X)",
        "from a import c\n\nc.g($X)",
        &[
            ("from a.b import e, f\nf(e)\n", "from a.b import e\nfrom a import c\nc.g(e)\n"),
            ("from a import b\nfrom a.b import f as h\nb.f(h(1))\n", "from a import c\nc.g(c.g(1))\n"),
            ("from a import b\nfrom a.b import e\nb.f(1)\n", "from a import c\nfrom a.b import e\nc.g(1)\n"),
        ],
    );
}

#[test]
fn several_names_are_imported_together() {
    check(
        BEFORE,
        "from a.c import g, h\nfrom b import k\nimport os.path\n\ng(h, k, os.path, $X)",
        &[
            ("from a.b import f\nf(1)\n", "from a.c import g, h\nfrom b import k\nimport os.path\ng(h, k, os.path, 1)\n"),
            (
                "def x():\n    import a.b\n    a.b.f(1)\n",
                "def x():\n    from a.c import g, h\n    from b import k\n    import os.path\n    g(h, k, os.path, 1)\n",
            ),
        ],
    );
    check(
        BEFORE,
        "from a.c import g, i\n\ng(i, $X)",
        &[
            ("from a.c import e, h\nfrom a.b import f\nf(1)\n", "from a.c import e, g, h, i\ng(i, 1)\n"),
            ("from a.c import e, k\nfrom a.b import f\nf(1)\n", "from a.c import e, g, i, k\ng(i, 1)\n"),
            ("from a.c import k, e\nfrom a.b import f\nf(1)\n", "from a.c import k, e, g, i\ng(i, 1)\n"),
            (
                "from a.c import (\n    h,  # one\n    k,  # two\n)\nfrom a.b import f\nf(1)\n",
                "from a.c import (\n    g,\n    h,  # one\n    i,\n    k,  # two\n)\ng(i, 1)\n",
            ),
        ],
    );
}

#[test]
fn a_module_and_a_name_in_it_that_are_called_the_same_are_told_apart() {
    let after = "import time\n\ntime.monotonic()";
    for before in ["from time import time\n\ntime()", "import time\n\ntime.time()"] {
        check(
            before,
            after,
            &[
                ("from time import time\nx = time()\n", "import time\nx = time.monotonic()\n"),
                (
                    "from time import sleep, time\nx = time()\nsleep(1)\n",
                    "from time import sleep\nimport time\nx = time.monotonic()\nsleep(1)\n",
                ),
                (
                    "from time import time\nx = time()\ny = time\n",
                    "from time import time\nimport time as time_module\nx = time_module.monotonic()\ny = time\n",
                ),
                ("import time\nfrom time import time as t\nx = t()\n", "import time\nx = time.monotonic()\n"),
                ("from time import time\nimport time as t\nx = time()\n", "import time as t\nx = t.monotonic()\n"),
                ("import time as t\nx = t.time()\n", "import time as t\nx = t.monotonic()\n"),
                (
                    "def f():\n    from time import time\n    x = time()\nimport time\ntime.sleep(1)\n",
                    "def f():\n    import time\n    x = time.monotonic()\nimport time\ntime.sleep(1)\n",
                ),
                // Which of them is meant is not known.
                ("import time\nfrom time import time\nx = time()\n", "import time\nfrom time import time\nx = time()\n"),
            ],
        );
    }
    check(
        "import time\n\ntime.time()",
        "from time import monotonic\n\nmonotonic()",
        &[
            ("from time import time\nx = time()\n", "from time import monotonic\nx = monotonic()\n"),
            ("from time import monotonic, time\nx = time()\n", "from time import monotonic\nx = monotonic()\n"),
            ("import time\nx = time.time()\ntime.sleep(1)\n", "import time\nx = time.monotonic()\ntime.sleep(1)\n"),
        ],
    );
    check(
        "import pytest\n\npytest.raises($E, $F, $$$A)",
        "import pytest\n\nwith pytest.raises($E):\n    $F($$$A)",
        &[
            ("from pytest import raises\nraises(E, f, 1)\n", "import pytest\nwith pytest.raises(E):\n    f(1)\n"),
            ("import pytest, os.path\npytest.raises(E, f)\n", "import pytest, os.path\nwith pytest.raises(E):\n    f()\n"),
            (
                "from pytest import raises\nraises(E, f)\nx = raises\n",
                "from pytest import raises\nimport pytest\nwith pytest.raises(E):\n    f()\nx = raises\n",
            ),
        ],
    );
    check(
        "import a.b\n\na.b.f($X)",
        "import a.b\n\na.b.f($X, 1)",
        &[
            ("import a.b, a.c\na.b.f(x)\n", "import a.b, a.c\na.b.f(x, 1)\n"),
            ("from a.b import f\nimport a.c\nf(x)\n", "import a.b\nimport a.c\na.b.f(x, 1)\n"),
        ],
    );
}

#[test]
fn where_several_imports_may_have_run_the_new_one_stands_beside_each() {
    let stays = "stays imported: it stands in a branch";
    for (text, want, remark) in [
        (
            "def h(x):\n    if x:\n        import a.b\n    else:\n        import a.b\n    return a.b.f(2)\n",
            "def h(x):\n    if x:\n        import a.b\n        from a.c import g\n    else:\n        import a.b\n        from a.c import g\n    return g(2)\n",
            stays,
        ),
        (
            "try:\n    import z\n    from a.b import f\nexcept ImportError:\n    from a.b import f\nf(1)\n",
            "try:\n    import z\n    from a.b import f\n    from a.c import g\nexcept ImportError:\n    from a.b import f\n    from a.c import g\ng(1)\n",
            stays,
        ),
        // One that has always run is enough.
        (
            "from a.b import f\nif TYPE_CHECKING:\n    from a.b import f\nf(1)\n",
            "from a.b import f\nfrom a.c import g\nif TYPE_CHECKING:\n    from a.b import f\ng(1)\n",
            "something else binds the name too",
        ),
        (
            "from a.b import f\ndef h():\n    f(1)\nif z:\n    from a.b import f\n",
            "from a.b import f\nfrom a.c import g\ndef h():\n    g(1)\nif z:\n    from a.b import f\n",
            "stays imported",
        ),
        // Each use has its own.
        (
            "def h(x):\n    if x:\n        from a.b import f\n        f(1)\n    else:\n        from a.b import f\n        f(2)\n",
            "def h(x):\n    if x:\n        from a.b import f\n        from a.c import g\n        g(1)\n    else:\n        from a.b import f\n        from a.c import g\n        g(2)\n",
            stays,
        ),
        (
            "if x:\n    from a.b import f\nelse:\n    from a.b import f\nmake = f\nmake(1)\n",
            "if x:\n    from a.b import f\n    from a.c import g\nelse:\n    from a.b import f\n    from a.c import g\nmake = f\ng(1)\n",
            "not called",
        ),
    ] {
        let (made, remarks) = rewritten(&rule(BEFORE, AFTER), text.as_bytes());
        assert_eq!(String::from_utf8(made).unwrap(), want, "{remarks:#?}");
        assert!(remarks.iter().any(|one| one.contains(remark)), "{remarks:#?}");
    }
}

#[test]
fn a_name_that_is_deleted_is_not_relied_on() {
    check(
        BEFORE,
        AFTER,
        &[
            ("from a.c import g\ng()\ndel g\nfrom a.b import f\nf(2)\n", "from a.c import g, g as c_g\ng()\ndel g\nc_g(2)\n"),
            ("import a.c\ndel a\nfrom a.b import f\nf(2)\n", "import a.c\ndel a\nfrom a.c import g\ng(2)\n"),
            ("from a import c\ndel c\nfrom a.b import f\nf(2)\n", "from a import c\ndel c\nfrom a.c import g\ng(2)\n"),
            (
                "from a.c import g\ndef k():\n    global g\n    del g\nfrom a.b import f\nf(2)\n",
                "from a.c import g, g as c_g\ndef k():\n    global g\n    del g\nc_g(2)\n",
            ),
        ],
    );
}

#[test]
fn a_star_import_may_bind_the_new_name_anew() {
    check(
        BEFORE,
        AFTER,
        &[
            (
                "from a.c import x\nfrom s import *\nfrom a.b import f\nf(x)\n",
                "from a.c import x\nfrom s import *\nfrom a.c import g\ng(x)\n",
            ),
            (
                "from a.c import g\nfrom s import *\nfrom a.b import f\nf(g)\n",
                "from a.c import g\nfrom s import *\nfrom a.c import g as c_g\nc_g(g)\n",
            ),
            // What is read before the star import runs is not concerned, nor what that brings from the same module.
            ("from a.b import f\nx = f(1)\nfrom s import *\n", "from a.c import g\nx = g(1)\nfrom s import *\n"),
            (
                "from a.b import f\nfrom a.b import *\ndef h(): return f(1)\n",
                "from a.c import g as c_g\nfrom a.b import *\ndef h(): return c_g(1)\n",
            ),
        ],
    );
    check(
        "old($X)",
        "import a.c\n\na.c.g($X)",
        &[
            ("def h():\n    old(1)\nfrom s import *\n", "import a.c\n\n\ndef h():\n    a.c.g(1)\nfrom s import *\n"),
            ("def h():\n    old(1)\nfrom s.a import *\n", "import a.c as a_c\n\n\ndef h():\n    a_c.g(1)\nfrom s.a import *\n"),
        ],
    );
    check(
        "old($X)",
        AFTER,
        &[
            (
                "import os\ntry:\n    from s import *\nexcept E: pass\nold(1)\n",
                "import os\nfrom a.c import g as c_g\ntry:\n    from s import *\nexcept E: pass\nc_g(1)\n",
            ),
            ("from a.c import x\nfrom s import *\nold(1)\n", "from a.c import x\nfrom s import *\nfrom a.c import g\ng(1)\n"),
            (
                "def h(): pass\nfrom s import *\ndef k(): old(1)\n",
                "from a.c import g as c_g\n\n\ndef h(): pass\nfrom s import *\ndef k(): c_g(1)\n",
            ),
        ],
    );
}

#[test]
fn what_a_star_import_may_have_bound_anew_is_left() {
    let rewrite = rule(BEFORE, AFTER);
    for text in [
        "from a.b import f\nfrom s import *\nf(1)\n",
        "from a.b import f\ndef h(): return f(1)\nfrom s import *\n",
        "import a.b as k\nif z:\n    from s import *\nk.f(1)\n",
        "import a.b\nfrom x.a import *\na.b.f(1)\n",
    ] {
        left(&rewrite, text, "may stand for a");
    }
    // A module under its own name most likely stays what it is, and that is said.
    let (made, remarks) = rewritten(&rewrite, b"import a.b\nfrom s import *\na.b.f(1)\n");
    assert_eq!(String::from_utf8(made).unwrap(), "from a.c import g as c_g\nfrom s import *\nc_g(1)\n");
    assert!(remarks.iter().any(|one| one.starts_with("3:1: a is taken to be the module")), "{remarks:?}");
}

#[test]
fn a_private_name_is_not_read_in_a_class() {
    check(
        BEFORE,
        "from a.c import __g\n\n__g($X)",
        &[
            (
                "from a.b import f\nclass A:\n    x = f(1)\n    def h(self): return [f(x) for x in y]\n",
                "from a.c import __g as c___g\nclass A:\n    x = c___g(1)\n    def h(self): return [c___g(x) for x in y]\n",
            ),
            ("from a.b import f\nf(1)\nclass A: pass\n", "from a.c import __g\n__g(1)\nclass A: pass\n"),
            (
                "from a import c\nfrom a.b import f\nc.x\ndef h():\n    class A: y = f(1)\n",
                "from a import c\nfrom a.c import __g as c___g\nc.x\ndef h():\n    class A: y = c___g(1)\n",
            ),
        ],
    );
    let text = "class A:\n    def h(self):\n        from a.b import f\n        return f(1)\n";
    left(&rule(BEFORE, "from a.c import __g as g\n\ng($X)"), text, "__g is private, and a class cannot import it");
    check(
        BEFORE,
        "from a.c import __g__\n\n__g__($X)",
        &[("from a.b import f\nclass A: x = f(1)\n", "from a.c import __g__\nclass A: x = __g__(1)\n")],
    );
}

#[test]
fn a_module_does_not_import_from_itself() {
    let own = "this file is pkg.mod itself and cannot import";
    for (after, text) in [
        ("from pkg.mod import g\n\ng($X)", "from a.b import f\ndef g(x):\n    return f(x)\n"),
        ("from pkg.mod import g\n\ng($X)", "import a.b\na.b.f(1)\n"),
        ("import pkg.mod\n\npkg.mod.g($X)", "from a.b import f\nf(1)\n"),
    ] {
        left(&rule(BEFORE, after), text, own);
    }
    let rewrite = rule("from p.s.q import f\n\nf($X)", "from p.s import g\n\ng($X)");
    let made = |text: &[u8]| {
        let source = Source::new(text).unwrap();
        apply(&Parsed::new(&source, Some("p.s.__init__")), &[Step::Rewrite(&rewrite)]).unwrap()
    };
    let applied = made(b"from .q import f\nx = f(1)\n");
    assert_eq!(applied.bytes, None);
    assert!(applied.remarks.iter().any(|one| one.message.contains("this file is p.s itself")), "{:?}", applied.remarks);
    // A module of the package that is there already is no such thing.
    let applied = made(b"from . import g\nfrom .q import f\nx = f(1)\n");
    assert_eq!(applied.bytes.unwrap(), b"from . import g\nfrom .q import f\nx = g(1)\n");
}

#[test]
fn an_attribute_that_is_set_does_not_become_a_name_of_the_file() {
    let rewrite = rule("from m import f\n\nf", "from n import g\n\ng");
    for text in [
        "import m\ndef h(): m.f = 3\n",
        "import m\nm.f: int = 3\n",
        "import m\nm.f += 1\n",
        "import m\ndel m.f\n",
        "import m\ndel x, m.f\n",
        "import m\nfor m.f in y: pass\n",
        "import m\nfor x, (m.f, z) in y: pass\n",
        "import m\nwith x as m.f: pass\n",
        "import m\nwith x as [m.f, y]: pass\n",
        "import m\n[x, *m.f] = y\n",
        "import m\n(m.f) = 3\n",
        "import m\n[x for m.f in y]\n",
    ] {
        left(&rewrite, text, "m.f is set here");
    }
    check(
        "from m import f\n\nf",
        "from n import g\n\ng",
        &[
            ("import m\nx = m.f\nm.f.x = m.f[1] = 3\n", "from n import g\nx = g\ng.x = g[1] = 3\n"),
            ("import m\nm.f = m.f\n", "import m\nfrom n import g\nm.f = g\n"),
        ],
    );
    check(
        "from m import f\n\nf",
        "import n\n\nn.g",
        &[("import m\nm.f = 3\nm.f += 1\ndel m.f\n", "import n\nn.g = 3\nn.g += 1\ndel n.g\n")],
    );
    left(&rule("$X.old", "$X"), "a.old = 3\n", "a.old is set here");
}

#[test]
fn a_builtin_takes_the_place_of_an_import_of_the_same_name() {
    check(
        "from six.moves import range\nrange",
        "range",
        &[
            ("from six.moves import range\nfor i in range(3): list(range(i))\n", "for i in range(3): list(range(i))\n"),
            ("from six.moves import range, zip\nzip(range(3))\n", "from six.moves import zip\nzip(range(3))\n"),
        ],
    );
}

#[test]
fn what_the_new_code_needs_comes_from_the_import_that_gave_the_old() {
    check(
        "import a as b\nb.f([$$$X])",
        "import a as b\nb.f($$$X)",
        &[
            ("import a as b\nimport a.c\nb.f([1])\na.c.x\n", "import a as b\nimport a.c\nb.f(1)\na.c.x\n"),
            ("import a.c\nimport a as b\nb.f([1])\na.c.x\n", "import a.c\nimport a as b\nb.f(1)\na.c.x\n"),
        ],
    );
}
