//! Renames where it matters when an import runs, and whether, as tables.

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::rename::tests::{check, check_in, refuses};
use crate::rewrite::{Step, apply};

#[test]
fn every_branch_that_imported_the_old_module_imports_the_new_one() {
    check(
        "m.f",
        "n.g",
        &[
            (
                "def h(x):\n    if x:\n        import m\n        return m.f(1)\n    else:\n        import m\n        return m.f(2)\n",
                "def h(x):\n    if x:\n        import n\n        return n.g(1)\n    else:\n        import n\n        return n.g(2)\n",
            ),
            ("if x:\n    import m\nelse:\n    import m\nm.f()\n", "if x:\n    import n\nelse:\n    import n\nn.g()\n"),
            (
                "try:\n    import zzz; import m\nexcept ImportError:\n    import m\nm.f()\n",
                "try:\n    import zzz; import n\nexcept ImportError:\n    import n\nn.g()\n",
            ),
            ("if TYPE_CHECKING:\n    import m\nimport m\nm.f()\n", "if TYPE_CHECKING:\n    import n\nimport n\nn.g()\n"),
            ("import m\nif TYPE_CHECKING:\n    import m\nm.f()\n", "import n\nif TYPE_CHECKING:\n    pass\nn.g()\n"),
            ("import m\nimport os, m\nm.f()\n", "import n\nimport os\nn.g()\n"),
            (
                "if x:\n    import m as q\nelse:\n    import m as q\nq.f(q.y)\n",
                "if x:\n    import m as q\n    import n\nelse:\n    import m as q\n    import n\nn.g(q.y)\n",
            ),
            (
                "if x:\n    import n\n    import m\nelse:\n    import m\nm.f(n)\n",
                "if x:\n    import n\nelse:\n    import n\nn.g(n)\n",
            ),
            ("def h():\n    import n\n    import m\n    m.f(n)\n", "def h():\n    import n\n    n.g(n)\n"),
        ],
    );
    check(
        "a.b.f",
        "n.o.g",
        &[
            (
                "if x:\n    from a import b\nelse:\n    from a import b\nb.f()\n",
                "if x:\n    import n.o\nelse:\n    import n.o\nn.o.g()\n",
            ),
            (
                "if x:\n    import a.b\nelse:\n    import a.b\na.b.f()\n",
                "if x:\n    import n.o\nelse:\n    import n.o\nn.o.g()\n",
            ),
            ("import a.c\nimport a.b\na.b.f(a.c)\n", "import a.c\nimport n.o\nn.o.g(a.c)\n"),
            ("import a.c\nx\nif y: import a.b\na.b.f(a.c)\n", "import a.c\nimport n.o\nx\nif y: pass\nn.o.g(a.c)\n"),
        ],
    );
    check(
        "os.path",
        "osx.path",
        &[(
            "if x:\n    import os\nelse:\n    import os\nos.path.x()\n",
            "if x:\n    from osx import path\nelse:\n    from osx import path\npath.x()\n",
        )],
    );
}

#[test]
fn an_import_that_has_not_run_is_not_relied_upon() {
    check(
        "a.b.f",
        "n.o.g",
        &[
            ("from a import b\nprint(b.f())\nfrom n import o\n", "import n.o\nprint(n.o.g())\nfrom n import o\n"),
            ("from a import b\nprint(b.f())\nfrom n.o import g\n", "import n.o\nprint(n.o.g())\nfrom n.o import g\n"),
            ("from a import b\n@b.f\ndef h(): ...\nimport n.o\n", "import n.o\n@n.o.g\ndef h(): ...\nimport n.o\n"),
            (
                "from a import b\nclass A(b.f): ...\ndef h(x=b.f): ...\nfrom n import o\n",
                "import n.o\nclass A(n.o.g): ...\ndef h(x=n.o.g): ...\nfrom n import o\n",
            ),
            (
                "from a import b\ndef h(): return b.f()\nh()\nfrom n import o\n",
                "import n.o\ndef h(): return n.o.g()\nh()\nfrom n import o\n",
            ),
            ("from a import b\nfrom n import o\ndef h(): return b.f()\n", "from n import o\ndef h(): return o.g()\n"),
            ("def h(): return b.f()\nfrom a import b\nfrom n import o\n", "def h(): return o.g()\nfrom n import o\n"),
            ("from a import b\nif x: from n import o\nb.f()\n", "import n.o\nif x: from n import o\nn.o.g()\n"),
        ],
    );
    check(
        "m.f",
        "n.g",
        &[
            ("import m\nprint(m.f())\nimport n\n", "import n\nprint(n.g())\nimport n\n"),
            (
                "import m as q\ndef h():\n    q.f(1)\n    import m\n    m.f(2)\n",
                "import n\ndef h():\n    n.g(1)\n    import n as n_module\n    n_module.g(2)\n",
            ),
        ],
    );
}

#[test]
fn an_import_that_may_never_run_is_not_relied_upon() {
    check(
        "a.b.f",
        "a.c.g",
        &[
            ("import a.b\nif TYPE_CHECKING: import a.c\na.b.f()\n", "import a.c\nif TYPE_CHECKING: import a.c\na.c.g()\n"),
            ("import a.b\nif 0:\n    import a.c\na.b.f()\n", "import a.c\nif 0:\n    import a.c\na.c.g()\n"),
            (
                "def h(x):\n    if x:\n        import a.b\n        return a.b.f()\n    else:\n        import a.c\n",
                "def h(x):\n    if x:\n        import a.c\n        return a.c.g()\n    else:\n        import a.c\n",
            ),
            ("import a.b\na.b.f()\nimport a.c\n", "import a.c\na.c.g()\nimport a.c\n"),
            ("import a.b, a.c\na.b.f()\n", "import a.b, a.c\na.c.g()\n"),
            ("import a.c\nx\nimport a.b\na.b.f()\n", "import a.c\nx\nimport a.b\na.c.g()\n"),
            (
                "try:\n    import a.b, a.c\nexcept ImportError:\n    pass\na.b.f()\n",
                "try:\n    import a.b, a.c\nexcept ImportError:\n    pass\na.c.g()\n",
            ),
        ],
    );
    check(
        "a.b.f",
        "n.o.g",
        &[("import a.b\nif x:\n    import a.c\na.b.f(a.c.y)\n", "import a.b\nimport n.o\nif x:\n    import a.c\nn.o.g(a.c.y)\n")],
    );
}

#[test]
fn a_module_of_the_own_package_comes_by_from() {
    check_in(
        "p.s.__init__",
        "p.s.q.f",
        "p.s.r.g",
        &[
            ("from . import q\nx = q.f(1)\n", "from . import q\nfrom . import r\nx = r.g(1)\n"),
            ("def h():\n    from p.s import q\n    q.f(1)\n", "def h():\n    from p.s import r\n    r.g(1)\n"),
            ("from . import q\nr = q.f(1)\n", "from . import q\nfrom . import r as p_s_r\nr = p_s_r.g(1)\n"),
        ],
    );
    check_in(
        "p.t.z",
        "p.s.q.f",
        "p.s.r.g",
        &[
            ("from ..s import q\nx = q.f(1)\n", "from ..s import r\nx = r.g(1)\n"),
            ("import p.s.q as q\nx = q.f(1)\n", "from p.s import r\nx = r.g(1)\n"),
            ("import p.s.q\nx = p.s.q.f(1)\n", "import p.s.r\nx = p.s.r.g(1)\n"),
        ],
    );
    check_in("p.t.z", "p.q.f", "n.r.g", &[("from .. import q\nx = q.f(1)\n", "import n.r\nx = n.r.g(1)\n")]);
    check_in("p.t.z", "p.q.f", "p.g", &[("from .. import q\nx = q.f(1)\n", "import p\nx = p.g(1)\n")]);
}

#[test]
fn what_a_star_import_may_bind_keeps_its_name() {
    check(
        "m.f",
        "n.g",
        &[
            ("from m import f\nfrom s import *\nf(1)\n", "from n import g as f\nfrom s import *\nf(1)\n"),
            (
                "from n import x\nfrom s import *\nfrom m import f\nf(x)\n",
                "from n import x\nfrom s import *\nfrom n import g\ng(x)\n",
            ),
            (
                "from n import g\nfrom s import *\nfrom m import f\nf(g)\n",
                "from n import g\nfrom s import *\nfrom n import g\ng(g)\n",
            ),
            ("from s import *\nf(1)\nfrom m import f\nf(1)\n", "from s import *\nf(1)\nfrom n import g as f\nf(1)\n"),
            ("from s import *\nif x: from m import f\nf(1)\n", "from s import *\nif x: from n import g as f\nf(1)\n"),
            ("from s import *\nfrom m import f\nf(1)\n", "from s import *\nfrom n import g\ng(1)\n"),
            ("import n\nfrom s import *\nimport m\nm.f(1)\n", "import n\nfrom s import *\nn.g(1)\n"),
            ("import n\nfrom s.n import *\nimport m\nm.f(1)\n", "import n\nfrom s.n import *\nimport n\nn.g(1)\n"),
            ("import m\nfrom s import *\nm.f(1)\n", "import n\nfrom s import *\nn.g(1)\n"),
            ("from m import f\nfrom m import *\nf(1)\n", "from n import g\nfrom m import *\ng(1)\n"),
        ],
    );
    check("old", "new", &[("import old\nfrom s.old import *\nold.x\n", "import new as old\nfrom s.old import *\nold.x\n")]);
    let rename = Rename { from: "m.f".into(), to: "n.g".into(), ..Rename::default() };
    for (text, told) in [
        (
            "from m import f\nfrom s import *\nf(1)\n",
            Some((1, "f stays as another name of n.g: a star import may bind the name too")),
        ),
        ("import m\nfrom s import *\nm.f(1)\n", None),
        ("import m\nfrom s.m import *\nm.f(1)\n", Some((3, "m may be what the star import in line 2 brings"))),
        ("import m as k\nfrom s import *\nk.f(1)\n", Some((3, "k may be what the star import in line 2 brings"))),
        ("import m as k\nk.f(1)\nfrom s import *\n", None),
        ("from s import *\nfrom m import f\nimport m\nm.f(f)\n", None),
    ] {
        let source = Source::new(text.as_bytes()).unwrap();
        let applied = apply(&Parsed::new(&source, None), &[Step::Rename(&rename)]).unwrap();
        let remarks: Vec<(u32, &str)> = applied.remarks.iter().map(|remark| (remark.line, remark.message.as_str())).collect();
        assert_eq!(remarks, told.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn a_module_that_a_function_imports_for_all_is_refused() {
    let message = "m is imported by a function that declares it `global` or `nonlocal`";
    refuses("m.f", "n.g", &[("def get():\n    global m\n    import m\ndef h(): return m.f()\n", 3, message)]);
    refuses("m.b", "n.b", &[("def get():\n    global m\n    import m.b\ndef h(): return m.b.f()\n", 3, message)]);
    check(
        "m.f",
        "n.g",
        &[(
            "import m\ndef get():\n    global m\n    import m\ndef h(): return m.f()\n",
            "import m\nimport n\ndef get():\n    global m\n    import m\ndef h(): return n.g()\n",
        )],
    );
}
