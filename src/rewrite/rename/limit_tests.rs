//! Places that a rename writes in another way, or leaves: what is set, private names in classes, the module of the new name.

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::rename::tests::{check, refuses};
use crate::rewrite::{Step, apply};

#[test]
fn what_is_set_is_set_through_the_module() {
    check(
        "m.f",
        "n.g",
        &[
            ("from n import g\nimport m\nm.f = 3\n", "from n import g\nimport n\nn.g = 3\n"),
            ("from n import g\nimport m\nm.f()\nm.f: int = 3\n", "from n import g\nimport n\ng()\nn.g: int = 3\n"),
            ("from n import g\nimport m\nm.f += 1\n", "from n import g\nimport n\nn.g += 1\n"),
            ("from n import g\nimport m\ndel x, m.f\n", "from n import g\nimport n\ndel x, n.g\n"),
            ("from n import g\nimport m\nfor m.f, x in y: pass\n", "from n import g\nimport n\nfor n.g, x in y: pass\n"),
            ("from n import g\nimport m\nwith x as (m.f): pass\n", "from n import g\nimport n\nwith x as (n.g): pass\n"),
            ("from n import g\nimport m\nm.f.x = m.f[0] = 3\n", "from n import g\ng.x = g[0] = 3\n"),
            ("import m\nm.f = m.f.x\n", "import n\nn.g = n.g.x\n"),
            (
                "from n import g\nimport m\nmatch x:\n    case m.f: pass\n    case m.f(): pass\n",
                "from n import g\nimport n\nmatch x:\n    case n.g: pass\n    case g(): pass\n",
            ),
        ],
    );
    refuses("m.f", "g", &[("import m\nm.f = 3\n", 2, "m.f is set here, and g would be another thing of this file")]);
}

#[test]
fn what_an_f_string_writes_as_text_stays() {
    check(
        "m.f",
        "n.g",
        &[
            ("from m import f\nf(f'{f(1)=}')\n", "from n import g as f\nf(f'{f(1)=}')\n"),
            ("from m import f\nf(f'{f(1)}', x=f'{y=:{f(1)}}')\n", "from n import g\ng(f'{g(1)}', x=f'{y=:{g(1)}}')\n"),
            ("from m import f as h\nf'{h = !s}'\n", "from n import g as h\nf'{h = !s}'\n"),
        ],
    );
    check("old", "new.m", &[("import old\nprint(f'{old.x=}')\n", "import new.m as old\nprint(f'{old.x=}')\n")]);
    refuses("m.f", "n.g", &[("import m\nm.f()\nprint(f'{m.f(1) = }')\n", 3, "an f-string writes the text of m.f here (`=`)")]);
    refuses("m.f", "m.g", &[("import m\nprint(f'{m.f=}')\n", 2, "an f-string writes the text of m.f here (`=`)")]);
}

#[test]
fn a_private_name_is_not_read_in_a_class() {
    check(
        "m.f",
        "m.__g",
        &[
            ("from m import f\nf()\n", "from m import __g\n__g()\n"),
            ("from m import f\nclass A(f):\n    pass\n", "from m import __g\nclass A(__g):\n    pass\n"),
            ("from m import f\nclass A:\n    x = f()\n", "from m import __g as f\nclass A:\n    x = f()\n"),
            ("from m import f as h\nclass A:\n    x = h()\n", "from m import __g as h\nclass A:\n    x = h()\n"),
            ("import m\nm.f()\n", "import m\nm.__g()\n"),
        ],
    );
    check("m.f", "m.__g__", &[("import m\nclass A:\n    x = m.f()\n", "import m\nclass A:\n    x = m.__g__()\n")]);
    check("old", "__new", &[("import old\nclass A:\n    x = old.f()\n", "import __new as old\nclass A:\n    x = old.f()\n")]);
    check(
        "m.f",
        "n.__g",
        &[("from n import __g as h\nimport m\nclass A:\n    x = m.f()\n", "from n import __g as h\nclass A:\n    x = h()\n")],
    );
    let private = "is private, and a class reads another name in its place";
    let refused = |from: &str, to: &str, text: &str, line: u32, name: &str| {
        refuses(from, to, &[(text, line, &format!("{name} {private}"))]);
    };
    refused("m.f", "m.__g", "import m\nclass A:\n    def h(self): m.f()\n", 3, "m.__g");
    refused("m.f", "n.__g", "import m\nclass A:\n    def h(self): m.f()\n", 3, "n.__g");
    refused("m.f", "m.__g", "class A:\n    def h(self):\n        from m import f\n        f()\n", 3, "m.__g");
    refused("m.f", "m.__g", "import m\nk = m\nclass A:\n    x = k.f()\n", 4, "m.__g");
}

/// What a rename makes of a text in a module, and the lines of its remarks.
fn renamed(module: &str, from: &str, to: &str, text: &str) -> (String, Vec<u32>) {
    let rename = Rename { from: from.into(), to: to.into(), ..Rename::default() };
    let source = Source::new(text.as_bytes()).unwrap();
    let applied = apply(&Parsed::new(&source, Some(module)), &[Step::Rename(&rename)]).unwrap();
    let itself = applied.remarks.iter().filter(|remark| remark.message.contains("itself"));
    let lines = itself.map(|remark| remark.line).collect();
    (applied.bytes.map_or_else(|| text.to_owned(), |bytes| String::from_utf8(bytes).unwrap()), lines)
}

#[test]
fn the_module_of_the_new_name_does_not_import_itself() {
    for (module, from, to, text, lines) in [
        ("n", "m.f", "n.g", "import m\ndef g(x): return m.f(x)\n", vec![2]),
        ("n", "m.f", "n.f", "from m import f\nf()\n", vec![1]),
        ("n", "m.f", "n.f", "import m\nk = m\ndef f(): k.f()\n", vec![3]),
        ("n", "m", "n", "import m\nm.x\n", vec![1]),
        ("n", "m", "n", "from m import x\nx\n", vec![1]),
        ("n", "m", "n", "import m as k\nk.x\n", vec![1]),
        ("p.__init__", "p.q.f", "p.g", "from . import q\ndef h(): q.f(1)\n", vec![2]),
        ("p.s.__init__", "p.s.q.f", "p.s.f", "from .q import f\n__all__ = ['f']\n", vec![1]),
        ("p.n", "p.m", "p.n", "from . import m\nm.x\n", vec![1]),
    ] {
        assert_eq!(renamed(module, from, to, text), (text.to_owned(), lines), "{text}");
    }
    for (module, from, to, text, want) in [
        // What a package imports from itself are its modules.
        ("p.__init__", "p.old", "p.new", "from . import old\ndef h(): old.x\n", "from . import new as old\ndef h(): old.x\n"),
        ("p.__init__", "p.old", "p.new", "from .old import x\n", "from .new import x\n"),
        ("p.__init__", "p.q.f", "p.g", "from .q.f import x\n", "from .g import x\n"),
        ("p.__init__", "q", "p", "from q.f import x\n", "from p.f import x\n"),
        ("p.x", "p.q.f", "p.g", "from .q import f\nf()\n", "from . import g\ng()\n"),
        ("p.n.__main__", "p.m.f", "p.n.f", "from p.m import f\nf()\n", "from p.n import f\nf()\n"),
    ] {
        assert_eq!(renamed(module, from, to, text), (want.to_owned(), Vec::new()), "{text}");
    }
}
