//! Renames to what stands in a class, and to a module that comes by `from`: where the module ends in the new name.

use crate::plan::Rename;
use crate::rewrite::{Step, rewritten};

/// A rename to `to`, in which a colon says where the module ends; `found` as if it had been looked up.
fn rename(from: &str, to: &str, found: bool) -> Rename {
    let (module, rest) = to.split_once(':').unwrap();
    let (from, module) = (from.to_owned(), Some(module.to_owned()));
    let to = format!("{}.{rest}", module.as_deref().unwrap());
    match found {
        true => Rename { from, to, found: module, ..Rename::default() },
        false => Rename { from, to, module, ..Rename::default() },
    }
}

#[track_caller]
fn check(from: &str, to: &str, cases: &[(&str, &str)]) {
    for found in [false, true] {
        checked(&rename(from, to, found), cases);
    }
}

#[track_caller]
fn checked(rename: &Rename, cases: &[(&str, &str)]) {
    for (before, after) in cases {
        let got = rewritten(before.as_bytes(), Some("pkg.sub.mod"), &[Step::Rename(rename)]);
        let got = got.unwrap_or_else(|error| panic!("{error} in line {}\n{before}", error.line));
        assert_eq!(String::from_utf8_lossy(&got), *after, "\nbefore:\n{before}");
        let again = rewritten(&got, Some("pkg.sub.mod"), &[Step::Rename(rename)]).unwrap();
        assert_eq!(String::from_utf8_lossy(&again), *after, "\na second time:\n{before}");
    }
}

#[track_caller]
fn refuses(rename: &Rename, cases: &[(&str, &str)]) {
    for (text, message) in cases {
        let error = rewritten(text.as_bytes(), Some("pkg.sub.mod"), &[Step::Rename(rename)]).unwrap_err();
        assert_eq!(error.to_string(), *message, "{text}");
        assert!(!error.help().is_empty());
    }
}

#[test]
fn what_stands_in_a_class_is_read_from_the_class_and_the_class_is_imported() {
    check(
        "m.OLD",
        "m:Color.RED",
        &[
            ("from m import OLD\nf(OLD)\n", "from m import Color\nf(Color.RED)\n"),
            ("from m import OLD as X\nf(X, X.name)\n", "from m import Color\nf(Color.RED, Color.RED.name)\n"),
            ("from m import Color, OLD\nf(OLD, Color)\n", "from m import Color\nf(Color.RED, Color)\n"),
            ("from m import a, OLD, b\nf(OLD)\n", "from m import a, Color, b\nf(Color.RED)\n"),
            ("import m\nf(m.OLD, m.OLD.value)\n", "import m\nf(m.Color.RED, m.Color.RED.value)\n"),
            ("import m as n\nf(n.OLD)\n", "import m as n\nf(n.Color.RED)\n"),
            ("def g():\n    from m import OLD\n    return OLD\n", "def g():\n    from m import Color\n    return Color.RED\n"),
            (
                "from m import OLD\n@OLD\ndef g(x: 'OLD' = OLD): ...\n",
                "from m import Color\n@Color.RED\ndef g(x: 'Color.RED' = Color.RED): ...\n",
            ),
            (
                "from m import OLD\nx = f'{OLD!r}'\nk = OLD\nk.y\n",
                "from m import Color\nx = f'{Color.RED!r}'\nk = Color.RED\nk.y\n",
            ),
            (
                "from m import OLD\nmatch x:\n    case OLD.y: pass\n",
                "from m import Color\nmatch x:\n    case Color.RED.y: pass\n",
            ),
        ],
    );
}

#[test]
fn a_class_of_another_module_is_imported_from_there() {
    check(
        "m.OLD",
        "pkg.n:Color.Dark.RED",
        &[
            ("from m import OLD\nf(OLD)\n", "from pkg.n import Color\nf(Color.Dark.RED)\n"),
            ("from m import OLD, x\nf(OLD, x)\n", "from m import x\nfrom pkg.n import Color\nf(Color.Dark.RED, x)\n"),
            ("from m import OLD\nfrom pkg.n import Color\nf(OLD)\n", "from pkg.n import Color\nf(Color.Dark.RED)\n"),
            ("import m\nf(m.OLD)\n", "import pkg.n\nf(pkg.n.Color.Dark.RED)\n"),
        ],
    );
    check(
        "pytz.utc",
        "datetime:timezone.utc",
        &[
            ("from pytz import utc\nf(utc)\n", "from datetime import timezone\nf(timezone.utc)\n"),
            ("import pytz\nf(pytz.utc)\n", "import datetime\nf(datetime.timezone.utc)\n"),
            (
                "import datetime\nimport pytz\nf(pytz.utc, datetime.x)\n",
                "import datetime\nf(datetime.timezone.utc, datetime.x)\n",
            ),
            (
                "import pytz\nfrom datetime import timezone\nf(pytz.utc, pytz.x)\n",
                "import pytz\nfrom datetime import timezone\nf(timezone.utc, pytz.x)\n",
            ),
        ],
    );
}

#[test]
fn a_relative_import_of_the_old_name_stays_relative() {
    check(
        "pkg.sub.m.OLD",
        "pkg.sub.m:Color.RED",
        &[
            ("from .m import OLD\nf(OLD)\n", "from .m import Color\nf(Color.RED)\n"),
            ("from . import m\nf(m.OLD)\n", "from . import m\nf(m.Color.RED)\n"),
        ],
    );
    check("pkg.sub.m.OLD", "pkg.n:Color.RED", &[("from .m import OLD\nf(OLD)\n", "from ..n import Color\nf(Color.RED)\n")]);
}

#[test]
fn a_member_of_a_class_becomes_one_of_another_class() {
    check(
        "m.Old.make",
        "m:New.build",
        &[
            ("from m import Old\nOld.make()\n", "from m import New\nNew.build()\n"),
            ("from m import Old\nOld.make(Old.x)\n", "from m import Old\nfrom m import New\nNew.build(Old.x)\n"),
            ("import m\nm.Old.make()\n", "import m\nm.New.build()\n"),
        ],
    );
    check("m.Old.make", "m:Old.build", &[("from m import Old\nOld.make()\n", "from m import Old\nOld.build()\n")]);
}

#[test]
fn where_the_old_name_has_to_stay_the_file_is_refused() {
    let kept = "OLD has to stay a name here, and no import gives m.Color.RED under it";
    let rename = rename("m.OLD", "m:Color.RED", true);
    refuses(
        &rename,
        &[
            ("from m import OLD\n", kept),
            ("from m import OLD\n__all__ = ['OLD']\nf(OLD)\n", kept),
            ("from m import OLD as OLD\nf(OLD)\n", kept),
            ("try:\n    from m import OLD\nexcept ImportError:\n    OLD = None\nf(OLD)\n", kept),
            ("from m import OLD\nColor = 1\nf(OLD)\n", "Color already means something else here"),
            ("from m.OLD import x\nf(x)\n", "m.OLD.x is imported as a module, and m.Color.RED cannot be"),
            ("import m.OLD\nf(m.OLD.x)\n", "m.OLD is imported as a module, and m.Color.RED cannot be"),
        ],
    );
}

#[test]
fn a_module_comes_by_from_where_the_plan_says_that_its_package_is_the_module() {
    checked(
        &rename("mock", "unittest:mock", false),
        &[
            ("import mock\nmock.patch('x')\n", "from unittest import mock\nmock.patch('x')\n"),
            ("import mock as m\nm.patch('x')\n", "from unittest import mock as m\nm.patch('x')\n"),
            ("import os, mock\nmock.patch(os)\n", "import os\nfrom unittest import mock\nmock.patch(os)\n"),
            ("from mock import patch\npatch('x')\n", "from unittest.mock import patch\npatch('x')\n"),
            (
                "try:\n    import mock\nexcept ImportError:\n    mock = None\n",
                "try:\n    from unittest import mock\nexcept ImportError:\n    mock = None\n",
            ),
            ("import mock\nfrom unittest import mock\nmock.patch\n", "from unittest import mock\nmock.patch\n"),
        ],
    );
    checked(
        &rename("app.old", "app:new", false),
        &[
            ("import app.old\napp.old.f()\n", "from app import new\nnew.f()\n"),
            ("import app.old\napp.old.f(app.x)\n", "import app\nfrom app import new\nnew.f(app.x)\n"),
            ("from app import old\nold.f()\n", "from app import new\nnew.f()\n"),
        ],
    );
}

#[test]
fn a_module_does_not_become_what_is_surely_none() {
    let message = "old.f is imported as a module, and m.Color cannot be";
    refuses(&rename("old", "m:Color", true), &[("from old import f\nf()\n", message)]);
    checked(&rename("old", "m:Color", true), &[("import old\nold.RED\n", "from m import Color\nColor.RED\n")]);
}
