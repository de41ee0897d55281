//! Where the module ends in the name that a rename leads to: looked up in the tree and the standard library, or said by the plan.

use crate::support::Repo;

fn repo(files: &[(&str, &str)], rule: &str) -> Repo {
    let repo = Repo::with(files);
    let plan = "version: 1\nname: p\nissue: x\nrules:\n  r:\n    rename: RULE\nphases: [{ id: P0, rules: [r], files: [a.py] }]\n";
    repo.write("plans/p.yaml", plan.replace("RULE", rule));
    repo.commit_all("plan");
    repo
}

const COLORS: &str = "import enum\nclass Color(enum.Enum):\n    RED = 1\n    @staticmethod\n    def make(): return 2\nOLD = Color.RED\nold = Color.make\n";

#[test]
fn a_new_name_in_a_class_of_the_tree_is_read_from_the_class() {
    for (to, before, after) in [
        ("m.Color.RED", "from m import OLD\nprint(OLD)\n", "from m import Color\nprint(Color.RED)\n"),
        ("m.Color.RED", "import m\nprint(m.OLD)\n", "import m\nprint(m.Color.RED)\n"),
        ("\"m:Color.RED\"", "from m import OLD as X\nprint(X)\n", "from m import Color\nprint(Color.RED)\n"),
    ] {
        let repo = repo(&[("a.py", before), ("m.py", COLORS)], &format!("{{ from: m.OLD, to: {to} }}"));
        assert_eq!(repo.migrate(&["check"]).exits(0).stderr, "");
        repo.migrate(&["run"]).exits(0);
        assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), after);
        let ran = repo.command("python3").arg("a.py").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "Color.RED\n", "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn a_static_method_and_a_class_of_the_standard_library_are_known_too() {
    let files = [("a.py", "from m import old\nprint(old())\n"), ("m.py", COLORS)];
    let made = repo(&files, "{ from: m.old, to: m.Color.make }");
    made.migrate(&["run"]).exits(0);
    assert_eq!(String::from_utf8(made.read("a.py")).unwrap(), "from m import Color\nprint(Color.make())\n");

    let made = repo(&[("a.py", "from pytz import utc\nprint(utc)\n")], "{ from: pytz.utc, to: datetime.timezone.utc }");
    assert_eq!(made.migrate(&["check"]).exits(0).stderr, "");
    made.migrate(&["run"]).exits(0);
    assert_eq!(String::from_utf8(made.read("a.py")).unwrap(), "from datetime import timezone\nprint(timezone.utc)\n");
}

#[test]
fn a_plan_asks_for_a_module_by_from() {
    let before = "import mock\nfrom mock import patch\nprint(mock.patch is patch)\n";
    let made = repo(&[("a.py", before)], "{ from: mock, to: \"unittest:mock\" }");
    made.migrate(&["run"]).exits(0);
    let after = "from unittest import mock\nfrom unittest.mock import patch\nprint(mock.patch is patch)\n";
    assert_eq!(String::from_utf8(made.read("a.py")).unwrap(), after);
}

#[test]
fn where_the_module_cannot_be_known_the_check_says_so_and_how_to_say_it() {
    let files = [("a.py", "from lib import old\nold()\n")];
    let made = repo(&files, "{ from: lib.old, to: lib.text.new }");
    made.migrate(&["check"])
        .exits(0)
        .says("nothing here tells where the module ends in lib.text.new: it is taken to be lib.text");
    let said = repo(&files, "{ from: lib.old, to: \"lib.text:new\" }");
    assert_eq!(said.migrate(&["check"]).exits(0).stderr, "");
    for made in [made, said] {
        made.migrate(&["run"]).exits(0);
        assert_eq!(String::from_utf8(made.read("a.py")).unwrap(), "from lib.text import new\nnew()\n");
    }
}

#[test]
fn a_rename_into_the_old_class_is_refused() {
    let files = [("a.py", "from m import Color\nColor()\n"), ("m.py", COLORS)];
    let made = repo(&files, "{ from: m.Color, to: m.Color.RED }");
    for command in ["check", "run", "scan"] {
        made.migrate(&[command]).exits(2).says("m.Color.RED stands in m.Color itself");
    }
}
