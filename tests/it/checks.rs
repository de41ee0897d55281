use crate::kit::{OLD, make_executable, one, repo, untouched};

/// Plans whose one file is judged by this command, as YAML.
fn judged(command: &str) -> crate::support::Repo {
    let repo = one(&format!(", validate: [{command}]"));
    repo.write("scripts/check.sh", "#!/bin/sh\n");
    repo.write("scripts/plain.sh", "exit 1\n");
    repo.write("scripts/check.py", "");
    repo.write(".gitignore", "build/\n");
    repo.commit_all("scripts");
    make_executable(&repo, "scripts/check.sh");
    repo.commit_all("executable");
    repo
}

#[test]
fn a_command_whose_program_or_script_is_not_there_is_told_by_check_with_its_place() {
    for (command, said) in [
        ("\"no-such-program {file}\"", "the command's program `no-such-program` is not there, or not executable"),
        ("[no-such-program, \"{file}\"]", "the command's program `no-such-program`"),
        ("\"scripts/chek.sh {file}\"", "the command's program `scripts/chek.sh`"),
        ("scripts/plain.sh", "the command's program `scripts/plain.sh` is not there, or not executable"),
        ("\"python3 scripts/chek.py {file}\"", "the command's script `scripts/chek.py` is not there"),
        ("[python3, scripts/chek.py]", "the command's script `scripts/chek.py`"),
        ("\"sh scripts/chek.sh && true\"", "the command's script `scripts/chek.sh`"),
        ("{ run: no-such-program, timeout: 1s }", "the command's program `no-such-program`"),
    ] {
        untouched(&judged(command), 1, &["check"])
            .says(said)
            .says("plans/p.yaml:8:38]")
            .says("help: correct the ")
            .prints("1 to change, 0 done or with nothing to do, 0 that cannot be changed; 1 other problem");
    }
}

#[test]
fn a_command_that_may_be_there_is_not_doubted() {
    for command in [
        "\"true\"",
        "\"scripts/check.sh {file}\"",
        "\"python3 scripts/check.py\"",
        "\"python3 -m no_such_module {file}\"",
        "\"cd scripts && python3 check.py\"",
        "\"PATH=/x no-such-program\"",
        "\"no-such-program || true\"",
        "\"no-such-program; true\"",
        "\"if no-such-program; then false; fi\"",
        "\"$PYTHON scripts/chek.py\"",
        "\"python3 build/made.py\"",
        "\"build/made {file}\"",
        "\"{file}\"",
        "\"python3 {file}\"",
    ] {
        untouched(&judged(command), 0, &["check"]).prints("1 to change");
    }
}

#[test]
fn a_command_of_a_whole_phase_is_told_once() {
    let repo = repo(
        &[("a.py", OLD), ("b.py", OLD)],
        "  - id: P0\n    validate: [no-such-program]\n    gate: { run: [\"no-such-gate\"] }\n    files: [a.py, b.py]\n",
    );
    let ran = untouched(&repo, 1, &["check"]).says("no-such-gate").prints("; 2 other problems");
    assert_eq!(ran.stderr.matches("`no-such-program`").count(), 1, "{}", ran.stderr);
}

/// Two entries, of which the second is a glob; they say how many violations their files have.
fn counted(first: usize, second: usize) -> crate::support::Repo {
    repo(
        &[("a.py", OLD), ("lib/b.py", OLD), ("lib/c.py", "from old import f\nf(f(1))\n"), ("other.py", OLD)],
        &format!(
            "  - id: P0\n    files: [{{ path: a.py, violations: {first} }}]\n  - id: P1\n    files: [{{ glob: \"lib/*\", violations: {second} }}]\n"
        ),
    )
}

#[test]
fn an_entry_whose_files_have_another_number_of_violations_than_it_says_is_told_by_check() {
    untouched(&counted(2, 5), 0, &["check"]);
    let said = "the entry says that its files have 4 violations before they are migrated, but they have 5";
    untouched(&counted(2, 4), 1, &["check"]).says(said).says("plans/p.yaml:10:42]").prints("; 1 other problem");
    untouched(&counted(2, 6), 1, &["check"]).says("have 6 violations before they are migrated, but they have 5");
    untouched(&counted(0, 9), 1, &["check"]).prints("; 2 other problems");
    untouched(&counted(2, 9), 0, &["check", "--phase", "P0"]);
    untouched(&counted(2, 9), 1, &["check", "--phase", "P1"]);
}

#[test]
fn a_migration_that_is_half_done_has_as_many_violations_as_before() {
    let repo = counted(2, 5);
    for file in ["a.py", "lib/b.py", "lib/c.py"] {
        repo.migrate(&["run", "--file", file]).succeeds();
        untouched(&repo, 0, &["check"]);
    }
    repo.migrate(&["rollback", "lib/c.py"]).succeeds();
    let checked = untouched(&repo, 1, &["check"]).prints("1 rolled-back\n");
    assert!(!checked.stderr.contains("violations"), "{}", checked.stderr);
    repo.write("a.py", OLD);
    repo.write("lib/d.py", OLD);
    repo.commit_all("the old text is back, and a new file uses the old name");
    untouched(&repo, 1, &["check"])
        .says("have 5 violations before they are migrated, but they have 7")
        .prints("; 1 other problem");
}

#[test]
fn what_an_entry_says_of_its_violations_changes_no_digest() {
    let plan = |more: &str| {
        let text = crate::support::plan(&format!("  - id: P0\n    files: [{{ path: a.py{more} }}]\n"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.yaml"), text).unwrap();
        migrate::plan::digest::digest(&migrate::plan::load::load(&folder.path().join("p.yaml")).unwrap())
    };
    assert_eq!(plan(""), plan(", violations: 3"));
}

#[test]
fn a_file_that_is_deleted_while_another_imports_it_is_told_by_check() {
    let files = [("old.py", "def f(): pass\n"), ("new.py", "def g(): pass\n"), ("a.py", OLD), ("b.txt", "from old import f\n")];
    let (delete, change) = ("    files:\n      - path: old.py\n        delete: true\n", "    files: [a.py]\n");
    let sound = repo(&files, &format!("  - id: P0\n{change}  - id: P1\n{delete}"));
    let checked = sound.migrate(&["check"]);
    assert!(!checked.stderr.contains("is deleted"), "{}", checked.stderr);
    let early = repo(&files, &format!("  - id: P0\n{delete}  - id: P1\n{change}"));
    early
        .migrate(&["check"])
        .says("old.py is deleted in phase 1 (P0) and a.py imports it")
        .says("plans/p.yaml:9:15]")
        .says("help: put this entry behind the one that changes a.py");
    early.write("more.py", "import old\n");
    early.commit_all("another file imports it");
    early
        .migrate(&["check"])
        .says("old.py is deleted in phase 1 (P0) and a.py and more.py import it")
        .says("help: take the import out of more.py by a rule or an edit before that, or delete it too");
    for command in [&["scan"][..], &["status"], &["diff"]] {
        let ran = early.migrate(command);
        assert!(!ran.stderr.contains("is deleted in"), "{command:?}\n{}", ran.stderr);
    }
}

/// A module that goes into a package, and what imports it.
fn moved(rules: &str, rest: &str) -> crate::support::Repo {
    let repo = repo(
        &[
            ("app/__init__.py", ""),
            ("app/b/__init__.py", ""),
            ("app/a.py", "def f(): pass\n"),
            ("use.py", "import app.a\napp.a.f()\n"),
        ],
        "  - id: P0\n    files: [use.py]\n",
    );
    crate::kit::replan(
        &repo,
        &format!(
            "version: 1\nname: test\nissue: \"#1\"\n{rules}phases:\n  - id: P0\n    files:\n      - path: app/a.py\n        move_to: app/b/a.py\n{rest}"
        ),
    );
    repo
}

#[test]
fn a_module_that_is_moved_without_a_rename_is_told_by_check_with_the_rename() {
    moved("", "")
        .migrate(&["check"])
        .says("app/a.py is moved to app/b/a.py in phase 1 (P0) and use.py imports it as app.a")
        .says("plans/p.yaml:7:15]")
        .says("help: add the rule `rename: { from: app.a, to: app.b.a }`, and list use.py");
}

#[test]
fn a_rename_may_lead_to_a_module_that_the_plan_moves_there() {
    let rules = |to: &str| format!("rules:\n  moved: {{ rename: {{ from: app.a, to: {to} }} }}\n");
    let checked = moved(&rules("app.b.a"), "      - use.py\n").migrate(&["check"]);
    for said in ["is moved to", "has no", "warning", "where the module ends"] {
        assert!(!checked.stderr.contains(said), "{}", checked.stderr);
    }
    moved(&rules("app.b.c"), "      - use.py\n")
        .migrate(&["check"])
        .says("the rule moved leads to app.b.c, and app.b has no c")
        .says("use.py imports it as app.a");
}
