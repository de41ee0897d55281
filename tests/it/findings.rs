//! What stands below a finding: its line, with a caret at the place.

use crate::kit::{OLD, repo, untouched};
use crate::terminal::on_terminal;

#[test]
fn what_check_and_diff_say_of_a_place_stands_above_its_line() {
    let star = "from old import *\n\nprint('ä', f(1))\n";
    let repo = repo(
        &[("a.py", OLD), ("b.py", star), ("c.py", "from old import f\nprint 1\n")],
        "  - id: P0\n    files: [a.py, b.py, c.py]\n",
    );
    for args in [&["check"][..], &["diff"]] {
        untouched(&repo, 1, args)
            .says("warning: b.py:3:12: this may be old.f: `from old import *` may bring f\n  3 | print('ä', f(1))\n    |            ^\nhelp: ")
            .says("c.py:2:7: ")
            .says("\n  2 | print 1\n    |       ^\nhelp: ");
    }
}

#[test]
fn a_scan_shows_lines_to_people_and_one_line_for_each_place_to_programs() {
    let repo = repo(&[("a.py", "from old import f\n\n\nclass A:\n\tx = f(1)\n")], "  - id: P0\n    files: [a.py]\n");
    let screen = on_terminal(&repo, 100, &["scan", "--color", "never"], &[]).exits(0);
    for part in [
        "a.py:1:17 import old.f [f]\r\n  1 | from old import f\r\n    |                 ^\r\n",
        "a.py:5:6 use old.f [f]\r\n  5 |     x = f(1)\r\n    |         ^\r\n",
    ] {
        assert!(screen.text.contains(part), "{part:?} is not in {:?}", screen.text);
    }
    let said = untouched(&repo, 0, &["scan"]).stdout;
    assert!(said.contains("a.py:1:17 import old.f [f]\na.py:5:6 use old.f [f]\n"), "{said}");
}
