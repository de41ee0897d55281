use serde_json::Value;

use crate::support::Repo;

/// Two phases, a rule that is in none, and one that is a command.
const PLAN: &str = "\
version: 1
name: test
issue: \"#1\"
rules:
  f: { rename: { from: old.f, to: new.g } }
  h: { rename: { from: old.h, to: new.h } }
  other: { command: \"true {file}\" }
phases:
  - id: P0
    files: [{ path: a.py, rules: [f] }]
  - id: P1
    files: [{ glob: \"lib/*.py\", rules: [f] }]
";

fn repo() -> Repo {
    let repo = Repo::with(&[
        ("a.py", "from old import f\nf(1)\n"),
        ("lib/b.py", "import old\n\n\nx = 'é', old.f(2)\n"),
        ("lib/c.py", "from old import h\n"),
        ("lib/d.py", "import old as m\ntry:\n    import old as n\nexcept ImportError:\n    n = None\nm.f(), n.f()\n"),
        ("other/e.py", "# old.f\nf = 'old.f'\n"),
        ("other/f.pyi", "from old import f as f\n"),
        ("other/g.txt", "from old import f\n"),
    ]);
    repo.write("plans/p.yaml", PLAN);
    repo.commit_all("plan");
    repo
}

#[track_caller]
fn json(repo: &Repo, args: &[&str]) -> Value {
    let said = repo.migrate(&[&["scan", "--json"], args].concat()).succeeds();
    assert_eq!(said.stdout.lines().count(), 1, "{}", said.stdout);
    serde_json::from_str(&said.stdout).unwrap()
}

/// `path:line:column kind rule phase fate` of each place.
fn places(found: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let place = |place: &Value| {
        let words = ["kind", "rule", "phase", "fate"].map(|key| text(&place[key]));
        format!("{}:{}:{} {}", text(&place["path"]), place["line"], place["column"], words.join(" "))
    };
    found["places"].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn every_violation_is_told_by_phase_rule_and_place_and_the_last_line_is_the_compliance() {
    let want = "\
phase 1 (P0)  f  2 violations in 1 file: 1 import, 1 use
phase 2 (P1)  f  2 violations in 2 files: 2 uses
in no phase   f  1 violation in 1 file: 1 import
in no phase   h  1 violation in 1 file: 1 import

a.py:1:17 import old.f [f]
a.py:2:1 use old.f [f]
lib/b.py:4:10 use old.f [f]
other/f.pyi:1:17 import old.f [f]

lib/c.py:1:17 import old.h [h]

not transformed automatically: 1
  lib/d.py:6:1 use old.f [f]: line 6: n is old or something else here, depending on how the program runs

undecided: 1
  lib/d.py:6:8 use old.f [f]: n may also be something else here, depending on how the program runs

6 violations in 5 of 6 files, 2 in no phase, 1 undecided; 16.6% of the files comply
";
    let repo = repo();
    let state = repo.state();
    assert_eq!(repo.migrate(&["scan"]).succeeds().stdout, want);
    assert_eq!(repo.state(), state);
}

#[test]
fn as_data_it_says_the_same() {
    let found = json(&repo(), &[]);
    assert_eq!(
        places(&found),
        [
            "a.py:1:17 import f P0 goes",
            "a.py:2:1 use f P0 goes",
            "lib/b.py:4:10 use f P1 goes",
            "lib/c.py:1:17 import h - goes",
            "lib/d.py:6:1 use f P1 stays",
            "lib/d.py:6:8 use f P1 undecided",
            "other/f.pyi:1:17 import f - goes",
        ]
    );
    for (key, want) in [("files", 6), ("violating_files", 5), ("violations", 6), ("stay", 1), ("undecided", 1)] {
        assert_eq!(found[key], want, "{key}");
    }
    assert_eq!((&found["compliance"], &found["plan"]), (&Value::from(16.6), &Value::from("test")));
    assert_eq!(found["symbol_is_used"], Value::Null);
    let sum: u64 = found["by_rule"].as_array().unwrap().iter().map(|count| count["violations"].as_u64().unwrap()).sum();
    assert_eq!(sum, 6);
    assert_eq!((&found["places"][4]["end_column"], &found["places"][2]["end_column"]), (&Value::from(4), &Value::from(15)));
}

#[test]
fn rules_phases_and_paths_narrow_it_from_any_folder() {
    let repo = repo();
    for (args, want) in [
        (&["--rule", "h"][..], &["lib/c.py:1:17 import h - goes"][..]),
        (&["--phase", "P0"], &["a.py:1:17 import f P0 goes", "a.py:2:1 use f P0 goes"]),
        (&["--phase", "1", "--rule", "h"], &[]),
        (&["lib/c.py", "other"], &["lib/c.py:1:17 import h - goes", "other/f.pyi:1:17 import f - goes"]),
        (&["lib", "--rule", "h"], &["lib/c.py:1:17 import h - goes"]),
    ] {
        assert_eq!(places(&json(&repo, args)), want, "{args:?}");
    }
    let within = |args: &[&str]| {
        let output = repo.command(crate::support::MIGRATE).current_dir(repo.top().join("other")).args(args).output().unwrap();
        places(&serde_json::from_slice(&output.stdout).unwrap())
    };
    assert_eq!(within(&["scan", "--json", "f.pyi", "../a.py", "--rule", "f"]).len(), 3);
    assert_eq!(within(&["scan", "--json", "--rule", "f"]).len(), 6);
    assert_eq!(within(&["scan", "--json", ".", "--rule", "f"]).len(), 1);
    assert_eq!(within(&["scan", "--json", "..", "--rule", "f"]).len(), 6);
    repo.migrate(&["scan", "nowhere"]).exits(2).says("no tracked file in scope is nowhere or below it");
    repo.migrate(&["scan", "--rule", "g"]).exits(2).says("has no rule \"g\"").says("it has f, h, other");
    repo.migrate(&["scan", "--rule", "other"]).exits(2).says("is a command");
    repo.migrate(&["scan", "--phase", "P7"]).exits(2).says("no phase");
}

#[test]
fn more_violations_than_allowed_are_exit_code_1() {
    let repo = repo();
    repo.migrate(&["scan", "--fail-over", "6"]).succeeds();
    let said = repo.migrate(&["scan", "--fail-over", "5"]).exits(1).says("6 violations are more than the 5 that are allowed");
    assert!(said.stdout.ends_with("comply\n"), "{}", said.stdout);
    repo.migrate(&["scan", "--rule", "h", "--fail-over", "0", "--json"]).exits(1);
}

#[test]
fn a_symbol_needs_no_plan() {
    let repo = Repo::with(&[("a.py", "from x.y import f\nf(1)\n"), ("b.py", "y = f = 1\n")]);
    let said = repo.migrate(&["scan", "--symbol", "x.y.f"]).succeeds();
    let want = "\
x.y.f  2 violations in 1 file: 1 import, 1 use

a.py:1:17 import x.y.f
a.py:2:1 use x.y.f

2 violations in 1 of 2 files; 50.0% of the files comply
";
    assert_eq!(said.stdout, want);
    assert_eq!(places(&json(&repo, &["--symbol", "x.y.f"])).len(), 2);
    let none = repo.migrate(&["scan", "--symbol", "x.y.g", "--fail-over", "0"]).succeeds();
    assert_eq!(none.stdout, "nothing in 2 tracked files imports or uses x.y.g: is the name right?\n");
    for (symbol, used) in [("x.y.f", true), ("x.y.g", false), ("x", true)] {
        assert_eq!(json(&repo, &["--symbol", symbol])["symbol_is_used"], used, "{symbol}");
    }
    repo.write("b.py", "from x import *\ny.g()\n");
    repo.migrate(&["scan", "--symbol", "x.y.g"])
        .succeeds()
        .prints("undecided: 1")
        .prints("0 violations in 0 of 2 files, 1 undecided; 100.0%");
    repo.write("b.py", "from x.y import g\0\n");
    repo.migrate(&["scan", "--symbol", "x.y.g"])
        .succeeds()
        .prints("nothing that could be read in 2 tracked files imports or uses");
    repo.migrate(&["scan", "--symbol", "x..f"]).exits(2).says("is not a dotted name");
    repo.migrate(&["scan", "--symbol", "x.f", "--phase", "1"]).exits(2);
    repo.migrate(&["scan"]).exits(2).says("there is no plan");
}

#[test]
fn files_that_cannot_be_read_are_told_and_stop_no_others() {
    let good = "from old import f\n";
    let repo = repo();
    repo.write("z/nul.py", format!("{good}\0"));
    repo.write("z/klingon.py", format!("# coding: klingon\n{good}"));
    repo.write("z/large.py", vec![b'#'; (8 << 20) + 1]);
    repo.write("z/link.py", good);
    repo.write("z/gone.py", good);
    repo.write("z/unrelated.py", "x\0");
    repo.write("z/deep.py", format!("{good}{}", "(".repeat(100_000)));
    repo.write("z/python2.py", format!("{good}print 'f'\n"));
    repo.write("z/bytes.py", [good.as_bytes(), b"f('\xff')\n"].concat());
    repo.commit_all("odd ones");
    let link = repo.top().join("z/link.py");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../a.py", &link).unwrap();
    std::fs::remove_file(repo.top().join("z/gone.py")).unwrap();
    let found = json(&repo, &["z", "a.py"]);
    let unreadable: Vec<&str> =
        found["unreadable"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(unreadable, ["z/klingon.py", "z/large.py", "z/link.py", "z/nul.py"], "{found}");
    assert_eq!(found["unreadable"][0]["reason"], "unknown encoding klingon declared in line 1");
    let places = places(&found);
    let of = |path: &str| places.iter().filter(|place| place.starts_with(path)).cloned().collect::<Vec<_>>();
    assert_eq!(of("a.py").len(), 2);
    assert_eq!(of("z/python2"), ["z/python2.py:1:17 import f - stays"]);
    assert_eq!(of("z/bytes"), ["z/bytes.py:1:17 import f - stays", "z/bytes.py:2:1 use f - stays"]);
    assert_eq!(of("z/deep"), ["z/deep.py:1:17 import f - stays"]);
    assert_eq!(of("z/gone"), ["z/gone.py:1:17 import f - stays"]);
    assert_eq!(found["files"], 10);
    let text = repo.migrate(&["scan"]).succeeds().stdout;
    assert!(text.contains("\ncould not be read: 4\n  z/klingon.py: unknown encoding"), "{text}");
    assert!(text.contains(" files, 4 could not be read, 7 in no phase, 1 undecided; "), "{text}");
}

#[test]
fn reasons_are_told_once_with_an_example_and_what_to_do() {
    let repo = repo();
    for name in ["p", "q"] {
        repo.write(&format!("{name}.py"), "\n".repeat(name.len()) + "from old import f\nprint f\n");
    }
    repo.write("nul.py", "from old import f\n\0\n");
    repo.commit_all("more");
    let text = repo.migrate(&["scan", "--rule", "f", "--by-reason"]).succeeds().stdout;
    let reason = "the file is not valid Python: simple statements must be separated by newlines or semicolons";
    assert!(text.contains(&format!("2 files, 4 places: {reason}\n  such as p.py:2:17\n  help: fix the file first\n")), "{text}");
    assert!(text.contains("1 file: could not be read: a NUL byte\n  such as nul.py\n"), "{text}");
    assert!(text.contains(" or are undecided, for "), "{text}");
    assert!(!text.contains("100"), "{text}");
}

#[test]
fn a_file_that_takes_too_long_is_named_and_holds_up_no_other() {
    let repo = repo();
    // A run of lines that go on costs its square.
    repo.write("slow.py", format!("from old import f\nx = 1 + \\\n{} 2\n", "\\\n".repeat(200_000)));
    repo.commit_all("a slow one");
    let found = json(&repo, &["--rule", "f"]);
    assert_eq!(found["unreadable"][0]["path"], "slow.py");
    assert_eq!(found["unreadable"][0]["reason"], "parsing took longer than 2 seconds");
    assert_eq!(places(&found).len(), 6);
}

#[test]
fn compliance_is_measured_over_the_scope_of_the_plan() {
    let repo = repo();
    let scope = "scope: { include: [\"**/*.py\"], exclude: [\"other/**\", \"a.py\"] }\n";
    repo.write("plans/p.yaml", PLAN.replace("rules:\n  f", &format!("{scope}rules:\n  f")));
    let found = json(&repo, &["--rule", "h"]);
    assert_eq!((&found["files"], &found["compliance"]), (&Value::from(3), &Value::from(66.6)));
    assert_eq!(places(&json(&repo, &[])).len(), 4);
}

#[test]
fn the_edits_of_a_file_count_as_its_rule_and_the_guards_judge_them() {
    let repo = repo();
    let edit = "edits: [{ before: \"m.f(), n.f()\", after: \"1\" }]";
    let entry = format!("phases:\n  - id: P9\n    files: [{{ path: lib/d.py, rules: [f], {edit} }}]\n");
    repo.write("plans/p.yaml", PLAN.replace("phases:\n", &entry));
    let found = json(&repo, &["lib/d.py"]);
    assert_eq!(places(&found), ["lib/d.py:6:1 use f P9 goes", "lib/d.py:6:8 use f P9 undecided"]);
    repo.write("plans/p.yaml", PLAN.replace("phases:\n", &entry.replace("after: \"1\"", "after: \"nobody\"")));
    let found = json(&repo, &["lib/d.py"]);
    assert_eq!(places(&found), ["lib/d.py:6:1 use f P9 stays", "lib/d.py:6:8 use f P9 undecided"]);
    let reason = found["places"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the unit would fail: ")
            && !reason.contains("lib/d.py")
            && reason.ends_with("(unbound), in what the rules write: `nobody`"),
        "{reason}"
    );
}

#[test]
fn a_sarif_log_names_rules_places_and_what_does_not_change_with_the_lines() {
    let repo = repo();
    repo.write("other/é x.py", "from old import f\n");
    repo.write("other/nul.py", "from old import f\n\0");
    repo.commit_all("odd names");
    let log = |repo: &Repo| -> Value { serde_json::from_str(&repo.migrate(&["scan", "--sarif"]).succeeds().stdout).unwrap() };
    let first = log(&repo);
    let run = &first["runs"][0];
    assert_eq!((&first["version"], &run["tool"]["driver"]["name"]), (&Value::from("2.1.0"), &Value::from("migrate")));
    let ids: Vec<&Value> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    assert_eq!(ids, ["f", "h"]);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 8);
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(&result["ruleId"], ids[rule]);
    }
    let place = |at: usize| &results[at]["locations"][0]["physicalLocation"];
    let region = serde_json::json!({ "startLine": 4, "startColumn": 10, "endLine": 4, "endColumn": 15 });
    assert_eq!(place(2)["region"], region);
    assert_eq!(place(7)["artifactLocation"], serde_json::json!({ "uri": "other/%C3%A9%20x.py", "uriBaseId": "%SRCROOT%" }));
    let root = run["originalUriBaseIds"]["%SRCROOT%"]["uri"].as_str().unwrap();
    assert_eq!(root, format!("file://{}/", repo.top().display()));
    let told = &run["invocations"][0]["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(told["uri"], "other/nul.py");
    assert_eq!(results[5]["level"], "note");
    let fingerprints = |log: &Value| -> Vec<Value> {
        log["runs"][0]["results"].as_array().unwrap().iter().map(|result| result["partialFingerprints"].clone()).collect()
    };
    let before = fingerprints(&first);
    let mut distinct: Vec<String> = before.iter().map(ToString::to_string).collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 8);
    repo.write("a.py", "# a new line\n\nfrom old import f\nf(1)\n");
    let second = log(&repo);
    assert_eq!(second["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
    assert_eq!(fingerprints(&second), before);
}

#[test]
fn what_is_long_is_told_as_a_number_unless_all_is_asked_for() {
    let repo = Repo::with(&[("a.py", &format!("from x import f\n{}", "f()\n".repeat(30)))]);
    let said = repo.migrate(&["scan", "--symbol", "x.f"]).succeeds();
    assert!(said.stdout.contains("\n  (11 more, listed with --verbose)\n"), "{}", said.stdout);
    let all = repo.migrate(&["scan", "--symbol", "x.f", "--verbose"]).succeeds();
    assert!(all.stdout.contains("\na.py:31:1 use x.f\n"), "{}", all.stdout);
}

#[test]
fn strings_and_documents_count_where_the_rule_reads_them() {
    let repo = Repo::with(&[
        ("a.py", "from unittest import mock\nwith mock.patch(\"old.f\"):\n    pass\n"),
        ("b.py", "def g():\n    \"\"\"Do it.\n\n    >>> from old import f\n    >>> f(1)\n    \"\"\"\n"),
        ("c.md", "# Use\n\n```python\nfrom old import f\nf(1)\n```\n"),
        ("d.md", "Say old.f in prose.\n"),
    ]);
    let plan = |more: &str| {
        let text = PLAN.replace("to: new.g }", &format!("to: new.g{more} }}"));
        text.replace("f: { rename", "f: { may_match_nothing: true, rename")
            .replace("h: { rename", "h: { may_match_nothing: true, rename")
    };
    repo.write("plans/p.yaml", plan(""));
    assert_eq!(json(&repo, &[])["violations"], 0);
    repo.write("plans/p.yaml", plan(", strings: true, docs: true"));
    let found = json(&repo, &["--rule", "f"]);
    let places = places(&found);
    let of = |path: &str| places.iter().filter(|place| place.starts_with(path)).collect::<Vec<_>>();
    assert_eq!(of("a.py"), ["a.py:2:18 string f P0 goes"]);
    assert!(!of("b.py").is_empty() && of("b.py").iter().all(|place| place.contains(" doc f - goes")), "{places:?}");
    assert!(!of("c.md").is_empty() && of("c.md").iter().all(|place| place.contains(" doc f - goes")), "{places:?}");
    assert_eq!(of("d.md"), Vec::<&String>::new());
    assert_eq!(found["files"], 4);
}

/// Two rules for two idioms of one name, and files that one of them takes up, both, and neither can change.
fn idioms() -> Repo {
    let rule = |name: &str, before: &str, after: &str| {
        let text = |text: &str| text.replace('\n', "\\n");
        format!("  {name}: {{ rewrite: {{ before: \"{}\", after: \"{}\" }} }}\n", text(before), text(after))
    };
    let rules = rule("none", "from old import f\nf()", "from new import g\ng()")
        + &rule("one", "from old import f\nf($X)", "from new import g\ng($X)");
    let text = "from old import f\nf()\nf(1)\n";
    let repo = Repo::with(&[("a.py", text), ("b.py", text), ("c.py", "from old import f\nf(1, 2)\nf(1)\n")]);
    let phases = "phases:\n  - { id: P0, files: [a.py, c.py, { path: b.py, rules: [one] }] }\n";
    repo.write("plans/p.yaml", format!("version: 1\nname: test\nissue: \"#1\"\nrules:\n{rules}{phases}"));
    repo.commit_all("plan");
    repo
}

#[test]
fn a_place_that_several_rules_find_is_counted_once_and_names_them_all() {
    let repo = idioms();
    let found = json(&repo, &["a.py"]);
    assert_eq!(places(&found), ["a.py:1:17 import none P0 goes", "a.py:2:1 use none P0 goes", "a.py:3:1 use one P0 goes"]);
    assert_eq!(found["violations"], 3);
    let rules: Vec<&Value> = found["places"].as_array().unwrap().iter().map(|place| &place["rules"]).collect();
    let (first, second) = (serde_json::json!(["none", "one"]), serde_json::json!(["one", "none"]));
    assert_eq!(rules, [&first, &first, &second]);
    let counts: Vec<(&Value, &Value)> =
        found["by_rule"].as_array().unwrap().iter().map(|of| (&of["rule"], &of["violations"])).collect();
    assert_eq!(counts[..2], [(&Value::from("none"), &Value::from(3)), (&Value::from("one"), &Value::from(3))]);
    let text = repo.migrate(&["scan", "a.py"]).succeeds().stdout;
    let remark = "\nplaces that several rules find count once in the total\n";
    assert!(text.contains(remark) && text.contains("\na.py:3:1 use old.f [one, none]\n"), "{text}");
    assert!(text.contains("\na.py:2:1 use old.f [none, one]\n") && text.contains("\n3 violations in 1 of 1 file; "), "{text}");
    repo.migrate(&["scan", "--fail-over", "3", "a.py"]).succeeds();
    let log: Value = serde_json::from_str(&repo.migrate(&["scan", "--sarif", "a.py"]).succeeds().stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[0]["properties"]["rules"], serde_json::json!(["none", "one"]));
}

#[test]
fn what_is_said_of_a_place_is_what_a_run_makes_of_it() {
    let repo = idioms();
    let before = json(&repo, &[]);
    let fates = |path: &str| {
        let all = places(&before);
        all.iter()
            .filter(|place| place.starts_with(path))
            .map(|place| place.rsplit(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (fates("a.py"), fates("b.py"), fates("c.py")),
        (vec!["goes".into(); 3], vec!["stays".into(); 3], vec!["stays".into(); 3])
    );
    let reason = before["places"].as_array().unwrap().iter().find(|place| place["path"] == "c.py" && place["line"] == 3).unwrap()
        ["reason"]
        .clone();
    assert_eq!(reason, "the unit would fail in lines 1, 2");
    repo.migrate(&["check"]).exits(1).prints("1 to change, 0 done or with nothing to do, 2 that cannot be changed");
    for path in ["a.py", "b.py", "c.py"] {
        repo.migrate(&["run", "--file", path]).exits(i32::from(path != "a.py"));
    }
    assert_eq!(json(&repo, &[])["violations"], before["stay"]);
}

#[test]
fn files_that_cannot_be_read_are_never_full_compliance_and_never_few_enough() {
    let repo = Repo::with(&[("a.py", "x = 1\n"), ("b.py", "from old import f\n\0")]);
    repo.write("plans/p.yaml", PLAN.replace("\"lib/*.py\"", "\"*.py\"").replace(" } }\n", " }, may_match_nothing: true }\n"));
    repo.commit_all("plan");
    repo.migrate(&["scan"]).succeeds().prints("0 violations in 0 of 2 files, 1 could not be read; 50.0% of the files comply");
    for allowed in ["0", "7"] {
        repo.migrate(&["scan", "--fail-over", allowed])
            .exits(1)
            .says("1 file could not be read")
            .says("help: make them readable, or leave them out");
    }
    repo.migrate(&["scan", "--symbol", "old.f", "--fail-over", "7"]).exits(1);
}

#[test]
fn where_nothing_is_measured_there_is_no_compliance() {
    let repo = repo();
    repo.write("plans/p.yaml", PLAN.replace("rules:\n  f", "scope: { include: \"srcc/**\" }\nrules:\n  f"));
    repo.migrate(&["scan", "--fail-over", "0"])
        .exits(2)
        .says("no tracked file is in the plan's scope")
        .says("help: correct `include`");
    let edits = "  - id: P0\n    files: [{ path: a.py, edits: [{ before: f(1), after: g(1) }] }]\n";
    let without_rules = crate::support::plan(edits);
    let (head, _) = without_rules.split_once("rules:").unwrap();
    repo.write("plans/p.yaml", format!("{head}phases:\n{edits}"));
    repo.migrate(&["scan", "--fail-over", "0"]).exits(2).says("has no rename or rewrite rules").says("help: ");
    let empty = Repo::with(&[("a.txt", "")]);
    let said = empty.migrate(&["scan", "--symbol", "a.b"]).succeeds();
    assert!(!said.stdout.contains('%'), "{}", said.stdout);
}

#[test]
fn what_a_sparse_work_tree_leaves_out_and_what_was_deleted_is_read_as_git_has_it() {
    let made = repo();
    made.write("pkg/__init__.py", "");
    made.write("pkg/old.py", "def f(): pass\n");
    made.write("pkg/user.py", "from .old import f\nf()\n");
    made.write("pkg/clean.py", "x = 1\n");
    made.commit_all("a package");
    let here = json(&made, &[]);
    let named = json_of_symbol(&made);
    made.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/lib/", "!/pkg/"]);
    std::fs::remove_file(made.top().join("a.py")).unwrap();
    assert!(!made.top().join("lib").exists() && !made.top().join("pkg").exists());
    let found = json(&made, &[]);
    for key in ["files", "violations", "violating_files", "compliance", "undecided", "unreadable"] {
        assert_eq!(found[key], here[key], "{key}");
    }
    let why = |path: &str| {
        let places = found["places"].as_array().unwrap();
        places.iter().find(|place| place["path"] == path).map(|place| (place["fate"].clone(), place["reason"].clone()))
    };
    let absent = Some((Value::from("stays"), Value::from("the file is not in the work tree")));
    assert_eq!((why("a.py"), why("lib/c.py")), (absent.clone(), absent));
    assert_eq!(json_of_symbol(&made), named);
    assert_eq!(named.len(), 2);
    made.migrate(&["scan", "--fail-over", "5"]).exits(1).says("6 violations are more than the 5");
}

/// Where a symbol is used that relative imports lead to.
fn json_of_symbol(repo: &Repo) -> Vec<String> {
    places(&json(repo, &["--symbol", "pkg.old.f"]))
}
