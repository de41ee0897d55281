//! Renames as tables: what is renamed, the text before, the text after.

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::{Step, apply, rewritten};

/// The module of every text here.
const MODULE: &str = "pkg.sub.mod";

#[track_caller]
pub(super) fn check(from: &str, to: &str, cases: &[(&str, &str)]) {
    check_in(MODULE, from, to, cases);
}

#[track_caller]
pub(super) fn check_in(module: &str, from: &str, to: &str, cases: &[(&str, &str)]) {
    let rename = Rename { from: from.into(), to: to.into(), ..Rename::default() };
    for (before, after) in cases {
        let got = rewritten(before.as_bytes(), Some(module), &[Step::Rename(&rename)]);
        let got = got.unwrap_or_else(|error| panic!("{error} in line {}\n{before}", error.line));
        assert_eq!(String::from_utf8_lossy(&got), *after, "\nbefore:\n{before}");
        let again = rewritten(&got, Some(module), &[Step::Rename(&rename)]).unwrap();
        assert_eq!(String::from_utf8_lossy(&again), *after, "\na second time:\n{before}");
    }
}

#[track_caller]
pub(super) fn stays(from: &str, to: &str, texts: &[&str]) {
    let cases: Vec<(&str, &str)> = texts.iter().map(|text| (*text, *text)).collect();
    check(from, to, &cases);
}

#[track_caller]
pub(super) fn refuses(from: &str, to: &str, cases: &[(&str, u32, &str)]) {
    let rename = Rename { from: from.into(), to: to.into(), ..Rename::default() };
    for (text, line, message) in cases {
        let error = rewritten(text.as_bytes(), Some(MODULE), &[Step::Rename(&rename)]).unwrap_err();
        assert_eq!((error.line, error.to_string().as_str()), (*line, *message), "{text}");
        assert!(!error.help().is_empty());
    }
}

#[test]
fn a_name_of_a_from_import_changes_with_its_uses() {
    check(
        "m.f",
        "m.g",
        &[
            ("from m import f\nf()\n", "from m import g\ng()\n"),
            ("from m import f as h\nh()\n", "from m import g as h\nh()\n"),
            ("from m import f as _\n_('x')\n", "from m import g as _\n_('x')\n"),
            ("from m import f as g\ng()\n", "from m import g\ng()\n"),
            ("from m import a, f, b\nf(a, b)\n", "from m import a, g, b\ng(a, b)\n"),
            ("from m import (\n    a,  # one\n    f,  # two\n)\nf\n", "from m import (\n    a,  # one\n    g,  # two\n)\ng\n"),
            ("from m import a, \\\n    f\nf\n", "from m import a, \\\n    g\ng\n"),
            ("import os; from m import f; f()\n", "import os; from m import g; g()\n"),
            ("def h():\n    from m import f\n    return f(1)\n", "def h():\n    from m import g\n    return g(1)\n"),
            (
                "from m import f\n@f\ndef h(a=f, *, b: f = 1) -> f: ...\n",
                "from m import g\n@g\ndef h(a=g, *, b: g = 1) -> g: ...\n",
            ),
            ("from m import f\nx = f'{f(1)!r:>{f}}'\n", "from m import g\nx = f'{g(1)!r:>{g}}'\n"),
            ("from m import f\nf.x.f(f=f)\n", "from m import g\ng.x.f(f=g)\n"),
            (
                "from m import f\nclass A(f):\n    x = f\n    def h(self): return f, self.f\n",
                "from m import g\nclass A(g):\n    x = g\n    def h(self): return g, self.f\n",
            ),
            ("from m import f\n[f for x in f if f(x)]\n", "from m import g\n[g for x in g if g(x)]\n"),
            (
                "from m import f\nmatch x:\n    case f.A: pass\n    case f(): pass\n",
                "from m import g\nmatch x:\n    case g.A: pass\n    case g(): pass\n",
            ),
            ("from m import f\nlambda a=f: f(a)\n", "from m import g\nlambda a=g: g(a)\n"),
            ("from m import f; f", "from m import g; g"),
        ],
    );
}

#[test]
fn comments_stay_in_lists_whose_lines_begin_with_commas() {
    check(
        "m.f",
        "n.g",
        &[
            (
                "from m import (\n    f # why f\n    , x # why x\n)\nf\n",
                "from m import (\n    # why f\n    x # why x\n)\nfrom n import g\ng\n",
            ),
            ("from m import (\n    f\n    , x\n    , y\n)\nf\n", "from m import (\n    x\n    , y\n)\nfrom n import g\ng\n"),
            (
                "from m import (\n    a\n    , f # why f\n    , x # why x\n)\nf\n",
                "from m import (\n    a\n    # why f\n    , x # why x\n)\nfrom n import g\ng\n",
            ),
            ("from m import (\n    a\n    , f\n    , x)\nf\n", "from m import (\n    a\n    , x)\nfrom n import g\ng\n"),
            (
                "from m import (a # why a\n    , f # why f\n    )\nf\n",
                "from m import (a # why a\n    # why f\n    )\nfrom n import g\ng\n",
            ),
            ("from m import (a, f # why f\n    , x)\nf\n", "from m import (a, # why f\n    x)\nfrom n import g\ng\n"),
            ("from m import (f # why f\n    , x)\nf\n", "from m import (# why f\n    x)\nfrom n import g\ng\n"),
            (
                "from m import (\n    f as h # one\n    , f # two\n    , x # why x\n)\nf, h\n",
                "from m import (\n    # one\n    # two\n    x # why x\n)\nfrom n import g as h, g\ng, h\n",
            ),
        ],
    );
}

#[test]
fn what_shadows_the_name_stays() {
    check(
        "m.f",
        "m.g",
        &[
            ("from m import f\ndef h(f): return f\nf\n", "from m import g\ndef h(f): return f\ng\n"),
            (
                "from m import f\ndef h():\n    f = 1\n    return f\nf\n",
                "from m import g\ndef h():\n    f = 1\n    return f\ng\n",
            ),
            ("from m import f\n[f for f in x]\nf\n", "from m import g\n[f for f in x]\ng\n"),
            ("from m import f\n[1 for f in f]\n", "from m import g\n[1 for f in g]\n"),
            ("from m import f\nlambda f: f\nf\n", "from m import g\nlambda f: f\ng\n"),
            (
                "from m import f\nclass A:\n    f = 1\n    y = f\n    def h(self): return f\nf\n",
                "from m import g\nclass A:\n    f = 1\n    y = f\n    def h(self): return g\ng\n",
            ),
            (
                "from m import f\ndef h():\n    for a, (f, *b) in x: f\nf\n",
                "from m import g\ndef h():\n    for a, (f, *b) in x: f\ng\n",
            ),
            ("from m import f\ndef h():\n    with x as f: f\nf\n", "from m import g\ndef h():\n    with x as f: f\ng\n"),
            (
                "from m import f\ndef h():\n    try: pass\n    except E as f: f\nf\n",
                "from m import g\ndef h():\n    try: pass\n    except E as f: f\ng\n",
            ),
            (
                "from m import f\ndef h():\n    if (f := 1): return f\nf\n",
                "from m import g\ndef h():\n    if (f := 1): return f\ng\n",
            ),
            (
                "from m import f\ndef h(x):\n    match x:\n        case [f, *_]: return f\nf\n",
                "from m import g\ndef h(x):\n    match x:\n        case [f, *_]: return f\ng\n",
            ),
            ("from m import f\ndef h[f](x: f) -> f: ...\nf\n", "from m import g\ndef h[f](x: f) -> f: ...\ng\n"),
            (
                "from m import f\ndef h():\n    def f(): pass\n    f()\nf\n",
                "from m import g\ndef h():\n    def f(): pass\n    f()\ng\n",
            ),
            (
                "from m import f\ndef h():\n    import x.y as f\n    f()\nf\n",
                "from m import g\ndef h():\n    import x.y as f\n    f()\ng\n",
            ),
        ],
    );
    stays(
        "m.f",
        "m.g",
        &["def f(): pass\nf()\n", "from n import f\nf()\n", "f = 1\nm.f\n", "from .m import f\nf\n", "import n as m\nm.f()\n"],
    );
}

#[test]
fn the_old_name_stays_where_something_else_needs_it() {
    check(
        "m.f",
        "m.g",
        &[
            (
                "try:\n    from m import f\nexcept ImportError:\n    f = None\nf()\n",
                "try:\n    from m import g as f\nexcept ImportError:\n    f = None\nf()\n",
            ),
            (
                "try:\n    from m import f\nexcept ImportError:\n    from n import f\nf()\n",
                "try:\n    from m import g as f\nexcept ImportError:\n    from n import f\nf()\n",
            ),
            ("from m import f\ndef g(): return f()\n", "from m import g as f\ndef g(): return f()\n"),
            ("from m import f\ndef h(g): return f(g)\n", "from m import g as f\ndef h(g): return f(g)\n"),
            ("from m import f\n__all__ = ['f']\nf()\n", "from m import g as f\n__all__ = ['f']\nf()\n"),
            ("from m import f\ndef h():\n    global f\n    f = 1\n", "from m import g as f\ndef h():\n    global f\n    f = 1\n"),
            ("class A:\n    from m import f\n    x = f\n", "class A:\n    from m import g as f\n    x = f\n"),
            ("from m import f\nf += 1\n", "from m import g as f\nf += 1\n"),
            ("from m import f\ndel f\n", "from m import g as f\ndel f\n"),
            ("def h():\n    from m import f\n    return f(g)\n", "def h():\n    from m import g as f\n    return f(g)\n"),
            ("from m import f as f\nf()\n", "from m import g as f\nf()\n"),
        ],
    );
    check("m.f", "m.open", &[("from m import f\nf(open(x))\n", "from m import open as f\nf(open(x))\n")]);
}

#[test]
fn the_same_name_from_two_places_that_both_change_changes() {
    check(
        "m.f",
        "m.g",
        &[(
            "if TYPE_CHECKING:\n    from m import f\ndef h() -> f:\n    from m import f\n    return f\n",
            "if TYPE_CHECKING:\n    from m import g\ndef h() -> g:\n    from m import g\n    return g\n",
        )],
    );
}

#[test]
fn a_name_is_not_imported_twice() {
    check(
        "m.f",
        "m.g",
        &[
            ("from m import g, f\nf(g)\n", "from m import g\ng(g)\n"),
            ("from m import f, g\nf(g)\n", "from m import g\ng(g)\n"),
            ("from m import g\nfrom m import f\nf(g)\n", "from m import g\ng(g)\n"),
            ("from m import f\nfrom m import g\nf(g)\n", "from m import g\ng(g)\n"),
            ("from m import (\n    f,\n    g,\n)\nf(g)\n", "from m import (\n    g,\n)\ng(g)\n"),
            ("from m import (\n    g,\n    f  # why\n)\nf(g)\n", "from m import (\n    g,\n    # why\n)\ng(g)\n"),
            ("from m import g as _\nfrom m import f as _\n_()\n", "from m import g as _\n_()\n"),
            ("from m import g\nimport os; from m import f; f()\n", "from m import g\nimport os; g()\n"),
            ("from m import g\nif x: from m import f\ng(f)\n", "from m import g\nif x: from m import g\ng(g)\n"),
            ("if x:\n    from m import f\n    from m import g\n    f(g)\n", "if x:\n    from m import g\n    g(g)\n"),
        ],
    );
}

#[test]
fn a_name_that_moves_to_another_module_takes_its_import_along() {
    check(
        "m.f",
        "n.o.g",
        &[
            ("from m import f\nf()\n", "from n.o import g\ng()\n"),
            ("from m import f as h\nh()\n", "from n.o import g as h\nh()\n"),
            ("from m import f as g\ng()\n", "from n.o import g\ng()\n"),
            ("from m import a, f\nf(a)\n", "from m import a\nfrom n.o import g\ng(a)\n"),
            ("from m import f, a  # noqa\nf(a)\n", "from m import a  # noqa\nfrom n.o import g\ng(a)\n"),
            (
                "from m import (\n    a,\n    # about f\n    f,\n    b,\n)\nf\n",
                "from m import (\n    a,\n    # about f\n    b,\n)\nfrom n.o import g\ng\n",
            ),
            ("from m import (a, f,\n               b)\nf\n", "from m import (a,\n               b)\nfrom n.o import g\ng\n"),
            ("from m import (\n    f,  # why\n)\nf\n", "from n.o import (\n    g,  # why\n)\ng\n"),
            ("from n.o import x\nfrom m import f\nf(x)\n", "from n.o import x, g\ng(x)\n"),
            (
                "from m import a, f\nfrom n.o import (\n    x,  # one\n    y  # two\n)\nf(x)\n",
                "from m import a\nfrom n.o import (\n    g,\n    x,  # one\n    y  # two\n)\ng(x)\n",
            ),
            ("from n.o import (\n    x,\n)\nfrom m import f\nf(x)\n", "from n.o import (\n    x,\n    g,\n)\ng(x)\n"),
            ("from n.o import g\nfrom m import f\nf(g)\n", "from n.o import g\ng(g)\n"),
            ("from m import f\nf()\nfrom n.o import x\n", "from n.o import g\ng()\nfrom n.o import x\n"),
            ("def h():\n\tfrom m import a, f\n\treturn f\n", "def h():\n\tfrom m import a\n\tfrom n.o import g\n\treturn g\n"),
            ("if x: from m import a, f\nf(a)\n", "if x: from m import a; from n.o import g\ng(a)\n"),
            (
                "try:\n    from m import a, f\nexcept ImportError:\n    pass\nf(a)\n",
                "try:\n    from m import a\n    from n.o import g\nexcept ImportError:\n    pass\ng(a)\n",
            ),
            ("def h(): return f\nfrom m import a, f", "def h(): return g\nfrom m import a\nfrom n.o import g"),
            ("from m import f, a, \\\n    b\nf\n", "from m import a, \\\n    b\nfrom n.o import g\ng\n"),
            ("from m import a, \\\n    f\nf\n", "from m import a\nfrom n.o import g\ng\n"),
            ("from m import a, f\r\nf(a)\r\n", "from m import a\r\nfrom n.o import g\r\ng(a)\r\n"),
        ],
    );
}

#[test]
fn the_name_alone_may_stay_when_it_moves() {
    check(
        "m.f",
        "n.f",
        &[
            ("from m import f\nf()\n", "from n import f\nf()\n"),
            ("from m import f, a\nf(a)\n", "from m import a\nfrom n import f\nf(a)\n"),
            ("from m import f as h\nh\n", "from n import f as h\nh\n"),
            ("import m\nm.f(m.a)\n", "import m\nimport n\nn.f(m.a)\n"),
        ],
    );
}

#[test]
fn what_is_exported_as_itself_stays_exported() {
    check(
        "m.f",
        "n.f",
        &[
            ("from m import f as f\n", "from n import f as f\n"),
            ("from m import f as f\nf()\n", "from n import f as f\nf()\n"),
            ("from m import a, f as f\na\n", "from m import a\nfrom n import f as f\na\n"),
            ("from n import f\nfrom m import f as f\nf()\n", "from n import f, f as f\nf()\n"),
            ("from n import f as f\nfrom m import f as f\nf()\n", "from n import f as f\nf()\n"),
            ("from n import f as f\nfrom m import f\nf()\n", "from n import f as f\nf()\n"),
        ],
    );
    check(
        "a.b.f",
        "n.o.g",
        &[
            ("from a import b as b\nb.f()\n", "from a import b as b\nimport n.o\nn.o.g()\n"),
            ("from a import b as c\nc.f()\n", "import n.o\nn.o.g()\n"),
        ],
    );
}

#[test]
fn a_name_that_is_deleted_is_not_relied_upon() {
    check(
        "m.f",
        "n.g",
        &[
            ("from n import g\ndel g\nfrom m import f\nf(2)\n", "from n import g, g as f\ndel g\nf(2)\n"),
            ("from m import f\nfrom n import g\nf(2)\ndel g\n", "from n import g, g as f\nf(2)\ndel g\n"),
            ("import n\ndel n\nimport m\nm.f()\n", "import n\ndel n\nimport n as n_module\nn_module.g()\n"),
            ("from n import g\ndel g\nimport m\nm.f()\n", "from n import g\ndel g\nimport n\nn.g()\n"),
        ],
    );
    check(
        "a.b.f",
        "n.o.g",
        &[
            ("import n.o\nn.o.x\ndel n\nimport a.b\na.b.f()\n", "import n.o\nn.o.x\ndel n\nimport n.o as n_o\nn_o.g()\n"),
            ("from n import o\ndel o\nfrom a import b\nb.f()\n", "from n import o\ndel o\nimport n.o\nn.o.g()\n"),
        ],
    );
    check("old", "new", &[("import new\ndel new\nimport old\nold.x\n", "import new\ndel new\nimport new as old\nold.x\n")]);
}

#[test]
fn a_new_name_does_not_join_an_import_that_goes() {
    check(
        "p.q.f",
        "p.g",
        &[
            ("from p.q import f\nfrom p import q\nprint(f(1), q.f(2))\n", "from p import g\nprint(g(1), g(2))\n"),
            ("from p import q\nfrom p.q import f\nprint(f(1), q.f(2))\n", "from p import g\nprint(g(1), g(2))\n"),
            (
                "from p.q import f\nfrom p import q, x\nprint(f(1), q.f(2), x)\n",
                "from p import g\nfrom p import x\nprint(g(1), g(2), x)\n",
            ),
            ("from p.q import f\nfrom p import x\nprint(f(1), x)\n", "from p import x, g\nprint(g(1), x)\n"),
        ],
    );
}

#[test]
fn attribute_chains_change() {
    check(
        "m.f",
        "m.g",
        &[
            ("import m\nm.f(m.x)\n", "import m\nm.g(m.x)\n"),
            ("import m as k\nk.f()\n", "import m as k\nk.g()\n"),
            ("import m\ndef h(m): return m.f\n", "import m\ndef h(m): return m.f\n"),
            ("import m\n(m\n # why\n .f)()\n", "import m\n(m\n # why\n .g)()\n"),
            ("import m\nm.f()\ndel m\n", "import m\nm.g()\ndel m\n"),
            ("import m\nm.f.f.x = m.f\n", "import m\nm.g.f.x = m.g\n"),
        ],
    );
    check(
        "a.b.f",
        "a.b.g",
        &[
            ("import a.b\na.b.f()\n", "import a.b\na.b.g()\n"),
            ("import a.b as x\nx.f()\n", "import a.b as x\nx.g()\n"),
            ("from a import b\nb.f()\n", "from a import b\nb.g()\n"),
            ("from a import b as x\nx.f()\n", "from a import b as x\nx.g()\n"),
            ("import a.b, a.c\na.b.f(a.c.f)\n", "import a.b, a.c\na.b.g(a.c.f)\n"),
        ],
    );
}

#[test]
fn names_in_strings_of_annotations_change() {
    check(
        "m.f",
        "m.g",
        &[
            ("from m import f\ndef h(x: 'list[f]') -> f: ...\n", "from m import g\ndef h(x: 'list[g]') -> g: ...\n"),
            ("from m import f\nx = []  # type: list[f]\n", "from m import g\nx = []  # type: list[g]\n"),
            ("from m import f\nx: list['f'] = 1\n", "from m import g\nx: list['g'] = 1\n"),
            ("import m\nx: \"list[m.f.x]\"\n", "import m\nx: \"list[m.g.x]\"\n"),
            ("if TYPE_CHECKING:\n    from m import f\nx: 'f'\n", "if TYPE_CHECKING:\n    from m import g\nx: 'g'\n"),
            ("from m import f\nx: y = 'f', f\n", "from m import g\nx: y = 'f', g\n"),
            ("from m import f\nx: Literal['f'] = f\n", "from m import g\nx: Literal['f'] = g\n"),
        ],
    );
    check("a.b.f", "n.o.g", &[("import a.b\nx: 'a.b.f'\n", "import n.o\nx: 'n.o.g'\n")]);
}

#[test]
fn a_name_in_strings_that_are_not_read_exactly_stays() {
    check(
        "m.f",
        "m.g",
        &[
            ("from m import f\nx: Mapped['f'] = f\n", "from m import g as f\nx: Mapped['f'] = f\n"),
            ("from m import f\nx: 'list[' 'f]' = f\n", "from m import g as f\nx: 'list[' 'f]' = f\n"),
            (
                "from m import f\ndef h(x):\n    # type: (f) -> f\n    f\n",
                "from m import g as f\ndef h(x):\n    # type: (f) -> f\n    f\n",
            ),
        ],
    );
}

#[test]
fn relative_imports_stay_relative_where_they_can() {
    check(
        "pkg.sub.old.f",
        "pkg.sub.new.g",
        &[
            ("from .old import f\nf()\n", "from .new import g\ng()\n"),
            ("from .old import a, f\nf(a)\n", "from .old import a\nfrom .new import g\ng(a)\n"),
            ("from .new import x\nfrom .old import f, a\nf(a, x)\n", "from .new import x, g\nfrom .old import a\ng(a, x)\n"),
            ("from ..sub.old import a, f\nf(a)\n", "from ..sub.old import a\nfrom ..sub.new import g\ng(a)\n"),
            ("from . import old\nfrom .old import f\nold.f(f)\n", "from .new import g\ng(g)\n"),
            ("from . import old\nold.f()\n", "from . import new\nnew.g()\n"),
            ("from pkg.sub.old import f\nf()\n", "from pkg.sub.new import g\ng()\n"),
            ("from ..sub.old import f\nf\n", "from ..sub.new import g\ng\n"),
        ],
    );
    check(
        "pkg.sub.old.f",
        "pkg.other.g",
        &[
            ("from .old import f\nf()\n", "from ..other import g\ng()\n"),
            ("from .old import a, f\nf(a)\n", "from .old import a\nfrom ..other import g\ng(a)\n"),
        ],
    );
    check("pkg.sub.old.f", "pkg.g", &[("from .old import a, f\nf(a)\n", "from .old import a\nfrom .. import g\ng(a)\n")]);
    check("pkg.sub.old.f", "pkgs.g", &[("from .old import a, f\nf(a)\n", "from .old import a\nfrom pkgs import g\ng(a)\n")]);
    check(
        "pkg.sub.old",
        "pkg.sub.new",
        &[("from .old import x\nfrom . import old\nold.x\n", "from .new import x\nfrom . import new\nnew.x\n")],
    );
    check(
        "pkg.sub.old",
        "other.new",
        &[
            ("from .old import x\n", "from other.new import x\n"),
            ("from . import old, y\nold.x\n", "from . import y\nfrom other import new\nnew.x\n"),
        ],
    );
    stays("pkg.sub", "pkg.new", &["from . import sub_thing\nfrom .sub import x\n"]);
    let rename = Rename { from: "pkg.sub.old.f".into(), to: "pkg.sub.old.g".into(), ..Rename::default() };
    let text = b"from .old import f\n";
    assert_eq!(rewritten(text, None, &[Step::Rename(&rename)]).unwrap(), text, "without the module's name a dot means nothing");
}

#[test]
fn what_only_others_can_use_keeps_its_name() {
    check(
        "m.f",
        "n.g",
        &[
            ("from m import f\n", "from n import g as f\n"),
            ("from m import a, f  # noqa: F401\n", "from m import a  # noqa: F401\nfrom n import g as f\n"),
            ("try:\n    from m import f\nexcept E:\n    pass\n", "try:\n    from n import g as f\nexcept E:\n    pass\n"),
            (
                "if x:\n    from m import f\nelse:\n    from m import f\n",
                "if x:\n    from n import g as f\nelse:\n    from n import g as f\n",
            ),
            ("from m import f as h\n", "from n import g as h\n"),
            ("def h():\n    from m import f\n", "def h():\n    from n import g\n"),
            ("from m import f\ndef h(): return f\n", "from n import g\ndef h(): return g\n"),
            ("from m import f\nx: 'f'\n", "from n import g\nx: 'g'\n"),
        ],
    );
    check("m.f", "n.f", &[("from m import f\n", "from n import f\n")]);
    check(
        "old",
        "new.core",
        &[("import old\n", "import new.core as old\n"), ("def h(): import old\n", "def h(): import new.core\n")],
    );
}

#[test]
fn assigned_names_are_followed() {
    check(
        "m.f",
        "m.g",
        &[
            ("from m import f\nmake = f\nmake()\n", "from m import g\nmake = g\nmake()\n"),
            ("import m\nk = m\nk.f(k.x)\n", "import m\nk = m\nk.g(k.x)\n"),
            ("import m\nk = l = m\ndef h(): return l.f.f\n", "import m\nk = l = m\ndef h(): return l.g.f\n"),
            ("import m\nmake = m.f\nmake.f\n", "import m\nmake = m.g\nmake.f\n"),
            ("import m\nk = m\nk = n\nk.f\n", "import m\nk = m\nk = n\nk.f\n"),
            ("import m\nk = m.x\nk.f\n", "import m\nk = m.x\nk.f\n"),
        ],
    );
    refuses("m.f", "n.g", &[("import m\nk = m\nk.x\nk.f()\n", 4, "k stands for m here, by an assignment")]);
    let text = "try:\n    import m\nexcept E:\n    import n as m\nk = m\nk.f\n";
    refuses("m.f", "m.g", &[(text, 6, "k is m or n here, depending on how the program runs")]);
}

#[test]
fn what_stays_for_others_is_remarked() {
    let rename = Rename { from: "m.f".into(), to: "m.g".into(), ..Rename::default() };
    for (text, module, message) in [
        (
            "from m import f\n",
            MODULE,
            Some("f stays as another name of m.g: nothing here uses it, so that others may import it from here"),
        ),
        ("from m import f\n__all__ = ['f']\n", MODULE, Some("f stays as another name of m.g: `__all__` names it")),
        ("from m import f\nf\n", "pkg.__init__", Some("f stays as another name of m.g: others may import it from this package")),
        (
            "from m import f\nx: y['f'] = f\n",
            MODULE,
            Some("f stays as another name of m.g: a string or a type comment that cannot be read exactly may name it"),
        ),
        ("from m import f\nf\n", MODULE, None),
        ("from m import f as h\n", MODULE, None),
        ("from m import f\ng = f\n", MODULE, None),
    ] {
        let source = Source::new(text.as_bytes()).unwrap();
        let applied = apply(&Parsed::new(&source, Some(module)), &[Step::Rename(&rename)]).unwrap();
        let told: Vec<(u32, u32, &str)> =
            applied.remarks.iter().map(|told| (told.line, told.column, told.message.as_str())).collect();
        assert_eq!(told, message.map(|message| (1, 15, message)).into_iter().collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn what_cannot_be_decided_is_refused() {
    refuses(
        "m.f",
        "m.g",
        &[(
            "try:\n    import m\nexcept ImportError:\n    m = None\nm.f()\n",
            5,
            "m is m or something else here, depending on how the program runs",
        )],
    );
    refuses(
        "m.f",
        "n.g",
        &[
            ("import m\nn_module = 1\ndef n(): return m.f\n", 3, "n already means something else here"),
            ("import m\n(m  # why\n.f)\n", 2, "a comment stands inside m.f"),
        ],
    );
}

#[test]
fn every_other_byte_stays() {
    check(
        "m.f",
        "m.g",
        &[
            ("\u{feff}from m import f\r\nx = 1\rf()\n\tx", "\u{feff}from m import g\r\nx = 1\rg()\n\tx"),
            ("# f\nfrom m import f\n'''f\n  f'''\nf ( 1 )\n\n\n", "# f\nfrom m import g\n'''f\n  f'''\ng ( 1 )\n\n\n"),
        ],
    );
    let rename = Rename { from: "m.f".into(), to: "m.g".into(), ..Rename::default() };
    for (before, after) in [
        (b"from m import f # \xff\nf()\n".as_slice(), b"from m import g # \xff\ng()\n".as_slice()),
        (
            b"# coding: latin-1\nx = '\xe9\xff'; from m import f; f()\n",
            b"# coding: latin-1\nx = '\xe9\xff'; from m import g; g()\n",
        ),
        (b"# coding: sjis\nx = '\x95\x5c'; from m import f; f()\n", b"# coding: sjis\nx = '\x95\x5c'; from m import g; g()\n"),
    ] {
        assert_eq!(rewritten(before, None, &[Step::Rename(&rename)]).unwrap(), after);
    }
}

#[test]
fn what_others_import_from_a_package_keeps_its_name() {
    let rename = Rename { from: "pkg.old.f".into(), to: "pkg.new.g".into(), ..Rename::default() };
    for (before, after) in [
        ("from .old import f\n", "from .new import g as f\n"),
        ("from .old import f as h\n", "from .new import g as h\n"),
        ("from . import old\nold.f()\n", "from . import old\nfrom . import new\nnew.g()\n"),
        ("def h():\n    from .old import f\n    f()\n", "def h():\n    from .new import g\n    g()\n"),
    ] {
        let got = rewritten(before.as_bytes(), Some("pkg.__init__"), &[Step::Rename(&rename)]).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), after);
    }
}

#[test]
fn steps_follow_one_another() {
    let first = Rename { from: "m.a".into(), to: "m.b".into(), ..Rename::default() };
    let second = Rename { from: "m.b".into(), to: "m.c".into(), ..Rename::default() };
    let text = b"from m import a, b, d\na(b, d)\n";
    let got = rewritten(text, None, &[Step::Rename(&first), Step::Rename(&second)]).unwrap();
    assert_eq!(String::from_utf8_lossy(&got), "from m import c, d\nc(c, d)\n");
}
