//! What becomes of imports beside the one of the renamed name, and of their comments.

use crate::plan::Rename;
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::rename::tests::check;
use crate::rewrite::{Step, apply};

#[test]
fn comments_of_imports_that_go_are_kept_where_they_are_for_people() {
    check(
        "m.f",
        "n.g",
        &[
            ("from n import x\nfrom m import f  # noqa: F401\nf(x)\n", "from n import x, g\ng(x)\n"),
            ("from n import x\nfrom m import f  # why  # noqa\nf(x)\n", "from n import x, g\n# why\ng(x)\n"),
            (
                "def h():\n    from n import x\n    from m import (  # one\n        f,  # two\n    )\n    f(x)\n",
                "def h():\n    from n import x, g\n    # one\n    # two\n    g(x)\n",
            ),
            (
                "from m import (\n    a,\n    f,  # noqa: F401\n    b,\n)\nf\n",
                "from m import (\n    a,\n    b,\n)\nfrom n import g  # noqa: F401\ng\n",
            ),
            ("x = 1; from m import (\n    a,\n    f,  # noqa\n)\nf\n", "x = 1; from m import (\n    a,\n); from n import g\ng\n"),
        ],
    );
    let rename = Rename { from: "m.f".into(), to: "n.g".into(), ..Rename::default() };
    let source = Source::new(b"from n import x\nfrom m import f  # noqa: F401\nf(x)\n").unwrap();
    let applied = apply(&Parsed::new(&source, None), &[Step::Rename(&rename)]).unwrap();
    let told: Vec<(u32, &str)> = applied.remarks.iter().map(|told| (told.line, told.message.as_str())).collect();
    assert_eq!(told, [(2, "`# noqa: F401` goes with the line that it stood behind")]);
}
