//! Units of several files, and files that are deleted, created or moved: what is read, and what is said of mistakes.

use super::tests::complaints;
use super::*;
use crate::path::RepoPath;
use crate::plan::{Treatment, Units};

/// A plan of two phases, of which the first has entries from line 8 on and the second one on line 11.
fn plan(first: &str, second: &str) -> String {
    format!(
        "version: 1\nname: x\nissue: y\nrules: {{ r: {{ command: c }} }}\nphases:\n  - id: P0\n    files:\n      - {first}\n  - id: P1\n    files:\n      - {second}\n"
    )
}

fn read(text: &str) -> Plan {
    parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
}

#[test]
fn files_are_deleted_created_and_moved_without_the_rules_of_their_phase() {
    let first = "{ paths: [a.py, b.py], delete: true }\n      - { path: c.py, create: \"x = 1\\n\", scope: s }\n      - { path: d.py, move_to: e/d.py, verify: [v] }\n      - { path: f/__init__.py, create: \"\" }\n      - g.py";
    let plan = read(&plan(first, "h.py"));
    let path = RepoPath::new("e/d.py").unwrap();
    let [delete, create, moved, empty, rewrite] = &plan.phases[0].targets[..] else { panic!("five entries") };
    assert_eq!((&delete.treatment, &create.treatment), (&Treatment::Delete, &Treatment::Create("x = 1\n".into())));
    assert_eq!((&moved.treatment, &empty.treatment), (&Treatment::Move(path), &Treatment::Create(String::new())));
    assert_eq!((&rewrite.treatment, &rewrite.rules[..]), (&Treatment::Rewrite, &[0][..]));
    for target in [delete, create, moved, empty] {
        assert!(target.rules.is_empty() && target.edits.is_empty() && target.expected.is_none());
    }
    assert_eq!((create.scope.as_deref(), moved.verify.len()), (Some("s"), 1));
    let said = |target: &crate::plan::Target| plan.source.slice(target.places.treatment.unwrap()).to_owned();
    assert_eq!([said(delete), said(create), said(moved)], ["delete", "create", "e/d.py"]);
}

#[test]
fn units_are_each_file_or_so_many_of_a_folder_or_of_the_phase() {
    for (written, want) in [
        ("", Units::Each),
        ("    units: each\n", Units::Each),
        ("    units: { by: folder }\n", Units::Folder { max_files: 20 }),
        ("    units: { by: folder, max_files: 1 }\n", Units::Folder { max_files: 1 }),
        ("    units: { max_files: 1000, by: all }\n", Units::All { max_files: 1000 }),
    ] {
        let text = plan("a.py", "b.py").replacen("    files:", &format!("{written}    files:"), 1);
        assert_eq!(read(&text).phases[0].units, want, "{written}");
    }
}

#[test]
fn a_group_is_named_by_several_entries_of_a_phase_and_has_one_label() {
    let first = "{ group: g, path: a.py }\n      - { paths: [b.py, c.py], group: g, label: the metrics }\n      - { path: d.py, delete: true, group: other }\n      - { path: e.py, group: g }";
    let text = plan(first, "h.py").replacen("    files:", "    units: { by: all }\n    files:", 1);
    let plan = read(&text);
    let groups = plan.phases[0].targets.iter().map(|target| target.group.as_ref().unwrap());
    let found: Vec<_> = groups.clone().map(|group| (group.name.as_str(), group.label.as_deref())).collect();
    let metrics = ("g", Some("the metrics"));
    assert_eq!(found, [metrics, metrics, ("other", None), metrics]);
    assert_eq!(groups.map(|group| plan.source.line_column(group.place.offset)).next(), Some((9, 18)));
    assert!(plan.phases[1].targets[0].group.is_none());
}

#[test]
fn every_mistake_in_an_entry_is_named_with_its_place_and_its_cure() {
    let mut wrong = Vec::new();
    for (first, second, expected) in [
        ("{ path: a.py, delete: false }", "b.py", "8:31: `delete` cannot be `false` | write `delete: true`, or remove the key"),
        ("{ path: a.py, delete: yes }", "b.py", "8:31: `delete` cannot be `yes` | write `delete: true`"),
        ("{ path: a.py, delete: \"true\" }", "b.py", "8:31: `delete` cannot be `true` in quotes | write `delete: true`"),
        ("{ path: a.py, delete: [1] }", "b.py", "8:31: `delete` cannot be a list | write `delete: true`"),
        ("{ glob: \"a/*\", delete: true }", "b.py", "8:24: `delete` with `glob` | name each file"),
        ("{ paths: [a.py], create: x }", "b.py", "8:26: `create` for more than one file | `create` is about one file: give it"),
        ("{ glob: \"a/*\", move_to: x }", "b.py", "8:24: `move_to` for more than one file | `move_to` is about one file"),
        ("{ path: a.py, create: true }", "b.py", "8:31: `create`: expected a text, found true or false | write the file's"),
        ("{ path: a.py, create: [] }", "b.py", "8:31: `create`: expected a text, found a list | write the file's whole text"),
        ("{ path: a.py, create: \"\\e\" }", "b.py", "8:31: `create` holds the control character U+001B"),
        ("{ path: a.py, delete: true, create: x }", "b.py", "8:37: the entry has both `delete` and `create` | keep one of the"),
        (
            "{ path: a.py, delete: true, rules: [r] }",
            "b.py",
            "8:37: `rules` for a file that is deleted | such a file is not rewritten: what other files need",
        ),
        ("{ path: a.py, delete: true, edits: [{before: a, after: b}] }", "b.py", "8:37: `edits` for a file that is deleted"),
        (
            "{ path: a.py, create: x, guards: { syntax: off } }",
            "b.py",
            "8:34: `guards` for a file that is created | such a file is not rewritten: its text is written",
        ),
        (
            "{ path: a.py, move_to: b/a.py, violations: 3 }",
            "b.py",
            "8:40: `violations` for a file that is moved | its bytes go as they are: what imports it changes by a rename",
        ),
        ("{ path: a.py, move_to: ../b.py }", "b.py", "8:32: `../b.py`: the path holds `..`"),
        ("{ path: a.py, move_to: a.py }", "b.py", "8:32: `a.py` is moved onto itself | give `move_to` another path"),
        ("{ path: a.py, move_to: b.py }", "b.py", "8:32: a file is moved to `b.py`, which the plan lists too | give `move_to`"),
        ("b.py", "{ path: a.py, move_to: b.py }", "11:32: a file is moved to `b.py`, which the plan lists too | give `move_to`"),
        (
            "{ path: a.py, move_to: b.py }",
            "{ path: b.py, create: x }",
            "8:32: a file is moved to `b.py`, which the plan creates | give one of the two another path",
        ),
        (
            "{ path: a.py, move_to: c.py }",
            "{ path: b.py, move_to: c.py }",
            "11:32: two files are moved to `c.py` (first on line 8) | give one of them another path",
        ),
        (
            "{ path: b.py, delete: true }",
            "{ path: b.py, create: x }",
            "11:17: `b.py` is listed twice (first on line 8) | keep one",
        ),
        (
            "{ path: a.py, move_to: b.py/a.py }",
            "b.py",
            "8:32: `b.py/a.py` would lie below `b.py`, which the plan has as a file | a file is no folder: choose",
        ),
        ("{ path: a, create: x }", "a/b/c.py", "8:17: `a/b/c.py` would lie below `a`, which the plan has as a file"),
        ("{ path: a/b.py, create: x }", "{ path: c, move_to: a }", "8:17: `a/b.py` would lie below `a`, which the plan has"),
        ("{ glob: \"a/*\", group: g }", "b.py", "8:24: `group` with `glob` | list its files by `path` or `paths`"),
        ("{ path: a.py, group: A_b }", "b.py", "8:30: `A_b` cannot be a group's name | a name is made of a-z, 0-9 and dashes"),
        ("{ path: a.py, group: [g] }", "b.py", "8:30: `group`: expected a text, found a list"),
        ("{ path: a.py, label: x }", "b.py", "8:23: `label` without `group` | a label says"),
        ("{ path: a.py, group: g, label: \"x\\ny\" }", "b.py", "8:40: `label` must be one line without tabs"),
        (
            "{ path: a.py, group: g }",
            "{ path: b.py, group: g }",
            "11:30: the group `g` is in two phases (first on line 8) | a group is one unit: list its files in one phase",
        ),
        (
            "{ path: a.py, group: g, label: x }\n      - { path: c.py, group: g, label: y }",
            "b.py",
            "9:40: the group `g` has two labels (first on line 8) | keep one of the two",
        ),
        ("{ path: a.py, groop: g }", "b.py", "8:23: unknown key `groop` in the entry | did you mean `group`?"),
    ] {
        let said = complaints(&plan(first, second));
        if said.len() != 1 || !said[0].starts_with(expected) {
            wrong.push(format!("expected {expected}\n    said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_in_units_is_named_with_its_place_and_its_cure() {
    let mut wrong = Vec::new();
    for (units, expected) in [
        ("folder", "7:12: `units` cannot be `folder` alone | write `units: { by: folder, max_files: 20 }`"),
        ("all", "7:12: `units` cannot be `all` alone | write `units: { by: all, max_files: 20 }`"),
        ("ech", "7:12: `units` cannot be `ech` | did you mean `each`?"),
        ("[each]", "7:12: `units`: expected `each`, or a map with `by` and `max_files`, found a list | write `each`, or"),
        ("{by: each}", "7:17: `by` cannot be `each` | write `units: each`, or leave `units` out"),
        ("{by: file}", "7:17: `by` cannot be `file` | one of: folder, all"),
        ("{max_files: 3}", "7:13: `units` lacks the key `by` | add it, such as `by: folder`"),
        ("{by: all, max_files: 0}", "7:33: `max_files` cannot be `0` | give a whole number from 1 to 1000"),
        ("{by: all, max_files: 1001}", "7:33: `max_files` cannot be `1001` | give a whole number from 1 to 1000"),
        ("{by: all, max_files: \"3\"}", "7:33: `max_files`: expected a number, found a text | remove the quotes"),
        ("{by: all, max_file: 3}", "7:22: unknown key `max_file` in `units` | did you mean `max_files`?"),
    ] {
        let text = plan("a.py", "b.py").replacen("    files:", &format!("    units: {units}\n    files:"), 1);
        let said = complaints(&text);
        if said.len() != 1 || !said[0].starts_with(expected) {
            wrong.push(format!("expected {expected}\n    said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_group_of_too_many_files_is_refused_with_what_is_for_many() {
    let group = |files: usize| {
        let paths: Vec<String> = (0..files).map(|at| format!("f{at}.py")).collect();
        complaints(&plan(&format!("{{ group: g, paths: [{}] }}", paths.join(", ")), "{ path: b.py }"))
    };
    assert_eq!(group(1000), [""; 0]);
    let said = group(10_000);
    assert!(
        said[0].starts_with("8:18: the group `g` has 10000 files, more than 1000 | all of a group is one commit"),
        "{said:?}"
    );
    assert!(said.len() == 1 && said[0].ends_with("`units: { by: folder, max_files: 20 }`"), "{said:?}");
}

#[test]
fn paths_that_lie_far_below_each_other_are_compared_in_little_time() {
    let start = std::time::Instant::now();
    let deep = "a/".repeat(100_000);
    let text = plan(&format!("{{ path: {deep}b.py, create: x }}"), &format!("{deep}c.py"));
    assert_eq!(complaints(&text), [""; 0]);
    let nested: String = (1..300).map(|at| format!("      - {}a\n", "a/".repeat(at))).collect();
    let said = complaints(&plan("{ path: a, create: x }", &format!("b.py\n{nested}")));
    assert!(said.len() == 100, "{}", said.len());
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}
