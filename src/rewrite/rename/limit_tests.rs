//! Places that a rename writes in another way, or leaves: what is set.

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
