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

#[test]
fn a_name_that_comes_by_itself_is_not_imported_through_its_module_too() {
    check(
        "unittest.mock.patch",
        "mocks.patch",
        &[
            (
                "from unittest import mock\nfrom unittest.mock import patch\npatch(mock.patch, mock.Mock)\n",
                "from unittest import mock\nfrom mocks import patch\npatch(patch, mock.Mock)\n",
            ),
            (
                "from unittest.mock import Mock, patch as p\nfrom unittest import mock\np(mock.patch.x, Mock)\n",
                "from unittest.mock import Mock\nfrom mocks import patch as p\np(p.x, Mock)\n",
            ),
            (
                "import unittest.mock\nfrom unittest.mock import patch\npatch(unittest.mock.patch)\n",
                "from mocks import patch\npatch(patch)\n",
            ),
            (
                "def h():\n    from unittest import mock\n    from unittest.mock import patch\n    patch(mock.patch)\n",
                "def h():\n    from mocks import patch\n    patch(patch)\n",
            ),
            // Not where it may not be there yet, or another stands before it.
            (
                "from unittest import mock\nmock.patch(1)\nfrom unittest.mock import patch\npatch(2)\n",
                "import mocks\nmocks.patch(1)\nfrom mocks import patch\npatch(2)\n",
            ),
            (
                "from unittest import mock\nfrom unittest.mock import patch\ndef h(patch): return mock.patch(patch)\npatch\n",
                "import mocks\nfrom mocks import patch\ndef h(patch): return mocks.patch(patch)\npatch\n",
            ),
            (
                "from unittest import mock\nif x:\n    from unittest.mock import patch\n    patch(1)\nmock.patch(2)\n",
                "import mocks\nif x:\n    from mocks import patch\n    patch(1)\nmocks.patch(2)\n",
            ),
            (
                "from unittest import mock\ntry:\n    from unittest.mock import patch\nexcept E:\n    patch = 1\nmock.patch(2)\n",
                "import mocks\ntry:\n    from mocks import patch\nexcept E:\n    patch = 1\nmocks.patch(2)\n",
            ),
        ],
    );
}

#[test]
fn a_module_of_the_old_ones_name_does_not_take_its_place_while_that_is_used() {
    check(
        "unittest.mock.patch",
        "mock.patch",
        &[
            (
                "from unittest import mock\nmock.patch(mock.Mock)\n",
                "from unittest import mock\nimport mock as mock_module\nmock_module.patch(mock.Mock)\n",
            ),
            ("from unittest import mock\nmock.patch(mock.patch)\n", "import mock\nmock.patch(mock.patch)\n"),
            (
                "from unittest import mock\n__all__ = ['mock']\nmock.patch(1)\n",
                "from unittest import mock\nimport mock as mock_module\n__all__ = ['mock']\nmock_module.patch(1)\n",
            ),
        ],
    );
}
