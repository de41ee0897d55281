//! Places that a rename writes in another way, or leaves: what is set, and private names in classes.

use crate::rewrite::rename::tests::{check, refuses};

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
