use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::fs;
use crate::repo::commit::TreeChange;
use crate::repo::index::EntryStat;
use crate::repo::stage::Restage;

/// A repository of two commits, asked once so that it is watched, and a second opinion that always compares everything.
struct Scene {
    top: tempfile::TempDir,
    repo: Repo,
    others: Others,
    plain: Others,
}

const SETUP: &str = "git init -q && mkdir -p p/q && echo a > a.py && echo b > b.py && echo c > p/c.py && echo d > p/q/d.py
    echo r > run.sh && chmod +x run.sh && ln -s a.py link && echo 'crlf.py text eol=crlf' > .gitattributes && printf 'l\\r\\n' > crlf.py
    git add -A && git commit -qm one && echo late > late.py && git add late.py && git commit -qm two";

impl Scene {
    fn new() -> Self {
        Self::after("true")
    }

    /// The scene with `script` run before anything is taken down.
    fn after(script: &str) -> Self {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir(top.path().join("work")).unwrap();
        sh(&top, SETUP);
        sh(&top, script);
        let repo = Repo::open(&top.path().join("work")).unwrap();
        let (others, plain) = (repo.others().unwrap(), repo.others().unwrap());
        plain.sight.borrow_mut().watching = Watching::Never;
        assert_eq!(repo.changed_others(&others, &[]).unwrap(), []);
        Self { top, repo, others, plain }
    }

    fn sh(&self, script: &str) {
        sh(&self.top, script);
    }

    /// What changed apart from `own`, and whether everything was compared to know. Both ways must agree.
    #[track_caller]
    fn ask(&self, own: &str) -> (Vec<String>, Way) {
        let own = [path(own)];
        let sure = self.repo.surely_unchanged(&self.others.before, &mut self.others.sight.borrow_mut(), &own).unwrap();
        let changed = if sure { Vec::new() } else { self.repo.changed_others(&self.others, &own).unwrap() };
        assert_eq!(changed, self.repo.changed_others(&self.plain, &own).unwrap(), "sure: {sure}");
        (changed.iter().map(ToString::to_string).collect(), if sure { Way::Watch } else { Way::Compare })
    }

    #[track_caller]
    fn says(&self, own: &str, changed: &[&str], way: Way) {
        let (names, by) = self.ask(own);
        assert_eq!(names, changed);
        assert_eq!(by, way);
    }

    /// Commits `text` as the content of `name`, as the write protocol does.
    fn commit(&self, name: &str, text: &str) {
        let (repo, file) = (&self.repo, path(name));
        let tip = repo.tip().unwrap();
        let (mode, before) = repo.file_in(tip.commit, &file).unwrap().unwrap();
        let old = repo.blob(before).unwrap();
        let found = fs::replace(repo.top(), &file, &old, text.as_bytes(), &fs::aside_name().unwrap()).unwrap();
        let after = repo.clean(&file, text.as_bytes(), false, Write::Yes).unwrap();
        let new_tree = repo.tree_with(tip.commit, &[TreeChange::put(&file, mode, after)]).unwrap();
        let identity = repo.identity().unwrap();
        let commit = repo.commit_object(tip.commit, new_tree, "unit\n", &identity).unwrap();
        let old_trees = repo.trees_towards(repo.tree_of(tip.commit).unwrap(), &file).unwrap();
        let new_trees = repo.trees_towards(new_tree, &file).unwrap();
        let stat = EntryStat::new(&found.stat);
        std::fs::create_dir_all(repo.state_folder()).unwrap();
        let (before, after) = (Some((mode, before)), Some((mode, after)));
        let entries = [Restage { path: file, before, after, stat, old_trees, new_trees }];
        repo.restage(&tip, &entries, repo.stage_aside(&entries).unwrap()).unwrap();
        repo.advance(&tip, commit, "unit", &identity.committer).unwrap();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Watch,
    Compare,
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

/// Runs a shell script in the repository, to its end.
#[track_caller]
fn sh(top: &tempfile::TempDir, script: &str) {
    let identity = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"].map(|name| (name, "t"));
    let out = Command::new("sh")
        .args(["-c", script])
        .current_dir(top.path().join("work"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", top.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(identity)
        .output()
        .unwrap();
    assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn what_leaves_tracked_files_alone_is_known_without_a_comparison() {
    for script in [
        "true",
        "cat a.py b.py > /dev/null; git --no-optional-locks status > /dev/null",
        "echo x >> a.py",
        "echo x > new && mv new a.py",
        "rm a.py",
        "mkdir -p p/__pycache__ .cache && echo x | tee p/__pycache__/c.pyc .cache/x p/new.txt",
        "touch b.py p/q/d.py crlf.py run.sh",
        "cp b.py s && mv s b.py && cp p/c.py s && cat s > p/c.py && rm s",
        "cp -p crlf.py s && mv s crlf.py",
        "cp b.py s && echo x >> b.py && mv s b.py",
        "chmod +x b.py && chmod -x b.py",
        "ln -sfn a.py link",
    ] {
        let scene = Scene::new();
        scene.sh(script);
        let (changed, way) = scene.ask("a.py");
        assert_eq!((changed.as_slice(), way), ([].as_slice(), Way::Watch), "{script}");
    }
}

#[test]
fn whatever_changes_another_tracked_file_is_named() {
    for (script, changed) in [
        ("echo x >> b.py", ["b.py"].as_slice()),
        ("echo x >> b.py; echo x >> a.py; echo x >> p/q/d.py", &["b.py", "p/q/d.py"]),
        ("touch -r b.py ref; echo B > b.py; touch -r ref b.py", &["b.py"]),
        ("printf 'other\\r\\n' > crlf.py", &["crlf.py"]),
        ("printf 'l\\n' > crlf.py", &["crlf.py"]),
        ("echo x > new && mv new p/c.py", &["p/c.py"]),
        ("mv p/c.py p/q/d.py", &["p/c.py", "p/q/d.py"]),
        ("rm p/q/d.py", &["p/q/d.py"]),
        ("chmod +x b.py", &["b.py"]),
        ("chmod -x run.sh", &["run.sh"]),
        ("ln -sfn b.py link", &["link"]),
        ("rm b.py && ln -s a.py b.py", &["b.py"]),
        ("rm link && cp a.py link", &["link"]),
        ("rm b.py && mkdir b.py", &["b.py"]),
        ("rm b.py && mkfifo b.py", &["b.py"]),
        ("rm -rf p", &["p/c.py", "p/q/d.py"]),
        ("rm -rf p && mkdir -p p/q && echo c > p/c.py && echo x > p/q/d.py", &["p/q/d.py"]),
        ("mv p s && ln -s s p", &["p/c.py", "p/q/d.py"]),
        ("mv p/q s && mkdir p/q", &["p/q/d.py"]),
        ("rm -rf p && echo x > p", &["p/c.py", "p/q/d.py"]),
        ("echo x >> b.py && git add b.py", &["b.py"]),
        ("echo x > n.py && git add n.py", &["n.py"]),
        ("git update-index --cacheinfo 100644,$(git rev-parse HEAD:a.py),b.py", &["b.py"]),
        ("git rm -q --cached b.py", &["b.py"]),
        ("git reset -q --soft HEAD~1", &["late.py"]),
        (
            "python3 -c 'import mmap\nf = open(\"b.py\", \"r+b\"); m = mmap.mmap(f.fileno(), 0); f.close(); m[0:1] = b\"X\"'",
            &["b.py"],
        ),
    ] {
        let scene = Scene::new();
        scene.sh(script);
        assert_eq!(scene.ask("a.py").0, changed, "{script}");
        assert_eq!(scene.ask("a.py").0, changed, "asked again: {script}");
    }
}

#[test]
fn what_cannot_be_vouched_for_is_compared() {
    for script in [
        "cp -a p s && rm -rf p && mv s p",
        "mv p s && mv s p",
        "chmod 700 p/q",
        "mkdir s && mv p/q s && mv s/q p",
        "echo x >> b.py && git commit -qam x",
        "git switch -qc elsewhere",
        "git update-index --force-write-index",
    ] {
        let scene = Scene::new();
        scene.sh(script);
        let (changed, way) = scene.ask("a.py");
        assert_eq!((changed.as_slice(), way), ([].as_slice(), Way::Compare), "{script}");
        assert_eq!(scene.ask("a.py").1, Way::Watch, "the watch is set anew: {script}");
        scene.sh("echo x >> p/q/d.py");
        scene.says("a.py", &["p/q/d.py"], Way::Compare);
    }
}

#[test]
fn a_file_that_was_a_units_own_is_not_forgotten() {
    let scene = Scene::new();
    scene.sh("echo x >> a.py");
    scene.says("a.py", &[], Way::Watch);
    scene.says("b.py", &["a.py"], Way::Compare);
    scene.says("a.py", &[], Way::Watch);
    scene.sh("echo a > a.py");
    scene.says("b.py", &[], Way::Watch);
    scene.sh("echo x >> a.py && git add a.py");
    scene.says("a.py", &[], Way::Compare);
    scene.says("b.py", &["a.py"], Way::Compare);
}

#[test]
fn files_that_had_changes_are_compared_with_what_they_held_then() {
    let dirty =
        "echo mine >> b.py; echo mine >> p/c.py; git add p/c.py; chmod +x p/q/d.py; ln -sfn late.py link; git rm -q late.py";
    for (script, changed, way) in [
        ("touch b.py p/c.py p/q/d.py; cp b.py s; mv s b.py; ln -sfn late.py link", [].as_slice(), Way::Watch),
        ("echo x >> b.py", &["b.py"], Way::Compare),
        ("git checkout -q HEAD -- b.py", &["b.py"], Way::Compare),
        ("git add b.py", &["b.py"], Way::Compare),
        ("git reset -q -- p/c.py", &["p/c.py"], Way::Compare),
        ("chmod -x p/q/d.py", &["p/q/d.py"], Way::Compare),
        ("ln -sfn b.py link", &["link"], Way::Compare),
        ("echo back > late.py", &["late.py"], Way::Compare),
    ] {
        let scene = Scene::after(dirty);
        scene.sh(script);
        let (names, by) = scene.ask("a.py");
        assert_eq!(scene.ask("a.py").0, names, "asked again: {script}");
        assert_eq!((names.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), by), (changed, way), "{script}");
    }
}

#[test]
fn this_tools_own_commits_are_nobodys_changes() {
    let scene = Scene::new();
    for round in 0..3 {
        scene.commit("b.py", &format!("b{}\n", "x".repeat(round + 1)));
        scene.commit("p/q/d.py", &format!("d{}\n", "x".repeat(round + 1)));
        scene.says("a.py", &[], Way::Watch);
        scene.sh("touch b.py");
        scene.says("a.py", &[], Way::Watch);
    }
    scene.sh("git commit -q --allow-empty -m theirs");
    scene.commit("a.py", "ax\n");
    scene.says("a.py", &[], Way::Compare);
    scene.sh("echo x >> late.py && git add late.py");
    scene.commit("a.py", "axx\n");
    scene.says("a.py", &["late.py"], Way::Compare);
}

#[test]
fn two_that_ask_in_turn_do_not_lean_on_each_other() {
    let scene = Scene::new();
    let second = scene.repo.others().unwrap();
    scene.sh("echo x >> b.py && git add b.py && git checkout -q HEAD~1 -- b.py && git update-index --cacheinfo 100644,$(git rev-parse HEAD:a.py),late.py");
    assert_eq!(scene.repo.changed_others(&second, &[]).unwrap(), [path("late.py")]);
    scene.says("a.py", &["late.py"], Way::Compare);
}

#[test]
fn submodules_and_split_indexes_are_compared_every_time() {
    for script in [
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub && git commit -qm sub",
        "git update-index --split-index",
        "git config core.ignoreCase true",
    ] {
        let scene = Scene::after(script);
        scene.says("a.py", &[], Way::Compare);
        scene.sh("echo x >> b.py");
        scene.says("a.py", &["b.py"], Way::Compare);
    }
}

#[test]
fn marks_that_hide_a_file_from_git_hide_it_here() {
    let scene = Scene::after("git update-index --assume-unchanged b.py && git update-index --skip-worktree p/c.py && rm p/c.py");
    scene.sh("echo x >> b.py; echo x >> p/c.py");
    scene.says("a.py", &[], Way::Compare);
}

/// One line of a script that does something to the files of a scene, or tries to.
fn deed() -> impl Strategy<Value = String> {
    let file =
        || proptest::sample::select(vec!["a.py", "b.py", "p/c.py", "p/q/d.py", "run.sh", "link", "crlf.py", "late.py", "new"]);
    let folder = || proptest::sample::select(vec!["p", "p/q", "s"]);
    prop_oneof![
        4 => file().prop_map(|file| format!("echo x >> {file}")),
        4 => file().prop_map(|file| format!("touch {file}")),
        4 => file().prop_map(|file| format!("git show HEAD:{file} > {file}")),
        3 => file().prop_map(|file| format!("git checkout -q HEAD -- {file}")),
        2 => file().prop_map(|file| format!("chmod +x {file}")),
        2 => file().prop_map(|file| format!("chmod -x {file}")),
        2 => file().prop_map(|file| format!("rm -f {file}")),
        2 => (file(), file()).prop_map(|(from, to)| format!("mv {from} {to}")),
        2 => (file(), file()).prop_map(|(from, to)| format!("cp {from} {to}")),
        1 => (file(), file()).prop_map(|(from, to)| format!("ln -sfn {from} {to}")),
        2 => (folder(), folder()).prop_map(|(from, to)| format!("mv {from} {to}")),
        1 => folder().prop_map(|folder| format!("rm -rf {folder}")),
        1 => folder().prop_map(|folder| format!("mkdir -p {folder}")),
        1 => file().prop_map(|file| format!("git add -A -- {file}")),
        1 => Just("git commit -qam theirs".to_owned()),
        2 => Just("git reset -q --hard".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_watch_never_misses_what_a_comparison_finds(
        first in proptest::collection::vec(deed(), 0..3),
        rounds in proptest::collection::vec((proptest::collection::vec(deed(), 1..4), any::<bool>()), 1..8),
    ) {
        let tried = |deeds: &[String]| deeds.iter().map(|deed| format!("{deed} || true\n")).collect::<String>();
        let scene = Scene::after(&tried(&first));
        for (deeds, own) in rounds {
            scene.sh(&tried(&deeds));
            scene.ask(if own { "a.py" } else { "b.py" });
        }
    }
}
