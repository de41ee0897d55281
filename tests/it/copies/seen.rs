use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use migrate::command::Outcome;
use migrate::copies::Version;

use super::bench::{Bench, as_everyone, file, files, repo_path, until};
use crate::support::Repo;

#[test]
fn a_command_sees_the_candidate_at_the_trees_own_path_and_its_writes_stay_in_the_copy() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "old\n"), ("sub/b.py", "b\n")]);
        let before = bench.repo.state();
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let copy = copies.copy(&pin, &files(&[("a.py", Some("candidate\n")), ("new/c.py", Some("c\n"))])).unwrap();
        let said =
            bench.says(&copy, "pwd; cat a.py new/c.py; echo more >>a.py; echo x >x; rm sub/b.py; touch ../$(basename $PWD)/y");
        assert_eq!(said, format!("{}\ncandidate\nc\n", bench.top.display()));
        // Whoever starts a command enters its folder before the overlay is there.
        let script = ["sh", "-c", "pwd; cat ../a.py; ls; echo y >z"];
        let finished = bench.run(&copy, &script, &bench.top.join("sub"), Duration::from_secs(60));
        assert_eq!(String::from_utf8_lossy(&finished.tail), format!("{}/sub\ncandidate\nmore\n", bench.top.display()));
        assert_eq!(bench.repo.state(), before);
        assert_eq!(copy.read(&repo_path("a.py")).unwrap(), file("candidate\nmore\n"));
        assert_eq!(copy.read(&repo_path("sub/z")).unwrap(), file("y\n"));
        assert_eq!(copy.read(&repo_path("sub/b.py")).unwrap(), Version::Absent);
    });
}

#[test]
fn absolute_paths_lead_to_the_candidate_as_an_editable_install_does() {
    as_everyone(|| {
        let mut bench = Bench::with(&[("src/acme/__init__.py", "VALUE = 'old'\n"), (".gitignore", "venv\n")]);
        bench.repo.write("venv/editable.pth", bench.top.join("src").to_str().unwrap());
        let Some(copies) = bench.copies() else { return };
        bench.env.push(("SITE".into(), bench.top.join("venv").into()));
        let pin = copies.pin(&files(&[])).unwrap();
        let copy = copies.copy(&pin, &files(&[("src/acme/__init__.py", Some("VALUE = 'new'\n"))])).unwrap();
        let look = "import os, site; site.addsitedir(os.environ['SITE']); import acme; print(acme.VALUE, acme.__file__)";
        let said = bench.says(&copy, &format!("cd /; python3 -c \"{look}\""));
        assert_eq!(said, format!("new {}/src/acme/__init__.py\n", bench.top.display()));
    });
}

#[test]
fn what_lands_outside_while_a_command_runs_is_not_seen_by_it() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "old a\n"), ("b.py", "old b\n"), ("c.py", "old c\n")]);
        let Some(copies) = bench.copies() else { return };
        bench.repo.git(&["branch", "other"]);
        // The user's own edit is not part of what is judged.
        bench.repo.write("c.py", "edited\n");
        let pin = copies.pin(&files(&[("c.py", Some("old c\n"))])).unwrap();
        let in_flight = files(&[("a.py", Some("new a\n")), ("b.py", Some("old b\n")), ("d.py", None)]);
        let copy = copies.copy(&pin, &in_flight).unwrap();
        let script = "git log --format=%s; touch $OUTSIDE/ready; until [ -e $OUTSIDE/go ]; do sleep 0.01; done; \
                      cat a.py b.py c.py; git log --all --format=%s; git branch --list; git status --porcelain; ls; \
                      git fsck --no-dangling --no-progress; git commit -qam mine; git log --format=%s";
        let said = std::thread::scope(|scope| {
            let running = scope.spawn(|| bench.says(&copy, script));
            until(|| bench.outside.path().join("ready").exists());
            bench.repo.write("b.py", "landed b\n");
            bench.repo.write("d.py", "landed d\n");
            bench.repo.git(&["add", "b.py", "d.py"]);
            bench.repo.git(&["commit", "-qm", "landed"]);
            bench.repo.git(&["branch", "-D", "other"]);
            bench.repo.git(&["pack-refs", "--all"]);
            bench.repo.git(&["gc", "-q"]);
            fs::write(bench.outside.path().join("go"), "").unwrap();
            running.join().unwrap()
        });
        let seen = "base\nnew a\nold b\nold c\nbase\n* main\n  other\n M a.py\na.py\nb.py\nc.py\nmine\nbase\n";
        assert_eq!(said, seen);
        assert_eq!(bench.repo.subjects(), ["landed", "base"]);
        assert_eq!(bench.repo.read("c.py"), b"edited\n");
    });
}

#[test]
fn copies_in_use_at_once_do_not_see_each_other() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "old\n"), ("m.py", "X = 0\n")]);
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        std::thread::scope(|scope| {
            for nth in 0..6 {
                let (bench, copies, pin) = (&bench, &copies, &pin);
                scope.spawn(move || {
                    let text = format!("X = {nth}\n");
                    let copy = copies.copy(pin, &files(&[("m.py", Some(&text))])).unwrap();
                    for _ in 0..3 {
                        let script = "echo x >>a.py; git add -A; git commit -qm mine; python3 -c 'import m; print(m.X)'";
                        assert_eq!(bench.says(&copy, script), format!("{nth}\n"));
                    }
                    assert_eq!(copy.read(&repo_path("a.py")).unwrap(), file("old\nx\nx\nx\n"));
                });
            }
        });
        assert_eq!((bench.repo.subjects().len(), bench.repo.read("a.py")), (1, b"old\n".to_vec()));
    });
}

#[test]
fn no_bytecode_of_the_tree_is_taken_for_the_candidates() {
    as_everyone(|| {
        let bench = Bench::with(&[("m.py", "X = 1\n"), ("u.py", "X = 1\n"), ("use.py", "import m, u; print(m.X, u.X)\n")]);
        let compile = "import py_compile as p; p.compile('m.py'); \
                       p.compile('u.py', invalidation_mode=p.PycInvalidationMode.UNCHECKED_HASH)";
        assert!(bench.repo.command("python3").args(["-c", compile]).status().unwrap().success());
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        for value in [2, 3] {
            let text = format!("X = {value}\n");
            let copy = copies.copy(&pin, &files(&[("m.py", Some(&text)), ("u.py", Some(&text))])).unwrap();
            assert_eq!(bench.says(&copy, "python3 use.py"), format!("{value} {value}\n"));
        }
        let text = "X = 4\n";
        let pin = copies.pin(&files(&[("m.py", Some(text)), ("u.py", Some(text))])).unwrap();
        let copy = copies.copy(&pin, &files(&[])).unwrap();
        assert_eq!(bench.says(&copy, "python3 use.py"), "4 4\n");
    });
}

#[test]
fn what_the_candidate_deletes_is_gone_with_the_folder_that_it_leaves_empty() {
    as_everyone(|| {
        let bench = Bench::with(&[("p/a.py", ""), ("p/q/b.py", ""), ("r/c.py", ""), ("r/d.py", ""), ("s", "s"), ("t/x", "x")]);
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let gone =
            [("p/a.py", None), ("p/q/b.py", None), ("r/c.py", None), ("s", None), ("s/in", Some("in")), ("not/there", None)];
        let replaced = [("t", Some("t")), ("t/x", None)];
        let copy = copies.copy(&pin, &files(&[&gone[..], &replaced[..]].concat())).unwrap();
        assert_eq!(bench.says(&copy, "find . -path ./.git -prune -o -print | sort"), ".\n./r\n./r/d.py\n./s\n./s/in\n./t\n");
        assert_eq!(bench.sh(&copy, "python3 -c 'import p'").outcome, Outcome::Failed(1));
        assert_eq!(copy.touched().unwrap().files.len(), 0);
    });
}

#[test]
fn files_and_folders_keep_their_modes_and_links_are_links() {
    as_everyone(|| {
        let bench = Bench::with(&[("tool", "#!/bin/sh\necho old\n"), ("d/a.py", ""), ("plain", "")]);
        for (path, mode) in [("tool", 0o750), ("d", 0o2710), ("plain", 0o640)] {
            fs::set_permissions(bench.top.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let mut candidate = files(&[("d/a.py", Some("a")), ("plain", Some("p"))]);
        let tool = Version::File { bytes: b"#!/bin/sh\necho new\n".to_vec(), executable: true };
        candidate.insert(repo_path("tool"), tool.clone());
        candidate.insert(repo_path("new-tool"), tool);
        candidate.insert(repo_path("link"), Version::Link { target: b"tool".to_vec() });
        let copy = copies.copy(&pin, &candidate).unwrap();
        let stat = "stat -c '%a %u %n' . tool d plain";
        let own = bench.says(&copy, &format!("./tool; ./new-tool; ./link; {stat}; stat -c %F link; id -u"));
        let outside = bench.repo.command("sh").args(["-c", stat]).output().unwrap().stdout;
        let uid = rustix::process::geteuid().as_raw();
        assert_eq!(own, format!("new\nnew\nnew\n{}symbolic link\n{uid}\n", String::from_utf8_lossy(&outside)));
        assert_eq!(copy.read(&repo_path("link")).unwrap(), Version::Link { target: b"tool".to_vec() });
    });
}

#[test]
fn a_commit_in_a_copy_of_a_linked_work_tree_moves_no_branch() {
    as_everyone(|| {
        for place in ["../linked", "inside/linked"] {
            let repo = Repo::with(&[("a.py", "old\n")]);
            repo.git(&["worktree", "add", "-q", "-b", "side", place]);
            let top = repo.top().join(place).canonicalize().unwrap();
            let bench = Bench::of(repo).at(top);
            let before = (bench.repo.state(), bench.git(&["status", "--porcelain=v2", "--branch"]));
            let Some(copies) = bench.copies() else { return };
            let pin = copies.pin(&files(&[])).unwrap();
            let copy = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
            let script = "git status --porcelain; git stash -q; git stash pop -q; git commit -qam mine; git log --format=%s; \
                          git rev-parse --show-toplevel";
            assert_eq!(bench.says(&copy, script), format!(" M a.py\nmine\nbase\n{}\n", bench.top.display()));
            let touched = copy.touched().unwrap();
            assert!(touched.head && touched.refs.contains("refs/heads/side") && touched.moved_git(), "{touched:?}");
            assert_eq!(touched.files.len(), 0, "{touched:?}");
            assert_eq!((bench.repo.state(), bench.git(&["status", "--porcelain=v2", "--branch"])), before);
        }
    });
}

#[test]
fn a_landing_into_a_linked_work_tree_is_not_seen_in_its_copies() {
    as_everyone(|| {
        let repo = Repo::with(&[("a.py", "old\n")]);
        repo.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
        let top = repo.top().join("../linked").canonicalize().unwrap();
        let bench = Bench::of(repo).at(top);
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let copy = copies.copy(&pin, &files(&[("a.py", Some("old\n"))])).unwrap();
        fs::write(bench.top.join("a.py"), "landed\n").unwrap();
        bench.git(&["commit", "-qam", "landed"]);
        assert_eq!(bench.says(&copy, "git log --format=%s; git status --porcelain; cat a.py"), "base\nold\n");
    });
}

#[test]
fn a_renewed_pin_shows_of_git_what_a_new_one_would() {
    as_everyone(|| {
        for is_linked in [false, true] {
            let repo = Repo::with(&[("a.py", "old\n"), ("b.py", "b\n")]);
            repo.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
            let linked = repo.top().join("../linked").canonicalize().unwrap();
            let bench = if is_linked { Bench::of(repo).at(linked) } else { Bench::of(repo) };
            let Some(copies) = bench.copies() else { return };
            // What changed just now is copied each time; what lies longer is taken over.
            std::thread::sleep(Duration::from_millis(2100));
            let mut pin = copies.pin(&files(&[])).unwrap();
            let show = "find $(git rev-parse --git-dir --git-common-dir | sort -u) -name objects -prune -o -type f -print \
                        | sort -u | tee list; xargs cat <list; git for-each-ref; git status --porcelain; git reflog --all";
            for step in [
                "echo 1 >>a.py; git commit -qam one",
                "git branch a",
                "git branch -qd a; git branch a/b",
                "git branch -qD a/b; git branch a; git pack-refs --all",
                "git branch c; git tag t; git config branch.c.description x",
                "git checkout -qb other; echo 2 >>a.py; git commit -qam two",
                "echo 3 >b.py; git stash -q",
                "git branch d; git reset -q --hard HEAD^; echo x >a.py; git commit -qam x; ! git merge -q d >/dev/null 2>&1",
                "git reset -q --hard; git stash drop -q; git reflog expire --expire=now --all; git gc -q --prune=now",
                "true",
            ] {
                bench.outside(step);
                pin = copies.renew(pin, &files(&[])).unwrap();
                let new = copies.pin(&files(&[])).unwrap();
                let [renewed, new] = [&pin, &new].map(|pin| {
                    let copy = copies.copy(pin, &files(&[])).unwrap();
                    let finished = bench.sh(&copy, show);
                    assert_eq!(finished.outcome, Outcome::Passed, "{step}: {}", bench.log());
                    bench.log()
                });
                assert!(renewed.contains("refs/heads/side"), "{renewed}");
                assert_eq!(renewed, new, "{step}");
            }
        }
    });
}

#[test]
fn a_pin_that_is_renewed_while_a_copy_of_it_is_left_leaves_that_copy_as_it_is() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "old\n")]);
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let copy = copies.copy(&pin, &files(&[("a.py", Some("old\n"))])).unwrap();
        bench.outside("echo new >a.py; git commit -qam landed");
        let pin = copies.renew(pin, &files(&[])).unwrap();
        let later = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
        let show = "git log --format=%s; git status --porcelain";
        assert_eq!(bench.says(&copy, show), "base\n");
        assert_eq!(bench.says(&later, show), "landed\nbase\n");
    });
}

#[test]
fn a_tree_may_have_any_path() {
    as_everyone(|| {
        for name in ["a,b", "a:b", "a\\b", "a\nb", "a b,upperdir=x:\\,\nc", "ü"] {
            let bench = Bench::with(&[("a.py", "old\n")]);
            let top = bench.repo.top().join("..").canonicalize().unwrap().join(name);
            bench.repo.git(&["clone", "-q", ".", top.to_str().unwrap()]);
            let bench = bench.at(top);
            let Some(copies) = bench.copies() else { return };
            let pin = copies.pin(&files(&[])).unwrap();
            let copy = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
            let said = bench.says(&copy, "cat a.py; git status --porcelain; pwd");
            assert_eq!(said, format!("new\n M a.py\n{}\n", bench.top.display()));
        }
    });
}

#[test]
fn the_tree_and_the_scratch_may_be_on_disk_or_in_memory() {
    as_everyone(|| {
        for (tree, scratch) in
            [("/var/tmp", "/dev/shm"), ("/dev/shm", "/var/tmp"), ("/var/tmp", "/var/tmp"), ("/dev/shm", "/dev/shm")]
        {
            let repo = Repo::with(&[("a.py", "old\n")]);
            let folder = tempfile::tempdir_in(tree).unwrap();
            let top = folder.path().join("clone");
            repo.git(&["clone", "-q", ".", top.to_str().unwrap()]);
            let mut bench = Bench::of(repo).at(top);
            bench.scratch = tempfile::tempdir_in(scratch).unwrap();
            let Some(copies) = bench.copies() else { return };
            let pin = copies.pin(&files(&[])).unwrap();
            let copy = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
            let said = bench.says(&copy, "cat a.py; git commit -qam mine; git status --porcelain; rm -r .git");
            assert_eq!(said, "new\n", "{tree} {scratch}");
            drop((copy, pin, copies));
            assert_eq!(fs::read_dir(bench.scratch.path()).unwrap().count(), 1, "only the lock stays");
        }
    });
}

#[test]
fn what_was_inherited_open_in_the_tree_does_not_reach_the_command() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "old\n")]);
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let copy = copies.copy(&pin, &files(&[])).unwrap();
        let inner = copy.argv(&["sh", "-c", "[ -e /proc/self/fd/8 ] && echo eight; echo x >&9"].map(Into::into));
        let outer = ["sh", "-c", "exec 9>>a.py 8</dev/null; exec \"$@\"", "sh"].map(Into::into);
        let finished = bench.run_argv(&[outer.to_vec(), inner].concat(), &bench.top, Duration::from_secs(60));
        let said = String::from_utf8_lossy(&finished.tail).into_owned();
        assert!(finished.outcome != Outcome::Passed && said.starts_with("eight\n"), "{said}");
        assert_eq!(bench.repo.read("a.py"), b"old\n");
    });
}
