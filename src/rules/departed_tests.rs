//! What is told of modules that a plan deletes or moves.

use super::*;
use crate::plan::load::parse;
use crate::rules::with_made;

const FILES: &[(&str, &str)] = &[
    ("app/__init__.py", ""),
    ("app/old.py", "def f(): pass\ndef g(): pass\n"),
    ("app/pack/__init__.py", "from app.pack.one import x\n"),
    ("app/pack/one.py", "x = 1\n"),
    ("app/stub.py", "s = 1\n"),
    ("app/stub.pyi", "s: int\n"),
    ("lib/a.py", "from app.old import f\nf()\n"),
    ("lib/b.py", "import app.old\napp.old.g()\n"),
    ("lib/lone.py", "x = 1\n"),
    ("star.py", "from app.old import *\n"),
    ("use/one.py", "from app.pack.one import x\n"),
    ("use/pack.py", "from app.pack import x\n"),
    ("use/stub.py", "import app.stub\n"),
    ("backend/core/__init__.py", ""),
    ("backend/core/a.py", "y = 1\n"),
    ("backend/use.py", "import core.a\n"),
];

/// What is told of a plan with these rules and phases: `line:column: message | help`.
fn told(rules: &str, phases: &str) -> Vec<String> {
    let text = format!("version: 1\nname: x\nissue: y\nrules: {{ c: {{ command: c }}, {rules} }}\nphases:\n{phases}");
    let plan = parse("x", text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    let read = |path: &RepoPath| {
        FILES.iter().find(|(name, _)| name.as_bytes() == path.as_bytes()).map(|(_, text)| text.as_bytes().to_vec())
    };
    let paths = FILES.iter().map(|(path, _)| RepoPath::new(*path).unwrap()).collect();
    let found = departed(&plan, &with_made(&plan, paths, read));
    let place = |problem: &Problem| plan.source.line_column(problem.span.unwrap().offset);
    found
        .iter()
        .map(|problem| {
            assert!(problem.is_warning);
            let (line, column) = place(problem);
            format!("{line}:{column}: {} | {}", problem.message, problem.help)
        })
        .collect()
}

/// A plan of entries, each `PHASE ENTRY` in the order of the phases.
fn phases(entries: &[&str]) -> String {
    let mut text = String::new();
    let mut last = "";
    for entry in entries {
        let (phase, entry) = entry.split_once(' ').unwrap();
        if phase != last {
            text.push_str(&format!("  - id: {phase}\n    rules: []\n    files:\n"));
            last = phase;
        }
        text.push_str(&format!("      - {entry}\n"));
    }
    text
}

const RENAMES: &str = "f: { rename: { from: app.old.f, to: app.new.f } }, g: { rename: { from: app.old.g, to: app.new.g } }, all: { rename: { from: app.old, to: app.new } }";
const DELETE: &str = "P1 { path: app/old.py, delete: true }";
const STAR: &str = "P0 { path: star.py, rules: [all] }";

#[test]
fn what_still_imports_a_module_when_it_is_deleted_is_told() {
    let plan = phases(&["P0 { glob: \"lib/*.py\", rules: [f] }", STAR, DELETE]);
    assert_eq!(
        told(RENAMES, &phases(&[DELETE])),
        [
            "9:17: app/old.py is deleted in phase 1 (P1) and lib/a.py, lib/b.py and star.py import it | take the import out of lib/a.py by a rule or an edit before that, or delete it too"
        ]
    );
    // In `import app.old` the rule for one name may be all that there is.
    assert_eq!(told(RENAMES, &plan), [""; 0]);
    for (entries, want) in [
        (&["P0 { path: lib/a.py, rules: [f] }", "P0 { path: lib/b.py, rules: [g] }", STAR, DELETE][..], None),
        (&["P0 { glob: \"**/*.py\", rules: [all] }", DELETE], None),
        (&["P0 { glob: \"**/*.py\", rules: [c] }", DELETE], None),
        // A rule for names does not take a star away.
        (
            &["P0 { glob: \"**/*.py\", rules: [f, g] }", DELETE],
            Some("phase 2 (P1) and star.py imports it | take the import out of star.py by a rule or an edit before that"),
        ),
        // Of `from app.old import f` a rule for g takes nothing.
        (
            &["P0 { glob: \"lib/*.py\", rules: [g] }", STAR, DELETE],
            Some("and lib/a.py imports it | take the import out of lib/a.py"),
        ),
        // What is listed is not the glob's.
        (
            &["P0 { glob: \"**/*.py\", rules: [all] }", "P0 { path: lib/a.py, rules: [g] }", DELETE],
            Some("and lib/a.py imports it |"),
        ),
        (
            &[DELETE, "P2 { glob: \"**/*.py\", rules: [all] }"],
            Some("and lib/a.py, lib/b.py and star.py import it | put this entry behind the one that changes lib/a.py"),
        ),
        (&["P1 { glob: \"**/*.py\", rules: [all] }", DELETE], None),
        (&[DELETE, "P1 { glob: \"**/*.py\", rules: [all] }"], Some("| put this entry behind the one that changes lib/a.py")),
        (
            &[
                "P1 { path: app/old.py, delete: true, group: g }",
                "P1 { paths: [lib/a.py, lib/b.py, star.py], rules: [all], group: g }",
            ],
            None,
        ),
        (&["P0 { paths: [star.py, lib/a.py, lib/b.py], delete: true }", DELETE], None),
        (
            &[
                STAR,
                "P0 { glob: \"lib/b.py\", rules: [g] }",
                "P0 { path: lib/a.py, edits: [{ before: from app.old import f, after: x }] }",
                DELETE,
            ],
            None,
        ),
        (
            &[STAR, "P0 { glob: \"lib/*\", rules: [f] }", "P0 { path: lib/new.py, create: \"import app.old\" }", DELETE],
            Some("and lib/new.py imports it |"),
        ),
        // The package takes the place of the module.
        (&["P0 { path: app/old/__init__.py, create: \"\" }", DELETE], None),
        (&["P1 { path: app/old.py, move_to: app/old/__init__.py }"], None),
        (&["P1 { path: app/stub.pyi, delete: true }"], None),
        (&["P1 { path: app/stub.py, delete: true }"], Some("and use/stub.py imports it |")),
        (
            &["P1 { path: lib/lone.py, delete: true }", "P1 { path: gone.py, delete: true }", "P1 { path: x.txt, delete: true }"],
            None,
        ),
        // A package's own file is not what is imported of its modules.
        (&["P1 { path: app/pack/__init__.py, delete: true }"], Some("and use/pack.py imports it |")),
        (&["P1 { path: app/pack/one.py, delete: true }"], Some("and app/pack/__init__.py and use/one.py import it |")),
    ] {
        let told = told(RENAMES, &phases(entries));
        match want {
            None => assert_eq!(told, [""; 0], "{entries:?}"),
            Some(want) => assert!(told.len() == 1 && told[0].contains(want), "{entries:?}\n{told:?}"),
        }
    }
}

#[test]
fn a_moved_module_is_told_with_the_rename_that_its_importers_need() {
    const MOVE: &str = "P1 { path: app/old.py, move_to: app/new/core.py }";
    assert_eq!(
        told(RENAMES, &phases(&[MOVE])),
        [
            "9:17: app/old.py is moved to app/new/core.py in phase 1 (P1) and lib/a.py, lib/b.py and star.py import it as app.old | add the rule `rename: { from: app.old, to: app.new.core }`, and list lib/a.py in an entry with it"
        ]
    );
    let rename = |from: &str, to: &str| format!("r: {{ rename: {{ from: {from}, to: {to} }} }}");
    let all = &["P0 { glob: \"**/*.py\", rules: [r] }", MOVE][..];
    for (rule, entries, want) in [
        (rename("app.old", "app.new.core"), all, None),
        (rename("app.old", "app.new.core"), &[MOVE, "P2 { glob: \"**/*.py\", rules: [r] }"], None),
        (rename("app.old", "app.new.cor"), all, Some("| add the rule `rename: { from: app.old, to: app.new.core }`")),
        (rename("app", "other"), all, Some("| add the rule")),
        (
            rename("app.old", "app.new.core"),
            &["P0 { glob: \"lib/a.py\", rules: [r] }", MOVE],
            Some("and lib/b.py and star.py import it as app.old | list lib/b.py in an entry with the rule r"),
        ),
        // Names go one by one.
        (rename("app.old.f", "app.new.core.f"), all, Some("and star.py imports it as app.old")),
        (
            rename("core.a", "core.b"),
            &["P1 { path: backend/core/a.py, move_to: backend/core/deep/b.py }"],
            Some("and backend/use.py imports it as core.a | add the rule `rename: { from: core.a, to: core.deep.b }`"),
        ),
        (
            rename("core.a", "core.b"),
            &["P1 { path: app/old.py, move_to: app/old-2.py }"],
            Some("in phase 1 (P1), where Python finds no module, and lib/a.py, lib/b.py and star.py import it | give `move_to`"),
        ),
        (rename("core.a", "core.b"), &["P1 { path: lib/lone.py, move_to: lib/more/lone.py }"], None),
        // The importer moves too, and imports what it did.
        (
            rename("core.a", "core.b"),
            &["P1 { path: app/stub.py, move_to: app/s.py }", "P1 { path: use/stub.py, move_to: use/s.py }"],
            Some("and use/stub.py imports it as app.stub |"),
        ),
    ] {
        let told = told(&rule, &phases(entries));
        match want {
            None => assert_eq!(told, [""; 0], "{rule} {entries:?}"),
            Some(want) => assert!(told.len() == 1 && told[0].contains(want), "{rule} {entries:?}\n{told:?}"),
        }
    }
}

#[test]
fn at_most_three_importers_are_named() {
    let paths: Vec<RepoPath> = ["a", "b", "c", "d", "e"].map(|path| RepoPath::new(path).unwrap()).to_vec();
    let said = |count: usize| {
        let (files, verb) = listed(&paths[..count].iter().collect::<Vec<_>>());
        format!("{files} {verb}")
    };
    assert_eq!([said(1), said(2), said(3)], ["a imports", "a and b import", "a, b and c import"]);
    assert_eq!([said(4), said(5)], ["a, b, c and 1 more import", "a, b, c and 2 more import"]);
}
