//! What is brought out of copies, what runs in the work tree all the same, and where one is told so.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::copies::bench::in_copies;
use crate::isolated::isolated;
use crate::kit::{NEW, OLD};
use crate::support::Repo;

/// What git sees that is not committed, untracked files included.
fn seen(repo: &Repo) -> String {
    repo.git(&["status", "--porcelain"])
}

#[test]
fn what_a_command_is_to_keep_is_brought_out_of_its_copy_and_nothing_else_is() {
    in_copies(|| {
        for (list, at) in [
            ("validate: [COMMAND]\n    files: [a.py]\n", "validate"),
            ("verify: [COMMAND]\n    files: [a.py]\n", "verify"),
            ("gate: { run: [COMMAND] }\n    files: [a.py]\n", "gate"),
        ] {
            let run = "mkdir -p out/deep; echo x > out/deep/page; echo x > out/tool; chmod +x out/tool; ln -sf tool out/link; echo x > left; echo x > report.txt";
            let command = format!("{{ run: \"{run}\", keep: [\"out/**\", report.txt] }}");
            let phases = format!("  - id: P0\n    {}", list.replace("COMMAND", &command));
            let repo = isolated(&[("a.py", OLD), ("out/tracked", "one\n"), (".gitignore", "report.txt\n")], &phases);
            repo.write("report.txt", "of the time before\n");
            repo.migrate(&["run"]).succeeds();
            assert_eq!((repo.read("out/deep/page"), repo.read("report.txt")), (b"x\n".to_vec(), b"x\n".to_vec()), "{at}");
            assert_ne!(repo.top().join("out/tool").metadata().unwrap().permissions().mode() & 0o100, 0);
            assert_eq!(std::fs::read_link(repo.top().join("out/link")).unwrap().to_str(), Some("tool"));
            assert_eq!(
                seen(&repo),
                "?? out/deep/\n?? out/link\n?? out/tool",
                "{at}: nothing aside, and nothing that was not asked for"
            );
            assert_eq!(repo.read("a.py"), NEW.as_bytes());
        }
    });
}

#[test]
fn what_git_tracks_is_never_brought_out_and_nothing_is_brought_through_a_link() {
    in_copies(|| {
        let run = "grep -q new {file} || exit 0; echo x > notes.txt; echo x > staged.txt; rm -f way; mkdir -p way room; echo x > way/in; echo x > fine; echo x > closed; chmod 0 closed; rm -rf room; echo x > room";
        let phases = format!(
            "  - id: P0\n    on_failure: quarantine\n    files: [{{ path: a.py, validate: [{{ run: \"{run}\", keep: \"**\" }}] }}]\n"
        );
        let repo = isolated(&[("a.py", OLD), ("notes.txt", "one\n")], &phases);
        repo.write("staged.txt", "mine\n");
        repo.git(&["add", "staged.txt"]);
        let elsewhere = repo.home().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, repo.top().join("way")).unwrap();
        repo.write("room/full", "mine\n");
        let ran = repo.migrate(&["run"]).exits(1).says("changed tracked files: notes.txt");
        // The rest of what it left is there to be looked at, whatever it is worth.
        assert_eq!(repo.read("fine"), b"x\n");
        assert_eq!((repo.read("notes.txt"), repo.read("staged.txt")), (b"one\n".to_vec(), b"mine\n".to_vec()));
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
        assert_eq!((repo.read("a.py"), repo.read("room/full")), (OLD.into(), b"mine\n".to_vec()));
        // Root reads what is closed.
        let is_root = rustix::process::geteuid().is_root();
        assert_eq!(ran.stderr.contains("warning: closed is not kept: "), !is_root, "{}", ran.stderr);
        let ran = ran.says("warning: way/in is not kept: way/in is a symbolic link, or lies behind one");
        ran.says("warning: room is not kept: cannot put in its place room: ").says("help: ");
    });
}

#[test]
fn in_place_what_is_to_be_kept_is_there_anyway() {
    let phases =
        "  - id: P0\n    validate: [{ run: \"mkdir -p out; echo x > out/page\", keep: \"out/**\" }]\n    files: [a.py]\n";
    let repo = crate::kit::repo(&[("a.py", OLD)], phases);
    repo.migrate(&["run"]).succeeds();
    assert_eq!(repo.read("out/page"), b"x\n");
    assert_eq!(seen(&repo), "?? out/");
}

#[test]
fn a_list_with_a_command_for_the_tree_runs_there_and_the_others_run_in_copies() {
    in_copies(|| {
        let see = |name: &str| format!("cat a.py b.py > $HOME/{name}; touch left-{name}");
        let phases = format!(
            "  - id: P0\n    validate: [\"{}\", {{ run: \"{}\", at: tree }}]\n    verify: [\"{}\"]\n    gate: {{ run: [{{ run: \"{}\", at: tree }}] }}\n    files: [a.py, {{ path: b.py, validate: {{ replace: true, run: [\"{}\"] }} }}]\n",
            see("beside"),
            see("tree"),
            see("verify"),
            see("gate"),
            see("copy"),
        );
        let repo = isolated(&[("a.py", OLD), ("b.py", OLD)], &phases);
        let ran = repo.migrate(&["run"]).succeeds().says("; commands run in copies of the work tree\n");
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        let saw = |name: &str| std::fs::read_to_string(repo.home().join(name)).unwrap();
        assert_eq!((saw("beside"), saw("tree")), (format!("{NEW}{OLD}"), format!("{NEW}{OLD}")));
        assert_eq!(
            (saw("copy"), saw("verify"), saw("gate")),
            (format!("{NEW}{NEW}"), format!("{NEW}{NEW}"), format!("{NEW}{NEW}"))
        );
        assert_eq!(seen(&repo), "?? left-beside\n?? left-gate\n?? left-tree");
    });
}

#[test]
fn a_unit_that_fails_in_the_tree_is_put_back_and_what_the_user_changed_is_not_judged_with_it() {
    in_copies(|| {
        let phases = "  - id: P0\n    on_failure: quarantine\n    validate: [{ run: \"cp a.py $HOME/saw; ! grep -q new {file}\", at: tree }]\n    files: [a.py]\n";
        let repo = isolated(&[("a.py", OLD), ("notes.txt", "one\n")], phases);
        repo.write("notes.txt", "mine\n");
        repo.migrate(&["run"]).exits(3).says("notes.txt");
        repo.git(&["checkout", "-q", "notes.txt"]);
        repo.migrate(&["run"]).exits(1);
        assert_eq!(std::fs::read_to_string(repo.home().join("saw")).unwrap(), OLD, "on the tip, after it failed");
        assert_eq!((repo.read("a.py"), seen(&repo)), (OLD.into(), String::new()));

        let phases = "  - id: P0\n    verify: [{ run: \"echo x >> notes.txt\", at: tree }]\n    files: [a.py]\n";
        let repo = isolated(&[("a.py", OLD), ("notes.txt", "one\n")], phases);
        repo.migrate(&["run"]).exits(4).says("changed tracked files: notes.txt");
    });
}

#[test]
fn check_says_in_one_line_where_commands_would_run() {
    in_copies(|| {
        let phases = |list: &str| format!("  - id: P0\n    {list}\n    files: [a.py]\n");
        let said = |list: &str, args: &[&str]| {
            let repo = isolated(&[("a.py", OLD)], &phases(list));
            let before = repo.state();
            let ran = repo.migrate(&[&["check"], args].concat()).succeeds();
            assert_eq!(repo.state(), before);
            let lines: Vec<String> = ran.stderr.lines().filter(|line| line.contains("commands run")).map(str::to_owned).collect();
            assert!(lines.len() < 2, "{lines:?}");
            lines.into_iter().next()
        };
        let of = |line: &str| Some(line.to_owned());
        assert_eq!(said("rules: [f]", &[]), None);
        assert_eq!(said("rules: [f]", &["--in-place"]), None);
        for list in ["validate: [\"true\"]", "verify: [\"true\"]", "gate: { run: [\"true\"] }"] {
            assert_eq!(said(list, &[]), of("commands run in copies of the work tree"), "{list}");
        }
        assert_eq!(said("verify: [\"true\"]", &["--in-place"]), of("commands run in the work tree itself, as was asked for"));
        assert_eq!(
            said("verify: [{ run: \"true\", at: tree }]", &[]),
            of("commands run in copies of the work tree, lists with `at: tree` in the work tree itself")
        );
        let line = said("verify: [\"true\"]", &["--scratch", "inside"]).unwrap();
        let (why, help) = line.split_once("; help: ").unwrap();
        assert!(
            why.starts_with("commands run in the work tree itself, one at a time, since no copies of it can be made: "),
            "{line}"
        );
        assert!(why.ends_with("/inside is inside the repository") && help.starts_with("name a scratch folder"), "{line}");
    });
}

#[test]
fn the_first_event_says_whether_commands_run_in_copies() {
    in_copies(|| {
        for (in_place, said) in [("0", "\"in_copies\":true"), ("1", "\"in_copies\":false")] {
            let repo = isolated(&[("a.py", OLD)], "  - id: P0\n    validate: [\"true\"]\n    files: [a.py]\n");
            let ran = repo.env("MIGRATE_IN_PLACE", in_place).migrate(&["run", "--json"]).succeeds();
            assert!(ran.stdout.lines().next().unwrap().contains(said), "{}", ran.stdout);
        }
    });
}
