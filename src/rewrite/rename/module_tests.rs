//! Renames of modules, and of what is reached through them, as tables.

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::rename::tests::{check, refuses, stays};
use crate::rewrite::{Step, apply};

#[test]
fn attribute_chains_find_the_new_module() {
    check(
        "a.b.f",
        "n.o.g",
        &[
            ("import a.b\na.b.f()\n", "import n.o\nn.o.g()\n"),
            ("import a.b\na.b.f(a.b.x)\n", "import a.b\nimport n.o\nn.o.g(a.b.x)\n"),
            ("import a.b\na.b.f(a.x)\n", "import a.b\nimport n.o\nn.o.g(a.x)\n"),
            ("import a.b\nimport a.c\na.b.f(a.c.x)\n", "import n.o\nimport a.c\nn.o.g(a.c.x)\n"),
            ("import os, a.b\na.b.f(os)\n", "import os\nimport n.o\nn.o.g(os)\n"),
            ("from a import b\nb.f()\n", "import n.o\nn.o.g()\n"),
            ("from a import b, c\nb.f(c)\n", "from a import c\nimport n.o\nn.o.g(c)\n"),
            ("import a.b as x\nx.f(x.y)\n", "import a.b as x\nimport n.o\nn.o.g(x.y)\n"),
            ("from a import b\nfrom n import o\nb.f(o)\n", "from n import o\no.g(o)\n"),
            ("import n.o\nfrom a import b\nb.f()\n", "import n.o\nn.o.g()\n"),
            ("def h():\n    import a.b\n    return a.b.f\n", "def h():\n    import n.o\n    return n.o.g\n"),
            ("import a.b\n", "import a.b\n"),
            ("import a.b  # why\na.b.f\n", "import n.o  # why\nn.o.g\n"),
        ],
    );
    check(
        "a.b.f",
        "a.c.g",
        &[
            ("import a.b\na.b.f(a.b.x)\n", "import a.b\nimport a.c\na.c.g(a.b.x)\n"),
            ("import a.b\na.b.f()\n", "import a.c\na.c.g()\n"),
        ],
    );
}

#[test]
fn a_new_module_whose_name_is_taken_gets_an_alias() {
    check(
        "m.f",
        "n.g",
        &[
            ("import m\ndef n(): return m.f\n", "import n as n_module\ndef n(): return n_module.g\n"),
            (
                "import m\ndef h(n): return m.f\nm.f, m.x\n",
                "import m\nimport n as n_module\ndef h(n): return n_module.g\nn_module.g, m.x\n",
            ),
        ],
    );
    check("m.f", "n.o.g", &[("import m\nn = m.f\n", "import n.o as n_o\nn = n_o.g\n")]);
}

#[test]
fn what_an_import_loads_for_others_stays_loaded() {
    check(
        "a.b.f",
        "n.g",
        &[
            ("import a\nimport a.b as ab\nab.f(), a.b.x\n", "import a\nimport a.b as ab\nimport n\nn.g(), a.b.x\n"),
            ("import a\nfrom a import b\nb.f(), a.b.x\n", "import a\nfrom a import b\nimport n\nn.g(), a.b.x\n"),
            ("import a\nfrom a.b import f\nf(), a.b.x\n", "import a\nfrom n import g\nimport a.b\ng(), a.b.x\n"),
            ("import a as q\nfrom a.b import f\nf(), q.b.x\n", "import a as q\nfrom n import g\nimport a.b\ng(), q.b.x\n"),
            (
                "import a\ndef h():\n    from a.b import f\n    f()\nh(), a.b.x\n",
                "import a\ndef h():\n    from n import g\n    import a.b\n    g()\nh(), a.b.x\n",
            ),
            (
                "import a\ndef h():\n    from a.b import f\n    f(a)\nh(), a.b.x\n",
                "import a\ndef h():\n    from n import g\n    g(a)\nh(), a.b.x\n",
            ),
            ("import a\nfrom a.b import f, y\nf(), a.b.x\n", "import a\nfrom a.b import y\nfrom n import g\ng(), a.b.x\n"),
            (
                "import a.b\ndef h():\n    import a\n    return a.b.x\na.b.f()\n",
                "import a.b\nimport n\ndef h():\n    import a\n    return a.b.x\nn.g()\n",
            ),
            ("import a\nimport a.b as ab\nab.f(), a.x\n", "import a\nimport n\nn.g(), a.x\n"),
            ("import a.b\nfrom a.b import f\nf(), a.b.x\n", "import a.b\nfrom n import g\ng(), a.b.x\n"),
        ],
    );
    check("a.b.f", "a.b.g", &[("import a\nfrom a.b import f\nf(), a.b.x\n", "import a\nfrom a.b import g\ng(), a.b.x\n")]);
}

#[test]
fn an_import_that_stays_for_what_it_loads_is_named() {
    let rename = Rename { from: "a.b.f".into(), to: "n.g".into(), ..Rename::default() };
    for (text, want) in [
        (
            "import a\nfrom a import b\nb.f(), a.b.x\n",
            (2, "b stays imported: it loads a.b, which line 3 reads through another name"),
        ),
        (
            "import a\ndef h():\n    from a.b import f\n    f(a)\nh(), a.b.x\n",
            (5, "a.b is read here, and an import from a.b goes that loaded it"),
        ),
    ] {
        let source = Source::new(text.as_bytes()).unwrap();
        let applied = apply(&Parsed::new(&source, None), &[Step::Rename(&rename)]).unwrap();
        let told: Vec<(u32, &str)> = applied.remarks.iter().map(|told| (told.line, told.message.as_str())).collect();
        assert_eq!(told, [want], "{text}");
    }
}

#[test]
fn parentheses_around_a_part_of_a_chain_go_with_it() {
    check(
        "a.b.f",
        "n.g",
        &[
            ("import a.b\n(a.b).f()\n", "import n\nn.g()\n"),
            ("import a.b\nx = (( a\n ).b).f.x, (a.b.f).x\n", "from n import g\nx = g.x, (g).x\n"),
            ("from a import b\n((b).f)(1)\n", "import n\n(n.g)(1)\n"),
            ("import a.b\nnot(a.b).f()\n", "import n\nnot n.g()\n"),
        ],
    );
    check("a.b.f", "a.b.g", &[("import a.b\n(a.b).f((a).b.x)\n", "import a.b\n(a.b).g((a).b.x)\n")]);
    refuses("a.b.f", "n.g", &[("import a.b\n(  # why\n a.b).f()\n", 3, "a comment stands inside a.b.f")]);
}

#[test]
fn a_module_changes_its_name_everywhere() {
    check(
        "a.b.c",
        "a.b.d",
        &[
            ("import a.b.c\na.b.c.x()\n", "import a.b.d\na.b.d.x()\n"),
            ("import a.b.c.e\na.b.c.e.x()\n", "import a.b.d.e\na.b.d.e.x()\n"),
            ("import a.b.c as x\nx.y\n", "import a.b.d as x\nx.y\n"),
            ("from a.b.c import x, y as z\nx(z)\n", "from a.b.d import x, y as z\nx(z)\n"),
            ("from a.b.c.e import x\nx\n", "from a.b.d.e import x\nx\n"),
            ("from a.b import c\nc.x\n", "from a.b import d\nd.x\n"),
            ("from a import b\nb.c.x\n", "from a import b\nb.d.x\n"),
            ("from a.b.c import *\nf()\n", "from a.b.d import *\nf()\n"),
            ("from a.b.c.e import *\n", "from a.b.d.e import *\n"),
            ("import a.b.cc\na.b.cc.x\n", "import a.b.cc\na.b.cc.x\n"),
        ],
    );
    check(
        "old",
        "new.core",
        &[
            ("import old\nold.x(old)\n", "import new.core\nnew.core.x(new.core)\n"),
            ("import old.y\nold.y.x()\n", "import new.core.y\nnew.core.y.x()\n"),
            ("from old import x\nx\n", "from new.core import x\nx\n"),
            ("from old.y import x\nx\n", "from new.core.y import x\nx\n"),
            (
                "try:\n    import old\nexcept ImportError:\n    old = None\nold.x\n",
                "try:\n    import new.core as old\nexcept ImportError:\n    old = None\nold.x\n",
            ),
        ],
    );
    check(
        "a.b",
        "n.b",
        &[
            ("import a.b\na.b.x(a.c)\n", "import n.b\nimport a\nn.b.x(a.c)\n"),
            ("import a.b\nimport a.c\na.b.x(a.c)\n", "import n.b\nimport a.c\nn.b.x(a.c)\n"),
        ],
    );
}

#[test]
fn a_root_that_stays_is_imported_by_itself() {
    check(
        "os.path",
        "osx.path",
        &[
            ("import os.path\nos.path.x(os.y)\n", "import osx.path\nimport os\nosx.path.x(os.y)\n"),
            ("import z, os.path  # why\nos.path.x(os.y)\n", "import z, osx.path  # why\nimport os\nosx.path.x(os.y)\n"),
            ("if z: import os.path; os.path.x(os.y)\n", "if z: import osx.path; import os; osx.path.x(os.y)\n"),
            ("import os.path, os\nos.path.x(os.y)\n", "import osx.path, os\nosx.path.x(os.y)\n"),
            ("import os.path\nos.path.x\ndel os\n", "import osx.path\nimport os\nosx.path.x\ndel os\n"),
            (
                "if z:\n\timport os.path\n\tos.path.x\n\tdel os\n",
                "if z:\n\timport osx.path\n\timport os\n\tosx.path.x\n\tdel os\n",
            ),
            ("import os, os.path\nos.path.x\ndel os\n", "import os, osx.path\nosx.path.x\ndel os\n"),
            (
                "import os.path\ndef h():\n    global os\n    os.path.x\n",
                "import osx.path\nimport os\ndef h():\n    global os\n    osx.path.x\n",
            ),
            ("__all__ = ['os']\nimport os.path\n", "__all__ = ['os']\nimport osx.path\nimport os\n"),
            ("import os.path as p\np.x\n", "import osx.path as p\np.x\n"),
        ],
    );
    refuses("os.path", "osx.path", &[("import os.path\nosx = 1\n", 1, "osx already means something else here")]);
}

#[test]
fn what_may_be_a_module_is_imported_itself() {
    check(
        "os.path",
        "osx.path",
        &[
            ("import os\nos.path.x()\n", "from osx import path\npath.x()\n"),
            ("import os\nos.path.x(os.path)\n", "from osx import path\npath.x(path)\n"),
            ("import os\nos.path.x(os.y)\n", "import os\nfrom osx import path\npath.x(os.y)\n"),
            (
                "import os\ndef h(path): return os.path.x(path)\n",
                "from osx import path as osx_path\ndef h(path): return osx_path.x(path)\n",
            ),
            ("import os\npath = 1\nos.path.x(path)\n", "from osx import path as osx_path\npath = 1\nosx_path.x(path)\n"),
            ("import osx.path\nimport os\nos.path.x()\n", "import osx.path\nosx.path.x()\n"),
            ("from osx import path as p\nimport os\nos.path.x()\n", "from osx import path as p\np.x()\n"),
            ("import osx\nimport os\nos.path.x(osx)\n", "import osx\nfrom osx import path\npath.x(osx)\n"),
            ("import os\nos.path(1).x, os.path.y\n", "import osx\nosx.path(1).x, osx.path.y\n"),
            ("import os\nx = os.path\n", "import osx\nx = osx.path\n"),
            ("import os\nos.path.x\ndel os\n", "import os\nfrom osx import path\npath.x\ndel os\n"),
        ],
    );
    check(
        "collections.abc",
        "containers.abc",
        &[
            (
                "import containers.abc, collections\ncollections.abc.X, containers.abc.Y\n",
                "import containers.abc\ncontainers.abc.X, containers.abc.Y\n",
            ),
            (
                "import collections.abc\ncollections.abc.X(collections.y)\n",
                "import containers.abc\nimport collections\ncontainers.abc.X(collections.y)\n",
            ),
        ],
    );
}

#[test]
fn a_module_without_a_package_changes_its_name() {
    check(
        "re",
        "regex",
        &[
            ("import re\nre.x(re)\n", "import regex\nregex.x(regex)\n"),
            ("import re as r\nr.x\n", "import regex as r\nr.x\n"),
            ("from re import x\nx\n", "from regex import x\nx\n"),
            ("import re.x\nre.x.y\n", "import regex.x\nregex.x.y\n"),
            ("import os, re\ndef h(re): return re.x\nre.x\n", "import os, regex\ndef h(re): return re.x\nregex.x\n"),
            ("import re\nregex = re.x('')\n", "import regex as re\nregex = re.x('')\n"),
        ],
    );
    stays("re", "regex", &["re = 1\nre.x\n", "from . import re\nre.x\n", "from m import re\nre.x\n", "import rex\nrex.re\n"]);
    check(
        "u.six",
        "six",
        &[
            ("from u import six\nsix.x\n", "import six\nsix.x\n"),
            ("from u import six, y\nsix.x(y)\n", "from u import y\nimport six\nsix.x(y)\n"),
            ("from u import six as s\ns.x\n", "import six as s\ns.x\n"),
            ("from u.six import x\nx\n", "from six import x\nx\n"),
            ("from u.six.y import x\nx\n", "from six.y import x\nx\n"),
            ("import u.six\nu.six.x\n", "import six\nsix.x\n"),
            ("import u\nu.six.x\n", "import six\nsix.x\n"),
        ],
    );
    check(
        "six",
        "u.six",
        &[("import six\nsix.x\n", "import u.six\nu.six.x\n"), ("from six import x\nx\n", "from u.six import x\nx\n")],
    );
}

#[test]
fn a_module_that_moves_below_itself_moves_once() {
    check(
        "pk.views",
        "pk.views.api",
        &[
            (
                "from pk.views import f\nimport pk.views\nf(pk.views.g)\n",
                "from pk.views.api import f\nimport pk.views.api\nf(pk.views.api.g)\n",
            ),
            ("import pk.views.api\npk.views.api.f()\n", "import pk.views.api\npk.views.api.f()\n"),
            (
                "from pk.views.api import f\nfrom pk.views.more import h\n",
                "from pk.views.api import f\nfrom pk.views.api.more import h\n",
            ),
        ],
    );
}
